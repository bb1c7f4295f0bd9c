//! Statistics: what happened is counted once, whether it is written down yet or not.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::Method;
use serde_json::{Value as Json, json};
use support::{TestHub, problem};
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_server::workers;
use turnbuckle_store::clock::Clock;
use turnbuckle_testkit::{WebhookSink, wait};

const STATISTICS: &str = "/api/v1/statistics";

/// Stands until a test moves it, at first a millisecond before noon.
struct Moved(AtomicI64);

impl Moved {
    fn before_noon() -> Arc<Self> {
        let noon: jiff::Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        Arc::new(Self(AtomicI64::new(noon.as_millisecond() - 1)))
    }
}

impl Clock for Moved {
    fn now(&self) -> UnixMs {
        self.0.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        SystemClock.random()
    }
}

/// The path of a source that writes leads, whose changes go to two receivers: one takes
/// everything, the other is gone.
async fn given_source(hub: &TestHub, taking: &WebhookSink, gone: &WebhookSink) -> String {
    let connection = json!({"context": "acme", "connector": "native"});
    hub.put("/api/v1/connections/acme-crm", connection).await;
    for (sink, answer) in [(taking, 200), (gone, 410)] {
        sink.always(move |_| answer.into());
        let endpoint = json!({"url": sink.url(), "format": "standard", "scope": "changes"});
        let (status, _, body) = hub.post("/api/v1/endpoints", endpoint).await;
        assert_eq!(status, 201, "{body}");
    }
    let source = json!({"name": "form", "connection": "acme-crm", "entities": ["Lead"]});
    let (status, _, body) = hub.post("/api/v1/sources", source).await;
    assert_eq!(status, 201, "{body}");
    let url = body["source"]["url"].as_str().unwrap();
    url[url.find("/webhooks/").unwrap()..].to_owned()
}

async fn statistics(hub: &TestHub, query: &str) -> Json {
    let (status, _, body) = hub.get(&format!("{STATISTICS}?{query}")).await;
    assert_eq!(status, 200, "{body}");
    body["statistics"].clone()
}

#[tokio::test]
async fn what_happens_is_counted_once() {
    let clock = Moved::before_noon();
    let variables = [("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")];
    let hub = TestHub::start_on(clock.clone(), &variables).await;
    let shutdown = CancellationToken::new();
    let mut workers = workers::start(&hub.app, &shutdown);
    let (taking, gone) = (WebhookSink::start().await, WebhookSink::start().await);
    let path = given_source(&hub, &taking, &gone).await;
    hub.post(&path, json!({"EntityName": "Lead", "Contact": "Ada"})).await;
    hub.post(&path, json!({"EntityName": "Leed"})).await;
    let counted = wait::until("all to be counted", async || {
        let counted = statistics(&hub, "step=5m").await;
        let (events, deliveries) = (&counted["total"]["events"], &counted["total"]["deliveries"]);
        let is_all = events["received"] == 2
            && events["processed"] == 1
            && events["failed"] == 1
            && deliveries["delivered"] == 1
            && deliveries["dead"] == 1;
        is_all.then(|| counted.clone())
    })
    .await;
    assert_eq!(counted["total"]["deliveries"]["failed_attempts"], 1);
    // The clock stood still: it took no time.
    let at_once = json!({"p50_ms": 1, "p95_ms": 1, "p99_ms": 1});
    assert_eq!(counted["total"]["process_time"], at_once);
    assert!(counted["total"]["delivery_time"]["p50_ms"].is_u64());

    let points = counted["points"].as_array().unwrap();
    assert_eq!(counted["since"], "2026-11-23T11:00:00Z");
    assert_eq!(counted["until"], "2026-11-23T12:00:00Z");
    assert_eq!((points.len(), &counted["step_ms"]), (12, &json!(300_000)));
    let last = &points[11];
    assert_eq!(last["starts_at"], "2026-11-23T11:55:00Z");
    assert_eq!(last["events"], counted["total"]["events"]);
    let nothing = json!({"received": 0, "processed": 0, "failed": 0});
    assert_eq!(points[10]["events"], nothing);
    let untimed = json!({"p50_ms": null, "p95_ms": null, "p99_ms": null});
    assert_eq!(points[10]["process_time"], untimed);

    // The minute is over: the worker writes it down.
    clock.0.fetch_add(1, Ordering::SeqCst);
    wait::until("the minute to be written", async || {
        hub.app.statistics.unwritten(hub.workspace).is_empty().then_some(())
    })
    .await;
    let of_the_hour = "since=2026-11-23T11:00:00Z&until=2026-11-23T12:00:00Z&step=5m";
    assert_eq!(statistics(&hub, of_the_hour).await, counted);

    hub.post(&path, json!({"EntityName": "Leed"})).await;
    wait::until("the next to be counted", async || {
        let total = &statistics(&hub, "step=1h").await["total"]["events"];
        (*total == json!({"received": 3, "processed": 1, "failed": 2})).then_some(())
    })
    .await;
    assert_eq!(statistics(&hub, of_the_hour).await, counted, "it was in another minute");
    shutdown.cancel();
    while workers.join_next().await.is_some() {}
    workers::statistics::write_all(&hub.app).await;
    assert_eq!(hub.app.statistics.unwritten(hub.workspace), []);
    let total = &statistics(&hub, "step=1h").await["total"]["events"];
    assert_eq!(*total, json!({"received": 3, "processed": 1, "failed": 2}));

    let other = hub.app.store.create_workspace("other", "Other").await.unwrap().id;
    hub.add_key(other, "pk_other", "sk_other", &["all"]).await;
    let stranger = hub.calling_as("pk_other", "sk_other");
    let (_, _, theirs) = stranger.call(Method::GET, STATISTICS, None).await;
    assert_eq!(theirs["statistics"]["total"]["events"], nothing);
}

#[tokio::test]
async fn a_time_is_cut_into_points_that_are_few_enough() {
    let hub = TestHub::start_on(Moved::before_noon(), &[]).await;
    let check = async |query: &str, points: usize| {
        let counted = statistics(&hub, query).await;
        assert_eq!(counted["points"].as_array().unwrap().len(), points, "{query}");
    };
    check("", 60).await;
    check("since=2026-11-23T11:59:30Z", 1).await;
    check("until=2026-11-23T06:00:00Z&step=15m", 4).await;
    check("since=2026-11-01T00:00:00Z&until=2026-11-08T00:00:01Z&step=1d", 8).await;
    check("since=2026-11-01T00:00:00Z&until=2026-11-01T08:20:00Z", 500).await;
    // Before anything was counted, and after.
    check("since=0001-01-01T00:00:00Z&until=0001-01-01T01:00:00Z", 60).await;
    check("since=9998-01-01T00:00:00Z&until=9999-01-01T00:00:00Z&step=365d", 1).await;
    for (query, parameter) in [
        ("since=yesterday", "?since"),
        ("until=tomorrow", "?until"),
        ("since=2026-11-23T12:00:00Z", "?since"),
        ("since=2026-11-01T00:00:00Z&until=2026-11-01T08:21:00Z", "?step"),
        ("since=0001-01-01T00:00:00Z&until=9999-01-01T00:00:00Z&step=1d", "?step"),
        ("step=5", "?step"),
        ("step=0m", "?step"),
        ("step=90s", "?step"),
        ("step=hour", "?step"),
        ("steps=1m", "?steps"),
    ] {
        let refused = problem(&hub.get(&format!("{STATISTICS}?{query}")).await);
        let expect = (400, "invalid-request".to_owned(), vec![parameter.to_owned()]);
        assert_eq!(refused, expect, "{query}");
    }
}
