//! A source runs a function on what is posted to it, before records are made or instead.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, Source, text};
use turnbuckle_testkit::{Client, HubProcess, Reply, WebhookSink, wait};

use super::hub;

/// A function that is published, for sources alone.
async fn publish(client: &Client, name: &str, source: &str) {
    let path = format!("/api/v1/functions/{name}");
    let saved = client.put(&path, json!({ "source": source })).await.success();
    let version = saved["function"]["draft_version"].clone();
    client.post(&format!("{path}/publish"), json!({ "version": version })).await.success();
}

/// A source whose posts are answered with what became of them.
async fn source(client: &Client, function: Json, more: Json) -> Source {
    let mut settings = json!({"reply": "processed", "function": function});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create_source(settings).await
}

async fn post(client: &Client, source: &Source, body: &Json) -> Json {
    client.anonymous().post(&source.path, body.clone()).await.json()
}

/// Posts without waiting for what becomes of it. Answers the id of the event.
async fn post_and_go(client: &Client, source: &Source, body: &Json) -> String {
    text(&client.anonymous().post(&source.path, body.clone()).await.expect(200)["id"])
}

async fn event(client: &Client, id: &str) -> Json {
    let path = format!("/api/v1/inbound-events/{id}");
    client.get(&path).await.expect(200)["inbound_event"].clone()
}

async fn ended(client: &Client, id: &str) -> Json {
    wait::until("an event to end", async || {
        let found = event(client, id).await;
        ["done", "failed"].contains(&found["status"].as_str().unwrap()).then_some(found)
    })
    .await
}

async fn calls(client: &Client, function: &str, count: usize) -> Vec<Json> {
    let path = format!("/api/v1/functions/{function}/calls");
    let found = client.list(&path, "calls").await;
    assert_eq!(found.len(), count, "{found:?}");
    found
}

async fn emails(client: &Client) -> Vec<String> {
    let filter = json!({"column": "Email", "op": "contains", "value": "@"});
    let mut leads = client.search_records("Lead", filter).await;
    leads.sort_by_key(|lead| lead["number"].as_i64());
    leads.iter().map(|lead| text(&lead["data"]["Email"])).collect()
}

#[tokio::test]
async fn a_function_puts_another_body_in_the_place_of_what_was_posted() {
    let hub = hub().await;
    let client = hub.client();
    let script = r#"function handler(crmAPIRequest) {
        const post = JSON.parse(crmAPIRequest.get("body"));
        info("from", crmAPIRequest.get("user_info").get("role"), crmAPIRequest.get("params").get("shop"));
        if (post.kind === "test") return null;
        if (post.kind === "text") return JSON.stringify({lead: {mail: post.mail}});
        if (post.kind === "answer") return {crmAPIResponse: {body: {lead: {mail: post.mail}}}};
        if (post.kind === "words") return "no JSON"; if (post.kind === "refused") return {crmAPIResponse: {status_code: "401"}};
        return {lead: {mail: post.mail.trim().toLowerCase()}};
    }"#;
    publish(client, "clean", script).await;
    let mapping = json!({"entity": "Lead", "columns": {"Email": {"path": "body.lead.mail"}}});
    let source =
        source(client, json!({"name": "clean", "runs": "before"}), json!({ "mapping": mapping }))
            .await;
    let with_query = Source { path: format!("{}?shop=7", source.path), ..source };
    let answer = post(client, &with_query, &json!({"mail": " ADA@EXAMPLE.COM "})).await;
    assert_eq!(answer["status"], "done", "{answer}");
    assert_eq!(answer["records"].as_array().unwrap().len(), 1);
    for (kind, mail) in [("text", "bob@example.com"), ("answer", "cy@example.com")] {
        let answer = post(client, &with_query, &json!({"kind": kind, "mail": mail})).await;
        assert_eq!(answer["status"], "done", "{answer}");
    }
    let expected = ["ada@example.com", "bob@example.com", "cy@example.com"];
    assert_eq!(emails(client).await, expected);

    let nothing = post(client, &with_query, &json!({"kind": "test"})).await;
    assert_eq!((&nothing["status"], &nothing["records"]), (&json!("done"), &json!([])));
    let words = post(client, &with_query, &json!({"kind": "words"})).await;
    let error = text(&words["error"]);
    assert!(error.starts_with("its function `clean`: it returned a text that is not JSON"));
    let thrown = post(client, &with_query, &json!({"kind": "wrong"})).await;
    assert_eq!(thrown["status"], "failed");
    let error = text(&thrown["error"]);
    assert!(error.starts_with("its function `clean` failed: TypeError: "), "{error}");
    assert!(error.ends_with("(line 8, column 30)"), "{error}");

    let refused = post(client, &with_query, &json!({"kind": "refused"})).await;
    assert_eq!(refused["error"], "its function `clean` answered with the status 401");
    let logged = calls(client, "clean", 7).await;
    assert_eq!((&logged[0]["status"], &logged[0]["failed"]), (&json!(401), &json!(false)));
    let logged = &logged[1..];
    assert_eq!((&logged[0]["event"], &logged[0]["failed"]), (&thrown["id"], &json!(true)));
    assert_eq!((&logged[2]["event"], &logged[2]["failed"]), (&nothing["id"], &json!(false)));
    let path = format!("/api/v1/functions/clean/calls/{}", text(&logged[5]["id"]));
    assert_eq!(client.get(&path).await.expect(200)["call"]["logs"], json!(["from source 7"]));
}

#[tokio::test]
async fn a_function_runs_instead_on_the_connection_of_its_source() {
    let hub = hub().await;
    let client = hub.client();
    let script = r#"function handler(crmAPIRequest) {
        const post = JSON.parse(crmAPIRequest.get("body"));
        zoho.crm.createRecord("Lead", {Email: post.mail});
        return "ignored";
    }"#;
    publish(client, "take", script).await;
    let source = source(client, json!({"name": "take", "runs": "instead"}), json!({})).await;
    let answer = post(client, &source, &json!({"mail": "ada@example.com"})).await;
    assert_eq!((&answer["status"], &answer["records"]), (&json!("done"), &json!([])));
    assert_eq!(emails(client).await, ["ada@example.com"]);

    // A replay calls it again, a trial never.
    let dry = json!({"ids": [answer["id"]], "dry_run": true});
    let dry = client.post("/api/v1/inbound-events/replay", dry).await.expect(200);
    let warning = &dry["replay"]["events"][0]["warnings"][0]["detail"];
    assert!(text(warning).contains("`take` is not called in a trial or a dry run"), "{dry}");
    let path = format!("/api/v1/sources/{}/try", source.id);
    let tried = client.post(&path, json!({"body": {"mail": "b@example.com"}})).await.expect(200);
    assert!(text(&tried["warnings"][0]["detail"]).contains("`take` is not called"), "{tried}");
    calls(client, "take", 1).await;
    replay(client, &text(&answer["id"])).await;
    assert_eq!(emails(client).await, ["ada@example.com", "ada@example.com"]);
    calls(client, "take", 2).await;
}

#[tokio::test]
async fn every_replay_that_wants_new_records_makes_one() {
    let hub = hub().await;
    let client = hub.client();
    let script = r#"function handler(crmAPIRequest) {
        return {EntityName: "Lead", Email: JSON.parse(crmAPIRequest.get("body")).mail};
    }"#;
    publish(client, "take", script).await;
    let source = source(client, json!({"name": "take", "runs": "before"}), json!({})).await;
    let answer = post(client, &source, &json!({"mail": "ada@example.com"})).await;
    let mut replays = Vec::new();
    for _ in 0..3 {
        let asked = json!({"ids": [answer["id"]], "as_new": true});
        replays.push(client.post("/api/v1/inbound-events/replay", asked).await.expect(202));
    }
    for started in replays {
        let path = format!("/api/v1/replays/{}", text(&started["replay"]["id"]));
        wait::until("a replay to end", async || {
            let replay = client.get(&path).await.expect(200)["replay"].clone();
            (replay["status"] == "done").then_some(())
        })
        .await;
    }
    assert_eq!(emails(client).await, ["ada@example.com"; 4]);
}

async fn replay(client: &Client, event: &str) {
    let started = client.post("/api/v1/inbound-events/replay", json!({"ids": [event]})).await;
    let path = format!("/api/v1/replays/{}", text(&started.expect(202)["replay"]["id"]));
    wait::until("a replay to end", async || {
        let replay = client.get(&path).await.expect(200)["replay"].clone();
        (replay["status"] == "done").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_source_names_a_function_that_can_be_called() {
    let hub = hub().await;
    let client = hub.client();
    let document = |name: &str| {
        json!({"name": "form", "connection": CONNECTION,
            "function": {"name": name, "runs": "before"}})
    };
    let refused = async |name: &str| {
        let problem = client.post("/api/v1/sources", document(name)).await.expect(400);
        assert_eq!(problem["errors"][0]["path"], "/function/name");
        text(&problem["errors"][0]["detail"])
    };
    assert_eq!(refused("absent").await, "the workspace has no function `absent`");
    let draft = json!({"source": "function handler() {}"});
    client.put("/api/v1/functions/draft", draft).await.success();
    assert_eq!(refused("draft").await, "`draft` has no published version: publish one first");

    publish(client, "gone", "function handler() {}").await;
    let source = source(client, json!({"name": "gone", "runs": "instead"}), json!({})).await;
    client.delete("/api/v1/functions/gone").await.success();
    let path = format!("/api/v1/sources/{}", source.id);
    client.patch(&path, json!({"name": "renamed"})).await.expect(200);
    let answer = post(client, &source, &json!({})).await;
    assert_eq!(answer["error"], "its function `gone` was deleted");
}

/// Calls that wait for this receiver go on when it is released.
async fn slow(name: &str, client: &Client) -> WebhookSink {
    let sink = WebhookSink::start().await;
    sink.always(|call| match call.json()["slow"].as_bool() {
        Some(true) => Reply::hang(),
        _ => Reply::status(200),
    });
    let script = format!(
        r#"function handler(crmAPIRequest) {{
            const post = JSON.parse(crmAPIRequest.get("body"));
            zoho.crm.createRecord("Lead", {{Email: "begun@" + post.who}}, "{CONNECTION}");
            invokeUrl({{url: "{}", type: "POST", body: post}});
            return {{Email: "ended@" + post.who, EntityName: "Lead"}};
        }}"#,
        sink.url()
    );
    publish(client, name, &script).await;
    sink
}

#[tokio::test]
async fn a_slow_function_holds_up_its_source_alone_and_keeps_its_order() {
    let hub = hub().await;
    let client = hub.client();
    let sink = slow("slow", client).await;
    let function = json!({"name": "slow", "runs": "before"});
    let more = json!({"reply": "accepted", "match_on": {"Lead": ["Email"]}});
    let first = source(client, function.clone(), more).await;
    let held = post_and_go(client, &first, &json!({"slow": true, "who": "a.example"})).await;
    let behind = post_and_go(client, &first, &json!({"who": "b.example"})).await;
    sink.wait_for(1).await;
    // Those of other sources end meanwhile, whether they call functions or not.
    let second = source(client, function, json!({})).await;
    assert_eq!(post(client, &second, &json!({"who": "c.example"})).await["status"], "done");
    // Where nothing is matched, order is nobody's wish: what is quick overtakes.
    let third = self::source(client, json!({"name": "slow", "runs": "before"}), json!({})).await;
    let slowest = json!({"slow": true, "who": "e.example"});
    let more = json!({"reply": "accepted"});
    client.patch(&format!("/api/v1/sources/{}", third.id), more).await.expect(200);
    let slowest = post_and_go(client, &third, &slowest).await;
    let quick = post_and_go(client, &third, &json!({"who": "f.example"})).await;
    assert_eq!(ended(client, &quick).await["status"], "done");
    assert_eq!(event(client, &slowest).await["status"], "processing");
    let plain = client.create_source(json!({"reply": "processed"})).await;
    let lead = json!({"EntityName": "Lead", "Email": "d@d.example"});
    assert_eq!(post(client, &plain, &lead).await["status"], "done");
    assert_eq!(event(client, &held).await["status"], "processing");
    sink.release();
    for id in [&held, &behind, &slowest] {
        assert_eq!(ended(client, id).await["status"], "done");
    }
    let made: Vec<_> =
        emails(client).await.into_iter().filter(|it| it.starts_with("ended@")).collect();
    let place = |who: &str| made.iter().position(|it| it == &format!("ended@{who}")).unwrap();
    assert!(place("a.example") < place("b.example") && place("c.example") < place("a.example"));
}

/// Kills the hub while a call of an event is under way. Answers the event.
async fn killed_in_a_call(hub: &mut HubProcess, repeats: bool, sink: &WebhookSink) -> String {
    let client = hub.client().clone();
    let function = json!({"name": "slow", "runs": "before", "repeat_cut_off": repeats});
    let source = source(&client, function, json!({"reply": "accepted"})).await;
    let id = post_and_go(&client, &source, &json!({"slow": true, "who": "a.example"})).await;
    sink.wait_for(1).await;
    hub.kill_9().await;
    sink.always(|_| Reply::status(200));
    hub.launch();
    hub.wait_until_healthy().await;
    id
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_not_made_again_by_itself() {
    let mut hub = hub().await;
    let client = hub.client().clone();
    let sink = slow("slow", &client).await;
    let id = killed_in_a_call(&mut hub, false, &sink).await;
    let failed = ended(&client, &id).await;
    assert_eq!(failed["status"], "failed");
    let error = text(&failed["error"]);
    assert!(error.starts_with("the hub stopped while its function `slow` ran"), "{error}");
    assert_eq!(emails(&client).await, ["begun@a.example"], "what it wrote before stays");
    let logged = calls(&client, "slow", 1).await;
    assert_eq!((&logged[0]["event"], &logged[0]["error"]["name"]), (&json!(id), &json!("CutOff")));

    replay(&client, &id).await;
    assert_eq!(ended(&client, &id).await["status"], "done");
    let made = ["begun@a.example", "begun@a.example", "ended@a.example"];
    assert_eq!(emails(&client).await, made);
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_made_again_if_its_source_says_so() {
    let mut hub = hub().await;
    let client = hub.client().clone();
    let sink = slow("slow", &client).await;
    let id = killed_in_a_call(&mut hub, true, &sink).await;
    assert_eq!(ended(&client, &id).await["status"], "done");
    let made = ["begun@a.example", "begun@a.example", "ended@a.example"];
    assert_eq!(emails(&client).await, made);
    let logged = calls(&client, "slow", 2).await;
    assert_eq!(logged[0]["failed"], false);
    assert_eq!(logged[1]["error"]["name"], "CutOff");
}

#[tokio::test]
async fn a_hub_that_is_asked_to_stop_lets_calls_end() {
    let mut hub = hub().await;
    let client = hub.client().clone();
    let sink = slow("slow", &client).await;
    let function = json!({"name": "slow", "runs": "before"});
    let source = source(&client, function, json!({"reply": "accepted"})).await;
    let id = post_and_go(&client, &source, &json!({"slow": true, "who": "a.example"})).await;
    sink.wait_for(1).await;
    let release = async {
        // The hub takes no new requests once it stops.
        wait::until("the hub to stop listening", async || {
            let request = client.anonymous().request(reqwest::Method::GET, "/healthz");
            client.try_send(request).await.is_err().then_some(())
        })
        .await;
        sink.release();
    };
    tokio::join!(hub.terminate(), release);
    hub.launch();
    hub.wait_until_healthy().await;
    assert_eq!(ended(&client, &id).await["status"], "done");
    assert_eq!(calls(&client, "slow", 1).await[0]["failed"], false);
}
