//! Authorizations: whether a CRM lets us in, and what its end user is asked first.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_connectors::auth::Field;
use turnbuckle_store::authorization::{Authorization, AuthorizationStatus as Status};
use turnbuckle_store::connection::Connection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::OfContext;
use crate::api::connectors;
use crate::app::App;
use crate::authorizations;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// Whether the CRM lets us in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizationView {
    pub id: String,
    pub status: AuthorizationStatus,
    pub display_label: Option<String>,
    pub error_code: Option<String>,
    /// Why not, and the cure.
    pub error_message: Option<String>,
    /// Where the end user consents, while they are awaited there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize_url: Option<String>,
    /// To be sent with what the end user types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    pub authorizer: AuthorizerView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorizationStatus {
    /// The end user is asked.
    AwaitingCallback,
    /// The end user consented; we fetch what opens their account.
    RetrievingTokens,
    Active,
    Error,
}

/// Who is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizerView {
    /// The app's OAuth client at the provider, if it needs one.
    pub client_id: Option<String>,
    pub prototype: PrototypeView,
}

/// The provider, by its connector.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrototypeView {
    pub name: String,
    pub slug: String,
    /// What the end user types first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect_fields: Option<Vec<CollectFieldView>>,
    /// Where the end user finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect_instructions: Option<String>,
}

/// One thing that the end user types.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectFieldView {
    /// The member that it is sent in.
    pub name: String,
    pub label: String,
    /// Shown behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Whether it is not to be seen while it is typed.
    pub secret: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizationAnswer {
    pub authorization: AuthorizationView,
}

/// What the end user typed, by the names of the fields.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TypedFields {
    /// Of the authorization.
    pub state: String,
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub fields: Map<String, Value>,
}

impl From<Status> for AuthorizationStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::AwaitingCallback => Self::AwaitingCallback,
            Status::RetrievingTokens => Self::RetrievingTokens,
            Status::Active => Self::Active,
            Status::Error => Self::Error,
        }
    }
}

impl AuthorizationStatus {
    /// That of a connection which nobody authorises now.
    fn of(it: &Connection) -> Self {
        if it.error.is_some() { Self::Error } else { Self::Active }
    }
}

impl From<&Field> for CollectFieldView {
    fn from(it: &Field) -> Self {
        let Field { name, label, suffix, secret } = *it;
        let suffix = suffix.map(str::to_owned);
        Self { name: name.to_owned(), label: label.to_owned(), suffix, secret }
    }
}

impl AuthorizationView {
    /// That of a connection which nobody authorises now: it goes by the connection's id.
    pub fn settled(app: &App, it: &Connection) -> Self {
        let error_message = it.error.clone();
        let error_code = error_message.is_some().then(|| "error".to_owned());
        Self {
            id: it.id.clone(),
            status: AuthorizationStatus::of(it),
            display_label: None,
            error_code,
            error_message,
            authorize_url: None,
            state: None,
            authorizer: AuthorizerView::of(app, &it.connector, None),
        }
    }

    pub async fn of(app: &App, it: &Authorization) -> Result<Self, ApiError> {
        let shown = authorizations::show(app, it).await?;
        let (error_code, error_message) =
            shown.error.map(|error| (error.code, error.message)).unzip();
        let mut authorizer = AuthorizerView::of(app, &it.connection.connector, shown.client_id);
        if let Some(prompt) = shown.prompt {
            let prototype = &mut authorizer.prototype;
            prototype.collect_fields =
                Some(prompt.fields.iter().map(CollectFieldView::from).collect());
            prototype.collect_instructions = prompt.instructions.map(str::to_owned);
        }
        Ok(Self {
            id: it.id.to_string(),
            status: shown.status.into(),
            display_label: None,
            error_code,
            error_message,
            authorize_url: shown.authorize_url,
            state: shown.state,
            authorizer,
        })
    }
}

impl AuthorizerView {
    fn of(app: &App, connector: &str, client_id: Option<String>) -> Self {
        let name =
            app.connectors.find(connector).map_or(connector, |it| it.descriptor().display_name);
        let prototype = PrototypeView {
            name: name.to_owned(),
            slug: connector.to_owned(),
            collect_fields: None,
            collect_instructions: None,
        };
        Self { client_id, prototype }
    }
}

/// What goes by the id of an authorization.
pub enum Known {
    Begun(Authorization),
    /// A connection that nobody authorises now.
    Settled(Connection),
}

impl Known {
    pub fn status(&self, app: &App) -> AuthorizationStatus {
        match self {
            Self::Begun(it) => authorizations::now(app, it).0.into(),
            Self::Settled(it) => AuthorizationStatus::of(it),
        }
    }

    async fn view(&self, app: &App) -> Result<AuthorizationView, ApiError> {
        match self {
            Self::Begun(it) => AuthorizationView::of(app, it).await,
            Self::Settled(it) => Ok(AuthorizationView::settled(app, it)),
        }
    }
}

/// What the caller has that goes by this id, of this connector if one is named.
///
/// # Errors
/// 404
pub async fn find(
    app: &App,
    caller: &OfContext,
    connector: Option<&str>,
    id: &str,
) -> Result<Known, ApiError> {
    let is_of = |context: &str, slug: &str| {
        context == caller.context.external_id && connector.is_none_or(|it| it == slug)
    };
    if let Ok(id) = Uuid::parse_str(id)
        && let Some(found) = app.store.authorization(caller.workspace.id, id).await?
        && is_of(&found.connection.context, &found.connection.connector)
    {
        return Ok(Known::Begun(found));
    }
    if let Some(found) = app.store.connection(caller.workspace.id, id).await?
        && is_of(&found.context, &found.connector)
    {
        return Ok(Known::Settled(found));
    }
    let detail = format!("no authorization `{id}`");
    Err(ApiError::new(Problem::AuthorizationNotFound, detail))
}

/// Shows how far an authorization is.
#[utoipa::path(
    get, path = "/api/platform_user/authorizations/{connector}/{authorization}", tag = "link",
    security(("context_token" = [])),
    params(
        ("connector" = String, Path, description = "Slug of the connector."),
        ("authorization" = String, Path, description = "Its id."),
    ),
    responses(
        (status = 200, body = AuthorizationAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_authorization(
    caller: OfContext,
    State(app): State<App>,
    PathParams((slug, id)): PathParams<(String, String)>,
) -> Result<Json<AuthorizationAnswer>, ApiError> {
    connectors::find(&app, &slug)?;
    let authorization = find(&app, &caller, Some(&slug), &id).await?.view(&app).await?;
    Ok(Json(AuthorizationAnswer { authorization }))
}

/// Takes what the end user typed for a CRM that asks for more than a consent, or for something
/// else. Then they can be sent to the CRM, or are connected.
#[utoipa::path(
    put, path = "/api/platform_user/authorizations/{connector}", tag = "link",
    request_body = TypedFields, security(("context_token" = [])),
    params(("connector" = String, Path, description = "Slug of the connector.")),
    responses(
        (status = 200, body = AuthorizationAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_authorization_fields(
    caller: OfContext,
    State(app): State<App>,
    PathParams(slug): PathParams<String>,
    JsonBody(TypedFields { state, fields }): JsonBody<TypedFields>,
) -> Result<Json<AuthorizationAnswer>, ApiError> {
    connectors::find(&app, &slug)?;
    let (workspace, context) = (caller.workspace.id, &caller.context.external_id);
    let found = authorizations::of_state(&app, workspace, context, &slug, &state).await?;
    authorizations::take_typed(&app, &found, fields).await?;
    let id = found.id.to_string();
    let authorization = find(&app, &caller, Some(&slug), &id).await?.view(&app).await?;
    Ok(Json(AuthorizationAnswer { authorization }))
}
