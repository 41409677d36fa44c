//! Proof that durable means synced: each contestant runs under `strace`, and its sync calls are counted.
//!
//! Whoever acknowledges commits without a sync for each, or for each batch of those that waited together, would show here.
//! An unsynced run must show none.

use std::path::{Path, PathBuf};

use probe::protocol::Failure;
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::{Alignment, Style};

use super::child::Driver;
use super::plan::{Cell, Entrant};
use super::run::this_program;

/// The system calls by which bytes reach the disk.
const CALLS: &str = "trace=fsync,fdatasync,msync,sync_file_range,syncfs";

/// Transactions that only read: nothing to be made durable.
const READ_ONLY: &[&str] = &["txn.order_status", "txn.stock_level", "txn.read", "txn.scan"];

/// What one contestant did.
#[derive(Debug, Clone)]
pub struct Synced {
    /// Who.
    pub entrant: String,
    /// Acknowledged transactions that wrote.
    pub commits: u64,
    /// Calls that sync, and how long the slice was.
    pub syncs: u64,
}

/// Counts the commits and syncs of `entrant` in a slice of `ms` milliseconds.
pub fn count(cell: &Cell, entrant: &Entrant, ms: u64, scratch: &Path) -> Result<Synced, Failure> {
    let program = match entrant {
        Entrant::Contestant(_) => this_program()?,
        Entrant::External { path, .. } => path.clone(),
    };
    let trace = scratch.join(format!("{}.trace", entrant.name().replace(':', "-")));
    let program = program.to_string_lossy().into_owned();
    let log = trace.to_string_lossy().into_owned();
    // -y: with the file's name; -f: all threads.
    let arguments = ["-f", "-y", "-o", &log, "-e", CALLS, &program, "driver"];
    let mut driver = Driver::start("strace", &arguments)
        .map_err(|failure| Failure::new(failure.message, "install strace to prove the syncs"))?;
    driver.load(entrant.load(cell, 1, None))?;
    let before = calls(&trace)?;
    let done = driver.slice(ms)?;
    let syncs = calls(&trace)? - before;
    driver.check()?;
    driver.finish()?;
    let read: u64 = READ_ONLY.iter().filter_map(|kind| done.counters.get(*kind)).sum();
    Ok(Synced { entrant: entrant.name().to_owned(), commits: done.ops - read, syncs })
}

/// Sync calls in a trace so far. One that another thread interrupts takes two lines; its end is the one without `(`-text.
fn calls(trace: &PathBuf) -> Result<u64, Failure> {
    let text = std::fs::read_to_string(trace)
        .map_err(|error| Failure::new(format!("the trace cannot be read: {error}"), "is strace allowed here?"))?;
    let starts =
        |line: &&str| !line.contains("resumed>") && (line.contains("sync(") || line.contains("sync_file_range("));
    Ok(text.lines().filter(starts).count() as u64)
}

/// The counts as a table.
pub fn render(cell: &Cell, found: &[Synced]) -> String {
    let mut rows = Builder::default();
    rows.push_record(["store", "commits that wrote", "sync calls", "commits per sync"]);
    for Synced { entrant, commits, syncs } in found {
        let ratio =
            if *syncs == 0 { "never synced".to_owned() } else { format!("{:.2}", *commits as f64 / *syncs as f64) };
        rows.push_record([entrant.clone(), commits.to_string(), syncs.to_string(), ratio]);
    }
    let numbers = Columns::new(1..).not(Rows::first());
    format!("{}\n{}\n", cell.title(), rows.build().with(Style::rounded()).modify(numbers, Alignment::right()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let trace = dir.path().join("trace");
        let text = "7 fdatasync(3</x/wal>) = 0\n8 fsync(4</x>  <unfinished ...>\n7 msync(0x1, 4096, MS_SYNC) = 0\n\
                    8 <... fsync resumed>) = 0\n7 +++ exited with 0 +++\n";
        std::fs::write(&trace, text).unwrap();
        assert_eq!(calls(&trace).unwrap(), 3);
    }
}
