//! The gates that build and measure, on the toy as an agent hands it in.

use workbench::agents::Stage;
use workbench::agents::facts::{Gate, Passed};

use super::assign_bench::Yard;

/// Changes the toy by `sed`, commits and hands in.
fn change(sed: &str) -> String {
    format!(
        "sed -i '{sed}' toy/src/main.rs; git commit -qam '[Agent1] Transaction: change'; workbench submit --note 'much faster'"
    )
}

/// What the gates said, up to the first that refused or was not asked.
fn told(yard: &Yard) -> Vec<(Gate, Passed)> {
    let life = yard.life();
    let submission = life.submission().expect("a submission");
    submission.gates().map_while(|(gate, found)| Some((gate, found?.outcome))).collect()
}

fn refusal(yard: &Yard) -> (Gate, String) {
    let life = yard.life();
    let refused = life.submission().and_then(|submission| submission.refused().cloned()).expect("a refusal");
    (refused.gate, refused.reason)
}

#[test]
fn what_holds_its_promise_gets_to_the_reviewer_and_changes_no_status() {
    let yard = Yard::built(&change("s/10_000.0/11_000.0/"));
    let ran = yard.assign();
    assert_eq!(ran.code, 0, "{}\n{}", ran.shown(), yard.said());
    let wanted: Vec<(Gate, Passed)> = Gate::ALL
        .map(|gate| (gate, if gate == Gate::PrivateGuards { Passed::NothingToCheck } else { Passed::Yes }))
        .to_vec();
    assert_eq!((told(&yard), yard.stage()), (wanted, Stage::Review));
    // Measured on what nobody has accepted: no status, no stack.
    assert!(yard.run(&["status"]).stdout.contains("empty: nothing has been accepted yet"));
    let waiting: serde_json::Value = serde_json::from_str(&yard.run(&["review", "--json"]).stdout).unwrap();
    assert_eq!((&waiting["data"][0]["lines"], &waiting["data"][0]["conflicts"]), (&2.into(), &serde_json::json!([])));
    assert_eq!(yard.run(&["review", "T003", "--approve", "--by", "ann"]).code, 0);
    assert_eq!(yard.stage(), Stage::Approved);
    // Landed as one commit; the branch stands where it was cut, so that nothing needs to be measured again.
    let looked = yard.run(&["merge", "--dry-run"]);
    assert!(looked.stdout.contains("would be merged") && yard.stage() == Stage::Approved, "{}", looked.shown());
    let merged = yard.run(&["merge"]);
    assert_eq!((merged.code, yard.stage()), (0, Stage::Merged), "{}", merged.shown());
    let subject = "[Agent1] Transaction: WAL group commit optimization";
    assert_eq!(yard.git(&["log", "--format=%an: %s", "trunk..integration"]), format!("Agent 1: {subject}"));
    assert!(yard.git(&["log", "-1", "--format=%b", "integration"]).starts_with("much faster\n\nImprovement: T003"));
    yard.checkout_is_untouched();
}

#[test]
fn what_conflicts_or_does_not_hold_any_more_is_sent_back_by_the_train() {
    let yard = Yard::built(&change("s/10_000.0/11_000.0/"));
    assert_eq!(yard.assign().code, 0);
    assert_eq!(yard.run(&["review", "T003", "--approve"]).code, 0);
    // Meanwhile something else lands that takes the gain away: no line of it conflicts.
    yard.git(&["branch", "integration"]);
    let elsewhere = yard.lab.bench.path("tmp/elsewhere").display().to_string();
    yard.git(&["worktree", "add", "-q", &elsewhere, "integration"]);
    assert_eq!(yard.run(&["merge"]).code, 1, "a branch that is checked out does not move");
    let source = yard.lab.bench.path("tmp/elsewhere/toy/src/main.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    let land = |from: &str, to: &str| {
        std::fs::write(&source, text.replace(from, to)).unwrap();
        yard.git(&["-C", &elsewhere, "commit", "-q", "-a", "-m", "something else"]);
        yard.git(&["worktree", "remove", &elsewhere]);
    };
    // The same line, changed to something else.
    land("10_000.0", "12_000.0");
    let looked = yard.run(&["merge", "--dry-run"]);
    assert!(looked.stdout.contains("would be sent back"), "{}", looked.shown());
    assert!(looked.stdout.contains("it conflicts with integration in toy/src/main.rs"), "{}", looked.shown());
    yard.git(&["branch", "-f", "integration", "trunk"]);
    yard.git(&["worktree", "add", "-q", &elsewhere, "integration"]);
    land("self.on { number(line", "self.on { 0.0 * number(line");
    let before = yard.git(&["rev-parse", "integration"]);
    let merged = yard.run(&["merge", "T003"]);
    assert_eq!((merged.code, yard.stage()), (4, Stage::SentBack), "{}", merged.shown());
    assert!(merged.stdout.contains("on top of what landed before it, it does not hold: verdict:"), "{}", merged.stdout);
    assert_eq!(yard.git(&["rev-parse", "integration"]), before, "the branch did not move");
    assert_eq!(yard.run(&["merge", "T003"]).code, 4, "it is not approved any more");
    yard.checkout_is_untouched();
}

#[test]
fn what_does_not_build_or_fails_its_tests_is_refused_for_that() {
    let yard = Yard::built(&change("s/struct Toy {/struct Toy {{/"));
    assert_eq!(yard.assign().code, 4);
    let (gate, reason) = refusal(&yard);
    assert_eq!(gate, Gate::Build, "{reason}");
    assert!(reason.contains("does not build") && reason.contains("main.rs"), "{reason}");
    yard.play(
        "git checkout -q HEAD~1 -- toy; printf '#[test]\\nfn holds() { assert_eq!(1, 2); }\\n' >> toy/src/main.rs
         git commit -qam 'a test'; workbench submit",
    );
    assert_eq!(yard.assign().code, 4);
    let (gate, reason) = refusal(&yard);
    assert_eq!(gate, Gate::Tests, "{reason}");
    assert!(reason.contains("the tests of arm A failed"), "{reason}");
    let brief = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/brief-2.md")).unwrap();
    assert!(brief.contains("refused by the gate `build`") && brief.contains("> arm A does not build"), "{brief}");
}

#[test]
fn what_brings_nothing_or_cheats_is_refused_for_that() {
    // Slower with the feature than promised.
    let slow = Yard::built(&change("s/self.on { number(line/self.on { 0.0 * number(line/"));
    assert_eq!(slow.assign().code, 4);
    assert_eq!(refusal(&slow).0, Gate::Verdict, "{}", refusal(&slow).1);
    // A gain over a baseline that was made slower.
    let straw = Yard::built(&change(
        "s/self.rate = 10_000.0/self.rate = if !self.on \\&\\& number(line, \"effect\") > 0.0 { 8_000.0 } else { 10_000.0 }/",
    ));
    assert_eq!(straw.assign().code, 4);
    let (gate, reason) = refusal(&straw);
    assert_eq!(gate, Gate::Baseline, "{reason}");
    // That is what R1 is about: raised by what was recorded, in the plan, the report and the stand-up, until it goes nowhere.
    let risk = |yard: &Yard| {
        let plan: serde_json::Value = serde_json::from_str(&yard.run(&["plan", "--json"]).stdout).unwrap();
        plan["data"]["risks"][0].clone()
    };
    let raised = risk(&straw);
    assert_eq!((&raised["state"], &raised["id"]), (&"raised".into(), &"R1".into()), "{raised}");
    for told in [straw.run(&["plan"]), straw.run(&["report", "--output", "-"])] {
        assert!(told.stdout.contains("R1 raised: T003: refused by baseline: "), "{}", told.shown());
    }
    let standup = straw.run(&["standup"]).stdout;
    assert!(standup.contains("watches what has happened\n    - R1: T003: refused by baseline"), "{standup}");
    assert_eq!(straw.run(&["recall", "T003", "--reason", "no"]).code, 0);
    let past = risk(&straw);
    assert_eq!(past["state"], "past", "{past}");
    assert!(past["reason"].as_str().unwrap().ends_with("; answered since"), "{past}");
    assert!(reason.contains("worse beyond ±3.0 %"), "{reason}");
    // Answers that differ between the arms: a cache of last run's answers, say.
    let cheat = Yard::built(&change("s/\"disagree\" => (true/_ => (true/"));
    assert_eq!(cheat.assign().code, 4);
    let (gate, reason) = refusal(&cheat);
    assert_eq!(gate, Gate::Equivalence, "{reason}");
    assert!(reason.contains("disagree"), "{reason}");
}

#[test]
fn a_private_guard_refuses_and_is_not_named_to_the_agent() {
    let yard = Yard::built(&change("s/10_000.0/11_000.0/"));
    yard.configure("workbench.yaml", "grace_ms: 300}", "grace_ms: 300, private_guards: tracking/guards.yaml}");
    std::fs::create_dir_all(yard.lab.bench.path("tracking")).unwrap();
    yard.lab.bench.write(
        "tracking/guards.yaml",
        "- {workload: other, params: {effect: -0.3, noise: 0.003, secret: 7}, metric: tps}\n",
    );
    assert_eq!(yard.assign().code, 4);
    let (gate, reason) = refusal(&yard);
    assert_eq!(gate, Gate::PrivateGuards, "{reason}");
    yard.play("true");
    assert_eq!(yard.assign().code, 4);
    let brief = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/brief-2.md")).unwrap();
    assert!(brief.contains("a workload that is not named here has lost") && !brief.contains("secret"), "{brief}");
}
