//! Of each command: what its JSON is asked with, how its examples may end, where its golden is.
//!
//! A new command gets a row here; `read::` fails until it has one.

use std::path::Path;

/// One command.
pub(crate) struct Row {
    pub(crate) command: &'static str,
    /// Schemas in `schemas/output/`, each with the arguments whose `--json` has that shape. None: say why in `no_json`.
    pub(crate) json: &'static [(&'static str, &'static [&'static str])],
    /// Why there is no JSON.
    pub(crate) no_json: &'static str,
    /// How its examples may end.
    pub(crate) exits: &'static [i32],
    /// What its arguments and examples are about.
    pub(crate) of: Of,
    /// Names in its examples, and what stands for them in the projects of these tests.
    pub(crate) names: &'static [(&'static str, &'static str)],
    /// Words of examples that are not run, and why.
    pub(crate) not_run: &'static [(&'static str, &'static str)],
    /// A snapshot of what it prints, below the repository's root; none where nothing that it prints is its own.
    pub(crate) golden: &'static str,
}

/// The project in which a command is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// T003 was proven in it, and lies in the stack.
    Measured,
    /// Several improvements can be measured in it.
    Many,
    /// A repository of two commits, `fast` and `slow`.
    Commits,
    /// A repository in which a person has T003 in hand: what was handed in was refused, and something is committed since.
    Assigned,
}

const ROW: Row =
    Row { command: "", json: &[], no_json: "", exits: &[0], of: Of::Measured, names: &[], not_run: &[], golden: "" };

pub(crate) const TABLE: &[Row] = &[
    Row { command: "list", json: &[("list", &["list"])], golden: "tests/e2e/snapshots/e2e__read__list.snap", ..ROW },
    Row {
        command: "show",
        json: &[("show", &["show", "T003"])],
        golden: "tests/e2e/snapshots/e2e__read__show_measurable.snap",
        ..ROW
    },
    Row {
        command: "status",
        json: &[
            ("status", &["status"]),
            ("status-one", &["status", "T003"]),
            ("status-set", &["status", "T001", "blocked", "--reason", "needs T002", "--by", "ann", "--dry-run"]),
        ],
        golden: "tests/e2e/snapshots/e2e__store_commands__statuses_are_shown_and_set.snap",
        ..ROW
    },
    Row {
        command: "note",
        json: &[
            ("note", &["note", "T003"]),
            ("note-set", &["note", "T001", "mind the pages", "--by", "ann", "--dry-run"]),
        ],
        golden: "tests/e2e/snapshots/e2e__store_commands__notes_are_shown_and_kept.snap",
        ..ROW
    },
    Row {
        command: "verdict",
        json: &[
            ("verdict", &["verdict", "T003"]),
            ("verdict-replayed", &["verdict", "T003", "--replay"]),
            ("verdict-all", &["verdict", "--replay", "--all"]),
        ],
        golden: "tests/e2e/snapshots/e2e__store_commands__verdict_replayed.snap",
        ..ROW
    },
    Row {
        command: "history",
        json: &[("history", &["history", "T003"])],
        golden: "tests/e2e/snapshots/e2e__commands__history_and_check_on_what_was_proven.snap",
        ..ROW
    },
    Row {
        command: "check",
        json: &[("check", &["check"])],
        golden: "tests/e2e/snapshots/e2e__commands__history_and_check_on_what_was_proven.snap",
        ..ROW
    },
    Row {
        command: "apply",
        json: &[
            ("apply-plan", &["apply", "T003", "--dry-run"]),
            ("apply", &["apply", "T003", "--no-profile", "--seed", "3"]),
        ],
        not_run: &[("--commit", "it is no repository; tests/e2e/mcp.rs measures commits")],
        golden: "tests/e2e/snapshots/e2e__apply__the_plan_is_printed_and_nothing_done.snap",
        ..ROW
    },
    Row {
        command: "calibrate",
        json: &[
            ("calibrate-plan", &["calibrate", "T003", "--dry-run"]),
            ("calibrate", &["calibrate", "T003", "--pairs", "8", "--seed", "7"]),
            ("calibrate-history", &["calibrate", "toy", "--history"]),
        ],
        // Of few pairs chance alone may make a bias.
        exits: &[0, 4],
        names: &[("tpcc", "toy")],
        golden: "tests/e2e/snapshots/e2e__calibrate__calibrate_plan.snap",
        ..ROW
    },
    Row {
        command: "screen",
        json: &[
            ("screen-plan", &["screen", "--all", "--dry-run"]),
            ("screen", &["screen", "T003", "T012", "T013", "T015", "--seed", "7", "--blocks", "3"]),
        ],
        of: Of::Many,
        names: &[("B001", "T011"), ("B002", "T012"), ("I001", "T013")],
        golden: "tests/e2e/snapshots/e2e__screen__the_table_says_what_acts_and_what_to_confirm.snap",
        ..ROW
    },
    Row {
        command: "interact",
        json: &[
            ("interact-plan", &["interact", "T003", "T011", "--dry-run"]),
            ("interact", &["interact", "T003", "T011", "T012", "--seed", "3", "--blocks", "4"]),
        ],
        of: Of::Many,
        names: &[("B002", "T011"), ("I001", "T012")],
        golden: "tests/e2e/snapshots/e2e__interact__the_matrix_is_printed.snap",
        ..ROW
    },
    Row {
        command: "ablate",
        json: &[("ablate-plan", &["ablate", "--dry-run"]), ("ablate", &["ablate", "--seed", "1"])],
        names: &[("T003 B002", "T003")],
        golden: "tests/e2e/snapshots/e2e__ablate__ablate_plan.snap",
        ..ROW
    },
    Row {
        command: "compare",
        json: &[
            ("compare-plan", &["compare", "fast", "slow", "--dry-run"]),
            ("compare", &["compare", "fast", "slow", "--seed", "1"]),
        ],
        of: Of::Commits,
        exits: &[0, 4],
        names: &[("v1 v2", "fast slow"), ("origin/main", "fast"), ("main", "fast")],
        not_run: &[("b002", "the toy has one feature of its own")],
        golden: "tests/e2e/snapshots/e2e__compare__compare_plan.snap",
        ..ROW
    },
    Row {
        command: "init",
        no_json: "it has one, of a crate that is not ours: the snapshot init_json of tests/e2e/init.rs",
        not_run: &[("workbench init", "each needs a crate of its own; tests/e2e/init.rs makes them")],
        golden: "tests/e2e/snapshots/e2e__init__init_json.snap",
        ..ROW
    },
    Row {
        command: "profile",
        json: &[("profile", &["profile", "T003"]), ("profile-waits", &["profile", "T003", "--kind", "wait"])],
        not_run: &[
            ("--count-instructions", "Valgrind may not be there"),
            ("--kind alloc", "the toy knows nothing of memory, as tests/e2e/capture.rs sees"),
        ],
        golden: "tests/e2e/snapshots/e2e__store_commands__profile_books.snap",
        ..ROW
    },
    Row {
        command: "report",
        json: &[("report", &["report"])],
        not_run: &[("needs-input", "only an agent says it; tests/e2e/assign.rs plays one")],
        golden: "src/report/snapshots",
        ..ROW
    },
    Row {
        command: "plan",
        json: &[("plan", &["plan"])],
        exits: &[0, 4],
        golden: "tests/e2e/snapshots/e2e__plan__plan.snap",
        ..ROW
    },
    Row {
        command: "import",
        json: &[
            ("import-document", &["import", "TRACKING.md", "--dry-run"]),
            ("import-evidence", &["import", "evidence", "--dry-run"]),
        ],
        golden: "tests/e2e/snapshots/e2e__evidence__the_tables_of_both_commands.snap",
        ..ROW
    },
    Row {
        command: "export",
        json: &[("export", &["export", "--to", "evidence"])],
        golden: "tests/e2e/snapshots/e2e__evidence__the_tables_of_both_commands.snap",
        ..ROW
    },
    Row {
        command: "agents",
        json: &[("agents", &["agents"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__read__agents.snap",
        ..ROW
    },
    Row {
        command: "assign",
        json: &[
            ("assign-queue", &["assign"]),
            ("assign-plan", &["assign", "T003", "--dry-run"]),
            ("assign", &["assign", "T003"]),
        ],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__assign__queue.snap",
        ..ROW
    },
    Row {
        command: "submit",
        json: &[("submit-plan", &["submit", "T003", "--dry-run"]), ("submit", &["submit", "T003", "--no-gates"])],
        of: Of::Assigned,
        exits: &[0, 4],
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "gate",
        json: &[("gate", &["gate", "T003"])],
        of: Of::Assigned,
        exits: &[0, 4],
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "review",
        json: &[
            ("review", &["review"]),
            ("review-decision", &["review", "T003", "--send-back", "why?", "--by", "ann", "--dry-run"]),
        ],
        of: Of::Assigned,
        exits: &[0, 4],
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "merge",
        json: &[("merge", &["merge", "--dry-run"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "run",
        json: &[("run", &["run", "--phase", "1", "--dry-run"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__phase__people.snap",
        ..ROW
    },
    Row {
        command: "standup",
        json: &[("standup", &["standup"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__phase__nothing_happened.snap",
        ..ROW
    },
    Row {
        command: "mcp",
        no_json: "it speaks a protocol; tests/e2e/mcp.rs does too",
        of: Of::Assigned,
        golden: "src/cli/mcp/snapshots/workbench__cli__mcp__tools__tests__clients_see_what_each_tool_is_for.snap",
        ..ROW
    },
    Row {
        command: "recall",
        json: &[("recall", &["recall", "T003", "--reason", "later", "--dry-run"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "recover",
        json: &[("recover", &["recover", "--dry-run"])],
        of: Of::Assigned,
        golden: "tests/e2e/snapshots/e2e__assign__from_hand_to_hand.snap",
        ..ROW
    },
    Row {
        command: "doctor",
        json: &[("doctor", &["doctor"])],
        // The toy is no Cargo workspace, and the machine is whatever it is.
        exits: &[0, 1],
        golden: "schemas/output/doctor.schema.json",
        ..ROW
    },
    Row {
        command: "yield",
        no_json: "what it prints is the other command's",
        not_run: &[("--", "it would build the whole project; tests/e2e/yielding.rs runs it")],
        ..ROW
    },
    Row {
        command: "completions",
        no_json: "a script for a shell",
        golden: "tests/e2e/snapshots/e2e__commands__the_man_page_of_a_command.snap",
        ..ROW
    },
    Row {
        command: "man",
        no_json: "a manual page",
        golden: "tests/e2e/snapshots/e2e__commands__the_man_page_of_a_command.snap",
        ..ROW
    },
];

impl Row {
    /// The row of a command.
    pub(crate) fn of(command: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.command == command)
    }
}

/// What commands owe and do not have, each as a sentence that says what to do. Quick: nothing is run.
pub(crate) fn debts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = workbench::cli::tree();
    let mut debts = Vec::new();
    // What is hidden is for the workbench itself.
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        if !help.contains("Example") || !help.contains(&format!("workbench {name}")) {
            debts.push(format!("`workbench {name} --help` gives no example: add one with #[command(after_help = …)]"));
        }
        let Some(row) = Row::of(name) else {
            debts.push(format!(
                "`workbench {name}` has no row in tests/e2e/commands/table.rs: add one with the arguments of its JSON, its \
                 golden and how its examples may end, then WORKBENCH_BLESS=1 cargo test --test e2e commands"
            ));
            continue;
        };
        if row.json.is_empty() == row.no_json.is_empty() {
            debts.push(format!("`workbench {name}`: give `json`, or say in `no_json` why there is none"));
        }
        for (schema, _) in row.json {
            if !root.join(format!("schemas/output/{schema}.schema.json")).is_file() {
                debts.push(format!(
                    "schemas/output/{schema}.schema.json is missing: WORKBENCH_BLESS=1 cargo test --test e2e commands"
                ));
            }
        }
        if (row.golden.is_empty() && row.no_json.is_empty()) || !root.join(row.golden).exists() {
            debts.push(format!("`workbench {name}` has no golden: `{}` is not there", row.golden));
        }
    }
    let there = |row: &&Row| program.find_subcommand(row.command).is_none();
    debts
        .extend(TABLE.iter().filter(there).map(|row| format!("there is no command `{}`: remove its row", row.command)));
    debts
}
