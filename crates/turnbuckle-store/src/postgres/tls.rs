//! Encryption of the way to the server: as the address asks.
//!
//! `sslmode=require` encrypts, and refuses a server whose certificate is not of its
//! name or not signed by a root that this machine trusts (`SSL_CERT_FILE` names
//! others). Without it nothing is encrypted: encryption that anybody could stand
//! in the middle of would only look like some.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

pub type Tls = MakeRustlsConnect;

/// How to connect with these settings, which are made to say it plainly.
///
/// # Errors
/// [`StoreError::Defect`] if this machine has no roots to trust.
pub fn of(settings: &mut Config) -> Result<Tls, StoreError> {
    let mut roots = RootCertStore::empty();
    match settings.get_ssl_mode() {
        SslMode::Require => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let reason =
                    "no certificates to trust were found; name a file of them in SSL_CERT_FILE";
                return Err(defect(reason.into()));
            }
        }
        _ => {
            settings.ssl_mode(SslMode::Disable);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| defect(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn defect(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Defect { action: "encrypt the way to the database", source }
}
