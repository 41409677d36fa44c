//! A database is handed on, in one process: the engine's sets hand it on in `workload matrix`.

use engine_driver::SUBJECT;
use engine_workload::relay::{self, Leg};

#[test]
fn what_one_leg_leaves_the_next_finds() {
    let dir = tempfile::tempdir().unwrap();
    let leg = |number, close| {
        let leg = Leg { dir: dir.path().join("db"), number, transactions: 60, close };
        relay::run(&SUBJECT, &leg).unwrap_or_else(|failure| panic!("leg {number}: {failure}"))
    };
    let first = leg(0, true);
    let second = leg(1, true);
    assert_eq!((first.found, second.found), (None, Some(first.left.clone())));
    assert_ne!(first.left, second.left);
}
