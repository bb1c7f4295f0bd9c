//! What there is to find about a store, its key and the clock beside it.

use std::path::Path;

use anyhow::{anyhow, bail};
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::app::{App, Looked, key_of, look_at};
use turnbuckle_server::bootstrap::check_import;
use turnbuckle_server::clock::SystemClock;
use turnbuckle_server::config::{Config, StoreAddress};
use turnbuckle_server::seal::{Sealer, key_file};
use turnbuckle_store::SCHEMA;
use turnbuckle_store::clock::Clock as _;
use turnbuckle_store::postgres::{self, Address};

use super::Found;

/// No clock that is right is before this: 2026-01-01.
const EARLIEST: UnixMs = 1_767_225_600_000;
/// How far the newest thing stored may lie ahead of the clock.
const AHEAD_MAX_MS: UnixMs = 2_000;

pub struct StoreFindings {
    pub key_file: Found,
    pub store: Found,
    pub time: Found,
}

pub async fn examine(config: Config, is_running: bool) -> StoreFindings {
    let (key, unopened) = match &config.store.address {
        StoreAddress::Embedded => look_at_folder(&config.data),
        StoreAddress::Postgres(address) => look_at_database(&config.data, address).await,
    };
    let key_file = key.map(|held| match held {
        Some(sealer) => format!("holds key {}", sealer.key_id()),
        None => "will be made".to_owned(),
    });
    let (store, newest) = match unopened {
        Some(store) => (store, None),
        None => open(config, is_running).await,
    };
    StoreFindings { key_file, store, time: check_clock(SystemClock.now(), newest) }
}

type Key = anyhow::Result<Option<Sealer>>;

/// The key that is held, and what is to be said of the store where it must not be
/// opened.
fn look_at_folder(data: &Path) -> (Key, Option<Found>) {
    let has_database = data.join("turnbuckle.db").exists();
    let key = match key_file::load(data) {
        Ok(None) if has_database => Err(anyhow!(
            "there is a database but no {}; restore it from a backup",
            key_file::FILE_NAME
        )),
        held => held.map_err(Into::into),
    };
    let unopened = match &key {
        _ if !has_database => Some(Ok("will be made".to_owned())),
        Ok(Some(_)) => None,
        Ok(None) | Err(_) => Some(without_key()),
    };
    (key, unopened)
}

/// The same of a database on PostgreSQL.
async fn look_at_database(data: &Path, address: &Address) -> (Key, Option<Found>) {
    let looked = look_at(address).await;
    let key = match &looked {
        Ok(Looked { sealed_with: Some(sealed_with), .. }) => key_of(data, sealed_with).map(Some),
        Ok(_) | Err(_) => key_file::load(data).map_err(Into::into),
    };
    let unopened = match looked {
        Ok(looked) => tell_unopened(&looked, address, &key),
        Err(error) => Some(Err(error)),
    };
    (key, unopened)
}

fn tell_unopened(looked: &Looked, address: &Address, key: &Key) -> Option<Found> {
    match (&looked.found, key) {
        (found, _) if let Some(reason) = found.obstacle() => {
            Some(Err(anyhow!("cannot use the database {address}: {reason}")))
        }
        (postgres::Found::Empty { may_create: false }, _) => Some(Err(anyhow!(
            "{address} is empty, and this user may not make tables in it: grant that, as the \
             user of a server owns its tables"
        ))),
        (postgres::Found::Empty { .. }, _) => {
            Some(Ok(format!("{address} is empty; its tables will be made")))
        }
        (postgres::Found::Older { schema }, _) => {
            Some(Ok(format!("{address} has schema {schema}; it will be brought to {}", SCHEMA.0)))
        }
        (_, Ok(Some(_))) => None,
        (_, Ok(None)) => Some(Ok(format!("{address} has its tables; no server has used it yet"))),
        (_, Err(_)) => Some(without_key()),
    }
}

/// Opening would make a new key, with which nothing of the old opens.
fn without_key() -> Found {
    Ok("not looked at without its key file".to_owned())
}

/// What there is to say, and the time of the newest thing stored.
async fn open(config: Config, is_running: bool) -> (Found, Option<UnixMs>) {
    let is_embedded = config.store.address == StoreAddress::Embedded;
    match App::build(config).await {
        // Its lock is the server's.
        Err(_) if is_embedded && is_running => (Ok("open in the running server".to_owned()), None),
        Err(error) => (Err(error), None),
        Ok(app) => {
            let store = check_use(&app).await;
            // Ids rise with what is stored, also where the clock fell back.
            let newest = app.mint().millis();
            app.store.close().await;
            (store, Some(newest))
        }
    }
}

/// Whether a server could use the store.
async fn check_use(app: &App) -> Found {
    check_import(app).await?;
    app.store.check_health().await?;
    Ok("can be written to".to_owned())
}

fn check_clock(now: UnixMs, newest: Option<UnixMs>) -> Found {
    if now < EARLIEST {
        bail!("the clock of this machine is years behind");
    }
    match newest.map(|newest| newest - now) {
        Some(ahead_ms) if AHEAD_MAX_MS < ahead_ms => {
            bail!("the clock is {} s behind the newest thing stored", ahead_ms / 1_000)
        }
        _ => Ok("the clock is plausible".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_the_store_is_found() {
        let check = |now, newest, is_right| {
            assert_eq!(check_clock(now, newest).is_ok(), is_right, "{now} {newest:?}");
        };
        check(EARLIEST, None, true);
        check(0, None, false);
        check(EARLIEST, Some(EARLIEST + AHEAD_MAX_MS), true);
        check(EARLIEST, Some(EARLIEST + AHEAD_MAX_MS + 1), false);
    }

    #[test]
    fn what_a_server_would_do_with_a_database_is_said() {
        let address: Address = "postgres://hub@db.example/hub".parse().unwrap();
        let check = |found, key: Key, is_right: bool, expect: &str| {
            let looked = Looked { found, sealed_with: None };
            let said = tell_unopened(&looked, &address, &key).expect("it is not opened");
            assert_eq!(said.is_ok(), is_right, "{said:?}");
            let said = said.unwrap_or_else(|error| error.to_string());
            assert!(said.contains(expect), "{said}");
        };
        use postgres::Found;
        check(Found::Empty { may_create: true }, Ok(None), true, "will be made");
        check(Found::Empty { may_create: false }, Ok(None), false, "may not make tables");
        check(Found::OfAnotherProgram, Ok(None), false, "name an empty one");
        check(Found::Newer { schema: 9 }, Ok(None), false, "start a newer version");
        check(Found::Older { schema: 0 }, Ok(None), true, "will be brought to");
        check(Found::Current, Ok(None), true, "no server has used it");
        check(Found::Current, Err(anyhow!("exposed")), true, "without its key file");
        let held = Ok(Some(Sealer::new([7; 32])));
        let looked = Looked { found: Found::Current, sealed_with: None };
        assert!(tell_unopened(&looked, &address, &held).is_none());
    }
}
