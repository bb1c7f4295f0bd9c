//! No acknowledged event is lost, no record doubled and no change left untold,
//! whenever the process is killed. `CRASH_KILLS` and `CRASH_SEED` say how often
//! and by which chances.

use turnbuckle_testkit::crash::{self, CrashPlan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill() {
    crash::run(env!("CARGO_BIN_EXE_turnbuckle"), CrashPlan::from_env()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill_of_hub_and_database() {
    crash::run_with_database(env!("CARGO_BIN_EXE_turnbuckle"), CrashPlan::from_env()).await;
}
