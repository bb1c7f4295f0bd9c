//! Verification of senders: whether a post comes from who it says it does.
//!
//! Senders sign what they post in some forty ways that differ in a few facts:
//! where the signatures are, over which bytes, how they are written, when they
//! were made. A [`Scheme`] holds these facts; the table of known [senders](sender())
//! is written in the words in which the owner of a source may declare another.
//!
//! What is guaranteed:
//!
//! - The bytes that are judged are those that came: nothing is parsed and written
//!   again. Only a scheme whose signature lies in the body reads the body.
//! - A post passes if one of its signatures matches one of the secrets. All else
//!   fails: what is missing, given twice, not readable, too old, too new.
//! - Signatures, tokens and hashes are compared in constant time, each with every secret.
//! - Of a post that was signed with its time it is told how another can be recognised
//!   as the same one, played again.
//!
//! Nothing here reads a clock: the caller passes the time. Absent on purpose:
//! keys that a sender publishes and changes, certificates of clients, lists of addresses.

mod explain;
mod handshake;
mod jwt;
mod keys;
mod place;
mod scheme;
mod sender;
mod setting;
mod signed;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::id::UnixMs;

pub use explain::{Comparison, Explanation, explain};
pub use handshake::{Answer, Handshake};
pub use jwt::Claims;
use keys::encode_hex;
pub use keys::{Key, KeyForm};
pub use place::Place;
pub use scheme::{Algorithm, Encoding, Scheme, TOLERANCE_S_MAX, Timestamp, Unit};
pub use sender::{SENDER_NAMES, sender};
pub use setting::{SECRETS_MAX, SecretText, Verification, Who};
pub use signed::Part;

/// Most signatures of one post that are looked at.
const SIGNATURES_MAX: usize = 20;

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    pub method: &'a str,
    /// Whole, with scheme, host, path and query: what its sender called.
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a [u8])],
    pub body: &'a [u8],
}

impl<'a> Post<'a> {
    /// What stands behind `?`.
    pub fn query(&self) -> &'a str {
        let url = self.url.split_once('#').map_or(self.url, |(url, _)| url);
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The values of the headers of this name, in any case.
    fn header(&self, wanted: &str) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        let wanted = wanted.to_owned();
        let is_it = move |(name, _): &&(&str, &[u8])| name.eq_ignore_ascii_case(&wanted);
        self.headers.iter().filter(is_it).map(|(_, value)| *value)
    }

    /// Whether the body says that it is an urlencoded form.
    fn is_form(&self) -> bool {
        let form = b"application/x-www-form-urlencoded";
        let mut types = self.header("content-type").map(<[u8]>::trim_ascii_start);
        types.next().is_some_and(|text| {
            text.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form))
        })
    }
}

/// A post whose body is parsed at most once, and only for a scheme that looks into it.
struct Facts<'a> {
    post: Post<'a>,
    body: Option<Json>,
}

impl<'a> Facts<'a> {
    fn new(post: Post<'a>, scheme: &Scheme) -> Self {
        let body = scheme.reads_body().then(|| serde_json::from_slice(post.body).ok()).flatten();
        Self { post, body }
    }
}

/// Why a post is not believed. Tells nothing that its sender does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0} is missing or empty")]
    Missing(Place),
    #[error("{0} is given more than once")]
    Repeated(Place),
    #[error("{0} is not text")]
    Unreadable(Place),
    #[error("{0} holds no signature of the expected kind")]
    NoSignature(Place),
    #[error("the time of signing, {0}, is not {expected}", expected = .1.in_words())]
    TimestampUnreadable(Place, Unit),
    #[error("it was signed more than {tolerance_s} s ago")]
    TooOld { tolerance_s: u32 },
    #[error("it was signed more than {tolerance_s} s ahead of the time here")]
    TooNew { tolerance_s: u32 },
    #[error("the body is not the one whose hash was signed")]
    OtherBody,
    #[error("{0} is no JSON Web Token")]
    NoToken(Place),
    #[error("the token is signed in another way than this sender signs")]
    OtherAlgorithm,
    #[error("the token says no `{0}`")]
    ClaimMissing(String),
    #[error("what the token says of `{0}` cannot be read")]
    ClaimUnreadable(String),
    #[error("the token expired more than {tolerance_s} s ago")]
    Expired { tolerance_s: u32 },
    #[error("the token is for another URL")]
    OtherAudience,
    #[error("no signature matches")]
    NoMatch,
    #[error("the secret is not known yet: the sender's handshake has not come")]
    NoSecret,
}

/// A post that is its sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The hash of what was signed, if the time of signing was: no two posts of a sender have
    /// it in common, so that another one with it is the same, played again. Without a time,
    /// two events may well be signed alike.
    pub fingerprint: Option<String>,
}

impl Verified {
    /// The body counts although it is no part of what some senders sign.
    fn of(has_time: bool, signed: &[u8], body: &[u8]) -> Self {
        let fingerprint = has_time.then(|| {
            let length = (signed.len() as u64).to_be_bytes();
            let hash = Sha256::new().chain_update(length).chain_update(signed).chain_update(body);
            format!("signed:{}", encode_hex(&hash.finalize()))
        });
        Self { fingerprint }
    }
}

/// Checks that `post` was signed, as `scheme` says, with one of `keys`.
///
/// # Errors
/// The first reason not to believe it.
pub fn verify(
    scheme: &Scheme,
    keys: &[Key],
    post: &Post<'_>,
    now: UnixMs,
) -> Result<Verified, Refusal> {
    if keys.is_empty() {
        return Err(Refusal::NoSecret);
    }
    let facts = Facts::new(*post, scheme);
    if let Some(claims) = &scheme.claims {
        return jwt::verify(scheme, claims, keys, &facts, now);
    }
    let offered = offered(scheme, &facts)?;
    let timestamp = check_timestamp(scheme, &facts, now)?;
    check_body_hash(scheme, &facts)?;
    let mut matching = None;
    for url in signed::urls(scheme, post.url) {
        for key in keys {
            let bytes = signed::bytes(scheme, &facts, &url, timestamp.as_deref(), key)?;
            if key.matches(scheme, &bytes, &offered).into() {
                matching.get_or_insert(bytes);
            }
        }
    }
    let signed = matching.ok_or(Refusal::NoMatch)?;
    Ok(Verified::of(timestamp.is_some(), &signed, post.body))
}

/// The signatures of a post, decoded. What cannot be decoded is none.
fn offered(scheme: &Scheme, facts: &Facts<'_>) -> Result<Vec<Vec<u8>>, Refusal> {
    let texts = offered_texts(scheme, facts)?;
    Ok(texts.iter().filter_map(|text| scheme.encoding.decode(text)).collect())
}

fn offered_texts(scheme: &Scheme, facts: &Facts<'_>) -> Result<Vec<String>, Refusal> {
    let mut texts = Vec::new();
    let mut refusal = None;
    for place in &scheme.signature {
        match place.signatures(facts) {
            Ok(found) => texts.extend(found),
            // Of several places one suffices, unless one is not as it should be.
            Err(missing @ Refusal::Missing(_)) => refusal = refusal.or(Some(missing)),
            Err(other) => return Err(other),
        }
    }
    texts.truncate(SIGNATURES_MAX);
    match (texts.is_empty(), refusal) {
        (false, _) => Ok(texts),
        (true, Some(refusal)) => Err(refusal),
        (true, None) => Err(Refusal::NoSignature(scheme.signature[0].clone())),
    }
}

/// The time of signing as it was written, if it is near enough to `now`.
fn check_timestamp(
    scheme: &Scheme,
    facts: &Facts<'_>,
    now: UnixMs,
) -> Result<Option<String>, Refusal> {
    let Some(timestamp) = &scheme.timestamp else { return Ok(None) };
    let text = timestamp.place.value(facts)?;
    let unreadable = || Refusal::TimestampUnreadable(timestamp.place.clone(), timestamp.unit);
    let signed_at = timestamp.unit.read(&text).ok_or_else(unreadable)?;
    let tolerance_s = timestamp.tolerance_s;
    // The unit of comparison is the sender's: half a second is not "too old".
    let (signed_at, now) = match timestamp.unit {
        Unit::Milliseconds => (signed_at, now),
        Unit::Seconds | Unit::Rfc3339 => {
            (signed_at.div_euclid(1_000) * 1_000, now.div_euclid(1_000) * 1_000)
        }
    };
    if now.abs_diff(signed_at) > u64::from(tolerance_s) * 1_000 {
        return Err(match signed_at < now {
            true => Refusal::TooOld { tolerance_s },
            false => Refusal::TooNew { tolerance_s },
        });
    }
    Ok(Some(text))
}

/// Where a body is not signed itself, its hash is.
fn check_body_hash(scheme: &Scheme, facts: &Facts<'_>) -> Result<(), Refusal> {
    let Some(place) = &scheme.body_hash else { return Ok(()) };
    let post = &facts.post;
    if post.body.is_empty() || post.is_form() {
        return Ok(());
    }
    let given = Encoding::Hex.decode(&place.value(facts)?).unwrap_or_default();
    let is_it = Sha256::digest(post.body).as_slice().ct_eq(&given);
    if is_it.into() { Ok(()) } else { Err(Refusal::OtherBody) }
}

#[cfg(test)]
mod tests;
