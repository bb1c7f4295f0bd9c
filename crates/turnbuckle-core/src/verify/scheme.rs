//! How a sender signs, as a value and as a document.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::handshake::Handshake;
use super::jwt::Claims;
use super::keys::{KeyForm, decode_base64, decode_hex, encode_base64, encode_hex};
use super::place::Place;
use super::signed::{PARTS_MAX, Part};
use crate::id::UnixMs;
use crate::invalid::{Invalid, pointer};
use crate::source::{Dedupe, Members};

/// The longest that a signature may be old, or ahead, in seconds.
pub const TOLERANCE_S_MAX: u32 = 36 * 3_600;
pub(super) const TOLERANCE_S_DEFAULT: u32 = 300;
const PLACES_MAX: usize = 10;

/// Where signatures stand and what they are over.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheme {
    /// Any of these places may hold a signature that matches.
    pub signature: Vec<Place>,
    pub algorithm: Algorithm,
    /// How signatures are written.
    pub encoding: Encoding,
    /// How secrets are written.
    pub key: KeyForm,
    /// Stands before the secret and is no part of it, such as `whsec_`; may be left out.
    pub key_prefix: String,
    /// Empty for a token, which signs nothing.
    pub signed: Vec<Part>,
    pub timestamp: Option<Timestamp>,
    /// Where the SHA-256 of a body stands, in hexadecimal digits, if the URL is signed
    /// and the body is no form.
    pub body_hash: Option<Place>,
    /// What the claims of a JSON Web Token must say; `None` if signatures are no such tokens.
    pub claims: Option<Claims>,
    /// The sender's id of a post.
    pub id: Option<Dedupe>,
    pub handshake: Option<Handshake>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    #[serde(rename = "hmac-sha1")]
    HmacSha1,
    /// A plain hash, over bytes that hold the secret.
    #[serde(rename = "sha256")]
    Sha256,
    /// The secret is the sender's public key, and signatures are in DER form.
    #[serde(rename = "ecdsa-p256-sha256")]
    EcdsaP256Sha256,
    /// The secret is the sender's public key.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// The secret itself is sent.
    #[serde(rename = "token")]
    Token,
    #[serde(rename = "jwt-hs256")]
    JwtHs256,
    /// The secret is the sender's public key on the curve P-256.
    #[serde(rename = "jwt-es256")]
    JwtEs256,
    /// The secret is the sender's public RSA key.
    #[serde(rename = "jwt-rs256")]
    JwtRs256,
}

impl Algorithm {
    /// What a JSON Web Token calls it; `None` if it is not for such tokens.
    pub(super) fn in_token(self) -> Option<&'static str> {
        match self {
            Self::JwtHs256 => Some("HS256"),
            Self::JwtEs256 => Some("ES256"),
            Self::JwtRs256 => Some("RS256"),
            Self::HmacSha256
            | Self::HmacSha1
            | Self::Sha256
            | Self::EcdsaP256Sha256
            | Self::Ed25519
            | Self::Token => None,
        }
    }

    fn default_encoding(self) -> Encoding {
        match self {
            Self::Token => Encoding::Text,
            Self::JwtHs256 | Self::JwtEs256 | Self::JwtRs256 => Encoding::Base64,
            Self::HmacSha256
            | Self::HmacSha1
            | Self::Sha256
            | Self::EcdsaP256Sha256
            | Self::Ed25519 => Encoding::Hex,
        }
    }

    fn default_key(self) -> KeyForm {
        match self {
            Self::JwtEs256 | Self::JwtRs256 => KeyForm::Jwk,
            _ => KeyForm::Text,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Hex,
    Base64,
    /// For tokens only.
    Text,
}

/// When a post was signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Timestamp {
    pub place: Place,
    pub unit: Unit,
    /// How far it may be from now, both ways and inclusive.
    pub tolerance_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Unit {
    #[default]
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "rfc3339")]
    Rfc3339,
}

impl Unit {
    pub(super) fn read(self, text: &str) -> Option<UnixMs> {
        let number = || -> Option<UnixMs> {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        match self {
            Self::Seconds => number()?.checked_mul(1_000),
            Self::Milliseconds => number(),
            Self::Rfc3339 => Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Seconds => "a whole number of seconds",
            Self::Milliseconds => "a whole number of milliseconds",
            Self::Rfc3339 => "a time such as 2026-01-31T09:30:00Z",
        }
    }
}

impl Encoding {
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => decode_hex(text),
            Self::Base64 => decode_base64(text),
            Self::Text => Some(text.as_bytes().to_vec()),
        }
    }

    pub(super) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => encode_hex(bytes),
            Self::Base64 => encode_base64(bytes),
            Self::Text => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

impl Timestamp {
    fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let unit = members.read("unit").unwrap_or_default();
        let tolerance_s = members.read("tolerance_s").unwrap_or(TOLERANCE_S_DEFAULT);
        if let Err(detail) = check_tolerance(tolerance_s) {
            members.refuse("tolerance_s", detail);
        }
        let place = Place::read(&mut members);
        let timestamp = members.finish(place.map(|place| Self { place, unit, tolerance_s }))?;
        timestamp.ok_or_else(|| vec![Invalid::new("", "says no place")])
    }

    fn to_json(&self) -> Json {
        let mut members = self.place.to_members();
        members.insert("unit".to_owned(), json!(self.unit));
        members.insert("tolerance_s".to_owned(), json!(self.tolerance_s));
        Json::Object(members)
    }
}

pub(super) fn check_tolerance(tolerance_s: u32) -> Result<(), String> {
    match (1..=TOLERANCE_S_MAX).contains(&tolerance_s) {
        true => Ok(()),
        false => Err(format!("`tolerance_s` must be 1 to {TOLERANCE_S_MAX} seconds")),
    }
}

impl Scheme {
    /// Reads a scheme that an owner declares.
    ///
    /// # Errors
    /// Every member that is wrong, and what would make the scheme check less than it says.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let scheme = Self::read(document)?;
        let invalid = scheme.weaknesses();
        if invalid.is_empty() { Ok(scheme) } else { Err(invalid) }
    }

    /// Whether the secret comes as a user name and a password, RFC 7617.
    pub(super) fn is_basic(&self) -> bool {
        self.algorithm == Algorithm::Token
            && self.encoding == Encoding::Base64
            && self
                .signature
                .iter()
                .any(|place| matches!(place, Place::Header { prefix, .. } if prefix == "Basic "))
    }

    /// Reads a scheme by its members alone, as the table of senders is.
    pub(super) fn read(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        if members.get("signature").is_none() {
            members.refuse("signature", "`signature` is missing: where are signatures?");
        }
        let signature = members.parse("signature", |document| match document {
            Json::Array(_) => parse_list(document, PLACES_MAX, Place::parse),
            one => Place::parse(one).map(|place| vec![place]),
        });
        let algorithm: Option<Algorithm> = members.required("algorithm");
        let is_token = algorithm == Some(Algorithm::Token);
        let is_jwt = algorithm.is_some_and(|it| it.in_token().is_some());
        let usual = algorithm.unwrap_or(Algorithm::HmacSha256);
        let claims = members.parse("claims", Claims::parse);
        let scheme = Self {
            signature: signature.unwrap_or_default(),
            algorithm: usual,
            encoding: members.read("encoding").unwrap_or(usual.default_encoding()),
            key: members.read("key").unwrap_or(usual.default_key()),
            key_prefix: members.read("key_prefix").unwrap_or_default(),
            signed: members
                .parse("signed", |document| parse_list(document, PARTS_MAX, Part::parse))
                .unwrap_or_default(),
            timestamp: members.parse("timestamp", Timestamp::parse),
            body_hash: members.parse("body_hash", Place::parse),
            claims: is_jwt.then(|| claims.unwrap_or_default()),
            id: members.parse("id", Dedupe::parse),
            handshake: members.read("handshake"),
        };
        if 100 < scheme.key_prefix.len() {
            members.refuse("key_prefix", "`key_prefix` must be at most 100 bytes long");
        }
        if is_jwt {
            refuse_beside_token(&mut members, &scheme);
        } else if members.get("claims").is_some() {
            members.refuse("claims", "`claims` goes with a JSON Web Token, such as `jwt-hs256`");
        }
        let signs_parts = !is_token && !is_jwt;
        if signs_parts && algorithm.is_some() && members.get("signed").is_none() {
            let detail = "`signed` is missing: name the parts that are signed, e.g. [\"body\"]";
            members.refuse("signed", detail);
        }
        if is_token && members.get("signed").is_some() {
            members.refuse("signed", "a token signs nothing");
        }
        if signs_parts && scheme.encoding == Encoding::Text {
            members.refuse("encoding", "a signature is written in `hex` or `base64`");
        }
        let is_public = matches!(algorithm, Some(Algorithm::EcdsaP256Sha256 | Algorithm::Ed25519));
        if is_public && !matches!(scheme.key, KeyForm::Base64 | KeyForm::Hex) {
            members.refuse("key", "a public key is written in `base64` or `hex`");
        }
        let takes_jwk = usual.default_key() == KeyForm::Jwk;
        if !is_public && takes_jwk != (scheme.key == KeyForm::Jwk) {
            let detail = "`jwk` is how a public key of JSON Web Tokens is written, and only one";
            members.refuse("key", detail);
        }
        if scheme.signed.contains(&Part::Timestamp) && scheme.timestamp.is_none() {
            members.refuse("timestamp", "`timestamp` is signed, so say where it stands");
        }
        if scheme.signed.contains(&Part::Id) && scheme.id_place().is_none() {
            members.refuse("id", "`id` is signed, so say which header holds it");
        }
        let has_secret = scheme.signed.contains(&Part::Secret);
        if algorithm == Some(Algorithm::Sha256) && !has_secret {
            let detail = "anybody can make a plain hash: name `secret` among the parts";
            members.refuse("signed", detail);
        }
        if has_secret && algorithm.is_some_and(|it| it != Algorithm::Sha256) {
            members.refuse("signed", "`secret` is a part for `sha256` only");
        }
        members.finish(scheme)
    }

    /// What an owner would not expect of a scheme that verifies.
    fn weaknesses(&self) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        let is_token = self.algorithm == Algorithm::Token;
        let is_signed = |part: Part| self.signed.contains(&part);
        let covers_body = is_signed(Part::Body)
            || (self.body_hash.is_some()
                && (is_signed(Part::Url) || is_signed(Part::UrlDecoded))
                && is_signed(Part::Form));
        let claims_body = self.claims.as_ref().is_some_and(|claims| claims.body.is_some());
        if self.claims.is_some() && !claims_body {
            let detail = "a token that holds no hash of the body protects nothing: name the claim \
                          that does, as `body`";
            invalid.push(Invalid::new("/claims", detail));
        }
        if !is_token && self.claims.is_none() && !covers_body {
            let detail = "a signature that is not over the body protects nothing: name `body`, or \
                          `url`, `form` and a `body_hash` in the URL";
            invalid.push(Invalid::new("/signed", detail));
        }
        if let Some(place) = &self.body_hash
            && !matches!(place, Place::Query(_))
        {
            let detail = "`body_hash` must be a parameter of the URL, which is signed";
            invalid.push(Invalid::new("/body_hash", detail));
        }
        if let Some(timestamp) = &self.timestamp {
            let is_in_body = timestamp.place.is_of_body() && is_signed(Part::Body);
            if is_token || !(is_in_body || is_signed(Part::Timestamp)) {
                let detail = "a time that is not signed can be any: name `timestamp` among the \
                              parts, or leave it out";
                invalid.push(Invalid::new("/timestamp", detail));
            }
        }
        invalid
    }

    /// The document that [`Scheme::parse`] reads.
    pub fn to_json(&self) -> Json {
        let mut members = Map::new();
        let mut insert = |name: &str, value: Json| members.insert(name.to_owned(), value);
        let places = self.signature.iter().map(|place| Json::Object(place.to_members()));
        let mut places: Vec<Json> = places.collect();
        insert(
            "signature",
            match places.len() {
                1 => places.remove(0),
                _ => Json::Array(places),
            },
        );
        insert("algorithm", json!(self.algorithm));
        insert("encoding", json!(self.encoding));
        insert("key", json!(self.key));
        if !self.key_prefix.is_empty() {
            insert("key_prefix", json!(self.key_prefix));
        }
        if !self.signed.is_empty() {
            insert("signed", self.signed.iter().map(Part::to_json).collect());
        }
        if let Some(timestamp) = &self.timestamp {
            insert("timestamp", timestamp.to_json());
        }
        if let Some(place) = &self.body_hash {
            insert("body_hash", Json::Object(place.to_members()));
        }
        if let Some(claims) = &self.claims {
            insert("claims", claims.to_json());
        }
        if let Some(id) = &self.id {
            insert("id", id.to_json());
        }
        if let Some(handshake) = self.handshake {
            insert("handshake", json!(handshake));
        }
        Json::Object(members)
    }

    /// Whether the body has to be parsed.
    pub(super) fn reads_body(&self) -> bool {
        let part = |part: &Part| matches!(part, Part::Value(place) if place.is_of_body());
        self.signature.iter().any(Place::is_of_body)
            || self.signed.iter().any(part)
            || self.timestamp.as_ref().is_some_and(|it| it.place.is_of_body())
    }

    /// The header that holds the sender's id of a post.
    pub(super) fn id_place(&self) -> Option<Place> {
        match self.id.as_ref()? {
            Dedupe::Header(name) => {
                Some(Place::Header { name: name.clone(), prefix: String::new(), separator: None })
            }
            Dedupe::Path(_) => None,
        }
    }
}

/// Refuses what a JSON Web Token, which says itself what is signed, leaves no place for.
fn refuse_beside_token(members: &mut Members<'_>, scheme: &Scheme) {
    for name in ["signed", "timestamp", "body_hash"] {
        if members.get(name).is_some() {
            members.refuse(name, "a JSON Web Token says itself what is signed: see `claims`");
        }
    }
    if 1 < scheme.signature.len() {
        members.refuse("signature", "a JSON Web Token stands in one place");
    }
    if scheme.encoding != Encoding::Base64 {
        members.refuse("encoding", "a JSON Web Token is always written in `base64`");
    }
}

fn parse_list<T>(
    document: &Json,
    max: usize,
    parse: impl Fn(&Json) -> Result<T, Vec<Invalid>>,
) -> Result<Vec<T>, Vec<Invalid>> {
    let items = document.as_array().filter(|items| (1..=max).contains(&items.len()));
    let Some(items) = items else {
        return Err(vec![Invalid::new("", format!("must be a list of 1 to {max}"))]);
    };
    let mut values = Vec::new();
    let mut invalid = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match parse(item) {
            Ok(value) => values.push(value),
            Err(wrong) => {
                let path = pointer("", index);
                invalid.extend(wrong.into_iter().map(|invalid| invalid.under(&path)));
            }
        }
    }
    if invalid.is_empty() { Ok(values) } else { Err(invalid) }
}
