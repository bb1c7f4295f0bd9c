//! What a function is told of the request that calls it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Map, Value as Json, json};
use turnbuckle_core::body;

/// How many functions have called each other before a request, in a header of its own.
pub const DEPTH_HEADER: &str = "turnbuckle-call-depth";

/// How many functions may have called each other before one is called: a call goes on
/// although its caller gave up, so those that call each other in a circle would never end.
const DEPTH_MAX: u32 = 5;

/// Parameters of the address that are for the hub and not for the function.
const OWN_PARAMETERS: [&str; 2] = ["auth_type", "zapikey"];

/// A request as `crmAPIRequest` tells of it.
pub struct FunctionRequest {
    pub method: String,
    pub headers: Map<String, Json>,
    /// Parameters of the address, and fields of a form.
    pub params: Map<String, Json>,
    /// As it was sent.
    pub body: String,
    /// Null, a file, or a list of several.
    pub file_content: Json,
    pub user_info: Json,
    pub auth_type: &'static str,
    /// How many functions called each other before it.
    pub depth: u32,
}

impl FunctionRequest {
    /// About as many as it holds while it waits.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Of a request by HTTP.
    pub fn read(
        method: &str,
        query: &str,
        headers: &HeaderMap,
        raw: &[u8],
        user_info: Json,
    ) -> Self {
        let mut params = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !OWN_PARAMETERS.contains(&name.as_ref()) {
                add(&mut params, &name, Json::String(value.into_owned()));
            }
        }
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let kind = content_type.unwrap_or_default().trim_start().to_ascii_lowercase();
        let is_urlencoded = kind.starts_with("application/x-www-form-urlencoded");
        let is_form = is_urlencoded || kind.starts_with("multipart/");
        let form = is_form.then(|| body::decode(content_type, raw, false).ok()).flatten();
        // Where a field is no UTF-8, the others are what they are, as in the address. Files that
        // cannot be told apart are a body as any other.
        if is_urlencoded && form.is_none() {
            for (name, value) in url::form_urlencoded::parse(raw) {
                add(&mut params, &name, Json::String(value.into_owned()));
            }
        }
        let mut files = Vec::new();
        if let Some(form) = form {
            if let Json::Object(fields) = form.value {
                let is_file = |name: &str| form.files.iter().any(|file| file.name == name);
                let fields = fields.into_iter().filter(|(name, _)| !is_file(name));
                fields.for_each(|(name, value)| add(&mut params, &name, value));
            }
            files.extend(form.files.iter().map(|file| {
                json!({
                    "name": file.file_name,
                    "content_type": file.content_type,
                    "base64": STANDARD.encode(&raw[file.at.clone()]),
                })
            }));
        }
        let depth = headers.get(DEPTH_HEADER).and_then(|it| it.to_str().ok()?.parse().ok());
        let headers = headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), Json::String(value))
        });
        Self {
            method: method.to_owned(),
            headers: headers.collect(),
            params,
            body: String::from_utf8_lossy(raw).into_owned(),
            file_content: match files.len() {
                0 => Json::Null,
                1 => files.swap_remove(0),
                _ => Json::Array(files),
            },
            user_info,
            auth_type: "apikey",
            depth: depth.unwrap_or_default(),
        }
    }

    /// Whether functions call each other in a circle, it seems.
    pub fn is_too_deep(&self) -> bool {
        DEPTH_MAX < self.depth
    }

    /// What the sandbox takes, with those of the declared arguments that were sent.
    pub fn to_input(&self, declared: &[String]) -> Json {
        let Self { method, headers, params, body, file_content, user_info, auth_type, .. } = self;
        let packed = self.packed_arguments();
        let given = declared.iter().filter_map(|name| {
            let value = packed.get(name).or_else(|| params.get(name))?;
            Some(json!({"name": name, "value": value}))
        });
        json!({
            "request": {
                "body": body,
                "params": params,
                "file_content": file_content,
                "user_info": user_info,
                "method": method,
                "auth_type": auth_type,
                "headers": headers,
            },
            "arguments": given.collect::<Vec<_>>(),
        })
    }

    /// Arguments that were sent together: as JSON under the name `arguments`, among the
    /// parameters or in a body that is JSON.
    fn packed_arguments(&self) -> Map<String, Json> {
        let packed = match self.params.get("arguments") {
            Some(Json::String(text)) => serde_json::from_str(text).ok(),
            Some(other) => Some(other.clone()),
            None => serde_json::from_str::<Map<String, Json>>(&self.body)
                .ok()
                .and_then(|mut body| body.remove("arguments")),
        };
        match packed {
            Some(Json::Object(arguments)) => arguments,
            _ => Map::new(),
        }
    }
}

/// A name that is sent twice has a list of values.
fn add(params: &mut Map<String, Json>, name: &str, value: Json) {
    match params.get_mut(name) {
        None => {
            params.insert(name.to_owned(), value);
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = json!([first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, content_type: &str, raw: &str) -> FunctionRequest {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        headers.insert("X-Sign", "abc".parse().unwrap());
        FunctionRequest::read("POST", query, &headers, raw.as_bytes(), json!({"id": "1"}))
    }

    #[test]
    fn parameters_come_from_the_address_and_the_form() {
        let query = "auth_type=apikey&zapikey=1003.a.b&id=7&tag=a&tag=b";
        let request = read(query, "application/x-www-form-urlencoded", "to=me&text=a%20b");
        let params = json!({"id": "7", "tag": ["a", "b"], "to": "me", "text": "a b"});
        let input = request.to_input(&[]);
        assert_eq!(input["request"]["params"], params);
        assert_eq!(input["request"]["body"], "to=me&text=a%20b");
        assert_eq!(input["request"]["headers"]["x-sign"], "abc");
        assert_eq!(input["request"]["file_content"], Json::Null);
        assert_eq!(input["arguments"], json!([]));
    }

    #[test]
    fn declared_arguments_are_found_wherever_they_are_sent() {
        let declared = ["id".to_owned(), "to".to_owned()];
        let form = "application/x-www-form-urlencoded";
        for request in [
            read("id=7&to=me", "text/plain", ""),
            read("", form, "id=7&to=me&other=1"),
            read("arguments=%7B%22id%22%3A%227%22%2C%22to%22%3A%22me%22%7D", "text/plain", ""),
            read("", form, "arguments=%7B%22id%22%3A%227%22%2C%22to%22%3A%22me%22%7D"),
            read("", "application/json", r#"{"arguments":{"id":"7","to":"me"}}"#),
        ] {
            let expected = json!([{"name": "id", "value": "7"}, {"name": "to", "value": "me"}]);
            assert_eq!(request.to_input(&declared)["arguments"], expected);
        }
        let none = read("", "application/json", r#"{"id":"7"}"#);
        assert_eq!(none.to_input(&declared)["arguments"], json!([]));
    }

    #[test]
    fn files_of_a_form_come_with_their_content() {
        let part = |name: &str, file: &str, content: &str| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
                 Content-Type: text/plain\r\n\r\n{content}\r\n"
            )
        };
        let content_type = "multipart/form-data; boundary=b";
        let one = read("", content_type, &(part("doc", "a.txt", "abc") + "--b--\r\n"));
        let file = json!({"name": "a.txt", "content_type": "text/plain", "base64": "YWJj"});
        assert_eq!(one.file_content, file);
        assert!(one.params.is_empty());
        let two = part("doc", "a.txt", "abc") + &part("doc2", "b.txt", "") + "--b--\r\n";
        assert_eq!(read("", content_type, &two).file_content.as_array().unwrap().len(), 2);
        let cut = read("", content_type, "--b\r\nnothing");
        assert_eq!((cut.file_content, cut.body.as_str()), (Json::Null, "--b\r\nnothing"));
    }
}
