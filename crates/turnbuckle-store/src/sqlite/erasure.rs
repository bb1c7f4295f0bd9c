//! What was stored for deleted connections goes, a slice at a time, and so do the calls
//! of deleted functions.
//!
//! Deleting one is short however much it holds: its row goes, which is what
//! makes acting on the rest impossible, and its number is noted here. What is
//! found by an index goes first; then the logs, which are in the order of time
//! and have no index by connection, are walked once.

use rusqlite::{Connection as Db, OptionalExtension, params};
use turnbuckle_core::id::{ConnectionNo, UnixMs, first_row_key_at};

use crate::sqlite::failure::Failure;

/// Rows that one slice erases, or walks over, per table.
const SLICE: i64 = 1_000;

/// What is found by an index.
const INDEXED: [&str; 5] = [
    "DELETE FROM record_key WHERE (entity_column, key, record) IN (
         SELECT entity_column, key, record FROM record_key
         WHERE entity_column IN (
             SELECT entity_column.no FROM entity_column
             JOIN entity ON entity.no = entity_column.entity WHERE entity.connection = ?1)
         LIMIT ?2)",
    "DELETE FROM record_given_id WHERE (entity, id) IN (
         SELECT entity, id FROM record_given_id
         WHERE entity IN (SELECT no FROM entity WHERE connection = ?1) LIMIT ?2)",
    "DELETE FROM record WHERE seq IN (
         SELECT seq FROM record
         WHERE entity IN (SELECT no FROM entity WHERE connection = ?1) LIMIT ?2)",
    "DELETE FROM subscription_key WHERE (key, subscription) IN (
         SELECT subscription_key.key, subscription_key.subscription FROM subscription
         JOIN subscription_key ON subscription_key.subscription = subscription.seq
         WHERE subscription.connection = ?1 LIMIT ?2)",
    "DELETE FROM subscription WHERE seq IN (
         SELECT seq FROM subscription WHERE connection = ?1 LIMIT ?2)",
];

/// Of a stretch of the logs, in an order where what belongs to a row goes before it.
const LOGS: [&str; 9] = [
    "DELETE FROM change WHERE seq > ?2 AND seq <= ?3 AND connection = ?1",
    "DELETE FROM delivery_waiting WHERE delivery IN (
         SELECT seq FROM delivery WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM attempt WHERE delivery IN (
         SELECT seq FROM delivery WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM delivery WHERE seq > ?2 AND seq <= ?3 AND connection = ?1",
    "DELETE FROM inbound_outcome WHERE event IN (
         SELECT seq FROM inbound_event WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM event_call WHERE event IN (
         SELECT seq FROM inbound_event WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM inbound_record WHERE event IN (
         SELECT seq FROM inbound_event WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM dedupe WHERE event IN (
         SELECT seq FROM inbound_event WHERE seq > ?2 AND seq <= ?3 AND connection = ?1)",
    "DELETE FROM inbound_event WHERE seq > ?2 AND seq <= ?3 AND connection = ?1",
];

const REST: [&str; 5] = [
    "DELETE FROM deferred_change WHERE connection = ?1",
    "DELETE FROM rekeying WHERE connection = ?1",
    "DELETE FROM entity_column WHERE entity IN (SELECT no FROM entity WHERE connection = ?1)",
    "DELETE FROM entity WHERE connection = ?1",
    "DELETE FROM erasure WHERE connection = ?1",
];

/// Functions in the log are found one after the other, each by one look into an index.
const CALLS: &str = "WITH RECURSIVE called (function) AS (
        SELECT min(function) FROM function_call
        UNION ALL
        SELECT (SELECT min(function) FROM function_call WHERE function > called.function)
        FROM called WHERE called.function IS NOT NULL)
    DELETE FROM function_call WHERE seq IN (
        SELECT function_call.seq FROM called CROSS JOIN function_call
            ON function_call.function = called.function
        WHERE called.function NOT IN (SELECT seq FROM function) LIMIT ?1)";

/// Notes that a connection, made at `created_at`, is to be erased.
pub fn begin(db: &Db, connection: ConnectionNo, created_at: UnixMs) -> Result<(), Failure> {
    db.prepare_cached("INSERT INTO erasure (connection, position) VALUES (?1, ?2)")?
        .execute(params![connection.0, first_row_key_at(created_at) - 1])?;
    Ok(())
}

/// Erases a slice; `true` while there is more. Its bytes are overwritten.
pub fn erase_slice(db: &Db) -> Result<bool, Failure> {
    db.pragma_update(None, "secure_delete", true)?;
    let more = erase_next(db);
    db.pragma_update(None, "secure_delete", false)?;
    more
}

fn erase_next(db: &Db) -> Result<bool, Failure> {
    let next: Option<(i64, i64)> = db
        .prepare_cached("SELECT connection, position FROM erasure LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((connection, position)) = next else {
        return Ok(db.prepare_cached(CALLS)?.execute([SLICE])? > 0);
    };
    for slice in INDEXED {
        if db.prepare_cached(slice)?.execute([connection, SLICE])? > 0 {
            return Ok(true);
        }
    }
    let through = stretch(db, position)?;
    for slice in LOGS {
        db.prepare_cached(slice)?.execute([connection, position, through.unwrap_or(i64::MAX)])?;
    }
    if let Some(through) = through {
        db.prepare_cached("UPDATE erasure SET position = ?2 WHERE connection = ?1")?
            .execute([connection, through])?;
        return Ok(true);
    }
    for rest in REST {
        db.prepare_cached(rest)?.execute([connection])?;
    }
    Ok(true)
}

/// How far a walk over the logs may go at once; `None` to their end.
fn stretch(db: &Db, position: i64) -> Result<Option<i64>, Failure> {
    let mut through: Option<i64> = None;
    for log in ["change", "delivery", "inbound_event"] {
        let nth: Option<i64> = db
            .prepare_cached(&format!(
                "SELECT seq FROM {log} WHERE seq > ?1 ORDER BY seq LIMIT 1 OFFSET ?2"
            ))?
            .query_row([position, SLICE - 1], |row| row.get(0))
            .optional()?;
        through = through.into_iter().chain(nth).min();
    }
    Ok(through)
}

#[cfg(test)]
mod tests;
