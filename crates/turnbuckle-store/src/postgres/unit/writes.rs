//! What a unit of work is going to write: the rows that it touched as they will
//! be, each written once however often it was touched.

use std::collections::{BTreeSet, HashMap};

use deadpool_postgres::Transaction;
use turnbuckle_core::change::{Change, ChangeType};
use turnbuckle_core::id::{ConnectionNo, InboundEventId, WorkspaceId};
use turnbuckle_core::key;
use turnbuckle_core::record::Record;
use uuid::Uuid;

use crate::function::FunctionCall;
use crate::postgres::change::insert_changes;
use crate::postgres::event_call::end_calls;
use crate::postgres::failure::Failure;
use crate::postgres::replay::advance_run;
use crate::postgres::statement::{Parameters, by_key, execute};
use crate::postgres::unit::known::Lead;
use crate::replay::Run;
use crate::rules::apply::Same;
use crate::rules::numbers::change_type_to_row;
use crate::rules::record::RecordRow;
use crate::rules::schema::EntityRow;

/// A record by entity and row key.
type RecordKey = (i64, i64);

#[derive(Clone)]
struct Touched {
    workspace: WorkspaceId,
    id: Uuid,
    /// Whether the database has it.
    is_stored: bool,
    /// As it will be, with its columns as JSON; `None` if it goes.
    after: Option<(Record, String)>,
}

#[derive(Clone)]
struct KeyMove {
    workspace: WorkspaceId,
    stored: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

/// How an event ended.
pub struct Ended {
    pub workspace: WorkspaceId,
    pub event: i64,
    /// Whether it goes from the queue to the log; else it is in the log.
    pub is_queued: bool,
    pub status: i64,
    pub error: Option<String>,
    pub warnings: String,
}

/// What was there before a write, to put it back.
enum Undo {
    Record(RecordKey, Option<Touched>),
    Key((i64, i64), Option<KeyMove>),
    Item((i64, u32), Option<ItemWritten>),
}

/// What an item of an event wrote.
pub struct ItemWritten {
    pub workspace: WorkspaceId,
    pub entity: String,
    pub record: String,
    pub change: Option<ChangeType>,
}

/// A moment to which writes can be undone.
#[derive(Clone, Copy)]
pub struct Mark {
    undo: usize,
    changes: usize,
}

/// The newest id of a record, change or subscription, by connection.
pub type LastSeqs = HashMap<ConnectionNo, (WorkspaceId, i64)>;

#[derive(Default)]
pub struct Writes {
    records: HashMap<RecordKey, Touched>,
    /// Row keys of the records above.
    by_id: HashMap<(i64, Uuid), i64>,
    /// How many of the records above the database has, by entity.
    touched: HashMap<i64, usize>,
    /// Of column and record.
    keys: HashMap<(i64, i64), KeyMove>,
    /// Which of the records above will have a key.
    holders: HashMap<Lead, BTreeSet<i64>>,
    numbers: HashMap<i64, (WorkspaceId, i64)>,
    last_seqs: LastSeqs,
    /// Connections whose entry above was raised.
    minted: BTreeSet<ConnectionNo>,
    changes: Vec<(Change, Option<String>)>,
    /// Of event and item.
    items: HashMap<(i64, u32), ItemWritten>,
    ended: Vec<Ended>,
    ended_calls: Vec<(InboundEventId, FunctionCall)>,
    /// A run as it was and as it will be.
    run: Option<(Run, Run)>,
    undo: Vec<Undo>,
}

impl Writes {
    pub fn following(last_seqs: &LastSeqs) -> Self {
        Self { last_seqs: last_seqs.clone(), ..Self::default() }
    }

    pub fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    pub fn last_seq(&self, connection: ConnectionNo) -> i64 {
        self.last_seqs.get(&connection).map_or(0, |(_, last)| *last)
    }

    pub fn put_last_seq(&mut self, connection: ConnectionNo, last: i64) {
        if let Some(known) = self.last_seqs.get_mut(&connection) {
            known.1 = last;
            self.minted.insert(connection);
        }
    }

    pub fn number(&self, entity: i64) -> Option<i64> {
        self.numbers.get(&entity).map(|(_, last)| *last)
    }

    pub fn put_number(&mut self, workspace: WorkspaceId, entity: i64, last: i64) {
        self.numbers.insert(entity, (workspace, last));
    }

    /// A record that was written, `Some(None)` if it goes; `None` of any other.
    pub fn record_of(&self, entity: i64, id: &Uuid) -> Option<Option<RecordRow>> {
        let seq = *self.by_id.get(&(entity, *id))?;
        let touched = self.records.get(&(entity, seq))?;
        let after = touched.after.as_ref();
        Some(after.map(|(record, _)| RecordRow { seq, record: record.clone() }))
    }

    pub fn has_touched(&self, entity: i64, seq: i64) -> bool {
        self.records.contains_key(&(entity, seq))
    }

    pub fn touched(&self, entity: i64) -> usize {
        self.touched.get(&entity).copied().unwrap_or_default()
    }

    /// Records that were written and are the same by now.
    pub fn same(&self, entity: i64, lead: Option<&Lead>, same: &Same<'_>) -> Vec<RecordRow> {
        let row = |seq: i64| {
            let (record, _) = self.records.get(&(entity, seq))?.after.as_ref()?;
            same.is(record).then(|| RecordRow { seq, record: record.clone() })
        };
        match lead {
            Some(lead) => {
                self.holders.get(lead).into_iter().flatten().filter_map(|it| row(*it)).collect()
            }
            None => {
                let of_entity = self.records.keys().filter(|(it, _)| *it == entity);
                of_entity.filter_map(|(_, seq)| row(*seq)).collect()
            }
        }
    }

    /// Writes a record with its search keys. `before` is as it was, `None` of a new one.
    pub fn put(
        &mut self,
        workspace: WorkspaceId,
        entity: &EntityRow,
        seq: i64,
        before: Option<&Record>,
        after: Option<(&Record, &str)>,
        id: Uuid,
    ) {
        for (name, column) in entity.keyed() {
            let key_of = |record: &Record| key::encode(&record.value(name, column.column_type));
            let (old, new) = (before.map(key_of), after.map(|(record, _)| key_of(record)));
            if old != new {
                let key = (column.no, seq);
                let stored = self.keys.get(&key).map_or(old, |moved| moved.stored.clone());
                self.put_key(key, Some(KeyMove { workspace, stored, after: new }), true);
            } else if let Some(new) = new {
                // Others find it by this key among what was written.
                self.holders.entry((column.no, new)).or_default().insert(seq);
            }
        }
        let key = (entity.no, seq);
        let is_stored = self.records.get(&key).map_or(before.is_some(), |it| it.is_stored);
        let after = after.map(|(record, data)| (record.clone(), data.to_owned()));
        self.put_record(key, Some(Touched { workspace, id, is_stored, after }), true);
    }

    fn put_record(&mut self, key: RecordKey, touched: Option<Touched>, is_undoable: bool) {
        let (entity, seq) = key;
        let is_stored = touched.as_ref().is_some_and(|it| it.is_stored);
        let before = match touched {
            Some(touched) => {
                self.by_id.insert((entity, touched.id), seq);
                self.records.insert(key, touched)
            }
            None => {
                let gone = self.records.remove(&key);
                if let Some(gone) = &gone {
                    self.forget_id(entity, gone.id);
                }
                gone
            }
        };
        if is_undoable {
            if is_stored && before.is_none() {
                *self.touched.entry(entity).or_default() += 1;
            }
            self.undo.push(Undo::Record(key, before));
        }
    }

    /// A record of this id is not touched after all; an earlier one may be, which it replaced.
    fn forget_id(&mut self, entity: i64, id: Uuid) {
        let mut touched = self.records.iter();
        match touched.find(|((of, _), it)| *of == entity && it.id == id) {
            Some(((_, seq), _)) => self.by_id.insert((entity, id), *seq),
            None => self.by_id.remove(&(entity, id)),
        };
    }

    fn put_key(&mut self, key: (i64, i64), moved: Option<KeyMove>, is_undoable: bool) {
        let (column, seq) = key;
        let before = self.keys.remove(&key);
        if let Some(held) = before.as_ref().and_then(|it| it.after.clone())
            && let Some(holders) = self.holders.get_mut(&(column, held))
        {
            holders.remove(&seq);
        }
        if let Some(moved) = moved {
            if let Some(after) = moved.after.clone() {
                self.holders.entry((column, after)).or_default().insert(seq);
            }
            self.keys.insert(key, moved);
        }
        if is_undoable {
            self.undo.push(Undo::Key(key, before));
        }
    }

    pub fn tell(&mut self, change: Change, after_data: Option<&str>) {
        self.changes.push((change, after_data.map(str::to_owned)));
    }

    /// Entity and record that an item of an event has written here.
    pub fn item(&self, event: i64, item: u32) -> Option<(&String, &String)> {
        self.items.get(&(event, item)).map(|it| (&it.entity, &it.record))
    }

    pub fn put_item(&mut self, event: i64, item: u32, written: ItemWritten) {
        let before = self.items.insert((event, item), written);
        self.undo.push(Undo::Item((event, item), before));
    }

    pub fn end(&mut self, ended: Ended) {
        self.ended.push(ended);
    }

    pub fn advance(&mut self, before: Run, after: Run) {
        self.run = Some((before, after));
    }

    pub fn end_call(&mut self, event: InboundEventId, call: FunctionCall) {
        self.ended_calls.push((event, call));
    }

    pub fn mark(&self) -> Mark {
        Mark { undo: self.undo.len(), changes: self.changes.len() }
    }

    /// Puts back what was there at the mark. Numbers that were taken stay taken.
    pub fn undo(&mut self, mark: Mark) {
        self.changes.truncate(mark.changes);
        for undo in self.undo.split_off(mark.undo).into_iter().rev() {
            match undo {
                // One that was touched since for the first time is as the database has it.
                Undo::Record(key, before) => self.put_record(key, before, false),
                Undo::Key(key, before) => self.put_key(key, before, false),
                Undo::Item(key, before) => {
                    match before {
                        Some(before) => self.items.insert(key, before),
                        None => self.items.remove(&key),
                    };
                }
            }
        }
    }

    /// Writes all of it; each kind of row in one statement, sent together.
    pub async fn write(self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let Self { records, keys, numbers, last_seqs, minted, changes, items, ended, .. } = &self;
        // Rows go before others come: a value that one record gives up another may take.
        tokio::try_join!(
            delete_records(transaction, records),
            delete_keys(transaction, keys),
            update_records(transaction, records),
            insert_records(transaction, records),
            insert_keys(transaction, keys),
            put_numbers(transaction, numbers),
            insert_changes(transaction, changes),
            put_last_seqs(transaction, minted, last_seqs),
            end_queued(transaction, ended),
            end_again(transaction, ended),
            put_items(transaction, items),
            end_calls(transaction, &self.ended_calls),
            advance_run(transaction, self.run.as_ref()),
        )?;
        Ok(())
    }
}

async fn delete_records(
    transaction: &Transaction<'_>,
    records: &HashMap<RecordKey, Touched>,
) -> Result<(), Failure> {
    let gone = || records.iter().filter(|(_, it)| it.is_stored && it.after.is_none());
    let (entities, seqs): (Vec<i64>, Vec<i64>) = gone().map(|(key, _)| *key).unzip();
    if entities.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = gone().map(|(_, it)| it.workspace.0).collect();
    let delete = "DELETE FROM record
        USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (workspace, entity, seq)
        WHERE record.workspace = ANY (ARRAY[gone.workspace]) AND record.entity = gone.entity
            AND record.seq = gone.seq";
    execute(transaction, delete, &[&workspaces, &entities, &seqs]).await?;
    Ok(())
}

async fn update_records(
    transaction: &Transaction<'_>,
    records: &HashMap<RecordKey, Touched>,
) -> Result<(), Failure> {
    let updated: Vec<_> = records
        .iter()
        .filter(|(_, it)| it.is_stored)
        .filter_map(|(key, it)| Some((key, it.workspace, it.after.as_ref()?)))
        .collect();
    if updated.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = updated.iter().map(|(_, workspace, _)| workspace.0).collect();
    let (entities, seqs): (Vec<i64>, Vec<i64>) = updated.iter().map(|(key, ..)| **key).unzip();
    let versions: Vec<i64> = updated.iter().map(|(.., (record, _))| record.version).collect();
    let times: Vec<i64> = updated.iter().map(|(.., (record, _))| record.updated_at).collect();
    let data: Vec<&str> = updated.iter().map(|(.., (_, data))| data.as_str()).collect();
    let update = "UPDATE record
        SET version = it.version, updated_at_ms = it.updated_at_ms, data = it.data
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
            $6::text[]) AS it (workspace, entity, seq, version, updated_at_ms, data)
        WHERE record.workspace = ANY (ARRAY[it.workspace]) AND record.entity = it.entity
            AND record.seq = it.seq";
    execute(transaction, update, &[&workspaces, &entities, &seqs, &versions, &times, &data])
        .await?;
    Ok(())
}

async fn insert_records(
    transaction: &Transaction<'_>,
    records: &HashMap<RecordKey, Touched>,
) -> Result<(), Failure> {
    let new: Vec<_> = records
        .iter()
        .filter(|(_, it)| !it.is_stored)
        .filter_map(|(key, it)| Some((key, it, it.after.as_ref()?)))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = new.iter().map(|(_, it, _)| it.workspace.0).collect();
    let ids: Vec<Uuid> = new.iter().map(|(_, it, _)| it.id).collect();
    let (entities, seqs): (Vec<i64>, Vec<i64>) = new.iter().map(|(key, ..)| **key).unzip();
    let column = |read: fn(&Record) -> i64| -> Vec<i64> {
        new.iter().map(|(.., (record, _))| read(record)).collect()
    };
    let data: Vec<&str> = new.iter().map(|(.., (_, data))| data.as_str()).collect();
    let insert = "INSERT INTO record (workspace, entity, seq, id, number, version, created_at_ms,
            updated_at_ms, data)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[],
            $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])";
    execute(
        transaction,
        insert,
        &[
            &workspaces,
            &entities,
            &seqs,
            &ids,
            &column(|record| record.number),
            &column(|record| record.version),
            &column(|record| record.created_at),
            &column(|record| record.updated_at),
            &data,
        ],
    )
    .await?;
    Ok(())
}

async fn delete_keys(
    transaction: &Transaction<'_>,
    keys: &HashMap<(i64, i64), KeyMove>,
) -> Result<(), Failure> {
    let delete = "DELETE FROM record_key
        USING unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[])
            AS gone (workspace, entity_column, key, record)
        WHERE record_key.workspace = ANY (ARRAY[gone.workspace])
            AND record_key.entity_column = gone.entity_column AND record_key.key = gone.key
            AND record_key.record = gone.record";
    write_keys(transaction, keys, delete, |it| it.stored.as_ref()).await
}

async fn insert_keys(
    transaction: &Transaction<'_>,
    keys: &HashMap<(i64, i64), KeyMove>,
) -> Result<(), Failure> {
    // One that is being filled may have it already.
    let insert = "INSERT INTO record_key (workspace, entity_column, key, record)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[])
        ON CONFLICT DO NOTHING";
    write_keys(transaction, keys, insert, |it| it.after.as_ref()).await
}

async fn write_keys(
    transaction: &Transaction<'_>,
    keys: &HashMap<(i64, i64), KeyMove>,
    statement: &str,
    of: impl Fn(&KeyMove) -> Option<&Vec<u8>>,
) -> Result<(), Failure> {
    let moved: Vec<_> = keys
        .iter()
        .filter(|(_, it)| it.stored != it.after)
        .filter_map(|(at, it)| Some((at, it.workspace, of(it)?)))
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = moved.iter().map(|(_, workspace, _)| workspace.0).collect();
    let (columns, records): (Vec<i64>, Vec<i64>) = moved.iter().map(|(at, ..)| **at).unzip();
    let keys: Vec<&[u8]> = moved.iter().map(|(.., key)| key.as_slice()).collect();
    execute(transaction, statement, &[&workspaces, &columns, &keys, &records]).await?;
    Ok(())
}

async fn put_numbers(
    transaction: &Transaction<'_>,
    numbers: &HashMap<i64, (WorkspaceId, i64)>,
) -> Result<(), Failure> {
    if numbers.is_empty() {
        return Ok(());
    }
    let entities: Vec<i64> = numbers.keys().copied().collect();
    let (workspaces, last): (Vec<i64>, Vec<i64>) =
        numbers.values().map(|(workspace, last)| (workspace.0, *last)).unzip();
    let put = "UPDATE entity SET last_number = it.last_number
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS it (workspace, no, last_number)
        WHERE entity.workspace = it.workspace AND entity.no = it.no";
    execute(transaction, put, &[&workspaces, &entities, &last]).await?;
    Ok(())
}

async fn put_last_seqs(
    transaction: &Transaction<'_>,
    minted: &BTreeSet<ConnectionNo>,
    last_seqs: &LastSeqs,
) -> Result<(), Failure> {
    let minted: Vec<_> = minted.iter().filter_map(|no| Some((no, last_seqs.get(no)?))).collect();
    if minted.is_empty() {
        return Ok(());
    }
    let connections: Vec<i64> = minted.iter().map(|(no, _)| no.0).collect();
    let (workspaces, last): (Vec<i64>, Vec<i64>) =
        minted.iter().map(|(_, (workspace, last))| (workspace.0, *last)).unzip();
    let put = "UPDATE connection_line SET last_seq = it.last_seq
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
            AS it (workspace, connection, last_seq)
        WHERE connection_line.workspace = it.workspace
            AND connection_line.connection = it.connection";
    execute(transaction, put, &[&workspaces, &connections, &last]).await?;
    Ok(())
}

/// Moves events from the queue to the log.
async fn end_queued(transaction: &Transaction<'_>, ended: &[Ended]) -> Result<(), Failure> {
    let end = concat!(
        "WITH gone AS (
            DELETE FROM inbound_queue
            USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
                AS ended (workspace, seq, status, error, warnings)
            WHERE ",
        by_key!("inbound_queue", "ended"),
        "
            RETURNING inbound_queue.workspace, inbound_queue.seq, tail, source, source_tail,
                connection, status, headers, query, body, error, warnings)
        INSERT INTO inbound_event (workspace, seq, tail, source, source_tail, connection, status,
            headers, query, body, error, warnings)
        SELECT * FROM gone"
    );
    write_ends(transaction, ended, true, end).await
}

/// Writes how events ended that are in the log.
async fn end_again(transaction: &Transaction<'_>, ended: &[Ended]) -> Result<(), Failure> {
    let end = "UPDATE inbound_event
        SET status = it.status, error = it.error, warnings = it.warnings
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
            AS it (workspace, seq, status, error, warnings)
        WHERE inbound_event.workspace = it.workspace AND inbound_event.seq = it.seq";
    write_ends(transaction, ended, false, end).await
}

async fn write_ends(
    transaction: &Transaction<'_>,
    ended: &[Ended],
    is_queued: bool,
    statement: &str,
) -> Result<(), Failure> {
    // Of one that was ended twice the last end counts.
    let ended: HashMap<i64, &Ended> =
        ended.iter().filter(|it| it.is_queued == is_queued).map(|it| (it.event, it)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = ended.values().map(|it| it.workspace.0).collect();
    let events: Vec<i64> = ended.keys().copied().collect();
    let statuses: Vec<i64> = ended.values().map(|it| it.status).collect();
    let errors: Vec<Option<&str>> = ended.values().map(|it| it.error.as_deref()).collect();
    let warnings: Vec<&str> = ended.values().map(|it| it.warnings.as_str()).collect();
    execute(transaction, statement, &[&workspaces, &events, &statuses, &errors, &warnings]).await?;
    Ok(())
}

async fn put_items(
    transaction: &Transaction<'_>,
    items: &HashMap<(i64, u32), ItemWritten>,
) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<i64> = items.values().map(|it| it.workspace.0).collect();
    let (events, numbers): (Vec<i64>, Vec<i64>) =
        items.keys().map(|(event, item)| (*event, i64::from(*item))).unzip();
    let entities: Vec<&str> = items.values().map(|it| it.entity.as_str()).collect();
    let records: Vec<&str> = items.values().map(|it| it.record.as_str()).collect();
    let changes: Vec<Option<i64>> =
        items.values().map(|it| it.change.map(change_type_to_row)).collect();
    let put = "INSERT INTO inbound_record (workspace, event, item, entity, record, change)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
            $6::bigint[])
        ON CONFLICT (workspace, event, item) DO UPDATE
        SET entity = excluded.entity, record = excluded.record, change = excluded.change";
    let parameters: Parameters<'_> =
        &[&workspaces, &events, &numbers, &entities, &records, &changes];
    execute(transaction, put, parameters).await?;
    Ok(())
}
