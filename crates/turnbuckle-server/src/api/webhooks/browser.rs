//! Posts that come from pages in a browser.
//!
//! A browser lets a page post JSON to us, and read our answer, only if we say
//! that we expect its origin. Other posts are not refused by their origin:
//! programs send none, and what keeps a key secret is not our check of a header.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    CONTENT_TYPE, LOCATION, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use turnbuckle_core::source::SourceSettings;

use crate::problem::ApiError;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What the answer must hold for the page that posted.
#[derive(Default)]
pub struct Browser {
    /// The source is posted to by pages, so the answer depends on who asks.
    varies: bool,
    allowed: Option<HeaderValue>,
    /// Where the person who sent a form goes next.
    redirect: Option<HeaderValue>,
}

impl Browser {
    pub fn of(settings: &SourceSettings, headers: &HeaderMap) -> Self {
        if settings.origins.is_empty() && settings.redirect.is_none() {
            return Self::default();
        }
        let redirect = settings.redirect.as_ref().filter(|_| is_form_of_a_page(headers));
        Self {
            varies: !settings.origins.is_empty(),
            allowed: allowed_origin(settings, headers),
            redirect: redirect.and_then(|url| HeaderValue::from_str(url.as_str()).ok()),
        }
    }

    /// The answer, readable by the page. A form that was taken leads on.
    pub fn finish(self, answer: Result<Response, ApiError>) -> Response {
        let mut response = match (answer, self.redirect) {
            (Ok(answer), Some(location)) if answer.status().is_success() => {
                (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
            }
            (answer, _) => answer.into_response(),
        };
        if self.varies {
            response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = self.allowed {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        response
    }
}

/// The answer to a browser that asks whether a page may post.
pub fn preflight(settings: &SourceSettings, headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(VARY, HeaderValue::from_static("origin, access-control-request-headers"));
    if let Some(origin) = allowed_origin(settings, headers) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let asked = asked.unwrap_or(HeaderValue::from_static("content-type"));
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    response
}

/// What to answer the origin that asks, if its pages may post.
fn allowed_origin(settings: &SourceSettings, headers: &HeaderMap) -> Option<HeaderValue> {
    let asking = headers.get(ORIGIN)?;
    if settings.origins.iter().any(|origin| origin == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    let is_it = |origin: &String| origin.as_bytes().eq_ignore_ascii_case(asking.as_bytes());
    settings.origins.iter().any(is_it).then(|| asking.clone())
}

/// Whether a person sent a form, and will look at what is answered. A script
/// that posts the same form reads the answer itself.
fn is_form_of_a_page(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_ascii_lowercase()
    };
    let content_type = text(CONTENT_TYPE);
    let is_form = ["multipart/form-data", "application/x-www-form-urlencoded"]
        .iter()
        .any(|form| content_type.trim_start().starts_with(form));
    is_form
        && match text(SEC_FETCH_MODE).as_str() {
            "" => text(ACCEPT).contains("text/html") || headers.contains_key(ORIGIN),
            mode => mode == "navigate",
        }
}
