//! `eventData` of a contact.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::{AgileFacts, custom_value, id_of};
use crate::change::ChangeType;
use crate::entity::ColumnType;

pub(super) const LOOKUP_COLUMNS: [&str; 4] = [COMPANY, CITY, REGION, COUNTRY];

const FULL_NAME: &str = "Name";
const FIRST_NAME: &str = "GivenName";
const LAST_NAME: &str = "Surname";
const COMPANY: &str = "AccountId";
const STREET: &str = "Address";
const CITY: &str = "CityId";
const REGION: &str = "RegionId";
const ZIP: &str = "Zip";
const COUNTRY: &str = "CountryId";

/// Columns that users add start so.
const CUSTOM_PREFIX: &str = "Usr";

/// Columns that are a system property each, in the order they are sent, with
/// the property's name and subtype.
const PROPERTIES: [(&str, &str, Option<&str>); 8] = [
    (FIRST_NAME, "first_name", None),
    (LAST_NAME, "last_name", None),
    ("Email", "email", Some("")),
    (COMPANY, "company", None),
    ("JobTitle", "title", None),
    ("MobilePhone", "phone", Some("mobile")),
    ("Phone", "phone", Some("work")),
    ("HomePhone", "phone", Some("home")),
];

#[derive(Serialize)]
pub(super) struct Contact {
    id: Json,
    #[serde(rename = "type")]
    contact_type: &'static str,
    created_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_time: Option<i64>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    #[serde(rename = "type")]
    property_type: PropertyType,
    name: String,
    subtype: Option<&'static str>,
    value: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum PropertyType {
    System,
    Custom,
}

/// `None` for an update that tells nothing.
pub(super) fn event_data(facts: &AgileFacts<'_>) -> Option<Contact> {
    let is_update = facts.change_type == ChangeType::Update;
    let properties = properties(facts);
    let has_news = !is_update || !properties.is_empty();
    has_news.then(|| Contact {
        id: id_of(facts.record.number, &facts.record.id),
        contact_type: "PERSON",
        created_time: facts.record.created_at.div_euclid(1_000),
        updated_time: is_update.then(|| facts.record.updated_at.div_euclid(1_000)),
        properties,
    })
}

fn properties(facts: &AgileFacts<'_>) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut put = |name: &str, subtype, value: Json| {
        let name = name.to_owned();
        properties.push(Property { property_type: PropertyType::System, name, subtype, value });
    };
    for (name, value) in split_full_name(facts) {
        put(name, None, json!(value));
    }
    for (column, name, subtype) in PROPERTIES {
        if is_told(facts, column) {
            let value = facts.looked_up_name(column).or_else(|| facts.text(column));
            put(name, subtype, json!(value.unwrap_or_default()));
        }
    }
    if [STREET, CITY, REGION, ZIP, COUNTRY].into_iter().any(|column| is_told(facts, column)) {
        put("address", Some(""), json!(address(facts)));
    }
    properties.extend(custom_properties(facts));
    properties
}

/// An update tells what the write named, any other change what there is.
fn is_told(facts: &AgileFacts<'_>, column: &str) -> bool {
    match facts.change_type {
        ChangeType::Update => facts.written.iter().any(|written| written == column),
        ChangeType::Create | ChangeType::Delete => facts.record.data.contains_key(column),
    }
}

/// The parts of a full name, its last word being the last name, where the
/// contact has no parts of its own: Agile knows no full name.
fn split_full_name<'a>(facts: &AgileFacts<'a>) -> Vec<(&'static str, &'a str)> {
    let has_parts = [FIRST_NAME, LAST_NAME]
        .into_iter()
        .any(|part| facts.record.data.contains_key(part) || is_told(facts, part));
    let full_name = facts.record.data.get(FULL_NAME).and_then(Json::as_str);
    match full_name.filter(|_| !has_parts && is_told(facts, FULL_NAME)) {
        None => Vec::new(),
        Some(full_name) => match full_name.trim_end().rsplit_once(' ') {
            Some((first, last)) => vec![("first_name", first.trim_end()), ("last_name", last)],
            None => vec![("first_name", full_name)],
        },
    }
}

/// The address as JSON in a string, the parts that there are.
fn address(facts: &AgileFacts<'_>) -> String {
    let country = facts.looked_up_name(COUNTRY);
    let parts = [
        ("address", facts.text(STREET)),
        ("city", facts.looked_up_name(CITY)),
        ("state", facts.looked_up_name(REGION)),
        ("zip", facts.text(ZIP)),
        ("country", country),
        ("countryname", country),
    ];
    let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), json!(part?))));
    Json::Object(parts.collect::<Map<_, _>>()).to_string()
}

fn custom_properties(facts: &AgileFacts<'_>) -> impl Iterator<Item = Property> {
    let columns = match facts.change_type {
        ChangeType::Update => facts.written.iter().collect(),
        ChangeType::Create | ChangeType::Delete => facts.record.data.keys().collect::<Vec<_>>(),
    };
    let custom = columns.into_iter().filter(|column| column.starts_with(CUSTOM_PREFIX));
    custom.map(|name| {
        let column_type = facts.entity.column(name).map_or(ColumnType::Text, |it| it.column_type);
        let stored = facts.record.data.get(name).unwrap_or(&Json::Null);
        let value = match facts.looked_up_name(name) {
            Some(looked_up) => json!(looked_up),
            None => custom_value(column_type, stored),
        };
        Property { property_type: PropertyType::Custom, name: name.clone(), subtype: None, value }
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, check, render};
    use super::*;

    fn contact(change_type: ChangeType, data: Json, written: &'static [&'static str]) -> Case {
        let number = 5_667_649_732_214_784;
        Case { entity: "Contact", change_type, number, data, written, lookups: &[] }
    }

    /// Checks the properties alone, written as `name/subtype=value`.
    #[track_caller]
    fn check_properties(case: Case, expect: &[&str]) {
        let body: Json = serde_json::from_slice(&render(case).unwrap().body).unwrap();
        let properties = body["eventData"]["properties"].as_array().unwrap().iter();
        let found: Vec<_> = properties
            .map(|it| {
                let name = it["name"].as_str().unwrap();
                format!("{name}/{}={}", it["subtype"].as_str().unwrap_or("null"), it["value"])
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_contact_is_created_as_documented() {
        let data = json!({
            "Email": "john@alien.comm  ", "GivenName": "John", "Surname": "Delta",
            "Name": "John Delta", "IsEmailConfirmed": false
        });
        check(
            contact(ChangeType::Create, data, &["Email", "GivenName", "Surname"]),
            r#"{
                "eventName": "Contact is Created",
                "eventData": {
                    "id": 5667649732214784,
                    "type": "PERSON",
                    "created_time": 1455855737,
                    "properties": [
                        {
                            "type": "SYSTEM",
                            "name": "first_name",
                            "subtype": null,
                            "value": "John"
                        },
                        {
                            "type": "SYSTEM",
                            "name": "last_name",
                            "subtype": null,
                            "value": "Delta"
                        },
                        {
                            "type": "SYSTEM",
                            "name": "email",
                            "subtype": "",
                            "value": "john@alien.comm  "
                        }
                    ]
                }
            }"#,
        );
    }

    #[test]
    fn a_contact_is_updated_as_documented() {
        let data = json!({
            "Email": "john@alien.comm  ", "GivenName": "John", "Surname": "Delta Updated",
            "Name": "John Delta Updated"
        });
        check(
            contact(ChangeType::Update, data, &["Email", "Surname"]),
            r#"{
                "eventName": "Contact is Updated",
                "eventData": {
                    "id": 5667649732214784,
                    "type": "PERSON",
                    "created_time": 1455855737,
                    "updated_time": 1455856605,
                    "properties": [
                        {
                            "type": "SYSTEM",
                            "name": "last_name",
                            "subtype": null,
                            "value": "Delta Updated"
                        },
                        {
                            "type": "SYSTEM",
                            "name": "email",
                            "subtype": "",
                            "value": "john@alien.comm  "
                        }
                    ]
                }
            }"#,
        );
    }

    #[test]
    fn a_deleted_contact_has_its_last_data_and_no_updated_time() {
        check(
            contact(ChangeType::Delete, json!({"GivenName": "John"}), &[]),
            r#"{"eventName": "Contact is Deleted", "eventData": {
                "id": 5667649732214784, "type": "PERSON", "created_time": 1455855737,
                "properties": [
                    {"type": "SYSTEM", "name": "first_name", "subtype": null, "value": "John"}
                ]
            }}"#,
        );
    }

    #[test]
    fn other_columns_have_properties_of_their_own() {
        let data = json!({
            "GivenName": "J", "AccountId": "guid", "JobTitle": "CTO", "MobilePhone": "1",
            "Phone": "2", "HomePhone": "3", "Address": "Main St 1", "CountryId": "guid",
            "UsrIsVip": true, "UsrSince": "2016-02-19", "UsrTeams": 4, "UsrTags": ["a"],
            "UsrNote": " x ", "BirthDate": "1980-01-01"
        });
        let lookups: &[_] = &[("AccountId", 3, "Alien"), ("CountryId", 1, "Canada")];
        check_properties(
            Case { lookups, ..contact(ChangeType::Create, data, &[]) },
            &[
                "first_name/null=\"J\"",
                "company/null=\"Alien\"",
                "title/null=\"CTO\"",
                "phone/mobile=\"1\"",
                "phone/work=\"2\"",
                "phone/home=\"3\"",
                r#"address/="{\"address\":\"Main St 1\",\"country\":\"Canada\",\"countryname\":\"Canada\"}""#,
                "UsrIsVip/null=\"on\"",
                "UsrSince/null=1455840000",
                "UsrTeams/null=\"4\"",
                "UsrTags/null=\"[\\\"a\\\"]\"",
                "UsrNote/null=\" x \"",
            ],
        );
    }

    #[test]
    fn an_update_tells_what_was_cleared_and_what_was_written_unchanged() {
        let data = json!({"GivenName": "J", "Surname": "D", "Zip": "10115"});
        check_properties(
            contact(ChangeType::Update, data, &["UsrTeams", "Email", "Address", "GivenName"]),
            &[
                "first_name/null=\"J\"",
                "email/=\"\"",
                "address/=\"{\\\"zip\\\":\\\"10115\\\"}\"",
                "UsrTeams/null=\"\"",
            ],
        );
    }

    #[test]
    fn an_update_of_columns_without_a_property_is_not_told() {
        let data = json!({"GivenName": "J", "BirthDate": "1980-01-01"});
        let change = |change_type, written| render(contact(change_type, data.clone(), written));
        assert_eq!(change(ChangeType::Update, &["BirthDate"]), None);
        assert!(change(ChangeType::Update, &["BirthDate", "Email"]).is_some());
        let empty = |change_type| render(contact(change_type, json!({}), &["BirthDate"]));
        assert!(empty(ChangeType::Create).is_some() && empty(ChangeType::Delete).is_some());
    }

    #[test]
    fn a_full_name_is_split_where_there_are_no_parts() {
        let create = |name: &str| contact(ChangeType::Create, json!({ "Name": name }), &["Name"]);
        check_properties(
            create("Ada King Lovelace"),
            &["first_name/null=\"Ada King\"", "last_name/null=\"Lovelace\""],
        );
        check_properties(create("Ada"), &["first_name/null=\"Ada\""]);
        check_properties(
            contact(ChangeType::Update, json!({"Name": "Ada", "Email": "a@b"}), &["Email"]),
            &["email/=\"a@b\""],
        );
    }
}
