//! Standard Webhooks signatures: signing what we send, verifying what claims to be so signed.
//!
//! Signed are the bytes `id.timestamp.body`, whatever the body holds; text is
//! not asked for. `v1` is HMAC-SHA256 with a [`Secret`] that both sides know,
//! `v1a` is Ed25519 with a [`SigningKey`] whose public half the receiver knows.
//! A message carries one item per active secret, so that rotating one loses
//! nothing: the receiver accepts a message if any item matches.
//!
//! The id must not contain a `.` that others chose, since the parts are only
//! joined by dots; ours are `dlv_` and hexadecimal digits.
//!
//! Absent on purpose: randomness and the clock, which the caller passes.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use ed25519_dalek::Signer;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Header that names a message; the receiver's idempotency key.
pub const ID_HEADER: &str = "webhook-id";
/// Header with the time of the attempt in whole Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header with the space-separated signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far a timestamp may lie from now, in either direction and inclusive.
pub const TOLERANCE_S: u64 = 5 * 60;

/// Length of one HMAC-SHA256 tag.
const TAG_BYTES: usize = 32;
/// Length of one `v1` item with the space that may stand before it.
const ITEM_CHARS: usize = " v1,".len() + TAG_BYTES.div_ceil(3) * 4;
/// Length of one `v1a` item with the space that may stand before it.
const KEY_ITEM_CHARS: usize = " v1a,".len() + ed25519_dalek::SIGNATURE_LENGTH.div_ceil(3) * 4;

/// Secrets are pasted by people, who lose padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret that sender and receiver share, `whsec_…`.
///
/// `Debug` prints `***`; only [`Secret::reveal`] shows it.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// The HMAC with its key already mixed in: cloning it saves two blocks of
    /// hashing per signature.
    keyed: Hmac<Sha256>,
}

impl Secret {
    pub const PREFIX: &'static str = "whsec_";
    /// Bytes of a secret that we make.
    pub const BYTES: usize = 32;
    pub const BYTES_MIN: usize = 24;
    pub const BYTES_MAX: usize = 64;

    /// Makes a secret of random bytes, [`Secret::BYTES`] where we choose.
    ///
    /// # Errors
    /// When there are fewer than 24 or more than 64 of them.
    pub fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        if !(Self::BYTES_MIN..=Self::BYTES_MAX).contains(&bytes.len()) {
            return Err(SecretError::Length { byte_count: bytes.len() });
        }
        let keyed = Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length");
        Ok(Self { bytes: bytes.to_vec(), keyed })
    }

    /// Reads `whsec_` and Base64; the prefix and the padding may be missing.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        Self::new(&decode(Self::PREFIX, text)?)
    }

    /// The secret as its owner keeps it.
    pub fn reveal(&self) -> String {
        format!("{}{}", Self::PREFIX, STANDARD.encode(&self.bytes))
    }

    fn tag(&self, id: &str, timestamp: &[u8], body: &[u8]) -> [u8; TAG_BYTES] {
        let mut mac = self.keyed.clone();
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(timestamp);
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The Ed25519 key with which an endpoint's messages are signed, `whsk_…`.
///
/// `Debug` prints `***`; only [`SigningKey::reveal`] shows it.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    pub const PREFIX: &'static str = "whsk_";

    /// Makes a key of 32 random bytes.
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads `whsk_` and Base64 of the seed followed by the public key.
    ///
    /// # Errors
    /// Also when the public key is not the seed's.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = decode(Self::PREFIX, text)?;
        let pair = <&[u8; 64]>::try_from(bytes.as_slice())
            .map_err(|_| SecretError::KeyLength { byte_count: bytes.len(), wanted: 64 })?;
        ed25519_dalek::SigningKey::from_keypair_bytes(pair)
            .map(Self)
            .map_err(|_| SecretError::NotAKey)
    }

    /// The key as it is kept, sealed, by the store.
    pub fn reveal(&self) -> String {
        format!("{}{}", Self::PREFIX, STANDARD.encode(self.0.to_keypair_bytes()))
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The half of a [`SigningKey`] that receivers may know, `whpk_…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    pub const PREFIX: &'static str = "whpk_";

    /// Reads `whpk_` and Base64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = decode(Self::PREFIX, text)?;
        let point = <&[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| SecretError::KeyLength { byte_count: bytes.len(), wanted: 32 })?;
        ed25519_dalek::VerifyingKey::from_bytes(point).map(Self).map_err(|_| SecretError::NotAKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, STANDARD.encode(self.0.as_bytes()))
    }
}

/// Why a text is no secret or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a secret or key is written in Base64")]
    NotBase64,
    #[error("a secret has {} to {} bytes, not {byte_count}", Secret::BYTES_MIN, Secret::BYTES_MAX)]
    Length { byte_count: usize },
    #[error("a key of this kind has {wanted} bytes, not {byte_count}")]
    KeyLength { byte_count: usize, wanted: usize },
    #[error("the bytes are not an Ed25519 key")]
    NotAKey,
}

fn decode(prefix: &str, text: &str) -> Result<Vec<u8>, SecretError> {
    let encoded = text.strip_prefix(prefix).unwrap_or(text);
    LENIENT.decode(encoded).map_err(|_| SecretError::NotBase64)
}

/// The value of the `webhook-signature` header of one attempt: a `v1` item for
/// each of `secrets`, in their order, then a `v1a` item where there is a key.
pub fn sign(
    secrets: &[Secret],
    key: Option<&SigningKey>,
    webhook_id: &str,
    timestamp_s: i64,
    body: &[u8],
) -> String {
    let key_chars = if key.is_some() { KEY_ITEM_CHARS } else { 0 };
    let mut header = String::with_capacity(secrets.len() * ITEM_CHARS + key_chars);
    let timestamp = timestamp_s.to_string();
    for secret in secrets {
        push_item(&mut header, "v1,", &secret.tag(webhook_id, timestamp.as_bytes(), body));
    }
    if let Some(key) = key {
        let signature = key.0.sign(&join(webhook_id, &timestamp, body));
        push_item(&mut header, "v1a,", &signature.to_bytes());
    }
    header
}

fn push_item(header: &mut String, version: &str, signature: &[u8]) {
    if !header.is_empty() {
        header.push(' ');
    }
    header.push_str(version);
    STANDARD.encode_string(signature, header);
}

/// The signed bytes in one piece, as Ed25519 reads them twice.
fn join(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), timestamp.as_bytes(), body].join(&b'.')
}

/// The three headers of a request that says it is signed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Received<'a> {
    pub id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the header `{0}` is missing or empty")]
    Missing(&'static str),
    #[error("`{TIMESTAMP_HEADER}` is not a whole number of seconds")]
    TimestampNotInteger,
    #[error("`{TIMESTAMP_HEADER}` is more than {TOLERANCE_S} s ago")]
    TooOld,
    #[error("`{TIMESTAMP_HEADER}` is more than {TOLERANCE_S} s ahead")]
    TooNew,
    #[error("no signature matches")]
    NoMatch,
}

/// Checks that `body` was signed with one of `secrets` or with the private half
/// of `public_key`, at most [`TOLERANCE_S`] from `now_s` (Unix seconds).
///
/// Items of other versions and items that are not Base64 are passed over.
/// Signatures are compared in constant time, each with every secret.
pub fn verify(
    secrets: &[Secret],
    public_key: Option<&PublicKey>,
    received: Received<'_>,
    body: &[u8],
    now_s: i64,
) -> Result<(), VerifyError> {
    let id = present(received.id, ID_HEADER)?;
    let timestamp = present(received.timestamp, TIMESTAMP_HEADER)?;
    let signature = present(received.signature, SIGNATURE_HEADER)?;

    let signed_at: i64 = timestamp.parse().map_err(|_| VerifyError::TimestampNotInteger)?;
    if now_s.abs_diff(signed_at) > TOLERANCE_S {
        return Err(if signed_at < now_s { VerifyError::TooOld } else { VerifyError::TooNew });
    }

    let tags: Vec<_> =
        secrets.iter().map(|secret| secret.tag(id, timestamp.as_bytes(), body)).collect();
    let mut is_match = Choice::from(0);
    for item in signature.split(' ') {
        match item.split_once(',') {
            Some(("v1", offered)) => is_match |= matches_tag(offered, &tags),
            Some(("v1a", offered)) => {
                let holds = public_key
                    .is_some_and(|key| matches_key(offered, key, &join(id, timestamp, body)));
                is_match |= Choice::from(u8::from(holds));
            }
            _ => {}
        }
    }
    if is_match.into() { Ok(()) } else { Err(VerifyError::NoMatch) }
}

fn present<'a>(value: Option<&'a str>, name: &'static str) -> Result<&'a str, VerifyError> {
    value.filter(|text| !text.is_empty()).ok_or(VerifyError::Missing(name))
}

fn matches_tag(offered: &str, tags: &[[u8; TAG_BYTES]]) -> Choice {
    let offered = STANDARD.decode(offered).unwrap_or_default();
    tags.iter().fold(Choice::from(0), |found, tag| found | tag.as_slice().ct_eq(&offered))
}

fn matches_key(offered: &str, key: &PublicKey, signed: &[u8]) -> bool {
    let bytes = STANDARD.decode(offered).unwrap_or_default();
    ed25519_dalek::Signature::from_slice(&bytes)
        .is_ok_and(|signature| key.0.verify_strict(signed, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const KEY: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const PUBLIC_KEY: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNED_AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const KEY_SIGNATURE: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    fn secret(text: &str) -> Secret {
        Secret::parse(text).unwrap()
    }

    /// Verifies the first published vector with `signature` in place of its own.
    #[track_caller]
    fn check(signature: &str, expect: Result<(), VerifyError>) {
        check_received(
            Received {
                id: Some(ID),
                timestamp: Some(&SIGNED_AT.to_string()),
                signature: Some(signature),
            },
            SIGNED_AT,
            expect,
        );
    }

    #[track_caller]
    fn check_received(received: Received<'_>, now_s: i64, expect: Result<(), VerifyError>) {
        let public_key = PublicKey::parse(PUBLIC_KEY).unwrap();
        assert_eq!(verify(&[secret(SECRET)], Some(&public_key), received, BODY, now_s), expect);
    }

    #[test]
    fn the_published_vectors_come_out() {
        assert_eq!(sign(&[secret(SECRET)], None, ID, SIGNED_AT, BODY), SIGNATURE);
        assert_eq!(
            sign(
                &[secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")],
                None,
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                br#"{"email":"test@example.com","username":"test_user"}"#
            ),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
        let key = SigningKey::parse(KEY).unwrap();
        assert_eq!(key.public_key().to_string(), PUBLIC_KEY);
        assert_eq!(sign(&[], Some(&key), ID, SIGNED_AT, BODY), KEY_SIGNATURE);
        assert_eq!(
            sign(&[secret(SECRET)], Some(&key), ID, SIGNED_AT, BODY),
            format!("{SIGNATURE} {KEY_SIGNATURE}")
        );
    }

    #[test]
    fn any_matching_item_suffices() {
        let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
        check(SIGNATURE, Ok(()));
        check(KEY_SIGNATURE, Ok(()));
        check(&format!("{wrong} v2,c2lnbmF0dXJl {SIGNATURE} {wrong}"), Ok(()));
        check(&format!("{wrong} {wrong}  {wrong}"), Err(VerifyError::NoMatch));
    }

    #[test]
    fn what_is_not_a_signature_matches_nothing() {
        let value = SIGNATURE.strip_prefix("v1,").unwrap();
        let wrongs = [
            "v1,".to_owned(),
            "v1".to_owned(),
            value.to_owned(),
            format!("v1,{}", &value[..40]),
            format!("v1,{}", value.trim_end_matches('=')),
            format!("v2,{value}"),
            format!("v1a,{value}"),
            "v1a,".to_owned(),
            "v1,💥".to_owned(),
            ",".to_owned(),
            " ".to_owned(),
        ];
        for wrong in wrongs {
            check(&wrong, Err(VerifyError::NoMatch));
        }
    }

    #[test]
    fn every_header_is_needed() {
        let timestamp = SIGNED_AT.to_string();
        let whole =
            Received { id: Some(ID), timestamp: Some(&timestamp), signature: Some(SIGNATURE) };
        check_received(whole, SIGNED_AT, Ok(()));
        for empty in [None, Some("")] {
            let missing = |name| Err(VerifyError::Missing(name));
            check_received(Received { id: empty, ..whole }, SIGNED_AT, missing(ID_HEADER));
            check_received(
                Received { timestamp: empty, ..whole },
                SIGNED_AT,
                missing(TIMESTAMP_HEADER),
            );
            check_received(
                Received { signature: empty, ..whole },
                SIGNED_AT,
                missing(SIGNATURE_HEADER),
            );
        }
        for odd in ["hello", "1614265330.5", "99999999999999999999"] {
            check_received(
                Received { timestamp: Some(odd), ..whole },
                SIGNED_AT,
                Err(VerifyError::TimestampNotInteger),
            );
        }
    }

    #[test]
    fn the_tolerance_includes_its_ends() {
        let timestamp = SIGNED_AT.to_string();
        let received =
            Received { id: Some(ID), timestamp: Some(&timestamp), signature: Some(SIGNATURE) };
        check_received(received, SIGNED_AT + 300, Ok(()));
        check_received(received, SIGNED_AT - 300, Ok(()));
        check_received(received, SIGNED_AT + 301, Err(VerifyError::TooOld));
        check_received(received, SIGNED_AT - 301, Err(VerifyError::TooNew));
        check_received(received, i64::MIN, Err(VerifyError::TooNew));
        check_received(received, i64::MAX, Err(VerifyError::TooOld));
    }

    #[test]
    fn secrets_are_bounded_and_read_leniently() {
        assert_eq!(secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").reveal(), SECRET);
        let padded = Secret::new(&[7; 25]).unwrap().reveal();
        assert_eq!(secret(padded.trim_end_matches('=')).reveal(), padded);
        for short in ["", "whsec_", "whsec_AAAA"] {
            assert!(matches!(Secret::parse(short), Err(SecretError::Length { .. })), "{short}");
        }
        assert!(Secret::new(&[0; 23]).is_err() && Secret::new(&[0; 65]).is_err());
        assert_eq!(Secret::parse("whsec_?").unwrap_err(), SecretError::NotBase64);
        assert!(SigningKey::parse(&KEY.replace("6Xb", "7Xb")).is_err());
        assert!(SigningKey::parse(SECRET).is_err() && PublicKey::parse(SECRET).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::parse(KEY).unwrap();
        assert_eq!(format!("{:?} {key:?}", secret(SECRET)), "*** ***");
    }

    proptest! {
        #[test]
        fn what_is_signed_is_believed_and_a_changed_body_is_not(
            old in prop::collection::vec(any::<u8>(), 24..=64),
            new in prop::collection::vec(any::<u8>(), 24..=64),
            body in prop::collection::vec(any::<u8>(), 0..300),
            at in 0..4_000_000_000i64,
            flipped: prop::sample::Index,
        ) {
            let (old, new) = (Secret::new(&old).unwrap(), Secret::new(&new).unwrap());
            let key = SigningKey::new(&[9; 32]);
            let public_key = key.public_key();
            let signature = sign(&[new.clone(), old.clone()], Some(&key), ID, at, &body);
            let timestamp = at.to_string();
            let received =
                Received { id: Some(ID), timestamp: Some(&timestamp), signature: Some(&signature) };
            prop_assert_eq!(verify(std::slice::from_ref(&old), None, received, &body, at), Ok(()));
            prop_assert_eq!(verify(&[new], None, received, &body, at), Ok(()));
            prop_assert_eq!(verify(&[], Some(&public_key), received, &body, at), Ok(()));
            prop_assert_eq!(verify(&[], None, received, &body, at), Err(VerifyError::NoMatch));

            let mut changed = body.clone();
            if body.is_empty() { changed.push(0) } else { changed[flipped.index(body.len())] ^= 1 }
            prop_assert_eq!(
                verify(&[old], Some(&public_key), received, &changed, at),
                Err(VerifyError::NoMatch)
            );
        }
    }

    /// What a case of the vector file expects of [`verify`], in its words.
    fn outcome(case: &Json) -> &'static str {
        let text = |name: &str| case[name].as_str();
        let secrets = case["secrets"].as_array().unwrap().iter();
        let Ok(secrets) =
            secrets.map(|it| Secret::parse(it.as_str().unwrap())).collect::<Result<Vec<_>, _>>()
        else {
            return "bad_secret";
        };
        let public_key = text("public_key").map(|it| PublicKey::parse(it).unwrap());
        let body = STANDARD.decode(text("body_base64").unwrap()).unwrap();
        let received =
            Received { id: text("id"), timestamp: text("timestamp"), signature: text("signature") };
        if case["signs"] == true {
            let key = text("signing_key").map(|it| SigningKey::parse(it).unwrap());
            let at = received.timestamp.unwrap().parse().unwrap();
            let signed = sign(&secrets, key.as_ref(), received.id.unwrap(), at, &body);
            assert_eq!(Some(signed.as_str()), received.signature, "{}", case["name"]);
        }
        match verify(&secrets, public_key.as_ref(), received, &body, case["now"].as_i64().unwrap())
        {
            Ok(()) => "valid",
            Err(VerifyError::Missing(ID_HEADER)) => "missing_id",
            Err(VerifyError::Missing(TIMESTAMP_HEADER)) => "missing_timestamp",
            Err(VerifyError::Missing(_)) => "missing_signature",
            Err(VerifyError::TimestampNotInteger) => "timestamp_not_integer",
            Err(VerifyError::TooOld) => "too_old",
            Err(VerifyError::TooNew) => "too_new",
            Err(VerifyError::NoMatch) => "no_match",
        }
    }

    #[test]
    fn every_case_of_the_vector_file_comes_out() {
        let file: Json = serde_json::from_str(include_str!("../testdata/signatures.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(cases.len() >= 100);
        for case in cases {
            assert_eq!(Some(outcome(case)), case["expect"].as_str(), "{}", case["name"]);
        }
    }
}
