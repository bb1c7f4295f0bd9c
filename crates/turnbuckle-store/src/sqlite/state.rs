//! What the writer thread remembers between jobs, and what it tells the
//! stages after a commit.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection as Db, params};
use turnbuckle_core::change::Change;
use turnbuckle_core::id::{Minter, Stamp, UnixMs, WorkspaceId};

use crate::clock::Clock;
use crate::inbound::InboundEvent;
use crate::sqlite::failure::Failure;
use crate::sqlite::schema::ConnectionSchema;
use crate::sqlite::tails::Tails;

/// Fills in columns that are composed of others, e.g. a contact's full name.
pub type Compose = fn(
    &str,
    &mut Vec<(String, turnbuckle_core::write::Planned)>,
    Option<&turnbuckle_core::record::Data>,
);

pub struct WriterState {
    pub clock: Arc<dyn Clock>,
    pub minter: Arc<Minter>,
    pub compose: Compose,
    tails: Arc<Tails>,
    connections: HashMap<(WorkspaceId, String), Arc<ConnectionSchema>>,
    /// Last record number by entity, and whether the row must be updated.
    numbers: HashMap<i64, (i64, bool)>,
    changes: Vec<Arc<Change>>,
    accepted: Vec<Arc<InboundEvent>>,
    matched_through: Option<i64>,
    /// What the running job found in `changes`.
    job_changes: usize,
}

impl WriterState {
    pub fn new(
        clock: Arc<dyn Clock>,
        minter: Arc<Minter>,
        compose: Compose,
        tails: Arc<Tails>,
    ) -> Self {
        Self {
            clock,
            minter,
            compose,
            tails,
            connections: HashMap::new(),
            numbers: HashMap::new(),
            changes: Vec::new(),
            accepted: Vec::new(),
            matched_through: None,
            job_changes: 0,
        }
    }

    pub fn now(&self) -> UnixMs {
        self.clock.now()
    }

    pub fn mint(&self) -> Stamp {
        self.minter.mint(self.clock.now(), self.clock.random())
    }

    /// The schema as this transaction sees it.
    pub fn connection(
        &mut self,
        db: &Db,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, Failure> {
        let key = (workspace, id.to_owned());
        if let Some(found) = self.connections.get(&key) {
            return Ok(found.clone());
        }
        let loaded = Arc::new(ConnectionSchema::load(db, workspace, id)?);
        self.connections.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// Called by whoever changes a connection or its schema.
    pub fn forget_connection(&mut self, workspace: WorkspaceId, id: &str) {
        self.connections.remove(&(workspace, id.to_owned()));
    }

    /// The next number of an entity's records.
    pub fn next_number(&mut self, db: &Db, entity_no: i64) -> Result<i64, Failure> {
        if !self.numbers.contains_key(&entity_no) {
            let last: i64 = db
                .prepare_cached("SELECT last_number FROM entity WHERE no = ?1")?
                .query_row([entity_no], |row| row.get(0))?;
            self.numbers.insert(entity_no, (last, false));
        }
        let (last, is_dirty) = self.numbers.entry(entity_no).or_default();
        *last += 1;
        *is_dirty = true;
        Ok(*last)
    }

    /// Tells matching of a change once it is committed.
    pub fn changed(&mut self, change: Arc<Change>) {
        self.changes.push(change);
    }

    /// Tells processing of an event once it is committed.
    pub fn accepted(&mut self, event: Arc<InboundEvent>) {
        self.accepted.push(event);
    }

    pub fn matched_through(&mut self, seq: i64) {
        self.matched_through = Some(seq);
    }

    pub(super) fn begin_batch(&mut self) {
        self.changes.clear();
        self.accepted.clear();
        self.matched_through = None;
    }

    pub(super) fn begin_job(&mut self) {
        self.job_changes = self.changes.len();
    }

    /// The job failed: nothing that it learned or told counts. Numbers that it
    /// took stay taken.
    pub(super) fn undo_job(&mut self) {
        self.changes.truncate(self.job_changes);
        self.connections.clear();
    }

    /// One row per entity and batch, however many records were created.
    pub(super) fn before_commit(&mut self, db: &Db) -> Result<(), rusqlite::Error> {
        for (entity_no, (last, is_dirty)) in &mut self.numbers {
            if std::mem::take(is_dirty) {
                db.prepare_cached("UPDATE entity SET last_number = ?2 WHERE no = ?1")?
                    .execute(params![entity_no, *last])?;
            }
        }
        Ok(())
    }

    pub(super) fn end_batch(&mut self, is_committed: bool) {
        if !is_committed {
            self.connections.clear();
            self.numbers.clear();
            return;
        }
        if let Some(seq) = self.matched_through.take() {
            self.tails.matched_through(seq);
        }
        if !self.changes.is_empty() {
            self.tails.push_changes(&mut self.changes);
        }
        if !self.accepted.is_empty() {
            self.tails.push_events(&mut self.accepted);
        }
    }
}
