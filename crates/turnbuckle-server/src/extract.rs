//! Reads requests, and answers those that cannot be read with problems.
//!
//! On every path that takes JSON a missing `Content-Type` means JSON. Unknown
//! members and unknown query parameters are refused by name: types used here
//! carry `#[serde(deny_unknown_fields)]`, because a misspelt member that is
//! silently dropped is found weeks later.
//!
//! Every body is read by [`BodyBounds`], which says how large it may be and how
//! long it may take.

mod bounds;
mod described;
mod leftover;
mod malformed;
#[cfg(test)]
mod tests;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use turnbuckle_core::body;
use turnbuckle_core::invalid::shorten;

use crate::problem::{ApiError, Problem};

pub use bounds::BodyBounds;
pub use described::{Described, refuse_undescribed};
pub use leftover::take_in_leftover;

/// A JSON object, read as a `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T, S> FromRequest<S> for JsonBody<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
    BodyBounds: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_object(&body).map(Self)
    }
}

/// A JSON object, read as a `T`; without a body, `T` as it is by default.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T, S> FromRequest<S> for OptionalJson<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
    BodyBounds: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let headers = request.headers().clone();
        let body = read_body(request, state).await?;
        if body.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        require_json(&headers)?;
        parse_object(&body).map(Self)
    }
}

/// The parameters of the path.
#[derive(Debug)]
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(PathRejection::FailedToDeserializePathParams(error))
                if error.status() == StatusCode::BAD_REQUEST =>
            {
                let detail = match error.into_kind() {
                    ErrorKind::InvalidUtf8InPathParam { key } => {
                        format!("`{{{key}}}` of the path is not UTF-8 once `%…` is decoded")
                    }
                    ErrorKind::ParseError { value, .. }
                    | ErrorKind::ParseErrorAtKey { value, .. }
                    | ErrorKind::ParseErrorAtIndex { value, .. } => {
                        format!("`{}` is not what the path takes", shorten(&value))
                    }
                    _ => "the path is not one of this call".to_owned(),
                };
                Err(ApiError::new(Problem::InvalidRequest, detail))
            }
            // A handler that asks for parameters its route does not have.
            Err(error) => Err(ApiError::caused_by(Problem::Internal, error)),
        }
    }
}

/// The parameters of the query.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads `body` as a `T`.
///
/// # Errors
/// [`Problem::MalformedJson`] with line and column, or
/// [`Problem::InvalidRequest`] with the member that does not fit a `T`.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    body::check_json(body)
        .map_err(|error| ApiError::new(Problem::MalformedJson, error.to_string()))?;
    // Where a mistake is costs time to track, so it is tracked in a second run
    // that only wrong bodies see.
    serde_json::from_slice(body).map_err(|error| malformed::json::<T>(body, &error))
}

fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Serde would also fill a struct from a list of its members' values.
    if !body.trim_ascii_start().starts_with(b"{") {
        parse_json::<IgnoredAny>(body)?;
        return Err(ApiError::new(Problem::InvalidRequest, "the body must be a JSON object"));
    }
    parse_json(body)
}

/// Reads the part of a URL behind `?`.
///
/// # Errors
/// [`Problem::InvalidRequest`] with the parameter.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| malformed::query(&error))
}

/// Refuses a body that is declared as something other than JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(declared) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let declared = String::from_utf8_lossy(declared.as_bytes());
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = declared.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if let Some(charset) = charset
        && !["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
    {
        let detail = format!("send JSON in UTF-8, not in `{}`", shorten(charset));
        return Err(ApiError::new(Problem::UnsupportedMediaType, detail));
    }
    match essence.as_str() {
        "application/json" | "text/json" => Ok(()),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(()),
        other => Err(ApiError::new(
            Problem::UnsupportedMediaType,
            format!("send `content-type: application/json`, not `{}`", shorten(other)),
        )),
    }
}

/// Reads a member that is there, null or not: it tells null from one that is missing.
///
/// # Errors
/// Those of what is read.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads the whole body of a request within the bounds of the server.
///
/// # Errors
/// Those of [`BodyBounds::read`], and 415 if the body is compressed.
pub async fn read_body<S>(request: Request, state: &S) -> Result<Bytes, ApiError>
where
    BodyBounds: FromRef<S>,
{
    refuse_compressed(request.headers())?;
    BodyBounds::from_ref(state).read(request.into_body()).await
}

/// A compressed body would pass for broken JSON.
fn refuse_compressed(headers: &HeaderMap) -> Result<(), ApiError> {
    let identity = HeaderValue::from_static("identity");
    let is_plain = |encoding: &HeaderValue| {
        encoding.is_empty() || encoding.as_bytes().eq_ignore_ascii_case(identity.as_bytes())
    };
    match headers.get_all(CONTENT_ENCODING).iter().find(|encoding| !is_plain(encoding)) {
        None => Ok(()),
        Some(encoding) => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            let detail = format!(
                "bodies are not unpacked here: send it without `content-encoding: {}`",
                shorten(&encoding)
            );
            let refused = ApiError::new(Problem::UnsupportedMediaType, detail);
            Err(refused.with_header(ACCEPT_ENCODING, identity))
        }
    }
}
