//! Brings a database to the schema that this version speaks.
//!
//! Forward only, one transaction per migration, counted in `user_version`.

use rusqlite::Connection;

use crate::StoreError;
use crate::sqlite::failure::Failure;

/// Number, name and text of every migration; numbers and names are the same on every engine.
pub const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "create_tables", include_str!("../../migrations/sqlite/0001_create_tables.sql")),
    (2, "create_functions", include_str!("../../migrations/sqlite/0002_create_functions.sql")),
    (
        3,
        "create_function_calls",
        include_str!("../../migrations/sqlite/0003_create_function_calls.sql"),
    ),
    (
        4,
        "keep_what_events_did",
        include_str!("../../migrations/sqlite/0004_keep_what_events_did.sql"),
    ),
    (
        5,
        "note_calls_of_events",
        include_str!("../../migrations/sqlite/0005_note_calls_of_events.sql"),
    ),
    (6, "create_users", include_str!("../../migrations/sqlite/0006_create_users.sql")),
    (7, "create_link_drafts", include_str!("../../migrations/sqlite/0007_create_link_drafts.sql")),
    (8, "create_statistics", include_str!("../../migrations/sqlite/0008_create_statistics.sql")),
    (
        9,
        "create_authorizations",
        include_str!("../../migrations/sqlite/0009_create_authorizations.sql"),
    ),
];

/// Marks the file as ours: "TBK1". Until the first release it was "TBKL", and the
/// first migration another.
const APPLICATION_ID: i64 = 0x5442_4B31;

/// Applies what is missing.
///
/// # Errors
/// [`StoreError::Defect`] if the file is another program's, or written by a later version of this one.
pub fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    const ACTION: &str = "bring the database to this version's schema";
    let failed = |error: rusqlite::Error| Failure::Sql(error).during(ACTION);
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let application: i64 =
        db.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(failed)?;
    let newest = MIGRATIONS.last().map_or(0, |(number, _, _)| *number);
    let is_empty = application == 0
        && version == 0
        && !db
            .query_row("SELECT EXISTS (SELECT 1 FROM sqlite_master)", [], |row| row.get(0))
            .map_err(failed)?;
    if application != APPLICATION_ID && !is_empty {
        return Err(unusable(
            "it belongs to another program, or to a version from before the first release; name \
             another folder"
                .to_owned(),
        ));
    }
    if version > newest {
        return Err(unusable(format!(
            "it has schema {version} and this version knows up to {newest}: start a newer version"
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

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/schema.sql");

    /// Set to write the schema anew after adding a migration.
    const WRITE: &str = "TURNBUCKLE_WRITE_SCHEMA";

    fn schema_of(db: &Connection) -> String {
        let mut select = db
            .prepare(
                "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%'",
            )
            .unwrap();
        let statements = select.query_map([], |row| row.get(0)).unwrap();
        let statements: Vec<String> = statements.collect::<Result<_, _>>().unwrap();
        let about = "-- What all migrations together make; a test compares it.\n";
        format!("{about}\n{};\n", statements.join(";\n\n"))
    }

    #[test]
    fn the_migrations_make_the_committed_schema() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let schema = schema_of(&db);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(SCHEMA, &schema).unwrap();
        }
        let committed = std::fs::read_to_string(SCHEMA).unwrap_or_default();
        assert!(committed == schema, "schema.sql is of other migrations: set {WRITE}=1 and look");
        migrate(&mut db).unwrap();
        assert_eq!(schema_of(&db), schema);
    }

    #[test]
    fn the_database_of_another_is_left_alone() {
        let mut theirs = Connection::open_in_memory().unwrap();
        theirs.pragma_update(None, "user_version", 1).unwrap();
        assert!(matches!(migrate(&mut theirs), Err(StoreError::Defect { .. })));
        let mut unnumbered = Connection::open_in_memory().unwrap();
        unnumbered.execute_batch("CREATE TABLE theirs (it)").unwrap();
        assert!(matches!(migrate(&mut unnumbered), Err(StoreError::Defect { .. })));
        let mut later = Connection::open_in_memory().unwrap();
        migrate(&mut later).unwrap();
        later.pragma_update(None, "user_version", 1_000).unwrap();
        assert!(matches!(migrate(&mut later), Err(StoreError::Defect { .. })));
    }
}
