//! Pages of rows.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::WorkspaceId;

use crate::page::{Page, PageRequest};
use crate::postgres::failure::Failure;
use crate::postgres::statement::list;

/// Reads a page with a statement whose first column is the position and whose
/// parameters are the workspace, the position below which to read, and how
/// many rows. One row more than asked for tells whether another page follows.
pub async fn page<T>(
    db: &impl GenericClient,
    select: &str,
    workspace: WorkspaceId,
    request: PageRequest,
    read: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    let below = request.after.unwrap_or(i64::MAX);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = list(db, select, &[&workspace.0, &below, &limit], |row| {
        Ok((row.get::<_, i64>(0), read(row)?))
    })
    .await?;
    let has_more = request.limit < rows.len();
    rows.truncate(request.limit);
    let next = rows.last().filter(|_| has_more).map(|(position, _)| *position);
    Ok(Page { items: rows.into_iter().map(|(_, item)| item).collect(), next })
}
