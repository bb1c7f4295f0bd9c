//! Sources as intake and processing use them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use turnbuckle_connectors::native;
use turnbuckle_core::expression::NAMES_OF_EVENT;
use turnbuckle_core::id::{ConnectionNo, SourceId, UnixMs, WorkspaceId};
use turnbuckle_core::source::{SourceMapping, SourceSettings};
use turnbuckle_core::verify::SecretText;
use turnbuckle_store::StoreError;
use turnbuckle_store::source::Source;

use crate::expressions::PlacedSet;
use crate::seal::Sealer;

/// What a source's sealed keys are bound to.
pub fn source_key_context(workspace: WorkspaceId, id: SourceId) -> String {
    format!("workspace/{workspace}/source/{id}/key")
}

/// What the sealed secrets of a source's sender are bound to.
fn sender_context(workspace: WorkspaceId, id: SourceId) -> String {
    format!("workspace/{workspace}/source/{id}/sender")
}

/// The secrets by which a source knows its sender, sealed together.
#[derive(Serialize, Deserialize)]
struct SenderSecrets {
    secrets: Vec<String>,
    token: Option<String>,
}

/// The settings of a source as they are stored: no secret can be read in them.
pub fn seal_settings(
    sealer: &Sealer,
    workspace: WorkspaceId,
    id: SourceId,
    settings: &SourceSettings,
) -> Json {
    let mut document = settings.to_json();
    if let (Some(verification), Some(members)) =
        (&settings.verify, document["verify"].as_object_mut())
    {
        let reveal = |secret: &SecretText| secret.reveal().to_owned();
        let plain = SenderSecrets {
            secrets: verification.secrets.iter().map(reveal).collect(),
            token: verification.token.as_ref().map(reveal),
        };
        let plain = serde_json::to_vec(&plain).expect("texts serialize");
        let sealed = sealer.seal(&sender_context(workspace, id), &plain);
        members.retain(|name, _| !["secrets", "token"].contains(&name.as_str()));
        members.insert("sealed".to_owned(), json!(STANDARD.encode(sealed)));
    }
    document
}

/// Reads the settings of a stored source, secrets included.
///
/// # Errors
/// [`StoreError::Defect`] if they cannot be read, or were sealed with another key.
pub fn open_settings(sealer: &Sealer, source: &Source) -> Result<SourceSettings, StoreError> {
    let defect =
        |reason: String| StoreError::Defect { action: "read a source", source: reason.into() };
    let mut document = source.settings.clone();
    if let Some(members) = document.get_mut("verify").and_then(Json::as_object_mut) {
        let sealed = members.remove("sealed");
        let sealed = sealed.as_ref().and_then(Json::as_str).unwrap_or_default();
        let sealed = STANDARD.decode(sealed).map_err(|error| defect(error.to_string()))?;
        let plain = sealer.open(&sender_context(source.workspace, source.id), &sealed);
        let plain = plain.map_err(|error| defect(error.to_string()))?;
        let opened: SenderSecrets =
            serde_json::from_slice(&plain).map_err(|error| defect(error.to_string()))?;
        members.insert("secrets".to_owned(), json!(opened.secrets));
        if let Some(token) = opened.token {
            members.insert("token".to_owned(), json!(token));
        }
    }
    SourceSettings::parse(&document).map_err(|invalids| {
        let reasons: Vec<_> = invalids.iter().map(ToString::to_string).collect();
        defect(reasons.join("; "))
    })
}

/// A source with its settings read.
pub struct LiveSource {
    pub id: SourceId,
    pub workspace: WorkspaceId,
    pub connection: ConnectionNo,
    pub settings: SourceSettings,
    /// Entities that its webhooks may name.
    pub admitted: Vec<String>,
    /// Of the mapping.
    pub expressions: Option<Arc<PlacedSet>>,
    keys: Vec<([u8; 32], Option<UnixMs>)>,
}

impl LiveSource {
    /// `listed` is the workspace's list of webhook entities, if it made one.
    ///
    /// # Errors
    /// [`StoreError::Defect`] if the stored settings cannot be read: nothing is taken for
    /// a source whose sender cannot be verified.
    pub fn compile(
        source: Source,
        listed: Option<Json>,
        sealer: &Sealer,
    ) -> Result<Self, StoreError> {
        let settings = open_settings(sealer, &source)?;
        let admitted = match (&settings.entities, listed) {
            (Some(entities), _) => entities.clone(),
            (None, Some(listed)) => webhook_entities(&listed),
            (None, None) => native::WEBHOOK_ENTITIES.map(str::to_owned).to_vec(),
        };
        let keys = source.keys.iter().map(|key| (key.hash, key.expires_at)).collect();
        let Source { id, workspace, connection, .. } = source;
        let expressions = expressions_of((workspace, connection), &settings);
        Ok(Self { id, workspace, connection, settings, admitted, expressions, keys })
    }

    /// The source as it would be with another mapping or other defaults.
    pub fn with(&self, settings: SourceSettings) -> Self {
        let expressions = expressions_of((self.workspace, self.connection), &settings);
        let (admitted, keys) = (self.admitted.clone(), self.keys.clone());
        Self { settings, expressions, admitted, keys, ..*self }
    }

    /// Whether the key of this hash opens the source at `now`.
    pub fn is_open_to(&self, hash: &[u8; 32], now: UnixMs) -> bool {
        let is_it = |(known, expires_at): &([u8; 32], Option<UnixMs>)| {
            known == hash && expires_at.is_none_or(|at| now < at)
        };
        self.keys.iter().any(is_it)
    }
}

fn expressions_of(
    owner: (WorkspaceId, ConnectionNo),
    settings: &SourceSettings,
) -> Option<Arc<PlacedSet>> {
    let placed = settings.mapping.as_ref().map(SourceMapping::expressions).unwrap_or_default();
    PlacedSet::of(owner, NAMES_OF_EVENT, &placed)
}

/// Reads the setting `webhook-entities`: `{"entities":["Contact", …]}`.
pub fn webhook_entities(setting: &Json) -> Vec<String> {
    let names = setting["entities"].as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
