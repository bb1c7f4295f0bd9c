//! A developer hears on their own machine what the hub sends.

use std::process::Stdio;

use tokio::process::{Child, Command};
use turnbuckle_testkit::process::KEY;
use turnbuckle_testkit::{HubProcess, WebhookSink, wait};

use super::{create_contact, hub, names};

/// Starts `turnbuckle listen`, which is killed when dropped.
fn listen(hub: &HubProcess, sink: &WebhookSink, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_turnbuckle"))
        .args(["listen", "--forward-to", sink.url()])
        .args(["--url", &hub.url(), "--key", &format!("{}:{}", KEY.0, KEY.1)])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn every_change_is_forwarded_although_nothing_is_mapped() {
    let hub = hub().await;
    let client = hub.client();
    let sink = WebhookSink::start().await;
    let mut listening = listen(&hub, &sink, &["--scope", "changes"]);
    let endpoints = async || client.list("/api/v1/endpoints", "endpoints").await;
    wait::until("its endpoint", async || (endpoints().await.len() == 1).then_some(())).await;
    create_contact(client, "Ada").await;
    assert_eq!(names(&sink.wait_for(1).await), ["Ada"]);

    let id = listening.id().unwrap().to_string();
    Command::new("kill").args(["-INT", &id]).status().await.unwrap();
    assert!(listening.wait().await.unwrap().success());
    assert_eq!(endpoints().await, [] as [serde_json::Value; 0], "it left its endpoint behind");
}
