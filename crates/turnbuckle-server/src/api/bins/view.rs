//! Bins and their requests as the API shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde::Serialize;
use turnbuckle_store::bin::{Bin, BinRequest};
use utoipa::ToSchema;

use crate::api::inbound_events::BodyEncoding;
use crate::api::time::rfc3339;

/// A built-in receiver.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinView {
    /// Whoever knows it may post and look.
    pub name: String,
    /// For people; may be empty.
    pub label: String,
    /// Post here; open it in a browser to see what came.
    #[schema(example = "https://hub.example/bin/q3Xv9yK2bLr0aTnWcE7uZp1d")]
    pub url: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl BinView {
    /// `base` is the address of this server.
    pub fn of(bin: Bin, base: &str) -> Self {
        Self {
            url: format!("{base}/bin/{}", bin.name),
            name: bin.name,
            label: bin.label,
            created_at: rfc3339(bin.created_at),
            expires_at: rfc3339(bin.expires_at),
        }
    }
}

/// One request that a bin received.
#[derive(Debug, Serialize, ToSchema)]
pub struct BinRequestView {
    /// Newer is greater.
    pub number: i64,
    #[schema(format = DateTime)]
    pub at: String,
    pub method: String,
    /// The part of the URL behind `?`.
    pub query: String,
    /// By name in lower case; several of one name are joined by `, `.
    #[schema(value_type = Object)]
    pub headers: IndexMap<String, String>,
    /// As text, or in Base64 if it is none; `body_encoding` says which.
    pub body: String,
    #[schema(inline)]
    pub body_encoding: BodyEncoding,
    pub body_bytes: usize,
}

impl From<BinRequest> for BinRequestView {
    fn from(it: BinRequest) -> Self {
        let mut headers = IndexMap::<String, String>::new();
        for (name, value) in it.headers {
            let joined = headers.entry(name).or_default();
            if !joined.is_empty() {
                joined.push_str(", ");
            }
            joined.push_str(&value);
        }
        let (body, body_encoding) = match std::str::from_utf8(&it.body) {
            Ok(text) => (text.to_owned(), BodyEncoding::Text),
            Err(_) => (STANDARD.encode(&it.body), BodyEncoding::Base64),
        };
        Self {
            number: it.number,
            at: rfc3339(it.at),
            method: it.method,
            query: it.query,
            headers,
            body,
            body_encoding,
            body_bytes: it.body.len(),
        }
    }
}
