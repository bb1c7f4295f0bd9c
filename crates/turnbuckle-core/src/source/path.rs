//! Paths into an inbound event: `body.form.email`, `headers.x-event-id`.
//!
//! A path starts with what is in scope: `body`, `headers`, `query`, `files`,
//! `received_at`, and with `each` also `item` and `index`. Each further step is
//!
//! - `.name` or `["any name"]`: a member of an object;
//! - `.0` or `[0]`: an element of a list, counted from 0;
//! - `[key="EMAIL"]`: the first element of a list whose member `key` (or
//!   `key.of.key`) has that text, for forms that send a list of questions.
//!
//! Header names compare without case. A step into a text that is itself JSON
//! goes into that JSON: several senders pack it into a form field. What is not
//! there is not given, which is not the same as null: it leaves a column alone.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value as Json};

use crate::body;

use super::plan::{InboundRequest, Pair};

/// Longest path, in bytes of its text.
const PATH_BYTES_MAX: usize = 500;

/// Names a value of an inbound event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPath {
    text: String,
    root: Root,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Body,
    Headers,
    Query,
    Files,
    ReceivedAt,
    Item,
    Index,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A member's name, or the digits of an element's position.
    Key(String),
    Find {
        keys: Vec<String>,
        text: String,
    },
}

/// Where paths are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub request: &'a InboundRequest<'a>,
    /// The element at hand and its position, in a mapping with `each`.
    pub item: Option<(&'a Json, u32)>,
}

impl Scope<'_> {
    /// All that is in scope of every item, by the names that paths start with.
    pub(super) fn to_json(self) -> Json {
        let roots = [
            ("body", Root::Body),
            ("headers", Root::Headers),
            ("query", Root::Query),
            ("files", Root::Files),
            ("received_at", Root::ReceivedAt),
        ];
        let member = |(name, root): (&str, Root)| {
            let path = EventPath { text: String::new(), root, steps: Vec::new() };
            Some((name.to_owned(), path.find(&self)?.into_owned()))
        };
        roots.into_iter().filter_map(member).collect::<Map<_, _>>().into()
    }
}

impl EventPath {
    /// # Errors
    /// What is wrong and how to write it, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATH_BYTES_MAX {
            return Err(format!("a path is at most {PATH_BYTES_MAX} bytes long"));
        }
        let (root, mut rest) = split_name(text);
        let root = match root {
            "body" => Root::Body,
            "headers" => Root::Headers,
            "query" => Root::Query,
            "files" => Root::Files,
            "received_at" => Root::ReceivedAt,
            "item" => Root::Item,
            "index" => Root::Index,
            _ => {
                return Err(format!(
                    "`{text}` starts with nothing that is in scope: body, headers, query, files, \
                     received_at, or with `each` item and index"
                ));
            }
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = read_step(rest).ok_or_else(|| {
                format!("`{text}` is not a path: write `body.form.email` or `body[\"a name\"][0]`")
            })?;
            steps.push(step);
            rest = after;
        }
        Ok(Self { text: text.to_owned(), root, steps })
    }

    /// Whether the value differs from element to element of `each`.
    pub fn is_of_item(&self) -> bool {
        matches!(self.root, Root::Item | Root::Index)
    }

    /// Whether it leads to or into the element of `each`.
    pub(super) fn is_in_item(&self) -> bool {
        self.root == Root::Item
    }

    pub(super) fn is_of_body(&self) -> bool {
        self.root == Root::Body
    }

    /// The value at the path; `None` if the event has no such place.
    pub fn find<'a>(&self, scope: &Scope<'a>) -> Option<Cow<'a, Json>> {
        let request = scope.request;
        let root = match self.root {
            Root::Body => Cow::Borrowed(&request.body.value),
            Root::Item => Cow::Borrowed(scope.item?.0),
            Root::Index => Cow::Owned(scope.item?.1.into()),
            Root::ReceivedAt => Cow::Owned(request.received_at.to_string().into()),
            Root::Headers => return self.find_pair(request.headers, true),
            Root::Query => return self.find_pair(request.query, false),
            Root::Files => {
                // Plain texts and numbers always become JSON.
                Cow::Owned(serde_json::to_value(&request.body.files).unwrap_or_default())
            }
        };
        walk(root, &self.steps)
    }

    /// The value at the path below a body that stands alone.
    pub(crate) fn find_in_body<'a>(&self, body: &'a Json) -> Option<Cow<'a, Json>> {
        walk(Cow::Borrowed(body), &self.steps)
    }

    /// Headers and query are pairs, of which a name may have several: headers
    /// are joined as HTTP joins them, query values make a list.
    fn find_pair<'a>(&self, pairs: &[Pair<'_>], is_header: bool) -> Option<Cow<'a, Json>> {
        let joined = |wanted: &str| {
            let is_wanted = |name: &str| {
                if is_header { name.eq_ignore_ascii_case(wanted) } else { name == wanted }
            };
            let values: Vec<&str> = pairs
                .iter()
                .filter(|(name, _)| is_wanted(name))
                .map(|(_, value)| value.as_ref())
                .collect();
            match values.as_slice() {
                [] => None,
                [value] => Some(Json::from(*value)),
                values if is_header => Some(Json::from(values.join(", "))),
                values => Some(Json::from(values)),
            }
        };
        match self.steps.split_first() {
            Some((Step::Key(name), steps)) => walk(Cow::Owned(joined(name)?), steps),
            Some((Step::Find { .. }, _)) => None,
            None => {
                let all = pairs.iter().filter_map(|(name, _)| {
                    let key = if is_header { name.to_ascii_lowercase() } else { name.to_string() };
                    Some((key, joined(name)?))
                });
                Some(Cow::Owned(Json::Object(Map::from_iter(all))))
            }
        }
    }
}

impl fmt::Display for EventPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits at the first sign that ends a name.
fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

fn read_step(text: &str) -> Option<(Step, &str)> {
    if let Some(after) = text.strip_prefix('.') {
        let (name, rest) = split_name(after);
        return is_plain(name).then(|| (Step::Key(name.to_owned()), rest));
    }
    let inside = text.strip_prefix('[')?;
    if let Some((name, rest)) = read_quoted(inside) {
        return Some((Step::Key(name), rest.strip_prefix(']')?));
    }
    let end = inside.find(['=', ']'])?;
    let (name, rest) = (&inside[..end], &inside[end + 1..]);
    if inside[end..].starts_with(']') {
        let is_index = !name.is_empty() && name.bytes().all(|digit| digit.is_ascii_digit());
        return is_index.then(|| (Step::Key(name.to_owned()), rest));
    }
    let keys: Vec<String> = name.split('.').map(str::to_owned).collect();
    let (text, rest) = read_quoted(rest)?;
    let is_named = keys.iter().all(|key| is_plain(key));
    is_named.then_some((Step::Find { keys, text }, rest.strip_prefix(']')?))
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let is_special = |letter: char| letter.is_whitespace() || "[]\"'=".contains(letter);
    !name.is_empty() && !name.contains(is_special)
}

/// Reads a text in double or single quotes, in which a backslash escapes.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?.1),
            _ if letter == quote => return Some((value, &text[at + 1..])),
            _ => value.push(letter),
        }
    }
    None
}

fn walk<'a>(from: Cow<'a, Json>, steps: &[Step]) -> Option<Cow<'a, Json>> {
    steps.iter().try_fold(from, |at, step| match at {
        Cow::Borrowed(Json::String(text)) => {
            within(&parse_packed(text)?, step).cloned().map(Cow::Owned)
        }
        Cow::Borrowed(value) => within(value, step).map(Cow::Borrowed),
        Cow::Owned(Json::String(text)) => {
            within(&parse_packed(&text)?, step).cloned().map(Cow::Owned)
        }
        Cow::Owned(value) => within(&value, step).cloned().map(Cow::Owned),
    })
}

/// Reads JSON out of a text. Only objects and lists: a plain word is just text.
fn parse_packed(text: &str) -> Option<Json> {
    let is_likely = text.trim_start().starts_with(['{', '[']);
    is_likely.then(|| body::parse_json(text.as_bytes()).ok()).flatten()
}

fn within<'a>(value: &'a Json, step: &Step) -> Option<&'a Json> {
    match (step, value) {
        (Step::Key(key), Json::Object(members)) => members.get(key),
        (Step::Key(key), Json::Array(elements)) => elements.get(key.parse::<usize>().ok()?),
        (Step::Find { keys, text }, Json::Array(elements)) => elements.iter().find(|element| {
            let member = keys.iter().try_fold(*element, |at, key| at.get(key));
            member.is_some_and(|member| match member {
                Json::String(member) => member == text,
                Json::Number(_) | Json::Bool(_) => *text == format!("{member}"),
                _ => false,
            })
        }),
        _ => None,
    }
}
