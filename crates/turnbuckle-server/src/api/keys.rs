//! API key sets: who may call, and what.
//!
//! A secret is in the answer that makes it and nowhere else. A key that is
//! revoked is refused from the next request on.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::entity::{did_you_mean, nearest};
use turnbuckle_core::id::{KeyId, WorkspaceId};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::text::check_line;
use turnbuckle_store::StoreError;
use turnbuckle_store::api_key::ApiKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::{CanAdminister, connection_of_scope, is_scope};
use crate::bootstrap;
use crate::egress::Cidr;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::secret::SecretText;

/// Most scopes, and most address ranges, of one key.
const ENTRIES_MAX: usize = 100;
/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_keys, create_key)).routes(routes!(delete_key))
}

/// A key set, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    pub id: String,
    /// The user name of Basic auth.
    pub publishable: String,
    pub label: String,
    /// `all`, `read`, `ingest`, `connection:<id>` or `operator`.
    pub scopes: Vec<String>,
    /// Address ranges from which the key may be used; empty means anywhere.
    pub addresses: Vec<String>,
    pub created_at: String,
    /// To the minute.
    pub last_used_at: Option<String>,
}

impl From<ApiKey> for KeyView {
    fn from(it: ApiKey) -> Self {
        Self {
            id: it.id.to_string(),
            publishable: it.publishable,
            label: it.label,
            scopes: it.scopes,
            addresses: it.addresses,
            created_at: rfc3339(it.created_at),
            last_used_at: it.last_used_at.map(rfc3339),
        }
    }
}

/// A key set in the only answer that holds its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyView {
    #[serde(flatten)]
    pub key: KeyView,
    /// The password of Basic auth. It cannot be shown again.
    pub secret: String,
}

impl NewKeyView {
    pub fn of((key, secret): (ApiKey, SecretText)) -> Self {
        Self { key: key.into(), secret: secret.reveal().to_owned() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyAnswer {
    pub key: NewKeyView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct KeyListing {
    pub keys: Vec<KeyView>,
    pub page: PageView,
}

/// A key set to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// At least one of `all`, `read`, `ingest`, `connection:<id>` and `operator`;
    /// the last one only by a key that has it.
    #[schema(min_items = 1, max_items = 100, example = json!(["all"]))]
    pub scopes: Vec<String>,
    /// Address ranges such as `203.0.113.0/24` from which the key may be used.
    #[schema(max_items = 100)]
    pub addresses: Option<Vec<String>>,
    /// For people.
    #[schema(max_length = 200)]
    pub label: Option<String>,
}

/// Lists the key sets of the workspace, oldest first.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys", params(ListingQuery),
    responses(
        (status = 200, body = KeyListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_keys(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<KeyListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "keys" };
    let keys = app.store.api_keys(caller.workspace).await?;
    let (keys, page) = listing.slice(&app, keys, &query)?;
    Ok(Json(KeyListing { keys: keys.into_iter().map(KeyView::from).collect(), page }))
}

/// Makes a key set. Its secret is in this answer only.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys", request_body = CreateKey,
    responses(
        (status = 201, body = NewKeyAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_key(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    JsonBody(wanted): JsonBody<CreateKey>,
) -> Result<(StatusCode, Json<NewKeyAnswer>), ApiError> {
    let addresses = wanted.addresses.unwrap_or_default();
    let label = wanted.label.unwrap_or_default();
    check(&wanted.scopes, &addresses, &label)?;
    check_connections(&app, caller.workspace, &wanted.scopes).await?;
    if wanted.scopes.iter().any(|scope| scope == "operator") && !caller.is_operator() {
        let detail = "only a key that has the scope `operator` may grant it";
        return Err(ApiError::new(Problem::Forbidden, detail));
    }
    let made =
        bootstrap::create_key(&app, caller.workspace, wanted.scopes, addresses, label).await?;
    Ok((StatusCode::CREATED, Json(NewKeyAnswer { key: NewKeyView::of(made) })))
}

/// Revokes a key set: requests that start after the answer are refused.
#[utoipa::path(
    delete, path = "/api/v1/keys/{key}", tag = "keys",
    params(("key" = String, Path, description = "Its id, `key_…`.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_key(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    PathParams(key): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    let id = KeyId::parse(&key)
        .map_err(|_| ApiError::new(Problem::KeyNotFound, format!("no API key `{key}`")))?;
    // Whoever could take the operator's key away would lock the operator out.
    if !caller.is_operator() {
        let keys = app.store.api_keys(caller.workspace).await?;
        let revoked = keys.iter().find(|it| it.id == id);
        if revoked.is_some_and(|key| key.scopes.iter().any(|scope| scope == "operator")) {
            let detail = "only a key of scope `operator` revokes one";
            return Err(ApiError::new(Problem::Forbidden, detail));
        }
    }
    app.store.revoke_api_key(caller.workspace, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A key for a connection that is made later would hold for whatever gets that id.
async fn check_connections(
    app: &App,
    workspace: WorkspaceId,
    scopes: &[String],
) -> Result<(), ApiError> {
    let mut wrong = Vec::new();
    for (index, scope) in scopes.iter().enumerate() {
        let Some(connection) = connection_of_scope(scope) else { continue };
        match app.catalog.connection(workspace, connection).await {
            Ok(_) => {}
            Err(StoreError::NotFound { .. }) => {
                let detail = format!("there is no connection `{connection}`");
                wrong.push(Invalid::new(pointer("/scopes", index), detail));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}

fn check(scopes: &[String], addresses: &[String], label: &str) -> Result<(), ApiError> {
    let mut wrong = Vec::new();
    if !(1..=ENTRIES_MAX).contains(&scopes.len()) {
        let detail = format!("a key has 1 to {ENTRIES_MAX} scopes");
        wrong.push(Invalid::new("/scopes", detail));
    }
    for (index, scope) in scopes.iter().take(ENTRIES_MAX).enumerate() {
        if !is_scope(scope) {
            let known = ["all", "read", "ingest", "operator", "connection:<id>"];
            let near = nearest(scope, known.into_iter());
            let detail = format!("not a scope; known are `{}`", known.join("`, `"));
            let detail = format!("{detail}{}", did_you_mean(&near));
            wrong.push(Invalid::new(pointer("/scopes", index), detail));
        }
    }
    if ENTRIES_MAX < addresses.len() {
        let detail = format!("a key has at most {ENTRIES_MAX} address ranges");
        wrong.push(Invalid::new("/addresses", detail));
    }
    for (index, address) in addresses.iter().take(ENTRIES_MAX).enumerate() {
        if let Err(error) = address.parse::<Cidr>() {
            wrong.push(Invalid::new(pointer("/addresses", index), error.to_string()));
        }
    }
    if let Err(must) = check_line(label, 0..=LABEL_CHARS_MAX) {
        wrong.push(Invalid::new("/label", must));
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}
