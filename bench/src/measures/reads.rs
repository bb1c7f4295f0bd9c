//! How fast one record is read through the universal API.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;

use super::{Bench, CONNECTIONS, closed_loop};
use crate::api::{Api, CONNECTION, OBJECT, request};
use crate::client::Answer;
use crate::generator::Load;
use crate::report::{Goal, Unit};

/// Reads of one record.
pub struct Reads {
    path: String,
}

impl Reads {
    /// Of a lead that is made for them.
    pub async fn of_a_lead(api: Api) -> anyhow::Result<Self> {
        let record = api.create_lead().await?;
        let path = format!("/api/v1/crm/{CONNECTION}/objects/{OBJECT}/Lead:{record}/mapping");
        Ok(Self { path })
    }
}

impl Load for Reads {
    fn request(&self, _: u64, _: u64) -> Option<Request<Full<Bytes>>> {
        Some(request(Method::GET, &self.path, Bytes::new()))
    }

    fn answered(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        anyhow::ensure!(answer.status == StatusCode::OK, "a read was answered {}", answer.status);
        Ok(())
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    let api = Api(hub.address);
    api.connect().await?;
    let reads = Arc::new(Reads::of_a_lead(api).await?);
    let reached = closed_loop::run(bench, &hub, CONNECTIONS, &reads).await?;
    let report = &mut bench.report;
    report.add(
        "universal read of a record",
        Unit::PerSecond,
        Goal::of_bare(0.5),
        reached.per_second,
    );
    report.add("universal read, p99 at saturation", Unit::Milliseconds, Goal::NONE, reached.p99_ms);
    Ok(())
}
