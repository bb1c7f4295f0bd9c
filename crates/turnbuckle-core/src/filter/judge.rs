//! Judging: whether a record matches a bound filter.

use std::ops::{Bound, RangeBounds};

use jiff::civil::Date;
use jiff::{Span as Duration, Timestamp};
use serde_json::Value as Json;

use super::bind::{Days, Demand, Node, Place, Span, Test};
use super::{Moment, Values};
use crate::entity::ColumnType;
use crate::key::{Canonical, fold};
use crate::value::Value;

impl Node {
    pub(super) fn holds(&self, record: &dyn Values, moment: &Moment) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(record, moment)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(record, moment)),
            Self::Not(node) => !node.holds(record, moment),
            Self::Test(test) => test.holds(record.value(&test.path, test.column_type), moment),
        }
    }
}

impl Test {
    fn holds(&self, value: Value, moment: &Moment) -> bool {
        match (&self.demand, value) {
            (Demand::Never, _) => false,
            (Demand::Member(option), Value::Json(Json::Array(options))) => options
                .iter()
                .filter_map(Json::as_str)
                .any(|it| it.eq_ignore_ascii_case(option) || fold(it) == *option),
            (Demand::OneOf(one_of), value) => one_of.binary_search(&Canonical::of(value)).is_ok(),
            (demand, value) => {
                let Some(value) = Canonical::of(value) else { return false };
                match (demand, &value) {
                    (Demand::Within(span), value) => span.contains(value),
                    (Demand::Days(days), value) => {
                        days.span(self.column_type, moment).contains(value)
                    }
                    (Demand::Part(place, part), Canonical::Text(text)) => match place {
                        Place::Anywhere => text.contains(part),
                        Place::Start => text.starts_with(part),
                        Place::End => text.ends_with(part),
                    },
                    _ => false,
                }
            }
        }
    }
}

impl Days {
    /// The values of a column of this type that lie on these days.
    pub(super) fn span(&self, column_type: ColumnType, moment: &Moment) -> Span {
        let today = moment.zone.to_datetime(moment.now).date();
        let day = |offset: i64| today.saturating_add(Duration::new().days(offset));
        if column_type != ColumnType::Datetime {
            return (
                self.from.map_or(Bound::Unbounded, |it| Bound::Included(Canonical::Date(day(it)))),
                self.to.map_or(Bound::Unbounded, |it| Bound::Included(Canonical::Date(day(it)))),
            );
        }
        // By instants, not by the day that each instant falls on: where a clock
        // is set back over midnight that day is not in their order.
        let first = |offset| Canonical::Instant(moment.first_instant(day(offset)).as_microsecond());
        (
            self.from.map_or(Bound::Unbounded, |it| Bound::Included(first(it))),
            self.to.map_or(Bound::Unbounded, |it| Bound::Excluded(first(it + 1))),
        )
    }
}

impl Moment {
    fn first_instant(&self, day: Date) -> Timestamp {
        let midnight = self.zone.to_timestamp(day.at(0, 0, 0, 0));
        let end = if day.year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
        midnight.unwrap_or(end)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::filter::arbitrary::{self, Sample};
    use crate::filter::{BoundFilter, Filter};

    /// 2026-03-01 00:30 in the zone, still February in UTC.
    fn moment() -> Moment {
        Moment {
            now: "2026-02-28T23:30:00Z".parse().unwrap(),
            zone: TimeZone::fixed(jiff::tz::Offset::constant(1)),
        }
    }

    fn bind(filter: &Filter, payload: &Json) -> BoundFilter {
        let schema = arbitrary::schema();
        let payload = payload.as_object().cloned().unwrap_or_default();
        filter.bind(&schema, arbitrary::entity(&schema), &payload, &moment().zone).unwrap()
    }

    /// Judges a record whose column named `column` holds `stored`.
    #[track_caller]
    fn check(filter: Json, payload: Json, stored: Json, expect: bool) {
        let parsed = Filter::parse(&filter).unwrap();
        let column = parsed.paths().remove(0).to_string();
        let sample = Sample(Map::from_iter([(column, stored.clone())]));
        let bound = bind(&parsed, &payload);
        assert_eq!(bound.matches(&sample, &moment()), expect, "{filter} {payload} on {stored}");
    }

    /// Judges `column op operand` on `stored`, the operand given as a constant and by the payload.
    #[track_caller]
    fn check_op(column: &str, op: &str, operand: Json, stored: Json, expect: bool) {
        let is_list = matches!(op, "in" | "not_in" | "between");
        let member = if is_list { "values" } else { "value" };
        let constant = json!({"column": column, "op": op, member: operand.clone()});
        check(constant, Json::Null, stored.clone(), expect);
        let bound = json!({"column": column, "op": op, "payload": "field"});
        check(bound, json!({"field": operand}), stored, expect);
    }

    #[test]
    fn null_equals_only_null() {
        check_op("Text", "eq", Json::Null, Json::Null, true);
        check_op("Text", "eq", json!(""), Json::Null, true);
        check_op("Text", "eq", Json::Null, json!("a"), false);
        check_op("Text", "ne", Json::Null, json!("a"), true);
        check_op("Text", "ne", Json::Null, Json::Null, false);
        check_op("Text", "ne", json!("a"), Json::Null, true);
        check_op("Integer", "in", json!([1, null]), Json::Null, true);
        check_op("Integer", "not_in", json!([1, null]), Json::Null, false);
        check_op("Integer", "not_in", json!([1]), Json::Null, true);
        check_op("Integer", "in", json!([]), Json::Null, false);
        check_op("Integer", "not_in", json!([]), json!(1), true);
        for op in ["lt", "le", "gt", "ge", "contains", "starts_with", "ends_with"] {
            check_op("Text", op, json!("a"), Json::Null, false);
            check_op("Text", op, Json::Null, json!("a"), false);
            check_op("Text", op, Json::Null, Json::Null, false);
        }
        check_op("Text", "not_contains", json!("a"), Json::Null, true);
        check_op("Text", "not_contains", Json::Null, json!("a"), true);
        check_op("Integer", "between", json!([null, 5]), json!(3), false);
        check(json!({"column": "Text", "op": "is_null"}), Json::Null, json!(""), true);
        check(json!({"column": "List", "op": "is_not_null"}), Json::Null, json!([]), true);
    }

    #[test]
    fn a_value_that_cannot_be_of_the_type_matches_nothing() {
        for op in ["eq", "ne", "lt", "ge"] {
            check_op("Integer", op, json!("abc"), json!(5), false);
            check_op("Integer", op, json!("abc"), Json::Null, false);
        }
        check_op("Integer", "in", json!(["abc", 5]), json!(5), true);
        check_op("Integer", "not_in", json!(["abc", 5]), json!(6), false);
        check_op("Integer", "between", json!(["abc", 5]), json!(5), false);
        check_op("Option", "ne", json!("blue"), json!("red"), false);
        check_op("Text", "not_contains", json!(["a"]), json!("b"), false);
        check_op("Date", "last_n_days", json!(-1), json!("2026-03-01"), false);
        check_op("Date", "last_n_days", Json::Null, json!("2026-03-01"), false);
        let inverse = json!({"not": {"column": "Integer", "op": "eq", "value": "abc"}});
        check(inverse, Json::Null, json!(5), true);
    }

    #[test]
    fn text_compares_without_case() {
        check_op("Text", "eq", json!("STRASSE"), json!("Straße"), true);
        check_op("Text", "contains", json!("ÉÈ"), json!("xéèx"), true);
        check_op("Text", "starts_with", json!("STRAS"), json!("straße"), true);
        check_op("LongText", "ends_with", json!("ß"), json!("MESS"), true);
        check_op("Text", "eq", json!("a"), json!("a "), false);
        check_op("Text", "lt", json!("B"), json!("a"), true);
        check_op("Text", "between", json!(["A", "C"]), json!("b"), true);
        check_op("Option", "eq", json!("Groß"), json!("GROSS"), true);
        check_op("Option", "contains", json!("ros"), json!("GROSS"), true);
        check_op("MultiOption", "contains", json!("Rot"), json!(["GROSS", "red"]), true);
        check_op("MultiOption", "contains", json!("re"), json!(["red"]), false);
        check_op("MultiOption", "not_contains", json!("red"), json!(["GROSS"]), true);
        check_op("MultiOption", "not_contains", json!("red"), Json::Null, true);
        check_op("CountryId", "starts_with", json!("5690"), json!("56909903-8df4"), true);
    }

    #[test]
    fn numbers_compare_by_size() {
        check_op("Decimal", "eq", json!("1.00"), json!(1), true);
        check_op("Decimal", "gt", json!("0.1"), json!("0.1000000000000000000000000001"), true);
        check_op("Integer", "lt", json!(10), json!(9), true);
        check_op("Integer", "between", json!([9, 10]), json!(10), true);
        check_op("Integer", "between", json!([10, 9]), json!(10), false);
    }

    #[test]
    fn a_day_is_midnight_of_the_zone_where_an_instant_is_compared() {
        check_op("Datetime", "eq", json!("2026-03-01"), json!("2026-02-28T23:00:00Z"), true);
        check_op("Datetime", "ge", json!("2026-03-01"), json!("2026-02-28T22:59:59Z"), false);
        check_op("Datetime", "eq", json!("2026-03-01 00:30"), json!("2026-02-28T23:30:00Z"), true);
        check_op("Date", "eq", json!("2026-02-28T23:30:00Z"), json!("2026-03-01"), true);
    }

    #[test]
    fn relative_days_are_calendar_days_of_the_zone() {
        let today = || json!({"column": "Datetime", "op": "today"});
        check(today(), Json::Null, json!("2026-02-28T22:59:59.999999Z"), false);
        check(today(), Json::Null, json!("2026-02-28T23:00:00Z"), true);
        check(today(), Json::Null, json!("2026-03-01T22:59:59.999999Z"), true);
        check(today(), Json::Null, json!("2026-03-01T23:00:00Z"), false);
        check(today(), Json::Null, Json::Null, false);
        for (op, count, held) in [
            ("last_n_days", 1, ["2026-02-28", "2026-03-01"].as_slice()),
            ("last_n_days", 0, &["2026-03-01"]),
            ("next_n_days", 1, &["2026-03-01", "2026-03-02"]),
            ("before_n_days", 1, &["2026-02-26", "2026-02-27"]),
            ("after_n_days", 1, &["2026-03-03", "2026-03-04"]),
        ] {
            for day in 26..=32 {
                let day = if day > 28 {
                    format!("2026-03-0{}", day - 28)
                } else {
                    format!("2026-02-{day}")
                };
                check_op("Date", op, json!(count), json!(day), held.contains(&day.as_str()));
            }
        }
    }

    #[test]
    fn a_scalar_payload_of_in_is_a_list_of_one() {
        let filter = json!({"column": "Integer", "op": "in", "payload": "field"});
        check(filter, json!({"field": 5}), json!(5), true);
    }

    proptest! {
        #[test]
        fn not_turns_round_and_de_morgan_holds(
            a in arbitrary::arb_filter(false),
            b in arbitrary::arb_filter(false),
            data in arbitrary::arb_record_data(),
            payload in arbitrary::arb_payload(),
            moment in arbitrary::arb_moment(),
        ) {
            let payload = Json::Object(payload);
            let sample = Sample(data);
            let holds = |filter: &Filter| bind(filter, &payload).matches(&sample, &moment);
            let not = |filter: &Filter| Filter::Not(Box::new(filter.clone()));
            prop_assert_eq!(holds(&not(&a)), !holds(&a));
            prop_assert_eq!(holds(&not(&not(&a))), holds(&a));
            let neither = not(&Filter::Any(vec![a.clone(), b.clone()]));
            prop_assert_eq!(holds(&neither), holds(&Filter::All(vec![not(&a), not(&b)])));
        }
    }
}
