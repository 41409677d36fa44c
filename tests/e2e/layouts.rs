//! Arms are measured in several layouts of their functions.

use std::collections::BTreeSet;
use std::fs;

use workbench::lab::experiment::{ArmRun, Pair, Run};

use super::apply_faults::built_lab;

/// The layouts that one arm had in the pairs of the main workload, in order.
fn layouts(pairs: &[Pair], arm: impl Fn(&Pair) -> &ArmRun) -> Vec<usize> {
    pairs.iter().filter(|pair| pair.workload == 0 && pair.run == Run::Decision).map(|pair| arm(pair).layout).collect()
}

#[test]
fn pairs_go_through_the_layouts_of_their_arms() {
    let lab = built_lab();
    lab.bench.replace("workbench.yaml", "layouts: 1", "layouts: 3");
    let ran = lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    if ran.stderr.contains("the linker cannot put functions in another order") {
        eprintln!("SKIPPED: this machine's linker cannot shuffle sections");
        return;
    }
    assert!(ran.stderr.contains("arm B built in 3 layouts"), "{}", ran.stderr);
    let experiment = lab.experiment(1);
    for build in &experiment.builds {
        let files: BTreeSet<&String> = build.layouts.iter().chain([&build.sha256]).collect();
        assert_eq!(files.len(), 3, "three files that differ: {build:?}");
    }
    let pairs = lab.pairs();
    for drawn in [layouts(&pairs, |pair| &pair.a), layouts(&pairs, |pair| &pair.b)] {
        let first: BTreeSet<usize> = drawn[..3].iter().copied().collect();
        assert_eq!(first, BTreeSet::from([0, 1, 2]), "{drawn:?}");
    }

    // A layout is hashed like the binary itself: what is damaged is built again, not measured.
    let damaged = experiment.builds[1].path.with_file_name("layout-2");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let again = lab.apply(&["--no-profile"]);
    assert!(again.stderr.contains("arm A found in the cache in 3 layouts"), "{}", again.stderr);
    assert!(again.stderr.contains("arm B built in 3 layouts"), "{}", again.stderr);
}

#[test]
fn a_linker_that_cannot_is_told_and_costs_nothing_else() {
    let lab = built_lab();
    lab.bench.replace("workbench.yaml", "layouts: 1", "layouts: 3");
    let mut command = lab.command(&["apply", "T003", "--no-profile"]);
    // GNU's, where the compiler would have taken its own.
    let output = command.env("RUSTFLAGS", "-Clinker-features=-lld").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("linker-features") {
        eprintln!("SKIPPED: this compiler has no linker of its own to leave out");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("the linker cannot put functions in another order (lld can)"), "{said}");
    assert!(lab.experiment(1).builds.iter().all(|build| build.layouts.is_empty()));
}
