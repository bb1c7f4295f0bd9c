//! Retention, health, notes and closing, on PostgreSQL.

pub mod logs;
mod size;
mod small;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;

use crate::StoreError;
use crate::maintenance::{HEALTH_NOTE, Keep, MaintenanceStore};
use crate::postgres::PostgresStore;
use crate::postgres::erasure;
use crate::postgres::failure::{Failure, during};
use crate::postgres::hints::Hint;
use crate::postgres::processes::Task;
use crate::postgres::statement::{execute, find};

/// Rows of one table that one slice drops at most.
const ROWS_DROPPED_MAX: usize = 1_000;

pub(super) async fn note(db: &impl GenericClient, name: &str) -> Result<Option<String>, Failure> {
    let select = "SELECT value FROM note WHERE name = $1";
    find(db, select, &[&name], |row| Ok(row.get(0))).await
}

pub(super) async fn put_note(
    db: &impl GenericClient,
    name: &str,
    value: &str,
) -> Result<(), Failure> {
    let put = "INSERT INTO note (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    execute(db, put, &[&name, &value]).await?;
    Ok(())
}

/// How long the last words to a server may take.
const CLOSE_MAX: std::time::Duration = std::time::Duration::from_secs(1);

#[async_trait]
impl MaintenanceStore for PostgresStore {
    async fn retain(&self, keep: &Keep) -> Result<bool, StoreError> {
        during("drop what need not be kept", async {
            let now = self.clock.now();
            let more_small = small::drop_slice(&self.pool, now).await?;
            let more_logs = self.retention.drop_slice(&self.pool, keep, now).await?;
            Ok(more_small || more_logs)
        })
        .await
    }

    async fn erase(&self) -> Result<bool, StoreError> {
        during("erase a deleted connection", erasure::erase_slice(&self.pool)).await
    }

    async fn begin_work(&self) -> Result<(), StoreError> {
        let joining = self.processes.clone().join(self.session.clone());
        let staying = during("join the processes of this database", joining).await?;
        self.tasks.lock().expect("no code panics holding the tasks").spawn(staying);
        Ok(())
    }

    fn does_upkeep(&self) -> bool {
        self.processes.has(Task::Upkeep)
    }

    fn ask_for_upkeep(&self) {
        if !self.does_upkeep() {
            self.hints.tell_others([Hint::Upkeep]);
        }
    }

    async fn upkeep_asked_for(&self) {
        self.hints.upkeep.notified().await;
    }

    async fn check_health(&self) -> Result<(), StoreError> {
        during("check that the store can write", async {
            let db = self.pool.get().await?;
            put_note(&db, HEALTH_NOTE, &self.clock.now().to_string()).await
        })
        .await?;
        // A full disk has room for a note and for no event.
        self.accepts.check()
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        during("read a note", async {
            let db = self.pool.get().await?;
            note(&db, name).await
        })
        .await
    }

    async fn claim_note(&self, name: &str, value: &str) -> Result<String, StoreError> {
        during("claim a note", async {
            let db = self.pool.get().await?;
            let claim = "INSERT INTO note (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            execute(&db, claim, &[&name, &value]).await?;
            // Nobody takes notes of this kind away.
            Ok(note(&db, name).await?.unwrap_or_else(|| value.to_owned()))
        })
        .await
    }

    async fn close(&self) {
        let leave = async {
            let db = self.pool.get().await?;
            self.processes.leave(&db).await
        };
        let close = async {
            tokio::join!(self.accepts.close(), self.writes.close(), self.subscribes.close());
            during("leave the other processes", leave).await
        };
        // Others find it out by themselves, if it cannot be said. A server that does not
        // answer keeps nobody from ending.
        match tokio::time::timeout(CLOSE_MAX, close).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the other processes could not be told"),
            Err(_) => tracing::warn!("the database did not answer at the end"),
        }
        // What runs has its connection and ends with it.
        self.pool.close();
    }
}
