//! `turnbuckle doctor`: looks for what keeps a server from running, without
//! changing anything a running one uses.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::net::TcpListener;
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::app::App;
use turnbuckle_server::bootstrap::check_import;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_server::config::{Config, StoreAddress};
use turnbuckle_server::logging::Chain;
use turnbuckle_server::seal::key_file;
use turnbuckle_store::clock::Clock as _;

use super::arguments::ServerArguments;
use super::client::http_client;
use super::output::{Output, table};

/// No clock that is right is before this: 2026-01-01.
const EARLIEST: UnixMs = 1_767_225_600_000;
/// How far the newest thing stored may lie ahead of the clock.
const AHEAD_MAX_MS: UnixMs = 2_000;

/// What was looked at, and what was found: a sentence, or what is wrong.
struct Finding {
    check: &'static str,
    found: anyhow::Result<String>,
}

pub async fn run(arguments: &ServerArguments, output: Output) -> anyhow::Result<()> {
    let config = arguments.load()?;
    let server_url = format!("http://{}", config.listen);
    let is_running = answers(&server_url).await;
    let mut findings = vec![
        Finding { check: "settings", found: Ok("valid".to_owned()) },
        Finding { check: "data folder", found: check_folder(&config.data) },
        Finding { check: "key file", found: check_key_file(&config.data) },
        Finding { check: "port", found: check_port(&config, is_running).await },
    ];
    let (store, time) = check_store(config, is_running).await;
    findings.push(Finding { check: "store", found: store });
    findings.push(Finding { check: "time", found: time });
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

fn check_folder(data: &Path) -> anyhow::Result<String> {
    if !data.exists() {
        return Ok(format!("{} will be made", data.display()));
    }
    let probe = data.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"probe")
        .with_context(|| format!("{} cannot be written to", data.display()))?;
    fs::remove_file(&probe).with_context(|| format!("cannot remove {}", probe.display()))?;
    Ok(format!("{} can be written to", data.display()))
}

fn check_key_file(data: &Path) -> anyhow::Result<String> {
    match key_file::load(data)? {
        Some(sealer) => Ok(format!("holds key {}", sealer.key_id())),
        None if data.join("turnbuckle.db").exists() => {
            bail!("there is a database but no {}; restore it from a backup", key_file::FILE_NAME)
        }
        None => Ok("will be made".to_owned()),
    }
}

async fn check_port(config: &Config, is_running: bool) -> anyhow::Result<String> {
    if is_running {
        return Ok(format!("a server answers at {}", config.listen));
    }
    TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.listen))?;
    Ok(format!("{} is free", config.listen))
}

/// The store, and the clock against what is in the store.
async fn check_store(
    config: Config,
    is_running: bool,
) -> (anyhow::Result<String>, anyhow::Result<String>) {
    let without = |found: &str| (Ok(found.to_owned()), check_clock(SystemClock.now(), None));
    let is_embedded = config.store.address == StoreAddress::Embedded;
    if is_embedded && !config.data.join("turnbuckle.db").exists() {
        return without("will be made");
    }
    // Opening would make a new key, with which nothing of the old opens.
    if is_embedded && !matches!(key_file::load(&config.data), Ok(Some(_))) {
        return without("not looked at without its key file");
    }
    match App::build(config).await {
        // Its lock is the server's.
        Err(_) if is_embedded && is_running => without("open in the running server"),
        Err(error) => (Err(error), check_clock(SystemClock.now(), None)),
        Ok(app) => {
            let used = check_used(&app).await;
            // Ids rise with what is stored, also where the clock fell back.
            let newest = app.mint().millis();
            let time = check_clock(app.now(), Some(newest));
            app.store.close().await;
            (used, time)
        }
    }
}

/// Whether a server could use the store.
async fn check_used(app: &App) -> anyhow::Result<String> {
    check_import(app).await?;
    app.store.check_health().await?;
    Ok("can be written to".to_owned())
}

fn check_clock(now: UnixMs, newest: Option<UnixMs>) -> anyhow::Result<String> {
    if now < EARLIEST {
        bail!("the clock of this machine is years behind");
    }
    match newest.map(|newest| newest - now) {
        Some(ahead_ms) if AHEAD_MAX_MS < ahead_ms => {
            bail!("the clock is {} s behind the newest thing stored", ahead_ms / 1_000)
        }
        _ => Ok("the clock is plausible".to_owned()),
    }
}

async fn answers(url: &str) -> bool {
    let Ok(client) = http_client(url) else { return false };
    let answer = client.get(format!("{url}/healthz")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_the_store_is_found() {
        let check = |now, newest, is_right| {
            assert_eq!(check_clock(now, newest).is_ok(), is_right, "{now} {newest:?}");
        };
        check(EARLIEST, None, true);
        check(0, None, false);
        check(EARLIEST, Some(EARLIEST + AHEAD_MAX_MS), true);
        check(EARLIEST, Some(EARLIEST + AHEAD_MAX_MS + 1), false);
    }
}
