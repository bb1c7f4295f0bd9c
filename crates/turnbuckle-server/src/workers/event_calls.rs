//! Calls the functions of sources for the events that wait for them.
//!
//! Each source that has events waiting has one call at least, whatever others do; up to
//! [`OF_SOURCE_MAX`] as long as there are calls to spare. Events of a source that matches
//! records end in intake order, so that the newest has the last word; those of others as
//! their calls do. When the hub stops, no call begins any more and those under way get the
//! time that requests get.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::{InboundEventId, SourceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::event_call::CallLimit;
use turnbuckle_store::inbound::{FinishEvent, InboundEvent};

use super::process::{AWAY_WAIT, finish};
use crate::app::App;
use crate::functions::SOURCES_MAX;
use crate::functions::event::{begin, prepare, until_back};
use crate::logging::{Chain, Failing, log_failure};

/// Events of one source that are worked on at once.
const OF_SOURCE_MAX: usize = 8;
const LIMIT: CallLimit = CallLimit { sources: SOURCES_MAX, per_source: OF_SOURCE_MAX };

pub async fn run(app: App, shutdown: CancellationToken) {
    let mut work = Work::new(app.functions.to_spare());
    while !shutdown.is_cancelled() {
        work.wait.extend(lease(&app).await);
        if let Err(error) = work.start(&app, &shutdown).await {
            report(&error);
        }
        tokio::select! {
            Some(ended) = work.calls.join_next() => work.ended(ended),
            () = app.store.new_for_calls() => {}
            () = shutdown.cancelled() => {}
        }
        if let Err(error) = work.end(&app, &shutdown).await {
            report(&error);
        }
    }
    while let Some(ended) = work.calls.join_next().await {
        work.ended(ended);
        if let Err(error) = work.end(&app, &shutdown).await {
            report(&error);
        }
    }
}

/// What has not begun waits for the next start; what has is known to have.
fn report(error: &StoreError) {
    tracing::error!(error = %Chain(error), "events that wait for calls could not be ended");
}

async fn lease(app: &App) -> Vec<Arc<InboundEvent>> {
    match app.store.lease_for_calls(LIMIT).await {
        Ok(events) => events,
        Err(error) => {
            log_failure!(
                error: app.log_quota.take(Failing::Processing, app.now()),
                error = %Chain(&error), "could not read events that wait for calls"
            );
            tokio::time::sleep(AWAY_WAIT).await;
            Vec::new()
        }
    }
}

/// Events in hand.
struct Work {
    /// Those whose call has not begun, oldest first.
    wait: VecDeque<Arc<InboundEvent>>,
    /// The others, by source in the order of intake.
    begun: HashMap<SourceId, VecDeque<Begun>>,
    calls: JoinSet<(SourceId, InboundEventId, Option<FinishEvent>)>,
    /// Calls that may run beyond the first of each source.
    to_spare: usize,
}

struct Begun {
    event: Arc<InboundEvent>,
    /// Whether it waits for those of its source that are older.
    is_ordered: bool,
    /// `None` while the call runs; the inner one where the event does not end here.
    end: Option<Option<FinishEvent>>,
}

type Joined = Result<(SourceId, InboundEventId, Option<FinishEvent>), tokio::task::JoinError>;

impl Work {
    fn new(to_spare: usize) -> Self {
        let (wait, begun, calls) = (VecDeque::new(), HashMap::new(), JoinSet::new());
        Self { wait, begun, calls, to_spare }
    }

    /// Whether one more may begin, which takes it of what is to spare.
    fn has_room(&mut self, running: usize) -> bool {
        let is_first = running == 0;
        let has_room = is_first || 0 < self.to_spare;
        self.to_spare -= usize::from(has_room && !is_first);
        has_room
    }

    /// Begins as many calls as may be.
    async fn start(&mut self, app: &App, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let mut running: HashMap<SourceId, usize> =
            self.begun.iter().map(|(source, begun)| (*source, begun.len())).collect();
        let (mut chosen, mut wait) = (Vec::new(), VecDeque::new());
        for event in std::mem::take(&mut self.wait) {
            let running = running.entry(event.source).or_default();
            match self.has_room(*running) {
                true => {
                    *running += 1;
                    chosen.push(event);
                }
                false => wait.push_back(event),
            }
        }
        self.wait = wait;
        let mut prepared = Vec::with_capacity(chosen.len());
        for event in &chosen {
            prepared.push(until_back(shutdown, || prepare(app, event, false)).await?);
        }
        for (event, next) in chosen.into_iter().zip(begin(app, prepared, shutdown).await?) {
            let (source, id, is_ordered) = (event.source, event.id, next.is_ordered());
            self.begun.entry(source).or_default().push_back(Begun { event, is_ordered, end: None });
            let app = app.clone();
            self.calls.spawn(async move { (source, id, next.end(&app).await) });
        }
        Ok(())
    }

    fn ended(&mut self, ended: Joined) {
        let mut next = Some(ended);
        while let Some(ended) = next {
            match ended {
                Ok((source, id, end)) => {
                    let begun = self.begun.entry(source).or_default();
                    if let Some(begun) = begun.iter_mut().find(|it| it.event.id == id) {
                        begun.end = Some(end);
                    }
                }
                Err(error) => tracing::error!(%error, "a call of an event panicked"),
            }
            next = self.calls.try_join_next();
        }
    }

    /// Ends the events whose turn it is.
    async fn end(&mut self, app: &App, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let (mut events, mut work) = (Vec::new(), Vec::new());
        for begun in self.begun.values_mut() {
            let had = begun.len();
            let mut is_older_open = false;
            begun.retain_mut(|it| {
                let is_its_turn = !(it.is_ordered && is_older_open);
                let Some(end) = it.end.take_if(|_| is_its_turn) else {
                    is_older_open = true;
                    return true;
                };
                if let Some(end) = end {
                    events.push(it.event.clone());
                    work.push(end);
                }
                false
            });
            // All but the first of a source were to spare.
            self.to_spare += had.saturating_sub(1) - begun.len().saturating_sub(1);
        }
        self.begun.retain(|_, begun| !begun.is_empty());
        if events.is_empty() {
            return Ok(());
        }
        until_back(shutdown, || finish(app, &events, work.clone())).await
    }
}
