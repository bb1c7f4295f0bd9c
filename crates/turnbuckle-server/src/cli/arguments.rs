//! Arguments that several commands share.

use std::path::PathBuf;

use clap::Args;
use turnbuckle_server::bootstrap::DEFAULT_WORKSPACE;
use turnbuckle_server::config::{Config, ConfigMistakes, Sources};

/// Variables that are for the command line and not settings of a server.
const CLIENT_VARIABLES: [&str; 2] = ["TURNBUCKLE_URL", "TURNBUCKLE_KEY"];

/// Where a server keeps its data.
#[derive(Args)]
pub struct DataArguments {
    /// Settings file; otherwise `turnbuckle.toml` in the working directory, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database and its key [env: TURNBUCKLE_DATA].
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

/// A server to run.
#[derive(Args)]
pub struct ServerArguments {
    #[command(flatten)]
    data: DataArguments,
    /// Address and port to listen on [env: TURNBUCKLE_LISTEN].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// A server that runs.
#[derive(Args)]
pub struct ClientArguments {
    /// Address of the server.
    #[arg(long, env = "TURNBUCKLE_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Key set to call with, `publishable:secret`.
    #[arg(long, env = "TURNBUCKLE_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

/// Where a workspace is: at a server, or in a store that no server has open.
#[derive(Args)]
pub struct Place {
    #[command(flatten)]
    pub client: ClientArguments,
    #[command(flatten)]
    pub data: DataArguments,
    /// The workspace; with --key it is always that of the key.
    #[arg(long, default_value = DEFAULT_WORKSPACE)]
    pub workspace: String,
}

impl ClientArguments {
    /// Whether a server is to be called: a key set is named and no folder is,
    /// which would not be looked at.
    pub fn is_meant(&self, data: &DataArguments) -> bool {
        self.key.is_some() && data.data.is_none()
    }
}

impl DataArguments {
    pub fn load(&self) -> Result<Config, ConfigMistakes> {
        Config::load(&self.sources())
    }

    fn sources(&self) -> Sources {
        let mut sources = Sources::of_process(self.config.clone());
        sources.environment.retain(|(name, _)| !CLIENT_VARIABLES.contains(&name.as_str()));
        sources.arguments.extend(self.data.clone().map(|data| ("--data", "data", data)));
        sources
    }
}

impl ServerArguments {
    pub fn load(&self) -> Result<Config, ConfigMistakes> {
        let mut sources = self.data.sources();
        sources.arguments.extend(self.listen.clone().map(|listen| ("--listen", "listen", listen)));
        Config::load(&sources)
    }
}
