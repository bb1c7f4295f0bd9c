//! `Idempotency-Key`: a repeated `POST` answers what the first one did.
//!
//! The first request with a key claims it, does its work and keeps its answer,
//! sealed, for a day. A repeat gets that answer with `Idempotent-Replayed:
//! true`; one that comes while the first is at work gets 409 with
//! `Retry-After`; another request under the same key gets 409. Each key set has
//! idempotency keys of its own: nobody reads an answer that their key set did not
//! get, nor takes a key from others.
//!
//! The work goes on when its caller hangs up: a caller that lost its connection
//! is exactly who repeats. Only successes are kept: a request that was refused
//! has changed nothing, so the key is given back, and the corrected request may
//! carry it.
//!
//! Requests without the header pass untouched. So do those that carry no valid
//! key set: their handler refuses them, or asks for none.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRef as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes};
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_store::idempotency::Claim;

use crate::api::session;
use crate::app::App;
use crate::auth::{self, Who};
use crate::extract::BodyBounds;
use crate::logging::Chain;
use crate::problem::{ApiError, Problem};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const KEY_BYTES_MAX: usize = 255;
/// The largest body that a request with a key may have; also the largest answer
/// that is kept.
const BODY_BYTES_MAX: usize = 1_000_000;

/// A key that one request holds.
struct Claimed {
    workspace: WorkspaceId,
    /// The key set and the key that it sent.
    key: String,
}

/// Middleware of the documented routes.
pub async fn answer_once(State(app): State<App>, request: Request, next: Next) -> Response {
    // Of a sign-in nothing is kept: its answer is a secret of whoever signs in.
    if request.method() != Method::POST
        || !request.headers().contains_key(IDEMPOTENCY_KEY)
        || request.uri().path() == session::PATH
    {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(caller) = auth::authenticate(&parts, &app).await else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let bounds = BodyBounds::from_ref(&app).at_most(BODY_BYTES_MAX);
    let body = match bounds.read(body).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    // From the claim on it goes to its end, so that no claim is left behind.
    let work = app.unfinished.spawn(work(app.clone(), caller, parts, body, next));
    match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        // A panic, which is a bug. The claim runs out by itself.
        Err(error) => ApiError::caused_by(Problem::Internal, error).into_response(),
    }
}

/// Does the work and keeps its answer, unless the first request did.
async fn work(
    app: App,
    caller: Who,
    parts: Parts,
    body: Bytes,
    next: Next,
) -> Result<Response, ApiError> {
    let key = format!("{}/{}", caller.id(), read_key(&parts.headers)?);
    let claimed = Claimed { workspace: caller.workspace(), key };
    let fingerprint = fingerprint(&parts, &body);
    if let Some(replayed) = claim(&app, &claimed, &fingerprint).await? {
        return Ok(replayed);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    Ok(keep(&app, &claimed, response).await)
}

/// Claims the key; the answer is what was kept under it, if the work is done.
async fn claim(
    app: &App,
    claimed: &Claimed,
    fingerprint: &[u8; 32],
) -> Result<Option<Response>, ApiError> {
    match app.store.claim(claimed.workspace, &claimed.key, fingerprint, app.now()).await? {
        Claim::First => Ok(None),
        Claim::Answered(sealed) => {
            let kept = app
                .sealer
                .open(&claimed.context(), &sealed)
                .map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
            Kept::decode(&kept).map(Some)
        }
        Claim::InProgress => {
            let detail = "the first request with this idempotency key is not answered yet";
            let error = ApiError::new(Problem::IdempotencyConflict, detail);
            Err(error.with_header(RETRY_AFTER, HeaderValue::from_static("1")))
        }
        Claim::Mismatch => {
            let detail = "this idempotency key was used with another request; use a new one";
            Err(ApiError::new(Problem::IdempotencyConflict, detail))
        }
    }
}

async fn keep(app: &App, claimed: &Claimed, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => {
            release(app, claimed).await;
            return ApiError::caused_by(Problem::Internal, error).into_response();
        }
    };
    if parts.status.is_success() && body.len() <= BODY_BYTES_MAX {
        let kept = Kept::encode(parts.status, &parts.headers, &body);
        let sealed = app.sealer.seal(&claimed.context(), &kept);
        // The work is done and cannot be taken back: its answer goes out.
        if let Err(error) = app.store.keep_answer(claimed.workspace, &claimed.key, sealed).await {
            tracing::error!(error = %Chain(&error), "an answer could not be kept for repeats");
        }
    } else {
        release(app, claimed).await;
    }
    Response::from_parts(parts, Body::from(body))
}

async fn release(app: &App, claimed: &Claimed) {
    if let Err(error) = app.store.release(claimed.workspace, &claimed.key).await {
        tracing::error!(error = %Chain(&error), "an idempotency key could not be given back");
    }
}

fn read_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = values.next().filter(|_| values.next().is_none());
    let is_key = |bytes: &[u8]| {
        (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    key.filter(|key| is_key(key.as_bytes()))
        .and_then(|key| key.to_str().ok().map(str::to_owned))
        .ok_or_else(|| {
            let detail =
                format!("`Idempotency-Key` is 1 to {KEY_BYTES_MAX} visible ASCII characters");
            ApiError::new(Problem::InvalidRequest, detail)
        })
}

/// Tells requests apart. No part but the last can hold a line break.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    Sha256::new()
        .chain_update(format!("{}\n{target}\n", parts.method))
        .chain_update(body)
        .finalize()
        .into()
}

impl Claimed {
    /// What the sealed answer is bound to.
    fn context(&self) -> String {
        format!("workspace/{}/idempotency/{}", self.workspace, self.key)
    }
}

/// The head of an answer as it is kept: its length (4 bytes), itself as JSON,
/// then the body as it was.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Kept {
    fn encode(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
        let headers = headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH);
        let headers = headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let head = Self { status: status.as_u16(), headers: headers.collect() };
        let head = serde_json::to_vec(&head).expect("a head is made of texts and a number");
        let mut kept = Vec::with_capacity(4 + head.len() + body.len());
        kept.put_u32(u32::try_from(head.len()).expect("headers are far below 4 GiB"));
        kept.put_slice(&head);
        kept.put_slice(body);
        kept
    }

    fn decode(kept: &[u8]) -> Result<Response, ApiError> {
        Self::try_decode(kept).ok_or_else(|| {
            ApiError::caused_by(Problem::Internal, "a kept answer is not in the form it is kept in")
        })
    }

    fn try_decode(kept: &[u8]) -> Option<Response> {
        let (length, rest) = kept.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let head: Self = serde_json::from_slice(head).ok()?;
        let mut response = Response::new(Body::from(body.to_vec()));
        *response.status_mut() = StatusCode::from_u16(head.status).ok()?;
        for (name, value) in &head.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            response.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
        }
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        Some(response)
    }
}

#[cfg(test)]
mod tests;
