//! The newest part of what is pending, kept in memory so that the stages need
//! not read back what was just written.
//!
//! Only a shortcut: the database is the truth, memory is bounded in bytes, and
//! what does not fit is read from the database when its turn comes.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;
use tokio::sync::Notify;
use turnbuckle_core::change::Change;
use turnbuckle_core::id::{InboundEventId, SourceId};
use turnbuckle_core::record::Record;

use crate::event_call::CallLimit;
use crate::inbound::InboundEvent;

/// Most bytes of bodies and images that each tail holds.
const TAIL_BYTES_MAX: usize = 24 << 20;

pub struct Tails {
    events: Mutex<Events>,
    changes: Mutex<Changes>,
    for_calls: Mutex<ForCalls>,
    pub new_event: Notify,
    pub new_for_calls: Notify,
    pub new_change: Notify,
}

/// New events in the order in which they were committed.
#[derive(Default)]
struct Events {
    queue: VecDeque<(InboundEventId, Option<Arc<InboundEvent>>)>,
    bytes: usize,
    /// Handed out and not finished.
    leased: HashSet<InboundEventId>,
}

/// Events that wait for calls of functions: their ids alone, whatever their number.
#[derive(Default)]
struct ForCalls {
    by_source: HashMap<SourceId, CallQueue>,
    /// Sources of those that are handed out and not finished.
    leased: HashMap<InboundEventId, SourceId>,
}

/// Of one source, in the order of intake.
#[derive(Default)]
struct CallQueue {
    leased: BTreeSet<i64>,
    waiting: VecDeque<InboundEventId>,
}

impl CallQueue {
    /// Its oldest event.
    fn head(&self) -> Option<i64> {
        let waiting = self.waiting.front().map(|id| id.0.row_key());
        self.leased.first().copied().or(waiting)
    }
}

/// An event handed out; one that did not fit in memory is in the database alone.
pub type LeasedEvent = (InboundEventId, Option<Arc<InboundEvent>>);

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
            events: Mutex::new(Events { queue, ..Events::default() }),
            changes: Mutex::new(Changes {
                floor: last_change,
                matched_through,
                ..Changes::default()
            }),
            for_calls: Mutex::default(),
            new_event: Notify::new(),
            new_for_calls: Notify::new(),
            new_change: Notify::new(),
        }
    }

    pub fn push_events(&self, events: &mut Vec<Arc<InboundEvent>>) {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        for event in events.drain(..) {
            let bytes = event_size(&event);
            let fits = tail.bytes + bytes <= TAIL_BYTES_MAX;
            if fits {
                tail.bytes += bytes;
            }
            tail.queue.push_back((event.id, fits.then_some(event)));
        }
        drop(tail);
        self.new_event.notify_one();
    }

    /// Hands out the oldest events.
    pub fn lease_events(&self, limit: usize) -> Vec<LeasedEvent> {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        let taken = tail.queue.len().min(limit);
        let leased: Vec<_> = tail.queue.drain(..taken).collect();
        tail.bytes -=
            leased.iter().filter_map(|(_, event)| event.as_deref()).map(event_size).sum::<usize>();
        tail.leased.extend(leased.iter().map(|(id, _)| *id));
        leased
    }

    /// Takes back events that could not be read; they are the oldest again.
    pub fn return_events(&self, ids: &[InboundEventId]) {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        for id in ids.iter().rev() {
            tail.leased.remove(id);
            tail.queue.push_front((*id, None));
        }
        drop(tail);
        self.new_event.notify_one();
    }

    pub fn finish_events(&self, ids: &[InboundEventId]) {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        for id in ids {
            tail.leased.remove(id);
        }
        drop(tail);
        let mut for_calls = self.for_calls.lock().expect("no code panics holding the queue");
        let for_calls = &mut *for_calls;
        for id in ids {
            let Some(source) = for_calls.leased.remove(id) else { continue };
            let Some(queue) = for_calls.by_source.get_mut(&source) else { continue };
            queue.leased.remove(&id.0.row_key());
            if queue.head().is_none() {
                for_calls.by_source.remove(&source);
            }
        }
    }

    /// Moves events that were handed out behind those of their sources that wait for calls.
    pub fn queue_for_calls(&self, events: &[Arc<InboundEvent>]) {
        let mut tail = self.events.lock().expect("no code panics holding the tail");
        let mut for_calls = self.for_calls.lock().expect("no code panics holding the queue");
        for event in events {
            tail.leased.remove(&event.id);
            let queue = for_calls.by_source.entry(event.source).or_default();
            queue.waiting.push_back(event.id);
        }
        drop((tail, for_calls));
        self.new_for_calls.notify_one();
    }

    /// Hands out the next that wait for calls.
    pub fn lease_for_calls(&self, limit: CallLimit) -> Vec<InboundEventId> {
        let mut for_calls = self.for_calls.lock().expect("no code panics holding the queue");
        let for_calls = &mut *for_calls;
        let mut queues: Vec<(&SourceId, &mut CallQueue)> = for_calls.by_source.iter_mut().collect();
        queues.sort_unstable_by_key(|(_, queue)| queue.head());
        queues.truncate(limit.sources);
        let mut leased = Vec::new();
        for (source, queue) in queues {
            let room = limit.per_source.saturating_sub(queue.leased.len());
            for id in queue.waiting.drain(..queue.waiting.len().min(room)) {
                queue.leased.insert(id.0.row_key());
                for_calls.leased.insert(id, *source);
                leased.push(id);
            }
        }
        leased
    }

    /// Takes back events that could not be read; they are the oldest of their sources again.
    pub fn return_for_calls(&self, ids: &[InboundEventId]) {
        let mut for_calls = self.for_calls.lock().expect("no code panics holding the queue");
        for id in ids.iter().rev() {
            let Some(source) = for_calls.leased.remove(id) else { continue };
            let queue = for_calls.by_source.entry(source).or_default();
            queue.leased.remove(&id.0.row_key());
            queue.waiting.push_front(*id);
        }
        drop(for_calls);
        self.new_for_calls.notify_one();
    }

    pub fn is_leased(&self, id: InboundEventId) -> bool {
        self.events.lock().expect("no code panics holding the tail").leased.contains(&id)
            || self
                .for_calls
                .lock()
                .expect("no code panics holding the queue")
                .leased
                .contains_key(&id)
    }

    /// Those that wait for calls included.
    pub fn new_event_count(&self) -> usize {
        let new = self.events.lock().expect("no code panics holding the tail").queue.len();
        let for_calls = self.for_calls.lock().expect("no code panics holding the queue");
        new + for_calls.by_source.values().map(|queue| queue.waiting.len()).sum::<usize>()
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

    /// Everything up to `seq` is matched, or concerns nobody any more.
    pub fn matched_through(&self, seq: i64) {
        let mut tail = self.changes.lock().expect("no code panics holding the tail");
        tail.matched_through = tail.matched_through.max(seq);
        while tail.queue.front().is_some_and(|change| change.id.0.row_key() <= seq) {
            if let Some(matched) = tail.queue.pop_front() {
                tail.bytes -= size(&matched);
            }
        }
    }

    pub fn matched_position(&self) -> i64 {
        self.changes.lock().expect("no code panics holding the tail").matched_through
    }

    /// Unmatched changes in memory, and the keys in the database between which
    /// the others are: after the first, up to the second.
    pub fn unmatched(&self) -> (usize, (i64, i64)) {
        let tail = self.changes.lock().expect("no code panics holding the tail");
        (tail.queue.len(), (tail.matched_through, tail.floor))
    }
}

/// Roughly what an event holds in memory.
fn event_size(event: &InboundEvent) -> usize {
    512 + event.request.body.len() + event.request.headers.as_json().len()
}

/// Roughly what a change holds in memory.
fn size(change: &Change) -> usize {
    let image = |record: &Record| {
        200 + record.data.iter().map(|(name, value)| name.len() + json_size(value)).sum::<usize>()
    };
    400 + change.before.as_ref().map_or(0, image) + change.after.as_ref().map_or(0, image)
}

fn json_size(value: &Json) -> usize {
    const NODE: usize = 80;
    NODE + match value {
        Json::Null | Json::Bool(_) => 0,
        Json::Number(digits) => digits.as_str().len(),
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(json_size).sum(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| name.len() + json_size(value)).sum()
        }
    }
}
