//! An integrator gives a form builder one URL, and leads arrive in the CRM.

use serde_json::{Value as Json, json};
use turnbuckle_testkit::setup::text;
use turnbuckle_testkit::{Client, wait};

use super::hub;

/// The body of the documentation, with the comma that is missing there.
const BODY: &str = r#"{
"Contact":"New user",
"Email":"new_user@gmail.com",
"MobilePhone":"+1 617 221 5187",
"CountryId": "f8af0e88-f36b-1410-fa98-00155d043204",
"EntityName":"Lead"
}"#;

const CANADA: &str = "f8af0e88-f36b-1410-fa98-00155d043204";

/// Waits until an event is processed and answers it whole.
async fn processed(client: &Client, id: &str) -> Json {
    wait::until("the event to be processed", async || {
        let answer = client.get(&format!("/api/v1/inbound-events/{id}")).await.expect(200);
        let event = answer["inbound_event"].clone();
        let status = text(&event["status"]);
        ["done", "failed"].contains(&status.as_str()).then_some(event)
    })
    .await
}

async fn check_body_of_the_documentation(content_type: Option<&str>) {
    let hub = hub().await;
    let client = hub.client();
    let source = client.create_source(json!({"name": "landingi"})).await;

    let answer = client.anonymous().post_raw(&source.path, content_type, BODY.as_bytes()).await;
    let answer = answer.expect(200);
    assert_eq!(answer, json!({"id": answer["id"], "status": "new"}));
    let event = processed(client, &text(&answer["id"])).await;
    assert_eq!(event["status"], "done", "{event}");
    assert_eq!(event["warnings"], json!([]));
    assert_eq!(event["body"], BODY, "the raw bytes are kept");

    let filter = json!({"column": "Country.Name", "op": "eq", "value": "Canada"});
    let leads = client.search_records("Lead", filter).await;
    assert_eq!(leads.len(), 1, "{leads:?}");
    assert_eq!(leads[0]["id"], event["records"][0]["id"]);
    let data = &leads[0]["data"];
    assert_eq!(data["Contact"], "New user");
    assert_eq!(data["Email"], "new_user@gmail.com");
    assert_eq!(data["MobilePhone"], "+1 617 221 5187");
    assert_eq!(data["CountryId"], CANADA);
}

#[tokio::test]
async fn the_body_of_the_documentation_becomes_a_lead() {
    check_body_of_the_documentation(Some("application/json")).await;
}

#[tokio::test]
async fn a_missing_content_type_means_json() {
    check_body_of_the_documentation(None).await;
}

#[tokio::test]
async fn the_body_as_printed_is_refused_with_the_place_of_the_missing_comma_and_kept() {
    let hub = hub().await;
    let client = hub.client();
    let source = client.create_source(json!({"name": "landingi"})).await;
    let body = BODY.replace("\",\n\"EntityName", "\"\n\"EntityName");
    assert_ne!(body, BODY);

    let answer = client.anonymous().post_raw(&source.path, None, body.as_bytes()).await;
    let problem = answer.expect(400);
    let detail = text(&problem["detail"]);
    assert!(detail.contains("line 6"), "{problem}");
    let failed = client.list("/api/v1/inbound-events?status=failed", "inbound_events").await;
    assert_eq!(failed.len(), 1);
    let event = processed(client, &text(&failed[0]["id"])).await;
    assert_eq!(event["body"], body);
    assert!(client.search_records("Lead", json!({"all": []})).await.is_empty());
}

#[tokio::test]
async fn a_form_builder_discovers_entities_and_their_columns() {
    let mut hub = hub().await;
    let client = hub.client().clone();
    let source = client.create_source(json!({"name": "landingi"})).await;
    let path = format!("/get_entities/{}", source.key);

    let anonymous = client.anonymous();
    let body = json!({"apiKey": "string"});
    let entities = anonymous.post(&path, body.clone()).await.expect(200);
    let listed = entities["entities"].as_array().unwrap();
    let names: Vec<_> = listed
        .iter()
        .map(|it| {
            let members: Vec<_> = it.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, ["name", "caption", "formId"]);
            assert_eq!(text(&it["formId"]).len(), CANADA.len());
            (text(&it["name"]), text(&it["caption"]))
        })
        .collect();
    let expected = [
        ("Contact", "Contact"),
        ("Lead", "Lead"),
        ("Order", "Order"),
        ("FormSubmit", "Form Submit"),
    ];
    assert_eq!(names, expected.map(|(name, caption)| (name.to_owned(), caption.to_owned())));

    hub.terminate().await;
    hub.launch();
    hub.wait_until_healthy().await;
    assert_eq!(anonymous.post_raw(&path, None, b"").await.expect(200), entities, "ids are stable");

    let path = format!("/get_entity_description/{}/Contact", source.key);
    let body = json!({"apiKey": "string", "entityName": "string"});
    let mut description = anonymous.post(&path, body).await.expect(200);
    let fields = description["value"]["entityModel"]["fields"].as_array_mut().unwrap();
    fields.truncate(5);
    let expected = json!({
        "value": {
            "entityModel": {
                "fields": [
                    {
                        "required": true, "name": "Id", "net_type": "System.Guid",
                        "caption": "Id"
                    },
                    {
                        "required": true, "name": "Name", "net_type": "System.String",
                        "caption": "Full name"
                    },
                    {
                        "required": false, "name": "BirthDate", "net_type": "System.DateTime",
                        "caption": "Birth date"
                    },
                    {
                        "required": false, "name": "Age", "net_type": "System.Int32",
                        "caption": "Age"
                    },
                    {
                        "required": false, "name": "IsEmailConfirmed",
                        "net_type": "System.Boolean", "caption": "IsEmailConfirmed"
                    }
                ],
                "name": "Contact"
            },
            "isSuccess": true,
            "status": "ok",
            "code": 0
        },
        "statusCode": 200
    });
    assert_eq!(description.to_string(), expected.to_string());
}

#[tokio::test]
async fn a_webhook_updates_the_record_it_names_and_the_app_is_told() {
    let hub = hub().await;
    let client = hub.client();
    let sink = turnbuckle_testkit::WebhookSink::start().await;
    super::contacts_endpoint(client, &sink, json!({})).await;
    let settings = json!({"match_on": {"Contact": ["Email"]}, "reply": "processed"});
    let source = client.create_source(settings).await;

    let post = async |name: &str, email: &str| {
        let body = json!({"EntityName": "Contact", "Name": name, "Email": email});
        client.anonymous().post(&source.path, body).await.expect(200)
    };
    let created = post("Ada", "ada@app.example").await;
    assert_eq!(created["status"], "done");
    assert_eq!(created["records"][0]["change"], "created");
    sink.wait_for(1).await;
    let updated = post("Ada King", "ADA@app.example").await;
    assert_eq!(updated["records"][0]["change"], "updated");
    assert_eq!(updated["records"][0]["id"], created["records"][0]["id"]);

    let calls = sink.wait_for(2).await;
    assert_eq!(super::names(&calls), ["Ada", "Ada King"]);
    assert_eq!(calls[0].json()["type"], "contact.created");
    assert_eq!(calls[1].json()["type"], "contact.updated");
}

#[tokio::test]
async fn numbers_keep_their_digits_from_the_webhook_to_the_app() {
    let hub = hub().await;
    let client = hub.client();
    let sink = turnbuckle_testkit::WebhookSink::start().await;
    super::contacts_endpoint(client, &sink, json!({"entities": ["Order"]})).await;
    let source = client.create_source(json!({"reply": "processed"})).await;

    let body = r#"{"EntityName":"Order","Amount":123456789012345678.12,"Number":1.10}"#;
    let answer = client.anonymous().post_raw(&source.path, None, body.as_bytes()).await.expect(200);
    assert_eq!(answer["warnings"], json!([]));
    let filter = r#"{"column":"Amount","op":"eq","value":123456789012345678.120}"#;
    let found = client.search_records("Order", filter.parse().unwrap()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let message = sink.wait_for(1).await[0].json();
    for data in [&found[0]["data"], &message["data"]["record"]["data"]] {
        assert_eq!(data["Amount"], "123456789012345678.12");
        assert_eq!(data["Number"], "1.10");
    }
    let filter = r#"{"column":"Amount","op":"eq","value":123456789012345678.13}"#;
    assert_eq!(client.search_records("Order", filter.parse().unwrap()).await, [] as [Json; 0]);

    let body = r#"{"EntityName":"Contact","Name":"Ada","Age":18446744073709551616}"#;
    let answer = client.anonymous().post_raw(&source.path, None, body.as_bytes()).await.expect(200);
    let detail = "`Age` is left out: cannot cast 18446744073709551616 to a whole number of 64 bits";
    assert_eq!(answer["warnings"], json!([{"path": "/Age", "detail": detail}]));
}
