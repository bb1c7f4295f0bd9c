//! Answers kept for repeats, on PostgreSQL. A claim is one statement on one
//! row, so of two callers one is the first.

use async_trait::async_trait;
use turnbuckle_core::id::{UnixMs, WorkspaceId};

use crate::StoreError;
use crate::idempotency::{Claim, IDEMPOTENCY_MS, IdempotencyStore, UNANSWERED_MS};
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{Parameters, execute, find, read_bytes};

/// Takes the key where nobody holds it, or its holder's time is over. Whoever
/// finds another's claim under way waits for its commit.
const TAKE: &str = "INSERT INTO idempotency (workspace, key, fingerprint, claimed_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace, key) DO UPDATE SET fingerprint = excluded.fingerprint,
        claimed_at_ms = excluded.claimed_at_ms, answer = NULL
    WHERE idempotency.claimed_at_ms
        < CASE WHEN idempotency.answer IS NULL THEN $5::bigint ELSE $6::bigint END";

const HELD: &str = "SELECT fingerprint, answer FROM idempotency WHERE workspace = $1 AND key = $2";

#[async_trait]
impl IdempotencyStore for PostgresStore {
    async fn claim(
        &self,
        workspace: WorkspaceId,
        key: &str,
        fingerprint: &[u8; 32],
        now: UnixMs,
    ) -> Result<Claim, StoreError> {
        during("claim an idempotency key", async {
            let db = self.pool.get().await?;
            let bytes = fingerprint.as_slice();
            let (unanswered, answered) = (now - UNANSWERED_MS, now - IDEMPOTENCY_MS);
            let take: Parameters<'_> = &[&workspace.0, &key, &bytes, &now, &unanswered, &answered];
            loop {
                if execute(&db, TAKE, take).await? == 1 {
                    return Ok(Claim::First);
                }
                let held = find(&db, HELD, &[&workspace.0, &key], |row| {
                    Ok((read_bytes::<32>(row, 0)?, row.get::<_, Option<Vec<u8>>>(1)))
                })
                .await?;
                match held {
                    Some((held, _)) if held != *fingerprint => return Ok(Claim::Mismatch),
                    Some((_, answer)) => {
                        return Ok(answer.map_or(Claim::InProgress, Claim::Answered));
                    }
                    // Released since.
                    None => {}
                }
            }
        })
        .await
    }

    async fn keep_answer(
        &self,
        workspace: WorkspaceId,
        key: &str,
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        during("keep an answer for repeats", async {
            let db = self.pool.get().await?;
            let keep = "UPDATE idempotency SET answer = $3
                WHERE workspace = $1 AND key = $2 AND answer IS NULL";
            execute(&db, keep, &[&workspace.0, &key, &sealed]).await?;
            Ok::<_, Failure>(())
        })
        .await
    }

    async fn release(&self, workspace: WorkspaceId, key: &str) -> Result<(), StoreError> {
        during("release an idempotency key", async {
            let db = self.pool.get().await?;
            let release = "DELETE FROM idempotency
                WHERE workspace = $1 AND key = $2 AND answer IS NULL";
            execute(&db, release, &[&workspace.0, &key]).await?;
            Ok::<_, Failure>(())
        })
        .await
    }
}
