//! Authorizations of connections and their credentials, on PostgreSQL.

use async_trait::async_trait;
use tokio_postgres::Row;
use turnbuckle_core::id::{UnixMs, WorkspaceId};
use uuid::Uuid;

use crate::StoreError;
use crate::authorization::{
    Authorization, AuthorizationError, AuthorizationStatus as Status, AuthorizationStore,
};
use crate::connection::{ABSENT, Connection, InitialRecords, PutConnection};
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::connection::{find_connection, lock, put};
use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{Parameters, execute, find, read_bytes};

const BY_ID: &str = "SELECT workspace, id, connection, context, connector, time_zone, state_hash,
        sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE workspace = $1 AND id = $2";

/// Held to the end of the transaction.
const TAKE: &str = "SELECT workspace, id, connection, context, connector, time_zone, state_hash,
        sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE workspace = $1 AND id = $2 FOR UPDATE";

const BY_CONNECTION: &str = "SELECT workspace, id, connection, context, connector, time_zone,
        state_hash, sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE workspace = $1 AND connection = $2
    ORDER BY begun_at_ms DESC, id DESC LIMIT 1";

const BY_STATE: &str = "SELECT workspace, id, connection, context, connector, time_zone,
        state_hash, sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE state_hash = $1";

fn read(row: &Row) -> Result<Authorization, Failure> {
    let (code, message): (Option<String>, Option<String>) = (row.get(9), row.get(10));
    Ok(Authorization {
        workspace: WorkspaceId(row.get(0)),
        id: row.get(1),
        connection: PutConnection {
            id: row.get(2),
            context: row.get(3),
            connector: row.get(4),
            time_zone: row.get(5),
        },
        state_hash: read_bytes(row, 6)?,
        sealed: row.get(7),
        status: Status::from_row(row.get(8)),
        error: code.zip(message).map(|(code, message)| AuthorizationError { code, message }),
        begun_at: row.get(11),
    })
}

impl PostgresStore {
    async fn one_authorization(
        &self,
        select: &str,
        by: Parameters<'_>,
    ) -> Result<Option<Authorization>, StoreError> {
        during("read an authorization", async {
            let db = self.pool.get().await?;
            find(&db, select, by, read).await
        })
        .await
    }

    /// Changes an authorization; `true` if there was one to change.
    async fn change_authorization(
        &self,
        update: &str,
        parameters: Parameters<'_>,
    ) -> Result<bool, StoreError> {
        during("change an authorization", async {
            let db = self.pool.get().await?;
            Ok(execute(&db, update, parameters).await? == 1)
        })
        .await
    }
}

#[async_trait]
impl AuthorizationStore for PostgresStore {
    async fn begin_authorization(
        &self,
        authorization: Authorization,
        kept_since: UnixMs,
    ) -> Result<(), StoreError> {
        during("begin an authorization", async {
            let db = self.pool.get().await?;
            let Authorization { workspace, id, connection, .. } = &authorization;
            let forget = "DELETE FROM connection_authorization
                WHERE workspace = $1 AND begun_at_ms < $2";
            execute(&db, forget, &[&workspace.0, &kept_since]).await?;
            let insert = "INSERT INTO connection_authorization (workspace, id, connection, context,
                    connector, time_zone, state_hash, sealed, status, begun_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
            let parameters: Parameters<'_> = &[
                &workspace.0,
                id,
                &connection.id,
                &connection.context,
                &connection.connector,
                &connection.time_zone,
                &authorization.state_hash.as_slice(),
                &authorization.sealed,
                &authorization.status.to_row(),
                &authorization.begun_at,
            ];
            execute(&db, insert, parameters).await?;
            Ok(())
        })
        .await
    }

    async fn authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Option<Authorization>, StoreError> {
        self.one_authorization(BY_ID, &[&workspace.0, &id]).await
    }

    async fn authorization_of(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Authorization>, StoreError> {
        self.one_authorization(BY_CONNECTION, &[&workspace.0, &connection]).await
    }

    async fn authorization_of_state(
        &self,
        state_hash: [u8; 32],
    ) -> Result<Option<Authorization>, StoreError> {
        self.one_authorization(BY_STATE, &[&state_hash.as_slice()]).await
    }

    async fn fill_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let fill = "UPDATE connection_authorization SET sealed = $3
            WHERE workspace = $1 AND id = $2 AND status = $4";
        let awaiting = Status::AwaitingCallback.to_row();
        self.change_authorization(fill, &[&workspace.0, &id, &sealed, &awaiting]).await
    }

    async fn take_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let take = "UPDATE connection_authorization SET status = $4
            WHERE workspace = $1 AND id = $2 AND status = $3";
        let (from, to) = (Status::AwaitingCallback.to_row(), Status::RetrievingTokens.to_row());
        self.change_authorization(take, &[&workspace.0, &id, &from, &to]).await
    }

    async fn fail_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        error: AuthorizationError,
    ) -> Result<(), StoreError> {
        let fail = "UPDATE connection_authorization
            SET status = $3, error_code = $4, error_message = $5
            WHERE workspace = $1 AND id = $2 AND status NOT IN ($3, $6)";
        let AuthorizationError { code, message } = &error;
        let (failed, active) = (Status::Error.to_row(), Status::Active.to_row());
        let parameters: Parameters<'_> = &[&workspace.0, &id, &failed, code, message, &active];
        self.change_authorization(fail, parameters).await?;
        Ok(())
    }

    async fn grant_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        credentials: Vec<u8>,
    ) -> Result<(Connection, bool), StoreError> {
        during("grant an authorization", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let (sql, now) = (&change.sql, self.clock.now());
            let found = find(sql, TAKE, &[&workspace.0, &id], read).await?;
            let found = found.filter(|it| it.status == Status::RetrievingTokens);
            let found = found.ok_or_else(|| StoreError::not_found(Noun::Authorization, id))?;
            let (wanted, name) = (&found.connection, found.connection.id.as_str());
            let existing = find_connection(sql, workspace, name).await?;
            let is_new = existing.is_none();
            if let Some(existing) = existing {
                found.unless_anothers(&existing)?;
                lock(sql, workspace, name, None).await?;
                let mend = "UPDATE connection
                    SET error = NULL, version = version + 1, updated_at_ms = $3
                    WHERE workspace = $1 AND no = $2";
                execute(sql, mend, &[&workspace.0, &existing.no.0, &now]).await?;
            } else {
                let initial = InitialRecords::default();
                put(self, sql, workspace, wanted, &initial, Some(ABSENT)).await?;
            }
            let connection = lock(sql, workspace, name, None).await?;
            let save = "INSERT INTO credentials (workspace, connection, sealed, saved_at_ms)
                VALUES ($1, $2, $3, $4)
                ON CONFLICT (workspace, connection) DO UPDATE SET sealed = $3, saved_at_ms = $4";
            execute(sql, save, &[&workspace.0, &connection.no.0, &credentials, &now]).await?;
            let end = "UPDATE connection_authorization SET status = $3
                WHERE workspace = $1 AND id = $2";
            execute(sql, end, &[&workspace.0, &id, &Status::Active.to_row()]).await?;
            change.commit(&self.configured).await?;
            Ok((connection, is_new))
        })
        .await
    }

    async fn credentials(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        during("read credentials", async {
            let db = self.pool.get().await?;
            let select = "SELECT credentials.sealed
                FROM connection JOIN credentials
                    ON credentials.workspace = connection.workspace
                    AND credentials.connection = connection.no
                WHERE connection.workspace = $1 AND connection.id = $2";
            find(&db, select, &[&workspace.0, &connection], |row| Ok(row.get(0))).await
        })
        .await
    }
}
