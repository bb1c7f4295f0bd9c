//! The commands, as their user types them, on the real binary.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use turnbuckle_server::app::App;
use turnbuckle_server::config::{Config, Sources};
use turnbuckle_server::seal;
use turnbuckle_server::serve::{Serving, serve};
use turnbuckle_store::postgres::{Found, Unopened};
use turnbuckle_store::transfer::IMPORT_NOTE;
use turnbuckle_testkit::setup::everything;
use turnbuckle_testkit::{Client, WebhookSink, database, wait};

fn turnbuckle(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_turnbuckle"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TURNBUCKLE_") {
            command.env_remove(name);
        }
    }
    // A `turnbuckle.toml` of the folder that tests run in is none of ours.
    command.current_dir(folder).args(arguments);
    command
}

/// What a command that must succeed prints for people.
#[track_caller]
fn text(folder: &Path, arguments: &[&str]) -> String {
    let output = turnbuckle(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a server warns of before it listens.
fn warnings_of_start(folder: &Path, store: &[&str]) -> Vec<String> {
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], store].concat();
    let mut serving = command(folder, &arguments);
    let mut serving = serving.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(serving.stderr.take().unwrap());
    let mut lines = log.lines().map(Result::unwrap);
    let start: Vec<String> =
        lines.by_ref().take_while(|line| !line.contains("listening")).collect();
    serving.kill().unwrap();
    serving.wait().unwrap();
    // A system may also let it open too few files.
    let is_meant = |line: &String| line.contains(" WARN ") && !line.contains("open_files");
    start.into_iter().filter(is_meant).collect()
}

/// What a command that must succeed answers with `--json`.
#[track_caller]
fn answer(folder: &Path, arguments: &[&str]) -> Json {
    let output = turnbuckle(folder, &[&["--json"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a command that must fail says.
#[track_caller]
fn complaint(folder: &Path, arguments: &[&str]) -> String {
    let output = turnbuckle(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

fn config(folder: &Path) -> Config {
    config_of(&folder.join("data"), "")
}

fn config_of(data: &Path, store: &str) -> Config {
    let environment = [
        ("TURNBUCKLE_DATA", data.to_str().unwrap()),
        ("TURNBUCKLE_STORE", store),
        ("TURNBUCKLE_LISTEN", "127.0.0.1:0"),
        ("TURNBUCKLE_BOOTSTRAP_KEY", "pk_cli:sk_cli"),
        ("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Config::load(&Sources { environment, ..Sources::default() }).unwrap()
}

/// A folder in which a server has run once.
async fn used_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(config(folder.path()), CancellationToken::new()).await.unwrap();
    serving.shutdown().await.unwrap();
    folder
}

#[test]
fn the_demo_shows_a_webhook_become_a_signed_message() {
    let folder = tempfile::tempdir().unwrap();
    let shown = answer(folder.path(), &["demo"]);
    let steps = shown["steps"].as_array().unwrap();
    let message = steps.iter().find_map(|step| step.get("message")).unwrap();
    assert_eq!(message["body"]["event"]["type"], "update");
    assert_eq!(message["body"]["event"]["record"]["data"]["country"], "Canada");
    assert!(message["headers"]["webhook-signature"].as_str().unwrap().starts_with("v1,"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it left something behind");
}

#[tokio::test]
async fn keys_and_workspaces_are_managed_without_a_server() {
    let folder = used_folder().await;
    let folder = folder.path();
    let made = answer(folder, &["workspaces", "create", "second", "--data", "data"]);
    assert_eq!(made["workspace"]["slug"], "second");
    assert!(made["key"]["secret"].as_str().unwrap().starts_with("sk_"));
    let listed = answer(folder, &["workspaces", "list", "--data", "data"]);
    assert_eq!(listed["workspaces"].as_array().unwrap().len(), 2);

    let of_second = ["--data", "data", "--workspace", "second"];
    let keys = |arguments: &[&str]| answer(folder, &[&["keys"], arguments, &of_second].concat());
    let key = keys(&["create", "--scope", "read", "--scope", "ingest", "--label", "forms"]);
    assert_eq!(key["key"]["scopes"], json!(["read", "ingest"]));
    assert_eq!(keys(&["list"])["keys"].as_array().unwrap().len(), 2);
    keys(&["revoke", key["key"]["id"].as_str().unwrap()]);
    assert_eq!(keys(&["list"])["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_looked_after() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(config(folder.path()), CancellationToken::new()).await.unwrap();
    let url = format!("http://{}", serving.local_addr());
    let folder = folder.path();
    let functions = |arguments: &[&str]| {
        let client = ["--url", &url, "--key", "pk_cli:sk_cli"];
        [&["functions"], arguments, &client].concat().into_iter().map(str::to_owned).collect()
    };
    let answer = |arguments: &[&str]| {
        let arguments: Vec<String> = functions(arguments);
        answer(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let text = |arguments: &[&str]| {
        let arguments: Vec<String> = functions(arguments);
        text(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let complaint = |arguments: &[&str]| {
        let arguments: Vec<String> = functions(arguments);
        complaint(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };

    std::fs::write(folder.join("hello.js"), "handler = (it, id) => 'hello ' + id").unwrap();
    let saved = answer(&["save", "hello.js", "--rest-api", "--argument", "id"]);
    assert_eq!(saved["function"]["name"], "hello");
    let second = "handler = (it, id) => {\n  info('asked', id);\n  if (!id) throw new Error('who?');\n  return id + it.headers.x;\n}";
    std::fs::write(folder.join("second.js"), second).unwrap();
    let saved = answer(&["save", "second.js", "--name", "hello"]);
    let facts = ["rest_api", "draft_version"].map(|name| &saved["function"][name]);
    assert_eq!(facts, [&json!(true), &json!(2)], "what is not named stays");
    assert_eq!(text(&["show", "hello", "--version", "2"]), format!("{second}\n"));
    assert!(text(&["list"]).contains("hello"));

    let tried = ["try", "hello", "--query", "id=Ada", "--header", "X: !"];
    assert_eq!(answer(&tried)["result"], json!({"output": "Ada!"}));
    assert!(text(&tried).starts_with("log     asked Ada\nresult  {\"output\":\"Ada!\"}\ntook "));
    let first = answer(&["try", "hello", "--version", "1", "--body", "{\"arguments\":{\"id\":7}}"]);
    assert_eq!(first["result"], json!({"output": "hello 7"}));
    let said = complaint(&["try", "hello"]);
    assert!(said.contains("error: the function failed: line 3, column "), "{said}");
    let said = complaint(&["try", "hello", "--event", "in_x"]);
    assert!(said.contains("no such inbound event"), "{said}");

    let said = complaint(&["rollback", "hello"]);
    assert!(said.contains("no version is published"), "{said}");
    assert_eq!(answer(&["publish", "hello"])["function"]["published_version"], 2);
    assert_eq!(text(&["rollback", "hello"]), "version 1 of hello is published\n");
    let said = complaint(&["rollback", "hello"]);
    assert!(said.contains("no version before the first"), "{said}");
    answer(&["publish", "hello", "2"]);

    let shown = text(&["show", "hello"]);
    let production = shown.lines().find_map(|line| line.strip_prefix("production")).unwrap();
    let anyone = Client::new(&url);
    anyone.get(&production.trim()[production.trim().find("/crm").unwrap()..]).await.expect(500);
    let id = wait::until("the call to be logged", async || {
        answer(&["calls", "hello"])["calls"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let listed = text(&["calls", "hello", "--failed"]);
    assert!(listed.contains(&id) && listed.contains("Error: who?"), "{listed}");
    let shown = text(&["calls", "hello", &id]);
    assert!(shown.contains("log     asked undefined"), "{shown}");
    let said = complaint(&["show", "../keys"]);
    assert!(said.contains("the name of a function must"), "{said}");
    serving.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_called_through_its_api() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serve(config(folder.path()), CancellationToken::new()).await.unwrap();
    let url = format!("http://{}", serving.local_addr());
    let client = ["--url", &url, "--key", "pk_cli:sk_cli"];
    let folder = folder.path();

    let made = answer(folder, &[&["keys", "create", "--scope", "read"], &client[..]].concat());
    assert!(made["key"]["secret"].is_string());
    let listed = answer(folder, &[&["keys", "list"], &client[..]].concat());
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    let wrong = ["sources", "create", "form", "--connection", "absent"];
    let said = complaint(folder, &[&wrong, &client[..]].concat());
    assert!(said.starts_with("error: ") && said.contains("absent"), "{said}");
    let said = complaint(folder, &["keys", "list", "--data", "data"]);
    assert!(said.contains("if a server runs on it"), "{said}");
    // A folder that is named is what is meant, whatever key set a variable holds.
    let named = ["keys", "list", "--data", "data", "--key", "pk_cli:sk_cli"];
    let said = complaint(folder, &named);
    assert!(said.contains("if a server runs on it"), "{said}");
    let said = complaint(folder, &[&["listen", "--forward-to", "ftp://a"], &client[..]].concat());
    assert!(said.contains("--forward-to must be a whole URL"), "{said}");

    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong() {
    let folder = used_folder().await;
    let folder = folder.path();
    assert!(examine(folder, &["--data", "data"]).wrong.is_empty());

    std::fs::remove_file(folder.join("data/seal.key")).unwrap();
    let found = examine(folder, &["--data", "data"]);
    assert_eq!(found.wrong, ["key file"]);
    assert!(!folder.join("data/seal.key").exists(), "the doctor made a new key");
}

/// What the doctor found.
struct Examined {
    /// Names of the checks.
    wrong: Vec<String>,
    findings: Vec<Json>,
}

impl Examined {
    /// What it says about one check.
    #[track_caller]
    fn detail(&self, check: &str) -> &str {
        let finding = self.findings.iter().find(|finding| finding["check"] == check).unwrap();
        finding["detail"].as_str().unwrap()
    }
}

#[track_caller]
fn examine(folder: &Path, store: &[&str]) -> Examined {
    let output =
        turnbuckle(folder, &[&["--json", "doctor", "--listen", "127.0.0.1:0"], store].concat());
    let mut document: Json = serde_json::from_slice(&output.stdout).unwrap();
    let findings: Vec<Json> = serde_json::from_value(document["findings"].take()).unwrap();
    let wrong = findings.iter().filter(|finding| finding["result"] != "ok");
    let wrong: Vec<String> =
        wrong.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect();
    assert_eq!(output.status.success(), wrong.is_empty(), "{findings:#?}");
    Examined { wrong, findings }
}

/// Names a database on PostgreSQL in a settings file; answers the arguments with which
/// commands use it.
fn on_postgres(folder: &Path, database: &str) -> [&'static str; 4] {
    std::fs::write(folder.join("postgres.toml"), format!("store = \"{database}\"")).unwrap();
    ["--data", "data", "--config", "postgres.toml"]
}

#[tokio::test]
async fn the_doctor_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    let address = database::empty_schema().await;
    let check = |arguments: &[&str], wrong: &[&str], store: &str| {
        let found = examine(folder, arguments);
        assert_eq!(found.wrong, wrong, "{:#?}", found.findings);
        assert!(found.detail("store").contains(store), "{:#?}", found.findings);
        assert!(!data.exists(), "{:#?}", found.findings);
    };
    check(&["--data", "data"], &[], "will be made");
    // Port 1 answers nobody.
    let on_postgres = on_postgres(folder, "postgres://turnbuckle@127.0.0.1:1/postgres");
    check(&on_postgres, &["store"], "cannot use the database");

    self::on_postgres(folder, &address);
    check(&on_postgres, &[], "its tables will be made");
    let found = Unopened::at(&address.parse().unwrap()).unwrap().found().await.unwrap();
    assert_eq!(found, Found::Empty { may_create: true });
    answer(folder, &[&["migrate"], &on_postgres[..]].concat());
    std::fs::remove_dir_all(&data).unwrap();
    check(&on_postgres, &[], "no server has used it yet");
    let serving = serve(config_of(&data, &address), CancellationToken::new()).await.unwrap();
    serving.shutdown().await.unwrap();
    assert!(examine(folder, &on_postgres).wrong.is_empty());
    std::fs::remove_dir_all(&data).unwrap();
    check(&on_postgres, &["key file"], "not looked at without its key file");
}

#[tokio::test]
async fn a_start_that_leaves_a_database_behind_warns_once() {
    let folder = used_folder().await;
    let folder = folder.path();
    let embedded = |data: &str| warnings_of_start(folder, &["--data", data]);
    let database = database::empty_schema().await;
    let on_postgres = on_postgres(folder, &database);
    assert_eq!(embedded("data"), [""; 0]);
    let warned = warnings_of_start(folder, &on_postgres);
    assert!(warned.len() == 1 && warned[0].contains("file=data/turnbuckle.db"), "{warned:?}");
    assert!(warned[0].contains("turnbuckle import"), "{warned:?}");
    assert_eq!(warnings_of_start(folder, &on_postgres), [""; 0]);

    assert_eq!(embedded("new"), [""; 0]);
    copy_key(folder, "other");
    let warned = embedded("other");
    assert!(warned.len() == 1 && warned[0].contains("TURNBUCKLE_STORE may be"), "{warned:?}");
    assert_eq!(embedded("other"), [""; 0]);
}

/// What a server refuses, no command uses and the doctor finds.
#[tokio::test]
async fn a_store_that_a_server_refuses_is_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = database::empty_schema().await;
    let on_postgres = on_postgres(folder, &database);
    let [key, other] = ["data/seal.key", "other.key"].map(|path| folder.join(path));
    for (store, arguments) in [("", &["--data", "data"][..]), (&database, &on_postgres)] {
        let config = || config_of(&folder.join("data"), store);
        let serving = serve(config(), CancellationToken::new()).await.unwrap();
        serving.shutdown().await.unwrap();
        assert!(examine(folder, arguments).wrong.is_empty(), "{store}");
        let check = |commands: &[&[&str]], expect: &str| {
            for command in commands {
                let said = complaint(folder, &[command, arguments].concat());
                assert!(said.contains(expect), "{command:?}: {said}");
            }
            let found = examine(folder, arguments);
            assert_eq!(found.wrong, ["store"]);
            assert!(found.detail("store").contains(expect), "{:#?}", found.findings);
        };

        std::fs::rename(&key, &other).unwrap();
        let unsealed = tempfile::tempdir().unwrap();
        seal::key_file::load_or_create(unsealed.path()).unwrap();
        std::fs::copy(unsealed.path().join("seal.key"), &key).unwrap();
        let commands: [&[&str]; 6] = [
            &["serve", "--listen", "127.0.0.1:0"],
            &["migrate"],
            &["export", "--to", "moving"],
            &["keys", "list"],
            &["keys", "create"],
            &["workspaces", "list"],
        ];
        check(&commands, "but the key file holds key");
        std::fs::rename(&other, &key).unwrap();

        given_unfinished_import(config()).await;
        check(&[commands[0], commands[2], commands[3], commands[5]], "has not ended");
    }
}

#[test]
fn settings_are_shown_with_their_origin_or_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["config", "--listen", "127.0.0.1:7"];
    let output = turnbuckle(folder.path(), &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().any(|line| {
        line.starts_with(r#"listen = "127.0.0.1:7""#) && line.ends_with("# --listen")
    }));
    assert_eq!(answer(folder.path(), &arguments)["listen"], "127.0.0.1:7");
}

#[test]
fn a_command_that_needs_a_key_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let said = complaint(folder.path(), &["sources", "list"]);
    assert!(said.contains("--key") && said.contains("TURNBUCKLE_KEY"), "{said}");
}

/// What keeps the server from starting is named, with its place and the cure.
#[tokio::test]
async fn a_start_that_cannot_be_says_why_and_where() {
    let folder = used_folder().await;
    let folder = folder.path();
    let check = |arguments: &[&str], parts: &[&str]| {
        let said = complaint(folder, &[&["serve"], arguments].concat());
        for part in parts {
            assert!(said.contains(part), "{said} says {part}");
        }
        assert!(!said.contains("panicked"), "{said}");
    };
    check(&["--listen", "localhost"], &["`localhost` is not an IP address", "--listen"]);
    std::fs::write(folder.join("file"), "").unwrap();
    check(&["--listen", "127.0.0.1:0", "--data", "file"], &["cannot make the data folder file"]);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    check(&["--listen", &taken, "--data", "data"], &["cannot listen on", &taken]);

    let database = folder.join("data/turnbuckle.db");
    std::fs::write(&database, "no database ".repeat(1_000)).unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--data", "data"];
    check(&arguments, &["cannot use the database data/turnbuckle.db", "put back a backup"]);
    std::fs::remove_file(&database).unwrap();
    std::fs::create_dir(&database).unwrap();
    check(&arguments, &["cannot use the database data/turnbuckle.db", "unable to open"]);
}

fn client(serving: &Serving) -> Client {
    Client::new(&format!("http://{}", serving.local_addr())).with_key("pk_cli", "sk_cli")
}

/// Puts a copy of the first server's key into another data folder.
fn copy_key(folder: &Path, data: &str) {
    std::fs::create_dir_all(folder.join(data)).unwrap();
    std::fs::copy(folder.join("data/seal.key"), folder.join(data).join("seal.key")).unwrap();
}

/// Leaves a store as an import does that was cut off.
async fn given_unfinished_import(config: Config) {
    let app = App::build(config).await.unwrap();
    app.store.claim_note(IMPORT_NOTE, "begun").await.unwrap();
    app.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_carried_to_postgres_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let database = database::empty_schema().await;
    let on_postgres = on_postgres(folder, &database);
    let serve = async |data: &str, store: &str| {
        serve(config_of(&folder.join(data), store), CancellationToken::new()).await.unwrap()
    };

    let serving = serve("data", "").await;
    client(&serving).connect().await;
    client(&serving).create_record("Lead", json!({"Contact": "first"})).await;
    let source = client(&serving).create_source(json!({})).await;
    let sink = WebhookSink::start().await;
    let settings = json!({"format": "standard", "scope": "changes"});
    client(&serving).create_endpoint(&sink, settings).await;
    let said = complaint(folder, &["export", "--to", "moving", "--data", "data"]);
    assert!(said.contains("stop it") && said.contains("open in another process"), "{said}");
    serving.shutdown().await.unwrap();

    let exported = answer(folder, &["export", "--to", "moving", "--data", "data"]);
    let imported = answer(folder, &[&["import", "--from", "moving"], &on_postgres[..]].concat());
    assert_eq!(imported, exported);

    // Nothing is made anew, what was sealed opens, and what is new is told.
    let serving = serve("data", &database).await;
    assert!(serving.first_start().is_none());
    let client_there = client(&serving);
    let leads = client_there.search_records("Lead", everything()).await;
    assert_eq!(leads.len(), 1, "{leads:#?}");
    let kept = client_there.get(&format!("/api/v1/sources/{}", source.id)).await.success();
    assert!(kept.to_string().contains(&source.key), "{kept}");
    client_there.create_record("Lead", json!({"Contact": "second"})).await;
    wait::until("a message", async || (!sink.calls().is_empty()).then_some(())).await;
    let said = complaint(folder, &[&["export", "--to", "back"], &on_postgres[..]].concat());
    assert!(said.contains("stop every server"), "{said}");
    serving.shutdown().await.unwrap();

    answer(folder, &[&["export", "--to", "back"], &on_postgres[..]].concat());
    copy_key(folder, "second");
    answer(folder, &["import", "--from", "back", "--data", "second"]);
    let serving = serve("second", "").await;
    assert_eq!(client(&serving).search_records("Lead", everything()).await.len(), 2);
    serving.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_carried_over_says_why() {
    let folder = used_folder().await;
    let folder = folder.path();
    answer(folder, &["export", "--to", "moving", "--data", "data"]);
    let check = |arguments: &[&str], parts: &[&str]| {
        let said = complaint(folder, arguments);
        for part in parts {
            assert!(said.contains(part), "{said} says {part}");
        }
    };
    check(&["export", "--to", "moving", "--data", "data"], &["complete", "another folder"]);
    check(&["export", "--to", "other", "--data", "absent"], &["no database in absent"]);
    let import = ["import", "--from", "moving", "--data"];
    check(&[&import[..], &["new"]].concat(), &["holds none", "copy seal.key"]);
    assert!(!folder.join("new").exists(), "it made a folder in vain");
    check(&[&import[..], &["data"]].concat(), &["something in the store already"]);
    check(&["import", "--from", "data", "--data", "data"], &["no export", "manifest.json"]);
    let other = used_folder().await;
    std::fs::create_dir(folder.join("other")).unwrap();
    std::fs::copy(other.path().join("data/seal.key"), folder.join("other/seal.key")).unwrap();
    check(&[&import[..], &["other"]].concat(), &["sealed with key", "copy seal.key"]);
    let (key, theirs) = (folder.join("data/seal.key"), other.path().join("data"));
    std::fs::copy(key, theirs.join("seal.key")).unwrap();
    let used = theirs.to_str().unwrap();
    check(&[&import[..], &[used]].concat(), &["something in the store already"]);

    // A wrong file leaves the store empty for the right one.
    let workspaces = folder.join("moving/workspace.jsonl");
    let text = std::fs::read_to_string(&workspaces).unwrap();
    std::fs::write(&workspaces, text.replace("default", "changed")).unwrap();
    copy_key(folder, "new");
    check(&[&import[..], &["new"]].concat(), &["workspace.jsonl", "not as it was exported"]);
    std::fs::write(&workspaces, text).unwrap();
    answer(folder, &[&import[..], &["new"]].concat());
    let again = complaint(folder, &[&import[..], &["new"]].concat());
    assert!(again.contains("perhaps this import is done") && !again.contains('`'), "{again}");

    // A store that holds a part of it is not used.
    given_unfinished_import(config_of(&folder.join("new"), "")).await;
    let unfinished = &["has not ended", "turnbuckle import"];
    check(&["serve", "--data", "new", "--listen", "127.0.0.1:0"], unfinished);
    check(&["keys", "list", "--data", "new"], unfinished);
}

#[test]
fn a_stored_request_is_verified_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let stored = |body: &str| {
        let head =
            format!("POST /hooks?a=1 HTTP/1.1\r\nHost: h\r\nX-Hub-Signature-256: {signature}");
        std::fs::write(folder.join("request.http"), format!("{head}\r\n\r\n{body}")).unwrap();
    };
    std::fs::write(folder.join("secrets"), "another\nIt's a Secret to Everybody\n").unwrap();
    let verify = ["verify", "request.http", "--sender", "github", "--secret-file", "secrets"];

    stored("Hello, World!");
    assert_eq!(answer(folder, &verify), json!({"verified": true}));
    stored("Hello, World!\n");
    let output = turnbuckle(folder, &[&["--json"], &verify[..], &["--explain"]].concat());
    assert!(!output.status.success());
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["verified"], false);
    assert_eq!(found["signed"], "Hello, World!\n");
    assert_eq!(found["comparisons"][1]["secret"], 2);
    let cause = "it verifies with the body without the white space around it";
    assert_eq!(found["causes"], json!([cause]));

    for (arguments, told) in [
        (["--sender", "githup", "--secret", "x"], "`githup` is not a known sender"),
        (["--sender", "svix", "--secret", "?"], "secret 1: a secret of this sender must be"),
        (["--scheme", "nothing.json", "--secret", "x"], "cannot read nothing.json"),
    ] {
        let output = turnbuckle(folder, &[&["verify", "request.http"], &arguments[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(told), "{said}");
    }
}
