//! Website origins: the pages that may open Link and call the browser API.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::text::web_origin;
use turnbuckle_store::StoreError;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::JsonBody;
use crate::problem::{ApiError, ProblemBody};

const SETTING: &str = "origins";

const ORIGINS_MAX: usize = 100;

/// Where the app's own pages are.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginsSetting {
    /// As browsers send them. Only their pages may show Link and call the browser API.
    #[schema(max_items = 100, example = json!(["https://app.example"]))]
    pub origins: Vec<String>,
}

/// The website origins of a workspace.
pub async fn origins(app: &App, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
    let setting = app.store.setting(workspace, SETTING).await?;
    // It was checked when it was put.
    let setting = setting.and_then(|it| serde_json::from_value::<OriginsSetting>(it).ok());
    Ok(setting.unwrap_or_default().origins)
}

/// Shows the website origins.
#[utoipa::path(
    get, path = "/api/v1/settings/origins", tag = "settings",
    responses(
        (status = 200, body = OriginsSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_origins_setting(
    CanRead(caller): CanRead,
    State(app): State<App>,
) -> Result<Json<OriginsSetting>, ApiError> {
    Ok(Json(OriginsSetting { origins: origins(&app, caller.workspace).await? }))
}

/// Says which web origins may open Link and call the browser API; none at first.
#[utoipa::path(
    put, path = "/api/v1/settings/origins", tag = "settings", request_body = OriginsSetting,
    responses(
        (status = 200, body = OriginsSetting),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_origins_setting(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(given): JsonBody<OriginsSetting>,
) -> Result<Json<OriginsSetting>, ApiError> {
    let mut setting = OriginsSetting::default();
    let mut wrong = Vec::new();
    for (index, text) in given.origins.iter().enumerate() {
        match web_origin(text) {
            Some(origin) => setting.origins.push(origin),
            None => {
                let detail = format!("`{text}` is not an origin: write `https://app.example`");
                wrong.push(Invalid::new(pointer("/origins", index), detail));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    super::each("origins", &setting.origins, ORIGINS_MAX, |_| Ok(()))?;
    super::put(&app, caller.workspace, SETTING, json!(setting)).await?;
    Ok(Json(setting))
}
