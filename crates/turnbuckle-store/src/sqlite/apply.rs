//! What writing a record reads and writes, on the writer.

use std::sync::Arc;

use rusqlite::{Connection as Db, params};
use turnbuckle_core::change::Change;
use turnbuckle_core::id::{ConnectionNo, Stamp, UnixMs};
use turnbuckle_core::record::Record;
use uuid::Uuid;

use crate::rules::apply::{Compose, RecordWrites, Same};
use crate::rules::record::RecordRow;
use crate::rules::schema::EntityRow;
use crate::sqlite::change::insert_change;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{
    find_record, insert_record, move_keys, read_record, record_at, record_exists,
};
use crate::sqlite::writer::Batch;

impl RecordWrites for Batch<'_> {
    type Failure = Failure;

    fn now(&self) -> UnixMs {
        self.state.now()
    }

    fn compose(&self) -> Compose {
        self.state.compose
    }

    fn mint(&mut self, _: ConnectionNo) -> Stamp {
        // The one writer mints in the order of its commits.
        self.state.mint()
    }

    fn next_number(&mut self, entity: &EntityRow) -> Result<i64, Failure> {
        self.state.next_number(self.sql, entity.no)
    }

    fn exists(&mut self, entity: &EntityRow, id: &Uuid) -> Result<bool, Failure> {
        record_exists(self.sql, entity.no, id)
    }

    fn find(&mut self, entity: &EntityRow, id: &Uuid) -> Result<Option<RecordRow>, Failure> {
        find_record(self.sql, entity.no, id)
    }

    fn find_same(
        &mut self,
        entity: &EntityRow,
        same: &Same<'_>,
    ) -> Result<Vec<RecordRow>, Failure> {
        find_same(self.sql, entity, same)
    }

    fn insert(
        &mut self,
        entity: &EntityRow,
        new: &RecordRow,
        id: &Uuid,
        data: &str,
    ) -> Result<(), Failure> {
        insert_record(self.sql, entity.no, new, id, data)?;
        move_keys(self.sql, entity, new.seq, None, Some(&new.record))
    }

    fn update(
        &mut self,
        entity: &EntityRow,
        (seq, before): (i64, &Record),
        after: &Record,
        data: &str,
    ) -> Result<(), Failure> {
        self.sql
            .prepare_cached(
                "UPDATE record SET version = ?2, updated_at_ms = ?3, data = ?4 WHERE seq = ?1",
            )?
            .execute(params![seq, after.version, after.updated_at, data])?;
        move_keys(self.sql, entity, seq, Some(before), Some(after))
    }

    fn delete(&mut self, entity: &EntityRow, (seq, before): (i64, &Record)) -> Result<(), Failure> {
        self.sql.prepare_cached("DELETE FROM record WHERE seq = ?1")?.execute([seq])?;
        let id = Uuid::try_parse(&before.id).expect("native record ids are GUIDs");
        self.sql
            .prepare_cached("DELETE FROM record_given_id WHERE entity = ?1 AND id = ?2")?
            .execute(params![entity.no, id.as_bytes()])?;
        move_keys(self.sql, entity, seq, Some(before), None)
    }

    fn tell(&mut self, change: Change, after_data: Option<&str>) -> Result<(), Failure> {
        insert_change(self.sql, &change, after_data)?;
        self.state.changed(Arc::new(change));
        Ok(())
    }
}

fn find_same(db: &Db, entity: &EntityRow, wanted: &Same<'_>) -> Result<Vec<RecordRow>, Failure> {
    let Some((column_no, driver_key)) = fewest_candidates(db, wanted.leads())? else {
        return find_same_unkeyed(db, entity, wanted);
    };
    let mut select = db.prepare_cached(
        "SELECT record FROM record_key WHERE entity_column = ?1 AND key = ?2 ORDER BY record",
    )?;
    let mut rows = select.query(params![column_no, driver_key])?;
    let mut same = Vec::new();
    while same.len() < 2
        && let Some(candidate) = rows.next()?
    {
        let found = record_at(db, candidate.get(0)?)?;
        same.extend(found.filter(|found| wanted.is(&found.record)));
    }
    Ok(same)
}

/// Of several keys the one that leads to the fewest records, counted no further
/// than matters: a country and an e-mail address find a person by the address.
fn fewest_candidates(
    db: &Db,
    mut drivers: Vec<(i64, Vec<u8>)>,
) -> Result<Option<(i64, Vec<u8>)>, Failure> {
    const COUNTED_MAX: i64 = 100;
    if drivers.len() < 2 {
        return Ok(drivers.pop());
    }
    let mut fewest: Option<(i64, (i64, Vec<u8>))> = None;
    for driver in drivers {
        let count = db
            .prepare_cached(
                "SELECT count(*) FROM (SELECT 1 FROM record_key
                                       WHERE entity_column = ?1 AND key = ?2 LIMIT ?3)",
            )?
            .query_row(params![driver.0, driver.1, COUNTED_MAX], |row| row.get(0))?;
        if fewest.as_ref().is_none_or(|(least, _)| count < *least) {
            fewest = Some((count, driver));
        }
    }
    Ok(fewest.map(|(_, driver)| driver))
}

/// Only for columns that nobody keyed: looks at every record of the entity.
fn find_same_unkeyed(
    db: &Db,
    entity: &EntityRow,
    wanted: &Same<'_>,
) -> Result<Vec<RecordRow>, Failure> {
    let mut select = db.prepare_cached(
        "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
         FROM record WHERE entity = ?1 ORDER BY seq",
    )?;
    let mut rows = select.query([entity.no])?;
    let mut same = Vec::new();
    while same.len() < 2
        && let Some(row) = rows.next()?
    {
        same.extend(Some(read_record(row)?).filter(|found| wanted.is(&found.record)));
    }
    Ok(same)
}
