//! `workbench merge [ID…]`: approved work, one after the other, onto the integration branch.
//!
//! What landed meanwhile may change what a submission brings: where the merged files are not those that the gates have seen, they are tested and
//! measured again before the branch moves. Who conflicts, or does not hold any more, is sent back with the reason. In the end the whole is
//! compared with where the branch began ([`total`]).

pub(super) mod total;

use jiff::Timestamp;
use serde::Serialize;

use super::wait::Wait;
use super::work::Work;
use super::{Context, Exit, Failure, OrExit, Row, gate};
use crate::agents::Stage;
use crate::agents::brief::told_of;
use crate::agents::facts::{Decision, Life, Merged, Passed, Review};
use crate::agents::train::{self, Coupled, Coupling, Train};
use crate::machine::Patience;
use crate::tracking::Store;

/// Put approved work onto the integration branch, one after the other, measured again where something came between
///
/// Each becomes one commit, `[Agent1] Transaction: what it is`. No checkout is touched. What conflicts with what landed before it, or does
/// not hold on top of it, is sent back with the reason. Without an ID: all that is approved, in the order of approval.
/// Then the branch is compared with where it began; is it worse, the landing is found since which it is, taken off, and sent back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  workbench merge --dry-run
  workbench merge

Exit code 4 when something was sent back.")]
pub struct Args {
    /// Improvements, such as T003
    ids: Vec<String>,

    /// Say what would be merged and what would conflict, and do nothing
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,

    /// Leave the whole uncompared
    #[arg(long)]
    no_total: bool,

    #[command(flatten)]
    wait: Wait,
}

impl Args {
    /// Whether it does more than look.
    pub fn changes_something(&self) -> bool {
        !self.dry_run
    }
}

/// What became of one. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) improvement: String,
    assignment: i64,
    agent: u32,
    outcome: Outcome,
    /// On the integration branch.
    commit: Option<String>,
    pub(super) reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Merged,
    WouldMerge,
    SentBack,
    WouldConflict,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::WouldMerge => "would be merged",
            Self::SentBack => "sent back",
            Self::WouldConflict => "would be sent back",
        }
    }
}

#[derive(Serialize)]
struct Meta {
    schema: u32,
    branch: String,
}

/// Runs the train.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let work = Work::read(context).await?;
    work.no_agent()?;
    let branch = work.catalog.config.agents.integration.clone();
    let mut train = train(context, &branch)?;
    let lives = wanted(&work, &args.ids)?;
    let mut lines = Vec::new();
    if lives.is_empty() {
        context.table(&lines, &Meta { schema: 1, branch })?;
        return Ok(Exit::Done);
    }
    let store = Store::open(&context.project).await?;
    for life in lives {
        let stop = Stop { context, work: &work, life, store: &store, branch: &branch };
        lines.push(if args.dry_run { stop.look(&train)? } else { stop.land(&mut train, args.wait.patience()).await? });
    }
    store.close().await;
    if !args.no_total && lines.iter().any(|line| line.outcome == Outcome::Merged) {
        lines.extend(total::check(context, &Work::read(context).await?, args.wait.patience()).await?);
    }
    context.table(&lines, &Meta { schema: 1, branch })?;
    let all = lines.iter().all(|line| matches!(line.outcome, Outcome::Merged | Outcome::WouldMerge));
    Ok(if all { Exit::Done } else { Exit::NotPassed })
}

/// Lands one submission that is approved, or sends it back; what became of it, in words.
pub(super) async fn one(context: &Context, work: &Work, life: &Life, patience: Patience) -> Result<String, Failure> {
    let branch = &work.catalog.config.agents.integration;
    let mut train = train(context, branch)?;
    let store = Store::open(&context.project).await?;
    let landed = Stop { context, work, life, store: &store, branch }.land(&mut train, patience).await;
    store.close().await;
    let line = landed?;
    Ok(format!("{}: {}", line.outcome.word(), line.reason))
}

fn train(context: &Context, branch: &str) -> Result<Train, Failure> {
    let refused = |what: &str, help: &str| {
        miette::miette!(code = "merge::branch", help = help, "cannot merge onto {branch}: {what}")
    };
    let train = Train::at(context.project.root(), branch)?;
    let none = || refused("the repository has no commit", "commit the project first");
    let train = train.ok_or_else(none).or_exit(Exit::Failed)?;
    if train.is_checked_out()? {
        let help = "check out another branch, or name another one as `agents.integration` in workbench.yaml";
        return Err(refused("it is checked out, and would move beneath the checkout", help)).or_exit(Exit::Failed);
    }
    Ok(train)
}

/// What is approved, in the order of approval.
fn wanted<'a>(work: &'a Work, ids: &[String]) -> Result<Vec<&'a Life>, Failure> {
    let mut lives = Vec::new();
    for id in ids {
        let life = work.life(Some(id))?;
        let stage = Stage::now(life);
        if stage != Stage::Approved {
            let help = format!("`workbench review {id} --approve` when all gates have let it on");
            let report =
                miette::miette!(code = "merge::not_approved", help = help, "{id} cannot be merged: it is {stage}");
            return Err(report).or_exit(Exit::NotPassed);
        }
        lives.push(life);
    }
    if ids.is_empty() {
        lives.extend(work.lives.iter().filter(|life| Stage::now(life) == Stage::Approved));
        lives.sort_by_key(|life| {
            life.submission().and_then(|submission| submission.reviews.last()).map(|review| review.at)
        });
    }
    Ok(lives)
}

/// One submission on its way.
struct Stop<'a> {
    context: &'a Context,
    work: &'a Work,
    life: &'a Life,
    store: &'a Store,
    branch: &'a str,
}

impl Stop<'_> {
    fn look(&self, train: &Train) -> Result<Line, Failure> {
        Ok(match self.couple(train)? {
            Coupling::Fits(coupled) if coupled.as_judged => {
                self.line(Outcome::WouldMerge, None, "its files are those that the gates have seen")
            }
            Coupling::Fits(_) => {
                self.line(Outcome::WouldMerge, None, "it would be tested and measured again on the new base")
            }
            Coupling::Landed(commit) => {
                self.line(Outcome::WouldMerge, Some(commit), "it landed, and that was not written down")
            }
            Coupling::Nothing => self.line(Outcome::WouldConflict, None, "all of it is there already"),
            Coupling::Conflicts(files) => {
                self.line(Outcome::WouldConflict, None, &train::conflict(self.branch, &files))
            }
        })
    }

    async fn land(&self, train: &mut Train, patience: Patience) -> Result<Line, Failure> {
        let coupled = match self.couple(train)? {
            Coupling::Fits(coupled) => coupled,
            Coupling::Landed(commit) => {
                return self.write(commit, "it had landed before, and is written down now").await;
            }
            Coupling::Nothing => return self.send_back("all of it is there already").await,
            Coupling::Conflicts(files) => return self.send_back(&train::conflict(self.branch, &files)).await,
        };
        if let Some(reason) = self.measured_again(&coupled, patience).await? {
            return self.send_back(&format!("on top of what landed before it, it does not hold: {reason}")).await;
        }
        train.depart(&coupled)?;
        let reason =
            if coupled.as_judged { "as the gates have seen it" } else { "tested and measured again on the new base" };
        self.write(coupled.commit, reason).await
    }

    async fn write(&self, commit: String, reason: &str) -> Result<Line, Failure> {
        let submission = gate::handed_in(self.life)?;
        let merged = Merged { at: Timestamp::now(), branch: self.branch.to_owned(), commit: commit.clone() };
        self.store.merged(submission.id, &merged).await?;
        Ok(self.line(Outcome::Merged, Some(commit), reason))
    }

    fn couple(&self, train: &Train) -> Result<Coupling, Failure> {
        let (improvement, agent) = self.work.who(self.life)?;
        Ok(train.couple(&self.life.assignment, gate::handed_in(self.life)?, improvement, agent)?)
    }

    /// Why it does not hold on the new base; `None` when it does.
    async fn measured_again(&self, coupled: &Coupled, patience: Patience) -> Result<Option<String>, Failure> {
        if coupled.as_judged {
            return Ok(None);
        }
        let Self { context, work, life, store, .. } = self;
        let commit = &coupled.commit;
        let found = gate::Question { context, work, life, commit, store, patience }.ask().await?;
        Ok(found
            .into_iter()
            .find(|(_, outcome, _)| *outcome == Passed::No)
            // It goes into the agent's next brief.
            .map(|(gate, outcome, reason)| format!("{gate}: {}", told_of(gate, outcome, &reason))))
    }

    async fn send_back(&self, reason: &str) -> Result<Line, Failure> {
        let submission = gate::handed_in(self.life)?;
        let review = Review {
            at: Timestamp::now(),
            decision: Decision::SentBack,
            author: train::AUTHOR.to_owned(),
            comment: reason.to_owned(),
        };
        self.store.review(submission.id, &review).await?;
        Ok(self.line(Outcome::SentBack, None, reason))
    }

    fn line(&self, outcome: Outcome, commit: Option<String>, reason: &str) -> Line {
        Line {
            improvement: self.life.assignment.improvement.0.clone(),
            assignment: self.life.assignment.id.0,
            agent: self.life.assignment.agent,
            outcome,
            commit,
            reason: reason.to_owned(),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["ID", "Agent", "Outcome", "Commit", "Why"];
    const ELASTIC: Option<usize> = Some(4);

    fn cells(&self) -> Vec<String> {
        let outcome = self.outcome.word();
        let commit = self.commit.as_ref().map_or_else(|| "–".to_owned(), |commit| format!("{commit:.12}"));
        vec![self.improvement.clone(), self.agent.to_string(), outcome.to_owned(), commit, self.reason.clone()]
    }
}
