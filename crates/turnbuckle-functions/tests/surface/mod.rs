//! What a function finds around it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use turnbuckle_functions::{Call, Failure, Limits};

use super::{Echo, call, output, request, run, sandbox, thrown};

#[tokio::test]
async fn the_lines_of_the_seed_run_as_they_are_written() {
    let source = r#"
        function handler(crmAPIRequest) {
            request_body = crmAPIRequest.get("body");
            parameters = crmAPIRequest.get("params");
            filecontent = crmAPIRequest.get("file_content");
            m = {"nameSpace":"<portal_name.extension_namespace>"};
            apikeyresp = zoho.crm.invokeConnector("crm.zapikey",m);
            zapikey = apikeyresp.get("response");
            return {request_body, id: parameters.get("id"), filecontent, zapikey};
        }"#;
    let expected = json!({
        "request_body": "{}",
        "id": "7",
        "filecontent": null,
        "zapikey": ["crm.zapikey", {"nameSpace": "<portal_name.extension_namespace>"}],
    });
    assert_eq!(output(source).await, expected);
}

#[tokio::test]
async fn both_forms_of_answers_are_told_apart() {
    let answer = r#"function handler() {
        crmAPIResponse.put("status_code", 201);
        crmAPIResponse.body = "made";
        return crmAPIResponse;
    }"#;
    let wrapped = r#"const handler = () => ({crmAPIResponse: {status_code: 201, body: "made"}})"#;
    for source in [answer, wrapped] {
        let result = run(call(source)).await.result.unwrap();
        assert_eq!(result, json!({"response": {"status_code": 201, "body": "made"}}));
    }
    assert_eq!(output("function handler() {}").await, json!(null));
    assert_eq!(output("async function handler() { return await 'later' }").await, json!("later"));
}

#[tokio::test]
async fn a_host_call_answers_at_once_or_throws() {
    let source = r#"function handler() {
        info("a", {b: 1});
        try { zoho.crm.getRecordById("no", "1") } catch (error) { info(error.message) }
        const found = zoho.crm.createRecord("Lead", {Name: "Ada"});
        return found.get("response")[1].get("Name");
    }"#;
    let outcome = run(call(source)).await;
    assert_eq!(outcome.result.unwrap(), json!({"output": "Ada"}));
    assert_eq!(outcome.log, ["a {\"b\":1}", "it says no"]);
    let asked: Vec<_> = outcome.asked.iter().map(|it| (&*it.name, it.error.as_deref())).collect();
    assert_eq!(asked, [("crm.getRecordById", Some("it says no")), ("crm.createRecord", None)]);
}

#[tokio::test]
async fn arguments_go_to_the_parameters_of_their_names() {
    let given = |source: &str| {
        let arguments = json!([{"name": "id", "value": "7"}, {"name": "to", "value": {"a": 1}}]);
        let input = json!({"request": {"body": "x"}, "arguments": arguments});
        Call { input, ..call(source) }
    };
    for (source, expected) in [
        (
            "function handler(to, crmAPIRequest, id) { return [id, to.get('a'), crmAPIRequest.body] }",
            json!(["7", 1, "x"]),
        ),
        ("const handler = id => id", json!("7")),
        ("function handler(request) { return request.get('body') }", json!("x")),
        ("function handler({body}, id, to = 1) { return [body, id, to.a] }", json!(["x", "7", 1])),
        ("function handler(id, other) { return other === undefined }", json!(true)),
    ] {
        let result = run(given(source)).await.result.unwrap();
        assert_eq!(result, json!({"output": expected}), "{source}");
    }
}

#[tokio::test]
async fn files_have_a_name_and_a_text() {
    let source = r#"function handler(crmAPIRequest) {
        const file = crmAPIRequest.get("file_content");
        return [file.get("name"), file.content_type, file.bytes.length, file.text()];
    }"#;
    let file = json!({"name": "a.txt", "content_type": "text/plain", "base64": "w6Q="});
    let input = json!({"request": {"file_content": file}, "arguments": []});
    let result = run(Call { input, ..call(source) }).await.result.unwrap();
    assert_eq!(result, json!({"output": ["a.txt", "text/plain", 2, "ä"]}));
}

#[tokio::test]
async fn what_is_thrown_says_where() {
    let place = |thrown: turnbuckle_functions::Thrown| (thrown.line, thrown.column);
    let deep = "function inner(a) {\n  return a.x;\n}\nfunction handler() { return inner(null) }";
    let error = thrown(deep).await;
    assert_eq!((&*error.name, error.line, error.column), ("TypeError", Some(2), Some(10)));
    let syntax = thrown("function handler() {\n  return 1 +;\n}").await;
    assert_eq!((&*syntax.name, syntax.line), ("SyntaxError", Some(2)));
    let host = thrown("function handler() {\n\n  zoho.crm.getRecordById('no') }").await;
    assert_eq!((&*host.message, host.line), ("it says no", Some(3)));
    let none = thrown("const other = 1").await;
    assert_eq!(none.message, "the script defines no function `handler`");
    let text = thrown("function handler() { throw 'just this' }").await;
    assert_eq!((&*text.message, place(text.clone())), ("just this", (None, None)));
}

#[tokio::test]
async fn a_script_is_checked_without_running() {
    let sandbox = sandbox();
    assert_eq!(sandbox.check("f", "while (true);").await, Ok(()));
    let Err(Failure::Thrown(thrown)) = sandbox.check("f", "let a;\nlet a;").await else {
        panic!("it is not refused")
    };
    assert_eq!((&*thrown.name, thrown.line), ("SyntaxError", Some(2)));
}

#[tokio::test]
async fn a_call_finds_nothing_of_another() {
    let sandbox = sandbox();
    let leave = "leak = 1; Object.prototype.leak = 2; function handler() { secret = 3 }";
    let look =
        "function handler() { return [typeof leak, typeof secret, ({}).leak === undefined] }";
    for (source, expected) in
        [(leave, json!(null)), (look, json!(["undefined", "undefined", true]))]
    {
        let outcome = sandbox.call(call(source), Arc::new(Echo::default())).await;
        assert_eq!(outcome.result.unwrap(), json!({"output": expected}));
    }
}

#[tokio::test]
async fn time_and_chance_are_the_hosts() {
    let source = "function handler() { return [Date.now(), Math.random(), Math.random()] }";
    let host = Arc::new(Echo::default());
    host.now.store(1_700_000_000_123, Ordering::Relaxed);
    let result = sandbox().call(call(source), host).await.result.unwrap();
    assert_eq!(result, json!({"output": [1_700_000_000_123_i64, 0, 0.0625]}));
    // No clock is finer than a millisecond.
    let fine = output("function handler() { return performance.now() % 1 }").await;
    assert_eq!(fine, json!(0));
}

#[tokio::test]
async fn what_goes_beyond_a_limit_is_refused_or_cut() {
    let limits =
        Limits { host_calls_max: 2, output_bytes_max: 100, log_bytes_max: 10, ..Limits::default() };
    let bounded = |source: &str| Call { limits, ..call(source) };
    let asking = "function handler() {
        for (let at = 0; at < 10; at++) try { zoho.crm.createRecord('Lead', {}) } catch (error) { last = error.message }
        return last;
    }";
    let outcome = run(bounded(asking)).await;
    assert_eq!(outcome.result.unwrap(), json!({"output": "a call may ask its host 2 times"}));
    assert_eq!(outcome.asked.len(), 3);
    let long = run(bounded("handler = () => 'x'.repeat(100)")).await;
    assert_eq!(long.result, Err(Failure::TooMuchOutput(limits)));
    let logging = run(bounded("handler = () => { info('12345678'); info('90'); info('3') }")).await;
    assert_eq!(
        (logging.log, logging.is_log_cut),
        (vec!["12345678".to_owned(), "90".to_owned()], true)
    );
}

#[tokio::test]
async fn what_is_no_json_is_told_and_can_be_logged() {
    for (source, told) in [
        ("handler = () => 10n", "BigInt"),
        ("handler = () => () => 1", "it is a function"),
        ("handler = () => Symbol()", "it is a symbol"),
        ("handler = () => { const a = {}; a.a = a; return a }", "circular"),
        ("handler = () => { let a = 1; for (let i = 0; i < 200; i++) a = [a]; return a }", "deep"),
        ("handler = () => ({crmAPIResponse: {body: 1n}})", "BigInt"),
    ] {
        match run(call(source)).await.result {
            Err(Failure::NotJson(reason)) => assert!(reason.contains(told), "{source}: {reason}"),
            other => panic!("{source}: {other:?}"),
        }
    }
    let source =
        "handler = () => { const a = {}; a.a = a; info(1n, a, Symbol('x'), null, undefined) }";
    let outcome = run(call(source)).await;
    assert_eq!(outcome.log, ["1 what cannot be shown Symbol(x) null undefined"]);
    assert!(outcome.result.is_ok());
    // What goes too deep for the host is refused as all else is.
    let source = "handler = () => {
        let a = {}; for (let i = 0; i < 200; i++) a = {a};
        try { zoho.crm.createRecord('Lead', a) } catch (error) { return error.message }
    }";
    let told =
        json!({"output": "what it is given is nested too deeply, or names what no JSON may"});
    assert_eq!(run(call(source)).await.result.unwrap(), told);
    let Err(Failure::Thrown(thrown)) = run(call("handler = () => { throw null }")).await.result
    else {
        panic!()
    };
    assert_eq!(thrown.message, "null, as when the memory is used up");
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_waited_for_to_the_deadline() {
    let limits = Limits { time: std::time::Duration::from_millis(50), ..Limits::default() };
    let source = "handler = () => zoho.crm.getRecordById('never')";
    let outcome = run(Call { limits, input: request(""), ..call(source) }).await;
    assert_eq!(outcome.result, Err(Failure::TimeUp(limits)));
}

#[tokio::test]
async fn half_of_a_pair_of_surrogates_is_replaced() {
    let half = "'\\ud83d' + '\\\\ud83d'";
    let outcome = run(call(&format!("handler = () => ({{a: {half}}})"))).await;
    assert_eq!(outcome.result.unwrap(), json!({"output": {"a": "\u{fffd}\\ud83d"}}));
    let outcome = run(call(&format!("handler = () => zoho.crm.getRecordById({half}, '1')"))).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let outcome = run(call(&format!("handler = () => {{ throw new Error({half}) }}"))).await;
    assert!(matches!(outcome.result, Err(Failure::Thrown(it)) if it.message == "\u{fffd}\\ud83d"));
    let outcome = run(call("handler = () => { throw { toJSON() { throw 2 } } }")).await;
    let Err(Failure::Thrown(thrown)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!(thrown.message, "what cannot be shown");
}
