//! The keys of one search: of the subscriptions to it, and of records.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{KeyHash, MatchKey, search_hash};
use crate::entity::{Column, ColumnOption, ColumnPath, ColumnType, Entity, Schema};
use crate::filter::{BoundFilter, Filter, Moment, Values};
use crate::invalid::Invalid;
use crate::key::encode;
use crate::value::Value;

/// How subscriptions to one search event are found, compiled from its filter.
#[derive(Debug, Clone)]
pub struct SearchPlan {
    /// Hash of connection, object and event, which all keys begin with.
    prefix: KeyHash,
    constants: BoundFilter,
    /// `None` if all subscriptions to the search share one key.
    alternatives: Option<Vec<Vec<KeyPart>>>,
    needs_recheck: bool,
    zone: TimeZone,
}

/// A column that is compared for equality with a payload field.
#[derive(Debug, Clone)]
struct KeyPart {
    path: ColumnPath,
    path_text: String,
    column: Column,
    payload_field: String,
}

/// What the keys of a search are made of. While it stays equal, stored keys
/// stay right, whatever else of the mapping changes.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyShape {
    alternatives: Option<Vec<Vec<PartShape>>>,
    /// Where payload values may be placed in time by it.
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone, PartialEq)]
struct PartShape {
    path: ColumnPath,
    column_type: ColumnType,
    options: Option<Vec<ColumnOption>>,
    payload_field: String,
}

impl SearchPlan {
    /// Most keys of one subscription, and of one image of a record.
    pub const KEYS_MAX: usize = crate::filter::ALTERNATIVES_MAX;

    /// Compiles the filter of search `event` of `object`, whose records are of `entity`.
    ///
    /// # Errors
    /// Columns that the CRM does not have (any more).
    ///
    /// # Panics
    /// If `entity` is not of `schema`.
    pub fn compile(
        connection: &str,
        object: &str,
        event: &str,
        filter: &Filter,
        schema: &Schema,
        entity: &Entity,
        zone: &TimeZone,
    ) -> Result<Self, Vec<Invalid>> {
        let constants = filter.constant_part().bind(schema, entity, &Map::new(), zone)?;
        let part = |(path, payload_field): (ColumnPath, String)| -> Result<KeyPart, Vec<Invalid>> {
            let column = schema
                .resolve(entity, &path)
                .map_err(|error| vec![Invalid::new("", error.to_string())])?
                .clone();
            Ok(KeyPart { path_text: path.to_string(), path, column, payload_field })
        };
        let alternatives = filter
            .equality_tuples()
            .map(|tuples| {
                tuples.into_iter().map(|tuple| tuple.into_iter().map(part).collect()).collect()
            })
            .transpose()?;
        Ok(Self {
            prefix: search_hash(connection, object, event),
            constants,
            alternatives,
            needs_recheck: filter.rest_needs_recheck(),
            zone: zone.clone(),
        })
    }

    /// The keys under which a subscription with this payload is stored, at most
    /// [`SearchPlan::KEYS_MAX`], in order and without repeats.
    ///
    /// A member that is missing, or whose value cannot be of the column's type,
    /// matches nothing: its alternative has no key. So there may be none at all.
    pub fn keys_for_payload(&self, payload: &Map<String, Json>) -> Vec<MatchKey> {
        self.keys(|part| {
            let given = payload.get(&part.payload_field)?;
            Value::cast(&part.column, given, &self.zone).ok()
        })
    }

    /// The keys of the subscriptions that this image of a record may match, at
    /// most [`SearchPlan::KEYS_MAX`], in order and without repeats.
    pub fn keys_for_record(&self, record: &dyn Values) -> Vec<MatchKey> {
        self.keys(|part| Some(record.value(&part.path, part.column.column_type)))
    }

    /// Whether an image of a record meets the conditions that no payload changes.
    /// Where neither image does, the search is not looked up at all.
    pub fn constants_hold(&self, record: &dyn Values, moment: &Moment) -> bool {
        self.constants.matches(record, moment)
    }

    /// Whether keys and constants leave candidates that do not match, apart from
    /// collisions. How many subscriptions may share such a key is bounded.
    pub fn needs_recheck(&self) -> bool {
        self.needs_recheck
    }

    /// Changes exactly when stored keys have to be built again.
    pub fn key_shape(&self) -> KeyShape {
        let shape = |part: &KeyPart| PartShape {
            path: part.path.clone(),
            column_type: part.column.column_type,
            options: part.column.options.clone(),
            payload_field: part.payload_field.clone(),
        };
        let is_placed = |part: &KeyPart| {
            matches!(part.column.column_type, ColumnType::Date | ColumnType::Datetime)
        };
        let alternatives = self.alternatives.as_ref();
        let has_times = alternatives.is_some_and(|it| it.iter().flatten().any(is_placed));
        KeyShape {
            alternatives: alternatives
                .map(|it| it.iter().map(|parts| parts.iter().map(shape).collect()).collect()),
            zone: has_times.then(|| self.zone.clone()),
        }
    }

    /// One key for each alternative whose values are all known.
    fn keys(&self, value: impl Fn(&KeyPart) -> Option<Value>) -> Vec<MatchKey> {
        let Some(alternatives) = &self.alternatives else {
            return vec![self.prefix.clone().finish()];
        };
        let key = |parts: &Vec<KeyPart>| {
            let mut hash = self.prefix.clone();
            for part in parts {
                hash.part(part.path_text.as_bytes());
                hash.part(&encode(&value(part)?));
            }
            Some(hash.finish())
        };
        let keys: BTreeSet<MatchKey> = alternatives.iter().filter_map(key).collect();
        keys.into_iter().collect()
    }
}
