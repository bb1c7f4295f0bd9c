//! Keys, workspaces, contexts and settings, and what the first start makes.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::{TestHub, problem};
use turnbuckle_server::app::App;
use turnbuckle_server::bootstrap::{self, BootstrapError};
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_server::seal::Sealer;

#[tokio::test]
async fn a_key_works_from_the_answer_that_makes_it_until_it_is_revoked() {
    let hub = TestHub::start().await;
    let wanted = json!({"scopes": ["read"], "label": "Reader"});
    let (status, _, body) = hub.post("/api/v1/keys", wanted).await;
    assert_eq!(status, StatusCode::CREATED);
    let key = &body["key"];
    let (publishable, secret) = (key["publishable"].as_str(), key["secret"].as_str());
    let (publishable, secret) = (publishable.unwrap(), secret.unwrap());
    assert!(publishable.starts_with("pk_") && secret.starts_with("sk_"), "{key}");

    let caller = hub.calling_as(publishable, secret);
    let connections = "/api/v1/connections";
    assert_eq!(caller.call(Method::GET, connections, None).await.0, StatusCode::OK);
    assert_eq!(caller.call(Method::GET, "/api/v1/keys", None).await.0, StatusCode::FORBIDDEN);
    let wrong = hub.calling_as(publishable, "sk_other");
    assert_eq!(wrong.call(Method::GET, connections, None).await.0, StatusCode::UNAUTHORIZED);

    let (_, _, listed) = hub.get("/api/v1/keys").await;
    assert!(!listed.to_string().contains(secret), "a secret is shown once");
    assert_eq!(listed["keys"][1]["id"], key["id"]);

    let path = format!("/api/v1/keys/{}", key["id"].as_str().unwrap());
    assert_eq!(hub.delete(&path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(caller.call(Method::GET, connections, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(problem(&hub.delete(&path).await).1, "key-not-found");
    assert_eq!(problem(&hub.delete("/api/v1/keys/nonsense").await).1, "key-not-found");
}

#[tokio::test]
async fn a_wrong_key_is_refused_member_by_member() {
    let hub = TestHub::start().await;
    let check = async |body: Json, paths: &[&str]| {
        let answer = hub.post("/api/v1/keys", body.clone()).await;
        assert_eq!(problem(&answer).2, paths, "{body} → {}", answer.2);
        assert_eq!(answer.0, StatusCode::BAD_REQUEST);
    };
    check(json!({}), &["/scopes"]).await;
    check(json!({"scopes": []}), &["/scopes"]).await;
    check(json!({"scopes": ["al"]}), &["/scopes/0"]).await;
    check(json!({"scopes": ["all", "connection:"]}), &["/scopes/1"]).await;
    check(json!({"scopes": ["read", "connection:none"]}), &["/scopes/1"]).await;
    check(json!({"scopes": ["all"], "addresses": ["10.0.0.0/8", "x"]}), &["/addresses/1"]).await;
    check(json!({"scopes": ["all"], "label": "x".repeat(201)}), &["/label"]).await;
    check(json!({"scopes": ["all"], "lable": "x"}), &["/lable"]).await;
    check(json!({"scopes": "all"}), &["/scopes"]).await;
}

#[tokio::test]
async fn only_an_operator_grants_and_revokes_operator_and_makes_workspaces() {
    let hub = TestHub::start().await;
    let all = hub.as_key(&["all"]).await;
    let wanted = || Some(json!({"scopes": ["operator"]}));
    let refused = all.call(Method::POST, "/api/v1/keys", wanted()).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
    let (status, _, made) = hub.post("/api/v1/keys", wanted().unwrap()).await;
    assert_eq!(status, StatusCode::CREATED);
    let key = format!("/api/v1/keys/{}", made["key"]["id"].as_str().unwrap());
    assert_eq!(all.call(Method::DELETE, &key, None).await.0, StatusCode::FORBIDDEN);
    assert_eq!(hub.delete(&key).await.0, StatusCode::NO_CONTENT);

    let wanted = || json!({"slug": "beta", "label": "Beta"});
    let refused = all.call(Method::POST, "/api/v1/workspaces", Some(wanted())).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
    let (status, _, body) = hub.post("/api/v1/workspaces", wanted()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(body["workspace"]["slug"], "beta");
    assert_eq!(hub.post("/api/v1/workspaces", wanted()).await.0, StatusCode::CONFLICT);
    let (_, _, listed) = hub.get("/api/v1/workspaces").await;
    assert_eq!(listed["workspaces"][1]["label"], "Beta");
    for slug in ["", "Beta", "-b", "b_c", &"b".repeat(64)] {
        let answer = hub.post("/api/v1/workspaces", json!({ "slug": slug })).await;
        assert_eq!(problem(&answer).2, ["/slug"], "{slug}");
    }

    // The key of the other workspace sees nothing of this one.
    let connection = json!({"context": "acme", "connector": "native"});
    hub.put("/api/v1/connections/acme-crm", connection).await;
    let key = &body["key"];
    let secrets = [&key["publishable"], &key["secret"]].map(|it| it.as_str().unwrap());
    let beta = hub.calling_as(secrets[0], secrets[1]);
    let (_, _, listed) = beta.call(Method::GET, "/api/v1/connections", None).await;
    assert_eq!(listed["connections"], json!([]));
    for path in ["", "/entities", "/objects", "/mapping", "/entities/Lead/records/x"] {
        let path = format!("/api/v1/connections/acme-crm{path}");
        let answer = beta.call(Method::GET, &path, None).await;
        assert_eq!(problem(&answer).1, "connection-not-found", "{path}");
    }
}

#[tokio::test]
async fn a_key_of_one_connection_changes_its_settings_and_does_not_move_it() {
    let hub = TestHub::with_connection().await;
    let path = "/api/v1/connections/acme-crm";
    let bound = hub.as_key(&["read", "connection:acme-crm"]).await;
    let put = |context: &str| json!({"context": context, "connector": "native"});
    let contexts = async || hub.get("/api/v1/contexts").await.2["contexts"].clone();
    let before = contexts().await;

    for (method, body) in
        [(Method::PUT, put("other")), (Method::PATCH, json!({"context": "other"}))]
    {
        let refused = bound.call(method, path, Some(body)).await;
        assert_eq!(problem(&refused).1, "forbidden", "{}", refused.2);
    }
    assert_eq!(contexts().await, before);
    for (method, body) in
        [(Method::PUT, put("acme")), (Method::PATCH, json!({"time_zone": "Europe/Berlin"}))]
    {
        let (status, _, body) = bound.call(method, path, Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let (status, _, body) = hub.patch(path, json!({"context": "other"})).await;
    assert_eq!((status, &body["connection"]["context"]), (StatusCode::OK, &json!("other")));

    assert_eq!(bound.call(Method::DELETE, path, None).await.0, StatusCode::NO_CONTENT);
    let refused = bound.call(Method::PUT, path, Some(put("third"))).await;
    assert_eq!(problem(&refused).1, "forbidden", "it makes none anew: {}", refused.2);
}

#[tokio::test]
async fn a_short_listing_is_paged_like_any_other() {
    let hub = TestHub::start().await;
    for _ in 0..4 {
        hub.as_key(&["read"]).await;
    }
    let (_, _, first) = hub.get("/api/v1/keys?limit=2").await;
    assert_eq!(first["keys"].as_array().unwrap().len(), 2);
    let next = first["page"]["next"].as_str().unwrap();
    let (_, _, rest) = hub.get(&format!("/api/v1/keys?limit=200&cursor={next}")).await;
    assert_eq!(rest["keys"].as_array().unwrap().len(), 3);
    assert_eq!(rest["page"], json!({"has_more": false}));
    let foreign = hub.get(&format!("/api/v1/connectors?cursor={next}")).await;
    assert_eq!(problem(&foreign).1, "cursor-invalid");
    for (query, path) in [
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("limit=x", "?limit"),
        ("limit=5&limit=6", "?limit"),
        ("curser=x", "?curser"),
    ] {
        let answer = hub.get(&format!("/api/v1/keys?{query}")).await;
        assert_eq!(problem(&answer), (400, "invalid-request".to_owned(), vec![path.to_owned()]));
    }
}

#[tokio::test]
async fn a_context_is_put_read_and_deleted_with_its_connections() {
    let hub = TestHub::start().await;
    let path = "/api/v1/contexts/acme";
    let wanted = json!({"external_name": "Acme", "attributes": {"plan": "gold"}});
    assert_eq!(hub.put(path, wanted.clone()).await.0, StatusCode::CREATED);
    let (status, _, body) = hub.put(path, wanted).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(hub.get(path).await.2, body);
    assert_eq!(body["context"]["attributes"], json!({"plan": "gold"}));
    assert_eq!(hub.get("/api/v1/contexts").await.2["contexts"][0], body["context"]);
    assert_eq!(problem(&hub.put(path, json!({"name": "Acme"})).await).2, ["/name"]);
    assert_eq!(hub.put("/api/v1/contexts/a%20b", json!({})).await.0, StatusCode::BAD_REQUEST);

    let connection = json!({"context": "acme", "connector": "native"});
    hub.put("/api/v1/connections/acme-crm", connection).await;
    assert_eq!(hub.delete(path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(problem(&hub.get(path).await).1, "context-not-found");
    let connection = hub.get("/api/v1/connections/acme-crm").await;
    assert_eq!(problem(&connection).1, "connection-not-found");
}

#[tokio::test]
async fn settings_are_read_as_they_were_put() {
    let hub = TestHub::start().await;
    let check = async |name: &str, good: Json, wrong: Json, path: &str| {
        let url = format!("/api/v1/settings/{name}");
        assert_eq!(hub.put(&url, good.clone()).await.0, StatusCode::OK);
        assert_eq!(problem(&hub.put(&url, wrong).await).2, [path]);
        assert_eq!(hub.get(&url).await.2, good);
    };
    let (_, _, delivered) = hub.get("/api/v1/settings/webhook-entities").await;
    assert_eq!(delivered, json!({"entities": ["Contact", "Lead", "Order", "FormSubmit"]}));
    for wrong in ["a b", "Contakt"] {
        let (good, wrong) = (json!({"entities": ["Lead"]}), json!({"entities": ["Lead", wrong]}));
        check("webhook-entities", good, wrong, "/entities/1").await;
    }
    let (_, _, retention) = hub.get("/api/v1/settings/retention").await;
    assert_eq!(retention["failed_days"], 90);
    let refused = hub.put("/api/v1/settings/retention", json!({})).await;
    assert_eq!(refused.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_webhooks_setting_keeps_one_endpoint_in_step() {
    let hub = TestHub::start().await;
    let path = "/api/v1/settings/webhooks";
    let endpoints = async || hub.app.catalog.endpoints(hub.workspace).await.unwrap();
    let none = json!({"url": null, "has_token": false, "endpoint": null});
    assert_eq!(hub.get(path).await.2, none);
    assert_eq!(problem(&hub.put(path, json!({"token": "t"})).await).2, ["/url"]);
    assert_eq!(problem(&hub.put(path, json!({"url": "ftp://x"})).await).2, ["/url"]);

    let wanted = json!({"url": "https://app.example/hooks", "token": "t"});
    let (status, _, made) = hub.put(path, wanted).await;
    assert_eq!(status, StatusCode::OK);
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"), "{made}");
    let (_, _, shown) = hub.get(path).await;
    let expect = json!({"url": "https://app.example/hooks", "has_token": true,
        "endpoint": made["endpoint"]});
    assert_eq!(shown, expect);
    let live = endpoints().await;
    let settings = &live[0].settings;
    assert_eq!(settings.token.as_ref().map(|it| it.0.as_str()), Some("t"));
    assert!([200, 202, 204].iter().all(|status| settings.is_success(*status)));

    let (_, _, changed) = hub.put(path, json!({"url": "https://app.example/other"})).await;
    assert_eq!((&changed["has_token"], &changed["endpoint"]), (&json!(true), &made["endpoint"]));
    let wanted = json!({"url": "https://app.example/other", "token": null});
    assert_eq!(hub.put(path, wanted).await.2["has_token"], false);
    let live = endpoints().await;
    assert_eq!((live.len(), live[0].settings.url.as_str()), (1, "https://app.example/other"));

    assert_eq!(hub.put(path, json!({"url": null})).await.2, none);
    assert!(endpoints().await.is_empty());
}

async fn app(data: &std::path::Path, bootstrap_key: Option<&str>) -> App {
    App::build(config(data, bootstrap_key)).await.unwrap()
}

fn config(data: &std::path::Path, bootstrap_key: Option<&str>) -> Config {
    let data = data.to_str().unwrap().to_owned();
    let mut environment = vec![("TURNBUCKLE_DATA".to_owned(), data)];
    environment.extend(bootstrap_key.map(|it| ("TURNBUCKLE_BOOTSTRAP_KEY".into(), it.to_owned())));
    Config::load(&Sources { environment, ..Sources::default() }).unwrap()
}

#[tokio::test]
async fn the_first_start_prints_one_key_set_once() {
    let data = tempfile::tempdir().unwrap();
    let app = app(data.path(), None).await;
    let printed = bootstrap::first_start(&app).await.unwrap().unwrap();
    assert!(bootstrap::first_start(&app).await.unwrap().is_none());
    let key = app.store.api_key(&printed.publishable).await.unwrap().unwrap();
    assert_eq!(key.scopes, ["all", "operator"]);
    assert_eq!(app.store.workspaces().await.unwrap().len(), 1);
    assert!(!format!("{printed:?}").contains(printed.secret.reveal()));
}

#[tokio::test]
async fn of_two_first_starts_at_the_same_moment_one_makes_a_key_set() {
    let data = tempfile::tempdir().unwrap();
    let app = app(data.path(), None).await;
    let starts = tokio::join!(bootstrap::first_start(&app), bootstrap::first_start(&app));
    let printed: Vec<_> = [starts.0, starts.1].into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(printed.len(), 1, "{printed:?}");
    let workspace = app.store.workspaces().await.unwrap()[0].id;
    let keys = app.store.api_keys(workspace).await.unwrap();
    let usable: Vec<_> = keys.iter().map(|key| key.publishable.as_str()).collect();
    assert_eq!(usable, [printed[0].publishable.as_str()]);
}

#[tokio::test]
async fn a_configured_key_set_is_made_and_not_printed() {
    let data = tempfile::tempdir().unwrap();
    let app = app(data.path(), Some("pk_mine:sk_mine")).await;
    assert!(bootstrap::first_start(&app).await.unwrap().is_none());
    assert!(app.store.api_key("pk_mine").await.unwrap().is_some());
}

#[tokio::test]
async fn a_key_file_of_another_database_is_refused_at_start() {
    let data = tempfile::tempdir().unwrap();
    let app = app(data.path(), None).await;
    let other = Sealer::new([7; 32]).key_id().to_string();
    app.store.claim_note("seal-key", &other).await.unwrap();
    let refused = bootstrap::first_start(&app).await;
    assert!(
        matches!(&refused, Err(BootstrapError::OtherSealKey { sealed_with, .. }) if *sealed_with == other),
        "{refused:?}"
    );
    assert!(app.store.workspaces().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_database_without_its_key_file_is_refused_and_gets_no_other() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("hub");
    app(&folder, None).await.store.close().await;
    let key = folder.join("seal.key");
    std::fs::remove_file(&key).unwrap();
    let refused = App::build(config(&folder, None)).await.err().unwrap();
    assert!(refused.to_string().contains("put the key of this database back"), "{refused:#}");
    assert!(!key.exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
