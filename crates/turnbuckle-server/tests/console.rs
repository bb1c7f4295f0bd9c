//! The pages of the console, or what stands in their place where they were not built.

mod support;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use support::TestHub;

async fn get(hub: &TestHub, path: &str, accept: &str) -> (StatusCode, HeaderMap) {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let (status, headers, _) = hub.send(request).await;
    (status, headers)
}

#[tokio::test]
async fn the_page_runs_no_script_but_its_own() {
    let hub = TestHub::start().await;
    let (status, headers) = get(&hub, "/", "text/html").await;
    assert_eq!(
        (status, &headers["content-type"]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_for_whoever_wants_no_page() {
    let hub = TestHub::start().await;
    for path in ["/nowhere", "/api/v1/nowhere", "/assets/nowhere.js", "/assets/index.html.br"] {
        let (status, headers) = get(&hub, path, "application/json").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers["content-type"], "application/problem+json", "{path}");
    }
    let (status, _) = get(&hub, "/assets/nowhere.js", "text/html,*/*").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "what a page loads is never the page");
}
