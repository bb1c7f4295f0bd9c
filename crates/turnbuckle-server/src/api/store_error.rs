//! How failures of the store become problems.

use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;

use crate::problem::{ApiError, Problem};

impl From<StoreError> for ApiError {
    // Listed one by one, without `_`: a new store error must be placed here by
    // a person, not fall into 500 by default.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { noun, .. } => Self::new(not_found(noun), error.to_string()),
            StoreError::AlreadyExists { .. } => {
                Self::new(Problem::AlreadyExists, error.to_string())
            }
            StoreError::VersionMismatch { .. } => {
                Self::new(Problem::PreconditionFailed, error.to_string())
            }
            StoreError::UniqueViolation { .. } => {
                Self::new(Problem::UniqueViolation, error.to_string())
            }
            StoreError::Invalid(errors) => Self::invalid(errors),
            StoreError::TooManySubscriptions => {
                Self::new(Problem::TooManySubscriptions, error.to_string())
            }
            StoreError::SortTooWide { ref column, .. } => {
                let cure = "narrow the filter, or sort by a column that a saved search sorts by";
                let detail = format!("{error}: {cure}");
                Self::invalid(vec![Invalid::new(pointer("/sort", column), detail)])
            }
            StoreError::Overloaded | StoreError::Unavailable { .. } => {
                Self::caused_by(Problem::TemporarilyUnavailable, error)
            }
            StoreError::Defect { .. } => Self::caused_by(Problem::Internal, error),
        }
    }
}

fn not_found(noun: Noun) -> Problem {
    match noun {
        Noun::ApiKey => Problem::KeyNotFound,
        Noun::Authorization => Problem::AuthorizationNotFound,
        Noun::Bin => Problem::BinNotFound,
        Noun::Connection | Noun::LinkDraft => Problem::ConnectionNotFound,
        Noun::Context => Problem::ContextNotFound,
        Noun::Delivery => Problem::DeliveryNotFound,
        Noun::Endpoint => Problem::EndpointNotFound,
        Noun::Entity => Problem::EntityNotFound,
        Noun::Function | Noun::FunctionVersion => Problem::FunctionNotFound,
        Noun::FunctionCall => Problem::FunctionCallNotFound,
        Noun::FunctionKey => Problem::KeyNotFound,
        Noun::InboundEvent => Problem::InboundEventNotFound,
        Noun::Object => Problem::ObjectNotFound,
        Noun::Record => Problem::RecordNotFound,
        Noun::Recovery => Problem::RecoveryNotFound,
        Noun::Replay => Problem::ReplayNotFound,
        Noun::Source => Problem::SourceNotFound,
        Noun::SourceKey => Problem::KeyNotFound,
        Noun::User => Problem::UserNotFound,
        Noun::Workspace => Problem::WorkspaceNotFound,
    }
}
