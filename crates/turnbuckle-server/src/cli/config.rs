//! `turnbuckle config`: the settings in force.

use anyhow::Context as _;
use serde_json::Value;

use super::arguments::ServerArguments;
use super::output::Output;

pub fn run(arguments: &ServerArguments, output: Output) -> anyhow::Result<()> {
    let config = arguments.load()?;
    let effective = config.effective();
    let document: toml::Table = effective.parse().context("the settings are not TOML")?;
    let document: Value = serde_json::to_value(document).context("the settings are not JSON")?;
    Ok(output.answer(&document, || effective.trim_end().to_owned())?)
}
