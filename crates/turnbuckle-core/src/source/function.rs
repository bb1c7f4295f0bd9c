//! The function that a source runs on what is posted to it.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::members::Members;
use crate::body::Body;
use crate::function::check_name;
use crate::invalid::Invalid;

/// Which function a source runs, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFunction {
    /// Its published version is called.
    pub name: String,
    pub runs: Runs,
    /// Whether a call is made again that ended because the hub did. What such a call wrote
    /// before it ended stays, so only functions should be that may be called twice.
    pub repeat_cut_off: bool,
}

/// What becomes of what a function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// It takes the place of the body, and records are made of it.
    Before,
    /// Nothing: the function is all that happens.
    Instead,
}

impl SourceFunction {
    /// # Errors
    /// What is wrong with the document, by member.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let name: Option<String> = members.required("name");
        if let Some(Err(must)) = name.as_deref().map(check_name) {
            members.refuse("name", format!("`name` {must}"));
        }
        let runs = members.required("runs");
        let repeat_cut_off = members.read("repeat_cut_off").unwrap_or_default();
        members.finish(Self {
            name: name.unwrap_or_default(),
            runs: runs.unwrap_or(Runs::Before),
            repeat_cut_off,
        })
    }

    /// The document that [`SourceFunction::parse`] reads.
    pub fn to_json(&self) -> Json {
        let Self { name, runs, repeat_cut_off } = self;
        json!({"name": name, "runs": runs, "repeat_cut_off": repeat_cut_off})
    }
}

/// The body that a function puts in the place of what was posted: what it returned, a text
/// being read as JSON. `None` where it returned nothing, so that no record is made.
///
/// # Errors
/// Why it cannot be a body, for the log.
pub fn returned_body(returned: &Json) -> Result<Option<Body>, String> {
    let value = match returned {
        Json::Null => return Ok(None),
        Json::String(text) if text.trim().is_empty() => return Ok(None),
        Json::String(text) => serde_json::from_str(text)
            .map_err(|error| format!("it returned a text that is not JSON: {error}"))?,
        other => other.clone(),
    };
    let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    Ok((!is_nothing).then_some(Body { value, files: Vec::new() }))
}
