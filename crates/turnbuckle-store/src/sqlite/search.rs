//! Finds the records that match a filter.
//!
//! Search keys only narrow: every candidate is judged in memory by the filter
//! itself, so the answer is that of the plain filter over all records. One
//! call looks at a bounded number of records; where it stops short it says
//! where to go on.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Db, params, params_from_iter};
use serde::{Deserialize, Serialize};
use turnbuckle_core::entity::{ColumnPath, ColumnType, Entity};
use turnbuckle_core::filter::{Narrowing, Values};
use turnbuckle_core::key::{self, KeyRange};
use turnbuckle_core::record::{Image, Record, Related};
use turnbuckle_core::value::Value;

use crate::StoreError;
use crate::page::ROWS_READ_MAX;
use crate::record::{COUNT_MAX, SORT_CANDIDATES_MAX, Search, SearchPage};
use crate::rules::record::RecordRow;
use crate::rules::schema::{ConnectionSchema, EntityRow, KeyState};
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{fetch_related, read_record, record_at};

/// Looked-up records that a condition on a walked column may narrow to.
const WALKED_IDS_MAX: usize = 500;
/// Candidates counted when two columns could narrow and the better one is wanted.
const ESTIMATE_MAX: usize = 2_000;

/// Where a search goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Position {
    /// Keys of the sort columns; empty in the order of creation.
    keys: Vec<Vec<u8>>,
    seq: i64,
}

impl Position {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys and numbers serialize")
    }
}

/// A column with keys, and the ranges in which every match lies.
struct Driver {
    column_no: i64,
    ranges: Vec<KeyRange>,
}

struct Searching<'a> {
    db: &'a Db,
    connection: &'a ConnectionSchema,
    entity: &'a Entity,
    row: &'a EntityRow,
    search: &'a Search,
    sort_types: Vec<ColumnType>,
    /// What judging and sorting read through lookups.
    walked: Vec<ColumnPath>,
    related: Related,
    /// Records that this call may still look at.
    budget: usize,
    /// Whether a driver led to the records looked at.
    is_narrowed: bool,
}

pub fn search(
    db: &Db,
    connection: &ConnectionSchema,
    search: &Search,
) -> Result<SearchPage, Failure> {
    let (entity, row) = connection.entity(&search.entity)?;
    let sort_types = search
        .sort
        .iter()
        .map(|sort| {
            let column = connection.schema.resolve(entity, &sort.column);
            column.map_or(ColumnType::Text, |column| column.column_type)
        })
        .collect();
    let mut searching = Searching {
        db,
        connection,
        entity,
        row,
        search,
        sort_types,
        walked: walked_paths(search),
        related: Related::default(),
        budget: ROWS_READ_MAX,
        is_narrowed: false,
    };
    let after = match &search.after {
        None => None,
        Some(bytes) => Some(serde_json::from_slice::<Position>(bytes)?),
    };
    let driver = searching.best_driver()?;
    let mut page = if search.sort.is_empty() {
        searching.in_order_of_creation(driver.as_ref(), after)?
    } else {
        searching.sorted(driver.as_ref(), after)?
    };
    page.is_narrowed = searching.is_narrowed;
    if search.count {
        page.count = Some(searching.count(driver.as_ref())?);
    }
    let Searching { mut related, .. } = searching;
    fetch_related(
        db,
        connection,
        &search.entity,
        page.records.iter(),
        search.paths.iter(),
        &mut related,
    )?;
    page.related = related;
    Ok(page)
}

fn walked_paths(search: &Search) -> Vec<ColumnPath> {
    let sorted = search.sort.iter().map(|sort| &sort.column);
    let paths: BTreeSet<_> =
        search.filter.paths().into_iter().chain(sorted).filter(|path| !path.is_plain()).collect();
    paths.into_iter().cloned().collect()
}

impl Searching<'_> {
    // -- which index narrows best ------------------------------------------

    fn best_driver(&self) -> Result<Option<Driver>, Failure> {
        let mut drivers = Vec::new();
        for narrowing in self.search.filter.narrowing(&self.search.moment) {
            drivers.extend(self.driver(narrowing)?);
        }
        if drivers.len() < 2 {
            return Ok(drivers.pop());
        }
        let mut best: Option<(usize, Driver)> = None;
        for driver in drivers {
            let estimate = self.candidates(&driver, ESTIMATE_MAX)?.len();
            if best.as_ref().is_none_or(|(fewest, _)| estimate < *fewest) {
                best = Some((estimate, driver));
            }
        }
        Ok(best.map(|(_, driver)| driver))
    }

    fn driver(&self, narrowing: Narrowing) -> Result<Option<Driver>, Failure> {
        if narrowing.ranges.is_empty() {
            // Nothing matches, whether the column has keys or not.
            return Ok(Some(Driver { column_no: 0, ranges: Vec::new() }));
        }
        let ready = |column: &str| {
            self.row.columns.get(column).filter(|column| column.key_state == KeyState::Ready)
        };
        match narrowing.column.walks.as_slice() {
            [] => Ok(ready(&narrowing.column.column)
                .map(|column| Driver { column_no: column.no, ranges: narrowing.ranges })),
            [step] => {
                let Some(lookup) = self.entity.walk(step) else { return Ok(None) };
                let Some(column) = ready(&lookup.name) else { return Ok(None) };
                let ids = self.walked_ids(lookup.lookup.as_deref(), &narrowing)?;
                let ranges = ids.map(|ids| ids.into_iter().map(point).collect());
                Ok(ranges.map(|ranges| Driver { column_no: column.no, ranges }))
            }
            _ => Ok(None),
        }
    }

    /// Ids of the looked-up records in the ranges; `None` when null (no record
    /// at all) may match too, or when there are too many.
    fn walked_ids(
        &self,
        target: Option<&str>,
        narrowing: &Narrowing,
    ) -> Result<Option<Vec<String>>, Failure> {
        let null = key::encode(&Value::Null);
        let Some(target) = target.and_then(|target| self.connection.entities.get(target)) else {
            return Ok(None);
        };
        let Some(column) = target.columns.get(&narrowing.column.column) else { return Ok(None) };
        if column.key_state != KeyState::Ready
            || narrowing.ranges.iter().any(|range| range.contains(&null))
        {
            return Ok(None);
        }
        let driver = Driver { column_no: column.no, ranges: narrowing.ranges.clone() };
        let seqs = self.candidates(&driver, WALKED_IDS_MAX + 1)?;
        if seqs.len() > WALKED_IDS_MAX {
            return Ok(None);
        }
        let mut ids = Vec::with_capacity(seqs.len());
        for seq in seqs {
            ids.extend(record_at(self.db, seq)?.map(|row| row.record.id));
        }
        Ok(Some(ids))
    }

    /// Row keys of up to `limit` candidates, ascending, each once.
    fn candidates(&self, driver: &Driver, limit: usize) -> Result<Vec<i64>, Failure> {
        let mut seqs = Vec::new();
        for range in &driver.ranges {
            let (condition, bounds) = range_condition(range);
            let mut select = self.db.prepare_cached(&format!(
                "SELECT record FROM record_key WHERE entity_column = ? {condition} LIMIT ?"
            ))?;
            let values = [Sql::Integer(driver.column_no)]
                .into_iter()
                .chain(bounds)
                .chain([Sql::Integer((limit - seqs.len()) as i64)]);
            let mut rows = select.query(params_from_iter(values))?;
            while let Some(row) = rows.next()? {
                seqs.push(row.get(0)?);
            }
            if seqs.len() >= limit {
                break;
            }
        }
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }

    // -- judging ------------------------------------------------------------

    fn matches(&mut self, record: &Record) -> Result<bool, Failure> {
        self.fetch_walked(record)?;
        Ok(self.search.filter.matches(&self.image(record), &self.search.moment))
    }

    fn fetch_walked(&mut self, record: &Record) -> Result<(), Failure> {
        let records = std::iter::once(record);
        let (entity, paths) = (&self.search.entity, self.walked.iter());
        fetch_related(self.db, self.connection, entity, records, paths, &mut self.related)
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

    // -- in the order of creation -------------------------------------------

    fn in_order_of_creation(
        &mut self,
        driver: Option<&Driver>,
        after: Option<Position>,
    ) -> Result<SearchPage, Failure> {
        let after = after.map_or(i64::MIN, |position| position.seq);
        match driver {
            Some(Driver { column_no, ranges })
                if let [range] = ranges.as_slice()
                    && range.exact().is_some() =>
            {
                let (condition, bounds) = range_condition(range);
                let statement = format!(
                    "SELECT record FROM record_key
                     WHERE entity_column = ? {condition} AND record > ? ORDER BY record"
                );
                let values = [Sql::Integer(*column_no)].into_iter().chain(bounds);
                self.is_narrowed = true;
                self.fill_from_keys(&statement, values.chain([Sql::Integer(after)]))
            }
            Some(driver) => {
                let seqs = self.candidates(driver, SORT_CANDIDATES_MAX + 1)?;
                if seqs.len() > SORT_CANDIDATES_MAX {
                    return self.fill_from_entity(after);
                }
                self.is_narrowed = true;
                self.fill_from_list(seqs.into_iter().filter(|seq| *seq > after))
            }
            None => self.fill_from_entity(after),
        }
    }

    fn fill_from_keys(
        &mut self,
        statement: &str,
        values: impl Iterator<Item = Sql>,
    ) -> Result<SearchPage, Failure> {
        let db = self.db;
        let mut select = db.prepare_cached(statement)?;
        let mut rows = select.query(params_from_iter(values))?;
        let mut filling = Filling::new(self.search.limit);
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            if let Some(found) = record_at(db, seq)?
                && !filling.look_at(self, found, Vec::new())?
            {
                break;
            }
        }
        Ok(filling.page())
    }

    fn fill_from_list(&mut self, seqs: impl Iterator<Item = i64>) -> Result<SearchPage, Failure> {
        let mut filling = Filling::new(self.search.limit);
        for seq in seqs {
            if let Some(found) = record_at(self.db, seq)?
                && !filling.look_at(self, found, Vec::new())?
            {
                break;
            }
        }
        Ok(filling.page())
    }

    fn fill_from_entity(&mut self, after: i64) -> Result<SearchPage, Failure> {
        let db = self.db;
        let mut select = db.prepare_cached(
            "SELECT seq, id, number, version, created_at_ms, updated_at_ms, data
             FROM record WHERE entity = ?1 AND seq > ?2 ORDER BY seq",
        )?;
        let mut rows = select.query(params![self.row.no, after])?;
        let mut filling = Filling::new(self.search.limit);
        while let Some(row) = rows.next()? {
            if !filling.look_at(self, read_record(row)?, Vec::new())? {
                break;
            }
        }
        Ok(filling.page())
    }

    // -- sorted --------------------------------------------------------------

    fn sorted(
        &mut self,
        driver: Option<&Driver>,
        after: Option<Position>,
    ) -> Result<SearchPage, Failure> {
        if let Some(driver) = driver {
            let seqs = self.candidates(driver, SORT_CANDIDATES_MAX + 1)?;
            if seqs.len() <= SORT_CANDIDATES_MAX {
                self.is_narrowed = true;
                return self.sort_in_memory(seqs, after);
            }
        }
        if let [sort] = self.search.sort.as_slice()
            && sort.column.is_plain()
            && let Some(column) = self.row.columns.get(&sort.column.column)
            && column.key_state == KeyState::Ready
        {
            return self.in_key_order(column.no, sort.descending, after);
        }
        let mut select = self
            .db
            .prepare_cached("SELECT seq FROM record WHERE entity = ?1 ORDER BY seq LIMIT ?2")?;
        let seqs = select
            .query_map(params![self.row.no, SORT_CANDIDATES_MAX as i64 + 1], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        if seqs.len() > SORT_CANDIDATES_MAX {
            let column = self.search.sort.first().map(|sort| sort.column.to_string());
            return Err(StoreError::SortTooWide {
                column: column.unwrap_or_default(),
                candidates_max: SORT_CANDIDATES_MAX,
            }
            .into());
        }
        self.sort_in_memory(seqs, after)
    }

    fn sort_in_memory(
        &mut self,
        seqs: Vec<i64>,
        after: Option<Position>,
    ) -> Result<SearchPage, Failure> {
        let mut found = Vec::new();
        for seq in seqs {
            let Some(row) = record_at(self.db, seq)? else { continue };
            if self.matches(&row.record)? {
                let position = Position { keys: self.sort_keys(&row.record), seq: row.seq };
                let is_later = after
                    .as_ref()
                    .is_none_or(|after| self.compare(&position, after) == Ordering::Greater);
                if is_later {
                    found.push((position, row.record));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let has_more = found.len() > self.search.limit;
        found.truncate(self.search.limit);
        let next = found.last().filter(|_| has_more).map(|(position, _)| position.to_bytes());
        Ok(SearchPage {
            records: found.into_iter().map(|(_, record)| record).collect(),
            related: Related::default(),
            next,
            count: None,
            is_narrowed: false,
        })
    }

    /// Sort keys first, each in its direction; ties in the direction of the first.
    fn compare(&self, a: &Position, b: &Position) -> Ordering {
        let directed = |ordering: Ordering, descending: bool| {
            if descending { ordering.reverse() } else { ordering }
        };
        let sorts = self.search.sort.iter().zip(a.keys.iter().zip(&b.keys));
        for (sort, (a, b)) in sorts {
            let ordering = directed(a.cmp(b), sort.descending);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        let is_descending = self.search.sort.first().is_some_and(|sort| sort.descending);
        directed(a.seq.cmp(&b.seq), is_descending)
    }

    fn in_key_order(
        &mut self,
        column_no: i64,
        is_descending: bool,
        after: Option<Position>,
    ) -> Result<SearchPage, Failure> {
        let db = self.db;
        let (comparison, direction) = if is_descending { ("<", "DESC") } else { (">", "ASC") };
        let from = match after {
            Some(Position { mut keys, seq }) => keys.pop().map(|key| (key, seq)),
            None => None,
        };
        let condition = match from {
            Some(_) => format!("AND (key, record) {comparison} (?, ?)"),
            None => String::new(),
        };
        let mut select = db.prepare_cached(&format!(
            "SELECT record, key FROM record_key WHERE entity_column = ? {condition}
             ORDER BY key {direction}, record {direction}"
        ))?;
        let values = [Sql::Integer(column_no)].into_iter();
        let values = values
            .chain(from.into_iter().flat_map(|(key, seq)| [Sql::Blob(key), Sql::Integer(seq)]));
        let mut rows = select.query(params_from_iter(values))?;
        let mut filling = Filling::new(self.search.limit);
        while let Some(row) = rows.next()? {
            let key: Vec<u8> = row.get(1)?;
            if let Some(found) = record_at(db, row.get(0)?)?
                && !filling.look_at(self, found, vec![key])?
            {
                break;
            }
        }
        Ok(filling.page())
    }

    // -- counting ------------------------------------------------------------

    fn count(&mut self, driver: Option<&Driver>) -> Result<(usize, bool), Failure> {
        let counted = Search {
            limit: COUNT_MAX,
            after: None,
            sort: Vec::new(),
            count: false,
            ..self.search.clone()
        };
        let mut counting = Searching {
            search: &counted,
            related: std::mem::take(&mut self.related),
            sort_types: Vec::new(),
            walked: self.walked.clone(),
            budget: ROWS_READ_MAX,
            ..*self
        };
        let page = counting.in_order_of_creation(driver, None)?;
        self.related = std::mem::take(&mut counting.related);
        Ok((page.records.len(), page.next.is_none()))
    }
}

/// A page being filled with the records that match.
struct Filling {
    records: Vec<Record>,
    limit: usize,
    /// The record looked at last.
    last: Option<Position>,
    has_more: bool,
}

impl Filling {
    fn new(limit: usize) -> Self {
        Self { records: Vec::new(), limit, last: None, has_more: false }
    }

    /// Takes the record if it matches; `false` when the page is complete.
    fn look_at(
        &mut self,
        searching: &mut Searching<'_>,
        found: RecordRow,
        keys: Vec<Vec<u8>>,
    ) -> Result<bool, Failure> {
        if searching.budget == 0 {
            self.has_more = true;
            return Ok(false);
        }
        searching.budget -= 1;
        let is_match = searching.matches(&found.record)?;
        if is_match && self.records.len() == self.limit {
            self.has_more = true;
            return Ok(false);
        }
        self.last = Some(Position { keys, seq: found.seq });
        if is_match {
            self.records.push(found.record);
        }
        Ok(true)
    }

    fn page(self) -> SearchPage {
        SearchPage {
            next: self.last.filter(|_| self.has_more).map(|position| position.to_bytes()),
            records: self.records,
            related: Related::default(),
            count: None,
            is_narrowed: false,
        }
    }
}

fn point(id: String) -> KeyRange {
    KeyRange::exactly(key::encode(&Value::Text(id)))
}

/// The range as SQL over `key`, with the values to bind.
fn range_condition(range: &KeyRange) -> (&'static str, Vec<Sql>) {
    match (range.exact(), &range.to) {
        (Some(key), _) => ("AND key = ?", vec![Sql::Blob(key.to_vec())]),
        (None, Some(to)) => {
            let bounds = vec![Sql::Blob(range.from.clone()), Sql::Blob(to.clone())];
            ("AND key >= ? AND key < ?", bounds)
        }
        (None, None) => ("AND key >= ?", vec![Sql::Blob(range.from.clone())]),
    }
}
