//! Filter documents: reading them member by member, and writing them back.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use strum::VariantArray;

use super::{Arity, CONDITIONS_MAX, Condition, DEPTH_MAX, Filter, Op, Operand, VALUES_MAX};
use crate::entity::{ColumnPath, did_you_mean, nearest};
use crate::invalid::{Invalid, pointer};

const GROUP_MEMBERS: [&str; 3] = ["all", "any", "not"];
const CONDITION_MEMBERS: [&str; 5] = ["column", "op", "value", "values", "payload"];

pub(super) fn parse(document: &Json) -> Result<Filter, Vec<Invalid>> {
    let mut reader = Reader::default();
    match reader.filter("", document, 1) {
        Some(filter) if reader.errors.is_empty() => Ok(filter),
        _ => Err(reader.errors),
    }
}

pub(super) fn write(filter: &Filter) -> Json {
    let list = |filters: &[Filter]| filters.iter().map(write).collect::<Vec<Json>>();
    let mut members = Map::new();
    match filter {
        Filter::All(filters) => {
            members.insert("all".to_owned(), list(filters).into());
        }
        Filter::Any(filters) => {
            members.insert("any".to_owned(), list(filters).into());
        }
        Filter::Not(filter) => {
            members.insert("not".to_owned(), write(filter));
        }
        Filter::Condition(Condition { column, op, operand }) => {
            members.insert("column".to_owned(), column.to_string().into());
            members.insert("op".to_owned(), op.name().into());
            let operand = match operand {
                Operand::None => None,
                Operand::Value(value) => Some(("value", value.clone())),
                Operand::Values(values) => Some(("values", values.clone().into())),
                Operand::Payload(field) => Some(("payload", field.as_str().into())),
            };
            if let Some((name, operand)) = operand {
                members.insert(name.to_owned(), operand);
            }
        }
    }
    Json::Object(members)
}

/// Reads on after a mistake, so that all of them are told at once. What could
/// not be read is `None`; the reason is then in `errors`.
#[derive(Default)]
struct Reader {
    errors: Vec<Invalid>,
    condition_count: usize,
    group_count: usize,
}

impl Reader {
    fn refuse<T>(&mut self, at: impl Into<String>, detail: impl Into<String>) -> Option<T> {
        self.errors.push(Invalid::new(at, detail));
        None
    }

    fn filter(&mut self, at: &str, document: &Json, depth: usize) -> Option<Filter> {
        let Some(members) = document.as_object() else {
            return self.refuse(
                at,
                "a filter is an object with `all`, `any` or `not`, or a condition with `column` and `op`",
            );
        };
        if depth > DEPTH_MAX {
            return self.refuse(at, format!("filters may lie {DEPTH_MAX} deep in each other"));
        }
        let group = GROUP_MEMBERS.iter().find_map(|name| Some((*name, members.get(*name)?)));
        let count = if group.is_some() { &mut self.group_count } else { &mut self.condition_count };
        *count += 1;
        if *count > CONDITIONS_MAX {
            // Told once: what follows is not read at all.
            let is_first = *count == CONDITIONS_MAX + 1;
            let what = if group.is_some() { "groups" } else { "conditions" };
            return is_first.then(|| {
                self.refuse(at, format!("a filter has at most {CONDITIONS_MAX} {what}"))
            })?;
        }
        match group {
            Some((name, content)) => self.group(at, name, content, members, depth),
            None => self.condition(at, members).map(Filter::Condition),
        }
    }

    fn group(
        &mut self,
        at: &str,
        name: &str,
        content: &Json,
        members: &Map<String, Json>,
        depth: usize,
    ) -> Option<Filter> {
        for other in members.keys().filter(|other| *other != name) {
            self.errors.push(Invalid::new(
                pointer(at, other),
                format!("`{other}` cannot stand beside `{name}`: put both into an `all`"),
            ));
        }
        let at = pointer(at, name);
        if name == "not" {
            return self.filter(&at, content, depth + 1).map(|it| Filter::Not(Box::new(it)));
        }
        let Some(items) = content.as_array() else {
            return self.refuse(at, format!("`{name}` is a list of filters"));
        };
        // Not stopped by the first mistake: the others are told too.
        let mut filters = Vec::with_capacity(items.len().min(CONDITIONS_MAX));
        for (index, item) in items.iter().enumerate() {
            filters.extend(self.filter(&pointer(&at, index), item, depth + 1));
        }
        Some(if name == "all" { Filter::All(filters) } else { Filter::Any(filters) })
    }

    fn condition(&mut self, at: &str, members: &Map<String, Json>) -> Option<Condition> {
        for name in members.keys().filter(|name| !CONDITION_MEMBERS.contains(&name.as_str())) {
            let known = nearest(name, CONDITION_MEMBERS.into_iter().chain(GROUP_MEMBERS));
            self.errors.push(Invalid::new(
                pointer(at, name),
                format!("`{name}` is not a member of a filter{}", did_you_mean(&known)),
            ));
        }
        let column = self.column(at, members.get("column"));
        let op = self.op(at, members.get("op"));
        let operand = self.operand(at, op?, members);
        Some(Condition { column: column?, op: op?, operand: operand? })
    }

    fn column(&mut self, at: &str, column: Option<&Json>) -> Option<ColumnPath> {
        match column {
            None => self.refuse(at, "a condition needs a `column`"),
            Some(Json::String(text)) => match ColumnPath::parse(text) {
                Ok(path) => Some(path),
                Err(error) => self.refuse(pointer(at, "column"), error.to_string()),
            },
            Some(_) => self.refuse(pointer(at, "column"), "`column` is the name of a column"),
        }
    }

    fn op(&mut self, at: &str, op: Option<&Json>) -> Option<Op> {
        let Some(op) = op else { return self.refuse(at, "a condition needs an `op`") };
        let name = op.as_str().unwrap_or_default();
        match name.parse() {
            Ok(op) => Some(op),
            Err(_) => {
                let known = Op::VARIANTS.iter().map(|op| op.name());
                let nearest = nearest(name, known.clone());
                let detail = match nearest {
                    Some(_) => format!("`{name}` is not an operator{}", did_you_mean(&nearest)),
                    None => format!("`op` is one of {}", known.collect::<Vec<_>>().join(", ")),
                };
                self.refuse(pointer(at, "op"), detail)
            }
        }
    }

    fn operand(&mut self, at: &str, op: Op, members: &Map<String, Json>) -> Option<Operand> {
        let (wanted, words): (&[&str], _) = match op.arity() {
            Arity::None => (&[], "no operand"),
            Arity::One => (&["value", "payload"], "`value` or `payload`"),
            Arity::Two => (&["values", "payload"], "two `values` or a `payload`"),
            Arity::Many => (&["values", "payload"], "`values` or `payload`"),
        };
        let name = op.name();
        let given = ["value", "values", "payload"];
        let mut given = given.iter().filter_map(|name| Some((*name, members.get(*name)?)));

        let mut operand = None;
        for (member, content) in given.by_ref() {
            if operand.is_some() || !wanted.contains(&member) {
                self.errors.push(Invalid::new(
                    pointer(at, member),
                    format!("`{member}` is one too many: `{name}` takes {words}"),
                ));
            } else {
                operand = Some((member, content));
            }
        }
        match operand {
            None if wanted.is_empty() => Some(Operand::None),
            None => self.refuse(at, format!("`{name}` takes {words}")),
            Some(("value", value)) => Some(Operand::Value(value.clone())),
            Some(("payload", field)) => match field.as_str() {
                Some(field) if !field.is_empty() => Some(Operand::Payload(field.to_owned())),
                _ => self.refuse(pointer(at, "payload"), "`payload` is the name of a field"),
            },
            Some((member, values)) => {
                let at = pointer(at, member);
                let Some(values) = values.as_array() else {
                    return self.refuse(at, "`values` is a list");
                };
                if op.arity() == Arity::Two && values.len() != 2 {
                    return self.refuse(at, format!("`{name}` takes exactly two `values`"));
                }
                if values.len() > VALUES_MAX {
                    return self.refuse(at, format!("`values` are at most {VALUES_MAX}"));
                }
                Some(Operand::Values(values.clone()))
            }
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(deserializer)?).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(Invalid::to_string).collect();
            serde::de::Error::custom(errors.join("; "))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::filter::arbitrary;

    /// The paths that are refused, each once.
    #[track_caller]
    fn check(document: Json, refused: &[&str]) {
        let errors = Filter::parse(&document).err().unwrap_or_default();
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, refused, "{document}: {errors:?}");
    }

    fn deep(depth: usize) -> Json {
        (1..depth).fold(json!({"all": []}), |inner, _| json!({"not": inner}))
    }

    #[test]
    fn the_documented_filters_are_read() {
        check(json!({"all": []}), &[]);
        check(json!({"any": []}), &[]);
        check(json!({"not": {"column": "Stage.Name", "op": "is_null"}}), &[]);
        check(json!({"column": "A", "op": "eq", "value": null}), &[]);
        check(json!({"column": "A", "op": "in", "values": []}), &[]);
        check(json!({"column": "A", "op": "between", "payload": "range"}), &[]);
        check(json!({"column": "A", "op": "last_n_days", "value": 7}), &[]);
        check(deep(DEPTH_MAX), &[]);
    }

    #[test]
    fn every_wrong_member_is_named() {
        check(json!(5), &[""]);
        check(json!({}), &["", ""]);
        check(json!({"all": {}}), &["/all"]);
        check(json!({"all": [], "any": []}), &["/any"]);
        check(json!({"not": [], "no~te/": 1}), &["/no~0te~1", "/not"]);
        check(
            json!({"all": [{"column": "A", "op": "eq"}, {"column": 5, "op": "equals", "value": 1}]}),
            &["/all/0", "/all/1/column", "/all/1/op"],
        );
        check(json!({"column": "A..B", "op": "is_null"}), &["/column"]);
        check(json!({"column": "A", "op": "is_null", "value": null}), &["/value"]);
        check(json!({"column": "A", "op": "eq", "values": [1]}), &["/values", ""]);
        check(json!({"column": "A", "op": "eq", "value": 1, "payload": "b"}), &["/payload"]);
        check(json!({"column": "A", "op": "eq", "payload": ""}), &["/payload"]);
        check(json!({"column": "A", "op": "between", "values": [1]}), &["/values"]);
        check(json!({"column": "A", "op": "in", "values": 1}), &["/values"]);
        check(json!({"colum": "A", "op": "is_null"}), &["/colum", ""]);
    }

    #[test]
    fn what_is_beyond_a_bound_is_refused_once() {
        let condition = json!({"column": "A", "op": "is_null"});
        check(json!({"all": vec![condition.clone(); CONDITIONS_MAX]}), &[]);
        check(json!({"all": vec![condition; CONDITIONS_MAX + 9]}), &["/all/500"]);
        check(json!({"all": vec![json!({"any": []}); CONDITIONS_MAX]}), &["/all/499"]);
        check(json!({"column": "A", "op": "in", "values": vec![0; VALUES_MAX + 1]}), &["/values"]);
        check(deep(DEPTH_MAX + 1), &["/not".repeat(DEPTH_MAX).as_str()]);
    }

    #[test]
    fn a_mistake_is_told_with_its_cure() {
        let errors = Filter::parse(&json!({"column": "A", "op": "notin"})).unwrap_err();
        assert_eq!(errors[0].detail, "`notin` is not an operator; did you mean `not_in`?");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_equal(filter in arbitrary::arb_filter(false)) {
            prop_assert_eq!(Filter::parse(&filter.to_json()), Ok(filter.clone()));
            let text = serde_json::to_string(&filter).unwrap();
            prop_assert_eq!(serde_json::from_str::<Filter>(&text).unwrap(), filter);
        }
    }
}
