//! The numbers under which rows keep what has names elsewhere; the same on
//! every engine, and never given another meaning.

use turnbuckle_core::change::{ChangeType, Origin};

use crate::endpoint::EndpointStatus;
use crate::inbound::InboundStatus;
use crate::replay::RunKind;

pub fn change_type_to_row(change_type: ChangeType) -> i64 {
    match change_type {
        ChangeType::Create => 2,
        ChangeType::Update => 3,
        ChangeType::Delete => 4,
    }
}

pub fn change_type_from_row(stored: i64) -> Option<ChangeType> {
    match stored {
        2 => Some(ChangeType::Create),
        3 => Some(ChangeType::Update),
        4 => Some(ChangeType::Delete),
        _ => None,
    }
}

pub fn origin_to_row(origin: Origin) -> i64 {
    match origin {
        Origin::App => 2,
        Origin::Source => 3,
        Origin::Records => 4,
        Origin::Crm => 5,
        Origin::Function => 6,
    }
}

pub fn origin_from_row(stored: i64) -> Origin {
    match stored {
        2 => Origin::App,
        3 => Origin::Source,
        4 => Origin::Records,
        6 => Origin::Function,
        _ => Origin::Crm,
    }
}

pub fn inbound_status_to_row(status: InboundStatus) -> i64 {
    match status {
        InboundStatus::New | InboundStatus::Processing => 2,
        InboundStatus::Failed => 4,
        InboundStatus::Done => 5,
    }
}

pub fn inbound_status_from_row(stored: i64) -> InboundStatus {
    match stored {
        4 => InboundStatus::Failed,
        5 => InboundStatus::Done,
        _ => InboundStatus::New,
    }
}

pub fn endpoint_status_to_row(status: EndpointStatus) -> i64 {
    match status {
        EndpointStatus::Active => 2,
        EndpointStatus::Paused => 3,
        EndpointStatus::Disabled => 4,
    }
}

pub fn endpoint_status_from_row(stored: i64) -> EndpointStatus {
    match stored {
        2 => EndpointStatus::Active,
        3 => EndpointStatus::Paused,
        _ => EndpointStatus::Disabled,
    }
}

pub fn run_kind_to_row(kind: RunKind) -> i64 {
    match kind {
        RunKind::Replay => 2,
        RunKind::Recovery => 3,
    }
}

pub fn run_kind_from_row(stored: i64) -> RunKind {
    match stored {
        2 => RunKind::Replay,
        _ => RunKind::Recovery,
    }
}
