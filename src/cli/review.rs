//! `workbench review [ID]`: what waits for a reviewer; approve it, or send it back with a comment.

use jiff::Timestamp;
use serde::Serialize;

use super::work::{self, Work};
use super::{Context, Exit, Failure, Format, OrExit, Row, gate};
use crate::agents::Stage;
use crate::agents::facts::{Decision, Life, Review, Submission};
use crate::repository::{Graph, GraphError};
use crate::tracking::Store;

/// Show what waits for a reviewer; approve it, or send it back with a comment
///
/// Only what all gates have let on can be approved; what is sent back goes on with its next attempt, whose brief has the comment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench review
  workbench review T003
  workbench review T003 --approve --dry-run
  workbench review T003 --send-back 'the baseline got slower too' --dry-run

Exit code 4 when it cannot be approved or sent back as it stands.")]
pub struct Args {
    /// The improvement, or the assignment's number
    id: Option<String>,

    /// It may be merged
    #[arg(long, requires = "id", conflicts_with = "send_back")]
    approve: bool,

    /// It is to be worked on: why
    #[arg(long, value_name = "TEXT", requires = "id")]
    send_back: Option<String>,

    /// What to say beside an approval
    #[arg(long, value_name = "TEXT", requires = "approve", default_value = "")]
    comment: String,

    /// Who says so; default: the user's name
    #[arg(long, value_name = "NAME", requires = "id")]
    by: Option<String>,

    /// Say what would be recorded, and record nothing
    #[arg(long, requires = "id")]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run && (self.approve || self.send_back.is_some())
    }

    fn decision(&self) -> Option<(Decision, &str)> {
        match (&self.send_back, self.approve) {
            (Some(why), _) => Some((Decision::SentBack, why)),
            (None, true) => Some((Decision::Approved, &self.comment)),
            (None, false) => None,
        }
    }
}

/// One submission as a line. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line {
    improvement: String,
    assignment: i64,
    agent: u32,
    commit: String,
    at: Timestamp,
    stage: Stage,
    files: usize,
    lines: usize,
    note: String,
    /// Files that would conflict with the checkout's commit.
    conflicts: Vec<String>,
}

#[derive(Serialize)]
struct Recorded<'a> {
    improvement: &'a str,
    assignment: i64,
    commit: &'a str,
    decision: Decision,
    by: &'a str,
    comment: &'a str,
    recorded: bool,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    count: usize,
}

/// Prints or records.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    let Some(id) = args.id.as_deref() else {
        let waits = |life: &&Life| Stage::now(life) == Stage::Review;
        let lines = work.lives.iter().filter(waits).filter_map(|life| Line::new(context, life).transpose());
        let lines: Vec<Line> = lines.collect::<Result<_, GraphError>>()?;
        context.table(&lines, &Meta { schema: 1, count: lines.len() })?;
        return Ok(Exit::Done);
    };
    let life = work.life(Some(id))?;
    let submission = gate::handed_in(life)?;
    match args.decision() {
        Some((decision, comment)) => {
            work.no_agent()?;
            decide(&args, context, life, submission, decision, comment).await
        }
        None => {
            gate::print(context, life, submission)?;
            Ok(Exit::Done)
        }
    }
}

async fn decide(
    args: &Args,
    context: &Context,
    life: &Life,
    submission: &Submission,
    decision: Decision,
    comment: &str,
) -> Result<Exit, Failure> {
    let stage = Stage::now(life);
    let may = match decision {
        Decision::Approved => stage == Stage::Review,
        Decision::SentBack => matches!(stage, Stage::Review | Stage::Approved | Stage::Refused | Stage::Gates),
    };
    if !may || (decision == Decision::SentBack && comment.trim().is_empty()) {
        let what = if may { "a comment has to say why".to_owned() } else { format!("it is {stage}") };
        let id = &life.assignment.improvement;
        let report = miette::miette!(
            code = "review::refused",
            help = format!(
                "`workbench review {id}` shows what the gates found; only what all of them let on can be approved"
            ),
            "{id} cannot be reviewed so: {what}"
        );
        return Err(report).or_exit(Exit::NotPassed);
    }
    let by = args.by.clone().unwrap_or_else(work::user);
    if !args.dry_run {
        let store = Store::open(&context.project).await?;
        let review = Review { at: Timestamp::now(), decision, author: by.clone(), comment: comment.to_owned() };
        store.review(submission.id, &review).await?;
        store.close().await;
    }
    let recorded = Recorded {
        improvement: &life.assignment.improvement.0,
        assignment: life.assignment.id.0,
        commit: &submission.commit,
        decision,
        by: &by,
        comment,
        recorded: !args.dry_run,
    };
    match context.format {
        Format::Json => context.json(&recorded, &serde_json::json!({ "schema": 1 }))?,
        Format::Table | Format::Md | Format::Csv => context.print(&recorded.line())?,
    }
    Ok(Exit::Done)
}

impl Line {
    fn new(context: &Context, life: &Life) -> Result<Option<Self>, GraphError> {
        let Some(submission) = life.submission() else { return Ok(None) };
        let graph = Graph::of(context.project.root())?;
        let changes = graph.between(&life.assignment.base, &submission.commit)?;
        Ok(Some(Self {
            improvement: life.assignment.improvement.0.clone(),
            assignment: life.assignment.id.0,
            agent: life.assignment.agent,
            commit: submission.commit.clone(),
            at: submission.at,
            stage: Stage::now(life),
            files: changes.files.len(),
            lines: changes.lines,
            note: submission.note.clone(),
            conflicts: graph.conflicts("HEAD", &submission.commit)?,
        }))
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["ID", "Agent", "Commit", "Files", "Lines", "Conflicts", "Says"];
    const ELASTIC: Option<usize> = Some(6);

    fn cells(&self) -> Vec<String> {
        let conflicts = if self.conflicts.is_empty() { "none".to_owned() } else { self.conflicts.join(" ") };
        vec![
            self.improvement.clone(),
            self.agent.to_string(),
            format!("{:.12}", self.commit),
            self.files.to_string(),
            self.lines.to_string(),
            conflicts,
            self.note.clone(),
        ]
    }
}

impl Recorded<'_> {
    fn line(&self) -> String {
        let Self { improvement, commit, by, comment, recorded, .. } = self;
        let would = if *recorded { "" } else { "would be recorded: " };
        let what = match self.decision {
            Decision::Approved => "approved",
            Decision::SentBack => "sent back",
        };
        let comment = if comment.is_empty() { String::new() } else { format!(": {comment}") };
        format!("{would}{improvement} {commit:.12} {what} by {by}{comment}\n")
    }
}
