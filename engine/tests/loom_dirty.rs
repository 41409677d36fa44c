//! The dirty word together with the frame's latch, under every interleaving the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_dirty`
//!
//! The pool itself does I/O, so its steps are repeated here over the real word and the real latch; page and disk are words.
//! Without `--cfg loom` this file is empty; `buffer_pool.rs` and `buffer_flush.rs` run the pool itself.
#![cfg(loom)]

use engine::buffer::dirty::DirtyWord;
use engine::concurrent::latch::HybridLatch;
use engine::io::Lsn;
use engine::sync::Arc;
use engine::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// One frame, whose content is the number of the last change, and its place in the data file.
#[derive(Default)]
struct Frame {
    latch: HybridLatch,
    dirty: DirtyWord,
    page: AtomicU64,
    disk: AtomicU64,
}

impl Frame {
    fn change(&self) {
        self.latch.exclusive();
        let number = self.page.load(Ordering::Relaxed) + 1;
        self.page.store(number, Ordering::Relaxed);
        self.dirty.change(Lsn(8 * (number - 1)));
        // SAFETY: held exclusively since the first line.
        unsafe { self.latch.unlock_exclusive() };
    }

    /// `Residents::claim_copy`, the write, and `Residents::settle`.
    fn write(&self) {
        self.latch.shared();
        let copy = self.dirty.claim().then(|| self.page.load(Ordering::Relaxed));
        // SAFETY: held shared since two lines above.
        unsafe { self.latch.unlock_shared() };
        if let Some(copy) = copy {
            let before = self.disk.swap(copy, Ordering::Relaxed);
            assert!(before < copy, "state {copy} was written over {before}");
            self.dirty.written(Lsn(8 * copy));
        }
    }
}

/// Whoever finds the frame clean finds the last change on disk; else the word tells a position at or below it.
fn check(frame: &Frame) {
    let (page, disk) = (frame.page.load(Ordering::Relaxed), frame.disk.load(Ordering::Relaxed));
    match frame.dirty.since() {
        None => assert_eq!(disk, page, "clean, and not on disk"),
        Some(since) => assert!(since <= Lsn(8 * disk), "redo from {since} would miss a change after {disk}"),
    }
}

#[test]
fn a_change_during_the_write_is_not_lost() {
    loom::model(|| {
        let frame = Arc::new(Frame::default());
        frame.change();
        let writer = thread::spawn({
            let frame = frame.clone();
            move || frame.write()
        });
        frame.change();
        writer.join().unwrap();
        check(&frame);
        frame.write();
        assert!(frame.dirty.is_clean());
        check(&frame);
    });
}

#[test]
fn two_writers_do_not_overtake_one_another() {
    loom::model(|| {
        let frame = Arc::new(Frame::default());
        frame.change();
        let writer = thread::spawn({
            let frame = frame.clone();
            move || frame.write()
        });
        frame.write();
        frame.change();
        frame.write();
        writer.join().unwrap();
        check(&frame);
    });
}
