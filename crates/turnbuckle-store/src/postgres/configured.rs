//! How often what workspaces configure has changed.
//!
//! A transaction that changes any of it raises the version of the workspace, a
//! row. This process learns of its own when they are committed and before their
//! caller is answered; of those of others, and of its own whose caller went
//! away, within [`LOOK_EVERY`].

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use deadpool_postgres::{Client, GenericClient, Pool, Transaction};
use tokio::task::JoinSet;
use turnbuckle_core::id::WorkspaceId;

use crate::postgres::failure::Failure;
use crate::postgres::statement::{find, list};

/// A quarter of what a change may take to be seen everywhere.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Default)]
pub struct Configured {
    versions: RwLock<HashMap<WorkspaceId, u64>>,
}

impl Configured {
    /// Learns the versions, and the new ones for as long as the task runs that
    /// is put among `tasks`.
    pub async fn start(pool: Pool, tasks: &mut JoinSet<()>) -> Result<Arc<Self>, Failure> {
        let configured = Arc::new(Self::default());
        configured.look(&pool).await?;
        let learning = configured.clone();
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                // The next look may succeed; whoever reads or writes is told.
                if learning.look(&pool).await.is_err() {
                    tracing::debug!("what is configured could not be looked at");
                }
            }
        });
        Ok(configured)
    }

    pub fn version(&self, workspace: WorkspaceId) -> u64 {
        let versions = self.versions.read().expect("no code panics holding it");
        versions.get(&workspace).copied().unwrap_or_default()
    }

    /// Learns the versions now.
    pub async fn look(&self, pool: &Pool) -> Result<(), Failure> {
        let db = pool.get().await?;
        let all = "SELECT workspace, version FROM configuration";
        let read =
            list(&db, all, &[], |row| Ok((WorkspaceId(row.get(0)), row.get::<_, i64>(1) as u64)));
        for (workspace, version) in read.await? {
            self.learn(workspace, version);
        }
        Ok(())
    }

    /// Never goes back: a look may end after the news of a later change.
    fn learn(&self, workspace: WorkspaceId, version: u64) {
        let mut versions = self.versions.write().expect("no code panics holding it");
        let known = versions.entry(workspace).or_default();
        *known = version.max(*known);
    }
}

/// A transaction that changes what a workspace has configured. Those of one
/// workspace follow each other.
pub struct Configuring<'a> {
    pub sql: Transaction<'a>,
    workspace: WorkspaceId,
    version: u64,
}

impl<'a> Configuring<'a> {
    pub async fn begin(db: &'a mut Client, workspace: WorkspaceId) -> Result<Self, Failure> {
        let sql = db.transaction().await?;
        let version = raise(&sql, workspace).await?;
        Ok(Self { sql, workspace, version })
    }

    pub async fn commit(self, configured: &Configured) -> Result<(), Failure> {
        self.sql.commit().await?;
        configured.learn(self.workspace, self.version);
        Ok(())
    }
}

async fn raise(db: &impl GenericClient, workspace: WorkspaceId) -> Result<u64, Failure> {
    let raise = "INSERT INTO configuration (workspace, version) VALUES ($1, 1)
        ON CONFLICT (workspace) DO UPDATE SET version = configuration.version + 1
        RETURNING version";
    let version = find(db, raise, &[&workspace.0], |row| Ok(row.get::<_, i64>(0))).await?;
    Ok(version.unwrap_or_default() as u64)
}
