//! What a hub has before it is loaded and killed: sources, a function, objects, two
//! endpoints.

use serde_json::{Value as Json, json};

use super::load::Job;
use crate::client::Client;
use crate::dice::Dice;
use crate::setup::{Endpoint, everything, object_path};
use crate::sink::{Reply, WebhookSink};

/// The entities that are written, each with the app's object for it.
pub const ENTITIES: [(&str, &str); 3] =
    [("Lead", "lead"), ("Contact", "person"), ("Opportunity", "deal")];

/// One call in so many is refused, so that kills also meet deliveries that wait
/// for their next attempt.
const REFUSED_ONE_IN: u64 = 400;

/// The function that some sources call.
pub const FUNCTION: &str = "witnessed";
/// How long one of its calls takes at most, in milliseconds.
const CALL_MS: u64 = 40;

/// A receiver and the endpoint that stands for it.
pub struct Outlet {
    pub sink: WebhookSink,
    pub endpoint: Endpoint,
}

pub struct Stage {
    jobs: Vec<Job>,
    /// Hears of every call of [`FUNCTION`] while it is made.
    pub witness: WebhookSink,
    /// The source whose calls are not made again when they were cut off.
    pub calls_once: String,
    /// Hears of every change of the entities, one message each.
    pub every: Outlet,
    /// Subscribed to all records of the objects, waiting messages merged.
    pub latest: Outlet,
}

impl Stage {
    pub async fn build(client: &Client, mut dice: Dice) -> Self {
        client.connect().await;
        client.declare(objects(), mapping()).await;
        let every = json!({
            "format": "standard", "scope": "changes", "coalesce": false,
            "entities": ENTITIES.map(|(entity, _)| entity), "retry_schedule": vec![1; 50],
        });
        let latest = json!({
            "format": "universal", "scope": "subscriptions", "coalesce": true,
            "retry_schedule": vec![1; 50],
        });
        let every = Outlet::open(client, every, dice.split()).await;
        let latest = Outlet::open(client, latest, dice.split()).await;
        for (_, object) in ENTITIES {
            let path = format!("{}/events/all/subscriptions", object_path(object));
            client.post(&path, json!({"payload": {}})).await.expect(204);
        }
        let witness = WebhookSink::start().await;
        // So that kills meet calls that are under way.
        let mut delays = dice.split();
        witness.always(move |_| Reply::status(200).delayed(delays.millis(CALL_MS)));
        publish_function(client, &witness).await;
        let (jobs, calls_once) = jobs(client).await;
        Self { jobs, witness, calls_once, every, latest }
    }

    /// Whether a line was written by the task whose calls are made once.
    pub fn is_called_once(&self, token: &str) -> bool {
        let is_it = |job: &Job| matches!(job, Job::CallOnce(_));
        let task = self.jobs.iter().position(is_it).expect("there is such a job");
        token.starts_with(&format!("t{task}-"))
    }

    /// The jobs of the tasks that load the hub.
    pub fn jobs(&self) -> Vec<Job> {
        self.jobs.clone()
    }
}

impl Outlet {
    async fn open(client: &Client, settings: Json, mut dice: Dice) -> Self {
        let sink = WebhookSink::start().await;
        sink.always(move |_| Reply::status(if dice.once_in(REFUSED_ONE_IN) { 503 } else { 200 }));
        let endpoint = client.create_endpoint(&sink, settings).await;
        Self { sink, endpoint }
    }
}

/// A function that tells the witness what it is called with, and changes nothing of it.
async fn publish_function(client: &Client, witness: &WebhookSink) {
    let script = format!(
        r#"function handler(crmAPIRequest) {{
            const post = crmAPIRequest.get("body");
            invokeUrl({{url: "{}", type: "POST", body: post}});
            return post;
        }}"#,
        witness.url()
    );
    let path = format!("/api/v1/functions/{FUNCTION}");
    client.put(&path, json!({ "source": script })).await.success();
    client.post(&format!("{path}/publish"), json!({"version": 1})).await.success();
}

/// The jobs, and the id of the source whose calls are made once.
async fn jobs(client: &Client) -> (Vec<Job>, String) {
    let plain = client.create_source(json!({"name": "plain"})).await;
    let lot = json!({
        "name": "lot",
        "mapping": {
            "entity": "Lead", "each": "body.leads",
            "columns": {"Contact": {"path": "body.by"}, "Notes": {"path": "item.note"}}
        }
    });
    let lot = client.create_source(lot).await;
    let upsert = json!({"name": "upsert", "match_on": {"Contact": ["Email"]}});
    let upsert = client.create_source(upsert).await;
    let once = json!({
        "name": "once", "reply": "processed", "dedupe": {"header": "x-event-id"}
    });
    let once = client.create_source(once).await;
    let calls = |name: &str, again: bool| {
        let function = json!({"name": FUNCTION, "runs": "before", "repeat_cut_off": again});
        json!({"name": name, "function": function})
    };
    let calls_once = client.create_source(calls("calls once", false)).await;
    let calls_again = client.create_source(calls("calls again", true)).await;
    let jobs = vec![
        Job::CallOnce(calls_once.path),
        Job::Create(calls_again.path),
        Job::Create(plain.path.clone()),
        Job::Create(plain.path),
        Job::CreateLot(lot.path),
        Job::Upsert(upsert.path.clone()),
        Job::Upsert(upsert.path),
        Job::CreateOnce(once.path.clone()),
        Job::CreateOnce(once.path),
        Job::Work,
        Job::Work,
    ];
    (jobs, calls_once.id)
}

fn objects() -> Json {
    let fields = json!({"note": {"type": "string", "label": "Note"}});
    let all = json!({"type": "search", "label": "All", "payloadSchema": {}});
    let write = |kind: &str| {
        let schema = json!({"note": {"type": "string", "label": "Note"}});
        json!({"type": kind, "label": kind, "payloadSchema": schema})
    };
    json!({
        "lead": {"fields": fields, "events": {"all": all}},
        "person": {"fields": fields, "events": {"all": all}},
        "deal": {"fields": fields, "events": {
            "all": all,
            "add": write("create"),
            "change": write("update"),
            "remove": {"type": "delete", "label": "Remove", "payloadSchema": {}},
        }},
    })
}

fn mapping() -> Json {
    let fields = json!({"note": {"column": "Notes"}});
    let all = json!({"action": "search", "filter": everything()});
    let note = json!({"payload": "note"});
    json!({
        "lead": {"entity": "Lead", "fields": fields, "events": {"all": all}},
        "person": {"entity": "Contact", "fields": fields, "events": {"all": all}},
        "deal": {"entity": "Opportunity", "fields": fields, "events": {
            "all": all,
            "add": {"action": "create", "columns": {"Title": {"static": "Deal"}, "Notes": note}},
            "change": {"action": "update", "columns": {"Notes": note}},
            "remove": {"action": "delete"},
        }},
    })
}
