//! Tokens that are good for longer: exchanged for fresh ones, and kept in a cookie.
//!
//! The cookie serves `xkit.js` alone, whose pages are of other origins than the hub. It gets a
//! fresh token and nothing else, for pages of the workspace's origins only: a page of another
//! origin can make a browser send it, but that is refused.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::IntoResponse;
use http::header::{AUTHORIZATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::OfContext;
use super::{PATH, origin};
use crate::app::App;
use crate::context_token::{Claims, SESSION_S, Use};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::sign_in::cookie;

/// Browsers keep it for each embedding site apart, and send it by TLS alone.
pub const LINK_COOKIE: &str = "turnbuckle_link";

/// A token that is good from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessTokenAnswer {
    pub access_token: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkSessionAnswer {
    pub session: LinkSessionView,
}

/// Whose token was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkSessionView {
    /// `external_id` of the context.
    pub context: String,
    /// `external_name` of the context.
    pub context_name: Option<String>,
}

/// Says whether a token is good.
#[utoipa::path(
    get, path = "/api/platform_user/session", tag = "link", security(("context_token" = [])),
    responses(
        (status = 200, body = LinkSessionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_link_session(caller: OfContext) -> Json<LinkSessionAnswer> {
    let context = caller.context;
    let session =
        LinkSessionView { context: context.external_id, context_name: context.external_name };
    Json(LinkSessionAnswer { session })
}

/// Lets a window in that a page has opened, once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketAnswer {
    /// The one-time token, good for a minute.
    pub ott: String,
}

/// Makes a one-time token, with which a window is let in that the page has opened.
#[utoipa::path(
    post, path = "/api/platform_user/sessions/ott", tag = "link",
    security(("context_token" = [])),
    responses(
        (status = 200, body = TicketAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_ticket(
    caller: OfContext,
    State(app): State<App>,
) -> Result<Json<TicketAnswer>, ApiError> {
    Ok(Json(TicketAnswer { ott: renew(&app, &caller.claims, Use::Ticket)? }))
}

/// Begins a session: a cookie that gets fresh tokens.
#[utoipa::path(
    post, path = "/api/platform_user/sessions", tag = "link", security(("context_token" = [])),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn begin_link_session(
    caller: OfContext,
    State(app): State<App>,
) -> Result<impl IntoResponse, ApiError> {
    let session = renew(&app, &caller.claims, Use::Session)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, set_cookie(&session, SESSION_S))]))
}

/// Ends the session.
#[utoipa::path(
    delete, path = "/api/platform_user/sessions", tag = "link", security(()),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn end_link_session() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(SET_COOKIE, set_cookie("", 0))])
}

/// Exchanges a token that is still good, or the cookie of a session, for a fresh token.
#[utoipa::path(
    post, path = "/api/platform_user/sessions/token", tag = "link",
    security(("context_token" = []), ("link_session" = [])),
    responses(
        (status = 200, body = AccessTokenAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn renew_context_token(
    Renewing(claims): Renewing,
    State(app): State<App>,
) -> Result<Json<AccessTokenAnswer>, ApiError> {
    Ok(Json(AccessTokenAnswer { access_token: renew(&app, &claims, Use::Access)? }))
}

/// Whoever may have a fresh token.
pub struct Renewing(Claims);

impl FromRequestParts<App> for Renewing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // `xkit.js` sends what it has, though its time be over.
        let by_token = match parts.headers.contains_key(AUTHORIZATION) {
            true => OfContext::from_request_parts(parts, app).await.map(|it| it.claims),
            false => Err(ApiError::new(Problem::Unauthorized, "no token, and no session")),
        };
        let Some(session) = cookie(&parts.headers, LINK_COOKIE).map(str::to_owned) else {
            return by_token.map(Self);
        };
        if let Ok(claims) = by_token {
            return Ok(Self(claims));
        }
        if origin::origin_of(&parts.headers).is_none() {
            let detail = "a session is good for pages only, whose browsers say their origin";
            return Err(ApiError::new(Problem::Forbidden, detail));
        }
        let caller = OfContext::of_token(app, &session, Use::Session).await?;
        origin::check(app, caller.workspace.id, parts).await?;
        Ok(Self(caller.claims))
    }
}

fn renew(app: &App, claims: &Claims, kind: Use) -> Result<String, ApiError> {
    let renewed = claims.renew(kind, app.now()).ok_or_else(|| {
        let detail = "the session is over; the app's backend makes another token";
        ApiError::new(Problem::Unauthorized, detail)
    })?;
    Ok(renewed.sign(&app.sealer))
}

fn set_cookie(token: &str, lasts_s: i64) -> HeaderValue {
    let cookie = format!(
        "{LINK_COOKIE}={token}; Path={PATH}; Max-Age={lasts_s}; HttpOnly; Secure; SameSite=None; \
         Partitioned"
    );
    HeaderValue::from_str(&cookie).expect("a token is letters, digits, `-`, `_` and `.`")
}
