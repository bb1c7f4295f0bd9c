//! The token with which an app's page acts for one of its customers.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::id::check_chosen_id;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::context::Context;
use utoipa::ToSchema;

use super::{ContextView, mistakes};
use crate::api::time::rfc3339;
use crate::api::workspaces;
use crate::app::App;
use crate::auth::{Caller, CanManage};
use crate::context_token::Claims;
use crate::extract::JsonBody;
use crate::problem::{ApiError, ProblemBody};

/// For whom a token is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateContextToken {
    pub context: TokenContext,
}

/// A customer of the app: made if there is none, and otherwise changed in what is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenContext {
    /// The app's own id for its customer.
    #[schema(min_length = 1, max_length = 200, example = "acme")]
    pub external_id: String,
    #[schema(max_length = 500)]
    pub external_name: Option<String>,
    /// Up to 16 KiB, kept and given back as they came.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Map<String, Value>>,
}

/// What the app hands to its page.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextTokenAnswer {
    /// Opens the connections of this context, to whoever has it.
    pub access_token: String,
    /// Until then it is good, and can be exchanged for a fresh one.
    pub expires_at: String,
    pub context: ContextView,
}

/// Makes a token for the page of a customer, and the context where there is none.
#[utoipa::path(
    post, path = "/api/platform/contexts", tag = "contexts",
    request_body = CreateContextToken,
    responses(
        (status = 200, body = ContextTokenAnswer),
        (status = 201, body = ContextTokenAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn create_context_token(
    CanManage(caller): CanManage,
    State(app): State<App>,
    JsonBody(CreateContextToken { context: wanted }): JsonBody<CreateContextToken>,
) -> Result<(StatusCode, Json<ContextTokenAnswer>), ApiError> {
    let mut wrong = Vec::new();
    if let Err(error) = check_chosen_id("context", &wanted.external_id) {
        wrong.push(Invalid::new("/external_id", error.to_string()));
    }
    let given = wanted.attributes.as_ref();
    wrong.extend(mistakes(wanted.external_name.as_deref(), given.unwrap_or(&Map::new())));
    if !wrong.is_empty() {
        let wrong = wrong.into_iter().map(|it| it.under("/context")).collect();
        return Err(ApiError::invalid(wrong));
    }
    let (context, is_new) = known(&app, &caller, wanted).await?;
    let workspace = workspaces::find(&app, caller.workspace).await?;
    let claims = Claims::begin(&workspace.slug, &context.external_id, app.now());
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = ContextTokenAnswer {
        access_token: claims.sign(&app.sealer),
        expires_at: rfc3339(claims.exp * 1_000),
        context: context.into(),
    };
    Ok((status, Json(answer)))
}

/// The context, changed in what is given, and whether it is new.
async fn known(
    app: &App,
    caller: &Caller,
    wanted: TokenContext,
) -> Result<(Context, bool), ApiError> {
    let TokenContext { external_id, external_name, attributes } = wanted;
    let before = app.store.context(caller.workspace, &external_id).await?;
    let says_nothing = external_name.is_none() && attributes.is_none();
    match before {
        // Most tokens are asked for by somebody known, and change nothing.
        Some(context) if says_nothing => Ok((context, false)),
        before => {
            let context = Context {
                external_name: external_name
                    .or_else(|| before.as_ref().and_then(|it| it.external_name.clone())),
                attributes: attributes
                    .or_else(|| before.map(|it| it.attributes))
                    .unwrap_or_default(),
                external_id,
                created_at: app.now(),
            };
            Ok(app.store.put_context(caller.workspace, context).await?)
        }
    }
}
