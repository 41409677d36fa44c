//! What is asked: cells, and who takes part.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use probe::protocol::{Load, Params};
use serde::{Deserialize, Serialize};

use crate::contestant::{Adapter, Contestant, Durability};

/// A workload of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// TPC-C, the standard mix.
    Tpcc,
    /// YCSB A: half reads, half updates.
    YcsbA,
    /// YCSB C: reads alone.
    YcsbC,
    /// YCSB E: short scans and inserts.
    YcsbE,
    /// Rows per second of a bulk load, made durable in the end.
    Load,
}

impl Question {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Question::Tpcc => "tpcc",
            Question::YcsbA => "ycsb-a",
            Question::YcsbC => "ycsb-c",
            Question::YcsbE => "ycsb-e",
            Question::Load => "load",
        }
    }

    /// Whether it is the load that is measured.
    pub fn is_load(self) -> bool {
        match self {
            Question::Load => true,
            Question::Tpcc | Question::YcsbA | Question::YcsbC | Question::YcsbE => false,
        }
    }

    /// Whether some of its transactions write.
    pub fn writes(self) -> bool {
        match self {
            Question::Tpcc | Question::YcsbA | Question::YcsbE => true,
            Question::YcsbC | Question::Load => false,
        }
    }

    fn workload(self) -> (&'static str, Option<&'static str>) {
        match self {
            Question::Tpcc => ("tpcc", None),
            Question::YcsbA => ("ycsb", Some("a")),
            Question::YcsbC | Question::Load => ("ycsb", Some("c")),
            Question::YcsbE => ("ycsb", Some("e")),
        }
    }
}

/// How large things are.
#[derive(Debug, Clone, PartialEq, Args, Serialize, Deserialize)]
pub struct Sizes {
    /// Warehouses of TPC-C
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3000))]
    pub warehouses: u64,
    /// Rows of YCSB, of 1000 bytes
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub rows: u64,
    /// Cache of every store that can be told, in MiB
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u64).range(8..=1_000_000))]
    pub cache_mb: u64,
}

impl Sizes {
    /// The cell of this size.
    pub fn cell(&self, question: Question, durability: &str, sessions: u64) -> Cell {
        let (warehouses, rows) = if question == Question::Tpcc { (self.warehouses, 0) } else { (0, self.rows) };
        Cell { question, durability: durability.to_owned(), sessions, warehouses, rows, cache_mb: self.cache_mb }
    }
}

/// One table of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// The workload.
    pub question: Question,
    /// `full` or `off`.
    pub durability: String,
    /// Concurrent sessions.
    pub sessions: u64,
    /// Warehouses of TPC-C; 0 for YCSB.
    pub warehouses: u64,
    /// Rows of YCSB; 0 for TPC-C.
    pub rows: u64,
    /// Cache in MiB.
    pub cache_mb: u64,
}

impl Cell {
    /// What it asks, in a line.
    pub fn title(&self) -> String {
        let size = match self.question {
            Question::Tpcc => format!("{} warehouses", self.warehouses),
            Question::YcsbA | Question::YcsbC | Question::YcsbE | Question::Load => format!("{} rows", self.rows),
        };
        let durability = if self.durability == "full" { "durable" } else { "unsynced" };
        let sessions = if self.question.is_load() { String::new() } else { format!(", {} sessions", self.sessions) };
        format!("{}, {durability}{sessions}, {size}, {} MiB cache", self.question.name(), self.cache_mb)
    }
}

/// Who runs in a block: a contestant of this binary, or another driver of the same workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrant {
    /// One of ours.
    Contestant(Contestant),
    /// A `workload` driver, such as the engine built without its improvements.
    External {
        /// The line's name: `ours:` and what it is called.
        name: String,
        /// Its program.
        path: PathBuf,
    },
}

impl Entrant {
    /// The line's name.
    pub fn name(&self) -> &str {
        match self {
            Entrant::Contestant(contestant) => contestant.name(),
            Entrant::External { name, .. } => name,
        }
    }

    /// The message that loads `cell`.
    pub fn load(&self, cell: &Cell, seed: u64, workers: Option<u64>) -> Load {
        let (workload, mix) = cell.question.workload();
        let mut params = Params::from([
            ("sessions".to_owned(), cell.sessions.into()),
            ("durability".to_owned(), cell.durability.clone().into()),
            ("pool_mb".to_owned(), cell.cache_mb.into()),
        ]);
        match mix {
            Some(mix) => {
                params.insert("mix".to_owned(), mix.into());
                params.insert("rows".to_owned(), cell.rows.into());
            }
            None => {
                params.insert("warehouses".to_owned(), cell.warehouses.into());
            }
        }
        if let Entrant::Contestant(contestant) = self {
            params.insert("store".to_owned(), contestant.name().into());
            params.insert("load_only".to_owned(), cell.question.is_load().into());
            if let (Some(workers), Contestant::Peer(..)) = (workers, contestant) {
                params.insert("workers".to_owned(), workers.into());
            }
        }
        Load { workload: workload.to_owned(), seed, params }
    }
}

/// A cell, and who takes part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The question.
    pub cell: Cell,
    /// The contestants.
    pub entrants: Vec<Entrant>,
}

impl Part {
    /// Everybody whose line would not be another's: where nothing writes, there is nothing to batch.
    pub fn of_everybody(cell: Cell) -> Self {
        let distinct = |contestant: &&Contestant| {
            cell.question.writes() || !matches!(contestant, Contestant::Peer(_, Adapter::Batched))
        };
        let entrants = Contestant::ALL.iter().filter(distinct).copied().map(Entrant::Contestant).collect();
        Part { cell, entrants }
    }
}

/// The cells of a command line, in the order given.
pub fn cells(questions: &[Question], durabilities: &[Durability], sessions: &[u64], sizes: &Sizes) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &question in questions {
        for &durability in durabilities {
            for &sessions in sessions {
                // A load has no sessions: one cell of it is enough.
                let sessions = if question.is_load() { 2 } else { sessions };
                let cell = sizes.cell(question, durability.name(), sessions);
                if !cells.contains(&cell) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}
