//! User stories over HTTP: the real binary on a folder of its own, the app on one
//! side, a receiver of webhooks on the other. Every story starts its own hub.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, Endpoint, seed_mapping, seed_objects, text};
use turnbuckle_testkit::{Call, Client, HubProcess, WebhookSink, wait};

mod agile;
mod coalescing;
mod deletion;
mod delivery;
mod expressions;
mod formats;
mod functions;
mod listen;
mod log;
mod restart;
mod source_functions;
mod subscriptions;
mod universal_api;
mod webhook_service;

/// A hub with the connection [`CONNECTION`].
async fn hub() -> HubProcess {
    let hub = HubProcess::start(env!("CARGO_BIN_EXE_turnbuckle")).await;
    hub.client().connect().await;
    hub
}

/// A hub whose app has declared the objects of the universal API's documentation.
async fn hub_with_objects() -> HubProcess {
    let hub = hub().await;
    hub.client().declare(seed_objects(), seed_mapping()).await;
    hub
}

/// An endpoint that hears of every change of contacts; `more` adds settings.
async fn contacts_endpoint(client: &Client, sink: &WebhookSink, more: Json) -> Endpoint {
    let mut settings = json!({"format": "standard", "scope": "changes", "entities": ["Contact"]});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create_endpoint(sink, settings).await
}

async fn create_contact(client: &Client, name: &str) -> String {
    text(&client.create_record("Contact", json!({ "Name": name })).await["id"])
}

async fn rename_contact(client: &Client, id: &str, name: &str) {
    client.update_record("Contact", id, json!({ "Name": name })).await;
}

/// The names that messages about contacts tell, in format `standard`.
fn names(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| text(&call.json()["data"]["record"]["data"]["Name"])).collect()
}

async fn endpoint_view(client: &Client, endpoint: &Endpoint) -> Json {
    let path = format!("/api/v1/endpoints/{}", endpoint.id);
    client.get(&path).await.expect(200)["endpoint"].clone()
}

async fn deliveries(client: &Client, endpoint: &Endpoint, status: &str) -> Vec<Json> {
    let path = format!("/api/v1/deliveries?endpoint={}&status={status}", endpoint.id);
    client.list(&path, "deliveries").await
}

/// Waits until so many deliveries of an endpoint have a status, and answers them.
async fn deliveries_are(
    client: &Client,
    endpoint: &Endpoint,
    status: &str,
    count: usize,
) -> Vec<Json> {
    wait::until(&format!("{count} deliveries to be {status}"), async || {
        let found = deliveries(client, endpoint, status).await;
        (found.len() == count).then_some(found)
    })
    .await
}

/// Waits until so many changes of an entity have been matched: from then on it is
/// known what becomes of them.
async fn matched(client: &Client, entity: &str, count: usize) {
    let path = format!("/api/v1/changes?connection={CONNECTION}&entity={entity}");
    wait::until(&format!("{count} changes of {entity}"), async || {
        (client.list(&path, "changes").await.len() >= count).then_some(())
    })
    .await;
}
