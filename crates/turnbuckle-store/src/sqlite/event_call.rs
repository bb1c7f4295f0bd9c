//! Calls of functions that inbound events wait for.
//!
//! An event that waits for one is new in the database, as any other: the queue is kept
//! in memory ([`crate::sqlite::tails`]), and filled again when the next process looks at
//! what is new.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection as Db, OptionalExtension, params};
use turnbuckle_core::id::{FunctionCallId, FunctionId, InboundEventId, Stamp};

use crate::StoreError;
use crate::event_call::{BeginCall, Begun, CallLimit, EventCall, EventCallStore};
use crate::function::FunctionCall;
use crate::inbound::InboundEvent;
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::function::insert_call;
use crate::sqlite::inbound::find_event;
use crate::sqlite::writer::Priority;

#[async_trait]
impl EventCallStore for SqliteStore {
    async fn queue_for_calls(&self, events: &[Arc<InboundEvent>]) -> Result<(), StoreError> {
        self.tails.queue_for_calls(events);
        Ok(())
    }

    async fn lease_for_calls(
        &self,
        limit: CallLimit,
    ) -> Result<Vec<Arc<InboundEvent>>, StoreError> {
        let leased = self.tails.lease_for_calls(limit);
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let ids = leased.clone();
        let reading = self.readers.scan("read events that wait for calls", move |db| {
            let mut events = Vec::with_capacity(ids.len());
            for id in ids {
                events.extend(find_event(db, id)?.map(|(event, _)| Arc::new(event)));
            }
            Ok(events)
        });
        let read = reading.await;
        if read.is_err() {
            self.tails.return_for_calls(&leased);
        }
        read
    }

    async fn new_for_calls(&self) {
        self.tails.new_for_calls.notified().await;
    }

    async fn begin_calls(&self, calls: Vec<BeginCall>) -> Result<Vec<Begun>, StoreError> {
        self.writer
            .run(Priority::Stages, "begin calls of functions", move |batch| {
                calls.iter().map(|call| begin_call(batch.sql, call)).collect()
            })
            .await
    }
}

/// Whoever asks is this process: one that another began was cut off.
fn begin_call(db: &Db, begin: &BeginCall) -> Result<Begun, Failure> {
    let event = begin.event.0.row_key();
    let found: Option<EventCall> = db
        .prepare_cached(
            "SELECT call, call_tail, function, function_tail, version FROM event_call
             WHERE event = ?1",
        )?
        .query_row([event], |row| {
            Ok(EventCall {
                id: FunctionCallId(Stamp::from_row(row.get(0)?, row.get(1)?)),
                function: FunctionId(Stamp::from_row(row.get(2)?, row.get(3)?)),
                version: row.get(4)?,
            })
        })
        .optional()?;
    match found {
        // Asked for again, as nobody heard the first answer.
        Some(found) if found.id == begin.call.id => return Ok(Begun::Now),
        Some(found) if begin.instead_of != Some(found.id) => return Ok(Begun::CutOff(found)),
        Some(_) | None => {}
    }
    let EventCall { id, function, version } = &begin.call;
    db.prepare_cached(
        "INSERT OR REPLACE INTO event_call (event, call, call_tail, function, function_tail,
             version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        event,
        id.0.row_key(),
        id.0.tail(),
        function.0.row_key(),
        function.0.tail(),
        version
    ])?;
    Ok(Begun::Now)
}

/// Logs a call, and that it is none any more that its event waits for.
pub fn end_call(db: &Db, event: InboundEventId, call: &FunctionCall) -> Result<(), Failure> {
    insert_call(db, call)?;
    db.prepare_cached("DELETE FROM event_call WHERE event = ?1 AND call = ?2")?
        .execute([event.0.row_key(), call.id.0.row_key()])?;
    Ok(())
}
