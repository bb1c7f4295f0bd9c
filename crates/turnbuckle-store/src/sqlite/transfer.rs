//! Rows in the form in which they travel, out of and into the embedded store.

mod layout;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection as Db, Statement, ToSql, named_params};
use uuid::Uuid;

use crate::StoreError;
use crate::sqlite::SqliteStore;
use crate::sqlite::failure::Failure;
use crate::sqlite::last_row_key;
use crate::sqlite::maintenance::put_note;
use crate::sqlite::transfer::layout::Layout;
use crate::sqlite::writer::Priority;
use crate::transfer::{
    Bounds, Cell, Column, Counters, IMPORT_NOTE, Kind, Obstacle, Row, Table, TransferStore,
};

/// Tables whose numbers are never given again, as SQLite counts them.
const COUNTED: [&str; 5] = ["context", "connection", "entity", "entity_column", "bin_request"];

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Boolean(is) => ValueRef::Integer(i64::from(*is)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

fn read_cell(column: &Column, value: ValueRef<'_>) -> Result<Cell, Failure> {
    match (column.kind, value) {
        (_, ValueRef::Null) if column.is_nullable => Ok(Cell::Null),
        (Kind::Integer, ValueRef::Integer(integer)) => Ok(Cell::Integer(integer)),
        (Kind::Boolean, ValueRef::Integer(is)) => Ok(Cell::Boolean(is != 0)),
        // Texts that somebody sent may hold a NUL, which other engines do not keep.
        (Kind::Text, ValueRef::Text(text)) => {
            Ok(Cell::Text(String::from_utf8_lossy(text).replace('\0', "\u{FFFD}")))
        }
        (Kind::Bytes, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
            Ok(Cell::Bytes(bytes.to_owned()))
        }
        (Kind::Uuid, ValueRef::Blob(bytes)) if let Ok(uuid) = Uuid::from_slice(bytes) => {
            Ok(Cell::Uuid(uuid))
        }
        (kind, value) => {
            let found = value.data_type();
            let reason = format!("`{}` is {found} where {kind:?} is kept", column.name);
            Err(StoreError::Defect { action: "read a stored row", source: reason.into() }.into())
        }
    }
}

/// Binds the cells that a statement asks for by the names of their columns.
fn bind(
    statement: &mut Statement<'_>,
    table: &Table,
    row: &Row,
    computed: Option<bool>,
) -> Result<(), Failure> {
    for (column, cell) in table.columns.iter().zip(row) {
        if let Some(place) = statement.parameter_index(&format!(":{}", column.name))? {
            statement.raw_bind_parameter(place, cell)?;
        }
    }
    if let Some(place) = statement.parameter_index(":computed")? {
        statement.raw_bind_parameter(place, computed)?;
    }
    Ok(())
}

fn read_rows(
    db: &Db,
    table: &'static Table,
    after: Option<&Row>,
    bounds: Bounds,
) -> Result<Vec<Row>, Failure> {
    let layout = Layout::of(table);
    let mut select = db.prepare_cached(&layout.select(after.is_none()))?;
    if let Some(after) = after {
        bind(&mut select, table, after, None)?;
    }
    let limit = select.parameter_index(":limit")?.expect("every selection has a limit");
    select.raw_bind_parameter(limit, bounds.rows_max as i64)?;
    let mut found = select.raw_query();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while bytes < bounds.bytes_max
        && let Some(row) = found.next()?
    {
        let cell = |(place, column)| read_cell(column, row.get_ref(place)?);
        let row: Row = table.columns.iter().enumerate().map(cell).collect::<Result<_, _>>()?;
        bytes += row.iter().map(Cell::size).sum::<usize>();
        rows.push(row);
    }
    Ok(rows)
}

fn write_rows(db: &Db, table: &'static Table, rows: &[Row]) -> Result<(), Failure> {
    let layout = Layout::of(table);
    let statements = layout.statements();
    let mut statements: Vec<_> =
        statements.iter().map(|it| db.prepare_cached(it)).collect::<Result<_, _>>()?;
    for row in rows {
        let computed = layout.computed.map(|computed| computed(table, row));
        for statement in &mut statements {
            bind(statement, table, row, computed)?;
            statement.raw_execute()?;
        }
    }
    Ok(())
}

fn counters(db: &Db) -> Result<Counters, Failure> {
    let mut counted = [0; COUNTED.len()];
    for (table, count) in COUNTED.iter().zip(&mut counted) {
        let select = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
        *count = db.query_row(select, [table], |row| row.get(0))?;
    }
    let [context, connection, entity, entity_column, bin_request] = counted;
    let feed = super::change::matched_through(db)?;
    let row_key = last_row_key(db)?;
    Ok(Counters { context, connection, entity, entity_column, bin_request, feed, row_key })
}

/// Row keys need no raising, and a position in the feed is one: both are found again
/// in the rows.
fn raise(db: &Db, counters: &Counters) -> Result<(), Failure> {
    let Counters { context, connection, entity, entity_column, bin_request, .. } = *counters;
    let given = [context, connection, entity, entity_column, bin_request];
    for (table, given) in COUNTED.iter().zip(given) {
        let counted = named_params! { ":table": table, ":given": given };
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT :table, 0
             WHERE :table NOT IN (SELECT name FROM sqlite_sequence) AND :given > 0",
            counted,
        )?;
        db.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, :given) WHERE name = :table",
            counted,
        )?;
    }
    Ok(())
}

#[async_trait]
impl TransferStore for SqliteStore {
    async fn obstacle(&self) -> Result<Option<Obstacle>, StoreError> {
        // The lock beside the file keeps others out, and matching has one order.
        Ok(None)
    }

    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&Row>,
        bounds: Bounds,
    ) -> Result<Vec<Row>, StoreError> {
        let after = after.cloned();
        self.readers
            .scan("read rows to carry over", move |db| read_rows(db, table, after.as_ref(), bounds))
            .await
    }

    async fn write_rows(
        &self,
        table: &'static Table,
        rows: Vec<Row>,
        progress: String,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Bulk, "write rows that were carried over", move |batch| {
                write_rows(batch.sql, table, &rows)?;
                put_note(batch.sql, IMPORT_NOTE, &progress)
            })
            .await
    }

    async fn counters(&self) -> Result<Counters, StoreError> {
        self.readers.scan("read what was given out", counters).await
    }

    async fn end_import(&self, counters: Counters) -> Result<(), StoreError> {
        self.writer
            .run(Priority::Bulk, "end an import", move |batch| {
                raise(batch.sql, &counters)?;
                batch.sql.execute("DELETE FROM note WHERE name = ?1", [IMPORT_NOTE])?;
                Ok(())
            })
            .await
    }
}
