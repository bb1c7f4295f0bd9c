//! A receiver is away, slow or gone for good, and its operator loses nothing.

use std::time::Duration;

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{Endpoint, text};
use turnbuckle_testkit::{Client, Reply, WebhookSink, wait};

use super::{
    contacts_endpoint, create_contact, deliveries, deliveries_are, endpoint_view, hub, matched,
    names, rename_contact,
};

async fn act(client: &Client, endpoint: &Endpoint, action: &str, body: Json) -> Json {
    let path = format!("/api/v1/endpoints/{}/{action}", endpoint.id);
    client.post(&path, body).await.success()
}

async fn status_is(client: &Client, endpoint: &Endpoint, status: &str) {
    wait::until(&format!("the endpoint to be {status}"), async || {
        (endpoint_view(client, endpoint).await["status"] == status).then_some(())
    })
    .await;
}

/// An endpoint that hears what happens to the hub itself.
async fn notices(client: &Client) -> WebhookSink {
    let sink = WebhookSink::start().await;
    client.create_endpoint(&sink, json!({"format": "standard", "scope": "notices"})).await;
    sink
}

#[tokio::test]
async fn a_refused_message_comes_again_as_it_was() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([503, 200]).await;
    let endpoint = contacts_endpoint(client, &sink, json!({"retry_schedule": [1]})).await;
    create_contact(client, "Ada").await;

    let calls = sink.wait_for(2).await;
    assert_eq!(calls[0].id(), calls[1].id());
    assert_eq!(calls[0].body, calls[1].body);
    let timestamp = |index: usize| calls[index].header("webhook-timestamp").unwrap().to_owned();
    assert_ne!(timestamp(0), timestamp(1), "an attempt is signed with its own time");
    for call in &calls {
        call.verify(&endpoint.secret).unwrap();
    }
    let delivery = deliveries_are(client, &endpoint, "delivered", 1).await.remove(0);
    assert_eq!(delivery["id"], calls[0].id());
    let path = format!("/api/v1/deliveries/{}", calls[0].id());
    let delivery = client.get(&path).await.expect(200)["delivery"].clone();
    let attempts: Vec<_> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["number"].clone(), it["status"].clone()))
        .collect();
    assert_eq!(attempts, [(json!(1), json!(503)), (json!(2), json!(200))], "{delivery}");
}

#[tokio::test]
async fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks() {
    let hub = hub().await;
    let sink = WebhookSink::answering([Reply::busy(3), Reply::status(200)]).await;
    contacts_endpoint(hub.client(), &sink, json!({"retry_schedule": [1]})).await;
    create_contact(hub.client(), "Ada").await;

    let calls = sink.wait_for(2).await;
    let waited = calls[1].at - calls[0].at;
    assert!(waited >= Duration::from_secs(3), "came again after {waited:?}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_never_called_again_and_its_owner_is_told() {
    let hub = hub().await;
    let client = hub.client();
    let notices = notices(client).await;
    let sink = WebhookSink::answering([410]).await;
    let endpoint = contacts_endpoint(client, &sink, json!({"retry_schedule": [1, 1]})).await;
    create_contact(client, "Ada").await;

    status_is(client, &endpoint, "disabled").await;
    let notice = notices.wait_for(1).await[0].json();
    assert_eq!(notice["type"], "endpoint.disabled");
    assert_eq!(notice["data"]["payload"]["endpoint"]["id"], endpoint.id);
    create_contact(client, "Grace").await;
    matched(client, "Contact", 2).await;
    deliveries_are(client, &endpoint, "held", 1).await;
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn a_pause_holds_messages_and_resuming_sends_them() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let endpoint = contacts_endpoint(client, &sink, json!({"coalesce": false})).await;
    act(client, &endpoint, "pause", Json::Null).await;
    let id = create_contact(client, "Ada").await;
    rename_contact(client, &id, "Ada King").await;
    create_contact(client, "Grace").await;
    deliveries_are(client, &endpoint, "held", 3).await;
    assert_eq!(sink.count(), 0);

    act(client, &endpoint, "resume", Json::Null).await;
    let calls = sink.wait_for(3).await;
    let mut told = names(&calls);
    let ada: Vec<_> = told.iter().filter(|it| it.starts_with("Ada")).cloned().collect();
    assert_eq!(ada, ["Ada", "Ada King"], "in the order of their record");
    told.sort();
    assert_eq!(told, ["Ada", "Ada King", "Grace"]);
    deliveries_are(client, &endpoint, "delivered", 3).await;
}

#[tokio::test]
async fn an_endpoint_that_failed_to_the_end_is_disabled_and_loses_nothing() {
    let hub = hub().await;
    let client = hub.client();
    let notices = notices(client).await;
    let sink = WebhookSink::start().await;
    sink.always(|_| Reply::status(500));
    let endpoint = contacts_endpoint(client, &sink, json!({"retry_schedule": [1]})).await;
    let since = text(&endpoint.view["created_at"]);
    create_contact(client, "Ada").await;

    let dead = deliveries_are(client, &endpoint, "dead", 1).await.remove(0);
    assert_eq!(sink.count(), 2, "one attempt and one retry");
    status_is(client, &endpoint, "disabled").await;
    let notice = notices.wait_for(1).await[0].json();
    assert_eq!(notice["type"], "endpoint.disabled");
    create_contact(client, "Grace").await;
    deliveries_are(client, &endpoint, "held", 1).await;

    sink.always(|_| Reply::status(200));
    sink.clear();
    act(client, &endpoint, "resume", Json::Null).await;
    let calls = sink.wait_for(1).await;
    assert_eq!(names(&calls), ["Grace"], "what was held goes out");

    let wanted = json!({"since": since, "only": "dead"});
    let recovery = act(client, &endpoint, "recover", wanted).await["recovery"].clone();
    assert_eq!(recovery["total"], 1, "{recovery}");
    let calls = sink.wait_for(2).await;
    assert_eq!(names(&calls)[1], "Ada", "what was dead is recovered");
    assert_eq!(calls[1].id(), text(&dead["id"]), "under its old id");
    let path = format!("/api/v1/recoveries/{}", text(&recovery["id"]));
    wait::until("the recovery to be done", async || {
        let recovery = client.get(&path).await.expect(200)["recovery"].clone();
        (recovery["done"] == 1 && recovery["status"] == "done").then_some(())
    })
    .await;
    deliveries_are(client, &endpoint, "delivered", 2).await;
    assert!(deliveries(client, &endpoint, "dead").await.is_empty());
}

#[tokio::test]
async fn a_recovery_of_everything_sends_the_latest_of_each_record() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let endpoint = contacts_endpoint(client, &sink, json!({})).await;
    let since = text(&endpoint.view["created_at"]);
    let id = create_contact(client, "Ada").await;
    sink.wait_for(1).await;
    rename_contact(client, &id, "Ada King").await;
    create_contact(client, "Grace").await;
    let first = sink.wait_for(3).await;
    deliveries_are(client, &endpoint, "delivered", 3).await;

    act(client, &endpoint, "recover", json!({"since": since, "only": "all"})).await;
    let calls = sink.wait_for(5).await.split_off(3);
    let mut told = names(&calls);
    told.sort();
    assert_eq!(told, ["Ada King", "Grace"]);
    for call in &calls {
        let original = first.iter().find(|it| it.id() == call.id()).expect("has its old id");
        assert_eq!(original.body, call.body);
    }
}

#[tokio::test]
async fn a_delivery_is_sent_again_on_request() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let endpoint = contacts_endpoint(client, &sink, json!({})).await;
    create_contact(client, "Ada").await;
    let delivery = deliveries_are(client, &endpoint, "delivered", 1).await.remove(0);

    let path = format!("/api/v1/deliveries/{}/resend", text(&delivery["id"]));
    client.post(&path, Json::Null).await.success();
    let calls = sink.wait_for(2).await;
    assert_eq!(calls[0].id(), calls[1].id());
    assert_eq!(calls[0].body, calls[1].body);
    calls[1].verify(&endpoint.secret).unwrap();
}

#[tokio::test]
async fn a_rotated_secret_overlaps_with_the_new_one() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let endpoint = contacts_endpoint(client, &sink, json!({})).await;
    let answer = act(client, &endpoint, "rotate-secret", Json::Null).await;
    let new_secret = text(&answer["endpoint"]["secret"]);
    assert_ne!(new_secret, endpoint.secret);
    assert_eq!(endpoint_view(client, &endpoint).await["secret"], Json::Null, "shown once");

    create_contact(client, "Ada").await;
    let call = sink.wait_for(1).await.remove(0);
    call.verify(&endpoint.secret).expect("a receiver with the old secret believes it");
    call.verify(&new_secret).expect("a receiver with the new secret believes it");

    let third = act(client, &endpoint, "rotate-secret", json!({"overlap": "0s"})).await;
    let third = text(&third["endpoint"]["secret"]);
    create_contact(client, "Grace").await;
    let call = sink.wait_for(2).await.remove(1);
    call.verify(&third).unwrap();
    call.verify(&new_secret).expect_err("without an overlap the old secret ends at once");
}

#[tokio::test]
async fn a_hanging_receiver_slows_no_other() {
    let hub = hub().await;
    let client = hub.client();
    let hanging = WebhookSink::start().await;
    hanging.always(|_| Reply::hang());
    contacts_endpoint(client, &hanging, json!({})).await;
    let healthy = WebhookSink::start().await;
    contacts_endpoint(client, &healthy, json!({})).await;

    // More than may be in flight to one endpoint.
    for number in 0..80 {
        create_contact(client, &format!("Ada {number}")).await;
    }
    healthy.wait_for(80).await;
    hanging.always(|_| Reply::status(200));
    hanging.release();
    hanging.wait_for(80).await;
}

#[tokio::test]
async fn a_slow_receiver_is_cut_off_and_tried_again() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::answering([Reply::hang(), Reply::status(204)]).await;
    let settings = json!({"timeout_ms": 1000, "retry_schedule": [1], "success": "204"});
    let endpoint = contacts_endpoint(client, &sink, settings).await;
    create_contact(client, "Ada").await;
    let delivery = deliveries_are(client, &endpoint, "delivered", 1).await.remove(0);
    assert_eq!(delivery["attempt_count"], 2);
    let calls = sink.calls();
    assert_eq!(calls[0].id(), calls[1].id());
}
