//! The feed of changes and how far it is matched.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::change::{Change, ChangeType, Origin};
use turnbuckle_core::id::{ChangeId, Stamp, WorkspaceId};
use turnbuckle_core::record::{Data, Record};

use crate::StoreError;
use crate::change::ChangeStore;
use crate::page::{Page, ROWS_READ_MAX};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::tails::NextChanges;

const CHANGE_COLUMNS: &str =
    "seq, tail, workspace, connection, entity, record, change_type, origin,
    number, version, created_at_ms, updated_at_ms, before_updated_at_ms, before_data, after_data,
    written";

pub fn change_type_to_row(change_type: ChangeType) -> i64 {
    match change_type {
        ChangeType::Create => 2,
        ChangeType::Update => 3,
        ChangeType::Delete => 4,
    }
}

pub fn change_type_from_row(stored: i64) -> Option<ChangeType> {
    match stored {
        2 => Some(ChangeType::Create),
        3 => Some(ChangeType::Update),
        4 => Some(ChangeType::Delete),
        _ => None,
    }
}

fn origin_to_row(origin: Origin) -> i64 {
    match origin {
        Origin::App => 2,
        Origin::Source => 3,
        Origin::Records => 4,
        Origin::Crm => 5,
    }
}

fn origin_from_row(stored: i64) -> Origin {
    match stored {
        2 => Origin::App,
        3 => Origin::Source,
        4 => Origin::Records,
        _ => Origin::Crm,
    }
}

pub fn insert_change(db: &Db, connection_no: i64, change: &Change) -> Result<(), Failure> {
    let latest = change.latest();
    let data = |record: &Option<Record>| {
        record.as_ref().map(|record| serde_json::to_string(&record.data)).transpose()
    };
    db.prepare_cached(
        "INSERT INTO change (seq, tail, workspace, connection, entity, record, change_type, origin,
             number, version, created_at_ms, updated_at_ms, before_updated_at_ms, before_data,
             after_data, written)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        change.id.0.row_key(),
        change.id.0.tail(),
        change.workspace.0,
        connection_no,
        change.entity,
        latest.id,
        change_type_to_row(change.change_type),
        origin_to_row(change.origin),
        latest.number,
        latest.version,
        latest.created_at,
        latest.updated_at,
        change.before.as_ref().map(|record| record.updated_at),
        data(&change.before)?,
        data(&change.after)?,
        serde_json::to_string(&change.written)?
    ])?;
    Ok(())
}

/// Names of connections by number, read once per listing.
#[derive(Default)]
pub struct ConnectionNames(HashMap<i64, Option<String>>);

impl ConnectionNames {
    /// `None` when the connection has been deleted.
    pub fn name(&mut self, db: &Db, no: i64) -> Result<Option<String>, Failure> {
        if let Some(known) = self.0.get(&no) {
            return Ok(known.clone());
        }
        let name: Option<String> = db
            .prepare_cached("SELECT id FROM connection WHERE no = ?1")?
            .query_row([no], |row| row.get(0))
            .optional()?;
        self.0.insert(no, name.clone());
        Ok(name)
    }
}

fn read_change(
    db: &Db,
    names: &mut ConnectionNames,
    row: &Row<'_>,
) -> Result<Option<Change>, Failure> {
    let Some(connection) = names.name(db, row.get(3)?)? else { return Ok(None) };
    let data = |index: usize| -> Result<Option<Data>, Failure> {
        let text = row.get_ref(index)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        Ok(text.map(serde_json::from_str).transpose()?)
    };
    let (record, number, version): (String, i64, i64) = (row.get(5)?, row.get(8)?, row.get(9)?);
    let created_at = row.get(10)?;
    let (updated_at, before_updated_at): (i64, Option<i64>) = (row.get(11)?, row.get(12)?);
    let after = data(14)?;
    let is_deleted = after.is_none();
    let before = data(13)?.map(|data| Record {
        id: record.clone(),
        number,
        version: if is_deleted { version } else { version - 1 },
        created_at,
        updated_at: before_updated_at.unwrap_or(updated_at),
        data,
    });
    let after =
        after.map(|data| Record { id: record, number, version, created_at, updated_at, data });
    let id = ChangeId(Stamp::from_row(row.get(0)?, row.get(1)?));
    Ok(Some(Change {
        id,
        workspace: WorkspaceId(row.get(2)?),
        connection,
        entity: row.get(4)?,
        change_type: change_type_from_row(row.get(6)?).unwrap_or(ChangeType::Update),
        origin: origin_from_row(row.get(7)?),
        at: id.0.millis(),
        before,
        after,
        written: serde_json::from_str(row.get_ref(15)?.as_str().map_err(rusqlite::Error::from)?)?,
    }))
}

/// The key of the newest change, 0 if there is none.
pub fn last_change(db: &Db) -> Result<i64, rusqlite::Error> {
    db.query_row("SELECT coalesce(max(seq), 0) FROM change", [], |row| row.get(0))
}

pub fn matched_through(db: &Db) -> Result<i64, rusqlite::Error> {
    db.query_row("SELECT matched_through FROM feed WHERE shard = 0", [], |row| row.get(0))
}

#[async_trait]
impl ChangeStore for SqliteStore {
    async fn unmatched_changes(&self, limit: usize) -> Result<Vec<Arc<Change>>, StoreError> {
        let (after, through) = match self.tails.next_changes(limit) {
            NextChanges::InMemory(changes) => return Ok(changes),
            NextChanges::InDatabase { after, through } => (after, through),
        };
        self.readers
            .scan("read unmatched changes", move |db| {
                let mut names = ConnectionNames::default();
                let mut select = db.prepare_cached(&format!(
                    "SELECT {CHANGE_COLUMNS} FROM change
                     WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3"
                ))?;
                let mut rows = select.query(params![after, through, limit as i64])?;
                let mut changes = Vec::new();
                while let Some(row) = rows.next()? {
                    changes.extend(read_change(db, &mut names, row)?.map(Arc::new));
                }
                Ok(changes)
            })
            .await
    }

    async fn new_change(&self) {
        self.tails.new_change.notified().await;
    }

    async fn deferred_changes(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        limit: usize,
    ) -> Result<Vec<Arc<Change>>, StoreError> {
        let connection = self.connection_schema(workspace, connection)?;
        let object = object.to_owned();
        self.readers
            .scan("read deferred changes", move |db| {
                let mut names = ConnectionNames::default();
                let mut select = db.prepare_cached(&format!(
                    "SELECT {CHANGE_COLUMNS} FROM change WHERE seq IN (
                         SELECT change FROM deferred_change
                         WHERE connection = ?1 AND object = ?2 ORDER BY change LIMIT ?3)
                     ORDER BY seq"
                ))?;
                let mut rows = select.query(params![connection.no, object, limit as i64])?;
                let mut changes = Vec::new();
                while let Some(row) = rows.next()? {
                    changes.extend(read_change(db, &mut names, row)?.map(Arc::new));
                }
                Ok(changes)
            })
            .await
    }

    async fn changes(
        &self,
        workspace: WorkspaceId,
        connection: Option<&str>,
        entity: Option<&str>,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Page<Change>, StoreError> {
        let connection = connection
            .map(|id| self.connection_schema(workspace, id))
            .transpose()?
            .map(|connection| connection.no);
        let entity = entity.map(str::to_owned);
        let through = self.tails.matched_position();
        self.readers
            .scan("read the change feed", move |db| {
                let mut names = ConnectionNames::default();
                let mut select = db.prepare_cached(&format!(
                    "SELECT {CHANGE_COLUMNS} FROM change
                     WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3"
                ))?;
                let mut rows =
                    select.query(params![after.unwrap_or(0), through, ROWS_READ_MAX as i64])?;
                let mut page = Page { items: Vec::new(), next: None };
                let mut read = 0;
                while let Some(row) = rows.next()? {
                    read += 1;
                    let seq: i64 = row.get(0)?;
                    let fits = row.get::<_, i64>(2)? == workspace.0
                        && connection.is_none_or(|no| row.get(3) == Ok(no))
                        && entity.as_ref().is_none_or(|name| {
                            row.get_ref(4).is_ok_and(|stored| stored.as_str() == Ok(name))
                        });
                    if fits && page.items.len() == limit {
                        return Ok(page);
                    }
                    page.next = Some(seq);
                    if fits {
                        page.items.extend(read_change(db, &mut names, row)?);
                    }
                }
                if read < ROWS_READ_MAX {
                    page.next = None;
                }
                Ok(page)
            })
            .await
    }
}
