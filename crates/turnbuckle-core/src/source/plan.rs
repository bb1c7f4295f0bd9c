//! From one inbound event to the records it asks for.

use std::borrow::Cow;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use super::SourceSettings;
use super::mapping::{ColumnSource, SourceMapping};
use super::path::Scope;
use crate::body::Body;
use crate::entity::{Entity, Schema, did_you_mean};
use crate::expression::{Computed, is_true};
use crate::invalid::{Invalid, pointer};
use crate::write::{self, PlannedValues, Strictness, WritePlan};

/// Most records that one event may ask for.
pub const ITEMS_MAX: usize = 1_000;

/// Most warnings of one event; the rest are only counted.
pub const WARNINGS_MAX: usize = 100;

/// Longest name that is compared with column names, in bytes. Senders choose
/// the names, and comparing takes time in proportion.
const COMPARED_NAME_BYTES_MAX: usize = 100;

/// The reserved member that names the entity.
const ENTITY_NAME: &str = "EntityName";

/// A header or a parameter of the query: its name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// One webhook as it was received, decoded.
#[derive(Debug, Clone, Copy)]
pub struct InboundRequest<'a> {
    pub body: &'a Body,
    pub headers: &'a [Pair<'a>],
    pub query: &'a [Pair<'a>],
    pub received_at: jiff::Timestamp,
}

/// What one event asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPlan {
    /// The records to write, in the order of the items. Empty is a success:
    /// the event is done and stored. One wrong item fails the whole event, so
    /// that a replay after the repair is not half done already.
    pub writes: Result<Vec<PlannedRecord>, EventFailure>,
    /// What was left out, for the event's log. Paths are pointers to columns,
    /// behind the item's index where the event has several items. At most
    /// [`WARNINGS_MAX`], and one that counts the rest.
    pub warnings: Vec<Invalid>,
}

/// One record to create or update.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRecord {
    /// Position of the item in the event, from 0. With the event's id it names
    /// the record that a retry or a replay updates.
    pub item_index: u32,
    pub entity: String,
    /// Its warnings are in [`EventPlan::warnings`].
    pub plan: WritePlan,
    /// What columns get that the event leaves empty, where the record holds nothing either.
    pub defaults: PlannedValues,
    /// Columns whose values find the record to update; none always creates.
    pub match_on: Vec<String>,
}

/// Why nothing of an event can be written. Shown in the webhook log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventFailure {
    #[error("the webhook names no entity: add `EntityName` or give the source a mapping")]
    NoEntity,
    #[error("`EntityName` must be the code of an entity, as text")]
    EntityNotText,
    #[error("`{given}` is not an entity of the connection{}", did_you_mean(nearest))]
    UnknownEntity { given: String, nearest: Option<String> },
    #[error("this source does not admit `{entity}`; it admits {admitted}")]
    NotAdmitted { entity: String, admitted: String },
    #[error("the body is {given}: an object or a list of objects can become records")]
    NotAnObject { given: &'static str },
    #[error("`{path}` is {given}, and `each` needs a list")]
    NotAList { path: String, given: &'static str },
    #[error("`when` has no value: {reason}")]
    When { reason: String },
    #[error("the webhook holds {count} items; at most {ITEMS_MAX} are taken")]
    TooManyItems { count: usize },
    /// One of several items is wrong.
    #[error("item {item_index}: {failure}")]
    Item { item_index: u32, failure: Box<EventFailure> },
}

/// What the expressions of a source's mapping are to be evaluated on: objects whose
/// members are the names in scope.
#[derive(Debug, Clone, PartialEq)]
pub struct EventScopes {
    /// What all items have.
    pub shared: Json,
    /// What each item has besides, in the order of the items.
    pub items: Vec<Json>,
}

/// `None` if there are no expressions, or nothing is made of the event.
pub fn event_scopes(
    settings: &SourceSettings,
    request: &InboundRequest<'_>,
) -> Option<EventScopes> {
    let mapping = settings.mapping.as_ref().filter(|_| settings.create_records)?;
    if !mapping.has_expressions() {
        return None;
    }
    let scope = Scope { request, item: None };
    let items = match &mapping.each {
        None => vec![json!({})],
        Some(each) => match each.find(&scope).as_deref() {
            Some(Json::Array(elements)) if elements.len() <= ITEMS_MAX => (0..)
                .zip(elements)
                .map(|(index, item): (u32, _)| json!({ "item": item, "index": index }))
                .collect(),
            // Planning says what is wrong with it.
            _ => Vec::new(),
        },
    };
    Some(EventScopes { shared: scope.to_json(), items })
}

/// Plans the records of one event. `computed` is what the expressions of the mapping came
/// to for each item of [`event_scopes`].
///
/// `admitted_entities` is the source's list or, where it has none, the
/// workspace's. `zone` is the connection's: a time without an offset is read in it.
pub fn plan_event(
    settings: &SourceSettings,
    schema: &Schema,
    admitted_entities: &[String],
    request: &InboundRequest<'_>,
    zone: &TimeZone,
    computed: &[Vec<Computed>],
) -> EventPlan {
    let mut planner = Planner {
        settings,
        schema,
        admitted_entities,
        request,
        zone,
        computed,
        warnings: Vec::new(),
        unnamed_count: 0,
    };
    let writes = match &settings.mapping {
        _ if !settings.create_records => Ok(Vec::new()),
        Some(mapping) => planner.plan_mapped(mapping),
        None => planner.plan_by_name(),
    };
    EventPlan { writes, warnings: planner.into_warnings() }
}

struct Planner<'a> {
    settings: &'a SourceSettings,
    schema: &'a Schema,
    admitted_entities: &'a [String],
    request: &'a InboundRequest<'a>,
    zone: &'a TimeZone,
    computed: &'a [Vec<Computed>],
    warnings: Vec<Invalid>,
    /// Warnings beyond [`WARNINGS_MAX`].
    unnamed_count: usize,
}

/// An item's position, and how warnings about it begin.
struct Item {
    index: u32,
    path: String,
}

impl Item {
    /// The only one of its event.
    fn only() -> Self {
        Self { index: 0, path: String::new() }
    }

    fn of_many(index: u32) -> Self {
        Self { index, path: pointer("", index) }
    }
}

impl<'a> Planner<'a> {
    /// The default process: names match.
    fn plan_by_name(&mut self) -> Result<Vec<PlannedRecord>, EventFailure> {
        let elements = match &self.request.body.value {
            Json::Object(members) => {
                return self.plan_members(&Item::only(), members).map(|record| vec![record]);
            }
            Json::Array(elements) => elements,
            other => return Err(EventFailure::NotAnObject { given: kind(other) }),
        };
        let mut records = Vec::new();
        for (index, element) in numbered(elements)? {
            let item = Item::of_many(index);
            let Some(members) = element.as_object() else {
                let detail = format!("{} was left out: only objects become records", kind(element));
                self.warn(|| Invalid::new(item.path, detail));
                continue;
            };
            let record = self.plan_members(&item, members).map_err(|failure| {
                EventFailure::Item { item_index: index, failure: Box::new(failure) }
            })?;
            records.push(record);
        }
        if records.is_empty() { Err(EventFailure::NoEntity) } else { Ok(records) }
    }

    fn plan_members(
        &mut self,
        item: &Item,
        members: &Map<String, Json>,
    ) -> Result<PlannedRecord, EventFailure> {
        let entity = match members.get(ENTITY_NAME) {
            None | Some(Json::Null) => return Err(EventFailure::NoEntity),
            Some(Json::String(name)) if name.is_empty() => return Err(EventFailure::NoEntity),
            Some(Json::String(name)) => self.admitted(name)?,
            Some(_) => return Err(EventFailure::EntityNotText),
        };
        let given = members.iter().filter(|(name, _)| *name != ENTITY_NAME);
        let is_column = |name: &String| entity.column(name).is_some();
        for (name, _) in given.clone().filter(|(name, _)| !is_column(name)) {
            self.warn_of_unknown(item, entity, name);
        }
        Ok(self.plan_record(item, entity, given.filter(|(name, _)| is_column(name))))
    }

    fn plan_mapped(
        &mut self,
        mapping: &'a SourceMapping,
    ) -> Result<Vec<PlannedRecord>, EventFailure> {
        let entity = self.admitted(&mapping.entity)?;
        let scope = Scope { request: self.request, item: None };
        // What does not depend on the item is looked up once, not a thousand times.
        let shared: IndexMap<&str, Option<Cow<Json>>> = mapping
            .columns
            .iter()
            .map(|(column, source)| (column.as_str(), find(source, &scope)))
            .collect();
        let input = |scope: &Scope, computed: &IndexMap<&str, &Json>| -> Map<String, Json> {
            let given = mapping.columns.iter().filter_map(|(column, source)| {
                let value = match source {
                    ColumnSource::Path(path) if path.is_of_item() => path.find(scope),
                    ColumnSource::Expression(_) => {
                        computed.get(column.as_str()).map(|value| Cow::Borrowed(*value))
                    }
                    _ => shared[column.as_str()].clone(),
                };
                Some((column.clone(), value?.into_owned()))
            });
            given.collect()
        };
        let Some(each) = &mapping.each else {
            let item = Item::only();
            let computed = match self.computed(mapping, &item)? {
                Some(computed) => computed,
                None => return Ok(Vec::new()),
            };
            return Ok(vec![self.plan_record(&item, entity, &input(&scope, &computed))]);
        };
        let list = each.find(&scope).unwrap_or_default();
        let elements = match list.as_ref() {
            Json::Array(elements) => elements,
            Json::Null => {
                let detail = format!("`{each}` is not in the webhook, so it made no record");
                self.warn(|| Invalid::new("", detail));
                return Ok(Vec::new());
            }
            other => {
                return Err(EventFailure::NotAList { path: each.to_string(), given: kind(other) });
            }
        };
        let mut records = Vec::new();
        for (index, element) in numbered(elements)? {
            let item = Item::of_many(index);
            let scope = Scope { request: self.request, item: Some((element, index)) };
            if is_bare(element) && !mapping.reads_of_item(&scope) {
                let detail =
                    format!("{} was left out: no `item` path leads into it", kind(element));
                self.warn(|| Invalid::new(item.path, detail));
                continue;
            }
            let computed = self.computed(mapping, &item).map_err(|failure| EventFailure::Item {
                item_index: index,
                failure: Box::new(failure),
            })?;
            if let Some(computed) = computed {
                records.push(self.plan_record(&item, entity, &input(&scope, &computed)));
            }
        }
        Ok(records)
    }

    /// What columns of an item are by expressions; `None` where `when` wants no record of it.
    fn computed(
        &mut self,
        mapping: &'a SourceMapping,
        item: &Item,
    ) -> Result<Option<IndexMap<&'a str, &'a Json>>, EventFailure> {
        let mut values = self.computed.get(item.index as usize).into_iter().flatten();
        if mapping.when.is_some() {
            match values.next() {
                Some(Ok(value)) if !is_true(value.as_ref()) => return Ok(None),
                Some(Err(reason)) => return Err(EventFailure::When { reason: reason.clone() }),
                Some(Ok(_)) | None => {}
            }
        }
        let columns = mapping.columns.iter();
        let columns =
            columns.filter(|(_, source)| matches!(source, ColumnSource::Expression(_))).zip(values);
        let mut computed = IndexMap::new();
        for ((column, _), value) in columns {
            match value {
                Ok(value) => computed.extend(value.as_ref().map(|value| (column.as_str(), value))),
                Err(reason) => self.warn(|| {
                    let detail = format!("`{column}` is left out, it has no value: {reason}");
                    Invalid::new(pointer(&item.path, column), detail)
                }),
            }
        }
        Ok(Some(computed))
    }

    fn admitted(&self, name: &str) -> Result<&'a Entity, EventFailure> {
        let Some(entity) = self.schema.entity(name) else {
            let nearest = (name.len() <= COMPARED_NAME_BYTES_MAX)
                .then(|| self.schema.nearest_entity(name).map(str::to_owned));
            return Err(EventFailure::UnknownEntity {
                given: shortened(name),
                nearest: nearest.flatten(),
            });
        };
        if self.admitted_entities.iter().any(|admitted| admitted == name) {
            return Ok(entity);
        }
        let admitted: Vec<String> =
            self.admitted_entities.iter().map(|name| format!("`{name}`")).collect();
        let admitted = if admitted.is_empty() { "nothing".to_owned() } else { admitted.join(", ") };
        Err(EventFailure::NotAdmitted { entity: name.to_owned(), admitted })
    }

    fn plan_record<'b>(
        &mut self,
        item: &Item,
        entity: &Entity,
        input: impl IntoIterator<Item = (&'b String, &'b Json)>,
    ) -> PlannedRecord {
        let plan = self.plan_leniently(item, entity, input);
        let defaults = match self.settings.defaults.get(&entity.name) {
            Some(defaults) => self.plan_leniently(item, entity, defaults).values,
            None => Vec::new(),
        };
        PlannedRecord {
            item_index: item.index,
            entity: entity.name.clone(),
            plan,
            defaults,
            match_on: self.settings.match_on.get(&entity.name).cloned().unwrap_or_default(),
        }
    }

    /// Casts what can be cast; the rest becomes warnings of the event.
    fn plan_leniently<'b>(
        &mut self,
        item: &Item,
        entity: &Entity,
        input: impl IntoIterator<Item = (&'b String, &'b Json)>,
    ) -> WritePlan {
        let mut plan = write::plan(entity, input, Strictness::Lenient, self.zone)
            .unwrap_or_else(|warnings| WritePlan { warnings, ..WritePlan::default() });
        for warning in std::mem::take(&mut plan.warnings) {
            self.warn(|| warning.under(&item.path));
        }
        plan
    }

    fn warn_of_unknown(&mut self, item: &Item, entity: &Entity, name: &str) {
        self.warn(|| {
            let is_comparable = name.len() <= COMPARED_NAME_BYTES_MAX;
            let nearest = is_comparable.then(|| entity.nearest_column(name)).flatten();
            let (hint, name) = (did_you_mean(&nearest), shortened(name));
            let entity = &entity.name;
            let detail = format!("`{name}` is ignored: it is not a column of `{entity}`{hint}");
            Invalid::new(pointer(&item.path, name), detail)
        });
    }

    /// The warning is made only if it is kept: a sender may cause any number.
    fn warn(&mut self, warning: impl FnOnce() -> Invalid) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(warning());
        } else {
            self.unnamed_count += 1;
        }
    }

    fn into_warnings(mut self) -> Vec<Invalid> {
        if self.unnamed_count > 0 {
            let detail = format!("{} more warnings are not shown", self.unnamed_count);
            self.warnings.push(Invalid::new("", detail));
        }
        self.warnings
    }
}

fn find<'a>(source: &'a ColumnSource, scope: &Scope<'a>) -> Option<Cow<'a, Json>> {
    match source {
        ColumnSource::Path(path) => path.find(scope),
        ColumnSource::Static(value) => Some(Cow::Borrowed(value)),
        ColumnSource::Expression(_) => None,
    }
}

/// The elements with their positions, if they are not too many.
fn numbered(elements: &[Json]) -> Result<impl Iterator<Item = (u32, &Json)>, EventFailure> {
    if elements.len() > ITEMS_MAX {
        return Err(EventFailure::TooManyItems { count: elements.len() });
    }
    Ok((0..).zip(elements))
}

/// Whether a value has nothing in it.
fn is_bare(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_))
}

/// What a value is, in words.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// A name of the sender's, cut where it would flood the log.
fn shortened(name: &str) -> String {
    if name.len() <= COMPARED_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let end = name.floor_char_boundary(COMPARED_NAME_BYTES_MAX);
    format!("{}…", &name[..end])
}
