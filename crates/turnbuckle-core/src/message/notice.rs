//! Notices: what happens to the hub itself, in one shape whatever the endpoint's
//! format: `{"event_type":…,"payload":{…}}`. `universal` and `agile` send it as it
//! is; `standard` and `cloudevents`, which have an envelope of their own, hold it
//! in `data`.
//!
//! A notice says little on purpose; the API has the rest, as it is by then.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{JSON, Message, cloud_events, standard};
use crate::endpoint::Format;
use crate::id::{EndpointId, UnixMs};

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// A context completed a connection, or repaired it.
    ConnectionEnabled(ConnectionFacts<'a>),
    /// A person removed a connection.
    ConnectionDisabled(ConnectionFacts<'a>),
    /// A connection stopped working, typically since access was revoked.
    ConnectionErrored(ConnectionFacts<'a>),
    /// Entities of a CRM came, went or have other columns.
    SchemaChanged { connection: ConnectionFacts<'a>, entities: &'a [String] },
    /// An endpoint is no longer sent to.
    EndpointDisabled {
        endpoint: EndpointId,
        url: &'a str,
        /// A [`crate::retry::GiveUpReason`] in snake case.
        reason: &'a str,
    },
}

/// Names a connection as notices do.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionFacts<'a> {
    pub connector: &'a str,
    pub context: &'a str,
    pub connection: &'a str,
}

/// What the formats tell of a notice.
#[derive(Debug, Clone)]
pub struct NoticeFacts {
    pub(super) event_type: &'static str,
    /// The workspace's slug.
    pub(super) workspace: String,
    /// The connection that it is about, if it is about one.
    pub(super) connection: Option<String>,
    /// When it happened.
    pub(super) at: UnixMs,
    pub(super) body: Json,
}

impl NoticeFacts {
    /// Renders the notice.
    pub fn message(&self, format: Format, webhook_id: &str) -> Message {
        match format {
            Format::Universal | Format::Agile => Message::json(JSON, &self.body),
            Format::Standard => standard::notice(self),
            Format::CloudEvents => cloud_events::notice(self, webhook_id),
        }
    }
}

#[derive(Serialize, Default)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<Slug<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ExternalId<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<ExternalId<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<EndpointView<'a>>,
}

#[derive(Serialize)]
struct Slug<'a> {
    slug: &'a str,
}

#[derive(Serialize)]
struct ExternalId<'a> {
    external_id: &'a str,
}

#[derive(Serialize)]
struct EndpointView<'a> {
    id: EndpointId,
    url: &'a str,
    reason: &'a str,
}

impl<'a> From<ConnectionFacts<'a>> for Payload<'a> {
    fn from(facts: ConnectionFacts<'a>) -> Self {
        Self {
            connector: Some(Slug { slug: facts.connector }),
            context: Some(ExternalId { external_id: facts.context }),
            connection: Some(ExternalId { external_id: facts.connection }),
            ..Self::default()
        }
    }
}

impl<'a> Notice<'a> {
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::ConnectionEnabled(_) => "connection.enabled",
            Self::ConnectionDisabled(_) => "connection.disabled",
            Self::ConnectionErrored(_) => "connection.errored",
            Self::SchemaChanged { .. } => "schema.changed",
            Self::EndpointDisabled { .. } => "endpoint.disabled",
        }
    }

    /// The notice as it is told of `workspace`, a slug.
    pub fn facts(&self, workspace: &str, at: UnixMs) -> NoticeFacts {
        let (event_type, payload) = (self.event_type(), self.payload());
        NoticeFacts {
            event_type,
            workspace: workspace.to_owned(),
            connection: payload.connection.as_ref().map(|it| it.external_id.to_owned()),
            at,
            body: json!({ "event_type": event_type, "payload": payload }),
        }
    }

    fn payload(&self) -> Payload<'a> {
        match *self {
            Self::ConnectionEnabled(connection)
            | Self::ConnectionDisabled(connection)
            | Self::ConnectionErrored(connection) => connection.into(),
            Self::SchemaChanged { connection, entities } => {
                Payload { entities: Some(entities), ..connection.into() }
            }
            Self::EndpointDisabled { endpoint, url, reason } => Payload {
                endpoint: Some(EndpointView { id: endpoint, url, reason }),
                ..Payload::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_body;
    use super::*;
    use crate::id::Minter;

    const CONNECTION: ConnectionFacts<'static> = ConnectionFacts {
        connector: "salesforce-sales-cloud-crm",
        context: "org-5120",
        connection: "org|5120",
    };
    const ENABLED: &str = r#"{
        "event_type": "connection.enabled",
        "payload": {"connector": {"slug": "salesforce-sales-cloud-crm"},
                    "context": {"external_id": "org-5120"},
                    "connection": {"external_id": "org|5120"}}}"#;

    fn message(notice: &Notice<'_>, format: Format) -> Message {
        notice.facts("acme", 1_667_507_170_344).message(format, "dlv_1")
    }

    #[test]
    fn a_connection_is_named_by_connector_context_and_id() {
        for format in [Format::Universal, Format::Agile] {
            check_body(&message(&Notice::ConnectionEnabled(CONNECTION), format), ENABLED);
        }
    }

    #[test]
    fn other_notices_have_the_same_envelope() {
        let entities = ["Lead".to_owned()];
        let notice = Notice::SchemaChanged { connection: CONNECTION, entities: &entities };
        check_body(
            &message(&notice, Format::Universal),
            r#"{"event_type": "schema.changed",
                "payload": {"connector": {"slug": "salesforce-sales-cloud-crm"},
                            "context": {"external_id": "org-5120"},
                            "connection": {"external_id": "org|5120"},
                            "entities": ["Lead"]}}"#,
        );
        let endpoint = EndpointId(Minter::default().mint(1, 1));
        let url = "https://app.example/hooks";
        let notice = Notice::EndpointDisabled { endpoint, url, reason: "endpoint_gone" };
        check_body(
            &message(&notice, Format::Universal),
            &format!(
                r#"{{"event_type":"endpoint.disabled",
                     "payload":{{"endpoint":{{"id":"{endpoint}","url":"{url}","reason":"endpoint_gone"}}}}}}"#
            ),
        );
    }

    #[test]
    fn formats_with_an_envelope_hold_it_as_their_data() {
        let enabled = Notice::ConnectionEnabled(CONNECTION);
        let standard = message(&enabled, Format::Standard);
        assert_eq!(standard.content_type, "application/json");
        check_body(
            &standard,
            &format!(
                r#"{{"type": "connection.enabled", "timestamp": "2022-11-03T20:26:10.344Z",
                     "data": {ENABLED}}}"#
            ),
        );
        let event = message(&enabled, Format::CloudEvents);
        assert_eq!(event.content_type, "application/cloudevents+json");
        check_body(
            &event,
            &format!(
                r#"{{"specversion": "1.0", "id": "dlv_1",
                     "source": "/workspaces/acme/connections/org%7C5120",
                     "type": "dev.turnbuckle.connection.enabled",
                     "time": "2022-11-03T20:26:10.344Z",
                     "datacontenttype": "application/json", "data": {ENABLED}}}"#
            ),
        );
        let endpoint = EndpointId(Minter::default().mint(1, 1));
        let url = "https://app.example/hooks";
        let disabled = Notice::EndpointDisabled { endpoint, url, reason: "endpoint_gone" };
        let body: Json =
            serde_json::from_slice(&message(&disabled, Format::CloudEvents).body).unwrap();
        assert_eq!(body["source"], "/workspaces/acme");
    }
}
