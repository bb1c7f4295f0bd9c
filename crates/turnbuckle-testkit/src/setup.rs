//! What stories begin with: a connection, the app's objects, sources, endpoints.

use serde_json::{Value as Json, json};

use crate::client::Client;
use crate::sink::WebhookSink;

/// The connection of most stories, to the built-in CRM of its context.
pub const CONNECTION: &str = "acme-crm";
/// The context that it belongs to.
pub const CONTEXT: &str = "acme";

/// An endpoint as it was made.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub id: String,
    /// `whsec_…`
    pub secret: String,
    /// All that the hub told of it.
    pub view: Json,
}

/// A source as it was made.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: String,
    /// Path to post webhooks to.
    pub path: String,
    pub key: String,
}

impl Client {
    /// Makes the connection [`CONNECTION`] to the built-in CRM.
    pub async fn connect(&self) {
        self.connect_as(CONNECTION, CONTEXT).await;
    }

    /// Makes a connection to the built-in CRM.
    pub async fn connect_as(&self, connection: &str, context: &str) {
        let wanted = json!({"context": context, "connector": "native", "time_zone": "UTC"});
        self.put(&format!("/api/v1/connections/{connection}"), wanted).await.expect(201);
    }

    /// Declares the app's objects on [`CONNECTION`] and maps them as its user would.
    pub async fn declare(&self, objects: Json, mapping: Json) {
        let path = |document| format!("/api/v1/connections/{CONNECTION}/{document}");
        self.put(&path("objects"), json!({ "objects": objects })).await.success();
        self.put(&path("mapping"), json!({ "objects": mapping })).await.success();
    }

    /// Makes an endpoint at the sink; `settings` are all but its URL.
    pub async fn create_endpoint(&self, sink: &WebhookSink, mut settings: Json) -> Endpoint {
        settings["url"] = json!(sink.url());
        let answer = self.post("/api/v1/endpoints", settings).await.expect(201);
        let view = answer["endpoint"].clone();
        Endpoint { id: text(&view["id"]), secret: text(&view["secret"]), view }
    }

    /// Makes a source of [`CONNECTION`], unless `settings` name another.
    pub async fn create_source(&self, mut settings: Json) -> Source {
        for (name, value) in [("connection", CONNECTION), ("name", "site")] {
            if settings[name].is_null() {
                settings[name] = json!(value);
            }
        }
        let answer = self.post("/api/v1/sources", settings).await.expect(201);
        let key = text(&answer["source"]["keys"][0]["key"]);
        Source { id: text(&answer["source"]["id"]), path: format!("/webhooks/{key}"), key }
    }

    /// Creates a record through the records API.
    pub async fn create_record(&self, entity: &str, data: Json) -> Json {
        let answer = self.post(&records_path(entity), json!({ "data": data })).await;
        answer.expect(201)["record"].clone()
    }

    /// Updates a record through the records API.
    pub async fn update_record(&self, entity: &str, id: &str, data: Json) -> Json {
        let path = format!("{}/{id}", records_path(entity));
        self.patch(&path, json!({ "data": data })).await.expect(200)["record"].clone()
    }

    /// Deletes a record through the records API.
    pub async fn delete_record(&self, entity: &str, id: &str) {
        self.delete(&format!("{}/{id}", records_path(entity))).await.expect(204);
    }

    /// All records of an entity that a filter admits.
    pub async fn search_records(&self, entity: &str, filter: Json) -> Vec<Json> {
        let path = format!("{}/search", records_path(entity));
        let (mut found, mut cursor) = (Vec::new(), Json::Null);
        loop {
            let wanted = json!({"filter": filter, "limit": 200, "cursor": cursor});
            let page = self.post(&path, wanted).await.expect(200);
            found.extend(page["records"].as_array().expect("records are a list").iter().cloned());
            match crate::client::next_page(&page) {
                Some(next) => cursor = json!(next),
                None => return found,
            }
        }
    }
}

/// Path of an entity's records on [`CONNECTION`].
pub fn records_path(entity: &str) -> String {
    format!("/api/v1/connections/{CONNECTION}/entities/{entity}/records")
}

/// Path of an object on the universal wire of [`CONNECTION`].
pub fn object_path(object: &str) -> String {
    format!("/api/v1/crm/{CONNECTION}/objects/{object}")
}

/// A filter that admits everything.
pub fn everything() -> Json {
    json!({"all": []})
}

/// The text of a member that is text.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn text(value: &Json) -> String {
    // A closure would hide who called.
    let Some(text) = value.as_str() else { panic!("{value} is no text") };
    text.to_owned()
}

/// The `objects` of the documentation of the universal API, with its `fields`
/// and its `events` in one.
pub fn seed_objects() -> Json {
    json!({
        "opportunity": {
            "fields": {
                "document_name": {
                    "type": "string",
                    "label": "Document Name",
                    "description":
                        "The name of the document to pre-populate during document creation."
                },
                "document_tags": {
                    "type": "object",
                    "label": "Document Tags",
                    "description": "Tags to apply to the document during creation"
                }
            },
            "events": {
                "find_proposal_opportunities": {
                    "type": "search",
                    "label": "Find Opportunities in Proposal",
                    "description": "Opportunities or Deals in your CRM that are in a proposal \
                        stage and are available to have a document generated for them.",
                    "payloadSchema": {
                        "account_id": {
                            "label": "Account ID",
                            "description": "ID of the Account associated with the opportunities",
                            "type": "string"
                        }
                    }
                }
            }
        }
    })
}

/// How a user of the built-in CRM maps [`seed_objects`].
pub fn seed_mapping() -> Json {
    json!({
        "opportunity": {
            "entity": "Opportunity",
            "fields": {
                "document_name": {"column": "Title"},
                "document_tags": {"children": {}}
            },
            "events": {
                "find_proposal_opportunities": {
                    "action": "search",
                    "filter": {"all": [
                        {"column": "Stage.Name", "op": "eq", "value": "Proposal"},
                        {"column": "AccountId", "op": "eq", "payload": "account_id"}
                    ]},
                    "sort": [{"column": "Title", "descending": false}]
                }
            }
        }
    })
}
