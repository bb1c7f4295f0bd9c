//! The CRM webhooks URL and its token: the short way to the one endpoint that
//! most apps need.
//!
//! The endpoint is the truth. The setting only remembers which one it is, so
//! whoever changes that endpoint by its own resource changes what is shown here.

use axum::Json;
use axum::extract::State;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnbuckle_core::endpoint::EndpointSettings;
use turnbuckle_core::id::{EndpointId, WorkspaceId};
use turnbuckle_core::signature::Secret;
use turnbuckle_store::StoreError;
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use utoipa::ToSchema;

use crate::api::endpoints;
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::catalog::EndpointSecrets;
use crate::extract::{JsonBody, given};
use crate::problem::{ApiError, ProblemBody};
use crate::random::random_bytes;

const SETTING: &str = "webhooks";

/// Where the app hears of changes that it subscribed to.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct WebhooksSetting {
    pub url: Option<String>,
    /// Whether messages carry `Authorization: Bearer`. The token is not shown.
    pub has_token: bool,
    /// The endpoint behind it, with everything else that can be set.
    #[schema(value_type = Option<String>)]
    pub endpoint: Option<EndpointId>,
    /// The secret of an endpoint that was made just now; not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Where the app wants to hear of changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutWebhooksSetting {
    /// Null ends it: the endpoint is deleted.
    // Absent is a mistake here, because ending it is not undone.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, example = "https://app.example/crm-webhooks")]
    pub url: Option<String>,
    /// Sent as `Authorization: Bearer`. Stays as it is if not given; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub token: Option<Option<String>>,
}

/// Shows the CRM webhooks URL.
#[utoipa::path(
    get, path = "/api/v1/settings/webhooks", tag = "settings",
    responses(
        (status = 200, body = WebhooksSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_webhooks_setting(
    CanRead(caller): CanRead,
    State(app): State<App>,
) -> Result<Json<WebhooksSetting>, ApiError> {
    let setting = app.store.setting(caller.workspace, SETTING).await?;
    match find(&app, caller.workspace, setting.as_ref()).await? {
        None => Ok(Json(WebhooksSetting::default())),
        Some(endpoint) => {
            let (settings, secrets) = endpoints::open(&app, &endpoint)?;
            Ok(Json(view(endpoint.id, &settings, &secrets)))
        }
    }
}

/// Sets the CRM webhooks URL and its token. The endpoint behind it is of format
/// `universal`, hears of what was subscribed to and takes any 2xx for a success; everything else
/// about it, such as to insist on 204, is set at `/api/v1/endpoints/{endpoint}`.
#[utoipa::path(
    put, path = "/api/v1/settings/webhooks", tag = "settings", request_body = PutWebhooksSetting,
    responses(
        (status = 200, body = WebhooksSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_webhooks_setting(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(PutWebhooksSetting { url, token }): JsonBody<PutWebhooksSetting>,
) -> Result<Json<WebhooksSetting>, ApiError> {
    loop {
        let setting = app.store.setting(caller.workspace, SETTING).await?;
        let existing = find(&app, caller.workspace, setting.as_ref()).await?;
        let put = match (&url, existing) {
            (None, None) => Some(WebhooksSetting::default()),
            (None, Some(endpoint)) => {
                app.store.delete_endpoint(caller.workspace, endpoint.id, None).await?;
                Some(WebhooksSetting::default())
            }
            (Some(url), Some(endpoint)) => update(&app, &endpoint, url, token.clone()).await?,
            (Some(url), None) => {
                let token = token.clone().flatten();
                create(&app, caller.workspace, setting.as_ref(), url, token).await?
            }
        };
        if let Some(put) = put {
            return Ok(Json(put));
        }
    }
}

/// `None` if somebody else has put the setting meanwhile.
async fn create(
    app: &App,
    workspace: WorkspaceId,
    before: Option<&Value>,
    url: &str,
    token: Option<String>,
) -> Result<Option<WebhooksSetting>, ApiError> {
    let document = json!({
        "url": url, "description": "CRM webhooks URL of the application settings",
        "format": "universal", "scope": "subscriptions", "token": token,
    });
    let settings = EndpointSettings::parse(&document).map_err(ApiError::invalid)?;
    let secret = Secret::new(&random_bytes::<{ Secret::BYTES }>())
        .expect("a secret may have as many bytes as we make")
        .reveal();
    let secrets = EndpointSecrets {
        token,
        headers: IndexMap::new(),
        secrets: vec![(secret.clone(), None)],
        signing_key: None,
    };
    let (id, now) = (EndpointId(app.mint()), app.now());
    let endpoint = Endpoint {
        id,
        workspace,
        connection: None,
        settings: settings.to_document().into(),
        sealed: secrets.seal(&app.sealer, workspace, id),
        status: EndpointStatus::Active,
        status_reason: None,
        last_success_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let naming = json!({ "endpoint": id });
    let is_created =
        app.store.create_endpoint_of_setting(endpoint, SETTING, before, &naming).await?;
    let shown = || WebhooksSetting { secret: Some(secret), ..view(id, &settings, &secrets) };
    Ok(is_created.then(shown))
}

/// `None` if somebody else has changed the endpoint meanwhile.
async fn update(
    app: &App,
    endpoint: &Endpoint,
    url: &str,
    token: Option<Option<String>>,
) -> Result<Option<WebhooksSetting>, ApiError> {
    let (settings, mut secrets) = endpoints::open(app, endpoint)?;
    if let Some(token) = token {
        secrets.token = token;
    }
    let patch = json!({ "url": url, "token": secrets.token });
    let settings = settings.patch(&patch).map_err(ApiError::invalid)?;
    let (workspace, id) = (endpoint.workspace, endpoint.id);
    let document = settings.to_document().into();
    let sealed = secrets.seal(&app.sealer, workspace, id);
    let seen = Some(endpoint.version);
    match app
        .store
        .update_endpoint(workspace, id, &document, &sealed, endpoint.connection, seen)
        .await
    {
        Err(StoreError::VersionMismatch { .. } | StoreError::NotFound { .. }) => return Ok(None),
        updated => updated?,
    };
    app.lanes.wake(workspace, id);
    Ok(Some(view(id, &settings, &secrets)))
}

/// The endpoint that the setting names, while it is there.
async fn find(
    app: &App,
    workspace: WorkspaceId,
    setting: Option<&Value>,
) -> Result<Option<Endpoint>, ApiError> {
    let id = setting.and_then(|setting| setting["endpoint"].as_str());
    let Some(id) = id.and_then(|id| EndpointId::parse(id).ok()) else { return Ok(None) };
    Ok(app.store.endpoint(workspace, id).await?)
}

fn view(id: EndpointId, settings: &EndpointSettings, secrets: &EndpointSecrets) -> WebhooksSetting {
    WebhooksSetting {
        url: Some(settings.url.clone()),
        has_token: secrets.token.is_some(),
        endpoint: Some(id),
        secret: None,
    }
}
