use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;

use super::plans::columns;
use super::*;
use crate::body;

fn read(folder: &Path, name: &str) -> Json {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

fn read_pairs(document: &Json) -> Vec<Pair<'_>> {
    let members = document.as_object().unwrap();
    members.iter().map(|(name, value)| (name.into(), value.as_str().unwrap().into())).collect()
}

/// Takes one sender's post through decoding and planning.
fn check_sender(folder: &Path) {
    let request = read(folder, "request.json");
    let settings = SourceSettings::parse(&read(folder, "source.json")).unwrap();
    assert_eq!(settings.check(&schema()), [], "{folder:?}");

    let raw = fs::read(folder.join(request["body"].as_str().unwrap())).unwrap();
    let body = body::decode(request["content_type"].as_str(), &raw, true).unwrap();
    let inbound = InboundRequest {
        body: &body,
        headers: &read_pairs(&request["headers"]),
        query: &read_pairs(&request["query"]),
        received_at: "2024-05-01T10:00:00Z".parse().unwrap(),
    };
    let admitted: Vec<String> = schema().entities.into_keys().collect();
    let plan = plan_event(&settings, &schema(), &admitted, &inbound, &TimeZone::UTC, &[]);
    assert_eq!(plan.warnings, [], "{folder:?}");

    let found: Vec<Json> = plan
        .writes
        .unwrap()
        .iter()
        .map(|record| {
            let values = [record.plan.values.as_slice(), &record.defaults].concat();
            let mut columns = columns(&values);
            for value in columns.as_object_mut().unwrap().values_mut() {
                if let Some(given) = value.get("lookup") {
                    *value = given.clone();
                }
            }
            json!({ "entity": record.entity, "columns": columns })
        })
        .collect();
    assert_eq!(Json::from(found), read(folder, "expected.json"), "{folder:?}");
    let has_key = dedupe_key(settings.dedupe.as_ref(), inbound.headers, &body.value).is_some();
    assert_eq!(has_key, settings.dedupe.is_some(), "{folder:?}");
}

#[test]
fn every_sender_is_planned_as_its_user_expects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/senders");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(folders.len() >= 10, "{folders:?}");
    folders.iter().for_each(|folder| check_sender(folder));
}
