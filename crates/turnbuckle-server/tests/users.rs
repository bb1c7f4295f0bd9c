//! Users of the console: made, signed in, and what their roles open.

mod support;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};

async fn make(hub: &TestHub, name: &str, role: &str) -> (String, String) {
    let wanted = json!({"name": name, "role": role});
    let (status, _, body) = hub.post("/api/v1/users", wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    (text(&body["user"]["id"]), text(&body["password"]))
}

async fn sign_in(hub: &TestHub, name: &str, password: &str) -> Answer {
    let body = json!({"name": name, "password": password});
    let request = Request::post("/api/v1/session").header("content-type", "application/json");
    hub.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// The cookie of somebody who signs in.
async fn cookie(hub: &TestHub, name: &str, password: &str) -> String {
    let (status, headers, body) = sign_in(hub, name, password).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let set = headers["set-cookie"].to_str().unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/api", "; Max-Age=604800"] {
        assert!(set.contains(part), "{set}");
    }
    set.split(';').next().unwrap().to_owned()
}

/// Calls as the console does.
async fn with(hub: &TestHub, cookie: &str, method: Method, path: &str, body: Json) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("cookie", cookie)
        .header("x-turnbuckle-console", "1")
        .header("content-type", "application/json");
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    hub.send(request.body(body).unwrap()).await
}

async fn get(hub: &TestHub, cookie: &str, path: &str) -> u16 {
    with(hub, cookie, Method::GET, path, Json::Null).await.0.as_u16()
}

const CONTEXT: &str = "/api/v1/contexts/acme";

#[tokio::test]
async fn whoever_signs_in_is_shown_until_they_sign_out() {
    let hub = TestHub::start().await;
    let (id, password) = make(&hub, "ada@example.com", "admin").await;
    let (status, _, body) = sign_in(&hub, "ada@example.com", &password).await;
    assert_eq!(status, StatusCode::OK);
    let user = json!({"id": id, "name": "ada@example.com", "role": "admin"});
    let expected = json!({"user": user, "workspace": {"slug": "default", "label": "Default"}});
    assert_eq!(body, expected);
    let cookie = cookie(&hub, "ada@example.com", &password).await;
    let (_, _, shown) = with(&hub, &cookie, Method::GET, "/api/v1/session", Json::Null).await;
    assert_eq!(shown, expected);

    let (status, headers, _) =
        with(&hub, &cookie, Method::DELETE, "/api/v1/session", Json::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(get(&hub, &cookie, "/api/v1/session").await, 401);
    // A page is asked for no key set: its browser would ask, in a window of its own.
    let (status, headers, _) = with(&hub, &cookie, Method::GET, CONTEXT, Json::Null).await;
    assert_eq!((status, headers.get("www-authenticate")), (StatusCode::UNAUTHORIZED, None));
    let asked = hub.send(Request::get(CONTEXT).body(Body::empty()).unwrap()).await;
    assert!(asked.1.contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_role_opens_what_its_name_says() {
    let hub = TestHub::start().await;
    let put =
        async |cookie: &str| with(&hub, cookie, Method::PUT, CONTEXT, json!({})).await.0.as_u16();
    for (role, writes, administers) in
        [("admin", 201, 200), ("editor", 200, 403), ("viewer", 403, 403)]
    {
        let (_, password) = make(&hub, role, role).await;
        let cookie = cookie(&hub, role, &password).await;
        assert_eq!(put(&cookie).await, writes, "{role}");
        assert_eq!(get(&hub, &cookie, CONTEXT).await, 200, "{role}");
        assert_eq!(get(&hub, &cookie, "/api/v1/keys").await, administers, "{role}");
        assert_eq!(get(&hub, &cookie, "/api/v1/users").await, administers, "{role}");
        assert_eq!(get(&hub, &cookie, "/api/v1/workspaces").await, 403, "{role}");
    }
}

/// Pages of others make a browser send the cookie, but not the header.
#[tokio::test]
async fn a_cookie_alone_changes_nothing() {
    let hub = TestHub::start().await;
    let (_, password) = make(&hub, "ada", "admin").await;
    let cookie = cookie(&hub, "ada", &password).await;
    let request = Request::put(CONTEXT).header("cookie", &cookie);
    let request = request.header("content-type", "application/json");
    let answer = hub.send(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(problem(&answer).0, 403);
    assert!(answer.2["detail"].as_str().unwrap().contains("x-turnbuckle-console"));
    assert_eq!(get(&hub, &cookie, CONTEXT).await, 404);
}

#[tokio::test]
async fn another_password_or_role_holds_at_once() {
    let hub = TestHub::start().await;
    let (id, first) = make(&hub, "ada", "editor").await;
    let cookie_of_first = cookie(&hub, "ada", &first).await;
    let path = format!("/api/v1/users/{id}");
    let (status, _, body) = hub.patch(&path, json!({"role": "viewer"})).await;
    assert_eq!((status, &body["user"]["role"]), (StatusCode::OK, &json!("viewer")));
    let put = with(&hub, &cookie_of_first, Method::PUT, CONTEXT, json!({})).await;
    assert_eq!(put.0, StatusCode::FORBIDDEN);

    let (_, _, body) = hub.patch(&path, json!({"reset_password": true})).await;
    let second = body["password"].as_str().unwrap();
    assert_eq!(get(&hub, &cookie_of_first, "/api/v1/session").await, 401);
    assert_eq!(sign_in(&hub, "ada", &first).await.0, StatusCode::UNAUTHORIZED);
    let cookie_of_second = cookie(&hub, "ada", second).await;
    let (status, _, body) = hub.patch(&path, json!({"password": "chosen by hand"})).await;
    assert_eq!((status, body.get("password")), (StatusCode::OK, None));
    assert_eq!(get(&hub, &cookie_of_second, "/api/v1/session").await, 401);

    let cookie = cookie(&hub, "ada", "chosen by hand").await;
    assert_eq!(hub.delete(&path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(get(&hub, &cookie, "/api/v1/session").await, 401);
    assert_eq!(hub.delete(&path).await.2["type"], "https://turnbuckle.dev/problems/user-not-found");
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_named() {
    let hub = TestHub::start().await;
    let wrong = json!({"name": "Ada Lovelace", "role": "admin", "password": "short"});
    let answer = hub.post("/api/v1/users", wrong).await;
    assert_eq!(problem(&answer).0, 400);
    let paths: Vec<_> =
        answer.2["errors"].as_array().unwrap().iter().map(|it| it["path"].clone()).collect();
    assert_eq!(paths, ["/name", "/password"]);
    make(&hub, "ada", "viewer").await;
    let again = hub.post("/api/v1/users", json!({"name": "ada", "role": "viewer"})).await;
    assert_eq!(problem(&again).0, 409);
    let (_, _, listed) = hub.get("/api/v1/users").await;
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
    assert!(listed["users"][0].get("password").is_none());
}

#[tokio::test]
async fn a_wrong_password_is_not_told_from_a_wrong_name_and_soon_waits() {
    let hub = TestHub::start().await;
    let (_, password) = make(&hub, "ada", "viewer").await;
    let of = async |name: &str| sign_in(&hub, name, "not the password").await;
    let (name, nobody) = (of("ada").await, of("bob").await);
    assert_eq!((name.0, &name.2), (StatusCode::UNAUTHORIZED, &nobody.2));
    assert!(name.1.get("set-cookie").is_none());
    for _ in 1..10 {
        assert_eq!(of("ada").await.0, StatusCode::UNAUTHORIZED);
    }
    let waits = sign_in(&hub, "ada", &password).await;
    assert_eq!(waits.0, StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.1["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
}
