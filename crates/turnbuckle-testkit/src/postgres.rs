//! A PostgreSQL server of a test's own, to be killed and started again.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::process::Command;

use crate::process::free_port;

/// Where Debian's packages put the programs, a folder per version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Whose rights the server gets where a test runs as root, which it refuses.
const OWNER: &str = "postgres";

/// A server; it ends with this value, and what it stored goes with it.
pub struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// Settings beyond the defaults, as the program takes them.
    settings: String,
}

impl PostgresServer {
    /// Makes an empty server and starts it. `scripts/with-postgres.sh` installs the
    /// programs where they are missing.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        Self::start_in(folder, "").await
    }

    /// The same in this folder, which is emptied after it, with settings such as
    /// `-c max_wal_size=4GB`.
    ///
    /// # Panics
    /// When it cannot be.
    pub async fn start_in(folder: TempDir, settings: &str) -> Self {
        let settings = settings.to_owned();
        let server = Self { programs: programs(), folder, port: free_port(), settings };
        if is_root().await {
            let owned = Command::new("chown").arg(OWNER).arg(server.folder.path()).status().await;
            assert!(owned.is_ok_and(|status| status.success()), "no user {OWNER}");
        }
        let data = server.data();
        let arguments = ["-U", "turnbuckle", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"];
        server.run("initdb", arguments, &data).await;
        server.launch().await;
        server
    }

    pub fn url(&self) -> String {
        format!("postgres://turnbuckle@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it again, on the same port.
    pub async fn launch(&self) {
        let socket = self.folder.path().display();
        let Self { port, settings, .. } = self;
        let options = format!("-p {port} -k {socket} -c listen_addresses=127.0.0.1 {settings}");
        let log = self.folder.path().join("log");
        let log = log.to_str().expect("temporary folders have plain names");
        self.run("pg_ctl", ["start", "-w", "-l", log, "-o", &options, "-D"], &self.data()).await;
    }

    /// Ends it as a crash would: no session is told, nothing is written out.
    pub async fn kill(&self) {
        self.run("pg_ctl", ["stop", "-m", "immediate", "-D"], &self.data()).await;
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn run<'a>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = &'a str>,
        data: &Path,
    ) {
        let program = self.programs.join(program);
        let mut command = match is_root().await {
            true => {
                let mut command = Command::new("setpriv");
                command
                    .args([&format!("--reuid={OWNER}"), &format!("--regid={OWNER}")])
                    .arg("--clear-groups")
                    .arg(&program);
                command
            }
            false => Command::new(&program),
        };
        command.args(arguments).arg(data).current_dir(self.folder.path()).stdin(Stdio::null());
        // Files, since a server that is started keeps what it was given open.
        let output = command.stdout(Stdio::null()).stderr(Stdio::null()).output().await;
        let Output { status, .. } =
            output.unwrap_or_else(|error| panic!("{} cannot be run: {error}", program.display()));
        assert!(status.success(), "{} failed", program.display());
    }
}

impl PostgresServer {
    /// The number of its first process, of which all others are children; `None` while
    /// it does not run.
    pub fn pid(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            // Immediate shutdown; who is not there need not be told.
            let pid = pid.to_string();
            let _ = std::process::Command::new("kill").args(["-QUIT", &pid]).status();
        }
    }
}

/// The programs of the newest version that is installed, wherever its package put them.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| Path::new(VERSIONS).join(version.to_string()).join("bin"));
    let searched = || {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).find(|folder| folder.join("initdb").exists())
    };
    newest.or_else(searched).expect("PostgreSQL is installed: run scripts/with-postgres.sh")
}

async fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().await.expect("every system has `id`");
    id.stdout.starts_with(b"0\n")
}
