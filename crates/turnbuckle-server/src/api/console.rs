//! The pages of the console, which are in the binary.
//!
//! Made by `make ui` from the folder `ui`; a build without them works, and says so where
//! they would be. The page at `/` is one document, which shows what its address asks for:
//! whoever wants a page and not a document of the API gets it at any address that is not
//! taken. What it loads has the hash of its content in its name and never changes.
//!
//! The pages talk to this server alone, and run no script but their own: the policy says so
//! to the browser.

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::app::App;
use crate::problem::route_not_found;
use crate::sign_in::CONSOLE_HEADER;

#[derive(RustEmbed)]
#[folder = "../../ui/dist/console"]
#[allow_missing = true]
struct Pages;

const INDEX: &str = "index.html";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// What is shown where the pages are not built in.
const NOT_BUILT: &str = include_str!("console/not_built.html");

/// For as long as browsers keep anything.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for again each time.
const ANEW: HeaderValue = HeaderValue::from_static("no-cache");

pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| index(&headers)))
        .route("/assets/{*path}", get(get_asset))
}

/// The page for whoever wants one, and a problem for everybody else.
pub async fn page_or_not_found(request: Request) -> Response {
    let accepts = request.headers().get(ACCEPT).and_then(|it| it.to_str().ok());
    let wants_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    if wants_page && [Method::GET, Method::HEAD].contains(request.method()) && is_built() {
        return index(request.headers());
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

fn is_built() -> bool {
    Pages::get(INDEX).is_some()
}

fn index(headers: &HeaderMap) -> Response {
    match find(INDEX, headers) {
        Some(found) => answer(found, INDEX, ANEW),
        None => {
            let page = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
            guarded((page, NOT_BUILT).into_response(), ANEW)
        }
    }
}

async fn get_asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let path = format!("assets/{path}");
    match find(&path, &headers) {
        // Compressed ones are found by the name of what they are made of.
        Some(found) if !path.ends_with(".br") => answer(found, &path, FOR_EVER),
        _ => route_not_found().await.into_response(),
    }
}

/// A file, and whether it is compressed: as it is found beside the plain one.
fn find(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, bool)> {
    let compressed = takes_brotli(headers).then(|| Pages::get(&format!("{path}.br"))).flatten();
    match compressed {
        Some(found) => Some((found, true)),
        None => Pages::get(path).map(|found| (found, false)),
    }
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|it| it.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|it| it.trim() == "br")
}

fn answer((file, is_compressed): (EmbeddedFile, bool), path: &str, keep: HeaderValue) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = match kind.type_() {
        mime_guess::mime::TEXT => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let mut response = (StatusCode::OK, file.data).into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    guarded(response, keep)
}

fn guarded(mut response: Response, keep: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, keep);
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
