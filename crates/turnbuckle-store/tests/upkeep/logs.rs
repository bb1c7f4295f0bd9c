//! Logs: what is older than it need be goes, and the oldest of what is too much.

use std::time::{Duration, Instant};

use turnbuckle_store::maintenance::{Keep, MaintenanceStore};

use super::{Given, SLICE, WEEK, since};
use crate::stories::{DAY, join_all};

const LIVE: i64 = 1;
const GONE: i64 = 2;

const NEVER_KEPT: i64 = -WEEK;

impl Given {
    /// With an endpoint, and weeks from four weeks ago on.
    async fn with_weeks(name: &str) -> Self {
        let given = Self::in_schema(&format!("logs_{name}")).await;
        let endpoint = "INSERT INTO endpoint (workspace, seq, tail, settings, sealed, status,
                version, created_at_ms, updated_at_ms)
            VALUES (1, $1, 0, '{}', '', 2, 1, 0, 0)";
        given.run(endpoint, &[&LIVE]).await;
        given.weeks_pass(4).await;
        given
    }

    /// Adds events, each with two records, from a key on.
    async fn add_events(&self, first: i64, count: i64, status: i64, body_bytes: i32) {
        let events = "INSERT INTO inbound_event (workspace, seq, tail, source, source_tail,
                connection, status, headers, query, body, warnings)
            SELECT 1, $1 + number, 0, 1, 0, 1, $3, '[]', '', repeat('x', $4)::bytea, '[]'
            FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(events, &[&first, &count, &status, &body_bytes]).await;
        let records = "INSERT INTO inbound_record
            SELECT 1, $1 + number / 2, number % 2, 'Lead', 'r'
            FROM generate_series(0, 2 * $2::bigint - 1) AS number";
        self.run(records, &[&first, &count]).await;
    }

    /// Adds deliveries with an attempt each.
    async fn add_deliveries(&self, first: i64, count: i64) {
        let deliveries = "INSERT INTO delivery (workspace, seq, tail, endpoint, endpoint_tail,
                connection, state, ended_at_ms, attempt_count, object, record, changed, body)
            SELECT 1, $1 + number, 0, 1, 0, 1, 4, 0, 0, 'lead', 'r', '{}', ''
            FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(deliveries, &[&first, &count]).await;
        self.add_attempts(first, count).await;
    }

    async fn add_pending(&self, first: i64, count: i64, endpoint: i64) {
        let pending = "INSERT INTO delivery_queue (workspace, seq, tail, endpoint, endpoint_tail,
                connection, line, state, at_ms, attempt_count, failure_count, object, record,
                changed, body, coalesce)
            SELECT 1, $1 + number, 0, $3, 0, 1, 1, 2, 0, 1, 1, 'lead', 'r', '{}', '', false
            FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(pending, &[&first, &count, &endpoint]).await;
        self.add_attempts(first, count).await;
    }

    async fn add_attempts(&self, first: i64, count: i64) {
        let attempts = "INSERT INTO attempt (workspace, delivery, number, at_ms, duration_ms)
            SELECT 1, $1 + number, 1, 0, 0 FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(attempts, &[&first, &count]).await;
    }

    async fn add_changes(&self, first: i64, count: i64) {
        let changes = "INSERT INTO change (workspace, seq, tail, connection, entity, record,
                change_type, origin, number, version, created_at_ms, updated_at_ms, written,
                position)
            SELECT 1, $1 + number, 0, 1, 'Lead', 'r', 2, 2, 1, 1, 0, 0, '[]', number
            FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(changes, &[&first, &count]).await;
    }

    async fn add_calls(&self, first: i64, count: i64) {
        let calls = "INSERT INTO function_call
            SELECT 1, $1 + number, 0, 1, 1, 'GET', 200, false, 0, '{}'
            FROM generate_series(0, $2::bigint - 1) AS number";
        self.run(calls, &[&first, &count]).await;
    }

    /// Row keys that a log has left.
    async fn left(&self, log: &str) -> Vec<i64> {
        let key = match log {
            "inbound_record" => "event",
            "attempt" => "delivery",
            _ => "seq",
        };
        self.read(&format!("SELECT DISTINCT {key} FROM {log} ORDER BY 1")).await
    }

    async fn check_events(&self, expected: &[i64]) {
        assert_eq!(self.left("inbound_event").await, expected);
        assert_eq!(self.left("inbound_record").await, expected);
    }

    async fn weeks_of(&self, log: &str) -> i64 {
        let weeks = format!("SELECT count(*) FROM pg_inherits WHERE inhparent = '{log}'::regclass");
        self.read::<i64>(&weeks).await[0] - 1
    }
}

#[tokio::test]
async fn a_week_goes_whole_once_every_row_of_it_may_go() {
    let given = Given::with_weeks("whole").await;
    let keys = [given.key(4 * WEEK), given.key(3 * WEEK), given.key(0)];
    for key in keys {
        given.add_events(key, 1, 5, 10).await;
        given.add_deliveries(key, 1).await;
        given.add_changes(key, 1).await;
        given.add_calls(key, 1).await;
    }
    let logs =
        ["inbound_event", "inbound_record", "delivery", "attempt", "change", "function_call"];
    let check = async |keep: &Keep, left: usize, weeks: i64| {
        assert!(!given.store.retain(keep).await.unwrap());
        for log in logs {
            assert_eq!(given.left(log).await, keys[3 - left..], "{log}");
            assert_eq!(given.weeks_of(log).await, weeks, "{log}");
        }
    };
    check(&given.keep(4 * WEEK), 3, 7).await;
    // The first of the days has gone by, its week has not.
    check(&given.keep(4 * WEEK - 3 * DAY), 3, 7).await;
    check(&given.keep(3 * WEEK), 2, 6).await;
    check(&given.keep(2 * WEEK), 1, 5).await;
    check(&given.keep(0), 1, 3).await;
}

#[tokio::test]
async fn each_log_has_an_age_of_its_own() {
    let given = Given::with_weeks("ages").await;
    let key = given.key(4 * WEEK);
    given.add_events(key, 1, 5, 10).await;
    given.add_deliveries(key, 1).await;
    given.add_changes(key, 1).await;
    given.retain_all(&Keep { deliveries_since: i64::MAX, ..since(0) }).await;
    assert_eq!((given.count("delivery").await, given.count("attempt").await), (0, 0));
    assert_eq!((given.count("inbound_event").await, given.count("change").await), (1, 1));
    given.retain_all(&Keep { changes_since: i64::MAX, ..since(0) }).await;
    assert_eq!((given.count("inbound_event").await, given.count("change").await), (1, 0));
    given.add_calls(key, 1).await;
    given.retain_all(&since(0)).await;
    assert_eq!(given.count("function_call").await, 1);
    given.retain_all(&Keep { calls_since: i64::MAX, ..since(0) }).await;
    assert_eq!(given.count("function_call").await, 0);
}

#[tokio::test]
async fn done_and_failed_events_have_ages_of_their_own() {
    let given = Given::with_weeks("events").await;
    let [old, young] = [given.key(4 * WEEK), given.key(DAY)];
    for (first, status) in [(old, 4), (old + 10, 5), (young, 4), (young + 10, 5)] {
        given.add_events(first, 1, status, 10).await;
    }
    given.retain_all(&Keep { failed_since: 0, ..given.keep(WEEK) }).await;
    given.check_events(&[old, young, young + 10]).await;
    given.retain_all(&Keep { failed_since: 0, ..given.keep(0) }).await;
    given.check_events(&[old, young]).await;
    given.retain_all(&Keep { done_since: 0, ..given.keep(0) }).await;
    given.check_events(&[]).await;
}

#[tokio::test]
async fn a_pass_walks_past_rows_that_stay() {
    let given = Given::with_weeks("walk").await;
    let key = given.key(2 * WEEK);
    given.add_events(key, 2 * SLICE + 10, 4, 10).await;
    given.add_events(key + 2 * SLICE + 10, 2 * SLICE + 10, 5, 10).await;
    let keep = Keep { failed_since: 0, ..given.keep(0) };
    let slices = given.retain_all(&keep).await;
    assert!(5 <= slices, "{slices} slices are too few to be bounded");
    assert!(slices < 10, "{slices} slices are too many to go on where the last one stopped");
    assert_eq!(given.count("inbound_event").await, 2 * SLICE + 10);
    assert_eq!(given.count("inbound_record").await, 2 * (2 * SLICE + 10));

    // What ends later is found by the next pass, though it is older.
    given.run("UPDATE inbound_event SET status = 5 WHERE seq = $1", &[&(key + 7)]).await;
    given.retain_all(&keep).await;
    assert_eq!(given.count("inbound_event").await, 2 * SLICE + 9);
}

#[tokio::test]
async fn an_event_that_is_being_replayed_stays() {
    let given = Given::with_weeks("replayed").await;
    let key = given.key(2 * WEEK);
    given.add_events(key, 2, 5, 10).await;
    let (replaying, _task) = given.schema.connect().await;
    let replay = format!("BEGIN; UPDATE inbound_event SET status = 4 WHERE seq = {key}");
    replaying.batch_execute(&replay).await.unwrap();
    let keep = Keep { failed_since: 0, ..given.keep(0) };
    given.retain_all(&keep).await;
    replaying.batch_execute("COMMIT").await.unwrap();
    given.check_events(&[key]).await;
    given.retain_all(&keep).await;
    given.check_events(&[key]).await;
}

#[tokio::test]
async fn the_default_partition_is_emptied_row_by_row() {
    let given = Given::with_weeks("rest").await;
    let key = given.key(20 * WEEK);
    given.add_events(key, SLICE + 10, 5, 10).await;
    given.add_deliveries(key, SLICE + 10).await;
    given.add_pending(key + SLICE + 10, 1, LIVE).await;
    given.add_changes(key, SLICE + 10).await;
    let first_left = key + SLICE + 9;
    let hold = "INSERT INTO deferred_change VALUES (1, 1, 'lead', $1)";
    given.run(hold, &[&first_left]).await;
    given.retain_all(&given.keep(21 * WEEK)).await;
    assert_eq!(given.count("delivery").await, SLICE + 10);
    let slices = given.retain_all(&given.keep(19 * WEEK)).await;
    assert!(5 <= slices, "{slices} slices are too few to be bounded");
    given.check_events(&[]).await;
    assert_eq!(given.left("delivery").await, [0; 0]);
    assert_eq!(given.left("attempt").await, [key + SLICE + 10]);
    assert_eq!(given.left("change").await, [first_left]);
}

#[tokio::test]
async fn attempts_stay_with_what_is_pending() {
    let given = Given::with_weeks("attempts").await;
    let key = given.key(4 * WEEK);
    given.add_deliveries(key, 3).await;
    given.add_pending(key + 3, 2, LIVE).await;
    let weeks = given.weeks_of("attempt").await;
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.left("delivery").await, [0; 0]);
    assert_eq!(given.left("attempt").await, [key + 3, key + 4]);
    assert_eq!(given.weeks_of("attempt").await, weeks);
    given.run("DELETE FROM delivery_queue", &[]).await;
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.weeks_of("attempt").await, weeks - 1);
}

#[tokio::test]
async fn messages_to_a_deleted_endpoint_go() {
    let given = Given::with_weeks("endpoint").await;
    let [old, young] = [given.key(4 * WEEK), given.key(0)];
    for (first, endpoint) in [(old, LIVE), (old + 1, GONE), (young, LIVE), (young + 1, GONE)] {
        given.add_pending(first, 1, endpoint).await;
    }
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.left("delivery_queue").await, [old, young, young + 1]);
    assert_eq!(given.left("attempt").await, [old, young, young + 1]);
    given.retain_all(&given.keep(NEVER_KEPT)).await;
    assert_eq!(given.left("delivery_queue").await, [old, young]);
}

#[tokio::test]
async fn changes_stay_until_they_are_matched_for_every_object() {
    let given = Given::with_weeks("changes").await;
    let key = given.key(4 * WEEK);
    given.add_changes(key, 3).await;
    let hold = "INSERT INTO deferred_change VALUES (1, 1, 'lead', $1)";
    given.run(hold, &[&(key + 1)]).await;
    let weeks = given.weeks_of("change").await;
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.left("change").await, [key + 1]);
    given.run("DELETE FROM deferred_change", &[]).await;
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.weeks_of("change").await, weeks - 1);
}

#[tokio::test]
async fn a_change_that_is_put_off_meanwhile_stays() {
    let given = Given::with_weeks("put_off").await;
    let key = given.key(4 * WEEK);
    given.add_changes(key, 1).await;
    let (matching, _task) = given.schema.connect().await;
    let put_off = format!(
        "BEGIN; INSERT INTO deferred_change VALUES (1, 1, 'lead', {key});
         UPDATE change SET position = 7"
    );
    matching.batch_execute(&put_off).await.unwrap();
    let is_dropping = "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE relname = 'change' AND relnamespace = current_schema()::regnamespace
            AND mode = 'AccessExclusiveLock'";
    let commit = async {
        while given.read::<i64>(is_dropping).await[0] == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        matching.batch_execute("COMMIT").await.unwrap();
    };
    let keep = given.keep(3 * WEEK);
    tokio::join!(given.retain_all(&keep), commit);
    assert_eq!(given.left("change").await, [key]);
}

#[tokio::test]
async fn a_week_that_is_in_use_holds_nobody_up() {
    let given = Given::with_weeks("in_use").await;
    given.add_deliveries(given.key(4 * WEEK), 1).await;
    let (reading, _task) = given.schema.connect().await;
    reading.batch_execute("BEGIN; SELECT FROM delivery").await.unwrap();
    let began = Instant::now();
    assert!(!given.store.retain(&given.keep(3 * WEEK)).await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(given.count("delivery").await, 1);
    reading.batch_execute("COMMIT").await.unwrap();
    given.retain_all(&given.keep(3 * WEEK)).await;
    assert_eq!(given.count("delivery").await, 0);
}

#[tokio::test]
async fn processes_drop_at_once() {
    let given = Given::with_weeks("at_once").await;
    for ago in [20 * WEEK, 4 * WEEK, 3 * WEEK] {
        let key = given.key(ago);
        given.add_events(key, SLICE + 10, 5, 10).await;
        given.add_events(key + SLICE + 10, 10, 4, 10).await;
        given.add_deliveries(key, SLICE + 10).await;
        given.add_changes(key, SLICE + 10).await;
    }
    let stores = join_all((0..3).map(|_| given.schema.open(&given.clock))).await;
    let keep = Keep { failed_since: 0, ..given.keep(2 * WEEK) };
    let passes = stores.iter().map(
        async |store| {
            while store.as_ref().unwrap().retain(&keep).await.unwrap() {}
        },
    );
    join_all(passes).await;
    // What one of them left because another was using it.
    given.retain_all(&keep).await;
    assert_eq!(given.count("inbound_event").await, 30);
    assert_eq!(given.count("inbound_record").await, 60);
    for log in ["delivery", "attempt", "change"] {
        assert_eq!(given.count(log).await, 0, "{log}");
    }
}

const BYTES: &str = "SELECT sum(pg_total_relation_size(inhrelid))::bigint FROM pg_inherits
    WHERE inhparent IN ('inbound_event'::regclass, 'inbound_record'::regclass,
        'delivery'::regclass, 'attempt'::regclass, 'change'::regclass)";

#[tokio::test]
async fn logs_that_hold_too_much_lose_their_oldest_weeks() {
    let given = Given::with_weeks("too_much").await;
    let keys = [4, 3, 2, 1, 0].map(|weeks| given.key(weeks * WEEK));
    for key in keys {
        given.add_events(key, 1_000, 4, 1_000).await;
    }
    let bytes: i64 = given.read(BYTES).await[0];
    let bytes_max = bytes.unsigned_abs() * 7 / 10;
    given.retain_all(&Keep { log_bytes_max: Some(bytes_max), ..since(0) }).await;
    let left: i64 = given.read(BYTES).await[0];
    assert!(left.unsigned_abs() <= bytes_max);
    assert_eq!(given.count("inbound_event").await, 3_000);
    assert_eq!(given.left("inbound_event").await[0], keys[2]);
    assert_eq!(given.count("inbound_record").await, 6_000);
}

#[tokio::test]
async fn of_a_large_week_only_the_oldest_rows_go() {
    let given = Given::with_weeks("large_week").await;
    let (old, hour_ago) = (given.key(20 * WEEK), given.key(DAY / 24));
    given.add_events(old, 1_000, 5, 1_000).await;
    given.add_events(hour_ago, 8_000, 4, 1_000).await;
    given.add_deliveries(hour_ago, 8_000).await;
    // Room for half of the rows.
    let keep = Keep { log_bytes_max: Some(5_000_000), ..since(0) };
    let slices = given.retain_all(&keep).await;
    assert!(8 <= slices, "{slices} slices are too few to be bounded");
    let events = given.left("inbound_event").await;
    let oldest = events[0];
    assert!((3_000..5_000).contains(&events.len()), "{} are left", events.len());
    assert!(events.iter().copied().eq(oldest..hour_ago + 8_000), "a younger row went first");
    assert_eq!(given.left("inbound_record").await, events);
    assert_eq!(given.left("delivery").await, events, "the logs are not cut at one time");
    assert_eq!(given.left("attempt").await, events);

    // Room was made in the files, which are as large as before: no more goes.
    given.retain_all(&keep).await;
    assert_eq!(given.left("inbound_event").await, events);

    given.retain_all(&Keep { log_bytes_max: Some(0), ..since(0) }).await;
    given.check_events(&[]).await;
}

#[tokio::test]
async fn the_week_around_now_never_goes_whole() {
    let given = Given::with_weeks("week_now").await;
    let to_come = given.key(-20 * WEEK);
    for key in [given.key(4 * WEEK), given.key(0), to_come] {
        given.add_events(key, 10, 5, 10).await;
    }
    given.retain_all(&Keep { log_bytes_max: Some(0), ..since(0) }).await;
    assert!(given.left("inbound_event").await.into_iter().all(|key| to_come <= key));
    assert_eq!(given.weeks_of("inbound_event").await, 3);
}
