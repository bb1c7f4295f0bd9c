//! Reads a store into a folder.

use jiff::Timestamp;

use super::compare::{check_still, sum_up};
use super::folder::{Folder, Manifest};
use super::{Progress, Step, TABLES, Table, Transfer, TransferError};
use crate::Store;

/// Writes all that `store` keeps into the folder, or the rest of it if that was begun
/// before. Answers what the folder holds then.
///
/// Nothing is changed in the store, beside that what is left of deleted connections
/// is erased.
///
/// # Errors
/// With a sentence for the operator. What was written is gone on with.
pub async fn export(
    store: &dyn Store,
    begun_at: Timestamp,
    mut transfer: Transfer<'_>,
) -> Result<Manifest, TransferError> {
    check_still(store).await?;
    let folder = Folder::at(transfer.folder);
    let mut manifest = begin(&folder, begun_at, &transfer)?;
    while store.erase().await? {}
    let mut read_earlier = Vec::new();
    for table in TABLES {
        if manifest.tables.contains_key(table.name) {
            read_earlier.push(table);
            continue;
        }
        let mut file = folder.write(table)?;
        if file.rows() > 0 {
            read_earlier.push(table);
        }
        loop {
            let rows = store.read_rows(table, file.last(), transfer.bounds).await?;
            let is_table_done = rows.is_empty();
            file.append(rows)?;
            let rows = file.rows();
            (transfer.on_progress)(Progress { step: Step::Export, table, rows, is_table_done });
            if is_table_done {
                break;
            }
        }
        manifest.tables.insert(table.name.to_owned(), file.finish()?);
        folder.save(&manifest)?;
    }
    check_unchanged(store, &manifest, read_earlier, &mut transfer).await?;
    let counters = store.counters().await?;
    check_still(store).await?;
    manifest.counters = Some(counters);
    folder.save(&manifest)?;
    Ok(manifest)
}

fn begin(
    folder: &Folder,
    begun_at: Timestamp,
    transfer: &Transfer<'_>,
) -> Result<Manifest, TransferError> {
    let path = || transfer.folder.to_owned();
    match folder.manifest()? {
        None => {
            folder.make()?;
            let manifest = Manifest::begin(transfer.seal_key, begun_at);
            folder.save(&manifest)?;
            Ok(manifest)
        }
        Some(begun) if begun.counters.is_some() => Err(TransferError::Complete(path())),
        Some(begun) if begun.seal_key != transfer.seal_key => Err(TransferError::Occupied(path())),
        Some(begun) => Ok(begun),
    }
}

/// Reads again what an earlier run has read: somebody may have worked with the store
/// since.
async fn check_unchanged(
    store: &dyn Store,
    manifest: &Manifest,
    tables: Vec<&'static Table>,
    transfer: &mut Transfer<'_>,
) -> Result<(), TransferError> {
    for table in tables {
        if sum_up(store, table, transfer).await? != manifest.sum(table) {
            return Err(TransferError::Changed(table.name));
        }
    }
    Ok(())
}
