//! Applies one write of one record, inside the transaction of an engine.
//!
//! Everything that must see the rows it decides about happens here: lookups
//! are resolved, the record to update is found, versions and unique columns
//! are compared. What the record becomes is decided by `turnbuckle_core::write`.
//! The record, its search keys and its change are written together.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use turnbuckle_core::change::{Change, ChangeType, Origin};
use turnbuckle_core::entity::{ColumnType, Entity};
use turnbuckle_core::id::{ChangeId, ConnectionNo, Stamp, UnixMs};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::key::{self, Canonical, KEY_BYTES_MAX};
use turnbuckle_core::record::{Data, ID, Record};
use turnbuckle_core::value::Value;
use turnbuckle_core::write::{Planned, PlannedValues, Strictness, decide};
use uuid::Uuid;

use crate::StoreError;
use crate::error::Noun;
use crate::record::{Applied, Write, WriteAction};
use crate::rules::EngineFailure;
use crate::rules::record::RecordRow;
use crate::rules::schema::{ColumnRow, ConnectionSchema, EntityRow, KeyState};

/// Fills in columns that are composed of others, e.g. a contact's full name.
pub type Compose = fn(&str, &mut PlannedValues, Option<&Data>);

/// The rows of records as an open transaction sees them, and what it writes of
/// them. A row that was written is seen by whatever is read after it.
pub trait RecordWrites {
    type Failure: EngineFailure;

    fn now(&self) -> UnixMs;
    fn compose(&self) -> Compose;
    /// An id for a record or a change: those of a connection rise in the order of the
    /// commits.
    fn mint(&mut self, connection: ConnectionNo) -> Stamp;
    /// The next number of the entity's records.
    fn next_number(&mut self, entity: &EntityRow) -> Result<i64, Self::Failure>;

    fn exists(&mut self, entity: &EntityRow, id: &Uuid) -> Result<bool, Self::Failure>;
    fn find(&mut self, entity: &EntityRow, id: &Uuid) -> Result<Option<RecordRow>, Self::Failure>;
    /// The earliest two records that are the same.
    fn find_same(
        &mut self,
        entity: &EntityRow,
        same: &Same<'_>,
    ) -> Result<Vec<RecordRow>, Self::Failure>;

    /// Inserts a record with its search keys; `data` is that of the record as JSON.
    fn insert(
        &mut self,
        entity: &EntityRow,
        new: &RecordRow,
        id: &Uuid,
        data: &str,
    ) -> Result<(), Self::Failure>;
    fn update(
        &mut self,
        entity: &EntityRow,
        before: (i64, &Record),
        after: &Record,
        data: &str,
    ) -> Result<(), Self::Failure>;
    fn delete(&mut self, entity: &EntityRow, before: (i64, &Record)) -> Result<(), Self::Failure>;
    /// Writes a change and hands it to matching after the commit. `after_data` is that
    /// of the record after as JSON.
    fn tell(&mut self, change: Change, after_data: Option<&str>) -> Result<(), Self::Failure>;
}

/// Values that a record must have in all these columns to be the same. Null
/// equals only null.
///
/// Keys find candidates. They are cut, so the values themselves are compared.
pub struct Same<'a> {
    columns: Vec<(&'a str, &'a ColumnRow, &'a Value)>,
}

impl<'a> Same<'a> {
    /// `None` if one of them is no column: no record is the same.
    fn new(entity: &'a EntityRow, values: &[(&'a str, &'a Value)]) -> Option<Self> {
        let column = |(name, value): &(&'a str, &'a Value)| {
            Some((*name, entity.columns.get(*name)?, *value))
        };
        Some(Self { columns: values.iter().map(column).collect::<Option<_>>()? })
    }

    pub fn is(&self, record: &Record) -> bool {
        self.columns.iter().all(|(name, column, value)| {
            Canonical::of(record.value(name, column.column_type)) == Canonical::of((*value).clone())
        })
    }

    /// Whether a record is the same as soon as it has the key of this lead.
    pub fn is_told_by(&self, lead: &(i64, Vec<u8>)) -> bool {
        matches!(self.columns.as_slice(), [(_, column, _)] if column.no == lead.0)
            && lead.1.len() < KEY_BYTES_MAX
    }

    /// What is compared, to be kept.
    pub fn to_values(&self) -> SameValues {
        let columns = self.columns.iter();
        let kept = columns.map(|(name, column, value)| {
            ((*name).to_owned(), column.column_type, Canonical::of((*value).clone()))
        });
        SameValues(kept.collect())
    }

    /// Columns, by number, and keys that lead to all that are the same: any one will do.
    pub fn leads(&self) -> Vec<(i64, Vec<u8>)> {
        let columns = self.columns.iter();
        let ready = columns.filter(|(_, column, _)| column.key_state == KeyState::Ready);
        ready.map(|(_, column, value)| (column.no, key::encode(value))).collect()
    }
}

/// Columns with their types and the values that a record must have in them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SameValues(Vec<(String, ColumnType, Option<Canonical>)>);

impl SameValues {
    pub fn are_of(&self, record: &Record) -> bool {
        let mut columns = self.0.iter();
        columns.all(|(name, column_type, value)| {
            Canonical::of(record.value(name, *column_type)) == *value
        })
    }
}

fn same<R: RecordWrites>(
    rows: &mut R,
    entity: &EntityRow,
    values: &[(&str, &Value)],
) -> Result<Vec<RecordRow>, R::Failure> {
    match Same::new(entity, values) {
        Some(same) => rows.find_same(entity, &same),
        None => Ok(Vec::new()),
    }
}

/// Applies a write. Everything is decided before the first row is written, so
/// a write that is refused has changed nothing, without a savepoint.
///
/// # Errors
/// Those of [`crate::record::RecordStore::write`]; nothing was written then.
pub fn apply<R: RecordWrites>(
    rows: &mut R,
    connection: &ConnectionSchema,
    write: Write,
) -> Result<Applied, R::Failure> {
    let Write { entity, action, values, defaults, strictness, origin } = write;
    let (entity, row) = connection.entity(&entity)?;
    let target = Target { connection, entity, row, origin };
    // What a record is recognised by must not be a guess.
    let exact = match &action {
        WriteAction::Upsert { match_on } => match_on.as_slice(),
        _ => &[],
    };
    let mut resolve = |values| resolve_lookups(rows, connection, values, strictness, exact);
    let (mut values, mut warnings) = resolve(values)?;
    let is_given = |name: &String| values.iter().any(|(it, value)| it == name && !is_null(value));
    let (defaults, doubts) =
        resolve(defaults.into_iter().filter(|(name, _)| !is_given(name)).collect())?;
    warnings.extend(doubts);
    let defaulted: Vec<String> = defaults.iter().map(|(name, _)| name.clone()).collect();
    values.retain(|(name, _)| !defaulted.contains(name));
    values.extend(defaults);
    let before = find_target(rows, row, entity, &action, &values)?;
    let applied = |record, change, warnings| {
        Ok(Applied { entity: entity.name.clone(), record, change, warnings })
    };
    if let WriteAction::Delete { .. } = action {
        let record = target.delete(rows, before.ok_or_else(|| not_found(&action))?)?;
        return applied(record, Some(ChangeType::Delete), Vec::new());
    }
    let before_data = before.as_ref().map(|row| &*row.record.data);
    if let Some(data) = before_data {
        let is_held = |name: &String| defaulted.contains(name) && data.contains_key(name);
        values.retain(|(name, _)| !is_held(name));
    }
    (rows.compose())(&entity.name, &mut values, before_data);
    let given_id = take_given_id(&mut values);
    let values = settled(values);
    let names = match before {
        None => Vec::new(),
        Some(_) => values.iter().map(|(name, _)| name.clone()).collect(),
    };
    let written = decide(entity, before_data, values).map_err(missing_columns)?;
    match before {
        None => {
            let record = target.create(rows, given_id, written.data)?;
            applied(record, Some(ChangeType::Create), warnings)
        }
        Some(before) if !written.is_changed => applied(before.record, None, warnings),
        Some(before) => {
            let record = target.update(rows, before, written.data, names)?;
            applied(record, Some(ChangeType::Update), warnings)
        }
    }
}

/// Creates a record without a change: nobody is told.
pub fn load<R: RecordWrites>(
    rows: &mut R,
    connection: &ConnectionSchema,
    entity: &str,
    mut values: PlannedValues,
) -> Result<(), R::Failure> {
    let (entity, row) = connection.entity(entity)?;
    (rows.compose())(&entity.name, &mut values, None);
    let given_id = take_given_id(&mut values);
    let written = decide(entity, None, settled(values)).map_err(missing_columns)?;
    insert_new(rows, connection.no, (entity, row), given_id, written.data).map(|_| ())
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
fn resolve_lookups<R: RecordWrites>(
    rows: &mut R,
    connection: &ConnectionSchema,
    values: PlannedValues,
    strictness: Strictness,
    exact: &[String],
) -> Result<(PlannedValues, Vec<Invalid>), R::Failure> {
    let mut resolved = Vec::with_capacity(values.len());
    let mut doubts = Vec::new();
    let mut is_refused = false;
    for (column, planned) in values {
        let mut doubt = |detail| doubts.push(Invalid::new(pointer("", &column), detail));
        let value = match planned {
            Planned::Value(value) => value,
            Planned::Lookup { entity, given } => {
                match resolve(rows, connection, &entity, &given)? {
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
                }
            }
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
fn resolve<R: RecordWrites>(
    rows: &mut R,
    connection: &ConnectionSchema,
    entity: &str,
    given: &str,
) -> Result<Meant, R::Failure> {
    let (entity, row) = connection.entity(entity)?;
    if let Ok(id) = Uuid::try_parse(given)
        && rows.exists(row, &id)?
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
    let mut same = same(rows, row, &[(&entity.display, &value)])?.into_iter();
    Ok(match (same.next(), same.next()) {
        (None, _) => Meant::None,
        (Some(one), None) => Meant::One(one.record.id),
        (Some(earliest), Some(_)) => Meant::Several { earliest: earliest.record.id },
    })
}

fn find_target<R: RecordWrites>(
    rows: &mut R,
    row: &EntityRow,
    entity: &Entity,
    action: &WriteAction,
    values: &[(String, Planned)],
) -> Result<Option<RecordRow>, R::Failure> {
    match action {
        WriteAction::Create => Ok(None),
        WriteAction::Upsert { match_on } => {
            let value_of = |column| {
                values.iter().find_map(|(name, planned)| match planned {
                    Planned::Value(value) if name == column && *value != Value::Null => {
                        Some((name.as_str(), value))
                    }
                    _ => None,
                })
            };
            // A record is the same only if every column says so: with one of
            // them empty there is nothing to recognise it by.
            match match_on.iter().map(value_of).collect::<Option<Vec<_>>>() {
                Some(values) if !values.is_empty() => {
                    Ok(only_one(same(rows, row, &values)?, entity, match_on)?)
                }
                _ => Ok(None),
            }
        }
        WriteAction::Update { id, version } | WriteAction::Delete { id, version } => {
            let found = match Uuid::try_parse(id) {
                Ok(uuid) => rows.find(row, &uuid)?,
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
) -> Result<Option<RecordRow>, StoreError> {
    if same.len() < 2 {
        return Ok(same.pop());
    }
    let columns: Vec<String> = match_on.iter().map(|name| format!("`{name}`")).collect();
    let detail = format!(
        "several `{}` have the same {}, so `match_on` does not say which to update",
        entity.name,
        columns.join(" and ")
    );
    Err(StoreError::Invalid(vec![Invalid::new(pointer("", &match_on[0]), detail)]))
}

/// Takes the id that the writer chose for a new record, if it did.
fn take_given_id(values: &mut PlannedValues) -> Option<Uuid> {
    let at = values.iter().position(|(name, _)| name == ID)?;
    match values.remove(at).1 {
        Planned::Value(Value::Guid(id)) => Some(id),
        _ => None,
    }
}

fn settled(values: PlannedValues) -> Vec<(String, Value)> {
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
    fn create<R: RecordWrites>(
        &self,
        rows: &mut R,
        given_id: Option<Uuid>,
        data: Data,
    ) -> Result<Record, R::Failure> {
        let (record, data) =
            insert_new(rows, self.connection.no, (self.entity, self.row), given_id, data)?;
        self.tell(rows, ChangeType::Create, None, Some((record.clone(), &data)), Vec::new())?;
        Ok(record)
    }

    /// `names` are the columns that the write named, changed or not.
    fn update<R: RecordWrites>(
        &self,
        rows: &mut R,
        before: RecordRow,
        data: Data,
        names: Vec<String>,
    ) -> Result<Record, R::Failure> {
        let RecordRow { seq, record: before } = before;
        let record = Record {
            version: before.version + 1,
            updated_at: rows.now().max(before.updated_at),
            data: Arc::new(data),
            ..before.clone()
        };
        check_unique(rows, self.entity, self.row, Some((seq, &before)), &record)?;
        let data = serde_json::to_string(&record.data)?;
        rows.update(self.row, (seq, &before), &record, &data)?;
        let after = Some((record.clone(), data.as_str()));
        self.tell(rows, ChangeType::Update, Some(before), after, names)?;
        Ok(record)
    }

    fn delete<R: RecordWrites>(
        &self,
        rows: &mut R,
        before: RecordRow,
    ) -> Result<Record, R::Failure> {
        let RecordRow { seq, record } = before;
        rows.delete(self.row, (seq, &record))?;
        self.tell(rows, ChangeType::Delete, Some(record.clone()), None, Vec::new())?;
        Ok(record)
    }

    /// Writes the change of a record and hands it to matching after the commit.
    /// The record after comes with its columns as JSON.
    fn tell<R: RecordWrites>(
        &self,
        rows: &mut R,
        change_type: ChangeType,
        before: Option<Record>,
        after: Option<(Record, &str)>,
        written: Vec<String>,
    ) -> Result<(), R::Failure> {
        let (after, after_data) = after.unzip();
        let change = Change {
            id: ChangeId(rows.mint(self.connection.no)),
            workspace: self.connection.workspace,
            connection: self.connection.id.clone(),
            connection_no: self.connection.no,
            entity: self.entity.name.clone(),
            change_type,
            origin: self.origin,
            at: rows.now(),
            before,
            after,
            written,
        };
        rows.tell(change, after_data)
    }
}

/// Answers the record with its columns as JSON.
fn insert_new<R: RecordWrites>(
    rows: &mut R,
    connection: ConnectionNo,
    (entity, row): (&Entity, &EntityRow),
    given_id: Option<Uuid>,
    data: Data,
) -> Result<(Record, String), R::Failure> {
    let stamp = rows.mint(connection);
    let id = given_id.unwrap_or_else(|| stamp.uuid());
    if given_id.is_some() && rows.exists(row, &id)? {
        return Err(StoreError::already_exists(Noun::Record, id).into());
    }
    let now = rows.now();
    let record = Record {
        id: id.to_string(),
        number: rows.next_number(row)?,
        version: 1,
        created_at: now,
        updated_at: now,
        data: Arc::new(data),
    };
    check_unique(rows, entity, row, None, &record)?;
    let data = serde_json::to_string(&record.data)?;
    let new = RecordRow { seq: stamp.row_key(), record };
    rows.insert(row, &new, &id, &data)?;
    Ok((new.record, data))
}

/// Compares the unique columns that differ from before with all other records.
fn check_unique<R: RecordWrites>(
    rows: &mut R,
    entity: &Entity,
    row: &EntityRow,
    before: Option<(i64, &Record)>,
    after: &Record,
) -> Result<(), R::Failure> {
    for (name, column) in row.columns.iter().filter(|(_, column)| column.is_unique) {
        let value = after.value(name, column.column_type);
        let is_same_as_before =
            before.is_some_and(|(_, record)| record.value(name, column.column_type) == value);
        if value == Value::Null || is_same_as_before {
            continue;
        }
        let found = same(rows, row, &[(name, &value)])?;
        let is_other = |found: &RecordRow| before.is_none_or(|(seq, _)| seq != found.seq);
        if found.iter().any(is_other) {
            return Err(StoreError::UniqueViolation {
                entity: entity.name.clone(),
                column: name.clone(),
            }
            .into());
        }
    }
    Ok(())
}
