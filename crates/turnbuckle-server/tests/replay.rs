//! Stories of those who read the webhook log, mend what failed, and send again
//! what was lost.

mod intake;
mod support;

use std::collections::HashSet;

use http::Method;
use indexmap::IndexMap;
use intake::Intake;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::change::ChangeType;
use turnbuckle_core::coalesce::Changed;
use turnbuckle_core::id::{DeliveryId, EndpointId, RecoveryId, SourceId};
use turnbuckle_server::catalog::EndpointSecrets;
use turnbuckle_server::workers::runs;
use turnbuckle_store::delivery::{AfterAttempt, Attempt, Draft};
use turnbuckle_store::endpoint::{Endpoint, EndpointStatus};
use turnbuckle_store::replay::{Run, RunKind};

const LOG: &str = "/api/v1/inbound-events";
const REPLAY: &str = "/api/v1/inbound-events/replay";

/// Starts a replay and lets the worker end it.
async fn replay(hub: &Intake, asked: Json) -> Json {
    let (status, _, started) = hub.post(REPLAY, asked).await;
    assert_eq!(status, 202, "{started}");
    let path = format!("/api/v1/replays/{}", started["replay"]["id"].as_str().unwrap());
    assert_eq!(started["replay"]["status"], "running");
    end_runs(hub).await;
    let (_, _, ended) = hub.get(&path).await;
    assert_eq!(ended["replay"]["status"], "done");
    ended["replay"].clone()
}

/// Lets the worker end what is open.
async fn end_runs(hub: &Intake) {
    let shutdown = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "awaited at the end of the test")]
    let worker = tokio::spawn(runs::run(hub.app.clone(), shutdown.clone()));
    while !hub.app.store.open_runs().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    shutdown.cancel();
    worker.await.unwrap();
}

async fn post_and_process(hub: &Intake, source: &Json, body: Json) -> Json {
    let id = hub.send_to(source, &body.to_string()).await.expect(200).json["id"].clone();
    hub.process().await;
    id
}

#[tokio::test]
async fn the_log_is_filtered_and_read_page_by_page() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let other = hub.source(json!({})).await;
    let ada = json!({ "EntityName": "Lead", "Contact": "Ada" });
    let done = post_and_process(&hub, &source, ada.clone()).await;
    let failed = post_and_process(&hub, &source, json!({ "EntityName": "Leed" })).await;
    let elsewhere = post_and_process(&hub, &other, ada).await;
    let new = hub.send_to(&source, "{}").await.json["id"].clone();
    let record = hub.event(&done).await["records"][0]["id"].as_str().unwrap().to_owned();

    let check = async |query: &str, expect: &[&Json]| {
        let (status, _, listed) = hub.get(&format!("{LOG}?{query}")).await;
        assert_eq!(status, 200, "{listed}");
        let ids: Vec<&Json> =
            listed["inbound_events"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, expect, "{query}");
        listed["page"].clone()
    };
    check("", &[&new, &elsewhere, &failed, &done]).await;
    check(&format!("source={}", other["id"].as_str().unwrap()), &[&elsewhere]).await;
    check("status=new", &[&new]).await;
    check("status=failed", &[&failed]).await;
    check("status=done&entity=Lead", &[&elsewhere, &done]).await;
    check("entity=Contact", &[]).await;
    check("error=leed", &[&failed]).await;
    check(&format!("record={record}"), &[&done]).await;
    check(&format!("record=Contact:{record}"), &[&done]).await;
    check("since=2100-01-01T00:00:00Z", &[]).await;
    check("until=2100-01-01T00:00:00Z&limit=1", &[&new]).await;
    let page = check("limit=2", &[&new, &elsewhere]).await;
    let cursor = page["next"].as_str().unwrap();
    check(&format!("limit=2&cursor={cursor}"), &[&failed, &done]).await;

    for wrong in ["status=odd", "since=yesterday", "source=x", "sauce=x", "limit=0", "cursor=x"] {
        assert_eq!(hub.get(&format!("{LOG}?{wrong}")).await.0, 400, "{wrong}");
    }
    // A cursor belongs to its filter.
    assert_eq!(hub.get(&format!("{LOG}?status=new&cursor={cursor}")).await.0, 400);
    assert_eq!(hub.get(&format!("{LOG}/in_nothing")).await.0, 404);
}

#[tokio::test]
async fn an_event_is_shown_as_it_was_received() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let path = format!("{}?utm=a%20b", Intake::address(&source));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", "Bearer secret"),
        ("x-many", "1"),
        ("x-many", "2"),
    ];
    let body = axum::body::Body::from(&b"a=\xff"[..]);
    let answer = hub.call(Method::POST, &path, &headers, body).await.expect(400);
    let event = hub.event(&json!(answer.header("x-event-id").unwrap())).await;
    assert_eq!(event["headers"]["authorization"], "***");
    assert_eq!(event["headers"]["x-many"], "1, 2");
    assert_eq!(event["content_type"], headers[0].1);
    assert_eq!(event["query"], "utm=a%20b");
    assert_eq!(event["source"], source["id"]);
    assert_eq!((&event["body"], &event["body_encoding"]), (&json!("YT3/"), &json!("base64")));
}

#[tokio::test]
async fn what_failed_is_done_after_the_source_was_mended() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let mut ids = Vec::new();
    for index in 0..250 {
        let body = json!({ "who": format!("Ada {index}") });
        ids.push(hub.send_to(&source, &body.to_string()).await.json["id"].clone());
    }
    hub.process().await;
    assert_eq!(hub.event(&ids[0]).await["status"], "failed");
    let mapping = json!({ "entity": "Lead", "columns": { "Contact": { "path": "body.who" } } });
    let path = format!("/api/v1/sources/{}", source["id"].as_str().unwrap());
    assert_eq!(hub.patch(&path, json!({ "mapping": mapping })).await.0, 200);

    let asked = json!({ "source": source["id"], "status": "failed" });
    let ended = replay(&hub, asked).await;
    assert_eq!(
        (&ended["total"], &ended["done"], &ended["failed"]),
        (&json!(250), &json!(250), &json!(0))
    );
    let event = hub.event(&ids[7]).await;
    assert_eq!((&event["status"], &event["error"]), (&json!("done"), &json!(null)));
    let lead = hub.record("Lead", &event["records"][0]["id"]).await.unwrap();
    assert_eq!(lead["Contact"], "Ada 7");

    let turned = json!({ "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" });
    let (status, _, answer) = hub.post(REPLAY, turned).await;
    assert_eq!((status.as_u16(), &answer["errors"][0]["path"]), (400, &json!("/until")));
    let unknown = SourceId(hub.app.mint()).to_string();
    let (status, _, answer) = hub.post(REPLAY, json!({ "source": unknown })).await;
    assert_eq!(
        (status.as_u16(), &answer["detail"]),
        (404, &json!(format!("no source `{unknown}`")))
    );
}

#[tokio::test]
async fn a_replay_updates_the_records_it_made_and_as_new_makes_others() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let body = json!({ "EntityName": "Lead", "Contact": "Ada" });
    let id = post_and_process(&hub, &source, body).await;
    let first = hub.event(&id).await["records"].clone();

    let ended = replay(&hub, json!({ "ids": [id, id] })).await;
    assert_eq!((&ended["total"], &ended["done"]), (&json!(1), &json!(1)));
    assert_eq!(hub.event(&id).await["records"], first);

    replay(&hub, json!({ "ids": [id], "as_new": true })).await;
    let second = hub.event(&id).await["records"].clone();
    assert_ne!(second, first);
    assert!(hub.record("Lead", &first[0]["id"]).await.is_some());
    assert!(hub.record("Lead", &second[0]["id"]).await.is_some());
}

#[tokio::test]
async fn a_dry_run_shows_the_differences_and_changes_nothing() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let body = json!({ "EntityName": "Lead", "Contact": "Ada" });
    let updating = post_and_process(&hub, &source, body).await;
    let failing = post_and_process(&hub, &source, json!({ "EntityName": "Leed" })).await;
    let path = format!("/api/v1/sources/{}", source["id"].as_str().unwrap());
    let defaults = json!({ "defaults": { "Lead": { "Notes": "mended" } } });
    assert_eq!(hub.patch(&path, defaults).await.0, 200);

    let asked = json!({ "source": source["id"], "dry_run": true });
    let (status, _, answer) = hub.post(REPLAY, asked).await;
    assert_eq!(status, 200, "{answer}");
    let replay = &answer["replay"];
    assert_eq!(
        (&replay["total"], &replay["done"], &replay["failed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let [first, second] = &replay["events"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!((&first["event"], &second["event"]), (&updating, &failing));
    assert_eq!(first["records"][0]["change"], "updated");
    assert_eq!(
        first["records"][0]["differences"],
        json!({ "Notes": { "before": null, "after": "mended" } })
    );
    assert!(second["error"].as_str().unwrap().contains("Leed"));

    let record = &hub.event(&updating).await["records"][0]["id"].clone();
    assert_eq!(&first["records"][0]["id"], record);
    assert_eq!(hub.record("Lead", record).await.unwrap().get("Notes"), None);

    let asked = json!({ "ids": [updating], "dry_run": true, "as_new": true });
    let (_, _, answer) = hub.post(REPLAY, asked).await;
    let made = &answer["replay"]["events"][0]["records"][0];
    assert_eq!((&made["change"], &made["id"]), (&json!("created"), &json!(null)));
    assert_eq!(made["differences"]["Contact"], json!({ "before": null, "after": "Ada" }));
}

#[tokio::test]
async fn a_dry_run_tells_each_item_by_what_it_adds_to_those_before_it() {
    let hub = Intake::start().await;
    let mapping = json!({
        "entity": "Lead",
        "each": "body.leads",
        "columns": {
            "Email": { "path": "item.email" },
            "Contact": { "path": "item.name" },
            "Notes": { "path": "item.notes" },
        },
    });
    let settings = json!({ "mapping": mapping, "match_on": { "Lead": ["Email"] } });
    let source = hub.source(settings).await;
    let item = |email: &str, name: &str| json!({ "email": email, "name": name });
    let body = json!({ "leads": [item("a@b.example", "Ada")] });
    let id = post_and_process(&hub, &source, body).await;
    let ada = hub.event(&id).await["records"][0]["id"].clone();

    let mut noted = item("a@b.example", "Ada King");
    noted["notes"] = json!("twice");
    let grace = "g@b.example";
    let leads =
        json!([item("a@b.example", "Ada King"), noted, item(grace, "G"), item(grace, "Grace")]);
    let body = json!({ "leads": leads }).to_string();
    let id = hub.send_to(&source, &body).await.expect(200).json["id"].clone();
    let (_, _, answer) = hub.post(REPLAY, json!({ "ids": [id], "dry_run": true })).await;
    let records = answer["replay"]["events"][0]["records"].as_array().unwrap().iter();
    let shown: Vec<_> = records
        .map(|it| (it["id"].clone(), it["change"].clone(), it["differences"].clone()))
        .collect();
    let differs = |column: &str, before: Json, after: &str| json!({ column: { "before": before, "after": after } });
    let (none, updated) = (Json::Null, json!("updated"));
    assert_eq!(
        shown[..2],
        [
            (ada.clone(), updated.clone(), differs("Contact", json!("Ada"), "Ada King")),
            (ada, updated.clone(), differs("Notes", none.clone(), "twice")),
        ]
    );
    assert_eq!((&shown[2].0, &shown[2].1), (&none, &json!("created")));
    // There is no such record yet that an id could lead to.
    assert_eq!(shown[3], (none, updated, differs("Contact", json!("G"), "Grace")));
}

#[tokio::test]
async fn an_event_whose_source_is_gone_fails_with_the_reason() {
    let hub = Intake::start().await;
    let source = hub.source(json!({})).await;
    let id = post_and_process(&hub, &source, json!({ "EntityName": "Leed" })).await;
    let path = format!("/api/v1/sources/{}", source["id"].as_str().unwrap());
    assert_eq!(hub.delete(&path).await.0, 204);
    let ended = replay(&hub, json!({ "ids": [id] })).await;
    assert_eq!((&ended["done"], &ended["failed"]), (&json!(0), &json!(1)));
    assert_eq!(hub.event(&id).await["error"], "the source of the event was deleted");
}

#[tokio::test]
async fn it_must_be_clear_what_to_replay() {
    let hub = Intake::start().await;
    let check = async |asked: Json, expect: u16| {
        let (status, _, problem) = hub.post(REPLAY, asked.clone()).await;
        assert_eq!(status, expect, "{asked}: {problem}");
    };
    let unknown = "in_0198c5a0000070008000000000000000";
    check(json!({}), 400).await;
    check(json!({ "ids": [] }), 400).await;
    check(json!({ "ids": ["x"] }), 400).await;
    check(json!({ "ids": [unknown] }), 404).await;
    check(json!({ "ids": [unknown], "status": "new" }), 400).await;
    check(json!({ "status": "odd" }), 400).await;
    check(json!({ "since": "yesterday" }), 400).await;
    check(json!({ "sauce": "x" }), 400).await;
    check(json!([]), 400).await;
    check(json!({ "ids": vec![unknown; 10_001] }), 400).await;
    assert_eq!(hub.get("/api/v1/replays/rpl_x").await.0, 404);
}

struct Nothing;

impl Draft for Nothing {
    fn body(&self, _: DeliveryId, _: ChangeType, _: &Changed) -> Vec<u8> {
        b"{}".to_vec()
    }
}

#[tokio::test]
async fn a_recovery_makes_what_was_given_up_due_again() {
    let hub = Intake::start().await;
    let (app, workspace) = (&hub.app, hub.workspace().await);
    let id = EndpointId(app.mint());
    let secrets = EndpointSecrets {
        token: None,
        headers: IndexMap::new(),
        secrets: Vec::new(),
        signing_key: None,
    };
    let settings =
        json!({ "url": "https://app.example/hooks", "format": "universal", "coalesce": false });
    let endpoint = Endpoint {
        id,
        workspace,
        connection: None,
        settings,
        sealed: secrets.seal(&app.sealer, workspace, id),
        status: EndpointStatus::Active,
        status_reason: None,
        last_success_at: None,
        version: 1,
        created_at: app.now(),
        updated_at: app.now(),
    };
    app.store.create_endpoint(endpoint).await.unwrap();
    for _ in 0..3 {
        let due = app.store.store_message(workspace, id, "test", Arc::new(Nothing)).await.unwrap();
        let attempt = Attempt {
            delivery: due.id,
            workspace,
            endpoint: id,
            at: app.now(),
            duration_ms: 1,
            status: Some(500),
            error: None,
            response_body: bytes::Bytes::new(),
            next: AfterAttempt::Dead,
        };
        app.store.finish_attempts(vec![attempt]).await.unwrap();
    }
    let due = async || {
        app.store
            .due_deliveries(workspace, id, app.now(), &HashSet::new(), 10)
            .await
            .unwrap()
            .due
            .len()
    };
    assert_eq!(due().await, 0);

    let run = Run {
        id: RecoveryId(app.mint()).to_string(),
        workspace,
        kind: RunKind::Recovery,
        request: json!({ "endpoint": id, "since": "2020-01-01T00:00:00Z", "until": app.now() + 1, "only": "dead" }),
        total: 3,
        done: 0,
        failed: 0,
        position: 0,
        started_at: app.now(),
        ended_at: None,
    };
    app.store.create_run(run.clone()).await.unwrap();
    end_runs(&hub).await;
    let ended = app.store.run(workspace, &run.id).await.unwrap().unwrap();
    assert_eq!((ended.total, ended.done, ended.failed), (3, 3, 0));
    assert_eq!(due().await, 3);

    // One that nobody can carry out ends too.
    let odd = Run { id: RecoveryId(app.mint()).to_string(), request: json!({}), ..run };
    app.store.create_run(odd).await.unwrap();
    end_runs(&hub).await;
}
