//! The processes that share the database: who is there, and who works on what.
//!
//! Work is cut into shards: inbound events by their source, deliveries by their
//! endpoint; matching and upkeep are one shard each. A process works on the
//! shards that it has a lease of, about as many as any other. Leases save double
//! work and keep a shard in its order; nothing rests on them: whoever ends an
//! event, matches a change or records an attempt finds the row still pending, or
//! leaves it alone.
//!
//! Who acts: one task with a database session of its own. It says once a second
//! that the process is there, takes free leases, gives up those that others are to
//! have, and carries the hints of [`crate::postgres::hints`]. The leases of a
//! process are free as soon as its session has ended, as it does with a process
//! that is killed, or when it was not seen for [`GONE_AFTER`]. A process whose
//! task cannot reach the database counts itself out before that.
//!
//! A shard of deliveries is given up once no attempt at one of its endpoints is
//! under way: new ones are not begun meanwhile ([`Permit`]).

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, Config};
use turnbuckle_core::id::{EndpointId, SourceId};

use crate::StoreError;
use crate::delivery::Permit;
use crate::postgres::CONNECT_MAX;
use crate::postgres::failure::Failure;
use crate::postgres::hints::{CHANNEL, Hints};
use crate::postgres::lifeline::Lifeline;
use crate::postgres::planner::recount;
use crate::postgres::statement::{execute, find};
use crate::postgres::tls::Tls;

/// How often a process says that it is there.
const TICK: Duration = Duration::from_secs(1);
/// A process that was not seen for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// A process that could not say so for this long takes itself for gone: sooner than others do.
const LAPSED_AFTER: Duration = Duration::from_secs(7);
/// How long to wait before a broken session is made again.
const SESSION_WAIT: Duration = Duration::from_millis(200);

/// Shards of the tasks that have several.
const SHARDS: u64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Inbound events, by source.
    Process,
    Match,
    /// Deliveries, by endpoint.
    Deliver,
    /// Runs, and whatever else one process does for all.
    Upkeep,
}

impl Task {
    const ALL: [Self; 4] = [Self::Process, Self::Match, Self::Deliver, Self::Upkeep];

    fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Match => "match",
            Self::Deliver => "deliver",
            Self::Upkeep => "upkeep",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }
}

/// Spreads row keys, which rise with time, over the shards.
fn shard_of(row_key: i64) -> i64 {
    (((row_key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % SHARDS) as i64
}

pub fn shard_of_source(source: SourceId) -> i64 {
    shard_of(source.0.row_key())
}

fn shard_of_endpoint(endpoint: EndpointId) -> i64 {
    shard_of(endpoint.0.row_key())
}

/// A lease that this process has.
struct Lease {
    /// Others are to have it: nothing new is begun.
    is_given_up: bool,
    /// Clones of it are attempts under way.
    permit: Permit,
}

#[derive(Default)]
struct Held {
    leases: BTreeMap<(Task, i64), Lease>,
    /// Until when they are ours whatever happens.
    until: Option<Instant>,
    is_alone: bool,
}

impl Held {
    fn is_valid(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}

pub struct Processes {
    /// The number of this process.
    number: i64,
    held: RwLock<Held>,
    hints: Arc<Hints>,
    lifeline: Lifeline,
}

impl Processes {
    /// One that has joined nobody yet: it has no leases.
    pub fn new(number: i64, hints: Arc<Hints>, lifeline: Lifeline) -> Self {
        Self { number, held: RwLock::default(), hints, lifeline }
    }

    /// Joins the others and takes what is free; answers the task that stays.
    pub async fn join(
        self: Arc<Self>,
        settings: (Config, Tls),
    ) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
        let mut session = Some(self.begin_session(&settings).await?);
        Ok(async move {
            loop {
                if let Some(session) = session.take() {
                    self.stay(session).await;
                    tracing::warn!("the session with the database ended; making another");
                }
                tokio::time::sleep(SESSION_WAIT).await;
                session = self.begin_session(&settings).await.ok();
            }
        })
    }

    pub fn number(&self) -> i64 {
        self.number
    }

    /// Shards of a task that this process may begin work on.
    pub fn shards(&self, task: Task) -> Vec<i64> {
        let held = self.held.read().expect("no code panics holding it");
        if !held.is_valid() {
            return Vec::new();
        }
        let of_task =
            held.leases.iter().filter(|((of, _), lease)| *of == task && !lease.is_given_up);
        of_task.map(|((_, shard), _)| *shard).collect()
    }

    /// Whether this process has a task that is one shard.
    pub fn has(&self, task: Task) -> bool {
        !self.shards(task).is_empty()
    }

    pub fn has_source(&self, source: SourceId) -> bool {
        self.shards(Task::Process).contains(&shard_of_source(source))
    }

    /// Lets an attempt at an endpoint begin, if its deliveries are this process's.
    pub fn permit(&self, endpoint: EndpointId) -> Option<Permit> {
        let held = self.held.read().expect("no code panics holding it");
        let lease = held.leases.get(&(Task::Deliver, shard_of_endpoint(endpoint)))?;
        (held.is_valid() && !lease.is_given_up).then(|| lease.permit.clone())
    }

    /// Whether nobody else was there when somebody last looked.
    pub fn is_alone(&self) -> bool {
        self.held.read().expect("no code panics holding it").is_alone
    }

    /// Whether another process works, or has opened the store since this one did.
    pub async fn has_company(&self, db: &deadpool_postgres::Client) -> Result<bool, Failure> {
        let company = format!(
            "SELECT last_value > $1 OR EXISTS (SELECT FROM ({}) AS it WHERE no != $1)
             FROM process_no",
            there()
        );
        let found = find(db, &company, &[&self.number], |row| Ok(row.get(0))).await?;
        Ok(found.unwrap_or_default())
    }

    /// Leaves: others may take over at once.
    pub async fn leave(&self, db: &deadpool_postgres::Client) -> Result<(), Failure> {
        self.held.write().expect("no code panics holding it").leases.clear();
        let leave = "DELETE FROM process WHERE no = $1";
        execute(db, leave, &[&self.number]).await?;
        Ok(())
    }

    async fn begin_session(&self, settings: &(Config, Tls)) -> Result<Session, Failure> {
        let session = Session::begin(settings).await?;
        self.answered(self.tick(&session.client)).await?;
        Ok(session)
    }

    /// Says that the process is there, until the session breaks.
    async fn stay(&self, mut session: Session) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            let answered = tokio::select! {
                payload = session.notifications.recv() => {
                    match payload {
                        Some(payload) => self.hints.heard(self.number, &payload),
                        // The connection broke.
                        None => return,
                    }
                    Ok(())
                }
                payloads = self.hints.to_tell(self.number) => {
                    self.answered(tell(&session.client, payloads)).await
                }
                _ = tick.tick() => self.answered(self.tick(&session.client)).await,
            };
            match answered {
                Ok(()) => {}
                // It hangs, and so does the session.
                Err(Failure::Store(_)) => return,
                Err(_) if session.client.is_closed() => return,
                Err(_) => {}
            }
        }
    }

    /// Waits for an answer of the server, and cuts all connections if it hangs.
    async fn answered<T, E: Into<Failure>>(
        &self,
        asked: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        match timeout(LAPSED_AFTER, asked).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(elapsed) => {
                tracing::warn!("the database does not answer; its connections are cut");
                self.lifeline.cut();
                Err(late(elapsed).into())
            }
        }
    }

    /// Says that the process is there, and sees to its leases.
    async fn tick(&self, db: &Client) -> Result<(), Failure> {
        let begun = Instant::now();
        let seen = "INSERT INTO process (no, seen_at, session, session_started)
            SELECT $1, now(), pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
            ON CONFLICT (no) DO UPDATE SET seen_at = excluded.seen_at,
                session = excluded.session, session_started = excluded.session_started";
        db.execute(seen, &[&self.number]).await?;
        let there = there();
        let count: i64 =
            db.query_one(&format!("SELECT count(*) FROM ({there}) AS it"), &[]).await?.get(0);
        let count = count.max(1);
        for task in Task::ALL {
            let shards: i64 = match task {
                Task::Process | Task::Deliver => SHARDS as i64,
                Task::Match | Task::Upkeep => 1,
            };
            let share = (shards + count - 1) / count;
            let given_up = self.give_up(task, share as usize);
            let give = "UPDATE lease SET process = NULL
                WHERE task = $1 AND shard = ANY($2) AND process = $3";
            if !given_up.is_empty() {
                db.execute(give, &[&task.name(), &given_up, &self.number]).await?;
            }
            let take = format!(
                "UPDATE lease SET process = $2 WHERE task = $1 AND shard IN (
                     SELECT shard FROM lease
                     WHERE task = $1 AND (process IS NULL OR process NOT IN ({there}))
                     ORDER BY shard
                     LIMIT greatest(0, $3 - (
                         SELECT count(*) FROM lease WHERE task = $1 AND process = $2))
                     FOR UPDATE SKIP LOCKED)"
            );
            db.execute(&take, &[&task.name(), &self.number, &share]).await?;
        }
        let mine = "SELECT task, shard FROM lease WHERE process = $1";
        let mine = db.query(mine, &[&self.number]).await?;
        let mine = mine.iter().filter_map(|row| Some((Task::named(row.get(0))?, row.get(1))));
        self.learn(mine.collect(), begun, count == 1);
        let forget = "DELETE FROM process WHERE seen_at < now() - interval '1 hour'";
        db.execute(forget, &[]).await?;
        if self.has(Task::Upkeep) {
            recount(db).await?;
        }
        Ok(())
    }

    /// Marks leases beyond the share of this process; answers those of them that
    /// nothing is under way for.
    fn give_up(&self, task: Task, share: usize) -> Vec<i64> {
        let mut held = self.held.write().expect("no code panics holding it");
        let of_task = held.leases.iter_mut().filter(|((of, _), _)| *of == task);
        let mut given_up = Vec::new();
        // The last ones, so that it is the same ones at every look.
        for (index, ((_, shard), lease)) in of_task.enumerate() {
            lease.is_given_up = index >= share;
            if lease.is_given_up && lease.permit.is_unused() {
                given_up.push(*shard);
            }
        }
        given_up
    }

    fn learn(&self, mine: BTreeSet<(Task, i64)>, begun: Instant, is_alone: bool) {
        let mut held = self.held.write().expect("no code panics holding it");
        held.leases.retain(|of, _| mine.contains(of));
        let mut is_more = false;
        for of in mine {
            held.leases.entry(of).or_insert_with(|| {
                is_more = true;
                Lease { is_given_up: false, permit: Permit::default() }
            });
        }
        held.until = Some(begun + LAPSED_AFTER);
        held.is_alone = is_alone;
        drop(held);
        if is_more {
            self.hints.look_at_all();
        }
    }
}

/// Selects the numbers of the processes that work.
pub fn there() -> String {
    format!(
        "SELECT no FROM process WHERE seen_at > now() - interval '{} s'
             AND EXISTS (SELECT FROM pg_stat_activity
                         WHERE pid = session AND backend_start = session_started)",
        GONE_AFTER.as_secs()
    )
}

async fn tell(db: &Client, payloads: Vec<String>) -> Result<(), tokio_postgres::Error> {
    let tell = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
    db.execute(tell, &[&CHANNEL, &payloads]).await.map(|_| ())
}

fn late(elapsed: Elapsed) -> StoreError {
    StoreError::Unavailable { action: "begin a session", source: elapsed.into() }
}

/// A connection of its own, whose end tells the server that the process has ended.
struct Session {
    client: Client,
    notifications: mpsc::UnboundedReceiver<String>,
    /// Drives the connection; the notifications end with it, and it with this value.
    _driver: JoinSet<()>,
}

impl Session {
    async fn begin(settings: &(Config, Tls)) -> Result<Self, Failure> {
        timeout(CONNECT_MAX, Self::connect(settings)).await.map_err(late)?
    }

    async fn connect((settings, tls): &(Config, Tls)) -> Result<Self, Failure> {
        let (client, mut connection) = settings.connect(tls.clone()).await?;
        let (heard, notifications) = mpsc::unbounded_channel();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notification(notification) = message {
                    // Nobody hears it if the session is being left.
                    let _ = heard.send(notification.payload().to_owned());
                }
            }
        });
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        Ok(Self { client, notifications, _driver: driver })
    }
}
