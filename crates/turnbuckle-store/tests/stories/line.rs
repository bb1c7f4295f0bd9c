//! A line over any course of events: in order, and nothing lost.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{DeliveryId, EndpointId};
use turnbuckle_store::Store;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{AfterAttempt, DueDelivery};

use super::crm::given_crm;
use super::delivery::{Said, a_message, due, finish, given_endpoint, send};
use super::property::for_all;
use super::{HOUR, TestClock};

/// What happens at the endpoints of a case.
#[derive(Debug, Clone)]
enum Step {
    /// A change of one record, told to some endpoints.
    Change { record: usize, is_delete: bool, endpoints: Vec<usize> },
    /// A due delivery is sent, by its place among those that are due.
    Attempt { pick: usize, next: AfterAttempt },
    /// An endpoint turns coalescing on or off.
    Turn { endpoint: usize },
    /// What waits for its next attempt becomes due.
    Wait,
}

const ENDPOINTS: usize = 2;
const RECORDS: usize = 3;

fn arb_steps() -> impl Strategy<Value = (bool, Vec<Step>)> {
    let next = select(vec![
        AfterAttempt::Delivered,
        AfterAttempt::RetryAt(0),
        // From the time of the attempt on.
        AfterAttempt::RetryAt(HOUR),
        AfterAttempt::Dead,
    ]);
    let step = prop_oneof![
        6 => (0..RECORDS, prop::bool::weighted(0.2), prop::collection::vec(0..ENDPOINTS, 1..3))
            .prop_map(|(record, is_delete, mut endpoints)| {
                endpoints.dedup();
                Step::Change { record, is_delete, endpoints }
            }),
        5 => (0_usize..100, next).prop_map(|(pick, next)| Step::Attempt { pick, next }),
        1 => (0..ENDPOINTS).prop_map(|endpoint| Step::Turn { endpoint }),
        1 => Just(Step::Wait),
    ];
    (any::<bool>(), prop::collection::vec(step, 0..25))
}

/// What was told to one endpoint about one record, and what arrived.
#[derive(Debug, Default)]
struct Line {
    /// Number and type of each change, in order, and whether it may be merged.
    told: Vec<(u32, ChangeType, bool)>,
    /// What each attempt carried, and how it ended.
    attempts: Vec<(Said, AfterAttempt)>,
}

struct Play<'a> {
    store: &'a dyn Store,
    clock: &'a TestClock,
    endpoints: Vec<EndpointId>,
    coalesce: Vec<bool>,
    is_there: Vec<bool>,
    number: u32,
    lines: HashMap<(usize, String), Line>,
    bodies: HashMap<DeliveryId, Bytes>,
}

impl Play<'_> {
    async fn step(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Wait => self.clock.advance(HOUR),
            Step::Turn { endpoint } => self.coalesce[endpoint] = !self.coalesce[endpoint],
            Step::Change { record, is_delete, endpoints } => {
                self.change(record, is_delete, &endpoints).await?;
            }
            Step::Attempt { pick, next } => {
                let due = self.due().await?;
                if !due.is_empty() {
                    let (endpoint, delivery) = &due[pick % due.len()];
                    self.attempt(*endpoint, delivery, next).await?;
                }
            }
        }
        Ok(())
    }

    async fn change(&mut self, record: usize, is_delete: bool, to: &[usize]) -> TestCaseResult {
        let change_type = match (self.is_there[record], is_delete) {
            (false, true) => return Ok(()),
            (true, true) => ChangeType::Delete,
            (true, false) => ChangeType::Update,
            (false, false) => ChangeType::Create,
        };
        self.is_there[record] = !is_delete;
        self.number += 1;
        let name = format!("{record}");
        let mut messages = Vec::new();
        for endpoint in to {
            let coalesce = self.coalesce[*endpoint];
            let id = self.endpoints[*endpoint];
            messages.push(a_message(id, &name, change_type, self.number, coalesce));
            let line = self.lines.entry((*endpoint, name.clone())).or_default();
            line.told.push((self.number, change_type, coalesce));
        }
        for due in send(self.store, messages).await {
            self.see(&due)?;
        }
        Ok(())
    }

    /// A message that was due once has one body for ever.
    fn see(&mut self, due: &DueDelivery) -> TestCaseResult {
        let body = self.bodies.entry(due.id).or_insert_with(|| due.body.clone());
        prop_assert_eq!(&*body, &due.body);
        prop_assert_eq!(Said::read(&due.body).id, due.id.to_string());
        Ok(())
    }

    async fn due(&mut self) -> Result<Vec<(usize, DueDelivery)>, TestCaseError> {
        let mut all = Vec::new();
        for endpoint in 0..ENDPOINTS {
            let due = due(self.store, self.endpoints[endpoint], self.clock.now()).await;
            let records: HashSet<_> = due.iter().map(|it| Said::read(&it.body).record).collect();
            prop_assert_eq!(records.len(), due.len(), "one head a line");
            for delivery in due {
                self.see(&delivery)?;
                all.push((endpoint, delivery));
            }
        }
        Ok(all)
    }

    async fn attempt(
        &mut self,
        endpoint: usize,
        delivery: &DueDelivery,
        next: AfterAttempt,
    ) -> TestCaseResult {
        let next = match next {
            AfterAttempt::RetryAt(wait) => AfterAttempt::RetryAt(self.clock.now() + wait),
            ended => ended,
        };
        let said = Said::read(&delivery.body);
        let line = self.lines.get_mut(&(endpoint, said.record.clone())).expect("it was told");
        let mut in_row = 0;
        for (_, end) in line.attempts.iter().rev() {
            match end {
                AfterAttempt::RetryAt(_) => in_row += 1,
                AfterAttempt::Delivered | AfterAttempt::Dead => break,
            }
        }
        prop_assert_eq!(delivery.failure_count, in_row, "back-off belongs to the line");
        line.attempts.push((said, next));
        for due in finish(self.store, self.clock, delivery, next).await {
            self.see(&due)?;
        }
        Ok(())
    }

    /// Delivers what is left and looks at what each endpoint heard.
    async fn settle(mut self) -> TestCaseResult {
        loop {
            self.clock.advance(HOUR);
            let due = self.due().await?;
            let Some((endpoint, delivery)) = due.first() else { break };
            self.attempt(*endpoint, delivery, AfterAttempt::Delivered).await?;
        }
        for line in self.lines.values() {
            line.check()?;
        }
        Ok(())
    }
}

impl Line {
    fn check(&self) -> TestCaseResult {
        let (last, last_type, _) = self.told.last().expect("a line begins with a message");
        let (said, _) = self.attempts.last().expect("what was told is sent");
        prop_assert_eq!(said.number, *last, "the last state comes last");
        prop_assert_eq!(said.change_type == ChangeType::Delete, *last_type == ChangeType::Delete);

        let numbers: Vec<u32> = self.attempts.iter().map(|(said, _)| said.number).collect();
        prop_assert!(numbers.is_sorted(), "{numbers:?} are out of order");
        for (number, _, coalesce) in &self.told {
            let column = format!("c{number}");
            let said = self.attempts.iter().filter(|(said, _)| said.changed.contains(&column));
            let ends: Vec<AfterAttempt> = said.map(|(_, next)| *next).collect();
            // Given up is the only way in which a change is not heard of.
            let is_settled = ends.iter().any(|end| !matches!(end, AfterAttempt::RetryAt(_)));
            prop_assert!(is_settled, "change {number} of {self:?} was lost");
            if !coalesce {
                prop_assert!(numbers.contains(number), "change {number} of {self:?} was merged");
            }
        }
        Ok(())
    }
}

pub async fn lines_keep_order_and_lose_nothing(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    for_all(200, arb_steps(), async |(coalesce, steps)| {
        let mut endpoints = Vec::new();
        for _ in 0..ENDPOINTS {
            endpoints.push(given_endpoint(store, clock).await);
        }
        let mut play = Play {
            store,
            clock,
            endpoints,
            coalesce: vec![coalesce; ENDPOINTS],
            is_there: vec![false; RECORDS],
            number: 0,
            lines: HashMap::new(),
            bodies: HashMap::new(),
        };
        for step in steps {
            play.step(step).await?;
        }
        play.settle().await
    })
    .await;
}
