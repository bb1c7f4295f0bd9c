//! Checking a filter against the schema it will be bound to.

use jiff::tz::TimeZone;

use super::bind::{cast_operand, compared_column};
use super::{Condition, Filter, Operand};
use crate::entity::{Entity, Schema, did_you_mean, nearest};
use crate::invalid::{Invalid, pointer};

pub(super) fn check(
    filter: &Filter,
    schema: &Schema,
    entity: &Entity,
    payload_fields: &[&str],
) -> Vec<Invalid> {
    let mut checker = Checker { schema, entity, payload_fields, errors: Vec::new() };
    checker.filter("", filter);
    checker.errors
}

struct Checker<'a> {
    schema: &'a Schema,
    entity: &'a Entity,
    payload_fields: &'a [&'a str],
    errors: Vec<Invalid>,
}

impl Checker<'_> {
    fn filter(&mut self, at: &str, filter: &Filter) {
        let (at, filters) = match filter {
            Filter::All(filters) => (pointer(at, "all"), filters),
            Filter::Any(filters) => (pointer(at, "any"), filters),
            Filter::Not(filter) => return self.filter(&pointer(at, "not"), filter),
            Filter::Condition(condition) => return self.condition(at, condition),
        };
        for (index, filter) in filters.iter().enumerate() {
            self.filter(&pointer(&at, index), filter);
        }
    }

    fn condition(&mut self, at: &str, condition: &Condition) {
        if let Operand::Payload(field) = &condition.operand
            && !self.payload_fields.contains(&field.as_str())
        {
            let nearest = nearest(field, self.payload_fields.iter().copied());
            self.errors.push(Invalid::new(
                pointer(at, "payload"),
                format!("`{field}` is not a field of the payload{}", did_you_mean(&nearest)),
            ));
        }
        let column = match compared_column(condition, self.schema, self.entity) {
            Ok(column) => column,
            Err(error) => return self.errors.push(error.under(at)),
        };
        if !column.filterable {
            return self.errors.push(Invalid::new(
                pointer(at, "column"),
                format!("`{}` cannot be used in filters", condition.column),
            ));
        }
        let operands: Vec<(String, &serde_json::Value)> = match &condition.operand {
            Operand::None | Operand::Payload(_) => Vec::new(),
            Operand::Value(value) => vec![(pointer(at, "value"), value)],
            Operand::Values(values) => {
                let at = pointer(at, "values");
                values.iter().enumerate().map(|(index, it)| (pointer(&at, index), it)).collect()
            }
        };
        for (at, given) in operands {
            // Which zone it is changes the value, not whether there is one.
            if let Err(error) = cast_operand(condition.op, column, given, &TimeZone::UTC) {
                self.errors.push(Invalid::new(at, error.to_string()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::filter::arbitrary;

    #[track_caller]
    fn check(filter: Json, refused: &[(&str, &str)]) {
        let schema = arbitrary::schema();
        let parsed = Filter::parse(&filter).unwrap();
        let errors = parsed.check(&schema, arbitrary::entity(&schema), &["account_id"]);
        let errors: Vec<(&str, &str)> =
            errors.iter().map(|it| (it.path.as_str(), it.detail.as_str())).collect();
        assert_eq!(errors, refused, "{filter}");
    }

    #[test]
    fn columns_operators_operands_and_payload_fields_are_checked() {
        check(json!({"column": "Country.Name", "op": "eq", "payload": "account_id"}), &[]);
        check(
            json!({"all": [{"column": "Tex", "op": "is_null"}]}),
            &[("/all/0/column", "`Tex` is not a column of `Sample`; did you mean `Text`?")],
        );
        check(
            json!({"not": {"column": "Boolean", "op": "lt", "value": true}}),
            &[("/not/op", "`lt` does not compare columns of type boolean")],
        );
        check(
            json!({"column": "Integer", "op": "in", "values": [1, "abc"]}),
            &[("/values/1", "cannot cast \"abc\" to a whole number of 64 bits")],
        );
        check(
            json!({"column": "Date", "op": "last_n_days", "value": -1}),
            &[("/value", "cannot cast -1 to a number of days, 0 to 100000")],
        );
        check(
            json!({"column": "Text", "op": "eq", "payload": "acount_id"}),
            &[(
                "/payload",
                "`acount_id` is not a field of the payload; did you mean `account_id`?",
            )],
        );
        check(
            json!({"column": "Object", "op": "is_null"}),
            &[("/column", "`Object` cannot be used in filters")],
        );
    }

    #[test]
    fn binding_names_a_missing_payload_field_once() {
        let schema = arbitrary::schema();
        let condition = json!({"column": "Text", "op": "eq", "payload": "a/b"});
        let range = json!({"column": "Integer", "op": "between", "payload": "range"});
        let filter = Filter::parse(&json!({"all": [condition, condition, range]})).unwrap();
        let payload = Map::from_iter([("range".to_owned(), json!([1]))]);
        let entity = arbitrary::entity(&schema);
        let errors = filter.bind(&schema, entity, &payload, &TimeZone::UTC).unwrap_err();
        let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(paths, ["/payload/a~1b", "/payload/range"]);
    }

    proptest! {
        #[test]
        fn what_passes_can_be_bound(
            filter in arbitrary::arb_filter(false), payload in arbitrary::arb_payload(),
        ) {
            let schema = arbitrary::schema();
            let entity = arbitrary::entity(&schema);
            let fields: Vec<&str> = payload.keys().map(String::as_str).collect();
            prop_assert_eq!(filter.check(&schema, entity, &fields), []);
            prop_assert!(filter.bind(&schema, entity, &payload, &TimeZone::UTC).is_ok());
        }
    }
}
