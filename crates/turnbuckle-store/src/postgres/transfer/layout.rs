//! How a table that travels is read and written here.

use turnbuckle_core::id::{SourceId, Stamp};

use super::type_of;
use crate::postgres::processes::shard_of_source;
use crate::transfer::{Cell, Column, OWN_NOTES, Row, Table};

pub type Computed = fn(&Table, &Row) -> i64;

/// In the statements of a table it is called `it`.
pub struct Layout {
    /// Columns by which it is read in order: its primary key.
    pub key: &'static [&'static str],
    /// Which rows travel. What belongs to something that is gone does not: others find
    /// it by that. Such a look is a subquery, made for a row at a time, so that no join
    /// reads more than a slice needs.
    filter: String,
    /// A column that is not read as it is, and how.
    read: Option<(&'static str, &'static str)>,
    /// A column that does not travel, and what it holds.
    pub computed: Option<(&'static str, Computed)>,
}

impl Layout {
    pub fn of(table: &Table) -> Self {
        let by = |key| Self { key, filter: "true".to_owned(), read: None, computed: None };
        match table.name {
            "note" => by(&["name"]).only(&format!("name NOT IN ('{}')", OWN_NOTES.join("', '"))),
            "workspace" => by(&["id"]),
            "setting" => by(&["workspace", "name"]),
            "context" | "connection" | "entity" | "entity_column" => by(&["workspace", "no"]),
            "record" => by(&["workspace", "entity", "seq"]),
            "record_key" => by(&["workspace", "entity_column", "key", "record"]),
            "deferred_change" => by(&["workspace", "connection", "object", "change"]),
            "function_version" => by(&["workspace", "function", "number"]),
            "function_call" => by(&["workspace", "seq"]).only(
                "(SELECT true FROM function
                  WHERE function.workspace = it.workspace AND function.seq = it.function)",
            ),
            "source_key" => by(&["workspace", "source", "seq"]),
            "inbound_queue" => {
                Self { computed: Some(("shard", shard)), ..by(&["workspace", "seq"]) }
            }
            "event_call" => by(&["workspace", "event"]).only(
                "coalesce(
                     (SELECT true FROM inbound_queue AS pending
                      WHERE pending.workspace = it.workspace AND pending.seq = it.event),
                     (SELECT true FROM inbound_event AS ended
                      WHERE ended.workspace = it.workspace AND ended.seq = it.event))",
            ),
            "inbound_record" => by(&["workspace", "event", "item"]).only(
                "(SELECT true FROM inbound_event AS event
                  WHERE event.workspace = it.workspace AND event.seq = it.event)",
            ),
            "dedupe" => by(&["workspace", "source", "key"]).only(
                "(SELECT true FROM source
                  WHERE source.workspace = it.workspace AND source.seq = it.source)",
            ),
            "subscription_key" => by(&["workspace", "key", "subscription"]),
            "credentials" | "link_draft" => by(&["workspace", "connection"]),
            "rekeying" => by(&["workspace", "connection", "object"]),
            "delivery" => Self {
                // Of one that was not delivered nobody asks for it, nor has it everywhere.
                read: Some(("duration_ms", "CASE WHEN it.state = 4 THEN it.duration_ms END")),
                ..by(&["workspace", "seq"])
            },
            "attempt" => by(&["workspace", "delivery", "at_ms"]).only(
                "coalesce(
                     (SELECT true FROM delivery_queue AS pending
                      WHERE pending.workspace = it.workspace AND pending.seq = it.delivery),
                     (SELECT true FROM delivery AS ended
                      WHERE ended.workspace = it.workspace AND ended.seq = it.delivery))",
            ),
            "run" => by(&["workspace", "id"]),
            "recovered_line" => by(&["workspace", "run", "line"]),
            "statistics" => by(&["workspace", "minute", "id"]),
            "bin" => by(&["name"]),
            "bin_request" => by(&["bin", "number"]),
            "idempotency" => by(&["workspace", "key"]),
            // api_key, change, change_queue, source, inbound_event, subscription, endpoint,
            // delivery_queue
            _ => by(&["workspace", "seq"]),
        }
    }

    fn only(self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), ..self }
    }

    /// Answers `$1` rows, or as many as come before the first that is behind `$2`
    /// bytes; from behind the row with the key given as `$3` and on, if one is.
    pub fn select(&self, table: &Table, is_first: bool) -> String {
        let Self { key, filter, .. } = self;
        let (name, key) = (table.name, key.join(", "));
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let columns = columns.join(", ");
        let read = |column: &Column| match self.read {
            Some((name, read)) if name == column.name => format!("{read} AS {name}"),
            _ => column.name.to_owned(),
        };
        let read: Vec<String> = table.columns.iter().map(read).collect();
        let read = read.join(", ");
        let is_long = |column: &&str| *column == "bytea" || *column == "text";
        let long = table.columns.iter().filter(|column| is_long(&type_of(column)));
        let bytes: Vec<String> =
            long.map(|column| format!("+ coalesce(octet_length({}), 0)", column.name)).collect();
        let bytes = bytes.join(" ");
        let behind = match is_first {
            true => String::new(),
            false => {
                let given = (3..3 + self.key.len()).map(|place| format!("${place}"));
                format!("AND ({key}) > ({})", given.collect::<Vec<_>>().join(", "))
            }
        };
        format!(
            "SELECT {columns} FROM (
                 SELECT *, sum(bytes) OVER (ORDER BY {key} ROWS UNBOUNDED PRECEDING) - bytes
                     AS bytes_before
                 FROM (
                     SELECT {read}, 0::bigint {bytes} AS bytes FROM {name} AS it
                     WHERE {filter} {behind} ORDER BY {key} LIMIT $1) AS slice) AS measured
             WHERE bytes_before < $2::bigint ORDER BY {key}"
        )
    }

    /// Inserts rows that are given column by column.
    pub fn insert(&self, table: &Table) -> String {
        let computed = self.computed.iter().map(|(column, _)| (*column, "bigint"));
        let travelling = table.columns.iter().map(|column| (column.name, type_of(column)));
        let (columns, types): (Vec<&str>, Vec<&str>) = travelling.chain(computed).unzip();
        let given = (1..).zip(types).map(|(place, of)| format!("${place}::{of}[]"));
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({})",
            table.name,
            columns.join(", "),
            given.collect::<Vec<_>>().join(", ")
        )
    }
}

/// Of the source of an event.
fn shard(table: &Table, row: &Row) -> i64 {
    match row[table.place("source")] {
        Cell::Integer(source) => shard_of_source(SourceId(Stamp::from_row(source, 0))),
        _ => 0,
    }
}
