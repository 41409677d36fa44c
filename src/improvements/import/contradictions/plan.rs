//! The plan against itself: weeks, priorities, targets, and criteria that are stated twice.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::ContradictionKind::{EmptyRest, PriorityAgainstPlan, PromiseShortOfTarget, TwoDates, TwoFigures};
use super::finding::Finding;
use crate::improvements::Direction;
use crate::improvements::Priority;
use crate::improvements::import::document::{Phase, Tracking, announced};
use crate::improvements::import::figures::{claim, number, subjects, with_units};
use crate::improvements::import::outline::{Kind, Line, pattern};

pub(super) fn check(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = weeks(tracking);
    found.extend(rest(tracking));
    found.extend(priorities(tracking));
    found.extend(targets(tracking));
    found.extend(figures(tracking));
    found
}

/// Work of a phase under a week that is not one of the phase's.
fn weeks(tracking: &Tracking<'_>) -> Vec<Finding> {
    let subject = |phase: &Phase| -> BTreeSet<String> {
        let common = ["test", "phas", "implementation", "work", "assessment"];
        subjects(&phase.name).into_iter().filter(|word| !common.contains(&word.as_str())).collect()
    };
    let mut found = Vec::new();
    let mut week: Option<(usize, u32)> = None;
    for line in tracking.outline.lines.iter() {
        let own = week_of(&line.text.text).filter(|_| line.kind == Kind::Text);
        let of_section = week_of(&tracking.outline.sections[line.section].title.text);
        if let Some(number) = own.or(of_section) {
            week = Some((line.section, number));
        }
        let Some((_, number)) = week.filter(|(section, _)| *section == line.section) else { continue };
        if tracking.phase_around(line.section).is_some() || !matches!(line.kind, Kind::Item(_)) {
            continue;
        }
        for part in line.value.text.split([',', ';', '+']) {
            let words = subjects(part);
            for phase in &tracking.phases {
                let wanted = subject(phase);
                let Some((first, last)) = phase.weeks.filter(|_| wanted.len() > 1 && wanted.is_subset(&words)) else {
                    continue;
                };
                if number < first || number > last {
                    let weeks = if first == last { format!("week {first}") } else { format!("weeks {first}-{last}") };
                    let counted = format!("phase {} ({}) has {weeks}", phase.number, phase.name);
                    let said = format!("week {number}: {}", part.trim());
                    found.push(Finding::new(
                        TwoDates,
                        line.text.at,
                        said,
                        counted,
                        "plan it for the same week in both places",
                    ));
                }
            }
        }
    }
    found
}

fn week_of(text: &str) -> Option<u32> {
    static WEEK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^\W*week\s+(\d{1,3})\b"));
    WEEK.captures(text)?[1].parse().ok()
}

/// `All remaining items`, where the phases list every id.
fn rest(tracking: &Tracking<'_>) -> Vec<Finding> {
    let listed = |id: &str| tracking.phases.iter().any(|phase| phase.members.iter().any(|member| member.id.text == id));
    if !tracking.entries.iter().all(|entry| listed(&entry.id.text)) {
        return Vec::new();
    }
    let also = tracking.phases.iter().flat_map(|phase| &phase.also);
    also.filter(|said| said.text.to_lowercase().contains("remaining"))
        .map(|said| {
            let counted = format!("each of the {} ids is listed by name", tracking.entries.len());
            Finding::new(EmptyRest, said.at, &said.text, counted, "name what is meant, or take the line out")
        })
        .collect()
}

/// Entries of the highest priority that come after others of medium or low priority.
fn priorities(tracking: &Tracking<'_>) -> Vec<Finding> {
    let phase = |id: &str| {
        let listing = tracking.phases.iter().find(|phase| phase.members.iter().any(|member| member.id.text == id));
        listing.map(|phase| phase.number)
    };
    let can_wait = |priority| matches!(priority, Some(Priority::Medium | Priority::Low));
    let waiting = tracking.entries.iter().filter(|entry| can_wait(entry.priority));
    let Some((first, id)) = waiting.filter_map(|entry| Some((phase(&entry.id.text)?, &entry.id.text))).min() else {
        return Vec::new();
    };
    let urgent = tracking.entries.iter().filter(|entry| entry.priority == Some(Priority::Critical));
    urgent
        .filter_map(|entry| {
            let planned = phase(&entry.id.text).filter(|planned| *planned > first)?;
            let said = format!("{} is critical and planned for phase {planned}", entry.id.text);
            let counted = format!("{id}, which is not, comes in phase {first}");
            Some(Finding::new(
                PriorityAgainstPlan,
                entry.id.at,
                said,
                counted,
                "plan it earlier, or lower its priority",
            ))
        })
        .collect()
}

/// Targets that the promises do not reach, all kept in full and compounded, from the stated baseline.
fn targets(tracking: &Tracking<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for metric in &tracking.metrics {
        let Some(baseline) = metric.baseline.as_ref().and_then(|said| number(&said.text)).filter(|from| *from > 0.0)
        else {
            continue;
        };
        let unit = announced(metric.name.text.split([' ', ':', '(']).next().unwrap_or_default()).to_owned();
        let promised = |upto: u32| {
            let planned =
                |id: &str| tracking.phases.iter().find(|phase| phase.members.iter().any(|member| member.id.text == id));
            let entries = tracking
                .entries
                .iter()
                .filter(|entry| planned(&entry.id.text).is_none_or(|phase| phase.number <= upto));
            let claims = entries.filter_map(|entry| Some(claim(&entry.claim.as_ref()?.text, &entry.title.text)));
            let gains: Vec<f64> = claims
                .filter(|claim| claim.metric.eq_ignore_ascii_case(&unit) && claim.better == Direction::Higher)
                .filter_map(|claim| claim.high)
                .collect();
            (gains.len(), gains.iter().map(|gain| 1.0 + gain).product::<f64>())
        };
        let stated = number(&metric.target.text).map(|target| (&metric.target, target, u32::MAX));
        let criteria = tracking.phases.iter().flat_map(|phase| phase.criteria.iter().map(|said| (said, phase.number)));
        let of_phases = criteria.filter(|(said, _)| said.text.split_whitespace().any(|word| word == unit));
        let of_phases = of_phases.filter_map(|(said, phase)| Some((said, number(&said.text)?, phase)));
        for (said, target, upto) in stated.into_iter().chain(of_phases) {
            let (count, product) = promised(upto);
            if count > 0 && baseline * product < target {
                let reached = baseline * product;
                let counted =
                    format!("from {baseline} the {count} claims on {unit}, all kept in full, reach {reached:.0}");
                let remedy = "name what the rest is to come from, or lower the target";
                found.push(Finding::new(PromiseShortOfTarget, said.at, &said.text, counted, remedy));
            }
        }
    }
    found
}

/// Two criteria about the same thing with different figures, outside of the phases, whose targets may grow.
fn figures(tracking: &Tracking<'_>) -> Vec<Finding> {
    let outline = &tracking.outline;
    let judged = |line: &&Line| {
        let heading = outline.heading_of(line).to_lowercase();
        let states = line.is_done() || ["criteria", "criterion"].iter().any(|word| heading.contains(word));
        states && matches!(line.kind, Kind::Item(_)) && tracking.phase_around(line.section).is_none()
    };
    let about = |line: &Line| -> BTreeSet<String> {
        subjects(&line.text.text)
            .into_iter()
            .filter(|word| !word.starts_with(|char: char| char.is_ascii_digit()))
            .collect()
    };
    let lines: Vec<(&Line, BTreeSet<String>)> =
        outline.lines.iter().filter(judged).map(|line| (line, about(line))).collect();
    let mut found = Vec::new();
    for (at, (line, subject)) in lines.iter().enumerate() {
        for (earlier, other) in lines[..at].iter().filter(|(earlier, _)| earlier.section != line.section) {
            let (shared, all) = (subject.intersection(other).count(), subject.union(other).count());
            let (here, there) = (with_units(&line.text.text), with_units(&earlier.text.text));
            let unit = |figures: &BTreeSet<String>| -> BTreeSet<String> {
                figures
                    .iter()
                    .map(|figure| {
                        figure.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.').to_owned()
                    })
                    .collect()
            };
            let comparable = here.len() == 1 && there.len() == 1 && unit(&here) == unit(&there);
            if shared >= 2 && shared * 5 >= all * 3 && comparable && here != there {
                let place = tracking.repaired.place(earlier.raw.at);
                let counted = format!("line {} says `{}`", place.line, earlier.text.text);
                found.push(Finding::new(TwoFigures, line.text.at, &line.text.text, counted, "state it once"));
            }
        }
    }
    found
}
