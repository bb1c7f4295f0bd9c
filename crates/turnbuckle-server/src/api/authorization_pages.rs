//! The windows in which end users authorise us at a provider.
//!
//! A page opens one on a click, while it asks for the rest: it waits, and tells the page that it
//! is ready. With a ticket ([`Use::Ticket`]) it gets a cookie of its own, and goes to the provider,
//! sent by the page or from here. The provider sends it back to [`CALLBACK`], and it ends at Link,
//! which closes it.
//!
//! An authorization ends in a browser that has that cookie, of its own context: whoever is lured
//! to a provider by somebody else's address gives nothing away.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use turnbuckle_store::StoreError;
use turnbuckle_store::authorization::{Authorization, AuthorizationError};
use uuid::Uuid;

use crate::api::platform_user::OfContext;
use crate::app::App;
use crate::authorizations::{self, Returned};
use crate::base_url::BaseUrl;
use crate::context_token::{Use, WINDOW_S};
use crate::notices;
use crate::problem::ApiError;
use crate::sign_in::cookie;

/// Where providers send end users back to; registered at each.
const CALLBACK: &str = "/authorizations/callback";
const SCRIPT: &str = "/authorizations/window.js";

const COOKIE: &str = "turnbuckle_authorizing";
const WINDOW: &str = include_str!("authorization_pages/window.html");
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

pub fn routes() -> Router<App> {
    Router::new()
        .route("/authorizations/loading", get(async || page(StatusCode::OK, "", "Loading")))
        .route("/authorizations/{connector}/loading", get(let_in))
        .route(CALLBACK, get(come_back))
        .route(SCRIPT, get(get_script))
}

/// The address that an OAuth client is registered with.
pub fn callback_url(BaseUrl(base): &BaseUrl) -> String {
    format!("{base}{CALLBACK}")
}

#[derive(Deserialize)]
struct Ticket {
    token: Option<String>,
    /// Where to go on to, if the page that opened the window does not say it.
    authorization: Option<String>,
}

/// Lets a window in that shows a ticket.
async fn let_in(
    State(app): State<App>,
    BaseUrl(base): BaseUrl,
    Query(ticket): Query<Ticket>,
) -> Result<Response, ApiError> {
    let token = ticket.token.unwrap_or_default();
    let caller = OfContext::of_token(&app, &token, Use::Ticket).await;
    let Some(caller) = caller.ok().filter(|it| app.used_tickets.take(&it.claims)) else {
        let words = "This window was opened too long ago, or twice. Close it and begin again.";
        return Ok(page(StatusCode::FORBIDDEN, "expired", words));
    };
    let mut response = match ticket.authorization {
        None => page(StatusCode::OK, "", "Loading"),
        Some(id) => match authorize_url(&app, &caller, &id).await? {
            Some(url) => Redirect::to(&url).into_response(),
            None => {
                let words = "There is nothing to authorise any more. Close this window.";
                return Ok(page(StatusCode::NOT_FOUND, "expired", words));
            }
        },
    };
    if let Some(window) = caller.claims.renew(Use::Window, app.now()) {
        let secure = if base.starts_with("https:") { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE}={}; Path=/authorizations; Max-Age={WINDOW_S}; HttpOnly; SameSite=Lax{secure}",
            window.sign(&app.sealer)
        );
        let cookie = HeaderValue::from_str(&cookie).expect("a token is letters, digits, `-_.`");
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(secret(response))
}

async fn authorize_url(
    app: &App,
    caller: &OfContext,
    id: &str,
) -> Result<Option<String>, ApiError> {
    let Ok(id) = Uuid::parse_str(id) else { return Ok(None) };
    let found = app.store.authorization(caller.workspace.id, id).await?;
    match found.filter(|it| it.connection.context == caller.context.external_id) {
        Some(found) => Ok(authorizations::show(app, &found).await?.authorize_url),
        None => Ok(None),
    }
}

/// What a provider adds to the callback URL (RFC 6749 section 4.1.2).
#[derive(Deserialize)]
struct Callback {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes an end user back from a provider.
async fn come_back(
    State(app): State<App>,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Result<Response, ApiError> {
    let state = callback.state.unwrap_or_default();
    let Some(found) = authorizations::find(&app, &state).await? else {
        let words = "The CRM sent you back with something that is not known here, or not any more. \
            Close this window and begin again.";
        return Ok(page(StatusCode::NOT_FOUND, "expired", words));
    };
    if !is_who_left(&app, &headers, &found).await? {
        let words = "This was begun in another browser, or too long ago. Nothing was connected. \
            Close this window and begin again.";
        return Ok(page(StatusCode::FORBIDDEN, "expired", words));
    }
    let returned = match (callback.error, callback.code) {
        (None, Some(code)) => Returned::Code(code),
        (error, _) => Returned::Refused(AuthorizationError {
            code: error.unwrap_or_else(|| "invalid_request".to_owned()),
            message: callback.error_description.unwrap_or_else(|| "The CRM refused.".to_owned()),
        }),
    };
    let (workspace, id) = (found.workspace, found.id);
    authorizations::come_back(&app, found, returned).await?;
    // Link says how it ended, also to those who come back twice.
    let slug = notices::slug(&app, workspace).await?;
    Ok(secret(Redirect::to(&format!("/link/{slug}?authorization={id}")).into_response()))
}

/// Whether the browser was let in for the context that the authorization is of.
async fn is_who_left(
    app: &App,
    headers: &HeaderMap,
    it: &Authorization,
) -> Result<bool, StoreError> {
    let Some(token) = cookie(headers, COOKIE) else { return Ok(false) };
    Ok(OfContext::of_token(app, token, Use::Window).await.is_ok_and(|caller| {
        caller.workspace.id == it.workspace && caller.context.external_id == it.connection.context
    }))
}

/// A window that says something, and the page that opened it hears of what went wrong.
fn page(status: StatusCode, error: &str, words: &str) -> Response {
    let html = WINDOW.replace("{error}", error).replace("{words}", words);
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    secret(response)
}

/// Its address and what it says are for this browser alone.
fn secret(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn get_script() -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"))];
    let mut response = (kind, include_str!("authorization_pages/window.js")).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
