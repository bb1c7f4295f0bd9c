//! `turnbuckle keys`: key sets of a workspace.

use anyhow::{bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use turnbuckle_core::id::KeyId;
use turnbuckle_server::api::time::rfc3339;
use turnbuckle_server::auth::{connection_of_scope, is_scope};
use turnbuckle_server::bootstrap;
use turnbuckle_server::egress::Cidr;
use turnbuckle_store::api_key::ApiKey;

use super::arguments::Place;
use super::client::Client;
use super::data;
use super::output::{Output, cell, table};

#[derive(Subcommand)]
pub enum Command {
    /// Make a key set and print it; the secret cannot be shown again.
    Create(Create),
    /// List the key sets of a workspace.
    List(Place),
    /// End a key set at once.
    Revoke(Revoke),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    place: Place,
    /// What the key set may do: all, read, ingest, connection:ID, operator. May be repeated.
    #[arg(long = "scope", default_value = "all")]
    scopes: Vec<String>,
    /// Address range from which it may be used, e.g. 203.0.113.0/24. May be repeated.
    #[arg(long = "address")]
    addresses: Vec<String>,
    /// A note for people.
    #[arg(long, default_value = "")]
    label: String,
}

#[derive(Args)]
pub struct Revoke {
    #[command(flatten)]
    place: Place,
    /// The id of the key set, `key_…`.
    id: String,
}

pub async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create(&arguments, output).await,
        Command::List(place) => list(&place, output).await,
        Command::Revoke(arguments) => revoke(&arguments, output).await,
    }
}

async fn create(arguments: &Create, output: Output) -> anyhow::Result<()> {
    let Create { place, scopes, addresses, label } = arguments;
    let document = if place.client.is_meant(&place.data) {
        let wanted = json!({"scopes": scopes, "addresses": addresses, "label": label});
        Client::new(&place.client)?.post("/api/v1/keys", &wanted).await?
    } else {
        check(scopes, addresses)?;
        let app = data::open(&place.data).await?;
        let workspace = data::workspace(&app, &place.workspace).await?.id;
        for id in scopes.iter().filter_map(|scope| connection_of_scope(scope)) {
            let found = app.store.connection(workspace, id).await?;
            ensure!(found.is_some(), "there is no connection `{id}`");
        }
        let (scopes, addresses) = (scopes.clone(), addresses.clone());
        let made = bootstrap::create_key(&app, workspace, scopes, addresses, label.clone()).await;
        app.store.close().await;
        let (key, secret) = made?;
        let mut key = view(&key);
        key["secret"] = json!(secret.reveal());
        json!({"key": key})
    };
    print_new(&document, output)
}

/// Prints the answer that holds a new key set.
pub fn print_new(document: &Value, output: Output) -> anyhow::Result<()> {
    let key = &document["key"];
    Ok(output.answer(document, || {
        let (publishable, secret) = (cell(&key["publishable"]), cell(&key["secret"]));
        format!(
            "publishable  {publishable}\nsecret       {secret}\n\nThe secret is shown only now."
        )
    })?)
}

async fn list(place: &Place, output: Output) -> anyhow::Result<()> {
    let keys = if place.client.is_meant(&place.data) {
        Client::new(&place.client)?.list("/api/v1/keys", "keys").await?
    } else {
        let app = data::open(&place.data).await?;
        let workspace = data::workspace(&app, &place.workspace).await?.id;
        let keys = app.store.api_keys(workspace).await;
        app.store.close().await;
        keys?.iter().map(view).collect()
    };
    let row = |key: &Value| {
        ["id", "publishable", "label", "scopes", "last_used_at"].map(|name| cell(&key[name]))
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    let text = || table(["id", "publishable", "label", "scopes", "last used"], &rows);
    Ok(output.answer(&json!({"keys": keys}), text)?)
}

async fn revoke(arguments: &Revoke, output: Output) -> anyhow::Result<()> {
    let Revoke { place, id } = arguments;
    if place.client.is_meant(&place.data) {
        Client::new(&place.client)?.delete(&format!("/api/v1/keys/{id}")).await?;
    } else {
        let Ok(key) = KeyId::parse(id) else { bail!("`{id}` is not the id of a key set") };
        let app = data::open(&place.data).await?;
        let workspace = data::workspace(&app, &place.workspace).await?.id;
        let revoked = app.store.revoke_api_key(workspace, key).await;
        app.store.close().await;
        revoked?;
    }
    Ok(output.answer(&json!({"revoked": id}), || format!("revoked {id}"))?)
}

fn view(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "publishable": key.publishable,
        "label": key.label,
        "scopes": key.scopes,
        "addresses": key.addresses,
        "created_at": rfc3339(key.created_at),
        "last_used_at": key.last_used_at.map(rfc3339),
    })
}

fn check(scopes: &[String], addresses: &[String]) -> anyhow::Result<()> {
    for scope in scopes {
        ensure!(is_scope(scope), "`{scope}` is not a scope");
    }
    for address in addresses {
        address.parse::<Cidr>()?;
    }
    Ok(())
}
