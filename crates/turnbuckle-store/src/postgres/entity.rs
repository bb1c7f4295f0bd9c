//! The schema of the built-in CRM, and filling search keys in slices, on PostgreSQL.
//!
//! Keys are started by whoever changes the connection, so that no write of its
//! records is under way: all that begin later keep their keys. A slice holds the
//! line of the connection, so that no record changes between the look at it and
//! its key. Two processes may fill the same keys; neither minds the other.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use turnbuckle_core::entity::{Entity, Schema};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::key::{self, Canonical, KEY_BYTES_MAX, NULL_KEY};

use crate::StoreError;
use crate::entity::EntityStore;
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::connection::KeepingKeys;
use crate::postgres::failure::{Failure, during};
use crate::postgres::record::read_record;
use crate::postgres::schema::{load_schema, start_keys, store_entity};
use crate::postgres::statement::{Parameters, execute, find, list};
use crate::rules::schema::{ColumnRow, ConnectionSchema, KeyState, keyed_by_putting};

/// Records that one slice gives keys to.
const KEY_SLICE: i64 = 1_000;

#[async_trait]
impl EntityStore for PostgresStore {
    async fn schema(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Arc<Schema>, StoreError> {
        // Past the cache: it must be no older than a row of the connection read before.
        during("read a schema", async {
            let db = self.pool.get().await?;
            Ok(load_schema(&db, workspace, connection).await?.connection.schema.clone())
        })
        .await
    }

    async fn put_entity(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: Entity,
    ) -> Result<bool, StoreError> {
        // Whether values repeat is seen by their keys.
        let schema = self.connection_schema(workspace, connection).await?;
        let becoming = schema.becoming_unique(&entity).into_iter();
        let becoming: Vec<_> =
            becoming.map(|(column, _)| (entity.name.clone(), column.name.clone())).collect();
        self.ensure_keys(workspace, connection, &becoming).await?;
        let is_new = during("put an entity", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let keeping = KeepingKeys::begin(&change.sql, workspace, connection, None).await?;
            check_columns(&change.sql, &keeping.schema, &entity).await?;
            let no = keeping.connection.no;
            let is_new =
                store_entity(&change.sql, workspace, no, &entity, |column| column.unique).await?;
            keeping.end(&change.sql).await?;
            change.commit(&self.configured).await?;
            Ok(is_new)
        })
        .await?;
        let schema = self.connection_schema(workspace, connection).await?.schema.clone();
        let keyed = keyed_by_putting(&entity, &schema);
        self.ensure_keys(workspace, connection, &keyed).await?;
        Ok(is_new)
    }

    async fn ensure_keys(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        columns: &[(String, String)],
    ) -> Result<(), StoreError> {
        let schema = self.connection_schema(workspace, connection).await?;
        let is_ready = |(entity, column): &(String, String)| {
            let row = schema.entities.get(entity).and_then(|row| row.columns.get(column));
            row.is_none_or(|row| row.key_state == KeyState::Ready)
        };
        if columns.iter().all(is_ready) {
            return Ok(());
        }
        during("start search keys", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            raise_schema(&change.sql, workspace, schema.no).await?;
            start_keys(&change.sql, workspace, schema.no, columns).await?;
            change.commit(&self.configured).await
        })
        .await?;
        self.fill_started_keys().await.map(|_| ())
    }

    async fn fill_started_keys(&self) -> Result<bool, StoreError> {
        let started = during("find started search keys", async {
            let db = self.pool.get().await?;
            let select = "SELECT connection.workspace, connection.no, entity.no, entity_column.no,
                    entity_column.name
                FROM entity_column
                JOIN entity ON entity.workspace = entity_column.workspace
                    AND entity.no = entity_column.entity
                JOIN connection ON connection.workspace = entity.workspace
                    AND connection.no = entity.connection
                WHERE key_state = 1";
            list(&db, select, &[], |row| {
                Ok(StartedKeys {
                    workspace: WorkspaceId(row.get(0)),
                    connection: ConnectionNo(row.get(1)),
                    entity_no: row.get(2),
                    column_no: row.get(3),
                    column: row.get(4),
                })
            })
            .await
        })
        .await?;
        for column in &started {
            self.fill_keys(column).await?;
        }
        Ok(!started.is_empty())
    }
}

/// Whoever writes records of the connection reads its schema again. Nobody is
/// writing any now.
async fn raise_schema(
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    connection: ConnectionNo,
) -> Result<(), Failure> {
    let raise = "UPDATE connection SET schema_version = schema_version + 1
        WHERE workspace = $1 AND no = $2";
    execute(db, raise, &[&workspace.0, &connection.0]).await?;
    Ok(())
}

/// A column whose search keys were started.
struct StartedKeys {
    workspace: WorkspaceId,
    connection: ConnectionNo,
    entity_no: i64,
    column_no: i64,
    column: String,
}

impl PostgresStore {
    async fn fill_keys(&self, started: &StartedKeys) -> Result<(), StoreError> {
        let mut after = Some(i64::MIN);
        while let Some(from) = after {
            after = during("fill search keys", self.fill_slice(started, from)).await?;
        }
        during("complete search keys", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, started.workspace).await?;
            raise_schema(&change.sql, started.workspace, started.connection).await?;
            let complete = "UPDATE entity_column SET key_state = 2
                WHERE workspace = $1 AND no = $2 AND key_state = 1";
            execute(&change.sql, complete, &[&started.workspace.0, &started.column_no]).await?;
            change.commit(&self.configured).await
        })
        .await
    }

    /// Gives keys to the next records and answers where to go on.
    async fn fill_slice(&self, started: &StartedKeys, after: i64) -> Result<Option<i64>, Failure> {
        let StartedKeys { workspace, connection, entity_no, column_no, column } = started;
        let mut db = self.pool.get().await?;
        let transaction = db.transaction().await?;
        let share = "SELECT id FROM connection WHERE workspace = $1 AND no = $2 FOR SHARE";
        let of_connection = [workspace.0, connection.0];
        let [of_workspace, no] = &of_connection;
        let id = find(&transaction, share, &[of_workspace, no], |row| Ok(row.get::<_, String>(0)))
            .await?;
        // The connection may have been deleted meanwhile: nothing is left to fill.
        let Some(id) = id else { return Ok(None) };
        let line =
            "SELECT FROM connection_line WHERE workspace = $1 AND connection = $2 FOR UPDATE";
        execute(&transaction, line, &[of_workspace, no]).await?;
        let schema = load_schema(&transaction, *workspace, &id).await?.connection;
        let entity = schema.entities.values().find(|entity| entity.no == *entity_no);
        let Some(row) = entity.and_then(|entity| entity.columns.get(column)) else {
            return Ok(None);
        };
        let select = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
            FROM record WHERE workspace = $1 AND entity = $2 AND seq > $3 ORDER BY seq LIMIT $4";
        let parameters: Parameters<'_> = &[of_workspace, entity_no, &after, &KEY_SLICE];
        let records = list(&transaction, select, parameters, read_record).await?;
        let keys = records.iter().map(|it| key::encode(&it.record.value(column, row.column_type)));
        let keys: Vec<Vec<u8>> = keys.collect();
        let seqs: Vec<i64> = records.iter().map(|it| it.seq).collect();
        let insert = "INSERT INTO record_key (workspace, entity_column, key, record)
            SELECT $1, $2, * FROM unnest($3::bytea[], $4::bigint[]) ON CONFLICT DO NOTHING";
        execute(&transaction, insert, &[of_workspace, column_no, &keys, &seqs]).await?;
        transaction.commit().await?;
        Ok(seqs.last().copied().filter(|_| seqs.len() as i64 == KEY_SLICE))
    }
}

/// Compares an entity with what is stored of it. No record of it is being written.
///
/// # Errors
/// [`StoreError::Invalid`] if a column would have another type;
/// [`StoreError::UniqueViolation`] if one becomes unique while two records share a value.
async fn check_columns(
    db: &Transaction<'_>,
    schema: &ConnectionSchema,
    entity: &Entity,
) -> Result<(), Failure> {
    schema.check_types(entity)?;
    for (column, row) in schema.becoming_unique(entity) {
        if has_repeats(db, schema, &entity.name, &column.name, &row).await? {
            let (entity, column) = (entity.name.clone(), column.name.clone());
            return Err(StoreError::UniqueViolation { entity, column }.into());
        }
    }
    Ok(())
}

/// Whether two records have the same value. Keys that were cut only hint at it.
async fn has_repeats(
    db: &Transaction<'_>,
    schema: &ConnectionSchema,
    entity: &str,
    name: &str,
    column: &ColumnRow,
) -> Result<bool, Failure> {
    let repeated = "SELECT key FROM record_key
        WHERE workspace = $1 AND entity_column = $2 AND key > $3
        GROUP BY key HAVING count(*) > 1";
    let keys = list(db, repeated, &[&schema.workspace.0, &column.no, &NULL_KEY], |row| {
        Ok(row.get::<_, Vec<u8>>(0))
    })
    .await?;
    let (_, entity) = schema.entity(entity)?;
    for key in keys {
        if key.len() < KEY_BYTES_MAX {
            return Ok(true);
        }
        let select = "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
            FROM record_key
            JOIN record ON record.workspace = $1 AND record.entity = $2
                AND record.seq = record_key.record
            WHERE record_key.workspace = $1 AND entity_column = $3 AND key = $4";
        let same =
            list(db, select, &[&schema.workspace.0, &entity.no, &column.no, &key], read_record)
                .await?;
        let values = same.iter().map(|it| it.record.value(name, column.column_type));
        let mut seen = std::collections::HashSet::new();
        if !values.map(Canonical::of).all(|value| seen.insert(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}
