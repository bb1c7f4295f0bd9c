//! Settings of a workspace: documents that are put and read as a whole.

pub mod origins;
mod webhooks;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use turnbuckle_connectors::native;
use turnbuckle_core::id::{WorkspaceId, check_code};
use turnbuckle_core::invalid::{Invalid, pointer};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::endpoints::check::check_everywhere;
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::JsonBody;
use crate::problem::{ApiError, ProblemBody};

/// Read by sources that name no entities of their own.
const WEBHOOK_ENTITIES: &str = "webhook-entities";

const ENTITIES_MAX: usize = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::get_webhooks_setting, webhooks::put_webhooks_setting))
        .routes(routes!(get_webhook_entities_setting, put_webhook_entities_setting))
        .routes(routes!(origins::get_origins_setting, origins::put_origins_setting))
        .routes(routes!(get_retention_setting))
}

/// Entities that inbound webhooks may name where their source does not say it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntitiesSetting {
    #[schema(max_items = 200, example = json!(["Contact", "Lead", "Order", "FormSubmit"]))]
    pub entities: Vec<String>,
}

/// For how long logs are kept. Set by the operator of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionSetting {
    /// Inbound events that failed.
    pub failed_days: u64,
    /// Inbound events that were processed.
    pub done_days: u64,
    pub deliveries_days: u64,
    pub changes_days: u64,
    /// Calls of functions.
    pub calls_days: u64,
    /// Oldest rows go while the logs hold more; null sets no bound.
    pub bytes_max: Option<u64>,
}

/// Shows which entities inbound webhooks may name.
#[utoipa::path(
    get, path = "/api/v1/settings/webhook-entities", tag = "settings",
    responses(
        (status = 200, body = WebhookEntitiesSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_webhook_entities_setting(
    CanRead(caller): CanRead,
    State(app): State<App>,
) -> Result<Json<WebhookEntitiesSetting>, ApiError> {
    let setting = app.store.setting(caller.workspace, WEBHOOK_ENTITIES).await?;
    // It was checked when it was put.
    let setting = setting.and_then(|setting| serde_json::from_value(setting).ok());
    let entities = native::WEBHOOK_ENTITIES.map(str::to_owned).to_vec();
    Ok(Json(setting.unwrap_or(WebhookEntitiesSetting { entities })))
}

/// Says which entities inbound webhooks may name.
#[utoipa::path(
    put, path = "/api/v1/settings/webhook-entities", tag = "settings",
    request_body = WebhookEntitiesSetting,
    responses(
        (status = 200, body = WebhookEntitiesSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_webhook_entities_setting(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(setting): JsonBody<WebhookEntitiesSetting>,
) -> Result<Json<WebhookEntitiesSetting>, ApiError> {
    each("entities", &setting.entities, ENTITIES_MAX, |name| {
        check_code("entity", name).map_err(|error| error.to_string())
    })?;
    let unknown = check_everywhere(&app, caller.workspace, &setting.entities).await?;
    if !unknown.is_empty() {
        return Err(ApiError::invalid(unknown));
    }
    put(&app, caller.workspace, WEBHOOK_ENTITIES, json!(setting)).await?;
    Ok(Json(setting))
}

/// Shows for how long logs are kept.
#[utoipa::path(
    get, path = "/api/v1/settings/retention", tag = "settings",
    responses(
        (status = 200, body = RetentionSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_retention_setting(
    CanRead(_caller): CanRead,
    State(app): State<App>,
) -> Json<RetentionSetting> {
    let it = &app.config.retention;
    Json(RetentionSetting {
        failed_days: it.failed_days,
        done_days: it.done_days,
        deliveries_days: it.deliveries_days,
        changes_days: it.changes_days,
        calls_days: it.calls_days,
        bytes_max: it.bytes_max,
    })
}

async fn put(
    app: &App,
    workspace: WorkspaceId,
    name: &str,
    document: Value,
) -> Result<(), ApiError> {
    Ok(app.store.put_setting(workspace, name, &document).await?)
}

/// Checks every item of the list `member`, and that none is there twice.
fn each(
    member: &str,
    items: &[String],
    items_max: usize,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<(), ApiError> {
    let path = pointer("", member);
    if items_max < items.len() {
        let detail = format!("at most {items_max} items");
        return Err(ApiError::invalid(vec![Invalid::new(path, detail)]));
    }
    let mut wrong = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let is_repeated = items[..index].contains(item);
        let checked = match is_repeated {
            true => Err(format!("`{item}` is there twice")),
            false => check(item),
        };
        if let Err(detail) = checked {
            wrong.push(Invalid::new(pointer(&path, index), detail));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}
