//! Endpoints, deliveries, recoveries, notices and the change feed.

mod support;

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{DeliveryId, EndpointId, UnixMs};
use turnbuckle_core::signature::{PublicKey, Secret};
use turnbuckle_server::{api, workers};
use turnbuckle_store::delivery::{AfterAttempt, Attempt, Draft};

const ENDPOINTS: &str = "/api/v1/endpoints";
const URL: &str = "https://app.example/hooks";
/// Well-formed, of nobody.
const NOBODY: &str = "0190a3c25c3e7d529a103f6b1c2d4e5f";

#[track_caller]
fn check_problem(answer: Answer, status: u16, slug: &str, paths: &[&str]) {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(problem(&answer), (status, slug.to_owned(), paths), "{}", answer.2);
}

async fn create(hub: &TestHub, mut settings: Json) -> Json {
    if settings["url"].is_null() {
        settings["url"] = json!(URL);
    }
    let (status, _, mut body) = hub.post(ENDPOINTS, settings).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["endpoint"].take()
}

fn path(endpoint: &Json, rest: &str) -> String {
    format!("{ENDPOINTS}/{}{rest}", endpoint["id"].as_str().unwrap())
}

fn without(mut object: Json, members: &[&str]) -> Json {
    for member in members {
        object.as_object_mut().unwrap().remove(*member);
    }
    object
}

#[tokio::test]
async fn an_endpoint_shows_its_secret_once() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({"token": "t0ken", "ed25519": true})).await;
    assert!(Secret::parse(made["secret"].as_str().unwrap()).is_ok());
    assert!(PublicKey::parse(made["public_key"].as_str().unwrap()).is_ok());
    assert_eq!((&made["status"], &made["has_token"]), (&json!("active"), &json!(true)));
    assert_eq!((&made["format"], &made["scope"]), (&json!("universal"), &json!("subscriptions")));
    assert!(!made.to_string().contains("t0ken"));

    let shown = without(made.clone(), &["secret"]);
    let (status, headers, read) = hub.get(&path(&made, "")).await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"1\""));
    assert_eq!(read["endpoint"], shown);
    let (_, _, listed) = hub.get(ENDPOINTS).await;
    assert_eq!(listed, json!({"endpoints": [shown], "page": {"has_more": false}}));

    let live = hub.app.catalog.endpoints(hub.workspace).await.unwrap();
    assert_eq!(live[0].settings.token.as_ref().unwrap().0, "t0ken");
    assert!(live[0].signing_key.is_some());
}

#[tokio::test]
async fn values_of_headers_are_sealed_and_shown_to_who_may_change_them() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({"headers": {"X-Api-Key": "s3cret"}})).await;
    let shown = json!({"X-Api-Key": "s3cret"});
    assert_eq!(made["headers"], shown);
    let (_, _, patched) = hub.patch(&path(&made, ""), json!({"description": "ours"})).await;
    assert_eq!(patched["endpoint"]["headers"], shown);
    let setting = json!({"url": "https://app.example/setting"});
    let (_, _, setting) = hub.put("/api/v1/settings/webhooks", setting).await;
    let of_setting = format!("{ENDPOINTS}/{}", setting["endpoint"].as_str().unwrap());
    hub.patch(&of_setting, json!({"headers": {"X-Api-Key": "s3cret"}})).await;
    hub.put("/api/v1/settings/webhooks", json!({"url": "https://app.example/other"})).await;

    let reader = hub.as_key(&["read"]).await;
    let masked = json!({"X-Api-Key": "***"});
    for at in [path(&made, ""), of_setting] {
        assert_eq!(hub.get(&at).await.2["endpoint"]["headers"], shown);
        let (_, _, read) = reader.call(Method::GET, &at, None).await;
        assert_eq!(read["endpoint"]["headers"], masked);
    }
    let (_, _, listed) = reader.call(Method::GET, ENDPOINTS, None).await;
    assert!(!listed.to_string().contains("s3cret"), "{listed}");
    assert_eq!(hub.get(ENDPOINTS).await.2["endpoints"][1]["headers"], shown);

    for live in hub.app.catalog.endpoints(hub.workspace).await.unwrap().iter() {
        assert_eq!(live.headers["x-api-key"], "s3cret");
        let row = hub.app.store.endpoint(hub.workspace, live.id).await.unwrap().unwrap();
        assert!(!row.settings.to_string().contains("s3cret"), "{}", row.settings);
        let is_plain = row.sealed.windows(6).any(|bytes| bytes == b"s3cret");
        assert!(!is_plain, "sealed in name only");
    }
}

#[tokio::test]
async fn an_endpoint_is_patched_replaced_and_deleted() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({"token": "t", "headers": {"x-a": "1"}})).await;
    let at = path(&made, "");

    let (status, headers, patched) = hub
        .patch(&at, json!({"timeout_ms": 2_000, "headers": {"x-b": "2"}, "ed25519": true}))
        .await;
    assert_eq!((status, headers["etag"].to_str().unwrap()), (StatusCode::OK, "\"2\""));
    let patched = &patched["endpoint"];
    assert_eq!(patched["headers"], json!({"x-a": "1", "x-b": "2"}));
    assert_eq!((&patched["timeout_ms"], &patched["has_token"]), (&json!(2_000), &json!(true)));
    let key = patched["public_key"].clone();
    assert!(key.is_string() && patched["secret"].is_null());
    let (_, _, again) = hub.patch(&at, json!({"description": "ours"})).await;
    assert_eq!(again["endpoint"]["public_key"], key, "the key stays");

    let stale = hub.if_match("\"2\"", Method::PATCH, &at, Some(json!({"coalesce": false}))).await;
    check_problem(stale, 412, "precondition-failed", &[]);
    let (_, headers, replaced) =
        hub.if_match("\"3\"", Method::PUT, &at, Some(json!({ "url": URL }))).await;
    assert_eq!(headers["etag"], "\"4\"");
    let replaced = &replaced["endpoint"];
    assert_eq!(replaced["headers"], json!({}));
    assert_eq!((&replaced["has_token"], &replaced["public_key"]), (&json!(false), &Json::Null));

    let wrong = hub.patch(&at, json!({"url": "ftp://x", "timeuot_ms": 1})).await;
    assert_eq!(problem(&wrong).0, 400);
    let stale = hub.if_match("\"1\"", Method::DELETE, &at, None).await;
    check_problem(stale, 412, "precondition-failed", &[]);
    assert_eq!(hub.delete(&at).await.0, StatusCode::NO_CONTENT);
    for answer in [
        hub.get(&at).await,
        hub.delete(&at).await,
        hub.patch(&at, json!({})).await,
        hub.put(&at, json!({ "url": URL })).await,
        hub.post(&path(&made, "/pause"), json!({})).await,
        hub.post(&path(&made, "/resume"), json!({})).await,
        hub.post(&path(&made, "/test"), json!({})).await,
        hub.post(&path(&made, "/rotate-secret"), json!({})).await,
        hub.post(&path(&made, "/recover"), json!({"since": "2026-01-01T00:00:00Z"})).await,
        hub.get(&format!("{ENDPOINTS}/nonsense")).await,
    ] {
        check_problem(answer, 404, "endpoint-not-found", &[]);
    }
}

#[tokio::test]
async fn wrong_settings_are_named_by_their_members() {
    let hub = TestHub::with_connection().await;
    let check = async |mut settings: Json, paths: &[&str]| {
        if settings.get("url").is_none() {
            settings["url"] = json!(URL);
        }
        check_problem(hub.post(ENDPOINTS, settings).await, 400, "invalid-request", paths);
    };
    check(json!({"url": null}), &["/url"]).await;
    check(json!({"url": "https://user:pass@app.example/"}), &["/url"]).await;
    check(json!({"connection": "other"}), &["/connection"]).await;
    check(json!({"entities": ["Contact", "Leed"]}), &["/entities/1"]).await;
    check(json!({"connection": "acme-crm", "entities": ["Leed"]}), &["/entities/0"]).await;
    check(json!({"formt": "agile"}), &["/formt"]).await;
    for refused in ["http://127.0.0.1:9/", "http://[::1]/", "http://0x7f.1/", "http://localhost/"] {
        let answer = hub.post(ENDPOINTS, json!({ "url": refused })).await;
        let cure = answer.2["errors"][0]["detail"].as_str().unwrap();
        assert!(cure.contains("TURNBUCKLE_EGRESS__ALLOW_CIDRS"), "{cure}");
        check_problem(answer, 400, "invalid-request", &["/url"]);
    }
    let vehicle = json!({"label": "Vehicle", "label_plural": "Vehicles", "columns": []});
    hub.put("/api/v1/connections/acme-crm/entities/Vehicle", vehicle).await;
    create(&hub, json!({"entities": ["Vehicle", "Lead"]})).await;
    create(&hub, json!({"connection": "acme-crm", "entities": ["Vehicle"]})).await;
}

#[tokio::test]
async fn pausing_and_resuming_may_be_repeated() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({})).await;
    for (call, status) in
        [("/pause", "paused"), ("/pause", "paused"), ("/resume", "active"), ("/resume", "active")]
    {
        let (code, _, body) = hub.json(Method::POST, &path(&made, call), None, &[]).await;
        assert_eq!((code, &body["endpoint"]["status"]), (StatusCode::OK, &json!(status)));
    }
    hub.json(Method::POST, &path(&made, "/pause"), None, &[]).await;
    let (status, _, test) = hub.json(Method::POST, &path(&made, "/test"), None, &[]).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let id = test["delivery"]["id"].as_str().unwrap();
    let (_, _, held) = hub.get(&format!("/api/v1/deliveries/{id}")).await;
    assert_eq!(held["delivery"]["status"], "held");
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({})).await;
    let count = async || {
        let live = hub.app.catalog.endpoints(hub.workspace).await.unwrap();
        live[0].secrets_at(hub.app.now()).len()
    };
    let rotate = path(&made, "/rotate-secret");
    let (status, _, rotated) = hub.json(Method::POST, &rotate, None, &[]).await;
    assert_eq!(status, StatusCode::OK);
    let secret = rotated["endpoint"]["secret"].as_str().unwrap();
    assert_ne!(made["secret"], secret);
    assert_eq!(count().await, 2);
    hub.post(&rotate, json!({"overlap": "7d"})).await;
    assert_eq!(count().await, 3);
    hub.post(&rotate, json!({"overlap": "0s"})).await;
    assert_eq!(count().await, 1);
    for wrong in [json!("1w"), json!("31d"), json!(24), json!("")] {
        let answer = hub.post(&rotate, json!({ "overlap": wrong })).await;
        check_problem(answer, 400, "invalid-request", &["/overlap"]);
    }
    check_problem(
        hub.post(&rotate, json!({"overlp": "1h"})).await,
        400,
        "invalid-request",
        &["/overlp"],
    );
}

#[tokio::test]
async fn a_test_message_is_in_the_format_of_the_endpoint() {
    let hub = TestHub::start().await;
    for (settings, pointer, expect) in [
        (json!({}), "/event/record/type", json!("test")),
        (json!({"types": ["delete"]}), "/event/type", json!("delete")),
        (json!({"scope": "changes", "entities": ["Lead"]}), "/event/record/type", json!("Lead")),
        (json!({"format": "agile"}), "/eventName", json!("Contact is Created")),
        (
            json!({"format": "agile", "modules": ["deal"], "types": ["update"]}),
            "/eventName",
            json!("Opportunity is Updated"),
        ),
        (json!({"format": "standard"}), "/type", json!("test.created")),
        (json!({"format": "cloudevents"}), "/specversion", json!("1.0")),
        (json!({"scope": "notices"}), "/event_type", json!("connection.enabled")),
        (
            json!({"scope": "notices", "format": "cloudevents"}),
            "/data/event_type",
            json!("connection.enabled"),
        ),
    ] {
        let made = create(&hub, settings.clone()).await;
        let (_, _, test) = hub.json(Method::POST, &path(&made, "/test"), None, &[]).await;
        let id = test["delivery"]["id"].as_str().unwrap();
        let (_, _, shown) = hub.get(&format!("/api/v1/deliveries/{id}")).await;
        let delivery = &shown["delivery"];
        assert_eq!((&delivery["endpoint"], &delivery["object"]), (&made["id"], &json!("test")));
        let body: Json = serde_json::from_str(delivery["body"].as_str().unwrap()).unwrap();
        assert_eq!(body.pointer(pointer), Some(&expect), "{settings} → {body}");
    }
}

struct FixedDraft(&'static str);

impl Draft for FixedDraft {
    fn body(&self, _: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

/// Stores a message and ends it with these answers, the last for good.
async fn delivered(hub: &TestHub, endpoint: &Json, answers: &[Option<u16>]) -> String {
    let endpoint = EndpointId::parse(endpoint["id"].as_str().unwrap()).unwrap();
    let draft: Arc<dyn Draft> = Arc::new(FixedDraft("{}"));
    let due = hub.app.store.store_message(hub.workspace, endpoint, "thing", draft).await.unwrap();
    for (index, status) in answers.iter().enumerate() {
        let next = match (status, index + 1 < answers.len()) {
            (_, true) => AfterAttempt::RetryAt(0),
            (Some(200), false) => AfterAttempt::Delivered,
            (_, false) => AfterAttempt::Dead,
        };
        let attempt = Attempt {
            delivery: due.id,
            workspace: due.workspace,
            endpoint,
            // The start tells attempts apart: no two begin in one millisecond.
            at: hub.app.now() + index as UnixMs,
            duration_ms: 7,
            status: *status,
            error: status.is_none().then(|| "no answer".to_owned()),
            response_body: "sorry".into(),
            next,
        };
        hub.app.store.finish_attempts(vec![attempt]).await.unwrap();
    }
    due.id.to_string()
}

#[tokio::test]
async fn the_log_tells_how_deliveries_ended() {
    let hub = TestHub::start().await;
    let (one, two) = (create(&hub, json!({})).await, create(&hub, json!({})).await);
    let good = delivered(&hub, &one, &[Some(503), None, Some(200)]).await;
    let dead = delivered(&hub, &one, &[Some(400)]).await;
    let other = delivered(&hub, &two, &[Some(200)]).await;

    let (_, _, shown) = hub.get(&format!("/api/v1/deliveries/{good}")).await;
    let delivery = &shown["delivery"];
    assert_eq!((&delivery["status"], &delivery["attempt_count"]), (&json!("delivered"), &json!(3)));
    assert_eq!((&delivery["body"], &delivery["last_status"]), (&json!("{}"), &json!(200)));
    let attempts = delivery["attempts"].as_array().unwrap();
    let facts: Vec<_> =
        attempts.iter().map(|it| (&it["number"], &it["status"], &it["error"])).collect();
    let (none, error) = (Json::Null, json!("no answer"));
    assert_eq!(
        facts,
        [
            (&json!(1), &json!(503), &none),
            (&json!(2), &none, &error),
            (&json!(3), &json!(200), &none),
        ]
    );
    assert_eq!(attempts[0]["response_body"], "sorry");
    assert!(attempts.iter().all(|it| it["duration_ms"] == 7), "{delivery}");
    assert_eq!(attempts[2]["response_body"], Json::Null);

    let list = async |query: &str| -> Vec<String> {
        let (status, _, body) = hub.get(&format!("/api/v1/deliveries?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let ids = body["deliveries"].as_array().unwrap().iter();
        ids.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list("").await, [other.clone(), dead.clone(), good.clone()]);
    let of_one = format!("endpoint={}", one["id"].as_str().unwrap());
    assert_eq!(list(&of_one).await, [dead.clone(), good.clone()]);
    assert_eq!(list("status=dead").await, std::slice::from_ref(&dead));
    assert_eq!(list("until=2020-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(list("since=2020-01-01T00:00:00Z&limit=1").await, [other]);
    for wrong in ["status=gone", "endpoint=x", "since=yesterday", "limit=0", "what=1"] {
        let answer = hub.get(&format!("/api/v1/deliveries?{wrong}")).await;
        assert_eq!(answer.0, StatusCode::BAD_REQUEST, "{wrong}");
    }

    let (status, _, resent) =
        hub.json(Method::POST, &format!("/api/v1/deliveries/{dead}/resend"), None, &[]).await;
    assert_eq!((status, &resent["delivery"]["status"]), (StatusCode::ACCEPTED, &json!("pending")));
    for unknown in ["x", &format!("dlv_{NOBODY}")] {
        for answer in [
            hub.get(&format!("/api/v1/deliveries/{unknown}")).await,
            hub.post(&format!("/api/v1/deliveries/{unknown}/resend"), json!({})).await,
        ] {
            check_problem(answer, 404, "delivery-not-found", &[]);
        }
    }
}

#[tokio::test]
async fn a_recovery_is_a_run_with_progress() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({})).await;
    delivered(&hub, &made, &[Some(400)]).await;
    delivered(&hub, &made, &[Some(200)]).await;
    let recover = path(&made, "/recover");
    let since = "2020-01-01T00:00:00Z";
    for (only, total) in [(json!(null), 1), (json!("dead"), 1), (json!("all"), 2)] {
        let until = "2100-01-01T00:00:00Z";
        let mut wanted = json!({"since": since, "until": until, "only": only});
        if only.is_null() {
            wanted = without(wanted, &["only"]);
        }
        let (status, _, body) = hub.post(&recover, wanted).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        let recovery = &body["recovery"];
        assert_eq!((&recovery["total"], &recovery["status"]), (&json!(total), &json!("running")));
        let id = recovery["id"].as_str().unwrap();
        let (_, _, read) = hub.get(&format!("/api/v1/recoveries/{id}")).await;
        assert_eq!(read, body);
    }
    let (status, _, early) = hub.post(&recover, json!({"since": since, "until": since})).await;
    assert_eq!((status, &early["recovery"]["total"]), (StatusCode::ACCEPTED, &json!(0)));

    let check = async |body: Json, paths: &[&str]| {
        check_problem(hub.post(&recover, body).await, 400, "invalid-request", paths);
    };
    check(json!({}), &["/since"]).await;
    check(json!({"since": since, "only": "held"}), &["/only"]).await;
    check(json!({"since": since, "until": "2019-01-01T00:00:00Z"}), &["/until"]).await;
    check(json!({"since": "yesterday"}), &["/since"]).await;
    for unknown in ["x", &format!("rec_{NOBODY}")] {
        let answer = hub.get(&format!("/api/v1/recoveries/{unknown}")).await;
        check_problem(answer, 404, "recovery-not-found", &[]);
    }
}

#[tokio::test]
async fn connections_that_come_and_go_are_told_to_those_who_asked() {
    let hub = TestHub::start().await;
    let notices = create(&hub, json!({"scope": "notices", "format": "standard"})).await;
    create(&hub, json!({})).await;
    let connection = json!({"context": "acme", "connector": "native"});
    for _ in 0..2 {
        hub.put("/api/v1/connections/acme-crm", connection.clone()).await;
    }
    hub.delete("/api/v1/connections/acme-crm").await;
    let (_, _, listed) = hub.get("/api/v1/deliveries").await;
    let listed = listed["deliveries"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    let mut told = Vec::new();
    for delivery in listed.iter().rev() {
        assert_eq!(
            (&delivery["endpoint"], &delivery["object"]),
            (&notices["id"], &json!("notice"))
        );
        let id = delivery["id"].as_str().unwrap();
        let (_, _, shown) = hub.get(&format!("/api/v1/deliveries/{id}")).await;
        let body = shown["delivery"]["body"].as_str().unwrap().to_owned();
        told.push(serde_json::from_str::<Json>(&body).unwrap());
    }
    let payload = json!({
        "connector": {"slug": "native"},
        "context": {"external_id": "acme"},
        "connection": {"external_id": "acme-crm"},
    });
    for (body, event_type) in told.iter().zip(["connection.enabled", "connection.disabled"]) {
        assert_eq!(body["type"], event_type);
        assert_eq!(body["data"], json!({"event_type": event_type, "payload": payload}));
    }
}

#[tokio::test]
async fn the_workspace_is_a_border() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({})).await;
    let delivery = delivered(&hub, &made, &[Some(200)]).await;
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    let (_, _, body) = hub.post(&path(&made, "/recover"), since).await;
    let recovery = body["recovery"]["id"].as_str().unwrap().to_owned();
    let other = hub.app.store.create_workspace("other", "Other").await.unwrap().id;
    hub.add_key(other, "pk_other", "sk_other", &["all"]).await;
    let caller = hub.calling_as("pk_other", "sk_other");
    for (method, path) in [
        (Method::GET, path(&made, "")),
        (Method::DELETE, path(&made, "")),
        (Method::POST, path(&made, "/pause")),
        (Method::POST, path(&made, "/test")),
        (Method::POST, path(&made, "/rotate-secret")),
        (Method::GET, format!("/api/v1/deliveries/{delivery}")),
        (Method::POST, format!("/api/v1/deliveries/{delivery}/resend")),
        (Method::GET, format!("/api/v1/recoveries/{recovery}")),
    ] {
        assert_eq!(caller.call(method, &path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, member) in [(ENDPOINTS, "endpoints"), ("/api/v1/deliveries", "deliveries")] {
        let (_, _, listed) = caller.call(Method::GET, path, None).await;
        assert_eq!(listed[member], json!([]));
    }
    let reader = hub.as_key(&["read"]).await;
    let body = Some(json!({ "url": URL }));
    let (status, ..) = reader.call(Method::POST, ENDPOINTS, body).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

/// Asks again until it is so. The limit only ends a test that fails.
async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), asking).await.expect("it comes true")
}

#[tokio::test]
async fn what_is_subscribed_to_arrives_signed_at_a_bin() {
    let hub = TestHub::start_with(&[("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")]).await;
    let shutdown = CancellationToken::new();
    let mut workers = workers::start(&hub.app, &shutdown);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api::router(hub.app.clone());
    workers.spawn(async move { axum::serve(listener, router).await.unwrap() });

    hub.put("/api/v1/connections/c", json!({"context": "acme", "connector": "native"})).await;
    let fields = json!({"name": {"type": "string"}});
    let objects = json!({"objects": {"person": {"fields": fields}}});
    hub.put("/api/v1/connections/c/objects", objects).await;
    let mapped = json!({"entity": "Contact", "fields": {"name": {"column": "Name"}}});
    hub.put("/api/v1/connections/c/mapping", json!({"objects": {"person": mapped}})).await;
    let (_, _, made) = hub
        .post("/api/v1/connections/c/entities/Contact/records", json!({"data": {"Name": "Ann"}}))
        .await;
    let id = made["record"]["id"].as_str().unwrap().to_owned();

    let (_, _, bin) = hub.post("/api/v1/bins", json!({"label": "mine"})).await;
    let bin = bin["bin"]["name"].as_str().unwrap().to_owned();
    let url = format!("http://{address}/bin/{bin}");
    let endpoint = create(&hub, json!({"url": url, "token": "t0ken", "success": "2xx"})).await;
    let subscribe = format!("/api/v1/crm/c/objects/person/Contact:{id}/subscriptions");
    assert_eq!(hub.post(&subscribe, json!({})).await.0, StatusCode::NO_CONTENT);
    let record = format!("/api/v1/connections/c/entities/Contact/records/{id}");
    hub.patch(&record, json!({"data": {"Name": "Anna"}})).await;

    let received = until(async || {
        let (_, _, listed) = hub.get(&format!("/api/v1/bins/{bin}/requests")).await;
        listed["requests"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!(received["headers"]["authorization"], "Bearer t0ken");
    assert!(received["headers"]["webhook-signature"].as_str().unwrap().starts_with("v1,"));
    let body: Json = serde_json::from_str(received["body"].as_str().unwrap()).unwrap();
    let told = json!({"type": "person", "id": format!("Contact:{id}"), "data": {"name": "Anna"}});
    assert_eq!((&body["event"]["type"], &body["event"]["record"]), (&json!("update"), &told));

    let delivery = received["headers"]["webhook-id"].as_str().unwrap();
    let delivered = until(async || {
        let (_, _, shown) = hub.get(&format!("/api/v1/deliveries/{delivery}")).await;
        Some(shown["delivery"].clone()).filter(|it| it["status"] == "delivered")
    })
    .await;
    assert_eq!((&delivered["endpoint"], &delivered["type"]), (&endpoint["id"], &json!("update")));
    assert_eq!(delivered["body"], received["body"]);

    let (_, _, feed) = hub.get("/api/v1/changes?connection=c&entity=Contact").await;
    let changes = feed["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    let facts = (&changes[1]["type"], &changes[1]["record_id"], &changes[1]["changed"]);
    assert_eq!(facts, (&json!("update"), &told["id"], &json!(["Name"])));
    assert_eq!(changes[1]["before"]["Name"], "Ann");
    assert_eq!(changes[1]["after"]["Name"], "Anna");
    assert_eq!(changes[1]["id"], delivered["change"]);

    let (_, _, first) = hub.get("/api/v1/changes?connection=c&entity=Contact&limit=1").await;
    assert_eq!(first["page"]["has_more"], true);
    let end = feed["page"]["next"].as_str().expect("also the last page has a cursor");
    let feed =
        |cursor: &str| format!("/api/v1/changes?connection=c&entity=Contact&cursor={cursor}");
    let second = hub.get(&feed(first["page"]["next"].as_str().unwrap())).await.2;
    assert_eq!(second["changes"][0]["id"], changes[1]["id"]);
    let nothing = hub.get(&feed(end)).await.2;
    assert_eq!((&nothing["changes"], &nothing["page"]["has_more"]), (&json!([]), &json!(false)));
    hub.delete(&record).await;
    let next = nothing["page"]["next"].as_str().unwrap();
    let deleted = until(async || {
        let (_, _, page) = hub.get(&feed(next)).await;
        page["changes"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!((&deleted["type"], &deleted["after"]), (&json!("delete"), &Json::Null));
    let wrong = hub.get(&format!("/api/v1/changes?cursor={next}")).await;
    check_problem(wrong, 400, "cursor-invalid", &[]);

    shutdown.cancel();
    workers.shutdown().await;
}

#[tokio::test]
async fn two_who_change_an_endpoint_at_once_both_have_their_way() {
    let hub = TestHub::start().await;
    let made = create(&hub, json!({})).await;
    let at = path(&made, "");
    let rotate = path(&made, "/rotate-secret");
    let (first, second, third, fourth) = tokio::join!(
        hub.patch(&at, json!({"description": "ours"})),
        hub.patch(&at, json!({"timeout_ms": 3_000})),
        hub.patch(&at, json!({"coalesce": false})),
        hub.post(&rotate, json!({})),
    );
    for (status, _, body) in [first, second, third, fourth] {
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let (_, headers, read) = hub.get(&at).await;
    let read = &read["endpoint"];
    assert_eq!(headers["etag"], "\"5\"");
    assert_eq!((&read["description"], &read["timeout_ms"]), (&json!("ours"), &json!(3_000)));
    assert_eq!(read["coalesce"], false);
}

#[tokio::test]
async fn two_who_set_the_webhooks_url_at_once_make_one_endpoint() {
    let hub = TestHub::start().await;
    let put = async |url: &str| hub.put("/api/v1/settings/webhooks", json!({"url": url})).await;
    for urls in [["https://a.example/", "https://b.example/"]; 2] {
        let (first, second) = tokio::join!(put(urls[0]), put(urls[1]));
        for (status, _, body) in [&first, &second] {
            assert_eq!(*status, StatusCode::OK, "{body}");
        }
        assert_eq!(first.2["endpoint"], second.2["endpoint"]);
        let (_, _, listed) = hub.get(ENDPOINTS).await;
        assert_eq!(listed["endpoints"].as_array().unwrap().len(), 1, "{listed}");
    }
}

#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let hub = TestHub::start().await;
    let authorization = "Basic cGtfdGVzdDpza190ZXN0";
    for (body, slug) in
        [("", "malformed-json"), ("[1]", "invalid-request"), ("{", "malformed-json")]
    {
        let request = Request::post(ENDPOINTS).header("authorization", authorization);
        let answer = hub.send(request.body(Body::from(body)).unwrap()).await;
        check_problem(answer, 400, slug, &[]);
    }
}
