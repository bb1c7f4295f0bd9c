//! The newest part of what is pending, kept in memory so that the stages need
//! not read back what was just written.
//!
//! Only a shortcut: the database is the truth, memory is bounded in bytes, and
//! what does not fit is read from the database when its turn comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use turnbuckle_core::change::Change;
use turnbuckle_core::id::InboundEventId;

use crate::inbound::InboundEvent;

/// Most bytes of bodies and images that each tail holds.
const TAIL_BYTES_MAX: usize = 24 << 20;

pub struct Tails {
    events: Mutex<Events>,
    changes: Mutex<Changes>,
    pub new_event: Notify,
    pub new_change: Notify,
}

/// New events in the order in which they were committed.
#[derive(Default)]
struct Events {
    queue: VecDeque<(InboundEventId, Option<Arc<InboundEvent>>)>,
    bytes: usize,
}

/// The end of the feed: every committed change after `floor`.
#[derive(Default)]
struct Changes {
    queue: VecDeque<Arc<Change>>,
    bytes: usize,
    floor: i64,
    matched_through: i64,
}

/// Where the next unmatched changes are.
pub enum NextChanges {
    InMemory(Vec<Arc<Change>>),
    /// In the database, after the first key and up to the second.
    InDatabase {
        after: i64,
        through: i64,
    },
}

impl Tails {
    /// `events` are those that are new in the database, `last_change` its newest change.
    pub fn new(events: Vec<InboundEventId>, last_change: i64, matched_through: i64) -> Self {
        let queue = events.into_iter().map(|id| (id, None)).collect();
        Self {
            events: Mutex::new(Events { queue, bytes: 0 }),
            changes: Mutex::new(Changes {
                floor: last_change,
                matched_through,
                ..Changes::default()
            }),
            new_event: Notify::new(),
            new_change: Notify::new(),
        }
    }

    pub fn push_events(&self, events: &mut Vec<Arc<InboundEvent>>) {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        for event in events.drain(..) {
            let bytes = event.request.body.len() + 512;
            let fits = tail.bytes + bytes <= TAIL_BYTES_MAX;
            if fits {
                tail.bytes += bytes;
            }
            tail.queue.push_back((event.id, fits.then_some(event)));
        }
        drop(tail);
        self.new_event.notify_one();
    }

    /// Events that are due again, such as replayed ones.
    pub fn pop_events(&self, limit: usize) -> Vec<(InboundEventId, Option<Arc<InboundEvent>>)> {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        let taken = tail.queue.len().min(limit);
        let popped: Vec<_> = tail.queue.drain(..taken).collect();
        tail.bytes -= popped
            .iter()
            .filter_map(|(_, event)| event.as_ref())
            .map(|event| event.request.body.len() + 512)
            .sum::<usize>();
        popped
    }

    pub fn new_event_count(&self) -> usize {
        self.events.lock().expect("no code panics holding the tail").queue.len()
    }

    pub fn push_changes(&self, changes: &mut Vec<Arc<Change>>) {
        let mut tail = self.changes.lock().expect("no code panics holding the tail");
        for change in changes.drain(..) {
            tail.bytes += size(&change);
            tail.queue.push_back(change);
        }
        while tail.bytes > TAIL_BYTES_MAX {
            let Some(oldest) = tail.queue.pop_front() else { break };
            tail.bytes -= size(&oldest);
            tail.floor = oldest.id.0.row_key();
        }
        drop(tail);
        self.new_change.notify_one();
    }

    pub fn next_changes(&self, limit: usize) -> NextChanges {
        let tail = self.changes.lock().expect("no code panics holding the tail");
        if tail.matched_through < tail.floor {
            return NextChanges::InDatabase { after: tail.matched_through, through: tail.floor };
        }
        NextChanges::InMemory(tail.queue.iter().take(limit).cloned().collect())
    }

    pub fn matched_through(&self, seq: i64) {
        let mut tail = self.changes.lock().expect("no code panics holding the tail");
        tail.matched_through = seq;
        while tail.queue.front().is_some_and(|change| change.id.0.row_key() <= seq) {
            if let Some(matched) = tail.queue.pop_front() {
                tail.bytes -= size(&matched);
            }
        }
    }

    pub fn is_matched(&self, seq: i64) -> bool {
        seq <= self.changes.lock().expect("no code panics holding the tail").matched_through
    }

    pub fn matched_position(&self) -> i64 {
        self.changes.lock().expect("no code panics holding the tail").matched_through
    }

    pub fn unmatched_in_memory(&self) -> usize {
        self.changes.lock().expect("no code panics holding the tail").queue.len()
    }
}

/// Roughly what a change holds in memory.
fn size(change: &Change) -> usize {
    let image = |record: &turnbuckle_core::record::Record| 200 + record.data.len() * 120;
    400 + change.before.as_ref().map_or(0, image) + change.after.as_ref().map_or(0, image)
}
