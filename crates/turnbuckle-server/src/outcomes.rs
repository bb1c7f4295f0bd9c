//! Callers that wait for their inbound event to be processed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;
use turnbuckle_core::id::InboundEventId;
use turnbuckle_store::inbound::EventOutcome;

/// Hands outcomes of events to the requests that wait for them.
#[derive(Default)]
pub struct Outcomes(Mutex<HashMap<InboundEventId, Vec<Waiter>>>);

type Waiter = oneshot::Sender<Arc<EventOutcome>>;

impl Outcomes {
    /// Must be called before the event is accepted, or before it is looked at whether it has
    /// ended, so that its outcome cannot be missed. Several may wait for one event.
    pub fn expect(&self, event: InboundEventId) -> oneshot::Receiver<Arc<EventOutcome>> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().expect("no code panics holding the map");
        waiting.entry(event).or_default().push(sender);
        receiver
    }

    /// Called when a waiter has closed its receiver. Others go on waiting.
    pub fn forget(&self, event: InboundEventId) {
        let mut waiting = self.0.lock().expect("no code panics holding the map");
        if let Entry::Occupied(mut waiters) = waiting.entry(event) {
            waiters.get_mut().retain(|waiter| !waiter.is_closed());
            if waiters.get().is_empty() {
                waiters.remove();
            }
        }
    }

    pub fn settle(&self, outcomes: Vec<EventOutcome>) {
        let mut waiting = self.0.lock().expect("no code panics holding the map");
        if waiting.is_empty() {
            return;
        }
        for outcome in outcomes {
            let Some(waiters) = waiting.remove(&outcome.event) else { continue };
            let outcome = Arc::new(outcome);
            for waiter in waiters {
                // The request may have gone away; its event is done all the same.
                let _ = waiter.send(outcome.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use turnbuckle_core::id::Minter;
    use turnbuckle_store::inbound::InboundStatus;

    use super::*;

    #[test]
    fn all_who_wait_for_an_event_learn_how_it_ended() {
        let event = InboundEventId(Minter::default().mint(1, 1));
        let outcome = EventOutcome {
            event,
            status: InboundStatus::Done,
            applied: Vec::new(),
            warnings: Vec::new(),
            error: None,
        };
        let outcomes = Outcomes::default();
        let (mut first, mut second, mut third) =
            (outcomes.expect(event), outcomes.expect(event), outcomes.expect(event));
        second.close();
        outcomes.forget(event);
        outcomes.settle(vec![outcome.clone()]);
        assert_eq!(*first.try_recv().unwrap(), outcome);
        assert_eq!(*third.try_recv().unwrap(), outcome, "the second did not take its place");
        assert!(second.try_recv().is_err());

        first = outcomes.expect(event);
        first.close();
        outcomes.forget(event);
        assert!(outcomes.0.lock().unwrap().is_empty(), "nobody waits any more");
    }
}
