use std::collections::HashSet;
use std::path::PathBuf;

use super::*;

fn described() -> Value {
    serde_json::from_str(&rendered()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    methods.collect()
}

#[test]
fn the_committed_description_is_that_of_the_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, rendered()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == rendered(), "openapi.json is out of date: run `make openapi`");
}

#[test]
fn the_description_lists_every_problem_and_no_other() {
    let document = described();
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let listed: HashSet<_> =
        listed.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let known: HashSet<_> =
        Problem::VARIANTS.iter().map(|it| format!("{TYPE_BASE}{}", it.slug())).collect();
    assert_eq!(listed, known.iter().map(String::as_str).collect());
}

#[test]
fn operations_have_names_tags_and_problems() {
    let document = described();
    let tags: HashSet<_> = TAGS.map(|(name, _)| name).into();
    let mut names = HashSet::new();
    for (route, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{route}: `{name}` names two operations");
        let tag = operation["tags"][0].as_str().unwrap();
        assert!(tags.contains(tag), "{route}: no tag `{tag}` is described");
        assert!(operation["summary"].is_string(), "{route} has no summary");
        assert!(operation["responses"]["4XX"].is_object(), "{route} answers no problem");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| walk(value, references));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, references)),
            _ => {}
        }
    }
    let document = described();
    let mut references = Vec::new();
    walk(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn the_page_runs_only_its_own_script_and_style() {
    let page = Page::compose();
    let html = std::str::from_utf8(&page.html).unwrap();
    for tag in ["style", "script"] {
        let (_, rest) = html.split_once(&format!("<{tag}>")).unwrap();
        let (text, _) = rest.split_once(&format!("</{tag}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(text));
        assert!(page.policy.contains(&format!("{tag}-src 'sha256-{hash}'")), "{tag}");
    }
    assert!(!page.policy.contains("unsafe"));
}
