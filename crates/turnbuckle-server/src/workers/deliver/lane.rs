//! One endpoint's deliveries in memory.

use std::collections::{HashSet, VecDeque};

use turnbuckle_core::id::{DeliveryId, UnixMs};
use turnbuckle_store::delivery::{DueDelivery, DueSlice};

/// Deliveries read from the store at once.
pub const REFILL: usize = 256;
/// A lane that holds fewer than this reads more, if there is more.
const LOW: usize = 64;

/// What one endpoint is owed, and how many requests it may have in flight.
pub struct Lane {
    queue: VecDeque<DueDelivery>,
    /// Queued, in flight, or not yet written down: not to be read again.
    held: HashSet<DeliveryId>,
    pub in_flight: usize,
    in_flight_max: usize,
    /// Halved by failures, grown by successes.
    limit: usize,
    /// The store has more that is due.
    has_more: bool,
    pub is_refilling: bool,
    /// Whatever the store held up to here was read, or will be.
    horizon: i64,
    /// When the store has something due that is not due yet.
    pub next_due_at: Option<UnixMs>,
    /// The endpoint takes nothing now; what is due stays in the store.
    is_suspended: bool,
    pub last_success_at: Option<UnixMs>,
}

impl Lane {
    pub fn new(in_flight_max: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            held: HashSet::new(),
            in_flight: 0,
            in_flight_max,
            limit: in_flight_max,
            has_more: false,
            is_refilling: false,
            horizon: 0,
            next_due_at: None,
            is_suspended: false,
            last_success_at: None,
        }
    }

    /// Takes a head that was just stored; gives it back if it is held already,
    /// or if reading the store brings it.
    pub fn store(&mut self, due: DueDelivery) -> Option<DueDelivery> {
        let is_read = due.id.0.row_key() <= self.horizon;
        if self.is_suspended || is_read || !self.held.insert(due.id) {
            return Some(due);
        }
        self.queue.push_back(due);
        None
    }

    /// Takes a head that became due by the end of the one before it.
    pub fn promote(&mut self, due: DueDelivery) -> Option<DueDelivery> {
        if self.is_suspended || !self.held.insert(due.id) {
            return Some(due);
        }
        self.queue.push_back(due);
        None
    }

    pub fn spill(&mut self) {
        self.has_more = true;
    }

    /// Takes what was read; gives back what it does not need.
    pub fn refill(&mut self, slice: DueSlice) -> Vec<DueDelivery> {
        self.is_refilling = false;
        self.has_more = slice.due.len() == REFILL;
        self.horizon = self.horizon.max(slice.horizon);
        self.next_due_at = slice.next_due_at;
        slice.due.into_iter().filter_map(|due| self.promote(due)).collect()
    }

    pub fn refill_failed(&mut self) {
        self.is_refilling = false;
        self.has_more = true;
    }

    /// Whether the store should be read now.
    pub fn wants_refill(&self, now: UnixMs) -> bool {
        let is_due = self.has_more || self.next_due_at.is_some_and(|at| at <= now);
        is_due && !self.is_refilling && !self.is_suspended && self.queue.len() < LOW
    }

    /// The next delivery to send, if one more may be in flight.
    pub fn next(&mut self) -> Option<DueDelivery> {
        if self.in_flight >= self.limit {
            return None;
        }
        let due = self.queue.pop_front()?;
        self.in_flight += 1;
        Some(due)
    }

    pub fn ended(&mut self, is_success: bool) {
        self.in_flight -= 1;
        self.limit = match is_success {
            true => (self.limit + 1).min(self.in_flight_max),
            false => (self.limit / 2).max(1),
        };
    }

    pub fn recorded(&mut self, delivery: DeliveryId, retry_at: Option<UnixMs>) {
        self.held.remove(&delivery);
        self.next_due_at = self.next_due_at.into_iter().chain(retry_at).min();
    }

    /// Lets go of everything: it stays in the store until the lane is woken.
    pub fn suspend(&mut self, unsent: DueDelivery) -> Vec<DueDelivery> {
        self.in_flight -= 1;
        self.is_suspended = true;
        self.has_more = false;
        self.next_due_at = None;
        let mut let_go: Vec<DueDelivery> = self.queue.drain(..).collect();
        let_go.push(unsent);
        for due in &let_go {
            self.held.remove(&due.id);
        }
        let_go
    }

    pub fn wake(&mut self) {
        self.is_suspended = false;
        self.has_more = true;
    }

    /// Nothing is held and nothing is known to be due.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty()
            && self.in_flight == 0
            && !self.has_more
            && !self.is_refilling
            && self.next_due_at.is_none()
    }
}
