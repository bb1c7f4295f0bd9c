//! Reads of records, on PostgreSQL.
//!
//! Where many records are named, by their ids or by keys, each is looked up in
//! an index: LATERAL with a LIMIT leaves the planner no other way, however many
//! it expects.

use std::collections::HashSet;

use deadpool_postgres::GenericClient;
use tokio_postgres::IsolationLevel;
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::key::{KEYS_END, KeyRange};
use turnbuckle_core::record::{Record, Related};
use uuid::Uuid;

use crate::StoreError;
use crate::postgres::Parts;
use crate::postgres::failure::{Failure, during};
use crate::postgres::record::read_record;
use crate::postgres::statement::{Parameters, list};
use crate::record::{Search, SearchPage};
use crate::rules::reads::{self, RecordReads};
use crate::rules::record::RecordRow;
use crate::rules::search;

const BY_IDS: &str = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
    FROM unnest($3::uuid[]) AS wanted CROSS JOIN LATERAL (
        SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
        FROM record WHERE workspace = $1 AND entity = $2 AND id = wanted LIMIT 1
    ) AS found";

const AT: &str = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
    FROM unnest($3::bigint[]) AS wanted CROSS JOIN LATERAL (
        SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
        FROM record WHERE workspace = $1 AND entity = $2 AND seq = wanted LIMIT 1
    ) AS found
    ORDER BY seq";

const OF_ENTITY: &str = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
    FROM record WHERE workspace = $1 AND entity = $2 AND seq > $3 ORDER BY seq LIMIT $4";

const KEYED: &str = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
    FROM record_key CROSS JOIN LATERAL (
        SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
        FROM record WHERE workspace = $1 AND entity = $2 AND seq = record_key.record LIMIT 1
    ) AS found
    WHERE workspace = $1 AND entity_column = $3 AND key = $4 AND record > $5
    ORDER BY record LIMIT $6";

const IN_KEY_ORDER: &str =
    "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data, key
    FROM record_key CROSS JOIN LATERAL (
        SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
        FROM record WHERE workspace = $1 AND entity = $2 AND seq = record_key.record LIMIT 1
    ) AS found
    WHERE workspace = $1 AND entity_column = $3 AND (key, record) > ($4, $5)
    ORDER BY key, record LIMIT $6";

const IN_REVERSE_KEY_ORDER: &str =
    "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data, key
    FROM record_key CROSS JOIN LATERAL (
        SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
        FROM record WHERE workspace = $1 AND entity = $2 AND seq = record_key.record LIMIT 1
    ) AS found
    WHERE workspace = $1 AND entity_column = $3 AND (key, record) < ($4, $5)
    ORDER BY key DESC, record DESC LIMIT $6";

const SEQS: &str =
    "SELECT seq FROM record WHERE workspace = $1 AND entity = $2 ORDER BY seq LIMIT $3";

const CANDIDATES: &str = "SELECT record
    FROM unnest($3::bytea[], $4::bytea[]) AS range (low, high) CROSS JOIN LATERAL (
        SELECT record FROM record_key
        WHERE workspace = $1 AND entity_column = $2 AND key >= low AND key < high
        ORDER BY key, record LIMIT $5
    ) AS found
    LIMIT $5";

/// Reads of the records of one workspace, on a connection or in a transaction.
pub struct Reads<'a, C> {
    pub db: &'a C,
    pub workspace: WorkspaceId,
}

impl<C: GenericClient> RecordReads for Reads<'_, C> {
    type Failure = Failure;

    const SLICE_MAX: usize = 500;

    async fn by_ids(&self, entity_no: i64, ids: &[Uuid]) -> Result<Vec<RecordRow>, Failure> {
        list(self.db, BY_IDS, &[&self.workspace.0, &entity_no, &ids], read_record).await
    }

    async fn at(&self, entity_no: i64, seqs: &[i64]) -> Result<Vec<RecordRow>, Failure> {
        list(self.db, AT, &[&self.workspace.0, &entity_no, &seqs], read_record).await
    }

    async fn of_entity(
        &self,
        entity_no: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Failure> {
        let parameters: Parameters<'_> = &[&self.workspace.0, &entity_no, &after, &(limit as i64)];
        list(self.db, OF_ENTITY, parameters, read_record).await
    }

    async fn keyed(
        &self,
        entity_no: i64,
        column_no: i64,
        key: &[u8],
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Failure> {
        let (workspace, limit) = (self.workspace.0, limit as i64);
        list(
            self.db,
            KEYED,
            &[&workspace, &entity_no, &column_no, &key, &after, &limit],
            read_record,
        )
        .await
    }

    async fn in_key_order(
        &self,
        entity_no: i64,
        column_no: i64,
        is_descending: bool,
        (key, seq): (&[u8], i64),
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, RecordRow)>, Failure> {
        let statement = if is_descending { IN_REVERSE_KEY_ORDER } else { IN_KEY_ORDER };
        let (workspace, limit) = (self.workspace.0, limit as i64);
        let parameters: Parameters<'_> = &[&workspace, &entity_no, &column_no, &key, &seq, &limit];
        list(self.db, statement, parameters, |row| Ok((row.get(7), read_record(row)?))).await
    }

    async fn seqs(&self, entity_no: i64, limit: usize) -> Result<Vec<i64>, Failure> {
        let parameters: Parameters<'_> = &[&self.workspace.0, &entity_no, &(limit as i64)];
        list(self.db, SEQS, parameters, |row| Ok(row.get(0))).await
    }

    async fn candidates(
        &self,
        column_no: i64,
        ranges: &[KeyRange],
        limit: usize,
    ) -> Result<Vec<i64>, Failure> {
        let low: Vec<&[u8]> = ranges.iter().map(|range| range.from.as_slice()).collect();
        let high: Vec<&[u8]> =
            ranges.iter().map(|range| range.to.as_deref().unwrap_or(KEYS_END)).collect();
        let parameters: Parameters<'_> =
            &[&self.workspace.0, &column_no, &low, &high, &(limit as i64)];
        list(self.db, CANDIDATES, parameters, |row| Ok(row.get(0))).await
    }
}

impl Parts {
    /// [`crate::record::RecordStore::records`]
    pub(super) async fn read_records(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        ids: &[String],
        paths: &[ColumnPath],
    ) -> Result<(Vec<Option<Record>>, Related), StoreError> {
        let connection = self.connection_schema(workspace, connection).await?;
        during("read records", async {
            let db = self.pool.get().await?;
            reads::records(&Reads { db: &db, workspace }, &connection, entity, ids, paths).await
        })
        .await
    }

    /// [`crate::record::RecordStore::related`]
    pub(super) async fn read_related(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: &[&Record],
        paths: &HashSet<ColumnPath>,
    ) -> Result<Related, StoreError> {
        if paths.iter().all(ColumnPath::is_plain) {
            return Ok(Related::default());
        }
        let connection = self.connection_schema(workspace, connection).await?;
        during("read related records", async {
            let db = self.pool.get().await?;
            reads::related(&Reads { db: &db, workspace }, &connection, entity, records, paths).await
        })
        .await
    }

    /// [`crate::record::RecordStore::search`]
    pub(super) async fn read_search(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        search: Search,
    ) -> Result<SearchPage, StoreError> {
        let connection = self.connection_schema(workspace, connection).await?;
        during("search records", async {
            let mut db = self.pool.get().await?;
            // All slices of a search are of one moment. There is nothing to commit:
            // dropped, it ends without a round trip.
            let moment = db
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            search::search(&Reads { db: &moment, workspace }, &connection, &search).await
        })
        .await
    }
}
