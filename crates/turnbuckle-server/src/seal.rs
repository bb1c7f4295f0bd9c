//! Encrypts what must be kept secret in the database.
//!
//! A [`Sealer`] holds one 256-bit key, read from a [key file](key_file) in the
//! data folder. A sealed value is
//!
//! ```text
//! version (1) · key id (4) · nonce (24) · XChaCha20-Poly1305 ciphertext with tag
//! ```
//!
//! and opens only under the context it was sealed for: a workspace, a row and a
//! column, so that whoever can write to the database cannot move a secret to
//! where they may read it. A copy of the database without the key file tells
//! nothing. The key id says which key is missing; it tells nothing of the key.
//!
//! It also signs what leaves the hub and comes back to it, with a key derived from the
//! same one.
//!
//! Absent on purpose: rotation of the key. The key id leaves room for it.

pub mod key_file;

use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest, Sha256};

use crate::random::random_bytes;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 5;
const NONCE_BYTES: usize = 24;

/// Seals and opens with one key. Has nothing to print.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    signing_key: [u8; 32],
    key_id: KeyId,
}

/// Names a key without telling anything of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 4]);

/// Why a sealed value does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key file is not the one that this value was sealed with.
    #[error("sealed with key {sealed_with}, but the key file holds key {held}")]
    OtherKey { sealed_with: KeyId, held: KeyId },
    /// Changed, cut, or sealed for another row or column.
    #[error("the sealed value was changed or moved")]
    Forged,
    #[error("not a sealed value of a version this server knows")]
    UnknownFormat,
}

impl Sealer {
    pub fn new(key: [u8; 32]) -> Self {
        let digest = Sha256::new().chain_update("turnbuckle seal key id").chain_update(key);
        let digest: [u8; 32] = digest.finalize().into();
        let key_id = KeyId([digest[0], digest[1], digest[2], digest[3]]);
        let signing_key = mac(&key, &[b"turnbuckle signing key"]);
        Self { cipher: XChaCha20Poly1305::new(&key.into()), signing_key, key_id }
    }

    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Encrypts `plain` for `context`, which names its workspace, row and column.
    /// Adds 45 bytes.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        let header = self.header();
        let nonce: [u8; NONCE_BYTES] = random_bytes();
        let aad = [&header, context.as_bytes()].concat();
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .expect("no value comes near the cipher's limit of 256 GiB");
        [header.as_slice(), &nonce, &ciphertext].concat()
    }

    /// Decrypts what [`seal`](Self::seal) made for the same context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (header, rest) =
            sealed.split_first_chunk::<HEADER_BYTES>().ok_or(SealError::UnknownFormat)?;
        let (nonce, ciphertext) =
            rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::UnknownFormat)?;
        let [version, sealed_with @ ..] = *header;
        if version != VERSION {
            return Err(SealError::UnknownFormat);
        }
        if KeyId(sealed_with) != self.key_id {
            let sealed_with = KeyId(sealed_with);
            return Err(SealError::OtherKey { sealed_with, held: self.key_id });
        }
        let aad = [header, context.as_bytes()].concat();
        self.cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_| SealError::Forged)
    }

    /// Signs `text` for `purpose`, which has no NUL in it: for another purpose, or by another
    /// installation, the signature is another.
    pub fn sign(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        mac(&self.signing_key, &[purpose.as_bytes(), &[0], text])
    }

    fn header(&self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.key_id.0;
        [VERSION, a, b, c, d]
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.key_id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &str = "1/endpoint/ep_1/secret";

    #[test]
    fn what_was_sealed_opens_in_its_context() {
        let sealer = Sealer::new([7; 32]);
        for plain in [b"".as_slice(), b"whsec_x", &[0; 10_000]] {
            let sealed = sealer.seal(CONTEXT, plain);
            assert_eq!(sealed.len(), plain.len() + 45);
            assert_eq!(sealer.open(CONTEXT, &sealed).as_deref(), Ok(plain));
            assert_eq!(sealer.open("1/endpoint/ep_2/secret", &sealed), Err(SealError::Forged));
        }
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let sealer = Sealer::new([7; 32]);
        assert_ne!(sealer.seal(CONTEXT, b"x"), sealer.seal(CONTEXT, b"x"));
    }

    #[test]
    fn no_changed_byte_and_no_cut_goes_unnoticed() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal(CONTEXT, b"whsec_x");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(sealer.open(CONTEXT, &changed).is_err(), "byte {index}");
            assert!(sealer.open(CONTEXT, &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn a_value_of_another_key_says_so() {
        let (old, new) = (Sealer::new([7; 32]), Sealer::new([8; 32]));
        let error = new.open(CONTEXT, &old.seal(CONTEXT, b"x")).unwrap_err();
        assert_eq!(error, SealError::OtherKey { sealed_with: old.key_id(), held: new.key_id() });
    }

    #[test]
    fn a_signature_is_of_its_key_purpose_and_text() {
        let sign = |key, purpose, text: &str| Sealer::new([key; 32]).sign(purpose, text.as_bytes());
        let signature = sign(7, "token", "x");
        assert_eq!(signature, sign(7, "token", "x"));
        for other in [sign(8, "token", "x"), sign(7, "toke", "n\0x"), sign(7, "token", "y")] {
            assert_ne!(signature, other);
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", Sealer::new([7; 32])).len(), "Sealer(01234567)".len());
    }
}
