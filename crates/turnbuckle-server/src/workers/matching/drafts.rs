//! Message bodies that wait for their final type.
//!
//! A draft owns what its body is made of: the store may ask for the body more
//! than once, with another type when the message is merged in line.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use turnbuckle_core::change::{Change, ChangeType};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::endpoint::{Format, Module};
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::id::DeliveryId;
use turnbuckle_core::message::agile::{self, AgileFacts, LookedUp, Lookups};
use turnbuckle_core::message::{Message, MessageFacts, cloud_events, standard, universal};
use turnbuckle_core::record::{Record, Related};
use turnbuckle_store::delivery::Draft;

use crate::catalog::LiveConnection;

/// A message of format `universal`, `standard` or `cloudevents`.
pub struct ChangeDraft {
    change: Arc<Change>,
    format: Format,
    workspace: String,
    context: String,
    /// The app's object; `None` tells of the entity as it is.
    object: Option<String>,
    data: Arc<Map<String, Json>>,
}

impl ChangeDraft {
    pub fn new(
        change: &Arc<Change>,
        connection: &LiveConnection,
        format: Format,
        object: Option<String>,
        data: Arc<Map<String, Json>>,
    ) -> Self {
        Self {
            change: change.clone(),
            format,
            workspace: connection.workspace_slug.clone(),
            context: connection.row.context.clone(),
            object,
            data,
        }
    }
}

impl Draft for ChangeDraft {
    fn body(&self, id: DeliveryId, change_type: ChangeType, changed: &Changed) -> Vec<u8> {
        let facts = MessageFacts {
            webhook_id: &id.to_string(),
            workspace: &self.workspace,
            connection: &self.change.connection,
            context: &self.context,
            object: self.object.as_deref(),
            entity: &self.change.entity,
            record_id: &self.change.latest().id,
            change_id: self.change.id,
            change_type,
            origin: self.change.origin,
            at: self.change.at,
            data: &self.data,
            changed,
        };
        match self.format {
            Format::Universal => universal::message(&facts).body,
            Format::Standard | Format::Agile => standard::message(&facts).body,
            Format::CloudEvents => cloud_events::message(&facts).body,
        }
    }
}

/// A message of format `agile`.
pub struct AgileDraft {
    change: Arc<Change>,
    schema: Arc<turnbuckle_core::entity::Schema>,
    lookups: Lookups,
}

impl AgileDraft {
    pub fn new(change: &Arc<Change>, connection: &LiveConnection, related: &Related) -> Self {
        Self {
            lookups: lookups(change.latest(), &change.entity, connection, related),
            change: change.clone(),
            schema: connection.schema.clone(),
        }
    }

    /// `None` where the format has nothing to tell.
    pub fn message(&self, change_type: ChangeType, named: &Changed) -> Option<Message> {
        let written: Vec<String> = named.keys().cloned().collect();
        agile::message(&AgileFacts {
            entity: self.schema.entity(&self.change.entity)?,
            change_type,
            record: self.change.latest(),
            written: &written,
            lookups: &self.lookups,
        })
    }
}

impl Draft for AgileDraft {
    fn body(&self, _: DeliveryId, change_type: ChangeType, named: &Changed) -> Vec<u8> {
        self.message(change_type, named).map(|message| message.body).unwrap_or_default()
    }
}

/// Paths that reach the records which the agile format names.
pub fn agile_paths(module: Module) -> impl Iterator<Item = ColumnPath> {
    let walks = agile::lookup_columns(module).iter().filter_map(|it| it.strip_suffix("Id"));
    // Which column is at the end does not matter: the whole record is fetched.
    walks.map(|walk| ColumnPath { walks: vec![walk.to_owned()], column: "Id".to_owned() })
}

fn lookups(
    record: &Record,
    entity: &str,
    connection: &LiveConnection,
    related: &Related,
) -> Lookups {
    let mut found = Lookups::new();
    let Some(image) = connection.image(entity, record, related) else { return found };
    let Some(module) = agile::module(entity) else { return found };
    for column in agile::lookup_columns(module) {
        let Some(walk) = column.strip_suffix("Id") else { continue };
        let Some((target, looked_up)) = image.walk(&[walk.to_owned()]) else { continue };
        let name = looked_up.data.get(&target.display).and_then(Json::as_str).unwrap_or_default();
        let looked_up = LookedUp { number: looked_up.number, name: name.to_owned() };
        found.insert((*column).to_owned(), looked_up);
    }
    found
}
