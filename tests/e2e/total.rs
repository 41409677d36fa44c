//! What all that landed costs together: the landing since which the whole is worse is found, taken off and sent back.

use workbench::agents::Stage;

use super::assign_bench::Yard;

/// Where revisions are compared; no improvement is about it.
const COMPARED: &str =
    "compare: [{workload: toy, params: {elsewhere: 1, noise: 0.005, batch: 8}, metric: tps}]\nagents: {";

/// T003 is as good as it was, and the work that no improvement is about is a fifth slower.
const SLOWER_ELSEWHERE: &str = r#"sed -i 's/= 10_000.0 \*/= (if number(line, "elsewhere") > 0.0 { 8_000.0 } else { 11_000.0 }) */' toy/src/main.rs"#;
const SLOWER_NOWHERE: &str =
    "sed -i 's/= (if number(line.*}) \\*/= 11_000.0 */; s/= 10_000.0 \\*/= 11_000.0 */' toy/src/main.rs";

fn script(change: &str) -> String {
    format!("{change}; git commit -qam '[Agent1] Transaction: change'; workbench submit --note 'much faster'")
}

/// Something approved of T003, and an integration branch on which a person has put `commits`: file and text of each.
fn approved(change: &str, commits: &[(&str, &str)]) -> Yard {
    let yard = Yard::built(&script(change));
    yard.configure("workbench.yaml", "agents: {", COMPARED);
    let elsewhere = yard.lab.bench.path("tmp/elsewhere").display().to_string();
    yard.git(&["worktree", "add", "-q", "-b", "integration", &elsewhere]);
    for (file, text) in commits {
        std::fs::write(yard.lab.bench.path(&format!("tmp/elsewhere/{file}")), text).unwrap();
        yard.git(&["-C", &elsewhere, "add", "."]);
        yard.git(&["-C", &elsewhere, "commit", "-q", "-m", file]);
    }
    yard.git(&["worktree", "remove", &elsewhere]);
    let ran = yard.assign();
    assert_eq!(ran.code, 0, "{}\n{}", ran.shown(), yard.said());
    assert_eq!(yard.run(&["review", "T003", "--approve"]).code, 0);
    yard
}

#[test]
fn what_makes_the_whole_worse_is_found_taken_off_and_sent_back() {
    // What changes no file of the target need not be measured; what changes one, and nothing else, is.
    let source = std::fs::read_to_string("tests/fixtures/toy/src/main.rs").unwrap();
    let harmless = format!("{source}\n// Nothing.\n");
    let yard = approved(SLOWER_ELSEWHERE, &[("one", "a note"), ("toy/src/main.rs", &harmless)]);
    let before = yard.git(&["rev-parse", "integration^{tree}"]);
    let merged = yard.run(&["merge"]);
    assert_eq!((merged.code, yard.stage()), (4, Stage::SentBack), "{}", merged.shown());
    for told in ["merged", "sent back", "since it landed, integration is worse than where it began"] {
        assert!(merged.stdout.contains(told), "{told}: {}", merged.stdout);
    }
    assert_eq!(yard.git(&["rev-parse", "integration^{tree}"]), before, "it is off again");
    let subject = "[Agent1] Transaction: WAL group commit optimization";
    let log = yard.git(&["log", "--format=%an: %s", "trunk..integration"]);
    let newest: Vec<&str> = log.lines().take(2).collect();
    assert_eq!(newest, [format!("merge train: Take off {subject}"), format!("Agent 1: {subject}")]);
    assert!(yard.run(&["agents"]).stdout.contains("sent back"));
    yard.checkout_is_untouched();

    // The next attempt is told, does better, and lands: on its own branch, where the first one's work still is.
    yard.play(&script(SLOWER_NOWHERE));
    assert_eq!(yard.assign().code, 0, "{}", yard.said());
    let brief = std::fs::read_to_string(yard.lab.bench.path("tracking/work/1/brief-2.md")).unwrap();
    assert!(brief.contains("since it landed, integration is worse than where it began"), "{brief}");
    assert_eq!(yard.run(&["review", "T003", "--approve"]).code, 0);
    let merged = yard.run(&["merge"]);
    assert_eq!((merged.code, yard.stage()), (0, Stage::Merged), "{}", merged.shown());
    assert!(yard.git(&["show", "integration:toy/src/main.rs"]).contains("= 11_000.0 *"));
}

#[test]
fn what_nobody_handed_in_is_left_to_a_person() {
    let source = std::fs::read_to_string("tests/fixtures/toy/src/main.rs").unwrap();
    let slower = source.replace("= 10_000.0 *", "= (if number(line, \"elsewhere\") > 0.0 { 8e3 } else { 1e4 }) *");
    let change = "printf '\\n// Nothing.\\n' >> toy/src/main.rs";
    let yard = approved(change, &[("one", "a note"), ("toy/src/main.rs", &slower)]);
    let merged = yard.run(&["merge"]);
    assert_eq!((merged.code, yard.stage()), (4, Stage::Merged), "{}", merged.shown());
    assert!(merged.stderr.contains("no submission that counts landed with it"), "{}", merged.stderr);
    // Whoever does not want to know is not told.
    assert_eq!(yard.run(&["merge", "--no-total"]).code, 0);
}
