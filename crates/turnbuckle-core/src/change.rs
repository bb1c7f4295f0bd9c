//! Changes: one create, update or delete of a record in a CRM.

use serde::{Deserialize, Serialize};

use crate::id::{ChangeId, ConnectionNo, UnixMs, WorkspaceId};
use crate::record::Record;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChangeType {
    Create,
    Update,
    Delete,
}

/// Who made a change. An endpoint may drop the app's own ([`Origin::App`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Origin {
    /// The workspace's app, through the universal API.
    App,
    /// An inbound event.
    Source,
    /// The records API or a person at the console.
    Records,
    /// The CRM itself: somebody worked in it.
    Crm,
    /// A function of the workspace.
    Function,
}

/// One create, update or delete, with the record before and after it where known.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub id: ChangeId,
    pub workspace: WorkspaceId,
    /// The connection's id as the app chose it.
    pub connection: String,
    pub connection_no: ConnectionNo,
    pub entity: String,
    pub change_type: ChangeType,
    pub origin: Origin,
    pub at: UnixMs,
    /// `None` on create, and where a CRM does not tell.
    pub before: Option<Record>,
    /// `None` on delete.
    pub after: Option<Record>,
    /// Of an update, the columns that the write named, changed or not.
    pub written: Vec<String>,
}

impl Change {
    /// The record as it last was known: after, or on delete before.
    pub fn latest(&self) -> &Record {
        self.after
            .as_ref()
            .or(self.before.as_ref())
            .expect("a change has at least one image of its record")
    }
}
