//! The universal CRM API: reading, searching, writing and following records in
//! the fields that the app declared.

mod support;

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};
use turnbuckle_core::subscription::record_key;
use turnbuckle_server::workers::matching::{self, match_changes};
use turnbuckle_store::StoreError;
use turnbuckle_store::subscription::KeyGroup;

const CONNECTION: &str = "/api/v1/connections/acme-crm";
const OBJECT: &str = "/api/v1/crm/acme-crm/objects/opportunity";
const SEARCH: &str = "/api/v1/crm/acme-crm/objects/opportunity/events/find_proposal_opportunities";

fn event(event_type: &str, members: Json) -> Json {
    json!({"type": event_type, "payloadSchema": members})
}

fn objects() -> Json {
    let (text, whole) = (json!({"type": "string"}), json!({"type": "integer"}));
    json!({"objects": {
        "opportunity": {
            "fields": {
                "document_name": {"type": "string", "label": "Document Name"},
                "document_tags": {"type": "object", "label": "Document Tags"},
                "amount": {"type": "number"},
                "unmapped": {"type": "string"},
            },
            "events": {
                "find_proposal_opportunities": event("search", json!({"account_id": text})),
                "find_nothing": event("search", json!({})),
                "find_all": event("search", json!({"title": text})),
                "add": event("create", json!({"name": text, "stage": text, "amount": whole})),
                "sign": event("update", json!({"name": text, "stage": text})),
                "drop": event("delete", json!({})),
                "close": event("delete", json!({"stage": text})),
                "ignore": event("update", json!({})),
            },
        },
        "person": {
            "fields": {"name": {"type": "string"}},
            "events": {
                "find": event("search", json!({})),
                "add": event("create", json!({})),
            },
        },
        "unmapped": {"fields": {}, "events": {"find": event("search", json!({}))}},
    }})
}

fn mapping() -> Json {
    let find = json!({"all": [
        {"column": "Stage.Name", "op": "eq", "value": "Proposal"},
        {"column": "AccountId", "op": "eq", "payload": "account_id"},
    ]});
    let written = json!({"Title": {"payload": "name"}, "StageId": {"payload": "stage"}});
    let mut added = written.clone();
    added["Notes"] = json!({"static": "by the app"});
    added["Amount"] = json!({"payload": "amount"});
    json!({"objects": {
        "opportunity": {
            "entity": "Opportunity",
            "fields": {
                "document_name": {"column": "Title"},
                "document_tags": {"children": {"Stage": {"column": "Stage.Name"}}},
                "amount": {"column": "Amount"},
            },
            "events": {
                "find_proposal_opportunities": {"action": "search", "filter": find,
                    "sort": [{"column": "Title", "descending": false}]},
                "find_nothing": {"action": "noop"},
                "find_all": {"action": "search", "filter":
                    {"column": "Title", "op": "starts_with", "payload": "title"}},
                "add": {"action": "create", "columns": added},
                "sign": {"action": "update", "columns": written},
                "drop": {"action": "delete"},
                "close": {"action": "update", "columns": {"StageId": {"payload": "stage"}}},
                "ignore": {"action": "noop"},
            },
        },
        "person": {"entity": null},
    }})
}

async fn hub() -> TestHub {
    let hub = TestHub::with_connection().await;
    let (status, _, body) = hub.put(&format!("{CONNECTION}/objects"), objects()).await;
    assert!(status.is_success(), "{body}");
    let (status, _, body) = hub.put(&format!("{CONNECTION}/mapping"), mapping()).await;
    assert!(status.is_success(), "{body}");
    hub
}

/// Creates a record in the CRM's own words; answers its id.
async fn record(hub: &TestHub, entity: &str, data: Json) -> String {
    let path = format!("{CONNECTION}/entities/{entity}/records");
    let (status, _, body) = hub.post(&path, json!({ "data": data })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["record"]["id"].as_str().unwrap().to_owned()
}

async fn opportunity(hub: &TestHub, title: &str) -> String {
    record(hub, "Opportunity", json!({"Title": title, "StageId": "Proposal"})).await
}

#[track_caller]
fn check(answer: Answer, status: u16, body: Json) {
    assert_eq!((answer.0.as_u16(), answer.2), (status, body));
}

#[track_caller]
fn check_problem(answer: Answer, status: u16, slug: &str, paths: &[&str]) {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(problem(&answer), (status, slug.to_owned(), paths), "{}", answer.2);
}

fn invoke(event: &str) -> String {
    format!("{OBJECT}/events/{event}")
}

#[tokio::test]
async fn a_record_is_read_in_the_fields_of_the_app() {
    let hub = hub().await;
    let id = opportunity(&hub, "Apple Sales Contract").await;
    let expected = json!({"record": {
        "type": "opportunity",
        "id": format!("Opportunity:{id}"),
        "data": {
            "document_name": "Apple Sales Contract",
            "document_tags": {"Stage": "Proposal"},
            "amount": null,
            "unmapped": null,
        },
    }});
    for colon in [":", "%3A"] {
        let read = hub.get(&format!("{OBJECT}/Opportunity{colon}{id}/mapping")).await;
        check(read, 200, expected.clone());
    }
    let upper = id.to_uppercase();
    check(hub.get(&format!("{OBJECT}/Opportunity:{upper}/mapping")).await, 200, expected);

    let contact = record(&hub, "Contact", json!({"Name": "Ann"})).await;
    for other in [
        format!("Contact:{contact}"),
        format!("Contact:{id}"),
        format!("Opportunity:{contact}"),
        id,
        "Opportunity:".to_owned(),
        "Opportunity:%FF".to_owned(),
    ] {
        let answer = hub.get(&format!("{OBJECT}/{other}/mapping")).await;
        assert!(matches!(answer.0.as_u16(), 404 | 400), "{other}: {}", answer.2);
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_the_order_asked() {
    let hub = hub().await;
    let (first, second) = (opportunity(&hub, "1").await, opportunity(&hub, "2").await);
    let ids = [
        format!("Opportunity:{second}"),
        "nonsense".to_owned(),
        format!("Contact:{first}"),
        format!("Opportunity:{first}"),
        format!("Opportunity:{second}"),
    ];
    let (status, _, body) = hub.post(&format!("{OBJECT}/mapping"), json!({ "ids": ids })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let names: Vec<_> =
        body["records"].as_array().unwrap().iter().map(|it| &it["data"]["document_name"]).collect();
    assert_eq!(names, [&json!("2"), &Json::Null, &Json::Null, &json!("1"), &json!("2")]);
    assert_eq!(body["records"][1], Json::Null);

    let many = vec!["x"; 1_001];
    let answer = hub.post(&format!("{OBJECT}/mapping"), json!({ "ids": many })).await;
    check_problem(answer, 400, "invalid-request", &["/ids"]);
    let answer = hub.post(&format!("{OBJECT}/mapping"), json!({"ids": [7]})).await;
    check_problem(answer, 400, "invalid-request", &["/ids/0"]);
    check(
        hub.post(&format!("{OBJECT}/mapping"), json!({"ids": []})).await,
        200,
        json!({"records": []}),
    );
}

#[tokio::test]
async fn a_search_finds_what_the_user_built_page_by_page() {
    let hub = hub().await;
    let account = record(&hub, "Account", json!({"Name": "Apple"})).await;
    for title in ["c", "a", "b"] {
        let data = json!({"Title": title, "StageId": "Proposal", "AccountId": account});
        record(&hub, "Opportunity", data).await;
    }
    opportunity(&hub, "of nobody").await;
    let payload = json!({"account_id": account});
    let names = |body: &Json| -> Vec<String> {
        let records = body["records"].as_array().unwrap().iter();
        records.map(|it| it["data"]["document_name"].as_str().unwrap().to_owned()).collect()
    };

    let (status, _, all) = hub.post(SEARCH, json!({ "payload": payload })).await;
    assert_eq!((status, names(&all)), (StatusCode::OK, vec!["a".into(), "b".into(), "c".into()]));
    assert_eq!(all["page"], json!({"has_more": false}));

    let (_, _, first) = hub.post(SEARCH, json!({"payload": payload, "limit": 2})).await;
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["page"]["next"].as_str().unwrap();
    let (_, _, second) =
        hub.post(&format!("{SEARCH}?next={next}"), json!({ "payload": payload })).await;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(second["page"], json!({"has_more": false}));

    let null = json!({"payload": {"account_id": null}});
    let (_, _, of_nobody) = hub.post(SEARCH, null.clone()).await;
    assert_eq!(names(&of_nobody), ["of nobody"], "null equals null");
    let stolen = hub.post(&format!("{SEARCH}?next={next}"), null).await;
    check_problem(stolen, 400, "cursor-invalid", &[]);
    let other = format!("{}?next={next}", invoke("find_all"));
    let stolen = hub.post(&other, json!({"payload": {"title": "a"}})).await;
    check_problem(stolen, 400, "cursor-invalid", &[]);
    hub.put(&format!("{CONNECTION}/mapping"), mapping()).await;
    let stale = hub.post(&format!("{SEARCH}?next={next}"), json!({ "payload": payload })).await;
    check_problem(stale, 400, "cursor-invalid", &[]);
}

#[tokio::test]
async fn wrong_payloads_are_named_by_their_members() {
    let hub = hub().await;
    let check = async |event: &str, body: Json, paths: &[&str]| {
        let answer = hub.post(&invoke(event), body).await;
        check_problem(answer, 400, "invalid-request", paths);
    };
    let find = "find_proposal_opportunities";
    check(find, json!({}), &["/payload/account_id"]).await;
    check(find, json!({"payload": {"account_id": 7}}), &["/payload/account_id"]).await;
    let unknown = json!({"payload": {"account_id": "x", "accuont": "x"}});
    check(find, unknown, &["/payload/accuont"]).await;
    check(find, json!({"payload": []}), &["/payload"]).await;
    check(find, json!({"payload": null}), &["/payload"]).await;
    check(find, json!({"pay": {}}), &["/pay"]).await;
    let members = json!({"payload": {"account_id": "x"}, "limit": 201, "record_id": "x"});
    check(find, members, &["/record_id", "/limit"]).await;
    check(find, json!({"payload": {"account_id": "x"}, "limit": 0}), &["/limit"]).await;
    check(find, json!({"limit": -1}), &["/limit"]).await;
    check("find_nothing", json!({"payload": {"x": 1}}), &["/payload/x"]).await;
    check("add", json!({"payload": {"name": "n"}, "limit": 5}), &["/limit"]).await;
    check("add", json!({"payload": {"amount": 1.5}}), &["/payload/amount"]).await;
    check("add", json!({"payload": {"stage": "Proposal"}}), &["/payload/name"]).await;
    check("add", json!({"payload": {"name": null}}), &["/payload/name"]).await;
    check("add", json!({"payload": {"name": "n", "stage": "?"}}), &["/payload/stage"]).await;
    check("sign", json!({"payload": {"name": "n"}}), &["/record_id"]).await;
    check("ignore", json!({}), &["/record_id"]).await;
    let (_, _, problem) = hub.post(&invoke("sign"), json!({"payload": {"name": "n"}})).await;
    let told = "an update event names the record in `record_id`";
    assert_eq!(problem["errors"][0]["detail"], told);
    let answer = hub.post(&format!("{SEARCH}?cursor=x"), json!({})).await;
    check_problem(answer, 400, "invalid-request", &["?cursor"]);
    let answer = hub.post(&format!("{}?next=x", invoke("add")), json!({})).await;
    check_problem(answer, 400, "invalid-request", &["?next"]);
    let (_, _, found) = hub.post(&invoke("find_all"), json!({"payload": {"title": ""}})).await;
    assert_eq!(found["records"], json!([]), "nothing was written");
}

#[tokio::test]
async fn records_are_created_updated_and_deleted_by_events() {
    let hub = hub().await;
    let body = json!({"payload": {"name": "Deal", "stage": "Proposal", "amount": 12}});
    let (status, _, made) = hub.post(&invoke("add"), body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let id = made["record"]["id"].as_str().unwrap();
    let data = json!({"document_name": "Deal", "document_tags": {"Stage": "Proposal"},
        "amount": 12, "unmapped": null});
    assert_eq!(made["record"], json!({"type": "opportunity", "id": id, "data": data}));
    check(hub.get(&format!("{OBJECT}/{id}/mapping")).await, 200, made.clone());

    let sign = json!({"record_id": id, "payload": {"name": "Signed"}});
    let (status, _, signed) = hub.post(&invoke("sign"), sign).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(signed["record"]["data"]["document_name"], "Signed");
    assert_eq!(signed["record"]["data"]["document_tags"]["Stage"], "Proposal", "was missing");
    let clear = json!({"record_id": id, "payload": {"stage": null}});
    let (_, _, cleared) = hub.post(&invoke("sign"), clear).await;
    assert_eq!(cleared["record"]["data"]["document_tags"]["Stage"], Json::Null);

    let close = json!({"record_id": id, "payload": {"stage": "Won"}});
    let (status, _, closed) = hub.post(&invoke("close"), close).await;
    assert_eq!(status, StatusCode::OK, "deleting may mean to mark");
    assert_eq!(closed["record"]["data"]["document_tags"]["Stage"], "Won");

    check(hub.post(&invoke("ignore"), json!({"record_id": id})).await, 204, Json::Null);
    let target = json!({ "record_id": id });
    check(hub.post(&invoke("drop"), target.clone()).await, 204, Json::Null);
    check_problem(hub.post(&invoke("drop"), target).await, 404, "record-not-found", &[]);
    for other in ["Contact:1", "x", "", "Opportunity:1"] {
        let body = json!({"record_id": other, "payload": {"name": "x"}});
        check_problem(hub.post(&invoke("sign"), body).await, 404, "record-not-found", &[]);
    }
}

#[tokio::test]
async fn the_app_is_the_origin_of_what_it_writes() {
    let hub = hub().await;
    hub.post(&invoke("add"), json!({"payload": {"name": "Deal"}})).await;
    let changes = hub.app.store.unmatched_changes(10).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].origin, turnbuckle_core::change::Origin::App);
}

#[tokio::test]
async fn an_object_answers_by_where_it_stands() {
    let hub = hub().await;
    let at = |rest: &str| format!("/api/v1/crm/acme-crm/objects/{rest}");
    let record = "Contact:00000000-0000-0000-0000-000000000000";
    let empty = json!({"records": [], "page": {"has_more": false}});
    let none = json!({});

    let answer = hub.get("/api/v1/crm/other/objects/opportunity/x:1/mapping").await;
    check_problem(answer, 404, "connection-not-found", &[]);
    for answer in [
        hub.get(&at(&format!("opportunty/{record}/mapping"))).await,
        hub.post(&at("opportunty/mapping"), json!({"ids": []})).await,
        hub.post(&at("opportunty/events/find"), none.clone()).await,
        hub.post(&at("opportunty/x:1/subscriptions"), none.clone()).await,
        hub.delete(&at("opportunty/x:1/subscriptions")).await,
    ] {
        assert!(answer.2["detail"].as_str().unwrap().contains("did you mean `opportunity`"));
        check_problem(answer, 404, "object-not-found", &[]);
    }
    check_problem(hub.post(&invoke("find"), none.clone()).await, 404, "event-not-found", &[]);

    for answer in [
        hub.get(&at("unmapped/x:1/mapping")).await,
        hub.post(&at("unmapped/mapping"), json!({"ids": ["x"]})).await,
        hub.post(&at("unmapped/events/find"), none.clone()).await,
        hub.post(&at("unmapped/x:1/subscriptions"), none.clone()).await,
        hub.post(&at("unmapped/events/find/subscriptions"), none.clone()).await,
    ] {
        check_problem(answer, 409, "mapping-incomplete", &[]);
    }

    let read = hub.get(&at(&format!("person/{record}/mapping"))).await;
    check_problem(read, 404, "record-not-found", &[]);
    let batch = hub.post(&at("person/mapping"), json!({"ids": ["a", "b"]})).await;
    check(batch, 200, json!({"records": [null, null]}));
    check(hub.post(&at("person/events/find"), none.clone()).await, 200, empty.clone());
    check(hub.post(&at("person/events/add"), none.clone()).await, 204, Json::Null);
    check(hub.post(&invoke("find_nothing"), none.clone()).await, 200, empty);

    let mut partial = mapping();
    partial["objects"]["opportunity"]["events"].as_object_mut().unwrap().remove("drop");
    hub.put(&format!("{CONNECTION}/mapping"), partial).await;
    let drop = hub.post(&invoke("drop"), json!({"record_id": "Opportunity:1"})).await;
    check_problem(drop, 409, "mapping-incomplete", &[]);
    let id = opportunity(&hub, "still read").await;
    assert_eq!(hub.get(&format!("{OBJECT}/Opportunity:{id}/mapping")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_key_may_invoke_what_its_scopes_allow() {
    let hub = hub().await;
    let id = opportunity(&hub, "x").await;
    let read = format!("{OBJECT}/Opportunity:{id}/mapping");
    let subscribe = format!("{OBJECT}/Opportunity:{id}/subscriptions");
    let subscribe_to_search = format!("{SEARCH}/subscriptions");
    let payload = Some(json!({"payload": {"account_id": "x"}}));
    let add = Some(json!({"payload": {"name": "x"}}));
    for (scopes, may_read, may_write, may_follow) in [
        (&["all"][..], true, true, true),
        (&["read"], true, false, false),
        (&["ingest"], false, true, false),
        (&["read", "ingest"], true, true, false),
        (&["connection:acme-crm"], true, true, true),
        (&["connection:other"], false, false, false),
        (&["operator"], false, false, false),
    ] {
        let caller = hub.as_key(scopes).await;
        let reads = [
            caller.call(Method::GET, &read, None).await,
            caller.call(Method::POST, SEARCH, payload.clone()).await,
        ];
        for (status, _, body) in reads {
            assert_eq!(status != StatusCode::FORBIDDEN, may_read, "{scopes:?} {body}");
        }
        for (path, body) in [(&subscribe, &None), (&subscribe_to_search, &payload)] {
            for method in [Method::POST, Method::DELETE] {
                let (status, _, body) = caller.call(method, path, body.clone()).await;
                assert_eq!(status != StatusCode::FORBIDDEN, may_follow, "{scopes:?} {body}");
            }
        }
        let (status, _, body) = caller.call(Method::POST, &invoke("add"), add.clone()).await;
        assert_eq!(status != StatusCode::FORBIDDEN, may_write, "{scopes:?} {body}");
    }
    let request = Request::get(read.as_str()).body(Body::empty()).unwrap();
    assert_eq!(hub.send(request).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_that_may_not_read_invokes_and_is_answered_the_id() {
    let hub = hub().await;
    let ingest = hub.as_key(&["ingest"]).await;
    let add = Some(json!({"payload": {"name": "hidden"}}));
    let (status, _, body) = ingest.call(Method::POST, &invoke("add"), add).await;
    let id = &body["record"]["id"];
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(body, json!({"record": {"type": "opportunity", "id": id}}));
    let sign = json!({"record_id": id, "payload": {}});
    let (status, _, body) = ingest.call(Method::POST, &invoke("sign"), Some(sign)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({"record": {"type": "opportunity", "id": id}}));
}

#[tokio::test]
async fn the_universal_paths_read_json_without_a_content_type() {
    let hub = hub().await;
    let key = "Basic cGtfdGVzdDpza190ZXN0";
    let search = |method| {
        Request::builder().method(method).header(AUTHORIZATION, key).uri(SEARCH.to_owned())
    };
    let body = Body::from(r#"{"payload":{"account_id":"45678"}}"#);
    let answer = hub.send(search(Method::POST).body(body).unwrap()).await;
    check(answer, 200, json!({"records": [], "page": {"has_more": false}}));

    let form = search(Method::POST).header("content-type", "application/x-www-form-urlencoded");
    let answer = hub.send(form.body(Body::from("a=b")).unwrap()).await;
    check_problem(answer, 415, "unsupported-media-type", &[]);
    for (body, slug) in
        [("{", "malformed-json"), ("[]", "invalid-request"), ("7", "invalid-request")]
    {
        let answer = hub.send(search(Method::POST).body(Body::from(body)).unwrap()).await;
        check_problem(answer, 400, slug, &[]);
    }
}

/// How many subscriptions the workspace has.
async fn count(hub: &TestHub) -> usize {
    let (_, _, listed) = hub.get("/api/v1/subscriptions").await;
    listed["subscriptions"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_record_is_followed_once_and_until_told_otherwise() {
    let hub = hub().await;
    let id = opportunity(&hub, "x").await;
    let path = format!("{OBJECT}/Opportunity:{id}/subscriptions");
    let shouted = format!("{OBJECT}/Opportunity%3A{}/subscriptions", id.to_uppercase());
    for path in [&path, &shouted, &path] {
        check(hub.json(Method::POST, path, None, &[]).await, 204, Json::Null);
    }
    let (_, _, listed) = hub.get("/api/v1/subscriptions?connection=acme-crm").await;
    let listed = listed["subscriptions"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["record_id"], format!("Opportunity:{id}"));
    assert_eq!(listed[0]["object"], "opportunity");

    let key = record_key("acme-crm", "Opportunity", &id).0;
    let group = KeyGroup { workspace: hub.workspace, keys: vec![key] };
    let found = hub.app.store.candidates(&[group], 9).await.unwrap();
    assert_eq!(found[0].len(), 1, "a change finds it");

    for path in [&shouted, &path] {
        check(hub.delete(path).await, 204, Json::Null);
        assert_eq!(count(&hub).await, 0);
    }
    let unknown = format!("{OBJECT}/Opportunity:{}/subscriptions", uuid::Uuid::nil());
    check_problem(hub.post(&unknown, json!({})).await, 404, "record-not-found", &[]);
    check(hub.delete(&unknown).await, 204, Json::Null);
    check(hub.delete(&format!("{OBJECT}/nonsense/subscriptions")).await, 204, Json::Null);
}

#[tokio::test]
async fn a_search_is_followed_once_per_payload() {
    let hub = hub().await;
    let path = format!("{SEARCH}/subscriptions");
    let payload = |account: &str| json!({"payload": {"account_id": account}});
    for account in ["a", "b", "a"] {
        check(hub.post(&path, payload(account)).await, 204, Json::Null);
    }
    let (_, _, listed) = hub.get("/api/v1/subscriptions?object=opportunity").await;
    let listed = listed["subscriptions"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["event"], "find_proposal_opportunities");
    assert_eq!(listed[0]["payload"], json!({"account_id": "b"}));
    let (_, _, other) = hub.get("/api/v1/subscriptions?object=person").await;
    assert_eq!(other["subscriptions"], json!([]));
    let unknown = hub.get("/api/v1/subscriptions?connection=nope").await;
    check_problem(unknown, 404, "connection-not-found", &[]);

    for expect in [1, 1] {
        let answer = hub.json(Method::DELETE, &path, Some(payload("a")), &[]).await;
        check(answer, 204, Json::Null);
        assert_eq!(count(&hub).await, expect);
    }
    check_problem(
        hub.post(&path, json!({})).await,
        400,
        "invalid-request",
        &["/payload/account_id"],
    );
    let wrong = json!({"payload": {"account_id": 7}});
    check_problem(hub.post(&path, wrong).await, 400, "invalid-request", &["/payload/account_id"]);
    let add = format!("{}/subscriptions", invoke("add"));
    check_problem(hub.post(&add, json!({})).await, 400, "invalid-request", &[]);
    for nothing in ["opportunity/events/find_nothing", "person/events/find"] {
        let path = format!("/api/v1/crm/acme-crm/objects/{nothing}/subscriptions");
        check(hub.post(&path, json!({})).await, 204, Json::Null);
    }
    assert_eq!(count(&hub).await, 3);
}

#[tokio::test]
async fn the_order_of_a_payload_does_not_matter() {
    let hub = hub().await;
    let path = format!("{}/subscriptions", invoke("find_all"));
    let send = async |method: Method, body: &'static str| {
        let request = Request::builder().method(method).uri(path.as_str());
        let request = request.header(AUTHORIZATION, "Basic cGtfdGVzdDpza190ZXN0");
        hub.send(request.body(Body::from(body)).unwrap()).await.0.as_u16()
    };
    let mut declared = objects();
    let schema = json!({"title": {"type": "string"}, "also": {"type": "object"}});
    declared["objects"]["opportunity"]["events"]["find_all"]["payloadSchema"] = schema;
    hub.put(&format!("{CONNECTION}/objects"), declared).await;
    let given = r#"{"payload":{"title":"a","also":{"x":1,"y":2}}}"#;
    assert_eq!(send(Method::POST, given).await, 204);
    assert_eq!(count(&hub).await, 1);
    let turned = r#"{"payload":{"also":{"y":2,"x":1},"title":"a"}}"#;
    assert_eq!(send(Method::DELETE, turned).await, 204);
    assert_eq!(count(&hub).await, 0);
}

/// Between reading the mapping and storing what was found with it anything may happen.
#[tokio::test]
async fn a_mapping_saved_during_matching_hides_no_subscription() {
    let hub = hub().await;
    let app = &hub.app;
    let endpoint = json!({"url": "https://app.example/", "format": "universal"});
    let (status, _, body) = hub.post("/api/v1/endpoints", endpoint).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let put = async |mapping: Json| {
        let (status, _, body) = hub.put(&format!("{CONNECTION}/mapping"), mapping).await;
        assert!(status.is_success(), "{body}");
    };
    let keys_are_there = async || {
        for rekeying in app.store.rekeyings().await.unwrap() {
            assert!(app.store.end_rekeying(&rekeying).await.unwrap());
        }
    };
    keys_are_there().await;
    let path = format!("{}/subscriptions", invoke("find_all"));
    let follow = hub.post(&path, json!({"payload": {"title": "Apple"}})).await;
    assert_eq!(follow.0, StatusCode::NO_CONTENT);
    opportunity(&hub, "Apple Sales Contract").await;

    // The subscriptions to another search get other keys: its object waits for them.
    let mut other = mapping();
    other["objects"]["opportunity"]["events"]["find_proposal_opportunities"]["filter"] =
        json!({"column": "Title", "op": "eq", "payload": "account_id"});
    let changes = app.store.unmatched_changes(10).await.unwrap();
    let matched = match_changes(app, &changes).await.unwrap();
    assert_eq!((matched[0].messages.len(), matched[0].deferred_objects.len()), (1, 0));
    put(other).await;
    let refused = matching::store(app, matched, None).await;
    assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })), "{refused:?}");

    // And so does the keys' completion.
    let matched = match_changes(app, &changes).await.unwrap();
    assert_eq!((matched[0].messages.len(), &*matched[0].deferred_objects[0]), (0, "opportunity"));
    keys_are_there().await;
    let refused = matching::store(app, matched, None).await;
    assert!(matches!(refused, Err(StoreError::VersionMismatch { .. })), "{refused:?}");

    let matched = match_changes(app, &changes).await.unwrap();
    assert_eq!((matched[0].messages.len(), matched[0].deferred_objects.len()), (1, 0));
    matching::store(app, matched, None).await.unwrap();
    assert!(app.store.unmatched_changes(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_workspace_sees_nothing() {
    let hub = hub().await;
    let id = opportunity(&hub, "x").await;
    let other = hub.app.store.create_workspace("other", "Other").await.unwrap().id;
    hub.add_key(other, "pk_other", "sk_other", &["all"]).await;
    let caller = hub.calling_as("pk_other", "sk_other");
    for (method, path) in [
        (Method::GET, format!("{OBJECT}/Opportunity:{id}/mapping")),
        (Method::POST, SEARCH.to_owned()),
        (Method::POST, format!("{OBJECT}/Opportunity:{id}/subscriptions")),
        (Method::DELETE, format!("{OBJECT}/Opportunity:{id}/subscriptions")),
        (Method::POST, format!("{SEARCH}/subscriptions")),
        (Method::GET, "/api/v1/changes?connection=acme-crm".to_owned()),
        (Method::GET, "/api/v1/subscriptions?connection=acme-crm".to_owned()),
    ] {
        let answer = caller.call(method, &path, None).await;
        check_problem(answer, 404, "connection-not-found", &[]);
    }
}
