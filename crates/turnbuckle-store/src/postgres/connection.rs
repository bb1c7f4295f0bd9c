//! Connections, on PostgreSQL.
//!
//! Whoever changes a connection, its mapping or its schema changes what its
//! workspace has configured first, and then locks the row of the connection:
//! that waits for those who write records of it, or match their changes, and
//! keeps new ones from beginning (see [`crate::postgres::unit`]).

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use serde_json::Value as Json;
use tokio_postgres::Row;
use turnbuckle_core::id::{ConnectionNo, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::connection::{ABSENT, Connection, ConnectionStore, InitialRecords, PutConnection};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::postgres::api_key::revoke_scope;
use crate::postgres::configured::Configuring;
use crate::postgres::erasure;
use crate::postgres::failure::{Failure, during};
use crate::postgres::schema::{load_schema, start_keys, store_entity};
use crate::postgres::statement::{Parameters, execute, find, list};
use crate::postgres::{Parts, PostgresStore};
use crate::rules::key_base::KeyBase;
use crate::rules::schema::{ConnectionSchema, keyed_from_the_start};

const COLUMNS: &str = "no, workspace, id, context, connector, time_zone, error, objects,
    mapping, mapping_version, version, created_at_ms, updated_at_ms";

fn read(row: &Row) -> Result<Connection, Failure> {
    let document = |column: usize| -> Result<Option<Json>, Failure> {
        Ok(row.get::<_, Option<&str>>(column).map(serde_json::from_str).transpose()?)
    };
    Ok(Connection {
        no: ConnectionNo(row.get(0)),
        workspace: WorkspaceId(row.get(1)),
        id: row.get(2),
        context: row.get(3),
        connector: row.get(4),
        time_zone: row.get(5),
        error: row.get(6),
        objects: document(7)?,
        mapping: document(8)?,
        mapping_version: row.get(9),
        version: row.get(10),
        created_at: row.get(11),
        updated_at: row.get(12),
    })
}

pub async fn find_connection(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: &str,
) -> Result<Option<Connection>, Failure> {
    let select = format!("SELECT {COLUMNS} FROM connection WHERE workspace = $1 AND id = $2");
    find(db, &select, &[&workspace.0, &id], read).await
}

/// The connection that a write is about, in the version that its caller knows.
/// Nobody writes records of it, or matches their changes, until the end.
pub async fn lock(
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    id: &str,
    version: Option<i64>,
) -> Result<Connection, Failure> {
    let select =
        format!("SELECT {COLUMNS} FROM connection WHERE workspace = $1 AND id = $2 FOR UPDATE");
    let found = find(db, &select, &[&workspace.0, &id], read).await?;
    let found = found.ok_or_else(|| StoreError::not_found(Noun::Connection, id))?;
    StoreError::unless_version(Noun::Connection, id, version, found.version)?;
    Ok(found)
}

/// All connections of a context.
pub async fn of_context(
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    context: &str,
) -> Result<Vec<Connection>, Failure> {
    let select = format!(
        "SELECT {COLUMNS} FROM connection WHERE workspace = $1 AND context = $2
         ORDER BY no FOR UPDATE"
    );
    list(db, &select, &[&workspace.0, &context], read).await
}

/// A change of what the keys of searches are made of: the mapping, the time
/// zone, the schema. Objects that need other match keys by it wait for them from
/// this transaction on, under a mapping version of their own.
pub struct KeepingKeys {
    pub connection: Connection,
    /// As it is before the change.
    pub schema: Arc<ConnectionSchema>,
    before: KeyBase,
}

impl KeepingKeys {
    /// Before the change.
    ///
    /// # Errors
    /// Those of a connection that is not there, or not in this version.
    pub async fn begin(
        db: &Transaction<'_>,
        workspace: WorkspaceId,
        id: &str,
        version: Option<i64>,
    ) -> Result<Self, Failure> {
        let connection = lock(db, workspace, id, version).await?;
        let schema = load_schema(db, workspace, id).await?.connection;
        let before = KeyBase::of(&connection, &schema.schema);
        Ok(Self { connection, schema, before })
    }

    /// After the change: answers the connection as it is now.
    pub async fn end(self, db: &Transaction<'_>) -> Result<Connection, Failure> {
        let Connection { workspace, no, id, .. } = &self.connection;
        let changed = lock(db, *workspace, id, None).await?;
        let schema = load_schema(db, *workspace, id).await?.connection;
        let after = KeyBase::of(&changed, &schema.schema);
        let rekeyed = self.before.changed_to(&after);
        let raise = "UPDATE connection
            SET schema_version = schema_version + 1, mapping_version = mapping_version + $3,
                version = version + $3
            WHERE workspace = $1 AND no = $2";
        execute(db, raise, &[&workspace.0, &no.0, &i64::from(rekeyed.needs_version)]).await?;
        let wait = "INSERT INTO rekeying (workspace, connection, object, mapping_version)
            SELECT $1, $2, object, 0 FROM unnest($3::text[]) AS object
            ON CONFLICT DO NOTHING";
        execute(db, wait, &[&workspace.0, &no.0, &rekeyed.objects]).await?;
        // An object that waits already needs the keys of this version too.
        let follow = "UPDATE rekeying SET mapping_version = connection.mapping_version
            FROM connection
            WHERE connection.workspace = $1 AND connection.no = $2
                AND rekeying.workspace = $1 AND rekeying.connection = $2";
        execute(db, follow, &[&workspace.0, &no.0]).await?;
        start_keys(db, *workspace, *no, &after.columns).await?;
        lock(db, *workspace, id, None).await
    }
}

/// Creates a connection with the entities and records that it starts with.
async fn create(
    store: &Parts,
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    put: &PutConnection,
    initial: &InitialRecords,
) -> Result<Connection, Failure> {
    let PutConnection { id, context, connector, time_zone } = put;
    let now = store.clock.now();
    let insert = "INSERT INTO connection (workspace, id, context, connector, time_zone,
            created_at_ms, updated_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING no";
    let parameters: Parameters<'_> = &[&workspace.0, id, context, connector, time_zone, &now];
    let no = find(db, insert, parameters, |row| Ok(ConnectionNo(row.get(0)))).await?;
    let no = no.unwrap_or(ConnectionNo(0));
    let line = "INSERT INTO connection_line (workspace, connection) VALUES ($1, $2)";
    execute(db, line, &[&workspace.0, &no.0]).await?;
    let keyed = keyed_from_the_start(&initial.schema);
    for entity in initial.schema.entities.values() {
        store_entity(db, workspace, no, entity, |column| {
            column.unique || keyed.contains(&(entity.name.as_str(), column.name.as_str()))
        })
        .await?;
    }
    let schema = load_schema(db, workspace, id).await?.connection;
    store.insert_initial(db, &schema, &initial.records).await?;
    lock(db, workspace, id, None).await
}

/// Creates or updates; `true` when it was created.
pub async fn put(
    store: &Parts,
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    connection: &PutConnection,
    initial: &InitialRecords,
    version: Option<i64>,
) -> Result<(Connection, bool), Failure> {
    let PutConnection { id, context, time_zone, .. } = connection;
    let now = store.clock.now();
    let add_context = "INSERT INTO context
            (workspace, external_id, attributes, created_at_ms)
        VALUES ($1, $2, '{}', $3) ON CONFLICT (workspace, external_id) DO NOTHING";
    execute(db, add_context, &[&workspace.0, context, &now]).await?;
    let is_there = find_connection(db, workspace, id).await?.is_some();
    if !is_there && version.is_none_or(|version| version == ABSENT) {
        return Ok((create(store, db, workspace, connection, initial).await?, true));
    }
    let keeping = KeepingKeys::begin(db, workspace, id, version).await?;
    let no = keeping.connection.no.0;
    let update = "UPDATE connection
        SET context = $3, time_zone = $4, version = version + 1, updated_at_ms = $5
        WHERE workspace = $1 AND no = $2";
    let parameters: Parameters<'_> = &[&workspace.0, &no, context, time_zone, &now];
    execute(db, update, parameters).await?;
    Ok((keeping.end(db).await?, !is_there))
}

/// Saves a mapping, and what it maps where that is given.
pub async fn save_mapping(
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    id: &str,
    objects: Option<&Json>,
    mapping: &Json,
    version: Option<i64>,
    now: UnixMs,
) -> Result<Connection, Failure> {
    let keeping = KeepingKeys::begin(db, workspace, id, version).await?;
    let update = "UPDATE connection
        SET objects = coalesce($3, objects), mapping = $4,
            mapping_version = mapping_version + 1, version = version + 1, updated_at_ms = $5
        WHERE workspace = $1 AND no = $2";
    let (no, objects) = (keeping.connection.no.0, objects.map(Json::to_string));
    let mapping = mapping.to_string();
    execute(db, update, &[&workspace.0, &no, &objects, &mapping, &now]).await?;
    keeping.end(db).await
}

/// Deletes a connection and what is bound to it; the rest is left to erasure.
pub async fn delete(db: &Transaction<'_>, connection: &Connection) -> Result<(), Failure> {
    let Connection { no, workspace, id, .. } = connection;
    erasure::begin(db, *workspace, *no).await?;
    for delete in [
        "DELETE FROM source_key WHERE workspace = $1 AND source IN (
             SELECT seq FROM source WHERE workspace = $1 AND connection = $2)",
        "DELETE FROM source WHERE workspace = $1 AND connection = $2",
        "DELETE FROM endpoint WHERE workspace = $1 AND connection = $2",
        "DELETE FROM link_draft WHERE workspace = $1 AND connection = $2",
        "DELETE FROM credentials WHERE workspace = $1 AND connection = $2",
        "DELETE FROM connection_authorization WHERE workspace = $1 AND connection = (
             SELECT id FROM connection WHERE workspace = $1 AND no = $2)",
        "DELETE FROM connection WHERE workspace = $1 AND no = $2",
    ] {
        execute(db, delete, &[&workspace.0, &no.0]).await?;
    }
    revoke_scope(db, *workspace, &format!("connection:{id}")).await
}

#[async_trait]
impl ConnectionStore for PostgresStore {
    async fn put_connection(
        &self,
        workspace: WorkspaceId,
        connection: PutConnection,
        initial: InitialRecords,
        version: Option<i64>,
    ) -> Result<(Connection, bool), StoreError> {
        during("put a connection", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let put = put(self, &change.sql, workspace, &connection, &initial, version).await?;
            change.commit(&self.configured).await?;
            Ok(put)
        })
        .await
    }

    async fn connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Option<Connection>, StoreError> {
        during("read a connection", async {
            let db = self.pool.get().await?;
            find_connection(&db, workspace, id).await
        })
        .await
    }

    async fn connections(
        &self,
        workspace: WorkspaceId,
        context: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Connection>, StoreError> {
        during("list connections", async {
            let db = self.pool.get().await?;
            let select = format!(
                "SELECT {COLUMNS} FROM connection
                 WHERE workspace = $1 AND no < $2 AND ($4::text IS NULL OR context = $4)
                 ORDER BY no DESC LIMIT $3"
            );
            let (before, limit) = (page.after.unwrap_or(i64::MAX), page.limit as i64 + 1);
            let parameters: Parameters<'_> = &[&workspace.0, &before, &limit, &context];
            let mut items = list(&db, &select, parameters, read).await?;
            let has_more = page.limit < items.len();
            items.truncate(page.limit);
            let next = items.last().filter(|_| has_more).map(|last| last.no.0);
            Ok(Page { items, next })
        })
        .await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        id: &str,
        objects: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError> {
        during("put objects", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let no = lock(&change.sql, workspace, id, version).await?.no.0;
            let update = "UPDATE connection
                SET objects = $3, version = version + 1, updated_at_ms = $4
                WHERE workspace = $1 AND no = $2";
            let (objects, now) = (objects.to_string(), self.clock.now());
            execute(&change.sql, update, &[&workspace.0, &no, &objects, &now]).await?;
            let put = lock(&change.sql, workspace, id, None).await?;
            change.commit(&self.configured).await?;
            Ok(put)
        })
        .await
    }

    async fn put_mapping(
        &self,
        workspace: WorkspaceId,
        id: &str,
        mapping: &Json,
        version: Option<i64>,
    ) -> Result<Connection, StoreError> {
        during("put a mapping", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let now = self.clock.now();
            let put = save_mapping(&change.sql, workspace, id, None, mapping, version, now).await?;
            change.commit(&self.configured).await?;
            Ok(put)
        })
        .await
    }

    async fn has_connection(
        &self,
        workspace: WorkspaceId,
        no: ConnectionNo,
    ) -> Result<bool, StoreError> {
        during("look for a connection", async {
            let db = self.pool.get().await?;
            let has = "SELECT EXISTS (SELECT FROM connection WHERE workspace = $1 AND no = $2)";
            let found = find(&db, has, &[&workspace.0, &no.0], |row| Ok(row.get(0))).await?;
            Ok(found.unwrap_or_default())
        })
        .await
    }

    async fn delete_connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        during("delete a connection", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let connection = lock(&change.sql, workspace, id, version).await?;
            delete(&change.sql, &connection).await?;
            change.commit(&self.configured).await
        })
        .await
    }
}
