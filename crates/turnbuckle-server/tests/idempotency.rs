//! `Idempotency-Key`, seen from outside: a repeat does nothing and answers the same.

mod support;

use futures_util::poll;
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};

const KEYS: &str = "/api/v1/keys";

async fn create_key(hub: &TestHub, label: &str, idempotency_key: &str) -> Answer {
    let body = json!({"scopes": ["read"], "label": label});
    hub.json(Method::POST, KEYS, Some(body), &[("idempotency-key", idempotency_key)]).await
}

/// How many key sets there are besides the hub's own.
async fn keys_made(hub: &TestHub) -> usize {
    let (_, _, listed) = hub.get(KEYS).await;
    listed["keys"].as_array().unwrap().len() - 1
}

#[tokio::test]
async fn a_repeat_answers_what_the_first_one_did() {
    let hub = TestHub::start().await;
    let (status, headers, first) = create_key(&hub, "a", "order-17").await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(!headers.contains_key("idempotent-replayed"));

    let (status, headers, repeat) = create_key(&hub, "a", "order-17").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(headers["idempotent-replayed"], "true");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(repeat, first, "the secret included");
    assert_eq!(keys_made(&hub).await, 1);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_to_the_corrected_one() {
    let hub = TestHub::start().await;
    let call = async |scope: &str| {
        let body = Some(json!({"scopes": [scope], "label": "a"}));
        hub.json(Method::POST, KEYS, body, &[("idempotency-key", "order-17")]).await
    };
    for _ in 0..2 {
        let refused = call("nonsense").await;
        assert_eq!(problem(&refused).2, ["/scopes/0"]);
        assert!(!refused.1.contains_key("idempotent-replayed"));
    }
    let (status, _, made) = call("read").await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(call("read").await.2, made);
    assert_eq!(problem(&call("nonsense").await).1, "idempotency-conflict");
    assert_eq!(keys_made(&hub).await, 1);
}

/// Nobody takes a key from others by guessing it.
#[tokio::test]
async fn each_key_set_has_idempotency_keys_of_its_own() {
    let hub = TestHub::start().await;
    let path = "/api/v1/bins";
    let key = [("idempotency-key", "order-17")];
    let first = hub.json(Method::POST, path, None, &key).await;
    let other = hub.as_key(&["all"]).await;
    let second = other.call_with(Method::POST, path, None, &key).await;
    assert_eq!((first.0, second.0), (StatusCode::CREATED, StatusCode::CREATED));
    assert_ne!(first.2, second.2);
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let hub = TestHub::start().await;
    create_key(&hub, "a", "order-17").await;
    let answer = create_key(&hub, "b", "order-17").await;
    assert_eq!(problem(&answer).1, "idempotency-conflict");
    assert!(!answer.1.contains_key("retry-after"), "waiting does not help");
    assert_eq!(keys_made(&hub).await, 1);
}

#[tokio::test]
async fn what_may_change_is_not_kept() {
    let hub = TestHub::start().await;
    let path = "/api/v1/connections/acme-crm/entities/Lead/records";
    let call = || {
        let lead = json!({"data": {"Contact": "New user"}});
        hub.json(Method::POST, path, Some(lead), &[("idempotency-key", "lead-1")])
    };
    assert_eq!(call().await.0, StatusCode::NOT_FOUND);
    let connection = json!({"context": "acme", "connector": "native"});
    hub.put("/api/v1/connections/acme-crm", connection).await;
    assert_eq!(call().await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let hub = TestHub::start().await;
    let answer = create_key(&hub, "a", "two words").await;
    assert_eq!(problem(&answer).1, "invalid-request");
    assert_eq!(keys_made(&hub).await, 0);
}

#[tokio::test]
async fn a_body_too_large_to_compare_is_refused() {
    let hub = TestHub::start().await;
    let body = json!({"scopes": ["read"], "label": "x".repeat(1_000_001)});
    let headers = [("idempotency-key", "large")];
    let answer = hub.json(Method::POST, KEYS, Some(body), &headers).await;
    assert_eq!(problem(&answer).1, "payload-too-large");
}

#[tokio::test]
async fn other_methods_pass_untouched() {
    let hub = TestHub::start().await;
    let headers = [("idempotency-key", "two words")];
    let (status, _, _) = hub.json(Method::GET, KEYS, None, &headers).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_caller_that_hung_up_gets_its_answer_by_repeating() {
    let hub = TestHub::start().await;
    {
        let call = create_key(&hub, "a", "order-17");
        futures_util::pin_mut!(call);
        // One step, then the connection is gone.
        assert!(poll!(call).is_pending());
    }
    let answer = loop {
        let answer = create_key(&hub, "a", "order-17").await;
        if answer.0 != StatusCode::CONFLICT {
            break answer;
        }
        assert_eq!(answer.1["retry-after"], "1");
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.0, StatusCode::CREATED);
    assert_ne!(answer.2["key"]["secret"], Json::Null);
    assert_eq!(keys_made(&hub).await, 1);
}

#[tokio::test]
async fn of_two_at_once_one_does_the_work() {
    let hub = TestHub::start().await;
    let call = || create_key(&hub, "a", "order-17");
    let answers = futures_util::future::join_all((0..8).map(|_| call())).await;
    assert!(answers.iter().any(|answer| answer.0 == StatusCode::CREATED));
    for answer in &answers {
        let is_first_or_repeat = answer.0 == StatusCode::CREATED;
        assert!(is_first_or_repeat || problem(answer).1 == "idempotency-conflict");
    }
    assert_eq!(keys_made(&hub).await, 1);
}
