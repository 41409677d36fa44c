//! Ticks, open work, and what the document says of its own state.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{CompleteWithRest, DoneAndOpen, MeasuredLater, TickedUnfinished};
use super::finding::Finding;
use crate::improvements::import::document::{Tracking, announced, bare, says_finished};
use crate::improvements::import::entries::ids_in;
use crate::improvements::import::figures::{factor, subjects};
use crate::improvements::import::outline::{Kind, Line, Mark, pattern};

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = ticked_unfinished(tracking);
    found.extend(done_and_open(tracking));
    found.extend(rest_of_phase(tracking));
    found.extend(finished_and_to_do(tracking));
    found
}

/// Deliverables, criteria and metrics that are ticked while the status says that the work goes on: one finding a list.
fn ticked_unfinished(tracking: &Tracking<'_>) -> Vec<Finding> {
    let Some(status) = tracking.unfinished() else { return Vec::new() };
    let outline = &tracking.outline;
    let mut lists: BTreeMap<(usize, Option<usize>), Vec<&Line>> = BTreeMap::new();
    for line in outline.lines.iter().filter(|line| matches!(line.kind, Kind::Item(_)) && line.mark.is_some()) {
        // Ticks of a parity list say what exists, not what this work has done.
        if tracking.parity.as_ref().is_some_and(|list| outline.is_within(line.section, list.section)) {
            continue;
        }
        let around = format!("{} {}", outline.path(line.section), outline.heading_of(line)).to_lowercase();
        if ["deliverable", "criteria", "success"].iter().any(|word| around.contains(word)) {
            lists.entry((line.section, line.lead)).or_default().push(line);
        }
    }
    let told = |((section, lead), lines): (&(usize, Option<usize>), &Vec<&Line>)| {
        let first = lines.iter().find(|line| line.is_done())?;
        let done = lines.iter().filter(|line| line.is_done()).count();
        let lead = lead.map(|lead| announced(&outline.lines[lead].text.text));
        let name = lead.map_or_else(|| outline.path(*section), |lead| format!("{} › {lead}", outline.path(*section)));
        let (said, counted) =
            (format!("{done} of {} are ticked: {name}", lines.len()), format!("the status is `{}`", status.text));
        Some(Finding::new(TickedUnfinished, first.raw.at, said, counted, "tick what is done and leave the rest open"))
    };
    lists.iter().filter_map(told).collect()
}

/// The same thing ticked here and open there.
fn done_and_open(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let is_open = |line: &&Line| {
        let is_missing =
            matches!(line.kind, Kind::Item(_)) && outline.heading_of(line).to_lowercase().contains("missing");
        line.mark == Some(Mark::Open) || (is_missing && !line.is_done()) || line.has_key(&["Next Action"])
    };
    let done: Vec<&Line> = outline.lines.iter().filter(|line| line.mark == Some(Mark::Done)).collect();
    let told = |open: &Line| {
        // What stands in brackets are examples.
        let wanted = subjects(open.value.text.split('(').next().unwrap_or_default());
        let shared = |line: &&&Line| subjects(&line.text.text).intersection(&wanted).count();
        let figures = |line: &&&Line| {
            let is_figure = |word: &&String| word.starts_with(|char: char| char.is_ascii_digit());
            subjects(&line.text.text).intersection(&wanted).filter(is_figure).count()
        };
        let near = |line: &&&Line| {
            let shared = shared(line);
            // Most of the open thing's subjects, and most of the ticked one's: else they only touch.
            shared >= 2 && shared * 5 >= wanted.len() * 3 && shared * 2 >= subjects(&line.text.text).len()
        };
        let ticked = done
            .iter()
            .filter(near)
            .max_by_key(|line| (shared(line), figures(line), std::cmp::Reverse(line.text.at)))?;
        let place = tracking.repaired.place(ticked.raw.at);
        let counted = format!("line {} ticks `{}`", place.line, bare(&ticked.text.text));
        Some(Finding::new(
            DoneAndOpen,
            open.text.at,
            bare(&open.text.text),
            counted,
            "untick it, or say that it is done",
        ))
    };
    outline.lines.iter().filter(is_open).filter_map(told).collect()
}

/// `Phase 17 Remaining` in a document whose phase 17 is complete.
fn rest_of_phase(tracking: &Tracking<'_>) -> Vec<Finding> {
    static REMAIN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)\bphase\s+(\d{1,4})\b.*\bremain|\bremain\w*\b.*\bphase\s+(\d{1,4})\b"));
    let outline = &tracking.outline;
    let phase_of = |text: &str| -> Option<u32> {
        let found = REMAIN.captures(text)?;
        found.get(1).or(found.get(2))?.as_str().parse().ok()
    };
    let mut found = Vec::new();
    for (at, section) in outline.sections.iter().enumerate() {
        let line = outline.lines_of(at).map(|(_, line)| &line.text).find(|text| phase_of(&text.text).is_some());
        let Some(said) = Some(&section.title).filter(|title| phase_of(&title.text).is_some()).or(line) else {
            continue;
        };
        let phase = phase_of(&said.text).and_then(|number| tracking.phases.iter().find(|phase| phase.number == number));
        let Some(phase) = phase.filter(|phase| says_finished(&phase.heading.text)) else { continue };
        let rest: Vec<String> = outline.lines_of(at).flat_map(|(_, line)| ids_in(&line.text.text)).collect();
        let rest = if rest.is_empty() { "something".to_owned() } else { rest.join(", ") };
        let counted = format!("{rest} remain, but the phase is called `{}`", phase.heading.text);
        found.push(Finding::new(
            CompleteWithRest,
            said.at,
            &said.text,
            counted,
            "call it complete when nothing remains",
        ));
    }
    found
}

/// What a finished document still has to do: what it says is done already, what its finished entries are still to be
/// used for, and the measurement of what it claims.
fn finished_and_to_do(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let is_to_do = |line: &&Line| {
        let around = format!("{} {}", outline.path(line.section), outline.heading_of(line)).to_lowercase();
        matches!(line.kind, Kind::Item(_))
            && ["next step", "remain", "to do", "todo"].iter().any(|word| around.contains(word))
    };
    let claims_factors = || {
        outline.lines.iter().find(|line| {
            matches!(line.kind, Kind::Text | Kind::Item(_)) && line.key.is_some() && factor(&line.value.text).is_some()
        })
    };
    let mut found = Vec::new();
    for line in outline.lines.iter().filter(is_to_do) {
        let text = line.text.text.to_lowercase();
        if text.contains("already") && !text.contains("partial") {
            let counted = "it stands among what remains";
            found.push(Finding::new(DoneAndOpen, line.text.at, &line.text.text, counted, "take it out of the rest"));
        }
        if tracking.finished().is_none() {
            continue;
        }
        let wanted = subjects(&line.text.text);
        let named = tracking.entries.iter().filter(|entry| entry.done && entry.title.at != line.text.at);
        let still: Vec<&str> = named
            .filter(|entry| {
                let title = subjects(&entry.title.text);
                title.len() >= 2 && title.is_subset(&wanted)
            })
            .map(|entry| entry.id.text.as_str())
            .collect();
        if !still.is_empty() {
            let counted = format!("{} is ticked as complete", still.join(", "));
            let remedy = "leave open what is not in use yet";
            found.push(Finding::new(CompleteWithRest, line.text.at, &line.text.text, counted, remedy));
        }
        let makes = ["create", "build", "write", "set up", "add"].iter().any(|word| text.contains(word));
        if let Some(claim) = claims_factors().filter(|_| makes && text.contains("benchmark")) {
            let place = tracking.repaired.place(claim.text.at);
            let counted = format!("line {} claims `{}` already", place.line, claim.value.text);
            let remedy = "measure first, then state the figure";
            found.push(Finding::new(MeasuredLater, line.text.at, &line.text.text, counted, remedy));
        }
    }
    found
}
