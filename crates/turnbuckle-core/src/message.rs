//! Messages: what one change, or one notice, becomes for the app.
//!
//! A message is immutable: one `webhook-id`, one body, for ever. It is rendered
//! once, when a change is matched, and stored; every attempt sends the same
//! bytes. Each format is a file with one function from facts to bytes:
//!
//! | format        | file             | from             |
//! |---------------|------------------|------------------|
//! | `universal`   | [`universal`]    | [`MessageFacts`] |
//! | `standard`    | [`standard`]     | [`MessageFacts`] |
//! | `cloudevents` | [`cloud_events`] | [`MessageFacts`] |
//! | `agile`       | [`agile`]        | [`agile::AgileFacts`] |
//! | all, in scope `notices` | [`notice`] | [`notice::NoticeFacts`] |
//!
//! Absent on purpose: signatures, which belong to an attempt.

pub mod agile;
pub mod cloud_events;
pub mod notice;
pub mod standard;
pub mod universal;

use serde::Serialize;

use crate::change::{ChangeType, Origin};
use crate::coalesce::Changed;
use crate::id::{ChangeId, UnixMs};
use crate::record::{Data, universal_id};

const JSON: &str = "application/json";

/// A body and what it is, ready to be stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Message {
    fn json(content_type: &'static str, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body)
            .expect("a body has text as its member names and nothing in it that can fail");
        Self { content_type, body }
    }
}

/// What the formats tell of a change.
#[derive(Debug, Clone, Copy)]
pub struct MessageFacts<'a> {
    pub webhook_id: &'a str,
    /// The workspace's slug.
    pub workspace: &'a str,
    pub connection: &'a str,
    pub context: &'a str,
    /// The app's object, where the message follows from a subscription;
    /// `None` where an endpoint hears of changes to entities as they are.
    pub object: Option<&'a str>,
    pub entity: &'a str,
    /// The CRM's own id of the record.
    pub record_id: &'a str,
    pub change_id: ChangeId,
    /// As it is told: entering or leaving a subscribed search is an update.
    pub change_type: ChangeType,
    pub origin: Origin,
    /// When the record changed.
    pub at: UnixMs,
    /// Fields of the object, or columns of the entity; on delete as last known.
    pub data: &'a Data,
    /// On update the fields or columns that differ from before, as they were.
    pub changed: &'a Changed,
}

/// The record of the universal wire.
#[derive(Serialize)]
struct RecordView<'a> {
    #[serde(rename = "type")]
    record_type: &'a str,
    id: String,
    data: &'a Data,
}

/// Something named by its id alone.
#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
}

impl<'a> MessageFacts<'a> {
    /// The object's slug or, without one, the entity's code.
    fn record_type(&self) -> &'a str {
        self.object.unwrap_or(self.entity)
    }

    fn record(&self) -> RecordView<'a> {
        RecordView {
            record_type: self.record_type(),
            id: universal_id(self.entity, self.record_id),
            data: self.data,
        }
    }
}

/// `2022-11-03T20:26:10.344Z`; times beyond the calendar are its first or last.
fn rfc3339(at: UnixMs) -> String {
    let border = if at < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at).unwrap_or(border).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::id::Minter;

    static NOTHING: LazyLock<Changed> = LazyLock::new(Changed::new);

    /// A change to the record of seed 000, with its data.
    pub fn facts(data: &Data) -> MessageFacts<'_> {
        MessageFacts {
            webhook_id: "dlv_1",
            workspace: "acme",
            connection: "12345",
            context: "usr5c7e8c43",
            object: Some("opportunity"),
            entity: "Opportunity",
            record_id: "09876",
            change_id: ChangeId(Minter::default().mint(1, 1)),
            change_type: ChangeType::Update,
            origin: Origin::Crm,
            at: 1_667_507_170_344,
            data,
            changed: &NOTHING,
        }
    }

    pub fn seed_data() -> Data {
        let data = json!({
            "document_name": "Apple Opportunity Sales Contract", "document_tags": {}
        });
        data.as_object().unwrap().clone()
    }

    /// Compares a body with a JSON text byte for byte, white space aside.
    #[track_caller]
    pub fn check_body(message: &Message, expect: &str) {
        let compact = serde_json::from_str::<Json>(expect).unwrap().to_string();
        assert_eq!(String::from_utf8(message.body.clone()).unwrap(), compact);
    }

    #[test]
    fn no_time_is_out_of_range() {
        assert_eq!(rfc3339(1_667_507_170_344), "2022-11-03T20:26:10.344Z");
        assert!(rfc3339(i64::MIN).starts_with("-009999"));
        assert!(rfc3339(i64::MAX).starts_with("9999"));
    }
}
