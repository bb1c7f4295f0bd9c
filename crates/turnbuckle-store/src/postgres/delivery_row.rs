//! Rows of the queue of deliveries and of their log, and how they move from one
//! to the other: within the database, so that bodies do not travel.

use bytes::Bytes;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::{DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId};

use crate::delivery::DueDelivery;
use crate::postgres::failure::Failure;
use crate::postgres::statement::{by_key, column, execute, find};
use crate::rules::delivery::{DURATION_MS_MAX, State, connection_from_row};

/// What a worker needs to send a row of the queue, as [`read_due`] reads it.
pub const DUE_COLUMNS: &str = "delivery_queue.seq, delivery_queue.tail, delivery_queue.workspace,
    delivery_queue.endpoint, delivery_queue.endpoint_tail, delivery_queue.connection,
    delivery_queue.attempt_count, delivery_queue.failure_count,
    CASE WHEN delivery_queue.failure_count > 0 THEN
        (SELECT min(attempt.at_ms) FROM attempt
         WHERE attempt.workspace = delivery_queue.workspace
             AND attempt.delivery = delivery_queue.seq AND attempt.response_body IS NOT NULL) END,
    delivery_queue.body";

pub fn read_due(row: &Row) -> Result<DueDelivery, Failure> {
    Ok(DueDelivery {
        id: DeliveryId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        endpoint: EndpointId(Stamp::from_row(row.get(3), row.get(4))),
        connection: connection_from_row(row.get(5)),
        attempt_count: row.get::<_, i64>(6) as u32,
        failure_count: row.get::<_, i64>(7) as u32,
        first_attempt_at: row.get(8),
        body: Bytes::copy_from_slice(row.get(9)),
    })
}

pub async fn find_due(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Option<DueDelivery>, Failure> {
    let by_id = format!(
        "SELECT {DUE_COLUMNS} FROM delivery_queue WHERE workspace = $1 AND seq = $2 AND tail = $3"
    );
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    find(db, &by_id, &[&workspace.0, &seq, &tail], read_due).await
}

pub fn duration_to_row(duration_ms: u32) -> i64 {
    i64::from(duration_ms.min(DURATION_MS_MAX))
}

/// How a row of the queue ends.
#[derive(Debug)]
pub struct Ended {
    pub workspace: WorkspaceId,
    pub seq: i64,
    pub state: State,
    pub at: UnixMs,
    /// Its last attempt, where the row does not tell of it yet.
    pub last: Option<LastAttempt>,
}

#[derive(Debug, Clone, Copy)]
pub struct LastAttempt {
    /// Attempts so far, this one among them.
    pub count: u32,
    pub status: Option<u16>,
    pub duration_ms: u32,
}

/// Moves rows from the queue to the log.
pub async fn end(db: &impl GenericClient, ended: &[Ended]) -> Result<(), Failure> {
    if ended.is_empty() {
        return Ok(());
    }
    const END: &str = concat!(
        "WITH gone AS (
            DELETE FROM delivery_queue
            USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                    $6::bigint[], $7::bigint[])
                AS ended (workspace, seq, state, at_ms, attempt_count, last_status, duration_ms)
            WHERE ",
        by_key!("delivery_queue", "ended"),
        "
            RETURNING delivery_queue.workspace, delivery_queue.seq, tail, endpoint, endpoint_tail,
                connection, ended.state, ended.at_ms,
                coalesce(ended.attempt_count, delivery_queue.attempt_count) AS attempt_count,
                CASE WHEN ended.attempt_count IS NULL THEN delivery_queue.last_status
                     ELSE ended.last_status END AS last_status,
                duration_ms, change, change_tail, change_type, object, record, changed, body)
        INSERT INTO delivery (workspace, seq, tail, endpoint, endpoint_tail, connection, state,
            ended_at_ms, attempt_count, last_status, duration_ms, change, change_tail, change_type,
            object, record, changed, body)
        SELECT workspace, seq, tail, endpoint, endpoint_tail, connection, state, at_ms,
            attempt_count, last_status, duration_ms, change, change_tail, change_type, object,
            record, changed, body
        FROM gone"
    );
    let last = |of: fn(LastAttempt) -> Option<i64>| -> Vec<Option<i64>> {
        column(ended, |it| it.last.and_then(of))
    };
    execute(
        db,
        END,
        &[
            &column(ended, |it| it.workspace.0),
            &column(ended, |it| it.seq),
            &column(ended, |it| it.state.to_row()),
            &column(ended, |it| it.at),
            &last(|it| Some(i64::from(it.count))),
            &last(|it| it.status.map(i64::from)),
            &last(|it| Some(duration_to_row(it.duration_ms))),
        ],
    )
    .await?;
    Ok(())
}

/// Moves ended rows of one workspace back to the queue: each the head of a line of its
/// own, due now, at the start of the retry schedule. Answers how many there were.
pub async fn make_due_alone(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    seqs: &[i64],
    now: UnixMs,
) -> Result<u64, Failure> {
    // A success, which only its row tells of, is kept among the other attempts.
    let make_due = "WITH gone AS (
            DELETE FROM delivery WHERE workspace = $1 AND seq = ANY ($2)
            RETURNING workspace, seq, tail, endpoint, endpoint_tail, connection, state,
                ended_at_ms, attempt_count, last_status, duration_ms, change, change_tail,
                change_type, object, record, changed, body),
        success AS (
            INSERT INTO attempt (workspace, delivery, number, at_ms, duration_ms, status)
            SELECT workspace, seq, attempt_count, ended_at_ms - duration_ms, duration_ms,
                last_status
            FROM gone WHERE state = 4
            ON CONFLICT (workspace, delivery, at_ms) DO NOTHING)
        INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail, connection,
            line, state, at_ms, attempt_count, failure_count, last_status, change, change_tail,
            change_type, object, record, changed, body, coalesce)
        SELECT workspace, seq, tail, endpoint, endpoint_tail, connection, -seq, 2, $3,
            attempt_count, 0, last_status, change, change_tail, change_type, object, record,
            changed, body, false
        FROM gone";
    execute(db, make_due, &[&workspace.0, &seqs, &now]).await
}
