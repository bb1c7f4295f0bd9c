//! What one call may take.

use std::time::Duration;

/// Bounds of one call. What goes beyond one ends it, or is refused, or left out, as is said there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the script to its end, host calls included. Ends the call.
    pub time: Duration,
    /// Of the whole instance. An allocation beyond it throws in the script.
    pub memory_bytes_max: usize,
    /// Host calls beyond it throw in the script.
    pub host_calls_max: usize,
    /// Of what the script returns, as JSON. Ends the call.
    pub output_bytes_max: usize,
    /// Of all lines of the log together. Lines beyond it are left out.
    pub log_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory_bytes_max: 64 << 20,
            host_calls_max: 50,
            output_bytes_max: 10 << 20,
            log_bytes_max: 64 << 10,
        }
    }
}
