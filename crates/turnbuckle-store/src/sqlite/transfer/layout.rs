//! Where the embedded store keeps what travels.
//!
//! Most of it is in a table of the same name, in columns of the same names. What is
//! not is laid down here: a table without the workspace looks it up, one that is
//! queue and log at once is read in two parts, and what has a value where others
//! have null says so.

use turnbuckle_core::id::Stamp;

use crate::sqlite::delivery_row::{DURATION_ZERO, NO_CHANGE_TYPE, NO_STATUS};
use crate::transfer::{Cell, OWN_NOTES, Row, Table};

/// Where a table that travels is kept. In its statements it is called `it`.
pub struct Layout {
    table: &'static str,
    /// Behind it, what is looked up with each row, in that order.
    joins: String,
    /// Which rows are meant.
    filter: String,
    /// Columns by which it is read in order; an index has them.
    key: &'static [&'static str],
    columns: Vec<Kept>,
    /// Written with each row: column and value.
    beside: Vec<(&'static str, &'static str)>,
    /// Statements that follow the insert of a row.
    then: Vec<&'static str>,
    /// What they find as `:computed`.
    pub computed: Option<fn(&Table, &Row) -> bool>,
}

/// A column that travels.
struct Kept {
    name: &'static str,
    read: String,
    /// The column that it is kept in, and what to write there; `None` where it is
    /// looked up.
    write: Option<(&'static str, String)>,
}

impl Layout {
    pub fn of(table: &'static Table) -> Self {
        let it = Self::plain(table);
        match table.name {
            "note" => it.by(&["name"]).only(&format!("name NOT IN ('{}')", OWN_NOTES.join("', '"))),
            "workspace" => it.by(&["id"]),
            "setting" => it.by(&["workspace", "name"]),
            "context" | "connection" => it.by(&["no"]),
            "credentials" | "link_draft" => it.by(&["connection"]).of_connection("it.connection"),
            "entity" => it.by(&["no"]).of_connection("it.connection"),
            "entity_column" => it.by(&["no"]).of_entity("it.entity"),
            "record" => it.of_entity("it.entity").computing(is_id_given).then(
                "INSERT INTO record_given_id (entity, id, record)
                 SELECT :entity, :id, :seq WHERE :computed",
            ),
            "record_key" => it
                .by(&["entity_column", "key", "record"])
                .with("CROSS JOIN entity_column ON entity_column.no = it.entity_column")
                .of_entity("entity_column.entity"),
            "change" => it
                .only("it.seq <= (SELECT matched_through FROM feed WHERE shard = 0)")
                .looked_up("position", "it.seq")
                .then(
                    "UPDATE feed SET matched_through = max(matched_through, :seq)
                     WHERE shard = 0",
                ),
            "change_queue" => it
                .kept_in("change")
                .only("it.seq > (SELECT matched_through FROM feed WHERE shard = 0)"),
            "deferred_change" => {
                it.by(&["connection", "object", "change"]).of_connection("it.connection")
            }
            "function_version" => {
                it.by(&["function", "number"]).belonging_to("function", "it.function")
            }
            "function_call" => it.belonging_to("function", "it.function"),
            "source_key" => it.belonging_to("source", "it.source"),
            "inbound_event" => it
                .only("it.status IN (4, 5)")
                .with("LEFT JOIN inbound_outcome AS outcome ON outcome.event = it.seq")
                .looked_up("error", "outcome.error")
                .looked_up("warnings", "coalesce(outcome.warnings, '[]')")
                .of_event()
                .then(
                    "INSERT INTO inbound_outcome (event, error, warnings)
                     SELECT :seq, :error, :warnings
                     WHERE :error IS NOT NULL OR :warnings != '[]'",
                ),
            "inbound_queue" => {
                it.kept_in("inbound_event").only("it.status = 2").beside("status", "2").of_event()
            }
            "event_call" => it.by(&["event"]).belonging_to("inbound_event", "it.event"),
            "inbound_record" => it.by(&["event", "item"]).belonging_to("inbound_event", "it.event"),
            "dedupe" => {
                it.by(&["source", "key"]).belonging_to("source", "it.source").kept_as_text("key")
            }
            "subscription_key" => {
                it.by(&["key", "subscription"]).belonging_to("subscription", "it.subscription")
            }
            "rekeying" => it.by(&["connection", "object"]).of_connection("it.connection"),
            "delivery" => it
                .only("it.state IN (4, 5, 6)")
                .of_delivery()
                .kept("ended_at_ms", "at_ms", "it.at_ms", ":ended_at_ms")
                .kept(
                    "duration_ms",
                    "duration",
                    &format!("iif(it.state = 4, it.duration - {DURATION_ZERO}, NULL)"),
                    &format!("{DURATION_ZERO} + coalesce(:duration_ms, 0)"),
                )
                // It stands in no line any more.
                .beside("line", "-:seq")
                .beside("failure_count", "0"),
            "delivery_queue" => it
                .kept_in("delivery")
                .by(&["line", "seq"])
                .with("INDEXED BY delivery_line")
                .with("LEFT JOIN delivery_waiting AS waiting ON waiting.delivery = it.seq")
                .only("it.state IN (2, 3)")
                .of_delivery()
                .looked_up("coalesce", "coalesce(waiting.coalesce, false)")
                .looked_up("superseding_type", "waiting.superseding_type")
                .looked_up("superseding_changed", "waiting.superseding_changed")
                .looked_up("superseding_body", "waiting.superseding_body")
                .then(
                    "INSERT INTO delivery_waiting (delivery, coalesce, superseding_type,
                         superseding_changed, superseding_body)
                     SELECT :seq, :coalesce, :superseding_type, :superseding_changed,
                         :superseding_body
                     WHERE :state = 3",
                ),
            "attempt" => it.by(&["delivery", "at_ms"]).belonging_to("delivery", "it.delivery"),
            "run" => it.by(&["id"]),
            "recovered_line" => it
                .by(&["run", "line"])
                .with("CROSS JOIN run ON run.id = it.run")
                .looked_up("workspace", "run.workspace"),
            "statistics" => it.by(&["workspace", "minute", "id"]),
            "bin" => it.by(&["name"]),
            "bin_request" => it.by(&["number"]),
            "idempotency" => it.by(&["workspace", "key"]),
            // api_key, source, subscription, endpoint
            _ => it,
        }
    }

    fn plain(table: &'static Table) -> Self {
        let kept = |name: &'static str| Kept {
            name,
            read: format!("it.{name}"),
            write: Some((name, format!(":{name}"))),
        };
        Self {
            table: table.name,
            joins: String::new(),
            filter: "true".to_owned(),
            key: &["seq"],
            columns: table.columns.iter().map(|column| kept(column.name)).collect(),
            beside: Vec::new(),
            then: Vec::new(),
            computed: None,
        }
    }

    fn kept_in(self, table: &'static str) -> Self {
        Self { table, ..self }
    }

    fn by(self, key: &'static [&'static str]) -> Self {
        Self { key, ..self }
    }

    fn only(self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), ..self }
    }

    fn with(mut self, join: &str) -> Self {
        self.joins += &format!(" {join}");
        self
    }

    fn beside(mut self, column: &'static str, value: &'static str) -> Self {
        self.beside.push((column, value));
        self
    }

    fn computing(self, computed: fn(&Table, &Row) -> bool) -> Self {
        Self { computed: Some(computed), ..self }
    }

    fn then(mut self, statement: &'static str) -> Self {
        self.then.push(statement);
        self
    }

    fn column(&mut self, name: &str) -> &mut Kept {
        self.columns.iter_mut().find(|it| it.name == name).expect("it travels")
    }

    fn looked_up(mut self, name: &str, read: &str) -> Self {
        let column = self.column(name);
        (column.read, column.write) = (read.to_owned(), None);
        self
    }

    fn kept(mut self, name: &str, column: &'static str, read: &str, write: &str) -> Self {
        let kept = self.column(name);
        (kept.read, kept.write) = (read.to_owned(), Some((column, write.to_owned())));
        self
    }

    /// Bytes that others cannot keep as text, as this engine can.
    fn kept_as_text(self, name: &'static str) -> Self {
        let (read, write) = (format!("it.{name}"), format!("CAST(:{name} AS TEXT)"));
        self.kept(name, name, &read, &write)
    }

    /// Kept as `stand_in` where it is null.
    fn kept_for_null(self, name: &'static str, stand_in: i64) -> Self {
        let read = format!("nullif(it.{name}, {stand_in})");
        self.kept(name, name, &read, &format!("coalesce(:{name}, {stand_in})"))
    }

    /// With the workspace of a row of another table, whose row key stands in `column`.
    fn belonging_to(self, table: &str, column: &str) -> Self {
        self.with(&format!("CROSS JOIN {table} ON {table}.seq = {column}"))
            .looked_up("workspace", &format!("{table}.workspace"))
    }

    fn of_connection(self, no: &str) -> Self {
        self.with(&format!("CROSS JOIN connection ON connection.no = {no}"))
            .looked_up("workspace", "connection.workspace")
    }

    fn of_entity(self, no: &str) -> Self {
        self.with(&format!("CROSS JOIN entity ON entity.no = {no}"))
            .of_connection("entity.connection")
    }

    /// What queue and log have of an event.
    fn of_event(self) -> Self {
        self.with("LEFT JOIN source ON source.seq = it.source")
            .looked_up("source_tail", "coalesce(source.tail, 0)")
            .kept_as_text("query")
    }

    /// What queue and log have of a delivery.
    fn of_delivery(self) -> Self {
        self.with("LEFT JOIN endpoint ON endpoint.seq = it.endpoint")
            .with("LEFT JOIN change ON change.seq = it.change")
            .looked_up("endpoint_tail", "coalesce(endpoint.tail, 0)")
            .looked_up("change_tail", "change.tail")
            .kept_for_null("change", 0)
            .kept_for_null("change_type", NO_CHANGE_TYPE)
            .kept_for_null("last_status", NO_STATUS)
    }

    /// Answers `:limit` rows, behind the one whose key is given if one is.
    pub fn select(&self, is_first: bool) -> String {
        let Self { table, joins, filter, .. } = self;
        let read: Vec<&str> = self.columns.iter().map(|column| column.read.as_str()).collect();
        let key = self.key.iter().map(|column| format!("it.{column}")).collect::<Vec<_>>();
        // Compared in the form in which it is kept.
        let given = |name: &&str| {
            let column = self.columns.iter().find(|column| column.name == *name);
            let kept = column.and_then(|it| it.write.as_ref()).expect("a key is kept");
            kept.1.as_str()
        };
        let given = self.key.iter().map(given).collect::<Vec<_>>();
        let behind = match is_first {
            true => String::new(),
            false => format!("AND ({}) > ({})", key.join(", "), given.join(", ")),
        };
        format!(
            "SELECT {} FROM {table} AS it{joins} WHERE {filter} {behind} ORDER BY {} LIMIT :limit",
            read.join(", "),
            key.join(", ")
        )
    }

    /// What writes a row.
    pub fn statements(&self) -> Vec<String> {
        let kept = self.columns.iter().filter_map(|column| column.write.as_ref());
        let beside = self.beside.iter().map(|(column, value)| (*column, *value));
        let (columns, values): (Vec<&str>, Vec<&str>) =
            kept.map(|(column, value)| (*column, value.as_str())).chain(beside).unzip();
        let insert = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.table,
            columns.join(", "),
            values.join(", ")
        );
        let then = self.then.iter().map(|statement| (*statement).to_owned());
        std::iter::once(insert).chain(then).collect()
    }
}

/// Whether the id of a record does not tell where its row is.
fn is_id_given(table: &Table, row: &Row) -> bool {
    let (Cell::Uuid(id), Cell::Integer(seq)) = (&row[table.place("id")], &row[table.place("seq")])
    else {
        return false;
    };
    Stamp::from_uuid(*id).is_none_or(|stamp| stamp.row_key() != *seq)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection as Db;

    use super::*;
    use crate::sqlite::migrations::migrate;
    use crate::transfer::TABLES;

    #[test]
    fn every_slice_is_read_in_the_order_of_an_index() {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for (table, is_first) in TABLES.iter().flat_map(|it| [(it, true), (it, false)]) {
            let select = Layout::of(table).select(is_first);
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {select}")).unwrap();
            let plan = explain.raw_query().mapped(|row| row.get(3));
            let plan: Vec<String> = plan.collect::<Result<_, _>>().unwrap();
            let is_found = plan[0].starts_with("SEARCH it");
            assert!(is_first || is_found, "{}: {plan:#?}", table.name);
            // Those of one delivery are few.
            let sorts = |step: &String| {
                step.contains("TEMP B-TREE") && !step.contains("LAST TERM OF ORDER BY")
            };
            assert!(!plan.iter().any(sorts), "{}: {plan:#?}", table.name);
        }
    }

    /// What is found again from the rest, or is erased before; how far SQLite has
    /// counted, which the counters tell; and who has signed in.
    const STAYS: [&str; 6] = [
        "connection_authorization",
        "console_session",
        "erasure",
        "feed",
        "record_given_id",
        "sqlite_sequence",
    ];

    #[test]
    fn every_column_travels_or_stays_on_purpose() {
        let mut db = Db::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        let mut select = db
            .prepare(
                "SELECT tables.name, columns.name
                 FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
                 WHERE tables.type = 'table'",
            )
            .unwrap();
        let columns = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let statements: Vec<String> =
            TABLES.iter().flat_map(|table| Layout::of(table).statements()).collect();
        for (table, column) in columns.map(Result::<(String, String), _>::unwrap) {
            let insert = format!("INSERT INTO {table} ");
            let is_word = |text: &str| {
                text.split(|it: char| !it.is_alphanumeric() && it != '_').any(|it| it == column)
            };
            let is_written = statements.iter().any(|it| it.starts_with(&insert) && is_word(it));
            assert!(is_written || STAYS.contains(&table.as_str()), "{table}.{column}");
        }
    }
}
