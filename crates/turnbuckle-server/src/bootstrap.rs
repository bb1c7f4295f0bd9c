//! What a server needs before its first request: a workspace, a key set to call
//! it with, somebody who may sign in, and the sealing key that its database was sealed with.
//!
//! The first start is complete once it is noted in the store. One that was cut
//! short is done again, which at worst leaves a key set that nobody has seen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use turnbuckle_core::id::{KeyId, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::api_key::ApiKey;
use turnbuckle_store::transfer::IMPORT_NOTE;
use turnbuckle_store::user::Role;
use turnbuckle_store::workspace::Workspace;

use crate::app::App;
use crate::config::{Config, StoreAddress};
use crate::random::{new_token, random_bytes};
use crate::seal::{Sealer, key_file};
use crate::secret::SecretText;
use crate::sign_in;

/// The workspace that the first start makes.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Names the key that values in this database are sealed with.
pub const SEAL_KEY_NOTE: &str = "seal-key";
/// Names the key set of the first start; written when that is complete.
const FIRST_START_NOTE: &str = "first-start";

/// What a first start made, to be printed once.
#[derive(Debug)]
pub struct FirstStart {
    pub publishable: String,
    pub secret: SecretText,
    /// Of the user [`FIRST_USER`]; `None` where that name was there.
    pub password: Option<SecretText>,
}

/// Whom the first start makes, to sign in to the console.
pub const FIRST_USER: &str = "admin";

#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error(
        "the database was sealed with key {sealed_with}, but the key file holds key {held}; put \
         the key file of this database back into the data folder"
    )]
    OtherSealKey { sealed_with: String, held: String },
    #[error(
        "an import into this database was begun and has not ended: run `turnbuckle import` again, \
         with the folder that it is from"
    )]
    UnfinishedImport,
    #[error("the database could not be prepared for the first start")]
    Store(#[from] StoreError),
}

/// Claims the sealing key and, at the first start, makes the workspace
/// [`DEFAULT_WORKSPACE`] and a key set that may do everything. Answers that key
/// set, unless it is the configured one: whoever configured it knows it.
///
/// # Errors
/// With a sentence for the operator.
pub async fn first_start(app: &App) -> Result<Option<FirstStart>, BootstrapError> {
    check_import(app).await?;
    claim_seal_key(app).await?;
    if app.store.note(FIRST_START_NOTE).await?.is_some() {
        return Ok(None);
    }
    warn_of_unused_database(&app.config);
    let workspace = default_workspace(app).await?;
    let scopes = ["all", "operator"].map(str::to_owned).to_vec();
    let label = "First start".to_owned();
    let printed = match &app.config.bootstrap_key {
        None => {
            let (key, secret) = create_key(app, workspace.id, scopes, Vec::new(), label).await?;
            let first = app.store.claim_note(FIRST_START_NOTE, &key.publishable).await?;
            if first != key.publishable {
                // Another process started at the same moment and prints its own.
                app.store.revoke_api_key(workspace.id, key.id).await?;
                return Ok(None);
            }
            let password = first_user(app, workspace.id).await?;
            Some(FirstStart { publishable: key.publishable, secret, password })
        }
        Some(configured) => {
            let secret = configured.secret.reveal();
            let publishable = configured.publishable.clone();
            let key = new_key(app, workspace.id, publishable, secret, scopes, Vec::new(), label);
            match app.store.create_api_key(key).await {
                // Made by a first start that was cut short, or another process.
                Ok(()) | Err(StoreError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            app.store.claim_note(FIRST_START_NOTE, &configured.publishable).await?;
            None
        }
    };
    Ok(printed)
}

async fn first_user(app: &App, workspace: WorkspaceId) -> Result<Option<SecretText>, StoreError> {
    let name = FIRST_USER.to_owned();
    match sign_in::create_user(app, workspace, name, Role::Admin, None).await {
        Ok((_, password)) => Ok(password),
        Err(StoreError::AlreadyExists { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whoever names PostgreSQL and forgets to carry over what there was would wonder at an
/// empty hub.
fn warn_of_unused_database(config: &Config) {
    let file = config.data.join("turnbuckle.db");
    if config.store.address != StoreAddress::Embedded && file.exists() {
        tracing::warn!(
            file = %file.display(),
            "the data folder has a database that is not used: the store is on PostgreSQL, which \
             was empty; `turnbuckle export` and `turnbuckle import` into an empty database would \
             carry it over"
        );
    }
}

/// The same the other way round. To be called before the store is opened, which makes
/// the database.
pub fn warn_of_new_database(config: &Config) {
    let has = |name: &str| config.data.join(name).exists();
    let is_embedded = config.store.address == StoreAddress::Embedded;
    if is_embedded && has(key_file::FILE_NAME) && !has("turnbuckle.db") {
        tracing::warn!(
            folder = %config.data.display(),
            "a new database is made although the data folder has a seal.key; TURNBUCKLE_STORE may \
             be missing"
        );
    }
}

async fn default_workspace(app: &App) -> Result<Workspace, StoreError> {
    // Its label is what end users are told that the app is called, which nobody has said.
    match app.store.create_workspace(DEFAULT_WORKSPACE, "").await {
        // By a first start that was cut short, or another process that starts now.
        Err(error @ StoreError::AlreadyExists { .. }) => {
            app.store.workspace(DEFAULT_WORKSPACE).await?.ok_or(error)
        }
        made => made,
    }
}

/// Refuses a store that holds a part of what it is to hold.
///
/// # Errors
/// [`BootstrapError::UnfinishedImport`]
pub async fn check_import(app: &App) -> Result<(), BootstrapError> {
    match app.store.note(IMPORT_NOTE).await? {
        None => Ok(()),
        Some(_) => Err(BootstrapError::UnfinishedImport),
    }
}

/// Seals the database with the key that is held, unless it was sealed before.
///
/// # Errors
/// [`BootstrapError::OtherSealKey`]
pub async fn claim_seal_key(app: &App) -> Result<(), BootstrapError> {
    // Of two processes that start at the same moment, the key of the first counts.
    let held = app.sealer.key_id().to_string();
    let sealed_with = app.store.claim_note(SEAL_KEY_NOTE, &held).await?;
    check_seal_key(sealed_with, &app.sealer)
}

/// Refuses a key that is not the one which the database was sealed with. Without this
/// check new values would be sealed with one key and old ones not open.
///
/// # Errors
/// [`BootstrapError::OtherSealKey`]
pub fn check_seal_key(sealed_with: String, held: &Sealer) -> Result<(), BootstrapError> {
    let held = held.key_id().to_string();
    if sealed_with == held {
        Ok(())
    } else {
        Err(BootstrapError::OtherSealKey { sealed_with, held })
    }
}

/// Makes a key set. The secret is answered here and never again: only its hash is kept.
///
/// # Errors
/// [`StoreError::Unavailable`]
pub async fn create_key(
    app: &App,
    workspace: WorkspaceId,
    scopes: Vec<String>,
    addresses: Vec<String>,
    label: String,
) -> Result<(ApiKey, SecretText), StoreError> {
    let publishable = format!("pk_{}", URL_SAFE_NO_PAD.encode(random_bytes::<16>()));
    let secret = new_token("sk_");
    let key = new_key(app, workspace, publishable, &secret, scopes, addresses, label);
    app.store.create_api_key(key.clone()).await?;
    Ok((key, SecretText::new(secret)))
}

fn new_key(
    app: &App,
    workspace: WorkspaceId,
    publishable: String,
    secret: &str,
    scopes: Vec<String>,
    addresses: Vec<String>,
    label: String,
) -> ApiKey {
    ApiKey {
        id: KeyId(app.mint()),
        workspace,
        publishable,
        secret_hash: Sha256::digest(secret.as_bytes()).into(),
        label,
        scopes,
        addresses,
        created_at: app.now(),
        last_used_at: None,
    }
}
