//! Storing what changes became: T2, on PostgreSQL.
//!
//! One transaction, and one at a time: each holds the feed until its end, so
//! positions are in the order of the commits and lines have one who adds to them
//! (`line.rs`). A change is moved from its queue into the feed by the T2 that stores
//! its messages. Whoever finds it moved already, or put off no more, stores
//! nothing: no lease decides that a change is matched once.

use std::collections::{BTreeSet, HashMap};

use deadpool_postgres::Transaction;
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};

use crate::StoreError;
use crate::delivery::{DueDelivery, Matched, NewMessage};
use crate::error::Noun;
use crate::postgres::PostgresStore;
use crate::postgres::failure::Failure;
use crate::postgres::feed::Feed;
use crate::postgres::line::LineRows;
use crate::postgres::statement::{by_key, column, execute, list};
use crate::rules::line::{Cause, Line, place};

const CONNECTIONS: &str = "SELECT workspace, id, no, mapping_version
    FROM connection
    JOIN unnest($1::bigint[], $2::text[]) AS named (workspace, id) USING (workspace, id)
    ORDER BY workspace, no
    FOR SHARE OF connection";

/// In the order given.
const TAKE: &str = concat!(
    "WITH taken AS (
        DELETE FROM change_queue
        USING unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS matched (workspace, seq, place)
        WHERE ",
    by_key!("change_queue", "matched"),
    "
        RETURNING change_queue.workspace, change_queue.seq, tail, connection, entity, record,
            change_type, origin, number, version, created_at_ms, updated_at_ms,
            before_updated_at_ms, before_data, after_data, written, matched.place)
    INSERT INTO change (workspace, seq, tail, connection, entity, record, change_type, origin,
        number, version, created_at_ms, updated_at_ms, before_updated_at_ms, before_data,
        after_data, written, position)
    SELECT workspace, seq, tail, connection, entity, record, change_type, origin, number, version,
        created_at_ms, updated_at_ms, before_updated_at_ms, before_data, after_data, written,
        $3 + place
    FROM taken"
);

const NO_MORE_DEFERRED: &str = "DELETE FROM deferred_change
    USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS matched (workspace, connection, change)
    WHERE deferred_change.workspace = ANY (ARRAY[matched.workspace])
        AND deferred_change.connection = matched.connection
        AND object = $4 AND deferred_change.change = matched.change";

/// Whoever ends a rekeying waits for those that put changes off until then.
const DEFER: &str = "WITH waited_for AS (
        SELECT rekeying.workspace, rekeying.connection, rekeying.object, change
        FROM rekeying
        JOIN unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
            AS wanted (workspace, connection, object, change)
            USING (workspace, connection, object)
        ORDER BY rekeying.workspace, rekeying.connection, rekeying.object
        FOR SHARE OF rekeying),
    deferred AS (
        INSERT INTO deferred_change (workspace, connection, object, change)
        SELECT workspace, connection, object, change FROM waited_for
        ON CONFLICT DO NOTHING)
    SELECT workspace, connection, object FROM waited_for";

fn cause(matched: &Matched) -> Cause {
    let Matched { workspace, connection_no, change, .. } = *matched;
    Cause { workspace, connection: connection_no, change }
}

impl PostgresStore {
    pub(super) async fn store_matched(
        &self,
        matched: &[Matched],
        deferred: Option<&str>,
    ) -> Result<Vec<DueDelivery>, Failure> {
        let mut db = self.pool.get().await?;
        let sql = db.transaction().await?;
        let feed = Feed::lock(&sql).await?;
        let live = live(&sql, matched).await?;
        let messages: Vec<(Cause, &NewMessage)> = live
            .iter()
            .flat_map(|it| it.messages.iter().map(|message| (cause(it), message)))
            .collect();
        let wanted = messages.iter().map(|(cause, message)| Line::of(*cause, message));
        let mut lines = LineRows::lock(self, &sql, feed, wanted).await?;
        let mut due = Vec::new();
        for (cause, message) in &messages {
            due.extend(place(&mut lines, *cause, message)?);
        }
        let mark = async {
            match deferred {
                Some(object) => no_more_deferred(&sql, &live, object).await?,
                None => take(&sql, matched, feed.position).await?,
            }
            defer(&sql, &live).await
        };
        let taken = if deferred.is_none() { matched.len() } else { 0 };
        let feed = Feed { position: feed.position + taken as i64, ..lines.feed() };
        tokio::try_join!(lines.write(&sql), mark, feed.put(&sql))?;
        sql.commit().await?;
        Ok(due)
    }
}

/// Those whose connection is there still. It stays as it is until the end.
///
/// # Errors
/// [`StoreError::VersionMismatch`] if the mapping is not the one matched with any more.
async fn live<'a>(
    sql: &Transaction<'_>,
    matched: &'a [Matched],
) -> Result<Vec<&'a Matched>, Failure> {
    let named: BTreeSet<(WorkspaceId, &str)> =
        matched.iter().map(|it| (it.workspace, it.connection.as_str())).collect();
    let workspaces = column(&named, |(workspace, _)| workspace.0);
    let ids = column(&named, |(_, id)| *id);
    let read = |row: &tokio_postgres::Row| {
        let key = (WorkspaceId(row.get(0)), row.get::<_, String>(1));
        Ok((key, (ConnectionNo(row.get(2)), row.get::<_, i64>(3))))
    };
    let connections: HashMap<(WorkspaceId, String), (ConnectionNo, i64)> =
        list(sql, CONNECTIONS, &[&workspaces, &ids], read).await?.into_iter().collect();
    let mut live = Vec::with_capacity(matched.len());
    for matched in matched {
        let Matched { workspace, connection, connection_no, mapping_version, .. } = matched;
        match connections.get(&(*workspace, connection.clone())) {
            Some((no, version)) if no == connection_no => {
                if mapping_version.is_some_and(|it| it != *version) {
                    return Err(changed(Noun::Connection, connection));
                }
                live.push(matched);
            }
            // Deleted since: nobody is left to tell.
            _ => {}
        }
    }
    Ok(live)
}

fn changed(noun: Noun, id: &str) -> Failure {
    StoreError::VersionMismatch { noun, id: id.to_owned() }.into()
}

/// Moves changes into the feed, behind `position`.
///
/// # Errors
/// [`StoreError::VersionMismatch`] if another process has moved some of them.
async fn take(sql: &Transaction<'_>, matched: &[Matched], position: i64) -> Result<(), Failure> {
    let workspaces = column(matched, |it| it.workspace.0);
    let seqs = column(matched, |it| it.change.0.row_key());
    let taken = execute(sql, TAKE, &[&workspaces, &seqs, &position]).await?;
    match matched.first() {
        Some(first) if taken < matched.len() as u64 => {
            Err(changed(Noun::Connection, &first.connection))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// [`StoreError::VersionMismatch`] if another process has matched some of them.
async fn no_more_deferred(
    sql: &Transaction<'_>,
    live: &[&Matched],
    object: &str,
) -> Result<(), Failure> {
    let workspaces = column(live, |it| it.workspace.0);
    let connections = column(live, |it| it.connection_no.0);
    let changes = column(live, |it| it.change.0.row_key());
    let gone =
        execute(sql, NO_MORE_DEFERRED, &[&workspaces, &connections, &changes, &object]).await?;
    if gone < live.len() as u64 { Err(changed(Noun::Object, object)) } else { Ok(()) }
}

/// Puts changes off until the keys of objects are there.
///
/// # Errors
/// [`StoreError::VersionMismatch`] if they are by now: nobody would come back to them.
async fn defer(sql: &Transaction<'_>, live: &[&Matched]) -> Result<(), Failure> {
    let wanted: Vec<(&Matched, &str)> = live
        .iter()
        .flat_map(|it| it.deferred_objects.iter().map(|object| (*it, object.as_str())))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let workspaces = column(&wanted, |(it, _)| it.workspace.0);
    let connections = column(&wanted, |(it, _)| it.connection_no.0);
    let objects = column(&wanted, |(_, object)| *object);
    let changes = column(&wanted, |(it, _)| it.change.0.row_key());
    let waited_for: BTreeSet<(i64, i64, String)> =
        list(sql, DEFER, &[&workspaces, &connections, &objects, &changes], |row| {
            Ok((row.get(0), row.get(1), row.get(2)))
        })
        .await?
        .into_iter()
        .collect();
    let is_there = |(it, object): &&(&Matched, &str)| {
        !waited_for.contains(&(it.workspace.0, it.connection_no.0, (*object).to_owned()))
    };
    match wanted.iter().find(is_there) {
        Some((_, object)) => Err(changed(Noun::Object, object)),
        None => Ok(()),
    }
}
