//! The bytes that a sender signed.

use std::borrow::Cow;

use serde_json::{Value as Json, json};
use url::form_urlencoded;

use super::keys::Key;
use super::place::Place;
use super::scheme::Scheme;
use super::{Facts, Refusal};
use crate::invalid::Invalid;

/// Most parts of one scheme.
pub(super) const PARTS_MAX: usize = 20;
const TEXT_BYTES_MAX: usize = 200;

const WORDS: [(&str, Part); 8] = [
    ("body", Part::Body),
    ("timestamp", Part::Timestamp),
    ("method", Part::Method),
    ("url", Part::Url),
    ("url_decoded", Part::UrlDecoded),
    ("form", Part::Form),
    ("secret", Part::Secret),
    ("id", Part::Id),
];

/// A piece of the signed bytes; they follow one another without anything between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// A header, a parameter of the URL or a member of the body.
    Value(Place),
    /// The body as it came.
    Body,
    /// The time of signing as it was written.
    Timestamp,
    /// In capitals.
    Method,
    /// The whole URL that was called.
    Url,
    /// The same, with the escapes of `: / ? @ ! $ ' ( ) * , ;` undone, as HubSpot signs it.
    UrlDecoded,
    /// The parameters of an urlencoded body in the order of their names, name and value
    /// with nothing between, each pair once. Of another body nothing.
    Form,
    Secret,
    /// The sender's id of the post, which a header holds.
    Id,
}

impl Part {
    pub(super) fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let refuse = |detail: String| Err(vec![Invalid::new("", detail)]);
        if let Some(word) = document.as_str() {
            let found = WORDS.iter().find(|(name, _)| *name == word);
            let names = WORDS.map(|(name, _)| format!("`{name}`")).join(", ");
            return match found {
                Some((_, part)) => Ok(part.clone()),
                None => refuse(format!(
                    "`{}` is no part; known are {names}, {{\"text\": …}} and the places \
                     {{\"header\": …}}, {{\"query\": …}} and {{\"path\": …}}",
                    crate::invalid::shorten(word)
                )),
            };
        }
        match document.get("text") {
            Some(Json::String(text)) if (1..=TEXT_BYTES_MAX).contains(&text.len()) => {
                match document.as_object().is_some_and(|members| members.len() == 1) {
                    true => Ok(Self::Text(text.clone())),
                    false => refuse("`text` stands alone".to_owned()),
                }
            }
            Some(_) => refuse(format!("`text` must be 1 to {TEXT_BYTES_MAX} bytes long")),
            None => Place::parse(document).map(Self::Value),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Text(text) => json!({ "text": text }),
            Self::Value(place) => Json::Object(place.to_members()),
            word => {
                let found = WORDS.iter().find(|(_, part)| part == word);
                json!(found.map(|(name, _)| *name))
            }
        }
    }
}

/// The URLs that a sender may mean: some leave out or write the usual port, whatever
/// they call.
pub(super) fn urls<'a>(scheme: &Scheme, url: &'a str) -> Vec<Cow<'a, str>> {
    match scheme.signed.iter().any(|part| matches!(part, Part::Url | Part::UrlDecoded)) {
        true => with_port(url),
        false => vec![Cow::Borrowed(url)],
    }
}

/// A URL with and without the usual port.
pub(super) fn with_port(url: &str) -> Vec<Cow<'_, str>> {
    let mut urls = vec![Cow::Borrowed(url)];
    let Some((protocol, rest)) = url.split_once("://") else { return urls };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let usual = if protocol.eq_ignore_ascii_case("https") { "443" } else { "80" };
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            urls.push(Cow::Owned(format!("{protocol}://{host}{path}")));
        }
        _ => urls.push(Cow::Owned(format!("{protocol}://{authority}:{usual}{path}"))),
    }
    urls
}

/// The signed bytes of a post, if its URL is `url`.
pub(super) fn bytes(
    scheme: &Scheme,
    facts: &Facts<'_>,
    url: &str,
    timestamp: Option<&str>,
    key: &Key,
) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::with_capacity(facts.post.body.len() + 100);
    for part in &scheme.signed {
        match part {
            Part::Text(text) => bytes.extend(text.as_bytes()),
            Part::Value(place) => bytes.extend(place.value(facts)?.as_bytes()),
            Part::Body => bytes.extend(facts.post.body),
            Part::Timestamp => bytes.extend(timestamp.unwrap_or_default().as_bytes()),
            Part::Method => bytes.extend(facts.post.method.to_ascii_uppercase().as_bytes()),
            Part::Url => bytes.extend(url.as_bytes()),
            Part::UrlDecoded => bytes.extend(partly_decoded(url).as_bytes()),
            Part::Form if facts.post.is_form() => bytes.extend(sorted_form(facts.post.body)),
            Part::Form => {}
            Part::Secret => bytes.extend(key.bytes()),
            Part::Id => {
                if let Some(place) = scheme.id_place() {
                    bytes.extend(place.value(facts)?.as_bytes());
                }
            }
        }
    }
    Ok(bytes)
}

fn sorted_form(body: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.sort();
    pairs.dedup();
    pairs.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()].concat()).collect()
}

fn partly_decoded(url: &str) -> String {
    let mut decoded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        decoded.push_str(before);
        let byte = escape.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if b":/?@!$'()*,;".contains(&byte) => {
                decoded.push(byte as char);
                rest = &escape[3..];
            }
            _ => {
                decoded.push('%');
                rest = &escape[1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_escapes_are_undone() {
        for (url, expect) in [
            ("https://a/b?c=%3A%2f%20%40", "https://a/b?c=:/%20@"),
            ("https://a/100%", "https://a/100%"),
            ("%%3A%3", "%:%3"),
            ("/ä%2Cä", "/ä,ä"),
        ] {
            assert_eq!(partly_decoded(url), expect);
        }
    }

    #[test]
    fn forms_are_sorted_by_name_and_say_nothing_twice() {
        assert_eq!(sorted_form(b"b=2&a=%20x&a=1&c&a=1&b=2"), b"a xa1b2c");
    }
}
