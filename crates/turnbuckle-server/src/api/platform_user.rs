//! The browser API: what an end user's page may ask, of one context.
//!
//! Link calls it, and the published client `xkit.js`, whose words its paths and views keep. A
//! caller shows the token of a context ([`crate::context_token`]) and reaches that context's
//! connections; any other id is not found. Pages of other origins than those of the workspace
//! are refused, and browsers are told so ([`origin`]).
//!
//! The app's objects come from its page and are in force when the user has finished: until then
//! everything is a draft.

mod authorizations;
mod caller;
mod connections;
mod connectors;
mod crm_mapping;
mod entities;
mod link;
pub mod origin;
mod platform;
mod sample;
mod session;
mod socket;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub use caller::OfContext;
pub use session::LINK_COOKIE;

/// What all its paths begin with.
pub const PATH: &str = "/api/platform_user";

/// Whether a path is one of the browser API.
pub fn holds(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.starts_with('/'))
}

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(session::begin_link_session, session::end_link_session))
        .routes(routes!(session::renew_context_token))
        .routes(routes!(session::get_link_session))
        .routes(routes!(session::create_ticket))
        .routes(routes!(platform::get_platform))
        .routes(routes!(connectors::list_link_connectors))
        .routes(routes!(connectors::get_link_connector))
        .routes(routes!(connectors::list_connectors_of_platform))
        .routes(routes!(connectors::get_connector_of_platform))
        .routes(routes!(connections::list_link_connections))
        .routes(routes!(
            connections::connect,
            connections::get_connection_of_connector,
            connections::disconnect_of_connector
        ))
        .routes(routes!(connections::get_link_connection, connections::disconnect))
        .routes(routes!(authorizations::get_authorization))
        .routes(routes!(authorizations::put_authorization_fields))
        .routes(routes!(entities::list_link_entities))
        .routes(routes!(entities::get_link_entity))
        .routes(routes!(crm_mapping::set_up_crm))
        .routes(routes!(crm_mapping::list_api_objects))
        .routes(routes!(crm_mapping::get_api_object))
        .routes(routes!(crm_mapping::get_crm_mapping, crm_mapping::save_crm_mapping))
        .routes(routes!(link::get_link, link::finish_link))
        .routes(routes!(link::check_link_objects))
        .routes(routes!(link::save_link_draft))
        .routes(routes!(sample::preview_link))
        .routes(routes!(sample::search_link))
}

/// The socket, which is no call of the API.
pub fn socket() -> Router<App> {
    Router::new().route("/socket/websocket", get(socket::open))
}
