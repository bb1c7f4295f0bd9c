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
use crate::postgres::PostgresServer;
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
    run_plan(plan, async || Victims { hub: HubProcess::start(binary).await, database: None }).await;
}

/// The same of hubs on PostgreSQL servers of their own, which are killed too.
///
/// # Panics
/// With everything that does not add up.
pub async fn run_with_database(binary: &str, plan: CrashPlan) {
    run_plan(plan, async || {
        let server = PostgresServer::start().await;
        let hub = HubProcess::start_on(binary, &server.url()).await;
        Victims { hub, database: Some(server) }
    })
    .await;
}

async fn run_plan(plan: CrashPlan, mut start: impl AsyncFnMut() -> Victims) {
    eprintln!("crash: {} kills, CRASH_SEED={}", plan.kills, plan.seed);
    let mut dice = Dice::new(plan.seed);
    let mut left = plan.kills;
    while left > 0 {
        let kills = left.min(KILLS_PER_HUB);
        run_hub(start().await, kills, dice.split()).await;
        left -= kills;
    }
}

/// What is killed.
struct Victims {
    hub: HubProcess,
    database: Option<PostgresServer>,
}

impl Victims {
    /// Kills one of them, or both, and starts them again; answers whether it was the hub.
    async fn kill(&mut self, dice: &mut Dice) -> bool {
        let Self { hub, database } = self;
        match database {
            Some(database) if dice.once_in(2) => {
                let is_both = dice.once_in(3);
                if is_both {
                    hub.kill_9().await;
                }
                database.kill().await;
                // Away for a moment, while the hub goes on asking.
                tokio::time::sleep(dice.millis(400)).await;
                database.launch().await;
                if is_both {
                    hub.launch();
                }
                is_both
            }
            _ => {
                hub.kill_9().await;
                hub.launch();
                true
            }
        }
    }
}

async fn run_hub(mut victims: Victims, kills: u32, mut dice: Dice) {
    let started = Instant::now();
    let hub = &victims.hub;
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
        let is_hub = victims.kill(&mut dice).await;
        // A kill may also hit a hub that is just coming up.
        if is_hub && dice.once_in(6) {
            tokio::time::sleep(dice.millis(150)).await;
            victims.hub.kill_9().await;
            victims.hub.launch();
        }
        victims.hub.wait_until_healthy().await;
        gate.open();
    }
    gate.finish();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| panic!("a loading task failed: {error}"));
    }
    let loaded = started.elapsed();

    let summary = audit::settle(victims.hub.client(), &stage, &ledger).await;
    eprintln!(
        "crash: {kills} kills in {loaded:?}, audited after {:?}: {summary}",
        started.elapsed()
    );
    victims.hub.terminate().await;
}
