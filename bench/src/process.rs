//! What the kernel tells of a process: its CPU time and its memory.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// Linux counts CPU time for user space in hundredths of a second, whatever the
/// kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that all threads of a process used so far.
pub fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = cpu_ticks(&stat).context("unexpected form of /proc/<pid>/stat")?;
    Ok(TICK * ticks)
}

/// CPU time that a process and all its children used so far, also those that ended.
pub fn cpu_time_of_family(pid: u32) -> anyhow::Result<Duration> {
    let mut ticks = 0;
    for process in fs::read_dir("/proc")? {
        let stat = fs::read_to_string(process?.path().join("stat")).unwrap_or_default();
        let Some(fields) = stat_fields(&stat) else { continue };
        let is_parent = stat.starts_with(&format!("{pid} "));
        if is_parent || fields.first() == Some(&pid.to_string().as_str()) {
            ticks += cpu_ticks(&stat).context("unexpected form of /proc/<pid>/stat")?;
        }
        if is_parent {
            ticks += ended_ticks(&fields).context("unexpected form of /proc/<pid>/stat")?;
        }
    }
    Ok(TICK * ticks)
}

/// The fields of a stat line from the parent's number on.
fn stat_fields(stat: &str) -> Option<Vec<&str>> {
    // The name, in parentheses, may itself hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().skip(1).collect())
}

/// User and system ticks of children that ended.
fn ended_ticks(fields: &[&str]) -> Option<u32> {
    Some(fields.get(12)?.parse::<u32>().ok()? + fields.get(13)?.parse::<u32>().ok()?)
}

/// User and system ticks of a stat line.
fn cpu_ticks(stat: &str) -> Option<u32> {
    let fields = stat_fields(stat)?;
    Some(fields.get(10)?.parse::<u32>().ok()? + fields.get(11)?.parse::<u32>().ok()?)
}

/// Resident memory in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub now: u64,
    /// The most since the process started.
    pub max: u64,
}

pub fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let read = |name| kilobytes(&status, name).with_context(|| format!("no {name} of {pid}"));
    Ok(Memory { now: read("VmRSS:")?, max: read("VmHWM:")? })
}

/// The value of a `Name: 123 kB` line, in bytes.
pub fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|it| it * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 90 0 0 0 120 34 0 0 20 0 3 0 100 0 0";
        assert_eq!(cpu_ticks(stat), Some(154));
        let fields = stat_fields(stat).unwrap();
        assert_eq!((fields[0], ended_ticks(&fields)), ("1", Some(0)));
        assert_eq!(cpu_ticks("7 (a"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    1024 kB\nVmRSS:\t     512 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), Some(1024 * 1024));
        assert_eq!(kilobytes(status, "VmRSS:"), Some(512 * 1024));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
