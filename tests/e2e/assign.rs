//! `workbench assign` and what follows: the life of an assignment, seen from the commands.

use serde_json::Value;
use workbench::agents::Stage;
use workbench::agents::facts::Doing;

use super::apply_bench::Lab;
use super::assign_bench::Yard;
use super::commands::steady;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A person has handed in what is not theirs, was refused, and has committed something since.
pub(crate) fn handed_back() -> Lab {
    let yard = Yard::new("true");
    yard.hand_to_a_person();
    assert_eq!(yard.run(&["assign", "T003"]).code, 0);
    yard.commit("README.md", "mine");
    assert_eq!(yard.run(&["submit", "T003"]).code, 4);
    yard.commit("notes", "mine");
    yard.lab
}

#[test]
fn from_hand_to_hand() {
    let lab = handed_back();
    let mut told = String::new();
    for args in [
        &["agents"][..],
        &["gate", "T003"],
        &["submit", "T003", "--dry-run"],
        &["submit", "T003"],
        &["review"],
        &["review", "T003", "--approve"],
        &["merge"],
        &["merge", "T003"],
        &["review", "T003", "--send-back", "README.md is not yours", "--by", "ann"],
        &["assign", "T003", "--dry-run"],
        &["recover", "--dry-run"],
        &["recall", "T003", "--reason", "B001 comes first", "--by", "ann"],
        &["gate", "T001"],
        &["submit", "T003"],
        &["recover"],
    ] {
        told += &format!("$ workbench {}\n{}\n", args.join(" "), steady(&lab.run(args)));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_queue_says_who_is_next_and_what_is_in_the_way() {
    let yard = Yard::new("true");
    insta::assert_snapshot!("queue", yard.run(&["assign"]).shown());
    let dry = yard.run(&["assign", "T003", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{}", dry.shown());
    assert_eq!(json(&dry.stdout)["data"]["hindrances"], Value::Array(Vec::new()));
    assert!(!yard.lab.bench.path("tracking/work").exists(), "nothing was done");
    let hindered = yard.run(&["assign", "B001", "1"]);
    assert_eq!(hindered.code, 4);
    assert!(hindered.stderr.contains("it needs T001, which is not accepted yet"), "{}", hindered.stderr);
    assert_eq!(yard.run(&["assign", "T999"]).code, 3);
    assert_eq!(yard.run(&["assign", "T003", "9"]).code, 3);
}

#[test]
fn an_agent_is_told_all_it_needs_and_says_what_it_does() {
    let yard = Yard::new(
        "cat > stdin; cmp stdin \"$3\"; rm stdin
         echo \"$1 $2\"; pwd; test \"$PWD\" = \"$4\"
         echo \"target $CARGO_TARGET_DIR\"
         while [ -w /proc/self/autogroup ] && ! grep 'nice 19' /proc/self/autogroup; do sleep 0.05; done
         workbench report needs-input --note 'may the format change?'
         workbench report working
         workbench status T003 > /dev/null",
    );
    let ran = yard.assign();
    assert_eq!(ran.code, 4, "{}", ran.shown());
    let (said, root) = (yard.said(), yard.lab.bench.root());
    assert_eq!(yard.ended().exit_code, Some(0), "{said}");
    assert!(said.contains("T003 agent1/t003-1"), "{said}");
    assert!(said.contains(&format!("target {}", root.join("tracking/work/1/target").display())), "{said}");
    let attempt = yard.attempt();
    let states: Vec<(Doing, &str)> = attempt.said.iter().map(|said| (said.state, said.note.as_str())).collect();
    assert_eq!(states, [(Doing::NeedsInput, "may the format change?"), (Doing::Working, "")]);
    let brief = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/brief-1.md")).unwrap();
    assert!(brief.contains("attempt 1 of 3") && brief.contains("`toy/src/**`"), "{brief}");
    // Without its token nobody speaks for it.
    assert_eq!(yard.run(&["report", "working"]).code, 3);
    yard.checkout_is_untouched();
    let agents = json(&yard.run(&["agents", "--json"]).stdout);
    let work = &agents["data"][0]["work"];
    assert_eq!((&work["improvement"], &work["stage"]), (&"T003".into(), &"ended".into()), "{agents}");
}

#[test]
fn a_person_gets_a_checklist_and_hands_in() {
    let yard = Yard::new("true");
    yard.hand_to_a_person();
    let ran = yard.run(&["assign", "T003"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    insta::assert_snapshot!("checklist", ran.shown());
    assert_eq!(yard.stage(), Stage::Assigned);
    let nothing = yard.run(&["submit", "T003"]);
    assert_eq!(nothing.code, 4, "{}", nothing.shown());
    yard.commit("README.md", "mine");
    let refused = yard.run(&["submit", "T003"]);
    assert_eq!(refused.code, 4, "{}", refused.shown());
    assert!(refused.stdout.contains("refused by modules: not the agent's: README.md"), "{}", refused.stdout);
    // Told what is wrong, they mend it: a later commit counts.
    std::fs::remove_file(yard.lab.bench.path("tracking/work/1/tree/README.md")).unwrap();
    yard.commit("notes", "mine");
    assert_eq!(yard.run(&["submit", "T003", "--no-gates"]).code, 0);
    assert_eq!(yard.stage(), Stage::Gates);
    let early = yard.run(&["review", "T003", "--approve"]);
    assert_eq!(early.code, 4);
    assert!(early.stderr.contains("it is at the gates"), "{}", early.stderr);
    assert_eq!(yard.run(&["review", "T003", "--send-back", "and tests?", "--by", "ann"]).code, 0);
    assert_eq!(yard.stage(), Stage::SentBack);
    assert_eq!(yard.run(&["assign", "T003"]).code, 0);
    let brief = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/brief-3.md")).unwrap();
    assert!(brief.contains("ann says: and tests?") && brief.contains("refused by the gate `modules`"), "{brief}");
    assert_eq!(yard.run(&["recall", "T003", "--reason", "done elsewhere"]).code, 0);
    assert!(!yard.lab.bench.path("tracking/work/1/tree").exists(), "all was committed");
    yard.checkout_is_untouched();
    insta::assert_snapshot!("after_recall", yard.run(&["review"]).shown());
}
