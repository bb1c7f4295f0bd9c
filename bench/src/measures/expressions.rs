//! What expressions cost: a webhook becomes a record of ten columns, by ten paths and
//! by ten expressions.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value as Json, json};

use super::{Bench, CONNECTIONS, closed_loop};
use crate::api::{Api, json_request};
use crate::client::Answer;
use crate::generator::Load;
use crate::prepare::email;
use crate::report::{Goal, Unit};
use crate::statistics::median;

/// Columns with the path of each, and an expression that comes to much the same.
const COLUMNS: [(&str, &str, &str); 10] = [
    ("Contact", "body.name", "`${body.first} ${body.last}`.trim()"),
    ("Email", "body.mail", "body.mail.toLowerCase()"),
    ("Account", "body.company.name", "body.company.name.trim()"),
    ("MobilePhone", "body.phone", "body.phone.replace(/[^0-9+]/g, '')"),
    ("FullJobTitle", "body.job", "body.job ?? 'unknown'"),
    ("CountryStr", "body.company.country", "body.company?.country?.toUpperCase()"),
    ("CityStr", "body.company.city", "body.company.city.split(',')[0]"),
    ("UtmSourceStr", "body.utm.source", "body.utm?.source || 'direct'"),
    ("UtmMediumStr", "body.utm.medium", "body.utm.medium"),
    ("Notes", "body.notes", "body.notes.slice(0, 200)"),
];

struct Posts {
    path: String,
}

impl Load for Posts {
    fn request(&self, number: u64, _: u64) -> Option<Request<Full<Bytes>>> {
        let body = json!({
            "name": "Ada Lovelace", "first": "Ada", "last": "Lovelace", "mail": email(number),
            "phone": "+1 617 555-1234", "job": "Countess", "notes": "wants an engine",
            "company": {"name": "Analytical Engines", "country": "United Kingdom", "city": "London, W1"},
            "utm": {"source": "newsletter", "medium": "email"},
        });
        Some(json_request(Method::POST, &self.path, body.to_string()))
    }

    fn answered(&self, number: u64, answer: &Answer) -> anyhow::Result<()> {
        let said = String::from_utf8_lossy(&answer.body);
        let is_it = answer.status == StatusCode::OK
            && said.contains("\"created\"")
            && said.contains("\"warnings\":[]");
        anyhow::ensure!(is_it, "post {number} was answered {}: {said}", answer.status);
        Ok(())
    }
}

pub async fn take(bench: &mut Bench) -> anyhow::Result<()> {
    let place = bench.place().await?;
    let hub = bench.start_hub(&place)?;
    let api = Api(hub.address);
    api.connect().await?;
    let columns = |source: fn(&(&str, &str, &str)) -> Json| -> Map<String, Json> {
        COLUMNS.iter().map(|it| (it.0.to_owned(), source(it))).collect()
    };
    let mut medians = Vec::new();
    for (what, columns) in [
        ("ten paths", columns(|it| json!({"path": it.1}))),
        ("ten expressions", columns(|it| json!({"expression": it.2}))),
    ] {
        let mapping = json!({"entity": "Lead", "columns": columns});
        let settings = json!({"reply": "processed", "mapping": mapping});
        let posts = Arc::new(Posts { path: api.create_source_with(settings).await? });
        let reached = closed_loop::run(bench, &hub, 4 * CONNECTIONS, &posts).await?;
        medians.push(median(reached.per_second.clone()));
        let report = &mut bench.report;
        let name = format!("webhook to record by {what}");
        report.add(name.clone(), Unit::PerSecond, Goal::NONE, reached.per_second);
        let name = format!("{name}, CPU of the hub per event");
        report.add(name, Unit::Milliseconds, Goal::NONE, reached.cpu_ms);
    }
    let times = vec![medians[0] / medians[1]];
    let what = "time by ten expressions against ten paths";
    bench.report.add(what, Unit::Times, Goal::at_most(2.0), times);
    Ok(())
}
