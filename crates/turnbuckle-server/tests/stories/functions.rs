//! The walk-through of Zoho's page: a function is exposed as a URL, subscribes that URL
//! at a third party, and makes a change of what the third party posts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use turnbuckle_testkit::setup::{CONNECTION, text};
use turnbuckle_testkit::{Answer, Client, WebhookSink, wait};

use super::hub;

const SECRET: &str = "shared with the helpdesk";

/// The steps of the page, in its words where it has some.
fn script(third_party: &str) -> String {
    format!(
        r#"
function handler(crmAPIRequest, install) {{
    request_body = crmAPIRequest.get("body");
    headers = crmAPIRequest.get("headers");
    if (install) {{
        m = {{"nameSpace":"<portal_name.extension_namespace>"}};
        apikeyresp = zoho.crm.invokeConnector("crm.zapikey",m);
        zapikey = apikeyresp.get("response");
        answer = invokeUrl({{
            url: "{third_party}",
            type: "POST",
            headers: {{"Authorization": "Bearer token of the helpdesk"}},
            body: {{callback: install + zapikey, events: ["ticket.solved"]}},
        }});
        return answer.get("status");
    }}
    if (headers.get("x-helpdesk-signature") !== zoho.encryption.hmacsha256("{SECRET}", request_body, "base64")) {{
        return {{crmAPIResponse: {{status_code: 401, body: {{error: "not from the helpdesk"}}}}}};
    }}
    ticket = JSON.parse(request_body);
    leads = zoho.crm.searchRecords("Lead", "(Email:equals:" + ticket.email + ")");
    for (const lead of leads) {{
        zoho.crm.updateRecord("Lead", lead.get("id"), {{Contact: ticket.name}});
    }}
    info("updated", leads.length);
    return {{crmAPIResponse: {{status_code: 202, "Content-Type": "text/plain", body: "thanks"}}}};
}}"#
    )
}

/// Posts an event as the third party does.
async fn post_event(callback: &str, event: &Json, secret: &str) -> Answer {
    let body = event.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let third_party = Client::new(callback);
    let request = third_party.request(reqwest::Method::POST, "");
    third_party.send(request.header("x-helpdesk-signature", signature).body(body)).await
}

#[tokio::test]
async fn a_function_subscribes_its_url_and_what_comes_changes_a_record() {
    let hub = hub().await;
    let client = hub.client();
    let (helpdesk, app) = (WebhookSink::start().await, WebhookSink::start().await);
    let endpoint = json!({"format": "standard", "scope": "changes", "entities": ["Lead"]});
    client.create_endpoint(&app, endpoint).await;
    client.create_record("Lead", json!({"Contact": "A. L.", "Email": "ada@app.example"})).await;

    // The function is written, exposed as a REST API and published.
    let function = json!({
        "source": script(helpdesk.url()), "rest_api": true, "arguments": ["install"],
        "connection": CONNECTION,
    });
    let saved = client.put("/api/v1/functions/on_ticket", function).await.success();
    let production = text(&saved["function"]["urls"]["production"]);
    client.post("/api/v1/functions/on_ticket/publish", json!({"version": 1})).await.success();

    // Its production URL, completed with the key, is subscribed at the third party.
    let install = json!({"request": {"body": {"arguments": {"install": production}}}});
    let installed = client.post("/api/v1/functions/on_ticket/try", install).await.success();
    assert_eq!(installed["result"], json!({"output": 200}), "{installed}");
    let subscribed = &helpdesk.calls()[0];
    assert_eq!(subscribed.header("authorization"), Some("Bearer token of the helpdesk"));
    let callback = text(&subscribed.json()["callback"]);
    assert!(callback.starts_with(&format!("{production}1003.")), "{callback}");

    // What somebody else posts there changes nothing.
    let event = json!({"email": "ADA@app.example", "name": "Ada Lovelace"});
    let forged = post_event(&callback, &event, "guessed").await.expect(401);
    assert_eq!(forged, json!({"error": "not from the helpdesk"}));

    // A later event runs the function, a record changes and the app is told.
    let answer = post_event(&callback, &event, SECRET).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, "thanks"));
    let told = app
        .wait_until("the app to be told", |calls| {
            calls
                .iter()
                .any(|call| call.json()["data"]["record"]["data"]["Contact"] == "Ada Lovelace")
        })
        .await;
    assert_eq!(told.len(), 2, "of the lead that was made, and of its change");

    // Who wrote the function sees what happened.
    let calls = wait::until("the calls to be logged", async || {
        let calls = client.list("/api/v1/functions/on_ticket/calls", "calls").await;
        (calls.len() == 2).then_some(calls)
    })
    .await;
    assert_eq!(calls.iter().map(|call| &call["status"]).collect::<Vec<_>>(), [202, 401]);
    let path = format!("/api/v1/functions/on_ticket/calls/{}", text(&calls[0]["id"]));
    let call = client.get(&path).await.expect(200)["call"].clone();
    assert_eq!(call["logs"], json!(["updated 1"]));
    let asked: Vec<_> =
        call["host_calls"].as_array().unwrap().iter().map(|it| text(&it["name"])).collect();
    assert_eq!(asked, ["encryption.hmacsha256", "crm.searchRecords", "crm.updateRecord"]);
}

#[tokio::test]
async fn functions_that_call_each_other_in_a_circle_come_to_an_end() {
    let hub = hub().await;
    let client = hub.client();
    let source = r#"handler = ({params}) => {
        const answer = invokeUrl({url: params.self, parameters: {self: params.self}});
        return {crmAPIResponse: {status_code: answer.status, body: answer.body}};
    }"#;
    let function = json!({"source": source, "rest_api": true});
    let saved = client.put("/api/v1/functions/circle", function).await.success();
    let sandbox = text(&saved["function"]["urls"]["sandbox"]);
    let begun = client.anonymous().request(reqwest::Method::POST, &sandbox[hub.url().len()..]);
    let answer = client.send(begun.query(&[("self", &sandbox)])).await.expect(508);
    assert_eq!(answer["code"], "LOOP_DETECTED");
    wait::until("one call and five behind it to be logged", async || {
        let calls = client.list("/api/v1/functions/circle/calls", "calls").await;
        (calls.len() == 6).then_some(())
    })
    .await;
}
