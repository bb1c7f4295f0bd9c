//! Reads a folder into an empty store.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::compare::{check_still, sum_up};
use super::folder::{Folder, Manifest, Position, TableReader};
use super::sum::Sum;
use super::{
    Bounds, Counters, IMPORT_NOTE, Progress, Step, TABLES, Table, Transfer, TransferError,
};
use crate::Store;

/// An export whose files are as its manifest says.
#[derive(Debug)]
pub struct Checked {
    manifest: Manifest,
    counters: Counters,
}

impl Checked {
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

/// Reads all files and compares them with the manifest, before there is anything to write
/// them to: rows of a wrong one would stay in the store, whatever file is put in its place.
///
/// # Errors
/// With a sentence for the operator.
pub fn check_export(transfer: &mut Transfer<'_>) -> Result<Checked, TransferError> {
    let (manifest, counters) = complete_manifest(transfer.folder, transfer.seal_key)?;
    let folder = Folder::at(transfer.folder);
    for table in TABLES {
        check_file(folder.read(table, Position::default())?, manifest.sum(table), transfer)?;
    }
    Ok(Checked { manifest, counters })
}

/// Writes all that is in the folder into `store`, or the rest of it if that was begun
/// before; then reads the store and compares. It must be opened again before it is
/// used.
///
/// # Errors
/// With a sentence for the operator. What was written is gone on with; the store is
/// not to be used before that has ended ([`IMPORT_NOTE`]).
pub async fn import(
    store: &dyn Store,
    Checked { manifest, counters }: Checked,
    mut transfer: Transfer<'_>,
) -> Result<Manifest, TransferError> {
    check_still(store).await?;
    let export = manifest.digest();
    let begun = match store.note(IMPORT_NOTE).await? {
        Some(noted) => Some(Noted::parse(&noted, &export).ok_or(TransferError::OtherImport)?),
        None => check_empty(store).await.map(|()| None)?,
    };
    let (mut place, mut position) = begun.unwrap_or_default();
    let folder = Folder::at(transfer.folder);
    while let Some(table) = TABLES.get(place) {
        let mut file = folder.read(table, position)?;
        write_table(store, &mut file, &export, &mut transfer).await?;
        // The file was right before: what was written is of another one.
        compare(table, manifest.sum(table), file.position().sum)?;
        (place, position) = (place + 1, Position::default());
    }
    for table in TABLES {
        compare(table, manifest.sum(table), sum_up(store, table, &mut transfer).await?)?;
    }
    store.end_import(counters).await?;
    Ok(manifest)
}

fn complete_manifest(folder: &Path, held: &str) -> Result<(Manifest, Counters), TransferError> {
    let manifest = Folder::at(folder).manifest()?;
    let manifest = manifest.ok_or_else(|| TransferError::NoExport(folder.to_owned()))?;
    let Some(counters) = manifest.counters else {
        return Err(TransferError::Incomplete(folder.to_owned()));
    };
    if held != manifest.seal_key {
        let held = Some(held.to_owned()).filter(|held| !held.is_empty());
        let sealed_with = manifest.seal_key;
        return Err(TransferError::OtherSealKey { sealed_with, held });
    }
    Ok((manifest, counters))
}

async fn check_empty(store: &dyn Store) -> Result<(), TransferError> {
    for table in TABLES {
        if !store.read_rows(table, None, Bounds { rows_max: 1, bytes_max: 1 }).await?.is_empty() {
            return Err(TransferError::NotEmpty);
        }
    }
    Ok(())
}

/// Reads a whole file.
fn check_file(
    mut file: TableReader,
    expected: Sum,
    transfer: &mut Transfer<'_>,
) -> Result<(), TransferError> {
    let table = file.table();
    loop {
        let is_table_done = file.next_rows(transfer.bounds)?.is_empty();
        let rows = file.position().sum.rows;
        (transfer.on_progress)(Progress { step: Step::Check, table, rows, is_table_done });
        if is_table_done {
            return file.check(expected);
        }
    }
}

/// `found` is what the store holds of a table.
fn compare(table: &'static Table, expected: Sum, found: Sum) -> Result<(), TransferError> {
    if found == expected {
        return Ok(());
    }
    Err(TransferError::Differs { table: table.name, expected, found })
}

/// Writes the rows of a file from where it stands.
async fn write_table(
    store: &dyn Store,
    file: &mut TableReader,
    export: &str,
    transfer: &mut Transfer<'_>,
) -> Result<(), TransferError> {
    let table = file.table();
    loop {
        let rows = file.next_rows(transfer.bounds)?;
        let is_table_done = rows.is_empty();
        let position = file.position();
        if !is_table_done {
            let (export, table_name) = (export.to_owned(), table.name.to_owned());
            let noted = Noted { export, table: table_name, position };
            store.write_rows(table, rows, noted.to_text()).await?;
        }
        let rows = position.sum.rows;
        (transfer.on_progress)(Progress { step: Step::Import, table, rows, is_table_done });
        if is_table_done {
            return Ok(());
        }
    }
}

/// How far an import has come, as it is noted in the store.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// [`Manifest::digest`] of what is imported.
    export: String,
    table: String,
    position: Position,
}

impl Noted {
    fn to_text(&self) -> String {
        serde_json::to_string(self).expect("its keys are texts")
    }

    /// Where in [`TABLES`] to go on, and where in that file; `None` of another export.
    fn parse(text: &str, export: &str) -> Option<(usize, Position)> {
        let noted: Self = serde_json::from_str(text).ok()?;
        let place = TABLES.iter().position(|table| table.name == noted.table)?;
        (noted.export == export).then_some((place, noted.position))
    }
}
