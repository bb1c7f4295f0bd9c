//! Refuses query parameters where a call takes none. One that is silently dropped
//! is found too late: `DELETE …/sources/{source}?after=24h` would delete at once.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use turnbuckle_core::invalid::{Invalid, shorten};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::problem::ApiError;

/// The calls that are described without query parameters.
#[derive(Debug, Clone)]
pub struct WithoutQuery(Arc<HashSet<(Method, String)>>);

impl WithoutQuery {
    pub fn of(document: &OpenApi) -> Self {
        let mut calls = HashSet::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ] {
                let Some(operation) = operation else { continue };
                let mut parameters = operation.parameters.iter().flatten();
                let is_query = |it: &RefOr<Parameter>| match it {
                    RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
                    RefOr::Ref(_) => false,
                };
                if !parameters.any(is_query) {
                    calls.insert((method, path.clone()));
                }
            }
        }
        Self(Arc::new(calls))
    }
}

/// Passes on what has no query, and what may have one.
///
/// # Errors
/// [`crate::problem::Problem::InvalidRequest`] with the parameter.
pub async fn refuse_query(
    State(WithoutQuery(calls)): State<WithoutQuery>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let query = request.uri().query().unwrap_or_default();
    if let Some((name, _)) = url::form_urlencoded::parse(query.as_bytes()).next()
        && let Some(path) = request.extensions().get::<MatchedPath>()
        && calls.contains(&(request.method().clone(), path.as_str().to_owned()))
    {
        let name = shorten(&name);
        let detail = format!("`{name}` is not known; this call takes no query parameters");
        return Err(ApiError::invalid(vec![Invalid::new(format!("?{name}"), detail)]));
    }
    Ok(next.run(request).await)
}
