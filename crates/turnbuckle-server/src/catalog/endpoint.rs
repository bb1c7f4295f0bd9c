//! Endpoints as matching and delivery use them.

use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use turnbuckle_core::endpoint::{EndpointSettings, Token};
use turnbuckle_core::id::{EndpointId, UnixMs, WorkspaceId};
use turnbuckle_core::retry::RetrySchedule;
use turnbuckle_core::signature::{Secret, SigningKey};
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use url::Url;

use crate::seal::Sealer;

/// What an endpoint's sealed secrets are bound to.
pub fn endpoint_context(workspace: WorkspaceId, id: EndpointId) -> String {
    format!("workspace/{workspace}/endpoint/{id}/secrets")
}

/// Everything of an endpoint that must not be read in the database, sealed together.
#[derive(Clone, Serialize, Deserialize)]
pub struct EndpointSecrets {
    /// Sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// Sent with every attempt; their values may be credentials.
    pub headers: IndexMap<String, String>,
    /// `whsec_…`, newest first, with the time at which each ends.
    pub secrets: Vec<(String, Option<UnixMs>)>,
    /// `whsk_…`
    pub signing_key: Option<String>,
}

impl EndpointSecrets {
    /// # Errors
    /// None: what cannot be sealed does not exist.
    pub fn seal(&self, sealer: &Sealer, workspace: WorkspaceId, id: EndpointId) -> Vec<u8> {
        let plain = serde_json::to_vec(self).expect("strings and numbers serialize");
        sealer.seal(&endpoint_context(workspace, id), &plain)
    }

    /// `None` when they were sealed with another key or changed since.
    pub fn open(sealer: &Sealer, endpoint: &Endpoint) -> Option<Self> {
        let context = endpoint_context(endpoint.workspace, endpoint.id);
        let plain = sealer.open(&context, &endpoint.sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// The settings of their endpoint, whole; `None` if the document cannot be read.
    pub fn complete(&self, endpoint: &Endpoint) -> Option<EndpointSettings> {
        let mut settings = EndpointSettings::parse(&endpoint.settings).ok()?;
        settings.token = self.token.clone().map(Token);
        settings.headers = self.headers.clone();
        Some(settings)
    }
}

/// An endpoint with its settings read and its secrets open.
pub struct LiveEndpoint {
    pub id: EndpointId,
    pub workspace: WorkspaceId,
    pub settings: EndpointSettings,
    pub url: Url,
    /// The headers that every attempt carries.
    pub headers: HeaderMap,
    pub schedule: RetrySchedule,
    pub status: EndpointStatus,
    pub last_success_at: Option<UnixMs>,
    secrets: Vec<(Secret, Option<UnixMs>)>,
    pub signing_key: Option<SigningKey>,
}

impl LiveEndpoint {
    /// `None`, with a line in the log, if the row cannot be used: nothing is
    /// sent to an endpoint whose secrets are unknown.
    pub fn open(endpoint: Endpoint, sealer: &Sealer) -> Option<Self> {
        let unusable = |reason: &str| {
            let Endpoint { id, workspace, .. } = &endpoint;
            tracing::error!(workspace_id = %workspace, endpoint_id = %id, reason, "an endpoint cannot be used");
        };
        let Some(secrets) = EndpointSecrets::open(sealer, &endpoint) else {
            unusable("its secrets were sealed with another key");
            return None;
        };
        let Some(settings) = secrets.complete(&endpoint) else {
            unusable("its settings cannot be read");
            return None;
        };
        let Ok(url) = Url::parse(&settings.url) else {
            unusable("its URL cannot be read");
            return None;
        };
        let parsed = secrets.secrets.iter().filter_map(|(secret, ends_at)| {
            Secret::parse(secret).ok().map(|secret| (secret, *ends_at))
        });
        Some(Self {
            id: endpoint.id,
            workspace: endpoint.workspace,
            schedule: settings.retry_schedule.clone().unwrap_or_default(),
            headers: fixed_headers(&settings),
            url,
            settings,
            status: endpoint.status,
            last_success_at: endpoint.last_success_at,
            secrets: parsed.collect(),
            signing_key: secrets.signing_key.as_deref().and_then(|key| SigningKey::parse(key).ok()),
        })
    }

    /// The secrets to sign with now.
    pub fn secrets_at(&self, now: UnixMs) -> Vec<Secret> {
        let active = self.secrets.iter().filter(|(_, ends_at)| ends_at.is_none_or(|at| now < at));
        active.map(|(secret, _)| secret.clone()).collect()
    }
}

/// The headers that every attempt at an endpoint carries.
fn fixed_headers(settings: &EndpointSettings) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Checked when the settings were put; one that slipped through is left out.
    for (name, text) in &settings.headers {
        let value = HeaderValue::try_from(text);
        if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    if let Some(token) = &settings.token
        && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {}", token.0))
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let content_type = settings.format.content_type();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let agent = concat!("Turnbuckle/", env!("CARGO_PKG_VERSION"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
    headers
}
