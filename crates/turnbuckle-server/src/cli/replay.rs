//! `turnbuckle replay`: processes inbound events again.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value, json};

use super::arguments::ClientArguments;
use super::client::Client;
use super::output::{Output, cell};

/// How often a running replay is asked for its progress.
const INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    client: ClientArguments,
    /// Ids of the events, `in_…`.
    ids: Vec<String>,
    /// Instead of ids: events of this source.
    #[arg(long, conflicts_with = "ids")]
    source: Option<String>,
    /// Instead of ids: events in this status, e.g. failed.
    #[arg(long, conflicts_with = "ids")]
    status: Option<String>,
    /// Instead of ids: events received at or after this time.
    #[arg(long, conflicts_with = "ids")]
    since: Option<String>,
    /// Instead of ids: events received before this time.
    #[arg(long, conflicts_with = "ids")]
    until: Option<String>,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Make new records even where an event made some before.
    #[arg(long)]
    as_new: bool,
}

impl Arguments {
    fn to_json(&self) -> Value {
        let mut wanted = Map::new();
        if !self.ids.is_empty() {
            wanted.insert("ids".to_owned(), json!(self.ids));
        }
        let narrowing = [
            ("source", &self.source),
            ("status", &self.status),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in narrowing {
            if let Some(value) = value {
                wanted.insert(name.to_owned(), json!(value));
            }
        }
        wanted.insert("dry_run".to_owned(), json!(self.dry_run));
        wanted.insert("as_new".to_owned(), json!(self.as_new));
        Value::Object(wanted)
    }
}

pub async fn run(arguments: &Arguments, output: Output) -> anyhow::Result<()> {
    let client = Client::new(&arguments.client)?;
    let mut answer = client.post("/api/v1/inbound-events/replay", &arguments.to_json()).await?;
    if arguments.dry_run {
        return Ok(output.answer(&answer, || differences(&answer["replay"]))?);
    }
    let id = cell(&answer["replay"]["id"]);
    while answer["replay"]["ended_at"].is_null() {
        show_progress(&answer["replay"], output);
        tokio::time::sleep(INTERVAL).await;
        answer = client.get(&format!("/api/v1/replays/{id}")).await?;
    }
    show_progress(&answer["replay"], output);
    let text = || {
        let [total, done, failed] =
            ["total", "done", "failed"].map(|name| cell(&answer["replay"][name]));
        format!("{id}: {done} of {total} done, {failed} failed")
    };
    Ok(output.answer(&answer, text)?)
}

/// A bar on one line of the terminal.
fn show_progress(replay: &Value, output: Output) {
    const WIDTH: u64 = 30;
    if output.is_json() || !std::io::stderr().is_terminal() {
        return;
    }
    let number = |name: &str| replay[name].as_u64().unwrap_or_default();
    let (total, ended) = (number("total"), number("done") + number("failed"));
    let filled = (WIDTH * ended).checked_div(total).unwrap_or(WIDTH).min(WIDTH) as usize;
    let is_over = !replay["ended_at"].is_null();
    let end = if is_over { "\n" } else { "" };
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH as usize - filled));
    eprint!("\r[{bar}] {ended} of {total}{end}");
    // A bar that is late is no failure.
    let _ = std::io::stderr().flush();
}

/// What a dry run found, for people.
fn differences(replay: &Value) -> String {
    let events = replay["events"].as_array().into_iter().flatten();
    let mut lines = Vec::new();
    for event in events {
        let (id, status) = (cell(&event["event"]), cell(&event["status"]));
        lines.push(format!("{id}: {status} {}", cell(&event["error"])).trim_end().to_owned());
        for record in event["records"].as_array().into_iter().flatten() {
            let [entity, id, change] = ["entity", "id", "change"].map(|name| cell(&record[name]));
            lines.push(format!("  {entity} {id} {change}"));
            for (column, it) in record["differences"].as_object().into_iter().flatten() {
                lines.push(format!("    {column}: {} -> {}", it["before"], it["after"]));
            }
        }
    }
    if lines.is_empty() { "nothing would be processed".to_owned() } else { lines.join("\n") }
}
