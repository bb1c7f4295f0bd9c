//! Changes: those that are not matched yet, and the feed, on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::change::{Change, ChangeType};
use turnbuckle_core::id::{ChangeId, ConnectionNo, Stamp, WorkspaceId};
use turnbuckle_core::record::{Data, Record};

use crate::StoreError;
use crate::change::{ChangeStore, FeedPage};
use crate::page::ROWS_READ_MAX;
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during};
use crate::postgres::hints::hint_or_look;
use crate::postgres::processes::Task;
use crate::postgres::statement::{Parameters, by_key, execute, find, list};
use crate::rules::numbers::{
    change_type_from_row, change_type_to_row, origin_from_row, origin_to_row,
};

/// Puts changes into the queue, each with the record after it as JSON.
pub async fn insert_changes(
    db: &impl GenericClient,
    changes: &[(Change, Option<String>)],
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let numbers = |read: fn(&Change) -> i64| -> Vec<i64> {
        changes.iter().map(|(change, _)| read(change)).collect()
    };
    let entities: Vec<&str> = changes.iter().map(|(change, _)| change.entity.as_str()).collect();
    let records: Vec<&str> = changes.iter().map(|(it, _)| it.latest().id.as_str()).collect();
    let before_updated: Vec<Option<i64>> =
        changes.iter().map(|(change, _)| Some(change.before.as_ref()?.updated_at)).collect();
    let before = |(change, _): &(Change, Option<String>)| {
        change.before.as_ref().map(|before| serde_json::to_string(&before.data)).transpose()
    };
    let before: Vec<Option<String>> = changes.iter().map(before).collect::<Result<_, _>>()?;
    let after: Vec<Option<&str>> = changes.iter().map(|(_, after)| after.as_deref()).collect();
    let written = changes.iter().map(|(change, _)| serde_json::to_string(&change.written));
    let written: Vec<String> = written.collect::<Result<_, _>>()?;
    let insert = "INSERT INTO change_queue (workspace, seq, tail, connection, entity, record,
            change_type, origin, number, version, created_at_ms, updated_at_ms,
            before_updated_at_ms, before_data, after_data, written)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
            $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
            $12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::text[])";
    execute(
        db,
        insert,
        &[
            &numbers(|change| change.workspace.0),
            &numbers(|change| change.id.0.row_key()),
            &numbers(|change| change.id.0.tail()),
            &numbers(|change| change.connection_no.0),
            &entities,
            &records,
            &numbers(|change| change_type_to_row(change.change_type)),
            &numbers(|change| origin_to_row(change.origin)),
            &numbers(|change| change.latest().number),
            &numbers(|change| change.latest().version),
            &numbers(|change| change.latest().created_at),
            &numbers(|change| change.latest().updated_at),
            &before_updated,
            &before,
            &after,
            &written,
        ],
    )
    .await?;
    Ok(())
}

/// Columns of a change and the name of its connection, null if that was deleted.
const CHANGE_COLUMNS: &str = "change.seq, change.tail, change.workspace, change.connection,
    connection.id, change.entity, change.record, change.change_type, change.origin, change.number,
    change.version, change.created_at_ms, change.updated_at_ms, change.before_updated_at_ms,
    change.before_data, change.after_data, change.written";

/// `None` of a connection that was deleted.
fn read_change(row: &Row) -> Result<Option<Change>, Failure> {
    let Some(connection) = row.get(4) else { return Ok(None) };
    let data = |column: usize| -> Result<Option<Arc<Data>>, Failure> {
        let text: Option<&str> = row.get(column);
        Ok(text.map(serde_json::from_str).transpose()?.map(Arc::new))
    };
    let (record, number, version): (String, i64, i64) = (row.get(6), row.get(9), row.get(10));
    let (created_at, updated_at) = (row.get(11), row.get(12));
    let after = data(15)?;
    let is_deleted = after.is_none();
    let before = data(14)?.map(|data| Record {
        id: record.clone(),
        number,
        version: if is_deleted { version } else { version - 1 },
        created_at,
        updated_at: row.get::<_, Option<i64>>(13).unwrap_or(updated_at),
        data,
    });
    let after =
        after.map(|data| Record { id: record, number, version, created_at, updated_at, data });
    let id = ChangeId(Stamp::from_row(row.get(0), row.get(1)));
    Ok(Some(Change {
        id,
        workspace: WorkspaceId(row.get(2)),
        connection,
        connection_no: ConnectionNo(row.get(3)),
        entity: row.get(5),
        change_type: change_type_from_row(row.get(7)).unwrap_or(ChangeType::Update),
        origin: origin_from_row(row.get(8)),
        at: id.0.millis(),
        before,
        after,
        written: serde_json::from_str(row.get(16))?,
    }))
}

/// A change of the queue that can be matched, or why it never will be.
enum Unmatched {
    Change(Arc<Change>),
    /// Its connection was deleted, or it cannot be read.
    Nobodys {
        workspace: WorkspaceId,
        seq: i64,
    },
}

fn read_unmatched(row: &Row) -> Result<Unmatched, Failure> {
    let nobodys = || Unmatched::Nobodys { workspace: WorkspaceId(row.get(2)), seq: row.get(0) };
    match read_change(row) {
        Ok(Some(change)) => Ok(Unmatched::Change(Arc::new(change))),
        Ok(None) => Ok(nobodys()),
        // Nobody can be told of it, and the changes of everybody else must not wait.
        Err(Failure::Store(error)) => {
            let id = ChangeId(Stamp::from_row(row.get(0), row.get(1)));
            tracing::error!(change = %id, %error, "a change cannot be read and is left out");
            Ok(nobodys())
        }
        Err(failure) => Err(failure),
    }
}

/// Takes changes out of the queue of which nobody is to be told.
async fn drop_unmatched(
    db: &impl GenericClient,
    dropped: &[(WorkspaceId, i64)],
) -> Result<(), Failure> {
    let (workspaces, seqs): (Vec<i64>, Vec<i64>) =
        dropped.iter().map(|(workspace, seq)| (workspace.0, *seq)).unzip();
    let delete = concat!(
        "DELETE FROM change_queue
        USING unnest($1::bigint[], $2::bigint[]) AS dropped (workspace, seq) WHERE ",
        by_key!("change_queue", "dropped")
    );
    execute(db, delete, &[&workspaces, &seqs]).await?;
    Ok(())
}

#[async_trait]
impl ChangeStore for PostgresStore {
    async fn unmatched_changes(&self, limit: usize) -> Result<Vec<Arc<Change>>, StoreError> {
        let select = format!(
            "SELECT {CHANGE_COLUMNS} FROM change_queue AS change
             LEFT JOIN connection ON connection.workspace = change.workspace
                 AND connection.no = change.connection
             ORDER BY change.seq LIMIT $1"
        );
        if !self.processes.has(Task::Match) {
            return Ok(Vec::new());
        }
        during("read unmatched changes", async {
            let db = self.pool.get().await?;
            loop {
                let read = list(&db, &select, &[&(limit as i64)], read_unmatched).await?;
                let count = read.len();
                let (mut changes, mut dropped) = (Vec::with_capacity(count), Vec::new());
                for unmatched in read {
                    match unmatched {
                        Unmatched::Change(change) => changes.push(change),
                        Unmatched::Nobodys { workspace, seq } => dropped.push((workspace, seq)),
                    }
                }
                if !dropped.is_empty() {
                    drop_unmatched(&db, &dropped).await?;
                }
                if !changes.is_empty() || count < limit {
                    return Ok(changes);
                }
            }
        })
        .await
    }

    async fn new_change(&self) {
        hint_or_look(&self.hints.new_change).await;
    }

    async fn deferred_changes(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        limit: usize,
    ) -> Result<Vec<Arc<Change>>, StoreError> {
        let no = self.connection_schema(workspace, connection).await?.no;
        let select = format!(
            "SELECT {CHANGE_COLUMNS} FROM (
                 SELECT change AS seq FROM deferred_change
                 WHERE workspace = $1 AND connection = $2 AND object = $3
                 ORDER BY change LIMIT $4) AS deferred
             JOIN change ON change.workspace = $1 AND change.seq = deferred.seq
             LEFT JOIN connection ON connection.workspace = $1 AND connection.no = $2
             ORDER BY change.seq"
        );
        during("read deferred changes", async {
            let db = self.pool.get().await?;
            let limit = limit as i64;
            let parameters: Parameters<'_> = &[&workspace.0, &no.0, &object, &limit];
            let changes = list(&db, &select, parameters, read_change).await?;
            Ok(changes.into_iter().flatten().map(Arc::new).collect())
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
        let connection = match connection {
            Some(id) => Some(self.connection_schema(workspace, id).await?.no),
            None => None,
        };
        during("read the change feed", async {
            let db = self.pool.get().await?;
            read_feed(&db, workspace, (connection, entity), after.unwrap_or(0), limit).await
        })
        .await
    }
}

/// Reads a page of the feed: of no more than [`ROWS_READ_MAX`] changes those that fit.
async fn read_feed(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    (connection, entity): (Option<ConnectionNo>, Option<&str>),
    after: i64,
    limit: usize,
) -> Result<FeedPage, Failure> {
    let select = format!(
        "SELECT {CHANGE_COLUMNS}, change.position FROM (
             SELECT * FROM change WHERE workspace = $1 AND position > $2
             ORDER BY position LIMIT $6) AS change
         JOIN connection ON connection.workspace = $1 AND connection.no = change.connection
         WHERE ($3::bigint IS NULL OR change.connection = $3)
             AND ($4::text IS NULL OR change.entity = $4)
         ORDER BY change.position LIMIT $5"
    );
    let parameters: Parameters<'_> = &[
        &workspace.0,
        &after,
        &connection.map(|no| no.0),
        &entity,
        &(limit as i64 + 1),
        &(ROWS_READ_MAX as i64),
    ];
    let mut read =
        list(db, &select, parameters, |row| Ok((row.get::<_, i64>(17), read_change(row)?))).await?;
    let mut has_more = limit < read.len();
    read.truncate(limit);
    let mut position = read.last().map_or(after, |(position, _)| *position);
    if !has_more {
        // Whether the feed ended, or only the look at it.
        let last = "SELECT position FROM change WHERE workspace = $1 AND position > $2
            ORDER BY position OFFSET $3 LIMIT 1";
        let looked_at = ROWS_READ_MAX as i64 - 1;
        let parameters: Parameters<'_> = &[&workspace.0, &after, &looked_at];
        if let Some(last) = find(db, last, parameters, |row| Ok(row.get(0))).await? {
            (has_more, position) = (true, last);
        }
    }
    let items = read.into_iter().filter_map(|(_, change)| change).collect();
    Ok(FeedPage { items, position, has_more })
}
