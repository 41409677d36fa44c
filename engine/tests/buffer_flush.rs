//! Who writes pages, and when: what both ways promise, and what the background adds.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::buffer::flush::paced::Paced;
use engine::buffer::flush::{Flusher, make};
use engine::buffer::{BufferError, BufferPool, Page, PageId, PageType, PoolOptions, TreeId, Visit};
use engine::io::{DurableHorizon, Fault, FaultKind, IoAction, IoError, Lsn, SimFs, Survival, Vfs};
use engine::metrics::{Counter, Metrics};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

engine::with_both_flushers! {
    no_page_precedes_its_log below_the_redo_point_everything_is_on_disk
}

/// Far more log than the tests write, unless they say so.
const REDO_BYTES: u64 = 1 << 30;

/// A log that is durable as far as it was asked to be, and forgets nothing else.
#[derive(Default)]
struct Log {
    durable: AtomicU64,
}

impl DurableHorizon for Log {
    fn durable(&self) -> Lsn {
        Lsn(self.durable.load(Ordering::SeqCst))
    }

    fn ensure_durable(&self, lsn: Lsn) -> Result<(), IoError> {
        self.durable.fetch_max(lsn.0, Ordering::SeqCst);
        Ok(())
    }
}

fn open<F: Flusher>(fs: &SimFs, frames: usize, log: &Arc<Log>) -> BufferPool {
    let data = fs.open("data").or_else(|_| fs.create("data")).unwrap();
    fs.sync_dir().unwrap();
    let options = PoolOptions { frames, doublewrite_slots: 32, sync: true, flusher: make::<F> };
    let log = Arc::clone(log) as Arc<dyn DurableHorizon>;
    BufferPool::open(fs, data, options, log, Arc::new(Metrics::new())).unwrap().0
}

/// Makes page `number` say `lsn`, which is the end of its record; records are 8 bytes long.
fn change(pool: &BufferPool, number: u64, lsn: u64, is_new: bool) {
    try_change(pool, number, lsn, is_new).unwrap();
}

fn try_change(pool: &BufferPool, number: u64, lsn: u64, is_new: bool) -> Result<(), BufferError> {
    let id = PageId::new(number);
    let mut page = if is_new { pool.create(id, Visit::Leaf) } else { pool.exclusive(id, Visit::Leaf) }?;
    if is_new {
        page.format(id, TreeId(9), PageType::Leaf);
    }
    page.put_u64(64, lsn);
    pool.mark_dirty(&mut page, Lsn(lsn));
    Ok(())
}

fn no_page_precedes_its_log<F: Flusher>() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<F>(&fs, 32, &log);
    let seen = Arc::new(AtomicU64::new(0));
    let (watched, counted) = (Arc::clone(&log), Arc::clone(&seen));
    fs.observe(move |event, image| {
        if event.action != IoAction::Write || !["data", "doublewrite"].contains(&&*event.file) {
            return;
        }
        // What a disk that keeps everything would hold.
        let file = image.restart(Survival::Everything).open(&event.file).unwrap();
        let mut page = Page::zeroed();
        let end = file.len().unwrap();
        for at in (event.offset..end.min(event.offset + event.len as u64)).step_by(8192) {
            file.read_exact_at(page.bytes_mut(), at).unwrap();
            assert!(page.lsn() <= watched.durable(), "page {:?} of {} before its log", page.id(), page.lsn());
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut lsn = 0;
    for round in 0..6 {
        for number in 1..=60 {
            lsn += 8;
            change(&pool, number, lsn, round == 0);
            if number % 7 == 0 {
                pool.tick(Lsn(lsn), 512).unwrap();
            }
        }
        pool.redo_point(Lsn(lsn)).unwrap();
    }
    fs.observe(|_, _| {});
    assert!(seen.load(Ordering::SeqCst) > 300, "too few writes to show anything");
}

fn below_the_redo_point_everything_is_on_disk<F: Flusher>() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<F>(&fs, 64, &log);
    let mut last = [0; 101];
    let mut lsn = 0;
    let mut random = engine_testing::random::Xorshift::new(5);
    for number in 1..=100 {
        lsn += 8;
        change(&pool, number, lsn, true);
    }
    pool.checkpoint(Lsn(lsn)).unwrap();
    let mut moved = 0;
    for _ in 0..40 {
        for _ in 0..30 {
            let number = 1 + random.below(100);
            lsn += 8;
            change(&pool, number, lsn, false);
            last[number as usize] = lsn;
            pool.tick(Lsn(lsn), 2048).unwrap();
        }
        let redo_from = pool.redo_point(Lsn(lsn)).unwrap();
        assert!(redo_from <= Lsn(lsn));
        moved += u64::from(redo_from > Lsn(lsn.saturating_sub(4096)));
        // A page on disk lacks a change only if that is to be repeated.
        let disk = fs.image().restart(Survival::Nothing).open("data").unwrap();
        for number in 1..=100_u64 {
            let mut page = Page::zeroed();
            disk.read_exact_at(page.bytes_mut(), PageId::new(number).offset_bytes()).unwrap();
            let begins = Lsn(last[number as usize].saturating_sub(8));
            let is_there = page.lsn() >= Lsn(last[number as usize]);
            assert!(is_there || begins >= redo_from, "page {number}: {} on disk, redo from {redo_from}", page.lsn());
        }
    }
    assert!(moved > 20, "the redo point does not keep up: {moved}");
}

#[test]
fn a_write_that_fails_leaves_the_page_dirty() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<Paced>(&fs, 64, &log);
    // Few enough for one batch: none but the failed one could keep the redo point back.
    (1..=10).for_each(|number| change(&pool, number, 8 * number, true));
    fs.inject(Fault { action: IoAction::Write, file_prefix: "data".into(), after: 0, kind: FaultKind::DiskFull });
    pool.checkpoint(Lsn(80)).unwrap_err();
    assert_eq!(pool.redo_point(Lsn(80)).unwrap(), Lsn::ZERO, "nothing was written");
    pool.checkpoint(Lsn(80)).unwrap();
    assert_eq!(pool.redo_point(Lsn(80)).unwrap(), Lsn(80));
}

#[test]
fn the_reserve_is_kept_and_misses_do_not_write() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<Paced>(&fs, 256, &log);
    for number in 1..=1000 {
        change(&pool, number, 8 * number, true);
        pool.tick(Lsn(8 * number), REDO_BYTES).unwrap();
    }
    let metrics = pool.metrics();
    assert_eq!(metrics.get(Counter::FlushForegroundWrites), 0);
    assert_eq!(metrics.get(Counter::FlushReserveMisses), 0);
    assert!(metrics.get(Counter::FlushBackgroundWrites) >= 1000 - 256);
    assert!(metrics.get(Counter::BufferWrites) >= 4 * metrics.get(Counter::FlushBatches), "batches of few pages");
}

#[test]
fn nobody_waits_for_the_background() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<Paced>(&fs, 64, &log);
    (1..=500).for_each(|number| change(&pool, number, 8 * number, true));
    assert!(pool.metrics().get(Counter::FlushForegroundWrites) >= 500 - 64);
}

#[test]
fn victims_that_could_not_be_written_leave_later() {
    let (fs, log) = (SimFs::new(), Arc::new(Log::default()));
    let pool = open::<Paced>(&fs, 64, &log);
    (1..=64).for_each(|number| change(&pool, number, 8 * number, true));
    let disk_is_full = || {
        fs.inject(Fault { action: IoAction::Write, file_prefix: "data".into(), after: 0, kind: FaultKind::DiskFull });
    };
    disk_is_full();
    let mut refused = 0;
    for number in 65..265 {
        let changed = try_change(&pool, number, 8 * number, true);
        if changed.and_then(|()| pool.tick(Lsn(8 * number), REDO_BYTES)).is_err() {
            refused += 1;
            disk_is_full();
        }
    }
    assert!(refused > 64, "{refused} refusals: had each cost a frame, some would still be left");
    pool.checkpoint(Lsn(8 * 265)).unwrap_err();
    (65..=500).for_each(|number| change(&pool, number, 8 * number, true));
    for number in 1..=500 {
        let page = pool.shared(PageId::new(number), Visit::Leaf).unwrap();
        assert_eq!((page.id(), page.u64(64)), (PageId::new(number), 8 * number));
    }
}
