//! Bins: what is posted to them, and how it is shown.

mod support;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};

async fn bin(hub: &TestHub) -> String {
    let (status, _, body) = hub.json(Method::POST, "/api/v1/bins", None, &[]).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    format!("/bin/{}", body["bin"]["name"].as_str().unwrap())
}

async fn post(hub: &TestHub, path: &str, body: impl Into<Body>) -> Answer {
    hub.send(Request::post(path).body(body.into()).unwrap()).await
}

async fn page(hub: &TestHub, path: &str) -> (HeaderMap, String) {
    let request = Request::get(path).header("accept", "text/html,*/*;q=0.8");
    let (status, headers, body) = hub.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    (headers, body.as_str().unwrap().to_owned())
}

async fn shown(hub: &TestHub, path: &str) -> Vec<Json> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let (status, _, body) = hub.send(request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["requests"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_bin_keeps_what_is_posted_to_it() {
    let hub = TestHub::start_with(&[("TURNBUCKLE_PUBLIC_URL", "https://hub.example")]).await;
    let (status, _, made) = hub.post("/api/v1/bins", json!({"label": "mine"})).await;
    assert_eq!(status, StatusCode::CREATED);
    let name = made["bin"]["name"].as_str().unwrap();
    assert_eq!(made["bin"]["url"], format!("https://hub.example/bin/{name}"));
    assert_eq!(made["bin"]["label"], "mine");
    let path = format!("/bin/{name}");
    assert_eq!(shown(&hub, &path).await, [] as [Json; 0]);

    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri(format!("{path}?a=1"));
        let request = request.header("x-twice", "1").header("x-twice", "2");
        let (status, _, body) = hub.send(request.body(Body::from("{\"n\":1}")).unwrap()).await;
        assert_eq!((status, body), (StatusCode::OK, json!({"ok": true})), "{method}");
    }
    post(&hub, &path, vec![0xff, 0x00]).await;
    let requests = shown(&hub, &path).await;
    assert_eq!(requests.len(), 6);
    assert_eq!(
        (&requests[0]["body"], &requests[0]["body_encoding"]),
        (&json!("/wA="), &json!("base64"))
    );
    let last = &requests[5];
    assert_eq!((&last["method"], &last["query"]), (&json!("POST"), &json!("a=1")));
    assert_eq!((&last["body"], &last["body_bytes"]), (&json!("{\"n\":1}"), &json!(7)));
    assert_eq!(last["headers"]["x-twice"], "1, 2");

    let (_, _, listed) = hub.get(&format!("/api/v1/bins/{name}/requests?limit=4")).await;
    let next = listed["page"]["next"].as_str().unwrap();
    let (_, _, rest) =
        hub.get(&format!("/api/v1/bins/{name}/requests?limit=4&cursor={next}")).await;
    assert_eq!(listed["requests"].as_array().unwrap()[..], requests[..4]);
    assert_eq!(rest["requests"].as_array().unwrap()[..], requests[4..]);
    assert_eq!(rest["page"], json!({"has_more": false}));
}

#[tokio::test]
async fn a_tester_chooses_the_answer() {
    let hub = TestHub::start().await;
    let path = bin(&hub).await;
    for (query, expect) in [
        ("", 200),
        ("?status=503", 503),
        ("?status=410", 410),
        ("?status=204", 204),
        ("?status=100", 200),
        ("?status=999", 200),
        ("?status=open", 200),
        ("?status=1&status=2", 200),
        ("?other=%FF", 200),
    ] {
        let request = Request::post(format!("{path}{query}")).body(Body::empty()).unwrap();
        // The hub's own check is for failures of the hub.
        let router = turnbuckle_server::api::router(hub.app.clone());
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status().as_u16(), expect, "{query}");
    }
    assert_eq!(shown(&hub, &path).await.len(), 9);
}

#[tokio::test]
async fn a_browser_sees_a_page_on_which_nothing_is_markup() {
    let hub = TestHub::start().await;
    let path = bin(&hub).await;
    let (_, empty) = page(&hub, &path).await;
    assert!(empty.contains("Nothing yet"));

    let evil = "<script>alert(1)</script>";
    let request = Request::post(format!("{path}?<script>")).header("x-evil", "\"><img src=x>");
    let request = request.body(Body::from(evil));
    // A URI does not hold `<`; its escaped form is kept as it came.
    assert!(request.is_err());
    let request =
        Request::post(format!("{path}?q=%3Cscript%3E")).header("x-evil", "\"><img src=x>");
    hub.send(request.body(Body::from(evil)).unwrap()).await;
    let (headers, html) = page(&hub, &path).await;
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("&quot;&gt;&lt;img src=x&gt;"));
    assert!(html.contains("http-equiv=\"refresh\""));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let first = page(&hub, &path).await.1;
    post(&hub, &path, "second").await;
    let both = page(&hub, &path).await.1;
    assert!(both.find("second").unwrap() < both.find("alert").unwrap(), "newest first");
    assert!(first.len() < both.len());
}

#[tokio::test]
async fn a_bin_is_bounded() {
    let hub = TestHub::start_with(&[
        ("TURNBUCKLE_BINS__REQUESTS_MAX", "2"),
        ("TURNBUCKLE_BINS__COUNT_MAX", "2"),
    ])
    .await;
    let path = bin(&hub).await;
    for body in ["1", "2", "3"] {
        post(&hub, &path, body).await;
    }
    let bodies: Vec<_> = shown(&hub, &path).await.iter().map(|it| it["body"].clone()).collect();
    assert_eq!(bodies, ["3", "2"]);

    assert_eq!(post(&hub, &path, vec![b'x'; 1_000_000]).await.0, StatusCode::OK);
    let answer = post(&hub, &path, vec![b'x'; 1_000_001]).await;
    assert_eq!(problem(&answer).1, "payload-too-large");
    let html = page(&hub, &path).await.1;
    assert!(html.len() < 200_000, "a long body is cut on the page");

    bin(&hub).await;
    let answer = hub.post("/api/v1/bins", json!({})).await;
    assert_eq!(problem(&answer).1, "state-conflict");
    let answer = hub.post("/api/v1/bins", json!({"label": "x".repeat(201)})).await;
    assert_eq!(problem(&answer).2, ["/label"]);
    let answer = hub.post("/api/v1/bins", json!({"lable": "x"})).await;
    assert_eq!(problem(&answer).2, ["/lable"]);
}

#[tokio::test]
async fn a_bin_belongs_to_its_workspace_and_ends() {
    let hub = TestHub::start().await;
    let path = bin(&hub).await;
    let name = path.strip_prefix("/bin/").unwrap();
    post(&hub, &path, "x").await;
    let (_, _, listed) = hub.get("/api/v1/bins").await;
    assert_eq!(listed["bins"][0]["name"], name);

    let other = hub.app.store.create_workspace("other", "Other").await.unwrap().id;
    hub.add_key(other, "pk_other", "sk_other", &["all"]).await;
    let caller = hub.calling_as("pk_other", "sk_other");
    let own = format!("/api/v1/bins/{name}");
    for (method, path) in [(Method::GET, format!("{own}/requests")), (Method::DELETE, own.clone())]
    {
        let answer = caller.call(method, &path, None).await;
        assert_eq!(problem(&answer).1, "bin-not-found");
    }
    let (_, _, listed) = caller.call(Method::GET, "/api/v1/bins", None).await;
    assert_eq!(listed, json!({"bins": [], "page": {"has_more": false}}));

    assert_eq!(hub.delete(&own).await.0, StatusCode::NO_CONTENT);
    let get = Request::get(path.as_str()).body(Body::empty()).unwrap();
    for answer in [
        post(&hub, &path, "x").await,
        hub.send(get).await,
        hub.delete(&own).await,
        hub.get(&format!("{own}/requests")).await,
        post(&hub, "/bin/%00", "x").await,
    ] {
        assert_eq!(problem(&answer).1, "bin-not-found");
    }
}
