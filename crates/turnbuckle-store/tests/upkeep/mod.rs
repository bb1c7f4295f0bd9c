//! What the store on PostgreSQL does to itself, shown on rows that are put there by
//! hand: how a process sees them is told by the stories.

mod erasure;
mod logs;
mod partitions;
mod small;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use turnbuckle_core::id::{UnixMs, first_row_key_at};
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::inbound::InboundStore as _;
use turnbuckle_store::maintenance::{Keep, MaintenanceStore};
use turnbuckle_store::postgres::PostgresStore;
use turnbuckle_store::source::SourceStore as _;

use crate::Schema;
use crate::stories::inbound::{an_event, new};
use crate::stories::{DAY, TestClock};

/// Rows of one table that one slice drops at most.
const SLICE: i64 = 1_000;

const WEEK: UnixMs = 7 * DAY;

/// A store with a way around it.
struct Given {
    schema: Schema,
    clock: Arc<TestClock>,
    store: PostgresStore,
    db: Client,
    _connection: JoinSet<()>,
}

impl Given {
    async fn in_schema(name: &str) -> Self {
        let schema = Schema::make(&format!("upkeep_{name}")).await;
        let clock = Arc::new(TestClock::new());
        let store = schema.open(&clock).await.unwrap();
        let (db, _connection) = schema.connect().await;
        Self { schema, clock, store, db, _connection }
    }

    async fn run(&self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) {
        self.db.execute(statement, parameters).await.expect(statement);
    }

    /// The first column of a query.
    async fn read<T>(&self, query: &str) -> Vec<T>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        self.db.query(query, &[]).await.expect(query).iter().map(|row| row.get(0)).collect()
    }

    async fn count(&self, table: &str) -> i64 {
        self.read(&format!("SELECT count(*) FROM {table}")).await[0]
    }

    /// Lets weeks go by, each made as it comes.
    async fn weeks_pass(&self, weeks: i64) {
        for _ in 0..weeks {
            self.clock.advance(WEEK);
            self.retain_all(&since(0)).await;
        }
    }

    /// A whole pass of retention. Answers how many slices it took.
    async fn retain_all(&self, keep: &Keep) -> usize {
        let mut slices = 1;
        while self.store.retain(keep).await.unwrap() {
            slices += 1;
            assert!(slices < 1_000, "the pass does not end");
        }
        slices
    }

    /// The row key of something that was made so long ago.
    fn key(&self, ago: UnixMs) -> i64 {
        first_row_key_at(self.clock.now() - ago)
    }

    /// Keeps nothing that was made longer ago.
    fn keep(&self, age: UnixMs) -> Keep {
        since(self.clock.now() - age)
    }
}

fn since(since: UnixMs) -> Keep {
    Keep {
        failed_since: since,
        done_since: since,
        deliveries_since: since,
        changes_since: since,
        calls_since: since,
        log_bytes_max: None,
    }
}

/// A full disk has room for the note that a check writes, and for nothing else.
#[tokio::test]
async fn a_store_that_takes_no_events_is_not_well() {
    let given = Given::in_schema("full_disk").await;
    crate::stories::crm::given_crm(&given.store).await;
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON inbound_queue EXECUTE FUNCTION full_disk()";
    given.db.batch_execute(full).await.unwrap();
    let source = crate::stories::source::a_source(&given.clock, 1);
    given.store.create_source(source.clone()).await.unwrap();
    let event = || new(an_event(&given.clock, source.id, "{}"));
    given.store.check_health().await.unwrap();
    let refused = given.store.accept(event()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let health = given.store.check_health().await;
    assert!(matches!(health, Err(StoreError::Unavailable { .. })), "{health:?}");
    given.db.batch_execute("DROP TRIGGER full_disk ON inbound_queue").await.unwrap();
    given.store.accept(event()).await.unwrap();
    given.store.check_health().await.unwrap();
}

#[tokio::test]
async fn what_runs_when_the_store_closes_ends() {
    let given = Given::in_schema("closing").await;
    given.store.check_health().await.unwrap();
    given.db.batch_execute("BEGIN; SELECT FROM note FOR UPDATE").await.unwrap();
    let close = async {
        let waiting = "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
            WHERE relname = 'note' AND relnamespace = current_schema()::regnamespace
                AND mode = 'RowExclusiveLock'";
        while given.read::<i64>(waiting).await[0] == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        given.store.close().await;
        given.db.batch_execute("COMMIT").await.unwrap();
    };
    given.clock.advance(1);
    let (checked, ()) = tokio::join!(given.store.check_health(), close);
    checked.unwrap();
    let now = given.clock.now().to_string();
    assert_eq!(given.read::<String>("SELECT value FROM note").await, [now]);
}
