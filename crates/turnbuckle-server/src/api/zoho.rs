//! Where functions are called: the addresses of Zoho CRM's REST API functions.
//!
//! `ANY /crm/{v2…v8}/functions/{name}/actions/execute?auth_type=apikey&zapikey=…` runs
//! the published version, the same under `/sandbox` the draft. A key opens one
//! function or all of its workspace, which it also names. Whoever may not call a
//! function is not told whether there is one.
//!
//! A call that has begun goes to its end although its caller went away, and is logged.
//!
//! These routes are not in the OpenAPI document: their shape is Zoho's.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::request::Parts;
use serde_json::json;
use turnbuckle_core::function::FunctionCode;
use turnbuckle_core::id::FunctionCallId;
use turnbuckle_store::function::{FunctionCall, KeyHolder};

use crate::api::functions::user_info;
use crate::app::App;
use crate::catalog::LiveFunction;
use crate::extract::{PathParams, read_body};
use crate::functions::answer::{Refusal, of_result};
use crate::functions::calls::{CallDetail, CallError, millis};
use crate::functions::request::FunctionRequest;
use crate::functions::run;
use crate::functions::turns::Turn;
use crate::logging::{Chain, Failing, log_failure};
use crate::problem::{ApiError, Problem};

/// How much the log keeps of a method.
const METHOD_CHARS_MAX: usize = 32;

const VERSIONS: [&str; 7] = ["v2", "v3", "v4", "v5", "v6", "v7", "v8"];

pub fn routes() -> Router<App> {
    Router::new()
        .route("/crm/{version}/functions/{name}/actions/execute", any(execute_published))
        .route("/sandbox/crm/{version}/functions/{name}/actions/execute", any(execute_draft))
}

/// Which version is called.
#[derive(Clone, Copy)]
enum Environment {
    Production,
    Sandbox,
}

async fn execute_published(
    State(app): State<App>,
    PathParams((version, name)): PathParams<(String, String)>,
    request: Request,
) -> Response {
    execute(&app, Environment::Production, (&version, &name), request).await
}

async fn execute_draft(
    State(app): State<App>,
    PathParams((version, name)): PathParams<(String, String)>,
    request: Request,
) -> Response {
    execute(&app, Environment::Sandbox, (&version, &name), request).await
}

async fn execute(
    app: &App,
    environment: Environment,
    (version, name): (&str, &str),
    request: Request,
) -> Response {
    if !VERSIONS.contains(&version) {
        return Refusal::NotFound.into_response();
    }
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let opened = open(app, environment, &query, name).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(refusal) => return refusal.into_response(),
    };
    match call(app, opened, (parts, body)).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

/// What is called, and by whose key.
struct Opened {
    function: Arc<LiveFunction>,
    /// Of the version.
    number: i64,
    code: Arc<FunctionCode>,
    holder: Arc<KeyHolder>,
}

/// The function that a key opens, in the version that is called.
async fn open(
    app: &App,
    environment: Environment,
    query: &str,
    name: &str,
) -> Result<Opened, Refusal> {
    let parameter = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    if parameter("auth_type").is_some_and(|it| it != "apikey") {
        return Err(Refusal::InvalidToken);
    }
    let key = parameter("zapikey").ok_or(Refusal::InvalidToken)?;
    let holder = app.catalog.function_key(&key).await.map_err(unavailable)?;
    let holder = holder.ok_or(Refusal::InvalidToken)?;
    let function = app.catalog.function(holder.workspace, name).await.map_err(unavailable)?;
    let function = match (function, holder.function) {
        (Some(function), Some(opened)) if function.row.id != opened => {
            return Err(Refusal::InvalidToken);
        }
        (None, Some(_)) => return Err(Refusal::InvalidToken),
        (None, None) => return Err(Refusal::NotFound),
        (Some(function), _) => function,
    };
    if !function.settings.rest_api {
        return Err(Refusal::NotRestApi);
    }
    let number = match environment {
        Environment::Sandbox => function.row.draft,
        Environment::Production => function.row.published.ok_or(Refusal::NotPublished)?,
    };
    let code = app.catalog.script(&function, number).await.map_err(unavailable)?;
    let code = code.ok_or(Refusal::NotFound)?;
    Ok(Opened { function, number, code, holder })
}

async fn call(
    app: &App,
    opened: Opened,
    (parts, body): (Parts, axum::body::Body),
) -> Result<Response, Refusal> {
    let (method, headers) = (parts.method.clone(), parts.headers.clone());
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let raw = read_body(Request::from_parts(parts, body), app).await.map_err(unreadable)?;
    let user_info = user_info(&opened.holder.key.to_string());
    let request = FunctionRequest::read(method.as_str(), &query, &headers, &raw, user_info);
    if request.is_too_deep() {
        return Err(Refusal::TooDeep);
    }
    // Whoever hangs up before their turn has nothing run.
    let turn = app.functions.turn(&opened.function.row, &request).await;
    let turn = turn.map_err(|_| Refusal::Busy)?;
    let running = app.unfinished.spawn(run_and_log(app.clone(), opened, request, turn));
    running.await.map_err(unavailable)?
}

async fn run_and_log(
    app: App,
    opened: Opened,
    request: FunctionRequest,
    turn: Turn,
) -> Result<Response, Refusal> {
    let Opened { function, number, code, .. } = opened;
    let function = &function.row;
    let id = FunctionCallId(app.mint());
    let outcome = run(&app, function, &code, &request, None).await;
    drop(turn);
    let outcome = outcome.map_err(unavailable)?;
    let duration_ms = millis(outcome.duration);
    let answer = match &outcome.result {
        Ok(result) => of_result(function.id, result),
        Err(failure) => Err(failure.into()),
    };
    if answer.is_err() {
        log_failure!(
            app.log_quota.take(Failing::Functions(function.id), app.now()),
            workspace_id = %function.workspace, function_id = %function.id,
            "a function failed"
        );
    }
    let is_failed = answer.is_err();
    let response = answer.unwrap_or_else(Refusal::into_response);
    let (result, mut detail) = CallDetail::of(outcome);
    detail.error = match result {
        Ok(_) => is_failed.then(CallError::invalid_return),
        Err(error) => Some(error),
    };
    let call = FunctionCall {
        id,
        workspace: function.workspace,
        function: function.id,
        version: number,
        method: request.method.chars().take(METHOD_CHARS_MAX).collect(),
        status: response.status().as_u16(),
        is_failed,
        duration_ms: duration_ms as i64,
        detail: json!(detail),
    };
    if !app.call_log.keep(call) {
        app.metrics.function_calls_left_out(1);
    }
    Ok(response)
}

fn unavailable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Refusal {
    let error = error.into();
    tracing::error!(error = %Chain(error.as_ref()), "a function could not be called");
    Refusal::Unavailable
}

fn unreadable(error: ApiError) -> Refusal {
    match error.problem() {
        Problem::PayloadTooLarge => Refusal::PayloadTooLarge,
        _ => Refusal::InvalidRequest,
    }
}
