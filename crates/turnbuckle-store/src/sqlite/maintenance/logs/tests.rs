use super::*;
use crate::sqlite::migrations::migrate;

const LIVE: i64 = 1;
const GONE: i64 = 2;

/// Rows are made at this time, one key after the other.
const MADE_AT: i64 = 1_000_000;

/// Keeps nothing that is finished and was made before `since`.
fn since(since: i64) -> Keep {
    Keep {
        failed_since: since,
        done_since: since,
        deliveries_since: since,
        changes_since: since,
        calls_since: since,
        log_bytes_max: None,
    }
}

const ALL_AGES: i64 = MADE_AT + 1;

fn key(number: i64) -> i64 {
    first_row_key_at(MADE_AT) + number
}

fn empty() -> Db {
    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    db.execute(
        "INSERT INTO endpoint (seq, tail, workspace, settings, sealed, status, created_at_ms,
             updated_at_ms)
         VALUES (?1, 0, 1, '{}', x'', 2, 0, 0)",
        [LIVE],
    )
    .unwrap();
    db
}

fn add_event(db: &Db, number: i64, status: i64, body_bytes: usize) {
    db.execute(
        "INSERT INTO inbound_event (seq, tail, workspace, source, connection, status, headers,
             query, body)
         VALUES (?1, 0, 1, 1, 1, ?2, '[]', '', zeroblob(?3))",
        params![key(number), status, body_bytes as i64],
    )
    .unwrap();
    db.execute("INSERT INTO inbound_outcome (event, warnings) VALUES (?1, '[]')", [key(number)])
        .unwrap();
    for item in 0..2 {
        db.execute(
            "INSERT INTO inbound_record (event, item, entity, record) VALUES (?1, ?2, 'Lead', 'r')",
            [key(number), item],
        )
        .unwrap();
    }
}

fn add_delivery(db: &Db, number: i64, endpoint: i64, state: i64) {
    db.execute(
        "INSERT INTO delivery (seq, tail, workspace, endpoint, connection, line, state, at_ms,
             attempt_count, failure_count, last_status, change, change_type, object, record, changed, body)
         VALUES (?1, 0, 1, ?2, 1, 0, ?3, 0, 0, 0, 999, 0, 2, 'lead', 'r', '{}', x'')",
        [key(number), endpoint, state],
    )
    .unwrap();
    db.execute(
        "INSERT INTO attempt (delivery, number, at_ms, duration_ms, response_body)
         VALUES (?1, 1, 0, 0, x'')",
        [key(number)],
    )
    .unwrap();
}

fn add_change(db: &Db, number: i64) {
    db.execute(
        "INSERT INTO change (seq, tail, workspace, connection, entity, record, change_type, origin,
             number, version, created_at_ms, updated_at_ms, written)
         VALUES (?1, 0, 1, 1, 'Lead', 'r', 2, 2, 1, 1, 0, 0, '[]')",
        [key(number)],
    )
    .unwrap();
}

fn add_call(db: &Db, number: i64) {
    db.execute(
        "INSERT INTO function_call VALUES (?1, 0, 1, 1, 'GET', 200, 0, 0, '{}')",
        [key(number)],
    )
    .unwrap();
}

/// The only place that runs slices: a whole pass. Answers how many it took.
fn run_pass(db: &Db, keep: &Keep) -> usize {
    let mut slices = 1;
    while drop_slice(db, &find_slice(db, keep).unwrap()).unwrap() {
        slices += 1;
        assert!(slices < 10_000, "the pass does not end");
    }
    slices
}

/// Numbers of the rows left in a table whose key is `column`.
fn left(db: &Db, table: &str, column: &str) -> Vec<i64> {
    let select = format!("SELECT DISTINCT {column} FROM {table} ORDER BY 1");
    let mut select = db.prepare(&select).unwrap();
    let keys = select.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    keys.map(|found| found.unwrap() - key(0)).collect()
}

#[track_caller]
fn check_events(db: &Db, expected: &[i64]) {
    assert_eq!(left(db, "inbound_event", "seq"), expected);
    assert_eq!(left(db, "inbound_outcome", "event"), expected);
    assert_eq!(left(db, "inbound_record", "event"), expected);
}

#[track_caller]
fn check_deliveries(db: &Db, expected: &[i64]) {
    assert_eq!(left(db, "delivery", "seq"), expected);
    assert_eq!(left(db, "attempt", "delivery"), expected);
}

#[test]
fn done_and_failed_events_have_ages_of_their_own_and_new_ones_stay() {
    let db = empty();
    for (number, status) in [(1, 2), (2, 4), (3, 5)] {
        add_event(&db, number, status, 10);
    }
    run_pass(&db, &since(MADE_AT));
    check_events(&db, &[1, 2, 3]);
    run_pass(&db, &Keep { failed_since: MADE_AT, ..since(ALL_AGES) });
    check_events(&db, &[1, 2]);
    run_pass(&db, &since(ALL_AGES));
    check_events(&db, &[1]);
}

#[test]
fn only_deliveries_that_ended_go() {
    let db = empty();
    for state in 2..=6 {
        add_delivery(&db, state, LIVE, state);
    }
    run_pass(&db, &since(MADE_AT));
    check_deliveries(&db, &[2, 3, 4, 5, 6]);
    run_pass(&db, &since(ALL_AGES));
    check_deliveries(&db, &[2, 3]);
}

#[test]
fn messages_to_a_deleted_endpoint_go_whatever_their_state() {
    let db = empty();
    for state in 2..=6 {
        add_delivery(&db, state, GONE, state);
    }
    run_pass(&db, &since(ALL_AGES));
    check_deliveries(&db, &[]);
}

#[test]
fn changes_stay_until_they_are_matched_for_every_object() {
    let db = empty();
    for number in 1..=4 {
        add_change(&db, number);
    }
    db.execute("UPDATE feed SET matched_through = ?1", [key(3)]).unwrap();
    db.execute("INSERT INTO deferred_change VALUES (1, 'lead', ?1)", [key(2)]).unwrap();
    run_pass(&db, &since(ALL_AGES));
    assert_eq!(left(&db, "change", "seq"), [2, 4]);
}

#[test]
fn calls_go_by_their_age() {
    let db = empty();
    add_call(&db, 1);
    run_pass(&db, &Keep { calls_since: MADE_AT, ..since(ALL_AGES) });
    assert_eq!(left(&db, "function_call", "seq"), [1]);
    run_pass(&db, &Keep { calls_since: ALL_AGES, ..since(MADE_AT) });
    assert!(left(&db, "function_call", "seq").is_empty());
}

#[test]
fn an_event_that_is_replayed_meanwhile_stays() {
    let db = empty();
    add_event(&db, 1, 5, 10);
    let slice = find_slice(&db, &since(ALL_AGES)).unwrap();
    db.execute("UPDATE inbound_event SET status = 2", []).unwrap();
    drop_slice(&db, &slice).unwrap();
    check_events(&db, &[1]);
}

#[test]
fn a_pass_walks_past_rows_that_stay() {
    let db = empty();
    let stay = 2 * ROWS_READ_MAX as i64 + 10;
    let go = 2 * ROWS_DROPPED_MAX as i64 + 10;
    db.execute_batch("BEGIN").unwrap();
    for number in 0..stay {
        add_delivery(&db, number, LIVE, 3);
    }
    for number in stay..stay + go {
        add_delivery(&db, number, LIVE, 4);
        add_event(&db, number, 5, 10);
    }
    add_delivery(&db, stay + go, LIVE, 2);

    let slices = run_pass(&db, &since(ALL_AGES));
    assert!(slices >= 5, "{slices} slices are too few to be bounded");
    check_events(&db, &[]);
    assert_eq!(left(&db, "delivery", "seq").len() as i64, stay + 1);

    // What ends later is found by the next pass, though it is older.
    db.execute("UPDATE delivery SET state = 6 WHERE seq = ?1", [key(7)]).unwrap();
    run_pass(&db, &since(ALL_AGES));
    assert_eq!(left(&db, "delivery", "seq").len() as i64, stay);
}

#[test]
fn logs_that_hold_too_much_lose_their_oldest_finished_rows_of_any_age() {
    const EVENTS: i64 = 4_000;
    let db = empty();
    db.execute_batch("BEGIN").unwrap();
    add_event(&db, 0, 2, 2_000);
    for number in 1..EVENTS {
        add_event(&db, number, if number % 2 == 0 { 4 } else { 5 }, 2_000);
        add_delivery(&db, number, LIVE, 4);
    }
    let half = bytes_used(&db).unwrap() / 2;
    let keep = Keep { log_bytes_max: Some(half), ..since(0) };
    run_pass(&db, &keep);

    assert!(bytes_used(&db).unwrap() <= half);
    let events = left(&db, "inbound_event", "seq");
    let oldest_kept = events[1];
    assert_eq!(events[0], 0, "what is unfinished stays");
    assert!(events.len() as i64 > EVENTS / 5, "more went than had to: {} left", events.len());
    assert!(events[1..].iter().copied().eq(oldest_kept..EVENTS), "a younger row went first");
    let deliveries = left(&db, "delivery", "seq");
    assert!((deliveries[0] - oldest_kept).abs() <= 1, "the logs are not cut at one time");

    // Records and what is pending may hold more than the logs may: the pass ends all the same.
    run_pass(&db, &Keep { log_bytes_max: Some(0), ..since(0) });
    check_events(&db, &[0]);
    check_deliveries(&db, &[]);
}
