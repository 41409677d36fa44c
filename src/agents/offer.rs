//! How an agent's program starts our MCP server: the same command, written down for whoever asks.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::supervisor::{ASSIGNMENT_VARIABLE, TOKEN_VARIABLE};

/// What a server needs of our environment. Clients pass on what they are told to, and often nothing else.
const PASSED_ON: [&str; 8] = [
    "WORKBENCH_PROJECT",
    ASSIGNMENT_VARIABLE,
    TOKEN_VARIABLE,
    "WORKBENCH_LEASE",
    "PATH",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
];

/// A command that serves one assignment.
#[derive(Debug, Clone)]
pub struct Offer {
    program: PathBuf,
    env: Vec<(String, String)>,
}

impl Offer {
    /// `program` is the workbench; `more` is what stands in the agent's environment beside our own.
    pub fn new(program: &Path, more: &[(String, String)]) -> Self {
        let given = |name: &str| {
            let more = more.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.clone());
            Some((name.to_owned(), more.or_else(|| std::env::var(name).ok())?))
        };
        Self { program: program.to_path_buf(), env: PASSED_ON.into_iter().filter_map(given).collect() }
    }

    /// A file as coding tools take it: `{"mcpServers": {"workbench": {…}}}`.
    pub fn file(&self) -> Value {
        let env: serde_json::Map<String, Value> =
            self.env.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({ "mcpServers": { "workbench": { "command": self.program, "args": ["mcp"], "env": env } } })
    }

    /// An entry of `mcpServers`, as the Agent Client Protocol has it.
    pub fn acp(&self) -> Value {
        let env: Vec<Value> = self.env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        json!({ "name": "workbench", "command": self.program, "args": ["mcp"], "env": env })
    }
}
