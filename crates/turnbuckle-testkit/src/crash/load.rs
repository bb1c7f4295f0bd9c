//! The tasks that load a hub. Each writes lines of its own, one write after the
//! other, and never gives up on a hub that is away.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::ledger::{Ledger, State};
use crate::client::{Answer, Client};
use crate::dice::Dice;
use crate::setup::{object_path, records_path, text};

/// Contacts that one task updates or creates.
const KEYS_PER_TASK: u64 = 4;
/// Records that one task works on at a time.
const RECORDS_PER_TASK: usize = 12;
/// Leads in one post of several.
const LOT: u64 = 3;
/// The longest a task rests after a write, in milliseconds.
const REST_MS: u64 = 6;

/// What one task does; a path is that of a source.
#[derive(Debug, Clone)]
pub enum Job {
    /// Posts leads, each once.
    Create(String),
    /// Posts several leads in one body.
    CreateLot(String),
    /// Posts leads that a function is called with first. A call that is cut off is not made
    /// again.
    CallOnce(String),
    /// Posts contacts that are found again by a key.
    Upsert(String),
    /// Posts leads until it is answered; repeats are known by a header.
    CreateOnce(String),
    /// Creates, updates and deletes deals, by events and by the records API.
    Work,
}

/// Whether tasks may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Wait,
    Go,
    Finish,
}

/// Holds the tasks back while the hub is away. Cheap to clone.
#[derive(Clone)]
pub struct Gate(watch::Sender<Pass>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(Pass::Wait))
    }
}

impl Gate {
    pub fn open(&self) {
        self.0.send_replace(Pass::Go);
    }

    pub fn close(&self) {
        self.0.send_replace(Pass::Wait);
    }

    /// Lets the tasks end.
    pub fn finish(&self) {
        self.0.send_replace(Pass::Finish);
    }

    /// Waits until the hub is there.
    async fn pass(&self) -> Pass {
        let mut pass = self.0.subscribe();
        let passed = pass.wait_for(|pass| *pass != Pass::Wait).await;
        *passed.expect("the gate holds its sender")
    }
}

/// One task.
pub struct Loader {
    client: Client,
    ledger: Ledger,
    gate: Gate,
    dice: Dice,
    /// Prefix of this task's tokens.
    name: String,
    count: u64,
}

/// A record that this task works on.
struct Deal {
    token: String,
    /// As the universal wire names it, `Opportunity:…`.
    id: String,
    sequence: u32,
}

/// A write by either API.
enum Write {
    Create,
    Update,
    Delete,
}

impl Loader {
    pub fn new(client: Client, ledger: Ledger, gate: Gate, dice: Dice, task: usize) -> Self {
        Self { client, ledger, gate, dice, name: format!("t{task}"), count: 0 }
    }

    /// Works until the gate says that it is enough.
    pub async fn run(mut self, job: Job) {
        let mut sequences = [0; KEYS_PER_TASK as usize];
        let mut deals = Vec::new();
        while self.gate.pass().await == Pass::Go {
            match &job {
                Job::Create(path) => self.create(path).await,
                Job::CallOnce(path) => self.call_once(path).await,
                Job::CreateLot(path) => self.create_lot(path).await,
                Job::Upsert(path) => self.upsert(path, &mut sequences).await,
                Job::CreateOnce(path) => self.create_once(path).await,
                Job::Work => self.work(&mut deals).await,
            }
            tokio::time::sleep(self.dice.millis(REST_MS)).await;
        }
    }

    async fn create(&mut self, path: &str) {
        let token = self.new_token();
        self.ledger.sent(&token, "Lead", State::Written(1));
        let body = json!({"EntityName": "Lead", "Contact": "Ada", "Notes": note(&token, 1)});
        let Some(answer) = self.post(path, &body).await else { return };
        self.stored(answer);
        self.ledger.acknowledged(&token, State::Written(1));
    }

    /// Whether there will be a record nobody knows: the hub may be killed during the call.
    async fn call_once(&mut self, path: &str) {
        let token = self.new_token();
        self.ledger.sent(&token, "Lead", State::Written(1));
        let body = json!({"EntityName": "Lead", "Contact": "Ada", "Notes": note(&token, 1)});
        let Some(answer) = self.post(path, &body).await else { return };
        self.ledger.called_once(text(&answer.expect(200)["id"]));
    }

    async fn create_lot(&mut self, path: &str) {
        let tokens: Vec<_> = (0..LOT).map(|_| self.new_token()).collect();
        for token in &tokens {
            self.ledger.sent(token, "Lead", State::Written(1));
        }
        let leads: Vec<_> = tokens.iter().map(|it| json!({"note": note(it, 1)})).collect();
        let body = json!({"by": "Ada", "leads": leads});
        let Some(answer) = self.post(path, &body).await else { return };
        self.stored(answer);
        for token in &tokens {
            self.ledger.acknowledged(token, State::Written(1));
        }
    }

    async fn upsert(&mut self, path: &str, sequences: &mut [u32]) {
        let key = self.dice.below(KEYS_PER_TASK);
        let sequence = &mut sequences[key as usize];
        *sequence += 1;
        let (token, state) = (format!("{}-key{key}", self.name), State::Written(*sequence));
        self.ledger.sent(&token, "Contact", state);
        let body = json!({
            "EntityName": "Contact", "Name": "Ada", "Email": format!("{token}@app.example"),
            "Notes": note(&token, *sequence),
        });
        let Some(answer) = self.post(path, &body).await else { return };
        self.stored(answer);
        self.ledger.acknowledged(&token, state);
    }

    /// As senders do that know a repeat by its id: until there is an answer, and
    /// sometimes once more.
    async fn create_once(&mut self, path: &str) {
        let token = self.new_token();
        self.ledger.sent(&token, "Lead", State::Written(1));
        let body = json!({"EntityName": "Lead", "Contact": "Ada", "Notes": note(&token, 1)});
        let mut answered = 0;
        let wanted = if self.dice.once_in(5) { 2 } else { 1 };
        while answered < wanted {
            if self.gate.pass().await == Pass::Finish && answered > 0 {
                return;
            }
            let request = self.client.request(Method::POST, path).header("x-event-id", &token);
            let Some(answer) = self.send(request.json(&body)).await else { continue };
            self.stored(answer);
            self.ledger.acknowledged(&token, State::Written(1));
            answered += 1;
        }
    }

    async fn work(&mut self, deals: &mut Vec<Deal>) {
        if deals.len() < RECORDS_PER_TASK {
            let deal = Deal { token: self.new_token(), id: String::new(), sequence: 1 };
            return deals.extend(self.create_deal(deal).await);
        }
        let index = self.dice.below(deals.len() as u64) as usize;
        if self.dice.once_in(5) {
            let deal = deals.swap_remove(index);
            let (token, state) = (deal.token.clone(), State::Absent);
            self.ledger.sent(&token, "Opportunity", state);
            match self.write(Write::Delete, &deal).await {
                None => deals.push(deal),
                Some(answer) if answer.status == 404 => self.ledger.gone(&token),
                Some(answer) => {
                    answer.success();
                    self.ledger.acknowledged(&token, state);
                }
            }
            return;
        }
        let deal = &mut deals[index];
        deal.sequence += 1;
        let state = State::Written(deal.sequence);
        self.ledger.sent(&deal.token, "Opportunity", state);
        match self.write(Write::Update, &deals[index]).await {
            None => {}
            Some(answer) if answer.status == 404 => {
                self.ledger.gone(&deals.swap_remove(index).token);
            }
            Some(answer) => {
                answer.expect(200);
                self.ledger.acknowledged(&deals[index].token, state);
            }
        }
    }

    /// `None` when it is not known whether there is a record: then nobody knows
    /// its id, and it is left alone.
    async fn create_deal(&mut self, mut deal: Deal) -> Option<Deal> {
        self.ledger.sent(&deal.token, "Opportunity", State::Written(1));
        let answer = self.write(Write::Create, &deal).await?.expect(201);
        self.ledger.acknowledged(&deal.token, State::Written(1));
        let id = text(&answer["record"]["id"]);
        deal.id = if id.contains(':') { id } else { format!("Opportunity:{id}") };
        Some(deal)
    }

    async fn write(&mut self, write: Write, deal: &Deal) -> Option<Answer> {
        let note = note(&deal.token, deal.sequence);
        let request = if self.dice.once_in(2) {
            let (event, payload) = match write {
                Write::Create => ("add", json!({ "note": note })),
                Write::Update => ("change", json!({ "note": note })),
                Write::Delete => ("remove", json!({})),
            };
            let mut body = json!({ "payload": payload });
            if !matches!(write, Write::Create) {
                body["record_id"] = json!(deal.id);
            }
            let path = format!("{}/events/{event}", object_path("deal"));
            self.client.request(Method::POST, &path).json(&body)
        } else {
            let path = records_path("Opportunity");
            let id = deal.id.trim_start_matches("Opportunity:");
            let record = format!("{path}/{id}");
            match write {
                Write::Create => self
                    .client
                    .request(Method::POST, &path)
                    .json(&json!({"data": {"Title": "Deal", "Notes": note}})),
                Write::Update => self
                    .client
                    .request(Method::PATCH, &record)
                    .json(&json!({"data": {"Notes": note}})),
                Write::Delete => self.client.request(Method::DELETE, &record),
            }
        };
        self.send(request).await
    }

    async fn post(&self, path: &str, body: &Json) -> Option<Answer> {
        self.send(self.client.request(Method::POST, path).json(body)).await
    }

    /// `None` where the hub died, or said that it is busy: that may be a write
    /// that was done, too.
    async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        self.client.try_send(request).await.ok().filter(|answer| answer.status != 503)
    }

    fn stored(&self, answer: Answer) {
        let answer = answer.expect(200);
        assert_ne!(answer["status"], "failed", "{answer}");
        self.ledger.stored(text(&answer["id"]));
    }

    fn new_token(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.name, self.count)
    }
}

/// What a write puts into the column `Notes`.
fn note(token: &str, sequence: u32) -> String {
    format!("{token} {sequence}")
}

/// The token and the sequence of a note.
///
/// # Panics
/// When nobody of us wrote it.
pub fn read_note(note: &Json) -> (String, u32) {
    let parts = note.as_str().and_then(|it| it.split_once(' '));
    let (token, sequence) = parts.unwrap_or_else(|| panic!("{note} was written by nobody"));
    (token.to_owned(), sequence.parse().unwrap_or_else(|_| panic!("{note} has no sequence")))
}
