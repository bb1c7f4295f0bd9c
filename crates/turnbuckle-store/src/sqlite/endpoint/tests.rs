use turnbuckle_core::id::Minter;

use super::*;
use crate::sqlite::migrations::migrate;

fn add(db: &Db, endpoint: EndpointId, line: i64, state: i64) {
    db.execute(
        "INSERT INTO delivery (tail, workspace, endpoint, connection, line, state, at_ms,
             attempt_count, failure_count, last_status, change, change_type, object, record, changed, body)
         VALUES (0, 1, ?1, 1, ?2, ?3, 0, 0, 0, 999, 0, 2, 'lead', 'r', '{}', x'')",
        params![endpoint.0.row_key(), line, state],
    )
    .unwrap();
    if state == 3 {
        db.execute(
            "INSERT INTO delivery_waiting (delivery, coalesce, superseding_type)
             VALUES (?1, 1, 0)",
            [db.last_insert_rowid()],
        )
        .unwrap();
    }
}

fn count(db: &Db, select: &str) -> i64 {
    db.query_row(select, [], |row| row.get(0)).unwrap()
}

#[test]
fn what_waits_for_a_deleted_endpoint_ends_slice_by_slice() {
    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    let minter = Minter::default();
    let (gone, other) = (EndpointId(minter.mint(1, 1)), EndpointId(minter.mint(1, 2)));
    for line in 0..100 {
        for endpoint in [gone, other] {
            add(&db, endpoint, line, 4);
            add(&db, endpoint, line, 2);
            for _ in 0..20 {
                add(&db, endpoint, line, 3);
            }
        }
    }

    let mut slices = 1;
    while end_slice(&db, gone, 77).unwrap() {
        slices += 1;
        let ended = count(&db, "SELECT count(*) FROM delivery WHERE at_ms = 77");
        assert_eq!(ended, (slices - 1) * SLICE as i64, "a slice is bounded");
        let headless = "SELECT count(*) FROM delivery AS behind WHERE state = 3 AND NOT EXISTS (
            SELECT 1 FROM delivery AS head WHERE head.endpoint = behind.endpoint
                AND head.line = behind.line AND head.state = 2)";
        assert_eq!(count(&db, headless), 0, "a message would wait for ever");
    }

    assert_eq!(slices, 3);
    assert_eq!(count(&db, "SELECT count(*) FROM delivery WHERE state = 5 AND at_ms = 77"), 2_100);
    assert_eq!(count(&db, "SELECT count(*) FROM delivery WHERE state = 4"), 200);
    assert_eq!(count(&db, "SELECT count(*) FROM delivery WHERE state IN (2, 3)"), 2_100);
    assert_eq!(count(&db, "SELECT count(*) FROM delivery_waiting"), 2_000);
}
