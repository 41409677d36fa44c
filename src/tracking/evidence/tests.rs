//! Merging as set theory: whatever two stores hold, their union is the same either way, and nothing comes twice.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fact::time_text;
use super::kinds::Kind;
use super::{Dossier, Evidence, Fact, Merged};
use crate::lab::screen::design::Design;
use crate::lab::screen::facts::Layout;
use crate::profiles::Shelf;
use crate::tracking::{Store, derive};
use crate::yaml::Source;

/// A fact as a file would hold it.
fn fact(word: &str, at_s: i64, fields: Value) -> Fact {
    let kind = Kind::named(word).unwrap();
    let mut said = fields.as_object().unwrap().clone();
    said.insert("at".to_owned(), time_text(at_s * 1_000 + 7).unwrap().into());
    let folded = said.remove("folded").and_then(|text| Some(text.as_str()?.to_owned()));
    let fields: serde_json::Map<String, Value> =
        kind.fields().filter_map(|(name, _)| Some((name.to_owned(), said.get(name)?.clone()))).collect();
    assert_eq!(fields.len(), said.len(), "{word}: {said:?}");
    Fact { kind, fields, folded }
}

/// An experiment with `pairs` pairs and a verdict, all of whose facts are at different times.
fn experiment(number: i64, subject: &str, pairs: i64) -> Vec<Fact> {
    let begin = number * 1_000;
    let arm = |tps: f64| {
        json!({ "ops": 1, "elapsed_ns": 1, "cpu_ns": 1, "values": { "tps": tps }, "counters": {}, "waits_ns": {}, "latency": "",
                "findings": [], "state_hash": null, "peak_memory_bytes": 1, "slice_rates": [0.1, 1e300] })
    };
    let workload = json!({ "label": "w", "role": "main", "workload": "w", "params": {}, "metric": "tps", "better": "higher",
        "required_gain": 0.1, "noise": 0.03, "minimum_detectable": 0.15, "slice_ms": 500, "slices": 8, "warmup": 2,
        "pair_time": { "secs": 9, "nanos": 0 } });
    let plan = json!({ "improvement": subject, "stack": [], "feature": "f", "tree_digest": "d", "workloads": [workload],
        "mechanism": { "figure": "f", "counter": "c", "on": {}, "off": {} },
        "policy": { "alpha": 0.05, "pair_limit": 30, "guard_pairs": 5, "guard_margin": 0.03, "control_margin": 0.03,
                    "confirmation_pairs": 5, "dropped_max": 0.2, "accepted_is_enough": true, "rule_version": 1 },
        "seed": u64::MAX });
    let passed = number % 2 == 0;
    let word = if passed { "PROVEN" } else { "REJECTED" };
    let ruling = json!({ "verdict": word, "reason": "because", "passed": passed, "decision": [], "outcomes": [],
                         "confirmation": null, "mechanism": null, "rule_version": 1 });
    let host = json!({ "cpu": "c", "cores": 2, "memory_bytes": 1, "kernel": "k" });
    let sitting = time_text((begin + 1) * 1_000 + 7).unwrap();
    let standing = json!({ "workload": 0, "pairs": 3, "estimate": -0.25, "low": null, "high": 0.5 });
    let standing: serde_json::Map<String, Value> = standing
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let mut facts = vec![
        fact(
            "experiment",
            begin,
            json!({ "kind": "add_one_in", "subject": subject, "feature": "f", "stack": [], "tree_digest": "d",
            "question": format!("q{number}"), "host": host, "host_digest": "h", "agents": [1] }),
        ),
        fact("sitting", begin + 1, json!({ "plan": plan })),
        fact("stage", begin + 2, json!({ "stage": "build", "note": "both" })),
        fact(
            "build",
            begin + 3,
            json!({ "side": "A", "features": [], "build_key": "k", "sha256": "s", "cached": false }),
        ),
        // Two of the same moment that say the same are two facts.
        fact("standing", begin + 4, standing.clone().into()),
        fact("standing", begin + 4, standing.into()),
        fact(
            "profile",
            begin + 5,
            json!({ "side": "B", "kind": "cpu", "sha256":
            "f5b8b2a1ffab51d4bc5b7b2a0fd4f0a3d0f5ab2bc4f1c1d7a7e3d9d0f6ab2c11", "samples": 3, "cpu_ns": 4, "ops": 5 }),
        ),
        fact("stopped", begin + 6, json!({ "sitting": sitting, "reason": "interrupted" })),
        fact(
            "verdict",
            begin + 900,
            json!({ "subject": subject, "verdict": word, "passed": passed, "reason": "because",
            "rule_version": 1, "tree_digest": "d", "workload": "w", "metric": "tps", "ruling": ruling }),
        ),
        fact(
            "stack_change",
            begin + 901,
            json!({ "op": "add", "improvement": subject, "feature": "f", "reason": word }),
        ),
    ];
    facts.extend((0..pairs).map(|idx| {
        let d = 0.1 + idx as f64 / 3.0;
        fact(
            "pair",
            begin + 10 + idx,
            json!({ "workload": 0, "run": "decision", "idx": idx, "first": "A",
            "seed": (u64::MAX - idx.unsigned_abs()).to_string(), "d": d, "a": arm(1.5e-7), "b": arm(1.5e-7 * d.exp()),
            "machine": { "foreign_cpu": 0.0, "steal": 0.1, "cpu_pressure": null, "io_pressure": 1.0 } }),
        )
    }));
    facts
}

/// A screen of two improvements with `pairs` pairs of its second build, laid out twice and at its end.
fn screen(number: i64, pairs: i64) -> Vec<Fact> {
    let begin = number * 1_000;
    let at = |s: i64| time_text((begin + s) * 1_000 + 7).unwrap();
    let factors = json!([{ "improvement": "T001", "feature": "t001" }, { "improvement": "B001", "feature": "b001" }]);
    let mut facts = experiment(number, "T001", pairs);
    let of = |word: &str| facts.iter().find(|fact| fact.word() == word).unwrap().fields.clone();
    let plan = of("sitting")["plan"].clone();
    let plan = json!({ "purpose": "screening", "factors": factors, "held": [], "tree_digest": "d",
        "workload": plan["workloads"][0], "policy": plan["policy"], "blocks": 2, "seed": u64::MAX });
    let layout = |design| serde_json::to_value(Layout::of(design, &[], "because")).unwrap();
    let mut screen = vec![
        fact(
            "screen",
            begin,
            json!({ "purpose": "screening", "factors": factors, "tree_digest": "d", "question": format!("q{number}"),
                    "host": of("experiment")["host"], "host_digest": "h" }),
        ),
        fact("screen_sitting", begin + 1, json!({ "plan": plan })),
        fact("screen_stage", begin + 2, json!({ "stage": "build", "note": "all" })),
        fact("screen_layout", begin + 3, json!({ "rows": 4, "why": "because", "layout": layout(Design::full(2)) })),
        fact(
            "screen_layout",
            begin + 4,
            json!({ "rows": 4, "why": "because", "layout": layout(Design::screening(2)) }),
        ),
        fact(
            "screen_build",
            begin + 5,
            json!({ "features": ["t001"], "build_key": "k", "sha256": "s", "cached": false }),
        ),
        fact("screen_loss", begin + 6, json!({ "levels": [true, true], "stage": "build", "reason": "no" })),
        fact(
            "screen_conflict",
            begin + 7,
            json!({ "conflict": [{ "factor": 0, "on": true }, { "factor": 1, "on": true }], "told": "no" }),
        ),
        fact("screen_stopped", begin + 8, json!({ "sitting": at(1), "reason": "interrupted" })),
        fact("screen_end", begin + 900, json!({ "layout": at(4), "told": "nothing acts" })),
    ];
    facts.retain(|fact| fact.word() == "pair");
    screen.extend(facts.into_iter().enumerate().map(|(n, pair)| {
        let mut fields = pair.fields;
        fields.retain(|name, _| !matches!(name.as_str(), "at" | "workload" | "run"));
        fields.insert("row".to_owned(), 1.into());
        fact("screen_pair", begin + 10 + n as i64, fields.into())
    }));
    screen
}

fn statuses(subject: &str) -> Vec<Fact> {
    let one = |at, status: &str, forced| {
        fact(
            "improvement_status",
            at,
            json!({ "improvement": subject, "status": status, "reason": "why", "author": "ann",
                                               "forced": forced }),
        )
    };
    let note = fact("note", 2_600, json!({ "improvement": subject, "text": "mind the pages", "author": "bob" }));
    vec![one(1_500, "Blocked", false), one(2_500, "Complete", true), one(3_950, "In Progress", false), note]
}

/// Everything that any store of a test may hold.
fn universe() -> Vec<Dossier> {
    let dossiers =
        [experiment(1, "T001", 2), experiment(2, "T001", 4), experiment(3, "T003", 3), experiment(4, "T003", 0)];
    let others = [statuses("T001"), statuses("B001"), screen(5, 3), screen(6, 0)];
    dossiers.into_iter().chain(others).map(Dossier::new).collect()
}

/// The part of the universe that the coins choose. What others need is always there.
fn part(coins: &[bool]) -> Vec<Dossier> {
    let mut coins = coins.iter().copied().cycle();
    let mut dossiers = Vec::new();
    for dossier in universe() {
        let needed = |fact: &Fact| {
            matches!(fact.word(), "experiment" | "sitting" | "screen" | "screen_sitting" | "screen_layout")
        };
        let mut facts: Vec<Fact> =
            dossier.facts.iter().filter(|fact| needed(fact) || coins.next() == Some(true)).cloned().collect();
        if !facts.iter().any(|fact| fact.word() == "verdict") {
            facts.retain(|fact| fact.word() != "stack_change");
        }
        if coins.next() == Some(true) && !facts.is_empty() {
            dossiers.push(Dossier::new(facts));
        }
    }
    dossiers
}

async fn store(parts: &[&[Dossier]]) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(&folder.path().join("w.db"), &folder.path().join("profiles")).await.unwrap();
    for dossiers in parts {
        let merged = merge(&store, dossiers).await;
        assert_eq!(merged.conflicts, []);
    }
    (folder, store)
}

async fn merge(store: &Store, dossiers: &[Dossier]) -> Merged {
    store.merge(&Evidence { dossiers: dossiers.to_vec() }, "test.json", false).await.unwrap()
}

async fn held(store: &Store) -> Evidence {
    Evidence { dossiers: store.reader().evidence(None, None).await.unwrap() }
}

/// How often each fact is there.
fn counted(dossiers: &[Dossier]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for fact in dossiers.iter().flat_map(|dossier| &dossier.facts) {
        *counts.entry(format!("{} {}", fact.word(), fact.digest())).or_default() += 1;
    }
    counts
}

/// What people see of a store, without the numbers of its rows.
async fn seen(store: &Store) -> String {
    let known = store.reader().known().await.unwrap();
    let number = regex::Regex::new(r"\b(verdict|experiment) \d+").unwrap();
    let statuses = known.iter().map(|(id, known)| format!("{id} {:?}\n", derive(known, Some("d"))));
    let stack = store.reader().stack().await.unwrap();
    let stack: Vec<String> = stack.iter().map(|entry| entry.improvement.to_string()).collect();
    let screens = store.reader().screens(9).await.unwrap();
    let mut screens: Vec<String> = screens.iter().map(|screen| format!("{} {:?}", screen.at, screen.ending)).collect();
    screens.sort(); // each store has its own numbers
    number.replace_all(&statuses.collect::<String>(), "$1").into_owned() + &stack.join(" ") + &screens.join("\n")
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_union_is_the_same_either_way_and_nothing_comes_twice(
        a in prop::collection::vec(any::<bool>(), 40), b in prop::collection::vec(any::<bool>(), 40),
    ) {
        run(async {
            let (a, b) = (part(&a), part(&b));
            let (_folder, ab) = store(&[&a, &b]).await;
            let (_folder_of_ba, ba) = store(&[&b, &a]).await;
            let union = held(&ab).await;
            assert_eq!(union.render(), held(&ba).await.render());
            assert_eq!(seen(&ab).await, seen(&ba).await);

            let mut wanted = counted(&a);
            for (fact, count) in counted(&b) {
                let there = wanted.entry(fact).or_default();
                *there = count.max(*there);
            }
            assert_eq!(counted(&union.dossiers), wanted, "nothing lost, nothing doubled");

            for part in [&a, &b, &union.dossiers] {
                let again = merge(&ab, part).await;
                assert_eq!(again.dossiers.iter().map(|dossier| dossier.new).sum::<usize>(), 0);
            }
            assert_eq!(held(&ab).await.render(), union.render());

            let read = Evidence::of(&Source::new("x.json", union.render())).unwrap();
            assert_eq!(read.render(), union.render(), "to the last bit");
        });
    }
}

#[test]
fn a_contradiction_in_one_dossier_keeps_the_whole_file_out() {
    run(async {
        let mine = vec![Dossier::new(experiment(1, "T001", 3))];
        let (_folder, store) = store(&[&mine]).await;
        let mut other = experiment(1, "T001", 5);
        let pair = other.iter_mut().find(|fact| fact.word() == "pair").unwrap();
        pair.fields.insert("d".to_owned(), 0.5.into());
        let file = [Dossier::new(experiment(2, "T003", 1)), Dossier::new(other)];
        let merged = merge(&store, &file).await;
        assert_eq!(merged.conflicts.len(), 1, "{merged:?}");
        assert_eq!(merged.conflicts[0].fact, "pair 1 of the decision run of workload 0");
        assert_eq!(counted(&held(&store).await.dossiers), counted(&mine));
    });
}

#[test]
fn what_todays_types_cannot_read_does_not_come_in() {
    run(async {
        let mut facts = experiment(1, "T001", 1);
        let sitting = facts.iter_mut().find(|fact| fact.word() == "sitting").unwrap();
        sitting.fields.insert("plan".to_owned(), json!({ "of": "a later workbench" }));
        let (_folder, store) = store(&[]).await;
        let evidence = Evidence { dossiers: vec![Dossier::new(facts)] };
        let error = store.merge(&evidence, "x.json", false).await.unwrap_err();
        assert!(error.to_string().contains("plan"), "{error}");
        assert_eq!(held(&store).await.dossiers.len(), 0);
    });
}

#[test]
fn an_export_about_an_improvement_has_the_screens_in_which_it_was_switched() {
    run(async {
        let (_folder, store) = store(&[&universe()]).await;
        let about = async |id: &str| {
            let found = store.reader().evidence(Some(&[id.to_owned()].into()), None).await.unwrap();
            found.iter().map(|dossier| dossier.subject().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(about("B001").await, ["B001", "screening", "screening"]);
        assert_eq!(about("T003").await, ["T003", "T003"]);
    });
}

#[test]
fn stacks_come_with_their_profile_or_later() {
    run(async {
        let folded = "main;work 3\n";
        let sha256 = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(folded));
        let with = |folded: Option<&str>| {
            let mut facts = experiment(1, "T001", 1);
            let profile = facts.iter_mut().find(|fact| fact.word() == "profile").unwrap();
            profile.fields.insert("sha256".to_owned(), sha256.as_str().into());
            profile.folded = folded.map(str::to_owned);
            vec![Dossier::new(facts)]
        };
        let (folder, store) = store(&[&with(None)]).await;
        let shelf = Shelf::new(&folder.path().join("profiles"));
        let stacks = async || {
            let dossiers = store.reader().evidence(None, Some(&shelf)).await.unwrap();
            dossiers[0].facts.iter().find_map(|fact| fact.folded.clone())
        };
        assert_eq!(stacks().await, None);
        assert_eq!(merge(&store, &with(Some(folded))).await.dossiers[0].new, 0);
        assert_eq!(stacks().await.as_deref(), Some(folded));
    });
}
