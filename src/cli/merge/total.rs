//! What all that landed costs together.
//!
//! Each landing is measured on what it is about. What it does to the rest shows in the whole: the branch as it is against where it began, on
//! what the project compares revisions on, with the features of the stack. Is that worse, then the line between is halved until the landing is
//! found at which it became so. That one is taken off the branch, and sent back.
//!
//! ```text
//!  began ─ a ─ b ─ c ─ d      began : d  worse
//!                             began : b  not worse
//!                             began : c  worse      ▶ c is taken off
//! ```
//! What was decided once is not measured again, so that whoever was killed goes on where it was.

use super::{Line, Stop, train};
use crate::agents::facts::{Life, Submission};
use crate::agents::train::{Landing, Train};
use crate::cli::gate::Asked;
use crate::cli::wait::failure;
use crate::cli::work::Work;
use crate::cli::{Context, Exit, Failure, OrExit, compare, find, noise};
use crate::improvements::Trial;
use crate::lab::LabError;
use crate::lab::experiment::Verdict;
use crate::lab::plan::Inquiry;
use crate::machine::Patience;
use crate::tracking::{Reader, Store};

/// Compares the whole with where it began; what was taken off for that, of which there is at most one.
pub(in crate::cli) async fn check(context: &Context, work: &Work, patience: Patience) -> Result<Vec<Line>, Failure> {
    let branch = &work.catalog.config.agents.integration;
    let mut train = train(context, branch)?;
    let store = Store::open(&context.project).await?;
    let checked = Total { context, work, store: &store, branch, patience }.check(&mut train).await;
    store.close().await;
    checked
}

struct Total<'a> {
    context: &'a Context,
    work: &'a Work,
    store: &'a Store,
    branch: &'a str,
    patience: Patience,
}

impl Total<'_> {
    async fn check(&self, train: &mut Train) -> Result<Vec<Line>, Failure> {
        let (began, landings) = train.journey()?;
        let lines = self.write_down(&landings).await?;
        let Some(last) = landings.last().filter(|_| find::trials(&self.work.catalog).next().is_some()) else {
            return Ok(lines);
        };
        let trials = compare::trials(&self.work.catalog, &[])?;
        let Some(mut worse) = self.worse(&trials, &began, &last.commit).await? else { return Ok(lines) };
        let (mut low, mut high) = (0, landings.len() - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.worse(&trials, &began, &landings[middle].commit).await? {
                Some(reason) => (high, worse) = (middle, reason),
                None => low = middle + 1,
            }
        }
        let line = self.take_off(train, &landings[high], &worse).await?;
        Ok(lines.into_iter().chain([line]).collect())
    }

    /// Who took something off may have been killed before that was written down.
    async fn write_down(&self, landings: &[Landing]) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        for (life, submission) in self.landed() {
            if landings.iter().any(|landing| landing.takes_off.as_ref() == Some(&submission.commit)) {
                lines.push(self.stop(life).send_back("it was taken off again; the commit says why").await?);
            }
        }
        Ok(lines)
    }

    async fn take_off(&self, train: &mut Train, landing: &Landing, worse: &str) -> Result<Line, Failure> {
        let Landing { commit, submission, .. } = landing;
        let branch = self.branch;
        let reason = format!("since it landed, {branch} is worse than where it began: {worse}");
        let left = |what: &str| {
            let help = format!("look at it (`git show {commit:.12}`), and take it off {branch} by `git revert`");
            miette::miette!(code = "merge::worse", help = help, "{commit:.12}: {reason}; {what}")
        };
        let whose = self.landed().find(|(_, landed)| Some(&landed.commit) == submission.as_ref());
        let Some((life, landed)) = whose else {
            return Err(left("no submission that counts landed with it")).or_exit(Exit::NotPassed);
        };
        match train.take_off(commit, &landed.commit, &reason)? {
            Ok(()) => self.stop(life).send_back(&reason).await,
            Err(files) => {
                let what = format!("what landed later rests on it in {}", files.join(", "));
                Err(left(&what)).or_exit(Exit::NotPassed)
            }
        }
    }

    /// Why `tip` is worse than `began`; nothing where it is not shown to be.
    async fn worse(&self, trials: &[Trial], began: &str, tip: &str) -> Result<Option<String>, Failure> {
        let Self { context, work, patience, .. } = self;
        let store = Reader::open(&context.project).await?;
        let store = store.ok_or_else(|| miette::miette!("the store is gone")).or_exit(Exit::Failed)?;
        let stack: Vec<String> = store.stack().await?.into_iter().map(|entry| entry.feature).collect();
        let places = [began.to_owned(), tip.to_owned()];
        let inquiry = Inquiry { places, ..Inquiry::compare([stack.clone(), stack], trials) };
        let noise = noise::known(&store).await?;
        let asked = Asked { context, work, inquiry, noise, patience: *patience, thorough: false };
        let planned = match asked.job().plan().await {
            Err(LabError::SameArms) => return Ok(None),
            planned => planned.map_err(failure)?,
        };
        let known = store.decided(&planned.plan).await?.and_then(|experiment| experiment.verdict);
        let ruling = match known {
            Some(verdict) => verdict.ruling,
            None => Asked::run(planned, self.store.clone(), &mut None).await.map_err(failure)?.ruling,
        };
        Ok((ruling.verdict == Verdict::Worse).then_some(ruling.reason))
    }

    /// What is on the branch, as far as it is written down.
    fn landed(&self) -> impl Iterator<Item = (&Life, &Submission)> {
        let submissions = self.work.lives.iter().flat_map(|life| life.submissions.iter().map(move |one| (life, one)));
        submissions.filter(|(_, submission)| submission.is_landed())
    }

    fn stop<'a>(&'a self, life: &'a Life) -> Stop<'a> {
        Stop { context: self.context, work: self.work, life, store: self.store, branch: self.branch }
    }
}
