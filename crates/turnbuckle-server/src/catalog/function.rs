//! What keys of functions are sealed for.

use turnbuckle_core::id::{FunctionId, WorkspaceId};

/// A key sealed for one function, or for all of a workspace, opens as no other.
pub fn function_key_context(workspace: WorkspaceId, function: Option<FunctionId>) -> String {
    match function {
        Some(id) => format!("workspace/{workspace}/function/{id}/key"),
        None => format!("workspace/{workspace}/functions/key"),
    }
}
