//! A delivery as it is kept: what an engine stores, whatever its columns are.

use bytes::Bytes;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{ChangeId, ConnectionNo, DeliveryId};

use crate::delivery::{DeliveryStatus, DueDelivery};
use crate::rules::line::Line;

/// The connection of messages that stem from no change.
pub const NO_CONNECTION: ConnectionNo = ConnectionNo(0);

/// The longest duration of an attempt that is kept, two hours and more: what three
/// bytes of the embedded store hold.
pub const DURATION_MS_MAX: u32 = (1 << 23) - 1 - (1 << 15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Head,
    Waiting,
    Delivered,
    Dead,
    Superseded,
}

impl State {
    pub fn to_row(self) -> i64 {
        match self {
            Self::Head => 2,
            Self::Waiting => 3,
            Self::Delivered => 4,
            Self::Dead => 5,
            Self::Superseded => 6,
        }
    }

    pub fn from_row(stored: i64) -> Self {
        match stored {
            2 => Self::Head,
            3 => Self::Waiting,
            4 => Self::Delivered,
            5 => Self::Dead,
            _ => Self::Superseded,
        }
    }

    pub fn is_pending(self) -> bool {
        matches!(self, Self::Head | Self::Waiting)
    }

    /// As the log calls it, if its endpoint is active or not.
    pub fn status(self, is_active: bool) -> DeliveryStatus {
        match self {
            Self::Head | Self::Waiting if is_active => DeliveryStatus::Pending,
            Self::Head | Self::Waiting => DeliveryStatus::Held,
            Self::Delivered => DeliveryStatus::Delivered,
            Self::Dead => DeliveryStatus::Dead,
            Self::Superseded => DeliveryStatus::Superseded,
        }
    }
}

pub fn connection_from_row(stored: i64) -> Option<ConnectionNo> {
    Some(ConnectionNo(stored)).filter(|no| *no != NO_CONNECTION)
}

/// A message to be stored, in its line or alone.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery<'a> {
    pub id: DeliveryId,
    pub line: Line<'a>,
    pub state: State,
    /// What it stems from, if that is a change.
    pub change: Option<ChangeId>,
    pub change_type: Option<ChangeType>,
    pub changed: &'a Changed,
    pub body: &'a Bytes,
}

impl NewDelivery<'_> {
    /// As a worker gets it.
    pub fn to_due(self) -> DueDelivery {
        DueDelivery {
            id: self.id,
            workspace: self.line.workspace,
            endpoint: self.line.endpoint,
            connection: connection_from_row(self.line.connection.0),
            failure_count: 0,
            attempt_count: 0,
            first_attempt_at: None,
            body: self.body.clone(),
        }
    }
}
