//! The verdicts that the table cites, each with its grounds.

use std::path::{Path, PathBuf};

use super::text::Text;
use crate::report::evidence::{Evidence, WorkloadLine};

pub(super) fn section(out: &mut Text, evidence: &[Evidence], root: &Path) {
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
    let Evidence { verdict, subject, word, reason, experiment, .. } = evidence;
    let day = evidence.at.strftime("%Y-%m-%d");
    out.line(format_args!("#### Verdict {verdict}\n"));
    let how = if evidence.left_out { " left out:" } else { "" };
    out.line(format_args!("**{subject}{how} {word}** on {day}: {reason}\n"));
    out.table(&WorkloadLine::COLUMNS, evidence.workloads.iter().map(WorkloadLine::cells));
    out.gap();
    for (name, words) in evidence.grounds() {
        out.line(format_args!("- {name}: {words}"));
    }
    if !evidence.profiles.is_empty() {
        let link = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            format!("[{name}]({})", root.join(path).display())
        };
        let links: Vec<String> = evidence.profiles.iter().map(link).collect();
        out.line(format_args!("- profiles: {}", links.join(", ")));
    }
    out.line(format_args!("- derive it again: `workbench verdict {subject} --experiment {experiment} --replay`"));
}
