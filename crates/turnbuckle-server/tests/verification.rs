//! Stories of sources that believe one sender.

mod intake;
mod published;
mod support;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use intake::{Answer, Intake};
use ring::hmac;
use serde_json::{Value as Json, json};
use turnbuckle_store::page::PageRequest;

const SECRET: &str = "It's a Secret to Everybody";
const BODY: &str = r#"{"EntityName":"Lead","Contact":"Ada"}"#;

fn tag(algorithm: hmac::Algorithm, secret: &str, signed: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), signed.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn github(secret: &str, body: &str) -> String {
    format!("sha256={}", hex(&tag(hmac::HMAC_SHA256, secret, body)))
}

/// A source that believes who `verify` says, and where it takes posts.
async fn source(hub: &Intake, verify: Json) -> (Json, String) {
    let source = hub.source(json!({ "verify": verify })).await;
    let address = Intake::address(&source);
    (source, address)
}

async fn post(hub: &Intake, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    hub.call(Method::POST, path, headers, body.to_owned()).await
}

/// How many events the log has.
async fn event_count(hub: &Intake) -> usize {
    let (_, _, answer) = hub.get("/api/v1/inbound-events").await;
    answer["inbound_events"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_post_of_somebody_else_leaves_nothing_behind() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "github", "secrets": [SECRET]})).await;
    let good = github(SECRET, BODY);
    let name = "x-hub-signature-256";
    post(&hub, &path, &[(name, &good)], BODY).await.expect(200);
    assert_eq!(event_count(&hub).await, 1);

    let other = github("another", BODY);
    for (headers, body, told) in [
        (vec![], BODY, "the header `x-hub-signature-256` (`sha256=…`) is missing or empty"),
        (vec![(name, other.as_str())], BODY, "no signature matches"),
        (
            vec![(name, good.as_str())],
            "{\"EntityName\":\"Lead\",\"Contact\":\"Adb\"}",
            "no signature matches",
        ),
        // One that would be kept as failed, if its sender were believed.
        (vec![(name, good.as_str())], "{", "no signature matches"),
    ] {
        let answer = post(&hub, &path, &headers, body).await.expect(401);
        assert_eq!(answer.json["type"], "https://turnbuckle.dev/problems/sender-not-verified");
        assert_eq!(answer.json["detail"], told);
        assert_eq!(answer.header("x-event-id"), None);
    }
    assert_eq!(event_count(&hub).await, 1);
    assert!(hub.app.metrics.render().contains("turnbuckle_refused_posts_total 4"));

    let broken = post(&hub, &path, &[(name, &github(SECRET, "{"))], "{").await.expect(400);
    assert!(broken.header("x-event-id").is_some(), "the sender's own mistakes are kept");
}

#[tokio::test]
async fn secrets_are_not_shown_and_can_be_rotated() {
    let hub = Intake::start().await;
    let (created, path) = source(&hub, json!({"sender": "github", "secrets": [SECRET]})).await;
    let address = format!("/api/v1/sources/{}", created["id"].as_str().unwrap());
    let masked = json!({"sender": "github", "secrets": ["***1"]});
    assert_eq!(created["verify"], masked);
    let (_, _, shown) = hub.get(&address).await;
    assert_eq!(shown["source"]["verify"], masked);
    let workspace = hub.workspace().await;
    let page = PageRequest { limit: 10, after: None };
    let stored = &hub.app.store.sources(workspace, page).await.unwrap().items[0];
    assert!(!stored.settings.to_string().contains("Everybody"), "{}", stored.settings);

    let name = "x-hub-signature-256";
    let passes = async |secret: &str| {
        let headers = [(name, &*github(secret, BODY))];
        post(&hub, &path, &headers, BODY).await.status == 200
    };
    // What is shown can be sent back.
    let document = json!({"name": "form", "connection": "acme-crm", "verify": masked});
    let (status, _, answer) = hub.put(&address, document).await;
    assert_eq!(status, 200, "{answer}");
    assert!(passes(SECRET).await);
    let (status, _, _) = hub.patch(&address, json!({"name": "another"})).await;
    assert_eq!(status, 200);
    assert!(passes(SECRET).await);

    let rotation = json!({"verify": {"secrets": ["new", "***1"]}});
    let (status, _, answer) = hub.patch(&address, rotation).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["source"]["verify"]["secrets"], json!(["***1", "***2"]));
    assert!(passes(SECRET).await && passes("new").await && !passes("other").await);
    hub.patch(&address, json!({"verify": {"secrets": ["***1"]}})).await;
    assert!(!passes(SECRET).await && passes("new").await);

    let (status, _, problem) = hub.patch(&address, json!({"verify": {"secrets": ["***2"]}})).await;
    assert_eq!(
        (status.as_u16(), &problem["errors"][0]["path"]),
        (400, &json!("/verify/secrets/0"))
    );
    let (status, _, _) = hub.patch(&address, json!({"verify": null})).await;
    assert_eq!(status, 200);
    assert!(passes("other").await);
}

#[tokio::test]
async fn a_source_whose_secrets_cannot_be_read_takes_nothing() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "github", "secrets": [SECRET]})).await;
    let workspace = hub.workspace().await;
    let page = PageRequest { limit: 10, after: None };
    let stored = hub.app.store.sources(workspace, page).await.unwrap().items.remove(0);
    for sealed in [json!("AAAA"), Json::Null] {
        let mut settings = stored.settings.clone();
        settings["verify"]["sealed"] = sealed;
        let saved = hub.app.store.update_source(
            workspace,
            stored.id,
            "form",
            &settings,
            stored.connection,
            None,
        );
        saved.await.unwrap();
        post(&hub, &path, &[("x-hub-signature-256", &github(SECRET, BODY))], BODY)
            .await
            .expect(500);
        let (status, _, listed) = hub.get("/api/v1/sources").await;
        assert_eq!(status, 200);
        let verify = json!({"sender": "github", "secrets": []});
        assert_eq!(listed["sources"][0]["verify"], verify);
    }
    assert_eq!(event_count(&hub).await, 0);
    // Whoever has the secret sets it anew.
    let id = stored.id.to_string();
    let document = json!({"name": "form", "connection": "acme-crm",
        "verify": {"sender": "github", "secrets": [SECRET]}});
    assert_eq!(hub.put(&format!("/api/v1/sources/{id}"), document).await.0, 200);
    post(&hub, &path, &[("x-hub-signature-256", &github(SECRET, BODY))], BODY).await.expect(200);
}

#[tokio::test]
async fn the_id_of_the_sender_is_the_default_dedupe() {
    let hub = Intake::start().await;
    let verify = json!({"sender": "github", "secrets": [SECRET]});
    let (created, path) = source(&hub, verify).await;
    let good = github(SECRET, BODY);
    let headers = [("x-hub-signature-256", &*good), ("x-github-delivery", "d1")];
    let first = post(&hub, &path, &headers, BODY).await.expect(200);
    let again = post(&hub, &path, &headers, BODY).await.expect(200);
    assert_eq!((&again.json["id"], &again.json["repeat"]), (&first.json["id"], &json!(true)));

    // What the owner says comes first.
    let address = format!("/api/v1/sources/{}", created["id"].as_str().unwrap());
    hub.patch(&address, json!({"dedupe": {"header": "x-event-id"}})).await;
    let third = post(&hub, &path, &headers, BODY).await.expect(200);
    assert_ne!(third.json["id"], first.json["id"]);
}

/// A signature as Zendesk makes it, and its time.
fn zendesk(at: &str) -> [(&'static str, String); 2] {
    let signature = STANDARD.encode(tag(hmac::HMAC_SHA256, SECRET, &format!("{at}{BODY}")));
    let name = "x-zendesk-webhook-signature";
    [(name, signature), ("x-zendesk-webhook-signature-timestamp", at.to_owned())]
}

#[tokio::test]
async fn who_copies_a_post_that_was_signed_with_its_time_cannot_play_it_again() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "zendesk", "secrets": [SECRET]})).await;
    let at = |before_ms: i64| {
        jiff::Timestamp::from_millisecond(hub.app.now() - before_ms).unwrap().to_string()
    };
    let call = async |at: &str, id: Option<&str>| {
        let signed = zendesk(at);
        let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, &**value)).collect();
        headers.extend(id.map(|id| ("x-zendesk-webhook-invocation-id", id)));
        post(&hub, &path, &headers, BODY).await.expect(200).json
    };
    let (first_at, retried_at, other_at) = (at(20_000), at(10_000), at(5_000));
    let first = call(&first_at, Some("i1")).await;
    let again = (first["id"].clone(), json!(true));
    let repeats = async |at: &str, id: Option<&str>| {
        let answer = call(at, id).await;
        assert_eq!((answer["id"].clone(), answer["repeat"].clone()), again, "{at} {id:?}");
    };
    // Their retry is signed anew; whoever plays the one or the other may write another id, or none.
    repeats(&retried_at, Some("i1")).await;
    for at in [&first_at, &retried_at] {
        repeats(at, Some("i2")).await;
        repeats(at, None).await;
    }
    // Nor can they take the ids of posts that are to come.
    let other = call(&other_at, Some("i2")).await;
    assert_ne!(other["id"], first["id"]);
    assert_eq!(call(&other_at, Some("i3")).await["id"], other["id"]);
    // One that is announced as what it is not cannot be told from the first either.
    let signed = zendesk(&other_at);
    let mut headers: Vec<_> = signed.iter().map(|(name, value)| (*name, &**value)).collect();
    headers.push(("content-type", "multipart/form-data; boundary=x"));
    let misread = post(&hub, &path, &headers, BODY).await.expect(400);
    assert_eq!(misread.header("x-event-id"), other["id"].as_str());
    assert_eq!(event_count(&hub).await, 2);
}

#[tokio::test]
async fn a_declared_scheme_is_verified_like_a_known_one() {
    let hub = Intake::start().await;
    let scheme = json!({
        "signature": {"header": "x-acme", "item": "s"}, "algorithm": "hmac-sha256",
        "encoding": "base64", "signed": ["timestamp", {"text": "\n"}, "url", {"text": "\n"}, "body"],
        "timestamp": {"header": "x-acme", "item": "t", "unit": "ms", "tolerance_s": 60},
    });
    let (_, path) = source(&hub, json!({"scheme": scheme, "secrets": ["s3"]})).await;
    let path = format!("{path}?a=%20&b");
    let sign = |at: i64, url: &str| {
        let signed = format!("{at}\n{url}\n{BODY}");
        let bytes = tag(hmac::HMAC_SHA256, "s3", &signed);
        format!("t={at},s={}", STANDARD.encode(&bytes))
    };
    let now = hub.app.now();
    // Without `public_url` the host is the one that was asked for.
    let url = format!("http://hub.example{path}");
    let call = async |text: &str| {
        post(&hub, &path, &[("host", "hub.example"), ("x-acme", text)], BODY).await
    };
    let first = call(&sign(now, &url)).await.expect(200);
    assert_eq!(call(&sign(now, &url)).await.expect(200).json["id"], first.json["id"]);
    call(&sign(now, &url.replace("%20", "+"))).await.expect(401);
    let stale = call(&sign(now - 70_000, &url)).await.expect(401);
    assert_eq!(stale.json["detail"], "it was signed more than 60 s ago");
}

/// A JSON Web Token as Vonage makes it.
fn vonage(at_s: i64, body: &str, secret: &str) -> String {
    let hash = hex(ring::digest::digest(&ring::digest::SHA256, body.as_bytes()).as_ref());
    let parts = [json!({"alg": "HS256"}), json!({"iat": at_s, "payload_hash": hash})];
    let signed = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = URL_SAFE_NO_PAD.encode(tag(hmac::HMAC_SHA256, secret, &signed));
    format!("Bearer {signed}.{signature}")
}

#[tokio::test]
async fn a_token_proves_one_body_for_a_while_and_is_not_kept() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "vonage", "secrets": ["s3", "s2"]})).await;
    let now_s = hub.app.now() / 1_000;
    let call =
        async |token: &str, body: &str| post(&hub, &path, &[("authorization", token)], body).await;
    for (secret, at_s) in [("s3", now_s), ("s2", now_s - 1)] {
        let answer = call(&vonage(at_s, BODY, secret), BODY).await.expect(200);
        let event = hub.event(&answer.json["id"]).await;
        assert!(!event.to_string().contains("eyJ"), "{event}");
    }
    let refused = async |token: &str, body: &str| {
        call(token, body).await.expect(401).json["detail"].as_str().unwrap().to_owned()
    };
    let told = "the body is not the one whose hash was signed";
    assert_eq!(refused(&vonage(now_s, BODY, "s3"), "{}").await, told);
    assert_eq!(refused(&vonage(now_s, BODY, "s1"), BODY).await, "no signature matches");
    let told = "it was signed more than 300 s ago";
    assert_eq!(refused(&vonage(now_s - 301, BODY, "s3"), BODY).await, told);
    let told = "the header `authorization` is no JSON Web Token";
    assert_eq!(refused("Bearer s3", BODY).await, told);
    assert_eq!(event_count(&hub).await, 2);
}

#[tokio::test]
async fn posts_of_others_do_not_use_up_the_limit_of_the_sender() {
    let hub = Intake::start().await;
    let settings = json!({
        "verify": {"sender": "gitlab", "secrets": ["t0ken"]}, "rate_limit": {"per_second": 1},
    });
    let source = hub.source(settings).await;
    let path = Intake::address(&source);
    for _ in 0..5 {
        post(&hub, &path, &[("x-gitlab-token", "wrong")], BODY).await.expect(401);
    }
    post(&hub, &path, &[("x-gitlab-token", "t0ken")], BODY).await.expect(200);
}

#[tokio::test]
async fn a_secret_that_is_sent_is_not_kept_in_the_log() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "gitlab", "secrets": ["t0ken"]})).await;
    let answer = post(&hub, &path, &[("x-gitlab-token", "t0ken")], BODY).await.expect(200);
    let event = hub.event(&answer.json["id"]).await;
    assert!(!event.to_string().contains("t0ken"), "{event}");

    let (_, path) = source(&hub, json!({"sender": "dataverse", "secrets": ["t0ken"]})).await;
    let answer = post(&hub, &format!("{path}?code=t0ken&a=1"), &[], BODY).await.expect(200);
    let event = hub.event(&answer.json["id"]).await;
    assert!(!event.to_string().contains("t0ken"), "{event}");
    post(&hub, &format!("{path}?code=token"), &[], BODY).await.expect(401);
}

#[tokio::test]
async fn what_senders_ask_first_is_answered_and_not_stored() {
    let hub = Intake::start().await;
    let get = async |path: &str| hub.call(Method::GET, path, &[], "").await;

    let meta = json!({"sender": "meta", "secrets": ["s"], "token": "meatyhamhock"});
    let (_, path) = source(&hub, meta).await;
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
    let answer = get(&format!("{path}?{query}meatyhamhock")).await.expect(200);
    assert_eq!(answer.text, "1158201444");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    get(&format!("{path}?{query}other")).await.expect(401);
    get(&path).await.expect(405);

    let (_, path) = source(&hub, json!({"sender": "dropbox", "secrets": ["s"]})).await;
    assert_eq!(get(&format!("{path}?challenge=%3Cb%3E")).await.expect(200).text, "<b>");

    let (_, path) = source(&hub, json!({"sender": "microsoft-graph", "secrets": ["s"]})).await;
    let answer = post(&hub, &format!("{path}?validationToken=a%3Ab"), &[], "").await.expect(200);
    assert_eq!(answer.text, "a:b");

    let (_, path) = source(&hub, json!({"sender": "smartsheet", "secrets": ["s"]})).await;
    let answer = post(&hub, &path, &[("smartsheet-hook-challenge", "c")], "{}").await.expect(200);
    assert_eq!(answer.header("smartsheet-hook-response"), Some("c"));

    let (_, path) = source(&hub, json!({"sender": "monday.com", "secrets": ["s"]})).await;
    let ask = r#"{"challenge":"3eZbrw1aB"}"#;
    assert_eq!(post(&hub, &path, &[], ask).await.expect(200).text, ask);

    let (_, path) = source(&hub, json!({"sender": "zoom", "secrets": ["s"]})).await;
    let ask = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}"#;
    let answer = post(&hub, &path, &[], ask).await.expect(200);
    assert_eq!(answer.json["encryptedToken"], hex(&tag(hmac::HMAC_SHA256, "s", "abc")));

    let (_, path) = source(&hub, json!({"sender": "slack", "secrets": ["s"]})).await;
    let ask = r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#;
    post(&hub, &path, &[], ask).await.expect(401);
    let at = (hub.app.now() / 1_000).to_string();
    let signature = hex(&tag(hmac::HMAC_SHA256, "s", &format!("v0:{at}:{ask}")));
    let signature = format!("v0={signature}");
    let headers = [("x-slack-signature", &*signature), ("x-slack-request-timestamp", &*at)];
    let answer = post(&hub, &path, &headers, ask).await.expect(200);
    assert_eq!(answer.json, json!({"challenge": "3eZbrw1aB"}));

    assert_eq!(event_count(&hub).await, 0);
}

#[tokio::test]
async fn xero_is_answered_without_a_body_whatever_the_answer_is() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "xero", "secrets": ["s"]})).await;
    let ask = r#"{"events":[],"lastEventSequence":0,"firstEventSequence":0,"entropy":"S0m3"}"#;
    let tell = r#"{"events":[{"resourceId":"717f2bfc"}],"EntityName":"Lead","Contact":"Ada"}"#;
    let call = async |secret: &str, body: &str, status: u16| {
        let signature = STANDARD.encode(tag(hmac::HMAC_SHA256, secret, body));
        let answer = post(&hub, &path, &[("x-xero-signature", &signature)], body).await;
        let answer = answer.expect(status);
        assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None));
        answer
    };
    // Whether somebody intends to receive is asked with right and wrong signatures.
    call("s", ask, 200).await;
    call("other", ask, 401).await;
    assert_eq!(event_count(&hub).await, 0);
    call("other", tell, 401).await;
    call("s", tell, 200).await;
    assert_eq!(event_count(&hub).await, 1);
    let broken = call("s", "{", 400).await;
    assert!(broken.header("x-event-id").is_some());
}

#[tokio::test]
async fn a_secret_that_a_handshake_brings_is_kept_once() {
    let hub = Intake::start().await;
    let (created, path) = source(&hub, json!({"sender": "asana", "secrets": []})).await;
    let sign = |secret: &str| hex(&tag(hmac::HMAC_SHA256, secret, BODY));
    let name = "x-hook-signature";
    let refused = post(&hub, &path, &[(name, &sign("b537"))], BODY).await.expect(401);
    let told = "the secret is not known yet: the sender's handshake has not come";
    assert_eq!(refused.json["detail"], told);

    let answer = post(&hub, &path, &[("x-hook-secret", "b537")], "").await.expect(200);
    assert_eq!((answer.header("x-hook-secret"), answer.text.as_str()), (Some("b537"), ""));
    post(&hub, &path, &[("x-hook-secret", "evil")], "").await.expect(401);
    post(&hub, &path, &[(name, &sign("evil"))], BODY).await.expect(401);
    post(&hub, &path, &[(name, &sign("b537"))], BODY).await.expect(200);
    assert_eq!(event_count(&hub).await, 1);

    // The owner lets the sender introduce itself again.
    let address = format!("/api/v1/sources/{}", created["id"].as_str().unwrap());
    hub.patch(&address, json!({"verify": {"secrets": []}})).await;
    post(&hub, &path, &[("x-hook-secret", "c1")], "").await.expect(200);
    post(&hub, &path, &[(name, &sign("c1"))], BODY).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_handshakes_at_the_same_time_one_is_believed() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "asana", "secrets": []})).await;
    let secrets: Vec<String> = (0..20).map(|index| format!("secret-{index}")).collect();
    let ask = async |secret: &str| {
        post(&hub, &path, &[("x-hook-secret", secret)], "").await.status.as_u16()
    };
    let statuses = futures_util::future::join_all(secrets.iter().map(|it| ask(it))).await;
    let believed: Vec<&String> = secrets
        .iter()
        .zip(&statuses)
        .filter(|(_, status)| **status == 200)
        .map(|it| it.0)
        .collect();
    assert_eq!(believed.len(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401, 503].contains(status)), "{statuses:?}");
    let signature = hex(&tag(hmac::HMAC_SHA256, believed[0], BODY));
    post(&hub, &path, &[("x-hook-signature", &signature)], BODY).await.expect(200);
}

#[tokio::test]
async fn a_handshake_that_was_overtaken_is_refused() {
    let hub = Intake::start().await;
    let (_, path) = source(&hub, json!({"sender": "asana", "secrets": []})).await;
    post(&hub, &path, &[], BODY).await.expect(401);
    // The source is looked up when a post begins, and by its end it may know its sender.
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let body = futures_util::stream::once(async {
        let _ = ended.await;
        Ok::<_, std::io::Error>(bytes::Bytes::new())
    });
    let body = Body::from_stream(body);
    let late = hub.call(Method::POST, &path, &[("x-hook-secret", "late")], body);
    let (late, ()) = tokio::join!(late, async {
        post(&hub, &path, &[("x-hook-secret", "first")], "").await.expect(200);
        end.send(()).unwrap();
    });
    late.expect(401);
    let signature = hex(&tag(hmac::HMAC_SHA256, "first", BODY));
    post(&hub, &path, &[("x-hook-signature", &signature)], BODY).await.expect(200);
}
