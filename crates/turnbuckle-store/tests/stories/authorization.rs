use turnbuckle_core::id::UnixMs;
use turnbuckle_store::authorization::{Authorization, AuthorizationError, AuthorizationStatus};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::connection::PutConnection;
use turnbuckle_store::error::Noun;
use turnbuckle_store::{Store, StoreError};
use uuid::Uuid;

use super::crm::{CRM, a_connection, given_connection};
use super::{ACME, OTHER, SECOND, TestClock};

const KEPT_SINCE: UnixMs = 0;

fn one(clock: &TestClock, number: u8, connection: PutConnection) -> Authorization {
    Authorization {
        workspace: ACME,
        id: Uuid::from_bytes([number; 16]),
        connection,
        state_hash: [number; 32],
        sealed: vec![number],
        status: AuthorizationStatus::AwaitingCallback,
        error: None,
        begun_at: clock.now(),
    }
}

async fn begin(store: &dyn Store, authorization: &Authorization) {
    store.begin_authorization(authorization.clone(), KEPT_SINCE).await.unwrap();
}

/// Authorises a connection from the beginning to the end.
pub async fn authorise(store: &dyn Store, clock: &TestClock, connection: PutConnection) {
    let it = one(clock, 1, connection);
    begin(store, &it).await;
    assert!(store.take_authorization(ACME, it.id).await.unwrap());
    store.grant_authorization(ACME, it.id, vec![7, 0, 255]).await.unwrap();
}

async fn status(store: &dyn Store, id: Uuid) -> AuthorizationStatus {
    store.authorization(ACME, id).await.unwrap().unwrap().status
}

pub async fn an_authorization_is_found_by_what_it_is_about(store: &dyn Store, clock: &TestClock) {
    let first = one(clock, 1, a_connection(CRM));
    begin(store, &first).await;
    clock.advance(SECOND);
    let second = one(clock, 2, a_connection(CRM));
    begin(store, &second).await;
    begin(store, &one(clock, 3, a_connection("another"))).await;
    assert_eq!(store.authorization(ACME, first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.authorization_of(ACME, CRM).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.authorization_of_state([1; 32]).await.unwrap(), Some(first.clone()));
    assert_eq!(store.authorization_of_state([9; 32]).await.unwrap(), None);
    assert_eq!(store.authorization(OTHER, first.id).await.unwrap(), None);
    assert_eq!(store.authorization_of(OTHER, CRM).await.unwrap(), None);
    assert_eq!(store.connection(ACME, CRM).await.unwrap(), None, "nothing is connected yet");

    let third = one(clock, 4, a_connection(CRM));
    store.begin_authorization(third, second.begun_at).await.unwrap();
    assert_eq!(store.authorization(ACME, first.id).await.unwrap(), None, "its time is over");
    assert!(store.authorization(ACME, second.id).await.unwrap().is_some());
}

pub async fn an_authorization_moves_on_once(store: &dyn Store, clock: &TestClock) {
    let it = one(clock, 1, a_connection(CRM));
    begin(store, &it).await;
    let not_taken = store.grant_authorization(ACME, it.id, vec![1]).await.unwrap_err();
    assert!(matches!(not_taken, StoreError::NotFound { noun: Noun::Authorization, .. }));
    assert!(store.fill_authorization(ACME, it.id, vec![5]).await.unwrap());
    assert_eq!(store.authorization(ACME, it.id).await.unwrap().unwrap().sealed, [5]);

    assert!(!store.take_authorization(OTHER, it.id).await.unwrap());
    assert!(store.take_authorization(ACME, it.id).await.unwrap());
    assert!(!store.take_authorization(ACME, it.id).await.unwrap(), "somebody else has it");
    assert!(!store.fill_authorization(ACME, it.id, vec![6]).await.unwrap());
    assert_eq!(status(store, it.id).await, AuthorizationStatus::RetrievingTokens);

    let (connection, is_new) = store.grant_authorization(ACME, it.id, vec![7]).await.unwrap();
    assert!(is_new);
    let PutConnection { id, context, connector, time_zone } = a_connection(CRM);
    assert_eq!((&connection.id, &connection.context), (&id, &context));
    assert_eq!((&connection.connector, &connection.time_zone), (&connector, &time_zone));
    assert_eq!(store.connection(ACME, CRM).await.unwrap(), Some(connection));
    assert_eq!(store.credentials(ACME, CRM).await.unwrap(), Some(vec![7]));
    assert_eq!(store.credentials(OTHER, CRM).await.unwrap(), None);
    assert_eq!(status(store, it.id).await, AuthorizationStatus::Active);
    assert!(store.grant_authorization(ACME, it.id, vec![8]).await.is_err());

    let late = AuthorizationError { code: "late".to_owned(), message: "Late.".to_owned() };
    store.fail_authorization(ACME, it.id, late).await.unwrap();
    assert_eq!(status(store, it.id).await, AuthorizationStatus::Active);
}

pub async fn a_failed_authorization_says_why(store: &dyn Store, clock: &TestClock) {
    let it = one(clock, 1, a_connection(CRM));
    begin(store, &it).await;
    let error =
        |code: &str| AuthorizationError { code: code.to_owned(), message: "No.".to_owned() };
    store.fail_authorization(OTHER, it.id, error("other")).await.unwrap();
    store.fail_authorization(ACME, it.id, error("access_denied")).await.unwrap();
    store.fail_authorization(ACME, it.id, error("again")).await.unwrap();
    let failed = store.authorization(ACME, it.id).await.unwrap().unwrap();
    let expected = Some(error("access_denied"));
    assert_eq!((failed.status, failed.error), (AuthorizationStatus::Error, expected));
    assert!(!store.take_authorization(ACME, it.id).await.unwrap());
    assert_eq!(store.connection(ACME, CRM).await.unwrap(), None);
}

pub async fn a_connection_is_authorised_again(store: &dyn Store, clock: &TestClock) {
    given_connection(store, ACME, CRM).await;
    let before = store.connection(ACME, CRM).await.unwrap().unwrap();
    authorise(store, clock, a_connection(CRM)).await;
    let after = store.connection(ACME, CRM).await.unwrap().unwrap();
    assert_eq!((after.no, after.version), (before.no, before.version + 1));
    assert_eq!(store.credentials(ACME, CRM).await.unwrap(), Some(vec![7, 0, 255]));

    // Meanwhile the id has become another context's.
    let it = one(clock, 2, PutConnection { context: "other".to_owned(), ..a_connection(CRM) });
    begin(store, &it).await;
    assert!(store.take_authorization(ACME, it.id).await.unwrap());
    let taken = store.grant_authorization(ACME, it.id, vec![8]).await.unwrap_err();
    assert!(matches!(taken, StoreError::AlreadyExists { noun: Noun::Connection, .. }));
    assert_eq!(store.credentials(ACME, CRM).await.unwrap(), Some(vec![7, 0, 255]));

    store.delete_connection(ACME, CRM, None).await.unwrap();
    assert_eq!(store.credentials(ACME, CRM).await.unwrap(), None);
    assert_eq!(store.authorization_of(ACME, CRM).await.unwrap(), None);
    given_connection(store, ACME, CRM).await;
    assert_eq!(store.credentials(ACME, CRM).await.unwrap(), None, "it is another");
}
