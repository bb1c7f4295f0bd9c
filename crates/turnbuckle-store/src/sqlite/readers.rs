//! Reading connections, each used by one caller at a time.
//!
//! Look-ups by key run where they are asked: they touch a few pages that are
//! nearly always cached, and handing them to another thread costs several
//! times what they do. Whatever reads more than that ([`Readers::scan`]) goes
//! to the blocking pool, a bounded number at a time. No read lasts: callers
//! bound the rows they look at, so that the log of the writer can be reused.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::StoreError;
use crate::sqlite::failure::{Failure, defect};

pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    scans: Semaphore,
}

impl Readers {
    /// `scans_max` scans run at a time; the others wait.
    pub fn new(path: &Path, scans_max: usize) -> Self {
        let inner = Inner {
            path: path.to_owned(),
            idle: Mutex::default(),
            scans: Semaphore::new(scans_max),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Looks up a few rows by key, here and now.
    pub fn look_up<T>(
        &self,
        action: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.inner.read(action, read)
    }

    /// Reads many rows, off the caller's thread.
    pub async fn scan<T: Send + 'static>(
        &self,
        action: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        let permit = inner.scans.acquire().await.expect("the semaphore is never closed");
        let reading = {
            let inner = inner.clone();
            tokio::task::spawn_blocking(move || inner.read(action, read))
        };
        let result = reading.await;
        drop(permit);
        result.unwrap_or_else(|error| Err(StoreError::Defect { action, source: error.into() }))
    }
}

impl Inner {
    fn read<T>(
        &self,
        action: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().expect("no code panics holding the pool").pop();
        let db = match idle {
            Some(db) => db,
            None => open(&self.path).map_err(|error| defect(action, error))?,
        };
        let result = read(&db).map_err(|failure| failure.during(action));
        self.idle.lock().expect("no code panics holding the pool").push(db);
        result
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[cfg_attr(not(test), expect(unused_mut, reason = "only tests watch it"))]
    let mut db = Connection::open_with_flags(path, flags)?;
    #[cfg(test)]
    crate::sqlite::plans::watch(&mut db);
    db.set_prepared_statement_cache_capacity(128);
    super::keep_plans(&db)?;
    db.pragma_update(None, "cache_size", -4_096)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db)
}
