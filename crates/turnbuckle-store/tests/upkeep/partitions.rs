//! The weeks of the logs.

use turnbuckle_store::maintenance::MaintenanceStore;

use super::{Given, WEEK, since};
use crate::stories::{DAY, join_all};

const NAMES: &str = "SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent IN ('inbound_event'::regclass, 'inbound_record'::regclass,
        'delivery'::regclass, 'attempt'::regclass, 'change'::regclass)
    ORDER BY 1";

/// Partitions of all logs, of the weeks that begin on these days.
fn named(days: &[&str]) -> Vec<String> {
    let logs = ["attempt", "change", "delivery", "inbound_event", "inbound_record"];
    let names = |log| days.iter().chain(&["rest"]).map(move |day| format!("{log}_{day}"));
    logs.into_iter().flat_map(names).collect()
}

#[tokio::test]
async fn weeks_are_made_ahead() {
    let given = Given::in_schema("weeks").await;
    let days = ["20250612", "20250619", "20250626", "20250703", "20250710"];
    assert_eq!(given.read::<String>(NAMES).await, named(&days[..3]));
    given.clock.advance(3 * DAY);
    given.retain_all(&since(0)).await;
    assert_eq!(given.read::<String>(NAMES).await, named(&days[..3]));
    given.clock.advance(DAY);
    given.retain_all(&since(0)).await;
    assert_eq!(given.read::<String>(NAMES).await, named(&days[..4]));
    given.clock.advance(WEEK);
    given.retain_all(&since(0)).await;
    assert_eq!(given.read::<String>(NAMES).await, named(&days));
}

#[tokio::test]
async fn a_row_lies_in_its_week() {
    let given = Given::in_schema("row_in_week").await;
    let lies_in = async |ago| -> String {
        let insert = "INSERT INTO inbound_record VALUES (1, $1, 0, 'Lead', 'r')";
        given.run(insert, &[&given.key(ago)]).await;
        let found = "DELETE FROM inbound_record RETURNING tableoid::regclass::text";
        given.read(found).await.remove(0)
    };
    assert_eq!(lies_in(0).await, "inbound_record_20250612");
    assert_eq!(lies_in(-WEEK).await, "inbound_record_20250619");
    assert_eq!(lies_in(WEEK).await, "inbound_record_rest");
    assert_eq!(lies_in(-3 * WEEK).await, "inbound_record_rest");
}

#[tokio::test]
async fn processes_make_one_week_at_once() {
    let given = Given::in_schema("weeks_at_once").await;
    let clock = &given.clock;
    let stores = join_all((0..4).map(|_| given.schema.open(clock))).await;
    given.clock.advance(20 * WEEK);
    let keep = since(0);
    let retained = join_all(stores.iter().map(|it| it.as_ref().unwrap().retain(&keep))).await;
    assert!(retained.into_iter().all(|more| !more.unwrap()));
    let days = ["20250612", "20250619", "20250626", "20251030", "20251106", "20251113"];
    assert_eq!(given.read::<String>(NAMES).await, named(&days));
}

#[tokio::test]
async fn a_week_that_comes_too_late_is_left() {
    let given = Given::in_schema("weeks_too_late").await;
    let insert = "INSERT INTO inbound_record VALUES (1, $1, 0, 'Lead', 'r')";
    given.run(insert, &[&given.key(-20 * WEEK)]).await;
    given.clock.advance(20 * WEEK);
    given.retain_all(&since(0)).await;
    let days = ["20250612", "20250619", "20250626", "20251030", "20251106", "20251113"];
    let mut expected = named(&days);
    expected.retain(|name| name != "inbound_record_20251030");
    assert_eq!(given.read::<String>(NAMES).await, expected);
    given.run(insert, &[&(given.key(0) + 1)]).await;
    assert_eq!(given.count("inbound_record_rest").await, 2);
}

#[tokio::test]
async fn a_log_that_is_in_use_gets_its_week_later() {
    let given = Given::in_schema("weeks_in_use").await;
    given.clock.advance(WEEK);
    given.db.batch_execute("BEGIN; SELECT FROM change").await.unwrap();
    given.retain_all(&since(0)).await;
    given.db.batch_execute("COMMIT").await.unwrap();
    let days = ["20250612", "20250619", "20250626", "20250703"];
    let mut without = named(&days);
    without.retain(|name| name != "change_20250703");
    assert_eq!(given.read::<String>(NAMES).await, without);
    given.retain_all(&since(0)).await;
    assert_eq!(given.read::<String>(NAMES).await, named(&days));
}
