//! Statistics: what happened in the workspace, for charts.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use turnbuckle_core::id::UnixMs;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::statistics::{Counts, Durations, Steps};
use turnbuckle_store::statistics::MINUTE_MS;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::time::{parse_optional, parse_span, rfc3339};
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::QueryParams;
use crate::problem::{ApiError, ProblemBody};
use crate::statistics::minute_of;

/// Points of one answer.
const POINTS_MAX: usize = 500;
/// What is shown unless the caller asks otherwise.
const SHOWN_MS: UnixMs = 3_600 * 1000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_statistics))
}

/// Which time, and how finely.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct StatisticsQuery {
    /// From this time on, to the minute; an hour before `until` if not given.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before this time, to the minute; up to now if not given.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Time of one point, in whole minutes such as `1m`, `15m`, `6h` or `1d`; `1m` if not given.
    /// An answer has 500 points at most.
    #[param(pattern = "^[0-9]+[smhd]$")]
    step: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct StatisticsAnswer {
    statistics: StatisticsView,
}

/// What happened within some time.
#[derive(Serialize, ToSchema)]
struct StatisticsView {
    /// Where the first point starts.
    #[schema(format = DateTime)]
    since: String,
    /// Where the last point ends.
    #[schema(format = DateTime)]
    until: String,
    /// Time of one point. The last one is shorter where they do not come out even.
    step_ms: i64,
    total: CountsView,
    /// Oldest first, also those in which nothing happened. Counts are kept for 31 days.
    points: Vec<PointView>,
}

#[derive(Serialize, ToSchema)]
struct PointView {
    #[schema(format = DateTime)]
    starts_at: String,
    #[serde(flatten)]
    counts: CountsView,
}

#[derive(Serialize, ToSchema)]
struct CountsView {
    events: EventCounts,
    deliveries: DeliveryCounts,
    /// From the intake of an inbound event to its end.
    process_time: DurationsView,
    /// From the storing of a message to its delivery, retries included.
    delivery_time: DurationsView,
}

/// Inbound events, each counted when it happened.
#[derive(Serialize, ToSchema)]
struct EventCounts {
    received: u64,
    processed: u64,
    failed: u64,
}

#[derive(Serialize, ToSchema)]
struct DeliveryCounts {
    delivered: u64,
    /// Those that were given up.
    dead: u64,
    /// HTTP calls that failed, whether they are repeated or not.
    failed_attempts: u64,
}

/// How long it took; null where nothing was timed. Estimated: times are counted in classes.
#[derive(Serialize, ToSchema)]
struct DurationsView {
    /// Half of all were done within it.
    #[schema(required)]
    p50_ms: Option<u64>,
    #[schema(required)]
    p95_ms: Option<u64>,
    #[schema(required)]
    p99_ms: Option<u64>,
}

impl From<&Counts> for CountsView {
    fn from(it: &Counts) -> Self {
        Self {
            events: EventCounts {
                received: it.received,
                processed: it.processed,
                failed: it.failed,
            },
            deliveries: DeliveryCounts {
                delivered: it.delivered,
                dead: it.dead,
                failed_attempts: it.failed_attempts,
            },
            process_time: DurationsView::from(&it.process),
            delivery_time: DurationsView::from(&it.delivery),
        }
    }
}

impl From<&Durations> for DurationsView {
    fn from(it: &Durations) -> Self {
        let [p50_ms, p95_ms, p99_ms] = [50, 95, 99].map(|percent| it.within_ms(percent));
        Self { p50_ms, p95_ms, p99_ms }
    }
}

impl StatisticsView {
    fn of(steps: &Steps, sums: &[Counts]) -> Self {
        let mut total = Counts::default();
        sums.iter().for_each(|sum| total.add(sum));
        let at = |minute: i64| rfc3339(minute * MINUTE_MS);
        let point = |(starts_at, sum): (i64, &Counts)| PointView {
            starts_at: at(starts_at),
            counts: CountsView::from(sum),
        };
        Self {
            since: at(steps.minutes.start),
            until: at(steps.minutes.end),
            step_ms: steps.length * MINUTE_MS,
            total: CountsView::from(&total),
            points: steps.starts().zip(sums).map(point).collect(),
        }
    }
}

impl StatisticsQuery {
    fn steps(&self, now: UnixMs) -> Result<Steps, ApiError> {
        // What happens now is in it.
        let until = parse_optional("?until", self.until.as_deref())?.unwrap_or(now + 1);
        let since = parse_optional("?since", self.since.as_deref())?.unwrap_or(until - SHOWN_MS);
        if until <= since {
            return Err(invalid("?since", "is before `until`"));
        }
        let length = match self.step.as_deref() {
            None => 1,
            Some(text) => parse_span(text)
                .filter(|ms| MINUTE_MS <= *ms && ms % MINUTE_MS == 0)
                .map(minute_of)
                .ok_or_else(|| {
                    invalid("?step", "is a span of whole minutes such as 1m, 15m, 6h or 1d")
                })?,
        };
        let minutes = minute_of(since)..minute_of(until - 1) + 1;
        let steps = Steps { minutes, length };
        if POINTS_MAX < steps.count() {
            let detail = format!(
                "makes {} points of this time, {POINTS_MAX} are the most: name a longer one",
                steps.count()
            );
            return Err(invalid("?step", &detail));
        }
        Ok(steps)
    }
}

fn invalid(path: &str, detail: &str) -> ApiError {
    ApiError::invalid(vec![Invalid::new(path, detail)])
}

/// Shows what happened over time: how many events were received, processed and failed, how many
/// deliveries were accepted and given up, and how long it took. Counted as it happens, also of
/// logs that are not kept any more.
#[utoipa::path(
    get,
    path = "/api/v1/statistics",
    tag = "statistics",
    params(StatisticsQuery),
    responses(
        (status = 200, body = StatisticsAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
async fn get_statistics(
    CanRead(caller): CanRead,
    State(app): State<App>,
    QueryParams(query): QueryParams<StatisticsQuery>,
) -> Result<Json<StatisticsAnswer>, ApiError> {
    let steps = query.steps(app.now())?;
    // Taken before the store is asked: what is written meanwhile is left out there.
    let unwritten = app.statistics.unwritten(caller.workspace);
    let known: Vec<i64> = unwritten.iter().map(|row| row.id).collect();
    let mut sums = app.store.statistics(caller.workspace, &steps, &known).await?;
    for row in &unwritten {
        if let Some(step) = steps.of(row.minute) {
            sums[step].add(&row.counts);
        }
    }
    Ok(Json(StatisticsAnswer { statistics: StatisticsView::of(&steps, &sums) }))
}
