//! Alloc-micro: making and freeing the engine's small objects, through its own pools, and nothing else.
//!
//! What a TPC-C transaction of the baseline makes was recorded: some 48 objects, of which 99 in a hundred are keys of the
//! write set, versions, copies of rows, and keys of deleted rows. A transaction here makes and frees a thousand in those
//! proportions, in one of three ways:
//!
//! * *same*: some forty are made, then freed by the same thread, as a write set is;
//! * *burst*: a thousand are made before the first is freed, as with a snapshot open;
//! * *remote*: they are left for another worker and its thousand are freed instead, as vacuum does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Named, Site};
use crate::runner::{Bench, Tally, Workload};
use crate::store::{Decision, Store, StoreError, Txn};

/// The workload as the driver lists it.
pub const ENTRY: Entry = Entry {
    name: "alloc-micro",
    summary: "Makes and frees the engine's small objects; a transaction is a thousand of them",
    params,
    open,
};

fn params() -> Vec<(&'static str, ParamSpec)> {
    vec![("pattern", Pattern::spec("all", "Who frees what was made, and when"))]
}

fn open(site: &mut Site<'_>) -> Result<Box<dyn Bench>, Failure> {
    site.bench(AllocMicro::new(site.choice("pattern")?, (site.subject.pools)()))
}

/// Objects of a transaction.
const OBJECTS: usize = 1000;

/// Of these, how many are in use at one time with [`Pattern::Same`].
const WRITE_SET: usize = 40;

/// The pools of the database under test.
pub trait Pools: Send + Sync {
    /// A hand, empty as yet.
    fn hand(&self) -> Box<dyn Hand>;

    /// Ever growing event counts of the pools by name.
    fn counters(&self) -> BTreeMap<String, u64>;
}

/// Objects of the pools that are in use, in the order in which they were made. Asked a thousand objects at a time, so that
/// what is measured is not the asking.
pub trait Hand: Send {
    /// Makes those with these numbers: of a kind, and with contents, that follow from the number.
    fn make(&mut self, numbers: Range<usize>);

    /// Frees all; they were made with the numbers from `first` on. How many were not as they were made.
    fn free(&mut self, first: usize) -> u64;

    /// How many there are.
    fn held(&self) -> usize;
}

/// Who frees what was made, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The same thread, soon.
    Same,
    /// The same thread, late.
    Burst,
    /// Another thread.
    Remote,
    /// One after the other.
    All,
}

impl Named for Pattern {
    const NAMED: &'static [(&'static str, Self)] =
        &[("same", Pattern::Same), ("burst", Pattern::Burst), ("remote", Pattern::Remote), ("all", Pattern::All)];
}

/// The workload; see the module.
pub struct AllocMicro {
    pattern: Pattern,
    pools: Box<dyn Pools>,
    /// What workers have left for one another, with the number of who left it.
    left: Mutex<Vec<(u64, Box<dyn Hand>)>>,
    workers: AtomicU64,
    wrong: AtomicU64,
    freed: AtomicU64,
}

/// One client: how often it has drawn, and what.
#[derive(Debug)]
pub struct Session {
    number: u64,
    drawn: u64,
    pattern: Pattern,
}

/// A worker: its number among those of the process, and what it holds.
#[derive(Default)]
pub struct Worker(Option<(u64, Box<dyn Hand>)>);

impl AllocMicro {
    /// Objects of `pools`, made and freed in this way.
    pub fn new(pattern: Pattern, pools: Box<dyn Pools>) -> Self {
        let (workers, wrong, freed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        AllocMicro { pattern, pools, left: Mutex::default(), workers, wrong, freed }
    }

    /// Leaves what is in the hand, and takes what another worker has left, if there is any, or else the oldest.
    fn exchange(&self, worker: u64, hand: &mut Box<dyn Hand>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let at = left.iter().position(|(other, _)| *other != worker);
        let taken = match at {
            Some(at) => left.remove(at).1,
            // Nobody else came by in a while: this worker is alone.
            None if left.len() >= 8 => left.remove(0).1,
            None => self.pools.hand(),
        };
        left.push((worker, std::mem::replace(hand, taken)));
    }
}

impl Workload for AllocMicro {
    const TABLES: &'static [&'static str] = &[];
    const KINDS: &'static [&'static str] = &["same", "burst", "remote"];
    type Session = Session;
    type Buffers = Worker;

    fn session(&self, number: u16) -> Session {
        Session { number: number.into(), drawn: 0, pattern: self.pattern }
    }

    fn draw(&self, session: &mut Session) -> usize {
        session.drawn += 1;
        let (kind, pattern) = match (self.pattern, (session.number + session.drawn) % 3) {
            (Pattern::Same, _) | (Pattern::All, 0) => (0, Pattern::Same),
            (Pattern::Burst, _) | (Pattern::All, 1) => (1, Pattern::Burst),
            (Pattern::Remote, _) | (Pattern::All, _) => (2, Pattern::Remote),
        };
        session.pattern = pattern;
        kind
    }

    fn execute<T: Txn>(&self, _txn: &mut T, session: &Session, worker: &mut Worker) -> Result<Decision, StoreError> {
        let newcomer = || (self.workers.fetch_add(1, Ordering::Relaxed), self.pools.hand());
        let (number, hand) = worker.0.get_or_insert_with(newcomer);
        let at_once = if session.pattern == Pattern::Same { WRITE_SET } else { OBJECTS };
        for first in (0..OBJECTS).step_by(at_once) {
            hand.make(first..first + at_once);
            if session.pattern == Pattern::Remote {
                self.exchange(*number, hand);
            }
            self.freed.fetch_add(hand.held() as u64, Ordering::Relaxed);
            self.wrong.fetch_add(hand.free(first), Ordering::Relaxed);
        }
        Ok(Decision::Commit)
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let mut counted = self.pools.counters();
        counted.insert("alloc.pairs".to_owned(), self.freed.load(Ordering::Relaxed));
        counted
    }

    fn rows_estimate(&self) -> u64 {
        0
    }

    fn load<S: Store>(&self, _store: &S, _threads: usize, _rows: &AtomicU64) -> Result<(), StoreError> {
        Ok(())
    }

    fn check<S: Store>(&self, _store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let left: usize =
            self.left.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, hand)| hand.held()).sum();
        let (freed, wrong) = (self.freed.load(Ordering::Relaxed), self.wrong.load(Ordering::Relaxed));
        let drawn: u64 = sessions.iter().map(|session| session.drawn).sum();
        let (mut contents, mut balance) = (Tally::default(), Tally::default());
        contents.note(wrong == 0, || format!("{wrong} of {freed} objects were not as they were made"));
        balance.note(freed + left as u64 == drawn * OBJECTS as u64, || {
            format!("{} objects were made, {freed} are freed and {left} left", drawn * OBJECTS as u64)
        });
        Ok(vec![
            contents.finding("alloc.contents", "objects are as they were made"),
            balance.finding("alloc.balance", "what was made is freed, or left for another"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{Runner, RunnerOptions};
    use crate::store::MemoryStore;
    use probe::protocol::Budget;

    /// Pools of one kind of object, some of which are damaged while they are in use.
    struct Numbers(Option<usize>);

    struct NumbersHeld(Vec<usize>, Option<usize>);

    impl Pools for Numbers {
        fn hand(&self) -> Box<dyn Hand> {
            Box::new(NumbersHeld(Vec::new(), self.0))
        }

        fn counters(&self) -> BTreeMap<String, u64> {
            BTreeMap::new()
        }
    }

    impl Hand for NumbersHeld {
        fn make(&mut self, numbers: Range<usize>) {
            self.0.extend(numbers.map(|number| if Some(number) == self.1 { number + 1 } else { number }));
        }

        fn free(&mut self, first: usize) -> u64 {
            self.0.drain(..).enumerate().filter(|(at, number)| *number != first + at).count() as u64
        }

        fn held(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn objects_are_made_and_freed_in_every_way_and_a_changed_one_is_found() {
        for name in Pattern::names() {
            for damaged in [None, Some(500)] {
                let workload = AllocMicro::new(Pattern::named(name).unwrap(), Box::new(Numbers(damaged)));
                let options = RunnerOptions { sessions: 6, workers: 2 };
                let mut runner = Runner::new(MemoryStore::new(AllocMicro::TABLES), workload, options).unwrap();
                runner.load(&mut |_| ()).unwrap();
                assert_eq!(runner.slice(Budget::Ops(120)).unwrap().commits(), 120);
                let report = runner.check().unwrap();
                let wrong: Vec<_> = report.findings.iter().filter(|finding| !finding.ok).collect();
                let expected: &[&str] = if damaged.is_some() { &["alloc.contents"] } else { &[] };
                assert_eq!(wrong.iter().map(|finding| &*finding.check).collect::<Vec<_>>(), expected, "{name}");
            }
        }
    }
}
