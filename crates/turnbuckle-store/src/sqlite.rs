//! The embedded store: one SQLite file, one writer thread, many readers.
//!
//! Who acts: callers queue writes to the [`writer`], which commits many of
//! them at once with `synchronous=FULL`; reads use connections of their own
//! ([`readers`]). What was just written and is pending is also kept in memory
//! ([`tails`]), so that the stages need not read it back.
//!
//! One process at a time opens a file: a lock beside it is held while it is
//! open. Leases therefore live in memory, and what a killed process had leased
//! is simply pending when the next one starts.

mod api_key;
mod apply;
mod attempt;
mod authorization;
mod bin;
mod change;
mod checkpoint;
mod configured;
mod connection;
mod constraint;
mod context;
mod delivery;
mod delivery_log;
mod delivery_row;
mod endpoint;
mod entity;
mod erasure;
mod event_call;
mod failure;
mod function;
mod idempotency;
mod inbound;
mod line;
mod link;
mod listing;
mod maintenance;
pub mod migrations;
#[cfg(test)]
mod plans;
mod readers;
mod reads;
mod record;
mod recovery;
mod replay;
mod schema;
mod source;
mod state;
mod statistics;
mod subscription;
mod tails;
mod transfer;
mod user;
mod workspace;
mod writer;

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection as Db;
use rusqlite::config::DbConfig;
use turnbuckle_core::id::{Minter, WorkspaceId};

use crate::StoreError;
use crate::clock::Clock;
pub use crate::rules::apply::Compose;
use crate::rules::schema::ConnectionSchema;
use crate::sqlite::checkpoint::Checkpoints;
use crate::sqlite::configured::Configured;
use crate::sqlite::failure::Failure;
use crate::sqlite::readers::Readers;
use crate::sqlite::schema::load_schema;
use crate::sqlite::state::WriterState;
use crate::sqlite::tails::Tails;
use crate::sqlite::writer::{Batch, Priority, Writer};

/// What the embedded store is opened with.
pub struct SqliteOptions {
    /// The database file; made if it is not there.
    pub path: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub compose: Compose,
    /// Most bytes of intake that may wait to be written.
    pub intake_bytes_max: usize,
    /// Most scans (searches, listings) that read at the same time.
    pub scans_max: usize,
}

/// The embedded half of [`crate::Store`].
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    minter: Arc<Minter>,
    writer: Arc<Writer>,
    readers: Readers,
    tails: Arc<Tails>,
    configured: Arc<Configured>,
    /// Held while the store is open; the system releases it when a process dies.
    _lock: File,
}

impl SqliteStore {
    /// Opens or makes the database, brings its schema up to date and takes up
    /// what was pending.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if another process has it open or the file
    /// cannot be used; [`StoreError::Defect`] if it is not ours to use.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let lock = lock_file(&options.path)?;
        let open = |error: rusqlite::Error| Failure::Sql(error).during("open the database");
        let mut db = Db::open(&options.path).map_err(open)?;
        #[cfg(test)]
        plans::watch(&mut db);
        configure_writer(&db).map_err(open)?;
        migrations::migrate(&mut db)?;
        let last_change = change::last_change(&db).map_err(open)?;
        let matched_through = change::matched_through(&db).map_err(open)?;
        let new_events = inbound::new_events(&db).map_err(open)?;
        let minter = Arc::new(Minter::after(last_row_key(&db).map_err(open)?));
        let tails = Arc::new(Tails::new(new_events, last_change, matched_through));
        let checkpoints = Checkpoints::start(&mut db, &options.path).map_err(open)?;
        let configured = Arc::new(Configured::default());
        let state = WriterState::new(
            options.clock.clone(),
            minter.clone(),
            options.compose,
            tails.clone(),
            configured.clone(),
        );
        Ok(Self {
            clock: options.clock,
            minter,
            writer: Arc::new(Writer::start(db, state, checkpoints, options.intake_bytes_max)),
            readers: Readers::new(&options.path, options.scans_max),
            tails,
            configured,
            _lock: lock,
        })
    }

    /// The minter that every id of this store comes from.
    pub fn minter(&self) -> Arc<Minter> {
        self.minter.clone()
    }

    /// The committed schema of a connection.
    fn connection_schema(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, StoreError> {
        self.configured.schema(workspace, id, || {
            self.readers.look_up("read a schema", |db| load_schema(db, workspace, id))
        })
    }

    /// Writes what a workspace configures.
    async fn configure<T: Send + 'static>(
        &self,
        workspace: WorkspaceId,
        action: &'static str,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer
            .run(Priority::Stages, action, move |batch| {
                batch.state.configuration_changed(workspace);
                work(batch)
            })
            .await
    }
}

/// Takes the lock beside the database. The file names the process that holds it.
fn lock_file(path: &Path) -> Result<File, StoreError> {
    const ACTION: &str = "lock the database file";
    let unavailable =
        |error: std::io::Error| StoreError::Unavailable { action: ACTION, source: error.into() };
    let mut lock = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path.with_extension("lock"))
        .map_err(unavailable)?;
    match lock.try_lock() {
        Ok(()) => {
            lock.set_len(0).map_err(unavailable)?;
            writeln!(lock, "{}", std::process::id()).map_err(unavailable)?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let reason = format!("it is open in another process ({})", holder.trim());
            Err(StoreError::Unavailable { action: ACTION, source: reason.into() })
        }
        Err(TryLockError::Error(error)) => Err(unavailable(error)),
    }
}

fn configure_writer(db: &Db) -> Result<(), rusqlite::Error> {
    db.set_prepared_statement_cache_capacity(256);
    keep_plans(db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "cache_size", -32_768)?;
    db.pragma_update(None, "foreign_keys", "OFF")?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// Plans a statement once, whatever is bound to it: otherwise statements over
/// partial indexes are compiled again at every call.
fn keep_plans(db: &Db) -> Result<(), rusqlite::Error> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// The highest time-ordered key in use, so that new ids lie above it even if
/// the clock fell back.
fn last_row_key(db: &Db) -> Result<i64, rusqlite::Error> {
    db.query_row(
        "SELECT max(seq) FROM (
             SELECT coalesce(max(seq), 0) AS seq FROM record
             UNION ALL SELECT coalesce(max(seq), 0) FROM change
             UNION ALL SELECT coalesce(max(seq), 0) FROM inbound_event
             UNION ALL SELECT coalesce(max(seq), 0) FROM delivery
             UNION ALL SELECT coalesce(max(seq), 0) FROM subscription
             UNION ALL SELECT coalesce(max(seq), 0) FROM source
             UNION ALL SELECT coalesce(max(seq), 0) FROM source_key
             UNION ALL SELECT coalesce(max(seq), 0) FROM endpoint
             UNION ALL SELECT coalesce(max(seq), 0) FROM api_key
             UNION ALL SELECT coalesce(max(seq), 0) FROM console_user
             UNION ALL SELECT matched_through FROM feed)",
        [],
        |row| row.get(0),
    )
}
