//! Ranges of search keys, and sets of them.

use super::{Canonical, KEY_BYTES_MAX};

/// The keys from `from` up to, and without, `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub from: Vec<u8>,
    /// `None` where the range has no upper end.
    pub to: Option<Vec<u8>>,
}

impl KeyRange {
    pub fn exactly(key: Vec<u8>) -> Self {
        Self { to: Some(just_above(&key)), from: key }
    }

    /// The keys of all texts that begin with `prefix`, which is folded.
    pub(crate) fn starting_with(prefix: &str) -> Self {
        let from = Canonical::Text(prefix.to_owned()).key();
        let mut to = from.clone();
        match to.last_mut() {
            // No byte of UTF-8 is 255, and neither is the tag.
            Some(last) if from.len() < KEY_BYTES_MAX => *last += 1,
            _ => return Self::exactly(from),
        }
        Self { from, to: Some(to) }
    }

    /// The one key of the range, so that an engine can look it up.
    pub fn exact(&self) -> Option<&[u8]> {
        let to = self.to.as_deref()?;
        to.strip_suffix(&[0]).filter(|key| *key == self.from)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.from.as_slice() <= key && self.to.as_deref().is_none_or(|to| key < to)
    }

    fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

/// The lowest byte string above `key`.
pub(crate) fn just_above(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The same keys as ranges that are in order, apart and not empty.
pub(crate) fn union(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by(|a, b| a.from.cmp(&b.from));
    let mut united: Vec<KeyRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match united.last_mut() {
            Some(last) if last.to.as_ref().is_none_or(|to| range.from <= *to) => {
                if last.to.is_some() && !ends_before(&range, last) {
                    last.to = range.to;
                }
            }
            _ => united.push(range),
        }
    }
    united
}

/// The keys that lie in both; each side as [`union`] leaves it, and so is the result.
pub(crate) fn intersection(a: &[KeyRange], b: &[KeyRange]) -> Vec<KeyRange> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut common = Vec::new();
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        let is_left_first = ends_before(left, right);
        let range = KeyRange {
            from: left.from.clone().max(right.from.clone()),
            to: if is_left_first { left.to.clone() } else { right.to.clone() },
        };
        if !range.is_empty() {
            common.push(range);
        }
        if is_left_first {
            a.next()
        } else {
            b.next()
        };
    }
    common
}

fn ends_before(a: &KeyRange, b: &KeyRange) -> bool {
    match (&a.to, &b.to) {
        (Some(a), Some(b)) => a < b,
        (a, _) => a.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arb_ranges() -> impl Strategy<Value = Vec<KeyRange>> {
        let key = || prop::collection::vec(0_u8..3, 0..3);
        let range = (key(), prop::option::of(key())).prop_map(|(from, to)| KeyRange { from, to });
        prop::collection::vec(range, 0..5)
    }

    proptest! {
        #[test]
        fn sets_of_ranges_hold_what_their_members_hold(
            a in arb_ranges(), b in arb_ranges(), key in prop::collection::vec(0_u8..3, 0..3),
        ) {
            let holds = |ranges: &[KeyRange]| ranges.iter().any(|range| range.contains(&key));
            let (a_united, b_united) = (union(a.clone()), union(b.clone()));
            prop_assert_eq!(holds(&a_united), holds(&a));
            for pair in a_united.windows(2) {
                prop_assert!(pair[0].to.as_ref().unwrap() < &pair[1].from);
            }
            let common = intersection(&a_united, &b_united);
            prop_assert_eq!(holds(&common), holds(&a) && holds(&b));
            prop_assert_eq!(union(common.clone()), common);
        }
    }

    #[test]
    fn a_prefix_covers_its_texts_and_no_others() {
        let range = KeyRange::starting_with("ab");
        let key = |text: &str| Canonical::Text(text.to_owned()).key();
        assert!(range.contains(&key("ab")) && range.contains(&key("ab\u{10FFFF}")));
        assert!(!range.contains(&key("ac")) && !range.contains(&key("a")));
        let long = "é".repeat(200);
        assert!(KeyRange::starting_with(&long).contains(&key(&format!("{long}x"))));
        assert_eq!(KeyRange::exactly(key("a")).exact(), Some(key("a").as_slice()));
        assert_eq!(range.exact(), None);
    }
}
