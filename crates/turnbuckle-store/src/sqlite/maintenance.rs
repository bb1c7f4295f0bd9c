//! Retention, health, notes and closing, on SQLite.

mod logs;
mod small;

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, params};

use crate::StoreError;
use crate::maintenance::{HEALTH_NOTE, Keep, MaintenanceStore};
use crate::sqlite::SqliteStore;
use crate::sqlite::erasure;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

/// Rows of one table that one slice drops at most.
const ROWS_DROPPED_MAX: usize = 1_000;

fn note(db: &Db, name: &str) -> Result<Option<String>, Failure> {
    Ok(db
        .prepare_cached("SELECT value FROM note WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn put_note(db: &Db, name: &str, value: &str) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO note (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![name, value])?;
    Ok(())
}

#[async_trait]
impl MaintenanceStore for SqliteStore {
    async fn retain(&self, keep: &Keep) -> Result<bool, StoreError> {
        let keep = *keep;
        // What may go is looked for by a reader, so that the writer only drops.
        let slice = self
            .readers
            .scan("find what need not be kept", move |db| logs::find_slice(db, &keep))
            .await?;
        self.writer
            .run(Priority::Bulk, "drop what need not be kept", move |batch| {
                let now = batch.state.now();
                let more_logs = logs::drop_slice(batch.sql, &slice)?;
                let more_small = small::drop_slice(batch.sql, now)?;
                Ok(more_logs || more_small)
            })
            .await
    }

    async fn erase(&self) -> Result<bool, StoreError> {
        self.writer
            .run(Priority::Bulk, "erase a deleted connection", |batch| {
                erasure::erase_slice(batch.sql)
            })
            .await
    }

    async fn begin_work(&self) -> Result<(), StoreError> {
        // There is no other process to share with.
        Ok(())
    }

    fn does_upkeep(&self) -> bool {
        true
    }

    fn ask_for_upkeep(&self) {}

    async fn upkeep_asked_for(&self) {
        std::future::pending().await
    }

    async fn check_health(&self) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "check that the store can write", |batch| {
                let now = batch.state.now();
                put_note(batch.sql, HEALTH_NOTE, &now.to_string())
            })
            .await
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.readers.look_up("read a note", |db| note(db, name))
    }

    async fn claim_note(&self, name: &str, value: &str) -> Result<String, StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.writer
            .run(Priority::Stages, "claim a note", move |batch| match note(batch.sql, &name)? {
                Some(there) => Ok(there),
                None => put_note(batch.sql, &name, &value).map(|()| value.clone()),
            })
            .await
    }

    async fn close(&self) {
        let writer = self.writer.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || writer.close()).await {
            tracing::error!(%error, "the store could not be closed");
        }
    }
}
