//! The rows of lines, on PostgreSQL: read and locked before messages are placed,
//! and written afterwards, many with one statement.
//!
//! Who acts, in any of the processes: those who match place messages (T2); those
//! who record attempts end heads and promote what waits (`attempt.rs`); an
//! endpoint that is deleted ends what waits for it (`endpoint.rs`). Resending and
//! recovering add rows that stand alone, which are in nobody's way.
//!
//! What keeps a line whole are locks on its rows, and the one on the feed:
//! - *Rows rise in the order in which they came.* Only T2 adds to a line. It holds
//!   the feed, so that each T2 sees all that those before it stored, and mints
//!   ids above theirs, whatever the clock of its process says. Rows end in that
//!   order too, except those of a deleted endpoint, whose head ends last, and of a
//!   deleted connection, whose lines nobody adds to.
//! - *There are never two heads.* T2 locks the first row of a line and the last two
//!   in a statement that begins after it holds the feed; where another transaction
//!   holds one of them, it waits and then sees what became of it. If they all are
//!   gone so is what was between them, and nobody else adds: the line is empty,
//!   and only an empty line gets a head. Else a head comes from what waits, and
//!   only in the transaction that ends the head before, under the lock on that.
//! - *Nothing waits without a head.* T2 adds a row that waits behind one that it has
//!   locked and found pending. Whoever ends a head holds the lock on it, and only
//!   then begins the statement that looks behind it. If T2 added behind that very
//!   head, the statement sees the row, since the lock was got from T2. Else it was
//!   behind one that waits: promoting that takes the lock too, so by the time
//!   it is a head and is ended, T2 is over and its row is seen.
//! - *The first row that waits is the head's.* T2 writes to no row but the last, and
//!   to that only while it has the one before it: where that is the head, whoever
//!   holds the head has both to itself.
//!
//! Rows are locked in the order of workspace and key. A line that moves on while
//! its last rows are waited for can still make two transactions wait for each
//! other; the database ends one of them, whose caller does it again.

mod write;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::id::{
    ChangeId, ConnectionNo, DeliveryId, EndpointId, Minter, Stamp, UnixMs, WorkspaceId,
};

use crate::clock::Clock;
use crate::postgres::PostgresStore;
use crate::postgres::delivery_row::{Ended, end};
use crate::postgres::failure::Failure;
use crate::postgres::feed::Feed;
use crate::postgres::statement::{by_key, column, list};
use crate::rules::delivery::{NewDelivery, State};
use crate::rules::line::{Contents, Line, Lines, Pending, Waiting};
use crate::rules::numbers::change_type_from_row;

/// By how much the clocks of processes that share a database may differ. A head
/// that becomes due within that time may be handed out by one that is ahead, so
/// it gives way to nobody any more.
const CLOCKS_APART_MS_MAX: UnixMs = 1_000;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stands,
    Removed,
    Superseded,
}

/// Where a row stands that is not stored yet.
struct Place {
    name: i64,
    endpoint: EndpointId,
    connection: ConnectionNo,
    object: String,
    record: String,
}

/// What a row tells that is inserted or rewritten.
struct Told {
    change: Option<ChangeId>,
    change_type: Option<ChangeType>,
    body: Bytes,
}

struct LineRow {
    workspace: WorkspaceId,
    /// Number of its line, if that is one of [`LineRows::lines`].
    line: Option<usize>,
    pending: Pending,
    new: Option<Place>,
    told: Option<Told>,
    waiting: Option<Waiting>,
    fate: Fate,
}

impl LineRow {
    fn seq(&self) -> i64 {
        self.pending.id.0.row_key()
    }
}

/// The lines of a batch of messages, and what placing them made of their rows.
pub struct LineRows<'a> {
    clock: &'a dyn Clock,
    minter: &'a Minter,
    /// Taken when the lines were locked.
    now: UnixMs,
    feed: Feed,
    /// The number of each line.
    lines: HashMap<Line<'a>, usize>,
    /// What stands in each line, by its number, in order. Of what was stored before
    /// only the first row and the last two: what is taken away again is last
    /// and coalesced, so it stands behind one that is merged with nothing.
    standing: Vec<Vec<DeliveryId>>,
    rows: BTreeMap<DeliveryId, LineRow>,
}

const LOCK: &str = concat!(
    "SELECT found.place, delivery_queue.workspace, delivery_queue.seq,
        delivery_queue.tail, state, change_type, at_ms, attempt_count, failure_count,
        delivery_queue.coalesce, changed
    FROM (
        SELECT DISTINCT wanted.place, wanted.workspace, ends.seq
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
            WITH ORDINALITY AS wanted (workspace, name, endpoint, connection, object, record, place)
        CROSS JOIN LATERAL (
            (SELECT seq FROM delivery_queue
             WHERE line = wanted.name AND endpoint = wanted.endpoint
                 AND connection = wanted.connection AND object = wanted.object
                 AND record = wanted.record
             ORDER BY seq LIMIT 1)
            UNION ALL
            (SELECT seq FROM delivery_queue
             WHERE line = wanted.name AND endpoint = wanted.endpoint
                 AND connection = wanted.connection AND object = wanted.object
                 AND record = wanted.record
             ORDER BY seq DESC LIMIT 2)) AS ends) AS found
    JOIN delivery_queue
        ON ",
    by_key!("delivery_queue", "found"),
    "
    ORDER BY found.workspace, found.seq
    FOR UPDATE OF delivery_queue"
);

fn read_pending(row: &Row) -> Result<(usize, WorkspaceId, Pending), Failure> {
    let change_type: Option<i64> = row.get(5);
    let pending = Pending {
        id: DeliveryId(Stamp::from_row(row.get(2), row.get(3))),
        state: State::from_row(row.get(4)),
        change_type: change_type.and_then(change_type_from_row).unwrap_or(ChangeType::Update),
        at: row.get(6),
        attempt_count: row.get::<_, i64>(7) as u32,
        failure_count: row.get::<_, i64>(8) as u32,
        coalesce: row.get(9),
        changed: serde_json::from_str(row.get(10))?,
    };
    // Places are counted from 1.
    Ok((row.get::<_, i64>(0) as usize - 1, WorkspaceId(row.get(1)), pending))
}

impl<'a> LineRows<'a> {
    /// Locks lines for one who holds the feed.
    pub async fn lock(
        store: &'a PostgresStore,
        sql: &Transaction<'_>,
        feed: Feed,
        wanted: impl IntoIterator<Item = Line<'a>>,
    ) -> Result<Self, Failure> {
        let mut lines = HashMap::new();
        let mut in_order = Vec::new();
        for line in wanted {
            lines.entry(line).or_insert_with(|| {
                in_order.push(line);
                in_order.len() - 1
            });
        }
        let mut standing = vec![Vec::new(); in_order.len()];
        let mut rows = BTreeMap::new();
        for (line, workspace, pending) in read(sql, &in_order).await? {
            standing[line].push(pending.id);
            let (line, fate) = (Some(line), Fate::Stands);
            let row =
                LineRow { workspace, line, pending, new: None, told: None, waiting: None, fate };
            rows.insert(row.pending.id, row);
        }
        let (clock, minter) = (store.clock.as_ref(), store.minter.as_ref());
        Ok(Self { clock, minter, now: clock.now(), feed, lines, standing, rows })
    }

    /// The feed, of which the ids that were minted are a part.
    pub fn feed(&self) -> Feed {
        self.feed
    }

    /// Writes what became of the rows.
    pub async fn write(&self, sql: &Transaction<'_>) -> Result<(), Failure> {
        let (mut new, mut rewritten, mut removed, mut ended) = (vec![], vec![], vec![], vec![]);
        for row in self.rows.values() {
            match (row.fate, &row.new, &row.told) {
                (Fate::Stands, Some(place), Some(told)) => new.push((row, place, told)),
                (Fate::Stands, None, Some(told)) => rewritten.push((row, told)),
                // Nobody has seen it, and now nobody will.
                (Fate::Removed, Some(_), _) | (Fate::Stands, _, None) => {}
                (Fate::Removed, None, _) => removed.push(row),
                (Fate::Superseded, ..) => ended.push(Ended {
                    workspace: row.workspace,
                    seq: row.seq(),
                    state: State::Superseded,
                    at: self.now,
                    last: None,
                }),
            }
        }
        tokio::try_join!(
            write::insert(sql, &new),
            write::rewrite(sql, &rewritten),
            write::remove(sql, &removed),
            end(sql, &ended)
        )?;
        Ok(())
    }

    fn row(&mut self, id: DeliveryId) -> &mut LineRow {
        self.rows.get_mut(&id).expect("a row that was handed in or inserted")
    }

    fn leave(&mut self, id: DeliveryId, fate: Fate) {
        let row = self.row(id);
        row.fate = fate;
        if let Some(line) = row.line {
            self.standing[line].retain(|standing| *standing != id);
        }
    }
}

async fn read(
    sql: &Transaction<'_>,
    lines: &[Line<'_>],
) -> Result<Vec<(usize, WorkspaceId, Pending)>, Failure> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    list(
        sql,
        LOCK,
        &[
            &column(lines, |it| it.workspace.0),
            &column(lines, |it| it.name),
            &column(lines, |it| it.endpoint.0.row_key()),
            &column(lines, |it| it.connection.0),
            &column(lines, |it| it.object),
            &column(lines, |it| it.record),
        ],
        read_pending,
    )
    .await
}

impl Lines for LineRows<'_> {
    type Failure = Failure;

    fn latest_now(&self) -> UnixMs {
        self.now + CLOCKS_APART_MS_MAX
    }

    fn mint(&mut self) -> DeliveryId {
        let stamp = self.minter.mint_after(self.feed.delivery, self.now, self.clock.random());
        self.feed.delivery = stamp.row_key();
        DeliveryId(stamp)
    }

    fn last_pending(&mut self, line: &Line<'_>) -> Result<Vec<Pending>, Failure> {
        let Some(line) = self.lines.get(line) else { return Ok(Vec::new()) };
        let standing = &self.standing[*line];
        let last = &standing[standing.len().saturating_sub(2)..];
        Ok(last.iter().map(|id| self.rows[id].pending.clone()).collect())
    }

    fn insert(&mut self, delivery: NewDelivery<'_>) -> Result<(), Failure> {
        let NewDelivery { id, line, state, change, change_type, changed, body } = delivery;
        let Line { name, workspace, endpoint, connection, object, record } = line;
        let line = self.lines.get(&line).copied();
        if let Some(line) = line {
            self.standing[line].push(id);
        }
        let pending = Pending {
            id,
            state,
            change_type: change_type.unwrap_or(ChangeType::Update),
            at: self.now,
            attempt_count: 0,
            failure_count: 0,
            coalesce: false,
            changed: changed.clone(),
        };
        let (object, record) = (object.to_owned(), record.to_owned());
        let new = Some(Place { name, endpoint, connection, object, record });
        let told = Some(Told { change, change_type, body: body.clone() });
        let fate = Fate::Stands;
        self.rows.insert(id, LineRow { workspace, line, pending, new, told, waiting: None, fate });
        Ok(())
    }

    fn rewrite(&mut self, id: DeliveryId, contents: Contents) -> Result<(), Failure> {
        let Contents { change, change_type, changed, body } = contents;
        let row = self.row(id);
        (row.pending.change_type, row.pending.changed) = (change_type, changed);
        row.told = Some(Told { change: Some(change), change_type: Some(change_type), body });
        Ok(())
    }

    fn put_waiting(&mut self, id: DeliveryId, waiting: Waiting) -> Result<(), Failure> {
        let row = self.row(id);
        row.pending.coalesce = waiting.coalesce;
        row.waiting = Some(waiting);
        Ok(())
    }

    fn remove(&mut self, id: DeliveryId) -> Result<(), Failure> {
        self.leave(id, Fate::Removed);
        Ok(())
    }

    fn supersede(&mut self, head: DeliveryId) -> Result<(), Failure> {
        self.leave(head, Fate::Superseded);
        Ok(())
    }

    fn schedule(&mut self, id: DeliveryId, at: UnixMs, failure_count: u32) -> Result<(), Failure> {
        let Pending { at: due_at, failure_count: failures, .. } = &mut self.row(id).pending;
        (*due_at, *failures) = (at, failure_count);
        Ok(())
    }
}
