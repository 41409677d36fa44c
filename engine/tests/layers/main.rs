//! The architecture, checked: who may name whom, and where features may be read.
//!
//! The layers of `lib.rs` are a promise about arrows: a module names only modules of its own or a lower layer.
//! An alias of `select.rs` counts as what it stands for. This reads the source, so it also sees paths that a
//! disabled feature would hide from the compiler.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail loudly")]

mod source;

use source::{Source, sources};
use std::path::Path;

/// Lowest first. A module names only those before it, so no two are in a cycle: each is a component of its own.
const LAYERS: &[&str] = &[
    "sync",
    "metrics",
    "compose",
    "io",
    "pool",
    "memory",
    "concurrent",
    "deadlock",
    "wal",
    "page",
    "slotted",
    "stamp",
    "row_log",
    "buffer",
    "transaction::wal",
    "storage",
    "index",
    "storage::catalog",
    "transaction",
    "api",
    "testing",
];

/// The files that stand outside the layers: the map, and the table that puts the parts together.
const OUTSIDE: &[&str] = &["lib.rs", "select.rs"];

#[test]
fn no_arrow_runs_back() {
    let sources = engine_sources();
    assert!(sources.len() > 100, "the engine's sources were not found");
    let violations = arrows_that_run_back(&sources);
    assert!(violations.is_empty(), "a lower layer names a higher one:\n{}", violations.join("\n"));
}

#[test]
fn features_are_read_in_one_file() {
    let mut read = engine_sources();
    read.extend(sources(&crate_dir().join("tests")));
    let violations = features_read_outside_select(&read);
    assert!(violations.is_empty(), "a feature is read outside src/select.rs:\n{}", violations.join("\n"));
}

#[test]
fn the_checker_sees_planted_arrows() {
    let select = "type Held<V, O> = <crate::compose::object::Objects as crate::compose::Composition>::Held<V, O>;\n\
                  type T003 = crate::transaction::wal::serial::SerialLog;\n\
                  pub type CommitLog = Held<T003, dyn crate::io::DurableHorizon>;\n";
    let cases = [
        ("buffer/pool.rs", "use crate::transaction::wal::CommitLog;", Some("1: `buffer` names `transaction::wal`")),
        ("buffer/pool.rs", "\nfn f() { crate::api::open() }", Some("2: `buffer` names `api`")),
        ("io/a.rs", "use crate::{\n    io::Lsn,\n    memory::{Pool, pool},\n};", Some("3: `io` names `memory`")),
        (
            "transaction/wal/ring.rs",
            "use super::super::recovery::Redo;",
            Some("1: `transaction::wal` names `transaction`"),
        ),
        ("transaction/wal/mod.rs", "use crate::transaction::Txn;", Some("1: `transaction::wal` names `transaction`")),
        ("memory/mod.rs", "type Log = crate::select::CommitLog;", Some("1: `memory` names `transaction::wal`")),
        ("storage/mod.rs", "use crate::index::BTree;", Some("1: `storage` names `index`")),
        ("index/mod.rs", "use crate::storage::catalog::Catalog;", Some("1: `index` names `storage::catalog`")),
        ("storage/page.rs", "mod tests {\n    use super::super::super::api::Txn;\n}", Some("2: `storage` names `api`")),
        ("newcomer/mod.rs", "", Some("1: `newcomer` is in no layer")),
        ("transaction/mod.rs", "use crate::transaction::wal::{CommitLog, ring};\nuse crate::index::BTree;", None),
        ("index/mod.rs", "use crate::storage::Page;\nuse crate::select::CommitLog;", None),
        ("io/mod.rs", "// use crate::api::Txn;\n/* crate::api */ const A: &str = \"crate::api\"; // '\n", None),
        ("io/real.rs", "mod tests {\n    use super::super::Vfs;\n}\n", None),
    ];
    for (path, text, expected) in cases {
        let found = arrows_that_run_back(&[Source::parse("select.rs", select), Source::parse(path, text)]);
        match expected {
            None => assert_eq!(found, Vec::<String>::new(), "{path}: {text}"),
            Some(message) => assert_eq!(found, [format!("{path}:{message}")], "{text}"),
        }
    }
}

#[test]
fn the_checker_sees_planted_features() {
    for text in
        ["\n#[cfg(feature = \"t003\")]", "\nif cfg!(feature = \"t003\") {}", "\n#[cfg(all(test, feature=\"x\"))]"]
    {
        assert_eq!(features_read_outside_select(&[Source::parse("io/a.rs", text)]), ["io/a.rs:2"], "{text}");
        assert!(features_read_outside_select(&[Source::parse("select.rs", text)]).is_empty());
    }
    let harmless = "// cfg(feature = \"a\")\nconst A: &str = \"cfg(feature = \";\nlet feature = 3;";
    assert!(features_read_outside_select(&[Source::parse("io/a.rs", harmless)]).is_empty());
}

/// The engine's, with those parts that are crates of their own.
fn engine_sources() -> Vec<Source> {
    ["src", "parts/src"].iter().flat_map(|folder| sources(&crate_dir().join(folder))).collect()
}

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn arrows_that_run_back(sources: &[Source]) -> Vec<String> {
    let aliases = sources.iter().find(|source| source.path == "select.rs").map(Source::aliases).unwrap_or_default();
    let mut violations = Vec::new();
    for source in sources.iter().filter(|source| !OUTSIDE.contains(&source.path.as_str())) {
        let Some(own) = layer(&source.module) else {
            violations.push(format!("{}:1: `{}` is in no layer", source.path, source.module.join("::")));
            continue;
        };
        for (line, path) in source.paths() {
            let targets = match (path.first().map(String::as_str), path.get(1).and_then(|name| aliases.get(name))) {
                (Some("select"), Some(targets)) => targets.as_slice(),
                (Some("select"), None) | (None, _) => continue,
                (Some(_), _) => std::slice::from_ref(&path),
            };
            // A lower-case name that is no module is an item or macro of the crate's root: there are none.
            let Some(named) = targets.iter().filter_map(|target| layer(target)).max() else { continue };
            if named > own {
                violations.push(format!("{}:{line}: `{}` names `{}`", source.path, LAYERS[own], LAYERS[named]));
            }
        }
    }
    violations.dedup();
    violations
}

fn features_read_outside_select(sources: &[Source]) -> Vec<String> {
    let outside = sources.iter().filter(|source| source.path != "select.rs");
    outside.flat_map(|source| source.feature_lines().map(|line| format!("{}:{line}", source.path))).collect()
}

/// The place of the longest entry that is a prefix of `path`.
fn layer(path: &[String]) -> Option<usize> {
    let matching = |entry: &str| {
        let parts: Vec<&str> = entry.split("::").collect();
        (path.len() >= parts.len() && parts.iter().zip(path).all(|(part, name)| part == name)).then_some(parts.len())
    };
    let hits = LAYERS.iter().enumerate().filter_map(|(at, entry)| Some((matching(entry)?, at)));
    hits.max().map(|(_, at)| at)
}
