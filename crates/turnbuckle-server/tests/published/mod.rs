//! Posts of the big senders: bodies that they publish, with the signatures that they
//! publish for them. The cases are those of `turnbuckle-core/testdata/verify.json` that
//! name their source.
//!
//! Twilio and HubSpot sign the URL that they call, which is another one at every hub. What
//! they published for theirs is verified by the tests of the core; here their bodies are
//! signed for the URL of this hub, by `openssl`, which shares nothing with the hub.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value as Json, json};
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock;
use turnbuckle_testkit::setup::text;

use super::{event_count, source};
use crate::intake::{Answer, Intake};
use crate::support::TestHub;

/// Stands where it was set: signatures that were published once are old.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> UnixMs {
        self.0.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        SystemClock.random()
    }
}

/// The published posts of these senders in the order in which they were signed, at least
/// two of each.
fn published(senders: &[&str]) -> Vec<Json> {
    let file = include_str!("../../../turnbuckle-core/testdata/verify.json");
    let mut file: Json = serde_json::from_str(file).unwrap();
    let mut cases: Vec<Json> = file["cases"].as_array_mut().unwrap().drain(..).collect();
    cases.retain(|case| case["expect"] == "valid" && case["source"].is_string());
    cases.retain(|case| senders.contains(&case["sender"].as_str().unwrap()));
    for sender in senders {
        assert!(2 <= cases.iter().filter(|case| case["sender"] == *sender).count(), "{sender}");
    }
    cases.sort_by_key(|case| case["now"].as_i64());
    cases
}

struct Hub {
    intake: Intake,
    clock: Arc<SetClock>,
}

impl Hub {
    async fn start(first: &Json) -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(first["now"].as_i64().unwrap() * 1_000)));
        let variables = [("TURNBUCKLE_PUBLIC_URL", "https://hub.example")];
        let hub = TestHub::start_on(clock.clone(), &variables).await;
        Self { intake: Intake::with_connection(hub).await, clock }
    }

    /// A source for the sender of `case`, at the time when that was signed.
    async fn source(&self, case: &Json) -> String {
        self.clock.0.store(case["now"].as_i64().unwrap() * 1_000, Ordering::SeqCst);
        let verify = json!({"sender": case["sender"], "secrets": case["secrets"]});
        source(&self.intake, verify).await.1
    }

    async fn post(&self, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.intake.call(Method::POST, path, &headers, body.to_vec()).await
    }

    /// Posts `body` as it is, which is believed, and with one byte changed, which is not.
    async fn check(&self, case: &Json, path: &str, headers: &[(String, String)]) {
        let body = text(&case["body"]).into_bytes();
        let name = format!("{} {}", case["sender"], case["name"]);
        let before = event_count(&self.intake).await;
        let answer = self.post(path, headers, &body).await;
        let is_form = headers.iter().any(|(_, value)| value.ends_with("urlencoded"));
        let is_readable = is_form || serde_json::from_slice::<Json>(&body).is_ok();
        // Some bodies were published to be signed and not to be read: they are kept as failed.
        let expect = if is_readable { 200 } else { 400 };
        assert_eq!(answer.status, expect, "{name}: {}", answer.text);
        assert_eq!(event_count(&self.intake).await, before + 1, "{name}");

        for at in (0..body.len()).step_by(body.len() / 40 + 1) {
            let mut changed = body.clone();
            changed[at] ^= 1;
            let answer = self.post(path, headers, &changed).await;
            assert_eq!(answer.status, 401, "{name} with byte {at} changed: {}", answer.text);
        }
        assert_eq!(event_count(&self.intake).await, before + 1, "{name}");
    }
}

#[tokio::test]
async fn what_senders_published_is_believed_and_with_a_byte_changed_is_not() {
    let cases = published(&["github", "stripe", "slack", "shopify", "hubspot-v1"]);
    let hub = Hub::start(&cases[0]).await;
    for case in &cases {
        let path = hub.source(case).await;
        let headers: Vec<_> = serde_json::from_value(case["headers"].clone()).unwrap();
        hub.check(case, &path, &headers).await;
    }
}

#[tokio::test]
async fn what_is_signed_with_its_url_is_believed_at_that_url_only() {
    let cases = published(&["twilio", "hubspot", "hubspot-v2"]);
    // One was published for a `GET`, by which nothing is posted here.
    let cases: Vec<Json> = cases.into_iter().filter(|case| case["method"] == "POST").collect();
    let hub = Hub::start(&cases[0]).await;
    for case in &cases {
        let path = hub.source(case).await;
        let query = text(&case["url"]).split_once('?').map(|(_, query)| format!("?{query}"));
        let path = path + &query.unwrap_or_default();
        let headers = signed_for(case, &format!("https://hub.example{path}"));
        hub.check(case, &path, &headers).await;

        let apart = if path.contains('?') { '&' } else { '?' };
        let elsewhere = format!("{path}{apart}more=1");
        let answer = hub.post(&elsewhere, &headers, text(&case["body"]).as_bytes()).await;
        answer.expect(401);
    }
}

/// The headers of `case`, with the signature for another URL in the place of its own.
fn signed_for(case: &Json, url: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        serde_json::from_value(case["headers"].clone()).unwrap();
    let (secret, body) = (text(&case["secrets"][0]), text(&case["body"]));
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (name, signature) = match case["sender"].as_str().unwrap() {
        "twilio" => {
            let mut signed = url.to_owned();
            if header("content-type").ends_with("urlencoded") {
                let pairs: BTreeSet<(String, String)> = serde_urlencoded::from_str(&body).unwrap();
                signed.extend(pairs.into_iter().map(|(name, value)| name + &value));
            }
            let signature = openssl(&["-sha1", "-hmac", &secret], &signed);
            ("x-twilio-signature", STANDARD.encode(signature))
        }
        "hubspot" => {
            let signed = format!("POST{url}{body}{}", header("x-hubspot-request-timestamp"));
            let signature = openssl(&["-sha256", "-hmac", &secret], &signed);
            ("x-hubspot-signature-v3", STANDARD.encode(signature))
        }
        "hubspot-v2" => {
            let signature = openssl(&["-sha256"], &format!("{secret}POST{url}{body}"));
            ("x-hubspot-signature", super::hex(&signature))
        }
        other => panic!("{other} signs no URL"),
    };
    headers.retain(|(other, _)| other != name);
    headers.push((name.to_owned(), signature));
    headers
}

/// What `openssl dgst` makes of `signed`.
fn openssl(arguments: &[&str], signed: &str) -> Vec<u8> {
    let mut process = Command::new("openssl")
        .arg("dgst")
        .args(arguments)
        .arg("-binary")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests need openssl");
    process.stdin.take().unwrap().write_all(signed.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}
