//! `workbench agents`: the roster, with what each agent answers for.

use serde::Serialize;

use super::facts::{self, Facts, Known};
use super::{Context, Exit, Failure, Row};
use crate::agents::{Agent, RunnerKind};
use crate::improvements::{Register, Status};

/// List the agents and what they answer for
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  workbench agents --format md")]
pub struct Args {}

/// One agent as a line. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line<'a> {
    number: u32,
    name: &'a str,
    specialization: &'a str,
    subjects: &'a [String],
    modules: &'a [String],
    runner: RunnerKind,
    orchestrator: bool,
    improvements: Vec<&'a str>,
    in_progress: usize,
    blocked: usize,
    complete: usize,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    count: usize,
}

/// Prints the roster.
pub async fn run(_args: Args, context: &Context) -> Result<Exit, Failure> {
    let catalog = context.catalog()?;
    let facts = facts::read(context, &catalog).await?;
    let lines: Vec<Line<'_>> =
        catalog.roster.agents.iter().map(|agent| Line::new(agent, &catalog.register, &facts)).collect();
    context.table(&lines, &Meta { schema: 1, count: lines.len() })?;
    Ok(Exit::Done)
}

impl<'a> Line<'a> {
    fn new(agent: &'a Agent, register: &'a Register, facts: &Facts) -> Self {
        let owned = || register.improvements.iter().filter(|entry| entry.agents.contains(&agent.number));
        let count = |status| {
            let known = |entry| facts.get(entry).unwrap_or(&Known::NOTHING).status;
            owned().filter(|entry| known(&entry.id) == status).count()
        };
        Self {
            number: agent.number,
            name: &agent.name,
            specialization: &agent.specialization,
            subjects: &agent.subjects,
            modules: &agent.modules,
            runner: agent.runner.kind,
            orchestrator: register.header.orchestrator == agent.number,
            improvements: owned().map(|entry| entry.id.0.as_str()).collect(),
            in_progress: count(Status::InProgress),
            blocked: count(Status::Blocked),
            complete: count(Status::Complete),
        }
    }
}

impl Row for Line<'_> {
    const COLUMNS: &'static [&'static str] =
        &["Agent", "Specialization", "Subjects", "Runner", "Improvements", "In Progress", "Blocked", "Complete"];
    const ELASTIC: Option<usize> = Some(2);

    fn cells(&self) -> Vec<String> {
        let ids = if self.improvements.is_empty() { "–".to_owned() } else { self.improvements.join(" ") };
        vec![
            format!("{}{}", self.name, if self.orchestrator { " (orchestrator)" } else { "" }),
            self.specialization.to_owned(),
            self.subjects.join(", "),
            self.runner.to_string(),
            ids,
            self.in_progress.to_string(),
            self.blocked.to_string(),
            self.complete.to_string(),
        ]
    }
}
