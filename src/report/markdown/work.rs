//! Who was given what, and what became of it.

use super::text::Text;
use crate::report::document::WorkLine;

pub(super) fn section(out: &mut Text, work: &[WorkLine]) {
    if work.is_empty() {
        return;
    }
    out.section(2, "WORK OF AGENTS");
    out.line("What an agent hands in is measured on its own commit before it is let in. An improvement is complete only when it is");
    out.line("measured on the project's own sources.\n");
    let columns = ["Improvement", "Agent", "Attempts", "Stage", "Measured", "Why"];
    out.table(&columns, work.iter().map(row));
}

fn row(line: &WorkLine) -> Vec<String> {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    vec![
        line.improvement.to_string(),
        line.agent.to_string(),
        line.attempts.to_string(),
        line.stage.to_string(),
        or_dash(&line.measured),
        or_dash(&line.why),
    ]
}
