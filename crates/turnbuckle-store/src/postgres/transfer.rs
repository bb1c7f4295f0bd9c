//! Rows in the form in which they travel, out of and into PostgreSQL: tables and
//! columns have the names that they have here.

mod layout;

use std::error::Error;

use async_trait::async_trait;
use bytes::BytesMut;
use deadpool_postgres::{Client, GenericClient, Transaction};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::StoreError;
use crate::postgres::PostgresStore;
use crate::postgres::failure::{Failure, during};
use crate::postgres::maintenance::put_note;
use crate::postgres::partitions::{self, Log};
use crate::postgres::statement::{execute, find, list};
use crate::postgres::transfer::layout::Layout;
use crate::transfer::{
    Bounds, Cell, Column, Counters, IMPORT_NOTE, Kind, Obstacle, Row, TABLES, Table, TransferStore,
};

/// Columns that the database numbers, with the table of each.
const NUMBERED: [(&str, &str); 6] = [
    ("context", "no"),
    ("connection", "no"),
    ("entity", "no"),
    ("entity_column", "no"),
    ("bin_request", "number"),
    ("workspace", "id"),
];

impl ToSql for Cell {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql(of, out),
            Self::Boolean(is) => is.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Bytes(bytes) => bytes.to_sql(of, out),
            Self::Uuid(uuid) => uuid.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT8, Type::BOOL, Type::TEXT, Type::BYTEA, Type::UUID].contains(of)
    }

    to_sql_checked!();
}

fn type_of(column: &Column) -> &'static str {
    match column.kind {
        Kind::Integer => "bigint",
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Uuid => "uuid",
    }
}

fn read_row(table: &Table, row: &tokio_postgres::Row) -> Result<Row, Failure> {
    let cells = table.columns.iter().enumerate().map(|(place, column)| {
        let cell = match column.kind {
            Kind::Integer => row.try_get::<_, Option<i64>>(place)?.map(Cell::Integer),
            Kind::Boolean => row.try_get::<_, Option<bool>>(place)?.map(Cell::Boolean),
            Kind::Text => row.try_get::<_, Option<String>>(place)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Cell::Bytes),
            Kind::Uuid => row.try_get::<_, Option<Uuid>>(place)?.map(Cell::Uuid),
        };
        Ok(cell.unwrap_or(Cell::Null))
    });
    cells.collect()
}

async fn read_rows(
    db: &impl GenericClient,
    table: &'static Table,
    after: Option<&Row>,
    bounds: Bounds,
) -> Result<Vec<Row>, Failure> {
    let layout = Layout::of(table);
    let (rows_max, bytes_max) = (bounds.rows_max as i64, bounds.bytes_max as i64);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&rows_max, &bytes_max];
    if let Some(after) = after {
        let key = layout.key.iter().map(|name| &after[table.place(name)]);
        parameters.extend(key.map(|cell| cell as &(dyn ToSql + Sync)));
    }
    let select = layout.select(table, after.is_none());
    list(db, &select, &parameters, |row| read_row(table, row)).await
}

async fn write_rows(
    db: &Transaction<'_>,
    table: &'static Table,
    rows: &[Row],
) -> Result<(), Failure> {
    let layout = Layout::of(table);
    let of_column = |place: usize| rows.iter().map(|row| &row[place]).collect::<Vec<_>>();
    let mut columns: Vec<Vec<&Cell>> = (0..table.columns.len()).map(of_column).collect();
    let computed: Vec<Cell> = match layout.computed {
        Some((_, computed)) => rows.iter().map(|row| Cell::Integer(computed(table, row))).collect(),
        None => Vec::new(),
    };
    if layout.computed.is_some() {
        columns.push(computed.iter().collect());
    }
    let parameters: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    execute(db, &layout.insert(table), &parameters).await?;
    Ok(())
}

/// Rows of a log come into the weeks that they are of, as if they were written here.
async fn make_weeks(db: &mut Client, table: &Table, rows: &[Row]) -> Result<(), Failure> {
    let Some(log) = Log::ALL.into_iter().find(|log| log.table() == table.name) else {
        return Ok(());
    };
    let place = table.place(log.key());
    let row_keys = rows.iter().filter_map(|row| match row[place] {
        Cell::Integer(row_key) => Some(row_key),
        _ => None,
    });
    partitions::make_for(db, log, row_keys).await
}

async fn has_matched_out_of_order(db: &impl GenericClient) -> Result<bool, Failure> {
    let first = "SELECT min(seq) FROM change_queue";
    let first: Option<i64> = find(db, first, &[], |row| Ok(row.get(0))).await?.flatten();
    // One look into an index of each workspace.
    let later = "SELECT EXISTS (
        SELECT FROM workspace CROSS JOIN LATERAL (
            SELECT FROM change WHERE change.workspace = workspace.id AND change.seq > $1
            LIMIT 1) AS later)";
    let has_later = find(db, later, &[&first], |row| Ok(row.get(0))).await?;
    Ok(has_later.unwrap_or_default())
}

async fn read_counters(db: &impl GenericClient) -> Result<Counters, Failure> {
    let mut numbers = [0; NUMBERED.len()];
    for ((table, column), number) in NUMBERED.iter().zip(&mut numbers) {
        let last = "SELECT coalesce(
            pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), 0)";
        *number = find(db, last, &[table, column], |row| Ok(row.get(0))).await?.unwrap_or_default();
    }
    let [context, connection, entity, entity_column, bin_request, _] = numbers;
    let given = "SELECT position, greatest(delivery, (SELECT max(last_seq) FROM connection_line))
        FROM feed WHERE shard = 0";
    let given = find(db, given, &[], |row| Ok((row.get(0), row.get(1)))).await?;
    let (feed, row_key) = given.unwrap_or_default();
    Ok(Counters { context, connection, entity, entity_column, bin_request, feed, row_key })
}

async fn raise(db: &Transaction<'_>, counters: &Counters) -> Result<(), Failure> {
    let Counters { context, connection, entity, entity_column, bin_request, feed, row_key } =
        *counters;
    // Workspaces never go, so their numbers need not be told.
    let workspaces = "SELECT coalesce(max(id), 0) FROM workspace";
    let workspace = find(db, workspaces, &[], |row| Ok(row.get(0))).await?.unwrap_or_default();
    let given = [context, connection, entity, entity_column, bin_request, workspace];
    for ((table, column), given) in NUMBERED.iter().zip(given) {
        let raise = "SELECT setval(sequence, greatest($3, pg_sequence_last_value(sequence)))
            FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS sequence) AS it
            WHERE $3 > 0";
        execute(db, raise, &[table, column, &given]).await?;
    }
    let lines = "INSERT INTO connection_line (workspace, connection, last_seq)
        SELECT workspace, no, $1 FROM connection";
    execute(db, lines, &[&row_key]).await?;
    let raise_feed = "UPDATE feed
        SET position = greatest(position, $1), delivery = greatest(delivery, $2) WHERE shard = 0";
    execute(db, raise_feed, &[&feed, &row_key]).await?;
    Ok(())
}

#[async_trait]
impl TransferStore for PostgresStore {
    async fn obstacle(&self) -> Result<Option<Obstacle>, StoreError> {
        during("look for others that use the database", async {
            let db = self.pool.get().await?;
            if self.processes.has_company(&db).await? {
                return Ok(Some(Obstacle::OtherProcesses));
            }
            let is_out_of_order = has_matched_out_of_order(&db).await?;
            Ok(is_out_of_order.then_some(Obstacle::MatchedOutOfOrder))
        })
        .await
    }

    async fn read_rows(
        &self,
        table: &'static Table,
        after: Option<&Row>,
        bounds: Bounds,
    ) -> Result<Vec<Row>, StoreError> {
        during("read rows to carry over", async {
            let db = self.pool.get().await?;
            read_rows(&db, table, after, bounds).await
        })
        .await
    }

    async fn write_rows(
        &self,
        table: &'static Table,
        rows: Vec<Row>,
        progress: String,
    ) -> Result<(), StoreError> {
        during("write rows that were carried over", async {
            let mut db = self.pool.get().await?;
            make_weeks(&mut db, table, &rows).await?;
            let transaction = db.transaction().await?;
            write_rows(&transaction, table, &rows).await?;
            put_note(&transaction, IMPORT_NOTE, &progress).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn counters(&self) -> Result<Counters, StoreError> {
        during("read what was given out", async {
            let db = self.pool.get().await?;
            read_counters(&db).await
        })
        .await
    }

    async fn end_import(&self, counters: Counters) -> Result<(), StoreError> {
        during("end an import", async {
            let mut db = self.pool.get().await?;
            let transaction = db.transaction().await?;
            raise(&transaction, &counters).await?;
            let forget = "DELETE FROM note WHERE name = $1";
            execute(&transaction, forget, &[&IMPORT_NOTE]).await?;
            transaction.commit().await?;
            // The first queries are planned by what is there.
            for table in TABLES {
                db.batch_execute(&format!("ANALYZE {}", table.name)).await?;
            }
            Ok(())
        })
        .await
    }
}
