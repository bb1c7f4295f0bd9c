//! Ends one inbound event, inside the transaction of an engine: its writes, and
//! how they went, in the log.

use std::sync::Arc;

use turnbuckle_core::id::{SourceId, WorkspaceId};
use uuid::Uuid;

use crate::StoreError;
use crate::error::Noun;
use crate::function::FunctionCall;
use crate::inbound::{
    EventFilter, EventOutcome, EventWork, FinishEvent, InboundStatus, LoggedEvent,
};
use crate::record::{Applied, Write, WriteAction};
use crate::rules::EngineFailure;
use crate::rules::apply::{RecordWrites, apply};
use crate::rules::schema::ConnectionSchema;

/// What ending an event reads and writes beside its records.
pub trait EventWrites: RecordWrites {
    /// A moment to which what is written can be undone.
    type Mark;

    /// # Errors
    /// [`StoreError::NotFound`]
    fn connection(
        &mut self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Arc<ConnectionSchema>, Self::Failure>;

    /// The record of this entity that the item wrote when the event was ended before.
    fn written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        entity: &str,
    ) -> Result<Option<String>, Self::Failure>;
    fn note_written(
        &mut self,
        finish: &FinishEvent,
        item: u32,
        applied: &Applied,
    ) -> Result<(), Self::Failure>;

    fn mark(&mut self) -> Result<Self::Mark, Self::Failure>;
    fn undo(&mut self, mark: &Self::Mark) -> Result<(), Self::Failure>;
    fn release(&mut self, mark: Self::Mark) -> Result<(), Self::Failure>;

    /// Notes how the event ended. It may not be in the log: a trial is of any.
    fn end_event(
        &mut self,
        finish: &FinishEvent,
        outcome: &EventOutcome,
    ) -> Result<(), Self::Failure>;

    /// Ends the call that the event waited for.
    fn end_call(&mut self, finish: &FinishEvent, call: &FunctionCall) -> Result<(), Self::Failure>;
}

/// Does the work of one event and ends it. What fails inside is the event's
/// failure; the error that this answers is the database's. One of which nothing
/// can be written, its connection gone for example, fails in the log.
pub fn finish_event<R: EventWrites>(
    rows: &mut R,
    mut finish: FinishEvent,
) -> Result<EventOutcome, R::Failure> {
    let work = std::mem::replace(&mut finish.work, EventWork::Writes(Vec::new()));
    match do_work(rows, &finish, work) {
        Ok(outcome) => Ok(outcome),
        Err(failure) => {
            let error = failure.refused()?;
            do_work(rows, &finish, EventWork::Fail(reason(&error)))
        }
    }
}

fn do_work<R: EventWrites>(
    rows: &mut R,
    finish: &FinishEvent,
    work: EventWork,
) -> Result<EventOutcome, R::Failure> {
    let mut outcome = EventOutcome {
        event: finish.event,
        status: InboundStatus::Done,
        applied: Vec::new(),
        warnings: finish.warnings.clone(),
        error: None,
    };
    match work {
        EventWork::Fail(reason) => outcome.error = Some(reason),
        EventWork::Writes(writes) => match <[_; 1]>::try_from(writes) {
            Ok([(item, write)]) => match finish_item(rows, finish, item, write)? {
                Ok(applied) => outcome.applied.push((item, applied)),
                Err(reason) => outcome.error = Some(reason),
            },
            Err(writes) => finish_items(rows, finish, writes, &mut outcome)?,
        },
    }
    for (_, applied) in &mut outcome.applied {
        outcome.warnings.append(&mut applied.warnings);
    }
    if outcome.error.is_some() {
        outcome.status = InboundStatus::Failed;
    }
    rows.end_event(finish, &outcome)?;
    if let Some(call) = &finish.call {
        rows.end_call(finish, call)?;
    }
    Ok(outcome)
}

/// Applies the items of a list: all of them or, with every reason, none.
fn finish_items<R: EventWrites>(
    rows: &mut R,
    finish: &FinishEvent,
    writes: Vec<(u32, Write)>,
    outcome: &mut EventOutcome,
) -> Result<(), R::Failure> {
    let mark = rows.mark()?;
    let mut errors = Vec::new();
    let apply_all = || {
        for (item, write) in writes {
            match finish_item(rows, finish, item, write)? {
                Ok(applied) => outcome.applied.push((item, applied)),
                Err(reason) => errors.push(format!("item {item}: {reason}")),
            }
        }
        Ok(())
    };
    let done = apply_all();
    if done.is_err() || !errors.is_empty() {
        rows.undo(&mark)?;
        outcome.applied.clear();
        outcome.error = Some(errors.join("; "));
    }
    rows.release(mark)?;
    done
}

/// Applies one item: `Err` inside says why it failed. One that is alone needs no
/// savepoint, since [`apply`] decides before it writes; and one would copy every
/// page it touches.
fn finish_item<R: EventWrites>(
    rows: &mut R,
    finish: &FinishEvent,
    item: u32,
    mut write: Write,
) -> Result<Result<Applied, String>, R::Failure> {
    let connection = rows.connection(finish.workspace, &finish.connection)?;
    if connection.no != finish.connection_no {
        return Err(StoreError::not_found(Noun::Connection, &finish.connection).into());
    }
    let written_before = rows.written(finish, item, &write.entity)?;
    if let Some(id) = written_before.as_ref().filter(|_| !finish.as_new)
        // A record that is gone is made again.
        && is_there(rows, &connection, &write.entity, id)?
    {
        write.action = WriteAction::Update { id: id.clone(), version: None };
    }
    let applied = match apply(rows, &connection, write) {
        Ok(applied) => applied,
        Err(failure) => return Ok(Err(reason(&failure.refused()?))),
    };
    rows.note_written(finish, item, &applied)?;
    Ok(Ok(applied))
}

fn is_there<R: EventWrites>(
    rows: &mut R,
    connection: &ConnectionSchema,
    entity: &str,
    id: &str,
) -> Result<bool, R::Failure> {
    match (connection.entities.get(entity), Uuid::try_parse(id)) {
        (Some(row), Ok(id)) => rows.exists(row, &id),
        _ => Ok(false),
    }
}

/// What people read in the log.
fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Invalid(invalids) => {
            invalids.iter().map(|invalid| invalid.detail.as_str()).collect::<Vec<_>>().join("; ")
        }
        error => error.to_string(),
    }
}

/// Whether a line of the log fits what no statement compares.
pub fn fits(logged: &LoggedEvent, filter: &EventFilter) -> bool {
    let has_entity = |name: &String| logged.records.iter().any(|it| it.entity == *name);
    // Of a source that was deleted the tail is not known any more.
    let tail = logged.event.source.0.tail();
    let is_from = |wanted: SourceId| tail == 0 || tail == wanted.0.tail();
    let has_error = |part: &String| {
        logged
            .error
            .as_ref()
            .is_some_and(|error| error.to_lowercase().contains(&part.to_lowercase()))
    };
    filter.source.is_none_or(is_from)
        && filter.entity.as_ref().is_none_or(has_entity)
        && filter.error.as_ref().is_none_or(has_error)
}
