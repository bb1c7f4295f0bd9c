//! The webhook log.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{
    ConnectionNo, InboundEventId, SourceId, Stamp, WorkspaceId, first_row_key_at,
};
use turnbuckle_core::invalid::Invalid;

use crate::StoreError;
use crate::error::Noun;
use crate::function::FunctionCall;
use crate::inbound::{
    Accept, Accepted, DEDUPE_MS, EventFilter, EventOutcome, EventRecord, FinishEvent, Headers,
    InboundEvent, InboundRequest, InboundStatus, InboundStore, LoggedEvent,
};
use crate::page::{Page, PageRequest};
use crate::record::Applied;
use crate::replay::Run;
use crate::rules::event::{EventWrites, finish_event, fits};
use crate::rules::numbers::{
    change_type_from_row, change_type_to_row, inbound_status_from_row, inbound_status_to_row,
};
use crate::rules::schema::ConnectionSchema;
use crate::sqlite::SqliteStore;
use crate::sqlite::event_call::end_call;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::replay::advance_run;
use crate::sqlite::tails::Tails;
use crate::sqlite::writer::{Batch, Priority};

const EVENT_COLUMNS: &str =
    "seq, tail, workspace, source, status, headers, query, body, connection";

/// Events that were new when the store was last open, in the order of their receipt.
pub fn new_events(db: &Db) -> Result<Vec<InboundEventId>, rusqlite::Error> {
    let mut select =
        db.prepare("SELECT seq, tail FROM inbound_event WHERE status = 2 ORDER BY seq")?;
    let rows = select
        .query_map([], |row| Ok(InboundEventId(Stamp::from_row(row.get(0)?, row.get(1)?))))?;
    rows.collect()
}

/// The source's id is kept whole in eight bytes of time and eight of chance; a
/// log row keeps the first and finds the rest with the source.
fn read_event(db: &Db, row: &Row<'_>) -> Result<InboundEvent, Failure> {
    let source_seq: i64 = row.get(3)?;
    let source_tail: Option<i64> = db
        .prepare_cached("SELECT tail FROM source WHERE seq = ?1")?
        .query_row([source_seq], |row| row.get(0))
        .optional()?;
    let headers = row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(InboundEvent {
        id: InboundEventId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        source: SourceId(Stamp::from_row(source_seq, source_tail.unwrap_or_default())),
        connection: ConnectionNo(row.get(8)?),
        request: InboundRequest {
            headers: Headers::from_json(headers)?,
            query: row.get(6)?,
            body: Bytes::from(row.get::<_, Vec<u8>>(7)?),
        },
    })
}

fn insert_event(db: &Db, accept: &Accept) -> Result<(), Failure> {
    let InboundEvent { id, workspace, source, connection, request } = &accept.event;
    db.prepare_cached(
        "INSERT INTO inbound_event (seq, tail, workspace, source, connection, status, headers,
             query, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        id.0.row_key(),
        id.0.tail(),
        workspace.0,
        source.0.row_key(),
        connection.0,
        inbound_status_to_row(accept.status),
        request.headers.as_json(),
        request.query,
        request.body.as_ref()
    ])?;
    Ok(())
}

/// Finds the event that had a key of this one before, and notes the stronger ones as its own.
fn recognise(db: &Db, accept: &Accept) -> Result<Option<InboundEventId>, Failure> {
    let event = accept.event.id.0;
    let known_since = first_row_key_at(event.millis() - DEDUPE_MS);
    let source = accept.event.source.0.row_key();
    let mut find = db.prepare_cached(
        "SELECT event, tail FROM dedupe WHERE source = ?1 AND key = ?2 AND event >= ?3",
    )?;
    let mut first = None;
    let mut unknown = Vec::new();
    for key in &accept.dedupe_keys {
        let known = find
            .query_row(params![source, key, known_since], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        first = known.map(|(event, tail)| Stamp::from_row(event, tail));
        if first.is_some() {
            break;
        }
        unknown.push(key);
    }
    let of = first.unwrap_or(event);
    let mut note = db.prepare_cached(
        "INSERT OR REPLACE INTO dedupe (source, key, event, tail) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for key in unknown {
        note.execute(params![source, key, of.row_key(), of.tail()])?;
    }
    Ok(first.map(InboundEventId))
}

fn put_outcome(
    db: &Db,
    event: i64,
    error: Option<&str>,
    warnings: &[Invalid],
) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO inbound_outcome (event, error, warnings) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![event, error, serde_json::to_string(warnings)?])?;
    Ok(())
}

fn accept_event(batch: &mut Batch<'_>, accept: Accept) -> Result<Accepted, Failure> {
    if batch.state.is_deleted(accept.event.connection) {
        // Its source went along.
        return Err(StoreError::not_found(Noun::Source, accept.event.source).into());
    }
    if !accept.dedupe_keys.is_empty()
        && let Some(first) = recognise(batch.sql, &accept)?
    {
        return Ok(Accepted::Repeat(first));
    }
    insert_event(batch.sql, &accept)?;
    if accept.failure.is_some() {
        let failure = accept.failure.as_deref();
        put_outcome(batch.sql, accept.event.id.0.row_key(), failure, &[])?;
    }
    if accept.status == InboundStatus::New {
        batch.state.accepted(Arc::new(accept.event));
    }
    Ok(Accepted::Stored)
}

impl EventWrites for Batch<'_> {
    type Mark = usize;

    fn connection(
        &mut self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, Failure> {
        self.state.connection(self.sql, workspace, id)
    }

    fn written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        entity: &str,
    ) -> Result<Option<String>, Failure> {
        Ok(self
            .sql
            .prepare_cached(
                "SELECT record FROM inbound_record WHERE event = ?1 AND item = ?2 AND entity = ?3",
            )?
            .query_row(params![finish.event.0.row_key(), item, entity], |row| row.get(0))
            .optional()?)
    }

    fn note_written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        applied: &Applied,
    ) -> Result<(), Failure> {
        let event = finish.event.0.row_key();
        // Before it may have written a record of another entity.
        self.sql
            .prepare_cached(
                "INSERT INTO inbound_record (event, item, entity, record, change)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (event, item) DO UPDATE SET entity = excluded.entity,
                     record = excluded.record, change = excluded.change",
            )?
            .execute(params![
                event,
                item,
                applied.entity,
                applied.record.id,
                applied.change.map(change_type_to_row)
            ])?;
        Ok(())
    }

    fn mark(&mut self) -> Result<usize, Failure> {
        self.sql.prepare_cached("SAVEPOINT event")?.execute([])?;
        Ok(self.state.told())
    }

    fn undo(&mut self, told: &usize) -> Result<(), Failure> {
        self.sql.prepare_cached("ROLLBACK TO event")?.execute([])?;
        self.state.untell(*told);
        Ok(())
    }

    fn release(&mut self, _: usize) -> Result<(), Failure> {
        self.sql.prepare_cached("RELEASE event")?.execute([])?;
        Ok(())
    }

    fn end_event(&mut self, finish: &FinishEvent, outcome: &EventOutcome) -> Result<(), Failure> {
        let event = finish.event.0.row_key();
        let status = inbound_status_to_row(outcome.status);
        let is_first_time = self
            .sql
            .prepare_cached("UPDATE inbound_event SET status = ?2 WHERE seq = ?1 AND status = 2")?
            .execute(params![event, status])?
            > 0;
        // A trial is of an event that may not be in the log.
        let is_logged = is_first_time
            || self
                .sql
                .prepare_cached("UPDATE inbound_event SET status = ?2 WHERE seq = ?1")?
                .execute(params![event, status])?
                > 0;
        if is_logged && (outcome.error.is_some() || !outcome.warnings.is_empty()) {
            put_outcome(self.sql, event, outcome.error.as_deref(), &outcome.warnings)?;
        } else if !is_first_time {
            // How it ended before no longer holds.
            self.sql
                .prepare_cached("DELETE FROM inbound_outcome WHERE event = ?1")?
                .execute([event])?;
        }
        Ok(())
    }

    fn end_call(&mut self, finish: &FinishEvent, call: &FunctionCall) -> Result<(), Failure> {
        end_call(self.sql, finish.event, call)
    }
}

#[async_trait]
impl InboundStore for SqliteStore {
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        let InboundRequest { body, query, headers } = &accept.event.request;
        let bytes = body.len() + query.len() + headers.as_json().len() + 200;
        let is_single_statement = accept.dedupe_keys.is_empty() && accept.failure.is_none();
        self.writer
            .intake("store an inbound event", bytes, is_single_statement, move |batch| {
                accept_event(batch, accept)
            })
            .await
    }

    async fn lease_new(&self, limit: usize) -> Result<Vec<Arc<InboundEvent>>, StoreError> {
        let leased = self.tails.lease_events(limit);
        if leased.iter().all(|(_, event)| event.is_some()) {
            return Ok(leased.into_iter().filter_map(|(_, event)| event).collect());
        }
        let ids: Vec<InboundEventId> = leased.iter().map(|(id, _)| *id).collect();
        let read = self
            .readers
            .scan("read new events", move |db| {
                let mut events = Vec::with_capacity(leased.len());
                for (id, event) in leased {
                    match event {
                        Some(event) => events.push(event),
                        None => {
                            events.extend(find_event(db, id)?.map(|(event, _)| Arc::new(event)))
                        }
                    }
                }
                Ok(events)
            })
            .await;
        if read.is_err() {
            self.tails.return_events(&ids);
        }
        read
    }

    async fn new_event(&self) {
        self.tails.new_event.notified().await;
    }

    async fn finish_events(
        &self,
        events: Vec<FinishEvent>,
    ) -> Result<Vec<EventOutcome>, StoreError> {
        let ids: Vec<InboundEventId> = events.iter().map(|finish| finish.event).collect();
        let outcomes = self
            .writer
            .run(Priority::Stages, "finish inbound events", move |batch| {
                events.into_iter().map(|finish| finish_event(batch, finish)).collect()
            })
            .await;
        if outcomes.is_ok() {
            self.tails.finish_events(&ids);
        }
        outcomes
    }

    async fn finish_replayed(
        &self,
        events: Vec<FinishEvent>,
        run: &Run,
        next: Option<i64>,
    ) -> Result<Run, StoreError> {
        let ids: Vec<InboundEventId> = events.iter().map(|finish| finish.event).collect();
        let before = run.clone();
        let run = self
            .writer
            .run(Priority::Stages, "finish replayed events", move |batch| {
                let outcomes: Vec<EventOutcome> = events
                    .into_iter()
                    .map(|finish| finish_event(batch, finish))
                    .collect::<Result<_, _>>()?;
                let after = before.after(&outcomes, next, batch.state.now());
                advance_run(batch.sql, &before, &after)?;
                Ok(after)
            })
            .await;
        if run.is_ok() {
            self.tails.finish_events(&ids);
        }
        run
    }

    async fn try_event(&self, event: FinishEvent) -> Result<EventOutcome, StoreError> {
        self.writer
            .run(Priority::Bulk, "try an inbound event", move |batch| {
                batch.sql.execute_batch("SAVEPOINT trial")?;
                let outcome = finish_event(batch, event);
                batch.sql.execute_batch("ROLLBACK TO trial; RELEASE trial")?;
                batch.state.undo_job();
                outcome
            })
            .await
    }

    async fn event(
        &self,
        workspace: WorkspaceId,
        id: InboundEventId,
    ) -> Result<Option<LoggedEvent>, StoreError> {
        self.readers.look_up("read an inbound event", |db| {
            let found = find_event(db, id)?.filter(|(event, _)| event.workspace == workspace);
            let Some((event, status)) = found else { return Ok(None) };
            read_log(db, event, shown(status, id, &self.tails)).map(Some)
        })
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError> {
        let (filter, tails) = (filter.clone(), self.tails.clone());
        self.readers
            .scan("list inbound events", move |db| {
                list_events(db, workspace, &filter, page, Order::NewestFirst, &tails)
            })
            .await
    }

    async fn events_in_order(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError> {
        let (filter, tails) = (filter.clone(), self.tails.clone());
        self.readers
            .scan("list inbound events", move |db| {
                list_events(db, workspace, &filter, page, Order::OldestFirst, &tails)
            })
            .await
    }

    async fn count_events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
    ) -> Result<i64, StoreError> {
        let filter = filter.clone();
        self.readers
            .scan("count inbound events", move |db| {
                let narrowed = Narrowed::by(workspace, &filter);
                let statement = format!("SELECT count(*) FROM inbound_event WHERE {narrowed}");
                let mut select = db.prepare_cached(&statement)?;
                Ok(select.query_row(narrowed.values().as_slice(), |row| row.get(0))?)
            })
            .await
    }
}

pub(super) fn find_event(
    db: &Db,
    id: InboundEventId,
) -> Result<Option<(InboundEvent, InboundStatus)>, Failure> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {EVENT_COLUMNS} FROM inbound_event WHERE seq = ?1 AND tail = ?2"
    ))?;
    let mut rows = select.query(params![id.0.row_key(), id.0.tail()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((read_event(db, row)?, inbound_status_from_row(row.get(4)?))))
}

/// Who is processing an event is known in memory alone.
fn shown(stored: InboundStatus, id: InboundEventId, tails: &Tails) -> InboundStatus {
    match stored {
        InboundStatus::New if tails.is_leased(id) => InboundStatus::Processing,
        stored => stored,
    }
}

fn read_log(db: &Db, event: InboundEvent, status: InboundStatus) -> Result<LoggedEvent, Failure> {
    let key = event.id.0.row_key();
    let outcome: Option<(Option<String>, String)> = db
        .prepare_cached("SELECT error, warnings FROM inbound_outcome WHERE event = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (error, warnings) = match outcome {
        Some((error, warnings)) => (error, serde_json::from_str(&warnings)?),
        None => (None, Vec::new()),
    };
    let mut select = db.prepare_cached(
        "SELECT item, entity, record, change FROM inbound_record WHERE event = ?1 ORDER BY item",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(EventRecord {
            item: row.get(0)?,
            entity: row.get(1)?,
            id: row.get(2)?,
            change: row.get::<_, Option<i64>>(3)?.and_then(change_type_from_row),
        })
    };
    let records = select.query_map([key], read)?.collect::<Result<_, _>>()?;
    Ok(LoggedEvent { event, status, warnings, error, records })
}

/// The part of a filter that SQL judges.
struct Narrowed {
    conditions: Vec<String>,
    values: Vec<(&'static str, Sql)>,
}

impl Narrowed {
    fn by(workspace: WorkspaceId, filter: &EventFilter) -> Self {
        let mut narrowed = Self { conditions: Vec::new(), values: Vec::new() };
        narrowed.to("workspace = :workspace", ":workspace", workspace.0);
        if let Some(source) = filter.source {
            narrowed.to("source = :source", ":source", source.0.row_key());
        }
        if let Some(status) = filter.status {
            // Written out, so that the partial indexes can be used.
            narrowed.conditions.push(format!("status = {}", inbound_status_to_row(status)));
        }
        if let Some(record) = filter.record.clone() {
            let condition = "seq IN (SELECT event FROM inbound_record WHERE record = :record)";
            narrowed.to(condition, ":record", record);
        }
        if let Some(since) = filter.since {
            narrowed.to("seq >= :since", ":since", first_row_key_at(since));
        }
        if let Some(until) = filter.until {
            narrowed.to("seq < :until", ":until", first_row_key_at(until));
        }
        narrowed
    }

    fn to(&mut self, condition: &str, name: &'static str, value: impl Into<Sql>) {
        self.conditions.push(condition.to_owned());
        self.values.push((name, value.into()));
    }

    fn values(&self) -> Vec<(&str, &dyn rusqlite::ToSql)> {
        self.values.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)).collect()
    }
}

impl std::fmt::Display for Narrowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.conditions.join(" AND "))
    }
}

#[derive(Clone, Copy)]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// Lists over the narrowest index that the filter allows. What no index narrows
/// is compared row by row, so that the rows read are bounded.
fn list_events(
    db: &Db,
    workspace: WorkspaceId,
    filter: &EventFilter,
    page: PageRequest,
    order: Order,
    tails: &Tails,
) -> Result<Page<LoggedEvent>, Failure> {
    let (side, direction, start) = match order {
        Order::NewestFirst => ("seq < :after", "DESC", i64::MAX),
        Order::OldestFirst => ("seq > :after", "ASC", i64::MIN),
    };
    let mut narrowed = Narrowed::by(workspace, filter);
    narrowed.to(side, ":after", page.after.unwrap_or(start));
    let statement = format!(
        "SELECT {EVENT_COLUMNS} FROM inbound_event WHERE {narrowed} ORDER BY seq {direction}"
    );
    let mut select = db.prepare_cached(&statement)?;
    let named = narrowed.values();
    let rows = select.query(named.as_slice())?;
    listing::page_of_fitting(rows, page.limit, |row| {
        let id = InboundEventId(Stamp::from_row(row.get(0)?, row.get(1)?));
        let status = shown(inbound_status_from_row(row.get(4)?), id, tails);
        if filter.status.is_some_and(|wanted| wanted != status) {
            return Ok(None);
        }
        let logged = read_log(db, read_event(db, row)?, status)?;
        Ok(fits(&logged, filter).then_some(logged))
    })
}
