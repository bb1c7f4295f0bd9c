//! What the end of an attempt makes of a line.
//!
//! The actors: the head that was attempted, and the first row that waits behind
//! it. A head that ended promotes it; one that is to be tried again gives its
//! place in the retry schedule to it, if it waits to be merged. An attempt of
//! what is no head any more, or one that is in the log already, counts for
//! nothing: attempts may be recorded twice.

use turnbuckle_core::id::{DeliveryId, UnixMs};

use crate::delivery::{AfterAttempt, Attempt};
use crate::rules::delivery::State;

/// A delivery that is a head.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub id: DeliveryId,
    /// Name of its line; negative if it stands alone.
    pub line: i64,
    /// Failures of its line so far.
    pub failure_count: u32,
}

/// The oldest row that waits behind a head.
#[derive(Debug, Clone, Copy)]
pub struct Next {
    pub id: DeliveryId,
    /// It waits to be merged.
    pub coalesce: bool,
}

/// A place in the retry schedule.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    pub at: UnixMs,
    pub failure_count: u32,
}

/// Heads and what waits behind them in an open transaction.
pub trait Heads {
    type Failure;

    /// `None` if the delivery of the attempt is no head any more.
    fn head(&mut self, attempt: &Attempt) -> Result<Option<Head>, Self::Failure>;

    /// Logs a failed attempt; `false` if its delivery is no head any more or the
    /// attempt is in the log already.
    fn log_failure(&mut self, attempt: &Attempt) -> Result<bool, Self::Failure>;

    /// Ends a head by an attempt.
    fn end(&mut self, head: Head, attempt: &Attempt, state: State) -> Result<(), Self::Failure>;

    /// Lets a head try again later.
    fn postpone(
        &mut self,
        head: Head,
        attempt: &Attempt,
        retry: Retry,
    ) -> Result<(), Self::Failure>;

    fn first_waiting(&mut self, head: Head) -> Result<Option<Next>, Self::Failure>;

    /// Makes a row that waits behind a head that ended the head, due now.
    fn promote(&mut self, head: Head, next: Next) -> Result<(), Self::Failure>;

    /// Makes a row that waits the head in place of a postponed one, which ends: as
    /// what it becomes if that is given up for it.
    fn supersede(&mut self, head: Head, next: Next, retry: Retry) -> Result<(), Self::Failure>;
}

/// Records an attempt of a head and moves its line on. Answers the row that
/// became due now by it.
pub fn finish<H: Heads>(
    heads: &mut H,
    attempt: &Attempt,
) -> Result<Option<DeliveryId>, H::Failure> {
    if attempt.next != AfterAttempt::Delivered && !heads.log_failure(attempt)? {
        return Ok(None);
    }
    let Some(head) = heads.head(attempt)? else { return Ok(None) };
    match attempt.next {
        AfterAttempt::Delivered => heads.end(head, attempt, State::Delivered)?,
        AfterAttempt::Dead => heads.end(head, attempt, State::Dead)?,
        AfterAttempt::RetryAt(at) => return retry(heads, head, attempt, at).map(|()| None),
    }
    let Some(next) = first_waiting(heads, head)? else { return Ok(None) };
    heads.promote(head, next)?;
    Ok(Some(next.id))
}

/// Lets a head try again later, or gives its place to the row that waits to be merged.
fn retry<H: Heads>(
    heads: &mut H,
    head: Head,
    attempt: &Attempt,
    at: UnixMs,
) -> Result<(), H::Failure> {
    let retry = Retry { at, failure_count: head.failure_count + 1 };
    heads.postpone(head, attempt, retry)?;
    match first_waiting(heads, head)? {
        Some(next) if next.coalesce => heads.supersede(head, next, retry),
        _ => Ok(()),
    }
}

fn first_waiting<H: Heads>(heads: &mut H, head: Head) -> Result<Option<Next>, H::Failure> {
    if head.line < 0 { Ok(None) } else { heads.first_waiting(head) }
}
