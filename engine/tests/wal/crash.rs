//! A crash at every I/O, under every survival worth trying: what was acknowledged is there, and nothing else.
//!
//! One run is observed at each operation. Each image is restarted under many survivals, the log is read, and
//! the records must be a prefix of what was appended, long enough to hold every acknowledged commit. From some of
//! these states the log is opened again and written further, which is observed in the same way: so crashes during
//! opening, and stale tails of several incarnations, are covered too.

use crate::support::*;
use engine::io::{DiskImage, Lsn, SimFs};
use engine::metrics::Metrics;
use engine::transaction::wal::{CommitLog, Durability, LogFiles, WalOptions};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Survivals tried per image.
const SURVIVALS: usize = 24;
/// At each depth, from which share of the states the log is opened and written further.
const GO_ON_EVERY: [usize; 2] = [96, 96];

#[test]
fn serial_survives_every_crash() {
    let states = explore_all::<engine::transaction::wal::serial::SerialLog>(Durability::Full).unwrap();
    assert!(states > 5_000, "only {states} distinct crash states");
}

#[test]
fn grouped_survives_every_crash() {
    let states = explore_all::<engine::transaction::wal::grouped::GroupedLog>(Durability::Full).unwrap();
    assert!(states > 5_000, "only {states} distinct crash states");
}

/// The suite must be able to fail: commits that were never synced are taken for acknowledged.
#[test]
fn an_early_acknowledgement_is_caught() {
    let caught = explore_all::<engine::transaction::wal::grouped::GroupedLog>(Durability::Off).unwrap_err();
    assert!(caught.contains("acknowledged"), "{caught}");
}

/// The disk at one operation, and how many commits of each session were acknowledged by then.
type ImageAndPromises = (DiskImage, Vec<u64>);

/// Sessions of several threads: each finds its own acknowledged commits, each record at most once.
#[test]
fn grouped_keeps_every_sessions_promises() {
    const SESSIONS: u64 = 4;
    const COMMITS: u64 = 40;
    type Log = engine::transaction::wal::grouped::GroupedLog;
    let fs = SimFs::new();
    let (log, _) = new_log::<Log>(&fs, &small());
    let acknowledged: Arc<[AtomicU64]> = (0..SESSIONS).map(|_| AtomicU64::new(0)).collect();
    let images: Arc<Mutex<Vec<ImageAndPromises>>> = Arc::default();
    let (seen, taken) = (acknowledged.clone(), images.clone());
    fs.observe(move |_, image| {
        taken.lock().unwrap().push((image.clone(), seen.iter().map(|count| count.load(SeqCst)).collect()));
    });
    std::thread::scope(|scope| {
        for session in 0..SESSIONS {
            let (log, acknowledged) = (&log, &acknowledged);
            scope.spawn(move || {
                for i in 0..COMMITS {
                    let span = append(log, &payload(session * COMMITS + i));
                    commit_and_wait(log, span.end).unwrap();
                    acknowledged[session as usize].store(i + 1, SeqCst);
                }
            });
        }
    });
    for (n, (image, promised)) in images.lock().unwrap().iter().enumerate() {
        for survival in image.survivals(SURVIVALS, n as u64) {
            let read = read_all(&image.restart(survival)).unwrap();
            let mut present = vec![0; SESSIONS as usize];
            for (_, bytes) in &read.records {
                let i = number_of(bytes);
                let session = (i / COMMITS) as usize;
                assert_eq!(*bytes, payload(i), "image {n}, {survival:?}: a record nobody wrote");
                assert_eq!(i % COMMITS, present[session], "image {n}, {survival:?}: a session's records in order");
                present[session] += 1;
            }
            let kept = present.iter().zip(promised).all(|(present, promised)| present >= promised);
            assert!(kept, "image {n}, {survival:?}: acknowledged {promised:?}, found {present:?}");
        }
    }
}

/// The disk at one operation, and what the log's user knew then.
struct Moment {
    image: DiskImage,
    acknowledged: u64,
    acknowledged_end: Lsn,
    checkpoint: Lsn,
    /// Number of the first record at or after the checkpoint.
    first: u64,
}

/// What the user of a log knows. Records are numbered from 0, over all incarnations.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Records that must be there.
    acknowledged: u64,
    acknowledged_end: Lsn,
    checkpoint: Lsn,
    first: u64,
}

struct Explorer {
    options: WalOptions,
    states: HashSet<u64>,
    cases: HashSet<(u64, u64)>,
}

fn explore_all<L: CommitLog>(durability: Durability) -> Result<usize, String> {
    let mut explorer =
        Explorer { options: WalOptions { durability, ..small() }, states: HashSet::new(), cases: HashSet::new() };
    let start = Known { checkpoint: Lsn(4096), ..Known::default() };
    explorer.explore::<L>(SimFs::new(), &start, 0, 0)?;
    Ok(explorer.states.len())
}

impl Explorer {
    /// Opens the log on `fs`, which holds the first `survived` records, writes on, and tries every crash.
    fn explore<L: CommitLog>(&mut self, fs: SimFs, known: &Known, survived: u64, depth: usize) -> Result<(), String> {
        let (moments, appended) = self.run::<L>(&fs, known, survived, depth);
        for (n, moment) in moments.iter().enumerate() {
            let known = Known {
                acknowledged: moment.acknowledged,
                acknowledged_end: moment.acknowledged_end,
                checkpoint: moment.checkpoint,
                first: moment.first,
            };
            for survival in moment.image.survivals(SURVIVALS, n as u64) {
                let restarted = moment.image.restart(survival);
                // The same disk under a greater promise is another case.
                let state = restarted.state_hash();
                if !self.cases.insert((state, known.acknowledged)) {
                    continue;
                }
                let is_new = self.states.insert(state);
                let place = format!("depth {depth}, operation {n} of {}, {survival:?}", moments.len());
                let present = check(&restarted, &known, appended).map_err(|why| format!("{place}: {why}"))?;
                // Going on from every state would take for ever.
                if is_new && GO_ON_EVERY.get(depth).is_some_and(|every| self.states.len().is_multiple_of(*every)) {
                    self.explore::<L>(restarted, &known, present, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// One incarnation: some transactions, a checkpoint now and then. Returns the disk at each operation.
    fn run<L: CommitLog>(&self, fs: &SimFs, known: &Known, survived: u64, depth: usize) -> (Vec<Moment>, u64) {
        let moments: Arc<Mutex<Vec<Moment>>> = Arc::default();
        let now = Arc::new(Mutex::new(known.clone()));
        let (taken, seen) = (moments.clone(), now.clone());
        fs.observe(move |_, image| {
            let Known { acknowledged, acknowledged_end, checkpoint, first } = seen.lock().unwrap().clone();
            let image = image.clone();
            taken.lock().unwrap().push(Moment { image, acknowledged, acknowledged_end, checkpoint, first });
        });
        let log = self.open::<L>(fs, known);
        let mut next = survived;
        for txn in 0..[60, 12, 8][depth] {
            for _ in 0..1 + txn * 5 % 17 {
                append(&log, &payload(next));
                next += 1;
            }
            if txn % 5 == 4 {
                continue; // its commit record is among those a later commit makes durable
            }
            let end = log.tail();
            commit_and_wait(&log, end).unwrap();
            {
                let mut now = now.lock().unwrap();
                (now.acknowledged, now.acknowledged_end) = (next, end);
            }
            if txn % 20 == 19 {
                let mut now_guard = now.lock().unwrap();
                (now_guard.checkpoint, now_guard.first) = (end, next);
                drop(now_guard);
                log.recycle_below(end).unwrap();
            }
        }
        drop(log);
        fs.observe(|_, _| {});
        let known = now.lock().unwrap().clone();
        let Known { acknowledged, acknowledged_end, checkpoint, first } = known;
        moments.lock().unwrap().push(Moment { image: fs.image(), acknowledged, acknowledged_end, checkpoint, first });
        (std::mem::take(&mut moments.lock().unwrap()), next)
    }

    fn open<L: CommitLog>(&self, fs: &SimFs, known: &Known) -> L {
        let files = LogFiles::discover(Arc::new(fs.clone())).unwrap();
        let resume = if files.is_empty() {
            files.start_new().unwrap()
        } else {
            let mut reader = files.read_from(known.checkpoint, known.acknowledged_end).unwrap();
            while reader.next().unwrap().is_some() {}
            reader.into_resume()
        };
        L::open(resume, &self.options, Arc::new(Metrics::new())).unwrap()
    }
}

/// Reads the log as recovery would. Returns how many records there are, from 0 on.
fn check(fs: &SimFs, known: &Known, appended: u64) -> Result<u64, String> {
    let files = LogFiles::discover(Arc::new(fs.clone())).map_err(|e| e.to_string())?;
    if files.is_empty() {
        return match known.acknowledged {
            0 => Ok(0),
            n => Err(format!("{n} records were acknowledged, and there is no log")),
        };
    }
    let read = read_from(fs, known.checkpoint, Lsn::ZERO).map_err(|e| e.to_string())?;
    let present = known.first + read.records.len() as u64;
    for (i, (_, bytes)) in (known.first..).zip(&read.records) {
        if *bytes != payload(i) {
            return Err(format!("record {i} reads as {}", number_of(bytes)));
        }
    }
    if present > appended {
        return Err(format!("{appended} records were appended, {present} are there"));
    }
    if present < known.acknowledged {
        return Err(format!("{} records were acknowledged, {present} are there", known.acknowledged));
    }
    // Whoever knows what was durable must not be told of damage.
    read_from(fs, known.checkpoint, known.acknowledged_end).map_err(|e| e.to_string())?;
    Ok(present)
}

fn number_of(payload: &[u8]) -> u64 {
    u64::from_le_bytes(payload[1..9].try_into().unwrap())
}
