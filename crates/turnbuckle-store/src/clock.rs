//! Where the time and the dice come from: the server's clock, or a test's.

use turnbuckle_core::id::UnixMs;

/// Time and chance, passed in so that tests can hold both still.
pub trait Clock: Send + Sync {
    fn now(&self) -> UnixMs;
    /// Bits nobody can guess.
    fn random(&self) -> u64;
}
