//! Users of the console and their sessions, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension as _, Row, params};
use turnbuckle_core::id::{Stamp, UnixMs, UserId, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Priority;
use crate::user::{Role, Session, User, UserChange, UserStore};

const OF_WORKSPACE: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE workspace = ?1 ORDER BY seq";

const BY_NAME: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE name = ?1";

const BY_ID: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE seq = ?1 AND tail = ?2 AND workspace = ?3";

const BY_SESSION: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_session JOIN console_user ON console_user.seq = console_session.console_user
    WHERE hash = ?1 AND expires_at_ms > ?2";

fn read_user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        name: row.get(3)?,
        role: Role::from_row(row.get_ref(4)?.as_str()?),
        password_hash: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn find_existing(db: &Db, workspace: WorkspaceId, id: UserId) -> Result<User, Failure> {
    let found = db
        .prepare_cached(BY_ID)?
        .query_row(params![id.0.row_key(), id.0.tail(), workspace.0], read_user)
        .optional()?;
    found.ok_or_else(|| StoreError::not_found(Noun::User, id).into())
}

fn end_sessions(db: &Db, id: UserId) -> Result<(), Failure> {
    db.prepare_cached("DELETE FROM console_session WHERE console_user = ?1")?
        .execute([id.0.row_key()])?;
    Ok(())
}

#[async_trait]
impl UserStore for SqliteStore {
    async fn create_user(&self, user: User) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "create a user", move |batch| {
                batch
                    .sql
                    .prepare_cached(
                        "INSERT INTO console_user (seq, tail, workspace, name, role,
                             password_hash, created_at_ms, updated_at_ms)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    )?
                    .execute(params![
                        user.id.0.row_key(),
                        user.id.0.tail(),
                        user.workspace.0,
                        user.name,
                        user.role.to_row(),
                        user.password_hash,
                        user.created_at,
                        user.updated_at
                    ])
                    .map_err(|error| taken(error, Noun::User, &user.name))?;
                Ok(())
            })
            .await
    }

    async fn users(&self, workspace: WorkspaceId) -> Result<Vec<User>, StoreError> {
        self.readers
            .scan("list users", move |db| {
                let mut select = db.prepare_cached(OF_WORKSPACE)?;
                let users =
                    select.query_map([workspace.0], read_user)?.collect::<Result<_, _>>()?;
                Ok(users)
            })
            .await
    }

    async fn user_named(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.readers.look_up("read a user", |db| {
            Ok(db.prepare_cached(BY_NAME)?.query_row([name], read_user).optional()?)
        })
    }

    async fn update_user(
        &self,
        workspace: WorkspaceId,
        id: UserId,
        change: UserChange,
    ) -> Result<User, StoreError> {
        self.writer
            .run(Priority::Stages, "change a user", move |batch| {
                let mut user = find_existing(batch.sql, workspace, id)?;
                user.role = change.role.unwrap_or(user.role);
                if let Some(hash) = change.password_hash {
                    user.password_hash = hash;
                    end_sessions(batch.sql, id)?;
                }
                user.updated_at = batch.state.now();
                batch
                    .sql
                    .prepare_cached(
                        "UPDATE console_user SET role = ?2, password_hash = ?3, updated_at_ms = ?4
                         WHERE seq = ?1",
                    )?
                    .execute(params![
                        id.0.row_key(),
                        user.role.to_row(),
                        user.password_hash,
                        user.updated_at
                    ])?;
                Ok(user)
            })
            .await
    }

    async fn delete_user(&self, workspace: WorkspaceId, id: UserId) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "delete a user", move |batch| {
                find_existing(batch.sql, workspace, id)?;
                end_sessions(batch.sql, id)?;
                batch
                    .sql
                    .prepare_cached("DELETE FROM console_user WHERE seq = ?1")?
                    .execute([id.0.row_key()])?;
                Ok(())
            })
            .await
    }

    async fn begin_session(&self, session: Session) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "begin a session", move |batch| {
                find_existing(batch.sql, session.workspace, session.user)?;
                batch
                    .sql
                    .prepare_cached(
                        "INSERT INTO console_session (hash, console_user, expires_at_ms)
                         VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![session.hash, session.user.0.row_key(), session.expires_at])?;
                Ok(())
            })
            .await
    }

    async fn session_user(&self, hash: &[u8; 32], now: UnixMs) -> Result<Option<User>, StoreError> {
        self.readers.look_up("read a session", |db| {
            let mut select = db.prepare_cached(BY_SESSION)?;
            Ok(select.query_row(params![hash, now], read_user).optional()?)
        })
    }

    async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        let hash = *hash;
        self.writer
            .run(Priority::Stages, "end a session", move |batch| {
                batch
                    .sql
                    .prepare_cached("DELETE FROM console_session WHERE hash = ?1")?
                    .execute(params![hash])?;
                Ok(())
            })
            .await
    }
}
