//! Counts by the minute, on PostgreSQL.

use std::pin::pin;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::statistics::{Counts, Steps};

use crate::StoreError;
use crate::postgres::PostgresStore;
use crate::postgres::failure::during;
use crate::postgres::statement::{column, execute};
use crate::statistics::{Counted, StatisticsStore, Sums};

const ADD: &str = "INSERT INTO statistics (workspace, minute, id, counts)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
    ON CONFLICT DO NOTHING";

const READ: &str = "SELECT minute, id, counts FROM statistics
    WHERE workspace = $1 AND minute >= $2 AND minute < $3";

#[async_trait]
impl StatisticsStore for PostgresStore {
    async fn add_statistics(&self, counted: Vec<Counted>) -> Result<(), StoreError> {
        during("add statistics", async {
            let workspaces = column(&counted, |it| it.workspace.0);
            let minutes = column(&counted, |it| it.minute);
            let ids = column(&counted, |it| it.id);
            let counts = counted.iter().map(|it| serde_json::to_string(&it.counts));
            let counts: Vec<String> = counts.collect::<Result<_, _>>()?;
            let db = self.pool.get().await?;
            execute(&db, ADD, &[&workspaces, &minutes, &ids, &counts]).await?;
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
        during("read statistics", async {
            let mut sums = Sums::new(steps, known);
            let db = self.pool.get().await?;
            let read = db.prepare_cached(READ).await?;
            let (start, end) = (steps.minutes.start, steps.minutes.end);
            // Row by row: of a month there are more than need be in memory at once.
            let mut rows = pin!(db.query_raw(&read, [&workspace.0, &start, &end]).await?);
            while let Some(row) = rows.try_next().await? {
                sums.add(row.get(0), row.get(1), row.get(2))?;
            }
            Ok(sums.end())
        })
        .await
    }
}
