//! Brings a database to the schema that this version speaks.
//!
//! Forward only, one transaction per migration. Several processes may start at
//! once: the first locks the list of migrations, the others then find it done.

use deadpool_postgres::{Client, Pool};

use crate::StoreError;
use crate::postgres::failure::{Failure, during};
use crate::postgres::statement::{execute, find};

/// Number, name and text of every migration; numbers and names are the same on every engine.
pub const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "create_tables", include_str!("../../migrations/postgres/0001_create_tables.sql"))];

/// The list of what was applied. Its name also marks the schema as ours.
const LIST: &str = "turnbuckle_migration";

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

/// What a schema holds, at one moment.
enum Holds {
    Nothing,
    /// Our list, whatever else.
    OurList,
    TablesOfAnother,
}

async fn look(db: &Client) -> Result<Holds, Failure> {
    let tables = "SELECT count(*), count(*) FILTER (WHERE relname = $1)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = current_schema() AND relkind IN ('r', 'p')";
    let counts = find(db, tables, &[&LIST], |row| Ok((row.get::<_, i64>(0), row.get::<_, i64>(1))));
    Ok(match counts.await? {
        None | Some((0, _)) => Holds::Nothing,
        Some((_, 0)) => Holds::TablesOfAnother,
        Some(_) => Holds::OurList,
    })
}

/// Makes the list in an empty schema.
async fn make_list(db: &Client) -> Result<(), Failure> {
    match look(db).await? {
        Holds::OurList => return Ok(()),
        Holds::TablesOfAnother => {
            return Err(unusable(
                "it holds the tables of another program; name an empty one".to_owned(),
            ));
        }
        Holds::Nothing => {}
    }
    let create = format!(
        "CREATE TABLE {LIST} (
             number bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)"
    );
    let made = db.batch_execute(&create).await;
    // Of several that start at once, one makes it.
    match made {
        Err(_) if matches!(look(db).await?, Holds::OurList) => Ok(()),
        made => Ok(made?),
    }
}

/// Applies one; `false` if none is left.
async fn apply_next(db: &mut Client) -> Result<bool, Failure> {
    let transaction = db.transaction().await?;
    transaction.batch_execute(&format!("LOCK TABLE {LIST} IN EXCLUSIVE MODE")).await?;
    let newest = format!("SELECT coalesce(max(number), 0) FROM {LIST}");
    let version: i64 =
        find(&transaction, &newest, &[], |row| Ok(row.get(0))).await?.unwrap_or_default();
    let known = MIGRATIONS.last().map_or(0, |(number, _, _)| *number);
    if version > known {
        return Err(unusable(format!(
            "it has schema {version} and this version knows up to {known}: start a newer version"
        )));
    }
    let Some((number, name, text)) = MIGRATIONS.iter().find(|(number, _, _)| version < *number)
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
