//! Mapping in the words of `xkit.js`: what it saves is in force, and is shown as it was saved.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use support::page::{Page, list_origin, refused};
use support::{TestHub, problem};

const CRM: &str = "/api/platform_user/connection/acme-crm";

fn declared() -> Json {
    json!({"objects": {
        "worksite": {
            "label": "Worksite",
            "fields": {
                "site_name": {"type": "string", "label": "Site name"},
                "visit_on": {"type": "string", "format": "datetime", "label": "Visit"},
                "note": {"type": "string", "label": "Note"},
                "extras": {"type": "object", "label": "Extras"},
            },
            "events": {
                "find_open": {"type": "search", "payloadSchema": {"title": {"type": "string"}}},
                "opened": {"type": "create", "payloadSchema": {
                    "title": {"type": "string"}, "reason": {"type": "string"},
                }},
                "closed": {"type": "delete"},
            },
        },
        "crew": {"fields": {"name": {"type": "string"}}},
    }})
}

async fn connected(hub: &TestHub) -> Page<'_> {
    list_origin(hub).await;
    let page = Page::of(hub, "acme").await;
    page.post("/api/platform_user/connections/native", json!({"id": "acme-crm"})).await;
    page
}

fn at(path: &str) -> String {
    format!("#/definitions/Opportunity/properties/{path}")
}

async fn entity(page: &Page<'_>, slug: &str) -> Json {
    let all = page.get(&format!("{CRM}/api_objects")).await;
    let all = all["api_objects"].as_array().unwrap();
    all.iter().find(|it| it["slug"] == slug).unwrap().clone()
}

fn mapping(opportunity: &Json) -> Json {
    let named = |slug: &str| json!({"slug": slug});
    json!([
        {
            "crm_object_id": 1, "api_object_id": opportunity["id"],
            "transformations": [
                {"field": named("site_name"), "name": "direct", "source_pointer": at("Title")},
                {"field": named("visit_on"), "name": "date", "source_pointer": at("CreatedOn")},
                {"field": named("note"), "name": "static", "static_value": "ours"},
                {"field": named("extras.Stage"), "name": "direct",
                 "source_pointer": at("Stage/properties/Name")},
            ],
            "event_actions": [
                {"event": named("find_open"), "action_type": "search", "transformations": [
                    {"name": "direct", "field": named("title"), "criteria_operator": "contains",
                     "source_pointer": at("Title")},
                    {"name": "static", "static_value": "Proposal", "criteria_operator": "eq",
                     "source_pointer": at("Stage/properties/Name")},
                ]},
                {"event": named("opened"), "action_type": "create", "transformations": [
                    {"name": "direct", "field": named("title"), "source_pointer": at("Title")},
                    {"name": "static", "static_value": "Proposal",
                     "source_pointer": at("StageId")},
                    {"name": "empty", "field": named("reason")},
                ]},
                {"event": named("closed"), "action_type": "noop", "transformations": []},
            ],
        },
        {"crm_object_id": 2, "api_object_id": null, "transformations": [], "event_actions": []},
    ])
}

/// The objects as they are answered, with a part that the user made of a field.
async fn objects(page: &Page<'_>) -> Json {
    let mut objects = page.post(&format!("{CRM}/crm_setup"), declared()).await["objects"].take();
    objects[0]["fields"].as_array_mut().unwrap().push(json!({
        "slug": "extras.Stage", "label": "Stage", "description": "Stage",
        "simple_type": {"type": "string", "format": null}, "parent_slug": "extras",
    }));
    objects
}

#[tokio::test]
async fn what_a_page_saves_is_in_force_and_is_shown_again() {
    let hub = TestHub::start().await;
    let page = connected(&hub).await;
    let setup = page.post(&format!("{CRM}/crm_setup"), declared()).await;
    let visit = json!({
        "id": 2, "slug": "visit_on", "label": "Visit", "description": "",
        "simple_type": {"type": "string", "format": "datetime"},
    });
    assert_eq!(setup["objects"][0]["fields"][1], visit);
    assert_eq!(setup["objects"][0]["events"][0]["fields"][0]["slug"], "title");
    assert_eq!(setup["objects"][1]["id"], 2);

    let opportunity = entity(&page, "Opportunity").await;
    let mapping = mapping(&opportunity);
    let objects = objects(&page).await;
    let save = json!({"objects": objects, "mapping": mapping});
    let saved = page.post(&format!("{CRM}/crm_mapping"), save).await;
    assert_eq!(saved["mapping"], mapping);
    assert_eq!(saved["objects"], objects);
    assert_eq!(page.get(&format!("{CRM}/crm_mapping")).await, saved);

    let crm = "/api/v1/crm/acme-crm/objects/worksite/events";
    let opened = json!({"payload": {"title": "Quarry Lane", "reason": "none"}});
    let (status, _, made) = hub.post(&format!("{crm}/opened"), opened).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let data = &made["record"]["data"];
    assert_eq!(data["site_name"], "Quarry Lane");
    assert_eq!((&data["note"], &data["extras"]), (&json!("ours"), &json!({"Stage": "Proposal"})));
    let find = json!({"payload": {"title": "lane"}});
    let (_, _, found) = hub.post(&format!("{crm}/find_open"), find).await;
    assert_eq!(found["records"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn a_column_says_what_it_can_be_used_for() {
    let hub = TestHub::start().await;
    let page = connected(&hub).await;
    let shown = page.get(&format!("{CRM}/api_objects/Opportunity")).await["api_object"].take();
    let selector = &shown["selector"];
    assert_eq!((&selector["pointer"], &shown["label_one"]), (&Json::Null, &json!("Opportunity")));
    let columns = selector["children"].as_array().unwrap();
    let title = columns.iter().find(|it| it["api_name"] == "Title").unwrap();
    assert_eq!(title["pointer"], at("Title"));
    assert_eq!((&title["required"], &title["searchable"]), (&json!(true), &json!(true)));
    let string = json!({"type": "string", "format": null});
    let feeds = title["input_types"].as_array().unwrap();
    let feeds = feeds.iter().find(|it| it["input_type"] == string).unwrap();
    assert_eq!(feeds["transformations"][0], "direct");
    let absent = page.call(Method::GET, &format!("{CRM}/api_objects/Absent"), Json::Null).await;
    refused(absent, "entity-not-found");
}

#[tokio::test]
async fn what_means_nothing_is_named_and_nothing_is_saved() {
    let hub = TestHub::start().await;
    let page = connected(&hub).await;
    let opportunity = entity(&page, "Opportunity").await;
    let objects = objects(&page).await;
    let good = mapping(&opportunity);
    let before = page.get(&format!("{CRM}/crm_mapping")).await;
    for (path, value, named) in [
        ("/0/crm_object_id", json!(9), "/mapping/0/crm_object_id"),
        ("/0/api_object_id", json!(999), "/mapping/0/api_object_id"),
        ("/0/transformations/0/name", json!("find"), "/mapping/0/transformations/0/name"),
        (
            "/0/transformations/0/source_pointer",
            json!("#/definitions/Contact/properties/Name"),
            "/mapping/0/transformations/0/source_pointer",
        ),
        (
            "/0/transformations/0/source_pointer",
            json!(at("Absent")),
            "/mapping/objects/worksite/fields/site_name/column",
        ),
        ("/0/event_actions/0/action_type", json!("find"), "/mapping/0/event_actions/0/action_type"),
    ] {
        let mut mapping = good.clone();
        *mapping.pointer_mut(path).unwrap() = value;
        let save = json!({"objects": objects, "mapping": mapping});
        let answer = page.call(Method::POST, &format!("{CRM}/crm_mapping"), save).await;
        assert_eq!(problem(&answer), (400, "invalid-request".to_owned(), vec![named.to_owned()]));
    }
    // Everything must be said something of, as in Link.
    let save = json!({"objects": objects, "mapping": [good[1]]});
    let answer = page.call(Method::POST, &format!("{CRM}/crm_mapping"), save).await;
    assert_eq!(problem(&answer).0, 400);
    assert_eq!(page.get(&format!("{CRM}/crm_mapping")).await, before);
}

#[tokio::test]
async fn what_has_no_words_is_left_out_and_cannot_be_lost_unseen() {
    let hub = TestHub::start().await;
    let page = connected(&hub).await;
    let objects = json!({"deal": {
        "fields": {"name": {"type": "string"}, "upper": {"type": "string"}},
        "events": {"find": {"type": "search"}},
    }});
    let filter = json!({"any": [{"column": "Title", "op": "is_null"}]});
    let mapping = json!({"objects": {"deal": {
        "entity": "Opportunity",
        "fields": {"name": {"column": "Title"}, "upper": {"expression": "record.Title"}},
        "events": {"find": {"action": "search", "filter": filter}},
    }}});
    let path = "/api/v1/connections/acme-crm";
    hub.put(&format!("{path}/objects"), json!({"objects": objects})).await;
    let (status, _, body) = hub.put(&format!("{path}/mapping"), mapping.clone()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let shown = page.get(&format!("{CRM}/crm_mapping")).await;
    assert_eq!(shown["mapping"][0]["transformations"].as_array().unwrap().len(), 1);
    assert_eq!(shown["mapping"][0]["event_actions"], json!([]));
    let answer = page.call(Method::POST, &format!("{CRM}/crm_mapping"), shown).await;
    assert_eq!(problem(&answer).0, 400, "the rest would be gone");
    let (_, _, kept) = hub.get(&format!("{path}/mapping")).await;
    assert_eq!(kept, mapping);
}
