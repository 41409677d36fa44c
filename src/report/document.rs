//! The tracking document as data: everything that is derived, derived once. Text and JSON are made from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::criteria::{Judgement, State, judge};
use super::evidence::Evidence;
use crate::agents::Agent;
use crate::catalog::Catalog;
use crate::improvements::plan::{Note, ParityGroup, Protocol, Risk, Section};
use crate::improvements::{AgainstClaim, Direction, Improvement, ImprovementId, Priority, Status};
use crate::lab::experiment::{Standing, Verdict};
use crate::tracking::{Facts, Forced, Known, VerdictFact, derive};

/// All that a report is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What people wrote.
    pub catalog: Catalog,
    /// What was recorded.
    pub facts: Facts,
}

/// The tracking document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// What it is about.
    pub header: Head,
    /// Who works.
    pub agents: Vec<AgentLine>,
    /// What is claimed, and what was measured.
    pub improvements: Vec<ImprovementLine>,
    /// Counts of them.
    pub counts: Counts,
    /// The accepted ones, in order.
    pub stack: Vec<ImprovementId>,
    /// The verdicts that the table cites.
    pub evidence: Vec<Evidence>,
    /// The plan.
    pub phases: Vec<PhaseLine>,
    /// What the whole is judged by.
    pub metrics: Vec<MetricGroupLine>,
    /// Features of the model product.
    pub parity: ParityLine,
    /// How the agents work together.
    pub protocol: Protocol,
    /// What may go wrong.
    pub risks: Vec<Risk>,
    /// Observations.
    pub notes: Vec<Note>,
    /// Tools, testing strategy, documents to update.
    pub appendix: Vec<Section>,
}

/// The document's head and foot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// The project's name.
    pub project: String,
    /// The day the register was begun.
    pub begun: String,
    /// The last change that is in the document: number and time.
    pub as_of: Option<(i64, Timestamp)>,
    /// Where accepted work goes.
    pub branch: String,
    /// What the project wants to become.
    pub target: String,
    /// Where the effort goes.
    pub focus: Vec<String>,
    /// Derived from the phases.
    pub status: String,
    /// Who coordinates.
    pub orchestrator: String,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentLine {
    /// Its name.
    pub name: String,
    /// What it is good at.
    pub specialization: String,
    /// Its subjects, or the files it may change.
    pub subjects: Vec<String>,
    /// What it is doing.
    pub state: &'static str,
    /// In words.
    pub note: Option<String>,
}

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

/// Success metrics that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricGroupLine {
    /// What they are about.
    pub name: String,
    /// The metrics.
    pub metrics: Vec<MetricLine>,
}

/// A success metric and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricLine {
    /// What it is called.
    pub name: String,
    /// Where the source said it stood: a claim.
    pub baseline: Option<String>,
    /// Where it must get.
    pub target: String,
    /// Where it would be splendid.
    pub stretch: Option<String>,
    /// How it stands.
    #[serde(flatten)]
    pub judgement: Judgement,
}

/// The parity list, counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParityLine {
    /// The model product.
    pub model: String,
    /// Items whose box the source ticked.
    pub ticked: usize,
    /// All items.
    pub items: usize,
    /// The score that the source states: a claim.
    pub claim: String,
    /// The score that the source wants.
    pub target: String,
    /// The list.
    pub groups: Vec<ParityGroup>,
}

impl Document {
    /// Derives the document.
    pub fn of(snapshot: &Snapshot) -> Self {
        let Snapshot { catalog: Catalog { roster, register, .. }, facts } = snapshot;
        let nothing = Known::default();
        let improvements: Vec<ImprovementLine> = register
            .improvements
            .iter()
            .map(|entry| improvement(entry, facts.known.get(&entry.id).unwrap_or(&nothing), facts.tree.as_deref()))
            .collect();
        let phases = phases(snapshot, &improvements);
        let header = &register.header;
        let (ticked, items) = register.parity.score();
        let name_of = |number| roster.get(number).map_or_else(|| format!("Agent {number}"), |agent| agent.name.clone());
        Self {
            header: Head {
                project: header.name.clone(),
                begun: header.date.clone(),
                as_of: facts.as_of,
                branch: header.branch.clone(),
                target: header.target.clone(),
                focus: header.focus.clone(),
                status: progress(&phases, &improvements),
                orchestrator: name_of(header.orchestrator),
            },
            agents: roster.agents.iter().map(|agent| agent_line(agent, facts)).collect(),
            counts: Counts::of(&improvements),
            stack: facts.stack.iter().map(|entry| entry.improvement.clone()).collect(),
            evidence: register.improvements.iter().filter_map(|entry| evidence(entry, facts)).collect(),
            phases,
            metrics: metrics(snapshot),
            parity: ParityLine {
                model: register.parity.model.clone(),
                ticked,
                items,
                claim: register.parity.claim.clone(),
                target: register.parity.target.clone(),
                groups: register.parity.groups.clone(),
            },
            protocol: register.protocol.clone(),
            risks: register.risks.risks.clone(),
            notes: header.notes.clone(),
            appendix: header.appendix.clone(),
            improvements,
        }
    }
}

impl Counts {
    fn of(lines: &[ImprovementLine]) -> Self {
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

/// The verdict a report cites: the newest that decided something, or else the newest.
fn cited(known: &Known) -> Option<&VerdictFact> {
    known.decisive.as_ref().or(known.latest.as_ref())
}

fn improvement(entry: &Improvement, known: &Known, tree: Option<&str>) -> ImprovementLine {
    let public = derive(known, tree);
    let verdict = cited(known);
    let measured = verdict.and_then(|verdict| {
        let standing = verdict.published().filter(|standing| standing.pairs > 0)?;
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
        verdict: verdict.map(|verdict| verdict.ruling.verdict),
        verdict_id: verdict.map(|verdict| verdict.row),
    }
}

fn evidence(entry: &Improvement, facts: &Facts) -> Option<Evidence> {
    let verdict = cited(facts.known.get(&entry.id)?)?;
    let experiment = facts.experiments.iter().find(|experiment| experiment.summary.id == verdict.experiment)?;
    Some(Evidence::of(verdict, experiment))
}

fn agent_line(agent: &Agent, facts: &Facts) -> AgentLine {
    let fact = facts.agents.iter().find(|fact| fact.agent == agent.number);
    AgentLine {
        name: agent.name.clone(),
        specialization: agent.specialization.clone(),
        subjects: if agent.subjects.is_empty() { agent.modules.clone() } else { agent.subjects.clone() },
        state: fact.map_or("Ready", |fact| fact.state.label()),
        note: fact.map(|fact| fact.note.clone()).filter(|note| !note.is_empty()),
    }
}

fn phases(snapshot: &Snapshot, improvements: &[ImprovementLine]) -> Vec<PhaseLine> {
    let by_id: BTreeMap<&ImprovementId, &ImprovementLine> = improvements.iter().map(|line| (&line.id, line)).collect();
    let line = |phase: &crate::improvements::plan::Phase| {
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

fn metrics(snapshot: &Snapshot) -> Vec<MetricGroupLine> {
    let group = |group: &crate::improvements::plan::MetricGroup| MetricGroupLine {
        name: group.name.clone(),
        metrics: group
            .metrics
            .iter()
            .map(|metric| MetricLine {
                name: metric.name.clone(),
                baseline: metric.baseline.clone(),
                target: metric.target.clone(),
                stretch: metric.stretch.clone(),
                judgement: judge(metric.measured_by.as_ref(), metric.not_measurable.as_deref(), &snapshot.facts),
            })
            .collect(),
    };
    snapshot.catalog.register.metrics.groups.iter().map(group).collect()
}

/// `Planning`, `Phase 1 in progress: 2 of 11 improvements complete`, or `Complete`.
fn progress(phases: &[PhaseLine], improvements: &[ImprovementLine]) -> String {
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
