//! Where others post webhooks: `POST /webhooks/{key}`, and the two addresses at
//! which form builders learn what they may post.
//!
//! A post is answered after it is durable and not before. What is done before
//! the answer is only what the answer needs: the key is looked up in memory, the
//! sender is verified, the limit of the source is asked, the body is checked for
//! being what it says it is. Mapping and writing records come later, in
//! processing, unless the source answers with the result (`reply: "processed"`).
//!
//! Nothing that was posted to a known key is lost, with three exceptions that its
//! sender is told of: a post whose sender is not the one that the source believes
//! (401), a body that is too large (413) and one of a type that we never read
//! (415). A body that does not parse is kept in the log as failed and answered 400
//! with the position.
//!
//! Where a source does not say how its sender signs, the key in the path is all
//! the authentication there is. These routes are not in the OpenAPI document: their
//! shape is that of the senders.

mod browser;
mod discovery;
pub(crate) mod outcome;
mod posted;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;
use turnbuckle_core::body::BodyError;
use turnbuckle_core::id::{InboundEventId, WorkspaceId};
use turnbuckle_core::source::{Dedupe, Reply, dedupe_key};
use turnbuckle_core::verify::Verification;
use turnbuckle_store::StoreError;
use turnbuckle_store::inbound::{
    Accept, Accepted, EventOutcome, InboundEvent, InboundRequest, InboundStatus, LoggedEvent,
};

use crate::activity::Listed;
use crate::app::App;
use crate::catalog::LiveSource;
use crate::extract::{PathParams, read_body};
use crate::logging::{Failing, log_failure};
use crate::problem::{ApiError, Problem, method_not_allowed};
use browser::Browser;
use sender::Received;

/// How long a sender that wants the outcome is kept waiting for it.
const PROCESSED_WAIT: Duration = Duration::from_secs(15);
/// The same while the hub stops.
const STOPPING_WAIT: Duration = Duration::from_secs(2);
/// After what time the log is asked whether an event has ended in another process; each
/// time after twice as long.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(1);

/// Names the event in the log that a refused body became.
const EVENT_ID: HeaderName = HeaderName::from_static("x-event-id");

pub fn routes() -> Router<App> {
    Router::new()
        .route("/webhooks/{key}", post(post_webhook).fallback(answer_other_method))
        .route("/get_entities/{key}", post(discovery::get_entities))
        .route("/get_entity_description/{key}/{entity}", post(discovery::get_entity_description))
}

async fn post_webhook(
    State(app): State<App>,
    PathParams(key): PathParams<String>,
    request: Request,
) -> Response {
    let source = match open_source(&app, &key).await {
        Ok(source) => source,
        Err(error) => return error.into_response(),
    };
    let browser = Browser::of(&source.settings, request.headers());
    let response = browser.finish(accept_post(&app, &source, request).await);
    let verification = source.settings.verify.as_ref();
    match verification.is_some_and(Verification::wants_empty_answers) {
        true => sender::without_body(response),
        false => response,
    }
}

/// Answers the question that a browser asks before it posts, and refuses all else.
async fn answer_other_method(
    State(app): State<App>,
    PathParams(key): PathParams<String>,
    request: Request,
) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let source = match open_source(&app, &key).await {
        Ok(source) => Some(source),
        Err(error) if is_preflight => return error.into_response(),
        Err(_) => None,
    };
    let takes_browsers = source.as_ref().is_some_and(|source| !source.settings.origins.is_empty());
    let allow = HeaderValue::from_static(if takes_browsers { "POST, OPTIONS" } else { "POST" });
    let is_question = request.method() == Method::GET
        && source.as_ref().is_some_and(|source| {
            source.settings.verify.as_ref().is_some_and(Verification::asks_by_get)
        });
    let mut response = match source {
        Some(source) if is_question => sender::answer_get(&app, &source, request).await,
        Some(source) if is_preflight && takes_browsers => {
            browser::preflight(&source.settings, request.headers())
        }
        _ => {
            let (parts, _) = request.into_parts();
            method_not_allowed(parts.method).await.into_response()
        }
    };
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// # Errors
/// 404 if no source has this key, or its time is over.
async fn open_source(app: &App, key: &str) -> Result<Arc<LiveSource>, ApiError> {
    let source = app.catalog.source_by_key(key, app.now()).await?;
    source.ok_or_else(|| ApiError::new(Problem::SourceNotFound, "no source has this key"))
}

async fn accept_post(
    app: &App,
    source: &LiveSource,
    request: Request,
) -> Result<Response, ApiError> {
    let (request, fingerprint) = match &source.settings.verify {
        // Posts of others must not use up the limit of the sender.
        Some(verification) => match sender::receive(app, source, verification, request).await? {
            Received::Answered(answer) => return Ok(answer),
            Received::Verified { request, fingerprint } => {
                take_of_limit(app, source)?;
                (request, fingerprint)
            }
        },
        None => {
            take_of_limit(app, source)?;
            let request = InboundRequest {
                headers: posted::kept_headers(request.headers(), &[]),
                query: request.uri().query().unwrap_or_default().to_owned(),
                body: read_body(request, app).await?,
            };
            (request, None)
        }
    };
    let dedupe = source.settings.dedupe_in_force();
    let needs_value = matches!(dedupe, Some(Dedupe::Path(_)));
    let read = posted::read(&request, needs_value);
    let event = InboundEvent {
        id: InboundEventId(app.mint()),
        workspace: source.workspace,
        source: source.id,
        connection: source.connection,
        request,
    };
    let value = match read {
        Ok(value) => value,
        Err(error) => return Err(refuse(app, event, error, fingerprint).await),
    };
    let headers = dedupe.map(|_| event.request.headers.pairs()).unwrap_or_default();
    let accept = Accept {
        // A sender's id need not be signed: whoever plays a post again may write another.
        dedupe_keys: fingerprint.into_iter().chain(dedupe_key(dedupe, &headers, &value)).collect(),
        event,
        status: match source.settings.create_records {
            true => InboundStatus::New,
            false => InboundStatus::Done,
        },
        failure: None,
    };
    match source.settings.reply {
        Reply::Accepted => answer_accepted(app, accept).await,
        Reply::Processed => answer_processed(app, accept).await,
    }
}

fn take_of_limit(app: &App, source: &LiveSource) -> Result<(), ApiError> {
    match source.settings.rate_limit {
        None => Ok(()),
        Some(limit) => app.rate_limits.take(source.id, limit, app.now()).map_err(too_many),
    }
}

/// Makes an event durable and counts it.
async fn store(app: &App, accept: Accept) -> Result<Accepted, StoreError> {
    let status = accept.status;
    let (workspace, source, id) = (accept.event.workspace, accept.event.source, accept.event.id);
    let accepted = app.store.accept(accept).await?;
    if let Accepted::Stored = accepted {
        app.metrics.inbound_accepted();
        app.activity.note(Listed::InboundEvents, [workspace]);
        tracing::debug!(
            workspace_id = %workspace, source_id = %source, event_id = %id,
            "an inbound event was received"
        );
        // What is stored with its outcome is never processed.
        let (done, failed) = match status {
            InboundStatus::Done => (1, 0),
            InboundStatus::Failed => (0, 1),
            InboundStatus::New | InboundStatus::Processing => (0, 0),
        };
        app.metrics.events_finished(done, failed);
        let mut counting = app.statistics.count();
        let counts = counting.of(workspace);
        counts.received += 1;
        counts.processed += done as u64;
        counts.failed += failed as u64;
    }
    Ok(accepted)
}

async fn answer_accepted(app: &App, accept: Accept) -> Result<Response, ApiError> {
    let (id, workspace, status) = (accept.event.id, accept.event.workspace, accept.status);
    match store(app, accept).await? {
        Accepted::Stored => Ok(outcome::accepted(id, status)),
        Accepted::Repeat(first) => {
            let logged = app.store.event(workspace, first).await?;
            // What retention dropped has ended.
            let status = logged.map_or(InboundStatus::Done, |logged| logged.status);
            Ok(outcome::repeated(first, status))
        }
    }
}

async fn answer_processed(app: &App, accept: Accept) -> Result<Response, ApiError> {
    let (id, workspace, status) = (accept.event.id, accept.event.workspace, accept.status);
    let waiting = (status == InboundStatus::New).then(|| Waiting::new(app, id));
    match (store(app, accept).await?, waiting) {
        (Accepted::Repeat(first), _) => answer_repeat(app, workspace, first).await,
        (Accepted::Stored, None) => Ok(outcome::stored(id)),
        (Accepted::Stored, Some(mut waiting)) => {
            match within_wait(app, waiting.ended(workspace)).await {
                Some(Ok(Ended::Here(found))) => Ok(outcome::processed(&found)),
                Some(Ok(Ended::Elsewhere(logged))) => Ok(outcome::logged(&logged, false)),
                // It is durable and will be processed; the log tells how it went.
                Some(Err(_)) | None => Ok(outcome::accepted(id, status)),
            }
        }
    }
}

/// Waits for as long as a sender is kept waiting: less where the hub stops, so that each is
/// answered.
async fn within_wait<T>(app: &App, ended: impl Future<Output = T>) -> Option<T> {
    let stopping = async {
        app.stopping.cancelled().await;
        tokio::time::sleep(STOPPING_WAIT).await;
    };
    tokio::select! {
        ended = timeout(PROCESSED_WAIT, ended) => ended.ok(),
        () = stopping => None,
    }
}

/// Answers a repeat as the log tells of the first, once that has ended.
async fn answer_repeat(
    app: &App,
    workspace: WorkspaceId,
    first: InboundEventId,
) -> Result<Response, ApiError> {
    // Waits from before the look, so that an end in between is not missed.
    let mut waiting = Waiting::new(app, first);
    let mut logged = app.store.event(workspace, first).await?;
    if logged.as_ref().is_some_and(|logged| logged.status.is_pending()) {
        let _ = within_wait(app, waiting.ended(workspace)).await;
        logged = app.store.event(workspace, first).await?;
    }
    match logged {
        Some(logged) if logged.status.is_pending() => Ok(outcome::repeated(first, logged.status)),
        Some(logged) => Ok(outcome::logged(&logged, true)),
        // What retention dropped has ended.
        None => Ok(outcome::repeated(first, InboundStatus::Done)),
    }
}

/// How an event ended: what this process made of it, or what the log says.
enum Ended {
    Here(Arc<EventOutcome>),
    Elsewhere(LoggedEvent),
}

/// Someone who waits for an outcome, until it comes or they go away.
struct Waiting<'a> {
    app: &'a App,
    event: InboundEventId,
    outcome: oneshot::Receiver<Arc<EventOutcome>>,
}

impl<'a> Waiting<'a> {
    fn new(app: &'a App, event: InboundEventId) -> Self {
        Self { app, event, outcome: app.outcomes.expect(event) }
    }

    /// Waits until the event has ended, in this process or in another one.
    async fn ended(&mut self, workspace: WorkspaceId) -> Result<Ended, StoreError> {
        let mut look_again = LOOK_AGAIN;
        loop {
            if let Ok(Ok(outcome)) = timeout(look_again, &mut self.outcome).await {
                return Ok(Ended::Here(outcome));
            }
            // Where many wait for long, their looks must not add to the load.
            look_again = (2 * look_again).min(LOOK_AGAIN_MAX);
            let logged = self.app.store.event(workspace, self.event).await?;
            if let Some(logged) = logged.filter(|logged| !logged.status.is_pending()) {
                return Ok(Ended::Elsewhere(logged));
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.outcome.close();
        self.app.outcomes.forget(self.event);
    }
}

/// Keeps a body that does not parse in the log, and says what is wrong with it.
async fn refuse(
    app: &App,
    event: InboundEvent,
    error: BodyError,
    fingerprint: Option<String>,
) -> ApiError {
    let problem = match error {
        BodyError::Unsupported { .. } => {
            return ApiError::new(Problem::UnsupportedMediaType, error.to_string());
        }
        BodyError::Malformed { .. } => posted::problem_of(&event.request),
    };
    let (workspace, source, id) = (event.workspace, event.source, event.id);
    let reason = error.to_string();
    let accept = Accept {
        event,
        status: InboundStatus::Failed,
        failure: Some(reason.clone()),
        // A sender that mends its body may send it under the same id, and signs it anew.
        dedupe_keys: fingerprint.into_iter().collect(),
    };
    match store(app, accept).await {
        Err(error) => error.into(),
        Ok(accepted) => {
            let id = match accepted {
                Accepted::Stored => id.to_string(),
                Accepted::Repeat(first) => first.to_string(),
            };
            log_failure!(
                app.log_quota.take(Failing::InboundEvents(source), app.now()),
                workspace_id = %workspace, source_id = %source, event_id = %id,
                "an inbound event failed"
            );
            let id = HeaderValue::from_str(&id).expect("an id is letters, digits and `_`");
            ApiError::new(problem, reason).with_header(EVENT_ID, id)
        }
    }
}

fn too_many(retry_after_s: u64) -> ApiError {
    let detail = "the source takes no more posts in this second";
    ApiError::new(Problem::RateLimited, detail)
        .with_header(RETRY_AFTER, HeaderValue::from(retry_after_s))
}

/// The status of an answer that tells an outcome.
fn status_code(status: InboundStatus) -> StatusCode {
    match status {
        InboundStatus::Failed => StatusCode::UNPROCESSABLE_ENTITY,
        InboundStatus::New | InboundStatus::Processing | InboundStatus::Done => StatusCode::OK,
    }
}
