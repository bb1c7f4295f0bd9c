use super::*;
use crate::sqlite::migrations::migrate;

/// A connection with one row in every table that it has rows in, `changes` of them in the feed.
fn add(db: &Db, no: i64, changes: i64) {
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
    for seq in first..first + changes {
        db.execute(
            "INSERT INTO change VALUES (?1, 0, 1, ?2, 'Contact', '1', 2, 4, 1, 1, 0, 0, NULL, NULL,
                 '{}', '[]')",
            [seq, no],
        )
        .unwrap();
    }
}

/// Rows of each table of [`add`].
fn counts(db: &Db) -> Vec<i64> {
    let tables = [
        "entity",
        "entity_column",
        "record",
        "record_given_id",
        "record_key",
        "subscription",
        "subscription_key",
        "rekeying",
        "deferred_change",
        "change",
    ];
    let count = |table| format!("SELECT count(*) FROM {table}");
    tables.map(|table| db.query_row(&count(table), [], |row| row.get(0)).unwrap()).to_vec()
}

#[test]
fn an_erasure_cut_short_is_finished() {
    let mut db = Db::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    add(&db, 1, 3);
    let kept = counts(&db);
    assert!(!erase_left_over(&db).unwrap());
    add(&db, 2, 2_500);
    db.execute_batch("DELETE FROM connection WHERE no = 2; INSERT INTO erasure VALUES (2, 0)")
        .unwrap();
    let mut slices = 0;
    while erase_left_over(&db).unwrap() {
        slices += 1;
        assert!(slices < 100, "an erasure ends");
    }
    assert!(6 < slices, "a slice is bounded");
    assert_eq!(counts(&db), kept);
}
