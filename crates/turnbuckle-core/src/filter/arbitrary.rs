//! Random schemas, records, filters and payloads for property tests, here and in other crates.
//!
//! Values come from small pools of awkward ones (Unicode that changes length
//! when folded, decimals at their limits, instants around midnight), so that
//! records, filters and payloads meet often enough to match.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};
use strum::VariantArray;

use super::{Arity, Condition, Filter, Moment, Op, Operand, Values};
use crate::entity::{Column, ColumnOption, ColumnPath, ColumnType, Entity, Schema};
use crate::record::Data;
use crate::value::Value;

/// The name of the entity that has a column of every type.
pub const SAMPLE: &str = "Sample";

/// A record of [`SAMPLE`]. The value at a path is the member of that name.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(pub Data);

impl Values for Sample {
    fn value(&self, path: &ColumnPath, column_type: ColumnType) -> Value {
        match path.is_plain() {
            true => self.0.get(&path.column),
            false => self.0.get(&path.to_string()),
        }
        .map_or(Value::Null, |stored| Value::from_stored(column_type, stored))
    }
}

/// [`SAMPLE`] with a column named after each type, and the `Country` it looks up.
pub fn schema() -> Schema {
    let named = |name: &str, display: &str, columns| Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: name.to_owned(),
        custom: true,
        display: display.to_owned(),
        columns,
    };
    let country = named("Country", "Name", vec![Column::new("Name", "Name", ColumnType::Text)]);
    let entities = [named(SAMPLE, "Text", columns()), country];
    Schema { entities: entities.into_iter().map(|it| (it.name.clone(), it)).collect() }
}

/// The entity [`SAMPLE`] of [`schema`].
pub fn entity(schema: &Schema) -> &Entity {
    schema.entity(SAMPLE).expect("the schema of this module holds it")
}

fn columns() -> Vec<Column> {
    let option =
        |(value, label): (&str, &str)| ColumnOption { value: value.into(), label: label.into() };
    let options = || Some([("red", "Rot"), ("GROSS", "Groß"), ("b,c", "B")].map(option).to_vec());
    vec![
        Column::new("Text", "Text", ColumnType::Text),
        Column::new("LongText", "Long text", ColumnType::LongText),
        Column::new("Integer", "Integer", ColumnType::Integer),
        Column::new("Decimal", "Decimal", ColumnType::Decimal),
        Column::new("Boolean", "Boolean", ColumnType::Boolean),
        Column::new("Date", "Date", ColumnType::Date),
        Column::new("Datetime", "Datetime", ColumnType::Datetime),
        Column::new("Guid", "Guid", ColumnType::Guid),
        Column::lookup("CountryId", "Country", "Country"),
        Column { options: options(), ..Column::new("Option", "Option", ColumnType::Option) },
        Column {
            options: options(),
            ..Column::new("MultiOption", "Multi-option", ColumnType::MultiOption)
        },
        Column::new("Object", "Object", ColumnType::Object),
        Column::new("List", "List", ColumnType::List),
    ]
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "A",
    "ab",
    "AB ",
    "b",
    "ß",
    "SS",
    "ss",
    "s",
    "straße",
    "STRASSE",
    "é",
    "É",
    "e\u{301}",
    "İ",
    "i",
    "ı",
    "Σ",
    "ς",
    "σ",
    "ﬀ",
    "FF",
    "😀",
    "\u{10FFFF}",
    "%",
    "_",
    "'",
    "\\",
    "5",
    "null",
];
const DECIMALS: &[&str] = &[
    "0",
    "-0.0",
    "1",
    "1.00",
    "-1",
    "0.1",
    "0.10",
    "0.1000000000000000000000000001",
    "-0.1",
    "9.99",
    "10",
    "-10",
    "9223372036854775807.1",
    "9999999999999999999999999999",
    "1234567890123456.789",
    "-9999999999999999999999999999",
    "0.0000000000000000000000000001",
    "0.30000000000000004",
];
const DAYS: &[&str] = &[
    "2026-02-26",
    "2026-02-27",
    "2026-02-28",
    "2026-03-01",
    "2026-03-02",
    "2026-03-29",
    "1969-12-31",
    "0001-01-01",
    "9999-12-31",
];
const INSTANTS: &[&str] = &[
    "2026-02-27T22:59:59.999999Z",
    "2026-02-27T23:00:00Z",
    "2026-02-28T00:00:00Z",
    "2026-02-28T12:00:00.5Z",
    "2026-02-28T22:59:59Z",
    "2026-02-28T23:00:00Z",
    "2026-03-01T00:00:00.000001Z",
    "2026-03-29T01:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z",
    "9999-12-30T00:00:00Z",
];
const GUIDS: &[&str] = &[
    "00000000-0000-0000-0000-000000000000",
    "56909903-8df4-43ad-8dd4-df06ce3ed2e4",
    "56909903-8df4-43ad-8dd4-df06ce3ed2e5",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

/// Something that casts to `column`, never null, often not in its stored form.
fn arb_given(column: &Column) -> BoxedStrategy<Json> {
    let pool = |pool: &'static [&'static str]| select(pool).prop_map(Json::from);
    let option = || select(["red", "RED", "Rot", "GROSS", "groß", "b,c"].as_slice());
    match column.column_type {
        ColumnType::Text | ColumnType::LongText => {
            prop_oneof![6 => pool(TEXTS), 1 => arb_text().prop_map(Json::from)].boxed()
        }
        ColumnType::Lookup => {
            prop_oneof![pool(&["a", "A", "é", "É", "ß", "SS"]), pool(GUIDS)].boxed()
        }
        ColumnType::Integer => prop_oneof![
            3 => (-3_i64..4).prop_map(Json::from),
            1 => any::<i64>().prop_map(Json::from),
            1 => select([i64::MIN, i64::MAX].as_slice()).prop_map(Json::from),
        ]
        .boxed(),
        ColumnType::Decimal => prop_oneof![
            4 => pool(DECIMALS),
            1 => (-300_i32..300).prop_map(|it| Json::from(f64::from(it) / 100.0)),
        ]
        .boxed(),
        ColumnType::Boolean => any::<bool>().prop_map(Json::from).boxed(),
        ColumnType::Date => pool(DAYS).boxed(),
        ColumnType::Datetime => {
            let days = &DAYS[..DAYS.len() - 2];
            prop_oneof![3 => pool(INSTANTS), 1 => select(days).prop_map(Json::from)].boxed()
        }
        ColumnType::Guid => pool(GUIDS).boxed(),
        ColumnType::Option => option().prop_map(Json::from).boxed(),
        ColumnType::MultiOption => {
            prop::collection::vec(option().prop_map(Json::from), 1..3).prop_map(Json::from).boxed()
        }
        ColumnType::Object => {
            select([json!({}), json!({"a": 1}), json!({"b": {"c": []}, "a": "é"})].to_vec()).boxed()
        }
        ColumnType::List => select([json!([]), json!([1, "a"]), json!([null])].to_vec()).boxed(),
    }
}

/// Any text, and texts that differ beyond the end of their keys only.
fn arb_text() -> impl Strategy<Value = String> {
    let long = select(vec!["", "a", "b"]).prop_map(|end| format!("{}{end}", "é".repeat(150)));
    let letter = any::<char>().prop_filter("no value holds it", |letter| *letter != '\0');
    let short = prop::collection::vec(letter, 0..6).prop_map(String::from_iter);
    prop_oneof![long, short]
}

fn arb_column() -> impl Strategy<Value = Column> {
    select(columns())
}

/// A column of any type and something that casts to it.
pub fn arb_column_and_value() -> impl Strategy<Value = (Column, Json)> {
    arb_column().prop_flat_map(|column| {
        let given = arb_given(&column);
        (Just(column), prop_oneof![1 => Just(Json::Null), 9 => given])
    })
}

/// A column of any type and two stored values of it.
pub fn arb_column_and_two_values() -> impl Strategy<Value = (Column, Json, Json)> {
    arb_column().prop_flat_map(|column| {
        let (a, b) = (arb_stored(&column), arb_stored(&column));
        (Just(column), a, b)
    })
}

/// The stored form of a value of `column`, sometimes null.
fn arb_stored(column: &Column) -> BoxedStrategy<Json> {
    let column = column.clone();
    let stored = arb_given(&column).prop_map(move |given| {
        Value::cast(&column, &given, &TimeZone::UTC)
            .expect("the pools hold what casts to their type")
            .into_stored()
    });
    prop_oneof![1 => Just(Json::Null), 4 => stored].boxed()
}

/// The data of a record of [`SAMPLE`]: every column, some of them null or absent.
pub fn arb_record_data() -> impl Strategy<Value = Data> {
    let member = |column: Column| {
        let stored = prop_oneof![1 => Just(None), 9 => arb_stored(&column).prop_map(Some)];
        stored.prop_map(move |stored| Some((column.name.clone(), stored?)))
    };
    let members: Vec<_> = columns().into_iter().map(member).collect();
    members.prop_map(|members| members.into_iter().flatten().collect())
}

/// A filter on the plain columns of [`SAMPLE`] that passes its check. Its payload fields are
/// those of [`arb_payload`]; `payload_free` has none.
pub fn arb_filter(payload_free: bool) -> impl Strategy<Value = Filter> {
    let condition = arb_condition(payload_free).prop_map(Filter::Condition);
    condition.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::All),
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Any),
            1 => inner.prop_map(|it| Filter::Not(Box::new(it))),
        ]
    })
}

fn arb_condition(payload_free: bool) -> impl Strategy<Value = Condition> {
    let comparable: Vec<(Column, Op)> = columns()
        .into_iter()
        .filter(|column| column.filterable)
        .flat_map(|column| Op::VARIANTS.iter().map(move |op| (column.clone(), *op)))
        .filter(|(column, op)| op.admits(column.column_type))
        .collect();
    select(comparable).prop_flat_map(move |(column, op)| {
        let payload = Just(Operand::Payload(payload_field(&column, op)));
        let constant = arb_operand(&column, op);
        let operand = match op.arity() {
            Arity::None => Just(Operand::None).boxed(),
            _ if payload_free => constant,
            _ => prop_oneof![constant, payload].boxed(),
        };
        let column = ColumnPath::from(column.name.as_str());
        operand.prop_map(move |operand| Condition { column: column.clone(), op, operand })
    })
}

fn arb_operand(column: &Column, op: Op) -> BoxedStrategy<Operand> {
    let given = match op {
        _ if op.counts_days() => (0_i64..4).prop_map(Json::from).boxed(),
        Op::Contains | Op::NotContains if column.column_type == ColumnType::MultiOption => {
            let option = Column { column_type: ColumnType::Option, ..column.clone() };
            arb_given(&option)
        }
        Op::Contains | Op::NotContains | Op::StartsWith | Op::EndsWith => {
            arb_given(&Column::new("Part", "Part", ColumnType::Text))
        }
        _ => prop_oneof![1 => Just(Json::Null), 9 => arb_given(column)].boxed(),
    };
    match op.arity() {
        Arity::None => Just(Operand::None).boxed(),
        Arity::One => given.prop_map(Operand::Value).boxed(),
        Arity::Two => prop::collection::vec(given, 2).prop_map(Operand::Values).boxed(),
        Arity::Many => prop::collection::vec(given, 0..4).prop_map(Operand::Values).boxed(),
    }
}

/// The payload field that a condition of [`arb_filter`] compares with: `Text`, `TextPair`,
/// `TextList` or `days`.
fn payload_field(column: &Column, op: Op) -> String {
    match op.arity() {
        _ if op.counts_days() => "days".to_owned(),
        Arity::None | Arity::One => column.name.clone(),
        Arity::Two => format!("{}Pair", column.name),
        Arity::Many => format!("{}List", column.name),
    }
}

/// Every payload field that [`arb_filter`] uses; some values are null, some not of the type.
pub fn arb_payload() -> impl Strategy<Value = Map<String, Json>> {
    let fields = columns().into_iter().map(|column| {
        let given = || {
            prop_oneof![
                1 => Just(Json::Null),
                1 => select(vec![json!("abc"), json!(true), json!([1]), json!(1.5)]),
                10 => arb_given(&column),
            ]
        };
        let pair = prop::collection::vec(given(), 2).prop_map(Json::from);
        let list = prop::collection::vec(given(), 0..4).prop_map(Json::from);
        let name = column.name.clone();
        (given(), pair, list).prop_map(move |(one, pair, list)| {
            [(name.clone(), one), (format!("{name}Pair"), pair), (format!("{name}List"), list)]
        })
    });
    (fields.collect::<Vec<_>>(), -1_i64..4).prop_map(|(fields, days)| {
        let days = ("days".to_owned(), Json::from(days));
        fields.into_iter().flatten().chain([days]).collect()
    })
}

/// A moment near the days of the pools, in zones of both signs, with and without summer time.
pub fn arb_moment() -> impl Strategy<Value = Moment> {
    // Written out, so that no time zone database is needed.
    let zones = [
        "UTC0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+1345>-13:45",
        "<-11>11",
        "NST3:30NDT,M3.2.0,M11.1.0",
    ];
    (select(INSTANTS), select(zones.to_vec())).prop_map(|(now, zone)| Moment {
        now: now.parse::<Timestamp>().expect("the pool holds instants"),
        zone: TimeZone::posix(zone).expect("the pool holds zones"),
    })
}
