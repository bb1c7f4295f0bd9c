//! How an end user connects an account at a provider: granted, denied, given up, too late, and by
//! somebody whom it is none of the business of.

mod support;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::page::{Moved, Page, list_origin, refused};
use support::provider::{KEYED, OAUTH, OF_SHOP, connectors};
use support::{Answer, TestHub, problem};
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock;
use turnbuckle_testkit::{Reply, WebhookSink};
use url::Url;

const CONNECTION: &str = "/api/platform_user/connection/acme-crm";

/// A hub with a provider that a sink stands in for.
struct Stage {
    hub: TestHub,
    provider: WebhookSink,
}

async fn stage() -> Stage {
    stage_on(Arc::new(SystemClock)).await
}

async fn stage_on(clock: Arc<dyn Clock>) -> Stage {
    let provider = WebhookSink::start().await;
    let variables = [
        ("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8"),
        ("TURNBUCKLE_PUBLIC_URL", "https://hub.example"),
    ];
    let hub = TestHub::start_among(connectors(provider.url()), clock, &variables).await;
    list_origin(&hub).await;
    let client = json!({"client_id": "our-app", "client_secret": "s3cret"});
    let (status, _, body) = hub.put(&format!("/api/v1/oauth-clients/{OAUTH}"), client).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    Stage { hub, provider }
}

fn tokens() -> Reply {
    let body = json!({"access_token": "at", "refresh_token": "rt", "instance_url": "https://x"});
    let headers = vec![("content-type", "application/json".to_owned())];
    Reply { headers, body: body.to_string(), ..Reply::status(200) }
}

/// A browser: where it is sent, and the cookies that it has.
#[derive(Default)]
struct Browser {
    cookies: Vec<String>,
}

impl Browser {
    async fn open(&mut self, hub: &TestHub, path: &str) -> Answer {
        let mut request = Request::get(path);
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookies.join("; "));
        }
        let answer = hub.send(request.body(Body::empty()).unwrap()).await;
        for set in answer.1.get_all("set-cookie") {
            let cookie = set.to_str().unwrap();
            assert!(cookie.contains("HttpOnly; SameSite=Lax; Secure"), "{cookie}");
            self.cookies.push(cookie.split(';').next().unwrap().to_owned());
        }
        answer
    }
}

async fn connect(page: &Page<'_>, connector: &str) -> Json {
    let path = format!("/api/platform_user/connections/{connector}");
    page.post(&path, json!({"id": "acme-crm"})).await["connection"].take()
}

async fn ticket(page: &Page<'_>) -> String {
    let made = page.post("/api/platform_user/sessions/ott", Json::Null).await;
    made["ott"].as_str().unwrap().to_owned()
}

/// Lets a window in, which goes on to the provider by itself: answers with what it is sent.
async fn leave(stage: &Stage, browser: &mut Browser, page: &Page<'_>, begun: &Json) -> Url {
    let id = begun["authorization"]["id"].as_str().unwrap();
    let path =
        format!("/authorizations/{OAUTH}/loading?token={}&authorization={id}", ticket(page).await);
    let (status, headers, _) = browser.open(&stage.hub, &path).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers["cache-control"], "no-store");
    let sent = headers["location"].to_str().unwrap();
    assert_eq!(Some(sent), begun["authorization"]["authorize_url"].as_str());
    Url::parse(sent).unwrap()
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn callback(sent: &Url, answer: &str) -> String {
    format!("/authorizations/callback?state={}&{answer}", query(sent)["state"])
}

#[tokio::test]
async fn a_connection_is_there_when_its_end_user_consented() {
    let stage = stage().await;
    stage.provider.answer_next([tokens()]);
    let page = Page::of(&stage.hub, "acme").await;
    let begun = connect(&page, OAUTH).await;
    assert_eq!(begun["enabled"], false);
    assert_eq!(begun["authorization"]["status"], "awaiting_callback");
    let prototype = json!({"name": "Consenting CRM", "slug": OAUTH});
    assert_eq!(
        begun["authorization"]["authorizer"],
        json!({"client_id": "our-app", "prototype": prototype})
    );
    assert_eq!(stage.hub.get("/api/v1/connections/acme-crm").await.0, StatusCode::NOT_FOUND);

    let mut browser = Browser::default();
    let sent = leave(&stage, &mut browser, &page, &begun).await;
    let asked = query(&sent);
    assert_eq!(asked["client_id"], "our-app");
    assert_eq!(asked["scope"], "records offline");
    assert_eq!(asked["redirect_uri"], "https://hub.example/authorizations/callback");

    let (status, headers, _) = browser.open(&stage.hub, &callback(&sent, "code=the%20code")).await;
    let id = begun["authorization"]["id"].as_str().unwrap();
    assert_eq!(
        (status, headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, format!("/link/default?authorization={id}").as_str())
    );
    let calls = stage.provider.calls();
    let form: HashMap<String, String> =
        url::form_urlencoded::parse(&calls[0].body).into_owned().collect();
    assert_eq!((calls.len(), calls[0].path.as_str()), (1, "/hooks/token"));
    for (name, expected) in [
        ("grant_type", "authorization_code"),
        ("code", "the code"),
        ("redirect_uri", "https://hub.example/authorizations/callback"),
        ("client_id", "our-app"),
        ("client_secret", "s3cret"),
    ] {
        assert_eq!(form[name], expected, "{name}");
    }
    assert!(asked["code_challenge"] != form["code_verifier"]);

    let connected = page.get(CONNECTION).await["connection"].take();
    assert_eq!(
        (&connected["enabled"], &connected["authorization"]["status"]),
        (&json!(true), &json!("active"))
    );
    let path = format!("/api/platform_user/authorizations/{OAUTH}/{id}");
    assert_eq!(page.get(&path).await["authorization"]["status"], "active");
    let sealed = stage.hub.app.store.credentials(stage.hub.workspace, "acme-crm").await.unwrap();
    let sealed = sealed.unwrap();
    assert!(!sealed.windows(4).any(|it| it == b"\"at\""), "tokens are sealed where they rest");

    // Nobody reads its schema yet, and there is nothing to map it to.
    let entities = page.call(Method::GET, &format!("{CONNECTION}/entities"), Json::Null).await;
    refused(entities, "schema-pending");

    // Coming back again does nothing, and connecting again finds it as it is.
    browser.open(&stage.hub, &callback(&sent, "code=another")).await;
    assert_eq!(stage.provider.count(), 1);
    assert_eq!(connect(&page, OAUTH).await["authorization"]["status"], "active");

    page.call(Method::DELETE, CONNECTION, Json::Null).await;
    let calls = stage.provider.wait_for(2).await;
    let form: HashMap<String, String> =
        url::form_urlencoded::parse(&calls[1].body).into_owned().collect();
    assert_eq!((calls[1].path.as_str(), form["token"].as_str()), ("/hooks/revoke", "rt"));
    let gone = page.call(Method::GET, CONNECTION, Json::Null).await;
    refused(gone, "connection-not-found");
}

#[tokio::test]
async fn whoever_is_denied_hears_why_and_can_begin_again() {
    let stage = stage().await;
    let page = Page::of(&stage.hub, "acme").await;
    let mut browser = Browser::default();
    for (answer, reply, code) in [
        ("error=access_denied", None, "access_denied"),
        ("error=temporarily_unavailable&error_description=Later", None, "temporarily_unavailable"),
        ("", None, "invalid_request"),
        ("code=1", Some(Reply::status(500)), "server_error"),
        ("code=1", Some(refusal()), "invalid_grant"),
    ] {
        let before = stage.provider.count();
        let calls = usize::from(reply.is_some());
        stage.provider.answer_next(reply);
        let begun = connect(&page, OAUTH).await;
        let sent = leave(&stage, &mut browser, &page, &begun).await;
        assert_eq!(
            page.get(CONNECTION).await["connection"]["authorization"]["status"],
            "awaiting_callback"
        );
        browser.open(&stage.hub, &callback(&sent, answer)).await;
        let shown = page.get(CONNECTION).await["connection"].take();
        assert_eq!(shown["enabled"], false, "{answer}");
        assert_eq!(shown["authorization"]["status"], "error", "{answer}");
        assert_eq!(shown["authorization"]["error_code"], code, "{answer}");
        assert_eq!(shown["authorization"]["authorize_url"], Json::Null);
        assert_eq!(stage.provider.count() - before, calls, "{answer}");
    }
    let unreachable = connect(&page, OAUTH).await;
    let sent = leave(&stage, &mut browser, &page, &unreachable).await;
    let Stage { hub, provider } = stage;
    drop(provider);
    browser.open(&hub, &callback(&sent, "code=1")).await;
    let page = Page::of(&hub, "acme").await;
    let shown = page.get(CONNECTION).await["connection"].take();
    assert_eq!(shown["authorization"]["error_code"], "temporarily_unavailable");
}

fn refusal() -> Reply {
    let body = json!({"error": "invalid_grant", "error_description": "The code is used."});
    Reply { body: body.to_string(), ..Reply::status(400) }
}

#[tokio::test]
async fn an_authorization_ends_in_the_browser_that_began_it() {
    let stage = stage().await;
    stage.provider.always(|_| tokens());
    let page = Page::of(&stage.hub, "acme").await;
    let begun = connect(&page, OAUTH).await;
    let mut browser = Browser::default();
    let sent = leave(&stage, &mut browser, &page, &begun).await;

    // Somebody was lured to the provider: their browser has no cookie, or that of another context.
    let mut lured = Browser::default();
    let refused = lured.open(&stage.hub, &callback(&sent, "code=1")).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
    let other = Page::of(&stage.hub, "other").await;
    let path = format!("/authorizations/{OAUTH}/loading?token={}", ticket(&other).await);
    assert_eq!(lured.open(&stage.hub, &path).await.0, StatusCode::OK);
    let refused = lured.open(&stage.hub, &callback(&sent, "code=1")).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
    let mut forged = Browser { cookies: vec![format!("turnbuckle_authorizing={}", page.token)] };
    let refused = forged.open(&stage.hub, &callback(&sent, "code=1")).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN, "a token is no cookie");
    assert_eq!(stage.provider.count(), 0);
    assert_eq!(
        page.get(CONNECTION).await["connection"]["authorization"]["status"],
        "awaiting_callback"
    );

    browser.open(&stage.hub, &callback(&sent, "code=1")).await;
    assert_eq!(page.get(CONNECTION).await["connection"]["authorization"]["status"], "active");
    for state in ["", "unknown"] {
        let path = format!("/authorizations/callback?state={state}&code=1");
        assert_eq!(browser.open(&stage.hub, &path).await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_ticket_lets_one_window_in() {
    let stage = stage().await;
    let page = Page::of(&stage.hub, "acme").await;
    let path = format!("/authorizations/{OAUTH}/loading?token={}", ticket(&page).await);
    let mut browser = Browser::default();
    assert_eq!(browser.open(&stage.hub, &path).await.0, StatusCode::OK);
    assert_eq!(browser.cookies.len(), 1);
    let mut other = Browser::default();
    let (status, headers, html) = other.open(&stage.hub, &path).await;
    assert_eq!((status, other.cookies.len()), (StatusCode::FORBIDDEN, 0));
    assert!(html.as_str().unwrap().contains("data-error=\"expired\""), "{html}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
    for odd in [String::new(), "?token=".to_owned(), format!("?token={}", page.token)] {
        let path = format!("/authorizations/{OAUTH}/loading{odd}");
        assert_eq!(other.open(&stage.hub, &path).await.0, StatusCode::FORBIDDEN, "{odd}");
    }
    // Another context's authorization is not its way to go.
    let theirs = connect(&Page::of(&stage.hub, "other").await, OAUTH).await;
    let id = theirs["authorization"]["id"].as_str().unwrap();
    let token = ticket(&page).await;
    let path = format!("/authorizations/{OAUTH}/loading?token={token}&authorization={id}");
    assert_eq!(other.open(&stage.hub, &path).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_authorization_takes_ten_minutes_at_most() {
    let clock = Moved::at(1_800_000_000_000);
    let stage = stage_on(clock.clone()).await;
    stage.provider.always(|_| tokens());
    let page = Page::of(&stage.hub, "acme").await;
    let begun = connect(&page, OAUTH).await;
    let mut browser = Browser::default();
    let sent = leave(&stage, &mut browser, &page, &begun).await;
    clock.advance(10 * 60_000);
    browser.open(&stage.hub, &callback(&sent, "code=1")).await;
    let shown = page.get(CONNECTION).await["connection"].take();
    assert_eq!(shown["authorization"]["error_code"], "expired");
    assert_eq!(stage.provider.count(), 0);

    let begun = connect(&page, OAUTH).await;
    let sent = leave(&stage, &mut browser, &page, &begun).await;
    clock.advance(9 * 60_000);
    browser.open(&stage.hub, &callback(&sent, "code=1")).await;
    assert_eq!(page.get(CONNECTION).await["connection"]["authorization"]["status"], "active");
}

#[tokio::test]
async fn what_the_end_user_types_comes_first() {
    let stage = stage().await;
    let page = Page::of(&stage.hub, "acme").await;
    let client = json!({"client_id": "our-app", "client_secret": "s3cret"});
    stage.hub.put(&format!("/api/v1/oauth-clients/{OF_SHOP}"), client).await;
    let begun = connect(&page, OF_SHOP).await["authorization"].take();
    assert_eq!(begun["authorize_url"], Json::Null);
    let field = json!({
        "name": "shop", "label": "Your shop", "suffix": ".crm.example", "secret": false,
    });
    assert_eq!(begun["authorizer"]["prototype"]["collect_fields"], json!([field]));
    let path = format!("/api/platform_user/authorizations/{OF_SHOP}");
    let state = &begun["state"];
    for odd in [json!(""), json!("evil.example/"), json!(null), json!(7)] {
        let typed = json!({"state": state, "shop": odd});
        let answer = page.call(Method::PUT, &path, typed).await;
        assert_eq!(problem(&answer), (400, "invalid-request".to_owned(), vec!["/shop".to_owned()]));
    }
    let typed = json!({"state": state, "shop": "acme"});
    let shown = page.put(&path, typed.clone()).await["authorization"].take();
    let url = shown["authorize_url"].as_str().unwrap();
    assert!(url.starts_with("https://acme.crm.example/authorize?"), "{url}");
    assert_eq!(shown["authorizer"]["prototype"]["collect_fields"], Json::Null);
    // Neither another context nor another connector has it.
    let other = Page::of(&stage.hub, "other").await;
    refused(other.call(Method::PUT, &path, typed.clone()).await, "authorization-not-found");
    let elsewhere = format!("/api/platform_user/authorizations/{KEYED}");
    refused(page.call(Method::PUT, &elsewhere, typed).await, "authorization-not-found");
}

#[tokio::test]
async fn a_key_is_all_that_some_providers_want() {
    let stage = stage().await;
    let page = Page::of(&stage.hub, "acme").await;
    let begun = connect(&page, KEYED).await["authorization"].take();
    let prototype = &begun["authorizer"]["prototype"];
    assert_eq!(prototype["collect_instructions"], "It is in your profile.");
    assert_eq!(prototype["collect_fields"][0]["secret"], true);
    let path = format!("/api/platform_user/authorizations/{KEYED}");
    let typed = json!({"state": begun["state"], "api_key": " k3y "});
    assert_eq!(page.put(&path, typed.clone()).await["authorization"]["status"], "active");
    assert_eq!(page.get(CONNECTION).await["connection"]["enabled"], true);
    refused(page.call(Method::PUT, &path, typed).await, "state-conflict");
    let newest = format!("/api/platform_user/connections/{KEYED}");
    let (status, _, removed) = page.call(Method::DELETE, &newest, Json::Null).await;
    assert_eq!((status, &removed["connection"]["id"]), (StatusCode::OK, &json!("acme-crm")));
    refused(page.call(Method::DELETE, &newest, Json::Null).await, "connection-not-found");
}

#[tokio::test]
async fn an_app_without_an_oauth_client_is_told_to_put_one() {
    let stage = stage().await;
    let page = Page::of(&stage.hub, "acme").await;
    let path = format!("/api/platform_user/connections/{OF_SHOP}");
    let answer = page.call(Method::POST, &path, json!({"id": "acme-crm"})).await;
    let told = refused(answer, "state-conflict");
    assert!(told["detail"].as_str().unwrap().contains("/api/v1/oauth-clients/of-shop"), "{told}");

    let (_, _, listed) = stage.hub.get("/api/v1/oauth-clients").await;
    let clients = json!({"oauth_clients": [
        {
            "connector": OAUTH, "display_name": "Consenting CRM", "client_id": "our-app",
            "callback_url": "https://hub.example/authorizations/callback",
            "scopes": ["records", "offline"],
        },
        {
            "connector": OF_SHOP, "display_name": "CRM of shops", "client_id": null,
            "callback_url": "https://hub.example/authorizations/callback", "scopes": [],
        },
    ]});
    assert_eq!(listed, clients);
    assert!(!listed.to_string().contains("s3cret"));
    let one = format!("/api/v1/oauth-clients/{OAUTH}");
    assert_eq!(stage.hub.delete(&one).await.0, StatusCode::NO_CONTENT);
    let (_, _, listed) = stage.hub.get("/api/v1/oauth-clients").await;
    assert_eq!(listed["oauth_clients"][0]["client_id"], Json::Null);

    let client = json!({"client_id": "", "client_secret": "x"});
    let answer = stage.hub.put(&one, client.clone()).await;
    assert_eq!(
        problem(&answer),
        (400, "invalid-request".to_owned(), vec!["/client_id".to_owned()])
    );
    for (slug, expected) in [("native", "state-conflict"), ("absent", "connector-not-found")] {
        let client = json!({"client_id": "a", "client_secret": "b"});
        let answer = stage.hub.put(&format!("/api/v1/oauth-clients/{slug}"), client).await;
        assert_eq!(problem(&answer).1, expected);
    }
    // Nor does the app connect such a CRM behind its end user's back.
    let put = json!({"context": "acme", "connector": OAUTH});
    let answer = stage.hub.put("/api/v1/connections/acme-crm", put).await;
    assert_eq!(problem(&answer).1, "state-conflict");
}
