//! Who was given what, and what became of it.

use serde::Serialize;

use crate::agents::brief::told;
use crate::agents::facts::{Decision, Gate, Life, Passed};
use crate::agents::stage::{Stage, stage};
use crate::improvements::ImprovementId;

/// An assignment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkLine {
    /// Which improvement.
    pub improvement: ImprovementId,
    /// The agent's number.
    pub agent: u32,
    /// Attempts that were begun.
    pub attempts: usize,
    /// Where it stands by what is written down: whether somebody still watches over an attempt is no fact.
    pub stage: Stage,
    /// What was measured of the commit that counts.
    pub measured: Option<String>,
    /// Why it stands there.
    pub why: Option<String>,
}

/// Every assignment, the oldest first.
pub(super) fn lines(lives: &[Life]) -> Vec<WorkLine> {
    lives.iter().map(line).collect()
}

fn line(life: &Life) -> WorkLine {
    let stage = stage(life, |_| true);
    let verdict = || {
        let (_, found) = life.submission()?.gates().find(|(gate, _)| *gate == Gate::Verdict)?;
        found.filter(|found| found.outcome == Passed::Yes).map(|found| first(&found.reason))
    };
    WorkLine {
        improvement: life.assignment.improvement.clone(),
        agent: life.assignment.agent,
        attempts: life.attempts.len(),
        stage,
        measured: verdict(),
        why: why(life, stage),
    }
}

fn why(life: &Life, stage: Stage) -> Option<String> {
    match stage {
        Stage::Merged => {
            let merged = life.submissions.iter().find(|submission| submission.is_landed())?.merged.as_ref()?;
            Some(format!("{:.7} on {}", merged.commit, merged.branch))
        }
        Stage::Withdrawn => life.withdrawn.as_ref().map(|gone| format!("{}: {}", gone.author, first(&gone.reason))),
        Stage::Refused => life.submission()?.refused().map(|found| format!("{}: {}", found.gate, first(told(found)))),
        Stage::SentBack => {
            let review = life.submission()?.reviews.iter().rfind(|review| review.decision == Decision::SentBack)?;
            Some(format!("{}: {}", review.author, first(&review.comment)))
        }
        Stage::Ended => life.last_attempt()?.ended.as_ref().map(|ended| first(&ended.reason)),
        Stage::Assigned | Stage::Working | Stage::Lost | Stage::Gates | Stage::Review | Stage::Approved => None,
    }
}

fn first(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
