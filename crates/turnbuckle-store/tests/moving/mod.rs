//! What an export or an import minds on PostgreSQL alone: others who use the database,
//! and what they leave behind.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use turnbuckle_store::Store;
use turnbuckle_store::maintenance::MaintenanceStore as _;
use turnbuckle_store::postgres::PostgresStore;
use turnbuckle_store::transfer::{
    Bounds, Kind, Manifest, TABLES, Transfer, TransferError, check_export, export, import,
};
use turnbuckle_store::workspace::WorkspaceStore as _;

use crate::Schema;
use crate::embedded;
use crate::stories::change::match_all;
use crate::stories::crm::{create, given_crm};
use crate::stories::{DAY, TestClock};

const SEAL_KEY: &str = "0badcafe";

fn transfer<'a>(folder: &'a Path, on_progress: &'a mut Ignored) -> Transfer<'a> {
    Transfer { folder, seal_key: SEAL_KEY, bounds: Bounds::default(), on_progress }
}

type Ignored = fn(turnbuckle_store::transfer::Progress);

async fn export_to(store: &dyn Store, folder: &Path) -> Result<Manifest, TransferError> {
    let mut on_progress: Ignored = |_| ();
    export(store, jiff::Timestamp::UNIX_EPOCH, transfer(folder, &mut on_progress)).await
}

async fn import_from(store: &PostgresStore, folder: &Path) -> Result<Manifest, TransferError> {
    let mut on_progress: Ignored = |_| ();
    let checked = check_export(&mut transfer(folder, &mut on_progress))?;
    import(store, checked, transfer(folder, &mut on_progress)).await
}

async fn given(name: &str) -> (Schema, Arc<TestClock>, tempfile::TempDir) {
    let schema = Schema::make(&format!("moving_{name}")).await;
    (schema, Arc::new(TestClock::new()), tempfile::tempdir().unwrap())
}

#[track_caller]
fn is_not_alone(result: Result<Manifest, TransferError>) {
    assert!(matches!(result, Err(TransferError::NotAlone)), "{result:?}");
}

#[tokio::test]
async fn a_database_that_others_use_is_left_alone() {
    let (schema, clock, folder) = given("others").await;
    let server = schema.open(&clock).await.unwrap();
    let here = schema.open_idle(clock.clone()).await.unwrap();
    is_not_alone(export_to(&here, folder.path()).await);
    assert!(!folder.path().join("manifest.json").exists());
    server.close().await;
    drop(server);
    // The database notices a moment later.
    while let Err(error) = export_to(&here, folder.path()).await {
        assert!(matches!(error, TransferError::NotAlone), "{error:?}");
        tokio::task::yield_now().await;
    }

    // Whoever opened it since may have written, and be gone already.
    schema.open_idle(clock.clone()).await.unwrap().close().await;
    is_not_alone(export_to(&here, folder.path()).await);
    is_not_alone(import_from(&here, folder.path()).await);
    let alone = schema.open_idle(clock.clone()).await.unwrap();
    import_from(&alone, folder.path()).await.unwrap();
}

#[tokio::test]
async fn what_was_matched_out_of_order_is_matched_first() {
    let (schema, clock, folder) = given("out_of_order").await;
    let store = schema.open(&clock).await.unwrap();
    store.create_workspace("acme", "Acme").await.unwrap();
    given_crm(&store).await;
    for name in ["first", "second"] {
        create(&store, "Contact", json!({ "Name": name })).await;
    }
    schema
        .run(
            "INSERT INTO change SELECT *, 1 FROM change_queue ORDER BY seq DESC LIMIT 1;
             DELETE FROM change_queue WHERE seq IN (SELECT seq FROM change)",
        )
        .await;
    let refused = export_to(&store, folder.path()).await;
    assert!(matches!(refused, Err(TransferError::MatchedOutOfOrder)), "{refused:?}");
    schema
        .run(
            "INSERT INTO change SELECT *, 2 FROM change_queue;
             DELETE FROM change_queue",
        )
        .await;
    assert_eq!(export_to(&store, folder.path()).await.unwrap().tables["change"].rows, 2);
}

/// The weeks of two logs are not dropped at the same moment.
#[tokio::test]
async fn what_belongs_to_nothing_stays_behind() {
    let (schema, clock, folder) = given("orphans").await;
    let store = schema.open(&clock).await.unwrap();
    schema
        .run(
            "INSERT INTO inbound_record VALUES (1, 7, 0, 'Contact', '1');
             INSERT INTO attempt VALUES (1, 7, 1, 0, 0, 500, NULL, 'no');
             INSERT INTO dedupe VALUES (1, 7, 'key', 7, 0)",
        )
        .await;
    let exported = export_to(&store, folder.path()).await.unwrap();
    let mut on_progress: Ignored = |_| ();
    let checked = check_export(&mut transfer(folder.path(), &mut on_progress)).unwrap();
    assert_eq!(*checked.manifest(), exported);
    assert!(exported.tables.values().all(|sum| sum.rows == 0), "{exported:#?}");
}

#[tokio::test]
async fn logs_come_into_the_weeks_that_they_are_of() {
    let (schema, clock, folder) = given("weeks").await;
    let data = tempfile::tempdir().unwrap();
    let from = embedded::open(data.path(), &clock).unwrap();
    given_crm(&from).await;
    for _ in 0..3 {
        create(&from, "Contact", json!({ "Name": "Ada" })).await;
        match_all(&from, 10).await;
        clock.advance(7 * DAY);
    }
    export_to(&from, folder.path()).await.unwrap();
    clock.advance(100 * DAY);
    let store = schema.open_idle(clock).await.unwrap();
    import_from(&store, folder.path()).await.unwrap();
    assert_eq!(schema.count("SELECT count(*) FROM change_rest").await, 0);
    let of_weeks = "SELECT count(DISTINCT tableoid) FROM change";
    assert_eq!(schema.count(of_weeks).await, 3);
}

/// What is written for one store alone, and what is found again from the rest.
const STAYS: [&str; 13] = [
    "turnbuckle_migration",
    "process",
    "lease",
    "configuration",
    "connection_authorization",
    "console_session",
    "connection_line",
    "erasure",
    "feed",
    "connection.schema_version",
    "event_call.process",
    "inbound_queue.shard",
    "inbound_queue.stage",
];

#[tokio::test]
async fn every_column_travels_or_stays_on_purpose() {
    let (schema, clock, _) = given("columns").await;
    schema.open_idle(clock).await.unwrap();
    let (db, _connection) = schema.connect().await;
    let columns = "SELECT relname, attname, format_type(atttypid, NULL), NOT attnotnull
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
            AND NOT relispartition AND attnum > 0
        ORDER BY 1, 2";
    let kept = db.query(columns, &[]).await.unwrap().into_iter().map(|row| {
        let (table, column, of): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        (table, column, of, row.get::<_, bool>(3))
    });
    let stays = |(table, column, ..): &(String, String, String, bool)| {
        STAYS.contains(&table.as_str()) || STAYS.contains(&format!("{table}.{column}").as_str())
    };
    let kept: Vec<_> = kept.filter(|column| !stays(column)).collect();
    let of = |kind| match kind {
        Kind::Integer => "bigint",
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Uuid => "uuid",
    };
    let mut travels = Vec::new();
    for table in TABLES {
        for column in table.columns {
            let (name, of) = (column.name.to_owned(), of(column.kind).to_owned());
            travels.push((table.name.to_owned(), name, of, column.is_nullable));
        }
    }
    travels.sort();
    assert_eq!(travels, kept);
}
