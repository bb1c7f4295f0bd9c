//! The built-in CRM.
//!
//! Entities and columns carry the codes that Creatio's users know, because the
//! webhooks posted to us name columns by those codes. What is here is the same
//! for every workspace: the entities as delivered ([`standard_schema`]), the
//! records their lookups start with ([`standard_values()`]), the rules by which a
//! workspace adds entities and columns of its own ([`check_custom_entity`]),
//! columns that are composed of others ([`compose`]), and how all this is
//! described to a webhook sender ([`describe_for_webhooks`]).
//!
//! Ids of delivered records are the same in every installation and for ever
//! (`stable_id`): a form that posts Canada's id keeps working anywhere.
//!
//! Absent on purpose: records. Reading and writing them is the store's work.

mod composed;
mod custom_entity;
mod schema;
mod standard_values;
mod webhook_description;

use uuid::{Uuid, uuid};

pub use composed::{COMPOSED, Composed, compose};
pub use custom_entity::{
    COLUMNS_MAX, ENTITIES_MAX, LABEL_CHARS_MAX, OPTIONS_MAX, check_custom_entity,
};
pub use schema::standard_schema;
pub use standard_values::{StandardValue, standard_values};
pub use webhook_description::{
    WEBHOOK_ENTITIES, describe_for_webhooks, entities_for_webhooks, form_id,
};

use crate::auth::AuthScheme;
use crate::connector::{Capability, Connector, ProviderDescriptor};

const DESCRIPTOR: ProviderDescriptor = ProviderDescriptor {
    slug: "native",
    display_name: "Built-in CRM",
    short_description: "Contacts, leads, deals and orders that are kept right here.",
    auth: AuthScheme::None,
    is_native: true,
    capabilities: &[
        Capability::Describe,
        Capability::Get,
        Capability::Batch,
        Capability::Search,
        Capability::Create,
        Capability::Update,
        Capability::Delete,
        Capability::Changes,
    ],
};

/// The built-in CRM as a connector.
#[derive(Debug)]
pub struct Native;

impl Connector for Native {
    fn descriptor(&self) -> &'static ProviderDescriptor {
        &DESCRIPTOR
    }
}

/// The namespace of all ids derived from names. Changing it changes every one.
const NAMESPACE: Uuid = uuid!("90af8c96-4dab-4e14-8802-17d6a0311c89");

/// The id of the delivered thing that `key` names within `kind`.
fn stable_id(kind: &str, key: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}/{key}").as_bytes())
}
