//! `turnbuckle workspaces`: the workspaces of an installation.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use turnbuckle_core::id::check_slug;
use turnbuckle_server::api::time::rfc3339;
use turnbuckle_server::app::App;
use turnbuckle_server::bootstrap;
use turnbuckle_store::workspace::Workspace;

use super::arguments::{ClientArguments, DataArguments};
use super::client::Client;
use super::output::{Output, cell, table};
use super::{data, keys};

#[derive(Subcommand)]
pub enum Command {
    /// Make a workspace with a first key set, and print that.
    Create(Create),
    /// List all workspaces.
    List(Place),
}

/// Where the installation is.
#[derive(Args)]
pub struct Place {
    /// With a key set that has the scope `operator`.
    #[command(flatten)]
    client: ClientArguments,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    place: Place,
    /// Its public name: lower-case letters, digits and hyphens.
    slug: String,
    /// Its name for people; the slug if not given.
    #[arg(long)]
    label: Option<String>,
}

pub async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create(&arguments, output).await,
        Command::List(place) => list(&place, output).await,
    }
}

async fn create(arguments: &Create, output: Output) -> anyhow::Result<()> {
    let Create { place, slug, label } = arguments;
    let label = label.as_deref().unwrap_or(slug);
    let document = if place.client.is_meant(&place.data) {
        let wanted = json!({"slug": slug, "label": label});
        Client::new(&place.client)?.post("/api/v1/workspaces", &wanted).await?
    } else {
        check_slug("slug", slug)?;
        let app = data::open(&place.data).await?;
        let made = make(&app, slug, label).await;
        app.store.close().await;
        made?
    };
    keys::print_new(&document, output)
}

async fn make(app: &App, slug: &str, label: &str) -> anyhow::Result<Value> {
    let workspace = app.store.create_workspace(slug, label).await?;
    let scopes = vec!["all".to_owned()];
    let label = "First key".to_owned();
    let (key, secret) = bootstrap::create_key(app, workspace.id, scopes, Vec::new(), label)
        .await
        .context("the workspace was made, but no key set for it")?;
    Ok(json!({
        "workspace": view(&workspace),
        "key": {"id": key.id.to_string(), "publishable": key.publishable, "secret": secret.reveal()},
    }))
}

async fn list(place: &Place, output: Output) -> anyhow::Result<()> {
    let workspaces = if place.client.is_meant(&place.data) {
        Client::new(&place.client)?.list("/api/v1/workspaces", "workspaces").await?
    } else {
        let app = data::open(&place.data).await?;
        let workspaces = app.store.workspaces().await;
        app.store.close().await;
        workspaces?.iter().map(view).collect()
    };
    let row = |it: &Value| ["slug", "label", "created_at"].map(|name| cell(&it[name]));
    let rows: Vec<_> = workspaces.iter().map(row).collect();
    let text = || table(["slug", "label", "created"], &rows);
    Ok(output.answer(&json!({"workspaces": workspaces}), text)?)
}

fn view(workspace: &Workspace) -> Value {
    json!({
        "slug": workspace.slug,
        "label": workspace.label,
        "created_at": rfc3339(workspace.created_at),
    })
}
