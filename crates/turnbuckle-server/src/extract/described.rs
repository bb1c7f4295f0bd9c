//! Refuses what a call is not described to take, where it would be dropped without
//! a word and found too late: `DELETE …/sources/{source}?after=24h` would delete at
//! once, and a change with an `If-Match` that nobody looks at overwrites.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use turnbuckle_core::invalid::{Invalid, shorten};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::problem::{ApiError, Problem};

/// What each call is described to take.
#[derive(Debug, Clone)]
pub struct Described(Arc<HashMap<(Method, String), Takes>>);

#[derive(Debug, Clone, Copy)]
struct Takes {
    query: bool,
    precondition: bool,
}

impl Described {
    pub fn of(document: &OpenApi) -> Self {
        let mut calls = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ] {
                let Some(operation) = operation else { continue };
                calls.insert((method, path.clone()), Takes::of(operation));
            }
        }
        Self(Arc::new(calls))
    }
}

impl Takes {
    fn of(operation: &Operation) -> Self {
        let has = |is_it: fn(&Parameter) -> bool| {
            operation.parameters.iter().flatten().any(|it| match it {
                RefOr::T(parameter) => is_it(parameter),
                RefOr::Ref(_) => false,
            })
        };
        Self {
            query: has(|it| it.parameter_in == ParameterIn::Query),
            precondition: has(|it| it.name.eq_ignore_ascii_case(IF_MATCH.as_str())),
        }
    }
}

/// Passes on what has nothing that its call does not take.
///
/// # Errors
/// [`Problem::InvalidRequest`] with the parameter or the header.
pub async fn refuse_undescribed(
    State(Described(calls)): State<Described>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.extensions().get::<MatchedPath>();
    let call = path.map(|path| (request.method().clone(), path.as_str().to_owned()));
    if let Some(takes) = call.and_then(|call| calls.get(&call)) {
        check(*takes, &request)?;
    }
    Ok(next.run(request).await)
}

fn check(takes: Takes, request: &Request) -> Result<(), ApiError> {
    let query = request.uri().query().unwrap_or_default();
    let parameter = url::form_urlencoded::parse(query.as_bytes()).next();
    if let Some((name, _)) = parameter.filter(|_| !takes.query) {
        let name = shorten(&name);
        let detail = format!("`{name}` is not known; this call takes no query parameters");
        return Err(ApiError::invalid(vec![Invalid::new(format!("?{name}"), detail)]));
    }
    let has = |header| request.headers().contains_key(header);
    // Reading anew what a cache has is no mistake.
    let has_none_match = has(IF_NONE_MATCH) && request.method() != Method::GET;
    if !takes.precondition && (has(IF_MATCH) || has_none_match) {
        let detail = "this call does not look at `If-Match` and `If-None-Match`, so leave them \
                      out; a change of what is read with an `ETag` does";
        return Err(ApiError::new(Problem::InvalidRequest, detail));
    }
    Ok(())
}
