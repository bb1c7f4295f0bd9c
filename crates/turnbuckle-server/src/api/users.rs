//! Users: people who sign in to the console.
//!
//! Made and reset by whoever may administer the workspace, by API or `turnbuckle users`. A
//! password that was not given is made, and shown in that answer alone.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::UserId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::user::{Role, User, UserChange};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::listing::{Listing, ListingQuery, PageView};
use crate::api::time::rfc3339;
use crate::app::App;
use crate::auth::CanAdminister;
use crate::extract::{JsonBody, PathParams, QueryParams};
use crate::problem::{ApiError, Problem, ProblemBody};
use crate::secret::SecretText;
use crate::sign_in::{self, check_name, check_password};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(update_user, delete_user))
}

/// Somebody who signs in.
#[derive(Serialize, ToSchema)]
pub struct UserView {
    #[schema(example = "usr_01a20a4705417000803145d52465f1f4")]
    pub id: String,
    /// What they sign in with; unique in the installation.
    #[schema(example = "ada@example.com")]
    pub name: String,
    #[schema(value_type = UserRole)]
    pub role: Role,
    pub created_at: String,
    pub updated_at: String,
}

/// `admin` does everything in the workspace, `editor` everything but key sets and users,
/// `viewer` reads.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum UserRole {
    Admin,
    Editor,
    Viewer,
}

impl From<User> for UserView {
    fn from(it: User) -> Self {
        Self {
            id: it.id.to_string(),
            name: it.name,
            role: it.role,
            created_at: rfc3339(it.created_at),
            updated_at: rfc3339(it.updated_at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct UserListing {
    pub users: Vec<UserView>,
    pub page: PageView,
}

/// A user, with the password if it was made for them.
#[derive(Serialize, ToSchema)]
pub struct UserAnswer {
    pub user: UserView,
    /// Only where none was given; it cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl UserAnswer {
    pub fn of(user: User, made: Option<SecretText>) -> Self {
        let password = made.map(|password| password.reveal().to_owned());
        Self { user: user.into(), password }
    }
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// 1 to 100 small letters, digits and `-_.@+`.
    #[schema(max_length = 100, example = "ada@example.com")]
    name: String,
    #[schema(value_type = UserRole)]
    role: Role,
    /// 10 to 200 characters; one is made if it is not given.
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
}

/// What is changed of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    #[schema(value_type = Option<UserRole>)]
    role: Option<Role>,
    /// Ends the sessions of the user.
    #[schema(min_length = 10, max_length = 200)]
    password: Option<String>,
    /// Makes a password and shows it in the answer; ends the sessions of the user.
    #[serde(default)]
    reset_password: bool,
}

/// Lists the users of the workspace, oldest first.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", params(ListingQuery),
    responses(
        (status = 200, body = UserListing),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn list_users(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    QueryParams(query): QueryParams<ListingQuery>,
) -> Result<Json<UserListing>, ApiError> {
    let listing = Listing { workspace: caller.workspace, name: "users" };
    let (users, page) = listing.slice(&app, app.store.users(caller.workspace).await?, &query)?;
    Ok(Json(UserListing { users: users.into_iter().map(UserView::from).collect(), page }))
}

/// Makes a user.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = CreateUser,
    responses(
        (status = 201, body = UserAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn create_user(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    JsonBody(CreateUser { name, role, password }): JsonBody<CreateUser>,
) -> Result<(StatusCode, Json<UserAnswer>), ApiError> {
    let mut wrong = Vec::new();
    if let Err(must) = check_name(&name) {
        wrong.push(Invalid::new("/name", format!("`name` {must}")));
    }
    wrong.extend(wrong_password(password.as_deref()));
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    let (user, made) = sign_in::create_user(&app, caller.workspace, name, role, password).await?;
    Ok((StatusCode::CREATED, Json(UserAnswer::of(user, made))))
}

/// Changes the role of a user, or the password.
#[utoipa::path(
    patch, path = "/api/v1/users/{user}", tag = "users", request_body = UpdateUser,
    params(("user" = String, Path, description = "Its id, `usr_…`.")),
    responses(
        (status = 200, body = UserAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn update_user(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    PathParams(user): PathParams<String>,
    JsonBody(wanted): JsonBody<UpdateUser>,
) -> Result<Json<UserAnswer>, ApiError> {
    let id = parse(&user)?;
    let UpdateUser { role, password, reset_password } = wanted;
    if let Some(wrong) = wrong_password(password.as_deref()) {
        return Err(ApiError::invalid(vec![wrong]));
    }
    if password.is_some() && reset_password {
        let detail = "either `password` or `reset_password`";
        return Err(ApiError::invalid(vec![Invalid::new("/reset_password", detail)]));
    }
    let (password_hash, made) = match password.is_some() || reset_password {
        false => (None, None),
        true => {
            let (hash, made) = sign_in::hash_of(&app, password).await?;
            (Some(hash), made)
        }
    };
    let change = UserChange { role, password_hash };
    let user = app.store.update_user(caller.workspace, id, change).await?;
    Ok(Json(UserAnswer::of(user, made)))
}

/// Deletes a user. Sessions end at once.
#[utoipa::path(
    delete, path = "/api/v1/users/{user}", tag = "users",
    params(("user" = String, Path, description = "Its id, `usr_…`.")),
    responses(
        (status = 204),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn delete_user(
    CanAdminister(caller): CanAdminister,
    State(app): State<App>,
    PathParams(user): PathParams<String>,
) -> Result<StatusCode, ApiError> {
    app.store.delete_user(caller.workspace, parse(&user)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(id: &str) -> Result<UserId, ApiError> {
    UserId::parse(id).map_err(|_| ApiError::new(Problem::UserNotFound, format!("no user `{id}`")))
}

fn wrong_password(password: Option<&str>) -> Option<Invalid> {
    let must = check_password(password?).err()?;
    Some(Invalid::new("/password", format!("`password` {must}")))
}
