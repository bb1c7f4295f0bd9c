//! An app follows the records that its users' searches find.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::{CONNECTION, object_path, text};
use turnbuckle_testkit::{Call, Client, WebhookSink};

use super::hub;

/// An app that follows its users' deals by their stage, and may rename them.
async fn declare(client: &Client, stage: &str) {
    let title = json!({"title": {"type": "string", "label": "Title"}});
    let objects = json!({"deal": {
        "fields": title,
        "events": {
            "of_account": {
                "type": "search", "label": "Of an account",
                "payloadSchema": {"account": {"type": "string", "label": "Account"}}
            },
            "titled": {"type": "search", "label": "By its title", "payloadSchema": title},
            "rename": {"type": "update", "label": "Rename", "payloadSchema": title},
        }
    }});
    client.declare(objects, mapping(stage)).await;
}

fn mapping(stage: &str) -> Json {
    json!({"deal": {
        "entity": "Opportunity",
        "fields": {"title": {"column": "Title"}},
        "events": {
            "of_account": {"action": "search", "filter": {"all": [
                {"column": "AccountId", "op": "eq", "payload": "account"},
                {"column": "Stage.Name", "op": "eq", "value": stage}
            ]}},
            "titled": {"action": "search", "filter":
                {"column": "Title", "op": "starts_with", "payload": "title"}},
            "rename": {"action": "update", "columns": {"Title": {"payload": "title"}}},
        }
    }})
}

async fn account(client: &Client) -> String {
    text(&client.create_record("Account", json!({"Name": "Apple"})).await["id"])
}

async fn deal(client: &Client, account: &str, title: &str, stage: &str) -> String {
    let data = json!({"Title": title, "StageId": stage, "AccountId": account});
    text(&client.create_record("Opportunity", data).await["id"])
}

async fn update(client: &Client, id: &str, data: Json) {
    client.update_record("Opportunity", id, data).await;
}

async fn follow_search(client: &Client, account: &str) {
    let path = format!("{}/events/of_account/subscriptions", object_path("deal"));
    client.post(&path, json!({"payload": {"account": account}})).await.expect(204);
}

async fn follow_record(client: &Client, id: &str) {
    let path = format!("{}/Opportunity:{id}/subscriptions", object_path("deal"));
    client.post(&path, Json::Null).await.expect(204);
}

/// Type and title of each message.
fn told(calls: &[Call]) -> Vec<(String, String)> {
    let told = |call: &Call| {
        let event = &call.json()["event"];
        (text(&event["type"]), text(&event["record"]["data"]["title"]))
    };
    calls.iter().map(told).collect()
}

#[track_caller]
fn check(calls: &[Call], expected: &[(&str, &str)]) {
    let expected: Vec<_> =
        expected.iter().map(|(kind, title)| ((*kind).to_owned(), (*title).to_owned())).collect();
    assert_eq!(told(calls), expected);
}

/// A receiver of all that was subscribed to, one message for each change.
async fn follow(client: &Client, more: Json) -> WebhookSink {
    let sink = WebhookSink::start().await;
    let mut settings = json!({"format": "universal", "coalesce": false});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.create_endpoint(&sink, settings).await;
    sink
}

#[tokio::test]
async fn records_that_enter_change_within_and_leave_a_search_are_told_of() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({})).await;
    let (account, other) = (account(client).await, account(client).await);
    follow_search(client, &account).await;

    deal(client, &other, "Of another account", "Proposal").await;
    let id = deal(client, &account, "Plane", "Qualification").await;
    update(client, &id, json!({"Title": "Still outside"})).await;
    update(client, &id, json!({"StageId": "Proposal"})).await;
    update(client, &id, json!({"Notes": "no field of the app"})).await;
    update(client, &id, json!({"Title": "Ship"})).await;
    update(client, &id, json!({"StageId": "Qualification"})).await;
    update(client, &id, json!({"Title": "Outside again"})).await;
    update(client, &id, json!({"StageId": "Proposal", "Title": "Car"})).await;
    client.delete_record("Opportunity", &id).await;
    let created = deal(client, &account, "Train", "Proposal").await;
    client.delete_record("Opportunity", &created).await;

    let mut calls = sink.wait_for(7).await;
    // Two records do not wait for each other.
    calls.sort_by_key(|call| call.json().to_string().contains(&created));
    check(
        &calls,
        &[
            ("update", "Still outside"),
            ("update", "Ship"),
            ("update", "Ship"),
            ("update", "Car"),
            ("delete", "Car"),
            ("create", "Train"),
            ("delete", "Train"),
        ],
    );
}

#[tokio::test]
async fn a_followed_record_is_told_of_until_it_is_deleted() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({})).await;
    let account = account(client).await;
    let id = deal(client, &account, "Plane", "Proposal").await;
    deal(client, &account, "Not followed", "Proposal").await;
    follow_record(client, &id).await;
    // Twice followed is told once.
    follow_search(client, &account).await;

    update(client, &id, json!({"Notes": "no field of the app"})).await;
    update(client, &id, json!({"Title": "Ship"})).await;
    client.delete_record("Opportunity", &id).await;
    check(&sink.wait_for(2).await, &[("update", "Ship"), ("delete", "Ship")]);
}

/// Searches that no key tells apart are judged one by one, however many they are.
#[tokio::test]
async fn each_of_many_searches_that_share_a_key_finds_its_records() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({})).await;
    let account = account(client).await;
    let path = format!("{}/events/titled/subscriptions", object_path("deal"));
    for number in 0..60 {
        let wish = json!({"payload": {"title": format!("Deal {number} ")}});
        client.post(&path, wish).await.expect(204);
    }
    let wanted = [0, 15, 16, 17, 59];
    deal(client, &account, "Deal 60 of nobody", "Proposal").await;
    for number in wanted {
        deal(client, &account, &format!("Deal {number} of somebody"), "Proposal").await;
    }
    let mut titles: Vec<_> = told(&sink.wait_for(wanted.len()).await);
    titles.sort();
    let mut expected =
        wanted.map(|number| ("create".to_owned(), format!("Deal {number} of somebody")));
    expected.sort();
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn an_app_need_not_hear_of_its_own_writes() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({"own_changes": "drop"})).await;
    let everything = follow(client, json!({})).await;
    let account = account(client).await;
    let id = deal(client, &account, "Plane", "Proposal").await;
    follow_record(client, &id).await;

    let path = format!("{}/events/rename", object_path("deal"));
    let own = json!({"payload": {"title": "By the app"}, "record_id": format!("Opportunity:{id}")});
    client.post(&path, own).await.expect(200);
    update(client, &id, json!({"Title": "By a person"})).await;
    let expected = [("update", "By the app"), ("update", "By a person")];
    check(&everything.wait_for(2).await, &expected);
    check(&sink.wait_for(1).await, &expected[1..]);
}

#[tokio::test]
async fn a_change_after_the_answer_to_a_subscription_is_told() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({})).await;
    let account = account(client).await;
    for number in 0..30 {
        let id = deal(client, &account, "Plane", "Proposal").await;
        follow_record(client, &id).await;
        update(client, &id, json!({"Title": format!("Ship {number}")})).await;
    }
    let mut titles: Vec<_> = told(&sink.wait_for(30).await);
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 30);
}

#[tokio::test]
async fn a_changed_mapping_finds_its_subscriptions_again_and_loses_no_change() {
    let hub = hub().await;
    let client = hub.client();
    declare(client, "Proposal").await;
    let sink = follow(client, json!({})).await;
    let followed = account(client).await;
    follow_search(client, &followed).await;
    // Enough subscriptions that rebuilding their keys takes a while.
    for number in 0..300 {
        follow_search(client, &format!("account {number}")).await;
    }

    for round in 0..5 {
        let (stage, other) = match round % 2 {
            0 => ("Qualification", "Proposal"),
            _ => ("Proposal", "Qualification"),
        };
        let path = format!("/api/v1/connections/{CONNECTION}/mapping");
        client.put(&path, json!({ "objects": mapping(stage) })).await.success();
        for number in 0..10 {
            deal(client, &followed, "unheard of", other).await;
            deal(client, &followed, &format!("{round} {number}"), stage).await;
        }
        // A change is told by the mapping at its matching: the next one would tell these.
        sink.wait_for(10 * (round + 1)).await;
    }
    let mut titles: Vec<_> = told(&sink.wait_for(50).await);
    titles.sort();
    let expected: Vec<_> = (0..50)
        .map(|number| ("create".to_owned(), format!("{} {}", number / 10, number % 10)))
        .collect();
    assert_eq!(titles, expected);
}

/// Visits at a time, which their subscribers name in the time zone of the connection.
async fn declare_visits(client: &Client, objects: &[&str]) {
    let string = |label: &str| json!({"type": "string", "label": label});
    let declaration = json!({
        "fields": {"title": string("Title")},
        "events": {"at": {"type": "search", "label": "At", "payloadSchema": {"time": string("Time")}}}
    });
    let objects: serde_json::Map<_, _> =
        objects.iter().map(|name| ((*name).to_owned(), declaration.clone())).collect();
    let path = format!("/api/v1/connections/{CONNECTION}/objects");
    client.put(&path, json!({ "objects": objects })).await.success();
}

#[tokio::test]
async fn an_object_that_is_undeclared_for_a_while_keeps_its_subscriptions() {
    let hub = hub().await;
    let client = hub.client();
    let connection = format!("/api/v1/connections/{CONNECTION}");
    let columns = json!([
        {"name": "UsrName", "label": "Name", "type": "text"},
        {"name": "UsrAt", "label": "At", "type": "datetime"}
    ]);
    let visit = json!({"label": "Visit", "label_plural": "Visits", "columns": columns});
    client.put(&format!("{connection}/entities/UsrVisit"), visit).await.success();
    let both = ["early", "late"];
    declare_visits(client, &both).await;
    let mapped = json!({
        "entity": "UsrVisit",
        "fields": {"title": {"column": "UsrName"}},
        "events": {"at": {"action": "search", "filter": {"column": "UsrAt", "op": "eq", "payload": "time"}}}
    });
    let mapping = json!({"objects": {"early": mapped, "late": mapped}});
    client.put(&format!("{connection}/mapping"), mapping).await.success();
    let sink = follow(client, json!({})).await;
    for object in both {
        let path = format!("{}/events/at/subscriptions", object_path(object));
        client.post(&path, json!({"payload": {"time": "2026-05-01 09:00"}})).await.expect(204);
    }

    // Keys are built for one object after the other, by name: when the second
    // tells, those of the first were built while it was not declared.
    declare_visits(client, &["late"]).await;
    client.patch(&connection, json!({"time_zone": "Asia/Tokyo"})).await.success();
    let visit = async |name: &str| {
        let data = json!({"UsrName": name, "UsrAt": "2026-05-01T00:00:00Z"});
        client.create_record("UsrVisit", data).await;
    };
    visit("first").await;
    check(&sink.wait_for(1).await, &[("create", "first")]);
    declare_visits(client, &both).await;
    visit("second").await;
    check(
        &sink.wait_for(3).await,
        &[("create", "first"), ("create", "second"), ("create", "second")],
    );
}
