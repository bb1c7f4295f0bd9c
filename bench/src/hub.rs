//! The binary under measure, as a child process on a folder of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::place::Place;
use crate::process::{self, Memory};

pub const KEY_SET: &str = "bench:bench-secret";

/// Longest wait for the hub to become healthy, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running hub; killed when dropped.
pub struct Hub {
    process: Child,
    pub address: SocketAddr,
    /// From the start of the process to its first healthy answer.
    pub started_in: Duration,
}

impl Hub {
    /// Starts `binary` with its defaults on what is stored in a place.
    pub fn start(binary: &Path, place: &Place) -> anyhow::Result<Self> {
        Self::start_with(binary, place, &[])
    }

    /// The same with some settings, as variables.
    pub fn start_with(
        binary: &Path,
        place: &Place,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let folder = place.path();
        // The port is free again at once; nobody else on this machine asks for
        // ports at this rate.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let data = folder.join("data");
        let log = log_path(folder);
        let started_at = Instant::now();
        let process = Command::new(binary.canonicalize()?)
            .arg("serve")
            .arg("--data")
            .arg(&data)
            .args(["--listen", &address.to_string()])
            .env("TURNBUCKLE_BOOTSTRAP_KEY", KEY_SET)
            .env("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")
            .envs(settings.iter().copied())
            .envs(place.url().map(|url| ("TURNBUCKLE_STORE", url)))
            // So that no settings file of the caller's folder is read.
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .context("cannot start the hub")?;
        let mut hub = Self { process, address, started_in: Duration::ZERO };
        while !is_healthy(address) {
            if let Some(status) = hub.process.try_wait()? {
                bail!("the hub ended with {status}: {}", last_lines(&log));
            }
            if PATIENCE < started_at.elapsed() {
                bail!("the hub is not healthy after {PATIENCE:?}: {}", last_lines(&log));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        hub.started_in = started_at.elapsed();
        Ok(hub)
    }

    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        process::cpu_time(self.process.id())
    }

    pub fn memory(&self) -> anyhow::Result<Memory> {
        process::memory(self.process.id())
    }

    /// Asks it to stop and waits until it has; gives how long that took.
    pub fn stop(mut self) -> anyhow::Result<Duration> {
        let asked_at = Instant::now();
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        while self.process.try_wait()?.is_none() {
            if PATIENCE < asked_at.elapsed() {
                bail!("the hub does not stop within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Ok(asked_at.elapsed())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Either may fail only because the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("hub.log")
}

fn last_lines(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
