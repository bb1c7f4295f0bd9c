//! What of a filter depends on the payload: so a change finds the subscriptions it may match.
//!
//! Subscriptions to one search differ in their payloads only. The equalities
//! between columns and payload fields become look-up keys, what does not depend
//! on the payload is judged once per change, and the rest per candidate.

use indexmap::IndexSet;

use super::{Condition, Filter, Op, Operand};
use crate::entity::ColumnPath;

/// Most alternatives that `any`s may multiply out to.
pub const ALTERNATIVES_MAX: usize = 32;

/// Columns and the payload fields that they must all equal.
type Tuple = Vec<(ColumnPath, String)>;

impl Filter {
    /// The alternatives of equality with the payload: for every match there is one whose columns all
    /// equal their payload fields. Each has at least one column, in a fixed order, without repeats.
    ///
    /// `None` if there are none, or more than [`ALTERNATIVES_MAX`]. An equality under `not` says
    /// nothing, nor does an `any` one of whose branches has no equality.
    pub fn equality_tuples(&self) -> Option<Vec<Tuple>> {
        let mut tuples = alternatives(self)?;
        for tuple in &mut tuples {
            tuple.sort();
            tuple.dedup();
        }
        tuples.sort();
        tuples.dedup();
        tuples.iter().all(|tuple| !tuple.is_empty()).then_some(tuples)
    }

    /// The conjuncts that do not depend on the payload; matches everything where there are none.
    pub fn constant_part(&self) -> Self {
        let constant = self.conjuncts().into_iter().filter(|it| !it.uses_payload());
        Self::All(constant.cloned().collect())
    }

    /// Whether a record can have an alternative of [`Filter::equality_tuples`], meet
    /// [`Filter::constant_part`], and still not match.
    pub fn rest_needs_recheck(&self) -> bool {
        let conjuncts = self.conjuncts();
        let mut rest = conjuncts.iter().filter(|it| it.uses_payload()).peekable();
        rest.peek().is_some()
            && (self.equality_tuples().is_none() || rest.any(|filter| !is_only_equalities(filter)))
    }

    /// What must hold at once: the filter itself, or the members of its nested `all`s.
    fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::All(filters) => filters.iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    fn uses_payload(&self) -> bool {
        !self.payload_fields().is_empty()
    }
}

/// The alternatives of `filter`; one that is empty says nothing. `None` if they are too many.
fn alternatives(filter: &Filter) -> Option<Vec<Tuple>> {
    let nothing = vec![Tuple::new()];
    match filter {
        Filter::Condition(condition) => Some(match equality(condition) {
            Some(pair) => vec![vec![pair]],
            None => nothing,
        }),
        Filter::Not(_) => Some(nothing),
        Filter::All(filters) => filters.iter().try_fold(nothing, |tuples, filter| {
            let others = alternatives(filter)?;
            let product: IndexSet<Tuple> = tuples
                .iter()
                .flat_map(|tuple| others.iter().map(move |other| [&tuple[..], &other[..]].concat()))
                .collect();
            (product.len() <= ALTERNATIVES_MAX).then(|| product.into_iter().collect())
        }),
        Filter::Any(filters) => {
            let mut tuples = IndexSet::new();
            for filter in filters {
                let others = alternatives(filter)?;
                if others.iter().any(Vec::is_empty) {
                    return Some(nothing);
                }
                tuples.extend(others);
            }
            match tuples.len() {
                0 => Some(nothing),
                1..=ALTERNATIVES_MAX => Some(tuples.into_iter().collect()),
                _ => None,
            }
        }
    }
}

fn equality(condition: &Condition) -> Option<(ColumnPath, String)> {
    match (condition.op, &condition.operand) {
        (Op::Eq, Operand::Payload(field)) => Some((condition.column.clone(), field.clone())),
        _ => None,
    }
}

/// Whether the alternatives of `filter` say all that it says.
fn is_only_equalities(filter: &Filter) -> bool {
    match filter {
        Filter::Condition(condition) => equality(condition).is_some(),
        Filter::All(filters) | Filter::Any(filters) => {
            !filters.is_empty() && filters.iter().all(is_only_equalities)
        }
        Filter::Not(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::filter::arbitrary::{self, Sample};
    use crate::filter::{BoundFilter, Values};
    use crate::key::encode;
    use crate::value::Value;

    fn eq(column: &str) -> Json {
        json!({"column": column, "op": "eq", "payload": column.to_lowercase()})
    }

    /// `expect` has the columns of each alternative.
    #[track_caller]
    fn check(filter: Json, expect: Option<&[&[&str]]>, needs_recheck: bool) {
        let parsed = Filter::parse(&filter).unwrap();
        let tuples = parsed.equality_tuples().map(|tuples| {
            let columns = |tuple: Tuple| tuple.into_iter().map(|(it, _)| it.to_string()).collect();
            tuples.into_iter().map(columns).collect::<Vec<Vec<String>>>()
        });
        let expect = expect.map(|tuples| {
            tuples.iter().map(|it| it.iter().map(|it| (*it).to_owned()).collect()).collect()
        });
        assert_eq!(tuples, expect, "{filter}");
        assert_eq!(parsed.rest_needs_recheck(), needs_recheck, "{filter}");
    }

    #[test]
    fn equalities_with_the_payload_become_alternatives() {
        let constant = || json!({"column": "Open", "op": "eq", "value": true});
        let below = || json!({"column": "Amount", "op": "lt", "payload": "amount"});
        check(constant(), None, false);
        check(json!({"all": []}), None, false);
        check(eq("A"), Some(&[&["A"]]), false);
        check(below(), None, true);
        check(json!({"not": eq("A")}), None, true);
        check(json!({"all": [eq("B"), constant(), eq("A"), eq("A")]}), Some(&[&["A", "B"]]), false);
        check(json!({"all": [eq("A"), below()]}), Some(&[&["A"]]), true);
        check(json!({"any": [eq("A"), eq("B")]}), Some(&[&["A"], &["B"]]), false);
        check(
            json!({"all": [{"any": [eq("A"), eq("B")]}, {"any": [eq("C"), eq("D")]}]}),
            Some(&[&["A", "C"], &["A", "D"], &["B", "C"], &["B", "D"]]),
            false,
        );
        check(json!({"all": [eq("A"), {"not": eq("B")}]}), Some(&[&["A"]]), true);
        // Which branch it was is not in the key.
        check(
            json!({"any": [{"all": [eq("A"), constant()]}, eq("B")]}),
            Some(&[&["A"], &["B"]]),
            true,
        );
        check(json!({"any": [eq("A"), constant()]}), None, true);
        check(json!({"all": [eq("A"), {"any": [eq("B"), constant()]}]}), Some(&[&["A"]]), true);
    }

    #[test]
    fn more_than_32_alternatives_are_none() {
        let any = |name: &str, count: usize| json!({"any": (0..count).map(|i| eq(&format!("{name}{i}"))).collect::<Vec<Json>>()});
        let tuples = |filter: Json| Filter::parse(&filter).unwrap().equality_tuples();
        let five = |name| json!({"all": [any("A", 2), any("B", 2), any("C", 2), any("D", 2), any(name, 2)]});
        assert_eq!(tuples(five("E")).unwrap().len(), 32);
        assert_eq!(tuples(json!({"all": [five("E"), any("F", 2)]})), None);
        assert_eq!(tuples(any("A", 32)).unwrap().len(), 32);
        assert_eq!(tuples(any("A", 33)), None);
    }

    #[test]
    fn the_constant_part_is_what_no_payload_changes() {
        let constant = json!({"column": "Open", "op": "eq", "value": true});
        let filter = json!({"all": [eq("A"), {"all": [constant, {"any": [eq("B"), constant]}]}]});
        let part = Filter::parse(&filter).unwrap().constant_part();
        assert_eq!(part.to_json(), json!({"all": [constant]}));
    }

    struct Judged {
        bound: BoundFilter,
        constant: BoundFilter,
        is_keyed: bool,
    }

    fn judge(filter: &Filter, payload: &Map<String, Json>, sample: &Sample) -> Judged {
        let schema = arbitrary::schema();
        let entity = arbitrary::entity(&schema);
        let bind = |it: &Filter| it.bind(&schema, entity, payload, &TimeZone::UTC).unwrap();
        let has_equal_keys = |(path, field): &(ColumnPath, String)| {
            let column = schema.resolve(entity, path).unwrap();
            let wanted = Value::cast(column, &payload[field], &TimeZone::UTC);
            wanted.is_ok_and(|it| encode(&it) == encode(&sample.value(path, column.column_type)))
        };
        let is_keyed = filter
            .equality_tuples()
            .is_none_or(|tuples| tuples.iter().any(|tuple| tuple.iter().all(has_equal_keys)));
        Judged { bound: bind(filter), constant: bind(&filter.constant_part()), is_keyed }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn keys_and_constants_hold_on_every_match_and_are_enough_where_they_say_so(
            filter in arbitrary::arb_filter(false),
            payload in arbitrary::arb_payload(),
            data in arbitrary::arb_record_data(),
            moment in arbitrary::arb_moment(),
        ) {
            let sample = Sample(data);
            let judged = judge(&filter, &payload, &sample);
            let is_match = judged.bound.matches(&sample, &moment);
            let is_candidate = judged.is_keyed && judged.constant.matches(&sample, &moment);
            prop_assert!(is_candidate || !is_match);
            // Keys of long texts are cut.
            let is_cut = payload.values().any(|it| it.to_string().len() > 200);
            prop_assert!(is_match || !is_candidate || is_cut || filter.rest_needs_recheck());
        }
    }
}
