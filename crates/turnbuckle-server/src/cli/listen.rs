//! `turnbuckle listen --forward-to URL`: the hub's messages on this machine.
//!
//! Makes a bin and an endpoint that delivers to it, asks the bin for what came
//! and posts it on, headers and body as they were, so that signatures hold. Both
//! are removed when the command ends.

use std::time::Duration;

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use turnbuckle_core::text::web_url;
use url::Url;

use super::arguments::ClientArguments;
use super::client::{Client, http_client, is_this_machine};
use super::output::{Output, cell};
use super::serve::StopSignals;

const INTERVAL: Duration = Duration::from_millis(500);

/// Headers that belong to one connection and are not passed on.
const OF_CONNECTION: [&str; 4] = ["host", "content-length", "connection", "transfer-encoding"];

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    client: ClientArguments,
    /// Where to post what arrives, e.g. http://localhost:3000/hooks.
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// universal, agile, standard or cloudevents. Default: universal, which is silent where no
    /// object is mapped; with `--scope changes` standard.
    #[arg(long)]
    format: Option<String>,
    /// `subscriptions` for what is subscribed to, `changes` for every change.
    #[arg(long)]
    scope: Option<String>,
    /// Only changes of this connection.
    #[arg(long)]
    connection: Option<String>,
}

/// The bin and the endpoint of one run.
struct Receiver {
    bin: String,
    endpoint: String,
    /// Number of the last request that was passed on.
    last_number: i64,
}

pub async fn run(arguments: &Arguments, output: Output) -> anyhow::Result<()> {
    let client = Client::new(&arguments.client)?;
    let forward_to =
        web_url(&arguments.forward_to).map_err(|must| anyhow!("--forward-to {must}"))?;
    let http = http_client(forward_to.as_str())?;
    let mut signals = StopSignals::listen()?;
    let mut receiver = Receiver::make(&client, arguments, output).await?;
    let forwarding = async {
        loop {
            for request in receiver.take_new(&client).await? {
                let line = forward(&http, &forward_to, &request).await;
                output.answer(&line, || line_of(&line))?;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    let ended = tokio::select! {
        ended = forwarding => ended,
        () = signals.next() => Ok(()),
    };
    receiver.remove(&client).await?;
    ended
}

impl Receiver {
    async fn make(client: &Client, arguments: &Arguments, output: Output) -> anyhow::Result<Self> {
        let bin = client.post("/api/v1/bins", &json!({})).await?;
        let usual = match arguments.scope.as_deref() {
            Some("changes") => "standard",
            _ => "universal",
        };
        let format = arguments.format.as_deref().unwrap_or(usual);
        let mut wanted = json!({"url": bin["bin"]["url"], "format": format});
        for (name, value) in [("scope", &arguments.scope), ("connection", &arguments.connection)] {
            if let Some(value) = value {
                wanted[name] = json!(value);
            }
        }
        let made = client.post("/api/v1/endpoints", &wanted).await?;
        let endpoint = &made["endpoint"];
        output.answer(&json!({"endpoint": endpoint}), || {
            let [id, secret] = ["id", "secret"].map(|name| cell(&endpoint[name]));
            format!("endpoint {id} delivers here; its secret is {secret}")
        })?;
        if Url::parse(client.base()).is_ok_and(|url| is_this_machine(&url)) {
            output.note(
                "if nothing arrives: a server on this machine delivers to its own bins only when \
                 started with TURNBUCKLE_EGRESS__ALLOW_CIDRS=127.0.0.0/8",
            );
        }
        output.note("waiting for messages, Ctrl-C ends");
        Ok(Self { bin: cell(&bin["bin"]["name"]), endpoint: cell(&endpoint["id"]), last_number: 0 })
    }

    /// Requests that were not passed on yet, oldest first.
    async fn take_new(&mut self, client: &Client) -> anyhow::Result<Vec<Value>> {
        let path = format!("/api/v1/bins/{}/requests", self.bin);
        let mut requests = client.list(&path, "requests").await?;
        let number = |request: &Value| request["number"].as_i64().unwrap_or_default();
        requests.retain(|request| self.last_number < number(request));
        requests.reverse();
        if let Some(last) = requests.last() {
            self.last_number = number(last);
        }
        Ok(requests)
    }

    async fn remove(self, client: &Client) -> anyhow::Result<()> {
        client.delete(&format!("/api/v1/endpoints/{}", self.endpoint)).await?;
        client.delete(&format!("/api/v1/bins/{}", self.bin)).await
    }
}

/// Posts one request on and says how that went.
async fn forward(http: &reqwest::Client, to: &Url, request: &Value) -> Value {
    let method = request["method"].as_str().and_then(|it| it.parse().ok());
    let sent = http
        .request(method.unwrap_or(Method::POST), to.clone())
        .headers(headers(&request["headers"]))
        .body(body(request))
        .send()
        .await;
    let result = match sent {
        Ok(answer) => json!({"status": answer.status().as_u16()}),
        // With what lies behind it: alone it does not say that nobody listens there.
        Err(error) => json!({"error": format!("{:#}", anyhow!(error))}),
    };
    json!({"request": request, "forwarded": result})
}

/// The bytes that came, which a bin shows in Base64 where they are no text.
fn body(request: &Value) -> Vec<u8> {
    let text = request["body"].as_str().unwrap_or_default();
    match request["body_encoding"].as_str() {
        Some("base64") => STANDARD.decode(text).unwrap_or_default(),
        _ => text.as_bytes().to_vec(),
    }
}

fn headers(shown: &Value) -> HeaderMap {
    let members = shown.as_object().into_iter().flatten();
    let passed_on = members.filter(|(name, _)| !OF_CONNECTION.contains(&name.as_str()));
    let headers = passed_on.filter_map(|(name, value)| {
        let name = name.parse::<HeaderName>().ok()?;
        Some((name, value.as_str()?.parse::<HeaderValue>().ok()?))
    });
    headers.collect()
}

fn line_of(line: &Value) -> String {
    let request = &line["request"];
    let forwarded = &line["forwarded"];
    let result =
        if forwarded["error"].is_null() { &forwarded["status"] } else { &forwarded["error"] };
    format!(
        "{}  {}  {}",
        cell(&request["headers"]["webhook-timestamp"]),
        cell(&request["headers"]["webhook-id"]),
        cell(result)
    )
}
