//! One turn: the brief as a prompt, and whatever the agent says until it stops.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, Lines};

use super::permission::{Asked, Rule};
use crate::agents::offer::Offer;

/// The version of the protocol that is spoken.
const VERSION: u32 = 1;

/// Why the agent stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It thinks that it is done.
    EndTurn,
    /// It has used up its tokens.
    MaxTokens,
    /// It has asked its model as often as it may.
    MaxTurnRequests,
    /// It does not want to.
    Refusal,
    /// It was told to stop.
    Cancelled,
    /// For a reason that version 1 does not know.
    #[serde(other)]
    Unknown,
}

/// Why there was no turn, or no end to it.
#[derive(Debug, Error)]
pub enum SessionError {
    /// A pipe broke.
    #[error("the agent cannot be talked to: {0}")]
    Pipe(#[from] io::Error),
    /// It was to stop before it had begun.
    #[error("somebody stopped it")]
    Stopped,
    /// It ended before its turn did.
    #[error("the agent went away without an answer to `{method}`")]
    Gone {
        /// What it was asked.
        method: &'static str,
    },
    /// It refused a request.
    #[error("the agent refused `{method}`: {message}")]
    Refused {
        /// What it was asked.
        method: &'static str,
        /// What it said.
        message: String,
    },
    /// It speaks another version.
    #[error("the agent speaks version {theirs} of the protocol, and this is version {VERSION}")]
    Version {
        /// Its version.
        theirs: Value,
    },
    /// It answered something else.
    #[error("the agent's answer to `{method}` has no `{field}`")]
    Answer {
        /// What it was asked.
        method: &'static str,
        /// What is missing.
        field: &'static str,
    },
}

/// A connection with an agent.
pub struct Session<R, W, L> {
    from: Lines<R>,
    to: W,
    rule: Rule,
    /// Hears what happens, as lines.
    log: L,
    /// Returns when the turn is to stop.
    stop: Pin<Box<dyn Future<Output = ()>>>,
    stopping: bool,
    /// The session, once it is open.
    id: Option<String>,
    next_id: i64,
}

impl<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin, L: FnMut(String)> Session<R, W, L> {
    /// Talks through `from` and `to`; `rule` answers what is asked, `log` hears what happens, and `stop` returns when it is to stop.
    pub fn new(from: R, to: W, rule: Rule, log: L, stop: impl Future<Output = ()> + 'static) -> Self {
        Self { from: from.lines(), to, rule, log, stop: Box::pin(stop), stopping: false, id: None, next_id: 0 }
    }

    /// One turn in `tree`: the brief goes over, the agent works and stops.
    pub async fn turn(&mut self, tree: &Path, offer: &Offer, brief: &str) -> Result<Stop, SessionError> {
        let id = self.open(tree, offer).await?;
        self.id = Some(id.clone());
        self.prompt(&id, brief).await
    }

    /// Shakes hands, and opens a session in `tree` with our own MCP server.
    async fn open(&mut self, tree: &Path, offer: &Offer) -> Result<String, SessionError> {
        // It has a file system and a shell of its own: what it does goes past neither us nor an editor.
        let can = json!({ "fs": { "readTextFile": false, "writeTextFile": false }, "terminal": false });
        let us = json!({ "name": "workbench", "version": env!("CARGO_PKG_VERSION") });
        let asked = json!({ "protocolVersion": VERSION, "clientCapabilities": can, "clientInfo": us });
        let theirs = self.ask("initialize", asked).await?["protocolVersion"].clone();
        if theirs != VERSION {
            return Err(SessionError::Version { theirs });
        }
        let asked = json!({ "cwd": tree, "mcpServers": [offer.acp()] });
        let opened = self.ask("session/new", asked).await?;
        let id = opened["sessionId"].as_str().map(str::to_owned);
        id.ok_or(SessionError::Answer { method: "session/new", field: "sessionId" })
    }

    /// Hands the brief over, and listens until the turn has ended.
    async fn prompt(&mut self, session: &str, brief: &str) -> Result<Stop, SessionError> {
        let asked = json!({ "sessionId": session, "prompt": [{ "type": "text", "text": brief }] });
        let ended = self.ask("session/prompt", asked).await?;
        let stop = serde_json::from_value(ended["stopReason"].clone());
        stop.map_err(|_| SessionError::Answer { method: "session/prompt", field: "stopReason" })
    }

    async fn ask(&mut self, method: &'static str, params: Value) -> Result<Value, SessionError> {
        self.next_id += 1;
        let id = self.next_id;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await?;
        loop {
            let line = tokio::select! {
                line = self.from.next_line() => line?,
                () = &mut self.stop, if !self.stopping => {
                    self.cancel().await?;
                    continue;
                }
            };
            let Some(line) = line else { return Err(SessionError::Gone { method }) };
            let Ok(mut message) = serde_json::from_str::<Value>(&line) else {
                (self.log)(line);
                continue;
            };
            if message["method"].is_string() {
                self.hear(message).await?;
            } else if message["id"] == id {
                if let Some(message) = message["error"]["message"].as_str() {
                    return Err(SessionError::Refused { method, message: message.to_owned() });
                }
                return Ok(message["result"].take());
            }
        }
    }

    /// Asks for the end of the turn; the answer to the prompt is still waited for.
    async fn cancel(&mut self) -> Result<(), SessionError> {
        self.stopping = true;
        let Some(id) = &self.id else { return Err(SessionError::Stopped) };
        let cancel = json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": { "sessionId": id } });
        self.send(cancel).await
    }

    /// What the agent says or asks of its own accord.
    async fn hear(&mut self, message: Value) -> Result<(), SessionError> {
        let params = &message["params"];
        let answer = match message["method"].as_str() {
            Some("session/update") => {
                (self.log)(params["update"].to_string());
                return Ok(());
            }
            Some("session/request_permission") => {
                let decision = self.rule.decide(&serde_json::from_value::<Asked>(params.clone()).unwrap_or_default());
                (self.log)(decision.reason);
                // Without an answer that fits, that there is none is the only one that grants nothing.
                let outcome = match decision.option_id {
                    Some(option) => json!({ "outcome": "selected", "optionId": option }),
                    None => json!({ "outcome": "cancelled" }),
                };
                json!({ "result": { "outcome": outcome } })
            }
            Some(_) | None => json!({ "error": { "code": -32601, "message": "this client does not do that" } }),
        };
        // A notification has no number, and gets no answer.
        if message["id"].is_null() {
            return Ok(());
        }
        let mut reply = json!({ "jsonrpc": "2.0", "id": message["id"] });
        if let (Some(reply), Value::Object(answer)) = (reply.as_object_mut(), answer) {
            reply.extend(answer);
        }
        self.send(reply).await
    }

    async fn send(&mut self, message: Value) -> Result<(), SessionError> {
        self.to.write_all((message.to_string() + "\n").as_bytes()).await?;
        Ok(self.to.flush().await?)
    }
}

impl<R, W, L> fmt::Debug for Session<R, W, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("rule", &self.rule).finish_non_exhaustive()
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EndTurn => "it thinks that it is done",
            Self::MaxTokens => "it has used up its tokens",
            Self::MaxTurnRequests => "it has asked its model as often as it may",
            Self::Refusal => "it refused",
            Self::Cancelled => "it was told to stop",
            Self::Unknown => "it stopped for a reason of its own",
        })
    }
}
