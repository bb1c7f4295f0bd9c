//! What functions can ask of the hub: records of the workspace's connections, keys,
//! and calls of others ([`super::invoke`]).
//!
//! A function acts for its workspace, not for whoever calls it. Scripts run on threads
//! of their own, which wait for nothing but scripts: what they ask for is answered on
//! those of the hub, where sockets can be waited for.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize as _;
use serde_json::{Map, Value as Json, json};
use sha2::Sha256;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use turnbuckle_core::change::Origin;
use turnbuckle_core::function::FunctionSettings;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::write::{self, Strictness};
use turnbuckle_functions::{Host, Refused};
use turnbuckle_store::StoreError;
use turnbuckle_store::function::Function;
use turnbuckle_store::record::{Search, Write, WriteAction};

use super::{criteria, invoke};
use crate::api::entities;
use crate::api::records::read_filter;
use crate::app::App;
use crate::catalog::LiveConnection;
use crate::catalog::function_key_context;
use crate::expressions::record_object;
use crate::problem::ApiError;
use crate::random::random_u64;

/// Most records of one page of a search.
const PAGE_MAX: usize = 200;
/// Most records that a search leads to, whatever the page.
const FOUND_MAX: usize = 2_000;

/// Answers the host calls of one call.
#[derive(Clone)]
pub struct HubHost {
    app: App,
    /// Of the hub.
    runtime: Handle,
    workspace: WorkspaceId,
    /// The connection that is meant where none is named.
    connection: Option<String>,
    /// How many functions called each other before this one.
    depth: u32,
}

/// The key that opens every function of a workspace, if there is one and its seal opens.
///
/// # Errors
/// [`StoreError::Unavailable`]
pub async fn workspace_key(
    app: &App,
    workspace: WorkspaceId,
) -> Result<Option<String>, StoreError> {
    let keys = app.store.workspace_keys(workspace).await?;
    let newest = keys.last().and_then(|key| {
        let opened = app.sealer.open(&function_key_context(workspace, None), &key.sealed).ok()?;
        String::from_utf8(opened).ok()
    });
    Ok(newest)
}

impl HubHost {
    /// For a call that is made from the hub's own threads. `connection` is meant where the
    /// function's settings name none.
    pub fn new(app: &App, function: &Function, connection: Option<&str>, depth: u32) -> Self {
        let settings = FunctionSettings::deserialize(&function.settings).unwrap_or_default();
        let connection = settings.connection.or_else(|| connection.map(str::to_owned));
        let runtime = Handle::current();
        Self { app: app.clone(), runtime, workspace: function.workspace, connection, depth }
    }

    async fn answer(&self, name: &str, arguments: &[Json]) -> Result<Json, Refused> {
        use Json::{Object, String as Text};
        match (name, arguments) {
            ("crm.getRecordById", [Text(module), Text(id), at]) => {
                self.get_record(module, id, at).await
            }
            ("crm.createRecord", [Text(module), Object(record), at]) => {
                self.write(module, WriteAction::Create, record, at).await
            }
            ("crm.updateRecord", [Text(module), Text(id), Object(record), at]) => {
                let action = WriteAction::Update { id: id.clone(), version: None };
                self.write(module, action, record, at).await
            }
            ("crm.searchRecords", [Text(module), criteria, page, per_page, at]) => {
                let page = count("page", page, 1)?;
                let per_page = count("perPage", per_page, PAGE_MAX)?;
                self.search(module, criteria, (page, per_page), at).await
            }
            ("crm.invokeConnector", [Text(connector), _]) if connector == "crm.zapikey" => {
                let key = workspace_key(&self.app, self.workspace).await.map_err(refused)?;
                Ok(json!({ "response": key }))
            }
            ("crm.invokeConnector", _) => {
                Err(Refused("the only connector here is `crm.zapikey`".to_owned()))
            }
            ("invokeUrl", [Object(request)]) => {
                invoke::call(&self.app.egress, request, self.depth).await
            }
            ("encryption.hmacsha256", [Text(key), Text(payload), Text(encoding)]) => {
                hmac(key, payload, encoding)
            }
            _ => Err(Refused(format!("these are not the arguments of `{name}`"))),
        }
    }

    async fn live(&self, named: &Json) -> Result<std::sync::Arc<LiveConnection>, Refused> {
        let id = match (named, &self.connection) {
            (Json::String(id), _) | (Json::Null, Some(id)) => id,
            (Json::Null, None) => {
                return Err(Refused(
                    "name a connection, as the last argument or in the function's settings"
                        .to_owned(),
                ));
            }
            _ => return Err(Refused("a connection is named by its id, a text".to_owned())),
        };
        self.app.catalog.connection(self.workspace, id).await.map_err(refused)
    }

    async fn get_record(&self, module: &str, id: &str, at: &Json) -> Result<Json, Refused> {
        let live = self.live(at).await?;
        let entity = entities::find(&live, module).map_err(told)?;
        let ids = [id.to_owned()];
        let read = self.app.store.records(self.workspace, &live.row.id, &entity.name, &ids, &[]);
        let (found, _) = read.await.map_err(refused)?;
        Ok(found
            .into_iter()
            .next()
            .flatten()
            .map_or(Json::Null, |record| record_object(entity, &record)))
    }

    /// One page of the records that match, in the order of their creation.
    async fn search(
        &self,
        module: &str,
        criteria: &Json,
        (page, per_page): (usize, usize),
        at: &Json,
    ) -> Result<Json, Refused> {
        let wanted = page.saturating_mul(per_page);
        if PAGE_MAX < per_page || FOUND_MAX < wanted {
            return Err(Refused(format!(
                "a page has at most {PAGE_MAX} records, and the last one is the {FOUND_MAX}th"
            )));
        }
        let filter = match criteria {
            Json::String(criteria) => criteria::to_filter(criteria).map_err(Refused)?,
            filter => filter.clone(),
        };
        let live = self.live(at).await?;
        let entity = entities::find(&live, module).map_err(told)?;
        let mut search = Search {
            entity: entity.name.clone(),
            filter: read_filter(&live, entity, &filter).map_err(wrong)?,
            moment: live.moment(self.app.now()),
            sort: Vec::new(),
            limit: PAGE_MAX,
            after: None,
            paths: Vec::new(),
            count: false,
        };
        let mut found = Vec::new();
        // One search may look at few records only and have more.
        while found.len() < wanted {
            search.limit = (wanted - found.len()).min(PAGE_MAX);
            let some = self.app.store.search(self.workspace, &live.row.id, search.clone()).await;
            let some = some.map_err(refused)?;
            found.extend(some.records);
            search.after = some.next;
            if search.after.is_none() {
                break;
            }
        }
        let of_page = found.iter().skip(wanted - per_page);
        Ok(of_page.map(|record| record_object(entity, record)).collect())
    }

    async fn write(
        &self,
        module: &str,
        action: WriteAction,
        data: &Map<String, Json>,
        at: &Json,
    ) -> Result<Json, Refused> {
        let live = self.live(at).await?;
        let entity = entities::find(&live, module).map_err(told)?;
        let plan = write::plan(entity, data, Strictness::Strict, &live.zone).map_err(wrong)?;
        let write = Write {
            entity: entity.name.clone(),
            action,
            values: plan.values,
            defaults: Vec::new(),
            strictness: Strictness::Strict,
            origin: Origin::Function,
        };
        let written = self.app.store.write(self.workspace, &live.row.id, write).await;
        Ok(record_object(entity, &written.map_err(refused)?.record))
    }
}

/// A number from 1 that may be left out.
fn count(name: &str, given: &Json, default: usize) -> Result<usize, Refused> {
    match given {
        Json::Null => Ok(default),
        given => match given.as_u64().and_then(|count| usize::try_from(count).ok()) {
            Some(count) if 0 < count => Ok(count),
            _ => Err(Refused(format!("`{name}` must be a number from 1"))),
        },
    }
}

fn wrong(invalid: Vec<Invalid>) -> Refused {
    let details: Vec<String> = invalid.into_iter().map(|it| it.detail).collect();
    Refused(details.join("; "))
}

fn told(error: ApiError) -> Refused {
    Refused(error.sentence().to_owned())
}

/// What is nobody's business but the operator's is not told.
fn refused(error: StoreError) -> Refused {
    match error {
        StoreError::Invalid(invalid) => wrong(invalid),
        error @ (StoreError::Unavailable { .. } | StoreError::Defect { .. }) => {
            tracing::warn!(error = %crate::logging::Chain(&error), "a host call failed");
            Refused("the store cannot be used right now".to_owned())
        }
        error => Refused(error.to_string()),
    }
}

fn hmac(key: &str, payload: &str, encoding: &str) -> Result<Json, Refused> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map_err(|_| Refused("the key cannot be used".to_owned()))?;
    mac.update(payload.as_bytes());
    let bytes = mac.finalize().into_bytes();
    match encoding {
        "base64" => Ok(json!(STANDARD.encode(bytes))),
        "hex" => Ok(json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
        _ => Err(Refused("the encoding is `hex` or `base64`".to_owned())),
    }
}

#[async_trait]
impl Host for HubHost {
    async fn ask(&self, name: &str, arguments: &[Json]) -> Result<Json, Refused> {
        let (host, name, arguments) = (self.clone(), name.to_owned(), arguments.to_vec());
        let answering = self.runtime.spawn(async move { host.answer(&name, &arguments).await });
        AbortOnDropHandle::new(answering).await.unwrap_or_else(|error| {
            // Those that a stop cuts off are no fault of theirs.
            if error.is_panic() {
                tracing::error!(%error, "a host call panicked");
            }
            Err(Refused("the hub failed".to_owned()))
        })
    }

    fn now_ms(&self) -> i64 {
        self.app.now()
    }

    fn random(&self) -> u64 {
        random_u64()
    }
}
