//! Everything that is kept, and the only crate that speaks SQL.
//!
//! One contract per noun, in the file of that noun; together they are
//! [`Store`]. Each engine implements all of them in a folder of its own, and
//! one suite of stories (`tests/`) runs on every engine.
//!
//! Guarantees, on every engine:
//! - A method that writes is one transaction, committed and durable when it
//!   returns `Ok`. None leaves this crate.
//! - Each method takes the workspace first and answers nothing of another.
//! - A method that fails has changed nothing.
//!
//! Absent on purpose: retry rules, HTTP, mapping, business decisions in SQL.
//! Those are pure functions of `turnbuckle-core`, called from here where they
//! must see the row that they decide about.

pub mod api_key;
pub mod authorization;
pub mod bin;
pub mod change;
pub mod clock;
pub mod connection;
pub mod context;
pub mod delivery;
pub mod endpoint;
pub mod entity;
pub mod error;
pub mod event_call;
pub mod function;
pub mod idempotency;
pub mod inbound;
pub mod link;
pub mod maintenance;
pub mod page;
pub mod postgres;
pub mod record;
pub mod replay;
mod rules;
pub mod source;
pub mod sqlite;
pub mod statistics;
pub mod subscription;
pub mod transfer;
pub mod user;
pub mod workspace;

pub use error::StoreError;

/// The newest migration that this version knows, by number and name: every engine has
/// the same ones, each in its own words.
pub const SCHEMA: (i64, &str) = (9, "create_authorizations");

/// All contracts, as the server holds them.
pub trait Store:
    api_key::ApiKeyStore
    + authorization::AuthorizationStore
    + bin::BinStore
    + change::ChangeStore
    + connection::ConnectionStore
    + context::ContextStore
    + delivery::DeliveryStore
    + endpoint::EndpointStore
    + entity::EntityStore
    + event_call::EventCallStore
    + function::FunctionStore
    + idempotency::IdempotencyStore
    + inbound::InboundStore
    + link::LinkStore
    + maintenance::MaintenanceStore
    + record::RecordStore
    + replay::ReplayStore
    + source::SourceStore
    + statistics::StatisticsStore
    + subscription::SubscriptionStore
    + transfer::TransferStore
    + user::UserStore
    + workspace::WorkspaceStore
{
}

impl<T> Store for T where
    T: api_key::ApiKeyStore
        + authorization::AuthorizationStore
        + bin::BinStore
        + change::ChangeStore
        + connection::ConnectionStore
        + context::ContextStore
        + delivery::DeliveryStore
        + endpoint::EndpointStore
        + entity::EntityStore
        + event_call::EventCallStore
        + function::FunctionStore
        + idempotency::IdempotencyStore
        + inbound::InboundStore
        + link::LinkStore
        + maintenance::MaintenanceStore
        + record::RecordStore
        + replay::ReplayStore
        + source::SourceStore
        + statistics::StatisticsStore
        + subscription::SubscriptionStore
        + transfer::TransferStore
        + user::UserStore
        + workspace::WorkspaceStore
{
}
