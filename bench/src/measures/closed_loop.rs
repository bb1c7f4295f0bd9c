//! A hub under a closed loop, run after run.

use std::sync::Arc;

use super::{Bench, WARM_UP};
use crate::generator::{Load, saturate};
use crate::hub::Hub;
use crate::statistics::Sample;

/// One value of each for each run.
#[derive(Default)]
pub struct Reached {
    /// Answers in a second.
    pub per_second: Vec<f64>,
    /// CPU time of the hub for one answer, in milliseconds.
    pub cpu_ms: Vec<f64>,
    /// How long the slowest but 1 % of requests took, in milliseconds.
    pub p99_ms: Vec<f64>,
}

/// Lets `connections` connections send `load` as fast as the answers come.
pub async fn run(
    bench: &Bench,
    hub: &Hub,
    connections: usize,
    load: &Arc<impl Load>,
) -> anyhow::Result<Reached> {
    let mut reached = Reached::default();
    for _ in 0..bench.runs {
        let mut running = saturate(hub.address, connections, load);
        running.run_for(WARM_UP).await?;
        let (before, cpu_before) = (running.answered(), hub.cpu_time()?);
        running.run_for(bench.duration).await?;
        let answered = (running.answered() - before) as f64;
        let cpu = hub.cpu_time()? - cpu_before;
        reached.p99_ms.push(Sample::new(running.stop().await?).percentile_ms(0.99));
        reached.per_second.push(answered / bench.duration.as_secs_f64());
        reached.cpu_ms.push(cpu.as_secs_f64() * 1_000.0 / answered);
    }
    Ok(reached)
}
