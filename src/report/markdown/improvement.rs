//! The table of improvements, and how many there are of each kind.

use super::text::{Text, agents, status};
use crate::improvements::Priority;
use crate::report::document::{Counts, Document, ImprovementLine};
use crate::tracking::Forced;

pub(super) fn section(out: &mut Text, document: &Document) {
    out.section(2, "IMPROVEMENT TRACKING TABLE");
    out.line("### Legend\n");
    out.line("- **Priority**: 🔴 Critical | 🟡 High | 🟢 Medium | 🔵 Low");
    out.line("- **Status**: 📋 Planned | 🔄 In Progress | ✅ Complete | ⏸️ Blocked | ❌ Cancelled");
    out.line("- **Claimed**: what somebody promised; never a result");
    out.line(
        "- **Measured**: estimate and always-valid bounds of fresh pairs; `not built`: no optimized variant exists yet",
    );
    out.line("- **Left out**: what becomes of the metric when the stack does without it; no status rests on it");
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
        "Left out",
        "Verdict",
    ];
    out.table(&columns, document.improvements.iter().map(row));
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

fn row(line: &ImprovementLine) -> Vec<String> {
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
    let left_out = line.left_out.as_ref().map_or_else(
        || "–".to_owned(),
        |left_out| {
            format!(
                "{}, {} pairs, [{}](#verdict-{})",
                left_out.shown, left_out.pairs, left_out.verdict, left_out.verdict_id
            )
        },
    );
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
        left_out,
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

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "🔴 Critical",
        Priority::High => "🟡 High",
        Priority::Medium => "🟢 Medium",
        Priority::Low => "🔵 Low",
    }
}
