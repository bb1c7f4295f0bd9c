//! The table: what was measured, beside what should be reached.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::ledger::Balance;
use crate::machine::Machine;
use crate::place::Engine;
use crate::statistics::median;

const BEGIN: &str = "<!-- figures: begin, written by `make bench` -->";
const END: &str = "<!-- figures: end -->";

/// All figures of one run of the program.
pub struct Report {
    machine: Machine,
    day: jiff::civil::Date,
    /// What the bare server reached, once it was measured.
    bare: Option<Bare>,
    rows: Vec<Row>,
    /// Whose figures are added now.
    engine: Engine,
    ledgers: Vec<String>,
    /// Measures that failed, ledgers that do not balance.
    pub failures: Vec<String>,
}

/// One line of the table.
pub struct Row {
    what: String,
    /// One value per run, on the embedded store or where there is none.
    values: Vec<f64>,
    /// The same on PostgreSQL; empty where it was not measured.
    on_postgres: Vec<f64>,
    unit: Unit,
    goal: Goal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    PerSecond,
    Milliseconds,
    Megabytes,
    /// A figure over another of its kind.
    Times,
}

/// What the bare server reached: what other figures are compared with, since
/// that comparison holds on a slower machine too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bare {
    /// Answers in a second.
    pub per_second: f64,
    /// Of all cores, for one request with its answer: generator and server.
    pub cpu_ms: f64,
}

/// What should be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
    /// Of a rate: at least this share of what the bare server answers. Of a
    /// time: at most so many times what it takes of the processors.
    pub of_bare: Option<f64>,
}

impl Goal {
    pub const NONE: Self = Self { at_least: None, at_most: None, of_bare: None };

    pub const fn at_least(value: f64) -> Self {
        Self { at_least: Some(value), ..Self::NONE }
    }

    pub const fn at_most(value: f64) -> Self {
        Self { at_most: Some(value), ..Self::NONE }
    }

    pub const fn of_bare(share: f64) -> Self {
        Self { of_bare: Some(share), ..Self::NONE }
    }

    /// By what factor `value` misses the goal as a figure; 1 or less where it is met.
    fn missed_by(self, value: f64) -> Option<f64> {
        let least = self.at_least.map(|goal| goal / value);
        let most = self.at_most.map(|goal| value / goal);
        [least, most].into_iter().flatten().reduce(f64::max)
    }

    /// By what factor it misses the goal beside the bare server.
    fn missed_beside(self, ratio: Option<f64>, unit: Unit) -> Option<f64> {
        let (goal, ratio) = self.of_bare.zip(ratio)?;
        Some(if unit == Unit::PerSecond { goal / ratio } else { ratio / goal })
    }
}

impl Report {
    pub fn new() -> Self {
        let machine = Machine::look();
        if machine.is_busy() {
            eprintln!("warning: this machine is busy with other work ({machine})");
        }
        Self {
            machine,
            day: jiff::Zoned::now().date(),
            bare: None,
            rows: Vec::new(),
            engine: Engine::Embedded,
            ledgers: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Adds the ceiling, which ratios refer to.
    pub fn ceiling(&mut self, what: &str, per_second: Vec<f64>) {
        let median = median(per_second.clone());
        let cpu_ms = self.machine.cores as f64 * 1_000.0 / median;
        self.bare = Some(Bare { per_second: median, cpu_ms });
        self.add(what, Unit::PerSecond, Goal::NONE, per_second);
    }

    /// Figures that are added from now on are of this store.
    pub fn of(&mut self, engine: Engine) {
        self.engine = engine;
    }

    /// Adds the figures of a line, one value per run, in the column of the store.
    pub fn add(&mut self, what: impl Into<String>, unit: Unit, goal: Goal, values: Vec<f64>) {
        let what = what.into();
        eprintln!("{what}: {}", unit.show_all(&values));
        let known = self.rows.iter().position(|row| row.what == what);
        let index = known.unwrap_or_else(|| {
            self.rows.push(Row { what, values: Vec::new(), on_postgres: Vec::new(), unit, goal });
            self.rows.len() - 1
        });
        match self.engine {
            Engine::Embedded => self.rows[index].values = values,
            Engine::Postgres => self.rows[index].on_postgres = values,
        }
    }

    /// Adds times that only one of the stores has.
    pub fn add_if_any(&mut self, what: &str, values: Vec<f64>) {
        if !values.is_empty() {
            self.add(what, Unit::Milliseconds, Goal::NONE, values);
        }
    }

    /// Closes a run's account.
    pub fn balance(&mut self, what: &str, balance: Balance) {
        let on = if self.engine == Engine::Postgres { " on PostgreSQL" } else { "" };
        let line = format!("{what}{on}: {balance}");
        if !balance.is_even() {
            self.fail(format!("the ledger does not balance: {line}"));
        }
        self.ledgers.push(line);
    }

    /// Notes why figures are missing or cannot be believed.
    pub fn fail(&mut self, why: String) {
        eprintln!("error: {why}");
        self.failures.push(why);
    }

    /// Puts the report between the markers of a document, which must have them.
    pub fn write_into(&self, path: &Path) -> anyhow::Result<()> {
        let document =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let markers = || format!("{} has no markers `{BEGIN}` and `{END}`", path.display());
        let (before, rest) = document.split_once(BEGIN).with_context(markers)?;
        let (_, after) = rest.split_once(END).with_context(markers)?;
        fs::write(path, format!("{before}{BEGIN}\n\n{self}\n{END}{after}"))?;
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Taken on {} on {}.\n", self.day, self.machine)?;
        let cells: Vec<[String; 6]> = self.rows.iter().map(|row| row.cells(self.bare)).collect();
        let head =
            ["what", "embedded", "on PostgreSQL", "goal", "of bare axum", "met"].map(str::to_owned);
        let width = |column: usize| {
            let all = cells.iter().chain([&head]);
            all.map(|cells| cells[column].chars().count()).max().unwrap_or(0)
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        let mut line = |cells: &[String; 6]| {
            let padded: Vec<String> =
                cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "| {} |", padded.join(" | "))
        };
        line(&head)?;
        line(&widths.map(|width| "-".repeat(width)))?;
        cells.iter().try_for_each(line)?;
        writeln!(f, "\nLedgers:\n")?;
        self.ledgers.iter().try_for_each(|ledger| writeln!(f, "- {ledger}"))
    }
}

impl Row {
    fn cells(&self, bare: Option<Bare>) -> [String; 6] {
        let shown = self.unit.show_all(&self.values);
        let on_postgres = self.unit.show_all(&self.on_postgres);
        let what = self.what.clone();
        if self.values.is_empty() {
            return [what, shown, on_postgres, String::new(), String::new(), String::new()];
        }
        let value = median(self.values.clone());
        let ratio = bare.and_then(|bare| match self.unit {
            Unit::PerSecond => Some(value / bare.per_second),
            Unit::Milliseconds => self.goal.of_bare.map(|_| value / bare.cpu_ms),
            Unit::Megabytes | Unit::Times => None,
        });
        let verdict = |factor: f64| match factor <= 1.0 {
            true => "yes".to_owned(),
            false => format!("no, by {factor:.2} ×"),
        };
        let figure = self.goal.missed_by(value).map(verdict);
        let beside = self.goal.missed_beside(ratio, self.unit).map(verdict);
        let met = match (figure, beside) {
            (Some(figure), Some(beside)) => format!("{figure}; of bare {beside}"),
            (figure, beside) => figure.or(beside).unwrap_or_default(),
        };
        let ratio = ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default();
        [what, shown, on_postgres, self.goal_text(), ratio, met]
    }

    fn goal_text(&self) -> String {
        let least = self.goal.at_least.map(|it| format!("≥ {}", self.unit.show(it)));
        let most = self.goal.at_most.map(|it| format!("≤ {}", self.unit.show(it)));
        let sign = if self.unit == Unit::PerSecond { '≥' } else { '≤' };
        let of_bare = self.goal.of_bare.map(|it| format!("{sign} {it} × bare axum"));
        [least, most, of_bare].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Unit {
    /// The median, and the extremes where there are several runs.
    fn show_all(self, values: &[f64]) -> String {
        if values.is_empty() {
            return String::new();
        }
        let value = self.show(median(values.to_vec()));
        if values.len() < 2 {
            return value;
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("{value} ({} to {})", self.number(least), self.number(most))
    }

    fn show(self, value: f64) -> String {
        let number = self.number(value);
        match self {
            Self::PerSecond => format!("{number}/s"),
            Self::Milliseconds => format!("{number} ms"),
            Self::Megabytes => format!("{number} MB"),
            Self::Times => format!("{number} ×"),
        }
    }

    fn number(self, value: f64) -> String {
        match self {
            Self::PerSecond => with_thousands(value),
            Self::Megabytes => format!("{value:.1}"),
            Self::Milliseconds if 10.0 <= value => format!("{value:.1}"),
            Self::Milliseconds if value < 0.1 => format!("{value:.3}"),
            Self::Milliseconds | Self::Times => format!("{value:.2}"),
        }
    }
}

/// `41,532`.
pub fn with_thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let grouped: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    grouped.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_missed_by_its_worst_part() {
        let check = |goal: Goal, unit, value, expect: [&str; 2]| {
            let (what, on_postgres) = (String::new(), Vec::new());
            let row = Row { what, values: vec![value], on_postgres, unit, goal };
            let bare = Bare { per_second: 400.0, cpu_ms: 5.0 };
            let [_, _, _, _, ratio, met] = row.cells(Some(bare));
            assert_eq!([ratio.as_str(), met.as_str()], expect, "{goal:?}");
        };
        let (rate, time) = (Unit::PerSecond, Unit::Milliseconds);
        check(Goal::NONE, rate, 200.0, ["0.50 ×", ""]);
        check(Goal::at_least(300.0), rate, 200.0, ["0.50 ×", "no, by 1.50 ×"]);
        check(Goal::at_most(10.0), time, 5.0, ["", "yes"]);
        check(Goal::of_bare(0.75), rate, 200.0, ["0.50 ×", "no, by 1.50 ×"]);
        let both = Goal { of_bare: Some(0.5), ..Goal::at_least(300.0) };
        check(both, rate, 200.0, ["0.50 ×", "no, by 1.50 ×; of bare yes"]);
        let both = Goal { of_bare: Some(4.0), ..Goal::at_most(10.0) };
        check(both, time, 30.0, ["6.00 ×", "no, by 3.00 ×; of bare no, by 1.50 ×"]);
    }

    #[test]
    fn figures_read_easily() {
        let check = |unit: Unit, value, expect: &str| assert_eq!(unit.show(value), expect);
        check(Unit::PerSecond, 41_532.4, "41,532/s");
        check(Unit::PerSecond, 999.6, "1,000/s");
        check(Unit::PerSecond, 12.0, "12/s");
        check(Unit::Milliseconds, 0.0312, "0.031 ms");
        check(Unit::Milliseconds, 1.234, "1.23 ms");
        check(Unit::Milliseconds, 25.0, "25.0 ms");
        check(Unit::Megabytes, 38.26, "38.3 MB");
        check(Unit::Times, 1.5, "1.50 ×");
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("benchmarks.md");
        let report = Report::new();
        fs::write(&path, "no markers").unwrap();
        assert!(report.write_into(&path).is_err());
        fs::write(&path, format!("before {BEGIN} old {END} after")).unwrap();
        report.write_into(&path).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.starts_with(&format!("before {BEGIN}\n\nTaken on ")));
        assert!(written.ends_with(&format!("{END} after")) && !written.contains("old"));
    }
}
