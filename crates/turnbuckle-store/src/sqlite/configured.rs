//! What is remembered of what workspaces configure, and how often that changed.
//!
//! The writer tells of a change, right after the commit that holds it and before
//! the one who made it is answered: a caller who went away meanwhile leaves
//! nothing stale behind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use turnbuckle_core::id::WorkspaceId;

use crate::StoreError;
use crate::rules::schema::ConnectionSchema;

/// Something of a workspace that was changed.
pub struct Changed {
    pub workspace: WorkspaceId,
    /// The connection whose row or schema it is.
    pub connection: Option<String>,
}

#[derive(Default)]
pub struct Configured {
    /// Schemas as committed, until somebody changes them.
    schemas: RwLock<HashMap<(WorkspaceId, String), Arc<ConnectionSchema>>>,
    versions: RwLock<HashMap<WorkspaceId, Arc<AtomicU64>>>,
}

impl Configured {
    /// The committed schema of a connection, by `load` if it is not known.
    pub fn schema(
        &self,
        workspace: WorkspaceId,
        id: &str,
        load: impl FnOnce() -> Result<ConnectionSchema, StoreError>,
    ) -> Result<Arc<ConnectionSchema>, StoreError> {
        let key = (workspace, id.to_owned());
        if let Some(found) = self.schemas.read().expect("no code panics holding it").get(&key) {
            return Ok(found.clone());
        }
        // Under the lock, so that a schema read before a change is never kept after it.
        let mut schemas = self.schemas.write().expect("no code panics holding it");
        let loaded = Arc::new(load()?);
        schemas.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// Counts the changes of a workspace.
    pub fn version(&self, workspace: WorkspaceId) -> u64 {
        self.version_of(workspace).load(Ordering::Acquire)
    }

    pub fn changed(&self, changed: Changed) {
        let Changed { workspace, connection } = changed;
        if let Some(id) = connection {
            self.schemas.write().expect("no code panics holding it").remove(&(workspace, id));
        }
        self.version_of(workspace).fetch_add(1, Ordering::Release);
    }

    fn version_of(&self, workspace: WorkspaceId) -> Arc<AtomicU64> {
        if let Some(found) =
            self.versions.read().expect("no code panics holding it").get(&workspace)
        {
            return found.clone();
        }
        let mut versions = self.versions.write().expect("no code panics holding it");
        versions.entry(workspace).or_default().clone()
    }
}
