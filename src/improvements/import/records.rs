//! What was understood, as the records that a register is made of.
//!
//! Where a record asks for something that the document does not say, a value is assumed, and every assumption is told.
//! What no record has a place for goes into the header's appendix, word for word, so that nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::document::{AgentRow, Entry, Tracking, bare};
use super::figures;
use super::outline::Kind;
use super::surroundings::date_of;
use crate::improvements::plan::{
    Criterion, Header, Level, MetricGroup, Note, Pack, Parity, ParityGroup, ParityItem, Phase, Phases, Protocol, Risk,
    Risks, Rule, Section, SuccessMetric, SuccessMetrics,
};
use crate::improvements::{Category, Improvement, ImprovementId, Priority};

/// Why an imported criterion is not judged yet.
const NOT_JUDGED: &str = "the document does not say how it is measured";

/// A register made from a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// `register.yaml`.
    pub header: Header,
    /// `phases.yaml`.
    pub phases: Phases,
    /// `metrics.yaml`.
    pub metrics: SuccessMetrics,
    /// `risks.yaml`.
    pub risks: Risks,
    /// `parity.yaml`.
    pub parity: Parity,
    /// `protocol.yaml`.
    pub protocol: Protocol,
    /// One file each.
    pub improvements: Vec<Improvement>,
    /// The roster.
    pub agents: Vec<AgentRow>,
    /// What was assumed because the document does not say it.
    pub assumed: Vec<String>,
    /// What went into the appendix as it stands.
    pub kept: Vec<Kept>,
}

/// Lines that no record has a place for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The first line.
    pub from: usize,
    /// The last line.
    pub to: usize,
    /// What they stand under.
    pub title: String,
    /// How many lines, tables and stretches of code there are.
    pub lines: usize,
}

/// Assumptions by what was assumed, each with how often.
#[derive(Default)]
struct Assumed(BTreeMap<String, usize>);

impl Assumed {
    fn note(&mut self, what: &str) {
        *self.0.entry(what.to_owned()).or_default() += 1;
    }

    fn told(self) -> Vec<String> {
        let times = |(what, count): (String, usize)| if count == 1 { what } else { format!("{what} ({count} times)") };
        self.0.into_iter().map(times).collect()
    }
}

/// The records of `tracking`, whose document people know as `file`, as the pack `pack`.
pub(super) fn records(tracking: &Tracking<'_>, file: &str, pack: &str) -> Records {
    let mut assumed = Assumed::default();
    let agents = agents(tracking, &mut assumed);
    let orchestrator = orchestrator(tracking, &agents, &mut assumed);
    let (phases, homes) = phases(tracking, &mut assumed);
    let improvements: Vec<Improvement> =
        tracking.entries.iter().map(|entry| improvement(tracking, entry, &homes, orchestrator, &mut assumed)).collect();
    let (kept_sections, kept) = kept(tracking);
    let mut header = header(tracking, file, pack, orchestrator, &improvements, &mut assumed);
    header.appendix.extend(kept_sections);
    let known: BTreeSet<u32> = agents.iter().map(|agent| agent.number).collect();
    Records {
        header,
        phases: Phases { phases },
        metrics: metrics(tracking),
        risks: risks(tracking, &known, &mut assumed),
        parity: parity(tracking),
        protocol: protocol(tracking, &mut assumed),
        improvements,
        agents,
        assumed: assumed.told(),
        kept,
    }
}

/// The roster, with a row for every number that is named.
fn agents(tracking: &Tracking<'_>, assumed: &mut Assumed) -> Vec<AgentRow> {
    let mut agents = tracking.agents.clone();
    let named = tracking.entries.iter().flat_map(|entry| &entry.agents);
    let watching = tracking.risks.iter().flat_map(|risk| &risk.owners);
    let numbers: BTreeSet<u32> = named.chain(watching).map(|(number, _)| *number).collect();
    for number in numbers {
        if !agents.iter().any(|agent| agent.number == number) {
            agents.push(nobody(number));
        }
    }
    if agents.is_empty() {
        assumed.note("agent 1: the document names nobody");
        agents.push(nobody(1));
    }
    agents.sort_by_key(|agent| agent.number);
    agents
}

fn nobody(number: u32) -> AgentRow {
    AgentRow {
        number,
        name: format!("Agent {number}"),
        specialization: "not stated".to_owned(),
        subjects: Vec::new(),
        has_row: false,
    }
}

fn orchestrator(tracking: &Tracking<'_>, agents: &[AgentRow], assumed: &mut Assumed) -> u32 {
    let said = tracking.head.orchestrator.as_ref().map(|said| figures::whole_numbers(&said.text));
    let named = said.and_then(|numbers| u32::try_from(*numbers.first()?).ok());
    let known = named.filter(|number| agents.iter().any(|agent| agent.number == *number));
    known.unwrap_or_else(|| {
        let first = agents.first().map_or(1, |agent| agent.number);
        assumed.note(&format!("orchestrator: agent {first}"));
        first
    })
}

/// The phases, and the phase of each entry. Entries that no phase lists get one of their own, after the others.
fn phases(tracking: &Tracking<'_>, assumed: &mut Assumed) -> (Vec<Phase>, BTreeMap<String, u32>) {
    let mut homes = BTreeMap::new();
    let mut phases: Vec<Phase> = tracking
        .phases
        .iter()
        .map(|phase| Phase {
            number: phase.number,
            name: phase.name.clone(),
            weeks: phase.weeks.map(|(first, last)| weeks(first, last)).unwrap_or_default(),
            goal: phase.goal.as_ref().map(|goal| goal.text.clone()).unwrap_or_default(),
            members: Vec::new(),
            also: also(tracking, phase),
            criteria: phase.criteria.iter().map(|criterion| not_judged(&criterion.text)).collect(),
            deliverables: phase.deliverables.iter().map(|deliverable| deliverable.text.clone()).collect(),
        })
        .collect();
    let last = phases.iter().map(|phase| phase.number).max().unwrap_or(0);
    // A phase lists its members in the order of importance: the document's.
    let listed =
        tracking.phases.iter().flat_map(|phase| &phase.members).filter_map(|member| tracking.entry(&member.id.text));
    let order: Vec<&Entry> = listed.chain(&tracking.entries).collect();
    let mut homeless: Vec<ImprovementId> = Vec::new();
    for entry in order {
        let id = &entry.id.text;
        if homes.contains_key(id) {
            continue;
        }
        let home = tracking.phase_of(entry).map_or(last + 1, |phase| phase.number);
        homes.insert(id.clone(), home);
        match phases.iter_mut().find(|phase| phase.number == home) {
            Some(phase) => phase.members.push(ImprovementId(id.clone())),
            None => homeless.push(ImprovementId(id.clone())),
        }
    }
    if !homeless.is_empty() || phases.is_empty() {
        assumed.note(&format!("phase {}: for what the document lists in no phase", last + 1));
        phases.push(Phase {
            number: last + 1,
            name: "In no phase of the document".to_owned(),
            weeks: String::new(),
            goal: String::new(),
            members: homeless,
            also: Vec::new(),
            criteria: Vec::new(),
            deliverables: Vec::new(),
        });
    }
    (phases, homes)
}

/// What a phase lists beside its members: words, and ids that stand for nothing.
fn also(tracking: &Tracking<'_>, phase: &super::document::Phase) -> Vec<String> {
    let unknown = phase.members.iter().filter(|member| tracking.entry(&member.id.text).is_none());
    phase.also.iter().chain(unknown.map(|member| &member.line)).map(|said| said.text.clone()).collect()
}

fn weeks(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn not_judged(text: &str) -> Criterion {
    Criterion { text: text.to_owned(), measured_by: None, not_measurable: Some(NOT_JUDGED.to_owned()) }
}

fn improvement(
    tracking: &Tracking<'_>,
    entry: &Entry,
    homes: &BTreeMap<String, u32>,
    orchestrator: u32,
    assumed: &mut Assumed,
) -> Improvement {
    let title = bare(&entry.title.text).to_owned();
    let agents: BTreeSet<u32> = entry.agents.iter().map(|(number, _)| *number).collect();
    let mut agents: Vec<u32> = agents.into_iter().collect();
    if agents.is_empty() {
        assumed.note(&format!("agents: [{orchestrator}], for entries without one"));
        agents.push(orchestrator);
    }
    let mut modules = entry.modules.clone();
    if modules.is_empty() {
        assumed.note("modules: [not stated], for entries without any");
        modules.push("not stated".to_owned());
    }
    let claim = entry.claim.as_ref().map_or_else(
        || {
            assumed.note("claim: the entry's title, where nothing is promised of it");
            title.clone()
        },
        |claim| claim.text.clone(),
    );
    Improvement {
        id: ImprovementId(entry.id.text.clone()),
        claim: figures::claim(&claim, &title),
        title,
        category: category(tracking, entry, assumed),
        priority: entry.priority.unwrap_or_else(|| {
            assumed.note("priority: medium, for entries without one");
            Priority::Medium
        }),
        agents,
        modules,
        phase: homes.get(&entry.id.text).copied().unwrap_or(1),
        feature: entry.id.text.to_lowercase(),
        needs: Vec::new(),
        conflicts: Vec::new(),
        variants: None,
    }
}

/// The entry's category; else its phase's name; else the document's title.
fn category(tracking: &Tracking<'_>, entry: &Entry, assumed: &mut Assumed) -> Category {
    if let Some(category) = &entry.category {
        return Category(bare(&category.text).to_owned());
    }
    assumed.note("category: the phase's name, for entries without one");
    let phase = tracking.phase_of(entry).map(|phase| phase.name.clone());
    Category(phase.unwrap_or_else(|| "Not stated".to_owned()))
}

fn header(
    tracking: &Tracking<'_>,
    file: &str,
    pack: &str,
    orchestrator: u32,
    improvements: &[Improvement],
    assumed: &mut Assumed,
) -> Header {
    let head = &tracking.head;
    let words = |said: &Option<super::markdown::Said>| said.as_ref().map(|said| said.text.clone());
    let mut stated = |said: Option<String>, what: &str, otherwise: &str| {
        said.unwrap_or_else(|| {
            assumed.note(&format!("{what}: {otherwise}"));
            otherwise.to_owned()
        })
    };
    let name = words(&head.project).or_else(|| words(&head.title)).filter(|name| !name.is_empty());
    let date = head.date.as_ref().and_then(|date| date_of(&date.text));
    let mut categories: Vec<Category> = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    for entry in improvements {
        if !categories.contains(&entry.category) {
            categories.push(entry.category.clone());
        }
        let prefix = entry.id.prefix().to_owned();
        if !prefixes.contains(&prefix) {
            prefixes.push(prefix);
        }
    }
    Header {
        name: stated(name, "name", pack),
        date: stated(date, "date", "undated"),
        branch: stated(words(&head.branch), "branch", "main"),
        target: stated(words(&head.target), "target", "not stated"),
        focus: words(&head.focus).map(|focus| super::tables::listed(&focus)).unwrap_or_default(),
        orchestrator,
        categories,
        packs: vec![Pack { name: pack.to_owned(), source: file.to_owned(), prefixes }],
        notes: tracking
            .notes
            .iter()
            .map(|note| Note {
                title: note.title.clone(),
                date: note.date.clone(),
                sections: note.sections.iter().map(section).collect(),
            })
            .collect(),
        appendix: tracking.appendix.iter().map(section).chain(said_of_entries(tracking)).collect(),
    }
}

fn section(list: &super::document::Titled) -> Section {
    Section { title: list.title.clone(), numbered: list.numbered, items: list.items.clone() }
}

/// What the document says of entries and no record holds: their statuses, and promises beyond the first.
fn said_of_entries(tracking: &Tracking<'_>) -> Vec<Section> {
    let status = |entry: &Entry| {
        let said = entry.status.as_ref().map(|status| status.text.clone());
        said.or_else(|| entry.done.then(|| "✅".to_owned())).map(|status| format!("{}: {status}", entry.id.text))
    };
    let statuses: Vec<String> = tracking.entries.iter().filter_map(status).collect();
    let further = |entry: &Entry| -> Vec<String> {
        entry.further.iter().map(|said| format!("{}: {}", entry.id.text, said.text)).collect()
    };
    let promises: Vec<String> = tracking.entries.iter().flat_map(further).collect();
    let repeated: Vec<String> = tracking.repeated.iter().map(|(_, row)| row.clone()).collect();
    [
        ("Statuses as the document states them: claims, not facts", statuses),
        ("Further promises", promises),
        ("Rows whose id stands in the register already", repeated),
    ]
    .into_iter()
    .filter(|(_, items)| !items.is_empty())
    .map(|(title, items)| Section { title: title.to_owned(), numbered: false, items })
    .collect()
}

fn metrics(tracking: &Tracking<'_>) -> SuccessMetrics {
    let mut groups: Vec<MetricGroup> = Vec::new();
    let words = |said: &Option<super::markdown::Said>| said.as_ref().map(|said| said.text.clone());
    for metric in &tracking.metrics {
        if groups.last().is_none_or(|group| group.name != metric.group) {
            groups.push(MetricGroup { name: metric.group.clone(), metrics: Vec::new() });
        }
        let metric = SuccessMetric {
            name: metric.name.text.clone(),
            baseline: words(&metric.baseline),
            target: metric.target.text.clone(),
            stretch: words(&metric.stretch),
            measured_by: None,
            not_measurable: Some(NOT_JUDGED.to_owned()),
        };
        if let Some(group) = groups.last_mut() {
            group.metrics.push(metric);
        }
    }
    SuccessMetrics { groups }
}

fn risks(tracking: &Tracking<'_>, known: &BTreeSet<u32>, assumed: &mut Assumed) -> Risks {
    let mut level = |level: Option<Level>, what: &str| {
        level.unwrap_or_else(|| {
            assumed.note(&format!("{what}: medium, for risks without one"));
            Level::Medium
        })
    };
    let risks = tracking.risks.iter().map(|risk| Risk {
        id: risk.id.clone(),
        description: risk.description.text.clone(),
        impact: level(risk.impact, "impact"),
        probability: level(risk.probability, "probability"),
        mitigation: risk.mitigation.clone(),
        owners: risk.owners.iter().map(|(number, _)| *number).filter(|number| known.contains(number)).collect(),
        raised_by: Vec::new(),
    });
    Risks { risks: risks.collect() }
}

fn parity(tracking: &Tracking<'_>) -> Parity {
    let Some(list) = &tracking.parity else {
        return Parity { model: "none".to_owned(), claim: String::new(), target: String::new(), groups: Vec::new() };
    };
    let words = |said: &Option<super::markdown::Said>| said.as_ref().map(|said| said.text.clone()).unwrap_or_default();
    let group = |(name, features): &(String, Vec<super::document::Feature>)| ParityGroup {
        name: name.clone(),
        items: features
            .iter()
            .map(|feature| ParityItem {
                feature: feature.name.text.clone(),
                state: feature.state,
                note: feature.note.clone(),
            })
            .collect(),
    };
    Parity {
        model: list.model.clone(),
        claim: words(&list.score),
        target: words(&list.target),
        groups: list.groups.iter().map(group).collect(),
    }
}

fn protocol(tracking: &Tracking<'_>, assumed: &mut Assumed) -> Protocol {
    let text = &tracking.protocol;
    let rule = |(case, then): &(String, String)| Rule { case: case.clone(), then: then.clone() };
    Protocol {
        standup_hours: text.hours.unwrap_or_else(|| {
            assumed.note("standup_hours: 24");
            24
        }),
        standup: text.standup.clone(),
        review: text.review.clone(),
        conflicts: text.conflicts.iter().map(rule).collect(),
        channels: text.channels.iter().map(rule).collect(),
    }
}

/// Every line that was not understood, by section, as it was written.
fn kept(tracking: &Tracking<'_>) -> (Vec<Section>, Vec<Kept>) {
    let mut sections: Vec<(usize, Section)> = Vec::new();
    let mut kept: Vec<Kept> = Vec::new();
    for (_, line) in tracking.outline.lines.iter().enumerate().filter(|(at, _)| !tracking.is_used(*at)) {
        let (start, items) = match line.kind {
            Kind::Text => (line.raw.at, vec![line.raw.text.clone()]),
            Kind::Item(number) => {
                let sign = number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
                let indent = "  ".repeat(usize::from(line.depth.saturating_sub(1)));
                let tick = match line.mark {
                    Some(super::outline::Mark::Box(true)) => "[x] ",
                    Some(super::outline::Mark::Box(false)) => "[ ] ",
                    Some(_) | None => "",
                };
                (line.raw.at, vec![format!("{indent}{sign} {tick}{}", line.raw.text)])
            }
            Kind::Code(code) => (line.raw.at, vec![tracking.outline.codes[code].text.text.clone()]),
            Kind::Table(table) => {
                let table = &tracking.outline.tables[table];
                let row = |cells: &[super::markdown::Said]| {
                    let cells: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
                    format!("| {} |", cells.join(" | "))
                };
                let rows = table.rows.iter().map(|cells| row(&cells.cells));
                (table.at, std::iter::once(row(&table.headings)).chain(rows).collect())
            }
        };
        let end = match line.kind {
            Kind::Table(table) => tracking.outline.tables[table].rows.last().map_or(start, |row| row.at),
            Kind::Code(_) | Kind::Text | Kind::Item(_) => start + line.raw.text.len(),
        };
        let (from, to) = (tracking.repaired.place(start).line, tracking.repaired.place(end).line);
        let title = tracking.outline.path(line.section);
        let title = if title.is_empty() { "Before the first heading".to_owned() } else { title };
        match (sections.last_mut(), kept.last_mut()) {
            (Some((section, list)), Some(told)) if *section == line.section => {
                list.items.extend(items);
                told.to = told.to.max(to);
                told.lines += 1;
            }
            (_, _) => {
                sections.push((line.section, Section { title: title.clone(), numbered: false, items }));
                kept.push(Kept { from, to, title, lines: 1 });
            }
        }
    }
    (sections.into_iter().map(|(_, section)| section).collect(), kept)
}
