//! The Turnbuckle server: the only crate that knows the others.

pub mod config;
pub mod egress;
pub mod extract;
pub mod logging;
pub mod problem;
pub mod random;
pub mod seal;
pub mod secret;
