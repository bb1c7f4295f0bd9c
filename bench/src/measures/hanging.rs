//! What endpoints that never answer do to those that do.
//!
//! Both halves of the comparison run on one hub with the same endpoints, at the
//! same rate: in the second, half of the endpoints hang.

use super::Bench;
use super::end_to_end::Way;
use crate::api::Api;
use crate::receiver::Receiver;
use crate::report::{Goal, Unit};
use crate::statistics::median;

const ENDPOINTS: usize = 8;
const HEALTHY: usize = ENDPOINTS / 2;
/// Changes, each for all endpoints.
const PER_SECOND: f64 = 500.0;

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        // A hub of its own for each run: nothing may be left that hangs.
        let place = bench.place().await?;
        let hub = bench.start_hub(&place)?;
        let receiver = Receiver::start()?;
        let api = Api(hub.address);
        api.connect().await?;
        let source = api.create_source(true).await?;
        for number in 0..ENDPOINTS {
            api.create_endpoint(receiver.address, number, "changes", "standard").await?;
        }
        let mut path = Way {
            place: &place,
            hub: &hub,
            receiver: &receiver,
            source: &source,
            endpoints: ENDPOINTS,
            emails: u64::MAX,
        };
        let sample = path.pace(bench, PER_SECOND, "8 healthy endpoints", HEALTHY).await?;
        alone.push(sample.percentile_ms(0.99));
        receiver.hang_from(Some(HEALTHY));
        path.endpoints = HEALTHY;
        let sample = path.pace(bench, PER_SECOND, "4 healthy of 8 endpoints", HEALTHY).await?;
        beside.push(sample.percentile_ms(0.99));
    }
    let ratio = median(beside.clone()) / median(alone.clone());
    let report = &mut bench.report;
    let what = "p99 at 4 endpoints, none of 8 hangs";
    report.add(what, Unit::Milliseconds, Goal::NONE, alone);
    let what = "p99 at 4 endpoints, the other 4 hang";
    report.add(what, Unit::Milliseconds, Goal::NONE, beside);
    let what = "p99 of healthy endpoints, half hang against none";
    report.add(what, Unit::Times, Goal::at_most(1.1), vec![ratio]);
    Ok(())
}
