//! Drafts of Link and their finish, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension as _, params};
use serde_json::Value as Json;
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};

use crate::StoreError;
use crate::connection::{ABSENT, Connection};
use crate::error::Noun;
use crate::link::{FinishLink, LinkDraft, LinkStore};
use crate::sqlite::SqliteStore;
use crate::sqlite::connection::{find_version, put_mapping};
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

const DRAFT: &str = "SELECT link_draft.document, link_draft.version, link_draft.saved_at_ms
    FROM connection JOIN link_draft ON link_draft.connection = connection.no
    WHERE connection.workspace = ?1 AND connection.id = ?2";

fn find(db: &Db, workspace: WorkspaceId, id: &str) -> Result<Option<LinkDraft>, Failure> {
    let found: Option<(String, i64, i64)> = db
        .prepare_cached(DRAFT)?
        .query_row(params![workspace.0, id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let read = |(document, version, saved_at): (String, i64, i64)| {
        Ok(LinkDraft { document: serde_json::from_str(&document)?, version, saved_at })
    };
    found.map(read).transpose()
}

/// # Errors
/// [`StoreError::VersionMismatch`] unless the draft has the version that is wanted.
fn unless_draft(db: &Db, workspace: WorkspaceId, id: &str, wanted: i64) -> Result<(), Failure> {
    let current = find(db, workspace, id)?.map_or(ABSENT, |draft| draft.version);
    Ok(StoreError::unless_version(Noun::LinkDraft, id, Some(wanted), current)?)
}

#[async_trait]
impl LinkStore for SqliteStore {
    async fn link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<LinkDraft>, StoreError> {
        self.readers.look_up("read a draft", |db| find(db, workspace, connection))
    }

    async fn put_link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        document: &Json,
        version: i64,
    ) -> Result<LinkDraft, StoreError> {
        let (id, document) = (connection.to_owned(), document.clone());
        self.writer
            .run(Priority::Stages, "save a draft", move |batch| {
                let ConnectionNo(no) = find_version(batch.sql, workspace, &id, None)?.no;
                unless_draft(batch.sql, workspace, &id, version)?;
                let saved_at = batch.state.now();
                let draft = LinkDraft { document, version: version + 1, saved_at };
                batch
                    .sql
                    .prepare_cached(
                        "INSERT OR REPLACE INTO link_draft
                             (connection, document, version, saved_at_ms)
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![no, draft.document.to_string(), draft.version, saved_at])?;
                Ok(draft)
            })
            .await
    }

    async fn finish_link(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        finish: FinishLink,
    ) -> Result<Connection, StoreError> {
        let id = connection.to_owned();
        self.writer
            .run(Priority::Stages, "finish a mapping", move |batch| {
                let FinishLink { objects, mapping, version, draft_version } = &finish;
                unless_draft(batch.sql, workspace, &id, *draft_version)?;
                let finished =
                    put_mapping(batch, workspace, &id, Some(objects), mapping, Some(*version))?;
                batch
                    .sql
                    .prepare_cached("DELETE FROM link_draft WHERE connection = ?1")?
                    .execute([finished.no.0])?;
                Ok(finished)
            })
            .await
    }
}
