//! The engine with its threads, on which scripts have their turns.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, PoolingAllocationConfig,
};

use crate::call::{self, Call, Outcome};
use crate::error::{Failure, SandboxError};
use crate::host::Host;
use crate::module::{self, OF_FUNCTIONS};
use crate::state::{self, State};

/// How long a script has its thread to itself, and how exact its deadline is.
const TICK: Duration = Duration::from_millis(5);
/// How much lower than usual its threads stand, of 19.
#[cfg(target_os = "linux")]
const PRIORITY: i32 = 10;
/// Most bytes that the memory of an instance may have, whatever its limits say.
const MEMORY_BYTES_MAX: usize = 512 << 20;
/// What of a memory or a table is put back as it was between two calls, rather than given back to the
/// system: pages that are fetched anew, one fault each, cost more than all else in a call.
const RESIDENT_BYTES: usize = 4 << 20;
/// Frames of the engine take more of this stack than of the one that it watches.
pub const STACK_BYTES: usize = 16 << 20;

/// Runs calls, each in an instance of its own. Dropping it drops what still runs.
pub struct Sandbox {
    parts: Arc<Parts>,
    ticker: Option<JoinHandle<()>>,
    /// Threads of its own: what a script computes holds up no other work of the process.
    threads: Option<Runtime>,
}

struct Parts {
    engine: Engine,
    template: InstancePre<State>,
    /// Instances that there may be at once.
    instances: Semaphore,
    running: Running,
}

impl Sandbox {
    /// Whether this or another version of the program opened one on `folder` before.
    pub fn was_opened(folder: &Path) -> bool {
        module::was_kept(folder, &OF_FUNCTIONS)
    }

    /// Opens the sandbox, which keeps what it compiles in `folder`; at most
    /// `instances_max` calls run at once, and others wait for their turn. Compiles for a
    /// second at the first use: call it where blocking is allowed.
    ///
    /// # Errors
    /// If the machine cannot run it, or the folder cannot be written to.
    pub fn open(folder: &Path, instances_max: usize) -> Result<Self, SandboxError> {
        const ACTION: &str = "prepare the sandbox";
        let count = u32::try_from(instances_max).map_err(SandboxError::of(ACTION))?;
        let mut pool = PoolingAllocationConfig::default();
        pool.total_core_instances(count)
            .total_memories(count)
            .total_tables(count)
            .total_stacks(count)
            .max_memory_size(MEMORY_BYTES_MAX)
            .linear_memory_keep_resident(RESIDENT_BYTES)
            .table_keep_resident(RESIDENT_BYTES)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .max_wasm_stack(STACK_BYTES)
            .async_stack_size(STACK_BYTES + (1 << 20))
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).map_err(SandboxError::of(ACTION))?;
        let module = module::load(&engine, folder, &OF_FUNCTIONS)?;
        let mut linker = state::linker(&engine).map_err(SandboxError::of(ACTION))?;
        // What of the system the C library would use for what nobody calls.
        linker.define_unknown_imports_as_traps(&module).map_err(SandboxError::of(ACTION))?;
        let template = linker.instantiate_pre(&module).map_err(SandboxError::of(ACTION))?;
        let parts = Arc::new(Parts {
            engine,
            template,
            instances: Semaphore::new(instances_max),
            running: Running::default(),
        });
        let threads = Builder::new_multi_thread()
            .worker_threads(thread::available_parallelism().map_or(1, usize::from))
            .thread_name("sandbox")
            .on_thread_start(give_way)
            .enable_time()
            .build()
            .map_err(SandboxError::of(ACTION))?;
        let ticker = thread::Builder::new().name("sandbox-clock".to_owned());
        let of_ticker = parts.clone();
        let ticker = ticker
            .spawn(move || of_ticker.running.tick(&of_ticker.engine))
            .map_err(SandboxError::of(ACTION))?;
        Ok(Self { parts, ticker: Some(ticker), threads: Some(threads) })
    }

    /// Runs a script to its end, also if the caller goes away.
    pub async fn call(&self, call: Call, host: Arc<dyn Host>) -> Outcome {
        let parts = self.parts.clone();
        let limits = call.limits;
        let running = async move {
            let _turn = parts.instances.acquire().await;
            let _running = parts.running.begin();
            call::run(&parts.engine, &parts.template, &call, host).await
        };
        self.spawn(running).await.unwrap_or_else(|reason| Outcome {
            result: Err(Failure::Crashed(reason)),
            log: Vec::new(),
            is_log_cut: false,
            asked: Vec::new(),
            duration: limits.time,
        })
    }

    /// Whether a script can be read; nothing of it runs.
    ///
    /// # Errors
    /// [`Failure::Thrown`] with the place of the mistake.
    pub async fn check(&self, name: &str, source: &str) -> Result<(), Failure> {
        let parts = self.parts.clone();
        let (name, source) = (name.to_owned(), source.to_owned());
        let checking = async move {
            let _turn = parts.instances.acquire().await;
            let _running = parts.running.begin();
            call::check(&parts.engine, &parts.template, &name, &source).await
        };
        self.spawn(checking).await.unwrap_or_else(|reason| Err(Failure::Crashed(reason)))
    }

    async fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        match &self.threads {
            Some(threads) => threads.spawn(work).await.map_err(|error| error.to_string()),
            None => Err("the sandbox is closed".to_owned()),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
        self.parts.running.close();
        if let Some(ticker) = self.ticker.take()
            && ticker.join().is_err()
        {
            tracing::error!("the clock of the sandbox panicked");
        }
    }
}

/// Lets every other thread of the machine go first: a script that wants all of a
/// processor gets what the others leave.
fn give_way() {
    // Elsewhere the whole process would give way.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, PRIORITY) {
        tracing::debug!(%error, "the sandbox runs as any other thread");
    }
}

/// Counts what runs: the clock ticks only then.
#[derive(Default)]
struct Running {
    count: Mutex<Count>,
    changed: Condvar,
}

#[derive(Default)]
struct Count {
    running: usize,
    is_closed: bool,
}

struct Guard<'a>(&'a Running);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.count.lock().expect("no code panics holding it").running -= 1;
    }
}

impl Running {
    fn begin(&self) -> Guard<'_> {
        let mut count = self.count.lock().expect("no code panics holding it");
        count.running += 1;
        if count.running == 1 {
            self.changed.notify_all();
        }
        Guard(self)
    }

    fn close(&self) {
        self.count.lock().expect("no code panics holding it").is_closed = true;
        self.changed.notify_all();
    }

    fn tick(&self, engine: &Engine) {
        let mut count = self.count.lock().expect("no code panics holding it");
        while !count.is_closed {
            count = if count.running == 0 {
                self.changed.wait(count).expect("no code panics holding it")
            } else {
                engine.increment_epoch();
                let waited = self.changed.wait_timeout(count, TICK);
                waited.expect("no code panics holding it").0
            };
        }
        // What still runs yields, and is dropped then.
        engine.increment_epoch();
    }
}
