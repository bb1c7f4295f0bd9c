//! The store on PostgreSQL 15 or later, which several processes share.
//!
//! Who acts: each call takes a connection of the pool and runs one transaction
//! on it. A task reads the versions of what workspaces have configured, which
//! other processes raise ([`configured`]); one shares the work with them
//! ([`processes`]); some make inbound events durable, many at once ([`intake`]).
//!
//! Guaranteed: everything that two processes must agree on is a row, and is
//! decided by a lock on that row or by a constraint. Correctness rests neither
//! on advisory locks nor on LISTEN.

mod address;
mod api_key;
mod attempt;
mod authorization;
mod bin;
mod change;
mod configured;
mod connection;
mod context;
mod delivery;
mod delivery_log;
mod delivery_row;
mod endpoint;
mod entity;
mod erasure;
mod event_call;
mod failure;
mod feed;
mod function;
mod gather;
mod hints;
mod idempotency;
mod inbound;
mod intake;
mod lifeline;
mod line;
mod link;
mod listing;
mod maintenance;
mod matched;
pub mod migrations;
mod partitions;
mod planner;
mod processes;
mod reads;
mod record;
mod recovery;
mod replay;
mod schema;
mod source;
mod statement;
mod statistics;
mod subscription;
mod tls;
mod transfer;
mod unit;
mod unopened;
mod user;
mod workspace;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::Config;
use turnbuckle_core::id::{Minter, Stamp};

use crate::StoreError;
use crate::clock::Clock;
use crate::inbound::{Accept, Accepted};
pub use crate::postgres::address::{Address, AddressError};
use crate::postgres::configured::Configured;
use crate::postgres::failure::{Failure, during};
use crate::postgres::gather::Gather;
use crate::postgres::hints::Hints;
use crate::postgres::inbound::Held;
use crate::postgres::intake::Intake;
use crate::postgres::lifeline::{Connecting, Lifeline};
use crate::postgres::maintenance::logs::Retention;
pub use crate::postgres::migrations::Found;
use crate::postgres::processes::Processes;
use crate::postgres::record::{RecordWrite, RecordWriter};
use crate::postgres::schema::Schemas;
use crate::postgres::statement::find;
use crate::postgres::subscription::{Subscriber, Wish};
use crate::postgres::tls::Tls;
pub use crate::postgres::unopened::Unopened;
use crate::record::Applied;
pub use crate::rules::apply::Compose;

/// What the store is opened with.
pub struct PostgresOptions {
    pub address: Address,
    pub clock: Arc<dyn Clock>,
    pub compose: Compose,
    /// Most bytes of intake that may wait to be written.
    pub intake_bytes_max: usize,
    /// Most connections that this process has open.
    pub connections_max: usize,
}

/// The PostgreSQL half of [`crate::Store`].
pub struct PostgresStore {
    parts: Arc<Parts>,
    /// How the session of this process connects.
    session: (Config, Tls),
    /// End with the store.
    tasks: Mutex<JoinSet<()>>,
}

/// What calls and tasks work with.
pub struct Parts {
    clock: Arc<dyn Clock>,
    minter: Arc<Minter>,
    compose: Compose,
    pool: Pool,
    configured: Arc<Configured>,
    schemas: Schemas,
    hints: Arc<Hints>,
    processes: Arc<Processes>,
    /// Events that this process is working on.
    held: Held,
    accepts: Gather<Accept, Accepted>,
    writes: Gather<RecordWrite, Applied>,
    subscribes: Gather<Wish, ()>,
    retention: Retention,
}

impl std::ops::Deref for PostgresStore {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Every statement finds its rows by a key, and those that are sorted are few. The
/// server, which thinks of a queue what it was when it was last counted, would now
/// and then rather read all of it: from an empty one that is cheapest.
const PLANS: &str = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off \
    -c enable_mergejoin=off -c enable_material=off -c jit=off";

/// How long the server may take to let a connection begin.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Of the connections that a process may have, how many are tried at its start.
const CHECKED_MAX: usize = 32;
/// How long a connection may say nothing that should.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Tasks that make inbound events durable: while one waits for its commit, another
/// writes.
const INTAKE_FLUSHERS: usize = 2;

impl PostgresStore {
    /// Connects, brings the schema up to date and learns what is configured.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached;
    /// [`StoreError::Defect`] if the database is not ours to use.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let lifeline = Lifeline::default();
        let (pool, session) = connect(&options.address, options.connections_max, PLANS, &lifeline)?;
        during("connect to it", check_encoding(&pool)).await?;
        check_room(&pool, &session, options.connections_max.min(CHECKED_MAX)).await?;
        migrations::migrate(&pool).await?;
        let weeks = partitions::make(&pool, options.clock.now());
        during("make the partitions of the logs", weeks).await?;
        let mut tasks = JoinSet::new();
        let configured = Configured::start(pool.clone(), &mut tasks);
        let configured = during("read what is configured", configured).await?;
        let number = during("number this process", number_process(&pool)).await?;
        let hints = Arc::<Hints>::default();
        let processes = Arc::new(Processes::new(number, hints.clone(), lifeline));
        let parts = Arc::new(Parts {
            clock: options.clock,
            minter: Arc::new(Minter::of_process(number.unsigned_abs())),
            compose: options.compose,
            pool,
            configured,
            schemas: Schemas::default(),
            hints,
            processes,
            held: Held::default(),
            accepts: Gather::new(intake::ACTION, options.intake_bytes_max),
            // Their callers wait for the answer, and so bound themselves.
            writes: Gather::new(record::ACTION, usize::MAX),
            subscribes: Gather::new(subscription::ACTION, usize::MAX),
            retention: Retention::default(),
        });
        for _ in 0..INTAKE_FLUSHERS {
            let intake = Intake(parts.clone());
            tasks.spawn(async move { intake.0.accepts.run(&intake).await });
        }
        let writes = RecordWriter(parts.clone());
        tasks.spawn(async move { writes.0.writes.run(&writes).await });
        let subscribes = Subscriber(parts.clone());
        tasks.spawn(async move { subscribes.0.subscribes.run(&subscribes).await });
        Ok(Self { parts, session, tasks: Mutex::new(tasks) })
    }

    /// The minter that every id of this process comes from.
    pub fn minter(&self) -> Arc<Minter> {
        self.minter.clone()
    }
}

impl Parts {
    fn mint(&self) -> Stamp {
        self.mint_after(0)
    }

    /// An id whose row key is above `floor`.
    fn mint_after(&self, floor: i64) -> Stamp {
        self.minter.mint_after(floor, self.clock.now(), self.clock.random())
    }
}

/// Texts are of any script, and compared byte by byte.
async fn check_encoding(pool: &Pool) -> Result<(), Failure> {
    let db = pool.get().await?;
    let encoding =
        find(&db, "SHOW server_encoding", &[], |row| Ok(row.get::<_, String>(0))).await?;
    match encoding {
        Some(other) if other != "UTF8" => {
            let reason = format!("its encoding is {other}; make one with `createdb -E UTF8`");
            Err(StoreError::Defect { action: "use the database", source: reason.into() }.into())
        }
        _ => Ok(()),
    }
}

/// A user or a database may have fewer connections than a pool asks for. That is said at
/// the start, and not by requests that fail when there is much to do.
async fn check_room(
    pool: &Pool,
    (settings, tls): &(Config, Tls),
    count: usize,
) -> Result<(), StoreError> {
    let opened = futures_util::future::join_all((0..count).map(|_| pool.get())).await;
    // The session that says that the process is there comes on top.
    let session = timeout(CONNECT_MAX, settings.connect(tls.clone())).await;
    let mut refused: Option<Box<dyn std::error::Error>> = match session {
        Ok(Err(error)) => Some(error.into()),
        Ok(Ok(_)) | Err(_) => None,
    };
    for connection in opened {
        match connection {
            // They are opened when they are needed.
            Ok(connection) => drop(deadpool_postgres::Object::take(connection)),
            Err(error) => refused = Some(error.into()),
        }
    }
    let Some(error) = refused else { return Ok(()) };
    let mut cause: &dyn std::error::Error = error.as_ref();
    while let Some(source) = cause.source() {
        cause = source;
    }
    Err(StoreError::Defect {
        action: "open the connections that `postgres.connections_max` speaks of, and one more",
        source: format!(
            "{} at once are refused; raise the limit of the user or of the database, or lower \
             the setting ({cause})",
            count + 1
        )
        .into(),
    })
}

/// A pool of sessions with these options, and what it connects with.
fn connect(
    address: &Address,
    connections_max: usize,
    options: &str,
    lifeline: &Lifeline,
) -> Result<(Pool, (Config, Tls)), StoreError> {
    let mut settings = address.to_config();
    let tls = tls::of(&mut settings)?;
    let given = settings.get_options().unwrap_or_default();
    settings.options(format!("{options} {given}"));
    if settings.get_application_name().is_none() {
        settings.application_name("turnbuckle");
    }
    // A server that is gone without a word is noticed as soon as one that said so.
    settings.keepalives_idle(SILENCE_MAX).tcp_user_timeout(SILENCE_MAX);
    let manager = Manager::from_connect(
        settings.clone(),
        Connecting { tls: tls.clone(), lifeline: lifeline.clone() },
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let pool = Pool::builder(manager)
        .config(PoolConfig::new(connections_max))
        .runtime(Runtime::Tokio1)
        .create_timeout(Some(CONNECT_MAX))
        .build()
        .map_err(|error| StoreError::Defect {
            action: "open the database",
            source: error.into(),
        })?;
    Ok((pool, (settings, tls)))
}

/// Every process that opens the store gets the next number.
async fn number_process(pool: &Pool) -> Result<i64, Failure> {
    let db = pool.get().await?;
    let next = find(&db, "SELECT nextval('process_no')", &[], |row| Ok(row.get(0))).await?;
    Ok(next.unwrap_or_default())
}
