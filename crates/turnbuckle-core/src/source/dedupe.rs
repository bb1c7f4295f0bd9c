//! What tells a sender's retry from a new event.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::mapping::parse_path;
use super::members::Members;
use super::path::EventPath;
use super::plan::Pair;
use crate::invalid::Invalid;

/// Longest key that is kept as it is; a longer one is kept as its hash.
pub const DEDUPE_KEY_BYTES_MAX: usize = 500;

/// Where a sender writes the id of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dedupe {
    /// A header, by its name in any case.
    Header(String),
    /// A path into the body.
    Path(EventPath),
}

impl Dedupe {
    /// # Errors
    /// What is wrong with the document, by member.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let header: Option<String> = members.read("header");
        let path = members.parse("path", parse_body_path);
        if header.as_deref().is_some_and(|name| !is_header_name(name)) {
            members.refuse("header", "`header` must be the name of a header");
        }
        let is_one = members.get("header").is_some() != members.get("path").is_some();
        let dedupe = match (header, path) {
            (Some(header), _) => Some(Self::Header(header)),
            (None, path) => path.map(Self::Path),
        };
        let dedupe = members.finish(dedupe)?.filter(|_| is_one);
        dedupe.ok_or_else(|| {
            let detail = "write either `{\"header\": …}` or `{\"path\": …}`; \
                          a patch keeps the other unless it sets it to null";
            vec![Invalid::new("", detail)]
        })
    }

    /// The document that [`Dedupe::parse`] reads.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Header(name) => json!({ "header": name }),
            Self::Path(path) => json!({ "path": path.to_string() }),
        }
    }
}

/// Reads a path that leads into the body.
pub(crate) fn parse_body_path(document: &Json) -> Result<EventPath, Vec<Invalid>> {
    match parse_path(document)? {
        path if path.is_of_body() => Ok(path),
        _ => Err(vec![Invalid::new("", "`path` must start with `body`")]),
    }
}

pub(crate) fn is_header_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_token)
}

/// The key of an event, at most [`DEDUPE_KEY_BYTES_MAX`] bytes long.
///
/// `None` if the source has no `dedupe` or the sender gave no id: such an event
/// is never taken for a repeat.
pub fn dedupe_key(dedupe: Option<&Dedupe>, headers: &[Pair<'_>], body: &Json) -> Option<String> {
    let key = match dedupe? {
        Dedupe::Header(wanted) => {
            let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Cow::Borrowed(value.trim())
        }
        Dedupe::Path(path) => match path.find_in_body(body)?.as_ref() {
            Json::Null => return None,
            Json::String(text) => Cow::Owned(text.trim().to_owned()),
            value => Cow::Owned(value.to_string()),
        },
    };
    match key.len() {
        0 => None,
        1..=DEDUPE_KEY_BYTES_MAX => Some(key.into_owned()),
        _ => Some(hashed(&key)),
    }
}

fn hashed(key: &str) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(key.as_bytes()) {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}
