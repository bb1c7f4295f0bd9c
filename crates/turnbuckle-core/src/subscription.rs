//! Subscriptions: which of them a change concerns, and what it tells them.
//!
//! A subscription is stored under *match keys*, and a change looks up the keys
//! of its images, so the cost of a change depends on how many subscriptions
//! match and not on how many there are. A record subscription has one key
//! ([`record_key`]). The subscriptions to one search differ in their payloads
//! only: where the search compares columns with payload fields for equality,
//! the values are in the key ([`SearchPlan`]), otherwise all share one.
//!
//! A key finds candidates: every match is among them, and what is among them is
//! judged again by the whole filter, since keys are hashes of cut values. The
//! workspace is no part of a key; the store keeps it beside.
//!
//! What a change then becomes is decided by [`search_verdict`] and
//! [`record_verdict`]. An image that a CRM does not tell counts as one that
//! matches and differs: send, never withhold.

mod plan;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::change::ChangeType;
use crate::key::sorted_text;

pub use plan::{KeyShape, SearchPlan};

/// Finds the subscriptions that a change may concern. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey(pub i64);

/// The key of subscriptions to one record, whatever object it is read as.
pub fn record_key(connection: &str, entity: &str, record_id: &str) -> MatchKey {
    let mut hash = KeyHash::of("record");
    hash.part(connection.as_bytes());
    hash.part(entity.as_bytes());
    hash.part(record_id.as_bytes());
    hash.finish()
}

/// The key of subscriptions to one search: of all of them without `values`,
/// otherwise of those whose columns, by path, have these values in their
/// canonical form ([`crate::key::encode`]).
pub fn search_key(
    connection: &str,
    object: &str,
    event: &str,
    values: Option<&[(&str, &[u8])]>,
) -> MatchKey {
    let mut hash = search_hash(connection, object, event);
    for (column, value) in values.unwrap_or_default() {
        hash.part(column.as_bytes());
        hash.part(value);
    }
    hash.finish()
}

fn search_hash(connection: &str, object: &str, event: &str) -> KeyHash {
    let mut hash = KeyHash::of("search");
    hash.part(connection.as_bytes());
    hash.part(object.as_bytes());
    hash.part(event.as_bytes());
    hash
}

/// SHA-256 over parts that each carry their length, so that no two lists of
/// parts are the same bytes.
#[derive(Debug, Clone)]
struct KeyHash(Sha256);

impl KeyHash {
    fn of(kind: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.part(kind.as_bytes());
        hash
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> MatchKey {
        let digest = self.0.finalize();
        let first = digest.iter().take(8).fold(0u64, |key, byte| (key << 8) | u64::from(*byte));
        MatchKey((first >> 1) as i64)
    }
}

/// One text for equal payloads, whatever the order of their members: what tells
/// two subscriptions to one search apart.
pub fn payload_identity(payload: &Map<String, Json>) -> String {
    sorted_text(&Json::Object(payload.clone()))
}

/// What a subscription to a search is told of a change, if anything.
///
/// A record that enters or leaves the search is an update by whatever column,
/// one that stays in it only where a mapped field changed. There is no before
/// image of a create, nor an after image of a delete; those are not looked at.
pub fn search_verdict(
    change_type: ChangeType,
    mapped_changed: bool,
    before_matches: bool,
    after_matches: bool,
) -> Option<ChangeType> {
    let is_told = match change_type {
        ChangeType::Create => after_matches,
        ChangeType::Update if before_matches == after_matches => after_matches && mapped_changed,
        ChangeType::Update => true,
        ChangeType::Delete => before_matches,
    };
    is_told.then_some(change_type)
}

/// What a subscription to the record itself is told of a change, if anything.
pub fn record_verdict(change_type: ChangeType, mapped_changed: bool) -> Option<ChangeType> {
    // A record is always in the search for itself.
    search_verdict(change_type, mapped_changed, true, true)
}

#[cfg(test)]
mod tests;
