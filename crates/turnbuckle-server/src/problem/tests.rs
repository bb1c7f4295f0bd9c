use std::collections::HashSet;
use std::path::Path;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use strum::VariantArray;
use tower::ServiceExt;

use super::*;

async fn body_of(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn slugs_are_unique_and_written_like_words() {
    let slugs: HashSet<&str> = Problem::VARIANTS.iter().map(|problem| problem.slug()).collect();
    assert_eq!(slugs.len(), Problem::VARIANTS.len());
    for slug in slugs {
        assert!(slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{slug}");
    }
}

#[test]
fn every_problem_has_its_page_and_no_page_is_left_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
    for problem in Problem::VARIANTS {
        let path = folder.join(format!("{}.md", problem.slug()));
        let page = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} is missing: {error}", path.display()));
        let head = format!("# {}\n\n`{}`, status ", problem.title(), problem.slug());
        assert!(page.starts_with(&head), "{} starts with {head:?}", path.display());
        let status = format!("status {}.", problem.status().as_u16());
        assert!(page.contains(&status), "{} says {status:?}", path.display());
    }
    let pages = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(pages, Problem::VARIANTS.len() + 1, "one page for each problem, and README.md");
}

#[tokio::test]
async fn an_invalid_request_names_its_members() {
    let error = ApiError::invalid(vec![
        Invalid::new("/url", "is required"),
        Invalid::new("/types/0", "is not a type"),
    ]);
    let response = error.into_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    assert_eq!(
        body_of(response).await,
        json!({
            "type": "https://turnbuckle.dev/problems/invalid-request",
            "title": "The request is not valid",
            "status": 400,
            "detail": "2 members are wrong",
            "errors": [
                {"path": "/url", "detail": "is required"},
                {"path": "/types/0", "detail": "is not a type"},
            ],
        })
    );
}

#[tokio::test]
async fn our_own_failures_tell_nothing_of_their_cause() {
    for problem in [Problem::Internal, Problem::TemporarilyUnavailable] {
        let mut error = ApiError::new(problem, "table `secret`");
        error.source = Some("disk full".into());
        error.errors.push(Invalid::new("/x", "y"));
        let body = body_of(error.into_response()).await;
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["type", "title", "status"]);
    }
}

#[test]
fn problems_carry_the_headers_that_http_asks_for() {
    let response = ApiError::from(Problem::Unauthorized).into_response();
    assert!(response.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "));

    let busy = || ApiError::from(Problem::TemporarilyUnavailable);
    assert_eq!(busy().into_response().headers()[RETRY_AFTER], "1");
    let later = busy().with_header(RETRY_AFTER, HeaderValue::from_static("30")).into_response();
    assert_eq!(later.headers().get_all(RETRY_AFTER).iter().collect::<Vec<_>>(), ["30"]);
}

#[tokio::test]
async fn a_router_answers_unknown_addresses_and_methods_with_problems() {
    let router: Router = Router::new()
        .route("/hooks", post(async || "taken").delete(async || "gone"))
        .route("/other", get(async || "here"))
        .fallback(route_not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let ask = |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        router.clone().oneshot(request)
    };

    let response = ask("/hook?secret=1").await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    // The key of a source may stand in an address.
    assert!(!body_of(response).await.to_string().contains("/hook"));

    let response = ask("/hooks").await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let allow = response.headers()[ALLOW].to_str().unwrap().to_owned();
    assert!(allow.contains("POST") && allow.contains("DELETE"), "{allow}");
    let body = body_of(response).await;
    assert_eq!(body["type"], "https://turnbuckle.dev/problems/method-not-allowed");
    assert!(!body.to_string().contains("/hooks"), "{body}");
}
