//! Connections, their entities, objects and mapping.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::{TestHub, problem};

const CONNECTION: &str = "/api/v1/connections/acme-crm";

fn objects() -> Json {
    let search = json!({"type": "search", "name": "Find", "payloadSchema":
        {"account_id": {"type": "string", "label": "Account ID"}}});
    json!({"objects": {"opportunity": {
        "fields": {
            "document_name": {"type": "string", "label": "Document Name"},
            "document_tags": {"type": "object", "label": "Document Tags"},
        },
        "events": {"find_proposal_opportunities": search},
    }}})
}

fn mapping() -> Json {
    let filter = json!({"all": [
        {"column": "Stage.Name", "op": "eq", "value": "Proposal"},
        {"column": "AccountId", "op": "eq", "payload": "account_id"},
    ]});
    let sort = json!([{"column": "CreatedOn", "descending": true}]);
    json!({"objects": {"opportunity": {
        "entity": "Opportunity",
        "fields": {
            "document_name": {"column": "Title"},
            "document_tags": {"children": {"Stage": {"column": "Stage.Name"}}},
        },
        "events": {"find_proposal_opportunities":
            {"action": "search", "filter": filter, "sort": sort}},
    }}})
}

fn path(rest: &str) -> String {
    format!("{CONNECTION}/{rest}")
}

#[tokio::test]
async fn a_connection_is_put_listed_changed_and_deleted() {
    let hub = TestHub::start().await;
    let wanted = json!({"context": "acme", "connector": "native", "time_zone": "europe/berlin"});
    let (status, headers, body) = hub.put(CONNECTION, wanted.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let connection = &body["connection"];
    assert_eq!(connection["status"], "active");
    assert_eq!(connection["time_zone"], "Europe/Berlin");
    assert_eq!(connection["mapping"], json!({"version": 0, "complete": true, "missing": []}));
    assert_eq!(headers["etag"], "\"1\"");
    assert_eq!(hub.get("/api/v1/contexts/acme").await.0, StatusCode::OK);

    let stale = hub.if_match("\"9\"", Method::PUT, CONNECTION, Some(wanted.clone())).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    let (status, headers, _) = hub.put(CONNECTION, wanted).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));

    let (_, _, listed) = hub.get("/api/v1/connections?context=acme").await;
    assert_eq!(listed["connections"][0]["id"], "acme-crm");
    let (_, _, listed) = hub.get("/api/v1/connections?context=other").await;
    assert_eq!(listed["connections"], json!([]));

    let stale = hub.if_match("\"1\"", Method::DELETE, CONNECTION, None).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(hub.delete(CONNECTION).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&hub.get(CONNECTION).await).1, "connection-not-found");
}

#[tokio::test]
async fn a_wrong_connection_is_refused_member_by_member() {
    let hub = TestHub::start().await;
    let check = async |body: Json, paths: &[&str]| {
        let answer = hub.put(CONNECTION, body.clone()).await;
        assert_eq!(problem(&answer).2, paths, "{body} → {}", answer.2);
    };
    let check_one = async |member: &str, value: Json| {
        let mut body = json!({"context": "acme", "connector": "native"});
        body[member] = value;
        check(body, &[&format!("/{member}")]).await;
    };
    check_one("context", json!("a b")).await;
    check_one("connector", json!("nativ")).await;
    check_one("connector", json!(null)).await;
    check_one("time_zone", json!("Europe/Berlim")).await;
    check_one("time_zone", json!("x".repeat(100_000))).await;
    check_one("contxt", json!("acme")).await;
    check(json!({}), &["/context"]).await;
    let answer =
        hub.put("/api/v1/connections/a%20b", json!({"context": "a", "connector": "native"}));
    assert_eq!(answer.await.0, StatusCode::BAD_REQUEST);
    let (_, _, body) = hub.put(CONNECTION, json!({"context": "acme", "connector": "nativ"})).await;
    assert!(body["errors"][0]["detail"].as_str().unwrap().contains("did you mean `native`"));
}

#[tokio::test]
async fn entities_are_described_and_extended() {
    let hub = TestHub::with_connection().await;
    let (_, _, listed) = hub.get(&path("entities?limit=200")).await;
    let expect = json!({"name": "Opportunity", "label": "Opportunity",
        "label_plural": "Opportunities", "custom": false});
    assert!(listed["entities"].as_array().unwrap().contains(&expect), "{listed}");
    let (_, _, described) = hub.get(&path("entities/Opportunity")).await;
    let columns = described["entity"]["columns"].as_array().unwrap();
    let title = columns.iter().find(|column| column["name"] == "Title").unwrap();
    assert_eq!((&title["type"], &title["required"]), (&json!("text"), &json!(true)));
    let missing = hub.get(&path("entities/Oportunity")).await;
    assert_eq!(problem(&missing).1, "entity-not-found");
    assert!(missing.2["detail"].as_str().unwrap().contains("did you mean `Opportunity`"));

    let vehicle = json!({"label": "Vehicle", "label_plural": "Vehicles", "columns":
        [{"name": "UsrVin", "label": "VIN", "type": "text", "required": true, "unique": true}]});
    let (status, _, made) = hub.put(&path("entities/Vehicle"), vehicle).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, _, again) = hub.put(&path("entities/Vehicle"), made["entity"].clone()).await;
    assert_eq!((status, &again), (StatusCode::OK, &made), "a read may be sent back");
    let answer =
        hub.put(&path("entities/Vehicle"), json!({"columns": [{"name": "a b"}], "x": 1})).await;
    let (status, kind, _) = problem(&answer);
    assert_eq!((status, kind.as_str()), (400, "invalid-request"));
}

#[tokio::test]
async fn objects_are_kept_word_for_word_and_filled_only_on_request() {
    let hub = TestHub::with_connection().await;
    assert_eq!(hub.get(&path("objects")).await.2, json!({"objects": {}}));
    let (status, _, _) = hub.put(&path("objects"), objects()).await;
    assert_eq!(status, StatusCode::OK);
    let (_, _, kept) = hub.get(&path("objects")).await;
    assert_eq!(kept.to_string(), objects().to_string(), "in the order given too");

    let object = "/api/v1/objects/opportunity";
    let default = json!({"label": "Opportunity", "description": "A deal"});
    assert_eq!(hub.put(object, default.clone()).await.0, StatusCode::CREATED);
    assert_eq!(hub.put(object, default).await.0, StatusCode::OK);
    assert_eq!(hub.get(object).await.2["object"]["slug"], "opportunity");
    assert_eq!(hub.get("/api/v1/objects").await.2["objects"][0]["label"], "Opportunity");
    assert_eq!(hub.get(&path("objects")).await.2, objects());
    let (_, _, filled) = hub.get(&path("objects?with_defaults=true")).await;
    assert_eq!(filled["objects"]["opportunity"]["label"], "Opportunity");
    assert_eq!(hub.delete(object).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&hub.get(object).await).1, "object-not-found");
    assert_eq!(problem(&hub.delete(object).await).1, "object-not-found");

    let mut wrong = objects();
    wrong["objects"]["opportunity"]["fields"]["document_name"]["type"] = json!("strng");
    let answer = hub.put(&path("objects"), wrong).await;
    assert_eq!(problem(&answer).2, ["/objects/opportunity/fields/document_name/type"]);
}

#[tokio::test]
async fn objects_of_a_workspace_that_are_put_at_once_are_all_kept() {
    let hub = TestHub::start().await;
    let put = async |slug: &str| {
        hub.put(&format!("/api/v1/objects/{slug}"), json!({"label": slug})).await.0
    };
    let created = StatusCode::CREATED;
    let put = tokio::join!(put("a"), put("b"), put("c"), put("d"));
    assert_eq!(put, (created, created, created, created));
    let delete = async |slug: &str| hub.delete(&format!("/api/v1/objects/{slug}")).await.0;
    let gone = StatusCode::NO_CONTENT;
    assert_eq!(tokio::join!(delete("a"), delete("c")), (gone, gone));
    let (_, _, listed) = hub.get("/api/v1/objects").await;
    let mut left: Vec<_> =
        listed["objects"].as_array().unwrap().iter().map(|it| it["slug"].clone()).collect();
    left.sort_by_key(|slug| slug.to_string());
    assert_eq!(left, ["b", "d"]);
}

#[tokio::test]
async fn a_mapping_needs_objects_and_is_checked_against_them() {
    let hub = TestHub::with_connection().await;
    let (status, kind, _) = problem(&hub.put(&path("mapping"), mapping()).await);
    assert_eq!((status, kind.as_str()), (409, "state-conflict"));

    hub.put(&path("objects"), objects()).await;
    let (_, _, body) = hub.get(CONNECTION).await;
    let state = &body["connection"]["mapping"];
    assert_eq!(
        (&state["complete"], &state["missing"][0]["path"]),
        (&json!(false), &json!("/objects/opportunity"))
    );

    let mut wrong = mapping();
    wrong["objects"]["opportunity"]["fields"]["document_name"]["column"] = json!("Titel");
    wrong["objects"]["opportunity"]["events"]["find_proposal_opportunities"]["filter"]["all"][1]
        ["payload"] = json!("acount_id");
    let answer = hub.put(&path("mapping"), wrong).await;
    let filter = "/objects/opportunity/events/find_proposal_opportunities/filter";
    let expect =
        ["/objects/opportunity/fields/document_name/column", &format!("{filter}/all/1/payload")];
    assert_eq!(problem(&answer).2, expect, "{}", answer.2);
    for body in [json!({}), json!({"objects": []}), json!({"objects": {"opportunity": 1}})] {
        assert_eq!(hub.put(&path("mapping"), body).await.0, StatusCode::BAD_REQUEST);
    }

    let (status, headers, _) = hub.put(&path("mapping"), mapping()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(hub.get(&path("mapping")).await.2, mapping());
    let etag = headers["etag"].to_str().unwrap();
    let matching = hub.if_match(etag, Method::PUT, &path("mapping"), Some(mapping())).await;
    assert_eq!(matching.0, StatusCode::OK);
    let stale = hub.if_match(etag, Method::PUT, &path("mapping"), Some(mapping())).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    let (_, _, body) = hub.get(CONNECTION).await;
    assert_eq!(
        body["connection"]["mapping"],
        json!({"version": 2, "complete": true, "missing": []})
    );
}

#[tokio::test]
async fn saving_a_mapping_keys_its_searches() {
    let hub = TestHub::with_connection().await;
    hub.put(&path("objects"), objects()).await;
    hub.put(&path("mapping"), mapping()).await;
    let rekeyings = hub.app.store.rekeyings().await.unwrap();
    assert_eq!(rekeyings.len(), 1);
    assert_eq!((rekeyings[0].object.as_str(), rekeyings[0].mapping_version), ("opportunity", 1));
    assert!(hub.app.store.fill_started_keys().await.unwrap());
    assert!(hub.app.store.end_rekeying(&rekeyings[0]).await.unwrap());

    // Nothing that keys are made of changes.
    let mut renamed = mapping();
    renamed["objects"]["opportunity"]["fields"]["document_name"] = json!({"empty": true});
    hub.put(&path("mapping"), renamed).await;
    assert_eq!(hub.app.store.rekeyings().await.unwrap(), []);
    assert!(!hub.app.store.fill_started_keys().await.unwrap());
}

#[tokio::test]
async fn a_changed_time_zone_rekeys_searches_by_time() {
    let hub = TestHub::with_connection().await;
    let mut declared = objects();
    declared["objects"]["opportunity"]["events"]["find_proposal_opportunities"]["payloadSchema"] =
        json!({"at": {"type": "string"}});
    let mut by_time = mapping();
    by_time["objects"]["opportunity"]["events"]["find_proposal_opportunities"]["filter"] =
        json!({"column": "CreatedOn", "op": "eq", "payload": "at"});
    hub.put(&path("objects"), declared).await;
    let (status, _, body) = hub.put(&path("mapping"), by_time).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    for rekeying in hub.app.store.rekeyings().await.unwrap() {
        hub.app.store.end_rekeying(&rekeying).await.unwrap();
    }
    let put = json!({"context": "acme", "connector": "native", "time_zone": "Asia/Tokyo"});
    let patch = json!({"time_zone": "Europe/Berlin"});
    for (method, wanted, mapping_version) in [(Method::PUT, put, 2), (Method::PATCH, patch, 3)] {
        let (_, headers, body) = hub.json(method, CONNECTION, Some(wanted), &[]).await;
        let rekeyings = hub.app.store.rekeyings().await.unwrap();
        assert_eq!((rekeyings.len(), rekeyings[0].mapping_version), (1, mapping_version));
        assert_eq!(headers["etag"], format!("\"{}\"", body["connection"]["version"]).as_str());
        assert_eq!(hub.get(CONNECTION).await.2, body);
        assert!(hub.app.store.end_rekeying(&rekeyings[0]).await.unwrap());
    }
}

#[tokio::test]
async fn a_connection_is_patched_member_by_member() {
    let hub = TestHub::with_connection().await;
    let patched = async |patch: Json| hub.patch(CONNECTION, patch).await;
    let (status, headers, body) = patched(json!({"time_zone": "europe/berlin"})).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""), "{body}");
    assert_eq!(body["connection"]["time_zone"], "Europe/Berlin");
    assert_eq!(body["connection"]["context"], "acme", "was not named");
    let (_, _, body) = patched(json!({"context": "other"})).await;
    assert_eq!(body["connection"]["context"], "other");
    assert_eq!(body["connection"]["time_zone"], "Europe/Berlin", "was not named");
    let (_, _, body) = patched(json!({"time_zone": null, "connector": "native"})).await;
    assert_eq!(body["connection"]["time_zone"], "UTC");

    let patch = Some(json!({"time_zone": "Asia/Tokyo"}));
    let stale = hub.if_match("\"2\"", Method::PATCH, CONNECTION, patch.clone()).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    let current = hub.if_match("\"4\"", Method::PATCH, CONNECTION, patch).await;
    assert_eq!(current.0, StatusCode::OK, "{}", current.2);

    for (patch, path) in [
        (json!({"time_zone": "Europe/Berlim"}), "/time_zone"),
        (json!({"time_zone": 7}), "/time_zone"),
        (json!({"context": null}), "/context"),
        (json!({"connector": "nativ"}), "/connector"),
        (json!({"contxt": "acme"}), "/contxt"),
    ] {
        assert_eq!(problem(&patched(patch.clone()).await).2, [path], "{patch}");
    }
    assert_eq!(patched(json!([])).await.0, StatusCode::BAD_REQUEST);
    let answer = hub.patch("/api/v1/connections/none", json!({"time_zone": "UTC"})).await;
    assert_eq!(problem(&answer).1, "connection-not-found", "and it is not made");
    assert_eq!(hub.get("/api/v1/connections/none").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_preview_shows_a_record_as_the_app_would_get_it() {
    let hub = TestHub::with_connection().await;
    hub.put(&path("objects"), objects()).await;
    let data = json!({"data": {"Title": "Apple", "StageId": "Proposal"}});
    let (_, _, made) = hub.post(&path("entities/Opportunity/records"), data).await;
    let id = made["record"]["id"].as_str().unwrap();
    let preview = async |body: Json| hub.post(&path("mapping/preview"), body).await;

    let unmapped = preview(json!({"object": "opportunity", "record_id": id})).await;
    assert_eq!(problem(&unmapped).1, "mapping-incomplete");
    let unsaved = json!({"object": "opportunity", "record_id": id, "mapping": mapping()});
    let (status, _, body) = preview(unsaved).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let expect = json!({"record": {"type": "opportunity", "id": format!("Opportunity:{id}"),
        "data": {"document_name": "Apple", "document_tags": {"Stage": "Proposal"}}}});
    assert_eq!(body, expect);

    hub.put(&path("mapping"), mapping()).await;
    let saved = json!({"object": "opportunity", "record_id": format!("Opportunity:{id}")});
    assert_eq!(preview(saved).await.2, expect);
    let check = async |object: &str, record_id: &str, expect: &str| {
        let answer = preview(json!({"object": object, "record_id": record_id})).await;
        assert_eq!(problem(&answer).1, expect, "{}", answer.2);
    };
    check("oportunity", id, "object-not-found").await;
    check("opportunity", "nonsense", "record-not-found").await;
    check("opportunity", &format!("Lead:{id}"), "invalid-request").await;
    let wrong = json!({"objects": {"opportunity": {"entity": "Oportunity"}}});
    let answer = preview(json!({"object": "opportunity", "record_id": id, "mapping": wrong})).await;
    assert_eq!(problem(&answer).2, ["/mapping/objects/opportunity/entity"]);
}

#[tokio::test]
async fn a_key_of_one_connection_passes_there_alone() {
    let hub = TestHub::with_connection().await;
    let wanted = json!({"context": "acme", "connector": "native"});
    hub.put("/api/v1/connections/other", wanted).await;
    let key = hub.as_key(&["connection:acme-crm"]).await;
    // What is listed of this connection, and of no other.
    for listed in ["changes", "subscriptions"] {
        for (query, expect) in
            [("?connection=acme-crm", 200), ("?connection=other", 403), ("", 403)]
        {
            let path = format!("/api/v1/{listed}{query}");
            let answer = key.call(Method::GET, &path, None).await;
            assert_eq!(answer.0.as_u16(), expect, "{path}");
        }
    }
    let check = async |method: Method, path: &str, body: Option<Json>, expect: u16| {
        let (status, _, body) = key.call(method, path, body).await;
        assert_eq!(status.as_u16(), expect, "{path} → {body}");
    };
    check(Method::GET, CONNECTION, None, 200).await;
    check(Method::PUT, &path("objects"), Some(objects()), 200).await;
    check(Method::GET, "/api/v1/connections/other", None, 403).await;
    check(Method::GET, "/api/v1/connections", None, 403).await;
    check(Method::GET, "/api/v1/settings/webhook-entities", None, 403).await;
}
