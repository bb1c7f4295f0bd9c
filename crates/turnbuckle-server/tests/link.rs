//! The browser API: whose token opens what, which pages may call, and a mapping from the first
//! draft to its finish.

mod support;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::TestHub;
use support::page::{APP, Moved, Page, call, expect, list_origin, refused};

const CRM: &str = "/api/platform_user/connection/acme-crm";

/// A hub whose workspace lists the origin of its app.
async fn hub() -> TestHub {
    let hub = TestHub::start().await;
    list_origin(&hub).await;
    hub
}

async fn connected(hub: &TestHub) -> Page<'_> {
    let page = Page::of(hub, "acme").await;
    page.post("/api/platform_user/connections/native", json!({"id": "acme-crm"})).await;
    page
}

#[tokio::test]
async fn a_token_is_made_for_a_context_and_changes_what_is_given() {
    let hub = hub().await;
    let wanted = json!({"context": {"external_id": "acme", "external_name": "Acme",
                                    "attributes": {"plan": "pro"}}});
    let (status, _, body) = hub.post("/api/platform/contexts", wanted).await;
    assert_eq!((status, &body["context"]["external_name"]), (StatusCode::CREATED, &json!("Acme")));
    let wanted = json!({"context": {"external_id": "acme", "external_name": "Acme Inc."}});
    let (status, _, body) = hub.post("/api/platform/contexts", wanted).await;
    let context = &body["context"];
    assert_eq!((status, &context["attributes"]), (StatusCode::OK, &json!({"plan": "pro"})));
    let page = Page::of(&hub, "acme").await;
    let session = page.get("/api/platform_user/session").await;
    assert_eq!(session, json!({"session": {"context": "acme", "context_name": "Acme Inc."}}));

    let wrong = json!({"context": {"external_id": "", "external_name": "a\nb"}});
    let body = refused(hub.post("/api/platform/contexts", wrong).await, "invalid-request");
    let paths: Vec<&Json> =
        body["errors"].as_array().unwrap().iter().map(|it| &it["path"]).collect();
    assert_eq!(paths, [&json!("/context/external_id"), &json!("/context/external_name")]);
    let reader = hub.as_key(&["read"]).await;
    let wanted = json!({"context": {"external_id": "acme"}});
    let answer = reader.call(Method::POST, "/api/platform/contexts", Some(wanted)).await;
    refused(answer, "forbidden");
}

#[tokio::test]
async fn a_token_ends_and_is_renewed_for_eight_hours() {
    const MINUTE: i64 = 60_000;
    let clock = Moved::at(1_800_000_000_000);
    let hub = TestHub::start_on(clock.clone(), &[]).await;
    list_origin(&hub).await;
    let mut page = Page::of(&hub, "acme").await;
    for _ in 0..19 {
        clock.advance(25 * MINUTE);
        let renewed = page.post("/api/platform_user/sessions/token", Json::Null).await;
        page.token = renewed["access_token"].as_str().unwrap().to_owned();
    }
    page.get("/api/platform_user/session").await;
    // 475 minutes have passed; the last token ends with the eight hours.
    clock.advance(5 * MINUTE);
    for (method, path) in [
        (Method::GET, "/api/platform_user/session"),
        (Method::POST, "/api/platform_user/sessions/token"),
        (Method::GET, CRM),
    ] {
        refused(page.call(method, path, Json::Null).await, "unauthorized");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_context() {
    let hub = hub().await;
    let page = connected(&hub).await;
    page.get(CRM).await;
    assert_eq!(hub.delete("/api/v1/contexts/acme").await.0, StatusCode::NO_CONTENT);
    refused(page.call(Method::GET, CRM, Json::Null).await, "unauthorized");
}

#[tokio::test]
async fn a_token_opens_its_own_context_alone() {
    let hub = hub().await;
    let acme = connected(&hub).await;
    let other = Page::of(&hub, "other").await;
    let mapping = json!({"entity": "Contact", "fields": {}, "events": {}});
    for (method, path, body) in [
        (Method::GET, CRM.to_owned(), Json::Null),
        (Method::DELETE, CRM.to_owned(), Json::Null),
        (Method::GET, format!("{CRM}/entities"), Json::Null),
        (Method::GET, format!("{CRM}/entities/Contact"), Json::Null),
        (Method::GET, format!("{CRM}/link"), Json::Null),
        (Method::POST, format!("{CRM}/link/objects"), json!({"objects": {}})),
        (Method::PUT, format!("{CRM}/link/draft"), json!({"document": {}, "version": "1.0"})),
        (
            Method::PUT,
            format!("{CRM}/link"),
            json!({"objects": {}, "mapping": {"objects": {}}, "version": "1.0"}),
        ),
        (
            Method::POST,
            format!("{CRM}/link/preview"),
            json!({"objects": {"a": {}}, "object": "a", "mapping": mapping}),
        ),
        (
            Method::POST,
            format!("{CRM}/link/search"),
            json!({"objects": {"a": {}}, "object": "a", "event": "b", "mapping": mapping}),
        ),
        (
            Method::POST,
            "/api/platform_user/connections/native".to_owned(),
            json!({"id": "acme-crm"}),
        ),
    ] {
        refused(other.call(method, &path, body).await, "connection-not-found");
    }
    let listed = other.get("/api/platform_user/connections").await;
    assert_eq!(listed, json!({"connections": []}));
    let connectors = other.get("/api/platform_user/connectors").await;
    assert_eq!(connectors["connectors"][0]["connections"], json!([]));
    assert_eq!(acme.get(CRM).await["connection"]["id"], "acme-crm");
    // A key set is no token, and a token is no key set.
    refused(hub.get(CRM).await, "unauthorized");
    let answer = acme.call(Method::GET, "/api/v1/connections/acme-crm", Json::Null).await;
    refused(answer, "unauthorized");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let hub = hub().await;
    let page = connected(&hub).await;
    let from = async |origin: &str| {
        let headers = [("origin", origin)];
        page.call_with(Method::GET, CRM, Json::Null, &headers).await
    };
    let allowed = |headers: &HeaderMap| {
        headers.get("access-control-allow-origin").map(|it| it.to_str().unwrap().to_owned())
    };
    let (status, headers, _) = from(APP).await;
    assert_eq!((status, allowed(&headers)), (StatusCode::OK, Some(APP.to_owned())));
    assert_eq!(headers["access-control-allow-credentials"], "true");
    // Link itself is of the hub's own origin, whoever ends its TLS.
    for own in ["http://hub.example", "https://hub.example"] {
        assert_eq!(from(own).await.0, StatusCode::OK, "{own}");
    }
    for other in ["https://evil.example", "http://app.example", "null", "https://hub.example:8443"]
    {
        let answer = from(other).await;
        assert_eq!(allowed(&answer.1), None, "{other}");
        refused(answer, "origin-not-allowed");
    }
    // Another workspace lists it: its pages have answers shown, but no say here.
    let theirs = "https://theirs.example";
    let (_, _, made) = hub.post("/api/v1/workspaces", json!({"slug": "theirs"})).await;
    let key = &made["key"];
    let (publishable, secret) =
        (key["publishable"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let put = Some(json!({"origins": [theirs]}));
    hub.calling_as(publishable, secret).call(Method::PUT, "/api/v1/settings/origins", put).await;
    let answer = from(theirs).await;
    assert_eq!(allowed(&answer.1).as_deref(), Some(theirs));
    refused(answer, "origin-not-allowed");

    let ask = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ];
        call(&hub, Method::OPTIONS, CRM, Json::Null, &headers).await
    };
    let (status, headers, _) = ask(APP).await;
    assert_eq!((status, allowed(&headers)), (StatusCode::NO_CONTENT, Some(APP.to_owned())));
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    let answer = ask("https://evil.example").await;
    assert_eq!(allowed(&answer.1), None);
    refused(answer, "origin-not-allowed");
}

#[tokio::test]
async fn origins_are_whole() {
    let hub = TestHub::start().await;
    let given = json!({"origins": ["https://APP.example/", "http://localhost:3000"]});
    let (_, _, body) = hub.put("/api/v1/settings/origins", given).await;
    assert_eq!(body, json!({"origins": ["https://app.example", "http://localhost:3000"]}));
    let odd = json!({"origins": ["*", "app.example", "https://app.example/path", "https://u@a.b"]});
    let body = refused(hub.put("/api/v1/settings/origins", odd).await, "invalid-request");
    assert_eq!(body["errors"].as_array().unwrap().len(), 4, "{body}");
    let twice = json!({"origins": ["https://a.example", "https://a.example/"]});
    refused(hub.put("/api/v1/settings/origins", twice).await, "invalid-request");
    let (_, _, kept) = hub.get("/api/v1/settings/origins").await;
    assert_eq!(kept["origins"][0], "https://app.example", "nothing was changed");
}

#[tokio::test]
async fn a_session_gets_fresh_tokens_for_pages_of_the_app_alone() {
    let hub = hub().await;
    let page = Page::of(&hub, "acme").await;
    let path = "/api/platform_user/sessions";
    let (status, headers, _) = page.call(Method::POST, path, Json::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let set = headers["set-cookie"].to_str().unwrap();
    for part in ["; HttpOnly; Secure; SameSite=None; Partitioned", "; Path=/api/platform_user;"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap().to_owned();
    let renew = async |headers: &[(&str, &str)]| {
        let headers = [headers, &[("cookie", cookie.as_str())]].concat();
        call(&hub, Method::POST, "/api/platform_user/sessions/token", Json::Null, &headers).await
    };
    let fresh = expect(renew(&[("origin", APP)]).await);
    let fresh = Page::with(&hub, fresh["access_token"].as_str().unwrap());
    fresh.get("/api/platform_user/session").await;
    // A token whose time is over does not stand in the way.
    let over = [("origin", APP), ("authorization", "Bearer over")];
    expect(renew(&over).await);
    refused(renew(&[("origin", "https://evil.example")]).await, "origin-not-allowed");
    refused(renew(&[]).await, "forbidden");
    // The cookie opens nothing else, and is no token.
    let with_cookie = [("origin", APP), ("cookie", cookie.as_str())];
    for path in ["/api/platform_user/session", "/api/platform_user/connections"] {
        refused(call(&hub, Method::GET, path, Json::Null, &with_cookie).await, "unauthorized");
    }
    let (_, session) = cookie.split_once('=').unwrap();
    let as_token = Page::with(&hub, session);
    let answer = as_token.call(Method::GET, "/api/platform_user/session", Json::Null).await;
    refused(answer, "unauthorized");
    let (status, headers, _) = page.call(Method::DELETE, path, Json::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn a_crm_is_connected_and_disconnected() {
    let hub = hub().await;
    let page = Page::of(&hub, "acme").await;
    let connectors = page.get("/api/platform_user/connectors").await;
    let connector = &connectors["connectors"][0];
    assert_eq!((&connector["slug"], &connector["crm"]), (&json!("native"), &json!(true)));
    let made = page
        .post(
            "/api/platform_user/connections/native",
            json!({"id": "acme-crm", "time_zone": "europe/berlin"}),
        )
        .await;
    let connection = &made["connection"];
    assert_eq!((&connection["id"], &connection["enabled"]), (&json!("acme-crm"), &json!(true)));
    assert_eq!(connection["authorization"]["status"], "active");
    assert_eq!(connection["connector"]["name"], "Built-in CRM");
    let (_, _, shown) = hub.get("/api/v1/connections/acme-crm").await;
    assert_eq!(shown["connection"]["time_zone"], "Europe/Berlin");
    // Again, by a double click or to reconnect: it stays as it is.
    page.post("/api/platform_user/connections/native", json!({"id": "acme-crm"})).await;
    let (_, _, again) = hub.get("/api/v1/connections/acme-crm").await;
    assert_eq!(again, shown);

    for path in ["connections/native", "connection/acme-crm"] {
        let found = page.get(&format!("/api/platform_user/{path}")).await;
        assert_eq!(found["connection"]["id"], "acme-crm", "{path}");
    }
    let listed = page.get("/api/platform_user/connections?slug=native").await;
    assert_eq!(listed["connections"].as_array().unwrap().len(), 1);
    let path = "/api/platform_user/connections/nonsense";
    refused(page.call(Method::GET, path, Json::Null).await, "connector-not-found");
    let odd = json!({"id": "a b\n", "time_zone": null});
    let path = "/api/platform_user/connections/native";
    refused(page.call(Method::POST, path, odd).await, "invalid-request");

    let (status, _, body) = page.call(Method::DELETE, CRM, Json::Null).await;
    assert_eq!((status, &body["connection"]["id"]), (StatusCode::OK, &json!("acme-crm")));
    refused(page.call(Method::DELETE, CRM, Json::Null).await, "connection-not-found");
}

#[tokio::test]
async fn the_platform_is_that_of_the_token_or_of_the_page() {
    let hub = hub().await;
    let page = Page::of(&hub, "acme").await;
    let expected =
        json!({"platform": {"name": "Default", "slug": "default", "website_origins": [APP]}});
    assert_eq!(page.get("/api/platform_user/platform").await, expected);
    let ask = async |headers: &[(&str, &str)]| {
        call(&hub, Method::GET, "/api/platform_user/platform", Json::Null, headers).await
    };
    assert_eq!(expect(ask(&[("origin", APP)]).await), expected);
    assert_eq!(expect(ask(&[]).await), expected);
    refused(ask(&[("authorization", "Bearer nonsense")]).await, "unauthorized");
}

fn objects() -> Json {
    let text = json!({"type": "string", "label": "Name"});
    json!({"person": {"fields": {"name": text, "born": {"type": "string", "format": "datetime"}},
        "events": {"find": {"type": "search", "payloadSchema": {"name": {"type": "string"}}}}}})
}

fn person(find: Json) -> Json {
    json!({"entity": "Contact", "fields": {"name": {"column": "Name"}, "born": {"empty": true}},
           "events": {"find": find}})
}

fn by_name() -> Json {
    let condition = json!({"column": "Name", "op": "starts_with", "payload": "name"});
    json!({"action": "search", "filter": {"all": [condition]},
           "sort": [{"column": "Name", "descending": true}]})
}

async fn given_contacts(hub: &TestHub, names: &[&str]) {
    for name in names {
        let path = "/api/v1/connections/acme-crm/entities/Contact/records";
        let (status, _, body) = hub.post(path, json!({"data": {"Name": name}})).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
}

#[tokio::test]
async fn a_column_says_what_it_can_be_used_for() {
    let hub = hub().await;
    let page = connected(&hub).await;
    let listed = page.get(&format!("{CRM}/entities")).await;
    assert!(listed["entities"].as_array().unwrap().iter().any(|it| it["name"] == "Contact"));
    let entity = page.get(&format!("{CRM}/entities/Contact")).await["entity"].clone();
    let column = |name: &str| {
        let columns = entity["columns"].as_array().unwrap();
        columns.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let name = column("Name");
    assert_eq!((&name["type"], &name["filterable"]), (&json!("text"), &json!(true)));
    assert_eq!(
        name["feeds"][0],
        json!({"type": "string", "format": null, "transforms": ["direct", "date"]})
    );
    let ops: Vec<&Json> =
        name["operators"].as_array().unwrap().iter().map(|it| &it["op"]).collect();
    assert!(
        ops.contains(&&json!("starts_with")) && !ops.contains(&&json!("last_n_days")),
        "{ops:?}"
    );
    let created = column("CreatedOn");
    assert_eq!(
        (&created["createable"], &created["required_on_create"]),
        (&json!(false), &json!(false))
    );
    let days = created["operators"].as_array().unwrap().iter();
    let days = days.filter(|it| it["op"] == "last_n_days").collect::<Vec<_>>();
    assert_eq!(days, [&json!({"op": "last_n_days", "operands": "one", "evaluated_by": "crm"})]);
    refused(
        page.call(Method::GET, &format!("{CRM}/entities/Nonsense"), Json::Null).await,
        "entity-not-found",
    );
}

#[tokio::test]
async fn a_mapping_is_tried_before_it_is_in_force() {
    let hub = hub().await;
    let page = connected(&hub).await;
    given_contacts(&hub, &["Ada", "Alan", "Bob", "Alice"]).await;
    let mut mapping = person(by_name());
    mapping["fields"]["born"] = json!({"expression": "record.Name.x.y"});
    let wanted = json!({"objects": objects(), "object": "person", "mapping": mapping});
    let preview = page.post(&format!("{CRM}/link/preview"), wanted).await;
    let records = preview["records"].as_array().unwrap();
    let names: Vec<&Json> = records.iter().map(|it| &it["data"]["name"]).collect();
    assert_eq!(names, ["Ada", "Alan", "Bob"]);
    assert_eq!(preview["errors"][0]["path"], "/fields/born/expression", "{preview}");

    let mut wanted = json!({"objects": objects(), "object": "person", "event": "find",
                            "mapping": person(by_name()), "payload": {"name": "al"}});
    let path = format!("{CRM}/link/search");
    let found = page.post(&path, wanted.clone()).await;
    assert_eq!(found["count"], json!({"value": 2, "exact": true}));
    let labels: Vec<&Json> =
        found["records"].as_array().unwrap().iter().map(|it| &it["label"]).collect();
    assert_eq!(labels, ["Alice", "Alan"]);
    assert_eq!(found["records"][0]["data"], json!({"name": "Alice", "born": null}));

    wanted["payload"] = json!({});
    let body = refused(page.call(Method::POST, &path, wanted.clone()).await, "invalid-request");
    assert_eq!(body["errors"][0]["path"], "/payload/name");
    wanted["mapping"]["fields"]["name"] = json!({"column": "Nmae"});
    let body = refused(page.call(Method::POST, &path, wanted.clone()).await, "invalid-request");
    assert_eq!(body["errors"][0]["path"], "/mapping/fields/name/column");
    wanted["objects"]["person"]["fields"]["name"]["type"] = json!("txt");
    let body = refused(page.call(Method::POST, &path, wanted).await, "invalid-request");
    assert_eq!(body["errors"][0]["path"], "/objects/person/fields/name/type");
    let (_, _, shown) = hub.get("/api/v1/connections/acme-crm").await;
    assert_eq!(shown["connection"]["has_objects"], false, "nothing of it is in force");
}

#[tokio::test]
async fn a_draft_is_kept_until_the_finish() {
    let hub = hub().await;
    let page = connected(&hub).await;
    given_contacts(&hub, &["Ada", "Alan"]).await;
    hub.put("/api/v1/objects/person", json!({"label": "Person", "description": "Somebody"})).await;
    let checked = page.post(&format!("{CRM}/link/objects"), json!({"objects": objects()})).await;
    assert_eq!(checked["objects"]["person"]["label"], "Person");
    let first = page.get(&format!("{CRM}/link")).await["link"].clone();
    let nothing = json!({"objects": {}, "mapping": {"objects": {}}, "draft": null,
                         "version": first["version"]});
    assert_eq!(first, nothing);

    let save = async |document: Json, version: &Json| {
        let body = json!({"document": document, "version": version});
        page.call(Method::PUT, &format!("{CRM}/link/draft"), body).await
    };
    let saved = expect(save(json!({"step": "fields"}), &first["version"]).await);
    // Another window, which has not seen it.
    let late = save(json!({"step": "other"}), &first["version"]).await;
    refused(late, "precondition-failed");
    let found = page.get(&format!("{CRM}/link")).await["link"].clone();
    assert_eq!(found["draft"]["document"], json!({"step": "fields"}));
    assert_eq!(found["version"], saved["version"]);
    let huge = json!({"text": "x".repeat(600 << 10)});
    refused(save(huge, &saved["version"]).await, "payload-too-large");
    refused(save(json!({}), &json!("nonsense")).await, "invalid-request");

    let finish = async |mapping: Json, version: &Json| {
        let mapping = json!({"objects": {"person": mapping}});
        let body = json!({"objects": objects(), "mapping": mapping, "version": version});
        page.call(Method::PUT, &format!("{CRM}/link"), body).await
    };
    let mut unfinished = person(by_name());
    unfinished["fields"].as_object_mut().unwrap().shift_remove("born");
    unfinished["events"] = json!({});
    let body = refused(finish(unfinished, &saved["version"]).await, "invalid-request");
    let paths: Vec<&Json> =
        body["errors"].as_array().unwrap().iter().map(|it| &it["path"]).collect();
    let at = "/mapping/objects/person";
    assert_eq!(paths, [&json!(format!("{at}/events/find")), &json!(format!("{at}/fields/born"))]);
    refused(finish(person(by_name()), &first["version"]).await, "precondition-failed");
    let found = page.get(&format!("{CRM}/link")).await["link"].clone();
    assert_eq!(found["draft"]["document"], json!({"step": "fields"}), "nothing is lost");

    let done = expect(finish(person(by_name()), &saved["version"]).await)["link"].clone();
    assert_eq!((&done["draft"], &done["objects"]), (&Json::Null, &objects()));
    let event = "/api/v1/crm/acme-crm/objects/person/events/find";
    let (_, _, found) = hub.post(event, json!({"payload": {"name": "ad"}})).await;
    assert_eq!(found["records"][0]["data"]["name"], "Ada", "{found}");
    // Somebody maps by API meanwhile: the page that has not seen it hears of it.
    let mapping = json!({"objects": {"person": {"entity": null}}});
    hub.put("/api/v1/connections/acme-crm/mapping", mapping).await;
    refused(finish(person(by_name()), &done["version"]).await, "precondition-failed");
}

#[tokio::test]
async fn with_nothing_to_map_there_is_nothing_to_finish() {
    let hub = hub().await;
    let page = connected(&hub).await;
    let link = page.get(&format!("{CRM}/link")).await["link"].clone();
    let body = json!({"objects": {}, "mapping": {"objects": {}}, "version": link["version"]});
    page.put(&format!("{CRM}/link"), body).await;
}

#[tokio::test]
async fn the_page_is_shown_in_frames_of_the_app_alone() {
    let hub = TestHub::start().await;
    let policy = async |workspace: &str| {
        let request = Request::get(format!("/link/{workspace}")).body(Body::empty()).unwrap();
        let (status, headers, _) = hub.send(request).await;
        assert_eq!(status, StatusCode::OK);
        headers["content-security-policy"].to_str().unwrap().to_owned()
    };
    assert!(policy("default").await.ends_with("; frame-ancestors 'none'"));
    list_origin(&hub).await;
    let policy = policy("default").await;
    assert!(policy.ends_with("; frame-ancestors https://app.example"), "{policy}");
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let nowhere = Request::get("/link/nowhere").body(Body::empty()).unwrap();
    refused(hub.send(nowhere).await, "workspace-not-found");
}
