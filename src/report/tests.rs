//! The documents, whole, on fixed facts; and the judging of criteria.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::criteria::{State, judge};
use super::document::{Document, Snapshot};
use super::markdown;
use crate::catalog::Catalog;
use crate::improvements::plan::{Quantity, Test};
use crate::improvements::{Bounds, Direction, ImprovementId, Mechanism, Status};
use crate::lab::experiment::{
    Arm, ArmRun, ExperimentId, Machine, Outcome, Pair, Plan, Policy, Question, Role, Ruling, Run, Side, Standing,
    Verdict, WorkloadPlan,
};
use crate::project::Project;
use crate::tracking::{
    AgentFact, AgentState, Ending, Experiment, Facts, Host, Known, PairFact, SetStatus, StackEntry, Summary,
    VerdictFact,
};
use crate::units::{Gain, Interval, LogRatio};

fn catalog(folder: &str) -> Catalog {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    Catalog::load(&Project::at(&root).unwrap()).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_766_400_000 + second).unwrap()
}

fn id(text: &str) -> ImprovementId {
    ImprovementId(text.to_owned())
}

fn bounds(min: Option<f64>, max: Option<f64>) -> Bounds {
    Bounds { min, max }
}

fn run(tps: f64) -> ArmRun {
    ArmRun {
        layout: 0,
        ops: 20_000,
        elapsed_ns: 1_000_000_000,
        cpu_ns: 900_000_000,
        values: BTreeMap::from([("tps".to_owned(), tps), ("p99".to_owned(), 4_900_000.0)]),
        counters: BTreeMap::from([("txn.deadlocks".to_owned(), 0)]),
        waits_ns: BTreeMap::new(),
        latency: String::new(),
        findings: Vec::new(),
        state_hash: None,
        peak_memory_bytes: 1 << 30,
        slice_rates: Vec::new(),
    }
}

fn pair(kind: Run, index: u32) -> Pair {
    Pair {
        workload: 0,
        run: kind,
        index,
        first: Side::A,
        seed: 7,
        a: run(7_000.0),
        b: run(36_000.0 + f64::from(index)),
        d: LogRatio(1.63),
        machine: Machine::default(),
        dropped: (index == 1).then(|| "foreign CPU 9 %".to_owned()),
    }
}

/// Experiment 4: T003 proven alone on an empty stack.
fn experiment() -> Experiment {
    let params = [("warehouses", 2.into()), ("sessions", 64.into()), ("durability", "full".into())];
    let standing = Standing { pairs: 5, estimate: LogRatio(1.63), bounds: Interval { low: 1.5, high: 1.75 } };
    let ruling = Ruling {
        verdict: Verdict::Proven,
        reason: "the gain is at least +348 %, where +10.0 % was required".to_owned(),
        passed: true,
        decision: vec![standing],
        outcomes: vec![Outcome::Gain],
        confirmation: Some(Standing {
            estimate: LogRatio(1.6),
            bounds: Interval { low: 1.4, high: f64::INFINITY },
            ..standing
        }),
        mechanism: Some((1.0, 21.5)),
        rule_version: 1,
    };
    let plan = Plan {
        question: Question::AddOneIn(id("T003")),
        arms: Arm::without_and_with("t003", &[], "0123456789abcdef"),
        workloads: vec![WorkloadPlan {
            label: "tpcc durability=full sessions=64 warehouses=2".to_owned(),
            role: Role::Main,
            workload: "tpcc".to_owned(),
            params: params.into_iter().map(|(name, value): (_, serde_json::Value)| (name.to_owned(), value)).collect(),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            required_gain: Gain(0.1),
            noise: LogRatio(0.03),
            minimum_detectable: Gain(0.15),
            slice_ms: 150,
            slices: 6,
            warmup: 1,
            pair_time: Duration::from_secs(4),
        }],
        mechanism: Some(Mechanism {
            figure: "commits per fdatasync".to_owned(),
            counter: "wal.commits".to_owned(),
            per: Some("wal.syncs".to_owned()),
            on: bounds(Some(4.0), None),
            off: bounds(None, Some(1.05)),
        }),
        policy: Policy {
            alpha: 0.05,
            pair_limit: 30,
            guard_pairs: 5,
            guard_margin: Gain(0.03),
            control_margin: Gain(0.03),
            confirmation_pairs: 2,
            dropped_max: 0.2,
            accepted_is_enough: true,
            rule_version: 1,
        },
        seed: 11,
    };
    let pairs = (0..5).map(|n| pair(Run::Decision, n)).chain((2..4).map(|n| pair(Run::Confirmation, n)));
    Experiment {
        summary: Summary {
            id: ExperimentId(4),
            question: Question::AddOneIn(id("T003")),
            at: at(0),
            pairs: 4,
            standing: ruling.confirmation,
            better: Direction::Higher,
            origin: None,
            ending: Ending::Ruled(Verdict::Proven),
        },
        host: Host { cpu: "A CPU".to_owned(), cores: 2, memory_bytes: 8 << 30, kernel: "linux 6.1".to_owned() },
        agents: vec![1],
        stages: Vec::new(),
        builds: Vec::new(),
        pairs: (1..).zip(pairs).map(|(row, pair)| PairFact { row, at: at(row), pair }).collect(),
        standings: Vec::new(),
        profiles: Vec::new(),
        verdict: Some(VerdictFact {
            row: 3,
            at: at(60),
            experiment: ExperimentId(4),
            question: Question::AddOneIn(id("T003")),
            tree_digest: plan.arm(Side::B).tree_digest.clone(),
            workload: plan.workloads[0].label.clone(),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            binary_a: Some("a".repeat(64)),
            binary_b: Some("b".repeat(64)),
            ruling,
        }),
        plan,
    }
}

fn facts() -> Facts {
    let experiment = experiment();
    let verdict = experiment.verdict.clone();
    let forced = SetStatus {
        at: at(90),
        status: Status::Complete,
        reason: "the customer | insists".to_owned(),
        author: "ann".to_owned(),
        forced: true,
    };
    let proven =
        Known { experiment: Some(ExperimentId(4)), latest: verdict.clone(), decisive: verdict, ..Known::default() };
    let forced = Known { set: Some(forced.clone()), forced: Some(forced), ..Known::default() };
    Facts {
        as_of: Some((57, at(100))),
        known: BTreeMap::from([(id("T003"), proven), (id("B001"), forced)]),
        tree: Some(experiment.plan.arm(Side::B).tree_digest.clone()),
        stack: vec![StackEntry { improvement: id("T003"), feature: "t003".to_owned(), verdict: 3 }],
        agents: vec![AgentFact {
            agent: 1,
            at: at(60),
            state: AgentState::Ready,
            improvement: Some(id("T003")),
            note: "T003 PROVEN +395 %".to_owned(),
            source: "workbench".to_owned(),
        }],
        screens: Vec::new(),
        lives: Vec::new(),
        experiments: vec![experiment],
    }
}

#[test]
fn the_bundled_register_before_anything_was_measured() {
    let document = Document::of(&Snapshot { catalog: catalog("."), facts: Facts::default() });
    assert_eq!((document.counts.improvements, document.parity.ticked, document.parity.items), (33, 54, 80));
    insta::assert_snapshot!(markdown(&document, Path::new("../..")));
}

#[test]
fn a_small_register_with_one_proof_and_one_force() {
    let snapshot = Snapshot { catalog: catalog("tests/fixtures/small"), facts: facts() };
    let document = Document::of(&snapshot);
    let text = markdown(&document, Path::new("../.."));
    assert_eq!(text, markdown(&Document::of(&snapshot.clone()), Path::new("../..")), "the same facts, the same bytes");
    insta::assert_snapshot!("small_markdown", text);
    let mut json = serde_json::to_value(&document).unwrap();
    for copied in ["parity", "protocol", "notes", "appendix"] {
        assert!(!json[copied].take().is_null(), "{copied}");
    }
    insta::assert_snapshot!("small_json", serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn a_moved_tree_makes_the_evidence_stale() {
    let moved = Facts { tree: Some("fedcba".to_owned()), ..facts() };
    let document = Document::of(&Snapshot { catalog: catalog("tests/fixtures/small"), facts: moved });
    assert_eq!(document.counts.stale, 1);
    assert!(markdown(&document, Path::new(".")).contains("✅ Complete (stale)"));
}

#[test]
fn criteria_are_judged_by_evidence_of_the_stack_as_it_is() {
    let test = |workload: &str, figure: &str, of, bounds| Test {
        workload: workload.to_owned(),
        params: BTreeMap::from([("sessions".to_owned(), 64.into())]),
        figure: figure.to_owned(),
        of,
        bounds,
    };
    let tps = |min| test("tpcc", "tps", Quantity::Value, bounds(Some(min), None));
    let state = |test: &Test, facts: &Facts| judge(Some(test), None, facts).state;
    let facts = facts();
    // Confirmation pairs 2 and 3: the mean of B is 36 002.5.
    assert_eq!(state(&tps(36_002.4), &facts), State::Met);
    assert_eq!(state(&tps(36_002.6), &facts), State::NotMet);
    assert_eq!(state(&test("tpcc", "txn.deadlocks", Quantity::Value, bounds(None, Some(0.0))), &facts), State::Met);
    assert_eq!(
        state(&test("tpcc", "peak_memory_bytes", Quantity::Value, bounds(None, Some(1e9))), &facts),
        State::NotMet
    );
    assert_eq!(state(&test("tpcc", "tps", Quantity::Change, bounds(Some(4.0), None)), &facts), State::Met);
    assert_eq!(state(&test("ycsb", "tps", Quantity::Value, bounds(Some(1.0), None)), &facts), State::NotMeasured);
    assert_eq!(state(&test("tpcc", "p50", Quantity::Value, bounds(Some(1.0), None)), &facts), State::NotMeasured);
    let other = Test { params: BTreeMap::from([("sessions".to_owned(), 1.into())]), ..tps(1.0) };
    assert_eq!(state(&other, &facts), State::NotMeasured, "other parameters, other question");

    // Nothing accepted: the stack is arm A. Something else accepted since: no arm is the stack.
    let empty = Facts { stack: Vec::new(), ..facts.clone() };
    assert_eq!(state(&tps(7_000.1), &empty), State::NotMet);
    assert_eq!(state(&tps(6_999.9), &empty), State::Met);
    let grown = Facts {
        stack: vec![StackEntry { improvement: id("B001"), feature: "b001".to_owned(), verdict: 9 }],
        ..facts.clone()
    };
    assert_eq!(state(&tps(1.0), &grown), State::NotMeasured);

    let cannot = judge(None, Some("Two cores cannot show sixteen."), &facts);
    assert_eq!((cannot.state, cannot.detail.as_str()), (State::NotMeasurable, "Two cores cannot show sixteen."));
    let cited = judge(Some(&tps(1.0)), None, &facts);
    assert_eq!(cited.verdict, Some(3));
}
