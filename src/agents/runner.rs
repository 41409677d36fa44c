//! How an agent's work is started: a program with placeholders, or a checklist for a person.

use std::path::Path;

use super::facts::Assignment;
use super::roster::Agent;
use super::supervisor::{ASSIGNMENT_VARIABLE, Allowed};
use super::worktree::Worktree;
use crate::config::AgentLimits;
use crate::project::Project;

/// What stands for what in the arguments of a runner's command.
#[derive(Debug)]
pub struct Placeholders<'a> {
    /// `{brief}`: the brief's file.
    pub brief: &'a Path,
    /// `{worktree}`: the folder to work in.
    pub worktree: &'a Path,
    /// `{branch}`: the branch to commit on.
    pub branch: &'a str,
    /// `{id}`: the improvement.
    pub id: &'a str,
    /// `{mcp}`: the file that says how our MCP server is started.
    pub mcp: &'a Path,
}

impl Placeholders<'_> {
    /// The command, each placeholder replaced wherever it stands.
    pub fn fill(&self, command: &[String]) -> Vec<String> {
        let [brief, worktree, mcp] = [self.brief, self.worktree, self.mcp].map(|path| path.display().to_string());
        let facts = [
            ("{brief}", brief.as_str()),
            ("{worktree}", &worktree),
            ("{branch}", self.branch),
            ("{id}", self.id),
            ("{mcp}", &mcp),
        ];
        let fill = |word: &String| facts.iter().fold(word.clone(), |word, (name, fact)| word.replace(name, fact));
        command.iter().map(fill).collect()
    }
}

/// What one attempt of `agent` may take: the project's limits, tightened by the agent's own.
pub fn allowed(agent: &Agent, limits: &AgentLimits) -> Allowed {
    let minutes = agent.limits.minutes.map_or(limits.minutes, |own| own.min(limits.minutes));
    let output_mb = agent.limits.output_mb.map_or(limits.output_mb, |own| own.min(limits.output_mb));
    let disk_mb = agent.limits.disk_mb.map_or(limits.disk_mb, |own| own.min(limits.disk_mb));
    Allowed {
        time: std::time::Duration::from_secs_f64(minutes * 60.0),
        output_bytes: u64::from(output_mb) << 20,
        disk_bytes: u64::from(disk_mb) << 20,
        grace: std::time::Duration::from_millis(limits.grace_ms),
    }
}

/// Changed lines that `agent` may hand in at once.
pub fn diff_lines(agent: &Agent, limits: &AgentLimits) -> u32 {
    agent.limits.diff_lines.map_or(limits.diff_lines, |own| own.min(limits.diff_lines))
}

/// What stands in the environment of an agent: whose project it is, what it works on, a place to build, a name for its commits, and the
/// workbench itself first on its path.
pub fn environment(
    project: &Project,
    agent: &Agent,
    assignment: &Assignment,
    worktree: &Worktree,
    programs: Option<&Path>,
) -> Vec<(String, String)> {
    let mail = format!("agent{}@localhost", agent.number);
    let mut env = vec![
        ("WORKBENCH_PROJECT".to_owned(), project.root().display().to_string()),
        (ASSIGNMENT_VARIABLE.to_owned(), assignment.id.0.to_string()),
        ("CARGO_TARGET_DIR".to_owned(), worktree.target().display().to_string()),
    ];
    for role in ["AUTHOR", "COMMITTER"] {
        env.push((format!("GIT_{role}_NAME"), agent.name.clone()));
        env.push((format!("GIT_{role}_EMAIL"), mail.clone()));
    }
    let before = std::env::var_os("PATH").unwrap_or_default();
    let path = programs.map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&before));
    if let Ok(path) = std::env::join_paths(path) {
        env.push(("PATH".to_owned(), path.to_string_lossy().into_owned()));
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_wherever_they_stand() {
        let place = Placeholders {
            brief: Path::new("/w/brief-1.md"),
            worktree: Path::new("/w/tree"),
            branch: "agent1/t003-1",
            id: "T003",
            mcp: Path::new("/w/mcp.json"),
        };
        let command = ["coder", "--prompt={brief}", "-C", "{worktree}", "{id} on {branch}", "{mcp}", "{other}"];
        let filled = place.fill(&command.map(str::to_owned));
        let wanted =
            ["coder", "--prompt=/w/brief-1.md", "-C", "/w/tree", "T003 on agent1/t003-1", "/w/mcp.json", "{other}"];
        assert_eq!(filled, wanted);
    }
}
