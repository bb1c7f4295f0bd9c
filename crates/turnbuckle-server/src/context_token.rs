//! Tokens of contexts: what an end user's browser shows to the hub.
//!
//! The app's backend asks for one and hands it to its page. It is a JSON Web Token (RFC 7519),
//! signed by HMAC-SHA256 with a key of this installation, and good for half an hour. While it
//! is good it can be exchanged for a fresh one, up to eight hours after the first: whoever maps
//! a CRM takes their time. What a token opens is one context; deleting that ends it.
//!
//! A *session* is the same in a cookie, for the published client `xkit.js` alone, and good for
//! nothing but a fresh token. A *ticket* lets a window in that the page has opened, once and within
//! a minute; the window has a cookie of its own from then on.
//!
//! Absent on purpose: taking one token back before its time. It opens one customer's
//! connections, and its time is short.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use turnbuckle_core::id::UnixMs;

use crate::random::new_token;
use crate::seal::Sealer;

/// How long a token is good, in seconds.
pub const ACCESS_S: i64 = 30 * 60;
/// How long after the first token there are fresh ones, in seconds.
pub const SESSION_S: i64 = 8 * 3600;
/// How long a ticket is good, in seconds.
pub const TICKET_S: i64 = 60;
/// How long a window that a ticket let in may take, in seconds.
pub const WINDOW_S: i64 = 20 * 60;
/// Longest token that is looked at. A context's id has at most 200 bytes.
const BYTES_MAX: usize = 4_096;
/// Most used tickets that are remembered.
const TICKETS_MAX: u64 = 100_000;

/// `{"alg":"HS256","typ":"JWT"}`, the only header there is.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
const PURPOSE: &str = "context token";

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Calls of the browser API.
    Access,
    /// In the cookie: fresh tokens.
    Session,
    /// In the address of a window.
    Ticket,
    /// In the cookie of a window: an authorization may end in it.
    Window,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Slug.
    pub workspace: String,
    /// `external_id` of the context.
    pub context: String,
    #[serde(rename = "use")]
    pub kind: Use,
    /// When the first token was made, in seconds since 1970.
    pub begun: i64,
    /// When it ends, likewise.
    pub exp: i64,
    /// Tells tickets apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

impl Claims {
    /// Those of a first token.
    pub fn begin(workspace: &str, context: &str, now: UnixMs) -> Self {
        let begun = now / 1_000;
        let (workspace, context) = (workspace.to_owned(), context.to_owned());
        Self { workspace, context, kind: Use::Access, begun, exp: begun + ACCESS_S, nonce: None }
    }

    /// The same for another use or time, from now on; `None` if the time of all of them is over.
    pub fn renew(&self, kind: Use, now: UnixMs) -> Option<Self> {
        let (now, end) = (now / 1_000, self.begun + SESSION_S);
        let exp = match kind {
            Use::Access => end.min(now + ACCESS_S),
            Use::Session => end,
            Use::Ticket => end.min(now + TICKET_S),
            Use::Window => now + WINDOW_S,
        };
        let nonce = (kind == Use::Ticket).then(|| new_token(""));
        (now < end).then(|| Self { kind, exp, nonce, ..self.clone() })
    }

    pub fn sign(&self, sealer: &Sealer) -> String {
        let claims = serde_json::to_vec(self).expect("texts and numbers serialize");
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = sealer.sign(PURPOSE, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token says that is good now for this use; `None` of any other.
    pub fn verify(token: &str, kind: Use, sealer: &Sealer, now: UnixMs) -> Option<Self> {
        let (signed, signature) =
            Some(token).filter(|it| it.len() <= BYTES_MAX).and_then(|it| it.rsplit_once('.'))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_ours: bool =
            sealer.sign(PURPOSE, signed.as_bytes()).as_slice().ct_eq(&signature).into();
        let claims = signed.strip_prefix(HEADER).filter(|_| is_ours)?.strip_prefix('.')?;
        let claims: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (claims.kind == kind && now / 1_000 < claims.exp).then_some(claims)
    }
}

/// The tickets that this process has let a window in for, while they could be shown again.
pub struct UsedTickets(Cache<String, ()>);

impl Default for UsedTickets {
    fn default() -> Self {
        let kept = Duration::from_secs(TICKET_S.unsigned_abs());
        Self(Cache::builder().time_to_live(kept).max_capacity(TICKETS_MAX).build())
    }
}

impl UsedTickets {
    /// Whether a ticket is used for the first time; from then on it is used.
    pub fn take(&self, ticket: &Claims) -> bool {
        let nonce = ticket.nonce.clone().unwrap_or_default();
        self.0.entry(nonce).or_insert(()).is_fresh()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_800_000_000_500;

    fn sealer() -> Sealer {
        Sealer::new([7; 32])
    }

    #[test]
    fn a_token_is_good_for_its_use_and_its_time() {
        let claims = Claims::begin("default", "acme", NOW);
        let token = claims.sign(&sealer());
        let verify = |kind, now| Claims::verify(&token, kind, &sealer(), now);
        assert_eq!(verify(Use::Access, NOW), Some(claims));
        assert_eq!(verify(Use::Session, NOW), None);
        assert!(verify(Use::Access, NOW + ACCESS_S * 1_000 - 501).is_some());
        assert_eq!(verify(Use::Access, NOW + ACCESS_S * 1_000), None);
    }

    #[test]
    fn no_byte_of_a_token_can_be_another() {
        let token = Claims::begin("default", "acme", NOW).sign(&sealer());
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let verified = Claims::verify(&changed, Use::Access, &sealer(), NOW);
            assert_eq!(verified, None, "{changed}");
        }
        for odd in ["", ".", "..", &token[1..], &format!("{token}.x"), &"a.".repeat(3_000)] {
            assert_eq!(Claims::verify(odd, Use::Access, &sealer(), NOW), None, "{odd}");
        }
        assert_eq!(Claims::verify(&token, Use::Access, &Sealer::new([8; 32]), NOW), None);
        // The header that says that there is no signature.
        let (_, claims) = token.split_once('.').unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}", claims.split_once('.').unwrap().0);
        assert_eq!(Claims::verify(&format!("{unsigned}."), Use::Access, &sealer(), NOW), None);
    }

    #[test]
    fn fresh_tokens_end_with_the_session() {
        let first = Claims::begin("default", "acme", NOW);
        let session = first.renew(Use::Session, NOW).unwrap();
        assert_eq!(session.exp, first.begun + SESSION_S);
        let late = NOW + SESSION_S * 1_000 - 60_000;
        let last = session.renew(Use::Access, late).unwrap();
        assert_eq!((last.begun, last.exp), (first.begun, session.exp));
        assert_eq!(session.renew(Use::Access, NOW + SESSION_S * 1_000), None);
    }

    #[test]
    fn a_ticket_is_used_once() {
        let first = Claims::begin("default", "acme", NOW);
        let tickets = [(); 2].map(|()| first.renew(Use::Ticket, NOW).unwrap());
        let shown = tickets[0].sign(&sealer());
        let ticket = Claims::verify(&shown, Use::Ticket, &sealer(), NOW + 59_000).unwrap();
        assert_eq!(Claims::verify(&shown, Use::Ticket, &sealer(), NOW + 60_000), None);
        assert_eq!(Claims::verify(&shown, Use::Access, &sealer(), NOW), None);
        let used = UsedTickets::default();
        assert!(used.take(&ticket));
        assert!(!used.take(&ticket));
        assert!(used.take(&tickets[1]));
    }
}
