//! `workbench run --phase N`: the orchestrator drives a phase to its end, unattended.
//!
//! ```text
//!  look ─▶ lost: written down ─▶ through the gates: approved ─▶ approved: merged ─▶ refused, sent back, ended: the next attempt, or given up
//!   ▲                                                                                                    │
//!   └── wait a moment ◀── nobody at work and nothing ready: the end ◀── ready, and there is room: begun ◀┘
//!                         the whole is compared with where it began
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
use crate::agents::facts::{Attempt, CUT_OFF_MAX, Decision, Life, Review, Withdrawn};
use crate::agents::queue::Candidate;
use crate::lab::recorder::Interrupt;
use crate::machine::Patience;
use crate::tracking::{Reader, Store};

/// Who decides, in the facts.
const ORCHESTRATOR: &str = "orchestrator";

/// What decisions are about that concern no improvement alone.
const WHOLE: &str = "the whole";

/// How often it looks whether something has happened. That is a row of the store: whoever measures meanwhile is not disturbed.
const ROUND: Duration = Duration::from_millis(300);

/// How often it looks at everything all the same: that a supervisor was killed is written down by nobody.
const LOOK_AT_ALL: Duration = Duration::from_secs(3);

/// What could not be done is tried so often, one time after the other: a driver, a supervisor or a git command may have been killed, and is
/// forgiven as an agent is whom somebody kills.
const TRIES: u32 = CUT_OFF_MAX;

/// What could not be measured since somebody else uses the machine is tried so often, with a pause that may be long enough: for a night's
/// other jobs.
const BUSY_TRIES: u32 = 100;
const BUSY_PAUSE: Duration = Duration::from_secs(60);

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
        failures: BTreeMap::new(),
        stuck: BTreeSet::new(),
        count: 0,
    };
    if !args.dry_run {
        loop {
            let seen = orchestrator.last_change().await?;
            match orchestrator.round().await? {
                Round::Done => {}
                Round::Nothing => orchestrator.wait(seen).await?,
                Round::Last => break,
            }
        }
    }
    orchestrator.report(&Work::read(context).await?)
}

/// What came of a look.
enum Round {
    /// Something was done: look again at once.
    Done,
    /// Others are at work.
    Nothing,
    /// Nothing will come of waiting.
    Last,
}

struct Orchestrator<'a> {
    context: &'a Context,
    phase: u32,
    deadline: Option<Instant>,
    interrupt: Interrupt,
    /// The last decision about each improvement.
    decisions: BTreeMap<String, String>,
    /// How often something could not be done, one time after the other.
    failures: BTreeMap<String, u32>,
    /// What could not be done, and is a person's now: one improvement in trouble does not end the others' phase.
    stuck: BTreeSet<String>,
    count: usize,
}

impl Orchestrator<'_> {
    /// One look, and what follows from it.
    async fn round(&mut self) -> Result<Round, Failure> {
        let work = Work::read(self.context).await?;
        let mut changed = false;
        for life in of_phase(&work, self.phase) {
            let id = &life.assignment.improvement;
            if !self.stuck.contains(&id.0) {
                let seen_to = self.see_to(&work, life).await;
                changed |= self.or_stuck(&id.0, seen_to).await.unwrap_or(true);
            }
        }
        if changed {
            return Ok(Round::Done); // it may have made room: look again before anything begins
        }
        // One at a time: each takes room from the next.
        if let Some(candidate) = self.ready(&work).into_iter().next().filter(|_| self.may_begin()) {
            let begun = self.begin(&work, &candidate).await;
            self.or_stuck(&candidate.improvement.id.0, begun.map(|()| true)).await;
            return Ok(Round::Done);
        }
        // Whoever is told to stop does not wait for those that go on without us.
        if self.interrupt.is_wished() {
            return Ok(Round::Last);
        }
        if of_phase(&work, self.phase).any(is_busy) {
            return Ok(Round::Nothing);
        }
        let landed = of_phase(&work, self.phase).any(|life| Stage::now(life) == Stage::Merged);
        if !landed || self.stuck.contains(WHOLE) {
            return Ok(Round::Last);
        }
        let taken_off = self.total(&work).await;
        Ok(if self.or_stuck(WHOLE, taken_off).await.unwrap_or(true) { Round::Done } else { Round::Last })
    }

    /// Waits until there is another fact than `seen`, somebody wants us to stop, or it is time to see whether everybody lives.
    async fn wait(&self, seen: i64) -> Result<(), Failure> {
        let began = Instant::now();
        while began.elapsed() < LOOK_AT_ALL && !self.interrupt.is_wished() {
            tokio::time::sleep(ROUND).await;
            if self.last_change().await? != seen {
                break;
            }
        }
        Ok(())
    }

    /// Whoever wants us to stop does not wait for it to pass.
    async fn pause(&self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time && !self.interrupt.is_wished() {
            tokio::time::sleep(ROUND.min(time)).await;
        }
    }

    async fn last_change(&self) -> Result<i64, Failure> {
        let Some(reader) = Reader::open(&self.context.project).await? else { return Ok(0) };
        Ok(reader.last_change().await?.map_or(0, |(seq, _)| seq))
    }

    /// Compares all that landed with where the branch began; whether something was taken off for that, which goes on with its next attempt.
    async fn total(&mut self, work: &Work) -> Result<bool, Failure> {
        match merge::total::check(self.context, work, Patience::Endless).await {
            Ok(taken_off) => {
                for line in &taken_off {
                    self.decide(&line.improvement, &format!("taken off again: {}", line.reason));
                }
                Ok(!taken_off.is_empty())
            }
            // What it found is not the train's to take off, however often it is asked.
            Err(failure) if failure.exit == Exit::NotPassed => {
                self.leave(WHOLE, &failure);
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether something was done; or what is in the way, told, and a moment for it to pass.
    async fn or_stuck(&mut self, about: &str, done: Result<bool, Failure>) -> Option<bool> {
        let failure = match done {
            Ok(done) => {
                if done {
                    self.failures.remove(about);
                }
                return Some(done);
            }
            Err(failure) => failure,
        };
        let failures = self.failures.entry(about.to_owned()).or_default();
        *failures += 1;
        let (tries, pause) = match failure.exit {
            Exit::Busy => (BUSY_TRIES, BUSY_PAUSE),
            Exit::Done
            | Exit::Failed
            | Exit::Usage
            | Exit::NotFound
            | Exit::NotPassed
            | Exit::Signal(_)
            | Exit::Of(_) => (TRIES, ROUND),
        };
        if *failures < tries && !self.interrupt.is_wished() {
            self.decide(about, &format!("to be tried again: {}", failure.report));
            self.pause(pause).await;
        } else {
            self.leave(about, &failure);
        }
        None
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
            Stage::Refused | Stage::SentBack | Stage::Ended if life.tries() >= limits.attempts => {
                let made = match life.attempts.len() {
                    1 => "1 attempt was made; it".to_owned(),
                    several => format!("{several} attempts were made; the last"),
                };
                let reason = format!("{made}: {}", why(life));
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
        let stuck = |candidate: &Candidate<'_>| self.stuck.contains(&candidate.improvement.id.0);
        of_phase.filter(program).filter(|candidate| !given_up(candidate) && !stuck(candidate)).collect()
    }

    fn may_begin(&self) -> bool {
        !self.interrupt.is_wished() && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    /// Nothing more is tried about it: it is a person's now.
    fn leave(&mut self, about: &str, failure: &Failure) {
        self.stuck.insert(about.to_owned());
        self.decide(about, &format!("left to a person: {}", failure.report));
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
