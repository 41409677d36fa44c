//! What is asked of the engine beside its peers, and whether it was found.

use std::collections::BTreeSet;

use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::Style;

use super::plan::{Cell, Entrant, Part, Question, Sizes};
use super::table::{Line, LineRatio, OURS, Table};

/// How many times faster than somebody the engine is to be.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    question: Question,
    durability: &'static str,
    sessions: u64,
    than: Than,
    at_least: f64,
    goal: Option<f64>,
}

/// Whom it is to be faster than: each of them, and so the best.
#[derive(Debug, Clone, Copy)]
enum Than {
    Plain,
    Batched,
    /// With any adapter.
    Lmdb,
    /// With any adapter.
    AllButLmdb,
    All,
}

impl Than {
    fn name(self) -> &'static str {
        match self {
            Than::Plain => "the best plain adapter",
            Than::Batched => "the best batched adapter",
            Than::Lmdb => "LMDB",
            Than::AllButLmdb => "RocksDB, SQLite, redb and fjall",
            Than::All => "the best",
        }
    }

    fn holds(self, entrant: &str) -> bool {
        let (batched, lmdb) = (entrant.ends_with("-batched"), entrant.starts_with("lmdb"));
        let peer = !entrant.starts_with(OURS);
        peer && match self {
            Than::Plain => !batched,
            Than::Batched => batched,
            Than::Lmdb => lmdb,
            Than::AllButLmdb => !lmdb,
            Than::All => true,
        }
    }
}

/// The bars, cell by cell.
pub const BARS: &[Bar] = &[
    bar(Question::Tpcc, "full", 8, Than::Plain, 5.0, None),
    bar(Question::Tpcc, "full", 8, Than::Batched, 1.5, Some(2.5)),
    bar(Question::Tpcc, "full", 64, Than::Plain, 5.0, None),
    bar(Question::Tpcc, "full", 64, Than::Batched, 1.5, Some(2.5)),
    bar(Question::Tpcc, "off", 8, Than::AllButLmdb, 5.0, None),
    bar(Question::Tpcc, "off", 8, Than::Lmdb, 1.3, Some(2.0)),
    bar(Question::Tpcc, "off", 64, Than::AllButLmdb, 5.0, None),
    bar(Question::Tpcc, "off", 64, Than::Lmdb, 1.3, Some(2.0)),
    bar(Question::YcsbA, "full", 8, Than::Plain, 3.0, None),
    bar(Question::YcsbA, "full", 64, Than::Plain, 3.0, None),
    bar(Question::YcsbC, "off", 8, Than::Lmdb, 1.2, None),
    bar(Question::YcsbE, "off", 8, Than::All, 1.0, None),
    bar(Question::Load, "full", 2, Than::All, 1.0, None),
];

const fn bar(
    question: Question,
    durability: &'static str,
    sessions: u64,
    than: Than,
    at_least: f64,
    goal: Option<f64>,
) -> Bar {
    Bar { question, durability, sessions, than, at_least, goal }
}

impl Bar {
    /// The cell it is about.
    pub fn cell(&self, sizes: &Sizes) -> Cell {
        sizes.cell(self.question, self.durability, self.sessions)
    }

    fn is_about(&self, cell: &Cell) -> bool {
        (self.question, self.durability, self.sessions) == (cell.question, &*cell.durability, cell.sessions)
    }

    /// Those in its table of whom the rounds do not tell whether the engine is as much faster as asked. Nobody, if somebody is told
    /// to be too fast: what the others are does not matter then.
    fn undecided<'t>(&self, table: &'t Table) -> Vec<&'t str> {
        let others = table.lines.iter().filter(|line| self.than.holds(&line.entrant));
        let ratios: Vec<_> = others.filter_map(|line| Some((&*line.entrant, line.ours_over_it?))).collect();
        if ratios.iter().any(|(_, ratio)| ratio.high.is_some_and(|high| high < self.at_least)) {
            return Vec::new();
        }
        let below = |ratio: &LineRatio| ratio.low.is_none_or(|low| low < self.at_least);
        ratios.into_iter().filter(|(_, ratio)| below(ratio)).map(|(entrant, _)| entrant).collect()
    }
}

/// What came of a bar.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// The cell, in words.
    pub cell: String,
    /// Whom the engine is to be faster than.
    pub than: &'static str,
    /// How many times at least.
    pub at_least: f64,
    /// How many times it would like to be.
    pub goal: Option<f64>,
    /// Who came closest.
    pub closest: Option<String>,
    /// How many times faster than that the engine was.
    pub ratio: Option<LineRatio>,
    /// Whether that is enough.
    pub verdict: Verdict,
}

/// Whether a bar was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// By the lower bound of everybody's interval.
    Met,
    /// On average; the interval reaches below it.
    MetOnAverage,
    /// Not even on average.
    Missed,
    /// Somebody has no figure.
    Open(String),
}

impl Verdict {
    fn text(&self) -> String {
        match self {
            Verdict::Met => "met".to_owned(),
            Verdict::MetOnAverage => "met on average; the interval reaches below".to_owned(),
            Verdict::Missed => "**missed**".to_owned(),
            Verdict::Open(why) => format!("open: {why}"),
        }
    }
}

/// What came of all bars.
pub fn found(tables: &[Table]) -> Vec<Found> {
    BARS.iter().map(|bar| judge(bar, tables.iter().find(|table| bar.is_about(&table.cell)))).collect()
}

/// The cells with a bar that the rounds leave undecided: the engine and those because of whom.
pub fn undecided(tables: &[Table]) -> Vec<Part> {
    let part = |table: &Table| {
        let bars = BARS.iter().filter(|bar| bar.is_about(&table.cell));
        let close: BTreeSet<&str> = bars.flat_map(|bar| bar.undecided(table)).collect();
        let mut part = Part::of_everybody(table.cell.clone());
        part.entrants.retain(|entrant: &Entrant| entrant.name() == OURS || close.contains(entrant.name()));
        (!close.is_empty()).then_some(part)
    };
    tables.iter().filter_map(part).collect()
}

fn judge(bar: &Bar, table: Option<&Table>) -> Found {
    let lines = table.map(|table| &table.lines[..]).unwrap_or_default();
    let others: Vec<&Line> = lines.iter().filter(|line| bar.than.holds(&line.entrant)).collect();
    let ratios = || others.iter().filter_map(|line| Some((*line, line.ours_over_it?)));
    let closest = ratios().min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
    let without: Vec<&str> =
        others.iter().filter(|line| line.ours_over_it.is_none()).map(|line| line.entrant.as_str()).collect();
    let missed = ratios().any(|(_, ratio)| ratio.mean < bar.at_least);
    let verdict = match closest {
        None => Verdict::Open("nobody was measured beside the engine".to_owned()),
        Some(_) if missed => Verdict::Missed,
        Some(_) if !without.is_empty() => Verdict::Open(format!("no figure of {}", without.join(", "))),
        Some(_) if ratios().all(|(_, ratio)| ratio.low.is_some_and(|low| low >= bar.at_least)) => Verdict::Met,
        Some(_) => Verdict::MetOnAverage,
    };
    let asked = bar.cell(&Sizes { warehouses: 0, rows: 0, cache_mb: 0 });
    Found {
        cell: table.map_or_else(|| asked.title(), |table| table.cell.title()),
        than: bar.than.name(),
        at_least: bar.at_least,
        goal: bar.goal,
        closest: closest.map(|(line, _)| line.entrant.clone()),
        ratio: closest.map(|(_, ratio)| ratio),
        verdict,
    }
}

/// The bars as a Markdown table.
pub fn markdown(found: &[Found]) -> String {
    let mut rows = Builder::default();
    rows.push_record(["cell", "faster than", "asked", "found", "95 % interval", "closest", "verdict"]);
    for Found { cell, than, at_least, goal, closest, ratio, verdict } in found {
        let none = || "–".to_owned();
        let goal = goal.map(|goal| format!(" (goal {goal}×)")).unwrap_or_default();
        let interval = ratio.and_then(|ratio| Some(format!("{:.2} – {:.2}", ratio.low?, ratio.high?)));
        rows.push_record([
            cell.clone(),
            (*than).to_owned(),
            format!("{at_least}×{goal}"),
            ratio.map_or_else(none, |ratio| format!("{:.2}×", ratio.mean)),
            interval.unwrap_or_else(none),
            closest.clone().unwrap_or_else(none),
            verdict.text(),
        ]);
    }
    rows.build().with(Style::markdown()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(entrant: &str, ratio: Option<(f64, f64)>) -> Line {
        let ratio =
            ratio.map(|(mean, low)| LineRatio { mean, low: Some(low), high: Some(2.0 * mean - low), rounds: 5 });
        Line { entrant: entrant.to_owned(), figures: None, ours_over_it: ratio, failures: Vec::new() }
    }

    #[test]
    fn a_bar_is_judged_by_everybody_it_is_about() {
        let verdict = |sqlite, rocksdb| {
            let cell = BARS[0].cell(&Sizes { warehouses: 2, rows: 0, cache_mb: 64 });
            let lines =
                vec![line("ours", None), line("sqlite", sqlite), line("rocksdb", rocksdb), line("lmdb-batched", None)];
            judge(&BARS[0], Some(&Table { cell, lines }))
        };
        let met = verdict(Some((9.0, 8.0)), Some((6.0, 5.5)));
        assert_eq!((met.verdict, met.closest.as_deref()), (Verdict::Met, Some("rocksdb")));
        assert_eq!(verdict(Some((9.0, 4.0)), Some((6.0, 5.5))).verdict, Verdict::MetOnAverage);
        assert_eq!(verdict(Some((9.0, 8.0)), Some((4.9, 4.8))).verdict, Verdict::Missed);
        assert_eq!(verdict(Some((9.0, 8.0)), None).verdict, Verdict::Open("no figure of rocksdb".to_owned()));
        assert!(matches!(judge(&BARS[0], None).verdict, Verdict::Open(_)));
    }

    #[test]
    fn more_rounds_are_for_those_who_are_close() {
        let close = |sqlite, rocksdb, batched| {
            let cell = BARS[0].cell(&Sizes { warehouses: 2, rows: 0, cache_mb: 64 });
            let lines = vec![
                line("ours", None),
                line("sqlite", sqlite),
                line("rocksdb", rocksdb),
                line("lmdb-batched", Some(batched)),
            ];
            let parts = undecided(&[Table { cell, lines }]);
            let names = |part: &Part| part.entrants.iter().map(|entrant| entrant.name().to_owned()).collect();
            parts.iter().map(names).collect::<Vec<Vec<String>>>()
        };
        // Asked: 5 of the plain ones, 1.5 of the batched one.
        assert_eq!(close(Some((9.0, 8.0)), Some((6.0, 5.5)), (2.0, 1.6)), [[""; 0]; 0]);
        assert_eq!(close(Some((9.0, 8.0)), Some((6.0, 4.5)), (2.0, 1.6)), [["ours", "rocksdb"]]);
        assert_eq!(close(Some((9.0, 4.0)), Some((3.0, 2.5)), (2.0, 1.4)), [["ours", "lmdb-batched"]]);
        assert_eq!(close(Some((4.9, 4.0)), None, (2.0, 1.6)), [["ours", "sqlite"]]);
    }
}
