//! `ETag` and `If-Match`: guards against lost updates.

use axum::extract::FromRequestParts;
use http::header::{ETAG, IF_MATCH};
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use crate::problem::{ApiError, Problem};

/// The version that a caller read and wants to change; `None` for any.
pub struct IfMatch(pub Option<i64>);

/// The header that tells the version of what is answered.
pub fn etag(version: i64) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{version}\""));
    [(ETAG, value.expect("digits in quotes are a header value"))]
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        // One that we never gave cannot match.
        let version = version.and_then(|it| it.parse().ok()).ok_or_else(|| {
            let detail = "`If-Match` is the `ETag` of an earlier answer, in its quotes";
            ApiError::new(Problem::PreconditionFailed, detail)
        })?;
        Ok(Self(Some(version)))
    }
}
