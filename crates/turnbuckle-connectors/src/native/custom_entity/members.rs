//! Reads the members of one JSON object and notes what is wrong with them.

use serde_json::{Map, Value as Json};
use turnbuckle_core::entity::{did_you_mean, nearest};
use turnbuckle_core::invalid::{Invalid, pointer};
use turnbuckle_core::text::check_line;

use super::LABEL_CHARS_MAX;

/// The members of an object at `path`. A member that is null counts as left out.
pub struct Members<'a, 'w> {
    members: &'a Map<String, Json>,
    path: String,
    wrong: &'w mut Vec<Invalid>,
}

impl<'a, 'w> Members<'a, 'w> {
    /// `None`, and noted, if `document` is not an object.
    pub fn read(document: &'a Json, path: String, wrong: &'w mut Vec<Invalid>) -> Option<Self> {
        match document {
            Json::Object(members) => Some(Self { members, path, wrong }),
            _ => {
                wrong.push(Invalid::new(path, "must be an object"));
                None
            }
        }
    }

    pub fn refuse(&mut self, member: &str, detail: impl Into<String>) {
        self.wrong.push(Invalid::new(pointer(&self.path, member), detail));
    }

    /// Notes what is wrong further down, with paths that start at this object.
    pub fn refuse_all(&mut self, wrong: Vec<Invalid>) {
        self.wrong.extend(wrong.into_iter().map(|it| it.under(&self.path)));
    }

    pub fn refuse_unknown(&mut self, known: &[&str]) {
        for member in self.members.keys().filter(|member| !known.contains(&member.as_str())) {
            let nearest = nearest(member, known.iter().copied());
            self.refuse(member, format!("unknown member{}", did_you_mean(&nearest)));
        }
    }

    /// Refuses a member that only the hub sets, unless it says what is so anyway.
    pub fn expect_same(&mut self, member: &str, so: impl Into<Json>) {
        let so = so.into();
        if self.get(member).is_some_and(|given| *given != so) {
            self.refuse(member, format!("is set by the hub: leave it out or give {so}"));
        }
    }

    pub fn get(&self, member: &str) -> Option<&'a Json> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, member: &str) -> Option<&'a str> {
        self.typed(member, Json::as_str, "must be text")
    }

    pub fn flag(&mut self, member: &str) -> Option<bool> {
        self.typed(member, Json::as_bool, "must be true or false")
    }

    /// A list of at most `max` elements.
    pub fn list(&mut self, member: &str, max: usize) -> Option<&'a [Json]> {
        let list = self.typed(member, Json::as_array, "must be a list")?;
        if max < list.len() {
            self.refuse(member, format!("has {} elements, at most {max} are taken", list.len()));
            return None;
        }
        Some(list)
    }

    /// Text that people read.
    pub fn label(&mut self, member: &str) -> Option<String> {
        let text = self.text(member)?;
        if let Err(must) = check_line(text, 1..=LABEL_CHARS_MAX) {
            self.refuse(member, must);
            return None;
        }
        Some(text.to_owned())
    }

    fn typed<T>(
        &mut self,
        member: &str,
        read: impl Fn(&'a Json) -> Option<T>,
        detail: &str,
    ) -> Option<T> {
        let value = self.get(member)?;
        let read = read(value);
        if read.is_none() {
            self.refuse(member, detail);
        }
        read
    }
}
