//! What signs an endpoint's messages: made here, kept sealed.

use indexmap::IndexMap;
use turnbuckle_core::endpoint::EndpointSettings;
use turnbuckle_core::id::UnixMs;
use turnbuckle_core::signature::{Secret, SigningKey};

use crate::catalog::EndpointSecrets;
use crate::random::random_bytes;

/// Secrets that sign at a time, the newest included.
const SECRETS_MAX: usize = 10;

/// The secrets of a new endpoint.
pub fn first(settings: &EndpointSettings) -> EndpointSecrets {
    let mut secrets = EndpointSecrets {
        token: None,
        headers: IndexMap::new(),
        secrets: vec![(new_secret(), None)],
        signing_key: None,
    };
    follow(&mut secrets, settings);
    secrets
}

/// Makes token, headers and signing key what the settings say. A signing key that there
/// is stays: receivers know its public half.
pub fn follow(secrets: &mut EndpointSecrets, settings: &EndpointSettings) {
    secrets.token = settings.token.as_ref().map(|token| token.0.clone());
    secrets.headers = settings.headers.clone();
    secrets.signing_key = match settings.ed25519 {
        true => secrets
            .signing_key
            .take()
            .or_else(|| Some(SigningKey::new(&random_bytes::<32>()).reveal())),
        false => None,
    };
}

/// The secret that was made last.
pub fn newest(secrets: &EndpointSecrets) -> Option<String> {
    secrets.secrets.first().map(|(secret, _)| secret.clone())
}

/// Adds a secret; those before it end at `ends_at`, unless they end sooner.
pub fn rotate(secrets: &mut EndpointSecrets, now: UnixMs, ends_at: UnixMs) {
    for (_, end) in &mut secrets.secrets {
        *end = Some(end.map_or(ends_at, |end| end.min(ends_at)));
    }
    secrets.secrets.retain(|(_, end)| end.is_none_or(|end| now < end));
    secrets.secrets.insert(0, (new_secret(), None));
    secrets.secrets.truncate(SECRETS_MAX);
}

fn new_secret() -> String {
    let secret = Secret::new(&random_bytes::<{ Secret::BYTES }>());
    secret.expect("a secret has as many bytes as it says").reveal()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn settings(mut given: Json) -> EndpointSettings {
        given["url"] = json!("https://app.example/hooks");
        EndpointSettings::parse(&given).unwrap()
    }

    #[test]
    fn a_rotated_secret_ends_after_the_overlap() {
        let mut secrets = first(&settings(json!({})));
        let old = newest(&secrets).unwrap();
        rotate(&mut secrets, 100, 200);
        assert_ne!(newest(&secrets), Some(old.clone()));
        assert_eq!(secrets.secrets[1], (old.clone(), Some(200)));

        rotate(&mut secrets, 150, 900);
        assert_eq!(secrets.secrets.len(), 3);
        assert_eq!(secrets.secrets[2], (old, Some(200)), "an end is never put off");

        rotate(&mut secrets, 200, 200);
        assert_eq!(secrets.secrets.len(), 1, "without an overlap the new one is alone");
        for _ in 0..50 {
            rotate(&mut secrets, 300, 400);
        }
        assert_eq!(secrets.secrets.len(), SECRETS_MAX);
    }

    #[test]
    fn a_signing_key_lasts_as_long_as_it_is_wanted() {
        let (with, without) = (settings(json!({"ed25519": true})), settings(json!({})));
        let mut secrets = first(&with);
        let key = secrets.signing_key.clone();
        assert!(key.is_some());
        follow(&mut secrets, &with);
        assert_eq!(secrets.signing_key, key);
        follow(&mut secrets, &without);
        assert_eq!(secrets.signing_key, None);
    }
}
