//! Search keys: one order-preserving encoding for all engines.
//!
//! Values are compared by what counts of them, their [`Canonical`] form: text
//! without case, numbers by size whatever their type, instants to the
//! microsecond. The key is that form as bytes whose order is the order of the
//! values, so an engine that compares bytes narrows a search the way core
//! judges it. Keys are compared within one column only.
//!
//! A key is cut at [`KEY_BYTES_MAX`]: keys of different long texts can be equal,
//! never in the wrong order. What a key finds is judged again in core.

mod range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::value::{Value, decimal};

pub use range::KeyRange;
pub(crate) use range::{intersection, just_above, union};

/// Longest key in bytes; what is longer is cut and re-checked.
pub const KEY_BYTES_MAX: usize = 256;

/// The key of null, lower than every other.
pub const NULL_KEY: &[u8] = &[0];

/// Higher than every key: the first byte of one is the kind of its value.
pub const KEYS_END: &[u8] = &[0xFF];

/// Encodes a value so that comparing bytes compares values.
pub fn encode(value: &Value) -> Vec<u8> {
    match Canonical::of(value.clone()) {
        Some(canonical) => canonical.key(),
        None => NULL_KEY.to_vec(),
    }
}

/// Text as it is compared: full Unicode case folding, so `STRASSE` is `straße`.
/// Accents, blanks and forms of normalisation are kept apart.
pub fn fold(text: &str) -> String {
    unicase::UniCase::new(text).to_folded_case()
}

/// What of a value counts when it is compared. Null is `None` wherever this is
/// optional, and lower than the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Canonical {
    Boolean(bool),
    /// Integers and decimals share one order.
    Number(Decimal),
    /// Folded; ordered by code point.
    Text(String),
    Date(Date),
    /// Microseconds since 1970 in UTC.
    Instant(i64),
    Guid(Uuid),
    /// As [`sorted_text`] writes it. Only its equality means something.
    Json(String),
}

impl Canonical {
    /// `None` for null.
    pub fn of(value: Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Boolean(it) => Self::Boolean(it),
            Value::Integer(it) => Self::Number(Decimal::from(it)),
            Value::Decimal(it) => Self::Number(it.normalize()),
            Value::Text(mut it) if it.is_ascii() => {
                it.make_ascii_lowercase();
                Self::Text(it)
            }
            Value::Text(it) => Self::Text(fold(&it)),
            Value::Date(it) => Self::Date(it),
            Value::Datetime(it) => Self::Instant(it.as_microsecond()),
            Value::Guid(it) => Self::Guid(it),
            Value::Json(it) => Self::Json(sorted_text(&it)),
        })
    }

    /// At most [`KEY_BYTES_MAX`] bytes. The first one tells the kind of value.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Boolean(it) => vec![1, u8::from(*it)],
            Self::Number(it) => number_key(*it),
            Self::Text(it) => tagged(3, it.as_bytes()),
            Self::Date(it) => {
                // From year -9999 on, so the sum is never negative.
                let year = u16::try_from(i32::from(it.year()) + 10_000).unwrap_or_default();
                let [high, low] = year.to_be_bytes();
                vec![4, high, low, it.month().unsigned_abs(), it.day().unsigned_abs()]
            }
            Self::Instant(it) => tagged(5, &it.wrapping_sub(i64::MIN).to_be_bytes()),
            Self::Guid(it) => tagged(6, it.as_bytes()),
            Self::Json(it) => tagged(7, it.as_bytes()),
        }
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(KEY_BYTES_MAX - 1)];
    let mut key = Vec::with_capacity(bytes.len() + 1);
    key.push(tag);
    key.extend_from_slice(bytes);
    key
}

/// Sign, position of the point, then two digits a byte. Trailing zeros are no
/// digits, so 1, 1.0 and 1.00 are one key. A negative number is the complement
/// of its positive one with an end mark, which puts the longer one first.
fn number_key(number: Decimal) -> Vec<u8> {
    const TAG: u8 = 2;
    let mut mantissa = number.mantissa().unsigned_abs();
    if mantissa == 0 {
        return vec![TAG, 0x80];
    }
    // A mantissa has 96 bits, so 29 digits.
    let mut digits = [0_u8; 30];
    let mut start = digits.len();
    while mantissa > 0 {
        start -= 1;
        digits[start] = (mantissa % 10) as u8;
        mantissa /= 10;
    }
    let digits = &digits[start..];
    let point = digits.len() as i64 - i64::from(number.scale());
    let last = digits.iter().rposition(|digit| *digit != 0).unwrap_or_default();

    let mut key = vec![TAG, 0xC0, (point + 0x80) as u8];
    for pair in digits[..=last].chunks(2) {
        key.push(1 + pair[0] * 10 + pair.get(1).copied().unwrap_or_default());
    }
    if number.is_sign_negative() {
        key.push(0);
        for byte in &mut key[1..] {
            *byte = !*byte;
        }
    }
    key
}

/// One text for equal JSON: members are sorted and numbers are written one way.
pub(crate) fn sorted_text(json: &Json) -> String {
    let mut text = String::new();
    write_sorted(json, &mut text);
    text
}

fn write_sorted(json: &Json, text: &mut String) {
    match json {
        Json::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_sorted(item, text);
            }
            text.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<(&String, &Json)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Json::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(member, text);
            }
            text.push('}');
        }
        scalar => match scalar.is_number().then(|| decimal::from_json(scalar)).flatten() {
            Some(number) => text.push_str(decimal::to_number(number).as_str()),
            None => text.push_str(&scalar.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;
    use crate::filter::arbitrary;

    /// Keys of `ascending` are in that order, each lower than the next.
    #[track_caller]
    fn check_order(ascending: &[Value]) {
        for pair in ascending.windows(2) {
            assert!(encode(&pair[0]) < encode(&pair[1]), "{:?} before {:?}", pair[0], pair[1]);
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn text_has_no_case() {
        assert_eq!(encode(&text("STRASSE")), encode(&text("straße")));
        assert_eq!(encode(&text("ΣΊΣΥΦΟΣ")), encode(&text("σίσυφος")));
        assert_eq!(encode(&text("ﬀ")), encode(&text("FF")));
        assert_ne!(encode(&text("e")), encode(&text("é")));
        check_order(&[
            Value::Null,
            text("\0"),
            text("A"),
            text("ab"),
            text("B"),
            text("é"),
            text("😀"),
        ]);
    }

    #[test]
    fn numbers_share_one_exact_order() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(encode(&Value::Integer(1)), encode(&decimal("1.00")));
        assert_eq!(encode(&decimal("-0.0")), encode(&Value::Integer(0)));
        assert_eq!(encode(&Value::Integer(100)), encode(&decimal("100.0")));
        check_order(&[
            Value::Null,
            decimal("-9999999999999999999999999999"),
            Value::Integer(i64::MIN),
            decimal("-10"),
            decimal("-9.99"),
            decimal("-9.9"),
            decimal("-0.0000000000000000000000000001"),
            Value::Integer(0),
            decimal("0.0000000000000000000000000001"),
            decimal("0.1"),
            decimal("0.1000000000000000000000000001"),
            decimal("0.11"),
            Value::Integer(1),
            decimal("9.9"),
            Value::Integer(10),
            Value::Integer(i64::MAX),
            decimal("9223372036854775807.1"),
            Value::Decimal(Decimal::MAX),
        ]);
    }

    #[test]
    fn times_are_in_their_order() {
        let date = |text: &str| Value::Date(text.parse().unwrap());
        check_order(&[
            Value::Null,
            Value::Date(Date::MIN),
            date("1969-12-31"),
            date("2026-01-31"),
            date("2026-02-01"),
            Value::Date(Date::MAX),
        ]);
        let instant = |text: &str| Value::Datetime(text.parse().unwrap());
        check_order(&[
            Value::Null,
            Value::Datetime(jiff::Timestamp::MIN),
            instant("1969-12-31T23:59:59.999999Z"),
            instant("1970-01-01T00:00:00Z"),
            instant("1970-01-01T00:00:00.000001Z"),
            instant("2026-02-28T09:30:00+02:00"),
            instant("2026-02-28T09:30:00+01:00"),
            Value::Datetime(jiff::Timestamp::MAX),
        ]);
    }

    #[test]
    fn objects_are_equal_whatever_the_order_of_their_members_and_the_form_of_numbers() {
        let json = |text: &str| encode(&Value::Json(text.parse().unwrap()));
        let a = json(r#"{"a": 1.50, "b": {"c": [1, 200], "d": null}}"#);
        assert_eq!(a, json(r#"{"b": {"d": null, "c": [1.0, 2e2]}, "a": 1.5}"#));
        assert_ne!(json("[12345678901234567890.1]"), json("[12345678901234567890.2]"));
        assert_ne!(json("[1]"), json("[\"1\"]"));
    }

    proptest! {
        #[test]
        fn keys_compare_as_values_do((column, a, b) in arbitrary::arb_column_and_two_values()) {
            let value = |stored| Value::from_stored(column.column_type, stored);
            let (a, b) = (value(&a), value(&b));
            let (a_key, b_key) = (encode(&a), encode(&b));
            prop_assert!(a_key.len() <= KEY_BYTES_MAX);
            prop_assert!(a_key.as_slice() < KEYS_END);
            let by_key = a_key.cmp(&b_key);
            let by_value = Canonical::of(a).cmp(&Canonical::of(b));
            let is_cut = a_key.len() == KEY_BYTES_MAX || b_key.len() == KEY_BYTES_MAX;
            prop_assert!(by_key == by_value || (is_cut && by_key == Ordering::Equal));
        }

        #[test]
        fn any_two_decimals_compare_exactly(
            a in (any::<i128>(), 0_u32..=28), b in (any::<i128>(), 0_u32..=28), shift in 32_u32..128,
        ) {
            let decimal = |(mantissa, scale)| Decimal::from_i128_with_scale(mantissa >> shift, scale);
            let (a, b) = (decimal(a), decimal(b));
            prop_assert_eq!(number_key(a).cmp(&number_key(b)), a.cmp(&b));
        }
    }
}
