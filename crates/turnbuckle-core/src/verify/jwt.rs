//! JSON Web Tokens that senders sign posts with.
//!
//! A token is a signature over its own text. What it says of the post stands in its
//! claims: most hold a hash of the body, some whom the token is for and how long.
//!
//! What is guaranteed:
//!
//! - The algorithm is the scheme's. A token that names another one, or none, is refused
//!   before any key is looked at, so that no key is ever used in a way not meant for it.
//! - Claims are believed after the signature matched, and not before.
//! - Keys are those that the owner wrote. What a token says of its key (`jku`, `jwk`,
//!   `x5u`, `kid`) is not followed, and nothing is fetched.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::keys::Key;
use super::scheme::{Encoding, Scheme, TOLERANCE_S_DEFAULT, check_tolerance};
use super::signed;
use super::{Facts, Refusal, Verified};
use crate::id::UnixMs;
use crate::invalid::Invalid;
use crate::source::Members;

const CLAIM_BYTES_MAX: usize = 100;

/// What the claims of a token must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The claim with the SHA-256 of the body.
    pub body: Option<String>,
    pub body_encoding: Encoding,
    /// Whether a token says whom it is for (`aud`): the URL that was called.
    pub audience: Audience,
    /// How far `iat` may be from now, both ways and inclusive. Without it a token need
    /// not say when it was made.
    pub tolerance_s: Option<u32>,
}

/// What `aud` must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    #[default]
    Any,
    /// The URL that was called.
    Url,
    /// That URL, if it says anything.
    UrlIfNamed,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            body: None,
            body_encoding: Encoding::Hex,
            audience: Audience::Any,
            tolerance_s: None,
        }
    }
}

impl Claims {
    pub(super) fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let body: Option<String> = members.read("body");
        let body_encoding = members.read("body_encoding").unwrap_or(Encoding::Hex);
        let audience = members.read("audience").unwrap_or_default();
        let tolerance_s: Option<u32> = members.read("tolerance_s");
        if body.as_ref().is_some_and(|name| !(1..=CLAIM_BYTES_MAX).contains(&name.len())) {
            members.refuse("body", format!("`body` must be 1 to {CLAIM_BYTES_MAX} bytes long"));
        }
        if body_encoding == Encoding::Text {
            members.refuse("body_encoding", "a hash is written in `hex` or `base64`");
        }
        if let Some(Err(detail)) = tolerance_s.map(check_tolerance) {
            members.refuse("tolerance_s", detail);
        }
        members.finish(Self { body, body_encoding, audience, tolerance_s })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut members = Map::new();
        if let Some(name) = &self.body {
            members.insert("body".to_owned(), json!(name));
            members.insert("body_encoding".to_owned(), json!(self.body_encoding));
        }
        if self.audience != Audience::Any {
            members.insert("audience".to_owned(), json!(self.audience));
        }
        if let Some(tolerance_s) = self.tolerance_s {
            members.insert("tolerance_s".to_owned(), json!(tolerance_s));
        }
        Json::Object(members)
    }

    /// Checks what a token, whose signature matched, says of its post.
    fn check(&self, token: &Token, facts: &Facts<'_>, now: UnixMs) -> Result<(), Refusal> {
        self.check_times(token, now.div_euclid(1_000))?;
        self.check_body(token, facts.post.body)?;
        self.check_audience(token, facts.post.url)
    }

    fn check_times(&self, token: &Token, now_s: i64) -> Result<(), Refusal> {
        let tolerance_s = self.tolerance_s.unwrap_or(TOLERANCE_S_DEFAULT);
        let tolerance = i64::from(tolerance_s);
        if self.tolerance_s.is_some() {
            let made_at = token.time("iat")?.ok_or(Refusal::ClaimMissing("iat".to_owned()))?;
            if made_at < now_s.saturating_sub(tolerance) {
                return Err(Refusal::TooOld { tolerance_s });
            }
            if now_s.saturating_add(tolerance) < made_at {
                return Err(Refusal::TooNew { tolerance_s });
            }
        }
        // Clocks differ.
        if token.time("exp")?.is_some_and(|ends_at| ends_at < now_s.saturating_sub(tolerance)) {
            return Err(Refusal::Expired { tolerance_s });
        }
        if token.time("nbf")?.is_some_and(|from| now_s.saturating_add(tolerance) < from) {
            return Err(Refusal::TooNew { tolerance_s });
        }
        Ok(())
    }

    fn check_body(&self, token: &Token, body: &[u8]) -> Result<(), Refusal> {
        let Some(name) = &self.body else { return Ok(()) };
        match token.claims.get(name) {
            // Of nothing some senders make no hash.
            None if body.is_empty() => Ok(()),
            None => Err(Refusal::ClaimMissing(name.clone())),
            Some(Json::String(text)) => {
                let hash = self.body_encoding.decode(text).unwrap_or_default();
                let is_it = Sha256::digest(body).as_slice().ct_eq(&hash);
                if is_it.into() { Ok(()) } else { Err(Refusal::OtherBody) }
            }
            Some(_) => Err(Refusal::ClaimUnreadable(name.clone())),
        }
    }

    fn check_audience(&self, token: &Token, url: &str) -> Result<(), Refusal> {
        if self.audience == Audience::Any {
            return Ok(());
        }
        let is_unnamed = |it: &Json| it.is_null() || it.as_str().is_some_and(str::is_empty);
        let named: Vec<&str> = match token.claims.get("aud").filter(|it| !is_unnamed(it)) {
            None if self.audience == Audience::UrlIfNamed => return Ok(()),
            None => return Err(Refusal::ClaimMissing("aud".to_owned())),
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            Some(_) => return Err(Refusal::ClaimUnreadable("aud".to_owned())),
        };
        let is_named = |url: &str| {
            let path = url.split_once('?').map_or(url, |(path, _)| path);
            named.iter().any(|named| [url, path].contains(named))
        };
        match signed::with_port(url).iter().any(|url| is_named(url)) {
            true => Ok(()),
            false => Err(Refusal::OtherAudience),
        }
    }
}

/// A token that was taken apart and not yet believed.
pub(super) struct Token {
    /// What its signature is over.
    pub signed: String,
    /// As it is written.
    pub signature: String,
    algorithm: String,
    claims: Map<String, Json>,
}

impl Token {
    /// The token of a post.
    pub fn of(scheme: &Scheme, facts: &Facts<'_>) -> Result<Self, Refusal> {
        let place = &scheme.signature[0];
        let text = place.value(facts)?;
        Self::read(&text).ok_or_else(|| Refusal::NoToken(place.clone()))
    }

    fn read(text: &str) -> Option<Self> {
        // In `Authorization` some senders write what kind of token it is, and some do not.
        let bearer = "Bearer ";
        let text = match text.get(..bearer.len()) {
            Some(start) if start.eq_ignore_ascii_case(bearer) => text[bearer.len()..].trim(),
            _ => text,
        };
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Map<String, Json> = serde_json::from_slice(&decode(header)?).ok()?;
        // Says that the token means something else to whoever knows its extensions.
        if header.contains_key("crit") {
            return None;
        }
        Some(Self {
            algorithm: header.get("alg")?.as_str()?.to_owned(),
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            signed: signed.to_owned(),
            signature: signature.to_owned(),
        })
    }

    /// A claim that is a time, in seconds.
    fn time(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.claims.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|it| it.floor() as i64));
        seconds.map(Some).ok_or_else(|| Refusal::ClaimUnreadable(name.to_owned()))
    }
}

/// Checks that the post has a token that was signed, as `scheme` says, with one of `keys`,
/// and that the token was made for this post.
pub(super) fn verify(
    scheme: &Scheme,
    claims: &Claims,
    keys: &[Key],
    facts: &Facts<'_>,
    now: UnixMs,
) -> Result<Verified, Refusal> {
    let token = Token::of(scheme, facts)?;
    if scheme.algorithm.in_token() != Some(token.algorithm.as_str()) {
        return Err(Refusal::OtherAlgorithm);
    }
    let offered: Vec<Vec<u8>> = decode(&token.signature).into_iter().collect();
    let mut is_match = Choice::from(0);
    for key in keys {
        is_match |= key.matches(scheme, token.signed.as_bytes(), &offered);
    }
    if !bool::from(is_match) {
        return Err(Refusal::NoMatch);
    }
    claims.check(&token, facts, now)?;
    Ok(Verified::of(claims.tolerance_s.is_some(), token.signed.as_bytes(), facts.post.body))
}

/// Reads Base64 as tokens are written: for URLs, without padding.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
