//! `turnbuckle openapi`: the API's description, the same with or without `--json`.

use turnbuckle_server::api::openapi;

use super::output::Output;

pub fn run(output: Output) -> anyhow::Result<()> {
    Ok(output.line(openapi::rendered().trim_end())?)
}
