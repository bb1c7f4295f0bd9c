//! Why the store did not do what it was asked.

use turnbuckle_core::invalid::Invalid;

/// What a caller can do about a failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing of this name, or not in this workspace.
    #[error("no {noun} `{id}`")]
    NotFound { noun: Noun, id: String },

    /// The name is taken.
    #[error("{noun} `{id}` exists already")]
    AlreadyExists { noun: Noun, id: String },

    /// The row was changed since the caller read it.
    #[error("{noun} `{id}` was changed meanwhile")]
    VersionMismatch { noun: Noun, id: String },

    /// Another record holds the value of a unique column.
    #[error("another `{entity}` has the same `{column}`")]
    UniqueViolation { entity: String, column: String },

    /// The write cannot be done as asked; every member that is wrong is named.
    #[error("{} members are wrong", .0.len())]
    Invalid(Vec<Invalid>),

    /// More than [`crate::subscription::SHARED_KEY_MAX`] subscriptions would have to be judged one by one.
    #[error("too many subscriptions need the same re-check")]
    TooManySubscriptions,

    /// A search that would have to sort more candidates than it may read.
    #[error("more than {candidates_max} records would have to be sorted by `{column}`")]
    SortTooWide { column: String, candidates_max: usize },

    /// The write queue is full: more is arriving than can be stored.
    #[error("the write queue is full")]
    Overloaded,

    /// The database is busy or away; the same call may succeed later.
    #[error("database unavailable while trying to {action}")]
    Unavailable {
        /// Completes the sentence, e.g. "lease due deliveries".
        action: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A bug: a statement the database refuses, or a row we cannot read.
    #[error("database rejected an attempt to {action}")]
    Defect {
        action: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    pub fn not_found(noun: Noun, id: impl ToString) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }

    /// # Errors
    /// [`Self::VersionMismatch`] if a version is wanted and not the current one.
    pub fn unless_version(
        noun: Noun,
        id: impl ToString,
        wanted: Option<i64>,
        current: i64,
    ) -> Result<(), Self> {
        match wanted {
            Some(wanted) if wanted != current => {
                Err(Self::VersionMismatch { noun, id: id.to_string() })
            }
            _ => Ok(()),
        }
    }

    pub fn already_exists(noun: Noun, id: impl ToString) -> Self {
        Self::AlreadyExists { noun, id: id.to_string() }
    }
}

/// The kinds of thing a caller can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    ApiKey,
    Authorization,
    Bin,
    Connection,
    Context,
    Delivery,
    Endpoint,
    Entity,
    Function,
    FunctionCall,
    FunctionKey,
    FunctionVersion,
    InboundEvent,
    LinkDraft,
    Object,
    Record,
    Recovery,
    Replay,
    Source,
    SourceKey,
    User,
    Workspace,
}

impl std::fmt::Display for Noun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "API key",
            Self::Authorization => "authorization",
            Self::Bin => "bin",
            Self::Connection => "connection",
            Self::Context => "context",
            Self::Delivery => "delivery",
            Self::Endpoint => "endpoint",
            Self::Entity => "entity",
            Self::Function => "function",
            Self::FunctionCall => "function call",
            Self::FunctionKey => "function key",
            Self::FunctionVersion => "function version",
            Self::InboundEvent => "inbound event",
            Self::LinkDraft => "draft",
            Self::Object => "object",
            Self::Record => "record",
            Self::Recovery => "recovery",
            Self::Replay => "replay",
            Self::Source => "source",
            Self::SourceKey => "source key",
            Self::User => "user",
            Self::Workspace => "workspace",
        })
    }
}
