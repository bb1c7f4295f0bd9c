//! Wake-ups, inside this process and between processes.
//!
//! Only hints: whoever waits for one looks at the database again after a while.
//! To others they go as notifications, gathered for a moment, after the commit
//! that they tell of: nothing that is written waits for them.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use turnbuckle_core::id::{EndpointId, Stamp, WorkspaceId};

/// The channel of the notifications.
pub const CHANNEL: &str = "turnbuckle_hints";

/// How long a hint that was lost may leave something unnoticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long hints for others are gathered.
const GATHER: Duration = Duration::from_millis(2);
/// Hints in one notification: far below what one may hold.
const PAYLOAD_HINTS_MAX: usize = 100;

/// What another process should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    Event,
    Change,
    Upkeep,
    /// Something became due at this endpoint.
    Due(WorkspaceId, EndpointId),
}

impl Hint {
    fn to_text(self) -> String {
        match self {
            Self::Event => "event".to_owned(),
            Self::Change => "change".to_owned(),
            Self::Upkeep => "upkeep".to_owned(),
            Self::Due(WorkspaceId(workspace), EndpointId(stamp)) => {
                format!("{workspace}.{}.{}", stamp.row_key(), stamp.tail())
            }
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "event" => Some(Self::Event),
            "change" => Some(Self::Change),
            "upkeep" => Some(Self::Upkeep),
            endpoint => {
                let mut numbers = endpoint.split('.').map_while(|it| it.parse().ok());
                let workspace = WorkspaceId(numbers.next()?);
                let stamp = Stamp::from_row(numbers.next()?, numbers.next()?);
                Some(Self::Due(workspace, EndpointId(stamp)))
            }
        }
    }
}

#[derive(Default)]
pub struct Hints {
    pub new_event: Notify,
    pub new_for_calls: Notify,
    pub new_change: Notify,
    /// Another process asks for upkeep.
    pub upkeep: Notify,
    /// Endpoints at which another process made something due.
    due: Mutex<BTreeSet<(WorkspaceId, EndpointId)>>,
    new_due: Notify,
    for_others: Mutex<BTreeSet<Hint>>,
    new_for_others: Notify,
}

impl Hints {
    /// Tells the others, soon.
    pub fn tell_others(&self, hints: impl IntoIterator<Item = Hint>) {
        let mut for_others = self.for_others.lock().expect("no code panics holding it");
        let had = for_others.len();
        for_others.extend(hints);
        if had < for_others.len() {
            self.new_for_others.notify_one();
        }
    }

    /// Waits for hints to tell, and answers them as the payloads of notifications.
    pub async fn to_tell(&self, process: i64) -> Vec<String> {
        while self.for_others.lock().expect("no code panics holding it").is_empty() {
            self.new_for_others.notified().await;
        }
        tokio::time::sleep(GATHER).await;
        let hints = std::mem::take(&mut *self.for_others.lock().expect("no code panics"));
        let hints: Vec<String> = hints.into_iter().map(Hint::to_text).collect();
        hints.chunks(PAYLOAD_HINTS_MAX).map(|it| format!("{process} {}", it.join(" "))).collect()
    }

    /// Takes a notification; one's own is none.
    pub fn heard(&self, process: i64, payload: &str) {
        let Some((from, hints)) = payload.split_once(' ') else { return };
        if from.parse() == Ok(process) {
            return;
        }
        for hint in hints.split(' ').filter_map(Hint::from_text) {
            match hint {
                Hint::Event => self.new_event.notify_one(),
                Hint::Change => self.new_change.notify_one(),
                Hint::Upkeep => self.upkeep.notify_one(),
                Hint::Due(workspace, endpoint) => {
                    let mut due = self.due.lock().expect("no code panics holding it");
                    due.insert((workspace, endpoint));
                    self.new_due.notify_one();
                }
            }
        }
    }

    /// There is more to work on than before.
    pub fn look_at_all(&self) {
        self.new_event.notify_one();
        self.new_for_calls.notify_one();
        self.new_change.notify_one();
    }

    /// Waits until another process made something due; answers at which endpoints.
    pub async fn due_elsewhere(&self) -> Vec<(WorkspaceId, EndpointId)> {
        loop {
            let due = std::mem::take(&mut *self.due.lock().expect("no code panics holding it"));
            if !due.is_empty() {
                return due.into_iter().collect();
            }
            self.new_due.notified().await;
        }
    }
}

/// Waits for a hint, or until it is time to look.
pub async fn hint_or_look(hint: &Notify) {
    // Elapsed or told: both mean to look.
    let _ = tokio::time::timeout(LOOK_EVERY, hint.notified()).await;
}
