//! The unit of work: writes of records and ends of events, decided in memory
//! over rows that were read ahead, and written at once (T1 of the design).
//!
//! The rules of [`crate::rules`] read row by row. Here they run in passes: what
//! a pass wants to know and the unit does not is answered as if it were not
//! there, noted, and read for all its writes in one round trip; then the pass
//! is made again. A pass that found all it wanted is the one that counts. So a
//! slice of events takes a few round trips, however long it is.
//!
//! Guaranteed: whoever writes records of a connection holds its row in
//! `connection_line` to the end of the transaction, so what was read stays true,
//! `match_on` and unique columns hold whichever process writes, and ids of
//! records and changes rise in the order of the commits. The row of the connection itself is
//! shared meanwhile: neither its schema nor its mapping changes, nor does it go.
//! Rows are locked in one order: connections, their lines, events, each by number.

mod known;
mod writes;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use deadpool_postgres::Transaction;
use turnbuckle_core::change::Change;
use turnbuckle_core::id::{ConnectionNo, InboundEventId, Stamp, UnixMs, WorkspaceId};
use turnbuckle_core::record::Record;
use uuid::Uuid;

use crate::StoreError;
use crate::error::Noun;
use crate::function::FunctionCall;
use crate::inbound::{EventOutcome, FinishEvent};
use crate::postgres::Parts;
use crate::postgres::failure::{Failure, during};
use crate::postgres::hints::Hint;
use crate::postgres::processes::Task;
use crate::postgres::statement::{Parameters, by_key, list};
use crate::postgres::unit::known::{Known, Lead, Wants};
pub use crate::postgres::unit::writes::Writes;
use crate::postgres::unit::writes::{LastSeqs, Mark};
use crate::record::Applied;
use crate::replay::Run;
use crate::rules::apply::{Compose, RecordWrites, Same};
use crate::rules::event::EventWrites;
use crate::rules::numbers::inbound_status_to_row;
use crate::rules::record::RecordRow;
use crate::rules::schema::{ConnectionSchema, EntityRow};

/// Whether what a unit decided is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    Yes,
    /// A trial: only the answer counts.
    No,
}

/// What a unit is about: connections by number, and events to be ended.
#[derive(Default)]
pub struct About {
    pub connections: BTreeSet<(WorkspaceId, ConnectionNo)>,
    pub events: BTreeSet<(WorkspaceId, InboundEventId)>,
}

/// Rows as the transaction sees them, and what it is going to write.
pub struct Unit<'a> {
    store: &'a Parts,
    now: UnixMs,
    connections: HashMap<(WorkspaceId, String), Arc<ConnectionSchema>>,
    /// Workspace of each entity of these connections.
    workspaces: HashMap<i64, WorkspaceId>,
    /// The newest id of a record, change or subscription of each connection.
    last_seqs: LastSeqs,
    /// Events that are in the queue.
    queued: HashSet<i64>,
    known: Known,
    wants: Wants,
    writes: Writes,
}

impl Parts {
    /// Makes passes of `decide` until one knows all that it wants, and writes what
    /// that one decided. Whatever `decide` fails with undoes all of it.
    pub(super) async fn unit<T>(
        &self,
        action: &'static str,
        about: &About,
        keep: Keep,
        decide: impl Fn(&mut Unit<'_>) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, StoreError>
    where
        T: Send,
    {
        let work = async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            let mut unit = self.open_unit(&transaction, about).await?;
            let decided = loop {
                unit.writes = Writes::following(&unit.last_seqs);
                let decided = decide(&mut unit);
                let wants = std::mem::take(&mut unit.wants);
                if wants.is_empty() {
                    break decided?;
                }
                unit.known.read(&transaction, wants).await?;
            };
            if keep == Keep::No {
                transaction.rollback().await?;
                return Ok((decided, false));
            }
            let has_changes = unit.writes.has_changes();
            unit.writes.write(&transaction).await?;
            transaction.commit().await?;
            Ok((decided, has_changes))
        };
        let (decided, has_changes) = during(action, work).await?;
        if has_changes {
            self.hints.new_change.notify_one();
            if !self.processes.has(Task::Match) {
                self.hints.tell_others([Hint::Change]);
            }
        }
        Ok(decided)
    }

    /// Locks what a unit is about.
    async fn open_unit(
        &self,
        transaction: &Transaction<'_>,
        about: &About,
    ) -> Result<Unit<'_>, Failure> {
        let (workspaces, numbers): (Vec<i64>, Vec<i64>) =
            about.connections.iter().map(|(workspace, no)| (workspace.0, no.0)).unzip();
        let (event_workspaces, events): (Vec<i64>, Vec<i64>) =
            about.events.iter().map(|(workspace, id)| (workspace.0, id.0.row_key())).unzip();
        let share = "SELECT workspace, no, id, schema_version FROM connection
            WHERE (workspace, no) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
            ORDER BY no FOR SHARE";
        let lock = "SELECT connection, workspace, last_seq FROM connection_line
            WHERE (workspace, connection) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
            ORDER BY connection FOR UPDATE";
        let take = concat!(
            "SELECT inbound_queue.seq FROM inbound_queue
            JOIN unnest($1::bigint[], $2::bigint[]) AS about (workspace, seq) ON ",
            by_key!("inbound_queue", "about"),
            " ORDER BY about.seq FOR UPDATE OF inbound_queue"
        );
        let of_connections: Parameters<'_> = &[&workspaces, &numbers];
        let of_events: Parameters<'_> = &[&event_workspaces, &events];
        let (connections, last_seqs, queued) = tokio::try_join!(
            list(transaction, share, of_connections, |row| {
                let no = ConnectionNo(row.get(1));
                Ok((WorkspaceId(row.get(0)), row.get::<_, String>(2), (no, row.get(3))))
            }),
            list(transaction, lock, of_connections, |row| {
                Ok((ConnectionNo(row.get(0)), (WorkspaceId(row.get(1)), row.get(2))))
            }),
            list(transaction, take, of_events, |row| Ok(row.get(0))),
        )?;
        let mut unit = Unit {
            store: self,
            now: self.clock.now(),
            connections: HashMap::new(),
            workspaces: HashMap::new(),
            last_seqs: last_seqs.into_iter().collect(),
            queued: queued.into_iter().collect(),
            known: Known::default(),
            wants: Wants::default(),
            writes: Writes::default(),
        };
        for (workspace, id, version) in connections {
            let schema = self.schema_of_version(transaction, workspace, &id, version).await?;
            unit.workspaces.extend(schema.entities.values().map(|row| (row.no, workspace)));
            unit.connections.insert((workspace, id), schema);
        }
        Ok(unit)
    }
}

impl Unit<'_> {
    /// # Errors
    /// [`StoreError::NotFound`] if it was deleted, or is another one by now.
    pub fn connection_of(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, StoreError> {
        let found = self.connections.get(&(workspace, id.to_owned()));
        found.cloned().ok_or_else(|| StoreError::not_found(Noun::Connection, id))
    }

    /// Lets a run go on, if it is where it was.
    pub fn advance(&mut self, before: Run, after: Run) {
        self.writes.advance(before, after);
    }

    /// Whether nobody has ended this event yet.
    pub fn is_queued(&self, event: InboundEventId) -> bool {
        self.queued.contains(&event.0.row_key())
    }

    fn workspace_of(&self, entity: &EntityRow) -> WorkspaceId {
        // Rules know no entities but those of the connections that this unit is about.
        self.workspaces.get(&entity.no).copied().unwrap_or(WorkspaceId(0))
    }

    /// The record as the database has it; what was not read yet is wanted.
    fn stored(&mut self, entity: &EntityRow, id: &Uuid) -> Option<RecordRow> {
        match self.known.record(entity.no, id) {
            Some(known) => known.clone(),
            None => {
                self.wants.record(self.workspace_of(entity), entity.no, *id);
                None
            }
        }
    }

    /// Of several leads the one to the fewest records; `None` while that is not known.
    fn best_lead(&mut self, entity: &EntityRow, leads: Vec<Lead>) -> Option<Lead> {
        let counts = leads.iter().map(|lead| self.known.count(lead));
        if let Some(counts) = counts.collect::<Option<Vec<i64>>>() {
            return counts.into_iter().zip(leads).min_by_key(|(count, _)| *count).map(|it| it.1);
        }
        for lead in leads {
            self.wants.count(self.workspace_of(entity), lead);
        }
        None
    }
}

impl RecordWrites for Unit<'_> {
    type Failure = Failure;

    fn now(&self) -> UnixMs {
        self.now
    }

    fn compose(&self) -> Compose {
        self.store.compose
    }

    fn mint(&mut self, connection: ConnectionNo) -> Stamp {
        let stamp = self.store.mint_after(self.writes.last_seq(connection));
        self.writes.put_last_seq(connection, stamp.row_key());
        stamp
    }

    fn next_number(&mut self, entity: &EntityRow) -> Result<i64, Failure> {
        let last = match (self.writes.number(entity.no), self.known.number(entity.no)) {
            (Some(last), _) | (None, Some(last)) => last,
            (None, None) => {
                self.wants.number(self.workspace_of(entity), entity.no);
                0
            }
        };
        self.writes.put_number(self.workspace_of(entity), entity.no, last + 1);
        Ok(last + 1)
    }

    fn exists(&mut self, entity: &EntityRow, id: &Uuid) -> Result<bool, Failure> {
        Ok(self.find(entity, id)?.is_some())
    }

    fn find(&mut self, entity: &EntityRow, id: &Uuid) -> Result<Option<RecordRow>, Failure> {
        if let Some(written) = self.writes.record_of(entity.no, id) {
            return Ok(written);
        }
        Ok(self.stored(entity, id))
    }

    fn find_same(
        &mut self,
        entity: &EntityRow,
        same: &Same<'_>,
    ) -> Result<Vec<RecordRow>, Failure> {
        let leads = same.leads();
        let is_keyed = !leads.is_empty();
        let lead = match leads.len() {
            0 | 1 => leads.into_iter().next(),
            _ => self.best_lead(entity, leads),
        };
        if is_keyed && lead.is_none() {
            return Ok(Vec::new());
        }
        // What was written may have been the same before, or is by now.
        let mut found = self.writes.same(entity.no, lead.as_ref(), same);
        let limit = 2 + self.writes.touched(entity.no);
        let is_told = lead.as_ref().is_some_and(|lead| same.is_told_by(lead));
        let values = (!is_told).then(|| same.to_values());
        match self.known.same(entity.no, lead.as_ref(), values.as_ref(), limit) {
            Some(stored) => found.extend(
                stored.iter().filter(|row| !self.writes.has_touched(entity.no, row.seq)).cloned(),
            ),
            None => {
                self.wants.same(self.workspace_of(entity), entity.no, lead, values, limit);
            }
        }
        found.sort_by_key(|row| row.seq);
        found.truncate(2);
        Ok(found)
    }

    fn insert(
        &mut self,
        entity: &EntityRow,
        new: &RecordRow,
        id: &Uuid,
        data: &str,
    ) -> Result<(), Failure> {
        let workspace = self.workspace_of(entity);
        self.writes.put(workspace, entity, new.seq, None, Some((&new.record, data)), *id);
        Ok(())
    }

    fn update(
        &mut self,
        entity: &EntityRow,
        (seq, before): (i64, &Record),
        after: &Record,
        data: &str,
    ) -> Result<(), Failure> {
        let (workspace, id) = (self.workspace_of(entity), id_of(before)?);
        self.writes.put(workspace, entity, seq, Some(before), Some((after, data)), id);
        Ok(())
    }

    fn delete(&mut self, entity: &EntityRow, (seq, before): (i64, &Record)) -> Result<(), Failure> {
        let (workspace, id) = (self.workspace_of(entity), id_of(before)?);
        self.writes.put(workspace, entity, seq, Some(before), None, id);
        Ok(())
    }

    fn tell(&mut self, change: Change, after_data: Option<&str>) -> Result<(), Failure> {
        self.writes.tell(change, after_data);
        Ok(())
    }
}

fn id_of(record: &Record) -> Result<Uuid, Failure> {
    Uuid::try_parse(&record.id).map_err(|error| {
        StoreError::Defect { action: "read a stored record", source: error.into() }.into()
    })
}

impl EventWrites for Unit<'_> {
    type Mark = Mark;

    fn connection(
        &mut self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, Failure> {
        Ok(self.connection_of(workspace, id)?)
    }

    fn written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        entity: &str,
    ) -> Result<Option<String>, Failure> {
        let event = finish.event.0.row_key();
        if let Some(written) = self.writes.item(event, item) {
            return Ok(Some(written.1.clone()).filter(|_| written.0 == entity));
        }
        // What has not been ended has not written.
        if self.queued.contains(&event) {
            return Ok(None);
        }
        match self.known.items(event) {
            Some(items) => Ok(items
                .iter()
                .find(|written| written.item == item && written.entity == entity)
                .map(|written| written.record.clone())),
            None => {
                self.wants.items(finish.workspace, event);
                Ok(None)
            }
        }
    }

    fn note_written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        applied: &Applied,
    ) -> Result<(), Failure> {
        let event = finish.event.0.row_key();
        let written = writes::ItemWritten {
            workspace: finish.workspace,
            entity: applied.entity.clone(),
            record: applied.record.id.clone(),
            change: applied.change,
        };
        self.writes.put_item(event, item, written);
        Ok(())
    }

    fn mark(&mut self) -> Result<Mark, Failure> {
        Ok(self.writes.mark())
    }

    fn undo(&mut self, mark: &Mark) -> Result<(), Failure> {
        self.writes.undo(*mark);
        Ok(())
    }

    fn release(&mut self, _: Mark) -> Result<(), Failure> {
        Ok(())
    }

    fn end_event(&mut self, finish: &FinishEvent, outcome: &EventOutcome) -> Result<(), Failure> {
        let event = finish.event.0.row_key();
        let ended = writes::Ended {
            workspace: finish.workspace,
            event,
            is_queued: self.queued.contains(&event),
            status: inbound_status_to_row(outcome.status),
            error: outcome.error.clone(),
            warnings: serde_json::to_string(&outcome.warnings)?,
        };
        self.writes.end(ended);
        Ok(())
    }

    fn end_call(&mut self, finish: &FinishEvent, call: &FunctionCall) -> Result<(), Failure> {
        self.writes.end_call(finish.event, call.clone());
        Ok(())
    }
}
