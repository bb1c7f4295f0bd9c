//! Authorizations of connections and their credentials, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension as _, Params, Row, params};
use turnbuckle_core::id::{UnixMs, WorkspaceId};
use uuid::Uuid;

use crate::StoreError;
use crate::authorization::{
    Authorization, AuthorizationError, AuthorizationStatus as Status, AuthorizationStore,
};
use crate::connection::{ABSENT, Connection, InitialRecords, PutConnection};
use crate::error::Noun;
use crate::sqlite::SqliteStore;
use crate::sqlite::connection::{find, find_version, put};
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;

const BY_ID: &str = "SELECT workspace, id, connection, context, connector, time_zone, state_hash,
        sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE workspace = ?1 AND id = ?2";

const BY_CONNECTION: &str = "SELECT workspace, id, connection, context, connector, time_zone,
        state_hash, sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE workspace = ?1 AND connection = ?2
    ORDER BY begun_at_ms DESC, rowid DESC LIMIT 1";

const BY_STATE: &str = "SELECT workspace, id, connection, context, connector, time_zone,
        state_hash, sealed, status, error_code, error_message, begun_at_ms
    FROM connection_authorization WHERE state_hash = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<Authorization> {
    let code: Option<String> = row.get(9)?;
    let message: Option<String> = row.get(10)?;
    Ok(Authorization {
        workspace: WorkspaceId(row.get(0)?),
        id: Uuid::from_bytes(row.get(1)?),
        connection: PutConnection {
            id: row.get(2)?,
            context: row.get(3)?,
            connector: row.get(4)?,
            time_zone: row.get(5)?,
        },
        state_hash: row.get(6)?,
        sealed: row.get(7)?,
        status: Status::from_row(row.get_ref(8)?.as_str()?),
        error: code.zip(message).map(|(code, message)| AuthorizationError { code, message }),
        begun_at: row.get(11)?,
    })
}

fn one(db: &Db, select: &str, by: impl Params) -> Result<Option<Authorization>, Failure> {
    Ok(db.prepare_cached(select)?.query_row(by, read).optional()?)
}

#[async_trait]
impl AuthorizationStore for SqliteStore {
    async fn begin_authorization(
        &self,
        authorization: Authorization,
        kept_since: UnixMs,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "begin an authorization", move |batch| {
                let Authorization { workspace, connection, .. } = &authorization;
                batch
                    .sql
                    .prepare_cached(
                        "DELETE FROM connection_authorization
                         WHERE workspace = ?1 AND begun_at_ms < ?2",
                    )?
                    .execute([workspace.0, kept_since])?;
                batch
                    .sql
                    .prepare_cached(
                        "INSERT INTO connection_authorization (workspace, id, connection, context,
                             connector, time_zone, state_hash, sealed, status, begun_at_ms)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    )?
                    .execute(params![
                        workspace.0,
                        authorization.id.as_bytes(),
                        connection.id,
                        connection.context,
                        connection.connector,
                        connection.time_zone,
                        authorization.state_hash,
                        authorization.sealed,
                        authorization.status.to_row(),
                        authorization.begun_at,
                    ])?;
                Ok(())
            })
            .await
    }

    async fn authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Option<Authorization>, StoreError> {
        self.readers.look_up("read an authorization", |db| {
            one(db, BY_ID, params![workspace.0, id.as_bytes()])
        })
    }

    async fn authorization_of(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Authorization>, StoreError> {
        self.readers.look_up("read an authorization", |db| {
            one(db, BY_CONNECTION, params![workspace.0, connection])
        })
    }

    async fn authorization_of_state(
        &self,
        state_hash: [u8; 32],
    ) -> Result<Option<Authorization>, StoreError> {
        self.readers.look_up("find an authorization", |db| one(db, BY_STATE, [state_hash]))
    }

    async fn fill_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(Priority::Stages, "fill an authorization", move |batch| {
                let filled = batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection_authorization SET sealed = ?3
                         WHERE workspace = ?1 AND id = ?2 AND status = ?4",
                    )?
                    .execute(params![
                        workspace.0,
                        id.as_bytes(),
                        sealed,
                        Status::AwaitingCallback.to_row()
                    ])?;
                Ok(filled == 1)
            })
            .await
    }

    async fn take_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(Priority::Stages, "take an authorization", move |batch| {
                let taken = batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection_authorization SET status = ?4
                         WHERE workspace = ?1 AND id = ?2 AND status = ?3",
                    )?
                    .execute(params![
                        workspace.0,
                        id.as_bytes(),
                        Status::AwaitingCallback.to_row(),
                        Status::RetrievingTokens.to_row()
                    ])?;
                Ok(taken == 1)
            })
            .await
    }

    async fn fail_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        error: AuthorizationError,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "end an authorization", move |batch| {
                let AuthorizationError { code, message } = &error;
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection_authorization
                         SET status = ?3, error_code = ?4, error_message = ?5
                         WHERE workspace = ?1 AND id = ?2 AND status NOT IN (?3, ?6)",
                    )?
                    .execute(params![
                        workspace.0,
                        id.as_bytes(),
                        Status::Error.to_row(),
                        code,
                        message,
                        Status::Active.to_row()
                    ])?;
                Ok(())
            })
            .await
    }

    async fn grant_authorization(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
        credentials: Vec<u8>,
    ) -> Result<(Connection, bool), StoreError> {
        self.writer
            .run(Priority::Stages, "grant an authorization", move |batch| {
                let (sql, now) = (batch.sql, batch.state.now());
                let found = one(sql, BY_ID, params![workspace.0, id.as_bytes()])?;
                let found = found.filter(|it| it.status == Status::RetrievingTokens);
                let found = found.ok_or_else(|| StoreError::not_found(Noun::Authorization, id))?;
                let (wanted, name) = (&found.connection, &found.connection.id);
                let existing = find(sql, workspace, name)?;
                let is_new = existing.is_none();
                if let Some(existing) = existing {
                    found.unless_anothers(&existing)?;
                    sql.prepare_cached(
                        "UPDATE connection
                         SET error = NULL, version = version + 1, updated_at_ms = ?2
                         WHERE no = ?1",
                    )?
                    .execute([existing.no.0, now])?;
                    batch.state.forget_connection(workspace, name);
                } else {
                    put(batch, workspace, wanted, &InitialRecords::default(), Some(ABSENT))?;
                }
                let connection = find_version(batch.sql, workspace, name, None)?;
                batch
                    .sql
                    .prepare_cached(
                        "INSERT OR REPLACE INTO credentials (connection, sealed, saved_at_ms)
                         VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![connection.no.0, credentials, now])?;
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE connection_authorization SET status = ?3
                         WHERE workspace = ?1 AND id = ?2",
                    )?
                    .execute(params![workspace.0, id.as_bytes(), Status::Active.to_row()])?;
                Ok((connection, is_new))
            })
            .await
    }

    async fn credentials(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.look_up("read credentials", |db| {
            let mut select = db.prepare_cached(
                "SELECT credentials.sealed
                 FROM connection JOIN credentials ON credentials.connection = connection.no
                 WHERE connection.workspace = ?1 AND connection.id = ?2",
            )?;
            let by = params![workspace.0, connection];
            Ok(select.query_row(by, |row| row.get(0)).optional()?)
        })
    }
}
