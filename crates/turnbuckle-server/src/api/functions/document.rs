//! Functions as the API shows them.

use serde::{Deserialize as _, Serialize};
use turnbuckle_core::function::{FunctionCode, FunctionSettings};
use turnbuckle_store::function::{Function, FunctionVersion};
use utoipa::ToSchema;

use crate::api::time::rfc3339;
use crate::app::App;
use crate::catalog::function_key_context;

/// A function as the API shows it; its scripts are in its versions.
#[derive(Serialize, ToSchema)]
pub struct FunctionView {
    pub id: String,
    pub name: String,
    /// Whether it is called by URL.
    pub rest_api: bool,
    /// The connection that `zoho.crm` means where a call of it names none.
    #[schema(required)]
    pub connection: Option<String>,
    /// Number of the newest version, which the sandbox URL runs.
    pub draft_version: i64,
    /// Number of the version that the production URL runs; null if none is published.
    #[schema(required)]
    pub published_version: Option<i64>,
    /// Where it is called; null if it is not called by URL, and for callers who may not manage
    /// functions.
    #[schema(required)]
    pub urls: Option<FunctionUrls>,
    pub created_at: String,
    pub updated_at: String,
}

/// Where a function is called.
#[derive(Serialize, ToSchema)]
pub struct FunctionUrls {
    /// Runs the draft; with the key of the function. Null if that was sealed with a key file that
    /// is lost.
    #[schema(
        required,
        example = "https://hub.example/sandbox/crm/v2/functions/f/actions/execute?auth_type=apikey&zapikey=1003.ab.cd"
    )]
    pub sandbox: Option<String>,
    /// Runs the published version; to be completed with a key: that of the function, or the
    /// workspace's, which `zoho.crm.invokeConnector("crm.zapikey", …)` answers.
    #[schema(
        example = "https://hub.example/crm/v2/functions/f/actions/execute?auth_type=apikey&zapikey="
    )]
    pub production: String,
    /// The key of the function.
    #[schema(required)]
    pub zapikey: Option<String>,
}

/// A script as it was saved once.
#[derive(Serialize, ToSchema)]
pub struct VersionView {
    pub number: i64,
    pub source: String,
    pub arguments: Vec<String>,
    pub created_at: String,
}

impl VersionView {
    pub fn of(version: &FunctionVersion) -> Self {
        // What is stored was checked when it was saved.
        let code = FunctionCode::deserialize(&version.code).ok();
        let (source, arguments) = code.map(|it| (it.source, it.arguments)).unwrap_or_default();
        let created_at = rfc3339(version.created_at);
        Self { number: version.number, source, arguments, created_at }
    }
}

impl FunctionView {
    pub fn of(app: &App, base: &str, function: &Function, shows_keys: bool) -> Self {
        let settings = FunctionSettings::deserialize(&function.settings).unwrap_or_default();
        let shows_urls = shows_keys && settings.rest_api;
        Self {
            id: function.id.to_string(),
            name: function.name.clone(),
            rest_api: settings.rest_api,
            connection: settings.connection,
            draft_version: function.draft,
            published_version: function.published,
            urls: shows_urls.then(|| urls(app, base, function)),
            created_at: rfc3339(function.created_at),
            updated_at: rfc3339(function.updated_at),
        }
    }
}

fn urls(app: &App, base: &str, function: &Function) -> FunctionUrls {
    let context = function_key_context(function.workspace, Some(function.id));
    let opened = function.keys.last().and_then(|key| app.sealer.open(&context, &key.sealed).ok());
    let zapikey = opened.and_then(|key| String::from_utf8(key).ok());
    let path =
        format!("crm/v2/functions/{}/actions/execute?auth_type=apikey&zapikey=", function.name);
    FunctionUrls {
        sandbox: zapikey.as_ref().map(|key| format!("{base}/sandbox/{path}{key}")),
        production: format!("{base}/{path}"),
        zapikey,
    }
}
