//! Counts by the minute, on SQLite.

use async_trait::async_trait;
use rusqlite::params;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::statistics::{Counts, Steps};

use crate::StoreError;
use crate::sqlite::SqliteStore;
use crate::sqlite::writer::Priority;
use crate::statistics::{Counted, StatisticsStore, Sums};

const ADD: &str = "INSERT INTO statistics (workspace, minute, id, counts) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";

const READ: &str = "SELECT minute, id, counts FROM statistics
    WHERE workspace = ?1 AND minute >= ?2 AND minute < ?3";

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn add_statistics(&self, counted: Vec<Counted>) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "add statistics", move |batch| {
                let mut add = batch.sql.prepare_cached(ADD)?;
                for Counted { workspace, minute, id, counts } in &counted {
                    add.execute(params![workspace.0, minute, id, serde_json::to_string(counts)?])?;
                }
                Ok(())
            })
            .await
    }

    async fn statistics(
        &self,
        workspace: WorkspaceId,
        steps: &Steps,
        known: &[i64],
    ) -> Result<Vec<Counts>, StoreError> {
        let (steps, known) = (steps.clone(), known.to_vec());
        self.readers
            .scan("read statistics", move |db| {
                let mut sums = Sums::new(&steps, &known);
                let mut read = db.prepare_cached(READ)?;
                let mut rows =
                    read.query(params![workspace.0, steps.minutes.start, steps.minutes.end])?;
                while let Some(row) = rows.next()? {
                    let counts: String = row.get(2)?;
                    sums.add(row.get(0)?, row.get(1)?, &counts)?;
                }
                Ok(sums.end())
            })
            .await
    }
}
