//! The `cloudevents` format: CloudEvents 1.0 in structured JSON.
//!
//! `id` is the `webhook-id`, so source and id together are unique as the
//! specification asks. `type` is that of the `standard` format behind our
//! reversed domain, `data` is the same as there. A notice that is about no
//! connection comes from the workspace.

use serde::Serialize;

use super::notice::NoticeFacts;
use super::standard::{ChangeView, event_type};
use super::{JSON, Message, MessageFacts, rfc3339};
use crate::record::universal_id;

/// Content type of one event with its attributes in the body.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

#[derive(Serialize)]
struct Event<'a, D> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: String,
    datacontenttype: &'static str,
    data: D,
}

/// Renders a change.
pub fn message(facts: &MessageFacts<'_>) -> Message {
    Message::json(
        CONTENT_TYPE,
        &Event {
            specversion: "1.0",
            id: facts.webhook_id,
            source: source(facts.workspace, Some(facts.connection)),
            event_type: qualified(&event_type(facts)),
            subject: Some(universal_id(facts.entity, facts.record_id)),
            time: rfc3339(facts.at),
            datacontenttype: JSON,
            data: ChangeView::from(facts),
        },
    )
}

/// Renders a notice.
pub(super) fn notice(facts: &NoticeFacts, webhook_id: &str) -> Message {
    Message::json(
        CONTENT_TYPE,
        &Event {
            specversion: "1.0",
            id: webhook_id,
            source: source(&facts.workspace, facts.connection.as_deref()),
            event_type: qualified(facts.event_type),
            subject: None,
            time: rfc3339(facts.at),
            datacontenttype: JSON,
            data: &facts.body,
        },
    )
}

fn qualified(event_type: &str) -> String {
    format!("dev.turnbuckle.{event_type}")
}

/// A URI reference. Of what an id may hold only `|` cannot stand in one.
fn source(workspace: &str, connection: Option<&str>) -> String {
    let workspace = format!("/workspaces/{workspace}");
    match connection {
        Some(connection) => {
            format!("{workspace}/connections/{}", connection.replace('|', "%7C"))
        }
        None => workspace,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::super::tests::{check_body, facts, seed_data};
    use super::*;

    #[test]
    fn the_attributes_stand_beside_the_data_of_the_standard_format() {
        let data = seed_data();
        let facts = MessageFacts { connection: "a|b", ..facts(&data) };
        let standard: Json =
            serde_json::from_slice(&super::super::standard::message(&facts).body).unwrap();
        let message = message(&facts);
        assert_eq!(message.content_type, "application/cloudevents+json");
        let expect = r#"{
          "specversion": "1.0",
          "id": "dlv_1",
          "source": "/workspaces/acme/connections/a%7Cb",
          "type": "dev.turnbuckle.opportunity.updated",
          "subject": "Opportunity:09876",
          "time": "2022-11-03T20:26:10.344Z",
          "datacontenttype": "application/json",
          "data": DATA
        }"#;
        check_body(&message, &expect.replace("DATA", &standard["data"].to_string()));
    }
}
