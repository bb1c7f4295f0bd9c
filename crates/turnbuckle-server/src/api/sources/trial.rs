//! What a source would make of a post, without anything being stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::id::InboundEventId;
use turnbuckle_store::inbound::{Headers, InboundEvent, InboundRequest, InboundStatus};
use utoipa::ToSchema;

use super::document::SourceMappingDocument;
use super::{find, read, unmask};
use crate::api::webhooks::outcome::{RecordChange, WarningView, warnings};
use crate::app::App;
use crate::auth::CanManage;
use crate::catalog::LiveSource;
use crate::extract::{JsonBody, PathParams, given};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::processing;

/// A post to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrySource {
    /// JSON if not given.
    #[schema(example = "application/json")]
    content_type: Option<String>,
    /// A text is posted as it is, anything else as its JSON.
    #[schema(value_type = Value)]
    body: Value,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What stands behind `?` in the URL.
    #[serde(default)]
    query: String,
    /// Tries this mapping in the place of the source's; null tries the default process.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<SourceMappingDocument>)]
    mapping: Option<Value>,
    /// Tries these defaults in the place of the source's.
    #[schema(value_type = Option<Object>)]
    defaults: Option<Value>,
}

/// What would become of the post.
#[derive(Serialize, ToSchema)]
pub struct TrialView {
    #[schema(value_type = String, example = "done")]
    status: InboundStatus,
    records: Vec<TrialRecordView>,
    warnings: Vec<WarningView>,
    #[schema(required)]
    error: Option<String>,
}

/// A record as it would be.
#[derive(Serialize, ToSchema)]
pub struct TrialRecordView {
    /// Position of the item in the post, from 0.
    item: u32,
    entity: String,
    /// Null if the record would be created.
    #[schema(required)]
    id: Option<String>,
    change: RecordChange,
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

/// Shows what a source would make of a post. Nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/sources/{source}/try",
    tag = "sources",
    params(("source" = String, Path, description = "Id of the source")),
    request_body = TrySource,
    responses(
        (status = 200, body = TrialView),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn try_source(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(post): JsonBody<TrySource>,
) -> Result<Json<TrialView>, ApiError> {
    let id = find(&app, caller.workspace, &id).await?.id;
    let source = app.catalog.source(caller.workspace, id).await?;
    let source = post.tried_on(&app, source.ok_or(Problem::SourceNotFound)?).await?;
    let connection = app.catalog.connection_of(&source).await?;
    // An event that was never accepted: there is no line of the log to end.
    let event = InboundEvent {
        id: InboundEventId(app.mint()),
        workspace: caller.workspace,
        source: id,
        connection: source.connection,
        request: post.into_request(),
    };
    let plan = match &source.settings.function {
        Some(function) => processing::not_tried(&event, function),
        None => processing::plan_mapped(&app, &source, &connection, &event, false).await?,
    };
    let outcome = app.store.try_event(plan).await?;
    let records = outcome.applied.into_iter().map(|(item, applied)| {
        let change = RecordChange::from(&applied);
        TrialRecordView {
            item,
            id: Some(applied.record.id).filter(|_| change != RecordChange::Created),
            entity: applied.entity,
            change,
            data: Arc::unwrap_or_clone(applied.record.data),
        }
    });
    Ok(Json(TrialView {
        status: outcome.status,
        records: records.collect(),
        warnings: warnings(&outcome.warnings),
        error: outcome.error,
    }))
}

impl TrySource {
    /// The source with what is to be tried of it.
    ///
    /// # Errors
    /// 400 with every member that is wrong.
    async fn tried_on(
        &self,
        app: &App,
        source: Arc<LiveSource>,
    ) -> Result<Arc<LiveSource>, ApiError> {
        if self.mapping.is_none() && self.defaults.is_none() {
            return Ok(source);
        }
        let mut document = source.settings.to_json();
        for (member, tried) in [("mapping", &self.mapping), ("defaults", &self.defaults)] {
            if let Some(tried) = tried {
                document[member] = tried.clone();
            }
        }
        let before = Some(&source.settings);
        unmask(&mut document, before)?;
        let (settings, _) = read(app, source.workspace, &document, before).await?;
        Ok(Arc::new(source.with(settings)))
    }

    fn into_request(self) -> InboundRequest {
        let lower_case = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let given = self.headers.into_iter().map(lower_case);
        let content_type = self.content_type.map(|value| ("content-type".to_owned(), value));
        let headers: Vec<_> = content_type.into_iter().chain(given).collect();
        InboundRequest {
            // The first of a name counts.
            headers: Headers::new(&headers),
            query: self.query,
            body: match self.body {
                Value::String(text) => Bytes::from(text),
                value => Bytes::from(value.to_string()),
            },
        }
    }
}
