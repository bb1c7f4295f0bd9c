//! Looks at a store as both ends of a transfer do.

use super::sum::Sum;
use super::{Progress, Step, Table, Transfer, TransferError};
use crate::Store;

/// # Errors
/// If somebody else works with the store, or it cannot be carried as it is.
pub async fn check_still(store: &dyn Store) -> Result<(), TransferError> {
    match store.obstacle().await? {
        None => Ok(()),
        Some(obstacle) => Err(obstacle.into()),
    }
}

/// Reads all rows of a table.
pub async fn sum_up(
    store: &dyn Store,
    table: &'static Table,
    transfer: &mut Transfer<'_>,
) -> Result<Sum, TransferError> {
    let (mut sum, mut last) = (Sum::default(), None);
    loop {
        let rows = store.read_rows(table, last.as_ref(), transfer.bounds).await?;
        rows.iter().for_each(|row| sum.add(table, row));
        let is_table_done = rows.is_empty();
        let progress = Progress { step: Step::Compare, table, rows: sum.rows, is_table_done };
        (transfer.on_progress)(progress);
        if is_table_done {
            return Ok(sum);
        }
        last = rows.into_iter().next_back();
    }
}
