//! Why a post does not verify, for the person who has its secret.
//!
//! The usual mistakes are tried one by one: if the post verifies with one of them
//! made good, that one is named. An explanation holds signatures that would be
//! believed, so it is for those who know the secret and never for a sender.

use super::jwt::{self, Token};
use super::keys::{Key, KeyForm};
use super::scheme::{Algorithm, Encoding, Scheme};
use super::signed::{self, Part};
use super::{Facts, Post, Refusal, offered_texts, verify};
use crate::id::UnixMs;

/// What was compared with what.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub outcome: Result<(), Refusal>,
    /// The bytes that were signed, as far as they are known. A secret among them is `***`.
    pub signed: Option<Vec<u8>>,
    pub comparisons: Vec<Comparison>,
    /// What to look at, the surest first.
    pub causes: Vec<String>,
}

/// One signature of the post beside what one secret makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Position of the secret, from 0.
    pub secret_index: usize,
    pub received: String,
    /// `None` for a public key, which makes none.
    pub expected: Option<String>,
    /// The first byte of the two texts that differs, from 0; `None` if none does.
    pub differs_at: Option<usize>,
}

/// Explains what [`verify`] says of `post`.
///
/// # Errors
/// What is wrong with one of `secrets`, by its position.
pub fn explain(
    scheme: &Scheme,
    secrets: &[&str],
    post: &Post<'_>,
    now: UnixMs,
) -> Result<Explanation, (usize, String)> {
    let read = |(index, text): (usize, &&str)| Key::read(scheme, text).map_err(|it| (index, it));
    let keys: Vec<Key> = secrets.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let outcome = verify(scheme, &keys, post, now).map(drop);
    let facts = Facts::new(*post, scheme);
    let causes = match &outcome {
        Ok(()) => Vec::new(),
        Err(refusal) => causes(scheme, secrets, post, now, refusal),
    };
    if scheme.claims.is_some() {
        let token = Token::of(scheme, &facts).ok();
        let comparisons = token.iter().flat_map(|token| compare_token(scheme, &keys, token));
        let comparisons = comparisons.collect();
        let signed = token.map(|token| token.signed.into_bytes());
        return Ok(Explanation { outcome, signed, comparisons, causes });
    }
    let place = scheme.timestamp.as_ref().map(|timestamp| &timestamp.place);
    let timestamp = place.and_then(|place| place.value(&facts).ok());
    let timestamp = timestamp.as_deref();
    let is_known = place.is_none() || timestamp.is_some();

    let mut comparisons = Vec::new();
    for (secret_index, key) in keys.iter().enumerate().filter(|_| is_known) {
        let bytes = signed::bytes(scheme, &facts, post.url, timestamp, key);
        let expected = bytes.ok().and_then(|bytes| key.expected(scheme, &bytes));
        let expected = expected.map(|bytes| scheme.encoding.encode(&bytes));
        for received in offered_texts(scheme, &facts).unwrap_or_default() {
            let differs_at = match &expected {
                Some(expected) => first_difference(&received, expected),
                None => None,
            };
            // Where the secret itself is what is sent, it is not shown.
            let is_secret = scheme.algorithm == Algorithm::Token;
            let expected = expected.clone().map(|it| if is_secret { "***".to_owned() } else { it });
            comparisons.push(Comparison { secret_index, received, expected, differs_at });
        }
    }
    let masked = Scheme { signed: scheme.signed.iter().map(masked).collect(), ..scheme.clone() };
    let shown = keys.first().filter(|_| is_known && scheme.algorithm != Algorithm::Token);
    let shown = shown.and_then(|key| signed::bytes(&masked, &facts, post.url, timestamp, key).ok());
    Ok(Explanation { outcome, signed: shown, comparisons, causes })
}

fn compare_token(scheme: &Scheme, keys: &[Key], token: &Token) -> Vec<Comparison> {
    let compare = |(secret_index, key): (usize, &Key)| {
        let received = token.signature.clone();
        let expected = key.expected(scheme, token.signed.as_bytes());
        let expected = expected.map(|bytes| jwt::encode(&bytes));
        let differs_at = expected.as_deref().and_then(|it| first_difference(&received, it));
        Comparison { secret_index, received, expected, differs_at }
    };
    keys.iter().enumerate().map(compare).collect()
}

fn masked(part: &Part) -> Part {
    match part {
        Part::Secret => Part::Text("***".to_owned()),
        other => other.clone(),
    }
}

fn first_difference(received: &str, expected: &str) -> Option<usize> {
    if received == expected {
        return None;
    }
    let pairs = received.bytes().zip(expected.bytes());
    let same = pairs.take_while(|(received, expected)| received == expected).count();
    Some(same)
}

fn causes(
    scheme: &Scheme,
    secrets: &[&str],
    post: &Post<'_>,
    now: UnixMs,
    refusal: &Refusal,
) -> Vec<String> {
    let mended_or = |usual: Vec<String>| {
        let mended = mended(scheme, secrets, post, now);
        if mended.is_empty() { usual } else { mended }
    };
    match refusal {
        Refusal::Missing(_) => {
            vec!["it is not signed, or something between the sender and here took that away".into()]
        }
        Refusal::NoSignature(_) => {
            vec!["another sender, or another version of its signatures, than is set here".into()]
        }
        Refusal::TooOld { .. } | Refusal::TooNew { .. } => vec![
            "it was stored or played again after it was sent, or a clock is wrong".into(),
            "the sender repeats posts with their first time of signing: raise `tolerance_s`".into(),
        ],
        Refusal::TimestampUnreadable(..) => vec!["the time is written in another unit".into()],
        Refusal::Expired { .. } => {
            vec!["it was stored or played again after it was sent, or a clock is wrong".into()]
        }
        Refusal::OtherBody => mended_or(vec![
            "something between the sender and here parsed the body and wrote it anew".into(),
        ]),
        Refusal::OtherAudience => mended_or(vec![
            "another URL than the sender called: behind a proxy set `public_url`".into(),
        ]),
        Refusal::NoMatch => mended_or(usual(scheme)),
        Refusal::NoToken(_) | Refusal::ClaimMissing(_) | Refusal::ClaimUnreadable(_) => {
            vec!["another sender, or another kind of its posts, than is set here".into()]
        }
        Refusal::OtherAlgorithm => {
            vec!["the sender signs with another kind of key than this sender's name says".into()]
        }
        Refusal::Repeated(_) | Refusal::Unreadable(_) | Refusal::NoSecret => Vec::new(),
    }
}

/// Each mistake with which made good the post verifies.
fn mended(scheme: &Scheme, secrets: &[&str], post: &Post<'_>, now: UnixMs) -> Vec<String> {
    let passes = |scheme: &Scheme, secrets: &[String], post: &Post<'_>| {
        let keys = secrets.iter().filter_map(|text| Key::read(scheme, text).ok());
        verify(scheme, &keys.collect::<Vec<_>>(), post, now).is_ok()
    };
    let owned: Vec<String> = secrets.iter().map(|text| (*text).to_owned()).collect();
    let mut found = Vec::new();

    let trimmed: Vec<String> = owned.iter().map(|text| text.trim().to_owned()).collect();
    if passes(scheme, &trimmed, post) {
        found.push("it verifies with the secret without the white space around it".to_owned());
    }
    for (form, name) in [
        (KeyForm::Text, "as the text it is"),
        (KeyForm::Base64, "decoded from Base64"),
        (KeyForm::Hex, "decoded from hexadecimal digits"),
    ] {
        let other = Scheme { key: form, key_prefix: String::new(), ..scheme.clone() };
        let bare: Vec<String> = owned
            .iter()
            .map(|text| text.split_once('_').map_or(text.as_str(), |(_, bare)| bare).to_owned())
            .collect();
        if form != scheme.key && passes(&other, &owned, post) {
            found.push(format!("it verifies with the secret {name}"));
        }
        if bare != owned && passes(&other, &bare, post) {
            found.push(format!("it verifies with the secret {name}, without its prefix"));
        }
    }
    for (encoding, name) in [(Encoding::Hex, "hexadecimal digits"), (Encoding::Base64, "Base64")] {
        let other = Scheme { encoding, ..scheme.clone() };
        if encoding != scheme.encoding && passes(&other, &owned, post) {
            found.push(format!("it verifies with the signature read as {name}"));
        }
    }
    for (name, body) in bodies(post.body) {
        if passes(scheme, &owned, &Post { body: &body, ..*post }) {
            found.push(format!("it verifies with the body {name}"));
        }
    }
    for (name, url) in urls(post.url) {
        if passes(scheme, &owned, &Post { url: &url, ..*post }) {
            found.push(format!("it verifies with {name}: the URL is {url}; see `public_url`"));
        }
    }
    found
}

fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = vec![
        ("without the white space around it", body.trim_ascii().to_vec()),
        ("and a line break behind it", [body, b"\n"].concat()),
    ];
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        bodies.push((
            "written as compact JSON: it was parsed and written anew",
            value.to_string().into(),
        ));
        if let Ok(pretty) = serde_json::to_vec_pretty(&value) {
            bodies.push(("written as indented JSON: it was parsed and written anew", pretty));
        }
    }
    bodies.retain(|(_, other)| other != body);
    bodies
}

fn urls(url: &str) -> Vec<(&'static str, String)> {
    let mut urls = Vec::new();
    if let Some(rest) = url.strip_prefix("http://") {
        urls.push(("`https`: a proxy in front takes TLS off", format!("https://{rest}")));
    }
    if let Some(rest) = url.strip_prefix("https://") {
        urls.push(("`http`", format!("http://{rest}")));
    }
    if let Some((path, query)) = url.split_once('?') {
        urls.push(("the URL without its query", path.to_owned()));
        if let Some(path) = path.strip_suffix('/') {
            urls.push((
                "the URL without the `/` at the end of its path",
                format!("{path}?{query}"),
            ));
        }
    } else if let Some(path) = url.strip_suffix('/') {
        urls.push(("the URL without the `/` at its end", path.to_owned()));
    } else {
        urls.push(("a `/` at the end of the URL", format!("{url}/")));
    }
    urls
}

fn usual(scheme: &Scheme) -> Vec<String> {
    if scheme.algorithm == Algorithm::Token {
        return vec!["another token than the sender has".to_owned()];
    }
    let mut causes =
        vec!["another secret than the sender has, or one that was replaced".to_owned()];
    let is_signed = |part: Part| scheme.signed.contains(&part);
    if is_signed(Part::Body) || is_signed(Part::Form) {
        causes.push("a body that was changed on the way or when it was stored".to_owned());
    }
    if is_signed(Part::Url) || is_signed(Part::UrlDecoded) {
        causes
            .push("another URL than the sender called: behind a proxy set `public_url`".to_owned());
    }
    causes
}
