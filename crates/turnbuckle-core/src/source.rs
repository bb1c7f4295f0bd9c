//! Sources: URLs with a key at which others post webhooks, and what becomes of
//! what is posted.
//!
//! An inbound event is *planned* here, purely: its decoded body ([`crate::body`])
//! becomes the records to write ([`plan_event`]). Lookups, `match_on` and
//! required columns need the CRM and are judged when the plan is applied.
//!
//! Two ways lead from a body to records. The *default process* goes by names:
//! `EntityName` names the entity, every other member the column of its name. A
//! [`SourceMapping`] goes by paths into the body, headers and query.
//!
//! The rule for what a sender got wrong: a value is left out with a warning, an
//! entity fails the event. The sender cannot mend either, but a person who
//! reads the log can mend the source and replay the event.
//!
//! Who posts is checked before, by what [`crate::verify`] knows of the sender.
//!
//! Expressions of a mapping are evaluated before, on what [`event_scopes`] says.
//! A [`SourceFunction`] is called before that, if there is one; what it returns is
//! planned in the place of what was posted.

mod dedupe;
mod function;
mod mapping;
mod members;
mod path;
mod plan;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::entity::{Column, Entity, Schema, did_you_mean};
use crate::id::check_chosen_id;
use crate::invalid::{Invalid, pointer};
use crate::text::{check_line, web_origin, web_url};
use crate::verify::Verification;
use crate::write::{self, Strictness};

pub use dedupe::{DEDUPE_KEY_BYTES_MAX, Dedupe, dedupe_key};
pub(crate) use dedupe::{is_header_name, parse_body_path};
pub use function::{Runs, SourceFunction, returned_body};
pub use mapping::{ColumnSource, SourceMapping};
pub(crate) use members::Members;
pub use path::{EventPath, Scope};
pub use plan::{
    EventFailure, EventPlan, EventScopes, ITEMS_MAX, InboundRequest, Pair, PlannedRecord,
    WARNINGS_MAX, event_scopes, plan_event,
};

/// Most columns that one `match_on` compares.
pub const MATCH_COLUMNS_MAX: usize = 5;

/// What the owner of a source decides; its keys and its log are kept elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    pub name: String,
    /// The id of the connection whose CRM is written to.
    pub connection: String,
    /// The entities this source may write; `None` means the workspace's list.
    pub entities: Option<Vec<String>>,
    /// Off stores events without writing records.
    pub create_records: bool,
    pub reply: Reply,
    /// Per entity the columns whose values find the record to update.
    pub match_on: IndexMap<String, Vec<String>>,
    /// Per entity the values of columns that an event leaves empty.
    pub defaults: IndexMap<String, Map<String, Json>>,
    /// `None` is the default process.
    pub mapping: Option<SourceMapping>,
    /// What is called before records are made, or instead.
    pub function: Option<SourceFunction>,
    /// How posts prove who sent them; `None` believes whoever knows a key.
    pub verify: Option<Verification>,
    /// What makes two posts the same event. See [`SourceSettings::dedupe_in_force`].
    pub dedupe: Option<Dedupe>,
    /// Web origins whose pages may post from a browser, or `*`.
    pub origins: Vec<String>,
    /// Where a browser is sent after it posted a form.
    pub redirect: Option<Url>,
    pub rate_limit: Option<RateLimit>,
}

/// When a post is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// As soon as the event is durable.
    #[default]
    Accepted,
    /// After its records are written; the answer tells the outcome.
    Processed,
}

/// Posts beyond it are answered 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// At least 1.
    pub per_second: u32,
}

impl SourceSettings {
    /// Reads the settings as `POST /api/v1/sources` takes them.
    ///
    /// # Errors
    /// Every member that is missing, unknown or wrong, with its path. Entities
    /// and columns are judged by [`SourceSettings::check`].
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let settings = Self {
            name: members.required("name").unwrap_or_default(),
            connection: members.required("connection").unwrap_or_default(),
            entities: members.read("entities"),
            create_records: members.read("create_records").unwrap_or(true),
            reply: members.read("reply").unwrap_or_default(),
            match_on: members.read("match_on").unwrap_or_default(),
            defaults: members.read("defaults").unwrap_or_default(),
            mapping: members.parse("mapping", SourceMapping::parse),
            function: members.parse("function", SourceFunction::parse),
            verify: members.parse("verify", Verification::parse),
            dedupe: members.parse("dedupe", Dedupe::parse),
            origins: members.parse("origins", parse_origins).unwrap_or_default(),
            redirect: members.parse("redirect", parse_redirect),
            rate_limit: members.read("rate_limit"),
        };
        settings.check_shape(&mut members);
        members.finish(settings)
    }

    /// What can be judged without the CRM.
    fn check_shape(&self, members: &mut Members) {
        if members.get("name").is_some()
            && let Err(must) = check_line(&self.name, 1..=200)
        {
            members.refuse("name", format!("`name` {must}"));
        }
        if members.get("connection").is_some()
            && let Err(error) = check_chosen_id("connection", &self.connection)
        {
            members.refuse("connection", error.to_string());
        }
        if self.entities.as_ref().is_some_and(Vec::is_empty) {
            members.refuse("entities", "name an entity, or null for the list of the workspace");
        }
        if self.rate_limit.is_some_and(|limit| limit.per_second == 0) {
            members.refuse("rate_limit/per_second", "`per_second` must be at least 1");
        }
        for (entity, columns) in &self.match_on {
            if !(1..=MATCH_COLUMNS_MAX).contains(&columns.len()) {
                let detail =
                    format!("name 1 to {MATCH_COLUMNS_MAX} columns to match `{entity}` on");
                members.refuse(&pointer("match_on", entity), detail);
            }
        }
        if let Some(function) = &self.function {
            self.check_function(function, members);
        }
    }

    /// What a function does not go with: whatever would have no effect.
    fn check_function(&self, function: &SourceFunction, members: &mut Members) {
        if !self.create_records {
            let detail = "a source that only stores runs no function; to make no records leave \
                          `create_records` on and let the function run `instead`";
            members.refuse("create_records", detail);
        }
        if function.runs == Runs::Before {
            return;
        }
        let makes_records = [
            ("mapping", self.mapping.is_some()),
            ("match_on", !self.match_on.is_empty()),
            ("defaults", !self.defaults.is_empty()),
        ];
        for (name, _) in makes_records.into_iter().filter(|(_, is_set)| *is_set) {
            let detail = format!(
                "`{name}` has no effect, as the function runs instead of making records; \
                 leave it out, or let the function run `before`"
            );
            members.refuse(name, detail);
        }
    }

    /// What makes two posts the same event: what the owner says or, where a sender is
    /// verified, the id that it gives each of them, so that one cannot be played again.
    pub fn dedupe_in_force(&self) -> Option<&Dedupe> {
        self.dedupe.as_ref().or_else(|| self.verify.as_ref()?.id())
    }

    /// The document that [`SourceSettings::parse`] reads. Secrets are masked in it.
    pub fn to_json(&self) -> Json {
        json!({
            "name": self.name,
            "connection": self.connection,
            "entities": self.entities,
            "create_records": self.create_records,
            "reply": self.reply,
            "match_on": self.match_on,
            "defaults": self.defaults,
            "mapping": self.mapping.as_ref().map(SourceMapping::to_json),
            "function": self.function.as_ref().map(SourceFunction::to_json),
            "verify": self.verify.as_ref().map(Verification::to_json),
            "dedupe": self.dedupe.as_ref().map(Dedupe::to_json),
            "origins": self.origins,
            "redirect": self.redirect.as_ref().map(Url::as_str),
            "rate_limit": self.rate_limit,
        })
    }

    /// Compares entities, columns and values with the CRM as it is described now.
    pub fn check(&self, schema: &Schema) -> Vec<Invalid> {
        let mut check = Check { schema, invalid: Vec::new() };
        for (index, name) in self.entities.iter().flatten().enumerate() {
            check.entity(name, &format!("/entities/{index}"));
        }
        for (name, columns) in &self.match_on {
            let path = pointer("/match_on", name);
            let Some(entity) = check.entity(name, &path) else { continue };
            for (index, column) in columns.iter().enumerate() {
                let path = pointer(&path, index);
                match check.column(entity, column, &path) {
                    Some(found) if !found.filterable => {
                        check.refuse(&path, format!("`{column}` cannot be compared"));
                    }
                    _ => (),
                }
            }
        }
        for (name, values) in &self.defaults {
            let path = pointer("/defaults", name);
            if let Some(entity) = check.entity(name, &path) {
                check.values(entity, values, &path);
            }
        }
        if let Some(mapping) = &self.mapping {
            self.check_mapping(mapping, &mut check);
        }
        check.invalid
    }

    fn check_mapping(&self, mapping: &SourceMapping, check: &mut Check) {
        let is_admitted = |admitted: &Vec<String>| admitted.contains(&mapping.entity);
        if !self.entities.as_ref().is_none_or(is_admitted) {
            let detail = format!("`{}` is not among the `entities` of this source", mapping.entity);
            check.refuse("/mapping/entity", detail);
        }
        let Some(entity) = check.entity(&mapping.entity, "/mapping/entity") else { return };
        let path = "/mapping/columns";
        for (column, source) in &mapping.columns {
            match source {
                ColumnSource::Path(_) | ColumnSource::Expression(_) => {
                    check.column(entity, column, &pointer(path, column));
                }
                ColumnSource::Static(value) => {
                    check.values(entity, &Map::from_iter([(column.clone(), value.clone())]), path);
                }
            }
        }
    }
}

impl Serialize for SourceSettings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SourceSettings {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(deserializer)?).map_err(|invalid| {
            let details: Vec<String> = invalid.iter().map(Invalid::to_string).collect();
            serde::de::Error::custom(details.join("; "))
        })
    }
}

/// Collects what does not fit the schema.
struct Check<'a> {
    schema: &'a Schema,
    invalid: Vec<Invalid>,
}

impl<'a> Check<'a> {
    fn refuse(&mut self, path: &str, detail: String) {
        self.invalid.push(Invalid::new(path, detail));
    }

    fn entity(&mut self, name: &str, path: &str) -> Option<&'a Entity> {
        let entity = self.schema.entity(name);
        if entity.is_none() {
            let hint = did_you_mean(&self.schema.nearest_entity(name));
            self.refuse(path, format!("`{name}` is not an entity of the connection{hint}"));
        }
        entity
    }

    fn column(&mut self, entity: &'a Entity, name: &str, path: &str) -> Option<&'a Column> {
        let column = entity.column(name);
        match column {
            None => {
                let hint = did_you_mean(&entity.nearest_column(name));
                self.refuse(path, format!("`{name}` is not a column of `{}`{hint}", entity.name));
            }
            Some(column) if !column.createable && !column.updateable => {
                self.refuse(path, format!("`{name}` is set by the CRM"));
            }
            Some(_) => (),
        }
        column
    }

    fn values(&mut self, entity: &Entity, values: &Map<String, Json>, path: &str) {
        // The zone decides what a time means, not whether it is one.
        if let Err(invalid) =
            write::plan(entity, values, Strictness::Strict, &jiff::tz::TimeZone::UTC)
        {
            self.invalid.extend(invalid.into_iter().map(|invalid| invalid.under(path)));
        }
    }
}

fn parse_origins(document: &Json) -> Result<Vec<String>, Vec<Invalid>> {
    let given: Vec<String> = serde_path_to_error::deserialize(document)
        .map_err(|error| vec![Invalid::of_reading(&error)])?;
    let mut origins = Vec::new();
    let mut invalid = Vec::new();
    for (index, text) in given.iter().enumerate() {
        let any = Some(text.clone()).filter(|text| text == "*");
        match any.or_else(|| web_origin(text)) {
            Some(origin) => origins.push(origin),
            None => invalid.push(Invalid::new(
                pointer("", index),
                format!("`{text}` is not an origin: write `https://example.com`, or `*` for any"),
            )),
        }
    }
    if invalid.is_empty() { Ok(origins) } else { Err(invalid) }
}

fn parse_redirect(document: &Json) -> Result<Url, Vec<Invalid>> {
    web_url(document.as_str().unwrap_or_default())
        .map_err(|must| vec![Invalid::new("", format!("`redirect` {must}"))])
}

/// What the store keeps of a source's key. Keys are long and random, so a plain
/// hash cannot be reversed by guessing.
pub fn source_key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests;
