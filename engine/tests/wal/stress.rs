//! Many threads on one small log: nothing lost, nothing twice, nobody left waiting.

use crate::support::*;
use engine::io::{Lsn, SimFs};
use engine::metrics::Counter;
use engine::transaction::wal::{CommitLog, CommitWait, WalOptions};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

every_variant! {
    /// A session that commits and waits, one that seldom does, one that nudges and polls, one that checkpoints, and
    /// somebody who syncs all the time: all on a buffer of a few records and segments of a few batches.
    fn a_crowd<L: CommitLog>() {
        const APPENDS: u64 = 2_000;
        let fs = SimFs::new();
        let options = WalOptions { buffer_bytes: 4 << 10, segment_bytes: 64 << 10, prepare_ahead: true, ..small() };
        let (log, metrics) = new_log::<L>(&fs, &options);
        let (log, checkpoint) = (&log, &AtomicU64::new(4096));
        let running = AtomicU64::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let running = &running;
                scope.spawn(move || {
                    let _running = Running(running);
                    for i in 0..APPENDS {
                        let span = append(log, &payload(thread * APPENDS + i));
                        match thread {
                            0 if i % 3 == 0 => commit_and_wait(log, span.end).unwrap(),
                            1 if i % 50 == 0 => commit_and_wait(log, span.end).unwrap(),
                            2 if i % 5 == 0 => poll(log, span.end),
                            3 if i % 500 == 499 => {
                                log.sync_to(span.end).unwrap();
                                log.recycle_below(span.end).unwrap();
                                checkpoint.store(span.end.0, SeqCst);
                            }
                            _ => {}
                        }
                    }
                });
            }
            scope.spawn(|| {
                while running.load(SeqCst) > 0 {
                    let tail = log.tail();
                    log.sync_to(tail).unwrap();
                    std::thread::yield_now();
                }
            });
        });
        log.close().unwrap();
        assert_eq!(log.durable(), log.tail());
        assert_eq!(metrics.get(Counter::WalRecords), 4 * APPENDS);
        assert!(metrics.get(Counter::WalSegmentsRecycled) > 0);
        let read = read_from(&fs, Lsn(checkpoint.load(SeqCst)), log.tail()).unwrap();
        assert_eq!(read.end.at, log.tail());
        let mut last = [None; 4];
        for (_, bytes) in &read.records {
            let i = u64::from_le_bytes(bytes[1..9].try_into().unwrap());
            assert_eq!(*bytes, payload(i));
            let seen = &mut last[(i / APPENDS) as usize];
            assert!(seen.is_none_or(|before| before + 1 == i), "{i} follows {seen:?}");
            *seen = Some(i);
        }
        for (thread, seen) in last.iter().enumerate().filter(|(_, seen)| seen.is_some()) {
            assert_eq!(*seen, Some((thread as u64 + 1) * APPENDS - 1), "the log ends with each thread's last record");
        }
    }

    /// When the log fails, everybody who waits is told.
    fn failure_reaches_every_waiter<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &WalOptions { segment_bytes: 4 << 20, ..small() });
        fs.set_sync_delay(std::time::Duration::from_millis(1));
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let log = &log;
                scope.spawn(move || {
                    for i in 0.. {
                        let ended = append_result(log, &payload(thread << 32 | i)).and_then(|span| commit_and_wait(log, span.end));
                        if ended.is_err() {
                            return;
                        }
                    }
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
            fs.power_off();
        });
        assert!(log.close().is_err());
    }
}

/// One of the running threads, also if it ends by a panic.
struct Running<'a>(&'a AtomicU64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// A worker that has other sessions to run: asks for the background flusher and looks now and then.
fn poll<L: CommitLog>(log: &L, end: Lsn) {
    match log.commit(end).unwrap() {
        CommitWait::Durable | CommitWait::Unsynced => {}
        CommitWait::Until(lsn) => {
            log.nudge();
            while log.durable() < lsn {
                std::thread::yield_now();
            }
        }
    }
}
