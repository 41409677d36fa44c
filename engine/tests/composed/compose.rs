//! A001: the parts are held as the features say, and no transaction can tell.
//!
//! That an object of a part does what the part does is for the tests of each seam; here is the engine as a whole.

use std::any::type_name;
use std::sync::Arc;

use engine::api::{Database, Options, TableId};
use engine::compose::Object;
use engine::io::SimFs;
use engine::metrics::Counter;
use engine::select;
use engine::transaction::wal::CommitLog;
use engine::transaction::wal::grouped::GroupedLog;

/// Commits of [`run`].
const COMMITS: u64 = 100;

/// Calls that end a transaction which has written: the log's, the lock table's, and two of the version store.
const CALLS: u64 = 4;

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Whether this build holds its parts directly.
fn direct() -> bool {
    select::ACTIVE.iter().any(|(name, on)| *name == "a001" && *on)
}

/// Writes and commits; what is in the table then, and the calls that went through a table of functions.
fn run<L: CommitLog>() -> (Rows, u64) {
    let options = Options { background: false, pool_bytes: 64 * 8192, ..Options::default() };
    let db = Database::<L>::open_with(Arc::new(SimFs::new()), options).expect("an empty directory");
    let table = db.create_table("t").expect("a new table");
    let before = db.metrics().get(Counter::ComposeDispatches);
    for number in 0..COMMITS {
        let mut txn = db.begin().expect("a seat");
        txn.insert(table, &number.to_be_bytes(), &[number as u8; 100]).expect("a new key");
        assert!(txn.update(table, &(number / 2).to_be_bytes(), |row| row.push(1)).expect("no conflict"));
        let ticket = txn.commit().expect("a working disk");
        db.wait(&ticket).expect("a working disk");
    }
    let dispatches = db.metrics().get(Counter::ComposeDispatches) - before;
    db.verify().expect("whole");
    (rows(&db, table), dispatches)
}

fn rows<L: CommitLog>(db: &Database<L>, table: TableId) -> Rows {
    let (mut txn, mut rows) = (db.begin().expect("a seat"), Vec::new());
    txn.scan(table, .., |key, row| {
        rows.push((key.to_vec(), row.to_vec()));
        std::ops::ControlFlow::Continue(())
    })
    .expect("a scan");
    rows
}

#[test]
fn every_part_is_held_as_the_features_say() {
    let parts = [
        type_name::<select::VersionStore>(),
        type_name::<select::LockTable>(),
        type_name::<select::CommitLog>(),
        type_name::<select::DeadlockPolicy>(),
        type_name::<select::Replacement>(),
        type_name::<select::PageMap>(),
        type_name::<select::Split>(),
    ];
    for part in parts {
        assert_eq!(
            part.starts_with(type_name::<Object<(), ()>>().split('<').next().unwrap_or("")),
            !direct(),
            "{part}"
        );
    }
}

/// The wiring: the counter by which a measurement proves which variant ran.
#[test]
fn calls_are_dispatched_only_to_objects() {
    let (_, dispatches) = run::<select::CommitLog>();
    assert_eq!(dispatches, if direct() { 0 } else { CALLS * COMMITS });
}

#[test]
fn a_log_that_is_an_object_keeps_the_same_rows() {
    let (rows, dispatches) = run::<GroupedLog>();
    let (same, with_the_log) = run::<Object<GroupedLog, dyn CommitLog>>();
    assert_eq!(rows, same);
    assert_eq!(with_the_log - dispatches, COMMITS, "one commit is one call of the log");
}
