//! Makes inbound events durable, those of many callers in one transaction (see
//! [`crate::postgres::gather`]).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use turnbuckle_core::id::{InboundEventId, Stamp};

use crate::StoreError;
use crate::error::Noun;
use crate::inbound::{Accept, Accepted, DEDUPE_MS, InboundStatus};
use crate::postgres::Parts;
use crate::postgres::failure::{Failure, during};
use crate::postgres::gather::{Answers, Flush};
use crate::postgres::hints::Hint;
use crate::postgres::processes::shard_of_source;
use crate::postgres::statement::{execute, list};
use crate::rules::numbers::inbound_status_to_row;

pub const ACTION: &str = "store an inbound event";

/// Writes what [`crate::inbound::InboundStore::accept`] takes.
pub struct Intake(pub Arc<Parts>);

#[async_trait]
impl Flush for Intake {
    type Job = Accept;
    type Answer = Accepted;

    async fn flush(&self, accepts: &[Accept]) -> Result<Answers<Accepted>, StoreError> {
        let answers = during(ACTION, self.write(accepts)).await?;
        let Parts { hints, processes, .. } = &*self.0;
        hints.new_event.notify_one();
        let is_others = |accept: &Accept| !processes.has_source(accept.event.source);
        if !processes.is_alone() && accepts.iter().any(is_others) {
            hints.tell_others([Hint::Event]);
        }
        Ok(answers)
    }
}

impl Intake {
    /// Writes a batch. The inner results are the answers to its events.
    async fn write(&self, accepts: &[Accept]) -> Result<Answers<Accepted>, Failure> {
        let mut db = self.0.pool.get().await?;
        let transaction = db.transaction().await?;
        let there = lock_connections(&transaction, accepts).await?;
        let is_there = |accept: &&Accept| {
            there.contains(&(accept.event.workspace.0, accept.event.connection.0))
        };
        let repeats = recognise(&transaction, accepts.iter().filter(is_there).collect()).await?;
        let is_new = |accept: &&Accept| !repeats.contains_key(&accept.event.id);
        let stored: Vec<&Accept> = accepts.iter().filter(is_there).filter(is_new).collect();
        let (queued, logged) = stored.iter().partition(|it| it.status == InboundStatus::New);
        tokio::try_join!(insert_queued(&transaction, queued), insert_logged(&transaction, logged))?;
        transaction.commit().await?;
        let answer = |accept: &Accept| match repeats.get(&accept.event.id) {
            // Its source went along with its connection.
            _ if !is_there(&accept) => {
                Err(StoreError::not_found(Noun::Source, accept.event.source))
            }
            Some(known) => Ok(Accepted::Repeat(*known)),
            None => Ok(Accepted::Stored),
        };
        Ok(accepts.iter().map(answer).collect())
    }
}

/// Connections, by workspace and number, that are there and stay until the commit.
async fn lock_connections(
    transaction: &Transaction<'_>,
    accepts: &[Accept],
) -> Result<HashSet<(i64, i64)>, Failure> {
    let wanted: HashSet<(i64, i64)> =
        accepts.iter().map(|it| (it.event.workspace.0, it.event.connection.0)).collect();
    let (workspaces, numbers): (Vec<i64>, Vec<i64>) = wanted.into_iter().unzip();
    let lock = "SELECT workspace, no FROM connection
        WHERE (workspace, no) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
        ORDER BY no FOR KEY SHARE";
    let found =
        list(transaction, lock, &[&workspaces, &numbers], |row| Ok((row.get(0), row.get(1))))
            .await?;
    Ok(found.into_iter().collect())
}

/// Finds the events that had keys of these before, and notes the stronger keys as theirs.
async fn recognise(
    transaction: &Transaction<'_>,
    accepts: Vec<&Accept>,
) -> Result<HashMap<InboundEventId, InboundEventId>, Failure> {
    let mut noting: HashMap<Key<'_>, InboundEventId> = HashMap::new();
    for accept in &accepts {
        for key in keys_of(accept) {
            noting.entry(key).or_insert(accept.event.id);
        }
    }
    if noting.is_empty() {
        return Ok(HashMap::new());
    }
    let (workspaces, sources, keys) = columns_of(noting.keys());
    let (events, tails): (Vec<i64>, Vec<i64>) =
        noting.values().map(|id| (id.0.row_key(), id.0.tail())).unzip();
    // A key whose time is over is taken anew. In one order, so that two batches do
    // not wait for each other; the later one then finds what the first has noted.
    let note = "INSERT INTO dedupe (workspace, source, key, event, tail)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[])
        ORDER BY 1, 2, 3
        ON CONFLICT (workspace, source, key) DO UPDATE
        SET event = excluded.event, tail = excluded.tail
        WHERE dedupe.event < ((excluded.event >> 20) - $6) << 20";
    execute(transaction, note, &[&workspaces, &sources, &keys, &events, &tails, &DEDUPE_MS])
        .await?;
    let noted = "SELECT workspace, source, key, event, tail FROM dedupe
        WHERE (workspace, source, key) IN (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]))";
    let noted = list(transaction, noted, &[&workspaces, &sources, &keys], |row| {
        let key: (i64, i64, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        Ok((key, InboundEventId(Stamp::from_row(row.get(3), row.get(4)))))
    })
    .await?;
    let noted: HashMap<_, _> = noted.into_iter().collect();
    let noted = |&(workspace, source, key): &Key<'_>| {
        noted.get(&(workspace, source, key.as_bytes().to_vec())).copied()
    };
    // What was there before the batch; then one after the other, as if each came alone.
    let mut known: HashMap<Key<'_>, InboundEventId> = noting
        .iter()
        .filter_map(|(key, event)| Some((*key, noted(key).filter(|noted| noted != event)?)))
        .collect();
    let mut repeats = HashMap::new();
    for accept in accepts {
        let first = keys_of(accept).find_map(|key| known.get(&key).copied());
        if let Some(first) = first {
            repeats.insert(accept.event.id, first);
        }
        let unknown: Vec<_> = keys_of(accept).take_while(|key| !known.contains_key(key)).collect();
        known.extend(unknown.into_iter().map(|key| (key, first.unwrap_or(accept.event.id))));
    }
    // The new keys of a repeat were noted as its own.
    let left: Vec<_> = noting.into_keys().filter(|key| !known.contains_key(key)).collect();
    forget_keys(transaction, left).await?;
    let moved = known.into_iter().filter(|(key, event)| noted(key) != Some(*event));
    move_keys(transaction, moved.collect()).await?;
    Ok(repeats)
}

/// Of a repeat: its workspace, its source and what its sender gave or signed.
type Key<'a> = (i64, i64, &'a str);

fn columns_of<'a>(keys: impl Iterator<Item = &'a Key<'a>>) -> (Vec<i64>, Vec<i64>, Vec<&'a [u8]>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (workspace, source, key) in keys {
        columns.0.push(*workspace);
        columns.1.push(*source);
        columns.2.push(key.as_bytes());
    }
    columns
}

fn keys_of(accept: &Accept) -> impl Iterator<Item = Key<'_>> {
    let event = &accept.event;
    let of_key = |key| (event.workspace.0, event.source.0.row_key(), key);
    accept.dedupe_keys.iter().map(String::as_str).map(of_key)
}

async fn forget_keys(transaction: &Transaction<'_>, left: Vec<Key<'_>>) -> Result<(), Failure> {
    if left.is_empty() {
        return Ok(());
    }
    let (workspaces, sources, keys) = columns_of(left.iter());
    let forget = "DELETE FROM dedupe WHERE (workspace, source, key) IN (
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]))";
    execute(transaction, forget, &[&workspaces, &sources, &keys]).await?;
    Ok(())
}

/// Notes keys as those of other events.
async fn move_keys(
    transaction: &Transaction<'_>,
    moved: Vec<(Key<'_>, InboundEventId)>,
) -> Result<(), Failure> {
    if moved.is_empty() {
        return Ok(());
    }
    let (workspaces, sources, keys) = columns_of(moved.iter().map(|(key, _)| key));
    let (events, tails): (Vec<i64>, Vec<i64>) =
        moved.iter().map(|(_, id)| (id.0.row_key(), id.0.tail())).unzip();
    let note = "UPDATE dedupe SET event = moved.event, tail = moved.tail
        FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[])
            AS moved (workspace, source, key, event, tail)
        WHERE (dedupe.workspace, dedupe.source, dedupe.key) =
            (moved.workspace, moved.source, moved.key)";
    execute(transaction, note, &[&workspaces, &sources, &keys, &events, &tails]).await?;
    Ok(())
}

/// What both tables keep of events, column by column.
struct Columns<'a> {
    numbers: [Vec<i64>; 6],
    headers: Vec<&'a str>,
    queries: Vec<&'a [u8]>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(accepts: &[&'a Accept]) -> Self {
        let number = |read: fn(&Accept) -> i64| accepts.iter().map(|it| read(it)).collect();
        Self {
            numbers: [
                number(|it| it.event.workspace.0),
                number(|it| it.event.id.0.row_key()),
                number(|it| it.event.id.0.tail()),
                number(|it| it.event.source.0.row_key()),
                number(|it| it.event.source.0.tail()),
                number(|it| it.event.connection.0),
            ],
            headers: accepts.iter().map(|it| it.event.request.headers.as_json()).collect(),
            queries: accepts.iter().map(|it| it.event.request.query.as_bytes()).collect(),
            bodies: accepts.iter().map(|it| it.event.request.body.as_ref()).collect(),
        }
    }

    /// The parameters of an insert: these, and what only one of the tables keeps.
    fn and<'b, const N: usize>(
        &'b self,
        more: [&'b (dyn ToSql + Sync); N],
    ) -> Vec<&'b (dyn ToSql + Sync)> {
        let numbers = self.numbers.iter().map(|it| it as &(dyn ToSql + Sync));
        numbers
            .chain([&self.headers as _, &self.queries as _, &self.bodies as _])
            .chain(more)
            .collect()
    }
}

async fn insert_queued(
    transaction: &Transaction<'_>,
    accepts: Vec<&Accept>,
) -> Result<(), Failure> {
    if accepts.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(&accepts);
    let insert = "INSERT INTO inbound_queue (workspace, seq, tail, source, source_tail, connection,
            headers, query, body, shard)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::bigint[], $7::text[], $8::bytea[], $9::bytea[], $10::bigint[])";
    let shards: Vec<i64> = accepts.iter().map(|it| shard_of_source(it.event.source)).collect();
    execute(transaction, insert, &columns.and([&shards])).await?;
    Ok(())
}

/// Events that are not to be processed: stored only, or not readable.
async fn insert_logged(
    transaction: &Transaction<'_>,
    accepts: Vec<&Accept>,
) -> Result<(), Failure> {
    if accepts.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(&accepts);
    let statuses: Vec<i64> = accepts.iter().map(|it| inbound_status_to_row(it.status)).collect();
    let errors: Vec<Option<&str>> = accepts.iter().map(|it| it.failure.as_deref()).collect();
    let insert = "INSERT INTO inbound_event (workspace, seq, tail, source, source_tail, connection,
            headers, query, body, status, error, warnings)
        SELECT *, '[]' FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
            $5::bigint[], $6::bigint[], $7::text[], $8::bytea[], $9::bytea[], $10::bigint[],
            $11::text[])";
    execute(transaction, insert, &columns.and([&statuses, &errors])).await?;
    Ok(())
}
