//! The mapping of a source: which value of an event goes into which column.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::members::Members;
use super::path::{EventPath, Scope};
use crate::expression::{Expression, Placed};
use crate::invalid::{Invalid, pointer};

/// Makes one record of an event, or one of each element of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMapping {
    pub entity: String,
    pub columns: IndexMap<String, ColumnSource>,
    /// The list of which every element becomes a record.
    pub each: Option<EventPath>,
    /// Makes a record only where this is true.
    pub when: Option<Expression>,
}

/// Where the value of a column comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnSource {
    Path(EventPath),
    /// The same value for every record.
    Static(Json),
    /// Where it is `undefined` the event leaves the column empty.
    Expression(Expression),
}

impl SourceMapping {
    /// # Errors
    /// Every member that is wrong, with its path below the mapping.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut members = Members::of(document, "").map_err(|invalid| vec![invalid])?;
        let each = members.parse("each", |text| match parse_path(text)? {
            path if path.is_of_item() => {
                Err(vec![Invalid::new("", "`each` names the list itself: start with `body`")])
            }
            path => Ok(path),
        });
        let is_each = members.get("each").is_some();
        let mapping = Self {
            entity: members.required("entity").unwrap_or_default(),
            columns: members
                .parse("columns", |columns| parse_columns(columns, is_each))
                .unwrap_or_default(),
            each,
            when: members.parse("when", parse_expression),
        };
        if members.get("columns").is_none() {
            members.refuse("columns", "`columns` is missing");
        }
        members.finish(mapping)
    }

    /// Its expressions in the order in which their values are handed over, `when` first.
    pub fn expressions(&self) -> Vec<Placed> {
        let when = self
            .when
            .iter()
            .map(|expression| Placed { path: "/when".to_owned(), expression: expression.clone() });
        let of_column = |(column, source): (&String, &ColumnSource)| match source {
            ColumnSource::Expression(expression) => Some(Placed {
                path: pointer(&pointer("/columns", column), "expression"),
                expression: expression.clone(),
            }),
            ColumnSource::Path(_) | ColumnSource::Static(_) => None,
        };
        when.chain(self.columns.iter().filter_map(of_column)).collect()
    }

    /// Whether anything of it has to be evaluated.
    pub(super) fn has_expressions(&self) -> bool {
        let is_expression = |it: &ColumnSource| matches!(it, ColumnSource::Expression(_));
        self.when.is_some() || self.columns.values().any(is_expression)
    }

    /// Whether the element at hand gives any column a value. True of a mapping that
    /// reads nothing of its elements: to count them is enough for it.
    pub(super) fn reads_of_item(&self, scope: &Scope<'_>) -> bool {
        let paths = self.columns.values().filter_map(|source| match source {
            ColumnSource::Path(path) if path.is_in_item() => Some(path),
            ColumnSource::Path(_) | ColumnSource::Static(_) | ColumnSource::Expression(_) => None,
        });
        let mut found = paths.map(|path| path.find(scope)).peekable();
        found.peek().is_none() || found.any(|value| value.is_some_and(|value| !value.is_null()))
    }

    /// The document that [`SourceMapping::parse`] reads.
    pub fn to_json(&self) -> Json {
        let columns = self.columns.iter().map(|(column, source)| {
            let source = match source {
                ColumnSource::Path(path) => json!({ "path": path.to_string() }),
                ColumnSource::Static(value) => json!({ "static": value }),
                ColumnSource::Expression(expression) => {
                    json!({ "expression": expression.as_str() })
                }
            };
            (column.clone(), source)
        });
        let mut document = json!({ "entity": self.entity, "columns": Map::from_iter(columns) });
        if let Some(each) = &self.each {
            document["each"] = Json::from(each.to_string());
        }
        if let Some(when) = &self.when {
            document["when"] = Json::from(when.as_str());
        }
        document
    }
}

fn parse_columns(
    document: &Json,
    is_each: bool,
) -> Result<IndexMap<String, ColumnSource>, Vec<Invalid>> {
    let Some(members) = document.as_object().filter(|members| !members.is_empty()) else {
        return Err(vec![Invalid::new("", "`columns` must be an object that maps a column")]);
    };
    let mut columns = IndexMap::new();
    let mut invalid = Vec::new();
    for (column, source) in members {
        match parse_source(source, is_each) {
            Ok(source) => {
                columns.insert(column.clone(), source);
            }
            Err(found) => {
                let path = pointer("", column);
                invalid.extend(found.into_iter().map(|invalid| invalid.under(&path)));
            }
        }
    }
    if invalid.is_empty() { Ok(columns) } else { Err(invalid) }
}

fn parse_source(document: &Json, is_each: bool) -> Result<ColumnSource, Vec<Invalid>> {
    let refused = |path: &str, detail: &str| Err(vec![Invalid::new(path, detail)]);
    let mut members = document.as_object().into_iter().flatten();
    match (members.next(), members.next()) {
        (Some((name, value)), None) if name == "static" => Ok(ColumnSource::Static(value.clone())),
        (Some((name, text)), None) if name == "expression" => {
            let under = |invalid: Vec<Invalid>| -> Vec<Invalid> {
                invalid.into_iter().map(|invalid| invalid.under("/expression")).collect()
            };
            parse_expression(text).map(ColumnSource::Expression).map_err(under)
        }
        (Some((name, text)), None) if name == "path" => {
            let under = |invalid: Vec<Invalid>| -> Vec<Invalid> {
                invalid.into_iter().map(|invalid| invalid.under("/path")).collect()
            };
            let path = parse_path(text).map_err(under)?;
            if path.is_of_item() && !is_each {
                return refused("/path", "`item` and `index` need an `each` that names a list");
            }
            Ok(ColumnSource::Path(path))
        }
        (Some(_), Some(_)) => refused(
            "",
            "has several members, and takes one of `path`, `static` and `expression`; a patch \
             keeps what it does not name: set the other to null",
        ),
        _ => refused("", "write `{\"path\": …}`, `{\"static\": …}` or `{\"expression\": …}`"),
    }
}

fn parse_expression(document: &Json) -> Result<Expression, Vec<Invalid>> {
    Expression::parse(document).map_err(|must| vec![Invalid::new("", must)])
}

pub(super) fn parse_path(document: &Json) -> Result<EventPath, Vec<Invalid>> {
    let Some(text) = document.as_str() else {
        return Err(vec![Invalid::new("", "a path is a text, e.g. `body.form.email`")]);
    };
    EventPath::parse(text).map_err(|detail| vec![Invalid::new("", detail)])
}
