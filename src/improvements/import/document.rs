//! What was understood of a document: entries, phases, people, risks, and which lines said so.
//!
//! Nothing is decided here about a line that is not understood; it stays unused, and [`super::records`] keeps it as text.

use std::sync::Arc;

use super::entries;
use super::markdown::Said;
use super::mojibake::Repaired;
use super::outline::Outline;
use super::{phases, surroundings, tables};
use crate::improvements::Priority;
use crate::improvements::plan::{Level, ParityState};
use crate::yaml::{Fault, Faults, Source};

/// A document, understood as far as it goes.
#[derive(Debug)]
pub(super) struct Tracking<'a> {
    pub(super) outline: Outline,
    pub(super) repaired: &'a Repaired,
    source: Arc<Source>,
    pub(super) faults: Faults,
    /// One flag for each line of the outline.
    used: Vec<bool>,
    pub(super) head: Head,
    pub(super) agents: Vec<AgentRow>,
    pub(super) entries: Vec<Entry>,
    /// Ids that stand in the register already, with what their rows say.
    pub(super) repeated: Vec<(Said, String)>,
    pub(super) phases: Vec<Phase>,
    pub(super) metrics: Vec<Metric>,
    pub(super) risks: Vec<RiskRow>,
    pub(super) parity: Option<ParityList>,
    pub(super) protocol: ProtocolText,
    pub(super) notes: Vec<NoteText>,
    pub(super) appendix: Vec<Titled>,
}

/// What stands at the head.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) title: Option<Said>,
    pub(super) project: Option<Said>,
    pub(super) date: Option<Said>,
    pub(super) branch: Option<Said>,
    pub(super) target: Option<Said>,
    pub(super) focus: Option<Said>,
    pub(super) status: Option<Said>,
    pub(super) orchestrator: Option<Said>,
}

/// A row of the roster. The numbers that a register names are those that stand in the agents' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRow {
    /// 3 of `Agent 3`.
    pub number: u32,
    /// What the document calls it.
    pub name: String,
    /// What it is good at.
    pub specialization: String,
    /// What it looks after.
    pub subjects: Vec<String>,
    /// Whether the document has a row for it, rather than only its number.
    pub has_row: bool,
}

/// Something that is to be, or is said to be, improved.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Said,
    /// Whether the id is ours, because the document has none.
    pub(super) numbered_here: bool,
    pub(super) title: Said,
    pub(super) category: Option<Said>,
    pub(super) priority: Option<Priority>,
    pub(super) status: Option<Said>,
    pub(super) agents: Vec<(u32, usize)>,
    pub(super) modules: Vec<String>,
    pub(super) claim: Option<Said>,
    /// What else is promised of it.
    pub(super) further: Vec<Said>,
    pub(super) section: usize,
    pub(super) done: bool,
}

/// A stretch of the plan.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) number: u32,
    pub(super) heading: Said,
    pub(super) name: String,
    pub(super) weeks: Option<(u32, u32)>,
    pub(super) goal: Option<Said>,
    pub(super) members: Vec<Member>,
    pub(super) also: Vec<Said>,
    pub(super) criteria: Vec<Said>,
    pub(super) deliverables: Vec<Said>,
    pub(super) section: usize,
}

/// An id in a phase's list.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: Said,
    /// The whole line.
    pub(super) line: Said,
    /// The agents that the list names beside it.
    pub(super) agents: Option<(Vec<u32>, usize)>,
}

/// A figure that the whole is to be judged by.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) group: String,
    pub(super) name: Said,
    pub(super) target: Said,
    pub(super) baseline: Option<Said>,
    pub(super) stretch: Option<Said>,
}

/// A row of the risk register.
#[derive(Debug)]
pub(super) struct RiskRow {
    pub(super) id: String,
    pub(super) description: Said,
    pub(super) impact: Option<Level>,
    pub(super) probability: Option<Level>,
    pub(super) mitigation: String,
    pub(super) owners: Vec<(u32, usize)>,
}

/// A list of features, ticked or not.
#[derive(Debug)]
pub(super) struct ParityList {
    pub(super) model: String,
    pub(super) section: usize,
    pub(super) score: Option<Said>,
    pub(super) target: Option<Said>,
    pub(super) groups: Vec<(String, Vec<Feature>)>,
}

/// One of these features.
#[derive(Debug)]
pub(super) struct Feature {
    pub(super) name: Said,
    pub(super) state: ParityState,
    pub(super) note: Option<String>,
}

/// How agents work together.
#[derive(Debug, Default)]
pub(super) struct ProtocolText {
    pub(super) hours: Option<u32>,
    pub(super) standup: Vec<String>,
    pub(super) review: Vec<String>,
    pub(super) conflicts: Vec<(String, String)>,
    pub(super) channels: Vec<(String, String)>,
}

/// Observations of a day.
#[derive(Debug)]
pub(super) struct NoteText {
    pub(super) title: String,
    pub(super) date: String,
    pub(super) sections: Vec<Titled>,
}

/// A titled list.
#[derive(Debug)]
pub(super) struct Titled {
    pub(super) title: String,
    pub(super) numbered: bool,
    pub(super) items: Vec<String>,
}

impl<'a> Tracking<'a> {
    /// Understands `repaired`; what is wrong with it goes to its `faults`. Ids that the document lacks begin with `prefix`.
    pub(super) fn read(repaired: &'a Repaired, source: Arc<Source>, prefix: &str) -> Self {
        let outline = Outline::new(repaired.text());
        let used = vec![false; outline.lines.len()];
        let mut tracking = Self {
            outline,
            repaired,
            source,
            faults: Faults::default(),
            used,
            head: Head::default(),
            agents: Vec::new(),
            entries: Vec::new(),
            repeated: Vec::new(),
            phases: Vec::new(),
            metrics: Vec::new(),
            risks: Vec::new(),
            parity: None,
            protocol: ProtocolText::default(),
            notes: Vec::new(),
            appendix: Vec::new(),
        };
        surroundings::read_head(&mut tracking);
        tables::read(&mut tracking);
        phases::find(&mut tracking);
        entries::read(&mut tracking, prefix);
        phases::fill(&mut tracking);
        surroundings::read(&mut tracking);
        tracking
    }

    /// A mistake at an offset of the text, told with its place in the file.
    pub(super) fn fault(&self, at: usize, message: impl Into<String>) -> Fault {
        let origin = self.repaired.origin(at);
        Fault::at(&self.source, origin..origin, message)
    }

    /// Notes that a line was understood.
    pub(super) fn use_line(&mut self, line: usize) {
        self.used[line] = true;
    }

    /// Whether a line was understood.
    pub(super) fn is_used(&self, line: usize) -> bool {
        self.used[line]
    }

    /// The entry with this id.
    pub(super) fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id.text == id)
    }

    /// The phase that a section belongs to.
    pub(super) fn phase_around(&self, section: usize) -> Option<&Phase> {
        self.outline.around(section).find_map(|at| self.phases.iter().find(|phase| phase.section == at))
    }

    /// The phase of an entry: the one that lists it, else the one around it, else the only one.
    pub(super) fn phase_of(&self, entry: &Entry) -> Option<&Phase> {
        let listed = |phase: &&Phase| phase.members.iter().any(|member| member.id.text == entry.id.text);
        let only = || self.phases.first().filter(|_| self.phases.len() == 1);
        self.phases.iter().find(listed).or_else(|| self.phase_around(entry.section)).or_else(only)
    }

    /// Whether the document says that its work is finished; where it says so.
    pub(super) fn finished(&self) -> Option<&Said> {
        let says = |said: &&Said| says_finished(&said.text);
        self.head.status.as_ref().filter(says).or_else(|| {
            let unfinished = self.head.status.as_ref().is_some_and(|status| says_unfinished(&status.text));
            self.head.title.as_ref().filter(says).filter(|_| !unfinished)
        })
    }

    /// Whether the document says that its work goes on; where it says so.
    pub(super) fn unfinished(&self) -> Option<&Said> {
        self.head.status.as_ref().filter(|status| says_unfinished(&status.text))
    }
}

/// `COMPLETE`, `completed`, `Completion Report`.
pub(super) fn says_finished(text: &str) -> bool {
    let text = text.to_lowercase();
    ["complete", "completion report", "finished"].iter().any(|word| text.contains(word))
        && !says_unfinished(&text)
        && !text.contains("incomplete")
}

/// `In progress`, `Planning Phase`.
pub(super) fn says_unfinished(text: &str) -> bool {
    let text = text.to_lowercase();
    ["in progress", "planning", "planned", "not started", "unfinished", "draft"].iter().any(|word| text.contains(word))
}

/// A text without the marks around it that make it bold or code.
pub(super) fn bare(text: &str) -> &str {
    let mut text = text.trim();
    for mark in ["**", "__", "*", "`"] {
        let inner = text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        text = inner.filter(|inner| !inner.contains(mark)).map_or(text, str::trim);
    }
    text
}

/// What a lead announces: `Deliverables` of `**Deliverables**:`.
pub(super) fn announced(lead: &str) -> &str {
    lead.trim_matches(|char: char| char == '*' || char == ':' || char.is_whitespace())
}
