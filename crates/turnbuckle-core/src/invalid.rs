//! What is wrong with a document, member by member.

mod reading;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use reading::shorten;

/// One member that is wrong: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// JSON pointer into the document that was sent, e.g. `/mapping/fields/amount/column`.
    pub path: String,
    /// Names the member, what is wrong and the cure. Shown to the sender.
    pub detail: String,
}

impl Invalid {
    pub fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into() }
    }

    /// The same, seen from the document that holds this one at `parent`.
    pub fn under(self, parent: &str) -> Self {
        Self { path: format!("{parent}{}", self.path), detail: self.detail }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.detail)
    }
}

/// Appends one member name to a JSON pointer, escaped as RFC 6901 asks.
pub fn pointer(parent: &str, member: impl fmt::Display) -> String {
    format!("{parent}/{}", member.to_string().replace('~', "~0").replace('/', "~1"))
}
