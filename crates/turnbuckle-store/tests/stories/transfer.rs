//! Everything travels from one store to another. These stories open both themselves;
//! the two may be of different engines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, json};
use tokio::sync::Notify;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::ABSENT;
use turnbuckle_store::delivery::{
    AfterAttempt, DeliveryFilter, Matched, RecoverRange, RecoverSlice,
};
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use turnbuckle_store::event_call::Begun;
use turnbuckle_store::idempotency::Claim;
use turnbuckle_store::inbound::{Accept, Accepted, EventWork, FinishEvent, InboundStatus};
use turnbuckle_store::replay::{Run, RunKind};
use turnbuckle_store::subscription::{Followed, Subscribe};
use turnbuckle_store::transfer::{
    Bounds, Cell, Counters, IMPORT_NOTE, Manifest, TABLES, Transfer, TransferError, check_export,
    export, import,
};
use turnbuckle_store::{Store, StoreError};

use super::change::{match_all, unheard};
use super::crm::{
    CANADA, CRM, CRM_NO, PERU, a_connection, a_create, a_delete, a_mapping, a_search, an_update,
    create, given_connection, given_crm, read, search_all, write,
};
use super::delivery::{FAR, Said, due, finish, given_endpoint, logged, send_one};
use super::inbound::{an_event, new};
use super::reopening::Open;
use super::subscription::keys;
use super::{
    ACME, HOUR, OTHER, TestClock, api_key, authorization, bin, endpoint, event_call, function,
    read_all, replay, source, statistics, user,
};

const SEAL_KEY: &str = "0badcafe";

/// Slices so short that even a story has many.
const SHORT: Bounds = Bounds { rows_max: 2, bytes_max: 1 << 20 };

/// Fills a store with something of everything, pending and ended.
async fn given_everything(store: &dyn Store, clock: &TestClock) {
    store.claim_note("seal-key", SEAL_KEY).await.unwrap();
    store.check_health().await.unwrap();
    for slug in ["acme", "other"] {
        store.create_workspace(slug, "An app").await.unwrap();
    }
    store.put_setting(ACME, "origins", &json!(["https://app.example"])).await.unwrap();
    store.create_api_key(api_key::a_key(clock, "pk_1")).await.unwrap();
    let used = api_key::a_key(clock, "pk_2");
    store.create_api_key(used.clone()).await.unwrap();
    store.touch_api_keys(vec![(used.id, clock.now())]).await.unwrap();
    given_records(store).await;
    given_deliveries(store, clock).await;
    given_subscriptions(store).await;
    given_events(store, clock).await;
    store.put_function(function::a_function(clock, "mine", 1), None).await.unwrap();
    store.publish_function(ACME, "mine", 1, None).await.unwrap();
    store.put_function(function::a_function(clock, "another", 3), None).await.unwrap();
    let called = store.function(ACME, "mine").await.unwrap().unwrap();
    let calls = [true, false].map(|is_failed| function::a_call(clock, called.id, is_failed));
    store.add_function_calls(calls.to_vec()).await.unwrap();
    let waiting = store.lease_new(1).await.unwrap();
    store.queue_for_calls(&waiting).await.unwrap();
    let call = event_call::a_call(clock, called.id);
    assert_eq!(event_call::begin(store, &waiting[0], call).await, Begun::Now);
    let draft = json!({ "mapping": { "objects": {} } });
    store.put_link_draft(ACME, CRM, &draft, ABSENT).await.unwrap();
    authorization::authorise(store, clock, a_connection(CRM)).await;
    store.create_user(user::a_user(clock, "ada")).await.unwrap();
    store.add_statistics(vec![statistics::counted(clock, ACME, 7, 1)]).await.unwrap();
    store.create_bin(bin::a_bin(clock, "mine")).await.unwrap();
    store.add_bin_request("mine", bin::a_request(clock, "1"), bin::up_to(10)).await.unwrap();
    for key in ["answered", "claimed"] {
        store.claim(ACME, key, &[1; 32], clock.now()).await.unwrap();
    }
    store.keep_answer(ACME, "answered", vec![0, 255]).await.unwrap();
    // Not matched yet.
    write(store, a_delete("Country", &CANADA.to_string())).await.unwrap();
    create(store, "Contact", json!({ "Name": "last" })).await;
}

/// Records of two connections, and what is left of a third that was deleted.
async fn given_records(store: &dyn Store) {
    given_crm(store).await;
    given_connection(store, OTHER, CRM).await;
    let text = "\u{1F980} \"quoted\"\n";
    let ada = create(store, "Contact", json!({ "Name": text, "Code": "1", "Email": "a" })).await;
    write(store, an_update("Contact", &ada.id, json!({ "Score": 1.50 }))).await.unwrap();
    let gone = create(store, "Contact", json!({ "Name": "gone" })).await;
    write(store, a_delete("Contact", &gone.id)).await.unwrap();
    store.write(OTHER, CRM, a_create("Account", json!({ "Name": "Theirs" }))).await.unwrap();
    given_connection(store, ACME, "gone").await;
    store.write(ACME, "gone", a_create("Account", json!({ "Name": "gone" }))).await.unwrap();
    store.delete_connection(ACME, "gone", None).await.unwrap();
    match_all(store, 10).await;
}

/// Messages in every state.
async fn given_deliveries(store: &dyn Store, clock: &TestClock) {
    let bound = Endpoint { connection: Some(CRM_NO), ..endpoint::an_endpoint(clock) };
    store.create_endpoint(bound.clone()).await.unwrap();
    let paused = EndpointStatus::Paused;
    store.set_endpoint_status(ACME, bound.id, paused, Some("by hand")).await.unwrap();
    let endpoint = given_endpoint(store, clock).await;
    store.touch_endpoints(vec![(endpoint, clock.now())]).await.unwrap();
    let send = async |record: &str, number| {
        send_one(store, endpoint, record, ChangeType::Update, number).await
    };
    let run = Run { position: 7, ..replay::a_run(clock, RunKind::Recovery) };
    store.create_run(run.clone()).await.unwrap();
    let ended = Run { ended_at: Some(clock.now()), ..replay::a_run(clock, RunKind::Replay) };
    store.create_run(ended).await.unwrap();
    for (record, end) in [("1", AfterAttempt::Delivered), ("2", AfterAttempt::Dead)] {
        let head = send(record, 1).await.unwrap();
        finish(store, clock, &head, end).await;
    }
    let retry_at = clock.now() + HOUR;
    for record in ["3", "4"] {
        let head = send(record, 1).await.unwrap();
        finish(store, clock, &head, AfterAttempt::RetryAt(retry_at)).await;
    }
    // Supersedes the one that failed.
    send("4", 2).await;
    // Two wait, the second with what it becomes in the place of the first.
    send("5", 1).await;
    send("5", 2).await;
    let alone = send("6", 1).await.unwrap();
    finish(store, clock, &alone, AfterAttempt::Delivered).await;
    store.resend(ACME, alone.id).await.unwrap();
    let range = RecoverRange { since: 0, until: clock.now() + HOUR, only_dead: true };
    let slice = RecoverSlice { range, before: i64::MAX, limit: 4, latest_for: Some(run.id) };
    store.recover_slice(ACME, endpoint, slice).await.unwrap();
}

/// Subscriptions, one object of which waits for other keys, with a change put off for it.
async fn given_subscriptions(store: &dyn Store) {
    let wish = |followed, identity: &str| Subscribe {
        connection: CRM.to_owned(),
        object: "lead".to_owned(),
        followed,
        identity: identity.to_owned(),
        match_keys: vec![1, i64::MIN],
        needs_recheck: true,
        mapping_version: 0,
    };
    let search = Followed::Search { event: "find".to_owned(), payload: Map::new() };
    store.subscribe(ACME, wish(search, "find")).await.unwrap();
    let record = Followed::Record { entity: "Contact".to_owned(), id: CANADA.to_string() };
    store.subscribe(ACME, wish(record, "record")).await.unwrap();
    store.put_mapping(ACME, CRM, &a_mapping(&[("lead", "Email")]), None).await.unwrap();
    create(store, "Contact", json!({ "Name": "deferred" })).await;
    let changes = store.unmatched_changes(10).await.unwrap();
    let deferred = Matched { deferred_objects: vec!["lead".to_owned()], ..unheard(&changes[0]) };
    store.store_matches(vec![deferred], None).await.unwrap();
}

/// Events that are new, failed and done, some of a source that is gone.
async fn given_events(store: &dyn Store, clock: &TestClock) {
    let source = source::a_source(clock, 1);
    store.create_source(source.clone()).await.unwrap();
    store.add_source_key(ACME, source.id, source::a_key(clock, 2)).await.unwrap();
    store.expire_source_key(ACME, source.id, source.keys[0].id, clock.now()).await.unwrap();
    let gone = source::a_source(clock, 3);
    store.create_source(gone.clone()).await.unwrap();
    let failed = Accept {
        status: InboundStatus::Failed,
        failure: Some("no JSON at line 1".to_owned()),
        ..new(an_event(clock, source.id, "no JSON"))
    };
    store.accept(failed).await.unwrap();
    let done = an_event(clock, source.id, "{}");
    store.accept(new(done.clone())).await.unwrap();
    store.lease_new(10).await.unwrap();
    let finished = FinishEvent {
        event: done.id,
        workspace: ACME,
        connection: CRM.to_owned(),
        connection_no: CRM_NO,
        work: EventWork::Writes(vec![(0, a_create("Contact", json!({ "Name": "from a form" })))]),
        warnings: vec![Invalid::new("/Nmae", "unknown")],
        as_new: false,
        call: None,
    };
    store.finish_events(vec![finished]).await.unwrap();
    for (number, source) in [source.id, source.id, gone.id].into_iter().enumerate() {
        let event = an_event(clock, source, &number.to_string());
        let dedupe_keys = vec![format!("key {number}\u{0}")];
        store.accept(Accept { dedupe_keys, ..new(event) }).await.unwrap();
    }
    store.delete_source(ACME, gone.id, None).await.unwrap();
}

/// What a store keeps, in an order that is the same everywhere.
async fn rows(store: &dyn Store) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in TABLES {
        let mut read: Vec<Vec<Cell>> = Vec::new();
        loop {
            let slice = store.read_rows(table, read.last(), SHORT).await.unwrap();
            if slice.is_empty() {
                break;
            }
            assert!(slice.len() <= SHORT.rows_max);
            read.extend(slice);
        }
        let compared = |row: &Vec<Cell>| {
            let columns = table.columns.iter().zip(row).filter(|(column, _)| column.is_compared);
            columns.map(|(column, cell)| format!("{}: {cell:?}, ", column.name)).collect::<String>()
        };
        let mut compared: Vec<String> = read.iter().map(compared).collect();
        compared.sort();
        all.insert(table.name, compared);
    }
    all
}

async fn export_to(
    store: &dyn Store,
    clock: &TestClock,
    folder: &Path,
) -> Result<Manifest, TransferError> {
    let begun_at = jiff::Timestamp::from_millisecond(clock.now()).unwrap();
    let on_progress = &mut |_| ();
    export(store, begun_at, Transfer { folder, seal_key: SEAL_KEY, bounds: SHORT, on_progress })
        .await
}

async fn import_from(store: &dyn Store, folder: &Path) -> Result<Manifest, TransferError> {
    let on_progress = &mut |_| ();
    let mut transfer = Transfer { folder, seal_key: SEAL_KEY, bounds: SHORT, on_progress };
    let checked = check_export(&mut transfer)?;
    import(store, checked, transfer).await
}

/// Imports until so many slices have been told of; `None` if that cut it off.
async fn import_slices(
    store: &dyn Store,
    folder: &Path,
    slices: usize,
) -> Option<Result<Manifest, TransferError>> {
    let (cut, mut left) = (Notify::new(), slices);
    let on_progress = &mut |_| {
        left = left.saturating_sub(1);
        if left == 0 {
            cut.notify_one();
        }
    };
    let mut transfer = Transfer { folder, seal_key: SEAL_KEY, bounds: SHORT, on_progress };
    let checked = match check_export(&mut transfer) {
        Ok(checked) => checked,
        Err(error) => return Some(Err(error)),
    };
    tokio::select! {
        biased;
        () = cut.notified() => None,
        ended = import(store, checked, transfer) => Some(ended),
    }
}

/// An export of everything.
struct Exported {
    folder: tempfile::TempDir,
    manifest: Manifest,
    /// What the store held.
    rows: BTreeMap<&'static str, Vec<String>>,
}

impl Exported {
    async fn of(store: &dyn Store, clock: &TestClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manifest = export_to(store, clock, folder.path()).await.unwrap();
        Self { folder, manifest, rows: rows(store).await }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, table: &str) -> PathBuf {
        self.path().join(format!("{table}.jsonl"))
    }

    fn save(&self, manifest: &Manifest) {
        let text = serde_json::to_vec(manifest).unwrap();
        fs::write(self.path().join("manifest.json"), text).unwrap();
    }

    /// Leaves it as it was when so many bytes of a table were written.
    fn cut(&self, table: &str, bytes: usize) {
        let place = TABLES.iter().position(|it| it.name == table).unwrap();
        let mut begun = Manifest { counters: None, ..self.manifest.clone() };
        begun.tables.truncate(place);
        self.save(&begun);
        let text = fs::read(self.file(table)).unwrap();
        fs::write(self.file(table), &text[..bytes]).unwrap();
        for later in &TABLES[place + 1..] {
            fs::remove_file(self.file(later.name)).unwrap();
        }
    }

    /// How many an import has of it, where it reads or writes all of it once.
    fn slices(&self) -> usize {
        let of = |rows: u64| rows.div_ceil(SHORT.rows_max as u64) as usize + 1;
        self.manifest.tables.values().map(|sum| of(sum.rows)).sum()
    }

    fn files(&self) -> BTreeMap<&'static str, String> {
        let read = |name| (name, fs::read_to_string(self.file(name)).unwrap());
        TABLES.iter().map(|table| read(table.name)).collect()
    }
}

pub async fn a_slice_is_bounded_in_rows_and_bytes(store: &dyn Store, clock: &TestClock) {
    store.create_bin(bin::a_bin(clock, "mine")).await.unwrap();
    for number in 0..10 {
        let request = bin::a_request(clock, &number.to_string().repeat(10_000));
        store.add_bin_request("mine", request, bin::up_to(10)).await.unwrap();
    }
    let requests = TABLES.iter().find(|table| table.name == "bin_request").unwrap();
    let check = async |rows_max, bytes_max, expected: &[usize]| {
        let (mut after, mut slices) = (None, Vec::new());
        loop {
            let bounds = Bounds { rows_max, bytes_max };
            let slice = store.read_rows(requests, after.as_ref(), bounds).await.unwrap();
            if slice.is_empty() {
                break;
            }
            slices.push(slice.len());
            after = slice.into_iter().next_back();
        }
        assert_eq!(slices, expected, "{rows_max} {bytes_max}");
    };
    check(4, usize::MAX >> 1, &[4, 4, 2]).await;
    check(10, usize::MAX >> 1, &[10]).await;
    check(100, 35_000, &[4, 4, 2]).await;
    check(3, 35_000, &[3, 3, 3, 1]).await;
    // However little may be read, it goes on.
    check(10, 1, &[1; 10]).await;
}

pub async fn everything_arrives(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    for (table, rows) in &exported.rows {
        assert!(!rows.is_empty(), "there is something of everything, but of {table}");
    }
    import_from(to().await.as_ref(), exported.path()).await.unwrap();
    let again = Exported::of(to().await.as_ref(), clock).await;
    for (table, rows) in &exported.rows {
        assert_eq!(again.rows[table], *rows, "{table}");
    }
    assert_eq!(again.manifest.tables, exported.manifest.tables);
    // A position in the feed is another one on the other engine.
    let counters = |manifest: &Manifest| Counters { feed: 0, ..manifest.counters.unwrap() };
    assert_eq!(counters(&again.manifest), counters(&exported.manifest));
}

pub async fn what_was_pending_goes_on(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    import_from(to().await.as_ref(), exported.path()).await.unwrap();
    let (source, target) = (source.as_ref(), &*to().await);

    let events = target.lease_new(10).await.unwrap();
    assert!(events.iter().map(|event| event.request.body.as_ref()).eq([b"0", b"1", b"2"]));
    let unmatched = target.unmatched_changes(10).await.unwrap();
    assert_eq!(unmatched, source.unmatched_changes(10).await.unwrap());
    assert_eq!(unmatched.len(), 3);
    let feed = async |store: &dyn Store| {
        store.changes(ACME, Some(CRM), None, None, 100).await.unwrap().items
    };
    assert_eq!(feed(target).await, feed(source).await);
    let rekeying = target.rekeyings().await.unwrap().remove(0);
    assert_eq!(target.deferred_changes(ACME, CRM, "lead", 10).await.unwrap().len(), 1);
    assert_eq!(target.subscriptions_to_rekey(&rekeying, 0, 10).await.unwrap().len(), 1);
    assert_eq!(target.candidates(&[keys(ACME, &[i64::MIN])], 10).await.unwrap()[0].len(), 2);
    assert_eq!(target.open_runs().await.unwrap(), source.open_runs().await.unwrap());
    let by_key = target.source_by_key(&[2; 32]).await.unwrap();
    assert!(by_key.is_some());
    assert_eq!(by_key, source.source_by_key(&[2; 32]).await.unwrap());
    let again = Accept {
        dedupe_keys: vec!["key 1\u{0}".to_owned()],
        ..new(an_event(clock, events[1].source, "1"))
    };
    assert_eq!(target.accept(again).await.unwrap(), Accepted::Repeat(events[1].id));
    let claim = target.claim(ACME, "answered", &[1; 32], clock.now()).await.unwrap();
    assert_eq!(claim, Claim::Answered(vec![0, 255]));
}

pub async fn messages_go_on(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    import_from(to().await.as_ref(), exported.path()).await.unwrap();
    let (source, target) = (source.as_ref(), &*to().await);

    let all = async |store: &dyn Store| {
        let filter = DeliveryFilter::default();
        read_all!(100, |page| store.deliveries(ACME, &filter, page))
    };
    let there = all(source).await;
    assert_eq!(all(target).await, there);
    for delivery in &there {
        let attempts = async |store: &dyn Store| logged(store, delivery.id).await.1;
        assert_eq!(attempts(target).await, attempts(source).await);
    }
    let endpoints = target.endpoints_due().await.unwrap();
    assert_eq!(endpoints, source.endpoints_due().await.unwrap());
    let endpoint = endpoints[0].1;
    let heads = due(target, endpoint, FAR).await;
    assert_eq!(heads, due(source, endpoint, FAR).await);
    // What waits follows, on both alike, and newer ones come behind it.
    let head = heads.iter().find(|head| Said::read(&head.body).record == "5").unwrap();
    assert_eq!(send_one(target, endpoint, "5", ChangeType::Update, 3).await, None);
    let [next] = &finish(target, clock, head, AfterAttempt::Delivered).await[..] else {
        panic!("one waits");
    };
    let said = Said::read(&next.body);
    assert_eq!((said.number, said.changed), (3, vec!["c2".to_owned(), "c3".to_owned()]));
    let new = send_one(target, endpoint, "new", ChangeType::Update, 1).await.unwrap();
    assert!(there.iter().all(|delivery| delivery.id < new.id));
}

pub async fn records_are_found_and_numbers_go_on(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let last = source.connection(OTHER, CRM).await.unwrap().unwrap().no;
    let exported = Exported::of(source.as_ref(), clock).await;
    import_from(to().await.as_ref(), exported.path()).await.unwrap();
    let (source, target) = (source.as_ref(), &*to().await);

    let peru = PERU.to_string();
    assert_eq!(read(target, "Country", &peru).await, read(source, "Country", &peru).await);
    assert_eq!(read(target, "Country", &CANADA.to_string()).await, None);
    let by_code = a_search("Contact", json!({ "column": "Code", "op": "eq", "value": "1" }));
    let found = search_all(target, &by_code).await;
    assert_eq!(found, search_all(source, &by_code).await);
    assert_eq!(read(target, "Contact", &found[0].id).await.as_ref(), Some(&found[0]));

    let next = json!({ "Name": "next" });
    let expected = create(source, "Contact", next.clone()).await.number;
    assert_eq!(create(target, "Contact", next).await.number, expected);
    let changes = target.unmatched_changes(10).await.unwrap();
    assert!(changes.windows(2).all(|pair| pair[0].id < pair[1].id));
    let taken = write(target, a_create("Contact", json!({ "Name": "Eve", "Code": "1" }))).await;
    assert!(matches!(taken, Err(StoreError::UniqueViolation { .. })));
    // The number between was that of one that is gone.
    given_connection(target, ACME, "new").await;
    let new = target.connection(ACME, "new").await.unwrap().unwrap();
    assert_eq!(new.no.0, last.0 + 2);
    target.add_bin_request("mine", bin::a_request(clock, "2"), bin::up_to(10)).await.unwrap();
    let numbers = target.bin_requests("mine", None, 10).await.unwrap();
    assert!(numbers.iter().map(|request| request.number).eq([2, 1]));
    assert_eq!(target.create_workspace("third", "Third").await.unwrap().id.0, 3);
}

pub async fn an_export_goes_on_where_it_was_cut(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    import_from(to().await.as_ref(), Exported::of(source.as_ref(), clock).await.path())
        .await
        .unwrap();
    for store in [source, to().await] {
        let exported = Exported::of(store.as_ref(), clock).await;
        let files = exported.files();
        for table in ["record", "delivery_queue"] {
            let first = files[table].find('\n').unwrap() + 1;
            // Before its first row, behind it, within the second, behind the last.
            let whole = files[table].len();
            for bytes in [0, first, (first + 5).min(whole), whole] {
                exported.cut(table, bytes);
                let again = export_to(store.as_ref(), clock, exported.path()).await.unwrap();
                assert_eq!(again, exported.manifest, "{table} {bytes}");
                assert_eq!(exported.files(), files, "{table} {bytes}");
            }
        }
        // What was read before is not there any more.
        exported.cut("record", files["record"].find('\n').unwrap() + 1);
        store.put_setting(ACME, "origins", &json!([])).await.unwrap();
        let refused = export_to(store.as_ref(), clock, exported.path()).await;
        assert!(matches!(refused, Err(TransferError::Changed("setting"))), "{refused:?}");
    }
}

pub async fn an_import_goes_on_where_it_was_cut(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    // More of them each time, since comparing begins anew; checking does, too, and is
    // not cut off before something is written.
    let cuts = (exported.slices() + 1..).step_by(7);
    for (cuts_before, slices) in cuts.enumerate() {
        let target = to().await;
        // Cut off at its very last word it had ended all the same.
        let has_ended = 0 < cuts_before && target.note(IMPORT_NOTE).await.unwrap().is_none();
        let ends = async || import_slices(target.as_ref(), exported.path(), slices).await;
        if has_ended || ends().await.map(Result::unwrap).is_some() {
            assert!(slices > exported.slices() + 100, "it was cut off often");
            break;
        }
    }
    let again = Exported::of(to().await.as_ref(), clock).await;
    assert_eq!(again.rows, exported.rows);
}

pub async fn what_cannot_be_imported_is_refused(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    let target = to().await;
    let import = async || import_from(target.as_ref(), exported.path()).await.unwrap_err();
    let whole = exported.manifest.clone();

    exported.save(&Manifest { counters: None, ..whole.clone() });
    assert!(matches!(import().await, TransferError::Incomplete(_)));
    exported.save(&Manifest { format: 1_000, ..whole.clone() });
    assert!(matches!(import().await, TransferError::OtherFormat(1_000)));
    exported.save(&Manifest { seal_key: "12345678".to_owned(), ..whole.clone() });
    let refused = import().await;
    assert!(matches!(refused, TransferError::OtherSealKey { .. }));
    assert!(refused.to_string().contains("copy seal.key"), "{refused}");
    fs::write(exported.path().join("manifest.json"), "{").unwrap();
    assert!(matches!(import().await, TransferError::Line { number: 1, .. }));
    fs::remove_file(exported.path().join("manifest.json")).unwrap();
    assert!(matches!(import().await, TransferError::NoExport(_)));
    exported.save(&whole);

    let complete = export_to(source.as_ref(), clock, exported.path()).await;
    assert!(matches!(complete, Err(TransferError::Complete(_))));
    let occupied = tempfile::tempdir().unwrap();
    fs::write(occupied.path().join("mine"), "").unwrap();
    let occupied = export_to(source.as_ref(), clock, occupied.path()).await;
    assert!(matches!(occupied, Err(TransferError::Occupied(_))));

    target.create_workspace("acme", "Acme").await.unwrap();
    let refused = import().await;
    assert!(matches!(refused, TransferError::NotEmpty), "{refused:?}");
}

pub async fn a_file_that_is_not_as_exported_is_never_written(
    from: Open<'_>,
    to: Open<'_>,
    clock: &TestClock,
) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    // One of the last, so that a check which comes too late has written a lot.
    let file = exported.file("bin_request");
    let text = fs::read_to_string(&file).unwrap();
    let wrong = [
        (text.replacen("GET", "PUT", 1).replacen("POST", "PUT", 1), "the manifest says"),
        (text.repeat(2), "it has 2 rows"),
        (String::new(), "it has 0 rows"),
        (text[..text.len() / 2].to_owned(), "it is cut off"),
        (format!("x{text}"), "line 1 of"),
    ];
    let check = async |target: &dyn Store| {
        let before = rows(target).await;
        let noted = target.note(IMPORT_NOTE).await.unwrap();
        let refused = async |expect: &str| {
            let refused = import_from(target, exported.path()).await.unwrap_err();
            let said = refused.to_string();
            assert!(said.contains("bin_request.jsonl") && said.contains(expect), "{said}");
            assert_eq!(rows(target).await, before, "{said}");
            assert_eq!(target.note(IMPORT_NOTE).await.unwrap(), noted, "{said}");
        };
        for (wrong, expect) in &wrong {
            assert_ne!(*wrong, text);
            fs::write(&file, wrong).unwrap();
            refused(expect).await;
        }
        fs::remove_file(&file).unwrap();
        refused("is not there").await;
        fs::write(&file, &text).unwrap();
    };
    let target = to().await;
    check(target.as_ref()).await;
    let slices = exported.slices() + 9;
    assert!(import_slices(target.as_ref(), exported.path(), slices).await.is_none());
    // What was being written when it was cut off is, or is not.
    target.close().await;
    drop(target);
    let target = to().await;
    assert!(target.note(IMPORT_NOTE).await.unwrap().is_some());
    check(target.as_ref()).await;

    // Nothing else may be imported now.
    let other = Exported::of(source.as_ref(), clock).await;
    other.save(&Manifest { version: "other".to_owned(), ..other.manifest.clone() });
    let refused = import_from(target.as_ref(), other.path()).await;
    assert!(matches!(refused, Err(TransferError::OtherImport)), "{refused:?}");
    // With the file as it was it goes on.
    import_from(target.as_ref(), exported.path()).await.unwrap();
}

pub async fn a_store_that_differs_is_found(from: Open<'_>, to: Open<'_>, clock: &TestClock) {
    let source = from().await;
    given_everything(source.as_ref(), clock).await;
    let exported = Exported::of(source.as_ref(), clock).await;
    let target = to().await;
    // All of it is checked and written, and the comparing begun.
    let slices = 2 * exported.slices() + 1;
    assert!(import_slices(target.as_ref(), exported.path(), slices).await.is_none());
    target.delete_bin(ACME, "mine").await.unwrap();
    let refused = import_from(target.as_ref(), exported.path()).await.unwrap_err();
    assert!(matches!(refused, TransferError::Differs { table: "bin", .. }), "{refused:?}");
    assert!(refused.to_string().contains("begin again with an empty store"), "{refused}");
    assert!(target.note(IMPORT_NOTE).await.unwrap().is_some());
}
