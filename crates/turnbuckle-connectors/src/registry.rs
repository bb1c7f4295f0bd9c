//! All connectors there are.

use crate::connector::Connector;
use crate::native::Native;

static DELIVERED: [&dyn Connector; 1] = [&Native];

/// The connectors of one server.
#[derive(Clone, Copy)]
pub struct Registry(&'static [&'static dyn Connector]);

impl Registry {
    /// Those that every server has.
    pub fn delivered() -> Self {
        Self(&DELIVERED)
    }

    /// Others, in tests: a provider of their own is among them.
    pub fn of(connectors: &'static [&'static dyn Connector]) -> Self {
        Self(connectors)
    }

    /// Every connector, in the order they are shown.
    pub fn all(self) -> &'static [&'static dyn Connector] {
        self.0
    }

    /// The connector whose descriptor has this slug.
    pub fn find(self, slug: &str) -> Option<&'static dyn Connector> {
        self.0.iter().copied().find(|connector| connector.descriptor().slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_connector_is_found_by_its_own_slug() {
        for connector in Registry::delivered().all() {
            let descriptor = connector.descriptor();
            let found = Registry::delivered().find(descriptor.slug).map(Connector::descriptor);
            assert_eq!(found, Some(descriptor));
        }
        assert!(Registry::delivered().find("Native").is_none());
        assert!(Registry::delivered().find("").is_none());
    }

    #[test]
    fn no_capability_is_declared_twice() {
        for connector in Registry::delivered().all() {
            let declared = connector.descriptor().capabilities;
            assert_eq!(declared.iter().collect::<HashSet<_>>().len(), declared.len());
        }
    }

    #[test]
    fn a_descriptor_is_shown_in_plain_words() {
        let shown =
            serde_json::to_value(Registry::delivered().find("native").unwrap().descriptor())
                .unwrap();
        let capabilities =
            ["describe", "get", "batch", "search", "create", "update", "delete", "changes"];
        let expected = serde_json::json!({
            "slug": "native", "display_name": "Built-in CRM",
            "short_description": "Contacts, leads, deals and orders that are kept right here.",
            "auth": "none",
            "is_native": true, "capabilities": capabilities,
        });
        assert_eq!(shown, expected);
    }
}
