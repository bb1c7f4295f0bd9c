//! The client against a real server on this machine.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service as _;

use super::resolver::GuardedResolver;
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// A receiver on this machine that counts its calls and its connections.
struct Receiver {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
    sent_chunks: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let sent_chunks = Arc::new(AtomicUsize::new(0));

        let counted = calls.clone();
        let chunks = sent_chunks.clone();
        let router = Router::new()
            .route("/echo", post(async |body: Bytes| body))
            .route(
                "/peer",
                post(
                    async |axum::extract::ConnectInfo(peer): axum::extract::ConnectInfo<
                        SocketAddr,
                    >| { peer.port().to_string() },
                ),
            )
            .route("/redirect", post(async || axum::response::Redirect::temporary("/echo")))
            .route("/busy", post(async || (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "7")])))
            .route("/never", post(async || std::future::pending::<()>().await))
            .route(
                "/halting",
                post(async || {
                    let start = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"ok"))]);
                    Body::from_stream(futures_util::StreamExt::chain(start, stream::pending()))
                }),
            )
            .route(
                "/endless",
                post(async move || {
                    Body::from_stream(stream::repeat_with(move || {
                        chunks.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1000]))
                    }))
                }),
            )
            .layer(axum::middleware::from_fn(move |request, next: axum::middleware::Next| {
                counted.fetch_add(1, Ordering::Relaxed);
                next.run(request)
            }));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
        Self { address, calls, sent_chunks, _server: server }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn policy(allow: &[&str]) -> EgressPolicy {
    EgressPolicy { allow: allow.iter().map(|range| range.parse().unwrap()).collect() }
}

fn client(allow: &[&str]) -> GuardedClient {
    let limits = EgressLimits {
        response_bytes_max: RESPONSE_BYTES_MAX,
        connect_timeout: 5 * SECOND,
        idle_connections_per_host_max: 8,
        idle_timeout: 30 * SECOND,
    };
    GuardedClient::new(policy(allow), limits)
}

async fn post_to(
    client: &GuardedClient,
    url: &str,
    timeout: Duration,
) -> Result<EgressAnswer, EgressError> {
    let url = Url::parse(url).unwrap();
    client.post(&url, HeaderMap::new(), Bytes::from_static(b"hello"), timeout).await
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_called() {
    let receiver = Receiver::start().await;
    let client = client(&[]);
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2600::5efe:127.0.0.1]",
        "[2600::200:5efe:7f00:1]",
        "[fc00::1]",
        "[fe80::1]",
        "[ff02::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
    ] {
        let url = format!("http://{host}:{}/echo", receiver.address.port());
        let outcome = post_to(&client, &url, 5 * SECOND).await;
        assert!(matches!(outcome, Err(EgressError::Refused { .. })), "{host}: {outcome:?}");
    }
    assert_eq!(receiver.calls(), 0);
}

#[test]
fn urls_that_can_never_be_called_are_refused_before_they_are_stored() {
    for url in [
        "ftp://app.example/",
        "file:///etc/passwd",
        "unix:/run/docker.sock",
        "data:,x",
        "https://user@app.example/",
        "https://:secret@app.example/",
    ] {
        let outcome = policy(&["0.0.0.0/0"]).check_url(&Url::parse(url).unwrap());
        assert!(matches!(outcome, Err(EgressError::BadUrl { .. })), "{url}: {outcome:?}");
    }
}

#[test]
fn public_hosts_pass() {
    for url in [
        "https://app.example/hooks",
        "http://1.1.1.1:8080/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:1.1.1.1]/",
        "https://localhost.example/",
        "https://notlocalhost/",
    ] {
        assert_eq!(policy(&[]).check_url(&Url::parse(url).unwrap()), Ok(()), "{url}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_refused_when_it_is_called() {
    let resolve = async |allow: &[&str]| {
        let mut resolver = GuardedResolver { policy: Arc::new(policy(allow)) };
        resolver.call("localhost".parse().unwrap()).await.map(Iterator::count)
    };
    let error = resolve(&[]).await.unwrap_err();
    assert!(matches!(error, EgressError::Refused { .. }), "{error}");
    assert!(0 < resolve(&["127.0.0.0/8", "::1"]).await.unwrap());
}

#[test]
fn of_the_addresses_of_a_name_only_the_permitted_are_called() {
    let found = |addresses: &[&str]| {
        let addresses: Vec<SocketAddr> =
            addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect();
        policy(&[]).admit("app.example", addresses.into_iter()).map(|found| found.len())
    };
    assert_eq!(found(&["1.1.1.1", "127.0.0.1", "2606:4700::1111"]), Ok(2));
    assert_eq!(
        found(&["127.0.0.1"]),
        Err(EgressError::Refused { address: "127.0.0.1".parse().unwrap() })
    );
    assert_eq!(found(&[]), Err(EgressError::Unresolved { host: "app.example".into() }));
}

#[tokio::test]
async fn an_allowed_range_is_called_by_address_and_by_name() {
    let receiver = Receiver::start().await;
    let client = client(&["127.0.0.0/8"]);
    let by_name = format!("http://localhost:{}/echo", receiver.address.port());
    for url in [receiver.url("/echo"), by_name] {
        let answer = post_to(&client, &url, 5 * SECOND).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body_start, "hello");
    }
    assert_eq!(receiver.calls(), 2);
}

#[tokio::test]
async fn one_connection_serves_one_call_after_the_other() {
    let receiver = Receiver::start().await;
    let client = client(&["127.0.0.1"]);
    let first = post_to(&client, &receiver.url("/peer"), 5 * SECOND).await.unwrap();
    let second = post_to(&client, &receiver.url("/peer"), 5 * SECOND).await.unwrap();
    assert_eq!(first.body_start, second.body_start);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let receiver = Receiver::start().await;
    let answer = post_to(&client(&["127.0.0.1"]), &receiver.url("/redirect"), 5 * SECOND).await;
    assert_eq!(answer.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test]
async fn retry_after_comes_with_the_answer() {
    let receiver = Receiver::start().await;
    let answer = post_to(&client(&["127.0.0.1"]), &receiver.url("/busy"), 5 * SECOND).await;
    assert_eq!(answer.unwrap().retry_after.unwrap(), "7");
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up_at_the_timeout() {
    let receiver = Receiver::start().await;
    let timeout = Duration::from_millis(50);
    let outcome = post_to(&client(&["127.0.0.1"]), &receiver.url("/never"), timeout).await;
    assert_eq!(outcome.unwrap_err(), EgressError::Timeout { after_ms: 50 });
}

#[tokio::test]
async fn a_body_that_never_ends_does_not_take_the_answer_back() {
    let receiver = Receiver::start().await;
    let timeout = Duration::from_millis(200);
    let answer = post_to(&client(&["127.0.0.1"]), &receiver.url("/halting"), timeout).await;
    assert_eq!(answer.unwrap().body_start, "ok");
}

#[tokio::test]
async fn a_long_body_is_cut_and_its_start_kept() {
    let receiver = Receiver::start().await;
    let client = client(&["127.0.0.1"]);
    let answer = post_to(&client, &receiver.url("/endless"), 60 * SECOND).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body_start, [b'x'; BODY_START_BYTES_MAX].as_slice());
    assert!(answer.duration < 60 * SECOND);

    // What fits the buffers of both kernels may have been sent besides.
    let sent_bytes = receiver.sent_chunks.load(Ordering::Relaxed) * 1000;
    assert!(sent_bytes < RESPONSE_BYTES_MAX + 16_000_000, "{sent_bytes}");
}

/// The whole answer to a call of one of the paths.
async fn call_whole(
    client: &GuardedClient,
    url: &str,
    timeout: Duration,
) -> Result<WholeAnswer, EgressError> {
    let url = Url::parse(url).unwrap();
    let bounds = CallBounds { timeout, body_bytes_max: 10_000 };
    client.call(Method::POST, &url, HeaderMap::new(), Bytes::from_static(b"hello"), bounds).await
}

#[tokio::test]
async fn a_whole_answer_is_whole_or_an_error() {
    let receiver = Receiver::start().await;
    let client = client(&["127.0.0.1"]);
    let call = async |path: &str, timeout| call_whole(&client, &receiver.url(path), timeout).await;
    let answer = call("/echo", 5 * SECOND).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, b"hello".as_slice()));
    assert!(answer.headers.contains_key("content-type"));
    let redirect = call("/redirect", 5 * SECOND).await.unwrap();
    assert_eq!(redirect.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(redirect.headers["location"], "/echo");

    let too_large = call("/endless", 60 * SECOND).await.unwrap_err();
    assert_eq!(too_large, EgressError::TooLarge { bytes_max: 10_000 });
    let after_ms = 100;
    let timeout = Duration::from_millis(after_ms as u64);
    for path in ["/never", "/halting"] {
        let error = call(path, timeout).await.unwrap_err();
        assert_eq!(error, EgressError::Timeout { after_ms }, "{path}");
    }
}

#[tokio::test]
async fn a_whole_answer_is_not_asked_of_a_private_address() {
    let receiver = Receiver::start().await;
    for url in [receiver.url("/echo"), format!("http://[::1]:{}/", receiver.address.port())] {
        let error = call_whole(&client(&[]), &url, SECOND).await.unwrap_err();
        assert!(matches!(error, EgressError::Refused { .. }), "{url}: {error:?}");
    }
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test]
async fn failures_say_what_is_wrong() {
    let receiver = Receiver::start().await;
    let client = client(&["127.0.0.1"]);

    let https = receiver.url("/echo").replace("http:", "https:");
    let error = post_to(&client, &https, 5 * SECOND).await.unwrap_err();
    assert!(matches!(error, EgressError::Tls { .. }), "{error:?}");

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = post_to(&client, &format!("http://{unused}/"), 5 * SECOND).await.unwrap_err();
    assert!(matches!(error, EgressError::Connect { .. }), "{error:?}");

    let error = post_to(&client, "http://no-such-host.invalid/", 5 * SECOND).await.unwrap_err();
    assert_eq!(error, EgressError::Unresolved { host: "no-such-host.invalid".into() });

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging_up = format!("http://{}/", listener.local_addr().unwrap());
    let (outcome, _) = tokio::join!(post_to(&client, &hanging_up, 5 * SECOND), async {
        drop(listener.accept().await.unwrap());
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
}
