//! One leg of a relay: a database is taken over as another build left it, checked, worked on, and left for the next.
//!
//! ```text
//!   build A             build B             build C
//!   make, work, kill ─▶ recover, check,  ─▶ recover, check,  ─▶ …    one directory, handed on
//!                       work, kill          work, close
//! ```
//! Whatever improvements a build has on, it must read what any other wrote: pages, log records, versions that a killed
//! process left half way. So the content is told as a digest when a leg begins and when it ends, and the two must agree from
//! leg to leg. A killed leg leaves a transaction open whose changes are in the log, and perhaps in pages, for the next to undo.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use probe::protocol::Failure;
use serde::{Deserialize, Serialize};

use crate::runner::{Drawn, Workload, state_digest};
use crate::store::{AnyStore, Store, StoreError, TableId, Transaction, Txn};
use crate::subject::{Durability, Opening, Subject};
use crate::tpcc::{Scale, Tpcc, consistency, keys};

/// Terminals of a leg; each leg has its own, since a terminal numbers its payments.
const TERMINALS: u16 = 4;
/// Of terminals there are 4096, see [`crate::entry`].
pub const LEGS_MAX: u16 = 1024;
/// Rows that the transaction left open has touched.
const LOOSE_ROWS: u64 = 40;
const SEED: u64 = 17;

/// What a leg does.
#[derive(Debug, Clone)]
pub struct Leg {
    /// The database, handed on from leg to leg.
    pub dir: PathBuf,
    /// Which leg it is, from 0: it decides what is done.
    pub number: u16,
    /// Transactions that are asked for.
    pub transactions: u64,
    /// Close the database at the end, or leave it as a kill would.
    pub close: bool,
}

/// What a leg found and left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Improvements of this build.
    pub features: Vec<String>,
    /// Digest of the content when it was opened; nothing for the leg that made it.
    pub found: Option<String>,
    /// Digest of the committed content at the end.
    pub left: String,
}

/// Runs one leg. The process must end soon after one that does not close: its database lives on in it.
///
/// # Errors
/// If the database cannot be opened, is not sound, or breaks a condition of TPC-C.
pub fn run(subject: &Subject, leg: &Leg) -> Result<Handover, Failure> {
    let fresh = !holds_something(&leg.dir);
    let store = open(subject, &leg.dir)?;
    let workload = Tpcc::new(Scale::tiny(2), SEED);
    let handover = carry(&store, &workload, leg, fresh).map_err(|error| broken(&error.to_string()))?;
    store.verify().map_err(|error| broken(&error))?;
    match leg.close {
        true => store.close().map_err(|error| broken(&error.to_string()))?,
        // No destructor may tidy up: a killed process has none.
        false => std::mem::forget(store),
    }
    Ok(handover)
}

fn holds_something(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some())
}

fn open(subject: &Subject, dir: &Path) -> Result<AnyStore, Failure> {
    let unusable = |what: &str| {
        let remedy = "the directory is left as it is: look into it, or name another";
        Failure::new(format!("{}: {what}", dir.display()), remedy)
    };
    std::fs::create_dir_all(dir).map_err(|error| unusable(&error.to_string()))?;
    // Small, so that segments end, checkpoints come and pages leave within a leg.
    let opening = Opening {
        dir,
        tables: &tables(),
        durability: Durability::Full,
        pool_bytes: 1 << 20,
        checkpoint_bytes: 512 << 10,
        segment_bytes: Some(256 << 10),
    };
    (subject.open)(&opening).map_err(|failure| unusable(&failure.message))
}

/// TPC-C's, and one for what is left open.
fn tables() -> Vec<&'static str> {
    keys::TABLES.iter().copied().chain(["loose"]).collect()
}

fn carry(store: &AnyStore, workload: &Tpcc, leg: &Leg, fresh: bool) -> Result<Handover, StoreError> {
    let digest = || state_digest(store, tables().len());
    let found = match fresh {
        true => {
            workload.load(store, 1, &AtomicU64::new(0))?;
            None
        }
        false => {
            check(store)?;
            Some(digest()?)
        }
    };
    work(store, workload, leg)?;
    check(store)?;
    let left = if leg.close { digest()? } else { leave_loose(store, leg, digest)? };
    Ok(Handover { features: store.features(), found, left })
}

fn work(store: &AnyStore, workload: &Tpcc, leg: &Leg) -> Result<(), StoreError> {
    let first = leg.number % LEGS_MAX * TERMINALS;
    let mut sessions: Vec<_> = (first..first + TERMINALS).map(|number| workload.session(number)).collect();
    let (mut buffers, mut last) = (Default::default(), None);
    for turn in 0..leg.transactions {
        let session = &mut sessions[turn as usize % usize::from(TERMINALS)];
        workload.draw(session);
        last = store.transact(false, Drawn { workload, session, buffers: &mut buffers })?.or(last);
    }
    last.map_or(Ok(()), |ticket| store.wait(&ticket))
}

fn check(store: &AnyStore) -> Result<(), StoreError> {
    let findings = consistency::check(store, &Scale::tiny(2))?;
    match findings.iter().find(|finding| !finding.ok) {
        Some(finding) => Err(StoreError::Fatal(format!("{}: {}", finding.check, finding.detail))),
        None => Ok(()),
    }
}

/// Leaves a transaction open that has inserted, rewritten and deleted rows, with its records on disk. The digest of what is
/// committed.
fn leave_loose(
    store: &AnyStore,
    leg: &Leg,
    digest: impl Fn() -> Result<String, StoreError>,
) -> Result<String, StoreError> {
    let loose = TableId(keys::TABLES.len());
    let key = |row: u64| [&leg.number.to_be_bytes()[..], &row.to_be_bytes()].concat();
    let mut txn = store.begin()?;
    (0..LOOSE_ROWS).try_for_each(|row| txn.insert(loose, &key(row), &[row as u8; 300]))?;
    store.wait(&txn.commit()?)?;

    let mut open = store.begin()?;
    for row in 0..LOOSE_ROWS {
        match row % 3 {
            0 => drop(open.update(loose, &key(row), |bytes| bytes.truncate(row as usize))?),
            1 => drop(open.delete(loose, &key(row))?),
            _ => open.insert(loose, &key(LOOSE_ROWS + row), &[0xee; 200])?,
        }
    }
    store.checkpoint()?;
    // A commit after it, so that the log holds all of it when this returns.
    let mut txn = store.begin()?;
    txn.insert(loose, &key(u64::MAX), b"the last of its leg")?;
    store.wait(&txn.commit()?)?;
    let left = digest()?;
    std::mem::forget(open);
    Ok(left)
}

fn broken(what: &str) -> Failure {
    Failure::new(what.to_owned(), "a build does not keep what another promised: the directory shows how")
}
