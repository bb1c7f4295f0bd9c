//! The `universal` format: the envelope of the universal CRM API.
//!
//! `platform_context` and `connection` stand inside `event`, and context is
//! called by the name that the wire has for it.

use serde::Serialize;

use super::{JSON, Message, MessageFacts, RecordView, Reference};
use crate::change::ChangeType;

#[derive(Serialize)]
struct Envelope<'a> {
    event: Event<'a>,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    event_type: ChangeType,
    record: RecordView<'a>,
    platform_context: Reference<'a>,
    connection: Reference<'a>,
}

/// Renders a change. Where no object is meant, the record's type is its entity.
pub fn message(facts: &MessageFacts<'_>) -> Message {
    let event = Event {
        event_type: facts.change_type,
        record: facts.record(),
        platform_context: Reference { id: facts.context },
        connection: Reference { id: facts.connection },
    };
    Message::json(JSON, &Envelope { event })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_body, facts, seed_data};
    use super::*;

    #[test]
    fn the_body_is_that_of_the_documentation() {
        let data = seed_data();
        let message = message(&facts(&data));
        assert_eq!(message.content_type, "application/json");
        check_body(
            &message,
            r#"{
              "event": {
                "type": "update",
                "record": {
                  "type": "opportunity",
                  "id": "Opportunity:09876",
                  "data": {
                    "document_name": "Apple Opportunity Sales Contract",
                    "document_tags": {}
                  }
                },
                "platform_context": {
                  "id": "usr5c7e8c43"
                },
                "connection": {
                  "id": "12345"
                }
              }
            }"#,
        );
    }

    #[test]
    fn without_an_object_the_type_is_the_entity() {
        let data = seed_data();
        let facts = MessageFacts { object: None, change_type: ChangeType::Delete, ..facts(&data) };
        let body = String::from_utf8(message(&facts).body).unwrap();
        assert!(body.starts_with(
            r#"{"event":{"type":"delete","record":{"type":"Opportunity","id":"Opportunity:09876","#
        ));
    }
}
