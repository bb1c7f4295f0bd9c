//! Reading the delivery log.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{
    ChangeId, DeliveryId, EndpointId, Stamp, UnixMs, WorkspaceId, first_row_key_at,
};

use crate::delivery::{DeliveryFilter, DeliveryStatus, LoggedAttempt, LoggedDelivery};
use crate::page::{Page, PageRequest};
use crate::rules::delivery::State;
use crate::rules::numbers::change_type_from_row;
use crate::sqlite::delivery_row::{NO_STATUS, duration_from_row};
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;

const DELIVERY_COLUMNS: &str = "delivery.seq, delivery.tail, delivery.workspace, delivery.endpoint,
    endpoint.tail, endpoint.status, state, at_ms, attempt_count, last_status, delivery.change,
    change.tail, delivery.change_type, object, delivery.record, body";

const JOINED: &str = "LEFT JOIN endpoint ON endpoint.seq = delivery.endpoint
    LEFT JOIN change ON change.seq = delivery.change";

/// `endpoint.status` of one that deliveries may go to.
const ACTIVE: i64 = 2;

fn is_active(row: &Row<'_>) -> Result<bool, rusqlite::Error> {
    Ok(row.get::<_, Option<i64>>(5)? == Some(ACTIVE))
}

fn status(row: &Row<'_>) -> Result<DeliveryStatus, rusqlite::Error> {
    Ok(State::from_row(row.get(6)?).status(is_active(row)?))
}

fn read(row: &Row<'_>) -> Result<LoggedDelivery, rusqlite::Error> {
    let state = State::from_row(row.get(6)?);
    let at = row.get(7)?;
    let last_status: i64 = row.get(9)?;
    let (change, change_tail): (i64, Option<i64>) = (row.get(10)?, row.get(11)?);
    Ok(LoggedDelivery {
        id: DeliveryId(Stamp::from_row(row.get(0)?, row.get(1)?)),
        workspace: WorkspaceId(row.get(2)?),
        endpoint: EndpointId(Stamp::from_row(
            row.get(3)?,
            row.get::<_, Option<i64>>(4)?.unwrap_or_default(),
        )),
        change: change_tail.map(|tail| ChangeId(Stamp::from_row(change, tail))),
        object: row.get(13)?,
        record: row.get(14)?,
        change_type: change_type_from_row(row.get(12)?),
        status: status(row)?,
        due_at: (state == State::Head && is_active(row)?).then_some(at),
        ended_at: (!state.is_pending()).then_some(at),
        attempt_count: row.get(8)?,
        last_status: (last_status != NO_STATUS).then_some(last_status as u16),
        body: row.get::<_, Vec<u8>>(15)?.into(),
    })
}

pub fn find(
    db: &Db,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Option<(LoggedDelivery, Vec<LoggedAttempt>)>, Failure> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {DELIVERY_COLUMNS} FROM delivery {JOINED}
         WHERE delivery.seq = ?1 AND delivery.tail = ?2 AND delivery.workspace = ?3"
    ))?;
    let mut rows = select.query(params![id.0.row_key(), id.0.tail(), workspace.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let delivery = read(row)?;
    let mut select = db.prepare_cached(
        "SELECT number, at_ms, duration_ms, status, error, response_body FROM attempt
         WHERE delivery = ?1 ORDER BY number, at_ms",
    )?;
    let attempts = select.query_map([id.0.row_key()], |row| {
        Ok(LoggedAttempt {
            number: row.get(0)?,
            at: row.get(1)?,
            duration_ms: row.get(2)?,
            status: row.get(3)?,
            error: row.get(4)?,
            response_body: row.get::<_, Option<Vec<u8>>>(5)?.map(Into::into),
        })
    })?;
    let mut attempts: Vec<LoggedAttempt> = attempts.collect::<Result<_, _>>()?;
    attempts.extend(success(db, id.0.row_key())?);
    Ok(Some((delivery, attempts)))
}

/// The attempt by which a delivery was delivered, which only its row tells of.
pub fn success(db: &Db, delivery: i64) -> Result<Option<LoggedAttempt>, Failure> {
    let read = |row: &Row<'_>| {
        let duration_ms = duration_from_row(row.get(2)?);
        Ok(LoggedAttempt {
            number: row.get(0)?,
            at: row.get::<_, UnixMs>(1)? - UnixMs::from(duration_ms),
            duration_ms,
            status: row.get(3)?,
            error: None,
            response_body: None,
        })
    };
    Ok(db
        .prepare_cached(
            "SELECT attempt_count, at_ms, duration, last_status FROM delivery
             WHERE seq = ?1 AND state = 4",
        )?
        .query_row([delivery], read)
        .optional()?)
}

/// Lists newest first. The statement holds only what an index narrows; the rest
/// is compared row by row, so that the rows read are bounded.
pub fn list(
    db: &Db,
    workspace: WorkspaceId,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> Result<Page<LoggedDelivery>, Failure> {
    let since = filter.since.map_or(0, first_row_key_at);
    let before = page.after.into_iter().chain(filter.until.map(first_row_key_at)).min();
    let mut conditions = vec!["delivery.seq >= :since", "delivery.seq < :before"];
    let mut values = vec![
        (":since", Sql::Integer(since)),
        (":before", Sql::Integer(before.unwrap_or(i64::MAX))),
    ];
    let mut table = "delivery";
    if let Some(endpoint) = filter.endpoint {
        conditions.push("delivery.endpoint = :endpoint");
        values.push((":endpoint", Sql::Integer(endpoint.0.row_key())));
        if filter.status == Some(DeliveryStatus::Dead) {
            conditions.push("state = 5");
            table = "delivery INDEXED BY delivery_dead";
        }
    }
    let statement = format!(
        "SELECT {DELIVERY_COLUMNS} FROM {table} {JOINED} WHERE {} ORDER BY delivery.seq DESC",
        conditions.join(" AND ")
    );
    let named: Vec<(&str, &dyn rusqlite::ToSql)> =
        values.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)).collect();
    let mut select = db.prepare_cached(&statement)?;
    let rows = select.query(named.as_slice())?;
    listing::page_of_fitting(rows, page.limit, |row| {
        // Of an endpoint that was deleted the tail is not known any more.
        let tail: Option<i64> = row.get(4)?;
        let is_same = |wanted: EndpointId| tail.is_none_or(|tail| tail == wanted.0.tail());
        let fits = row.get::<_, i64>(2)? == workspace.0
            && filter.endpoint.is_none_or(is_same)
            && match filter.status {
                Some(wanted) => status(row)? == wanted,
                None => true,
            };
        if fits { Ok(Some(read(row)?)) } else { Ok(None) }
    })
}
