//! Functions as their callers use them.

use serde::Deserialize as _;
use turnbuckle_core::function::{FunctionCode, FunctionSettings};
use turnbuckle_core::id::{FunctionId, WorkspaceId};
use turnbuckle_store::StoreError;
use turnbuckle_store::function::{Function, FunctionVersion};

/// A key sealed for one function, or for all of a workspace, opens as no other.
pub fn function_key_context(workspace: WorkspaceId, function: Option<FunctionId>) -> String {
    match function {
        Some(id) => format!("workspace/{workspace}/function/{id}/key"),
        None => format!("workspace/{workspace}/functions/key"),
    }
}

/// A function with its settings read.
pub struct LiveFunction {
    pub row: Function,
    pub settings: FunctionSettings,
}

impl LiveFunction {
    /// # Errors
    /// [`StoreError::Defect`] if its settings cannot be read.
    pub fn compile(row: Function) -> Result<Self, StoreError> {
        let settings = FunctionSettings::deserialize(&row.settings).map_err(|error| {
            StoreError::Defect { action: "read a function", source: error.into() }
        })?;
        Ok(Self { row, settings })
    }
}

/// # Errors
/// [`StoreError::Defect`] if it cannot be read.
pub fn compile_version(version: &FunctionVersion) -> Result<FunctionCode, StoreError> {
    FunctionCode::deserialize(&version.code).map_err(|error| StoreError::Defect {
        action: "read a function version",
        source: error.into(),
    })
}

/// What a version takes in memory, in bytes.
pub fn weight_of(code: &FunctionCode) -> u32 {
    let arguments: usize = code.arguments.iter().map(|name| size_of::<String>() + name.len()).sum();
    u32::try_from(size_of::<FunctionCode>() + code.source.len() + arguments).unwrap_or(u32::MAX)
}
