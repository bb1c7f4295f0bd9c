//! Identifiers.
//!
//! Those that we make are UUIDv7 behind a prefix that says what they name
//! (`in_…`, `dlv_…`), so that a pasted one is recognisable and a wrong one does
//! not compile. They are minted before anything is stored.
//!
//! The first 63 bits that carry time and sequence are also the row key of the
//! embedded store ([`Stamp::row_key`]): a row is found by its id without an
//! index on the id, and rows of one table lie in the order of their time. The
//! other bits are random and are compared on every look-up, so an id cannot be
//! guessed from its neighbour.
//!
//! Those that the app chooses (connection, context, object) are checked for
//! length and characters only.

use std::fmt;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Milliseconds since the Unix epoch, in UTC.
pub type UnixMs = i64;

/// Bits of a row key that count within one millisecond.
const SEQUENCE_BITS: u32 = 20;
/// Row keys hold 43 bits of milliseconds: enough until the year 2248.
const MILLIS_MAX: u64 = (1 << (63 - SEQUENCE_BITS)) - 1;

/// A UUIDv7 whose bits after the time are a sequence, then chance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(Uuid);

impl Stamp {
    fn new(millis: u64, sequence: u32, random: u64) -> Self {
        let sequence = u64::from(sequence);
        let high = (millis << 16) | 0x7000 | (sequence >> 8);
        let low = (0b10 << 62) | ((sequence & 0xff) << 54) | (random & ((1 << 54) - 1));
        Self(Uuid::from_u64_pair(high, low))
    }

    /// Accepts any UUIDv7 whose time fits a row key.
    pub fn from_uuid(uuid: Uuid) -> Option<Self> {
        let (high, low) = uuid.as_u64_pair();
        let is_v7 = (high >> 12) & 0xf == 7 && low >> 62 == 0b10;
        (is_v7 && high >> 16 <= MILLIS_MAX).then_some(Self(uuid))
    }

    /// Puts an id together again from the two integers that a row keeps.
    pub fn from_row(row_key: i64, tail: i64) -> Self {
        let key = row_key as u64;
        Self::new(key >> SEQUENCE_BITS, (key & ((1 << SEQUENCE_BITS) - 1)) as u32, tail as u64)
    }

    /// Position of the id in time: positive, ascending, unique per minter.
    pub fn row_key(self) -> i64 {
        let (high, low) = self.0.as_u64_pair();
        let millis = high >> 16;
        let sequence = ((high & 0xfff) << 8) | ((low >> 54) & 0xff);
        ((millis << SEQUENCE_BITS) | sequence) as i64
    }

    /// The 54 random bits that the row key leaves out.
    pub fn tail(self) -> i64 {
        (self.0.as_u64_pair().1 & ((1 << 54) - 1)) as i64
    }

    /// When the id was minted.
    pub fn millis(self) -> UnixMs {
        (self.0.as_u64_pair().0 >> 16) as UnixMs
    }

    pub fn uuid(self) -> Uuid {
        self.0
    }
}

/// The smallest row key an id minted at `at` can have: the border of a time range.
pub fn first_row_key_at(at: UnixMs) -> i64 {
    (at.clamp(0, MILLIS_MAX as i64)) << SEQUENCE_BITS
}

/// When a row with this key was made.
pub fn millis_of_row_key(row_key: i64) -> UnixMs {
    row_key >> SEQUENCE_BITS
}

/// Low bits of the sequence that tell processes apart which share a database.
const PROCESS_BITS: u32 = 8;

/// Hands out stamps whose row keys only ever rise, also when the clock falls
/// back and when more are asked for in one millisecond than it can count (a
/// million, or four thousand where several processes mint).
#[derive(Debug, Default)]
pub struct Minter {
    last: Mutex<i64>,
    /// Bits that hold `process` in every row key.
    process_bits: u32,
    process: i64,
}

impl Minter {
    /// Starts after `last_row_key`, the highest one stored so far (0 if none).
    pub fn after(last_row_key: i64) -> Self {
        Self { last: Mutex::new(last_row_key), process_bits: 0, process: 0 }
    }

    /// Mints other row keys than the 255 processes that were numbered before and
    /// after this one.
    pub fn of_process(number: u64) -> Self {
        let process = (number & ((1 << PROCESS_BITS) - 1)) as i64;
        Self { last: Mutex::new(0), process_bits: PROCESS_BITS, process }
    }

    /// Mints at `now`; `random` fills the bits that must not be guessed.
    pub fn mint(&self, now: UnixMs, random: u64) -> Stamp {
        self.mint_after(0, now, random)
    }

    /// Mints one whose row key is above `floor` too.
    pub fn mint_after(&self, floor: i64, now: UnixMs, random: u64) -> Stamp {
        let mut last = self.last.lock().expect("no code panics while it holds the minter");
        let count = |row_key: i64| row_key >> self.process_bits;
        let next = (count(floor.max(*last)) + 1).max(count(first_row_key_at(now)));
        *last = (next << self.process_bits) | self.process;
        Stamp::from_row(*last, random as i64)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_simple().fmt(f)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("expected an id as the hub gives it: `{prefix}` and 32 hexadecimal digits")]
    Prefix { prefix: &'static str },
    #[error(
        "`{name}` must be 1 to {max} characters out of letters, digits and `{signs}`, and neither `.` nor `..`"
    )]
    Name { name: &'static str, max: usize, signs: &'static str },
}

/// Defines one kind of id. The prefix makes an id recognisable in a log line;
/// the type makes it impossible to pass the wrong one.
macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Stamp);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// Accepts the prefix followed by the 32 hexadecimal digits of a UUIDv7.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(Self::PREFIX)
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .and_then(Stamp::from_uuid)
                    .map(Self)
                    .ok_or(IdError::Prefix { prefix: Self::PREFIX })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id_type!(
    /// A URL with a key at which others post webhooks.
    SourceId "src_"
    /// One key of a source.
    SourceKeyId "skey_"
    /// One webhook received.
    InboundEventId "in_"
    /// JavaScript of a user's, with its versions.
    FunctionId "fn_"
    /// One key by which functions are called.
    FunctionKeyId "fkey_"
    /// One call of a function.
    FunctionCallId "call_"
    /// One run over inbound events that are processed again.
    ReplayId "rpl_"
    /// One create, update or delete of a record in a CRM.
    ChangeId "chg_"
    /// The app's wish to hear of changes.
    SubscriptionId "sub_"
    /// A URL that receives messages.
    EndpointId "ep_"
    /// One message on its way to one endpoint. Also its `webhook-id`.
    DeliveryId "dlv_"
    /// One run that sends a range of deliveries again.
    RecoveryId "rec_"
    /// One API key set.
    KeyId "key_"
    /// Somebody who signs in to the console.
    UserId "usr_"
);

/// The number of a workspace inside the store. Its public name is a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkspaceId(pub i64);

impl fmt::Display for WorkspaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a connection inside the store, never given twice. Whatever is
/// stored for a connection, or bound to it, is so by this: its name may come
/// back, for another context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionNo(pub i64);

/// Longest id that an app may choose, in characters.
pub const CHOSEN_ID_CHARS_MAX: usize = 200;

/// Checks an id chosen by the app: 1 to 200 characters, letters, digits and
/// `-_.~@:|`, so that it stands in a URL path as it is.
pub fn check_chosen_id(name: &'static str, text: &str) -> Result<(), IdError> {
    check_name(name, text, CHOSEN_ID_CHARS_MAX, "-_.~@:|")
}

/// Checks a slug of an object, field or event: 1 to 100 characters, letters, digits, `-_.`.
pub fn check_slug(name: &'static str, text: &str) -> Result<(), IdError> {
    check_name(name, text, 100, "-_.")
}

/// Checks an entity or column code: 1 to 100 letters, digits and `_`.
pub fn check_code(name: &'static str, text: &str) -> Result<(), IdError> {
    check_name(name, text, 100, "_")
}

fn check_name(
    name: &'static str,
    text: &str,
    max: usize,
    signs: &'static str,
) -> Result<(), IdError> {
    let fits = (1..=max).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
        // A URL path leaves these out.
        && !matches!(text, "." | "..");
    if fits { Ok(()) } else { Err(IdError::Name { name, max, signs }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_stamp_is_put_together_again_from_its_row(at in 0..4_000_000_000_000i64, random: u64) {
            let stamp = Minter::default().mint(at, random);
            prop_assert_eq!(Stamp::from_row(stamp.row_key(), stamp.tail()), stamp);
            prop_assert_eq!(Stamp::from_uuid(stamp.uuid()), Some(stamp));
            prop_assert_eq!(stamp.millis(), at);
            prop_assert_eq!(millis_of_row_key(stamp.row_key()), at);
            let id = DeliveryId(stamp);
            prop_assert_eq!(DeliveryId::parse(&id.to_string()), Ok(id));
        }
    }

    #[test]
    fn stamps_rise_when_the_clock_falls_back() {
        let minter = Minter::default();
        let first = minter.mint(1_000, 9);
        let second = minter.mint(10, 1);
        assert!(first.row_key() < second.row_key() && first.uuid() < second.uuid());
    }

    #[test]
    fn processes_that_share_a_database_mint_other_keys() {
        let minters = [7, 8, 7 + 255].map(Minter::of_process);
        let mut keys: Vec<_> =
            (0..3 * 5_000).map(|number| minters[number % 3].mint(1_000, 0).row_key()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 3 * 5_000);
    }

    proptest! {
        #[test]
        fn a_stamp_is_above_what_it_must_follow(floor in 0..i64::MAX >> 1, process: u64) {
            let minter = Minter::of_process(process);
            prop_assert!(minter.mint_after(floor, 1_000, 0).row_key() > floor);
            prop_assert!(minter.mint(1_000, 0).row_key() > floor);
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = SourceId(Minter::default().mint(1, 1)).to_string();
        assert!(EndpointId::parse(&id).is_err());
        assert!(SourceId::parse("src_").is_err());
        assert!(SourceId::parse("src_00000000000000000000000000000000").is_err());
    }
}
