mod paths;
mod plans;
mod senders;
mod settings;

use serde_json::{Value as Json, json};

use super::*;
use crate::body::Body;
use crate::entity::{Column, ColumnType};

/// A CRM with the columns that the tests name.
fn schema() -> Schema {
    let text = |name: &str| Column::new(name, name, ColumnType::Text);
    let entity = |name: &str, columns: Vec<Column>| Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: format!("{name}s"),
        custom: false,
        display: "Name".to_owned(),
        columns: [vec![Column::new("Id", "Id", ColumnType::Guid).read_only()], columns].concat(),
    };
    let utm = || ["UtmSourceStr", "UtmMediumStr", "UtmCampaignStr"].map(text).to_vec();
    let person = || {
        vec![
            text("Email"),
            text("MobilePhone"),
            Column::new("Notes", "Notes", ColumnType::LongText),
            Column::new("BirthDate", "Birth date", ColumnType::Date),
            Column::new("Age", "Age", ColumnType::Integer),
            Column::lookup("CountryId", "Country", "Country"),
        ]
    };
    let lead = vec![
        text("Contact"),
        text("Account"),
        Column::lookup("LeadSourceId", "Source", "LeadSource"),
        Column::new("Answers", "Answers", ColumnType::Object),
    ];
    let contact = vec![text("Name").required(), text("GivenName"), text("Surname")];
    let opportunity = vec![
        text("Title").required(),
        Column::new("Amount", "Amount", ColumnType::Decimal),
        Column::new("CloseDate", "Close date", ColumnType::Date),
    ];
    let order = vec![
        text("Number"),
        Column::new("Amount", "Amount", ColumnType::Decimal),
        Column::new("Notes", "Notes", ColumnType::LongText),
    ];
    let entities = [
        entity("Lead", [lead, person(), utm()].concat()),
        entity("Contact", [contact, person()].concat()),
        entity("Account", vec![text("Name").required(), text("Web")]),
        entity("Opportunity", opportunity),
        entity("Order", order),
    ];
    Schema { entities: entities.map(|entity| (entity.name.clone(), entity)).into_iter().collect() }
}

/// Settings with only what a source must have, and `changes`.
fn settings(changes: Json) -> SourceSettings {
    let mut document = json!({"name": "landing page", "connection": "acme-crm"});
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    SourceSettings::parse(&document).unwrap()
}

fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Pair<'a>> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn body(value: Json) -> Body {
    Body { value, files: Vec::new() }
}

/// A detail without the words of the cast, which `value` has its own tests for.
fn told(detail: &str) -> &str {
    detail.split(": cannot cast").next().unwrap()
}
