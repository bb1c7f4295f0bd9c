//! What scripts can do in the sandbox, and what they cannot.

mod hostile;
mod surface;

use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use turnbuckle_functions::{Call, Failure, Host, Limits, Outcome, Refused, Sandbox, Thrown};

/// Answers with what it was asked, and refuses what is called `no`.
#[derive(Default)]
struct Echo {
    asked: Mutex<Vec<(String, Json)>>,
    now: AtomicI64,
    random: AtomicU64,
}

#[async_trait]
impl Host for Echo {
    async fn ask(&self, name: &str, arguments: &[Json]) -> Result<Json, Refused> {
        self.asked.lock().unwrap().push((name.to_owned(), json!(arguments)));
        match arguments.first().and_then(Json::as_str) {
            Some("no") => Err(Refused("it says no".to_owned())),
            Some("never") => std::future::pending().await,
            _ => Ok(json!({"response": arguments})),
        }
    }

    fn now_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        self.random.fetch_add(1 << 60, Ordering::Relaxed)
    }
}

fn sandbox() -> Sandbox {
    // All tests share what is compiled.
    Sandbox::open(Path::new(env!("CARGO_TARGET_TMPDIR")), 4).unwrap()
}

fn request(body: &str) -> Json {
    json!({"request": {"body": body, "params": {"id": "7"}, "method": "POST"}, "arguments": []})
}

fn call(source: &str) -> Call {
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    Call { name: "on_invoice".to_owned(), source: source.into(), input: request("{}"), limits }
}

async fn run(call: Call) -> Outcome {
    sandbox().call(call, Arc::new(Echo::default())).await
}

/// What the script returns.
async fn output(source: &str) -> Json {
    let outcome = run(call(source)).await;
    let mut result = outcome.result.unwrap_or_else(|failure| panic!("{source}: {failure}"));
    result["output"].take()
}

async fn thrown(source: &str) -> Thrown {
    match run(call(source)).await.result {
        Err(Failure::Thrown(thrown)) => thrown,
        other => panic!("{source}: {other:?}"),
    }
}
