//! YCSB as the driver lists it.

use probe::protocol::{Failure, ParamSpec};

use super::mix::Mix;
use super::workload::{Options, Ycsb};
use crate::entry::{Entry, Named, Site};
use crate::runner::Bench;

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "ycsb",
    summary: "YCSB: the core workloads A to F, with or without a sweep through the table beside them",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("mix", Mix::spec("a", "Which of the core workloads")),
        ("rows", ParamSpec::integer(200_000, 100, 100_000_000, "Rows that are loaded")),
        ("row_bytes", ParamSpec::integer(1000, 16, 1500, "Bytes of a row")),
        ("skew", ParamSpec::number(0.99, 0.0, 0.999, "Zipf exponent; 0 is uniform")),
        ("sweep_every", ParamSpec::integer(0, 0, 1_000_000, "Transactions from sweep to sweep; 0: no sweep")),
        ("sweep_rows", ParamSpec::integer(1000, 1, 1_000_000, "Rows of the table read by one sweep")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let options = Options {
        mix: site.choice("mix")?,
        rows: site.integer("rows"),
        row_bytes: site.integer("row_bytes") as usize,
        skew: site.number("skew"),
        sweep_every: site.integer("sweep_every"),
        sweep_rows: site.integer("sweep_rows"),
    };
    site.bench(Ycsb::new(options, site.seed))
}
