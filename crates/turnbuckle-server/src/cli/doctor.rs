//! `turnbuckle doctor`: looks for what keeps a server from running.
//!
//! It makes nothing that a server would make, neither folder nor key nor tables: what
//! is not there yet is told so. A store that is ready for use is opened as commands
//! open it.

mod store;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::net::TcpListener;
use turnbuckle_server::config::Config;
use turnbuckle_server::logging::Chain;

use super::arguments::ServerArguments;
use super::client::http_client;
use super::output::{Output, table};
use store::StoreFindings;

/// What was looked at.
struct Finding {
    check: &'static str,
    found: Found,
}

/// A sentence, or what is wrong.
type Found = anyhow::Result<String>;

pub async fn run(arguments: &ServerArguments, output: Output) -> anyhow::Result<()> {
    let config = arguments.load()?;
    let server_url = format!("http://{}", config.listen);
    let is_running = answers(&server_url).await;
    let folder = check_folder(&config.data);
    let port = check_port(&config, is_running).await;
    let StoreFindings { key_file, store, time } = store::examine(config, is_running).await;
    let findings = [
        Finding { check: "settings", found: Ok("valid".to_owned()) },
        Finding { check: "data folder", found: folder },
        Finding { check: "key file", found: key_file },
        Finding { check: "port", found: port },
        Finding { check: "store", found: store },
        Finding { check: "time", found: time },
    ];
    report(&findings, output)
}

fn report(findings: &[Finding], output: Output) -> anyhow::Result<()> {
    let tell = |finding: &Finding| match &finding.found {
        Ok(sentence) => ("ok", sentence.clone()),
        Err(error) => ("wrong", Chain(error.as_ref()).to_string()),
    };
    let document = findings.iter().map(|finding| {
        let (result, detail) = tell(finding);
        json!({"check": finding.check, "result": result, "detail": detail})
    });
    let document = json!({"findings": document.collect::<Vec<_>>()});
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| {
            let (result, detail) = tell(finding);
            [finding.check.to_owned(), result.to_owned(), detail]
        })
        .collect();
    output.answer(&document, || table(["check", "result", "found"], &rows))?;
    match findings.iter().filter(|finding| finding.found.is_err()).count() {
        0 => Ok(()),
        1 => bail!("1 thing is wrong"),
        count => bail!("{count} things are wrong"),
    }
}

fn check_folder(data: &Path) -> Found {
    if !data.exists() {
        return Ok(format!("{} will be made", data.display()));
    }
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"probe")
        .with_context(|| format!("{} cannot be written to", data.display()))?;
    fs::remove_file(&probe).with_context(|| format!("cannot remove {}", probe.display()))?;
    Ok(format!("{} can be written to", data.display()))
}

async fn check_port(config: &Config, is_running: bool) -> Found {
    if is_running {
        return Ok(format!("a server answers at {}", config.listen));
    }
    TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.listen))?;
    Ok(format!("{} is free", config.listen))
}

async fn answers(url: &str) -> bool {
    let Ok(client) = http_client(url) else { return false };
    let answer = client.get(format!("{url}/healthz")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}
