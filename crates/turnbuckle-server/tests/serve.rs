//! A whole server on a real port, from start to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use turnbuckle_core::id::UnixMs;
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_server::serve::{Serving, serve};
use turnbuckle_store::bin::Bin;
use turnbuckle_testkit::wait;

/// Below what a stop may take, above what it takes on a busy machine.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Above the short bounds that tests set, below the real ones.
const CLOSE_MAX: Duration = Duration::from_secs(10);

fn config(data: &Path, listen: &str) -> Config {
    config_with(data, listen, &[])
}

fn config_with(data: &Path, listen: &str, variables: &[(&str, &str)]) -> Config {
    let given = [("TURNBUCKLE_DATA", data.to_str().unwrap()), ("TURNBUCKLE_LISTEN", listen)];
    let environment = given.iter().chain(variables);
    let environment =
        environment.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Config::load(&Sources { environment, ..Sources::default() }).unwrap()
}

async fn start(data: &TempDir) -> Serving {
    start_with(data, &[]).await
}

async fn start_with(data: &TempDir, variables: &[(&str, &str)]) -> Serving {
    let config = config_with(data.path(), "127.0.0.1:0", variables);
    serve(config, CancellationToken::new()).await.unwrap()
}

/// What the server says to these bytes until it closes the connection.
async fn said_to(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut said = String::new();
    timeout(CLOSE_MAX, stream.read_to_string(&mut said)).await.expect("it stays open").unwrap();
    said
}

/// The head of a post to a bin that this server has.
async fn post_to_a_bin(serving: &Serving) -> String {
    let app = serving.app();
    let workspace = app.store.workspaces().await.unwrap()[0].id;
    let bin = Bin {
        workspace,
        name: "test".into(),
        label: String::new(),
        created_at: app.now(),
        expires_at: UnixMs::MAX,
    };
    app.store.create_bin(bin).await.unwrap();
    "POST /bin/test HTTP/1.1\r\nhost: hub\r\n".into()
}

/// A connection with a call on it, whose tasks end with the set.
struct Caller {
    sender: hyper::client::conn::http1::SendRequest<Body>,
    _connection: JoinSet<()>,
}

impl Caller {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // It ends with an error when the server closes it, as it should.
            let _ = connection.await;
        });
        Self { sender, _connection: tasks }
    }

    async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header("host", "hub").body(Body::empty()).unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_started_server_is_healthy_ready_and_counts() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    assert!(serving.first_start().is_some());
    let mut caller = Caller::connect(serving.local_addr()).await;
    assert_eq!(caller.get("/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    assert_eq!(caller.get("/readyz").await, (StatusCode::OK, "ready\n".to_owned()));
    assert_eq!(caller.get("/nowhere/at/all").await.0, StatusCode::NOT_FOUND);
    assert_eq!(caller.get("/api/v1/connections/secret-name").await.0, StatusCode::UNAUTHORIZED);

    let (status, text) = caller.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        r#"turnbuckle_http_requests_total{method="GET",route="/healthz",status="200"} 1"#,
        r#"turnbuckle_http_requests_total{method="GET",route="none",status="404"} 1"#,
        r#"turnbuckle_http_requests_total{method="GET",route="/api/v1/connections/{connection}",status="401"} 1"#,
        "turnbuckle_due_deliveries 0",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(!text.contains("secret-name"), "a label holds what a caller sent");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_description_and_its_page_are_served() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let mut caller = Caller::connect(serving.local_addr()).await;
    let (status, text) = caller.get("/api/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Turnbuckle");
    let (status, page) = caller.get("/docs").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.starts_with("<!doctype html>"));
    // Whoever knows the address alone finds the console, or how to build it.
    let (status, page) = caller.get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.starts_with("<!doctype html>"), "{page}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_start_makes_no_key_and_finds_its_data() {
    let data = tempfile::tempdir().unwrap();
    start(&data).await.shutdown().await.unwrap();
    let serving = start(&data).await;
    assert!(serving.first_start().is_none());
    assert_eq!(serving.app().store.workspaces().await.unwrap().len(), 1);
    serving.shutdown().await.unwrap();
}

/// What an upgrade has to compile anew is compiled before an event waits for it.
#[tokio::test]
async fn a_server_that_evaluated_before_is_ready_to_without_being_asked() {
    let data = tempfile::tempdir().unwrap();
    let compiled = || {
        let names = std::fs::read_dir(data.path()).unwrap().map(|it| it.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        names.filter(|name| name.ends_with(".cwasm")).collect::<Vec<_>>()
    };
    let serving = start(&data).await;
    serving.shutdown().await.unwrap();
    assert_eq!(compiled(), [""; 0], "who needs none pays for none");

    let of_another_version = "expressions-0.cwasm";
    std::fs::write(data.path().join(of_another_version), "").unwrap();
    let serving = start(&data).await;
    // On a busy machine it takes longer than all else that tests wait for.
    wait::until_within(4 * wait::PATIENCE, "the engine is compiled", async || {
        compiled().iter().any(|name| name != of_another_version).then_some(())
    })
    .await;
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_stop() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let address = serving.local_addr();
    let _silent = TcpStream::connect(address).await.unwrap();
    let mut kept_alive = Caller::connect(address).await;
    kept_alive.get("/healthz").await;
    timeout(STOP_MAX, serving.shutdown()).await.expect("the stop took too long").unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn a_folder_serves_one_server_at_a_time() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let second = serve(config(data.path(), "127.0.0.1:0"), CancellationToken::new()).await;
    assert!(second.is_err());
    serving.shutdown().await.unwrap();
    start(&data).await.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_taken_address_leaves_no_data_folder_behind() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let other = data.path().join("other");
    let taken = serving.local_addr().to_string();
    let second = serve(config(&other, &taken), CancellationToken::new()).await;
    assert!(second.is_err());
    assert!(!other.exists());
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn half_a_head_does_not_hold_a_connection() {
    let data = tempfile::tempdir().unwrap();
    let serving = start_with(&data, &[("TURNBUCKLE_HTTP__HEAD_TIMEOUT_MS", "100")]).await;
    assert_eq!(said_to(serving.local_addr(), "POST /webhooks/x HTTP/1.1\r\nhost").await, "");
    assert_eq!(said_to(serving.local_addr(), "").await, "");
    // The same bound holds between two requests.
    let answered =
        said_to(serving.local_addr(), "GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n").await;
    assert!(answered.starts_with("HTTP/1.1 200") && answered.ends_with("ok\n"), "{answered}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn half_a_body_is_answered_408() {
    let data = tempfile::tempdir().unwrap();
    let serving = start_with(&data, &[("TURNBUCKLE_HTTP__BODY_TIMEOUT_MS", "100")]).await;
    let head = post_to_a_bin(&serving).await;
    let sent = format!("{head}content-length: 10\r\n\r\nhalf");
    let said = said_to(serving.local_addr(), &sent).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("problems/request-timeout"), "{said}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_does_not_take_its_answers_holds_no_connection() {
    let data = tempfile::tempdir().unwrap();
    let serving = start_with(
        &data,
        &[
            ("TURNBUCKLE_HTTP__BODY_TIMEOUT_MS", "100"),
            ("TURNBUCKLE_HTTP__HEAD_TIMEOUT_MS", "100"),
            ("TURNBUCKLE_HTTP__CONNECTIONS_MAX", "1"),
        ],
    )
    .await;
    let mut deaf = TcpStream::connect(serving.local_addr()).await.unwrap();
    let asked = "GET /api/openapi.json HTTP/1.1\r\nhost: hub\r\n\r\n".repeat(200);
    deaf.write_all(asked.as_bytes()).await.unwrap();
    let said = said_to(serving.local_addr(), "GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n");
    let said = timeout(Duration::from_secs(20), said).await.expect("it was kept waiting");
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let head = post_to_a_bin(&serving).await;
    let sent = format!("{head}content-length: 1000001\r\nexpect: 100-continue\r\n\r\n");
    let said = said_to(serving.local_addr(), &sent).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_sends_a_body_that_nobody_reads_gets_the_answer() {
    let data = tempfile::tempdir().unwrap();
    let serving = start(&data).await;
    let bin = post_to_a_bin(&serving).await;
    let body = "a".repeat(20_000_000);
    let chunked =
        format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let sized = format!("content-length: {}\r\n\r\n{body}", body.len());
    let nowhere = "POST /webhooks/nobody HTTP/1.1\r\nhost: hub\r\n";
    for (head, expect) in [(bin.as_str(), "413"), (nowhere, "404")] {
        for body in [&chunked, &sized] {
            // Whole, before the answer is looked at.
            let sent = format!("{head}connection: close\r\n{body}");
            let said = said_to(serving.local_addr(), &sent).await;
            assert!(said.starts_with(&format!("HTTP/1.1 {expect}")), "{said}");
        }
    }
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_announced_and_never_sent_is_not_waited_for_long() {
    let data = tempfile::tempdir().unwrap();
    let serving = start_with(&data, &[("TURNBUCKLE_HTTP__BODY_TIMEOUT_MS", "100")]).await;
    let head = post_to_a_bin(&serving).await;
    let said =
        said_to(serving.local_addr(), &format!("{head}content-length: 1000001\r\n\r\n")).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_beyond_the_bound_waits_for_another_to_end() {
    let data = tempfile::tempdir().unwrap();
    let serving = start_with(
        &data,
        &[("TURNBUCKLE_HTTP__CONNECTIONS_MAX", "1"), ("TURNBUCKLE_HTTP__HEAD_TIMEOUT_MS", "100")],
    )
    .await;
    let first = TcpStream::connect(serving.local_addr()).await.unwrap();
    let answered =
        said_to(serving.local_addr(), "GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n").await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert_eq!(first.try_read(&mut [0]).unwrap(), 0, "both were served at once");
    serving.shutdown().await.unwrap();
}
