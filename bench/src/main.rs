//! `make bench`: what the hub does per second, beside what this machine can do.
//!
//! Who acts, all on this machine and on 127.0.0.1 only:
//! - the *hub*, a child process of the release binary on a folder of its own;
//! - the *generator*, connections in this process that post, read and search;
//! - the *receiver*, a server on a thread of this process that endpoints point at;
//! - the *ceiling*, a child process that is a bare axum server and nothing else;
//! - a *database server* of its own, for the columns on PostgreSQL.
//!
//! Guarantees: every figure of a run is taken beside the ceiling of that run, so
//! ratios hold on any machine. Each run keeps a ledger of what the hub
//! acknowledged; what is lost or arrives twice is printed and fails the run. All
//! loads are bounded in count and in time.
//!
//! Absent on purpose: any assertion on speed. A missed goal is a line of the
//! table, not an error.

mod api;
mod bare;
mod client;
mod clock;
mod generator;
mod hub;
mod ledger;
mod machine;
mod measures;
mod place;
mod prepare;
mod process;
mod receiver;
mod report;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::measures::{Bench, MEASURES};
use crate::place::Engine;
use crate::report::Report;

/// Measures a turnbuckle binary beside the ceiling of this machine.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Subcommand)]
enum Command {
    /// The ceiling: a bare axum server. It prints its address; the benchmark starts it itself.
    #[command(hide = true)]
    Bare,
    /// Shows the names that `--only` takes.
    List,
}

#[derive(Args)]
struct RunOptions {
    /// The binary to measure. Default: `turnbuckle` beside this program.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How often each figure is taken; the table has the median.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// How long each run lasts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure this store only.
    #[arg(long, value_enum)]
    store: Option<Engine>,
    /// Take these figures only, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// One short run of each, with a tenth of the records and subscriptions.
    #[arg(long)]
    quick: bool,
    /// The folder for the hub's data; its disk is what is measured. Default:
    /// beside this program.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Writes the table into this document, between its markers.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "docs/benchmarks.md"
    )]
    write: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Command::Bare) => bare::serve(),
        Some(Command::List) => {
            MEASURES.iter().for_each(|measure| println!("{}", measure.name()));
            Ok(())
        }
        None => run(&cli.run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &RunOptions) -> anyhow::Result<()> {
    let beside = std::env::current_exe()?;
    let beside = beside.parent().context("this program is in no folder")?;
    let binary = options.binary.clone().unwrap_or_else(|| beside.join("turnbuckle"));
    if !binary.is_file() {
        bail!("no binary at {}; build it with `cargo build --release`", binary.display());
    }
    if let Some(unknown) = options.only.iter().find(|name| measures::named(name).is_none()) {
        bail!("no measure is called `{unknown}`; `list` shows their names");
    }
    let chosen: Vec<_> = MEASURES
        .into_iter()
        .filter(|it| options.only.is_empty() || options.only.iter().any(|name| name == it.name()))
        .collect();

    // The generator's own: two threads, as many as a small machine has cores.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(async {
        let mut bench = Bench {
            binary,
            folder: options.folder.clone().unwrap_or_else(|| beside.to_owned()),
            runs: if options.quick { 1 } else { options.runs },
            duration: Duration::from_secs(if options.quick { 2 } else { options.seconds }),
            many: if options.quick { 100_000 } else { 1_000_000 },
            engine: Engine::Embedded,
            report: Report::new(),
        };
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            () = measures::take(&mut bench, &chosen, options.store) => {}
            // Dropping the measure ends its children.
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminated.recv() => bail!("terminated"),
        }
        Ok(bench.report)
    })?;

    println!("{report}");
    if let Some(path) = &options.write {
        report.write_into(path)?;
        eprintln!("written into {}", path.display());
    }
    if !report.failures.is_empty() {
        bail!("not all went well: {}", report.failures.join("; "));
    }
    Ok(())
}
