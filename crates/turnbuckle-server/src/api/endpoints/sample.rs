//! The sample message that tests an endpoint: what a change, or a notice, would
//! look like in its format, about a record that does not exist.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use turnbuckle_connectors::native;
use turnbuckle_core::change::{ChangeType, Origin};
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::endpoint::{EndpointSettings, Format, Module, Scope};
use turnbuckle_core::id::{ChangeId, DeliveryId, UnixMs, WorkspaceId};
use turnbuckle_core::message::agile::{self, AgileFacts, Lookups};
use turnbuckle_core::message::notice::{ConnectionFacts, Notice};
use turnbuckle_core::message::{MessageFacts, cloud_events, standard, universal};
use turnbuckle_core::record::Record;
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::Draft;

use crate::app::App;
use crate::notices;

/// What a delivery of a sample names as its object.
pub const OBJECT: &str = "test";

const RECORD_ID: &str = "00000000-0000-7000-8000-000000000000";

struct SampleDraft {
    settings: EndpointSettings,
    workspace: String,
    change: ChangeId,
    at: UnixMs,
}

/// Prepares the sample for an endpoint with these settings.
pub async fn draft(
    app: &App,
    workspace: WorkspaceId,
    settings: EndpointSettings,
) -> Result<Arc<dyn Draft>, StoreError> {
    let workspace = notices::slug(app, workspace).await?;
    Ok(Arc::new(SampleDraft { settings, workspace, change: ChangeId(app.mint()), at: app.now() }))
}

impl Draft for SampleDraft {
    fn body(&self, id: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        let webhook_id = id.to_string();
        if self.settings.scope == Scope::Notices {
            let (connector, context) = ("native", "test");
            let facts = ConnectionFacts { connector, context, connection: self.connection() };
            let notice = Notice::ConnectionEnabled(facts).facts(&self.workspace, self.at);
            return notice.message(self.settings.format, &webhook_id).body;
        }
        match self.settings.format {
            Format::Agile => self.agile(),
            Format::Universal => self.with_facts(&webhook_id, |it| universal::message(it).body),
            Format::Standard => self.with_facts(&webhook_id, |it| standard::message(it).body),
            Format::CloudEvents => {
                self.with_facts(&webhook_id, |it| cloud_events::message(it).body)
            }
        }
    }
}

impl SampleDraft {
    fn connection(&self) -> &str {
        self.settings.connection.as_deref().unwrap_or("test")
    }

    fn change_type(&self) -> ChangeType {
        self.settings.types.first().copied().unwrap_or(ChangeType::Create)
    }

    fn with_facts(&self, webhook_id: &str, render: fn(&MessageFacts<'_>) -> Vec<u8>) -> Vec<u8> {
        let entities = self.settings.entities.as_ref();
        let entity = entities.and_then(|it| it.first()).map_or("Contact", String::as_str);
        let data = members(json!({"message": "This is a test; no record was changed."}));
        render(&MessageFacts {
            webhook_id,
            workspace: &self.workspace,
            connection: self.connection(),
            context: "test",
            object: (self.settings.scope == Scope::Subscriptions).then_some(OBJECT),
            entity,
            record_id: RECORD_ID,
            change_id: self.change,
            change_type: self.change_type(),
            origin: Origin::Crm,
            at: self.at,
            data: &data,
            changed: &Changed::new(),
        })
    }

    fn agile(&self) -> Vec<u8> {
        let module = self.settings.modules.first().copied().unwrap_or(Module::Contact);
        let data = match module {
            Module::Contact => json!({
                "Name": "Test Contact", "GivenName": "Test", "Surname": "Contact",
                "Email": "test@example.com"
            }),
            Module::Deal => json!({"Title": "Test deal"}),
        };
        let record = Record {
            id: RECORD_ID.to_owned(),
            number: 1,
            version: 1,
            created_at: self.at,
            updated_at: self.at,
            data: Arc::new(members(data)),
        };
        let schema = native::standard_schema();
        let message = schema.entity(module.entity()).and_then(|entity| {
            agile::message(&AgileFacts {
                entity,
                change_type: self.change_type(),
                record: &record,
                written: &record.data.keys().cloned().collect::<Vec<_>>(),
                lookups: &Lookups::new(),
            })
        });
        message.map(|message| message.body).unwrap_or_default()
    }
}

fn members(object: Json) -> Map<String, Json> {
    match object {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}
