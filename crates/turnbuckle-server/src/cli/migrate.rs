//! `turnbuckle migrate`: brings a database to the schema of this version.
//!
//! A server does so when it starts. This is for whoever wants it done before, with a
//! user of the database that may create tables where that of the servers may not.

use serde_json::json;
use turnbuckle_server::app::App;
use turnbuckle_store::SCHEMA;

use super::arguments::DataArguments;
use super::output::Output;

pub async fn run(arguments: &DataArguments, output: Output) -> anyhow::Result<()> {
    let app = App::build(arguments.load()?).await?;
    app.store.close().await;
    let (number, name) = SCHEMA;
    let document = json!({"schema": {"number": number, "name": name}});
    Ok(output.answer(&document, || {
        format!("The database has schema {number} ({name}), that of this version.")
    })?)
}
