//! `workbench run --phase N`: the orchestrator drives a phase to its end, unattended.
//!
//! ```text
//!  look ─▶ lost: written down ─▶ through the gates: approved ─▶ approved: merged ─▶ refused, sent back, ended: the next attempt, or given up
//!   ▲                                                                                                    │
//!   └── wait a moment ◀── nobody at work and nothing ready: the end ◀── ready, and there is room: begun ◀┘
//! ```
//!
//! It has no memory of its own: every round looks at the facts anew and does what they ask for. So it may be killed at any moment and started
//! again, and what people assign, review or take back meanwhile is seen. Every decision is a fact with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::wait::interrupted_by_signals;
use super::work::{self, Work};
use super::{Context, Exit, Failure, OrExit, Row, assign, find, gate, merge, recover};
use crate::agents::Stage;
use crate::agents::facts::{Attempt, Decision, Life, Review, Withdrawn};
use crate::agents::queue::Candidate;
use crate::improvements::ImprovementId;
use crate::lab::recorder::Interrupt;
use crate::machine::Patience;
use crate::tracking::Store;

/// Who decides, in the facts.
const ORCHESTRATOR: &str = "orchestrator";

/// How long a round waits for something to happen.
const ROUND: Duration = Duration::from_millis(300);

/// Drive a phase unattended: assign, gate, approve, merge, send back, give up
///
/// Improvements whose agents are programs are worked on within the limits of workbench.yaml; what passes every gate is approved and merged onto the
/// integration branch, what does not gets its next attempt with the reason in its brief, until no attempt is left. A person's
/// improvements are left to them. Ctrl-C stops beginning; what runs goes on under its supervisor.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench run --phase 1 --dry-run
  workbench run --phase 1 --limit 2h

Exit code 4 when something of the phase was not merged.")]
pub struct Args {
    /// The phase's number
    #[arg(long, value_name = "N")]
    phase: u32,

    /// Begin nothing more after so long, such as 2h
    #[arg(long, value_name = "TIME")]
    limit: Option<SignedDuration>,

    /// Say what would be begun first, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// What became of an improvement of the phase. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Line {
    improvement: String,
    agent: Option<u32>,
    stage: Option<Stage>,
    attempts: usize,
    /// What was decided last, and why; or what is in the way.
    reason: String,
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    phase: u32,
    merged: usize,
    decisions: usize,
}

/// Runs the phase.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    work.no_agent()?;
    find::phase(&work.catalog.register, args.phase)?;
    let limit = args.limit.map(Duration::try_from).transpose();
    let limit = limit.map_err(|_| miette::miette!("--limit must not be negative")).or_exit(Exit::Usage)?;
    let mut orchestrator = Orchestrator {
        context,
        phase: args.phase,
        deadline: limit.map(|limit| Instant::now() + limit),
        interrupt: interrupted_by_signals().or_exit(Exit::Failed)?,
        decisions: BTreeMap::new(),
        stuck: BTreeSet::new(),
        count: 0,
    };
    if !args.dry_run {
        while orchestrator.round().await? {
            tokio::time::sleep(ROUND).await;
        }
    }
    orchestrator.report(&Work::read(context).await?)
}

struct Orchestrator<'a> {
    context: &'a Context,
    phase: u32,
    deadline: Option<Instant>,
    interrupt: Interrupt,
    /// The last decision about each improvement.
    decisions: BTreeMap<String, String>,
    /// What could not be done, and is a person's now: one improvement in trouble does not end the others' phase.
    stuck: BTreeSet<ImprovementId>,
    count: usize,
}

impl Orchestrator<'_> {
    /// One look, and what follows from it. `false` at the end.
    async fn round(&mut self) -> Result<bool, Failure> {
        let work = Work::read(self.context).await?;
        let mut changed = false;
        for life in of_phase(&work, self.phase) {
            let id = &life.assignment.improvement;
            if !self.stuck.contains(id) {
                let seen_to = self.see_to(&work, life).await;
                changed |= self.or_stuck(id, seen_to).unwrap_or(true);
            }
        }
        if changed {
            return Ok(true); // what was done may have made room: look again before anything begins
        }
        // One at a time: each takes room from the next.
        if let Some(candidate) = self.ready(&work).into_iter().next().filter(|_| self.may_begin()) {
            let begun = self.begin(&work, &candidate).await;
            self.or_stuck(&candidate.improvement.id, begun);
            return Ok(true);
        }
        // Whoever is told to stop does not wait for those that go on without us.
        Ok(!self.interrupt.is_wished() && of_phase(&work, self.phase).any(is_busy))
    }

    /// The result, or what is in the way, told.
    fn or_stuck<T>(&mut self, id: &ImprovementId, done: Result<T, Failure>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(failure) => {
                self.stuck.insert(id.clone());
                self.decide(&id.0, &format!("left to a person: {}", failure.report));
                None
            }
        }
    }

    /// What an assignment asks for. `true` when something was done.
    async fn see_to(&mut self, work: &Work, life: &Life) -> Result<bool, Failure> {
        let id = life.assignment.improvement.0.clone();
        let limits = &work.catalog.config.agents;
        match Stage::now(life) {
            Stage::Lost => {
                let said = recover::record_loss(self.context, life, &work::worktree(self.context, life)).await?;
                self.decide(&id, &said);
            }
            // Whoever ran them was killed.
            Stage::Gates if !is_busy(life) => {
                gate::ask(self.context, work, life, Patience::Endless).await?;
                self.decide(&id, "its gates were run to their end: nobody else did");
            }
            Stage::Review => {
                let reason = "every gate let it on";
                self.review(life, reason).await?;
                self.decide(&id, &format!("approved: {reason}"));
            }
            Stage::Approved => {
                let said = merge::one(self.context, work, life, Patience::Endless).await?;
                self.decide(&id, &said);
            }
            Stage::Refused | Stage::SentBack | Stage::Ended
                if life.attempts.len() >= usize::try_from(limits.attempts).unwrap_or(usize::MAX) =>
            {
                let reason = format!("{} attempts were made; the last: {}", life.attempts.len(), why(life));
                self.give_up(life, &reason).await?;
                self.decide(&id, &format!("given up: {reason}"));
            }
            Stage::Assigned
            | Stage::Working
            | Stage::Ended
            | Stage::Gates
            | Stage::Refused
            | Stage::SentBack
            | Stage::Merged
            | Stage::Withdrawn => return Ok(false),
        }
        Ok(true)
    }

    async fn begin(&mut self, work: &Work, candidate: &Candidate<'_>) -> Result<(), Failure> {
        let id = candidate.improvement.id.0.clone();
        let begun = assign::begin::begin(self.context, work, candidate).await?;
        let why = match work.lives.iter().find(|life| Some(life.assignment.id) == candidate.again) {
            Some(life) => format!("again, since {}", why(life)),
            None => "it is next in the queue".to_owned(),
        };
        self.decide(&id, &format!("agent {} begins attempt {}: {why}", begun.agent, begun.attempt));
        Ok(())
    }

    async fn review(&self, life: &Life, reason: &str) -> Result<(), Failure> {
        let Some(submission) = life.submission() else { return Ok(()) };
        let store = Store::open(&self.context.project).await?;
        let (author, comment) = (ORCHESTRATOR.to_owned(), reason.to_owned());
        store
            .review(submission.id, &Review { at: Timestamp::now(), decision: Decision::Approved, author, comment })
            .await?;
        store.close().await;
        Ok(())
    }

    async fn give_up(&self, life: &Life, reason: &str) -> Result<(), Failure> {
        let store = Store::open(&self.context.project).await?;
        let (author, reason) = (ORCHESTRATOR.to_owned(), reason.to_owned());
        store.withdraw(life.assignment.id, &Withdrawn { at: Timestamp::now(), author, reason }).await?;
        store.close().await;
        Ok(())
    }

    /// Improvements of the phase that a program can begin on now. What was given up is not begun anew.
    fn ready<'w>(&self, work: &'w Work) -> Vec<Candidate<'w>> {
        let given_up = |candidate: &Candidate<'_>| {
            let last = work.lives.iter().rfind(|life| life.assignment.improvement == candidate.improvement.id);
            last.is_some_and(|life| !Stage::now(life).is_open())
        };
        let program = |candidate: &Candidate<'_>| candidate.agent.is_some_and(|agent| agent.runner.kind.is_program());
        let all = work.queue().all().into_iter();
        let of_phase =
            all.filter(|candidate| candidate.improvement.phase == self.phase && candidate.hindrances.is_empty());
        let stuck = |candidate: &Candidate<'_>| self.stuck.contains(&candidate.improvement.id);
        of_phase.filter(program).filter(|candidate| !given_up(candidate) && !stuck(candidate)).collect()
    }

    fn may_begin(&self) -> bool {
        !self.interrupt.is_wished() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    /// A decision, told as it is made.
    fn decide(&mut self, id: &str, what: &str) {
        self.count += 1;
        let line = what.lines().next().unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "{id}: {line}");
        self.decisions.insert(id.to_owned(), line.to_owned());
    }

    fn report(&self, work: &Work) -> Result<Exit, Failure> {
        let queue = work.queue();
        let entries = work.catalog.register.improvements.iter().filter(|entry| entry.phase == self.phase);
        let lines: Vec<Line> = entries
            .map(|entry| {
                let life = work.lives.iter().rfind(|life| life.assignment.improvement == entry.id);
                let candidate = queue.look(entry, None);
                let reason = self.decisions.get(&entry.id.0).cloned().unwrap_or_else(|| in_the_way(&candidate));
                Line {
                    improvement: entry.id.0.clone(),
                    agent: life.map(|life| life.assignment.agent).or(candidate.agent.map(|agent| agent.number)),
                    stage: life.map(Stage::now),
                    attempts: life.map_or(0, |life| life.attempts.len()),
                    reason,
                }
            })
            .collect();
        let merged = lines.iter().filter(|line| line.stage == Some(Stage::Merged)).count();
        let meta = Meta { schema: 1, phase: self.phase, merged, decisions: self.count };
        self.context.table(&lines, &meta)?;
        Ok(if merged == lines.len() || self.count == 0 { Exit::Done } else { Exit::NotPassed })
    }
}

/// Assignments of a phase's improvements, the oldest first.
fn of_phase(work: &Work, phase: u32) -> impl Iterator<Item = &Life> {
    let register = &work.catalog.register;
    let in_it = move |id: &str| register.get(id).is_some_and(|entry| entry.phase == phase);
    work.lives.iter().filter(move |life| in_it(&life.assignment.improvement.0))
}

/// Whether something will come of it without us.
fn is_busy(life: &Life) -> bool {
    match Stage::now(life) {
        Stage::Working => true,
        Stage::Gates => life.last_attempt().is_some_and(Attempt::is_supervised),
        Stage::Assigned
        | Stage::Lost
        | Stage::Ended
        | Stage::Refused
        | Stage::Review
        | Stage::SentBack
        | Stage::Approved
        | Stage::Merged
        | Stage::Withdrawn => false,
    }
}

/// Why the last attempt was not enough.
fn why(life: &Life) -> String {
    let refused = life.submission().and_then(|submission| submission.refused());
    let refused = refused.map(|found| format!("{}: {}", found.gate, found.reason.lines().next().unwrap_or_default()));
    let sent_back =
        life.submission().and_then(|submission| submission.reviews.last()).map(|review| review.comment.clone());
    let ended = life.last_attempt().and_then(|attempt| attempt.ended.as_ref());
    let ended = ended.map(|ended| format!("nothing was handed in: {}", ended.reason));
    sent_back.or(refused).or(ended).unwrap_or_else(|| "nobody has begun".to_owned())
}

fn in_the_way(candidate: &Candidate<'_>) -> String {
    let program = candidate.agent.is_some_and(|agent| agent.runner.kind.is_program());
    match candidate.hindrances.first() {
        Some(hindrance) => hindrance.to_string(),
        None if program => "it is next in the queue".to_owned(),
        None => "a person's: `workbench assign` gives it to them".to_owned(),
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["ID", "Agent", "Stage", "Attempts", "Why"];
    const ELASTIC: Option<usize> = Some(4);

    fn cells(&self) -> Vec<String> {
        vec![
            self.improvement.clone(),
            self.agent.map_or_else(|| "–".to_owned(), |number| number.to_string()),
            self.stage.map_or_else(|| "–".to_owned(), |stage| stage.to_string()),
            self.attempts.to_string(),
            self.reason.clone(),
        ]
    }
}
