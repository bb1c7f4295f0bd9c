//! What was asked of the hub and what it answered, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// The state of a line's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Absent,
    /// The record says what this write said.
    Written(u32),
}

/// One line: a record, or what should be one.
#[derive(Debug, Clone)]
pub struct Line {
    pub entity: &'static str,
    /// The last acknowledged state, and those that unanswered writes since may
    /// have led to.
    pub possible: BTreeSet<State>,
    /// Every acknowledged state: each must have been told.
    pub acknowledged: Vec<State>,
}

/// All lines, shared by the tasks that write them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

/// What the ledger holds.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub lines: BTreeMap<String, Line>,
    /// Inbound events whose storing was acknowledged.
    pub inbound_events: Vec<String>,
    /// The same of those whose function is called once, whatever happens.
    pub called_once: Vec<String>,
}

impl Ledger {
    /// Notes a write before it is sent.
    pub fn sent(&self, token: &str, entity: &'static str, state: State) {
        let mut book = self.lock();
        let line = book.lines.entry(token.to_owned()).or_insert_with(|| Line {
            entity,
            possible: BTreeSet::from([State::Absent]),
            acknowledged: Vec::new(),
        });
        line.possible.insert(state);
    }

    /// Notes that a write was acknowledged.
    pub fn acknowledged(&self, token: &str, state: State) {
        self.line(token, |line| {
            line.possible = BTreeSet::from([state]);
            line.acknowledged.push(state);
        });
    }

    /// Notes that the hub does not have the record: an earlier delete without an
    /// answer was done.
    pub fn gone(&self, token: &str) {
        self.line(token, |line| {
            assert!(
                line.possible.contains(&State::Absent),
                "{token} is answered 404, but can only be {:?}",
                line.possible
            );
            line.possible = BTreeSet::from([State::Absent]);
        });
    }

    /// Notes an acknowledged inbound event.
    pub fn stored(&self, inbound_event: String) {
        self.lock().inbound_events.push(inbound_event);
    }

    /// Notes an acknowledged inbound event whose function is called once.
    pub fn called_once(&self, inbound_event: String) {
        self.lock().called_once.push(inbound_event);
    }

    /// Everything noted so far.
    pub fn book(&self) -> Book {
        self.lock().clone()
    }

    fn line(&self, token: &str, note: impl FnOnce(&mut Line)) {
        note(self.lock().lines.get_mut(token).expect("a write is noted before it is sent"));
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
