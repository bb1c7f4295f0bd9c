//! The mapping document: read strictly, written back.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};
use strum::VariantNames;

use super::{
    CHILD_LABEL_CHARS_MAX, CHILDREN_MAX, EntityMapping, EventAction, FieldMapping, Mapping,
    ObjectMapping, SORT_COLUMNS_MAX, Sort, Transform, WriteSource,
};
use crate::entity::ColumnPath;
use crate::expression::Expression;
use crate::filter::Filter;
use crate::invalid::{Invalid, pointer};
use crate::object::mistakes::{Entry, Mistakes};
use crate::object::{EVENTS_MAX, FIELDS_MAX, OBJECTS_MAX};

/// Most columns that one event writes.
const COLUMNS_MAX: usize = 500;

#[derive(Clone, Copy, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
enum TransformName {
    Direct,
    Date,
    Find,
    Collect,
}

#[derive(Clone, Copy, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
enum ActionName {
    Search,
    Create,
    Update,
    Delete,
    Noop,
}

impl Mapping {
    /// Reads `{"objects":{…}}`.
    ///
    /// # Errors
    /// Every member that is wrong or unknown, by a path such as
    /// `/objects/opportunity/fields/amount/column`.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let mut mapping = Self::default();
        if let Some(members) = mistakes.members("", document) {
            mistakes.refuse_unknown("", members, &["objects"]);
            for entry in mistakes.slugs("", members, "objects", "object", OBJECTS_MAX) {
                if let Some(object) = read_object(&mut mistakes, &entry) {
                    mapping.objects.insert(entry.name.to_owned(), object);
                }
            }
        }
        mistakes.into_result(mapping)
    }

    /// Writes the document that [`Mapping::parse`] reads.
    pub fn to_json(&self) -> Json {
        json!({ "objects": by_name(&self.objects, ObjectMapping::to_json) })
    }
}

fn by_name<T>(members: &IndexMap<String, T>, write: impl Fn(&T) -> Json) -> Json {
    members.iter().map(|(name, member)| (name.clone(), write(member))).collect::<Map<_, _>>().into()
}

impl ObjectMapping {
    fn to_json(&self) -> Json {
        match self {
            Self::OptedOut => json!({ "entity": null }),
            Self::Entity(EntityMapping { entity, fields, events }) => json!({
                "entity": entity,
                "fields": by_name(fields, FieldMapping::to_json),
                "events": by_name(events, EventAction::to_json),
            }),
        }
    }
}

impl FieldMapping {
    fn to_json(&self) -> Json {
        match self {
            Self::Column { column, transform } => match transform {
                Transform::Direct => json!({ "column": column }),
                Transform::Date => json!({ "column": column, "transform": "date" }),
                Transform::Find { property, equals, extract } => {
                    let wanted = json!({ "property": property, "equals": equals });
                    let mut document =
                        json!({ "column": column, "transform": "find", "where": wanted });
                    if let Some(extract) = extract {
                        document["extract"] = extract.as_str().into();
                    }
                    document
                }
                Transform::Collect { property } => {
                    json!({ "column": column, "transform": "collect", "property": property })
                }
            },
            Self::Static(value) => json!({ "static": value }),
            Self::Expression(expression) => json!({ "expression": expression.as_str() }),
            Self::Children(children) => json!({ "children": by_name(children, Self::to_json) }),
            Self::Empty => json!({ "empty": true }),
        }
    }
}

impl EventAction {
    fn to_json(&self) -> Json {
        let mut document = json!({ "action": self.name() });
        match self {
            Self::Search { filter, sort } => {
                document["filter"] = filter.to_json();
                if !sort.is_empty() {
                    let write = |Sort { column, descending }: &Sort| json!({ "column": column, "descending": descending });
                    document["sort"] = sort.iter().map(write).collect();
                }
            }
            Self::Create { columns } | Self::Update { columns } => {
                document["columns"] = by_name(columns, |source| match source {
                    WriteSource::Payload(field) => json!({ "payload": field }),
                    WriteSource::Static(value) => json!({ "static": value }),
                    WriteSource::Expression(expression) => {
                        json!({ "expression": expression.as_str() })
                    }
                });
            }
            Self::Delete | Self::Noop => {}
        }
        document
    }
}

fn read_object(mistakes: &mut Mistakes, entry: &Entry<'_>) -> Option<ObjectMapping> {
    let path = entry.path.as_str();
    let members = mistakes.members(path, entry.value)?;
    mistakes.refuse_unknown(path, members, &["entity", "fields", "events"]);
    if members.get("entity").is_some_and(Json::is_null) {
        let is_empty = |value: &Json| value.as_object().is_some_and(Map::is_empty);
        for name in ["fields", "events"] {
            if members.get(name).is_some_and(|value| !value.is_null() && !is_empty(value)) {
                mistakes.add(
                    pointer(path, name),
                    format!("an object that is opted out (`\"entity\":null`) has no `{name}`"),
                );
            }
        }
        return Some(ObjectMapping::OptedOut);
    }
    let entity = mistakes.required_text(path, members, "entity");
    let mut fields = IndexMap::new();
    for field in mistakes.slugs(path, members, "fields", "field", FIELDS_MAX) {
        if let Some(mapping) = read_field(mistakes, &field, Depth::Field) {
            fields.insert(field.name.to_owned(), mapping);
        }
    }
    let mut events = IndexMap::new();
    for event in mistakes.slugs(path, members, "events", "event", EVENTS_MAX) {
        if let Some(action) = read_event(mistakes, &event) {
            events.insert(event.name.to_owned(), action);
        }
    }
    Some(ObjectMapping::Entity(EntityMapping { entity: entity?, fields, events }))
}

#[derive(Clone, Copy, PartialEq)]
enum Depth {
    Field,
    Child,
}

fn read_field(mistakes: &mut Mistakes, entry: &Entry<'_>, depth: Depth) -> Option<FieldMapping> {
    const KINDS: [&str; 5] = ["column", "static", "expression", "children", "empty"];
    let path = entry.path.as_str();
    let members = mistakes.members(path, entry.value)?;
    let kind = single_kind(mistakes, path, members, &KINDS)?;
    if kind == "column" {
        return read_column_field(mistakes, path, members);
    }
    mistakes.refuse_unknown(path, members, &[kind]);
    let path = pointer(path, kind);
    let value = &members[kind];
    match kind {
        "static" => return Some(FieldMapping::Static(value.clone())),
        "empty" if value == true => return Some(FieldMapping::Empty),
        "empty" => mistakes.add(path, "`empty` is `true` or left out"),
        "expression" => {
            return read_expression(mistakes, path, value).map(FieldMapping::Expression);
        }
        _ if depth == Depth::Child => mistakes.add(path, "a child has no children of its own"),
        _ => return read_children(mistakes, &path, value).map(FieldMapping::Children),
    }
    None
}

fn read_expression(mistakes: &mut Mistakes, path: String, value: &Json) -> Option<Expression> {
    Expression::parse(value).map_err(|must| mistakes.add(path, must)).ok()
}

/// Which one of `kinds` the members say.
fn single_kind(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
    kinds: &[&'static str],
) -> Option<&'static str> {
    let given: Vec<&'static str> =
        kinds.iter().copied().filter(|kind| members.contains_key(*kind)).collect();
    match given.as_slice() {
        [kind] => return Some(kind),
        // A misspelt one is named as such; saying that it is missing as well would not help.
        [] if !mistakes.refuse_unknown(path, members, kinds) => {}
        [] => mistakes.add(path, format!("must have one of `{}`", kinds.join("`, `"))),
        several => {
            mistakes.add(path, format!("can have only one of `{}`", several.join("`, `")));
        }
    }
    None
}

fn read_column_field(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
) -> Option<FieldMapping> {
    let name = match members.get("transform") {
        None | Some(Json::Null) => Some(TransformName::Direct),
        Some(_) => mistakes.choice(path, members, "transform", TransformName::VARIANTS),
    };
    let column = read_path(mistakes, path, members);
    let own: &[&str] = match name {
        None => return None,
        Some(TransformName::Direct | TransformName::Date) => &[],
        Some(TransformName::Find) => &["where", "extract"],
        Some(TransformName::Collect) => &["property"],
    };
    mistakes.refuse_unknown(path, members, &[&["column", "transform"], own].concat());
    let transform = match name? {
        TransformName::Direct => Transform::Direct,
        TransformName::Date => Transform::Date,
        TransformName::Find => read_find(mistakes, path, members)?,
        TransformName::Collect => {
            Transform::Collect { property: mistakes.required_text(path, members, "property")? }
        }
    };
    Some(FieldMapping::Column { column: column?, transform })
}

fn read_find(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
) -> Option<Transform> {
    let extract = match members.get("extract") {
        None | Some(Json::Null) => None,
        Some(_) => mistakes.required_text(path, members, "extract"),
    };
    let path = pointer(path, "where");
    let wanted = mistakes.members(&path, members.get("where").unwrap_or(&Json::Null))?;
    mistakes.refuse_unknown(&path, wanted, &["property", "equals"]);
    let property = mistakes.required_text(&path, wanted, "property");
    let equals = wanted.get("equals").cloned();
    if equals.is_none() {
        mistakes.add(pointer(&path, "equals"), "`equals` must be given; it may be any value");
    }
    Some(Transform::Find { property: property?, equals: equals?, extract })
}

fn read_path(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
) -> Option<ColumnPath> {
    let text = mistakes.required_text(path, members, "column")?;
    ColumnPath::parse(&text)
        .map_err(|error| mistakes.add(pointer(path, "column"), error.to_string()))
        .ok()
}

fn read_children(
    mistakes: &mut Mistakes,
    path: &str,
    value: &Json,
) -> Option<IndexMap<String, FieldMapping>> {
    let members = mistakes.members(path, value)?;
    if CHILDREN_MAX < members.len() {
        mistakes.add(path, format!("has {} children; at most {CHILDREN_MAX}", members.len()));
        return None;
    }
    let mut children = IndexMap::new();
    for (label, value) in members {
        let path = pointer(path, label);
        let is_trimmed = label.trim() == label;
        if !is_trimmed || !(1..=CHILD_LABEL_CHARS_MAX).contains(&label.chars().count()) {
            mistakes.add(
                &path,
                format!(
                    "a label has 1 to {CHILD_LABEL_CHARS_MAX} characters and no blanks around it"
                ),
            );
        }
        let entry = Entry { name: label, path, value };
        if let Some(child) = read_field(mistakes, &entry, Depth::Child) {
            children.insert(label.clone(), child);
        }
    }
    Some(children)
}

fn read_event(mistakes: &mut Mistakes, entry: &Entry<'_>) -> Option<EventAction> {
    let path = entry.path.as_str();
    let members = mistakes.members(path, entry.value)?;
    let action: ActionName = mistakes.choice(path, members, "action", ActionName::VARIANTS)?;
    let own: &[&str] = match action {
        ActionName::Search => &["filter", "sort"],
        ActionName::Create | ActionName::Update => &["columns"],
        ActionName::Delete | ActionName::Noop => &[],
    };
    mistakes.refuse_unknown(path, members, &[&["action"], own].concat());
    Some(match action {
        ActionName::Search => {
            let sort = read_sort(mistakes, path, members);
            let filter = read_filter(mistakes, path, members);
            EventAction::Search { filter: filter?, sort }
        }
        ActionName::Create => {
            EventAction::Create { columns: read_columns(mistakes, path, members)? }
        }
        ActionName::Update => {
            EventAction::Update { columns: read_columns(mistakes, path, members)? }
        }
        ActionName::Delete => EventAction::Delete,
        ActionName::Noop => EventAction::Noop,
    })
}

fn read_filter(mistakes: &mut Mistakes, path: &str, members: &Map<String, Json>) -> Option<Filter> {
    let path = pointer(path, "filter");
    let Some(filter) = members.get("filter") else {
        // Nothing must be asked for aloud: forgetting it would show every record.
        mistakes.add(path, "`filter` must be given; `{\"all\":[]}` matches everything");
        return None;
    };
    mistakes.take(&path, Filter::parse(filter))
}

fn read_sort(mistakes: &mut Mistakes, path: &str, members: &Map<String, Json>) -> Vec<Sort> {
    let path = pointer(path, "sort");
    let items = match members.get("sort") {
        None | Some(Json::Null) => return Vec::new(),
        Some(Json::Array(items)) if items.len() <= SORT_COLUMNS_MAX => items,
        Some(_) => {
            mistakes
                .add(path, format!("`sort` must be a list of at most {SORT_COLUMNS_MAX} columns"));
            return Vec::new();
        }
    };
    let read = |(index, item)| {
        let path = pointer(&path, index);
        let members = mistakes.members(&path, item)?;
        mistakes.refuse_unknown(&path, members, &["column", "descending"]);
        let descending = match members.get("descending") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(descending)) => *descending,
            Some(_) => {
                mistakes.add(pointer(&path, "descending"), "`descending` must be true or false");
                false
            }
        };
        Some(Sort { column: read_path(mistakes, &path, members)?, descending })
    };
    items.iter().enumerate().filter_map(read).collect()
}

fn read_columns(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
) -> Option<IndexMap<String, WriteSource>> {
    let path = pointer(path, "columns");
    let given = mistakes.members(&path, members.get("columns").unwrap_or(&Json::Null))?;
    if COLUMNS_MAX < given.len() {
        mistakes.add(path, format!("has {} columns; at most {COLUMNS_MAX}", given.len()));
        return None;
    }
    let mut columns = IndexMap::new();
    for (column, value) in given {
        let path = pointer(&path, column);
        if let Some(source) = read_source(mistakes, &path, value) {
            columns.insert(column.clone(), source);
        }
    }
    Some(columns)
}

fn read_source(mistakes: &mut Mistakes, path: &str, value: &Json) -> Option<WriteSource> {
    let members = mistakes.members(path, value)?;
    let kind = single_kind(mistakes, path, members, &["payload", "static", "expression"])?;
    mistakes.refuse_unknown(path, members, &[kind]);
    match kind {
        "payload" => mistakes.required_text(path, members, "payload").map(WriteSource::Payload),
        "static" => Some(WriteSource::Static(members["static"].clone())),
        _ => read_expression(mistakes, pointer(path, kind), &members[kind])
            .map(WriteSource::Expression),
    }
}
