//! Retention of the logs: inbound events, deliveries, changes and calls of functions.
//!
//! A pass walks the logs together, from the oldest row on, a slice at a time.
//! All are keyed by time, so one position serves them all. A reader looks
//! at a bounded number of rows and picks those that may go; the writer compares
//! each once more and drops it, for a few milliseconds. The position is kept in
//! the same transaction, so that a pass goes on where a restart left it and
//! rows that stay (failed ones stay longest) are looked at once a pass.
//!
//! Unfinished rows never go, with one exception: messages to an endpoint that
//! was deleted, which can never be sent.

use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection as Db, Rows, params};
use turnbuckle_core::id::first_row_key_at;

use super::{ROWS_DROPPED_MAX, note, put_note};
use crate::maintenance::{Keep, RETENTION_NOTE};
use crate::sqlite::failure::Failure;

/// Rows of each log that one slice looks at.
const ROWS_READ_MAX: usize = 5_000;

/// How long one slice may hold the writer up.
const DROP_TIME: Duration = Duration::from_millis(5);

const EVENTS: &str =
    "SELECT seq, status = 5 AND seq < ?2 OR status = 4 AND seq < ?3 FROM inbound_event
    WHERE seq > ?1 AND seq < max(?2, ?3) ORDER BY seq LIMIT ?4";

const DELIVERIES: &str =
    "SELECT seq, state IN (4, 5, 6) OR endpoint NOT IN (SELECT seq FROM endpoint)
    FROM delivery WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";

const CHANGES: &str = "SELECT seq, seq NOT IN (SELECT change FROM deferred_change) FROM change
    WHERE seq > ?1 AND seq < ?2
        AND seq <= (SELECT matched_through FROM feed WHERE shard = 0)
    ORDER BY seq LIMIT ?3";

const CALLS: &str = "SELECT seq, true FROM function_call
    WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Log {
    Events,
    Deliveries,
    Changes,
    Calls,
}

/// Up to which key (exclusive) finished rows may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Borders {
    done: i64,
    failed: i64,
    deliveries: i64,
    changes: i64,
    calls: i64,
}

impl Borders {
    fn by_age(keep: &Keep) -> Self {
        Self {
            done: first_row_key_at(keep.done_since),
            failed: first_row_key_at(keep.failed_since),
            deliveries: first_row_key_at(keep.deliveries_since),
            changes: first_row_key_at(keep.changes_since),
            calls: first_row_key_at(keep.calls_since),
        }
    }

    /// Whatever is finished: the logs hold more than they may.
    const ALL: Self = Self {
        done: i64::MAX,
        failed: i64::MAX,
        deliveries: i64::MAX,
        changes: i64::MAX,
        calls: i64::MAX,
    };
}

/// How far a pass has come. A pass of the other kind starts at the oldest row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Walk {
    is_by_size: bool,
    /// Every row up to this key has been looked at.
    position: i64,
}

impl Walk {
    fn read(db: &Db, is_by_size: bool) -> Result<Self, Failure> {
        let start = Self { is_by_size, position: 0 };
        let stored = note(db, RETENTION_NOTE)?.and_then(|text| Self::parse(&text));
        Ok(stored.filter(|walk| walk.is_by_size == is_by_size).unwrap_or(start))
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, position) = text.split_once(' ')?;
        Some(Self { is_by_size: kind == "size", position: position.parse().ok()? })
    }

    fn store(self, db: &Db) -> Result<(), Failure> {
        let kind = if self.is_by_size { "size" } else { "age" };
        put_note(db, RETENTION_NOTE, &format!("{kind} {}", self.position))
    }
}

/// Rows that may go, in the order of their time.
#[derive(Debug)]
pub struct Slice {
    walk: Walk,
    borders: Borders,
    rows: Vec<(i64, Log)>,
    /// Key up to which every log was looked at; `None` once that is all of them.
    through: Option<i64>,
}

/// Picks the next rows that may go.
pub fn find_slice(db: &Db, keep: &Keep) -> Result<Slice, Failure> {
    let is_by_size = match keep.log_bytes_max {
        Some(bytes_max) => bytes_used(db)? > bytes_max,
        None => false,
    };
    let walk = Walk::read(db, is_by_size)?;
    let borders = if is_by_size { Borders::ALL } else { Borders::by_age(keep) };
    let from = walk.position;
    let limit = ROWS_READ_MAX as i64;
    let mut slice = Slice { walk, borders, rows: Vec::new(), through: None };
    slice.look(
        Log::Events,
        db.prepare_cached(EVENTS)?.query(params![from, borders.done, borders.failed, limit])?,
    )?;
    slice.look(
        Log::Deliveries,
        db.prepare_cached(DELIVERIES)?.query(params![from, borders.deliveries, limit])?,
    )?;
    slice.look(
        Log::Changes,
        db.prepare_cached(CHANGES)?.query(params![from, borders.changes, limit])?,
    )?;
    slice
        .look(Log::Calls, db.prepare_cached(CALLS)?.query(params![from, borders.calls, limit])?)?;
    slice.rows.sort_unstable();
    if let Some(through) = slice.through {
        slice.rows.retain(|(key, _)| *key <= through);
    }
    Ok(slice)
}

impl Slice {
    /// Looks at rows of one log until the slice has enough of it.
    fn look(&mut self, log: Log, mut rows: Rows<'_>) -> Result<(), Failure> {
        let (mut read, mut picked) = (0, 0);
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            read += 1;
            if row.get(1)? {
                self.rows.push((key, log));
                picked += 1;
            }
            if read == ROWS_READ_MAX || picked == ROWS_DROPPED_MAX {
                self.through = Some(self.through.map_or(key, |through| through.min(key)));
                break;
            }
        }
        Ok(())
    }
}

/// Bytes of the database in use.
fn bytes_used(db: &Db) -> Result<u64, Failure> {
    let bytes: i64 = db
        .prepare_cached(
            "SELECT (page_count - freelist_count) * page_size
             FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(bytes.unsigned_abs())
}

/// Drops the rows of a slice, as many as the time allows. Answers whether the
/// pass has more before it.
pub fn drop_slice(db: &Db, slice: &Slice) -> Result<bool, Failure> {
    let mut drops = Drops::prepare(db)?;
    let started = Instant::now();
    let mut rows = slice.rows.iter().peekable();
    let mut through = slice.through;
    while let Some((key, log)) = rows.next() {
        drops.drop_row(slice.borders, *log, *key)?;
        // Rows of two logs may have one key: the position lies behind both or neither.
        let is_border = rows.peek().is_some_and(|(next, _)| next != key);
        if is_border && started.elapsed() > DROP_TIME {
            through = Some(*key);
            break;
        }
    }
    // The next pass begins at the oldest row again: what was not finished may be by then.
    Walk { position: through.unwrap_or(0), ..slice.walk }.store(db)?;
    Ok(through.is_some())
}

/// The statements that drop rows with what belongs to them. Each compares what
/// the reader saw once more: an event may have been replayed since.
struct Drops<'a> {
    event: CachedStatement<'a>,
    event_outcome: CachedStatement<'a>,
    event_records: CachedStatement<'a>,
    delivery: CachedStatement<'a>,
    delivery_waiting: CachedStatement<'a>,
    delivery_attempts: CachedStatement<'a>,
    change: CachedStatement<'a>,
    call: CachedStatement<'a>,
}

impl<'a> Drops<'a> {
    fn prepare(db: &'a Db) -> Result<Self, Failure> {
        Ok(Self {
            event: db.prepare_cached(
                "DELETE FROM inbound_event WHERE seq = ?1
                     AND (status = 5 AND seq < ?2 OR status = 4 AND seq < ?3)",
            )?,
            event_outcome: db.prepare_cached("DELETE FROM inbound_outcome WHERE event = ?1")?,
            event_records: db.prepare_cached("DELETE FROM inbound_record WHERE event = ?1")?,
            delivery: db.prepare_cached(
                "DELETE FROM delivery WHERE seq = ?1
                     AND (state IN (4, 5, 6) OR endpoint NOT IN (SELECT seq FROM endpoint))",
            )?,
            delivery_waiting: db
                .prepare_cached("DELETE FROM delivery_waiting WHERE delivery = ?1")?,
            delivery_attempts: db.prepare_cached("DELETE FROM attempt WHERE delivery = ?1")?,
            change: db.prepare_cached("DELETE FROM change WHERE seq = ?1")?,
            call: db.prepare_cached("DELETE FROM function_call WHERE seq = ?1")?,
        })
    }

    fn drop_row(&mut self, borders: Borders, log: Log, key: i64) -> Result<(), Failure> {
        match log {
            Log::Events => {
                if self.event.execute(params![key, borders.done, borders.failed])? > 0 {
                    self.event_outcome.execute([key])?;
                    self.event_records.execute([key])?;
                }
            }
            Log::Deliveries => {
                if self.delivery.execute([key])? > 0 {
                    self.delivery_waiting.execute([key])?;
                    self.delivery_attempts.execute([key])?;
                }
            }
            // Matched and not deferred is final.
            Log::Changes => {
                self.change.execute([key])?;
            }
            Log::Calls => {
                self.call.execute([key])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
