//! Stories on PostgreSQL, each in a schema of its own of the database that
//! `TEST_POSTGRES_URL` names (`scripts/with-postgres.sh` starts one).

#[allow(dead_code, unused_macros, unused_imports)] // Not every noun is told here yet.
#[macro_use]
mod stories;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::NoTls;
use turnbuckle_store::StoreError;
use turnbuckle_store::postgres::{PostgresOptions, PostgresStore};
use turnbuckle_store::workspace::WorkspaceStore;

use crate::stories::{ACME, TestClock};

const DATABASE: &str = "TEST_POSTGRES_URL";

/// A schema of the database.
struct Schema {
    url: String,
}

impl Schema {
    /// An empty one; what an earlier run left in it goes.
    async fn make(name: &str) -> Self {
        // Names longer than the server keeps would meet in one schema.
        let name = format!("{name:.60}");
        let url = std::env::var(DATABASE)
            .unwrap_or_else(|_| panic!("{DATABASE} is not set: run scripts/with-postgres.sh"));
        let schema = Self { url: format!("{url}?options=-csearch_path%3D{name}") };
        schema.run(&format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")).await;
        schema
    }

    async fn run(&self, statements: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let run = async {
            client.batch_execute(statements).await.unwrap();
            drop(client);
        };
        let ((), connection) = tokio::join!(run, connection);
        connection.unwrap();
    }

    async fn open(&self, clock: &Arc<TestClock>) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(PostgresOptions {
            url: self.url.clone(),
            clock: clock.clone(),
            compose: stories::crm::compose,
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

on_postgres! {
    workspace {
        a_slug_names_one_workspace
        workspaces_are_listed_oldest_first
        a_setting_belongs_to_one_workspace
        a_setting_is_replaced_where_it_is_as_it_was_read
    }
    api_key {
        a_key_is_found_by_its_publishable_name
        a_publishable_name_is_taken_once
        a_revoked_key_is_unknown
        last_use_never_goes_back
    }
    source {
        a_source_is_found_by_id_and_by_key
        an_id_of_another_tail_or_workspace_finds_nothing
        a_key_ends_at_its_time
        an_ended_key_cannot_be_brought_back
        a_key_hash_is_taken_once
        an_update_compares_the_version
        sources_are_listed_newest_first_page_by_page
        a_deleted_source_takes_its_keys_along
    }
    bin {
        a_bin_shows_its_requests_newest_first
        the_oldest_requests_make_room
        the_newest_request_stays_however_large
        an_expired_bin_is_unknown
        a_bin_name_is_taken_once
        a_deleted_bin_takes_its_requests_along
    }
    idempotency {
        the_first_claims_and_repeats_get_its_answer
        a_key_means_one_request
        a_released_claim_can_be_claimed_again
        an_answer_is_final
        a_dead_claim_is_taken_over
        an_answer_is_kept_for_a_day
        one_of_many_callers_is_the_first
    }
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

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let clock = Arc::new(TestClock::new());
    let open = async |url: &str| {
        Schema { url: url.to_owned() }.open(&clock).await.err().expect("it is refused")
    };
    assert!(matches!(open("not a url").await, StoreError::Defect { .. }));
    // Port 1 answers nobody.
    let away = open("postgres://turnbuckle@127.0.0.1:1/postgres").await;
    assert!(matches!(away, StoreError::Unavailable { .. }), "{away:?}");
    let url = std::env::var(DATABASE).unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    let missing = open(&format!("{server}/nowhere")).await;
    assert!(matches!(missing, StoreError::Defect { .. }), "{missing:?}");
}
