//! Who calls the browser API: a page that shows the token of a context.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use turnbuckle_store::context::Context;
use turnbuckle_store::workspace::Workspace;

use super::origin;
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::context_token::{Claims, Use};
use crate::problem::{ApiError, Problem};

/// A context whose token a page has shown.
pub struct OfContext {
    pub workspace: Workspace,
    pub context: Context,
    pub claims: Claims,
}

impl FromRequestParts<App> for OfContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| refused("send the token of a context as `Authorization: Bearer`"))?;
        let caller = Self::of_token(app, token, Use::Access).await?;
        origin::check(app, caller.workspace.id, parts).await?;
        Ok(caller)
    }
}

impl OfContext {
    /// # Errors
    /// 401 unless the token is good for this use, and its context is there.
    pub async fn of_token(app: &App, token: &str, kind: Use) -> Result<Self, ApiError> {
        let over = || refused("the token is not valid, or its time is over; ask for another");
        let claims = Claims::verify(token, kind, &app.sealer, app.now()).ok_or_else(over)?;
        let workspace = app.store.workspace(&claims.workspace).await?.ok_or_else(over)?;
        let context = app.store.context(workspace.id, &claims.context).await?.ok_or_else(over)?;
        Ok(Self { workspace, context, claims })
    }

    /// A connection of the context.
    ///
    /// # Errors
    /// 404, of another context's as if there were none.
    pub async fn connection(
        &self,
        app: &App,
        id: &str,
    ) -> Result<std::sync::Arc<LiveConnection>, ApiError> {
        let live = app.catalog.connection(self.workspace.id, id).await?;
        match live.row.context == self.context.external_id {
            true => Ok(live),
            false => {
                let detail = format!("no connection `{id}`");
                Err(ApiError::new(Problem::ConnectionNotFound, detail))
            }
        }
    }
}

fn refused(detail: &str) -> ApiError {
    ApiError::new(Problem::Unauthorized, detail)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
