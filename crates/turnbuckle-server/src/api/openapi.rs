//! The API's description: OpenAPI 3.1 at `/api/openapi.json`, and a page at
//! `/docs` that shows it.
//!
//! Each resource describes its routes where it serves them. What is the same for
//! all is added here, once ([`complete`]): every operation may answer a problem,
//! and every `POST` with a key set takes an `Idempotency-Key`.
//!
//! The description is committed as `openapi.json`, so that a change of the API
//! is seen in review; a test compares it with the code.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use strum::VariantArray as _;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
};

use crate::api::platform_user::{self, LINK_COOKIE};
use crate::app::App;
use crate::problem::{Problem, ProblemBody, TYPE_BASE};
use crate::sign_in::SESSION_COOKIE;

/// Names of the security schemes.
const KEY_SET: &str = "key_set";
const SESSION: &str = "session";
const CONTEXT_TOKEN: &str = "context_token";
const LINK_SESSION: &str = "link_session";

/// The tags, which are the resources, in the order of the page.
const TAGS: [(&str, &str); 24] = [
    (
        "crm",
        "The universal CRM API: read, search, write and follow records in the app's own words.",
    ),
    ("connections", "One context's account at one CRM."),
    ("objects", "What the app wants to see: objects, fields and events."),
    ("mapping", "How a connection's entities and columns become the app's objects and fields."),
    ("subscriptions", "Which changes the app wishes to hear of."),
    ("entities", "The types of record that a connection has, and their columns."),
    ("records", "Records of a connection in the CRM's own words."),
    ("changes", "The change feed: catch up without webhooks."),
    ("functions", "JavaScript of the workspace, in versions, called by URL and key."),
    ("sources", "URLs with keys at which others post webhooks."),
    ("inbound-events", "The webhook log: what was received and what became of it; replay."),
    ("endpoints", "URLs that receive messages."),
    ("deliveries", "Messages on their way, and their attempts."),
    ("statistics", "What happened over time: counts and durations."),
    ("bins", "URLs that keep what they receive, to look at."),
    ("contexts", "The app's customers, and the tokens that their browsers show."),
    ("link", "The browser API: what the page of an end user may ask, of one context."),
    ("connectors", "The CRMs that can be connected."),
    ("settings", "Settings of the workspace."),
    ("keys", "Key sets: who may call, and what."),
    ("users", "People who sign in to the console."),
    ("session", "Signing in and out."),
    ("stream", "Live updates: which lists have changed."),
    ("workspaces", "Workspaces of this installation, for its operator."),
];

const DESCRIPTION: &str = "\
Joins any app to any CRM.

Call with Basic auth: the publishable key as user, the secret as password. Bodies are JSON, times \
are RFC 3339 in UTC. Listings take `limit` and `cursor` and answer a `page`. An error is \
`application/problem+json` with a stable `type`. `If-Match` with the `ETag` of a read guards \
against lost updates.";

/// What the description begins with; resources add their routes to it.
pub fn document() -> OpenApi {
    let key_set = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("A key set: the publishable key as user, the secret as password."))
        .build();
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let tags = TAGS
        .map(|(name, sentence)| TagBuilder::new().name(name).description(Some(sentence)).build());
    let session = ApiKey::Cookie(ApiKeyValue::with_description(
        SESSION_COOKIE,
        "Somebody who signed in to the console. What changes something needs the header \
         `x-turnbuckle-console` too.",
    ));
    let context_token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The token of a context, in the page of an end user."))
        .build();
    let link_session = ApiKey::Cookie(ApiKeyValue::with_description(
        LINK_COOKIE,
        "A page's session, which gets fresh tokens of its context.",
    ));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Turnbuckle")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(license))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .schema_from::<ProblemBody>()
                .security_scheme(KEY_SET, SecurityScheme::Http(key_set))
                .security_scheme(SESSION, SecurityScheme::ApiKey(session))
                .security_scheme(CONTEXT_TOKEN, SecurityScheme::Http(context_token))
                .security_scheme(LINK_SESSION, SecurityScheme::ApiKey(link_session))
                .build(),
        ))
        .security(Some([KEY_SET, SESSION].map(|it| SecurityRequirement::new(it, [""; 0]))))
        .tags(Some(tags))
        .build()
}

/// Adds what is the same for all operations.
fn complete(document: OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("a description is texts and lists");
    let kinds = Problem::VARIANTS.iter().map(|problem| format!("{TYPE_BASE}{}", problem.slug()));
    let components = &mut document["components"];
    components["schemas"]["Problem"]["properties"]["type"]["enum"] = kinds.collect();
    components["responses"]["Problem"] = json!({
        "description": "What went wrong, and the cure",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    });
    components["parameters"]["IdempotencyKey"] = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A repeat with the same key answers what the first request did, for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    });
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, operations) in paths {
        let takes_key = !platform_user::holds(path);
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let Value::Object(operation) = operation else { continue };
            complete_operation(operation, method == "post" && takes_key);
        }
    }
    document
}

fn complete_operation(operation: &mut Map<String, Value>, takes_key: bool) {
    for statuses in ["4XX", "5XX"] {
        operation["responses"][statuses] = json!({"$ref": "#/components/responses/Problem"});
    }
    if takes_key {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Value::Array(parameters) = parameters {
            parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        }
    }
}

/// The description as it is committed.
pub fn rendered() -> String {
    let (_, document) = super::documented_routes().split_for_parts();
    let text = serde_json::to_string_pretty(&complete(document));
    text.expect("a description is texts and lists") + "\n"
}

/// Serves the description and the page.
pub fn routes(document: OpenApi) -> Router<App> {
    let json = Bytes::from(complete(document).to_string());
    let page = Page::compose();
    Router::new()
        .route(
            "/api/openapi.json",
            get(async move || ([(CONTENT_TYPE, "application/json")], json.clone())),
        )
        .route("/docs", get(async move || page.clone()))
}

/// The page: one document with its style and its script in it. The policy admits
/// these two by their hashes and nothing else.
#[derive(Clone)]
struct Page {
    html: Bytes,
    policy: String,
}

impl Page {
    fn compose() -> Self {
        let style = include_str!("openapi/docs.css");
        let script = include_str!("openapi/docs.js");
        let html = include_str!("openapi/docs.html")
            .replace("/* style */", style)
            .replace("/* script */", script);
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(style),
            hash(script)
        );
        Self { html: html.into(), policy }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> axum::response::Response {
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        ([(CONTENT_SECURITY_POLICY, self.policy)], headers, self.html).into_response()
    }
}

#[cfg(test)]
mod tests;
