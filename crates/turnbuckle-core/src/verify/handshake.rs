//! What senders ask before they send, to see that somebody expects them.
//!
//! A challenge that carries no signature is answered by repeating it, which tells
//! whoever asks nothing that they did not send. Two are different: Meta proves by a
//! token that it asks for us, and Zoom wants a hash made with the secret, which is
//! made of letters and digits only, so that it is never the signature of a post.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::keys::{Key, encode_hex};
use super::scheme::{Algorithm, Scheme};
use super::signed::Part;
use super::{Post, Refusal};

/// Longest challenge that is answered, in bytes.
const CHALLENGE_BYTES_MAX: usize = 2_000;
const ZOOM_TOKEN_BYTES_MAX: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handshake {
    /// A first post gives the secret in `X-Hook-Secret` and wants it repeated.
    Asana,
    /// `GET ?challenge=…`, repeated as text.
    Dropbox,
    /// A signed post with `X-Front-Challenge`.
    Front,
    /// `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`
    Meta,
    /// A post `{"challenge":…}`, repeated.
    Monday,
    /// `POST ?validationToken=…`, repeated as text.
    MicrosoftGraph,
    /// A signed post `{"type":"url_verification","challenge":…}`.
    Slack,
    /// A post with `Smartsheet-Hook-Challenge`.
    Smartsheet,
    /// A signed post `{"events":[],…}`. No answer to this sender may have a body.
    Xero,
    /// A post `{"event":"endpoint.url_validation","payload":{"plainToken":…}}`.
    Zoom,
}

/// What a handshake is answered with, status 200.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Without a body.
    Empty,
    /// As `text/plain`.
    Text(String),
    Json(Json),
    /// A header, and the same in a body of JSON.
    Header {
        name: &'static str,
        value: String,
        body: Json,
    },
    /// The secret of all posts to come: keep it, then repeat it in this header.
    Secret {
        name: &'static str,
        secret: String,
    },
}

impl Handshake {
    /// Answers what is asked without a signature; `None` if it is no question.
    ///
    /// # Errors
    /// [`Refusal`] if it is one, and asks for somebody else.
    pub(super) fn unsigned(
        self,
        scheme: &Scheme,
        keys: &[Key],
        token: Option<&str>,
        post: &Post<'_>,
    ) -> Option<Result<Answer, Refusal>> {
        let is_get = post.method == "GET";
        let is_post = post.method == "POST";
        let header = |name: &str| {
            let value = post.header(name).next()?;
            let text = str::from_utf8(value).ok()?.trim();
            bounded(text.to_owned())
        };
        match self {
            Self::Dropbox if is_get => Some(Ok(Answer::Text(parameter(post, "challenge")?))),
            Self::MicrosoftGraph if is_post => {
                Some(Ok(Answer::Text(parameter(post, "validationToken")?)))
            }
            Self::Meta if is_get => {
                let challenge = parameter(post, "hub.challenge")?;
                let is_subscribing = parameter(post, "hub.mode")? == "subscribe";
                let given = parameter(post, "hub.verify_token").unwrap_or_default();
                let is_ours = token.is_some_and(|token| {
                    Sha256::digest(token).ct_eq(&Sha256::digest(given)).into()
                });
                Some(match is_subscribing && is_ours {
                    true => Ok(Answer::Text(challenge)),
                    false => Err(Refusal::NoMatch),
                })
            }
            Self::Smartsheet if is_post => {
                let value = header("smartsheet-hook-challenge")?;
                let body = json!({ "smartsheetHookResponse": value });
                Some(Ok(Answer::Header { name: "smartsheet-hook-response", value, body }))
            }
            Self::Monday if is_post => {
                let body = body_of(post, b"challenge")?;
                let is_alone = body.as_object().is_some_and(|members| members.len() == 1);
                let challenge = body["challenge"].as_str().filter(|_| is_alone)?;
                let challenge = bounded(challenge.to_owned())?;
                Some(Ok(Answer::Json(json!({ "challenge": challenge }))))
            }
            Self::Zoom if is_post => {
                let body = body_of(post, b"endpoint.url_validation")?;
                let is_it = body["event"] == "endpoint.url_validation";
                let plain = body["payload"]["plainToken"].as_str().filter(|_| is_it)?;
                let is_plain =
                    (1..=ZOOM_TOKEN_BYTES_MAX).contains(&plain.len()) && plain.bytes().all(is_word);
                let hash = keys.first().filter(|_| is_plain)?.expected(scheme, plain.as_bytes())?;
                let encrypted = encode_hex(&hash);
                Some(Ok(Answer::Json(json!({
                    "plainToken": plain, "encryptedToken": encrypted,
                }))))
            }
            Self::Asana if is_post => {
                let secret = header("x-hook-secret")?;
                // Whoever came second could take the first one's place.
                Some(match keys.is_empty() {
                    true => Ok(Answer::Secret { name: "x-hook-secret", secret }),
                    false => Err(Refusal::NoMatch),
                })
            }
            _ => None,
        }
    }

    /// Answers what is asked in a post that was verified.
    pub(super) fn signed(self, post: &Post<'_>) -> Option<Answer> {
        match self {
            Self::Slack => {
                let body = body_of(post, b"url_verification")?;
                let is_it = body["type"] == "url_verification";
                let challenge = body["challenge"].as_str().filter(|_| is_it)?;
                Some(Answer::Json(json!({ "challenge": challenge })))
            }
            Self::Front => {
                let value = post.header("x-front-challenge").next()?;
                let challenge = bounded(str::from_utf8(value).ok()?.to_owned())?;
                Some(Answer::Json(json!({ "challenge": challenge })))
            }
            Self::Xero => {
                let body = body_of(post, b"events")?;
                let events = body["events"].as_array()?;
                events.is_empty().then_some(Answer::Empty)
            }
            _ => None,
        }
    }

    /// Whether the sender takes an answer with a body for a failure.
    pub(super) fn wants_empty_answers(self) -> bool {
        self == Self::Xero
    }

    /// Whether the sender asks with `GET`.
    pub fn asks_by_get(self) -> bool {
        matches!(self, Self::Dropbox | Self::Meta)
    }

    /// Whether secrets come with the handshake, so that there are none before.
    pub(super) fn brings_secret(self) -> bool {
        self == Self::Asana
    }

    /// Whether no answer can be a signature of this scheme.
    pub(super) fn fits(self, scheme: &Scheme) -> bool {
        let is_no_word = |text: &str| !text.bytes().all(is_word);
        let starts_apart =
            matches!(scheme.signed.first(), Some(Part::Text(text)) if is_no_word(text));
        self != Self::Zoom || (scheme.algorithm == Algorithm::HmacSha256 && starts_apart)
    }
}

/// What Zoom's token is made of.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn bounded(text: String) -> Option<String> {
    (1..=CHALLENGE_BYTES_MAX).contains(&text.len()).then_some(text)
}

fn parameter(post: &Post<'_>, wanted: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(post.query().as_bytes());
    pairs.find(|(name, _)| name == wanted).and_then(|(_, value)| bounded(value.into_owned()))
}

/// The body, if it may hold the question: most posts are none and need no parsing.
fn body_of(post: &Post<'_>, word: &[u8]) -> Option<Json> {
    let holds = post.body.windows(word.len()).any(|part| part == word);
    holds.then(|| serde_json::from_slice(post.body).ok()).flatten()
}
