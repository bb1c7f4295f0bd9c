//! Exact decimals: from text and JSON, and back.
//!
//! Nothing is rounded: what does not fit into 28 digits is no decimal.

use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

use super::NUMBER_DIGITS_MAX;

/// Most digits of a decimal, on both sides of the point together.
const DIGITS_MAX: i64 = 28;

/// Reads `12`, `-1.50`, `.5`, `1e3`; `None` for anything else and for what does not fit.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, i64::from(exponent.parse::<i32>().ok()?)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_digits || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }

    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    let zero_count = i64::try_from(digits.len() - significant.len()).ok()?;
    let mut scale = i64::try_from(fraction.len()).ok()? - exponent - zero_count;
    let significant = significant.trim_start_matches('0');
    let digit_count = i64::try_from(significant.len()).ok()?;
    if digit_count == 0 {
        return Some(Decimal::ZERO);
    }
    if digit_count > DIGITS_MAX || scale > DIGITS_MAX || digit_count - scale > DIGITS_MAX {
        return None;
    }
    let mut mantissa: i128 = significant.parse().ok()?;
    while scale < 0 {
        mantissa *= 10;
        scale += 1;
    }
    let scale = u32::try_from(scale).ok()?;
    Decimal::try_from_i128_with_scale(if is_negative { -mantissa } else { mantissa }, scale).ok()
}

/// Reads a JSON number, or a string that holds one.
pub(crate) fn from_json(given: &Json) -> Option<Decimal> {
    match given {
        Json::Number(number) => parse(number.as_str()),
        Json::String(text) => parse(text.trim()),
        _ => None,
    }
}

/// The JSON number with all digits of a decimal; a whole one has no fraction.
pub(crate) fn to_number(decimal: Decimal) -> Number {
    let text = decimal.normalize().to_string();
    text.parse().expect("a decimal is written as digits, a sign and a point")
}

/// A JSON number while that is exact for every reader, else a string.
pub(super) fn to_json(decimal: Decimal) -> Json {
    let number = to_number(decimal);
    let digits: String = number.as_str().chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    match significant.len() > NUMBER_DIGITS_MAX {
        true => Json::from(number.as_str()),
        false => Json::from(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(parse(text).map(|it| it.to_string()).as_deref(), expect, "{text}");
    }

    #[test]
    fn a_decimal_is_read_exactly_or_not_at_all() {
        check("12", Some("12"));
        check("-1.50", Some("-1.5"));
        check("+.5", Some("0.5"));
        check("5.", Some("5"));
        check("1e3", Some("1000"));
        check("1.5E-7", Some("0.00000015"));
        check("000.000", Some("0"));
        check("-0", Some("0"));
        check("0.0000000000000000000000000001", Some("0.0000000000000000000000000001"));
        check("9999999999999999999999999999", Some("9999999999999999999999999999"));
        check("1.00000000000000000000000000000000000000", Some("1"));

        check("10000000000000000000000000000", None);
        check("0.00000000000000000000000000001", None);
        check("1e300", None);
        check("1e99999999999999", None);
        for wrong in
            ["", "-", ".", "e5", "1e", "1,000", "1 000", "0x10", "NaN", "१", "--1", "1.2.3"]
        {
            check(wrong, None);
        }
    }
}
