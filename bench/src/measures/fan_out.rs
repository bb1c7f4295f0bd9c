//! One change goes to ten endpoints.

use super::Bench;
use super::end_to_end::Way;
use crate::api::Api;
use crate::receiver::Receiver;
use crate::report::{Goal, Unit};

const ENDPOINTS: usize = 10;

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    let receiver = Receiver::start()?;
    let api = Api(hub.address);
    api.connect().await?;
    let source = api.create_source(true).await?;
    for number in 0..ENDPOINTS {
        api.create_endpoint(receiver.address, number, "changes", "standard").await?;
    }
    let path = Way {
        place: &place,
        hub: &hub,
        receiver: &receiver,
        source: &source,
        endpoints: ENDPOINTS,
        emails: u64::MAX,
    };

    let (mut per_second, mut cpu_ms, mut database) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let run = path.saturate(bench, "fan-out 10").await?;
        per_second.push(run.per_second);
        cpu_ms.push(run.cpu_ms);
        database.extend(run.database_cpu_ms);
    }
    let memory = vec![hub.memory()?.max as f64 / 1e6];
    let report = &mut bench.report;
    let goal = Goal { of_bare: Some(0.37), ..Goal::at_least(40_000.0) };
    report.add("fan-out 10, deliveries", Unit::PerSecond, goal, per_second);
    report.add("fan-out 10, CPU of the hub per delivery", Unit::Milliseconds, Goal::NONE, cpu_ms);
    report.add_if_any("fan-out 10, CPU of the database per delivery", database);
    report.add("fan-out 10, most memory", Unit::Megabytes, Goal::at_most(150.0), memory);
    Ok(())
}
