//! Users of the console and their sessions, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::{Stamp, UnixMs, UserId, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::statement::{Parameters, execute, find, list};
use crate::user::{Role, Session, User, UserChange, UserStore};

const OF_WORKSPACE: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE workspace = $1 ORDER BY seq";

const BY_NAME: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE name = $1";

/// Held to the end of the transaction.
const TAKE: &str = "SELECT seq, tail, workspace, name, role, password_hash, created_at_ms,
        updated_at_ms
    FROM console_user WHERE workspace = $1 AND seq = $2 AND tail = $3 FOR UPDATE";

const BY_SESSION: &str = "SELECT it.seq, it.tail, it.workspace, it.name, it.role,
        it.password_hash, it.created_at_ms, it.updated_at_ms
    FROM console_session AS session JOIN console_user AS it
        ON it.workspace = session.workspace AND it.seq = session.console_user
    WHERE session.hash = $1 AND session.expires_at_ms > $2";

fn read_user(row: &Row) -> Result<User, Failure> {
    Ok(User {
        id: UserId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        name: row.get(3),
        role: Role::from_row(row.get(4)),
        password_hash: row.get(5),
        created_at: row.get(6),
        updated_at: row.get(7),
    })
}

async fn take(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: UserId,
) -> Result<User, Failure> {
    let (seq, tail) = (id.0.row_key(), id.0.tail());
    let found = find(db, TAKE, &[&workspace.0, &seq, &tail], read_user).await?;
    found.ok_or_else(|| StoreError::not_found(Noun::User, id).into())
}

async fn end_sessions(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: UserId,
) -> Result<(), Failure> {
    let delete = "DELETE FROM console_session WHERE workspace = $1 AND console_user = $2";
    execute(db, delete, &[&workspace.0, &id.0.row_key()]).await?;
    Ok(())
}

#[async_trait]
impl UserStore for PostgresStore {
    async fn create_user(&self, user: User) -> Result<(), StoreError> {
        during("create a user", async {
            let db = self.pool.get().await?;
            let insert = "INSERT INTO console_user (workspace, seq, tail, name, role,
                    password_hash, created_at_ms, updated_at_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            let (seq, tail) = (user.id.0.row_key(), user.id.0.tail());
            let parameters: Parameters<'_> = &[
                &user.workspace.0,
                &seq,
                &tail,
                &user.name,
                &user.role.to_row(),
                &user.password_hash,
                &user.created_at,
                &user.updated_at,
            ];
            execute(&db, insert, parameters)
                .await
                .map_err(|failure| taken(failure, Noun::User, &user.name))?;
            Ok(())
        })
        .await
    }

    async fn users(&self, workspace: WorkspaceId) -> Result<Vec<User>, StoreError> {
        during("list users", async {
            let db = self.pool.get().await?;
            list(&db, OF_WORKSPACE, &[&workspace.0], read_user).await
        })
        .await
    }

    async fn user_named(&self, name: &str) -> Result<Option<User>, StoreError> {
        during("read a user", async {
            let db = self.pool.get().await?;
            find(&db, BY_NAME, &[&name], read_user).await
        })
        .await
    }

    async fn update_user(
        &self,
        workspace: WorkspaceId,
        id: UserId,
        change: UserChange,
    ) -> Result<User, StoreError> {
        during("change a user", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            let mut user = take(&transaction, workspace, id).await?;
            user.role = change.role.unwrap_or(user.role);
            if let Some(hash) = change.password_hash {
                user.password_hash = hash;
                end_sessions(&transaction, workspace, id).await?;
            }
            user.updated_at = self.clock.now();
            let update = "UPDATE console_user
                SET role = $3, password_hash = $4, updated_at_ms = $5
                WHERE workspace = $1 AND seq = $2";
            let seq = id.0.row_key();
            let parameters: Parameters<'_> =
                &[&workspace.0, &seq, &user.role.to_row(), &user.password_hash, &user.updated_at];
            execute(&transaction, update, parameters).await?;
            transaction.commit().await?;
            Ok(user)
        })
        .await
    }

    async fn delete_user(&self, workspace: WorkspaceId, id: UserId) -> Result<(), StoreError> {
        during("delete a user", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            take(&transaction, workspace, id).await?;
            end_sessions(&transaction, workspace, id).await?;
            let delete = "DELETE FROM console_user WHERE workspace = $1 AND seq = $2";
            execute(&transaction, delete, &[&workspace.0, &id.0.row_key()]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn begin_session(&self, session: Session) -> Result<(), StoreError> {
        during("begin a session", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            take(&transaction, session.workspace, session.user).await?;
            let insert = "INSERT INTO console_session
                    (workspace, hash, console_user, expires_at_ms)
                VALUES ($1, $2, $3, $4)";
            let (hash, user) = (session.hash.as_slice(), session.user.0.row_key());
            let parameters: Parameters<'_> =
                &[&session.workspace.0, &hash, &user, &session.expires_at];
            execute(&transaction, insert, parameters).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn session_user(&self, hash: &[u8; 32], now: UnixMs) -> Result<Option<User>, StoreError> {
        during("read a session", async {
            let db = self.pool.get().await?;
            find(&db, BY_SESSION, &[&hash.as_slice(), &now], read_user).await
        })
        .await
    }

    async fn end_session(&self, hash: &[u8; 32]) -> Result<(), StoreError> {
        during("end a session", async {
            let db = self.pool.get().await?;
            let delete = "DELETE FROM console_session WHERE hash = $1";
            execute(&db, delete, &[&hash.as_slice()]).await?;
            Ok(())
        })
        .await
    }
}
