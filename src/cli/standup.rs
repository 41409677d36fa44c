//! `workbench standup`: what each agent did, what blocks it, what it asks for: the difference of two moments of the facts, without narration.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::work::Work;
use super::{Context, Exit, Failure, Format, OrExit, Row};
use crate::agents::facts::{Doing, Life, Passed};
use crate::agents::todo::{Todo, todos};
use crate::agents::{Agent, Stage};
use crate::report::document::{RiskLine, RiskState};
use crate::report::{Document, Snapshot};
use crate::tracking::{Change, Facts, Reader};

/// At most so many changes are looked at.
const CHANGES_MAX: u32 = 100_000;

/// Report what each agent did, what blocks it and what it asks for
///
/// The difference of two numbers of the change log. Without --after: the protocol's period up to now.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench standup
  workbench standup --since 24h
  workbench standup --after 0 --json")]
pub struct Args {
    /// Of the changes after this number; the next stand-up begins at `meta.until` of this one
    #[arg(long, value_name = "SEQ", conflicts_with = "since")]
    after: Option<i64>,

    /// Of the changes of the last so long, such as 24h
    #[arg(long, value_name = "TIME")]
    since: Option<SignedDuration>,
}

/// One agent. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line {
    agent: u32,
    name: String,
    /// Facts about what it has in hand, the oldest first.
    did: Vec<String>,
    /// What keeps it from going on.
    blocked: Vec<String>,
    /// What it asks a person for, in its words.
    asks: Vec<String>,
    /// Risks that it watches and that have happened.
    risks: Vec<String>,
    /// What it has left in the sources: `// TODO(Agent1): …`.
    left: Vec<Todo>,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    after: i64,
    until: i64,
}

/// Prints the stand-up.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let hours = i64::from(work.catalog.register.protocol.standup_hours);
    let since = Timestamp::now().checked_sub(args.since.unwrap_or(SignedDuration::from_hours(hours)));
    let since = since.map_err(|error| miette::miette!("--since reaches too far back: {error}")).or_exit(Exit::Usage)?;
    let (changes, facts) = match Reader::open(&context.project).await? {
        Some(reader) => (reader.changes(args.after.unwrap_or(0), CHANGES_MAX).await?, reader.facts().await?),
        None => (Vec::new(), Facts::default()),
    };
    let risks = Document::of(&Snapshot { catalog: work.catalog.clone(), facts }).risks;
    let changes: Vec<Change> =
        changes.into_iter().filter(|change| args.after.is_some() || change.at >= since).collect();
    let until = changes.last().map_or(args.after.unwrap_or(0), |change| change.seq);
    let after = changes.first().map_or(until, |change| change.seq - 1);
    // Outside a repository there are no comments to find.
    let todos = todos(context.project.root()).unwrap_or_default();
    let agents = work.catalog.roster.agents.iter();
    let lines: Vec<Line> = agents.map(|agent| Line::new(agent, &work, &changes, &todos, &risks)).collect();
    match context.format {
        Format::Json => context.json(&lines, &Meta { schema: 1, after, until })?,
        Format::Table | Format::Md => context.print(&page(&lines, after, until))?,
        Format::Csv => context.table(&lines, &())?,
    }
    Ok(Exit::Done)
}

impl Line {
    fn new(agent: &Agent, work: &Work, changes: &[Change], todos: &[Todo], risks: &[RiskLine]) -> Self {
        // What all watch is told to whoever coordinates.
        let coordinates = work.catalog.register.header.orchestrator == agent.number;
        let watches =
            |line: &&RiskLine| line.risk.owners.contains(&agent.number) || (line.risk.owners.is_empty() && coordinates);
        let raised = risks.iter().filter(watches).filter(|line| line.state == RiskState::Raised);
        let about = |change: &&Change| told(&change.table) && whose(work, change) == Some(agent.number);
        let did = changes.iter().filter(about).map(|change| format!("{}: {}", change.subject, first(&change.summary)));
        let open = work.lives.iter().filter(|life| life.assignment.agent == agent.number && Stage::now(life).is_open());
        Self {
            agent: agent.number,
            name: agent.name.clone(),
            did: did.collect(),
            blocked: open.clone().filter_map(blocked).collect(),
            asks: open.filter_map(asks).collect(),
            risks: raised.map(|line| format!("{}: {}", line.risk.id, line.reason)).collect(),
            left: todos.iter().filter(|todo| todo.agent == agent.number).cloned().collect(),
        }
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        let Self { did, blocked, asks, risks, left, .. } = self;
        did.is_empty() && blocked.is_empty() && asks.is_empty() && risks.is_empty() && left.is_empty()
    }
}

/// Tables whose facts are what an agent did, or what became of it. Processes are no news.
fn told(table: &str) -> bool {
    ["assignment", "attempt", "attempt_end", "submission", "gate", "review", "merged", "withdrawn"].contains(&table)
}

/// An improvement may have been in several hands: a fact belongs to who had it then.
fn whose(work: &Work, change: &Change) -> Option<u32> {
    let had = |life: &&Life| life.assignment.improvement.0 == change.subject && life.assignment.at <= change.at;
    work.lives.iter().rfind(had).map(|life| life.assignment.agent)
}

fn blocked(life: &Life) -> Option<String> {
    let id = &life.assignment.improvement;
    let refused = || {
        let found = life.submission()?.refused().filter(|found| found.outcome == Passed::No)?;
        Some(format!("{id}: refused by {}: {}", found.gate, first(&found.reason)))
    };
    match Stage::now(life) {
        Stage::Lost => Some(format!("{id}: its supervisor is gone: `workbench recover`")),
        Stage::Refused => refused(),
        Stage::SentBack => {
            let review = life.submission()?.reviews.last()?;
            Some(format!("{id}: sent back by {}: {}", review.author, first(&review.comment)))
        }
        Stage::Ended => {
            let ended = life.last_attempt()?.ended.as_ref()?;
            Some(format!("{id}: nothing was handed in: {}", first(&ended.reason)))
        }
        Stage::Review => Some(format!("{id}: waits for a reviewer: `workbench review {id}`")),
        Stage::Approved => Some(format!("{id}: waits to be merged: `workbench merge {id}`")),
        Stage::Assigned | Stage::Working | Stage::Gates | Stage::Merged | Stage::Withdrawn => None,
    }
}

fn asks(life: &Life) -> Option<String> {
    let attempt = life.last_attempt().filter(|attempt| attempt.ended.is_none())?;
    let said = attempt.said.last().filter(|said| said.state == Doing::NeedsInput)?;
    Some(format!("{}: {}", life.assignment.improvement, said.note))
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn page(lines: &[Line], after: i64, until: i64) -> String {
    let list = |title: &str, items: &[String]| {
        let items: String = items.iter().map(|item| format!("    - {item}\n")).collect();
        if items.is_empty() { String::new() } else { format!("  {title}\n{items}") }
    };
    let (idle, busy): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_empty());
    let mut text = format!("# Stand-up: changes {after} to {until}\n");
    for line in busy {
        text += &format!("\n{}\n", line.name);
        text += &list("did", &line.did);
        text += &list("is blocked", &line.blocked);
        text += &list("asks", &line.asks);
        text += &list("watches what has happened", &line.risks);
        let left = line.left.iter().map(|Todo { file, line, text, .. }| format!("{file}:{line}: {text}"));
        text += &list("has left to do", &left.collect::<Vec<_>>());
    }
    let idle: Vec<&str> = idle.iter().map(|line| line.name.as_str()).collect();
    if !idle.is_empty() {
        text += &format!("\nNothing of {}\n", idle.join(", "));
    }
    text
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Agent", "Did", "Blocked", "Asks", "Risks", "Left"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.did.join("; "),
            self.blocked.join("; "),
            self.asks.join("; "),
            self.risks.join("; "),
            self.left.len().to_string(),
        ]
    }
}
