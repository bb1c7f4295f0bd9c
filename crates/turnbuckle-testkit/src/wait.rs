//! Waiting for something to become true.

use std::time::{Duration, Instant};

/// How long a condition may take on a busy machine before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(20);

/// Asks `probe` until it answers something, at most for [`PATIENCE`].
///
/// # Panics
/// When time is up, with `what` was waited for.
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, probe).await
}

/// The same with a patience of one's own.
///
/// # Panics
/// When time is up, with `what` was waited for.
pub async fn until_within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
