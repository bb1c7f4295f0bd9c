//! The crash harness: what was acknowledged survives SIGKILL at any instant.
//!
//! Several tasks load one hub over HTTP ([`load`]) and note in a [`ledger`] what
//! they asked for and what they were answered, while the hub is killed at random
//! moments, sometimes before it has come up again, and restarted on the same
//! folder. Then the hub may finish, and the [`audit`] compares: the ledger, the
//! records, the change feed, and what two endpoints received.
//!
//! Every write carries a text `token sequence` in the column `Notes`: the token
//! names one line of the ledger, the sequence one write of it. A line is written
//! by one task, one write after the other, so its states have an order.
//!
//! A post without an answer counts as none or one. All that is random comes from
//! one seed, which is printed; the moments of the kills are still not the same in
//! two runs, since machines are not.

pub mod audit;
pub mod ledger;
pub mod load;
mod stage;

use std::time::Instant;

use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::process::HubProcess;
use ledger::Ledger;
use load::{Gate, Loader};
use stage::Stage;

/// Kills of one hub; more are spread over several, so that each audit is small.
const KILLS_PER_HUB: u32 = 100;

/// How often and by which chances to kill.
#[derive(Debug, Clone, Copy)]
pub struct CrashPlan {
    pub kills: u32,
    pub seed: u64,
}

impl CrashPlan {
    /// From the variables `CRASH_KILLS` (30 if not set) and `CRASH_SEED`.
    ///
    /// # Panics
    /// When one is not a number.
    pub fn from_env() -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
        };
        let kills = number("CRASH_KILLS").map_or(30, |it| it.try_into().unwrap_or(u32::MAX));
        Self { kills, seed: number("CRASH_SEED").unwrap_or_else(Dice::any_seed) }
    }
}

/// Kills hubs as planned and audits each.
///
/// # Panics
/// With everything that does not add up.
pub async fn run(binary: &str, plan: CrashPlan) {
    eprintln!("crash: {} kills, CRASH_SEED={}", plan.kills, plan.seed);
    let mut dice = Dice::new(plan.seed);
    let mut left = plan.kills;
    while left > 0 {
        let kills = left.min(KILLS_PER_HUB);
        run_hub(binary, kills, dice.split()).await;
        left -= kills;
    }
}

async fn run_hub(binary: &str, kills: u32, mut dice: Dice) {
    let started = Instant::now();
    let mut hub = HubProcess::start(binary).await;
    let ledger = Ledger::default();
    let stage = Stage::build(hub.client(), dice.split()).await;
    let gate = Gate::default();
    let mut tasks = JoinSet::new();
    for job in stage.jobs() {
        let loader = Loader::new(
            hub.client().clone(),
            ledger.clone(),
            gate.clone(),
            dice.split(),
            tasks.len(),
        );
        tasks.spawn(loader.run(job));
    }

    gate.open();
    for _ in 0..kills {
        tokio::time::sleep(dice.millis(900)).await;
        gate.close();
        hub.kill_9().await;
        hub.launch();
        // A kill may also hit a hub that is just coming up.
        if dice.once_in(6) {
            tokio::time::sleep(dice.millis(150)).await;
            hub.kill_9().await;
            hub.launch();
        }
        hub.wait_until_healthy().await;
        gate.open();
    }
    gate.finish();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| panic!("a loading task failed: {error}"));
    }
    let loaded = started.elapsed();

    let summary = audit::settle(hub.client(), &stage, &ledger).await;
    eprintln!(
        "crash: {kills} kills in {loaded:?}, audited after {:?}: {summary}",
        started.elapsed()
    );
    hub.terminate().await;
}
