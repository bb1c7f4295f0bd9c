//! Brings a database to the schema that this version speaks.
//!
//! Forward only, one transaction per migration, counted in `user_version`.

use rusqlite::Connection;

use crate::StoreError;
use crate::sqlite::failure::defect;

/// Number, name and text of every migration; numbers and names are the same on every engine.
pub const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "create_tables", include_str!("../../migrations/sqlite/0001_create_tables.sql"))];

/// Marks the file as ours: "TBKL".
const APPLICATION_ID: i64 = 0x5442_4B4C;

/// Applies what is missing.
///
/// # Errors
/// [`StoreError::Defect`] if the file is another program's, or written by a later version of this one.
pub fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    const ACTION: &str = "bring the database to this version's schema";
    let failed = |error: rusqlite::Error| defect(ACTION, error);
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let application: i64 =
        db.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(failed)?;
    let newest = MIGRATIONS.last().map_or(0, |(number, _, _)| *number);
    if application != APPLICATION_ID && (application != 0 || version != 0) {
        return Err(unusable("the database file belongs to another program".to_owned()));
    }
    if version > newest {
        return Err(unusable(format!(
            "the database has schema {version} and this version knows up to {newest}: start a newer version"
        )));
    }
    for (number, _, text) in MIGRATIONS.iter().filter(|(number, _, _)| *number > version) {
        let transaction = db.transaction().map_err(failed)?;
        transaction.execute_batch(text).map_err(failed)?;
        transaction.pragma_update(None, "user_version", number).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

fn unusable(reason: String) -> StoreError {
    StoreError::Defect { action: "open the database", source: reason.into() }
}
