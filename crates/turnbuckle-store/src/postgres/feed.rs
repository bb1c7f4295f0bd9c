//! The row by which those who match and those who store messages follow each other.

use deadpool_postgres::Transaction;

use crate::StoreError;
use crate::postgres::failure::Failure;
use crate::postgres::statement::{execute, find};

/// How far the feed is, as whoever holds its row sees it.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// The highest position given out.
    pub position: i64,
    /// The highest row key of a delivery.
    pub delivery: i64,
}

impl Feed {
    /// Waits for whoever holds it. A statement that begins after this one sees all
    /// that was stored before, and nothing is stored until the transaction ends.
    pub async fn lock(sql: &Transaction<'_>) -> Result<Self, Failure> {
        let lock = "SELECT position, delivery FROM feed WHERE shard = 0 FOR UPDATE";
        let read =
            |row: &tokio_postgres::Row| Ok(Self { position: row.get(0), delivery: row.get(1) });
        let missing =
            || StoreError::Defect { action: "lock the feed", source: "its row is missing".into() };
        Ok(find(sql, lock, &[], read).await?.ok_or_else(missing)?)
    }

    pub async fn put(self, sql: &Transaction<'_>) -> Result<(), Failure> {
        let put = "UPDATE feed SET position = $1, delivery = $2 WHERE shard = 0";
        execute(sql, put, &[&self.position, &self.delivery]).await?;
        Ok(())
    }
}
