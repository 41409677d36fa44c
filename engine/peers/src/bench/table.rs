//! How it came out: one table per cell, for the terminal, as Markdown, as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::{Alignment, Style};

use super::outcome::{Figures, Outcome, Result as BlockResult};
use super::plan::Cell;
use super::statistics::{Ratio, median, ratio};

/// The line that the others are compared with.
pub(super) const OURS: &str = "ours";

/// One table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// The question.
    pub cell: Cell,
    /// The fastest first.
    pub lines: Vec<Line>,
}

/// One line of a table.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Who.
    pub entrant: String,
    /// Medians over the rounds; none if every block failed.
    pub figures: Option<Figures>,
    /// How many times faster ours was, round by round.
    pub ours_over_it: Option<LineRatio>,
    /// What went wrong in blocks that failed.
    pub failures: Vec<String>,
}

/// A [`Ratio`] as it is written down.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LineRatio {
    /// Geometric mean.
    pub mean: f64,
    /// Bounds of the 95 % interval.
    pub low: Option<f64>,
    /// See `low`.
    pub high: Option<f64>,
    /// Rounds.
    pub rounds: usize,
}

impl From<Ratio> for LineRatio {
    fn from(Ratio { mean, interval, rounds }: Ratio) -> Self {
        LineRatio { mean, low: interval.map(|(low, _)| low), high: interval.map(|(_, high)| high), rounds }
    }
}

/// The tables of these outcomes, in the order of the cells. A block that was run again counts as it came out last.
pub fn tables(outcomes: &[Outcome]) -> Vec<Table> {
    let mut last = BTreeMap::<(&Cell, &str, &str), &Outcome>::new();
    for outcome in outcomes {
        last.insert((&outcome.cell, &outcome.entrant, &outcome.round), outcome);
    }
    let mut cells = BTreeMap::<&Cell, BTreeMap<&str, Vec<&Outcome>>>::new();
    for outcome in last.into_values() {
        cells.entry(&outcome.cell).or_default().entry(&outcome.entrant).or_default().push(outcome);
    }
    cells.into_iter().map(|(cell, entrants)| table(cell, &entrants)).collect()
}

fn table(cell: &Cell, entrants: &BTreeMap<&str, Vec<&Outcome>>) -> Table {
    let per_second = |outcomes: &[&Outcome]| -> BTreeMap<String, f64> {
        let measured =
            outcomes.iter().filter_map(|outcome| Some((outcome.round.clone(), outcome.figures()?.per_second)));
        measured.collect()
    };
    let ours = entrants.get(OURS).map(|outcomes| per_second(outcomes)).unwrap_or_default();
    let line = |(name, outcomes): (&&str, &Vec<&Outcome>)| {
        let theirs = per_second(outcomes);
        let pairs: Vec<_> = theirs.iter().filter_map(|(round, rate)| Some((*ours.get(round)?, *rate))).collect();
        let failures = outcomes.iter().filter_map(|outcome| match &outcome.result {
            BlockResult::Failed(why) => Some(why.clone()),
            BlockResult::Measured(_) => None,
        });
        Line {
            entrant: (*name).to_owned(),
            figures: medians(outcomes),
            ours_over_it: (*name != OURS).then(|| ratio(&pairs).map(LineRatio::from)).flatten(),
            failures: failures.collect(),
        }
    };
    let mut lines: Vec<Line> = entrants.iter().map(line).collect();
    let rate = |line: &Line| line.figures.as_ref().map_or(-1.0, |figures| figures.per_second);
    lines.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    Table { cell: cell.clone(), lines }
}

fn medians(outcomes: &[&Outcome]) -> Option<Figures> {
    let figures: Vec<&Figures> = outcomes.iter().filter_map(|outcome| outcome.figures()).collect();
    let of = |value: fn(&Figures) -> Option<f64>| -> Option<f64> {
        median(&figures.iter().filter_map(|figures| value(figures)).collect::<Vec<_>>())
    };
    Some(Figures {
        per_second: of(|f| Some(f.per_second))?,
        cpu_us: of(|f| Some(f.cpu_us))?,
        p50_us: of(|f| Some(f.p50_us))?,
        p99_us: of(|f| Some(f.p99_us))?,
        load_per_second: of(|f| Some(f.load_per_second))?,
        batch: of(|f| f.batch),
        peak_mb: of(|f| f.peak_mb),
    })
}

impl Table {
    /// For the terminal.
    pub fn terminal(&self) -> String {
        let table = self
            .rows()
            .build()
            .with(Style::rounded())
            .modify(Columns::new(1..).not(Rows::first()), Alignment::right())
            .to_string();
        format!("{}\n{table}\n{}", self.cell.title(), self.notes())
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let table = self
            .rows()
            .build()
            .with(Style::markdown())
            .modify(Columns::new(1..).not(Rows::first()), Alignment::right())
            .to_string();
        format!("### {}\n\n{table}\n{}", self.cell.title(), self.notes())
    }

    fn rows(&self) -> Builder {
        let load = self.cell.question.is_load();
        let mut rows = Builder::default();
        let rate = if load { "rows/s" } else { "per s" };
        rows.push_record(["store", rate, "ours is", "95 % interval", "CPU µs", "p50", "p99", "batch", "MB"]);
        for line in &self.lines {
            let none = || "–".to_owned();
            let figure = |show: fn(&Figures) -> String| line.figures.as_ref().map_or_else(none, show);
            let detail = |show: fn(&Figures) -> String| if load { none() } else { figure(show) };
            let ratio = line.ours_over_it;
            rows.push_record([
                line.entrant.clone(),
                line.figures.as_ref().map_or_else(|| "failed".to_owned(), |f| format!("{:.0}", f.per_second)),
                ratio.map_or_else(none, |ratio| format!("{:.2}×", ratio.mean)),
                ratio.and_then(|r| Some(format!("{:.2} – {:.2}", r.low?, r.high?))).unwrap_or_else(none),
                detail(|f| format!("{:.1}", f.cpu_us)),
                detail(|f| time(f.p50_us)),
                detail(|f| time(f.p99_us)),
                figure(|f| f.batch.map_or_else(|| "–".to_owned(), |batch| format!("{batch:.0}"))),
                figure(|f| f.peak_mb.map_or_else(|| "–".to_owned(), |mb| format!("{mb:.0}"))),
            ]);
        }
        rows
    }

    /// Losses and failures, in words.
    fn notes(&self) -> String {
        let mut notes = String::new();
        for line in &self.lines {
            if line.ours_over_it.is_some_and(|ratio| ratio.mean < 1.0) {
                notes += &format!("Lost: {} is ahead of ours.\n", line.entrant);
            }
            for why in &line.failures {
                notes += &format!("Failed: {}: {why}\n", line.entrant);
            }
        }
        notes
    }
}

fn time(us: f64) -> String {
    if us < 10_000.0 { format!("{us:.0} µs") } else { format!("{:.0} ms", us / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::Question;

    fn outcome(entrant: &str, round: u32, per_second: f64) -> Outcome {
        let cell = Cell {
            question: Question::Tpcc,
            durability: "full".to_owned(),
            sessions: 8,
            warehouses: 2,
            rows: 0,
            cache_mb: 64,
        };
        let figures = Figures { per_second, cpu_us: 20.0, ..Figures::default() };
        let result =
            if per_second > 0.0 { BlockResult::Measured(figures) } else { BlockResult::Failed("burnt".into()) };
        Outcome { cell, entrant: entrant.to_owned(), round: round.to_string(), result }
    }

    #[test]
    fn rounds_are_paired_and_losses_and_failures_are_said() {
        let outcomes = [
            outcome("ours", 0, 100.0),
            outcome("ours", 1, 200.0),
            outcome("redb", 0, 10.0),
            outcome("lmdb", 0, 400.0),
            outcome("fjall", 0, 0.0),
            // Failed, and run again.
            Outcome { result: BlockResult::Failed("no disk".into()), ..outcome("redb", 1, 1.0) },
            outcome("redb", 1, 20.0),
        ];
        let tables = tables(&outcomes);
        let [table] = &tables[..] else { panic!("{tables:?}") };
        let names: Vec<_> = table.lines.iter().map(|line| line.entrant.as_str()).collect();
        assert_eq!(names, ["lmdb", "ours", "redb", "fjall"]);
        let redb = table.lines[2].ours_over_it.unwrap();
        assert_eq!((redb.rounds, redb.low.map(f64::round), redb.high.map(f64::round)), (2, Some(10.0), Some(10.0)));
        let text = table.terminal();
        assert!(text.contains("Lost: lmdb is ahead of ours.") && text.contains("Failed: fjall: burnt"), "{text}");
        assert!(text.starts_with("tpcc, durable, 8 sessions, 2 warehouses, 64 MiB cache"), "{text}");
        assert!(table.markdown().contains("| redb"));
    }

    #[test]
    fn an_outcome_survives_its_line_of_json() {
        for outcome in [outcome("ours", 0, 100.0), outcome("fjall", 0, 0.0)] {
            let line = serde_json::to_string(&outcome).unwrap();
            assert_eq!(serde_json::from_str::<Outcome>(&line).unwrap(), outcome, "{line}");
        }
    }
}
