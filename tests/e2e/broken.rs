//! Broken registers, rosters and configurations: what a person is told, word for word.
//!
//! Each case breaks a valid small project in one way; the snapshot holds the exit code and the message.

use std::fs;

use crate::bench::Bench;

macro_rules! broken {
    ($($(#[$meta:meta])* $name:ident: $break_it:expr;)+) => {$(
        #[test]
        $(#[$meta])*
        fn $name() {
            let bench = Bench::new();
            let break_it: fn(&Bench) = $break_it;
            break_it(&bench);
            let ran = bench.run(&["list"]);
            assert_eq!(ran.stdout, "", "nothing is printed as a result");
            insta::assert_snapshot!(concat!("broken_", stringify!($name)), ran.shown());
        }
    )+};
}

const T001: &str = "improvements/T001.yaml";
const T003: &str = "improvements/T003.yaml";
const B001: &str = "improvements/B001.yaml";
const PHASES: &str = "improvements/phases.yaml";
const REGISTER: &str = "improvements/register.yaml";
const AGENT: &str = "agents/agent-01.yaml";
const CONFIG: &str = "workbench.yaml";

// What the text is.
broken! {
    text_empty: |bench| bench.write(T001, "");
    text_only_comments: |bench| bench.write(T001, "# to be written\n");
    text_bad_utf8: |bench| bench.write(T001, b"id: T001\ntitle: caf\xe9 cache\n");
    text_nul: |bench| bench.write(T001, b"id: T001\0\n");
    text_escape_sequence: |bench| bench.write(T001, "id: T001\ntitle: \x1b[31mred\n");
    text_huge: |bench| bench.write(T001, "# ".repeat(600_000));
    text_one_long_line: |bench| bench.write(T001, format!("id: {}\nid: 2\n", "T".repeat(5000)));
    text_folder_instead_of_file: |bench| fs::create_dir(bench.path("improvements/T004.yaml")).unwrap();
    #[cfg(unix)]
    text_dangling_link: |bench| {
        std::os::unix::fs::symlink("nowhere", bench.path("improvements/T004.yaml")).unwrap();
    };
}

// What YAML it is.
broken! {
    yaml_unclosed: |bench| bench.replace(T001, "[1]", "[1");
    yaml_tab: |bench| bench.replace(T001, "  text", "\ttext");
    yaml_indentation: |bench| bench.replace(T001, "  metric", "   metric");
    yaml_duplicate_key: |bench| bench.replace(T001, "phase: 1", "phase: 1\ntitle: Another");
    yaml_two_documents: |bench| bench.replace(T001, "phase: 1", "---\nphase: 1");
    yaml_alias_bomb: |bench| bench.replace(T001, "modules: [transaction/mvcc.rs]", "modules: &a [x, x]\nneeds: [*a, *a, *a]");
    yaml_too_deep: |bench| bench.replace(T001, "[1]", &format!("{}{}", "[".repeat(40), "]".repeat(40)));
    yaml_tag: |bench| bench.replace(T001, "title: ", "title: !shout ");
    yaml_not_a_mapping: |bench| bench.write(T001, "- T001\n- MVCC\n");
}

// What shape it has.
broken! {
    shape_wrong_types: |bench| {
        bench.replace(T001, "MVCC version chain optimization", "2026");
        bench.replace(T001, "[1]", "1");
        bench.replace(T001, "low: 0.15", "low: 15%");
    };
    shape_unknown_keys: |bench| {
        bench.replace(T001, "priority:", "prioritty:");
        bench.replace(T003, "counter:", "countre:");
    };
    shape_missing_key: |bench| bench.replace(T001, "feature: t001\n", "");
    shape_missing_value: |bench| bench.replace(T001, "feature: t001", "feature:");
    shape_unknown_word: |bench| bench.replace(T001, "critical", "criticl");
    shape_number_too_small: |bench| bench.replace(T001, "phase: 1", "phase: -1");
}

// What it means.
broken! {
    id_is_not_the_file_name: |bench| bench.replace(T001, "id: T001", "id: T002");
    id_syntax: |bench| bench.replace(T001, "id: T001", "id: t1");
    id_duplicate: |bench| {
        let text = fs::read(bench.path(T001)).unwrap();
        bench.write("improvements/T002.yaml", text);
    };
    id_of_no_pack: |bench| {
        fs::rename(bench.path(T001), bench.path("improvements/Z001.yaml")).unwrap();
        bench.replace("improvements/Z001.yaml", "id: T001", "id: Z001");
        bench.replace(PHASES, "T001", "Z001");
        bench.replace(B001, "[T001]", "[Z001]");
    };
    file_name_yml: |bench| fs::rename(bench.path(T001), bench.path("improvements/T001.yml")).unwrap();
    agent_unknown: |bench| bench.replace(T001, "[1]", "[1, 13]");
    agents_none: |bench| bench.replace(T001, "[1]", "[]");
    category_unknown: |bench| bench.replace(B001, "Buffer Pool", "Bufer Pool");
    phase_unknown: |bench| {
        bench.replace(T001, "phase: 1", "phase: 7");
        bench.replace(PHASES, "[T001, T003]", "[T003]");
    };
    phase_none: |bench| bench.replace(PHASES, "[T001, T003]", "[T003]");
    phase_two: |bench| bench.replace(PHASES, "[B001]", "[B001, T001]");
    phase_disagrees: |bench| bench.replace(T001, "phase: 1", "phase: 2");
    phase_of_unknown_member: |bench| bench.replace(PHASES, "[B001]", "[B001, T010]");
    needs_unknown: |bench| bench.replace(B001, "needs: [T001]", "needs: [T01]");
    needs_cycle: |bench| {
        bench.replace(T001, "feature: t001", "feature: t001\nneeds: [T003]");
        bench.replace(T003, "feature: t003", "feature: t003\nneeds: [B001]");
    };
    needs_itself: |bench| bench.replace(T001, "feature: t001", "feature: t001\nneeds: [T001]");
    feature_duplicate: |bench| bench.replace(T003, "feature: t003", "feature: t001");
    feature_syntax: |bench| bench.replace(T003, "feature: t003", "feature: group commit");
    claim_ends_exchanged: |bench| bench.replace(T001, "low: 0.15", "low: 0.25");
    claim_negative: |bench| bench.replace(T001, "low: 0.15", "low: -0.15");
    claim_falls_below_nothing: |bench| bench.replace(B001, "better: lower", "better: lower, low: 25");
    bounds_exchanged: |bench| bench.replace(T003, "{min: 0.95, max: 1.05}", "{min: 1.05, max: 0.95}");
    bounds_none: |bench| bench.replace(T003, "on: {min: 4}", "on: {}");
    mechanism_proves_nothing: |bench| bench.replace(T003, "on: {min: 4}", "on: {min: 1}");
    control_is_the_workload: |bench| bench.replace(T003, "sessions: 1}", "sessions: 64}");
    slice_too_short: |bench| bench.replace(T003, "    params: {sessions: 64}", "    params: {sessions: 64}\n    slice_ms: 5");
    gain_of_zero: |bench| bench.replace(T003, "    params: {sessions: 64}", "    params: {sessions: 64}\n    required_gain: 0");
    criterion_without_a_judge: |bench| bench.replace(PHASES, "        not_measurable: No workload smiles.\n", "");
    criterion_with_two_judges: |bench| {
        bench.replace(PHASES, "        not_measurable:", "        measured_by: {workload: tpcc, figure: tps, bounds: {min: 1}}\n        not_measurable:");
    };
    date_of_no_day: |bench| bench.replace(REGISTER, "2025-12-22", "2025-13-22");
    orchestrator_unknown: |bench| bench.replace(REGISTER, "orchestrator: 2", "orchestrator: 12");
}

// What is there at all.
broken! {
    folder_of_improvements_missing: |bench| bench.remove("improvements");
    folder_of_agents_missing: |bench| bench.remove("agents");
    folder_of_agents_empty: |bench| {
        bench.remove("agents/agent-01.yaml");
        bench.remove("agents/agent-02.yaml");
    };
    plan_file_missing: |bench| bench.remove("improvements/risks.yaml");
}

// The roster and the configuration.
broken! {
    roster_number_is_not_the_file_name: |bench| bench.replace(AGENT, "number: 1", "number: 3");
    roster_number_zero: |bench| bench.replace(AGENT, "number: 1", "number: 0");
    roster_runner_without_command: |bench| bench.replace(AGENT, "name:", "runner: {kind: acp}\nname:");
    roster_runner_unknown: |bench| bench.replace(AGENT, "name:", "runner: {kind: mpc}\nname:");
    config_empty: |bench| bench.write(CONFIG, "");
    config_without_target: |bench| bench.write(CONFIG, "policy: {alpha: 0.05}\n");
    config_unknown_key: |bench| bench.write(CONFIG, "target: {package: p, driver: d}\npolicy:\n  pair_limits: 30\n");
    config_impossible_policy: |bench| {
        bench.write(CONFIG, "target: {package: p, driver: d}\npolicy: {alpha: 2, pair_limit: 3, guard_margin: 3}\n");
    };
    config_unknown_store: |bench| bench.write(CONFIG, "target: {package: p, driver: d}\nstore: {url: 'mysql://x'}\n");
    config_word: |bench| bench.write(CONFIG, "target: {package: p, driver: d}\npolicy: {accept: allways}\n");
}

// Everything at once: nothing hides behind the first mistake, and nobody is blamed for another's.
broken! {
    several_files: |bench| {
        bench.replace(T001, "critical", "urgent");
        bench.replace(B001, "[1, 2]", "[1, 9]");
        bench.replace(AGENT, "number: 1", "number: one");
        bench.replace(CONFIG, "driver", "drivr");
    };
    more_than_are_printed: |bench| {
        for number in 100..140 {
            bench.write(&format!("improvements/T{number}.yaml"), "id: 1\n");
        }
    };
}
