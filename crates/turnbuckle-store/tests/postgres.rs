//! Stories on PostgreSQL, each in a schema of its own of the database that
//! `TEST_POSTGRES_URL` names (`scripts/with-postgres.sh` starts one).

#[macro_use]
mod stories;
mod embedded;
mod hanging;
mod moving;
mod plans;
mod processes;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::maintenance::MaintenanceStore as _;
use turnbuckle_store::postgres::{Found, PostgresOptions, PostgresStore, Unopened};
use turnbuckle_store::workspace::WorkspaceStore;
use turnbuckle_store::{SCHEMA, Store, StoreError};

use crate::stories::reopening::Opening;
use crate::stories::{ACME, TestClock};

const DATABASE: &str = "TEST_POSTGRES_URL";

/// A schema of the database.
struct Schema {
    name: String,
    url: String,
}

impl Schema {
    /// An empty one; what an earlier run left in it goes.
    async fn make(name: &str) -> Self {
        // Names longer than the server keeps would meet in one schema.
        let name = format!("{name:.60}");
        let url = std::env::var(DATABASE)
            .unwrap_or_else(|_| panic!("{DATABASE} is not set: run scripts/with-postgres.sh"));
        let url = format!("{url}?application_name={name}&options=-csearch_path%3D{name}");
        let schema = Self { name: name.clone(), url };
        schema.run(&format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await;
        schema
    }

    /// A connection beside the store's; it lasts as long as its task.
    async fn connect(&self) -> (Client, JoinSet<()>) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move { connection.await.unwrap() });
        (client, task)
    }

    /// It is also how the sessions of the store call themselves.
    fn name(&self) -> &str {
        &self.name
    }

    async fn run(&self, statements: &str) {
        let (client, _task) = self.connect().await;
        client.batch_execute(statements).await.unwrap();
    }

    /// What a statement counts.
    async fn count(&self, select: &str) -> i64 {
        let (client, _task) = self.connect().await;
        client.query_one(select, &[]).await.unwrap().get(0)
    }

    /// Opens the store and goes to work.
    async fn open(&self, clock: &Arc<TestClock>) -> Result<PostgresStore, StoreError> {
        self.open_by(clock.clone()).await
    }

    async fn open_by(&self, clock: Arc<dyn Clock>) -> Result<PostgresStore, StoreError> {
        let store = self.open_idle(clock).await?;
        store.begin_work().await?;
        Ok(store)
    }

    async fn open_idle(&self, clock: Arc<dyn Clock>) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(PostgresOptions {
            address: self.url.parse().expect("an address"),
            clock,
            compose: stories::crm::compose,
            intake_bytes_max: stories::INTAKE_BYTES_MAX,
            connections_max: 4,
        })
        .await
    }
}

macro_rules! on_postgres {
    ($($noun:ident { $($story:ident)* })*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $story() {
                let name = concat!(stringify!($noun), "_", stringify!($story));
                let schema = super::Schema::make(name).await;
                let clock = std::sync::Arc::new(super::TestClock::new());
                let store = schema.open(&clock).await.unwrap();
                super::stories::$noun::$story(&store, &clock).await;
            })*
        })*
    };
}

/// Opens the store of a schema again and again.
fn reopen(schema: Schema, clock: &Arc<TestClock>) -> impl Fn() -> Opening {
    let (schema, clock) = (Arc::new(schema), clock.clone());
    move || {
        let (schema, clock) = (schema.clone(), clock.clone());
        Box::pin(async move { Box::new(schema.open(&clock).await.unwrap()) as Box<dyn Store> })
    }
}

macro_rules! reopening_postgres {
    ($($story:ident)*) => {
        mod reopening {
            $(#[tokio::test]
            async fn $story() {
                let schema = super::Schema::make(concat!("reopening_", stringify!($story))).await;
                let clock = std::sync::Arc::new(super::TestClock::new());
                let open = super::reopen(schema, &clock);
                super::stories::reopening::$story(&open, &clock).await;
            })*
        }
    };
}

macro_rules! from_sqlite_to_postgres {
    ($($story:ident)*) => {
        mod to_postgres {
            $(#[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let schema = super::Schema::make(concat!("to_", stringify!($story))).await;
                let clock = std::sync::Arc::new(super::TestClock::new());
                let from = super::embedded::reopen(folder.path(), &clock);
                let to = super::reopen(schema, &clock);
                super::stories::transfer::$story(&from, &to, &clock).await;
            })*
        }
    };
}

macro_rules! from_postgres_to_sqlite {
    ($($story:ident)*) => {
        mod from_postgres {
            $(#[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let schema = super::Schema::make(concat!("from_", stringify!($story))).await;
                let clock = std::sync::Arc::new(super::TestClock::new());
                let from = super::reopen(schema, &clock);
                let to = super::embedded::reopen(folder.path(), &clock);
                super::stories::transfer::$story(&from, &to, &clock).await;
            })*
        }
    };
}

for_each_story!(on_postgres);
for_each_reopening!(reopening_postgres);
for_each_transfer!(from_sqlite_to_postgres);
for_each_transfer!(from_postgres_to_sqlite);

#[tokio::test]
async fn one_of_several_processes_does_the_upkeep_and_hears_of_it() {
    processes::one_of_them_does_the_upkeep_and_hears_of_it().await;
}

#[tokio::test]
async fn a_change_is_matched_by_one_of_several_processes() {
    processes::a_change_is_matched_by_one_of_them().await;
}

/// Calls fail as if the server had gone, and go on as soon as another connection is answered.
#[tokio::test]
async fn a_server_that_hangs_is_away() {
    let mut schema = Schema::make("hanging").await;
    let mut url = url::Url::parse(&schema.url).unwrap();
    let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
    let server = tokio::net::lookup_host(server).await.unwrap().next().unwrap();
    let way = hanging::Way::to(server).await;
    url.set_host(Some(&way.address.ip().to_string())).unwrap();
    url.set_port(Some(way.address.port())).unwrap();
    schema.url = url.to_string();
    let store = schema.open(&Arc::new(TestClock::new())).await.unwrap();
    way.hang();
    // More at once than there are connections: all of them are answered.
    let looks = stories::join_all((0..12).map(|_| store.check_health())).await;
    assert!(looks.iter().all(|it| matches!(it, Err(StoreError::Unavailable { .. }))), "{looks:?}");
    way.recover();
    while store.check_health().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn lines_stay_whole_whichever_process_moves_them_on() {
    processes::lines_stay_whole_whoever_moves_them_on().await;
}

#[tokio::test]
async fn a_change_of_another_process_is_seen_within_a_second() {
    let schema = Schema::make("configuration_of_another").await;
    let clock = Arc::new(TestClock::new());
    let (here, there) = (schema.open(&clock).await.unwrap(), schema.open(&clock).await.unwrap());
    let before = there.configuration_version(ACME);
    here.put_setting(ACME, "webhook-entities", &serde_json::json!({})).await.unwrap();
    assert_ne!(here.configuration_version(ACME), before, "seen at once where it was made");
    let seen = async {
        while there.configuration_version(ACME) == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), seen).await.unwrap();
    assert_eq!(there.configuration_version(ACME), here.configuration_version(ACME));
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_schema() {
    let schema = Schema::make("started_at_once").await;
    let clock = Arc::new(TestClock::new());
    let opened = stories::join_all((0..8).map(|_| schema.open(&clock))).await;
    for store in opened {
        store.unwrap().workspaces().await.unwrap();
    }
}

#[tokio::test]
async fn the_database_of_another_is_left_alone() {
    let clock = Arc::new(TestClock::new());
    let check = async |name: &str, text: &str, expect: &str| {
        let schema = Schema::make(name).await;
        if expect.contains("newer") {
            schema.open(&clock).await.unwrap();
        }
        schema.run(text).await;
        let error = schema.open(&clock).await.err().expect("it is refused");
        let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(matches!(error, StoreError::Defect { .. }), "{error:?}");
        assert!(reason.contains(expect), "{reason}");
    };
    check("of_another", "CREATE TABLE theirs (it text)", "another program").await;
    let later = "INSERT INTO turnbuckle_migration VALUES (1000, 'later', now())";
    check("of_a_later_version", later, "start a newer version").await;
}

/// What a database is can be told without making it another one.
#[tokio::test]
async fn a_database_that_is_looked_at_stays_as_it_is() {
    let schema = Schema::make("looked_at").await;
    let clock = Arc::new(TestClock::new());
    let check = async |expect: Found| {
        let tables = "SELECT count(*) FROM pg_class
            WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')";
        let before = schema.count(tables).await;
        let unopened = Unopened::at(&schema.url.parse().unwrap()).unwrap();
        assert_eq!(unopened.found().await.unwrap(), expect);
        assert_eq!(schema.count(tables).await, before, "{expect:?}");
    };
    check(Found::Empty { may_create: true }).await;
    schema.run("CREATE TABLE theirs (it text)").await;
    check(Found::OfAnotherProgram).await;
    schema.run("DROP TABLE theirs").await;

    let store = schema.open_idle(clock).await.unwrap();
    check(Found::Current).await;
    let unopened = Unopened::at(&schema.url.parse().unwrap()).unwrap();
    assert_eq!(unopened.note("mine").await.unwrap(), None);
    store.claim_note("mine", "noted").await.unwrap();
    assert_eq!(unopened.note("mine").await.unwrap().as_deref(), Some("noted"));
    let later =
        format!("UPDATE turnbuckle_migration SET number = 1000 WHERE number = {}", SCHEMA.0);
    schema.run(&later).await;
    check(Found::Newer { schema: 1000 }).await;
    schema.run("DELETE FROM turnbuckle_migration").await;
    check(Found::Older { schema: 0 }).await;
    // One that is named and not there.
    schema.run(&format!("DROP SCHEMA {} CASCADE", schema.name())).await;
    check(Found::Empty { may_create: false }).await;
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let clock = Arc::new(TestClock::new());
    let open = async |url: &str| {
        Schema { name: String::new(), url: url.to_owned() }
            .open(&clock)
            .await
            .err()
            .expect("it is refused")
    };
    // Port 1 answers nobody.
    let away = open("postgres://turnbuckle@127.0.0.1:1/postgres").await;
    assert!(matches!(away, StoreError::Unavailable { .. }), "{away:?}");
    let url = std::env::var(DATABASE).unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    let missing = open(&format!("{server}/nowhere")).await;
    assert!(matches!(missing, StoreError::Defect { .. }), "{missing:?}");
    let (db, _task) = Schema { name: String::new(), url: url.clone() }.connect().await;
    for statement in [
        "DROP DATABASE IF EXISTS in_latin1",
        "CREATE DATABASE in_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
    ] {
        db.batch_execute(statement).await.unwrap();
    }
    let in_latin1 = format!("{server}/in_latin1");
    let looked = Unopened::at(&in_latin1.parse().unwrap()).unwrap().found().await;
    for refused in [open(&in_latin1).await, looked.unwrap_err()] {
        let StoreError::Defect { source, .. } = refused else { panic!("it is taken") };
        assert!(source.to_string().contains("its encoding is LATIN1"), "{source}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://hub@{}/hub", silent.local_addr().unwrap());
    let schema = Schema { name: String::new(), url };
    let waited = schema.open(&Arc::new(TestClock::new())).await.err().unwrap();
    assert!(matches!(waited, StoreError::Unavailable { .. }), "{waited:?}");
}
