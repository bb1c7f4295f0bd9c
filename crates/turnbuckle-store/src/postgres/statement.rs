//! Runs one statement, prepared once per connection.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::StoreError;
use crate::postgres::failure::{Failure, SqlError, has_unstorable_text};

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
    match db.query(&prepared, parameters).await {
        Err(error) if is_in_vain(statement, &error) => Ok(Vec::new()),
        rows => rows?.iter().map(read).collect(),
    }
}

/// Reads the row, if there is one.
pub async fn find<T>(
    db: &impl GenericClient,
    statement: &str,
    parameters: Parameters<'_>,
    read: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let prepared = db.prepare_cached(statement).await?;
    match db.query_opt(&prepared, parameters).await {
        Err(error) if is_in_vain(statement, &error) => Ok(None),
        row => row?.as_ref().map(read).transpose(),
    }
}

/// Whether it looks for a text that no row holds, because none can.
fn is_in_vain(statement: &str, error: &SqlError) -> bool {
    statement.starts_with("SELECT") && has_unstorable_text(error)
}

/// The condition of a join that looks rows of a table up by a list of keys, which has
/// columns `workspace` and `seq` too.
///
/// Only the list can lead this way. By plain equalities the table can as well, and
/// does whenever the server takes it for empty, as it was when it was last counted:
/// each of its rows would be compared with every key. Where a key has other columns,
/// the workspace alone is compared like this: it comes first in them all.
macro_rules! by_key {
    ($table:literal, $keys:literal) => {
        concat!(
            $table,
            ".workspace = ANY (ARRAY[",
            $keys,
            ".workspace]) AND ",
            $table,
            ".seq BETWEEN ",
            $keys,
            ".seq AND ",
            $keys,
            ".seq"
        )
    };
}
pub(crate) use by_key;

/// What a statement that takes many rows as arrays gets of one of their columns.
pub fn column<'a, R: 'a, T>(
    rows: impl IntoIterator<Item = &'a R>,
    of: impl Fn(&'a R) -> T,
) -> Vec<T> {
    rows.into_iter().map(of).collect()
}

/// A column that holds bytes of one length, such as a hash.
pub fn read_bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Failure> {
    let bytes: &[u8] = row.get(column);
    bytes.try_into().map_err(|_| {
        let reason = format!("{} bytes where {N} are kept", bytes.len());
        StoreError::Defect { action: "read a stored row", source: reason.into() }.into()
    })
}
