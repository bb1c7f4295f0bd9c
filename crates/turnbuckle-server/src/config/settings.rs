//! Lays the layers over each other and reads typed values from the result.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use toml::{Table, Value};
use turnbuckle_core::entity::{did_you_mean, nearest};

use super::{ConfigMistakes, DEFAULT_FILE, Sources};

pub const VARIABLE_PREFIX: &str = "TURNBUCKLE_";

/// Variables that are not keys, because files must not hold them.
const SECRET_VARIABLES: [&str; 1] = [super::parts::BOOTSTRAP_KEY_VARIABLE];

/// Kubernetes sets such variables in every pod beside a service named
/// `turnbuckle`; they are not meant for us.
fn is_foreign(name: &str, text: &str) -> bool {
    name.starts_with("TURNBUCKLE_SERVICE_")
        || name.starts_with("TURNBUCKLE_PORT_")
        || name == "TURNBUCKLE_PORT" && text.contains("://")
}

/// The value of a key, and who set it.
struct Setting {
    value: Value,
    origin: String,
}

/// Dotted keys with their values; collects mistakes instead of stopping at one.
pub struct Settings {
    settings: BTreeMap<String, Setting>,
    defaults: BTreeMap<String, Value>,
    secrets: BTreeMap<String, String>,
    mistakes: Vec<String>,
    read: BTreeSet<&'static str>,
    /// Keys of which only whether they are set is shown.
    hidden: BTreeSet<&'static str>,
}

impl Settings {
    pub fn gather(sources: &Sources) -> Self {
        let defaults =
            flatten(DEFAULT_FILE.parse().expect("a test parses the embedded default file"));
        let settings = defaults
            .iter()
            .map(|(key, value)| {
                let setting = Setting { value: value.clone(), origin: "default".into() };
                (key.clone(), setting)
            })
            .collect();
        let mut all = Self {
            settings,
            defaults,
            secrets: BTreeMap::new(),
            mistakes: Vec::new(),
            read: BTreeSet::new(),
            hidden: BTreeSet::new(),
        };
        all.lay_file(sources);
        for (name, text) in &sources.environment {
            all.lay_variable(name, text);
        }
        for (flag, key, text) in &sources.arguments {
            all.lay_text(key, text, flag);
        }
        all
    }

    fn lay_file(&mut self, sources: &Sources) {
        let Some(path) = &sources.file else { return };
        let origin = path.display().to_string();
        let table = std::fs::read_to_string(path)
            .map_err(|error| format!("{origin} cannot be read: {error}"))
            .and_then(|text| {
                // Not with the line itself, which may hold a password.
                text.parse::<Table>().map_err(|error| {
                    let before = &text[..error.span().map_or(0, |span| span.start)];
                    let line = before.matches('\n').count() + 1;
                    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                    let reason = error.message();
                    format!("{origin} is not TOML: line {line}, column {column}: {reason}")
                })
            });
        match table {
            Ok(table) => {
                for (key, value) in flatten(table) {
                    self.lay(&key, value, &origin);
                }
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
    }

    fn lay_variable(&mut self, name: &str, text: &str) {
        if SECRET_VARIABLES.contains(&name) {
            self.secrets.insert(name.to_owned(), text.to_owned());
            return;
        }
        let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { return };
        if is_foreign(name, text) {
            return;
        }
        let key = rest.to_ascii_lowercase().replace("__", ".");
        if self.defaults.contains_key(&key) {
            self.lay_text(&key, text, name);
        } else {
            let known: Vec<String> = self
                .defaults
                .keys()
                .map(|key| variable_name(key))
                .chain(SECRET_VARIABLES.map(str::to_owned))
                .collect();
            let near = nearest(name, known.iter().map(String::as_str));
            self.mistakes.push(format!("{name} is not a setting{}", did_you_mean(&near)));
        }
    }

    /// Lays a value that was written as bare text, in the type that its key has.
    fn lay_text(&mut self, key: &str, text: &str, origin: &str) {
        let value = match self.defaults.get(key) {
            Some(Value::Integer(_)) => {
                text.trim().replace('_', "").parse().ok().map(Value::Integer)
            }
            Some(Value::Array(_)) => list_of(text),
            _ => Some(Value::String(text.to_owned())),
        };
        // What cannot be read as the right type is laid as it is, to be refused as such.
        self.lay(key, value.unwrap_or_else(|| Value::String(text.to_owned())), origin);
    }

    fn lay(&mut self, key: &str, value: Value, origin: &str) {
        let Some(default) = self.defaults.get(key) else {
            let near = nearest(key, self.defaults.keys().map(String::as_str));
            self.mistakes.push(format!("`{key}` is not a key ({origin}){}", did_you_mean(&near)));
            return;
        };
        if !default.same_type(&value) {
            let wanted = kind(default);
            let value = without_password(&value.to_string());
            self.mistakes.push(format!("`{key}` must be {wanted}, not {value} ({origin})"));
            return;
        }
        self.settings.insert(key.to_owned(), Setting { value, origin: origin.to_owned() });
    }

    pub fn text(&mut self, key: &'static str) -> String {
        self.value(key).as_str().expect("the type was compared with the default's").to_owned()
    }

    /// A text in a form of its own.
    pub fn parsed<T>(&mut self, key: &'static str) -> T
    where
        T: FromStr<Err: fmt::Display>,
    {
        let text = self.text(key);
        text.parse().unwrap_or_else(|error| {
            self.refuse(key, format_args!("{error}"));
            let default = self.defaults[key].as_str().expect("`text` has seen a text");
            default.parse().ok().expect("a test parses every default")
        })
    }

    /// The value of this key may hold a secret.
    pub fn hide(&mut self, key: &'static str) {
        self.hidden.insert(key);
    }

    /// A list of texts in a form of their own.
    pub fn list<T>(&mut self, key: &'static str) -> Vec<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let values = self.value(key).as_array().expect("the type was compared").clone();
        let mut list = Vec::with_capacity(values.len());
        for value in values {
            match value.as_str().map(str::parse) {
                Some(Ok(item)) => list.push(item),
                Some(Err(error)) => self.refuse(key, format_args!("{error}")),
                None => self.refuse(key, format_args!("`{value}` is not a text")),
            }
        }
        list
    }

    pub fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> u64 {
        let value = self.value(key).as_integer().expect("the type was compared");
        match u64::try_from(value).ok().filter(|value| range.contains(value)) {
            Some(value) => value,
            None => {
                let (least, most) = range.into_inner();
                self.refuse(key, format_args!("must be {least} to {most}, not {value}"));
                least
            }
        }
    }

    pub fn count(&mut self, key: &'static str, range: RangeInclusive<u64>) -> usize {
        // On a 32-bit machine a bound beyond its memory is no bound.
        usize::try_from(self.number(key, range)).unwrap_or(usize::MAX)
    }

    /// A key that ends in `_ms`.
    pub fn millis(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(key, range))
    }

    /// A variable that is not a key; never shown.
    pub fn secret<T>(&mut self, variable: &str) -> Option<T>
    where
        T: FromStr<Err: fmt::Display>,
    {
        match self.secrets.get(variable)?.parse() {
            Ok(secret) => Some(secret),
            Err(error) => {
                self.mistakes.push(format!("{variable} {error}"));
                None
            }
        }
    }

    pub fn finish(self) -> Result<(), ConfigMistakes> {
        debug_assert!(
            self.defaults.keys().all(|key| self.read.contains(key.as_str())),
            "a key of the default file is read by no part"
        );
        if self.mistakes.is_empty() { Ok(()) } else { Err(ConfigMistakes(self.mistakes)) }
    }

    fn value(&mut self, key: &'static str) -> &Value {
        self.read.insert(key);
        &self.settings.get(key).expect("a part reads only keys of the default file").value
    }

    fn refuse(&mut self, key: &str, why: fmt::Arguments<'_>) {
        let origin = self.settings.get(key).map_or("default", |setting| setting.origin.as_str());
        let why = without_password(&why.to_string());
        self.mistakes.push(format!("`{key}`: {why} ({origin})"));
    }
}

/// A text that people are shown: an address in it may be that of a database, whose user and
/// password are nobody's business.
fn without_password(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}***{}", &text[..start + 3], &text[end..])
        }
        _ => text.to_owned(),
    }
}

/// A TOML document: one dotted key per line, each with its origin.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = Cell::new(0);
        let lines: Vec<(String, &str)> = self
            .settings
            .iter()
            .map(|(key, setting)| {
                let is_shown = !self.hidden.contains(key.as_str())
                    || self.defaults.get(key) == Some(&setting.value);
                let line = match is_shown {
                    true => format!("{key} = {}", setting.value),
                    false => format!("{key} = \"***\""),
                };
                width.set(width.get().max(line.chars().count()));
                (line, setting.origin.as_str())
            })
            .collect();
        let width = width.get();
        for (line, origin) in lines {
            writeln!(f, "{line:width$}  # {origin}")?;
        }
        self.secrets.keys().try_for_each(|name| writeln!(f, "# {name} = ***"))
    }
}

fn flatten(table: Table) -> BTreeMap<String, Value> {
    fn walk(prefix: &str, table: Table, flat: &mut BTreeMap<String, Value>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match value {
                Value::Table(table) => walk(&key, table, flat),
                value => drop(flat.insert(key, value)),
            }
        }
    }
    let mut flat = BTreeMap::new();
    walk("", table, &mut flat);
    flat
}

/// A list as a variable holds it: `a, b`, or a TOML array.
fn list_of(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('[') {
        return format!("list = {text}").parse::<Table>().ok()?.remove("list");
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
}

fn variable_name(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a whole number",
        Value::Array(_) => "a list",
        _ => "a text",
    }
}
