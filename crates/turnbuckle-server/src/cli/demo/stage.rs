//! Makes the calls of the demo and shows each with its answer.

use std::io;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock as _;

use crate::cli::client::{Client, http_client};
use crate::cli::output::Output;

/// How often something that is awaited is asked for.
const ASK_INTERVAL: Duration = Duration::from_millis(10);
const WAIT_MAX: Duration = Duration::from_secs(5);

pub struct Stage {
    output: Output,
    client: Client,
    step_number: u32,
    /// What was shown, for machines.
    steps: Vec<Value>,
}

impl Stage {
    pub fn new(output: Output, client: Client) -> Self {
        Self { output, client, step_number: 0, steps: Vec::new() }
    }

    pub fn now_s(&self) -> i64 {
        SystemClock.now() / 1_000
    }

    pub fn say(&mut self, sentence: &str) -> io::Result<()> {
        self.steps.push(json!({"says": sentence}));
        self.print(sentence)
    }

    pub fn title(&mut self, sentence: &str) -> io::Result<()> {
        self.step_number += 1;
        self.steps.push(json!({"step": self.step_number, "title": sentence}));
        self.print(&format!("\n{}", self.output.bold(&format!("{}. {sentence}", self.step_number))))
    }

    /// One call of the API, which must be answered with `expect`. The answer to
    /// a `PUT` is what was put and is not printed.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expect: StatusCode,
    ) -> anyhow::Result<Value> {
        let is_echo = method == Method::PUT;
        self.show_request(&method, &format!("$HUB{path}"), true, body.map(short_or_indented))?;
        let (status, answer) = self.client.call(method, path, body).await?;
        self.show_answer(status, if is_echo { &Value::Null } else { &answer })?;
        ensure!(status == expect, "{path} answered {status} instead of {expect}");
        Ok(answer)
    }

    /// Reads `path` until what it answers `is_it`; prints only the status.
    pub async fn call_until(
        &mut self,
        path: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        self.show_request(&Method::GET, &format!("$HUB{path}"), true, None)?;
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let (status, answer) = self.client.call(Method::GET, path, None).await?;
            if is_it(&answer) {
                self.show_answer(status, &Value::Null)?;
                return Ok(answer);
            }
            if deadline < Instant::now() {
                bail!("{path} still answers {answer} after {} s", WAIT_MAX.as_secs());
            }
            sleep(ASK_INTERVAL).await;
        }
    }

    /// Posts as another product does: without a key set.
    pub async fn post_webhook(&mut self, url: &str, body: &str) -> anyhow::Result<Value> {
        let shown = url.replacen(self.client.base(), "$HUB", 1);
        self.show_request(&Method::POST, &shown, false, Some(body.to_owned()))?;
        let answer = http_client(url)?.post(url).body(body.to_owned()).send().await?;
        let status = answer.status();
        let answer: Value = answer.json().await.context("the webhook was not answered in JSON")?;
        self.show_answer(status, &answer)?;
        ensure!(status == StatusCode::OK, "the webhook was answered {status}");
        Ok(answer)
    }

    /// Shows a part of an answer.
    pub fn part(&mut self, value: &Value) -> io::Result<()> {
        self.steps.push(json!({"part": value}));
        self.print(&indented(value))
    }

    /// Shows a message as its receiver sees it.
    pub fn message<const N: usize>(
        &mut self,
        headers: [(&str, &str); N],
        body: &Value,
    ) -> io::Result<()> {
        let shown: serde_json::Map<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.steps.push(json!({"message": {"headers": shown, "body": body}}));
        self.print("")?;
        for (name, value) in headers {
            self.print(&format!("  {name}: {value}"))?;
        }
        self.print("")?;
        self.print(&indented(body))
    }

    pub fn finish(self, took: Duration) -> io::Result<()> {
        if self.output.is_json() {
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            return self.output.line(&json!({"steps": self.steps, "took_ms": took_ms}).to_string());
        }
        let sentence = format!("Everything was as it should be, in {:.1} s.", took.as_secs_f64());
        self.output.line(&format!("\n{}", self.output.green(&sentence)))
    }

    fn show_request(
        &mut self,
        method: &Method,
        url: &str,
        has_key: bool,
        body: Option<String>,
    ) -> io::Result<()> {
        self.steps.push(json!({"request": {"method": method.as_str(), "url": url, "body": body}}));
        let key = if has_key { " -u \"$KEY\"" } else { "" };
        // curl sends a body by POST on its own.
        let method = match (method.as_str(), &body) {
            ("GET", None) | ("POST", Some(_)) => String::new(),
            (other, _) => format!(" -X {other}"),
        };
        let body = body.map(|body| format!(" --json '{body}'")).unwrap_or_default();
        self.print(&self.output.dim(&format!("$ curl{key}{method} \"{url}\"{body}")))
    }

    fn show_answer(&mut self, status: StatusCode, answer: &Value) -> io::Result<()> {
        self.steps.push(json!({"answer": {"status": status.as_u16(), "body": answer}}));
        self.print(&format!("  {status}"))?;
        if answer.is_null() { Ok(()) } else { self.print(&indented(answer)) }
    }

    fn print(&self, text: &str) -> io::Result<()> {
        if self.output.is_json() { Ok(()) } else { self.output.line(text) }
    }
}

/// A body as it is typed: on one line if it fits.
fn short_or_indented(body: &Value) -> String {
    const CHARS_MAX: usize = 100;
    let short = body.to_string();
    if short.chars().count() <= CHARS_MAX { short } else { indented(body).trim_start().to_owned() }
}

fn indented(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
