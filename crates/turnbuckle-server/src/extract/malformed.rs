//! Says what is wrong with a request, where, and what was probably meant.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use turnbuckle_core::body::BodyError;
use turnbuckle_core::invalid::{Invalid, shorten};

use crate::problem::{ApiError, Problem};

/// Why `body` is not a `T`; `error` is how reading it ended.
pub fn json<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    // A choice that is no text is no mistake of the JSON, though serde says so.
    if !error.is_data() && serde_json::from_slice::<Value>(body).is_err() {
        let error = BodyError::of_json(body, error);
        return ApiError::new(Problem::MalformedJson, error.to_string());
    }
    let reader = &mut serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(reader) {
        Err(error) => ApiError::invalid(vec![Invalid::of_reading(&error)]),
        Ok(_) => ApiError::new(Problem::InvalidRequest, shorten(&error.to_string())),
    }
}

pub fn query(error: &serde_path_to_error::Error<serde_urlencoded::de::Error>) -> ApiError {
    let parameter = |_: &str, name: &str| format!("?{name}");
    let at = match error.path().iter().next_back() {
        Some(Segment::Map { key }) => parameter("", key),
        _ => String::new(),
    };
    // What the standard library says of a text that is no number or boolean.
    let sentence = match error.inner().to_string() {
        it if it.starts_with("invalid digit") || it.contains("from empty string") => {
            "is a whole number".to_owned()
        }
        it if it.starts_with("number too ") => "is a smaller number".to_owned(),
        it if it.starts_with("provided string was not") => "is `true` or `false`".to_owned(),
        it => it,
    };
    ApiError::invalid(vec![Invalid::of_sentence(&at, parameter, &sentence)])
}
