//! Through the rounds.

use std::io::Write;
use std::path::Path;

use engine_workload::rng::Rng;
use probe::protocol::Failure;

use super::child::Driver;
use super::outcome::{Figures, Outcome, Result as BlockResult};
use super::plan::{Cell, Entrant, Part};

/// How the blocks are run.
#[derive(Debug, Clone)]
pub struct Rounds {
    /// How many.
    pub count: u64,
    /// Seconds that count.
    pub seconds: f64,
    /// Seconds before, that do not.
    pub warm_up_seconds: f64,
    /// Of the order, and of the data; the same in all blocks of a round.
    pub seed: u64,
    /// Threads of every peer, instead of what serves it best.
    pub workers: Option<u64>,
}

impl Rounds {
    /// Whether the round of an outcome is one of them.
    pub fn have(&self, round: &str) -> bool {
        (0..self.count).any(|number| self.name(number) == round)
    }

    fn name(&self, number: u64) -> String {
        format!("{}.{number}", self.seed)
    }
}

/// Runs every round, in it every cell, in that every entrant, and hands each outcome to `told` as it comes. What `done` has
/// figures for is not run again.
///
/// The rounds are the outermost, so that whatever the machine goes through, it meets all cells alike.
pub fn run(
    parts: &[Part],
    rounds: &Rounds,
    done: &[Outcome],
    mut told: impl FnMut(&Outcome) -> Result<(), Failure>,
) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    for number in 0..rounds.count {
        for (at, Part { cell, entrants }) in parts.iter().enumerate() {
            let mut order: Vec<&Entrant> = entrants.iter().collect();
            Rng::stream(rounds.seed, &[number, at as u64]).shuffle(&mut order);
            for entrant in order {
                let round = rounds.name(number);
                let same = |outcome: &&Outcome| {
                    outcome.cell == *cell && outcome.entrant == entrant.name() && outcome.round == round
                };
                if done.iter().filter(same).any(|outcome| outcome.figures().is_some()) {
                    continue;
                }
                let result = match block(cell, entrant, rounds, rounds.seed + number) {
                    Ok(figures) => BlockResult::Measured(figures),
                    Err(failure) => BlockResult::Failed(failure.to_string()),
                };
                let outcome = Outcome { cell: cell.clone(), entrant: entrant.name().to_owned(), round, result };
                told(&outcome)?;
                outcomes.push(outcome);
            }
        }
    }
    Ok(outcomes)
}

/// One process: load, warm up, run, check, end.
fn block(cell: &Cell, entrant: &Entrant, rounds: &Rounds, seed: u64) -> Result<Figures, Failure> {
    let mut driver = match entrant {
        Entrant::Contestant(_) => Driver::start(this_program()?, &["driver"])?,
        Entrant::External { path, .. } => Driver::start(path, &["driver"])?,
    };
    let loaded = driver.load(entrant.load(cell, seed, rounds.workers))?;
    let load_per_second = loaded.rows as f64 / seconds(loaded.elapsed_ns);
    if cell.question.is_load() {
        driver.check()?;
        let finished = driver.finish()?;
        let peak_mb = finished.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6);
        return Ok(Figures { per_second: load_per_second, load_per_second, peak_mb, ..Figures::default() });
    }
    if rounds.warm_up_seconds > 0.0 {
        driver.slice(ms(rounds.warm_up_seconds))?;
    }
    let done = driver.slice(ms(rounds.seconds))?;
    driver.check()?;
    let finished = driver.finish()?;
    let value = |name: &str| done.values.get(name).copied().unwrap_or_default();
    let counter = |name: &str| done.counters.get(name).copied().unwrap_or_default();
    let batches = counter("batch.commits");
    Ok(Figures {
        per_second: done.ops as f64 / seconds(done.elapsed_ns),
        cpu_us: done.cpu_ns as f64 / 1e3 / done.ops.max(1) as f64,
        p50_us: value("p50") / 1e3,
        p99_us: value("p99") / 1e3,
        load_per_second,
        batch: (batches > 0).then(|| counter("batch.members") as f64 / batches as f64),
        peak_mb: finished.peak_memory_bytes.map(|bytes| bytes as f64 / 1e6),
    })
}

/// Appends an outcome to a file, a line each.
pub fn append(file: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let shown = file.display();
    let cannot = |why: String| Failure::new(format!("{shown} cannot be written: {why}"), "name another --json file");
    let line = serde_json::to_string(outcome).map_err(|error| cannot(error.to_string()))?;
    let mut file =
        std::fs::OpenOptions::new().create(true).append(true).open(file).map_err(|error| cannot(error.to_string()))?;
    writeln!(file, "{line}").map_err(|error| cannot(error.to_string()))
}

/// The outcomes that [`append`] wrote.
pub fn read(file: &Path) -> Result<Vec<Outcome>, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("{shown} cannot be read: {error}"), "name a file that --json wrote"))?;
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Failure::new(format!("{shown}, line {}: {error}", number + 1), "name a file that --json wrote")
        })
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
}

/// The program that runs, to be started again.
pub(super) fn this_program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::new(format!("this program's file is not known: {error}"), ""))
}

fn ms(seconds: f64) -> u64 {
    ((seconds * 1e3) as u64).max(1)
}

fn seconds(ns: u64) -> f64 {
    (ns as f64 / 1e9).max(1e-9)
}
