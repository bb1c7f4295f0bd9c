//! Answers kept for repeats, on SQLite. Claiming is one job of the writer, so
//! of two callers one is the first.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, params};
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::idempotency::{Claim, IDEMPOTENCY_MS, IdempotencyStore, UNANSWERED_MS};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

/// A claim as it is kept.
struct Claimed {
    fingerprint: [u8; 32],
    claimed_at: UnixMs,
    answer: Option<Vec<u8>>,
}

impl Claimed {
    fn find(db: &Db, workspace: WorkspaceId, key: &str) -> Result<Option<Self>, Failure> {
        Ok(db
            .prepare_cached(
                "SELECT fingerprint, claimed_at_ms, answer FROM idempotency
                 WHERE workspace = ?1 AND key = ?2",
            )?
            .query_row(params![workspace.0, key], |row| {
                Ok(Self { fingerprint: row.get(0)?, claimed_at: row.get(1)?, answer: row.get(2)? })
            })
            .optional()?)
    }

    fn is_over(&self, now: UnixMs) -> bool {
        let kept_ms = if self.answer.is_some() { IDEMPOTENCY_MS } else { UNANSWERED_MS };
        now - self.claimed_at > kept_ms
    }

    /// What it means for a request that comes while it holds.
    fn meets(self, fingerprint: &[u8; 32]) -> Claim {
        if self.fingerprint != *fingerprint {
            return Claim::Mismatch;
        }
        self.answer.map_or(Claim::InProgress, Claim::Answered)
    }
}

fn claim(
    db: &Db,
    workspace: WorkspaceId,
    key: &str,
    fingerprint: &[u8; 32],
    now: UnixMs,
) -> Result<Claim, Failure> {
    if let Some(claimed) = Claimed::find(db, workspace, key)?
        && !claimed.is_over(now)
    {
        return Ok(claimed.meets(fingerprint));
    }
    db.prepare_cached(
        "INSERT INTO idempotency (workspace, key, fingerprint, claimed_at_ms, answer)
         VALUES (?1, ?2, ?3, ?4, NULL)
         ON CONFLICT (workspace, key) DO UPDATE SET fingerprint = excluded.fingerprint,
             claimed_at_ms = excluded.claimed_at_ms, answer = NULL",
    )?
    .execute(params![workspace.0, key, fingerprint, now])?;
    Ok(Claim::First)
}

#[async_trait]
impl IdempotencyStore for SqliteStore {
    async fn claim(
        &self,
        workspace: WorkspaceId,
        key: &str,
        fingerprint: &[u8; 32],
        now: UnixMs,
    ) -> Result<Claim, StoreError> {
        let (key, fingerprint) = (key.to_owned(), *fingerprint);
        self.writer
            .run(Priority::Stages, "claim an idempotency key", move |batch| {
                claim(batch.sql, workspace, &key, &fingerprint, now)
            })
            .await
    }

    async fn keep_answer(
        &self,
        workspace: WorkspaceId,
        key: &str,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.writer
            .run(Priority::Stages, "keep an answer for repeats", move |batch| {
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE idempotency SET answer = ?3
                         WHERE workspace = ?1 AND key = ?2 AND answer IS NULL",
                    )?
                    .execute(params![workspace.0, key, sealed])?;
                Ok(())
            })
            .await
    }

    async fn release(&self, workspace: WorkspaceId, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.writer
            .run(Priority::Stages, "release an idempotency key", move |batch| {
                batch
                    .sql
                    .prepare_cached(
                        "DELETE FROM idempotency
                         WHERE workspace = ?1 AND key = ?2 AND answer IS NULL",
                    )?
                    .execute(params![workspace.0, key])?;
                Ok(())
            })
            .await
    }
}
