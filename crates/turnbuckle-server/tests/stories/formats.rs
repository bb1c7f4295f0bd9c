//! An app developer chooses how messages look, and checks who sent them.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, CONTEXT, text};
use turnbuckle_testkit::{Call, WebhookSink};

use super::{contacts_endpoint, create_contact, hub, rename_contact};

fn members(document: &Json) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

/// What both formats of ours tell of a change.
#[track_caller]
fn check_data(data: &Json, id: &str) {
    assert_eq!(data["record"]["type"], "Contact");
    assert_eq!(data["record"]["id"], format!("Contact:{id}"));
    assert_eq!(data["record"]["data"]["Name"], "Ada King");
    assert_eq!(data["entity"], "Contact");
    assert_eq!(data["connection"], json!({"id": CONNECTION}));
    assert_eq!(data["context"], json!({"id": CONTEXT}));
    assert_eq!(data["change"]["origin"], "records");
    let changed = data["changed"].as_array().unwrap();
    assert!(changed.contains(&json!("Name")), "{data}");
    assert_eq!(data["previous"]["Name"], "Ada");
}

/// Two messages of one contact, first as created and then renamed.
async fn told(format: &str) -> (Vec<Call>, Json, String) {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let settings = json!({"format": format, "ed25519": true, "headers": {"x-shop": "7"}});
    let endpoint = contacts_endpoint(client, &sink, settings).await;
    let id = create_contact(client, "Ada").await;
    sink.wait_for(1).await;
    rename_contact(client, &id, "Ada King").await;
    let calls = sink.wait_for(2).await;
    for call in &calls {
        call.verify(&endpoint.secret).unwrap();
        call.verify_by_key(&text(&endpoint.view["public_key"])).unwrap();
        let mut forged = call.clone();
        forged.body = format!("{} ", String::from_utf8_lossy(&call.body)).into();
        assert!(forged.verify(&endpoint.secret).is_err());
        assert!(forged.verify_by_key(&text(&endpoint.view["public_key"])).is_err());
        assert_eq!(call.header("x-shop"), Some("7"));
    }
    assert_ne!(calls[0].id(), calls[1].id());
    (calls, endpoint.view, id)
}

#[tokio::test]
async fn standard_is_a_type_a_time_and_data() {
    let (calls, endpoint, id) = told("standard").await;
    assert!(text(&endpoint["public_key"]).starts_with("whpk_"));
    let body = calls[1].json();
    assert_eq!(calls[1].header("content-type"), Some("application/json"));
    assert_eq!(members(&body), ["type", "timestamp", "data"]);
    assert_eq!(body["type"], "contact.updated");
    check_data(&body["data"], &id);
    assert_eq!(calls[0].json()["type"], "contact.created");
}

#[tokio::test]
async fn cloudevents_is_an_event_with_its_attributes_in_the_body() {
    let (calls, _, id) = told("cloudevents").await;
    let body = calls[1].json();
    assert_eq!(calls[1].header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(body["specversion"], "1.0");
    assert_eq!(body["id"], calls[1].id());
    assert_eq!(body["datacontenttype"], "application/json");
    assert!(text(&body["type"]).ends_with("contact.updated"), "{body}");
    assert!(text(&body["subject"]).contains(&id), "{body}");
    for attribute in ["source", "time"] {
        assert!(!text(&body[attribute]).is_empty());
    }
    check_data(&body["data"], &id);
}

#[tokio::test]
async fn a_notice_is_a_cloud_event_too() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let settings = json!({"format": "cloudevents", "scope": "notices"});
    let endpoint = client.create_endpoint(&sink, settings).await;
    client.connect_as("other-crm", "other").await;
    let call = sink.wait_for(1).await.remove(0);
    call.verify(&endpoint.secret).unwrap();
    assert_eq!(call.header("content-type"), Some("application/cloudevents+json"));
    let body = call.json();
    assert_eq!((&body["specversion"], &body["id"]), (&json!("1.0"), &json!(call.id())));
    assert_eq!(body["source"], "/workspaces/default/connections/other-crm");
    assert_eq!(body["type"], "dev.turnbuckle.connection.enabled");
    assert_eq!(body["data"]["event_type"], "connection.enabled");
    assert_eq!(body["data"]["payload"]["connection"], json!({"external_id": "other-crm"}));
}
