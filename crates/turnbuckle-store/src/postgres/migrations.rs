//! Brings a database to the schema that this version speaks.
//!
//! Forward only, one transaction per migration. Several processes may start at
//! once: the first locks the list of migrations, the others then find it done.

use std::cmp::Ordering;

use deadpool_postgres::{Client, GenericClient, Pool};

use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{execute, find};
use crate::{SCHEMA, StoreError};

/// Number, name and text of every migration; numbers and names are the same on every engine.
pub const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "create_tables", include_str!("../../migrations/postgres/0001_create_tables.sql")),
    (2, "create_functions", include_str!("../../migrations/postgres/0002_create_functions.sql")),
    (
        3,
        "create_function_calls",
        include_str!("../../migrations/postgres/0003_create_function_calls.sql"),
    ),
    (
        4,
        "keep_what_events_did",
        include_str!("../../migrations/postgres/0004_keep_what_events_did.sql"),
    ),
    (
        5,
        "note_calls_of_events",
        include_str!("../../migrations/postgres/0005_note_calls_of_events.sql"),
    ),
    (6, "create_users", include_str!("../../migrations/postgres/0006_create_users.sql")),
    (
        7,
        "create_link_drafts",
        include_str!("../../migrations/postgres/0007_create_link_drafts.sql"),
    ),
    (8, "create_statistics", include_str!("../../migrations/postgres/0008_create_statistics.sql")),
    (
        9,
        "create_authorizations",
        include_str!("../../migrations/postgres/0009_create_authorizations.sql"),
    ),
];

/// The list of what was applied. Its name also marks the schema as ours.
const LIST: &str = "turnbuckle_migration";

/// The number of the last migration that this version knows.
const NEWEST: i64 = SCHEMA.0;

/// Applies what is missing.
///
/// # Errors
/// [`StoreError::Defect`] if the schema is another program's, or written by a later version of this one.
pub async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    during("bring the database to this version's schema", async {
        let mut db = pool.get().await?;
        make_list(&db).await?;
        while apply_next(&mut db).await? {}
        Ok(())
    })
    .await
}

/// What a schema is to this version, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Without tables, which may be made or not.
    Empty {
        may_create: bool,
    },
    OfAnotherProgram,
    /// Ours, and brought up to date when it is opened.
    Older {
        schema: i64,
    },
    Current,
    /// Written by a later version.
    Newer {
        schema: i64,
    },
}

impl Found {
    /// Why it is not ours to use, with the cure.
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::OfAnotherProgram => {
                Some("it holds the tables of another program; name an empty one".to_owned())
            }
            Self::Newer { schema } => Some(format!(
                "it has schema {schema} and this version knows up to {NEWEST}: start a newer \
                 version"
            )),
            Self::Empty { .. } | Self::Older { .. } | Self::Current => None,
        }
    }

    fn of(schema: i64) -> Self {
        match schema.cmp(&NEWEST) {
            Ordering::Less => Self::Older { schema },
            Ordering::Equal => Self::Current,
            Ordering::Greater => Self::Newer { schema },
        }
    }
}

/// Changes nothing.
pub async fn look(db: &impl GenericClient) -> Result<Found, Failure> {
    let tables = "SELECT count(*), count(*) FILTER (WHERE relname = $1),
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = current_schema() AND relkind IN ('r', 'p')";
    let counts = find(db, tables, &[&LIST], |row| {
        Ok((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, bool>(2)))
    });
    Ok(match counts.await? {
        None => Found::Empty { may_create: false },
        Some((0, _, may_create)) => Found::Empty { may_create },
        Some((_, 0, _)) => Found::OfAnotherProgram,
        Some(_) => Found::of(applied(db).await?),
    })
}

/// The number of the last migration that was applied.
async fn applied(db: &impl GenericClient) -> Result<i64, Failure> {
    let last = format!("SELECT coalesce(max(number), 0) FROM {LIST}");
    Ok(find(db, &last, &[], |row| Ok(row.get(0))).await?.unwrap_or_default())
}

/// Makes the list in an empty schema.
async fn make_list(db: &Client) -> Result<(), Failure> {
    let found = look(db).await?;
    if let Some(reason) = found.obstacle() {
        return Err(unusable(reason));
    }
    if !matches!(found, Found::Empty { .. }) {
        return Ok(());
    }
    let create = format!(
        "CREATE TABLE {LIST} (
             number bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)"
    );
    let made = db.batch_execute(&create).await;
    // Of several that start at once, one makes it.
    match made {
        Err(_) if !matches!(look(db).await?, Found::Empty { .. } | Found::OfAnotherProgram) => {
            Ok(())
        }
        made => Ok(made?),
    }
}

/// Applies one; `false` if none is left.
async fn apply_next(db: &mut Client) -> Result<bool, Failure> {
    let transaction = db.transaction().await?;
    transaction.batch_execute(&format!("LOCK TABLE {LIST} IN EXCLUSIVE MODE")).await?;
    let schema = applied(&transaction).await?;
    if let Some(reason) = Found::of(schema).obstacle() {
        return Err(unusable(reason));
    }
    let Some((number, name, text)) = MIGRATIONS.iter().find(|(number, _, _)| schema < *number)
    else {
        return Ok(false);
    };
    transaction.batch_execute(text).await?;
    let note = format!("INSERT INTO {LIST} VALUES ($1, $2, now())");
    execute(&transaction, &note, &[number, name]).await?;
    transaction.commit().await?;
    Ok(true)
}

fn unusable(reason: String) -> Failure {
    StoreError::Defect { action: "open the database", source: reason.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;
    use crate::SCHEMA;
    use crate::sqlite::migrations::MIGRATIONS as EMBEDDED;

    #[test]
    fn every_engine_has_the_same_migrations() {
        let names = |all: &[(i64, &'static str, &str)]| -> Vec<(i64, &'static str)> {
            all.iter().map(|(number, name, _)| (*number, *name)).collect()
        };
        assert_eq!(names(MIGRATIONS), names(EMBEDDED));
        assert_eq!(names(MIGRATIONS).last(), Some(&SCHEMA));
    }
}
