//! Applies one write of one record on the writer, inside the caller's savepoint.
//!
//! Everything that must see the rows it decides about happens here: lookups
//! are resolved, the record to update is found, versions and unique columns
//! are compared. What the record becomes is decided by `turnbuckle_core::write`.
//! The record, its search keys and its change are written together.

use std::sync::Arc;

use jiff::tz::TimeZone;
use rusqlite::{Connection as Db, params};
use serde_json::Value as Json;
use turnbuckle_core::change::{Change, ChangeType, Origin};
use turnbuckle_core::entity::Entity;
use turnbuckle_core::id::ChangeId;
use turnbuckle_core::id::Stamp;
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::key::{self, Canonical};
use turnbuckle_core::record::{Data, ID, Record};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::{Planned, PlannedValues, Strictness, decide};
use uuid::Uuid;

use crate::StoreError;
use crate::error::Noun;
use crate::record::{Applied, Write, WriteAction};
use crate::rules::record::RecordRow;
use crate::rules::schema::{ConnectionSchema, EntityRow, KeyState};
use crate::sqlite::change::insert_change;
use crate::sqlite::failure::Failure;
use crate::sqlite::record::{
    find_record, insert_record, move_keys, read_record, record_at, record_exists,
};
use crate::sqlite::writer::Batch;

/// Applies a write. Everything is decided before the first row is written, so
/// a write that is refused has changed nothing, without a savepoint.
///
/// # Errors
/// Those of [`crate::record::RecordStore::write`]; nothing was written then.
pub fn apply(
    batch: &mut Batch<'_>,
    connection: &ConnectionSchema,
    write: Write,
) -> Result<Applied, Failure> {
    let Write { entity, action, values, defaults, strictness, origin } = write;
    let (entity, row) = connection.entity(&entity)?;
    let target = Target { connection, entity, row, origin };
    // What a record is recognised by must not be a guess.
    let exact = match &action {
        WriteAction::Upsert { match_on } => match_on.as_slice(),
        _ => &[],
    };
    let resolve = |values| resolve_lookups(batch.sql, connection, values, strictness, exact);
    let (mut values, mut warnings) = resolve(values)?;
    let is_given = |name: &String| values.iter().any(|(it, value)| it == name && !is_null(value));
    let (defaults, doubts) =
        resolve(defaults.into_iter().filter(|(name, _)| !is_given(name)).collect())?;
    warnings.extend(doubts);
    let defaulted: Vec<String> = defaults.iter().map(|(name, _)| name.clone()).collect();
    values.retain(|(name, _)| !defaulted.contains(name));
    values.extend(defaults);
    let before = find_target(batch.sql, row, entity, &action, &values)?;
    let applied = |record, change, warnings| {
        Ok(Applied { entity: entity.name.clone(), record, change, warnings })
    };
    if let WriteAction::Delete { .. } = action {
        let record = target.delete(batch, before.ok_or_else(|| not_found(&action))?)?;
        return applied(record, Some(ChangeType::Delete), Vec::new());
    }
    let before_data = before.as_ref().map(|row| &*row.record.data);
    if let Some(data) = before_data {
        let is_held = |name: &String| defaulted.contains(name) && data.contains_key(name);
        values.retain(|(name, _)| !is_held(name));
    }
    (batch.state.compose)(&entity.name, &mut values, before_data);
    let given_id = take_given_id(&mut values);
    let values = settled(values);
    let names = match before {
        None => Vec::new(),
        Some(_) => values.iter().map(|(name, _)| name.clone()).collect(),
    };
    let written = decide(entity, before_data, values).map_err(missing_columns)?;
    match before {
        None => {
            let record = target.create(batch, given_id, written.data)?;
            applied(record, Some(ChangeType::Create), warnings)
        }
        Some(before) if !written.is_changed => applied(before.record, None, warnings),
        Some(before) => {
            let record = target.update(batch, before, written.data, names)?;
            applied(record, Some(ChangeType::Update), warnings)
        }
    }
}

/// Creates a record without a change: nobody is told.
pub fn load(
    batch: &mut Batch<'_>,
    connection: &ConnectionSchema,
    entity: &str,
    values: Vec<(String, Planned)>,
) -> Result<(), Failure> {
    let (entity, row) = connection.entity(entity)?;
    let mut values = values;
    (batch.state.compose)(&entity.name, &mut values, None);
    let given_id = take_given_id(&mut values);
    let written = decide(entity, None, settled(values)).map_err(missing_columns)?;
    insert_new(batch, (entity, row), given_id, written.data).map(|_| ())
}

fn not_found(action: &WriteAction) -> StoreError {
    let id = match action {
        WriteAction::Update { id, .. } | WriteAction::Delete { id, .. } => id.as_str(),
        WriteAction::Create | WriteAction::Upsert { .. } => "",
    };
    StoreError::not_found(Noun::Record, id)
}

fn missing_columns(missing: Vec<String>) -> StoreError {
    let invalid = |column: String| {
        Invalid::new(pointer("", &column), format!("`{column}` is required and would be empty"))
    };
    StoreError::Invalid(missing.into_iter().map(invalid).collect())
}

/// Replaces what was given for a lookup by the id of the record it means.
/// Answers what was left out or may mean another record, unless it refuses that;
/// in a column among `exact` the latter is refused at any rate.
fn resolve_lookups(
    db: &Db,
    connection: &ConnectionSchema,
    values: PlannedValues,
    strictness: Strictness,
    exact: &[String],
) -> Result<(PlannedValues, Vec<Invalid>), Failure> {
    let mut resolved = Vec::with_capacity(values.len());
    let mut doubts = Vec::new();
    let mut is_refused = false;
    for (column, planned) in values {
        let mut doubt = |detail| doubts.push(Invalid::new(pointer("", &column), detail));
        let value = match planned {
            Planned::Value(value) => value,
            Planned::Lookup { entity, given } => match resolve(db, connection, &entity, &given)? {
                Meant::One(id) => Value::Text(id),
                Meant::Several { earliest } => {
                    let is_exact = exact.contains(&column);
                    is_refused |= is_exact;
                    let verdict = match is_exact || strictness == Strictness::Strict {
                        true => "is refused",
                        false => "means the earliest",
                    };
                    doubt(format!(
                        "`{column}` {verdict}: several `{entity}` are called `{given}`; give an id"
                    ));
                    Value::Text(earliest)
                }
                Meant::None => {
                    let verdict = strictness.verdict();
                    doubt(format!(
                        "`{column}` {verdict}: no `{entity}` is or has the id `{given}`"
                    ));
                    continue;
                }
            },
        };
        resolved.push((column, Planned::Value(value)));
    }
    is_refused |= strictness == Strictness::Strict && !doubts.is_empty();
    if is_refused { Err(StoreError::Invalid(doubts).into()) } else { Ok((resolved, doubts)) }
}

fn is_null(planned: &Planned) -> bool {
    matches!(planned, Planned::Value(Value::Null))
}

/// Which record was meant by what was given for a lookup.
enum Meant {
    None,
    One(String),
    Several { earliest: String },
}

/// Finds a record by its id or else by its display value.
fn resolve(
    db: &Db,
    connection: &ConnectionSchema,
    entity: &str,
    given: &str,
) -> Result<Meant, Failure> {
    let (entity, row) = connection.entity(entity)?;
    if let Ok(id) = Uuid::try_parse(given)
        && record_exists(db, row.no, &id)?
    {
        return Ok(Meant::One(id.to_string()));
    }
    let Some(display) = entity.column(&entity.display) else { return Ok(Meant::None) };
    // What the display column cannot hold is the display value of no record.
    let Ok(value) = Value::cast(display, &Json::from(given), &TimeZone::UTC) else {
        return Ok(Meant::None);
    };
    if value == Value::Null {
        return Ok(Meant::None);
    }
    let mut same = find_same(db, row, &[(entity.display.clone(), value)])?.into_iter();
    Ok(match (same.next(), same.next()) {
        (None, _) => Meant::None,
        (Some(one), None) => Meant::One(one.record.id),
        (Some(earliest), Some(_)) => Meant::Several { earliest: earliest.record.id },
    })
}

/// The earliest two records with the same values in all these columns, none if
/// one of them is no column. Null equals only null.
///
/// Keys find candidates. They are cut, so the values themselves are compared.
fn find_same(
    db: &Db,
    entity: &EntityRow,
    values: &[(String, Value)],
) -> Result<Vec<RecordRow>, Failure> {
    let mut wanted = Vec::with_capacity(values.len());
    for (name, value) in values {
        let Some(column) = entity.columns.get(name) else { return Ok(Vec::new()) };
        wanted.push((name, column, value));
    }
    let is_same = |record: &Record| {
        wanted.iter().all(|(name, column, value)| {
            Canonical::of(record.value(name, column.column_type)) == Canonical::of((*value).clone())
        })
    };
    let drivers: Vec<(i64, Vec<u8>)> = wanted
        .iter()
        .filter(|(_, column, _)| column.key_state == KeyState::Ready)
        .map(|(_, column, value)| (column.no, key::encode(value)))
        .collect();
    let Some((column_no, driver_key)) = fewest_candidates(db, drivers)? else {
        return find_same_unkeyed(db, entity, is_same);
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
        same.extend(found.filter(|found| is_same(&found.record)));
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
    is_same: impl Fn(&Record) -> bool,
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
        same.extend(Some(read_record(row)?).filter(|found| is_same(&found.record)));
    }
    Ok(same)
}

fn find_target(
    db: &Db,
    row: &EntityRow,
    entity: &Entity,
    action: &WriteAction,
    values: &[(String, Planned)],
) -> Result<Option<RecordRow>, Failure> {
    match action {
        WriteAction::Create => Ok(None),
        WriteAction::Upsert { match_on } => {
            let value_of = |column: &String| {
                values.iter().find_map(|(name, planned)| match planned {
                    Planned::Value(value) if name == column && *value != Value::Null => {
                        Some((column.clone(), value.clone()))
                    }
                    _ => None,
                })
            };
            // A record is the same only if every column says so: with one of
            // them empty there is nothing to recognise it by.
            match match_on.iter().map(value_of).collect::<Option<Vec<_>>>() {
                Some(same) if !same.is_empty() => {
                    only_one(find_same(db, row, &same)?, entity, match_on)
                }
                _ => Ok(None),
            }
        }
        WriteAction::Update { id, version } | WriteAction::Delete { id, version } => {
            let found = match Uuid::try_parse(id) {
                Ok(uuid) => find_record(db, row.no, &uuid)?,
                Err(_) => None,
            };
            let found = found.ok_or_else(|| not_found(action))?;
            if version.is_some_and(|version| version != found.record.version) {
                let id = format!("{}:{id}", entity.name);
                return Err(StoreError::VersionMismatch { noun: Noun::Record, id }.into());
            }
            Ok(Some(found))
        }
    }
}

/// # Errors
/// [`StoreError::Invalid`] if several are the same: to update any of them would be a guess.
fn only_one(
    mut same: Vec<RecordRow>,
    entity: &Entity,
    match_on: &[String],
) -> Result<Option<RecordRow>, Failure> {
    if same.len() < 2 {
        return Ok(same.pop());
    }
    let columns: Vec<String> = match_on.iter().map(|name| format!("`{name}`")).collect();
    let detail = format!(
        "several `{}` have the same {}, so `match_on` does not say which to update",
        entity.name,
        columns.join(" and ")
    );
    Err(StoreError::Invalid(vec![Invalid::new(pointer("", &match_on[0]), detail)]).into())
}

/// Takes the id that the writer chose for a new record, if it did.
fn take_given_id(values: &mut Vec<(String, Planned)>) -> Option<Uuid> {
    let at = values.iter().position(|(name, _)| name == ID)?;
    match values.remove(at).1 {
        Planned::Value(Value::Guid(id)) => Some(id),
        _ => None,
    }
}

fn settled(values: Vec<(String, Planned)>) -> Vec<(String, Value)> {
    let settle = |planned| match planned {
        Planned::Value(value) => value,
        // Lookups were resolved before; what is left over names nothing.
        Planned::Lookup { .. } => Value::Null,
    };
    values.into_iter().map(|(name, planned)| (name, settle(planned))).collect()
}

/// Of which entity a record is written, and for whom.
struct Target<'a> {
    connection: &'a ConnectionSchema,
    entity: &'a Entity,
    row: &'a EntityRow,
    origin: Origin,
}

impl Target<'_> {
    fn create(
        &self,
        batch: &mut Batch<'_>,
        given_id: Option<Uuid>,
        data: Data,
    ) -> Result<Record, Failure> {
        let (record, data) = insert_new(batch, (self.entity, self.row), given_id, data)?;
        self.tell(batch, ChangeType::Create, None, Some((record.clone(), &data)), Vec::new())?;
        Ok(record)
    }

    /// `names` are the columns that the write named, changed or not.
    fn update(
        &self,
        batch: &mut Batch<'_>,
        before: RecordRow,
        data: Data,
        names: Vec<String>,
    ) -> Result<Record, Failure> {
        let RecordRow { seq, record: before } = before;
        let record = Record {
            version: before.version + 1,
            updated_at: batch.state.now().max(before.updated_at),
            data: Arc::new(data),
            ..before.clone()
        };
        check_unique(batch.sql, self.entity, self.row, Some((seq, &before)), &record)?;
        let data = serde_json::to_string(&record.data)?;
        batch
            .sql
            .prepare_cached(
                "UPDATE record SET version = ?2, updated_at_ms = ?3, data = ?4 WHERE seq = ?1",
            )?
            .execute(params![seq, record.version, record.updated_at, data])?;
        move_keys(batch.sql, self.row, seq, Some(&before), Some(&record))?;
        let after = Some((record.clone(), data.as_str()));
        self.tell(batch, ChangeType::Update, Some(before), after, names)?;
        Ok(record)
    }

    fn delete(&self, batch: &mut Batch<'_>, before: RecordRow) -> Result<Record, Failure> {
        let RecordRow { seq, record } = before;
        batch.sql.prepare_cached("DELETE FROM record WHERE seq = ?1")?.execute([seq])?;
        let id = Uuid::try_parse(&record.id).expect("native record ids are GUIDs");
        batch
            .sql
            .prepare_cached("DELETE FROM record_given_id WHERE entity = ?1 AND id = ?2")?
            .execute(params![self.row.no, id.as_bytes()])?;
        move_keys(batch.sql, self.row, seq, Some(&record), None)?;
        self.tell(batch, ChangeType::Delete, Some(record.clone()), None, Vec::new())?;
        Ok(record)
    }

    /// Writes the change of a record and hands it to matching after the commit.
    /// The record after comes with its columns as JSON.
    fn tell(
        &self,
        batch: &mut Batch<'_>,
        change_type: ChangeType,
        before: Option<Record>,
        after: Option<(Record, &str)>,
        written: Vec<String>,
    ) -> Result<(), Failure> {
        let (after, after_data) = after.unzip();
        let change = Change {
            id: ChangeId(batch.state.mint()),
            workspace: self.connection.workspace,
            connection: self.connection.id.clone(),
            connection_no: self.connection.no,
            entity: self.entity.name.clone(),
            change_type,
            origin: self.origin,
            at: batch.state.now(),
            before,
            after,
            written,
        };
        insert_change(batch.sql, &change, after_data)?;
        batch.state.changed(Arc::new(change));
        Ok(())
    }
}

/// Answers the record with its columns as JSON.
fn insert_new(
    batch: &mut Batch<'_>,
    (entity, row): (&Entity, &EntityRow),
    given_id: Option<Uuid>,
    data: Data,
) -> Result<(Record, String), Failure> {
    let stamp: Stamp = batch.state.mint();
    let id = given_id.unwrap_or_else(|| stamp.uuid());
    if given_id.is_some() && record_exists(batch.sql, row.no, &id)? {
        return Err(StoreError::already_exists(Noun::Record, id).into());
    }
    let now = batch.state.now();
    let record = Record {
        id: id.to_string(),
        number: batch.state.next_number(batch.sql, row.no)?,
        version: 1,
        created_at: now,
        updated_at: now,
        data: Arc::new(data),
    };
    check_unique(batch.sql, entity, row, None, &record)?;
    let data = serde_json::to_string(&record.data)?;
    let new = RecordRow { seq: stamp.row_key(), record };
    insert_record(batch.sql, row.no, &new, &id, &data)?;
    move_keys(batch.sql, row, new.seq, None, Some(&new.record))?;
    Ok((new.record, data))
}

/// Compares the unique columns that differ from before with all other records.
fn check_unique(
    db: &Db,
    entity: &Entity,
    row: &EntityRow,
    before: Option<(i64, &Record)>,
    after: &Record,
) -> Result<(), Failure> {
    for (name, column) in row.columns.iter().filter(|(_, column)| column.is_unique) {
        let value = after.value(name, column.column_type);
        let is_same_as_before =
            before.is_some_and(|(_, record)| record.value(name, column.column_type) == value);
        if value == Value::Null || is_same_as_before {
            continue;
        }
        let same = find_same(db, row, &[(name.clone(), value)])?;
        let is_other = |found: &RecordRow| before.is_none_or(|(seq, _)| seq != found.seq);
        if same.iter().any(is_other) {
            return Err(StoreError::UniqueViolation {
                entity: entity.name.clone(),
                column: name.clone(),
            }
            .into());
        }
    }
    Ok(())
}
