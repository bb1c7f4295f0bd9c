//! Reading and storing the schema of a connection.
//!
//! Whoever changes it locks the row of the connection and raises
//! `schema_version`: a schema that was kept is the current one exactly as long
//! as that number is the same. Those who only read compare the version of what
//! the workspace has configured, which is raised too.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use deadpool_postgres::GenericClient;
use turnbuckle_core::entity::{Column, Entity, Schema};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::postgres::Parts;
use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{execute, find, list};
use crate::rules::schema::{ColumnRow, ConnectionSchema, EntityRow, KeyState};

/// Schemas as they were read, with the version of what their workspace had
/// configured just before, and the version of their own.
#[derive(Default)]
pub struct Schemas(RwLock<HashMap<(WorkspaceId, String), Kept>>);

#[derive(Clone)]
struct Kept {
    configured: u64,
    schema: Arc<VersionedSchema>,
}

/// A schema and which one it is.
pub struct VersionedSchema {
    pub version: i64,
    pub connection: Arc<ConnectionSchema>,
}

impl Schemas {
    fn get(&self, workspace: WorkspaceId, id: &str) -> Option<Kept> {
        let kept = self.0.read().expect("no code panics holding it");
        kept.get(&(workspace, id.to_owned())).cloned()
    }

    fn keep(&self, workspace: WorkspaceId, id: &str, kept: Kept) {
        let mut all = self.0.write().expect("no code panics holding it");
        all.insert((workspace, id.to_owned()), kept);
    }

    fn forget(&self, workspace: WorkspaceId, id: &str) {
        let mut all = self.0.write().expect("no code panics holding it");
        all.remove(&(workspace, id.to_owned()));
    }
}

impl Parts {
    /// The schema of a connection, at most as old as [`crate::postgres::configured`] allows.
    pub(super) async fn connection_schema(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, StoreError> {
        let configured = self.configured.version(workspace);
        if let Some(kept) = self.schemas.get(workspace, id)
            && kept.configured == configured
        {
            return Ok(kept.schema.connection.clone());
        }
        let read = during("read a schema", async {
            let db = self.pool.get().await?;
            load_schema(&db, workspace, id).await
        });
        let schema = match read.await {
            Err(error @ StoreError::NotFound { .. }) => {
                self.schemas.forget(workspace, id);
                return Err(error);
            }
            read => Arc::new(read?),
        };
        let connection = schema.connection.clone();
        self.schemas.keep(workspace, id, Kept { configured, schema });
        Ok(connection)
    }

    /// The schema of this version, as a transaction sees it that keeps the row of the
    /// connection from changing.
    pub(super) async fn schema_of_version(
        &self,
        db: &impl GenericClient,
        workspace: WorkspaceId,
        id: &str,
        (no, version): (ConnectionNo, i64),
    ) -> Result<Arc<ConnectionSchema>, Failure> {
        // Numbers of connections are never given twice, so both say which one it is.
        if let Some(Kept { schema, .. }) = self.schemas.get(workspace, id)
            && schema.connection.no == no
            && schema.version == version
        {
            return Ok(schema.connection.clone());
        }
        let configured = self.configured.version(workspace);
        let schema = Arc::new(load_schema(db, workspace, id).await?);
        let connection = schema.connection.clone();
        self.schemas.keep(workspace, id, Kept { configured, schema });
        Ok(connection)
    }
}

/// Reads the schema of a connection as it is now.
///
/// # Errors
/// [`StoreError::NotFound`]
pub async fn load_schema(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: &str,
) -> Result<VersionedSchema, Failure> {
    // One statement, so that all of it is of one moment.
    let select = "SELECT connection.no, mapping_version, schema_version,
            entity.no, entity.name, entity.document,
            entity_column.no, entity_column.name, entity_column.document, key_state
        FROM connection
        LEFT JOIN entity
            ON entity.workspace = connection.workspace AND entity.connection = connection.no
        LEFT JOIN entity_column
            ON entity_column.workspace = entity.workspace AND entity_column.entity = entity.no
        WHERE connection.workspace = $1 AND connection.id = $2
        ORDER BY entity.no, entity_column.no";
    let rows = list(db, select, &[&workspace.0, &id], |row| Ok(row.clone())).await?;
    let Some(first) = rows.first() else {
        return Err(StoreError::not_found(Noun::Connection, id).into());
    };
    let mut schema = Schema::default();
    let mut entities: HashMap<String, EntityRow> = HashMap::new();
    for row in &rows {
        let Some(entity_no) = row.get::<_, Option<i64>>(3) else { continue };
        let name: &str = row.get(4);
        if !entities.contains_key(name) {
            let entity: Entity = serde_json::from_str(row.get(5))?;
            schema.entities.insert(name.to_owned(), entity);
            entities.insert(name.to_owned(), EntityRow { no: entity_no, columns: HashMap::new() });
        }
        let Some(no) = row.get::<_, Option<i64>>(6) else { continue };
        let column: Column = serde_json::from_str(row.get(8))?;
        let kept = ColumnRow {
            no,
            key_state: KeyState::from_row(row.get(9)),
            column_type: column.column_type,
            is_unique: column.unique,
        };
        if let (Some(entity), Some(entity_row)) =
            (schema.entities.get_mut(name), entities.get_mut(name))
        {
            entity.columns.push(column);
            entity_row.columns.insert(row.get(7), kept);
        }
    }
    Ok(VersionedSchema {
        version: first.get(2),
        connection: Arc::new(ConnectionSchema {
            no: ConnectionNo(first.get(0)),
            workspace,
            id: id.to_owned(),
            mapping_version: first.get(1),
            schema: Arc::new(schema),
            entities,
        }),
    })
}

/// Stores an entity with its columns under a connection; columns that are new
/// are added, the others replaced. Columns in `keyed` get search keys, which
/// are complete at once if the entity is new. Answers whether it is.
pub async fn store_entity(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    connection: ConnectionNo,
    entity: &Entity,
    keyed: impl Fn(&Column) -> bool,
) -> Result<bool, Failure> {
    let document = serde_json::to_string(&Entity { columns: Vec::new(), ..entity.clone() })?;
    let update = "UPDATE entity SET document = $4
        WHERE workspace = $1 AND connection = $2 AND name = $3 RETURNING no";
    let insert = "INSERT INTO entity (workspace, connection, name, document)
        VALUES ($1, $2, $3, $4) RETURNING no";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&workspace.0, &connection.0, &entity.name, &document];
    let no = |row: &tokio_postgres::Row| Ok(row.get::<_, i64>(0));
    let existing = find(db, update, &parameters, no).await?;
    let entity_no = match existing {
        Some(no) => Some(no),
        None => find(db, insert, &parameters, no).await?,
    };
    let state = if existing.is_some() { KeyState::Filling } else { KeyState::Ready };
    let states = entity.columns.iter().map(|it| if keyed(it) { state } else { KeyState::None });
    let states: Vec<i64> = states.map(KeyState::to_row).collect();
    let names: Vec<&str> = entity.columns.iter().map(|column| column.name.as_str()).collect();
    let documents: Vec<String> =
        entity.columns.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    // In the order given: their numbers tell it again.
    let put = "INSERT INTO entity_column (workspace, entity, name, document, key_state)
        SELECT $1, $2, name, document, key_state
        FROM unnest($3::text[], $4::text[], $5::bigint[]) WITH ORDINALITY
            AS given (name, document, key_state, place)
        ORDER BY place
        ON CONFLICT (workspace, entity, name) DO UPDATE
        SET document = excluded.document,
            key_state = greatest(entity_column.key_state, excluded.key_state)";
    execute(db, put, &[&workspace.0, &entity_no, &names, &documents, &states]).await?;
    Ok(existing.is_none())
}

/// From now on every write of these columns keeps its search key. Names are of
/// entity and column.
pub async fn start_keys(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    connection: ConnectionNo,
    columns: &[(String, String)],
) -> Result<(), Failure> {
    let (entities, names): (Vec<&str>, Vec<&str>) =
        columns.iter().map(|(entity, name)| (entity.as_str(), name.as_str())).unzip();
    let start = "UPDATE entity_column SET key_state = 1
        FROM entity JOIN unnest($3::text[], $4::text[]) AS wanted (entity, name)
            ON wanted.entity = entity.name
        WHERE entity.workspace = $1 AND entity.connection = $2
            AND entity_column.workspace = $1 AND entity_column.entity = entity.no
            AND entity_column.name = wanted.name AND key_state = 0";
    execute(db, start, &[&workspace.0, &connection.0, &entities, &names]).await?;
    Ok(())
}
