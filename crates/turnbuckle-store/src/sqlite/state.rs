//! What the writer thread remembers between jobs, and what it tells the
//! stages after a commit.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection as Db, params};
use turnbuckle_core::change::Change;
use turnbuckle_core::id::{ConnectionNo, Minter, Stamp, UnixMs, WorkspaceId};

use crate::clock::Clock;
use crate::inbound::InboundEvent;
use crate::rules::apply::Compose;
use crate::rules::schema::ConnectionSchema;
use crate::sqlite::configured::{Changed, Configured};
use crate::sqlite::failure::Failure;
use crate::sqlite::schema::load_schema;
use crate::sqlite::tails::Tails;

pub struct WriterState {
    pub clock: Arc<dyn Clock>,
    pub minter: Arc<Minter>,
    pub compose: Compose,
    tails: Arc<Tails>,
    configured: Arc<Configured>,
    changed: Vec<Changed>,
    connections: HashMap<(WorkspaceId, String), Arc<ConnectionSchema>>,
    /// Connections deleted since the start.
    deleted: HashSet<ConnectionNo>,
    /// Last record number by entity, and whether the row must be updated.
    numbers: HashMap<i64, (i64, bool)>,
    changes: Vec<Arc<Change>>,
    accepted: Vec<Arc<InboundEvent>>,
    matched_through: Option<i64>,
    /// What the running job found in `changes`.
    job_changes: usize,
    /// Entities of which the running job was the first to ask for a number.
    job_numbers: Vec<i64>,
}

impl WriterState {
    pub fn new(
        clock: Arc<dyn Clock>,
        minter: Arc<Minter>,
        compose: Compose,
        tails: Arc<Tails>,
        configured: Arc<Configured>,
    ) -> Self {
        Self {
            clock,
            minter,
            compose,
            tails,
            configured,
            changed: Vec::new(),
            connections: HashMap::new(),
            deleted: HashSet::new(),
            numbers: HashMap::new(),
            changes: Vec::new(),
            accepted: Vec::new(),
            matched_through: None,
            job_changes: 0,
            job_numbers: Vec::new(),
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
        let loaded = Arc::new(load_schema(db, workspace, id)?);
        self.connections.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// Called by whoever changes a connection or its schema.
    pub fn forget_connection(&mut self, workspace: WorkspaceId, id: &str) {
        self.connections.remove(&(workspace, id.to_owned()));
        self.changed.push(Changed { workspace, connection: Some(id.to_owned()) });
    }

    pub fn connection_deleted(&mut self, no: ConnectionNo) {
        self.deleted.insert(no);
    }

    /// Whether a connection that was there when this process last looked is gone.
    pub fn is_deleted(&self, no: ConnectionNo) -> bool {
        self.deleted.contains(&no)
    }

    /// Called by whoever changes anything else that a workspace configures.
    pub fn configuration_changed(&mut self, workspace: WorkspaceId) {
        self.changed.push(Changed { workspace, connection: None });
    }

    /// The next number of an entity's records.
    pub fn next_number(&mut self, db: &Db, entity_no: i64) -> Result<i64, Failure> {
        let (last, is_dirty) = match self.numbers.entry(entity_no) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let last: i64 = db
                    .prepare_cached("SELECT last_number FROM entity WHERE no = ?1")?
                    .query_row([entity_no], |row| row.get(0))?;
                self.job_numbers.push(entity_no);
                unknown.insert((last, false))
            }
        };
        *last += 1;
        *is_dirty = true;
        Ok(*last)
    }

    /// Tells matching of a change once it is committed.
    pub fn changed(&mut self, change: Arc<Change>) {
        self.changes.push(change);
    }

    /// How many changes of this batch there are to tell of.
    pub fn told(&self) -> usize {
        self.changes.len()
    }

    /// The changes after those have been undone.
    pub fn untell(&mut self, told: usize) {
        self.changes.truncate(told);
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
        self.job_numbers.clear();
    }

    /// The job failed: nothing that it learned or told counts. Numbers that it
    /// took stay taken, except those of entities that may be of its own making.
    pub(super) fn undo_job(&mut self) {
        self.changes.truncate(self.job_changes);
        self.connections.clear();
        for entity_no in self.job_numbers.drain(..) {
            self.numbers.remove(&entity_no);
        }
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
        // Also what was not committed: to read again what has not changed is no harm.
        for changed in self.changed.drain(..) {
            self.configured.changed(changed);
        }
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
