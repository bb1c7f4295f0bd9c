//! Sources as the API shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use turnbuckle_core::source::{RateLimit, Reply, Runs};
use turnbuckle_store::source::{Source, SourceKey};
use utoipa::ToSchema;

use crate::api::time::rfc3339;
use crate::app::App;
use crate::catalog::{open_settings, source_key_context};

/// What the owner of a source decides.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `SourceSettings` of the core reads and writes")]
pub struct SourceDocument {
    /// 1 to 200 characters, for people.
    #[schema(example = "landingi")]
    name: String,
    /// The connection whose CRM is written to.
    #[schema(example = "acme-crm")]
    connection: String,
    /// The entities that may be written; null means the workspace's list.
    #[schema(required = false, nullable, example = json!(["Lead", "Contact"]))]
    entities: Option<Vec<String>>,
    /// Off stores events without writing records. On by default.
    #[schema(required = false, default = true)]
    create_records: bool,
    /// When a post is answered.
    #[schema(required = false, value_type = SourceReply)]
    reply: Reply,
    /// Per entity the columns whose values find the record to update.
    #[schema(required = false, example = json!({"Lead": ["Email"]}))]
    match_on: BTreeMap<String, Vec<String>>,
    /// Per entity the values of columns that an event leaves empty.
    #[schema(required = false, value_type = Object, example = json!({"Lead": {"LeadSourceId": "Web"}}))]
    defaults: BTreeMap<String, Map<String, Json>>,
    /// Where the values of a record come from; null for the default process, where names match.
    #[schema(required = false, nullable)]
    mapping: Option<SourceMappingDocument>,
    /// A function that is called with each post before records are made, or instead.
    #[schema(required = false, nullable)]
    function: Option<SourceFunctionDocument>,
    /// How a sender's retries are recognised, for 72 hours. Null is the id that the sender
    /// which `verify` names gives its posts, if it gives any.
    #[schema(required = false, nullable)]
    dedupe: Option<DedupeDocument>,
    /// Origins whose pages may post from a browser, or `*`.
    #[schema(required = false, example = json!(["https://www.example.com"]))]
    origins: Vec<String>,
    /// Where a browser goes after it posted a form.
    #[schema(required = false, nullable)]
    redirect: Option<String>,
    /// Posts beyond it are answered 429.
    #[schema(required = false, nullable, value_type = SourceRateLimit)]
    rate_limit: Option<RateLimit>,
    /// How posts prove who sent them; null believes whoever knows a key.
    #[schema(required = false, nullable)]
    verify: Option<VerifyDocument>,
}

/// When a post is answered: as soon as it is durable, or after its records are written.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `Reply` of the core")]
pub enum SourceReply {
    Accepted,
    Processed,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `RateLimit` of the core")]
pub struct SourceRateLimit {
    #[schema(minimum = 1)]
    per_second: u32,
}

/// Makes one record of an event, or one of each element of a list.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `SourceMapping` of the core")]
pub struct SourceMappingDocument {
    entity: String,
    /// Per column `{"path": …}`, `{"static": …}` or `{"expression": …}`.
    #[schema(value_type = Object, example = json!({"Email": {"path": "body.form.email"}}))]
    columns: BTreeMap<String, Json>,
    /// The list of which every element becomes a record.
    #[schema(required = false, nullable, example = "body.leads")]
    each: Option<String>,
    /// An expression: records are made where it is true.
    #[schema(required = false, nullable, example = "body.form.email != null")]
    when: Option<String>,
}

/// Which function is called, and what becomes of what it returns.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `SourceFunction` of the core")]
pub struct SourceFunctionDocument {
    /// Its published version is called.
    #[schema(example = "clean_lead")]
    name: String,
    /// `before`: what it returns takes the place of the body, and records are made of it.
    /// `instead`: no record is made.
    #[schema(value_type = SourceFunctionRuns)]
    runs: Runs,
    /// Whether a call is made again that ended because the hub did. What such a call wrote
    /// stays, so only functions should be that may be called twice.
    #[schema(required = false, default = false)]
    repeat_cut_off: bool,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `Runs` of the core")]
pub enum SourceFunctionRuns {
    Before,
    Instead,
}

/// Either a header or a path into the body.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `Dedupe` of the core")]
pub struct DedupeDocument {
    #[schema(required = false, example = "x-event-id")]
    header: Option<String>,
    #[schema(required = false)]
    path: Option<String>,
}

/// Either a known sender or a scheme, and its secrets.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `Verification` of the core")]
pub struct VerifyDocument {
    /// The name of a known sender.
    #[schema(required = false, nullable, example = "github")]
    sender: Option<String>,
    /// How another sender signs.
    #[schema(
        required = false, nullable, value_type = Object,
        example = json!({
            "signature": {"header": "x-signature", "prefix": "sha256="},
            "algorithm": "hmac-sha256", "signed": ["body"],
        }),
    )]
    scheme: Option<Json>,
    /// At most 10, of which any suffices. They are shown as `***1`, `***2` and so on, which
    /// sent back keep what they stand for.
    secrets: Vec<String>,
    /// The verify token that was set at Meta. Shown as `***`.
    #[schema(required = false, nullable)]
    token: Option<String>,
    /// How far the time of signing may be from now, if the sender signs one.
    #[schema(required = false, nullable, minimum = 1, maximum = 129_600)]
    tolerance_s: Option<u32>,
}

/// A source as the API shows it.
#[derive(Serialize, ToSchema)]
pub struct SourceView {
    pub id: String,
    /// Where to post, with the newest key; null for callers who may not manage sources.
    #[schema(required, example = "https://hub.example/webhooks/8d5c1f")]
    pub url: Option<String>,
    /// Active and expiring keys, oldest first; empty for callers who may not manage sources.
    pub keys: Vec<SourceKeyView>,
    /// The settings document as it was stored.
    #[serde(flatten)]
    #[schema(inline = false, value_type = SourceDocument)]
    pub settings: Json,
    pub created_at: String,
    pub updated_at: String,
}

/// A key of a source.
#[derive(Serialize, ToSchema)]
pub struct SourceKeyView {
    pub id: String,
    /// The last part of the URL. Null if it was sealed with a key file that is lost.
    #[schema(required)]
    pub key: Option<String>,
    /// Where to post with this key.
    #[schema(required)]
    pub url: Option<String>,
    pub created_at: String,
    /// From then on the key is unknown.
    #[schema(required)]
    pub expires_at: Option<String>,
}

pub fn view(app: &App, base: &str, source: Source, shows_keys: bool) -> SourceView {
    let shown = source.keys.iter().filter(|_| shows_keys);
    let keys: Vec<SourceKeyView> = shown.map(|key| key_view(app, base, &source, key)).collect();
    let lasting = keys.iter().rev().find(|key| key.expires_at.is_none());
    SourceView {
        id: source.id.to_string(),
        url: lasting.or(keys.last()).and_then(|key| key.url.clone()),
        keys,
        // Read again, so that members which came later are shown with their defaults.
        settings: match open_settings(&app.sealer, &source) {
            Ok(settings) => settings.to_json(),
            Err(_) => without_sealed(source.settings),
        },
        created_at: rfc3339(source.created_at),
        updated_at: rfc3339(source.updated_at),
    }
}

/// Settings that cannot be read, such as those that were sealed with a key that is lost.
fn without_sealed(mut settings: Json) -> Json {
    if let Some(members) = settings.get_mut("verify").and_then(Json::as_object_mut) {
        members.remove("sealed");
        members.insert("secrets".to_owned(), Json::Array(Vec::new()));
    }
    settings
}

pub fn key_view(app: &App, base: &str, source: &Source, key: &SourceKey) -> SourceKeyView {
    let context = source_key_context(source.workspace, source.id);
    let opened = app.sealer.open(&context, &key.sealed).ok();
    let text = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    SourceKeyView {
        id: key.id.to_string(),
        url: text.as_ref().map(|key| format!("{base}/webhooks/{key}")),
        key: text,
        created_at: rfc3339(key.created_at),
        expires_at: key.expires_at.map(rfc3339),
    }
}
