//! What real senders post, bodies as their documentation shows them, ends as the
//! records that their user expects. The samples are those of
//! `turnbuckle-core/testdata/senders`, posted to real sources of one hub.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use turnbuckle_testkit::setup::{records_path, text};
use turnbuckle_testkit::{Client, HubProcess};

fn senders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../turnbuckle-core/testdata/senders");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(folders.len() >= 10, "{folders:?}");
    folders
}

fn read(folder: &Path, name: &str) -> Json {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

fn members(document: &Json) -> &Map<String, Json> {
    document.as_object().unwrap()
}

/// A source as in `source.json`, which answers with what became of a post.
async fn source(client: &Client, folder: &Path) -> String {
    let mut settings = read(folder, "source.json");
    settings["reply"] = json!("processed");
    settings["entities"] = json!(["Contact", "Lead", "Opportunity", "Order", "FormSubmit"]);
    client.create_source(settings).await.path
}

/// Posts the sample as its sender does.
async fn post(client: &Client, path: &str, folder: &Path) -> Json {
    let sample = read(folder, "request.json");
    let body = fs::read(folder.join(text(&sample["body"]))).unwrap();
    let query: Vec<_> =
        members(&sample["query"]).iter().map(|(name, value)| (name, text(value))).collect();
    let query = serde_urlencoded::to_string(query).unwrap();
    let mut request = client
        .anonymous()
        .request(reqwest::Method::POST, &format!("{path}?{query}"))
        .header("content-type", text(&sample["content_type"]))
        .body(body);
    for (name, value) in members(&sample["headers"]) {
        request = request.header(name, text(value));
    }
    client.send(request).await.expect(200)
}

/// A lookup is sent as its id or as what people call its record, and stored as its id.
async fn check_column(client: &Client, record: &str, column: &str, expected: &Json) {
    let data = client.get(record).await.expect(200)["record"]["data"].clone();
    let found = &data[column];
    if found == expected || !column.ends_with("Id") {
        assert_eq!(found, expected, "{column} of {data}");
        return;
    }
    let (records, _) = record.rsplit_once('/').unwrap();
    let name = format!("{}.Name", column.trim_end_matches("Id"));
    let filter = json!({"all": [
        {"column": "Id", "op": "eq", "value": data["Id"]},
        {"column": name, "op": "eq", "value": expected}
    ]});
    let answer = client.post(&format!("{records}/search"), json!({ "filter": filter })).await;
    let found = answer.expect(200)["records"].as_array().unwrap().len();
    assert_eq!(found, 1, "{name} of {data} is not {expected}");
}

async fn check_sender(client: &Client, folder: &Path) {
    let path = source(client, folder).await;
    let outcome = post(client, &path, folder).await;
    assert_eq!(outcome["status"], "done", "{folder:?}: {outcome}");
    assert_eq!(outcome["warnings"], json!([]), "{folder:?}: {outcome}");
    let expected = read(folder, "expected.json");
    let expected = expected.as_array().unwrap();
    let records = outcome["records"].as_array().unwrap();
    assert_eq!(records.len(), expected.len(), "{folder:?}: {outcome}");
    for (record, expected) in records.iter().zip(expected) {
        let entity = text(&expected["entity"]);
        assert_eq!(record["entity"], expected["entity"]);
        let path = format!("{}/{}", records_path(&entity), text(&record["id"]));
        for (column, value) in members(&expected["columns"]) {
            check_column(client, &path, column, value).await;
        }
    }

    // The sender comes again because our answer was lost on its way.
    if !read(folder, "source.json")["dedupe"].is_null() {
        let again = post(client, &path, folder).await;
        assert_eq!(again["id"], outcome["id"], "{folder:?} is known again");
    }
}

#[tokio::test]
async fn every_sender_leaves_the_records_its_user_expects() {
    let hub = HubProcess::start(env!("CARGO_BIN_EXE_turnbuckle")).await;
    let client = hub.client();
    client.connect().await;
    for folder in senders() {
        check_sender(client, &folder).await;
    }
}
