//! The webhook log, on PostgreSQL: new events in a queue, ended ones in the log.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use turnbuckle_core::id::{
    ConnectionNo, InboundEventId, SourceId, Stamp, WorkspaceId, first_row_key_at,
};

use crate::StoreError;
use crate::inbound::{
    Accept, Accepted, EventFilter, EventOutcome, EventRecord, EventWork, FinishEvent, Headers,
    InboundEvent, InboundRequest, InboundStatus, InboundStore, LoggedEvent,
};
use crate::page::{Page, PageRequest, ROWS_READ_MAX};
use crate::postgres::failure::{Failure, during};
use crate::postgres::hints::hint_or_look;
use crate::postgres::processes::Task;
use crate::postgres::statement::{find, list};
use crate::postgres::unit::{About, Keep};
use crate::postgres::{Parts, PostgresStore};
use crate::replay::Run;
use crate::rules::event::{finish_event, fits};
use crate::rules::numbers::{change_type_from_row, inbound_status_from_row, inbound_status_to_row};

/// Rows of the log that are read at once while those that fit are looked for.
const SLICE: usize = 500;

/// Events that are new and in the hands of this process.
#[derive(Default)]
pub struct Held(Mutex<HashSet<InboundEventId>>);

impl Held {
    pub fn row_keys(&self) -> Vec<i64> {
        self.0.lock().expect("no code panics holding it").iter().map(|id| id.0.row_key()).collect()
    }

    pub fn count(&self) -> usize {
        self.0.lock().expect("no code panics holding it").len()
    }

    pub fn has(&self, id: InboundEventId) -> bool {
        self.0.lock().expect("no code panics holding it").contains(&id)
    }

    pub fn take(&self, ids: impl Iterator<Item = InboundEventId>) {
        self.0.lock().expect("no code panics holding it").extend(ids);
    }

    pub fn let_go(&self, ids: impl Iterator<Item = InboundEventId>) {
        let mut held = self.0.lock().expect("no code panics holding it");
        ids.for_each(|id| {
            held.remove(&id);
        });
    }
}

/// Of the queue, in the shape of the log.
const QUEUED: &str = "SELECT workspace, seq, tail, source, source_tail, connection, headers, query,
        body, 2::bigint AS status, NULL::text AS error, '[]'::text AS warnings
    FROM inbound_queue";

const LOGGED: &str = "SELECT workspace, seq, tail, source, source_tail, connection, headers, query,
        body, status, error, warnings
    FROM inbound_event";

pub fn read_event(row: &Row) -> Result<InboundEvent, Failure> {
    let query: Vec<u8> = row.get(7);
    Ok(InboundEvent {
        id: InboundEventId(Stamp::from_row(row.get(1), row.get(2))),
        workspace: WorkspaceId(row.get(0)),
        source: SourceId(Stamp::from_row(row.get(3), row.get(4))),
        connection: ConnectionNo(row.get(5)),
        request: InboundRequest {
            headers: Headers::from_json(row.get(6))?,
            query: String::from_utf8_lossy(&query).into_owned(),
            body: Bytes::from(row.get::<_, Vec<u8>>(8)),
        },
    })
}

impl Parts {
    /// A line of the log without its records.
    fn read_line(&self, row: &Row) -> Result<LoggedEvent, Failure> {
        let event = read_event(row)?;
        // Who is processing an event is known to that process alone.
        let status = match inbound_status_from_row(row.get(9)) {
            InboundStatus::New if self.held.has(event.id) => InboundStatus::Processing,
            stored => stored,
        };
        Ok(LoggedEvent {
            event,
            status,
            warnings: serde_json::from_str(row.get(11))?,
            error: row.get(10),
            records: Vec::new(),
        })
    }
}

/// Adds the records that events wrote to their lines, in item order.
async fn read_written(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    lines: &mut [LoggedEvent],
) -> Result<(), Failure> {
    let events: Vec<i64> = lines.iter().map(|line| line.event.id.0.row_key()).collect();
    let select = "SELECT event, item, entity, record, change FROM inbound_record
        WHERE workspace = $1 AND event = ANY($2) ORDER BY event, item";
    let written = list(db, select, &[&workspace.0, &events], |row| {
        let written = EventRecord {
            item: row.get::<_, i64>(1) as u32,
            entity: row.get(2),
            id: row.get(3),
            change: row.get::<_, Option<i64>>(4).and_then(change_type_from_row),
        };
        Ok((row.get::<_, i64>(0), written))
    })
    .await?;
    let mut by_event: HashMap<i64, Vec<EventRecord>> = HashMap::new();
    for (event, written) in written {
        by_event.entry(event).or_default().push(written);
    }
    for (line, event) in lines.iter_mut().zip(&events) {
        line.records = by_event.remove(event).unwrap_or_default();
    }
    Ok(())
}

/// The part of a filter that SQL judges.
struct Narrowed<'a> {
    conditions: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send + 'a>>,
}

impl<'a> Narrowed<'a> {
    fn by(workspace: WorkspaceId, filter: &'a EventFilter) -> Self {
        let mut narrowed = Self { conditions: Vec::new(), values: Vec::new() };
        narrowed.to("workspace =", workspace.0);
        if let Some(source) = filter.source {
            narrowed.to("source =", source.0.row_key());
            narrowed.to("source_tail =", source.0.tail());
        }
        if let Some(status) = filter.status {
            // Written out, so that the partial index can be used.
            narrowed.conditions.push(format!("status = {}", inbound_status_to_row(status)));
        }
        if let Some(since) = filter.since {
            narrowed.to("seq >=", first_row_key_at(since));
        }
        if let Some(until) = filter.until {
            narrowed.to("seq <", first_row_key_at(until));
        }
        if let Some(record) = filter.record.as_deref() {
            narrowed.values.push(Box::new(record));
            narrowed.conditions.push(format!(
                "seq IN (SELECT event FROM inbound_record WHERE workspace = $1 AND record = ${})",
                narrowed.values.len()
            ));
        }
        narrowed
    }

    fn to(&mut self, comparison: &str, value: impl ToSql + Sync + Send + 'a) {
        self.values.push(Box::new(value));
        self.conditions.push(format!("{comparison} ${}", self.values.len()));
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

impl std::fmt::Display for Narrowed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.conditions.join(" AND "))
    }
}

#[derive(Clone, Copy)]
enum Order {
    NewestFirst,
    OldestFirst,
}

impl Parts {
    /// Lists over the narrowest index that the filter allows; what no index narrows is
    /// compared line by line, so that the lines read are bounded.
    async fn list_events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
        order: Order,
    ) -> Result<Page<LoggedEvent>, Failure> {
        let (side, direction, start) = match order {
            Order::NewestFirst => ("seq <", "DESC", i64::MAX),
            Order::OldestFirst => ("seq >", "ASC", i64::MIN),
        };
        let is_compared = filter.entity.is_some() || filter.error.is_some();
        let slice = if is_compared { SLICE } else { page.limit + 1 };
        let db = self.pool.get().await?;
        let mut listed = Page { items: Vec::new(), next: None };
        let mut position = page.after.unwrap_or(start);
        let mut looked_at = 0;
        loop {
            let mut narrowed = Narrowed::by(workspace, filter);
            narrowed.to(side, position);
            let select = format!(
                "SELECT * FROM ({QUEUED} UNION ALL {LOGGED}) AS log WHERE {narrowed}
                 ORDER BY seq {direction} LIMIT {slice}"
            );
            let mut lines =
                list(&db, &select, &narrowed.values(), |row| self.read_line(row)).await?;
            read_written(&db, workspace, &mut lines).await?;
            let is_last = lines.len() < slice;
            looked_at += lines.len();
            for line in lines {
                let seq = line.event.id.0.row_key();
                let is_wanted = filter.status.is_none_or(|wanted| wanted == line.status);
                if is_wanted && fits(&line, filter) {
                    if listed.items.len() == page.limit {
                        listed.next = Some(position);
                        return Ok(listed);
                    }
                    listed.items.push(line);
                }
                position = seq;
            }
            if is_last {
                return Ok(listed);
            }
            if looked_at >= ROWS_READ_MAX {
                listed.next = Some(position);
                return Ok(listed);
            }
        }
    }
}

#[async_trait]
impl InboundStore for PostgresStore {
    async fn accept(&self, accept: Accept) -> Result<Accepted, StoreError> {
        let InboundRequest { body, query, headers } = &accept.event.request;
        let bytes = body.len() + query.len() + headers.as_json().len() + 200;
        self.accepts.submit(accept, bytes).await
    }

    async fn lease_new(&self, limit: usize) -> Result<Vec<Arc<InboundEvent>>, StoreError> {
        during("read new events", async {
            let db = self.pool.get().await?;
            let select = format!(
                "{QUEUED} WHERE stage = 2 AND NOT seq = ANY($1) AND shard = ANY($2)
                 ORDER BY seq LIMIT $3"
            );
            let (held, shards) = (self.held.row_keys(), self.processes.shards(Task::Process));
            let limit = limit as i64;
            let read = list(&db, &select, &[&held, &shards, &limit], read_event).await?;
            self.held.take(read.iter().map(|event| event.id));
            Ok(read.into_iter().map(Arc::new).collect())
        })
        .await
    }

    async fn new_event(&self) {
        hint_or_look(&self.hints.new_event).await;
    }

    async fn finish_events(
        &self,
        events: Vec<FinishEvent>,
    ) -> Result<Vec<EventOutcome>, StoreError> {
        let about = about(&events);
        let held: HashSet<InboundEventId> =
            events.iter().map(|finish| finish.event).filter(|id| self.held.has(*id)).collect();
        let outcomes = self
            .unit("finish inbound events", &about, Keep::Yes, |unit| {
                let finish = |finish: &FinishEvent| {
                    // It was handed out here, and another process has ended it since.
                    if held.contains(&finish.event) && !unit.is_queued(finish.event) {
                        return Ok(ended_elsewhere(finish));
                    }
                    finish_event(unit, finish.clone())
                };
                events.iter().map(finish).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        self.held.let_go(held.into_iter());
        Ok(outcomes)
    }

    async fn finish_replayed(
        &self,
        events: Vec<FinishEvent>,
        run: &Run,
        next: Option<i64>,
    ) -> Result<Run, StoreError> {
        let about = about(&events);
        let now = self.clock.now();
        self.unit("finish replayed events", &about, Keep::Yes, |unit| {
            let finish = |finish: &FinishEvent| finish_event(unit, finish.clone());
            let outcomes = events.iter().map(finish).collect::<Result<Vec<_>, _>>()?;
            let after = run.after(&outcomes, next, now);
            unit.advance(run.clone(), after.clone());
            Ok(after)
        })
        .await
    }

    async fn try_event(&self, event: FinishEvent) -> Result<EventOutcome, StoreError> {
        let connections = [(event.workspace, event.connection_no)].into_iter().collect();
        let about = About { connections, ..About::default() };
        self.unit("try an inbound event", &about, Keep::No, |unit| {
            finish_event(unit, event.clone())
        })
        .await
    }

    async fn event(
        &self,
        workspace: WorkspaceId,
        id: InboundEventId,
    ) -> Result<Option<LoggedEvent>, StoreError> {
        during("read an inbound event", async {
            let db = self.pool.get().await?;
            // An event that moves to the log meanwhile is found there.
            let select = format!(
                "SELECT * FROM ({QUEUED} UNION ALL {LOGGED}) AS log
                 WHERE workspace = $1 AND seq = $2 AND tail = $3"
            );
            let (seq, tail) = (id.0.row_key(), id.0.tail());
            let read = |row: &Row| self.read_line(row);
            let mut line = find(&db, &select, &[&workspace.0, &seq, &tail], read).await?;
            read_written(&db, workspace, line.as_mut_slice()).await?;
            Ok(line)
        })
        .await
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError> {
        let listed = self.list_events(workspace, filter, page, Order::NewestFirst);
        during("list inbound events", listed).await
    }

    async fn events_in_order(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
        page: PageRequest,
    ) -> Result<Page<LoggedEvent>, StoreError> {
        let listed = self.list_events(workspace, filter, page, Order::OldestFirst);
        during("list inbound events", listed).await
    }

    async fn count_events(
        &self,
        workspace: WorkspaceId,
        filter: &EventFilter,
    ) -> Result<i64, StoreError> {
        during("count inbound events", async {
            let db = self.pool.get().await?;
            let narrowed = Narrowed::by(workspace, filter);
            let select = format!(
                "SELECT count(*) FROM ({QUEUED} UNION ALL {LOGGED}) AS log WHERE {narrowed}"
            );
            let count = find(&db, &select, &narrowed.values(), |row| Ok(row.get(0))).await?;
            Ok(count.unwrap_or_default())
        })
        .await
    }
}

fn about(events: &[FinishEvent]) -> About {
    let mut about = About::default();
    for finish in events {
        about.events.insert((finish.workspace, finish.event));
        if let EventWork::Writes(_) = finish.work {
            about.connections.insert((finish.workspace, finish.connection_no));
        }
    }
    about
}

fn ended_elsewhere(finish: &FinishEvent) -> EventOutcome {
    EventOutcome {
        event: finish.event,
        status: InboundStatus::Processing,
        applied: Vec::new(),
        warnings: Vec::new(),
        error: None,
    }
}
