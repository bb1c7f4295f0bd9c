//! `turnbuckle export` and `turnbuckle import`: carry everything from one store to
//! another, of either kind. No server may use either store meanwhile.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use turnbuckle_server::app::App;
use turnbuckle_server::bootstrap::{BootstrapError, claim_seal_key};
use turnbuckle_server::seal::key_file;
use turnbuckle_store::transfer::{
    Bounds, Manifest, Progress, Step, TABLES, Transfer, TransferError, check_export, export, import,
};

use super::arguments::DataArguments;
use super::data;
use super::output::Output;

#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    data: DataArguments,
    /// Folder to write; made if it is not there. One that was begun is gone on with.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    data: DataArguments,
    /// Folder that `turnbuckle export` wrote.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
}

pub async fn export_to(arguments: &Export, output: Output) -> anyhow::Result<()> {
    let Export { data, to } = arguments;
    let app = data::open_or(data, "stop it").await?;
    let exported = async {
        claim_seal_key(&app).await?;
        let begun_at = Timestamp::from_millisecond(app.now()).context("the clock is wrong")?;
        let seal_key = app.sealer.key_id().to_string();
        let on_progress = &mut |progress| show_progress(progress, output);
        let bounds = Bounds::default();
        let transfer = Transfer { folder: to, seal_key: &seal_key, bounds, on_progress };
        anyhow::Ok(export(app.store.as_ref(), begun_at, transfer).await?)
    };
    let exported = exported.await;
    app.store.close().await;
    let exported = exported?;
    let text = || {
        format!(
            "Exported {} rows of {} tables into {}. Secrets in them are sealed with key {}: copy \
             seal.key into the data folder of whoever imports them.",
            rows(&exported),
            TABLES.len(),
            to.display(),
            exported.seal_key
        )
    };
    Ok(output.answer(&document(&exported), text)?)
}

pub async fn import_from(arguments: &Import, output: Output) -> anyhow::Result<()> {
    let Import { data, from } = arguments;
    let config = data.load()?;
    // Before the store is opened, which makes it, and a key with it.
    let held = key_file::load(&config.data)?.map(|sealer| sealer.key_id().to_string());
    let seal_key = held.as_deref().unwrap_or_default();
    let (on_progress, bounds) =
        (&mut |progress| show_progress(progress, output), Bounds::default());
    let mut transfer = Transfer { folder: from, seal_key, bounds, on_progress };
    let checked = check_export(&mut transfer)?;
    let app = App::build(config).await.map_err(|error| match error.downcast_ref() {
        // The key is right, since it is that of the export: the store is not.
        Some(BootstrapError::OtherSealKey { .. }) => TransferError::NotEmpty.into(),
        _ => error,
    })?;
    let imported = import(app.store.as_ref(), checked, transfer).await;
    app.store.close().await;
    let imported = imported?;
    let text = || {
        let (rows, tables) = (rows(&imported), TABLES.len());
        format!("Imported {rows} rows of {tables} tables; all are there as they were exported.")
    };
    Ok(output.answer(&document(&imported), text)?)
}

fn rows(manifest: &Manifest) -> u64 {
    manifest.tables.values().map(|sum| sum.rows).sum()
}

fn document(manifest: &Manifest) -> Value {
    let tables = manifest.tables.iter();
    let tables = tables.map(
        |(name, sum)| json!({"name": name, "rows": sum.rows, "checksum": sum.checksum.to_string()}),
    );
    json!({"seal_key": manifest.seal_key, "tables": tables.collect::<Vec<_>>()})
}

/// A table on each line of the terminal.
fn show_progress(progress: Progress, output: Output) {
    if output.is_json() || !std::io::stderr().is_terminal() {
        return;
    }
    let Progress { step, table, rows, is_table_done } = progress;
    let step = match step {
        Step::Export => "exporting",
        Step::Check => "checking",
        Step::Import => "importing",
        Step::Compare => "comparing",
    };
    let end = if is_table_done { "\n" } else { "" };
    eprint!("\r{step} {:20} {rows:>12} rows{end}", table.name);
    // A line that is late is no failure.
    let _ = std::io::stderr().flush();
}
