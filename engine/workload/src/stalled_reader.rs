//! Stalled-reader: half updates, half reads, as YCSB A; and beside them one reader that takes a snapshot, stands still, and
//! goes on.
//!
//! While it stands, every update leaves a version that cannot go; when it has gone, all of them go at once. What is measured
//! is how much memory then waits to be freed though nobody can need it any more, on average over time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use probe::protocol::{Better, Failure, Finding, ParamSpec, Unit};

use crate::entry::{Entry, Site, StoreKind};
use crate::measure::Metric;
use crate::rng::Rng;
use crate::runner::{Bench, Slices, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "stalled-reader",
    summary: "Half updates, half reads, and a reader that stands still with its snapshot: memory that waits to be freed",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("rows", ParamSpec::integer(20_000, 100, 100_000_000, "Rows of the table")),
        ("row_bytes", ParamSpec::integer(400, 8, 1500, "Bytes of a row")),
        ("stall_ms", ParamSpec::integer(100, 1, 60_000, "Milliseconds the reader stands still with each snapshot")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let (rows, row_bytes) = (site.integer("rows"), site.integer("row_bytes") as usize);
    let stall = Duration::from_millis(site.integer("stall_ms"));
    match site.choice("store")? {
        StoreKind::Engine => site.bench(StalledReader::new(rows, row_bytes, stall, site.seed)),
        StoreKind::Memory => {
            let why = "the memory store runs one transaction at a time: the reader would keep everybody out";
            Err(Failure::new(why, "run it on the engine"))
        }
    }
}

/// What is measured beside the figures of every workload.
pub const UNRECLAIMED: Metric = Metric {
    name: "unreclaimed",
    title: "bytes that wait to be freed",
    unit: Unit::Bytes,
    better: Better::Lower,
    // Less than a byte counts as one, so that ratios exist.
    read: |slice| Some((slice.count(SUM)? / slice.count(SAMPLES)?.max(1.0)).max(1.0)),
};

const SUM: &str = "unreclaimed.bytes_sampled";
const SAMPLES: &str = "unreclaimed.samples";

/// Between two looks at what waits to be freed.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(2);

/// Rows that the reader reads before and after it stands still.
const READ_ROWS: u64 = 500;

const ROWS: TableId = TableId(0);
const ROWS_PER_TXN: u64 = 1000;

/// One table; a row is `updates u64`, then bytes that follow from that number.
#[derive(Debug)]
pub struct StalledReader {
    rows: u64,
    row_bytes: usize,
    stall: Duration,
    seed: u64,
    bytes_sampled: AtomicU64,
    samples: AtomicU64,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    rng: Rng,
    key: u64,
    update: bool,
    updated: u64,
}

impl StalledReader {
    /// The reader stands still for `stall` with each snapshot.
    pub fn new(rows: u64, row_bytes: usize, stall: Duration, seed: u64) -> Self {
        let (bytes_sampled, samples) = (AtomicU64::new(0), AtomicU64::new(0));
        StalledReader { rows, row_bytes: row_bytes.max(8), stall, seed, bytes_sampled, samples }
    }

    fn fill(row: &mut [u8], updates: u64) {
        row[..8].copy_from_slice(&updates.to_le_bytes());
        row[8..].fill(updates as u8);
    }

    /// The updates of a row that is as it must be.
    fn updates(&self, row: &[u8]) -> Option<u64> {
        let updates = u64::from_le_bytes(*row.first_chunk()?);
        (row.len() == self.row_bytes && row[8..].iter().all(|byte| *byte == updates as u8)).then_some(updates)
    }

    fn sample<S: Store>(&self, store: &S) {
        let counters = store.counters();
        let count = |name: &str| counters.get(name).copied().unwrap_or_default();
        // Read one after the other: more may seem freed than retired.
        let waiting = count("reclaim.retired_bytes").saturating_sub(count("reclaim.freed_bytes"));
        self.bytes_sampled.fetch_add(waiting, Ordering::Relaxed);
        self.samples.fetch_add(1, Ordering::Relaxed);
    }

    /// Looks at what waits every now and then, for so long; false: there are no more slices.
    fn stand<S: Store>(&self, store: &S, slices: &Slices, time: Duration) -> bool {
        let began = slices.elapsed();
        while slices.elapsed() - began < time {
            if !slices.go_on(SAMPLE_INTERVAL) {
                return false;
            }
            self.sample(store);
        }
        true
    }

    /// What the snapshot shows, added up: the same each time.
    fn read_all<T: Txn>(&self, txn: &mut T, first: u64) -> Result<u64, StoreError> {
        let (mut sum, mut broken) = (0, 0);
        let (from, to) = (first.to_be_bytes(), (first + READ_ROWS).to_be_bytes());
        txn.scan(ROWS, &from, &to, |_, row| {
            match self.updates(row) {
                Some(updates) => sum += updates,
                None => broken += 1,
            }
            ControlFlow::Continue(())
        })?;
        if broken == 0 { Ok(sum) } else { Err(StoreError::Fatal(format!("{broken} rows were read wrong"))) }
    }
}

impl Workload for StalledReader {
    const TABLES: &'static [&'static str] = &["row"];
    const KINDS: &'static [&'static str] = &["read", "update"];
    type Session = Session;
    type Buffers = Vec<u8>;

    fn session(&self, number: u16) -> Session {
        Session { rng: Rng::stream(self.seed, &[1, number.into()]), key: 0, update: false, updated: 0 }
    }

    fn draw(&self, session: &mut Session) -> usize {
        session.key = session.rng.below(self.rows);
        session.update = session.rng.below(2) == 0;
        usize::from(session.update)
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Session, row: &mut Vec<u8>) -> Result<Decision, StoreError> {
        let key = session.key.to_be_bytes();
        let (found, whole) = if session.update {
            let found = txn.update(ROWS, &key, |row| {
                let updates = row.first_chunk().map_or(0, |count| u64::from_le_bytes(*count));
                Self::fill(row, updates + 1);
            })?;
            (found, true)
        } else {
            let found = txn.get(ROWS, &key, row)?;
            (found, self.updates(row).is_some())
        };
        match found && whole {
            true => Ok(Decision::Commit),
            false => Err(StoreError::Fatal(format!("row {} is missing or was read wrong", session.key))),
        }
    }

    fn acknowledge(&self, session: &mut Session) {
        session.updated += u64::from(session.update);
    }

    fn rows_estimate(&self) -> u64 {
        self.rows
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let mut row = vec![0; self.row_bytes];
        Self::fill(&mut row, 0);
        for first in (0..self.rows).step_by(ROWS_PER_TXN as usize) {
            let mut txn = store.begin()?;
            let end = self.rows.min(first + ROWS_PER_TXN);
            for key in first..end {
                txn.insert(ROWS, &key.to_be_bytes(), &row)?;
            }
            txn.commit()?;
            rows.store(end, Ordering::Relaxed);
        }
        Ok(())
    }

    fn has_beside(&self) -> bool {
        true
    }

    fn beside<S: Store>(&self, store: &S, slices: &Slices) -> Result<(), StoreError> {
        let mut first = 0;
        while self.stand(store, slices, self.stall / 2) {
            let mut txn = store.begin()?;
            let before = self.read_all(&mut txn, first)?;
            let goes_on = self.stand(store, slices, self.stall);
            let after = self.read_all(&mut txn, first)?;
            txn.rollback()?;
            if before != after {
                return Err(StoreError::Fatal(format!("one snapshot, two sums: {before} and {after}")));
            }
            if !goes_on {
                break;
            }
            first = (first + READ_ROWS) % self.rows;
        }
        Ok(())
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let count = |name: &str, count: &AtomicU64| (name.to_owned(), count.load(Ordering::Relaxed));
        [count(SUM, &self.bytes_sampled), count(SAMPLES, &self.samples)].into()
    }

    fn check<S: Store>(&self, store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let (mut whole, mut sum, mut rows) = (Tally::default(), 0, 0);
        let mut txn = store.begin()?;
        txn.scan(ROWS, &[], &[0xff; 9], |key, row| {
            let updates = self.updates(row);
            whole.note(updates.is_some(), || format!("the row at {key:02x?} is not whole"));
            sum += updates.unwrap_or_default();
            rows += 1;
            ControlFlow::Continue(())
        })?;
        txn.rollback()?;
        let acknowledged: u64 = sessions.iter().map(|session| session.updated).sum();
        let mut count = Tally::default();
        count.note(rows == self.rows && sum == acknowledged, || {
            format!("{acknowledged} updates of {} rows were acknowledged, {rows} rows count {sum}", self.rows)
        });
        Ok(vec![
            whole.finding("stalled.rows", "each row is whole"),
            count.finding("stalled.updates", "the rows count the acknowledged updates"),
        ])
    }
}
