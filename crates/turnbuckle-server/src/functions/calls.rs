//! The log of calls: what went on in each, for whoever wrote the function.
//!
//! A call is answered first. Then it is handed over here, and a worker
//! ([`crate::workers::calls`]) writes what has gathered. What waits is bounded in
//! bytes; a call that finds no room is counted and left out: answers are not slowed
//! down for the log. What waits when a process is killed is lost.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::sync::Notify;
use turnbuckle_functions::{Asked, Failure, Outcome};
use turnbuckle_store::function::FunctionCall;
use utoipa::ToSchema;

/// Of all calls that wait to be written.
const WAITING_BYTES_MAX: usize = 16 << 20;
/// Of the message of one error.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// What a call takes beside its texts.
const CALL_BYTES: usize = 512;

/// What the log keeps of the inside of a call.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallDetail {
    /// The inbound event that it was made for, by its source.
    #[serde(default)]
    #[schema(required, example = "in_01a20a4705417000803145d52465f1f4")]
    pub event: Option<String>,
    #[schema(required)]
    pub error: Option<CallError>,
    /// What it wrote by `info`.
    pub logs: Vec<String>,
    /// Whether lines were left out of `logs`.
    pub logs_cut: bool,
    pub host_calls: Vec<HostCall>,
}

/// Why a call failed.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallError {
    #[schema(example = "TypeError")]
    pub name: String,
    pub message: String,
    /// Where in the script, counted from 1.
    #[schema(required)]
    pub line: Option<u32>,
    #[schema(required)]
    pub column: Option<u32>,
}

/// Something that the script asked of the hub.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostCall {
    #[schema(example = "crm.getRecordById")]
    pub name: String,
    #[schema(required)]
    pub error: Option<String>,
    pub duration_ms: u64,
}

impl CallDetail {
    /// Its texts are bounded, whatever the script did.
    pub fn of(outcome: Outcome) -> (Result<Json, CallError>, Self) {
        let Outcome { result, log, is_log_cut, asked, .. } = outcome;
        let detail = Self {
            event: None,
            error: None,
            logs: log,
            logs_cut: is_log_cut,
            host_calls: asked.into_iter().map(HostCall::of).collect(),
        };
        (result.map_err(CallError::of), detail)
    }
}

impl CallError {
    /// What the script returned is nothing that can be answered.
    pub fn invalid_return() -> Self {
        Self::named("InvalidReturn", "it returned what cannot be answered".to_owned())
    }

    pub fn named(name: &str, message: String) -> Self {
        Self { name: name.to_owned(), message, line: None, column: None }
    }

    fn of(failure: Failure) -> Self {
        let name = match &failure {
            Failure::Thrown(_) => "",
            Failure::TimeUp(_) => "TimeUp",
            Failure::TooMuchOutput(_) => "TooMuchOutput",
            Failure::NotJson(_) => "InvalidReturn",
            Failure::Crashed(_) => "Crashed",
        };
        match failure {
            Failure::Thrown(thrown) => Self {
                name: shortened(thrown.name),
                message: shortened(thrown.message),
                line: thrown.line,
                column: thrown.column,
            },
            other => Self::named(name, shortened(other.to_string())),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})"),
            (Some(line), None) => write!(f, " (line {line})"),
            (None, _) => Ok(()),
        }
    }
}

impl HostCall {
    fn of(asked: Asked) -> Self {
        let Asked { name, error, duration } = asked;
        Self { name, error: error.map(shortened), duration_ms: millis(duration) }
    }
}

pub fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

fn shortened(mut text: String) -> String {
    if MESSAGE_BYTES_MAX < text.len() {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Calls that wait to be written.
#[derive(Default)]
pub struct CallLog {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Default)]
struct Waiting {
    calls: Vec<FunctionCall>,
    bytes: usize,
    left_out: u64,
}

impl CallLog {
    /// Hands over a call; `false` if there is no room for it.
    pub fn keep(&self, call: FunctionCall) -> bool {
        let bytes = CALL_BYTES + bytes_of(&call.detail);
        let mut waiting = self.waiting.lock().expect("no code panics holding it");
        let has_room = waiting.bytes + bytes <= WAITING_BYTES_MAX;
        if has_room {
            waiting.bytes += bytes;
            waiting.calls.push(call);
        } else {
            waiting.left_out += 1;
        }
        drop(waiting);
        self.came.notify_one();
        has_room
    }

    /// Completes when there may be something to take.
    pub async fn came(&self) {
        self.came.notified().await;
    }

    /// What waits, and how many calls found no room since the last time.
    pub fn take(&self) -> (Vec<FunctionCall>, u64) {
        let Waiting { calls, left_out, .. } =
            std::mem::take(&mut *self.waiting.lock().expect("no code panics holding it"));
        (calls, left_out)
    }
}

fn bytes_of(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => size_of::<Json>(),
        Json::String(text) => size_of::<Json>() + text.len(),
        Json::Array(values) => size_of::<Json>() + values.iter().map(bytes_of).sum::<usize>(),
        Json::Object(members) => bytes_of_members(members),
    }
}

fn bytes_of_members(members: &Map<String, Json>) -> usize {
    members.iter().map(|(name, value)| size_of::<String>() + name.len() + bytes_of(value)).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use turnbuckle_core::id::{FunctionCallId, FunctionId, Minter, WorkspaceId};
    use turnbuckle_functions::{Limits, Thrown};

    use super::*;

    fn a_call(line: &str) -> FunctionCall {
        let minter = Minter::default();
        FunctionCall {
            id: FunctionCallId(minter.mint(1, 1)),
            workspace: WorkspaceId(1),
            function: FunctionId(minter.mint(1, 1)),
            version: 1,
            method: "GET".to_owned(),
            status: 200,
            is_failed: false,
            duration_ms: 1,
            detail: json!({"logs": [line]}),
        }
    }

    #[test]
    fn what_finds_no_room_is_left_out_and_counted() {
        let log = CallLog::default();
        let large = "x".repeat(WAITING_BYTES_MAX / 3);
        let kept = (0..4).filter(|_| log.keep(a_call(&large))).count();
        assert_eq!(kept, 2);
        let (calls, left_out) = log.take();
        assert_eq!((calls.len(), left_out), (2, 2));
        assert!(log.keep(a_call(&large)), "what was taken has made room");
        assert_eq!(log.take().1, 0);
    }

    #[test]
    fn texts_of_a_script_are_bounded() {
        let outcome = Outcome {
            result: Err(Failure::Thrown(Thrown {
                name: "Error".to_owned(),
                message: "é".repeat(MESSAGE_BYTES_MAX),
                line: Some(1),
                column: None,
            })),
            log: vec!["a".to_owned()],
            is_log_cut: true,
            asked: vec![Asked {
                name: "crm.createRecord".to_owned(),
                error: Some("x".repeat(MESSAGE_BYTES_MAX + 1)),
                duration: Duration::from_millis(3),
            }],
            duration: Duration::from_millis(4),
        };
        let (result, detail) = CallDetail::of(outcome);
        let error = result.unwrap_err();
        assert_eq!(error.message.chars().count(), MESSAGE_BYTES_MAX / 2 + 1);
        assert_eq!((error.line, detail.logs_cut), (Some(1), true));
        assert_eq!(detail.host_calls[0].error.as_ref().unwrap().chars().count(), 4097);
        let time_up = CallError::of(Failure::TimeUp(Limits::default()));
        assert_eq!(time_up.name, "TimeUp");
    }
}
