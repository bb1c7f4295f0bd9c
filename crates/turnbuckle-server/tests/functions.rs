//! Functions: saved in versions, published, tried, and called by URL and key.

mod support;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value as Json, json};
use support::{Answer, TestHub, problem};
use tokio_util::sync::CancellationToken;
use turnbuckle_server::workers;
use turnbuckle_testkit::WebhookSink;

/// The lines of Zoho's page, and an answer that shows what they found.
const SEED: &str = r#"
function handler(crmAPIRequest) {
    request_body = crmAPIRequest.get("body");
    parameters = crmAPIRequest.get("params");
    filecontent = crmAPIRequest.get("file_content");
    user_info = crmAPIRequest.get("user_info");
    method = crmAPIRequest.get("method");
    authtype = crmAPIRequest.get("auth_type");
    headers = crmAPIRequest.get("headers");
    m = {"nameSpace":"<portal_name.extension_namespace>"};
    apikeyresp = zoho.crm.invokeConnector("crm.zapikey",m);
    zapikey = apikeyresp.get("response");
    return {request_body, id: parameters.get("id"), method, authtype, type: headers.get("content-type"), zapikey};
}"#;

async fn put(hub: &TestHub, name: &str, document: Json) -> Json {
    let (status, _, body) = hub.put(&format!("/api/v1/functions/{name}"), document).await;
    assert!(status.is_success(), "{body}");
    body["function"].clone()
}

/// A function with URLs, published.
async fn given(hub: &TestHub, name: &str, source: &str) -> Json {
    let function = put(hub, name, json!({"source": source, "rest_api": true})).await;
    let path = format!("/api/v1/functions/{name}/publish");
    let version = function["draft_version"].clone();
    let (status, _, body) = hub.post(&path, json!({"version": version})).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["function"].clone()
}

/// The path of an URL with its query.
fn path(url: &Json) -> String {
    let url = url::Url::parse(url.as_str().unwrap()).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

fn production(function: &Json) -> String {
    path(&function["urls"]["production"]) + function["urls"]["zapikey"].as_str().unwrap()
}

async fn call(hub: &TestHub, path: &str, body: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    hub.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.0.as_u16(), answer.2["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_function_is_called_as_the_seed_calls_it() {
    let hub = TestHub::start().await;
    let function = given(&hub, "on_invoice", SEED).await;
    let path = production(&function);
    assert!(path.starts_with(
        "/crm/v2/functions/on_invoice/actions/execute?auth_type=apikey&zapikey=1003."
    ));
    let (status, headers, body) = call(&hub, &format!("{path}&id=7"), "{\"a\":1}").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers["content-type"], "application/json;charset=utf-8");
    assert_eq!(body["code"], "success");
    assert_eq!(body["message"], "function executed successfully");
    assert_eq!(body["details"]["output_type"], "string");
    assert_eq!(body["details"]["id"], function["id"]);
    let output: Json = serde_json::from_str(body["details"]["output"].as_str().unwrap()).unwrap();
    let zapikey = output["zapikey"].as_str().unwrap();
    let expected = json!({
        "request_body": "{\"a\":1}", "id": "7", "method": "POST", "authtype": "apikey",
        "type": "application/json", "zapikey": zapikey,
    });
    assert_eq!(output, expected);

    // The key of the workspace opens every function, whatever version its address names.
    assert_ne!(json!(zapikey), function["urls"]["zapikey"]);
    given(&hub, "another", "handler = () => 'well'").await;
    for version in 2..=8 {
        let path = format!("/crm/v{version}/functions/another/actions/execute?zapikey={zapikey}");
        let request = Request::get(&path).body(Body::empty()).unwrap();
        let (_, _, body) = hub.send(request).await;
        assert_eq!(body["details"]["output"], "well");
    }
    let path = format!("/crm/v9/functions/another/actions/execute?zapikey={zapikey}");
    assert_eq!(code(&call(&hub, &path, "").await), (404, "FUNCTION_NOT_FOUND"));
}

#[tokio::test]
async fn a_script_says_how_it_is_answered() {
    let hub = TestHub::start().await;
    let source = r#"function handler() {
        return {crmAPIResponse: {status_code: 202, "Content-Type": "text/plain", headers: {"X-A": "1"}, body: "taken"}};
    }"#;
    let function = given(&hub, "answering", source).await;
    let (status, headers, body) = call(&hub, &production(&function), "").await;
    assert_eq!((status, body), (StatusCode::ACCEPTED, json!("taken")));
    assert_eq!(headers["content-type"], "text/plain");
    assert_eq!(headers["x-a"], "1");
    assert_eq!(headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn the_draft_is_called_by_the_sandbox_and_what_is_published_stays() {
    let hub = TestHub::start().await;
    let first = given(&hub, "f", "handler = () => 1").await;
    assert_eq!((&first["draft_version"], &first["published_version"]), (&json!(1), &json!(1)));
    let second = put(&hub, "f", json!({"source": "handler = () => 2", "rest_api": true})).await;
    assert_eq!((&second["draft_version"], &second["published_version"]), (&json!(2), &json!(1)));
    let outputs = async || {
        let sandbox = call(&hub, &path(&second["urls"]["sandbox"]), "").await.2;
        let production = call(&hub, &production(&second), "").await.2;
        [sandbox, production].map(|body| body["details"]["output"].clone())
    };
    assert_eq!(outputs().await, ["2", "1"]);
    hub.post("/api/v1/functions/f/publish", json!({"version": 2})).await;
    assert_eq!(outputs().await, ["2", "2"]);
    // Rolling back is publishing an earlier one.
    hub.post("/api/v1/functions/f/publish", json!({"version": 1})).await;
    assert_eq!(outputs().await, ["2", "1"]);

    let (_, _, listed) = hub.get("/api/v1/functions/f/versions").await;
    let numbers: Vec<_> =
        listed["versions"].as_array().unwrap().iter().map(|it| &it["number"]).collect();
    assert_eq!(numbers, [2, 1]);
    let (_, _, shown) = hub.get("/api/v1/functions/f/versions/1").await;
    assert_eq!(shown["version"]["source"], "handler = () => 1");
    let (_, _, answer) = hub.get("/api/v1/functions/f/versions/1/diff/2").await;
    let source = answer["diff"]["source"].as_str().unwrap();
    assert!(source.contains("-handler = () => 1\n"), "{source}");
    assert!(source.contains("+handler = () => 2\n"), "{source}");
    assert_eq!(answer["diff"]["arguments"], Json::Null);
    let absent = hub.get("/api/v1/functions/f/versions/1/diff/3").await;
    assert_eq!(problem(&absent).1, "function-not-found");
    let refused = hub.post("/api/v1/functions/f/publish", json!({"version": 3})).await;
    assert_eq!(problem(&refused), (400, "invalid-request".to_owned(), vec!["/version".to_owned()]));
}

#[tokio::test]
async fn who_may_not_call_is_not_told_what_there_is() {
    let hub = TestHub::start().await;
    let one = given(&hub, "one", "handler = () => 1").await;
    let other = given(&hub, "other", "handler = () => 2").await;
    let key = |function: &Json| function["urls"]["zapikey"].as_str().unwrap().to_owned();
    let execute =
        |name: &str, query: &str| format!("/crm/v2/functions/{name}/actions/execute?{query}");
    for path in [
        execute("one", ""),
        execute("one", "zapikey="),
        execute("one", "zapikey=1003.wrong.wrong"),
        execute("one", &format!("auth_type=oauth&zapikey={}", key(&one))),
        execute("one", &format!("zapikey={}", key(&other))),
        execute("absent", &format!("zapikey={}", key(&other))),
    ] {
        assert_eq!(code(&call(&hub, &path, "").await), (401, "INVALID_TOKEN"), "{path}");
    }
    let path = execute("one", &format!("zapikey={}", key(&one)));
    assert_eq!(code(&call(&hub, &path, "").await), (200, "success"));
    hub.delete("/api/v1/functions/one").await;
    assert_eq!(code(&call(&hub, &path, "").await), (401, "INVALID_TOKEN"));
    // One of the same name is another, with a key of its own.
    given(&hub, "one", "handler = () => 3").await;
    assert_eq!(code(&call(&hub, &path, "").await), (401, "INVALID_TOKEN"));
}

#[tokio::test]
async fn what_cannot_be_called_says_why() {
    let hub = TestHub::start().await;
    let draft = put(&hub, "draft", json!({"source": "handler = () => 1", "rest_api": true})).await;
    assert_eq!(code(&call(&hub, &production(&draft), "").await), (404, "FUNCTION_NOT_PUBLISHED"));
    let called = given(&hub, "called", "handler = () => 1").await;
    assert_eq!(code(&call(&hub, &production(&called), "").await), (200, "success"));
    let standard = put(&hub, "called", json!({"source": "handler = () => 1"})).await;
    assert_eq!(standard["urls"], Json::Null);
    assert_eq!(code(&call(&hub, &production(&called), "").await), (403, "REST_API_DISABLED"));
}

/// What a call of a function with this source answers. A 5xx of the script's is no failure of
/// the hub's: asked without the check that a hub answers none.
async fn answered(hub: &TestHub, name: &str, source: &str) -> (u16, String) {
    let function = given(hub, name, source).await;
    let request = Request::post(production(&function)).body(Body::empty()).unwrap();
    let router = turnbuckle_server::api::router(hub.app.clone());
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let status = response.status().as_u16();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let body: Json = serde_json::from_slice(&body).unwrap();
    assert!(!body.to_string().contains("secret"));
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_goes_wrong_in_a_script_harms_nobody_else() {
    let hub = TestHub::start_with(&[("TURNBUCKLE_FUNCTIONS__MEMORY_BYTES_MAX", "16000000")]).await;
    let well = given(&hub, "well", "handler = () => 'well'").await;
    for (name, source, code) in [
        ("thrown", "handler = () => { throw new Error('my secret') }", "FUNCTION_FAILED"),
        (
            "greedy",
            "handler = () => { a = []; while (true) a.push('x'.repeat(1e6) + a.length) }",
            "FUNCTION_FAILED",
        ),
        ("odd", "handler = () => Symbol()", "INVALID_RETURN"),
        ("circle", "handler = () => { const a = []; a.push(a); return a }", "INVALID_RETURN"),
        (
            "deep",
            "handler = () => { let a = 1; for (let i = 0; i < 200; i++) a = [a]; return a }",
            "INVALID_RETURN",
        ),
        ("wrong", "handler = () => ({crmAPIResponse: {status_code: 7}})", "INVALID_RETURN"),
    ] {
        assert_eq!(answered(&hub, name, source).await, (500, code.to_owned()), "{name}");
        let (_, _, body) = call(&hub, &production(&well), "").await;
        assert_eq!(body["details"]["output"], "well");
    }
}

#[tokio::test]
async fn a_script_without_an_end_is_ended() {
    let hub = TestHub::start_with(&[("TURNBUCKLE_FUNCTIONS__TIME_MAX_MS", "1000")]).await;
    let endless = answered(&hub, "endless", "handler = () => { while (true); }").await;
    assert_eq!(endless, (504, "TIME_OUT".to_owned()));
}

#[tokio::test]
async fn a_mistake_in_a_script_is_told_with_its_place_and_stores_nothing() {
    let hub = TestHub::start().await;
    let document = |source: &str| json!({"source": source});
    let refused =
        hub.put("/api/v1/functions/f", document("function handler() {\n  return 1 +;\n}")).await;
    assert_eq!(problem(&refused), (400, "invalid-request".to_owned(), vec!["/source".to_owned()]));
    let detail = refused.2["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("line 2, column "), "{detail}");
    assert!(detail.contains("SyntaxError"), "{detail}");
    let absent = hub.get("/api/v1/functions/f").await;
    assert_eq!(problem(&absent).1, "function-not-found");
    for (name, document, paths) in [
        ("2f", document("x"), vec![]),
        ("f", json!({"source": ""}), vec!["/source".to_owned()]),
        ("f", json!({"source": "x", "arguments": ["a b"]}), vec!["/arguments/0".to_owned()]),
        ("f", json!({"source": "x", "connection": "absent"}), vec!["/connection".to_owned()]),
    ] {
        let refused = hub.put(&format!("/api/v1/functions/{name}"), document).await;
        assert_eq!(problem(&refused), (400, "invalid-request".to_owned(), paths));
    }
}

#[tokio::test]
async fn a_function_works_on_records_of_its_workspace() {
    let hub = TestHub::with_connection().await;
    let source = r#"function handler(crmAPIRequest, name) {
        const made = zoho.crm.createRecord("Lead", {Contact: name});
        zoho.crm.updateRecord("Lead", made.get("id"), {Contact: name + "!"});
        info("made", made.id);
        try { zoho.crm.createRecord("Lead", {Nonsense: 1}) } catch (error) { info(error.message) }
        try { zoho.crm.getRecordById("Lead", made.id, "absent") } catch (error) { info(error.message) }
        return zoho.crm.getRecordById("Lead", made.id).get("Contact");
    }"#;
    let (_, _, connections) = hub.get("/api/v1/connections").await;
    let connection = &connections["connections"][0]["id"];
    let document = json!({
        "source": source, "rest_api": true, "arguments": ["name"], "connection": connection,
    });
    put(&hub, "make_lead", document).await;
    let request = json!({"request": {"query": "name=Ada", "body": {"a": 1}}});
    let (status, _, tried) = hub.post("/api/v1/functions/make_lead/try", request).await;
    assert_eq!(status, StatusCode::OK, "{tried}");
    assert_eq!(tried["result"], json!({"output": "Ada!"}), "{tried}");
    let calls: Vec<_> = tried["host_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        calls,
        [
            "crm.createRecord",
            "crm.updateRecord",
            "crm.createRecord",
            "crm.getRecordById",
            "crm.getRecordById",
        ]
    );
    let logs = tried["logs"].as_array().unwrap();
    assert!(logs[1].as_str().unwrap().contains("`Nonsense` is not a column"), "{tried}");
    assert!(logs[2].as_str().unwrap().contains("absent"), "{tried}");
    let (_, _, changes) = hub.get("/api/v1/changes").await;
    assert!(changes["changes"].is_array(), "{changes}");
}

#[tokio::test]
async fn a_function_finds_records() {
    let hub = TestHub::with_connection().await;
    let source = r#"function handler(crmAPIRequest) {
        for (const n of [1, 2, 3, 4, 5]) {
            zoho.crm.createRecord("Opportunity", {Title: "Deal " + n, Amount: n * 100});
        }
        const titles = (...search) =>
            zoho.crm.searchRecords("Opportunity", ...search).map((it) => it.get("Title").slice(5)).join("");
        const all = "(Title:starts_with:deal)";
        for (const search of [
            [all, 0], [all, 1, 201], [all, 11, 200], ["Title:equals:1"], ["(Nonsense:equals:1)"], [7],
            [all, 1, 1, "absent"],
        ]) {
            try { info(titles(...search)) } catch (error) { info(error.message) }
        }
        return [
            titles(all), titles(all, 1, 2), titles(all, 3, 2), titles(all, 4, 2),
            titles("((Amount:between:200,400)and(Title:not_equal:Deal 3))"),
            titles("(Title:in:Deal 1,deal 5)or(Amount:less_equal:100)"),
            titles({column: "Amount", op: "gt", value: 300}, 1, 200, "acme-crm"),
        ];
    }"#;
    put(&hub, "f", json!({"source": source, "connection": "acme-crm"})).await;
    let (_, _, tried) = hub.post("/api/v1/functions/f/try", json!({})).await;
    let found = json!(["12345", "12", "5", "", "24", "15", "45"]);
    assert_eq!(tried["result"], json!({ "output": found }), "{tried}");
    let refusals = [
        "`page` must be a number",
        "a page has at most 200",
        "the last one is the 2000th",
        "at character 1 of the criteria",
        "Nonsense",
        "a filter is an object",
        "absent",
    ];
    let logs: Vec<_> =
        tried["logs"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(logs.len(), refusals.len());
    for (line, part) in logs.into_iter().zip(refusals) {
        assert!(line.contains(part), "{line} is not: {part}");
    }
}

#[tokio::test]
async fn a_trial_shows_where_a_script_failed() {
    let hub = TestHub::start().await;
    put(
        &hub,
        "f",
        json!({"source": "function handler(request) {\n  info('here');\n  return request.x.y;\n}"}),
    )
    .await;
    let (_, _, tried) = hub.post("/api/v1/functions/f/try", json!({})).await;
    assert_eq!(tried["result"], Json::Null);
    assert_eq!(
        (&tried["error"]["name"], &tried["error"]["line"]),
        (&json!("TypeError"), &json!(3))
    );
    assert_eq!(tried["logs"], json!(["here"]));
    let absent = hub.post("/api/v1/functions/f/try", json!({"version": 9})).await;
    assert_eq!(problem(&absent).1, "function-not-found");
}

#[tokio::test]
async fn a_received_request_is_tried() {
    let hub = TestHub::with_connection().await;
    let source = json!({"name": "form", "connection": "acme-crm"});
    let (_, _, source) = hub.post("/api/v1/sources", source).await;
    let url = url::Url::parse(source["source"]["url"].as_str().unwrap()).unwrap();
    let received = Request::post(format!("{}?a=1", url.path()))
        .header("content-type", "application/json")
        .header("x-sign", "abc");
    let (_, _, received) = hub.send(received.body(Body::from("{\"b\": 2}")).unwrap()).await;
    put(
        &hub,
        "f",
        json!({"source": "handler = ({method, params, headers, body}) => [method, params.a, headers['x-sign'], body]"}),
    )
    .await;
    let attempt = async |body: Json| hub.post("/api/v1/functions/f/try", body).await;
    let (_, _, tried) = attempt(json!({"event": received["id"]})).await;
    let expected = json!(["POST", "1", "abc", "{\"b\": 2}"]);
    assert_eq!(tried["result"], json!({ "output": expected }), "{tried}");
    for wrong in [
        json!({"event": received["id"], "request": {}}),
        json!({"event": "in_x"}),
        json!({"event": "in_01a20a4705417000803145d52465f1f4"}),
    ] {
        let refused = attempt(wrong).await;
        assert_eq!(
            problem(&refused),
            (400, "invalid-request".to_owned(), vec!["/event".to_owned()])
        );
    }
}

#[tokio::test]
async fn a_function_calls_others() {
    let others = WebhookSink::start().await;
    let hub = TestHub::start_with(&[("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")]).await;
    let source = format!(
        r#"function handler() {{
            answer = invokeUrl({{url: "{}/hooks", type: "POST", headers: {{"X-Key": "1"}}, body: {{a: 1}}}});
            try {{ invokeUrl({{url: "http://10.0.0.1/"}}) }} catch (error) {{ info(error.message) }}
            return [answer.get("status"), answer.get("headers").get("content-length")];
        }}"#,
        others.url()
    );
    put(&hub, "f", json!({ "source": source })).await;
    let (_, _, tried) = hub.post("/api/v1/functions/f/try", json!({})).await;
    assert_eq!(tried["result"], json!({"output": [200, "0"]}), "{tried}");
    let log = tried["logs"][0].as_str().unwrap();
    assert!(log.starts_with("10.0.0.1 is not a public address"), "{log}");
    assert_eq!(tried["host_calls"][0]["name"], "invokeUrl");
    let called = &others.calls()[0];
    assert_eq!((called.header("x-key"), called.json()), (Some("1"), json!({"a": 1})));
}

/// Writes down the calls that were made.
async fn log_calls(hub: &TestHub) {
    let stopped = CancellationToken::new();
    stopped.cancel();
    workers::calls::run(hub.app.clone(), stopped).await;
}

#[tokio::test]
async fn calls_by_url_are_logged_with_what_went_on_inside() {
    let hub = TestHub::with_connection().await;
    let source = r#"function handler(crmAPIRequest) {
        info("called", crmAPIRequest.get("params"));
        const lead = zoho.crm.createRecord("Lead", {Contact: "Ada"}, "acme-crm");
        if (crmAPIRequest.params.fail) {
            zoho.crm.createRecord("Nonsense", {}, "acme-crm");
        }
        return {crmAPIResponse: crmAPIRequest.params.odd ? 1 : {status_code: 202}};
    }"#;
    let path = production(&given(&hub, "f", source).await);
    let (_, _, tried) = hub.post("/api/v1/functions/f/try", json!({})).await;
    assert_eq!(tried["error"], Json::Null, "{tried}");
    assert_eq!(call(&hub, &format!("{path}&secret=hidden"), "hidden").await.0, 202);
    for query in ["fail=1", "odd=1"] {
        let request = Request::put(format!("{path}&{query}")).body(Body::empty()).unwrap();
        let router = turnbuckle_server::api::router(hub.app.clone());
        let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
        assert_eq!(response.status(), 500);
    }
    log_calls(&hub).await;

    let list = async |query: &str| {
        let (status, _, body) = hub.get(&format!("/api/v1/functions/f/calls{query}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    };
    let all = list("").await["calls"].as_array().unwrap().clone();
    let facts = |call: &Json| (call["method"].clone(), call["status"].clone());
    assert_eq!(
        all.iter().map(facts).collect::<Vec<_>>(),
        [("PUT", 500), ("PUT", 500), ("POST", 202)].map(|(method, at)| (json!(method), json!(at)))
    );
    assert_eq!(all[0]["error"]["name"], "InvalidReturn");
    assert_eq!((&all[1]["error"]["line"], &all[1]["version"]), (&json!(5), &json!(1)));
    let failed = list("?failed=true&limit=1").await;
    assert_eq!(failed["calls"], json!([all[0]]));
    let next = failed["page"]["next"].as_str().unwrap();
    let rest = list(&format!("?failed=true&cursor={next}")).await;
    assert_eq!((&rest["calls"], &rest["page"]["has_more"]), (&json!([all[1]]), &json!(false)));

    let show = async |call: &Json| {
        let id = call["id"].as_str().unwrap();
        hub.get(&format!("/api/v1/functions/f/calls/{id}")).await.2["call"].clone()
    };
    let shown = show(&all[2]).await;
    assert_eq!(shown["logs"], json!([r#"called {"secret":"hidden"}"#]), "the script told it");
    assert_eq!(shown["host_calls"][0]["name"], "crm.createRecord");
    assert!(shown["at"].as_str().unwrap().ends_with('Z'));
    let shown = show(&all[1]).await;
    assert!(shown["host_calls"][1]["error"].as_str().unwrap().contains("Nonsense"), "{shown}");
    let absent = hub.get("/api/v1/functions/f/calls/call_x").await;
    assert_eq!(problem(&absent).1, "function-call-not-found");

    hub.delete("/api/v1/functions/f").await;
    let gone = hub.get("/api/v1/functions/f/calls").await;
    assert_eq!(problem(&gone).1, "function-not-found");
}

#[tokio::test]
async fn a_call_ends_although_its_caller_went_away() {
    let hub = TestHub::with_connection().await;
    let source = "handler = () => zoho.crm.createRecord('Lead', {Contact: 'Ada'}, 'acme-crm').id";
    let path = production(&given(&hub, "f", source).await);
    let has_begun = async {
        while hub.app.unfinished.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answered = call(&hub, &path, "") => panic!("answered before: {answered:?}"),
        () = has_begun => {}
    }
    hub.app.unfinished.close();
    hub.app.unfinished.wait().await;
    log_calls(&hub).await;
    let (_, _, listed) = hub.get("/api/v1/functions/f/calls").await;
    assert_eq!(listed["calls"][0]["status"], 200, "{listed}");
}

#[tokio::test]
async fn a_call_whose_caller_went_away_before_its_turn_never_begins() {
    let one_at_a_time =
        [("TURNBUCKLE_FUNCTIONS__RUNNING_MAX", "1"), ("TURNBUCKLE_FUNCTIONS__TIME_MAX_MS", "1000")];
    let hub = TestHub::start_with(&one_at_a_time).await;
    let endless = production(&given(&hub, "endless", "handler = () => { while (true); }").await);
    let quick = production(&given(&hub, "quick", "handler = () => 1").await);
    // All that it takes to call them is in memory from here on.
    assert_eq!(call(&hub, &quick, "").await.0, 200);
    let long_enough = async || {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    let has_begun = async {
        while hub.app.unfinished.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let router = turnbuckle_server::api::router(hub.app.clone());
    let request = Request::post(&endless).body(Body::empty()).unwrap();
    let running = tower::ServiceExt::oneshot(router, request);
    tokio::pin!(running);
    tokio::select! {
        answered = &mut running => panic!("answered before: {answered:?}"),
        () = has_begun => {}
    }
    tokio::select! {
        answered = call(&hub, &quick, "") => panic!("it had no turn: {answered:?}"),
        () = long_enough() => {}
    }
    assert_eq!(hub.app.unfinished.len(), 1);
    assert_eq!(running.await.unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
    long_enough().await;
    log_calls(&hub).await;
    let (_, _, listed) = hub.get("/api/v1/functions/quick/calls").await;
    assert_eq!(listed["calls"].as_array().unwrap().len(), 1, "{listed}");
}

#[tokio::test]
async fn a_form_with_a_field_that_is_no_text_keeps_the_others() {
    let hub = TestHub::start().await;
    let source = "handler = (crmAPIRequest) => crmAPIRequest.get('params')";
    let path = production(&given(&hub, "f", source).await);
    let request = Request::post(&path).header("content-type", "application/x-www-form-urlencoded");
    let (_, _, answer) = hub.send(request.body(Body::from("b=1&c=%ff")).unwrap()).await;
    assert_eq!(answer["details"]["output"], "{\"b\":\"1\",\"c\":\"\u{fffd}\"}");
}

#[tokio::test]
async fn a_key_is_followed_by_another() {
    let hub = TestHub::start().await;
    let before = production(&given(&hub, "f", "handler = () => 1").await);
    let keys = "/api/v1/functions/f/keys";
    let (status, _, added) = hub.post(keys, json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    let after = production(&added["function"]);
    assert_ne!(before, after);
    for path in [&before, &after] {
        assert_eq!(call(&hub, path, "").await.0, 200);
    }
    let ended = async |path: &str| hub.delete(path).await.0;
    assert_eq!(ended(keys).await, StatusCode::NO_CONTENT);
    assert_eq!(code(&call(&hub, &before, "").await), (401, "INVALID_TOKEN"));
    assert_eq!(call(&hub, &after, "").await.0, 200);

    // The key of the workspace opens all, and is what scripts are given.
    let source = r#"handler = () => zoho.crm.invokeConnector("crm.zapikey", {}).get("response")"#;
    let asking = given(&hub, "asking", source).await;
    let of_workspace = async || {
        let (_, _, answer) = call(&hub, &production(&asking), "").await;
        answer["details"]["output"].as_str().unwrap().trim_matches('"').to_owned()
    };
    let with = |key: &str| path(&asking["urls"]["production"]) + key;
    let first = of_workspace().await;
    let (status, _, made) = hub.post("/api/v1/function-keys", json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let second = made["zapikey"].as_str().unwrap();
    assert_eq!(of_workspace().await, second);
    for key in [&*first, second] {
        assert_eq!(call(&hub, &with(key), "").await.0, 200);
    }
    assert_eq!(ended("/api/v1/function-keys").await, StatusCode::NO_CONTENT);
    assert_eq!(call(&hub, &with(&first), "").await.0, 401);
    assert_eq!(call(&hub, &with(second), "").await.0, 200);

    for _ in 1..100 {
        assert_eq!(hub.post(keys, json!({})).await.0, StatusCode::CREATED);
    }
    assert_eq!(problem(&hub.post(keys, json!({})).await).1, "state-conflict");
    let of_none = hub.post("/api/v1/functions/none/keys", json!({})).await;
    assert_eq!(problem(&of_none).1, "function-not-found");
}

#[tokio::test]
async fn who_may_only_read_sees_no_keys() {
    let hub = TestHub::start().await;
    given(&hub, "f", "handler = () => 1").await;
    let reader = hub.as_key(&["read"]).await;
    let (status, _, body) = reader.call(Method::GET, "/api/v1/functions/f", None).await;
    assert_eq!((status, &body["function"]["urls"]), (StatusCode::OK, &Json::Null));
    let refused =
        reader.call(Method::PUT, "/api/v1/functions/f", Some(json!({"source": "x"}))).await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
}
