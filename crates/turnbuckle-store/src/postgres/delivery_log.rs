//! Reading deliveries: those that wait and those that ended are one log.

use bytes::Bytes;
use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use turnbuckle_core::id::{
    ChangeId, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId, first_row_key_at,
};

use crate::delivery::{DeliveryFilter, DeliveryStatus, LoggedAttempt, LoggedDelivery};
use crate::page::{Page, PageRequest, ROWS_READ_MAX};
use crate::postgres::failure::Failure;
use crate::postgres::statement::{find, list as read_all};
use crate::rules::delivery::State;
use crate::rules::numbers::change_type_from_row;

/// What [`read`] reads, after which it wants to know whether the endpoint is active.
const COLUMNS: &str = "seq, tail, workspace, endpoint, endpoint_tail, state, at_ms, attempt_count,
    last_status, change, change_tail, change_type, object, record, body";

/// The same columns of the log.
const LOG_COLUMNS: &str = "seq, tail, workspace, endpoint, endpoint_tail, state,
    ended_at_ms AS at_ms, attempt_count, last_status, change, change_tail, change_type, object,
    record, body";

/// Whether the endpoint of a row that is called `looked_at` is active.
const IS_ACTIVE: &str = "EXISTS (
        SELECT FROM endpoint
        WHERE endpoint.workspace = looked_at.workspace AND endpoint.seq = looked_at.endpoint
            AND endpoint.tail = looked_at.endpoint_tail AND endpoint.status = 2)";

fn read(row: &Row) -> Result<LoggedDelivery, Failure> {
    let (state, at, is_active) = (State::from_row(row.get(5)), row.get(6), row.get(15));
    let change = row.get::<_, Option<i64>>(9).zip(row.get::<_, Option<i64>>(10));
    Ok(LoggedDelivery {
        id: DeliveryId(Stamp::from_row(row.get(0), row.get(1))),
        workspace: WorkspaceId(row.get(2)),
        endpoint: EndpointId(Stamp::from_row(row.get(3), row.get(4))),
        change: change.map(|(seq, tail)| ChangeId(Stamp::from_row(seq, tail))),
        object: row.get(12),
        record: row.get(13),
        change_type: row.get::<_, Option<i64>>(11).and_then(change_type_from_row),
        status: state.status(is_active),
        due_at: (state == State::Head && is_active).then_some(at),
        ended_at: (!state.is_pending()).then_some(at),
        attempt_count: row.get::<_, i64>(7) as u32,
        last_status: row.get::<_, Option<i64>>(8).map(|status| status as u16),
        body: Bytes::copy_from_slice(row.get(14)),
    })
}

pub async fn find_logged(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Option<(LoggedDelivery, Vec<LoggedAttempt>)>, Failure> {
    // One statement, since a delivery may move from one table to the other.
    let by_id = format!(
        "SELECT {COLUMNS}, {IS_ACTIVE}, NULL::bigint AS duration_ms
         FROM delivery_queue AS looked_at
         WHERE workspace = $1 AND seq = $2 AND tail = $3
         UNION ALL
         SELECT {LOG_COLUMNS}, false, duration_ms
         FROM delivery
         WHERE workspace = $1 AND seq = $2 AND tail = $3"
    );
    let [seq, tail] = [id.0.row_key(), id.0.tail()];
    let read_both = |row: &Row| Ok((read(row)?, row.get::<_, Option<i64>>(16)));
    let found = find(db, &by_id, &[&workspace.0, &seq, &tail], read_both).await?;
    let Some((delivery, duration_ms)) = found else { return Ok(None) };
    let success = success(&delivery, duration_ms);
    // It may have been attempted since: those that the row tells of are shown.
    let told = i64::from(delivery.attempt_count) - i64::from(success.is_some());
    let attempts = "SELECT number, at_ms, duration_ms, status, error, response_body FROM attempt
        WHERE workspace = $1 AND delivery = $2 AND number <= $3
        ORDER BY number, at_ms";
    let mut attempts = read_all(db, attempts, &[&workspace.0, &seq, &told], read_attempt).await?;
    attempts.extend(success);
    Ok(Some((delivery, attempts)))
}

fn read_attempt(row: &Row) -> Result<LoggedAttempt, Failure> {
    Ok(LoggedAttempt {
        number: row.get::<_, i64>(0) as u32,
        at: row.get(1),
        duration_ms: row.get::<_, i64>(2) as u32,
        status: row.get::<_, Option<i64>>(3).map(|status| status as u16),
        error: row.get(4),
        response_body: row.get::<_, Option<Vec<u8>>>(5).map(Into::into),
    })
}

/// The attempt by which a delivery was delivered, which only its row tells of.
fn success(delivery: &LoggedDelivery, duration_ms: Option<i64>) -> Option<LoggedAttempt> {
    let ended_at = delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Delivered)?;
    let duration_ms = duration_ms.unwrap_or_default();
    Some(LoggedAttempt {
        number: delivery.attempt_count,
        at: ended_at - duration_ms as UnixMs,
        duration_ms: duration_ms as u32,
        status: delivery.last_status,
        error: None,
        response_body: None,
    })
}

/// What a page may hold of one of the tables: rows that fit, newest first, and the
/// last of those that were looked at, whether it fits or not. The table is
/// narrowed by an index; the rest is compared row by row.
fn part(columns: &str, table: &str, narrowed: &str, is_active: &str, fits: &str) -> String {
    format!(
        "(SELECT {COLUMNS}, {is_active} AS is_active, {fits} AS fits, place
          FROM (SELECT {columns}, row_number() OVER newest_first AS place
                FROM {table} WHERE {narrowed}
                WINDOW newest_first AS (ORDER BY seq DESC)
                ORDER BY seq DESC LIMIT {ROWS_READ_MAX}) AS looked_at
          WHERE {fits} OR place = {ROWS_READ_MAX}
          ORDER BY seq DESC LIMIT $4)"
    )
}

/// Lists newest first, looking at a bounded number of rows.
pub async fn list(
    db: &impl GenericClient,
    workspace: WorkspaceId,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> Result<Page<LoggedDelivery>, Failure> {
    let since = filter.since.map_or(0, first_row_key_at);
    let before = page.after.into_iter().chain(filter.until.map(first_row_key_at)).min();
    let before = before.unwrap_or(i64::MAX);
    let one_more = i64::try_from(page.limit).unwrap_or(i64::MAX).saturating_add(1);
    let endpoint = filter.endpoint.map(|it| [it.0.row_key(), it.0.tail()]);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&workspace.0, &since, &before, &one_more];
    if let Some([seq, tail]) = &endpoint {
        values.extend([seq as &(dyn ToSql + Sync), tail]);
    }
    let statement = statement(endpoint.is_some(), filter.status);
    let read_part = |row: &Row| {
        let is_last = row.get::<_, i64>(17) == ROWS_READ_MAX as i64;
        Ok((row.get::<_, i64>(0), row.get(16), is_last, read(row)?))
    };
    let mut listed = Page { items: Vec::new(), next: None };
    let mut last = None;
    for (seq, fits, is_last, delivery) in read_all(db, &statement, &values, read_part).await? {
        if listed.items.len() == page.limit {
            listed.next = last;
            break;
        }
        last = Some(seq);
        if fits {
            listed.items.push(delivery);
        }
        if is_last {
            listed.next = last;
            break;
        }
    }
    Ok(listed)
}

fn statement(is_of_endpoint: bool, status: Option<DeliveryStatus>) -> String {
    let range = "workspace = $1 AND seq >= $2 AND seq < $3";
    let of_endpoint = if is_of_endpoint { "endpoint = $5 AND endpoint_tail = $6" } else { "true" };
    let queue = |fits: &str| {
        let fits = format!("({of_endpoint} AND {fits})");
        part(COLUMNS, "delivery_queue", range, IS_ACTIVE, &fits)
    };
    let log = |state: Option<State>| {
        let fits = state.map_or("true".to_owned(), |it| format!("state = {}", it.to_row()));
        // There is an index of those alone.
        let is_dead = is_of_endpoint && state == Some(State::Dead);
        let index = if is_dead { fits.as_str() } else { "true" };
        let narrowed = format!("{range} AND {of_endpoint} AND {index}");
        part(LOG_COLUMNS, "delivery", &narrowed, "false", &fits)
    };
    let parts = match status {
        None => vec![queue("true"), log(None)],
        Some(DeliveryStatus::Pending) => vec![queue(IS_ACTIVE)],
        Some(DeliveryStatus::Held) => vec![queue(&format!("NOT {IS_ACTIVE}"))],
        Some(DeliveryStatus::Delivered) => vec![log(Some(State::Delivered))],
        Some(DeliveryStatus::Dead) => vec![log(Some(State::Dead))],
        Some(DeliveryStatus::Superseded) => vec![log(Some(State::Superseded))],
    };
    let parts = parts.join(" UNION ALL ");
    format!("SELECT {COLUMNS}, is_active, fits, place FROM ({parts}) AS part ORDER BY seq DESC")
}
