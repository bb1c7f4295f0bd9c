//! Posts of leads with a mark in each, entered into a ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::bail;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;

use crate::api::json_request;
use crate::client::Answer;
use crate::generator::Load;
use crate::ledger::{Ledger, Mark};
use crate::prepare::email;

/// What a webhook weighs.
pub const BODY_BYTES: usize = 500;
/// Deliveries that may be under way at once in a closed loop.
pub const OUTSTANDING_MAX: u64 = 20_000;

/// Pads a lead to its size.
const NOTE: &str = match std::str::from_utf8(&[b'n'; BODY_BYTES]) {
    Ok(note) => note,
    Err(_) => unreachable!(),
};

static RUN: AtomicU32 = AtomicU32::new(1);

/// A load of webhooks to one source.
pub struct LeadPosts {
    /// Of the source.
    pub path: String,
    pub ledger: Arc<Ledger>,
    pub outstanding_max: u64,
    /// E-mail addresses are those of [`email`] below this number, over and over.
    pub emails: u64,
}

impl LeadPosts {
    /// A load of at most `count` posts to the source at `path`, each of which is
    /// delivered to `endpoints` endpoints, with a ledger of its own.
    pub fn new(path: &str, count: usize, endpoints: usize) -> Self {
        let run = RUN.fetch_add(1, Ordering::Relaxed);
        Self {
            path: path.to_owned(),
            ledger: Arc::new(Ledger::new(run, count, endpoints)),
            outstanding_max: u64::MAX,
            emails: u64::MAX,
        }
    }
}

impl Load for LeadPosts {
    fn request(&self, number: u64, at_us: u64) -> Option<Request<Full<Bytes>>> {
        let mark = self.ledger.mark(number)?;
        self.ledger.post(number, at_us);
        // A step that is prime to any number of addresses we use spreads the
        // load over all of them.
        let email = email(number.wrapping_mul(7_919) % self.emails);
        Some(json_request(Method::POST, &self.path, lead(mark, &email)))
    }

    fn may_send(&self) -> bool {
        self.ledger.outstanding() < self.outstanding_max
    }

    fn answered(&self, number: u64, answer: &Answer) -> anyhow::Result<()> {
        match answer.status {
            StatusCode::OK => self.ledger.acknowledge(number),
            StatusCode::SERVICE_UNAVAILABLE => self.ledger.refuse(),
            status => {
                bail!("a post was answered {status}: {}", String::from_utf8_lossy(&answer.body))
            }
        }
        Ok(())
    }
}

/// A form's post of [`BODY_BYTES`] bytes.
pub fn lead(mark: Mark, email: &str) -> String {
    let mut body = format!(
        "{{\"EntityName\":\"Lead\",\"Contact\":\"{mark}\",\"Email\":\"{email}\",\
         \"Account\":\"Analytical Engines\",\"MobilePhone\":\"+1 617 555 1234\",\
         \"FullJobTitle\":\"Countess\",\"CountryStr\":\"United Kingdom\",\"CityStr\":\"London\",\
         \"UtmSourceStr\":\"newsletter\",\"UtmMediumStr\":\"email\",\
         \"UtmCampaignStr\":\"spring\",\"Notes\":\""
    );
    let padding = BODY_BYTES.saturating_sub(body.len() + 2);
    body.push_str(&NOTE[..padding]);
    body.push_str("\"}");
    body
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_lead_is_json_of_the_stated_size() {
        let mark = Mark { run: 12, number: 1_234_567 };
        let body = lead(mark, &email(999_999));
        assert_eq!(body.len(), BODY_BYTES);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["Contact"], mark.to_string());
    }
}
