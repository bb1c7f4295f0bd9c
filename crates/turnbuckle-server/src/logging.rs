//! Sets up the log, and joins an error with its causes for it.
//!
//! Lines go to standard error; standard output belongs to the answers of the
//! command line. What failed is told at `info`, bounded by [`LogQuota`]; every
//! stage that an event passes is told at `debug`. Ids are fields, by which the
//! lines of one event are found; bodies, secrets and URLs are in none.

mod quota;

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

pub(crate) use quota::log_failure;
pub use quota::{Failing, LogQuota};

/// What the drivers of PostgreSQL tell is told by the stages in words of their own.
const LIBRARIES: &str = "tokio_postgres=error,deadpool.postgres=error";

/// Starts the log. Later calls change nothing, so that tests may repeat it.
pub fn start(config: &LogConfig) {
    let filter = EnvFilter::new(format!("{LIBRARIES},{}", config.level.as_str()));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only if a log is running already.
    let _ = match config.format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
    };
}

/// An error and its causes on one line: `could not lease: disk full`.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not lease deliveries")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_chain_names_every_cause_once() {
        let error = Outer(io::Error::other("disk full"));
        assert_eq!(Chain(&error).to_string(), "could not lease deliveries: disk full");
    }
}
