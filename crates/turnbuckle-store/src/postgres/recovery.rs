//! Ended deliveries that go out again, on PostgreSQL: one, or a range.
//!
//! Both move rows from the log back to the queue, as heads of lines of their own,
//! so they are in the way of nothing that waits (`line.rs`). The endpoint is kept
//! from being deleted meanwhile: nobody would end what is added to it.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use turnbuckle_core::id::{
    ConnectionNo, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId, first_row_key_at,
};

use crate::StoreError;
use crate::delivery::{DueDelivery, RecoverRange, RecoverSlice, Recovered};
use crate::error::Noun;
use crate::postgres::delivery_row::{DUE_COLUMNS, find_due, make_due_alone, read_due};
use crate::postgres::failure::Failure;
use crate::postgres::statement::{Parameters, execute, find, list};
use crate::rules::delivery::State;
use crate::rules::recovery::{Passed, recovered};

/// Makes a delivery due again. Answers what is due by it: one that waits is not
/// sent before the head of its line, so it is the head whose wait is cut short.
pub async fn resend(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    id: DeliveryId,
    now: UnixMs,
) -> Result<DueDelivery, Failure> {
    let not_found = || StoreError::not_found(Noun::Delivery, id);
    // A delivery that ends, or is resent, between two of these statements is in the
    // other table then.
    loop {
        let endpoint = endpoint_of(sql, workspace, id).await?.ok_or_else(not_found)?;
        if !keep_endpoint(sql, workspace, endpoint).await? {
            return Err(not_found().into());
        }
        if let Some(head) = cut_wait_short(sql, workspace, id, now).await? {
            return Ok(head);
        }
        if make_due_alone(sql, workspace, &[id.0.row_key()], now).await? > 0 {
            return Ok(find_due(sql, workspace, id).await?.ok_or_else(not_found)?);
        }
    }
}

async fn endpoint_of(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Option<EndpointId>, Failure> {
    let select = "SELECT endpoint, endpoint_tail FROM delivery_queue
            WHERE workspace = $1 AND seq = $2 AND tail = $3
        UNION ALL
        SELECT endpoint, endpoint_tail FROM delivery
            WHERE workspace = $1 AND seq = $2 AND tail = $3";
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    let read = |row: &Row| Ok(EndpointId(Stamp::from_row(row.get(0), row.get(1))));
    find(sql, select, &[&workspace.0, &seq, &tail], read).await
}

/// Keeps an endpoint from being deleted before the transaction ends; `false` if it is not there.
async fn keep_endpoint(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    id: EndpointId,
) -> Result<bool, Failure> {
    let keep = "SELECT FROM endpoint WHERE workspace = $1 AND seq = $2 AND tail = $3
        FOR KEY SHARE";
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    Ok(execute(sql, keep, &[&workspace.0, &seq, &tail]).await? > 0)
}

/// Makes the head of the line that a pending delivery stands in due now, if it is not yet.
async fn cut_wait_short(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    id: DeliveryId,
    now: UnixMs,
) -> Result<Option<DueDelivery>, Failure> {
    let cut = format!(
        "UPDATE delivery_queue SET at_ms = least(delivery_queue.at_ms, $4)
         FROM delivery_queue AS this
         WHERE this.workspace = $1 AND this.seq = $2 AND this.tail = $3
             AND delivery_queue.state = 2 AND delivery_queue.line = this.line
             AND delivery_queue.workspace = this.workspace
             AND delivery_queue.endpoint = this.endpoint
             AND delivery_queue.connection = this.connection
             AND delivery_queue.object = this.object AND delivery_queue.record = this.record
         RETURNING {DUE_COLUMNS}"
    );
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    find(sql, &cut, &[&workspace.0, &seq, &tail, &now], read_due).await
}

pub async fn count(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    range: RecoverRange,
) -> Result<i64, Failure> {
    let count = match range.only_dead {
        true => {
            "SELECT count(*) FROM delivery
             WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
                 AND seq >= $4 AND seq < $5 AND state = 5"
        }
        false => {
            "SELECT count(*) FROM delivery
             WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
                 AND seq >= $4 AND seq < $5"
        }
    };
    let [seq, tail] = [endpoint.0.row_key(), endpoint.0.tail()];
    let [since, until] = [range.since, range.until].map(first_row_key_at);
    let bounds: Parameters<'_> = &[&workspace.0, &seq, &tail, &since, &until];
    Ok(find(db, count, bounds, |row| Ok(row.get(0))).await?.unwrap_or_default())
}

pub async fn recover_slice(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    slice: &RecoverSlice,
    now: UnixMs,
) -> Result<Recovered, Failure> {
    if !keep_endpoint(sql, workspace, endpoint).await? {
        return Err(StoreError::not_found(Noun::Endpoint, endpoint).into());
    }
    let passed = pass(sql, workspace, endpoint, slice).await?;
    let covered: Vec<i64> = match &slice.latest_for {
        None => passed.iter().filter(|it| it.is_covered).map(|it| it.seq).collect(),
        Some(run) => latest(sql, workspace, run, &passed).await?,
    };
    let resent = make_due_alone(sql, workspace, &covered, now).await?;
    Ok(recovered(slice, &passed, resent as usize))
}

/// The next deliveries of the range. Where only the latest of each line goes
/// out those that are not covered are among them: they may be the latest.
async fn pass(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    endpoint: EndpointId,
    slice: &RecoverSlice,
) -> Result<Vec<Passed>, Failure> {
    let RecoverRange { since, until, only_dead } = slice.range;
    let pass = match only_dead && slice.latest_for.is_none() {
        true => {
            "SELECT seq, state, object, record, connection FROM delivery
             WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
                 AND seq >= $4 AND seq < $5 AND state = 5
             ORDER BY seq DESC LIMIT $6"
        }
        // The queue has no index by endpoint and key: it is read no further than the log.
        false => {
            "WITH ended AS MATERIALIZED (
                 SELECT seq, state, object, record, connection FROM delivery
                 WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
                     AND seq >= $4 AND seq < $5
                 ORDER BY seq DESC LIMIT $6),
             pending AS (
                 SELECT seq, state, object, record, connection FROM delivery_queue
                 WHERE workspace = $1 AND endpoint = $2 AND endpoint_tail = $3
                     AND seq >= (SELECT CASE WHEN count(*) < $6 THEN $4 ELSE min(seq) END FROM ended)
                     AND seq < $5
                 ORDER BY seq DESC LIMIT $6)
             SELECT seq, state, object, record, connection FROM ended
             UNION ALL
             SELECT seq, state, object, record, connection FROM pending
             ORDER BY seq DESC LIMIT $6"
        }
    };
    let [seq, tail] = [endpoint.0.row_key(), endpoint.0.tail()];
    let since = first_row_key_at(since);
    let before = slice.before.min(first_row_key_at(until));
    let limit = i64::try_from(slice.limit).unwrap_or(i64::MAX);
    list(sql, pass, &[&workspace.0, &seq, &tail, &since, &before, &limit], |row| {
        Ok(Passed::new(
            row.get(0),
            State::from_row(row.get(1)),
            (endpoint, ConnectionNo(row.get(4))),
            (row.get(2), row.get(3)),
            only_dead,
        ))
    })
    .await
}

/// Those that are covered and the latest about their record. What was told of a
/// record later, or is about to be, is not undone.
async fn latest(
    sql: &Transaction<'_>,
    workspace: WorkspaceId,
    run: &str,
    passed: &[Passed],
) -> Result<Vec<i64>, Failure> {
    let lines: Vec<i64> =
        passed.iter().map(|it| it.line).collect::<HashSet<_>>().into_iter().collect();
    // Of one line the run comes by the latest message first.
    let note = "INSERT INTO recovered_line (workspace, run, line)
        SELECT $1, $2, line FROM unnest($3::bigint[]) AS passed (line)
        ON CONFLICT DO NOTHING RETURNING line";
    let mut first: HashSet<i64> =
        list(sql, note, &[&workspace.0, &run, &lines], |row| Ok(row.get(0)))
            .await?
            .into_iter()
            .collect();
    let newest = "SELECT line, max(seq) FROM delivery_queue
        WHERE line = ANY ($2) AND workspace = $1 GROUP BY line";
    let pending: HashMap<i64, i64> =
        list(sql, newest, &[&workspace.0, &lines], |row| Ok((row.get(0), row.get(1))))
            .await?
            .into_iter()
            .collect();
    let is_latest = |it: &&Passed| {
        let is_first = first.remove(&it.line);
        it.is_covered && is_first && pending.get(&it.line).is_none_or(|newest| *newest <= it.seq)
    };
    Ok(passed.iter().filter(is_latest).map(|it| it.seq).collect())
}
