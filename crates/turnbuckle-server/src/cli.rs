//! The command line.
//!
//! Some commands run a server or work on its store (`serve`, `config`, `doctor`,
//! `migrate`, `export`, `import`), some talk to a running one (`sources`, `functions`,
//! `tail`, `replay`, `listen`), `verify` does with neither, and three do either (`keys`, `users`, `workspaces`): with `--key`
//! through the API, else on the data folder itself, which no server may have open then.
//!
//! Answers go to standard output, everything said around them to standard error.
//! With `--json` each answer is one line of JSON.

mod arguments;
mod client;
mod config;
mod data;
mod demo;
mod doctor;
mod functions;
mod keys;
mod listen;
mod migrate;
mod openapi;
mod output;
mod replay;
mod serve;
mod sources;
mod tail;
mod transfer;
mod users;
mod verify;
mod workspaces;

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use turnbuckle_server::logging::Chain;

use output::Output;

/// Joins any app to any CRM.
#[derive(Parser)]
#[command(name = "turnbuckle", version, arg_required_else_help = true)]
struct Cli {
    /// Answer in JSON, one document per line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(arguments::ServerArguments),
    /// Show the main job on a temporary server: a webhook becomes a record, the
    /// app reads it and is told of its change.
    Demo,
    /// Make, list and revoke key sets.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Make, list, reset and delete users of the console.
    #[command(subcommand)]
    Users(users::Command),
    /// Make and list workspaces.
    #[command(subcommand)]
    Workspaces(workspaces::Command),
    /// Make and list sources: URLs at which others post webhooks.
    #[command(subcommand)]
    Sources(sources::Command),
    /// Save, try, publish and look after functions.
    #[command(subcommand)]
    Functions(functions::Command),
    /// Follow inbound events and deliveries as they happen.
    Tail(tail::Arguments),
    /// Process inbound events again.
    Replay(replay::Arguments),
    /// Receive the hub's messages on this machine.
    Listen(listen::Arguments),
    /// Say whether a stored request is its sender's, and why not.
    Verify(verify::Arguments),
    /// Show the settings in force and where each comes from.
    Config(arguments::ServerArguments),
    /// Look for what keeps the server from running.
    Doctor(arguments::ServerArguments),
    /// Bring a database to the schema of this version, as a starting server does.
    Migrate(arguments::DataArguments),
    /// Write everything that is stored into a folder, to be imported elsewhere.
    Export(transfer::Export),
    /// Read what `export` wrote into a store that is empty.
    Import(transfer::Import),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match start(cli.command, output) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has read enough, e.g. `tail | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&Chain(error.as_ref()).to_string());
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command, output: Output) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("the runtime could not be started")?;
    let ended = runtime.block_on(run(command, output));
    // Blocking reads that are still at work must not hold up the exit.
    runtime.shutdown_background();
    ended
}

async fn run(command: Command, output: Output) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments, output).await,
        Command::Demo => demo::run(output).await,
        Command::Keys(command) => keys::run(command, output).await,
        Command::Users(command) => users::run(command, output).await,
        Command::Workspaces(command) => workspaces::run(command, output).await,
        Command::Sources(command) => sources::run(command, output).await,
        Command::Functions(command) => functions::run(command, output).await,
        Command::Tail(arguments) => tail::run(&arguments, output).await,
        Command::Replay(arguments) => replay::run(&arguments, output).await,
        Command::Listen(arguments) => listen::run(&arguments, output).await,
        Command::Verify(arguments) => verify::run(&arguments, output),
        Command::Config(arguments) => config::run(&arguments, output),
        Command::Doctor(arguments) => doctor::run(&arguments, output).await,
        Command::Migrate(arguments) => migrate::run(&arguments, output).await,
        Command::Export(arguments) => transfer::export_to(&arguments, output).await,
        Command::Import(arguments) => transfer::import_from(&arguments, output).await,
        Command::Openapi => openapi::run(output),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_it = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_it)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
