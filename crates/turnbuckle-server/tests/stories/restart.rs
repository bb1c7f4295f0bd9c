//! An operator stops and starts the hub, and nothing is forgotten.

use serde_json::json;
use turnbuckle_testkit::WebhookSink;

use super::{contacts_endpoint, create_contact, deliveries_are, hub};

#[tokio::test]
async fn what_waits_for_its_next_attempt_goes_out_after_a_restart() {
    let mut hub = hub().await;
    let client = hub.client().clone();
    let sink = WebhookSink::answering([500]).await;
    let settings = json!({"retry_schedule": [1, 1, 1]});
    let endpoint = contacts_endpoint(&client, &sink, settings).await;
    create_contact(&client, "Ada").await;
    sink.wait_for(1).await;
    deliveries_are(&client, &endpoint, "pending", 1).await;

    hub.terminate().await;
    hub.launch();
    hub.wait_until_healthy().await;
    let calls = sink.wait_for(2).await;
    assert_eq!(calls[0].id(), calls[1].id());
    assert_eq!(calls[0].body, calls[1].body);
    deliveries_are(&client, &endpoint, "delivered", 1).await;
}
