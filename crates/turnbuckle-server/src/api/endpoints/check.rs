//! Checks of an endpoint's settings that need to know the workspace.

use turnbuckle_connectors::native;
use turnbuckle_core::endpoint::EndpointSettings;
use turnbuckle_core::entity::{Schema, did_you_mean, nearest};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_store::StoreError;
use turnbuckle_store::page::PageRequest;
use url::Url;

use crate::app::App;
use crate::egress::EgressError;
use crate::problem::ApiError;

/// Connections whose entities are looked at, of an endpoint that hears of all.
const CONNECTIONS_MAX: usize = 1_000;

/// Answers the connection that the endpoint is bound to.
///
/// # Errors
/// 400: the URL may not be called, or connection or entities do not exist.
pub async fn check(
    app: &App,
    workspace: WorkspaceId,
    settings: &EndpointSettings,
) -> Result<Option<ConnectionNo>, ApiError> {
    let mut wrong = Vec::new();
    let mut bound_to = None;
    wrong.extend(check_url(app, &settings.url));
    match &settings.connection {
        Some(connection) => match app.catalog.connection(workspace, connection).await {
            Ok(live) => {
                bound_to = Some(live.row.no);
                let names = settings.entities.as_deref().unwrap_or_default();
                wrong.extend(unknown_entities(names, &[&live.schema]));
            }
            Err(StoreError::NotFound { .. }) => {
                let detail = format!("there is no connection `{connection}`");
                wrong.push(Invalid::new("/connection", detail));
            }
            Err(error) => return Err(error.into()),
        },
        None => {
            let names = settings.entities.as_deref().unwrap_or_default();
            wrong.extend(check_everywhere(app, workspace, names).await?);
        }
    }
    if wrong.is_empty() { Ok(bound_to) } else { Err(ApiError::invalid(wrong)) }
}

fn check_url(app: &App, url: &str) -> Option<Invalid> {
    // Core has parsed it already.
    let refusal = match Url::parse(url).map(|url| app.egress.check_url(&url)) {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error,
        Err(_) => EgressError::BadUrl { reason: "cannot be read" },
    };
    let cure = match &refusal {
        EgressError::Refused { address } => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            format!(": TURNBUCKLE_EGRESS__ALLOW_CIDRS={address}/{bits}")
        }
        _ => String::new(),
    };
    Some(Invalid::new("/url", format!("{refusal}{cure}")))
}

/// Names in `/entities` that no connection has, nor a new one would have.
pub async fn check_everywhere(
    app: &App,
    workspace: WorkspaceId,
    names: &[String],
) -> Result<Vec<Invalid>, StoreError> {
    let standard = native::standard_schema();
    if unknown_entities(names, &[&standard]).is_empty() {
        return Ok(Vec::new());
    }
    let page = PageRequest { limit: CONNECTIONS_MAX, after: None };
    let mut schemas = Vec::new();
    for connection in app.store.connections(workspace, None, page).await?.items {
        schemas.push(app.store.schema(workspace, &connection.id).await?);
    }
    let all: Vec<&Schema> =
        schemas.iter().map(|schema| &**schema).chain(std::iter::once(&standard)).collect();
    Ok(unknown_entities(names, &all))
}

fn unknown_entities(names: &[String], schemas: &[&Schema]) -> Vec<Invalid> {
    let names = names.iter().enumerate();
    let is_unknown = |name: &str| schemas.iter().all(|schema| schema.entity(name).is_none());
    let unknown = names.filter(|(_, name)| is_unknown(name)).map(|(index, name)| {
        let known = schemas.iter().flat_map(|schema| schema.entities.values());
        let meant = did_you_mean(&nearest(name, known.map(|entity| entity.name.as_str())));
        let detail = format!("there is no entity `{name}`{meant}");
        Invalid::new(pointer("/entities", index), detail)
    });
    unknown.collect()
}
