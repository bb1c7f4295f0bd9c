//! Development only: what tests of the whole hub are made of.
//!
//! | who | does |
//! |---|---|
//! | [`HubProcess`] | runs the real binary on a folder of its own; kills and restarts it |
//! | [`Client`] | calls the hub's API and shows what went wrong when it did |
//! | [`PostgresServer`] | runs a database server of a test's own; kills and restarts it |
//! | [`WebhookSink`] | receives messages, answers as told, keeps every call |
//! | [`setup`] | makes the connection, objects, sources and endpoints that stories begin with |
//! | [`crash`] | kills a hub under load, again and again, and audits what is left |
//!
//! Everything here panics with a sentence when the outside world is not as a
//! test needs it, since a test has nothing better to do. Nothing sleeps to let
//! something happen: [`wait`] asks until it is true or time is up.

#![allow(
    clippy::disallowed_methods,
    reason = "it stands outside the hub: its clock is real, and its tasks end with the test"
)]

pub mod client;
pub mod crash;
pub mod database;
pub mod dice;
pub mod postgres;
pub mod process;
pub mod setup;
pub mod sink;
pub mod wait;

pub use client::{Answer, Client};
pub use postgres::PostgresServer;
pub use process::HubProcess;
pub use sink::{Call, Reply, WebhookSink};
