//! What the way of an event costs on PostgreSQL, however much is stored: no
//! statement of it reads a whole table, and it writes few rows.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::json;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{ConnectionNo, EndpointId, InboundEventId};
use turnbuckle_store::change::ChangeStore as _;
use turnbuckle_store::clock::Clock as _;
use turnbuckle_store::delivery::{AfterAttempt, DeliveryFilter, DeliveryStore as _, Matched};
use turnbuckle_store::entity::EntityStore as _;
use turnbuckle_store::inbound::{Accept, EventFilter, EventWork, FinishEvent, InboundStore as _};
use turnbuckle_store::maintenance::MaintenanceStore as _;
use turnbuckle_store::postgres::PostgresStore;
use turnbuckle_store::source::SourceStore as _;
use turnbuckle_store::subscription::{KeyGroup, SubscriptionStore as _};
use turnbuckle_store::transfer::{Bounds, TABLES, TransferStore as _};

use crate::Schema;
use crate::stories::crm::{CRM, CRM_NO, a_search, an_upsert, create, given_crm, read, search_all};
use crate::stories::delivery::{a_message, an_attempt, given_endpoint};
use crate::stories::inbound::{an_event, new};
use crate::stories::subscription::keys;
use crate::stories::{ACME, TestClock, page, source};

/// Rows that each large table has before.
const MANY: i64 = 200_000;
/// Events that go the whole way.
const EVENTS: usize = 100;

/// Fills tables with what others left there.
const FILL: [&str; 10] = [
    "INSERT INTO record
     SELECT 1, (SELECT no FROM entity WHERE name = 'Contact'), number, gen_random_uuid(), number, 1,
         0, 0, '{\"Name\":\"Somebody\"}'
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO record_key
     SELECT 1, no, decode(md5(number::text), 'hex'), number
     FROM generate_series(1, $MANY) AS number, entity_column WHERE key_state = 2 AND name = 'Email'",
    "INSERT INTO inbound_event
     SELECT 1, $SEQ + number, 0, 1, 0, 1, 5, '[]', '', '', NULL, '[]'
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO inbound_record
     SELECT 1, $SEQ + number, 0, 'Contact', number FROM generate_series(1, $MANY) AS number",
    "INSERT INTO change
     SELECT 1, $SEQ + number, 0, 1, 'Contact', number, 3, 4, 1, 1, 0, 0, 0, '{}', '{}', '[]', number
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO delivery (workspace, seq, tail, endpoint, endpoint_tail, connection, state,
         ended_at_ms, attempt_count, object, record, changed, body)
     SELECT 1, $SEQ + number, 0, number % 9, 0, 1, 4, 0, 1, 'lead', number, '{}', ''
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail, connection, line,
         state, at_ms, attempt_count, failure_count, object, record, changed, body, coalesce)
     SELECT 1, $SEQ + number, 0, number % 9, 0, 1, number, 2, 0, 1, 1, 'lead', number, '{}', '', false
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO subscription
     SELECT 1, number, 0, 1, 'lead', false, 'Contact', number, md5(number::text)::uuid, false
     FROM generate_series(1, $MANY) AS number",
    "INSERT INTO subscription_key SELECT 1, number, number FROM generate_series(1, $MANY) AS number",
    "UPDATE feed SET position = $MANY",
];

/// What the server counted of a table.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// Rows that were read without an index.
    scanned: i64,
    /// Rows that an index led to.
    fetched: i64,
    written: i64,
}

type Counted = BTreeMap<String, Cost>;

/// Runs something on a store, and answers with it what it cost. Sessions tell what
/// they did when they end, so this waits until those of the store have ended.
async fn counting<T>(
    schema: &Schema,
    clock: &Arc<TestClock>,
    run: impl AsyncFnOnce(&PostgresStore) -> T,
) -> (T, Counted) {
    let before = counted(schema).await;
    let store = schema.open(clock).await.unwrap();
    let done = run(&store).await;
    store.close().await;
    drop(store);
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity
         WHERE application_name = '{}' AND pid <> pg_backend_pid()",
        schema.name()
    );
    while schema.count(&sessions).await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut after = counted(schema).await;
    for (table, cost) in &mut after {
        let before = before.get(table).copied().unwrap_or_default();
        cost.scanned -= before.scanned;
        cost.fetched -= before.fetched;
        cost.written -= before.written;
    }
    (done, after)
}

async fn counted(schema: &Schema) -> Counted {
    let (db, _task) = schema.connect().await;
    let select = "SELECT relname::text, coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0),
            n_tup_ins + n_tup_upd + n_tup_del
        FROM pg_stat_user_tables WHERE schemaname = current_schema()";
    let rows = db.query(select, &[]).await.unwrap();
    let cost = |row: &tokio_postgres::Row| Cost {
        scanned: row.get(1),
        fetched: row.get(2),
        written: row.get(3),
    };
    rows.iter().map(|row| (row.get(0), cost(row))).collect()
}

fn finish(event: InboundEventId, connection: ConnectionNo, number: usize) -> FinishEvent {
    let data = json!({ "Name": "Ada", "Email": format!("{number}@app.example") });
    FinishEvent {
        event,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: connection,
        work: EventWork::Writes(vec![(0, an_upsert("Contact", &["Email"], data))]),
        warnings: Vec::new(),
        as_new: false,
        call: None,
    }
}

/// Takes events in, ends them, matches their changes and delivers their messages.
async fn go_the_whole_way(store: &PostgresStore, clock: &TestClock, endpoint: EndpointId) {
    let source = source::a_source(clock, 1).id;
    for number in 0..EVENTS {
        let dedupe_keys = vec![format!("post {number}")];
        let accept = Accept { dedupe_keys, ..new(an_event(clock, source, "{}")) };
        store.accept(accept).await.unwrap();
    }
    let leased = store.lease_new(EVENTS).await.unwrap();
    let work = leased.iter().enumerate().map(|(number, it)| finish(it.id, it.connection, number));
    let ended = store.finish_events(work.collect()).await.unwrap();
    assert!(ended.iter().all(|it| it.error.is_none()), "{ended:?}");
    let changes = store.unmatched_changes(EVENTS).await.unwrap();
    let groups: Vec<KeyGroup> = (0..EVENTS as i64).map(|key| keys(ACME, &[key])).collect();
    store.candidates(&groups, 10).await.unwrap();
    let matched = |change: &Arc<turnbuckle_core::change::Change>| Matched {
        change: change.id,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        mapping_version: Some(0),
        messages: vec![a_message(endpoint, &change.latest().id, ChangeType::Create, 1, true)],
        deferred_objects: Vec::new(),
    };
    let due = store.store_matches(changes.iter().map(matched).collect(), None).await.unwrap();
    assert_eq!(due.len(), EVENTS);
    let attempts = due.iter().map(|it| an_attempt(clock, it, AfterAttempt::Delivered)).collect();
    store.finish_attempts(attempts).await.unwrap();
}

/// Reads what people and apps read.
async fn look_around(store: &PostgresStore, clock: &TestClock, endpoint: EndpointId, id: &str) {
    assert!(read(store, "Contact", id).await.is_some());
    let by_email =
        a_search("Contact", json!({"column": "Email", "op": "eq", "value": "7@app.example"}));
    assert_eq!(search_all(store, &by_email).await.len(), 1);
    let newest = store.events(ACME, &EventFilter::default(), page(10, None)).await.unwrap();
    let event = &newest.items[0].event;
    let of_source = EventFilter { source: Some(event.source), ..EventFilter::default() };
    store.events(ACME, &of_source, page(10, None)).await.unwrap();
    store.event(ACME, event.id).await.unwrap().unwrap();
    let feed = store.changes(ACME, Some(CRM), None, Some(MANY), 10).await.unwrap();
    assert_eq!(feed.items.len(), 10);
    let every = DeliveryFilter { endpoint: Some(endpoint), ..DeliveryFilter::default() };
    let delivery = store.deliveries(ACME, &every, page(10, None)).await.unwrap().items.remove(0);
    store.delivery(ACME, delivery.id).await.unwrap().unwrap();
    store.due_deliveries(ACME, endpoint, clock.now(), &HashSet::new(), 10).await.unwrap();
    store.endpoints_due().await.unwrap();
}

/// Reads two slices of each table, as an export does.
async fn read_slices(store: &PostgresStore) {
    let bounds = Bounds { rows_max: 10, ..Bounds::default() };
    for table in TABLES {
        let first = store.read_rows(table, None, bounds).await.unwrap();
        store.read_rows(table, first.last(), bounds).await.unwrap();
    }
}

#[tokio::test]
async fn no_hot_query_reads_a_whole_table() {
    let (schema, clock) = (Schema::make("plans").await, Arc::new(TestClock::new()));
    let given = async |store: &PostgresStore| {
        given_crm(store).await;
        let email = [("Contact".to_owned(), "Email".to_owned())];
        store.ensure_keys(ACME, CRM, &email).await.unwrap();
        store.create_source(source::a_source(&clock, 1)).await.unwrap();
        let id = create(store, "Contact", json!({ "Name": "Ada" })).await.id;
        (given_endpoint(store, &clock).await, id)
    };
    let ((endpoint, id), _) = counting(&schema, &clock, given).await;
    let seq = clock.mint().row_key() - MANY - 1;
    for fill in FILL {
        let fill = fill.replace("$MANY", &MANY.to_string()).replace("$SEQ", &seq.to_string());
        schema.run(&fill).await;
    }
    schema.run("ANALYZE").await;
    let ((), cost) = counting(&schema, &clock, async |store: &PostgresStore| {
        go_the_whole_way(store, &clock, endpoint).await;
        look_around(store, &clock, endpoint, &id).await;
        read_slices(store).await;
    })
    .await;
    // The tables that have many rows; of the others a few are read whole.
    let large: Vec<_> = cost
        .iter()
        .filter(|(_, cost)| cost.scanned >= MANY / 2)
        .map(|(table, cost)| format!("{table}: {}", cost.scanned))
        .collect();
    assert!(large.is_empty(), "read without an index: {large:?}");
}

/// Fills tables that pending work and its records are in, behind what is to come.
const FILL_QUEUES: [(&str, &str); 7] = [
    (
        "inbound_queue",
        "INSERT INTO inbound_queue
         SELECT 1, $SEQ + number, 0, 1, 0, 1, 0, '[]', '', ''
         FROM generate_series(1, $MANY) AS number",
    ),
    (
        "change_queue",
        "INSERT INTO change_queue
         SELECT 1, $SEQ + number, 0, 1, 'Contact', number, 3, 4, 1, 1, 0, 0, 0, '{}', '{}', '[]'
         FROM generate_series(1, $MANY) AS number",
    ),
    ("delivery_queue", FILL[6]),
    ("record", FILL[0]),
    ("record_key", FILL[1]),
    ("subscription", FILL[7]),
    ("subscription_key", FILL[8]),
];

/// A queue is empty at times, and vacuumed then: until that happens again, the server
/// would plan as if it were empty still.
#[tokio::test]
async fn no_table_is_walked_that_was_empty_when_it_was_counted() {
    let (schema, clock) = (Schema::make("counted_empty").await, Arc::new(TestClock::new()));
    let given = async |store: &PostgresStore| {
        given_crm(store).await;
        let email = [("Contact".to_owned(), "Email".to_owned())];
        store.ensure_keys(ACME, CRM, &email).await.unwrap();
        given_endpoint(store, &clock).await
    };
    let (endpoint, _) = counting(&schema, &clock, given).await;
    const AFTER: i64 = 1 << 40;
    let (many, seq) = (MANY.to_string(), (clock.mint().row_key() + AFTER).to_string());
    for (table, fill) in FILL_QUEUES {
        let fill = fill.replace("$MANY", &many).replace("$SEQ", &seq);
        schema.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await;
        schema.run(&fill).await;
        schema.run(&format!("DELETE FROM {table}")).await;
        schema.run(&format!("VACUUM (TRUNCATE FALSE, ANALYZE) {table}")).await;
        schema.run(&fill).await;
    }
    let ((), cost) = counting(&schema, &clock, async |store: &PostgresStore| {
        go_the_whole_way(store, &clock, endpoint).await;
    })
    .await;
    let walked: Vec<_> = FILL_QUEUES
        .iter()
        .map(|(table, _)| (table, cost[*table]))
        .filter(|(_, cost)| MANY / 2 <= cost.scanned + cost.fetched)
        .collect();
    assert!(walked.is_empty(), "walked through: {walked:?}");
}

#[tokio::test]
async fn an_event_on_its_whole_way_writes_few_rows() {
    let (schema, clock) = (Schema::make("row_writes").await, Arc::new(TestClock::new()));
    let given = async |store: &PostgresStore| {
        given_crm(store).await;
        let email = [("Contact".to_owned(), "Email".to_owned())];
        store.ensure_keys(ACME, CRM, &email).await.unwrap();
        given_endpoint(store, &clock).await
    };
    let (endpoint, _) = counting(&schema, &clock, given).await;
    let ((), cost) = counting(&schema, &clock, async |store: &PostgresStore| {
        go_the_whole_way(store, &clock, endpoint).await;
    })
    .await;
    let written: i64 = cost.values().map(|cost| cost.written).sum();
    // Of each event: its key, the queue (in and out) and the log; the record, two
    // search keys and which record it was; the change, in and out of its queue and in the feed;
    // the message likewise. Beside that what a batch writes once.
    const ROWS: i64 = 4 + 4 + 3 + 3;
    let each = written as f64 / EVENTS as f64;
    assert!(written <= ROWS * EVENTS as i64 + 150, "{each} rows an event: {cost:?}");
    assert!(
        written >= ROWS * EVENTS as i64,
        "the sessions have not told all: {each} rows an event"
    );
}
