//! Runs one statement, prepared once per connection.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::StoreError;
use crate::postgres::failure::Failure;

pub type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Answers how many rows it concerned.
pub async fn execute(
    db: &impl GenericClient,
    statement: &str,
    parameters: Parameters<'_>,
) -> Result<u64, Failure> {
    let prepared = db.prepare_cached(statement).await?;
    Ok(db.execute(&prepared, parameters).await?)
}

/// Reads all rows.
pub async fn list<T>(
    db: &impl GenericClient,
    statement: &str,
    parameters: Parameters<'_>,
    read: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let prepared = db.prepare_cached(statement).await?;
    db.query(&prepared, parameters).await?.iter().map(read).collect()
}

/// Reads the row, if there is one.
pub async fn find<T>(
    db: &impl GenericClient,
    statement: &str,
    parameters: Parameters<'_>,
    read: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let prepared = db.prepare_cached(statement).await?;
    db.query_opt(&prepared, parameters).await?.as_ref().map(read).transpose()
}

/// A column that holds bytes of one length, such as a hash.
pub fn read_bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Failure> {
    let bytes: &[u8] = row.get(column);
    bytes.try_into().map_err(|_| {
        let reason = format!("{} bytes where {N} are kept", bytes.len());
        StoreError::Defect { action: "read a stored row", source: reason.into() }.into()
    })
}
