//! Claims that nothing measured stands behind.

use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{BoundForValue, ClaimWithoutEvidence, CompleteWithoutFigure};
use super::finding::Finding;
use crate::improvements::import::document::{Tracking, bare};
use crate::improvements::import::figures::{claim, factor, number, percent, seconds};
use crate::improvements::import::markdown::Said;
use crate::improvements::import::outline::{Kind, Line, pattern};

const REMEDY: &str = "measure it: `workbench apply`, or link what was measured";

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = bounds_in_tables(tracking);
    found.extend(of_entries(tracking));
    found.extend(of_lines(tracking));
    found.extend(of_tests(tracking));
    found.extend(without_a_figure(tracking));
    found
}

/// What each entry promises.
fn of_entries(tracking: &Tracking<'_>) -> Vec<Finding> {
    let promises = tracking
        .entries
        .iter()
        .flat_map(|entry| entry.claim.iter().chain(&entry.further).map(move |said| (entry, said)));
    promises
        .filter(|(entry, said)| !has_evidence(tracking, entry.section, said))
        .map(|(entry, said)| {
            let told = format!("{}: {}", entry.id.text, said.text);
            if said.text.trim_start().starts_with(['<', '>', '≤', '≥']) && tracking.finished().is_some() {
                let remedy = "state what was measured, beside the bound";
                return Finding::new(
                    BoundForValue,
                    said.at,
                    told,
                    "a bound, where the work is said to be done",
                    remedy,
                );
            }
            let counted = if number(&said.text).is_some() {
                "nothing measured stands behind it"
            } else {
                "neither a figure nor a measurement"
            };
            Finding::new(ClaimWithoutEvidence, said.at, told, counted, REMEDY)
        })
        .collect()
}

/// Figures in prose that claim a result: factors anywhere, shares in what is said to be finished or proven. What is
/// planned, and what the document's own code sets, is no claim.
fn of_lines(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let planned =
        ["criteria", "target", "goal", "success", "expected", "risk", "scenario", "definition", "workload", "metric:"];
    let known: Vec<usize> = tracking
        .entries
        .iter()
        .flat_map(|entry| entry.claim.iter().chain(&entry.further))
        .map(|said| said.at)
        .collect();
    let code: String = outline.codes.iter().map(|code| code.text.text.as_str()).collect();
    let score = tracking.parity.as_ref().map(|list| list.section);
    let is_claim = |line: &&Line| {
        let text = line.text.text.to_lowercase();
        let around = format!("{} {}", outline.path(line.section), outline.heading_of(line)).to_lowercase();
        let is_words = matches!(line.kind, Kind::Text | Kind::Item(_)) && !line.is_lead();
        let is_plan = planned.iter().any(|word| around.contains(word))
            || line.has_key(&["Goal", "Target", "Stretch", "Baseline", "Expected"]);
        let states = tracking.finished().is_some() || text.contains("proven") || text.contains(" rate");
        let share = percent(&line.text.text).filter(|_| states && !text.contains("within"));
        let set_in_code = || {
            crate::improvements::import::figures::with_units(&line.text.text)
                .iter()
                .any(|figure| figure.contains('.') && code.contains(figure.trim_end_matches('%')))
        };
        is_words
            && !is_plan
            && !known.contains(&line.value.at)
            && !known.contains(&line.text.at)
            && score.is_none_or(|section| !outline.is_within(line.section, section))
            && (factor(&line.text.text).is_some() || (share.is_some() && !set_in_code()))
    };
    let lines = outline.lines.iter().filter(is_claim).filter(|line| !has_evidence(tracking, line.section, &line.text));
    lines
        .map(|line| {
            Finding::new(
                ClaimWithoutEvidence,
                line.text.at,
                bare(&line.text.text),
                "nothing measured stands behind it",
                REMEDY,
            )
        })
        .collect()
}

/// `19 passing`, without the run that passed them.
fn of_tests(tracking: &Tracking<'_>) -> Vec<Finding> {
    static PASSING: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\d+ (?:tests )?passing\b"));
    if tracking.outline.codes.iter().any(|code| code.text.text.contains(" passed")) {
        return Vec::new();
    }
    let lines = tracking.outline.lines.iter().filter(|line| matches!(line.kind, Kind::Text | Kind::Item(_)));
    lines
        .filter(|line| PASSING.is_match(&line.text.text))
        .map(|line| {
            let remedy = "show the run: the command and what it printed";
            Finding::new(
                ClaimWithoutEvidence,
                line.text.at,
                bare(&line.text.text),
                "no run that passed them is shown",
                remedy,
            )
        })
        .collect()
}

/// A table with values and targets whose value is no value: `<30%` for a target of `<30%`.
fn bounds_in_tables(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in &tracking.outline.tables {
        let column =
            |name: &str| table.headings.iter().position(|heading| bare(&heading.text).eq_ignore_ascii_case(name));
        let (Some(value), Some(target)) = (column("value"), column("target")) else { continue };
        for row in &table.rows {
            let (Some(name), Some(value), Some(target)) =
                (row.cells.first(), row.cells.get(value), row.cells.get(target))
            else {
                continue;
            };
            let is_bound = value.text.starts_with(['<', '>', '≤', '≥']);
            if is_bound || (number(&value.text).is_none() && !value.text.is_empty()) {
                let said = format!("{}: {}", bare(&name.text), value.text);
                let counted = format!(
                    "a {} where a measurement is due; the target is {}",
                    if is_bound { "bound" } else { "word" },
                    target.text
                );
                found.push(Finding::new(
                    BoundForValue,
                    value.at,
                    said,
                    counted,
                    "state what was measured, beside the target",
                ));
            }
        }
    }
    found
}

/// Work on performance that is complete, and no entry of it says by how much.
fn without_a_figure(tracking: &Tracking<'_>) -> Vec<Finding> {
    let Some(said) = tracking.finished() else { return Vec::new() };
    let title = tracking.head.title.as_ref().map(|title| title.text.to_lowercase()).unwrap_or_default();
    let about_speed = ["performance", "optimization", "optimisation"].iter().any(|word| title.contains(word));
    let words = |line: &&Line| matches!(line.kind, Kind::Text | Kind::Item(_));
    let has_figure = |text: &str| factor(text).is_some() || (seconds(text).is_some() && text.contains(['→', '~']));
    let entries = tracking.entries.iter().any(|entry| {
        entry.claim.as_ref().is_some_and(|said| claim(&said.text, "").high.is_some() || has_figure(&said.text))
    });
    let lines = tracking.outline.lines.iter().filter(words).any(|line| has_figure(&line.text.text));
    if !about_speed || entries || lines {
        return Vec::new();
    }
    let counted = "no figure says what became faster, or by how much";
    vec![Finding::new(CompleteWithoutFigure, said.at, &said.text, counted, "state what was measured, before and after")]
}

/// Whether a line beside the claim leads to something measured: a link or a file under a word such as `Evidence`.
fn has_evidence(tracking: &Tracking<'_>, section: usize, said: &Said) -> bool {
    static FILE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\]\([^)]+\)|`[^`]+\.(?:json|csv|txt|svg|html|log|db)`|\b[\da-f]{12,40}\b"));
    let words = ["Evidence", "Measured", "Measurement", "Results", "Benchmark", "Source", "Run"];
    FILE.is_match(&said.text)
        || tracking.outline.lines_of(section).any(|(_, line)| line.has_key(&words) && FILE.is_match(&line.value.text))
}
