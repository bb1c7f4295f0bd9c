//! What was stored for deleted connections goes, a slice at a time, and so do the calls
//! of deleted functions.
//!
//! Deleting one is short however much it holds: its row goes, which is what makes
//! acting on the rest impossible, and its number is noted here. What is found by an
//! index goes first. Queues and logs have no index by connection: the rows of its
//! workspace are walked through once, in the order of time. The queues come before
//! the logs, since what is under way moves from the one to the other; and what is
//! sent again moves back, so the walk ends in the queue of deliveries.
//!
//! Whoever erases of a connection holds its row here, so processes erase of
//! different ones. A row that somebody else holds is waited for, not passed by: the
//! walk stops before it and goes on at a later call.
//!
//! The bytes of what is erased are in the files until the server writes over them.

use std::collections::BTreeMap;

use deadpool_postgres::{GenericClient, Pool, Transaction};
use turnbuckle_core::id::{ConnectionNo, UnixMs, WorkspaceId, first_row_key_at};

use crate::postgres::failure::Failure;
use crate::postgres::partitions::{Log, delete_rows};
use crate::postgres::statement::{Parameters, execute, find, list};

/// Rows that one slice erases, or walks over, per table.
const SLICE: i64 = 1_000;

/// By how much the clocks of two processes may differ.
const CLOCKS_DIFFER_MS: UnixMs = 3_600 * 1000;

/// What is found by an index. Each begins with the first rows of an index, so that
/// no table is read to find out that nothing is left.
const INDEXED: [&str; 5] = [
    "DELETE FROM record_key WHERE ctid = ANY (ARRAY(
        SELECT it.ctid FROM entity JOIN entity_column
            ON entity_column.workspace = entity.workspace AND entity_column.entity = entity.no
        CROSS JOIN LATERAL (
            SELECT ctid FROM record_key
            WHERE workspace = $1 AND record_key.entity_column = entity_column.no
            ORDER BY key, record LIMIT $3) AS it
        WHERE entity.workspace = $1 AND entity.connection = $2 LIMIT $3))",
    "DELETE FROM record WHERE ctid = ANY (ARRAY(
        SELECT it.ctid FROM entity CROSS JOIN LATERAL (
            SELECT ctid FROM record WHERE workspace = $1 AND record.entity = entity.no
            ORDER BY seq LIMIT $3) AS it
        WHERE entity.workspace = $1 AND entity.connection = $2 LIMIT $3))",
    "DELETE FROM subscription_key WHERE ctid = ANY (ARRAY(
        SELECT it.ctid FROM (
            SELECT seq FROM subscription WHERE workspace = $1 AND connection = $2
            ORDER BY object, seq LIMIT $3) AS first
        CROSS JOIN LATERAL (
            SELECT ctid FROM subscription_key WHERE workspace = $1 AND subscription = first.seq
            LIMIT $3) AS it
        LIMIT $3))",
    // Those whose keys the statement before did not find any more.
    "DELETE FROM subscription WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM subscription WHERE workspace = $1 AND connection = $2
        ORDER BY object, seq LIMIT $3))",
    "DELETE FROM deferred_change WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM deferred_change WHERE workspace = $1 AND connection = $2
        ORDER BY object, change LIMIT $3))",
];

/// A table that is walked through.
struct Walked {
    table: &'static str,
    /// Tables of which rows go along, with the column that names the row here.
    along: &'static [(&'static str, &'static str)],
}

const OF_EVENTS: &[(&str, &str)] =
    &[("event_call", "event"), ("inbound_record", "event"), ("dedupe", "event")];

const OF_DELIVERIES: &[(&str, &str)] = &[("attempt", "delivery")];

/// In this order, by which `erasure.walked` counts.
const WALKED: [Walked; 7] = [
    Walked { table: "inbound_queue", along: OF_EVENTS },
    Walked { table: "change_queue", along: &[] },
    Walked { table: "delivery_queue", along: OF_DELIVERIES },
    Walked { table: "inbound_event", along: OF_EVENTS },
    Walked { table: "change", along: &[] },
    Walked { table: "delivery", along: OF_DELIVERIES },
    Walked { table: "delivery_queue", along: OF_DELIVERIES },
];

const REST: [&str; 5] = [
    "DELETE FROM rekeying WHERE workspace = $1 AND connection = $2",
    "DELETE FROM entity_column WHERE workspace = $1 AND entity IN (
        SELECT no FROM entity WHERE workspace = $1 AND connection = $2)",
    "DELETE FROM entity WHERE workspace = $1 AND connection = $2",
    "DELETE FROM connection_line WHERE workspace = $1 AND connection = $2",
    "DELETE FROM erasure WHERE workspace = $1 AND connection = $2",
];

/// Functions in the log are found one after the other, each by one look into an index
/// of every partition.
const CALLS: &str = "WITH RECURSIVE called (workspace, function) AS (
        (SELECT workspace, function FROM function_call ORDER BY workspace, function LIMIT 1)
        UNION ALL
        SELECT next.workspace, next.function FROM called CROSS JOIN LATERAL (
            SELECT workspace, function FROM function_call
            WHERE (function_call.workspace, function_call.function)
                > (called.workspace, called.function)
            ORDER BY workspace, function LIMIT 1) AS next)
    SELECT it.workspace, it.seq FROM called CROSS JOIN LATERAL (
        SELECT workspace, seq FROM function_call
        WHERE function_call.workspace = called.workspace
            AND function_call.function = called.function
        ORDER BY seq LIMIT $1) AS it
    WHERE NOT EXISTS (
        SELECT FROM function
        WHERE function.workspace = called.workspace AND function.seq = called.function)
    LIMIT $1";

/// Notes that a connection is to be erased. In the transaction that deletes it, and
/// best before its row goes: then the walk begins at the time when it was made.
pub async fn begin(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    connection: ConnectionNo,
) -> Result<(), Failure> {
    let made = "SELECT created_at_ms FROM connection WHERE workspace = $1 AND no = $2";
    let made_at: Option<UnixMs> =
        find(db, made, &[&workspace.0, &connection.0], |row| Ok(row.get(0))).await?;
    let since = made_at.map_or(0, |at| first_row_key_at(at - CLOCKS_DIFFER_MS));
    let insert = "INSERT INTO erasure (workspace, connection, since, position)
        VALUES ($1, $2, $3, $3)";
    execute(db, insert, &[&workspace.0, &connection.0, &since]).await?;
    Ok(())
}

/// Erases a slice; `true` while there is more that can be erased now.
pub async fn erase_slice(pool: &Pool) -> Result<bool, Failure> {
    let mut db = pool.get().await?;
    let transaction = db.transaction().await?;
    let Some(erasure) = Erasure::take(&transaction).await? else {
        let goes_on = erase_calls(&transaction).await?;
        transaction.commit().await?;
        return Ok(goes_on);
    };
    let goes_on = erasure.erase(&transaction).await?;
    transaction.commit().await?;
    Ok(goes_on)
}

async fn erase_calls(db: &Transaction<'_>) -> Result<bool, Failure> {
    let mut gone: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (workspace, seq) in list(db, CALLS, &[&SLICE], |row| Ok((row.get(0), row.get(1)))).await? {
        gone.entry(workspace).or_default().push(seq);
    }
    for (workspace, keys) in &gone {
        let rows = (Log::Calls.table(), Log::Calls.key());
        delete_rows(db, rows, WorkspaceId(*workspace), keys).await?;
    }
    Ok(!gone.is_empty())
}

/// A connection that is being erased, held until the end of the transaction.
struct Erasure {
    workspace: i64,
    connection: i64,
    since: i64,
    walked: i64,
    position: i64,
}

impl Erasure {
    async fn take(db: &Transaction<'_>) -> Result<Option<Self>, Failure> {
        let take = "SELECT workspace, connection, since, walked, position FROM erasure
            ORDER BY workspace, connection LIMIT 1 FOR UPDATE SKIP LOCKED";
        find(db, take, &[], |row| {
            Ok(Self {
                workspace: row.get(0),
                connection: row.get(1),
                since: row.get(2),
                walked: row.get(3),
                position: row.get(4),
            })
        })
        .await
    }

    async fn erase(&self, db: &Transaction<'_>) -> Result<bool, Failure> {
        for slice in INDEXED {
            if execute(db, slice, &[&self.workspace, &self.connection, &SLICE]).await? > 0 {
                return Ok(true);
            }
        }
        if let Some(walked) = WALKED.get(self.walked as usize) {
            return self.walk(db, walked).await;
        }
        for rest in REST {
            execute(db, rest, &[&self.workspace, &self.connection]).await?;
        }
        Ok(true)
    }

    /// Erases from the next rows of a table; `false` if somebody holds the first of them.
    async fn walk(&self, db: &Transaction<'_>, walked: &Walked) -> Result<bool, Failure> {
        let Self { workspace, connection, position, .. } = self;
        let table = walked.table;
        let stretch = format!(
            "SELECT seq FROM {table} WHERE workspace = $1 AND seq > $2
             ORDER BY seq OFFSET $3 LIMIT 1"
        );
        let through: Option<i64> =
            find(db, &stretch, &[workspace, position, &(SLICE - 1)], |row| Ok(row.get(0))).await?;
        let last = through.unwrap_or(i64::MAX);
        let erase = format!(
            "WITH found AS MATERIALIZED (
                SELECT seq FROM {table}
                WHERE workspace = $1 AND seq > $2 AND seq <= $3 AND connection = $4
                FOR UPDATE SKIP LOCKED)
             DELETE FROM {table} AS it USING found
             WHERE workspace = $1 AND it.seq > $2 AND it.seq <= $3 AND it.seq = found.seq
             RETURNING it.seq"
        );
        let range: Parameters<'_> = &[workspace, position, &last, connection];
        let erased: Vec<i64> = list(db, &erase, range, |row| Ok(row.get(0))).await?;
        for rows in walked.along {
            delete_rows(db, *rows, WorkspaceId(*workspace), &erased).await?;
        }
        let first_left = format!(
            "SELECT min(seq) FROM {table}
             WHERE workspace = $1 AND seq > $2 AND seq <= $3 AND connection = $4"
        );
        let first_left = find(db, &first_left, range, |row| Ok(row.get::<_, Option<i64>>(0)));
        let (walked, position) = match (first_left.await?.flatten(), through) {
            (Some(first_left), _) => (self.walked, first_left - 1),
            (None, Some(through)) => (self.walked, through),
            (None, None) => (self.walked + 1, self.since),
        };
        let note = "UPDATE erasure SET walked = $3, position = $4
            WHERE workspace = $1 AND connection = $2";
        execute(db, note, &[workspace, connection, &walked, &position]).await?;
        Ok(!erased.is_empty() || (walked, position) != (self.walked, self.position))
    }
}
