//! How an end user connects an account at a provider.
//!
//! An authorization begins when a page asks for a connection. The end user types what the
//! provider needs to know, or goes to the provider, which sends their browser back with a code
//! ([`come_back`]); for that we get tokens. Only then is there a connection: a wish that was
//! given up leaves none.
//!
//! Whoever comes back is who left: the browser shows a cookie that it got, on its way out, for a
//! one-time token of the context ([`crate::api::authorization_pages`]). A code is exchanged once,
//! however often somebody comes back with it, and to the end although they go away.
//!
//! What the end user typed, the secrets of the trip and the tokens are sealed where they rest.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use turnbuckle_connectors::auth::{AuthScheme, OAuth2, Prompt, is_host_label};
use turnbuckle_connectors::connector::Connector;
use turnbuckle_core::id::{UnixMs, WorkspaceId};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_store::authorization::{
    Authorization, AuthorizationError, AuthorizationStatus as Status,
};
use turnbuckle_store::connection::{Connection, PutConnection};
use turnbuckle_store::{StoreError, error::Noun};
use uuid::Uuid;

use crate::api::connections::connected;
use crate::api::oauth_clients::client_of;
use crate::app::App;
use crate::oauth::{Client, Trip, Typed};
use crate::problem::{ApiError, Problem};
use crate::random::new_token;

/// How long an end user has to come back.
pub const TIME_MS: UnixMs = 10 * 60 * 1_000;
/// How long it is remembered how it ended.
const KEPT_MS: UnixMs = 24 * 60 * 60 * 1_000;
const TYPED_BYTES_MAX: usize = 4_000;

/// What is sealed of an authorization.
#[derive(Clone, Serialize, Deserialize)]
struct Secrets {
    /// Comes back with the browser, and finds the authorization.
    state: String,
    verifier: String,
    redirect_uri: String,
    /// None until the end user has typed it.
    typed: Option<Typed>,
}

/// What a page shows of an authorization.
pub struct Shown {
    pub status: Status,
    pub error: Option<AuthorizationError>,
    /// Where the end user consents, while they are awaited and nothing is left to type.
    pub authorize_url: Option<String>,
    /// With what the end user types.
    pub state: Option<String>,
    pub client_id: Option<String>,
    /// What is left to type.
    pub prompt: Option<&'static Prompt>,
}

/// What a provider sends a browser back with.
pub enum Returned {
    Code(String),
    Refused(AuthorizationError),
}

/// Begins to authorise a connection.
///
/// # Errors
/// 409 where the app has no OAuth client at the provider.
pub async fn begin(
    app: &App,
    workspace: WorkspaceId,
    connector: &dyn Connector,
    connection: PutConnection,
    redirect_uri: String,
) -> Result<Authorization, ApiError> {
    let slug = connector.descriptor().slug;
    if let AuthScheme::OAuth2(_) = connector.descriptor().auth
        && client_of(app, workspace, slug).await?.is_none()
    {
        let detail = format!(
            "the app has no OAuth client at `{slug}`; put one at `/api/v1/oauth-clients/{slug}`"
        );
        return Err(ApiError::new(Problem::StateConflict, detail));
    }
    let secrets = Secrets {
        state: new_token(""),
        verifier: new_token(""),
        redirect_uri,
        typed: connector.descriptor().auth.prompt().is_none().then(Typed::new),
    };
    let (id, now) = (app.mint().uuid(), app.now());
    let authorization = Authorization {
        workspace,
        id,
        connection,
        state_hash: hash(&secrets.state),
        sealed: seal(app, workspace, id, &secrets),
        status: Status::AwaitingCallback,
        error: None,
        begun_at: now,
    };
    app.store.begin_authorization(authorization.clone(), now - KEPT_MS).await?;
    Ok(authorization)
}

/// What a page shows of it now.
pub async fn show(app: &App, it: &Authorization) -> Result<Shown, ApiError> {
    let (status, error) = now(app, it);
    let connector = app.connectors.find(&it.connection.connector);
    let auth = connector.map_or(AuthScheme::None, |it| it.descriptor().auth);
    let client = match auth {
        AuthScheme::OAuth2(_) => client_of(app, it.workspace, &it.connection.connector).await?,
        _ => None,
    };
    let client_id = client.as_ref().map(|it| it.id.clone());
    let mut shown =
        Shown { status, error, authorize_url: None, state: None, client_id, prompt: None };
    if status != Status::AwaitingCallback {
        return Ok(shown);
    }
    let secrets = open(app, it)?;
    match (&secrets.typed, auth, client) {
        (None, ..) => shown.prompt = auth.prompt(),
        (Some(typed), AuthScheme::OAuth2(provider), Some(client)) => {
            let trip = trip(provider, &client, &secrets, typed);
            shown.authorize_url = trip.authorize_url(&secrets.state).map(String::from);
        }
        _ => {}
    }
    shown.state = Some(secrets.state);
    Ok(shown)
}

/// How far it is: what is not ended in time has failed.
pub fn now(app: &App, it: &Authorization) -> (Status, Option<AuthorizationError>) {
    let is_open = matches!(it.status, Status::AwaitingCallback | Status::RetrievingTokens);
    if !is_open || app.now() < it.begun_at + TIME_MS {
        return (it.status, it.error.clone());
    }
    let expired = AuthorizationError {
        code: "expired".to_owned(),
        message: "It took too long. Begin again.".to_owned(),
    };
    (Status::Error, Some(expired))
}

/// The authorization of a state, if the context has it at this connector.
///
/// # Errors
/// 404
pub async fn of_state(
    app: &App,
    workspace: WorkspaceId,
    context: &str,
    connector: &str,
    state: &str,
) -> Result<Authorization, ApiError> {
    let found = find(app, state).await?.filter(|it| {
        it.workspace == workspace
            && it.connection.context == context
            && it.connection.connector == connector
    });
    found.ok_or_else(|| ApiError::new(Problem::AuthorizationNotFound, "no authorization of it"))
}

/// The authorization that a browser comes back about.
pub async fn find(app: &App, state: &str) -> Result<Option<Authorization>, StoreError> {
    app.store.authorization_of_state(hash(state)).await
}

/// Takes what the end user typed. Where nobody else is to be asked, that is all.
///
/// # Errors
/// With what is missing or wrong; 409 once it has ended.
pub async fn take_typed(
    app: &App,
    it: &Authorization,
    given: Map<String, Value>,
) -> Result<(), ApiError> {
    let connector = app.connectors.find(&it.connection.connector);
    let auth = connector.map_or(AuthScheme::None, |it| it.descriptor().auth);
    let Some(prompt) = auth.prompt() else {
        return Err(ApiError::new(Problem::StateConflict, "there is nothing to type"));
    };
    let typed = check_typed(prompt, auth, given)?;
    let over = || {
        let detail = "the authorization has ended; begin another";
        ApiError::new(Problem::StateConflict, detail)
    };
    if now(app, it).0 != Status::AwaitingCallback {
        return Err(over());
    }
    if let AuthScheme::Fields(_) = auth {
        if !app.store.take_authorization(it.workspace, it.id).await? {
            return Err(over());
        }
        return Ok(grant(app, it, &json!({ "typed": typed })).await?);
    }
    let secrets = Secrets { typed: Some(typed), ..open(app, it)? };
    let sealed = seal(app, it.workspace, it.id, &secrets);
    match app.store.fill_authorization(it.workspace, it.id, sealed).await? {
        true => Ok(()),
        false => Err(over()),
    }
}

fn check_typed(
    prompt: &Prompt,
    auth: AuthScheme,
    given: Map<String, Value>,
) -> Result<Typed, ApiError> {
    let names_host = |name: &str| match auth {
        AuthScheme::OAuth2(it) => [it.authorize_url, it.token_url]
            .into_iter()
            .any(|url| url.contains(&format!("{{{name}}}"))),
        _ => false,
    };
    let mut wrong = Vec::new();
    let mut typed = Typed::new();
    for field in prompt.fields {
        let text = given.get(field.name).and_then(Value::as_str).unwrap_or_default().trim();
        let mistake = match text {
            "" => Some("is missing".to_owned()),
            _ if TYPED_BYTES_MAX < text.len() => Some("is too long".to_owned()),
            _ if names_host(field.name) && !is_host_label(text) => {
                Some("may have letters, digits and hyphens".to_owned())
            }
            _ => None,
        };
        wrong.extend(mistake.map(|mistake| {
            Invalid::new(pointer("", field.name), format!("{} {mistake}", field.label))
        }));
        typed.insert(field.name.to_owned(), text.to_owned());
    }
    if wrong.is_empty() { Ok(typed) } else { Err(ApiError::invalid(wrong)) }
}

/// Takes what a provider sent a browser back with, and ends the authorization; one that has
/// ended stays as it is.
///
/// # Errors
/// If the store fails: the authorization can be begun anew.
pub async fn come_back(app: &App, it: Authorization, returned: Returned) -> Result<(), ApiError> {
    if now(app, &it).0 != Status::AwaitingCallback
        || !app.store.take_authorization(it.workspace, it.id).await?
    {
        return Ok(());
    }
    let working = app.clone();
    let end = app.unfinished.spawn(async move { end(&working, &it, returned).await });
    end.await.map_err(|error| ApiError::caused_by(Problem::Internal, error))?
}

async fn end(app: &App, it: &Authorization, returned: Returned) -> Result<(), ApiError> {
    let exchanged = match returned {
        Returned::Refused(error) => Err(error),
        Returned::Code(code) => exchange(app, it, &code).await?,
    };
    match exchanged {
        Ok(answer) => Ok(grant(app, it, &answer).await?),
        Err(error) => Ok(app.store.fail_authorization(it.workspace, it.id, error).await?),
    }
}

/// What the credentials of a connection are, for the tokens of a code.
async fn exchange(
    app: &App,
    it: &Authorization,
    code: &str,
) -> Result<Result<Value, AuthorizationError>, ApiError> {
    let secrets = open(app, it)?;
    let PutConnection { connector, .. } = &it.connection;
    let provider = app.connectors.find(connector).map(|it| it.descriptor().auth);
    let client = client_of(app, it.workspace, connector).await?;
    let (Some(AuthScheme::OAuth2(provider)), Some(client), Some(typed)) =
        (provider, client, &secrets.typed)
    else {
        return Ok(Err(AuthorizationError {
            code: "unauthorized_client".to_owned(),
            message: "The app is not known to the CRM any more.".to_owned(),
        }));
    };
    let trip = trip(provider, &client, &secrets, typed);
    let answer = trip.exchange(&app.egress, code).await;
    Ok(answer.map(|answer| json!({ "answer": answer, "typed": typed, "received_at": app.now() })))
}

async fn grant(app: &App, it: &Authorization, credentials: &Value) -> Result<(), StoreError> {
    let context = credentials_context(it.workspace, &it.connection.id);
    let sealed = app.sealer.seal(&context, credentials.to_string().as_bytes());
    match app.store.grant_authorization(it.workspace, it.id, sealed).await {
        Ok((connection, _)) => {
            connected(app, &connection).await;
            Ok(())
        }
        Err(StoreError::AlreadyExists { noun: Noun::Connection, .. }) => {
            let taken = AuthorizationError {
                code: "connection_taken".to_owned(),
                message: "Another connection has that id by now.".to_owned(),
            };
            app.store.fail_authorization(it.workspace, it.id, taken).await
        }
        Err(error) => Err(error),
    }
}

/// What is needed to take an account's tokens back, read while its connection is there.
pub struct Revocation {
    provider: &'static OAuth2,
    client: Client,
    typed: Typed,
    answer: Map<String, Value>,
}

/// `None` of a connection without tokens, or at a provider that takes none back.
pub async fn revocation(app: &App, it: &Connection) -> Result<Option<Revocation>, ApiError> {
    let provider = app.connectors.find(&it.connector).map(|it| it.descriptor().auth);
    let Some(AuthScheme::OAuth2(provider)) = provider else { return Ok(None) };
    let Some(sealed) = app.store.credentials(it.workspace, &it.id).await? else { return Ok(None) };
    let Some(client) = client_of(app, it.workspace, &it.connector).await? else { return Ok(None) };
    #[derive(Deserialize)]
    struct Credentials {
        answer: Map<String, Value>,
        typed: Typed,
    }
    let context = credentials_context(it.workspace, &it.id);
    let unreadable = |error| ApiError::caused_by(Problem::Internal, error);
    let opened = app.sealer.open(&context, &sealed).map_err(unreadable)?;
    let Ok(Credentials { answer, typed }) = serde_json::from_slice(&opened) else {
        return Ok(None);
    };
    Ok(Some(Revocation { provider, client, typed, answer }))
}

/// Takes tokens back at the provider, once and beside everything else: the connection is gone
/// whether or not it can be done.
pub fn revoke(app: &App, it: Revocation) {
    let working = app.clone();
    app.unfinished.spawn(async move {
        let Revocation { provider, client, typed, answer } = &it;
        let trip = Trip { provider, client, redirect_uri: "", verifier: "", typed };
        if let Err(error) = trip.revoke(&working.egress, answer).await {
            tracing::warn!(code = error.code, "the tokens of a connection were not taken back");
        }
    });
}

fn trip<'a>(
    provider: &'static OAuth2,
    client: &'a Client,
    secrets: &'a Secrets,
    typed: &'a Typed,
) -> Trip<'a> {
    let Secrets { redirect_uri, verifier, .. } = secrets;
    Trip { provider, client, redirect_uri, verifier, typed }
}

fn seal(app: &App, workspace: WorkspaceId, id: Uuid, secrets: &Secrets) -> Vec<u8> {
    let plain = serde_json::to_vec(secrets).expect("texts serialize");
    app.sealer.seal(&secrets_context(workspace, id), &plain)
}

fn open(app: &App, it: &Authorization) -> Result<Secrets, ApiError> {
    let opened = app.sealer.open(&secrets_context(it.workspace, it.id), &it.sealed);
    let opened = opened.map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    serde_json::from_slice(&opened).map_err(|error| ApiError::caused_by(Problem::Internal, error))
}

fn secrets_context(workspace: WorkspaceId, id: Uuid) -> String {
    format!("authorization {}/{id}", workspace.0)
}

fn credentials_context(workspace: WorkspaceId, connection: &str) -> String {
    format!("credentials {}/{connection}", workspace.0)
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state).into()
}
