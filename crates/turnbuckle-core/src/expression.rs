//! Expressions: JavaScript that users write where a value is wanted.
//!
//! Here they are texts at their places. Whoever plans or renders has them evaluated
//! before (`turnbuckle-functions`), and hands over what they came to in the order
//! in which they were listed: so planning and rendering stay pure.
//!
//! | where | what an expression can name |
//! |---|---|
//! | a field of a mapping | `record`: the columns of the record, and its `id` |
//! | a column that an event writes | `payload`: the members that the app sent |
//! | a column of a source, its `when` | `body`, `headers`, `query`, `files`, `received_at`, and with `each` also `item` and `index` |

use std::fmt;

use serde_json::Value as Json;

/// Longest expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 10_000;

/// What expressions of each kind can name.
pub const NAMES_OF_RECORD: &[&str] = &["record"];
pub const NAMES_OF_PAYLOAD: &[&str] = &["payload"];
pub const NAMES_OF_EVENT: &[&str] =
    &["body", "headers", "query", "files", "received_at", "item", "index"];

/// What a user wrote. Whether it is an expression is seen when it is read in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression(String);

/// An expression and where it stands in its document, as a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub path: String,
    pub expression: Expression,
}

/// What an expression came to: nothing where it is `undefined`, or why it has no value.
pub type Computed = Result<Option<Json>, String>;

impl Expression {
    /// # Errors
    /// How to write it, in one sentence.
    pub fn parse(document: &Json) -> Result<Self, String> {
        match document.as_str() {
            Some(text) if text.trim().is_empty() => Err("an expression is not empty".to_owned()),
            Some(text) if text.len() <= EXPRESSION_BYTES_MAX => Ok(Self(text.to_owned())),
            Some(_) => Err(format!("an expression is at most {EXPRESSION_BYTES_MAX} bytes long")),
            None => Err("an expression is a text of JavaScript".to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether JavaScript takes what an expression came to for true.
pub fn is_true(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null) => false,
        Some(Json::Bool(it)) => *it,
        Some(Json::Number(it)) => it.as_f64().is_none_or(|it| it != 0.0),
        Some(Json::String(it)) => !it.is_empty(),
        Some(Json::Array(_) | Json::Object(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn truth_is_that_of_javascript() {
        for value in [json!(null), json!(false), json!(0), json!(-0.0), json!("")] {
            assert!(!is_true(Some(&value)), "{value}");
        }
        for value in [json!(true), json!(-1), json!(0.1), json!("0"), json!([]), json!({})] {
            assert!(is_true(Some(&value)), "{value}");
        }
        assert!(!is_true(None));
    }

    #[test]
    fn only_a_text_of_some_length_is_an_expression() {
        assert_eq!(Expression::parse(&json!("1 + 1")).unwrap().as_str(), "1 + 1");
        let long = json!("1".repeat(EXPRESSION_BYTES_MAX + 1));
        for wrong in [json!(" \n"), json!(""), json!(1), json!(null), json!({}), long] {
            assert!(Expression::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
