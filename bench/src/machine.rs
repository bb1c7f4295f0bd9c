//! Facts about the machine that figures are taken on.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::kilobytes;
use crate::statistics::Sample;

/// What a reader needs to know to compare figures.
#[derive(Debug, Clone)]
pub struct Machine {
    processor: String,
    pub cores: usize,
    memory_bytes: u64,
    kernel: String,
    /// Over the last minute, before anything was started.
    load: f64,
}

impl Machine {
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processors = read("/proc/cpuinfo");
        let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
        let load = read("/proc/loadavg");
        Self {
            processor: model.map_or("unknown", |it| it.trim_start_matches([' ', '\t', ':'])).into(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: kilobytes(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0.0),
        }
    }

    /// Whether others used the machine, so that figures say little.
    pub fn is_busy(&self) -> bool {
        0.5 < self.load
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_bytes, kernel, load } = self;
        let memory = memory_bytes / (1 << 30);
        write!(f, "{processor}, {cores} cores, {memory} GiB, Linux {kernel}, load {load} before")
    }
}

/// How long the disk under `folder` takes to make a 4 KiB append durable.
pub fn time_fdatasync(folder: &Path, duration: Duration) -> anyhow::Result<Sample> {
    const APPENDS_MAX: usize = 20_000;
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    let started_at = Instant::now();
    let mut durations_us = Vec::new();
    while started_at.elapsed() < duration && durations_us.len() < APPENDS_MAX {
        let append_at = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        durations_us.push(append_at.elapsed().as_micros() as u64);
    }
    fs::remove_file(path)?;
    Ok(Sample::new(durations_us))
}

/// How long three such appends take, one after the other, where they are due
/// `per_second` times a second: what is due while the disk stalls waits for it,
/// as the posts of such a load do.
pub fn time_three_at(per_second: f64, folder: &Path, duration: Duration) -> anyhow::Result<Sample> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    let started_at = Instant::now();
    let mut durations_us = Vec::new();
    for number in 0..(per_second * duration.as_secs_f64()) as u64 {
        let due_at = started_at + Duration::from_secs_f64(number as f64 / per_second);
        std::thread::sleep(due_at.saturating_duration_since(Instant::now()));
        for _ in 0..3 {
            file.write_all(&[7; 4096])?;
            file.sync_data()?;
        }
        durations_us.push(due_at.elapsed().as_micros() as u64);
    }
    fs::remove_file(path)?;
    Ok(Sample::new(durations_us))
}
