//! Recoveries on SQLite: ended deliveries are made due again, a slice at a time.

use rusqlite::{Connection as Db, params};
use turnbuckle_core::id::{ConnectionNo, EndpointId, WorkspaceId, first_row_key_at};

use crate::delivery::{RecoverRange, RecoverSlice, Recovered};
use crate::rules::delivery::State;
use crate::rules::recovery::{Passed, recovered};
use crate::sqlite::delivery_row::DeliveryRow;
use crate::sqlite::failure::Failure;
use crate::sqlite::writer::Batch;

pub fn count(
    db: &Db,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    range: RecoverRange,
) -> Result<i64, Failure> {
    Ok(db
        .prepare_cached(match range.only_dead {
            true => {
                "SELECT count(*) FROM delivery
                 WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND workspace = ?4 AND state = 5"
            }
            false => {
                "SELECT count(*) FROM delivery
                 WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND workspace = ?4
                     AND state NOT IN (2, 3)"
            }
        })?
        .query_row(
            params![
                endpoint.0.row_key(),
                first_row_key_at(range.since),
                first_row_key_at(range.until),
                workspace.0
            ],
            |row| row.get(0),
        )?)
}

pub fn recover_slice(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    slice: &RecoverSlice,
) -> Result<Recovered, Failure> {
    let passed = pass(batch.sql, workspace, endpoint, slice)?;
    let mut resent = 0;
    for Passed { seq, line, is_covered } in &passed {
        // What was told of a record later, or is about to be, is not undone.
        let is_latest = match &slice.latest_for {
            None => true,
            Some(run) => {
                is_first_of_line(batch.sql, run, *line)? && !is_pending(batch.sql, *line, *seq)?
            }
        };
        if *is_covered && is_latest {
            DeliveryRow::at(*seq).make_due_alone(batch)?;
            resent += 1;
        }
    }
    Ok(recovered(slice, &passed, resent))
}

/// The next deliveries of the range. Where only the latest of each line goes
/// out those that are not covered are among them: they may be the latest.
fn pass(
    db: &Db,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    slice: &RecoverSlice,
) -> Result<Vec<Passed>, Failure> {
    let RecoverRange { since, until, only_dead } = slice.range;
    let select = match only_dead && slice.latest_for.is_none() {
        true => {
            "SELECT seq, state, object, record, connection FROM delivery INDEXED BY delivery_dead
             WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND workspace = ?4 AND state = 5
             ORDER BY seq DESC LIMIT ?5"
        }
        false => {
            "SELECT seq, state, object, record, connection FROM delivery
             WHERE endpoint = ?1 AND seq >= ?2 AND seq < ?3 AND workspace = ?4
             ORDER BY seq DESC LIMIT ?5"
        }
    };
    let mut select = db.prepare_cached(select)?;
    let bounds = params![
        endpoint.0.row_key(),
        first_row_key_at(since),
        slice.before.min(first_row_key_at(until)),
        workspace.0,
        slice.limit as i64
    ];
    let passed = select.query_map(bounds, |row| {
        let (object, record): (String, String) = (row.get(2)?, row.get(3)?);
        Ok(Passed::new(
            row.get(0)?,
            State::from_row(row.get(1)?),
            (endpoint, ConnectionNo(row.get(4)?)),
            (&object, &record),
            only_dead,
        ))
    })?;
    Ok(passed.collect::<Result<_, _>>()?)
}

/// Whether a run comes by this line for the first time: at its latest message.
fn is_first_of_line(db: &Db, run: &str, line: i64) -> Result<bool, Failure> {
    let noted = db
        .prepare_cached("INSERT OR IGNORE INTO recovered_line (run, line) VALUES (?1, ?2)")?
        .execute(params![run, line])?;
    Ok(noted > 0)
}

/// Whether a message of this line that is newer than `seq` is still to be sent.
fn is_pending(db: &Db, line: i64, seq: i64) -> Result<bool, Failure> {
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery
                            WHERE line = ?1 AND state IN (2, 3) AND seq > ?2)",
        )?
        .query_row(params![line, seq], |row| row.get(0))?)
}
