//! Counts and times requests by method, route template and status.
//!
//! The first request of a kind looks its series up; all later ones find the
//! handles under a read lock, without an allocation.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram, Key, Label, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::METADATA;
use crate::app::App;

pub const REQUESTS: &str = "turnbuckle_http_requests_total";
pub const REQUEST_SECONDS: &str = "turnbuckle_http_request_seconds";

/// Stands for every address that leads nowhere.
const NO_ROUTE: &str = "none";

/// Series by route; few kinds share a route, so that walking them is fastest.
pub struct Requests {
    recorder: PrometheusRecorder,
    by_route: RwLock<HashMap<String, Vec<Kind>>>,
}

/// Requests that end alike.
struct Kind {
    method: &'static str,
    status: StatusCode,
    count: Counter,
    seconds: Histogram,
}

impl Requests {
    pub fn new(recorder: PrometheusRecorder) -> Self {
        Self { recorder, by_route: RwLock::default() }
    }

    fn note(&self, route: &str, method: &Method, status: StatusCode, duration: Duration) {
        let method = label_of(method);
        let is_it = |kind: &&Kind| kind.method == method && kind.status == status;
        {
            let by_route = self.by_route.read().expect("no code panics holding the map");
            if let Some(kind) = by_route.get(route).and_then(|kinds| kinds.iter().find(is_it)) {
                kind.count.increment(1);
                kind.seconds.record(duration);
                return;
            }
        }
        // Two first requests at once get handles of the same series.
        let kind = self.kind(route, method, status);
        kind.count.increment(1);
        kind.seconds.record(duration);
        let mut by_route = self.by_route.write().expect("no code panics holding the map");
        let kinds = by_route.entry(route.to_owned()).or_default();
        if !kinds.iter().any(|kind| is_it(&kind)) {
            kinds.push(kind);
        }
    }

    fn kind(&self, route: &str, method: &'static str, status: StatusCode) -> Kind {
        let labels = vec![Label::new("method", method), Label::new("route", route.to_owned())];
        let seconds = Key::from_parts(REQUEST_SECONDS, labels.clone());
        let status_label = Label::new("status", status.as_str().to_owned());
        let count = Key::from_parts(REQUESTS, [labels, vec![status_label]].concat());
        Kind {
            method,
            status,
            count: self.recorder.register_counter(&count, &METADATA),
            seconds: self.recorder.register_histogram(&seconds, &METADATA),
        }
    }
}

/// A method as a label; those that callers make up share one.
fn label_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Middleware: counts and times a request, and logs it for debugging. The log
/// has the route template, not the address, which may hold keys.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let (status, duration) = (response.status(), started.elapsed());
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    app.metrics.requests.note(route, &method, status, duration);
    let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(%method, route, status = status.as_u16(), duration_us, "request answered");
    response
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let prometheus = recorder.handle();
        let requests = Requests::new(recorder);
        let note = |route, method: &str, status| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let status = StatusCode::from_u16(status).unwrap();
            requests.note(route, &method, status, Duration::from_millis(1));
        };
        note("/a/{id}", "GET", 200);
        note("/a/{id}", "GET", 200);
        note("/a/{id}", "GET", 404);
        note("/a/{id}", "MADE-UP", 405);
        note("/a/{id}", "ALSO-MADE-UP", 405);

        let text = prometheus.render();
        let check = |method: &str, status: u16, count: u64| {
            let line = format!(
                r#"{REQUESTS}{{method="{method}",route="/a/{{id}}",status="{status}"}} {count}"#
            );
            assert!(text.contains(&line), "no {line} in\n{text}");
        };
        check("GET", 200, 2);
        check("GET", 404, 1);
        check("other", 405, 2);
    }
}
