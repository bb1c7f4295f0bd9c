//! The HTTP surfaces. One file per resource; each has its views, its handlers
//! and a `routes()` that both serves and documents them.
//!
//! A handler reads as three sentences: parse, ask, answer. Who may call it is
//! in its signature ([`crate::auth`]); what goes wrong is a [`crate::problem`].

pub mod etag;
pub mod listing;
mod store_error;
pub mod time;
