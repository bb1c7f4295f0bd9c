//! Stories of those who post webhooks.

mod intake;
mod support;

use std::pin::pin;
use std::time::Duration;

use http::Method;
use intake::Intake;
use serde_json::json;
use tokio::time::timeout;

/// The example of seed 004 with its missing comma put in.
const NEW_LEAD: &str = r#"{
"Contact":"New user",
"Email":"new_user@gmail.com",
"MobilePhone":"+1 617 221 5187",
"CountryId": "f8af0e88-f36b-1410-fa98-00155d043204",
"EntityName":"Lead"
}"#;

#[tokio::test]
async fn a_post_is_durable_when_it_is_answered_and_becomes_a_record() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let answer = hub.send_to(&source, NEW_LEAD).await.expect(200);
    assert_eq!(answer.json["status"], "new");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(hub.event(&answer.json["id"]).await["body"], NEW_LEAD);

    assert_eq!(hub.process().await, 1);
    let event = hub.event(&answer.json["id"]).await;
    assert_eq!(event["status"], "done", "{event}");
    assert_eq!(event["warnings"], json!([]));
    assert_eq!(event["records"][0]["entity"], "Lead");
    let lead = hub.record("Lead", &event["records"][0]["id"]).await.unwrap();
    assert_eq!(lead["Contact"], "New user");
    assert_eq!(lead["CountryId"], "f8af0e88-f36b-1410-fa98-00155d043204");
}

#[tokio::test]
async fn forms_are_taken_like_json() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"EntityName\"\r\n\r\nLead\r\n\
                     --b\r\nContent-Disposition: form-data; name=\"Contact\"\r\n\r\nAda\r\n--b--\r\n";
    for (content_type, body) in [
        ("multipart/form-data; boundary=b", multipart),
        ("application/x-www-form-urlencoded", "EntityName=Lead&Contact=Ada"),
        ("application/json; charset=utf-8", r#"{"EntityName":"Lead","Contact":"Ada"}"#),
        ("application/vnd.api+json", r#"{"EntityName":"Lead","Contact":"Ada"}"#),
    ] {
        let path = Intake::address(&source);
        let answer = hub.call(Method::POST, &path, &[("content-type", content_type)], body).await;
        let id = answer.expect(200).json["id"].clone();
        hub.process().await;
        let event = hub.event(&id).await;
        assert_eq!(event["status"], "done", "{content_type}: {event}");
        let lead = hub.record("Lead", &event["records"][0]["id"]).await.unwrap();
        assert_eq!(lead["Contact"], "Ada", "{content_type}");
    }
}

#[tokio::test]
async fn a_form_that_is_not_utf8_is_kept_as_failed_and_its_field_told() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let path = Intake::address(&source);
    let part =
        b"--b\r\nContent-Disposition: form-data; name=Contact\r\n\r\n\xe9\r\n--b--".as_slice();
    for (content_type, body, at) in [
        ("application/x-www-form-urlencoded", b"EntityName=Lead&Contact=%E9".as_slice(), 24),
        ("multipart/form-data; boundary=b", part, 53),
    ] {
        let headers = [("content-type", content_type)];
        let answer = hub.call(Method::POST, &path, &headers, body.to_vec()).await.expect(400);
        assert_eq!(answer.json["type"], "https://turnbuckle.dev/problems/malformed-form");
        let told =
            format!("the body cannot be parsed at byte {at}: the field `Contact` is not UTF-8");
        assert_eq!(answer.json["detail"], told);
        let event = hub.event(&json!(answer.header("x-event-id").unwrap())).await;
        assert_eq!((&event["status"], &event["error"]), (&json!("failed"), &json!(told)));
    }
}

#[tokio::test]
async fn the_character_that_no_value_holds_is_told() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let body = r#"{"EntityName":"Lead","Contact":"Ada","Email":"a\u0000"}"#;
    let answer = hub.send_to(&source, body).await.expect(200);
    hub.process().await;
    let event = hub.event(&answer.json["id"]).await;
    let told = r#"cannot cast "a\u0000" to a value without the character U+0000"#;
    let warning = json!({"path": "/Email", "detail": format!("`Email` is left out: {told}")});
    assert_eq!(event["warnings"], json!([warning]));

    let records = "/api/v1/connections/acme-crm/entities/Lead/records";
    let (status, _, problem) = hub.post(records, json!({"data": {"Email": "a\0"}})).await;
    let wrong = json!({"path": "/data/Email", "detail": format!("`Email` is refused: {told}")});
    assert_eq!(status, 400, "{problem}");
    assert_eq!(problem["errors"], json!([wrong]));
}

#[tokio::test]
async fn a_body_in_another_encoding_is_refused_with_the_cure() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let path = Intake::address(&source);
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, value, body, cure) in [
        ("content-type", "application/json; charset=utf-16", utf16, "in UTF-8"),
        ("content-encoding", "gzip", b"\x1f\x8b".to_vec(), "without `content-encoding: gzip`"),
    ] {
        let answer = hub.call(Method::POST, &path, &[(name, value)], body).await.expect(415);
        assert_eq!(answer.json["type"], "https://turnbuckle.dev/problems/unsupported-media-type");
        assert!(answer.text.contains(cure), "{}", answer.text);
    }
    let headers = [("content-encoding", "identity")];
    hub.call(Method::POST, &path, &headers, NEW_LEAD).await.expect(200);
}

#[tokio::test]
async fn a_body_that_does_not_parse_is_kept_as_failed_and_its_position_told() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    // As the seed has it: a comma is missing.
    let broken = NEW_LEAD.replace("043204\",", "043204\"");
    let answer = hub.send_to(&source, &broken).await.expect(400);
    assert_eq!(answer.json["type"], "https://turnbuckle.dev/problems/malformed-json");
    assert!(answer.json["detail"].as_str().unwrap().contains("line 6 column 1"), "{}", answer.text);
    let event = hub.event(&json!(answer.header("x-event-id").unwrap())).await;
    assert_eq!(event["status"], "failed");
    assert_eq!(event["body"], broken);
    assert_eq!(event["error"], answer.json["detail"]);

    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let path = Intake::address(&source);
    let answer = hub.call(Method::POST, &path, &headers, "--b\r\n").await.expect(400);
    assert_eq!(answer.json["type"], "https://turnbuckle.dev/problems/malformed-form");
    hub.send_to(&source, "").await.expect(400);
    hub.send_to(&source, &"[".repeat(101)).await.expect(400);
    assert_eq!(hub.process().await, 0);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_not_kept() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let path = Intake::address(&source);
    let check = async |method, path: &str, headers: &[_], body: &str, status, problem: &str| {
        let answer = hub.call(method, path, headers, body.to_owned()).await.expect(status);
        assert_eq!(answer.json["type"], format!("https://turnbuckle.dev/problems/{problem}"));
        answer
    };
    let xml = [("content-type", "application/xml")];
    check(Method::POST, &path, &xml, "<a/>", 415, "unsupported-media-type").await;
    check(Method::POST, "/webhooks/none", &[], "{}", 404, "source-not-found").await;
    let large = format!("\"{}\"", "a".repeat(5_000_000));
    check(Method::POST, &path, &[], &large, 413, "payload-too-large").await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = check(method, &path, &[], "", 405, "method-not-allowed").await;
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    let (_, _, listed) = hub.get("/api/v1/inbound-events").await;
    assert_eq!(listed["inbound_events"], json!([]));
}

#[tokio::test]
async fn a_repeat_is_recognised_by_header_or_by_path() {
    let hub = Intake::start().await;
    let source = hub.source(json!({ "dedupe": { "header": "X-Event-Id" } })).await;
    let path = Intake::address(&source);
    let headers = [("x-event-id", "e1")];
    // A body that was mended is no repeat of the broken one.
    hub.call(Method::POST, &path, &headers, "{").await.expect(400);
    let first = hub.call(Method::POST, &path, &headers, "{}").await.expect(200);
    assert_eq!(first.json["repeat"], json!(null));
    let again = hub.call(Method::POST, &path, &headers, "{}").await.expect(200);
    assert_eq!(again.json, json!({ "id": first.json["id"], "status": "new", "repeat": true }));

    let source = hub.source(json!({ "dedupe": { "path": "body.id" } })).await;
    let first = hub.send_to(&source, r#"{"id":1}"#).await.expect(200);
    let again = hub.send_to(&source, r#"{"id":1,"b":2}"#).await.expect(200);
    assert_eq!(first.json["id"], again.json["id"]);
    let other = hub.send_to(&source, r#"{"id":2}"#).await.expect(200);
    assert_ne!(first.json["id"], other.json["id"]);
}

#[tokio::test]
async fn a_sender_that_asks_for_the_outcome_gets_it() {
    let hub = Intake::start().await;
    let settings = json!({
        "reply": "processed",
        "match_on": { "Lead": ["Email"] },
        "dedupe": { "header": "x-id" },
    });
    let source = hub.source(settings).await;
    let path = Intake::address(&source);
    let check = async |id: &str, body: &str, status| {
        let headers = [("x-id", id)];
        let asking = hub.call(Method::POST, &path, &headers, body.to_owned());
        let processing = async {
            while hub.process().await == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(asking, processing).0.expect(status).json
    };
    let made = check("1", NEW_LEAD, 200).await;
    assert_eq!(made["status"], "done");
    assert_eq!(made["records"][0]["change"], "created");
    assert_eq!((&made["warnings"], &made["error"]), (&json!([]), &json!(null)));

    let changed = NEW_LEAD.replace("New user", "Newer user");
    let updated = check("2", &changed, 200).await;
    assert_eq!(updated["records"][0]["change"], "updated");
    assert_eq!(updated["records"][0]["id"], made["records"][0]["id"]);
    assert_eq!(check("3", &changed, 200).await["records"][0]["change"], "unchanged");

    let failed = check("4", r#"{"EntityName":"Leed"}"#, 422).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("Lead"), "{failed}");

    let headers = [("x-id", "1")];
    let repeat = hub.call(Method::POST, &path, &headers, NEW_LEAD).await.expect(200).json;
    assert_eq!((&repeat["repeat"], &repeat["id"]), (&json!(true), &made["id"]));
    assert_eq!(repeat["records"][0]["id"], made["records"][0]["id"]);
}

#[tokio::test]
async fn a_repeat_waits_for_the_outcome_of_the_first() {
    let hub = Intake::start().await;
    let source = hub.source(json!({"reply": "processed", "dedupe": {"header": "x-id"}})).await;
    let path = Intake::address(&source);
    let post = || hub.call(Method::POST, &path, &[("x-id", "1")], NEW_LEAD);
    let mut asking = pin!(async { tokio::join!(post(), post()) });
    // Long enough for a repeat to be answered that does not wait.
    assert!(timeout(Duration::from_millis(200), &mut asking).await.is_err());
    assert_eq!(hub.process().await, 1);
    let (first, second) = asking.await;
    let (first, second) = (first.expect(200).json, second.expect(200).json);
    for answer in [&first, &second] {
        assert_eq!(answer["status"], "done", "{answer}");
        assert_eq!(answer["id"], first["id"]);
        assert_eq!(answer["records"][0]["id"], first["records"][0]["id"]);
    }
    let mut repeats = [&first["repeat"], &second["repeat"]];
    repeats.sort_by_key(|repeat| repeat.is_null());
    assert_eq!(repeats, [&json!(true), &json!(null)]);
}

#[tokio::test]
async fn a_source_that_only_stores_is_done_at_once() {
    let hub = Intake::start().await;
    for reply in ["accepted", "processed"] {
        let source = hub.source(json!({ "create_records": false, "reply": reply })).await;
        let answer = hub.send_to(&source, NEW_LEAD).await.expect(200);
        assert_eq!(answer.json["status"], "done");
        assert_eq!(hub.process().await, 0);
        assert_eq!(hub.event(&answer.json["id"]).await["records"], json!([]));
    }
}

#[tokio::test]
async fn posts_beyond_the_limit_are_told_when_to_come_again() {
    let hub = Intake::start().await;
    let source = hub.source(json!({ "rate_limit": { "per_second": 1 } })).await;
    hub.send_to(&source, NEW_LEAD).await.expect(200);
    let answer = hub.send_to(&source, NEW_LEAD).await.expect(429);
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn pages_of_the_origins_may_post() {
    let hub = Intake::start().await;
    let source = hub.source(json!({ "origins": ["https://shop.example"] })).await;
    let path = Intake::address(&source);
    let ours = [
        ("origin", "https://shop.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, x-a"),
    ];
    let answer = hub.call(Method::OPTIONS, &path, &ours, "").await.expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, x-a"));
    assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    for (body, status) in [(NEW_LEAD, 200), ("{", 400)] {
        let answer = hub.call(Method::POST, &path, &ours[..1], body).await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"));
    }
    for method in [Method::OPTIONS, Method::POST] {
        let theirs = [("origin", "https://other.example")];
        let answer = hub.call(method, &path, &theirs, NEW_LEAD).await;
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    let source = hub.source(json!({ "origins": ["*"] })).await;
    let answer = hub.call(Method::POST, &Intake::address(&source), &ours[..1], NEW_LEAD).await;
    assert_eq!(answer.expect(200).header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_person_who_sent_a_form_is_led_on() {
    let hub = Intake::start().await;
    let source = hub.source(json!({ "redirect": "https://shop.example/thanks" })).await;
    let path = Intake::address(&source);
    let check = async |headers: &[(&str, &str)], body: &str, status| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let headers = [&form, headers].concat();
        let answer = hub.call(Method::POST, &path, &headers, body.to_owned()).await.expect(status);
        assert_eq!(answer.header("location").is_some(), status == 303);
    };
    check(&[("accept", "text/html,*/*;q=0.8")], "EntityName=Lead", 303).await;
    check(&[("sec-fetch-mode", "navigate"), ("accept", "*/*")], "EntityName=Lead", 303).await;
    check(&[("sec-fetch-mode", "cors"), ("origin", "https://shop.example")], "a=1", 200).await;
    check(&[("accept", "*/*")], "EntityName=Lead", 200).await;
}

#[tokio::test]
async fn form_builders_learn_what_they_may_post() {
    let hub = Intake::start().await;
    let source = hub.source(json!({ "entities": ["Contact", "Lead", "Order"] })).await;
    let key = source["keys"][0]["key"].as_str().unwrap().to_owned();
    let path = format!("/get_entities/{key}");
    let json_type = [("content-type", "application/json")];
    for (headers, body) in [
        (&json_type[..], r#"{"apiKey":"string"}"#),
        (&[], r#"{"apiKey":"string"}"#),
        (&json_type, ""),
        (&[], ""),
        (&[("content-type", "application/x-www-form-urlencoded")], "apiKey=string"),
    ] {
        let answer = hub.call(Method::POST, &path, headers, body.to_owned()).await.expect(200);
        assert_eq!(
            answer.text,
            concat!(
                r#"{"entities":[{"name":"Contact","caption":"Contact","formId":"6e05fd0c-7212-45bf-8b6e-f263423e97b1"},"#,
                r#"{"name":"Lead","caption":"Lead","formId":"2b755431-dd89-4f4c-b97b-9a15ebe9cea9"},"#,
                r#"{"name":"Order","caption":"Order","formId":"4b1f24dd-95ee-4049-b611-dfd701f0cab1"}]}"#,
            )
        );
    }
    hub.call(Method::POST, &path, &json_type, "{").await.expect(400);
    hub.call(Method::POST, "/get_entities/none", &[], "").await.expect(404);
    hub.call(Method::GET, &path, &[], "").await.expect(405);

    let check = async |entity: &str, status| {
        let path = format!("/get_entity_description/{key}/{entity}");
        hub.call(Method::POST, &path, &[], "").await.expect(status)
    };
    let described = check("Contact", 200).await.text;
    assert!(described.starts_with(
        r#"{"value":{"entityModel":{"fields":[{"required":true,"name":"Id","net_type":"System.Guid","caption":"Id"}"#
    ));
    assert!(described.ends_with(
        r#""name":"Contact"},"isSuccess":true,"status":"ok","code":0},"statusCode":200}"#
    ));
    // It exists, but the source does not admit it.
    check("Account", 404).await;
    check("Nothing", 404).await;
}
