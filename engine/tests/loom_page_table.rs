//! The page table's words together with the frame's latch, under every interleaving the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_page_table`
//!
//! The pool itself does I/O, so its steps are repeated here over the real table and the real latch: one frame, whose page
//! and content are words. Without `--cfg loom` this file is empty; `buffer_pool.rs` runs the pool on plain threads.
#![cfg(loom)]

use engine::buffer::page_table::atomic_array::AtomicArray;
use engine::buffer::page_table::{PageTable, Pins};
use engine::buffer::{FrameId, PageId};
use engine::concurrent::latch::HybridLatch;
use engine::sync::Arc;
use engine::sync::atomic::{AtomicU64, Ordering};

const A: u64 = 1;
const B: u64 = 3;
const FRAME: FrameId = FrameId(0);

/// The array pins nothing.
struct Unpinned;

impl Pins for Unpinned {
    fn pin(&self, _frame: FrameId) {
        unreachable!("nobody asked for a pin");
    }

    fn is_pinned(&self, _frame: FrameId) -> bool {
        unreachable!("nobody pins");
    }
}

/// A pool of one frame. Both words of the content are the number of the page whenever nobody writes.
struct Pool {
    table: AtomicArray,
    latch: HybridLatch,
    page: AtomicU64,
    content: [AtomicU64; 2],
}

impl Pool {
    fn new() -> Arc<Self> {
        let word = || AtomicU64::new(0);
        let table = AtomicArray::new(1, &Arc::default());
        Arc::new(Self { table, latch: HybridLatch::new(), page: word(), content: [word(), word()] })
    }

    /// `BufferPool::claim` and the read of the page, with the frame in hand.
    fn load(&self, page: u64) -> Result<(), FrameId> {
        self.page.store(page, Ordering::Relaxed);
        self.table.install(PageId::new(page), FRAME)?;
        self.content.iter().for_each(|word| word.store(page, Ordering::Relaxed));
        Ok(())
    }

    /// `Residents::unmap`, with the frame in hand.
    fn unmap(&self, page: u64) {
        assert!(self.table.retire(PageId::new(page), FRAME, &Unpinned));
        self.page.store(0, Ordering::Relaxed);
    }

    fn exclusive<R>(&self, work: impl FnOnce() -> R) -> R {
        self.latch.exclusive();
        let result = work();
        // SAFETY: held exclusively since two lines above.
        unsafe { self.latch.unlock_exclusive() };
        result
    }

    /// One attempt of `BufferPool::optimistic`, and a read of the content.
    fn read(&self, page: u64) -> Option<[u64; 2]> {
        self.table.get(PageId::new(page), &Unpinned)?;
        let version = self.latch.optimistic();
        if self.page.load(Ordering::Relaxed) != page || !self.latch.validate(version) {
            return None;
        }
        let content = [self.content[0].load(Ordering::Relaxed), self.content[1].load(Ordering::Relaxed)];
        self.latch.validate(version).then_some(content)
    }
}

/// The frame goes from page A to page B and back to A while somebody reads A: what he believes is A, whole. The reader may
/// hold an answer from before, and the word names the same frame again: only the latch's version tells.
#[test]
fn a_reader_never_believes_another_page() {
    let believed = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = Arc::clone(&believed);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(move || {
        let pool = Pool::new();
        pool.exclusive(|| pool.load(A)).unwrap();
        let evictor = {
            let pool = Arc::clone(&pool);
            loom::thread::spawn(move || {
                pool.exclusive(|| {
                    pool.unmap(A);
                    pool.load(B).unwrap();
                });
                pool.exclusive(|| {
                    pool.unmap(B);
                    pool.load(A).unwrap();
                });
            })
        };
        if let Some(content) = pool.read(A) {
            assert_eq!(content, [A, A]);
            seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        evictor.join().unwrap();
        assert_eq!(pool.read(A), Some([A, A]));
        assert_eq!(pool.read(B), None);
    });
    assert!(
        believed.load(std::sync::atomic::Ordering::Relaxed) > 0,
        "no schedule read anything: the model shows nothing"
    );
}

/// Of two threads that bring the same page in, one installs it; the other learns where it is.
#[test]
fn one_installer_wins() {
    loom::model(|| {
        let table = Arc::new(AtomicArray::new(2, &Arc::default()));
        let other = {
            let table = Arc::clone(&table);
            loom::thread::spawn(move || table.install(PageId::new(A), FrameId(1)))
        };
        let mine = table.install(PageId::new(A), FrameId(0));
        match (mine, other.join().unwrap()) {
            (Ok(()), Err(winner)) => assert_eq!(winner, FrameId(0)),
            (Err(winner), Ok(())) => assert_eq!(winner, FrameId(1)),
            outcome => panic!("{outcome:?}"),
        }
    });
}

/// Who finds the frame of a page that is being brought in finds its latch taken, waits there, and then has the page: he
/// never comes back empty-handed to ask again.
#[test]
fn who_finds_the_frame_meets_the_loader_at_its_latch() {
    loom::model(|| {
        let pool = Pool::new();
        let loader = {
            let pool = Arc::clone(&pool);
            loom::thread::spawn(move || pool.exclusive(|| pool.load(A).unwrap()))
        };
        if pool.table.get(PageId::new(A), &Unpinned).is_some() {
            pool.latch.shared();
            assert_eq!(pool.page.load(Ordering::Relaxed), A);
            assert_eq!(pool.content[1].load(Ordering::Relaxed), A);
            // SAFETY: held shared since three lines above.
            unsafe { pool.latch.unlock_shared() };
        }
        loader.join().unwrap();
    });
}
