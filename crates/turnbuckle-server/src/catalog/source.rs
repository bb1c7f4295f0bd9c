//! Sources as intake and processing use them.

use serde_json::Value as Json;
use turnbuckle_connectors::native;
use turnbuckle_core::id::{ConnectionNo, SourceId, UnixMs, WorkspaceId};
use turnbuckle_core::source::SourceSettings;
use turnbuckle_store::StoreError;
use turnbuckle_store::source::Source;

/// What a source's sealed keys are bound to.
pub fn source_key_context(workspace: WorkspaceId, id: SourceId) -> String {
    format!("workspace/{workspace}/source/{id}/key")
}

/// A source with its settings read.
pub struct LiveSource {
    pub id: SourceId,
    pub workspace: WorkspaceId,
    pub connection: ConnectionNo,
    pub settings: SourceSettings,
    /// Entities that its webhooks may name.
    pub admitted: Vec<String>,
    keys: Vec<([u8; 32], Option<UnixMs>)>,
}

impl LiveSource {
    /// `listed` is the workspace's list of webhook entities, if it made one.
    ///
    /// # Errors
    /// [`StoreError::Defect`] if the stored settings cannot be read.
    pub fn compile(source: Source, listed: Option<Json>) -> Result<Self, StoreError> {
        let settings = SourceSettings::parse(&source.settings).map_err(|invalids| {
            let reasons: Vec<_> = invalids.iter().map(ToString::to_string).collect();
            StoreError::Defect { action: "read a source", source: reasons.join("; ").into() }
        })?;
        let admitted = match (&settings.entities, listed) {
            (Some(entities), _) => entities.clone(),
            (None, Some(listed)) => webhook_entities(&listed),
            (None, None) => native::WEBHOOK_ENTITIES.map(str::to_owned).to_vec(),
        };
        let keys = source.keys.iter().map(|key| (key.hash, key.expires_at)).collect();
        let Source { id, workspace, connection, .. } = source;
        Ok(Self { id, workspace, connection, settings, admitted, keys })
    }

    /// Whether the key of this hash opens the source at `now`.
    pub fn is_open_to(&self, hash: &[u8; 32], now: UnixMs) -> bool {
        let is_it = |(known, expires_at): &([u8; 32], Option<UnixMs>)| {
            known == hash && expires_at.is_none_or(|at| now < at)
        };
        self.keys.iter().any(is_it)
    }
}

/// Reads the setting `webhook-entities`: `{"entities":["Contact", …]}`.
pub fn webhook_entities(setting: &Json) -> Vec<String> {
    let names = setting["entities"].as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
