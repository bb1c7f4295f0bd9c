//! What each provider is and how it is spoken to.
//!
//! A connector turns requests and responses of one provider into each other
//! and does nothing else. Whoever runs it adds the credentials, the guarded
//! client, paging, rate limits and retries, once for all providers.
//!
//! The built-in CRM ([`native`]) is a provider too. Its records lie in our own
//! store, so what is here of it is what it holds: its entities, the values its
//! lookups start with and the rules its users may change it by.
//!
//! Absent on purpose: sockets, tokens, sleeping, retrying, SQL.

pub mod auth;
pub mod connector;
pub mod native;
pub mod registry;
