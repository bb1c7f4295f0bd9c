//! Says what is wrong with a request, where, and what was probably meant.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use turnbuckle_core::body::BodyError;
use turnbuckle_core::entity::{did_you_mean, nearest};
use turnbuckle_core::invalid::{Invalid, pointer};

use crate::problem::{ApiError, Problem};

/// The longest piece of a request that is repeated to its sender, in bytes.
const REPEATED_BYTES_MAX: usize = 200;

/// Why `body` is not a `T`; `error` is how reading it ended.
pub fn json<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        let error = BodyError::of_json(body, error);
        return ApiError::new(Problem::MalformedJson, error.to_string());
    }
    let reader = &mut serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(reader) {
        Err(error) => {
            let at = error.path().iter().fold(String::new(), |at, segment| match segment {
                Segment::Seq { index } => pointer(&at, index),
                Segment::Map { key } => pointer(&at, key),
                // The name of a variant is part of a value, not of the way to it.
                Segment::Enum { .. } | Segment::Unknown => at,
            });
            ApiError::invalid(vec![invalid(
                &at,
                |at, name| pointer(at, name),
                &error.inner().to_string(),
            )])
        }
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
    ApiError::invalid(vec![invalid(&at, parameter, &sentence)])
}

/// Puts serde's sentence into words for the sender. `inside` makes the path of
/// a member inside the thing at `at`.
fn invalid(at: &str, inside: impl Fn(&str, &str) -> String, sentence: &str) -> Invalid {
    // serde_json adds the position, which the path already gives.
    let sentence = sentence.rsplit_once(" at line ").map_or(sentence, |(sentence, _)| sentence);
    // Its names stand between backticks, so they are every second piece.
    let mut names = sentence.split('`').skip(1).step_by(2);
    let Some(name) = names.next() else { return Invalid::new(at, shorten(sentence)) };

    // The path may or may not end with the name itself.
    let named = match inside("", name) {
        last if at.ends_with(&last) => at.to_owned(),
        _ => inside(at, name),
    };
    if sentence.starts_with("unknown field `") {
        let known: Vec<&str> = names.collect();
        let near = nearest(name, known.iter().copied());
        let detail = match near {
            None if !known.is_empty() => {
                format!("`{}` is not known; known are `{}`", shorten(name), known.join("`, `"))
            }
            near => format!("`{}` is not known{}", shorten(name), did_you_mean(&near)),
        };
        Invalid::new(shorten(&named), detail)
    } else if sentence.starts_with("missing field `") {
        Invalid::new(inside(at, name), format!("`{name}` is required"))
    } else if sentence.starts_with("duplicate field `") {
        Invalid::new(named, format!("`{name}` is given twice"))
    } else {
        Invalid::new(at, shorten(sentence))
    }
}

/// Cuts what a sender wrote before it is sent back and logged.
pub fn shorten(text: &str) -> String {
    if text.len() <= REPEATED_BYTES_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(REPEATED_BYTES_MAX)])
}
