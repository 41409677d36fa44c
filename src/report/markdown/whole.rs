//! The document from head to foot.

use std::path::Path;

use super::text::{Text, path};
use super::{evidence, improvement, metric, phase, plan, screen, work};
use crate::report::document::{AgentLine, Document};

/// The document as Markdown. `root` leads from where the text will lie to the project's root: `../..`.
pub fn markdown(document: &Document, root: &Path) -> String {
    let mut out = Text::default();
    header(&mut out, document);
    roster(&mut out, &document.agents);
    improvement::section(&mut out, document);
    evidence::section(&mut out, &document.evidence, root);
    screen::section(&mut out, &document.screens);
    work::section(&mut out, &document.work);
    phase::section(&mut out, &document.phases);
    metric::section(&mut out, document);
    plan::parity(&mut out, document);
    plan::protocol(&mut out, document);
    plan::risks(&mut out, &document.risks);
    plan::notes(&mut out, document);
    foot(&mut out, document);
    out.into()
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

fn foot(out: &mut Text, document: &Document) {
    let head = &document.header;
    let updated = head.as_of.map_or_else(|| head.begun.clone(), |(_, at)| at.strftime("%Y-%m-%d").to_string());
    out.line("\n---\n");
    out.line(format_args!("**Document Status**: {}\\", head.status));
    out.line(format_args!("**Last Updated**: {updated}\\"));
    out.line(format_args!("**Next Review**: {} hours after the last change\\", document.protocol.standup_hours));
    out.line(format_args!("**Orchestrator**: {}", head.orchestrator));
}
