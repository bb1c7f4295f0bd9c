//! The feed of changes and how far it is matched.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::change::{Change, ChangeType};
use turnbuckle_core::id::{ChangeId, ConnectionNo, Stamp, WorkspaceId};
use turnbuckle_core::record::{Data, Record};

use crate::StoreError;
use crate::change::{ChangeStore, FeedPage};
use crate::rules::numbers::{
    change_type_from_row, change_type_to_row, origin_from_row, origin_to_row,
};
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::tails::NextChanges;

const CHANGE_COLUMNS: &str =
    "seq, tail, workspace, connection, entity, record, change_type, origin,
    number, version, created_at_ms, updated_at_ms, before_updated_at_ms, before_data, after_data,
    written";

/// A backlog in the database is counted up to here.
const COUNTED_MAX: i64 = 100_000;

/// `after_data` is that of the record after as JSON, as the record stores it too.
pub fn insert_change(db: &Db, change: &Change, after_data: Option<&str>) -> Result<(), Failure> {
    let latest = change.latest();
    let before_data =
        change.before.as_ref().map(|before| serde_json::to_string(&before.data)).transpose()?;
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
        change.connection_no.0,
        change.entity,
        latest.id,
        change_type_to_row(change.change_type),
        origin_to_row(change.origin),
        latest.number,
        latest.version,
        latest.created_at,
        latest.updated_at,
        change.before.as_ref().map(|record| record.updated_at),
        before_data,
        after_data,
        serde_json::to_string(&change.written)?
    ])?;
    Ok(())
}

/// Names of connections by number, read once per listing.
#[derive(Default)]
pub struct ConnectionNames(HashMap<ConnectionNo, Option<String>>);

impl ConnectionNames {
    /// `None` when the connection has been deleted.
    pub fn name(&mut self, db: &Db, no: ConnectionNo) -> Result<Option<String>, Failure> {
        if let Some(known) = self.0.get(&no) {
            return Ok(known.clone());
        }
        let name: Option<String> = db
            .prepare_cached("SELECT id FROM connection WHERE no = ?1")?
            .query_row([no.0], |row| row.get(0))
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
    let connection_no = ConnectionNo(row.get(3)?);
    let Some(connection) = names.name(db, connection_no)? else { return Ok(None) };
    let data = |index: usize| -> Result<Option<Arc<Data>>, Failure> {
        let text = row.get_ref(index)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        Ok(text.map(serde_json::from_str).transpose()?.map(Arc::new))
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
        connection_no,
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
        loop {
            let (after, through) = match self.tails.next_changes(limit) {
                NextChanges::InMemory(changes) => return Ok(changes),
                NextChanges::InDatabase { after, through } => (after, through),
            };
            let (changes, read_through) = self
                .readers
                .scan("read unmatched changes", move |db| read_unmatched(db, after, through, limit))
                .await?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            // Their connections were deleted: matching goes on behind them.
            self.tails.matched_through(read_through);
        }
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
                let mut rows = select.query(params![connection.no.0, object, limit as i64])?;
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
    ) -> Result<FeedPage, StoreError> {
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
                    "SELECT {CHANGE_COLUMNS} FROM change WHERE seq > ?1 AND seq <= ?2 ORDER BY seq"
                ))?;
                let after = after.unwrap_or(0);
                let rows = select.query(params![after, through])?;
                let page = listing::page_of_fitting(rows, limit, |row| {
                    let fits = row.get::<_, i64>(2)? == workspace.0
                        && connection.is_none_or(|no| row.get(3) == Ok(no.0))
                        && entity.as_ref().is_none_or(|name| {
                            row.get_ref(4).is_ok_and(|stored| stored.as_str() == Ok(name))
                        });
                    if fits { read_change(db, &mut names, row) } else { Ok(None) }
                })?;
                // The one writer gives ids in the order of the feed.
                let last = page.items.last().map_or(after, |last| last.id.0.row_key());
                Ok(FeedPage {
                    position: page.next.unwrap_or(last),
                    has_more: page.next.is_some(),
                    items: page.items,
                })
            })
            .await
    }
}

/// The next changes after one key and up to another, and the key up to which
/// the database was looked at.
fn read_unmatched(
    db: &Db,
    after: i64,
    through: i64,
    limit: usize,
) -> Result<(Vec<Arc<Change>>, i64), Failure> {
    let mut names = ConnectionNames::default();
    let mut select = db.prepare_cached(&format!(
        "SELECT {CHANGE_COLUMNS} FROM change WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3"
    ))?;
    let mut rows = select.query(params![after, through, limit as i64])?;
    let mut changes = Vec::new();
    let (mut count, mut last) = (0, after);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        count += 1;
        match read_change(db, &mut names, row) {
            Ok(change) => changes.extend(change.map(Arc::new)),
            // Nobody can be told of it, and the changes of everybody else must not wait.
            Err(Failure::Store(error)) => {
                let id = ChangeId(Stamp::from_row(last, row.get(1)?));
                tracing::error!(change = %id, %error, "a change cannot be read and is left out");
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((changes, if count < limit { through } else { last }))
}

/// Changes between two keys that are not in memory, counted no further than matters.
pub fn count_unmatched(db: &Db, (after, through): (i64, i64)) -> Result<u64, Failure> {
    let count: i64 = db
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM change WHERE seq > ?1 AND seq <= ?2 LIMIT ?3)",
        )?
        .query_row(params![after, through, COUNTED_MAX], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations::migrate;

    #[test]
    fn a_change_that_cannot_be_read_holds_no_other_up() {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.execute_batch(
            "INSERT INTO connection (no, workspace, id, context, connector, time_zone,
                 created_at_ms, updated_at_ms) VALUES (1, 1, 'crm', 'acme', 'native', 'UTC', 0, 0)",
        )
        .unwrap();
        for (seq, data) in [(1, "{}"), (2, "{ spoilt"), (3, "{}")] {
            db.execute(
                "INSERT INTO change VALUES (?1, 0, 1, 1, 'Contact', '1', 2, 4, 1, 1, 0, 0, NULL,
                     NULL, ?2, '[]')",
                params![seq, data],
            )
            .unwrap();
        }
        let (changes, through) = read_unmatched(&db, 0, 3, 10).unwrap();
        let read: Vec<_> = changes.iter().map(|change| change.id.0.row_key()).collect();
        assert_eq!((read, through), (vec![1, 3], 3));
    }
}
