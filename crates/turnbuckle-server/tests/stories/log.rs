//! An operator reads in the log what failed and finds its lines by their ids.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::{HubProcess, Reply, WebhookSink, wait};

use super::{contacts_endpoint, create_contact, deliveries, deliveries_are};

const SECRET_WORD: &str = "hunter2";

async fn hub(level: &str) -> HubProcess {
    let settings = [("TURNBUCKLE_LOG__FORMAT", "json"), ("TURNBUCKLE_LOG__LEVEL", level)];
    let hub = HubProcess::start_with(env!("CARGO_BIN_EXE_turnbuckle"), &settings).await;
    hub.client().connect().await;
    hub
}

/// The lines with this message.
fn lines(hub: &HubProcess, message: &str) -> Vec<Json> {
    let log = hub.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    lines.filter(|line| line["message"] == message).collect()
}

async fn line(hub: &HubProcess, message: &str) -> Json {
    wait::until(message, async || lines(hub, message).pop()).await
}

#[tokio::test]
async fn what_failed_is_told_with_its_ids() {
    let hub = hub("info").await;
    let client = hub.client();
    let source = client.create_source(json!({"name": "form"})).await;
    let sink = WebhookSink::answering([503, 500]).await;
    let more = json!({"retry_schedule": [1], "token": SECRET_WORD});
    let endpoint = contacts_endpoint(client, &sink, more).await;

    let body = json!({"EntityName": SECRET_WORD, "Notes": SECRET_WORD});
    let posted = client.anonymous().post(&source.path, body).await.expect(200);
    let failed = line(&hub, "an inbound event failed").await;
    assert_eq!(failed["level"], "INFO");
    assert_eq!(failed["event_id"], posted["id"]);
    assert_eq!(failed["source_id"], source.id);
    // Its reason, which repeats what was posted, stands in the webhook log.
    assert!(failed["workspace_id"].is_string(), "{failed}");

    let malformed = format!("{{\"Notes\": {SECRET_WORD}");
    client.anonymous().post_raw(&source.path, None, malformed.as_bytes()).await.expect(400);
    wait::until("the second failure", async || {
        (lines(&hub, "an inbound event failed").len() == 2).then_some(())
    })
    .await;

    create_contact(client, SECRET_WORD).await;
    let delivery = deliveries_are(client, &endpoint, "dead", 1).await.remove(0);
    let refused = line(&hub, "an attempt failed and will be repeated").await;
    let given_up = line(&hub, "a delivery was given up").await;
    for (line, attempt_number, status) in [(&refused, 1, 503), (&given_up, 2, 500)] {
        assert_eq!(line["delivery_id"], delivery["id"]);
        assert_eq!(line["endpoint_id"], endpoint.id);
        assert_eq!(line["attempt_number"], attempt_number);
        assert_eq!(line["status"], status);
    }
    assert!(refused["retry_in_ms"].as_u64().unwrap() >= 1_000, "{refused}");
    let disabled = line(&hub, "an endpoint was disabled").await;
    assert_eq!(
        (&disabled["level"], &disabled["endpoint_id"]),
        (&json!("WARN"), &json!(endpoint.id))
    );
    check_nothing_private(&hub, &[&source.path, sink.url(), &endpoint.secret]);
}

#[tokio::test]
async fn every_stage_is_told_for_debugging() {
    let hub = hub("info,turnbuckle_server=debug").await;
    let client = hub.client();
    let source = client.create_source(json!({"name": "form"})).await;
    let sink = WebhookSink::start().await;
    let endpoint = contacts_endpoint(client, &sink, json!({"token": SECRET_WORD})).await;
    let body = json!({"EntityName": "Contact", "Name": SECRET_WORD});
    let posted = client.anonymous().post(&source.path, body).await.expect(200);

    let delivery = deliveries_are(client, &endpoint, "delivered", 1).await.remove(0);
    let about = |message, id: &str, expect: &Json| {
        let line = lines(&hub, message).pop().unwrap_or_else(|| panic!("no line `{message}`"));
        assert_eq!(&line[id], expect, "{line}");
        assert_eq!(line["level"], "DEBUG");
    };
    about("an inbound event was received", "event_id", &posted["id"]);
    about("an inbound event was processed", "event_id", &posted["id"]);
    let (_, record) = delivery["record"].as_str().unwrap().split_once(':').unwrap();
    about("a record was written", "record_id", &json!(record));
    about("a change is matched", "change_id", &delivery["change"]);
    about("a delivery is due", "delivery_id", &delivery["id"]);
    about("a delivery was accepted", "delivery_id", &delivery["id"]);
    check_nothing_private(&hub, &[&source.path, sink.url(), &endpoint.secret]);
}

#[tokio::test]
async fn a_receiver_that_refuses_everything_does_not_flood_the_log() {
    let hub = hub("info").await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    sink.always(|_| Reply::status(503));
    let endpoint = contacts_endpoint(client, &sink, json!({"retry_schedule": [3600]})).await;
    for index in 0..15 {
        create_contact(client, &index.to_string()).await;
    }
    wait::until("15 attempts in the log of deliveries, which come after their lines", async || {
        let pending = deliveries(client, &endpoint, "pending").await;
        let attempted = pending.iter().filter(|it| it["attempt_count"] == 1).count();
        (attempted == 15).then_some(())
    })
    .await;
    assert_eq!(lines(&hub, "an attempt failed and will be repeated").len(), 10);
}

/// The log must hold none of these, and nothing of a body.
#[track_caller]
fn check_nothing_private(hub: &HubProcess, private: &[&str]) {
    let log = hub.log();
    for text in private.iter().chain(&[SECRET_WORD]) {
        assert!(!log.contains(text), "the log holds `{text}`");
    }
}
