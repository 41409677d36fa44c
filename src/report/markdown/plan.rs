//! What people wrote around the improvements: parity, protocol, risks, notes.

use super::text::{Text, agents};
use crate::improvements::plan::{Level, ParityState, Rule, Section};
use crate::report::document::{Document, NotedLine, RiskLine};

pub(super) fn parity(out: &mut Text, document: &Document) {
    let parity = &document.parity;
    out.line("\n---");
    out.section(3, format_args!("{} Feature Parity Checklist", parity.model));
    out.line("The boxes are the source's; the workbench has measured none of them.");
    for group in &parity.groups {
        let ticked = group.items.iter().filter(|item| item.state == ParityState::Ticked).count();
        out.section(4, format_args!("{} ({ticked}/{})", group.name, group.items.len()));
        for item in &group.items {
            let (tick, gap) = match item.state {
                ParityState::Ticked => ("[x]", ""),
                ParityState::Partial => ("[ ]", " - **Partial**"),
                ParityState::Gap => ("[ ]", " - **Gap**"),
            };
            let note = item.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            out.line(format_args!("- {tick} {}{gap}{note}", item.feature));
        }
    }
    let (ticked, items) = (parity.ticked, parity.items);
    let share = ticked as f64 / (items as f64).max(1.0) * 100.0;
    out.line(format_args!("\n**Feature Parity Score**: {ticked}/{items} ({share:.1} %), counted from the boxes above"));
    out.line(format_args!("\n**Claimed by the source**: {}", parity.claim));
    out.line(format_args!("\n**Target**: {}", parity.target));
}

pub(super) fn protocol(out: &mut Text, document: &Document) {
    let protocol = &document.protocol;
    out.section(2, "COLLABORATION PROTOCOL");
    out.line("### Daily Standups\n");
    out.line(format_args!("- **Time**: Every {} hours", protocol.standup_hours));
    out.line("- **Format**:");
    for line in &protocol.standup {
        out.line(format_args!("  - {line}"));
    }
    out.section(3, "Code Review Process");
    for (step, line) in (1..).zip(&protocol.review) {
        out.line(format_args!("{step}. {line}"));
    }
    out.section(3, "Conflict Resolution");
    for Rule { case, then } in &protocol.conflicts {
        out.line(format_args!("- {case}: {then}"));
    }
    out.section(3, "Communication Channels");
    for Rule { case, then } in &protocol.channels {
        out.line(format_args!("- **{case}**: {then}"));
    }
}

pub(super) fn risks(out: &mut Text, risks: &[RiskLine]) {
    out.section(2, "RISK REGISTER");
    let row = |line: &RiskLine| {
        let risk = &line.risk;
        vec![
            format!("**{}**", risk.id),
            risk.description.clone(),
            level(risk.impact).to_owned(),
            level(risk.probability).to_owned(),
            risk.mitigation.clone(),
            if risk.owners.is_empty() { "All Agents".to_owned() } else { agents(&risk.owners) },
            line.state.label().to_owned(),
        ]
    };
    let columns = ["Risk ID", "Risk Description", "Impact", "Probability", "Mitigation", "Owner", "State"];
    out.table(&columns, risks.iter().map(row));
    let happened: Vec<String> = risks.iter().filter_map(RiskLine::happened).collect();
    if !happened.is_empty() {
        out.gap();
        for line in happened {
            out.line(format_args!("- {line}"));
        }
    }
}

pub(super) fn notes(out: &mut Text, document: &Document) {
    out.section(2, "NOTES & OBSERVATIONS");
    for (at, note) in document.notes.iter().enumerate() {
        if at > 0 {
            out.gap();
        }
        out.line(format_args!("### {} ({})", note.title, note.date));
        for section in &note.sections {
            out.line(format_args!("\n**{}**:\n", section.title));
            items(out, section);
        }
    }
    if !document.noted.is_empty() {
        if !document.notes.is_empty() {
            out.gap();
        }
        out.line("### Noted by people\n");
    }
    for NotedLine { improvement, note } in &document.noted {
        let (day, text) = (note.at.strftime("%Y-%m-%d"), note.text.replace('\n', " "));
        out.line(format_args!("- **{improvement}** ({day}, {}): {text}", note.author));
    }
    out.section(2, "APPENDIX");
    for (at, section) in document.appendix.iter().enumerate() {
        if at > 0 {
            out.gap();
        }
        out.line(format_args!("### {}\n", section.title));
        items(out, section);
    }
}

fn items(out: &mut Text, section: &Section) {
    for (at, item) in (1..).zip(&section.items) {
        let mark = if section.numbered { format!("{at}.") } else { "-".to_owned() };
        out.line(format_args!("{mark} {item}"));
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Low => "Low",
        Level::Medium => "Medium",
        Level::High => "High",
        Level::Critical => "Critical",
    }
}
