//! Create, update and delete events: one write of one record.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use turnbuckle_core::change::Origin;
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::mapping::{EventAction, WriteSource};
use turnbuckle_core::write::{self, Strictness};
use turnbuckle_store::StoreError;
use turnbuckle_store::record::{Write, WriteAction};

use super::CrmRecordView;
use super::object::{self, incomplete};
use crate::app::App;
use crate::catalog::{LiveConnection, LiveObject};
use crate::expressions;
use crate::problem::ApiError;

/// Writes as `action` maps the payload, and answers the record after it, or
/// nothing if it was deleted. `target` is the record that the caller named.
///
/// # Errors
/// 400 with the members of the payload that cannot be written; 404 if there is
/// no such record; 409 if a unique value is taken.
pub async fn write(
    app: &App,
    workspace: WorkspaceId,
    live: &LiveConnection,
    object: &LiveObject,
    action: &EventAction,
    target: Option<&str>,
    payload: &Map<String, Json>,
) -> Result<Option<CrmRecordView>, ApiError> {
    let entity = live.schema.entity(&object.mapping.entity);
    let entity = entity.ok_or_else(|| incomplete("the CRM does not have the entity any more"))?;
    let computed = expressions::of_action(app, live, action, payload).await?;
    let input = action.write_input(payload, computed).map_err(|wrong| {
        // Fed by any of the members that the app gives, or by none.
        let shown = |it: Invalid| Invalid::new("/payload", it.to_string());
        ApiError::invalid(wrong.into_iter().map(shown).collect())
    })?;
    let plan = write::plan(entity, &input, Strictness::Strict, &live.zone)
        .map_err(|wrong| ApiError::invalid(toward_payload(wrong, action)))?;
    let id = match target {
        Some(target) => object::record_id(object, target)?.to_owned(),
        None => String::new(),
    };
    let write = Write {
        entity: entity.name.clone(),
        action: match action {
            EventAction::Create { .. } => WriteAction::Create,
            EventAction::Delete => WriteAction::Delete { id, version: None },
            _ => WriteAction::Update { id, version: None },
        },
        values: plan.values,
        defaults: Vec::new(),
        strictness: Strictness::Strict,
        origin: Origin::App,
    };
    let applied = match app.store.write(workspace, &live.row.id, write).await {
        Err(StoreError::Invalid(wrong)) => {
            return Err(ApiError::invalid(toward_payload(wrong, action)));
        }
        applied => applied?,
    };
    if *action == EventAction::Delete {
        return Ok(None);
    }
    let walked: &HashSet<ColumnPath> = &object.walked;
    let related = app
        .store
        .related(workspace, &live.row.id, &entity.name, &[&applied.record], walked)
        .await?;
    let view = CrmRecordView::render(app, live, object, &applied.record, &related).await?;
    view.map(Some).ok_or_else(|| incomplete("the CRM does not have the entity any more"))
}

/// Shows what is wrong with columns where the caller can mend it: at the member
/// of the payload that feeds the column.
fn toward_payload(wrong: Vec<Invalid>, action: &EventAction) -> Vec<Invalid> {
    let fed_by = |column: &str| match action {
        EventAction::Create { columns } | EventAction::Update { columns } => columns.get(column),
        _ => None,
    };
    let toward = |invalid: Invalid| {
        let column = invalid.path.strip_prefix('/').unwrap_or_default();
        let path = match fed_by(column) {
            Some(WriteSource::Payload(field)) => pointer("/payload", field),
            // Fed by several members, or by none that the app gives.
            _ => "/payload".to_owned(),
        };
        Invalid::new(path, invalid.detail)
    };
    wrong.into_iter().map(toward).collect()
}
