//! Why a call brought no answer.

use std::error::Error;
use std::io;
use std::net::IpAddr;

/// Why a call brought no answer, in words for the person who set its URL: they
/// are stored with the attempt and shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Can never be called, whatever the network.
    #[error("the URL {reason}")]
    BadUrl { reason: &'static str },
    #[error(
        "{address} is not a public address; the operator of this server may allow it in \
         `egress.allow_cidrs`"
    )]
    Refused { address: IpAddr },
    #[error("the host name `{host}` could not be resolved")]
    Unresolved { host: String },
    #[error("no answer within {after_ms} ms")]
    Timeout { after_ms: u128 },
    #[error("no secure connection: {reason}")]
    Tls { reason: String },
    #[error("no connection: {reason}")]
    Connect { reason: String },
    #[error("the answer is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    /// The request may or may not have been received.
    #[error("the connection broke before an answer came: {reason}")]
    Broken { reason: String },
}

impl EgressError {
    /// Puts a failure of the HTTP client into our words.
    pub(super) fn classify(error: &hyper_util::client::legacy::Error) -> Self {
        if let Some(refused) = find::<EgressError>(error) {
            return refused.clone();
        }
        if let Some(error) = find::<rustls::Error>(error) {
            return Self::Tls { reason: error.to_string() };
        }
        let reason = root_cause(error).to_string();
        if error.is_connect() { Self::Connect { reason } } else { Self::Broken { reason } }
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An I/O error hides the error that it was made of from `source`.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}
