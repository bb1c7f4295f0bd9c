//! The schema of one connection with the numbers that rows are kept under.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use turnbuckle_core::entity::{Column, ColumnType, Entity, Schema};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::invalid::{Invalid, pointer};

use crate::StoreError;
use crate::error::Noun;

/// Whether a column has search keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    None,
    /// Every write adds its key, older records are being added in slices.
    Filling,
    /// Complete: searches may rely on it.
    Ready,
}

impl KeyState {
    pub fn to_row(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Filling => 1,
            Self::Ready => 2,
        }
    }

    pub fn from_row(state: i64) -> Self {
        match state {
            0 => Self::None,
            1 => Self::Filling,
            _ => Self::Ready,
        }
    }
}

#[derive(Debug, Clone)]
pub struct ColumnRow {
    pub no: i64,
    pub key_state: KeyState,
    pub column_type: ColumnType,
    pub is_unique: bool,
}

#[derive(Debug, Clone)]
pub struct EntityRow {
    pub no: i64,
    pub columns: HashMap<String, ColumnRow>,
}

impl EntityRow {
    /// Columns whose keys a write keeps.
    pub fn keyed(&self) -> impl Iterator<Item = (&String, &ColumnRow)> {
        self.columns.iter().filter(|(_, column)| column.key_state != KeyState::None)
    }
}

/// A connection with its schema and the numbers of its entities and columns.
#[derive(Debug, Clone)]
pub struct ConnectionSchema {
    pub no: ConnectionNo,
    pub workspace: WorkspaceId,
    pub id: String,
    pub mapping_version: i64,
    pub schema: Arc<Schema>,
    pub entities: HashMap<String, EntityRow>,
}

impl ConnectionSchema {
    /// # Errors
    /// [`StoreError::NotFound`]
    pub fn entity(&self, name: &str) -> Result<(&Entity, &EntityRow), StoreError> {
        match (self.schema.entity(name), self.entities.get(name)) {
            (Some(entity), Some(row)) => Ok((entity, row)),
            _ => Err(StoreError::not_found(Noun::Entity, name)),
        }
    }
}

/// Columns, by entity and name, that have search keys from the start: display
/// columns of entities that are looked up, since display values are resolved by them.
pub fn keyed_from_the_start(schema: &Schema) -> HashSet<(&str, &str)> {
    let entities = &schema.entities;
    entities
        .values()
        .flat_map(|entity| &entity.columns)
        .filter_map(|column| entities.get(column.lookup.as_deref()?))
        .map(|target| (target.name.as_str(), target.display.as_str()))
        .collect()
}

/// Columns of an entity that is put whose keys are wanted: those that are unique,
/// and whatever its lookups display, once `schema` has it.
pub fn keyed_by_putting(entity: &Entity, schema: &Schema) -> Vec<(String, String)> {
    let unique = entity.columns.iter().filter(|column| column.unique);
    let unique = unique.map(|column| (entity.name.clone(), column.name.clone()));
    let targets = entity.columns.iter().filter_map(|column| column.lookup.as_deref());
    let displayed = targets
        .filter_map(|target| Some((target.to_owned(), schema.entity(target)?.display.clone())));
    unique.chain(displayed).collect()
}

impl ConnectionSchema {
    /// Columns of an entity that is put which are there and are not unique yet.
    pub fn becoming_unique<'a>(&self, entity: &'a Entity) -> Vec<(&'a Column, ColumnRow)> {
        let Some(row) = self.entities.get(&entity.name) else { return Vec::new() };
        let unique = entity.columns.iter().filter(|column| column.unique);
        unique
            .filter_map(|column| Some((column, row.columns.get(&column.name)?.clone())))
            .filter(|(_, row)| !row.is_unique)
            .collect()
    }

    /// # Errors
    /// [`StoreError::Invalid`] if a column would have another type, which neither
    /// its values nor their keys have.
    pub fn check_types(&self, entity: &Entity) -> Result<(), StoreError> {
        let Some(row) = self.entities.get(&entity.name) else { return Ok(()) };
        let is_retyped = |column: &Column| {
            row.columns.get(&column.name).is_some_and(|it| it.column_type != column.column_type)
        };
        let retyped: Vec<Invalid> = entity
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| is_retyped(column))
            .map(|(index, column)| {
                let path = pointer(&format!("/columns/{index}"), "type");
                Invalid::new(path, format!("`{}` keeps the type that it has", column.name))
            })
            .collect();
        if retyped.is_empty() { Ok(()) } else { Err(StoreError::Invalid(retyped)) }
    }
}
