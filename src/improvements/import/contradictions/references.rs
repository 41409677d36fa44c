//! Ids, agents, dates and files that one part of a document names and another does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{
    AgentWithoutRow, AgentsOtherwise, DuplicateId, IdInNoPhase, IdInTwoPhases, ModuleWithoutFile, NotADate, UnknownId,
};
use super::finding::Finding;
use crate::improvements::import::document::Tracking;
use crate::improvements::import::entries::ids_in;
use crate::improvements::import::figures::whole_numbers;
use crate::improvements::import::outline::{Kind, pattern};
use crate::improvements::import::surroundings::date_of;

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = ids(tracking);
    found.extend(mentions(tracking));
    found.extend(agents(tracking));
    found.extend(agents_beside_members(tracking));
    found.extend(date(tracking));
    found.extend(modules(tracking));
    found
}

/// Ids in no phase, in two, twice in the table.
fn ids(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, _) in &tracking.repeated {
        let first = tracking.entry(&id.text).map(|entry| tracking.repaired.place(entry.id.at).line);
        let counted = format!("line {} has this id already", first.unwrap_or_default());
        found.push(Finding::new(DuplicateId, id.at, &id.text, counted, "give each entry an id of its own"));
    }
    let mut home: BTreeMap<&str, u32> = BTreeMap::new();
    for phase in &tracking.phases {
        for member in &phase.members {
            if let Some(first) = home.insert(&member.id.text, phase.number) {
                let counted = format!("phase {first} and phase {} list it", phase.number);
                found.push(Finding::new(IdInTwoPhases, member.id.at, &member.id.text, counted, "list it in one phase"));
            }
        }
    }
    if !home.is_empty() {
        for entry in tracking.entries.iter().filter(|entry| !home.contains_key(entry.id.text.as_str())) {
            let said = format!("{}: {}", entry.id.text, entry.title.text);
            found.push(Finding::new(IdInNoPhase, entry.id.at, said, "no phase lists it", "add it to a phase"));
        }
    }
    found
}

/// Ids that are named and do not exist, told once each. Letters that no entry has are something else's.
fn mentions(tracking: &Tracking<'_>) -> Vec<Finding> {
    let letters = |id: &str| id.trim_end_matches(|char: char| char.is_ascii_digit()).to_owned();
    let own: BTreeSet<String> =
        tracking.entries.iter().filter(|entry| !entry.numbered_here).map(|entry| letters(&entry.id.text)).collect();
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for line in tracking.outline.lines.iter().filter(|line| matches!(line.kind, Kind::Text | Kind::Item(_))) {
        for id in ids_in(&line.text.text) {
            if own.contains(&letters(&id)) && tracking.entry(&id).is_none() && told.insert(id.clone()) {
                let counted = format!("nothing in the document is {id}");
                found.push(Finding::new(
                    UnknownId,
                    line.text.at,
                    &line.text.text,
                    counted,
                    "correct the id, or add its entry",
                ));
            }
        }
    }
    found
}

/// Agents that the roster does not have, told once each.
fn agents(tracking: &Tracking<'_>) -> Vec<Finding> {
    static AGENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bAgents? (\d[\d, ]*)"));
    if tracking.agents.is_empty() {
        return Vec::new();
    }
    let of_entries = tracking.entries.iter().flat_map(|entry| &entry.agents);
    let of_risks = tracking.risks.iter().flat_map(|risk| &risk.owners);
    let mut named: Vec<(u32, usize)> = of_entries.chain(of_risks).copied().collect();
    for line in tracking.outline.lines.iter().filter(|line| matches!(line.kind, Kind::Text | Kind::Item(_))) {
        for numbers in AGENT.captures_iter(&line.text.text) {
            let numbers = whole_numbers(&numbers[1].replace(',', " "));
            named.extend(
                numbers
                    .into_iter()
                    .filter_map(|number| u32::try_from(number).ok())
                    .map(|number| (number, line.text.at)),
            );
        }
    }
    named.sort_by_key(|(number, at)| (*at, *number));
    let mut told = BTreeSet::new();
    named
        .into_iter()
        .filter(|(number, _)| !tracking.agents.iter().any(|agent| agent.number == *number) && told.insert(*number))
        .map(|(number, at)| {
            let counted = "the roster has no row for it";
            Finding::new(
                AgentWithoutRow,
                at,
                format!("Agent {number}"),
                counted,
                "add a row to the roster, or name another agent",
            )
        })
        .collect()
}

/// A phase's list that names other agents than the table.
fn agents_beside_members(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in tracking.phases.iter().flat_map(|phase| &phase.members) {
        let (Some((listed, at)), Some(entry)) = (&member.agents, tracking.entry(&member.id.text)) else { continue };
        let listed: BTreeSet<u32> = listed.iter().copied().collect();
        let own: BTreeSet<u32> = entry.agents.iter().map(|(number, _)| *number).collect();
        if !own.is_empty() && listed != own {
            let words = |numbers: &BTreeSet<u32>| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let said = format!("{} is given to agent {}", member.id.text, words(&listed));
            let counted = format!("the table gives it to agent {}", words(&own));
            found.push(Finding::new(AgentsOtherwise, *at, said, counted, "name the same agents in both places"));
        }
    }
    found
}

fn date(tracking: &Tracking<'_>) -> Vec<Finding> {
    static BLANK: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{4}-(?:[Xx?]{2}|\d{2}-[Xx?]{2})"));
    let Some(date) = &tracking.head.date else { return Vec::new() };
    if date_of(&date.text).is_some() && !BLANK.is_match(&date.text) {
        return Vec::new();
    }
    vec![Finding::new(NotADate, date.at, &date.text, "this names no day", "write the day: 2025-12-22")]
}

/// `use kalamdb_core::sql::schema_cache::…` where the listed files of that crate hold no `sql/schema_cache.rs`.
fn modules(tracking: &Tracking<'_>) -> Vec<Finding> {
    static USE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*use ([a-z_\d]+)((?:::[a-z_\d]+)+)::"));
    static FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"`/?((?:[^`/\s]+/)*([^`/\s]+)/src/([^`\s]+)\.rs)`"));
    let lines = || tracking.outline.lines.iter();
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines().filter(|line| matches!(line.kind, Kind::Text | Kind::Item(_))) {
        for found in FILE.captures_iter(&line.raw.text) {
            let module = found[3].trim_end_matches("/mod").to_owned();
            files.entry(found[2].replace('-', "_")).or_default().insert(module);
        }
    }
    let mut found = Vec::new();
    for code in lines().filter(|line| matches!(line.kind, Kind::Code(_))) {
        for used in USE.captures_iter(&code.raw.text) {
            let module = used[2].trim_start_matches("::").replace("::", "/");
            let Some(known) = files.get(&used[1]).filter(|known| !known.contains(&module)) else { continue };
            let at = code.raw.at + used.get(1).map_or(0, |name| name.start());
            let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
            let beside: Vec<&str> = known.iter().filter(|file| file.starts_with(folder)).map(String::as_str).collect();
            let counted =
                format!("no file of {} listed is src/{module}.rs; there is {}.rs", &used[1], beside.join(".rs, "));
            let said = format!("use {}{}", &used[1], &used[2]);
            found.push(Finding::new(ModuleWithoutFile, at, said, counted, "name the module as its file is called"));
        }
    }
    found
}
