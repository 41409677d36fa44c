//! Agents that misbehave: nothing is lost, no process is left, and each end has a clear reason.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use workbench::agents::Stage;
use workbench::agents::facts::{Ending, Gate, Role};
use workbench::agents::supervisor::{Stream, TOKEN_VARIABLE};
use workbench::machine::processes::{Stat, marked};

use super::assign_bench::Yard;
use super::bench::eventually;

/// A commit in the agent's own modules.
const COMMIT: &str = "echo work > notes; git add notes; git commit -qm '[Agent1] Transaction: work'";

#[test]
fn forks_daemons_that_outlive_it() {
    // One leads a session elsewhere, one has cleared its environment besides, one has a parent that has gone.
    let yard = Yard::new(
        "setsid sh -c 'cd /; echo $$; exec sleep 1000' &
         env -i /bin/sh -c 'cd /; setsid /bin/sh -c \"echo \\$\\$; exec sleep 1000\" & sleep 0.1'
         sh -c '(sleep 1000 & echo $!) &'
         sleep 0.3",
    );
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    let said = yard.said();
    let pids: Vec<i32> = said.lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!(pids.len(), 3, "{said}");
    assert_eq!((ended.ending, ended.left_behind), (Ending::Finished, 3), "{}", ended.reason);
    assert!(ended.reason.contains("left behind (3)"), "{}", ended.reason);
    for pid in pids {
        assert!(Stat::of(pid).is_none_or(|stat| stat.is_dead()), "{pid} lives");
    }
}

#[test]
fn ignores_every_signal_that_can_be_ignored() {
    let yard = Yard::new("trap '' INT TERM; while :; do sleep 0.05; done");
    yard.limit_s(0.5);
    let began = Instant::now();
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!((ended.ending, ended.exit_code), (Ending::OutOfTime, None));
    assert_eq!(ended.reason.split(';').next(), Some("it took longer than 500 ms"), "{}", ended.reason);
    assert!(ended.reason.contains("ended by KILL"), "{}", ended.reason);
    assert!(began.elapsed() >= Duration::from_millis(1100), "half a second, and the grace twice");
}

#[test]
fn loops_for_ever_and_ends_when_it_is_told() {
    let yard = Yard::new("trap 'echo bye; exit 0' INT; while :; do sleep 0.05; done");
    yard.limit_s(0.5);
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!(ended.ending, Ending::OutOfTime);
    assert!(ended.reason.contains("ended by INT"), "{}", ended.reason);
    assert_eq!(yard.said(), "bye\n", "what it says at its end is kept");
    assert_eq!(yard.stage(), Stage::Ended);
}

#[test]
fn floods_its_output() {
    let yard = Yard::new("yes 0123456789abcde");
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!((ended.ending, ended.output_bytes), (Ending::TooMuchOutput, 1 << 20), "{}", ended.reason);
    let kept = yard.output(Stream::Stdout);
    assert_eq!(kept, b"0123456789abcde\n".repeat(1 << 16), "to the byte, up to the quota");
}

#[test]
#[ignore = "a gigabyte; `cargo test --release --test e2e misbehaviour -- --ignored`"]
fn floods_a_gigabyte() {
    let yard = Yard::new("yes 0123456789abcde | head -c 1073741824");
    yard.configure("workbench.yaml", "output_mb: 1,", "output_mb: 2000,");
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!((ended.ending, ended.output_bytes), (Ending::Finished, 1 << 30), "{}", ended.reason);
    let lines = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/attempt-1.jsonl")).unwrap();
    let kept = lines.lines().filter(|line| line.contains(r#""text":"0123456789abcde\n""#)).count();
    assert_eq!(kept, 1 << 26, "every line of it");
}

#[test]
fn fills_its_folder() {
    let yard = Yard::new(
        "echo mine > notes; dd if=/dev/zero of=\"$CARGO_TARGET_DIR.big\" bs=1M count=6 2> /dev/null; sleep 1000",
    );
    yard.configure("workbench.yaml", "output_mb: 1,", "output_mb: 1, disk_mb: 5,");
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!((ended.ending, ended.exit_code), (Ending::TooMuchDisk, None), "{}", ended.reason);
    assert!(
        ended.reason.starts_with("its folder takes 6 MB, and `agents.disk_mb` allows 5; ended by INT"),
        "{}",
        ended.reason
    );
    // Its work is kept, and so is the file: somebody may want to look at it.
    assert_eq!(yard.git(&["show", &format!("{}:notes", ended.snapshot.unwrap())]), "mine");
    assert!(yard.lab.bench.path("tracking/work/1/target.big").exists());
}

#[test]
fn fills_the_disk() {
    // The folder of all work is a disk of four megabytes.
    let yard = Yard::new("echo mine > notes; dd if=/dev/zero of=big bs=1M 2> /dev/null || yes");
    let work = yard.lab.bench.path("tracking/work");
    std::fs::create_dir_all(&work).unwrap();
    let mount = |command: &str, args: &[&str]| {
        std::process::Command::new(command).args(args).arg(&work).stderr(std::process::Stdio::null()).status()
    };
    if !mount("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).is_ok_and(|done| done.success()) {
        println!("SKIPPED: no disk can be mounted here");
        return;
    }
    let ran = yard.assign();
    let (stage, ended) = (yard.stage(), yard.attempt().ended);
    let again = yard.run(&["recover"]);
    let _ = std::fs::remove_file(work.join("1/tree/big"));
    let recovered = yard.run(&["recover"]);
    let notes = std::fs::read_to_string(work.join("1/tree/notes"));
    let last = yard.stage();
    assert!(mount("umount", &["--lazy"]).unwrap().success());
    // Told as what it is; nobody is left, the store is whole, and what fitted is where it was.
    assert_eq!(ran.code, 4, "{}", ran.shown());
    let ended = ended.unwrap_or_else(|| panic!("it has no end: {stage}\n{}\n{}", ran.shown(), again.shown()));
    assert_eq!(ended.ending, Ending::Failed, "{}", ended.reason);
    assert!(ended.reason.contains("its output cannot be kept: No space left on device"), "{}", ended.reason);
    assert_eq!((recovered.code, notes.unwrap().trim(), last), (0, "mine", Stage::Ended), "{}", recovered.shown());
    assert_eq!(yard.lab.problems(), Vec::<String>::new());
    assert_eq!(marked(TOKEN_VARIABLE, &yard.attempt().token), []);
    yard.checkout_is_untouched();
}

#[test]
fn prints_bad_utf8_and_escape_sequences() {
    let yard = Yard::new(r"printf '\377\376\033[2J\033]0;owned\007caf\303\251\r\n'; printf '\200 no end' >&2");
    assert_eq!(yard.assign().code, 4);
    assert_eq!(yard.output(Stream::Stdout), b"\xff\xfe\x1b[2J\x1b]0;owned\x07caf\xc3\xa9\r\n");
    assert_eq!(yard.output(Stream::Stderr), b"\x80 no end");
    let raw = std::fs::read(yard.lab.bench.path("tracking/work/1/attempt-1.jsonl")).unwrap();
    assert!(raw.iter().all(|byte| *byte == b'\n' || !byte.is_ascii_control()), "who prints the file prints no escapes");
    // Nor does who asks what it does.
    let told = yard.run(&["agents"]);
    assert!(!told.stdout.contains('\x1b'), "{}", told.stdout);
    assert_eq!(yard.ended().ending, Ending::Finished);
}

#[test]
fn dies_in_the_middle_of_a_commit() {
    let yard = Yard::new(
        "echo half > notes; git add notes; echo more > toy-notes; : > $(git rev-parse --git-dir)/index.lock; kill -KILL $$",
    );
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!((ended.ending, ended.exit_code), (Ending::Killed, None));
    assert!(
        ended.reason.contains("signal 9 ended it, which was not ours; it left the lock of a git command"),
        "{}",
        ended.reason
    );
    let kept = ended.snapshot.expect("what it had not committed");
    assert_eq!(yard.git(&["show", &format!("{kept}:notes")]), "half");
    assert_eq!(yard.git(&["show", &format!("{kept}:toy-notes")]), "more");
    // The next attempt finds its work where it was, and is told what happened.
    yard.play("cat notes; cat \"$3\" >&2");
    assert_eq!(yard.assign().code, 4);
    assert_eq!(yard.output(Stream::Stdout), b"half\n");
    assert!(yard.said().contains("Attempt 1: signal 9 ended it"), "{}", yard.said());
}

#[test]
fn deletes_its_worktree() {
    let yard = Yard::new(&format!("{COMMIT}; rm -rf \"$PWD\""));
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert!(ended.reason.contains("deleted its worktree, its branch is still there"), "{}", ended.reason);
    yard.checkout_is_untouched();
    let recovered = yard.run(&["recover"]);
    assert!(recovered.stdout.contains("is checked out again"), "{}", recovered.shown());
    yard.play("cat notes");
    assert_eq!(yard.assign().code, 4);
    assert_eq!(yard.said(), "work\n");
}

#[test]
fn rewrites_history() {
    let yard = Yard::new(
        "echo mine > notes; git add notes
         git reset -q --soft $(git commit-tree $(git write-tree) -m 'nothing came before')
         workbench submit --note 'all new'",
    );
    assert_eq!(yard.assign().code, 4);
    assert!(yard.ended().reason.contains("does not come after its base"), "{}", yard.ended().reason);
    let life = yard.life();
    let refused = life.submission().and_then(|submission| submission.refused()).expect("a refusal");
    assert_eq!(refused.gate, Gate::History);
    assert!(refused.reason.contains("history was rewritten"), "{}", refused.reason);
    assert_eq!(yard.stage(), Stage::Refused);
    yard.checkout_is_untouched();
}

#[test]
fn edits_outside_its_modules() {
    for (file, gate, told) in [
        ("README.md", Gate::Modules, "not the agent's: README.md"),
        ("workbench.yaml", Gate::Harness, "protected: workbench.yaml"),
        ("improvements/T003.yaml", Gate::Harness, "protected: improvements/T003.yaml"),
    ] {
        let yard = Yard::new(&format!(
            "{COMMIT}; echo '# faster' >> {file}; git add {file}; git commit -qm more; workbench submit"
        ));
        assert_eq!(yard.assign().code, 4);
        let life = yard.life();
        let refused = life.submission().and_then(|submission| submission.refused()).expect("a refusal");
        assert_eq!((refused.gate, refused.reason.as_str()), (gate, told));
        yard.checkout_is_untouched();
    }
}

#[test]
fn submits_twice_and_what_is_not_committed_and_nothing() {
    let yard = Yard::new(&format!(
        "workbench submit || echo \"first $?\"
         echo more > notes; workbench submit || echo \"second $?\"
         {COMMIT}; workbench submit; workbench submit || echo \"third $?\"
         workbench report done || echo \"fourth $?\""
    ));
    assert_eq!(yard.assign().code, 4);
    let said = yard.said();
    for told in [
        "first 4",
        "nothing is committed since its base",
        "second 4",
        "1 file not committed: notes",
        "third 4",
        "was handed in before",
        // How an attempt ends is not its to say.
        "fourth 2",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(yard.life().submissions.len(), 1);
}

#[test]
fn decides_about_itself() {
    let yard = Yard::new(&format!(
        "{COMMIT}; workbench submit
         mkdir evidence; for what in 'review T003 --approve' 'merge' 'recall T003 --reason tired' 'run --phase 1' 'gate T003' 'recover' \
             'status T003 complete --force --reason done' 'note T003 done' 'import evidence'; do
           env -u WORKBENCH_ATTEMPT -u WORKBENCH_ASSIGNMENT workbench $what || echo \"$what $?\"
         done
         env -i HOME=/ PATH=\"$PATH\" setsid sh -c 'sleep 0.2; workbench --project $0 recall T003 --reason tired || echo later $?' \
           \"$WORKBENCH_PROJECT\" &
         wait"
    ));
    assert_eq!(yard.assign().code, 4);
    let said = yard.said();
    for what in [
        "review T003 --approve",
        "merge",
        "recall T003 --reason tired",
        "run --phase 1",
        "gate T003",
        "recover",
        "status T003 complete --force --reason done",
        "note T003 done",
        "import evidence",
        "later",
    ] {
        assert!(said.contains(&format!("{what} 4")), "{what}: {said}");
    }
    assert!(said.contains("this is not an agent's to do"), "{said}");
    assert_eq!(yard.life().withdrawn, None);
}

#[test]
fn submits_nothing() {
    let yard = Yard::new("echo 'all done, 10x faster!'");
    let ran = yard.assign();
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("attempt 1, ended"), "{}", ran.stdout);
    assert_eq!((yard.stage(), yard.life().submissions.len()), (Stage::Ended, 0));
    for _ in 0..2 {
        assert_eq!(yard.assign().code, 4);
    }
    let tired = yard.run(&["assign", "T003"]);
    assert_eq!(tired.code, 4);
    assert!(tired.stderr.contains("3 attempts were made"), "{}", tired.stderr);
    // A word in its own output moves nothing.
    assert!(yard.run(&["list"]).stdout.lines().any(|line| line.contains("T003") && !line.contains("Complete")));
}

#[test]
fn cannot_be_started() {
    let yard = Yard::new("true");
    yard.configure("agents/agent-01.yaml", "/bin/sh,", "/no/such/coder,");
    assert_eq!(yard.assign().code, 4);
    let ended = yard.ended();
    assert_eq!(ended.ending, Ending::Failed);
    assert!(ended.reason.starts_with("`/no/such/coder ") && ended.reason.contains("cannot be run"), "{}", ended.reason);
}

#[test]
fn loses_its_supervisor() {
    let yard = Yard::new(
        "echo unsaved > notes; setsid sh -c 'cd /; sleep 1000' & trap '' HUP INT TERM; : > ready; while :; do sleep 0.05; done",
    );
    yard.begin();
    yard.wait_for("ready");
    let attempt = yard.attempt();
    let supervisor = attempt.workers.iter().find(|worker| worker.role == Role::Supervisor).unwrap();
    assert!(marked(TOKEN_VARIABLE, &attempt.token).len() >= 2);
    kill(Pid::from_raw(supervisor.pid), Signal::SIGKILL).unwrap();
    eventually("nobody watches", || yard.stage() == Stage::Lost);
    assert_eq!(yard.run(&["assign", "T003"]).code, 4, "nobody begins beside what may still run");
    let looked = yard.run(&["recover", "--dry-run"]);
    assert!(looked.stdout.contains("dead") && yard.stage() == Stage::Lost, "{}", looked.shown());

    let recovered = yard.run(&["recover"]);
    assert_eq!(recovered.code, 0, "{}", recovered.shown());
    let ended = yard.ended();
    assert_eq!(ended.ending, Ending::Lost);
    let kept = ended.snapshot.expect("what it had not committed");
    assert_eq!(yard.git(&["show", &format!("{kept}:notes")]), "unsaved");
    assert_eq!(yard.stage(), Stage::Ended);
    let again = yard.run(&["recover"]);
    assert!(again.stdout.contains("nothing to repair"), "{}", again.shown());
}

#[test]
fn builds_beside_a_measurement() {
    let yard = Yard::new("sh -c 'echo $$ > burner; while :; do :; done' & : > ready; wait");
    yard.limit_s(30.0);
    yard.begin();
    yard.wait_for("burner");
    let burner =
        || std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/tree/burner")).ok()?.trim().parse().ok();
    eventually("it burns", || burner().and_then(Stat::of).is_some_and(|stat| stat.cpu_ticks > 0));
    let pid: i32 = burner().unwrap();
    let lease = yard.lab.quiet("apply T003");
    eventually("it stands still", || Stat::of(pid).is_some_and(|stat| stat.state == 'T'));
    drop(lease);
    eventually("it goes on", || Stat::of(pid).is_some_and(|stat| stat.state == 'R'));
    // Taken back while it runs: stopped, and its worktree stays, since something in it is not committed.
    let recalled = yard.run(&["recall", "T003", "--reason", "B001 comes first"]);
    assert_eq!(recalled.code, 0, "{}", recalled.shown());
    assert!(recalled.stdout.contains("2 files in it not committed"), "{}", recalled.stdout);
    assert_eq!((yard.ended().ending, yard.stage()), (Ending::Stopped, Stage::Withdrawn));
    assert!(Stat::of(pid).is_none_or(|stat| stat.is_dead()));
    yard.checkout_is_untouched();
}
