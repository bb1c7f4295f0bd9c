//! `turnbuckle serve`: runs the server until it is told to stop.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;

use anyhow::Context as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use turnbuckle_server::bootstrap::FIRST_USER;
use turnbuckle_server::config::StoreAddress;
use turnbuckle_server::logging;
use turnbuckle_server::serve::{Serving, serve};

use super::arguments::ServerArguments;
use super::output::Output;

pub async fn run(arguments: &ServerArguments, output: Output) -> anyhow::Result<()> {
    let config = arguments.load()?;
    logging::start(&config.log);
    // Before anything starts, so that a signal during the start ends that too.
    let mut signals = StopSignals::listen()?;
    let shutdown = CancellationToken::new();
    let serving = tokio::select! {
        serving = serve(config, shutdown.clone()) => serving?,
        () = signals.next() => return Ok(()),
    };
    announce(&serving, output)?;
    tracing::info!(address = %serving.local_addr(), "listening");

    let mut stopped = pin!(serving.stopped());
    tokio::select! {
        ended = &mut stopped => return ended,
        () = signals.next() => {}
    }
    tracing::info!("stopping");
    shutdown.cancel();
    tokio::select! {
        ended = &mut stopped => ended,
        () = signals.next() => anyhow::bail!("told twice to stop: not everything has ended"),
    }
}

/// The address that a person on this machine can use.
pub fn base_url(serving: &Serving) -> String {
    if let Some(url) = &serving.app().config.public_url {
        return url.clone();
    }
    let mut address: SocketAddr = serving.local_addr();
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

fn announce(serving: &Serving, output: Output) -> anyhow::Result<()> {
    let url = base_url(serving);
    let config = &serving.app().config;
    let data = config.data.display().to_string();
    let database = match &config.store.address {
        StoreAddress::Embedded => None,
        StoreAddress::Postgres(address) => Some(address.to_string()),
    };
    let first = serving.first_start();
    let password = first.and_then(|first| first.password.as_ref());
    let document = json!({
        "address": serving.local_addr().to_string(),
        "url": url,
        "data": data,
        "database": database,
        "key": first.map(|it| json!({"publishable": it.publishable, "secret": it.secret.reveal()})),
        "user": password.map(|it| json!({"name": FIRST_USER, "password": it.reveal()})),
    });
    let text = || {
        let version = env!("CARGO_PKG_VERSION");
        let mut text = format!("Turnbuckle {version} listens on {}", output.bold(&url));
        if let Some(database) = &database {
            text += &format!("\n  database  {database}");
        }
        text += &format!("\n  data      {data}\n  docs      {url}/docs");
        let Some(first) = first else { return text };
        let (publishable, secret) = (&first.publishable, first.secret.reveal());
        let curl = format!("curl -u {publishable}:{secret}");
        let crm = format!("{url}/api/v1/connections/my-crm");
        if let Some(password) = password {
            text += &format!(
                "\n\nSign in at {url}/ ; the password is shown only now:\n  name      {FIRST_USER}\n  \
                 password  {}",
                password.reveal()
            );
        }
        text += &format!(
            "\n\nYour key set; the secret is shown only now:\n  publishable  {publishable}\n  secret       \
             {secret}\n\nTry it: make a CRM, then a record in it.\n  \
             {curl} -X PUT {crm} --json '{{\"context\":\"me\",\"connector\":\"native\"}}'\n  \
             {curl} {crm}/entities/Lead/records --json '{{\"data\":{{\"Contact\":\"New user\"}}}}'\n"
        );
        text
    };
    Ok(output.answer(&document, text)?)
}

/// SIGTERM and SIGINT.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    #[cfg(unix)]
    pub fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// The next signal to stop.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        // Fails only where there is no console to send one.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
