//! Tells endpoints of scope `notices` what happens to the hub itself.
//!
//! A notice is a message like any other: stored first, then delivered, retried,
//! held while its endpoint is paused. Nothing waits for it, and what it tells of
//! has happened whether or not it can be stored: a failure is logged only.

use std::sync::Arc;

use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::endpoint::{EndpointSettings, Format, Scope};
use turnbuckle_core::id::{DeliveryId, EndpointId, WorkspaceId};
use turnbuckle_core::message::notice::{ConnectionFacts, Notice, NoticeFacts};
use turnbuckle_store::StoreError;
use turnbuckle_store::delivery::Draft;

use crate::app::App;
use crate::logging::Chain;

/// What a delivery of a notice names as its object.
pub const NOTICE_OBJECT: &str = "notice";

struct NoticeDraft {
    facts: Arc<NoticeFacts>,
    format: Format,
}

impl Draft for NoticeDraft {
    fn body(&self, id: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        self.facts.message(self.format, &id.to_string()).body
    }
}

/// Stores a notice for every endpoint that wants it, and has it sent.
pub async fn emit(app: &App, workspace: WorkspaceId, notice: Notice<'_>) {
    let event_type = notice.event_type();
    if let Err(error) = store(app, workspace, &notice).await {
        tracing::error!(event_type, error = %Chain(&error), "a notice could not be stored");
    }
}

async fn store(app: &App, workspace: WorkspaceId, notice: &Notice<'_>) -> Result<(), StoreError> {
    let endpoints = app.catalog.endpoints(workspace).await?;
    let facts = Arc::new(notice.facts(&slug(app, workspace).await?, app.now()));
    for endpoint in endpoints.iter().filter(|it| wants(&it.settings, it.id, notice)) {
        let draft = NoticeDraft { facts: facts.clone(), format: endpoint.settings.format };
        let draft = Arc::new(draft);
        let stored = app.store.store_message(workspace, endpoint.id, NOTICE_OBJECT, draft).await?;
        app.lanes.enqueue(vec![stored]);
    }
    Ok(())
}

/// The slug of a workspace, which messages name it by; empty once it is gone.
pub async fn slug(app: &App, workspace: WorkspaceId) -> Result<String, StoreError> {
    let workspaces = app.store.workspaces().await?;
    let slug = workspaces.into_iter().find(|it| it.id == workspace).map(|it| it.slug);
    Ok(slug.unwrap_or_default())
}

fn wants(settings: &EndpointSettings, id: EndpointId, notice: &Notice<'_>) -> bool {
    let is_of = |facts: &ConnectionFacts<'_>| {
        settings.connection.as_ref().is_none_or(|connection| connection == facts.connection)
    };
    settings.scope == Scope::Notices
        && match notice {
            Notice::ConnectionEnabled(facts)
            | Notice::ConnectionDisabled(facts)
            | Notice::ConnectionErrored(facts) => is_of(facts),
            Notice::SchemaChanged { connection, entities } => {
                let is_named = |wanted: &Vec<String>| wanted.iter().any(|it| entities.contains(it));
                is_of(connection) && settings.entities.as_ref().is_none_or(is_named)
            }
            // To tell an endpoint that it hears nothing any more is no use.
            Notice::EndpointDisabled { endpoint, .. } => *endpoint != id,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use turnbuckle_core::id::Minter;

    use super::*;

    #[track_caller]
    fn check(given: Json, notice: &Notice<'_>, expect: bool) {
        let mut document = json!({"url": "https://app.example/hooks", "scope": "notices"});
        turnbuckle_core::merge_patch::merge_patch(&mut document, given.clone());
        let settings = EndpointSettings::parse(&document).unwrap();
        let id = EndpointId(Minter::default().mint(1, 1));
        assert_eq!(wants(&settings, id, notice), expect, "{given}");
    }

    #[test]
    fn notices_go_where_they_are_wanted() {
        let facts = ConnectionFacts { connector: "native", context: "acme", connection: "crm" };
        let enabled = Notice::ConnectionEnabled(facts);
        check(json!({}), &enabled, true);
        check(json!({"scope": "changes"}), &enabled, false);
        check(json!({"scope": "subscriptions"}), &enabled, false);
        check(json!({"connection": "crm"}), &enabled, true);
        check(json!({"connection": "other"}), &enabled, false);

        let entities = ["Lead".to_owned()];
        let schema = Notice::SchemaChanged { connection: facts, entities: &entities };
        check(json!({"entities": ["Lead", "Contact"]}), &schema, true);
        check(json!({"entities": ["Contact"]}), &schema, false);
    }

    #[test]
    fn an_endpoint_is_not_told_of_its_own_end() {
        let url = "https://app.example/hooks";
        let minter = Minter::default();
        let disabled = |endpoint| Notice::EndpointDisabled { endpoint, url, reason: "gone" };
        check(json!({}), &disabled(EndpointId(minter.mint(1, 1))), false);
        check(json!({}), &disabled(EndpointId(minter.mint(1, 2))), true);
        check(json!({"connection": "crm"}), &disabled(EndpointId(minter.mint(1, 2))), true);
    }
}
