use serde_json::{Value as Json, json};
use turnbuckle_core::entity::{Column, ColumnType, Entity};
use turnbuckle_store::{Store, StoreError};

use super::crm::{
    self, CRM, a_create, a_mapping, a_search, an_entity, create, given_connection, given_crm,
    names, write,
};
use super::{ACME, OTHER, TestClock};

fn contact_with(change: impl FnOnce(&mut Vec<Column>)) -> Entity {
    let mut contact = crm::schema().entity("Contact").unwrap().clone();
    change(&mut contact.columns);
    contact
}

fn unique(name: &'static str) -> Entity {
    contact_with(|columns| {
        let column = columns.iter_mut().find(|column| column.name == name).unwrap();
        column.unique = true;
    })
}

async fn is_unique(store: &dyn Store, column: &str) -> bool {
    let schema = store.schema(ACME, CRM).await.unwrap();
    schema.entity("Contact").unwrap().column(column).unwrap().unique
}

pub async fn a_schema_is_read_back_as_put(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    assert_eq!(*store.schema(ACME, CRM).await.unwrap(), crm::schema());
    for (workspace, id) in [(OTHER, CRM), (ACME, "gone")] {
        let unknown = store.schema(workspace, id).await;
        assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
        let unknown = store.put_entity(workspace, id, an_entity("Vehicle", vec![])).await;
        assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    }
}

pub async fn an_entity_of_its_own_takes_records_at_once(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, OTHER, CRM).await;
    let name = Column::new("Name", "Name", ColumnType::Text);
    let vehicle = an_entity("Vehicle", vec![name]);
    assert!(store.put_entity(ACME, CRM, vehicle.clone()).await.unwrap());
    assert!(!store.put_entity(ACME, CRM, vehicle.clone()).await.unwrap());
    assert_eq!(store.schema(ACME, CRM).await.unwrap().entity("Vehicle"), Some(&vehicle));
    assert_eq!(store.schema(OTHER, CRM).await.unwrap().entity("Vehicle"), None);
    let mut write = a_create("Country", json!({ "Name": "Beetle" }));
    write.entity = "Vehicle".to_owned();
    assert_eq!(store.write(ACME, CRM, write).await.unwrap().record.number, 1);
}

pub async fn a_column_added_now_is_there_now(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let ada = create(store, "Contact", json!({ "Name": "Ada" })).await;
    let column = Column::new("UsrVin", "VIN", ColumnType::Text).unique();
    let added = contact_with(|columns| columns.push(column));
    assert!(!store.put_entity(ACME, CRM, added.clone()).await.unwrap());
    assert_eq!(store.schema(ACME, CRM).await.unwrap().entity("Contact"), Some(&added));
    let set = |id: &str, vin: &str| {
        let mut write = crm::an_update("Contact", id, json!({ "Email": vin }));
        write.values[0].0 = "UsrVin".to_owned();
        write
    };
    write(store, set(&ada.id, "1")).await.unwrap();
    let bob = create(store, "Contact", json!({ "Name": "Bob" })).await;
    let taken = write(store, set(&bob.id, "1")).await;
    assert!(matches!(taken, Err(StoreError::UniqueViolation { .. })));
}

pub async fn a_column_becomes_unique_where_its_values_are(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let long = "é".repeat(300);
    for (name, email) in
        [("1", Json::from("a")), ("2", Json::from("A")), ("3", Json::Null), ("4", Json::Null)]
    {
        let notes = format!("{long}{name}");
        create(store, "Contact", json!({ "Name": name, "Email": email, "Notes": notes })).await;
    }
    match store.put_entity(ACME, CRM, unique("Email")).await {
        Err(StoreError::UniqueViolation { entity, column }) => {
            assert_eq!((entity.as_str(), column.as_str()), ("Contact", "Email"));
        }
        other => panic!("{other:?}"),
    }
    assert!(!is_unique(store, "Email").await);
    create(store, "Contact", json!({ "Name": "5", "Email": "a" })).await;

    let notes = format!("{}2", long.to_uppercase());
    for (column, taken) in
        [("Name", json!({ "Name": "5" })), ("Notes", json!({ "Name": "6", "Notes": notes }))]
    {
        store.put_entity(ACME, CRM, unique(column)).await.unwrap();
        assert!(is_unique(store, column).await);
        let taken = write(store, a_create("Contact", taken)).await;
        assert!(matches!(taken, Err(StoreError::UniqueViolation { .. })), "{taken:?}");
    }
}

pub async fn a_column_keeps_its_type(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let retyped = contact_with(|columns| {
        let email = columns.iter_mut().find(|column| column.name == "Email").unwrap();
        email.column_type = ColumnType::Integer;
    });
    match store.put_entity(ACME, CRM, retyped).await {
        Err(StoreError::Invalid(invalids)) => assert_eq!(invalids[0].path, "/columns/4/type"),
        other => panic!("{other:?}"),
    }
    assert_eq!(*store.schema(ACME, CRM).await.unwrap(), crm::schema());
}

pub async fn keys_started_by_a_mapping_are_filled(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    for name in ["Ada", "Bob"] {
        create(store, "Contact", json!({ "Name": name, "Email": name })).await;
    }
    assert!(!store.fill_started_keys().await.unwrap());
    let mapping = a_mapping(&[("lead", "Email"), ("person", "Nothing")]);
    store.put_mapping(ACME, CRM, &mapping, None).await.unwrap();
    let ada = a_search("Contact", json!({ "column": "Email", "op": "eq", "value": "ADA" }));
    assert_eq!(names(store, &ada).await, ["Ada"]);
    assert!(store.fill_started_keys().await.unwrap());
    assert!(!store.fill_started_keys().await.unwrap());
    assert_eq!(names(store, &ada).await, ["Ada"]);
}
