//! How far an authorization is, as `xkit.js` follows it: by a Phoenix channel on a WebSocket.
//!
//! Messages are arrays of five: join reference, reference, topic, event and payload (version 2 of
//! the protocol of Phoenix). A page joins `authorization_status:` and an id, is answered with the
//! status, and hears of each other one. The token of the context is in the query, where browsers
//! can put it: an address of this path is logged without its query, like every other.
//!
//! Absent on purpose: other topics. Link asks over the API instead.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use http::request::Parts;
use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::{Instant, interval};
use turnbuckle_core::id::UnixMs;

use super::authorizations::{self, AuthorizationStatus};
use super::caller::OfContext;
use super::origin;
use crate::app::App;
use crate::context_token::Use;
use crate::extract::QueryParams;
use crate::problem::{ApiError, Problem};

const TOPIC: &str = "authorization_status:";
/// How often it is looked whether a status is another.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Clients send a heartbeat every fifteen seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// No message of a client is longer.
const MESSAGE_BYTES_MAX: usize = 8_192;
/// Most topics of one socket.
const TOPICS_MAX: usize = 32;

#[derive(Deserialize)]
pub struct SocketQuery {
    token: String,
    #[serde(default)]
    vsn: String,
}

/// Opens a socket.
pub async fn open(
    State(app): State<App>,
    QueryParams(query): QueryParams<SocketQuery>,
    parts: Parts,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let caller = OfContext::of_token(&app, &query.token, Use::Access).await?;
    origin::check(&app, caller.workspace.id, &mut { parts }).await?;
    if !query.vsn.starts_with("2.") {
        let detail = "`vsn` is the version of the messages; this is of version 2.0.0";
        return Err(ApiError::new(Problem::InvalidRequest, detail));
    }
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(async move |socket| {
        let until = caller.claims.exp * 1_000;
        Channels { app, caller, until, joined: IndexMap::new() }.serve(socket).await;
    }))
}

/// The topics that a page has joined.
struct Channels {
    app: App,
    caller: OfContext,
    /// The end of its token.
    until: UnixMs,
    joined: IndexMap<String, Joined>,
}

struct Joined {
    reference: Value,
    status: AuthorizationStatus,
}

/// A message either way.
#[derive(Deserialize)]
struct Frame(Value, Value, String, String, IgnoredAny);

impl Channels {
    /// Until the page goes, falls silent or its time is over.
    async fn serve(mut self, mut socket: WebSocket) {
        let mut looks = interval(LOOK_EVERY);
        let mut heard = Instant::now();
        loop {
            let answers = tokio::select! {
                () = self.app.stopping.cancelled() => return,
                _ = looks.tick() => {
                    if SILENCE_MAX < heard.elapsed() || self.until <= self.app.now() {
                        return;
                    }
                    self.look().await
                }
                message = socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.hear(&text).await,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Vec::new(),
                        _ => return,
                    }
                }
            };
            for answer in answers {
                if socket.send(Message::text(answer.to_string())).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Vec<Value> {
        let Ok(Frame(join, reference, topic, event, _)) = serde_json::from_str(text) else {
            return Vec::new();
        };
        let reply = |status: &str, response: Value| {
            let payload = json!({ "status": status, "response": response });
            json!([join, reference, topic, "phx_reply", payload])
        };
        match event.as_str() {
            "heartbeat" => vec![reply("ok", json!({}))],
            "phx_join" => match self.status(&topic).await {
                Some(status) if self.joined.len() < TOPICS_MAX => {
                    let joined = Joined { reference: join.clone(), status };
                    self.joined.insert(topic.clone(), joined);
                    vec![reply("ok", json!({ "status": status }))]
                }
                _ => vec![reply("error", json!({ "reason": "not found" }))],
            },
            "phx_leave" => {
                self.joined.shift_remove(&topic);
                vec![reply("ok", json!({})), json!([join, reference, topic, "phx_close", {}])]
            }
            _ => vec![reply("error", json!({ "reason": "unknown event" }))],
        }
    }

    /// What has changed since it was said.
    async fn look(&mut self) -> Vec<Value> {
        let mut updates = Vec::new();
        let topics: Vec<String> = self.joined.keys().cloned().collect();
        for topic in topics {
            let Some(status) = self.status(&topic).await else { continue };
            let Some(joined) = self.joined.get_mut(&topic) else { continue };
            if joined.status != status {
                joined.status = status;
                let payload = json!({ "status": status });
                updates.push(json!([joined.reference, null, topic, "status_update", payload]));
            }
        }
        updates
    }

    /// The status that a topic is about; `None` of what the context does not have.
    async fn status(&self, topic: &str) -> Option<AuthorizationStatus> {
        let id = topic.strip_prefix(TOPIC)?;
        let found = authorizations::find(&self.app, &self.caller, None, id).await;
        found.ok().map(|it| it.status(&self.app))
    }
}
