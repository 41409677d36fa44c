//! `workbench agents`: the roster, with what each agent answers for, works on, and was last heard of.

use jiff::Timestamp;
use serde::Serialize;

use super::facts::{self, Facts};
use super::work::Work;
use super::{Context, Exit, Failure, Row};
use crate::agents::facts::Life;
use crate::agents::{Agent, RunnerKind, Stage};
use crate::improvements::Status;
use crate::tracking::{Heartbeat, Reader};

/// List the agents: what they answer for, what they work on, and when they were last heard of
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
    /// What it has in hand; absent while it is free.
    work: Option<WorkLine<'a>>,
}

/// What an agent has in hand.
#[derive(Debug, Serialize)]
struct WorkLine<'a> {
    improvement: &'a str,
    assignment: i64,
    stage: Stage,
    attempts: usize,
    branch: &'a str,
    /// What it last said of itself: claimed.
    says: Option<String>,
    /// The last line of its output.
    activity: Option<String>,
    /// How long ago it gave a sign of life, seconds.
    activity_age_s: Option<i64>,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    count: usize,
}

/// Prints the roster.
pub async fn run(_args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let facts = facts::read(context, &work.catalog).await?;
    let beats = match Reader::open(&context.project).await? {
        Some(reader) => reader.heartbeats().await?,
        None => Vec::new(),
    };
    let lines: Vec<Line<'_>> =
        work.catalog.roster.agents.iter().map(|agent| Line::new(agent, &work, &facts, &beats)).collect();
    context.table(&lines, &Meta { schema: 1, count: lines.len() })?;
    Ok(Exit::Done)
}

impl<'a> Line<'a> {
    fn new(agent: &'a Agent, work: &'a Work, facts: &Facts, beats: &[Heartbeat]) -> Self {
        let register = &work.catalog.register;
        let in_hand = |life: &&Life| life.assignment.agent == agent.number && Stage::now(life).is_open();
        let owned = || register.improvements.iter().filter(|entry| entry.agents.contains(&agent.number));
        let count = |status| {
            let known = |entry| facts.get(entry).unwrap_or(&facts::NOTHING).status;
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
            work: work.lives.iter().rfind(in_hand).map(|life| WorkLine::new(life, beats)),
        }
    }
}

impl<'a> WorkLine<'a> {
    fn new(life: &'a Life, beats: &[Heartbeat]) -> Self {
        let said = life.last_attempt().and_then(|attempt| attempt.said.last());
        let says = said.map(|said| {
            if said.note.is_empty() { said.state.to_string() } else { format!("{}: {}", said.state, said.note) }
        });
        // One from before the attempt is about something else.
        let since = life.last_attempt().map(|attempt| attempt.at);
        let beat =
            beats.iter().find(|beat| beat.agent == life.assignment.agent && Some(beat.at) >= since && since.is_some());
        Self {
            improvement: &life.assignment.improvement.0,
            assignment: life.assignment.id.0,
            stage: Stage::now(life),
            attempts: life.attempts.len(),
            branch: &life.assignment.branch,
            says,
            activity: beat.map(|beat| beat.activity.clone()).filter(|activity| !activity.is_empty()),
            activity_age_s: beat.map(|beat| Timestamp::now().duration_since(beat.at).as_secs()),
        }
    }

    /// `T003 working, 3 s ago: running 12 tests`
    fn told(&self) -> String {
        let Self { improvement, stage, .. } = self;
        let age = self.activity_age_s.filter(|_| *stage == Stage::Working).map(|age| format!(", {age} s ago"));
        let doing = self.says.clone().or_else(|| self.activity.clone()).filter(|_| *stage == Stage::Working);
        let doing = doing.map(|doing| format!(": {doing}"));
        format!("{improvement} {stage}{}{}", age.unwrap_or_default(), doing.unwrap_or_default())
    }
}

impl Row for Line<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "Agent",
        "Specialization",
        "Subjects",
        "Runner",
        "Improvements",
        "In Progress",
        "Blocked",
        "Complete",
        "Work",
    ];
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
            self.work.as_ref().map_or_else(|| "–".to_owned(), WorkLine::told),
        ]
    }
}
