//! One part of the plan: what the source asks for, beside what the evidence says.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::members;
use super::paint::{field, heading};
use crate::improvements::plan::{Level, ParityState};
use crate::report::document::{CriterionLine, MetricLine, PhaseLine, RiskLine, RiskState};
use crate::report::{Judgement, State};
use crate::tui::facts::PlanFacts;
use crate::tui::model::Model;
use crate::tui::state::Part;
use crate::tui::text;
use crate::tui::theme::Look;

/// The selected part as lines of that width.
pub(super) fn lines(model: &Model, plan: &PlanFacts, width: u16) -> Vec<Line<'static>> {
    match model.shown_part() {
        Some(Part::Phase(place)) => plan.phases.get(place).map_or_else(Vec::new, |phase| of_phase(model, phase, width)),
        Some(Part::Metrics) => metrics(model, plan, width),
        Some(Part::Risks) => plan.risks.iter().flat_map(|risk| of_risk(model, risk, width)).collect(),
        Some(Part::Parity) => parity(model, plan, width),
        Some(Part::Standup) => standup(model, plan, width),
        None => Vec::new(),
    }
}

fn of_phase(model: &Model, phase: &PhaseLine, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = field(look, "goal", &phase.goal, look.theme.text, width);
    lines.extend(field(look, "weeks", &phase.weeks, look.theme.dim, width));
    let (word, style) = if phase.done {
        ("done: every member Complete, every criterion met", look.theme.good)
    } else {
        ("open", look.theme.warn)
    };
    lines.extend(field(look, "state", word, style, width));
    lines.push(Line::default());
    lines.push(heading(look, &format!("Criteria ({})", phase.criteria.len())));
    lines.extend(phase.criteria.iter().flat_map(|criterion| of_criterion(look, criterion, width)));
    lines.push(Line::default());
    lines.push(heading(look, &format!("Improvements ({} of {} complete)", phase.complete, phase.members.len())));
    let members = phase.members.iter().map(|member| (&member.id, member.title.as_str(), member.status));
    lines.extend(members::lines(look, members, width));
    lines.extend(listed(look, "Also, in the source's words", &phase.also, width));
    lines.extend(listed(look, "Hands over", &phase.deliverables, width));
    lines
}

/// `✓ met  TPS ≥ 50 000 …`, and what that rests on.
fn of_criterion(look: &Look, criterion: &CriterionLine, width: u16) -> Vec<Line<'static>> {
    judged(look, &criterion.text, &criterion.judgement, width)
}

/// A state with its word, what was asked, and below it what the evidence says.
fn judged(look: &Look, asked: &str, judgement: &Judgement, width: u16) -> Vec<Line<'static>> {
    let (glyph, style) = state(look, judgement.state);
    let word = format!("{glyph} {}  ", judgement.state.label());
    let indent = 2;
    let first_room = usize::from(width).saturating_sub(text::width(&word));
    let mut lines = Vec::new();
    // In a narrow pane the word has a line of its own.
    if first_room >= 24 {
        let mut parts = text::wrap(asked, first_room).into_iter();
        let head = parts.next().unwrap_or_default();
        lines.push(Line::from(vec![Span::styled(word, style), Span::styled(head, look.theme.text)]));
        let rest = parts.map(|part| {
            Line::styled(format!("{}{part}", " ".repeat(usize::from(width) - first_room)), look.theme.text)
        });
        lines.extend(rest);
    } else {
        lines.push(Line::styled(word, style));
        lines.extend(indented(asked, indent, look.theme.text, width));
    }
    let verdict = judgement.verdict.map(|verdict| format!(" (verdict {verdict})")).unwrap_or_default();
    lines.extend(indented(&format!("{}{verdict}", judgement.detail), indent, look.theme.dim, width));
    lines
}

fn state(look: &Look, state: State) -> (&'static str, Style) {
    match state {
        State::Met => (look.glyphs.done, look.theme.good),
        State::NotMet => (look.glyphs.failed, look.theme.bad),
        State::NotMeasured => ("?", look.theme.warn),
        State::NotMeasurable => (look.glyphs.none, look.theme.dim),
    }
}

fn metrics(model: &Model, plan: &PlanFacts, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let mut lines = Vec::new();
    for group in &plan.metrics {
        lines.push(heading(look, &group.name));
        lines.extend(group.metrics.iter().flat_map(|metric| of_metric(look, metric, width)));
        lines.push(Line::default());
    }
    lines
}

fn of_metric(look: &Look, metric: &MetricLine, width: u16) -> Vec<Line<'static>> {
    let baseline = metric.baseline.as_ref().map(|said| format!(", said to stand at {said}")).unwrap_or_default();
    let stretch = metric.stretch.as_ref().map(|stretch| format!(", splendid at {stretch}")).unwrap_or_default();
    judged(look, &format!("{}: {}{stretch}{baseline}", metric.name, metric.target), &metric.judgement, width)
}

fn of_risk(model: &Model, line: &RiskLine, width: u16) -> Vec<Line<'static>> {
    let (look, risk) = (&model.look, &line.risk);
    let owners = if risk.owners.is_empty() {
        "all agents".to_owned()
    } else {
        risk.owners.iter().map(|number| format!("Agent {number}")).collect::<Vec<_>>().join(", ")
    };
    let (impact, style) = level(look, risk.impact);
    let (probability, likely) = level(look, risk.probability);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{:<4}", risk.id), look.theme.text.add_modifier(Modifier::BOLD)),
        Span::styled(format!("impact {impact}"), style),
        Span::styled(format!(" {} ", look.glyphs.dot), look.theme.faint),
        Span::styled(format!("probability {probability}"), likely),
        Span::styled(format!(" {} ", look.glyphs.dot), look.theme.faint),
        Span::styled(line.state.label(), standing(look, line.state)),
    ])];
    if line.at.is_some() {
        lines.extend(indented(&line.reason, 4, standing(look, line.state), width));
    }
    lines.extend(indented(&risk.description, 4, look.theme.text, width));
    lines.extend(indented(&format!("against it: {}", risk.mitigation), 4, look.theme.dim, width));
    lines.extend(indented(&format!("watched by {owners}"), 4, look.theme.dim, width));
    lines.push(Line::default());
    lines
}

fn standing(look: &Look, state: RiskState) -> Style {
    match state {
        RiskState::Raised => look.theme.bad,
        RiskState::Past => look.theme.warn,
        RiskState::Quiet => look.theme.good,
        RiskState::NotWatched => look.theme.faint,
    }
}

fn level(look: &Look, level: Level) -> (&'static str, Style) {
    match level {
        Level::Low => ("low", look.theme.dim),
        Level::Medium => ("medium", look.theme.text),
        Level::High => ("high", look.theme.warn),
        Level::Critical => ("critical", look.theme.bad),
    }
}

fn parity(model: &Model, plan: &PlanFacts, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let parity = &plan.parity;
    let said = format!(
        "{} of {} boxes are ticked. They are the source's, which says of itself: {}. The workbench has measured none of them.",
        parity.ticked, parity.items, parity.claim
    );
    let mut lines: Vec<Line<'static>> =
        text::wrap(&said, width.into()).into_iter().map(|part| Line::styled(part, look.theme.dim)).collect();
    for group in &parity.groups {
        let ticked = group.items.iter().filter(|item| item.state == ParityState::Ticked).count();
        lines.push(Line::default());
        lines.push(heading(look, &format!("{} ({ticked}/{})", group.name, group.items.len())));
        for item in &group.items {
            let (mark, word, style) = match item.state {
                ParityState::Ticked => ("[x]", "", look.theme.text),
                ParityState::Partial => ("[~]", " – partial", look.theme.warn),
                ParityState::Gap => ("[ ]", " – gap", look.theme.dim),
            };
            let note = item.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            let lead = Span::styled(format!("{mark} "), style);
            let words = format!("{}{word}{note}", item.feature);
            let mut parts = text::wrap(&words, usize::from(width).saturating_sub(4)).into_iter();
            lines.push(Line::from(vec![lead, Span::styled(parts.next().unwrap_or_default(), style)]));
            lines.extend(parts.map(|part| Line::styled(format!("    {part}"), style)));
        }
    }
    lines
}

fn standup(model: &Model, plan: &PlanFacts, width: u16) -> Vec<Line<'static>> {
    let look = &model.look;
    let standup = &plan.standup;
    let since = match model.plan.since {
        Some(line) => format!("since line {line} of the log"),
        None => format!("of the last {} hours, as the protocol says", plan.standup_hours),
    };
    let head = format!("Lines {} to {}, {since}. s begins anew here.", standup.after + 1, standup.until);
    let mut lines: Vec<Line<'static>> =
        text::wrap(&head, width.into()).into_iter().map(|part| Line::styled(part, look.theme.dim)).collect();
    if standup.is_empty() {
        lines.push(Line::styled("Nothing was recorded.", look.theme.text));
    }
    for line in &standup.subjects {
        lines.push(Line::default());
        let owners = model.facts.rows.iter().find(|row| row.entry.id.0 == line.subject);
        let owners = owners.map(|row| format!("  {}, agent {}", row.entry.title, row.agents())).unwrap_or_default();
        let room = usize::from(width).saturating_sub(text::width(&line.subject));
        lines.push(Line::from(vec![
            Span::styled(line.subject.clone(), look.theme.text.add_modifier(Modifier::BOLD)),
            Span::styled(text::fit(&owners, room, look.glyphs.ellipsis).into_owned(), look.theme.dim),
        ]));
        for said in &line.said {
            let age = text::age(said.at, model.now);
            let lead = format!("  {age:>6} ago  ");
            let room = usize::from(width).saturating_sub(text::width(&lead));
            for (place, part) in text::wrap(&said.text, room.max(16)).into_iter().enumerate() {
                let lead = if place == 0 { lead.clone() } else { " ".repeat(text::width(&lead)) };
                lines.push(Line::from(vec![Span::styled(lead, look.theme.dim), Span::styled(part, look.theme.text)]));
            }
        }
        if line.pairs > 0 {
            let pairs = if line.pairs == 1 { "1 pair".to_owned() } else { format!("{} pairs", line.pairs) };
            lines.push(Line::styled(format!("  {pairs} measured"), look.theme.text));
        }
    }
    lines
}

fn listed(look: &Look, title: &str, items: &[String], width: u16) -> Vec<Line<'static>> {
    if items.is_empty() {
        return Vec::new();
    }
    let items = items.iter().flat_map(|item| {
        let mut parts = text::wrap(item, usize::from(width).saturating_sub(2)).into_iter();
        let first = format!("{} {}", look.glyphs.dot, parts.next().unwrap_or_default());
        std::iter::once(first)
            .chain(parts.map(|part| format!("  {part}")))
            .map(|part| Line::styled(part, look.theme.text))
    });
    [Line::default(), heading(look, title)].into_iter().chain(items).collect()
}

fn indented(words: &str, by: usize, style: Style, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(by);
    text::wrap(words, room).into_iter().map(|part| Line::styled(format!("{}{part}", " ".repeat(by)), style)).collect()
}
