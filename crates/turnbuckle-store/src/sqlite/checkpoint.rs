//! Moves what is committed from the write-ahead log into the database file,
//! beside the writer, so that no commit waits for it.
//!
//! Who acts: the writer learns at each commit how long the log is, and wakes the
//! checkpointer, a thread with a connection of its own, when it is long. That
//! copies while the writer goes on. The log can start over only when nothing in
//! it is left to copy, and while the writer goes on there always is a little; so
//! the writer copies that rest itself, after it has answered a batch. Its next
//! transaction then starts the log over, in the file that is there.
//!
//! Durability does not hang on any of this: what is committed is in the log.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection as Db;

/// The log is copied when it has this many pages: so many that pages which
/// change all the time are copied rarely, so few that a start after a crash,
/// which reads the log, is quick.
const LOG_PAGES: i32 = 8_000;

/// Pages that the writer may copy between two batches.
const REST_PAGES: i32 = 200;

/// Passes after which the rest is left to the writer, however long it is.
const PASSES_MAX: usize = 4;

/// The writer's end.
pub struct Checkpoints {
    shared: Arc<Shared>,
    log_pages: i32,
    /// When the log is this long, it is copied.
    next_at: i32,
    is_running: bool,
    /// Dropped to end the thread.
    wake: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Of the log, after the last commit.
    pages: AtomicI32,
    /// The checkpointer has done its part.
    is_nearly_done: AtomicBool,
}

/// What a pass found and did.
struct Pass {
    pages: i32,
    copied: i32,
}

impl Checkpoints {
    /// Takes the checkpoints of the writer's connection over.
    pub fn start(writer: &mut Db, path: &Path) -> Result<Self, rusqlite::Error> {
        Self::start_at(LOG_PAGES, writer, path)
    }

    fn start_at(log_pages: i32, writer: &mut Db, path: &Path) -> Result<Self, rusqlite::Error> {
        let shared = Arc::new(Shared::default());
        let seen = shared.clone();
        // Also ends SQLite's own checkpoints, which are such a hook.
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.pages.store(pages, Ordering::Release);
            Ok(())
        }))?;
        let db = Db::open(path)?;
        let (wake, woken) = mpsc::channel();
        let inside = shared.clone();
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || woken.iter().for_each(|()| copy_nearly_all(&db, &inside)))
            .expect("the system can start one thread");
        Ok(Self {
            shared,
            log_pages,
            next_at: log_pages,
            is_running: false,
            wake: Some(wake),
            thread: Some(thread),
        })
    }

    /// Called by the writer between two batches.
    pub fn after_batch(&mut self, writer: &Db) {
        if self.shared.is_nearly_done.swap(false, Ordering::AcqRel) {
            self.is_running = false;
            self.next_at = match pass(writer) {
                Some(Pass { pages, copied }) if pages == copied => self.log_pages,
                // A reader still needs a part of it.
                _ => self.shared.pages.load(Ordering::Acquire) + self.log_pages,
            };
        } else if !self.is_running && self.next_at <= self.shared.pages.load(Ordering::Acquire) {
            self.is_running = self.wake.as_ref().is_some_and(|wake| wake.send(()).is_ok());
        }
    }
}

impl Checkpoints {
    /// Copies all that is left and empties the log, when the writer has ended:
    /// whoever then copies the database file has everything.
    pub fn finish(self, writer: &Db) {
        drop(self);
        let emptied =
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        match emptied {
            Ok(false) => {}
            Ok(true) => tracing::warn!("a reader kept the log of the database from being emptied"),
            Err(error) => tracing::warn!(%error, "the log of the database could not be emptied"),
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpointer panicked");
        }
    }
}

fn copy_nearly_all(db: &Db, shared: &Shared) {
    for _ in 0..PASSES_MAX {
        let Some(Pass { copied, .. }) = pass(db) else { break };
        if shared.pages.load(Ordering::Acquire) - copied <= REST_PAGES {
            break;
        }
    }
    shared.is_nearly_done.store(true, Ordering::Release);
}

/// Copies what no reader holds back, and waits for nobody. `None` if it failed:
/// the log stays as it is and is copied another time.
fn pass(db: &Db) -> Option<Pass> {
    let copied = db.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)").and_then(|mut pragma| {
        pragma.query_row([], |row| Ok(Pass { pages: row.get(1)?, copied: row.get(2)? }))
    });
    copied
        .inspect_err(
            |error| tracing::warn!(%error, "the log could not be copied into the database"),
        )
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database whose writer has checkpoints at 50 pages.
    fn given(folder: &Path) -> (Db, Checkpoints) {
        let path = folder.join("test.db");
        let mut writer = Db::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer.execute_batch("CREATE TABLE word (text TEXT)").unwrap();
        let checkpoints = Checkpoints::start_at(50, &mut writer, &path).unwrap();
        (writer, checkpoints)
    }

    /// Writes until the log has started over `wanted` times; answers how many rows that took.
    fn write(writer: &Db, checkpoints: &mut Checkpoints, wanted: usize) -> i64 {
        let (mut before, mut restarts) = (0, 0);
        for count in 1..1_000_000 {
            writer.execute("INSERT INTO word VALUES (?1)", ["x".repeat(2_000)]).unwrap();
            checkpoints.after_batch(writer);
            let pages = checkpoints.shared.pages.load(Ordering::Acquire);
            restarts += usize::from(pages < before);
            before = pages;
            if restarts == wanted {
                return count;
            }
        }
        panic!("the log never started over");
    }

    #[test]
    fn the_log_starts_over_while_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, mut checkpoints) = given(folder.path());
        let written = write(&writer, &mut checkpoints, 3);
        // Held open: the last one to close a database would empty the log anyway.
        let _other = Db::open(folder.path().join("test.db")).unwrap();
        checkpoints.finish(&writer);
        drop(writer);
        let log = folder.path().join("test.db-wal");
        assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
        let reopened = Db::open(folder.path().join("test.db")).unwrap();
        let count = reopened.query_row("SELECT count(*) FROM word", [], |row| row.get::<_, i64>(0));
        assert_eq!(count, Ok(written));
    }

    #[test]
    fn a_reader_that_holds_the_log_back_delays_it_and_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, mut checkpoints) = given(folder.path());
        let reader = Db::open(folder.path().join("test.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM word").unwrap();
        for _ in 0..500 {
            writer.execute("INSERT INTO word VALUES (?1)", ["x".repeat(2_000)]).unwrap();
            checkpoints.after_batch(&writer);
        }
        assert!(500 <= checkpoints.shared.pages.load(Ordering::Acquire), "the log was cut");
        reader.execute_batch("COMMIT").unwrap();
        write(&writer, &mut checkpoints, 1);
    }
}
