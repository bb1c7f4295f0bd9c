//! How people sign in: passwords, sessions, and tries.
//!
//! A password is kept as an Argon2id hash, which takes memory and time on purpose: few are
//! computed at once, off the threads that answer. A session is a token of 256 random bits in
//! a cookie that scripts cannot read; the store keeps its hash. Wrong passwords are counted by
//! address and name, in memory: a restart forgets them, which does no harm.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use anyhow::anyhow;
use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::COOKIE;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use turnbuckle_core::id::{UnixMs, UserId, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::user::{Role, Session, User};

use crate::app::App;
use crate::random::{new_token, random_bytes};
use crate::secret::SecretText;

/// The cookie that holds the token of a session.
pub const SESSION_COOKIE: &str = "turnbuckle_session";
/// What a request that rests on the cookie must carry to change anything: pages of others can
/// make a browser send a cookie, but not this.
pub const CONSOLE_HEADER: HeaderName = HeaderName::from_static("x-turnbuckle-console");
/// How long a session lasts.
pub const SESSION_MS: UnixMs = 7 * 24 * 3600 * 1000;

/// Shortest and longest password, in characters.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=200;
/// Longest name of a user, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Hashes that are computed at once; each takes 19 MiB.
const HASHING_MAX: usize = 2;

/// Wrong passwords of one address for one name before it has to wait, and for all names.
const TRIES_OF_NAME: u32 = 10;
const TRIES_OF_ADDRESS: u32 = 50;
const TRIES_MS: UnixMs = 5 * 60 * 1000;
/// Addresses and names that are counted; beyond it those whose time is over are forgotten.
const COUNTED_MAX: usize = 10_000;

/// What signing in needs beside the store.
pub struct SignIn {
    hashing: Semaphore,
    tries: Tries,
    /// Of nobody: compared where there is no user, so that both take the same time.
    nobody: String,
}

impl Default for SignIn {
    fn default() -> Self {
        let nobody = hash(&new_token("")).expect("the parameters are the library's own");
        Self { hashing: Semaphore::new(HASHING_MAX), tries: Tries::default(), nobody }
    }
}

/// Why somebody was not signed in.
pub enum Refused {
    /// The name or the password is wrong.
    Wrong,
    /// After so many seconds another try is heard.
    TooMany(u64),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Begins a session. Answers its token.
///
/// # Errors
/// Why not; which of name and password is wrong is not told.
pub async fn sign_in(
    app: &App,
    address: IpAddr,
    name: &str,
    password: &str,
) -> Result<(User, SecretText), Refused> {
    app.sign_in.tries.check(address, name, app.now()).map_err(Refused::TooMany)?;
    let user = app.store.user_named(name).await?;
    let known = user.as_ref().map_or(&app.sign_in.nobody, |user| &user.password_hash).clone();
    let given = password.to_owned();
    let is_right = with_room(app, move || Ok(is_of(&known, &given))).await?;
    let Some(user) = user.filter(|_| is_right) else {
        app.sign_in.tries.count(address, name, app.now());
        return Err(Refused::Wrong);
    };
    let token = new_token("");
    let session = Session {
        hash: session_hash(&token),
        workspace: user.workspace,
        user: user.id,
        expires_at: app.now() + SESSION_MS,
    };
    app.store.begin_session(session).await?;
    Ok((user, SecretText::new(token)))
}

/// Makes a user. Without a password one is made, and answered here and never again.
///
/// # Errors
/// [`StoreError::AlreadyExists`] if the name is taken.
pub async fn create_user(
    app: &App,
    workspace: WorkspaceId,
    name: String,
    role: Role,
    password: Option<String>,
) -> Result<(User, Option<SecretText>), StoreError> {
    let (password_hash, made) = hash_of(app, password).await?;
    let (id, now) = (UserId(app.mint()), app.now());
    let user = User { id, workspace, name, role, password_hash, created_at: now, updated_at: now };
    app.store.create_user(user.clone()).await?;
    Ok((user, made))
}

/// The hash of a password, or of one that is made and answered too.
///
/// # Errors
/// [`StoreError::Defect`] if this machine cannot compute it.
pub async fn hash_of(
    app: &App,
    password: Option<String>,
) -> Result<(String, Option<SecretText>), StoreError> {
    let made = password.is_none().then(|| URL_SAFE_NO_PAD.encode(random_bytes::<15>()));
    let password = password.or_else(|| made.clone()).unwrap_or_default();
    let hash = with_room(app, move || hash(&password)).await?;
    Ok((hash, made.map(SecretText::new)))
}

async fn with_room<T: Send + 'static>(
    app: &App,
    compute: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let computing = async {
        let _room = app.sign_in.hashing.acquire().await?;
        tokio::task::spawn_blocking(compute).await?
    };
    computing.await.map_err(|error: anyhow::Error| StoreError::Defect {
        action: "compute the hash of a password",
        source: error.into(),
    })
}

fn hash(password: &str) -> anyhow::Result<String> {
    let salt = random_bytes::<16>();
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| anyhow!("{error}"))
}

fn is_of(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// What the store finds a session by. Tokens are long and random, so a plain hash cannot be
/// reversed by guessing.
pub fn session_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token in the cookies of a request.
pub fn session_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION_COOKIE)
}

/// The value of a cookie of a request.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    cookies
        .flat_map(|it| it.split(';'))
        .filter_map(|it| it.trim().split_once('='))
        .find(|(it, _)| *it == name)
        .map(|(_, value)| value)
}

/// # Errors
/// What a name must be, as the end of a sentence that begins with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let fits = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_.@+".contains(it);
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("must have 1 to {NAME_CHARS_MAX} small letters, digits and `-_.@+`"))
}

/// # Errors
/// What a password must be, as the end of a sentence that begins with it.
pub fn check_password(password: &str) -> Result<(), String> {
    if PASSWORD_CHARS.contains(&password.chars().count()) {
        return Ok(());
    }
    let (least, most) = PASSWORD_CHARS.into_inner();
    Err(format!("must have {least} to {most} characters"))
}

/// How often somebody was wrong, and until when that counts.
#[derive(Default)]
struct Tries(Mutex<HashMap<(IpAddr, String), (u32, UnixMs)>>);

impl Tries {
    /// # Errors
    /// The seconds after which another try is heard, at least 1.
    fn check(&self, address: IpAddr, name: &str, now: UnixMs) -> Result<(), u64> {
        let tries = self.0.lock().expect("no code panics holding the map");
        for (name, most) in [(name, TRIES_OF_NAME), ("", TRIES_OF_ADDRESS)] {
            if let Some((count, until)) = tries.get(&(address, name.to_owned()))
                && most <= *count
                && now < *until
            {
                return Err((*until - now).unsigned_abs().div_ceil(1_000));
            }
        }
        Ok(())
    }

    fn count(&self, address: IpAddr, name: &str, now: UnixMs) {
        let mut tries = self.0.lock().expect("no code panics holding the map");
        if COUNTED_MAX <= tries.len() {
            tries.retain(|_, (_, until)| now < *until);
        }
        if COUNTED_MAX <= tries.len() {
            tries.clear();
        }
        for name in [name, ""] {
            let counted = tries.entry((address, name.to_owned())).or_insert((0, now + TRIES_MS));
            if counted.1 <= now {
                *counted = (0, now + TRIES_MS);
            }
            counted.0 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(is_of(&kept, "correct horse"));
        assert!(!is_of(&kept, "correct horse ") && !is_of("", "") && !is_of("nonsense", ""));
        assert_ne!(kept, hash("correct horse").unwrap(), "each has a salt of its own");
    }

    #[test]
    fn a_session_is_in_any_of_the_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(session_token(&headers), None);
        headers.append(COOKIE, "theme=dark; turnbuckle_session=abc; a=b".parse().unwrap());
        assert_eq!(session_token(&headers), Some("abc"));
        headers.insert(COOKIE, "not_turnbuckle_session=abc".parse().unwrap());
        headers.append(COOKIE, "turnbuckle_session=def".parse().unwrap());
        assert_eq!(session_token(&headers), Some("def"));
    }

    #[test]
    fn whoever_is_wrong_too_often_waits() {
        let tries = Tries::default();
        let (here, there) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::from([10, 0, 0, 1]));
        for now in 0..i64::from(TRIES_OF_NAME) {
            assert_eq!(tries.check(here, "ada", now), Ok(()));
            tries.count(here, "ada", now);
        }
        assert_eq!(tries.check(here, "ada", 1_000), Err(299));
        assert_eq!(tries.check(here, "bob", 1_000), Ok(()));
        assert_eq!(tries.check(there, "ada", 1_000), Ok(()), "nobody locks another out");
        assert_eq!(tries.check(here, "ada", TRIES_MS), Ok(()));
        for number in 0..TRIES_OF_ADDRESS {
            tries.count(there, &number.to_string(), 5);
        }
        assert!(tries.check(there, "anybody", 6).is_err());
        assert_eq!(tries.check(here, "anybody", 6), Ok(()));
    }

    #[test]
    fn names_are_small_and_passwords_long_enough() {
        for name in ["admin", "ada.king@example.com", "a+b_c-1"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "Ada", "a b", "a\n", "é", &"a".repeat(101)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_password("ninechars").is_err() && check_password(&"x".repeat(201)).is_err());
        assert_eq!(check_password("zehn Äpfel"), Ok(()));
    }
}
