//! What every section is written with: paragraphs, headings, tables, and the words that several sections share.

use std::fmt::{Display, Write};

use crate::improvements::Status;
use crate::report::criteria::Judgement;

/// Markdown that grows line by line.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// A paragraph or a line of a list. Writing into a string cannot fail.
    pub(super) fn line(&mut self, line: impl Display) {
        let _ = writeln!(self.0, "{line}");
    }

    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn section(&mut self, depth: usize, title: impl Display) {
        if depth == 2 {
            self.line("\n---");
        }
        let _ = write!(self.0, "\n{} {title}\n\n", "#".repeat(depth));
    }

    pub(super) fn table(&mut self, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
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

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// A path or a pattern of paths as code; any other subject as it is.
pub(super) fn path(subject: &str) -> String {
    if subject.contains(['/', '*']) { format!("`{subject}`") } else { subject.to_owned() }
}

/// Text that stays inside its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// `Agent 1, 6`.
pub(super) fn agents(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    format!("Agent {}", numbers.join(", "))
}

/// What a judgement says and rests on: `7 200, where at least 5 000 is asked of … ([verdict 3](#verdict-3))`.
pub(super) fn cited(Judgement { detail, verdict, .. }: &Judgement) -> String {
    let cite = verdict.map(|id| format!(" ([verdict {id}](#verdict-{id}))")).unwrap_or_default();
    format!("{detail}{cite}")
}

/// A status with its sign.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Planned => "📋 Planned",
        Status::InProgress => "🔄 In Progress",
        Status::Complete => "✅ Complete",
        Status::Blocked => "⏸️ Blocked",
        Status::Cancelled => "❌ Cancelled",
    }
}
