//! Compares what a hub acknowledged with what it holds and what it told.
//!
//! | compared | must hold |
//! |---|---|
//! | inbound events | every acknowledged one is done, none has failed, but those whose call was cut off and is not made again |
//! | calls of a function | one that was cut off is in the log as such; where it is not made again, none was made twice |
//! | records | one for each line, in a state that the line may have; nothing else |
//! | change feed | one change for each version of a record |
//! | the endpoint of every change | each change told under one id with one body, in the order of its record, and no other |
//! | the endpoint of the latest state | the last body is the record's last state |
//! | both | every signature verifies; nothing is dead |

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde_json::Value as Json;

use super::ledger::{Book, Ledger, State};
use super::load::read_note;
use super::stage::{ENTITIES, FUNCTION, Outlet, Stage};
use crate::client::Client;
use crate::setup::{CONNECTION, everything, text};
use crate::sink::Call;
use crate::wait;

/// How long a hub may take to finish what is left after its last kill.
const BUSY: Duration = Duration::from_secs(180);
/// How long changes may be on their way while nothing else is left to do.
const ON_THE_WAY: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);
/// Problems that are shown when there are more.
const PROBLEMS_SHOWN: usize = 20;

/// What was compared.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    pub lines: usize,
    pub records: usize,
    pub changes: usize,
    /// Calls beyond the first of a message.
    pub repeats: usize,
    /// Events of which a call of a function was cut off.
    pub cut_off: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, records, changes, repeats, cut_off } = self;
        write!(
            f,
            "{lines} lines, {records} records, {changes} changes, {repeats} repeated calls, \
             {cut_off} functions cut off"
        )
    }
}

/// Waits until the hub has nothing left to do and everything adds up.
///
/// # Panics
/// When it is busy for longer than [`BUSY`], or idle and does not add up.
pub async fn settle(client: &Client, stage: &Stage, ledger: &Ledger) -> Summary {
    wait::until_within(BUSY, "the hub to finish", async || is_idle(client).await.then_some(()))
        .await;
    // The last changes may still be on their way from records to deliveries.
    let deadline = Instant::now() + ON_THE_WAY;
    loop {
        let audit = Audit::take(client, stage, ledger.book()).await;
        if audit.problems.is_empty() && is_idle(client).await {
            return audit.summary;
        }
        assert!(Instant::now() < deadline, "it does not add up: {audit}");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn is_idle(client: &Client) -> bool {
    for (path, name) in [
        ("/api/v1/inbound-events?status=new", "inbound_events"),
        ("/api/v1/inbound-events?status=processing", "inbound_events"),
        ("/api/v1/deliveries?status=pending", "deliveries"),
    ] {
        let page = client.get(&format!("{path}&limit=1")).await.expect(200);
        if !page[name].as_array().unwrap_or_else(|| panic!("no {name}: {page}")).is_empty() {
            return false;
        }
    }
    true
}

/// One comparison.
struct Audit {
    problems: Vec<String>,
    summary: Summary,
}

/// A record of the hub.
struct Found {
    id: String,
    sequence: u32,
    version: u64,
}

/// A message of a record, when it arrived first.
struct Told {
    webhook_id: String,
    change: Option<String>,
    is_delete: bool,
    token: String,
    sequence: u32,
}

impl Audit {
    async fn take(client: &Client, stage: &Stage, book: Book) -> Self {
        let lines = book.lines.len();
        let summary = Summary { lines, records: 0, changes: 0, repeats: 0, cut_off: 0 };
        let mut audit = Self { problems: Vec::new(), summary };
        audit.check_inbound_events(client, stage, &book).await;
        audit.check_calls(stage);
        audit.check_deliveries(client).await;
        let records = audit.records(client, &book).await;
        let feed = audit.feed(client).await;

        let every = audit.read(&stage.every, read_standard);
        let latest = audit.read(&stage.latest, read_universal);
        audit.check_versions(&records, &feed);
        audit.check_every(&every, &feed, &book);
        audit.check_latest(&latest, &records);
        audit
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    async fn check_inbound_events(&mut self, client: &Client, stage: &Stage, book: &Book) {
        let calls = format!("/api/v1/functions/{FUNCTION}/calls?failed=true");
        let calls = client.list(&calls, "calls").await;
        let was_cut_off = calls.iter().filter(|call| call["error"]["name"] == "CutOff");
        let cut_off: HashSet<_> = was_cut_off.map(|call| text(&call["event"])).collect();
        let failed = client.list("/api/v1/inbound-events?status=failed", "inbound_events").await;
        let may_fail = |event: &Json| {
            event["source"] == stage.calls_once.as_str() && cut_off.contains(&text(&event["id"]))
        };
        let (given_up, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(may_fail);
        for event in failed {
            self.problem(format!("an inbound event failed: {event}"));
        }
        let done = client.list("/api/v1/inbound-events?status=done", "inbound_events").await;
        let done: HashSet<_> = done.iter().map(|event| text(&event["id"])).collect();
        for lost in book.inbound_events.iter().filter(|id| !done.contains(*id)) {
            self.problem(format!("{lost} was acknowledged and is not done"));
        }
        let given_up: HashSet<_> = given_up.iter().map(|event| text(&event["id"])).collect();
        let has_ended = |id: &&String| done.contains(*id) || given_up.contains(*id);
        for lost in book.called_once.iter().filter(|id| !has_ended(id)) {
            self.problem(format!("{lost} was acknowledged and has not ended"));
        }
        self.summary.cut_off = cut_off.len();
    }

    fn check_calls(&mut self, stage: &Stage) {
        let mut made: HashMap<String, usize> = HashMap::new();
        for call in stage.witness.calls() {
            *made.entry(read_note(&call.json()["Notes"]).0).or_default() += 1;
        }
        let once = made.iter().filter(|(token, _)| stage.is_called_once(token));
        for (token, count) in once.filter(|(_, count)| **count > 1) {
            self.problem(format!("the function was called {count} times for {token}"));
        }
    }

    async fn check_deliveries(&mut self, client: &Client) {
        for status in ["dead", "held"] {
            let path = format!("/api/v1/deliveries?status={status}");
            let found = client.list(&path, "deliveries").await;
            if let Some(first) = found.first() {
                self.problem(format!("{} deliveries are {status}: {first}", found.len()));
            }
        }
    }

    /// Every record by its id, once it was compared with its line.
    async fn records(&mut self, client: &Client, book: &Book) -> HashMap<String, Found> {
        let mut found = HashMap::new();
        let mut by_token: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (entity, _) in ENTITIES {
            for record in client.search_records(entity, everything()).await {
                let (token, sequence) = read_note(&record["data"]["Notes"]);
                if book.lines.get(&token).is_none_or(|line| line.entity != entity) {
                    self.problem(format!("nobody asked for this {entity}: {record}"));
                }
                by_token.entry(token).or_default().push(sequence);
                let id = text(&record["id"]);
                let version = record["version"].as_u64().unwrap_or_default();
                found.insert(id.clone(), Found { id, sequence, version });
            }
        }
        for (token, line) in &book.lines {
            let state = match by_token.get(token).map(Vec::as_slice) {
                None => State::Absent,
                Some([sequence]) => State::Written(*sequence),
                Some(several) => {
                    self.problem(format!("{token} has {} records", several.len()));
                    continue;
                }
            };
            if !line.possible.contains(&state) {
                self.problem(format!("{token} is {state:?}, but can only be {:?}", line.possible));
            }
        }
        self.summary.records = found.len();
        found
    }

    /// The ids of the changes of every record, in order.
    async fn feed(&mut self, client: &Client) -> HashMap<String, Vec<String>> {
        let path = format!("/api/v1/changes?connection={CONNECTION}");
        let mut feed: HashMap<_, Vec<_>> = HashMap::new();
        for change in client.list(&path, "changes").await {
            let record = plain_id(&change["record_id"]);
            feed.entry(record).or_default().push(text(&change["id"]));
            self.summary.changes += 1;
        }
        feed
    }

    /// The messages of every record in the order of their first arrival; with
    /// every repeat compared with the first.
    fn read(
        &mut self,
        outlet: &Outlet,
        read: impl Fn(&Call) -> (String, Told),
    ) -> HashMap<String, Vec<Told>> {
        let mut bodies: HashMap<String, Bytes> = HashMap::new();
        let mut told: HashMap<_, Vec<Told>> = HashMap::new();
        for call in outlet.sink.calls() {
            if let Err(error) = call.verify(&outlet.endpoint.secret) {
                self.problem(format!("the signature of {} does not verify: {error}", call.id()));
            }
            let (record, message) = read(&call);
            match bodies.entry(call.id().to_owned()) {
                Entry::Vacant(first) => {
                    first.insert(call.body);
                    told.entry(record).or_default().push(message);
                }
                Entry::Occupied(first) => {
                    self.summary.repeats += 1;
                    let last = told.get(&record).and_then(|messages| messages.last());
                    if *first.get() != call.body {
                        self.problem(format!("{} has two bodies", first.key()));
                    } else if last.is_none_or(|last| last.webhook_id != *first.key()) {
                        let id = first.key();
                        self.problem(format!("{id} came again after a newer one of {record}"));
                    }
                }
            }
        }
        told
    }

    fn check_versions(
        &mut self,
        records: &HashMap<String, Found>,
        feed: &HashMap<String, Vec<String>>,
    ) {
        for Found { id, version, .. } in records.values() {
            let changes = feed.get(id).map_or(0, Vec::len);
            if changes as u64 != *version {
                self.problem(format!("{id} has version {version} and {changes} changes"));
            }
        }
    }

    fn check_every(
        &mut self,
        every: &HashMap<String, Vec<Told>>,
        feed: &HashMap<String, Vec<String>>,
        book: &Book,
    ) {
        for (record, changes) in feed {
            let told = every.get(record).map_or(&[][..], Vec::as_slice);
            let ids: Vec<_> = told.iter().filter_map(|it| it.change.clone()).collect();
            if ids != *changes {
                self.problem(format!("{record} changed by {changes:?}, told were {ids:?}"));
            }
        }
        let mut told_states: HashMap<&str, Vec<State>> = HashMap::new();
        for (record, told) in every {
            if !feed.contains_key(record) {
                self.problem(format!("{record} was told of, but never changed"));
            }
            let states: Vec<_> = told
                .iter()
                .map(|it| if it.is_delete { State::Absent } else { State::Written(it.sequence) })
                .collect();
            // Sequences only grow; a delete comes last.
            let in_order = states.windows(2).all(|pair| match pair {
                [State::Absent, _] => false,
                [_, State::Absent] => true,
                pair => pair[0] < pair[1],
            });
            if !in_order {
                self.problem(format!("{record} was told out of order: {states:?}"));
            }
            let token = told.first().map_or("", |it| it.token.as_str());
            told_states.entry(token).or_default().extend(states);
        }
        for (token, line) in &book.lines {
            let told = told_states.get(token.as_str()).map_or(&[][..], Vec::as_slice);
            for state in line.acknowledged.iter().filter(|state| !told.contains(state)) {
                self.problem(format!("{token} was acknowledged as {state:?}, which was not told"));
            }
        }
    }

    fn check_latest(
        &mut self,
        latest: &HashMap<String, Vec<Told>>,
        records: &HashMap<String, Found>,
    ) {
        for Found { id, sequence, .. } in records.values() {
            let last = latest.get(id).and_then(|told| told.last());
            let told = last.filter(|it| !it.is_delete).map(|it| it.sequence);
            if told != Some(*sequence) {
                self.problem(format!("{id} ends as {sequence}, last told was {told:?}"));
            }
        }
        for (id, told) in latest {
            let is_deleted = told.last().is_some_and(|it| it.is_delete);
            if !is_deleted && !records.contains_key(id) {
                self.problem(format!("{id} was deleted, which was not told last"));
            }
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} problems ({})", self.problems.len(), self.summary)?;
        self.problems.iter().take(PROBLEMS_SHOWN).try_for_each(|it| writeln!(f, "- {it}"))
    }
}

/// The CRM's own id in `Entity:id`.
fn plain_id(id: &Json) -> String {
    let id = text(id);
    id.split_once(':').map_or(id.as_str(), |(_, id)| id).to_owned()
}

/// A message of format `standard` with columns as its data.
fn read_standard(call: &Call) -> (String, Told) {
    let body = call.json();
    let data = &body["data"];
    let change = Some(text(&data["change"]["id"]));
    let is_delete = text(&body["type"]).ends_with(".deleted");
    read_told(call, &data["record"], "Notes", change, is_delete)
}

/// A message of format `universal` with fields as its data.
fn read_universal(call: &Call) -> (String, Told) {
    let event = &call.json()["event"];
    read_told(call, &event["record"], "note", None, event["type"] == "delete")
}

fn read_told(
    call: &Call,
    record: &Json,
    note: &str,
    change: Option<String>,
    is_delete: bool,
) -> (String, Told) {
    let id = plain_id(&record["id"]);
    let (token, sequence) = read_note(&record["data"][note]);
    (id, Told { webhook_id: call.id().to_owned(), change, is_delete, token, sequence })
}
