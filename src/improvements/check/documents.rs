//! All the files together, and the order of the checks.

use std::collections::BTreeSet;

use super::across::{check_cycles, check_phases, check_unique};
use super::entry::check_entry;
use super::plan::check_plan;
use crate::improvements::plan::{Header, Parity, Phases, Protocol, Risks, SuccessMetrics};
use crate::improvements::{Improvement, ImprovementId};
use crate::yaml::{Document, Faults, nearest};

/// What could be read of a register's files.
pub(crate) struct Documents {
    pub(crate) header: Option<Document<Header>>,
    pub(crate) phases: Option<Document<Phases>>,
    pub(crate) metrics: Option<Document<SuccessMetrics>>,
    pub(crate) risks: Option<Document<Risks>>,
    pub(crate) parity: Option<Document<Parity>>,
    pub(crate) protocol: Option<Document<Protocol>>,
    pub(crate) entries: Vec<Document<Improvement>>,
    /// The ids that the names of the entries' files promise. Whoever names one of these is not blamed for a mistake in
    /// that file.
    pub(crate) promised: BTreeSet<ImprovementId>,
}

impl Documents {
    fn ids(&self) -> BTreeSet<&ImprovementId> {
        self.entries.iter().map(|entry| &entry.value.id).chain(&self.promised).collect()
    }
}

/// Reports every contradiction.
pub(crate) fn run(documents: &Documents, agents: &BTreeSet<u32>, faults: &mut Faults) {
    let ids = documents.ids();
    let header = documents.header.as_ref().map(|header| &header.value);
    for entry in &documents.entries {
        check_entry(entry, header, agents, &ids, faults);
    }
    check_unique(&documents.entries, "id", |entry| &entry.id.0, faults);
    check_unique(&documents.entries, "feature", |entry| &entry.feature, faults);
    check_cycles(&documents.entries, faults);
    if let Some(phases) = &documents.phases {
        check_phases(phases, &documents.entries, &ids, faults);
    }
    check_plan(documents, agents, faults);
}

pub(super) fn check_agent<T>(
    document: &Document<T>,
    path: &str,
    number: u32,
    agents: &BTreeSet<u32>,
    faults: &mut Faults,
) {
    // An empty roster is a mistake of its own.
    if !agents.is_empty() && !agents.contains(&number) {
        faults.push(
            document
                .fault(path, format!("there is no agent {number}"))
                .code("register::unknown_agent")
                .help(format!("the roster in agents/ has {}", ranges(agents))),
        );
    }
}

pub(super) fn suggestion(word: &str, ids: &BTreeSet<&ImprovementId>) -> Option<String> {
    nearest(word, ids.iter().map(|id| id.0.as_str())).map(|near| format!("did you mean {near}?"))
}

/// `1-4, 7`.
fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let shown = runs.iter().map(|(from, to)| match to - from {
        0 => from.to_string(),
        1 => format!("{from}, {to}"),
        _ => format!("{from}-{to}"),
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "nobody".to_owned() } else { shown.join(", ") }
}

/// `T003` of `improvements/T003.yaml`.
pub(crate) fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}
