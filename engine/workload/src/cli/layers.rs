//! Where the CPU time of a transaction goes: by layer of the engine, and by kind of transaction.
//!
//! From a folded profile. A sample belongs to the layer of the innermost frame of ours on its stack, so that a copy or a
//! page fault counts for who asked for it, and to the kind whose procedure is on the stack. The sum is the CPU time measured.

use std::collections::BTreeMap;

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Object, Rows};
use tabled::settings::{Alignment, Style};

use crate::runner::Stats;

/// What a frame's module tells: the first that it is within counts.
const LAYERS: &[(&str, &str)] = &[
    ("parts::slotted", "pages: search and change"),
    ("parts::page", "pages: search and change"),
    ("engine::index", "trees: the way down, splits"),
    ("engine::storage", "trees: the way down, splits"),
    ("engine::buffer", "buffer pool and latches"),
    ("parts::concurrent::latch", "buffer pool and latches"),
    ("parts::concurrent::parking", "buffer pool and latches"),
    ("parts::concurrent::lock_table", "row locks"),
    ("engine::transaction::lock_manager", "row locks"),
    ("parts::deadlock", "row locks"),
    ("parts::wal", "log"),
    ("parts::row_log", "log"),
    ("engine::transaction::mvcc", "versions"),
    ("engine::transaction::vacuum", "versions"),
    ("engine::transaction::ghosts", "versions"),
    ("engine::memory", "memory"),
    ("parts::concurrent::reclaim", "memory"),
    ("parts::pool", "memory"),
    ("files", "files"),
    ("engine", "transactions"),
    ("parts", "transactions"),
    ("driver", "transactions"),
    ("workload::runner", "driver"),
    ("workload::rng", "driver"),
    ("workload", "procedures and rows"),
];
/// Threads and stacks that show no frame of ours.
const ELSEWHERE: &str = "elsewhere";
/// Samples outside every procedure: flusher, vacuum, checkpoints, the driver's own loop.
const NO_KIND: &str = "beside";

/// The table, in µs of CPU; `cpu_ns` is the CPU time of the run that the profile covers.
pub(super) fn render(folded: &str, stats: &Stats, cpu_ns: u64) -> String {
    let kinds: Vec<&str> = stats.kinds.iter().map(|kind| kind.name).collect();
    let mut samples: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (stack, count) in folded.lines().filter_map(|line| line.rsplit_once(' ')) {
        let count: u64 = count.parse().unwrap_or_default();
        *samples.entry(layer(stack)).or_default().entry(kind(stack, &kinds)).or_default() += count;
    }
    let all: u64 = samples.values().flat_map(BTreeMap::values).sum();
    let us_per_sample = cpu_ns as f64 / 1e3 / all.max(1) as f64;
    let commits =
        |name: &str| stats.kinds.iter().find(|kind| kind.name == name).map_or(0, |kind| kind.latency_ns.len());

    let mut rows = Builder::default();
    let header = ["µs of CPU per transaction", "of all"].into_iter().chain(kinds.iter().copied());
    rows.push_record(header.chain([NO_KIND]));
    let mut row = |name: &str, of: &dyn Fn(&str) -> u64| {
        let us = |count: u64, per: u64| match per {
            0 => String::new(),
            per => format!("{:.2}", count as f64 * us_per_sample / per as f64),
        };
        let total: u64 = kinds.iter().chain([&NO_KIND]).map(|kind| of(kind)).sum();
        let each = kinds.iter().map(|kind| us(of(kind), commits(kind)));
        let record = [name.to_owned(), us(total, stats.commits())].into_iter().chain(each);
        rows.push_record(record.chain([us(of(NO_KIND), stats.commits())]));
    };
    let mut by_cost: Vec<_> = samples.iter().collect();
    by_cost.sort_by_key(|(_, kinds)| std::cmp::Reverse(kinds.values().sum::<u64>()));
    for (name, counts) in by_cost {
        row(name, &|kind| counts.get(kind).copied().unwrap_or_default());
    }
    row("all", &|kind| samples.values().filter_map(|counts| counts.get(kind)).sum());
    let right = Columns::new(1..).not(Rows::first());
    rows.build().with(Style::rounded()).modify(right, Alignment::right()).to_string()
}

fn layer(stack: &str) -> &'static str {
    let known = |frame: &str| LAYERS.iter().find(|(module, _)| within(frame, module)).map(|(_, layer)| *layer);
    stack.rsplit(';').find_map(known).unwrap_or(ELSEWHERE)
}

fn within(frame: &str, module: &str) -> bool {
    frame.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

/// A kind's procedure is a module of its name, or else the workload has but one kind.
fn kind<'k>(stack: &str, kinds: &[&'k str]) -> &'k str {
    let executes = |frame: &str| frame.starts_with("workload::") && frame.ends_with("::execute");
    match kinds {
        [only] => {
            if stack.split(';').any(executes) {
                only
            } else {
                NO_KIND
            }
        }
        kinds => kinds
            .iter()
            .find(|kind| stack.split(';').any(|frame| frame.split("::").any(|part| part == **kind)))
            .copied()
            .unwrap_or(NO_KIND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    const FOLDED: &str = "\
worker;workload::runner::worker::run;workload::tpcc::workload::execute;workload::tpcc::payment::run;engine::index::btree::shared;parts::slotted::search::find 6
worker;workload::runner::worker::run;workload::tpcc::workload::execute;workload::tpcc::payment::run;parts::wal::ring::put;__memcpy 2
wal-flusher;parts::wal::writer::write;files::real::write_at 1
thread;start 1
";

    #[test]
    fn every_layer_is_a_module_that_exists() {
        let engine = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for (module, _) in LAYERS {
            let (krate, path) = module.split_once("::").unwrap_or((module, ""));
            let sources = if krate == "engine" { engine.join("src") } else { engine.join(krate).join("src") };
            let place = path.split("::").fold(sources, |place, part| place.join(part));
            assert!(place.is_dir() || place.with_extension("rs").is_file(), "{module} is not in {}", place.display());
        }
    }

    #[test]
    fn samples_go_to_the_innermost_layer_and_close_on_the_cpu_time() {
        let mut stats = Stats::new(&["new_order", "payment"]);
        stats.elapsed = Duration::from_secs(1);
        (0..10).for_each(|_| stats.kinds[1].latency_ns.record(5000).unwrap());
        let table = render(FOLDED, &stats, 100_000);
        let row = |name: &str| table.lines().find(|line| line.contains(name)).unwrap().to_owned();
        let figures =
            |name: &str| -> Vec<f64> { row(name).split('│').filter_map(|cell| cell.trim().parse().ok()).collect() };
        // 10 samples, 100 µs, 10 transactions.
        assert_eq!(figures("pages: search"), [6.0, 6.0, 0.0]);
        assert_eq!(figures("│ log"), [2.0, 2.0, 0.0]);
        assert_eq!(figures("files"), [1.0, 0.0, 1.0]);
        assert_eq!(figures("elsewhere"), [1.0, 0.0, 1.0]);
        assert_eq!(figures("│ all"), [10.0, 8.0, 2.0]);
    }
}
