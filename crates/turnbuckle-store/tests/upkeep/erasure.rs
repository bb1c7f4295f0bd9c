//! What was stored for deleted connections.

use turnbuckle_core::id::first_row_key_at;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::maintenance::MaintenanceStore;

use super::Given;
use crate::stories::join_all;

/// A connection of which one row is in every table that has one of it.
const FEW: [&str; 11] = [
    "INSERT INTO connection (workspace, no, id, context, connector, time_zone, created_at_ms,
         updated_at_ms) OVERRIDING SYSTEM VALUE
     VALUES (1, $1, $1::bigint, 'acme', 'native', 'UTC', 0, 0)",
    "INSERT INTO connection_line VALUES (1, $1, 0)",
    "INSERT INTO entity (workspace, no, connection, name, document) OVERRIDING SYSTEM VALUE
     VALUES (1, $1, $1, 'Contact', '{}')",
    "INSERT INTO entity_column (workspace, no, entity, name, document, key_state)
         OVERRIDING SYSTEM VALUE
     VALUES (1, $1, $1, 'Name', '{}', 2)",
    "INSERT INTO record VALUES (1, $1, $1, gen_random_uuid(), 1, 1, 0, 0, '{}')",
    "INSERT INTO record_key VALUES (1, $1, '', $1)",
    "INSERT INTO subscription VALUES
         (1, $1, 0, $1, 'lead', false, 'Contact', '1', gen_random_uuid(), false)",
    "INSERT INTO subscription_key VALUES (1, 1, $1)",
    "INSERT INTO subscription_key VALUES (1, 2, $1)",
    "INSERT INTO rekeying VALUES (1, $1, 'lead', 1)",
    "INSERT INTO deferred_change VALUES (1, $1, 'lead', 1)",
];

/// Rows of queues and logs, from a row key on.
const MANY: [&str; 9] = [
    "INSERT INTO change_queue
     SELECT 1, $2 + number, 0, $1, 'Contact', '1', 2, 4, 1, 1, 0, 0, NULL, NULL, '{}', '[]'
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO change
     SELECT 1, $2 + number, 0, $1, 'Contact', '1', 2, 4, 1, 1, 0, 0, NULL, NULL, '{}', '[]', number
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO inbound_queue
     SELECT 1, $2 + number, 0, 1, 0, $1, 0, '[]', '', ''
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO inbound_event
     SELECT 1, $2 + $3 + number, 0, 1, 0, $1, 4, '[]', '', '', NULL, '[]'
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO inbound_record
     SELECT 1, $2 + $3 + number, 0, 'Contact', $1::bigint
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO dedupe
     SELECT 1, $1, number::text::bytea, $2 + number, 0
     FROM generate_series(1, 2 * $3::bigint) AS number",
    "INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail, connection, line,
         state, at_ms, attempt_count, failure_count, object, record, changed, body, coalesce)
     SELECT 1, $2 + number, 0, 1, 0, $1, 1, 2, 0, 1, 1, 'lead', '1', '{}', '', false
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO delivery (workspace, seq, tail, endpoint, endpoint_tail, connection, state,
         ended_at_ms, attempt_count, object, record, changed, body)
     SELECT 1, $2 + $3 + number, 0, 1, 0, $1, 5, 0, 1, 'lead', '1', '{}', ''
     FROM generate_series(1, $3::bigint) AS number",
    "INSERT INTO attempt (workspace, delivery, number, at_ms, duration_ms)
     SELECT 1, $2 + number, 1, $1, 0 FROM generate_series(1, 2 * $3::bigint) AS number",
];

impl Given {
    async fn add_connection(&self, no: i64, rows: i64) {
        for insert in FEW {
            self.run(insert, &[&no]).await;
        }
        let first = self.key(0) + no * 10_000;
        for insert in MANY {
            self.run(insert, &[&no, &first, &rows]).await;
        }
    }

    async fn delete_connection(&self, no: i64) {
        self.run("DELETE FROM connection WHERE no = $1", &[&no]).await;
        let since = first_row_key_at(self.clock.now());
        let note = "INSERT INTO erasure (workspace, connection, since, position)
            VALUES (1, $1, $2, $2)";
        self.run(note, &[&no, &since]).await;
    }

    /// Rows of every table.
    async fn counts(&self) -> Vec<(String, i64)> {
        let tables = "SELECT relname::text FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
                AND relname NOT IN ('process', 'lease')
            ORDER BY relname";
        let mut counts = Vec::new();
        for table in self.read::<String>(tables).await {
            let count = self.count(&table).await;
            counts.push((table, count));
        }
        counts
    }
}

async fn erase_all(store: &dyn MaintenanceStore) -> usize {
    let mut slices = 0;
    while store.erase().await.unwrap() {
        slices += 1;
        assert!(slices < 200, "an erasure ends");
    }
    slices
}

#[tokio::test]
async fn what_is_of_a_deleted_connection_goes_in_slices_and_nothing_else() {
    let given = Given::in_schema("erasure").await;
    given.add_connection(1, 3).await;
    assert!(!given.store.erase().await.unwrap());
    let kept = given.counts().await;
    given.add_connection(2, 2_500).await;
    given.delete_connection(2).await;
    let slices = erase_all(&given.store).await;
    assert!(6 * 3 < slices, "{slices} slices are too few to be bounded");
    assert_eq!(given.counts().await, kept);
}

#[tokio::test]
async fn the_rows_of_others_are_walked_past_once() {
    let given = Given::in_schema("erasure_of_little").await;
    given.add_connection(1, 3_000).await;
    let kept = given.counts().await;
    given.add_connection(2, 1).await;
    given.delete_connection(2).await;
    let slices = erase_all(&given.store).await;
    assert!(slices < 50, "{slices} slices are too many to go on where the last one stopped");
    assert_eq!(given.counts().await, kept);
}

#[tokio::test]
async fn processes_erase_at_once() {
    let given = Given::in_schema("erasure_at_once").await;
    given.add_connection(1, 3).await;
    let kept = given.counts().await;
    for no in 2..5 {
        given.add_connection(no, 1_200).await;
    }
    for no in 2..5 {
        given.delete_connection(no).await;
    }
    let stores = join_all((0..3).map(|_| given.schema.open(&given.clock))).await;
    join_all(stores.iter().map(async |store| erase_all(store.as_ref().unwrap()).await)).await;
    assert_eq!(given.counts().await, kept);
}

#[tokio::test]
async fn what_is_under_way_is_erased_where_it_arrives() {
    let given = Given::in_schema("erasure_under_way").await;
    given.add_connection(1, 3).await;
    let kept = given.counts().await;
    given.add_connection(2, 2).await;
    given.delete_connection(2).await;
    // An event is being finished: it moves to the log when this is committed.
    let (finishing, _task) = given.schema.connect().await;
    let finish = "BEGIN; WITH finished AS (
            DELETE FROM inbound_queue WHERE connection = 2 RETURNING *)
        INSERT INTO inbound_event
        SELECT workspace, seq, tail, source, source_tail, connection, 4, headers, query, body,
            NULL, '[]'
        FROM finished";
    finishing.batch_execute(finish).await.unwrap();
    erase_all(&given.store).await;
    assert_eq!(given.count("erasure").await, 1, "it does not pass by what somebody holds");
    finishing.batch_execute("COMMIT").await.unwrap();
    erase_all(&given.store).await;
    assert_eq!(given.counts().await, kept);
}

#[tokio::test]
async fn what_is_sent_again_meanwhile_is_erased_too() {
    let given = Given::in_schema("erasure_sent_again").await;
    given.add_connection(1, 3).await;
    let kept = given.counts().await;
    given.add_connection(2, 2_000).await;
    given.delete_connection(2).await;
    // Until the queue of deliveries was walked through, and the logs not yet.
    while given.read::<i64>("SELECT walked FROM erasure").await[0] < 3 {
        given.store.erase().await.unwrap();
    }
    let resend = "WITH resent AS (
            DELETE FROM delivery WHERE connection = 2 AND seq % 100 = 0 RETURNING *)
        INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail, connection, line,
            state, at_ms, attempt_count, failure_count, object, record, changed, body, coalesce)
        SELECT workspace, seq, tail, endpoint, endpoint_tail, connection, 1, 2, 0, 1, 1, object,
            record, changed, body, false
        FROM resent";
    given.run(resend, &[]).await;
    erase_all(&given.store).await;
    assert_eq!(given.counts().await, kept);
}
