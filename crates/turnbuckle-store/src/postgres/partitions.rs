//! The partitions of the logs: weeks, made ahead and dropped whole. Those of rows that
//! are carried over from another store are made with them.
//!
//! Weeks are counted from the epoch and named after their first day; where they
//! begin and end is read from the server, never from the name. What is of no
//! week that was made lies in the default partition of its log. A week of which
//! that one holds rows cannot be made any more: the rest of its rows go there too.
//!
//! Making or dropping one needs the log alone for a moment, and whoever comes
//! after that wish waits behind it. So it is given up after [`ALONE_WITHIN_MS`];
//! what is left undone is done by a later call, of any process.

use std::collections::BTreeSet;
use std::ops::Range;

use deadpool_postgres::{Client, GenericClient, Pool};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_postgres::Row;
use tokio_postgres::error::{Error as SqlError, SqlState};
use turnbuckle_core::id::{UnixMs, WorkspaceId, first_row_key_at, millis_of_row_key};

use crate::postgres::failure::Failure;
use crate::postgres::statement::{execute, find, list as list_rows};

const WEEK_MS: UnixMs = 7 * 24 * 3600 * 1000;

/// Weeks that are made ahead of the one around now.
const WEEKS_AHEAD: i64 = 2;

/// How long others may have to wait behind the wish to have a log alone. Shorter
/// than the server waits before it looks for a deadlock: upkeep is what gives way.
const ALONE_WITHIN_MS: u32 = 200;

/// How long the wish to be the only one to make partitions may wait, behind which
/// nobody else does.
const TURN_WITHIN_MS: u32 = 5_000;

/// A table that is partitioned by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    Events,
    /// Which records the events wrote.
    EventRecords,
    Deliveries,
    Attempts,
    Changes,
    /// Of functions.
    Calls,
}

impl Log {
    pub const ALL: [Self; 6] = [
        Self::Events,
        Self::EventRecords,
        Self::Deliveries,
        Self::Attempts,
        Self::Changes,
        Self::Calls,
    ];

    pub fn table(self) -> &'static str {
        match self {
            Self::Events => "inbound_event",
            Self::EventRecords => "inbound_record",
            Self::Deliveries => "delivery",
            Self::Attempts => "attempt",
            Self::Changes => "change",
            Self::Calls => "function_call",
        }
    }

    /// The column that it is partitioned by: a row key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Events | Self::Deliveries | Self::Changes | Self::Calls => "seq",
            Self::EventRecords => "event",
            Self::Attempts => "delivery",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Partition {
    pub log: Log,
    /// As it is written in a statement.
    pub table: String,
    /// Row keys that it takes; `None` of the default one.
    pub keys: Option<Range<i64>>,
    /// Of its files, with those of its indexes.
    pub bytes: u64,
}

/// One that is dropped meanwhile is left out, or listed as it was.
const PARTITIONS: &str =
    "SELECT log.place, relnamespace::regnamespace || '.' || quote_ident(relname),
        (regexp_match(borders, $$FROM \\('(\\d+)'\\) TO$$))[1]::bigint,
        (regexp_match(borders, $$TO \\('(\\d+)'\\)$$))[1]::bigint,
        coalesce(pg_total_relation_size(inhrelid), 0)
    FROM unnest($1::text[]) WITH ORDINALITY AS log (name, place)
    JOIN pg_inherits ON inhparent = to_regclass(log.name)
    JOIN pg_class ON pg_class.oid = inhrelid
    JOIN pg_get_expr(relpartbound, inhrelid) AS borders ON borders IS NOT NULL
    ORDER BY log.place, 3";

/// All there are: log by log, oldest first, the default one last.
pub async fn list(db: &impl GenericClient) -> Result<Vec<Partition>, Failure> {
    let tables = Log::ALL.map(Log::table);
    list_rows(db, PARTITIONS, &[&tables.as_slice()], |row| {
        Ok(Partition {
            log: Log::ALL[row.get::<_, i64>(0) as usize - 1],
            table: row.get(1),
            keys: read_keys(row),
            bytes: row.get::<_, i64>(4).unsigned_abs(),
        })
    })
    .await
}

fn read_keys(row: &Row) -> Option<Range<i64>> {
    Some(row.get::<_, Option<i64>>(2)?..row.get::<_, Option<i64>>(3)?)
}

/// Makes the weeks from now on that are not there.
pub async fn make(pool: &Pool, now: UnixMs) -> Result<(), Failure> {
    let mut db = pool.get().await?;
    let there = list(&db).await?;
    let this_week = now.div_euclid(WEEK_MS);
    for week in this_week..=this_week + WEEKS_AHEAD {
        let first = first_row_key_at(week * WEEK_MS);
        let has = |log| {
            let mut keys = there.iter().filter(|it| it.log == log).filter_map(|it| it.keys.clone());
            keys.any(|keys| keys.contains(&first))
        };
        for log in Log::ALL.into_iter().filter(|log| !has(*log)) {
            make_week(&mut db, log, week).await?;
        }
    }
    Ok(())
}

/// Makes the weeks of rows that are about to be written.
pub async fn make_for(
    db: &mut Client,
    log: Log,
    row_keys: impl Iterator<Item = i64>,
) -> Result<(), Failure> {
    let week = |row_key| millis_of_row_key(row_key).div_euclid(WEEK_MS);
    for week in row_keys.map(week).collect::<BTreeSet<i64>>() {
        make_week(db, log, week).await?;
    }
    Ok(())
}

async fn make_week(db: &mut Client, log: Log, week: i64) -> Result<(), Failure> {
    let table = log.table();
    let first_ms = week * WEEK_MS;
    let first_day = Timestamp::from_millisecond(first_ms)
        .expect("the time of a clock is in the calendar")
        .to_zoned(TimeZone::UTC)
        .strftime("%Y%m%d")
        .to_string();
    let [from, to] = [first_ms, first_ms + WEEK_MS].map(first_row_key_at);
    // With the first lock, which readers and writers do not feel, those who make
    // partitions follow each other: the later one finds the week there.
    let make = format!(
        "SET LOCAL lock_timeout = {TURN_WITHIN_MS};
         LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE;
         SET LOCAL lock_timeout = {ALONE_WITHIN_MS};
         CREATE TABLE IF NOT EXISTS {table}_{first_day} PARTITION OF {table}
             FOR VALUES FROM ({from}) TO ({to})"
    );
    let transaction = db.transaction().await?;
    match transaction.batch_execute(&make).await {
        Ok(()) => transaction.commit().await?,
        Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
            tracing::warn!(table, first_day, "a week of a log was not made in time");
        }
        Err(error) if is_in_use(&error) => {
            tracing::debug!(table, first_day, "a log is in use, its week is made later");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What became of a partition that was to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropping {
    Dropped,
    /// `held` found that rows of it are needed.
    Held,
    InUse,
}

/// Drops a week, unless `held`, a statement that is given the keys where it begins
/// and ends, answers true.
pub async fn drop_week(
    db: &mut Client,
    (log, table): (Log, &str),
    keys: &Range<i64>,
    held: Option<&str>,
) -> Result<Dropping, Failure> {
    // Asked first, so that nobody waits for what is not done.
    if is_held(db, keys, held).await? {
        return Ok(Dropping::Held);
    }
    let transaction = db.transaction().await?;
    // Those who drop of one log follow each other, too: the server itself stumbles
    // over a week that goes while it looks for it.
    let drop = format!(
        "SET LOCAL lock_timeout = {TURN_WITHIN_MS};
         LOCK TABLE ONLY {} IN SHARE UPDATE EXCLUSIVE MODE;
         SET LOCAL lock_timeout = {ALONE_WITHIN_MS};
         DROP TABLE IF EXISTS {table}",
        log.table()
    );
    match transaction.batch_execute(&drop).await {
        Err(error) if is_in_use(&error) => return Ok(Dropping::InUse),
        dropped => dropped?,
    }
    // Whoever wrote the log has ended by now, and nobody writes it until we have:
    // this answer is final.
    if is_held(&transaction, keys, held).await? {
        return Ok(Dropping::Held);
    }
    transaction.commit().await?;
    Ok(Dropping::Dropped)
}

async fn is_held(
    db: &impl GenericClient,
    keys: &Range<i64>,
    held: Option<&str>,
) -> Result<bool, Failure> {
    let Some(held) = held else { return Ok(false) };
    let is_held = find(db, held, &[&keys.start, &keys.end], |row| Ok(row.get(0))).await?;
    Ok(is_held.unwrap_or_default())
}

/// Deletes the rows of a workspace whose column `key`, a row key, is one of these.
pub async fn delete_rows(
    db: &impl GenericClient,
    (table, key): (&str, &str),
    workspace: WorkspaceId,
    keys: &[i64],
) -> Result<(), Failure> {
    let (Some(first), Some(last)) = (keys.iter().min(), keys.iter().max()) else { return Ok(()) };
    // The first and the last say which partitions to look into, and where in an index.
    let delete = format!(
        "DELETE FROM {table}
         WHERE workspace = $1 AND {key} = ANY ($2) AND {key} BETWEEN $3 AND $4"
    );
    execute(db, &delete, &[&workspace.0, &keys, first, last]).await?;
    Ok(())
}

/// Whether a partition was dropped since it was listed.
pub fn is_gone(error: &SqlError) -> bool {
    error.code() == Some(&SqlState::UNDEFINED_TABLE)
}

/// Whether somebody else uses what was to be locked.
fn is_in_use(error: &SqlError) -> bool {
    let code = error.code();
    code == Some(&SqlState::LOCK_NOT_AVAILABLE) || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}
