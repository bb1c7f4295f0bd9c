//! Web pages that are in the binary.
//!
//! What a page loads has the hash of its content in its name and never changes. A page talks to
//! this server alone, and runs no script but its own: its policy says so to the browser.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::EmbeddedFile;

const INDEX: &str = "index.html";

/// What is shown where the pages are not built in.
const NOT_BUILT: &str = include_str!("pages/not_built.html");

/// For as long as browsers keep anything.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for again each time.
pub const ANEW: HeaderValue = HeaderValue::from_static("no-cache");

/// Pages of one purpose: `index.html`, and what it loads.
pub struct Pages {
    /// A file, by its path; compressed ones lie beside the plain ones, as `.br`.
    pub file: fn(&str) -> Option<EmbeddedFile>,
}

impl Pages {
    pub fn are_built(&self) -> bool {
        (self.file)(INDEX).is_some()
    }

    /// The page.
    pub fn index(&self, headers: &HeaderMap, policy: HeaderValue) -> Response {
        let mut response = match self.find(INDEX, headers) {
            Some(found) => answer(found, INDEX, ANEW),
            None => {
                let page = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
                kept((page, NOT_BUILT).into_response(), ANEW)
            }
        };
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response
    }

    /// What a page loads; it has the hash of its content in its name.
    pub fn asset(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        // Compressed ones are found by the name of what they are made of.
        let found = self.find(path, headers).filter(|_| !path.ends_with(".br"))?;
        Some(answer(found, path, FOR_EVER))
    }

    /// A file that stays under its name.
    pub fn stable(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        Some(answer(self.find(path, headers)?, path, ANEW))
    }

    /// A file, and whether it is compressed: as it is found beside the plain one.
    fn find(&self, path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, bool)> {
        let compressed =
            takes_brotli(headers).then(|| (self.file)(&format!("{path}.br"))).flatten();
        match compressed {
            Some(found) => Some((found, true)),
            None => (self.file)(path).map(|found| (found, false)),
        }
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
    kept(response, keep)
}

fn kept(mut response: Response, keep: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, keep);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
