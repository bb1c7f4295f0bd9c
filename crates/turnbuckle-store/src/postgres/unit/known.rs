//! What a unit of work has read, and what it wants to read next.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::Transaction;
use futures_util::TryStreamExt as _;
use tokio_postgres::Row;
use turnbuckle_core::id::WorkspaceId;
use uuid::Uuid;

use crate::postgres::failure::Failure;
use crate::postgres::record::read_record;
use crate::postgres::statement::list;
use crate::rules::apply::SameValues;
use crate::rules::record::RecordRow;

/// A column with keys, by number, and a key: it leads to the records that have it.
pub type Lead = (i64, Vec<u8>);

/// A lead is counted no further than matters: a country and an e-mail address
/// find a person by the address.
const COUNTED_MAX: i64 = 100;

/// Which records are the same: of an entity, by a lead, and by values where the
/// lead alone does not tell.
type SameKey = (i64, Option<Lead>, Option<SameValues>);

/// The first records that are the same, and up to how many were looked for.
struct SameRows {
    rows: Vec<RecordRow>,
    limit: usize,
}

/// A record that an item of an event wrote.
pub struct Item {
    pub item: u32,
    pub entity: String,
    pub record: String,
}

#[derive(Default)]
pub struct Known {
    records: HashMap<(i64, Uuid), Option<RecordRow>>,
    same: HashMap<SameKey, SameRows>,
    counts: HashMap<Lead, i64>,
    numbers: HashMap<i64, i64>,
    items: HashMap<i64, Vec<Item>>,
}

#[derive(Default)]
pub struct Wants {
    records: HashSet<(WorkspaceId, i64, Uuid)>,
    same: HashMap<SameKey, (WorkspaceId, usize)>,
    counts: HashSet<(WorkspaceId, Lead)>,
    numbers: HashSet<(WorkspaceId, i64)>,
    items: HashSet<(WorkspaceId, i64)>,
}

impl Wants {
    pub fn is_empty(&self) -> bool {
        let Self { records, same, counts, numbers, items } = self;
        records.is_empty()
            && same.is_empty()
            && counts.is_empty()
            && numbers.is_empty()
            && items.is_empty()
    }

    pub fn record(&mut self, workspace: WorkspaceId, entity: i64, id: Uuid) {
        self.records.insert((workspace, entity, id));
    }

    pub fn same(
        &mut self,
        workspace: WorkspaceId,
        entity: i64,
        lead: Option<Lead>,
        values: Option<SameValues>,
        limit: usize,
    ) {
        let wanted = self.same.entry((entity, lead, values)).or_insert((workspace, limit));
        wanted.1 = wanted.1.max(limit);
    }

    pub fn count(&mut self, workspace: WorkspaceId, lead: Lead) {
        self.counts.insert((workspace, lead));
    }

    pub fn number(&mut self, workspace: WorkspaceId, entity: i64) {
        self.numbers.insert((workspace, entity));
    }

    pub fn items(&mut self, workspace: WorkspaceId, event: i64) {
        self.items.insert((workspace, event));
    }
}

impl Known {
    /// `Some(None)` of a record that is not there.
    pub fn record(&self, entity: i64, id: &Uuid) -> Option<&Option<RecordRow>> {
        self.records.get(&(entity, *id))
    }

    /// The earliest records that are the same, at least `limit` of them if there are.
    pub fn same(
        &self,
        entity: i64,
        lead: Option<&Lead>,
        values: Option<&SameValues>,
        limit: usize,
    ) -> Option<&[RecordRow]> {
        let known = self.same.get(&(entity, lead.cloned(), values.cloned()))?;
        let is_enough = limit <= known.limit || known.rows.len() < known.limit;
        is_enough.then_some(&known.rows)
    }

    pub fn count(&self, lead: &Lead) -> Option<i64> {
        self.counts.get(lead).copied()
    }

    pub fn number(&self, entity: i64) -> Option<i64> {
        self.numbers.get(&entity).copied()
    }

    pub fn items(&self, event: i64) -> Option<&[Item]> {
        self.items.get(&event).map(Vec::as_slice)
    }

    /// Reads all that is wanted, in one round trip where keys lead to it.
    pub async fn read(
        &mut self,
        transaction: &Transaction<'_>,
        wants: Wants,
    ) -> Result<(), Failure> {
        let Wants { records, same, counts, numbers, items } = wants;
        let (told, compared): (Vec<_>, Vec<_>) =
            same.into_iter().partition(|((_, lead, values), _)| lead.is_some() && values.is_none());
        let (records, told, counts, numbers, items) = tokio::try_join!(
            read_records(transaction, records),
            read_told(transaction, told),
            read_counts(transaction, counts),
            read_numbers(transaction, numbers),
            read_items(transaction, items),
        )?;
        self.records.extend(records);
        self.same.extend(told);
        self.counts.extend(counts);
        self.numbers.extend(numbers);
        self.items.extend(items);
        for (key, (workspace, limit)) in compared {
            let rows = read_compared(transaction, workspace, &key, limit).await?;
            self.same.insert(key, SameRows { rows, limit });
        }
        Ok(())
    }
}

async fn read_records(
    transaction: &Transaction<'_>,
    wanted: HashSet<(WorkspaceId, i64, Uuid)>,
) -> Result<Vec<((i64, Uuid), Option<RecordRow>)>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT seq, record.id, number, version, created_at_ms, updated_at_ms, data,
            record.entity
        FROM record
        JOIN unnest($1::bigint[], $2::bigint[], $3::uuid[]) AS wanted (workspace, entity, id)
            ON record.workspace = ANY (ARRAY[wanted.workspace]) AND record.entity = wanted.entity
                AND record.id = wanted.id";
    let workspaces: Vec<i64> = wanted.iter().map(|it| it.0.0).collect();
    let (entities, ids): (Vec<i64>, Vec<Uuid>) = wanted.iter().map(|it| (it.1, it.2)).unzip();
    let found = list(transaction, select, &[&workspaces, &entities, &ids], |row| {
        Ok(((row.get(7), row.get(1)), Some(read_record(row)?)))
    })
    .await?;
    let mut read: Vec<_> = entities.iter().copied().zip(ids.clone()).map(|it| (it, None)).collect();
    // Later ones count.
    read.extend(found);
    Ok(read)
}

/// Records that are the same as soon as they have the key.
async fn read_told(
    transaction: &Transaction<'_>,
    wanted: Vec<(SameKey, (WorkspaceId, usize))>,
) -> Result<Vec<(SameKey, SameRows)>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data, place
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[])
            WITH ORDINALITY AS lead (workspace, entity, entity_column, key, \"limit\", place)
        CROSS JOIN LATERAL (
            SELECT record FROM record_key
            WHERE record_key.workspace = lead.workspace
                AND record_key.entity_column = lead.entity_column AND record_key.key = lead.key
            ORDER BY record LIMIT lead.\"limit\") AS candidate
        JOIN record ON record.workspace = ANY (ARRAY[lead.workspace])
            AND record.entity = lead.entity AND record.seq = candidate.record
        ORDER BY place, seq";
    let workspaces: Vec<i64> = wanted.iter().map(|(_, (workspace, _))| workspace.0).collect();
    let entities: Vec<i64> = wanted.iter().map(|((entity, ..), _)| *entity).collect();
    let leads = || wanted.iter().filter_map(|((_, lead, _), _)| lead.as_ref());
    let columns: Vec<i64> = leads().map(|lead| lead.0).collect();
    let keys: Vec<&[u8]> = leads().map(|lead| lead.1.as_slice()).collect();
    let limits: Vec<i64> = wanted.iter().map(|(_, (_, limit))| *limit as i64).collect();
    let found =
        list(transaction, select, &[&workspaces, &entities, &columns, &keys, &limits], |row| {
            Ok((row.get::<_, i64>(7), read_record(row)?))
        })
        .await?;
    let mut read: Vec<(SameKey, SameRows)> = wanted
        .into_iter()
        .map(|(key, (_, limit))| (key, SameRows { rows: Vec::new(), limit }))
        .collect();
    for (place, row) in found {
        read[place as usize - 1].1.rows.push(row);
    }
    Ok(read)
}

/// Records whose values must be compared: under a lead, or all of the entity
/// where no column has keys, which nobody who searches often lets happen.
async fn read_compared(
    transaction: &Transaction<'_>,
    workspace: WorkspaceId,
    (entity, lead, values): &SameKey,
    limit: usize,
) -> Result<Vec<RecordRow>, Failure> {
    let rows = match lead {
        Some((column, key)) => {
            let select = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
                FROM record_key
                JOIN record ON record.workspace = $1 AND record.entity = $2
                    AND record.seq = record_key.record
                WHERE record_key.workspace = $1 AND entity_column = $3 AND key = $4 ORDER BY seq";
            let prepared = transaction.prepare_cached(select).await?;
            let key = key.as_slice();
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&workspace.0, entity, column, &key];
            transaction.query_raw(&prepared, parameters).await?
        }
        None => {
            let select = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
                FROM record WHERE workspace = $1 AND entity = $2 ORDER BY seq";
            let prepared = transaction.prepare_cached(select).await?;
            transaction.query_raw(&prepared, [&workspace.0, entity]).await?
        }
    };
    let mut rows = std::pin::pin!(rows);
    let mut same = Vec::new();
    while same.len() < limit
        && let Some(row) = rows.try_next().await?
    {
        let row = read_record(&row)?;
        let is_same = values.as_ref().is_none_or(|values| values.are_of(&row.record));
        same.extend(Some(row).filter(|_| is_same));
    }
    Ok(same)
}

async fn read_counts(
    transaction: &Transaction<'_>,
    wanted: HashSet<(WorkspaceId, Lead)>,
) -> Result<Vec<(Lead, i64)>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT entity_column, key, (
            SELECT count(*) FROM (
                SELECT FROM record_key
                WHERE record_key.workspace = lead.workspace
                    AND record_key.entity_column = lead.entity_column
                    AND record_key.key = lead.key
                LIMIT $4) AS counted)
        FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
            AS lead (workspace, entity_column, key)";
    let workspaces: Vec<i64> = wanted.iter().map(|(workspace, _)| workspace.0).collect();
    let columns: Vec<i64> = wanted.iter().map(|(_, lead)| lead.0).collect();
    let keys: Vec<&[u8]> = wanted.iter().map(|(_, lead)| lead.1.as_slice()).collect();
    list(transaction, select, &[&workspaces, &columns, &keys, &COUNTED_MAX], |row: &Row| {
        Ok(((row.get(0), row.get(1)), row.get(2)))
    })
    .await
}

async fn read_numbers(
    transaction: &Transaction<'_>,
    wanted: HashSet<(WorkspaceId, i64)>,
) -> Result<Vec<(i64, i64)>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT no, last_number FROM entity
        WHERE (workspace, no) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))";
    let (workspaces, entities): (Vec<i64>, Vec<i64>) =
        wanted.iter().map(|(workspace, entity)| (workspace.0, *entity)).unzip();
    list(transaction, select, &[&workspaces, &entities], |row| Ok((row.get(0), row.get(1)))).await
}

async fn read_items(
    transaction: &Transaction<'_>,
    wanted: HashSet<(WorkspaceId, i64)>,
) -> Result<HashMap<i64, Vec<Item>>, Failure> {
    let mut items: HashMap<i64, Vec<Item>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(items);
    }
    let select = "SELECT inbound_record.event, item, entity, record FROM inbound_record
        JOIN unnest($1::bigint[], $2::bigint[]) AS wanted (workspace, event)
            ON inbound_record.workspace = ANY (ARRAY[wanted.workspace])
                AND inbound_record.event = wanted.event";
    let (workspaces, events): (Vec<i64>, Vec<i64>) =
        wanted.iter().map(|(workspace, event)| (workspace.0, *event)).unzip();
    for event in &events {
        items.entry(*event).or_default();
    }
    let read = list(transaction, select, &[&workspaces, &events], |row| {
        let item =
            Item { item: row.get::<_, i64>(1) as u32, entity: row.get(2), record: row.get(3) };
        Ok((row.get::<_, i64>(0), item))
    })
    .await?;
    for (event, item) in read {
        items.entry(event).or_default().push(item);
    }
    Ok(items)
}
