//! The roster, read from `agents/agent-NN.yaml`: who works on what, and how their work is started.

use std::collections::BTreeSet;
use std::{fmt, fs};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::territory::Territory;
use crate::project::Project;
use crate::yaml::{Document, Fault, Faults, Reader};

/// One who works: a person, a program, or an assistant spoken to by a protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The number the register names; also in the file's name: 3 in `agent-03.yaml`.
    #[schemars(range(min = 1, max = 99))]
    pub number: u32,
    /// What people say: `Agent 3`.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What it is good at: `Buffer Pool Expert`.
    #[schemars(length(min = 1))]
    pub specialization: String,
    /// Its subjects, in the source's words.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Files of the target it may change, as globs; empty means none, and reviews only.
    #[serde(default)]
    pub modules: Vec<String>,
    /// How its work is started.
    #[serde(default)]
    pub runner: Runner,
    /// Tighter limits than those of `workbench.yaml`.
    #[serde(default)]
    pub limits: Limits,
}

/// How an agent's work is started.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// The way.
    #[serde(default)]
    pub kind: RunnerKind,
    /// Program and arguments; needed for every kind but `human`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
}

/// A way to start work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunnerKind {
    /// A person reads the brief and works.
    #[default]
    Human,
    /// A program is run in the worktree, the brief on its standard input.
    Command,
    /// The same for a program that works through our MCP server: `{mcp}` in its command is the file that says how to start it.
    Mcp,
    /// A program that speaks the Agent Client Protocol; it is offered our MCP server.
    Acp,
}

impl RunnerKind {
    /// Whether a program is started, under a supervisor.
    pub fn is_program(self) -> bool {
        match self {
            Self::Human => false,
            Self::Command | Self::Mcp | Self::Acp => true,
        }
    }
}

/// Limits of one attempt; absent ones are those of `workbench.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Wall time, minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// Changed lines that may be handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_lines: Option<u32>,
    /// Output kept, megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_mb: Option<u32>,
    /// What the assignment's folder may take on the disk, megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_mb: Option<u32>,
}

/// All agents, by number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Roster {
    /// By number.
    pub agents: Vec<Agent>,
}

impl Roster {
    /// Reads the project's roster, and the numbers that its files claim, readable or not: whoever names an agent is not
    /// blamed for a mistake in that agent's file.
    pub fn load(project: &Project, faults: &mut Faults) -> (Self, BTreeSet<u32>) {
        let folder = project.agents_dir();
        let reader = Reader::<Agent>::default();
        let mut documents = Vec::new();
        let mut numbers = BTreeSet::new();
        for name in names(project, faults) {
            let path = folder.join(&name);
            numbers.extend(number_of(&name));
            documents.extend(reader.read(&path, &project.shown(&path), faults));
        }
        for document in &documents {
            check(document, faults);
        }
        let mut agents: Vec<Agent> = documents.into_iter().map(|document| document.value).collect();
        agents.sort_by_key(|agent| agent.number);
        (Self { agents }, numbers)
    }

    /// The agent with this number.
    pub fn get(&self, number: u32) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.number == number)
    }
}

impl fmt::Display for RunnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Human => "human",
            Self::Command => "command",
            Self::Mcp => "mcp",
            Self::Acp => "acp",
        })
    }
}

fn check(document: &Document<Agent>, faults: &mut Faults) {
    let agent = &document.value;
    let wanted = format!("agent-{:02}.yaml", agent.number);
    if !document.name().ends_with(&format!("/{wanted}")) {
        let fault = document.fault("number", format!("agent {} must stand in {wanted}", agent.number));
        faults.push(fault.code("roster::file_name").help("rename the file, or mend the number"));
    }
    match (agent.runner.kind, agent.runner.command.is_empty()) {
        (RunnerKind::Human, true) => {}
        (RunnerKind::Human, false) => {
            let fault = document.fault("runner.command", "a human is not started by a command");
            faults.push(fault.code("roster::runner").help("remove `command`, or write `kind: command`"));
        }
        (RunnerKind::Mcp, false) if !agent.runner.command.iter().any(|word| word.contains("{mcp}")) => {
            let fault = document.fault("runner.command", "this program is not told where our MCP server is");
            let help =
                "put `{mcp}` where it takes a file of MCP servers; one that finds them by itself is `kind: command`";
            faults.push(fault.code("roster::runner").help(help));
        }
        (RunnerKind::Command | RunnerKind::Mcp | RunnerKind::Acp, false) => {}
        (RunnerKind::Command | RunnerKind::Mcp | RunnerKind::Acp, true) => {
            let fault = document.fault("runner", "this kind of runner needs a `command`");
            faults.push(fault.code("roster::runner").help("command: [program, argument, …]"));
        }
    }
    let Limits { minutes, diff_lines, output_mb, disk_mb } = agent.limits;
    let limits = [
        ("minutes", minutes),
        ("diff_lines", diff_lines.map(f64::from)),
        ("output_mb", output_mb.map(f64::from)),
        ("disk_mb", disk_mb.map(f64::from)),
    ];
    for (name, limit) in limits {
        if limit.is_some_and(|limit| limit <= 0.0) {
            let fault = document.fault(&format!("limits.{name}"), format!("`limits.{name}` of 0 allows nothing"));
            faults.push(fault.code("roster::limits"));
        }
    }
    if let Err(error) = Territory::new(&agent.modules) {
        let fault = document.fault("modules", format!("`modules` holds a glob that cannot be read: {error}"));
        faults.push(fault.code("roster::modules").help("`engine/src/io/**` is all below that folder"));
    }
}

/// The names of the agents' files, sorted.
fn names(project: &Project, faults: &mut Faults) -> Vec<String> {
    let shown = project.shown(&project.agents_dir());
    let listing = match fs::read_dir(project.agents_dir()) {
        Ok(listing) => listing,
        Err(error) => {
            let fault = Fault::of_file(&shown, format!("the folder {shown}/ cannot be read: {error}"));
            faults.push(fault.code("roster::folder").help("one YAML file per agent belongs there: agent-01.yaml"));
            return Vec::new();
        }
    };
    let names = listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml") && !name.starts_with('.')).collect();
    names.sort();
    if names.is_empty() {
        let fault = Fault::of_file(&shown, format!("{shown}/ holds no agent"));
        faults.push(fault.code("roster::empty").help("add agents/agent-01.yaml: somebody must own the improvements"));
    }
    names
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix("agent-")?.strip_suffix(".yaml")?.parse().ok()
}
