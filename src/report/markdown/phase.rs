//! The phases, with their members, criteria and deliverables.

use super::text::{Text, agents, cited, status};
use crate::report::criteria::{Judgement, State};
use crate::report::document::PhaseLine;

pub(super) fn section(out: &mut Text, phases: &[PhaseLine]) {
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
                "- {} {} - **{}**: {}",
                tick(&criterion.judgement),
                criterion.text,
                criterion.judgement.state.label(),
                cited(&criterion.judgement)
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
