//! What of a post is kept, and whether its body is what it says it is.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, PROXY_AUTHORIZATION};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value as Json};
use turnbuckle_core::body::{BodyError, DEPTH_MAX};
use turnbuckle_core::verify::Place;
use turnbuckle_store::inbound::{Headers, InboundRequest};
use url::form_urlencoded;

use crate::problem::Problem;
use crate::processing;

/// Most headers of a post that are kept, and most bytes of their names and values.
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 16 * 1024;

const MASK: &str = "***";

/// Headers as the log keeps them. Beyond the bounds they are left out, except
/// the type of the body, without which it could not be read again. Where the sender's
/// secret is sent as it is, it is masked.
pub fn kept_headers(headers: &HeaderMap, secrets: &[Place]) -> Headers {
    let is_sent_secret = |name: &HeaderName| {
        secrets.iter().any(|place| match place {
            Place::Header { name: it, .. } | Place::Item { header: it, .. } => {
                it.eq_ignore_ascii_case(name.as_str())
            }
            Place::Query(_) | Place::Body(_) => false,
        })
    };
    let mut kept = Vec::with_capacity(headers.len().min(HEADERS_MAX));
    let mut bytes = 0;
    for (name, value) in headers {
        let value = match is_secret(name) || is_sent_secret(name) {
            true => Cow::Borrowed(MASK),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        bytes += name.as_str().len() + value.len();
        let fits = kept.len() < HEADERS_MAX && bytes <= HEADER_BYTES_MAX;
        if fits || name == CONTENT_TYPE {
            kept.push((Cow::Borrowed(name.as_str()), value));
        }
    }
    Headers::new(&kept)
}

/// The query as the log keeps it, without secrets of the sender.
pub fn kept_query(query: &str, secrets: &[Place]) -> String {
    let is_secret = |name: &str| {
        secrets.iter().any(|place| matches!(place, Place::Query(secret) if secret == name))
    };
    let pairs = query.split('&').map(|pair| {
        let (written, _) = pair.split_once('=').unwrap_or((pair, ""));
        let mut names = form_urlencoded::parse(written.as_bytes());
        match names.next().is_some_and(|(name, _)| is_secret(&name)) {
            true => Cow::Owned(format!("{written}={MASK}")),
            false => Cow::Borrowed(pair),
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &HeaderName) -> bool {
    name == AUTHORIZATION || name == COOKIE || name == PROXY_AUTHORIZATION
}

/// Checks that a body is what it says it is. Answers its value if `needs_value`,
/// and else null where the check could do without it.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(request: &InboundRequest, needs_value: bool) -> Result<Json, BodyError> {
    let is_json = request.headers.get(CONTENT_TYPE.as_str()).is_none_or(|text| {
        let plain = ["application/json", "application/json; charset=utf-8"];
        plain.iter().any(|plain| text.eq_ignore_ascii_case(plain))
    });
    if is_json && !needs_value && is_well_formed(&request.body) {
        return Ok(Json::Null);
    }
    // The slow way also tells what is wrong.
    processing::decode(request).map(|body| body.value)
}

/// The problem of a body that does not parse.
pub fn problem_of(request: &InboundRequest) -> Problem {
    let is_form = request.headers.get(CONTENT_TYPE.as_str()).is_some_and(|text| {
        let text = text.trim_start().to_ascii_lowercase();
        text.starts_with("multipart/") || text.starts_with("application/x-www-form-urlencoded")
    });
    if is_form { Problem::MalformedForm } else { Problem::MalformedJson }
}

/// Whether `raw` is JSON that can be read later, without building what it holds.
fn is_well_formed(raw: &[u8]) -> bool {
    // May begin with a name of the parser's own, which the slow way tells.
    let is_odd = |text: &[u8]| text.starts_with(b"\"$") || text.starts_with(b"\"\\u0024");
    if (0..raw.len()).any(|at| raw[at] == b'"' && is_odd(&raw[at..])) {
        return false;
    }
    let mut reader = serde_json::Deserializer::from_slice(raw);
    WellFormed { depth: 0 }.deserialize(&mut reader).and_then(|()| reader.end()).is_ok()
}

/// Visits every value. [`serde::de::IgnoredAny`] would let pass texts that are not
/// UTF-8 and halves of surrogate pairs.
struct WellFormed {
    depth: usize,
}

/// A text that is copied only where it holds escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `serde_json` tells of a number that is no whole one of 64 bits as of an object
/// whose first member has this name, and its digits for a value.
const NUMBER: &str = "$serde_json::private::Number";

impl WellFormed {
    /// The depth of what lies in this object or list.
    fn inside<E: Error>(&self) -> Result<usize, E> {
        let depth = self.depth + 1;
        if depth <= DEPTH_MAX { Ok(depth) } else { Err(E::custom("too deep")) }
    }
}

impl<'de> DeserializeSeed<'de> for WellFormed {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WellFormed {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let depth = self.inside()?;
        while items.next_element_seed(Self { depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut name = members.next_key::<Text<'de>>()?;
        if name.as_ref().is_some_and(|Text(name)| name == NUMBER) {
            let Text(digits) = members.next_value()?;
            return digits.parse::<Number>().map(|_| ()).map_err(A::Error::custom);
        }
        let depth = self.inside()?;
        while name.is_some() {
            members.next_value_seed(Self { depth })?;
            name = members.next_key()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The quick check and the decoder must agree on every body.
    #[track_caller]
    fn check(body: &[u8], expect: bool) {
        let body = Bytes::copy_from_slice(body);
        let request = InboundRequest { headers: Headers::default(), query: String::new(), body };
        let text = String::from_utf8_lossy(&request.body).into_owned();
        assert_eq!(is_well_formed(&request.body), expect, "{text}");
        assert_eq!(processing::decode(&request).is_ok(), expect, "{text}");
    }

    #[test]
    fn the_quick_check_knows_json() {
        for text in
            ["{}", "[]", "-1.50e999", "\"a\"", "null", " {\"a\":[1,{\"b\":2}],\"c\":\"\\u00e9\"} "]
        {
            check(text.as_bytes(), true);
        }
        for text in ["", "{", "{\"a\" 1}", "[1,]", "{\"a\":1}x", "\"\\ud800\"", "01", "1.", "nul"] {
            check(text.as_bytes(), false);
        }
        // What the parser makes of a number, sent as an object.
        check(br#"{"$serde_json::private::Number":"1"}"#, false);
        check(br#"{"\u0024serde_json::private::Number":"1"}"#, false);
        check(br#"{"$serde_json::private::Number":"one"}"#, false);
        check(br#"{"$serde_json::private::Number":"1","a":1}"#, false);
        check(b"\"\xff\"", false);
        check(b"{\"\xff\":1}", false);
    }

    #[test]
    fn nesting_is_bounded_alike() {
        for (depth, expect) in [(DEPTH_MAX, true), (DEPTH_MAX + 1, false), (100_000, false)] {
            for inside in ["", "1.5"] {
                let text = format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth));
                check(text.as_bytes(), expect);
            }
        }
    }

    #[test]
    fn a_token_in_the_url_is_masked() {
        let places = turnbuckle_core::verify::sender("dataverse").unwrap().signature;
        for (query, expect) in [
            ("", ""),
            ("a=1", "a=1"),
            ("code=x&a=%20", "code=***&a=%20"),
            ("a&c%6Fde=x", "a&c%6Fde=***"),
        ] {
            assert_eq!(kept_query(query, &places), expect);
            assert_eq!(kept_query(query, &[]), query);
        }
    }

    #[test]
    fn secrets_are_masked_and_headers_bounded() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
        headers.insert(COOKIE, "session=x".parse().unwrap());
        headers.insert("x-gitlab-token", "x".parse().unwrap());
        for index in 0..200 {
            let name: HeaderName = format!("x-{index}").parse().unwrap();
            headers.insert(name, "value".parse().unwrap());
        }
        headers.insert(CONTENT_TYPE, "text/json".parse().unwrap());
        let sender = turnbuckle_core::verify::sender("gitlab").unwrap();
        let kept = kept_headers(&headers, &sender.signature);
        assert_eq!(kept.get("x-gitlab-token").as_deref(), Some(MASK));
        assert!(kept.pairs().len() <= HEADERS_MAX + 1);
        let find = |wanted: &str| kept.get(wanted).unwrap();
        assert_eq!(find("authorization"), MASK);
        assert_eq!(find("cookie"), MASK);
        assert_eq!(find("content-type"), "text/json");
    }
}
