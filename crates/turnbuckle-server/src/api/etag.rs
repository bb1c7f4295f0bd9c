//! `ETag`, and the conditions on it by which a change overwrites nobody else's.
//!
//! `If-Match` wants one of the versions it lists, or with `*` that there is one;
//! `If-None-Match: *` wants that there is none yet (RFC 9110, section 13). A call
//! that honours them has a [`Precondition`] in its signature and in its
//! description; every other call refuses them ([`crate::extract::Described`]),
//! because whoever sends one relies on it.
//!
//! A version counts the writes of its owner, not what else an answer shows (when
//! an endpoint last succeeded, say): it guards changes and is no key of a cache.

use axum::extract::FromRequestParts;
use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use turnbuckle_store::StoreError;
use turnbuckle_store::connection::ABSENT;
use turnbuckle_store::error::Noun;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, openapi};

use crate::problem::ApiError;

/// The header that tells the version of what is answered.
pub fn etag(version: i64) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{version}\""));
    [(ETAG, value.expect("digits in quotes are a header value"))]
}

/// What a caller expects of the version of what it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Precondition {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// Which versions a header names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// `*`
    Any,
    /// Tags that we never gave are left out: they match nothing.
    OneOf(Vec<i64>),
}

impl Precondition {
    /// Whether nothing is expected.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The version that the store must find for the change to be made; `None` for any. `current`
    /// is that of what is there, if it is.
    ///
    /// # Errors
    /// [`StoreError::VersionMismatch`]
    pub fn version(
        &self,
        noun: Noun,
        id: &str,
        current: Option<i64>,
    ) -> Result<Option<i64>, StoreError> {
        if self.is_none() {
            return Ok(None);
        }
        let holds = self.if_match.as_ref().is_none_or(|tags| tags.name(current))
            && !self.if_none_match.as_ref().is_some_and(|tags| tags.name(current));
        match holds {
            true => Ok(Some(current.unwrap_or(ABSENT))),
            false => Err(StoreError::VersionMismatch { noun, id: id.to_owned() }),
        }
    }
}

impl Tags {
    fn name(&self, current: Option<i64>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(versions), Some(current)) => versions.contains(&current),
        }
    }

    fn read(headers: &HeaderMap, header: HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(header).iter().peekable();
        lines.peek()?;
        let text: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        let text = text.join(",");
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        // None of our tags holds a comma, so pieces of foreign ones stay foreign.
        let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        Some(Self::OneOf(text.split(',').filter_map(version).collect()))
    }
}

impl<S: Sync> FromRequestParts<S> for Precondition {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self {
            if_match: Tags::read(&parts.headers, IF_MATCH),
            if_none_match: Tags::read(&parts.headers, IF_NONE_MATCH),
        })
    }
}

impl IntoParams for Precondition {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = |name: HeaderName, description: &str| {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            ParameterBuilder::new()
                .name(title_case(name.as_str()))
                .parameter_in(ParameterIn::Header)
                .required(openapi::Required::False)
                .description(Some(description))
                .schema(Some(text))
                .build()
        };
        vec![
            header(
                IF_MATCH,
                "`ETag` of the version that was read, or several; `*` for whichever there is.",
            ),
            header(IF_NONE_MATCH, "`*`: only if there is none yet."),
        ]
    }
}

/// A header's name as people write it.
fn title_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(HeaderName, &'static str)], current: Option<i64>, expect: Option<i64>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        let precondition = Precondition {
            if_match: Tags::read(&map, IF_MATCH),
            if_none_match: Tags::read(&map, IF_NONE_MATCH),
        };
        let got = precondition.version(Noun::Source, "x", current);
        assert_eq!(got.ok().flatten(), expect, "{headers:?} on {current:?}");
    }

    #[test]
    fn a_list_matches_any_of_its_versions_and_a_star_any_there_is() {
        for (text, is_matched) in [
            (r#""3""#, true),
            (r#""1", "3""#, true),
            (r#""1","3" "#, true),
            ("*", true),
            (r#""1", "2""#, false),
            (r#"W/"3""#, false),
            ("3", false),
            (r#""x,3""#, false),
            ("", false),
        ] {
            check(&[(IF_MATCH, text)], Some(3), is_matched.then_some(3));
            check(&[(IF_MATCH, text)], None, None);
        }
        check(&[(IF_MATCH, r#""1""#), (IF_MATCH, r#""3""#)], Some(3), Some(3));
    }

    #[test]
    fn what_must_not_be_there_must_not_be_there() {
        check(&[(IF_NONE_MATCH, "*")], None, Some(ABSENT));
        check(&[(IF_NONE_MATCH, "*")], Some(3), None);
        check(&[(IF_NONE_MATCH, r#""3""#)], Some(3), None);
        check(&[(IF_NONE_MATCH, r#""2""#)], Some(3), Some(3));
        check(&[(IF_MATCH, "*"), (IF_NONE_MATCH, "*")], Some(3), None);
    }

    #[test]
    fn nothing_is_expected_where_nothing_is_said() {
        let any = Precondition::default().version(Noun::Source, "x", Some(3));
        assert!(matches!(any, Ok(None)), "{any:?}");
    }
}
