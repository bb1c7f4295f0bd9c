//! The `standard` format: the payload that Standard Webhooks advises.
//!
//! `{"type":"contact.updated","timestamp":…,"data":{…}}`, where `type` is the
//! object's slug, or without an object the entity in snake case
//! (`form_submit.created`), and one of `created`, `updated`, `deleted`. What a
//! type may not hold is an underscore in it. `data.record` is the record of the
//! universal API, so one parser reads both. `changed` and `previous` come with
//! updates only, `previous` where it is known. A notice has its own type, and
//! itself as the data.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::notice::NoticeFacts;
use super::{JSON, Message, MessageFacts, RecordView, Reference, rfc3339};
use crate::change::{ChangeType, Origin};
use crate::id::{ChangeId, UnixMs};

#[derive(Serialize)]
struct Payload<'a, D> {
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: String,
    data: D,
}

/// What is told of a change, in formats of ours.
#[derive(Serialize)]
pub(super) struct ChangeView<'a> {
    record: RecordView<'a>,
    entity: &'a str,
    connection: Reference<'a>,
    context: Reference<'a>,
    change: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<&'a String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a Map<String, Json>>,
}

#[derive(Serialize)]
struct Source {
    id: ChangeId,
    origin: Origin,
}

impl<'a> From<&MessageFacts<'a>> for ChangeView<'a> {
    fn from(facts: &MessageFacts<'a>) -> Self {
        let changed = Some(facts.changed).filter(|_| facts.change_type == ChangeType::Update);
        Self {
            record: facts.record(),
            entity: facts.entity,
            connection: Reference { id: facts.connection },
            context: Reference { id: facts.context },
            change: Source { id: facts.change_id, origin: facts.origin },
            changed: changed.map(|changed| changed.keys().collect()),
            previous: changed.filter(|changed| !changed.is_empty()),
        }
    }
}

/// Renders a change.
pub fn message(facts: &MessageFacts<'_>) -> Message {
    render(&event_type(facts), facts.at, ChangeView::from(facts))
}

/// Renders a notice.
pub(super) fn notice(facts: &NoticeFacts) -> Message {
    render(facts.event_type, facts.at, &facts.body)
}

fn render(event_type: &str, at: UnixMs, data: impl Serialize) -> Message {
    Message::json(JSON, &Payload { event_type, timestamp: rfc3339(at), data })
}

/// `opportunity.updated`: letters, digits and `_` around one dot.
pub(super) fn event_type(facts: &MessageFacts<'_>) -> String {
    let mut text = String::with_capacity(facts.record_type().len() + 12);
    match facts.object {
        Some(object) => {
            text.extend(object.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
        }
        None => push_snake_case(&mut text, facts.entity),
    }
    text.push_str(match facts.change_type {
        ChangeType::Create => ".created",
        ChangeType::Update => ".updated",
        ChangeType::Delete => ".deleted",
    });
    text
}

fn push_snake_case(text: &mut String, name: &str) {
    let mut is_after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && is_after_small {
            text.push('_');
        }
        is_after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{check_body, facts, seed_data};
    use super::*;

    #[test]
    fn an_update_says_what_changed_and_from_what() {
        let data = seed_data();
        let previous = json!({"document_name": "Apple"});
        let facts = MessageFacts { changed: previous.as_object().unwrap(), ..facts(&data) };
        let expect = r#"{
          "type": "opportunity.updated",
          "timestamp": "2022-11-03T20:26:10.344Z",
          "data": {
            "record": {
              "type": "opportunity",
              "id": "Opportunity:09876",
              "data": {"document_name": "Apple Opportunity Sales Contract", "document_tags": {}}
            },
            "entity": "Opportunity",
            "connection": {"id": "12345"},
            "context": {"id": "usr5c7e8c43"},
            "change": {"id": "CHANGE", "origin": "crm"},
            "changed": ["document_name"],
            "previous": {"document_name": "Apple"}
          }
        }"#;
        check_body(&message(&facts), &expect.replace("CHANGE", &facts.change_id.to_string()));
    }

    #[test]
    fn only_updates_say_what_changed() {
        let data = seed_data();
        for change_type in [ChangeType::Create, ChangeType::Delete] {
            let facts = MessageFacts { change_type, changed: &data, ..facts(&data) };
            let body: Json = serde_json::from_slice(&message(&facts).body).unwrap();
            assert!(
                body["data"].get("changed").is_none() && body["data"].get("previous").is_none()
            );
        }
    }

    #[test]
    fn a_type_is_letters_digits_and_underscores_around_a_dot() {
        let data = Map::new();
        let check = |object, entity, expect: &str| {
            let facts =
                MessageFacts { object, entity, change_type: ChangeType::Create, ..facts(&data) };
            assert_eq!(event_type(&facts), expect);
        };
        check(Some("sales-order.v2"), "Order", "sales_order_v2.created");
        check(Some("saleOrder"), "Order", "saleOrder.created");
        check(None, "Contact", "contact.created");
        check(None, "FormSubmit", "form_submit.created");
        check(None, "UsrCar2Lease__c", "usr_car2_lease__c.created");
        check(None, "crm-é", "crm__.created");
    }
}
