//! The command line.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use engine_workload::place::DataDir;
use probe::protocol::Failure;

use crate::bench::campaign::{self, Campaign};
use crate::bench::outcome::Outcome;
use crate::bench::plan::{Cell, Entrant, Part, Question, Sizes, cells};
use crate::bench::run::{self, Rounds};
use crate::bench::{syncs, table};
use crate::contestant::{Contestant, Durability};
use crate::driver::PeersDriver;

/// The engine beside SQLite, redb, fjall, LMDB and RocksDB, with the same TPC-C and YCSB code.
#[derive(Debug, Parser)]
#[command(name = "peers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run contestants interleaved, and print a table per cell
    Run(RunArgs),
    /// Run all that the engine's bars ask, into a folder; run again, it goes on where it was broken off
    Bars(BarsArgs),
    /// Print the tables of files that `run --json` wrote, all rounds together
    Table(TableArgs),
    /// Count the sync calls of every contestant with strace
    Syncs(SyncsArgs),
    /// Show who can take part
    List,
    /// Speak the driver protocol on stdin and stdout, as `run` makes its children do
    Driver,
}

#[derive(Debug, Args)]
struct CellArgs {
    /// What is run
    #[arg(long, value_enum, value_delimiter = ',', default_value = "tpcc")]
    workload: Vec<Question>,
    /// When a commit is acknowledged: on disk, or at once
    #[arg(long, value_delimiter = ',', default_value = "full", value_parser = PossibleValuesParser::new(Durability::NAMES))]
    durability: Vec<String>,
    /// Concurrent sessions
    #[arg(long, value_delimiter = ',', default_values_t = [8, 64], value_parser = clap::value_parser!(u64).range(1..=4096))]
    sessions: Vec<u64>,
    #[command(flatten)]
    sizes: Sizes,
    /// Who takes part; `peers list` shows the names. Without it, everybody
    #[arg(long, value_delimiter = ',')]
    stores: Vec<String>,
    /// Another driver of the same workloads as a line of its own, as NAME=PATH; `ours:NAME` in the table
    #[arg(long, value_name = "NAME=PATH")]
    ours: Vec<String>,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    cell: CellArgs,
    /// Rounds; each starts every contestant once, in random order
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Seconds of a block that count
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds of a block before, that do not count
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
    /// Of the order and the data; without it, the time
    #[arg(long)]
    seed: Option<u64>,
    /// Threads of every peer, instead of what serves it best
    #[arg(long)]
    workers: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
    /// Append every block to this file as a line of JSON, for `peers table`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct BarsArgs {
    /// A folder for the blocks and the report: new, or that of a run to be gone on with
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    settings: campaign::Settings,
}

#[derive(Debug, Args)]
struct TableArgs {
    /// Files of `run --json`
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct SyncsArgs {
    #[command(flatten)]
    cell: CellArgs,
    /// Seconds per contestant
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
}

#[derive(Debug, Args)]
struct OutputArgs {
    /// What the tables look like
    #[arg(long, default_value = "terminal", value_parser = PossibleValuesParser::new(["terminal", "markdown", "json"]))]
    format: String,
}

/// Parses the arguments and does what they say.
///
/// Exit codes: 0 done, 1 failed (a block of a run among them), 2 wrong usage.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Driver => return probe::run(PeersDriver::default()),
        Command::Run(args) => run(&args),
        Command::Bars(args) => bars(&args),
        Command::Table(args) => read_all(&args.files).and_then(|found| show(&found, &args.output)),
        Command::Syncs(args) => count_syncs(&args),
        Command::List => list(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure { message, remedy, .. }) => {
            say(&format!("error: {message}\n  help: {remedy}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RunArgs) -> Result<bool, Failure> {
    let entrants = entrants(&args.cell)?;
    let rounds = Rounds {
        count: args.rounds,
        seconds: args.seconds,
        warm_up_seconds: args.warm_up,
        seed: args.seed.unwrap_or_else(|| campaign::seconds_since_1970(SystemTime::now())),
        workers: args.workers,
    };
    let told = |outcome: &Outcome| {
        say(&outcome.line());
        args.json.as_deref().map_or(Ok(()), |file| run::append(file, outcome))
    };
    let part = |cell| match args.cell.stores.is_empty() && args.cell.ours.is_empty() {
        true => Part::of_everybody(cell),
        false => Part { cell, entrants: entrants.clone() },
    };
    let parts: Vec<Part> = asked(&args.cell).into_iter().map(part).collect();
    let outcomes = run::run(&parts, &rounds, &[], told)?;
    show(&outcomes, &args.output)
}

fn bars(args: &BarsArgs) -> Result<bool, Failure> {
    let report = Campaign::open(&args.to, &args.settings)?.run(say)?;
    print(&report.markdown())?;
    Ok(report.is_whole())
}

fn read_all(files: &[PathBuf]) -> Result<Vec<Outcome>, Failure> {
    let read: Result<Vec<_>, Failure> = files.iter().map(|file| run::read(file)).collect();
    Ok(read?.into_iter().flatten().collect())
}

/// Prints the tables; whether no block failed.
fn show(outcomes: &[Outcome], output: &OutputArgs) -> Result<bool, Failure> {
    let tables = table::tables(outcomes);
    let text = match output.format.as_str() {
        "markdown" => tables.iter().map(|table| table.markdown() + "\n").collect(),
        "json" => serde_json::to_string_pretty(&tables).map_err(|error| Failure::new(error.to_string(), ""))? + "\n",
        _ => tables.iter().map(|table| table.terminal() + "\n").collect::<String>(),
    };
    print(&text)?;
    Ok(tables.iter().flat_map(|table| &table.lines).all(|line| line.failures.is_empty()))
}

fn count_syncs(args: &SyncsArgs) -> Result<bool, Failure> {
    let entrants = entrants(&args.cell)?;
    let scratch = DataDir::temporary(false)?;
    for cell in asked(&args.cell) {
        let mut found = Vec::new();
        for entrant in &entrants {
            say(&format!("{} under strace", entrant.name()));
            found.push(syncs::count(&cell, entrant, (args.seconds * 1e3) as u64, scratch.path())?);
        }
        print(&syncs::render(&cell, &found))?;
    }
    Ok(true)
}

fn list() -> Result<bool, Failure> {
    let mut text = String::from("name                 threads with 64 sessions: durable, unsynced, reading only\n");
    for contestant in Contestant::ALL {
        let workers = |durability, writes| contestant.workers(64, durability, writes);
        let (full, off) = (workers(Durability::Full, true), workers(Durability::Off, true));
        text += &format!("{contestant:<20} {full:>3} {off:>3} {:>3}\n", workers(Durability::Full, false));
    }
    if !cfg!(feature = "rocksdb") {
        text += "RocksDB is not built in: it needs clang, libclang and a C++ compiler; see the README, --features rocksdb\n";
    }
    print(&text)?;
    Ok(true)
}

fn asked(args: &CellArgs) -> Vec<Cell> {
    let durabilities: Vec<_> = args.durability.iter().filter_map(|name| Durability::named(name)).collect();
    cells(&args.workload, &durabilities, &args.sessions, &args.sizes)
}

fn entrants(args: &CellArgs) -> Result<Vec<Entrant>, Failure> {
    let mut entrants: Vec<Entrant> = match args.stores.is_empty() {
        true => Contestant::ALL.iter().copied().map(Entrant::Contestant).collect(),
        false => args.stores.iter().map(|name| contestant(name)).collect::<Result<_, _>>()?,
    };
    for given in &args.ours {
        let (name, path) = given.split_once('=').unwrap_or(("other", given));
        let path = Path::new(path);
        if !path.is_file() {
            let message = format!("there is no driver at {}", path.display());
            return Err(Failure::new(message, "build one: cargo build --profile lab -p engine-driver"));
        }
        entrants.push(Entrant::External { name: format!("ours:{name}"), path: path.to_owned() });
    }
    Ok(entrants)
}

fn contestant(name: &str) -> Result<Entrant, Failure> {
    Contestant::named(name).map(Entrant::Contestant).ok_or_else(|| {
        let known: Vec<_> = Contestant::ALL.iter().map(|contestant| contestant.name()).collect();
        Failure::new(format!("unknown store `{name}`"), format!("known: {}", known.join(", ")))
    })
}

/// Writes to stdout; a reader that has gone away is not an error.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("standard output cannot be written: {error}"), ""))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let line =
            ["peers", "run", "--workload", "tpcc,ycsb-a,load", "--durability", "full,off", "--stores", "ours,lmdb"];
        let Command::Run(args) = Cli::try_parse_from(line).unwrap().command else { panic!("not a run") };
        let cells = asked(&args.cell);
        // Two sessions counts for two workloads, and one load, each durable and not.
        assert_eq!(cells.len(), 10, "{cells:#?}");
        assert_eq!(entrants(&args.cell).unwrap().len(), 2);
        let error = contestant("floppy").unwrap_err();
        assert!(error.remedy.contains("lmdb-batched"), "{error}");
        assert!(Cli::try_parse_from(["peers", "run", "--workload", "tpch"]).is_err());
    }
}
