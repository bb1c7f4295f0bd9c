//! Looks at what the store asks of the database.
//!
//! In tests of this crate every connection notes the statements that it runs
//! ([`watch`]). The whole way of an event is walked, and no statement of it may
//! read a table from end to end; none is listed here, so none is forgotten.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rusqlite::Connection as Db;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use serde_json::{Map, json};
use turnbuckle_core::change::{ChangeType, Origin};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::entity::{Column, ColumnPath, ColumnType, Entity, Schema};
use turnbuckle_core::filter::{Filter, Moment};
use turnbuckle_core::id::{
    ConnectionNo, DeliveryId, EndpointId, InboundEventId, SourceId, UnixMs, WorkspaceId,
};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::{Planned, Strictness};

use super::migrations::migrate;
use super::writer::Priority;
use super::{SqliteOptions, SqliteStore};
use crate::change::ChangeStore;
use crate::clock::Clock;
use crate::connection::{ConnectionStore, InitialRecords, PutConnection};
use crate::delivery::{
    AfterAttempt, Attempt, DeliveryFilter, DeliveryStatus, DeliveryStore, Draft, DueDelivery,
    Matched, NewMessage, RecoverRange, RecoverSlice,
};
use crate::endpoint::{Endpoint, EndpointStatus, EndpointStore};
use crate::entity::EntityStore;
use crate::inbound::{
    Accept, EventFilter, EventWork, FinishEvent, Headers, InboundEvent, InboundRequest,
    InboundStatus, InboundStore,
};
use crate::maintenance::MaintenanceStore;
use crate::page::PageRequest;
use crate::record::{RecordStore, Search, Sort, Write, WriteAction};
use crate::subscription::{Followed, KeyGroup, Subscribe, SubscriptionStore};

static SEEN: Mutex<Option<HashMap<PathBuf, BTreeSet<String>>>> = Mutex::new(None);

/// Notes every statement that `db` runs.
pub fn watch(db: &mut Db) {
    let Some(path) = db.path().map(PathBuf::from) else { return };
    let note = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            let mut seen = SEEN.lock().expect("no code panics holding it");
            let seen = seen.get_or_insert_default().entry(path.clone()).or_default();
            seen.insert(statement.sql().into_owned());
        }
    };
    db.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).expect("tracing needs no memory");
}

fn seen_on(path: &Path) -> BTreeSet<String> {
    let path = path.canonicalize().expect("the file is there");
    SEEN.lock().expect("no code panics holding it").as_ref().expect("something ran")[&path].clone()
}

/// Tables that grow with what the workspaces do.
const GROWING: &[&str] = &[
    "record",
    "record_key",
    "record_given_id",
    "change",
    "deferred_change",
    "inbound_event",
    "inbound_outcome",
    "inbound_record",
    "dedupe",
    "subscription",
    "subscription_key",
    "delivery",
    "delivery_waiting",
    "attempt",
    "recovered_line",
    "function_call",
    "statistics",
];

/// Indexes that are as long as the backlog, not as the log.
const BACKLOGS: &[&str] = &["inbound_event_new", "delivery_due"];

/// The steps of a statement's plan that read a growing table from end to end.
fn full_scans(db: &Db, statement: &str) -> Vec<String> {
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect(statement);
    let mut rows = explain.raw_query();
    let mut scans = Vec::new();
    while let Some(row) = rows.next().expect("a plan is read") {
        let step: String = row.get(3).expect("the step in words");
        let mut words = step.split(' ');
        let is_scan = words.next() == Some("SCAN");
        let is_growing = words.next().is_some_and(|table| GROWING.contains(&table));
        let is_backlog = step.rsplit(' ').next().is_some_and(|index| BACKLOGS.contains(&index));
        if is_scan && is_growing && !is_backlog {
            scans.push(step);
        }
    }
    scans
}

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> UnixMs {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        7
    }
}

struct Word;

impl Draft for Word {
    fn body(&self, _: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        b"{}".to_vec()
    }
}

const ACME: WorkspaceId = WorkspaceId(1);
const CRM: &str = "crm";
const CRM_NO: ConnectionNo = ConnectionNo(1);
const ALL: PageRequest = PageRequest { limit: 10, after: None };

fn open(folder: &Path) -> SqliteStore {
    let options = SqliteOptions {
        path: folder.join("store.db"),
        clock: Arc::new(Ticking(AtomicI64::new(1_750_000_000_000))),
        compose: |_, _, _| {},
        intake_bytes_max: 1 << 20,
        scans_max: 2,
    };
    SqliteStore::open(options).expect("a new file can be opened")
}

fn schema() -> Schema {
    let text = |name: &str| Column::new(name, name, ColumnType::Text);
    let entity = |name: &str, columns| Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: name.to_owned(),
        custom: false,
        display: "Name".to_owned(),
        columns,
    };
    let contact = vec![
        text("Name"),
        text("Email"),
        text("Code").unique(),
        Column::lookup("CountryId", "Country", "Country"),
    ];
    let entities = [entity("Country", vec![text("Name")]), entity("Contact", contact)];
    Schema { entities: entities.into_iter().map(|it| (it.name.clone(), it)).collect() }
}

fn a_write(action: WriteAction, number: usize) -> Write {
    let text = |text: String| Planned::Value(Value::Text(text));
    let values = vec![
        ("Name".to_owned(), text(format!("Name {number}"))),
        ("Email".to_owned(), text(format!("{number}@example.com"))),
        ("Code".to_owned(), text(number.to_string())),
    ];
    Write {
        entity: "Contact".to_owned(),
        action,
        values,
        defaults: Vec::new(),
        strictness: Strictness::Strict,
        origin: Origin::Source,
    }
}

async fn given_crm(store: &SqliteStore) {
    let connection = PutConnection {
        id: CRM.to_owned(),
        context: "acme".to_owned(),
        connector: "native".to_owned(),
        time_zone: "UTC".to_owned(),
    };
    let initial = InitialRecords { schema: schema(), records: Vec::new() };
    store.put_connection(ACME, connection, initial, None).await.unwrap();
}

async fn given_endpoint(store: &SqliteStore) -> EndpointId {
    let id = EndpointId(store.minter().mint(store.clock.now(), 7));
    let endpoint = Endpoint {
        id,
        workspace: ACME,
        connection: None,
        settings: json!({}),
        sealed: Vec::new(),
        status: EndpointStatus::Active,
        status_reason: None,
        last_success_at: None,
        version: 1,
        created_at: 0,
        updated_at: 0,
    };
    store.create_endpoint(endpoint).await.unwrap();
    id
}

async fn accept(store: &SqliteStore, number: usize) -> InboundEventId {
    let id = InboundEventId(store.minter().mint(store.clock.now(), 7));
    let event = InboundEvent {
        id,
        workspace: ACME,
        source: SourceId(store.minter().mint(1, 7)),
        connection: CRM_NO,
        request: InboundRequest {
            headers: Headers::default(),
            query: String::new(),
            body: Bytes::from_static(b"{}"),
        },
    };
    let dedupe_keys = number.is_multiple_of(2).then(|| number.to_string()).into_iter().collect();
    let accept = Accept { event, status: InboundStatus::New, failure: None, dedupe_keys };
    store.accept(accept).await.unwrap();
    id
}

fn work(event: InboundEventId, action: WriteAction, number: usize) -> FinishEvent {
    FinishEvent {
        event,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        work: EventWork::Writes(vec![(0, a_write(action, number))]),
        warnings: Vec::new(),
        as_new: false,
        call: None,
    }
}

async fn match_all(store: &SqliteStore, endpoint: EndpointId) -> Vec<DueDelivery> {
    let changes = store.unmatched_changes(1_000).await.unwrap();
    let matched = changes.iter().map(|change| Matched {
        change: change.id,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        mapping_version: None,
        messages: vec![NewMessage {
            endpoint,
            object: "lead".to_owned(),
            record: change.latest().id.clone(),
            change_type: change.change_type,
            changed: Changed::new(),
            coalesce: true,
            draft: Arc::new(Word),
        }],
        deferred_objects: Vec::new(),
    });
    store.store_matches(matched.collect(), None).await.unwrap()
}

fn attempts(due: &[DueDelivery], next: AfterAttempt) -> Vec<Attempt> {
    let attempt = |it: &DueDelivery| Attempt {
        delivery: it.id,
        workspace: it.workspace,
        endpoint: it.endpoint,
        at: 1,
        duration_ms: 1,
        status: Some(200),
        error: None,
        response_body: Bytes::new(),
        next,
    };
    due.iter().map(attempt).collect()
}

async fn row_writes(store: &SqliteStore) -> u64 {
    let count = store.writer.run(Priority::Bulk, "count", |batch| Ok(batch.sql.total_changes()));
    count.await.unwrap()
}

async fn search_in_every_way(store: &SqliteStore) {
    let filters = [
        json!({ "all": [] }),
        json!({ "column": "Code", "op": "eq", "value": "1" }),
        json!({ "column": "Code", "op": "starts_with", "value": "1" }),
        json!({ "column": "Code", "op": "ge", "value": "1" }),
        json!({ "column": "Email", "op": "eq", "value": "1" }),
        json!({ "column": "Country.Name", "op": "eq", "value": "Canada" }),
    ];
    let by = |column: &str, descending| Sort { column: ColumnPath::from(column), descending };
    let schema = schema();
    let entity = schema.entity("Contact").unwrap();
    let zone = jiff::tz::TimeZone::UTC;
    for filter in filters {
        for sort in
            [vec![], vec![by("Code", false)], vec![by("Code", true)], vec![by("Name", true)]]
        {
            let filter = Filter::parse(&filter).unwrap();
            let mut search = Search {
                entity: "Contact".to_owned(),
                filter: filter.bind(&schema, entity, &Map::new(), &zone).unwrap(),
                moment: Moment { now: jiff::Timestamp::UNIX_EPOCH, zone: zone.clone() },
                sort,
                limit: 2,
                after: None,
                paths: vec![ColumnPath::parse("Country.Name").unwrap()],
                count: true,
            };
            search.after = store.search(ACME, CRM, search.clone()).await.unwrap().next;
            store.search(ACME, CRM, search).await.unwrap();
        }
    }
}

/// Everything that happens for every event, change, message and call.
async fn walk_the_whole_way(store: &SqliteStore) {
    given_crm(store).await;
    let email = [("Contact".to_owned(), "CountryId".to_owned())];
    store.ensure_keys(ACME, CRM, &email).await.unwrap();
    let endpoint = given_endpoint(store).await;
    let mut events = Vec::new();
    for number in 0..6 {
        let match_on = vec!["Code".to_owned(), "CountryId".to_owned()];
        let action = match number % 2 {
            0 => WriteAction::Create,
            _ => WriteAction::Upsert { match_on },
        };
        events.push(work(accept(store, number).await, action, number));
    }
    store.lease_new(10).await.unwrap();
    store.finish_events(events.clone()).await.unwrap();
    let outcomes = store.finish_events(events.clone()).await.unwrap();
    let failed = EventWork::Fail("no".to_owned());
    let failed = FinishEvent { work: failed, ..events[0].clone() };
    store.finish_events(vec![failed]).await.unwrap();
    store.try_event(events[1].clone()).await.unwrap();

    let id = outcomes[0].applied[0].1.record.id.clone();
    let due = match_all(store, endpoint).await;
    let update = |number| a_write(WriteAction::Update { id: id.clone(), version: None }, number);
    for number in 100..103 {
        store.write(ACME, CRM, update(number)).await.unwrap();
        match_all(store, endpoint).await;
    }
    store.records(ACME, CRM, "Contact", std::slice::from_ref(&id), &[]).await.unwrap();
    search_in_every_way(store).await;

    store.finish_attempts(attempts(&due[..1], AfterAttempt::RetryAt(5))).await.unwrap();
    store.finish_attempts(attempts(&due[1..2], AfterAttempt::RetryAt(5))).await.unwrap();
    store.finish_attempts(attempts(&due[2..3], AfterAttempt::Dead)).await.unwrap();
    store.finish_attempts(attempts(&due[3..], AfterAttempt::Delivered)).await.unwrap();
    store.due_deliveries(ACME, endpoint, i64::MAX, &HashSet::new(), 10).await.unwrap();
    store.endpoints_due().await.unwrap();
    store.backlog().await.unwrap();
    for delivery in &due {
        store.delivery(ACME, delivery.id).await.unwrap();
        store.resend(ACME, delivery.id).await.unwrap();
    }
    for (only_dead, is_latest) in [(true, true), (true, false), (false, true), (false, false)] {
        let range = RecoverRange { since: 0, until: i64::MAX, only_dead };
        let latest_for = is_latest.then(|| format!("only dead: {only_dead}"));
        let slice = RecoverSlice { range, before: i64::MAX, limit: 2, latest_for };
        store.recover_slice(ACME, endpoint, slice).await.unwrap();
        store.count_recoverable(ACME, endpoint, range).await.unwrap();
    }

    let wish = Subscribe {
        connection: CRM.to_owned(),
        object: "lead".to_owned(),
        followed: Followed::Record { entity: "Contact".to_owned(), id: id.clone() },
        identity: id.clone(),
        match_keys: vec![1, 2],
        needs_recheck: true,
        mapping_version: 0,
    };
    store.subscribe(ACME, wish).await.unwrap();
    store.candidates(&[KeyGroup { workspace: ACME, keys: vec![1, 2] }], 10).await.unwrap();
    let filter = json!({ "column": "Email", "op": "eq", "payload": "email" });
    let find = json!({ "action": "search", "filter": filter });
    let mapping =
        json!({ "objects": { "lead": { "entity": "Contact", "events": { "find": find } } } });
    store.put_mapping(ACME, CRM, &mapping, None).await.unwrap();
    let rekeying = store.rekeyings().await.unwrap().remove(0);
    store.subscriptions_to_rekey(&rekeying, 0, 10).await.unwrap();
    store.rekey(ACME, vec![(1, vec![3])]).await.unwrap();
    store.deferred_changes(ACME, CRM, "lead", 10).await.unwrap();
    store.end_rekeying(&rekeying).await.unwrap();

    list_in_every_way(store, endpoint, &id).await;
    let delete = Write {
        values: Vec::new(),
        ..a_write(WriteAction::Delete { id: id.clone(), version: None }, 0)
    };
    store.write(ACME, CRM, delete).await.unwrap();
    store.unsubscribe(ACME, CRM, "lead", &id).await.unwrap();
    store.delete_endpoint(ACME, endpoint, None).await.unwrap();
    store.delete_connection(ACME, CRM, None).await.unwrap();
    while store.erase().await.unwrap() {}
}

async fn list_in_every_way(store: &SqliteStore, endpoint: EndpointId, record: &str) {
    let (event, delivery) = (EventFilter::default, DeliveryFilter::default);
    for filter in [
        event(),
        EventFilter { status: Some(InboundStatus::New), ..event() },
        EventFilter { status: Some(InboundStatus::Failed), ..event() },
        EventFilter { source: Some(SourceId(endpoint.0)), ..event() },
        EventFilter { record: Some(record.to_owned()), ..event() },
    ] {
        store.events(ACME, &filter, ALL).await.unwrap();
    }
    for filter in [
        delivery(),
        DeliveryFilter { endpoint: Some(endpoint), ..delivery() },
        DeliveryFilter {
            endpoint: Some(endpoint),
            status: Some(DeliveryStatus::Dead),
            ..delivery()
        },
    ] {
        store.deliveries(ACME, &filter, ALL).await.unwrap();
    }
    for (connection, object) in [(None, None), (Some(CRM), None), (Some(CRM), Some("lead"))] {
        store.subscriptions(ACME, connection, object, ALL).await.unwrap();
    }
    store.changes(ACME, None, None, None, 10).await.unwrap();
}

#[tokio::test]
async fn nothing_on_the_way_of_an_event_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    walk_the_whole_way(&store).await;
    let seen = seen_on(&folder.path().join("store.db"));
    drop(store);

    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    let is_explained = |statement: &&String| {
        let verb = statement.trim_start().split(char::is_whitespace).next();
        ["SELECT", "INSERT", "UPDATE", "DELETE"].contains(&verb.unwrap_or_default())
    };
    let explained: Vec<&String> = seen.iter().filter(is_explained).collect();
    assert!(80 < explained.len(), "only {} statements were seen", explained.len());
    let scanning: Vec<_> = explained
        .into_iter()
        .map(|statement| (statement, full_scans(&db, statement)))
        .filter(|(_, scans)| !scans.is_empty())
        .collect();
    assert!(scanning.is_empty(), "{scanning:#?}");
}

#[test]
fn a_full_scan_is_recognised() {
    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    for (statement, expected) in [
        ("SELECT * FROM record WHERE version = 1", 1),
        ("SELECT * FROM record WHERE seq = 1", 0),
        ("SELECT * FROM change WHERE record IN (SELECT record FROM delivery)", 2),
        ("SELECT count(*) FROM delivery WHERE state = 2", 0),
        ("DELETE FROM attempt WHERE number = 1", 1),
    ] {
        assert_eq!(full_scans(&db, statement).len(), expected, "{statement}");
    }
}

/// The database is the ceiling of what one node can do: each row counts.
#[tokio::test]
async fn an_event_costs_few_row_writes() {
    const EVENTS: usize = 50;
    // Of a batch, not of an event: the last number of an entity, the end of the matched feed.
    const BATCH: u64 = 2;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    given_crm(&store).await;
    let endpoint = given_endpoint(&store).await;
    let keyed_columns = 1;

    let before = row_writes(&store).await;
    let mut events = Vec::new();
    for number in 0..EVENTS {
        // Odd numbers, so that none has a key that recognises repeats.
        let event = accept(&store, 2 * number + 1).await;
        events.push(work(event, WriteAction::Create, number));
    }
    let accepted = row_writes(&store).await;
    assert_eq!(accepted - before, EVENTS as u64);

    // The record, its keys, its change, the event's end and which record it wrote.
    store.finish_events(events).await.unwrap();
    let finished = row_writes(&store).await;
    assert!(finished - accepted <= EVENTS as u64 * (4 + keyed_columns) + BATCH);

    let due = match_all(&store, endpoint).await;
    assert_eq!(due.len(), EVENTS);
    store.finish_attempts(attempts(&due, AfterAttempt::Delivered)).await.unwrap();
    let delivered = row_writes(&store).await;
    assert!(delivered - finished <= EVENTS as u64 * 2 + BATCH);
}
