//! Functions as their users write them: scripts with what goes with them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::check_chosen_id;
use crate::invalid::{Invalid, pointer};

/// Longest name of a function, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest script, in bytes.
pub const SOURCE_BYTES_MAX: usize = 256 * 1024;
/// Most declared arguments.
pub const ARGUMENTS_MAX: usize = 50;

/// What the host gives to a function under this name is nothing that a caller can send.
pub const REQUEST_ARGUMENT: &str = "crmAPIRequest";

/// What holds for all versions of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FunctionSettings {
    /// Whether it has URLs.
    pub rest_api: bool,
    /// The connection that its calls to `zoho.crm` mean unless they name one.
    pub connection: Option<String>,
}

/// One version of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionCode {
    /// JavaScript that defines `handler`.
    pub source: String,
    /// Names of the arguments that callers may send.
    pub arguments: Vec<String>,
}

impl FunctionSettings {
    /// What can be judged without the store.
    pub fn check(&self) -> Vec<Invalid> {
        let named = self.connection.as_deref().map(|id| check_chosen_id("connection", id));
        match named {
            Some(Err(error)) => vec![Invalid::new("/connection", error.to_string())],
            Some(Ok(())) | None => Vec::new(),
        }
    }
}

impl FunctionCode {
    /// What can be judged without reading the script.
    pub fn check(&self) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        if self.source.is_empty() || SOURCE_BYTES_MAX < self.source.len() {
            let detail = format!("`source` must have 1 to {SOURCE_BYTES_MAX} bytes");
            invalid.push(Invalid::new("/source", detail));
        }
        if self.source.contains('\0') {
            invalid.push(Invalid::new("/source", "`source` must not contain the character NUL"));
        }
        if ARGUMENTS_MAX < self.arguments.len() {
            let detail = format!("declare at most {ARGUMENTS_MAX} arguments");
            invalid.push(Invalid::new("/arguments", detail));
        }
        for (place, name) in self.arguments.iter().enumerate() {
            let must = if !is_identifier(name) {
                "be a name such as `invoice_id`: letters, digits and `_`, no digit first"
            } else if name == REQUEST_ARGUMENT {
                "be another: it is the name of the whole request"
            } else if self.arguments[..place].contains(name) {
                "be there once"
            } else {
                continue;
            };
            let detail = format!("the argument `{name}` must {must}");
            invalid.push(Invalid::new(pointer("/arguments", place), detail));
        }
        invalid
    }
}

/// # Errors
/// What a name must be, as the end of a sentence that begins with it.
pub fn check_name(name: &str) -> Result<(), String> {
    if is_identifier(name) && name.len() <= NAME_CHARS_MAX {
        return Ok(());
    }
    Err(format!("must have 1 to {NAME_CHARS_MAX} letters, digits and `_`, no digit first"))
}

fn is_identifier(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// What of a key is kept to find it by.
pub fn function_key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word() {
        for name in ["f", "on_invoice", "_2", "onInvoice"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        for name in ["", "2f", "on-invoice", "a b", "é", "a.b", &long] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_code_is_named() {
        let check = |source: &str, arguments: &[&str], paths: &[&str]| {
            let arguments = arguments.iter().map(|name| (*name).to_owned()).collect();
            let invalid = FunctionCode { source: source.to_owned(), arguments }.check();
            let found: Vec<&str> = invalid.iter().map(|it| it.path.as_str()).collect();
            assert_eq!(found, paths);
        };
        check("x", &["id", "to"], &[]);
        check("", &[], &["/source"]);
        check("a\0", &[], &["/source"]);
        check(&"x".repeat(SOURCE_BYTES_MAX + 1), &[], &["/source"]);
        check(
            "x",
            &["id", "id", "1", "crmAPIRequest"],
            &["/arguments/1", "/arguments/2", "/arguments/3"],
        );
        check("x", &["a"; ARGUMENTS_MAX + 1][..1], &[]);
        let many: Vec<String> = (0..=ARGUMENTS_MAX).map(|number| format!("a{number}")).collect();
        check("x", &many.iter().map(String::as_str).collect::<Vec<_>>(), &["/arguments"]);
    }
}
