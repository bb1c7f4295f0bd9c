//! Contexts, on PostgreSQL.

use async_trait::async_trait;
use tokio_postgres::Row;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::connection::Connection;
use crate::context::{Context, ContextStore};
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::connection;
use crate::postgres::failure::{Failure, during};
use crate::postgres::listing;
use crate::postgres::statement::{Parameters, execute, find};

const BY_ID: &str = "SELECT no, external_id, external_name, attributes, created_at_ms
    FROM context WHERE workspace = $1 AND external_id = $2";

const PAGE: &str = "SELECT no, external_id, external_name, attributes, created_at_ms
    FROM context WHERE workspace = $1 AND no < $2 ORDER BY no DESC LIMIT $3";

fn read_context(row: &Row) -> Result<Context, Failure> {
    Ok(Context {
        external_id: row.get(1),
        external_name: row.get(2),
        attributes: serde_json::from_str(row.get(3))?,
        created_at: row.get(4),
    })
}

#[async_trait]
impl ContextStore for PostgresStore {
    async fn put_context(
        &self,
        workspace: WorkspaceId,
        mut context: Context,
    ) -> Result<(Context, bool), StoreError> {
        during("put a context", async {
            let db = self.pool.get().await?;
            // Only a row that was inserted has never been updated.
            let put = "INSERT INTO context
                    (workspace, external_id, external_name, attributes, created_at_ms)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (workspace, external_id) DO UPDATE
                SET external_name = excluded.external_name, attributes = excluded.attributes
                RETURNING created_at_ms, xmax = 0";
            let attributes = serde_json::to_string(&context.attributes)?;
            let Context { external_id, external_name, created_at, .. } = &context;
            let parameters: Parameters<'_> =
                &[&workspace.0, external_id, external_name, &attributes, created_at];
            let stored = find(&db, put, parameters, |row| Ok((row.get(0), row.get(1)))).await?;
            let (created_at, is_new) = stored.unwrap_or((context.created_at, true));
            context.created_at = created_at;
            Ok((context, is_new))
        })
        .await
    }

    async fn context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Option<Context>, StoreError> {
        during("read a context", async {
            let db = self.pool.get().await?;
            find(&db, BY_ID, &[&workspace.0, &external_id], read_context).await
        })
        .await
    }

    async fn contexts(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Context>, StoreError> {
        during("list contexts", async {
            let db = self.pool.get().await?;
            listing::page(&db, PAGE, workspace, page, read_context).await
        })
        .await
    }

    async fn delete_context(
        &self,
        workspace: WorkspaceId,
        external_id: &str,
    ) -> Result<Vec<Connection>, StoreError> {
        during("delete a context", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let delete = "DELETE FROM context WHERE workspace = $1 AND external_id = $2";
            if execute(&change.sql, delete, &[&workspace.0, &external_id]).await? == 0 {
                return Err(StoreError::not_found(Noun::Context, external_id).into());
            }
            let connections = connection::of_context(&change.sql, workspace, external_id).await?;
            for connection in &connections {
                connection::delete(&change.sql, connection).await?;
            }
            change.commit(&self.configured).await?;
            Ok(connections)
        })
        .await
    }
}
