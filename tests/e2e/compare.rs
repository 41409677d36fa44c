//! `workbench compare`: two commits of a foreign project, of which one is slower.

use std::process::{Command, Stdio};

use workbench::lab::experiment::{Question, Verdict};
use workbench::lab::verdict::replay;

use super::apply_bench::Lab;
use super::apply_faults::built_lab;
use super::commands::steady;

fn git(lab: &Lab, args: &[&str]) -> String {
    let who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").arg("-C").arg(lab.bench.root()).args(who).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository whose branch `fast` is a commit before `slow`, by which the toy loses a fifth of its rate.
pub(crate) fn two_commits(params: &str) -> Lab {
    let lab = built_lab();
    let workload = format!("compare: [{{workload: toy, params: {{{params}}}, metric: tps}}]\n");
    let config = std::fs::read_to_string(lab.bench.path("workbench.yaml")).unwrap();
    lab.bench.write("workbench.yaml", config + &workload);
    lab.bench.write(".gitignore", "tracking/\ntmp/\ntarget/\nmachine/\n/driver\n");
    git(&lab, &["init", "-q", "-b", "fast"]);
    git(&lab, &["add", "."]);
    git(&lab, &["commit", "-q", "-m", "fast"]);
    git(&lab, &["checkout", "-q", "-b", "slow"]);
    lab.bench.replace("toy/src/main.rs", "10_000.0", "8_000.0");
    git(&lab, &["commit", "-q", "-a", "-m", "slow"]);
    lab
}

#[test]
fn a_slower_commit_is_worse_and_no_checkout_is_touched() {
    let lab = two_commits("noise: 0.01");
    let before = (git(&lab, &["status", "--porcelain"]), git(&lab, &["worktree", "list"]));
    let planned = lab.run(&["compare", "fast", "slow", "--dry-run"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(planned.stdout.contains("A = fast (") && planned.stdout.contains("(to be built)"), "{}", planned.stdout);
    insta::assert_snapshot!("compare_plan", steady(&planned));

    let ran = lab.run(&["compare", "fast", "slow", "--json"]);
    assert_eq!(ran.code, 0, "without the flag a slower commit is told, not refused: {}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let data = &json["data"];
    assert_eq!((&data["verdict"], &data["passed"]), (&"WORSE".into(), &false.into()), "{data}");
    assert_eq!(data["a"]["revision"]["name"], "fast");
    assert_eq!(data["b"]["revision"]["commit"], git(&lab, &["rev-parse", "slow"]));
    let line = &data["workloads"][0];
    assert_eq!((&line["outcome"], &line["found"]), (&"worse".into(), &"worse".into()));
    assert!((line["change"]["estimate"].as_f64().unwrap() + 0.2).abs() < 0.01, "{line}");
    let mut keys: Vec<_> = data.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b", "experiment", "margin", "passed", "reason", "verdict", "workloads"]);

    // Both are kept by what they are made of: nothing is built again, also by other names or the other way round.
    let back = lab.run(&["compare", "HEAD", "HEAD~1", "--fail-if-worse"]);
    assert_eq!(back.code, 0, "{}{}", back.stdout, back.stderr);
    assert!(back.stderr.contains("arm A found") && back.stderr.contains("arm B found"), "{}", back.stderr);
    assert!(back.stdout.contains(": BETTER\n"), "{}", back.stdout);
    let gate = lab.run(&["compare", "fast", "slow", "--fail-if-worse"]);
    assert_eq!(gate.code, 4, "{}{}", gate.stdout, gate.stderr);
    assert!(gate.stdout.contains("worse beyond ±3.0 %"), "{}", gate.stdout);
    assert_eq!((git(&lab, &["status", "--porcelain"]), git(&lab, &["worktree", "list"])), before);

    let experiment = lab.experiment(1);
    assert_eq!(experiment.plan.question, Question::Compare);
    let pairs: Vec<_> = experiment.pairs.into_iter().map(|fact| fact.pair).collect();
    assert_eq!(replay(&experiment.plan, &pairs).unwrap(), experiment.verdict.unwrap().ruling);
    // No status of an improvement rests on it, and it is in the lists.
    assert!(lab.run(&["list", "--json"]).stdout.contains("\"verdict\": null"));
    assert_eq!(lab.leftovers(), 0);
}

#[test]
fn the_working_tree_is_a_revision_too() {
    let lab = two_commits("noise: 0.01");
    lab.bench.replace("toy/src/main.rs", "8_000.0", "10_000.0");
    // As the commit before: the same content, so the same binary.
    let same = lab.run(&["compare", "fast", "."]);
    assert_eq!(same.code, 1, "{}", same.stdout);
    assert!(same.stderr.contains("A and B are the same"), "{}", same.stderr);

    let changed = lab.run(&["compare", "slow", "WORKTREE"]);
    assert!(
        changed.stdout.contains("slow (") && changed.stdout.contains("→ the working tree: BETTER"),
        "{}",
        changed.stdout
    );
    assert!(!changed.stderr.contains("in neither arm"), "{}", changed.stderr);
    let neither = lab.run(&["compare", "slow", "fast"]);
    assert!(neither.stderr.contains("changes that are in neither arm"), "{}", neither.stderr);

    // One tree, two sets of features: the toy's feature does nothing on this workload.
    let features = lab.run(&["compare", ".", ".", "--features-b", "T003", "--limit", "12", "--seed", "1"]);
    assert!(features.stdout.starts_with("the working tree → the working tree with t003: SAME"), "{}", features.stdout);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let lab = two_commits("noise: 0.01");
    let cases: [(&[&str], i32, &str, &str); 7] = [
        (&["main", "slow"], 3, "there is no revision `main`", "the latest branches are"),
        (&["fast", "./nowhere"], 3, "there is no revision `./nowhere`", "a path another one"),
        (&["fast", "slow", "--features", "t999"], 3, "has no feature `t999`", "`toy` has a, b"),
        (&["fast", "slow", "--workload", "tpcc"], 3, "there is no workload `tpcc`", "measures on other, toy"),
        (&["fast", "slow", "--workload", "toy tsp"], 3, "there is no metric `tsp`", "did you mean `tps`?"),
        (&["fast", "slow", "--workload", "toy tps p99"], 2, "decided by both `tps` and `p99`", "once for each metric"),
        (&["fast", "slow", "--margin", "0"], 2, "it must lie between 0 and 100", "--help"),
    ];
    for (args, code, error, help) in cases {
        let ran = lab.run(&[&["compare"], args].concat());
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(ran.code, code, "{args:?}: {said}");
        assert!(said.contains(error) && said.contains(help), "{args:?}: {said}");
    }
    std::fs::remove_dir_all(lab.bench.path(".git")).unwrap();
    let ran = lab.run(&["compare", "fast", "slow"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("is not in a git repository"), "{}", ran.stderr);
}

#[test]
fn what_decides_is_what_was_asked_for() {
    let lab = two_commits("noise: 0.01");
    let planned = |workload: &str| {
        let ran = lab.run(&["compare", "fast", "slow", "--dry-run", "--workload", workload]);
        assert_eq!(ran.code, 0, "{workload}: {}", ran.stderr);
        ran.stdout
    };
    assert!(planned("toy").contains("tps of toy"), "{}", planned("toy"));
    // A quantile of the latency is better when it is less, whoever measures by it.
    assert!(planned("toy p99 noise=0.02").contains("p99 (less is better) of toy"), "{}", planned("toy p99 noise=0.02"));

    // What the project does not know of a workload, its driver does.
    let ran = lab.run(&["compare", "fast", "slow", "--workload", "toy p99"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("has no metric `p99`") && ran.stderr.contains("it has tps"), "{}", ran.stderr);
}

#[test]
fn killed_it_goes_on_with_its_pairs() {
    let lab = two_commits("noise: 0.01, sleep_ms: 60");
    let mut child =
        lab.command(&["compare", "fast", "slow"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    lab.wait_for_pairs(2);
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = lab.pairs();
    let ran = lab.run(&["compare", "fast", "slow", "--resume"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("going on with experiment 1 after {} pairs", kept.len())), "{}", ran.stderr);
    assert!(lab.pairs().starts_with(&kept));
    assert_eq!(lab.experiment(1).verdict.unwrap().ruling.verdict, Verdict::Worse);
    assert_eq!(lab.leftovers(), 0);
}
