//! Functions with their versions, keys and calls, on SQLite.

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{FunctionCallId, FunctionId, FunctionKeyId, Stamp, WorkspaceId};

use crate::StoreError;
use crate::connection::ABSENT;
use crate::error::Noun;
use crate::function::{
    Function, FunctionCall, FunctionKey, FunctionStore, FunctionVersion, KeyHolder, PutFunction,
};
use crate::page::{Page, PageRequest};
use crate::sqlite::SqliteStore;
use crate::sqlite::constraint::taken;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::writer::Priority;

const BY_NAME: &str = "SELECT seq, tail, workspace, name, settings, draft, published, version,
        created_at_ms, updated_at_ms
    FROM function WHERE workspace = ?1 AND name = ?2";

const PAGE: &str = "SELECT seq, tail, workspace, name, settings, draft, published, version,
        created_at_ms, updated_at_ms
    FROM function WHERE workspace = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";

const END_KEYS: &str = "DELETE FROM function_key
    WHERE workspace = ?1 AND function IS ?2 AND seq < (
        SELECT max(seq) FROM function_key WHERE workspace = ?1 AND function IS ?2)";

const KEYS: &str = "SELECT seq, tail, hash, sealed, created_at_ms FROM function_key
    WHERE workspace = ?1 AND function IS ?2 ORDER BY seq";

const VERSION: &str = "SELECT number, code, created_at_ms FROM function_version
    WHERE function = ?1 AND number = ?2";

const VERSIONS: &str = "SELECT number, code, created_at_ms FROM function_version
    WHERE function = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";

const CALL: &str = "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call WHERE seq = ?1 AND tail = ?2 AND function = ?3";

const CALLS: &str = "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call WHERE function = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";

const FAILED_CALLS: &str =
    "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call WHERE function = ?1 AND seq < ?2 AND is_failed ORDER BY seq DESC LIMIT ?3";

fn read_function(db: &Db, row: &Row<'_>) -> Result<Function, Failure> {
    let (seq, workspace) = (row.get(0)?, WorkspaceId(row.get(2)?));
    let settings: String = row.get(4)?;
    Ok(Function {
        id: FunctionId(Stamp::from_row(seq, row.get(1)?)),
        workspace,
        name: row.get(3)?,
        settings: serde_json::from_str(&settings)?,
        draft: row.get(5)?,
        published: row.get(6)?,
        keys: keys_of(db, workspace, Some(seq))?,
        version: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}

/// Those of a function, or those of the workspace.
fn keys_of(
    db: &Db,
    workspace: WorkspaceId,
    function: Option<i64>,
) -> Result<Vec<FunctionKey>, Failure> {
    let mut select = db.prepare_cached(KEYS)?;
    let keys = select.query_map(params![workspace.0, function], |row| {
        Ok(FunctionKey {
            id: FunctionKeyId(Stamp::from_row(row.get(0)?, row.get(1)?)),
            hash: row.get(2)?,
            sealed: row.get(3)?,
            created_at: row.get(4)?,
        })
    })?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn read_version(row: &Row<'_>) -> Result<FunctionVersion, Failure> {
    let code: String = row.get(1)?;
    let code = serde_json::from_str(&code)?;
    Ok(FunctionVersion { number: row.get(0)?, code, created_at: row.get(2)? })
}

fn read_call(
    workspace: WorkspaceId,
    function: FunctionId,
    row: &Row<'_>,
) -> Result<FunctionCall, Failure> {
    let detail: String = row.get(7)?;
    Ok(FunctionCall {
        id: FunctionCallId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace,
        function,
        version: row.get(2)?,
        method: row.get(3)?,
        status: row.get(4)?,
        is_failed: row.get(5)?,
        duration_ms: row.get(6)?,
        detail: serde_json::from_str(&detail)?,
    })
}

pub(super) fn insert_call(db: &Db, call: &FunctionCall) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO function_call (seq, tail, function, version, method, status, is_failed,
             duration_ms, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (seq) DO NOTHING",
    )?
    .execute(params![
        call.id.0.row_key(),
        call.id.0.tail(),
        call.function.0.row_key(),
        call.version,
        call.method,
        call.status,
        call.is_failed,
        call.duration_ms,
        call.detail.to_string()
    ])?;
    Ok(())
}

fn find(db: &Db, workspace: WorkspaceId, name: &str) -> Result<Option<Function>, Failure> {
    let mut select = db.prepare_cached(BY_NAME)?;
    let mut rows = select.query(params![workspace.0, name])?;
    rows.next()?.map(|row| read_function(db, row)).transpose()
}

/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::VersionMismatch`]
fn find_existing(
    db: &Db,
    workspace: WorkspaceId,
    name: &str,
    version: Option<i64>,
) -> Result<Function, Failure> {
    let found = find(db, workspace, name)?;
    let found = found.ok_or_else(|| StoreError::not_found(Noun::Function, name))?;
    StoreError::unless_version(Noun::Function, name, version, found.version)?;
    Ok(found)
}

fn find_version(db: &Db, id: FunctionId, number: i64) -> Result<Option<FunctionVersion>, Failure> {
    let mut select = db.prepare_cached(VERSION)?;
    let mut rows = select.query(params![id.0.row_key(), number])?;
    rows.next()?.map(read_version).transpose()
}

fn insert_function(db: &Db, function: &Function) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO function (seq, tail, workspace, name, settings, draft, published, version,
             created_at_ms, updated_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        function.id.0.row_key(),
        function.id.0.tail(),
        function.workspace.0,
        function.name,
        function.settings.to_string(),
        function.draft,
        function.published,
        function.version,
        function.created_at,
        function.updated_at
    ])?;
    Ok(())
}

/// Stores what may change of a function.
fn update_function(db: &Db, function: &Function) -> Result<(), Failure> {
    db.prepare_cached(
        "UPDATE function
         SET settings = ?2, draft = ?3, published = ?4, version = ?5, updated_at_ms = ?6
         WHERE seq = ?1",
    )?
    .execute(params![
        function.id.0.row_key(),
        function.settings.to_string(),
        function.draft,
        function.published,
        function.version,
        function.updated_at
    ])?;
    Ok(())
}

fn insert_version(db: &Db, id: FunctionId, version: &FunctionVersion) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO function_version (function, number, code, created_at_ms)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        id.0.row_key(),
        version.number,
        version.code.to_string(),
        version.created_at
    ])?;
    Ok(())
}

/// The function of this name; `None` for the workspace, which holds keys too.
fn find_holder(
    db: &Db,
    workspace: WorkspaceId,
    name: Option<&str>,
) -> Result<Option<FunctionId>, Failure> {
    name.map(|name| Ok(find_existing(db, workspace, name, None)?.id)).transpose()
}

fn insert_key(
    db: &Db,
    workspace: WorkspaceId,
    function: Option<FunctionId>,
    key: &FunctionKey,
) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO function_key (seq, tail, workspace, function, hash, sealed, created_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        key.id.0.row_key(),
        key.id.0.tail(),
        workspace.0,
        function.map(|id| id.0.row_key()),
        key.hash,
        key.sealed,
        key.created_at
    ])
    .map_err(|error| taken(error, Noun::FunctionKey, key.id))?;
    Ok(())
}

fn delete_function(db: &Db, id: FunctionId) -> Result<(), Failure> {
    for delete in [
        "DELETE FROM function_key WHERE function = ?1",
        "DELETE FROM function_version WHERE function = ?1",
        "DELETE FROM function WHERE seq = ?1",
    ] {
        db.prepare_cached(delete)?.execute([id.0.row_key()])?;
    }
    Ok(())
}

#[async_trait]
impl FunctionStore for SqliteStore {
    async fn put_function(
        &self,
        put: PutFunction,
        version: Option<i64>,
    ) -> Result<(Function, bool), StoreError> {
        self.configure(put.workspace, "put a function", move |batch| {
            let (db, now) = (batch.sql, batch.state.now());
            let PutFunction { workspace, name, settings, code, id, key, workspace_key } = &put;
            if find(db, *workspace, name)?.is_some() || version.is_some_and(|it| it != ABSENT) {
                let mut function = find_existing(db, *workspace, name, version)?;
                let draft = find_version(db, function.id, function.draft)?;
                if draft.is_none_or(|draft| draft.code != *code) {
                    function.draft += 1;
                    let (number, code) = (function.draft, code.clone());
                    let saved = FunctionVersion { number, code, created_at: now };
                    insert_version(db, function.id, &saved)?;
                }
                function.settings = settings.clone();
                function.version += 1;
                function.updated_at = now;
                update_function(db, &function)?;
                return Ok((function, false));
            }
            let function = put.to_new(now);
            insert_function(db, &function)?;
            insert_version(db, *id, &put.to_first_version(now))?;
            insert_key(db, *workspace, Some(*id), key)?;
            if keys_of(db, *workspace, None)?.is_empty() {
                insert_key(db, *workspace, None, workspace_key)?;
            }
            Ok((function, true))
        })
        .await
    }

    async fn publish_function(
        &self,
        workspace: WorkspaceId,
        name: &str,
        number: i64,
        version: Option<i64>,
    ) -> Result<Function, StoreError> {
        let name = name.to_owned();
        self.configure(workspace, "publish a function", move |batch| {
            let mut function = find_existing(batch.sql, workspace, &name, version)?;
            find_version(batch.sql, function.id, number)?
                .ok_or_else(|| StoreError::not_found(Noun::FunctionVersion, number))?;
            function.published = Some(number);
            function.version += 1;
            function.updated_at = batch.state.now();
            update_function(batch.sql, &function)?;
            Ok(function)
        })
        .await
    }

    async fn function(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Function>, StoreError> {
        self.readers.look_up("read a function", |db| find(db, workspace, name))
    }

    async fn functions(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Function>, StoreError> {
        self.readers
            .scan("list functions", move |db| {
                listing::page(db, PAGE, workspace, page, |row| read_function(db, row))
            })
            .await
    }

    async fn function_version(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        number: i64,
    ) -> Result<Option<FunctionVersion>, StoreError> {
        self.readers.look_up("read a function version", |db| {
            if !is_of(db, workspace, id)? {
                return Ok(None);
            }
            find_version(db, id, number)
        })
    }

    async fn function_versions(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        page: PageRequest,
    ) -> Result<Page<FunctionVersion>, StoreError> {
        self.readers
            .scan("list function versions", move |db| {
                let mut items = Vec::new();
                if is_of(db, workspace, id)? {
                    let below = page.after.unwrap_or(i64::MAX);
                    let mut select = db.prepare_cached(VERSIONS)?;
                    let mut rows =
                        select.query(params![id.0.row_key(), below, page.limit as i64 + 1])?;
                    while let Some(row) = rows.next()? {
                        items.push(read_version(row)?);
                    }
                }
                Ok(FunctionVersion::page(items, page))
            })
            .await
    }

    async fn function_key(&self, hash: &[u8; 32]) -> Result<Option<KeyHolder>, StoreError> {
        self.readers.look_up("find a function key", |db| {
            let select = "SELECT function_key.workspace, function_key.seq, function_key.tail,
                    function.seq, function.tail
                FROM function_key LEFT JOIN function ON function.seq = function_key.function
                WHERE hash = ?1";
            let found = db.prepare_cached(select)?.query_row(params![hash], |row| {
                let function: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                let (Some(seq), tail) = function else { return holder(row, None) };
                holder(row, Some(FunctionId(Stamp::from_row(seq, tail.unwrap_or_default()))))
            });
            Ok(found.optional()?)
        })
    }

    async fn add_function_key(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
        key: FunctionKey,
    ) -> Result<(), StoreError> {
        let name = function.map(str::to_owned);
        self.configure(workspace, "add a function key", move |batch| {
            let function = find_holder(batch.sql, workspace, name.as_deref())?;
            insert_key(batch.sql, workspace, function, &key)
        })
        .await
    }

    async fn end_function_keys(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
    ) -> Result<(), StoreError> {
        let name = function.map(str::to_owned);
        self.configure(workspace, "end function keys", move |batch| {
            let function = find_holder(batch.sql, workspace, name.as_deref())?;
            let parameters = params![workspace.0, function.map(|id| id.0.row_key())];
            batch.sql.prepare_cached(END_KEYS)?.execute(parameters)?;
            Ok(())
        })
        .await
    }

    async fn workspace_keys(&self, workspace: WorkspaceId) -> Result<Vec<FunctionKey>, StoreError> {
        self.readers.look_up("read function keys", |db| keys_of(db, workspace, None))
    }

    async fn add_function_calls(&self, calls: Vec<FunctionCall>) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "log calls of functions", move |batch| {
                calls.iter().try_for_each(|call| insert_call(batch.sql, call))
            })
            .await
    }

    async fn function_calls(
        &self,
        workspace: WorkspaceId,
        function: FunctionId,
        only_failed: bool,
        page: PageRequest,
    ) -> Result<Page<FunctionCall>, StoreError> {
        self.readers
            .scan("list function calls", move |db| {
                let mut items = Vec::new();
                if is_of(db, workspace, function)? {
                    let below = page.after.unwrap_or(i64::MAX);
                    let select = if only_failed { FAILED_CALLS } else { CALLS };
                    let mut select = db.prepare_cached(select)?;
                    let limit = page.limit as i64 + 1;
                    let mut rows = select.query(params![function.0.row_key(), below, limit])?;
                    while let Some(row) = rows.next()? {
                        items.push(read_call(workspace, function, row)?);
                    }
                }
                Ok(FunctionCall::page(items, page))
            })
            .await
    }

    async fn function_call(
        &self,
        workspace: WorkspaceId,
        function: FunctionId,
        id: FunctionCallId,
    ) -> Result<Option<FunctionCall>, StoreError> {
        self.readers.look_up("read a function call", |db| {
            if !is_of(db, workspace, function)? {
                return Ok(None);
            }
            let mut select = db.prepare_cached(CALL)?;
            let parameters = params![id.0.row_key(), id.0.tail(), function.0.row_key()];
            let mut rows = select.query(parameters)?;
            rows.next()?.map(|row| read_call(workspace, function, row)).transpose()
        })
    }

    async fn delete_function(
        &self,
        workspace: WorkspaceId,
        name: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.configure(workspace, "delete a function", move |batch| {
            let function = find_existing(batch.sql, workspace, &name, version)?;
            delete_function(batch.sql, function.id)
        })
        .await
    }
}

fn holder(row: &Row<'_>, function: Option<FunctionId>) -> rusqlite::Result<KeyHolder> {
    let key = FunctionKeyId(Stamp::from_row(row.get(1)?, row.get(2)?));
    Ok(KeyHolder { workspace: WorkspaceId(row.get(0)?), key, function })
}

/// Whether a function is there, and of this workspace.
fn is_of(db: &Db, workspace: WorkspaceId, id: FunctionId) -> Result<bool, Failure> {
    let select = "SELECT EXISTS (
        SELECT 1 FROM function WHERE seq = ?1 AND tail = ?2 AND workspace = ?3)";
    let parameters = params![id.0.row_key(), id.0.tail(), workspace.0];
    Ok(db.prepare_cached(select)?.query_row(parameters, |row| row.get(0))?)
}
