//! Retention of the small tables: whatever has an end of its own.

use rusqlite::{Connection as Db, params};
use turnbuckle_core::id::{UnixMs, first_row_key_at};

use super::ROWS_DROPPED_MAX;
use crate::event_call::BEGUN_MS;
use crate::idempotency::IDEMPOTENCY_MS;
use crate::inbound::DEDUPE_MS;
use crate::maintenance::ENDED_MS;
use crate::sqlite::failure::Failure;
use crate::statistics::{MINUTE_MS, STATISTICS_MINUTES};

const BIN_REQUESTS: &str = "DELETE FROM bin_request WHERE number IN (
    SELECT number FROM bin_request
    WHERE bin IN (SELECT name FROM bin WHERE expires_at_ms <= ?1) LIMIT ?2)";

/// After its requests, which may take several slices.
const BINS: &str = "DELETE FROM bin WHERE name IN (
    SELECT name FROM bin WHERE expires_at_ms <= ?1
        AND NOT EXISTS (SELECT 1 FROM bin_request WHERE bin_request.bin = bin.name) LIMIT ?2)";

/// After the lines that it recovered, which go as soon as it has ended.
const RUNS: &str = "DELETE FROM run WHERE id IN (
    SELECT id FROM run WHERE ended_at_ms < ?1
        AND NOT EXISTS (SELECT 1 FROM recovered_line WHERE recovered_line.run = run.id) LIMIT ?2)";

const SOURCE_KEYS: &str = "DELETE FROM source_key WHERE seq IN (
    SELECT seq FROM source_key WHERE expires_at_ms < ?1 LIMIT ?2)";

const SESSIONS: &str = "DELETE FROM console_session WHERE hash IN (
    SELECT hash FROM console_session WHERE expires_at_ms <= ?1 LIMIT ?2)";

/// Of events that are gone.
const EVENT_CALLS: &str = "DELETE FROM event_call WHERE event IN (
    SELECT event FROM event_call WHERE call < ?1 LIMIT ?2)";

const STATISTICS: &str = "DELETE FROM statistics WHERE (workspace, minute, id) IN (
    SELECT workspace, minute, id FROM statistics WHERE minute < ?1 LIMIT ?2)";

/// Drops a slice of each table. Answers whether more is left.
pub fn drop_slice(db: &Db, now: UnixMs) -> Result<bool, Failure> {
    let mut more = drop_named(
        db,
        "SELECT source, key FROM dedupe WHERE event < ?1 ORDER BY event LIMIT ?2",
        "DELETE FROM dedupe WHERE source = ?1 AND key = ?2",
        first_row_key_at(now - DEDUPE_MS),
    )?;
    more |= drop_named(
        db,
        "SELECT workspace, key FROM idempotency WHERE claimed_at_ms < ?1 LIMIT ?2",
        "DELETE FROM idempotency WHERE workspace = ?1 AND key = ?2",
        now - IDEMPOTENCY_MS,
    )?;
    more |= drop_named(
        db,
        "SELECT line, run FROM recovered_line
         WHERE run IN (SELECT id FROM run WHERE ended_at_ms <= ?1) LIMIT ?2",
        "DELETE FROM recovered_line WHERE line = ?1 AND run = ?2",
        now,
    )?;
    for (delete, border) in [
        (BIN_REQUESTS, now),
        (BINS, now),
        (RUNS, now - ENDED_MS),
        (SOURCE_KEYS, now - ENDED_MS),
        (SESSIONS, now),
        (EVENT_CALLS, first_row_key_at(now - BEGUN_MS)),
        (STATISTICS, now.div_euclid(MINUTE_MS) - STATISTICS_MINUTES),
    ] {
        let dropped =
            db.prepare_cached(delete)?.execute(params![border, ROWS_DROPPED_MAX as i64])?;
        more |= dropped == ROWS_DROPPED_MAX;
    }
    Ok(more)
}

/// Drops a slice of a table whose rows have an owner and a name. Deleting each
/// by its whole key keeps the engine from reading all rows of an owner.
fn drop_named(db: &Db, select: &str, delete: &str, border: i64) -> Result<bool, Failure> {
    let mut select = db.prepare_cached(select)?;
    let found: Vec<(i64, String)> = select
        .query_map(params![border, ROWS_DROPPED_MAX as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut delete = db.prepare_cached(delete)?;
    for (owner, name) in &found {
        delete.execute(params![owner, name])?;
    }
    Ok(found.len() == ROWS_DROPPED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::migrations::migrate;

    const NOW: UnixMs = 1_750_000_000_000;

    /// Adds rows whose time is `at`, drops what may go, and answers how many are left.
    fn left_after_pass(table: &str, insert: &str, at: i64, rows: i64) -> i64 {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for number in 0..rows {
            db.execute(insert, params![number.to_string(), at]).unwrap();
        }
        let mut slices = 1;
        while drop_slice(&db, NOW).unwrap() {
            slices += 1;
        }
        assert!(slices > rows / ROWS_DROPPED_MAX as i64, "a slice is bounded");
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[track_caller]
    fn check(table: &str, insert: &str, last_kept_at: i64) {
        assert_eq!(left_after_pass(table, insert, last_kept_at, 3), 3, "{table} went too early");
        assert_eq!(left_after_pass(table, insert, last_kept_at - 1, 2_500), 0, "{table} stayed");
    }

    #[test]
    fn repeats_are_recognised_for_their_time() {
        let insert = "INSERT INTO dedupe (source, key, event, tail) VALUES (1, ?1, ?2, 0)";
        check("dedupe", insert, first_row_key_at(NOW - DEDUPE_MS));
    }

    #[test]
    fn answers_are_kept_for_their_time() {
        let insert = "INSERT INTO idempotency (workspace, key, fingerprint, claimed_at_ms)
            VALUES (1, ?1, x'', ?2)";
        check("idempotency", insert, NOW - IDEMPOTENCY_MS);
    }

    #[test]
    fn bins_go_when_they_expire() {
        let insert = "INSERT INTO bin (name, workspace, created_at_ms, expires_at_ms)
            VALUES (?1, 1, 0, ?2)";
        check("bin", insert, NOW + 1);
    }

    #[test]
    fn counts_are_kept_for_their_time() {
        let insert = "INSERT INTO statistics (workspace, minute, id, counts)
            VALUES (1, ?2, ?1, '{}')";
        check("statistics", insert, NOW / MINUTE_MS - STATISTICS_MINUTES);
    }

    #[test]
    fn lines_of_a_recovery_go_with_its_end() {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let insert = "INSERT INTO run VALUES (?1, 1, 3, '{}', 0, 0, 0, 0, 0, ?2)";
        for (run, ended_at) in [("open", None), ("ended", Some(NOW)), ("old", Some(0))] {
            db.execute(insert, params![run, ended_at]).unwrap();
            for line in 0..ROWS_DROPPED_MAX + 1 {
                db.execute("INSERT INTO recovered_line VALUES (?1, ?2)", params![run, line as i64])
                    .unwrap();
            }
        }
        let left = |table: &str, column: &str| -> Vec<String> {
            let mut select = db
                .prepare(&format!("SELECT DISTINCT {column} FROM {table} ORDER BY {column}"))
                .unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert!(drop_slice(&db, NOW).unwrap());
        assert_eq!(left("run", "id"), ["ended", "old", "open"], "lines are left of it");
        while drop_slice(&db, NOW).unwrap() {}
        assert_eq!(left("recovered_line", "run"), ["open"]);
        assert_eq!(left("run", "id"), ["ended", "open"]);
    }

    #[test]
    fn a_bin_outlives_its_last_request() {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.execute("INSERT INTO bin VALUES ('mine', 1, 0, ?1, '')", [NOW]).unwrap();
        for _ in 0..ROWS_DROPPED_MAX + 1 {
            db.execute(
                "INSERT INTO bin_request (bin, at_ms, method, query, headers, body)
                 VALUES ('mine', 0, 'POST', '', '[]', x'')",
                [],
            )
            .unwrap();
        }
        let bins =
            || db.query_row("SELECT count(*) FROM bin", [], |row| row.get::<_, i64>(0)).unwrap();
        assert!(drop_slice(&db, NOW).unwrap());
        assert_eq!(bins(), 1, "nothing would find the requests that are left");
        assert!(!drop_slice(&db, NOW).unwrap());
        assert_eq!(bins(), 0);
    }
}
