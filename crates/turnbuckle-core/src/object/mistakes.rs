//! Reading a document while keeping every mistake in it, so that its author
//! mends them all at once.

use serde_json::{Map, Value as Json};

use crate::entity::{did_you_mean, nearest};
use crate::id;
use crate::invalid::{Invalid, pointer};

/// What was found wrong so far. Paths are JSON pointers into the document.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<Invalid>);

/// One member of a map whose keys its author chooses.
pub(crate) struct Entry<'a> {
    pub name: &'a str,
    pub path: String,
    pub value: &'a Json,
}

impl Mistakes {
    pub(crate) fn add(&mut self, path: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Invalid::new(path, detail));
    }

    /// Takes over what another reader found in the document at `path`.
    pub(crate) fn take<T>(&mut self, path: &str, read: Result<T, Vec<Invalid>>) -> Option<T> {
        read.map_err(|wrong| self.0.extend(wrong.into_iter().map(|invalid| invalid.under(path))))
            .ok()
    }

    /// The members of the value at `path`, which must be an object.
    pub(crate) fn members<'a>(
        &mut self,
        path: &str,
        value: &'a Json,
    ) -> Option<&'a Map<String, Json>> {
        if !value.is_object() {
            self.add(path, "must be a JSON object");
        }
        value.as_object()
    }

    /// Names every member that is not `known`; answers whether there was none.
    pub(crate) fn refuse_unknown(
        &mut self,
        path: &str,
        members: &Map<String, Json>,
        known: &[&str],
    ) -> bool {
        let before = self.0.len();
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let meant = did_you_mean(&nearest(name, known.iter().copied()));
            self.add(pointer(path, name), format!("`{name}` is not known here{meant}"));
        }
        self.0.len() == before
    }

    /// A text of 1 to `chars_max` characters that may be left out or null.
    pub(crate) fn text(
        &mut self,
        path: &str,
        members: &Map<String, Json>,
        name: &str,
        chars_max: usize,
    ) -> Option<String> {
        let value = members.get(name).filter(|value| !value.is_null())?;
        match value.as_str().filter(|text| text.chars().count() <= chars_max) {
            Some(text) => Some(text.to_owned()),
            None => {
                self.add(
                    pointer(path, name),
                    format!("`{name}` must be a text of at most {chars_max} characters"),
                );
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(
        &mut self,
        path: &str,
        members: &Map<String, Json>,
        name: &str,
    ) -> Option<String> {
        let text = members.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        if text.is_none() {
            self.add(pointer(path, name), format!("`{name}` must be a text and may not be empty"));
        }
        text.map(str::to_owned)
    }

    /// A text out of a closed list that must be there.
    pub(crate) fn choice<T: std::str::FromStr>(
        &mut self,
        path: &str,
        members: &Map<String, Json>,
        name: &str,
        choices: &[&str],
    ) -> Option<T> {
        let given = members.get(name);
        let chosen = given.and_then(Json::as_str).and_then(|text| text.parse().ok());
        if chosen.is_none() {
            let meant = given.and_then(Json::as_str);
            let meant = meant.and_then(|text| nearest(text, choices.iter().copied()));
            let list = choices.join("`, `");
            let detail = format!("`{name}` must be one of `{list}`{}", did_you_mean(&meant));
            self.add(pointer(path, name), detail);
        }
        chosen
    }

    /// The members of `members.<name>`, whose keys are slugs of `what`; none if
    /// it is left out or null. At most `count_max` are admitted.
    pub(crate) fn slugs<'a>(
        &mut self,
        path: &str,
        members: &'a Map<String, Json>,
        name: &str,
        what: &'static str,
        count_max: usize,
    ) -> Vec<Entry<'a>> {
        let Some(value) = members.get(name).filter(|value| !value.is_null()) else {
            return Vec::new();
        };
        self.slugs_of(&pointer(path, name), value, what, count_max)
    }

    /// The same for the value at `path` itself.
    pub(crate) fn slugs_of<'a>(
        &mut self,
        path: &str,
        value: &'a Json,
        what: &'static str,
        count_max: usize,
    ) -> Vec<Entry<'a>> {
        let Some(members) = self.members(path, value) else { return Vec::new() };
        if count_max < members.len() {
            self.add(path, format!("has {} members; at most {count_max}", members.len()));
            return Vec::new();
        }
        let mut entries = Vec::with_capacity(members.len());
        for (slug, value) in members {
            let path = pointer(path, slug);
            match id::check_slug(what, slug) {
                Ok(()) => entries.push(Entry { name: slug, path, value }),
                Err(error) => self.add(path, error.to_string()),
            }
        }
        entries
    }

    /// `value`, if nothing was wrong.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, Vec<Invalid>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}
