use std::cmp::Ordering;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseResult;
use serde_json::{Map, Value as Json, json};
use turnbuckle_core::entity::{ColumnPath, ColumnType, Schema};
use turnbuckle_core::filter::{BoundFilter, Condition, Filter, Moment, Values, arbitrary};
use turnbuckle_core::key;
use turnbuckle_core::record::{Data, Image, Record, Related};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::Planned;
use turnbuckle_store::connection::InitialRecords;
use turnbuckle_store::page::ROWS_READ_MAX;
use turnbuckle_store::record::{COUNT_MAX, SORT_CANDIDATES_MAX, Search, Sort};
use turnbuckle_store::{Store, StoreError};

use super::crm::{
    self, CANADA, CRM, PERU, a_create, a_delete, a_search, an_update, by, create, given_crm, names,
    path, search_all, search_pages, values, write,
};
use super::property::for_all;
use super::{ACME, TestClock};

const EVERYTHING: fn() -> Json = || json!({ "all": [] });

fn is(column: &str, value: impl Into<Json>) -> Json {
    json!({ "column": column, "op": "eq", "value": value.into() })
}

async fn key(store: &dyn Store, entity: &str, column: &str) {
    let columns = [(entity.to_owned(), column.to_owned())];
    store.ensure_keys(ACME, CRM, &columns).await.unwrap();
}

/// Records and a search over them.
#[derive(Debug, Clone)]
struct Case {
    countries: Vec<Option<&'static str>>,
    /// Some are there when columns get keys, the others come later.
    early: Vec<Data>,
    late: Vec<Data>,
    keyed: Vec<&'static str>,
    filter: Filter,
    payload: Map<String, Json>,
    moment: Moment,
    sort: Vec<(&'static str, bool)>,
    limit: usize,
}

/// Ids that the lookups of random records hold, among others.
const COUNTRIES: [&str; 3] = [
    "56909903-8df4-43ad-8dd4-df06ce3ed2e4",
    "56909903-8df4-43ad-8dd4-df06ce3ed2e5",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

const COLUMNS: &[&str] = &[
    "Text",
    "LongText",
    "Integer",
    "Decimal",
    "Boolean",
    "Date",
    "Datetime",
    "Guid",
    "CountryId",
    "Option",
    "MultiOption",
    "Country.Name",
];

fn arb_case() -> impl Strategy<Value = Case> {
    let country = prop_oneof![
        1 => Just(None),
        4 => select(&["a", "A", "ab", "ß", "SS", "é", "5"]).prop_map(Some),
    ];
    let data = (
        prop::collection::vec(country, COUNTRIES.len()),
        prop::collection::vec(arbitrary::arb_record_data(), 0..10),
        prop::collection::vec(arbitrary::arb_record_data(), 0..10),
        subsequence(&COLUMNS[..COLUMNS.len() - 1], 0..6),
    );
    let search = (
        (arbitrary::arb_filter(false), any::<bool>()).prop_map(|(filter, is_walked)| {
            if is_walked { through_country(filter) } else { filter }
        }),
        arbitrary::arb_payload(),
        arbitrary::arb_moment(),
        prop::collection::vec((select(COLUMNS), any::<bool>()), 0..3),
        1_usize..4,
    );
    (data, search).prop_map(|(data, search)| {
        let (countries, early, late, keyed) = data;
        let (filter, payload, moment, sort, limit) = search;
        Case { countries, early, late, keyed, filter, payload, moment, sort, limit }
    })
}

/// The same conditions on the name of the country in place of the record's own text.
fn through_country(filter: Filter) -> Filter {
    let each = |filters: Vec<Filter>| filters.into_iter().map(through_country).collect();
    match filter {
        Filter::All(filters) => Filter::All(each(filters)),
        Filter::Any(filters) => Filter::Any(each(filters)),
        Filter::Not(filter) => Filter::Not(Box::new(through_country(*filter))),
        Filter::Condition(condition) if condition.column == ColumnPath::from("Text") => {
            Filter::Condition(Condition { column: path("Country.Name"), ..condition })
        }
        Filter::Condition(condition) => Filter::Condition(condition),
    }
}

/// The search as it is meant: every record judged, the matches sorted.
struct Model<'a> {
    schema: &'a Schema,
    related: Related,
    sort: Vec<(Sort, ColumnType)>,
}

impl Model<'_> {
    fn expected(&self, filter: &BoundFilter, moment: &Moment, all: &[Record]) -> Vec<i64> {
        let image = |record| Image {
            schema: self.schema,
            entity: arbitrary::entity(self.schema),
            record,
            related: &self.related,
        };
        let mut found: Vec<(Vec<Vec<u8>>, i64)> = Vec::new();
        for record in all.iter().filter(|record| filter.matches(&image(record), moment)) {
            let keys = self.sort.iter().map(|(sort, column_type)| {
                key::encode(&image(record).value(&sort.column, *column_type))
            });
            found.push((keys.collect(), record.number));
        }
        found.sort_by(|a, b| self.compare(a, b));
        found.into_iter().map(|(_, number)| number).collect()
    }

    fn compare(&self, a: &(Vec<Vec<u8>>, i64), b: &(Vec<Vec<u8>>, i64)) -> Ordering {
        let directed = |ordering: Ordering, descending| match descending {
            true => ordering.reverse(),
            false => ordering,
        };
        let by_keys = self.sort.iter().zip(a.0.iter().zip(&b.0));
        let by_keys = by_keys.map(|((sort, _), (a, b))| directed(a.cmp(b), sort.descending));
        let is_descending = self.sort.first().is_some_and(|(sort, _)| sort.descending);
        by_keys.fold(Ordering::Equal, Ordering::then).then(directed(a.1.cmp(&b.1), is_descending))
    }
}

async fn load(store: &dyn Store, connection: &str, schema: &Schema, entity: &str, all: &[Data]) {
    let columns = &schema.entity(entity).unwrap().columns;
    let record = |data: &Data| {
        let values = columns.iter().filter_map(|column| {
            let value = Value::from_stored(column.column_type, data.get(&column.name)?);
            Some((column.name.clone(), Planned::Value(value)))
        });
        values.collect()
    };
    store.load(ACME, connection, entity, all.iter().map(record).collect()).await.unwrap();
}

async fn holds(store: &dyn Store, connection: &str, case: Case) -> TestCaseResult {
    let schema = arbitrary::schema();
    let initial = InitialRecords {
        schema: schema.clone(),
        records: COUNTRIES
            .iter()
            .zip(&case.countries)
            .map(|(id, name)| {
                let name = name.map(|name| ("Name".to_owned(), Json::from(name)));
                ("Country".to_owned(), id.parse().unwrap(), name.into_iter().collect())
            })
            .collect(),
    };
    store.put_connection(ACME, crm::a_connection(connection), initial, None).await.unwrap();
    load(store, connection, &schema, arbitrary::SAMPLE, &case.early).await;
    let keyed: Vec<_> =
        case.keyed.iter().map(|it| (arbitrary::SAMPLE.to_owned(), (*it).to_owned())).collect();
    store.ensure_keys(ACME, connection, &keyed).await.unwrap();
    load(store, connection, &schema, arbitrary::SAMPLE, &case.late).await;

    let entity = arbitrary::entity(&schema);
    let filter = case.filter.bind(&schema, entity, &case.payload, &case.moment.zone).unwrap();
    let sort: Vec<Sort> = case.sort.iter().map(|(column, down)| by(column, *down)).collect();
    let everything = Search {
        entity: arbitrary::SAMPLE.to_owned(),
        filter: Filter::All(Vec::new())
            .bind(&schema, entity, &Map::new(), &case.moment.zone)
            .unwrap(),
        moment: case.moment.clone(),
        sort: Vec::new(),
        limit: 100,
        after: None,
        paths: vec![path("Country.Name")],
        count: false,
    };
    let all = store.search(ACME, connection, everything.clone()).await.unwrap();
    let of_country = |search: &Search| Search { entity: "Country".to_owned(), ..search.clone() };
    let countries = store.search(ACME, connection, of_country(&everything)).await.unwrap();
    prop_assert_eq!(all.records.len(), case.early.len() + case.late.len());
    prop_assert_eq!(countries.records.len(), COUNTRIES.len());

    let mut model = Model { schema: &schema, related: Related::default(), sort: Vec::new() };
    for country in countries.records {
        model.related.insert("Country", Arc::new(country));
    }
    for sort in &sort {
        let column = schema.resolve(entity, &sort.column).unwrap();
        model.sort.push((sort.clone(), column.column_type));
    }
    let expected = model.expected(&filter, &case.moment, &all.records);

    let search =
        Search { filter, sort, limit: case.limit, count: true, paths: Vec::new(), ..everything };
    let pages = search_pages(store, connection, &search).await.unwrap();
    for page in &pages {
        prop_assert!(page.records.len() <= case.limit);
        prop_assert_eq!(page.count, Some((expected.len(), true)));
    }
    let found: Vec<i64> =
        pages.iter().flat_map(|page| &page.records).map(|record| record.number).collect();
    prop_assert_eq!(found, expected);
    Ok(())
}

pub async fn a_search_finds_what_the_filter_matches(store: &dyn Store, _: &TestClock) {
    let mut count = 0;
    for_all(250, arb_case(), async |case| {
        count += 1;
        holds(store, &format!("case-{count}"), case).await
    })
    .await;
}

pub async fn a_walk_leads_to_other_records(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let account = |country: &str| json!({ "Name": country, "CountryId": country });
    let north = create(store, "Account", account("Canada")).await.id;
    let south = create(store, "Account", account("Perú")).await.id;
    for (name, account) in [("n", Json::from(north)), ("s", south.into()), ("-", Json::Null)] {
        create(store, "Contact", json!({ "Name": name, "AccountId": account })).await;
    }
    let far = "Account.Country.Name";
    for keyed in [None, Some(("Contact", "AccountId")), Some(("Account", "CountryId"))] {
        if let Some((entity, column)) = keyed {
            key(store, entity, column).await;
        }
        for (filter, expected) in [
            (is(far, "canada"), &["n"][..]),
            (json!({ "column": far, "op": "ne", "value": "canada" }), &["s", "-"]),
            (is(far, Json::Null), &["-"]),
            (is("Account.Name", "CANADA"), &["n"]),
            (is("Account.CountryId", PERU.to_string()), &["s"]),
        ] {
            let found = names(store, &a_search("Contact", filter.clone())).await;
            assert_eq!(found, expected, "{filter}");
        }
        let sorted = Search { sort: vec![by(far, true)], ..a_search("Contact", EVERYTHING()) };
        assert_eq!(names(store, &sorted).await, ["s", "n", "-"]);
    }
    let with_paths = Search { paths: vec![path(far)], ..a_search("Contact", EVERYTHING()) };
    let page = store.search(ACME, CRM, with_paths).await.unwrap();
    let canada = page.related.get("Country", &CANADA.to_string()).unwrap();
    assert_eq!(canada.data["Name"], "Canada");

    let canada = CANADA.to_string();
    write(store, an_update("Country", &canada, json!({ "Name": "Kanada" }))).await.unwrap();
    assert_eq!(names(store, &a_search("Contact", is(far, "Kanada"))).await, ["n"]);
    write(store, a_delete("Country", &canada)).await.unwrap();
    assert_eq!(names(store, &a_search("Contact", is(far, Json::Null))).await, ["n", "-"]);
}

pub async fn keys_follow_every_write(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let ada = create(store, "Contact", json!({ "Name": "Ada", "Email": "a" })).await;
    key(store, "Contact", "Email").await;
    let bob = create(store, "Contact", json!({ "Name": "Bob", "Email": "b" })).await;
    let find = async |email: Json| names(store, &a_search("Contact", is("Email", email))).await;
    assert_eq!(find("A".into()).await, ["Ada"]);
    assert_eq!(find("b".into()).await, ["Bob"]);
    write(store, an_update("Contact", &ada.id, json!({ "Email": "b" }))).await.unwrap();
    assert_eq!(find("a".into()).await, [""; 0]);
    assert_eq!(find("b".into()).await, ["Ada", "Bob"]);
    write(store, an_update("Contact", &ada.id, json!({ "Email": null }))).await.unwrap();
    assert_eq!(find(Json::Null).await, ["Ada"]);
    write(store, a_delete("Contact", &bob.id)).await.unwrap();
    assert_eq!(find("b".into()).await, [""; 0]);
}

/// Several slices of keys, with creates, updates and deletes between them.
pub async fn keys_are_filled_while_writes_go_on(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let contact = |number: i64| json!({ "Name": format!("{number:04}"), "Email": "old" });
    let records = (0..3_500).map(|number| values("Contact", contact(number))).collect();
    store.load(ACME, CRM, "Contact", records).await.unwrap();
    let Search { filter, .. } = a_search("Contact", is("Email", "old"));
    let all = Search { limit: 10_000, filter, ..a_search("Contact", EVERYTHING()) };
    let ids: Vec<String> = search_all(store, &all).await.into_iter().map(|it| it.id).collect();

    let writing = async {
        for number in (0..3_500).step_by(70) {
            let id = &ids[number];
            write(store, an_update("Contact", id, json!({ "Email": "new" }))).await.unwrap();
            write(store, a_delete("Contact", &ids[number + 1])).await.unwrap();
            write(store, a_create("Contact", contact(9_999))).await.unwrap();
        }
    };
    tokio::join!(key(store, "Contact", "Email"), writing);
    let count = async |email: &str| {
        let search = Search { limit: 10_000, ..a_search("Contact", is("Email", email)) };
        search_all(store, &search).await.len()
    };
    assert_eq!(count("new").await, 50);
    assert_eq!(count("old").await, 3_500 - 50);
}

/// Nothing matches, or one record behind all others: a call reads no more than it may.
pub async fn a_long_search_goes_on_where_it_stopped(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let contact = |_| values("Contact", json!({ "Name": "hay", "Score": 1 }));
    for _ in 0..3 {
        let hay = (0..ROWS_READ_MAX / 2).map(contact).collect();
        store.load(ACME, CRM, "Contact", hay).await.unwrap();
    }
    create(store, "Contact", json!({ "Name": "needle", "Score": 2 })).await;

    let needle = Search { count: true, ..a_search("Contact", is("Name", "needle")) };
    let pages = search_pages(store, CRM, &needle).await.unwrap();
    let lengths: Vec<usize> = pages.iter().map(|page| page.records.len()).collect();
    assert_eq!(lengths, [0, 1]);
    assert_eq!(pages[0].count, Some((0, false)));

    let hay = Search { count: true, limit: 3, ..a_search("Contact", is("Name", "HAY")) };
    let page = store.search(ACME, CRM, hay.clone()).await.unwrap();
    assert_eq!((page.records.len(), page.count), (3, Some((COUNT_MAX, false))));

    let sorted = Search { sort: vec![by("Score", true)], ..hay };
    match store.search(ACME, CRM, sorted.clone()).await {
        Err(StoreError::SortTooWide { column, candidates_max }) => {
            assert_eq!((column.as_str(), candidates_max), ("Score", SORT_CANDIDATES_MAX));
        }
        other => panic!("{other:?}"),
    }
    key(store, "Contact", "Score").await;
    let all = Search { filter: crm::bind("Contact", EVERYTHING()), ..sorted };
    let page = store.search(ACME, CRM, all).await.unwrap();
    assert_eq!(page.records[0].data["Name"], "needle");
    let in_key_order = Search { sort: vec![by("Score", false)], ..needle };
    let found: Vec<usize> = search_pages(store, CRM, &in_key_order)
        .await
        .unwrap()
        .iter()
        .map(|page| page.records.len())
        .collect();
    assert_eq!(found, [0, 1]);
}

/// Between pages the record read last is deleted and another is created.
pub async fn pages_neither_repeat_nor_skip_while_records_come_and_go(
    store: &dyn Store,
    _: &TestClock,
) {
    given_crm(store).await;
    for keyed in [None, Some("Score"), Some("Email")] {
        if let Some(column) = keyed {
            key(store, "Contact", column).await;
        }
        for sort in
            [vec![], vec![by("Score", false)], vec![by("Score", true)], vec![by("Name", true)]]
        {
            let email = format!("{keyed:?} {sort:?}");
            let contact = |name: &str, score: usize| json!({ "Name": name, "Score": score, "Email": email.clone() });
            let mut expected = Vec::new();
            for number in 0..20 {
                expected.push(format!("{number:02}"));
                create(store, "Contact", contact(&expected[number], number / 4)).await;
            }
            let filter = is("Email", email.as_str());
            let mut search = Search { sort, limit: 3, ..a_search("Contact", filter) };
            let mut seen = Vec::new();
            loop {
                let page = store.search(ACME, CRM, search.clone()).await.unwrap();
                let last = page.records.last().expect("no page is empty");
                write(store, a_delete("Contact", &last.id)).await.unwrap();
                create(store, "Contact", contact("late", 2)).await;
                let name = |record: &Record| record.data["Name"].as_str().unwrap().to_owned();
                seen.extend(page.records.iter().map(name));
                search.after = page.next;
                if search.after.is_none() {
                    break;
                }
            }
            seen.retain(|name| name != "late");
            seen.sort();
            assert_eq!(seen, expected, "{email}");
        }
    }
}
