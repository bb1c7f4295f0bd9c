//! Subscriptions and their match keys, on PostgreSQL.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use turnbuckle_core::id::{ConnectionNo, Stamp, SubscriptionId, WorkspaceId};
use uuid::Uuid;

use crate::StoreError;
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::postgres::configured::Configuring;
use crate::postgres::failure::{Failure, during};
use crate::postgres::gather::{Answers, Flush};
use crate::postgres::statement::{Parameters, by_key, execute, find, list};
use crate::postgres::{Parts, PostgresStore};
use crate::rules::identity::identity_hash;
use crate::subscription::{
    Followed, KeyGroup, Rekeying, SHARED_KEY_MAX, Subscribe, Subscription, SubscriptionStore,
};

pub const ACTION: &str = "subscribe";

const COLUMNS: &str = "subscription.seq, subscription.tail, subscription.workspace, connection.id,
    subscription.object, is_search, target, detail";

const OF_CONNECTION: &str = "JOIN connection ON connection.workspace = subscription.workspace
    AND connection.no = subscription.connection";

fn read_subscription(row: &Row) -> Result<Subscription, Failure> {
    let stamp = Stamp::from_row(row.get(0), row.get(1));
    let (target, detail): (String, String) = (row.get(6), row.get(7));
    let followed = match row.get(5) {
        true => Followed::Search { event: target, payload: serde_json::from_str(&detail)? },
        false => Followed::Record { entity: target, id: detail },
    };
    Ok(Subscription {
        id: SubscriptionId(stamp),
        workspace: WorkspaceId(row.get(2)),
        connection: row.get(3),
        object: row.get(4),
        followed,
        created_at: stamp.millis(),
    })
}

/// The connection of this name, which stays as it is until the end, with the
/// version of its mapping.
async fn share_connection(
    db: &Transaction<'_>,
    workspace: WorkspaceId,
    id: &str,
) -> Result<(ConnectionNo, i64), Failure> {
    let share = "SELECT no, mapping_version FROM connection
        WHERE workspace = $1 AND id = $2 FOR SHARE";
    let read = |row: &Row| Ok((ConnectionNo(row.get(0)), row.get(1)));
    let found = find(db, share, &[&workspace.0, &id], read).await?;
    found.ok_or_else(|| StoreError::not_found(Noun::Connection, id).into())
}

/// What somebody wishes to follow.
pub type Wish = (WorkspaceId, Subscribe);

/// Writes what [`SubscriptionStore::subscribe`] takes.
pub struct Subscriber(pub Arc<Parts>);

#[async_trait]
impl Flush for Subscriber {
    type Job = Wish;
    type Answer = ();

    async fn flush(&self, wishes: &[Wish]) -> Result<Answers<()>, StoreError> {
        during(ACTION, self.write(wishes)).await
    }
}

/// A connection that wishes are about. It stays as it is until the commit, and
/// nobody writes records of it.
struct Followable {
    no: ConnectionNo,
    mapping_version: i64,
    /// Its newest id of a record, change or subscription.
    last_seq: i64,
}

/// A subscription to be inserted.
struct NewSubscription<'a> {
    workspace: WorkspaceId,
    connection: ConnectionNo,
    stamp: Stamp,
    wish: &'a Subscribe,
    identity: Uuid,
}

impl Subscriber {
    async fn write(&self, wishes: &[Wish]) -> Result<Answers<()>, Failure> {
        let mut db = self.0.pool.get().await?;
        let transaction = db.transaction().await?;
        let mut connections = lock_connections(&transaction, wishes).await?;
        let (mut known, mut sharers) = tokio::try_join!(
            read_identities(&transaction, wishes, &connections),
            read_sharers(&transaction, wishes),
        )?;
        let mut new = Vec::new();
        let mut store = |(workspace, wish): &'_ Wish| -> Result<Option<_>, StoreError> {
            let id = &wish.connection;
            let connection = connections
                .get_mut(&(*workspace, id.clone()))
                .ok_or_else(|| StoreError::not_found(Noun::Connection, id))?;
            if connection.mapping_version != wish.mapping_version {
                let id = id.clone();
                return Err(StoreError::VersionMismatch { noun: Noun::Connection, id });
            }
            let identity = identity_hash(&wish.identity);
            if known.contains(&(*workspace, connection.no, wish.object.clone(), identity)) {
                return Ok(None);
            }
            let of = |key: &i64| (*workspace, *key);
            let is_full = |key| sharers.get(&of(key)).is_some_and(|it| SHARED_KEY_MAX <= *it);
            if wish.needs_recheck && wish.match_keys.iter().any(is_full) {
                return Err(StoreError::TooManySubscriptions);
            }
            wish.match_keys.iter().for_each(|key| *sharers.entry(of(key)).or_default() += 1);
            known.insert((*workspace, connection.no, wish.object.clone(), identity));
            // Above the ids of all changes that were written before it.
            let stamp = self.0.mint_after(connection.last_seq);
            connection.last_seq = stamp.row_key();
            Ok(Some((connection.no, stamp, identity)))
        };
        let mut answers = Vec::with_capacity(wishes.len());
        for job in wishes {
            answers.push(store(job).map(|stored| {
                new.extend(stored.map(|(connection, stamp, identity)| NewSubscription {
                    workspace: job.0,
                    connection,
                    stamp,
                    wish: &job.1,
                    identity,
                }));
            }));
        }
        tokio::try_join!(
            insert_subscriptions(&transaction, &new),
            insert_keys(&transaction, &new),
            put_last_seqs(&transaction, &new),
        )?;
        transaction.commit().await?;
        Ok(answers)
    }
}

async fn lock_connections(
    db: &Transaction<'_>,
    wishes: &[Wish],
) -> Result<HashMap<(WorkspaceId, String), Followable>, Failure> {
    let wanted: BTreeSet<_> =
        wishes.iter().map(|(workspace, wish)| (workspace.0, wish.connection.as_str())).collect();
    let (workspaces, ids): (Vec<i64>, Vec<&str>) = wanted.into_iter().unzip();
    let lock = "SELECT connection.workspace, id, no, mapping_version, last_seq
        FROM connection JOIN connection_line
            ON connection_line.workspace = connection.workspace
                AND connection_line.connection = connection.no
        WHERE (connection.workspace, id) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))
        ORDER BY no FOR SHARE OF connection FOR UPDATE OF connection_line";
    let locked = list(db, lock, &[&workspaces, &ids], |row| {
        let connection = Followable {
            no: ConnectionNo(row.get(2)),
            mapping_version: row.get(3),
            last_seq: row.get(4),
        };
        Ok(((WorkspaceId(row.get(0)), row.get(1)), connection))
    })
    .await?;
    Ok(locked.into_iter().collect())
}

/// What makes a wish the one that is stored already.
type Identity = (WorkspaceId, ConnectionNo, String, Uuid);

/// Those of wishes that are stored.
async fn read_identities(
    db: &Transaction<'_>,
    wishes: &[Wish],
    connections: &HashMap<(WorkspaceId, String), Followable>,
) -> Result<HashSet<Identity>, Failure> {
    let number = |(workspace, wish): &Wish| {
        // Of a connection that is not there nothing is stored.
        connections.get(&(*workspace, wish.connection.clone())).map(|it| it.no.0)
    };
    let workspaces: Vec<i64> = wishes.iter().map(|(workspace, _)| workspace.0).collect();
    let numbers: Vec<Option<i64>> = wishes.iter().map(number).collect();
    let objects: Vec<&str> = wishes.iter().map(|(_, wish)| wish.object.as_str()).collect();
    let identities: Vec<Uuid> =
        wishes.iter().map(|(_, wish)| identity_hash(&wish.identity)).collect();
    let select = "SELECT subscription.workspace, subscription.connection, subscription.object,
            subscription.identity
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::uuid[])
            AS wish (workspace, connection, object, identity)
        JOIN subscription ON subscription.workspace = ANY (ARRAY[wish.workspace])
            AND subscription.connection = wish.connection AND subscription.object = wish.object
            AND subscription.identity = wish.identity";
    let parameters: Parameters<'_> = &[&workspaces, &numbers, &objects, &identities];
    let known = list(db, select, parameters, |row| {
        let (workspace, no) = (WorkspaceId(row.get(0)), ConnectionNo(row.get(1)));
        Ok((workspace, no, row.get(2), row.get(3)))
    })
    .await?;
    Ok(known.into_iter().collect())
}

/// How many subscriptions are under the keys of wishes that need a re-check,
/// counted no further than matters.
async fn read_sharers(
    db: &Transaction<'_>,
    wishes: &[Wish],
) -> Result<HashMap<(WorkspaceId, i64), usize>, Failure> {
    let rechecked = wishes.iter().filter(|(_, wish)| wish.needs_recheck);
    let keys: BTreeSet<(i64, i64)> = rechecked
        .flat_map(|(workspace, wish)| wish.match_keys.iter().map(|key| (workspace.0, *key)))
        .collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (workspaces, keys): (Vec<i64>, Vec<i64>) = keys.into_iter().unzip();
    let count = "SELECT workspace, key, (
            SELECT count(*) FROM (
                SELECT FROM subscription_key
                WHERE subscription_key.workspace = wanted.workspace
                    AND subscription_key.key = wanted.key
                LIMIT $3) AS counted)
        FROM unnest($1::bigint[], $2::bigint[]) AS wanted (workspace, key)";
    let max = SHARED_KEY_MAX as i64;
    let counts = list(db, count, &[&workspaces, &keys, &max], |row| {
        Ok(((WorkspaceId(row.get(0)), row.get(1)), row.get::<_, i64>(2) as usize))
    })
    .await?;
    Ok(counts.into_iter().collect())
}

async fn insert_subscriptions(
    db: &Transaction<'_>,
    new: &[NewSubscription<'_>],
) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let numbers = |read: fn(&NewSubscription<'_>) -> i64| new.iter().map(read).collect::<Vec<_>>();
    let objects: Vec<&str> = new.iter().map(|it| it.wish.object.as_str()).collect();
    let followed = |it: &NewSubscription<'_>| match &it.wish.followed {
        Followed::Record { entity, id } => Ok((false, (entity.clone(), id.clone()))),
        Followed::Search { event, payload } => {
            Ok((true, (event.clone(), serde_json::to_string(payload)?)))
        }
    };
    let followed: Vec<(bool, (String, String))> =
        new.iter().map(followed).collect::<Result<_, serde_json::Error>>()?;
    let (are_searches, followed): (Vec<bool>, Vec<(String, String)>) = followed.into_iter().unzip();
    let (targets, details): (Vec<String>, Vec<String>) = followed.into_iter().unzip();
    let identities: Vec<Uuid> = new.iter().map(|it| it.identity).collect();
    let rechecks: Vec<bool> = new.iter().map(|it| it.wish.needs_recheck).collect();
    let insert = "INSERT INTO subscription (workspace, seq, tail, connection, object, is_search,
            target, detail, identity, needs_recheck)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
            $6::boolean[], $7::text[], $8::text[], $9::uuid[], $10::boolean[])";
    let parameters: Parameters<'_> = &[
        &numbers(|it| it.workspace.0),
        &numbers(|it| it.stamp.row_key()),
        &numbers(|it| it.stamp.tail()),
        &numbers(|it| it.connection.0),
        &objects,
        &are_searches,
        &targets,
        &details,
        &identities,
        &rechecks,
    ];
    execute(db, insert, parameters).await?;
    Ok(())
}

async fn insert_keys(db: &Transaction<'_>, new: &[NewSubscription<'_>]) -> Result<(), Failure> {
    let rows = new.iter().flat_map(|it| {
        it.wish.match_keys.iter().map(move |key| (it.workspace.0, (*key, it.stamp.row_key())))
    });
    let (workspaces, rows): (Vec<i64>, Vec<(i64, i64)>) = rows.unzip();
    let (keys, subscriptions): (Vec<i64>, Vec<i64>) = rows.into_iter().unzip();
    if keys.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO subscription_key (workspace, key, subscription)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING";
    execute(db, insert, &[&workspaces, &keys, &subscriptions]).await?;
    Ok(())
}

async fn put_last_seqs(db: &Transaction<'_>, new: &[NewSubscription<'_>]) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    // Of each connection the last one has the highest.
    let last: BTreeMap<(i64, i64), i64> =
        new.iter().map(|it| ((it.workspace.0, it.connection.0), it.stamp.row_key())).collect();
    let (workspaces, connections): (Vec<i64>, Vec<i64>) = last.keys().copied().unzip();
    let last: Vec<i64> = last.into_values().collect();
    let put = "UPDATE connection_line SET last_seq = it.last_seq
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
            AS it (workspace, connection, last_seq)
        WHERE connection_line.workspace = it.workspace
            AND connection_line.connection = it.connection";
    execute(db, put, &[&workspaces, &connections, &last]).await?;
    Ok(())
}

#[async_trait]
impl SubscriptionStore for PostgresStore {
    async fn subscribe(&self, workspace: WorkspaceId, wish: Subscribe) -> Result<(), StoreError> {
        self.subscribes.submit((workspace, wish), 1).await
    }

    async fn unsubscribe(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        identity: &str,
    ) -> Result<(), StoreError> {
        let no = self.connection_schema(workspace, connection).await?.no;
        during("unsubscribe", async {
            let db = self.pool.get().await?;
            // The row before its keys, as whoever gives it other keys does.
            let delete = "WITH gone AS (
                    DELETE FROM subscription
                    WHERE workspace = $1 AND connection = $2 AND object = $3 AND identity = $4
                    RETURNING seq)
                DELETE FROM subscription_key USING gone
                WHERE workspace = $1 AND subscription = gone.seq";
            let identity = identity_hash(identity);
            execute(&db, delete, &[&workspace.0, &no.0, &object, &identity]).await?;
            Ok(())
        })
        .await
    }

    async fn subscriptions(
        &self,
        workspace: WorkspaceId,
        connection: Option<&str>,
        object: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Subscription>, StoreError> {
        let connection = match connection {
            Some(id) => Some(self.connection_schema(workspace, id).await?.no.0),
            None => None,
        };
        during("list subscriptions", async {
            let db = self.pool.get().await?;
            let select = format!(
                "SELECT {COLUMNS} FROM subscription {OF_CONNECTION}
                 WHERE subscription.workspace = $1 AND subscription.seq < $2
                     AND ($4::bigint IS NULL OR subscription.connection = $4)
                     AND ($5::text IS NULL OR subscription.object = $5)
                 ORDER BY subscription.seq DESC LIMIT $3"
            );
            let (before, limit) = (page.after.unwrap_or(i64::MAX), page.limit as i64 + 1);
            let parameters: Parameters<'_> = &[&workspace.0, &before, &limit, &connection, &object];
            let mut items = list(&db, &select, parameters, read_subscription).await?;
            let has_more = page.limit < items.len();
            items.truncate(page.limit);
            let next = items.last().filter(|_| has_more).map(|last| last.id.0.row_key());
            Ok(Page { items, next })
        })
        .await
    }

    async fn candidates(
        &self,
        groups: &[KeyGroup],
        limit: usize,
    ) -> Result<Vec<Vec<Subscription>>, StoreError> {
        let mut found: Vec<Vec<Subscription>> = groups.iter().map(|_| Vec::new()).collect();
        let wanted = groups.iter().enumerate().flat_map(|(place, KeyGroup { workspace, keys })| {
            keys.iter().map(move |key| (place as i64, (workspace.0, *key)))
        });
        let (places, wanted): (Vec<i64>, Vec<(i64, i64)>) = wanted.unzip();
        if places.is_empty() {
            return Ok(found);
        }
        let (workspaces, keys): (Vec<i64>, Vec<i64>) = wanted.into_iter().unzip();
        during("find subscriptions", async {
            let db = self.pool.get().await?;
            let select = format!(
                "SELECT {COLUMNS}, wanted.place
                 FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
                     AS wanted (place, workspace, key)
                 CROSS JOIN LATERAL (
                     SELECT workspace, subscription AS seq FROM subscription_key
                     WHERE subscription_key.workspace = wanted.workspace
                         AND subscription_key.key = wanted.key
                     LIMIT $4) AS keyed
                 JOIN subscription ON {}
                 JOIN connection ON connection.workspace = ANY (ARRAY[subscription.workspace])
                     AND connection.no = subscription.connection",
                by_key!("subscription", "keyed")
            );
            let limited = limit as i64;
            let parameters: Parameters<'_> = &[&places, &workspaces, &keys, &limited];
            let read = list(&db, &select, parameters, |row| {
                Ok((row.get::<_, i64>(8) as usize, read_subscription(row)?))
            })
            .await?;
            let mut seen = HashSet::new();
            for (place, subscription) in read {
                if found[place].len() < limit && seen.insert((place, subscription.id)) {
                    found[place].push(subscription);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn rekeyings(&self) -> Result<Vec<Rekeying>, StoreError> {
        during("read rekeyings", async {
            let db = self.pool.get().await?;
            let select = "SELECT connection.workspace, connection.id, object,
                    rekeying.mapping_version
                FROM rekeying
                JOIN connection ON connection.workspace = rekeying.workspace
                    AND connection.no = rekeying.connection";
            list(&db, select, &[], |row| {
                Ok(Rekeying {
                    workspace: WorkspaceId(row.get(0)),
                    connection: row.get(1),
                    object: row.get(2),
                    mapping_version: row.get(3),
                })
            })
            .await
        })
        .await
    }

    async fn subscriptions_to_rekey(
        &self,
        rekeying: &Rekeying,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Subscription)>, StoreError> {
        let Rekeying { workspace, connection, object, .. } = rekeying;
        let no = self.connection_schema(*workspace, connection).await?.no;
        during("read subscriptions to rekey", async {
            let db = self.pool.get().await?;
            let select = format!(
                "SELECT {COLUMNS} FROM subscription {OF_CONNECTION}
                 WHERE subscription.workspace = $1 AND subscription.connection = $2
                     AND object = $3 AND seq > $4 AND is_search
                 ORDER BY seq LIMIT $5"
            );
            let limit = limit as i64;
            let parameters: Parameters<'_> = &[&workspace.0, &no.0, object, &after, &limit];
            list(&db, &select, parameters, |row| Ok((row.get(0), read_subscription(row)?))).await
        })
        .await
    }

    async fn rekey(
        &self,
        workspace: WorkspaceId,
        keys: Vec<(i64, Vec<i64>)>,
    ) -> Result<(), StoreError> {
        let (seqs, pairs) = (
            keys.iter().map(|(seq, _)| *seq).collect::<Vec<i64>>(),
            keys.iter().flat_map(|(seq, keys)| keys.iter().map(move |key| (*seq, *key))),
        );
        let (of, keys): (Vec<i64>, Vec<i64>) = pairs.unzip();
        during("rekey subscriptions", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            // Those that were unsubscribed since they were read are gone.
            let lock = "SELECT seq FROM subscription WHERE workspace = $1 AND seq = ANY($2)
                ORDER BY seq FOR UPDATE";
            let read = |row: &Row| Ok(row.get::<_, i64>(0));
            let there = list(&transaction, lock, &[&workspace.0, &seqs], read).await?;
            let delete = "DELETE FROM subscription_key
                WHERE workspace = $1 AND subscription = ANY($2)";
            execute(&transaction, delete, &[&workspace.0, &there]).await?;
            let insert = "INSERT INTO subscription_key (workspace, key, subscription)
                SELECT $1, key, seq
                FROM unnest($2::bigint[]) AS there (seq)
                JOIN unnest($3::bigint[], $4::bigint[]) AS given (of, key) ON given.of = there.seq
                ON CONFLICT DO NOTHING";
            execute(&transaction, insert, &[&workspace.0, &there, &of, &keys]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn end_rekeying(&self, rekeying: &Rekeying) -> Result<bool, StoreError> {
        let Rekeying { workspace, connection, object, mapping_version } = rekeying;
        during("end a rekeying", async {
            let mut db = self.pool.get().await?;
            let change = Configuring::begin(&mut db, *workspace).await?;
            let (no, _) = share_connection(&change.sql, *workspace, connection).await?;
            // Whoever defers a change to it holds the row meanwhile.
            let end = "DELETE FROM rekeying
                WHERE workspace = $1 AND connection = $2 AND object = $3 AND mapping_version = $4";
            let parameters: Parameters<'_> = &[&workspace.0, &no.0, object, mapping_version];
            let ended = execute(&change.sql, end, parameters).await?;
            let is_deferred = "SELECT FROM deferred_change
                WHERE workspace = $1 AND connection = $2 AND object = $3 LIMIT 1";
            let deferred =
                execute(&change.sql, is_deferred, &[&workspace.0, &no.0, object]).await?;
            if ended == 0 || deferred > 0 {
                return Ok(false);
            }
            change.commit(&self.configured).await?;
            Ok(true)
        })
        .await
    }
}
