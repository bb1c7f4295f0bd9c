//! Searches on an equality over many records, one after the other.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value as Json, json};

use super::{Bench, WARM_UP};
use crate::api::{Api, BY_COMPANY, BY_EMAIL, CONNECTION, OBJECT, request};
use crate::client::Answer;
use crate::generator::{Load, saturate};
use crate::prepare::{LEADS_PER_COMPANY, Prepare, company, email};
use crate::report::{Goal, Unit, with_thousands};
use crate::statistics::Sample;

const LIMIT: usize = 50;

struct Searches {
    event: &'static str,
    field: &'static str,
    value: fn(u64) -> String,
    /// How many records each answer has.
    found: usize,
    records: u64,
}

impl Load for Searches {
    fn request(&self, number: u64, _: u64) -> Option<Request<Full<Bytes>>> {
        let path = format!("/api/v1/crm/{CONNECTION}/objects/{OBJECT}/events/{}", self.event);
        // Prime, so that every record is met before one is met again.
        let value = (self.value)(number.wrapping_mul(7_919) % self.records);
        let body = json!({"payload": {self.field: value}, "limit": LIMIT});
        Some(request(Method::POST, &path, body.to_string()))
    }

    fn answered(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        let body = String::from_utf8_lossy(&answer.body);
        anyhow::ensure!(
            answer.status == StatusCode::OK,
            "a search was answered {}: {body}",
            answer.status
        );
        let found: Json = serde_json::from_slice(&answer.body)?;
        let count = found["records"].as_array().context("an answer without records")?.len();
        anyhow::ensure!(count == self.found, "{count} records found, not {}: {body}", self.found);
        Ok(())
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    Api(hub.address).connect().await?;
    hub.stop()?;
    Prepare::open(&place).await?.load_leads(bench.many).await?;
    let hub = bench.start_hub(&place)?;

    let records = bench.many;
    let one = Searches { event: BY_EMAIL, field: "email", value: email, found: 1, records };
    let page = Searches {
        event: BY_COMPANY,
        field: "company",
        value: company,
        found: LIMIT.min(LEADS_PER_COMPANY as usize),
        records,
    };
    for (searches, finding) in [(one, "1"), (page, "50 of 1,000")] {
        let searches = Arc::new(searches);
        let mut samples = Vec::new();
        for _ in 0..bench.runs {
            let mut running = saturate(hub.address, 1, &searches);
            running.run_for(WARM_UP + bench.duration).await?;
            samples.push(Sample::new(running.stop().await?));
        }
        for (name, share, goal) in [("p50", 0.5, Goal::NONE), ("p99", 0.99, Goal::at_most(5.0))] {
            let values = samples.iter().map(|sample| sample.percentile_ms(share)).collect();
            let over = with_thousands(records as f64);
            let what = format!("search over {over} records that finds {finding}, {name}");
            bench.report.add(what, Unit::Milliseconds, goal, values);
        }
    }
    Ok(())
}
