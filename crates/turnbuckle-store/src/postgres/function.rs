//! Functions with their versions, keys and calls, on PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::{FunctionCallId, FunctionId, FunctionKeyId, Stamp, WorkspaceId};

use crate::StoreError;
use crate::connection::ABSENT;
use crate::error::Noun;
use crate::function::{
    Function, FunctionCall, FunctionKey, FunctionStore, FunctionVersion, KeyHolder, PutFunction,
};
use crate::page::{Page, PageRequest};
use crate::postgres::PostgresStore;
use crate::postgres::configured::Configuring;
use crate::postgres::failure::{Failure, during, taken};
use crate::postgres::listing;
use crate::postgres::statement::{Parameters, column, execute, find, list, read_bytes};

const BY_NAME: &str = "SELECT seq, tail, workspace, name, settings, draft, published, version,
        created_at_ms, updated_at_ms
    FROM function WHERE workspace = $1 AND name = $2";

const PAGE: &str = "SELECT seq, tail, workspace, name, settings, draft, published, version,
        created_at_ms, updated_at_ms
    FROM function WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";

const KEYS: &str = "SELECT seq, tail, hash, sealed, created_at_ms, function FROM function_key
    WHERE workspace = $1 AND function = ANY ($2) ORDER BY seq";

const END_KEYS: &str = "DELETE FROM function_key
    WHERE workspace = $1 AND function IS NOT DISTINCT FROM $2 AND seq < (
        SELECT max(seq) FROM function_key
        WHERE workspace = $1 AND function IS NOT DISTINCT FROM $2)";

const WORKSPACE_KEYS: &str = "SELECT seq, tail, hash, sealed, created_at_ms FROM function_key
    WHERE workspace = $1 AND function IS NULL ORDER BY seq";

const VERSION: &str = "SELECT number, code, created_at_ms FROM function_version
    WHERE workspace = $1 AND function = $2 AND number = $3";

/// Of a function that is there with this tail.
const VERSION_OF: &str = "SELECT number, code, function_version.created_at_ms
    FROM function JOIN function_version ON function_version.workspace = function.workspace
        AND function_version.function = function.seq
    WHERE function.workspace = $1 AND seq = $2 AND tail = $3 AND number = $4";

const VERSIONS_OF: &str = "SELECT number, code, function_version.created_at_ms
    FROM function JOIN function_version ON function_version.workspace = function.workspace
        AND function_version.function = function.seq
    WHERE function.workspace = $1 AND seq = $2 AND tail = $3 AND number < $4
    ORDER BY number DESC LIMIT $5";

/// Of a function that is there with this tail, which is looked up once.
const CALL_OF: &str = "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call
    WHERE workspace = $1 AND seq = $4 AND tail = $5 AND function = (
        SELECT seq FROM function WHERE workspace = $1 AND seq = $2 AND tail = $3)";

const CALLS_OF: &str = "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call
    WHERE workspace = $1 AND seq < $4 AND function = (
        SELECT seq FROM function WHERE workspace = $1 AND seq = $2 AND tail = $3)
    ORDER BY seq DESC LIMIT $5";

const FAILED_CALLS_OF: &str =
    "SELECT seq, tail, version, method, status, is_failed, duration_ms, detail
    FROM function_call
    WHERE workspace = $1 AND seq < $4 AND is_failed AND function = (
        SELECT seq FROM function WHERE workspace = $1 AND seq = $2 AND tail = $3)
    ORDER BY seq DESC LIMIT $5";

const ADD_CALLS: &str = "INSERT INTO function_call (workspace, seq, tail, function, version,
        method, status, is_failed, duration_ms, detail)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
        $6::text[], $7::bigint[], $8::boolean[], $9::bigint[], $10::text[])
    ON CONFLICT DO NOTHING";

/// Adds calls to the log; those that are there already stay as they are.
pub async fn add_calls<'a>(
    db: &impl GenericClient,
    calls: impl IntoIterator<Item = &'a FunctionCall>,
) -> Result<(), Failure> {
    let calls: Vec<&FunctionCall> = calls.into_iter().collect();
    let workspaces = column(&calls, |call| call.workspace.0);
    let keys = column(&calls, |call| call.id.0.row_key());
    let tails = column(&calls, |call| call.id.0.tail());
    let functions = column(&calls, |call| call.function.0.row_key());
    let versions = column(&calls, |call| call.version);
    let methods = column(&calls, |call| call.method.as_str());
    let statuses = column(&calls, |call| i64::from(call.status));
    let failed = column(&calls, |call| call.is_failed);
    let durations = column(&calls, |call| call.duration_ms);
    let details = column(&calls, |call| call.detail.to_string());
    let parameters: Parameters<'_> = &[
        &workspaces,
        &keys,
        &tails,
        &functions,
        &versions,
        &methods,
        &statuses,
        &failed,
        &durations,
        &details,
    ];
    execute(db, ADD_CALLS, parameters).await?;
    Ok(())
}

/// Its keys are read after it.
fn read_function(row: &Row) -> Result<Function, Failure> {
    Ok(Function {
        id: FunctionId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        name: row.get(3),
        settings: serde_json::from_str(row.get(4))?,
        draft: row.get(5),
        published: row.get(6),
        keys: Vec::new(),
        version: row.get(7),
        created_at: row.get(8),
        updated_at: row.get(9),
    })
}

fn read_key(row: &Row) -> Result<FunctionKey, Failure> {
    Ok(FunctionKey {
        id: FunctionKeyId(Stamp::from_row(row.get(0), row.get(1))),
        hash: read_bytes(row, 2)?,
        sealed: row.get(3),
        created_at: row.get(4),
    })
}

fn read_version(row: &Row) -> Result<FunctionVersion, Failure> {
    let code = serde_json::from_str(row.get(1))?;
    Ok(FunctionVersion { number: row.get(0), code, created_at: row.get(2) })
}

fn read_call(
    workspace: WorkspaceId,
    function: FunctionId,
    row: &Row,
) -> Result<FunctionCall, Failure> {
    Ok(FunctionCall {
        id: FunctionCallId(Stamp::from_row(row.get(0), row.get(1))),
        workspace,
        function,
        version: row.get(2),
        method: row.get(3),
        status: row.get::<_, i64>(4) as u16,
        is_failed: row.get(5),
        duration_ms: row.get(6),
        detail: serde_json::from_str(row.get(7))?,
    })
}

/// Reads the keys of functions of one workspace into them, oldest first.
async fn read_keys(db: &impl GenericClient, functions: &mut [Function]) -> Result<(), Failure> {
    let Some(Function { workspace, .. }) = functions.first() else { return Ok(()) };
    let numbers: Vec<i64> = functions.iter().map(|function| function.id.0.row_key()).collect();
    let read = |row: &Row| Ok((row.get::<_, i64>(5), read_key(row)?));
    for (number, key) in list(db, KEYS, &[&workspace.0, &numbers], read).await? {
        if let Some(function) = functions.iter_mut().find(|it| it.id.0.row_key() == number) {
            function.keys.push(key);
        }
    }
    Ok(())
}

async fn find_function(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Function>, Failure> {
    let found = find(db, BY_NAME, &[&workspace.0, &name], read_function).await?;
    let Some(mut function) = found else { return Ok(None) };
    read_keys(db, std::slice::from_mut(&mut function)).await?;
    Ok(Some(function))
}

/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::VersionMismatch`]
async fn find_existing(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    name: &str,
    version: Option<i64>,
) -> Result<Function, Failure> {
    let found = find_function(db, workspace, name).await?;
    let found = found.ok_or_else(|| StoreError::not_found(Noun::Function, name))?;
    StoreError::unless_version(Noun::Function, name, version, found.version)?;
    Ok(found)
}

async fn find_version(
    db: &impl GenericClient,
    function: &Function,
    number: i64,
) -> Result<Option<FunctionVersion>, Failure> {
    let (workspace, seq) = (function.workspace.0, function.id.0.row_key());
    find(db, VERSION, &[&workspace, &seq, &number], read_version).await
}

async fn insert_function(db: &impl GenericClient, function: &Function) -> Result<(), Failure> {
    let insert = "INSERT INTO function (workspace, seq, tail, name, settings, draft, published,
            version, created_at_ms, updated_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let Function { id, workspace, name, draft, published, version, .. } = function;
    let ([seq, tail], settings) = ([id.0.row_key(), id.0.tail()], function.settings.to_string());
    let parameters: Parameters<'_> = &[
        &workspace.0,
        &seq,
        &tail,
        name,
        &settings,
        draft,
        published,
        version,
        &function.created_at,
        &function.updated_at,
    ];
    execute(db, insert, parameters).await?;
    Ok(())
}

/// Stores what may change of a function.
async fn update_function(db: &impl GenericClient, function: &Function) -> Result<(), Failure> {
    let update = "UPDATE function
        SET settings = $3, draft = $4, published = $5, version = $6, updated_at_ms = $7
        WHERE workspace = $1 AND seq = $2";
    let Function { id, workspace, draft, published, version, updated_at, .. } = function;
    let (seq, settings) = (id.0.row_key(), function.settings.to_string());
    let parameters: Parameters<'_> =
        &[&workspace.0, &seq, &settings, draft, published, version, updated_at];
    execute(db, update, parameters).await?;
    Ok(())
}

async fn insert_version(
    db: &impl GenericClient,
    function: &Function,
    version: &FunctionVersion,
) -> Result<(), Failure> {
    let insert = "INSERT INTO function_version (workspace, function, number, code, created_at_ms)
        VALUES ($1, $2, $3, $4, $5)";
    let (workspace, seq) = (function.workspace.0, function.id.0.row_key());
    let FunctionVersion { number, created_at, .. } = version;
    let code = version.code.to_string();
    execute(db, insert, &[&workspace, &seq, number, &code, created_at]).await?;
    Ok(())
}

/// The function of this name; `None` for the workspace, which holds keys too.
async fn find_holder(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    name: Option<&str>,
) -> Result<Option<FunctionId>, Failure> {
    match name {
        Some(name) => Ok(Some(find_existing(db, workspace, name, None).await?.id)),
        None => Ok(None),
    }
}

async fn insert_key(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    function: Option<FunctionId>,
    key: &FunctionKey,
) -> Result<(), Failure> {
    let insert = "INSERT INTO function_key
            (workspace, seq, tail, function, hash, sealed, created_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let FunctionKey { id, hash, sealed, created_at } = key;
    let (seq, tail, hash) = (id.0.row_key(), id.0.tail(), hash.as_slice());
    let function = function.map(|id| id.0.row_key());
    execute(db, insert, &[&workspace.0, &seq, &tail, &function, &hash, sealed, created_at])
        .await
        .map_err(|failure| taken(failure, Noun::FunctionKey, id))?;
    Ok(())
}

#[async_trait]
impl FunctionStore for PostgresStore {
    async fn put_function(
        &self,
        put: PutFunction,
        version: Option<i64>,
    ) -> Result<(Function, bool), StoreError> {
        during("put a function", async {
            let mut db = self.pool.get().await?;
            let PutFunction { workspace, name, settings, code, key, workspace_key, .. } = &put;
            let change = Configuring::begin(&mut db, *workspace).await?;
            let (sql, now) = (&change.sql, self.clock.now());
            let is_there = find_function(sql, *workspace, name).await?.is_some();
            let is_new = !is_there && version.is_none_or(|version| version == ABSENT);
            let function = if is_new {
                let function = put.to_new(now);
                insert_function(sql, &function).await?;
                insert_version(sql, &function, &put.to_first_version(now)).await?;
                insert_key(sql, *workspace, Some(function.id), key).await?;
                if list(sql, WORKSPACE_KEYS, &[&workspace.0], read_key).await?.is_empty() {
                    insert_key(sql, *workspace, None, workspace_key).await?;
                }
                function
            } else {
                let mut function = find_existing(sql, *workspace, name, version).await?;
                let draft = find_version(sql, &function, function.draft).await?;
                if draft.is_none_or(|draft| draft.code != *code) {
                    function.draft += 1;
                    let (number, code) = (function.draft, code.clone());
                    let saved = FunctionVersion { number, code, created_at: now };
                    insert_version(sql, &function, &saved).await?;
                }
                function.settings = settings.clone();
                function.version += 1;
                function.updated_at = now;
                update_function(sql, &function).await?;
                function
            };
            change.commit(&self.configured).await?;
            Ok((function, is_new))
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
        during("publish a function", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let mut function = find_existing(&change.sql, workspace, name, version).await?;
            find_version(&change.sql, &function, number)
                .await?
                .ok_or_else(|| StoreError::not_found(Noun::FunctionVersion, number))?;
            function.published = Some(number);
            function.version += 1;
            function.updated_at = self.clock.now();
            update_function(&change.sql, &function).await?;
            change.commit(&self.configured).await?;
            Ok(function)
        })
        .await
    }

    async fn function(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Function>, StoreError> {
        during("read a function", async {
            let db = self.pool.get().await?;
            find_function(&db, workspace, name).await
        })
        .await
    }

    async fn functions(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Function>, StoreError> {
        during("list functions", async {
            let db = self.pool.get().await?;
            let mut page = listing::page(&db, PAGE, workspace, page, read_function).await?;
            read_keys(&db, &mut page.items).await?;
            Ok(page)
        })
        .await
    }

    async fn function_version(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        number: i64,
    ) -> Result<Option<FunctionVersion>, StoreError> {
        during("read a function version", async {
            let db = self.pool.get().await?;
            let [seq, tail] = [id.0.row_key(), id.0.tail()];
            find(&db, VERSION_OF, &[&workspace.0, &seq, &tail, &number], read_version).await
        })
        .await
    }

    async fn function_versions(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        page: PageRequest,
    ) -> Result<Page<FunctionVersion>, StoreError> {
        during("list function versions", async {
            let db = self.pool.get().await?;
            let [seq, tail] = [id.0.row_key(), id.0.tail()];
            let (below, limit) = (page.after.unwrap_or(i64::MAX), page.limit as i64 + 1);
            let parameters: Parameters<'_> = &[&workspace.0, &seq, &tail, &below, &limit];
            let items = list(&db, VERSIONS_OF, parameters, read_version).await?;
            Ok(FunctionVersion::page(items, page))
        })
        .await
    }

    async fn function_key(&self, hash: &[u8; 32]) -> Result<Option<KeyHolder>, StoreError> {
        during("find a function key", async {
            let db = self.pool.get().await?;
            let select = "SELECT function_key.workspace, function_key.seq, function_key.tail,
                    function.seq, function.tail
                FROM function_key LEFT JOIN function
                    ON function.workspace = function_key.workspace
                        AND function.seq = function_key.function
                WHERE hash = $1";
            find(&db, select, &[&hash.as_slice()], |row| {
                let function: (Option<i64>, Option<i64>) = (row.get(3), row.get(4));
                Ok(KeyHolder {
                    workspace: WorkspaceId(row.get(0)),
                    key: FunctionKeyId(Stamp::from_row(row.get(1), row.get(2))),
                    function: function
                        .0
                        .zip(function.1)
                        .map(|(seq, tail)| FunctionId(Stamp::from_row(seq, tail))),
                })
            })
            .await
        })
        .await
    }

    async fn add_function_key(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
        key: FunctionKey,
    ) -> Result<(), StoreError> {
        during("add a function key", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let function = find_holder(&change.sql, workspace, function).await?;
            insert_key(&change.sql, workspace, function, &key).await?;
            change.commit(&self.configured).await
        })
        .await
    }

    async fn end_function_keys(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
    ) -> Result<(), StoreError> {
        during("end function keys", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let function = find_holder(&change.sql, workspace, function).await?;
            let function = function.map(|id| id.0.row_key());
            execute(&change.sql, END_KEYS, &[&workspace.0, &function]).await?;
            change.commit(&self.configured).await
        })
        .await
    }

    async fn workspace_keys(&self, workspace: WorkspaceId) -> Result<Vec<FunctionKey>, StoreError> {
        during("read function keys", async {
            let db = self.pool.get().await?;
            list(&db, WORKSPACE_KEYS, &[&workspace.0], read_key).await
        })
        .await
    }

    async fn add_function_calls(&self, calls: Vec<FunctionCall>) -> Result<(), StoreError> {
        during("log calls of functions", async {
            let db = self.pool.get().await?;
            add_calls(&db, &calls).await
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
        during("list function calls", async {
            let db = self.pool.get().await?;
            let [seq, tail] = [function.0.row_key(), function.0.tail()];
            let (below, limit) = (page.after.unwrap_or(i64::MAX), page.limit as i64 + 1);
            let parameters: Parameters<'_> = &[&workspace.0, &seq, &tail, &below, &limit];
            let select = if only_failed { FAILED_CALLS_OF } else { CALLS_OF };
            let read = |row: &Row| read_call(workspace, function, row);
            Ok(FunctionCall::page(list(&db, select, parameters, read).await?, page))
        })
        .await
    }

    async fn function_call(
        &self,
        workspace: WorkspaceId,
        function: FunctionId,
        id: FunctionCallId,
    ) -> Result<Option<FunctionCall>, StoreError> {
        during("read a function call", async {
            let db = self.pool.get().await?;
            let [seq, tail] = [function.0.row_key(), function.0.tail()];
            let [call_seq, call_tail] = [id.0.row_key(), id.0.tail()];
            let parameters: Parameters<'_> = &[&workspace.0, &seq, &tail, &call_seq, &call_tail];
            find(&db, CALL_OF, parameters, |row| read_call(workspace, function, row)).await
        })
        .await
    }

    async fn delete_function(
        &self,
        workspace: WorkspaceId,
        name: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError> {
        during("delete a function", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, workspace).await?;
            let function = find_existing(&change.sql, workspace, name, version).await?;
            let seq = function.id.0.row_key();
            for delete in [
                "DELETE FROM function_key WHERE workspace = $1 AND function = $2",
                "DELETE FROM function_version WHERE workspace = $1 AND function = $2",
                "DELETE FROM function WHERE workspace = $1 AND seq = $2",
            ] {
                execute(&change.sql, delete, &[&workspace.0, &seq]).await?;
            }
            change.commit(&self.configured).await
        })
        .await
    }
}
