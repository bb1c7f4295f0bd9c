//! The pages of the console, which are in the binary ([`crate::api::pages`]).
//!
//! Made by `make ui` from the folder `ui`; a build without them works, and says so where
//! they would be. The page at `/` is one document, which shows what its address asks for:
//! whoever wants a page and not a document of the API gets it at any address that is not
//! taken.

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCEPT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use rust_embed::RustEmbed;

use crate::api::pages::Pages;
use crate::app::App;
use crate::problem::route_not_found;
use crate::sign_in::CONSOLE_HEADER;

#[derive(RustEmbed)]
#[folder = "../../ui/dist/console"]
#[allow_missing = true]
struct Files;

const PAGES: Pages = Pages { file: Files::get };

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| PAGES.index(&headers, POLICY)))
        .route("/assets/{*path}", get(get_asset))
}

/// The page for whoever wants one, and a problem for everybody else.
pub async fn page_or_not_found(request: Request) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|it| it.to_str().ok());
    let wants_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    if wants_page && [Method::GET, Method::HEAD].contains(request.method()) && PAGES.are_built() {
        return PAGES.index(request.headers(), POLICY);
    }
    route_not_found().await.into_response()
}

/// Asks a page for no key set: its browser would ask whoever sits before it, in a window of
/// its own, before the page hears of the answer.
pub async fn without_challenge(request: Request, next: Next) -> Response {
    let is_page = request.headers().contains_key(CONSOLE_HEADER);
    let mut response = next.run(request).await;
    if is_page {
        response.headers_mut().remove(WWW_AUTHENTICATE);
    }
    response
}

async fn get_asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match PAGES.asset(&format!("assets/{path}"), &headers) {
        Some(found) => found,
        None => route_not_found().await.into_response(),
    }
}
