//! `turnbuckle sources`: URLs at which others post webhooks.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::arguments::ClientArguments;
use super::client::Client;
use super::output::{Output, cell, table};

#[derive(Subcommand)]
pub enum Command {
    /// Make a source and print its URL.
    Create(Create),
    /// List the sources of the workspace.
    List(ClientArguments),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    client: ClientArguments,
    /// For people.
    name: String,
    /// The connection whose CRM is written to.
    #[arg(long)]
    connection: String,
    /// Entity that may be written; the workspace's list if none is given. May be repeated.
    #[arg(long = "entity")]
    entities: Vec<String>,
    /// When a post is answered: `accepted` once it is durable, or `processed`.
    #[arg(long, default_value = "accepted")]
    reply: String,
}

pub async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create(&arguments, output).await,
        Command::List(client) => list(&client, output).await,
    }
}

async fn create(arguments: &Create, output: Output) -> anyhow::Result<()> {
    let Create { client, name, connection, entities, reply } = arguments;
    let entities = Some(entities).filter(|entities| !entities.is_empty());
    let wanted =
        json!({"name": name, "connection": connection, "entities": entities, "reply": reply});
    let made = Client::new(client)?.post("/api/v1/sources", &wanted).await?;
    Ok(output.answer(&made, || cell(&made["source"]["url"]))?)
}

async fn list(client: &ClientArguments, output: Output) -> anyhow::Result<()> {
    let sources = Client::new(client)?.list("/api/v1/sources", "sources").await?;
    let row = |it: &Value| {
        ["id", "name", "connection", "url"].map(|name| match (name, &it[name]) {
            ("url", Value::Null) => "no key that is in force".to_owned(),
            (_, value) => cell(value),
        })
    };
    let rows: Vec<_> = sources.iter().map(row).collect();
    let text = || table(["id", "name", "connection", "url"], &rows);
    Ok(output.answer(&json!({"sources": sources}), text)?)
}
