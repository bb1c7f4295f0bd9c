//! Several processes on one database, as stores that are opened side by side: each
//! has connections of its own, and none knows of the others.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{ChangeId, ConnectionNo, EndpointId, UnixMs};
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::delivery::{
    AfterAttempt, DeliveryFilter, DeliveryStatus, DeliveryStore, LoggedDelivery, Matched,
    NewMessage,
};
use turnbuckle_store::endpoint::EndpointStore;
use turnbuckle_store::maintenance::MaintenanceStore;
use turnbuckle_store::postgres::PostgresStore;

use crate::Schema;
use crate::stories::delivery::{FAR, Said, a_message, an_attempt};
use crate::stories::{ACME, SECOND, TestClock, endpoint, join_all};

const CRM: &str = "crm";
const CRM_NO: ConnectionNo = ConnectionNo(1);

/// A clock that is behind another.
struct Behind(Arc<TestClock>, UnixMs);

impl Clock for Behind {
    fn now(&self) -> UnixMs {
        self.0.now() - self.1
    }

    fn random(&self) -> u64 {
        self.0.random()
    }
}

struct Processes {
    schema: Schema,
    clock: Arc<TestClock>,
    stores: Vec<PostgresStore>,
    endpoint: EndpointId,
}

impl Processes {
    async fn start(name: &str, count: usize) -> Self {
        let (schema, clock) = (Schema::make(name).await, Arc::new(TestClock::new()));
        let mut stores = Vec::new();
        // No two of their clocks are the same.
        for place in 0..count {
            let behind = Behind(clock.clone(), place as UnixMs * SECOND / 4);
            stores.push(schema.open_by(Arc::new(behind)).await.unwrap());
        }
        let endpoint = endpoint::an_endpoint(&clock);
        let id = endpoint.id;
        stores[0].create_endpoint(endpoint).await.unwrap();
        let connection = format!(
            "INSERT INTO connection
                 (workspace, id, context, connector, time_zone, created_at_ms, updated_at_ms)
             VALUES ({ACME}, '{CRM}', 'acme', 'native', 'UTC', 0, 0)"
        );
        schema.run(&connection).await;
        Self { schema, clock, stores, endpoint: id }
    }

    /// Changes that nobody has matched yet, in order.
    async fn given_changes(&self, count: usize) -> Vec<ChangeId> {
        let changes: Vec<_> = (0..count).map(|_| ChangeId(self.clock.mint())).collect();
        let row = |change: &ChangeId| {
            let (seq, tail, connection) = (change.0.row_key(), change.0.tail(), CRM_NO.0);
            format!("({ACME}, {seq}, {tail}, {connection}, 'Contact', '7', 3, 4, 1, 2, 0, 0, '[]')")
        };
        let rows: Vec<_> = changes.iter().map(row).collect();
        let insert = format!(
            "INSERT INTO change_queue (workspace, seq, tail, connection, entity, record,
                 change_type, origin, number, version, created_at_ms, updated_at_ms, written)
             VALUES {}",
            rows.join(", ")
        );
        self.schema.run(&insert).await;
        changes
    }

    fn random(&self) -> usize {
        (self.clock.random() >> 33) as usize
    }

    async fn deliveries(&self) -> Vec<LoggedDelivery> {
        let every = DeliveryFilter::default();
        read_all!(100, |page| self.stores[0].deliveries(ACME, &every, page))
    }
}

fn matched(change: ChangeId, messages: Vec<NewMessage>) -> Matched {
    Matched {
        change,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        mapping_version: Some(0),
        messages,
        deferred_objects: Vec::new(),
    }
}

pub async fn a_change_is_matched_by_one_of_them() {
    let processes = Processes::start("a_change_is_matched_by_one_of_them", 3).await;
    let changes = processes.given_changes(2).await;
    let message = || a_message(processes.endpoint, "7", ChangeType::Update, 1, false);
    let stored = processes.stores.iter().map(|store| {
        let given = changes.iter().map(|change| matched(*change, vec![message()])).collect();
        store.store_matches(given, None)
    });
    let stored = join_all(stored).await;
    let refused: Vec<_> = stored.iter().filter_map(|stored| stored.as_ref().err()).collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|it| matches!(it, StoreError::VersionMismatch { .. })));
    assert_eq!(processes.deliveries().await.len(), 2);
}

pub async fn one_of_them_does_the_upkeep_and_hears_of_it() {
    let processes = Processes::start("one_of_them_does_the_upkeep_and_hears_of_it", 2).await;
    let [first, second] = &processes.stores[..] else { panic!("two stores") };
    assert!(first.does_upkeep() && !second.does_upkeep());
    let heard = async {
        first.upkeep_asked_for().await;
        first.upkeep_asked_for().await;
    };
    let ask = async {
        // A hint may be lost while a session begins.
        loop {
            second.ask_for_upkeep();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! { () = heard => {}, () = ask => {} }
}

const RECORDS: usize = 3;
const CHANGES: usize = 150;

/// What some processes do at once, until all changes are told.
struct Play<'a> {
    processes: &'a Processes,
    changes: Vec<ChangeId>,
    matching: Cell<usize>,
}

impl Play<'_> {
    fn message(&self, index: usize) -> NewMessage {
        let (record, number) = ((index % RECORDS).to_string(), index as u32 + 1);
        // Every other record may have any number of messages wait.
        let coalesce = !index.is_multiple_of(RECORDS);
        a_message(self.processes.endpoint, &record, ChangeType::Update, number, coalesce)
    }

    /// Matches every other change, in order.
    async fn match_changes(&self, store: &PostgresStore, first: usize) {
        let mut mine = (first..CHANGES).step_by(2).peekable();
        while mine.peek().is_some() {
            let slice: Vec<_> = mine.by_ref().take(1 + self.processes.random() % 3).collect();
            let given =
                || slice.iter().map(|it| matched(self.changes[*it], vec![self.message(*it)]));
            while let Err(error) = store.store_matches(given().collect(), None).await {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            }
        }
        self.matching.set(self.matching.get() - 1);
    }

    /// Sends whatever is due, also what another process is sending.
    async fn send(&self, store: &PostgresStore) {
        let Processes { clock, endpoint, .. } = self.processes;
        loop {
            clock.advance(SECOND / 4);
            let is_over = self.matching.get() == 0;
            let until = if is_over { FAR } else { clock.now() };
            let held = HashSet::new();
            let due = store.due_deliveries(ACME, *endpoint, until, &held, 10).await.unwrap().due;
            if due.is_empty() && is_over {
                return;
            }
            let Some(delivery) = due.get(self.processes.random() % due.len().max(1)) else {
                continue;
            };
            let next = match self.processes.random() % 6 {
                0 => AfterAttempt::Dead,
                1 => AfterAttempt::RetryAt(clock.now()),
                2 => AfterAttempt::RetryAt(clock.now() + 3 * SECOND),
                _ => AfterAttempt::Delivered,
            };
            let attempts = vec![an_attempt(clock, delivery, next)];
            while let Err(error) = store.finish_attempts(attempts.clone()).await {
                assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
            }
        }
    }

    /// Sends again what ended.
    async fn resend(&self, store: &PostgresStore) {
        while self.matching.get() > 0 {
            self.check_lines().await;
            let ended = self.processes.deliveries().await;
            let ended: Vec<_> = ended.iter().filter(|it| it.ended_at.is_some()).collect();
            let Some(delivery) = ended.get(self.processes.random() % ended.len().max(1)) else {
                continue;
            };
            let resent = store.resend(ACME, delivery.id).await;
            assert!(matches!(resent, Ok(_) | Err(StoreError::Unavailable { .. })), "{resent:?}");
        }
    }

    async fn check_lines(&self) {
        let two_heads = "SELECT count(*) FROM (
            SELECT FROM delivery_queue WHERE state = 2
            GROUP BY line, endpoint, connection, object, record HAVING count(*) > 1) AS line";
        let headless = "SELECT count(*) FROM delivery_queue AS waiting
            WHERE state = 3 AND NOT EXISTS (
                SELECT FROM delivery_queue AS head
                WHERE head.state = 2 AND head.line = waiting.line AND head.seq < waiting.seq)";
        let schema = &self.processes.schema;
        assert_eq!((schema.count(two_heads).await, schema.count(headless).await), (0, 0));
    }

    /// Looks at what was heard of each record.
    async fn check_heard(&self) {
        let mut heard: HashMap<String, Vec<Said>> = HashMap::new();
        let mut told = HashSet::new();
        for delivery in self.processes.deliveries().await.iter().rev() {
            let said = Said::read(&delivery.body);
            if delivery.status != DeliveryStatus::Superseded {
                told.extend(said.changed.iter().cloned());
            }
            heard.entry(delivery.record.clone()).or_default().push(said);
        }
        for (heard, parity) in heard.values().flat_map(|heard| [(heard, 0), (heard, 1)]) {
            let numbers = heard.iter().map(|said| said.number);
            let of_one: Vec<_> = numbers.filter(|number| number % 2 == parity).collect();
            assert!(of_one.is_sorted(), "{of_one:?} are out of order");
        }
        let lost: Vec<_> =
            (1..=CHANGES).map(|it| format!("c{it}")).filter(|it| !told.contains(it)).collect();
        assert_eq!(lost, [""; 0]);
    }
}

pub async fn lines_stay_whole_whoever_moves_them_on() {
    let processes = Processes::start("lines_stay_whole", 3).await;
    let changes = processes.given_changes(CHANGES).await;
    let play = Play { processes: &processes, changes, matching: Cell::new(2) };
    let [first, second, third] = &processes.stores[..] else { panic!("three of them") };
    tokio::join!(
        play.match_changes(first, 0),
        play.match_changes(second, 1),
        play.send(first),
        play.send(second),
        play.send(third),
        play.resend(third)
    );
    play.check_lines().await;
    play.check_heard().await;
}
