//! Secrets as schemes use them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::signature::RsaPublicKeyComponents;
use ring::{hmac, signature as ring_signature};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::jwt;
use super::scheme::{Algorithm, Scheme};

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// What stands before the point in the DER form of a public key on P-256.
const P256_DER_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_POINT_BYTES: usize = 65;
/// How long the modulus of an RSA key may be.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// The key is the text itself.
    #[default]
    Text,
    Base64,
    Hex,
    /// A JSON Web Key: the public half, as JSON.
    Jwk,
}

/// A secret that was read, or the public half of the sender's.
pub struct Key(Kind);

enum Kind {
    Bytes(Vec<u8>),
    P256(Vec<u8>),
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

impl Key {
    /// # Errors
    /// What a secret for this scheme must be, to follow its name.
    pub fn read(scheme: &Scheme, text: &str) -> Result<Self, String> {
        let bare = match scheme.key_prefix.as_str() {
            "" => text,
            prefix => text.strip_prefix(prefix).unwrap_or(text),
        };
        let bytes = match scheme.key {
            KeyForm::Text => Some(bare.as_bytes().to_vec()),
            KeyForm::Jwk => return Jwk::read(bare).and_then(|jwk| jwk.key(scheme.algorithm)),
            KeyForm::Base64 => decode_base64(bare),
            KeyForm::Hex => decode_hex(bare),
        };
        let form = match scheme.key {
            KeyForm::Text => "text",
            KeyForm::Base64 => "Base64",
            KeyForm::Hex => "hexadecimal digits",
            KeyForm::Jwk => "JSON",
        };
        let bytes = bytes.ok_or_else(|| format!("must be written in {form}"))?;
        if bytes.is_empty() {
            return Err("must not be empty".to_owned());
        }
        Ok(Self(match scheme.algorithm {
            Algorithm::HmacSha256
            | Algorithm::HmacSha1
            | Algorithm::Sha256
            | Algorithm::Token
            | Algorithm::JwtHs256 => Kind::Bytes(bytes),
            Algorithm::JwtEs256 | Algorithm::JwtRs256 => {
                return Err("must be written as a JSON Web Key".to_owned());
            }
            Algorithm::EcdsaP256Sha256 => Kind::P256(p256_point(&bytes).ok_or(
                "must be a public key on the curve P-256: its DER form, or the point of 65 bytes",
            )?),
            Algorithm::Ed25519 => {
                let point = <[u8; 32]>::try_from(bytes.as_slice()).ok();
                let key = point.and_then(|it| ed25519_dalek::VerifyingKey::from_bytes(&it).ok());
                Kind::Ed25519(Box::new(key.ok_or("must be an Ed25519 public key of 32 bytes")?))
            }
        }))
    }

    /// The secret itself, where the scheme has it signed along.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Kind::Bytes(bytes) => bytes,
            Kind::P256(_) | Kind::Rsa(_) | Kind::Ed25519(_) => &[],
        }
    }

    /// Whether one of the offered signatures is this key's of `signed`.
    pub(super) fn matches(&self, scheme: &Scheme, signed: &[u8], offered: &[Vec<u8>]) -> Choice {
        let none = Choice::from(0);
        match &self.0 {
            Kind::Bytes(_) => {
                let expected = self.expected(scheme, signed).unwrap_or_default();
                // Of tokens the length is a secret too, so hashes are compared.
                let is_token = scheme.algorithm == Algorithm::Token;
                offered.iter().fold(none, |found, offered| {
                    found
                        | match is_token {
                            true => Sha256::digest(&expected).ct_eq(&Sha256::digest(offered)),
                            false => expected.as_slice().ct_eq(offered),
                        }
                })
            }
            Kind::P256(point) => {
                // Tokens write the two numbers side by side, others in DER form.
                let algorithm = match scheme.algorithm {
                    Algorithm::JwtEs256 => &ring_signature::ECDSA_P256_SHA256_FIXED,
                    _ => &ring_signature::ECDSA_P256_SHA256_ASN1,
                };
                let key = ring_signature::UnparsedPublicKey::new(algorithm, point);
                let holds = offered.iter().any(|offered| key.verify(signed, offered).is_ok());
                Choice::from(u8::from(holds))
            }
            Kind::Rsa(key) => {
                let algorithm = &ring_signature::RSA_PKCS1_2048_8192_SHA256;
                let holds =
                    offered.iter().any(|offered| key.verify(algorithm, signed, offered).is_ok());
                Choice::from(u8::from(holds))
            }
            Kind::Ed25519(key) => {
                let holds = offered.iter().any(|offered| {
                    ed25519_dalek::Signature::from_slice(offered)
                        .is_ok_and(|signature| key.verify_strict(signed, &signature).is_ok())
                });
                Choice::from(u8::from(holds))
            }
        }
    }

    /// The signature that this key makes of `signed`; `None` for a public key.
    pub(super) fn expected(&self, scheme: &Scheme, signed: &[u8]) -> Option<Vec<u8>> {
        let Kind::Bytes(bytes) = &self.0 else { return None };
        let tag =
            |algorithm| hmac::sign(&hmac::Key::new(algorithm, bytes), signed).as_ref().to_vec();
        match scheme.algorithm {
            Algorithm::HmacSha256 | Algorithm::JwtHs256 => Some(tag(hmac::HMAC_SHA256)),
            Algorithm::HmacSha1 => Some(tag(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => Some(Sha256::digest(signed).to_vec()),
            Algorithm::Token => Some(bytes.clone()),
            Algorithm::EcdsaP256Sha256
            | Algorithm::Ed25519
            | Algorithm::JwtEs256
            | Algorithm::JwtRs256 => None,
        }
    }
}

/// The members of a JSON Web Key that are looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// What no public key has.
    d: Option<serde_json::Value>,
}

impl Jwk {
    fn read(text: &str) -> Result<Self, String> {
        let jwk: Self = serde_json::from_str(text)
            .map_err(|_| "must be a JSON Web Key, such as {\"kty\":\"EC\",…}")?;
        match jwk.d {
            None => Ok(jwk),
            Some(_) => Err("must be the public key: a private one is the sender's alone".into()),
        }
    }

    fn key(&self, algorithm: Algorithm) -> Result<Key, String> {
        match algorithm {
            Algorithm::JwtRs256 => self
                .rsa()
                .map(|key| Key(Kind::Rsa(key)))
                .ok_or("must be an RSA key of 2048 to 8192 bits"),
            _ => self
                .point()
                .map(|key| Key(Kind::P256(key)))
                .ok_or("must be a key on the curve P-256"),
        }
        .map_err(str::to_owned)
    }

    fn point(&self) -> Option<Vec<u8>> {
        if self.kty != "EC" || self.crv.as_deref() != Some("P-256") {
            return None;
        }
        let (x, y) = (jwt::decode(self.x.as_deref()?)?, jwt::decode(self.y.as_deref()?)?);
        (x.len() == 32 && y.len() == 32).then(|| [&[4], x.as_slice(), &y].concat())
    }

    fn rsa(&self) -> Option<RsaPublicKeyComponents<Vec<u8>>> {
        if self.kty != "RSA" {
            return None;
        }
        let number = |text: Option<&str>| {
            let bytes = jwt::decode(text?)?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            Some(bytes[zeros..].to_vec())
        };
        let (n, e) = (number(self.n.as_deref())?, number(self.e.as_deref())?);
        (RSA_BYTES.contains(&n.len()) && !e.is_empty()).then_some(RsaPublicKeyComponents { n, e })
    }
}

fn p256_point(bytes: &[u8]) -> Option<Vec<u8>> {
    let point = bytes.strip_prefix(&P256_DER_HEAD).unwrap_or(bytes);
    (point.len() == P256_POINT_BYTES && point[0] == 4).then(|| point.to_vec())
}

/// Reads Base64 in either alphabet, padded or not.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let is_url_safe = text.contains(['-', '_']);
    let engine = if is_url_safe { &URL_SAFE } else { &STANDARD };
    engine.decode(text).ok()
}

pub(super) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        })
        .collect()
}

pub(super) fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
