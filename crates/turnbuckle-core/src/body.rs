//! Bodies: what a sender posted, as one JSON tree.
//!
//! Whatever the sender's format, the rest of the hub sees the same: a JSON
//! value, and a list of the files that came along.
//!
//! - **JSON** is taken as it is. Of a member that is given twice the last counts.
//! - **Forms** (multipart and urlencoded) become an object of texts. An urlencoded
//!   form that is a JSON object as a whole is taken for that. A name that
//!   is given several times becomes a list. Names are kept as they are:
//!   `merges[EMAIL]` and `tags[]` are names like any other and are reached by
//!   `body["merges[EMAIL]"]`; frameworks disagree about what such brackets mean.
//! - **Files** of a multipart form are counted, not kept: the member holds the
//!   file's name and the list says type and size. The bytes stay in the event.
//!
//! Absent on purpose: XML and plain text, character sets other than UTF-8, and
//! `Content-Transfer-Encoding`, which RFC 7578 took out of forms.

mod header;
mod multipart;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use header::Header;

/// Most objects and lists that may lie within each other.
pub const DEPTH_MAX: usize = 100;

/// A decoded body.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    pub value: Json,
    /// The files of a multipart form, in the order sent.
    pub files: Vec<FilePart>,
}

/// One file of a multipart form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePart {
    /// The name of the form's field.
    pub name: String,
    /// As the sender gave it: never a path on this machine.
    pub file_name: String,
    pub content_type: Option<String>,
    pub size_bytes: u64,
}

/// Why a body was not decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// 415.
    #[error(
        "a body of type `{content_type}` cannot be read: send application/json, \
         multipart/form-data or application/x-www-form-urlencoded, in UTF-8"
    )]
    Unsupported { content_type: String },
    /// 400.
    #[error("the body cannot be parsed at {position}: {detail}")]
    Malformed { detail: String, position: Position },
    /// 400.
    #[error("the body nests deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// Where in a body something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Of a text, both counted from 1; the column in bytes.
    Line { line: usize, column: usize },
    /// Of a form, counted from 0.
    Byte(usize),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, column } => write!(f, "line {line} column {column}"),
            Self::Byte(at) => write!(f, "byte {at}"),
        }
    }
}

/// Decodes `raw` by its `Content-Type`. A missing or empty one means JSON if
/// `json_if_missing`, and is unsupported otherwise.
///
/// # Errors
/// [`BodyError::Unsupported`] for another type or character set, else what is
/// wrong with the body and where.
pub fn decode(
    content_type: Option<&str>,
    raw: &[u8],
    json_if_missing: bool,
) -> Result<Body, BodyError> {
    let content_type = content_type.map(str::trim).filter(|text| !text.is_empty());
    let unsupported =
        || BodyError::Unsupported { content_type: content_type.unwrap_or("(none)").to_owned() };
    let media_type = match content_type {
        None if json_if_missing => return decode_json(raw),
        None => return Err(unsupported()),
        Some(text) => Header::parse(text),
    };
    // ASCII is the same in every character set that is sent in practice.
    if !raw.is_ascii() && !is_utf8(media_type.parameter("charset").as_deref()) {
        return Err(unsupported());
    }
    match media_type.value.as_str() {
        "multipart/form-data" => {
            multipart::decode(raw, media_type.parameter("boundary").as_deref().unwrap_or_default())
        }
        "application/x-www-form-urlencoded" => {
            Ok(decode_object(raw).unwrap_or_else(|| decode_urlencoded(raw)))
        }
        value if is_json(value) => decode_json(raw),
        _ => Err(unsupported()),
    }
}

fn is_json(media_type: &str) -> bool {
    let is_suffixed = media_type.starts_with("application/") && media_type.ends_with("+json");
    is_suffixed || matches!(media_type, "application/json" | "text/json")
}

fn is_utf8(charset: Option<&str>) -> bool {
    charset.is_none_or(|name| matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8"))
}

fn decode_json(raw: &[u8]) -> Result<Body, BodyError> {
    let text = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if depth(text) > DEPTH_MAX {
        return Err(BodyError::TooDeep);
    }
    let value = serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let detail = error.to_string();
        let detail = detail.strip_suffix(&format!(" at line {line} column {column}"));
        BodyError::Malformed {
            detail: detail.unwrap_or("it is not JSON").to_owned(),
            position: Position::Line { line, column },
        }
    })?;
    Ok(Body { value, files: Vec::new() })
}

/// How deep the brackets of a JSON text nest. Counted before it is parsed,
/// because a parser that recurses must not be asked to find out.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => (),
        }
    }
    deepest
}

/// A JSON object that was sent as an urlencoded form, as programs do that are not
/// told the type: no form looks like one.
fn decode_object(raw: &[u8]) -> Option<Body> {
    let is_likely = raw.trim_ascii().starts_with(b"{");
    is_likely.then(|| decode_json(raw).ok()).flatten().filter(|body| body.value.is_object())
}

/// Never fails: a stray `%` stands for itself and bytes that are not UTF-8
/// become U+FFFD, as the URL standard asks.
fn decode_urlencoded(raw: &[u8]) -> Body {
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(raw) {
        add_field(&mut fields, name.into_owned(), value.into_owned());
    }
    Body { value: Json::Object(fields), files: Vec::new() }
}

/// Adds one field of a form; a repeated name makes a list.
fn add_field(fields: &mut Map<String, Json>, name: String, value: String) {
    let value = Json::String(value);
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, value);
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => {
            let values = vec![first.take(), value];
            *first = Json::Array(values);
        }
    }
}

#[cfg(test)]
mod tests;
