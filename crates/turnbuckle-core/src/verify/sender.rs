//! The senders that are known by name.
//!
//! `senders.json` says how each signs, in the words of a scheme that an owner
//! declares. A sender is in it once its vector is in `testdata/verify.json`.

use serde_json::Value as Json;

use super::scheme::Scheme;

const TABLE: &str = include_str!("senders.json");

/// Every name that [`sender`] knows, sorted.
pub const SENDER_NAMES: [&str; 50] = [
    "asana",
    "attio",
    "bitbucket",
    "box",
    "cal.com",
    "calendly",
    "chargebee",
    "clickup",
    "close",
    "customer.io",
    "dataverse",
    "docusign",
    "dropbox",
    "front",
    "fusionauth",
    "fusionauth-es256",
    "fusionauth-rs256",
    "github",
    "gitlab",
    "hubspot",
    "hubspot-v1",
    "hubspot-v2",
    "intercom",
    "jira",
    "linear",
    "mailgun",
    "meta",
    "microsoft-graph",
    "monday.com",
    "paddle",
    "pipedrive",
    "plaid",
    "postmark",
    "quickbooks",
    "segment",
    "sendgrid",
    "shopify",
    "slack",
    "smartsheet",
    "square",
    "standard-webhooks",
    "standard-webhooks-ed25519",
    "stripe",
    "svix",
    "twilio",
    "typeform",
    "vonage",
    "xero",
    "zendesk",
    "zoom",
];

/// How the sender of this name signs; `None` if it is not known.
pub fn sender(name: &str) -> Option<Scheme> {
    let table: Json = serde_json::from_str(TABLE).expect("the table is JSON, by a test");
    let document = table.get(name)?;
    Some(Scheme::read(document).expect("every row of the table is a scheme, by a test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_scheme_and_has_its_name_in_the_list() {
        let table: Json = serde_json::from_str(TABLE).unwrap();
        let names: Vec<&str> = table.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, SENDER_NAMES);
        for name in names {
            let scheme = sender(name).unwrap();
            assert_eq!(Scheme::read(&scheme.to_json()).unwrap(), scheme, "{name}");
            // What an owner could not declare signs less than its body, by its maker's choice.
            let is_declarable = Scheme::parse(&scheme.to_json()).is_ok();
            let signs_no_body = ["mailgun", "monday.com"].contains(&name);
            assert_eq!(is_declarable, !signs_no_body, "{name}");
        }
    }
}
