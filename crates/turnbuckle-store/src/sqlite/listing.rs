//! Pages of rows.

use rusqlite::{Connection as Db, Row, Rows, params};
use turnbuckle_core::id::WorkspaceId;

use crate::page::{Page, PageRequest, ROWS_READ_MAX};
use crate::sqlite::failure::Failure;

/// Reads a page with a statement whose first column is the position and whose
/// parameters are the workspace, the position below which to read, and how
/// many rows. One row more than asked for tells whether another page follows.
pub fn page<T>(
    db: &Db,
    select: &str,
    workspace: WorkspaceId,
    request: PageRequest,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    let below = request.after.unwrap_or(i64::MAX);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut select = db.prepare_cached(select)?;
    let mut rows = select.query(params![workspace.0, below, limit])?;
    let mut page = Page { items: Vec::new(), next: None };
    let mut last = None;
    while let Some(row) = rows.next()? {
        if page.items.len() == request.limit {
            page.next = last;
            break;
        }
        last = Some(row.get(0)?);
        page.items.push(read(row)?);
    }
    Ok(page)
}

/// Reads a page off rows of which only some fit; their first column is the
/// position. `read` answers `None` for a row that does not fit. Looks at no
/// more than [`ROWS_READ_MAX`] rows, so the statement needs no limit of its own.
pub fn page_of_fitting<T>(
    mut rows: Rows<'_>,
    limit: usize,
    mut read: impl FnMut(&Row<'_>) -> Result<Option<T>, Failure>,
) -> Result<Page<T>, Failure> {
    let mut page = Page { items: Vec::new(), next: None };
    let mut last = None;
    for _ in 0..ROWS_READ_MAX {
        let Some(row) = rows.next()? else { return Ok(page) };
        if let Some(item) = read(row)? {
            if page.items.len() == limit {
                break;
            }
            page.items.push(item);
        }
        last = Some(row.get(0)?);
    }
    page.next = last;
    Ok(page)
}
