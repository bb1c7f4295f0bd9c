//! One endpoint's deliveries in memory.

use std::collections::{HashSet, VecDeque};

use turnbuckle_core::id::{DeliveryId, UnixMs, WorkspaceId};
use turnbuckle_store::delivery::{DueDelivery, DueSlice};

/// Deliveries read from the store at once.
pub const REFILL: usize = 256;
/// A lane that holds fewer than this reads more, if there is more.
const LOW: usize = 64;

/// What one endpoint is owed, and how many requests it may have in flight.
pub struct Lane {
    /// Of the endpoint.
    pub workspace: WorkspaceId,
    queue: VecDeque<DueDelivery>,
    /// Queued, in flight, or not yet written down: not to be read again.
    held: HashSet<DeliveryId>,
    pub in_flight: usize,
    in_flight_max: usize,
    /// Halved by failures, grown by successes.
    limit: usize,
    /// The store has more that is due.
    has_more: bool,
    is_refilling: bool,
    /// Written down since the running read began, which may still bring them.
    ended_meanwhile: HashSet<DeliveryId>,
    /// Whatever the store held up to here was read, or will be.
    horizon: i64,
    /// When the store has something due that is not due yet.
    pub next_due_at: Option<UnixMs>,
    /// The endpoint takes nothing now; what is due stays in the store.
    is_suspended: bool,
    pub last_success_at: Option<UnixMs>,
}

impl Lane {
    pub fn new(workspace: WorkspaceId, in_flight_max: usize) -> Self {
        Self {
            workspace,
            queue: VecDeque::new(),
            held: HashSet::new(),
            in_flight: 0,
            in_flight_max,
            limit: in_flight_max,
            has_more: false,
            is_refilling: false,
            ended_meanwhile: HashSet::new(),
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

    /// The store is being read for what is not held now. What is learned until
    /// [`Lane::refill`] is newer than what the read brings, so from here on it is
    /// only added to.
    pub fn begin_refill(&mut self) -> HashSet<DeliveryId> {
        self.is_refilling = true;
        self.has_more = false;
        self.next_due_at = None;
        self.held.clone()
    }

    /// Takes what was read; gives back what it does not need: what came to be
    /// held, or ended, while the read was on its way. To send that again would repeat
    /// it, and after the next of its record at that.
    pub fn refill(&mut self, slice: DueSlice) -> Vec<DueDelivery> {
        self.is_refilling = false;
        self.has_more |= slice.due.len() == REFILL;
        self.horizon = self.horizon.max(slice.horizon);
        self.next_due_at = self.next_due_at.into_iter().chain(slice.next_due_at).min();
        let ended = std::mem::take(&mut self.ended_meanwhile);
        let take = |due: DueDelivery| match ended.contains(&due.id) {
            true => Some(due),
            false => self.promote(due),
        };
        slice.due.into_iter().filter_map(take).collect()
    }

    pub fn refill_failed(&mut self) {
        self.is_refilling = false;
        self.ended_meanwhile.clear();
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
        if self.is_refilling {
            self.ended_meanwhile.insert(delivery);
        }
        self.next_due_at = self.next_due_at.into_iter().chain(retry_at).min();
    }

    /// Forgets one that is not sent after all.
    pub fn drop(&mut self, delivery: DeliveryId) {
        self.in_flight -= 1;
        self.recorded(delivery, None);
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use turnbuckle_core::id::{EndpointId, Minter};

    use super::*;

    fn due(minter: &Minter) -> DueDelivery {
        DueDelivery {
            id: DeliveryId(minter.mint(1, 1)),
            workspace: WorkspaceId(1),
            endpoint: EndpointId(minter.mint(1, 1)),
            connection: None,
            failure_count: 0,
            attempt_count: 0,
            first_attempt_at: None,
            body: Bytes::new(),
        }
    }

    fn slice(due: &[&DueDelivery]) -> DueSlice {
        let due = due.iter().map(|due| (*due).clone()).collect();
        DueSlice { due, horizon: i64::MAX, next_due_at: None }
    }

    /// A lane that sends `due` while the store, which still has it, is being read.
    fn reading(due: &DueDelivery) -> Lane {
        let mut lane = Lane::new(WorkspaceId(1), 8);
        assert_eq!(lane.store(due.clone()), None);
        assert_eq!(lane.next().as_ref(), Some(due));
        lane.spill();
        assert!(lane.wants_refill(0));
        lane.begin_refill();
        lane.ended(true);
        lane
    }

    #[test]
    fn what_ends_while_the_store_is_read_is_not_sent_again() {
        let minter = Minter::default();
        let (old, new) = (due(&minter), due(&minter));
        let mut lane = reading(&old);
        lane.recorded(old.id, None);
        assert_eq!(lane.promote(new.clone()), None);

        assert_eq!(lane.refill(slice(&[&old])), [old]);
        assert_eq!(lane.next(), Some(new.clone()));
        assert_eq!(lane.next(), None);
        lane.ended(true);
        lane.recorded(new.id, None);
        assert!(lane.is_idle());
    }

    #[test]
    fn a_retry_set_while_the_store_is_read_is_not_forgotten() {
        let due = due(&Minter::default());
        let mut lane = reading(&due);
        lane.recorded(due.id, Some(5_000));
        assert_eq!(lane.refill(slice(&[&due])), [due]);
        assert_eq!(lane.next(), None);
        assert!(!lane.is_idle() && !lane.wants_refill(4_999) && lane.wants_refill(5_000));
    }

    #[test]
    fn what_is_spilled_while_the_store_is_read_is_read_afterwards() {
        let due = due(&Minter::default());
        let mut lane = reading(&due);
        lane.spill();
        lane.refill(slice(&[]));
        assert!(lane.wants_refill(0));
    }
}
