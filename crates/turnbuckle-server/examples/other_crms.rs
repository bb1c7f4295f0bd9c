//! The server with CRMs that only tests have, for walks through its pages in a browser:
//! `other_crms PROVIDER_URL`.
//!
//! `TURNBUCKLE_*` says the rest. It prints where it listens, as a line of JSON, and stops when its
//! standard input ends. Until then each line of that is a number of milliseconds by which its
//! clock goes on: what takes minutes need not be waited for.

#[path = "../tests/support/provider.rs"]
mod provider;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::Context as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_server::logging;
use turnbuckle_server::serve::serve_among;
use turnbuckle_store::clock::Clock;

/// The system's clock, so much later.
struct Later(AtomicI64);

impl Clock for Later {
    fn now(&self) -> UnixMs {
        SystemClock.now() + self.0.load(Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        SystemClock.random()
    }
}

fn main() -> anyhow::Result<()> {
    let provider = std::env::args().nth(1).context("say where the provider is")?;
    let sources = Sources { environment: std::env::vars().collect(), ..Sources::default() };
    let config = Config::load(&sources)?;
    logging::start(&config.log);
    let clock = Arc::new(Later(AtomicI64::new(0)));
    let runtime = tokio::runtime::Runtime::new()?;
    let connectors = provider::connectors(&provider);
    let serving = serve_among(config, clock.clone(), connectors, CancellationToken::new());
    let serving = runtime.block_on(serving)?;
    println!("{}", json!({ "url": format!("http://{}", serving.local_addr()) }));
    for line in std::io::stdin().lines() {
        clock.0.fetch_add(line?.trim().parse()?, Ordering::Relaxed);
        println!("{}", json!({ "now": clock.now() }));
    }
    runtime.block_on(serving.shutdown())
}
