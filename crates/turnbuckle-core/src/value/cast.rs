//! Casting: one function per family of column types.

use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{CastError, Value, decimal, time};
use crate::body;
use crate::entity::{ColumnOption, ColumnType};
use crate::key::fold;

/// Longest part of a refused value that is shown, in characters.
const GIVEN_CHARS_MAX: usize = 60;
/// Most options that are listed where none of them was given.
const OPTIONS_SHOWN_MAX: usize = 10;

/// See [`Value::cast`]; takes the two properties of a column that casting looks at.
pub(crate) fn cast_as(
    column_type: ColumnType,
    options: Option<&[ColumnOption]>,
    given: &Json,
    zone: &TimeZone,
) -> Result<Value, CastError> {
    let is_text = matches!(column_type, ColumnType::Text | ColumnType::LongText);
    let is_empty = match given {
        Json::Null => true,
        Json::String(text) if is_text => text.is_empty(),
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    };
    if is_empty {
        return Ok(Value::Null);
    }
    let value = match column_type {
        ColumnType::Text | ColumnType::LongText => scalar_text(given).map(Value::Text),
        ColumnType::Integer => integer(given).map(Value::Integer),
        ColumnType::Decimal => decimal::from_json(given).map(Value::Decimal),
        ColumnType::Boolean => boolean(given).map(Value::Boolean),
        ColumnType::Date => said(given).map(|it| Value::Date(it.day(zone))),
        ColumnType::Datetime => said(given).and_then(|it| it.instant(zone)).map(Value::Datetime),
        ColumnType::Guid => given.as_str().and_then(guid).map(Value::Guid),
        ColumnType::Lookup => lookup(given).map(Value::Text),
        ColumnType::Option => option(options, given).map(Value::Text),
        ColumnType::MultiOption => multi_option(options, given),
        ColumnType::Object => json(given, Json::is_object).map(Value::Json),
        ColumnType::List => json(given, Json::is_array).map(Value::Json),
    };
    let wanted = match value {
        Some(value) if !has_nul(&value) => return Ok(value),
        Some(_) => "a value without the character U+0000".to_owned(),
        None => wanted(column_type, options.unwrap_or_default()),
    };
    Err(CastError { given: shortened(given), wanted })
}

fn has_nul(value: &Value) -> bool {
    fn is_in(json: &Json) -> bool {
        match json {
            Json::String(text) => text.contains('\0'),
            Json::Array(values) => values.iter().any(is_in),
            Json::Object(members) => {
                members.iter().any(|(name, value)| name.contains('\0') || is_in(value))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
    match value {
        Value::Text(text) => text.contains('\0'),
        Value::Json(json) => is_in(json),
        _ => false,
    }
}

fn scalar_text(given: &Json) -> Option<String> {
    match given {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(it) => Some(it.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn integer(given: &Json) -> Option<i64> {
    decimal::from_json(given).filter(rust_decimal::Decimal::is_integer)?.to_i64()
}

fn boolean(given: &Json) -> Option<bool> {
    match given {
        Json::Bool(it) => Some(*it),
        Json::Number(_) => match integer(given)? {
            1 => Some(true),
            0 => Some(false),
            _ => None,
        },
        Json::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn said(given: &Json) -> Option<time::Said> {
    match given {
        Json::String(text) => time::parse(text.trim()),
        Json::Number(_) => time::from_epoch(decimal::from_json(given)?),
        _ => None,
    }
}

fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text.trim()).ok()
}

fn lookup(given: &Json) -> Option<String> {
    if given.is_boolean() {
        return None;
    }
    let text = scalar_text(given)?;
    Some(match guid(&text) {
        Some(guid) => guid.to_string(),
        None => text.trim().to_owned(),
    })
}

/// The value of the option that is meant: its value before its label, as written before any case.
fn option(options: Option<&[ColumnOption]>, given: &Json) -> Option<String> {
    let text = scalar_text(given)?;
    let text = text.trim();
    let Some(options) = options else { return Some(text.to_owned()) };
    let folded = fold(text);
    options
        .iter()
        .find(|it| it.value == text)
        .or_else(|| options.iter().find(|it| fold(&it.value) == folded))
        .or_else(|| options.iter().find(|it| fold(&it.label) == folded))
        .map(|it| it.value.clone())
}

fn multi_option(options: Option<&[ColumnOption]>, given: &Json) -> Option<Value> {
    let parsed;
    let list: Vec<Json> = match given {
        Json::Array(list) => list.clone(),
        Json::String(text) => {
            // An option may itself hold a comma.
            if let Some(whole) = options.and_then(|_| option(options, given)) {
                return Some(Value::Json(Json::from(vec![whole])));
            }
            parsed = json(given, Json::is_array);
            let separator = if text.contains(';') { ';' } else { ',' };
            match parsed {
                Some(Json::Array(list)) => list,
                _ => text.split(separator).map(Json::from).collect(),
            }
        }
        scalar => vec![scalar.clone()],
    };
    let mut chosen: Vec<String> = Vec::new();
    for given in &list {
        if given.is_null() || given.as_str().is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        let value = option(options, given)?;
        if !chosen.contains(&value) {
            chosen.push(value);
        }
    }
    Some(if chosen.is_empty() { Value::Null } else { Value::Json(Json::from(chosen)) })
}

/// `given` itself or what its text parses to, if that is of the wanted kind.
fn json(given: &Json, is_wanted: fn(&Json) -> bool) -> Option<Json> {
    match given {
        Json::String(text) => body::parse_json(text.as_bytes()).ok(),
        other => Some(other.clone()),
    }
    .filter(is_wanted)
}

fn wanted(column_type: ColumnType, options: &[ColumnOption]) -> String {
    let words = match column_type {
        ColumnType::Text | ColumnType::LongText => "text",
        ColumnType::Integer => "a whole number of 64 bits",
        ColumnType::Decimal => "a decimal number of up to 28 digits",
        ColumnType::Boolean => "true or false",
        ColumnType::Date => "a date like 2026-02-28",
        ColumnType::Datetime => {
            "a date and time like 2026-02-28T09:30:00Z, 9999-12-30T22:00:00Z at the latest"
        }
        ColumnType::Guid => "a GUID",
        ColumnType::Lookup => "a record id",
        ColumnType::Object => "a JSON object",
        ColumnType::List => "a JSON list",
        ColumnType::Option | ColumnType::MultiOption if options.is_empty() => "an option",
        ColumnType::Option | ColumnType::MultiOption => {
            let shown: Vec<String> = options
                .iter()
                .take(OPTIONS_SHOWN_MAX)
                .map(|it| format!("`{}`", it.value))
                .collect();
            let more = if options.len() > OPTIONS_SHOWN_MAX { ", …" } else { "" };
            return format!("one of {}{more}", shown.join(", "));
        }
    };
    words.to_owned()
}

fn shortened(given: &Json) -> String {
    let text = given.to_string();
    match text.char_indices().nth(GIVEN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::Column;

    /// Casts in a zone of -01:00 and compares the stored form; `None` expects an error.
    #[track_caller]
    fn check(column: &Column, given: Json, expect: Option<Json>) {
        let zone = TimeZone::fixed(jiff::tz::Offset::constant(-1));
        let stored = Value::cast(column, &given, &zone).map(|value| value.into_stored());
        assert_eq!(stored.ok(), expect, "{:?} from {given}", column.column_type);
    }

    fn column(column_type: ColumnType) -> Column {
        Column::new("Column", "Column", column_type)
    }

    fn colours(column_type: ColumnType) -> Column {
        let option = |value: &str, label: &str| ColumnOption {
            value: value.to_owned(),
            label: label.to_owned(),
        };
        let options =
            vec![option("red", "Rot"), option("GROSS", "Groß"), option("b,c", "Black, coloured")];
        Column { options: Some(options), ..column(column_type) }
    }

    #[test]
    fn empty_is_null_for_every_type() {
        use strum::VariantArray;
        for column_type in ColumnType::VARIANTS {
            check(&column(*column_type), json!(""), Some(Json::Null));
            check(&column(*column_type), Json::Null, Some(Json::Null));
        }
        check(&column(ColumnType::Integer), json!("  "), Some(Json::Null));
        check(&column(ColumnType::MultiOption), json!([]), Some(Json::Null));
        check(&column(ColumnType::List), json!([]), Some(json!([])));
    }

    #[test]
    fn text_is_kept_untrimmed_and_takes_scalars_only() {
        let text = column(ColumnType::Text);
        check(&text, json!("john@alien.comm  "), Some(json!("john@alien.comm  ")));
        check(&text, json!("  "), Some(json!("  ")));
        check(&text, json!(5), Some(json!("5")));
        for number in ["1.10", "18446744073709551616", "123456789012345678.12"] {
            check(&text, number.parse().unwrap(), Some(json!(number)));
        }
        check(&text, "1e2".parse().unwrap(), Some(json!("1e+2")));
        check(&text, json!(true), Some(json!("true")));
        check(&text, json!(["a"]), None);
        check(&text, json!({}), None);
    }

    #[test]
    fn whole_numbers_come_from_numbers_and_text_within_64_bits() {
        let integer = column(ColumnType::Integer);
        check(&integer, json!(3.0), Some(json!(3)));
        check(&integer, json!(" 42 "), Some(json!(42)));
        check(&integer, json!("-1e3"), Some(json!(-1000)));
        check(&integer, json!(i64::MIN), Some(json!(i64::MIN)));
        check(&integer, json!("9223372036854775807"), Some(json!(i64::MAX)));
        check(&integer, json!("9223372036854775808"), None);
        check(&integer, json!(u64::MAX), None);
        check(&integer, "9223372036854775807.0".parse().unwrap(), Some(json!(i64::MAX)));
        check(&integer, "9007199254740993.00000000000000000001".parse().unwrap(), None);
        for wrong in [json!(3.5), json!("3.5"), json!("abc"), json!(true), json!([3])] {
            check(&integer, wrong, None);
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let decimal = column(ColumnType::Decimal);
        check(&decimal, json!("12.50"), Some(json!(12.5)));
        check(&decimal, json!(0.1), Some(json!(0.1)));
        check(&decimal, json!("1234567890123456.789"), Some(json!("1234567890123456.789")));
        check(&decimal, json!("1,000"), None);
        check(
            &decimal,
            json!("1.2345678901234567890123456780"),
            Some(json!("1.234567890123456789012345678")),
        );
        check(&decimal, json!("1.2345678901234567890123456789"), None);
    }

    #[test]
    fn booleans_come_from_the_words_people_use() {
        let boolean = column(ColumnType::Boolean);
        for yes in [json!(true), json!(1), json!("1"), json!("Yes"), json!(" ON "), json!("TRUE")] {
            check(&boolean, yes, Some(json!(true)));
        }
        for no in [json!(false), json!(0), json!("0"), json!("no"), json!("Off"), json!("False")] {
            check(&boolean, no, Some(json!(false)));
        }
        for wrong in [json!(2), json!("maybe"), json!([true])] {
            check(&boolean, wrong, None);
        }
    }

    #[test]
    fn dates_come_from_days_and_from_instants_seen_in_the_zone() {
        let date = column(ColumnType::Date);
        for same in [
            json!("2026-02-28"),
            json!("28.02.2026"),
            json!("28.2.2026"),
            json!("02/28/2026"),
            json!("2026-02-28 23:59"),
            json!("2026-03-01T00:30:00Z"),
            json!(1_772_325_000),
            json!(1_772_325_000_000_i64),
        ] {
            check(&date, same, Some(json!("2026-02-28")));
        }
        for last in ["9999-12-31", "9999-12-31T23:59:59Z"] {
            check(&date, json!(last), Some(json!("9999-12-31")));
        }
        for wrong in [
            "2026-02-29",
            "0000-02-28",
            "28/02/2026",
            "26-02-28",
            "2026-2-28",
            "2026-02-28x",
            "20260228",
            "2026",
            "soon",
            "２026-02-28",
            "é.1.2026",
            "1.é.2026",
        ] {
            check(&date, json!(wrong), None);
        }
        check(&date, json!(1e300), None);
        check(&date, json!(true), None);
    }

    #[test]
    fn datetimes_without_an_offset_are_of_the_zone() {
        let datetime = column(ColumnType::Datetime);
        for (given, expect) in [
            (json!("2026-02-28T09:30:00Z"), "2026-02-28T09:30:00Z"),
            (json!("2026-02-28t09:30:00.120z"), "2026-02-28T09:30:00.12Z"),
            (json!("2026-02-28T09:30:00.1234567891+02:00"), "2026-02-28T07:30:00.123456Z"),
            (json!("2026-02-28 09:30"), "2026-02-28T10:30:00Z"),
            (json!("2026-02-28T09:30:15.5"), "2026-02-28T10:30:15.5Z"),
            (json!("2026-02-28"), "2026-02-28T01:00:00Z"),
            (json!("28.02.2026 9:30"), "2026-02-28T10:30:00Z"),
            (json!("4/12/2008 9:30:00 AM -01:00"), "2008-04-12T10:30:00Z"),
            (json!("4/12/2008 12:05 am"), "2008-04-12T01:05:00Z"),
            (json!("4/12/2008 12:05PM +0000"), "2008-04-12T12:05:00Z"),
            (json!("2026-02-28 09:30:00 UTC"), "2026-02-28T09:30:00Z"),
            (json!("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59Z"),
            (json!(1_772_325_000), "2026-03-01T00:30:00Z"),
            (json!(1_772_325_000.25), "2026-03-01T00:30:00.25Z"),
            (json!(1_772_325_000_123_i64), "2026-03-01T00:30:00.123Z"),
            (json!(0), "1970-01-01T00:00:00Z"),
            (json!("9999-12-30T22:00:00Z"), "9999-12-30T22:00:00Z"),
            (json!("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z"),
        ] {
            check(&datetime, given, Some(json!(expect)));
        }
        for wrong in [
            "2026-02-28T",
            "2026-02-28T25:00",
            "2026-02-28T09:30:00+2",
            "2026-02-28T09:30:00 CET",
            "4/12/2008 13:05 PM",
            "2026-02-28T09:30:00.",
            "9999-12-31T23:59:59Z",
            "9999-12-30T22:00:01Z",
            "9999-12-31",
            "0000-12-31T23:59:59Z",
            "09:30",
            "2026-02-28T09:30 aé",
        ] {
            check(&datetime, json!(wrong), None);
        }
        check(&datetime, json!(9e18), None);
    }

    #[test]
    fn guids_are_written_one_way() {
        let expect = Some(json!("56909903-8df4-43ad-8dd4-df06ce3ed2e4"));
        for column_type in [ColumnType::Guid, ColumnType::Lookup] {
            let column = column(column_type);
            check(&column, json!("56909903-8DF4-43AD-8DD4-DF06CE3ED2E4"), expect.clone());
            check(&column, json!(" {56909903-8df4-43ad-8dd4-df06ce3ed2e4}"), expect.clone());
            check(&column, json!("569099038df443ad8dd4df06ce3ed2e4"), expect.clone());
        }
        check(&column(ColumnType::Guid), json!("Canada"), None);
        check(&column(ColumnType::Guid), json!(5), None);
        check(&column(ColumnType::Lookup), json!(" Canada "), Some(json!("Canada")));
        check(&column(ColumnType::Lookup), json!(17), Some(json!("17")));
        check(&column(ColumnType::Lookup), json!(true), None);
    }

    #[test]
    fn an_option_is_found_by_value_or_label_in_any_case() {
        let colour = colours(ColumnType::Option);
        check(&colour, json!("RED"), Some(json!("red")));
        check(&colour, json!(" rot "), Some(json!("red")));
        check(&colour, json!("GROSS"), Some(json!("GROSS")));
        check(&colour, json!("groß"), Some(json!("GROSS")));
        check(&colour, json!("blue"), None);
        check(&column(ColumnType::Option), json!(" any "), Some(json!("any")));
        check(&column(ColumnType::Option), json!(5), Some(json!("5")));
    }

    #[test]
    fn several_options_come_as_a_list_or_as_text() {
        let colour = colours(ColumnType::MultiOption);
        check(&colour, json!(["RED", "Groß", "rot", null]), Some(json!(["red", "GROSS"])));
        check(&colour, json!("red, gross"), Some(json!(["red", "GROSS"])));
        check(&colour, json!("b,c"), Some(json!(["b,c"])));
        check(&colour, json!("b,c; red;"), Some(json!(["b,c", "red"])));
        check(&colour, json!("[\"red\"]"), Some(json!(["red"])));
        check(&colour, json!("red, blue"), None);
        check(&colour, json!([["red"]]), None);
        check(&column(ColumnType::MultiOption), json!("a, b"), Some(json!(["a", "b"])));
        check(&column(ColumnType::MultiOption), json!(5), Some(json!(["5"])));
    }

    #[test]
    fn objects_and_lists_come_as_json_or_as_its_text() {
        check(&column(ColumnType::Object), json!("{\"a\":1}"), Some(json!({"a": 1})));
        check(&column(ColumnType::Object), json!([1]), None);
        check(&column(ColumnType::List), json!("[1]"), Some(json!([1])));
        check(&column(ColumnType::List), json!("a"), None);
    }

    #[test]
    fn json_in_a_text_nests_no_deeper_than_a_body() {
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let list = column(ColumnType::List);
        assert!(Value::cast(&list, &json!(nested(100)), &TimeZone::UTC).is_ok());
        for refused in [nested(101), r#"[{"$serde_json::private::RawValue":"[[[]]]"}]"#.to_owned()]
        {
            check(&list, json!(refused), None);
        }
    }

    #[test]
    fn no_value_holds_nul() {
        for (column_type, given) in [
            (ColumnType::Text, json!("a\0")),
            (ColumnType::Option, json!("a\0b")),
            (ColumnType::Lookup, json!("a\0b")),
            (ColumnType::MultiOption, json!(["a", "b\0b"])),
            (ColumnType::Object, json!({"a": [{"b": "\0"}]})),
            (ColumnType::Object, json!({"a\0": 1})),
            (ColumnType::List, json!("[\"\\u0000\"]")),
        ] {
            let error = Value::cast(&column(column_type), &given, &TimeZone::UTC).unwrap_err();
            assert_eq!(error.wanted, "a value without the character U+0000", "{given}");
        }
    }

    #[test]
    fn an_error_names_what_was_given_and_what_is_wanted() {
        let error = |column: &Column, given: Json| {
            Value::cast(column, &given, &TimeZone::UTC).unwrap_err().to_string()
        };
        assert_eq!(
            error(&column(ColumnType::Integer), json!("abc")),
            "cannot cast \"abc\" to a whole number of 64 bits"
        );
        assert_eq!(
            error(&colours(ColumnType::Option), json!(5)),
            "cannot cast 5 to one of `red`, `GROSS`, `b,c`"
        );
        let long = error(&column(ColumnType::Integer), json!("é".repeat(500)));
        assert_eq!(long, format!("cannot cast \"{}… to a whole number of 64 bits", "é".repeat(59)));
    }
}
