use crate::app::App;
use turnbuckle_core::id::WorkspaceId;
use turnbuckle_core::message::notice::Notice;
pub async fn emit(_app: &App, _workspace: WorkspaceId, _notice: Notice<'_>) {}
