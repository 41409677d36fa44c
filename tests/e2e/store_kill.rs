//! Processes that share the store, and processes that are killed while they write.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use workbench::lab::experiment::{ExperimentId, Run};
use workbench::lab::journal::{Event, Journal};
use workbench::tracking::{Ending, Store};

use super::store::{Place, pair, plan};

const FOLDER: &str = "WORKBENCH_TEST_FOLDER";
const PAIRS: &str = "WORKBENCH_TEST_PAIRS";

/// This test binary again, running only [`child_that_writes`].
fn spawn(place: &Place, pairs: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["store_kill::child_that_writes", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, place.folder.path())
        .env(PAIRS, pairs.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// `recorded EXPERIMENT COUNT` lines of a child, as they come.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = (i64, usize)> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| {
        let mut words = line.strip_prefix("recorded ")?.split(' ').map(|word| word.parse::<i64>());
        Some((words.next()?.ok()?, usize::try_from(words.next()?.ok()?).ok()?))
    })
}

#[tokio::test]
#[ignore = "run as a child by the tests below"]
async fn child_that_writes() {
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let pairs: u32 = std::env::var(PAIRS).unwrap().parse().unwrap();
    let mut store = Store::open_at(&folder.join("tracking/workbench.db"), &folder.join("profiles")).await.unwrap();
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    for index in 0..pairs {
        let side = workbench::lab::experiment::Side::A;
        store.record(id, &Event::Slice { workload: 0, side, rate: 1.0 }).await.unwrap();
        store.record(id, &Event::Pair(Box::new(pair(Run::Decision, index)))).await.unwrap();
        println!("recorded {} {}", id.0, index + 1);
    }
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_it_was_told_is_safe() {
    let place = Place::new();
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..12 {
        let mut child = spawn(&place, u32::MAX);
        let mut lines = acknowledged(&mut child);
        let first = lines.next();
        assert!(first.is_some(), "round {round}: the child never recorded anything");
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_micros((dice >> 33) % 40_000));
        child.kill().unwrap();
        let last = lines.last().or(first);
        child.wait().unwrap();
        let (experiment, told) = last.unwrap();

        let store = place.open().await.unwrap();
        let id = ExperimentId(experiment);
        assert_eq!(store.reader().check().await.unwrap(), Vec::<String>::new(), "round {round}");
        let kept = store.reader().experiment(id).await.unwrap().unwrap();
        assert!(kept.pairs.len() >= told, "round {round}: told {told}, kept {}", kept.pairs.len());
        assert_eq!(kept.summary.ending, Ending::Interrupted, "round {round}");
        for fact in &kept.pairs {
            assert_eq!(fact.pair, pair(Run::Decision, fact.pair.index), "round {round}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn processes_share_the_store() {
    let place = Place::new();
    // Nobody has created it yet: they race for that, too.
    let mut children: Vec<Child> = (0..4).map(|_| spawn(&place, 40)).collect();
    let mut seen = 0;
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        if let Some(reader) = workbench::tracking::Reader::open_at(&place.file()).await.unwrap() {
            let changes = reader.last_change().await.unwrap().map_or(0, |(seq, _)| seq);
            assert!(changes >= seen);
            seen = changes;
        }
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = place.open().await.unwrap();
    let experiments = store.reader().experiments(10).await.unwrap();
    let pairs: Vec<u32> = experiments.iter().map(|summary| summary.pairs).collect();
    assert_eq!(pairs, [39; 4], "forty each, one of them dropped");
}
