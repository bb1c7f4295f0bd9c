//! What an instance imports: the few functions through which it knows of the outside.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::time::Instant;
use wasmtime::{
    Caller, Engine, Linker, Memory, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline,
};

use crate::host::{Asked, Host, Refused};
use crate::limits::Limits;

/// What the functions that an instance imports work with.
pub struct State {
    host: Arc<dyn Host>,
    pub limits: Limits,
    deadline: Instant,
    memory: StoreLimits,
    /// Of an engine that meters what scripts do: steps that are left once a script has begun.
    pub steps_then: u64,
    pub turns: Turns,
    /// What the host said last.
    said: String,
    pub log: Vec<String>,
    log_bytes: usize,
    pub is_log_cut: bool,
    pub asked: Vec<Asked>,
}

/// Answers an engine that is being started and has nothing to ask.
pub struct Nobody;

#[async_trait::async_trait]
impl Host for Nobody {
    async fn ask(&self, _: &str, _: &[Json]) -> Result<Json, Refused> {
        Err(Refused("nobody answers".to_owned()))
    }

    fn now_ms(&self) -> i64 {
        0
    }

    fn random(&self) -> u64 {
        0
    }
}

impl State {
    /// A store whose scripts take no more memory than `limits` say.
    fn store(engine: &Engine, host: Arc<dyn Host>, limits: Limits) -> Store<Self> {
        let memory = StoreLimitsBuilder::new().memory_size(limits.memory_bytes_max).build();
        let mut store = Store::new(
            engine,
            Self {
                host,
                limits,
                deadline: Instant::now() + limits.time,
                memory,
                steps_then: 0,
                turns: Turns::default(),
                said: String::new(),
                log: Vec::new(),
                log_bytes: 0,
                is_log_cut: false,
                asked: Vec::new(),
            },
        );
        store.limiter(|state| &mut state.memory);
        store
    }

    /// One whose script has until its deadline.
    pub fn timed(engine: &Engine, host: Arc<dyn Host>, limits: Limits) -> Store<Self> {
        let mut store = Self::store(engine, host, limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let state = context.data();
            match state.deadline <= Instant::now() {
                true => Err(Stop::TimeUp.into()),
                // Others have their turn.
                false => Ok(UpdateDeadline::Yield(1)),
            }
        });
        store
    }

    /// One of an engine that meters what scripts do, for `fuel` at first.
    ///
    /// # Errors
    /// If the engine meters nothing.
    pub fn metered(engine: &Engine, limits: Limits, fuel: u64) -> wasmtime::Result<Store<Self>> {
        let mut store = Self::store(engine, Arc::new(Nobody), limits);
        store.set_fuel(fuel)?;
        Ok(store)
    }

    /// Of an engine that is being started, however long that takes.
    pub fn idle(engine: &Engine) -> Store<Self> {
        let mut store = Self::timed(engine, Arc::new(Nobody), Limits::default());
        // Refused by an engine that meters nothing, and not needed there.
        store.set_fuel(u64::MAX).ok();
        store
    }
}

/// Which of several scripts did how much, where they say whose turn it is.
#[derive(Default)]
pub struct Turns {
    /// Steps, by script.
    used: Vec<u64>,
    /// Whose turn it is, and the steps that were left when it began.
    now: Option<(usize, u64)>,
}

impl Turns {
    fn begin(&mut self, script: usize, left: u64) {
        self.end(left);
        self.now = Some((script, left));
    }

    fn end(&mut self, left: u64) {
        let Some((script, before)) = self.now.take() else { return };
        self.used.resize(self.used.len().max(script + 1), 0);
        self.used[script] += before.saturating_sub(left);
    }

    pub fn now(&self) -> Option<usize> {
        self.now.map(|(script, _)| script)
    }

    /// The one that did most until no step was left.
    pub fn greediest(&mut self) -> Option<usize> {
        self.end(0);
        (0..self.used.len()).max_by_key(|&script| self.used[script])
    }
}

/// What ends a script from outside.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("the time is up")]
    TimeUp,
    #[error("the memory of the instance is not as it should be, or used up")]
    NoMemory,
}

/// The functions that instances of functions import, and those of the engine that is started.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap_async("turnbuckle", "ask", |caller, (at, length): (u32, u32)| {
        Box::new(ask(caller, at, length))
    })?;
    link_rest(&mut linker)?;
    Ok(linker)
}

/// The functions that instances of expressions import. They have nobody to ask: by asking nothing
/// they say that they begin, and have the steps that they may take from then on; else whose turn
/// it is.
pub fn linker_of_expressions(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let begin = |mut caller: Caller<'_, State>, at: u32, length: u32| {
        if length == 0 {
            let steps = caller.data().steps_then;
            caller.set_fuel(steps)?;
        } else {
            let script = read(&mut caller, at, length)?.parse()?;
            let left = caller.get_fuel()?;
            caller.data_mut().turns.begin(script, left);
        }
        wasmtime::Result::Ok(0_u32)
    };
    linker.func_wrap("turnbuckle", "ask", begin)?;
    link_rest(&mut linker)?;
    Ok(linker)
}

fn link_rest(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap("turnbuckle", "take", |mut caller: Caller<'_, State>, at: u32| {
        let said = std::mem::take(&mut caller.data_mut().said);
        write(&mut caller, at, said.as_bytes())
    })?;
    linker.func_wrap(
        "turnbuckle",
        "log",
        |mut caller: Caller<'_, State>, at: u32, length: u32| {
            let line = read(&mut caller, at, length)?;
            caller.data_mut().note(line);
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap("turnbuckle", "random", |caller: Caller<'_, State>| {
        // The 53 bits that a double has.
        (caller.data().host.random() >> 11) as f64 / (1_u64 << 53) as f64
    })?;
    linker.func_wrap(
        "wasi_snapshot_preview1",
        "clock_time_get",
        |mut caller: Caller<'_, State>, _clock: u32, _precision: u64, at: u32| {
            // No finer: other clocks would tell what other processes do.
            let nanos = caller.data().host.now_ms().saturating_mul(1_000_000);
            write(&mut caller, at, &nanos.to_le_bytes())?;
            wasmtime::Result::Ok(0_u32)
        },
    )?;
    Ok(())
}

impl State {
    fn note(&mut self, line: String) {
        self.log_bytes += line.len();
        match self.log_bytes <= self.limits.log_bytes_max {
            true => self.log.push(line),
            false => self.is_log_cut = true,
        }
    }
}

async fn ask(mut caller: Caller<'_, State>, at: u32, length: u32) -> wasmtime::Result<u32> {
    #[derive(serde::Deserialize)]
    struct Question {
        name: String,
        arguments: Vec<Json>,
    }
    // It is made by the prelude; how deep it goes, and its names, are the script's.
    let Ok(question) = serde_json::from_str::<Question>(&read(&mut caller, at, length)?) else {
        let error = "what it is given is nested too deeply, or names what no JSON may";
        caller.data_mut().said = json!({ "error": error }).to_string();
        return Ok(u32::try_from(caller.data().said.len())?);
    };
    let state = caller.data_mut();
    let (host, deadline, limits) = (state.host.clone(), state.deadline, state.limits);
    let started = Instant::now();
    let answered = if state.asked.len() < limits.host_calls_max {
        let answer = host.ask(&question.name, &question.arguments);
        tokio::time::timeout_at(deadline, answer).await.map_err(|_| Stop::TimeUp)?
    } else {
        Err(Refused(format!("a call may ask its host {} times", limits.host_calls_max)))
    };
    let error = answered.as_ref().err().map(|refused| refused.0.clone());
    let said = match answered {
        Ok(value) => json!({"value": value}),
        Err(Refused(error)) => json!({"error": error}),
    };
    let state = caller.data_mut();
    // Those beyond the bound are refused, and not kept one by one.
    if state.asked.len() <= limits.host_calls_max {
        state.asked.push(Asked { name: question.name, error, duration: started.elapsed() });
    }
    state.said = said.to_string();
    Ok(u32::try_from(state.said.len())?)
}

fn memory_of(caller: &mut Caller<'_, State>) -> Result<Memory, Stop> {
    caller.get_export("memory").and_then(|it| it.into_memory()).ok_or(Stop::NoMemory)
}

fn read(caller: &mut Caller<'_, State>, at: u32, length: u32) -> wasmtime::Result<String> {
    let memory = memory_of(caller)?;
    let bytes = slice(memory.data(&*caller), at, length).ok_or(Stop::NoMemory)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn write(caller: &mut Caller<'_, State>, at: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let memory = memory_of(caller)?;
    Ok(memory.write(caller, at as usize, bytes)?)
}

pub fn slice(memory: &[u8], at: u32, length: u32) -> Option<&[u8]> {
    memory.get(at as usize..(at as usize).checked_add(length as usize)?)
}
