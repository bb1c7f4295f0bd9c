//! Processes of the real binary on a PostgreSQL database: several on one, and one
//! whose database goes away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use turnbuckle_testkit::setup::{CONNECTION, everything, text};
use turnbuckle_testkit::{Client, HubProcess, PostgresServer, WebhookSink, wait};

const BINARY: &str = env!("CARGO_BIN_EXE_turnbuckle");

/// Two hubs on one database.
async fn two() -> (HubProcess, HubProcess) {
    let first = HubProcess::start_on_postgres(BINARY).await;
    let second = first.start_beside().await;
    (first, second)
}

async fn post_lead(client: &Client, path: &str, number: usize) -> Json {
    let body = json!({"EntityName": "Lead", "Contact": format!("lead {number}")});
    client.post(path, body).await.success()
}

/// Names of all leads, each as often as it is there.
async fn leads(client: &Client) -> Vec<String> {
    let leads = client.search_records("Lead", everything()).await;
    let mut names: Vec<_> = leads.iter().map(|lead| text(&lead["data"]["Contact"])).collect();
    names.sort();
    names
}

fn numbered(count: usize) -> Vec<String> {
    let mut names: Vec<_> = (0..count).map(|number| format!("lead {number}")).collect();
    names.sort();
    names
}

/// Waits until a sink has a message of each of so many leads; answers how often each
/// message came, by its id.
async fn received(sink: &WebhookSink, leads: usize) -> BTreeMap<String, usize> {
    wait::until("a message of every lead", async || {
        let records: BTreeSet<String> =
            sink.calls().iter().map(|call| text(&call.json()["data"]["record"]["id"])).collect();
        (records.len() == leads).then_some(())
    })
    .await;
    let mut times = BTreeMap::new();
    for call in sink.calls() {
        *times.entry(call.id().to_owned()).or_default() += 1;
    }
    times
}

#[tokio::test]
async fn what_either_takes_in_is_done_once() {
    let (first, second) = two().await;
    first.client().connect().await;
    let source = first.client().create_source(json!({})).await;
    let sinks = [WebhookSink::start().await, WebhookSink::start().await];
    for sink in &sinks {
        let settings = json!({"format": "standard", "scope": "changes"});
        first.client().create_endpoint(sink, settings).await;
    }
    // The other one knows by then what was configured here.
    wait::until_within(Duration::from_secs(1), "the source to be known", async || {
        (second.client().get(&format!("/api/v1/sources/{}", source.id)).await.status == 200)
            .then_some(())
    })
    .await;

    const LEADS: usize = 200;
    let post = |number: usize| {
        let hub = if number.is_multiple_of(2) { &first } else { &second };
        let path = &source.path;
        async move { post_lead(hub.client(), path, number).await }
    };
    let mut followed = Feed::default();
    for slice in (0..LEADS).collect::<Vec<_>>().chunks(20) {
        futures_util::future::join_all(slice.iter().map(|number| post(*number))).await;
        followed.read_on(second.client()).await;
    }
    wait::until("all leads", async || (leads(first.client()).await.len() == LEADS).then_some(()))
        .await;
    assert_eq!(leads(second.client()).await, numbered(LEADS));
    for sink in &sinks {
        let times = received(sink, LEADS).await;
        assert!(times.values().all(|times| *times == 1), "sent twice: {times:?}");
        assert_eq!(times.len(), LEADS);
    }
    // A reader's cursor has skipped nothing while both wrote.
    followed.read_on(first.client()).await;
    assert_eq!(followed.0.len(), LEADS);
}

/// The change feed as a reader follows it.
#[derive(Default)]
struct Feed(BTreeSet<String>, Option<String>);

impl Feed {
    async fn read_on(&mut self, client: &Client) {
        loop {
            let after = self.1.as_ref().map_or(String::new(), |it| format!("&cursor={it}"));
            let path = format!("/api/v1/changes?limit=50{after}");
            let page = client.get(&path).await.expect(200);
            let changes = page["changes"].as_array().unwrap();
            for change in changes {
                assert!(self.0.insert(text(&change["id"])), "told twice: {change}");
            }
            self.1 = Some(text(&page["page"]["next"]));
            if changes.is_empty() {
                return;
            }
        }
    }
}

#[tokio::test]
async fn what_a_killed_one_had_begun_the_other_ends() {
    let (first, mut second) = two().await;
    first.client().connect().await;
    let source = first.client().create_source(json!({})).await;
    let sink = WebhookSink::start().await;
    let settings = json!({"format": "standard", "scope": "changes", "retry_schedule": [1, 1, 1]});
    first.client().create_endpoint(&sink, settings).await;

    const LEADS: usize = 60;
    for number in 0..LEADS {
        post_lead(first.client(), &source.path, number).await;
    }
    second.kill_9().await;
    wait::until("all leads", async || (leads(first.client()).await.len() == LEADS).then_some(()))
        .await;
    assert_eq!(leads(first.client()).await, numbered(LEADS));
    received(&sink, LEADS).await;
    // Whatever came twice came under the same id.
    let bodies: BTreeSet<_> =
        sink.calls().into_iter().map(|call| (call.id().to_owned(), call.body)).collect();
    assert_eq!(bodies.len(), LEADS);
}

#[tokio::test]
async fn what_one_changes_the_other_sees_within_a_second() {
    let (first, second) = two().await;
    first.client().connect().await;
    let made = json!({"label": "reader", "scopes": ["read"]});
    let key = first.client().post("/api/v1/keys", made).await.expect(201)["key"].clone();
    let reader = second.client().with_new_key(&key);
    let path = format!("/api/v1/connections/{CONNECTION}");
    wait::until_within(Duration::from_secs(1), "the key to open", async || {
        (reader.get(&path).await.status == 200).then_some(())
    })
    .await;
    let key_path = format!("/api/v1/keys/{}", text(&key["id"]));
    first.client().delete(&key_path).await.expect(204);
    wait::until_within(Duration::from_secs(1), "the key to be shut", async || {
        (reader.get(&path).await.status == 401).then_some(())
    })
    .await;

    let save = async |source: &str| {
        let function = json!({"source": source, "rest_api": true});
        first.client().put("/api/v1/functions/f", function).await.success()["function"].clone()
    };
    let publish = async |version: i64| {
        let version = json!({"version": version});
        first.client().post("/api/v1/functions/f/publish", version).await.success();
    };
    let saved = save("handler = () => 1").await;
    publish(1).await;
    let key = text(&saved["urls"]["zapikey"]);
    let path = format!("/crm/v2/functions/f/actions/execute?auth_type=apikey&zapikey={key}");
    let answers = async |output: &str| {
        let what = format!("the function to answer {output}");
        wait::until_within(Duration::from_secs(1), &what, async || {
            let answer = second.client().anonymous().get(&path).await;
            (answer.text.contains(&format!("\"output\":\"{output}\""))).then_some(())
        })
        .await;
    };
    answers("1").await;
    save("handler = () => 2").await;
    publish(2).await;
    answers("2").await;
    first.client().delete("/api/v1/functions/f").await.expect(204);
    wait::until_within(Duration::from_secs(1), "the function to be gone", async || {
        (second.client().anonymous().get(&path).await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_waits_comes_whoever_processes() {
    let (first, second) = two().await;
    first.client().connect().await;
    // As many sources as it takes that each process has some.
    for number in 0..6 {
        let settings = json!({"name": format!("site {number}"), "reply": "processed"});
        let source = first.client().create_source(settings).await;
        wait::until("the source to be known", async || {
            (second.client().get(&format!("/api/v1/sources/{}", source.id)).await.status == 200)
                .then_some(())
        })
        .await;
        for hub in [&first, &second] {
            let answer = post_lead(hub.client(), &source.path, number).await;
            assert_eq!(answer["status"], "done", "{answer}");
            assert_eq!(answer["records"][0]["change"], "created", "{answer}");
            assert_eq!(answer["repeat"], Json::Null, "nobody posted it before: {answer}");
        }
    }
}

#[tokio::test]
async fn one_that_is_asked_to_end_does_and_the_other_goes_on() {
    let (mut first, second) = two().await;
    first.client().connect().await;
    let source = first.client().create_source(json!({})).await;
    post_lead(first.client(), &source.path, 0).await;
    let asked = std::time::Instant::now();
    first.terminate().await;
    assert!(asked.elapsed() < Duration::from_secs(10));
    post_lead(second.client(), &source.path, 1).await;
    wait::until("both leads", async || (leads(second.client()).await.len() == 2).then_some(()))
        .await;
}

#[tokio::test]
async fn a_hub_whose_database_is_away_says_so_and_goes_on_by_itself() {
    let server = PostgresServer::start().await;
    let hub = HubProcess::start_on(BINARY, &server.url()).await;
    let client = hub.client();
    client.connect().await;
    let source = client.create_source(json!({})).await;
    post_lead(client, &source.path, 0).await;
    wait::until("a lead", async || (leads(client).await.len() == 1).then_some(())).await;

    server.kill().await;
    let body = json!({"EntityName": "Lead", "Contact": "lead 1"});
    let refused = client.post(&source.path, body).await;
    assert_eq!(refused.status, 503, "{refused}");
    assert!(refused.headers.contains_key("retry-after"), "{refused}");
    assert_eq!(client.get("/readyz").await.status, 503);
    assert_eq!(client.get("/healthz").await.status, 200);
    let metrics = client.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{metrics}");
    for _ in 0..20 {
        client.get("/readyz").await;
    }
    let told = hub.log().matches("request turned away").count();
    assert!(0 < told && told <= 10, "{told} lines");

    server.launch().await;
    wait::until("a hub that is ready", async || {
        (client.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    post_lead(client, &source.path, 2).await;
    wait::until("the next lead", async || (leads(client).await.len() == 2).then_some(())).await;
}

/// What has not started yet can be stopped, whatever it waits for.
#[tokio::test]
async fn a_hub_that_waits_for_a_silent_database_ends_when_asked_to() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--data", "data"])
        .env("TURNBUCKLE_STORE", format!("postgres://hub@{}/hub", silent.local_addr().unwrap()))
        .current_dir(folder.path())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let _connection = silent.accept().await.unwrap();
    let id = hub.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(wait::PATIENCE, hub.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
}
