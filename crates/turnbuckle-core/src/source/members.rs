//! Reading a document member by member, so that every wrong one is named.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::entity::{did_you_mean, nearest};
use crate::invalid::{Invalid, pointer};

/// The members of one object of a document. Null counts as absent.
pub(crate) struct Members<'a> {
    object: &'a Map<String, Json>,
    path: &'a str,
    known: Vec<&'static str>,
    invalid: Vec<Invalid>,
}

impl<'a> Members<'a> {
    /// `path` is the JSON pointer of `document` in the whole.
    pub fn of(document: &'a Json, path: &'a str) -> Result<Self, Invalid> {
        match document.as_object() {
            Some(object) => Ok(Self { object, path, known: Vec::new(), invalid: Vec::new() }),
            None => Err(Invalid::new(path, "must be an object")),
        }
    }

    pub fn get(&mut self, name: &'static str) -> Option<&'a Json> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub fn read<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        self.parse(name, |value| {
            serde_path_to_error::deserialize(value)
                .map_err(|error| vec![Invalid::of_reading(&error)])
        })
    }

    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        if self.get(name).is_none() {
            self.refuse(name, format!("`{name}` is missing"));
        }
        self.read(name)
    }

    /// Reads a member that has a form of its own.
    pub fn parse<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&Json) -> Result<T, Vec<Invalid>>,
    ) -> Option<T> {
        let path = pointer(self.path, name);
        match parse(self.get(name)?) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.invalid.extend(invalid.into_iter().map(|invalid| invalid.under(&path)));
                None
            }
        }
    }

    /// `member` is a JSON pointer without its first slash.
    pub fn refuse(&mut self, member: &str, detail: impl Into<String>) {
        self.invalid.push(Invalid::new(format!("{}/{member}", self.path), detail));
    }

    /// Says what is wrong with the object as a whole.
    pub fn refuse_whole(&mut self, detail: impl Into<String>) {
        self.invalid.push(Invalid::new(self.path, detail));
    }

    /// Ends the reading: members that nobody asked for are wrong too.
    pub fn finish<T>(mut self, value: T) -> Result<T, Vec<Invalid>> {
        for name in self.object.keys().filter(|name| !self.known.contains(&name.as_str())) {
            let hint = did_you_mean(&nearest(name, self.known.iter().copied()));
            let path = pointer(self.path, name);
            self.invalid.push(Invalid::new(path, format!("`{name}` is not a member here{hint}")));
        }
        if self.invalid.is_empty() { Ok(value) } else { Err(self.invalid) }
    }
}
