//! Mapping in Link: a draft at every step, and the finish.
//!
//! Nothing is in force before the finish, which declares the objects and saves the mapping at
//! once. A version stands for what the page has seen, of the connection and of its draft: two
//! windows do not overwrite each other unseen.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::object::Objects;
use turnbuckle_store::connection::{ABSENT, Connection};
use turnbuckle_store::link::{FinishLink, LinkDraft};
use utoipa::ToSchema;

use super::caller::OfContext;
use crate::api::mapping::{MappingDocument, checked};
use crate::api::objects::defaults;
use crate::api::time::rfc3339;
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::extract::{JsonBody, PathParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// Longest draft, as JSON text.
const DRAFT_BYTES_MAX: usize = 512 << 10;

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkAnswer {
    pub link: LinkView,
}

/// How far a connection is mapped.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// In force: what the app declared.
    #[schema(value_type = Object)]
    pub objects: Value,
    /// In force.
    #[schema(value_type = MappingDocument)]
    pub mapping: Value,
    /// What somebody has begun and not finished.
    pub draft: Option<LinkDraftView>,
    /// Stands for all of this; take it as it is.
    pub version: String,
}

/// What somebody has begun and not finished.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkDraftView {
    /// As it was saved.
    #[schema(value_type = Object)]
    pub document: Value,
    pub saved_at: String,
}

/// The `objects` option of `linkCRM`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkObjects {
    /// By slug: `{"label"?,"description"?,"fields":{…},"events":{…}}`.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
}

/// A draft: whatever the page wants to find again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveLinkDraft {
    /// Up to 512 KiB as JSON. Nothing in it need be complete.
    #[schema(value_type = Object)]
    pub document: Map<String, Value>,
    /// That of the answer before.
    pub version: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkVersionAnswer {
    pub version: String,
}

/// What was mapped, whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishLinkRequest {
    /// The `objects` option of `linkCRM`.
    #[schema(value_type = Object)]
    pub objects: Map<String, Value>,
    pub mapping: MappingDocument,
    /// That of the answer before.
    pub version: String,
}

/// What a page has seen: the versions of the connection and of its draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    connection: i64,
    draft: i64,
}

impl Seen {
    pub fn of(connection: &Connection, draft: Option<&LinkDraft>) -> Self {
        Self { connection: connection.version, draft: draft.map_or(ABSENT, |it| it.version) }
    }

    fn text(self) -> String {
        format!("{}.{}", self.connection, self.draft)
    }

    /// # Errors
    /// 400
    fn parse(text: &str) -> Result<Self, ApiError> {
        let versions = text.split_once('.').and_then(|(connection, draft)| {
            Some(Self { connection: connection.parse().ok()?, draft: draft.parse().ok()? })
        });
        let detail = "the `version` of the answer before, as it was";
        versions.ok_or_else(|| ApiError::invalid(vec![Invalid::new("/version", detail)]))
    }
}

fn view(connection: Connection, draft: Option<LinkDraft>) -> Json<LinkAnswer> {
    let version = Seen::of(&connection, draft.as_ref()).text();
    let draft =
        draft.map(|it| LinkDraftView { document: it.document, saved_at: rfc3339(it.saved_at) });
    let objects = connection.objects.unwrap_or_else(|| json!({}));
    let mapping = connection.mapping.unwrap_or_else(|| json!({ "objects": {} }));
    Json(LinkAnswer { link: LinkView { objects, mapping, draft, version } })
}

/// Shows how far a connection is mapped, and the draft if somebody has begun one.
#[utoipa::path(
    get, path = "/api/platform_user/connection/{connection}/link", tag = "link",
    security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_link(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
) -> Result<Json<LinkAnswer>, ApiError> {
    let live = caller.connection(&app, &connection).await?;
    let draft = app.store.link_draft(caller.workspace.id, &connection).await?;
    Ok(view(live.row.clone(), draft))
}

/// Reads the `objects` option, and fills labels and descriptions that are missing with those of
/// the workspace. Stores nothing.
#[utoipa::path(
    post, path = "/api/platform_user/connection/{connection}/link/objects", tag = "link",
    request_body = LinkObjects, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkObjects),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn check_link_objects(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(LinkObjects { objects }): JsonBody<LinkObjects>,
) -> Result<Json<LinkObjects>, ApiError> {
    caller.connection(&app, &connection).await?;
    let objects = filled(&app, caller.workspace.id, objects).await?;
    Ok(Json(LinkObjects { objects }))
}

/// The same objects, with the workspace's labels and descriptions where they have none.
///
/// # Errors
/// As [`read_objects`].
pub async fn filled(
    app: &App,
    workspace: WorkspaceId,
    mut objects: Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    read_objects(&objects)?;
    defaults::fill(&mut objects, &defaults::all(app, workspace).await?);
    Ok(objects)
}

/// # Errors
/// 400 with each member that is wrong, below `/objects`.
pub(super) fn read_objects(objects: &Map<String, Value>) -> Result<Value, ApiError> {
    let objects = Value::Object(objects.clone());
    Objects::parse(&objects).map_err(|wrong| {
        ApiError::invalid(wrong.into_iter().map(|it| it.under("/objects")).collect())
    })?;
    Ok(objects)
}

/// Saves a draft. The mapping in force stays as it is.
#[utoipa::path(
    put, path = "/api/platform_user/connection/{connection}/link/draft", tag = "link",
    request_body = SaveLinkDraft, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkVersionAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn save_link_draft(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(SaveLinkDraft { document, version }): JsonBody<SaveLinkDraft>,
) -> Result<Json<LinkVersionAnswer>, ApiError> {
    let seen = Seen::parse(&version)?;
    caller.connection(&app, &connection).await?;
    let document = Value::Object(document);
    if DRAFT_BYTES_MAX < document.to_string().len() {
        let detail = format!("a draft has at most {DRAFT_BYTES_MAX} bytes as JSON");
        return Err(ApiError::new(Problem::PayloadTooLarge, detail));
    }
    let workspace = caller.workspace.id;
    let saved = app.store.put_link_draft(workspace, &connection, &document, seen.draft).await?;
    // That the connection was changed meanwhile is found at the finish.
    Ok(Json(LinkVersionAnswer { version: Seen { draft: saved.version, ..seen }.text() }))
}

/// Finishes: declares the objects, saves the mapping, and ends the draft. Everything must be
/// mapped, opted out of, or said to stay empty.
#[utoipa::path(
    put, path = "/api/platform_user/connection/{connection}/link", tag = "link",
    request_body = FinishLinkRequest, security(("context_token" = [])),
    params(("connection" = String, Path, description = "Its id.")),
    responses(
        (status = 200, body = LinkAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn finish_link(
    caller: OfContext,
    State(app): State<App>,
    PathParams(connection): PathParams<String>,
    JsonBody(given): JsonBody<FinishLinkRequest>,
) -> Result<Json<LinkAnswer>, ApiError> {
    let seen = Seen::parse(&given.version)?;
    let live = caller.connection(&app, &connection).await?;
    let finished = finish(&app, &live, &given.objects, given.mapping.into_json(), seen).await?;
    Ok(view(finished, None))
}

/// Declares the objects and saves the mapping over what was seen, if everything is mapped.
///
/// # Errors
/// 400 with what is wrong or left to map, 412 if somebody else saved meanwhile.
pub async fn finish(
    app: &App,
    live: &LiveConnection,
    objects: &Map<String, Value>,
    mapping: Value,
    seen: Seen,
) -> Result<Connection, ApiError> {
    let declared = read_objects(objects)?;
    let finished = live.with(&declared, &mapping);
    // With nothing to map there is nothing to check.
    if !objects.is_empty() || mapping != json!({ "objects": {} }) {
        let mapping = checked(app, &finished, &mapping, "/mapping").await?;
        let unfinished = mapping.unfinished(&finished.objects);
        if !unfinished.is_empty() {
            let unfinished = unfinished.into_iter().map(|it| it.under("/mapping")).collect();
            return Err(ApiError::invalid(unfinished));
        }
    }
    let finish = FinishLink {
        objects: declared,
        mapping,
        version: seen.connection,
        draft_version: seen.draft,
    };
    let Connection { workspace, id, .. } = &live.row;
    let connection = app.store.finish_link(*workspace, id, finish).await?;
    app.wake(|signals| &signals.keys_started);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_was_written() {
        let seen = Seen { connection: 12, draft: 3 };
        assert_eq!(seen.text(), "12.3");
        assert_eq!(Seen::parse("12.3").unwrap(), seen);
        for odd in ["", "12", "12.", ".3", "a.3", "12.3.4", "1e2.3"] {
            assert!(Seen::parse(odd).is_err(), "{odd}");
        }
    }
}
