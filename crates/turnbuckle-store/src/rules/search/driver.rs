//! Which column's keys narrow a search best.

use turnbuckle_core::filter::Narrowing;
use turnbuckle_core::key::{self, KeyRange, NULL_KEY};
use turnbuckle_core::value::Value;

use crate::rules::reads::RecordReads;
use crate::rules::schema::{ColumnRow, EntityRow, KeyState};
use crate::rules::search::Searching;

/// Looked-up records that a condition on a walked column may narrow to.
const WALKED_IDS_MAX: usize = 500;
/// Candidates counted when two columns could narrow and the better one is wanted.
const ESTIMATE_MAX: usize = 2_000;

/// A column with keys, and the ranges in which every match lies.
pub struct Driver {
    pub column_no: i64,
    ranges: Vec<KeyRange>,
}

impl Driver {
    /// The one key that every match has.
    pub fn exact(&self) -> Option<&[u8]> {
        match self.ranges.as_slice() {
            [range] => range.exact(),
            _ => None,
        }
    }

    /// Row keys of up to `limit` candidates, ascending, each once.
    pub async fn candidates<R: RecordReads>(
        &self,
        reads: &R,
        limit: usize,
    ) -> Result<Vec<i64>, R::Failure> {
        if self.ranges.is_empty() {
            return Ok(Vec::new());
        }
        let mut seqs = reads.candidates(self.column_no, &self.ranges, limit).await?;
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }
}

impl<R: RecordReads> Searching<'_, R> {
    pub(super) async fn best_driver(&self) -> Result<Option<Driver>, R::Failure> {
        let mut drivers = Vec::new();
        for narrowing in self.search.filter.narrowing(&self.search.moment) {
            drivers.extend(self.driver(narrowing).await?);
        }
        if drivers.len() < 2 {
            return Ok(drivers.pop());
        }
        let mut best: Option<(usize, Driver)> = None;
        for driver in drivers {
            let estimate = driver.candidates(self.reads, ESTIMATE_MAX).await?.len();
            if best.as_ref().is_none_or(|(fewest, _)| estimate < *fewest) {
                best = Some((estimate, driver));
            }
        }
        Ok(best.map(|(_, driver)| driver))
    }

    async fn driver(&self, narrowing: Narrowing) -> Result<Option<Driver>, R::Failure> {
        if narrowing.ranges.is_empty() {
            // Nothing matches, whether the column has keys or not.
            return Ok(Some(Driver { column_no: 0, ranges: Vec::new() }));
        }
        match narrowing.column.walks.as_slice() {
            [] => Ok(with_keys(self.row, &narrowing.column.column)
                .map(|column| Driver { column_no: column.no, ranges: narrowing.ranges })),
            [step] => {
                let Some(lookup) = self.entity.walk(step) else { return Ok(None) };
                let Some(column) = with_keys(self.row, &lookup.name) else { return Ok(None) };
                let ids = self.walked_ids(lookup.lookup.as_deref(), narrowing).await?;
                let ranges = ids.map(|ids| ids.into_iter().map(point).collect());
                Ok(ranges.map(|ranges| Driver { column_no: column.no, ranges }))
            }
            _ => Ok(None),
        }
    }

    /// Ids of the looked-up records in the ranges; `None` when null (no record
    /// at all) may match too, or when there are too many.
    async fn walked_ids(
        &self,
        target: Option<&str>,
        narrowing: Narrowing,
    ) -> Result<Option<Vec<String>>, R::Failure> {
        let Narrowing { column, ranges } = narrowing;
        let Some(target) = target.and_then(|target| self.connection.entities.get(target)) else {
            return Ok(None);
        };
        let Some(column) = with_keys(target, &column.column) else { return Ok(None) };
        if ranges.iter().any(|range| range.contains(NULL_KEY)) {
            return Ok(None);
        }
        let driver = Driver { column_no: column.no, ranges };
        let seqs = driver.candidates(self.reads, WALKED_IDS_MAX + 1).await?;
        if seqs.len() > WALKED_IDS_MAX {
            return Ok(None);
        }
        let rows = self.reads.at(target.no, &seqs).await?;
        Ok(Some(rows.into_iter().map(|row| row.record.id).collect()))
    }
}

/// The column, if a search may rely on its keys.
pub fn with_keys<'a>(entity: &'a EntityRow, column: &str) -> Option<&'a ColumnRow> {
    entity.columns.get(column).filter(|column| column.key_state == KeyState::Ready)
}

fn point(id: String) -> KeyRange {
    KeyRange::exactly(key::encode(&Value::Text(id)))
}
