//! A value of the wrong type is refused in words of JSON: whoever sends one has
//! never heard of our types.

mod support;

use http::Method;
use serde_json::{Value as Json, json};
use support::{Answer, TestHub};
use turnbuckle_server::api::openapi;

/// Words of the language that this is written in.
const OURS: [&str; 22] = [
    "struct",
    "variant",
    "enum",
    "tuple",
    "newtype",
    "unit",
    "map",
    "sequence",
    "usize",
    "isize",
    "u8",
    "u16",
    "u32",
    "u64",
    "i32",
    "i64",
    "f32",
    "f64",
    "bool",
    "serde",
    "deserialize",
    "None",
];

/// What a refusal says in words of ours, if it does.
fn ours(answer: &Answer) -> Vec<String> {
    let (_, _, body) = answer;
    let errors = body["errors"].as_array().into_iter().flatten();
    let details = errors.map(|it| &it["detail"]).chain([&body["detail"]]);
    let details = details.filter_map(|detail| detail.as_str()).filter(|detail| {
        let mut words = detail.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| OURS.contains(&word))
            || detail.contains("invalid type")
            || detail.contains("invalid value")
    });
    details.map(str::to_owned).collect()
}

fn wrong_values() -> [Json; 10] {
    [
        json!(5),
        json!(1.5),
        json!(-1),
        json!(1e30),
        json!(true),
        json!("x"),
        json!([]),
        json!([5, "x"]),
        json!({}),
        json!({"x": 5}),
    ]
}

/// The members that a schema describes, with those of what it refers to.
fn members(document: &Json, schema: &Json) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return members(document, &document["components"]["schemas"][name]);
    }
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|part| schema[part].as_array());
    let own = schema["properties"].as_object().into_iter().flat_map(|it| it.keys().cloned());
    own.chain(parts.flatten().flat_map(|part| members(document, part))).collect()
}

#[tokio::test]
async fn no_refusal_speaks_of_our_types() {
    let hub = TestHub::with_connection().await;
    let id = async |path: &str, body: Json, noun: &str| {
        hub.post(path, body).await.2[noun]["id"].as_str().unwrap().to_owned()
    };
    let source =
        id("/api/v1/sources", json!({"name": "x", "connection": "acme-crm"}), "source").await;
    let endpoint = id("/api/v1/endpoints", json!({"url": "https://app.example"}), "endpoint").await;
    let objects = json!({"objects": {"person": {"events": {"add": {"type": "create"}}}}});
    hub.put("/api/v1/connections/acme-crm/objects", objects).await;
    let place = |path: &str| {
        path.replace("{connection}", "acme-crm")
            .replace("{source}", &source)
            .replace("{endpoint}", &endpoint)
            .replace("{entity}", "Contact")
            .replace("{object}", "person")
            .replace("{event}", "add")
            .replace(['{', '}'], "")
    };

    let document: Json = serde_json::from_str(&openapi::rendered()).unwrap();
    let (mut tried, mut found) = (0, Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        let operations = item.as_object().unwrap();
        // A patch is described as an object: its members are those of the whole.
        let schemas = operations.values().filter_map(|operation| {
            let content = operation.get("requestBody")?.get("content")?;
            content.get("application/json")?.get("schema")
        });
        let members: Vec<_> = schemas.flat_map(|schema| members(&document, schema)).collect();
        for (method, operation) in operations {
            let method: Method = method.to_uppercase().parse().unwrap();
            let at = place(path);
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|it| it["in"] == "query") {
                for value in ["x", "1.5", "-1", "", "%ff"] {
                    let at = format!("{at}?{}={value}", parameter["name"].as_str().unwrap());
                    found.extend(ours(&hub.json(method.clone(), &at, None, &[]).await));
                    tried += 1;
                }
            }
            if operation.get("requestBody").is_none() {
                continue;
            }
            for member in &members {
                for value in wrong_values() {
                    let body = json!({ member: value });
                    let call = format!("{method} {path} {body}");
                    let answer = hub.json(method.clone(), &at, Some(body), &[]).await;
                    found.extend(ours(&answer).into_iter().map(|it| format!("{call} → {it}")));
                    tried += 1;
                }
            }
        }
    }
    assert!(500 < tried, "{tried} values were tried");
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn a_type_of_column_that_there_is_not_is_refused_in_words() {
    let hub = TestHub::with_connection().await;
    let column = json!({"name": "Size", "label": "Size", "type": "txt"});
    let path = "/api/v1/connections/acme-crm/entities/Vehicle";
    let answer = hub.put(path, json!({"label": "Vehicle", "columns": [column]})).await;
    assert_eq!(ours(&answer), [""; 0]);
    assert_eq!(answer.2["errors"][0]["path"], "/columns/0/type", "{}", answer.2);
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_in_words() {
    let hub = TestHub::start().await;
    let answer = hub.get("/api/v1/connections/%ff").await;
    assert_eq!(answer.0, 400);
    assert_eq!(ours(&answer), [""; 0]);
    let detail = answer.2["detail"].as_str().unwrap();
    assert!(detail.contains("`{connection}`") && detail.contains("UTF-8"), "{detail}");
}
