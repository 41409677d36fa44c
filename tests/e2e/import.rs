//! `workbench import`: the five tracking documents, whole and mangled, and what it refuses to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use workbench::catalog::Catalog;
use workbench::improvements::import::{ContradictionKind, Damage, Import};
use workbench::improvements::{Improvement, plan};
use workbench::project::Project;
use workbench::yaml::{Faults, Reader, Source};

use crate::bench::{Bench, Ran, WORKBENCH};

const SEEDS: [&str; 5] = [
    "rustydb-tracking-document",
    "kotadb-index-optimization",
    "kalamdb-performance-phase",
    "omendb-hardening-plan",
    "dataknobs-vector-optimization",
];

fn seed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seeds").join(name).with_extension("md");
    fs::read_to_string(path).unwrap()
}

fn pack(name: &str) -> &str {
    name.split('-').next().unwrap()
}

fn read(name: &str, text: String) -> Result<Import, Faults> {
    Import::of(&Source::new(&format!("{name}.md"), text), pack(name))
}

/// Runs the import in a folder of its own, as a person does who has no project yet.
fn run(folder: &Path, args: &[&str]) -> Ran {
    let output = Command::new(WORKBENCH)
        .arg("import")
        .args(args)
        .current_dir(folder)
        .env_remove("WORKBENCH_PROJECT")
        .output()
        .unwrap();
    Ran::new(&output, &folder.canonicalize().unwrap())
}

/// Every file below `folder`, by its path.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                texts.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

/// Imports `text` as a file called `name` and returns what was said and written.
fn imported(name: &str, text: impl AsRef<[u8]>) -> (Ran, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("{name}.md");
    fs::write(folder.path().join(&file), text).unwrap();
    let ran = run(folder.path(), &[&file, "--to", "out"]);
    fs::remove_file(folder.path().join(&file)).unwrap();
    let written = texts(folder.path());
    assert_eq!(ran.code == 0, !written.is_empty(), "all or nothing: {} {:?}", ran.shown(), written.keys());
    assert!(!ran.stderr.contains("panicked"), "{}", ran.shown());
    (ran, written)
}

#[test]
fn the_seeds_become_registers() {
    for name in SEEDS {
        let (ran, files) = imported(name, seed(name));
        insta::assert_snapshot!(format!("import_{}", pack(name)), ran.shown());
        let whole: String = files.iter().map(|(name, text)| format!("==> {name}\n{text}")).collect();
        insta::assert_snapshot!(format!("import_{}_files", pack(name)), whole);
        assert_eq!(imported(name, seed(name)).1, files, "the same document gives the same bytes");
    }
}

#[test]
fn a_register_is_listed_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rustydb.md"), seed("rustydb-tracking-document")).unwrap();
    assert_eq!(run(folder.path(), &["rustydb.md", "--to", "out"]).code, 0);
    let out = folder.path().join("out");
    let list = Command::new(WORKBENCH).args(["list", "--json", "--project"]).arg(&out).output().unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["meta"]["count"], 33);
    for command in [&["agents"][..], &["show", "T003"], &["report", "--output", "-"]] {
        let output = Command::new(WORKBENCH).args(command).arg("--project").arg(&out).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The bundled register was made from the same document by hand.
#[test]
fn claims_are_those_of_the_register_made_by_hand() {
    let bundled = Catalog::load(&Project::at(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()).unwrap().register;
    let import = read("rustydb", seed("rustydb-tracking-document")).unwrap();
    let by_hand: BTreeMap<&str, &Improvement> =
        bundled.improvements.iter().map(|entry| (entry.id.0.as_str(), entry)).collect();
    assert_eq!(import.records.improvements.len(), by_hand.len());
    for entry in &import.records.improvements {
        let other = by_hand[entry.id.0.as_str()];
        assert_eq!((&entry.title, &entry.category), (&other.title, &other.category));
        assert_eq!((entry.priority, entry.phase, &entry.agents), (other.priority, other.phase, &other.agents));
        assert_eq!((&entry.modules, &entry.feature), (&other.modules, &other.feature));
        assert_eq!(entry.claim.text, other.claim.text);
        assert_eq!((entry.claim.low, entry.claim.high), (other.claim.low, other.claim.high), "{}", entry.id);
    }
    let members = |phases: &[plan::Phase]| -> Vec<Vec<String>> {
        phases.iter().map(|phase| phase.members.iter().map(|id| id.0.clone()).collect()).collect()
    };
    assert_eq!(members(&import.records.phases.phases), members(&bundled.phases));
    assert_eq!(import.records.parity.score(), (54, 80));
    // What raises a risk is ours to say: the document does not.
    let mut risks = bundled.risks.clone();
    risks.risks.iter_mut().for_each(|risk| risk.raised_by.clear());
    assert_eq!(import.records.risks, risks);
    assert_eq!(import.records.protocol, bundled.protocol);
}

/// Line, kind, and a word of what was counted.
type Known = (usize, ContradictionKind, &'static str);

/// What is known to be wrong with the documents.
#[test]
fn known_contradictions_are_found() {
    use ContradictionKind as Kind;
    let known: [(&str, &[Known]); 5] = [
        (
            "rustydb-tracking-document",
            &[
                (78, Kind::CountedOtherwise, "33"),
                (321, Kind::CountedOtherwise, "54 of 80"),
                (322, Kind::CountedOtherwise, "80 boxes"),
                (374, Kind::CountedOtherwise, "67.5 %"),
                (65, Kind::PriorityAgainstPlan, "phase 2"),
                (101, Kind::PromiseShortOfTarget, "44850"),
                (176, Kind::EmptyRest, "33"),
                (199, Kind::PromiseShortOfTarget, "44850"),
            ],
        ),
        (
            "kotadb-index-optimization",
            &[
                (15, Kind::MissingNumber, "stage 5"),
                (87, Kind::BoundForValue, "<30%"),
                (204, Kind::PartBelowWhole, "5x"),
            ],
        ),
        (
            "kalamdb-performance-phase",
            &[
                (3, Kind::NotADate, "no day"),
                (26, Kind::ComputedOtherwise, "200-300x"),
                (185, Kind::CountedOtherwise, "41"),
                (227, Kind::CountedOtherwise, "7"),
                (243, Kind::ComputedOtherwise, "200-300x"),
                (262, Kind::CompleteWithRest, "T210, T211, T212"),
                (264, Kind::DoneAndOpen, "remains"),
                (271, Kind::CompleteWithRest, "T206, T207"),
                (273, Kind::MeasuredLater, "200-400x"),
                (279, Kind::ModuleWithoutFile, "registry.rs"),
            ],
        ),
        (
            "omendb-hardening-plan",
            &[
                (18, Kind::DoneAndOpen, "100M scale"),
                (46, Kind::DoneAndOpen, "Data distribution"),
                (391, Kind::TickedUnfinished, "In progress"),
                (397, Kind::TickedUnfinished, "In progress"),
                (394, Kind::TwoDates, "week 2"),
                (435, Kind::TwoDates, "week 2"),
                (457, Kind::TwoFigures, "10%"),
            ],
        ),
        (
            "dataknobs-vector-optimization",
            &[(4, Kind::CompleteWithoutFigure, "no figure"), (136, Kind::CountedOtherwise, "3")],
        ),
    ];
    for (name, known) in known {
        let import = read(name, seed(name)).unwrap();
        for (line, kind, counted) in known {
            let found = import.contradictions.iter().any(|one| {
                one.place.line == *line && one.kind == *kind && one.counted.contains(counted) && !one.remedy.is_empty()
            });
            assert!(found, "{name}:{line} {kind:?} {counted}: {:#?}", import.contradictions);
        }
    }
}

#[test]
fn json_keeps_its_shape() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.md"), SMALL).unwrap();
    let ran = run(folder.path(), &["small.md", "--to", "out", "--json", "--dry-run"]);
    insta::assert_snapshot!("import_json", ran.shown());
    let csv = run(folder.path(), &["small.md", "--to", "out", "--format", "csv", "--dry-run"]);
    insta::assert_snapshot!("import_csv", csv.shown());
    assert!(!folder.path().join("out").exists(), "--dry-run writes nothing");
}

/// One of each contradiction that the seeds do not have.
const SMALL: &str = "\
# Small

**Date**: someday

| Agent | Specialization |
|---|---|
| Agent 1 | All |

| ID | Improvement | Priority | Agent | Claim |
|---|---|---|---|---|
| T001 | First | High | Agent 1 | +5% tps |
| T001 | Again | High | Agent 1 | +6% tps |
| T002 | Second | High | Agent 3 | -150% of it |
| T003 | Third | | Agent 1 | |

## Phase 1: One

- T001: First (Agent 2)
- T009: Ninth

## Phase 2: Two

- T001: First
- T003: Third
";

#[test]
fn a_pack_goes_into_the_project_and_is_never_overwritten() {
    let bench = Bench::new();
    bench.write("Small.md", SMALL);
    let ran = bench.run(&["import", "Small.md"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stdout.contains("→ improvements/packs/small ("), "{}", ran.stdout);
    assert_eq!(bench.run(&["list"]).code, 0, "the project's own register is as it was");
    assert_eq!(bench.run(&["list", "--project", "improvements/packs/small"]).code, 0);

    let again = bench.run(&["import", "Small.md"]);
    assert_eq!(again.code, 1, "{}", again.shown());
    assert!(again.stderr.contains("import::exists") && again.stderr.contains("--force"), "{}", again.stderr);
    bench.write("improvements/packs/small/mine.txt", "kept");
    assert_eq!(bench.run(&["import", "Small.md", "--force"]).code, 0);
    let aside = bench.path("improvements/packs/small.before-import/mine.txt");
    assert_eq!(fs::read_to_string(aside).unwrap(), "kept");
    let third = bench.run(&["import", "Small.md", "--force"]);
    assert!(third.code == 1 && third.stderr.contains("before-import"), "{}", third.shown());
    assert_eq!(bench.run(&["import", "Small.md", "--pack", "a/b"]).code, 2);
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let broken = |name: &str, text: &[u8]| {
        let (ran, _) = imported("rustydb", text);
        assert_eq!(ran.code, 1, "{}", ran.shown());
        insta::assert_snapshot!(format!("import_broken_{name}"), ran.shown());
    };
    let whole = seed("rustydb-tracking-document");
    let row = "| **T003** | Transaction |";
    assert!(whole.contains(row));
    broken("missing_cell", whole.replace(row, "| **T003** |").as_bytes());
    broken("surplus_cell", whole.replace(row, "| **T003** | Transaction | more |").as_bytes());
    broken("bad_id", whole.replace("| **T003** |", "| **T3** |").as_bytes());
    broken("cut_in_a_row", &whole.as_bytes()[..whole.find("WAL group commit").unwrap()]);
    broken("cut_ruler", whole.replace("|----|----------|", "|----|").as_bytes());
    broken("latin_1", b"# caf\xe9\n");
    broken("utf_16", &"# T001\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    broken("empty", b"");
    let folder = tempfile::tempdir().unwrap();
    let missing = run(folder.path(), &["nothing.md", "--to", "out"]);
    assert!(missing.code == 1 && missing.stderr.contains("nothing.md does not exist"), "{}", missing.shown());
}

/// Line ends, a byte-order mark and one more wrong reading change nothing but what is said of them.
#[test]
fn a_mangled_copy_gives_the_same_register() {
    let read_wrongly = |text: &str| -> String {
        let upper: Vec<char> = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ".chars().collect();
        let char = |byte: u8| match byte {
            0x80..=0x9f => upper[usize::from(byte - 0x80)],
            _ => char::from(byte),
        };
        text.bytes().map(char).collect()
    };
    for name in SEEDS {
        let (_, whole) = imported(name, seed(name));
        let (_, windows) = imported(name, format!("\u{feff}{}", seed(name).replace('\n', "\r\n")));
        assert_eq!(windows, whole, "{name}: CRLF");
        let (ran, wrong) = imported(name, read_wrongly(&seed(name)));
        assert_eq!(wrong, whole, "{name}: read as Windows-1252");
        if name.starts_with("kalamdb") {
            assert!(ran.stdout.contains("UTF-8 read as Windows-1252"), "{}", ran.stdout);
        }
    }
    let import = read("kalamdb", seed("kalamdb-performance-phase").replace('\n', "\r\n")).unwrap();
    assert_eq!(import.repairs[0].damage, Damage::LineEnds);
    assert_eq!(import.contradictions[0].place.line, 3, "places are those of the file");
}

/// Columns are read by what their headings say.
#[test]
fn shuffled_columns_give_the_same_register() {
    let text = seed("rustydb-tracking-document");
    let (_, whole) = imported("rustydb", &text);
    for shift in [1, 3, 6] {
        let shuffled: Vec<String> = text
            .lines()
            .map(|line| {
                if !line.starts_with('|') {
                    return line.to_owned();
                }
                let mut cells: Vec<&str> = line.trim_matches('|').split('|').collect();
                let by = shift % cells.len();
                cells.rotate_left(by);
                format!("|{}|", cells.join("|"))
            })
            .collect();
        assert_eq!(imported("rustydb", shuffled.join("\n")).1, whole, "rotated by {shift}");
    }
}

/// Cut anywhere: a register that loads, or an error with its place; never half of one.
#[test]
fn a_cut_copy_is_read_or_refused() {
    for name in SEEDS {
        let text = seed(name);
        let step = text.len() / 11;
        for end in (0..text.len()).step_by(step).filter(|end| text.is_char_boundary(*end)) {
            let (ran, _) = imported(name, &text[..end]);
            assert!(ran.code == 0 || ran.stderr.contains("import::"), "{name} cut at {end}: {}", ran.shown());
        }
    }
}

/// Whatever is written is read back as it was meant.
#[test]
fn what_is_written_is_what_was_read() {
    for name in SEEDS {
        let import = read(name, seed(name)).unwrap();
        let files = import.records.files().unwrap();
        assert_eq!(parsed::<plan::Header>(&files["improvements/register.yaml"]), import.records.header, "{name}");
        assert_eq!(parsed::<plan::Phases>(&files["improvements/phases.yaml"]), import.records.phases, "{name}");
        assert_eq!(
            parsed::<plan::SuccessMetrics>(&files["improvements/metrics.yaml"]),
            import.records.metrics,
            "{name}"
        );
        assert_eq!(parsed::<plan::Risks>(&files["improvements/risks.yaml"]), import.records.risks, "{name}");
        assert_eq!(parsed::<plan::Parity>(&files["improvements/parity.yaml"]), import.records.parity, "{name}");
        for entry in &import.records.improvements {
            assert_eq!(parsed::<Improvement>(&files[&format!("improvements/{}.yaml", entry.id)]), *entry, "{name}");
        }
    }
}

/// No word of a document is lost: each stands in the files that were made of it, but for those that became structure.
#[test]
fn every_word_is_somewhere() {
    let words = |text: &str| -> Vec<String> {
        text.split(|char: char| !char.is_alphanumeric()).filter(|word| word.len() > 3).map(str::to_lowercase).collect()
    };
    for (name, structure) in SEEDS.iter().zip(STRUCTURE) {
        let text = seed(name);
        let (_, files) = imported(name, &text);
        let kept: BTreeSet<String> = files.values().flat_map(|text| words(&text.replace("\\n", " "))).collect();
        let lines = text.lines().filter(|line| line.is_ascii() && !line.starts_with('#'));
        let lost: BTreeSet<String> = lines.flat_map(words).filter(|word| !kept.contains(word)).collect();
        assert_eq!(lost.into_iter().collect::<Vec<_>>(), *structure, "{name}");
    }
}

/// Headings of columns and leads of lists that the register has keys for.
const STRUCTURE: [&[&str]; 5] = [
    &["every", "files", "owner", "primary", "risk", "score", "success"],
    &[],
    &["benefit", "evidence", "impact"],
    &[],
    &[],
];

fn parsed<T: serde::de::DeserializeOwned + schemars::JsonSchema>(text: &str) -> T {
    let mut faults = Faults::default();
    let source: Arc<Source> = Source::new("written.yaml", text.to_owned());
    let document = Reader::<T>::default().parse(source, &mut faults);
    document.unwrap_or_else(|| panic!("{:?}\n{text}", miette::Report::new(faults))).value
}

mod mangled {
    use proptest::prelude::*;

    use super::*;

    /// A stretch of a seed cut out, moved, or replaced by something that means much in Markdown.
    fn mangled() -> impl Strategy<Value = (&'static str, String)> {
        let pieces = [
            "",
            "|",
            "\n",
            "\r",
            "| a |\n",
            "# ",
            "## Phase 3: X\n",
            "- ",
            "**",
            "```\n",
            "ðŸ",
            "T001",
            "9".repeat(25).leak(),
            "\u{feff}",
        ];
        let edit = (any::<prop::sample::Index>(), 0..200_usize, prop::sample::select(pieces.to_vec()));
        (prop::sample::select(SEEDS.to_vec()), prop::collection::vec(edit, 1..5)).prop_map(|(name, edits)| {
            let mut text = seed(name);
            for (at, cut, piece) in edits {
                let boundary = |at: usize, text: &str| (0..=at.min(text.len())).rfind(|at| text.is_char_boundary(*at));
                let from = boundary(at.index(text.len() + 1), &text).unwrap_or(0);
                let to = boundary(from + cut, &text).unwrap_or(from).max(from);
                text.replace_range(from..to, piece);
            }
            (name, text)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Never a panic; what is refused has a place; what is taken can be written and read again.
        #[test]
        fn a_mangled_copy_is_read_or_refused((name, text) in mangled()) {
            match read(name, text.clone()) {
                Ok(import) => {
                    let files = import.records.files().unwrap();
                    prop_assert_eq!(parsed::<plan::Header>(&files["improvements/register.yaml"]), import.records.header);
                    for entry in &import.records.improvements {
                        prop_assert_eq!(&parsed::<Improvement>(&files[&format!("improvements/{}.yaml", entry.id)]), entry);
                    }
                    let lines = text.split(['\n', '\r']).count();
                    for one in &import.contradictions {
                        prop_assert!(one.place.line >= 1 && one.place.line <= lines && one.place.column >= 1, "{:?}", one);
                    }
                }
                Err(faults) => {
                    let told = format!("{:?}", miette::Report::new(faults));
                    prop_assert!(told.contains("import::"), "{}", told);
                }
            }
        }
    }
}
