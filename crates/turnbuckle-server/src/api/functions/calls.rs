//! The log of the calls of a function.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::FunctionCallId;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::function::FunctionCall;
use utoipa::{IntoParams, ToSchema};

use super::find;
use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::{PathParams, QueryParams};
use crate::functions::calls::{CallDetail, CallError, HostCall};
use crate::problem::{ApiError, ProblemBody};

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CallsQuery {
    /// Items wanted, 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `page.next` of the page before.
    cursor: Option<String>,
    /// `true` for those alone that failed.
    #[serde(default)]
    failed: bool,
}

/// A call by URL, or by a source, as the list of them shows it.
#[derive(Serialize, ToSchema)]
pub struct CallView {
    #[schema(example = "call_01a20a4705417000803145d52465f1f4")]
    id: String,
    /// Number of the version that ran.
    version: i64,
    /// When it began.
    at: String,
    method: String,
    /// What its caller was answered.
    #[schema(example = 200)]
    status: u16,
    /// Whether the script failed, or returned what cannot be answered.
    failed: bool,
    #[schema(required)]
    error: Option<CallError>,
    duration_ms: i64,
    /// The inbound event that a source called it for; null for a call by URL.
    #[schema(required, example = "in_01a20a4705417000803145d52465f1f4")]
    event: Option<String>,
}

/// A call with what went on inside. Headers and bodies are not kept.
#[derive(Serialize, ToSchema)]
pub struct CallDetailView {
    #[serde(flatten)]
    call: CallView,
    /// What it wrote by `info`.
    logs: Vec<String>,
    /// Whether lines were left out of `logs`.
    logs_cut: bool,
    host_calls: Vec<HostCall>,
}

#[derive(Serialize, ToSchema)]
pub struct CallsAnswer {
    calls: Vec<CallView>,
    page: PageView,
}

#[derive(Serialize, ToSchema)]
pub struct CallAnswer {
    call: CallDetailView,
}

/// Lists the calls of a function by URL, newest first. A call is in the list shortly
/// after it was answered; trials are not kept.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}/calls", tag = "functions",
    params(("function" = String, Path, description = "Name of the function."), CallsQuery),
    responses(
        (status = 200, body = CallsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_function_calls(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(name): PathParams<String>,
    QueryParams(query): QueryParams<CallsQuery>,
) -> Result<Json<CallsAnswer>, ApiError> {
    let CallsQuery { limit, cursor, failed } = query;
    let function = find(&app, caller.workspace, &name).await?;
    let list = format!("function/{}/calls/{failed}", function.id);
    let listing = Listing { workspace: caller.workspace, name: &list };
    let request = listing.request(&app, &ListingQuery { limit, cursor })?;
    let listed = app.store.function_calls(caller.workspace, function.id, failed, request).await?;
    let calls = listed.items.into_iter().map(|call| CallDetailView::of(call).call).collect();
    Ok(Json(CallsAnswer { calls, page: listing.page(&app, listed.next) }))
}

/// Shows a call with what it logged and asked of the hub.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}/calls/{call}", tag = "functions",
    params(
        ("function" = String, Path, description = "Name of the function."),
        ("call" = String, Path, description = "Id of the call."),
    ),
    responses(
        (status = 200, body = CallAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_function_call(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((name, id)): PathParams<(String, String)>,
) -> Result<Json<CallAnswer>, ApiError> {
    let missing = || StoreError::not_found(Noun::FunctionCall, &id);
    let function = find(&app, caller.workspace, &name).await?;
    let call = FunctionCallId::parse(&id).map_err(|_| missing())?;
    let found = app.store.function_call(caller.workspace, function.id, call).await?;
    Ok(Json(CallAnswer { call: CallDetailView::of(found.ok_or_else(missing)?) }))
}

impl CallDetailView {
    fn of(call: FunctionCall) -> Self {
        // It is ours: what cannot be read of it is not there.
        let detail: CallDetail = serde_json::from_value(call.detail).unwrap_or_default();
        let CallDetail { event, error, logs, logs_cut, host_calls } = detail;
        let call = CallView {
            id: call.id.to_string(),
            version: call.version,
            at: rfc3339(call.id.0.millis()),
            method: call.method,
            status: call.status,
            failed: call.is_failed,
            error,
            duration_ms: call.duration_ms,
            event,
        };
        Self { call, logs, logs_cut, host_calls }
    }
}
