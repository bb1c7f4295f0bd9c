//! The `objects` document: read strictly, written back word for word.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use strum::VariantNames;

use super::mistakes::{Entry, Mistakes};
use super::{
    DESCRIPTION_CHARS_MAX, EVENTS_MAX, EventDeclaration, EventType, FIELDS_MAX, FieldDeclaration,
    FieldType, ItemType, LABEL_CHARS_MAX, OBJECTS_MAX, ObjectDeclaration, Objects,
};
use crate::invalid::{Invalid, pointer};

/// What `type` of a field may be.
#[derive(Clone, Copy, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
enum TypeName {
    String,
    Number,
    Integer,
    Boolean,
    Object,
    Array,
}

/// What `format` of a string may be.
#[derive(Clone, Copy, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
enum StringFormat {
    Datetime,
}

impl Objects {
    /// Reads the value of the `objects` option: a map of slugs.
    ///
    /// # Errors
    /// Every member that is wrong or unknown, by a path such as
    /// `/opportunity/fields/amount/type`.
    pub fn parse(document: &Json) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let mut objects = IndexMap::new();
        for entry in mistakes.slugs_of("", document, "object", OBJECTS_MAX) {
            if let Some(object) = read_object(&mut mistakes, &entry) {
                objects.insert(entry.name.to_owned(), object);
            }
        }
        mistakes.into_result(Self { document: document.clone(), objects })
    }

    /// The document as it was given to [`Objects::parse`].
    pub fn to_json(&self) -> Json {
        self.document.clone()
    }
}

fn read_object(mistakes: &mut Mistakes, entry: &Entry<'_>) -> Option<ObjectDeclaration> {
    let members = mistakes.members(&entry.path, entry.value)?;
    mistakes.refuse_unknown(&entry.path, members, &["label", "description", "fields", "events"]);
    let mut object = ObjectDeclaration {
        label: mistakes.text(&entry.path, members, "label", LABEL_CHARS_MAX),
        description: mistakes.text(&entry.path, members, "description", DESCRIPTION_CHARS_MAX),
        fields: read_fields(mistakes, &entry.path, members, "fields"),
        events: IndexMap::new(),
    };
    for event in mistakes.slugs(&entry.path, members, "events", "event", EVENTS_MAX) {
        if let Some(declaration) = read_event(mistakes, &event) {
            object.events.insert(event.name.to_owned(), declaration);
        }
    }
    Some(object)
}

fn read_fields(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
    name: &str,
) -> IndexMap<String, FieldDeclaration> {
    let mut fields = IndexMap::new();
    for entry in mistakes.slugs(path, members, name, "field", FIELDS_MAX) {
        if let Some(field) = read_field(mistakes, &entry) {
            fields.insert(entry.name.to_owned(), field);
        }
    }
    fields
}

fn read_field(mistakes: &mut Mistakes, entry: &Entry<'_>) -> Option<FieldDeclaration> {
    let members = mistakes.members(&entry.path, entry.value)?;
    mistakes.refuse_unknown(&entry.path, members, &["type", "format", "label", "description"]);
    let label = mistakes.text(&entry.path, members, "label", LABEL_CHARS_MAX);
    let description = mistakes.text(&entry.path, members, "description", DESCRIPTION_CHARS_MAX);
    let field_type = read_field_type(mistakes, &entry.path, members)?;
    Some(FieldDeclaration { field_type, label, description })
}

fn read_field_type(
    mistakes: &mut Mistakes,
    path: &str,
    members: &Map<String, Json>,
) -> Option<FieldType> {
    let name: TypeName = mistakes.choice(path, members, "type", TypeName::VARIANTS)?;
    let has_format = members.get("format").is_some_and(|format| !format.is_null());
    match name {
        TypeName::String if has_format => mistakes
            .choice(path, members, "format", StringFormat::VARIANTS)
            .map(|StringFormat::Datetime| FieldType::Datetime),
        TypeName::Array if has_format => mistakes
            .choice(path, members, "format", ItemType::VARIANTS)
            .map(|items| FieldType::Array(Some(items))),
        _ if has_format => {
            mistakes.add(pointer(path, "format"), "only a `string` or an `array` has a `format`");
            None
        }
        TypeName::String => Some(FieldType::String),
        TypeName::Number => Some(FieldType::Number),
        TypeName::Integer => Some(FieldType::Integer),
        TypeName::Boolean => Some(FieldType::Boolean),
        TypeName::Object => Some(FieldType::Object),
        TypeName::Array => Some(FieldType::Array(None)),
    }
}

fn read_event(mistakes: &mut Mistakes, entry: &Entry<'_>) -> Option<EventDeclaration> {
    let members = mistakes.members(&entry.path, entry.value)?;
    let known = ["type", "label", "name", "description", "payloadSchema"];
    mistakes.refuse_unknown(&entry.path, members, &known);
    // The seed's prose says `name` and its examples say `label`.
    let name = mistakes.text(&entry.path, members, "name", LABEL_CHARS_MAX);
    let label = mistakes.text(&entry.path, members, "label", LABEL_CHARS_MAX).or(name);
    let description = mistakes.text(&entry.path, members, "description", DESCRIPTION_CHARS_MAX);
    let payload_schema = read_fields(mistakes, &entry.path, members, "payloadSchema");
    let event_type = mistakes.choice(&entry.path, members, "type", EventType::VARIANTS)?;
    Some(EventDeclaration { event_type, label, description, payload_schema })
}
