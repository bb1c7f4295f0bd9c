//! Calls of functions that inbound events wait for, on PostgreSQL.
//!
//! A call is noted with the number of the process that makes it. While that process is
//! there, nobody else touches the event, whoever has the lease of its source by now.

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use turnbuckle_core::id::{FunctionCallId, FunctionId, InboundEventId, Stamp};

use crate::StoreError;
use crate::event_call::{BeginCall, Begun, CallLimit, EventCall, EventCallStore};
use crate::function::FunctionCall;
use crate::inbound::InboundEvent;
use crate::postgres::failure::{Failure, during};
use crate::postgres::function::add_calls;
use crate::postgres::hints::hint_or_look;
use crate::postgres::inbound::read_event;
use crate::postgres::processes::{Task, there};
use crate::postgres::statement::{Parameters, by_key, column, execute, list};
use crate::postgres::{Parts, PostgresStore};

const QUEUE: &str = concat!(
    "UPDATE inbound_queue SET stage = 3
    FROM unnest($1::bigint[], $2::bigint[]) AS it (workspace, seq)
    WHERE ",
    by_key!("inbound_queue", "it")
);

/// Sources are found one after the other, each by one look into the index, and so is what
/// has waited longest at each. What is in hand (`$1`) is the oldest of its source.
const LEASE: &str = "WITH RECURSIVE waiting (source, head, shard) AS (
        (SELECT source, seq, shard FROM inbound_queue WHERE stage = 3
         ORDER BY source, seq LIMIT 1)
        UNION ALL
        SELECT next.* FROM waiting CROSS JOIN LATERAL (
            SELECT source, seq, shard FROM inbound_queue
            WHERE stage = 3 AND inbound_queue.source > waiting.source
            ORDER BY source, seq LIMIT 1) AS next),
    chosen AS (
        SELECT source FROM waiting WHERE shard = ANY($4) ORDER BY head LIMIT $2)
    SELECT workspace, seq, tail, it.source, source_tail, connection, headers, query, body
    FROM chosen CROSS JOIN LATERAL (
        SELECT * FROM inbound_queue
        WHERE stage = 3 AND inbound_queue.source = chosen.source
        ORDER BY seq LIMIT $3) AS it
    WHERE NOT seq = ANY($1)
    ORDER BY seq";

#[async_trait]
impl EventCallStore for PostgresStore {
    async fn queue_for_calls(&self, events: &[Arc<InboundEvent>]) -> Result<(), StoreError> {
        during("queue events for calls", async {
            let db = self.pool.get().await?;
            let workspaces = column(events, |event| event.workspace.0);
            let seqs = column(events, |event| event.id.0.row_key());
            execute(&db, QUEUE, &[&workspaces, &seqs]).await?;
            self.held.let_go(events.iter().map(|event| event.id));
            self.hints.new_for_calls.notify_one();
            Ok(())
        })
        .await
    }

    async fn lease_for_calls(
        &self,
        limit: CallLimit,
    ) -> Result<Vec<Arc<InboundEvent>>, StoreError> {
        during("read events that wait for calls", async {
            let db = self.pool.get().await?;
            let held = self.held.row_keys();
            let (sources, per_source) = (limit.sources as i64, limit.per_source as i64);
            let shards = self.processes.shards(Task::Process);
            let parameters: Parameters<'_> = &[&held, &sources, &per_source, &shards];
            let read = list(&db, LEASE, parameters, read_event).await?;
            self.held.take(read.iter().map(|event| event.id));
            Ok(read.into_iter().map(Arc::new).collect())
        })
        .await
    }

    async fn new_for_calls(&self) {
        hint_or_look(&self.hints.new_for_calls).await;
    }

    async fn begin_calls(&self, calls: Vec<BeginCall>) -> Result<Vec<Begun>, StoreError> {
        during("begin calls of functions", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            let begun = self.begin(&transaction, &calls).await?;
            transaction.commit().await?;
            let elsewhere = begun.iter().zip(&calls).filter(|(it, _)| **it == Begun::Elsewhere);
            self.held.let_go(elsewhere.map(|(_, call)| call.event));
            Ok(begun)
        })
        .await
    }
}

/// A call as it is noted.
struct Noted {
    event: i64,
    call: EventCall,
    /// Whether another process makes it.
    is_elsewhere: bool,
}

impl Parts {
    async fn begin(
        &self,
        transaction: &Transaction<'_>,
        calls: &[BeginCall],
    ) -> Result<Vec<Begun>, Failure> {
        let workspaces = column(calls, |it| it.workspace.0);
        let events = column(calls, |it| it.event.0.row_key());
        let of_events: Parameters<'_> = &[&workspaces, &events];
        // In one order, so that two processes do not wait for each other.
        let lock = concat!(
            "SELECT inbound_queue.seq FROM inbound_queue
            JOIN unnest($1::bigint[], $2::bigint[]) AS it (workspace, seq) ON ",
            by_key!("inbound_queue", "it"),
            " ORDER BY it.seq FOR UPDATE OF inbound_queue"
        );
        let queued: Vec<i64> = list(transaction, lock, of_events, |row| Ok(row.get(0))).await?;
        // What was handed out here and is not queued any more has ended elsewhere.
        let is_open =
            |it: &&BeginCall| !self.held.has(it.event) || queued.contains(&it.event.0.row_key());
        let open: Vec<&BeginCall> = calls.iter().filter(is_open).collect();
        self.note(transaction, &open).await?;
        let noted = format!(
            "SELECT it.event, it.call, it.call_tail, it.function, it.function_tail, it.version,
                 it.process != $3 AND it.process IN ({})
             FROM event_call AS it JOIN unnest($1::bigint[], $2::bigint[]) AS asked (workspace, event)
                 ON it.workspace = ANY (ARRAY[asked.workspace])
                     AND it.event BETWEEN asked.event AND asked.event",
            there()
        );
        let number = self.processes.number();
        let noted = list(transaction, &noted, &[&workspaces, &events, &number], |row| {
            Ok(Noted {
                event: row.get(0),
                call: EventCall {
                    id: FunctionCallId(Stamp::from_row(row.get(1), row.get(2))),
                    function: FunctionId(Stamp::from_row(row.get(3), row.get(4))),
                    version: row.get(5),
                },
                is_elsewhere: row.get(6),
            })
        })
        .await?;
        let answer = |it: &BeginCall| {
            let noted = noted.iter().find(|noted| noted.event == it.event.0.row_key());
            match noted {
                Some(noted) if noted.call.id == it.call.id => Begun::Now,
                Some(noted) if !noted.is_elsewhere => Begun::CutOff(noted.call),
                Some(_) | None => Begun::Elsewhere,
            }
        };
        Ok(calls.iter().map(answer).collect())
    }

    /// Notes calls where there is none yet, or the one in whose place they are made.
    async fn note(
        &self,
        transaction: &Transaction<'_>,
        calls: &[&BeginCall],
    ) -> Result<(), Failure> {
        let put = "INSERT INTO event_call AS it (workspace, event, call, call_tail, function,
                function_tail, version, process)
            SELECT workspace, event, call, call_tail, function, function_tail, version, $9
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[]) AS given (workspace, event, call,
                call_tail, function, function_tail, version, instead_of)
            ORDER BY event
            ON CONFLICT (workspace, event) DO NOTHING";
        let replace = "UPDATE event_call
            SET call = it.call, call_tail = it.call_tail, function = it.function,
                function_tail = it.function_tail, version = it.version, process = $9
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                $6::bigint[], $7::bigint[], $8::bigint[]) AS it (workspace, event, call,
                call_tail, function, function_tail, version, instead_of)
            WHERE event_call.workspace = ANY (ARRAY[it.workspace])
                AND event_call.event BETWEEN it.event AND it.event
                AND event_call.call = it.instead_of";
        let workspaces = column(calls, |it| it.workspace.0);
        let events = column(calls, |it| it.event.0.row_key());
        let ids = column(calls, |it| it.call.id.0.row_key());
        let tails = column(calls, |it| it.call.id.0.tail());
        let functions = column(calls, |it| it.call.function.0.row_key());
        let function_tails = column(calls, |it| it.call.function.0.tail());
        let versions = column(calls, |it| it.call.version);
        let instead_of = column(calls, |it| it.instead_of.map(|id| id.0.row_key()));
        let number = self.processes.number();
        let parameters: Parameters<'_> = &[
            &workspaces,
            &events,
            &ids,
            &tails,
            &functions,
            &function_tails,
            &versions,
            &instead_of,
            &number,
        ];
        execute(transaction, replace, parameters).await?;
        execute(transaction, put, parameters).await?;
        Ok(())
    }
}

/// Logs calls, and that they are none any more that events wait for.
pub async fn end_calls(
    transaction: &Transaction<'_>,
    ended: &[(InboundEventId, FunctionCall)],
) -> Result<(), Failure> {
    if ended.is_empty() {
        return Ok(());
    }
    let workspaces = column(ended, |(_, call)| call.workspace.0);
    let events = column(ended, |(event, _)| event.0.row_key());
    let ids = column(ended, |(_, call)| call.id.0.row_key());
    let delete = "DELETE FROM event_call
        USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS ended (workspace, event, call)
        WHERE event_call.workspace = ANY (ARRAY[ended.workspace])
            AND event_call.event BETWEEN ended.event AND ended.event
            AND event_call.call = ended.call";
    execute(transaction, delete, &[&workspaces, &events, &ids]).await?;
    add_calls(transaction, ended.iter().map(|(_, call)| call)).await
}
