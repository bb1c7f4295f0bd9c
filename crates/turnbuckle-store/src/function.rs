//! Functions: scripts of users, in versions, with the keys by which they are called and
//! the log of their calls.

use async_trait::async_trait;
use serde_json::Value as Json;
use turnbuckle_core::id::{FunctionCallId, FunctionId, FunctionKeyId, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::page::{Page, PageRequest};

#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    pub id: FunctionId,
    pub workspace: WorkspaceId,
    /// Unique in the workspace.
    pub name: String,
    /// What holds for all versions, see `turnbuckle_core::function`.
    pub settings: Json,
    /// The number of the newest version.
    pub draft: i64,
    /// The number of the version that callers get.
    pub published: Option<i64>,
    /// Its own, oldest first; not those of the workspace.
    pub keys: Vec<FunctionKey>,
    pub version: i64,
    pub created_at: UnixMs,
    pub updated_at: UnixMs,
}

/// A script as it was saved once; never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionVersion {
    /// From 1 on, in the order of saving.
    pub number: i64,
    /// The script and what goes with it, see `turnbuckle_core::function`.
    pub code: Json,
    pub created_at: UnixMs,
}

/// A key: kept hashed to be found and sealed to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionKey {
    pub id: FunctionKeyId,
    pub hash: [u8; 32],
    pub sealed: Vec<u8>,
    pub created_at: UnixMs,
}

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHolder {
    pub workspace: WorkspaceId,
    pub key: FunctionKeyId,
    /// `None` for every function of the workspace.
    pub function: Option<FunctionId>,
}

/// A call as the log has it. Its id tells when it began.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    pub id: FunctionCallId,
    pub workspace: WorkspaceId,
    pub function: FunctionId,
    /// The number of the version that ran.
    pub version: i64,
    pub method: String,
    /// What the caller was answered.
    pub status: u16,
    /// Whether the script failed, or returned what cannot be answered.
    pub is_failed: bool,
    pub duration_ms: i64,
    /// What went on inside; the server knows its shape.
    pub detail: Json,
}

/// A function as its user writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct PutFunction {
    pub workspace: WorkspaceId,
    pub name: String,
    pub settings: Json,
    pub code: Json,
    /// Of a function that is not there yet.
    pub id: FunctionId,
    pub key: FunctionKey,
    /// Of a workspace that has none yet.
    pub workspace_key: FunctionKey,
}

#[async_trait]
pub trait FunctionStore: Send + Sync {
    /// Creates a function or replaces its settings and, if its code is another than
    /// that of the draft, adds a version. Whether it was created.
    ///
    /// # Errors
    /// [`StoreError::VersionMismatch`]; [`crate::connection::ABSENT`] asks for one that is not there.
    async fn put_function(
        &self,
        function: PutFunction,
        version: Option<i64>,
    ) -> Result<(Function, bool), StoreError>;

    /// Gives callers a version, the newest or an earlier one.
    async fn publish_function(
        &self,
        workspace: WorkspaceId,
        name: &str,
        number: i64,
        version: Option<i64>,
    ) -> Result<Function, StoreError>;

    async fn function(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Function>, StoreError>;

    /// Newest first.
    async fn functions(
        &self,
        workspace: WorkspaceId,
        page: PageRequest,
    ) -> Result<Page<Function>, StoreError>;

    async fn function_version(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        number: i64,
    ) -> Result<Option<FunctionVersion>, StoreError>;

    /// Newest first; positions are numbers of versions.
    async fn function_versions(
        &self,
        workspace: WorkspaceId,
        id: FunctionId,
        page: PageRequest,
    ) -> Result<Page<FunctionVersion>, StoreError>;

    /// What the key with this hash opens, whatever its workspace.
    async fn function_key(&self, hash: &[u8; 32]) -> Result<Option<KeyHolder>, StoreError>;

    /// Adds a key of the function of this name, or of the workspace. The others go on opening it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::AlreadyExists`] if a key has the hash.
    async fn add_function_key(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
        key: FunctionKey,
    ) -> Result<(), StoreError>;

    /// Ends every key of the function of this name, or of the workspace, but the newest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    async fn end_function_keys(
        &self,
        workspace: WorkspaceId,
        function: Option<&str>,
    ) -> Result<(), StoreError>;

    /// The keys that open every function of the workspace, oldest first.
    async fn workspace_keys(&self, workspace: WorkspaceId) -> Result<Vec<FunctionKey>, StoreError>;

    /// Adds calls to the log. One that is there already is left as it is, so that this
    /// can be repeated where it is not known how it ended.
    async fn add_function_calls(&self, calls: Vec<FunctionCall>) -> Result<(), StoreError>;

    /// Newest first; only those that failed, or all.
    async fn function_calls(
        &self,
        workspace: WorkspaceId,
        function: FunctionId,
        only_failed: bool,
        page: PageRequest,
    ) -> Result<Page<FunctionCall>, StoreError>;

    async fn function_call(
        &self,
        workspace: WorkspaceId,
        function: FunctionId,
        id: FunctionCallId,
    ) -> Result<Option<FunctionCall>, StoreError>;

    /// Deletes a function with its versions and keys. Its calls cannot be read any more;
    /// [`crate::maintenance::MaintenanceStore::erase`] erases them.
    async fn delete_function(
        &self,
        workspace: WorkspaceId,
        name: &str,
        version: Option<i64>,
    ) -> Result<(), StoreError>;
}

impl FunctionCall {
    /// Of calls that were read, one more than asked for if there is another page.
    pub(crate) fn page(mut items: Vec<Self>, request: PageRequest) -> Page<Self> {
        let has_more = request.limit < items.len();
        items.truncate(request.limit);
        let next = items.last().filter(|_| has_more).map(|last| last.id.0.row_key());
        Page { items, next }
    }
}

impl FunctionVersion {
    /// Of versions that were read, one more than asked for if there is another page.
    pub(crate) fn page(mut items: Vec<Self>, request: PageRequest) -> Page<Self> {
        let has_more = request.limit < items.len();
        items.truncate(request.limit);
        let next = items.last().filter(|_| has_more).map(|last| last.number);
        Page { items, next }
    }
}

impl PutFunction {
    /// The function that it makes, if there is none.
    pub(crate) fn to_new(&self, now: UnixMs) -> Function {
        Function {
            id: self.id,
            workspace: self.workspace,
            name: self.name.clone(),
            settings: self.settings.clone(),
            draft: 1,
            published: None,
            keys: vec![self.key.clone()],
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn to_first_version(&self, now: UnixMs) -> FunctionVersion {
        FunctionVersion { number: 1, code: self.code.clone(), created_at: now }
    }
}
