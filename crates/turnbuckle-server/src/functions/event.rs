//! The functions of sources: called for inbound events, before records are made or instead.
//!
//! A call is noted before it begins ([`turnbuckle_store::event_call`]), and ends in the
//! transaction that ends its event. One that was cut off, because its process went, is in
//! the log of calls as such; it is made again only if the source says so.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use turnbuckle_core::function::FunctionCode;
use turnbuckle_core::id::{FunctionCallId, WorkspaceId};
use turnbuckle_core::source::{Runs, SourceFunction, returned_body};
use turnbuckle_store::StoreError;
use turnbuckle_store::event_call::{BeginCall, Begun, EventCall};
use turnbuckle_store::function::FunctionCall;
use turnbuckle_store::inbound::{EventWork, FinishEvent, InboundEvent, InboundRequest};

use super::answer::{Refusal, of_result};
use super::calls::{CallDetail, CallError, millis};
use super::request::FunctionRequest;
use super::run;
use crate::app::App;
use crate::catalog::{LiveFunction, LiveSource};
use crate::logging::{Chain, Failing, log_failure};
use crate::processing::{self, Planned};
use crate::workers::process::{AWAY_WAIT, is_away};

/// An event with what is to be done for it.
pub enum Prepared {
    Call(Box<PreparedCall>),
    /// No call is made for it.
    End(Box<FinishEvent>),
}

/// A call that is not noted yet, and so must not be made.
pub struct PreparedCall {
    call: EventCall,
    event: Arc<InboundEvent>,
    source: Arc<LiveSource>,
    setting: SourceFunction,
    function: Arc<LiveFunction>,
    code: Arc<FunctionCode>,
    request: FunctionRequest,
    as_new: bool,
}

/// What comes next for an event.
pub enum Next {
    /// Its call has begun, and must go to its end: nobody makes another.
    Call(BegunCall),
    End(Box<FinishEvent>),
    /// Another process sees to it.
    Elsewhere,
}

/// A call that is noted.
pub struct BegunCall(Box<PreparedCall>);

impl Next {
    /// Whether the event ends after those of its source that are older: where records are
    /// matched, the newest is to have the last word.
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Call(BegunCall(call)) => !call.source.settings.match_on.is_empty(),
            Self::End(_) | Self::Elsewhere => true,
        }
    }

    /// How the event ends, after its call has if there is one. `None` if it does not end here.
    pub async fn end(self, app: &App) -> Option<FinishEvent> {
        match self {
            Self::End(end) => Some(*end),
            Self::Elsewhere => {
                // It is handed out again, until it has ended there.
                tokio::time::sleep(AWAY_WAIT).await;
                None
            }
            Self::Call(BegunCall(call)) => {
                // A hub that stops waits for it, as for a request.
                let calling = app.unfinished.spawn(call.run(app.clone()));
                calling.await.inspect_err(|error| tracing::error!(%error, "a call panicked")).ok()
            }
        }
    }
}

impl PreparedCall {
    fn to_begin(&self, instead_of: Option<FunctionCallId>) -> BeginCall {
        let (workspace, event) = (self.event.workspace, self.event.id);
        BeginCall { workspace, event, call: self.call, instead_of }
    }

    fn fail(&self, reason: String, call: Option<FunctionCall>) -> FinishEvent {
        FinishEvent { call, ..processing::failed(&self.event, reason, self.as_new) }
    }

    /// Makes the call, and makes of what it returned what the source wants.
    async fn run(self: Box<Self>, app: App) -> FinishEvent {
        let name = &self.setting.name;
        let connection = Some(self.source.settings.connection.as_str());
        let function = &self.function.row;
        let outcome = run(&app, function, &self.code, &self.request, connection).await;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(error = %Chain(error.as_ref()), "a function could not be called");
                let failed = CallError::named("Unavailable", error.to_string());
                let line =
                    self.line(503, 0, CallDetail { error: Some(failed), ..CallDetail::default() });
                return self.fail(format!("its function `{name}` cannot be run here"), Some(line));
            }
        };
        let duration_ms = millis(outcome.duration);
        let mut status = match &outcome.result {
            Ok(_) => 200,
            Err(failure) => Refusal::from(failure).status().as_u16(),
        };
        let (result, mut detail) = CallDetail::of(outcome);
        let (mut ended, error) = match result {
            Ok(result) if let Some(refused) = refusal_of(&result) => {
                status = refused;
                let reason = format!("its function `{name}` answered with the status {refused}");
                (processing::failed(&self.event, reason, self.as_new), None)
            }
            Ok(result) if of_result(function.id, &result).is_err() => {
                status = Refusal::InvalidReturn.status().as_u16();
                let reason = format!("its function `{name}` returned what cannot be answered");
                let error = CallError::invalid_return();
                (processing::failed(&self.event, reason, self.as_new), Some(error))
            }
            Ok(result) => (self.after(&app, &result).await, None),
            Err(error) => {
                let reason = format!("its function `{name}` failed: {error}");
                (processing::failed(&self.event, reason, self.as_new), Some(error))
            }
        };
        if error.is_some() {
            log_failure!(
                app.log_quota.take(Failing::Functions(function.id), app.now()),
                workspace_id = %function.workspace, function_id = %function.id,
                "a function failed"
            );
        }
        detail.error = error;
        ended.call = Some(self.line(status, duration_ms, detail));
        ended
    }

    /// What becomes of the event after its function returned.
    async fn after(&self, app: &App, result: &Json) -> FinishEvent {
        let nothing = || EventWork::Writes(Vec::new());
        let work = match self.setting.runs {
            Runs::Instead => nothing(),
            Runs::Before => match returned_body(returned(result)) {
                Ok(Some(body)) => loop {
                    let (event, source) = (&self.event, &self.source);
                    match processing::plan_body(app, source, event, &body, self.as_new).await {
                        Ok(planned) => return planned,
                        Err(_) => tokio::time::sleep(AWAY_WAIT).await,
                    }
                },
                Ok(None) => nothing(),
                Err(reason) => {
                    EventWork::Fail(format!("its function `{}`: {reason}", self.setting.name))
                }
            },
        };
        FinishEvent { work, ..processing::failed(&self.event, String::new(), self.as_new) }
    }

    fn line(&self, status: u16, duration_ms: u64, detail: CallDetail) -> FunctionCall {
        line_of(&self.event, self.call, status, duration_ms, detail)
    }
}

/// The status of a response by which a function refuses what was posted.
fn refusal_of(result: &Json) -> Option<u16> {
    let status = &result.get("response")?["status_code"];
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    u16::try_from(status).ok().filter(|status| 400 <= *status)
}

/// The value that a function returned, or the body of the response that it made.
fn returned(result: &Json) -> &Json {
    match result.get("response") {
        Some(response) => &response["body"],
        None => &result["output"],
    }
}

/// A call as its log has it.
fn line_of(
    event: &InboundEvent,
    call: EventCall,
    status: u16,
    duration_ms: u64,
    detail: CallDetail,
) -> FunctionCall {
    let detail = CallDetail { event: Some(event.id.to_string()), ..detail };
    FunctionCall {
        id: call.id,
        workspace: event.workspace,
        function: call.function,
        version: call.version,
        method: "POST".to_owned(),
        status,
        is_failed: detail.error.is_some(),
        duration_ms: duration_ms as i64,
        detail: json!(detail),
    }
}

/// The call of an event that was cut off.
fn cut_off(event: &InboundEvent, call: EventCall) -> FunctionCall {
    let message = "the hub stopped before it ended; what it wrote until then stays".to_owned();
    let error = Some(CallError::named("CutOff", message));
    line_of(event, call, 503, 0, CallDetail { error, ..CallDetail::default() })
}

/// Notes that the functions of events are called. One answer to each, in their order.
///
/// # Errors
/// [`StoreError::Unavailable`] if the store was away until `shutdown`.
pub async fn begin(
    app: &App,
    events: Vec<Prepared>,
    shutdown: &CancellationToken,
) -> Result<Vec<Next>, StoreError> {
    let calls = events.iter().filter_map(|it| match it {
        Prepared::Call(call) => Some(call.to_begin(None)),
        Prepared::End(_) => None,
    });
    let calls: Vec<BeginCall> = calls.collect();
    let begun = match calls.is_empty() {
        true => Vec::new(),
        // Asked until it is known: what is noted and forgotten would count as cut off.
        false => until_back(shutdown, || app.store.begin_calls(calls.clone())).await?,
    };
    let mut begun = begun.into_iter();
    let mut next = Vec::with_capacity(events.len());
    for event in events {
        next.push(match event {
            Prepared::End(end) => Next::End(end),
            Prepared::Call(call) => match begun.next().unwrap_or(Begun::Elsewhere) {
                Begun::Now => Next::Call(BegunCall(call)),
                Begun::CutOff(before) => after_cut_off(app, call, before, shutdown).await?,
                Begun::Elsewhere => Next::Elsewhere,
            },
        });
    }
    Ok(next)
}

/// What comes next for an event whose call was cut off.
async fn after_cut_off(
    app: &App,
    call: Box<PreparedCall>,
    before: EventCall,
    shutdown: &CancellationToken,
) -> Result<Next, StoreError> {
    let line = cut_off(&call.event, before);
    if !call.setting.repeat_cut_off {
        let reason = format!(
            "the hub stopped while its function `{}` ran; it is not called again by itself, as \
             what it wrote until then stays: replay the event, or set `repeat_cut_off` in the \
             source",
            call.setting.name
        );
        return Ok(Next::End(Box::new(call.fail(reason, Some(line)))));
    }
    // In the log first: what is noted in its place forgets it.
    until_back(shutdown, || app.store.add_function_calls(vec![line.clone()])).await?;
    let again = || app.store.begin_calls(vec![call.to_begin(Some(before.id))]);
    match until_back(shutdown, again).await?[..] {
        [Begun::Now] => Ok(Next::Call(BegunCall(call))),
        _ => Ok(Next::Elsewhere),
    }
}

/// Asks a store that may be away, until it answers.
pub async fn until_back<T, F: Future<Output = Result<T, StoreError>>>(
    shutdown: &CancellationToken,
    ask: impl Fn() -> F,
) -> Result<T, StoreError> {
    loop {
        match ask().await {
            Err(error) if is_away(&error) && !shutdown.is_cancelled() => {
                tokio::time::sleep(AWAY_WAIT).await;
            }
            answer => return answer,
        }
    }
}

/// Finds what is to be done for an event, with its source as it is now.
///
/// # Errors
/// [`StoreError::Unavailable`]
pub async fn prepare(
    app: &App,
    event: &Arc<InboundEvent>,
    as_new: bool,
) -> Result<Prepared, StoreError> {
    let (source, setting) = match processing::plan(app, event, as_new).await? {
        Planned::Work(work) => return Ok(Prepared::End(work)),
        Planned::Call(source, setting) => (source, setting),
    };
    let end =
        |reason: String| Ok(Prepared::End(Box::new(processing::failed(event, reason, as_new))));
    let name = &setting.name;
    let (function, number, code) = match find(app, event.workspace, name).await? {
        Ok(found) => found,
        Err(reason) => return end(reason),
    };
    let request = request_of(event);
    if request.is_too_deep() {
        return end(format!("its function `{name}` is not called: too many called each other"));
    }
    let id = FunctionCallId(app.mint());
    let call = EventCall { id, function: function.row.id, version: number };
    let event = event.clone();
    let prepared = PreparedCall { call, event, source, setting, function, code, request, as_new };
    Ok(Prepared::Call(Box::new(prepared)))
}

type Found = (Arc<LiveFunction>, i64, Arc<FunctionCode>);

/// The published version of a function. The inner error says why there is none.
async fn find(
    app: &App,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Result<Found, String>, StoreError> {
    let Some(function) = app.catalog.function(workspace, name).await? else {
        return Ok(Err(format!("its function `{name}` was deleted")));
    };
    let Some(number) = function.row.published else {
        return Ok(Err(format!("its function `{name}` has no published version")));
    };
    let Some(code) = app.catalog.script(&function, number).await? else {
        return Ok(Err(format!("its function `{name}` was deleted")));
    };
    Ok(Ok((function, number, code)))
}

/// What a function is told of an event: the post as it was received.
pub fn request_of(event: &InboundEvent) -> FunctionRequest {
    let source = json!({
        "id": event.source.to_string(), "email": null, "full_name": null, "role": "source",
    });
    read_received(&event.request, source)
}

/// The request of a webhook, as a function reads it.
pub fn read_received(received: &InboundRequest, user_info: Json) -> FunctionRequest {
    let InboundRequest { headers, query, body } = received;
    // What came as a header is one.
    let headers = headers.pairs().into_iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(&*name).ok()?, HeaderValue::try_from(&*value).ok()?))
    });
    FunctionRequest::read("POST", query, &headers.collect(), body, user_info)
}
