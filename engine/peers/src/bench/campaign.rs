//! All that the bars ask, in a folder.
//!
//! ```text
//!   settings.json   what it was begun with, and by which build
//!   blocks.jsonl    a line per block, as it ends
//!   report.md       the bars, then a table per cell;  report.json  the same for programs
//! ```
//! Broken off, it is gone on with by the same command: blocks that have figures are not run again, those that failed are.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use probe::protocol::Failure;
use serde::{Deserialize, Serialize};

use super::bars::{self, BARS, Found};
use super::outcome::Outcome;
use super::plan::{Cell, Part, Sizes};
use super::run::{self, Rounds, this_program};
use super::table::{self, Table};

/// How it is measured.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct Settings {
    /// Rounds; each starts every contestant once per cell, in random order
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Rounds besides, of the cells in which those leave a bar undecided, and of the contestants because of whom
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(0..=1000))]
    more: u64,
    /// Seconds of a block that count
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Seconds of a block before, that do not count
    #[arg(long, default_value_t = 0.5)]
    warm_up: f64,
    #[command(flatten)]
    #[serde(flatten)]
    sizes: Sizes,
}

/// A campaign and its folder.
#[derive(Debug)]
pub struct Campaign {
    dir: PathBuf,
    begun: Begun,
    done: Vec<Outcome>,
}

/// What must be the same when it is gone on with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Begun {
    settings: Settings,
    /// Of the orders and the data.
    seed: u64,
    /// When this program was built, in seconds since 1970: figures of two builds do not mix.
    built: u64,
}

/// How it came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What is asked of the engine, and what was found.
    pub bars: Vec<Found>,
    /// The cells.
    pub tables: Vec<Table>,
}

impl Campaign {
    /// Begins one in the folder `dir`, or goes on with the one that is there.
    pub fn open(dir: &Path, settings: &Settings) -> Result<Self, Failure> {
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::new(format!("{} cannot be used: {error}", dir.display()), "name another folder with --to")
        };
        let (file, built) = (dir.join("settings.json"), built()?);
        let Ok(text) = fs::read_to_string(&file) else {
            let seed = seconds_since_1970(SystemTime::now());
            let begun = Begun { settings: settings.clone(), seed, built };
            let text = serde_json::to_string_pretty(&begun).map_err(|error| cannot(&error))?;
            fs::create_dir_all(dir).and_then(|()| fs::write(&file, text)).map_err(|error| cannot(&error))?;
            return Ok(Campaign { dir: dir.to_owned(), begun, done: Vec::new() });
        };
        let begun: Begun = serde_json::from_str(&text).map_err(|error| cannot(&error))?;
        if begun.settings != *settings {
            return Err(cannot(&"it was begun with other settings"));
        }
        if begun.built != built {
            return Err(cannot(&"it was begun by another build of this program"));
        }
        let blocks = dir.join("blocks.jsonl");
        let done = if blocks.exists() { run::read(&blocks)? } else { Vec::new() };
        Ok(Campaign { dir: dir.to_owned(), begun, done })
    }

    /// Runs what is left of it, and writes the report.
    pub fn run(mut self, say: impl Fn(&str)) -> Result<Report, Failure> {
        let everybody: Vec<Part> = self.begun.settings.cells().into_iter().map(Part::of_everybody).collect();
        let first = self.rounds(self.begun.settings.rounds);
        self.run_parts(&everybody, &first, &say)?;
        // Looked at once: going on round by round until an interval lies well would make it lie well by chance.
        let of_first: Vec<Outcome> = self.done.iter().filter(|outcome| first.have(&outcome.round)).cloned().collect();
        let close = bars::undecided(&table::tables(&of_first));
        if self.begun.settings.more > 0 && !close.is_empty() {
            say(&format!("{} of {} cells are undecided and get more rounds", close.len(), everybody.len()));
            self.run_parts(&close, &self.rounds(first.count + self.begun.settings.more), &say)?;
        }
        let tables = table::tables(&self.done);
        let report = Report { bars: bars::found(&tables), tables };
        report.write(&self.dir)?;
        Ok(report)
    }

    fn rounds(&self, count: u64) -> Rounds {
        let Begun { settings, seed, .. } = &self.begun;
        Rounds { count, seconds: settings.seconds, warm_up_seconds: settings.warm_up, seed: *seed, workers: None }
    }

    /// Runs what is left of these rounds of these parts.
    fn run_parts(&mut self, parts: &[Part], rounds: &Rounds, say: &impl Fn(&str)) -> Result<(), Failure> {
        let takes_part = |outcome: &Outcome| {
            let of = |part: &&Part| part.cell == outcome.cell;
            parts.iter().find(of).is_some_and(|part| part.entrants.iter().any(|one| one.name() == outcome.entrant))
        };
        let is_done =
            |outcome: &&Outcome| outcome.figures().is_some() && rounds.have(&outcome.round) && takes_part(outcome);
        let had = self.done.iter().filter(is_done).count();
        let left =
            (parts.iter().map(|part| part.entrants.len()).sum::<usize>() * rounds.count as usize).saturating_sub(had);
        say(&format!("{left} blocks to run, {had} done before"));
        let (blocks, began, mut ran) = (self.dir.join("blocks.jsonl"), Instant::now(), 0);
        let told = |outcome: &Outcome| {
            ran += 1;
            let minutes = began.elapsed().as_secs_f64() / 60.0 / f64::from(ran) * (left as f64 - f64::from(ran));
            say(&format!("{ran}/{left}, {minutes:.0} min to go · {}", outcome.line()));
            run::append(&blocks, outcome)
        };
        let new = run::run(parts, rounds, &self.done, told)?;
        self.done.extend(new);
        Ok(())
    }
}

impl Settings {
    /// The cells of the bars, each once.
    fn cells(&self) -> Vec<Cell> {
        let mut cells: Vec<Cell> = BARS.iter().map(|bar| bar.cell(&self.sizes)).collect();
        cells.dedup();
        cells
    }
}

impl Report {
    /// The bars and the tables.
    pub fn markdown(&self) -> String {
        let tables: String = self.tables.iter().map(|table| format!("\n{}", table.markdown())).collect();
        format!("{}\n{tables}", bars::markdown(&self.bars))
    }

    /// Whether no block failed.
    pub fn is_whole(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.lines).all(|line| line.failures.is_empty())
    }

    fn write(&self, dir: &Path) -> Result<(), Failure> {
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::new(format!("the report cannot be written: {error}"), "the blocks are kept: run it again")
        };
        let json = serde_json::to_string_pretty(self).map_err(|error| cannot(&error))?;
        fs::write(dir.join("report.md"), self.markdown()).map_err(|error| cannot(&error))?;
        fs::write(dir.join("report.json"), json + "\n").map_err(|error| cannot(&error))
    }
}

fn built() -> Result<u64, Failure> {
    let unknown = |error: std::io::Error| Failure::new(format!("this program's age is not known: {error}"), "");
    this_program()?.metadata().and_then(|file| file.modified()).map(seconds_since_1970).map_err(unknown)
}

/// As a number to begin something with that is to differ from time to time; never 0.
pub fn seconds_since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(rounds: u64) -> Settings {
        Settings { rounds, more: 0, seconds: 0.1, warm_up: 0.0, sizes: Sizes { warehouses: 1, rows: 100, cache_mb: 8 } }
    }

    #[test]
    fn every_bar_has_its_cell_once() {
        let cells = settings(1).cells();
        assert_eq!(cells.len(), 9, "{cells:#?}");
        assert!(BARS.iter().all(|bar| cells.contains(&bar.cell(&settings(1).sizes))));
    }

    #[test]
    fn a_folder_is_gone_on_with_by_the_same_settings_only() {
        let dir = tempfile::tempdir().unwrap();
        let first = Campaign::open(dir.path(), &settings(2)).unwrap();
        let again = Campaign::open(dir.path(), &settings(2)).unwrap();
        assert_eq!(first.begun, again.begun);
        let error = Campaign::open(dir.path(), &settings(3)).unwrap_err();
        assert!(error.message.contains("other settings"), "{error}");
    }
}
