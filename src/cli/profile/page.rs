//! What `workbench profile` shows: functions, the books below them, waiting by cause, files.

use std::fmt::Write;

use serde::Serialize;

use crate::cli::{Format, Row, output};
use crate::profiles::attribution::GAP_MAX;
use crate::profiles::instructions::told;
use crate::profiles::spread::CONFIDENCE_PERCENT;
use crate::profiles::{Attribution, Books, Difference, Entry, FunctionCost, Kind, Owner, Profile, WaitCost};
use crate::tracking::VerdictFact;
use crate::units;

/// The JSON form. Costs per operation, in nanoseconds or instructions. Stable.
#[derive(Serialize)]
pub(super) struct Page {
    id: String,
    experiment: i64,
    kind: String,
    a: ArmLine,
    b: ArmLine,
    /// Of what was measured.
    delta: f64,
    functions: Vec<FunctionLine>,
    /// Functions that are not in `functions`.
    others: usize,
    books: BooksLine,
    waits: Vec<WaitLine>,
    files: Vec<String>,
    /// What instructions and the verdict's metric say together; of memory, how many allocations there were.
    told: Option<String>,
    #[serde(skip)]
    counted: Kind,
}

/// One arm's profile.
#[derive(Serialize)]
struct ArmLine {
    samples: u64,
    cpu_s: f64,
    ops: u64,
    processes: usize,
    cost: f64,
    #[serde(skip)]
    coverage: String,
}

/// A function as a line.
#[derive(Serialize)]
pub(in crate::cli) struct FunctionLine {
    #[serde(flatten)]
    cost: FunctionCost,
    change: &'static str,
    #[serde(skip)]
    counted: Kind,
}

#[derive(Serialize)]
struct BooksLine {
    #[serde(flatten)]
    books: Books,
    /// What is in no function, as a part of the measured change.
    gap: Option<f64>,
    gap_max: f64,
    close: bool,
}

/// A cause of waiting as a line.
#[derive(Serialize)]
struct WaitLine {
    #[serde(flatten)]
    cost: WaitCost,
    change: &'static str,
}

impl Page {
    pub(super) fn of(
        owner: Owner<'_>,
        difference: &Difference,
        attribution: &Attribution,
        waits: Vec<WaitCost>,
        files: Vec<String>,
        top: usize,
    ) -> Self {
        let (counted, books) = (difference.kind(), attribution.books);
        let all = &attribution.functions;
        let costly = || all.iter().filter(|function| function.own_a > 0.0 || function.own_b > 0.0);
        let functions: Vec<FunctionLine> = FunctionLine::top(attribution, counted, top);
        Self {
            id: owner.subject.to_owned(),
            experiment: owner.experiment,
            kind: counted.to_string(),
            a: ArmLine::of(&difference.a),
            b: ArmLine::of(&difference.b),
            delta: books.measured.delta,
            others: costly().count() - functions.len(),
            functions,
            books: BooksLine { books, gap: books.gap(), gap_max: GAP_MAX, close: books.close() },
            waits: waits.into_iter().map(|cost| WaitLine { change: cost.change.word(), cost }).collect(),
            files,
            told: None,
            counted,
        }
    }

    /// With what instructions say beside the verdict, where it is instructions that were counted.
    pub(super) fn beside(mut self, verdict: Option<&VerdictFact>) -> Self {
        let measured = self.books.books.measured;
        if self.counted == Kind::Instructions && measured.a > 0.0 {
            let (gain, metric) = match verdict {
                Some(verdict) => (verdict.measured().map(|standing| standing.bounds), verdict.metric.as_str()),
                None => (None, "the metric"),
            };
            self.told = Some(told(measured.delta / measured.a, gain, metric));
        }
        self
    }

    /// With how many allocations there were, where it is their bytes that are shown.
    pub(super) fn told_often(mut self, allocations: Option<Difference>) -> Self {
        if let Some(allocations) = allocations {
            let (a, b) = (allocations.a.measured(), allocations.b.measured());
            let share = if a > 0.0 { format!(" ({})", units::Change((b - a) / a)) } else { String::new() };
            let amount = |count| Kind::Allocs.amount(count);
            self.told =
                Some(format!("an operation allocates {} times in A and {} times in B{share}", amount(a), amount(b)));
        }
        self
    }

    pub(super) fn functions(&self) -> &[FunctionLine] {
        &self.functions
    }

    pub(super) fn text(&self) -> String {
        let kind = self.counted;
        let Books { functions, remainder, measured, .. } = self.books.books;
        let share =
            if measured.a > 0.0 { format!(" ({})", units::Change(measured.delta / measured.a)) } else { String::new() };
        let mut text = format!(
            "{} experiment {}: {} per operation, {}{share}\n\n  A (off)  {}\n  B (on)   {}\n\n",
            self.id,
            self.experiment,
            kind.label(),
            kind.change(measured.delta),
            self.a.coverage,
            self.b.coverage
        );
        let mut lines: Vec<Line> = self.functions.iter().map(|function| Line(function.cells())).collect();
        if self.others > 0 {
            lines.push(self.rest(functions));
        }
        let sum = |name: &str, entry| Line(cells(name, entry, kind, ""));
        lines.push(sum("= all functions", functions));
        if kind == Kind::Cpu {
            lines.push(sum("+ not sampled", remainder));
            lines.push(sum("= measured", measured));
        }
        // What waits by itself is a cause, and a cause is told with how often.
        let by_cause = !self.waits.is_empty() && matches!(kind, Kind::Cpu | Kind::Wait | Kind::Times);
        if kind != Kind::Wait || !by_cause {
            text += &output::render(Format::Table, &lines, &());
            text += &self.explained();
        }
        if let Some(told) = &self.told {
            let _ = writeln!(text, "  {told}");
        }
        if by_cause {
            let heading = if kind == Kind::Wait { "" } else { "\n" };
            let _ = write!(text, "{heading}Waiting by cause, all threads together\n\n");
            text += &output::render(Format::Table, &self.waits, &());
        }
        if !self.files.is_empty() {
            text.push('\n');
        }
        for file in &self.files {
            let _ = writeln!(text, "  {file}");
        }
        text
    }

    /// The functions that are not shown, as one line.
    fn rest(&self, all: Entry) -> Line {
        let shown =
            |of: fn(&FunctionCost) -> f64| self.functions.iter().map(|function| of(&function.cost)).sum::<f64>();
        let (a, b) = (all.a - shown(|cost| cost.own_a), all.b - shown(|cost| cost.own_b));
        let entry = Entry { a, b, delta: b - a, noise: None };
        Line(cells(&format!("{} others", self.others), entry, self.counted, ""))
    }

    /// What the lines are, and whether they add up.
    fn explained(&self) -> String {
        let mut text = String::new();
        let about = match self.counted {
            Kind::Cpu => "own CPU time by sampling; measured by the process's clock over the same slices",
            Kind::Wait | Kind::Times => "own waiting by the driver's clocks",
            Kind::Alloc | Kind::Allocs => "bytes that a function asked for, drawn by their number: true on average",
            Kind::Instructions => "own instructions of the same operations, one session",
        };
        let _ = writeln!(text, "\n  {about}");
        let _ = match self.a.processes.min(self.b.processes) {
            _ if self.counted == Kind::Instructions => {
                writeln!(text, "  it repeats to 0.01 %: a change of less than 0.05 % of the whole is none")
            }
            0 | 1 => writeln!(text, "  one process for an arm: how much the next would differ is not known"),
            _ => writeln!(
                text,
                "  ± holds {CONFIDENCE_PERCENT} % of the time, by the processes' disagreement or the counts, whichever is wider"
            ),
        };
        if self.counted == Kind::Cpu {
            let left = |gap: f64| format!("{:.1} % of the measured change", gap * 100.0);
            let _ = match self.books.gap {
                None if !self.books.books.checked => writeln!(
                    text,
                    "  the driver does not say what a sample stands for: each was taken for an equal part of the CPU time, so the sum \
                     is no check"
                ),
                None => writeln!(text, "  nothing changed: there is nothing to explain"),
                Some(gap) if self.books.close => {
                    writeln!(text, "  the books close: what was not sampled is {}", left(gap))
                }
                Some(gap) => writeln!(
                    text,
                    "  the books do NOT close: what was not sampled is {}, more than {:.0} %",
                    left(gap),
                    GAP_MAX * 100.0
                ),
            };
        }
        text
    }
}

const COLUMNS: &[&str] = &["Function", "A", "B", "Change", "±", ""];

/// A line of text among the functions.
#[derive(Serialize)]
struct Line(Vec<String>);

impl Row for Line {
    const COLUMNS: &'static [&'static str] = COLUMNS;
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        self.0.clone()
    }
}

impl Row for FunctionLine {
    const COLUMNS: &'static [&'static str] = COLUMNS;
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        let FunctionCost { name, own_a, own_b, delta, noise, .. } = &self.cost;
        let entry = Entry { a: *own_a, b: *own_b, delta: *delta, noise: *noise };
        cells(name, entry, self.counted, self.change)
    }
}

impl Row for WaitLine {
    const COLUMNS: &'static [&'static str] = &["Cause", "A", "B", "Change", "±", "Times A", "Times B", ""];
    const ELASTIC: Option<usize> = Some(0);

    fn cells(&self) -> Vec<String> {
        let WaitCost { cause, ns_a, ns_b, delta, noise, times_a, times_b, .. } = &self.cost;
        let entry = Entry { a: *ns_a, b: *ns_b, delta: *delta, noise: *noise };
        let mut cells = cells(cause, entry, Kind::Wait, self.change);
        let times = [times_a, times_b].map(|times| times.map_or_else(unknown, |times| Kind::Times.amount(times)));
        cells.splice(5..5, times);
        cells
    }
}

impl FunctionLine {
    /// The functions whose own cost changed most. What has no cost of its own on either side is a caller and nothing else.
    pub(in crate::cli) fn top(attribution: &Attribution, counted: Kind, top: usize) -> Vec<Self> {
        let costly = attribution.functions.iter().filter(|function| function.own_a > 0.0 || function.own_b > 0.0);
        let line = |cost: &FunctionCost| Self { cost: cost.clone(), change: cost.change.word(), counted };
        costly.take(top).map(line).collect()
    }
}

impl ArmLine {
    fn of(profile: &Profile) -> Self {
        Self {
            samples: profile.samples(),
            cpu_s: profile.cpu().as_secs_f64(),
            ops: profile.ops(),
            processes: profile.stretches.len(),
            cost: profile.measured(),
            coverage: profile.coverage(),
        }
    }
}

fn cells(name: &str, entry: Entry, kind: Kind, change: &str) -> Vec<String> {
    let Entry { a, b, delta, noise } = entry;
    let noise = noise.map_or_else(unknown, |noise| kind.amount(noise));
    vec![name.to_owned(), kind.amount(a), kind.amount(b), kind.change(delta), noise, change.to_owned()]
}

fn unknown() -> String {
    "–".to_owned()
}
