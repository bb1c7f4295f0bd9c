//! Finds the records that match a filter.
//!
//! Search keys only narrow: every candidate is judged in memory by the filter
//! itself, so the answer is that of the plain filter over all records. One
//! call looks at a bounded number of records; where it stops short it says
//! where to go on.
//!
//! Records are read in slices, and what lookups lead to for a slice at once, so
//! that an engine behind a network is asked a few times, not once a record.

mod driver;
mod filling;
mod position;
mod scan;

use std::cmp::Ordering;

use turnbuckle_core::entity::{ColumnPath, ColumnType, Entity};
use turnbuckle_core::filter::Values;
use turnbuckle_core::key;
use turnbuckle_core::record::{Image, Record, Related};

use crate::StoreError;
use crate::record::{COUNT_MAX, SORT_CANDIDATES_MAX, Search, SearchPage};
use crate::rules::reads::RecordReads;
use crate::rules::record::RecordRow;
use crate::rules::schema::{ConnectionSchema, EntityRow};
use crate::rules::search::driver::{Driver, with_keys};
use crate::rules::search::filling::Filling;
use crate::rules::search::position::Position;
use crate::rules::search::scan::Scan;
use crate::rules::walk::Walks;

/// A record and its place in the order of the search.
struct Found {
    position: Position,
    record: Record,
}

impl Found {
    fn in_order_of_creation(row: RecordRow) -> Self {
        let position = Position { keys: Vec::new(), seq: row.seq };
        Self { position, record: row.record }
    }
}

struct Searching<'a, R> {
    reads: &'a R,
    connection: &'a ConnectionSchema,
    entity: &'a Entity,
    row: &'a EntityRow,
    search: &'a Search,
    sort_types: Vec<ColumnType>,
    /// What judging and sorting read through lookups.
    walks: Walks<'a>,
    related: Related,
}

/// Finds a page of records, as [`crate::record::RecordStore::search`] describes.
pub async fn search<R: RecordReads>(
    reads: &R,
    connection: &ConnectionSchema,
    search: &Search,
) -> Result<SearchPage, R::Failure> {
    let (entity, row) = connection.entity(&search.entity)?;
    let sorted_by = search.sort.iter().map(|sort| &sort.column);
    let sort_type = |path: &ColumnPath| {
        let column = connection.schema.resolve(entity, path);
        column.map_or(ColumnType::Text, |column| column.column_type)
    };
    let judged = search.filter.paths().into_iter().chain(sorted_by.clone());
    let mut searching = Searching {
        reads,
        connection,
        entity,
        row,
        search,
        sort_types: sorted_by.map(sort_type).collect(),
        walks: Walks::along(connection, &search.entity, judged),
        related: Related::default(),
    };
    let after = search.after.as_deref().map(Position::from_bytes).transpose()?;
    let driver = searching.best_driver().await?;
    let mut page = if search.sort.is_empty() {
        searching.in_order_of_creation(driver.as_ref(), after).await?
    } else {
        searching.sorted(driver.as_ref(), after).await?
    };
    if search.count {
        page.count = Some(searching.count(driver.as_ref()).await?);
    }
    page.related = searching.related;
    let shown: Vec<&Record> = page.records.iter().collect();
    let walks = Walks::along(connection, &search.entity, &search.paths);
    walks.fetch(reads, &shown, &mut page.related).await?;
    Ok(page)
}

impl<R: RecordReads> Searching<'_, R> {
    // -- judging ------------------------------------------------------------

    /// What judging reads through the lookups of these records.
    async fn fetch_walked(&mut self, slice: &[Found]) -> Result<(), R::Failure> {
        if self.walks.is_empty() {
            return Ok(());
        }
        let records: Vec<&Record> = slice.iter().map(|found| &found.record).collect();
        self.walks.fetch(self.reads, &records, &mut self.related).await
    }

    fn matches(&self, record: &Record) -> bool {
        self.search.filter.matches(&self.image(record), &self.search.moment)
    }

    fn image<'b>(&'b self, record: &'b Record) -> Image<'b> {
        Image {
            schema: &self.connection.schema,
            entity: self.entity,
            record,
            related: &self.related,
        }
    }

    fn sort_keys(&self, record: &Record) -> Vec<Vec<u8>> {
        let image = self.image(record);
        let key_of = |path: &ColumnPath, column_type| key::encode(&image.value(path, column_type));
        let sorts = self.search.sort.iter().zip(&self.sort_types);
        sorts.map(|(sort, column_type)| key_of(&sort.column, *column_type)).collect()
    }

    // -- filling a page -----------------------------------------------------

    async fn fill(&mut self, mut scan: Scan<'_>, limit: usize) -> Result<SearchPage, R::Failure> {
        let mut filling = Filling::new(limit, R::SLICE_MAX, scan.is_narrowed());
        while let Some(slice) = scan.next(self.reads, self.row.no, filling.slice()).await? {
            self.fetch_walked(&slice).await?;
            for found in slice {
                let is_match = self.matches(&found.record);
                if !filling.look_at(found, is_match) {
                    return Ok(filling.page());
                }
            }
        }
        Ok(filling.page())
    }

    // -- in the order of creation -------------------------------------------

    async fn in_order_of_creation(
        &mut self,
        driver: Option<&Driver>,
        after: Option<Position>,
    ) -> Result<SearchPage, R::Failure> {
        let after = after.map_or(i64::MIN, |position| position.seq);
        let scan = self.scan(driver, after).await?;
        self.fill(scan, self.search.limit).await
    }

    async fn scan<'d>(
        &self,
        driver: Option<&'d Driver>,
        after: i64,
    ) -> Result<Scan<'d>, R::Failure> {
        let Some(driver) = driver else { return Ok(Scan::Entity { after }) };
        if let Some(key) = driver.exact() {
            return Ok(Scan::Key { column_no: driver.column_no, key, after });
        }
        let mut seqs = driver.candidates(self.reads, SORT_CANDIDATES_MAX + 1).await?;
        if seqs.len() > SORT_CANDIDATES_MAX {
            return Ok(Scan::Entity { after });
        }
        seqs.retain(|seq| *seq > after);
        Ok(Scan::Seqs(seqs.into_iter()))
    }

    // -- sorted --------------------------------------------------------------

    async fn sorted(
        &mut self,
        driver: Option<&Driver>,
        after: Option<Position>,
    ) -> Result<SearchPage, R::Failure> {
        if let Some(driver) = driver {
            let seqs = driver.candidates(self.reads, SORT_CANDIDATES_MAX + 1).await?;
            if seqs.len() <= SORT_CANDIDATES_MAX {
                let page = self.sort_in_memory(&seqs, after).await?;
                return Ok(SearchPage { is_narrowed: true, ..page });
            }
        }
        if let [sort] = self.search.sort.as_slice()
            && sort.column.is_plain()
            && let Some(column) = with_keys(self.row, &sort.column.column)
        {
            let scan = Scan::in_key_order(column.no, sort.descending, after);
            return self.fill(scan, self.search.limit).await;
        }
        let seqs = self.reads.seqs(self.row.no, SORT_CANDIDATES_MAX + 1).await?;
        if seqs.len() > SORT_CANDIDATES_MAX {
            let column = self.search.sort.first().map(|sort| sort.column.to_string());
            return Err(StoreError::SortTooWide {
                column: column.unwrap_or_default(),
                candidates_max: SORT_CANDIDATES_MAX,
            }
            .into());
        }
        self.sort_in_memory(&seqs, after).await
    }

    async fn sort_in_memory(
        &mut self,
        seqs: &[i64],
        after: Option<Position>,
    ) -> Result<SearchPage, R::Failure> {
        let sorts = &self.search.sort;
        let mut matching = Vec::new();
        for slice in seqs.chunks(R::SLICE_MAX) {
            let rows = self.reads.at(self.row.no, slice).await?;
            let slice: Vec<Found> = rows.into_iter().map(Found::in_order_of_creation).collect();
            self.fetch_walked(&slice).await?;
            for Found { mut position, record } in slice {
                if self.matches(&record) {
                    position.keys = self.sort_keys(&record);
                    let is_later = |after| position.compare(after, sorts) == Ordering::Greater;
                    if after.as_ref().is_none_or(is_later) {
                        matching.push(Found { position, record });
                    }
                }
            }
        }
        matching.sort_by(|a, b| a.position.compare(&b.position, sorts));
        let has_more = matching.len() > self.search.limit;
        matching.truncate(self.search.limit);
        let next = matching.last().filter(|_| has_more).map(|last| last.position.to_bytes());
        Ok(SearchPage {
            records: matching.into_iter().map(|found| found.record).collect(),
            related: Related::default(),
            next,
            count: None,
            is_narrowed: false,
        })
    }

    // -- counting ------------------------------------------------------------

    async fn count(&mut self, driver: Option<&Driver>) -> Result<(usize, bool), R::Failure> {
        let scan = self.scan(driver, i64::MIN).await?;
        let page = self.fill(scan, COUNT_MAX).await?;
        Ok((page.records.len(), page.next.is_none()))
    }
}
