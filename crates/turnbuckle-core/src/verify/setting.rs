//! What the owner of a source says about its sender.

use std::fmt;

use serde_json::{Map, Value as Json, json};

use super::handshake::{Answer, Handshake};
use super::keys::Key;
use super::place::Place;
use super::scheme::{Algorithm, Scheme, check_tolerance};
use super::sender::{SENDER_NAMES, sender};
use super::{Post, Refusal, Verified, verify};
use crate::entity::{did_you_mean, nearest};
use crate::id::UnixMs;
use crate::invalid::{Invalid, shorten};
use crate::source::{Dedupe, Members};

/// Most secrets of a source at a time.
pub const SECRETS_MAX: usize = 10;
const SECRET_BYTES_MAX: usize = 2_000;

/// Begins the sign that stands for a secret where it is shown.
const MASK: &str = "***";

/// A secret as its owner wrote it. Has nothing to print.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Whose posts they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    Sender(String),
    Scheme,
}

/// How the posts of a source prove who sent them.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    pub who: Who,
    /// The sender's, with the tolerance of this source in it.
    pub scheme: Scheme,
    /// Any of them suffices. Empty only while the handshake has yet to bring one.
    pub secrets: Vec<SecretText>,
    /// By which Meta's challenge proves that it is for us.
    pub token: Option<SecretText>,
    tolerance_s: Option<u32>,
}

impl Verification {
    /// Reads the member `verify` of a source.
    ///
    /// # Errors
    /// Every member that is wrong, with the cure.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let name: Option<String> = members.read("sender");
        let declared = members.parse("scheme", Scheme::parse);
        if members.get("sender").is_some() == members.get("scheme").is_some() {
            members.refuse_whole(
                "write either `sender` or `scheme`; a patch keeps the other unless it sets it to \
                 null",
            );
        }
        let known = name.as_deref().and_then(sender);
        if let Some(name) = name.as_deref().filter(|_| known.is_none()) {
            let hint = match nearest(name, SENDER_NAMES.iter().copied()) {
                None => format!("; known are {}", SENDER_NAMES.join(", ")),
                near => did_you_mean(&near),
            };
            let detail = format!("`{}` is not a known sender{hint}", shorten(name));
            members.refuse("sender", detail);
        }
        let secrets: Vec<String> = members.read("secrets").unwrap_or_default();
        let token: Option<String> = members.read("token");
        let tolerance_s: Option<u32> = members.read("tolerance_s");
        let mut scheme = known.or(declared);
        if let Some(scheme) = &mut scheme {
            check_secrets(&mut members, scheme, name.is_some(), &secrets);
            check_token(&mut members, scheme, token.as_deref());
            set_tolerance(&mut members, scheme, tolerance_s);
            if scheme.handshake.is_some_and(|it| !it.fits(scheme)) {
                let detail = "this handshake goes with `hmac-sha256` over parts that begin with a \
                              `text` such as `v0:`";
                members.refuse("scheme/handshake", detail);
            }
        }
        let who = name.map_or(Who::Scheme, Who::Sender);
        let secrets = secrets.into_iter().map(SecretText::new).collect();
        let token = token.map(SecretText::new);
        let read = scheme.map(|scheme| Self { who, scheme, secrets, token, tolerance_s });
        let read = members.finish(read)?;
        read.ok_or_else(|| vec![Invalid::new("", "names no sender")])
    }

    /// The document that [`Verification::parse`] reads, with a mask for each secret.
    pub fn to_json(&self) -> Json {
        let mut members = Map::new();
        match &self.who {
            Who::Sender(name) => members.insert("sender".to_owned(), json!(name)),
            Who::Scheme => members.insert("scheme".to_owned(), self.scheme.to_json()),
        };
        let masks: Vec<String> = (1..=self.secrets.len()).map(mask).collect();
        members.insert("secrets".to_owned(), json!(masks));
        if self.token.is_some() {
            members.insert("token".to_owned(), json!(MASK));
        }
        if let Some(tolerance_s) = self.tolerance_s {
            members.insert("tolerance_s".to_owned(), json!(tolerance_s));
        }
        Json::Object(members)
    }

    /// Puts the secrets that a source has in the place of their masks, so that a document
    /// that was shown can be sent back. `before` is what the source had.
    ///
    /// # Errors
    /// A mask that stands for nothing.
    pub fn unmask(document: &mut Json, before: Option<&Self>) -> Result<bool, Vec<Invalid>> {
        let mut has_masks = false;
        let mut invalid = Vec::new();
        let secrets = document.get_mut("secrets").and_then(Json::as_array_mut);
        for (index, secret) in secrets.into_iter().flatten().enumerate() {
            let Some(number) = secret.as_str().and_then(|text| text.strip_prefix(MASK)) else {
                continue;
            };
            let kept = number
                .parse()
                .ok()
                .and_then(|number: usize| before?.secrets.get(number.checked_sub(1)?));
            match kept {
                Some(kept) => *secret = json!(kept.reveal()),
                None => {
                    let detail = format!(
                        "`{MASK}{}` stands for no secret of this source: write the secret",
                        shorten(number)
                    );
                    invalid.push(Invalid::new(format!("/secrets/{index}"), detail));
                }
            }
            has_masks = true;
        }
        if let Some(token) = document.get_mut("token").filter(|token| **token == MASK) {
            match before.and_then(|before| before.token.as_ref()) {
                Some(kept) => *token = json!(kept.reveal()),
                None => {
                    let detail = format!("`{MASK}` stands for no token of this source");
                    invalid.push(Invalid::new("/token", detail));
                }
            }
            has_masks = true;
        }
        if invalid.is_empty() { Ok(has_masks) } else { Err(invalid) }
    }

    /// The sender's id of a post.
    pub fn id(&self) -> Option<&Dedupe> {
        self.scheme.id.as_ref()
    }

    /// Where a secret is sent as it is, so that no log may show it.
    pub fn sent_secrets(&self) -> &[Place] {
        match self.scheme.algorithm {
            Algorithm::Token => &self.scheme.signature,
            _ => &[],
        }
    }

    /// # Errors
    /// Why the post is not believed.
    pub fn check(&self, post: &Post<'_>, now: UnixMs) -> Result<Verified, Refusal> {
        verify(&self.scheme, &self.keys(), post, now)
    }

    /// What a question before the first post is answered with; `None` if it is none.
    ///
    /// # Errors
    /// [`Refusal`] if it asks for somebody else.
    pub fn answer_unsigned(&self, post: &Post<'_>) -> Option<Result<Answer, Refusal>> {
        let token = self.token.as_ref().map(SecretText::reveal);
        self.scheme.handshake?.unsigned(&self.scheme, &self.keys(), token, post)
    }

    /// What a question in a post that passed [`Verification::check`] is answered with.
    pub fn answer_signed(&self, post: &Post<'_>) -> Option<Answer> {
        self.scheme.handshake?.signed(post)
    }

    pub fn asks_by_get(&self) -> bool {
        self.scheme.handshake.is_some_and(Handshake::asks_by_get)
    }

    /// Whether whatever is answered must have no body.
    pub fn wants_empty_answers(&self) -> bool {
        self.scheme.handshake.is_some_and(Handshake::wants_empty_answers)
    }

    fn keys(&self) -> Vec<Key> {
        // All were read when the setting was; one that is not would be left out, which refuses.
        let keys = self.secrets.iter().map(|text| Key::read(&self.scheme, text.reveal()));
        keys.filter_map(Result::ok).collect()
    }
}

/// What stands for the secret of this number, counted from 1.
fn mask(number: usize) -> String {
    format!("{MASK}{number}")
}

fn check_secrets(members: &mut Members<'_>, scheme: &Scheme, is_known: bool, secrets: &[String]) {
    let may_wait = scheme.handshake.is_some_and(Handshake::brings_secret);
    if secrets.is_empty() && !may_wait && members.get("secrets").is_none_or(Json::is_array) {
        members.refuse("secrets", "`secrets` must name at least one secret");
    }
    if SECRETS_MAX < secrets.len() {
        members.refuse("secrets", format!("at most {SECRETS_MAX} secrets are tried"));
    }
    for (index, secret) in secrets.iter().enumerate() {
        let path = format!("secrets/{index}");
        if !(1..=SECRET_BYTES_MAX).contains(&secret.len()) {
            let detail = format!("a secret must be 1 to {SECRET_BYTES_MAX} bytes long");
            members.refuse(&path, detail);
        } else if secret.trim() != secret {
            members.refuse(&path, "a secret must not begin or end with a space or a line break");
        } else if is_known && scheme.is_basic() && !secret.contains(':') {
            let must = "must be a user name and a password with a colon between them";
            members.refuse(&path, format!("a secret of this sender {must}"));
        } else if let Err(must) = Key::read(scheme, secret) {
            members.refuse(&path, format!("a secret of this sender {must}"));
        }
    }
}

fn check_token(members: &mut Members<'_>, scheme: &Scheme, token: Option<&str>) {
    let wants_token = scheme.handshake == Some(Handshake::Meta);
    match token {
        Some(_) if !wants_token => members.refuse("token", "only Meta's handshake has a token"),
        Some(token) if !(1..=SECRET_BYTES_MAX).contains(&token.len()) => {
            let detail = format!("`token` must be 1 to {SECRET_BYTES_MAX} bytes long");
            members.refuse("token", detail);
        }
        None if wants_token && members.get("token").is_none() => {
            members.refuse("token", "`token` is missing: the verify token that you set at Meta");
        }
        _ => {}
    }
}

fn set_tolerance(members: &mut Members<'_>, scheme: &mut Scheme, tolerance_s: Option<u32>) {
    let Some(tolerance_s) = tolerance_s else { return };
    let of_token = scheme.claims.as_mut().and_then(|claims| claims.tolerance_s.as_mut());
    let of_header = scheme.timestamp.as_mut().map(|timestamp| &mut timestamp.tolerance_s);
    match of_token.or(of_header) {
        Some(tolerance) => *tolerance = tolerance_s,
        None => members.refuse("tolerance_s", "this sender signs no time"),
    }
    if let Err(detail) = check_tolerance(tolerance_s) {
        members.refuse("tolerance_s", detail);
    }
}
