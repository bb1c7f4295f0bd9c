//! Reads of records that searches and walks are made of.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::{Connection as Db, params};
use turnbuckle_core::key::{KEYS_END, KeyRange};
use uuid::Uuid;

use crate::StoreError;
use crate::rules::reads::RecordReads;
use crate::rules::record::RecordRow;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{find_record, read_record, record_at};

/// What comes of reads on this engine. They are done where they are asked for,
/// so nothing has to be waited for.
pub fn at_once<T>(reads: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match pin!(reads).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Failure::Store(StoreError::Defect {
            action: "read records",
            source: "a read waits for something".into(),
        })),
    }
}

// CROSS JOIN keeps the order of the tables: from the keys to their records.
impl RecordReads for Db {
    type Failure = Failure;

    const SLICE_MAX: usize = 32;

    async fn by_ids(&self, entity_no: i64, ids: &[Uuid]) -> Result<Vec<RecordRow>, Failure> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(find_record(self, entity_no, id)?);
        }
        Ok(found)
    }

    async fn at(&self, _: i64, seqs: &[i64]) -> Result<Vec<RecordRow>, Failure> {
        let mut found = Vec::with_capacity(seqs.len());
        for seq in seqs {
            found.extend(record_at(self, *seq)?);
        }
        Ok(found)
    }

    async fn of_entity(
        &self,
        entity_no: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Failure> {
        let mut select = self.prepare_cached(
            "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
             FROM record WHERE entity = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let rows = select.query_and_then(params![entity_no, after, limit as i64], read_record)?;
        rows.collect()
    }

    async fn keyed(
        &self,
        _: i64,
        column_no: i64,
        key: &[u8],
        after: i64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, Failure> {
        let mut select = self.prepare_cached(
            "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
             FROM record_key CROSS JOIN record ON seq = record_key.record
             WHERE entity_column = ?1 AND key = ?2 AND record_key.record > ?3
             ORDER BY record_key.record LIMIT ?4",
        )?;
        let parameters = params![column_no, key, after, limit as i64];
        select.query_and_then(parameters, read_record)?.collect()
    }

    async fn in_key_order(
        &self,
        _: i64,
        column_no: i64,
        is_descending: bool,
        (key, seq): (&[u8], i64),
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, RecordRow)>, Failure> {
        let statement = match is_descending {
            false => {
                "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data, key
                 FROM record_key CROSS JOIN record ON seq = record_key.record
                 WHERE entity_column = ?1 AND (key, record_key.record) > (?2, ?3)
                 ORDER BY key, record_key.record LIMIT ?4"
            }
            true => {
                "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data, key
                 FROM record_key CROSS JOIN record ON seq = record_key.record
                 WHERE entity_column = ?1 AND (key, record_key.record) < (?2, ?3)
                 ORDER BY key DESC, record_key.record DESC LIMIT ?4"
            }
        };
        let mut select = self.prepare_cached(statement)?;
        let parameters = params![column_no, key, seq, limit as i64];
        select.query_and_then(parameters, |row| Ok((row.get(7)?, read_record(row)?)))?.collect()
    }

    async fn seqs(&self, entity_no: i64, limit: usize) -> Result<Vec<i64>, Failure> {
        let mut select =
            self.prepare_cached("SELECT seq FROM record WHERE entity = ?1 ORDER BY seq LIMIT ?2")?;
        let seqs = select.query_map(params![entity_no, limit as i64], |row| row.get(0))?;
        Ok(seqs.collect::<Result<_, _>>()?)
    }

    async fn candidates(
        &self,
        column_no: i64,
        ranges: &[KeyRange],
        limit: usize,
    ) -> Result<Vec<i64>, Failure> {
        let mut select = self.prepare_cached(
            "SELECT record FROM record_key
             WHERE entity_column = ?1 AND key >= ?2 AND key < ?3 LIMIT ?4",
        )?;
        let mut seqs = Vec::new();
        for KeyRange { from, to } in ranges {
            let wanted = (limit - seqs.len()) as i64;
            let parameters = params![column_no, from, to.as_deref().unwrap_or(KEYS_END), wanted];
            let mut rows = select.query(parameters)?;
            while let Some(row) = rows.next()? {
                seqs.push(row.get(0)?);
            }
            if seqs.len() == limit {
                break;
            }
        }
        Ok(seqs)
    }
}
