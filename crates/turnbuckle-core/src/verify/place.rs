//! Where in a post a value stands.

use std::fmt;

use serde_json::{Map, Value as Json, json};
use url::form_urlencoded;

use super::{Facts, Post, Refusal};
use crate::invalid::Invalid;
use crate::source::{EventPath, Members, is_header_name, parse_body_path};

/// Names a value of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Header {
        name: String,
        /// What stands before each value, such as `sha256=`. A value without it is none.
        prefix: String,
        /// What stands between several values.
        separator: Option<String>,
    },
    /// An item `name=value` of a header that lists them.
    Item { header: String, item: String, separator: String },
    /// A parameter of the URL.
    Query(String),
    /// A member of the body, which is JSON.
    Body(EventPath),
}

impl Place {
    /// Reads the members that say where, and leaves the others to the caller.
    pub(super) fn read(members: &mut Members<'_>) -> Option<Self> {
        let header: Option<String> = members.read("header");
        let prefix: Option<String> = members.read("prefix");
        let separator: Option<String> = members.read("separator");
        let item: Option<String> = members.read("item");
        let query: Option<String> = members.read("query");
        let path = members.parse("path", parse_body_path);
        let given = ["header", "query", "path"].map(|name| members.get(name).is_some());
        if given.iter().filter(|is_given| **is_given).count() != 1 {
            members.refuse_whole("write one of `header`, `query` and `path`");
            return None;
        }
        if header.as_deref().is_some_and(|name| !is_header_name(name)) {
            members.refuse("header", "`header` must be the name of a header");
        }
        let texts =
            [("prefix", &prefix), ("separator", &separator), ("item", &item), ("query", &query)];
        for (name, text) in texts {
            if text.as_ref().is_some_and(|text| text.is_empty() || 100 < text.len()) {
                members.refuse(name, format!("`{name}` must be 1 to 100 bytes long"));
            }
        }
        if header.is_none() {
            for name in ["prefix", "separator", "item"] {
                if members.get(name).is_some() {
                    members.refuse(name, format!("`{name}` goes with `header`"));
                }
            }
        }
        if item.is_some() && prefix.is_some() {
            members.refuse("prefix", "`prefix` does not go with `item`, whose name it would be");
        }
        match (header, item, query, path) {
            (Some(header), Some(item), ..) => {
                let separator = separator.unwrap_or_else(|| ",".to_owned());
                Some(Self::Item { header, item, separator })
            }
            (Some(name), None, ..) => {
                Some(Self::Header { name, prefix: prefix.unwrap_or_default(), separator })
            }
            (_, _, Some(name), _) => Some(Self::Query(name)),
            (_, _, _, path) => path.map(Self::Body),
        }
    }

    /// A whole document that says where and nothing else.
    pub(super) fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let place = Self::read(&mut members);
        let place = members.finish(place)?;
        place.ok_or_else(|| vec![Invalid::new("", "says no place")])
    }

    pub(super) fn to_members(&self) -> Map<String, Json> {
        let document = match self {
            Self::Header { name, prefix, separator } => {
                let mut document = json!({ "header": name });
                if !prefix.is_empty() {
                    document["prefix"] = json!(prefix);
                }
                if let Some(separator) = separator {
                    document["separator"] = json!(separator);
                }
                document
            }
            Self::Item { header, item, separator } => {
                json!({ "header": header, "item": item, "separator": separator })
            }
            Self::Query(name) => json!({ "query": name }),
            Self::Body(path) => json!({ "path": path.to_string() }),
        };
        match document {
            Json::Object(members) => members,
            _ => Map::new(),
        }
    }

    pub fn is_of_body(&self) -> bool {
        matches!(self, Self::Body(_))
    }

    /// The one value that stands here.
    pub(super) fn value(&self, facts: &Facts<'_>) -> Result<String, Refusal> {
        let mut values = self.signatures(facts)?;
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            (Some(_), false) => Err(Refusal::Repeated(self.clone())),
            (None, _) => Err(Refusal::NoSignature(self.clone())),
        }
    }

    /// The values that stand here: several only where a header lists them.
    pub(super) fn signatures(&self, facts: &Facts<'_>) -> Result<Vec<String>, Refusal> {
        let missing = || Refusal::Missing(self.clone());
        match self {
            Self::Header { name, prefix, separator } => {
                let text = self.header(&facts.post, name)?;
                let values: Vec<&str> = match separator {
                    Some(separator) => text.split(separator.as_str()).map(str::trim).collect(),
                    None => vec![text.trim()],
                };
                let strip = |value: &&str| {
                    let start = value.get(..prefix.len())?;
                    let value = value.get(prefix.len()..)?;
                    (start.eq_ignore_ascii_case(prefix) && !value.is_empty())
                        .then(|| value.to_owned())
                };
                Ok(values.iter().filter_map(strip).collect())
            }
            Self::Item { header, item, separator } => {
                let text = self.header(&facts.post, header)?;
                let items = text.split(separator.as_str()).filter_map(|it| it.split_once('='));
                let wanted = items.filter(|(name, value)| name.trim() == item && !value.is_empty());
                let values: Vec<String> =
                    wanted.map(|(_, value)| value.trim().to_owned()).collect();
                if values.is_empty() { Err(missing()) } else { Ok(values) }
            }
            Self::Query(wanted) => {
                let pairs = form_urlencoded::parse(facts.post.query().as_bytes());
                let mut values = pairs.filter(|(name, _)| name == wanted).map(|(_, value)| value);
                match (values.next(), values.next()) {
                    (Some(value), None) if !value.is_empty() => Ok(vec![value.into_owned()]),
                    (Some(_), Some(_)) => Err(Refusal::Repeated(self.clone())),
                    _ => Err(missing()),
                }
            }
            Self::Body(path) => {
                let found = facts.body.as_ref().and_then(|body| path.find_in_body(body));
                match found.as_deref() {
                    Some(Json::String(text)) if !text.is_empty() => Ok(vec![text.clone()]),
                    Some(Json::Number(number)) => Ok(vec![number.to_string()]),
                    None | Some(Json::Null | Json::String(_)) => Err(missing()),
                    Some(_) => Err(Refusal::Unreadable(self.clone())),
                }
            }
        }
    }

    fn header<'a>(&self, post: &Post<'a>, name: &str) -> Result<&'a str, Refusal> {
        let mut values = post.header(name);
        let value = values.next().filter(|value| !value.trim_ascii().is_empty());
        let value = value.ok_or_else(|| Refusal::Missing(self.clone()))?;
        // Which of two would be the one that the sender meant?
        if values.next().is_some() {
            return Err(Refusal::Repeated(self.clone()));
        }
        str::from_utf8(value).map_err(|_| Refusal::Unreadable(self.clone()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { name, prefix, .. } if prefix.is_empty() => {
                write!(f, "the header `{name}`")
            }
            Self::Header { name, prefix, .. } => write!(f, "the header `{name}` (`{prefix}…`)"),
            Self::Item { header, item, .. } => write!(f, "`{item}=` in the header `{header}`"),
            Self::Query(name) => write!(f, "the parameter `{name}` of the URL"),
            Self::Body(path) => write!(f, "`{path}`"),
        }
    }
}
