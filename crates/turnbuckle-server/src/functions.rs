//! Runs functions: what a caller sent goes in, what the script returns comes out.
//!
//! Scripts run in a sandbox of their own threads ([`turnbuckle_functions`]); what
//! they ask for is answered by [`host`]. The sandbox is made when it is first
//! needed: a hub without functions pays nothing for it.

pub mod answer;
pub mod calls;
mod criteria;
pub mod event;
mod host;
mod invoke;
pub mod request;
pub mod turns;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;
use turnbuckle_core::function::FunctionCode;
use turnbuckle_functions::{Call, Limits, Outcome, Sandbox};
use turnbuckle_store::function::Function;

use crate::app::App;
use crate::config::FunctionsConfig;

use host::HubHost;
pub use host::workspace_key;
use request::FunctionRequest;
use turns::{Busy, Turn, Turns};

/// Most sources that call functions at once.
pub const SOURCES_MAX: usize = 64;

/// The sandbox of this process.
pub struct Functions {
    /// Where the compiled engine is kept.
    folder: PathBuf,
    config: FunctionsConfig,
    sandbox: OnceCell<Arc<Sandbox>>,
    /// Calls for whoever waits for an answer. Those of sources have room of their own, so
    /// that neither holds up the other.
    answered: Turns,
}

impl Functions {
    pub fn new(folder: &Path, config: FunctionsConfig) -> Self {
        let answered = Turns::new(config.running_max);
        Self { folder: folder.to_owned(), config, sandbox: OnceCell::new(), answered }
    }

    /// Makes it if one was needed before this start, as [`Evaluator::prepare`].
    ///
    /// [`Evaluator::prepare`]: crate::expressions::Evaluator::prepare
    ///
    /// # Errors
    /// If this machine cannot run scripts.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        if Sandbox::was_opened(&self.folder) {
            self.sandbox().await?;
        }
        Ok(())
    }

    /// # Errors
    /// If this machine cannot run scripts.
    pub async fn sandbox(&self) -> anyhow::Result<Arc<Sandbox>> {
        let open = || async {
            let instances_max = self.config.running_max + SOURCES_MAX + self.to_spare();
            let folder = self.folder.clone();
            let opening =
                tokio::task::spawn_blocking(move || Sandbox::open(&folder, instances_max));
            anyhow::Ok(Arc::new(opening.await??))
        };
        self.sandbox.get_or_try_init(open).await.cloned()
    }

    /// Waits for the turn of a call whose caller waits for the answer.
    ///
    /// # Errors
    /// [`turns::Busy`]
    pub async fn turn(&self, function: &Function, request: &FunctionRequest) -> Result<Turn, Busy> {
        self.answered.take(function.workspace, request.bytes()).await
    }

    /// How many calls sources may make beyond the first of each.
    pub fn to_spare(&self) -> usize {
        self.config.running_max / 2
    }

    fn limits(&self) -> Limits {
        let FunctionsConfig { time_max, memory_bytes_max, .. } = self.config;
        Limits { time: time_max, memory_bytes_max, ..Limits::default() }
    }
}

/// Runs a version of a function to its end. Its calls to `zoho.crm` mean `connection` where
/// neither they nor its settings name one.
///
/// # Errors
/// If this machine cannot run scripts; what the script does wrong is an outcome.
pub async fn run(
    app: &App,
    function: &Function,
    code: &FunctionCode,
    request: &FunctionRequest,
    connection: Option<&str>,
) -> anyhow::Result<Outcome> {
    let sandbox = app.functions.sandbox().await?;
    let call = Call {
        name: function.name.clone(),
        source: code.source.as_str().into(),
        input: request.to_input(&code.arguments),
        limits: app.functions.limits(),
    };
    let host = HubHost::new(app, function, connection, request.depth);
    let outcome = sandbox.call(call, Arc::new(host)).await;
    let duration_ms = outcome.duration.as_millis() as u64;
    tracing::debug!(
        workspace_id = %function.workspace, function_id = %function.id, duration_ms,
        is_failed = outcome.result.is_err(), "a function was called"
    );
    Ok(outcome)
}
