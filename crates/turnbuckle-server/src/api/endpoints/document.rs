//! Endpoints as the API shows them, and the document that it takes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use turnbuckle_core::endpoint::EndpointSettings;
use turnbuckle_core::signature::SigningKey;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use utoipa::ToSchema;

use crate::api::time::rfc3339;
use crate::auth::Caller;
use crate::catalog::EndpointSecrets;

/// What the owner of an endpoint decides. Only `url` has no default.
///
/// Says what the API takes; `turnbuckle_core::endpoint` reads it.
#[derive(ToSchema)]
pub struct EndpointDocument {
    /// `https` or `http`, without user information.
    #[schema(example = "https://app.example/hooks", max_length = 2000)]
    pub url: String,
    /// For people.
    #[schema(required = false, max_length = 1000)]
    pub description: Option<String>,
    #[schema(inline)]
    pub format: Option<FormatName>,
    /// Sent as `Authorization: Bearer`; never shown.
    #[schema(write_only, max_length = 2000)]
    pub token: Option<String>,
    #[schema(inline)]
    pub scope: Option<ScopeName>,
    /// Only changes of this connection; of all, if null.
    pub connection: Option<String>,
    /// Only changes of these entities; of all, if null. Not with format `agile`.
    #[schema(max_items = 200)]
    pub entities: Option<Vec<String>>,
    /// Format `agile` only, and both if not given.
    #[schema(inline)]
    pub modules: Option<Vec<ModuleName>>,
    /// All three if not given.
    #[schema(inline)]
    pub types: Option<Vec<TypeName>>,
    /// Which answers are a success: any `2xx`, or `204` alone.
    #[schema(inline)]
    pub success: Option<SuccessName>,
    /// Merge changes of one record that wait; true if not given.
    pub coalesce: Option<bool>,
    /// What to do with changes that the app made itself.
    #[schema(inline)]
    pub own_changes: Option<OwnChangesName>,
    /// Sign with an Ed25519 key too, whose public half is shown.
    pub ed25519: Option<bool>,
    /// Seconds to wait after the first failed attempt, the second, …; about 24 days in 20 waits
    /// if null.
    #[schema(min_items = 1, max_items = 50)]
    pub retry_schedule: Option<Vec<u32>>,
    /// Of a whole attempt; 15,000 if not given.
    #[schema(minimum = 1000, maximum = 60000)]
    pub timeout_ms: Option<u32>,
    /// Sent with every message. A key that may not change the endpoint is shown `***` for values.
    pub headers: Option<BTreeMap<String, String>>,
}

/// Names as the document has them.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident $text:tt)* })*) => {$(
        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant,)*
        }
    )*};
}

names! {
    /// The shape of the messages; `universal` if not given.
    FormatName { Universal "universal" Agile "agile" Standard "standard" CloudEvents "cloudevents" }
    /// What it hears of: what was subscribed to, every change, or what happens to the hub itself.
    /// `subscriptions` if not given, and `changes` with format `agile`. With `changes`, format
    /// `universal` tells of mapped objects only: a change of an entity that no object stands for is
    /// not told; `standard` and `cloudevents` tell of every entity as it is.
    ScopeName { Subscriptions "subscriptions" Changes "changes" Notices "notices" }
    ModuleName { Contact "contact" Deal "deal" }
    TypeName { Create "create" Update "update" Delete "delete" }
    SuccessName { Any "2xx" Only204 "204" }
    OwnChangesName { Send "send" Drop "drop" }
}

/// Shown for the value of a header to those who may not change it.
const MASKED: &str = "***";

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatusView {
    Active,
    /// By its owner: messages wait.
    Paused,
    /// By the hub, because its receiver is gone: messages wait for `resume`.
    Disabled,
}

impl From<EndpointStatus> for EndpointStatusView {
    fn from(status: EndpointStatus) -> Self {
        match status {
            EndpointStatus::Active => Self::Active,
            EndpointStatus::Paused => Self::Paused,
            EndpointStatus::Disabled => Self::Disabled,
        }
    }
}

/// A URL that receives messages, with its settings beside the members here; `has_token` stands
/// for the token.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointView {
    #[schema(example = "ep_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
    #[schema(inline)]
    pub status: EndpointStatusView,
    /// Why the hub disabled it.
    pub status_reason: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = EndpointDocument)]
    pub settings: Map<String, Value>,
    /// Signs its messages; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: Option<String>,
    /// Checks `v1a` signatures, if the endpoint has them.
    #[schema(example = "whpk_4n2JFO9UlR7RvMNyzJxZpWv9YyQwBqMpLLkQ3xq7mKo=")]
    pub public_key: Option<String>,
    /// The last answer that was a success, to the minute.
    #[schema(format = DateTime)]
    pub last_success_at: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl EndpointView {
    /// `secrets` are `None` if they were sealed with another key.
    pub fn of(caller: &Caller, endpoint: &Endpoint, secrets: Option<&EndpointSecrets>) -> Self {
        let settings = match secrets {
            Some(secrets) => secrets.complete(endpoint),
            None => EndpointSettings::parse(&endpoint.settings).ok(),
        };
        let settings = settings.map(|mut settings| {
            if !caller.may_manage_workspace() {
                settings.headers.values_mut().for_each(|value| *value = MASKED.to_owned());
            }
            settings.to_json()
        });
        let signing_key = secrets.and_then(|secrets| secrets.signing_key.as_deref());
        let signing_key = signing_key.and_then(|key| SigningKey::parse(key).ok());
        Self {
            id: endpoint.id.to_string(),
            status: endpoint.status.into(),
            status_reason: endpoint.status_reason.clone(),
            settings: settings
                .unwrap_or_else(|| endpoint.settings.as_object().cloned().unwrap_or_default()),
            secret: None,
            public_key: signing_key.map(|key| key.public_key().to_string()),
            last_success_at: endpoint.last_success_at.map(rfc3339),
            created_at: rfc3339(endpoint.created_at),
            updated_at: rfc3339(endpoint.updated_at),
        }
    }
}
