use bytes::Bytes;
use turnbuckle_store::StoreError;
use turnbuckle_store::bin::{Bin, BinBounds, BinRequest, BinStore};
use turnbuckle_store::clock::Clock;

use super::{ACME, DAY, OTHER, TestClock};

pub fn a_bin(clock: &TestClock, name: &str) -> Bin {
    Bin {
        workspace: ACME,
        name: name.to_owned(),
        label: format!("{name} label"),
        created_at: clock.now(),
        expires_at: clock.now() + DAY,
    }
}

pub fn a_request(clock: &TestClock, body: &str) -> BinRequest {
    BinRequest {
        number: 0,
        at: clock.now(),
        method: "POST".to_owned(),
        query: "a=1".to_owned(),
        headers: vec![
            ("x-twice".to_owned(), "1".to_owned()),
            ("x-twice".to_owned(), "2".to_owned()),
        ],
        body: Bytes::from(body.to_owned()),
    }
}

pub fn up_to(requests_max: usize) -> BinBounds {
    BinBounds { requests_max, bytes_max: 1_000_000 }
}

async fn bodies(store: &dyn BinStore, name: &str) -> Vec<String> {
    let requests = store.bin_requests(name, None, 100).await.unwrap();
    requests.iter().map(|request| String::from_utf8(request.body.to_vec()).unwrap()).collect()
}

pub async fn a_bin_shows_its_requests_newest_first(store: &dyn BinStore, clock: &TestClock) {
    for name in ["mine", "yours"] {
        store.create_bin(a_bin(clock, name)).await.unwrap();
    }
    for body in ["1", "2", "3"] {
        store.add_bin_request("mine", a_request(clock, body), up_to(10)).await.unwrap();
        store.add_bin_request("yours", a_request(clock, "other"), up_to(10)).await.unwrap();
    }
    assert_eq!(store.bins(ACME).await.unwrap(), [a_bin(clock, "mine"), a_bin(clock, "yours")]);
    assert_eq!(store.bins(OTHER).await.unwrap(), []);
    assert_eq!(bodies(store, "mine").await, ["3", "2", "1"]);

    let newest = store.bin_requests("mine", None, 2).await.unwrap();
    assert!(newest[0].number > newest[1].number);
    let older = store.bin_requests("mine", Some(newest[1].number), 2).await.unwrap();
    let expected = BinRequest { number: older[0].number, ..a_request(clock, "1") };
    assert_eq!(older, [expected]);
}

pub async fn the_oldest_requests_make_room(store: &dyn BinStore, clock: &TestClock) {
    store.create_bin(a_bin(clock, "mine")).await.unwrap();
    store.create_bin(a_bin(clock, "yours")).await.unwrap();
    store.add_bin_request("yours", a_request(clock, "stays"), up_to(2)).await.unwrap();
    for body in ["1", "2", "3", "4"] {
        store.add_bin_request("mine", a_request(clock, body), up_to(2)).await.unwrap();
    }
    assert_eq!(bodies(store, "mine").await, ["4", "3"]);
    assert_eq!(bodies(store, "yours").await, ["stays"]);
}

pub async fn the_newest_request_stays_however_large(store: &dyn BinStore, clock: &TestClock) {
    store.create_bin(a_bin(clock, "mine")).await.unwrap();
    let rest = serde_json::to_string(&a_request(clock, "").headers).unwrap().len() + "a=1".len();
    let bounds = BinBounds { requests_max: 10, bytes_max: 2 * (rest + 3) };
    for (body, kept) in [
        ("123", vec!["123"]),
        ("456", vec!["456", "123"]),
        ("7", vec!["7", "456"]),
        ("too long for two", vec!["too long for two"]),
    ] {
        store.add_bin_request("mine", a_request(clock, body), bounds).await.unwrap();
        assert_eq!(bodies(store, "mine").await, kept);
    }
}

pub async fn an_expired_bin_is_unknown(store: &dyn BinStore, clock: &TestClock) {
    let bin = a_bin(clock, "mine");
    store.create_bin(bin.clone()).await.unwrap();
    clock.advance(DAY - 1);
    assert_eq!(store.bin("mine", clock.now()).await.unwrap(), Some(bin));

    clock.advance(1);
    assert_eq!(store.bin("mine", clock.now()).await.unwrap(), None);
    assert_eq!(store.bins(ACME).await.unwrap(), []);
    let late = store.add_bin_request("mine", a_request(clock, "late"), up_to(2)).await;
    assert!(matches!(late, Err(StoreError::NotFound { .. })));
}

pub async fn a_bin_name_is_taken_once(store: &dyn BinStore, clock: &TestClock) {
    store.create_bin(a_bin(clock, "mine")).await.unwrap();
    let theirs = Bin { workspace: OTHER, ..a_bin(clock, "mine") };
    let again = store.create_bin(theirs).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { id, .. }) if id == "mine"));
}

pub async fn a_deleted_bin_takes_its_requests_along(store: &dyn BinStore, clock: &TestClock) {
    store.create_bin(a_bin(clock, "mine")).await.unwrap();
    store.add_bin_request("mine", a_request(clock, "1"), up_to(2)).await.unwrap();
    let refused = store.delete_bin(OTHER, "mine").await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    assert_eq!(bodies(store, "mine").await, ["1"]);

    store.delete_bin(ACME, "mine").await.unwrap();
    assert_eq!(store.bin("mine", clock.now()).await.unwrap(), None);
    assert!(bodies(store, "mine").await.is_empty());
}
