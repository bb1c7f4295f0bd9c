//! The HTTP surfaces. One file per resource; each has its views, its handlers
//! and a `routes()` that both serves and documents them.
//!
//! A handler reads as three sentences: parse, ask, answer. Who may call it is
//! in its signature ([`crate::auth`]); what goes wrong is a [`crate::problem`].

pub mod authorization_pages;
pub mod bins;
pub mod changes;
pub mod connections;
pub mod connectors;
pub mod console;
pub mod contexts;
pub mod crm;
pub mod deliveries;
pub mod endpoints;
pub mod entities;
pub mod etag;
pub mod functions;
pub mod health;
pub mod idempotency;
pub mod inbound_events;
pub mod keys;
pub mod link_page;
pub mod listing;
pub mod mapping;
pub mod oauth_clients;
pub mod objects;
pub mod openapi;
pub mod pages;
pub mod platform_user;
pub mod records;
pub mod session;
pub mod settings;
pub mod sources;
pub mod statistics;
mod store_error;
pub mod stream;
pub mod subscriptions;
pub mod time;
pub mod users;
pub mod webhooks;
pub mod workspaces;
pub mod zoho;

use axum::Router;
use axum::extract::FromRef as _;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::extract::{BodyBounds, Described, refuse_undescribed, take_in_leftover};
use crate::metrics;
use crate::problem::method_not_allowed;

/// Every documented route.
pub fn documented_routes() -> OpenApiRouter<App> {
    routes_of_keys().merge(platform_user::routes())
}

/// Those that take a key set or a session, with their documentation.
fn routes_of_keys() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::document())
        .merge(bins::routes())
        .merge(changes::routes())
        .merge(connections::routes())
        .merge(connectors::routes())
        .merge(contexts::routes())
        .merge(crm::routes())
        .merge(deliveries::routes())
        .merge(endpoints::routes())
        .merge(entities::routes())
        .merge(functions::routes())
        .merge(inbound_events::routes())
        .merge(keys::routes())
        .merge(mapping::routes())
        .merge(oauth_clients::routes())
        .merge(objects::routes())
        .merge(records::routes())
        .merge(session::routes())
        .merge(settings::routes())
        .merge(sources::routes())
        .merge(statistics::routes())
        .merge(stream::routes())
        .merge(subscriptions::routes())
        .merge(users::routes())
        .merge(workspaces::routes())
}

/// The whole server.
pub fn router(app: App) -> Router {
    let (of_keys, mut document) = routes_of_keys().split_for_parts();
    let (of_browsers, description) = platform_user::routes().split_for_parts();
    document.merge(description);
    let described = Described::of(&document);
    of_browsers
        // Before the layer, which answers what browsers ask by another method.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), platform_user::origin::answer_browsers))
        .merge(of_keys)
        .layer(from_fn_with_state(app.clone(), idempotency::answer_once))
        .layer(from_fn_with_state(described, refuse_undescribed))
        .layer(from_fn(console::without_challenge))
        .merge(webhooks::routes())
        .merge(zoho::routes())
        .merge(health::routes())
        .merge(openapi::routes(document))
        .merge(console::routes())
        .merge(link_page::routes())
        .merge(authorization_pages::routes())
        .merge(platform_user::socket())
        .fallback(console::page_or_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(BodyBounds::from_ref(&app), take_in_leftover))
        .layer(from_fn_with_state(app.clone(), metrics::observe))
        .with_state(app)
}
