//! How fast webhooks become durable, when storing them is all there is to do.

use std::sync::Arc;

use super::lead_posts::LeadPosts;
use super::{Bench, CONNECTIONS, WARM_UP};
use crate::api::Api;
use crate::generator::saturate;
use crate::prepare::Prepare;
use crate::report::{Goal, Unit};
use crate::statistics::Sample;

/// More than any machine posts in a second.
const PER_SECOND_MAX: usize = 100_000;

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    let api = Api(hub.address);
    api.connect().await?;
    let path = api.create_source(false).await?;

    let (mut per_second, mut p99, mut cpu_ms) = (Vec::new(), Vec::new(), Vec::new());
    let mut database = Vec::new();
    let (mut ledgers, seconds) = (Vec::new(), (WARM_UP + bench.duration).as_secs() as usize + 1);
    for _ in 0..bench.runs {
        let posts = Arc::new(LeadPosts::new(&path, PER_SECOND_MAX * seconds, 1));
        let mut running = saturate(hub.address, CONNECTIONS, &posts);
        running.run_for(WARM_UP).await?;
        let (before, cpu_before) = (running.answered(), hub.cpu_time()?);
        let database_before = place.database_cpu_time()?;
        running.run_for(bench.duration).await?;
        let (answered, cpu) = (running.answered() - before, hub.cpu_time()? - cpu_before);
        if let Some((after, before)) = place.database_cpu_time()?.zip(database_before) {
            database.push((after - before).as_secs_f64() * 1_000.0 / answered as f64);
        }
        p99.push(Sample::new(running.stop().await?).percentile_ms(0.99));
        per_second.push(answered as f64 / bench.duration.as_secs_f64());
        cpu_ms.push(cpu.as_secs_f64() * 1_000.0 / answered as f64);
        ledgers.push(posts.ledger.clone());
    }
    let report = &mut bench.report;
    report.add("durable ingest", Unit::PerSecond, Goal::of_bare(0.5), per_second);
    report.add("durable ingest, CPU of the hub per event", Unit::Milliseconds, Goal::NONE, cpu_ms);
    report.add_if_any("durable ingest, CPU of the database per event", database);
    report.add("durable ingest, answer p99", Unit::Milliseconds, Goal::NONE, p99);

    hub.stop()?;
    Prepare::open(&place).await?.read_events_into(&ledgers).await?;
    for ledger in ledgers {
        report.balance("durable ingest", ledger.balance());
    }
    Ok(())
}
