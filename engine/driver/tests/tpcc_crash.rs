//! Power cuts during TPC-C: at every I/O of a run, under many survivals of what was not synced, with either log.
//!
//! The oracle is exact. Transactions commit in a known order, and the reference store knows the state after each, so a
//! recovered database must be in the state after some commit that was asked for, at or behind the last one that was
//! acknowledged. Anything else is a lost commit or a partial transaction.
//!
//! `CRASH_STATES=20000 cargo test -p engine-driver --test tpcc_crash` tries that many distinct states per log.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it covered")]

mod support;

use std::collections::{HashSet, VecDeque};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use engine::io::{DiskImage, SimFs, Survival, Vfs};
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;
use engine_driver::EngineStore;
use engine_workload::store::{Store, Transaction, Txn};
use engine_workload::tpcc::ids::WarehouseId;
use engine_workload::tpcc::rows::warehouse;
use engine_workload::tpcc::{Scale, consistency, keys};
use support::{Script, digest, open, small_options, states};

engine::on_both_logs! { no_power_cut_loses_a_commit_or_keeps_half_of_one }

const SEED: u64 = 11;
const SESSIONS: u16 = 3;
const COMMITS: usize = 60;
/// Commits that may wait for durability at a time.
const IN_FLIGHT: usize = 4;

/// Distinct crash states tried per log, unless the environment says otherwise.
const STATES: usize = 10_000;

fn scale() -> Scale {
    Scale::tiny(2)
}

/// The disk at one I/O, and the commits around it: at least `acknowledged` must be there, at most `asked` may.
struct Moment {
    image: DiskImage,
    acknowledged: usize,
    asked: usize,
}

/// Runs the script and takes a picture of the disk at every I/O.
fn moments<L: CommitLog + 'static>() -> Vec<Moment> {
    let fs = SimFs::new();
    let store: EngineStore<L> = open(Arc::new(fs.clone()), small_options());
    let mut script = Script::new(scale(), SEED, SESSIONS);
    script.load(&store);

    let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (seen, observed) = (Arc::clone(&counts), Arc::clone(&moments));
    fs.observe(move |_, image| {
        let (acknowledged, asked) = (seen.0.load(Ordering::SeqCst), seen.1.load(Ordering::SeqCst));
        observed.lock().unwrap().push(Moment { image: image.clone(), acknowledged, asked });
    });
    let (acknowledged, asked) = (&counts.0, &counts.1);
    let mut waiting = VecDeque::new();
    while asked.load(Ordering::SeqCst) < COMMITS {
        // Asked before it is: its record may reach the disk before the call returns.
        asked.fetch_add(1, Ordering::SeqCst);
        match script.step(&store).unwrap() {
            Some(ticket) => waiting.push_back(ticket),
            None => {
                asked.fetch_sub(1, Ordering::SeqCst);
            }
        }
        if waiting.len() == IN_FLIGHT {
            store.wait(&waiting[1]).unwrap();
        }
        while waiting.front().is_some_and(|ticket| store.is_durable(ticket).unwrap()) {
            waiting.pop_front();
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        if asked.load(Ordering::SeqCst) % 16 == 0 {
            store.database().checkpoint().unwrap();
        }
    }
    drop(store);
    fs.observe(|_, _| ());
    std::mem::take(&mut *moments.lock().unwrap())
}

/// The number of the commit whose state `fs` recovers to.
fn recovered<L: CommitLog + 'static>(fs: &SimFs, expected: &[String], moment: &Moment, how: &str) -> usize {
    let store: EngineStore<L> = open(Arc::new(fs.clone()) as Arc<dyn Vfs>, small_options());
    let state = digest(&store);
    let Moment { acknowledged, asked, .. } = *moment;
    // Commits that only read leave the state as it was: any commit of the range may be the one.
    let Some(at) = (acknowledged..=asked).find(|at| expected[*at] == state) else {
        let findings = consistency::check(&store, &scale()).unwrap();
        let broken: Vec<_> = findings.iter().filter(|finding| !finding.ok).collect();
        let other = expected.iter().position(|known| *known == state);
        panic!(
            "{how}: not the state after a commit from {acknowledged} (acknowledged) to {asked} (asked for), \
             but after {other:?}; broken: {broken:#?}"
        );
    };
    store.verify().unwrap_or_else(|error| panic!("{how}: {error}"));
    at
}

fn no_power_cut_loses_a_commit_or_keeps_half_of_one<L: CommitLog + 'static>() {
    let wanted = std::env::var("CRASH_STATES").ok().and_then(|text| text.parse().ok()).unwrap_or(STATES);
    let expected = states(scale(), SEED, SESSIONS, COMMITS);
    let moments = moments::<L>();
    assert!(moments.len() > COMMITS, "the run did {} writes and syncs", moments.len());
    let per_moment = (wanted * 2 / moments.len()).max(4);
    let (mut distinct, mut reached) = (HashSet::new(), HashSet::new());
    for (number, moment) in moments.iter().enumerate() {
        for survival in moment.image.survivals(per_moment, SEED + number as u64) {
            let fs = moment.image.restart(survival);
            if !distinct.insert((fs.state_hash(), moment.acknowledged, moment.asked)) {
                continue;
            }
            let how = format!("I/O {number}, {survival:?}");
            let second_cut = distinct.len() % 8 == 0;
            let fs = if second_cut { cut_again::<L>(&fs, distinct.len() as u64) } else { fs };
            reached.insert(recovered::<L>(&fs, &expected, moment, &how));
        }
    }
    assert!(distinct.len() * 2 >= wanted.min(1000), "only {} distinct crash states", distinct.len());
    assert!(reached.len() > COMMITS / 4, "recovery reached {} different commits", reached.len());
    eprintln!(
        "{} distinct crash states at {} moments, {} commits reached",
        distinct.len(),
        moments.len(),
        reached.len()
    );
}

/// A power cut during the recovery itself.
fn cut_again<L: CommitLog + 'static>(fs: &SimFs, seed: u64) -> SimFs {
    fs.power_off_at(seed % 23);
    let opened = EngineStore::<L>::open(Arc::new(fs.clone()), small_options(), keys::TABLES);
    drop(opened);
    let image = fs.image();
    let survivals = image.survivals(8, seed);
    image.restart(survivals[seed as usize % survivals.len()])
}

/// The oracle itself: an acknowledgement that came too early, and rows of a transaction that never ended, are seen.
#[test]
fn an_early_acknowledgement_and_half_a_transaction_would_be_found() {
    let expected = states(scale(), SEED, SESSIONS, COMMITS);
    let moments = moments::<GroupedLog>();
    let unsynced = moments.iter().filter(|moment| moment.acknowledged < moment.asked);
    let early = unsynced.filter(|moment| {
        let fs = moment.image.restart(Survival::Nothing);
        let claimed = Moment { image: moment.image.clone(), acknowledged: moment.asked, asked: moment.asked };
        catch_unwind(|| recovered::<GroupedLog>(&fs, &expected, &claimed, "planted")).is_err()
    });
    assert!(early.count() > 10, "commits that were only asked for do not survive as a rule");

    let last = moments.last().unwrap();
    let fs = last.image.restart(Survival::Everything);
    let store: EngineStore<GroupedLog> = open(Arc::new(fs.clone()), small_options());
    let mut txn = store.begin().unwrap();
    assert!(txn.update(keys::WAREHOUSE, &keys::warehouse(WarehouseId(1)), |row| warehouse::YTD.add(row, 1)).unwrap());
    store.wait(&txn.commit().unwrap()).unwrap();
    drop(store);
    assert!(catch_unwind(|| recovered::<GroupedLog>(&fs, &expected, last, "planted")).is_err());
}
