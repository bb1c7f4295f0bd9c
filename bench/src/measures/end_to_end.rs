//! A webhook comes in, a record is written, its change is signed and delivered.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::lead_posts::{LeadPosts, OUTSTANDING_MAX};
use super::{Bench, CONNECTIONS, PATIENCE, QUIET_PER_SECOND, WARM_UP};
use crate::api::Api;
use crate::generator::{pace, saturate};
use crate::hub::Hub;
use crate::place::Place;
use crate::receiver::Receiver;
use crate::report::{Goal, Unit};
use crate::statistics::{Sample, median};

/// More than any machine delivers in a second.
const PER_SECOND_MAX: usize = 100_000;
/// Deliveries that a closed loop has under way at the least, by the number of its
/// connections: enough that the hub always has something to do, although each
/// connection waits for a commit.
const UNDER_WAY: usize = 256;

/// Percentiles and goals of the two paced loads.
const AT_HALF: [(&str, f64, Goal); 2] =
    [("p50", 0.5, Goal::NONE), ("p99", 0.99, Goal::at_most(25.0))];
const QUIET: [(&str, f64, Goal); 2] =
    [("p50", 0.5, Goal::at_most(1.2)), ("p99", 0.99, Goal::at_most(4.0))];

/// A file system in memory, on Linux, and what must be free there.
const MEMORY: &str = "/dev/shm";
const MEMORY_BYTES_MIN: u64 = 2 << 30;

/// A hub and who posts to it and receives from it.
pub struct Way<'a> {
    pub place: &'a Place,
    pub hub: &'a Hub,
    pub receiver: &'a Receiver,
    /// Of the source.
    pub source: &'a str,
    pub endpoints: usize,
    /// See [`LeadPosts::emails`].
    pub emails: u64,
}

/// What a closed loop through the hub reached.
pub struct Saturated {
    /// Deliveries in a second.
    pub per_second: f64,
    /// CPU time of the hub for one delivery.
    pub cpu_ms: f64,
    /// The same of the database server, if there is one.
    pub database_cpu_ms: Option<f64>,
}

impl Way<'_> {
    fn posts(&self, per_second_max: usize, duration: Duration) -> LeadPosts {
        let count = per_second_max * (duration.as_secs() as usize + 1);
        let posts = LeadPosts::new(self.source, count, self.endpoints);
        self.receiver.keep(posts.ledger.clone());
        LeadPosts { emails: self.emails, ..posts }
    }

    /// Posts as fast as deliveries come out, and waits for the last of them.
    pub async fn saturate(&self, bench: &mut Bench, what: &str) -> anyhow::Result<Saturated> {
        let posts = LeadPosts {
            outstanding_max: OUTSTANDING_MAX,
            ..self.posts(PER_SECOND_MAX / self.endpoints, WARM_UP + bench.duration)
        };
        let posts = Arc::new(posts);
        let connections = (UNDER_WAY / self.endpoints).max(CONNECTIONS);
        let mut running = saturate(self.hub.address, connections, &posts);
        running.run_for(WARM_UP).await?;
        let (before, cpu_before) = (posts.ledger.arrived(), self.hub.cpu_time()?);
        let database_before = self.place.database_cpu_time()?;
        running.run_for(bench.duration).await?;
        let arrived = (posts.ledger.arrived() - before) as f64;
        let cpu = self.hub.cpu_time()? - cpu_before;
        let database = self.place.database_cpu_time()?.zip(database_before);
        let each = |cpu: Duration| cpu.as_secs_f64() * 1_000.0 / arrived;
        running.stop().await?;
        posts.ledger.settle(PATIENCE).await;
        bench.report.balance(what, posts.ledger.balance());
        Ok(Saturated {
            per_second: arrived / bench.duration.as_secs_f64(),
            cpu_ms: each(cpu),
            database_cpu_ms: database.map(|(after, before)| each(after - before)),
        })
    }

    /// Posts at a fixed rate; gives the time from the start of a post to its
    /// arrival at the first `endpoints` endpoints.
    pub async fn pace(
        &self,
        bench: &mut Bench,
        per_second: f64,
        what: &str,
        endpoints: usize,
    ) -> anyhow::Result<Sample> {
        let seconds = (WARM_UP + bench.duration).as_secs_f64();
        let posts = Arc::new(self.posts(per_second.ceil() as usize, WARM_UP + bench.duration));
        let count = (seconds * per_second) as u64;
        pace(self.hub.address, CONNECTIONS, per_second, count, &posts).await?;
        posts.ledger.settle(PATIENCE).await;
        bench.report.balance(what, posts.ledger.balance());
        let warm_up = (WARM_UP.as_secs_f64() * per_second) as u64;
        Ok(posts.ledger.latencies(warm_up, endpoints))
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let half = on_disk(bench, &place).await?;
    drop(place);
    match has_memory() {
        true => {
            let place = Place::make(Path::new(MEMORY), bench.engine).await?;
            in_memory(bench, &place, half).await
        }
        false => {
            eprintln!("without the disk: skipped, {MEMORY} has too little room");
            Ok(())
        }
    }
}

/// Gives half of what is delivered in a second at saturation.
async fn on_disk(bench: &mut Bench, place: &Place) -> anyhow::Result<f64> {
    let stage = Stage::set(bench, place).await?;
    let path = stage.path();
    let (mut per_second, mut cpu_ms, mut database) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let run = path.saturate(bench, "end to end at saturation").await?;
        per_second.push(run.per_second);
        cpu_ms.push(run.cpu_ms);
        database.extend(run.database_cpu_ms);
        stage.receiver.check_signature(&stage.secret)?;
    }
    let half = median(per_second.clone()) / 2.0;
    let goal = Goal { of_bare: Some(0.18), ..Goal::at_least(20_000.0) };
    bench.report.add("webhook to delivery, sustained", Unit::PerSecond, goal, per_second);
    let what = "webhook to delivery, CPU of the hub per event";
    let goal = Goal { of_bare: Some(4.4), ..Goal::at_most(0.08) };
    bench.report.add(what, Unit::Milliseconds, goal, cpu_ms);
    bench.report.add_if_any("webhook to delivery, CPU of the database per event", database);
    paced(bench, &path, half, "at half of that", AT_HALF).await?;
    paced(bench, &path, QUIET_PER_SECOND, "at 200/s", QUIET).await?;
    Ok(half)
}

/// What of the latencies is the hub's: the same loads where a commit waits for no disk.
async fn in_memory(bench: &mut Bench, place: &Place, half: f64) -> anyhow::Result<()> {
    let stage = Stage::set(bench, place).await?;
    let path = stage.path();
    paced(bench, &path, half, "at half, data in memory", AT_HALF).await?;
    paced(bench, &path, QUIET_PER_SECOND, "at 200/s, data in memory", QUIET).await
}

/// Whether there is a folder that is in memory, with room for the loads of this measure.
fn has_memory() -> bool {
    let space = rustix::fs::statvfs(MEMORY);
    space.is_ok_and(|space| MEMORY_BYTES_MIN <= space.f_bavail * space.f_frsize)
}

/// A hub on a folder, with a source that makes leads and one endpoint for their changes.
struct Stage<'a> {
    place: &'a Place,
    hub: Hub,
    receiver: Receiver,
    source: String,
    /// Of the endpoint.
    secret: String,
}

impl<'a> Stage<'a> {
    async fn set(bench: &Bench, place: &'a Place) -> anyhow::Result<Self> {
        let hub = bench.start_hub(place)?;
        let receiver = Receiver::start()?;
        let api = Api(hub.address);
        api.connect().await?;
        let source = api.create_source(true).await?;
        let secret = api.create_endpoint(receiver.address, 0, "changes", "standard").await?;
        Ok(Self { place, hub, receiver, source, secret })
    }

    fn path(&self) -> Way<'_> {
        let Self { place, hub, receiver, source, .. } = self;
        Way { place, hub, receiver, source, endpoints: 1, emails: u64::MAX }
    }
}

async fn paced(
    bench: &mut Bench,
    path: &Way<'_>,
    per_second: f64,
    when: &str,
    shares: [(&str, f64, Goal); 2],
) -> anyhow::Result<()> {
    let mut samples = Vec::new();
    for _ in 0..bench.runs {
        samples.push(path.pace(bench, per_second, &format!("end to end {when}"), 1).await?);
    }
    for (name, share, goal) in shares {
        let values = samples.iter().map(|sample| sample.percentile_ms(share)).collect();
        let what = format!("webhook to delivery {when}, {name}");
        bench.report.add(what, Unit::Milliseconds, goal, values);
    }
    Ok(())
}
