//! Verifies who sent a post, and answers what senders ask before they send.
//!
//! This comes after the key and before all else: a post that is not believed is
//! answered 401, counted and told in the log, and leaves nothing behind.

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::net::SocketAddr;
use turnbuckle_core::verify::{Answer, Post, Refusal, SecretText, Verification, Verified};
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::InboundRequest;

use super::posted;
use crate::app::App;
use crate::base_url::base_url;
use crate::catalog::{LiveSource, open_settings, seal_settings};
use crate::extract::read_body;
use crate::logging::{Failing, log_failure};
use crate::problem::{ApiError, Problem, method_not_allowed};

/// What became of a request to a source that believes one sender.
pub enum Received {
    /// It is the sender's.
    Verified {
        request: InboundRequest,
        /// See [`Verified::fingerprint`].
        fingerprint: Option<String>,
    },
    /// It was a question.
    Answered(Response),
}

/// # Errors
/// 401 if the sender is not the one that the source believes.
pub async fn receive(
    app: &App,
    source: &LiveSource,
    verification: &Verification,
    request: Request,
) -> Result<Received, ApiError> {
    let call = Call::of(app, &request);
    let body = read_body(request, app).await?;
    let headers = call.headers();
    let post = call.post(&headers, &body);
    if let Some(answer) = verification.answer_unsigned(&post) {
        let answer = answer.map_err(|refusal| refused(app, source, &refusal))?;
        return respond(app, source, answer).await.map(Received::Answered);
    }
    let checked = verification.check(&post, app.now());
    let Verified { fingerprint } = checked.map_err(|refusal| refused(app, source, &refusal))?;
    if let Some(answer) = verification.answer_signed(&post) {
        return respond(app, source, answer).await.map(Received::Answered);
    }
    let secrets = verification.sent_secrets();
    let request = InboundRequest {
        headers: posted::kept_headers(&call.headers, secrets),
        query: posted::kept_query(call.uri.query().unwrap_or_default(), secrets),
        body,
    };
    Ok(Received::Verified { request, fingerprint })
}

/// Answers a `GET`, if it is the question that the sender of this source asks.
pub async fn answer_get(app: &App, source: &LiveSource, request: Request) -> Response {
    let call = Call::of(app, &request);
    let headers = call.headers();
    let post = call.post(&headers, &[]);
    let asked = source.settings.verify.as_ref().and_then(|it| it.answer_unsigned(&post));
    match asked {
        None => method_not_allowed(call.method.clone()).await.into_response(),
        Some(Err(refusal)) => refused(app, source, &refusal).into_response(),
        Some(Ok(answer)) => respond(app, source, answer).await.into_response(),
    }
}

/// What of a request may have been signed, beside its body.
struct Call {
    method: Method,
    uri: Uri,
    /// As the sender called it, as far as can be known here.
    url: String,
    headers: HeaderMap,
}

impl Call {
    fn of(app: &App, request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        let base = base_url(&app.config, request.headers(), peer);
        let uri = request.uri().clone();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Self {
            method: request.method().clone(),
            url: format!("{base}{path}"),
            headers: request.headers().clone(),
            uri,
        }
    }

    fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    fn post<'a>(&'a self, headers: &'a [(&'a str, &'a [u8])], body: &'a [u8]) -> Post<'a> {
        Post { method: self.method.as_str(), url: &self.url, headers, body }
    }
}

async fn respond(app: &App, source: &LiveSource, answer: Answer) -> Result<Response, ApiError> {
    match answer {
        Answer::Empty => Ok(StatusCode::OK.into_response()),
        Answer::Text(text) => {
            // What was sent is sent back, so no browser may take it for a page.
            let headers =
                [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
            Ok((headers, text).into_response())
        }
        Answer::Json(body) => Ok(Json(body).into_response()),
        Answer::Header { name, value, body } => {
            Ok(with_header(Json(body).into_response(), name, &value))
        }
        Answer::Secret { name, secret } => {
            learn(app, source, &secret).await?;
            Ok(with_header(Bytes::new().into_response(), name, &secret))
        }
    }
}

/// The same answer without its body, for a sender that takes one for a failure.
pub fn without_body(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::empty())
}

fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    // It came as the value of a header.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

/// Keeps the secret that a handshake brought, if none was kept before.
async fn learn(app: &App, source: &LiveSource, secret: &str) -> Result<(), ApiError> {
    let stored = app.store.source(source.workspace, source.id).await?;
    let stored = stored.ok_or(Problem::SourceNotFound)?;
    let mut settings = open_settings(&app.sealer, &stored)?;
    let waiting = settings.verify.as_mut().filter(|it| it.secrets.is_empty());
    let Some(verification) = waiting else {
        return Err(refused(app, source, &Refusal::NoMatch));
    };
    verification.secrets = vec![SecretText::new(secret)];
    let document = seal_settings(&app.sealer, stored.workspace, stored.id, &settings);
    let (name, version) = (&settings.name, Some(stored.version));
    let saved = app
        .store
        .update_source(stored.workspace, stored.id, name, &document, stored.connection, version)
        .await;
    match saved {
        Ok(_) => {
            tracing::info!(
                workspace_id = %source.workspace, source_id = %source.id,
                "a source learned the secret of its sender"
            );
            Ok(())
        }
        // Somebody changed the source meanwhile: the sender may ask again.
        Err(StoreError::VersionMismatch { .. }) => Err(Problem::TemporarilyUnavailable.into()),
        Err(error) => Err(error.into()),
    }
}

fn refused(app: &App, source: &LiveSource, refusal: &Refusal) -> ApiError {
    app.metrics.post_refused();
    log_failure!(
        app.log_quota.take(Failing::Senders(source.id), app.now()),
        workspace_id = %source.workspace, source_id = %source.id, reason = %refusal,
        "a post was refused: its sender could not be verified"
    );
    ApiError::new(Problem::SenderNotVerified, refusal.to_string())
}
