//! Runs the commands of README.md and of the guides against the real binary,
//! and compares what they print with what the document says they print.
//!
//! The convention, for whoever writes a document:
//!
//! - Blocks fenced as `console` are run, from the first to the last of the
//!   document, in one shell. Blocks fenced otherwise are only shown.
//! - A line that starts with `$ ` is a command. It goes on in the next line
//!   while it ends in a backslash or has an open `'`. What follows up to the next
//!   command is what it prints, on both streams.
//! - White space does not matter, so answers may be laid out for reading. `…`
//!   stands for anything. Ids, GUIDs and times equal any other, so a document may
//!   show real ones.
//! - A command that only reads (a `curl` without a body or method) is repeated
//!   until it prints what it should, for a few seconds: stages work behind an
//!   answer.
//! - `systemctl stop turnbuckle` stops the server in good order.
//! - `$HUB` is the address of the server, shown as `http://127.0.0.1:8080`, and
//!   `$KEY` a key set that may do everything. `make run` starts the server again
//!   after it was killed; `turnbuckle-data` is its folder.
//!
//! Each document has a server and a folder of its own. Where bash, curl, jq or
//! openssl is missing nothing is run, and a line says so.

#![cfg(unix)]

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const ANYTHING: char = '…';
const KEY: &str = "pk_docs:sk_docs";
/// How long a command that reads is repeated.
const PATIENCE: Duration = Duration::from_secs(10);
/// Printed after each command, before its exit status.
const END: &str = "--end-of-command--";
/// Other processes may take a port between our choice and the server's start.
const STARTS_MAX: usize = 5;

/// What the shell of a document knows beside its commands.
const PRELUDE: &str = r#"
exec 2>&1
curl() { command curl --no-progress-meter --max-time 30 "$@"; }
turnbuckle() { "$TURNBUCKLE" "$@"; }
server_pid() { cat "$TURNBUCKLE_DATA.pid"; }
make() {
    # A killed server holds its port and its folder until it is gone.
    while [ -e "$TURNBUCKLE_DATA.pid" ] && kill -0 $(server_pid) 2>/dev/null; do sleep 0.02; done
    "$TURNBUCKLE" serve >>"$TURNBUCKLE_DATA.log" 2>&1 </dev/null &
    echo $! >"$TURNBUCKLE_DATA.pid"
    disown
}
systemctl() {
    kill "$(server_pid)"
    while kill -0 "$(server_pid)" 2>/dev/null; do sleep 0.02; done
}
await_server() {
    for _ in $(seq 200); do
        command curl -sf -o /dev/null "$HUB/readyz" && return 0
        kill -0 "$(server_pid)" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}
"#;

/// One command of a document and what it prints.
#[derive(Debug, PartialEq)]
struct Step {
    line: usize,
    command: String,
    expected: String,
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_inside = false;
    let mut is_open = false;
    for (index, line) in document.lines().enumerate() {
        if line.starts_with("```") {
            is_inside = line == "```console";
            is_open = false;
        } else if !is_inside {
            continue;
        } else if is_open {
            let step = steps.last_mut().expect("an open command is a step");
            step.command.push('\n');
            step.command.push_str(line);
            is_open = goes_on(&step.command);
        } else if let Some(command) = line.strip_prefix("$ ") {
            is_open = goes_on(command);
            let (command, expected) = (command.to_owned(), String::new());
            steps.push(Step { line: index + 1, command, expected });
        } else if let Some(step) = steps.last_mut() {
            step.expected.push_str(line);
            step.expected.push('\n');
        }
    }
    steps
}

fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

fn only_reads(command: &str) -> bool {
    let writes = [" -X", " -d", " -F", " --json", " --data", " --form", "kill "];
    command.contains("curl ") && !writes.iter().any(|option| command.contains(option))
}

/// What counts of a text: no white space, and one sign for every id and time.
fn essence(text: &str) -> String {
    let packed: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut essence = String::with_capacity(packed.len());
    let mut rest = packed.as_slice();
    while let Some(first) = rest.first() {
        let run = |is_part: fn(char) -> bool| rest.iter().take_while(|c| is_part(**c)).count();
        let id = run(|c| matches!(c, '0'..='9' | 'a'..='f' | '-'));
        let time = run(|c| matches!(c, '0'..='9' | 'T' | 'Z' | ':' | '.' | '-'));
        let (sign, length) = match (id, time) {
            (32.., _) => ('#', id),
            (_, 20..) => ('@', time),
            _ => (*first, 1),
        };
        essence.push(sign);
        rest = &rest[length..];
    }
    essence
}

fn is_as_documented(expected: &str, printed: &str) -> bool {
    let (expected, printed) = (essence(expected), essence(printed));
    let mut parts: Vec<&str> = expected.split(ANYTHING).collect();
    let last = parts.pop().unwrap_or_default();
    let Some((first, middle)) = parts.split_first() else { return printed == last };
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A shell with a server.
struct Stage {
    shell: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: String,
    data: PathBuf,
    _folder: TempDir,
}

impl Stage {
    fn start() -> Self {
        (0..STARTS_MAX).find_map(|_| Self::try_start()).expect("the server starts")
    }

    /// `None` if the server ends, as it does when somebody has taken its port.
    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("turnbuckle-data");
        let address = format!("127.0.0.1:{}", free_port());
        let mut shell = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder.path())
            .env("TURNBUCKLE", env!("CARGO_BIN_EXE_turnbuckle"))
            .env("TURNBUCKLE_DATA", &data)
            .env("TURNBUCKLE_FUNCTIONS__CACHE", env!("CARGO_TARGET_TMPDIR"))
            .env("TURNBUCKLE_LISTEN", &address)
            .env("TURNBUCKLE_BOOTSTRAP_KEY", KEY)
            .env("TURNBUCKLE_EGRESS__ALLOW_CIDRS", "127.0.0.0/8")
            .env("HUB", format!("http://{address}"))
            .env("KEY", KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = shell.stdin.take().unwrap();
        let output = BufReader::new(shell.stdout.take().unwrap());
        let mut stage = Self { shell, input, output, address, data, _folder: folder };
        let (_, status) = stage.run(&format!("{PRELUDE}\nmake run\nawait_server"));
        (status == "0").then_some(stage)
    }

    /// What a command prints, and its exit status.
    fn run(&mut self, command: &str) -> (String, String) {
        // On lines of their own: the output may not end in a line break.
        writeln!(self.input, "{command}\nprintf '\\n%s %s\\n' '{END}' $?").unwrap();
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "the shell ended in `{command}` after printing\n{printed}");
            if let Some(status) = line.strip_prefix(END) {
                return (self.shown(&printed), status.trim().to_owned());
            }
            printed.push_str(&line);
        }
    }

    fn shown(&self, printed: &str) -> String {
        printed.replace(&self.address, "127.0.0.1:8080")
    }

    /// Runs a step; what is wrong with it, if anything.
    fn play(&mut self, step: &Step) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (printed, _) = self.run(&step.command);
            if is_as_documented(&step.expected, &printed) {
                return None;
            }
            if !only_reads(&step.command) || deadline < Instant::now() {
                let Step { line, command, expected } = step;
                return Some(format!(
                    "line {line}\n$ {command}\n--- documented\n{expected}--- printed\n{printed}"
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data.with_extension("log")).unwrap_or_default()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Best effort: either may have ended by itself.
        let _ = writeln!(self.input, "kill -9 $(server_pid); exit");
        let _ = self.input.flush();
        let _ = self.shell.wait();
    }
}

/// A port that stays free while a server is started again: out of the range from
/// which systems give ports to clients.
fn free_port() -> u16 {
    let dice = || RandomState::new().build_hasher().finish();
    std::iter::repeat_with(|| 10_000 + (dice() % 20_000) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("some port is free")
}

fn has_tools() -> bool {
    // Not all of them know the argument; what counts is that they start.
    let is_there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    let missing: Vec<&str> =
        ["bash", "curl", "jq", "openssl"].into_iter().filter(|tool| !is_there(tool)).collect();
    if !missing.is_empty() {
        eprintln!("not run: the commands of the documents need {missing:?}");
    }
    missing.is_empty()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn check(document: &str) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{document} has no command to run");
    if !has_tools() {
        return;
    }
    let mut stage = Stage::start();
    let wrong: Vec<String> = steps.iter().filter_map(|step| stage.play(step)).collect();
    let count = wrong.len();
    assert_eq!(count, 0, "{document}\n\n{}\n\n{}", wrong.join("\n\n"), stage.log());
}

#[test]
fn the_tour_of_the_readme_runs() {
    check("README.md");
}

#[test]
fn the_guide_to_the_webhook_service_runs() {
    check("docs/guides/webhook-service.md");
}

#[test]
fn the_guide_to_verifying_senders_runs() {
    check("docs/guides/verification.md");
}

/// The table of senders is long, and nobody would miss a row.
#[test]
fn the_guide_to_verifying_senders_names_each() {
    let guide = fs::read_to_string(root().join("docs/guides/verification.md")).unwrap();
    let rows = guide.lines().filter(|line| line.starts_with("| `"));
    let named: Vec<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
    for sender in turnbuckle_core::verify::SENDER_NAMES {
        let name = format!("`{sender}`");
        assert!(named.iter().any(|cell| cell.contains(&name)), "{sender} is not in the table");
    }
}

#[test]
fn the_guide_to_the_universal_api_runs() {
    check("docs/guides/universal-api.md");
}

#[test]
fn the_guide_to_link() {
    check("docs/guides/link.md");
}

#[test]
fn the_guide_to_webhooks_out_runs() {
    check("docs/guides/webhooks-out.md");
}

#[test]
fn the_guide_to_functions_runs() {
    check("docs/guides/functions.md");
}

#[test]
fn the_guide_to_the_built_in_crm_runs() {
    check("docs/guides/built-in-crm.md");
}

#[test]
fn the_guide_to_management_runs() {
    check("docs/guides/management.md");
}

#[test]
fn the_guide_to_operating_runs() {
    check("docs/guides/operating.md");
}

#[test]
fn the_guide_to_moving_runs() {
    check("docs/guides/moving.md");
}

#[test]
fn every_guide_is_run() {
    let here = include_str!("docs.rs");
    for entry in fs::read_dir(root().join("docs/guides")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        // One may only show commands, such as those of another machine.
        let has_steps = !steps(&fs::read_to_string(entry.path()).unwrap()).is_empty();
        let is_run = here.contains(&format!("\"docs/guides/{name}\""));
        assert!(is_run || !has_steps, "{name} is run by no test");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
            .map(PathBuf::from)
            .to_vec();
    for folder in ["docs", "docs/guides", "docs/adr", "docs/problems"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
        documents.extend(names.filter(|name| name.extension().is_some_and(|it| it == "md")));
    }
    for document in documents {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let folder = root().join(&document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let is_elsewhere = link.contains("://") || path.is_empty();
            assert!(
                is_elsewhere || folder.join(path).exists(),
                "{} links to {link}",
                document.display()
            );
        }
    }
}

#[test]
fn a_command_goes_on_while_a_quote_is_open() {
    let document = "text\n```console\n$ curl x \\\n  --json '{\n  \"a\": 1}'\n{\"b\":\n2}\n$ ls\n```\n\
                    ```sh\n$ never\n```\n";
    let step = |line, command: &str, expected: &str| Step {
        line,
        command: command.to_owned(),
        expected: expected.to_owned(),
    };
    let expected =
        [step(3, "curl x \\\n  --json '{\n  \"a\": 1}'", "{\"b\":\n2}\n"), step(8, "ls", "")];
    assert_eq!(steps(document), expected);
}

#[test]
fn answers_are_compared_by_what_counts() {
    let check = |expected: &str, printed: &str, expect: bool| {
        assert_eq!(is_as_documented(expected, printed), expect, "{expected} / {printed}");
    };
    check("{\"a\": 1,\n \"b\": 2}", "{\"a\":1,\"b\":2}\n", true);
    check("{\"a\":1}", "{\"a\":2}", false);
    check("", "", true);
    check("", "x", false);
    check("{\"a\":…}", "{\"a\":{\"b\":1}}", true);
    check("a…b…c", "a1b2c", true);
    check("a…b…c", "a1c2c", false);
    check("a…", "b", false);
    check("…c", "abc", true);
    check("ab…bc", "abc", false);
    let (some, other) =
        ("0190a3c25c3e7d529a103f6b1c2d4e5f", "f8af0e88-f36b-1410-fa98-00155d043204");
    check(&format!("in_{some}"), &format!("in_{other}"), true);
    check(&format!("in_{some}"), "in_1", false);
    check("2026-11-23T20:57:27Z", "2027-01-01T00:00:00.123Z", true);
    check("2026-11-23", "2027-01-01", false);
}
