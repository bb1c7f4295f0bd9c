//! Erases what was stored for deleted connections, behind all other work.
//!
//! Nothing waits for it: what it erases is not acted on any more since the
//! connection was deleted. What a restart cut short goes on after it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::logging::Chain;

/// How often somebody looks whether there is anything to erase. Whoever deleted
/// a connection may have gone away before saying so.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

pub async fn run(app: App, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let erased = match app.store.does_upkeep() {
            true => app.store.erase().await,
            false => Ok(false),
        };
        match erased {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(error = %Chain(&error), "could not erase, trying again in a minute");
            }
        }
        tokio::select! {
            () = app.signals.connection_deleted.notified() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
