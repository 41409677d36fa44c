//! What waits for a person, and only that: things that no command, agent or measurement will move on by itself.
//!
//! A fact waits until a later one answers it: a verdict until a person has said something since or something newer was
//! measured, a stopped experiment until a newer one asks the same, a word of force until evidence has come.

use jiff::Timestamp;

use super::facts::{Ending, Facts, Load, Row, Work};
use crate::agents::Stage;
use crate::agents::facts::{Assignment, AssignmentId, Submission};
use crate::improvements::{ImprovementId, Status};
use crate::lab::experiment::{ExperimentId, Verdict};

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Why it waits.
    pub cause: Cause,
    /// What it is about: `T003`, `Agent 6`, `the register`.
    pub subject: String,
    /// What happened, in a sentence.
    pub reason: String,
    /// What a person would run next.
    pub command: String,
    /// Where it is looked at.
    pub place: Place,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
}

/// Why something waits, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Files or the store cannot be read: nothing else is sure until they can.
    Unreadable,
    /// An agent asks.
    Asked,
    /// A submission waits for a reviewer.
    Review,
    /// Nobody watches over an attempt any more.
    Lost,
    /// A gate refused what was handed in.
    Refused,
    /// An attempt ended, and nothing was handed in.
    Ended,
    /// It is approved, and not merged yet.
    Approved,
    /// A measurement could not be judged.
    Broken,
    /// An experiment stopped before its verdict.
    Stopped,
    /// Declared Complete without evidence.
    Forced,
    /// Complete, but the sources moved under it.
    Stale,
    /// Measured to the limit and not decided.
    Undecided,
    /// The claim did not hold: improve it, or give it up.
    Rejected,
    /// Blocked, and all that it needs is accepted.
    Unblocked,
}

/// Where something is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the Register.
    Improvement(ImprovementId),
    /// In the Lab.
    Experiment(ExperimentId),
    /// Among the Agents.
    Agent(u32),
    /// In the Review.
    Submission(AssignmentId),
    /// Nowhere yet.
    Nowhere,
}

/// All that waits, the most urgent first, and of one cause the latest.
pub fn waiting(facts: &Facts) -> Vec<Waiting> {
    let mut all: Vec<Waiting> = unreadable(facts).chain(asked(facts)).chain(stopped(facts)).collect();
    all.extend(facts.work.iter().filter_map(of_work));
    all.extend(facts.rows.iter().filter_map(|row| of_row(row, facts)));
    all.sort_by(|one, other| (one.cause, other.since).cmp(&(other.cause, one.since)));
    all
}

impl Cause {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Asked => "asks",
            Self::Review => "review",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Ended => "ended",
            Self::Approved => "approved",
            Self::Broken => "broken",
            Self::Stopped => "stopped",
            Self::Forced => "forced",
            Self::Stale => "stale",
            Self::Undecided => "undecided",
            Self::Rejected => "rejected",
            Self::Unblocked => "unblocked",
        }
    }
}

fn unreadable(facts: &Facts) -> impl Iterator<Item = Waiting> {
    let of = |load: &Load, subject: &str, command: &str| match load {
        Load::Failed(trouble) => Some(Waiting {
            cause: Cause::Unreadable,
            subject: subject.to_owned(),
            reason: trouble.lines().map(str::trim).find(|line| line.contains(' ')).unwrap_or(trouble).to_owned(),
            command: command.to_owned(),
            place: Place::Nowhere,
            since: None,
        }),
        Load::Reading | Load::Ready => None,
    };
    let register = of(&facts.register, "the register", "workbench list");
    let store = of(&facts.store, "the store", "workbench doctor");
    register.into_iter().chain(store)
}

fn asked(facts: &Facts) -> impl Iterator<Item = Waiting> {
    facts.agents.iter().filter(|agent| agent.asks).map(|agent| Waiting {
        cause: Cause::Asked,
        subject: agent.name.clone(),
        reason: agent.last.as_ref().map_or_else(|| "waits for an answer".to_owned(), |last| last.what.clone()),
        command: "workbench agents".to_owned(),
        place: Place::Agent(agent.number),
        since: agent.last.as_ref().map(|last| last.at),
    })
}

/// What an assignment waits for, where that is a person.
fn of_work(work: &Work) -> Option<Waiting> {
    let Assignment { id, improvement, agent, .. } = &work.life.assignment;
    let submission = work.life.submission();
    let ended = work.life.last_attempt().and_then(|attempt| attempt.ended.as_ref());
    let since = submission.map(|submission| submission.at).or(ended.map(|ended| ended.at));
    let waits = |cause, reason: String, command: String, place| {
        Some(Waiting { cause, subject: improvement.0.clone(), reason, command, place, since })
    };
    let (there, roster) = (Place::Submission(*id), Place::Agent(*agent));
    match work.stage {
        Stage::Review => {
            let note = submission.map(|submission| submission.note.as_str()).filter(|note| !note.is_empty());
            let says = note.map_or_else(String::new, |note| format!(": {note}"));
            let reason = format!("agent {agent} handed in, every gate let it on{says}");
            waits(Cause::Review, reason, format!("workbench review {improvement}"), there)
        }
        Stage::Refused => {
            let found = submission.and_then(Submission::refused);
            let why = found.map_or_else(String::new, |found| format!("{}: {}", found.gate, found.reason));
            waits(Cause::Refused, why, format!("workbench assign {improvement}"), there)
        }
        Stage::Approved => {
            let reason = "approved, and not on the integration branch yet".to_owned();
            waits(Cause::Approved, reason, "workbench merge".to_owned(), there)
        }
        Stage::Lost => {
            let reason = format!("the supervisor of agent {agent} is gone");
            waits(Cause::Lost, reason, "workbench recover".to_owned(), roster)
        }
        Stage::Ended => {
            let why = ended.map_or("nobody knows why", |ended| ended.reason.as_str());
            let reason = format!("agent {agent} ended and handed in nothing: {why}");
            waits(Cause::Ended, reason, format!("workbench assign {improvement}"), roster)
        }
        Stage::Assigned | Stage::Working | Stage::Gates | Stage::SentBack | Stage::Merged | Stage::Withdrawn => None,
    }
}

/// The newest experiment of each question, where it stopped before its verdict and does not run again.
fn stopped(facts: &Facts) -> impl Iterator<Item = Waiting> {
    let mut seen = std::collections::HashSet::new();
    let newest = facts.past.iter().filter(move |past| seen.insert(past.question.to_string()));
    newest.filter_map(|past| {
        let Ending::Stopped(why) = &past.end else { return None };
        let runs = facts.running.as_ref().is_some_and(|running| running.plan.question == past.question);
        let given_up = past.question.improvement().is_some_and(|id| status(facts, id) == Some(Status::Cancelled));
        (!runs && !given_up).then(|| Waiting {
            cause: Cause::Stopped,
            subject: past.question.subject().to_owned(),
            reason: format!("{} after {} pairs: {why}", past.question, past.pairs),
            command: format!("workbench {} --resume", past.question),
            place: Place::Experiment(past.id),
            since: Some(past.at),
        })
    })
}

fn status(facts: &Facts, id: &ImprovementId) -> Option<Status> {
    facts.rows.iter().find(|row| row.entry.id == *id).map(|row| row.progress.status)
}

/// The most urgent thing about an improvement.
fn of_row(row: &Row, facts: &Facts) -> Option<Waiting> {
    let progress = &row.progress;
    let id = &row.entry.id;
    let waits = |cause, reason: String, command: String, since| {
        let (subject, place) = (id.0.clone(), Place::Improvement(id.clone()));
        Some(Waiting { cause, subject, reason, command, place, since })
    };
    if progress.forced {
        let said = progress.reason.as_deref().unwrap_or("no reason given");
        return waits(Cause::Forced, format!("Complete by force, never proven: {said}"), apply(row), progress.said_at);
    }
    match progress.status {
        Status::Complete => {
            let stale = progress.measured.as_ref().filter(|measured| measured.stale)?;
            let reason = format!("{} was measured on other sources than there are now", stale.workload);
            waits(Cause::Stale, reason, apply(row), progress.verdicts.first().map(|verdict| verdict.at))
        }
        Status::Blocked => {
            let needs = &row.entry.needs;
            let free = !needs.is_empty() && needs.iter().all(|needed| facts.stack.contains(needed));
            let names: Vec<&str> = needs.iter().map(|needed| needed.0.as_str()).collect();
            let reason = format!("Blocked, and what it needs is accepted: {}", names.join(", "));
            let command = format!("workbench status {id} planned");
            free.then(|| waits(Cause::Unblocked, reason, command, progress.said_at)).flatten()
        }
        Status::Planned | Status::InProgress => {
            let newest = progress.verdicts.first()?;
            // Who has said something since has seen it.
            if progress.said_at.is_some_and(|said| said >= newest.at) {
                return None;
            }
            let (cause, command) = match newest.verdict {
                Verdict::Broken => (Cause::Broken, apply(row)),
                Verdict::Inconclusive => (Cause::Undecided, apply(row)),
                Verdict::Rejected => (Cause::Rejected, format!("workbench status {id} cancelled --reason '…'")),
                Verdict::Proven | Verdict::Accepted | Verdict::Better | Verdict::Worse | Verdict::Same => return None,
            };
            waits(cause, format!("{}: {}", newest.verdict, newest.reason), command, Some(newest.at))
        }
        Status::Cancelled => None,
    }
}

fn apply(row: &Row) -> String {
    match &row.entry.variants {
        Some(_) => format!("workbench apply {}", row.entry.id),
        // There is nothing to measure: what can be done is to take the word back.
        None => format!("workbench status {} planned", row.entry.id),
    }
}
