//! Bodies: what a sender posted, as one JSON tree.
//!
//! Whatever the sender's format, the rest of the hub sees the same: a JSON
//! value, and a list of the files that came along.
//!
//! - **JSON** is taken as it is, every digit of a number included. Of a member
//!   that is given twice the last counts.
//! - **Forms** (multipart and urlencoded) become an object of texts. An urlencoded
//!   form that is a JSON object as a whole is taken for that. A name that
//!   is given several times becomes a list. Names are kept as they are:
//!   `merges[EMAIL]` and `tags[]` are names like any other and are reached by
//!   `body["merges[EMAIL]"]`; frameworks disagree about what such brackets mean.
//! - **Files** of a multipart form are counted, not kept: the member holds the
//!   file's name and the list says type and size. The bytes stay in the event.
//!
//! Text that is not UTF-8 is refused, never mended: what stands in its place
//! afterwards would be taken for what the sender wrote.
//!
//! Absent on purpose: XML and plain text, character sets other than UTF-8, and
//! `Content-Transfer-Encoding`, which RFC 7578 took out of forms.

mod header;
mod multipart;

use std::fmt;
use std::ops::Range;
use std::string::FromUtf8Error;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use header::{Header, percent_decoded};

/// Most objects and lists that may lie within each other.
pub const DEPTH_MAX: usize = 100;

/// Longest name of a field that is named to its sender, in bytes.
const FIELD_SHOWN_BYTES_MAX: usize = 100;

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
    /// Where in the body its content is.
    #[serde(skip)]
    pub at: Range<usize>,
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
}

impl BodyError {
    /// Why `raw`, which may begin with a mark of its encoding, is not JSON.
    pub fn of_json(raw: &[u8], error: &serde_json::Error) -> Self {
        let raw = without_mark(raw);
        if raw.trim_ascii().is_empty() {
            let position = Position::Line { line: 1, column: 0 };
            return Self::Malformed { detail: "it is empty".to_owned(), position };
        }
        if let Err(error) = std::str::from_utf8(raw) {
            return Self::of_text(raw, error.valid_up_to(), "it is not UTF-8");
        }
        let (line, column) = (error.line(), error.column());
        let detail = error.to_string();
        let detail = detail.strip_suffix(&format!(" at line {line} column {column}"));
        let detail = detail.map_or_else(|| "it is not JSON".to_owned(), in_plain_words);
        Self::Malformed { detail, position: Position::Line { line, column } }
    }

    fn of_text(raw: &[u8], at: usize, detail: &str) -> Self {
        let before = &raw[..at];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let position = Position::Line { line, column: 1 + at - line_start };
        Self::Malformed { detail: detail.to_owned(), position }
    }

    fn of_form(at: usize, detail: impl Into<String>) -> Self {
        Self::Malformed { detail: detail.into(), position: Position::Byte(at) }
    }
}

/// A sentence of the JSON parser, said to people.
fn in_plain_words(sentence: &str) -> String {
    if let Some(kind) = sentence.strip_prefix("EOF while parsing ") {
        return format!("it ends within {kind}");
    }
    match sentence {
        "trailing characters" => "something follows the value".to_owned(),
        "trailing comma" => "nothing follows the comma".to_owned(),
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a surrogate pair stands alone".to_owned()
        }
        known => known.to_owned(),
    }
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
    if !is_ascii(raw) && !is_utf8(media_type.parameter("charset").as_deref()) {
        return Err(unsupported());
    }
    match media_type.value.as_str() {
        "multipart/form-data" => {
            multipart::decode(raw, media_type.parameter("boundary").as_deref().unwrap_or_default())
        }
        "application/x-www-form-urlencoded" => {
            decode_object(raw).map_or_else(|| decode_urlencoded(raw), Ok)
        }
        value if is_json(value) => decode_json(raw),
        _ => Err(unsupported()),
    }
}

fn is_json(media_type: &str) -> bool {
    let is_suffixed = media_type.starts_with("application/") && media_type.ends_with("+json");
    is_suffixed || matches!(media_type, "application/json" | "text/json")
}

/// Whether every character set that is sent in practice would read `raw` as UTF-8
/// does. UTF-16 has a zero byte in every letter of ASCII.
fn is_ascii(raw: &[u8]) -> bool {
    raw.is_ascii() && !raw.contains(&0)
}

fn is_utf8(charset: Option<&str>) -> bool {
    charset.is_none_or(|name| matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8"))
}

fn decode_json(raw: &[u8]) -> Result<Body, BodyError> {
    Ok(Body { value: parse_json(raw)?, files: Vec::new() })
}

/// Reads a JSON text that others wrote, wherever it stood.
///
/// # Errors
/// What is wrong with it, and where; also what [`check_json`] refuses.
pub fn parse_json(raw: &[u8]) -> Result<Json, BodyError> {
    check_json(raw)?;
    serde_json::from_slice(without_mark(raw)).map_err(|error| BodyError::of_json(raw, &error))
}

fn without_mark(raw: &[u8]) -> &[u8] {
    raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw)
}

/// How `serde_json` names members to itself. It takes them from others, too: one
/// that is named so holds JSON text, which may nest as deep as it likes.
const PRIVATE_NAMES: &str = "$serde_json::private::";

/// Checks what the parser must not be asked to find out: that the brackets of a
/// JSON text nest at most [`DEPTH_MAX`] deep, because it recurses, and that no
/// member has a name of the parser's own.
///
/// # Errors
/// Where the first bracket too many, or such a name, is.
pub fn check_json(raw: &[u8]) -> Result<(), BodyError> {
    let text = without_mark(raw);
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => {
                is_text = !is_text;
                // Such a name begins with a dollar sign, plain or escaped.
                let is_likely = matches!(text.get(at + 1), Some(b'$' | b'\\'));
                if is_text && is_likely && is_private_name(&text[at..]) {
                    let detail = format!("no member may be named `{PRIVATE_NAMES}…`");
                    return Err(BodyError::of_text(text, at, &detail));
                }
            }
            b'{' | b'[' if !is_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    let detail = format!("it nests deeper than {DEPTH_MAX} levels");
                    return Err(BodyError::of_text(text, at, &detail));
                }
            }
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => (),
        }
    }
    Ok(())
}

/// Whether a text begins with the name of a member that the parser would take for
/// its own.
fn is_private_name(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<String>();
    let is_private = matches!(values.next(), Some(Ok(name)) if name.starts_with(PRIVATE_NAMES));
    is_private && text[values.byte_offset()..].trim_ascii_start().starts_with(b":")
}

/// A JSON object that was sent as an urlencoded form, as programs do that are not
/// told the type: no form looks like one.
fn decode_object(raw: &[u8]) -> Option<Body> {
    let is_likely = raw.trim_ascii().starts_with(b"{");
    is_likely.then(|| decode_json(raw).ok()).flatten().filter(|body| body.value.is_object())
}

/// A stray `%` stands for itself, as the URL standard asks.
fn decode_urlencoded(raw: &[u8]) -> Result<Body, BodyError> {
    let mut fields = Map::new();
    let mut start = 0;
    for pair in raw.split(|byte| *byte == b'&') {
        let at = start;
        start += pair.len() + 1;
        if pair.is_empty() {
            continue;
        }
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = (&pair[..end], pair.get(end + 1..).unwrap_or_default());
        let name = decode_piece(name)
            .map_err(|_| BodyError::of_form(at, "the name of a field is not UTF-8"))?;
        let value = decode_piece(value).map_err(|_| {
            BodyError::of_form(at + end + 1, format!("the field `{}` is not UTF-8", shorten(&name)))
        })?;
        add_field(&mut fields, name, value);
    }
    Ok(Body { value: Json::Object(fields), files: Vec::new() })
}

fn decode_piece(piece: &[u8]) -> Result<String, FromUtf8Error> {
    let piece: Vec<u8> =
        piece.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decoded(&piece))
}

/// The name of a field, cut where it would flood the log.
fn shorten(name: &str) -> &str {
    &name[..name.floor_char_boundary(FIELD_SHOWN_BYTES_MAX)]
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
