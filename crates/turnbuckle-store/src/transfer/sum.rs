//! Tells whether two stores hold the same rows, in whatever order they are read.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::row::{Cell, Row};
use super::table::Table;

/// How many rows, and a sum over them: of the SHA-256 of each, as a number of 256
/// bits whose overflow is dropped. Against accidents, not against forgery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub rows: u64,
    pub checksum: Checksum,
}

/// Little-endian.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Checksum([u8; 32]);

impl Sum {
    pub fn add(&mut self, table: &Table, row: &Row) {
        let compared: Vec<&Cell> = table
            .columns
            .iter()
            .zip(row)
            .filter(|(column, _)| column.is_compared)
            .map(|(_, cell)| cell)
            .collect();
        let text = serde_json::to_vec(&compared).expect("cells have no maps");
        self.checksum.add(Sha256::digest(&text).into());
        self.rows += 1;
    }
}

impl Checksum {
    fn add(&mut self, digest: [u8; 32]) {
        let mut carry = 0;
        for (byte, other) in self.0.iter_mut().zip(digest) {
            let sum = u16::from(*byte) + u16::from(other) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows with checksum {}", self.rows, self.checksum)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("a checksum has 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::TABLES;

    fn table(name: &str) -> &'static Table {
        TABLES.iter().find(|table| table.name == name).unwrap()
    }

    fn sum<const N: usize>(name: &str, rows: [Row; N]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(table(name), row));
        sum
    }

    fn numbers<const N: usize>(numbers: [i64; N]) -> Row {
        numbers.map(Cell::Integer).to_vec()
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_every_row_does() {
        let [one, two] = [numbers([1, 2, 3]), numbers([1, 3, 2])];
        let both = sum("subscription_key", [one.clone(), two.clone()]);
        assert_eq!(sum("subscription_key", [two.clone(), one.clone()]), both);
        assert_ne!(sum("subscription_key", [one.clone(), one.clone()]), both);
        assert_ne!(sum("subscription_key", [one.clone()]).checksum, both.checksum);
    }

    #[test]
    fn sums_carry() {
        let mut checksum = Checksum([0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        checksum.add(one);
        assert_eq!(checksum, Checksum::default());
    }

    #[test]
    fn what_is_not_compared_does_not_count() {
        let event = |source_tail: i64, status: i64| {
            let mut row = vec![Cell::Null; table("inbound_event").columns.len()];
            row[table("inbound_event").place("source_tail")] = Cell::Integer(source_tail);
            row[table("inbound_event").place("status")] = Cell::Integer(status);
            sum("inbound_event", [row])
        };
        assert_eq!(event(1, 4), event(2, 4));
        assert_ne!(event(1, 4), event(1, 5));
    }

    #[test]
    fn a_sum_is_read_back_from_its_text() {
        let some = sum("subscription_key", [numbers([1, 2, 3])]);
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(serde_json::from_str::<Sum>(&text).unwrap(), some);
        for wrong in ["", "0g", "0", &"a".repeat(65), "é"] {
            let text = format!("{{\"rows\":1,\"checksum\":\"{wrong}\"}}");
            assert!(serde_json::from_str::<Sum>(&text).is_err(), "{wrong}");
        }
    }
}
