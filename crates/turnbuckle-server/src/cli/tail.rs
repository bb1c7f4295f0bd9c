//! `turnbuckle tail`: what happens, as it happens.
//!
//! Asks the API every second for what is recent and prints each line once per
//! status that it was seen in. What changes later than [`RECENT`] after it came
//! is not seen here; the log has it.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use turnbuckle_server::api::time::rfc3339;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock as _;

use super::arguments::ClientArguments;
use super::client::Client;
use super::output::{Output, cell};

const INTERVAL: Duration = Duration::from_secs(1);
const RECENT: Duration = Duration::from_secs(600);

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    client: ClientArguments,
    /// Begin with what is recent instead of what comes from now on.
    #[arg(long)]
    recent: bool,
}

/// One of the logs that are followed.
struct Log {
    kind: &'static str,
    path: &'static str,
    plural: &'static str,
    /// Status in which each recent line was last seen.
    seen: HashMap<String, String>,
    line: fn(&Value) -> String,
}

pub async fn run(arguments: &Arguments, output: Output) -> anyhow::Result<()> {
    let client = Client::new(&arguments.client)?;
    let mut logs = [
        Log {
            kind: "inbound_event",
            path: "/api/v1/inbound-events",
            plural: "inbound_events",
            seen: HashMap::new(),
            line: event_line,
        },
        Log {
            kind: "delivery",
            path: "/api/v1/deliveries",
            plural: "deliveries",
            seen: HashMap::new(),
            line: delivery_line,
        },
    ];
    if !arguments.recent {
        for log in &mut logs {
            log.take_new(&client).await?;
        }
        output.note("waiting for inbound events and deliveries, Ctrl-C ends");
    }
    loop {
        for log in &mut logs {
            for item in log.take_new(&client).await? {
                output.answer(&json!({ log.kind: item }), || (log.line)(&item))?;
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

impl Log {
    /// Recent lines that are not known in their present status, oldest first.
    async fn take_new(&mut self, client: &Client) -> anyhow::Result<Vec<Value>> {
        let since = rfc3339(SystemClock.now() - RECENT.as_millis() as i64);
        let mut items = client.list(&format!("{}?since={since}", self.path), self.plural).await?;
        items.reverse();
        let status = |item: &Value| (cell(&item["id"]), cell(&item["status"]));
        let recent: HashMap<_, _> = items.iter().map(status).collect();
        items.retain(|item| self.seen.get(&cell(&item["id"])) != Some(&cell(&item["status"])));
        self.seen = recent;
        Ok(items)
    }
}

fn event_line(item: &Value) -> String {
    let records = item["records"].as_array().into_iter().flatten();
    let records = records.map(|it| format!(" {}:{}", cell(&it["entity"]), cell(&it["id"])));
    let warnings = match item["warnings"].as_array().map_or(0, Vec::len) {
        0 => String::new(),
        1 => " (1 warning)".to_owned(),
        count => format!(" ({count} warnings)"),
    };
    let error = item["error"].as_str().map(|error| format!(" {error}")).unwrap_or_default();
    format!(
        "{}  in   {:9}  {}{}{warnings}{error}",
        cell(&item["received_at"]),
        cell(&item["status"]),
        cell(&item["id"]),
        records.collect::<String>(),
    )
}

fn delivery_line(item: &Value) -> String {
    let about = ["type", "object", "record", "endpoint"].map(|name| cell(&item[name]));
    let about: Vec<_> = about.into_iter().filter(|it| !it.is_empty()).collect();
    format!(
        "{}  out  {:9}  {} {}",
        cell(&item["created_at"]),
        cell(&item["status"]),
        cell(&item["id"]),
        about.join(" "),
    )
}
