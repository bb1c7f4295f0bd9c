use std::sync::Arc;

use serde_json::{Value as Json, json};
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::record::Record;
use turnbuckle_core::write::Strictness;
use turnbuckle_store::record::{Applied, Write, WriteAction};
use turnbuckle_store::{Store, StoreError};
use uuid::Uuid;

use super::crm::{
    CANADA, CRM, PERU, a_create, a_delete, a_search, a_write, an_update, an_upsert, create,
    given_connection, given_crm, path, read, search_all, values, write,
};
use super::{ACME, OTHER, SECOND, TestClock};
use turnbuckle_store::clock::Clock;

async fn count(store: &dyn Store, entity: &str) -> usize {
    search_all(store, &a_search(entity, json!({ "all": [] }))).await.len()
}

/// The columns that a refused write names.
fn refused(result: Result<Applied, StoreError>) -> Vec<String> {
    invalids(result).into_iter().map(|invalid| invalid.path).collect()
}

fn invalids(result: Result<Applied, StoreError>) -> Vec<Invalid> {
    match result {
        Err(StoreError::Invalid(invalids)) => invalids,
        other => panic!("{other:?} is no refusal"),
    }
}

async fn upsert(store: &dyn Store, match_on: &[&str], data: Json) -> Applied {
    write(store, an_upsert("Contact", match_on, data)).await.unwrap()
}

pub async fn a_created_record_is_read_back(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let data = json!({ "GivenName": "Ada", "Surname": "Lovelace", "Score": "1.50", "Notes": "" });
    let applied = write(store, a_create("Contact", data)).await.unwrap();
    assert_eq!(applied.change, Some(ChangeType::Create));
    assert_eq!(applied.warnings, []);
    let record = applied.record;
    assert_eq!((record.number, record.version), (1, 1));
    assert_eq!((record.created_at, record.updated_at), (clock.now(), clock.now()));
    let expected = json!({
        "GivenName": "Ada", "Surname": "Lovelace", "Score": 1.5, "Name": "Ada Lovelace"
    });
    assert_eq!(Json::Object((*record.data).clone()), expected);
    assert_eq!(read(store, "Contact", &record.id).await, Some(record.clone()));
    let shouted = record.id.to_uppercase();
    assert_eq!(read(store, "Contact", &shouted).await, Some(record));
}

pub async fn records_are_answered_in_the_order_asked(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let account = create(store, "Account", json!({ "Name": "A", "CountryId": "Canada" })).await;
    let first =
        create(store, "Contact", json!({ "Name": "1", "AccountId": account.id.clone() })).await;
    let second = create(store, "Contact", json!({ "Name": "2" })).await;
    let unknown = Uuid::from_u128(7).to_string();
    let ids = [second.id.clone(), unknown, account.id.clone(), "?".to_owned(), first.id.clone()];
    let paths: Vec<ColumnPath> = vec![path("Name"), path("Account.Country.Name")];
    let (records, related) = store.records(ACME, CRM, "Contact", &ids, &paths).await.unwrap();
    assert_eq!(records, [Some(second), None, None, None, Some(first.clone())]);
    assert_eq!(related.get("Account", &account.id).unwrap().data["Name"], "A");
    assert_eq!(related.get("Country", &CANADA.to_string()).unwrap().data["Name"], "Canada");

    let paths = paths.into_iter().collect();
    let reached = store.related(ACME, CRM, "Contact", &[&first], &paths).await.unwrap();
    assert_eq!(reached, related);
}

pub async fn a_connection_and_an_entity_must_be_there(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, OTHER, "theirs").await;
    let not_found = |result: Result<Applied, StoreError>| {
        assert!(matches!(result, Err(StoreError::NotFound { .. })), "{result:?}");
    };
    let write = a_create("Contact", json!({ "Name": "Ada" }));
    not_found(store.write(ACME, "theirs", write.clone()).await);
    not_found(store.write(OTHER, CRM, write.clone()).await);
    not_found(store.write(ACME, CRM, Write { entity: "Nothing".to_owned(), ..write }).await);
    let id = Uuid::from_u128(7).to_string();
    not_found(store.write(ACME, CRM, an_update("Contact", &id, json!({}))).await);
    not_found(store.write(ACME, CRM, a_delete("Contact", "no id at all")).await);
}

pub async fn what_is_required_must_be_there(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let nameless = write(store, a_create("Contact", json!({ "Email": "a@b.example" }))).await;
    assert_eq!(refused(nameless), ["/Name"]);
    let ada = create(store, "Contact", json!({ "Name": "Ada" })).await;
    let cleared = write(store, an_update("Contact", &ada.id, json!({ "Name": null }))).await;
    assert_eq!(refused(cleared), ["/Name"]);
    assert_eq!(count(store, "Contact").await, 1);
    assert_eq!(read(store, "Contact", &ada.id).await, Some(ada));
}

pub async fn a_lookup_takes_an_id_or_a_display_value(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let canada = CANADA.to_string();
    for (given, expected) in [
        (canada.clone(), CANADA),
        (canada.to_uppercase(), CANADA),
        ("Canada".to_owned(), CANADA),
        ("cAnADA".to_owned(), CANADA),
        ("PERÚ".to_owned(), PERU),
    ] {
        let data = json!({ "Name": given, "CountryId": given });
        let record = create(store, "Contact", data).await;
        assert_eq!(record.data["CountryId"], expected.to_string(), "{given}");
    }
}

pub async fn a_lookup_that_finds_nothing_refuses_or_warns(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let data = || json!({ "Name": "Ada", "CountryId": "Kanada", "AccountId": CANADA.to_string() });
    let names = |given: &[Invalid]| given.iter().map(|it| it.path.clone()).collect::<Vec<_>>();
    let strict = a_create("Contact", data());
    let errors = invalids(write(store, strict.clone()).await);
    assert_eq!(names(&errors), ["/CountryId", "/AccountId"]);
    let nothing = "no `Country` is or has the id `Kanada`";
    assert_eq!(errors[0].detail, format!("`CountryId` is refused: {nothing}"));
    assert_eq!(count(store, "Contact").await, 0);

    let lenient = Write { strictness: Strictness::Lenient, ..strict };
    let applied = write(store, lenient).await.unwrap();
    assert_eq!(names(&applied.warnings), ["/CountryId", "/AccountId"]);
    assert_eq!(applied.warnings[0].detail, format!("`CountryId` is left out: {nothing}"));
    assert_eq!(Json::Object((*applied.record.data).clone()), json!({ "Name": "Ada" }));

    // Left out, not cleared: the record keeps what it holds.
    let id = &applied.record.id;
    let held = json!({ "Name": "Ada", "CountryId": CANADA });
    write(store, an_update("Contact", id, held.clone())).await.unwrap();
    let update = an_update("Contact", id, json!({ "CountryId": "Kanada" }));
    let applied = write(store, Write { strictness: Strictness::Lenient, ..update }).await.unwrap();
    assert_eq!((applied.change, names(&applied.warnings).len()), (None, 1));
    assert_eq!(Json::Object((*applied.record.data).clone()), held);
}

pub async fn a_given_id_is_kept_and_taken_once(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    for id in [Uuid::from_u128(7), Uuid::now_v7(), clock.mint().uuid()] {
        let data = json!({ "Id": id.to_string().to_uppercase(), "Name": "Ada" });
        let record = create(store, "Contact", data.clone()).await;
        assert_eq!(record.id, id.to_string());
        assert!(!record.data.contains_key("Id"));
        assert_eq!(read(store, "Contact", &record.id).await, Some(record.clone()));
        let again = write(store, a_create("Contact", data.clone())).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { .. })));
        // Another entity has ids of its own.
        create(store, "Account", data.clone()).await;
        write(store, a_delete("Contact", &record.id)).await.unwrap();
        assert_eq!(read(store, "Contact", &record.id).await, None);
        create(store, "Contact", data).await;
    }
}

pub async fn numbers_count_from_one_and_are_never_reused(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    given_connection(store, ACME, "second").await;
    for number in 1..4 {
        let record = create(store, "Contact", json!({ "Name": "Ada" })).await;
        assert_eq!(record.number, number);
        write(store, a_delete("Contact", &record.id)).await.unwrap();
    }
    assert_eq!(create(store, "Account", json!({ "Name": "A" })).await.number, 1);
    let second = store.write(ACME, "second", a_create("Contact", json!({ "Name": "Ada" }))).await;
    assert_eq!(second.unwrap().record.number, 1);
}

pub async fn an_update_raises_the_version(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let before = create(store, "Contact", json!({ "Name": "Ada", "Email": "a@b.example" })).await;
    clock.advance(SECOND);
    let change = json!({ "Email": null, "Score": 2 });
    let applied = write(store, an_update("Contact", &before.id, change)).await.unwrap();
    assert_eq!(applied.change, Some(ChangeType::Update));
    let expected = Record {
        version: 2,
        updated_at: clock.now(),
        data: Arc::new(json!({ "Name": "Ada", "Score": 2 }).as_object().unwrap().clone()),
        ..before
    };
    assert_eq!(applied.record, expected);
    assert_eq!(read(store, "Contact", &expected.id).await, Some(expected));
}

pub async fn what_changes_nothing_is_no_change(store: &dyn Store, clock: &TestClock) {
    given_crm(store).await;
    let data = json!({ "Name": "Ada", "Score": "1.50", "CountryId": "Canada" });
    let before = create(store, "Contact", data).await;
    clock.advance(SECOND);
    let same = json!({ "Name": "Ada", "Score": 1.5, "CountryId": "CANADA", "Email": null });
    let applied = write(store, an_update("Contact", &before.id, same)).await.unwrap();
    assert_eq!((applied.change, &applied.record), (None, &before));
    assert_eq!(store.unmatched_changes(10).await.unwrap().len(), 1);
    assert_eq!(read(store, "Contact", &before.id).await, Some(before));
}

pub async fn a_version_is_compared(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let id = create(store, "Contact", json!({ "Name": "Ada" })).await.id;
    let update = |version| {
        let action = WriteAction::Update { id: id.clone(), version: Some(version) };
        a_write("Contact", action, json!({ "Name": format!("Ada {version}") }))
    };
    let delete = |version| {
        let action = WriteAction::Delete { id: id.clone(), version: Some(version) };
        a_write("Contact", action, json!({}))
    };
    for stale in [update(2), delete(2), update(0)] {
        let result = write(store, stale).await;
        assert!(matches!(result, Err(StoreError::VersionMismatch { .. })), "{result:?}");
    }
    assert_eq!(write(store, update(1)).await.unwrap().record.version, 2);
    write(store, delete(2)).await.unwrap();
}

pub async fn a_delete_is_final_and_a_change(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let ada = create(store, "Contact", json!({ "Name": "Ada", "Code": "1" })).await;
    let applied = write(store, a_delete("Contact", &ada.id)).await.unwrap();
    assert_eq!((applied.change, &applied.record), (Some(ChangeType::Delete), &ada));
    assert_eq!(read(store, "Contact", &ada.id).await, None);
    assert_eq!(count(store, "Contact").await, 0);
    let again = write(store, a_delete("Contact", &ada.id)).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })));
    let last = store.unmatched_changes(10).await.unwrap().pop().unwrap();
    assert_eq!(last.change_type, ChangeType::Delete);
    assert_eq!((last.before.as_ref(), last.after.as_ref()), (Some(&ada), None));
    create(store, "Contact", json!({ "Name": "Other", "Code": "1" })).await;
}

/// By columns that have keys and by columns that have none.
pub async fn an_upsert_updates_the_record_with_the_same_values(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let data = json!({
        "Name": "Straße", "Email": "Ada@Example.com", "BirthDate": "1815-12-10",
        "Score": "12.50", "CountryId": "Canada",
    });
    let first = create(store, "Contact", data).await;
    create(store, "Contact", json!({ "Name": "Other" })).await;
    for keyed in [&[][..], &["Email"], &["Name", "BirthDate", "Score", "CountryId"]] {
        let columns: Vec<_> =
            keyed.iter().map(|column| ("Contact".to_owned(), (*column).to_owned())).collect();
        store.ensure_keys(ACME, CRM, &columns).await.unwrap();
        for (match_on, same) in [
            (&["Email"][..], json!({ "Email": "ADA@example.COM" })),
            (&["Name"], json!({ "Name": "STRASSE" })),
            (&["BirthDate"], json!({ "BirthDate": "10.12.1815" })),
            (&["Score"], json!({ "Score": 12.5 })),
            (&["CountryId"], json!({ "CountryId": "canada" })),
            (
                &["CountryId", "Email", "Score"],
                json!({ "Score": "12.500", "Email": "ada@example.com", "CountryId": "canada" }),
            ),
        ] {
            let applied = upsert(store, match_on, same.clone()).await;
            assert_eq!(applied.record.id, first.id, "{same} with keys of {keyed:?}");
            assert_ne!(applied.change, Some(ChangeType::Create));
        }
    }
    assert_eq!(count(store, "Contact").await, 2);
}

/// To update one of them would be a guess.
pub async fn an_upsert_that_finds_several_is_refused(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let data = json!({ "Name": "Ada", "Email": "a@b.example", "CountryId": "Canada" });
    for country in ["Canada", "Canada", "Perú"] {
        let mut data = data.clone();
        data["CountryId"] = json!(country);
        create(store, "Contact", data).await;
    }
    for keyed in [&[][..], &["Email"]] {
        let columns: Vec<_> =
            keyed.iter().map(|column| ("Contact".to_owned(), (*column).to_owned())).collect();
        store.ensure_keys(ACME, CRM, &columns).await.unwrap();
        let same = an_upsert("Contact", &["Email", "CountryId"], data.clone());
        let errors = invalids(write(store, same).await);
        assert_eq!(errors[0].path, "/Email");
        let expected = "several `Contact` have the same `Email` and `CountryId`, so `match_on` \
                        does not say which to update";
        assert_eq!(errors[0].detail, expected);
        let other = json!({ "Name": "Ada", "Email": "A@b.example", "CountryId": "Perú" });
        assert_eq!(upsert(store, &["Email", "CountryId"], other).await.record.number, 3);
    }
    assert_eq!(count(store, "Contact").await, 3);
}

pub async fn a_lookup_that_finds_several_refuses_or_takes_the_earliest(
    store: &dyn Store,
    _: &TestClock,
) {
    given_crm(store).await;
    let first = create(store, "Account", json!({ "Name": "Acme" })).await;
    create(store, "Account", json!({ "Name": "ACME" })).await;
    let strict = a_create("Contact", json!({ "Name": "Ada", "AccountId": "acme" }));
    let errors = invalids(write(store, strict.clone()).await);
    let several = "several `Account` are called `acme`; give an id";
    assert_eq!(errors[0].detail, format!("`AccountId` is refused: {several}"));
    assert_eq!(count(store, "Contact").await, 0);
    let lenient = Write { strictness: Strictness::Lenient, ..strict };
    let applied = write(store, lenient).await.unwrap();
    assert_eq!(applied.record.data["AccountId"], first.id);
    assert_eq!(applied.warnings[0].detail, format!("`AccountId` means the earliest: {several}"));
    // Which record is updated must not hang on a guess.
    let matched = json!({ "Name": "Eve", "AccountId": "acme" });
    let matched = an_upsert("Contact", &["AccountId"], matched);
    let errors = invalids(write(store, Write { strictness: Strictness::Lenient, ..matched }).await);
    assert_eq!(errors[0].detail, format!("`AccountId` is refused: {several}"));
    assert_eq!(count(store, "Contact").await, 1);
}

pub async fn an_upsert_that_finds_nothing_creates(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let data = json!({ "Name": "Ada", "Email": "ada@example.com", "CountryId": "Canada" });
    create(store, "Contact", data).await;
    for (match_on, data) in [
        (&["Email"][..], json!({ "Name": "B", "Email": "b@example.com" })),
        (&["Email"], json!({ "Name": "B" })),
        (&["Email"], json!({ "Name": "B", "Email": null })),
        (&["Email", "Score"], json!({ "Name": "B", "Email": "ada@example.com" })),
        (
            &["Email", "CountryId"],
            json!({ "Name": "B", "Email": "ada@example.com", "CountryId": "Perú" }),
        ),
        (&["NoColumn"], json!({ "Name": "B" })),
        (&[], json!({ "Name": "B" })),
    ] {
        let applied = upsert(store, match_on, data.clone()).await;
        assert_eq!(applied.change, Some(ChangeType::Create), "{match_on:?} {data}");
    }
}

pub async fn long_texts_are_told_apart(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let keys = [("Contact".to_owned(), "Notes".to_owned())];
    store.ensure_keys(ACME, CRM, &keys).await.unwrap();
    let long = |end: &str| format!("{}{end}", "é".repeat(300));
    for end in ["a", "b"] {
        let data = json!({ "Name": end, "Code": long(end), "Notes": long(end) });
        let applied = upsert(store, &["Notes"], data.clone()).await;
        assert_eq!(applied.change, Some(ChangeType::Create));
        assert_eq!(upsert(store, &["Notes"], data).await.change, None);
    }
    let taken = json!({ "Name": "c", "Code": long("B") });
    let taken = write(store, a_create("Contact", taken)).await;
    assert!(matches!(taken, Err(StoreError::UniqueViolation { .. })));
}

pub async fn a_default_fills_and_never_overwrites(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let upsert = |data: Json, score: i64, country: &str| Write {
        defaults: values("Contact", json!({ "Score": score, "CountryId": country })),
        strictness: Strictness::Lenient,
        ..an_upsert("Contact", &["Email"], data)
    };
    let given = |score, country| upsert(json!({ "Name": "Ada", "Email": "a" }), score, country);
    let created = write(store, given(1, "Canada")).await.unwrap().record;
    assert_eq!((&created.data["Score"], &created.data["CountryId"]), (&json!(1), &json!(CANADA)));
    assert_eq!(write(store, given(2, "Perú")).await.unwrap().change, None);
    write(store, an_update("Contact", &created.id, json!({ "Score": null }))).await.unwrap();
    let filled = write(store, given(3, "Perú")).await.unwrap().record;
    assert_eq!((&filled.data["Score"], &filled.data["CountryId"]), (&json!(3), &json!(CANADA)));

    // It fills what is left empty: a null, and a lookup that finds nothing.
    let empty = json!({ "Name": "Bo", "Email": "b", "Score": null, "CountryId": "Kanada" });
    let applied = write(store, upsert(empty, 4, "Canada")).await.unwrap();
    assert_eq!(applied.warnings.len(), 1);
    let filled = applied.record;
    assert_eq!((&filled.data["Score"], &filled.data["CountryId"]), (&json!(4), &json!(CANADA)));
    let given = json!({ "Name": "Cy", "Email": "c", "Score": 5 });
    let applied = write(store, upsert(given, 6, "Kanada")).await.unwrap();
    assert_eq!((&applied.record.data["Score"], applied.warnings.len()), (&json!(5), 1));
}

pub async fn a_unique_value_is_taken_once(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let first = create(store, "Contact", json!({ "Name": "1", "Code": "Straße" })).await;
    let second = create(store, "Contact", json!({ "Name": "2" })).await;
    create(store, "Contact", json!({ "Name": "3" })).await;
    for taken in [
        a_create("Contact", json!({ "Name": "4", "Code": "STRASSE" })),
        an_update("Contact", &second.id, json!({ "Code": "strasse" })),
        an_upsert("Contact", &["Name"], json!({ "Name": "2", "Code": "straße" })),
    ] {
        match write(store, taken).await {
            Err(StoreError::UniqueViolation { entity, column }) => {
                assert_eq!((entity.as_str(), column.as_str()), ("Contact", "Code"));
            }
            other => panic!("{other:?}"),
        }
    }
    let own = json!({ "Code": "STRASSE", "Score": 1 });
    write(store, an_update("Contact", &first.id, own)).await.unwrap();
    write(store, an_update("Contact", &first.id, json!({ "Code": "new" }))).await.unwrap();
    write(store, an_update("Contact", &second.id, json!({ "Code": "straße" }))).await.unwrap();
    assert_eq!(store.unmatched_changes(20).await.unwrap().len(), 6);
}

pub async fn upserts_of_one_key_at_once_make_one_record(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let one = async |number: i64| {
        upsert(store, &["Email"], json!({ "Name": "Ada", "Email": "a", "Score": number })).await
    };
    let (a, b, c, d) = tokio::join!(one(1), one(2), one(3), one(4));
    let applied = [a, b, c, d];
    assert!(applied.iter().all(|it| it.record.id == applied[0].record.id));
    let created = applied.iter().filter(|it| it.change == Some(ChangeType::Create));
    assert_eq!(created.count(), 1);
    assert_eq!(applied.iter().map(|it| it.record.version).max(), Some(4));
}

pub async fn of_creates_of_one_unique_value_one_wins(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let one = || write(store, a_create("Contact", json!({ "Name": "Ada", "Code": "1" })));
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let won = [a, b, c, d].into_iter().filter(|result| match result {
        Ok(_) => true,
        Err(StoreError::UniqueViolation { .. }) => false,
        Err(error) => panic!("{error}"),
    });
    assert_eq!(won.count(), 1);
    assert_eq!(count(store, "Contact").await, 1);
}

pub async fn loading_tells_nobody(store: &dyn Store, _: &TestClock) {
    given_crm(store).await;
    let contact = |code: i64| {
        values("Contact", json!({ "GivenName": "Ada", "Surname": "L", "Code": code.to_string() }))
    };
    let loaded = store.load(ACME, CRM, "Contact", (0..50).map(contact).collect()).await;
    assert_eq!(loaded.unwrap(), 50);
    assert_eq!(store.unmatched_changes(1).await.unwrap().len(), 0);
    let found = search_all(store, &a_search("Contact", json!({ "all": [] }))).await;
    assert!(found.iter().map(|record| record.number).eq(1..=50));
    assert_eq!(found[0].data["Name"], "Ada L");

    let clashing = store.load(ACME, CRM, "Contact", vec![contact(50), contact(7)]).await;
    assert!(matches!(clashing, Err(StoreError::UniqueViolation { .. })));
    assert_eq!(count(store, "Contact").await, 50);
}
