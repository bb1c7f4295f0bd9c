//! What a change costs while more and more subscriptions wait for others.
//!
//! Every change matches exactly one subscription, whichever their number. The
//! cost is CPU time of the hub on the whole way from webhook to delivery.

use super::Bench;
use super::end_to_end::Way;
use crate::api::Api;
use crate::prepare::Prepare;
use crate::receiver::Receiver;
use crate::report::{Goal, Unit, with_thousands};
use crate::statistics::median;

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let receiver = Receiver::start()?;
    let mut hub = bench.start_hub(&place)?;
    let api = Api(hub.address);
    api.connect().await?;
    let source = api.create_source(true).await?;
    api.create_endpoint(receiver.address, 0, "subscriptions", "universal").await?;

    let mut subscribed = 0;
    let mut first_cpu_ms = None;
    for count in [10, 10_000, bench.many] {
        hub.stop()?;
        Prepare::open(&place).await?.subscribe(subscribed..count).await?;
        subscribed = count;
        hub = bench.start_hub(&place)?;
        let path = Way {
            place: &place,
            hub: &hub,
            receiver: &receiver,
            source: &source,
            endpoints: 1,
            emails: count,
        };
        let shown = with_thousands(count as f64);
        let (mut per_second, mut cpu_ms) = (Vec::new(), Vec::new());
        for _ in 0..bench.runs {
            let run = path.saturate(bench, &format!("{shown} subscriptions")).await?;
            per_second.push(run.per_second);
            cpu_ms.push(run.cpu_ms);
        }
        let name = format!("{shown} subscriptions, one matches");
        let report = &mut bench.report;
        report.add(format!("{name}, delivered"), Unit::PerSecond, Goal::NONE, per_second);
        let median_ms = median(cpu_ms.clone());
        let what = format!("{name}, CPU of the hub per change");
        report.add(what, Unit::Milliseconds, Goal::NONE, cpu_ms);
        match first_cpu_ms {
            None => first_cpu_ms = Some(median_ms),
            Some(first) => {
                let what = format!("{name}, CPU against that with 10");
                report.add(what, Unit::Times, Goal::at_most(1.5), vec![median_ms / first]);
            }
        }
    }
    Ok(())
}
