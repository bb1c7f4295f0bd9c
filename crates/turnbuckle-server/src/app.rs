//! The composition root: the only file that names a concrete store and client.
//!
//! Everybody else receives an [`App`] and uses what is in it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use turnbuckle_connectors::native;
use turnbuckle_connectors::registry::Registry;
use turnbuckle_core::id::{Minter, Stamp, UnixMs};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::maintenance::MaintenanceStore as _;
use turnbuckle_store::postgres::{Address, Found, PostgresOptions, PostgresStore, Unopened};
use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};
use turnbuckle_store::{Store, StoreError};

use crate::activity::Activity;
use crate::auth::KeyUses;
use crate::bootstrap::{SEAL_KEY_NOTE, check_seal_key};
use crate::catalog::Catalog;
use crate::clock::SystemClock;
use crate::config::{Config, StoreAddress};
use crate::context_token::UsedTickets;
use crate::egress::GuardedClient;
use crate::expressions::Evaluator;
use crate::functions::Functions;
use crate::functions::calls::CallLog;
use crate::logging::LogQuota;
use crate::metrics::Metrics;
use crate::outcomes::Outcomes;
use crate::rate_limit::RateLimits;
use crate::seal::{self, Sealer};
use crate::sign_in::SignIn;
use crate::statistics::Statistics;
use crate::workers::Signals;
use crate::workers::deliver::Lanes;

/// What handlers and workers work with. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub connectors: Registry,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub minter: Arc<Minter>,
    pub sealer: Arc<Sealer>,
    /// What workspaces have configured, read once and kept until it changes.
    pub catalog: Catalog,
    pub egress: GuardedClient,
    pub key_uses: KeyUses,
    pub metrics: Metrics,
    /// What goes on in workspaces, counted by the minute.
    pub statistics: Statistics,
    pub log_quota: LogQuota,
    /// Cancelled when the hub begins to stop.
    pub stopping: CancellationToken,
    /// Tells pages what goes on.
    pub activity: Activity,
    /// Who waits for an inbound event to be processed.
    pub outcomes: Outcomes,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Tickets that have let a window in.
    pub used_tickets: UsedTickets,
    /// How much the sources with a limit have used of it.
    pub rate_limits: RateLimits,
    /// Runs the scripts of workspaces.
    pub functions: Functions,
    pub evaluator: Evaluator,
    /// Calls of functions on their way into the log.
    pub call_log: CallLog,
    /// Where deliveries that became due are handed over.
    pub lanes: Lanes,
    /// Hints that wake workers.
    pub signals: Signals,
    /// Work that goes on although its caller went away; stopping waits for it.
    pub unfinished: TaskTracker,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Opens the store and builds everything on it.
    ///
    /// # Errors
    /// With a sentence for the operator: the data folder, the key file or the
    /// database cannot be used.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        Self::build_on(config, Arc::new(SystemClock), Registry::delivered()).await
    }

    /// The same on another clock than the system's and with other connectors: in tests, on one
    /// that stands still and with a provider of their own.
    ///
    /// # Errors
    /// As [`App::build`].
    pub async fn build_on(
        config: Config,
        clock: Arc<dyn Clock>,
        connectors: Registry,
    ) -> anyhow::Result<Self> {
        make_private_folder(&config.data)
            .with_context(|| format!("cannot make the data folder {}", config.data.display()))?;
        let opened = match &config.store.address {
            StoreAddress::Embedded => open_embedded(&config, clock.clone())?,
            StoreAddress::Postgres(address) => {
                open_postgres(&config, address, clock.clone()).await?
            }
        };
        if let Err(error) = opened.check_seal_key().await {
            opened.store.close().await;
            return Err(error);
        }
        let Opened { store, minter, sealer } = opened;
        let sealer = Arc::new(sealer);
        let egress = GuardedClient::new(config.egress.policy.clone(), config.egress.limits.clone());
        let engines = config.functions.cache.as_ref().unwrap_or(&config.data);
        let functions = Functions::new(engines, config.functions.clone());
        let evaluator = Evaluator::new(engines);
        Ok(Self(Arc::new(Parts {
            statistics: Statistics::new(clock.clone()),
            catalog: Catalog::new(store.clone(), sealer.clone()),
            lanes: Lanes::new(&config.deliver),
            config,
            connectors,
            store,
            clock,
            minter,
            sealer,
            egress,
            key_uses: KeyUses::default(),
            metrics: Metrics::default(),
            log_quota: LogQuota::default(),
            activity: Activity::default(),
            outcomes: Outcomes::default(),
            sign_in: SignIn::default(),
            used_tickets: UsedTickets::default(),
            rate_limits: RateLimits::default(),
            functions,
            evaluator,
            call_log: CallLog::default(),
            signals: Signals::default(),
            stopping: CancellationToken::new(),
            unfinished: TaskTracker::new(),
        })))
    }

    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// Mints the stamp of a new id.
    pub fn mint(&self) -> Stamp {
        self.minter.mint(self.clock.now(), self.clock.random())
    }
}

/// A store, with the key that values in it are sealed with.
struct Opened {
    store: Arc<dyn Store>,
    minter: Arc<Minter>,
    sealer: Sealer,
}

impl Opened {
    /// For commands that make no first start: none works on a store with a key that a
    /// server would refuse.
    async fn check_seal_key(&self) -> anyhow::Result<()> {
        match self.store.note(SEAL_KEY_NOTE).await.context("cannot read the database")? {
            None => Ok(()),
            Some(sealed_with) => Ok(check_seal_key(sealed_with, &self.sealer)?),
        }
    }
}

fn open_embedded(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
    let database = config.data.join("turnbuckle.db");
    let sealer = match database.exists() {
        true => seal::key_file::load(&config.data)?.with_context(|| {
            let folder = config.data.display();
            format!("{folder} has a database and no seal.key; put the key of this database back")
        })?,
        false => seal::key_file::load_or_create(&config.data)?,
    };
    let store = SqliteStore::open(SqliteOptions {
        path: database.clone(),
        clock,
        compose: native::compose,
        intake_bytes_max: config.intake.queue_bytes_max,
        scans_max: config.store.readers,
    })
    .with_context(|| format!("cannot use the database {}", database.display()))?;
    Ok(Opened { minter: store.minter(), store: Arc::new(store), sealer })
}

async fn open_postgres(
    config: &Config,
    address: &Address,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Opened> {
    let store = PostgresStore::open(PostgresOptions {
        address: address.clone(),
        clock,
        compose: native::compose,
        intake_bytes_max: config.intake.queue_bytes_max,
        connections_max: config.store.connections_max,
    })
    .await
    .with_context(|| format!("cannot use the database {address}"))?;
    // One that other processes use already has a key, which this one cannot make.
    let sealer = match store.note(SEAL_KEY_NOTE).await.context("cannot read the database")? {
        Some(sealed_with) => key_of(&config.data, &sealed_with)?,
        None => seal::key_file::load_or_create(&config.data)?,
    };
    Ok(Opened { minter: store.minter(), store: Arc::new(store), sealer })
}

/// The key in a data folder, for a database on PostgreSQL that was sealed.
///
/// # Errors
/// With a sentence for the operator.
pub fn key_of(data: &Path, sealed_with: &str) -> anyhow::Result<Sealer> {
    seal::key_file::load(data)?.with_context(|| {
        let folder = data.display();
        format!(
            "the database was sealed with key {sealed_with} and {folder} has no seal.key; copy it \
             there from the data folder of a process that uses this database, or name another \
             database"
        )
    })
}

/// A database on PostgreSQL that was not opened.
pub struct Looked {
    pub found: Found,
    pub sealed_with: Option<String>,
}

/// Looks at a database on PostgreSQL without changing it.
///
/// # Errors
/// With a sentence for the operator.
pub async fn look_at(address: &Address) -> anyhow::Result<Looked> {
    let look = async {
        let database = Unopened::at(address)?;
        let found = database.found().await?;
        let sealed_with = match found {
            Found::Current => database.note(SEAL_KEY_NOTE).await?,
            _ => None,
        };
        Ok::<_, StoreError>(Looked { found, sealed_with })
    };
    look.await.with_context(|| format!("cannot use the database {address}"))
}

/// Makes a folder that only its owner may look into: records and webhooks are in it.
/// One that is there is left as somebody set it.
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
