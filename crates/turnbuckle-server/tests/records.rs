//! Records of the built-in CRM by the API: write, read, batch, search.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::{TestHub, problem};

const ENTITIES: &str = "/api/v1/connections/acme-crm/entities";

fn records(entity: &str) -> String {
    format!("{ENTITIES}/{entity}/records")
}

async fn create(hub: &TestHub, entity: &str, data: Json) -> Json {
    let (status, _, mut body) = hub.post(&records(entity), json!({ "data": data })).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["record"].take()
}

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let hub = TestHub::with_connection().await;
    let account = create(&hub, "Account", json!({"Name": "Apple"})).await;
    let data = json!({"Title": "Apple Opportunity", "StageId": "proposal", "AccountId": "apple"});
    let made = create(&hub, "Opportunity", data).await;
    assert_eq!((&made["number"], &made["version"]), (&json!(1), &json!(1)));
    assert_eq!(made["data"]["AccountId"], account["id"], "a lookup takes a display value");
    assert_eq!(made["data"]["Id"], made["id"]);
    assert_eq!(made["data"]["CreatedOn"], made["created_at"]);

    let (_, _, described) = hub.get(&format!("{ENTITIES}/Opportunity")).await;
    let columns = described["entity"]["columns"].as_array().unwrap();
    let columns: Vec<_> = columns.iter().map(|it| it["name"].as_str().unwrap()).collect();
    let members: Vec<_> = made["data"].as_object().unwrap().keys().collect();
    assert_eq!(members, columns, "every column, in order, null where empty");

    let path = format!("{}/{}", records("Opportunity"), made["id"].as_str().unwrap());
    let (_, headers, read) = hub.get(&path).await;
    assert_eq!((headers["etag"].to_str().unwrap(), &read["record"]), ("\"1\"", &made));

    let lost = json!({"data": {"StageId": "Lost"}});
    let stale = hub.if_match("\"7\"", Method::PATCH, &path, Some(lost)).await;
    assert_eq!(problem(&stale).1, "precondition-failed");
    let won = json!({"data": {"StageId": "Won", "AccountId": null}});
    let (_, headers, changed) = hub.if_match("\"1\"", Method::PATCH, &path, Some(won)).await;
    assert_eq!(headers["etag"], "\"2\"");
    assert_eq!(changed["record"]["data"]["AccountId"], Json::Null);
    assert_eq!(changed["record"]["data"]["Title"], "Apple Opportunity");

    let stale = hub.if_match("\"1\"", Method::DELETE, &path, None).await;
    assert_eq!(problem(&stale).1, "precondition-failed");
    assert_eq!(hub.delete(&path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&hub.get(&path).await).1, "record-not-found");
    assert_eq!(problem(&hub.delete(&path).await).1, "record-not-found");
}

#[tokio::test]
async fn a_wrong_write_changes_nothing_and_names_every_member() {
    let hub = TestHub::with_connection().await;
    let check = async |body: Json, paths: &[&str]| {
        let answer = hub.post(&records("Contact"), body.clone()).await;
        assert_eq!(problem(&answer).2, paths, "{body} → {}", answer.2);
        assert_eq!(answer.0, StatusCode::BAD_REQUEST);
    };
    check(json!({"data": {"Emial": "a@b", "Age": "old"}}), &["/data/Emial", "/data/Age"]).await;
    check(json!({"data": {"Email": "a@b"}}), &["/data/Name"]).await;
    check(json!({"data": {"Name": "A", "AccountId": "nobody"}}), &["/data/AccountId"]).await;
    check(json!({"data": {"Name": "A", "Id": "x"}}), &["/data/Id"]).await;
    check(json!({"data": []}), &["/data"]).await;
    check(json!({"date": {}}), &["/date"]).await;
    check(json!({}), &["/data"]).await;
    let (_, _, found) = hub.post(&format!("{}/search", records("Contact")), json!({})).await;
    assert_eq!(found["records"], json!([]));

    let answer = hub.post(&records("Contakt"), json!({"data": {}})).await;
    assert_eq!(problem(&answer).1, "entity-not-found");
    let vehicle = json!({"label": "Vehicle", "columns":
        [{"name": "UsrVin", "label": "VIN", "type": "text", "unique": true}]});
    hub.put(&format!("{ENTITIES}/Vehicle"), vehicle).await;
    create(&hub, "Vehicle", json!({"UsrVin": "V1"})).await;
    let answer = hub.post(&records("Vehicle"), json!({"data": {"UsrVin": "v1"}})).await;
    assert_eq!(problem(&answer).1, "unique-violation");
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked() {
    let hub = TestHub::with_connection().await;
    let first = create(&hub, "Contact", json!({"Name": "A"})).await;
    let second = create(&hub, "Contact", json!({"Name": "B"})).await;
    let path = format!("{}/batch", records("Contact"));
    let ids = json!({"ids": [second["id"], "nonsense", first["id"], second["id"]]});
    let (status, _, body) = hub.post(&path, ids).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({"records": [second, null, first, second]}));
    let too_many = vec![&first["id"]; 1_001];
    assert_eq!(problem(&hub.post(&path, json!({ "ids": too_many })).await).2, ["/ids"]);
    assert_eq!(problem(&hub.post(&path, json!({"ids": [1]})).await).2, ["/ids/0"]);
}

#[tokio::test]
async fn a_search_says_what_the_crm_did_of_it_and_what_the_hub() {
    let hub = TestHub::with_connection().await;
    create(&hub, "Contact", json!({"Name": "Ada", "JobTitle": "Countess", "Age": 36})).await;
    let check = async |search: Json, pushed: bool, residual: Json| {
        let (_, _, page) = hub.post(&format!("{}/search", records("Contact")), search).await;
        assert_eq!((&page["pushed"], &page["residual"]), (&json!(pushed), &residual), "{page}");
        assert_eq!(page["records"][0]["data"]["Name"], "Ada");
    };
    let titled = json!({"column": "JobTitle", "op": "eq", "value": "countess"});
    let filter = json!({"all": [titled, {"column": "Age", "op": "gt", "value": 30}]});
    let by_age = json!([{"column": "Age"}]);
    for everything in [json!({}), json!({"filter": {"all": []}}), json!({"sort": by_age})] {
        check(everything, true, Json::Null).await;
    }
    check(json!({"filter": filter}), false, filter.clone()).await;

    let keyed = [("Contact".to_owned(), "JobTitle".to_owned())];
    hub.app.store.ensure_keys(hub.workspace, "acme-crm", &keyed).await.unwrap();
    while hub.app.store.fill_started_keys().await.unwrap() {}
    check(json!({"filter": filter}), true, filter.clone()).await;
    check(json!({"filter": filter, "sort": by_age}), true, filter.clone()).await;
    for not_narrowing in [
        json!({"column": "JobTitle", "op": "ne", "value": "king"}),
        json!({"not": {"not": titled}}),
        json!({"any": [titled, {"column": "Age", "op": "gt", "value": 30}]}),
    ] {
        check(json!({"filter": not_narrowing}), false, not_narrowing.clone()).await;
    }
}

#[tokio::test]
async fn a_search_filters_sorts_counts_and_pages() {
    let hub = TestHub::with_connection().await;
    for (name, age) in [("Ada", 36), ("Bob", 7), ("ada", 12), ("Cleo", 39), ("ADA", 3)] {
        create(&hub, "Contact", json!({"Name": name, "Age": age})).await;
    }
    let path = format!("{}/search", records("Contact"));
    let names = |body: &Json| -> Vec<String> {
        let records = body["records"].as_array().unwrap().iter();
        records.map(|it| it["data"]["Name"].as_str().unwrap().to_owned()).collect()
    };
    let search = json!({"filter": {"column": "Name", "op": "eq", "value": "aDa"},
        "sort": [{"column": "Age"}], "limit": 2, "count": true});
    let (status, _, page) = hub.post(&path, search.clone()).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert_eq!(names(&page), ["ADA", "ada"]);
    assert_eq!(page["count"], json!({"value": 3, "exact": true}));

    let cursor = page["page"]["next"].clone();
    let mut next = search.clone();
    next["cursor"] = cursor.clone();
    let (_, _, page) = hub.post(&path, next.clone()).await;
    assert_eq!(names(&page), ["Ada"]);
    assert_eq!(page["page"], json!({"has_more": false}));
    next["filter"]["value"] = json!("Bob");
    assert_eq!(problem(&hub.post(&path, next).await).1, "cursor-invalid");
    let (_, _, all) = hub.post(&path, json!({"cursor": null})).await;
    assert_eq!(names(&all), ["Ada", "Bob", "ada", "Cleo", "ADA"]);
    assert_eq!(all.get("count"), None);
}

#[tokio::test]
async fn a_wrong_search_is_refused_member_by_member() {
    let hub = TestHub::with_connection().await;
    let check = async |body: Json, paths: &[&str]| {
        let answer = hub.post(&format!("{}/search", records("Contact")), body.clone()).await;
        assert_eq!(answer.0, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(problem(&answer).2, paths, "{body} → {}", answer.2);
    };
    let wrong = json!({"all": [{"column": "Nme", "op": "eq", "value": 1}]});
    let sort = json!([{"column": "Name"}, {"column": "Account.Nam"}]);
    let paths = ["/filter/all/0/column", "/sort/1/column"];
    check(json!({"filter": wrong, "sort": sort}), &paths).await;
    let payload = json!({"column": "Name", "op": "eq", "payload": "name"});
    check(json!({ "filter": payload }), &["/filter/payload"]).await;
    check(json!({"filter": 5}), &["/filter"]).await;
    check(json!({"sort": "Name"}), &["/sort"]).await;
    check(json!({"sort": vec![json!({"column": "Name"}); 9]}), &["/sort"]).await;
    check(json!({"limit": 201}), &["/limit"]).await;
    check(json!({"limit": -1}), &["/limit"]).await;
    check(json!({"cursor": "x"}), &[]).await;
    check(json!({"filters": {}}), &["/filters"]).await;
}

#[tokio::test]
async fn reading_and_writing_are_scopes_of_their_own() {
    let hub = TestHub::with_connection().await;
    let contact = create(&hub, "Contact", json!({"Name": "A"})).await;
    let path = format!("{}/{}", records("Contact"), contact["id"].as_str().unwrap());
    let search = format!("{}/search", records("Contact"));
    let batch = format!("{}/batch", records("Contact"));
    let calls = [
        (Method::GET, path.clone(), None, [200, 403]),
        (Method::POST, search, Some(json!({})), [200, 403]),
        (Method::POST, batch, Some(json!({"ids": []})), [200, 403]),
        (Method::POST, records("Contact"), Some(json!({"data": {"Name": "B"}})), [403, 201]),
        (Method::PATCH, path.clone(), Some(json!({"data": {"Name": "C"}})), [403, 200]),
        (Method::DELETE, path, None, [403, 204]),
    ];
    let (read, ingest) = (hub.as_key(&["read"]).await, hub.as_key(&["ingest"]).await);
    for (method, path, body, expect) in calls {
        for (caller, expect) in [&read, &ingest].into_iter().zip(expect) {
            let (status, _, answer) = caller.call(method.clone(), &path, body.clone()).await;
            assert_eq!(status.as_u16(), expect, "{method} {path} → {answer}");
        }
    }
}

#[tokio::test]
async fn a_key_that_may_not_read_is_answered_ids_and_no_data() {
    let hub = TestHub::with_connection().await;
    let contact = json!({"data": {"Name": "Ada", "Email": "ada@secret.example"}});
    let (_, _, made) = hub.post(&records("Contact"), contact.clone()).await;
    let path = format!("{}/{}", records("Contact"), made["record"]["id"].as_str().unwrap());
    let ingest = hub.as_key(&["ingest"]).await;
    let (_, _, created) =
        ingest.call(Method::POST, &records("Contact"), Some(contact.clone())).await;
    assert_eq!(
        (&created["record"]["number"], &created["record"]["data"]),
        (&json!(2), &Json::Null)
    );
    for data in [json!({}), json!({"Name": "Bob"})] {
        let answer = ingest.call(Method::PATCH, &path, Some(json!({ "data": data }))).await;
        let (status, headers, body) = answer;
        assert_eq!((status, &body["record"]["id"]), (StatusCode::OK, &made["record"]["id"]));
        assert!(headers.contains_key("etag") && body["record"].get("data").is_none(), "{body}");
        assert!(!body.to_string().contains("secret"), "{body}");
    }
    let both = hub.as_key(&["read", "ingest"]).await;
    let (_, _, body) = both.call(Method::PATCH, &path, Some(json!({"data": {}}))).await;
    assert_eq!(body["record"]["data"]["Email"], "ada@secret.example");
}
