//! Where a hub under measure stores: a folder, and perhaps a database server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use turnbuckle_connectors::native;
use turnbuckle_store::Store;
use turnbuckle_store::postgres::{PostgresOptions, PostgresStore};
use turnbuckle_store::sqlite::{SqliteOptions, SqliteStore};
use turnbuckle_testkit::PostgresServer;

use crate::clock::SystemClock;
use crate::process;

/// What a server of a few gigabytes is set to, and a load of minutes needs: the
/// defaults are for a machine of the nineties, and would write a checkpoint every few
/// seconds. `fsync` and `synchronous_commit` are on, as they are by default.
const SETTINGS: &str = "-c shared_buffers=512MB -c max_wal_size=4GB";

/// Which store a hub has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    Embedded,
    Postgres,
}

/// An empty place; it is removed when dropped.
pub struct Place {
    folder: TempDir,
    database: Option<PostgresServer>,
}

impl Place {
    /// Makes one in `parent`, whose disk is what is measured.
    pub async fn make(parent: &Path, engine: Engine) -> anyhow::Result<Self> {
        let folder = || {
            std::fs::create_dir_all(parent)
                .and_then(|()| {
                    tempfile::Builder::new().prefix("turnbuckle-bench-").tempdir_in(parent)
                })
                .with_context(|| format!("cannot make a folder in {}", parent.display()))
        };
        let database = match engine {
            Engine::Embedded => None,
            Engine::Postgres => Some(PostgresServer::start_in(folder()?, SETTINGS).await),
        };
        Ok(Self { folder: folder()?, database })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Address of the database; `None` of the embedded store.
    pub fn url(&self) -> Option<String> {
        self.database.as_ref().map(PostgresServer::url)
    }

    /// CPU time that the database used so far, all its processes together.
    pub fn database_cpu_time(&self) -> anyhow::Result<Option<Duration>> {
        let Some(database) = &self.database else { return Ok(None) };
        let pid = database.pid().context("the database does not run")?;
        process::cpu_time_of_family(pid).map(Some)
    }

    /// The store of a hub that is not running.
    pub async fn open(&self) -> anyhow::Result<Arc<dyn Store>> {
        let clock = Arc::new(SystemClock);
        let (compose, intake_bytes_max) = (native::compose, 64 << 20);
        Ok(match self.url() {
            None => Arc::new(SqliteStore::open(SqliteOptions {
                path: self.path().join("data/turnbuckle.db"),
                clock,
                compose,
                intake_bytes_max,
                scans_max: 1,
            })?),
            Some(url) => Arc::new(
                PostgresStore::open(PostgresOptions {
                    address: url.parse()?,
                    clock,
                    compose,
                    intake_bytes_max,
                    connections_max: 8,
                })
                .await?,
            ),
        })
    }
}
