//! What a function does with a request, shown from inside.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnbuckle_core::function::FunctionCode;
use turnbuckle_core::id::{FunctionId, InboundEventId};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_functions::Outcome;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;

use super::{find, not_run};
use crate::app::App;
use crate::auth::{Caller, CanManage};
use crate::extract::{JsonBody, PathParams};
use crate::functions::answer::of_result;
use crate::functions::calls::{CallDetail, CallError, HostCall, millis};
use crate::functions::event::read_received;
use crate::functions::request::FunctionRequest;
use crate::functions::run;
use crate::problem::{ApiError, Problem, ProblemBody};

/// A request to be tried on a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryFunction {
    /// An empty post if neither this nor `event` is given.
    #[serde(default)]
    #[schema(required = false, nullable)]
    request: Option<TriedRequest>,
    /// Id of an inbound event of the webhook log: its request is tried as it was received.
    #[schema(required = false, nullable, example = "in_01a20a4705417000803145d52465f1f4")]
    event: Option<String>,
    /// Number of the version; the newest if it is not given.
    #[schema(required = false, nullable)]
    version: Option<i64>,
}

/// A request as a caller would send it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriedRequest {
    /// `POST` if it is not given.
    #[serde(default)]
    #[schema(required = false, nullable, example = "POST")]
    method: Option<String>,
    /// What stands behind `?` in the address.
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as its JSON.
    #[serde(default)]
    #[schema(required = false, nullable, value_type = Value)]
    body: Value,
}

/// How the call went.
#[derive(Serialize, ToSchema)]
pub struct TrialAnswer {
    /// `{"output": …}`, or `{"response": …}` of a script that says how to answer; null if it failed.
    #[schema(required, value_type = Option<Object>)]
    result: Option<Value>,
    #[schema(required)]
    error: Option<CallError>,
    /// What it wrote by `info`.
    logs: Vec<String>,
    /// Whether lines were left out of `logs`.
    logs_cut: bool,
    host_calls: Vec<HostCall>,
    duration_ms: u64,
}

/// Runs a version on a request and shows what happens inside. What it writes is written.
#[utoipa::path(
    post, path = "/api/v1/functions/{function}/try", tag = "functions",
    params(("function" = String, Path, description = "Name of the function.")),
    request_body = TryFunction,
    responses(
        (status = 200, body = TrialAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn try_function(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    JsonBody(TryFunction { request, event, version }): JsonBody<TryFunction>,
) -> Result<Json<TrialAnswer>, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let number = version.unwrap_or(function.draft);
    let found = app.store.function_version(caller.workspace, function.id, number).await?;
    let missing = || StoreError::not_found(Noun::FunctionVersion, number);
    let code = FunctionCode::deserialize(&found.ok_or_else(missing)?.code)
        .map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    let request = match (request, event) {
        (Some(_), Some(_)) => {
            let detail = "either `request` or `event` is tried";
            return Err(ApiError::invalid(vec![Invalid::new("/event", detail)]));
        }
        (request, None) => read(request.unwrap_or_default(), &caller)?,
        (None, Some(event)) => received(&app, &event, &caller).await?,
    };
    let turn = app.functions.turn(&function, &request).await;
    let _turn =
        turn.map_err(|busy| ApiError::new(Problem::TemporarilyUnavailable, busy.to_string()))?;
    let outcome = run(&app, &function, &code, &request, None).await.map_err(not_run)?;
    Ok(Json(TrialAnswer::of(function.id, outcome)))
}

/// The request of an inbound event, which was a post.
async fn received(app: &App, id: &str, caller: &Caller) -> Result<FunctionRequest, ApiError> {
    let found = match InboundEventId::parse(id) {
        Ok(id) => app.store.event(caller.workspace, id).await?,
        Err(_) => None,
    };
    let missing = || {
        let detail = "the log has no such inbound event";
        ApiError::invalid(vec![Invalid::new("/event", detail)])
    };
    let received = found.ok_or_else(missing)?.event.request;
    Ok(read_received(&received, user_info(&caller.who.id())))
}

fn read(tried: TriedRequest, caller: &Caller) -> Result<FunctionRequest, ApiError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &tried.headers {
        let parsed = (name.parse::<HeaderName>().ok(), HeaderValue::from_str(value).ok());
        let (Some(parsed), Some(value)) = parsed else {
            let detail = format!("`{name}` cannot be sent as a header");
            return Err(ApiError::invalid(vec![Invalid::new(
                pointer("/request/headers", name),
                detail,
            )]));
        };
        headers.insert(parsed, value);
    }
    let method = tried.method.as_deref().unwrap_or("POST");
    if method.parse::<Method>().is_err() {
        let detail = "`method` must be a method of HTTP, such as `POST`";
        return Err(ApiError::invalid(vec![Invalid::new("/request/method", detail)]));
    }
    let body = match tried.body {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    let user_info = user_info(&caller.who.id());
    Ok(FunctionRequest::read(method, &tried.query, &headers, body.as_bytes(), user_info))
}

/// Whoever holds a key, as `user_info` tells of them.
pub fn user_info(key: &str) -> Value {
    json!({"id": key, "email": null, "full_name": null, "role": "key"})
}

impl TrialAnswer {
    fn of(function: FunctionId, outcome: Outcome) -> Self {
        let duration_ms = millis(outcome.duration);
        let (result, detail) = CallDetail::of(outcome);
        let CallDetail { logs, logs_cut, host_calls, .. } = detail;
        let (result, error) = match result {
            Ok(result) => {
                let is_answer = of_result(function, &result).is_ok();
                (Some(result), (!is_answer).then(CallError::invalid_return))
            }
            Err(error) => (None, Some(error)),
        };
        Self { result, error, logs, logs_cut, host_calls, duration_ms }
    }
}
