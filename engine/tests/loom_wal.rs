//! The ring, and the waiting of group commit, under every interleaving the memory model allows.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p engine --release --test loom_wal`
//!
//! Without `--cfg loom` this file is empty; `tests/wal/stress.rs` runs the same code on plain threads.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

use engine::io::{DurableHorizon, Lsn, SimFs, Survival};
use engine::metrics::Metrics;
use engine::sync::thread;
use engine::transaction::wal::grouped::GroupedLog;
use engine::transaction::wal::ring::{Drain, Refused, Ring};
use engine::transaction::wal::{CommitLog, CommitWait, Epoch, Frame, LogFiles, WalOptions};
use std::sync::Arc;

const START: Lsn = Lsn(4096);
/// Every test record: a frame and one word.
const RECORD: usize = 16;

/// Appends a record whose payload is eight times `fill`; false if there is no room.
fn append(ring: &Ring, fill: u8) -> bool {
    let payload = [fill; 8];
    match ring.reserve(payload.len(), Lsn(u64::MAX)) {
        Ok(start) => {
            ring.publish(start, Frame::seal(Epoch(1), start, payload.len(), u32::from(fill)), &payload);
            true
        }
        Err(Refused::Full) => false,
        Err(Refused::BeyondLimit(_)) => unreachable!("there is no limit"),
    }
}

/// What was drained so far, record by record; checks that each is whole.
fn fills(bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len().is_multiple_of(RECORD), "only whole records become visible");
    let record = |(i, record): (usize, &[u8])| {
        let fill = record[8];
        let start = Lsn(START.0 + (i * RECORD) as u64);
        let frame = Frame::seal(Epoch(1), start, 8, u32::from(fill));
        assert_eq!(record[..8], frame.word().to_le_bytes(), "the frame belongs to this payload");
        assert_eq!(record[8..], [fill; 8], "the payload is complete once its frame is visible");
        fill
    };
    bytes.chunks(RECORD).enumerate().map(record).collect()
}

fn drain_into(ring: &Ring, drain: &mut Drain, bytes: &mut Vec<u8>) {
    let mut out = [0; 2 * RECORD];
    let n = ring.drain(drain, &mut out);
    bytes.extend_from_slice(&out[..n]);
}

#[test]
fn two_appenders_and_a_drainer() {
    loom::model(|| {
        let (ring, mut drain) = Ring::new(2 * RECORD, START);
        let ring = Arc::new(ring);
        let appenders: Vec<_> = [1, 2]
            .map(|fill| {
                let ring = ring.clone();
                thread::spawn(move || assert!(append(&ring, fill)))
            })
            .into();
        let mut bytes = Vec::new();
        drain_into(&ring, &mut drain, &mut bytes);
        fills(&bytes);
        appenders.into_iter().for_each(|appender| appender.join().unwrap());
        drain_into(&ring, &mut drain, &mut bytes);
        let mut seen = fills(&bytes);
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    });
}

/// The ring holds one record: the second lies where the first lay, and must not mix with it.
#[test]
fn a_lap_does_not_meet_the_one_before() {
    loom::model(|| {
        let (ring, mut drain) = Ring::new(RECORD, START);
        let ring = Arc::new(ring);
        let appender = {
            let ring = ring.clone();
            thread::spawn(move || {
                assert!(append(&ring, 1));
                append(&ring, 2)
            })
        };
        let mut bytes = Vec::new();
        drain_into(&ring, &mut drain, &mut bytes);
        drain_into(&ring, &mut drain, &mut bytes);
        let fitted = appender.join().unwrap();
        drain_into(&ring, &mut drain, &mut bytes);
        drain_into(&ring, &mut drain, &mut bytes);
        assert_eq!(fills(&bytes), if fitted { vec![1, 2] } else { vec![1] });
    });
}

/// Two sessions commit and wait, on the real log: whoever finds nobody leading leads, and wakes the other. If a
/// wake-up could be lost, loom would report the deadlock.
#[test]
fn no_waiter_is_forgotten() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(|| {
        let options =
            WalOptions { segment_bytes: 8 << 10, buffer_bytes: 4 << 10, prepare_ahead: false, ..WalOptions::default() };
        let fs = SimFs::new();
        let resume = LogFiles::discover(Arc::new(fs.clone())).unwrap().start_new().unwrap();
        let log = Arc::new(GroupedLog::open(resume, &options, Arc::new(Metrics::new())).unwrap());
        let session = |log: &GroupedLog| {
            let span = log.append(&[1]).unwrap();
            let CommitWait::Until(end) = log.commit(span.end).unwrap() else { panic!("grouped commits are awaited") };
            log.wait(end).unwrap();
            assert!(log.durable() >= end);
        };
        let other = {
            let log = log.clone();
            thread::spawn(move || session(&log))
        };
        session(&log);
        other.join().unwrap();
        let mut reader =
            LogFiles::discover(Arc::new(fs.crash(Survival::Nothing))).unwrap().read_from(START, Lsn::ZERO).unwrap();
        assert!(reader.next().unwrap().is_some() && reader.next().unwrap().is_some());
    });
}
