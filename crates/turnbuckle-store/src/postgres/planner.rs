//! Keeps the server from planning by statistics that are long untrue.
//!
//! A table that was empty when the server last counted it stays empty in its eyes until
//! it counts again, a minute later or more: of two indexes it then takes either, and
//! may read all of a long queue for each row. So whoever does the upkeep looks, as
//! often as it says that it is there, and has such tables counted at once.

use tokio_postgres::Client;

use crate::postgres::failure::Failure;

/// Tables of which every row may go and as many come within a minute.
const TABLES: [&str; 7] = [
    "inbound_queue",
    "change_queue",
    "delivery_queue",
    "record",
    "record_key",
    "subscription",
    "subscription_key",
];
/// What holds less is read quickly however it is read.
const ROWS_MIN: i64 = 1_000;

/// Tables that have some size and hardly a row, in the eyes of the server.
const UNLIKELY: &str = "SELECT relname::text FROM pg_class
    WHERE oid = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
        AND reltuples BETWEEN 0 AND $2 AND pg_relation_size(oid) > 1 << 18";

/// Has those tables counted that hold more than the server thinks.
pub async fn recount(db: &Client) -> Result<(), Failure> {
    let rows_min = ROWS_MIN as f32;
    for row in db.query(UNLIKELY, &[&TABLES.as_slice(), &rows_min]).await? {
        let table: &str = row.get(0);
        let count = format!("SELECT count(*) FROM (SELECT FROM {table} LIMIT {ROWS_MIN}) AS it");
        if db.query_one(&count, &[]).await?.get::<_, i64>(0) == ROWS_MIN {
            tracing::debug!(table, "a table is counted again");
            db.batch_execute(&format!("ANALYZE {table}")).await?;
        }
    }
    Ok(())
}
