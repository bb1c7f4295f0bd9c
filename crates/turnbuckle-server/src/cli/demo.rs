//! `turnbuckle demo`: the main job, from a webhook to a signed message, on a
//! server of its own in a temporary folder.
//!
//! Every step is a call that an app developer would make, shown as a line that
//! could be typed, with its answer. A step that does not answer as promised
//! ends the demo with an error.

mod stage;

use std::time::Instant;

use anyhow::{Context as _, ensure};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use turnbuckle_core::signature::{
    ID_HEADER, Received, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, verify,
};
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_server::serve::{Serving, serve};

use super::client::Client;
use super::output::{Output, cell};
use super::serve::base_url;
use stage::Stage;

/// The webhook of a landing page; Canada is named by its record id.
const WEBHOOK: &str = r#"{
"Contact":"New user",
"Email":"new_user@gmail.com",
"MobilePhone":"+1 617 221 5187",
"CountryId": "f8af0e88-f36b-1410-fa98-00155d043204",
"EntityName":"Lead"
}"#;

const NEW_PHONE: &str = "+49 30 901820";
const TOKEN: &str = "token-of-your-app";

pub async fn run(output: Output) -> anyhow::Result<()> {
    let started = Instant::now();
    let data = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = data.path().to_str().context("the temporary folder has an odd name")?.to_owned();
    let serving = serve(config(folder)?, CancellationToken::new()).await?;
    let shown = show(&serving, output).await;
    serving.shutdown().await?;
    let stage = shown?;
    Ok(stage.finish(started.elapsed())?)
}

/// Settings that nothing outside the demo can change.
fn config(data: String) -> anyhow::Result<Config> {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sources = Sources {
        environment: vec![
            variable("TURNBUCKLE_LISTEN", "127.0.0.1:0"),
            variable("TURNBUCKLE_DATA", &data),
            // The bin is on this machine.
            variable("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8"),
        ],
        ..Sources::default()
    };
    Ok(Config::load(&sources)?)
}

async fn show(serving: &Serving, output: Output) -> anyhow::Result<Stage> {
    let url = base_url(serving);
    let key = serving.first_start().context("a first start makes a key set")?;
    let client = Client::with_key(&url, &key.publishable, key.secret.clone())?;
    let mut stage = Stage::new(output, client);
    stage.say(&format!("A server on a temporary folder listens on {url}"))?;

    let source_url = connect_crm_and_source(&mut stage).await?;
    let lead = post_webhook(&mut stage, &source_url).await?;
    map_leads(&mut stage).await?;
    let record = read_record(&mut stage, &lead).await?;
    let receiver = subscribe(&mut stage, &record).await?;
    update_record(&mut stage, &record).await?;
    receive_message(&mut stage, &receiver, &record).await?;
    Ok(stage)
}

async fn connect_crm_and_source(stage: &mut Stage) -> anyhow::Result<String> {
    stage.title("The customer `acme` gets a CRM, and that CRM a URL to post webhooks to")?;
    let connection = json!({"context": "acme", "connector": "native"});
    let path = "/api/v1/connections/acme-crm";
    stage.call(Method::PUT, path, Some(&connection), StatusCode::CREATED).await?;
    let source = json!({"name": "landing page", "connection": "acme-crm"});
    let made = stage.call(Method::POST, "/api/v1/sources", Some(&source), StatusCode::CREATED);
    Ok(cell(&made.await?["source"]["url"]))
}

/// Answers the id of the lead that the webhook became.
async fn post_webhook(stage: &mut Stage, source_url: &str) -> anyhow::Result<String> {
    stage.title("A landing page posts a webhook")?;
    let answer = stage.post_webhook(source_url, WEBHOOK).await?;
    let event = cell(&answer["id"]);
    ensure!(event.starts_with("in_"), "the webhook was answered without an id");

    stage.title("It is processed: the log says Done, and warns of nothing")?;
    let path = format!("/api/v1/inbound-events/{event}");
    let answer = stage
        .call_until(&path, |answer| {
            !["new", "processing"]
                .contains(&answer["inbound_event"]["status"].as_str().unwrap_or("new"))
        })
        .await?;
    let event = &answer["inbound_event"];
    let shown = ["id", "status", "warnings", "error", "records"];
    stage.part(&shown.iter().map(|name| ((*name).to_owned(), event[*name].clone())).collect())?;
    ensure!(event["status"] == "done", "the event is {}: {}", event["status"], event["error"]);
    ensure!(event["warnings"] == json!([]), "the event has warnings: {}", event["warnings"]);
    ensure!(event["records"][0]["entity"] == "Lead", "the event made no lead");
    Ok(cell(&event["records"][0]["id"]))
}

async fn map_leads(stage: &mut Stage) -> anyhow::Result<()> {
    stage.title("The app declares what it wants to see and do, in its own words")?;
    let text = |label: &str| json!({"type": "string", "label": label});
    let objects = json!({"objects": {"prospect": {
        "label": "Prospect",
        "fields": {
            "full_name": text("Full name"),
            "email": text("E-mail"),
            "phone": text("Phone"),
            "country": text("Country"),
        },
        "events": {"change_phone": {
            "type": "update",
            "label": "Change the phone number",
            "payloadSchema": {"phone": text("Phone")},
        }},
    }}});
    let path = "/api/v1/connections/acme-crm/objects";
    stage.call(Method::PUT, path, Some(&objects), StatusCode::OK).await?;

    stage.title("The customer maps it to what their CRM has")?;
    let mapping = json!({"objects": {"prospect": {
        "entity": "Lead",
        "fields": {
            "full_name": {"column": "Contact"},
            "email": {"column": "Email"},
            "phone": {"column": "MobilePhone"},
            "country": {"column": "Country.Name"},
        },
        "events": {"change_phone": {
            "action": "update",
            "columns": {"MobilePhone": {"payload": "phone"}},
        }},
    }}});
    let path = "/api/v1/connections/acme-crm/mapping";
    stage.call(Method::PUT, path, Some(&mapping), StatusCode::OK).await?;
    Ok(())
}

/// Answers the id of the record as the app knows it.
async fn read_record(stage: &mut Stage, lead: &str) -> anyhow::Result<String> {
    stage.title("The app reads the record through the universal CRM API")?;
    let record = format!("Lead:{lead}");
    let path = format!("/api/v1/crm/acme-crm/objects/prospect/{record}/mapping");
    let answer = stage.call(Method::GET, &path, None, StatusCode::OK).await?;
    let expect = json!({"record": expected_record(&record, "+1 617 221 5187")});
    ensure!(answer == expect, "the record should be {expect}");
    Ok(record)
}

fn expected_record(record: &str, phone: &str) -> Value {
    json!({
        "type": "prospect",
        "id": record,
        "data": {
            "full_name": "New user",
            "email": "new_user@gmail.com",
            "phone": phone,
            "country": "Canada",
        },
    })
}

/// Where the app receives messages.
struct Receiver {
    bin: String,
    secret: Secret,
}

async fn subscribe(stage: &mut Stage, record: &str) -> anyhow::Result<Receiver> {
    stage.title("The app names a URL to be told of changes at; here it is the built-in bin")?;
    let bin =
        stage.call(Method::POST, "/api/v1/bins", Some(&json!({})), StatusCode::CREATED).await?;
    let endpoint = json!({"url": bin["bin"]["url"], "format": "universal", "token": TOKEN});
    let made =
        stage.call(Method::POST, "/api/v1/endpoints", Some(&endpoint), StatusCode::CREATED).await?;
    let secret = Secret::parse(&cell(&made["endpoint"]["secret"]))
        .context("the endpoint was answered without a secret")?;

    stage.title("It subscribes to the record")?;
    let path = format!("/api/v1/crm/acme-crm/objects/prospect/{record}/subscriptions");
    stage.call(Method::POST, &path, None, StatusCode::NO_CONTENT).await?;
    Ok(Receiver { bin: cell(&bin["bin"]["name"]), secret })
}

async fn update_record(stage: &mut Stage, record: &str) -> anyhow::Result<()> {
    stage.title("Somebody changes the record through the app's own event")?;
    let payload = json!({"record_id": record, "payload": {"phone": NEW_PHONE}});
    let path = "/api/v1/crm/acme-crm/objects/prospect/events/change_phone";
    let answer = stage.call(Method::POST, path, Some(&payload), StatusCode::OK).await?;
    let expect = json!({"record": expected_record(record, NEW_PHONE)});
    ensure!(answer == expect, "the record should be {expect}");
    Ok(())
}

async fn receive_message(
    stage: &mut Stage,
    receiver: &Receiver,
    record: &str,
) -> anyhow::Result<()> {
    stage.title("The signed message has arrived at the bin")?;
    let path = format!("/api/v1/bins/{}/requests", receiver.bin);
    let answer = stage
        .call_until(&path, |answer| answer["requests"].as_array().is_some_and(|it| !it.is_empty()))
        .await?;
    let request = &answer["requests"][0];
    let headers = headers(&request["headers"]);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let body = cell(&request["body"]);

    let received = Received {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signature: header(SIGNATURE_HEADER),
    };
    let now_s = stage.now_s();
    verify(std::slice::from_ref(&receiver.secret), None, received, body.as_bytes(), now_s)
        .context("the message is not signed as it should be")?;
    let bearer = format!("Bearer {TOKEN}");
    ensure!(header("authorization") == Some(&bearer), "the message does not carry the token");

    let message: Value = serde_json::from_str(&body).context("the message is not JSON")?;
    let event = &message["event"];
    ensure!(event["type"] == "update", "the message is of type {}", event["type"]);
    let expect = expected_record(record, NEW_PHONE);
    ensure!(event["record"] == expect, "the message should be about {expect}");
    ensure!(event["platform_context"]["id"] == "acme", "the message names no context");
    ensure!(event["connection"]["id"] == "acme-crm", "the message names no connection");
    let names = [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER, "authorization"];
    stage.message(names.map(|name| (name, header(name).unwrap_or_default())), &message)?;
    stage.say("Its signature is that of the endpoint's secret.")?;
    Ok(())
}

/// Headers as a bin shows them.
fn headers(shown: &Value) -> HeaderMap {
    let members = shown.as_object().into_iter().flatten();
    let members = members.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let headers = members.filter_map(|(name, value)| {
        let name = name.parse::<HeaderName>().ok()?;
        Some((name, value.parse::<HeaderValue>().ok()?))
    });
    headers.collect()
}
