//! The session of the console: who has signed in.
//!
//! A session is a cookie that scripts of a page cannot read. It opens what the role of its
//! user opens; requests that change something must carry the header
//! `x-turnbuckle-console`, which pages of others cannot send.

use std::net::{IpAddr, Ipv4Addr};

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use turnbuckle_store::user::{Role, User};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::users::UserRole;
use crate::api::workspaces;
use crate::app::App;
use crate::auth::{Address, SignedIn};
use crate::base_url::BaseUrl;
use crate::extract::JsonBody;
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::sign_in::{self, Refused, SESSION_COOKIE, SESSION_MS, session_hash, session_token};

/// Where the session is.
pub const PATH: &str = "/api/v1/session";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin_session, get_session, end_session))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(example = "admin")]
    name: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    user: SessionUser,
    workspace: SessionWorkspace,
}

/// Who has signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionUser {
    #[schema(example = "usr_01a20a4705417000803145d52465f1f4")]
    id: String,
    name: String,
    #[schema(value_type = UserRole)]
    role: Role,
}

/// What the session is about.
#[derive(Serialize, ToSchema)]
pub struct SessionWorkspace {
    slug: String,
    label: String,
}

async fn answer(app: &App, user: &User) -> Result<Json<SessionAnswer>, ApiError> {
    let workspace = workspaces::find(app, user.workspace).await?;
    Ok(Json(SessionAnswer {
        user: SessionUser { id: user.id.to_string(), name: user.name.clone(), role: user.role },
        workspace: SessionWorkspace { slug: workspace.slug, label: workspace.label },
    }))
}

/// Signs in. The answer sets the cookie of the session, which lasts seven days.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", request_body = SignIn, security(()),
    responses(
        (status = 200, body = SessionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn begin_session(
    State(app): State<App>,
    BaseUrl(base): BaseUrl,
    Address(address): Address,
    JsonBody(given): JsonBody<SignIn>,
) -> Result<impl IntoResponse, ApiError> {
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let signed_in = sign_in::sign_in(&app, address, &given.name, &given.password).await;
    let (user, token) = signed_in.map_err(|refused| match refused {
        Refused::Wrong => ApiError::new(Problem::Unauthorized, "the name or the password is wrong"),
        Refused::TooMany(seconds) => {
            let detail = "too many wrong passwords; wait before the next try";
            ApiError::new(Problem::RateLimited, detail)
                .with_header(RETRY_AFTER, HeaderValue::from(seconds))
        }
        Refused::Store(error) => error.into(),
    })?;
    let cookie = cookie(&base, token.reveal(), SESSION_MS / 1_000);
    Ok(([(SET_COOKIE, cookie)], answer(&app, &user).await?))
}

/// Shows who has signed in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses(
        (status = 200, body = SessionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_session(
    SignedIn(user): SignedIn,
    State(app): State<App>,
) -> Result<Json<SessionAnswer>, ApiError> {
    answer(&app, &user).await
}

/// Signs out.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn end_session(
    _: SignedIn,
    State(app): State<App>,
    BaseUrl(base): BaseUrl,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    if let Some(token) = session_token(&headers) {
        app.store.end_session(&session_hash(token)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie(&base, "", 0))]))
}

fn cookie(base: &str, token: &str, lasts_s: i64) -> HeaderValue {
    let secure = if base.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={token}; Path=/api; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}"
    );
    HeaderValue::from_str(&cookie).expect("a token is hexadecimal digits")
}
