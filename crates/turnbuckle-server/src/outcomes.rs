//! Callers that wait for their inbound event to be processed.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::oneshot;
use turnbuckle_core::id::InboundEventId;
use turnbuckle_store::inbound::EventOutcome;

/// Hands outcomes of events to the requests that wait for them.
#[derive(Default)]
pub struct Outcomes(Mutex<HashMap<InboundEventId, oneshot::Sender<EventOutcome>>>);

impl Outcomes {
    /// Must be called before the event is accepted, so that its outcome cannot be missed.
    pub fn expect(&self, event: InboundEventId) -> oneshot::Receiver<EventOutcome> {
        let (sender, receiver) = oneshot::channel();
        self.0.lock().expect("no code panics holding the map").insert(event, sender);
        receiver
    }

    /// Called when a waiter gives up.
    pub fn forget(&self, event: InboundEventId) {
        self.0.lock().expect("no code panics holding the map").remove(&event);
    }

    pub fn settle(&self, outcomes: Vec<EventOutcome>) {
        let mut waiting = self.0.lock().expect("no code panics holding the map");
        if waiting.is_empty() {
            return;
        }
        for outcome in outcomes {
            if let Some(waiter) = waiting.remove(&outcome.event) {
                // The request may have gone away; its event is done all the same.
                let _ = waiter.send(outcome);
            }
        }
    }
}
