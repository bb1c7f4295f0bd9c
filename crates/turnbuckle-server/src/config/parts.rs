//! The share of each part, in the types that it works with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use turnbuckle_store::postgres;
use url::Url;

use super::settings::Settings;
use crate::egress::{Cidr, EgressLimits, EgressPolicy};
use crate::secret::SecretText;

pub const BOOTSTRAP_KEY_VARIABLE: &str = "TURNBUCKLE_BOOTSTRAP_KEY";

/// Sizes in memory stay far below what overflows when they are added up.
const BYTES_MAX: u64 = 1 << 40;
/// A day: no wait inside the process is longer.
const MILLIS_MAX: u64 = 86_400_000;
/// A hundred years.
const DAYS_MAX: u64 = 36_500;

#[derive(Debug, Clone)]
pub struct LogConfig {
    pub format: LogFormat,
    pub level: LogLevel,
}

impl LogConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self { format: settings.parsed("log.format"), level: settings.parsed("log.level") }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase", parse_err_ty = FormatError, parse_err_fn = format_error)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
#[error("must be `text` or `json`, not `{0}`")]
pub struct FormatError(String);

fn format_error(text: &str) -> FormatError {
    FormatError(text.to_owned())
}

/// Levels per module, checked: `info`, `info,turnbuckle_server=debug`.
#[derive(Debug, Clone)]
pub struct LogLevel(String);

impl LogLevel {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("`{text}` is not a log level: {error}")),
        }
    }
}

#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// For the head of a request, and between two requests of one connection.
    pub head_timeout: Duration,
    /// For a whole body, from its head on.
    pub body_timeout: Duration,
    pub connections_max: usize,
}

impl HttpConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            head_timeout: settings.millis("http.head_timeout_ms", 1..=MILLIS_MAX),
            body_timeout: settings.millis("http.body_timeout_ms", 1..=MILLIS_MAX),
            connections_max: settings.count("http.connections_max", 1..=1_000_000),
        }
    }
}

#[derive(Debug, Clone)]
pub struct IntakeConfig {
    pub body_bytes_max: usize,
    /// What may wait for the writer before intake answers 503.
    pub queue_bytes_max: usize,
}

impl IntakeConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            body_bytes_max: settings.count("intake.body_bytes_max", 1..=BYTES_MAX),
            queue_bytes_max: settings.count("intake.queue_bytes_max", 1..=BYTES_MAX),
        }
    }
}

/// Where everything is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// In the data folder.
    Embedded,
    Postgres(postgres::Address),
}

impl FromStr for StoreAddress {
    type Err = postgres::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self::Embedded) } else { text.parse().map(Self::Postgres) }
    }
}

#[derive(Debug, Clone)]
pub struct StoreConfig {
    pub address: StoreAddress,
    /// Of the embedded store.
    pub readers: usize,
    /// Of the store on PostgreSQL.
    pub connections_max: usize,
}

impl StoreConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        settings.hide("store");
        Self {
            address: settings.parsed("store"),
            readers: settings.count("sqlite.readers", 1..=256),
            // Intake, the stages and callers must not wait for one another.
            connections_max: settings.count("postgres.connections_max", 4..=10_000),
        }
    }
}

#[derive(Debug, Clone)]
pub struct ProcessConfig {
    pub batch_max: usize,
}

impl ProcessConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self { batch_max: settings.count("process.batch_max", 1..=100_000) }
    }
}

#[derive(Debug, Clone)]
pub struct MatchConfig {
    pub batch_max: usize,
}

impl MatchConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self { batch_max: settings.count("match.batch_max", 1..=100_000) }
    }
}

#[derive(Debug, Clone)]
pub struct DeliverConfig {
    pub in_flight_max: usize,
    pub in_flight_per_endpoint_max: usize,
    pub pending_count_max: usize,
    pub pending_bytes_max: usize,
    pub poll_interval: Duration,
}

impl DeliverConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        Self {
            in_flight_max: settings.count("deliver.in_flight_max", 1..=1_000_000),
            in_flight_per_endpoint_max: settings
                .count("deliver.in_flight_per_endpoint_max", 1..=1_000_000),
            pending_count_max: settings.count("deliver.pending_count_max", 1..=100_000_000),
            pending_bytes_max: settings.count("deliver.pending_bytes_max", 1..=BYTES_MAX),
            poll_interval: settings.millis("deliver.poll_interval_ms", 1..=MILLIS_MAX),
        }
    }
}

#[derive(Debug, Clone)]
pub struct EgressConfig {
    pub policy: EgressPolicy,
    pub limits: EgressLimits,
}

impl EgressConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let allow: Vec<Cidr> = settings.list("egress.allow_cidrs");
        Self {
            policy: EgressPolicy { allow },
            limits: EgressLimits {
                response_bytes_max: settings.count("egress.response_bytes_max", 0..=BYTES_MAX),
                connect_timeout: settings.millis("egress.connect_timeout_ms", 1..=MILLIS_MAX),
                idle_connections_per_host_max: settings
                    .count("egress.idle_connections_per_host_max", 0..=1_000_000),
                idle_timeout: settings.millis("egress.idle_timeout_ms", 1..=MILLIS_MAX),
            },
        }
    }
}

#[derive(Debug, Clone)]
pub struct RetentionConfig {
    pub failed_days: u64,
    pub done_days: u64,
    pub deliveries_days: u64,
    pub changes_days: u64,
    pub calls_days: u64,
    /// `None` sets no bound.
    pub bytes_max: Option<u64>,
}

impl RetentionConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let bytes_max = settings.number("retention.bytes_max", 0..=i64::MAX as u64);
        Self {
            failed_days: settings.number("retention.failed_days", 1..=DAYS_MAX),
            done_days: settings.number("retention.done_days", 1..=DAYS_MAX),
            deliveries_days: settings.number("retention.deliveries_days", 1..=DAYS_MAX),
            changes_days: settings.number("retention.changes_days", 1..=DAYS_MAX),
            calls_days: settings.number("retention.calls_days", 1..=DAYS_MAX),
            bytes_max: Some(bytes_max).filter(|bytes| 0 < *bytes),
        }
    }
}

#[derive(Debug, Clone)]
pub struct BinsConfig {
    pub age: Duration,
    /// Bins of one workspace.
    pub count_max: usize,
    /// Requests and bytes that one bin keeps.
    pub requests_max: usize,
    pub bytes_max: usize,
}

impl BinsConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let hours = settings.number("bins.age_hours", 1..=24 * DAYS_MAX);
        Self {
            age: Duration::from_secs(hours * 3600),
            count_max: settings.count("bins.count_max", 0..=1_000_000),
            requests_max: settings.count("bins.requests_max", 1..=100_000),
            bytes_max: settings.count("bins.bytes_max", 1..=BYTES_MAX),
        }
    }
}

/// What calls of functions may take.
#[derive(Debug, Clone)]
pub struct FunctionsConfig {
    /// Where the compiled engine is kept; `None` is the data folder.
    pub cache: Option<PathBuf>,
    /// Calls that run at once.
    pub running_max: usize,
    pub time_max: Duration,
    pub memory_bytes_max: usize,
}

impl FunctionsConfig {
    pub(super) fn read(settings: &mut Settings) -> Self {
        let cache = settings.text("functions.cache");
        Self {
            cache: (!cache.is_empty()).then(|| PathBuf::from(cache)),
            running_max: settings.count("functions.running_max", 1..=1_000),
            time_max: Duration::from_millis(settings.number("functions.time_max_ms", 10..=300_000)),
            // Less than the engine itself needs would run nothing.
            memory_bytes_max: settings.count("functions.memory_bytes_max", 8 << 20..=512 << 20),
        }
    }
}

/// Where to listen.
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            |_| format!("`{text}` is not an IP address with a port, such as `127.0.0.1:8080`");
        text.parse().map(Self).map_err(wrong)
    }
}

/// An address of this server without a slash at its end, or an empty text.
pub struct PublicUrl(pub Option<String>);

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be an address such as `https://hub.example`";
        if text.is_empty() {
            return Ok(Self(None));
        }
        let url = Url::parse(text).map_err(|_| WRONG)?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain {
            return Err(WRONG);
        }
        Ok(Self(Some(url.as_str().trim_end_matches('/').to_owned())))
    }
}

/// The key set that the first start makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapKey {
    pub publishable: String,
    pub secret: SecretText,
}

impl FromStr for BootstrapKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Both travel in a Basic header, where the first colon parts them.
        let is_sendable = |part: &str| {
            (1..=200).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match text.split_once(':') {
            Some((publishable, secret)) if is_sendable(publishable) && is_sendable(secret) => {
                Ok(Self { publishable: publishable.to_owned(), secret: SecretText::new(secret) })
            }
            _ => Err("must be `publishable:secret`, each 1 to 200 visible ASCII characters"),
        }
    }
}
