//! Workspaces and their settings, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use serde_json::Value as Json;
use tokio_postgres::Row;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::statement::{execute, find, list};
use crate::workspace::{Workspace, WorkspaceStore};

fn read_workspace(row: &Row) -> Result<Workspace, Failure> {
    Ok(Workspace {
        id: WorkspaceId(row.get(0)),
        slug: row.get(1),
        label: row.get(2),
        created_at: row.get(3),
    })
}

async fn find_setting(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Json>, Failure> {
    let select = "SELECT document FROM setting WHERE workspace = $1 AND name = $2";
    find(db, select, &[&workspace.0, &name], |row| Ok(serde_json::from_str(row.get(0))?)).await
}

async fn put_setting(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    name: &str,
    document: &Json,
) -> Result<(), Failure> {
    let put = "INSERT INTO setting (workspace, name, document) VALUES ($1, $2, $3)
        ON CONFLICT (workspace, name) DO UPDATE SET document = excluded.document";
    execute(db, put, &[&workspace.0, &name, &document.to_string()]).await?;
    Ok(())
}

/// Puts a setting if it still is as its caller read it; whether it was. No other
/// change of the workspace comes between the look and the write.
pub async fn replace_setting(
    change: &Configuring<'_>,
    workspace: WorkspaceId,
    name: &str,
    before: Option<&Json>,
    document: &Json,
) -> Result<bool, Failure> {
    let is_current = find_setting(&change.sql, workspace, name).await?.as_ref() == before;
    if is_current {
        put_setting(&change.sql, workspace, name, document).await?;
    }
    Ok(is_current)
}

#[async_trait]
impl WorkspaceStore for PostgresStore {
    async fn create_workspace(&self, slug: &str, label: &str) -> Result<Workspace, StoreError> {
        during("create a workspace", async {
            let db = self.pool.get().await?;
            let insert = "INSERT INTO workspace (slug, label, created_at_ms) VALUES ($1, $2, $3)
                RETURNING id, slug, label, created_at_ms";
            find(&db, insert, &[&slug, &label, &self.clock.now()], read_workspace)
                .await
                .map_err(|failure| taken(failure, Noun::Workspace, slug))?
                .ok_or_else(|| StoreError::not_found(Noun::Workspace, slug).into())
        })
        .await
    }

    async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        during("list workspaces", async {
            let db = self.pool.get().await?;
            let all = "SELECT id, slug, label, created_at_ms FROM workspace ORDER BY id";
            list(&db, all, &[], read_workspace).await
        })
        .await
    }

    async fn workspace(&self, slug: &str) -> Result<Option<Workspace>, StoreError> {
        during("read a workspace", async {
            let db = self.pool.get().await?;
            let by_slug = "SELECT id, slug, label, created_at_ms FROM workspace WHERE slug = $1";
            find(&db, by_slug, &[&slug], read_workspace).await
        })
        .await
    }

    async fn setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Json>, StoreError> {
        during("read a setting", async {
            let db = self.pool.get().await?;
            find_setting(&db, workspace, name).await
        })
        .await
    }

    async fn workspaces_of_origin(&self, origin: &str) -> Result<Vec<WorkspaceId>, StoreError> {
        during("read settings", async {
            let db = self.pool.get().await?;
            let select = "SELECT workspace FROM setting
                WHERE name = 'origins' AND document::jsonb -> 'origins' ? $1 ORDER BY workspace";
            list(&db, select, &[&origin], |row| Ok(WorkspaceId(row.get(0)))).await
        })
        .await
    }

    async fn put_setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
        document: &Json,
    ) -> Result<(), StoreError> {
        during("put a setting", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            put_setting(&change.sql, workspace, name, document).await?;
            change.commit(&self.configured).await
        })
        .await
    }

    async fn replace_setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
        before: Option<&Json>,
        document: &Json,
    ) -> Result<bool, StoreError> {
        during("replace a setting", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let is_current = replace_setting(&change, workspace, name, before, document).await?;
            if is_current {
                change.commit(&self.configured).await?;
            }
            Ok(is_current)
        })
        .await
    }

    fn configuration_version(&self, workspace: WorkspaceId) -> u64 {
        self.configured.version(workspace)
    }
}
