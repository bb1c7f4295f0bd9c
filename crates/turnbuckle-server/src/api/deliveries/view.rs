//! Deliveries as the API shows them.

use serde::{Deserialize, Serialize};
use turnbuckle_store::delivery::{DeliveryStatus, LoggedAttempt, LoggedDelivery};
use utoipa::ToSchema;

use crate::api::time::rfc3339;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatusView {
    /// Due, waiting for its turn or to be tried again.
    Pending,
    Delivered,
    /// Given up; can be resent.
    Dead,
    /// Its endpoint is paused or disabled; goes out on resume.
    Held,
    /// Replaced by a newer message after a failed attempt.
    Superseded,
}

impl From<DeliveryStatus> for DeliveryStatusView {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Pending => Self::Pending,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Dead => Self::Dead,
            DeliveryStatus::Held => Self::Held,
            DeliveryStatus::Superseded => Self::Superseded,
        }
    }
}

impl From<DeliveryStatusView> for DeliveryStatus {
    fn from(status: DeliveryStatusView) -> Self {
        match status {
            DeliveryStatusView::Pending => Self::Pending,
            DeliveryStatusView::Delivered => Self::Delivered,
            DeliveryStatusView::Dead => Self::Dead,
            DeliveryStatusView::Held => Self::Held,
            DeliveryStatusView::Superseded => Self::Superseded,
        }
    }
}

/// One message on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Also its `webhook-id`.
    #[schema(example = "dlv_0190a3c25c3e7d529a103f6b1c2d4e5f")]
    pub id: String,
    pub endpoint: String,
    /// The change it tells of, while that is kept; null for notices and tests.
    pub change: Option<String>,
    /// The object or entity that it is about; `notice` and `test` for those.
    pub object: String,
    /// Id of the record in the CRM; null for notices and tests.
    pub record: Option<String>,
    /// `create`, `update` or `delete`; null for notices and tests.
    #[serde(rename = "type")]
    #[schema(example = "update")]
    pub change_type: Option<&'static str>,
    #[schema(inline)]
    pub status: DeliveryStatusView,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it is tried next, while it is first in its line.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// When it was delivered, given up or replaced.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    pub attempt_count: u32,
    /// HTTP status of the last answer, if there was one.
    pub last_status: Option<u16>,
}

impl From<&LoggedDelivery> for DeliveryView {
    fn from(it: &LoggedDelivery) -> Self {
        Self {
            id: it.id.to_string(),
            endpoint: it.endpoint.to_string(),
            change: it.change.map(|change| change.to_string()),
            object: it.object.clone(),
            record: Some(it.record.clone()).filter(|record| !record.is_empty()),
            change_type: it.change_type.map(Into::into),
            status: it.status.into(),
            created_at: rfc3339(it.id.0.millis()),
            due_at: it.due_at.map(rfc3339),
            ended_at: it.ended_at.map(rfc3339),
            attempt_count: it.attempt_count,
            last_status: it.last_status,
        }
    }
}

/// A delivery with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDetailView {
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// The bytes that are sent, for ever the same.
    pub body: String,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
}

/// One HTTP call of a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// From 1.
    pub number: u32,
    #[schema(format = DateTime)]
    pub at: String,
    pub duration_ms: u32,
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The first 4 KiB; of a successful attempt not kept.
    pub response_body: Option<String>,
}

impl DeliveryDetailView {
    pub fn of(delivery: &LoggedDelivery, attempts: Vec<LoggedAttempt>) -> Self {
        Self {
            delivery: DeliveryView::from(delivery),
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
            attempts: attempts.into_iter().map(AttemptView::from).collect(),
        }
    }
}

impl From<LoggedAttempt> for AttemptView {
    fn from(it: LoggedAttempt) -> Self {
        Self {
            number: it.number,
            at: rfc3339(it.at),
            duration_ms: it.duration_ms,
            status: it.status,
            error: it.error,
            // Without an answer there is nothing that it said.
            response_body: it
                .response_body
                .filter(|_| it.status.is_some())
                .map(|body| String::from_utf8_lossy(&body).into_owned()),
        }
    }
}
