//! Contexts, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::connection::Connection;
use crate::context::{Context, ContextStore};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::sqlite::SqliteStore;
use crate::sqlite::connection;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::writer::{Batch, Priority};

const BY_ID: &str = "SELECT no, external_id, external_name, attributes, created_at_ms
    FROM context WHERE workspace = ?1 AND external_id = ?2";

const PAGE: &str = "SELECT no, external_id, external_name, attributes, created_at_ms
    FROM context WHERE workspace = ?1 AND no < ?2 ORDER BY no DESC LIMIT ?3";

fn read_context(row: &Row<'_>) -> Result<Context, Failure> {
    let attributes: String = row.get(3)?;
    Ok(Context {
        external_id: row.get(1)?,
        external_name: row.get(2)?,
        attributes: serde_json::from_str(&attributes)?,
        created_at: row.get(4)?,
    })
}

/// Replaces a context that is there. Answers when it was created.
fn replace(
    db: &Db,
    workspace: WorkspaceId,
    context: &Context,
    attributes: &str,
) -> Result<Option<i64>, Failure> {
    Ok(db
        .prepare_cached(
            "UPDATE context SET external_name = ?3, attributes = ?4
             WHERE workspace = ?1 AND external_id = ?2 RETURNING created_at_ms",
        )?
        .query_row(
            params![workspace.0, context.external_id, context.external_name, attributes],
            |row| row.get(0),
        )
        .optional()?)
}

fn put(db: &Db, workspace: WorkspaceId, mut context: Context) -> Result<(Context, bool), Failure> {
    let attributes = serde_json::to_string(&context.attributes)?;
    if let Some(created_at) = replace(db, workspace, &context, &attributes)? {
        context.created_at = created_at;
        return Ok((context, false));
    }
    db.prepare_cached(
        "INSERT INTO context (workspace, external_id, external_name, attributes, created_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        workspace.0,
        context.external_id,
        context.external_name,
        attributes,
        context.created_at
    ])?;
    Ok((context, true))
}

fn delete(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    external_id: &str,
) -> Result<Vec<Connection>, Failure> {
    let deleted = batch
        .sql
        .prepare_cached("DELETE FROM context WHERE workspace = ?1 AND external_id = ?2")?
        .execute(params![workspace.0, external_id])?;
    if deleted == 0 {
        return Err(StoreError::not_found(Noun::Context, external_id).into());
    }
    let connections = connection::of_context(batch.sql, workspace, external_id)?;
    for connection in &connections {
        connection::delete(batch, connection)?;
    }
    Ok(connections)
}

#[async_trait]
impl ContextStore for SqliteStore {
    async fn put_context(
        &self,
        workspace: WorkspaceId,
        context: Context,
    ) -> Result<(Context, bool), StoreError> {
        self.writer
            .run(Priority::Stages, "put a context", move |batch| put(batch.sql, workspace, context))
            .await
    }

    async fn context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<Context>, StoreError> {
        self.readers.look_up("read a context", |db| {
            let mut select = db.prepare_cached(BY_ID)?;
            let mut rows = select.query(params![workspace.0, external_id])?;
            rows.next()?.map(read_context).transpose()
        })
    }

    async fn contexts(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Context>, StoreError> {
        self.readers
            .scan("list contexts", move |db| listing::page(db, PAGE, workspace, page, read_context))
            .await
    }

    async fn delete_context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Vec<Connection>, StoreError> {
        let external_id = external_id.to_owned();
        self.writer
            .run(Priority::Stages, "delete a context", move |batch| {
                delete(batch, workspace, &external_id)
            })
            .await
    }
}
