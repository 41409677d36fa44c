//! Stated totals against what can be counted.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{CountedOtherwise, MissingNumber};
use super::finding::Finding;
use crate::improvements::import::document::{Tracking, bare};
use crate::improvements::import::figures::{count_in_words, number, whole_numbers};
use crate::improvements::import::markdown::Said;
use crate::improvements::import::outline::{Kind, Line, pattern};
use crate::improvements::plan::ParityState;

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = totals_of_entries(tracking);
    found.extend(counts_in_headings(tracking));
    found.extend(counts_in_words(tracking));
    found.extend(tests_listed(tracking));
    found.extend(sums(tracking));
    found.extend(sums_in_code(tracking));
    found.extend(parity(tracking));
    found.extend(series(tracking));
    found
}

/// `**Total Improvements**: 32 identified`, beside the table.
fn totals_of_entries(tracking: &Tracking<'_>) -> Vec<Finding> {
    let total = |line: &&Line| line.key.as_ref().is_some_and(|key| key.text.to_lowercase().starts_with("total"));
    let told = |line: &Line| {
        let listed = tracking.entries.iter().filter(|entry| entry.section == line.section && !entry.numbered_here);
        let counted = listed.count() + tracking.repeated.len();
        let stated = number(&line.value.text)?;
        (counted > 0 && stated != counted as f64).then(|| {
            let remedy = "take the total from the table, or complete the table";
            Finding::new(CountedOtherwise, line.value.at, &line.text.text, format!("the table lists {counted}"), remedy)
        })
    };
    tracking.outline.lines.iter().filter(total).filter_map(told).collect()
}

/// `### Modified Files (6)`, `**Benchmark Tests** (7 tests)`: against the list below. A count of something else than the
/// list's items is told by its neighbours: where none of those is right, the number counts other things.
fn counts_in_headings<'a>(tracking: &'a Tracking<'_>) -> Vec<Finding> {
    static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\((\d{1,6})(?:\s+(\p{L}+))?\)\s*:?\s*$"));
    struct Stated<'a> {
        said: &'a Said,
        stated: usize,
        counted: usize,
        sure: bool,
        /// Counts of the same parent with the same unit speak for one another.
        family: (Option<usize>, String),
    }
    let read = |said: &'a Said, counted: usize, family: Option<usize>| -> Option<Stated<'a>> {
        let found = COUNT.captures(&said.text)?;
        let stated = found[1].parse().ok()?;
        let unit = found.get(2).map_or(String::new(), |unit| unit.as_str().to_lowercase());
        let sure = unit.is_empty() || unit == "total";
        (counted > 0).then_some(Stated { said, stated, counted, sure, family: (family, unit) })
    };
    let outline = &tracking.outline;
    let mut all = Vec::new();
    for (at, section) in outline.sections.iter().enumerate() {
        let items = outline.lines_of(at).filter(|(_, line)| is_item(line) && line.depth == 1).count();
        let rows = outline.lines_of(at).filter_map(|(_, line)| match line.kind {
            Kind::Table(table) => Some(outline.tables[table].rows.len()),
            Kind::Text | Kind::Item(_) | Kind::Code(_) => None,
        });
        let rows: Vec<usize> = rows.collect();
        let counted = match (items, rows.as_slice()) {
            (0, [rows]) => *rows,
            (items, []) => items,
            (_, _) => 0,
        };
        all.extend(read(&section.title, counted, section.parent));
    }
    for (at, line) in outline.lines.iter().enumerate().filter(|(_, line)| is_item(line)) {
        let parts = outline.lines.iter().filter(|part| part.parent == Some(at) && is_item(part)).count();
        all.extend(read(&line.text, parts, Some(line.section)));
    }
    let is_right = |one: &Stated<'_>| one.stated == one.counted;
    let vouched = |one: &Stated<'_>| one.sure || all.iter().any(|other| other.family == one.family && is_right(other));
    all.iter()
        .filter(|one| !is_right(one) && vouched(one))
        .map(|one| {
            let remedy = "take the count from the list, or complete the list";
            Finding::new(CountedOtherwise, one.said.at, &one.said.text, format!("{} are listed", one.counted), remedy)
        })
        .collect()
}

/// `Five cache invalidation methods:` against the list below.
fn counts_in_words(tracking: &Tracking<'_>) -> Vec<Finding> {
    let lines = &tracking.outline.lines;
    let told = |(at, line): (usize, &Line)| {
        let first = line.text.text.split_whitespace().next().filter(|word| word.chars().all(char::is_alphabetic))?;
        let stated = count_in_words(first).filter(|_| line.is_lead())?;
        let parts = lines.iter().filter(|part| (part.parent == Some(at) || part.lead == Some(at)) && is_item(part));
        let depth = parts.clone().map(|part| part.depth).min()?;
        let counted = parts.filter(|part| part.depth == depth).count();
        (stated != counted).then(|| {
            let remedy = "take the count from the list, or complete the list";
            Finding::new(CountedOtherwise, line.text.at, &line.text.text, format!("{counted} are listed"), remedy)
        })
    };
    lines.iter().enumerate().filter_map(told).collect()
}

/// `**Tests**: 9 passing` against the list of what they cover. Where several numbers are stated, the list may be any.
fn tests_listed(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let told = |line: &Line| {
        let stated = whole_numbers(&line.value.text);
        let listed = outline.lines_of(line.section).filter(|(_, item)| {
            let numbered = matches!(item.kind, Kind::Item(Some(_)));
            numbered && item.depth == 1 && outline.heading_of(item).to_lowercase().contains("test coverage")
        });
        let counted = listed.count();
        (counted > 0 && !stated.is_empty() && !stated.contains(&counted)).then(|| {
            let remedy = "name the missing tests, or correct the number";
            Finding::new(CountedOtherwise, line.value.at, &line.text.text, format!("{counted} are listed"), remedy)
        })
    };
    outline.lines.iter().filter(|line| line.has_key(&["Tests"])).filter_map(told).collect()
}

/// `**Total Tests**: 76 passing` against the sum of the items below it.
fn sums(tracking: &Tracking<'_>) -> Vec<Finding> {
    let lines = &tracking.outline.lines;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_total = line.key.as_ref().is_some_and(|key| key.text.to_lowercase().starts_with("total"));
        let Some(stated) = number(&line.value.text).filter(|_| is_total && line.kind == Kind::Text) else { continue };
        let below = lines[at + 1..].iter().take_while(|part| is_item(part) && part.section == line.section);
        let parts: Option<Vec<f64>> =
            below.map(|part| part.key.as_ref().and_then(|_| number(&part.value.text))).collect();
        let Some(parts) = parts.filter(|parts| parts.len() > 1) else { continue };
        let sum: f64 = parts.iter().sum();
        if sum != stated {
            let remedy = "correct the total, or the parts";
            found.push(Finding::new(
                CountedOtherwise,
                line.value.at,
                &line.text.text,
                format!("the parts make {sum}"),
                remedy,
            ));
        }
    }
    found
}

/// `- Phase 11 (ALTER TABLE): 40 tests` against `12 passed`, `9 passed` … below `# Phase 11` in the section's code.
fn sums_in_code(tracking: &Tracking<'_>) -> Vec<Finding> {
    static PASSED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d+) passed|\(\+ ?(\d+)"));
    let outline = &tracking.outline;
    let mut found = Vec::new();
    for code in outline.lines.iter().filter(|line| matches!(line.kind, Kind::Code(_))) {
        for paragraph in code.text.text.split("\n\n") {
            let label = paragraph.lines().find(|line| line.starts_with("# ")).unwrap_or_default();
            let counts = PASSED.captures_iter(paragraph).filter_map(|found| found.get(1).or(found.get(2)));
            let counted: usize = counts.filter_map(|count| count.as_str().parse::<usize>().ok()).sum();
            let speaks_of = |line: &Line| {
                let subject = line.key.as_ref().map(|key| key.text.split('(').next().unwrap_or_default().trim());
                subject.is_some_and(|subject| subject.len() > 2 && label.contains(subject))
            };
            for (_, line) in outline.lines_of(code.section).filter(|(_, line)| is_item(line) && speaks_of(line)) {
                if counted > 0 && number(&line.value.text).is_some_and(|stated| stated != counted as f64) {
                    let shown =
                        format!("{counted} passed in the runs shown below `{}`", label.trim_start_matches("# "));
                    let remedy = "correct the number, or the runs";
                    found.push(Finding::new(CountedOtherwise, line.value.at, &line.text.text, shown, remedy));
                }
            }
        }
    }
    found
}

/// `48/70 (68.6%)` against the boxes, and wherever its percentage is said again.
fn parity(tracking: &Tracking<'_>) -> Vec<Finding> {
    static RATIO: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d+)\s*/\s*(\d+)(?:\s*\((\d+(?:\.\d+)?)\s?%)?"));
    let Some(list) = &tracking.parity else { return Vec::new() };
    let features = || list.groups.iter().flat_map(|(_, features)| features);
    let ticked = features().filter(|feature| feature.state == ParityState::Ticked).count();
    let all = features().count();
    let ratio = |said: &Said| {
        let found = RATIO.captures(&said.text)?;
        Some((
            found[1].parse::<usize>().ok()?,
            found[2].parse::<usize>().ok()?,
            found.get(3).map(|share| share.as_str().to_owned()),
        ))
    };
    let mut found = Vec::new();
    let remedy = "count the boxes: a score is derived, not stated";
    if let Some((said, (stated, of, share))) = list.score.as_ref().and_then(|said| Some((said, ratio(said)?)))
        && (stated, of) != (ticked, all)
    {
        found.push(Finding::new(
            CountedOtherwise,
            said.at,
            &said.text,
            format!("{ticked} of {all} boxes are ticked"),
            remedy,
        ));
        let share = share.map(|share| format!("{share}%")).unwrap_or_default();
        let again =
            |line: &&Line| !share.is_empty() && line.text.text.contains(&share) && line.text.text.contains("arity");
        for line in tracking.outline.lines.iter().filter(again).filter(|line| line.value.at != said.at) {
            let counted = format!("{ticked} of {all} boxes are {:.1} %", 100.0 * ticked as f64 / all as f64);
            found.push(Finding::new(CountedOtherwise, line.text.at, &line.text.text, counted, remedy));
        }
    }
    if let Some((said, (_, of, _))) = list.target.as_ref().and_then(|said| Some((said, ratio(said)?)))
        && of != all
    {
        found.push(Finding::new(
            CountedOtherwise,
            said.at,
            &said.text,
            format!("the list has {all} boxes, not {of}"),
            remedy,
        ));
    }
    found
}

/// Headings `Stage 1` … `Stage 4`, `Stage 6`: the gap, and who says that all are there.
fn series(tracking: &Tracking<'_>) -> Vec<Finding> {
    static NUMBERED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\W*(\p{L}+)\s+(\d{1,3})\b"));
    let outline = &tracking.outline;
    let mut series: BTreeMap<(Option<usize>, String), BTreeMap<usize, &Said>> = BTreeMap::new();
    for section in &outline.sections {
        let Some(found) = NUMBERED.captures(&section.title.text) else { continue };
        let Ok(number) = found[2].parse() else { continue };
        series.entry((section.parent, found[1].to_lowercase())).or_default().entry(number).or_insert(&section.title);
    }
    let mut found = Vec::new();
    for ((_, noun), numbers) in series.iter().filter(|(_, numbers)| numbers.len() > 2) {
        let (Some((first, _)), Some((last, _))) = (numbers.first_key_value(), numbers.last_key_value()) else {
            continue;
        };
        for missing in (*first..*last).filter(|number| !numbers.contains_key(number)) {
            let Some((_, after)) = numbers.range(missing..).next() else { continue };
            let all = pattern(&format!(r"(?i)\ball\s+(\d+)\b.*\b{}", regex::escape(noun)));
            let claims = outline.lines.iter().filter_map(|line| {
                let stated: usize = all.captures(&line.text.text)?[1].parse().ok()?;
                (stated >= missing).then_some(line)
            });
            let claims: Vec<&Line> = claims.collect();
            let counted = format!("{noun} {missing} is missing before `{}`", bare(&after.text));
            let remedy = "add what belongs there, or say that it was left out";
            match claims.first() {
                Some(line) => {
                    found.push(Finding::new(MissingNumber, line.text.at, bare(&line.text.text), counted, remedy))
                }
                None => found.push(Finding::new(MissingNumber, after.at, &after.text, counted, remedy)),
            }
        }
    }
    found
}

fn is_item(line: &Line) -> bool {
    matches!(line.kind, Kind::Item(_))
}
