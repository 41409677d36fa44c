//! The tracking document as Markdown, section by section as teams have kept it by hand.

use std::fmt::{Display, Write};
use std::path::Path;

use super::criteria::{Judgement, State};
use super::document::{AgentLine, Counts, Document, ImprovementLine, MetricLine, PhaseLine};
use super::evidence::{Evidence, WorkloadLine};
use crate::improvements::plan::{Level, ParityState, Risk, Rule, Section};
use crate::improvements::{Priority, Status};
use crate::tracking::Forced;

/// The document as Markdown. `root` leads from where the text will lie to the project's root: `../..`.
pub fn markdown(document: &Document, root: &Path) -> String {
    let mut out = Text::default();
    header(&mut out, document);
    roster(&mut out, &document.agents);
    improvements(&mut out, document);
    evidence(&mut out, &document.evidence, root);
    phases(&mut out, &document.phases);
    metrics(&mut out, document);
    parity(&mut out, document);
    protocol(&mut out, document);
    risks(&mut out, &document.risks);
    notes(&mut out, document);
    foot(&mut out, document);
    out.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    /// A paragraph or a line of a list. Writing into a string cannot fail.
    fn line(&mut self, line: impl Display) {
        let _ = writeln!(self.0, "{line}");
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn section(&mut self, depth: usize, title: impl Display) {
        if depth == 2 {
            self.line("\n---");
        }
        let _ = write!(self.0, "\n{} {title}\n\n", "#".repeat(depth));
    }

    fn table(&mut self, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        self.row(columns.iter().map(ToString::to_string));
        self.row(columns.iter().map(|_| "---".to_owned()));
        for row in rows {
            self.row(row.iter().map(|text| cell(text)));
        }
    }

    fn row(&mut self, cells: impl Iterator<Item = String>) {
        self.0.push('|');
        for cell in cells {
            let _ = write!(self.0, " {cell} |");
        }
        self.gap();
    }
}

/// A path or a pattern of paths as code; any other subject as it is.
fn path(subject: &str) -> String {
    if subject.contains(['/', '*']) { format!("`{subject}`") } else { subject.to_owned() }
}

/// Text that stays inside its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn header(out: &mut Text, document: &Document) {
    let head = &document.header;
    out.line(format_args!("# {} - Tracking Document", head.project));
    out.section(2, "PROJECT HEADER");
    out.line(format_args!("- **Project**: {}", head.project));
    out.line(format_args!("- **Date**: {}", head.begun));
    out.line(format_args!("- **Branch**: {}", head.branch));
    out.line(format_args!("- **Target**: {}", head.target));
    out.line(format_args!("- **Primary Focus**: {}", head.focus.join(", ")));
    out.line(format_args!("- **Status**: {}", head.status));
    out.line(format_args!("- **Orchestrator**: {}", head.orchestrator));
    out.line(format_args!("- **Facts**: {}", as_of(document)));
    out.gap();
    out.line("> Written by `workbench report` from recorded facts. Claims are what somebody promised; measurements come from");
    out.line("> paired runs and carry always-valid bounds. Every count and state below is derived.");
}

fn as_of(document: &Document) -> String {
    match document.header.as_of {
        Some((seq, at)) => format!("up to change {seq} of {}", at.strftime("%Y-%m-%d %H:%M:%SZ")),
        None => "none recorded yet".to_owned(),
    }
}

fn roster(out: &mut Text, agents: &[AgentLine]) {
    out.section(2, "AGENT ROSTER");
    out.line(format_args!("### Specialist Agents ({} Total)\n", agents.len()));
    let row = |agent: &AgentLine| {
        let note = agent.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        vec![
            format!("**{}**", agent.name),
            agent.specialization.clone(),
            agent.subjects.iter().map(|subject| path(subject)).collect::<Vec<_>>().join(", "),
            format!("{}{note}", agent.state),
        ]
    };
    out.table(&["Agent", "Specialization", "Primary Modules", "Status"], agents.iter().map(row));
}

fn improvements(out: &mut Text, document: &Document) {
    out.section(2, "IMPROVEMENT TRACKING TABLE");
    out.line("### Legend\n");
    out.line("- **Priority**: 🔴 Critical | 🟡 High | 🟢 Medium | 🔵 Low");
    out.line("- **Status**: 📋 Planned | 🔄 In Progress | ✅ Complete | ⏸️ Blocked | ❌ Cancelled");
    out.line("- **Claimed**: what somebody promised; never a result");
    out.line(
        "- **Measured**: estimate and always-valid bounds of fresh pairs; `not built`: no optimized variant exists yet",
    );
    out.line("- **Verdict**: PROVEN | ACCEPTED | REJECTED | INCONCLUSIVE | BROKEN, with its evidence below\n");
    let columns = [
        "ID",
        "Category",
        "Improvement",
        "Priority",
        "Status",
        "Agent",
        "Files/Modules",
        "Claimed",
        "Measured",
        "Verdict",
    ];
    out.table(&columns, document.improvements.iter().map(improvement));
    out.gap();
    counts(out, &document.counts);
    let stack: Vec<&str> = document.stack.iter().map(|id| id.0.as_str()).collect();
    let stack = if stack.is_empty() { "empty".to_owned() } else { stack.join(" → ") };
    out.line(format_args!("\n**Stack** (accepted, in order): {stack}"));
    let forced = document.improvements.iter().filter_map(|line| Some((line, line.forced.as_ref()?)));
    for (line, Forced { at, author, reason, proven_since }) in forced {
        let since = if *proven_since { "accepted evidence came later" } else { "no accepted evidence has come since" };
        let day = at.strftime("%Y-%m-%d");
        out.line(format_args!(
            "\n**Forced**: {} was set to Complete by {author} on {day}: {reason} ({since})",
            line.id
        ));
    }
}

fn improvement(line: &ImprovementLine) -> Vec<String> {
    let modules: Vec<String> = line.modules.iter().map(|module| format!("`{module}`")).collect();
    let forced = if line.forced.is_some() { " (forced)" } else { "" };
    let stale = if line.stale { " (stale)" } else { "" };
    let measured = match &line.measured {
        Some(measured) => {
            let against = measured.against_claim.map(|against| format!("; {against}")).unwrap_or_default();
            format!(
                "{}, {} of {}, {} pairs{against}",
                measured.shown,
                measured.better.beside(&measured.metric),
                measured.workload,
                measured.standing.pairs
            )
        }
        None if line.measurable => "not measured".to_owned(),
        None => "not built".to_owned(),
    };
    let verdict = match (line.verdict, line.verdict_id) {
        (Some(word), Some(id)) => format!("[{word}](#verdict-{id})"),
        (word, _) => word.map_or_else(|| "–".to_owned(), |word| word.to_string()),
    };
    vec![
        format!("**{}**", line.id),
        line.category.clone(),
        line.title.clone(),
        priority(line.priority).to_owned(),
        format!("{}{forced}{stale}", status(line.status)),
        agents(&line.agents),
        modules.join(", "),
        line.claim.clone(),
        measured,
        verdict,
    ]
}

fn counts(out: &mut Text, counts: &Counts) {
    let list = |counts: Vec<(String, usize)>| {
        let some = counts.into_iter().filter(|(_, count)| *count > 0);
        some.map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let statuses = counts.by_status.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    let priorities = counts.by_priority.iter().map(|(priority, count)| (priority.to_string(), *count)).collect();
    out.line(format_args!("**Total Improvements**: {} ({})", counts.improvements, list(priorities)));
    out.line(format_args!("\n**By status**: {}", list(statuses)));
    out.line(format_args!("\n**Measurable now**: {} of {}", counts.measurable, counts.improvements));
    if counts.stale > 0 {
        out.line(format_args!("\n**Stale**: {} measured on a tree that has moved since", counts.stale));
    }
}

fn evidence(out: &mut Text, evidence: &[Evidence], root: &Path) {
    out.section(3, "Evidence");
    if evidence.is_empty() {
        out.line("No verdict has fallen yet.");
    }
    for (at, verdict) in evidence.iter().enumerate() {
        if at > 0 {
            out.gap();
        }
        one_verdict(out, verdict, root);
    }
}

fn one_verdict(out: &mut Text, evidence: &Evidence, root: &Path) {
    let Evidence { verdict, improvement, word, reason, experiment, .. } = evidence;
    let day = evidence.at.strftime("%Y-%m-%d");
    out.line(format_args!("#### Verdict {verdict}\n"));
    out.line(format_args!("**{improvement} {word}** on {day}: {reason}\n"));
    out.table(&WorkloadLine::COLUMNS, evidence.workloads.iter().map(WorkloadLine::cells));
    out.gap();
    for (name, words) in evidence.grounds() {
        out.line(format_args!("- {name}: {words}"));
    }
    if !evidence.profiles.is_empty() {
        let link = |path: &std::path::PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            format!("[{name}]({})", root.join(path).display())
        };
        let links: Vec<String> = evidence.profiles.iter().map(link).collect();
        out.line(format_args!("- profiles: {}", links.join(", ")));
    }
    out.line(format_args!("- derive it again: `workbench verdict {improvement} --experiment {experiment} --replay`"));
}

fn phases(out: &mut Text, phases: &[PhaseLine]) {
    out.section(2, "IMPLEMENTATION PHASES");
    for (at, phase) in phases.iter().enumerate() {
        if at > 0 {
            out.line("\n---\n");
        }
        let PhaseLine { number, name, weeks, goal, complete, members, .. } = phase;
        out.line(format_args!("### Phase {number}: {name} (Weeks {weeks})\n"));
        out.line(format_args!("**Goal**: {goal}\n"));
        let done = if phase.done { "complete" } else { "open" };
        out.line(format_args!("**State**: {done}; {complete} of {} improvements complete\n", members.len()));
        out.line("**Priority Improvements**:\n");
        for member in members {
            let owners = agents(&member.agents);
            out.line(format_args!("- **{}**: {} ({owners}) - {}", member.id, member.title, status(member.status)));
        }
        for also in &phase.also {
            out.line(format_args!("- {also}"));
        }
        out.line("\n**Success Criteria**:\n");
        for criterion in &phase.criteria {
            out.line(format_args!(
                "- {} {} - {}",
                tick(&criterion.judgement),
                criterion.text,
                judged(&criterion.judgement)
            ));
        }
        out.line("\n**Deliverables**:\n");
        for deliverable in &phase.deliverables {
            out.line(format_args!("- {deliverable}"));
        }
    }
}

fn tick(judgement: &Judgement) -> &'static str {
    match judgement.state {
        State::Met => "[x]",
        State::NotMet | State::NotMeasured | State::NotMeasurable => "[ ]",
    }
}

fn judged(Judgement { state, detail, verdict }: &Judgement) -> String {
    let cite = verdict.map(|id| format!(" ([verdict {id}](#verdict-{id}))")).unwrap_or_default();
    format!("**{}**: {detail}{cite}", state.label())
}

fn metrics(out: &mut Text, document: &Document) {
    out.section(2, "SUCCESS METRICS");
    out.line("### Performance Targets\n");
    out.line("Baselines and targets are the source's claims; the last two columns are judged from evidence.");
    for group in &document.metrics {
        out.section(4, &group.name);
        let row = |metric: &MetricLine| {
            let claim = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            let cite =
                metric.judgement.verdict.map(|id| format!(" ([verdict {id}](#verdict-{id}))")).unwrap_or_default();
            vec![
                format!("**{}**", metric.name),
                claim(&metric.baseline),
                metric.target.clone(),
                claim(&metric.stretch),
                metric.judgement.state.label().to_owned(),
                format!("{}{cite}", metric.judgement.detail),
            ]
        };
        let columns = ["Metric", "Claimed baseline", "Target", "Stretch", "State", "Evidence"];
        out.table(&columns, group.metrics.iter().map(row));
    }
}

fn parity(out: &mut Text, document: &Document) {
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

fn protocol(out: &mut Text, document: &Document) {
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

fn risks(out: &mut Text, risks: &[Risk]) {
    out.section(2, "RISK REGISTER");
    let row = |risk: &Risk| {
        vec![
            format!("**{}**", risk.id),
            risk.description.clone(),
            level(risk.impact).to_owned(),
            level(risk.probability).to_owned(),
            risk.mitigation.clone(),
            if risk.owners.is_empty() { "All Agents".to_owned() } else { agents(&risk.owners) },
        ]
    };
    let columns = ["Risk ID", "Risk Description", "Impact", "Probability", "Mitigation", "Owner"];
    out.table(&columns, risks.iter().map(row));
}

fn notes(out: &mut Text, document: &Document) {
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

fn foot(out: &mut Text, document: &Document) {
    let head = &document.header;
    let updated = head.as_of.map_or_else(|| head.begun.clone(), |(_, at)| at.strftime("%Y-%m-%d").to_string());
    out.line("\n---\n");
    out.line(format_args!("**Document Status**: {}\\", head.status));
    out.line(format_args!("**Last Updated**: {updated}\\"));
    out.line(format_args!("**Next Review**: {} hours after the last change\\", document.protocol.standup_hours));
    out.line(format_args!("**Orchestrator**: {}", head.orchestrator));
}

fn agents(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    format!("Agent {}", numbers.join(", "))
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Planned => "📋 Planned",
        Status::InProgress => "🔄 In Progress",
        Status::Complete => "✅ Complete",
        Status::Blocked => "⏸️ Blocked",
        Status::Cancelled => "❌ Cancelled",
    }
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "🔴 Critical",
        Priority::High => "🟡 High",
        Priority::Medium => "🟢 Medium",
        Priority::Low => "🔵 Low",
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
