//! What the server counts and times, for Prometheus.
//!
//! Every series that a hot path touches is looked up once, when the server is
//! built, and kept here as a handle: counting is then one atomic addition. Each
//! [`Metrics`] has a recorder of its own, so that several servers in one process
//! (tests) do not add up.
//!
//! Samples of histograms gather in memory until [`Metrics::run_upkeep`] sorts
//! them into buckets; whoever serves calls it every second.
//!
//! Labels are taken from closed sets (route templates, known methods, outcomes),
//! never from what a caller sent: no request can make a new series.

mod http;

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use turnbuckle_core::id::UnixMs;
use turnbuckle_core::retry::NextStep;
use turnbuckle_store::delivery::Backlog;

pub use http::observe;

const METADATA: Metadata<'static> = Metadata::new("turnbuckle", Level::INFO, None);

/// Upper bounds of the buckets of every histogram, in seconds.
const BUCKETS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    60.0, 3600.0,
];

const INBOUND_EVENTS: &str = "turnbuckle_inbound_events_total";
const REFUSED_POSTS: &str = "turnbuckle_refused_posts_total";
const CHANGES: &str = "turnbuckle_changes_total";
const MESSAGES: &str = "turnbuckle_messages_total";
const DELIVERIES: &str = "turnbuckle_deliveries_total";
const ATTEMPTS: &str = "turnbuckle_attempts_total";
const ATTEMPT_SECONDS: &str = "turnbuckle_attempt_seconds";
const PROCESS_SECONDS: &str = "turnbuckle_process_seconds";
const DELIVERY_SECONDS: &str = "turnbuckle_delivery_seconds";
const NEW_EVENTS: &str = "turnbuckle_new_events";
const UNMATCHED_CHANGES: &str = "turnbuckle_unmatched_changes";
const DUE_DELIVERIES: &str = "turnbuckle_due_deliveries";
const FUNCTION_CALLS_LEFT_OUT: &str = "turnbuckle_function_calls_left_out_total";
const OLDEST_DUE_SECONDS: &str = "turnbuckle_oldest_due_seconds";

/// The series of one server.
pub struct Metrics {
    prometheus: PrometheusHandle,
    events_new: Counter,
    events_done: Counter,
    events_failed: Counter,
    refused_posts: Counter,
    changes: Counter,
    messages: Counter,
    deliveries_delivered: Counter,
    deliveries_dead: Counter,
    attempts_delivered: Counter,
    attempts_failed: Counter,
    function_calls_left_out: Counter,
    attempt_seconds: Histogram,
    process_seconds: Histogram,
    delivery_seconds: Histogram,
    new_events: Gauge,
    unmatched_changes: Gauge,
    due_deliveries: Gauge,
    oldest_due_seconds: Gauge,
    requests: http::Requests,
}

impl Default for Metrics {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .expect("there are buckets")
            .build_recorder();
        describe(&recorder);
        let counter = |name, labels: &[(&'static str, &'static str)]| {
            let labels: Vec<Label> = labels.iter().map(Label::from).collect();
            recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
        };
        let gauge = |name| recorder.register_gauge(&Key::from_static_name(name), &METADATA);
        let histogram = |name| recorder.register_histogram(&Key::from_static_name(name), &METADATA);
        Self {
            prometheus: recorder.handle(),
            events_new: counter(INBOUND_EVENTS, &[("status", "new")]),
            events_done: counter(INBOUND_EVENTS, &[("status", "done")]),
            events_failed: counter(INBOUND_EVENTS, &[("status", "failed")]),
            refused_posts: counter(REFUSED_POSTS, &[]),
            changes: counter(CHANGES, &[]),
            messages: counter(MESSAGES, &[]),
            deliveries_delivered: counter(DELIVERIES, &[("outcome", "delivered")]),
            deliveries_dead: counter(DELIVERIES, &[("outcome", "dead")]),
            attempts_delivered: counter(ATTEMPTS, &[("outcome", "delivered")]),
            attempts_failed: counter(ATTEMPTS, &[("outcome", "failed")]),
            function_calls_left_out: counter(FUNCTION_CALLS_LEFT_OUT, &[]),
            attempt_seconds: histogram(ATTEMPT_SECONDS),
            process_seconds: histogram(PROCESS_SECONDS),
            delivery_seconds: histogram(DELIVERY_SECONDS),
            new_events: gauge(NEW_EVENTS),
            unmatched_changes: gauge(UNMATCHED_CHANGES),
            due_deliveries: gauge(DUE_DELIVERIES),
            oldest_due_seconds: gauge(OLDEST_DUE_SECONDS),
            requests: http::Requests::new(recorder),
        }
    }
}

impl Metrics {
    /// An inbound event was stored and answered.
    pub fn inbound_accepted(&self) {
        self.events_new.increment(1);
    }

    /// Inbound events were processed.
    pub fn events_finished(&self, done: usize, failed: usize) {
        self.events_done.increment(done as u64);
        self.events_failed.increment(failed as u64);
    }

    /// A post was refused because its sender could not be verified.
    pub fn post_refused(&self) {
        self.refused_posts.increment(1);
    }

    /// Calls of functions were not logged: more came than could be written.
    pub fn function_calls_left_out(&self, count: usize) {
        self.function_calls_left_out.increment(count as u64);
    }

    /// How long an inbound event took from intake to its outcome.
    pub fn event_processed(&self, age: Duration) {
        self.process_seconds.record(age);
    }

    pub fn changes_matched(&self, count: usize) {
        self.changes.increment(count as u64);
    }

    pub fn messages_stored(&self, count: usize) {
        self.messages.increment(count as u64);
    }

    /// One HTTP call of a delivery took `duration` and ended in `next`; `age` is
    /// how long ago its message was stored.
    pub fn attempt(&self, next: &NextStep, duration: Duration, age: Duration) {
        self.attempt_seconds.record(duration);
        match next {
            NextStep::Delivered => {
                self.attempts_delivered.increment(1);
                self.deliveries_delivered.increment(1);
                self.delivery_seconds.record(age);
            }
            NextStep::RetryIn(_) => self.attempts_failed.increment(1),
            NextStep::GiveUp(_) => {
                self.attempts_failed.increment(1);
                self.deliveries_dead.increment(1);
            }
        }
    }

    /// Sorts samples into buckets.
    pub fn run_upkeep(&self) {
        self.prometheus.run_upkeep();
    }

    /// Everything as text, with what waits in the store at `now`.
    pub fn set_backlog(&self, backlog: &Backlog, now: UnixMs) {
        let oldest_ms = backlog.oldest_due_at.map_or(0, |at| (now - at).max(0));
        self.new_events.set(backlog.new_events as f64);
        self.unmatched_changes.set(backlog.unmatched_changes as f64);
        self.due_deliveries.set(backlog.due_deliveries as f64);
        self.oldest_due_seconds.set(oldest_ms as f64 / 1_000.0);
    }

    pub fn render(&self) -> String {
        self.prometheus.render()
    }
}

fn describe(recorder: &PrometheusRecorder) {
    let counters = [
        (INBOUND_EVENTS, "Inbound events by the status they reached."),
        (REFUSED_POSTS, "Posts whose sender could not be verified."),
        (CHANGES, "Changes of records that were matched against subscriptions."),
        (MESSAGES, "Messages stored for endpoints."),
        (DELIVERIES, "Deliveries that ended, by outcome."),
        (ATTEMPTS, "HTTP calls of deliveries, by outcome."),
        (FUNCTION_CALLS_LEFT_OUT, "Calls of functions that are not in their log."),
        (http::REQUESTS, "Requests answered, by method, route and status."),
    ];
    let histograms = [
        (ATTEMPT_SECONDS, "How long the HTTP calls of deliveries took."),
        (PROCESS_SECONDS, "From the intake of an inbound event to its outcome."),
        (DELIVERY_SECONDS, "From the storing of a message to its delivery, retries included."),
        (http::REQUEST_SECONDS, "How long requests took, by method and route."),
    ];
    let gauges = [
        (NEW_EVENTS, "Inbound events that wait to be processed."),
        (UNMATCHED_CHANGES, "Changes that wait to be matched."),
        (DUE_DELIVERIES, "Deliveries that are due."),
        (OLDEST_DUE_SECONDS, "For how long the longest overdue delivery has been due."),
    ];
    for (name, sentence) in counters {
        recorder.describe_counter(KeyName::from_const_str(name), None, sentence.into());
    }
    for (name, sentence) in histograms {
        recorder.describe_histogram(KeyName::from_const_str(name), None, sentence.into());
    }
    for (name, sentence) in gauges {
        recorder.describe_gauge(KeyName::from_const_str(name), None, sentence.into());
    }
}

#[cfg(test)]
mod tests {
    use turnbuckle_core::retry::GiveUpReason;

    use super::*;

    /// The value of the series whose line starts with `series`.
    #[track_caller]
    fn check(text: &str, series: &str, expect: &str) {
        let line = text.lines().find(|line| line.starts_with(series));
        let line = line.unwrap_or_else(|| panic!("no series {series} in\n{text}"));
        assert_eq!(line.rsplit(' ').next(), Some(expect), "{line}");
    }

    #[test]
    fn everything_counted_is_rendered() {
        let metrics = Metrics::default();
        metrics.inbound_accepted();
        metrics.events_finished(2, 1);
        metrics.event_processed(Duration::from_millis(3));
        metrics.post_refused();
        metrics.function_calls_left_out(3);
        metrics.changes_matched(4);
        metrics.messages_stored(5);
        let (call, age) = (Duration::from_millis(7), Duration::from_millis(30));
        metrics.attempt(&NextStep::Delivered, call, age);
        metrics.attempt(&NextStep::RetryIn(call), call, age);
        metrics.attempt(&NextStep::GiveUp(GiveUpReason::EndpointGone), call, age);
        metrics.run_upkeep();

        let backlog = Backlog {
            new_events: 6,
            unmatched_changes: 7,
            due_deliveries: 8,
            oldest_due_at: Some(1_000),
        };
        metrics.set_backlog(&backlog, 3_500);
        let text = metrics.render();
        check(&text, r#"turnbuckle_inbound_events_total{status="new"}"#, "1");
        check(&text, r#"turnbuckle_inbound_events_total{status="done"}"#, "2");
        check(&text, r#"turnbuckle_inbound_events_total{status="failed"}"#, "1");
        check(&text, "turnbuckle_process_seconds_count", "1");
        check(&text, r#"turnbuckle_process_seconds_bucket{le="0.0025"}"#, "0");
        check(&text, r#"turnbuckle_process_seconds_bucket{le="0.005"}"#, "1");
        check(&text, "turnbuckle_refused_posts_total", "1");
        check(&text, "turnbuckle_function_calls_left_out_total", "3");
        check(&text, "turnbuckle_changes_total", "4");
        check(&text, "turnbuckle_messages_total", "5");
        check(&text, r#"turnbuckle_deliveries_total{outcome="delivered"}"#, "1");
        check(&text, r#"turnbuckle_deliveries_total{outcome="dead"}"#, "1");
        check(&text, r#"turnbuckle_attempts_total{outcome="delivered"}"#, "1");
        check(&text, r#"turnbuckle_attempts_total{outcome="failed"}"#, "2");
        check(&text, "turnbuckle_attempt_seconds_count", "3");
        check(&text, "turnbuckle_delivery_seconds_count", "1");
        check(&text, "turnbuckle_new_events", "6");
        check(&text, "turnbuckle_unmatched_changes", "7");
        check(&text, "turnbuckle_due_deliveries", "8");
        check(&text, "turnbuckle_oldest_due_seconds", "2.5");
    }

    #[test]
    fn a_server_without_traffic_shows_its_counters_at_zero() {
        let text = Metrics::default().render();
        check(&text, r#"turnbuckle_deliveries_total{outcome="dead"}"#, "0");
        check(&text, "turnbuckle_oldest_due_seconds", "0");
    }
}
