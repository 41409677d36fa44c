//! Drivers that hang, die, lie or print nonsense, and targets that do not build: each a clear message and the right
//! exit code, and nobody left behind.

use super::apply_bench::{Lab, fixture};
use super::bench::Ran;

/// Exit code and message, without what differs from run to run.
fn check(name: &str, lab: &Lab, code: i32) {
    let ran = lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
    // On stdout for a verdict; on stderr, behind the progress, for an error.
    let message = if code == 4 {
        ran.stdout.split("\n\n").next().unwrap().to_owned()
    } else {
        ran.stderr.lines().skip_while(|line| line.starts_with('[')).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(format!("fault_{name}"), message);
    assert_eq!((lab.processes(), lab.leftovers()), (Vec::new(), 0), "{name}");
}

#[test]
fn a_driver_that_fails_in_mid_pair_is_broken() {
    let cases = [
        ("hang_slice", "fault: hang, only: with"),
        ("hang_load", "fault: hang, at: load, only: without"),
        ("die_slice", "fault: die, only: with"),
        ("die_load", "fault: die, at: load"),
        ("kill_check", "fault: kill, at: check, only: with"),
        ("garbage_slice", "fault: garbage, only: without"),
        ("endless_slice", "fault: endless, only: with"),
        ("mute_slice", "fault: mute, only: with"),
    ];
    for (name, fault) in cases {
        let lab = Lab::with(&format!("effect: 0.4, batch: 8, {fault}"), "noise: 0.003", "noise: 0.003");
        if name.starts_with("hang") {
            lab.give_up_early();
        }
        check(name, &lab, 4);
    }
}

#[test]
fn a_driver_that_is_not_the_one_asked_for_is_an_error() {
    for fault in ["hang", "die", "garbage", "protocol"] {
        let lab = Lab::new(0.4);
        lab.config(&format!("[\"driver\", \"--features={{features}}\", \"--hello={fault}\"]"), "");
        if fault == "hang" {
            lab.give_up_early();
        }
        let code = if fault == "protocol" { 1 } else { 4 };
        check(&format!("hello_{fault}"), &lab, code);
    }
    let lab = Lab::new(0.4);
    lab.config("[\"driver\"]", "");
    check("features_not_passed_on", &lab, 1);
    check("refusal", &Lab::with("effect: 0.4, fault: refuse", "noise: 0.003", "noise: 0.003"), 1);
}

#[test]
fn a_plan_that_the_driver_cannot_run_is_an_error() {
    let lab = Lab::new(0.4);
    lab.bench.replace("improvements/T003.yaml", "workload: toy,", "workload: tpcc,");
    check("unknown_workload", &lab, 1);
    let lab = Lab::new(0.4);
    lab.bench.replace("improvements/T003.yaml", "metric: tps}", "metric: qps}");
    check("unknown_metric", &lab, 1);
    let lab = Lab::new(0.4);
    lab.bench.replace("improvements/T003.yaml", "metric: tps}", "metric: tps, better: lower}");
    check("wrong_direction", &lab, 1);
    let lab = Lab::new(0.4);
    lab.bench.remove("driver");
    check("no_driver", &lab, 1);
}

/// A lab whose arms Cargo builds from the toy's sources.
pub(crate) fn built_lab() -> Lab {
    let lab = Lab::new(0.4);
    std::fs::create_dir_all(lab.bench.path("toy/src")).unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        std::fs::copy(fixture().join(name), lab.bench.path("toy").join(name)).unwrap();
    }
    lab.bench.replace(
        "workbench.yaml",
        "command: [\"driver\", \"--features={features}\"]",
        "workspace: toy, layouts: 1, tests: [toy]",
    );
    lab
}

#[test]
fn arms_are_built_once_tested_once_and_built_again_when_damaged() {
    let lab = built_lab();
    let first = lab.apply(&["--no-profile"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(first.stderr.contains("arm B built") && first.stderr.contains("testing arm B"), "{}", first.stderr);
    let second = lab.apply(&["--no-profile"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stderr.contains("arm B found in the cache"), "{}", second.stderr);
    assert!(second.stderr.contains("tests of arm B have passed before"), "{}", second.stderr);

    // One flipped byte in a cached binary is noticed before it runs.
    let binary = lab.experiment(2).builds.iter().find(|built| built.features == ["t003"]).unwrap().path.clone();
    let mut bytes = std::fs::read(&binary).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&binary, bytes).unwrap();
    let third = lab.apply(&["--no-profile"]);
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert!(third.stderr.contains("arm B built") && third.stderr.contains("arm A found"), "{}", third.stderr);

    // A changed source is another experiment: it is not resumed, and both arms are built anew; what was proven is stale.
    assert!(!lab.run(&["list"]).stdout.contains("stale"));
    lab.bench.replace("toy/src/main.rs", "10_000.0", "20_000.0");
    for command in [&["list"][..], &["show", "T003"]] {
        assert!(lab.run(command).stdout.contains("(stale)"), "{command:?}");
    }
    assert!(lab.apply(&["--dry-run"]).stdout.contains("A = no improvement (to be built)"));
}

#[test]
fn a_target_that_does_not_build_or_fails_its_tests() {
    let lab = built_lab();
    lab.bench.replace(
        "toy/src/main.rs",
        "struct Toy {",
        "#[cfg(feature = \"t003\")]\nconst X: u8 = \"a\";\nstruct Toy {",
    );
    check("build_fails", &lab, 1);

    let lab = built_lab();
    lab.bench.replace(
        "toy/src/main.rs",
        "#[test]",
        "#[cfg(feature = \"t003\")]\n#[test]\nfn sums() {\n    assert_eq!(1 + 1, 3);\n}\n\n#[test]",
    );
    let ran = lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    for words in ["BROKEN", "the tests of arm B failed", "tests::sums", "left: 2"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }

    let lab = built_lab();
    lab.bench.replace("workbench.yaml", "driver: toy,", "driver: boat,");
    let ran = lab.apply(&[]);
    assert!(ran.code == 1 && ran.stderr.contains("no bin target named `boat`"), "{}", ran.stderr);

    let lab = built_lab();
    lab.bench.replace("workbench.yaml", "package: toy,", "package: tuy,");
    check("no_package", &lab, 1);
}

#[test]
fn a_missing_compiler_is_named_with_its_remedy() {
    let lab = built_lab();
    let tools = lab.bench.path("bin");
    std::fs::create_dir(&tools).unwrap();
    let without = |name: &str| {
        let mut command = lab.command(&["apply", "T003"]);
        command.env("PATH", &tools).env_remove("CARGO").env_remove("RUSTC");
        let ran = Ran::new(&command.output().unwrap(), &lab.bench.root());
        insta::assert_snapshot!(format!("fault_{name}"), ran.shown());
        assert!(!lab.bench.path("tracking/workbench.db").exists());
    };
    without("no_cargo");
    // Cargo alone is no compiler.
    let cargo = std::env::var_os("CARGO").unwrap();
    std::os::unix::fs::symlink(cargo, tools.join("cargo")).unwrap();
    without("no_rustc");
}

#[test]
fn a_full_disk_costs_the_pair_under_way_and_nothing_else() {
    let slow = "noise: 0.003, sleep_ms: 10";
    let lab = Lab::with("effect: 0.4, noise: 0.01, batch: 8, sleep_ms: 10", slow, slow);
    // No file may grow beyond this: the store is made, takes some facts, and then the next one fails.
    let script = "trap '' XFSZ; ulimit -f 1500; exec \"$@\"";
    let mut command = std::process::Command::new("/bin/sh");
    let apply = lab.command(&["apply", "T003", "--no-profile", "--seed", "1"]);
    command.args(["-c", script, "sh"]).arg(apply.get_program()).args(apply.get_args()).current_dir(lab.bench.root());
    command.envs(apply.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::new(&command.output().unwrap(), &lab.bench.root());
    let message: Vec<&str> = ran.stderr.lines().skip_while(|line| line.starts_with('[')).collect();
    insta::assert_snapshot!("fault_full_disk", format!("exit {}\n{}", ran.code, message.join("\n")));
    assert_eq!((lab.problems(), lab.processes(), lab.leftovers()), (Vec::new(), Vec::new(), 0));
    let kept = lab.pairs();
    assert!(!kept.is_empty());
    let ran = lab.apply(&["--resume", "--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(lab.pairs().starts_with(&kept));
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_changes_no_verdict() {
    let lab = Lab::new(0.4);
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for args in [&["list"][..], &["list", "--json"], &["apply", "T003", "--no-profile"]] {
        let output = lab.command(args).stdout(full()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("cannot write to stdout: No space left on device"), "{args:?}: {stderr}");
    }
    assert!(lab.experiment(1).verdict.is_some(), "decided and recorded all the same");
}

#[test]
fn a_stale_binary_is_refused() {
    let lab = built_lab();
    // A driver that ignores WB_SRC says a digest nobody asked for.
    lab.bench.replace("toy/src/main.rs", "match (option_env!(\"WB_SRC\"), fault) {", "match (Some(\"0123\"), fault) {");
    let ran = lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("was built from the sources 0123"), "{}", ran.stderr);
}
