//! An app developer runs the examples of the universal API's documentation as
//! they are written there: host, credentials, record and connection ids aside.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, CONTEXT, object_path, text};
use turnbuckle_testkit::{Client, WebhookSink};

use super::{hub, hub_with_objects};

/// An account with one opportunity in the stage Proposal.
async fn proposal(client: &Client, title: &str) -> (String, String) {
    let account = client.create_record("Account", json!({"Name": "Apple"})).await;
    let account = text(&account["id"]);
    (opportunity(client, &account, title).await, account)
}

async fn opportunity(client: &Client, account: &str, title: &str) -> String {
    let data = json!({"Title": title, "StageId": "Proposal", "AccountId": account});
    let record = client.create_record("Opportunity", data).await;
    format!("Opportunity:{}", text(&record["id"]))
}

#[tokio::test]
async fn a_record_is_read_as_its_user_mapped_it() {
    let hub = hub_with_objects().await;
    let client = hub.client();
    let (id, _) = proposal(client, "Apple Opportunity Sales Contract").await;

    let answer = client.get(&format!("{}/{id}/mapping", object_path("opportunity"))).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = json!({
        "record": {
            "type": "opportunity",
            "id": id,
            "data": {
                "document_name": "Apple Opportunity Sales Contract",
                "document_tags": {}
            }
        }
    });
    assert_eq!(answer.expect(200).to_string(), expected.to_string());

    let batch = json!({"ids": ["Opportunity:00000000-0000-4000-8000-000000000000", id]});
    let answer = client.post(&format!("{}/mapping", object_path("opportunity")), batch).await;
    assert_eq!(answer.expect(200), json!({"records": [null, expected["record"]]}));
}

#[tokio::test]
async fn a_search_pages_through_what_the_user_built() {
    let hub = hub_with_objects().await;
    let client = hub.client();
    let (first, account) = proposal(client, "Apple Sales Contract").await;
    let second = opportunity(client, &account, "Oracle Sales Contract").await;
    proposal(client, "Of another account").await;

    let path = format!("{}/events/find_proposal_opportunities", object_path("opportunity"));
    // Written there without a Content-Type.
    let body = format!("{{\n  \"payload\": {{\n    \"account_id\": \"{account}\"\n  }}\n}}");
    let found = client.post_raw(&path, None, body.as_bytes()).await.expect(200);
    let record = |id: &str, name: &str| {
        json!({
            "type": "opportunity", "id": id,
            "data": {"document_name": name, "document_tags": {}}
        })
    };
    let records =
        [record(&first, "Apple Sales Contract"), record(&second, "Oracle Sales Contract")];
    assert_eq!(found, json!({"records": records, "page": {"has_more": false}}));

    let payload = json!({"payload": {"account_id": account}, "limit": 1});
    let page = client.post(&path, payload.clone()).await.expect(200);
    let next = text(&page["page"]["next"]);
    assert_eq!(page, json!({"records": [records[0]], "page": {"has_more": true, "next": next}}));
    let page = client.post(&format!("{path}?next={next}"), payload).await.expect(200);
    assert_eq!(page, json!({"records": [records[1]], "page": {"has_more": false}}));
}

async fn check_subscription(path: &str, body: Option<&str>) {
    let hub = hub_with_objects().await;
    let client = hub.client();
    let (id, _) = proposal(client, "Apple").await;
    let path = format!("{}/{}", object_path("opportunity"), path.replace("ID", &id));
    // Twice each: both are idempotent.
    for method in ["POST", "POST", "DELETE", "DELETE"] {
        let mut request = client.request(method.parse().unwrap(), &path);
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let answer = client.send(request).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{method} {answer}");
    }
}

#[tokio::test]
async fn a_record_is_subscribed_to_and_let_go() {
    check_subscription("ID/subscriptions", None).await;
}

#[tokio::test]
async fn a_search_is_subscribed_to_and_let_go() {
    let body = "{\n  \"payload\": {\n    \"account_id\": \"555ABC\"\n  }\n}";
    let path = "events/find_proposal_opportunities/subscriptions";
    check_subscription(path, Some(body)).await;
}

#[tokio::test]
async fn a_change_arrives_in_the_envelope_of_the_documentation() {
    let hub = hub_with_objects().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let settings = json!({"format": "universal", "token": "api-key"});
    client.create_endpoint(&sink, settings).await;
    let (id, _) = proposal(client, "Apple Opportunity").await;
    let subscriptions = format!("{}/{id}/subscriptions", object_path("opportunity"));
    client.post(&subscriptions, Json::Null).await.expect(204);

    let record = id.trim_start_matches("Opportunity:");
    let data = json!({"Title": "Apple Opportunity Sales Contract"});
    client.update_record("Opportunity", record, data).await;
    let call = sink.wait_for(1).await.remove(0);
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("authorization"), Some("Bearer api-key"));
    let expected = json!({
        "event": {
            "type": "update",
            "record": {
                "type": "opportunity",
                "id": id,
                "data": {
                    "document_name": "Apple Opportunity Sales Contract",
                    "document_tags": {}
                }
            },
            "platform_context": {
                "id": CONTEXT
            },
            "connection": {
                "id": CONNECTION
            }
        }
    });
    assert_eq!(call.json().to_string(), expected.to_string());

    client.delete(&subscriptions).await.expect(204);
    client.update_record("Opportunity", record, json!({"Title": "Unheard of"})).await;
    client.post(&subscriptions, Json::Null).await.expect(204);
    client.delete_record("Opportunity", record).await;
    let call = sink.wait_for(2).await.remove(1);
    let event = &call.json()["event"];
    assert_eq!(event["type"], "delete", "the update in between was not subscribed to");
    assert_eq!(event["record"]["data"]["document_name"], "Unheard of", "as last known");
}

#[tokio::test]
async fn events_write_as_the_user_mapped_them() {
    let hub = hub().await;
    let client = hub.client();
    let schema = json!({"title": {"type": "string", "label": "Title"}});
    let event =
        |kind: &str, schema: &Json| json!({"type": kind, "label": kind, "payloadSchema": schema});
    let objects = json!({"deal": {
        "fields": {"title": {"type": "string", "label": "Title"}},
        "events": {
            "add": event("create", &schema),
            "rename": event("update", &schema),
            "remove": event("delete", &json!({})),
            "ignored": event("create", &schema),
        }
    }});
    let columns = json!({"Title": {"payload": "title"}});
    let mapping = json!({"deal": {
        "entity": "Opportunity",
        "fields": {"title": {"column": "Title"}},
        "events": {
            "add": {"action": "create", "columns": columns},
            "rename": {"action": "update", "columns": columns},
            "remove": {"action": "delete"},
            "ignored": {"action": "noop"},
        }
    }});
    client.declare(objects, mapping).await;
    let invoke = async |event: &str, body: Json| {
        client.post(&format!("{}/events/{event}", object_path("deal")), body).await
    };

    let created = invoke("add", json!({"payload": {"title": "Plane"}})).await.expect(201);
    let id = created["record"]["id"].clone();
    let record =
        |title: &str| json!({"record": {"type": "deal", "id": id, "data": {"title": title}}});
    assert_eq!(created, record("Plane"));
    let payload = json!({"payload": {"title": "Ship"}, "record_id": id});
    assert_eq!(invoke("rename", payload).await.expect(200), record("Ship"));
    let answer = invoke("ignored", json!({"payload": {"title": "Car"}})).await;
    assert_eq!(answer.expect(204), Json::Null);
    let payload = json!({"payload": {}, "record_id": id});
    assert_eq!(invoke("remove", payload.clone()).await.expect(204), Json::Null);
    invoke("remove", payload).await.expect(404);
    assert!(client.search_records("Opportunity", json!({"all": []})).await.is_empty());
}
