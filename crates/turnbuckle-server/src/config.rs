//! What the operator sets.
//!
//! Three layers: `TURNBUCKLE_*` variables over `turnbuckle.toml` over the
//! embedded default file, which documents every key; arguments of the command
//! line win over all. A key that the default file does not have is refused with
//! the nearest one that it has, and all mistakes are reported at once, each
//! with the place it was found in.
//!
//! [`Config`] is plain data and the same for the life of the process; parts get
//! their own share of it from `app`.

mod parts;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use parts::{
    BinsConfig, BootstrapKey, DeliverConfig, EgressConfig, FunctionsConfig, HttpConfig,
    IntakeConfig, LogConfig, LogFormat, LogLevel, MatchConfig, ProcessConfig, RetentionConfig,
    StoreAddress, StoreConfig,
};

use crate::egress::Cidr;
use settings::Settings;

/// The default file: every key, documented.
pub const DEFAULT_FILE: &str = include_str!("../../../config/turnbuckle.default.toml");

/// Read from the working directory when no file is named.
pub const FILE_NAME: &str = "turnbuckle.toml";

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    /// Without a slash at its end, so that a path can follow; `None` means to
    /// use each request's host.
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<Cidr>,
    pub log: LogConfig,
    pub http: HttpConfig,
    pub intake: IntakeConfig,
    pub store: StoreConfig,
    pub process: ProcessConfig,
    pub matching: MatchConfig,
    pub deliver: DeliverConfig,
    pub egress: EgressConfig,
    pub retention: RetentionConfig,
    pub bins: BinsConfig,
    pub functions: FunctionsConfig,
    /// The key set to make at the first start.
    pub bootstrap_key: Option<BootstrapKey>,
    effective: String,
}

/// Where settings come from, so that a test can name its own.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file to read, which must exist.
    pub file: Option<PathBuf>,
    /// Variables whose names start with `TURNBUCKLE_`.
    pub environment: Vec<(String, String)>,
    /// Flag, key and value of arguments that win over everything, e.g.
    /// `("--listen", "listen", "0.0.0.0:80")`.
    pub arguments: Vec<(&'static str, &'static str, String)>,
}

impl Sources {
    /// The environment of this process and `file`, else `turnbuckle.toml` if there is one.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let file = file.or_else(|| Some(PathBuf::from(FILE_NAME)).filter(|path| path.exists()));
        let environment = std::env::vars_os()
            .map(|(name, value)| {
                (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            })
            .filter(|(name, _)| name.starts_with(settings::VARIABLE_PREFIX))
            .collect();
        Self { file, environment, arguments: Vec::new() }
    }
}

/// Everything that is wrong with the configuration, for the person who wrote it.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigMistakes(pub Vec<String>);

impl std::error::Error for ConfigMistakes {}

impl fmt::Display for ConfigMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration is not valid:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  - {mistake}"))
    }
}

impl Config {
    /// # Errors
    /// All mistakes in all layers.
    pub fn load(sources: &Sources) -> Result<Self, ConfigMistakes> {
        let mut settings = Settings::gather(sources);
        let config = Self {
            listen: settings.parsed::<parts::ListenAddress>("listen").0,
            data: PathBuf::from(settings.text("data")),
            public_url: settings.parsed::<parts::PublicUrl>("public_url").0,
            trusted_proxies: settings.list("trusted_proxies"),
            log: LogConfig::read(&mut settings),
            http: HttpConfig::read(&mut settings),
            intake: IntakeConfig::read(&mut settings),
            store: StoreConfig::read(&mut settings),
            process: ProcessConfig::read(&mut settings),
            matching: MatchConfig::read(&mut settings),
            deliver: DeliverConfig::read(&mut settings),
            egress: EgressConfig::read(&mut settings),
            retention: RetentionConfig::read(&mut settings),
            bins: BinsConfig::read(&mut settings),
            functions: FunctionsConfig::read(&mut settings),
            bootstrap_key: settings.secret(parts::BOOTSTRAP_KEY_VARIABLE),
            effective: settings.to_string(),
        };
        settings.finish()?;
        Ok(config)
    }

    /// The settings in force as a TOML document, each with its origin, secrets masked.
    pub fn effective(&self) -> &str {
        &self.effective
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::load(&Sources::default()).expect("a test loads the embedded default file")
    }
}
