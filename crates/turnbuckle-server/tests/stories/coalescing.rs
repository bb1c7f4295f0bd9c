//! A record changes faster than its receiver listens.

use std::time::Duration;

use serde_json::json;
use turnbuckle_testkit::{Reply, WebhookSink, wait};

use super::{
    contacts_endpoint, create_contact, deliveries, deliveries_are, hub, matched, names,
    rename_contact,
};

#[tokio::test]
async fn a_hanging_receiver_gets_the_first_and_the_last_state() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([Reply::hang()]).await;
    let endpoint = contacts_endpoint(client, &sink, json!({"coalesce": true})).await;
    let id = create_contact(client, "Ada 0").await;
    sink.wait_for(1).await;
    for number in 1..=9 {
        rename_contact(client, &id, &format!("Ada {number}")).await;
    }
    matched(client, "Contact", 10).await;
    assert_eq!(sink.count(), 1);

    sink.release();
    deliveries_are(client, &endpoint, "delivered", 2).await;
    let calls = sink.calls();
    assert_eq!(names(&calls), ["Ada 0", "Ada 9"]);
    assert_eq!(calls[0].json()["type"], "contact.created");
    assert_eq!(calls[1].json()["type"], "contact.updated");
    assert_ne!(calls[0].id(), calls[1].id());
    // Beside what the receiver knows, not beside states that it never saw.
    assert_eq!(calls[1].json()["data"]["previous"], json!({"Name": "Ada 0"}));
    deliveries_are(client, &endpoint, "pending", 0).await;
}

#[tokio::test]
async fn without_coalescing_every_state_arrives_in_order() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([Reply::hang()]).await;
    contacts_endpoint(client, &sink, json!({"coalesce": false})).await;
    let id = create_contact(client, "Ada 0").await;
    sink.wait_for(1).await;
    for number in 1..=9 {
        rename_contact(client, &id, &format!("Ada {number}")).await;
    }
    client.delete_record("Contact", &id).await;
    // Another record does not wait for this one.
    create_contact(client, "Grace").await;
    let calls = sink.wait_for(2).await;
    assert_eq!(names(&calls), ["Ada 0", "Grace"]);

    sink.release();
    let mut calls = sink.wait_for(12).await;
    calls.remove(1);
    let expected: Vec<_> = (0..10).chain([9]).map(|number| format!("Ada {number}")).collect();
    assert_eq!(names(&calls), expected, "the delete has the last known data");
    assert_eq!(calls[10].json()["type"], "contact.deleted");
    let ids: std::collections::HashSet<_> = calls.iter().map(|call| call.id()).collect();
    assert_eq!(ids.len(), 11, "every change has an id of its own");
}

#[tokio::test]
async fn a_delete_is_told_last_however_often_the_receiver_refuses() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([500, 500, 500]).await;
    let settings = json!({"coalesce": false, "retry_schedule": [1, 1, 1, 1, 1]});
    contacts_endpoint(client, &sink, settings).await;
    let id = create_contact(client, "Ada").await;
    rename_contact(client, &id, "Ada King").await;
    client.delete_record("Contact", &id).await;

    let calls = sink.wait_for(6).await;
    let types: Vec<_> = calls.iter().map(|call| call.json()["type"].clone()).collect();
    let mut distinct = types.clone();
    distinct.dedup();
    assert_eq!(distinct, ["contact.created", "contact.updated", "contact.deleted"], "{types:?}");
}

#[tokio::test]
async fn a_refused_message_is_not_sent_again_once_it_is_old() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([500]).await;
    let settings = json!({"coalesce": true, "retry_schedule": [2]});
    let endpoint = contacts_endpoint(client, &sink, settings).await;
    let id = create_contact(client, "Ada").await;
    wait::until("the attempt to be recorded", async || {
        let pending = deliveries(client, &endpoint, "pending").await;
        pending.iter().any(|it| it["attempt_count"] == 1).then_some(())
    })
    .await;
    for number in 1..=3 {
        rename_contact(client, &id, &format!("Ada {number}")).await;
    }
    deliveries_are(client, &endpoint, "superseded", 1).await;

    deliveries_are(client, &endpoint, "delivered", 1).await;
    let calls = sink.calls();
    assert_eq!(names(&calls), ["Ada", "Ada 3"]);
    assert_ne!(calls[0].id(), calls[1].id());
    let waited = calls[1].at - calls[0].at;
    assert!(Duration::from_secs(2) <= waited, "came again after {waited:?}");
}

#[tokio::test]
async fn a_refused_message_gives_way_to_a_newer_state() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([500, 500]).await;
    let settings = json!({"coalesce": true, "retry_schedule": [1, 1, 1]});
    let endpoint = contacts_endpoint(client, &sink, settings).await;
    let id = create_contact(client, "Ada").await;
    sink.wait_for(1).await;
    rename_contact(client, &id, "Ada King").await;

    deliveries_are(client, &endpoint, "delivered", 1).await;
    deliveries_are(client, &endpoint, "superseded", 1).await;
    let calls = sink.calls();
    let (first, last) = (&calls[0], calls.last().unwrap());
    assert_eq!(names(&[first.clone(), last.clone()]), ["Ada", "Ada King"]);
    assert_ne!(first.id(), last.id(), "what was attempted is never rewritten");
    assert_eq!(last.json()["type"], "contact.created", "it has heard of no contact yet");
}
