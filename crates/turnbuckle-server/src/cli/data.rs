//! Works on a store without a server: on a data folder that none has open, or on
//! a database that servers share.

use anyhow::{Context as _, ensure};
use turnbuckle_server::app::{App, look_at};
use turnbuckle_server::bootstrap::check_import;
use turnbuckle_server::config::StoreAddress;
use turnbuckle_store::postgres::Found;
use turnbuckle_store::workspace::Workspace;

use super::arguments::DataArguments;

/// For a command that can also talk to a server.
///
/// # Errors
/// If there is no database, or a server has it open.
pub async fn open(arguments: &DataArguments) -> anyhow::Result<App> {
    open_or(arguments, "name it: --url, --key").await
}

/// `instead` says what to do about a server that has the data folder open.
///
/// # Errors
/// If there is no database, or a server has it open.
pub async fn open_or(arguments: &DataArguments, instead: &str) -> anyhow::Result<App> {
    let app = build(arguments, instead).await?;
    if let Err(error) = check_import(&app).await {
        app.store.close().await;
        return Err(error.into());
    }
    Ok(app)
}

async fn build(arguments: &DataArguments, instead: &str) -> anyhow::Result<App> {
    let config = arguments.load()?;
    if let StoreAddress::Postgres(address) = &config.store.address {
        // Opening it would make the tables of a database that was not meant.
        let is_empty = matches!(look_at(address).await?.found, Found::Empty { .. });
        ensure!(!is_empty, "{address} is empty; `turnbuckle serve` makes its tables");
        return App::build(config).await;
    }
    let data = config.data.clone();
    ensure!(
        data.join("turnbuckle.db").exists(),
        "there is no database in {}; `turnbuckle serve` makes it",
        data.display()
    );
    App::build(config).await.with_context(|| {
        format!("cannot work on {}; if a server runs on it, {instead}", data.display())
    })
}

/// # Errors
/// If there is none of this name.
pub async fn workspace(app: &App, slug: &str) -> anyhow::Result<Workspace> {
    let found = app.store.workspace(slug).await?;
    found.with_context(|| format!("no workspace `{slug}`"))
}
