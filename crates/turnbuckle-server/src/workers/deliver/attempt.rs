//! One HTTP call of a delivery: signed, sent, judged.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use turnbuckle_core::id::{DeliveryId, UnixMs};
use turnbuckle_core::message::notice::Notice;
use turnbuckle_core::retry::{AttemptOutcome, GiveUpReason, NextStep, parse_retry_after};
use turnbuckle_core::signature;
use turnbuckle_store::delivery::{AfterAttempt, Attempt, DueDelivery, Permit};
use turnbuckle_store::endpoint::EndpointStatus;

use crate::app::App;
use crate::catalog::LiveEndpoint;
use crate::egress::{EgressAnswer, EgressError};
use crate::logging::{Chain, Failing, log_failure};
use crate::random::random_share;

const WEBHOOK_ID: HeaderName = HeaderName::from_static(signature::ID_HEADER);
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static(signature::TIMESTAMP_HEADER);
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static(signature::SIGNATURE_HEADER);

/// How an attempt went.
pub enum Attempted {
    /// It was made, whatever the answer.
    Answered { due: DueDelivery, attempt: Attempt, is_success: bool, permit: Permit },
    /// The endpoint takes nothing now: paused, disabled or deleted; or another process
    /// has its deliveries.
    NotNow(DueDelivery),
    /// The connection that it tells of was deleted: it is never sent.
    Erased(DueDelivery),
}

/// Sends one delivery. `last_success_at` is when its lane last succeeded.
pub async fn attempt(app: &App, due: DueDelivery, last_success_at: Option<UnixMs>) -> Attempted {
    let Some(permit) = app.store.permit(due.endpoint) else { return Attempted::NotNow(due) };
    let endpoint = match app.catalog.endpoint(due.workspace, due.endpoint).await {
        Ok(Some(endpoint)) if endpoint.status == EndpointStatus::Active => endpoint,
        Ok(_) => return Attempted::NotNow(due),
        Err(error) => {
            let endpoint_id = due.endpoint;
            tracing::error!(%endpoint_id, error = %Chain(&error), "an endpoint could not be read");
            return Attempted::NotNow(due);
        }
    };
    if let Some(connection) = due.connection {
        match app.catalog.has_connection(due.workspace, connection).await {
            Ok(true) => {}
            Ok(false) => return Attempted::Erased(due),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a connection could not be looked for");
                return Attempted::NotNow(due);
            }
        }
    }
    let at = app.now();
    let headers = headers(&endpoint, due.id, &due.body, at);
    let started = std::time::Instant::now();
    let answer =
        app.egress.post(&endpoint.url, headers, due.body.clone(), endpoint.settings.timeout).await;
    let duration = started.elapsed();
    let outcome = outcome(&endpoint, &answer, app.now());
    let next = endpoint.schedule.next_step(outcome, due.failure_count + 1, random_share());
    let is_success = next == NextStep::Delivered;
    let age = Duration::from_millis(app.now().abs_diff(due.id.0.millis()));
    app.metrics.attempt(&next, duration, age);
    if let NextStep::GiveUp(reason) = next {
        let since = due.first_attempt_at.unwrap_or(at);
        let last_success_at = last_success_at.max(endpoint.last_success_at);
        if reason == GiveUpReason::EndpointGone || last_success_at.is_none_or(|it| it < since) {
            disable(app, &endpoint, reason).await;
        }
    }
    let attempt = Attempt {
        delivery: due.id,
        workspace: due.workspace,
        endpoint: due.endpoint,
        at,
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        status: answer.as_ref().ok().map(|answer| answer.status.as_u16()),
        error: answer.as_ref().err().map(ToString::to_string),
        response_body: match answer {
            Ok(answer) if !is_success => answer.body_start,
            _ => Default::default(),
        },
        next: match next {
            NextStep::Delivered => AfterAttempt::Delivered,
            NextStep::RetryIn(wait) => {
                AfterAttempt::RetryAt(app.now() + wait.as_millis() as UnixMs)
            }
            NextStep::GiveUp(_) => AfterAttempt::Dead,
        },
    };
    log(app, &due, &attempt, next);
    Attempted::Answered { due, attempt, is_success, permit }
}

fn log(app: &App, due: &DueDelivery, attempt: &Attempt, next: NextStep) {
    let attempt_number = due.attempt_count + 1;
    let Attempt { status, duration_ms, .. } = *attempt;
    let reason = attempt.error.as_deref();
    let quota = |failing| app.log_quota.take(failing, app.now());
    match next {
        NextStep::Delivered => tracing::debug!(
            workspace_id = %due.workspace, endpoint_id = %due.endpoint, delivery_id = %due.id,
            attempt_number, status, duration_ms, "a delivery was accepted"
        ),
        NextStep::RetryIn(wait) => log_failure!(
            quota(Failing::Attempts(due.endpoint)),
            workspace_id = %due.workspace, endpoint_id = %due.endpoint, delivery_id = %due.id,
            attempt_number, status, reason, duration_ms, retry_in_ms = wait.as_millis() as u64,
            "an attempt failed and will be repeated"
        ),
        NextStep::GiveUp(_) => log_failure!(
            quota(Failing::Deliveries(due.endpoint)),
            workspace_id = %due.workspace, endpoint_id = %due.endpoint, delivery_id = %due.id,
            attempt_number, status, reason, duration_ms, "a delivery was given up"
        ),
    }
}

fn headers(endpoint: &LiveEndpoint, id: DeliveryId, body: &[u8], at: UnixMs) -> HeaderMap {
    let timestamp = at / 1_000;
    let id = id.to_string();
    let secrets = endpoint.secrets_at(at);
    let key = endpoint.signing_key.as_ref();
    let signature = signature::sign(&secrets, key, &id, timestamp, body);
    let mut headers = endpoint.headers.clone();
    let value = |text: &str| {
        HeaderValue::from_str(text).expect("ids, numbers and base64 are header values")
    };
    headers.insert(WEBHOOK_ID, value(&id));
    headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(timestamp));
    headers.insert(WEBHOOK_SIGNATURE, value(&signature));
    headers
}

fn outcome(
    endpoint: &LiveEndpoint,
    answer: &Result<EgressAnswer, EgressError>,
    now: UnixMs,
) -> AttemptOutcome {
    match answer {
        Err(_) => AttemptOutcome::Unreachable,
        Ok(answer) if endpoint.settings.is_success(answer.status.as_u16()) => {
            AttemptOutcome::Accepted
        }
        Ok(answer) if answer.status.as_u16() == 410 => AttemptOutcome::Gone,
        Ok(answer) => AttemptOutcome::Refused {
            status: answer.status.as_u16(),
            retry_after: answer
                .retry_after
                .as_ref()
                .and_then(|value| parse_retry_after(value.to_str().ok()?, now)),
        },
    }
}

/// Stops sending to an endpoint whose receiver is gone, and says so.
async fn disable(app: &App, endpoint: &LiveEndpoint, reason: GiveUpReason) {
    let (reason, sentence) = match reason {
        GiveUpReason::EndpointGone => ("endpoint_gone", "its receiver answered 410 Gone"),
        GiveUpReason::AttemptsExhausted => (
            "attempts_exhausted",
            "a delivery failed through its whole retry schedule and nothing succeeded since",
        ),
    };
    let status = EndpointStatus::Disabled;
    let set =
        app.store.set_endpoint_status(endpoint.workspace, endpoint.id, status, Some(sentence));
    if let Err(error) = set.await {
        let endpoint_id = endpoint.id;
        tracing::error!(%endpoint_id, error = %Chain(&error), "an endpoint could not be disabled");
        return;
    }
    tracing::warn!(
        workspace_id = %endpoint.workspace, endpoint_id = %endpoint.id, reason,
        "an endpoint was disabled"
    );
    let notice =
        Notice::EndpointDisabled { endpoint: endpoint.id, url: &endpoint.settings.url, reason };
    crate::notices::emit(app, endpoint.workspace, notice).await;
}
