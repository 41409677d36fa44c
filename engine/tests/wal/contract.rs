//! What both logs promise, checked on both.

use crate::support::*;
use engine::io::{Fault, FaultKind, IoAction, Lsn, RealVfs, SimFs, Survival};
use engine::metrics::{Counter, Metrics};
use engine::transaction::wal::{CommitLog, CommitWait, Durability, EndReason, LogFiles, WalError, WalOptions};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

every_variant! {
    /// What was appended and closed comes back in order, across segments, with the same positions.
    fn records_come_back<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, metrics) = new_log::<L>(&fs, &small());
        let appended: Vec<_> = (0..400).map(|i| append(&log, &payload(i))).collect();
        let end = log.tail();
        log.close().unwrap();
        assert_eq!(log.durable(), end);
        drop(log);
        assert!(metrics.get(Counter::WalSegments) > 3, "the test must cross segments");
        let read = read_all(&fs).unwrap();
        assert_eq!(read.records.len(), 400);
        for (i, (span, bytes)) in read.records.iter().enumerate() {
            assert_eq!((*span, &bytes[..]), (appended[i], &payload(i as u64)[..]), "record {i}");
        }
        assert_eq!(read.end.at, end);
        assert_eq!(metrics.get(Counter::WalRecords), 400);
        assert_eq!(metrics.get(Counter::WalBytes), end.0 - appended[0].start.0);
    }

    /// The longest record passes, a longer one is refused, and the refusal leaves no trace.
    fn too_long_is_refused<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &small());
        let limit = match log.append(&[1; 1 << 20]) {
            Err(WalError::RecordTooLarge { len, limit }) => {
                assert_eq!(len, 1 << 20);
                limit
            }
            other => panic!("{other:?}"),
        };
        append(&log, &vec![7; limit]);
        assert!(log.append(&vec![7; limit + 1]).is_err());
        append(&log, &[8]);
        log.close().unwrap();
        let lens: Vec<usize> = read_all(&fs).unwrap().records.iter().map(|(_, bytes)| bytes.len()).collect();
        assert_eq!(lens, [limit, 1]);
    }

    /// A commit that was waited for survives any crash; nothing of the unwaited rest is required.
    fn commit_is_durable<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, metrics) = new_log::<L>(&fs, &small());
        let committed = append(&log, &payload(1));
        let wait = log.commit(committed.end).unwrap();
        match wait {
            CommitWait::Durable => {}
            CommitWait::Until(lsn) => log.wait(lsn).unwrap(),
            CommitWait::Unsynced => panic!("durability is full"),
        }
        assert!(log.durable() >= committed.end);
        append(&log, &payload(2));
        let read = read_all(&fs.crash(Survival::Nothing)).unwrap();
        assert_eq!(read.records.len(), 1);
        assert_eq!(read.end.why, EndReason::Unwritten);
        assert_eq!((metrics.get(Counter::WalCommits), metrics.get(Counter::WalSyncs)), (1, 1));
        assert!(append_result(&log, &[1]).is_ok() && log.sync_to(log.tail()).is_err(), "the machine is off");
    }

    /// In `GroupAsync` a commit returns at once and is on disk soon after, without anybody waiting.
    fn async_commits_arrive<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &WalOptions { durability: Durability::GroupAsync, ..small() });
        let span = append(&log, &payload(1));
        assert_eq!(log.commit(span.end).unwrap(), CommitWait::Unsynced);
        log.wait(span.end).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while log.durable() < span.end && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(read_all(&fs.crash(Survival::Nothing)).unwrap().records.len(), 1);
        drop(log);
    }

    /// In `Off` no commit syncs, yet a clean close leaves a whole log.
    fn off_never_syncs<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, metrics) = new_log::<L>(&fs, &WalOptions { durability: Durability::Off, segment_bytes: 1 << 20, ..small() });
        for i in 0..500 {
            let span = append(&log, &payload(i));
            assert_eq!(log.commit(span.end).unwrap(), CommitWait::Unsynced);
            log.ensure_durable(span.end).unwrap();
            assert!(log.durable() >= span.end);
        }
        log.close().unwrap();
        assert_eq!(metrics.get(Counter::WalSyncs) + metrics.get(Counter::WalSyncsOther), 0);
        assert_eq!(read_all(&fs).unwrap().records.len(), 500);
    }

    /// A failed sync poisons: nothing is acknowledged any more, whatever later syncs would say.
    fn failed_sync_poisons<L: CommitLog>() {
        for action in [IoAction::Sync, IoAction::Write] {
            let fs = SimFs::new();
            let (log, _) = new_log::<L>(&fs, &small());
            let first = append(&log, &payload(1));
            commit_and_wait(&log, first.end).unwrap();
            fs.inject(Fault { action, file_prefix: "wal-0".into(), after: 0, kind: FaultKind::Device });
            let second = append(&log, &payload(2));
            let error = commit_and_wait(&log, second.end).unwrap_err();
            assert!(matches!(error, WalError::Poisoned(_)), "{error}");
            assert!(error.to_string().contains("wal-0000000001"), "{error}");
            assert!(matches!(append_result(&log, &[3]), Err(WalError::Poisoned(_))));
            assert!(matches!(log.commit(second.end), Err(WalError::Poisoned(_))));
            assert!(matches!(log.wait(second.end), Err(WalError::Poisoned(_))));
            assert!(matches!(log.sync_to(second.end), Err(WalError::Poisoned(_))));
            assert!(log.ensure_durable(second.end).is_err());
            assert!(log.recycle_below(first.end).is_err());
            assert!(log.close().is_err());
            assert_eq!(log.durable(), first.end, "what was durable stays so, and no more");
            let read = read_all(&fs.crash(Survival::Nothing)).unwrap();
            assert_eq!(read.records.len(), 1);
        }
    }

    /// A failure elsewhere, e.g. of a page write, can stop the log too.
    fn can_be_poisoned<L: CommitLog>() {
        let (log, _) = new_log::<L>(&SimFs::new(), &small());
        log.poison(engine::io::IoError::other(IoAction::Write, "data", ErrorKind::Other, "a page was lost"));
        let error = append_result(&log, &[1]).unwrap_err();
        assert!(error.to_string().contains("a page was lost"), "{error}");
    }

    /// A full disk is refused at append, before anything is promised; when there is space again the log goes on.
    fn full_disk_is_refused_and_passes<L: CommitLog>() {
        let fs = SimFs::new();
        let options = small();
        let (log, _) = new_log::<L>(&fs, &options);
        fs.set_capacity(Some(3 * options.segment_bytes));
        let mut appended = 0;
        let error = loop {
            match append_result(&log, &payload(appended)) {
                Ok(_) => appended += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, WalError::NoSpace(_)), "{error}");
        assert!(error.to_string().contains("no space for another log segment"), "{error}");
        commit_and_wait(&log, log.tail()).unwrap();
        fs.set_capacity(None);
        append(&log, &payload(appended));
        commit_and_wait(&log, log.tail()).unwrap();
        assert_eq!(read_all(&fs.crash(Survival::Nothing)).unwrap().records.len() as u64, appended + 1);
    }

    /// Segments below a checkpoint are used again, their bytes never taken for records, and the files stay few.
    fn segments_are_recycled<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, metrics) = new_log::<L>(&fs, &WalOptions { spares_max: 2, ..small() });
        let mut checkpoint = Lsn::ZERO;
        for round in 0..30 {
            checkpoint = log.tail();
            for i in 0..100 {
                append(&log, &payload(round * 100 + i));
            }
            log.sync_to(log.tail()).unwrap();
            log.recycle_below(checkpoint).unwrap();
        }
        let end = log.tail();
        drop(log);
        assert!(metrics.get(Counter::WalSegmentsRecycled) > 10);
        assert!(engine::io::Vfs::list(&fs).unwrap().len() < 10, "{:?}", engine::io::Vfs::list(&fs));
        let read = read_from(&fs, checkpoint, end).unwrap();
        assert_eq!((read.records.len(), read.end.at), (100, end));
        assert!(matches!(read_from(&fs, Lsn(4096), Lsn::ZERO), Err(WalError::Corrupt { .. })));
    }

    /// Each opening continues where the valid log ended, however often.
    fn incarnations_chain<L: CommitLog>() {
        let fs = SimFs::new();
        let mut expected = Vec::new();
        let (mut log, _) = new_log::<L>(&fs, &small());
        for round in 0..8 {
            for i in 0..round * 7 {
                expected.push(payload(round * 100 + i));
                append(&log, expected.last().unwrap());
            }
            log.close().unwrap();
            drop(log);
            log = reopen(&fs, &small());
        }
        let read = read_all(&fs).unwrap();
        assert!(read.records.into_iter().map(|(_, bytes)| bytes).eq(expected));
    }

    /// Damage below what was durable is an error; at the tail it is the end.
    fn damage_is_told_from_a_crash<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &small());
        let spans: Vec<_> = (0..200).map(|i| append(&log, &payload(i))).collect();
        log.close().unwrap();
        drop(log);
        // In a finished segment: certainly durable, whatever the caller knows.
        fs.corrupt("wal-0000000001", spans[5].start.0 + 10, 1);
        match read_all(&fs) {
            Err(WalError::Corrupt { file, offset, lsn, why }) => {
                assert_eq!((&file[..], lsn), ("wal-0000000001", spans[5].start));
                assert_eq!(offset, spans[5].start.0, "the first segment's body begins at LSN 4096");
                assert!(why.contains("checksum"), "{why}");
            }
            other => panic!("{other:?}"),
        }
        fs.corrupt("wal-0000000001", spans[5].start.0 + 10, 1);
        // In the last segment: the end, unless the caller knows better.
        let last_file = engine::io::Vfs::list(&fs).unwrap().into_iter().rfind(|name| name.starts_with("wal-0")).unwrap();
        let victim = spans[198];
        let number: u64 = last_file[4..].parse().unwrap();
        let body = small().segment_bytes - 4096;
        let offset = victim.start.0 - (4096 + (number - 1) * body) + 4096;
        fs.corrupt(&last_file, offset + 8, 0x80);
        let read = read_all(&fs).unwrap();
        assert_eq!((read.end.at, read.end.why), (victim.start, EndReason::BadChecksum));
        let known = read_from(&fs, Lsn(4096), victim.end).unwrap_err();
        assert!(known.to_string().contains("durable beyond this place"), "{known}");
    }

    /// The same on a real directory: written with direct I/O, prepared ahead, recycled, opened again.
    fn a_real_directory_works<L: CommitLog>() {
        let dir = tempfile::tempdir().unwrap();
        let options = WalOptions { prepare_ahead: true, segment_bytes: 256 << 10, ..small() };
        let mut known = Lsn(4096);
        let mut next = 0;
        for round in 0..3 {
            let vfs = Arc::new(RealVfs::open(dir.path()).unwrap());
            let files = LogFiles::discover(vfs).unwrap();
            let resume = if round == 0 {
                files.start_new().unwrap()
            } else {
                let mut reader = files.read_from(Lsn(4096), known).unwrap();
                let mut read = 0;
                while let Some(record) = reader.next().unwrap() {
                    assert_eq!(record.payload, payload(read));
                    read += 1;
                }
                assert_eq!(read, next);
                reader.into_resume()
            };
            let log = L::open(resume, &options, Arc::new(Metrics::new())).unwrap();
            for _ in 0..40 {
                for _ in 0..50 {
                    append(&log, &payload(next));
                    next += 1;
                }
                known = log.tail();
                commit_and_wait(&log, known).unwrap();
            }
            log.close().unwrap();
        }
    }

    /// A missing segment, a foreign header and a log without a database are named.
    fn broken_chains_are_named<L: CommitLog>() {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &small());
        (0..200).for_each(|i| assert!(append(&log, &payload(i)).end > Lsn::ZERO));
        log.close().unwrap();
        drop(log);
        let refused = LogFiles::discover(Arc::new(fs.clone())).unwrap().start_new().unwrap_err();
        assert!(refused.to_string().contains("no database that it belongs to"), "{refused}");
        fs.corrupt("wal-0000000002", 20, 1);
        let header = read_all(&fs).unwrap_err().to_string();
        assert!(header.contains("`wal-0000000002`") && header.contains("header block's checksum"), "{header}");
        engine::io::Vfs::remove(&fs, "wal-0000000002").unwrap();
        let missing = read_all(&fs).unwrap_err().to_string();
        assert!(missing.contains("segment 2 is missing"), "{missing}");
    }
}

/// The same appends make the same log, whichever variant wrote it, and each variant opens the other's.
#[test]
fn both_write_the_same_log() {
    use engine::transaction::wal::{grouped::GroupedLog, serial::SerialLog};
    fn write<L: CommitLog>() -> SimFs {
        let fs = SimFs::new();
        let (log, _) = new_log::<L>(&fs, &small());
        for i in 0..300 {
            let span = append(&log, &payload(i));
            if i % 7 == 0 {
                commit_and_wait(&log, span.end).unwrap();
            }
        }
        log.close().unwrap();
        fs
    }
    let (serial, grouped) = (write::<SerialLog>(), write::<GroupedLog>());
    assert_eq!(read_all(&serial).unwrap().records, read_all(&grouped).unwrap().records);
    let after: GroupedLog = reopen(&serial, &small());
    append(&after, &payload(300));
    after.close().unwrap();
    drop(after);
    let after: SerialLog = reopen(&grouped, &small());
    append(&after, &payload(300));
    after.close().unwrap();
    assert_eq!(read_all(&serial).unwrap().records, read_all(&grouped).unwrap().records);
}

/// T003's own proof: the off variant syncs once per commit, the on variant shares.
#[test]
fn commits_per_sync() {
    use engine::transaction::wal::{grouped::GroupedLog, serial::SerialLog};
    fn storm<L: CommitLog>() -> Arc<Metrics> {
        const SESSIONS: u64 = 16;
        const COMMITS: u64 = 20;
        let fs = SimFs::new();
        let (log, metrics) = new_log::<L>(&fs, &WalOptions { segment_bytes: 1 << 20, ..small() });
        fs.set_sync_delay(Duration::from_millis(1));
        std::thread::scope(|scope| {
            for session in 0..SESSIONS {
                let log = &log;
                scope.spawn(move || {
                    for i in 0..COMMITS {
                        let span = append(log, &payload(session * COMMITS + i));
                        commit_and_wait(log, span.end).unwrap();
                        assert!(log.durable() >= span.end);
                    }
                });
            }
        });
        assert_eq!(metrics.get(Counter::WalCommits), SESSIONS * COMMITS);
        assert_eq!(read_all(&fs.crash(Survival::Nothing)).unwrap().records.len() as u64, SESSIONS * COMMITS);
        metrics
    }
    let serial = storm::<SerialLog>();
    assert_eq!(serial.get(Counter::WalSyncs), serial.get(Counter::WalCommits));
    assert_eq!(serial.get(Counter::WalSyncsOther), 0);
    let grouped = storm::<GroupedLog>();
    let per_sync = grouped.get(Counter::WalCommits) as f64 / grouped.get(Counter::WalSyncs) as f64;
    assert!(per_sync > 4.0, "only {per_sync} commits per sync");
    assert_eq!(grouped.get(Counter::WalFlusherBatches), 0, "whoever waits leads; nobody nudged");
}

/// A session that waits does the work itself; one that nudges leaves it to the flusher.
#[test]
fn who_leads_a_batch() {
    use engine::transaction::wal::grouped::GroupedLog;
    let (log, metrics) = new_log::<GroupedLog>(&SimFs::new(), &small());
    for i in 0..50 {
        let span = append(&log, &payload(i));
        commit_and_wait(&log, span.end).unwrap();
    }
    assert_eq!((metrics.get(Counter::WalSyncs), metrics.get(Counter::WalFlusherBatches)), (50, 0));
    let span = append(&log, &payload(50));
    let _ = log.commit(span.end).unwrap();
    log.nudge();
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while engine::io::DurableHorizon::durable(&log) < span.end && std::time::Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!((metrics.get(Counter::WalSyncs), metrics.get(Counter::WalFlusherBatches)), (51, 1));
    log.nudge();
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(metrics.get(Counter::WalSyncs), 51, "nothing to do, nothing done");
}
