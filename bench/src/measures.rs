//! What is measured, in the order of the table.

mod ceiling;
mod closed_loop;
mod end_to_end;
mod expressions;
mod fan_out;
mod functions;
mod hanging;
mod hostile;
mod ingest;
mod lead_posts;
mod lifecycle;
mod reads;
mod search;
mod subscriptions;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;

use crate::hub::Hub;
use crate::machine::{time_fdatasync, time_three_at};
use crate::place::{Engine, Place};
use crate::report::{Goal, Report, Unit};

/// Connections of a load at saturation.
const CONNECTIONS: usize = 64;
/// The start of each run that counts for nothing.
const WARM_UP: Duration = Duration::from_secs(1);
/// A load that leaves the machine idle most of the time.
const QUIET_PER_SECOND: f64 = 200.0;
/// How long a run waits for a message to come in before it is lost.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest that one measure may take, whatever hangs.
const MEASURE_MAX: Duration = Duration::from_secs(30 * 60);

/// What measures work with.
pub struct Bench {
    pub binary: PathBuf,
    /// Data folders are made in it.
    pub folder: PathBuf,
    pub runs: u32,
    /// Of one run, its warm-up not counted.
    pub duration: Duration,
    /// Records that are searched, subscriptions that are matched, at the most.
    pub many: u64,
    /// The store that is measured now.
    pub engine: Engine,
    pub report: Report,
}

impl Bench {
    async fn place(&self) -> anyhow::Result<Place> {
        Place::make(&self.folder, self.engine).await
    }

    fn start_hub(&self, place: &Place) -> anyhow::Result<Hub> {
        Hub::start(&self.binary, place)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Ceiling,
    Disk,
    Ingest,
    EndToEnd,
    FanOut,
    Reads,
    Search,
    Subscriptions,
    Functions,
    Expressions,
    Hostile,
    Hanging,
    Lifecycle,
}

/// The ceiling first: ratios refer to it.
pub const MEASURES: [Measure; 13] = [
    Measure::Ceiling,
    Measure::Disk,
    Measure::Ingest,
    Measure::EndToEnd,
    Measure::FanOut,
    Measure::Reads,
    Measure::Search,
    Measure::Subscriptions,
    Measure::Functions,
    Measure::Expressions,
    Measure::Hostile,
    Measure::Hanging,
    Measure::Lifecycle,
];

impl Measure {
    /// As `--only` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ceiling => "ceiling",
            Self::Disk => "disk",
            Self::Ingest => "ingest",
            Self::EndToEnd => "end-to-end",
            Self::FanOut => "fan-out",
            Self::Reads => "reads",
            Self::Search => "search",
            Self::Subscriptions => "subscriptions",
            Self::Functions => "functions",
            Self::Expressions => "expressions",
            Self::Hostile => "hostile",
            Self::Hanging => "hanging",
            Self::Lifecycle => "lifecycle",
        }
    }

    /// On which stores it is taken.
    fn engines(self) -> &'static [Engine] {
        match self {
            Self::Ingest
            | Self::EndToEnd
            | Self::FanOut
            | Self::Reads
            | Self::Search
            | Self::Subscriptions
            | Self::Functions
            | Self::Expressions => &[Engine::Embedded, Engine::Postgres],
            Self::Ceiling | Self::Disk | Self::Hostile | Self::Hanging | Self::Lifecycle => {
                &[Engine::Embedded]
            }
        }
    }

    async fn take(self, bench: &mut Bench) -> anyhow::Result<()> {
        match self {
            Self::Ceiling => ceiling::take(bench).await,
            Self::Disk => disk(bench),
            Self::Ingest => ingest::take(bench).await,
            Self::EndToEnd => end_to_end::take(bench).await,
            Self::FanOut => fan_out::take(bench).await,
            Self::Reads => reads::take(bench).await,
            Self::Search => search::take(bench).await,
            Self::Subscriptions => subscriptions::take(bench).await,
            Self::Functions => functions::take(bench).await,
            Self::Expressions => expressions::take(bench).await,
            Self::Hostile => hostile::take(bench).await,
            Self::Hanging => hanging::take(bench).await,
            Self::Lifecycle => lifecycle::take(bench).await,
        }
    }
}

pub fn named(name: &str) -> Option<Measure> {
    MEASURES.into_iter().find(|measure| measure.name() == name)
}

/// Takes the chosen measures one after the other, each on either store where both
/// have it. One that fails is a failure of the report and stops none of the others.
pub async fn take(bench: &mut Bench, chosen: &[Measure], only: Option<Engine>) {
    let wanted = chosen
        .iter()
        .flat_map(|measure| measure.engines().iter().map(move |engine| (measure, *engine)));
    let is_wanted = |(measure, engine): &(&Measure, Engine)| {
        only.is_none_or(|only| only == *engine || measure.engines().len() == 1)
    };
    for (measure, engine) in wanted.filter(is_wanted) {
        let on = if engine == Engine::Postgres { " on PostgreSQL" } else { "" };
        eprintln!("— {}{on}", measure.name());
        bench.engine = engine;
        bench.report.of(engine);
        let taken = tokio::time::timeout(MEASURE_MAX, measure.take(bench)).await;
        if let Err(error) = taken.unwrap_or_else(|_| Err(anyhow!("it takes too long"))) {
            bench.report.fail(format!("{}: {error:#}", measure.name()));
        }
    }
}

/// What of the latencies is the disk's: a webhook is delivered after three commits.
fn disk(bench: &mut Bench) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&bench.folder)?;
    let one = time_fdatasync(folder.path(), Duration::from_secs(2))?;
    let seconds = bench.duration * bench.runs;
    let three = time_three_at(QUIET_PER_SECOND, folder.path(), seconds)?;
    for (what, sample) in [("fdatasync of a 4 KiB append", one), ("three of them at 200/s", three)]
    {
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let value = vec![sample.percentile_ms(share)];
            bench.report.add(format!("{what}, {name}"), Unit::Milliseconds, Goal::NONE, value);
        }
    }
    Ok(())
}
