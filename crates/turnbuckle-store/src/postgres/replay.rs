//! Replays and recoveries as runs with progress, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::statement::{Parameters, execute, find, list};
use crate::replay::{ReplayStore, Run};
use crate::rules::numbers::{run_kind_from_row, run_kind_to_row};

const BY_ID: &str = "SELECT id, workspace, kind, request, total, done, failed, position,
        started_at_ms, ended_at_ms
    FROM run WHERE workspace = $1 AND id = $2";

const OPEN: &str = "SELECT id, workspace, kind, request, total, done, failed, position,
        started_at_ms, ended_at_ms
    FROM run WHERE ended_at_ms IS NULL ORDER BY id";

const INSERT: &str = "INSERT INTO run (id, workspace, kind, request, total, done, failed, position,
        started_at_ms, ended_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const UPDATE: &str =
    "UPDATE run SET total = $3, done = $4, failed = $5, position = $6, ended_at_ms = $7
    WHERE workspace = $1 AND id = $2";

fn read_run(row: &Row) -> Result<Run, Failure> {
    Ok(Run {
        id: row.get(0),
        workspace: WorkspaceId(row.get(1)),
        kind: run_kind_from_row(row.get(2)),
        request: serde_json::from_str(row.get(3))?,
        total: row.get(4),
        done: row.get(5),
        failed: row.get(6),
        position: row.get(7),
        started_at: row.get(8),
        ended_at: row.get(9),
    })
}

/// # Errors
/// If the run is not where it was.
pub async fn advance_run(
    transaction: &Transaction<'_>,
    run: Option<&(Run, Run)>,
) -> Result<(), Failure> {
    let Some((before, after)) = run else { return Ok(()) };
    let Run { id, workspace, total, done, failed, position, ended_at, .. } = after;
    let progress: Parameters<'_> =
        &[&workspace.0, id, total, done, failed, position, ended_at, &before.position];
    let update = format!("{UPDATE} AND position = $8 AND ended_at_ms IS NULL");
    match execute(transaction, &update, progress).await? {
        0 => Err(before.overtaken().into()),
        _ => Ok(()),
    }
}

#[async_trait]
impl ReplayStore for PostgresStore {
    async fn create_run(&self, run: Run) -> Result<(), StoreError> {
        during("create a run", async {
            let db = self.pool.get().await?;
            let (kind, request) = (run_kind_to_row(run.kind), run.request.to_string());
            let Run { id, workspace, total, done, failed, position, started_at, ended_at, .. } =
                &run;
            let row: Parameters<'_> = &[
                id,
                &workspace.0,
                &kind,
                &request,
                total,
                done,
                failed,
                position,
                started_at,
                ended_at,
            ];
            execute(&db, INSERT, row)
                .await
                .map_err(|failure| taken(failure, run.kind.noun(), &run.id))?;
            Ok(())
        })
        .await
    }

    async fn update_run(&self, run: &Run) -> Result<(), StoreError> {
        during("note the progress of a run", async {
            let db = self.pool.get().await?;
            let Run { id, workspace, total, done, failed, position, ended_at, .. } = run;
            let progress: Parameters<'_> =
                &[&workspace.0, id, total, done, failed, position, ended_at];
            if execute(&db, UPDATE, progress).await? == 0 {
                return Err(StoreError::not_found(run.kind.noun(), id).into());
            }
            Ok(())
        })
        .await
    }

    async fn run(&self, workspace: WorkspaceId, id: &str) -> Result<Option<Run>, StoreError> {
        during("read a run", async {
            let db = self.pool.get().await?;
            find(&db, BY_ID, &[&workspace.0, &id], read_run).await
        })
        .await
    }

    async fn open_runs(&self) -> Result<Vec<Run>, StoreError> {
        during("list open runs", async {
            let db = self.pool.get().await?;
            list(&db, OPEN, &[], read_run).await
        })
        .await
    }
}
