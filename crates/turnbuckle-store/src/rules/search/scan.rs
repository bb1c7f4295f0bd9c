//! Which records a search looks at, in the order of its page.

use turnbuckle_core::key::KEYS_END;

use crate::rules::reads::RecordReads;
use crate::rules::record::RecordRow;
use crate::rules::search::{Found, Position};

/// Records of one entity, read a slice at a time.
pub enum Scan<'a> {
    /// Those with exactly this key, in the order of creation.
    Key { column_no: i64, key: &'a [u8], after: i64 },
    /// Those with these row keys, which are ascending.
    Seqs(std::vec::IntoIter<i64>),
    /// All, in the order of creation.
    Entity { after: i64 },
    /// All, in the order of the keys of a column.
    KeyOrder { column_no: i64, is_descending: bool, after: (Vec<u8>, i64) },
    /// None are left.
    Over,
}

impl Scan<'_> {
    /// From a place in the order of the keys on, or from its beginning.
    pub fn in_key_order(column_no: i64, is_descending: bool, after: Option<Position>) -> Self {
        let place = |Position { mut keys, seq }: Position| keys.pop().map(|key| (key, seq));
        let after = after.and_then(place).unwrap_or_else(|| match is_descending {
            true => (KEYS_END.to_vec(), i64::MAX),
            false => (Vec::new(), i64::MIN),
        });
        Self::KeyOrder { column_no, is_descending, after }
    }

    /// Whether search keys led to the records.
    pub fn is_narrowed(&self) -> bool {
        matches!(self, Self::Key { .. } | Self::Seqs(_))
    }

    /// Up to `limit` records more; `None` when all were read.
    pub async fn next<R: RecordReads>(
        &mut self,
        reads: &R,
        entity_no: i64,
        limit: usize,
    ) -> Result<Option<Vec<Found>>, R::Failure> {
        let (found, is_over) = match self {
            Self::Key { column_no, key, after } => {
                let rows = reads.keyed(entity_no, *column_no, key, *after, limit).await?;
                go_on(rows, after, limit)
            }
            Self::Entity { after } => {
                let rows = reads.of_entity(entity_no, *after, limit).await?;
                go_on(rows, after, limit)
            }
            Self::Seqs(seqs) => {
                let slice: Vec<i64> = seqs.by_ref().take(limit).collect();
                let rows = match slice.is_empty() {
                    true => Vec::new(),
                    false => reads.at(entity_no, &slice).await?,
                };
                (rows.into_iter().map(Found::in_order_of_creation).collect(), seqs.len() == 0)
            }
            Self::KeyOrder { column_no, is_descending, after: (key, seq) } => {
                let (column_no, after) = (*column_no, (key.as_slice(), *seq));
                let rows =
                    reads.in_key_order(entity_no, column_no, *is_descending, after, limit).await?;
                let is_over = rows.len() < limit;
                if let Some((last_key, last)) = rows.last() {
                    key.clone_from(last_key);
                    *seq = last.seq;
                }
                let found = |(key, row): (Vec<u8>, RecordRow)| Found {
                    position: Position { keys: vec![key], seq: row.seq },
                    record: row.record,
                };
                (rows.into_iter().map(found).collect(), is_over)
            }
            Self::Over => return Ok(None),
        };
        if is_over {
            *self = Self::Over;
        }
        Ok(Some(found))
    }
}

/// Moves `after` behind the rows. Fewer than asked for are the last ones.
fn go_on(rows: Vec<RecordRow>, after: &mut i64, limit: usize) -> (Vec<Found>, bool) {
    let is_over = rows.len() < limit;
    if let Some(last) = rows.last() {
        *after = last.seq;
    }
    (rows.into_iter().map(Found::in_order_of_creation).collect(), is_over)
}
