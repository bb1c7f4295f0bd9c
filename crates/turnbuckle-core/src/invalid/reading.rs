//! What serde says of a document that is not of the wanted shape, said to people.

use std::fmt::Display;

use serde_path_to_error::{Error, Segment};

use super::{Invalid, pointer};
use crate::entity::{did_you_mean, nearest};

/// The longest piece of a request that is repeated to its sender, in bytes.
const REPEATED_BYTES_MAX: usize = 200;

impl Invalid {
    /// Why a JSON document could not be read.
    pub fn of_reading(error: &Error<impl Display>) -> Self {
        let at = error.path().iter().fold(String::new(), |at, segment| match segment {
            Segment::Seq { index } => pointer(&at, index),
            Segment::Map { key } => pointer(&at, key),
            // The name of a variant is part of a value, not of the way to it.
            Segment::Enum { .. } | Segment::Unknown => at,
        });
        Self::of_sentence(&at, |at, name| pointer(at, name), &error.inner().to_string())
    }

    /// What serde's `sentence` says of the thing at `at`. `inside` makes the path
    /// of a member inside it.
    pub fn of_sentence(at: &str, inside: impl Fn(&str, &str) -> String, sentence: &str) -> Self {
        // serde_json adds the position, which the path already gives.
        let sentence = sentence.rsplit_once(" at line ").map_or(sentence, |(sentence, _)| sentence);
        if let Some(detail) = misfit(sentence) {
            return Self::new(at, shorten(&detail));
        }
        // Its names stand between backticks, so they are every second piece.
        let mut names = sentence.split('`').skip(1).step_by(2);
        let Some(name) = names.next() else { return Self::new(at, shorten(sentence)) };

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
            Self::new(shorten(&named), detail)
        } else if sentence.starts_with("missing field `") {
            Self::new(inside(at, name), format!("`{name}` is required"))
        } else if sentence.starts_with("duplicate field `") {
            Self::new(named, format!("`{name}` is given twice"))
        } else {
            Self::new(at, shorten(sentence))
        }
    }
}

/// What is said of a value that is not what is wanted there.
fn misfit(sentence: &str) -> Option<String> {
    if sentence == "expected value" {
        // Of a choice that is given neither as a text nor as an object.
        return Some("must be a string".to_owned());
    }
    if sentence == "invalid number" {
        // Of a value that was read before, whose bounds are told to nobody.
        return Some("must be a whole number that is not negative, and not too large".to_owned());
    }
    let is_misfit = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    let rest = is_misfit.iter().find_map(|start| sentence.strip_prefix(start))?;
    let (given, wanted) = rest.rsplit_once(", expected ")?;
    Some(format!("must be {}, not {}", wanted_in_words(wanted), given_in_words(given)))
}

fn given_in_words(given: &str) -> &str {
    match given {
        "map" => "an object",
        "sequence" => "a list",
        "number" => "a number",
        given => {
            let kinds = ["string ", "integer ", "floating point ", "boolean "];
            let value = kinds.iter().find_map(|kind| given.strip_prefix(kind));
            value.map_or(given, |value| value.trim_matches('`'))
        }
    }
}

fn wanted_in_words(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list",
        "a map" => "an object",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i32" | "i64" => "a whole number",
        "string or map" | "map with a single key" => "a string",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted => wanted,
    }
}

/// Cuts what a sender wrote before it is sent back and logged.
pub fn shorten(text: &str) -> String {
    if text.len() <= REPEATED_BYTES_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(REPEATED_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Map, Value as Json};

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Left,
        Right,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading it matters")]
    struct Document {
        name: String,
        count: Option<u8>,
        total: Option<i64>,
        choice: Option<Choice>,
        list: Option<Vec<bool>>,
        inner: Option<Box<Document>>,
        members: Option<Map<String, Json>>,
    }

    #[track_caller]
    fn check(document: &str, path: &str, detail: &str) {
        fn read<T: DeserializeOwned>(document: &str) -> Invalid {
            let reader = &mut serde_json::Deserializer::from_str(document);
            Invalid::of_reading(&serde_path_to_error::deserialize::<_, T>(reader).err().unwrap())
        }
        assert_eq!(read::<Document>(document), Invalid::new(path, detail), "{document}");
    }

    #[test]
    fn a_wrong_value_is_told_in_plain_words() {
        check(r#"{"name":7}"#, "/name", "must be a string, not 7");
        check(r#"{"name":7.5}"#, "/name", "must be a string, not a number");
        check(r#"{"name":null}"#, "/name", "must be a string, not null");
        check(r#"{"name":{}}"#, "/name", "must be a string, not an object");
        check(r#"{"count":300}"#, "/count", "must be a whole number from 0 to 255, not 300");
        check(r#"{"total":"1"}"#, "/total", "must be a whole number, not \"1\"");
        check(r#"{"choice":"up"}"#, "/choice", "must be `left` or `right`, not `up`");
        check(r#"{"choice":1}"#, "/choice", "must be a string");
        check(r#"{"list":true}"#, "/list", "must be a list, not true");
        check(r#"{"list":[1]}"#, "/list/0", "must be a boolean, not 1");
        check(r#"{"inner":"x"}"#, "/inner", "must be an object, not \"x\"");
        check(r#"{"members":[]}"#, "/members", "must be an object, not a list");
        let value = serde_json::json!({"name": "x", "count": -1});
        let error = serde_path_to_error::deserialize::<_, Document>(&value).err().unwrap();
        let told = "must be a whole number that is not negative, and not too large";
        assert_eq!(Invalid::of_reading(&error), Invalid::new("/count", told));
        let long = format!(r#"{{"count":"{}"}}"#, "é".repeat(1_000));
        let told = format!("must be a whole number from 0 to 255, not \"{}", "é".repeat(200));
        check(&long, "/count", &shorten(&told));
    }
}
