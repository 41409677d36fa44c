//! The document whole, its head, and the parts that are copied rather than derived.

use jiff::Timestamp;
use serde::Serialize;

use super::improvement::{self, Counts, ImprovementLine};
use super::metric::{self, MetricGroupLine};
use super::phase::{self, PhaseLine};
use super::risk::{self, RiskLine};
use super::screen::{self, ScreenLine};
use super::work::{self, WorkLine};
use crate::agents::Agent;
use crate::catalog::Catalog;
use crate::improvements::plan::{Note, ParityGroup, Protocol, Section};
use crate::improvements::{Improvement, ImprovementId};
use crate::report::evidence::Evidence;
use crate::tracking::{self, Facts, Known};

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
    /// The latest screens, beside the verdicts.
    pub screens: Vec<ScreenLine>,
    /// Who was given what, and what became of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub work: Vec<WorkLine>,
    /// The plan.
    pub phases: Vec<PhaseLine>,
    /// What the whole is judged by.
    pub metrics: Vec<MetricGroupLine>,
    /// Features of the model product.
    pub parity: ParityLine,
    /// How the agents work together.
    pub protocol: Protocol,
    /// What may go wrong, and whether it has.
    pub risks: Vec<RiskLine>,
    /// Observations.
    pub notes: Vec<Note>,
    /// What people have noted about improvements, in the register's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<NotedLine>,
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

/// What somebody has noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotedLine {
    /// About what.
    pub improvement: ImprovementId,
    /// When, what, and who.
    #[serde(flatten)]
    pub note: tracking::Note,
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
            .map(|entry| {
                improvement::line(entry, facts.known.get(&entry.id).unwrap_or(&nothing), facts.tree.as_deref())
            })
            .collect();
        let phases = phase::lines(snapshot, &improvements);
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
                status: phase::progress(&phases, &improvements),
                orchestrator: name_of(header.orchestrator),
            },
            agents: roster.agents.iter().map(|agent| agent_line(agent, facts)).collect(),
            counts: Counts::of(&improvements),
            stack: facts.stack.iter().map(|entry| entry.improvement.clone()).collect(),
            evidence: register.improvements.iter().flat_map(|entry| improvement::evidence(entry, facts)).collect(),
            screens: screen::lines(facts),
            work: work::lines(&facts.lives),
            phases,
            metrics: metric::lines(snapshot),
            parity: ParityLine {
                model: register.parity.model.clone(),
                ticked,
                items,
                claim: register.parity.claim.clone(),
                target: register.parity.target.clone(),
                groups: register.parity.groups.clone(),
            },
            protocol: register.protocol.clone(),
            risks: risk::lines(snapshot),
            notes: header.notes.clone(),
            noted: noted(snapshot),
            appendix: header.appendix.clone(),
            improvements,
        }
    }
}

fn noted(snapshot: &Snapshot) -> Vec<NotedLine> {
    let of = |entry: &Improvement| {
        let notes = snapshot.facts.known.get(&entry.id).map(|known| known.notes.clone()).unwrap_or_default();
        let id = entry.id.clone();
        notes.into_iter().map(move |note| NotedLine { improvement: id.clone(), note })
    };
    snapshot.catalog.register.improvements.iter().flat_map(of).collect()
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
