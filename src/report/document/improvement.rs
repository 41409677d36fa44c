//! The improvements: claim and measurement apart, and how many of each kind there are.

use serde::Serialize;

use crate::improvements::{AgainstClaim, Direction, Improvement, ImprovementId, Priority, Status};
use crate::lab::experiment::{Standing, Verdict};
use crate::report::evidence::Evidence;
use crate::tracking::{Facts, Forced, Known, VerdictFact, derive};

/// An improvement: claim and measurement apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImprovementLine {
    /// `T003`.
    pub id: ImprovementId,
    /// The part of the system.
    pub category: String,
    /// What it is.
    pub title: String,
    /// How urgent.
    pub priority: Priority,
    /// Where it stands.
    pub status: Status,
    /// What that rests on.
    pub reason: String,
    /// It was once forced to Complete; said for ever.
    pub forced: Option<Forced>,
    /// The tree has moved since it was measured.
    pub stale: bool,
    /// Numbers of its agents.
    pub agents: Vec<u32>,
    /// Files it touches.
    pub modules: Vec<String>,
    /// What somebody promised.
    pub claim: String,
    /// Whether an optimized variant exists.
    pub measurable: bool,
    /// The published figure.
    pub measured: Option<MeasuredFigure>,
    /// What the stack loses without it, and the verdict that says so.
    pub left_out: Option<LeftOutFigure>,
    /// The verdict.
    pub verdict: Option<Verdict>,
    /// Its number.
    pub verdict_id: Option<i64>,
}

/// A published figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredFigure {
    /// Estimate and bounds as log-ratios, positive is better.
    pub standing: Standing,
    /// As people read it: changes of the metric.
    pub shown: String,
    /// How it compares with the claim, where the two can be compared.
    pub against_claim: Option<AgainstClaim>,
    /// Which way the metric improves.
    pub better: Direction,
    /// Of which metric.
    pub metric: String,
    /// On which workload.
    pub workload: String,
}

/// What becomes of the metric when an improvement is left out of the stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOutFigure {
    /// As people read it: changes of the metric from the stack to the stack without it.
    pub shown: String,
    /// Pairs behind it.
    pub pairs: u32,
    /// What the experiment says of what it still brings.
    pub verdict: Verdict,
    /// Its number.
    pub verdict_id: i64,
}

/// Counts, derived from the lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All improvements.
    pub improvements: usize,
    /// By status.
    pub by_status: Vec<(Status, usize)>,
    /// By priority.
    pub by_priority: Vec<(Priority, usize)>,
    /// With an optimized variant.
    pub measurable: usize,
    /// Forced to Complete at some time.
    pub forced: usize,
    /// Measured on a tree that has moved since.
    pub stale: usize,
}

impl Counts {
    pub(super) fn of(lines: &[ImprovementLine]) -> Self {
        let count = |wanted: &dyn Fn(&ImprovementLine) -> bool| lines.iter().filter(|line| wanted(line)).count();
        let statuses = [Status::Planned, Status::InProgress, Status::Complete, Status::Blocked, Status::Cancelled];
        let priorities = [Priority::Critical, Priority::High, Priority::Medium, Priority::Low];
        Self {
            improvements: lines.len(),
            by_status: statuses.map(|status| (status, count(&|line| line.status == status))).to_vec(),
            by_priority: priorities.map(|priority| (priority, count(&|line| line.priority == priority))).to_vec(),
            measurable: count(&|line| line.measurable),
            forced: count(&|line| line.forced.is_some()),
            stale: count(&|line| line.stale),
        }
    }
}

pub(super) fn line(entry: &Improvement, known: &Known, tree: Option<&str>) -> ImprovementLine {
    let public = derive(known, tree);
    let verdict = known.cited();
    let measured = verdict.and_then(|verdict| {
        let standing = verdict.measured()?;
        let (metric, workload) = (verdict.metric.clone(), verdict.workload.clone());
        Some(MeasuredFigure {
            shown: standing.effect(verdict.better).to_string(),
            against_claim: entry.claim.against(standing.bounds, verdict.better),
            better: verdict.better,
            standing,
            metric,
            workload,
        })
    });
    ImprovementLine {
        id: entry.id.clone(),
        category: entry.category.0.clone(),
        title: entry.title.clone(),
        priority: entry.priority,
        status: public.status,
        reason: public.reason,
        forced: public.forced,
        stale: public.stale == Some(true),
        agents: entry.agents.clone(),
        modules: entry.modules.clone(),
        claim: entry.claim.text.clone(),
        measurable: entry.measurable().is_ok(),
        measured,
        left_out: known.left_out.as_ref().and_then(|verdict| {
            let standing = verdict.measured()?;
            Some(LeftOutFigure {
                shown: standing.reversed().effect(verdict.better).to_string(),
                pairs: standing.pairs,
                verdict: verdict.ruling.verdict,
                verdict_id: verdict.row,
            })
        }),
        verdict: verdict.map(|verdict| verdict.ruling.verdict),
        verdict_id: verdict.map(|verdict| verdict.row),
    }
}

/// The evidence of what is cited of an improvement: what it brought when added, and what is lost without it.
pub(super) fn evidence(entry: &Improvement, facts: &Facts) -> Vec<Evidence> {
    let known = facts.known.get(&entry.id);
    let cited = known.into_iter().flat_map(|known| known.cited().into_iter().chain(&known.left_out));
    let of = |verdict: &VerdictFact| {
        let experiment = facts.experiments.iter().find(|experiment| experiment.summary.id == verdict.experiment)?;
        Some(Evidence::of(verdict, experiment))
    };
    cited.filter_map(of).collect()
}
