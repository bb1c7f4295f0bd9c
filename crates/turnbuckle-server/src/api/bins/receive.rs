//! `/bin/{bin}`: takes any request but `GET`, which shows what was taken.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRef as _, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use turnbuckle_store::bin::{BinBounds, BinRequest};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{BinRequestsAnswer, find, page, requests};
use crate::api::listing::ListingQuery;
use crate::app::App;
use crate::extract::{BodyBounds, PathParams, parse_query};
use crate::problem::{ApiError, ProblemBody};

/// The largest body that a bin keeps.
const BODY_BYTES_MAX: usize = 1_000_000;

pub fn routes() -> OpenApiRouter<App> {
    // The ways of sending beside POST are for testers and not documented.
    let others = put(post_to_bin).patch(post_to_bin).delete(post_to_bin).options(post_to_bin);
    OpenApiRouter::new().routes(routes!(show_bin, post_to_bin)).route("/bin/{bin}", others)
}

/// What is answered to whoever posts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostedAnswer {
    pub ok: bool,
}

/// How a bin answers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PostQuery {
    /// The status to answer instead of 200, to see how a sender takes it: 200 to 599. Anything
    /// else is not looked at.
    pub status: Option<String>,
}

/// Posts to a bin: the request is kept and answered 200, or with the status wanted. Also takes
/// `PUT`, `PATCH`, `DELETE` and `OPTIONS`. Needs no key.
#[utoipa::path(
    post,
    path = "/bin/{bin}",
    tag = "bins",
    security(()),
    params(("bin" = String, Path, description = "Name of the bin"), PostQuery),
    request_body(content = String, content_type = "*/*", description = "Anything, up to 1 MB"),
    responses(
        (status = 200, body = PostedAnswer),
        (status = "default", description = "The status that was wanted", body = PostedAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn post_to_bin(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    request: Request,
) -> Result<Response, ApiError> {
    // Before the body is read, so that a wrong name costs nothing.
    let bin = find(&app, &name).await?;
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let status = wanted_status(query);
    let kept = BinRequest {
        number: 0,
        at: app.now(),
        method: parts.method.to_string(),
        query: query.to_owned(),
        headers: headers(&parts.headers),
        body: BodyBounds::from_ref(&app).at_most(BODY_BYTES_MAX).read(body).await?,
    };
    let bounds = BinBounds {
        requests_max: app.config.bins.requests_max,
        bytes_max: app.config.bins.bytes_max,
    };
    app.store.add_bin_request(&bin.name, kept, bounds).await?;
    Ok(match status.as_u16() {
        // These have no body.
        204 | 205 | 304 => status.into_response(),
        _ => (status, Json(PostedAnswer { ok: status.is_success() })).into_response(),
    })
}

/// Shows what a bin received: a page to a browser, which asks for `text/html`, else JSON. Needs
/// no key.
#[utoipa::path(
    get,
    path = "/bin/{bin}",
    tag = "bins",
    security(()),
    params(("bin" = String, Path, description = "Name of the bin"), ListingQuery),
    responses(
        (status = 200, content(
            (BinRequestsAnswer = "application/json"),
            (String = "text/html"),
        )),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn show_bin(
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let bin = find(&app, &name).await?;
    let query: ListingQuery = parse_query(request.uri().query().unwrap_or_default())?;
    let is_browser = request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    let found = requests(&app, &bin, &query).await?;
    Ok(match is_browser {
        true => page::page(&bin, &found).into_response(),
        false => Json(found).into_response(),
    })
}

fn wanted_status(query: &str) -> StatusCode {
    // A query is the sender's business: one that we cannot read wants nothing.
    let PostQuery { status } = parse_query(query).unwrap_or_default();
    let wanted = status.and_then(|status| status.parse().ok());
    let wanted = wanted.filter(|status| (200..600).contains(status));
    wanted.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK)
}

fn headers(given: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    given.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
