//! Live updates by server-sent events: which lists have changed.
//!
//! A stream carries no data, only names of lists; whoever hears one reads the list again. It
//! ends after some minutes, and clients connect anew: whoever may not read any more learns it
//! then. Of what other processes on the same database do nothing is heard, so there a stream
//! names all lists every few seconds.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use serde_json::json;
use strum::VariantArray as _;
use tokio::time::{Instant, sleep, sleep_until};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::activity::{Listed, Watcher};
use crate::app::App;
use crate::auth::CanRead;
use crate::config::StoreAddress;
use crate::problem::{ApiError, Problem, ProblemBody};

/// Streams of this process.
const STREAMS_MAX: usize = 200;
/// What happens within this time is told at once.
const TOGETHER: Duration = Duration::from_millis(300);
const LASTS: Duration = Duration::from_secs(5 * 60);
/// How often all lists are named where other processes work too.
const ELSEWHERE: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream_changes_of_lists))
}

/// Tells which lists have changed, as server-sent events named `changed` whose data is
/// `{"lists":["inbound-events","changes","deliveries","function-calls"]}`. Ends after five
/// minutes; connect anew.
#[utoipa::path(
    get, path = "/api/v1/stream", tag = "stream",
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn stream_changes_of_lists(
    CanRead(caller): CanRead,
    State(app): State<App>,
) -> Result<impl IntoResponse, ApiError> {
    if STREAMS_MAX <= app.activity.watchers() {
        let detail = format!("{STREAMS_MAX} streams are open; close some");
        return Err(ApiError::new(Problem::RateLimited, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("60")));
    }
    let is_shared = !matches!(app.config.store.address, StoreAddress::Embedded);
    let watching = Watching {
        watcher: app.activity.watch(caller.workspace),
        ends_at: Instant::now() + LASTS,
        elsewhere: is_shared.then_some(ELSEWHERE),
        app,
    };
    let events = stream::unfold(watching, async |mut watching| {
        let event = watching.next().await?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    let kept = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], kept))
}

struct Watching {
    watcher: Watcher,
    ends_at: Instant,
    elsewhere: Option<Duration>,
    app: App,
}

impl Watching {
    /// `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        let elsewhere = async {
            match self.elsewhere {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let mut lists: BTreeSet<Listed> = tokio::select! {
            changed = self.watcher.next() => changed.into_iter().collect(),
            () = elsewhere => Listed::VARIANTS.iter().copied().collect(),
            () = sleep_until(self.ends_at) => return None,
            () = self.app.stopping.cancelled() => return None,
        };
        sleep(TOGETHER).await;
        lists.extend(self.watcher.known());
        Some(Event::default().event("changed").data(json!({ "lists": lists }).to_string()))
    }
}
