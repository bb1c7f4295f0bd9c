//! People write JavaScript where a mapping wants a value.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, object_path, text};
use turnbuckle_testkit::{Client, WebhookSink};

use super::hub;

fn objects() -> Json {
    let (text, number) =
        (json!({"type": "string", "label": "T"}), json!({"type": "number", "label": "N"}));
    let written = json!({"title": text, "amount": number});
    json!({"deal": {
        "fields": {
            "title": text, "worth": number, "tags": {"type": "object", "label": "Tags"},
        },
        "events": {
            "all": {"type": "search", "label": "All", "payloadSchema": {}},
            "add": {"type": "create", "label": "Add", "payloadSchema": written},
            "change": {"type": "update", "label": "Change", "payloadSchema": written},
        }
    }})
}

fn mapping() -> Json {
    json!({"deal": {
        "entity": "Opportunity",
        "fields": {
            "title": {"expression": "`${record.Title.trim()} (${record.id.length})`"},
            "worth": {"expression": "record.Amount * 2"},
            "tags": {"children": {
                "Loud": {"expression": "record.Title.toUpperCase()"},
                "Plain": {"column": "Title"},
            }},
        },
        "events": {
            "all": {"action": "search", "filter": {"all": []}},
            "add": {"action": "create", "columns": {
                "Title": {"expression": "payload.title.trim()"},
                "Amount": {"expression": "payload.amount > 0 ? payload.amount : undefined"},
            }},
            "change": {"action": "update", "columns": {
                "Title": {"expression": "payload.title?.trim()"},
                "Amount": {"expression": "payload.amount ?? null"},
            }},
        }
    }})
}

async fn add(client: &Client, payload: Json) -> Json {
    let path = format!("{}/events/add", object_path("deal"));
    client.post(&path, json!({ "payload": payload })).await.expect(201)["record"].clone()
}

async fn follow(client: &Client) -> WebhookSink {
    let sink = WebhookSink::start().await;
    let settings = json!({"format": "universal", "scope": "changes", "coalesce": false});
    client.create_endpoint(&sink, settings).await;
    sink
}

#[tokio::test]
async fn an_app_reads_writes_and_hears_what_expressions_come_to() {
    let hub = hub().await;
    let client = hub.client();
    client.declare(objects(), mapping()).await;
    let sink = follow(client).await;
    let record = add(client, json!({"title": "  Plane ", "amount": 4.5})).await;
    let data = |title: &str, worth: Json| {
        let loud = title.to_uppercase();
        json!({"title": format!("{title} (36)"), "worth": worth,
            "tags": {"Loud": loud, "Plain": title}})
    };
    assert_eq!(record["data"], data("Plane", json!(9)));

    // Read alone, with others, and found.
    let id = text(&record["id"]);
    let read = client.get(&format!("{}/{id}/mapping", object_path("deal"))).await.expect(200);
    assert_eq!(read["record"], record);
    let other = add(client, json!({"title": "Ship", "amount": -1})).await;
    assert_eq!(other["data"], data("Ship", json!(0)), "undefined left the amount alone");
    let ids = json!({"ids": [other["id"], "Opportunity:nobody", id]});
    let many = client.post(&format!("{}/mapping", object_path("deal")), ids).await.expect(200);
    assert_eq!(many["records"], json!([other, null, record]));
    let found = format!("{}/events/all", object_path("deal"));
    let found = client.post(&found, json!({"payload": {}})).await.expect(200);
    assert_eq!(found["records"].as_array().unwrap().len(), 2);

    let path = format!("{}/events/change", object_path("deal"));
    let change = json!({"payload": {"amount": 10}, "record_id": id});
    let changed = client.post(&path, change).await.expect(200);
    assert_eq!(changed["record"]["data"], data("Plane", json!(20)));

    let told: Vec<Json> = sink
        .wait_until("three changes are told", |calls| calls.len() == 3)
        .await
        .iter()
        .map(|call| call.json()["event"]["record"]["data"].clone())
        .collect();
    assert!(told.contains(&data("Plane", json!(9))), "{told:?}");
    assert!(told.contains(&data("Plane", json!(20))), "{told:?}");
}

#[tokio::test]
async fn what_has_no_value_is_told_where_it_can_be_mended() {
    let hub = hub().await;
    let client = hub.client();
    client.declare(objects(), mapping()).await;
    let path = format!("{}/events/add", object_path("deal"));
    let refused = client.post(&path, json!({"payload": {"amount": 1}})).await;
    assert_eq!(refused.status, 400);
    let problem = refused.json();
    assert_eq!(problem["errors"][0]["path"], "/payload");
    let detail = text(&problem["errors"][0]["detail"]);
    assert!(detail.contains("Title") && detail.contains("TypeError"), "{detail}");
    assert!(detail.contains("line 1, column"), "{detail}");

    // A field that has no value is null, and the preview says why.
    let id = text(&client.create_record("Opportunity", json!({"Title": "x"})).await["id"]);
    let mut broken = mapping();
    broken["deal"]["fields"]["title"] = json!({"expression": "record.Title.nothing.at.all"});
    let put = format!("/api/v1/connections/{CONNECTION}/mapping");
    client.put(&put, json!({ "objects": broken })).await.success();
    let read = client.get(&format!("{}/Opportunity:{id}/mapping", object_path("deal"))).await;
    assert_eq!(read.expect(200)["record"]["data"]["title"], Json::Null);
    let preview = json!({"object": "deal", "record_id": id});
    let preview = client.post(&format!("{put}/preview"), preview).await.expect(200);
    assert_eq!(preview["errors"][0]["path"], "/fields/title/expression");
    assert!(text(&preview["errors"][0]["detail"]).starts_with("TypeError"), "{preview}");
    assert_eq!(preview["record"]["data"]["tags"]["Loud"], "X");
    assert!(hub.log().contains("an expression has no value"));
    assert!(!hub.log().contains("nothing"), "the log tells nothing of records");

    // One that does too much leaves nothing of the others, which name it.
    broken["deal"]["fields"]["title"] = json!({"expression": "(() => { for (;;); })()"});
    client.put(&put, json!({ "objects": broken })).await.success();
    let preview = json!({"object": "deal", "record_id": id});
    let preview = client.post(&format!("{put}/preview"), preview).await.expect(200);
    let too_much = "it does most of what is too much for all that are evaluated together";
    let mut errors = preview["errors"].as_array().unwrap().clone();
    let own = errors.iter().position(|it| it["path"] == "/fields/title/expression").unwrap();
    assert_eq!(errors.remove(own)["detail"], format!("Error: {too_much}"));
    let other = format!("the expression at /fields/title/expression was stopped: {too_much}");
    assert!(!errors.is_empty() && errors.iter().all(|it| it["detail"] == other), "{preview}");
}

#[tokio::test]
async fn a_mapping_with_a_mistake_is_not_saved() {
    let hub = hub().await;
    let client = hub.client();
    client.declare(objects(), mapping()).await;
    let put = format!("/api/v1/connections/{CONNECTION}/mapping");
    let mut wrong = mapping();
    wrong["deal"]["fields"]["worth"] = json!({"expression": "record.Amount *"});
    wrong["deal"]["events"]["add"]["columns"]["Title"] = json!({"expression": "1; 2"});
    let refused = client.put(&put, json!({ "objects": wrong })).await;
    assert_eq!(refused.status, 400);
    let problem = refused.json();
    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<_> = errors.iter().map(|it| text(&it["path"])).collect();
    let expected = [
        "/objects/deal/fields/worth/expression",
        "/objects/deal/events/add/columns/Title/expression",
    ];
    assert_eq!(paths, expected);
    assert!(text(&errors[0]["detail"]).starts_with("SyntaxError"), "{problem}");
    assert!(text(&errors[0]["detail"]).contains("line "), "{problem}");
    assert_eq!(client.get(&put).await.expect(200)["objects"], mapping());

    let source = json!({"name": "form", "connection": CONNECTION,
        "mapping": {"entity": "Lead", "columns": {"Email": {"expression": "body."}}, "when": "("}});
    let refused = client.post("/api/v1/sources", source).await;
    assert_eq!(refused.status, 400);
    let paths: Vec<_> =
        refused.json()["errors"].as_array().unwrap().iter().map(|it| text(&it["path"])).collect();
    assert_eq!(paths, ["/mapping/when", "/mapping/columns/Email/expression"]);
}

#[tokio::test]
async fn a_source_makes_records_of_what_expressions_come_to() {
    let hub = hub().await;
    let client = hub.client();
    let source = client
        .create_source(json!({"reply": "processed", "mapping": {
            "entity": "Lead", "each": "body.people", "when": "item.agreed",
            "columns": {
                "Contact": {"expression": "`${item.first} ${item.last ?? ''}`.trim()"},
                "Email": {"expression": "item.mail.toLowerCase()"},
                "Notes": {"expression": "`${index + 1} of ${body.people.length}, by ${headers['x-shop']}, ${query.campaign}`"},
            }
        }}))
        .await;
    let people = json!({"people": [
        {"first": "Ada", "last": "Lovelace", "mail": "ADA@EXAMPLE.COM", "agreed": true},
        {"first": "Bob", "mail": "bob@example.com", "agreed": false},
        {"first": "Cy", "agreed": "yes"},
    ]});
    let request = client
        .anonymous()
        .request(http::Method::POST, &format!("{}?campaign=autumn", source.path))
        .header("x-shop", "web")
        .json(&people);
    let answer = client.send(request).await.expect(200);
    assert_eq!(answer["status"], "done", "{answer}");
    let made = answer["records"].as_array().unwrap();
    assert_eq!(made.len(), 2);
    let warning = &answer["warnings"][0];
    assert_eq!(warning["path"], "/2/Email");
    assert!(text(&warning["detail"]).contains("TypeError"), "{warning}");
    let mut leads = client
        .search_records("Lead", json!({"column": "Notes", "op": "contains", "value": "of 3"}))
        .await;
    leads.sort_by_key(|lead| text(&lead["data"]["Contact"]));
    let shown: Vec<_> = leads
        .iter()
        .map(|it| json!([it["data"]["Contact"], it["data"]["Email"], it["data"]["Notes"]]))
        .collect();
    let expected = [
        json!(["Ada Lovelace", "ada@example.com", "1 of 3, by web, autumn"]),
        json!(["Cy", null, "3 of 3, by web, autumn"]),
    ];
    assert_eq!(shown, expected);
}

/// Whoever writes an endless expression delays nobody for long, and loses nothing.
#[tokio::test]
async fn an_endless_expression_holds_up_nobody() {
    let hub = hub().await;
    let client = hub.client();
    let mapping = |expression: &str| {
        json!({"entity": "Lead", "columns": {
            "Contact": {"path": "body.name"}, "Notes": {"expression": expression}}})
    };
    let bad = client
        .create_source(json!({"reply": "processed", "mapping": mapping("(() => { for (;;); })()")}))
        .await;
    let good = client
        .create_source(json!({"reply": "processed", "mapping": mapping("body.name.length")}))
        .await;
    for number in 0..5 {
        let body = json!({"name": format!("person {number}")});
        // Nothing is known of the others either, so nothing is written.
        let answer = client.post(&bad.path, body.clone()).await.expect(422);
        assert_eq!(answer["status"], "failed", "{answer}");
        assert_eq!(
            answer["error"],
            "the expression at /mapping/columns/Notes/expression was stopped: it does more than an \
             expression may; a function of the source may do more"
        );
        let answer = client.post(&good.path, body).await.expect(200);
        assert_eq!(answer["warnings"], json!([]));
    }
}
