//! Works on a data folder that no server has open.

use anyhow::{Context as _, ensure};
use turnbuckle_server::app::App;
use turnbuckle_store::workspace::Workspace;

use super::arguments::DataArguments;

/// # Errors
/// If there is no database, or a server has it open.
pub fn open(arguments: &DataArguments) -> anyhow::Result<App> {
    let config = arguments.load()?;
    let data = config.data.clone();
    ensure!(
        data.join("turnbuckle.db").exists(),
        "there is no database in {}; `turnbuckle serve` makes it",
        data.display()
    );
    App::build(config).with_context(|| {
        format!("cannot work on {}; if a server runs on it, name it: --url, --key", data.display())
    })
}

/// # Errors
/// If there is none of this name.
pub async fn workspace(app: &App, slug: &str) -> anyhow::Result<Workspace> {
    let found = app.store.workspace(slug).await?;
    found.with_context(|| format!("no workspace `{slug}`"))
}
