//! `turnbuckle functions`: scripts in versions, tried, published and looked after.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};

use super::arguments::ClientArguments;
use super::client::Client;
use super::output::{Output, cell, table};

#[derive(Subcommand)]
pub enum Command {
    /// List the functions of the workspace.
    List(ClientArguments),
    /// Show a function with its URLs, or the script of a version.
    Show(Show),
    /// Save a script as the draft of a function.
    Save(Save),
    /// Run a version on a request and show what happens inside.
    Try(Try),
    /// Give a version to the callers of the production URL.
    Publish(Publish),
    /// Publish the version before the published one, or an earlier one.
    Rollback(Publish),
    /// List the calls of a function by URL, newest first, or show one.
    Calls(Calls),
}

#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    client: ClientArguments,
    name: String,
    /// Print the script of this version.
    #[arg(long)]
    version: Option<i64>,
}

#[derive(Args)]
pub struct Save {
    #[command(flatten)]
    client: ClientArguments,
    /// The script, which defines `handler`.
    file: PathBuf,
    /// The function; otherwise it is called like the file.
    #[arg(long)]
    name: Option<String>,
    /// Whether it has URLs; as it is unless given, at first not.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    rest_api: Option<bool>,
    /// The connection that `zoho.crm` means; as it is unless given.
    #[arg(long)]
    connection: Option<String>,
    /// An argument that callers may send; as they are unless given. May be repeated.
    #[arg(long = "argument")]
    arguments: Vec<String>,
}

#[derive(Args)]
pub struct Try {
    #[command(flatten)]
    client: ClientArguments,
    name: String,
    /// The version; otherwise the draft.
    #[arg(long)]
    version: Option<i64>,
    /// The body of the request.
    #[arg(long)]
    body: Option<String>,
    /// A file with the body of the request.
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    body_file: Option<PathBuf>,
    /// The method of the request; POST unless given.
    #[arg(long)]
    method: Option<String>,
    /// What stands behind `?` in the address.
    #[arg(long)]
    query: Option<String>,
    /// A header, `name: value`. May be repeated.
    #[arg(long = "header")]
    headers: Vec<String>,
    /// The request of this inbound event, `in_…`.
    #[arg(long, conflicts_with_all = ["body", "body_file", "method", "query", "headers"])]
    event: Option<String>,
}

#[derive(Args)]
pub struct Publish {
    #[command(flatten)]
    client: ClientArguments,
    name: String,
    version: Option<i64>,
}

#[derive(Args)]
pub struct Calls {
    #[command(flatten)]
    client: ClientArguments,
    name: String,
    /// The call to show, `call_…`.
    call: Option<String>,
    /// Only those that failed.
    #[arg(long, conflicts_with = "call")]
    failed: bool,
    /// How many to list.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
}

pub async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::List(client) => list(&client, output).await,
        Command::Show(arguments) => show(&arguments, output).await,
        Command::Save(arguments) => save(&arguments, output).await,
        Command::Try(arguments) => attempt(&arguments, output).await,
        Command::Publish(arguments) => publish(&arguments, output).await,
        Command::Rollback(arguments) => roll_back(&arguments, output).await,
        Command::Calls(arguments) => calls(&arguments, output).await,
    }
}

/// Where a function is; a name that could not be one would be another path.
fn path(name: &str) -> anyhow::Result<String> {
    turnbuckle_core::function::check_name(name)
        .map_err(|must| anyhow::anyhow!("the name of a function {must}"))?;
    Ok(format!("/api/v1/functions/{name}"))
}

async fn list(client: &ClientArguments, output: Output) -> anyhow::Result<()> {
    let functions = Client::new(client)?.list("/api/v1/functions", "functions").await?;
    const COLUMNS: [&str; 5] =
        ["name", "draft_version", "published_version", "rest_api", "connection"];
    let rows: Vec<_> = functions.iter().map(|it| COLUMNS.map(|name| cell(&it[name]))).collect();
    let headings = ["name", "draft", "published", "rest_api", "connection"];
    Ok(output.answer(&json!({"functions": functions}), || table(headings, &rows))?)
}

async fn show(arguments: &Show, output: Output) -> anyhow::Result<()> {
    let Show { client, name, version } = arguments;
    let (client, path) = (Client::new(client)?, path(name)?);
    match version {
        Some(number) => {
            let shown = client.get(&format!("{path}/versions/{number}")).await?;
            let script = || cell(&shown["version"]["source"]).trim_end().to_owned();
            Ok(output.answer(&shown, script)?)
        }
        None => {
            let shown = client.get(&path).await?;
            Ok(output.answer(&shown, || facts(&shown["function"]))?)
        }
    }
}

/// A function, a fact on each line.
fn facts(function: &Value) -> String {
    let urls = &function["urls"];
    let facts = [
        ("name", cell(&function["name"])),
        ("draft", cell(&function["draft_version"])),
        ("published", cell(&function["published_version"])),
        ("connection", cell(&function["connection"])),
        ("sandbox", cell(&urls["sandbox"])),
        ("production", cell(&urls["production"]) + &cell(&urls["zapikey"])),
    ];
    let lines = facts.iter().filter(|(_, fact)| !fact.is_empty());
    lines.map(|(name, fact)| format!("{name:<12}{fact}")).collect::<Vec<_>>().join("\n")
}

async fn save(arguments: &Save, output: Output) -> anyhow::Result<()> {
    let Save { client, file, name, rest_api, connection, arguments } = arguments;
    let name = match (name, file.file_stem().and_then(|stem| stem.to_str())) {
        (Some(name), _) => name,
        (None, Some(stem)) => stem,
        (None, None) => bail!("say by --name what the function is called"),
    };
    let (client, path) = (Client::new(client)?, path(name)?);
    let mut document = json!({"source": read(file)?});
    if let Some(there) = client.find(&path).await? {
        let there = &there["function"];
        let version = format!("{path}/versions/{}", there["draft_version"]);
        let draft = client.get(&version).await?;
        document["arguments"] = draft["version"]["arguments"].clone();
        document["rest_api"] = there["rest_api"].clone();
        document["connection"] = there["connection"].clone();
    }
    if let Some(rest_api) = rest_api {
        document["rest_api"] = json!(rest_api);
    }
    if let Some(connection) = connection {
        document["connection"] = json!(connection);
    }
    if !arguments.is_empty() {
        document["arguments"] = json!(arguments);
    }
    let (_, saved) = client.call(Method::PUT, &path, Some(&document)).await?;
    Ok(output.answer(&saved, || facts(&saved["function"]))?)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

async fn attempt(arguments: &Try, output: Output) -> anyhow::Result<()> {
    let path = path(&arguments.name)?;
    let tried = tried(arguments)?;
    let answer = Client::new(&arguments.client)?.post(&format!("{path}/try"), &tried).await?;
    output.answer(&answer, || {
        let output_or_answer = match &answer["result"] {
            Value::Null => None,
            result => Some(format!("result  {result}")),
        };
        let lines = inside(&answer).into_iter().chain(output_or_answer);
        lines
            .chain([format!("took    {} ms", answer["duration_ms"])])
            .collect::<Vec<_>>()
            .join("\n")
    })?;
    match &answer["error"] {
        Value::Null => Ok(()),
        error => bail!("the function failed: {}", failure(error)),
    }
}

/// What a trial is asked for.
fn tried(arguments: &Try) -> anyhow::Result<Value> {
    let Try { version, body, body_file, method, query, headers, event, .. } = arguments;
    if let Some(event) = event {
        return Ok(json!({"version": version, "event": event}));
    }
    let body = match body_file {
        Some(file) => Some(read(file)?),
        None => body.clone(),
    };
    let mut named = Map::new();
    for header in headers {
        let (name, value) = header.split_once(':').context("a header is `name: value`")?;
        named.insert(name.trim().to_owned(), json!(value.trim()));
    }
    let query = query.as_deref().unwrap_or_default();
    let request = json!({"method": method, "query": query, "headers": named, "body": body});
    Ok(json!({"version": version, "request": request}))
}

/// What a call logged and asked of the hub, a line each.
fn inside(call: &Value) -> Vec<String> {
    let list = |name: &str| call[name].as_array().cloned().unwrap_or_default();
    let logs = list("logs").into_iter().map(|line| format!("log     {}", cell(&line)));
    let asked = list("host_calls").into_iter().map(|asked| {
        let outcome = match &asked["error"] {
            Value::Null => String::new(),
            error => format!(": {}", cell(error)),
        };
        format!("asked   {}, {} ms{outcome}", cell(&asked["name"]), asked["duration_ms"])
    });
    logs.chain(asked).collect()
}

/// An error of a script, on one line.
fn failure(error: &Value) -> String {
    let place = match (&error["line"], &error["column"]) {
        (Value::Null, _) | (_, Value::Null) => String::new(),
        (line, column) => format!("line {line}, column {column}: "),
    };
    format!("{place}{}: {}", cell(&error["name"]), cell(&error["message"]))
}

async fn publish(arguments: &Publish, output: Output) -> anyhow::Result<()> {
    let Publish { client, name, version } = arguments;
    let client = Client::new(client)?;
    let number = match version {
        Some(number) => json!(number),
        None => client.get(&path(name)?).await?["function"]["draft_version"].clone(),
    };
    give(&client, name, &number, output).await
}

async fn roll_back(arguments: &Publish, output: Output) -> anyhow::Result<()> {
    let Publish { client, name, version } = arguments;
    let client = Client::new(client)?;
    let published = client.get(&path(name)?).await?["function"]["published_version"].as_i64();
    let published = published.context("no version is published")?;
    let number = version.unwrap_or(published - 1);
    ensure!(0 < number, "there is no version before the first");
    ensure!(number < published, "version {number} is not before the published one, {published}");
    give(&client, name, &json!(number), output).await
}

async fn give(client: &Client, name: &str, number: &Value, output: Output) -> anyhow::Result<()> {
    let path = format!("{}/publish", path(name)?);
    let published = client.post(&path, &json!({"version": number})).await?;
    Ok(output.answer(&published, || format!("version {number} of {name} is published"))?)
}

async fn calls(arguments: &Calls, output: Output) -> anyhow::Result<()> {
    let Calls { client, name, call, failed, limit } = arguments;
    let (client, path) = (Client::new(client)?, format!("{}/calls", path(name)?));
    const COLUMNS: [&str; 6] = ["at", "id", "version", "method", "status", "duration_ms"];
    match call {
        Some(id) => {
            ensure!(id.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'), "no call `{id}`");
            let shown = client.get(&format!("{path}/{id}")).await?;
            let call = &shown["call"];
            let facts = COLUMNS.iter().map(|name| format!("{name:<12}{}", cell(&call[*name])));
            let error = Some(&call["error"]).filter(|error| !error.is_null());
            let error = error.map(|error| format!("{:<12}{}", "error", failure(error)));
            let lines: Vec<_> = facts.chain(error).chain(inside(call)).collect();
            Ok(output.answer(&shown, || lines.join("\n"))?)
        }
        None => {
            let listed = client.get(&format!("{path}?limit={limit}&failed={failed}")).await?;
            let row = |it: &Value| {
                let error = Some(&it["error"]).filter(|error| !error.is_null());
                let [at, id, version, method, status, duration] =
                    COLUMNS.map(|name| cell(&it[name]));
                [at, id, version, method, status, duration, error.map(failure).unwrap_or_default()]
            };
            let rows: Vec<_> = listed["calls"].as_array().into_iter().flatten().map(row).collect();
            let headings = ["at", "id", "version", "method", "status", "ms", "error"];
            Ok(output.answer(&listed, || table(headings, &rows))?)
        }
    }
}
