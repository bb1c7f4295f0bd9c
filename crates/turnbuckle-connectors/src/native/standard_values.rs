//! The records that the lookups of the built-in CRM start with.
//!
//! They are ordinary records afterwards: a workspace edits, adds and deletes
//! them. Their ids are derived from a key (a code where the world has one, else
//! the delivered name) and are the same everywhere, so the key of a delivered
//! record never changes, even where its name is corrected.

use serde_json::{Value as Json, json};
use turnbuckle_core::record::Data;
use uuid::{Uuid, uuid};

use super::stable_id;

/// The id under which the world's Creatio forms already know Canada.
const CANADA: Uuid = uuid!("f8af0e88-f36b-1410-fa98-00155d043204");

const SALES: &str = "Sales";

/// Name, probability in percent, is closed, is won.
const STAGES: [(&str, i64, bool, bool); 7] = [
    ("Qualification", 10, false, false),
    ("Needs analysis", 25, false, false),
    ("Proposal", 50, false, false),
    ("Negotiation", 75, false, false),
    ("Contracting", 90, false, false),
    ("Won", 100, true, true),
    ("Lost", 0, true, false),
];

/// Lookups whose records differ by name alone, in the order they are shown.
const NAMES: [(&str, &[&str]); 5] = [
    ("LeadType", &["New business", "Additional purchase", "Renewal", "Partnership"]),
    (
        "LeadSource",
        &[
            "Web",
            "Landing page",
            "Search engine",
            "Online advertising",
            "Social media",
            "Email",
            "Phone call",
            "Referral",
            "Partner",
            "Event",
            "Cold call",
            "Other",
        ],
    ),
    ("ContactType", &["Customer", "Contact person", "Partner", "Supplier", "Employee"]),
    ("AccountType", &["Customer", "Prospect", "Partner", "Supplier", "Competitor", "Our company"]),
    (
        "Industry",
        &[
            "Agriculture",
            "Construction",
            "Consulting",
            "Education",
            "Energy",
            "Finance",
            "Government",
            "Healthcare",
            "Hospitality",
            "Information technology",
            "Insurance",
            "Logistics",
            "Manufacturing",
            "Media",
            "Non-profit",
            "Pharmaceuticals",
            "Real estate",
            "Retail",
            "Telecommunications",
            "Other",
        ],
    ),
];

/// Lookups whose records have a position as well.
const STEPS: [(&str, &[&str]); 2] = [
    ("LeadStatus", &["New", "Contacted", "Qualified", "Converted", "Disqualified"]),
    (
        "OrderStatus",
        &["Draft", "Confirmed", "In progress", "Shipped", "Completed", "Returned", "Canceled"],
    ),
];

/// A record that is there from the start.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardValue {
    pub entity: &'static str,
    /// The same in every installation, for ever.
    pub id: Uuid,
    /// In the form that a record stores.
    pub data: Data,
}

impl StandardValue {
    fn new<const N: usize>(entity: &'static str, key: &str, data: [(&str, Json); N]) -> Self {
        Self {
            entity,
            id: id_of(entity, key),
            data: data.into_iter().map(|(column, value)| (column.to_owned(), value)).collect(),
        }
    }
}

fn id_of(entity: &str, key: &str) -> Uuid {
    match (entity, key) {
        ("Country", "CA") => CANADA,
        _ => stable_id(entity, key),
    }
}

/// All delivered records. One that is looked up stands before those that look
/// it up, so they can be written in this order.
pub fn standard_values() -> Vec<StandardValue> {
    let mut values =
        vec![StandardValue::new("User", "Administrator", [("Name", json!("Administrator"))])];
    values.extend(places());
    values.extend(table(include_str!("data/currencies.tsv")).map(|(code, name)| {
        StandardValue::new("Currency", code, [("Name", json!(name)), ("Code", json!(code))])
    }));
    values.extend(sales());
    for (entity, names) in NAMES {
        values.extend(
            names.iter().map(|name| StandardValue::new(entity, name, [("Name", json!(name))])),
        );
    }
    for (entity, names) in STEPS {
        values.extend((1..).zip(names).map(|(position, name): (i64, _)| {
            let data = [("Name", json!(name)), ("Position", json!(position))];
            StandardValue::new(entity, name, data)
        }));
    }
    values
}

/// Countries of ISO 3166-1 under the names people write, then what lies in them.
fn places() -> impl Iterator<Item = StandardValue> {
    let countries = table(include_str!("data/countries.tsv")).map(|(code, name)| {
        StandardValue::new("Country", code, [("Name", json!(name)), ("Code", json!(code))])
    });
    let regions = table(include_str!("data/regions.tsv")).map(|row| place_in("Region", row));
    let cities = table(include_str!("data/cities.tsv")).map(|row| place_in("City", row));
    countries.chain(regions).chain(cities)
}

fn place_in(entity: &'static str, (country, name): (&str, &str)) -> StandardValue {
    let country_id = id_of("Country", country).to_string();
    let data = [("Name", json!(name)), ("CountryId", json!(country_id))];
    // Two countries may have a place of one name.
    StandardValue::new(entity, &format!("{country}/{name}"), data)
}

/// The default pipeline and its stages.
fn sales() -> impl Iterator<Item = StandardValue> {
    let pipeline = StandardValue::new("Pipeline", SALES, [("Name", json!(SALES))]);
    let pipeline_id = pipeline.id.to_string();
    let stages = (1..).zip(STAGES).map(move |(position, stage): (i64, _)| {
        let (name, probability, is_closed, is_won) = stage;
        let data = [
            ("Name", json!(name)),
            ("Position", json!(position)),
            ("Probability", json!(probability)),
            ("IsClosed", json!(is_closed)),
            ("IsWon", json!(is_won)),
            ("PipelineId", json!(pipeline_id)),
        ];
        StandardValue::new("OpportunityStage", &format!("{SALES}/{name}"), data)
    });
    std::iter::once(pipeline).chain(stages)
}

/// The rows of an embedded table of two columns.
fn table(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().map(|line| {
        line.split_once('\t').expect("every line of an embedded table has a tab, a test reads all")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use turnbuckle_core::entity::ColumnType;

    use super::super::{NAMESPACE, standard_schema};
    use super::*;

    #[track_caller]
    fn check_id(entity: &str, name: &str, expected: &str) {
        let values = standard_values();
        let found: Vec<_> = values
            .iter()
            .filter(|it| it.entity == entity && it.data["Name"] == name)
            .map(|it| it.id.to_string())
            .collect();
        assert_eq!(found, [expected], "{entity} {name}");
    }

    #[test]
    fn ids_are_the_same_for_ever() {
        check_id("Country", "Canada", "f8af0e88-f36b-1410-fa98-00155d043204");
        check_id("Country", "Germany", "ec16734b-2faa-552c-8bc2-fb6fec349f95");
        check_id("City", "Berlin", "063f56e9-eeb7-5bb6-9bb6-b2c5acb0994e");
        check_id("OpportunityStage", "Proposal", "7f23eb63-3697-5bac-9187-3f50ee5eeb9d");
        check_id("User", "Administrator", "50f285e8-d2f8-5467-b858-759d3d8be3b2");
        let ids: String = standard_values().iter().map(|it| it.id.to_string()).collect();
        let checksum = Uuid::new_v5(&NAMESPACE, ids.as_bytes()).to_string();
        assert_eq!(checksum, "cec8fd3a-9125-5fef-95e2-6e0b89c3c257");
    }

    #[test]
    fn no_two_records_share_an_id_or_a_display_value() {
        let schema = standard_schema();
        let (mut ids, mut displays) = (HashSet::new(), HashSet::new());
        for value in standard_values() {
            assert!(ids.insert(value.id), "{value:?}");
            let display = &schema.entity(value.entity).unwrap().display;
            let shown = value.data[display].as_str().unwrap().to_lowercase();
            assert!(!shown.trim().is_empty());
            assert!(displays.insert((value.entity, shown)), "{value:?}");
        }
    }

    #[test]
    fn every_record_fits_its_entity_and_follows_what_it_looks_up() {
        let schema = standard_schema();
        let mut written: HashMap<String, &str> = HashMap::new();
        for value in standard_values() {
            let entity = schema.entity(value.entity).unwrap();
            for (name, stored) in &value.data {
                let column = entity.column(name).expect("a column of its entity");
                assert!(column.createable);
                let fits = match column.column_type {
                    ColumnType::Text => stored.is_string(),
                    ColumnType::Integer => stored.is_i64(),
                    ColumnType::Boolean => stored.is_boolean(),
                    ColumnType::Lookup => {
                        stored.as_str().and_then(|id| written.get(id)).copied()
                            == column.lookup.as_deref()
                    }
                    _ => false,
                };
                assert!(fits, "{}.{name} of {value:?}", value.entity);
            }
            for column in entity.columns.iter().filter(|it| it.required && it.createable) {
                assert!(value.data.contains_key(&column.name), "{value:?}");
            }
            written.insert(value.id.to_string(), value.entity);
        }
    }

    #[test]
    fn every_country_of_the_world_is_there_once() {
        let codes: HashSet<_> =
            table(include_str!("data/countries.tsv")).map(|(code, _)| code).collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.iter().all(|code| {
            code.len() == 2 && code.chars().all(|letter| letter.is_ascii_uppercase())
        }));
        assert_eq!(standard_values().iter().filter(|it| it.entity == "Country").count(), 249);
    }

    #[test]
    fn every_lookup_that_people_choose_from_has_values() {
        let values = standard_values();
        for name in standard_schema().entities.keys().skip(6) {
            assert!(values.iter().any(|it| it.entity == name), "{name} is empty");
        }
    }
}
