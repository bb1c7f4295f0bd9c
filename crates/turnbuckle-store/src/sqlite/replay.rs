//! Replays and recoveries as runs with progress, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, Row, params};
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::replay::{ReplayStore, Run};
use crate::rules::numbers::{run_kind_from_row, run_kind_to_row};
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

const BY_ID: &str = "SELECT id, workspace, kind, request, total, done, failed, position,
        started_at_ms, ended_at_ms
    FROM run WHERE id = ?1 AND workspace = ?2";

const OPEN: &str = "SELECT id, workspace, kind, request, total, done, failed, position,
        started_at_ms, ended_at_ms
    FROM run WHERE ended_at_ms IS NULL ORDER BY id";

fn read_run(row: &Row<'_>) -> Result<Run, Failure> {
    let request: String = row.get(3)?;
    Ok(Run {
        id: row.get(0)?,
        workspace: WorkspaceId(row.get(1)?),
        kind: run_kind_from_row(row.get(2)?),
        request: serde_json::from_str(&request)?,
        total: row.get(4)?,
        done: row.get(5)?,
        failed: row.get(6)?,
        position: row.get(7)?,
        started_at: row.get(8)?,
        ended_at: row.get(9)?,
    })
}

/// Writes the progress of a run; only if it is at a position, if one is given. Answers how many rows that were.
fn update(db: &Db, run: &Run, from: Option<i64>) -> Result<usize, Failure> {
    let updated = db
        .prepare_cached(
            "UPDATE run SET total = ?3, done = ?4, failed = ?5, position = ?6, ended_at_ms = ?7
             WHERE id = ?1 AND workspace = ?2 AND (?8 IS NULL OR position = ?8 AND ended_at_ms IS NULL)",
        )?
        .execute(params![
            run.id,
            run.workspace.0,
            run.total,
            run.done,
            run.failed,
            run.position,
            run.ended_at,
            from
        ])?;
    Ok(updated)
}

/// # Errors
/// If the run is not where it was.
pub fn advance_run(db: &Db, before: &Run, after: &Run) -> Result<(), Failure> {
    match update(db, after, Some(before.position))? {
        0 => Err(before.overtaken().into()),
        _ => Ok(()),
    }
}

#[async_trait]
impl ReplayStore for SqliteStore {
    async fn create_run(&self, run: Run) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "create a run", move |batch| {
                batch
                    .sql
                    .prepare_cached(
                        "INSERT INTO run (id, workspace, kind, request, total, done, failed,
                             position, started_at_ms, ended_at_ms)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    )?
                    .execute(params![
                        run.id,
                        run.workspace.0,
                        run_kind_to_row(run.kind),
                        run.request.to_string(),
                        run.total,
                        run.done,
                        run.failed,
                        run.position,
                        run.started_at,
                        run.ended_at
                    ])
                    .map_err(|error| taken(error, run.kind.noun(), &run.id))?;
                Ok(())
            })
            .await
    }

    async fn update_run(&self, run: &Run) -> Result<(), StoreError> {
        let run = run.clone();
        self.writer
            .run(Priority::Stages, "note the progress of a run", move |batch| {
                let updated = update(batch.sql, &run, None)?;
                if updated == 0 {
                    return Err(StoreError::not_found(run.kind.noun(), &run.id).into());
                }
                Ok(())
            })
            .await
    }

    async fn run(&self, workspace: WorkspaceId, id: &str) -> Result<Option<Run>, StoreError> {
        self.readers.look_up("read a run", |db| {
            let mut select = db.prepare_cached(BY_ID)?;
            let mut rows = select.query(params![id, workspace.0])?;
            rows.next()?.map(read_run).transpose()
        })
    }

    async fn open_runs(&self) -> Result<Vec<Run>, StoreError> {
        self.readers
            .scan("list open runs", |db| {
                let mut select = db.prepare_cached(OPEN)?;
                let mut rows = select.query([])?;
                let mut runs = Vec::new();
                while let Some(row) = rows.next()? {
                    runs.push(read_run(row)?);
                }
                Ok(runs)
            })
            .await
    }
}
