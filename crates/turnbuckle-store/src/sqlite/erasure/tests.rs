use super::*;
use crate::sqlite::migrations::migrate;

/// A connection with one row in every table that it has rows in, and `logged`
/// of them in the logs.
fn add(db: &Db, no: i64, logged: i64) {
    let first = no * 10_000;
    for insert in [
        "INSERT INTO connection (no, workspace, id, context, connector, time_zone, created_at_ms,
             updated_at_ms) VALUES (?1, 1, ?1, 'acme', 'native', 'UTC', 0, 0)",
        "INSERT INTO entity (no, connection, name, document) VALUES (?1, ?1, 'Contact', '{}')",
        "INSERT INTO entity_column (no, entity, name, document) VALUES (?1, ?1, 'Name', '{}')",
        "INSERT INTO record VALUES (?1, ?1, x'01', 1, 1, 0, 0, '{}')",
        "INSERT INTO record_given_id VALUES (?1, x'01', ?1)",
        "INSERT INTO record_key VALUES (?1, x'00', ?1)",
        "INSERT INTO subscription VALUES (?1, 0, 1, ?1, 'lead', 0, 'Contact', '1', x'01', 0)",
        "INSERT INTO subscription_key VALUES (1, ?1)",
        "INSERT INTO rekeying VALUES (?1, 'lead', 1)",
        "INSERT INTO deferred_change VALUES (?1, 'lead', 1)",
    ] {
        db.execute(insert, [no]).unwrap();
    }
    for seq in first..first + logged {
        for insert in [
            "INSERT INTO change VALUES (?1, 0, 1, ?2, 'Contact', '1', 2, 4, 1, 1, 0, 0, NULL, NULL,
                 '{}', '[]')",
            "INSERT INTO delivery (seq, tail, workspace, endpoint, connection, line, state, at_ms,
                 attempt_count, failure_count, last_status, change, change_type, object, record,
                 changed, body)
             VALUES (?1, 0, 1, 1, ?2, ?1, 2, 0, 0, 0, 999, ?1, 2, 'lead', '1', '{}', x'')",
            "INSERT INTO delivery_waiting VALUES (?1, 1, 2, ?2, NULL)",
            "INSERT INTO attempt VALUES (?1, 1, 0, 0, NULL, ?2, x'')",
            "INSERT INTO inbound_event (seq, tail, workspace, source, connection, status, headers,
                 query, body)
             VALUES (?1, 0, 1, 1, ?2, 2, '[]', '', x'')",
            "INSERT INTO inbound_outcome VALUES (?1, ?2, '[]')",
            "INSERT INTO inbound_record VALUES (?1, 0, 'Contact', ?2, 2)",
            "INSERT INTO dedupe VALUES (?2, ?1, ?1, 0)",
        ] {
            db.execute(insert, [seq, no]).unwrap();
        }
    }
}

/// Rows of every table.
fn counts(db: &Db) -> Vec<(String, i64)> {
    let mut select =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let count = |table: String| {
        let select = format!("SELECT count(*) FROM {table}");
        let count = db.query_row(&select, [], |row| row.get(0)).unwrap();
        (table, count)
    };
    tables.into_iter().map(count).collect()
}

#[test]
fn what_is_of_a_deleted_connection_goes_in_slices_and_nothing_else() {
    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    add(&db, 1, 3);
    assert!(!erase_slice(&db).unwrap());
    let kept = counts(&db);
    add(&db, 2, 2_500);
    db.execute("DELETE FROM connection WHERE no = 2", []).unwrap();
    begin(&db, ConnectionNo(2), 0).unwrap();
    let mut slices = 0;
    while erase_slice(&db).unwrap() {
        slices += 1;
        assert!(slices < 100, "an erasure ends");
    }
    assert!(6 < slices, "a slice is bounded");
    assert_eq!(counts(&db), kept);
}
