//! Everything that a client can be told went wrong.
//!
//! The list is closed, and each problem has a page under `docs/problems` that
//! says what it means and what to do. On the wire it is `application/problem+json`
//! (RFC 9457); where input is wrong, `errors` names each member.
//!
//! A handler returns an [`ApiError`]. It is logged once, where it becomes a
//! response: what is our fault as an error, the rest for debugging only.

mod response;
#[cfg(test)]
mod tests;

use std::error::Error;

use http::{HeaderName, HeaderValue, StatusCode};
use turnbuckle_core::invalid::Invalid;

pub use response::{ProblemBody, ProblemError, method_not_allowed, route_not_found};

/// `type` of a problem is this address and the problem's slug.
pub const TYPE_BASE: &str = "https://turnbuckle.dev/problems/";

/// Every problem that a client can meet. Adding a variant makes the compiler ask
/// for its slug, its status and its title, and a test for its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray)]
pub enum Problem {
    // The request is wrong.
    InvalidRequest,
    MalformedJson,
    MalformedForm,
    CursorInvalid,
    // Who asks is not known, or not allowed.
    Unauthorized,
    SenderNotVerified,
    Forbidden,
    OriginNotAllowed,
    // It is not there, or not yours.
    RouteNotFound,
    WorkspaceNotFound,
    ContextNotFound,
    ConnectionNotFound,
    ConnectorNotFound,
    AuthorizationNotFound,
    EntityNotFound,
    RecordNotFound,
    ObjectNotFound,
    EventNotFound,
    SourceNotFound,
    FunctionNotFound,
    FunctionCallNotFound,
    InboundEventNotFound,
    ReplayNotFound,
    SubscriptionNotFound,
    EndpointNotFound,
    DeliveryNotFound,
    RecoveryNotFound,
    KeyNotFound,
    UserNotFound,
    BinNotFound,
    // It clashes with how things are.
    MethodNotAllowed,
    MappingIncomplete,
    ConnectionInError,
    AlreadyExists,
    UniqueViolation,
    TooManySubscriptions,
    IdempotencyConflict,
    StateConflict,
    SchemaPending,
    PreconditionFailed,
    // It cannot be taken.
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
    ProcessingFailed,
    RateLimited,
    // We failed.
    Internal,
    TemporarilyUnavailable,
}

impl Problem {
    /// Stable name: the last segment of `type` and the name of its page.
    /// Renaming one breaks clients.
    pub fn slug(self) -> &'static str {
        self.facts().0
    }

    pub fn status(self) -> StatusCode {
        self.facts().1
    }

    /// The same words for every occurrence.
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    fn facts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest => ("invalid-request", S::BAD_REQUEST, "The request is not valid"),
            Self::MalformedJson => ("malformed-json", S::BAD_REQUEST, "The body is not JSON"),
            Self::MalformedForm => {
                ("malformed-form", S::BAD_REQUEST, "The body is not the form it claims to be")
            }
            Self::CursorInvalid => ("cursor-invalid", S::BAD_REQUEST, "The cursor is not valid"),
            Self::Unauthorized => ("unauthorized", S::UNAUTHORIZED, "No valid key"),
            Self::SenderNotVerified => {
                ("sender-not-verified", S::UNAUTHORIZED, "The sender could not be verified")
            }
            Self::Forbidden => ("forbidden", S::FORBIDDEN, "The key does not allow this"),
            Self::OriginNotAllowed => {
                ("origin-not-allowed", S::FORBIDDEN, "The page may not call from its origin")
            }
            Self::RouteNotFound => ("route-not-found", S::NOT_FOUND, "No such address"),
            Self::WorkspaceNotFound => ("workspace-not-found", S::NOT_FOUND, "No such workspace"),
            Self::ContextNotFound => ("context-not-found", S::NOT_FOUND, "No such context"),
            Self::ConnectionNotFound => {
                ("connection-not-found", S::NOT_FOUND, "No such connection")
            }
            Self::ConnectorNotFound => ("connector-not-found", S::NOT_FOUND, "No such connector"),
            Self::AuthorizationNotFound => {
                ("authorization-not-found", S::NOT_FOUND, "No such authorization")
            }
            Self::EntityNotFound => ("entity-not-found", S::NOT_FOUND, "No such entity"),
            Self::RecordNotFound => ("record-not-found", S::NOT_FOUND, "No such record"),
            Self::ObjectNotFound => ("object-not-found", S::NOT_FOUND, "No such object"),
            Self::EventNotFound => ("event-not-found", S::NOT_FOUND, "No such event"),
            Self::SourceNotFound => ("source-not-found", S::NOT_FOUND, "No such source"),
            Self::FunctionNotFound => ("function-not-found", S::NOT_FOUND, "No such function"),
            Self::FunctionCallNotFound => {
                ("function-call-not-found", S::NOT_FOUND, "No such call of a function")
            }
            Self::InboundEventNotFound => {
                ("inbound-event-not-found", S::NOT_FOUND, "No such inbound event")
            }
            Self::ReplayNotFound => ("replay-not-found", S::NOT_FOUND, "No such replay"),
            Self::SubscriptionNotFound => {
                ("subscription-not-found", S::NOT_FOUND, "No such subscription")
            }
            Self::EndpointNotFound => ("endpoint-not-found", S::NOT_FOUND, "No such endpoint"),
            Self::DeliveryNotFound => ("delivery-not-found", S::NOT_FOUND, "No such delivery"),
            Self::RecoveryNotFound => ("recovery-not-found", S::NOT_FOUND, "No such recovery"),
            Self::KeyNotFound => ("key-not-found", S::NOT_FOUND, "No such key"),
            Self::UserNotFound => ("user-not-found", S::NOT_FOUND, "No such user"),
            Self::BinNotFound => ("bin-not-found", S::NOT_FOUND, "No such bin"),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "The address does not take this method",
            ),
            Self::MappingIncomplete => {
                ("mapping-incomplete", S::CONFLICT, "The object is not mapped yet")
            }
            Self::ConnectionInError => {
                ("connection-in-error", S::CONFLICT, "The connection is in error")
            }
            Self::AlreadyExists => ("already-exists", S::CONFLICT, "There is one already"),
            Self::UniqueViolation => {
                ("unique-violation", S::CONFLICT, "Another record has this unique value")
            }
            Self::TooManySubscriptions => {
                ("too-many-subscriptions", S::CONFLICT, "Too many subscriptions are alike")
            }
            Self::IdempotencyConflict => {
                ("idempotency-conflict", S::CONFLICT, "The idempotency key is taken")
            }
            Self::SchemaPending => {
                ("schema-pending", S::FAILED_DEPENDENCY, "The schema is being read")
            }
            Self::StateConflict => {
                ("state-conflict", S::CONFLICT, "Not possible in the present state")
            }
            Self::PreconditionFailed => {
                ("precondition-failed", S::PRECONDITION_FAILED, "It has changed since it was read")
            }
            Self::RequestTimeout => {
                ("request-timeout", S::REQUEST_TIMEOUT, "The body took too long")
            }
            Self::PayloadTooLarge => {
                ("payload-too-large", S::PAYLOAD_TOO_LARGE, "The body is too large")
            }
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "The body is of a type that is not taken here",
            ),
            Self::ProcessingFailed => {
                ("processing-failed", S::UNPROCESSABLE_ENTITY, "The event could not be processed")
            }
            Self::RateLimited => ("rate-limited", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "The server failed"),
            Self::TemporarilyUnavailable => {
                ("temporarily-unavailable", S::SERVICE_UNAVAILABLE, "Try again shortly")
            }
        }
    }
}

/// What a handler returns when it cannot answer.
///
/// `detail` and `errors` are for the client and are sent, except with a 5xx,
/// which a client cannot cure; `source` is for us and is logged.
#[derive(Debug)]
pub struct ApiError {
    problem: Problem,
    detail: Option<String>,
    errors: Vec<Invalid>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// `detail` says what is wrong this time, names the thing and the cure.
    pub fn new(problem: Problem, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::from(problem) }
    }

    /// A failure of ours, or below us; `source` is logged.
    pub fn caused_by(problem: Problem, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::from(problem) }
    }

    /// [`Problem::InvalidRequest`] with each wrong member.
    ///
    /// # Panics
    /// If `errors` is empty: then nothing is invalid.
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        assert!(!errors.is_empty(), "an invalid request has at least one wrong member");
        let detail = match errors.len() {
            1 => "1 member is wrong".to_owned(),
            count => format!("{count} members are wrong"),
        };
        Self { detail: Some(detail), errors, ..Self::from(Problem::InvalidRequest) }
    }

    /// Sends one header more, e.g. `Retry-After`.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What a client is told of it, in a sentence.
    pub fn sentence(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.problem.title())
    }

    pub fn problem(&self) -> Problem {
        self.problem
    }

    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    pub fn errors(&self) -> &[Invalid] {
        &self.errors
    }
}

/// A problem whose title says all.
impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self { problem, detail: None, errors: Vec::new(), headers: Vec::new(), source: None }
    }
}
