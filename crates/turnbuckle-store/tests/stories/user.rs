use turnbuckle_core::id::UserId;
use turnbuckle_store::StoreError;
use turnbuckle_store::clock::Clock;
use turnbuckle_store::error::Noun;
use turnbuckle_store::user::{Role, Session, User, UserChange, UserStore};

use super::{ACME, OTHER, SECOND, TestClock, neighbour};

pub fn a_user(clock: &TestClock, name: &str) -> User {
    User {
        id: UserId(clock.mint()),
        workspace: ACME,
        name: name.to_owned(),
        role: Role::Editor,
        password_hash: "$argon2id$first".to_owned(),
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

async fn given_user(store: &dyn UserStore, clock: &TestClock, name: &str) -> User {
    let user = a_user(clock, name);
    store.create_user(user.clone()).await.unwrap();
    user
}

fn a_session(clock: &TestClock, user: &User, number: u8) -> Session {
    let expires_at = clock.now() + 10 * SECOND;
    Session { hash: [number; 32], workspace: ACME, user: user.id, expires_at }
}

pub async fn a_name_is_one_user_s_everywhere(store: &dyn UserStore, clock: &TestClock) {
    let ada = given_user(store, clock, "ada").await;
    let bob = given_user(store, clock, "bob").await;
    let again = User { workspace: OTHER, ..a_user(clock, "ada") };
    let taken = store.create_user(again).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists { noun: Noun::User, .. })), "{taken:?}");
    assert_eq!(store.users(ACME).await.unwrap(), [ada.clone(), bob]);
    assert_eq!(store.users(OTHER).await.unwrap(), []);
    assert_eq!(store.user_named("ada").await.unwrap(), Some(ada));
    assert_eq!(store.user_named("Ada").await.unwrap(), None);
}

pub async fn a_session_lasts_its_time(store: &dyn UserStore, clock: &TestClock) {
    let ada = given_user(store, clock, "ada").await;
    store.begin_session(a_session(clock, &ada, 1)).await.unwrap();
    store.begin_session(a_session(clock, &ada, 2)).await.unwrap();
    let who = async |number: u8| store.session_user(&[number; 32], clock.now()).await.unwrap();
    assert_eq!(who(1).await, Some(ada.clone()));
    assert_eq!(who(3).await, None);
    store.end_session(&[1; 32]).await.unwrap();
    store.end_session(&[1; 32]).await.unwrap();
    assert_eq!((who(1).await, who(2).await), (None, Some(ada)));
    clock.advance(10 * SECOND);
    assert_eq!(who(2).await, None);
}

pub async fn another_password_ends_the_sessions(store: &dyn UserStore, clock: &TestClock) {
    let ada = given_user(store, clock, "ada").await;
    let bob = given_user(store, clock, "bob").await;
    store.begin_session(a_session(clock, &ada, 1)).await.unwrap();
    store.begin_session(a_session(clock, &bob, 2)).await.unwrap();
    clock.advance(SECOND);
    let viewer = UserChange { role: Some(Role::Viewer), password_hash: None };
    let changed = store.update_user(ACME, ada.id, viewer).await.unwrap();
    let expected = User { role: Role::Viewer, updated_at: clock.now(), ..ada.clone() };
    assert_eq!(changed, expected);
    let who = async |number: u8| store.session_user(&[number; 32], clock.now()).await.unwrap();
    assert_eq!(who(1).await, Some(expected.clone()), "a role holds at once");

    let reset = UserChange { role: None, password_hash: Some("$argon2id$second".to_owned()) };
    let changed = store.update_user(ACME, ada.id, reset).await.unwrap();
    assert_eq!(changed, User { password_hash: "$argon2id$second".to_owned(), ..expected });
    assert_eq!((who(1).await, who(2).await.map(|user| user.id)), (None, Some(bob.id)));
}

pub async fn a_user_belongs_to_one_workspace(store: &dyn UserStore, clock: &TestClock) {
    let ada = given_user(store, clock, "ada").await;
    store.begin_session(a_session(clock, &ada, 1)).await.unwrap();
    let other = UserId(neighbour(ada.id.0));
    for (workspace, id) in [(OTHER, ada.id), (ACME, other)] {
        let missing = |error| matches!(error, StoreError::NotFound { noun: Noun::User, .. });
        let changed = store.update_user(workspace, id, UserChange::default()).await;
        assert!(missing(changed.unwrap_err()));
        assert!(missing(store.delete_user(workspace, id).await.unwrap_err()));
        let session = Session { workspace, user: id, ..a_session(clock, &ada, 9) };
        assert!(missing(store.begin_session(session).await.unwrap_err()));
    }
    store.delete_user(ACME, ada.id).await.unwrap();
    assert_eq!(store.user_named("ada").await.unwrap(), None);
    assert_eq!(store.session_user(&[1; 32], clock.now()).await.unwrap(), None);
}
