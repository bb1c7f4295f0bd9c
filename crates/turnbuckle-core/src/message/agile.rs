//! The `agile` format: `{"eventName":…,"eventData":{…}}` as Agile CRM sends it.
//!
//! Members, their order and their types are Agile's, oddities included:
//!
//! - `id` and `pipeline_id` are numbers, `owner_id` and `contact_ids` strings.
//! - `subtype` is null for names and empty for an e-mail address.
//! - Values are not trimmed, and always scalar: an address is JSON in a string.
//! - A contact is created with the properties it has; an update has those that
//!   the write named, changed or not, an empty one as `""`; one that names none
//!   has no message. A deal is sent whole.
//! - A deal is `Opportunity` in the event's name.
//!
//! Agile documents no deletes; `Contact is Deleted` and `Opportunity is Deleted`
//! are ours, with the last known data.
//!
//! Columns are those of the built-in CRM. The caller fills in what lies behind
//! the lookup columns that [`lookup_columns`] names. A record or a looked-up
//! record without a number of its own keeps its id.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{JSON, Message};
use crate::change::ChangeType;
use crate::endpoint::Module;
use crate::entity::{ColumnType, Entity};
use crate::record::Record;
use crate::value::decimal;

mod contact;
mod deal;

/// What a lookup column points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// 0 where the CRM counts no records.
    pub number: i64,
    /// The display value.
    pub name: String,
}

/// By lookup column, `OwnerId`; columns that are empty are left out.
pub type Lookups = HashMap<String, LookedUp>;

/// What the format tells of a change.
#[derive(Debug, Clone, Copy)]
pub struct AgileFacts<'a> {
    pub entity: &'a Entity,
    pub change_type: ChangeType,
    /// After the change, on delete before it.
    pub record: &'a Record,
    /// The columns that the write named.
    pub written: &'a [String],
    pub lookups: &'a Lookups,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<T> {
    event_name: &'static str,
    event_data: T,
}

/// The module that an entity belongs to, if any.
pub fn module(entity: &str) -> Option<Module> {
    [Module::Contact, Module::Deal].into_iter().find(|module| module.entity() == entity)
}

/// The lookup columns whose records the caller looks up for [`message`].
pub fn lookup_columns(module: Module) -> &'static [&'static str] {
    match module {
        Module::Contact => &contact::LOOKUP_COLUMNS,
        Module::Deal => &deal::LOOKUP_COLUMNS,
    }
}

/// Renders a change; `None` for an entity that belongs to no module, and for an
/// update of a contact in columns that Agile has no property for.
pub fn message(facts: &AgileFacts<'_>) -> Option<Message> {
    Some(match module(&facts.entity.name)? {
        Module::Contact => Message::json(
            JSON,
            &Envelope {
                event_name: match facts.change_type {
                    ChangeType::Create => "Contact is Created",
                    ChangeType::Update => "Contact is Updated",
                    ChangeType::Delete => "Contact is Deleted",
                },
                event_data: contact::event_data(facts)?,
            },
        ),
        Module::Deal => Message::json(
            JSON,
            &Envelope {
                event_name: match facts.change_type {
                    ChangeType::Create => "Opportunity is Created",
                    ChangeType::Update => "Opportunity is Updated",
                    ChangeType::Delete => "Opportunity is Deleted",
                },
                event_data: deal::event_data(facts),
            },
        ),
    })
}

/// The number of a record or, without one, its id.
fn id_of(number: i64, id: &str) -> Json {
    match (number, id.parse::<i64>()) {
        (1.., _) => json!(number),
        (_, Ok(number)) => json!(number),
        (_, Err(_)) => json!(id),
    }
}

impl AgileFacts<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        self.record.data.get(column).and_then(Json::as_str)
    }

    /// The display value behind a lookup column.
    fn looked_up_name(&self, column: &str) -> Option<&str> {
        self.lookups.get(column).map(|it| it.name.as_str())
    }

    /// The number behind a lookup column, or the id in it; `None` where empty.
    fn looked_up_id(&self, column: &str) -> Option<Json> {
        let id = self.text(column)?;
        Some(id_of(self.lookups.get(column).map_or(0, |it| it.number), id))
    }

    /// The same as text.
    fn looked_up_id_text(&self, column: &str) -> Option<String> {
        self.looked_up_id(column)
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned))
    }
}

/// Unix seconds of a stored date, at its first moment in UTC, or of an instant.
fn epoch_seconds(stored: &Json) -> Option<i64> {
    let text = stored.as_str()?;
    let instant = text.parse::<jiff::Timestamp>().or_else(|_| {
        let date: jiff::civil::Date = text.parse()?;
        jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0))
    });
    instant.ok().map(jiff::Timestamp::as_second)
}

/// A stored number or decimal as a JSON number, whole ones without a fraction.
fn number(stored: &Json) -> Option<Json> {
    match decimal::from_json(stored) {
        Some(decimal) => Some(decimal::to_number(decimal).into()),
        // A number beyond every decimal is passed on as it is.
        None => stored.is_number().then(|| stored.clone()),
    }
}

/// A value of a column of the user's own, as a scalar.
fn custom_value(column_type: ColumnType, stored: &Json) -> Json {
    match (column_type, stored) {
        (_, Json::Null) => json!(""),
        (_, Json::Bool(is_on)) => json!(if *is_on { "on" } else { "off" }),
        (ColumnType::Date | ColumnType::Datetime, _) => {
            epoch_seconds(stored).map_or_else(|| stored.clone(), Json::from)
        }
        (_, Json::String(_)) => stored.clone(),
        (_, Json::Number(_) | Json::Array(_) | Json::Object(_)) => json!(stored.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Map;

    use super::super::tests::check_body;
    use super::*;
    use crate::entity::Column;

    /// A change to a record, as a table of values.
    pub struct Case {
        pub entity: &'static str,
        pub change_type: ChangeType,
        pub number: i64,
        pub data: Json,
        pub written: &'static [&'static str],
        /// Column, number, display value.
        pub lookups: &'static [(&'static str, i64, &'static str)],
    }

    pub fn render(case: Case) -> Option<Message> {
        let custom = [
            ("UsrIsVip", ColumnType::Boolean),
            ("UsrSince", ColumnType::Date),
            ("UsrTeams", ColumnType::Integer),
            ("UsrTags", ColumnType::List),
        ];
        let entity = Entity {
            name: case.entity.to_owned(),
            label: case.entity.to_owned(),
            label_plural: case.entity.to_owned(),
            custom: false,
            display: "Name".to_owned(),
            columns: custom.map(|(name, it)| Column::new(name, name, it)).to_vec(),
        };
        let record = Record {
            id: "c4ed336c-3e9b-40fe-8b82-5632476472b4".to_owned(),
            number: case.number,
            version: 1,
            created_at: 1_455_855_737_999,
            updated_at: 1_455_856_605_001,
            data: Arc::new(case.data.as_object().cloned().unwrap_or_default()),
        };
        let written: Vec<_> = case.written.iter().map(|it| (*it).to_owned()).collect();
        let looked_up = |number, name: &str| LookedUp { number, name: name.to_owned() };
        let lookups =
            case.lookups.iter().map(|&(at, number, it)| (at.to_owned(), looked_up(number, it)));
        message(&AgileFacts {
            entity: &entity,
            change_type: case.change_type,
            record: &record,
            written: &written,
            lookups: &lookups.collect(),
        })
    }

    #[track_caller]
    pub fn check(case: Case, expect: &str) {
        check_body(&render(case).unwrap(), expect);
    }

    #[test]
    fn entities_outside_the_modules_have_no_message() {
        let lead = Case {
            entity: "Lead",
            change_type: ChangeType::Create,
            number: 1,
            data: Map::new().into(),
            written: &[],
            lookups: &[],
        };
        assert_eq!(render(lead), None);
    }

    #[test]
    fn whole_numbers_lose_their_fraction() {
        let check = |stored: Json, expect: Json| {
            assert_eq!(number(&stored).unwrap_or_default().to_string(), expect.to_string());
        };
        check(json!(50_000), json!(50_000));
        check(json!(50_000.0), json!(50_000));
        check(json!("50000.00"), json!(50_000));
        check(json!(1e12), json!(1_000_000_000_000i64));
        check(json!(99.5), json!(99.5));
        check(json!("1234567890123456789.50"), "1234567890123456789.5".parse().unwrap());
        check(json!(1e300), json!(1e300));
        check(json!(u64::MAX), json!(u64::MAX));
        check(json!("many"), Json::Null);
        check(Json::Null, Json::Null);
    }

    #[test]
    fn dates_and_instants_are_seconds() {
        assert_eq!(epoch_seconds(&json!("2016-02-19")), Some(1_455_840_000));
        assert_eq!(epoch_seconds(&json!("2016-02-19T04:22:17.5Z")), Some(1_455_855_737));
        assert_eq!(epoch_seconds(&json!("soon")), None);
        assert_eq!(epoch_seconds(&json!("-009999-01-01")), None, "is before the first instant");
    }
}
