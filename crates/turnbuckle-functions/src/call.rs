//! One call: an instance of its own, from its making to its end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;
use tokio::time::Instant;
use wasmtime::{
    Caller, Engine, Instance, InstancePre, Linker, Memory, Store, StoreLimits, StoreLimitsBuilder,
    TypedFunc, UpdateDeadline,
};

use crate::error::{Failure, Thrown};
use crate::host::{Asked, Host, Refused};
use crate::limits::Limits;

/// Of the stack that QuickJS watches; the linker gives it a megabyte.
const STACK_BYTES: u32 = 512 << 10;
/// What an instance takes beside what the script allocates: its stack and its tables.
const OVERHEAD_BYTES: usize = 2 << 20;

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

/// What the functions that an instance imports work with.
pub struct State {
    host: Arc<dyn Host>,
    limits: Limits,
    deadline: Instant,
    memory: StoreLimits,
    /// What the host said last.
    said: String,
    log: Vec<String>,
    log_bytes: usize,
    is_log_cut: bool,
    asked: Vec<Asked>,
}

/// Answers an engine that is being started and has nothing to ask.
struct Nobody;

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
    fn store(engine: &Engine, host: Arc<dyn Host>, limits: Limits) -> Store<Self> {
        let memory = StoreLimitsBuilder::new().memory_size(limits.memory_bytes_max).build();
        let mut store = Store::new(
            engine,
            Self {
                host,
                limits,
                deadline: Instant::now() + limits.time,
                memory,
                said: String::new(),
                log: Vec::new(),
                log_bytes: 0,
                is_log_cut: false,
                asked: Vec::new(),
            },
        );
        store.limiter(|state| &mut state.memory);
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

    /// Of an engine that is being started.
    pub fn idle(engine: &Engine) -> Store<Self> {
        Self::store(engine, Arc::new(Nobody), Limits::default())
    }
}

/// What ends a script from outside.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("the time is up")]
    TimeUp,
    #[error("the memory of the instance is not as it should be")]
    NoMemory,
}

/// The functions that every instance imports.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap_async("turnbuckle", "ask", |caller, (at, length): (u32, u32)| {
        Box::new(ask(caller, at, length))
    })?;
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
    Ok(linker)
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
    let question: Question = serde_json::from_str(&read(&mut caller, at, length)?)?;
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

fn slice(memory: &[u8], at: u32, length: u32) -> Option<&[u8]> {
    memory.get(at as usize..(at as usize).checked_add(length as usize)?)
}

/// What an instance exports.
pub struct Guest {
    memory: Memory,
    allocate: TypedFunc<u32, u32>,
    release: TypedFunc<u32, ()>,
    start: TypedFunc<(u32, u32), u32>,
    limit: TypedFunc<(u32, u32), ()>,
    evaluate: TypedFunc<(u32, u32, u32), u32>,
    check: TypedFunc<(u32, u32, u32), u32>,
    call: TypedFunc<(u32, u32), u32>,
    answer: TypedFunc<(), u32>,
    answer_len: TypedFunc<(), u32>,
}

impl Guest {
    pub fn of(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        Ok(Self {
            memory: instance.get_memory(&mut *store, "memory").ok_or(Stop::NoMemory)?,
            allocate: instance.get_typed_func(&mut *store, "allocate")?,
            release: instance.get_typed_func(&mut *store, "release")?,
            start: instance.get_typed_func(&mut *store, "start")?,
            limit: instance.get_typed_func(&mut *store, "limit")?,
            evaluate: instance.get_typed_func(&mut *store, "evaluate")?,
            check: instance.get_typed_func(&mut *store, "check")?,
            call: instance.get_typed_func(&mut *store, "call")?,
            answer: instance.get_typed_func(&mut *store, "answer")?,
            answer_len: instance.get_typed_func(&mut *store, "answer_len")?,
        })
    }

    /// Starts the engine and runs the prelude.
    pub async fn start(&self, store: &mut Store<State>, prelude: &str) -> wasmtime::Result<()> {
        let at = self.give(store, prelude).await?;
        let is_started = self.start.call_async(&mut *store, (at, prelude.len() as u32)).await?;
        if is_started == 0 {
            let thrown = String::from_utf8_lossy(self.answer(store).await?).into_owned();
            return Err(wasmtime::Error::msg(thrown));
        }
        self.release.call_async(store, at).await
    }

    /// Puts a text, and a NUL behind it, into the memory of the instance.
    async fn give(&self, store: &mut Store<State>, text: &str) -> wasmtime::Result<u32> {
        let at = self.allocate.call_async(&mut *store, text.len() as u32 + 1).await?;
        if at == 0 {
            return Err(Stop::NoMemory.into());
        }
        self.memory.write(&mut *store, at as usize, text.as_bytes())?;
        self.memory.write(&mut *store, at as usize + text.len(), &[0])?;
        Ok(at)
    }

    async fn answer<'a>(&self, store: &'a mut Store<State>) -> wasmtime::Result<&'a [u8]> {
        let at = self.answer.call_async(&mut *store, ()).await?;
        let length = self.answer_len.call_async(&mut *store, ()).await?;
        let memory = self.memory.data(store);
        Ok(slice(memory, at, length).ok_or(Stop::NoMemory)?)
    }

    /// What was thrown.
    async fn thrown(&self, store: &mut Store<State>) -> wasmtime::Result<Failure> {
        let described = self.answer(store).await?;
        let unknown =
            |_| Failure::Crashed(format!("it threw {:?}", String::from_utf8_lossy(described)));
        Ok(serde_json::from_slice::<Thrown>(described).map_or_else(unknown, Failure::Thrown))
    }
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
    let memory = store.data().limits.memory_bytes_max.saturating_sub(OVERHEAD_BYTES);
    guest.limit.call_async(&mut *store, (memory as u32, STACK_BYTES)).await?;
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
    let input = call.input.to_string();
    let at = guest.give(store, &input).await?;
    let is_done = guest.call.call_async(&mut *store, (at, input.len() as u32)).await?;
    if is_done == 0 {
        return Ok(Err(guest.thrown(store).await?));
    }
    let output_bytes_max = call.limits.output_bytes_max;
    let answer = guest.answer(store).await?;
    if output_bytes_max < answer.len() {
        return Ok(Err(Failure::TooMuchOutput(call.limits)));
    }
    Ok(Ok(serde_json::from_slice(answer)?))
}

/// Runs a call to its end.
pub async fn run(
    engine: &Engine,
    template: &InstancePre<State>,
    call: &Call,
    host: Arc<dyn Host>,
) -> Outcome {
    let started = Instant::now();
    let mut store = State::store(engine, host, call.limits);
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
    let mut store = State::store(engine, Arc::new(Nobody), limits);
    match load(&mut store, template, name, source, false).await {
        Ok(loaded) => loaded.map(|_| ()),
        Err(error) => Err(ended(&error, limits)),
    }
}

/// Why an instance ended by itself or was ended.
fn ended(error: &wasmtime::Error, limits: Limits) -> Failure {
    match error.downcast_ref::<Stop>() {
        Some(Stop::TimeUp) => Failure::TimeUp(limits),
        Some(Stop::NoMemory) | None => Failure::Crashed(format!("{error:#}")),
    }
}
