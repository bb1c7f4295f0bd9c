//! Where an object stands on a connection: declared, mapped, opted out of.

use serde_json::{Map, Value as Json};
use turnbuckle_core::entity::did_you_mean;
use turnbuckle_core::mapping::{EventAction, ObjectMapping};
use turnbuckle_core::object::{EventDeclaration, ObjectDeclaration};
use turnbuckle_core::record::parse_universal_id;

use crate::catalog::{LiveConnection, LiveObject};
use crate::problem::{ApiError, Problem};

/// A declared object that can be used.
pub enum Standing<'a> {
    /// The user shows nothing of this kind.
    OptedOut,
    Mapped(&'a LiveObject),
}

/// # Errors
/// 404 if the app did not declare the object; 409 if nobody can use it now.
pub fn standing<'a>(live: &'a LiveConnection, slug: &str) -> Result<Standing<'a>, ApiError> {
    declared(live, slug)?;
    usable(live)?;
    if let Some(object) = live.mapped(slug) {
        return Ok(Standing::Mapped(object));
    }
    match live.mapping.objects.get(slug) {
        Some(ObjectMapping::OptedOut) => Ok(Standing::OptedOut),
        Some(ObjectMapping::Entity(mapping)) => Err(incomplete(format!(
            "`{slug}` is mapped to `{}`, which the CRM does not have any more; map it again",
            mapping.entity
        ))),
        None => Err(incomplete(format!(
            "`{slug}` is declared but not mapped to an entity of the CRM; the mapping of the \
             connection says which one"
        ))),
    }
}

/// # Errors
/// 404
pub fn declared<'a>(
    live: &'a LiveConnection,
    slug: &str,
) -> Result<&'a ObjectDeclaration, ApiError> {
    live.objects.get(slug).ok_or_else(|| {
        let meant = did_you_mean(&live.objects.nearest(slug));
        let detail = format!("`{slug}` is not declared on connection `{}`{meant}", live.row.id);
        ApiError::new(Problem::ObjectNotFound, detail)
    })
}

/// The event of an object that the app declared.
///
/// # Errors
/// 404
pub fn event<'a>(
    live: &'a LiveConnection,
    object: &str,
    slug: &str,
) -> Result<&'a EventDeclaration, ApiError> {
    let events = &declared(live, object)?.events;
    events.get(slug).ok_or_else(|| {
        let near = turnbuckle_core::entity::nearest(slug, events.keys().map(String::as_str));
        let detail = format!("`{slug}` is not an event of `{object}`{}", did_you_mean(&near));
        ApiError::new(Problem::EventNotFound, detail)
    })
}

/// # Errors
/// 400 with each member of the payload that is wrong.
pub fn check_payload(
    event: &EventDeclaration,
    payload: &Map<String, Json>,
) -> Result<(), ApiError> {
    let wrong = event.check_payload(payload);
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(wrong)) }
}

/// What the user chose for an event.
///
/// # Errors
/// 409 while they have not.
pub fn action<'a>(object: &'a LiveObject, event: &str) -> Result<&'a EventAction, ApiError> {
    object.mapping.events.get(event).ok_or_else(|| {
        let object = &object.slug;
        incomplete(format!("`{event}` of `{object}` has no action in the connection's mapping"))
    })
}

/// The record that an id of the universal wire names, if it is of the object's entity.
///
/// # Errors
/// 404
pub fn record_id<'a>(object: &LiveObject, text: &'a str) -> Result<&'a str, ApiError> {
    match parse_universal_id(text) {
        Some((entity, id)) if entity == object.mapping.entity => Ok(id),
        _ => Err(record_not_found(text)),
    }
}

pub fn record_not_found(text: &str) -> ApiError {
    ApiError::new(Problem::RecordNotFound, format!("no record `{text}`"))
}

pub fn incomplete(detail: impl Into<String>) -> ApiError {
    ApiError::new(Problem::MappingIncomplete, detail)
}

fn usable(live: &LiveConnection) -> Result<(), ApiError> {
    let Some(error) = &live.row.error else { return Ok(()) };
    let detail =
        format!("{error}; its context has to authorise connection `{}` again", live.row.id);
    Err(ApiError::new(Problem::ConnectionInError, detail))
}
