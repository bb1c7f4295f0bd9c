//! The schema of one connection with the numbers that rows are kept under.

use std::collections::HashMap;
use std::sync::Arc;

use turnbuckle_core::entity::{ColumnType, Entity, Schema};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};

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
