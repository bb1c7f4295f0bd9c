//! Stories of those who set up sources.

mod intake;
mod support;

use http::Method;
use intake::Intake;
use serde_json::{Value as Json, json};
use turnbuckle_server::api::sources::SourceDocument;
use utoipa::PartialSchema;

fn landingi() -> Json {
    json!({
        "name": "landingi", "connection": "acme-crm", "entities": ["Lead", "Contact"],
        "create_records": true, "reply": "accepted", "match_on": { "Lead": ["Email"] },
        "defaults": { "Lead": { "LeadSourceId": "Web" } }, "mapping": null, "verify": null,
        "dedupe": { "header": "x-event-id" }, "origins": [], "rate_limit": null,
    })
}

fn path_of(source: &Json) -> String {
    format!("/api/v1/sources/{}", source["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_source_is_created_with_a_key_in_its_url() {
    let hub = Intake::start().await;
    let source = hub.source(landingi()).await;
    for (name, value) in landingi().as_object().unwrap() {
        assert_eq!(&source[name], value, "{name}");
    }
    let key = source["keys"][0]["key"].as_str().unwrap();
    assert!(source["url"].as_str().unwrap().ends_with(&format!("/webhooks/{key}")));
    assert_eq!(source["keys"][0]["expires_at"], json!(null));

    let (status, headers, shown) = hub.get(&path_of(&source)).await;
    assert_eq!((status.as_u16(), &shown["source"]), (200, &source));
    assert_eq!(headers["etag"], "\"1\"");
    let (_, _, listed) = hub.get("/api/v1/sources").await;
    assert_eq!(listed, json!({ "sources": [source], "page": { "has_more": false } }));
}

#[tokio::test]
async fn wrong_settings_are_named() {
    let hub = Intake::start().await;
    let check = async |member: &str, value: Json, path: &str| {
        let mut document = landingi();
        document[member] = value;
        let (status, _, problem) = hub.post("/api/v1/sources", document).await;
        assert_eq!(status, 400, "{problem}");
        assert_eq!(problem["errors"][0]["path"], path, "{problem}");
    };
    check("connection", json!("nobody"), "/connection").await;
    check("conection", json!("acme-crm"), "/conection").await;
    check("entities", json!(["Leed"]), "/entities/0").await;
    check("match_on", json!({ "Lead": ["Emial"] }), "/match_on/Lead/0").await;
    check("defaults", json!({ "Lead": { "Emial": 1 } }), "/defaults/Lead/Emial").await;
    check("verify", json!({ "format": "stripe" }), "/verify").await;
    let mapping = json!({ "entity": "Lead", "columns": { "Email": { "expression": "body." } } });
    check("mapping", mapping, "/mapping/columns/Email/expression").await;
    for odd in [json!([]), json!("a"), json!(1), json!({ "name": {}, "connection": [] })] {
        let (status, _, _) = hub.post("/api/v1/sources", odd).await;
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn settings_are_replaced_patched_and_guarded() {
    let hub = Intake::start().await;
    let source = hub.source(landingi()).await;
    let path = path_of(&source);
    let (status, headers, patched) =
        hub.patch(&path, json!({ "reply": "processed", "dedupe": null })).await;
    assert_eq!(status, 200, "{patched}");
    assert_eq!(headers["etag"], "\"2\"");
    assert_eq!(patched["source"]["reply"], "processed");
    assert_eq!(patched["source"]["dedupe"], json!(null));
    assert_eq!(patched["source"]["match_on"], source["match_on"]);
    assert_eq!(patched["source"]["keys"], source["keys"]);

    let (status, _, put) =
        hub.put(&path, json!({ "name": "other", "connection": "acme-crm" })).await;
    assert_eq!(status, 200);
    assert_eq!(put["source"]["name"], "other");
    assert_eq!(put["source"]["entities"], json!(null));
    assert_eq!(put["source"]["reply"], "accepted");

    let (status, _, problem) = hub.patch(&path, json!({ "name": 1 })).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["path"]), (400, &json!("/name")));
    assert_eq!(hub.delete(&path).await.0, 204);
    assert_eq!(hub.get(&path).await.0, 404);
    assert_eq!(hub.delete(&path).await.0, 404);
    hub.send_to(&source, "{}").await.expect(404);
}

#[tokio::test]
async fn keys_overlap_and_end() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let path = path_of(&source);
    let (status, _, added) = hub.post(&format!("{path}/keys"), json!({})).await;
    assert_eq!(status, 201, "{added}");
    let new = json!({ "keys": [added["key"]] });
    hub.send_to(&source, "{}").await.expect(200);
    hub.send_to(&new, "{}").await.expect(200);

    let old = format!("{path}/keys/{}", source["keys"][0]["id"].as_str().unwrap());
    assert_eq!(hub.delete(&format!("{old}?after=24h")).await.0, 204);
    hub.send_to(&source, "{}").await.expect(200);
    let (_, _, shown) = hub.get(&path).await;
    assert_ne!(shown["source"]["keys"][0]["expires_at"], json!(null));
    assert_eq!(shown["source"]["url"], added["key"]["url"]);

    assert_eq!(hub.delete(&old).await.0, 204);
    hub.send_to(&source, "{}").await.expect(404);
    hub.send_to(&new, "{}").await.expect(200);
    assert_eq!(hub.delete(&old).await.0, 404);
    assert_eq!(hub.delete(&format!("{old}?after=soon")).await.0, 400);
    assert_eq!(hub.delete(&format!("{path}/keys/nothing")).await.0, 404);
}

#[tokio::test]
async fn a_trial_shows_what_would_happen_and_stores_nothing() {
    let hub = Intake::start().await;
    let source = hub.source(landingi()).await;
    let path = format!("{}/try", path_of(&source));
    let check = async |body: Json| {
        let (status, _, trial) = hub.post(&path, body).await;
        assert_eq!(status, 200, "{trial}");
        trial
    };
    let lead = json!({ "EntityName": "Lead", "Contact": "Ada", "Email": "ada@example.com" });
    let trial = check(json!({ "body": lead })).await;
    assert_eq!(trial["status"], "done", "{trial}");
    assert_eq!(trial["records"][0]["change"], "created");
    assert_eq!(trial["records"][0]["id"], json!(null));
    assert_eq!(trial["records"][0]["data"]["Contact"], "Ada");
    assert_ne!(trial["records"][0]["data"]["LeadSourceId"], json!(null));
    let form = json!({
        "content_type": "application/x-www-form-urlencoded",
        "body": "EntityName=Lead&Contact=Ada&Birthday=x",
    });
    let trial = check(form).await;
    assert_eq!(trial["records"][0]["data"]["Contact"], "Ada");
    assert!(trial["warnings"][0]["detail"].as_str().unwrap().contains("Birthday"), "{trial}");
    for wrong in ["{", "<a/>"] {
        let trial = check(json!({ "body": wrong })).await;
        assert_eq!(trial["status"], "failed");
        assert_eq!(trial["records"], json!([]));
    }

    let (_, _, listed) = hub.get("/api/v1/inbound-events").await;
    assert_eq!(listed["inbound_events"], json!([]));
    assert_eq!(hub.process().await, 0);
    // Nothing is there that a second trial could match.
    let trial = check(json!({ "body": lead })).await;
    assert_eq!(trial["records"][0]["change"], "created");
    assert_eq!(hub.app.store.backlog().await.unwrap().unmatched_changes, 0);
}

#[tokio::test]
async fn a_mapping_is_tried_before_it_is_saved() {
    let hub = Intake::start().await;
    let source = hub.source(landingi()).await;
    let path = format!("{}/try", path_of(&source));
    let body = json!({"who": {"first": "Ada", "last": "Lovelace"}});
    let columns = json!({"Contact": {"expression": "`${body.who.first} ${body.who.last}`"},
                         "Email": {"path": "body.mail"}});
    let wanted = json!({"body": body, "mapping": {"entity": "Lead", "columns": columns},
                        "defaults": {"Lead": {"Email": "none@example.com"}}});
    let (status, _, trial) = hub.post(&path, wanted).await;
    assert_eq!(status, 200, "{trial}");
    let data = &trial["records"][0]["data"];
    assert_eq!(
        (&data["Contact"], &data["Email"]),
        (&json!("Ada Lovelace"), &json!("none@example.com"))
    );

    let columns = json!({"Contact": {"expression": "body.("}, "Nmae": {"static": 1}});
    let wrong = json!({"body": body, "mapping": {"entity": "Lead", "columns": columns}});
    let (status, _, problem) = hub.post(&path, wrong).await;
    assert_eq!(status, 400, "{problem}");
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&Json> = errors.iter().map(|error| &error["path"]).collect();
    assert_eq!(paths, ["/mapping/columns/Nmae", "/mapping/columns/Contact/expression"]);
    // Null is the default process, where names match.
    let lead = json!({"EntityName": "Lead", "Contact": "Ada"});
    let (_, _, trial) = hub.post(&path, json!({"body": lead, "mapping": null})).await;
    assert_eq!(trial["records"][0]["data"]["Contact"], "Ada");
    let (_, _, shown) = hub.get(&path_of(&source)).await;
    assert_eq!(shown["source"]["version"], source["version"], "nothing is saved");
}

#[tokio::test]
async fn callers_that_may_only_read_see_no_keys() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let keys = hub.app.store.api_keys(hub.workspace().await).await.unwrap();
    let mut reader = keys[0].clone();
    reader.id = turnbuckle_core::id::KeyId(hub.app.mint());
    reader.publishable = "pk_read".to_owned();
    reader.scopes = vec!["read".to_owned()];
    hub.app.store.create_api_key(reader).await.unwrap();
    let router = turnbuckle_server::api::sources::routes().split_for_parts().0;
    let request = http::Request::builder()
        .method(Method::GET)
        .uri(path_of(&source))
        .header("authorization", "Basic cGtfcmVhZDpza190ZXN0")
        .body(axum::body::Body::empty());
    let router = router.with_state(hub.app.clone());
    let response = tower::ServiceExt::oneshot(router, request.unwrap()).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let shown: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(shown["source"]["id"], source["id"]);
    assert_eq!((&shown["source"]["keys"], &shown["source"]["url"]), (&json!([]), &json!(null)));
}

#[tokio::test]
async fn the_documented_members_are_those_of_the_settings() {
    let hub = Intake::start().await;
    let shown = hub.source(json!({})).await;
    let described = serde_json::to_value(SourceDocument::schema()).unwrap();
    let mut described: Vec<_> = described["properties"].as_object().unwrap().keys().collect();
    let around = ["id", "url", "keys", "created_at", "updated_at"];
    let shown = shown.as_object().unwrap();
    let mut shown: Vec<_> = shown.keys().filter(|name| !around.contains(&name.as_str())).collect();
    described.sort();
    shown.sort();
    assert_eq!(described, shown);
}
