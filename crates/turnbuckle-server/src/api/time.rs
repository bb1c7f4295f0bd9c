//! Times as the API shows and reads them: RFC 3339 in UTC, and spans such as `24h`.

use turnbuckle_core::id::UnixMs;
use turnbuckle_core::invalid::Invalid;

use crate::problem::ApiError;

/// `2026-11-23T19:00:00.123Z`
pub fn rfc3339(at: UnixMs) -> String {
    let border = if at < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at).unwrap_or(border).to_string()
}

/// Reads a time at `path`: the pointer to a member, or `?name` of the query.
///
/// # Errors
/// 400 that names it.
pub fn parse(path: &str, text: &str) -> Result<UnixMs, ApiError> {
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| {
        let detail = "is a time such as 2026-01-31T12:00:00Z";
        ApiError::invalid(vec![Invalid::new(path, detail)])
    })
}

/// The same, if it is given.
///
/// # Errors
/// 400 that names it.
pub fn parse_optional(path: &str, text: Option<&str>) -> Result<Option<UnixMs>, ApiError> {
    text.map(|text| parse(path, text)).transpose()
}

/// Reads a span such as `30s`, `15m`, `24h` or `7d`, in milliseconds; `None` if
/// it is anything else.
pub fn parse_span(text: &str) -> Option<UnixMs> {
    let unit_ms = match text.bytes().next_back()? {
        b's' => 1_000,
        b'm' => 60_000,
        b'h' => 3_600_000,
        b'd' => 86_400_000,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    // Rust would also read a sign.
    let is_number = count.bytes().all(|byte| byte.is_ascii_digit());
    count.parse::<i64>().ok().filter(|_| is_number)?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_count_and_a_unit() {
        for (text, expect) in [
            ("30s", Some(30_000)),
            ("15m", Some(900_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("0h", Some(0)),
            ("", None),
            ("h", None),
            ("24", None),
            ("-1h", None),
            ("+1h", None),
            ("1.5h", None),
            ("24ä", None),
            ("9999999999999999d", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(parse_span(text), expect, "{text}");
        }
    }
}
