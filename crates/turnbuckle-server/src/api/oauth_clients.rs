//! OAuth clients: as whom a workspace's app is known to a provider.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnbuckle_connectors::auth::AuthScheme;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::authorization_pages::callback_url;
use crate::api::connectors;
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::base_url::BaseUrl;
use crate::extract::{JsonBody, PathParams};
use crate::oauth::Client;
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::secret::SecretText;

/// Longest id or secret.
const BYTES_MAX: usize = 2_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_oauth_clients))
        .routes(routes!(put_oauth_client, delete_oauth_client))
}

/// A client that the app's developer has registered at a provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutOAuthClient {
    #[schema(min_length = 1, max_length = 2000)]
    pub client_id: String,
    /// Shown never again.
    #[schema(value_type = String, min_length = 1, max_length = 2000, format = Password)]
    pub client_secret: SecretText,
}

/// What is needed to let end users authorise at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthClientView {
    /// Slug of the connector.
    pub connector: String,
    pub display_name: String,
    /// None while no client was put.
    pub client_id: Option<String>,
    /// To be registered at the provider: it sends end users back there.
    pub callback_url: String,
    /// What the client must be allowed at the provider.
    pub scopes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthClientListing {
    pub oauth_clients: Vec<OAuthClientView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthClientAnswer {
    pub oauth_client: OAuthClientView,
}

/// As it is stored: the secret is sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    client_id: String,
    sealed_secret: String,
}

/// The client of a workspace at a provider, if it has one.
pub async fn client_of(
    app: &App,
    workspace: WorkspaceId,
    connector: &str,
) -> Result<Option<Client>, ApiError> {
    let stored = app.store.setting(workspace, &setting(connector)).await?;
    // Null once it was deleted.
    let Some(stored) = stored.filter(|it| !it.is_null()) else { return Ok(None) };
    let unreadable = |error| ApiError::caused_by(Problem::Internal, error);
    let stored: Stored = serde_json::from_value(stored).map_err(unreadable)?;
    let sealed = STANDARD.decode(&stored.sealed_secret).unwrap_or_default();
    let secret = app
        .sealer
        .open(&seal_context(workspace, connector), &sealed)
        .map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    let secret = SecretText::new(String::from_utf8_lossy(&secret));
    Ok(Some(Client { id: stored.client_id, secret }))
}

fn setting(connector: &str) -> String {
    format!("oauth-client:{connector}")
}

fn seal_context(workspace: WorkspaceId, connector: &str) -> String {
    format!("oauth client {}/{connector}", workspace.0)
}

/// Lists the connectors that need an OAuth client, with the one that they have.
#[utoipa::path(
    get, path = "/api/v1/oauth-clients", tag = "settings",
    responses(
        (status = 200, body = OAuthClientListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_oauth_clients(
    CanRead(caller): CanRead,
    State(app): State<App>,
    base: BaseUrl,
) -> Result<Json<OAuthClientListing>, ApiError> {
    let mut oauth_clients = Vec::new();
    for connector in app.connectors.all() {
        let slug = connector.descriptor().slug;
        if !matches!(connector.descriptor().auth, AuthScheme::OAuth2(_)) {
            continue;
        }
        let client = client_of(&app, caller.workspace, slug).await?;
        oauth_clients.push(view(&app, &base, slug, client.map(|it| it.id))?);
    }
    Ok(Json(OAuthClientListing { oauth_clients }))
}

/// Says as whom the app is known to a provider.
#[utoipa::path(
    put, path = "/api/v1/oauth-clients/{connector}", tag = "settings",
    request_body = PutOAuthClient,
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = OAuthClientAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_oauth_client(
    CanManage(caller): CanManage,
    State(app): State<App>,
    base: BaseUrl,
    PathParams(slug): PathParams<String>,
    JsonBody(given): JsonBody<PutOAuthClient>,
) -> Result<Json<OAuthClientAnswer>, ApiError> {
    let oauth_client = view(&app, &base, &slug, Some(given.client_id.clone()))?;
    let texts = [("/client_id", given.client_id.as_str())]
        .into_iter()
        .chain([("/client_secret", given.client_secret.reveal())]);
    let wrong: Vec<Invalid> = texts
        .filter(|(_, text)| text.is_empty() || BYTES_MAX < text.len())
        .map(|(path, _)| Invalid::new(path, format!("must have 1 to {BYTES_MAX} bytes")))
        .collect();
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    let context = seal_context(caller.workspace, &slug);
    let sealed = app.sealer.seal(&context, given.client_secret.reveal().as_bytes());
    let stored = json!({ "client_id": given.client_id, "sealed_secret": STANDARD.encode(sealed) });
    app.store.put_setting(caller.workspace, &setting(&slug), &stored).await?;
    Ok(Json(OAuthClientAnswer { oauth_client }))
}

/// Forgets an OAuth client. Connections that were authorised with it stay.
#[utoipa::path(
    delete, path = "/api/v1/oauth-clients/{connector}", tag = "settings",
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_oauth_client(
    CanManage(caller): CanManage,
    State(app): State<App>,
    base: BaseUrl,
    PathParams(slug): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    view(&app, &base, &slug, None)?;
    app.store.put_setting(caller.workspace, &setting(&slug), &Value::Null).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// 404 of a connector that is not there, 409 of one that takes no client.
fn view(
    app: &App,
    base: &BaseUrl,
    slug: &str,
    client_id: Option<String>,
) -> Result<OAuthClientView, ApiError> {
    let it = connectors::find(app, slug)?.descriptor();
    let AuthScheme::OAuth2(provider) = it.auth else {
        let detail = format!("`{slug}` is authorised without an OAuth client");
        return Err(ApiError::new(Problem::StateConflict, detail));
    };
    Ok(OAuthClientView {
        connector: it.slug.to_owned(),
        display_name: it.display_name.to_owned(),
        client_id,
        callback_url: callback_url(base),
        scopes: provider.scopes.iter().map(|it| (*it).to_owned()).collect(),
    })
}
