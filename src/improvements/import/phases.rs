//! The stretches of the plan: headings such as `Phase 1: Critical Path (Weeks 1-2)`, and what stands below them.

use std::sync::LazyLock;

use regex::Regex;

use super::document::{Member, Phase, Tracking};
use super::entries::leading_id;
use super::figures::whole_numbers;
use super::markdown::Said;
use super::outline::{Kind, pattern};

/// Finds the phases, in the order of their numbers. A second heading with the same number is no phase.
pub(super) fn find(tracking: &mut Tracking<'_>) {
    static PHASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^\W*phase\s+(\d{1,4})\b\s*[:\-–—.]?\s*(.*)$"));
    static WEEKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\(weeks?\s+(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?\)"));
    static STATE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)\s+[-–—:]\s+(?:complete\w*|completion\b.*|done|finished|in progress|planned)\s*$")
    });
    for section in 1..tracking.outline.sections.len() {
        let heading = tracking.outline.sections[section].title.clone();
        let Some(found) = PHASE.captures(&heading.text) else { continue };
        let Some(number) = found[1].parse().ok().filter(|number| *number > 0) else { continue };
        if tracking.phases.iter().any(|phase| phase.number == number) {
            continue;
        }
        let weeks = WEEKS.captures(&found[2]).and_then(|weeks| {
            let first = weeks[1].parse().ok()?;
            let last = weeks.get(2).map_or(Some(first), |last| last.as_str().parse().ok())?;
            Some((first, last))
        });
        let name = WEEKS.replace(&found[2], "");
        let name = STATE.replace(name.trim(), "").trim().to_owned();
        let name = if name.is_empty() { format!("Phase {number}") } else { name };
        tracking.phases.push(Phase {
            number,
            heading,
            name,
            weeks,
            goal: None,
            members: Vec::new(),
            also: Vec::new(),
            criteria: Vec::new(),
            deliverables: Vec::new(),
            section,
        });
    }
    tracking.phases.sort_by_key(|phase| phase.number);
}

/// Reads what stands below each phase's heading.
pub(super) fn fill(tracking: &mut Tracking<'_>) {
    let sections: Vec<usize> = tracking.phases.iter().map(|phase| phase.section).collect();
    for (index, section) in sections.into_iter().enumerate() {
        let lines: Vec<usize> = tracking.outline.lines_within(section).map(|(at, _)| at).collect();
        for at in lines {
            if !tracking.is_used(at) && is_innermost(tracking, at, section) && fill_line(tracking, index, at) {
                tracking.use_line(at);
            }
        }
    }
}

/// Whether no other phase lies between a line and the phase.
fn is_innermost(tracking: &Tracking<'_>, line: usize, section: usize) -> bool {
    tracking.phase_around(tracking.outline.lines[line].section).is_some_and(|phase| phase.section == section)
}

/// Reads one line; whether it was understood.
fn fill_line(tracking: &mut Tracking<'_>, index: usize, at: usize) -> bool {
    let line = &tracking.outline.lines[at];
    let heading = tracking.outline.heading_of(line).to_lowercase();
    let is_item = matches!(line.kind, Kind::Item(_)) && line.depth == 1 && !line.text.text.is_empty();
    // Several phases share a document: what is listed under one of them is its own. A report on one phase has lists of
    // other kinds, which stay as they are.
    let text = line.text.clone();
    if line.has_key(&["goal"]) && tracking.phases[index].goal.is_none() && !line.value.text.is_empty() {
        let goal = line.value.clone();
        tracking.phases[index].goal = Some(goal);
        return true;
    }
    if !is_item {
        return line.is_lead() && is_plan_word(&line.text.text);
    }
    // `T206 (SchemaCache): 9 tests` speaks of an entry; a list of members names them.
    if let Some((id, rest)) = leading_id(&text).filter(|(_, rest)| !rest.text.starts_with('(')) {
        if tracking.entry(&id.text).is_some_and(|entry| entry.id.at == id.at) {
            return false;
        }
        let agents = agents_beside(&rest);
        tracking.phases[index].members.push(Member { id, line: text, agents });
        return true;
    }
    let siblings =
        || tracking.outline.lines.iter().filter(|other| other.lead == line.lead && other.section == line.section);
    let beside_ids = line.lead.is_some() && siblings().any(|other| leading_id(&other.text).is_some());
    let phase = &mut tracking.phases[index];
    if beside_ids {
        phase.also.push(text);
    } else if heading.contains("criteria") {
        phase.criteria.push(line.raw.clone());
    } else if heading.contains("deliverable") {
        phase.deliverables.push(line.raw.clone());
    } else {
        return false;
    }
    true
}

fn is_plan_word(lead: &str) -> bool {
    let lead = lead.to_lowercase();
    ["priority improvements", "success criteria", "deliverables"].iter().any(|word| lead.contains(word))
}

/// The agents of `(Agent 1, 6)`.
fn agents_beside(rest: &Said) -> Option<(Vec<u32>, usize)> {
    static AGENTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\(Agents? ([\d, ]+)\)"));
    let found = AGENTS.captures(&rest.text)?.get(1)?;
    let numbers =
        whole_numbers(&found.as_str().replace(',', " ")).into_iter().filter_map(|number| u32::try_from(number).ok());
    Some((numbers.collect(), rest.at + found.start()))
}
