//! Records: reading them by id, and the statements that writing shares.
//!
//! A record whose id we minted is found by the id alone, because the id holds
//! the row key; one whose id was given to us goes through `record_given_id`.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::id::{Stamp, WorkspaceId};
use turnbuckle_core::key;
use turnbuckle_core::record::{Record, Related};
use turnbuckle_core::write::Planned;
use uuid::Uuid;

use crate::StoreError;
use crate::record::{Applied, RecordStore, Search, SearchPage, Write};
use crate::rules::record::RecordRow;
use crate::rules::schema::EntityRow;
use crate::rules::{apply, reads, search};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::reads::at_once;
use crate::sqlite::writer::Priority;

pub fn read_record(row: &Row<'_>) -> Result<RecordRow, Failure> {
    let id: [u8; 16] = row.get(1)?;
    let data = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(RecordRow {
        seq: row.get(0)?,
        record: Record {
            id: Uuid::from_bytes(id).to_string(),
            number: row.get(2)?,
            version: row.get(3)?,
            created_at: row.get(4)?,
            updated_at: row.get(5)?,
            data: Arc::new(serde_json::from_str(data)?),
        },
    })
}

/// The record of this id, if the entity has it.
pub fn find_record(db: &Db, entity_no: i64, id: &Uuid) -> Result<Option<RecordRow>, Failure> {
    let Some(seq) = record_seq(db, entity_no, id)? else { return Ok(None) };
    let mut select = db.prepare_cached(
        "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
         FROM record WHERE seq = ?1 AND entity = ?2 AND id = ?3",
    )?;
    let mut rows = select.query(params![seq, entity_no, id.as_bytes()])?;
    rows.next()?.map(read_record).transpose()
}

/// Where the record of this id would be: found again under the id before it is believed.
fn record_seq(db: &Db, entity_no: i64, id: &Uuid) -> Result<Option<i64>, Failure> {
    if let Some(stamp) = Stamp::from_uuid(*id) {
        let is_there: Option<i64> = db
            .prepare_cached("SELECT seq FROM record WHERE seq = ?1 AND entity = ?2 AND id = ?3")?
            .query_row(params![stamp.row_key(), entity_no, id.as_bytes()], |row| row.get(0))
            .optional()?;
        if is_there.is_some() {
            return Ok(is_there);
        }
    }
    Ok(db
        .prepare_cached("SELECT record FROM record_given_id WHERE entity = ?1 AND id = ?2")?
        .query_row(params![entity_no, id.as_bytes()], |row| row.get(0))
        .optional()?)
}

pub fn record_exists(db: &Db, entity_no: i64, id: &Uuid) -> Result<bool, Failure> {
    Ok(record_seq(db, entity_no, id)?.is_some())
}

pub fn record_at(db: &Db, seq: i64) -> Result<Option<RecordRow>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
         FROM record WHERE seq = ?1",
    )?;
    let mut rows = select.query([seq])?;
    rows.next()?.map(read_record).transpose()
}

/// `data` is that of the record as JSON, as its change stores it too.
pub fn insert_record(
    db: &Db,
    entity_no: i64,
    row: &RecordRow,
    id: &Uuid,
    data: &str,
) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO record (seq, entity, id, number, version, created_at_ms, updated_at_ms, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        row.seq,
        entity_no,
        id.as_bytes(),
        row.record.number,
        row.record.version,
        row.record.created_at,
        row.record.updated_at,
        data
    ])?;
    if Stamp::from_uuid(*id).is_none_or(|stamp| stamp.row_key() != row.seq) {
        db.prepare_cached("INSERT INTO record_given_id (entity, id, record) VALUES (?1, ?2, ?3)")?
            .execute(params![entity_no, id.as_bytes(), row.seq])?;
    }
    Ok(())
}

/// Makes the search keys of a record those of `after`; `None` means no keys.
pub fn move_keys(
    db: &Db,
    entity: &EntityRow,
    seq: i64,
    before: Option<&Record>,
    after: Option<&Record>,
) -> Result<(), Failure> {
    for (name, column) in entity.keyed() {
        let key_of = |record: &Record| key::encode(&record.value(name, column.column_type));
        let (old, new) = (before.map(key_of), after.map(key_of));
        if old == new {
            continue;
        }
        if let Some(old) = old {
            db.prepare_cached(
                "DELETE FROM record_key WHERE entity_column = ?1 AND key = ?2 AND record = ?3",
            )?
            .execute(params![column.no, old, seq])?;
        }
        if let Some(new) = new {
            db.prepare_cached(
                "INSERT OR IGNORE INTO record_key (entity_column, key, record) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![column.no, new, seq])?;
        }
    }
    Ok(())
}

#[async_trait]
impl RecordStore for SqliteStore {
    async fn records(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        ids: &[String],
        paths: &[ColumnPath],
    ) -> Result<(Vec<Option<Record>>, Related), StoreError> {
        let connection = self.connection_schema(workspace, connection)?;
        self.readers.look_up("read records", |db| {
            at_once(reads::records(db, &connection, entity, ids, paths))
        })
    }

    async fn related(
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
        let connection = self.connection_schema(workspace, connection)?;
        self.readers.look_up("read related records", |db| {
            at_once(reads::related(db, &connection, entity, records, paths))
        })
    }

    async fn search(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        search: Search,
    ) -> Result<SearchPage, StoreError> {
        let connection = self.connection_schema(workspace, connection)?;
        self.readers
            .scan("search records", move |db| {
                // All slices of a search are of one moment.
                let moment = db.unchecked_transaction()?;
                at_once(search::search(&*moment, &connection, &search))
            })
            .await
    }

    async fn write(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        write: Write,
    ) -> Result<Applied, StoreError> {
        let connection = connection.to_owned();
        self.writer
            .run(Priority::Stages, "write a record", move |batch| {
                let connection = batch.state.connection(batch.sql, workspace, &connection)?;
                apply::apply(batch, &connection, write)
            })
            .await
    }

    async fn load(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: Vec<Vec<(String, Planned)>>,
    ) -> Result<usize, StoreError> {
        let (connection, entity) = (connection.to_owned(), entity.to_owned());
        self.writer
            .run(Priority::Bulk, "load records", move |batch| {
                let connection = batch.state.connection(batch.sql, workspace, &connection)?;
                let count = records.len();
                for values in records {
                    apply::load(batch, &connection, &entity, values)?;
                }
                Ok(count)
            })
            .await
    }
}
