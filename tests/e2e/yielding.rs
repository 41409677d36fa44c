//! `workbench yield`: builds that stand still while somebody measures.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::machine::processes::{Stat, all};
use workbench::machine::{Place, giving_way};

use super::apply_bench::Lab;
use super::apply_faults::built_lab;
use super::bench::eventually;

/// Burns CPU in a child, and in a grandchild that leads a session of its own; their pids are left in `a` and `b`. A test that fails
/// leaves them behind: so each has half a minute of CPU time to burn, and no more.
const BURN: &str =
    "ulimit -t 30; sh -c 'echo $$ > a; while :; do :; done' & setsid sh -c 'echo $$ > b; while :; do :; done' & wait";

fn start(lab: &Lab, script: &str) -> Child {
    let mut command = lab.command(&["yield", "--", "/bin/sh", "-c", script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(pid(child)), signal).unwrap();
}

/// The burners, once both burn.
fn burners(lab: &Lab) -> [i32; 2] {
    let read = |name: &str| fs::read_to_string(lab.bench.path(name)).ok()?.trim().parse::<i32>().ok();
    let mut found = None;
    eventually("both burn", || {
        found = read("a").zip(read("b")).filter(|(a, b)| burnt(&[*a, *b]).iter().all(|ticks| *ticks > 0));
        found.is_some()
    });
    found.map(|(a, b)| [a, b]).unwrap()
}

/// CPU ticks that each has used.
fn burnt(pids: &[i32]) -> Vec<u64> {
    pids.iter().filter_map(|&pid| Stat::of(pid)).map(|stat| stat.cpu_ticks).collect()
}

fn stand_still(pids: &[i32]) -> bool {
    pids.iter().all(|&pid| Stat::of(pid).is_some_and(|stat| stat.state == 'T'))
}

fn burn_on(pids: &[i32]) {
    let before = burnt(pids);
    eventually("all go on", || burnt(pids).iter().zip(&before).all(|(now, before)| now > before));
}

fn end(mut child: Child, pids: &[i32]) {
    for &pid in pids {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    child.wait().unwrap();
}

#[test]
fn a_build_stands_still_during_a_lease_and_goes_on_afterwards() {
    let lab = Lab::new(0.4);
    let child = start(&lab, BURN);
    let pids = burners(&lab);
    let lease = lab.quiet("apply T003");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settled = runtime.block_on(lease.settle());
    assert_eq!((settled.stopped.len(), settled.restless.len()), (1, 0), "{settled:?}");
    assert!(settled.stopped[0].what.starts_with("/bin/sh -c"), "{settled:?}");
    // Settled is still: no CPU time passes from here on.
    assert!(stand_still(&pids));
    let before = burnt(&pids);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(burnt(&pids), before);
    drop(lease);
    burn_on(&pids);
    end(child, &pids);
    assert_eq!(giving_way::registered(&Place::new(lab.bench.path("machine"))), []);
}

#[test]
fn a_lock_that_the_measurement_s_own_build_waits_for_is_given_back() {
    let lab = built_lab();
    // The packages' cache as cargo finds it, locked as cargo locks it.
    fs::create_dir(lab.bench.path("cargo")).unwrap();
    let child = start(&lab, "exec flock cargo/.package-cache sh -c 'touch locked; sleep 3'");
    eventually("it has the lock", || lab.bench.path("locked").exists());
    let mut apply = lab.command(&["apply", "T003", "--no-profile"]);
    let output = apply.env("CARGO_HOME", lab.bench.path("cargo")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Blocking waiting for file lock on package cache"), "{said}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_build_goes_on_when_the_measurement_is_killed() {
    let slow = "noise: 0.003, sleep_ms: 40";
    let lab = Lab::with("effect: 0.4, batch: 8, sleep_ms: 40", slow, slow);
    let child = start(&lab, BURN);
    let pids = burners(&lab);
    let mut apply = lab.start(&["--no-profile"]);
    lab.wait_for_pairs(1);
    assert!(stand_still(&pids));
    let before = burnt(&pids);
    lab.wait_for_pairs(2);
    assert_eq!(burnt(&pids), before);
    send(&apply, Signal::SIGKILL);
    apply.wait().unwrap();
    burn_on(&pids);
    end(child, &pids);
}

#[test]
fn a_build_begins_when_nobody_measures_and_its_exit_code_is_passed_on() {
    let lab = Lab::new(0.4);
    let lease = lab.quiet("apply T003");
    let child = start(&lab, "touch begun; exit 7");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!lab.bench.path("begun").exists());
    drop(lease);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("workbench: waiting for the machine: apply T003 in /elsewhere by "), "{said}");
    assert_eq!(lab.run(&["yield", "--", "/bin/sh", "-c", "kill -KILL $$"]).code, 128 + 9);
    assert_eq!(lab.run(&["yield", "--", "no-such-command"]).code, 3);
    assert_eq!(lab.run(&["yield"]).code, 2);
}

#[test]
fn a_signal_reaches_a_build_also_while_it_is_stopped() {
    let lab = Lab::new(0.4);
    for stopped in [false, true] {
        let child = start(&lab, "trap 'exit 42' TERM; touch ready; while :; do sleep 0.02; done");
        eventually("it runs", || lab.bench.path("ready").exists());
        let lease = stopped.then(|| lab.quiet("apply T003"));
        if stopped {
            let of = pid(&child);
            let children =
                || all().into_iter().filter(|stat| stat.parent == of).map(|stat| stat.pid).collect::<Vec<_>>();
            eventually("it is stopped", || stand_still(&children()));
        }
        send(&child, Signal::SIGTERM);
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(42), "stopped: {stopped}");
        drop(lease);
        fs::remove_file(lab.bench.path("ready")).unwrap();
    }
}

#[test]
fn a_measurement_within_a_build_stops_what_runs_beside_it_and_not_itself() {
    let lab = Lab::new(0.4);
    let script = format!(
        "({BURN}) & {} apply T003 --no-profile; code=$?; kill -KILL $(cat a b); exit $code",
        super::bench::WORKBENCH
    );
    let child = start(&lab, &script);
    let pids = burners(&lab);
    lab.wait_for_pairs(1);
    assert!(stand_still(&pids));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("stopped while we measure: /bin/sh -c"), "{said}");
}

#[test]
fn nothing_stays_stopped_when_its_supervisor_is_killed() {
    let lab = Lab::new(0.4);
    let mut child = start(&lab, "sleep 1000 & echo $! > a; wait");
    let read = || fs::read_to_string(lab.bench.path("a")).ok()?.trim().parse::<i32>().ok();
    eventually("it runs", || read().is_some());
    let lease = lab.quiet("apply T003");
    let sleeper = read().unwrap();
    eventually("it is stopped", || stand_still(&[sleeper]));
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    // Its process group is orphaned with stopped members: the kernel lets them go on and hangs up on them, which ends
    // those that do not ignore it (nohup).
    eventually("it goes on or ends", || Stat::of(sleeper).is_none_or(|stat| stat.is_dead() || !stat.stands_still()));
    let _ = kill(Pid::from_raw(sleeper), Signal::SIGKILL);
    drop(lease);
}
