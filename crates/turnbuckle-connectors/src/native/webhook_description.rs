//! How the built-in CRM is described to those who post webhooks to it.
//!
//! The two bodies are those that Creatio's webhook service answers, member for
//! member and in its order, types included: a form builder made for that
//! service reads ours without a change.

use serde_json::{Value as Json, json};
use turnbuckle_core::entity::{Column, ColumnType, Entity};
use turnbuckle_core::record::ID;
use uuid::{Uuid, uuid};

use super::stable_id;

/// The entities that webhooks may name until a workspace says otherwise.
pub const WEBHOOK_ENTITIES: [&str; 4] = ["Contact", "Lead", "Order", "FormSubmit"];

/// The id under which senders know the form of an entity. Stable for ever.
pub fn form_id(entity_name: &str) -> Uuid {
    match entity_name {
        "Contact" => uuid!("6e05fd0c-7212-45bf-8b6e-f263423e97b1"),
        "Lead" => uuid!("2b755431-dd89-4f4c-b97b-9a15ebe9cea9"),
        "Order" => uuid!("4b1f24dd-95ee-4049-b611-dfd701f0cab1"),
        _ => stable_id("Form", entity_name),
    }
}

/// The body that answers `get_entities`, in the order given.
pub fn entities_for_webhooks<'a>(entities: impl IntoIterator<Item = &'a Entity>) -> Json {
    let describe = |entity: &Entity| {
        json!({
            "name": entity.name,
            "caption": entity.label,
            "formId": form_id(&entity.name).to_string(),
        })
    };
    json!({ "entities": entities.into_iter().map(describe).collect::<Vec<_>>() })
}

/// The body that answers `get_entity_description`: `Id` and the columns that
/// can be written.
pub fn describe_for_webhooks(entity: &Entity) -> Json {
    let is_shown = |column: &&Column| column.name == ID || column.createable || column.updateable;
    let describe = |column: &Column| {
        json!({
            "required": column.required,
            "name": column.name,
            "net_type": net_type(column.column_type),
            "caption": column.label,
        })
    };
    let fields: Vec<Json> = entity.columns.iter().filter(is_shown).map(describe).collect();
    json!({
        "value": {
            "entityModel": { "fields": fields, "name": entity.name },
            "isSuccess": true,
            "status": "ok",
            "code": 0,
        },
        "statusCode": 200,
    })
}

fn net_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Guid | ColumnType::Lookup => "System.Guid",
        ColumnType::Integer => "System.Int32",
        ColumnType::Decimal => "System.Decimal",
        ColumnType::Boolean => "System.Boolean",
        ColumnType::Date | ColumnType::Datetime => "System.DateTime",
        ColumnType::Text
        | ColumnType::LongText
        | ColumnType::Option
        | ColumnType::MultiOption
        | ColumnType::Object
        | ColumnType::List => "System.String",
    }
}

#[cfg(test)]
mod tests {
    use super::super::standard_schema;
    use super::*;

    /// `(required, net_type)` of one described column, `None` if it is not shown.
    #[track_caller]
    fn check_field(entity: &str, name: &str, expected: Option<(bool, &str)>) {
        let schema = standard_schema();
        let described = describe_for_webhooks(schema.entity(entity).unwrap());
        let fields = described["value"]["entityModel"]["fields"].as_array().unwrap().clone();
        let found = fields.iter().find(|field| field["name"] == name).map(|field| {
            (field["required"].as_bool().unwrap(), field["net_type"].as_str().unwrap())
        });
        assert_eq!(found, expected, "{entity}.{name}");
    }

    #[test]
    fn a_contact_is_described_byte_for_byte_as_senders_know_it() {
        let schema = standard_schema();
        let mut contact = schema.entity("Contact").unwrap().clone();
        contact.columns.truncate(5);
        let expected = concat!(
            r#"{"value":{"entityModel":{"fields":["#,
            r#"{"required":true,"name":"Id","net_type":"System.Guid","caption":"Id"},"#,
            r#"{"required":true,"name":"Name","net_type":"System.String","caption":"Full name"},"#,
            r#"{"required":false,"name":"BirthDate","net_type":"System.DateTime","caption":"Birth date"},"#,
            r#"{"required":false,"name":"Age","net_type":"System.Int32","caption":"Age"},"#,
            r#"{"required":false,"name":"IsEmailConfirmed","net_type":"System.Boolean","caption":"IsEmailConfirmed"}"#,
            r#"],"name":"Contact"},"isSuccess":true,"status":"ok","code":0},"statusCode":200}"#,
        );
        assert_eq!(describe_for_webhooks(&contact).to_string(), expected);
    }

    #[test]
    fn columns_are_described_by_the_types_senders_know() {
        check_field("Lead", "CountryId", Some((false, "System.Guid")));
        check_field("Lead", "Contact", Some((false, "System.String")));
        check_field("Lead", "Notes", Some((false, "System.String")));
        check_field("Order", "Amount", Some((false, "System.Decimal")));
        check_field("Order", "Date", Some((false, "System.DateTime")));
    }

    #[test]
    fn what_nobody_can_write_is_not_offered() {
        check_field("Lead", "CreatedOn", None);
        check_field("Lead", "ModifiedOn", None);
    }

    #[test]
    fn the_index_is_byte_for_byte_as_senders_know_it() {
        let schema = standard_schema();
        let entities = ["Contact", "Lead", "Order"].map(|name| schema.entity(name).unwrap());
        let expected = concat!(
            r#"{"entities":["#,
            r#"{"name":"Contact","caption":"Contact","formId":"6e05fd0c-7212-45bf-8b6e-f263423e97b1"},"#,
            r#"{"name":"Lead","caption":"Lead","formId":"2b755431-dd89-4f4c-b97b-9a15ebe9cea9"},"#,
            r#"{"name":"Order","caption":"Order","formId":"4b1f24dd-95ee-4049-b611-dfd701f0cab1"}]}"#,
        );
        assert_eq!(entities_for_webhooks(entities).to_string(), expected);
    }

    #[test]
    fn every_entity_has_a_form_of_its_own_that_never_changes() {
        assert_eq!(form_id("FormSubmit").to_string(), "eb59350e-c4e1-5a67-9516-ec774b562ddf");
        assert_ne!(form_id("FormSubmit"), form_id("Account"));
        assert_ne!(form_id("User"), stable_id("User", "Administrator"));
    }

    #[test]
    fn the_webhook_entities_exist() {
        let schema = standard_schema();
        assert!(WEBHOOK_ENTITIES.iter().all(|name| schema.entity(name).is_some()));
    }
}
