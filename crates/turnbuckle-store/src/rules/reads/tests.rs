//! How often an engine is asked. What comes of it is told by the stories.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, json};
use turnbuckle_core::entity::{Column, ColumnType, Entity, Schema};
use turnbuckle_core::filter::{Filter, Moment};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::record::Data;

use super::*;
use crate::record::Search;
use crate::rules::schema::EntityRow;
use crate::rules::search::search;

const CONTACT: i64 = 1;
const ACCOUNT: i64 = 2;
const COUNTRY: i64 = 3;

/// An engine that notes how many records of which entity it was asked for.
#[derive(Default)]
struct Noting {
    records: Vec<(i64, RecordRow)>,
    asked: RefCell<Vec<(i64, usize)>>,
}

#[derive(Debug)]
struct Failed;

impl From<StoreError> for Failed {
    fn from(_: StoreError) -> Self {
        Self
    }
}

impl From<serde_json::Error> for Failed {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

impl Noting {
    fn add(&mut self, entity_no: i64, seqs: Range<i64>, lookup: &str, pointed_at: Range<i64>) {
        for (seq, target) in seqs.zip(pointed_at.cycle()) {
            let target = (lookup.to_owned(), json!(id(target).to_string()));
            let record = Record {
                id: id(seq).to_string(),
                number: seq,
                version: 1,
                created_at: 1,
                updated_at: 1,
                data: Arc::new(Data::from_iter([target])),
            };
            self.records.push((entity_no, RecordRow { seq, record }));
        }
    }

    fn find(&self, entity_no: i64, asked: usize, is_asked: impl Fn(i64) -> bool) -> Vec<RecordRow> {
        self.asked.borrow_mut().push((entity_no, asked));
        let of_entity =
            self.records.iter().filter(|(no, row)| *no == entity_no && is_asked(row.seq));
        of_entity.take(asked).map(|(_, row)| row.clone()).collect()
    }
}

impl RecordReads for Noting {
    type Failure = Failed;

    const SLICE_MAX: usize = 500;

    async fn by_ids(&self, entity_no: i64, ids: &[Uuid]) -> Result<Vec<RecordRow>, Failed> {
        Ok(self.find(entity_no, ids.len(), |seq| ids.contains(&id(seq))))
    }

    async fn of_entity(
        &self,
        entity_no: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Failed> {
        Ok(self.find(entity_no, limit, |seq| after < seq))
    }

    async fn at(&self, _: i64, _: &[i64]) -> Result<Vec<RecordRow>, Failed> {
        unreachable!("no column has keys")
    }

    async fn keyed(
        &self,
        _: i64,
        _: i64,
        _: &[u8],
        _: i64,
        _: usize,
    ) -> Result<Vec<RecordRow>, Failed> {
        unreachable!("no column has keys")
    }

    async fn in_key_order(
        &self,
        _: i64,
        _: i64,
        _: bool,
        _: (&[u8], i64),
        _: usize,
    ) -> Result<Vec<(Vec<u8>, RecordRow)>, Failed> {
        unreachable!("no column has keys")
    }

    async fn seqs(&self, _: i64, _: usize) -> Result<Vec<i64>, Failed> {
        unreachable!("nothing is sorted")
    }

    async fn candidates(&self, _: i64, _: &[KeyRange], _: usize) -> Result<Vec<i64>, Failed> {
        unreachable!("no column has keys")
    }
}

fn id(seq: i64) -> Uuid {
    Uuid::from_u128(seq.unsigned_abs().into())
}

/// Contacts of accounts in countries.
fn connection() -> ConnectionSchema {
    let entities = [
        ("Contact", CONTACT, Column::lookup("AccountId", "Account", "Account")),
        ("Account", ACCOUNT, Column::lookup("CountryId", "Country", "Country")),
        ("Country", COUNTRY, Column::new("Name", "Name", ColumnType::Text)),
    ];
    let numbers = entities
        .each_ref()
        .map(|(name, no, _)| ((*name).to_owned(), EntityRow { no: *no, columns: HashMap::new() }));
    let entity = |name: &str, column| Entity {
        name: name.to_owned(),
        label: name.to_owned(),
        label_plural: name.to_owned(),
        custom: false,
        display: "Name".to_owned(),
        columns: vec![Column::new("Id", "Id", ColumnType::Guid), column],
    };
    let entities = entities.map(|(name, _, column)| (name.to_owned(), entity(name, column)));
    ConnectionSchema {
        no: ConnectionNo(1),
        workspace: WorkspaceId(1),
        id: "crm".to_owned(),
        mapping_version: 0,
        schema: Arc::new(Schema { entities: entities.into_iter().collect() }),
        entities: HashMap::from(numbers),
    }
}

fn path(text: &str) -> ColumnPath {
    ColumnPath::parse(text).unwrap()
}

/// What the engine is asked for while ten contacts in this country are searched.
async fn asked(engine: Noting, country: i64) -> Vec<(i64, usize)> {
    let connection = connection();
    let zone = jiff::tz::TimeZone::UTC;
    let filter =
        json!({ "column": "Account.CountryId", "op": "eq", "value": id(country).to_string() });
    let (contact, _) = connection.entity("Contact").unwrap();
    let filter = Filter::parse(&filter).unwrap();
    let search_for = Search {
        entity: "Contact".to_owned(),
        filter: filter.bind(&connection.schema, contact, &Map::new(), &zone).unwrap(),
        moment: Moment { now: jiff::Timestamp::UNIX_EPOCH, zone },
        sort: Vec::new(),
        limit: 10,
        after: None,
        paths: Vec::new(),
        count: false,
    };
    search(&engine, &connection, &search_for).await.unwrap();
    engine.asked.into_inner()
}

#[tokio::test]
async fn what_records_point_to_is_read_at_once() {
    let mut engine = Noting::default();
    engine.add(CONTACT, 1..100, "AccountId", 1_000..1_003);
    engine.add(ACCOUNT, 1_000..1_003, "CountryId", 2_000..2_001);
    engine.add(COUNTRY, 2_000..2_001, "Nowhere", 0..1);
    let paths = ["Account.Id", "Account.Country.Name", "Account.Country.Id"].map(path);
    let records: Vec<Record> =
        engine.records[..99].iter().map(|(_, it)| it.record.clone()).collect();
    let records: Vec<&Record> = records.iter().collect();
    let connection = connection();
    let found = related(&engine, &connection, "Contact", &records, &paths.into()).await.unwrap();
    assert!(found.get("Country", &id(2_000).to_string()).is_some());
    assert_eq!(engine.asked.into_inner(), [(ACCOUNT, 3), (COUNTRY, 1)]);
}

#[tokio::test]
async fn a_page_of_matches_is_one_read() {
    let mut engine = Noting::default();
    engine.add(CONTACT, 1..5_000, "AccountId", 6_000..6_001);
    engine.add(ACCOUNT, 6_000..6_001, "CountryId", 7_000..7_001);
    assert_eq!(asked(engine, 7_000).await, [(CONTACT, 11), (ACCOUNT, 1)]);
}

#[tokio::test]
async fn slices_grow_where_little_matches() {
    let mut engine = Noting::default();
    engine.add(CONTACT, 1..1_600, "AccountId", 6_000..6_001);
    engine.add(ACCOUNT, 6_000..6_001, "CountryId", 7_000..7_001);
    let slices = [(CONTACT, 121), (CONTACT, 500), (CONTACT, 500), (CONTACT, 500)];
    let expected = [&[(CONTACT, 11), (ACCOUNT, 1)], &slices[..]].concat();
    assert_eq!(asked(engine, 8_000).await, expected);
}
