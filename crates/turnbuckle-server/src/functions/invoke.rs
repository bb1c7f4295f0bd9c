//! `invokeUrl`: a function calls others by HTTP, through the guarded client.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value as Json, json};
use turnbuckle_functions::Refused;
use url::Url;

use super::request::DEPTH_HEADER;
use crate::egress::{CallBounds, GuardedClient, WholeAnswer};

/// The rest of the call's own time may be less.
const BOUNDS: CallBounds = CallBounds { timeout: Duration::from_secs(10), body_bytes_max: 1 << 20 };

const MEMBERS: [&str; 5] = ["url", "type", "headers", "parameters", "body"];
const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const HEADERS_MAX: usize = 50;

/// Headers that say how a request travels, or that are set here.
const RESERVED_HEADERS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    DEPTH_HEADER,
];

/// What a script asks for.
#[derive(Debug)]
struct Invocation {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

/// Calls the URL and answers `status`, `headers` and `body`. The one called is told that
/// one function more came before it, should it be one.
pub async fn call(
    client: &GuardedClient,
    request: &Map<String, Json>,
    depth: u32,
) -> Result<Json, Refused> {
    let Invocation { method, url, mut headers, body } = Invocation::read(request)?;
    headers.insert(DEPTH_HEADER, HeaderValue::from(depth.saturating_add(1)));
    let answered = client.call(method, &url, headers, body, BOUNDS).await;
    Ok(shown(&answered.map_err(|error| Refused(error.to_string()))?))
}

impl Invocation {
    fn read(request: &Map<String, Json>) -> Result<Self, Refused> {
        if let Some(unknown) = request.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let known = MEMBERS.join("`, `");
            return refuse(format!("`{unknown}` is none of the members `{known}`"));
        }
        let member = |name: &str| request.get(name).filter(|value| !value.is_null());
        let mut url = match member("url") {
            Some(Json::String(text)) => Url::parse(text)
                .map_err(|error| Refused(format!("`url` cannot be read: {error}")))?,
            _ => return refuse("`url` must be a text"),
        };
        let method = match member("type") {
            None => Method::GET,
            Some(name) => find_method(name)?,
        };
        let mut headers = read_headers(member("headers"))?;
        let parameters = match member("parameters") {
            None => None,
            Some(Json::Object(parameters)) => Some(parameters),
            Some(_) => return refuse("`parameters` must be a map"),
        };
        let has_form =
            ![Method::GET, Method::DELETE].contains(&method) && !request.contains_key("body");
        let mut default_type = |of: &'static str| {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(of));
        };
        let body = match (parameters, member("body")) {
            (Some(parameters), _) if has_form => {
                default_type("application/x-www-form-urlencoded");
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(pairs(parameters));
                form.finish()
            }
            (_, None) => String::new(),
            (_, Some(Json::String(text))) => {
                default_type("text/plain;charset=utf-8");
                text.clone()
            }
            (_, Some(other)) => {
                default_type("application/json");
                other.to_string()
            }
        };
        if let Some(parameters) = parameters.filter(|them| !has_form && !them.is_empty()) {
            url.query_pairs_mut().extend_pairs(pairs(parameters));
        }
        Ok(Self { method, url, headers, body: body.into() })
    }
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(sentence.into()))
}

fn find_method(name: &Json) -> Result<Method, Refused> {
    let named =
        |it: &Method| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(it.as_str()));
    METHODS
        .into_iter()
        .find(named)
        .ok_or_else(|| Refused("`type` is `GET`, `POST`, `PUT`, `PATCH` or `DELETE`".to_owned()))
}

fn read_headers(given: Option<&Json>) -> Result<HeaderMap, Refused> {
    let mut headers = HeaderMap::new();
    match given {
        None => {}
        Some(Json::Object(given)) if given.len() <= HEADERS_MAX => {
            for (name, value) in given {
                let parsed = HeaderName::try_from(name).ok();
                let value = HeaderValue::try_from(text(value)).ok();
                match parsed.filter(|it| !RESERVED_HEADERS.contains(&it.as_str())).zip(value) {
                    Some((name, value)) => drop(headers.insert(name, value)),
                    None => return refuse(format!("`{name}` cannot be sent as a header")),
                }
            }
        }
        Some(_) => return refuse(format!("`headers` must be a map of at most {HEADERS_MAX}")),
    }
    let agent = concat!("Turnbuckle/", env!("CARGO_PKG_VERSION"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
    Ok(headers)
}

/// Names with values; one that has a list comes several times.
fn pairs(parameters: &Map<String, Json>) -> impl Iterator<Item = (&str, String)> {
    parameters.iter().flat_map(|(name, value)| {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        values.iter().map(move |value| (name.as_str(), text(value)))
    })
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The body stays a text: whether it is JSON is for the script to say.
fn shown(answer: &WholeAnswer) -> Json {
    let mut headers = Map::new();
    for name in answer.headers.keys() {
        let values = answer.headers.get_all(name).iter();
        let values: Vec<_> = values.map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
        headers.insert(name.as_str().to_owned(), json!(values.join(", ")));
    }
    json!({
        "status": answer.status.as_u16(),
        "headers": headers,
        "body": String::from_utf8_lossy(&answer.body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(request: Json) -> Result<Invocation, Refused> {
        Invocation::read(request.as_object().unwrap())
    }

    #[track_caller]
    fn check(request: Json, method: &str, url: &str, content_type: &str, body: &str) {
        let invocation = read(request).unwrap();
        assert_eq!((invocation.method.as_str(), invocation.url.as_str()), (method, url));
        let sent = invocation.headers.get(CONTENT_TYPE).map(|it| it.to_str().unwrap());
        assert_eq!(
            (sent.unwrap_or_default(), &invocation.body[..]),
            (content_type, body.as_bytes())
        );
    }

    #[test]
    fn parameters_go_where_the_method_has_them() {
        let url = "https://app.example/?a=1";
        check(json!({"url": url}), "GET", url, "", "");
        let parameters = json!({"b": "2 3", "c": [4, true]});
        let query = "https://app.example/?a=1&b=2+3&c=4&c=true";
        for method in ["GET", "delete"] {
            let request = json!({"url": url, "type": method, "parameters": parameters});
            check(request, &method.to_uppercase(), query, "", "");
        }
        let form = "application/x-www-form-urlencoded";
        let request = json!({"url": url, "type": "POST", "parameters": parameters});
        check(request, "POST", url, form, "b=2+3&c=4&c=true");
        let request =
            json!({"url": url, "type": "PUT", "parameters": parameters, "body": {"d": 5}});
        check(request, "PUT", query, "application/json", "{\"d\":5}");
        let typed = json!({"Content-Type": "application/xml"});
        let request = json!({"url": url, "type": "PATCH", "headers": typed, "body": "<a/>"});
        check(request, "PATCH", url, "application/xml", "<a/>");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let url = "https://app.example/";
        let many: Map<String, Json> =
            (0..=HEADERS_MAX).map(|number| (format!("x-{number}"), json!(""))).collect();
        for (request, part) in [
            (json!({}), "`url`"),
            (json!({"url": "app"}), "`url`"),
            (json!({"url": url, "type": "TRACE"}), "`type`"),
            (json!({"url": url, "type": 1}), "`type`"),
            (json!({"url": url, "files": []}), "`files`"),
            (json!({"url": url, "parameters": "a=1"}), "`parameters`"),
            (json!({"url": url, "headers": []}), "`headers`"),
            (json!({"url": url, "headers": many}), "`headers`"),
            (json!({"url": url, "headers": {"Host": "other"}}), "`Host`"),
            (json!({"url": url, "headers": {"content-length": 7}}), "`content-length`"),
            (
                json!({"url": url, "headers": {"Turnbuckle-Call-Depth": 0}}),
                "`Turnbuckle-Call-Depth`",
            ),
            (json!({"url": url, "headers": {"a b": "c"}}), "`a b`"),
            (json!({"url": url, "headers": {"a": "b\r\nc: d"}}), "`a`"),
        ] {
            let refused = read(request.clone()).unwrap_err();
            assert!(refused.0.contains(part), "{request}: {refused}");
        }
    }
}
