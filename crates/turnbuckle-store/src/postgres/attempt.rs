//! Attempts and the heads that they were made of, on PostgreSQL: the heads of a
//! batch are locked and what waits behind them is read, then what became of them
//! is written. Why that keeps lines whole is said in `line.rs`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use deadpool_postgres::Transaction;
use turnbuckle_core::id::{DeliveryId, Stamp, UnixMs, WorkspaceId};

use crate::clock::Clock;
use crate::delivery::{AfterAttempt, Attempt, DueDelivery};
use crate::postgres::delivery_row::{DUE_COLUMNS, Ended, LastAttempt, end, read_due};
use crate::postgres::failure::Failure;
use crate::postgres::statement::{by_key, column, execute, list};
use crate::rules::attempt::{Head, Heads, Next, Retry};
use crate::rules::delivery::State;

/// What became of a head.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Stands,
    Postponed(Retry),
    Ended { state: State, at: UnixMs },
}

struct HeadRow {
    workspace: WorkspaceId,
    head: Head,
    attempt_count: u32,
    /// The last attempt that is recorded here.
    last: Option<LastAttempt>,
    next: Option<Next>,
    fate: Fate,
}

/// The heads of a batch of attempts, and what recording them made of their lines.
pub struct HeadRows {
    /// Taken when the heads were locked.
    now: UnixMs,
    heads: BTreeMap<DeliveryId, HeadRow>,
    /// Failed attempts in the log.
    logged: HashSet<(DeliveryId, UnixMs)>,
    /// Failed attempts that are not in the log yet, with their numbers.
    failures: Vec<(Attempt, u32)>,
    promoted: Vec<(WorkspaceId, DeliveryId)>,
    superseding: Vec<(WorkspaceId, DeliveryId, Retry)>,
}

/// Whether they are heads is looked at afterwards, so that they are found by their keys.
const LOCK: &str = concat!(
    "SELECT delivery_queue.workspace, delivery_queue.seq, delivery_queue.tail, line,
        attempt_count, failure_count, state
    FROM delivery_queue
    JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS attempted (workspace, seq, tail)
        ON ",
    by_key!("delivery_queue", "attempted"),
    "
            AND delivery_queue.tail = attempted.tail
    ORDER BY attempted.workspace, attempted.seq
    FOR UPDATE OF delivery_queue"
);

const FIRST_WAITING: &str = concat!(
    "SELECT head.seq, head.tail, next.seq, next.tail, next.merges
    FROM unnest($1::bigint[], $2::bigint[]) AS ended (workspace, seq)
    JOIN delivery_queue AS head ON ",
    by_key!("head", "ended"),
    "
    CROSS JOIN LATERAL (
        SELECT waiting.seq, waiting.tail, waiting.coalesce AS merges
        FROM delivery_queue AS waiting
        WHERE waiting.line = head.line AND waiting.seq > head.seq
            AND waiting.endpoint = head.endpoint AND waiting.connection = head.connection
            AND waiting.object = head.object AND waiting.record = head.record
        ORDER BY waiting.seq LIMIT 1) AS next"
);

const LOGGED: &str = "SELECT failed.seq, failed.tail, attempt.at_ms
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
        AS failed (workspace, seq, tail, at_ms)
    JOIN attempt ON attempt.workspace = failed.workspace AND attempt.delivery = failed.seq
        AND attempt.at_ms = failed.at_ms";

const LOG: &str = "INSERT INTO attempt (workspace, delivery, number, at_ms, duration_ms, status,
        error, response_body)
    SELECT workspace, delivery, number, at_ms, duration_ms, status, error, response_body
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::text[], $8::bytea[])
        AS failed (workspace, delivery, number, at_ms, duration_ms, status, error, response_body)";

const POSTPONE: &str = concat!(
    "UPDATE delivery_queue
    SET at_ms = failed.at_ms, attempt_count = failed.attempt_count,
        failure_count = failed.failure_count, last_status = failed.last_status
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS failed (workspace, seq, at_ms, attempt_count, failure_count, last_status)
    WHERE ",
    by_key!("delivery_queue", "failed")
);

const SUPERSEDE: &str = concat!(
    "UPDATE delivery_queue
    SET state = 2, at_ms = promoted.at_ms, failure_count = promoted.failure_count,
        change_type = superseding_type, changed = coalesce(superseding_changed, changed),
        body = coalesce(superseding_body, body), coalesce = false, superseding_type = NULL,
        superseding_changed = NULL, superseding_body = NULL
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
        AS promoted (workspace, seq, at_ms, failure_count)
    WHERE ",
    by_key!("delivery_queue", "promoted")
);

impl HeadRows {
    /// Locks the heads of attempts. What another attempt of the batch promotes was
    /// not handed out before, so none of them is of it.
    pub async fn lock(
        sql: &Transaction<'_>,
        clock: &dyn Clock,
        attempts: &[Attempt],
    ) -> Result<Self, Failure> {
        let mut heads = lock(sql, attempts).await?;
        // Begun with the locks in hand: what waits and what is logged stays as it is read here.
        let (waiting, logged) =
            tokio::try_join!(first_waiting(sql, &heads), logged(sql, attempts))?;
        for (head, next) in waiting {
            if let Some(row) = heads.get_mut(&head) {
                row.next = Some(next);
            }
        }
        let (failures, promoted, superseding) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { now: clock.now(), heads, logged, failures, promoted, superseding })
    }

    /// Writes what became of the heads and of what waited. Answers the rows that
    /// became due now.
    pub async fn write(&self, sql: &Transaction<'_>) -> Result<Vec<DueDelivery>, Failure> {
        let (mut ended, mut postponed) = (Vec::new(), Vec::new());
        for row in self.heads.values() {
            let (workspace, seq) = (row.workspace, row.head.id.0.row_key());
            match row.fate {
                Fate::Stands => {}
                Fate::Postponed(retry) => postponed.push((row, retry)),
                Fate::Ended { state, at } => {
                    ended.push(Ended { workspace, seq, state, at, last: row.last });
                }
            }
        }
        let ((), (), (), (), due) = tokio::try_join!(
            self.log_failures(sql),
            end(sql, &ended),
            postpone(sql, &postponed),
            self.promote_superseding(sql),
            self.promote_waiting(sql)
        )?;
        Ok(due)
    }

    async fn log_failures(&self, sql: &Transaction<'_>) -> Result<(), Failure> {
        let failures = &self.failures;
        if failures.is_empty() {
            return Ok(());
        }
        execute(
            sql,
            LOG,
            &[
                &column(failures, |(it, _)| it.workspace.0),
                &column(failures, |(it, _)| it.delivery.0.row_key()),
                &column(failures, |(_, number)| i64::from(*number)),
                &column(failures, |(it, _)| it.at),
                &column(failures, |(it, _)| i64::from(it.duration_ms)),
                &column(failures, |(it, _)| it.status.map(i64::from)),
                &column(failures, |(it, _)| it.error.as_deref()),
                &column(failures, |(it, _)| it.response_body.as_ref()),
            ],
        )
        .await?;
        Ok(())
    }

    async fn promote_superseding(&self, sql: &Transaction<'_>) -> Result<(), Failure> {
        let superseding = &self.superseding;
        if superseding.is_empty() {
            return Ok(());
        }
        execute(
            sql,
            SUPERSEDE,
            &[
                &column(superseding, |(workspace, ..)| workspace.0),
                &column(superseding, |(_, id, _)| id.0.row_key()),
                &column(superseding, |(.., retry)| retry.at),
                &column(superseding, |(.., retry)| i64::from(retry.failure_count)),
            ],
        )
        .await?;
        Ok(())
    }

    async fn promote_waiting(&self, sql: &Transaction<'_>) -> Result<Vec<DueDelivery>, Failure> {
        let promoted = &self.promoted;
        if promoted.is_empty() {
            return Ok(Vec::new());
        }
        let promote = format!(
            "UPDATE delivery_queue
             SET state = 2, at_ms = $3, coalesce = false, superseding_type = NULL,
                 superseding_changed = NULL, superseding_body = NULL
             FROM unnest($1::bigint[], $2::bigint[]) AS promoted (workspace, seq)
             WHERE {} RETURNING {DUE_COLUMNS}",
            by_key!("delivery_queue", "promoted")
        );
        let workspaces = column(promoted, |(workspace, _)| workspace.0);
        let seqs = column(promoted, |(_, id)| id.0.row_key());
        list(sql, &promote, &[&workspaces, &seqs, &self.now], read_due).await
    }

    fn row(&mut self, head: Head) -> &mut HeadRow {
        self.heads.get_mut(&head.id).expect("a head that was handed out")
    }

    /// Counts an attempt.
    fn attempted(&mut self, head: Head, attempt: &Attempt) -> &mut HeadRow {
        let row = self.row(head);
        row.attempt_count += 1;
        let Attempt { status, duration_ms, .. } = *attempt;
        row.last = Some(LastAttempt { count: row.attempt_count, status, duration_ms });
        row
    }
}

async fn lock(
    sql: &Transaction<'_>,
    attempts: &[Attempt],
) -> Result<BTreeMap<DeliveryId, HeadRow>, Failure> {
    let attempted: BTreeSet<(WorkspaceId, DeliveryId)> =
        attempts.iter().map(|it| (it.workspace, it.delivery)).collect();
    let workspaces = column(&attempted, |(workspace, _)| workspace.0);
    let seqs = column(&attempted, |(_, id)| id.0.row_key());
    let tails = column(&attempted, |(_, id)| id.0.tail());
    let found = list(sql, LOCK, &[&workspaces, &seqs, &tails], |row| {
        let id = DeliveryId(Stamp::from_row(row.get(1), row.get(2)));
        let failure_count = row.get::<_, i64>(5) as u32;
        let is_head = State::from_row(row.get(6)) == State::Head;
        Ok(is_head.then(|| HeadRow {
            workspace: WorkspaceId(row.get(0)),
            head: Head { id, line: row.get(3), failure_count },
            attempt_count: row.get::<_, i64>(4) as u32,
            last: None,
            next: None,
            fate: Fate::Stands,
        }))
    })
    .await?;
    Ok(found.into_iter().flatten().map(|row| (row.head.id, row)).collect())
}

async fn first_waiting(
    sql: &Transaction<'_>,
    heads: &BTreeMap<DeliveryId, HeadRow>,
) -> Result<Vec<(DeliveryId, Next)>, Failure> {
    let in_lines: Vec<&HeadRow> = heads.values().filter(|row| row.head.line > 0).collect();
    if in_lines.is_empty() {
        return Ok(Vec::new());
    }
    let workspaces = column(&in_lines, |row| row.workspace.0);
    let seqs = column(&in_lines, |row| row.head.id.0.row_key());
    list(sql, FIRST_WAITING, &[&workspaces, &seqs], |row| {
        let id = |seq, tail| DeliveryId(Stamp::from_row(row.get(seq), row.get(tail)));
        Ok((id(0, 1), Next { id: id(2, 3), coalesce: row.get(4) }))
    })
    .await
}

async fn logged(
    sql: &Transaction<'_>,
    attempts: &[Attempt],
) -> Result<HashSet<(DeliveryId, UnixMs)>, Failure> {
    let failed: Vec<&Attempt> =
        attempts.iter().filter(|it| it.next != AfterAttempt::Delivered).collect();
    if failed.is_empty() {
        return Ok(HashSet::new());
    }
    let workspaces = column(&failed, |it| it.workspace.0);
    let seqs = column(&failed, |it| it.delivery.0.row_key());
    let tails = column(&failed, |it| it.delivery.0.tail());
    let times = column(&failed, |it| it.at);
    let logged = list(sql, LOGGED, &[&workspaces, &seqs, &tails, &times], |row| {
        Ok((DeliveryId(Stamp::from_row(row.get(0), row.get(1))), row.get(2)))
    })
    .await?;
    Ok(logged.into_iter().collect())
}

async fn postpone(sql: &Transaction<'_>, postponed: &[(&HeadRow, Retry)]) -> Result<(), Failure> {
    if postponed.is_empty() {
        return Ok(());
    }
    execute(
        sql,
        POSTPONE,
        &[
            &column(postponed, |(row, _)| row.workspace.0),
            &column(postponed, |(row, _)| row.head.id.0.row_key()),
            &column(postponed, |(_, retry)| retry.at),
            &column(postponed, |(row, _)| i64::from(row.attempt_count)),
            &column(postponed, |(_, retry)| i64::from(retry.failure_count)),
            &column(postponed, |(row, _)| row.last.and_then(|it| it.status.map(i64::from))),
        ],
    )
    .await?;
    Ok(())
}

impl Heads for HeadRows {
    type Failure = Failure;

    fn head(&mut self, attempt: &Attempt) -> Result<Option<Head>, Failure> {
        let row = self.heads.get(&attempt.delivery);
        let stands = |row: &&HeadRow| !matches!(row.fate, Fate::Ended { .. });
        Ok(row.filter(stands).map(|row| row.head))
    }

    fn log_failure(&mut self, attempt: &Attempt) -> Result<bool, Failure> {
        if self.head(attempt)?.is_none() || !self.logged.insert((attempt.delivery, attempt.at)) {
            return Ok(false);
        }
        let number = self.heads[&attempt.delivery].attempt_count + 1;
        self.failures.push((attempt.clone(), number));
        Ok(true)
    }

    fn end(&mut self, head: Head, attempt: &Attempt, state: State) -> Result<(), Failure> {
        let row = self.attempted(head, attempt);
        row.fate = Fate::Ended { state, at: attempt.at + UnixMs::from(attempt.duration_ms) };
        Ok(())
    }

    fn postpone(&mut self, head: Head, attempt: &Attempt, retry: Retry) -> Result<(), Failure> {
        let row = self.attempted(head, attempt);
        row.head.failure_count = retry.failure_count;
        row.fate = Fate::Postponed(retry);
        Ok(())
    }

    fn first_waiting(&mut self, head: Head) -> Result<Option<Next>, Failure> {
        Ok(self.row(head).next)
    }

    fn promote(&mut self, head: Head, next: Next) -> Result<(), Failure> {
        let workspace = self.row(head).workspace;
        self.promoted.push((workspace, next.id));
        Ok(())
    }

    fn supersede(&mut self, head: Head, next: Next, retry: Retry) -> Result<(), Failure> {
        let at = self.now;
        let row = self.row(head);
        row.fate = Fate::Ended { state: State::Superseded, at };
        let workspace = row.workspace;
        self.superseding.push((workspace, next.id, retry));
        Ok(())
    }
}
