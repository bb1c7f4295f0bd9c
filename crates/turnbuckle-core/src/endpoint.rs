//! Endpoints: the URLs that receive messages, and what each wants to hear.
//!
//! [`EndpointSettings`] is what its owner decides. Secrets and keys, the status
//! and the state of the lane are the store's; the two meet in the worker that
//! delivers. How settings are read and shown is in [`document`].

pub mod document;

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;

use crate::change::{Change, ChangeType, Origin};
use crate::retry::RetrySchedule;

/// The shape of an endpoint's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    Universal,
    Agile,
    Standard,
    CloudEvents,
}

impl Format {
    /// The media type of its messages.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Universal | Self::Agile | Self::Standard => "application/json",
            Self::CloudEvents => "application/cloudevents+json",
        }
    }
}

/// Which happenings an endpoint hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// Changes that the app subscribed to.
    Subscriptions,
    /// Every change of the named connection and entities.
    Changes,
    /// What happens to the hub itself: connections, schemas, endpoints.
    Notices,
}

/// The part of a CRM that an endpoint of format `agile` hears of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Module {
    Contact,
    Deal,
}

impl Module {
    pub fn entity(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::Deal => "Opportunity",
        }
    }
}

/// Which answers of the receiver count as success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, strum::IntoStaticStr)]
pub enum Success {
    #[strum(serialize = "2xx")]
    Any2xx,
    #[strum(serialize = "204")]
    Only204,
}

/// What to do with changes that the app itself made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum OwnChanges {
    Send,
    Drop,
}

/// The bearer token that a receiver knows us by. `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What the owner of an endpoint decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSettings {
    /// `http` or `https`, without user information; as it was given.
    pub url: String,
    /// For people; may be empty.
    pub description: String,
    pub format: Format,
    /// Sent as `Authorization: Bearer …`; kept apart from the document.
    pub token: Option<Token>,
    pub scope: Scope,
    /// `None` hears of all connections of the workspace.
    pub connection: Option<String>,
    /// `None` hears of all entities; always so in format `agile`, where
    /// `modules` says it.
    pub entities: Option<Vec<String>>,
    /// Empty in formats other than `agile`.
    pub modules: Vec<Module>,
    pub types: Vec<ChangeType>,
    pub success: Success,
    /// Merge changes of a record that wait (see [`crate::coalesce`]).
    pub coalesce: bool,
    pub own_changes: OwnChanges,
    /// Sign with an Ed25519 key too.
    pub ed25519: bool,
    /// `None` follows the default.
    pub retry_schedule: Option<RetrySchedule>,
    /// Of a whole attempt, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Sent with every attempt, beside our own; kept apart from the document, as the token is.
    pub headers: IndexMap<String, String>,
}

/// What an endpoint needs to know of a change to want it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeFacts<'a> {
    pub connection: &'a str,
    pub entity: &'a str,
    /// As it will be told: entering a subscribed search is an update.
    pub change_type: ChangeType,
    pub origin: Origin,
}

impl<'a> From<&'a Change> for ChangeFacts<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            connection: &change.connection,
            entity: &change.entity,
            change_type: change.change_type,
            origin: change.origin,
        }
    }
}

impl EndpointSettings {
    /// Says whether a change is for this endpoint; in scope `subscriptions`
    /// a subscription has to match as well.
    pub fn wants(&self, change: ChangeFacts<'_>) -> bool {
        self.scope != Scope::Notices
            && self.types.contains(&change.change_type)
            && (self.own_changes == OwnChanges::Send || change.origin != Origin::App)
            && self.connection.as_ref().is_none_or(|connection| connection == change.connection)
            && self.wants_entity(change.entity)
    }

    fn wants_entity(&self, entity: &str) -> bool {
        if self.format == Format::Agile {
            return self.modules.iter().any(|module| module.entity() == entity);
        }
        self.entities.as_ref().is_none_or(|entities| entities.iter().any(|it| it == entity))
    }

    /// Says whether an answer with this HTTP status ends the delivery.
    pub fn is_success(&self, status: u16) -> bool {
        match self.success {
            Success::Any2xx => (200..300).contains(&status),
            Success::Only204 => status == 204,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn endpoint(mut given: Json) -> EndpointSettings {
        given["url"] = json!("https://app.example/hooks");
        EndpointSettings::parse(&given).unwrap()
    }

    const CHANGE: ChangeFacts<'static> = ChangeFacts {
        connection: "acme-crm",
        entity: "Contact",
        change_type: ChangeType::Update,
        origin: Origin::Crm,
    };

    #[track_caller]
    fn check(settings: Json, change: ChangeFacts<'_>, expect: bool) {
        assert_eq!(endpoint(settings).wants(change), expect);
    }

    #[test]
    fn an_endpoint_without_conditions_wants_every_change() {
        check(json!({}), CHANGE, true);
        check(json!({"scope": "changes"}), CHANGE, true);
        check(json!({"scope": "notices"}), CHANGE, false);
    }

    #[test]
    fn every_condition_must_hold() {
        check(json!({"connection": "acme-crm"}), CHANGE, true);
        check(json!({"connection": "other"}), CHANGE, false);
        check(json!({"entities": ["Lead", "Contact"]}), CHANGE, true);
        check(json!({"entities": ["Lead"]}), CHANGE, false);
        check(json!({"types": ["update"]}), CHANGE, true);
        check(json!({"types": ["create", "delete"]}), CHANGE, false);
        check(json!({"connection": "acme-crm", "types": ["create"]}), CHANGE, false);
    }

    #[test]
    fn own_changes_are_those_of_the_app() {
        let own = ChangeFacts { origin: Origin::App, ..CHANGE };
        check(json!({}), own, true);
        check(json!({"own_changes": "drop"}), own, false);
        for origin in [Origin::Source, Origin::Records, Origin::Crm] {
            check(json!({"own_changes": "drop"}), ChangeFacts { origin, ..CHANGE }, true);
        }
    }

    #[test]
    fn agile_hears_of_its_modules_only() {
        let deal = ChangeFacts { entity: "Opportunity", ..CHANGE };
        let lead = ChangeFacts { entity: "Lead", ..CHANGE };
        check(json!({"format": "agile"}), CHANGE, true);
        check(json!({"format": "agile"}), deal, true);
        check(json!({"format": "agile"}), lead, false);
        check(json!({"format": "agile", "modules": ["deal"]}), CHANGE, false);
        check(json!({"format": "agile", "modules": ["deal"]}), deal, true);
    }

    #[test]
    fn success_is_2xx_or_204_alone() {
        let (any, only) = (endpoint(json!({})), endpoint(json!({"success": "204"})));
        for (status, is_any, is_only) in
            [(200, true, false), (204, true, true), (299, true, false), (199, false, false)]
        {
            assert_eq!((any.is_success(status), only.is_success(status)), (is_any, is_only));
        }
        assert!(!any.is_success(300) && !any.is_success(410));
    }
}
