//! The pool under pressure and on a bad disk: every page stays itself, whatever is evicted, torn or refused. With pages
//! written on demand and in the background.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::buffer::flush::{Flusher, make};
use engine::buffer::{BufferError, BufferPool, HealReport, PAGE_SIZE, PageId, PageType, PoolOptions, TreeId, Visit};
use engine::io::{DurableHorizon, Fault, FaultKind, IoAction, IoError, Lsn, SimFs, Survival, Vfs};
use engine::metrics::{Counter, Metrics};
use engine_testing::random::Xorshift;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

engine::with_both_flushers! {
    a_page_is_found_again_after_eviction sixty_four_frames_under_four_threads two_threads_that_miss_a_page_read_it_once a_pool_whose_every_frame_is_held_says_so a_checkpoint_is_on_disk_and_the_log_was_first torn_pages_are_healed damage_without_a_copy_is_named after_a_failed_sync_nothing_more_is_written a_full_disk_loses_nothing_and_is_got_over
}

const TREE: TreeId = TreeId(9);

/// A log that is durable exactly as far as it was asked to be.
#[derive(Default)]
struct Log {
    durable: AtomicU64,
}

impl DurableHorizon for Log {
    fn durable(&self) -> Lsn {
        Lsn(self.durable.load(Ordering::Relaxed))
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        self.durable.fetch_max(lsn.0, Ordering::Relaxed);
        Ok(())
    }
}

fn open<F: Flusher>(fs: &SimFs, frames: usize, log: &Arc<Log>) -> (BufferPool, HealReport) {
    let data = fs.open("data").or_else(|_| fs.create("data")).unwrap();
    fs.sync_dir().unwrap();
    let options = PoolOptions { frames, doublewrite_slots: 8, sync: true, flusher: make::<F> };
    BufferPool::open(fs, data, options, Arc::clone(log) as Arc<dyn DurableHorizon>, Arc::new(Metrics::new())).unwrap()
}

fn pool<F: Flusher>(fs: &SimFs, frames: usize) -> BufferPool {
    open::<F>(fs, frames, &Arc::default()).0
}

/// Makes pages 1..=count, each full of a value that starts as its id.
fn fill(pool: &BufferPool, count: u64) {
    for number in 1..=count {
        let id = PageId::new(number);
        let mut page = pool.create(id, Visit::Leaf).unwrap();
        page.format(id, TREE, PageType::Leaf);
        write_all(page.bytes_mut(), number);
        pool.mark_dirty(&mut page, Lsn(number));
    }
}

fn write_all(bytes: &mut [u8; PAGE_SIZE], value: u64) {
    bytes[64..].chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&value.to_le_bytes()));
}

/// The value a page is full of; panics if it is not one value.
fn read_all(bytes: &[u8; PAGE_SIZE]) -> u64 {
    let mut words = bytes[64..].chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    let first = words.next().unwrap();
    assert!(words.all(|word| word == first), "a page holds parts of two versions");
    first
}

fn a_page_is_found_again_after_eviction<F: Flusher>() {
    let fs = SimFs::new();
    let pool = pool::<F>(&fs, 16);
    fill(&pool, 200);
    for number in (1..=200).rev() {
        assert_eq!(read_all(pool.shared(PageId::new(number), Visit::Leaf).unwrap().bytes()), number);
    }
    let metrics = pool.metrics();
    assert!(metrics.get(Counter::BufferEvictions) >= 2 * (200 - 16));
    assert_eq!(metrics.get(Counter::BufferLeafMisses) + metrics.get(Counter::BufferLeafHits), 200);
    assert!(metrics.get(Counter::BufferWrites) >= 184);
}

/// Four threads, a pool a quarter of the data. A page's content is id + 1000 × (writes so far); readers check it.
fn sixty_four_frames_under_four_threads<F: Flusher>() {
    const PAGES: u64 = 256;
    let fs = SimFs::new();
    let pool = pool::<F>(&fs, 64);
    fill(&pool, PAGES);
    let lsn = AtomicU64::new(PAGES + 1);
    let writes: Vec<AtomicU64> = (0..=PAGES).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let (pool, lsn, writes) = (&pool, &lsn, &writes);
            scope.spawn(move || {
                let mut numbers = Xorshift::new(thread);
                for _ in 0..6_000 {
                    let random = numbers.bits();
                    let number = 1 + random % PAGES;
                    let id = PageId::new(number);
                    match random >> 32 & 3 {
                        0 => {
                            let mut page = pool.exclusive(id, Visit::Leaf).unwrap();
                            assert_eq!(page.id(), id);
                            let next = read_all(page.bytes()) + 1000;
                            write_all(page.bytes_mut(), next);
                            pool.mark_dirty(&mut page, Lsn(lsn.fetch_add(1, Ordering::Relaxed)));
                            writes[number as usize].fetch_add(1, Ordering::Relaxed);
                        }
                        1 => {
                            let page = pool.shared(id, Visit::Leaf).unwrap();
                            assert_eq!((page.id(), read_all(page.bytes()) % 1000), (id, number));
                        }
                        _ => {
                            let page = pool.optimistic(id, Visit::Inner).unwrap();
                            let (first, last) = (page.bytes().u64(64), page.bytes().u64(PAGE_SIZE - 8));
                            if page.validate() {
                                assert_eq!((first, first % 1000), (last, number));
                            }
                        }
                    }
                }
            });
        }
        scope.spawn(|| (0..20).for_each(|_| pool.checkpoint(Lsn::ZERO).unwrap()));
    });
    for number in 1..=PAGES {
        let expected = number + 1000 * writes[number as usize].load(Ordering::Relaxed);
        assert_eq!(read_all(pool.shared(PageId::new(number), Visit::Leaf).unwrap().bytes()), expected);
    }
}

fn two_threads_that_miss_a_page_read_it_once<F: Flusher>() {
    let fs = SimFs::new();
    fill_and_close::<F>(&fs, 40);
    for round in 1..=40 {
        let pool = pool::<F>(&fs, 16);
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    pool.shared(PageId::new(round), Visit::Leaf).unwrap();
                });
            }
        });
        assert_eq!(pool.metrics().get(Counter::BufferLeafMisses), 1);
    }
}

fn a_pool_whose_every_frame_is_held_says_so<F: Flusher>() {
    let fs = SimFs::new();
    let pool = pool::<F>(&fs, 16);
    fill(&pool, 30);
    let held: Vec<_> = (1..=16).map(|number| pool.shared(PageId::new(number), Visit::Leaf).unwrap()).collect();
    let error = pool.shared(PageId::new(20), Visit::Leaf).unwrap_err();
    assert!(matches!(error, BufferError::PoolExhausted { frames: 16 }), "{error}");
    drop(held);
    assert_eq!(read_all(pool.shared(PageId::new(20), Visit::Leaf).unwrap().bytes()), 20);
}

fn a_checkpoint_is_on_disk_and_the_log_was_first<F: Flusher>() {
    let fs = SimFs::new();
    let log = Arc::new(Log::default());
    let (pool, _) = open::<F>(&fs, 64, &log);
    fill(&pool, 50);
    assert_eq!(log.durable(), Lsn(0), "nothing was written yet");
    pool.checkpoint(Lsn::ZERO).unwrap();
    assert_eq!(log.durable(), Lsn(50));
    let after = fs.crash(Survival::Nothing);
    let (pool, report) = open::<F>(&after, 64, &log);
    assert_eq!(report.healed, []);
    for number in 1..=50 {
        assert_eq!(read_all(pool.shared(PageId::new(number), Visit::Leaf).unwrap().bytes()), number);
    }
}

/// Every write of the second round is torn in many ways; each page must come back as one of its two versions, whole.
fn torn_pages_are_healed<F: Flusher>() {
    let fs = SimFs::new();
    fill_and_close::<F>(&fs, 12);
    let healed_before_sync = std::sync::Mutex::new(0);
    for stop_after in 1..60 {
        let run = fs.image().restart(Survival::Everything);
        let pool = pool::<F>(&run, 16);
        for number in 1..=12 {
            let mut page = pool.exclusive(PageId::new(number), Visit::Leaf).unwrap();
            write_all(page.bytes_mut(), number + 1000);
            pool.mark_dirty(&mut page, Lsn(100 + number));
        }
        run.power_off_at(run.op_count() + stop_after);
        let finished = pool.checkpoint(Lsn::ZERO).is_ok();
        let image = run.image();
        for survival in image.survivals(24, stop_after) {
            let after = image.restart(survival);
            let (pool, report) = open::<F>(&after, 16, &Arc::default());
            *healed_before_sync.lock().unwrap() += report.healed.len();
            for number in 1..=12 {
                let value = read_all(pool.shared(PageId::new(number), Visit::Leaf).unwrap().bytes());
                assert!(value == number + 1000 || !finished && value == number, "page {number} holds {value}");
            }
        }
    }
    assert!(*healed_before_sync.lock().unwrap() > 100, "the crashes tore nothing: the test shows nothing");
}

fn damage_without_a_copy_is_named<F: Flusher>() {
    let fs = SimFs::new();
    fill_and_close::<F>(&fs, 40);
    fs.corrupt("data", 3 * PAGE_SIZE as u64 + 5000, 0x40);
    let pool = pool::<F>(&fs, 16);
    let error = pool.shared(PageId::new(3), Visit::Leaf).unwrap_err();
    assert!(matches!(error, BufferError::Corruption { page, offset: 24576, .. } if page == PageId::new(3)), "{error}");
    assert!(
        error.to_string().starts_with("file `data`, page 3 at byte 24576: checksum mismatch, expected 0x"),
        "{error}"
    );
    assert!(matches!(pool.shared(PageId::new(99), Visit::Leaf), Err(BufferError::Unwritten { .. })));
    assert_eq!(read_all(pool.shared(PageId::new(4), Visit::Leaf).unwrap().bytes()), 4, "the others are readable");
}

fn after_a_failed_sync_nothing_more_is_written<F: Flusher>() {
    let fs = SimFs::new();
    let pool = pool::<F>(&fs, 16);
    fill(&pool, 10);
    fs.inject(Fault { action: IoAction::Sync, file_prefix: "data".into(), after: 0, kind: FaultKind::Device });
    assert!(matches!(pool.checkpoint(Lsn::ZERO), Err(BufferError::Io(_))));
    let mut page = pool.exclusive(PageId::new(1), Visit::Leaf).unwrap();
    pool.mark_dirty(&mut page, Lsn(1000));
    drop(page);
    let error = pool.checkpoint(Lsn::ZERO).unwrap_err();
    assert!(matches!(error, BufferError::Stopped { .. }), "{error}");
    assert_eq!(read_all(pool.shared(PageId::new(5), Visit::Leaf).unwrap().bytes()), 5, "reading goes on");
}

fn a_full_disk_loses_nothing_and_is_got_over<F: Flusher>() {
    let fs = SimFs::new();
    let pool = pool::<F>(&fs, 16);
    fill(&pool, 10);
    fs.inject(Fault { action: IoAction::Write, file_prefix: "data".into(), after: 1, kind: FaultKind::DiskFull });
    let error = pool.checkpoint(Lsn::ZERO).unwrap_err();
    assert!(matches!(&error, BufferError::Io(io) if io.is_out_of_space()), "{error}");
    pool.checkpoint(Lsn::ZERO).unwrap();
    let pool = open::<F>(&fs.image().restart(Survival::Nothing), 16, &Arc::default()).0;
    for number in 1..=10 {
        assert_eq!(read_all(pool.shared(PageId::new(number), Visit::Leaf).unwrap().bytes()), number);
    }
}

fn fill_and_close<F: Flusher>(fs: &SimFs, count: u64) {
    let pool = pool::<F>(fs, 64);
    fill(&pool, count);
    pool.checkpoint(Lsn::ZERO).unwrap();
    // A second checkpoint's worth of writes moves the copies of the first pages out of the ring.
    for number in count.saturating_sub(8)..=count {
        let mut page = pool.exclusive(PageId::new(number.max(1)), Visit::Leaf).unwrap();
        pool.mark_dirty(&mut page, Lsn(99));
    }
    pool.checkpoint(Lsn::ZERO).unwrap();
}
