//! The `turnbuckle` command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use turnbuckle_server::config::{Config, Sources};

/// Joins any app to any CRM.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Settings to read instead of `turnbuckle.toml`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the settings in force and where each comes from.
    Config,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::load(&Sources::of_process(cli.config)) {
        Ok(config) => config,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::FAILURE;
        }
    };
    match cli.command {
        Command::Config => print!("{}", config.effective()),
    }
    ExitCode::SUCCESS
}
