//! The real binary as a child process.
//!
//! A hub has a folder and a port of its own and keeps both over a restart, so
//! clients and endpoints that know its address need not care. Its log is a file
//! in the folder; when a test panics, the end of it is printed.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::database;
use crate::dice::Dice;
use crate::wait;

/// The key set that every hub under test starts with.
pub const KEY: (&str, &str) = ("pk_test", "sk_test");

/// Where a hub stores.
const STORE: &str = "TURNBUCKLE_STORE";

/// Bytes of the log that are shown when a test fails.
const LOG_SHOWN: usize = 4_000;

/// A running hub; it ends with this value.
pub struct HubProcess {
    binary: PathBuf,
    /// Variables of this hub alone.
    settings: Vec<(String, String)>,
    folder: TempDir,
    port: u16,
    /// `None` between a kill and a restart.
    child: Option<Child>,
    client: Client,
}

impl HubProcess {
    /// Starts `binary` on an empty folder and waits until it is healthy. Tests of
    /// the server pass `env!("CARGO_BIN_EXE_turnbuckle")`.
    pub async fn start(binary: &str) -> Self {
        Self::start_with(binary, &[]).await
    }

    /// The same with further variables, e.g. `("TURNBUCKLE_LOG__LEVEL", "debug")`.
    pub async fn start_with(binary: &str, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let mut settings: Vec<(String, String)> = settings.collect();
        settings.extend(database::chosen().await.map(|url| (STORE.to_owned(), url)));
        let mut hub = Self::prepare(binary.into(), settings);
        hub.launch();
        hub.wait_until_healthy().await;
        hub
    }

    /// Starts `binary` on PostgreSQL, whatever else tests run on: in an empty schema.
    pub async fn start_on_postgres(binary: &str) -> Self {
        Self::start_on(binary, &database::empty_schema().await).await
    }

    /// Starts `binary` on the database at this address.
    pub async fn start_on(binary: &str, url: &str) -> Self {
        let settings = vec![(STORE.to_owned(), url.to_owned())];
        let mut hub = Self::prepare(binary.into(), settings);
        hub.launch();
        hub.wait_until_healthy().await;
        hub
    }

    /// Starts another process on the database of this one.
    pub async fn start_beside(&self) -> Self {
        let mut hub = Self::prepare(self.binary.clone(), self.settings.clone());
        fs::create_dir(hub.data()).expect("a folder can be made in a temporary one");
        fs::copy(self.data().join("seal.key"), hub.data().join("seal.key"))
            .expect("a hub that has started has a key");
        hub.launch();
        hub.wait_until_healthy().await;
        hub
    }

    fn prepare(binary: PathBuf, settings: Vec<(String, String)>) -> Self {
        let port = free_port();
        let client = Client::new(&format!("http://127.0.0.1:{port}")).with_key(KEY.0, KEY.1);
        let folder = TempDir::new().expect("a temporary folder can be made");
        Self { binary, settings, folder, port, child: None, client }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it is called: `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client with the hub's first key set, which may do everything.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Starts the process again on the same folder and port.
    ///
    /// # Panics
    /// When it is running.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "the hub is running already");
        let data = self.data();
        let log = || Stdio::from(self.open_log());
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TURNBUCKLE_") {
                command.env_remove(name);
            }
        }
        let child = command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(data)
            .env("TURNBUCKLE_BOOTSTRAP_KEY", format!("{}:{}", KEY.0, KEY.1))
            .env("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")
            // Compiled once for all hubs of this binary.
            .env("TURNBUCKLE_FUNCTIONS__CACHE", self.binary.with_file_name(""))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            // A `turnbuckle.toml` of the folder that tests run in is none of ours.
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        self.child = Some(child);
    }

    /// Waits until the hub answers.
    ///
    /// # Panics
    /// When it ends instead or never does.
    pub async fn wait_until_healthy(&mut self) {
        let client = self.client.anonymous();
        let child = self.child.as_mut().expect("the hub was started");
        wait::until("a healthy hub", async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the hub ended with {status}");
            }
            let request = client.request(reqwest::Method::GET, "/healthz");
            let answer = client.try_send(request.timeout(Duration::from_secs(1))).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Ends the process as a power cut would: SIGKILL, no last words.
    pub async fn kill_9(&mut self) {
        let mut child = self.child.take().expect("the hub is running");
        child.kill().await.expect("a child can be killed");
    }

    /// Asks the process to end (SIGTERM) and waits until it did.
    ///
    /// # Panics
    /// When it fails or takes for ever.
    pub async fn terminate(&mut self) {
        let mut child = self.child.take().expect("the hub is running");
        let id = child.id().expect("the hub has not been waited for").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM cannot be sent");
        let ended = tokio::time::timeout(wait::PATIENCE, child.wait()).await;
        let status = ended.expect("the hub ends when asked to").expect("a child can be waited for");
        assert!(status.success(), "the hub ended with {status}");
    }

    /// Everything the hub has logged, over all restarts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn open_log(&self) -> File {
        let opened = OpenOptions::new().create(true).append(true).open(self.log_path());
        opened.expect("a file in a temporary folder can be opened")
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let start = log.ceil_char_boundary(log.len().saturating_sub(LOG_SHOWN));
            eprintln!("--- the end of the hub's log ---\n{}", &log[start..]);
        }
    }
}

/// A port that nobody listens on, below those that outgoing calls are given:
/// while a killed hub is away, nobody else may get its port.
pub(crate) fn free_port() -> u16 {
    let mut dice = Dice::new(Dice::any_seed());
    let ports = std::iter::repeat_with(|| 10_000 + dice.below(22_000) as u16);
    ports
        .take(1_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of a thousand ports is free")
}
