//! The Turnbuckle server: the only crate that knows the others.

pub mod activity;
pub mod api;
pub mod app;
pub mod auth;
pub mod base_url;
pub mod bootstrap;
pub mod catalog;
pub mod clock;
pub mod config;
pub mod context_token;
pub mod egress;
pub mod expressions;
mod extract;
pub mod functions;
pub mod logging;
pub mod metrics;
pub mod notices;
pub mod outcomes;
pub mod problem;
pub mod processing;
pub mod random;
pub mod rate_limit;
pub mod seal;
pub mod secret;
pub mod serve;
pub mod sign_in;
pub mod workers;
