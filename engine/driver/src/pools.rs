//! The engine's pools, as alloc-micro asks for their objects.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use engine::memory::pool::{AnyPool as _, BytePool, ObjPool};
use engine::metrics::Metrics;
use engine::select::Pool;
use engine_workload::alloc_micro::{Hand, Pools};

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

/// As large as a version of the engine, and made of its number.
type Version = [u64; 5];

#[derive(Debug)]
enum Object {
    Bytes(<Pool<[u8]> as BytePool>::Bytes),
    Version(<Pool<Version> as ObjPool<Version>>::Boxed),
}

/// The pools of a database, without the database.
struct EnginePools(Arc<Kinds>);

struct Kinds {
    metrics: Arc<Metrics>,
    versions: Pool<Version>,
    bytes: Pool<[u8]>,
}

struct Objects {
    kinds: Arc<Kinds>,
    held: Vec<Object>,
}

/// Pools as a database has them.
pub(crate) fn pools() -> Box<dyn Pools> {
    let metrics = Arc::new(Metrics::new());
    Box::new(EnginePools(Arc::new(Kinds { versions: Pool::new(&metrics), bytes: Pool::new(&metrics), metrics })))
}

impl Pools for EnginePools {
    fn hand(&self) -> Box<dyn Hand> {
        Box::new(Objects { kinds: Arc::clone(&self.0), held: Vec::new() })
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        self.0.metrics.snapshot().into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }
}

impl Kinds {
    #[inline]
    fn make(&self, number: usize) -> Object {
        const SOURCE: [[u8; 560]; 2] = [[0x5a; 560], [0xa5; 560]];
        match RECIPE[number % RECIPE.len()] {
            Shape::Bytes(len) => Object::Bytes(self.bytes.copy(&SOURCE[number % 2][..len])),
            Shape::Version => Object::Version(self.versions.put([number as u64; 5])),
        }
    }
}

impl Object {
    /// As it was made with this number.
    #[inline]
    fn is_as_made(&self, number: usize) -> bool {
        match self {
            Object::Bytes(bytes) => {
                let byte = if number.is_multiple_of(2) { 0x5a } else { 0xa5 };
                bytes.first() == Some(&byte) && bytes.last() == Some(&byte)
            }
            Object::Version(version) => version[0] == number as u64 && version[4] == number as u64,
        }
    }
}

impl Hand for Objects {
    fn make(&mut self, numbers: Range<usize>) {
        self.held.extend(numbers.map(|number| self.kinds.make(number)));
    }

    fn free(&mut self, first: usize) -> u64 {
        let freed = self.held.drain(..).enumerate();
        freed.map(|(at, object)| u64::from(!object.is_as_made(first + at))).sum()
    }

    fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_changed_is_found_and_the_pools_count() {
        let pools = pools();
        let mut hand = pools.hand();
        hand.make(0..1000);
        assert_eq!((hand.held(), hand.free(0), hand.held()), (1000, 0, 0));
        hand.make(0..10);
        assert_eq!(hand.free(1), 10, "they were made with other numbers");
        let counted = pools.counters();
        assert!(counted["pool.heap_allocations"] + counted["pool.slab_objects"] >= 1010);
    }
}
