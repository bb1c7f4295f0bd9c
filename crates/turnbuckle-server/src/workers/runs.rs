use crate::app::App;
use tokio_util::sync::CancellationToken;

pub async fn run(_app: App, _shutdown: CancellationToken) {}
