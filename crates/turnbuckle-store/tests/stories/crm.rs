//! The small CRM that stories work in: contacts of accounts in countries.

use serde_json::{Map, Value as Json, json};
use turnbuckle_core::change::Origin;
use turnbuckle_core::entity::{Column, ColumnPath, ColumnType, Entity, Schema};
use turnbuckle_core::filter::{BoundFilter, Filter, Moment};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::record::{Data, Record};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::{Planned, Strictness, plan};
use turnbuckle_store::connection::{InitialRecords, PutConnection};
use turnbuckle_store::record::{Applied, Search, SearchPage, Sort, Write, WriteAction};
use turnbuckle_store::{Store, StoreError};
use uuid::Uuid;

use super::ACME;

/// The connection that [`given_crm`] makes.
pub const CRM: &str = "acme-crm";

pub const CANADA: Uuid = Uuid::from_u128(0x5690_9903_8df4_43ad_8dd4_df06_ce3e_d2e4);
pub const PERU: Uuid = Uuid::from_u128(0x2);

pub fn an_entity(name: &str, columns: Vec<Column>) -> Entity {
    Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: format!("{name}s"),
        custom: false,
        display: "Name".to_owned(),
        columns,
    }
}

pub fn schema() -> Schema {
    let text = |name: &str| Column::new(name, name, ColumnType::Text);
    let typed = |name: &str, column_type| Column::new(name, name, column_type);
    let contact = an_entity(
        "Contact",
        vec![
            typed("Id", ColumnType::Guid),
            text("Name").required(),
            text("GivenName"),
            text("Surname"),
            text("Email"),
            text("Code").unique(),
            typed("BirthDate", ColumnType::Date),
            typed("Score", ColumnType::Decimal),
            typed("Notes", ColumnType::LongText),
            Column::lookup("AccountId", "Account", "Account"),
            Column::lookup("CountryId", "Country", "Country"),
            typed("CreatedOn", ColumnType::Datetime).read_only(),
        ],
    );
    let account = an_entity(
        "Account",
        vec![
            typed("Id", ColumnType::Guid),
            text("Name").required(),
            Column::lookup("CountryId", "Country", "Country"),
        ],
    );
    let country =
        an_entity("Country", vec![typed("Id", ColumnType::Guid), text("Name").required()]);
    let entities = [country, account, contact];
    Schema { entities: entities.into_iter().map(|it| (it.name.clone(), it)).collect() }
}

pub fn initial() -> InitialRecords {
    let country = |id, name: &str| {
        let data = Data::from_iter([("Name".to_owned(), Json::from(name))]);
        ("Country".to_owned(), id, data)
    };
    InitialRecords {
        schema: schema(),
        records: vec![country(CANADA, "Canada"), country(PERU, "Perú")],
    }
}

/// What the store is opened with: a contact's name is composed of its parts.
pub fn compose(entity: &str, values: &mut Vec<(String, Planned)>, before: Option<&Data>) {
    let is_given = values.iter().any(|(column, _)| column == "Name");
    if entity != "Contact" || is_given || before.is_some() {
        return;
    }
    let part = |column: &str| {
        values.iter().find_map(|(name, planned)| match planned {
            Planned::Value(Value::Text(text)) if name == column => Some(text.clone()),
            _ => None,
        })
    };
    if let (Some(given), Some(surname)) = (part("GivenName"), part("Surname")) {
        let name = Planned::Value(Value::Text(format!("{given} {surname}")));
        values.push(("Name".to_owned(), name));
    }
}

/// The number of a story's first connection, as a new store gives it.
pub const CRM_NO: ConnectionNo = ConnectionNo(1);

pub fn a_connection(id: &str) -> PutConnection {
    PutConnection {
        id: id.to_owned(),
        context: "acme".to_owned(),
        connector: "native".to_owned(),
        time_zone: "UTC".to_owned(),
    }
}

pub async fn given_crm(store: &dyn Store) {
    given_connection(store, ACME, CRM).await;
}

pub async fn given_connection(store: &dyn Store, workspace: WorkspaceId, id: &str) {
    store.put_connection(workspace, a_connection(id), initial(), None).await.unwrap();
}

fn members(data: Json) -> Map<String, Json> {
    match data {
        Json::Object(members) => members,
        other => panic!("{other} is no record data"),
    }
}

pub fn values(entity: &str, data: Json) -> Vec<(String, Planned)> {
    let schema = schema();
    let entity = schema.entity(entity).expect("an entity of the small CRM");
    let zone = jiff::tz::TimeZone::UTC;
    plan(entity, &members(data), Strictness::Strict, &zone).expect("data of its columns").values
}

pub fn a_write(entity: &str, action: WriteAction, data: Json) -> Write {
    Write {
        entity: entity.to_owned(),
        action,
        values: values(entity, data),
        defaults: Vec::new(),
        strictness: Strictness::Strict,
        origin: Origin::Records,
    }
}

pub fn a_create(entity: &str, data: Json) -> Write {
    a_write(entity, WriteAction::Create, data)
}

pub fn an_upsert(entity: &str, match_on: &[&str], data: Json) -> Write {
    let match_on = match_on.iter().map(|column| (*column).to_owned()).collect();
    a_write(entity, WriteAction::Upsert { match_on }, data)
}

pub fn an_update(entity: &str, id: &str, data: Json) -> Write {
    a_write(entity, WriteAction::Update { id: id.to_owned(), version: None }, data)
}

pub fn a_delete(entity: &str, id: &str) -> Write {
    let action = WriteAction::Delete { id: id.to_owned(), version: None };
    a_write(entity, action, Json::Object(Map::new()))
}

pub async fn write(store: &dyn Store, write: Write) -> Result<Applied, StoreError> {
    store.write(ACME, CRM, write).await
}

pub async fn create(store: &dyn Store, entity: &str, data: Json) -> Record {
    write(store, a_create(entity, data)).await.unwrap().record
}

pub async fn read(store: &dyn Store, entity: &str, id: &str) -> Option<Record> {
    let (mut records, _) = store.records(ACME, CRM, entity, &[id.to_owned()], &[]).await.unwrap();
    records.remove(0)
}

pub fn moment() -> Moment {
    let now = "2026-02-28T12:00:00Z".parse().expect("an instant");
    Moment { now, zone: jiff::tz::TimeZone::UTC }
}

pub fn bind(entity: &str, filter: Json) -> BoundFilter {
    let schema = schema();
    let entity = schema.entity(entity).expect("an entity of the small CRM");
    let filter = Filter::parse(&filter).expect("a filter document");
    filter.bind(&schema, entity, &Map::new(), &moment().zone).expect("columns of the entity")
}

/// A mapping of these objects to contacts, each with a search event `find` that
/// compares a column with the payload.
pub fn a_mapping(objects: &[(&str, &str)]) -> Json {
    let object = |(slug, column): &(&str, &str)| {
        let filter = json!({ "column": column, "op": "eq", "payload": "it" });
        let find = json!({ "action": "search", "filter": filter });
        ((*slug).to_owned(), json!({ "entity": "Contact", "events": { "find": find } }))
    };
    json!({ "objects": objects.iter().map(object).collect::<Map<_, _>>() })
}

/// A search of ten records at a time, in the order of creation.
pub fn a_search(entity: &str, filter: Json) -> Search {
    Search {
        entity: entity.to_owned(),
        filter: bind(entity, filter),
        moment: moment(),
        sort: Vec::new(),
        limit: 10,
        after: None,
        paths: Vec::new(),
        count: false,
    }
}

pub fn by(column: &str, descending: bool) -> Sort {
    Sort { column: path(column), descending }
}

pub fn path(text: &str) -> ColumnPath {
    ColumnPath::parse(text).expect("a column path")
}

/// Follows the pages of a search to their end.
pub async fn search_pages(
    store: &dyn Store,
    connection: &str,
    search: &Search,
) -> Result<Vec<SearchPage>, StoreError> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let search = Search { after, ..search.clone() };
        let page = store.search(ACME, connection, search).await?;
        after = page.next.clone();
        pages.push(page);
        if after.is_none() {
            return Ok(pages);
        }
    }
}

/// Every record that a search finds.
pub async fn search_all(store: &dyn Store, search: &Search) -> Vec<Record> {
    let pages = search_pages(store, CRM, search).await.unwrap();
    pages.into_iter().flat_map(|page| page.records).collect()
}

/// The names of all records that a filter finds.
pub async fn names(store: &dyn Store, search: &Search) -> Vec<String> {
    let records = search_all(store, search).await;
    let name = |record: &Record| record.data["Name"].as_str().expect("a name").to_owned();
    records.iter().map(name).collect()
}
