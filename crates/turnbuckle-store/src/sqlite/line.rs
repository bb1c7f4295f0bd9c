//! The rows of lines, on SQLite: each step asks the database. The writer is
//! alone, so every line is its own.

use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::StoreError;
use crate::delivery::DueDelivery;
use crate::error::Noun;
use crate::rules::delivery::{NewDelivery, State};
use crate::rules::line::{Contents, Line, Lines, Pending, Waiting};
use crate::rules::numbers::{change_type_from_row, change_type_to_row};
use crate::sqlite::attempt::is_head;
use crate::sqlite::delivery_row::DeliveryRow;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

fn read_pending(row: &Row<'_>) -> Result<Pending, Failure> {
    let changed = row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(Pending {
        id: DeliveryId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        state: State::from_row(row.get(2)?),
        change_type: change_type_from_row(row.get(3)?).unwrap_or(ChangeType::Update),
        at: row.get(4)?,
        attempt_count: row.get(5)?,
        failure_count: row.get(6)?,
        coalesce: row.get::<_, Option<bool>>(7)?.unwrap_or_default(),
        changed: serde_json::from_str(changed)?,
    })
}

impl Lines for Batch<'_> {
    type Failure = Failure;

    fn latest_now(&self) -> UnixMs {
        // There is one clock.
        self.state.now()
    }

    fn mint(&mut self) -> DeliveryId {
        DeliveryId(self.state.mint())
    }

    fn last_pending(&mut self, line: &Line<'_>) -> Result<Vec<Pending>, Failure> {
        let mut select = self.sql.prepare_cached(
            "SELECT seq, tail, state, change_type, at_ms, attempt_count, failure_count,
                 (SELECT coalesce FROM delivery_waiting
                  WHERE delivery_waiting.delivery = delivery.seq),
                 changed
             FROM delivery INDEXED BY delivery_line
             WHERE line = ?1 AND state IN (2, 3) AND endpoint = ?2 AND object = ?3 AND record = ?4
                 AND connection = ?5
             ORDER BY seq DESC LIMIT 2",
        )?;
        let mut rows = select.query(params![
            line.name,
            line.endpoint.0.row_key(),
            line.object,
            line.record,
            line.connection.0
        ])?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next()? {
            pending.push(read_pending(row)?);
        }
        pending.reverse();
        Ok(pending)
    }

    fn insert(&mut self, delivery: NewDelivery<'_>) -> Result<(), Failure> {
        DeliveryRow::insert(self, delivery)
    }

    fn rewrite(&mut self, id: DeliveryId, contents: Contents) -> Result<(), Failure> {
        self.sql
            .prepare_cached(
                "UPDATE delivery SET change = ?2, change_type = ?3, changed = ?4, body = ?5
                 WHERE seq = ?1",
            )?
            .execute(params![
                id.0.row_key(),
                contents.change.0.row_key(),
                change_type_to_row(contents.change_type),
                serde_json::to_string(&contents.changed)?,
                contents.body.as_ref()
            ])?;
        Ok(())
    }

    fn put_waiting(&mut self, id: DeliveryId, waiting: Waiting) -> Result<(), Failure> {
        let superseding = waiting.superseding.as_ref();
        let changed = superseding.map(|(changed, _)| serde_json::to_string(changed)).transpose()?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO delivery_waiting
                     (delivery, coalesce, superseding_type, superseding_changed, superseding_body)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                id.0.row_key(),
                waiting.coalesce,
                change_type_to_row(waiting.superseding_type),
                changed,
                superseding.map(|(_, body)| body.as_ref())
            ])?;
        Ok(())
    }

    fn remove(&mut self, id: DeliveryId) -> Result<(), Failure> {
        DeliveryRow::of(id).remove(self)
    }

    fn supersede(&mut self, head: DeliveryId) -> Result<(), Failure> {
        DeliveryRow::of(head).supersede(self)
    }

    fn schedule(&mut self, id: DeliveryId, at: UnixMs, failure_count: u32) -> Result<(), Failure> {
        DeliveryRow::of(id).schedule(self, at, failure_count)
    }
}

/// Those of these heads that are heads still, each that has failed as it is now:
/// it may have become a newer message under the same id.
pub fn settled(
    db: &Db,
    endpoint: EndpointId,
    due: &[DueDelivery],
) -> Result<Vec<DueDelivery>, Failure> {
    let mut settled = Vec::with_capacity(due.len());
    for due in due {
        match due.failure_count {
            0 => settled.push(due.clone()),
            _ if is_head(db, due.id)? => {
                settled.extend(DeliveryRow::of(due.id).read_due(db, endpoint)?);
            }
            _ => {}
        }
    }
    Ok(settled)
}

/// Makes a delivery due again. Answers what is due by it: one that waits is not
/// sent before the head of its line, so it is the head whose wait is cut short.
pub fn resend(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<DueDelivery, Failure> {
    let found: Option<(i64, i64, i64)> = batch
        .sql
        .prepare_cached(
            "SELECT endpoint.seq, endpoint.tail, delivery.state FROM delivery
             JOIN endpoint ON endpoint.seq = delivery.endpoint
             WHERE delivery.seq = ?1 AND delivery.tail = ?2 AND delivery.workspace = ?3",
        )?
        .query_row(params![id.0.row_key(), id.0.tail(), workspace.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let not_found = || StoreError::not_found(Noun::Delivery, id);
    let (endpoint, tail, state) = found.ok_or_else(not_found)?;
    let row = DeliveryRow::of(id);
    let due = match State::from_row(state) {
        State::Delivered | State::Dead | State::Superseded => {
            row.make_due_alone(batch)?;
            row
        }
        State::Head | State::Waiting => {
            let head = row.head_of_line(batch.sql)?.ok_or_else(not_found)?;
            head.cut_wait_short(batch)?;
            head
        }
    };
    let endpoint = EndpointId(Stamp::from_row(endpoint, tail));
    Ok(due.read_due(batch.sql, endpoint)?.ok_or_else(not_found)?)
}

#[cfg(test)]
mod tests;
