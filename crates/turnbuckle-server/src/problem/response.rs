//! A problem on the wire.

use std::sync::LazyLock;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, Problem, TYPE_BASE};
use crate::logging::{Chain, Failing, LogQuota, log_failure};

/// The body of every answer that is not a success (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the problem and leads to its page; stable.
    #[serde(rename = "type")]
    #[schema(example = "https://turnbuckle.dev/problems/invalid-request")]
    pub kind: String,
    /// The same words for every occurrence of this problem.
    pub title: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong this time, and the cure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Each wrong member, if the input is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemError>,
}

/// One wrong member.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// JSON pointer into the body, or `?name` for a parameter of the query.
    pub path: String,
    pub detail: String,
}

impl ProblemBody {
    fn of(error: ApiError) -> Self {
        let problem = error.problem;
        let is_curable = !problem.status().is_server_error();
        let errors = error
            .errors
            .into_iter()
            .map(|invalid| ProblemError { path: invalid.path, detail: invalid.detail });
        Self {
            kind: format!("{TYPE_BASE}{}", problem.slug()),
            title: problem.title(),
            status: problem.status().as_u16(),
            detail: error.detail.filter(|_| is_curable),
            errors: errors.filter(|_| is_curable).collect(),
        }
    }
}

/// Problems know no app.
static TURNED_AWAY: LazyLock<LogQuota> = LazyLock::new(LogQuota::default);
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

impl ApiError {
    fn log(&self) {
        let problem = self.problem.slug();
        let detail = self.detail.as_deref().unwrap_or_default();
        let cause = self.source.as_ref().map(|source| Chain(source.as_ref()).to_string());
        let cause = cause.as_deref().unwrap_or_default();
        match self.problem {
            Problem::Internal => tracing::error!(problem, detail, cause, "request failed"),
            Problem::TemporarilyUnavailable => {
                // A store that is away turns away all of them.
                let now = i64::try_from(STARTED.elapsed().as_millis()).unwrap_or_default();
                let left_out = TURNED_AWAY.take(Failing::Requests, now);
                log_failure!(warn: left_out, problem, detail, cause, "request turned away");
            }
            _ => tracing::debug!(problem, detail, cause, "request refused"),
        }
    }

    /// The header that HTTP asks for with this problem.
    fn header_of_problem(&self) -> Option<(HeaderName, HeaderValue)> {
        match self.problem {
            Problem::Unauthorized => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static(r#"Basic realm="turnbuckle", charset="UTF-8""#),
            )),
            Problem::TemporarilyUnavailable => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        self.log();
        let status = self.problem.status();
        let of_problem = self.header_of_problem();
        let given = std::mem::take(&mut self.headers);
        let body = serde_json::to_vec(&ProblemBody::of(self))
            .expect("a problem is made of texts and numbers");

        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A header that the handler gave wins over the usual one.
        headers.extend(of_problem);
        for (name, value) in given {
            headers.insert(name, value);
        }
        response
    }
}

/// Answers addresses that lead nowhere: the fallback of the router.
///
/// Neither answer repeats the address: the key of a source may be in it, and
/// problems are logged.
pub async fn route_not_found() -> ApiError {
    ApiError::new(Problem::RouteNotFound, "nothing is at this address; `/docs` lists every call")
}

/// Answers methods that an address does not take; the router adds `Allow`.
pub async fn method_not_allowed(method: Method) -> ApiError {
    let detail = format!("this address does not take {method}; `Allow` lists what it takes");
    ApiError::new(Problem::MethodNotAllowed, detail)
}
