//! Notices: what happens to the hub itself, told in one shape whatever the
//! endpoint's format: `{"event_type":…,"payload":{…}}`.
//!
//! A notice says little on purpose; the API has the rest, as it is by then.

use serde::Serialize;

use super::{JSON, Message};
use crate::id::EndpointId;

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

#[derive(Serialize)]
struct Envelope<'a> {
    event_type: &'static str,
    payload: Payload<'a>,
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

    /// Renders the notice.
    pub fn message(&self) -> Message {
        Message::json(JSON, &Envelope { event_type: self.event_type(), payload: self.payload() })
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
        connection: "org-5120",
    };

    #[test]
    fn a_connection_is_named_by_connector_context_and_id() {
        check_body(
            &Notice::ConnectionEnabled(CONNECTION).message(),
            r#"{"event_type": "connection.enabled",
                "payload": {"connector": {"slug": "salesforce-sales-cloud-crm"},
                            "context": {"external_id": "org-5120"},
                            "connection": {"external_id": "org-5120"}}}"#,
        );
    }

    #[test]
    fn other_notices_have_the_same_envelope() {
        let entities = ["Lead".to_owned()];
        check_body(
            &Notice::SchemaChanged { connection: CONNECTION, entities: &entities }.message(),
            r#"{"event_type": "schema.changed",
                "payload": {"connector": {"slug": "salesforce-sales-cloud-crm"},
                            "context": {"external_id": "org-5120"},
                            "connection": {"external_id": "org-5120"},
                            "entities": ["Lead"]}}"#,
        );
        let endpoint = EndpointId(Minter::default().mint(1, 1));
        let url = "https://app.example/hooks";
        let notice = Notice::EndpointDisabled { endpoint, url, reason: "endpoint_gone" };
        check_body(
            &notice.message(),
            &format!(
                r#"{{"event_type":"endpoint.disabled",
                     "payload":{{"endpoint":{{"id":"{endpoint}","url":"{url}","reason":"endpoint_gone"}}}}}}"#
            ),
        );
    }
}
