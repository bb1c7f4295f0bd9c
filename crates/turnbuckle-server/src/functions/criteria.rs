//! Zoho's criteria: `((Email:equals:a@b.c)and(Name:starts_with:A))`, as a filter.
//!
//! A condition is column, operator and value in brackets; conditions and groups are
//! joined by `and`, which binds closer, and `or`. In a value a backslash takes what
//! follows it as it is; `in` and `between` take values that commas separate.

use serde_json::{Value as Json, json};
use turnbuckle_core::filter::{Arity, DEPTH_MAX, Op};

/// Longest criteria, in bytes.
const BYTES_MAX: usize = 16 * 1024;

const OPERATORS: [(&str, Op); 9] = [
    ("equals", Op::Eq),
    ("not_equal", Op::Ne),
    ("starts_with", Op::StartsWith),
    ("in", Op::In),
    ("between", Op::Between),
    ("greater_than", Op::Gt),
    ("less_than", Op::Lt),
    ("greater_equal", Op::Ge),
    ("less_equal", Op::Le),
];

/// The document of the filter that the criteria mean.
///
/// # Errors
/// A sentence that says what is wrong and at which character.
pub fn to_filter(criteria: &str) -> Result<Json, String> {
    if BYTES_MAX < criteria.len() {
        return Err(format!("criteria have at most {BYTES_MAX} bytes"));
    }
    let mut reader = Reader { text: criteria, at: 0 };
    let filter = reader.alternatives(1)?;
    reader.skip_space();
    if reader.at < criteria.len() { reader.wants("`and`, `or` or the end") } else { Ok(filter) }
}

struct Reader<'a> {
    text: &'a str,
    /// The byte that is read next.
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn wants<T>(&self, what: &str) -> Result<T, String> {
        let place = self.text[..self.at].chars().count() + 1;
        Err(format!("at character {place} of the criteria {what} is expected"))
    }

    /// Passes over a word or a sign, in whatever case.
    fn takes(&mut self, expected: &str) -> bool {
        self.skip_space();
        let found = self.rest().get(..expected.len());
        let is_there = found.is_some_and(|found| found.eq_ignore_ascii_case(expected));
        if is_there {
            self.at += expected.len();
        }
        is_there
    }

    fn alternatives(&mut self, depth: usize) -> Result<Json, String> {
        let mut filters = vec![self.conjunction(depth)?];
        while self.takes("or") {
            filters.push(self.conjunction(depth)?);
        }
        Ok(joined("any", filters))
    }

    fn conjunction(&mut self, depth: usize) -> Result<Json, String> {
        let mut filters = vec![self.bracketed(depth)?];
        while self.takes("and") {
            filters.push(self.bracketed(depth)?);
        }
        Ok(joined("all", filters))
    }

    /// A condition, or a group of them.
    fn bracketed(&mut self, depth: usize) -> Result<Json, String> {
        if DEPTH_MAX < depth {
            return Err(format!("brackets may lie {DEPTH_MAX} deep in each other"));
        }
        if !self.takes("(") {
            return self.wants("`(`");
        }
        self.skip_space();
        let inside = match self.rest().starts_with('(') {
            true => self.alternatives(depth + 1)?,
            false => self.condition()?,
        };
        if self.takes(")") { Ok(inside) } else { self.wants("`)`") }
    }

    fn condition(&mut self) -> Result<Json, String> {
        let column = self.part("the name of a column and `:`")?;
        let name_at = self.at;
        let name = self.part("an operator and `:`")?;
        let Some((_, op)) = OPERATORS.into_iter().find(|(known, _)| *known == name) else {
            self.at = name_at;
            let known = OPERATORS.map(|(known, _)| format!("`{known}`")).join(", ");
            return self.wants(&format!("one of {known}"));
        };
        let mut values = self.values(op.arity() != Arity::One);
        Ok(match op.arity() {
            Arity::One => json!({"column": column, "op": op.name(), "value": values.remove(0)}),
            _ => json!({"column": column, "op": op.name(), "values": values}),
        })
    }

    /// What stands before the next `:`.
    fn part(&mut self, what: &str) -> Result<String, String> {
        match self.rest().find([':', '(', ')']) {
            Some(length) if self.rest()[length..].starts_with(':') => {
                let part = self.rest()[..length].trim().to_owned();
                self.at += length + 1;
                Ok(part)
            }
            _ => self.wants(what),
        }
    }

    /// What stands before the bracket that closes; one value at least.
    fn values(&mut self, is_list: bool) -> Vec<String> {
        let mut values = vec![String::new()];
        let mut is_escaped = false;
        let mut length = 0;
        for (place, sign) in self.rest().char_indices() {
            let value = values.last_mut().expect("there is one from the start");
            match sign {
                _ if is_escaped => value.push(sign),
                '\\' => {}
                ')' => break,
                ',' if is_list => values.push(String::new()),
                _ => value.push(sign),
            }
            is_escaped = sign == '\\' && !is_escaped;
            length = place + sign.len_utf8();
        }
        self.at += length;
        values.into_iter().map(|value| value.trim().to_owned()).collect()
    }
}

fn joined(group: &str, mut filters: Vec<Json>) -> Json {
    if filters.len() == 1 { filters.remove(0) } else { json!({ group: filters }) }
}

#[cfg(test)]
mod tests {
    use turnbuckle_core::filter::Filter;

    use super::*;

    #[track_caller]
    fn check(criteria: &str, expected: Json) {
        let filter = to_filter(criteria).unwrap();
        assert_eq!(filter, expected, "{criteria}");
        Filter::parse(&filter).unwrap();
    }

    fn eq(column: &str, value: &str) -> Json {
        json!({"column": column, "op": "eq", "value": value})
    }

    #[test]
    fn criteria_are_filters() {
        check("(Email:equals:a@b.c)", eq("Email", "a@b.c"));
        check(" ( ( Email : equals : a b ) ) ", eq("Email", "a b"));
        check("(A:equals:1)and(B:equals:2)", json!({"all": [eq("A", "1"), eq("B", "2")]}));
        check(
            "(A:equals:1)or(B:equals:2)AND(C:equals:3)",
            json!({"any": [eq("A", "1"), {"all": [eq("B", "2"), eq("C", "3")]}]}),
        );
        check(
            "(((A:equals:1)or(B:equals:2))and(C:equals:3))",
            json!({"all": [{"any": [eq("A", "1"), eq("B", "2")]}, eq("C", "3")]}),
        );
    }

    #[test]
    fn every_operator_is_read() {
        for (name, op) in OPERATORS {
            let value = if op == Op::Between { "1,2" } else { "1" };
            let filter = to_filter(&format!("(A:{name}:{value})")).unwrap();
            assert_eq!(filter["op"], op.name());
            Filter::parse(&filter).unwrap();
        }
    }

    #[test]
    fn values_may_hold_anything() {
        let values = |op: &str, values: Json| json!({"column": "A", "op": op, "values": values});
        check("(A:in:x, y,z\\,1)", values("in", json!(["x", "y", "z,1"])));
        check(
            "(A:between:2024-01-01T00:00:00+05:30,2025-01-01)",
            values("between", json!(["2024-01-01T00:00:00+05:30", "2025-01-01"])),
        );
        check("(A:equals:1, \\(2\\) \\\\ é)", eq("A", "1, (2) \\ é"));
        check("(A:equals:)", eq("A", ""));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let deep = "(".repeat(DEPTH_MAX + 2);
        for (criteria, part) in [
            ("", "character 1 "),
            ("A:equals:1", "character 1 "),
            ("(é:like:1)", "character 4 of the criteria one of `equals`"),
            ("(A)", "character 2 "),
            ("(A:equals)", "character 4 "),
            ("(A:equals:1", "character 12 "),
            ("(A:equals:1\\)", "character 14 "),
            ("(A:equals:1)(B:equals:2)", "character 13 "),
            ("(A:equals:1)and", "character 16 "),
            ("((A:equals:1)and)", "character 17 "),
            (&deep, "20 deep"),
        ] {
            let mistake = to_filter(criteria).unwrap_err();
            assert!(mistake.contains(part), "{criteria}: {mistake}");
        }
        assert!(to_filter(&"(".repeat(BYTES_MAX + 1)).unwrap_err().contains("bytes"));
    }
}
