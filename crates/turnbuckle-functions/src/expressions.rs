//! Expressions: what users write where a value is wanted, such as a column of a mapping.
//!
//! An instance that has read a set of expressions is kept and used again, a call for all
//! that are evaluated of one record. What is kept is bounded, and dropped when an
//! expression used it up. How much an expression may do is counted, not timed, so that
//! what it comes to never depends on what else the machine does.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, PoolingAllocationConfig, Store, Trap,
};

use crate::error::{SandboxError, Thrown};
use crate::guest::Guest;
use crate::limits::Limits;
use crate::module::{self, OF_EXPRESSIONS};
use crate::sandbox::STACK_BYTES;
use crate::state::{self, State};

/// Instances that are kept while nobody uses them.
const KEPT_MAX: usize = 48;
/// Of the memory of an instance. What it needs beyond that is refused.
const MEMORY_BYTES_MAX: usize = 160 << 20;
/// One whose memory has grown larger is not kept.
const KEPT_BYTES_EACH_MAX: usize = 8 << 20;
/// Of the memory of all that are kept.
const KEPT_BYTES_MAX: usize = 96 << 20;
/// Steps that all expressions of a set may take together: some ten milliseconds.
const STEPS_MAX: u64 = 20_000_000;
/// Items of an event for which there are more steps.
const ITEMS_COUNTED_MAX: usize = 10;
/// Steps more for each byte of what they are evaluated on.
const STEPS_PER_BYTE: u64 = 20;
/// Steps to read what they are evaluated on, for each byte of it, and to forget what they
/// were evaluated on before. More than it takes.
const READ_STEPS_PER_BYTE: u64 = 1_000;
const READ_STEPS: u64 = 100_000_000;
/// An instance that has read more than this is not kept: forgetting it takes longer than
/// making another.
const KEPT_INPUT_BYTES_MAX: usize = 64 << 10;
/// Steps after which others have their turn.
const STEPS_PER_TURN: u64 = 200_000;
/// Steps to read a set, to begin with and for each byte of it.
const LOAD_STEPS: u64 = 100_000_000;
const LOAD_STEPS_PER_BYTE: u64 = 5_000;

/// What an expression came to; nothing where it is `undefined`.
pub type Evaluated = Result<Option<Json>, Thrown>;

/// Why nothing is known of what the expressions of a set come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The expression that did more than it may, or most of what was too much together; `None`
    /// where it is the engine that gave up.
    pub at: Option<usize>,
    pub thrown: Thrown,
}

/// Expressions that are evaluated together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionSet {
    names: Vec<String>,
    sources: Vec<String>,
    key: [u8; 32],
}

impl ExpressionSet {
    /// `owner` is whoever may know what they are evaluated on: no two owners share an
    /// instance. `names` are what expressions can name, members of the objects that they
    /// are evaluated on.
    pub fn new(owner: &str, names: &[&str], sources: Vec<String>) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let all = json!([owner, names, sources]).to_string();
        Self { names, sources, key: Sha256::digest(all).into() }
    }

    /// In their order.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }
}

/// Evaluates expressions where it is asked to: handing them to another thread would cost as
/// much as they do. Whoever computes for long gives way to others every now and then.
pub struct Expressions {
    engine: Engine,
    template: InstancePre<State>,
    /// Evaluations at a time.
    running: Semaphore,
    /// The one that was used last is the last.
    kept: Mutex<Vec<Kept>>,
}

/// An instance that has read the set of this key.
struct Kept {
    key: [u8; 32],
    store: Store<State>,
    guest: Guest,
}

/// Why an instance cannot be used any more.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("it does more than an expression may")]
    TooManySteps,
    #[error("it does most of what is too much for all that are evaluated together")]
    TooManyTogether,
    #[error("it used up its memory")]
    Thrown,
    #[error("it is nested, or calls itself, too deeply")]
    TooDeep,
    #[error("the engine gave up: {0}")]
    Crashed(String),
}

/// Reads what the prelude says of an expression: a list of nothing is `undefined`, a list of a
/// text a value as JSON, a list of 0 and a text what was thrown. All else is a value.
fn evaluated(said: Json) -> serde_json::Result<Evaluated> {
    let Json::Array(said) = said else { return Ok(Ok(Some(said))) };
    match said.as_slice() {
        [] => Ok(Ok(None)),
        [Json::String(value)] => Ok(Ok(Some(serde_json::from_str(value)?))),
        [_, thrown] => Ok(Err(serde_json::from_str(thrown.as_str().unwrap_or_default())?)),
        [_] | [_, _, _, ..] => Err(serde::de::Error::custom("not what the prelude says")),
    }
}

impl Ended {
    fn of(error: wasmtime::Error) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::TooManySteps,
            // The engine's own stack grows down to where its memory begins.
            Some(Trap::StackOverflow | Trap::MemoryOutOfBounds) => Self::TooDeep,
            Some(trap) => Self::Crashed(trap.to_string()),
            None => Self::Crashed(error.root_cause().to_string()),
        }
    }
}

impl From<Ended> for Thrown {
    fn from(ended: Ended) -> Self {
        Self { name: "Error".to_owned(), message: ended.to_string(), line: None, column: None }
    }
}

impl Expressions {
    /// Whether this or another version of the program opened one on `folder` before.
    pub fn was_opened(folder: &Path) -> bool {
        module::was_kept(folder, &OF_EXPRESSIONS)
    }

    /// Opens the evaluator, which keeps what it compiles in `folder`. Compiles for a second
    /// at the first use: call it where blocking is allowed.
    ///
    /// # Errors
    /// If the machine cannot run it, or the folder cannot be written to.
    pub fn open(folder: &Path) -> Result<Self, SandboxError> {
        const ACTION: &str = "prepare the evaluation of expressions";
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let count = u32::try_from(KEPT_MAX + 1 + threads).map_err(SandboxError::of(ACTION))?;
        let mut pool = PoolingAllocationConfig::default();
        pool.total_core_instances(count)
            .total_memories(count)
            .total_tables(count)
            .total_stacks(count)
            .max_memory_size(MEMORY_BYTES_MAX);
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .max_wasm_stack(STACK_BYTES)
            .async_stack_size(STACK_BYTES + (1 << 20))
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).map_err(SandboxError::of(ACTION))?;
        let module = module::load(&engine, folder, &OF_EXPRESSIONS)?;
        let mut linker = state::linker_of_expressions(&engine).map_err(SandboxError::of(ACTION))?;
        linker.define_unknown_imports_as_traps(&module).map_err(SandboxError::of(ACTION))?;
        let template = linker.instantiate_pre(&module).map_err(SandboxError::of(ACTION))?;
        Ok(Self { engine, template, running: Semaphore::new(threads), kept: Mutex::default() })
    }

    /// Reads a set without evaluating it; for each expression what is wrong with it, if
    /// anything is.
    pub async fn check(&self, set: &ExpressionSet) -> Vec<Option<Thrown>> {
        let _turn = self.running.acquire().await;
        match self.load(set).await {
            Ok((_, wrong)) => wrong,
            // What the engine cannot read at all is found by itself.
            Err(_) => self.check_each(set).await,
        }
    }

    /// Evaluates every expression of a set on each of `scopes`, objects that have the
    /// names of the set as members. Answers in both their orders. What is wrong with one
    /// expression is an answer; if one does more than it may, nothing is known of the others
    /// on that scope.
    pub async fn evaluate(
        &self,
        set: &ExpressionSet,
        scopes: &[Json],
    ) -> Vec<Result<Vec<Evaluated>, Stopped>> {
        let _turn = self.running.acquire().await;
        let mut evaluated = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let of_scope = self.evaluate_now(set, scope, &[json!({})]).await;
            evaluated.push(of_scope.map(|mut items| items.pop().unwrap_or_default()));
        }
        evaluated
    }

    /// The same on one scope, with each of `items` in its place added to it.
    ///
    /// # Errors
    /// If one of them does more than it may: nothing of any is known then.
    pub async fn evaluate_items(
        &self,
        set: &ExpressionSet,
        shared: &Json,
        items: &[Json],
    ) -> Result<Vec<Vec<Evaluated>>, Stopped> {
        let _turn = self.running.acquire().await;
        self.evaluate_now(set, shared, items).await
    }

    async fn evaluate_now(
        &self,
        set: &ExpressionSet,
        shared: &Json,
        items: &[Json],
    ) -> Result<Vec<Vec<Evaluated>>, Stopped> {
        let evaluating = async {
            let mut instance = match self.take(&set.key) {
                Some(kept) => kept,
                None => self.load(set).await?.0,
            };
            let input = json!({ "shared": shared, "items": items }).to_string();
            let said = instance.evaluate(&input, items.len()).await?;
            if input.len() <= KEPT_INPUT_BYTES_MAX {
                self.keep(instance);
            }
            Ok(said)
        };
        let mut said = match evaluating.await {
            Ok(said) => said.into_iter(),
            Err(ended) => {
                let at = self.blame(set, shared, items).await;
                let is_alone = set.sources.len() * items.len() < 2;
                let ended = match ended {
                    Ended::TooManySteps if !is_alone => Ended::TooManyTogether,
                    ended => ended,
                };
                return Err(Stopped { at, thrown: Ended::into(ended) });
            }
        };
        let of_item = |_| said.by_ref().take(set.sources.len()).collect();
        Ok(items.iter().map(of_item).collect())
    }

    /// Which expression does more than it may: found by doing it all again, since whose turn it
    /// is would cost every other evaluation something.
    async fn blame(&self, set: &ExpressionSet, shared: &Json, items: &[Json]) -> Option<usize> {
        let (mut instance, _) = self.load(set).await.ok()?;
        let input = json!({ "shared": shared, "items": items, "isInTurns": true }).to_string();
        let ended = instance.evaluate(&input, items.len()).await.err()?;
        let turns = &mut instance.store.data_mut().turns;
        match ended {
            Ended::TooManySteps | Ended::TooManyTogether => turns.greediest(),
            Ended::Thrown | Ended::TooDeep | Ended::Crashed(_) => turns.now(),
        }
    }

    /// Reads each expression in an instance of its own.
    async fn check_each(&self, set: &ExpressionSet) -> Vec<Option<Thrown>> {
        let mut wrong = Vec::with_capacity(set.sources.len());
        for source in &set.sources {
            let alone = ExpressionSet { sources: vec![source.clone()], ..set.clone() };
            wrong.push(match self.load(&alone).await {
                Ok((_, mut of_it)) => of_it.pop().flatten(),
                Err(ended) => Some(ended.into()),
            });
        }
        wrong
    }

    /// Makes an instance that has read a set, with what is wrong with each expression.
    async fn load(&self, set: &ExpressionSet) -> Result<(Kept, Vec<Option<Thrown>>), Ended> {
        let limits = Limits { memory_bytes_max: MEMORY_BYTES_MAX, ..Limits::default() };
        let input = json!({ "names": set.names, "sources": set.sources }).to_string();
        let steps = LOAD_STEPS + LOAD_STEPS_PER_BYTE * input.len() as u64;
        let instantiate = async || {
            let mut store = State::metered(&self.engine, limits, steps)?;
            store.fuel_async_yield_interval(Some(STEPS_PER_TURN))?;
            let instance = self.template.instantiate_async(&mut store).await?;
            let guest = Guest::of(&mut store, &instance)?;
            guest.limit(&mut store).await?;
            wasmtime::Result::Ok(Kept { key: set.key, store, guest })
        };
        let mut instance = instantiate().await.map_err(Ended::of)?;
        let said = instance.ask(&input, steps).await?;
        Ok((instance, said.into_iter().map(Evaluated::err).collect()))
    }

    fn take(&self, key: &[u8; 32]) -> Option<Kept> {
        let mut kept = self.kept.lock().expect("no code panics holding it");
        let at = kept.iter().rposition(|it| it.key == *key)?;
        Some(kept.remove(at))
    }

    fn keep(&self, instance: Kept) {
        let bytes = |it: &Kept| it.guest.memory_bytes(&it.store);
        if KEPT_BYTES_EACH_MAX < bytes(&instance) {
            return;
        }
        let mut kept = self.kept.lock().expect("no code panics holding it");
        kept.push(instance);
        let mut total: usize = kept.iter().map(bytes).sum();
        let mut dropped = Vec::new();
        while KEPT_MAX < kept.len() || KEPT_BYTES_MAX < total {
            let oldest = kept.remove(0);
            total -= bytes(&oldest);
            dropped.push(oldest);
        }
        // Others need not wait until their memory is given back.
        drop(kept);
    }
}

impl Kept {
    /// Evaluates on an input of so many items.
    async fn evaluate(&mut self, input: &str, items: usize) -> Result<Vec<Evaluated>, Ended> {
        let (turns, bytes) = (items.clamp(1, ITEMS_COUNTED_MAX) as u64, input.len() as u64);
        // Reading needs many steps where there is much to read, which are then not left to the
        // expressions.
        self.store.data_mut().steps_then = turns * STEPS_MAX + STEPS_PER_BYTE * bytes;
        self.ask(input, READ_STEPS + READ_STEPS_PER_BYTE * bytes).await
    }

    async fn ask(&mut self, input: &str, steps: u64) -> Result<Vec<Evaluated>, Ended> {
        let mut ask = async || {
            self.store.set_fuel(steps)?;
            let answer = match self.guest.run(&mut self.store, input).await? {
                Ok(answer) => answer,
                // What an expression throws it is told itself; what is left is the engine's.
                Err(_) => return wasmtime::Result::Ok(Err(Ended::Thrown)),
            };
            let said: Vec<Json> = serde_json::from_slice(answer)?;
            Ok(Ok(said.into_iter().map(evaluated).collect::<Result<_, _>>()?))
        };
        ask().await.unwrap_or_else(|error| Err(Ended::of(error)))
    }
}
