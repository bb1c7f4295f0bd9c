//! Start, rest and stop of a hub that has nothing to do, and its size on disk.

use std::time::Duration;

use super::Bench;
use crate::api::Api;
use crate::report::{Goal, Unit};

/// Time in which whatever starts late has started.
const REST: Duration = Duration::from_secs(2);

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let milliseconds = |it: Duration| it.as_secs_f64() * 1_000.0;
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    let (mut memory, mut stop) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let place = bench.place().await?;
        let hub = bench.start_hub(&place)?;
        fresh.push(milliseconds(hub.started_in));
        Api(hub.address).connect().await?;
        hub.stop()?;
        let hub = bench.start_hub(&place)?;
        again.push(milliseconds(hub.started_in));
        tokio::time::sleep(REST).await;
        memory.push(hub.memory()?.now as f64 / 1e6);
        stop.push(milliseconds(hub.stop()?));
    }
    let binary = std::fs::metadata(&bench.binary)?.len() as f64 / 1e6;
    let report = &mut bench.report;
    let goal = Goal::at_most(100.0);
    report.add("start to healthy, empty folder", Unit::Milliseconds, goal, fresh);
    report.add("start to healthy, existing data", Unit::Milliseconds, goal, again);
    report.add("memory when idle", Unit::Megabytes, Goal::at_most(40.0), memory);
    report.add("binary", Unit::Megabytes, Goal::at_most(60.0), vec![binary]);
    report.add("stop when idle", Unit::Milliseconds, Goal::at_most(1_000.0), stop);
    Ok(())
}
