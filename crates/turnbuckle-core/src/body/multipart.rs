//! Multipart forms (RFC 7578) over the whole body at once.
//!
//! A part ends where a line starts with the boundary. Lines may end in a bare
//! line feed, which some senders write; a body whose closing boundary is
//! missing was cut off and is refused.

use serde_json::{Map, Value as Json};

use super::header::Header;
use super::{Body, BodyError, FilePart, add_field, shorten};

/// Longest boundary; RFC 2046 allows 70, senders exceed it.
const BOUNDARY_BYTES_MAX: usize = 200;

pub(super) fn decode(raw: &[u8], boundary: &str) -> Result<Body, BodyError> {
    if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
        return Err(BodyError::of_form(0, "the Content-Type names no boundary"));
    }
    let delimiter = format!("--{boundary}").into_bytes();
    let mut fields = Map::new();
    let mut files = Vec::new();
    let mut line = find_delimiter(raw, 0, &delimiter).ok_or_else(|| {
        BodyError::of_form(0, "the boundary that the Content-Type names is not in the body")
    })?;
    while !line.is_last {
        let next = find_delimiter(raw, line.end, &delimiter)
            .ok_or_else(|| BodyError::of_form(raw.len(), "the closing boundary is missing"))?;
        let part = read_part(&raw[line.end..next.content_end])
            .map_err(|detail| BodyError::of_form(line.end, detail))?;
        let text = match part.file_name {
            // A form's empty file input: no file was chosen.
            Some(file_name) if file_name.is_empty() && part.content.is_empty() => file_name,
            Some(file_name) => {
                files.push(FilePart {
                    name: part.name.clone(),
                    file_name: file_name.clone(),
                    content_type: part.content_type,
                    size_bytes: part.content.len() as u64,
                    at: next.content_end - part.content.len()..next.content_end,
                });
                file_name
            }
            None => match std::str::from_utf8(part.content) {
                Ok(text) => text.to_owned(),
                Err(error) => {
                    let at = next.content_end - part.content.len() + error.valid_up_to();
                    let detail = format!("the field `{}` is not UTF-8", shorten(&part.name));
                    return Err(BodyError::of_form(at, detail));
                }
            },
        };
        add_field(&mut fields, part.name, text);
        line = next;
    }
    Ok(Body { value: Json::Object(fields), files })
}

/// A line that holds the boundary.
struct Delimiter {
    /// Where what stands before it ends: its line break belongs to the boundary.
    content_end: usize,
    /// Where the line after it starts.
    end: usize,
    is_last: bool,
}

/// The first boundary line at or after `from`, which is the start of a line.
fn find_delimiter(raw: &[u8], from: usize, delimiter: &[u8]) -> Option<Delimiter> {
    let mut start = from;
    loop {
        if let Some(after) = raw[start..].strip_prefix(delimiter)
            && let Some((length, is_last)) = read_line_end(after)
        {
            let before = &raw[from..start];
            let before = before.strip_suffix(b"\n").unwrap_or(before);
            let before = before.strip_suffix(b"\r").unwrap_or(before);
            let end = start + delimiter.len() + length;
            return Some(Delimiter { content_end: from + before.len(), end, is_last });
        }
        start += raw[start..].iter().position(|byte| *byte == b'\n')? + 1;
    }
}

/// What follows the boundary on its line: `--`, or blanks and a line break.
/// Anything else means that the boundary only begins like another text.
fn read_line_end(after: &[u8]) -> Option<(usize, bool)> {
    if after.starts_with(b"--") {
        return Some((2, true));
    }
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match &after[blanks..] {
        [b'\r', b'\n', ..] => Some((blanks + 2, false)),
        [b'\n', ..] => Some((blanks + 1, false)),
        _ => None,
    }
}

struct Part<'a> {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    content: &'a [u8],
}

/// Splits headers and content.
///
/// # Errors
/// What is wrong with the headers.
fn read_part(part: &[u8]) -> Result<Part<'_>, &'static str> {
    let (mut disposition, mut content_type) = (None, None);
    let mut rest = part;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = std::str::from_utf8(line).map_err(|_| "the headers of a part are not UTF-8")?;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.trim().eq_ignore_ascii_case("content-disposition") {
            disposition = Some(Header::parse(value));
        } else if name.trim().eq_ignore_ascii_case("content-type") {
            content_type = Some(value.trim().to_owned());
        }
    }
    let name = disposition.as_ref().and_then(|it: &Header| it.parameter("name"));
    let (Some(name), Some(disposition)) = (name, disposition) else {
        return Err("a part has no name");
    };
    Ok(Part {
        name: unescaped(name),
        file_name: disposition.parameter("filename").map(unescaped),
        content_type,
        content: rest,
    })
}

/// Undoes the three escapes that browsers write into names.
fn unescaped(name: String) -> String {
    if !name.contains('%') {
        return name;
    }
    name.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}
