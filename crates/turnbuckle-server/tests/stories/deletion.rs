//! A customer leaves, and nothing of theirs is left or goes on.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, CONTEXT, text};
use turnbuckle_testkit::{Client, HubProcess, Reply, WebhookSink, wait};

use super::{contacts_endpoint, create_contact, deliveries_are, hub, matched, names};

async fn exists(client: &Client, path: &str) -> bool {
    match client.get(path).await.status {
        200 => true,
        404 => false,
        other => panic!("{path} answered {other}"),
    }
}

#[tokio::test]
async fn what_waits_for_a_deleted_connection_is_never_sent() {
    let hub = hub().await;
    let client = hub.client();
    // Ada's message is due again long before Eve's, which is refused twice.
    let sink = WebhookSink::answering([503, 503, 503, 200].map(Reply::status)).await;
    let endpoint = contacts_endpoint(client, &sink, json!({"retry_schedule": [1, 1]})).await;
    create_contact(client, "Ada").await;
    sink.wait_for(1).await;
    client.delete(&format!("/api/v1/connections/{CONNECTION}")).await.expect(204);

    client.connect_as(CONNECTION, "another").await;
    create_contact(client, "Eve").await;
    let calls = sink.wait_for(4).await;
    assert_eq!(names(&calls), ["Ada", "Eve", "Eve", "Eve"]);
    deliveries_are(client, &endpoint, "delivered", 1).await;
    let all = async || client.list("/api/v1/deliveries", "deliveries").await;
    let left = wait::until("Ada's message to be erased", async || {
        Some(all().await).filter(|left| left.len() == 1)
    });
    assert_eq!(left.await[0]["id"], calls[3].id());
}

/// What is in memory already, behind a call that hangs.
#[tokio::test]
async fn what_is_about_to_be_sent_for_a_deleted_connection_is_not() {
    let one_by_one = [("TURNBUCKLE_DELIVER__IN_FLIGHT_PER_ENDPOINT_MAX", "1")];
    let hub = HubProcess::start_with(env!("CARGO_BIN_EXE_turnbuckle"), &one_by_one).await;
    let client = hub.client();
    client.connect().await;
    let sink = WebhookSink::answering([Reply::hang()]).await;
    let endpoint = contacts_endpoint(client, &sink, json!({})).await;
    for name in ["Ada", "Bob", "Cleo"] {
        create_contact(client, name).await;
    }
    matched(client, "Contact", 3).await;
    sink.wait_for(1).await;
    client.delete(&format!("/api/v1/connections/{CONNECTION}")).await.expect(204);
    sink.release();

    client.connect_as(CONNECTION, "another").await;
    create_contact(client, "Eve").await;
    let calls = sink.wait_for(2).await;
    assert_eq!(names(&calls), ["Ada", "Eve"]);
    deliveries_are(client, &endpoint, "delivered", 1).await;
}

#[tokio::test]
async fn what_is_bound_to_a_deleted_context_goes_with_its_connections() {
    let hub = hub().await;
    let client = hub.client();
    let source = client.create_source(json!({})).await;
    let sink = WebhookSink::start().await;
    let bound = json!({"connection": CONNECTION});
    let bound = contacts_endpoint(client, &sink, bound).await;
    let key = json!({"label": "theirs", "scopes": [format!("connection:{CONNECTION}")]});
    let key = client.post("/api/v1/keys", key).await.expect(201)["key"].clone();
    let post = client.anonymous().post(&source.path, json!({"Contact": "Ada"})).await.expect(200);
    let event = format!("/api/v1/inbound-events/{}", text(&post["id"]));
    assert!(exists(client, &event).await);
    client.delete(&format!("/api/v1/contexts/{CONTEXT}")).await.expect(204);

    assert!(!exists(client, &format!("/api/v1/contexts/{CONTEXT}")).await);
    assert!(!exists(client, &format!("/api/v1/connections/{CONNECTION}")).await);
    wait::until("the event to be erased", async || (!exists(client, &event).await).then_some(()))
        .await;
    // Neither comes back with the name.
    client.connect_as(CONNECTION, "another").await;
    assert!(!exists(client, &format!("/api/v1/sources/{}", source.id)).await);
    assert!(!exists(client, &format!("/api/v1/endpoints/{}", bound.id)).await);
    client.anonymous().post(&source.path, json!({"Contact": "Ada"})).await.expect(404);
    let keys = client.list("/api/v1/keys", "keys").await;
    assert!(keys.iter().all(|it: &Json| it["id"] != key["id"]), "{keys:?}");
    let leads = client.search_records("Lead", json!({"all": []})).await;
    assert!(leads.is_empty(), "{leads:?}");
}
