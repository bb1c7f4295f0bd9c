//! Subscriptions and their match keys.

use std::collections::HashSet;

use async_trait::async_trait;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, OptionalExtension, Row, params};
use turnbuckle_core::id::{Stamp, SubscriptionId, WorkspaceId};

use crate::StoreError;
use crate::error::Noun;
use crate::page::{Page, PageRequest};
use crate::rules::identity::identity_hash;
use crate::rules::schema::ConnectionSchema;
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::listing;
use crate::sqlite::writer::{Batch, Priority};
use crate::subscription::{
    Followed, KeyGroup, Rekeying, SHARED_KEY_MAX, Subscribe, Subscription, SubscriptionStore,
};

/// Groups of keys that are looked up where they are asked; more are a scan.
const GROUPS_LOOKED_UP_MAX: usize = 16;

const SUBSCRIPTION_COLUMNS: &str = "subscription.seq, subscription.tail, subscription.workspace, connection.id, object, is_search, target, detail";

fn read_subscription(row: &Row<'_>) -> Result<Subscription, Failure> {
    let stamp = Stamp::from_row(row.get(0)?, row.get(1)?);
    let (target, detail): (String, String) = (row.get(6)?, row.get(7)?);
    let followed = match row.get(5)? {
        true => Followed::Search { event: target, payload: serde_json::from_str(&detail)? },
        false => Followed::Record { entity: target, id: detail },
    };
    Ok(Subscription {
        id: SubscriptionId(stamp),
        workspace: WorkspaceId(row.get(2)?),
        connection: row.get(3)?,
        object: row.get(4)?,
        followed,
        created_at: stamp.millis(),
    })
}

fn subscribe(
    batch: &mut Batch<'_>,
    workspace: WorkspaceId,
    subscribe: &Subscribe,
) -> Result<(), Failure> {
    let connection = batch.state.connection(batch.sql, workspace, &subscribe.connection)?;
    if connection.mapping_version != subscribe.mapping_version {
        let id = subscribe.connection.clone();
        return Err(StoreError::VersionMismatch { noun: Noun::Connection, id }.into());
    }
    let (is_search, target, detail) = match &subscribe.followed {
        Followed::Record { entity, id } => (false, entity, id.clone()),
        Followed::Search { event, payload } => (true, event, serde_json::to_string(payload)?),
    };
    let stamp = batch.state.mint();
    let inserted = batch
        .sql
        .prepare_cached(
            "INSERT INTO subscription (seq, tail, workspace, connection, object, is_search, target,
                 detail, identity, needs_recheck)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (connection, object, identity) DO NOTHING",
        )?
        .execute(params![
            stamp.row_key(),
            stamp.tail(),
            workspace.0,
            connection.no.0,
            subscribe.object,
            is_search,
            target,
            detail,
            identity_hash(&subscribe.identity).as_bytes(),
            subscribe.needs_recheck
        ])?;
    if inserted == 0 {
        return Ok(());
    }
    for key in &subscribe.match_keys {
        if subscribe.needs_recheck && sharers(batch.sql, *key)? >= SHARED_KEY_MAX {
            return Err(StoreError::TooManySubscriptions.into());
        }
        insert_key(batch.sql, *key, stamp.row_key())?;
    }
    Ok(())
}

fn insert_key(db: &Db, key: i64, subscription: i64) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO subscription_key (key, subscription) VALUES (?1, ?2)",
    )?
    .execute(params![key, subscription])?;
    Ok(())
}

/// Subscriptions under a key, counted no further than matters.
fn sharers(db: &Db, key: i64) -> Result<usize, Failure> {
    let count: i64 = db
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM subscription_key WHERE key = ?1 LIMIT ?2)",
        )?
        .query_row(params![key, SHARED_KEY_MAX as i64], |row| row.get(0))?;
    Ok(count as usize)
}

#[async_trait]
impl SubscriptionStore for SqliteStore {
    async fn subscribe(&self, workspace: WorkspaceId, wish: Subscribe) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Stages, "subscribe", move |batch| subscribe(batch, workspace, &wish))
            .await
    }

    async fn unsubscribe(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        object: &str,
        identity: &str,
    ) -> Result<(), StoreError> {
        let (connection, object) = (connection.to_owned(), object.to_owned());
        let identity = identity_hash(identity);
        self.writer
            .run(Priority::Stages, "unsubscribe", move |batch| {
                let connection = batch.state.connection(batch.sql, workspace, &connection)?;
                let removed: Option<i64> = batch
                    .sql
                    .prepare_cached(
                        "DELETE FROM subscription
                         WHERE connection = ?1 AND object = ?2 AND identity = ?3 RETURNING seq",
                    )?
                    .query_row(params![connection.no.0, object, identity.as_bytes()], |row| {
                        row.get(0)
                    })
                    .optional()?;
                if let Some(seq) = removed {
                    batch
                        .sql
                        .prepare_cached("DELETE FROM subscription_key WHERE subscription = ?1")?
                        .execute([seq])?;
                }
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
        let connection = connection.map(|id| self.connection_schema(workspace, id)).transpose()?;
        let object = object.map(str::to_owned);
        self.readers
            .scan("list subscriptions", move |db| {
                list(db, workspace, connection.as_deref(), object.as_deref(), page)
            })
            .await
    }

    async fn candidates(
        &self,
        groups: &[KeyGroup],
        limit: usize,
    ) -> Result<Vec<Vec<Subscription>>, StoreError> {
        let find = move |groups: &[KeyGroup], db: &Db| {
            groups.iter().map(|group| candidates(db, group, limit)).collect()
        };
        if groups.len() <= GROUPS_LOOKED_UP_MAX {
            return self.readers.look_up("find subscriptions", |db| find(groups, db));
        }
        let groups = groups.to_vec();
        self.readers.scan("find subscriptions", move |db| find(&groups, db)).await
    }

    async fn rekeyings(&self) -> Result<Vec<Rekeying>, StoreError> {
        self.readers.look_up("read rekeyings", |db| {
            let mut select = db.prepare_cached(
                "SELECT connection.workspace, connection.id, object, rekeying.mapping_version
                 FROM rekeying
                 JOIN connection ON connection.no = rekeying.connection",
            )?;
            let rows = select.query_map([], |row| {
                Ok(Rekeying {
                    workspace: WorkspaceId(row.get(0)?),
                    connection: row.get(1)?,
                    object: row.get(2)?,
                    mapping_version: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    async fn subscriptions_to_rekey(
        &self,
        rekeying: &Rekeying,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, Subscription)>, StoreError> {
        let connection = self.connection_schema(rekeying.workspace, &rekeying.connection)?;
        let object = rekeying.object.clone();
        self.readers
            .scan("read subscriptions to rekey", move |db| {
                let mut select = db.prepare_cached(&format!(
                    "SELECT {SUBSCRIPTION_COLUMNS} FROM subscription
                     JOIN connection ON connection.no = subscription.connection
                     WHERE subscription.connection = ?1 AND object = ?2 AND seq > ?3 AND is_search
                     ORDER BY seq LIMIT ?4"
                ))?;
                let mut rows =
                    select.query(params![connection.no.0, object, after, limit as i64])?;
                let mut slice = Vec::new();
                while let Some(row) = rows.next()? {
                    slice.push((row.get(0)?, read_subscription(row)?));
                }
                Ok(slice)
            })
            .await
    }

    async fn rekey(
        &self,
        workspace: WorkspaceId,
        keys: Vec<(i64, Vec<i64>)>,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Bulk, "rekey subscriptions", move |batch| {
                for (subscription, keys) in keys {
                    batch
                        .sql
                        .prepare_cached("DELETE FROM subscription_key WHERE subscription = ?1")?
                        .execute([subscription])?;
                    let is_there: Option<i64> = batch
                        .sql
                        .prepare_cached(
                            "SELECT seq FROM subscription WHERE seq = ?1 AND workspace = ?2",
                        )?
                        .query_row([subscription, workspace.0], |row| row.get(0))
                        .optional()?;
                    // Unsubscribed since it was read.
                    if is_there.is_none() {
                        continue;
                    }
                    for key in keys {
                        insert_key(batch.sql, key, subscription)?;
                    }
                }
                Ok(())
            })
            .await
    }

    async fn end_rekeying(&self, rekeying: &Rekeying) -> Result<bool, StoreError> {
        let Rekeying { workspace, connection, object, mapping_version } = rekeying.clone();
        self.writer
            .run(Priority::Stages, "end a rekeying", move |batch| {
                batch.state.configuration_changed(workspace);
                let connection = batch.state.connection(batch.sql, workspace, &connection)?;
                let is_deferred: bool = batch
                    .sql
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM deferred_change
                                        WHERE connection = ?1 AND object = ?2)",
                    )?
                    .query_row(params![connection.no.0, object], |row| row.get(0))?;
                if is_deferred {
                    return Ok(false);
                }
                let ended = batch
                    .sql
                    .prepare_cached(
                        "DELETE FROM rekeying
                         WHERE connection = ?1 AND object = ?2 AND mapping_version = ?3",
                    )?
                    .execute(params![connection.no.0, object, mapping_version])?;
                Ok(ended > 0)
            })
            .await
    }
}

/// Lists newest first. The statement holds only what an index narrows; the rest
/// is compared row by row, so that the rows read are bounded.
fn list(
    db: &Db,
    workspace: WorkspaceId,
    connection: Option<&ConnectionSchema>,
    object: Option<&str>,
    page: PageRequest,
) -> Result<Page<Subscription>, Failure> {
    let mut conditions = vec!["seq < :before"];
    let mut values = vec![(":before", Sql::Integer(page.after.unwrap_or(i64::MAX)))];
    if let (Some(connection), Some(object)) = (connection, object) {
        conditions.push("subscription.connection = :connection AND object = :object");
        values.push((":connection", Sql::Integer(connection.no.0)));
        values.push((":object", Sql::Text(object.to_owned())));
    }
    // Joined from the left, so that the subscriptions lead, in their order.
    let statement = format!(
        "SELECT {SUBSCRIPTION_COLUMNS} FROM subscription
         LEFT JOIN connection ON connection.no = subscription.connection
         WHERE {} ORDER BY seq DESC",
        conditions.join(" AND ")
    );
    let named: Vec<(&str, &dyn rusqlite::ToSql)> =
        values.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)).collect();
    let mut select = db.prepare_cached(&statement)?;
    let rows = select.query(named.as_slice())?;
    listing::page_of_fitting(rows, page.limit, |row| {
        let id: Option<String> = row.get(3)?;
        let is_object = |object: &str| row.get_ref(4).is_ok_and(|it| it.as_str() == Ok(object));
        let fits = row.get::<_, i64>(2)? == workspace.0
            && id.is_some_and(|id| connection.is_none_or(|connection| connection.id == id))
            && object.is_none_or(is_object);
        if fits { read_subscription(row).map(Some) } else { Ok(None) }
    })
}

/// Candidates under any of the keys, each once.
fn candidates(db: &Db, group: &KeyGroup, limit: usize) -> Result<Vec<Subscription>, Failure> {
    let KeyGroup { workspace, keys } = group;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut select = db.prepare_cached(&format!(
        "SELECT {SUBSCRIPTION_COLUMNS} FROM subscription_key
         JOIN subscription ON subscription.seq = subscription_key.subscription
         JOIN connection ON connection.no = subscription.connection
         WHERE key = ?1 AND subscription.workspace = ?2"
    ))?;
    for key in keys {
        let mut rows = select.query(params![key, workspace.0])?;
        while let Some(row) = rows.next()? {
            if found.len() == limit {
                return Ok(found);
            }
            if seen.insert(row.get::<_, i64>(0)?) {
                found.push(read_subscription(row)?);
            }
        }
    }
    Ok(found)
}
