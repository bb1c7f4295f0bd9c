//! Narrowing: in which ranges of keys the matches of a bound filter lie.

use std::ops::Bound;

use super::bind::{Demand, Node, Place, Span, Test};
use super::{Moment, Narrowing};
use crate::key::{Canonical, KEY_BYTES_MAX, KeyRange, NULL_KEY, intersection, just_above, union};

pub(super) fn narrowing(node: &Node, moment: &Moment) -> Vec<Narrowing> {
    match node {
        Node::All(nodes) => all(nodes.iter().map(|node| narrowing(node, moment))),
        Node::Any(nodes) => any(nodes.iter().map(|node| narrowing(node, moment)).collect()),
        Node::Not(_) => Vec::new(),
        Node::Test(test) => match ranges(test, moment) {
            Some(ranges) => vec![Narrowing { column: test.path.clone(), ranges: union(ranges) }],
            None => Vec::new(),
        },
    }
}

/// A match lies in the ranges of every branch.
fn all(branches: impl Iterator<Item = Vec<Narrowing>>) -> Vec<Narrowing> {
    let mut common: Vec<Narrowing> = Vec::new();
    for narrowing in branches.flatten() {
        match common.iter_mut().find(|it| it.column == narrowing.column) {
            Some(it) => it.ranges = intersection(&it.ranges, &narrowing.ranges),
            None => common.push(narrowing),
        }
    }
    common
}

/// A match lies in the ranges of one branch, so only a column that each of them narrows is narrowed.
fn any(mut branches: Vec<Vec<Narrowing>>) -> Vec<Narrowing> {
    let matches_nothing =
        |branch: &Vec<Narrowing>| branch.iter().any(|narrowing| narrowing.ranges.is_empty());
    if branches.iter().all(matches_nothing) {
        return branches.pop().unwrap_or_default();
    }
    branches.retain(|branch| !matches_nothing(branch));
    let mut branches = branches.into_iter();
    let Some(first) = branches.next() else { return Vec::new() };
    let mut either = first;
    for branch in branches {
        either.retain_mut(|narrowing| {
            let same = branch.iter().find(|it| it.column == narrowing.column);
            narrowing.ranges.extend(same.into_iter().flat_map(|it| it.ranges.iter().cloned()));
            same.is_some()
        });
    }
    for narrowing in &mut either {
        narrowing.ranges = union(std::mem::take(&mut narrowing.ranges));
    }
    either
}

/// `None` where a match may have any key.
fn ranges(test: &Test, moment: &Moment) -> Option<Vec<KeyRange>> {
    Some(match &test.demand {
        Demand::Never => Vec::new(),
        Demand::OneOf(one_of) => one_of
            .iter()
            .map(|it| it.as_ref().map_or_else(|| NULL_KEY.to_vec(), Canonical::key))
            .map(KeyRange::exactly)
            .collect(),
        Demand::Within(span) => vec![range(span)],
        Demand::Days(days) => vec![range(&days.span(test.column_type, moment))],
        Demand::Part(Place::Start, prefix) => vec![KeyRange::starting_with(prefix)],
        Demand::Part(Place::Anywhere | Place::End, _) | Demand::Member(_) => return None,
    })
}

fn range(span: &Span) -> KeyRange {
    // Beyond a key that was cut there are values with the same key.
    let is_whole = |key: &[u8]| key.len() < KEY_BYTES_MAX;
    KeyRange {
        from: match &span.0 {
            Bound::Unbounded => just_above(NULL_KEY),
            Bound::Included(from) => from.key(),
            Bound::Excluded(from) => match from.key() {
                key if is_whole(&key) => just_above(&key),
                key => key,
            },
        },
        to: match &span.1 {
            Bound::Unbounded => None,
            Bound::Included(to) => Some(just_above(&to.key())),
            Bound::Excluded(to) => match to.key() {
                key if is_whole(&key) => Some(key),
                key => Some(just_above(&key)),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::filter::arbitrary::{self, Sample};
    use crate::filter::{Filter, Values};
    use crate::key::encode;

    fn moment() -> Moment {
        Moment { now: "2026-02-28T12:00:00Z".parse().unwrap(), zone: jiff::tz::TimeZone::UTC }
    }

    /// Columns that `filter` narrows, each with the number of its ranges.
    #[track_caller]
    fn check(filter: Json, expect: &[(&str, usize)]) {
        let schema = arbitrary::schema();
        let entity = arbitrary::entity(&schema);
        let parsed = Filter::parse(&filter).unwrap();
        let bound = parsed.bind(&schema, entity, &Default::default(), &moment().zone).unwrap();
        let narrowing = bound.narrowing(&moment());
        let narrowed: Vec<(String, usize)> =
            narrowing.iter().map(|it| (it.column.to_string(), it.ranges.len())).collect();
        let expect: Vec<(String, usize)> =
            expect.iter().map(|(column, count)| ((*column).to_owned(), *count)).collect();
        assert_eq!(narrowed, expect, "{filter}");
    }

    #[test]
    fn a_filter_narrows_by_what_every_match_must_meet() {
        let a = || json!({"column": "Text", "op": "eq", "value": "a"});
        let b = || json!({"column": "Text", "op": "in", "values": ["b", null]});
        let five = || json!({"column": "Integer", "op": "ge", "value": 5});
        let never = || json!({"column": "Integer", "op": "eq", "value": "abc"});
        check(a(), &[("Text", 1)]);
        check(b(), &[("Text", 2)]);
        check(never(), &[("Integer", 0)]);
        check(json!({"all": [a(), {"all": [five()]}]}), &[("Text", 1), ("Integer", 1)]);
        check(json!({"all": [a(), b()]}), &[("Text", 0)]);
        check(json!({"any": [a(), b()]}), &[("Text", 3)]);
        check(json!({"any": [{"all": [five(), a()]}, b()]}), &[("Text", 3)]);
        check(json!({"any": [a(), five()]}), &[]);
        check(json!({"any": [a(), never()]}), &[("Text", 1)]);
        check(json!({"any": []}), &[]);
        check(json!({"not": a()}), &[]);
        check(json!({"column": "Text", "op": "ne", "value": "a"}), &[]);
        check(json!({"column": "Text", "op": "contains", "value": "a"}), &[]);
        check(json!({"column": "Text", "op": "starts_with", "value": "a"}), &[("Text", 1)]);
        check(json!({"column": "Datetime", "op": "today"}), &[("Datetime", 1)]);
        check(json!({"column": "Integer", "op": "between", "values": [6, 5]}), &[("Integer", 0)]);
        check(json!({"column": "Country.Name", "op": "eq", "value": "a"}), &[("Country.Name", 1)]);
    }

    #[test]
    fn a_cut_key_is_inside_the_ranges_of_its_neighbours() {
        let text = |end: &str| Canonical::Text("a".repeat(KEY_BYTES_MAX) + end);
        let below = range(&(Bound::Unbounded, Bound::Excluded(text("b"))));
        assert!(below.contains(&text("a").key()));
        let above = range(&(Bound::Excluded(text("b")), Bound::Unbounded));
        assert!(above.contains(&text("c").key()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_match_lies_in_every_narrowing(
            filter in arbitrary::arb_filter(false),
            records in prop::collection::vec(arbitrary::arb_record_data(), 8),
            payload in arbitrary::arb_payload(),
            moment in arbitrary::arb_moment(),
        ) {
            let schema = arbitrary::schema();
            let entity = arbitrary::entity(&schema);
            let bound = filter.bind(&schema, entity, &payload, &moment.zone).unwrap();
            let narrowing = bound.narrowing(&moment);
            for sample in records.into_iter().map(Sample) {
                if !bound.matches(&sample, &moment) {
                    continue;
                }
                for Narrowing { column, ranges } in &narrowing {
                    let column_type = schema.resolve(entity, column).unwrap().column_type;
                    let key = encode(&sample.value(column, column_type));
                    prop_assert!(
                        ranges.iter().any(|range| range.contains(&key)),
                        "{column} {key:?} outside {ranges:?}"
                    );
                }
            }
        }
    }
}
