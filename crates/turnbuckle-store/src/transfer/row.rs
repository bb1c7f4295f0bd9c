//! A row, and the line of text that it is in a file: a JSON array in the order of
//! the columns. Bytes are base64, a UUID is its usual text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use super::table::{Column, Kind, Table};

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

/// Cells in the order of the columns of a [`Table`].
pub type Row = Vec<Cell>;

impl Cell {
    /// About as much as it takes in memory.
    pub fn size(&self) -> usize {
        let beside = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Integer(_) | Self::Boolean(_) | Self::Uuid(_) => 0,
        };
        size_of::<Self>() + beside
    }

    fn from_json(column: &Column, value: Json) -> Option<Self> {
        match (column.kind, value) {
            (_, Json::Null) => column.is_nullable.then_some(Self::Null),
            (Kind::Integer, Json::Number(number)) => number.as_i64().map(Self::Integer),
            (Kind::Boolean, Json::Bool(is)) => Some(Self::Boolean(is)),
            (Kind::Text, Json::String(text)) => Some(Self::Text(text)),
            (Kind::Bytes, Json::String(text)) => STANDARD.decode(text).ok().map(Self::Bytes),
            (Kind::Uuid, Json::String(text)) => Uuid::try_parse(&text).ok().map(Self::Uuid),
            _ => None,
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Boolean(is) => serializer.serialize_bool(*is),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Self::Uuid(uuid) => serializer.collect_str(uuid),
        }
    }
}

/// About as much as a row takes in memory.
pub fn size(row: &Row) -> usize {
    row.iter().map(Cell::size).sum()
}

/// Ends in a line break.
pub fn to_line(row: &Row) -> Vec<u8> {
    let mut line = serde_json::to_vec(row).expect("cells have no maps, whose keys could be none");
    line.push(b'\n');
    line
}

/// # Errors
/// With what is wrong with it, for people.
pub fn from_line(table: &Table, line: &[u8]) -> Result<Row, String> {
    let values: Vec<Json> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if values.len() != table.columns.len() {
        return Err(format!("{} values where {} are kept", values.len(), table.columns.len()));
    }
    let cells = table.columns.iter().zip(values).map(|(column, value)| {
        Cell::from_json(column, value)
            .ok_or_else(|| format!("`{}` is none of its kind", column.name))
    });
    cells.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::TABLES;

    fn a_cell(column: &Column) -> BoxedStrategy<Cell> {
        let value = match column.kind {
            Kind::Integer => any::<i64>().prop_map(Cell::Integer).boxed(),
            Kind::Boolean => any::<bool>().prop_map(Cell::Boolean).boxed(),
            Kind::Text => any::<String>().prop_map(Cell::Text).boxed(),
            Kind::Bytes => any::<Vec<u8>>().prop_map(Cell::Bytes).boxed(),
            Kind::Uuid => any::<u128>().prop_map(|it| Cell::Uuid(Uuid::from_u128(it))).boxed(),
        };
        match column.is_nullable {
            true => prop_oneof![Just(Cell::Null), value].boxed(),
            false => value,
        }
    }

    fn a_row() -> impl Strategy<Value = (&'static Table, Row)> {
        let of = |table: &'static Table| {
            let cells: Vec<_> = table.columns.iter().map(a_cell).collect();
            (Just(table), cells)
        };
        (0..TABLES.len()).prop_flat_map(move |place| of(&TABLES[place]))
    }

    proptest! {
        #[test]
        fn a_row_is_read_back_from_its_line((table, row) in a_row()) {
            let line = to_line(&row);
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            prop_assert_eq!(from_line(table, &line), Ok(row));
        }

        #[test]
        fn a_cut_line_is_refused((table, row) in a_row(), cut: prop::sample::Index) {
            let line = to_line(&row);
            let cut = cut.index(line.len() - 1);
            prop_assert!(from_line(table, &line[..cut]).is_err());
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let check = |line: &str, expect: &str| {
            let table = TABLES.iter().find(|table| table.name == "subscription_key").unwrap();
            let said = from_line(table, line.as_bytes()).unwrap_err();
            assert!(said.contains(expect), "{said}");
        };
        check("[1,2]", "2 values where 3 are kept");
        check("[1,null,3]", "`key` is none of its kind");
        check("[1,2,\"3\"]", "`subscription` is none of its kind");
        check("[1,2,3.5]", "`subscription` is none of its kind");
        check("{}", "expected a sequence");
    }
}
