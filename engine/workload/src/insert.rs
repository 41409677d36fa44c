//! Insert: small transactions that add rows and nothing else, in one of four orders.
//!
//! Where a key falls decides how a B+tree grows: at its end (numbers from a sequence), at its beginning, anywhere, or at the
//! end of many runs inside it (the lines of orders in many districts, as in TPC-C). That is what index splits live on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Named, Site};
use crate::rng::{Rng, mix};
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, TableId, Transaction, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "insert",
    summary: "Transactions that add rows in one of four orders; the table grows as long as it runs",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![
        ("order", Order::spec("lines", "Where keys fall; lines: at the end of 20 runs")),
        ("block_rows", ParamSpec::integer(10, 1, 10_000, "Rows of a transaction")),
        ("row_bytes", ParamSpec::integer(60, 8, 1500, "Bytes of a row")),
    ]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    let (order, row_bytes) = (site.choice("order")?, site.integer("row_bytes") as usize);
    site.bench(Insert::new(order, site.integer("block_rows"), row_bytes, site.seed))
}

const ROWS: TableId = TableId(0);
/// Districts whose orders come interleaved: two warehouses' worth.
const DISTRICTS: u64 = 20;
/// Rows that are there before the first session begins, rounded up to whole blocks.
const LOADED_ROWS: u64 = 20_000;

/// In which order keys come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each key above all before it.
    Ascending,
    /// Each key below all before it.
    Descending,
    /// Anywhere.
    Random,
    /// At the end of one of twenty runs.
    Lines,
}

impl Named for Order {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("ascending", Order::Ascending),
        ("descending", Order::Descending),
        ("random", Order::Random),
        ("lines", Order::Lines),
    ];
}

/// One table whose rows come in blocks, a block a transaction. Blocks are numbered as they are drawn.
#[derive(Debug)]
pub struct Insert {
    order: Order,
    block_rows: u64,
    row_bytes: usize,
    seed: u64,
    loaded_blocks: u64,
    next_block: AtomicU64,
}

/// One client: the block it is to insert, and how many it has seen committed.
#[derive(Debug)]
pub struct Inserter {
    block: u64,
    acknowledged: u64,
}

impl Insert {
    /// `block_rows` rows a transaction, of `row_bytes` bytes each, at least 8.
    pub fn new(order: Order, block_rows: u64, row_bytes: usize, seed: u64) -> Self {
        let loaded_blocks = LOADED_ROWS.div_ceil(block_rows);
        let next_block = AtomicU64::new(loaded_blocks);
        Insert { order, block_rows, row_bytes: row_bytes.max(8), seed, loaded_blocks, next_block }
    }

    /// Writes the key of row `line` of a block.
    fn key(&self, block: u64, line: u64) -> [u8; 10] {
        let (district, number) = match self.order {
            Order::Ascending => (0, block * self.block_rows + line),
            Order::Descending => (0, u64::MAX - block * self.block_rows - line),
            Order::Random => (0, mix(block * self.block_rows + line)),
            Order::Lines => (mix(block) % DISTRICTS, block * self.block_rows + line),
        };
        let mut key = [0; 10];
        key[..2].copy_from_slice(&(district as u16).to_be_bytes());
        key[2..].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn insert_block<T: Txn>(&self, txn: &mut T, block: u64, row: &mut Vec<u8>) -> Result<(), StoreError> {
        row.resize(self.row_bytes, 0);
        let mut rng = Rng::stream(self.seed, &[block]);
        for line in 0..self.block_rows {
            row[..8].copy_from_slice(&(block * self.block_rows + line).to_le_bytes());
            rng.text(&mut row[8..]);
            txn.insert(ROWS, &self.key(block, line), row)?;
        }
        Ok(())
    }
}

impl Workload for Insert {
    const TABLES: &'static [&'static str] = &["row"];
    const KINDS: &'static [&'static str] = &["insert"];
    type Session = Inserter;
    type Buffers = Vec<u8>;

    fn session(&self, _number: u16) -> Inserter {
        Inserter { block: 0, acknowledged: 0 }
    }

    fn draw(&self, session: &mut Inserter) -> usize {
        session.block = self.next_block.fetch_add(1, Ordering::Relaxed);
        0
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Inserter, row: &mut Vec<u8>) -> Result<Decision, StoreError> {
        self.insert_block(txn, session.block, row)?;
        Ok(Decision::Commit)
    }

    fn acknowledge(&self, session: &mut Inserter) {
        session.acknowledged += 1;
    }

    fn rows_estimate(&self) -> u64 {
        self.loaded_blocks * self.block_rows
    }

    fn load<S: Store>(&self, store: &S, _threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let mut row = Vec::new();
        for block in 0..self.loaded_blocks {
            let mut txn = store.begin()?;
            self.insert_block(&mut txn, block, &mut row)?;
            txn.commit()?;
            rows.fetch_add(self.block_rows, Ordering::Relaxed);
        }
        Ok(())
    }

    fn check<S: Store>(&self, store: &S, sessions: &[&Inserter]) -> Result<Vec<Finding>, StoreError> {
        let (mut whole, mut blocks) = (Tally::default(), BTreeMap::<u64, u64>::new());
        let mut txn = store.begin_read()?;
        txn.scan(ROWS, &[], &[0xff; 11], |key, row| {
            let number = row.first_chunk().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes));
            let (block, line) = (number / self.block_rows, number % self.block_rows);
            let right = number != u64::MAX && key == self.key(block, line) && row.len() == self.row_bytes;
            whole.note(right, || format!("the row at key {key:02x?} is not the one that was inserted there"));
            *blocks.entry(block).or_default() += 1;
            ControlFlow::Continue(())
        })?;
        txn.rollback()?;
        let mut parts = Tally::default();
        for (block, rows) in &blocks {
            parts.note(*rows == self.block_rows, || format!("block {block} has {rows} of {} rows", self.block_rows));
        }
        let acknowledged = self.loaded_blocks + sessions.iter().map(|session| session.acknowledged).sum::<u64>();
        let mut count = Tally::default();
        count.note(blocks.len() as u64 == acknowledged, || {
            format!("{acknowledged} blocks were acknowledged, {} are there", blocks.len())
        });
        Ok(vec![
            whole.finding("insert.rows", "each row is whole and at its key"),
            parts.finding("insert.blocks", "a block is there with all its rows or not at all"),
            count.finding("insert.count", "the acknowledged blocks are there and no others"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    fn runner(order: Order) -> Runner<MemoryStore, Insert> {
        let options = RunnerOptions { sessions: 5, workers: 2 };
        let mut runner = Runner::new(MemoryStore::new(Insert::TABLES), Insert::new(order, 7, 20, 3), options).unwrap();
        runner.load(&mut |_| ()).unwrap();
        runner
    }

    #[test]
    fn every_acknowledged_block_is_there_in_every_order() {
        for (name, order) in Order::NAMED {
            let mut runner = runner(*order);
            assert_eq!(runner.slice(Budget::Ops(500)).unwrap().commits(), 500);
            let report = runner.check().unwrap();
            assert!(report.ok, "{name}: {:?}", report.findings);
        }
        assert_eq!(Order::named("sideways"), None);
    }

    #[test]
    fn a_lost_row_a_lost_block_and_a_torn_row_are_found() {
        type Harm = fn(&Insert, &mut crate::store::MemoryTxn<'_>);
        let harms: [(&str, Harm); 3] = [
            ("insert.blocks", |insert, txn| assert!(txn.delete(ROWS, &insert.key(9, 3)).unwrap())),
            ("insert.count", |insert, txn| {
                for line in 0..7 {
                    assert!(txn.delete(ROWS, &insert.key(9, line)).unwrap());
                }
            }),
            ("insert.rows", |insert, txn| assert!(txn.update(ROWS, &insert.key(9, 3), |row| row[0] ^= 1).unwrap())),
        ];
        for (condition, harm) in harms {
            let mut runner = runner(Order::Lines);
            runner.slice(Budget::Ops(50)).unwrap();
            let workload = Insert::new(Order::Lines, 7, 20, 3);
            let mut txn = runner.store().begin().unwrap();
            harm(&workload, &mut txn);
            txn.commit().unwrap();
            let findings = runner.check().unwrap().findings;
            assert!(findings.iter().any(|finding| finding.check == condition && !finding.ok), "{findings:?}");
        }
    }
}
