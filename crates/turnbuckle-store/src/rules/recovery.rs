//! What a recovery comes by.

use turnbuckle_core::id::{ConnectionNo, EndpointId};

use crate::delivery::{RecoverSlice, Recovered};
use crate::rules::delivery::State;
use crate::rules::line::line_name;

/// A delivery that a recovery comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    pub seq: i64,
    /// Name of the line of its record.
    pub line: i64,
    /// It ended, and in a way that is to be recovered.
    pub is_covered: bool,
}

impl Passed {
    pub fn new(
        seq: i64,
        state: State,
        (endpoint, connection): (EndpointId, ConnectionNo),
        (object, record): (&str, &str),
        only_dead: bool,
    ) -> Self {
        // By name: one that was sent again out of line is still about its record.
        let line = match record.is_empty() {
            true => -seq,
            false => line_name(endpoint, connection, object, record),
        };
        let is_covered = !state.is_pending() && (!only_dead || state == State::Dead);
        Self { seq, line, is_covered }
    }
}

/// What a slice did that passed these, newest first.
pub fn recovered(slice: &RecoverSlice, passed: &[Passed], resent: usize) -> Recovered {
    Recovered {
        looked_at: passed.iter().filter(|passed| passed.is_covered).count(),
        resent,
        next: passed.last().filter(|_| passed.len() == slice.limit).map(|passed| passed.seq),
    }
}
