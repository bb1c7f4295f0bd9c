//! Columns that are composed of others where they are not given.
//!
//! A form often asks for a first and a last name while a contact must have a
//! full one. The full name is composed then, and follows its parts for as long
//! as nobody has written another. The parts are never taken from the whole:
//! where a name divides, nobody but its bearer knows.

use serde_json::Value as Json;
use turnbuckle_core::record::Data;
use turnbuckle_core::value::Value;
use turnbuckle_core::write::Planned;

/// A text column that is its parts, joined by a space, where it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Composed {
    pub entity: &'static str,
    pub column: &'static str,
    pub parts: &'static [&'static str],
}

/// Every composed column. A mapping that fills one of the parts need not fill
/// the column, even where it is required.
pub const COMPOSED: &[Composed] =
    &[Composed { entity: "Contact", column: "Name", parts: &["GivenName", "Surname"] }];

/// Adds the composed columns of `entity` to a write.
///
/// On create (`existing` is `None`) where the write leaves the column empty. On
/// update where the write names a part and not the column, and the stored
/// column is what the stored parts compose to. Parts that are all empty compose
/// nothing: the column is left as it is.
pub fn compose(entity: &str, values: &mut Vec<(String, Planned)>, existing: Option<&Data>) {
    for composed in COMPOSED.iter().filter(|it| it.entity == entity) {
        composed.apply(values, existing);
    }
}

impl Composed {
    fn apply(&self, values: &mut Vec<(String, Planned)>, existing: Option<&Data>) {
        let given = values.iter().position(|(column, _)| column == self.column);
        let is_wanted = match existing {
            None => given.is_none_or(|index| text_of(&values[index].1).trim().is_empty()),
            Some(data) => given.is_none() && self.is_named_in(values) && self.is_kept_in(data),
        };
        if !is_wanted {
            return;
        }
        let whole = self.join(|part| {
            let written = values.iter().find(|(column, _)| column == part);
            match written {
                Some((_, planned)) => text_of(planned),
                None => existing.map_or("", |data| stored_text(data, part)),
            }
        });
        if whole.is_empty() {
            return;
        }
        let planned = Planned::Value(Value::Text(whole));
        match given {
            Some(index) => values[index].1 = planned,
            None => values.push((self.column.to_owned(), planned)),
        }
    }

    fn is_named_in(&self, values: &[(String, Planned)]) -> bool {
        values.iter().any(|(column, _)| self.parts.contains(&column.as_str()))
    }

    /// Whether the stored column still follows its parts.
    fn is_kept_in(&self, data: &Data) -> bool {
        stored_text(data, self.column) == self.join(|part| stored_text(data, part))
    }

    fn join<'a>(&self, text: impl Fn(&str) -> &'a str) -> String {
        let parts: Vec<&str> = self
            .parts
            .iter()
            .map(|part| text(part).trim())
            .filter(|text| !text.is_empty())
            .collect();
        parts.join(" ")
    }
}

fn text_of(planned: &Planned) -> &str {
    match planned {
        Planned::Value(Value::Text(text)) => text,
        _ => "",
    }
}

fn stored_text<'a>(data: &'a Data, column: &str) -> &'a str {
    data.get(column).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::standard_schema;
    use super::*;

    fn planned(value: &Json) -> Planned {
        Planned::Value(match value {
            Json::String(text) => Value::Text(text.clone()),
            _ => Value::Null,
        })
    }

    fn composed(entity: &str, write: &Json, existing: Option<&Json>) -> Vec<(String, Planned)> {
        let write = write.as_object().unwrap();
        let mut values: Vec<_> =
            write.iter().map(|(column, value)| (column.clone(), planned(value))).collect();
        compose(entity, &mut values, existing.map(|data| data.as_object().unwrap()));
        values
    }

    /// `expected` is the Name that the write ends up with, `None` if it names none.
    #[track_caller]
    fn check(write: Json, existing: Option<Json>, expected: Option<&str>) {
        let values = composed("Contact", &write, existing.as_ref());
        let names: Vec<_> = values.iter().filter(|(column, _)| column == "Name").collect();
        assert!(names.len() <= 1, "{write} names a column twice");
        assert_eq!(names.first().map(|(_, planned)| text_of(planned)), expected, "{write}");
    }

    #[test]
    fn a_new_contact_without_a_name_gets_one_from_its_parts() {
        check(json!({"GivenName": "John", "Surname": "Delta"}), None, Some("John Delta"));
        check(json!({"Surname": "Delta"}), None, Some("Delta"));
        check(json!({"GivenName": " John ", "Surname": ""}), None, Some("John"));
        check(json!({"Name": null, "GivenName": "John"}), None, Some("John"));
        check(json!({"Name": "  ", "GivenName": "John"}), None, Some("John"));
    }

    #[test]
    fn a_given_name_is_kept() {
        check(json!({"Name": "J. D.", "GivenName": "John"}), None, Some("J. D."));
        let stored = json!({"Name": "John Delta", "GivenName": "John", "Surname": "Delta"});
        check(json!({"Name": "J. D.", "Surname": "E"}), Some(stored.clone()), Some("J. D."));
        check(json!({"Name": null, "Surname": "E"}), Some(stored), Some(""));
    }

    #[test]
    fn nothing_is_composed_of_nothing() {
        check(json!({"Email": "john@alien.comm"}), None, None);
        check(json!({"Name": null, "GivenName": " "}), None, Some(""));
        let stored = json!({"Name": "John", "GivenName": "John"});
        check(json!({"GivenName": null}), Some(stored), None);
    }

    #[test]
    fn a_composed_name_follows_its_parts() {
        let stored = json!({"Name": "John Delta", "GivenName": "John", "Surname": "Delta"});
        check(json!({"Surname": "Updated"}), Some(stored.clone()), Some("John Updated"));
        check(json!({"GivenName": null}), Some(stored.clone()), Some("Delta"));
        check(json!({"Email": "x"}), Some(stored), None);
    }

    #[test]
    fn a_name_of_its_own_does_not_follow_its_parts() {
        check(json!({"Surname": "E"}), Some(json!({"Name": "New user"})), None);
        let stored = json!({"Name": "Johnny", "GivenName": "John", "Surname": "Delta"});
        check(json!({"Surname": "E"}), Some(stored), None);
    }

    #[test]
    fn other_entities_are_left_alone() {
        let write = json!({"GivenName": "John", "Surname": "Delta"});
        assert_eq!(composed("Account", &write, None).len(), 2);
    }

    #[test]
    fn every_composed_column_is_text_made_of_text() {
        let schema = standard_schema();
        for composed in COMPOSED {
            let entity = schema.entity(composed.entity).unwrap();
            for name in composed.parts.iter().chain([&composed.column]) {
                let column_type = entity.column(name).unwrap().column_type;
                assert_eq!(column_type, turnbuckle_core::entity::ColumnType::Text, "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_name_that_was_composed_once_is_composed_again(
            given in "\\PC{0,8}", surname in "\\PC{1,8}x", next in "\\PC{1,8}x",
        ) {
            let name = |write: Json, existing: Option<&Json>| {
                let values = composed("Contact", &write, existing);
                values.iter().find(|(column, _)| column == "Name").map(|(_, it)| text_of(it).to_owned())
            };
            let created = name(json!({"GivenName": given, "Surname": surname}), None);
            let stored = json!({"Name": created, "GivenName": given, "Surname": surname});
            let updated = name(json!({"Surname": next}), Some(&stored));
            let afresh = name(json!({"GivenName": given, "Surname": next}), None);
            prop_assert_eq!(updated, afresh);
        }
    }
}
