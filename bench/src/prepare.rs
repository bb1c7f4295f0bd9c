//! Fills a stopped hub's store with more than its API takes in a short time.
//!
//! Opens the store as the server does, writes through its contracts, and closes
//! it again. What is written is what the API would have written.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use serde_json::Map;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::mapping::{EventAction, Mapping, ObjectMapping};
use turnbuckle_core::subscription::{SearchPlan, payload_identity};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::Planned;
use turnbuckle_store::Store;
use turnbuckle_store::inbound::EventFilter;
use turnbuckle_store::page::PageRequest;
use turnbuckle_store::subscription::{Followed, Subscribe};

use crate::api::{BY_EMAIL, CONNECTION, OBJECT};
use crate::ledger::{Ledger, Mark};
use crate::place::Place;

/// Leads of one company.
pub const LEADS_PER_COMPANY: u64 = 1_000;
/// Records written in one transaction.
const SLICE: u64 = 1_000;
/// Wishes under way at once, which share commits.
const UNDER_WAY: usize = 1_024;

/// The e-mail address of lead or subscription `number`; each has its own.
pub fn email(number: u64) -> String {
    format!("person.{number}@example.com")
}

/// The company of lead `number`.
pub fn company(number: u64) -> String {
    format!("Company {}", number / LEADS_PER_COMPANY)
}

/// The store of a hub that is not running.
pub struct Prepare {
    store: Arc<dyn Store>,
    workspace: WorkspaceId,
}

impl Prepare {
    pub async fn open(place: &Place) -> anyhow::Result<Self> {
        let store = place.open().await?;
        let first = store.workspaces().await?.into_iter().next();
        let workspace = first.context("the hub has made no workspace")?.id;
        Ok(Self { store, workspace })
    }

    /// Writes leads number 0 to `count`.
    pub async fn load_leads(&self, count: u64) -> anyhow::Result<()> {
        let text =
            |column: &str, text: String| (column.to_owned(), Planned::Value(Value::Text(text)));
        let lead = |number: u64| {
            vec![
                text("Contact", format!("Person {number}")),
                text("Email", email(number)),
                text("Account", company(number)),
                text("MobilePhone", format!("+1 555 {number:07}")),
            ]
        };
        for start in (0..count).step_by(SLICE as usize) {
            let leads = (start..(start + SLICE).min(count)).map(lead).collect();
            self.store.load(self.workspace, CONNECTION, "Lead", leads).await?;
        }
        Ok(())
    }

    /// Enters every stored event into the ledger of its run, as its arrival.
    pub async fn read_events_into(&self, ledgers: &[Arc<Ledger>]) -> anyhow::Result<()> {
        let mut page = PageRequest { limit: 10_000, after: None };
        loop {
            let found = self.store.events(self.workspace, &EventFilter::default(), page).await?;
            for logged in found.items {
                let mark = Mark::find(&logged.event.request.body);
                let is_its_run = |it: &&Arc<Ledger>| mark.is_some_and(|mark| mark.run == it.run());
                let ledger = ledgers.iter().find(is_its_run).or(ledgers.first());
                ledger.context("no ledger to write into")?.arrive(mark, 0);
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Subscribes to the search by e-mail with addresses number `range`.
    pub async fn subscribe(&self, range: std::ops::Range<u64>) -> anyhow::Result<()> {
        let connection = self.store.connection(self.workspace, CONNECTION).await?;
        let connection = connection.context("the hub has no connection")?;
        let schema = self.store.schema(self.workspace, CONNECTION).await?;
        let document = connection.mapping.context("the connection has no mapping")?;
        let mapping = Mapping::parse(&document).map_err(|wrong| anyhow!("{wrong:?}"))?;
        let Some(ObjectMapping::Entity(object)) = mapping.objects.get(OBJECT) else {
            anyhow::bail!("`{OBJECT}` is not mapped");
        };
        let Some(EventAction::Search { filter, .. }) = object.events.get(BY_EMAIL) else {
            anyhow::bail!("`{BY_EMAIL}` is no search");
        };
        let entity = schema.entity(&object.entity).context("no such entity")?;
        let zone = TimeZone::get(&connection.time_zone)?;
        let plan =
            SearchPlan::compile(CONNECTION, OBJECT, BY_EMAIL, filter, &schema, entity, &zone)
                .map_err(|wrong| anyhow!("{wrong:?}"))?;
        let wish = |number: u64| {
            let payload = Map::from_iter([("email".to_owned(), email(number).into())]);
            Subscribe {
                connection: CONNECTION.to_owned(),
                object: OBJECT.to_owned(),
                identity: format!("search:{BY_EMAIL}:{}", payload_identity(&payload)),
                match_keys: plan.keys_for_payload(&payload).into_iter().map(|it| it.0).collect(),
                needs_recheck: plan.needs_recheck(),
                mapping_version: connection.mapping_version,
                followed: Followed::Search { event: BY_EMAIL.to_owned(), payload },
            }
        };
        stream::iter(range)
            .map(|number| self.store.subscribe(self.workspace, wish(number)))
            .buffer_unordered(UNDER_WAY)
            .try_collect::<()>()
            .await?;
        Ok(())
    }
}
