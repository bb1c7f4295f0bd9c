//! What the caller of a function is answered, in the shape of Zoho's functions.
//!
//! A value that is returned is wrapped; a script that returns `crmAPIResponse` says
//! itself what to answer. What goes wrong has a code, and a message without the
//! inside of the script, which is for its owner alone.

use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};
use turnbuckle_core::id::FunctionId;
use turnbuckle_functions::Failure;

const JSON_TYPE: &str = "application/json;charset=utf-8";
/// What a response is called that says nothing of headers.
const ATTACHMENT: &str = "attachment;filename=response.json";

/// Headers that belong to the connection or to the hub, whatever a script says.
const OWN_HEADERS: [&str; 8] = [
    "connection",
    "content-length",
    "content-security-policy",
    "keep-alive",
    "set-cookie",
    "transfer-encoding",
    "upgrade",
    "x-content-type-options",
];

/// Why a call is answered with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No key, or none that opens this function.
    InvalidToken,
    NotFound,
    /// It has no published version.
    NotPublished,
    /// It is called from within alone.
    NotRestApi,
    PayloadTooLarge,
    /// Functions call each other in a circle, it seems.
    TooDeep,
    InvalidRequest,
    Failed,
    TimeUp,
    InvalidReturn,
    /// Too many calls wait for their turn.
    Busy,
    Unavailable,
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        self.facts().0
    }

    fn facts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidToken => (S::UNAUTHORIZED, "INVALID_TOKEN", "no valid zapikey"),
            Self::NotFound => (S::NOT_FOUND, "FUNCTION_NOT_FOUND", "there is no such function"),
            Self::NotPublished => {
                (S::NOT_FOUND, "FUNCTION_NOT_PUBLISHED", "the function has no published version")
            }
            Self::NotRestApi => (
                S::FORBIDDEN,
                "REST_API_DISABLED",
                "the function is not called by URL: its owner can set `rest_api`",
            ),
            Self::PayloadTooLarge => {
                (S::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "the body is too large")
            }
            Self::TooDeep => {
                (S::LOOP_DETECTED, "LOOP_DETECTED", "too many functions called each other")
            }
            Self::InvalidRequest => {
                (S::BAD_REQUEST, "INVALID_REQUEST", "the request cannot be read")
            }
            Self::Failed => (S::INTERNAL_SERVER_ERROR, "FUNCTION_FAILED", "the function failed"),
            Self::TimeUp => {
                (S::GATEWAY_TIMEOUT, "TIME_OUT", "the function was not done in its time")
            }
            Self::InvalidReturn => (
                S::INTERNAL_SERVER_ERROR,
                "INVALID_RETURN",
                "the function returned what cannot be answered",
            ),
            Self::Busy => (
                S::SERVICE_UNAVAILABLE,
                "TOO_MANY_CALLS",
                "too many calls wait for their turn; come again later",
            ),
            Self::Unavailable => {
                (S::SERVICE_UNAVAILABLE, "UNAVAILABLE", "the hub cannot run functions right now")
            }
        }
    }
}

impl From<&Failure> for Refusal {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Thrown(_) | Failure::Crashed(_) => Self::Failed,
            Failure::TimeUp(_) => Self::TimeUp,
            Failure::TooMuchOutput(_) | Failure::NotJson(_) => Self::InvalidReturn,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, message) = self.facts();
        let body = json!({"code": code, "details": {}, "message": message, "status": "error"});
        let mut headers = HeaderMap::new();
        if self == Self::Busy {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        guarded(status, headers, body.to_string())
    }
}

/// The answer to what a script returned.
///
/// # Errors
/// [`Refusal::InvalidReturn`]
pub fn of_result(id: FunctionId, result: &Json) -> Result<Response, Refusal> {
    match result.get("response") {
        Some(response) => of_response(response).ok_or(Refusal::InvalidReturn),
        None => Ok(of_output(id, &result["output"])),
    }
}

fn of_output(id: FunctionId, output: &Json) -> Response {
    let output = match output {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let body = json!({
        "code": "success",
        "details": {"output": output, "output_type": "string", "id": id.to_string()},
        "message": "function executed successfully",
    });
    guarded(StatusCode::OK, HeaderMap::new(), body.to_string())
}

/// `None` if it is not what a response can be.
fn of_response(response: &Json) -> Option<Response> {
    let response = response.as_object()?;
    let status = match response.get("status_code") {
        None | Some(Json::Null) => StatusCode::OK,
        Some(code) => {
            let code = match code {
                Json::String(text) => text.parse().ok()?,
                other => other.as_u64()?,
            };
            // Informational ones are no answers.
            StatusCode::from_u16(u16::try_from(code).ok().filter(|code| 200 <= *code)?).ok()?
        }
    };
    let none = Map::new();
    let given = match response.get("headers") {
        None | Some(Json::Null) => None,
        Some(headers) => Some(headers.as_object()?),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in given.unwrap_or(&none) {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if !OWN_HEADERS.contains(&name.as_str()) {
            headers.insert(name, HeaderValue::from_str(&text(value)).ok()?);
        }
    }
    if given.is_none() {
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(ATTACHMENT));
    }
    let content_type = ["Content-Type", "content-type"].iter().find_map(|it| response.get(*it));
    if let Some(content_type) = content_type.filter(|it| !it.is_null()) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&text(content_type)).ok()?);
    }
    let body = response.get("body").map(text).unwrap_or_default();
    Some(guarded(status, headers, body))
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a user's script answers must not act in the name of the hub, on whose address
/// it is: in a browser it is a document of nobody's.
fn guarded(status: StatusCode, mut headers: HeaderMap, body: String) -> Response {
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(JSON_TYPE));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let sandbox = HeaderValue::from_static("sandbox; default-src 'none'");
    headers.insert(http::header::CONTENT_SECURITY_POLICY, sandbox);
    match status {
        // These have none, whatever a script says.
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => (status, headers).into_response(),
        _ => (status, headers, body).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(response: Json) -> Option<(u16, HeaderMap)> {
        let id = FunctionId(turnbuckle_core::id::Minter::default().mint(1, 1));
        let answer = of_result(id, &json!({ "response": response })).ok()?;
        Some((answer.status().as_u16(), answer.headers().clone()))
    }

    #[test]
    fn what_a_response_leaves_out_has_its_default() {
        let (status, headers) = answered(json!({})).unwrap();
        assert_eq!(status, 200);
        assert_eq!(headers[CONTENT_TYPE], JSON_TYPE);
        assert_eq!(headers[CONTENT_DISPOSITION], ATTACHMENT);
        let (status, headers) = answered(json!({
            "status_code": "202", "content-type": "text/html", "headers": {"X-A": 1, "Set-Cookie": "a=b"},
        }))
        .unwrap();
        assert_eq!((status, headers["x-a"].to_str().unwrap()), (202, "1"));
        assert_eq!(headers[CONTENT_TYPE], "text/html");
        assert!(!headers.contains_key("set-cookie") && !headers.contains_key(CONTENT_DISPOSITION));
        assert_eq!(headers["content-security-policy"], "sandbox; default-src 'none'");
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for response in [
            json!(1),
            json!({"status_code": 99}),
            json!({"status_code": 100}),
            json!({"status_code": 1000}),
            json!({"status_code": "ok"}),
            json!({"headers": []}),
            json!({"headers": {"a b": "c"}}),
            json!({"headers": {"a": "b\nc"}}),
            json!({"Content-Type": "a\n"}),
        ] {
            assert!(answered(response.clone()).is_none(), "{response}");
        }
    }
}
