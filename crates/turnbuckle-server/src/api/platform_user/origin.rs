//! Pages of which origins may call: those of the workspace, and the hub's own.
//!
//! A browser asks before it sends what a page of another origin wants to send, and shows the
//! page no answer that does not name its origin. Both are answered here, before anybody is
//! known: for an origin that some workspace lists. Whether it is the caller's own workspace
//! is looked at when the call comes ([`check`]).

use axum::extract::{FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use turnbuckle_core::id::WorkspaceId;

use crate::api::settings::origins::origins;
use crate::app::App;
use crate::base_url::BaseUrl;
use crate::problem::{ApiError, Problem};

/// What `xkit.js` and Link send.
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, accept, xkit-js-version");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
/// How long browsers need not ask again, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Refuses a page of an origin that the workspace does not list.
///
/// # Errors
/// [`Problem::OriginNotAllowed`]
pub async fn check(app: &App, workspace: WorkspaceId, parts: &mut Parts) -> Result<(), ApiError> {
    let Some(origin) = origin_of(&parts.headers).map(str::to_owned) else { return Ok(()) };
    if is_own(app, &origin, parts).await || origins(app, workspace).await?.contains(&origin) {
        return Ok(());
    }
    Err(not_allowed(&origin))
}

/// The origin whose page calls, where a browser says it.
pub fn origin_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN)?.to_str().ok()
}

/// Whether it is this server's own, however it is reached: by TLS or a proxy's.
async fn is_own(app: &App, origin: &str, parts: &mut Parts) -> bool {
    let Ok(BaseUrl(base)) = BaseUrl::from_request_parts(parts, app).await;
    let host = |url: &str| url.split_once("://").map(|(_, host)| host.to_owned());
    host(origin).is_some() && host(origin) == host(&base)
}

fn not_allowed(origin: &str) -> ApiError {
    let detail =
        format!("`{origin}` is not a website origin of this workspace; its settings list them");
    ApiError::new(Problem::OriginNotAllowed, detail)
}

/// Answers what browsers ask, and names the origin in answers.
pub async fn answer_browsers(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let text = origin.to_str().unwrap_or_default();
    let is_known = match is_own(&app, text, &mut parts).await {
        true => true,
        false => match app.store.workspaces_of_origin(text).await {
            Ok(workspaces) => !workspaces.is_empty(),
            Err(error) => return ApiError::from(error).into_response(),
        },
    };
    let asks = parts.method == Method::OPTIONS
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (asks, is_known) {
        (true, false) => return not_allowed(text).into_response(),
        (true, true) => StatusCode::NO_CONTENT.into_response(),
        (false, _) => next.run(Request::from_parts(parts, body)).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if is_known {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if asks {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    response
}
