//! The phases of the plan: who belongs to them, and what must hold at their end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ImprovementLine, Snapshot};
use crate::improvements::plan::Phase;
use crate::improvements::{ImprovementId, Status};
use crate::report::criteria::{Judgement, State, judge};

/// A phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseLine {
    /// Counted from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The planned weeks.
    pub weeks: String,
    /// What it is for.
    pub goal: String,
    /// Members that are Complete.
    pub complete: usize,
    /// Every member Complete and every criterion met.
    pub done: bool,
    /// Its improvements.
    pub members: Vec<MemberLine>,
    /// Members named in words only.
    pub also: Vec<String>,
    /// What must hold at its end.
    pub criteria: Vec<CriterionLine>,
    /// What it hands over.
    pub deliverables: Vec<String>,
}

/// A member of a phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberLine {
    /// Which.
    pub id: ImprovementId,
    /// What it is.
    pub title: String,
    /// Numbers of its agents.
    pub agents: Vec<u32>,
    /// Where it stands.
    pub status: Status,
}

/// A criterion and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CriterionLine {
    /// As the source wrote it.
    pub text: String,
    /// How it stands.
    #[serde(flatten)]
    pub judgement: Judgement,
}

pub(super) fn lines(snapshot: &Snapshot, improvements: &[ImprovementLine]) -> Vec<PhaseLine> {
    let by_id: BTreeMap<&ImprovementId, &ImprovementLine> = improvements.iter().map(|line| (&line.id, line)).collect();
    let line = |phase: &Phase| {
        let members: Vec<MemberLine> = phase
            .members
            .iter()
            .filter_map(|id| by_id.get(id))
            .map(|line| MemberLine {
                id: line.id.clone(),
                title: line.title.clone(),
                agents: line.agents.clone(),
                status: line.status,
            })
            .collect();
        let criteria: Vec<CriterionLine> = phase
            .criteria
            .iter()
            .map(|criterion| CriterionLine {
                text: criterion.text.clone(),
                judgement: judge(criterion.measured_by.as_ref(), criterion.not_measurable.as_deref(), &snapshot.facts),
            })
            .collect();
        let complete = members.iter().filter(|member| member.status == Status::Complete).count();
        let all_met = criteria.iter().all(|criterion| criterion.judgement.state == State::Met);
        PhaseLine {
            number: phase.number,
            name: phase.name.clone(),
            weeks: phase.weeks.clone(),
            goal: phase.goal.clone(),
            complete,
            done: complete == members.len() && all_met,
            members,
            also: phase.also.clone(),
            criteria,
            deliverables: phase.deliverables.clone(),
        }
    };
    snapshot.catalog.register.phases.iter().map(line).collect()
}

/// `Planning`, `Phase 1 in progress: 2 of 11 improvements complete`, or `Complete`.
pub(super) fn progress(phases: &[PhaseLine], improvements: &[ImprovementLine]) -> String {
    if improvements.iter().all(|line| line.status == Status::Planned) {
        return "Planning: nothing has been measured yet".to_owned();
    }
    match phases.iter().find(|phase| !phase.done) {
        Some(PhaseLine { number, complete, members, criteria, .. }) => {
            let met = criteria.iter().filter(|criterion| criterion.judgement.state == State::Met).count();
            format!(
                "Phase {number} in progress: {complete} of {} improvements complete, {met} of {} criteria met",
                members.len(),
                criteria.len()
            )
        }
        None => "Complete".to_owned(),
    }
}
