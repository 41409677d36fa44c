//! The table, the sessions, and what must hold in the end.
//!
//! A row is `mark u64 · count u64 · fields`: the mark depends on the key, the count is the number of updates, and an update
//! also writes one field anew. So a row read wrong is noticed at once, and a lost update in the end.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};

use probe::protocol::Finding;

use super::mix::{Mix, Op};
use crate::rng::{Rng, mix};
use crate::runner::{Tally, Workload};
use crate::store::{Decision, Rows, Store, StoreError, TableId, Transaction, Txn};
use crate::zipf::Zipf;

const ROWS: TableId = TableId(0);
const HEAD_BYTES: usize = 16;
const FIELD_BYTES: usize = 100;
const SCAN_ROWS_MAX: u64 = 100;
/// Sessions have 16-bit numbers; each inserts keys of its own.
const SESSION_BITS: u32 = 16;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which of the core workloads.
    pub mix: Mix,
    /// Rows that are loaded.
    pub rows: u64,
    /// Bytes of a row, at least 16.
    pub row_bytes: usize,
    /// Zipf exponent below 1; 0 is uniform.
    pub skew: f64,
    /// Every so many transactions of a session, one carries the sweep on; 0: there is no sweep.
    pub sweep_every: u64,
    /// By how many rows.
    pub sweep_rows: u64,
}

/// The workload; see the module.
#[derive(Debug)]
pub struct Ycsb {
    options: Options,
    zipf: Option<Zipf>,
    seed: u64,
    /// Rows swept since the begin.
    swept: AtomicU64,
}

/// One client and what it does next.
#[derive(Debug)]
pub struct Session {
    number: u16,
    rng: Rng,
    drawn: u64,
    op: Op,
    key: u64,
    /// Of a scan or sweep.
    rows: u64,
    inserted: u64,
    updated: u64,
}

impl Ycsb {
    /// A run with this seed.
    pub fn new(options: Options, seed: u64) -> Self {
        let zipf = (options.skew > 0.0).then(|| Zipf::new(options.rows, options.skew));
        let options = Options { row_bytes: options.row_bytes.max(HEAD_BYTES), ..options };
        Ycsb { options, zipf, seed, swept: AtomicU64::new(0) }
    }

    fn mark(&self, key: u64) -> u64 {
        mix(key ^ self.seed)
    }

    /// The key of the `nth` row that a session inserts.
    fn inserted_key(&self, session: u16, nth: u64) -> u64 {
        self.options.rows + (nth << SESSION_BITS | u64::from(session))
    }

    fn draw_key(&self, session: &mut Session) -> u64 {
        let rows = self.options.rows;
        let rank = match &self.zipf {
            Some(zipf) => zipf.rank(&mut session.rng),
            None => session.rng.below(rows),
        };
        match self.options.mix {
            // The session's own rows, the newest first, then the loaded ones.
            Mix::D if rank < session.inserted => self.inserted_key(session.number, session.inserted - 1 - rank),
            Mix::D => rows - 1 - (rank - session.inserted).min(rows - 1),
            // Hot ranks are scattered over the key space, so that they do not share a page.
            Mix::A | Mix::B | Mix::C | Mix::E | Mix::F if self.zipf.is_some() => mix(rank) % rows,
            Mix::A | Mix::B | Mix::C | Mix::E | Mix::F => rank,
        }
    }

    fn fill(&self, row: &mut Vec<u8>, key: u64, rng: &mut Rng) {
        row.clear();
        row.extend_from_slice(&self.mark(key).to_le_bytes());
        row.resize(self.options.row_bytes, 0);
        rng.text(&mut row[HEAD_BYTES..]);
    }

    /// Counts the update in the row and writes one of its fields anew.
    fn rewrite(&self, row: &mut [u8], key: u64) {
        let count = count_of(row) + 1;
        row[8..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
        let mut rng = Rng::stream(self.seed, &[3, key, count]);
        let fields = row[HEAD_BYTES..].len().div_ceil(FIELD_BYTES) as u64;
        if fields > 0 {
            let start = HEAD_BYTES + rng.below(fields) as usize * FIELD_BYTES;
            let end = row.len().min(start + FIELD_BYTES);
            rng.text(&mut row[start..end]);
        }
    }

    fn verify(&self, key: u64, row: &[u8]) -> Result<(), StoreError> {
        match word(row, 0) == self.mark(key) && row.len() == self.options.row_bytes {
            true => Ok(()),
            false => Err(StoreError::Fatal(format!("row {key} was read wrong"))),
        }
    }

    fn read_range<T: Txn>(&self, txn: &mut T, from: u64, rows: u64) -> Result<(), StoreError> {
        let (mut left, mut outcome) = (rows, Ok(()));
        txn.scan(ROWS, &from.to_be_bytes(), &[0xff; 9], |key, row| {
            outcome = self.verify(word_be(key), row);
            left -= 1;
            if left == 0 || outcome.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        outcome
    }
}

/// The loaded rows with the keys of a range.
struct Loaded<'w> {
    workload: &'w Ycsb,
    keys: Range<u64>,
    rng: Rng,
}

impl Rows for Loaded<'_> {
    fn first_key(&self) -> Vec<u8> {
        self.keys.start.to_be_bytes().to_vec()
    }

    fn next(&mut self, key: &mut Vec<u8>, row: &mut Vec<u8>) -> bool {
        let Some(next) = self.keys.next() else { return false };
        key.clear();
        key.extend_from_slice(&next.to_be_bytes());
        self.workload.fill(row, next, &mut self.rng);
        true
    }
}

impl Workload for Ycsb {
    const TABLES: &'static [&'static str] = &["usertable"];
    const KINDS: &'static [&'static str] = Op::NAMES;
    type Session = Session;
    type Buffers = Vec<u8>;

    fn session(&self, number: u16) -> Session {
        let rng = Rng::stream(self.seed, &[1, number.into()]);
        Session { number, rng, drawn: 0, op: Op::Read, key: 0, rows: 0, inserted: 0, updated: 0 }
    }

    fn draw(&self, session: &mut Session) -> usize {
        session.drawn += 1;
        let Options { mix, rows, sweep_every, sweep_rows, .. } = self.options;
        session.op = match sweep_every {
            0 => mix.draw(&mut session.rng),
            n if session.drawn.is_multiple_of(n) => Op::Sweep,
            _ => mix.draw(&mut session.rng),
        };
        (session.key, session.rows) = match session.op {
            Op::Insert => (self.inserted_key(session.number, session.inserted), 0),
            Op::Sweep => (self.swept.fetch_add(sweep_rows, Ordering::Relaxed) % rows, sweep_rows),
            Op::Scan => (self.draw_key(session), session.rng.between(1, SCAN_ROWS_MAX)),
            Op::Read | Op::Update | Op::ReadModifyWrite => (self.draw_key(session), 0),
        };
        session.op.kind()
    }

    #[inline]
    fn reads_only(&self, session: &Session) -> bool {
        session.op.reads_only()
    }

    fn execute<T: Txn>(&self, txn: &mut T, session: &Session, row: &mut Vec<u8>) -> Result<Decision, StoreError> {
        let bytes = session.key.to_be_bytes();
        let missing = || Err(StoreError::Fatal(format!("row {} is missing", session.key)));
        match session.op {
            Op::Read => match txn.get(ROWS, &bytes, row)? {
                true => self.verify(session.key, row)?,
                false => return missing(),
            },
            Op::Update => {
                if !txn.update(ROWS, &bytes, |row| self.rewrite(row, session.key))? {
                    return missing();
                }
            }
            Op::ReadModifyWrite => match txn.get_for_update(ROWS, &bytes, row)? {
                true => {
                    self.verify(session.key, row)?;
                    txn.update(ROWS, &bytes, |row| self.rewrite(row, session.key))?;
                }
                false => return missing(),
            },
            Op::Insert => {
                self.fill(row, session.key, &mut Rng::stream(self.seed, &[2, session.key]));
                txn.insert(ROWS, &bytes, row)?;
            }
            Op::Scan | Op::Sweep => self.read_range(txn, session.key, session.rows)?,
        }
        Ok(Decision::Commit)
    }

    fn acknowledge(&self, session: &mut Session) {
        match session.op {
            Op::Insert => session.inserted += 1,
            Op::Update | Op::ReadModifyWrite => session.updated += 1,
            Op::Read | Op::Scan | Op::Sweep => {}
        }
    }

    fn rows_estimate(&self) -> u64 {
        self.options.rows
    }

    fn load<S: Store>(&self, store: &S, threads: usize, rows: &AtomicU64) -> Result<(), StoreError> {
        let (all, threads) = (self.options.rows, threads.max(1) as u64);
        let part = |n: u64| {
            let keys = all * n / threads..all * (n + 1) / threads;
            Loaded { workload: self, rng: Rng::stream(self.seed, &[0, keys.start]), keys }
        };
        store.fill(ROWS, (0..threads).map(part).collect(), rows)
    }

    fn check<S: Store>(&self, store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let (mut right, mut updates, mut inserts) = (Tally::default(), Tally::default(), Tally::default());
        let (mut loaded, mut inserted, mut updated) = (0, 0, 0);
        let mut txn = store.begin_read()?;
        txn.scan(ROWS, &[], &[0xff; 9], |key, row| {
            let key = word_be(key);
            right.note(self.verify(key, row).is_ok(), || format!("row {key} is wrong"));
            updated += count_of(row);
            if key < self.options.rows {
                loaded += 1
            } else {
                inserted += 1
            }
            ControlFlow::Continue(())
        })?;
        txn.rollback()?;
        let acknowledged = |count: fn(&Session) -> u64| sessions.iter().map(|session| count(session)).sum::<u64>();
        let (wanted_inserts, wanted_updates) = (acknowledged(|s| s.inserted), acknowledged(|s| s.updated));
        right.note(loaded == self.options.rows, || format!("{} rows loaded, {loaded} are there", self.options.rows));
        inserts.note(inserted == wanted_inserts, || format!("{wanted_inserts} acknowledged, {inserted} are there"));
        updates.note(updated == wanted_updates, || format!("{wanted_updates} acknowledged, {updated} are there"));
        Ok(vec![
            right.finding("ycsb.rows", "every row is there and belongs to its key"),
            inserts.finding("ycsb.inserts", "the rows inserted are those acknowledged"),
            updates.finding("ycsb.updates", "the rows count the updates acknowledged"),
        ])
    }
}

fn count_of(row: &[u8]) -> u64 {
    word(row, 8)
}

fn word(row: &[u8], at: usize) -> u64 {
    row.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn word_be(key: &[u8]) -> u64 {
    key.first_chunk().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Named;
    use crate::runner::{Bench, Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    fn runner(mix: Mix, skew: f64, sweep_every: u64) -> Runner<MemoryStore, Ycsb> {
        let options = Options { mix, rows: 2000, row_bytes: 250, skew, sweep_every, sweep_rows: 64 };
        let store = MemoryStore::new(Ycsb::TABLES);
        let options = (Ycsb::new(options, 5), RunnerOptions { sessions: 4, workers: 2 });
        let mut runner = Runner::new(store, options.0, options.1).unwrap();
        runner.load(&mut |_| ()).unwrap();
        runner
    }

    #[test]
    fn every_mix_holds_its_conditions() {
        for (name, mix) in Mix::NAMED {
            for skew in [0.0, 0.99] {
                let mut runner = runner(*mix, skew, 10);
                let stats = runner.slice(Budget::Ops(3000)).unwrap();
                assert_eq!(stats.commits(), 3000);
                let sweeps = stats.kinds[Op::Sweep.kind()].latency_ns.len();
                assert!((298..=300).contains(&sweeps), "{sweeps} of 3000 swept");
                assert!(runner.check().unwrap().ok, "{name} with skew {skew}");
            }
        }
    }

    #[test]
    fn a_lost_update_a_lost_row_and_a_wrong_one_are_found() {
        let key = 77_u64.to_be_bytes();
        let mut broken: Vec<&str> = Vec::new();
        for damage in 0..3 {
            let mut runner = runner(Mix::A, 0.0, 0);
            runner.slice(Budget::Ops(500)).unwrap();
            let mut txn = runner.store().begin().unwrap();
            match damage {
                0 => assert!(txn.update(ROWS, &key, |row| row[8] = row[8].wrapping_add(1)).unwrap()),
                1 => assert!(txn.delete(ROWS, &key).unwrap()),
                _ => assert!(txn.update(ROWS, &key, |row| row[0] ^= 1).unwrap()),
            }
            txn.commit().unwrap();
            let check = runner.check().unwrap();
            assert!(!check.ok);
            broken.push(if check.findings.iter().any(|f| f.check == "ycsb.rows" && !f.ok) {
                "rows"
            } else {
                "updates"
            });
        }
        assert_eq!(broken, ["updates", "rows", "rows"]);
    }
}
