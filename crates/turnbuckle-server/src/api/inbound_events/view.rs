//! Inbound events as the API shows them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use turnbuckle_store::inbound::{EventRecord, InboundRequest, InboundStatus, LoggedEvent};
use utoipa::ToSchema;

use crate::api::time::rfc3339;
use crate::api::webhooks::outcome::{WarningView, warnings};

/// How far an inbound event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    New,
    Processing,
    Failed,
    Done,
}

impl From<InboundStatus> for EventStatus {
    fn from(it: InboundStatus) -> Self {
        match it {
            InboundStatus::New => Self::New,
            InboundStatus::Processing => Self::Processing,
            InboundStatus::Failed => Self::Failed,
            InboundStatus::Done => Self::Done,
        }
    }
}

impl From<EventStatus> for InboundStatus {
    fn from(it: EventStatus) -> Self {
        match it {
            EventStatus::New => Self::New,
            EventStatus::Processing => Self::Processing,
            EventStatus::Failed => Self::Failed,
            EventStatus::Done => Self::Done,
        }
    }
}

/// A line of the webhook log.
#[derive(Serialize, ToSchema)]
pub struct InboundEventView {
    pub id: String,
    /// Id of the source that it was posted to.
    pub source: String,
    pub status: EventStatus,
    pub received_at: String,
    #[schema(required)]
    pub content_type: Option<String>,
    /// Values that were left out.
    pub warnings: Vec<WarningView>,
    /// Why it failed.
    #[schema(required)]
    pub error: Option<String>,
    /// The records that it wrote.
    pub records: Vec<EventRecordView>,
}

/// A record that an inbound event wrote.
#[derive(Serialize, ToSchema)]
pub struct EventRecordView {
    /// Position of the item in the event, from 0.
    pub item: u32,
    pub entity: String,
    pub id: String,
}

/// An inbound event as it was received.
#[derive(Serialize, ToSchema)]
pub struct InboundEventDetailView {
    #[serde(flatten)]
    pub line: InboundEventView,
    /// By name in lower case; secrets are masked. Values of a repeated header are joined by commas.
    #[schema(value_type = Object)]
    pub headers: IndexMap<String, String>,
    /// What stood behind `?` in the URL.
    pub query: String,
    /// The bytes received, as text where they are UTF-8.
    pub body: String,
    pub body_encoding: BodyEncoding,
    pub body_bytes: usize,
}

/// How the bytes of a body are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodyEncoding {
    Text,
    Base64,
}

impl From<&LoggedEvent> for InboundEventView {
    fn from(it: &LoggedEvent) -> Self {
        let content_type = it.event.request.headers.get("content-type");
        let record = |it: &EventRecord| EventRecordView {
            item: it.item,
            entity: it.entity.clone(),
            id: it.id.clone(),
        };
        Self {
            id: it.event.id.to_string(),
            source: it.event.source.to_string(),
            status: it.status.into(),
            received_at: rfc3339(it.event.id.0.millis()),
            content_type: content_type.map(Cow::into_owned),
            warnings: warnings(&it.warnings),
            error: it.error.clone(),
            records: it.records.iter().map(record).collect(),
        }
    }
}

impl From<&LoggedEvent> for InboundEventDetailView {
    fn from(it: &LoggedEvent) -> Self {
        let InboundRequest { headers, query, body } = &it.event.request;
        let mut joined: IndexMap<String, String> = IndexMap::new();
        for (name, value) in headers.pairs() {
            joined
                .entry(name.into_owned())
                .and_modify(|values| {
                    values.push_str(", ");
                    values.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
        let (text, body_encoding) = match std::str::from_utf8(body) {
            Ok(text) => (text.to_owned(), BodyEncoding::Text),
            Err(_) => (STANDARD.encode(body), BodyEncoding::Base64),
        };
        Self {
            line: it.into(),
            headers: joined,
            query: query.clone(),
            body: text,
            body_encoding,
            body_bytes: body.len(),
        }
    }
}
