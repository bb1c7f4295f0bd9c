//! What a server that only parses and answers reaches here.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;

use super::lead_posts::lead;
use super::{Bench, CONNECTIONS, QUIET_PER_SECOND, WARM_UP};
use crate::api::json_request;
use crate::bare::Bare;
use crate::client::Answer;
use crate::generator::{Load, pace, saturate};
use crate::ledger::Mark;
use crate::report::{Goal, Unit};
use crate::statistics::Sample;

/// The posts that the hub gets, without an account of them.
struct BarePosts;

impl Load for BarePosts {
    fn request(&self, number: u64, _: u64) -> Option<Request<Full<Bytes>>> {
        Some(json_request(Method::POST, "/", lead(Mark { run: 0, number }, "a@example.com")))
    }

    fn answered(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        anyhow::ensure!(
            answer.status == StatusCode::OK,
            "the bare server answers {}",
            answer.status
        );
        Ok(())
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let bare = Bare::start()?;
    let mut per_second = Vec::new();
    for _ in 0..bench.runs {
        let mut running = saturate(bare.address, CONNECTIONS, &Arc::new(BarePosts));
        running.run_for(WARM_UP).await?;
        let before = running.answered();
        running.run_for(bench.duration).await?;
        let answered = running.answered() - before;
        running.stop().await?;
        per_second.push(answered as f64 / bench.duration.as_secs_f64());
    }
    bench.report.ceiling("bare axum: parse 500 bytes of JSON, answer", per_second);

    let count = (bench.duration.as_secs_f64() * QUIET_PER_SECOND) as u64;
    let load = Arc::new(BarePosts);
    let mut medians = Vec::new();
    for _ in 0..bench.runs {
        let latencies_us = pace(bare.address, CONNECTIONS, QUIET_PER_SECOND, count, &load).await?;
        medians.push(Sample::new(latencies_us).percentile_ms(0.5));
    }
    bench.report.add("bare axum at 200/s, p50", Unit::Milliseconds, Goal::NONE, medians);
    Ok(())
}
