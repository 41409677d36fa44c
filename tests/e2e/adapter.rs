//! Programs that speak no protocol: shell scripts in the place of benches, whose figures are known.

use workbench::lab::experiment::Run;

use super::apply_bench::Lab;
use super::bench::Ran;

/// A bench that takes 30 % less with the feature, give or take a percent, by its own word.
const BENCH: &str = r#"#!/bin/sh
echo "$@" >> "$CARGO_MANIFEST_DIR/calls"
ns=$((10000000 + $$ * 7919 % 100000))
case "$*" in *--features=*t003*) test "$2" = sort && ns=$((ns * 7 / 10)) ;; esac
echo "took $ns ns"
"#;

/// A project whose driver is `bench` and is no driver.
fn lab(adapter: &str, bench: &str) -> Lab {
    let lab = Lab::new(0.0);
    lab.bench.write("bench.sh", bench);
    lab.bench.make_executable("bench.sh");
    lab.bench.write(
        "workbench.yaml",
        format!(
            "target:
  package: toy
  driver: bench.sh
  command: [bench.sh, '--features={{features}}']
  adapter: {adapter}
machine: {{foreign_cpu_max: 1, steal_max: 1, cpu_pressure_max: 100, io_pressure_max: 100}}
lab: {{slice_ms: 20, slices: 2, answer_limit_s: 60, profile_s: 1}}
"
        ),
    );
    let entry = std::fs::read_to_string(lab.bench.path("improvements/T003.yaml")).unwrap();
    let (before, _) = entry.split_once("  workload:").unwrap();
    let trial =
        |workload: &str| format!("{{workload: {workload}, params: {{size: 7}}, metric: time_ns, better: lower}}");
    let (main, control) = (trial("sort"), trial("walk"));
    lab.bench.write(
        "improvements/T003.yaml",
        format!("{before}  workload: {main}\n  guards: []\n  control: {control}\n  references: [none]\n"),
    );
    lab
}

const PATTERN: &str = "{reads: pattern, command: ['{program}', '{workload}', '--size={size}'],
    figures: [{name: time_ns, pattern: 'took (\\d+) ns', unit: ns}]}";

fn refused(adapter: &str, bench: &str, parts: &[&str]) {
    let ran = lab(adapter, bench).apply(&["--no-profile"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    for part in parts {
        // The report wraps its lines.
        let said: String = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(said.contains(part), "{part:?} is not in\n{}", ran.stderr);
    }
}

#[test]
fn a_bench_is_measured_in_pairs_of_processes() {
    let lab = lab(PATTERN, BENCH);
    let ran: Ran = lab.apply(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["data"]["verdict"], "PROVEN");
    let confirmed = &result["data"]["workloads"][1];
    assert!((confirmed["gain"].as_f64().unwrap() - 3.0 / 7.0).abs() < 0.02, "{confirmed}");
    assert!(ran.stderr.contains("what an adapter runs does not profile itself"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no answers are checked"), "{}", ran.stderr);

    let experiment = lab.experiment(1);
    assert_eq!(experiment.plan.mechanism, None);
    let pairs: Vec<_> = experiment.pairs.into_iter().map(|fact| fact.pair).collect();
    assert_eq!(pairs.iter().filter(|pair| pair.run == Run::Confirmation).count(), 5);
    let calls = std::fs::read_to_string(lab.bench.path("calls")).unwrap();
    let with = calls.lines().filter(|line| line.contains("--features=t003")).count();
    assert!(calls.lines().all(|line| line.ends_with("--size=7")), "{calls}");
    // Equal work: what A does in its first, timed slice is what every slice of either arm does.
    assert!(with >= pairs.len() * 3 && with * 2 == calls.lines().count(), "{with} of {}", calls.lines().count());
    assert_eq!(lab.leftovers(), 0);

    assert!(lab.run(&["verdict", "T003", "--replay"]).code == 0);
    assert!(lab.run(&["report", "--output", "-"]).stdout.contains("time_ns"));
    let profile = lab.run(&["profile", "T003"]);
    assert_eq!(profile.code, 3, "{}", profile.shown());
}

#[test]
fn wall_and_cpu_time_of_a_process() {
    let process = "{reads: process, command: ['{program}', '{workload}', '{size}']}";
    let busy = "#!/bin/sh\ncase \"$1\" in *t003*) n=2000 ;; *) n=20000 ;; esac\ntest \"$2\" = walk && n=2000\n\
                i=0; while [ $i -lt $n ]; do i=$((i + 1)); done\n";
    let lab = lab(process, busy);
    lab.bench.replace("improvements/T003.yaml", "metric: time_ns", "metric: cpu_ns");
    lab.bench.replace("improvements/T003.yaml", "  control: ", "  # control: ");
    let ran = lab.apply(&["--no-profile"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stdout.contains("PROVEN") && ran.stdout.contains("cpu_ns (less is better)"), "{}", ran.stdout);
    let pair = &lab.pairs()[0];
    assert!(pair.a.cpu_ns > pair.b.cpu_ns && pair.b.values["time_ns"] > 0.0, "{pair:?}");
}

#[test]
fn a_bench_that_dies_is_broken_and_its_last_words_are_kept() {
    let dies = "#!/bin/sh\ncase \"$1\" in *t003*) echo '12 done'; echo 'index out of bounds' >&2; exit 101 ;; esac\necho took 5 ns\n";
    let ran = lab(PATTERN, dies).apply(&["--no-profile"]);
    assert_eq!(ran.code, 4, "{}", ran.shown());
    for part in
        ["BROKEN", "bench.sh --features=t003 sort --size=7", "exit status: 101", "12 done", "index out of bounds"]
    {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}

#[test]
fn wrong_answers_are_broken_where_a_command_checks_them() {
    let checked =
        PATTERN.replace("figures:", "check: [sh, -c, 'test {workload} != sort || test -z {features}'], figures:");
    let ran = lab(&checked, BENCH).apply(&["--no-profile"]);
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(ran.stdout.contains("wrong answer in arm B (sort"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("no answers are checked"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let says = |text: &str| format!("#!/bin/sh\nprintf '{text}'\n");
    refused(
        PATTERN,
        &says("hello\\nworld\\n"),
        &["finds no `time_ns` in its 2 lines (it begins: hello)", "compare the pattern"],
    );
    refused(PATTERN, &says("took 1 ns\\ntook 2 ns\\n"), &["more than one `time_ns`: lines 1 and 2"]);
    let hyperfine = "{reads: hyperfine, command: ['{program}', '{size}']}";
    refused(hyperfine, &says("{\\n\"results\": 5}"), &["not an export of hyperfine", "line 2"]);
    let export = "{reads: hyperfine, command: ['{program}', '{size}', '{out}']}";
    refused(export, &says(""), &["it did not write {out}"]);
    let criterion = "{reads: criterion, command: [sh, '{program}', '{size}']}";
    refused(criterion, &says("fine"), &["left no results of criterion in CRITERION_HOME"]);
    refused("{reads: process, command: ['{program}']}", BENCH, &["nothing takes the parameter `size`"]);
    refused(
        "{reads: process, command: ['{program}', '{size}', '{sort}']}",
        BENCH,
        &["has a place {sort} that nothing fills"],
    );
    refused("{reads: pattern, command: ['{program}']}", BENCH, &["workbench.yaml:5:20", "needs `figures`"]);
    let group = "{reads: pattern, command: ['{program}'], figures: [{name: a, pattern: 'x', unit: ns}]}";
    refused(group, BENCH, &["workbench.yaml:5", "the pattern has no group"]);
}

#[test]
fn a_bench_that_the_harness_does_not_have_is_named_before_anything_is_measured() {
    let lists = "#!/bin/sh\ncase \"$*\" in *--list*) echo 'sort/10: benchmark'; echo 'walk/10: benchmark' ;; *) exit 1 ;; esac\n";
    let criterion = "{reads: criterion, command: ['{program}', '--bench', '{filter}', '{size}']}";
    refused(criterion, lists, &["`bench.sh` has no bench `sort`", "did you mean `sort/10`?"]);
}
