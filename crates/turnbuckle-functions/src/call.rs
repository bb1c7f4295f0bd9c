//! One call: an instance of its own, from its making to its end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;
use wasmtime::{Engine, InstancePre, Store, Trap};

use crate::error::Failure;
use crate::guest::Guest;
use crate::host::{Asked, Host};
use crate::limits::Limits;
use crate::state::{Nobody, State, Stop};

/// What to run.
#[derive(Debug, Clone)]
pub struct Call {
    /// In messages about places in the script.
    pub name: String,
    /// Defines `handler`.
    pub source: Arc<str>,
    /// `request`, the members of `crmAPIRequest`, and `arguments`: `name` and `value` of
    /// those that the function declares.
    pub input: Json,
    pub limits: Limits,
}

/// How a call went.
#[derive(Debug)]
pub struct Outcome {
    /// `{"output": …}`, or `{"response": …}` of a script that says how to answer.
    pub result: Result<Json, Failure>,
    pub log: Vec<String>,
    /// Whether lines were left out of the log.
    pub is_log_cut: bool,
    pub asked: Vec<Asked>,
    /// From the start of the script, not of the wait for its turn.
    pub duration: Duration,
}

/// Makes an instance and gives it a script, to be run or only read.
async fn load(
    store: &mut Store<State>,
    template: &InstancePre<State>,
    name: &str,
    source: &str,
    is_run: bool,
) -> wasmtime::Result<Result<Guest, Failure>> {
    let instance = template.instantiate_async(&mut *store).await?;
    let guest = Guest::of(store, &instance)?;
    guest.limit(store).await?;
    let (name, script) =
        (guest.give(store, &format!("{name}.js")).await?, guest.give(store, source).await?);
    let load = if is_run { &guest.evaluate } else { &guest.check };
    let is_loaded = load.call_async(&mut *store, (script, source.len() as u32, name)).await?;
    if is_loaded == 0 {
        return Ok(Err(guest.thrown(store).await?));
    }
    guest.release.call_async(&mut *store, script).await?;
    Ok(Ok(guest))
}

async fn run_in(
    store: &mut Store<State>,
    template: &InstancePre<State>,
    call: &Call,
) -> wasmtime::Result<Result<Json, Failure>> {
    let guest = match load(store, template, &call.name, &call.source, true).await? {
        Ok(guest) => guest,
        Err(failure) => return Ok(Err(failure)),
    };
    let answer = match guest.run(store, &call.input.to_string()).await? {
        Ok(answer) => answer,
        Err(failure) => return Ok(Err(failure)),
    };
    if call.limits.output_bytes_max < answer.len() {
        return Ok(Err(Failure::TooMuchOutput(call.limits)));
    }
    // What the script said is made by the prelude; how deep it goes, and its names, are the
    // script's.
    let Ok(said) = serde_json::from_slice::<Json>(answer) else {
        return Ok(Err(Failure::NotJson(
            "it is nested too deeply, or names what no JSON may".to_owned(),
        )));
    };
    match said.get("invalid").and_then(Json::as_str) {
        Some(reason) => Ok(Err(Failure::NotJson(reason.to_owned()))),
        None => Ok(Ok(said)),
    }
}

/// Runs a call to its end.
pub async fn run(
    engine: &Engine,
    template: &InstancePre<State>,
    call: &Call,
    host: Arc<dyn Host>,
) -> Outcome {
    let started = Instant::now();
    let mut store = State::timed(engine, host, call.limits);
    let result = run_in(&mut store, template, call).await;
    let result = result.unwrap_or_else(|error| Err(ended(&error, call.limits)));
    let State { log, is_log_cut, asked, .. } = store.into_data();
    Outcome { result, log, is_log_cut, asked, duration: started.elapsed() }
}

/// Reads a script without running it.
pub async fn check(
    engine: &Engine,
    template: &InstancePre<State>,
    name: &str,
    source: &str,
) -> Result<(), Failure> {
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let mut store = State::timed(engine, Arc::new(Nobody), limits);
    match load(&mut store, template, name, source, false).await {
        Ok(loaded) => loaded.map(|_| ()),
        Err(error) => Err(ended(&error, limits)),
    }
}

/// Why an instance ended by itself or was ended.
fn ended(error: &wasmtime::Error, limits: Limits) -> Failure {
    match error.downcast_ref::<Stop>() {
        Some(Stop::TimeUp) => Failure::TimeUp(limits),
        Some(stop @ Stop::NoMemory) => Failure::Crashed(stop.to_string()),
        None => Failure::Crashed(match error.downcast_ref::<Trap>() {
            // The engine's own stack grows down to where its memory begins.
            Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => {
                "it calls itself too deeply".to_owned()
            }
            Some(trap) => trap.to_string(),
            None => error.root_cause().to_string(),
        }),
    }
}
