//! Drafts of Link and their finish, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use serde_json::Value as Json;
use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::connection::{ABSENT, Connection};
use crate::error::Noun;
use crate::link::{FinishLink, LinkDraft, LinkStore};
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::connection::{lock, save_mapping};
use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{Parameters, execute, find};

const DRAFT: &str = "SELECT link_draft.document, link_draft.version, link_draft.saved_at_ms
    FROM connection JOIN link_draft ON link_draft.workspace = connection.workspace
        AND link_draft.connection = connection.no
    WHERE connection.workspace = $1 AND connection.id = $2";

async fn find_draft(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: &str,
) -> Result<Option<LinkDraft>, Failure> {
    find(db, DRAFT, &[&workspace.0, &id], |row| {
        let document = serde_json::from_str(row.get(0))?;
        Ok(LinkDraft { document, version: row.get(1), saved_at: row.get(2) })
    })
    .await
}

/// # Errors
/// [`StoreError::VersionMismatch`] unless the draft has the version that is wanted.
async fn unless_draft(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: &str,
    wanted: i64,
) -> Result<(), Failure> {
    let current = find_draft(db, workspace, id).await?.map_or(ABSENT, |draft| draft.version);
    Ok(StoreError::unless_version(Noun::LinkDraft, id, Some(wanted), current)?)
}

#[async_trait]
impl LinkStore for PostgresStore {
    async fn link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<LinkDraft>, StoreError> {
        during("read a draft", async {
            let db = self.pool.get().await?;
            find_draft(&db, workspace, connection).await
        })
        .await
    }

    async fn put_link_draft(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        document: &Json,
        version: i64,
    ) -> Result<LinkDraft, StoreError> {
        during("save a draft", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            // Whoever saves another draft of it waits.
            let no = lock(&transaction, workspace, connection, None).await?.no.0;
            unless_draft(&transaction, workspace, connection, version).await?;
            let saved_at = self.clock.now();
            let draft = LinkDraft { document: document.clone(), version: version + 1, saved_at };
            let save = "INSERT INTO link_draft
                    (workspace, connection, document, version, saved_at_ms)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (workspace, connection)
                DO UPDATE SET document = $3, version = $4, saved_at_ms = $5";
            let text = document.to_string();
            let parameters: Parameters<'_> = &[&workspace.0, &no, &text, &draft.version, &saved_at];
            execute(&transaction, save, parameters).await?;
            transaction.commit().await?;
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
        during("finish a mapping", async {
            let FinishLink { objects, mapping, version, draft_version } = &finish;
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            lock(&change.sql, workspace, connection, Some(*version)).await?;
            unless_draft(&change.sql, workspace, connection, *draft_version).await?;
            let (id, now) = (connection, self.clock.now());
            let objects = Some(objects);
            let finished =
                save_mapping(&change.sql, workspace, id, objects, mapping, Some(*version), now)
                    .await?;
            let end = "DELETE FROM link_draft WHERE workspace = $1 AND connection = $2";
            execute(&change.sql, end, &[&workspace.0, &finished.no.0]).await?;
            change.commit(&self.configured).await?;
            Ok(finished)
        })
        .await
    }
}
