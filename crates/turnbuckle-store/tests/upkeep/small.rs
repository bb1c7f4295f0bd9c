//! Small tables: whatever has an end of its own.

use turnbuckle_core::id::first_row_key_at;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::idempotency::IDEMPOTENCY_MS;
use turnbuckle_store::inbound::DEDUPE_MS;
use turnbuckle_store::maintenance::{ENDED_MS, MaintenanceStore};
use turnbuckle_store::statistics::{MINUTE_MS, STATISTICS_MINUTES};

use super::{Given, SLICE, since};

/// Adds rows that may still be kept at `last_kept_at`, and many that may not.
async fn check(table: &str, insert: &str, last_kept_at: impl Fn(i64) -> i64) {
    let given = Given::in_schema(table).await;
    let last_kept_at = last_kept_at(given.clock.now());
    given.run(insert, &[&1_i64, &3_i64, &last_kept_at]).await;
    given.retain_all(&since(0)).await;
    assert_eq!(given.count(table).await, 3, "{table} went too early");
    given.run(insert, &[&4_i64, &2_503_i64, &(last_kept_at - 1)]).await;
    assert!(given.store.retain(&since(0)).await.unwrap());
    assert_eq!(given.count(table).await, 3 + 2_500 - SLICE, "a slice is bounded");
    given.retain_all(&since(0)).await;
    assert_eq!(given.count(table).await, 3, "{table} stayed");
}

#[tokio::test]
async fn repeats_are_recognised_for_their_time() {
    let insert = "INSERT INTO dedupe (workspace, source, key, event, tail)
        SELECT 1, 1, number::text::bytea, $3, 0
        FROM generate_series($1::bigint, $2::bigint) AS number";
    check("dedupe", insert, |now| first_row_key_at(now - DEDUPE_MS)).await;
}

#[tokio::test]
async fn answers_are_kept_for_their_time() {
    let insert = "INSERT INTO idempotency (workspace, key, fingerprint, claimed_at_ms)
        SELECT 1, number::text, '', $3 FROM generate_series($1::bigint, $2::bigint) AS number";
    check("idempotency", insert, |now| now - IDEMPOTENCY_MS).await;
}

#[tokio::test]
async fn bins_go_when_they_expire() {
    let insert = "INSERT INTO bin (name, workspace, created_at_ms, expires_at_ms, label)
        SELECT number, 1, 0, $3, '' FROM generate_series($1::bigint, $2::bigint) AS number";
    check("bin", insert, |now| now + 1).await;
}

#[tokio::test]
async fn keys_of_sources_stay_taken_for_their_time() {
    let insert = "INSERT INTO source_key
            (workspace, source, seq, tail, hash, sealed, created_at_ms, expires_at_ms)
        SELECT 1, 1, number, 0, number::text::bytea, '', 0, $3
        FROM generate_series($1::bigint, $2::bigint) AS number";
    check("source_key", insert, |now| now - ENDED_MS).await;
}

#[tokio::test]
async fn counts_are_kept_for_their_time() {
    let insert = "INSERT INTO statistics (workspace, minute, id, counts)
        SELECT 1, $3, number, '{}' FROM generate_series($1::bigint, $2::bigint) AS number";
    check("statistics", insert, |now| now / MINUTE_MS - STATISTICS_MINUTES).await;
}

#[tokio::test]
async fn lines_of_a_recovery_go_with_its_end() {
    let given = Given::in_schema("recovered_line").await;
    let run = "INSERT INTO run VALUES (1, $1, 3, '{}', 0, 0, 0, 0, 0, $2)";
    let lines = "INSERT INTO recovered_line
        SELECT 1, $1, number FROM generate_series(1, $2::bigint) AS number";
    for (id, ended_at) in [("open", None), ("ended", Some(given.clock.now())), ("old", Some(0))] {
        given.run(run, &[&id, &ended_at]).await;
        given.run(lines, &[&id, &(SLICE + 1)]).await;
    }
    let runs = "SELECT id FROM run ORDER BY id";
    assert!(given.store.retain(&since(0)).await.unwrap());
    assert_eq!(given.read::<String>(runs).await, ["ended", "old", "open"], "lines are left of it");
    given.retain_all(&since(0)).await;
    let of_runs = "SELECT DISTINCT run FROM recovered_line";
    assert_eq!(given.read::<String>(of_runs).await, ["open"]);
    assert_eq!(given.read::<String>(runs).await, ["ended", "open"]);
}

#[tokio::test]
async fn a_bin_outlives_its_last_request() {
    let given = Given::in_schema("bin_request").await;
    let bin = "INSERT INTO bin VALUES ('mine', 1, 0, $1, '')";
    given.run(bin, &[&given.clock.now()]).await;
    let requests = "INSERT INTO bin_request (bin, at_ms, method, query, headers, body)
        SELECT 'mine', 0, 'POST', '', '[]', '' FROM generate_series(1, $1::bigint)";
    given.run(requests, &[&(SLICE + 1)]).await;
    assert!(given.store.retain(&since(0)).await.unwrap());
    assert_eq!(given.count("bin").await, 1, "nothing would find the requests that are left");
    assert!(!given.store.retain(&since(0)).await.unwrap());
    assert_eq!((given.count("bin").await, given.count("bin_request").await), (0, 0));
}

#[tokio::test]
async fn what_another_process_holds_is_passed_over() {
    let given = Given::in_schema("small_held").await;
    let insert = "INSERT INTO idempotency (workspace, key, fingerprint, claimed_at_ms)
        SELECT 1, number::text, '', 0 FROM generate_series(1, 3::bigint) AS number";
    given.run(insert, &[]).await;
    let hold = "BEGIN; SELECT FROM idempotency WHERE key = '2' FOR UPDATE";
    given.db.batch_execute(hold).await.unwrap();
    assert!(!given.store.retain(&since(0)).await.unwrap());
    given.db.batch_execute("COMMIT").await.unwrap();
    assert_eq!(given.read::<String>("SELECT key FROM idempotency").await, ["2"]);
    given.store.retain(&since(0)).await.unwrap();
    assert_eq!(given.count("idempotency").await, 0);
}
