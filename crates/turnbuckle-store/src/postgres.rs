//! The store on PostgreSQL 15 or later, which several processes share.
//!
//! Who acts: each call takes a connection of the pool and runs one transaction
//! on it. A task reads the versions of what workspaces have configured, which
//! other processes raise ([`configured`]).
//!
//! Guaranteed: everything that two processes must agree on is a row, and is
//! decided by a lock on that row or by a constraint. Correctness rests neither
//! on advisory locks nor on LISTEN.

mod api_key;
mod bin;
mod configured;
mod failure;
mod idempotency;
mod listing;
pub mod migrations;
mod schema;
mod source;
mod statement;
mod workspace;

use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;
use turnbuckle_core::id::{Minter, Stamp};

use crate::StoreError;
use crate::clock::Clock;
use crate::postgres::configured::Configured;
use crate::postgres::failure::{Failure, during};
use crate::postgres::schema::Schemas;
use crate::postgres::statement::find;
pub use crate::rules::apply::Compose;

/// What the store is opened with.
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`; also the key-value form of libpq.
    pub url: String,
    pub clock: Arc<dyn Clock>,
    pub compose: Compose,
    /// Most connections that this process has open.
    pub connections_max: usize,
}

/// The PostgreSQL half of [`crate::Store`].
pub struct PostgresStore {
    clock: Arc<dyn Clock>,
    minter: Arc<Minter>,
    compose: Compose,
    pool: Pool,
    configured: Arc<Configured>,
    schemas: Schemas,
    /// End with the store.
    _tasks: JoinSet<()>,
}

impl PostgresStore {
    /// Connects, brings the schema up to date and learns what is configured.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached;
    /// [`StoreError::Defect`] if the URL or the database is not ours to use.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        const ACTION: &str = "open the database";
        let settings: tokio_postgres::Config =
            options.url.parse().map_err(|error: tokio_postgres::Error| StoreError::Defect {
                action: ACTION,
                source: error.into(),
            })?;
        let manager = Manager::from_config(
            settings,
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .config(PoolConfig::new(options.connections_max))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Defect { action: ACTION, source: error.into() })?;
        migrations::migrate(&pool).await?;
        let mut tasks = JoinSet::new();
        let configured = Configured::start(pool.clone(), &mut tasks);
        let configured = during("read what is configured", configured).await?;
        let process = during("number this process", number_process(&pool)).await?;
        Ok(Self {
            clock: options.clock,
            minter: Arc::new(Minter::of_process(process)),
            compose: options.compose,
            pool,
            configured,
            schemas: Schemas::default(),
            _tasks: tasks,
        })
    }

    /// The minter that every id of this process comes from.
    pub fn minter(&self) -> Arc<Minter> {
        self.minter.clone()
    }

    fn mint(&self) -> Stamp {
        self.minter.mint(self.clock.now(), self.clock.random())
    }
}

/// Every process that opens the store gets the next number.
async fn number_process(pool: &Pool) -> Result<u64, Failure> {
    let db = pool.get().await?;
    let next = find(&db, "SELECT nextval('process')", &[], |row| Ok(row.get::<_, i64>(0))).await?;
    Ok(next.unwrap_or_default().unsigned_abs())
}
