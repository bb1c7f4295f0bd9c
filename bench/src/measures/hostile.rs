//! What scripts that want everything do to everybody else.
//!
//! Records are read at a rate that leaves the machine idle most of the time, alone and
//! then beside functions that never end by themselves: more of them at a time than there are processors.

use std::sync::Arc;

use anyhow::Context;
use http::Method;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::reads::Reads;
use super::{Bench, CONNECTIONS, QUIET_PER_SECOND, WARM_UP};
use crate::api::Api;
use crate::generator::pace;
use crate::hub::Hub;
use crate::report::{Goal, Unit};
use crate::statistics::{Sample, median};

const DEADLINE_MS: u64 = 500;
/// Called at a time, over and over.
const SCRIPTS: [(&str, &str); 8] = [
    ("endless", "while (true);"),
    ("catching", "while (true) try { while (true) throw 1 } catch {}"),
    ("sparse", "a = []; a.length = 2 ** 32 - 1; while (true) a.sort()"),
    ("joining", "while (true) (new Array(1e7)).join('x').length"),
    ("matching", "/^(a+)+$/.test('a'.repeat(40) + 'b')"),
    (
        "allocating",
        "a = []; while (true) try { while (true) a.push('x'.repeat(1e5) + a.length) } catch { a = [] }",
    ),
    ("recursing", "(function f() { try { f() } catch { f() } })()"),
    ("promising", "(async () => { while (true) await 0 })(); while (true);"),
];

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let deadline = DEADLINE_MS.to_string();
    let settings = [("TURNBUCKLE_FUNCTIONS__TIME_MAX_MS", deadline.as_str())];
    let hub = Hub::start_with(&bench.binary, &place, &settings)?;
    let api = Api(hub.address);
    api.connect().await?;
    let reads = Arc::new(Reads::of_a_lead(api).await?);
    for (name, script) in SCRIPTS {
        let source = format!("function handler() {{ {script} }}");
        api.call(Method::PUT, &function(name), &json!({ "source": source })).await?;
    }
    let (mut alone, mut beside, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        alone.push(read(bench, &hub, &reads).await?);
        let mut callers: JoinSet<_> = SCRIPTS.iter().map(|(name, _)| call(api, name)).collect();
        beside.push(read(bench, &hub, &reads).await?);
        // They call until they are stopped, or cannot.
        if let Some(ended) = callers.try_join_next() {
            ended.context("a caller panicked")??;
        }
        callers.shutdown().await;
        late.push(longest(api).await? as f64 - DEADLINE_MS as f64);
    }
    let times = median(beside.clone()) / median(alone.clone());
    let report = &mut bench.report;
    let what = "p99 of a read at 200/s, no scripts";
    report.add(what, Unit::Milliseconds, Goal::NONE, alone);
    let what = "p99 of a read at 200/s, beside 8 endless scripts";
    report.add(what, Unit::Milliseconds, Goal::NONE, beside);
    let what = "p99 of reads, endless scripts against none";
    report.add(what, Unit::Times, Goal::NONE, vec![times]);
    let what = "an endless script ends after its deadline";
    report.add(what, Unit::Milliseconds, Goal::at_most(20.0), late);
    Ok(())
}

async fn read(bench: &Bench, hub: &Hub, reads: &Arc<Reads>) -> anyhow::Result<f64> {
    let count = ((WARM_UP + bench.duration).as_secs_f64() * QUIET_PER_SECOND) as u64;
    let latencies = pace(hub.address, CONNECTIONS, QUIET_PER_SECOND, count, reads).await?;
    Ok(Sample::new(latencies).percentile_ms(0.99))
}

/// Calls a script again and again.
async fn call(api: Api, name: &'static str) -> anyhow::Result<()> {
    loop {
        try_once(api, name).await?;
    }
}

/// How long the longest of the scripts takes, alone, in milliseconds.
async fn longest(api: Api) -> anyhow::Result<u64> {
    let mut longest = 0;
    for (name, _) in SCRIPTS {
        longest = longest.max(try_once(api, name).await?);
    }
    Ok(longest)
}

async fn try_once(api: Api, name: &str) -> anyhow::Result<u64> {
    let tried: Json =
        api.call(Method::POST, &format!("{}/try", function(name)), &json!({})).await?;
    tried["duration_ms"].as_u64().context("a trial has no duration")
}

fn function(name: &str) -> String {
    format!("/api/v1/functions/{name}")
}
