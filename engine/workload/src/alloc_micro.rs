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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::memory::pool::{AnyPool as _, BytePool, ObjPool};
use engine::metrics::Metrics;
use engine::select::Pool;
use probe::protocol::{Failure, Finding, ParamSpec};

use crate::entry::{Entry, Named, Site};
use crate::runner::{Bench, Decision, Tally, Workload};
use crate::store::{Store, StoreError, Txn};

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
    site.bench(AllocMicro::new(site.choice("pattern")?))
}

/// Objects of a transaction.
const OBJECTS: usize = 1000;

/// Of these, how many are in use at one time with [`Pattern::Same`].
const WRITE_SET: usize = 40;

/// Objects of twelve updates, as the engine makes them in TPC-C: a key, a version, a copy of the row; here and there
/// a key alone, of a row that is inserted.
const RECIPE: [Shape; 48] = {
    use Shape::{Bytes, Version};
    const STOCK: [Shape; 3] = [Bytes(6), Version, Bytes(292)];
    const LINE: [Shape; 4] = [Bytes(8), Version, Bytes(47), Bytes(9)];
    const CUSTOMER: [Shape; 4] = [Bytes(5), Version, Bytes(560), Bytes(8)];
    const DISTRICT: [Shape; 4] = [Bytes(3), Version, Bytes(95), Bytes(8)];
    let kinds: [&[Shape]; 13] =
        [&STOCK, &LINE, &STOCK, &DISTRICT, &LINE, &STOCK, &LINE, &STOCK, &CUSTOMER, &LINE, &STOCK, &DISTRICT, &LINE];
    let (mut recipe, mut at, mut kind) = ([Bytes(7); 48], 0, 0);
    while kind < kinds.len() {
        let mut part = 0;
        while part < kinds[kind].len() {
            recipe[at] = kinds[kind][part];
            (at, part) = (at + 1, part + 1);
        }
        kind += 1;
    }
    recipe
};

#[derive(Debug, Clone, Copy)]
enum Shape {
    Bytes(usize),
    Version,
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

/// As large as a version of the engine, and made of its number.
type Version = [u64; 5];

#[derive(Debug)]
enum Object {
    Bytes(<Pool<[u8]> as BytePool>::Bytes),
    Version(<Pool<Version> as ObjPool<Version>>::Boxed),
}

/// The workload; see the module.
#[derive(Debug)]
pub struct AllocMicro {
    pattern: Pattern,
    metrics: Arc<Metrics>,
    versions: Pool<Version>,
    bytes: Pool<[u8]>,
    /// What workers have left for one another, with the number of who left it.
    left: Mutex<Vec<(u64, Vec<Object>)>>,
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

/// What a worker has: its number among those of the process, and room for objects.
#[derive(Debug, Default)]
pub struct Hands {
    number: Option<u64>,
    objects: Vec<Object>,
}

impl AllocMicro {
    /// Objects made and freed in this way.
    pub fn new(pattern: Pattern) -> Self {
        let metrics = Arc::new(Metrics::new());
        AllocMicro {
            pattern,
            versions: Pool::new(&metrics),
            bytes: Pool::new(&metrics),
            metrics,
            left: Mutex::default(),
            workers: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            freed: AtomicU64::new(0),
        }
    }

    fn make(&self, number: usize) -> Object {
        const SOURCE: [[u8; 560]; 2] = [[0x5a; 560], [0xa5; 560]];
        match RECIPE[number % RECIPE.len()] {
            Shape::Bytes(len) => Object::Bytes(self.bytes.copy(&SOURCE[number % 2][..len])),
            Shape::Version => Object::Version(self.versions.put([number as u64; 5])),
        }
    }

    /// Frees objects that were made with the numbers from `first` on.
    fn free(&self, first: usize, objects: &mut Vec<Object>) {
        let (mut wrong, count) = (0, objects.len() as u64);
        for (at, object) in objects.drain(..).enumerate() {
            let number = first + at;
            let right = match &object {
                Object::Bytes(bytes) => {
                    let byte = if number.is_multiple_of(2) { 0x5a } else { 0xa5 };
                    bytes.first() == Some(&byte) && bytes.last() == Some(&byte)
                }
                Object::Version(version) => version[0] == number as u64 && version[4] == number as u64,
            };
            wrong += u64::from(!right);
        }
        self.freed.fetch_add(count, Ordering::Relaxed);
        self.wrong.fetch_add(wrong, Ordering::Relaxed);
    }

    /// Leaves objects, and takes those that another worker has left, if there are any, or else the oldest.
    fn exchange(&self, worker: u64, objects: Vec<Object>) -> Vec<Object> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.push((worker, objects));
        let at = left.iter().position(|(other, _)| *other != worker);
        match at {
            Some(at) => left.remove(at).1,
            // Nobody else came by in a while: this worker is alone.
            None if left.len() > 8 => left.remove(0).1,
            None => Vec::with_capacity(OBJECTS),
        }
    }
}

impl Workload for AllocMicro {
    const TABLES: &'static [&'static str] = &[];
    const KINDS: &'static [&'static str] = &["same", "burst", "remote"];
    type Session = Session;
    type Buffers = Hands;

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

    fn execute<T: Txn>(&self, _txn: &mut T, session: &Session, hands: &mut Hands) -> Result<Decision, StoreError> {
        let worker = *hands.number.get_or_insert_with(|| self.workers.fetch_add(1, Ordering::Relaxed));
        let at_once = if session.pattern == Pattern::Same { WRITE_SET } else { OBJECTS };
        for first in (0..OBJECTS).step_by(at_once) {
            hands.objects.extend((first..first + at_once).map(|number| self.make(number)));
            if session.pattern == Pattern::Remote {
                hands.objects = self.exchange(worker, std::mem::take(&mut hands.objects));
            }
            self.free(first, &mut hands.objects);
        }
        Ok(Decision::Commit)
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let counted = self.metrics.snapshot().into_iter().map(|(name, count)| (name.to_owned(), count));
        counted.chain([("alloc.pairs".to_owned(), self.freed.load(Ordering::Relaxed))]).collect()
    }

    fn rows_estimate(&self) -> u64 {
        0
    }

    fn load<S: Store>(&self, _store: &S, _threads: usize, _rows: &AtomicU64) -> Result<(), StoreError> {
        Ok(())
    }

    fn check<S: Store>(&self, _store: &S, sessions: &[&Session]) -> Result<Vec<Finding>, StoreError> {
        let left: usize =
            self.left.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, objects)| objects.len()).sum();
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

    #[test]
    fn objects_are_made_and_freed_in_every_way() {
        for name in Pattern::names() {
            let workload = AllocMicro::new(Pattern::named(name).unwrap());
            let options = RunnerOptions { sessions: 6, workers: 2 };
            let mut runner = Runner::new(MemoryStore::new(AllocMicro::TABLES), workload, options).unwrap();
            runner.load(&mut |_| ()).unwrap();
            assert_eq!(runner.slice(Budget::Ops(120)).unwrap().commits(), 120);
            let report = runner.check().unwrap();
            assert!(report.ok, "{name}: {:?}", report.findings);
            let counted = runner.counters();
            assert!(counted["pool.heap_allocations"] + counted["pool.slab_objects"] >= 120_000);
        }
    }

    #[test]
    fn an_object_that_changed_is_found() {
        let micro = AllocMicro::new(Pattern::Same);
        let mut objects: Vec<_> = (0..3).map(|number| micro.make(number)).collect();
        if let Object::Version(version) = &mut objects[1] {
            version[4] += 1;
        }
        micro.free(0, &mut objects);
        let store = MemoryStore::new(AllocMicro::TABLES);
        assert!(!micro.check(&store, &[]).unwrap().iter().any(|finding| finding.ok));
    }
}
