//! The value of one column, its stored form, and how a value of any type is cast to it.
//!
//! The stored form is the JSON that a record keeps and the API shows: text,
//! options and lookups are strings, whole numbers and booleans are themselves,
//! a decimal is a number of up to 15 significant digits and a string beyond, a
//! date is `2026-02-28`, a datetime is RFC 3339 in UTC, a GUID is lower case
//! with hyphens. An empty text and an empty set of options are null: a CRM does
//! not tell an emptied column from one that was never filled.

mod cast;
pub(crate) mod decimal;
mod time;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::entity::{Column, ColumnType};

pub(crate) use cast::cast_as;

/// Most significant digits that survive a JSON number in every language.
const NUMBER_DIGITS_MAX: usize = 15;

/// A typed value. What a record stores is its JSON form ([`Value::into_stored`]).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    /// Also options and lookups: record ids are opaque text outside the built-in CRM.
    Text(String),
    Date(Date),
    Datetime(Timestamp),
    Guid(Uuid),
    /// Objects, lists and multi-options.
    Json(Json),
}

/// A value cannot be made into what the column holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot cast {given} to {wanted}")]
pub struct CastError {
    /// The value as given, as JSON, shortened.
    pub given: String,
    /// What the column holds, with its article: "a date like 2026-02-28".
    pub wanted: String,
}

impl Value {
    /// Reads the stored form back; what is not of the type reads as null.
    pub fn from_stored(column_type: ColumnType, stored: &Json) -> Self {
        let value = match column_type {
            ColumnType::Text | ColumnType::LongText | ColumnType::Option | ColumnType::Lookup => {
                stored.as_str().filter(|text| !text.is_empty()).map(|it| Self::Text(it.to_owned()))
            }
            ColumnType::Integer => stored.as_i64().map(Self::Integer),
            ColumnType::Decimal => decimal::from_json(stored).map(Self::Decimal),
            ColumnType::Boolean => stored.as_bool().map(Self::Boolean),
            ColumnType::Date => stored.as_str().and_then(|text| text.parse().ok()).map(Self::Date),
            ColumnType::Datetime => stored
                .as_str()
                .and_then(|text| text.parse().ok())
                .and_then(whole_microseconds)
                .map(Self::Datetime),
            ColumnType::Guid => {
                stored.as_str().and_then(|text| Uuid::try_parse(text).ok()).map(Self::Guid)
            }
            ColumnType::MultiOption => stored
                .as_array()
                .filter(|options| !options.is_empty())
                .map(|_| Self::Json(stored.clone())),
            ColumnType::List => stored.is_array().then(|| Self::Json(stored.clone())),
            ColumnType::Object => stored.is_object().then(|| Self::Json(stored.clone())),
        };
        value.unwrap_or(Self::Null)
    }

    /// The JSON that a record keeps and the API shows.
    pub fn into_stored(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(it) => Json::from(it),
            Self::Integer(it) => Json::from(it),
            Self::Decimal(it) => decimal::to_json(it),
            Self::Text(it) => Json::from(it),
            Self::Date(it) => Json::from(it.to_string()),
            Self::Datetime(it) => Json::from(it.to_string()),
            Self::Guid(it) => Json::from(it.to_string()),
            Self::Json(it) => it,
        }
    }

    /// Casts whatever a sender gave to what `column` holds.
    ///
    /// Generous about the form and strict about the content: nothing is rounded
    /// or cut, apart from the time of day where a date is wanted and what is
    /// finer than a microsecond. No value holds the character U+0000, which not
    /// every database can keep. Null and an empty text are null for every type;
    /// text keeps its blanks, every other type is trimmed. `zone` places times
    /// that carry no offset, and says on which day an instant falls.
    ///
    /// | type | takes |
    /// |---|---|
    /// | text, long_text | strings, numbers as they are written (`1e2` as `1e+2`), booleans |
    /// | integer | whole numbers of 64 bits, also as text (`"3.0"`, `"1e3"`) |
    /// | decimal | numbers of up to 28 digits, also as text; no thousands separators |
    /// | boolean | booleans, 1, 0 and `true false yes no on off 1 0` in any case |
    /// | date | 0001-01-01 to 9999-12-31: `2026-02-28`, `28.02.2026`, `02/28/2026` (slashes: month first), any datetime |
    /// | datetime | 0001-01-01T00:00:00Z to 9999-12-30T22:00:00Z, which every zone can show: RFC 3339; any of the dates, alone or with `9:30`, `9:30:00.5`, `9:30 PM` and an offset; numbers: epoch seconds below 10¹¹, milliseconds from there |
    /// | guid | 32 hexadecimal digits, with or without hyphens and braces |
    /// | lookup | strings and numbers; a GUID is written the way we write it |
    /// | option | value or label of an option without regard to case; any text where the options are open |
    /// | multi_option | a list of options, or text that holds such a list or splits at `;`, else at `,` |
    /// | object, list | JSON of that kind, or text that parses to it |
    ///
    /// # Errors
    /// What was given and what the column holds, in words for the sender.
    pub fn cast(
        column: &Column,
        given: &Json,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, CastError> {
        cast_as(column.column_type, column.options.as_deref(), given, zone)
    }
}

/// Drops what is finer than a microsecond; `None` before the year 1.
fn whole_microseconds(instant: Timestamp) -> Option<Timestamp> {
    // Rounding towards the past keeps the order of instants before 1970.
    let rounding = TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Floor);
    let first = Timestamp::UNIX_EPOCH - SignedDuration::from_secs(62_135_596_800);
    instant.round(rounding).ok().filter(|it| first <= *it)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::filter::arbitrary;

    #[track_caller]
    fn check(column_type: ColumnType, stored: Json, expect: Value) {
        assert_eq!(Value::from_stored(column_type, &stored), expect, "{column_type:?} {stored}");
    }

    #[test]
    fn a_decimal_is_a_number_of_15_digits_and_a_string_beyond() {
        let read = |text: &str| -> Json { text.parse().unwrap() };
        let stored = |text: &str| Value::Decimal(text.parse().unwrap()).into_stored();
        assert_eq!(stored("12.50"), json!(12.5));
        assert_eq!(stored("100.00"), json!(100));
        assert_eq!(stored("-0.0"), json!(0));
        assert_eq!(stored("0.123456789012345"), json!(0.123_456_789_012_345));
        assert_eq!(stored("0.1234567890123456"), json!("0.1234567890123456"));
        assert_eq!(stored("12345678901234567890.10"), json!("12345678901234567890.1"));
        assert_eq!(stored("1000000000000000000000"), read("1000000000000000000000"));
        assert_eq!(stored("0.0000000001"), read("0.0000000001"));
        check(ColumnType::Decimal, json!("12.50"), Value::Decimal("12.5".parse().unwrap()));
        check(ColumnType::Decimal, json!(0.1), Value::Decimal("0.1".parse().unwrap()));
    }

    #[test]
    fn a_datetime_keeps_its_microseconds_without_trailing_zeros() {
        let stored = |text: &str| {
            Value::from_stored(ColumnType::Datetime, &json!(text)).into_stored().to_string()
        };
        assert_eq!(stored("2024-06-19T15:22:45Z"), r#""2024-06-19T15:22:45Z""#);
        assert_eq!(stored("2024-06-19T17:22:45.120+02:00"), r#""2024-06-19T15:22:45.12Z""#);
        assert_eq!(stored("2024-06-19T15:22:45.1234569Z"), r#""2024-06-19T15:22:45.123456Z""#);
        assert_eq!(stored("0001-01-01T00:00:00Z"), r#""0001-01-01T00:00:00Z""#);
    }

    #[test]
    fn what_is_not_of_the_type_reads_as_null() {
        check(ColumnType::Integer, json!("5"), Value::Null);
        check(ColumnType::Integer, json!(5.5), Value::Null);
        check(ColumnType::Text, json!(5), Value::Null);
        check(ColumnType::Text, json!(""), Value::Null);
        check(ColumnType::Datetime, json!("yesterday"), Value::Null);
        check(ColumnType::MultiOption, json!([]), Value::Null);
        check(ColumnType::List, json!([]), Value::Json(json!([])));
        check(ColumnType::Object, json!([]), Value::Null);
        check(ColumnType::Decimal, json!(1e300), Value::Null);
    }

    /// The size of a number that is written in any way: its sign, its digits
    /// without the zeros around them and its power of ten.
    fn parts(text: &str) -> (bool, String, i64) {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let unsigned = number.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        let zero_count = (digits.len() - significant.len()) as i64;
        let power = exponent.parse::<i64>().unwrap() + zero_count - fraction.len() as i64;
        match significant.trim_start_matches('0') {
            "" => (false, String::new(), 0),
            significant => (text.starts_with('-'), significant.to_owned(), power),
        }
    }

    proptest! {
        #[test]
        fn a_number_of_any_length_is_kept_exactly_or_refused(
            text in r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?",
        ) {
            let cast = |column_type| {
                let column = Column::new("Column", "Column", column_type);
                let given: Json = text.parse().unwrap();
                // As the database gives it back.
                let reread = |value: Value| value.into_stored().to_string().parse::<Json>().unwrap();
                Value::cast(&column, &given, &jiff::tz::TimeZone::UTC).map(reread)
            };
            let shown = |stored: Json| match stored {
                Json::String(text) => text,
                number => number.to_string(),
            };
            let (_, digits, power) = parts(&text);
            let digit_count = digits.len() as i64;
            let decimal = cast(ColumnType::Decimal);
            prop_assert_eq!(
                decimal.is_ok(),
                digit_count <= 28 && -28 <= power && digit_count + power <= 28
            );
            let casts = [decimal, cast(ColumnType::Integer), cast(ColumnType::Text)];
            for stored in casts.into_iter().flatten() {
                prop_assert_eq!(parts(&shown(stored)), parts(&text));
            }
        }

        #[test]
        fn what_is_stored_reads_back_equal((column, given) in arbitrary::arb_column_and_value()) {
            let value = Value::cast(&column, &given, &jiff::tz::TimeZone::UTC).unwrap();
            let stored = value.clone().into_stored();
            prop_assert_eq!(Value::from_stored(column.column_type, &stored), value.clone());
            // Casting is idempotent, so that a record can be written back as it was read.
            prop_assert_eq!(Value::cast(&column, &stored, &jiff::tz::TimeZone::UTC), Ok(value));
        }
    }
}
