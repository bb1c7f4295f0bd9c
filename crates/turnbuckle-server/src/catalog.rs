//! What workspaces have configured, parsed and compiled, kept until it changes.
//!
//! Each entry remembers the configuration version of its workspace at which it
//! was read; an entry of another version is read again. So a change is seen by
//! the first request after it, and nobody has to be told.

mod connection;
mod endpoint;
mod function;
mod source;

use std::hash::Hash;
use std::sync::Arc;

use moka::sync::Cache;
use turnbuckle_core::function::{FunctionCode, function_key_hash};
use turnbuckle_core::id::{ConnectionNo, EndpointId, FunctionId, SourceId, WorkspaceId};
use turnbuckle_core::source::source_key_hash;
use turnbuckle_store::api_key::ApiKey;
use turnbuckle_store::error::Noun;
use turnbuckle_store::function::KeyHolder;
use turnbuckle_store::page::PageRequest;
use turnbuckle_store::{Store, StoreError};

pub use connection::{LiveConnection, LiveObject, LiveSearch};
pub use endpoint::{EndpointSecrets, LiveEndpoint, endpoint_context};
pub use function::{LiveFunction, function_key_context};
pub use source::{LiveSource, open_settings, seal_settings, source_key_context};

use crate::seal::Sealer;

/// Entries kept of each kind.
const ENTRIES_MAX: u64 = 10_000;
/// Scripts kept, in bytes.
const SCRIPT_BYTES_MAX: u64 = 64 << 20;

/// An entry with the version of its workspace at which it was read.
struct Versioned<T> {
    workspace: WorkspaceId,
    version: u64,
    entry: T,
}

/// Entries by key, each good for one version of its workspace.
struct Shelf<K, T>(Cache<K, Arc<Versioned<Arc<T>>>>);

impl<K: Hash + Eq + Send + Sync + 'static, T: Send + Sync + 'static> Shelf<K, T> {
    fn new() -> Self {
        Self(Cache::new(ENTRIES_MAX))
    }

    fn get(&self, store: &dyn Store, key: &K) -> Option<Arc<T>> {
        let found = self.0.get(key)?;
        let is_current = store.configuration_version(found.workspace) == found.version;
        is_current.then(|| found.entry.clone())
    }

    /// `version` is that of before the entry was read: a change in between makes it old at once.
    fn put(&self, key: K, workspace: WorkspaceId, version: u64, entry: T) -> Arc<T> {
        let entry = Arc::new(entry);
        self.0.insert(key, Arc::new(Versioned { workspace, version, entry: entry.clone() }));
        entry
    }
}

pub struct Catalog {
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    keys: Shelf<String, ApiKey>,
    connections: Shelf<(WorkspaceId, String), LiveConnection>,
    has_connection: Shelf<(WorkspaceId, ConnectionNo), bool>,
    sources_by_key: Shelf<[u8; 32], LiveSource>,
    sources: Shelf<(WorkspaceId, SourceId), LiveSource>,
    endpoints: Shelf<WorkspaceId, Vec<Arc<LiveEndpoint>>>,
    function_keys: Shelf<[u8; 32], KeyHolder>,
    functions: Shelf<(WorkspaceId, String), LiveFunction>,
    /// A version never changes, so it is good for as long as there is room.
    scripts: Cache<(WorkspaceId, FunctionId, i64), Arc<FunctionCode>>,
}

impl Catalog {
    pub fn new(store: Arc<dyn Store>, sealer: Arc<Sealer>) -> Self {
        Self {
            store,
            sealer,
            keys: Shelf::new(),
            connections: Shelf::new(),
            has_connection: Shelf::new(),
            sources_by_key: Shelf::new(),
            sources: Shelf::new(),
            endpoints: Shelf::new(),
            function_keys: Shelf::new(),
            functions: Shelf::new(),
            scripts: Cache::builder()
                .max_capacity(SCRIPT_BYTES_MAX)
                .weigher(|_, code: &Arc<FunctionCode>| function::weight_of(code))
                .build(),
        }
    }

    /// The key set with this publishable name.
    pub async fn api_key(&self, publishable: &str) -> Result<Option<Arc<ApiKey>>, StoreError> {
        let name = publishable.to_owned();
        if let Some(found) = self.keys.get(&*self.store, &name) {
            return Ok(Some(found));
        }
        // The workspace is known only after reading; a revocation in between
        // raised its version above the one taken from the key that was read.
        let Some(key) = self.store.api_key(publishable).await? else { return Ok(None) };
        let (workspace, version) = (key.workspace, self.store.configuration_version(key.workspace));
        let Some(key) = self.store.api_key(publishable).await? else { return Ok(None) };
        Ok(Some(self.keys.put(name, workspace, version, key)))
    }

    /// A connection with its schema and mapping compiled.
    ///
    /// The row is read first. What is read after it may belong to a later mapping
    /// version than the row names, never to an earlier one (see `workers::matching`).
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn connection(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<LiveConnection>, StoreError> {
        let key = (workspace, id.to_owned());
        if let Some(found) = self.connections.get(&*self.store, &key) {
            return Ok(found);
        }
        let version = self.store.configuration_version(workspace);
        let row = self.store.connection(workspace, id).await?;
        let row = row.ok_or_else(|| StoreError::not_found(Noun::Connection, id))?;
        let schema = self.store.schema(workspace, id).await?;
        let rekeyings = self.store.rekeyings().await?.into_iter();
        let of_this = rekeyings.filter(|it| it.workspace == workspace && it.connection == id);
        let waiting = of_this.map(|it| it.object).collect();
        let workspaces = self.store.workspaces().await?;
        let slug = workspaces.into_iter().find(|it| it.id == workspace).map(|it| it.slug);
        let entry = LiveConnection::compile(row, slug.unwrap_or_default(), schema, waiting);
        Ok(self.connections.put(key, workspace, version, entry))
    }

    /// The connection that a source writes to.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also if there is another one of that name by now.
    pub async fn connection_of(
        &self,
        source: &LiveSource,
    ) -> Result<Arc<LiveConnection>, StoreError> {
        let id = &source.settings.connection;
        let found = self.connection(source.workspace, id).await?;
        match found.row.no == source.connection {
            true => Ok(found),
            false => Err(StoreError::not_found(Noun::Connection, id)),
        }
    }

    /// Whether a connection has not been deleted.
    pub async fn has_connection(
        &self,
        workspace: WorkspaceId,
        no: ConnectionNo,
    ) -> Result<bool, StoreError> {
        let key = (workspace, no);
        if let Some(found) = self.has_connection.get(&*self.store, &key) {
            return Ok(*found);
        }
        let version = self.store.configuration_version(workspace);
        let is_there = self.store.has_connection(workspace, no).await?;
        Ok(*self.has_connection.put(key, workspace, version, is_there))
    }

    /// The source that this key opens now; `None` if the key is unknown or has ended.
    pub async fn source_by_key(
        &self,
        key: &str,
        now: turnbuckle_core::id::UnixMs,
    ) -> Result<Option<Arc<LiveSource>>, StoreError> {
        let hash = source_key_hash(key);
        let found = match self.sources_by_key.get(&*self.store, &hash) {
            Some(found) => found,
            None => {
                let Some(source) = self.store.source_by_key(&hash).await? else { return Ok(None) };
                let (workspace, version) =
                    (source.workspace, self.store.configuration_version(source.workspace));
                let Some(source) = self.store.source_by_key(&hash).await? else { return Ok(None) };
                let live = self.live_source(source).await?;
                self.sources_by_key.put(hash, workspace, version, live)
            }
        };
        Ok(Some(found).filter(|source| source.is_open_to(&hash, now)))
    }

    pub async fn source(
        &self,
        workspace: WorkspaceId,
        id: SourceId,
    ) -> Result<Option<Arc<LiveSource>>, StoreError> {
        let key = (workspace, id);
        if let Some(found) = self.sources.get(&*self.store, &key) {
            return Ok(Some(found));
        }
        let version = self.store.configuration_version(workspace);
        let Some(source) = self.store.source(workspace, id).await? else { return Ok(None) };
        let live = self.live_source(source).await?;
        Ok(Some(self.sources.put(key, workspace, version, live)))
    }

    /// Every endpoint of a workspace, paused ones included.
    pub async fn endpoints(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Arc<Vec<Arc<LiveEndpoint>>>, StoreError> {
        if let Some(found) = self.endpoints.get(&*self.store, &workspace) {
            return Ok(found);
        }
        let version = self.store.configuration_version(workspace);
        let mut live = Vec::new();
        let mut page = PageRequest { limit: 1_000, after: None };
        loop {
            let listed = self.store.endpoints(workspace, page).await?;
            for endpoint in listed.items {
                live.extend(LiveEndpoint::open(endpoint, &self.sealer).map(Arc::new));
            }
            match listed.next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        Ok(self.endpoints.put(workspace, workspace, version, live))
    }

    pub async fn endpoint(
        &self,
        workspace: WorkspaceId,
        id: EndpointId,
    ) -> Result<Option<Arc<LiveEndpoint>>, StoreError> {
        let endpoints = self.endpoints(workspace).await?;
        Ok(endpoints.iter().find(|endpoint| endpoint.id == id).cloned())
    }

    /// What this key opens; `None` if it is unknown.
    pub async fn function_key(&self, key: &str) -> Result<Option<Arc<KeyHolder>>, StoreError> {
        let hash = function_key_hash(key);
        if let Some(found) = self.function_keys.get(&*self.store, &hash) {
            return Ok(Some(found));
        }
        let Some(holder) = self.store.function_key(&hash).await? else { return Ok(None) };
        let (workspace, version) =
            (holder.workspace, self.store.configuration_version(holder.workspace));
        let Some(holder) = self.store.function_key(&hash).await? else { return Ok(None) };
        Ok(Some(self.function_keys.put(hash, workspace, version, holder)))
    }

    pub async fn function(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<Arc<LiveFunction>>, StoreError> {
        let key = (workspace, name.to_owned());
        if let Some(found) = self.functions.get(&*self.store, &key) {
            return Ok(Some(found));
        }
        let version = self.store.configuration_version(workspace);
        let Some(row) = self.store.function(workspace, name).await? else { return Ok(None) };
        let live = LiveFunction::compile(row)?;
        Ok(Some(self.functions.put(key, workspace, version, live)))
    }

    /// A version of a function, by its number.
    pub async fn script(
        &self,
        function: &LiveFunction,
        number: i64,
    ) -> Result<Option<Arc<FunctionCode>>, StoreError> {
        let (workspace, id) = (function.row.workspace, function.row.id);
        let key = (workspace, id, number);
        if let Some(found) = self.scripts.get(&key) {
            return Ok(Some(found));
        }
        let Some(version) = self.store.function_version(workspace, id, number).await? else {
            return Ok(None);
        };
        let code = Arc::new(function::compile_version(&version)?);
        self.scripts.insert(key, code.clone());
        Ok(Some(code))
    }

    async fn live_source(
        &self,
        source: turnbuckle_store::source::Source,
    ) -> Result<LiveSource, StoreError> {
        let listed = self.store.setting(source.workspace, "webhook-entities").await?;
        LiveSource::compile(source, listed, &self.sealer)
    }
}
