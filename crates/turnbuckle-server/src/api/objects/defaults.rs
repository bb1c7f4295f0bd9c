//! Labels and descriptions of objects, said once for the workspace.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use turnbuckle_core::id::{WorkspaceId, check_slug};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::object::{DESCRIPTION_CHARS_MAX, LABEL_CHARS_MAX};
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use utoipa::ToSchema;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::app::App;
use crate::auth::{CanManage, CanRead};
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};

/// The settings document that holds them, by slug.
const SETTING: &str = "objects";
/// Most objects of one workspace.
const OBJECTS_MAX: usize = 1_000;

/// What is said of an object wherever a connection does not say it itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutObject {
    #[schema(max_length = 200)]
    pub label: Option<String>,
    #[schema(max_length = 5000)]
    pub description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectView {
    pub slug: String,
    pub label: Option<String>,
    pub description: Option<String>,
}

impl ObjectView {
    fn of(slug: String, it: PutObject) -> Self {
        Self { slug, label: it.label, description: it.description }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectAnswer {
    pub object: ObjectView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectListing {
    pub objects: Vec<ObjectView>,
    pub page: PageView,
}

type Defaults = IndexMap<String, PutObject>;

/// Lists the objects that are declared for the whole workspace.
#[utoipa::path(
    get, path = "/api/v1/objects", tag = "objects", params(ListingQuery),
    responses(
        (status = 200, body = ObjectListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn list_objects(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<ObjectListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "objects" };
    let all = all(&app, caller.workspace).await?.into_iter();
    let all = all.map(|(slug, it)| ObjectView::of(slug, it)).collect();
    let (objects, page) = listing.slice(&app, all, &query)?;
    Ok(Json(ObjectListing { objects, page }))
}

/// Declares an object for the whole workspace.
#[utoipa::path(
    put, path = "/api/v1/objects/{object}", tag = "objects", request_body = PutObject,
    params(("object" = String, Path, description = "Its slug.")),
    responses(
        (status = 200, body = ObjectAnswer),
        (status = 201, body = ObjectAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn put_object(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(object): PathParams<String>,
    JsonBody(wanted): JsonBody<PutObject>,
) -> Result<(StatusCode, Json<ObjectAnswer>), ApiError> {
    check_slug("object", &object)
        .map_err(|error| ApiError::new(Problem::InvalidRequest, error.to_string()))?;
    check(&wanted)?;
    let replaced = change(&app, caller.workspace, |all| {
        let replaced = all.insert(object.clone(), wanted.clone());
        if OBJECTS_MAX < all.len() {
            let detail =
                format!("a workspace declares at most {OBJECTS_MAX} objects; delete one first");
            return Err(ApiError::new(Problem::StateConflict, detail));
        }
        Ok(replaced)
    })
    .await?;
    let status = if replaced.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ObjectAnswer { object: ObjectView::of(object, wanted) })))
}

/// Shows an object that is declared for the whole workspace.
#[utoipa::path(
    get, path = "/api/v1/objects/{object}", tag = "objects",
    params(("object" = String, Path, description = "Its slug.")),
    responses(
        (status = 200, body = ObjectAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn get_object(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams(object): PathParams<String>,
) -> Result<Json<ObjectAnswer>, ApiError> {
    let found = all(&app, caller.workspace).await?.swap_remove(&object);
    let found = found.ok_or_else(|| StoreError::not_found(Noun::Object, &object))?;
    Ok(Json(ObjectAnswer { object: ObjectView::of(object, found) }))
}

/// Takes an object back for the workspace; connections that declare it keep it.
#[utoipa::path(
    delete, path = "/api/v1/objects/{object}", tag = "objects",
    params(("object" = String, Path, description = "Its slug.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn delete_object(
    CanManage(caller): CanManage,
    State(app): State<App>,
    PathParams(object): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    change(&app, caller.workspace, |all| {
        let removed = all.shift_remove(&object);
        Ok(removed.ok_or_else(|| StoreError::not_found(Noun::Object, &object))?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn all(app: &App, workspace: WorkspaceId) -> Result<Defaults, ApiError> {
    read(app.store.setting(workspace, SETTING).await?.as_ref())
}

fn read(document: Option<&Value>) -> Result<Defaults, ApiError> {
    let defaults = document.map(Defaults::deserialize).transpose();
    let defaults = defaults.map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    Ok(defaults.unwrap_or_default())
}

/// Changes the document, which holds all objects: again, where somebody else
/// changed another of them meanwhile.
async fn change<T>(
    app: &App,
    workspace: WorkspaceId,
    change: impl Fn(&mut Defaults) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    loop {
        let before = app.store.setting(workspace, SETTING).await?;
        let mut all = read(before.as_ref())?;
        let changed = change(&mut all)?;
        let document = serde_json::to_value(&all).expect("texts serialize");
        if app.store.replace_setting(workspace, SETTING, before.as_ref(), &document).await? {
            return Ok(changed);
        }
    }
}

/// Puts labels and descriptions where the declarations of a connection have none.
pub fn fill(objects: &mut Map<String, Value>, defaults: &Defaults) {
    for (slug, object) in objects {
        let (Some(default), Some(object)) = (defaults.get(slug), object.as_object_mut()) else {
            continue;
        };
        let texts = [("label", &default.label), ("description", &default.description)];
        for (member, text) in texts {
            if object.get(member).is_none_or(Value::is_null)
                && let Some(text) = text
            {
                object.insert(member.to_owned(), text.as_str().into());
            }
        }
    }
}

fn check(it: &PutObject) -> Result<(), ApiError> {
    let texts = [
        ("/label", &it.label, LABEL_CHARS_MAX),
        ("/description", &it.description, DESCRIPTION_CHARS_MAX),
    ];
    let too_long = texts.into_iter().filter(|(_, text, chars_max)| {
        text.as_ref().is_some_and(|text| *chars_max < text.chars().count())
    });
    let wrong: Vec<_> = too_long
        .map(|(path, _, chars_max)| Invalid::new(path, format!("at most {chars_max} characters")))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}
