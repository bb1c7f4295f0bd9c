//! Records, on PostgreSQL.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::record::{Data, Record, Related};
use turnbuckle_core::write::Planned;
use uuid::Uuid;

use crate::StoreError;
use crate::postgres::failure::Failure;
use crate::postgres::gather::{Answers, Flush};
use crate::postgres::unit::{About, Keep, Writes};
use crate::postgres::{Parts, PostgresStore};
use crate::record::{Applied, RecordStore, Search, SearchPage, Write};
use crate::rules::record::RecordRow;
use crate::rules::schema::ConnectionSchema;
use crate::rules::{EngineFailure as _, apply};

pub const ACTION: &str = "write a record";

/// Reads `seq, id, number, version, created_at_ms, updated_at_ms, data`.
pub fn read_record(row: &Row) -> Result<RecordRow, Failure> {
    Ok(RecordRow {
        seq: row.get(0),
        record: Record {
            id: row.get::<_, Uuid>(1).to_string(),
            number: row.get(2),
            version: row.get(3),
            created_at: row.get(4),
            updated_at: row.get(5),
            data: Arc::new(serde_json::from_str(row.get(6))?),
        },
    })
}

impl Parts {
    /// What a unit of work on one connection is about.
    pub(super) async fn about(
        &self,
        workspace: WorkspaceId,
        connection: &str,
    ) -> Result<About, StoreError> {
        let no = self.connection_schema(workspace, connection).await?.no;
        Ok(About { connections: BTreeSet::from([(workspace, no)]), ..About::default() })
    }
}

impl Parts {
    /// Puts the records into a new connection that it starts with. Nobody is told.
    pub(super) async fn insert_initial(
        &self,
        transaction: &Transaction<'_>,
        connection: &ConnectionSchema,
        records: &[(String, Uuid, Data)],
    ) -> Result<(), Failure> {
        let mut writes = Writes::default();
        let now = self.clock.now();
        for (entity, id, data) in records {
            let (_, row) = connection.entity(entity)?;
            let number = writes.number(row.no).unwrap_or_default() + 1;
            writes.put_number(connection.workspace, row.no, number);
            let record = Record {
                id: id.to_string(),
                number,
                version: 1,
                created_at: now,
                updated_at: now,
                data: Arc::new(data.clone()),
            };
            let data = serde_json::to_string(data)?;
            let after = Some((&record, data.as_str()));
            writes.put(connection.workspace, row, self.mint().row_key(), None, after, *id);
        }
        writes.write(transaction).await
    }
}

/// One write of one record, as its caller asked for it.
pub struct RecordWrite {
    workspace: WorkspaceId,
    connection: String,
    no: ConnectionNo,
    write: Write,
}

/// Writes what [`RecordStore::write`] takes.
pub struct RecordWriter(pub Arc<Parts>);

#[async_trait]
impl Flush for RecordWriter {
    type Job = RecordWrite;
    type Answer = Applied;

    async fn flush(&self, jobs: &[RecordWrite]) -> Result<Answers<Applied>, StoreError> {
        let connections = jobs.iter().map(|job| (job.workspace, job.no)).collect();
        let about = About { connections, ..About::default() };
        self.0
            .unit(ACTION, &about, Keep::Yes, |unit| {
                let mut answers = Vec::with_capacity(jobs.len());
                for RecordWrite { workspace, connection, write, .. } in jobs {
                    let applied = unit
                        .connection_of(*workspace, connection)
                        .map_err(Failure::from)
                        .and_then(|connection| apply::apply(unit, &connection, write.clone()));
                    // One that is refused has written nothing.
                    answers.push(match applied {
                        Ok(applied) => Ok(applied),
                        Err(failure) => Err(failure.refused()?),
                    });
                }
                Ok(answers)
            })
            .await
    }
}

#[async_trait]
impl RecordStore for PostgresStore {
    async fn records(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        ids: &[String],
        paths: &[ColumnPath],
    ) -> Result<(Vec<Option<Record>>, Related), StoreError> {
        self.read_records(workspace, connection, entity, ids, paths).await
    }

    async fn related(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: &[&Record],
        paths: &HashSet<ColumnPath>,
    ) -> Result<Related, StoreError> {
        self.read_related(workspace, connection, entity, records, paths).await
    }

    async fn search(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        search: Search,
    ) -> Result<SearchPage, StoreError> {
        self.read_search(workspace, connection, search).await
    }

    async fn write(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        write: Write,
    ) -> Result<Applied, StoreError> {
        let no = self.connection_schema(workspace, connection).await?.no;
        let job = RecordWrite { workspace, connection: connection.to_owned(), no, write };
        self.writes.submit(job, 1).await
    }

    async fn load(
        &self,
        workspace: WorkspaceId,
        connection: &str,
        entity: &str,
        records: Vec<Vec<(String, Planned)>>,
    ) -> Result<usize, StoreError> {
        let about = self.about(workspace, connection).await?;
        self.unit("load records", &about, Keep::Yes, |unit| {
            let connection = unit.connection_of(workspace, connection)?;
            for values in &records {
                apply::load(unit, &connection, entity, values.clone())?;
            }
            Ok(records.len())
        })
        .await
    }
}
