//! The four sample bodies of Agile CRM's documentation come out of equal writes
//! to the built-in CRM: member for member, type for type; ids and times aside.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::text;
use turnbuckle_testkit::{Call, WebhookSink};

use super::hub;

/// Members that differ between two CRMs.
const OWN_MEMBERS: [&str; 6] =
    ["id", "created_time", "updated_time", "contact_ids", "owner_id", "pipeline_id"];

/// Compares a message with a sample, members in their order.
#[track_caller]
fn check(call: &Call, sample: &str) {
    let mut sample: Json = serde_json::from_str(sample).unwrap();
    let body = call.json();
    let told = &body["eventData"];
    for member in OWN_MEMBERS {
        let Some(expected) = sample["eventData"].get_mut(member) else { continue };
        assert_eq!(kind(&told[member]), kind(expected), "{member} in {body}");
        *expected = told[member].clone();
    }
    assert_eq!(body.to_string(), sample.to_string());
}

/// The type of a value, and what is within.
fn kind(value: &Json) -> String {
    match value {
        Json::Number(number) if number.is_u64() => "whole number".to_owned(),
        Json::String(text) if text.parse::<u64>().is_ok() => "digits".to_owned(),
        Json::Array(values) => values.iter().map(kind).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

#[tokio::test]
async fn a_contact_is_created_and_updated_as_in_the_samples() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    client.create_endpoint(&sink, json!({"format": "agile"})).await;

    let data = json!({"GivenName": "John", "Surname": "Delta", "Email": "john@alien.comm  "});
    let contact = client.create_record("Contact", data).await;
    sink.wait_for(1).await;
    // Agile has no property for it, so there is nothing to tell.
    client.update_record("Contact", &text(&contact["id"]), json!({"Age": 30})).await;
    let data = json!({"Surname": "Delta Updated", "Email": "john@alien.comm  "});
    client.update_record("Contact", &text(&contact["id"]), data).await;
    let calls = sink.wait_for(2).await;
    check(&calls[0], CONTACT_CREATED);
    check(&calls[1], CONTACT_UPDATED);
    let member = |call: &Call, name: &str| call.json()["eventData"][name].as_i64().unwrap();
    assert_eq!(member(&calls[0], "id"), contact["number"].as_i64().unwrap());
    assert_eq!(member(&calls[0], "id"), member(&calls[1], "id"));
    assert_eq!(member(&calls[0], "created_time"), member(&calls[1], "created_time"));
    let now = calls[1].at_s;
    assert!((now - 60..=now).contains(&member(&calls[1], "updated_time")), "in seconds");
}

#[tokio::test]
async fn a_deal_is_created_and_updated_as_in_the_samples() {
    let hub = hub().await;
    let client = hub.client();
    let contact = client.create_record("Contact", json!({"Name": "John Delta"})).await;
    let owner = client.create_record("User", json!({"Name": "Ada"})).await;
    let pipeline = client.create_record("Pipeline", json!({"Name": "Planes"})).await;
    let sink = WebhookSink::start().await;
    client.create_endpoint(&sink, json!({"format": "agile"})).await;

    let data = json!({
        "ColorName": "GREY", "Title": "deal plane", "ContactId": contact["id"],
        "Amount": 50_000, "StageId": "Proposal", "Probability": 95, "OwnerId": owner["id"],
        "PipelineId": pipeline["id"]
    });
    let deal = client.create_record("Opportunity", data).await;
    sink.wait_for(1).await;
    let data = json!({"Probability": 99});
    client.update_record("Opportunity", &text(&deal["id"]), data).await;
    let calls = sink.wait_for(2).await;
    check(&calls[0], DEAL_CREATED);
    check(&calls[1], DEAL_UPDATED);
    let told = &calls[1].json()["eventData"];
    assert_eq!(told["id"], deal["number"]);
    assert_eq!(told["contact_ids"], json!([contact["number"].to_string()]));
    assert_eq!(told["owner_id"], json!(owner["number"].to_string()));
    assert_eq!(told["pipeline_id"], pipeline["number"]);
}

const CONTACT_CREATED: &str = r#"{
    "eventName": "Contact is Created",
    "eventData": {
        "id": 5667649732214784,
        "type": "PERSON",
        "created_time": 1455855737,
        "properties": [
            {
                "type": "SYSTEM",
                "name": "first_name",
                "subtype": null,
                "value": "John"
            },
            {
                "type": "SYSTEM",
                "name": "last_name",
                "subtype": null,
                "value": "Delta"
            },
            {
                "type": "SYSTEM",
                "name": "email",
                "subtype": "",
                "value": "john@alien.comm  "
            }
        ]
    }
}"#;

const CONTACT_UPDATED: &str = r#"{
    "eventName": "Contact is Updated",
    "eventData": {
        "id": 5667649732214784,
        "type": "PERSON",
        "created_time": 1455855737,
        "updated_time": 1455856605,
        "properties": [
            {
                "type": "SYSTEM",
                "name": "last_name",
                "subtype": null,
                "value": "Delta Updated"
            },
            {
                "type": "SYSTEM",
                "name": "email",
                "subtype": "",
                "value": "john@alien.comm  "
            }
        ]
    }
}"#;

const DEAL_CREATED: &str = r#"{
    "eventName": "Opportunity is Created",
    "eventData": {
        "colorName": "GREY",
        "id": 5721670354468864,
        "name": "deal plane",
        "contact_ids": [
            "5667649732214784"
        ],
        "expected_value": 50000,
        "milestone": "Proposal",
        "probability": 95,
        "close_date": null,
        "owner_id": "6263975862861824",
        "pipeline_id": 5730082031140864
    }
}"#;

const DEAL_UPDATED: &str = r#"{
    "eventName": "Opportunity is Updated",
    "eventData": {
        "colorName": "GREY",
        "id": 5721670354468864,
        "name": "deal plane",
        "contact_ids": [
            "5667649732214784"
        ],
        "expected_value": 50000,
        "milestone": "Proposal",
        "probability": 99,
        "close_date": null,
        "owner_id": "6263975862861824",
        "pipeline_id": 5730082031140864
    }
}"#;
