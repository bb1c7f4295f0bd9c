//! Writes what placing made of rows.

use deadpool_postgres::Transaction;

use super::{LineRow, Place, Told};
use crate::postgres::failure::Failure;
use crate::postgres::statement::{by_key, column, execute};
use crate::rules::numbers::change_type_to_row;

const INSERT: &str = "INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail,
        connection, line, state, at_ms, attempt_count, failure_count, change, change_tail,
        change_type, object, record, changed, body, coalesce, superseding_type,
        superseding_changed, superseding_body)
    SELECT workspace, seq, tail, endpoint, endpoint_tail, connection, line, state, at_ms, 0,
        failure_count, change, change_tail, change_type, object, record, changed, body, merges,
        superseding_type, superseding_changed, superseding_body
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
            $13::bigint[], $14::text[], $15::text[], $16::text[], $17::bytea[], $18::boolean[],
            $19::bigint[], $20::text[], $21::bytea[])
        AS placed (workspace, seq, tail, endpoint, endpoint_tail, connection, line, state, at_ms,
            failure_count, change, change_tail, change_type, object, record, changed, body, merges,
            superseding_type, superseding_changed, superseding_body)";

const REWRITE: &str = concat!(
    "UPDATE delivery_queue
    SET change = told.change, change_tail = told.change_tail, change_type = told.change_type,
        changed = told.changed, body = told.body, coalesce = told.merges,
        superseding_type = told.superseding_type, superseding_changed = told.superseding_changed,
        superseding_body = told.superseding_body
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
            $7::bytea[], $8::boolean[], $9::bigint[], $10::text[], $11::bytea[])
        AS told (workspace, seq, change, change_tail, change_type, changed, body, merges,
            superseding_type, superseding_changed, superseding_body)
    WHERE ",
    by_key!("delivery_queue", "told")
);

const REMOVE: &str = concat!(
    "DELETE FROM delivery_queue
    USING unnest($1::bigint[], $2::bigint[]) AS removed (workspace, seq)
    WHERE ",
    by_key!("delivery_queue", "removed")
);

/// The columns of what rows become if the one before them is given up for them.
struct Superseding<'a> {
    merges: Vec<bool>,
    types: Vec<Option<i64>>,
    changed: Vec<Option<String>>,
    bodies: Vec<Option<&'a [u8]>>,
}

impl<'a> Superseding<'a> {
    fn of(rows: impl Iterator<Item = &'a LineRow> + Clone) -> Result<Self, Failure> {
        let waiting = rows.map(|row| row.waiting.as_ref());
        let superseding =
            waiting.clone().map(|waiting| waiting.and_then(|it| it.superseding.as_ref()));
        Ok(Self {
            merges: waiting.clone().map(|it| it.is_some_and(|it| it.coalesce)).collect(),
            types: waiting.map(|it| it.map(|it| change_type_to_row(it.superseding_type))).collect(),
            changed: superseding
                .clone()
                .map(|it| it.map(|(changed, _)| serde_json::to_string(changed)).transpose())
                .collect::<Result<_, _>>()?,
            bodies: superseding.map(|it| it.map(|(_, body)| body.as_ref())).collect(),
        })
    }
}

pub async fn insert(
    sql: &Transaction<'_>,
    new: &[(&LineRow, &Place, &Told)],
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let superseding = Superseding::of(new.iter().map(|(row, ..)| *row))?;
    let changed = column(new, |(row, ..)| serde_json::to_string(&row.pending.changed));
    let changed: Vec<String> = changed.into_iter().collect::<Result<_, _>>()?;
    execute(
        sql,
        INSERT,
        &[
            &column(new, |(row, ..)| row.workspace.0),
            &column(new, |(row, ..)| row.seq()),
            &column(new, |(row, ..)| row.pending.id.0.tail()),
            &column(new, |(_, place, _)| place.endpoint.0.row_key()),
            &column(new, |(_, place, _)| place.endpoint.0.tail()),
            &column(new, |(_, place, _)| place.connection.0),
            &column(new, |(_, place, _)| place.name),
            &column(new, |(row, ..)| row.pending.state.to_row()),
            &column(new, |(row, ..)| row.pending.at),
            &column(new, |(row, ..)| i64::from(row.pending.failure_count)),
            &column(new, |(.., told)| told.change.map(|it| it.0.row_key())),
            &column(new, |(.., told)| told.change.map(|it| it.0.tail())),
            &column(new, |(.., told)| told.change_type.map(change_type_to_row)),
            &column(new, |(_, place, _)| place.object.as_str()),
            &column(new, |(_, place, _)| place.record.as_str()),
            &changed,
            &column(new, |(.., told)| told.body.as_ref()),
            &superseding.merges,
            &superseding.types,
            &superseding.changed,
            &superseding.bodies,
        ],
    )
    .await?;
    Ok(())
}

pub async fn rewrite(
    sql: &Transaction<'_>,
    rewritten: &[(&LineRow, &Told)],
) -> Result<(), Failure> {
    if rewritten.is_empty() {
        return Ok(());
    }
    let superseding = Superseding::of(rewritten.iter().map(|(row, _)| *row))?;
    let changed = column(rewritten, |(row, _)| serde_json::to_string(&row.pending.changed));
    let changed: Vec<String> = changed.into_iter().collect::<Result<_, _>>()?;
    execute(
        sql,
        REWRITE,
        &[
            &column(rewritten, |(row, _)| row.workspace.0),
            &column(rewritten, |(row, _)| row.seq()),
            &column(rewritten, |(_, told)| told.change.map(|it| it.0.row_key())),
            &column(rewritten, |(_, told)| told.change.map(|it| it.0.tail())),
            &column(rewritten, |(_, told)| told.change_type.map(change_type_to_row)),
            &changed,
            &column(rewritten, |(_, told)| told.body.as_ref()),
            &superseding.merges,
            &superseding.types,
            &superseding.changed,
            &superseding.bodies,
        ],
    )
    .await?;
    Ok(())
}

pub async fn remove(sql: &Transaction<'_>, removed: &[&LineRow]) -> Result<(), Failure> {
    if removed.is_empty() {
        return Ok(());
    }
    let workspaces = column(removed, |row| row.workspace.0);
    let seqs = column(removed, |row| row.seq());
    execute(sql, REMOVE, &[&workspaces, &seqs]).await?;
    Ok(())
}
