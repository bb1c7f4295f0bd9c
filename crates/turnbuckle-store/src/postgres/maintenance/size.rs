//! How many bytes the logs hold, and where they are cut if those are too many.
//!
//! A week that is dropped gives its files back; a row that is deleted only leaves
//! room in them, for rows to come. So a week counts with its files. Where rows are
//! deleted one by one, in the default partitions and in the oldest week, the rows
//! that are there count instead, measured on a sample and without their indexes;
//! the files may be larger by what was deleted from them.
//!
//! While the logs hold too much, the oldest week goes whole, as long as half of
//! what they may hold is left. If it would not be, or if the week is not over, its
//! oldest rows go, as many as are too many.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use turnbuckle_core::id::{UnixMs, first_row_key_at};

use crate::postgres::failure::Failure;
use crate::postgres::partitions::{self, Partition};

/// Of one partition, about as much is read to know the rows of all of it.
const SAMPLE_BYTES: f64 = (16 << 20) as f64;

/// A row key with the bytes that it stands for.
type Weighed = (i64, f64);

/// What all logs hold of one week.
#[derive(Debug, Clone, Copy)]
struct Week {
    /// The first row key that is not of it.
    end: i64,
    bytes: f64,
}

/// The row key at which to cut: what is below it goes.
pub async fn find_cut(
    db: &impl GenericClient,
    bytes_max: u64,
    now: UnixMs,
) -> Result<i64, Failure> {
    let partitions = partitions::list(db).await?;
    if partitions.iter().map(|partition| partition.bytes).sum::<u64>() <= bytes_max {
        return Ok(0);
    }
    let bytes_max = bytes_max as f64;
    let mut rows = weigh_rows(db, &partitions, None).await?;
    let weeks = sum_up(&partitions);
    let dropped = count_dropped(&weeks, &rows, bytes_max, first_row_key_at(now));
    let cut = weeks[..dropped].last().map_or(0, |week| week.end);
    rows.retain(|(key, _)| cut <= *key);
    let Some((oldest, younger)) = weeks[dropped..].split_first() else { return Ok(cut) };
    rows.extend(weigh_rows(db, &partitions, Some(oldest.end)).await?);
    let held = bytes_of(younger) + weight_of(&rows);
    // The oldest week is not among those that go whole.
    Ok(cut.max(cut_off(rows, held - bytes_max).min(oldest.end - 1)))
}

/// The weeks, oldest first.
fn sum_up(partitions: &[Partition]) -> Vec<Week> {
    let mut weeks: BTreeMap<i64, f64> = BTreeMap::new();
    for Partition { keys, bytes, .. } in partitions {
        if let Some(keys) = keys {
            *weeks.entry(keys.end).or_default() += *bytes as f64;
        }
    }
    weeks.into_iter().map(|(end, bytes)| Week { end, bytes }).collect()
}

fn bytes_of(weeks: &[Week]) -> f64 {
    weeks.iter().map(|week| week.bytes).sum()
}

fn weight_of<'a>(rows: impl IntoIterator<Item = &'a Weighed>) -> f64 {
    rows.into_iter().map(|(_, bytes)| bytes).sum()
}

/// How many weeks go whole. `rest` are the rows that the logs hold besides.
fn count_dropped(weeks: &[Week], rest: &[Weighed], bytes_max: f64, now: i64) -> usize {
    let mut held = bytes_of(weeks) + weight_of(rest);
    let goes = |(place, week): &(usize, &Week)| {
        let rest_left = rest.iter().filter(|(key, _)| week.end <= *key);
        let left = bytes_of(&weeks[place + 1..]) + weight_of(rest_left);
        let goes = bytes_max < held && bytes_max / 2.0 <= left && week.end <= now;
        held = left;
        goes
    };
    weeks.iter().enumerate().take_while(goes).count()
}

/// The key below which there are as many bytes of rows as are too many.
fn cut_off(mut rows: Vec<Weighed>, too_many: f64) -> i64 {
    if too_many <= 0.0 {
        return 0;
    }
    rows.sort_unstable_by_key(|(key, _)| *key);
    let mut below = 0.0;
    for (key, bytes) in &rows {
        if too_many <= below {
            return *key;
        }
        below += bytes;
    }
    rows.last().map_or(0, |(key, _)| key + 1)
}

/// A sample of the rows of the partitions that end at a key, the default ones if at
/// none. They stand for all rows.
async fn weigh_rows(
    db: &impl GenericClient,
    partitions: &[Partition],
    end: Option<i64>,
) -> Result<Vec<Weighed>, Failure> {
    let mut weighed = Vec::new();
    for Partition { log, table, keys, bytes } in partitions {
        if keys.as_ref().map(|keys| keys.end) != end {
            continue;
        }
        let share = (SAMPLE_BYTES / *bytes as f64).min(1.0);
        let sample = format!(
            "SELECT {}, pg_column_size(it.*) FROM {table} AS it TABLESAMPLE SYSTEM ({})",
            log.key(),
            share * 100.0
        );
        let rows = match db.query(sample.as_str(), &[]).await {
            // By another process.
            Err(error) if partitions::is_gone(&error) => continue,
            rows => rows?,
        };
        let weigh = |row: &Row| (row.get(0), f64::from(row.get::<_, i32>(1)) / share);
        weighed.extend(rows.iter().map(weigh));
    }
    Ok(weighed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the fourth week.
    const NOW: i64 = 35;

    #[track_caller]
    fn check_dropped(bytes: &[f64], rest: &[Weighed], bytes_max: f64, expected: usize) {
        let weeks: Vec<_> =
            (1..).zip(bytes).map(|(week, bytes)| Week { end: week * 10, bytes: *bytes }).collect();
        assert_eq!(count_dropped(&weeks, rest, bytes_max, NOW), expected);
    }

    #[test]
    fn oldest_weeks_go_until_the_rest_fits() {
        check_dropped(&[5.0, 5.0, 5.0, 5.0], &[], 20.0, 0);
        check_dropped(&[5.0, 5.0, 5.0, 5.0], &[], 19.0, 1);
        check_dropped(&[5.0, 5.0, 5.0, 5.0], &[], 10.0, 2);
    }

    #[test]
    fn a_week_stays_if_less_than_half_of_what_may_stay_would_be_left() {
        check_dropped(&[5.0, 14.0, 4.0, 4.0], &[], 20.0, 1);
        check_dropped(&[5.0, 14.0, 4.0, 0.0], &[], 16.0, 1);
    }

    #[test]
    fn rows_of_no_week_go_with_the_weeks_of_their_time() {
        check_dropped(&[2.0, 2.0, 2.0, 2.0], &[(4, 15.0)], 20.0, 0);
        check_dropped(&[2.0, 2.0, 2.0, 2.0], &[(34, 15.0)], 20.0, 2);
    }

    #[test]
    fn the_week_around_now_stays() {
        check_dropped(&[0.0, 0.0, 0.0, 50.0, 9.0], &[], 10.0, 3);
    }

    #[test]
    fn as_much_is_cut_off_as_is_too_much() {
        let rows = || vec![(30, 2.0), (10, 2.0), (20, 2.0)];
        assert_eq!(cut_off(rows(), -1.0), 0);
        assert_eq!(cut_off(rows(), 0.0), 0);
        assert_eq!(cut_off(rows(), 3.0), 30);
        assert_eq!(cut_off(rows(), 4.0), 30);
        assert_eq!(cut_off(rows(), 9.0), 31);
        assert_eq!(cut_off(Vec::new(), 9.0), 0);
    }
}
