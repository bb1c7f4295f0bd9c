//! Dates and times as senders write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::whole_microseconds;

/// Numbers from here on are milliseconds: as seconds they are beyond the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// What a text says about time.
pub(super) enum Said {
    Day(Date),
    /// A day and a time without an offset.
    Local(DateTime),
    Instant(Timestamp),
    /// An instant on the last two days of year 9999, of which only the day as it
    /// is written can be kept: not every zone could show it.
    Beyond(Date),
}

impl Said {
    /// The day, seen from `zone` where an instant is said.
    pub(super) fn day(&self, zone: &TimeZone) -> Date {
        match self {
            Self::Day(day) | Self::Beyond(day) => *day,
            Self::Local(local) => local.date(),
            Self::Instant(instant) => zone.to_datetime(*instant).date(),
        }
    }

    /// The instant; a day is its midnight in `zone`. A time that `zone` skips or
    /// repeats is read with the offset before the change.
    pub(super) fn instant(&self, zone: &TimeZone) -> Option<Timestamp> {
        let instant = match self {
            Self::Day(day) => zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?,
            Self::Local(local) => zone.to_timestamp(*local).ok()?,
            Self::Instant(instant) => *instant,
            Self::Beyond(_) => return None,
        };
        whole_microseconds(instant)
    }
}

/// Reads a day, alone or followed by a time and an offset.
pub(super) fn parse(text: &str) -> Option<Said> {
    let (day, rest) = day(text)?;
    if rest.is_empty() {
        return Some(Said::Day(day));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let (time, rest) = time(rest)?;
    let local = day.to_datetime(time);
    match rest.trim_start() {
        "" => Some(Said::Local(local)),
        offset_text => match offset(offset_text)?.to_timestamp(local) {
            Ok(instant) => Some(Said::Instant(instant)),
            Err(_) => Some(Said::Beyond(day)),
        },
    }
}

/// Reads epoch seconds, or milliseconds where that cannot be meant.
pub(super) fn from_epoch(number: Decimal) -> Option<Said> {
    let units_per_number = match number.abs() < Decimal::from(MILLISECONDS_FROM) {
        true => 1_000_000,
        false => 1_000,
    };
    let microseconds = number.checked_mul(Decimal::from(units_per_number))?.floor().to_i64()?;
    Timestamp::from_microsecond(microseconds).ok().and_then(whole_microseconds).map(Said::Instant)
}

/// `2026-02-28`, `28.02.2026` or `02/28/2026`.
fn day(text: &str) -> Option<(Date, &str)> {
    let (first, rest) = digits::<i16>(text, 1, 4)?;
    let separator = rest.chars().next()?;
    let first_length = text.len() - rest.len();
    let (year, month, day, rest) = match separator {
        '-' if first_length == 4 => {
            let (month, rest) = digits::<i8>(&rest[1..], 2, 2)?;
            let (day, rest) = digits::<i8>(rest.strip_prefix('-')?, 2, 2)?;
            (first, month, day, rest)
        }
        '.' | '/' => {
            let (second, rest) = digits::<i8>(&rest[1..], 1, 2)?;
            let (year, rest) = digits::<i16>(rest.strip_prefix(separator)?, 4, 4)?;
            let first = i8::try_from(first).ok()?;
            let (month, day) = if separator == '.' { (second, first) } else { (first, second) };
            (year, month, day, rest)
        }
        _ => return None,
    };
    // There is no year 0 in the calendars of databases.
    Some((Date::new(year, month, day).ok().filter(|_| year > 0)?, rest))
}

/// `9:30`, `09:30:00`, `09:30:00.5`, each also with AM or PM.
fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = digits::<i8>(text, 1, 2)?;
    let (minute, mut rest) = digits::<i8>(rest.strip_prefix(':')?, 2, 2)?;
    let (mut second, mut nanosecond) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits::<i8>(after, 2, 2)?;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            (nanosecond, rest) = fraction(after)?;
        }
    }
    // A leap second has no instant of its own in Unix time.
    let second = if second == 60 { 59 } else { second };

    let half = rest.trim_start();
    let (hour, rest) = match half.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("am" | "pm") if !(1..=12).contains(&hour) => return None,
        Some("am") => (hour % 12, &half[2..]),
        Some("pm") => (hour % 12 + 12, &half[2..]),
        _ => (hour, rest),
    };
    Some((Time::new(hour, minute, second, nanosecond).ok()?, rest))
}

/// `Z`, `UTC`, `+02:00`, `-0130`, `+02`, to the end of the text.
fn offset(text: &str) -> Option<Offset> {
    if ["z", "utc", "gmt"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Some(Offset::UTC);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits::<i32>(&text[1..], 2, 2)?;
    let (minutes, rest) = match rest {
        "" => (0, ""),
        _ => digits::<i32>(rest.strip_prefix(':').unwrap_or(rest), 2, 2)?,
    };
    if !rest.is_empty() || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// The number that `text` starts with, of as many digits as follow, `min` to `max`.
fn digits<T: std::str::FromStr>(text: &str, min: usize, max: usize) -> Option<(T, &str)> {
    let count = text.bytes().take(max).take_while(u8::is_ascii_digit).count();
    if count < min {
        return None;
    }
    let (number, rest) = text.split_at(count);
    Some((number.parse().ok()?, rest))
}

/// Nanoseconds of the fraction that `text` starts with; finer digits are dropped.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(count);
    if digits.is_empty() {
        return None;
    }
    let nanoseconds = format!("{digits:0<9}")[..9].parse().ok()?;
    Some((nanoseconds, rest))
}
