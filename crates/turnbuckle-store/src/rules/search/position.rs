//! Where a search goes on.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::record::Sort;

/// The place of a record in the order of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Keys of the sort columns; empty in the order of creation.
    pub keys: Vec<Vec<u8>>,
    pub seq: i64,
}

impl Position {
    /// # Errors
    /// If it is not what [`Self::to_bytes`] makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys and numbers serialize")
    }

    /// Sort keys first, each in its direction; ties in the direction of the first.
    pub fn compare(&self, other: &Self, sorts: &[Sort]) -> Ordering {
        let directed = |ordering: Ordering, is_descending: bool| {
            if is_descending { ordering.reverse() } else { ordering }
        };
        for (sort, (a, b)) in sorts.iter().zip(self.keys.iter().zip(&other.keys)) {
            let ordering = directed(a.cmp(b), sort.descending);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        let is_descending = sorts.first().is_some_and(|sort| sort.descending);
        directed(self.seq.cmp(&other.seq), is_descending)
    }
}
