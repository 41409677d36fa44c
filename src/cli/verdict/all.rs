//! `workbench verdict --replay --all`: every verdict of the store, derived again.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{Context, Exit, Failure, Format, Row};
use crate::lab::experiment::{Pair, Question, Verdict};
use crate::lab::verdict::{Again, Difference};
use crate::tracking::{Reader, VerdictFact};

/// One verdict. Stable.
#[derive(Serialize)]
struct Line {
    verdict: i64,
    question: Question,
    at: Timestamp,
    experiment: i64,
    word: Verdict,
    replay: Again,
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["Verdict", "About", "At", "Word", "Rule", "Replayed"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.verdict.to_string(),
            self.question.to_string(),
            self.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            self.word.to_string(),
            self.replay.rule_version.to_string(),
            told(&self.replay).to_owned(),
        ]
    }
}

/// Stable.
#[derive(Serialize)]
struct Meta {
    schema: u32,
    count: usize,
    same: usize,
    different: usize,
    not_derived: usize,
}

/// Derives all again; exit 4 where any does not come out as it was recorded.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let mut lines = Vec::new();
    if let Some(store) = Reader::open(&context.project).await? {
        for verdict in store.all_verdicts().await? {
            let replay = derive_again(&store, &verdict).await?;
            lines.push(Line {
                verdict: verdict.row,
                question: verdict.question,
                at: verdict.at,
                experiment: verdict.experiment.0,
                word: verdict.ruling.verdict,
                replay,
            });
        }
    }
    let count = |wanted: fn(&Again) -> bool| lines.iter().filter(|line| wanted(&line.replay)).count();
    let meta = Meta {
        schema: 1,
        count: lines.len(),
        same: count(|again| again.same),
        different: count(|again| !again.differences.is_empty()),
        not_derived: count(|again| !again.is_derived()),
    };
    context.table(&lines, &meta)?;
    if context.format == Format::Table {
        context.print(&page(&lines, &meta))?;
    }
    Ok(if meta.same == meta.count { Exit::Done } else { Exit::NotPassed })
}

/// A verdict of the store, derived again from the pairs of its experiment.
pub(in crate::cli) async fn derive_again(store: &Reader, verdict: &VerdictFact) -> Result<Again, Failure> {
    let plan = store.plan(verdict.experiment).await?;
    let pairs: Vec<Pair> = store.pairs(verdict.experiment, 0).await?.into_iter().map(|fact| fact.pair).collect();
    Ok(Again::of(&plan, &pairs, &verdict.ruling))
}

fn told(again: &Again) -> &'static str {
    match (again.same, again.is_derived(), again.note) {
        (true, _, None) => "the same",
        (true, _, Some(_)) => "the same; it broke outside its pairs",
        (false, true, _) => "NOT the same",
        (false, false, _) => "NOT derived: no such rule here",
    }
}

fn page(lines: &[Line], meta: &Meta) -> String {
    let Meta { count, same, different, not_derived, .. } = meta;
    let mut text = String::new();
    for line in lines.iter().filter(|line| !line.replay.same) {
        let _ = writeln!(text, "\n verdict {} on {}, experiment {}:", line.verdict, line.question, line.experiment);
        for Difference { part, recorded, replayed } in &line.replay.differences {
            let _ = write!(text, "   {part}\n     recorded  {recorded}\n     replayed  {replayed}\n");
        }
        if let Some(note) = line.replay.note {
            let _ = writeln!(text, "   {note}");
        }
    }
    let _ = writeln!(
        text,
        "\n {count} verdicts: {same} come out the same, {different} do not, {not_derived} could not be derived"
    );
    text
}
