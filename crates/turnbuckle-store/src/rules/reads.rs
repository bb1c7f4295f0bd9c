//! What an engine can read of the records of one workspace.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::key::KeyRange;
use turnbuckle_core::record::{Record, Related};
use uuid::Uuid;

use crate::StoreError;
use crate::rules::record::RecordRow;
use crate::rules::schema::ConnectionSchema;
use crate::rules::walk::Walks;

/// Reads of records, each one statement where a round trip costs.
///
/// Entities and columns are told by their numbers. A key that leads to no
/// record is passed over.
pub trait RecordReads {
    type Failure: From<StoreError> + From<serde_json::Error>;

    /// Records worth reading at once: many where a round trip costs, few where
    /// only the memory does that they take until they are looked at.
    const SLICE_MAX: usize;

    /// The records with these ids, in no particular order. Those that are not
    /// there are left out.
    async fn by_ids(&self, entity_no: i64, ids: &[Uuid]) -> Result<Vec<RecordRow>, Self::Failure>;

    /// The records with these row keys, which are ascending, in their order.
    /// Those that are not there are left out.
    async fn at(&self, entity_no: i64, seqs: &[i64]) -> Result<Vec<RecordRow>, Self::Failure>;

    /// The first records whose row key is above `after`, in the order of creation.
    async fn of_entity(
        &self,
        entity_no: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Self::Failure>;

    /// As [`Self::of_entity`], of those that have exactly this key.
    async fn keyed(
        &self,
        entity_no: i64,
        column_no: i64,
        key: &[u8],
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Self::Failure>;

    /// The first records behind a key and row key in the order of keys, then
    /// row keys; with `is_descending`, in the reverse of it. Each with its key.
    async fn in_key_order(
        &self,
        entity_no: i64,
        column_no: i64,
        is_descending: bool,
        after: (&[u8], i64),
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, RecordRow)>, Self::Failure>;

    /// Row keys of the first records of an entity, ascending.
    async fn seqs(&self, entity_no: i64, limit: usize) -> Result<Vec<i64>, Self::Failure>;

    /// Row keys of up to `limit` records with a key in one of the ranges, which
    /// are apart from each other; in no particular order.
    async fn candidates(
        &self,
        column_no: i64,
        ranges: &[KeyRange],
        limit: usize,
    ) -> Result<Vec<i64>, Self::Failure>;
}

/// Records by id, in the order asked, with what `paths` reach through them.
pub async fn records<R: RecordReads>(
    reads: &R,
    connection: &ConnectionSchema,
    entity: &str,
    ids: &[String],
    paths: &[ColumnPath],
) -> Result<(Vec<Option<Record>>, Related), R::Failure> {
    let (_, row) = connection.entity(entity)?;
    let ids: Vec<Option<Uuid>> = ids.iter().map(|id| Uuid::try_parse(id).ok()).collect();
    let wanted: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let found = reads.by_ids(row.no, &wanted).await?;
    let found: HashMap<String, Record> =
        found.into_iter().map(|row| (row.record.id.clone(), row.record)).collect();
    let records: Vec<Option<Record>> =
        ids.into_iter().map(|id| found.get(&id?.to_string()).cloned()).collect();
    let mut reached = Related::default();
    let walks = Walks::along(connection, entity, paths);
    let from: Vec<&Record> = records.iter().flatten().collect();
    walks.fetch(reads, &from, &mut reached).await?;
    Ok((records, reached))
}

/// What `paths` reach from records that the caller holds.
pub async fn related<R: RecordReads>(
    reads: &R,
    connection: &ConnectionSchema,
    entity: &str,
    records: &[&Record],
    paths: &HashSet<ColumnPath>,
) -> Result<Related, R::Failure> {
    let mut reached = Related::default();
    Walks::along(connection, entity, paths).fetch(reads, records, &mut reached).await?;
    Ok(reached)
}
