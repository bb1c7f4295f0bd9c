//! `turnbuckle users`: people who sign in to the console.

use std::io::{BufRead as _, stdin};

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use turnbuckle_server::api::users::{UserAnswer, UserView};
use turnbuckle_server::app::App;
use turnbuckle_server::sign_in::{self, check_name, check_password};
use turnbuckle_store::user::{Role, UserChange};

use super::arguments::Place;
use super::client::Client;
use super::data;
use super::output::{Output, cell, table};

#[derive(Subcommand)]
pub enum Command {
    /// Make a user and print the password; it cannot be shown again.
    Create(Create),
    /// List the users of a workspace.
    List(Place),
    /// Give a user another password and end their sessions.
    ResetPassword(WithPassword),
    /// Delete a user and end their sessions.
    Delete(Named),
}

#[derive(Args)]
pub struct Create {
    #[command(flatten)]
    given: WithPassword,
    /// What the user may do.
    #[arg(long, value_enum, default_value_t = RoleName::Admin)]
    role: RoleName,
}

#[derive(Args)]
pub struct Named {
    #[command(flatten)]
    place: Place,
    /// What the user signs in with, e.g. an e-mail address.
    name: String,
}

#[derive(Args)]
pub struct WithPassword {
    #[command(flatten)]
    named: Named,
    /// Read the password from a line of standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Everything in the workspace.
    Admin,
    /// Everything but key sets and users.
    Editor,
    /// Read.
    Viewer,
}

impl RoleName {
    fn role(self) -> Role {
        match self {
            Self::Admin => Role::Admin,
            Self::Editor => Role::Editor,
            Self::Viewer => Role::Viewer,
        }
    }
}

pub async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Create(arguments) => create(&arguments, output).await,
        Command::List(place) => list(&place, output).await,
        Command::ResetPassword(given) => reset_password(&given, output).await,
        Command::Delete(named) => delete(&named, output).await,
    }
}

async fn create(arguments: &Create, output: Output) -> anyhow::Result<()> {
    let Create { given, role } = arguments;
    let (named, password) = (&given.named, given.password()?);
    let document = if named.place.client.is_meant(&named.place.data) {
        let mut wanted = json!({"name": named.name, "role": role.role()});
        if let Some(password) = password {
            wanted["password"] = json!(password);
        }
        Client::new(&named.place.client)?.post("/api/v1/users", &wanted).await?
    } else {
        check_name(&named.name).map_err(|must| anyhow!("`{}` {must}", named.name))?;
        let app = data::open(&named.place.data).await?;
        let workspace = data::workspace(&app, &named.place.workspace).await?.id;
        let name = named.name.clone();
        let made = sign_in::create_user(&app, workspace, name, role.role(), password).await;
        app.store.close().await;
        let (user, password) = made?;
        json!(UserAnswer::of(user, password))
    };
    print_password(&document, output)
}

async fn reset_password(given: &WithPassword, output: Output) -> anyhow::Result<()> {
    let (named, password) = (&given.named, given.password()?);
    let document = if named.place.client.is_meant(&named.place.data) {
        let client = Client::new(&named.place.client)?;
        let path = format!("/api/v1/users/{}", find_by_api(&client, &named.name).await?);
        let wanted = match password {
            Some(password) => json!({ "password": password }),
            None => json!({"reset_password": true}),
        };
        client.patch(&path, &wanted).await?
    } else {
        let app = data::open(&named.place.data).await?;
        let reset = reset_in(&app, named, password).await;
        app.store.close().await;
        reset?
    };
    print_password(&document, output)
}

async fn reset_in(app: &App, named: &Named, password: Option<String>) -> anyhow::Result<Value> {
    let user = find_in(app, named).await?;
    let (hash, made) = sign_in::hash_of(app, password).await?;
    let change = UserChange { role: None, password_hash: Some(hash) };
    let user = app.store.update_user(user.workspace, user.id, change).await?;
    Ok(json!(UserAnswer::of(user, made)))
}

async fn delete(named: &Named, output: Output) -> anyhow::Result<()> {
    if named.place.client.is_meant(&named.place.data) {
        let client = Client::new(&named.place.client)?;
        let id = find_by_api(&client, &named.name).await?;
        client.delete(&format!("/api/v1/users/{id}")).await?;
    } else {
        let app = data::open(&named.place.data).await?;
        let deleted = async {
            let user = find_in(&app, named).await?;
            anyhow::Ok(app.store.delete_user(user.workspace, user.id).await?)
        };
        let deleted = deleted.await;
        app.store.close().await;
        deleted?;
    }
    Ok(output.answer(&json!({"deleted": named.name}), || format!("deleted {}", named.name))?)
}

async fn list(place: &Place, output: Output) -> anyhow::Result<()> {
    let users = if place.client.is_meant(&place.data) {
        Client::new(&place.client)?.list("/api/v1/users", "users").await?
    } else {
        let app = data::open(&place.data).await?;
        let workspace = data::workspace(&app, &place.workspace).await?.id;
        let users = app.store.users(workspace).await;
        app.store.close().await;
        users?.into_iter().map(|user| json!(UserView::from(user))).collect()
    };
    let row = |user: &Value| ["name", "role", "created_at", "id"].map(|name| cell(&user[name]));
    let rows: Vec<_> = users.iter().map(row).collect();
    let text = || table(["name", "role", "created", "id"], &rows);
    Ok(output.answer(&json!({"users": users}), text)?)
}

fn print_password(document: &Value, output: Output) -> anyhow::Result<()> {
    Ok(output.answer(document, || {
        let name = cell(&document["user"]["name"]);
        match document["password"].as_str() {
            None => format!("name  {name}"),
            Some(password) => {
                format!("name      {name}\npassword  {password}\n\nThe password is shown only now.")
            }
        }
    })?)
}

impl WithPassword {
    /// The one that was given, if one was.
    fn password(&self) -> anyhow::Result<Option<String>> {
        if !self.password_stdin {
            return Ok(None);
        }
        let line = stdin().lock().lines().next().transpose()?.unwrap_or_default();
        check_password(&line).map_err(|must| anyhow!("the password {must}"))?;
        Ok(Some(line))
    }
}

async fn find_by_api(client: &Client, name: &str) -> anyhow::Result<String> {
    let users = client.list("/api/v1/users", "users").await?;
    let found = users.iter().find(|user| user["name"] == name);
    found.map(|user| cell(&user["id"])).with_context(|| format!("no user `{name}`"))
}

async fn find_in(app: &App, named: &Named) -> anyhow::Result<turnbuckle_store::user::User> {
    let workspace = data::workspace(app, &named.place.workspace).await?.id;
    let found = app.store.user_named(&named.name).await?;
    let found = found.with_context(|| format!("no user `{}`", named.name))?;
    ensure!(found.workspace == workspace, "`{}` is a user of another workspace", named.name);
    Ok(found)
}
