//! What an experiment asks, in two columns: what kind of question, and about what.

use super::error::Fault;
use crate::improvements::ImprovementId;
use crate::lab::experiment::Question;

/// The column `kind`.
pub(super) fn kind(question: &Question) -> &'static str {
    match question {
        Question::AddOneIn(_) => "add_one_in",
        Question::LeaveOneOut(_) => "leave_one_out",
        Question::Itself => "itself",
        Question::Compare => "compare",
        Question::HandedIn(_) => "handed_in",
    }
}

/// The question of experiment `row`.
pub(super) fn question(row: i64, kind: &str, subject: String) -> Result<Question, Fault> {
    Ok(match kind {
        "add_one_in" => Question::AddOneIn(ImprovementId(subject)),
        "leave_one_out" => Question::LeaveOneOut(ImprovementId(subject)),
        "itself" => Question::Itself,
        "compare" => Question::Compare,
        "handed_in" => Question::HandedIn(ImprovementId(subject)),
        other => {
            let cause = format!("there is no question of the kind {other:?}");
            return Err(Fault::Unreadable { table: "experiment", row, what: "kind", cause });
        }
    })
}
