//! Retention of the small tables: whatever has an end of its own.
//!
//! Rows that another process holds are passed over. What it holds them for may be
//! this same retention; if not, they are found again.

use deadpool_postgres::{Client, GenericClient, Pool};
use turnbuckle_core::id::{UnixMs, first_row_key_at};

use super::ROWS_DROPPED_MAX;
use crate::event_call::BEGUN_MS;
use crate::idempotency::IDEMPOTENCY_MS;
use crate::inbound::DEDUPE_MS;
use crate::maintenance::ENDED_MS;
use crate::postgres::failure::Failure;
use crate::postgres::statement::{execute, list};
use crate::statistics::{MINUTE_MS, STATISTICS_MINUTES};

const DEDUPE: &str = "DELETE FROM dedupe WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM dedupe WHERE event < $1 ORDER BY event LIMIT $2 FOR UPDATE SKIP LOCKED))";

const IDEMPOTENCY: &str = "DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE claimed_at_ms < $1
    ORDER BY claimed_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Each run's by the primary key, whatever the server expects to find.
const RECOVERED_LINES: &str = "DELETE FROM recovered_line WHERE ctid = ANY (ARRAY(
    SELECT line.ctid FROM run CROSS JOIN LATERAL (
        SELECT ctid FROM recovered_line WHERE workspace = run.workspace AND run = run.id
        ORDER BY line LIMIT $2 FOR UPDATE SKIP LOCKED) AS line
    WHERE ended_at_ms <= $1 LIMIT $2))";

/// After the lines that it recovered, which go as soon as it has ended.
const RUNS: &str = "DELETE FROM run WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM run WHERE ended_at_ms < $1 AND NOT EXISTS (
        SELECT FROM recovered_line
        WHERE recovered_line.workspace = run.workspace AND recovered_line.run = run.id)
    LIMIT $2 FOR UPDATE SKIP LOCKED))";

const SOURCE_KEYS: &str = "DELETE FROM source_key WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM source_key WHERE expires_at_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

const SESSIONS: &str = "DELETE FROM console_session WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM console_session WHERE expires_at_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Of events that are gone.
const EVENT_CALLS: &str = "DELETE FROM event_call WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM event_call WHERE call < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))";

const STATISTICS: &str = "DELETE FROM statistics WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM statistics WHERE minute < $1 ORDER BY minute LIMIT $2 FOR UPDATE SKIP LOCKED))";

/// Drops a slice of each table. Answers whether more is left.
pub async fn drop_slice(pool: &Pool, now: UnixMs) -> Result<bool, Failure> {
    let mut db = pool.get().await?;
    let mut more = false;
    for (delete, border) in [
        (DEDUPE, first_row_key_at(now - DEDUPE_MS)),
        (IDEMPOTENCY, now - IDEMPOTENCY_MS),
        (RECOVERED_LINES, now),
        (RUNS, now - ENDED_MS),
        (SOURCE_KEYS, now - ENDED_MS),
        (SESSIONS, now),
        (EVENT_CALLS, first_row_key_at(now - BEGUN_MS)),
        (STATISTICS, now.div_euclid(MINUTE_MS) - STATISTICS_MINUTES),
    ] {
        more |= drop_rows(&db, delete, border).await?;
    }
    more |= drop_bins(&mut db, now).await?;
    Ok(more)
}

async fn drop_rows(db: &impl GenericClient, delete: &str, border: UnixMs) -> Result<bool, Failure> {
    let dropped = execute(db, delete, &[&border, &(ROWS_DROPPED_MAX as i64)]).await?;
    Ok(dropped == ROWS_DROPPED_MAX as u64)
}

/// A bin goes after its requests, which may take several slices. Whoever adds one
/// holds the bin, so it is held here too: none is added that nothing would find.
async fn drop_bins(db: &mut Client, now: UnixMs) -> Result<bool, Failure> {
    let transaction = db.transaction().await?;
    let limit = ROWS_DROPPED_MAX as i64;
    let expired = "SELECT name FROM bin WHERE expires_at_ms <= $1
        ORDER BY expires_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED";
    let bins: Vec<String> =
        list(&transaction, expired, &[&now, &limit], |row| Ok(row.get(0))).await?;
    let requests = "DELETE FROM bin_request WHERE ctid = ANY (ARRAY(
        SELECT request.ctid FROM unnest($1::text[]) AS expired (name) CROSS JOIN LATERAL (
            SELECT ctid FROM bin_request WHERE bin = expired.name
            ORDER BY number LIMIT $2) AS request
        LIMIT $2))";
    let dropped = execute(&transaction, requests, &[&bins, &limit]).await?;
    let empty = "DELETE FROM bin WHERE name = ANY ($1)
        AND NOT EXISTS (SELECT FROM bin_request WHERE bin_request.bin = bin.name)";
    execute(&transaction, empty, &[&bins]).await?;
    transaction.commit().await?;
    Ok(dropped == ROWS_DROPPED_MAX as u64 || bins.len() == ROWS_DROPPED_MAX)
}
