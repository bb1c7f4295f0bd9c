//! Retention of the logs: inbound events, deliveries, changes and calls of functions.
//!
//! A pass begins with the weeks of which every row may go: they are dropped whole.
//! Then it walks, a slice at a time, through the partitions in which some rows may
//! go and others stay:
//! - the default one of each log;
//! - weeks in which failed events stay longer than done ones, or the reverse;
//! - weeks that are held: of the attempts of a message that has not ended, or of a
//!   change that was put off for an object;
//! - the week in which the logs are cut for their size ([`super::size`]).
//!
//! Everywhere else a row waits for the end of its week, so a log keeps up to a week
//! more than was asked for. Pending work is in tables of its own and never goes,
//! with one exception: messages to an endpoint that was deleted, which can never be
//! sent.
//!
//! How far a pass has come is known to its process alone, and lost with it: that
//! costs looking again. Passes of two processes go on beside each other, each
//! passing over the rows that the other holds.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Mutex;

use deadpool_postgres::{Client, Pool};
use turnbuckle_core::id::{UnixMs, WorkspaceId, first_row_key_at};

use super::{ROWS_DROPPED_MAX, size};
use crate::maintenance::Keep;
use crate::postgres::failure::Failure;
use crate::postgres::partitions::{self, Dropping, Log, Partition};

/// A message that has not ended has its attempts in the log all the same.
const HOLDS_ATTEMPTS: &str =
    "SELECT EXISTS (SELECT FROM delivery_queue WHERE seq >= $1 AND seq < $2)";

const HOLDS_CHANGES: &str =
    "SELECT EXISTS (SELECT FROM deferred_change WHERE change >= $1 AND change < $2)";

/// Finds rows of a week that are needed, whatever its age.
fn held(log: Log) -> Option<&'static str> {
    match log {
        Log::Attempts => Some(HOLDS_ATTEMPTS),
        Log::Changes => Some(HOLDS_CHANGES),
        Log::Events | Log::EventRecords | Log::Deliveries | Log::Calls => None,
    }
}

/// Up to which key (exclusive) rows may go.
#[derive(Debug, Clone, Copy)]
struct Borders {
    done: i64,
    failed: i64,
    deliveries: i64,
    changes: i64,
    calls: i64,
    /// What is below it goes for the size of the logs, whatever its kind.
    cut: i64,
}

impl Borders {
    fn by_age(keep: &Keep) -> Self {
        Self {
            done: first_row_key_at(keep.done_since),
            failed: first_row_key_at(keep.failed_since),
            deliveries: first_row_key_at(keep.deliveries_since),
            changes: first_row_key_at(keep.changes_since),
            calls: first_row_key_at(keep.calls_since),
            cut: 0,
        }
    }

    /// Below it every row of the log may go.
    fn of_all(&self, log: Log) -> i64 {
        let by_age = match log {
            Log::Events | Log::EventRecords => self.done.min(self.failed),
            Log::Deliveries | Log::Attempts => self.deliveries,
            Log::Changes => self.changes,
            Log::Calls => self.calls,
        };
        by_age.max(self.cut)
    }

    /// Below it some rows of the log may go.
    fn of_some(&self, log: Log) -> i64 {
        match log {
            Log::Events => self.done.max(self.failed).max(self.cut),
            log => self.of_all(log),
        }
    }
}

/// The pass that is under way, if one is.
#[derive(Default)]
pub struct Retention(Mutex<Option<VecDeque<Walk>>>);

impl Retention {
    /// Drops a slice. Answers whether the pass has more before it.
    pub async fn drop_slice(&self, pool: &Pool, keep: &Keep, now: UnixMs) -> Result<bool, Failure> {
        let under_way = self.0.lock().expect("no code panics holding it").take();
        let mut pass = match under_way {
            Some(pass) => pass,
            None => begin(pool, keep, now).await?,
        };
        let mut db = pool.get().await?;
        while let Some(walk) = pass.front_mut() {
            if walk.drop_slice(&mut db).await? {
                *self.0.lock().expect("no code panics holding it") = Some(pass);
                return Ok(true);
            }
            pass.pop_front();
        }
        Ok(false)
    }
}

/// Drops the weeks that go whole. Answers what is to be walked through.
async fn begin(pool: &Pool, keep: &Keep, now: UnixMs) -> Result<VecDeque<Walk>, Failure> {
    partitions::make(pool, now).await?;
    let mut db = pool.get().await?;
    let mut borders = Borders::by_age(keep);
    let mut left = drop_weeks(&mut db, &borders).await?;
    if let Some(bytes_max) = keep.log_bytes_max {
        borders.cut = size::find_cut(&db, bytes_max, now).await?;
        left = drop_weeks(&mut db, &borders).await?;
    }
    let walks = left.iter().filter(|(partition, dropping)| {
        let starts_below = |border| partition.keys.as_ref().is_none_or(|keys| keys.start < border);
        *dropping == Some(Dropping::Held)
            || starts_below(borders.cut)
            || borders.done != borders.failed
                && partition.log == Log::Events
                && starts_below(borders.of_some(Log::Events))
    });
    let walks = walks.map(|(partition, _)| Walk::through(partition, &borders));
    Ok(std::iter::once(Walk::through_queue(&borders)).chain(walks).collect())
}

/// Drops weeks of which every row may go. Answers the partitions that are left, with
/// what became of those that were to be dropped; not those that are in use.
async fn drop_weeks(
    db: &mut Client,
    borders: &Borders,
) -> Result<Vec<(Partition, Option<Dropping>)>, Failure> {
    let mut left = Vec::new();
    for partition in partitions::list(db).await? {
        let Partition { log, table, keys, .. } = &partition;
        let goes = |keys: &&Range<i64>| keys.end <= borders.of_all(*log);
        let dropping = match keys.as_ref().filter(goes) {
            Some(keys) => Some(partitions::drop_week(db, (*log, table), keys, held(*log)).await?),
            None => None,
        };
        if matches!(dropping, None | Some(Dropping::Held)) {
            left.push((partition, dropping));
        }
    }
    Ok(left)
}

/// A walk through a table, in the order of its primary key.
#[derive(Debug)]
struct Walk {
    table: String,
    /// The primary key: the workspace, the row key, and what else there is.
    columns: &'static [&'static str],
    /// Up to which row key (exclusive) it goes.
    border: i64,
    /// Which rows may go. The table is called `it`.
    may_go: String,
    /// Where there are rows under the keys of those that go, which go along.
    along: Option<Log>,
    /// The row looked at last.
    after: Vec<i64>,
}

impl Walk {
    fn through(partition: &Partition, borders: &Borders) -> Self {
        let columns: &[&str] = match partition.log {
            Log::Events | Log::Deliveries | Log::Changes | Log::Calls => &["workspace", "seq"],
            Log::EventRecords => &["workspace", "event", "item"],
            Log::Attempts => &["workspace", "delivery", "at_ms"],
        };
        let may_go = match partition.log {
            Log::Events => {
                let [done, failed] = [borders.done, borders.failed].map(|it| it.max(borders.cut));
                format!("status = 5 AND seq < {done} OR status = 4 AND seq < {failed}")
            }
            Log::EventRecords | Log::Deliveries | Log::Calls => "true".to_owned(),
            Log::Attempts => "NOT EXISTS (
                SELECT FROM delivery_queue AS pending
                WHERE pending.workspace = it.workspace AND pending.seq = it.delivery)"
                .to_owned(),
            Log::Changes => "NOT EXISTS (
                SELECT FROM deferred_change AS deferred
                WHERE deferred.workspace = it.workspace AND deferred.connection = it.connection
                    AND deferred.change = it.seq)"
                .to_owned(),
        };
        Self {
            table: partition.table.clone(),
            columns,
            border: borders.of_some(partition.log),
            may_go,
            along: (partition.log == Log::Events).then_some(Log::EventRecords),
            after: vec![0; columns.len()],
        }
    }

    /// Through the messages that are not sent yet.
    fn through_queue(borders: &Borders) -> Self {
        Self {
            table: "delivery_queue".to_owned(),
            columns: &["workspace", "seq"],
            border: borders.deliveries,
            may_go: "NOT EXISTS (
                SELECT FROM endpoint
                WHERE endpoint.workspace = it.workspace AND endpoint.seq = it.endpoint)"
                .to_owned(),
            along: Some(Log::Attempts),
            after: vec![0; 2],
        }
    }

    /// Looks at the next rows and drops those that may go. Answers whether there are more.
    async fn drop_slice(&mut self, db: &mut Client) -> Result<bool, Failure> {
        let transaction = db.transaction().await?;
        let looked_at = match transaction.query(self.statement().as_str(), &[]).await {
            // By another process.
            Err(error) if partitions::is_gone(&error) => return Ok(false),
            looked_at => looked_at?,
        };
        if let Some(log) = self.along {
            let mut gone: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
            for row in looked_at.iter().filter(|row| row.get(self.columns.len())) {
                gone.entry(row.get(0)).or_default().push(row.get(1));
            }
            for (workspace, keys) in gone {
                let rows = (log.table(), log.key());
                partitions::delete_rows(&transaction, rows, WorkspaceId(workspace), &keys).await?;
            }
        }
        transaction.commit().await?;
        if let Some(last) = looked_at.last() {
            self.after = (0..self.columns.len()).map(|column| last.get(column)).collect();
        }
        Ok(looked_at.len() == ROWS_DROPPED_MAX)
    }

    /// Answers the rows looked at, in order, each with whether it is gone. What is
    /// compared is compared again once the row is locked: an event may have been
    /// replayed since.
    fn statement(&self) -> String {
        let Self { table, border, may_go, .. } = self;
        let (columns, key) = (self.columns.join(", "), self.columns[1]);
        let after = self.after.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        format!(
            "WITH looked_at AS MATERIALIZED (
                SELECT ctid AS place, {columns} FROM {table}
                WHERE ({columns}) > ({after}) AND {key} < {border}
                ORDER BY {columns} LIMIT {ROWS_DROPPED_MAX}),
            going AS MATERIALIZED (
                SELECT ctid AS place FROM {table} AS it
                WHERE ctid = ANY (ARRAY(SELECT place FROM looked_at)) AND ({may_go})
                FOR UPDATE OF it SKIP LOCKED),
            gone AS (
                DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT place FROM going))
                RETURNING {columns})
            SELECT {columns}, gone.workspace IS NOT NULL
            FROM looked_at LEFT JOIN gone USING ({columns}) ORDER BY {columns}"
        )
    }
}
