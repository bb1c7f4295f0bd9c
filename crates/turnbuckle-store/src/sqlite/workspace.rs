//! Workspaces and their settings, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use serde_json::Value as Json;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::error::Noun;
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::schema::optional_json;
use crate::sqlite::writer::Priority;
use crate::workspace::{Workspace, WorkspaceStore};

fn read_workspace(row: &Row<'_>) -> Result<Workspace, rusqlite::Error> {
    Ok(Workspace {
        id: WorkspaceId(row.get(0)?),
        slug: row.get(1)?,
        label: row.get(2)?,
        created_at: row.get(3)?,
    })
}

fn insert_workspace(db: &Db, workspace: &mut Workspace) -> Result<(), Failure> {
    db.prepare_cached("INSERT INTO workspace (slug, label, created_at_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![workspace.slug, workspace.label, workspace.created_at])
        .map_err(|error| taken(error, Noun::Workspace, &workspace.slug))?;
    workspace.id = WorkspaceId(db.last_insert_rowid());
    Ok(())
}

fn find_setting(db: &Db, workspace: WorkspaceId, name: &str) -> Result<Option<Json>, Failure> {
    let document = db
        .prepare_cached("SELECT document FROM setting WHERE workspace = ?1 AND name = ?2")?
        .query_row(params![workspace.0, name], |row| row.get(0))
        .optional()?;
    optional_json(document)
}

fn put_setting(
    db: &Db,
    workspace: WorkspaceId,
    name: &str,
    document: &Json,
) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO setting (workspace, name, document) VALUES (?1, ?2, ?3)
         ON CONFLICT (workspace, name) DO UPDATE SET document = excluded.document",
    )?
    .execute(params![workspace.0, name, document.to_string()])?;
    Ok(())
}

/// Puts a setting if it still is as its caller read it; whether it was.
pub fn replace_setting(
    db: &Db,
    workspace: WorkspaceId,
    name: &str,
    before: Option<&Json>,
    document: &Json,
) -> Result<bool, Failure> {
    let is_current = find_setting(db, workspace, name)?.as_ref() == before;
    if is_current {
        put_setting(db, workspace, name, document)?;
    }
    Ok(is_current)
}

#[async_trait]
impl WorkspaceStore for SqliteStore {
    async fn create_workspace(&self, slug: &str, label: &str) -> Result<Workspace, StoreError> {
        let mut workspace = Workspace {
            id: WorkspaceId(0),
            slug: slug.to_owned(),
            label: label.to_owned(),
            created_at: self.clock.now(),
        };
        let workspace = self
            .writer
            .run(Priority::Stages, "create a workspace", move |batch| {
                insert_workspace(batch.sql, &mut workspace)?;
                batch.state.configuration_changed(workspace.id);
                Ok(workspace)
            })
            .await?;
        Ok(workspace)
    }

    async fn workspaces(&self) -> Result<Vec<Workspace>, StoreError> {
        self.readers
            .scan("list workspaces", |db| {
                Ok(db
                    .prepare_cached(
                        "SELECT id, slug, label, created_at_ms FROM workspace ORDER BY id",
                    )?
                    .query_map([], read_workspace)?
                    .collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn workspace(&self, slug: &str) -> Result<Option<Workspace>, StoreError> {
        self.readers.look_up("read a workspace", |db| {
            Ok(db
                .prepare_cached(
                    "SELECT id, slug, label, created_at_ms FROM workspace WHERE slug = ?1",
                )?
                .query_row([slug], read_workspace)
                .optional()?)
        })
    }

    async fn setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Json>, StoreError> {
        self.readers.look_up("read a setting", |db| find_setting(db, workspace, name))
    }

    async fn workspaces_of_origin(&self, origin: &str) -> Result<Vec<WorkspaceId>, StoreError> {
        self.readers.look_up("read settings", |db| {
            let mut select = db.prepare_cached(
                "SELECT DISTINCT workspace
                 FROM setting, json_each(setting.document, '$.origins') AS origin
                 WHERE setting.name = 'origins' AND origin.value = ?1 ORDER BY workspace",
            )?;
            let found = select.query_map([origin], |row| Ok(WorkspaceId(row.get(0)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    async fn put_setting(
        &self,
        workspace: WorkspaceId,
        name: &str,
        document: &Json,
    ) -> Result<(), StoreError> {
        let (name, document) = (name.to_owned(), document.clone());
        self.configure(workspace, "put a setting", move |batch| {
            put_setting(batch.sql, workspace, &name, &document)
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
        let (name, before, document) = (name.to_owned(), before.cloned(), document.clone());
        self.configure(workspace, "replace a setting", move |batch| {
            replace_setting(batch.sql, workspace, &name, before.as_ref(), &document)
        })
        .await
    }

    fn configuration_version(&self, workspace: WorkspaceId) -> u64 {
        self.configured.version(workspace)
    }
}
