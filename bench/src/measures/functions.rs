//! How fast functions answer that are called by their URLs, each call in an instance of
//! the sandbox that is its own.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::{Bench, CONNECTIONS, WARM_UP, closed_loop};
use crate::api::{Api, json_request};
use crate::client::Answer;
use crate::generator::{Load, pace};
use crate::report::{Goal, Unit};
use crate::statistics::{Sample, median};

const NAME: &str = "on_invoice";

/// Reads its request as Zoho's documentation shows it, and answers what it found.
const SCRIPT: &str = r#"
function handler(crmAPIRequest) {
    request_body = crmAPIRequest.get("body");
    parameters = crmAPIRequest.get("params");
    method = crmAPIRequest.get("method");
    headers = crmAPIRequest.get("headers");
    invoice = JSON.parse(request_body);
    return { id: parameters.get("id"), method: method, type: headers.get("content-type"), total: invoice.total };
}"#;

struct Calls {
    path: String,
}

impl Load for Calls {
    fn request(&self, number: u64, _: u64) -> Option<Request<Full<Bytes>>> {
        let path = format!("{}&id={number}", self.path);
        let body = r#"{"total":17.5,"lines":[{"item":"engine","price":17.5}]}"#;
        Some(json_request(Method::POST, &path, body))
    }

    fn answered(&self, number: u64, answer: &Answer) -> anyhow::Result<()> {
        let said = String::from_utf8_lossy(&answer.body);
        let is_it = answer.status == StatusCode::OK && said.contains(&format!("{number}"));
        anyhow::ensure!(is_it, "call {number} was answered {}: {said}", answer.status);
        Ok(())
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    let calls = Arc::new(Calls { path: publish(Api(hub.address)).await? });
    let reached = closed_loop::run(bench, &hub, CONNECTIONS, &calls).await?;
    let half = median(reached.per_second.clone()) / 2.0;
    let mut p99 = Vec::new();
    for _ in 0..bench.runs {
        let count = ((WARM_UP + bench.duration).as_secs_f64() * half) as u64;
        let latencies = pace(hub.address, CONNECTIONS, half, count, &calls).await?;
        p99.push(Sample::new(latencies).percentile_ms(0.99));
    }
    let report = &mut bench.report;
    let goal = Goal::at_least(10_000.0);
    report.add("function called by its URL", Unit::PerSecond, goal, reached.per_second);
    let what = "function called by its URL, CPU of the hub per call";
    report.add(what, Unit::Milliseconds, Goal::NONE, reached.cpu_ms);
    let what = "function called at half of that, p99";
    report.add(what, Unit::Milliseconds, Goal::at_most(5.0), p99);
    Ok(())
}

/// Saves and publishes the function; gives the path that calls it.
async fn publish(api: Api) -> anyhow::Result<String> {
    let path = format!("/api/v1/functions/{NAME}");
    let saved = api.call(Method::PUT, &path, &json!({"source": SCRIPT, "rest_api": true})).await?;
    let version = &saved["function"]["draft_version"];
    let published =
        api.call(Method::POST, &format!("{path}/publish"), &json!({"version": version})).await?;
    let urls = &published["function"]["urls"];
    let key = urls["zapikey"].as_str().context("a function has no key")?;
    Ok(format!("/crm/v7/functions/{NAME}/actions/execute?auth_type=apikey&zapikey={key}"))
}
