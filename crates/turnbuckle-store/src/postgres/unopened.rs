//! A database that is looked at before it is opened, which would change it.

use deadpool_postgres::Pool;

use crate::StoreError;
use crate::postgres::failure::during;
use crate::postgres::lifeline::Lifeline;
use crate::postgres::maintenance::note;
use crate::postgres::migrations::{self, Found};
use crate::postgres::{Address, check_encoding, connect};

/// Whatever is asked of it changes nothing: its session may only read.
pub struct Unopened(Pool);

impl Unopened {
    /// # Errors
    /// [`StoreError::Defect`] if this machine cannot connect as the address asks.
    pub fn at(address: &Address) -> Result<Self, StoreError> {
        let (pool, _) =
            connect(address, 1, "-c default_transaction_read_only=on", &Lifeline::default())?;
        Ok(Self(pool))
    }

    /// What the database is to this version.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server cannot be reached;
    /// [`StoreError::Defect`] if it refuses us, or keeps texts in no form of ours.
    pub async fn found(&self) -> Result<Found, StoreError> {
        during("look at the database", async {
            check_encoding(&self.0).await?;
            let db = self.0.get().await?;
            migrations::look(&db).await
        })
        .await
    }

    /// A note of a database that is [`Found::Current`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Defect`] if it is another one.
    pub async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        during("read a note", async {
            let db = self.0.get().await?;
            note(&db, name).await
        })
        .await
    }
}
