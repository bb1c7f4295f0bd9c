use proptest::prelude::*;
use serde_json::json;

use super::super::standard_schema;
use super::*;

/// The only place that calls the rules.
fn declare(schema: &Schema, name: &str, document: &Json) -> Result<Entity, Vec<Invalid>> {
    check_custom_entity(schema, name, document)
}

#[track_caller]
fn accept(name: &str, document: Json) -> Entity {
    declare(&standard_schema(), name, &document).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

/// The paths that are named, in order.
#[track_caller]
fn refuse(name: &str, document: Json, paths: &[&str]) -> Vec<Invalid> {
    let wrong = declare(&standard_schema(), name, &document).expect_err("it is wrong");
    assert_eq!(wrong.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), paths, "{wrong:?}");
    wrong
}

/// Declares one column of a new entity.
#[track_caller]
fn refuse_column(column: Json, paths: &[&str]) -> Vec<Invalid> {
    refuse("Vehicle", json!({"columns": [column]}), paths)
}

fn names(entity: &Entity) -> Vec<&str> {
    entity.columns.iter().map(|it| it.name.as_str()).collect()
}

fn vehicle() -> Json {
    json!({
        "label": "Vehicle", "label_plural": "Vehicles",
        "columns": [
            {"name": "UsrVin", "label": "VIN", "type": "text", "required": true, "unique": true},
            {"name": "UsrOwnerId", "label": "Owner", "type": "lookup", "lookup": "Contact"},
            {"name": "UsrColor", "type": "option", "options": [{"value": "red", "label": "Red"}, {"value": "blue"}]},
        ],
    })
}

#[test]
fn a_new_entity_is_framed_by_what_the_crm_sets() {
    let entity = accept("Vehicle", vehicle());
    let expected = ["Id", "UsrVin", "UsrOwnerId", "UsrColor", "CreatedOn", "ModifiedOn"];
    assert_eq!(names(&entity), expected);
    assert!(entity.custom);
    assert_eq!((entity.label.as_str(), entity.label_plural.as_str()), ("Vehicle", "Vehicles"));
    let vin = entity.column("UsrVin").unwrap();
    assert!(vin.required && vin.unique && vin.label == "VIN");
    assert_eq!(entity.column("UsrOwnerId").unwrap().walk_name(), Some("UsrOwner"));
    let color = entity.column("UsrColor").unwrap();
    assert_eq!(color.options.as_ref().unwrap()[1].label, "blue");
    assert_eq!(color.label, "UsrColor");
}

#[test]
fn an_entity_may_look_itself_up() {
    let parent = json!({"name": "ParentId", "type": "lookup", "lookup": "Vehicle"});
    let entity = accept("Vehicle", json!({"columns": [parent]}));
    assert_eq!(entity.column("ParentId").unwrap().lookup.as_deref(), Some("Vehicle"));
}

#[test]
fn the_display_is_the_name_else_the_first_text_else_the_id() {
    let display = |columns: Json| accept("Vehicle", json!({"columns": columns})).display;
    assert_eq!(display(json!([])), "Id");
    let vin = json!({"name": "Vin", "type": "text"});
    assert_eq!(display(json!([{"name": "Age", "type": "integer"}, vin])), "Vin");
    assert_eq!(display(json!([vin, {"name": "Name", "type": "text"}])), "Name");
    let named = json!({"display": "Vin", "columns": [{"name": "Name", "type": "text"}, vin]});
    assert_eq!(accept("Vehicle", named).display, "Vin");
    refuse("Contact", json!({"display": "Emial"}), &["/display"]);
    refuse("Contact", json!({"display": "Age"}), &["/display"]);
}

#[test]
fn columns_are_added_to_delivered_entities_and_none_is_taken_away() {
    let vat = json!({"name": "UsrVat", "type": "text"});
    let entity = accept("Account", json!({"columns": [vat]}));
    let schema = standard_schema();
    let delivered = schema.entity("Account").unwrap();
    assert!(!entity.custom);
    assert_eq!(entity.columns.len(), delivered.columns.len() + 1);
    assert_eq!(
        names(&entity)[delivered.columns.len() - 2..],
        ["UsrVat", "CreatedOn", "ModifiedOn"]
    );
    assert_eq!(entity.label, delivered.label);
}

#[test]
fn what_is_left_out_stays_as_it_was() {
    let mut schema = standard_schema();
    let entity = declare(&schema, "Vehicle", &vehicle()).unwrap();
    schema.entities.insert("Vehicle".into(), entity.clone());
    assert_eq!(declare(&schema, "Vehicle", &json!({})), Ok(entity.clone()));
    let document = json!({"columns": [{"name": "UsrVin", "unique": false}]});
    let changed = declare(&schema, "Vehicle", &document).unwrap();
    let vin = changed.column("UsrVin").unwrap();
    assert!(vin.required && !vin.unique && vin.label == "VIN");
    assert_eq!(names(&changed), names(&entity));
}

#[test]
fn a_delivered_column_may_be_relabelled_and_made_required_or_unique() {
    let email = json!({"name": "Email", "label": "E-mail", "required": true, "unique": true});
    let entity = accept("Contact", json!({"columns": [email]}));
    let email = entity.column("Email").unwrap();
    assert!(email.required && email.unique && email.label == "E-mail");
}

#[test]
fn what_a_read_shows_may_be_sent_back() {
    let mut schema = standard_schema();
    let entity = declare(&schema, "Vehicle", &vehicle()).unwrap();
    schema.entities.insert("Vehicle".into(), entity);
    for (name, entity) in &schema.entities {
        let shown = serde_json::to_value(entity).unwrap();
        assert_eq!(declare(&schema, name, &shown).as_ref(), Ok(entity));
    }
}

#[test]
fn unknown_members_are_named_with_the_nearest_known_one() {
    let document = json!({"labl": "x", "columns": [{"name": "A", "type": "text", "uniqe": true}]});
    let wrong = refuse("Vehicle", document, &["/labl", "/columns/0/uniqe"]);
    assert_eq!(wrong[0].detail, "unknown member; did you mean `label`?");
    assert_eq!(wrong[1].detail, "unknown member; did you mean `unique`?");
    let option = json!({"value": "a", "color": "red"});
    let column = json!({"name": "A", "type": "option", "options": [option]});
    refuse_column(column, &["/columns/0/options/0/color"]);
}

#[test]
fn names_are_codes_of_their_own() {
    refuse("My vehicle", json!({}), &["/name"]);
    refuse("contact", json!({}), &["/name"]);
    refuse("", json!({}), &["/name"]);
    refuse_column(json!({"name": "a b", "type": "text"}), &["/columns/0/name"]);
    refuse_column(json!({"name": "", "type": "text"}), &["/columns/0/name"]);
    refuse_column(json!({"type": "text"}), &["/columns/0/name"]);
    refuse_column(json!({"name": 1, "type": "text"}), &["/columns/0/name"]);
    refuse_column(json!({"name": "createdon", "type": "text"}), &["/columns/0/name"]);
    refuse_column(json!({"name": "EntityName", "type": "text"}), &["/columns/0/name"]);
    let twice = json!([{"name": "A", "type": "text"}, {"name": "A", "type": "text"}]);
    refuse("Vehicle", json!({"columns": twice}), &["/columns/1/name"]);
    let case = json!([{"name": "Vin", "type": "text"}, {"name": "VIN", "type": "text"}]);
    refuse("Vehicle", json!({"columns": case}), &["/columns/1/name"]);
}

#[test]
fn a_new_column_has_a_type_and_keeps_it() {
    refuse_column(json!({"name": "A"}), &["/columns/0/type"]);
    let wrong = refuse_column(json!({"name": "A", "type": "string"}), &["/columns/0/type"]);
    assert!(wrong[0].detail.contains("`long_text`"), "{wrong:?}");
    let document = json!({"columns": [{"name": "Email", "type": "integer"}]});
    refuse("Contact", document, &["/columns/0/type"]);
}

#[test]
fn a_lookup_ends_in_id_and_points_to_an_entity() {
    refuse_column(
        json!({"name": "Owner", "type": "lookup", "lookup": "Contact"}),
        &["/columns/0/name"],
    );
    refuse_column(
        json!({"name": "id", "type": "lookup", "lookup": "Contact"}),
        &["/columns/0/name", "/columns/0/name"],
    );
    let wrong = refuse_column(
        json!({"name": "OwnerId", "type": "lookup", "lookup": "Contcat"}),
        &["/columns/0/lookup"],
    );
    assert_eq!(wrong[0].detail, "`Contcat` is not an entity; did you mean `Contact`?");
    refuse_column(json!({"name": "OwnerId", "type": "lookup"}), &["/columns/0/lookup"]);
    refuse_column(
        json!({"name": "OwnerId", "type": "lookup", "lookup": 7}),
        &["/columns/0/lookup"],
    );
    refuse_column(
        json!({"name": "OwnerId", "type": "text", "lookup": "Contact"}),
        &["/columns/0/lookup"],
    );
    let document = json!({"columns": [{"name": "AccountId", "lookup": "Contact"}]});
    refuse("Contact", document, &["/columns/0/lookup"]);
}

#[test]
fn options_are_bounded_distinct_and_of_option_columns_alone() {
    let options = |options: Json| json!({"name": "A", "type": "option", "options": options});
    refuse_column(options(json!([])), &["/columns/0/options"]);
    refuse_column(options(json!([{"label": "x"}])), &["/columns/0/options/0/value"]);
    refuse_column(options(json!(["x"])), &["/columns/0/options/0"]);
    refuse_column(options(json!([{"value": " "}])), &["/columns/0/options/0/value"]);
    let twice = json!([{"value": "x"}, {"value": "x"}]);
    refuse_column(options(twice), &["/columns/0/options/1/value"]);
    let many = |count: usize| {
        options((0..count).map(|index| json!({"value": index.to_string()})).collect())
    };
    accept("Vehicle", json!({"columns": [many(OPTIONS_MAX)]}));
    refuse_column(many(OPTIONS_MAX + 1), &["/columns/0/options"]);
    let text = json!({"name": "A", "type": "text", "options": [{"value": "x"}]});
    refuse_column(text, &["/columns/0/options"]);
}

#[test]
fn what_the_crm_sets_stays_as_it_is() {
    refuse_column(json!({"name": "Id", "label": "Key"}), &["/columns/0/name"]);
    refuse_column(json!({"name": "CreatedOn", "required": true}), &["/columns/0/name"]);
    refuse_column(
        json!({"name": "A", "type": "text", "createable": false}),
        &["/columns/0/createable"],
    );
    refuse("Vehicle", json!({"custom": false}), &["/custom"]);
    refuse("Vehicle", json!({"name": "Car"}), &["/name"]);
}

#[test]
fn only_what_can_be_compared_is_unique() {
    for column_type in ["multi_option", "object", "list"] {
        let column = json!({"name": "A", "type": column_type, "unique": true});
        refuse_column(column, &["/columns/0/unique"]);
    }
}

#[test]
fn sizes_are_bounded() {
    refuse("Vehicle", json!({"label": "x".repeat(LABEL_CHARS_MAX + 1)}), &["/label"]);
    refuse("Vehicle", json!({"label": " "}), &["/label"]);
    let columns = |count: usize| -> Json {
        (0..count).map(|index| json!({"name": format!("C{index}"), "type": "text"})).collect()
    };
    accept("Vehicle", json!({"columns": columns(COLUMNS_MAX - 3)}));
    refuse("Vehicle", json!({"columns": columns(COLUMNS_MAX - 2)}), &["/columns"]);
    refuse("Vehicle", json!({"columns": columns(COLUMNS_MAX + 1)}), &["/columns"]);
    let mut schema = standard_schema();
    for index in schema.entities.len()..ENTITIES_MAX {
        let name = format!("E{index}");
        schema.entities.insert(name.clone(), empty(&name));
    }
    assert!(declare(&schema, "Vehicle", &json!({})).is_err());
    assert!(declare(&schema, "Contact", &json!({})).is_ok());
}

#[test]
fn what_is_not_of_its_type_is_named() {
    refuse("Vehicle", json!([]), &[""]);
    refuse("Vehicle", json!({"label": 1, "columns": {}}), &["/label", "/columns"]);
    refuse_column(json!("UsrVin"), &["/columns/0"]);
    refuse_column(
        json!({"name": "A", "type": "text", "required": "yes"}),
        &["/columns/0/required"],
    );
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "\\PC{0,6}".prop_map(Json::from),
        prop::sample::select(vec!["Id", "Email", "Contact", "lookup", "option", "text"])
            .prop_map(Json::from),
    ];
    let members = prop::sample::select(vec![
        "name", "label", "type", "required", "unique", "lookup", "options", "value", "columns",
        "display", "custom", "x~/y",
    ]);
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(members.clone(), inner, 0..7).prop_map(|map| {
                map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_is_accepted_for_good_or_refused(document in any_json(), is_new: bool) {
        let mut schema = standard_schema();
        let name = if is_new { "Vehicle" } else { "Contact" };
        if let Ok(entity) = declare(&schema, name, &document) {
            prop_assert!(entity.column(&entity.display).is_some());
            schema.entities.insert(name.to_owned(), entity.clone());
            prop_assert_eq!(declare(&schema, name, &document), Ok(entity));
        }
    }
}
