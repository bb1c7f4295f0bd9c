//! Times as the API shows and reads them: RFC 3339 in UTC.

use turnbuckle_core::id::UnixMs;

use crate::problem::{ApiError, Problem};

/// `2026-11-23T19:00:00.123Z`
pub fn rfc3339(at: UnixMs) -> String {
    let border = if at < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at).unwrap_or(border).to_string()
}

/// Reads a time of the member or parameter `name`.
///
/// # Errors
/// 400 that names it.
pub fn parse(name: &str, text: &str) -> Result<UnixMs, ApiError> {
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| {
        let detail = format!("`{name}` is a time such as 2026-01-31T12:00:00Z");
        ApiError::new(Problem::InvalidRequest, detail)
    })
}
