//! Agents that compile while somebody measures: their builds stand still, the verdict is the quiet one, and then they go on.
//!
//! `cargo test --release --test e2e building -- --ignored --nocapture` for eight of them, and work that is really done.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::agents::facts::Role;
use workbench::lab::experiment::{Ruling, Standing};
use workbench::machine::processes::Stat;
use workbench::machine::tree::living_below;
use workbench::units::Interval;

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::bench::eventually;
use super::crowd_bench::crowd;

/// Compiles a crate of its own again and again, and counts how often it did.
const SCRIPT: &str = r#"mkdir -p crate/src; cd crate; : > ../built
printf '[package]\nname = "crate"\nedition = "2024"\n[workspace]\n' > Cargo.toml
while :; do
  { for n in $(seq 300); do echo "fn f$n(v: &[u64]) -> Vec<String> { v.iter().map(|x| format!(\"{x} {}\", x * $n)).collect() }"; done
    echo "fn main() { for f in [$(seq -s, -f 'f%g' 300)] { println!(\"{:?}\", f(&[1, 2])); } }"; } > src/main.rs
  "${CARGO:-cargo}" build --quiet --offline; echo built >> ../built
done"#;

/// What a yard's builders have used, and whether all of them stand still.
fn look(pids: &[i32]) -> (u64, bool) {
    let all: Vec<Stat> = pids.iter().flat_map(|&pid| living_below(pid)).collect();
    (all.iter().map(|stat| stat.cpu_ticks + stat.children_ticks).sum(), all.iter().all(Stat::stands_still))
}

/// So many agents build; T003 is measured, quiet and beside them.
fn measured_beside_builders(lab: Lab, count: u32) -> String {
    let yard = crowd(lab, count, "output_mb: 64", SCRIPT);
    let quiet = verdict(&yard, 1);
    let ids: Vec<String> = (21..21 + count).map(|number| format!("T2{number}")).collect();
    for id in &ids {
        let begun = yard.run(&["assign", id]);
        assert_eq!(begun.code, 0, "{}", begun.shown());
    }
    let lives = yard.lives();
    let _end = EndAll(&yard);
    let workers = lives.iter().flat_map(|life| &life.attempts[0].workers);
    let pids: Vec<i32> = workers.filter(|worker| worker.role == Role::Supervisor).map(|worker| worker.pid).collect();
    assert_eq!(pids.len(), ids.len());
    let built = || -> Vec<usize> {
        let of = |number| fs::read_to_string(yard.lab.bench.path(&format!("tracking/work/{number}/tree/built")));
        lives.iter().map(|life| of(life.assignment.id.0).map_or(0, |text| text.lines().count())).collect()
    };
    eventually("everybody has built something", || built().iter().all(|count| *count > 0));
    assert!(pids.iter().all(|pid| !living_below(*pid).is_empty()));

    let apply = yard.lab.start(&["--no-profile"]);
    yard.lab.wait_for_pairs_of(2, 1);
    let (before, still) = look(&pids);
    assert!(still && before > 0, "{before} ticks");
    let built_before = built();
    yard.lab.wait_for_pairs_of(2, 3);
    assert_eq!((look(&pids), built()), ((before, true), built_before.clone()), "they stand still");
    let output = apply.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let stopped = said.lines().find(|line| line.contains("stopped while we measure")).unwrap_or_default();
    // Some are named, the others counted.
    let named = ids.iter().filter(|id| stopped.contains(&format!("on {id}"))).count();
    let counted =
        stopped.strip_suffix(" more").and_then(|line| line.rsplit(' ').next()).map_or(0, |more| more.parse().unwrap());
    assert_eq!(named + counted, ids.len(), "{said}");
    eventually("they go on", || built().iter().zip(&built_before).all(|(now, before)| now > before));

    let beside = standing(&yard, 2);
    assert_eq!(quiet.0.verdict, beside.0.verdict);
    // Of two honest estimates each leaves the other's interval every few runs; their intervals hold the same value unless one is off.
    let overlap = |a: Interval, b: Interval| a.low <= b.high && b.low <= a.high;
    assert!(overlap(quiet.1.bounds, beside.1.bounds), "{:?} {:?}", quiet.1, beside.1);
    for id in &ids {
        assert_eq!(yard.run(&["recall", id, "--reason", "enough was built"]).code, 0);
    }
    assert!(pids.iter().all(|pid| Stat::of(*pid).is_none_or(|stat| stat.is_dead()) && living_below(*pid).is_empty()));
    yard.checkout_is_untouched();
    format!(
        "quiet {:?}\nbeside {count} builders {:?}; they had used {before} ticks, and used none meanwhile",
        quiet.1, beside.1
    )
}

/// A test that fails leaves nobody building for ever.
struct EndAll<'a>(&'a Yard);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        let lives = self.0.lives();
        for worker in lives.iter().flat_map(|life| &life.attempts).flat_map(|attempt| &attempt.workers) {
            if worker.is_alive() {
                let _ = kill(Pid::from_raw(worker.pid), Signal::SIGTERM);
            }
        }
    }
}

fn verdict(yard: &Yard, experiment: i64) -> (Ruling, Standing) {
    let ran = yard.lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    standing(yard, experiment)
}

/// The ruling of an experiment, and where its main workload stood at the end.
fn standing(yard: &Yard, experiment: i64) -> (Ruling, Standing) {
    let ruling = yard.lab.experiment(experiment).verdict.expect("a verdict").ruling;
    let standing = ruling.decision[0];
    (ruling, standing)
}

#[test]
fn builds_stand_still_beside_a_measurement_and_go_on() {
    let slow = "noise: 0.003, sleep_ms: 20";
    measured_beside_builders(Lab::with("effect: 0.4, noise: 0.01, batch: 8, sleep_ms: 20", slow, slow), 2);
}

#[test]
#[ignore = "a minute of builds; its figures are worth something on a machine that has nothing else to do"]
fn eight_builders_change_no_verdict() {
    let guard = "spin: 5000";
    println!("{}", measured_beside_builders(Lab::with("effect: 0.4, batch: 8, spin: 5000", guard, guard), 8));
}
