//! The tracking store: what the lab records comes back; what contradicts it is refused; bad files get a clear error.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use tempfile::TempDir;
use workbench::improvements::{Direction, ImprovementId, Mechanism, Status};
use workbench::lab::experiment::{
    Arm, ArmRun, Binary, ExperimentId, Machine, Outcome, Pair, Plan, Policy, Question, Role, Ruling, Run, Side,
    Standing, Verdict, WorkloadPlan,
};
use workbench::lab::journal::{Event, Journal, Stage};
use workbench::lab::verdict::{Outlook, judge};
use workbench::tracking::{AgentState, Ending, Fault, Reader, Store, StoreError, derive};
use workbench::units::{Gain, Interval, LogRatio};

pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("tracking/workbench.db")
    }

    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        Store::open_at(&self.file(), &self.folder.path().join("profiles")).await
    }
}

pub(crate) fn plan(improvement: &str) -> Plan {
    let bounds = |min, max| serde_json::from_value(serde_json::json!({ "min": min, "max": max })).unwrap();
    Plan {
        question: Question::AddOneIn(ImprovementId(improvement.to_owned())),
        arms: Arm::without_and_with(&improvement.to_lowercase(), &[], "tree-1"),
        workloads: vec![WorkloadPlan {
            label: "tpcc sessions=64".to_owned(),
            role: Role::Main,
            workload: "tpcc".to_owned(),
            params: BTreeMap::from([("sessions".to_owned(), 64.into())]),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            required_gain: Gain(0.1),
            noise: LogRatio(0.03),
            minimum_detectable: Gain(0.15),
            slice_ms: 500,
            slices: 8,
            warmup: 2,
            pair_time: Duration::from_millis(9_500),
        }],
        mechanism: Some(Mechanism {
            figure: "commits per fdatasync".to_owned(),
            counter: "wal.commits".to_owned(),
            per: Some("wal.syncs".to_owned()),
            on: bounds(Some(4.0), None::<f64>),
            off: bounds(None, Some(1.0)),
        }),
        policy: Policy {
            alpha: 0.05,
            pair_limit: 30,
            guard_pairs: 5,
            guard_margin: Gain(0.03),
            control_margin: Gain(0.02),
            confirmation_pairs: 5,
            dropped_max: 0.2,
            accepted_is_enough: true,
            rule_version: 1,
        },
        seed: u64::MAX - 7,
    }
}

pub(crate) fn pair(run: Run, index: u32) -> Pair {
    let arm = |tps: f64, syncs: u64| ArmRun {
        layout: 0,
        ops: 20_000,
        elapsed_ns: 1_234_567_890,
        cpu_ns: 1_000_000_007,
        values: BTreeMap::from([("tps".to_owned(), tps)]),
        counters: BTreeMap::from([("wal.commits".to_owned(), 9_000), ("wal.syncs".to_owned(), syncs)]),
        waits_ns: BTreeMap::from([("fsync".to_owned(), 77)]),
        latency: "HISTFAAAA".to_owned(),
        findings: Vec::new(),
        state_hash: Some("abc".to_owned()),
        peak_memory_bytes: 1 << 30,
        slice_rates: vec![7_000.1, 7_100.7],
    };
    let (a, b) = (7_100.3 + f64::from(index) / 3.0, 36_200.9);
    Pair {
        workload: 0,
        run,
        index,
        first: Side::B,
        seed: u64::MAX - u64::from(index),
        a: arm(a, 9_000),
        b: arm(b, 450),
        d: LogRatio((b / a).ln()),
        machine: Machine { foreign_cpu: 0.01, steal: 0.0, cpu_pressure: Some(0.3), io_pressure: None },
        dropped: (index == 3).then(|| "foreign CPU 9 %".to_owned()),
    }
}

/// Runs an experiment to its end on made-up pairs, by the lab's own rule.
pub(crate) async fn decide(store: &mut Store, plan: &Plan) -> (ExperimentId, Ruling) {
    decide_on(store, plan, pair).await
}

/// The same on pairs of one's own making.
pub(crate) async fn decide_on(store: &mut Store, plan: &Plan, pair: fn(Run, u32) -> Pair) -> (ExperimentId, Ruling) {
    let id = store.open(plan, false).await.unwrap().id;
    let mut pairs: Vec<Pair> = Vec::new();
    for (side, folded) in
        [(Side::A, "worker;commit;fdatasync 90\nworker;new_order 10\n"), (Side::B, "worker;new_order 11\n")]
    {
        store.record(id, &built(side)).await.unwrap();
        let (samples, cpu) = (if side == Side::A { 100 } else { 11 }, Duration::from_secs(1));
        let kind = "cpu".to_owned();
        store
            .record(
                id,
                &Event::Profiled {
                    side,
                    kind,
                    folded: folded.to_owned(),
                    samples,
                    cpu,
                    measured: None,
                    period: None,
                    weight: None,
                    ops: 1_000,
                },
            )
            .await
            .unwrap();
    }
    loop {
        match judge(plan, &pairs) {
            Outlook::Next { workload, run } => {
                let index = pairs.iter().filter(|pair| pair.run == run && pair.workload == workload).count();
                pairs.push(Pair { workload, ..pair(run, u32::try_from(index).unwrap()) });
                store.record(id, &Event::Pair(Box::new(pairs[pairs.len() - 1].clone()))).await.unwrap();
            }
            Outlook::Ruled(ruling) => {
                store.record(id, &Event::Ruled(ruling.clone())).await.unwrap();
                return (id, *ruling);
            }
            Outlook::TooBusy { .. } => panic!("too busy"),
        }
    }
}

pub(crate) fn ruling(verdict: Verdict) -> Ruling {
    let standing = Standing { pairs: 6, estimate: LogRatio(1.63), bounds: Interval { low: 1.5, high: f64::INFINITY } };
    Ruling {
        verdict,
        reason: "the lower bound lies above the required gain".to_owned(),
        passed: verdict.is_accepted(),
        decision: vec![standing],
        outcomes: vec![Outcome::Gain],
        confirmation: verdict.is_accepted().then_some(Standing { estimate: LogRatio(1.6), ..standing }),
        mechanism: Some((1.0, 21.5)),
        rule_version: 1,
    }
}

fn built(side: Side) -> Event {
    Event::Built(Binary {
        layouts: Vec::new(),
        side,
        features: if side == Side::B { vec!["t003".to_owned()] } else { Vec::new() },
        build_key: format!("key-{side}"),
        sha256: format!("{side}{}", "0".repeat(63)),
        path: PathBuf::from("tracking/lab/builds/x/engine-workload"),
        cached: side == Side::A,
    })
}

fn stage(stage: Stage) -> Event {
    Event::Stage { stage, note: "begins".to_owned() }
}

fn standing(pairs: u32) -> Event {
    let bounds = if pairs < 2 { Interval::UNBOUNDED } else { Interval { low: 0.2, high: 2.0 } };
    Event::Standing { workload: 0, standing: Standing { pairs, estimate: LogRatio(1.6), bounds } }
}

#[tokio::test]
async fn an_experiment_comes_back_as_it_was_recorded() {
    let place = Place::new();
    let mut store = place.open().await.unwrap().crediting(&[1]);
    let plan = plan("T003");
    let id = store.open(&plan, false).await.unwrap().id;
    let folded = "worker;commit;fdatasync 40\nworker;commit 2\n";
    let events = [
        stage(Stage::Build),
        built(Side::A),
        built(Side::B),
        stage(Stage::Measure),
        Event::Slice { workload: 0, side: Side::A, rate: 7_000.0 },
        Event::Progress { note: "pair 1".to_owned() },
        Event::Pair(Box::new(pair(Run::Decision, 0))),
        standing(1),
        Event::Pair(Box::new(pair(Run::Decision, 3))),
        standing(2),
        Event::Profiled {
            side: Side::A,
            kind: "cpu".to_owned(),
            folded: folded.to_owned(),
            samples: 42,
            cpu: Duration::from_millis(170),
            measured: Some(Duration::from_millis(165)),
            period: Some(Duration::from_millis(4)),
            weight: Some(4_000_000),
            ops: 1_000,
        },
    ];
    for event in &events {
        store.record(id, event).await.unwrap();
    }
    assert_eq!(store.reader().slices(id, 0).await.unwrap().len(), 1);
    assert_eq!(store.reader().progress(id, 0).await.unwrap()[0].note, "pair 1");
    let running = store.reader().experiment(id).await.unwrap().unwrap();
    assert!(matches!(running.summary.ending, Ending::Running(process) if process.pid == std::process::id()));
    assert_eq!(store.reader().agents().await.unwrap()[0].state, AgentState::Active);

    store.record(id, &Event::Ruled(Box::new(ruling(Verdict::Proven)))).await.unwrap();
    let kept = store.reader().experiment(id).await.unwrap().unwrap();
    assert_eq!(kept.plan, plan);
    assert_eq!(kept.agents, [1]);
    assert_eq!(kept.stages.iter().map(|fact| fact.stage).collect::<Vec<_>>(), [Stage::Build, Stage::Measure]);
    assert_eq!(kept.builds.iter().map(|binary| binary.side).collect::<Vec<_>>(), [Side::A, Side::B]);
    let pairs: Vec<Pair> = kept.pairs.into_iter().map(|fact| fact.pair).collect();
    assert_eq!(pairs, [pair(Run::Decision, 0), pair(Run::Decision, 3)], "to the last bit");
    assert_eq!(kept.standings[0].standing.bounds, Interval::UNBOUNDED);
    let file = place.folder.path().join("profiles").join(&kept.profiles[0].file);
    assert_eq!(std::fs::read_to_string(file).unwrap(), folded);
    let verdict = kept.verdict.unwrap();
    assert_eq!(verdict.ruling, ruling(Verdict::Proven));
    assert_eq!(verdict.binary_b.unwrap(), format!("B{}", "0".repeat(63)));
    assert_eq!(kept.summary.ending, Ending::Ruled(Verdict::Proven));
    assert_eq!(kept.summary.pairs, 1, "a dropped pair does not count");

    assert_eq!(store.reader().slices(id, 0).await.unwrap(), [], "live rows go with the experiment");
    let agent = &store.reader().agents().await.unwrap()[0];
    assert_eq!((agent.state, agent.note.as_str()), (AgentState::Ready, "T003 PROVEN +395 %"));
    let log: Vec<String> = store.reader().changes(0, 100).await.unwrap().into_iter().map(|c| c.summary).collect();
    insta::assert_snapshot!(log.join("\n").replace(&std::process::id().to_string(), "PID"));
}

#[tokio::test]
async fn an_accepted_improvement_joins_the_stack_it_was_measured_on() {
    let place = Place::new();
    let mut store = place.open().await.unwrap();
    let mut conclude = async |plan: &Plan, verdict| {
        let id = store.open(plan, false).await.unwrap().id;
        store.record(id, &Event::Ruled(Box::new(ruling(verdict)))).await.unwrap();
        let stack = store.reader().stack().await.unwrap();
        stack.into_iter().map(|entry| entry.feature).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(conclude(&plan("T001"), Verdict::Rejected).await, "");
    assert_eq!(conclude(&plan("T003"), Verdict::Proven).await, "t003");
    assert_eq!(conclude(&plan("B002"), Verdict::Proven).await, "t003", "measured alone, not on the stack");
    let on_stack = Plan { arms: Arm::without_and_with("b002", &["t003".to_owned()], "tree-1"), ..plan("B002") };
    assert_eq!(conclude(&on_stack, Verdict::Accepted).await, "t003 b002");
    assert_eq!(conclude(&plan("T003"), Verdict::Proven).await, "t003 b002", "once is enough");
    assert!(store.remove_from_stack(&ImprovementId("T003".to_owned()), "regressed").await.unwrap());
    assert!(!store.remove_from_stack(&ImprovementId("T003".to_owned()), "again").await.unwrap());
    assert_eq!(store.reader().stack().await.unwrap()[0].feature, "b002");
}

#[tokio::test]
async fn an_experiment_without_a_verdict_goes_on_with_its_pairs() {
    let place = Place::new();
    let mut store = place.open().await.unwrap();
    let first = store.open(&plan("T003"), false).await.unwrap();
    store.record(first.id, &Event::Pair(Box::new(pair(Run::Decision, 0)))).await.unwrap();
    store.record(first.id, &Event::Stopped { reason: "interrupted".to_owned() }).await.unwrap();
    let stopped = store.reader().experiments(9).await.unwrap();
    assert_eq!(stopped[0].ending, Ending::Stopped("interrupted".to_owned()));

    let better_known = {
        let mut plan = plan("T003");
        plan.workloads[0].noise = LogRatio(0.05);
        plan.seed = 1;
        plan
    };
    let again = store.open(&better_known, true).await.unwrap();
    assert_eq!((again.id, again.pairs), (first.id, vec![pair(Run::Decision, 0)]));
    assert_eq!(again.plan, plan("T003"), "its pairs are judged by the plan they were made for");
    let moved = Plan { arms: Arm::without_and_with("t003", &[], "tree-2"), ..plan("T003") };
    assert_ne!(store.open(&moved, true).await.unwrap().id, first.id, "another tree is another question");

    store.record(first.id, &Event::Ruled(Box::new(ruling(Verdict::Proven)))).await.unwrap();
    assert_ne!(store.open(&plan("T003"), true).await.unwrap().id, first.id, "it is decided");
}

#[tokio::test]
async fn facts_that_contradict_are_refused() {
    let place = Place::new();
    let mut store = place.open().await.unwrap();
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    let once = Event::Pair(Box::new(pair(Run::Decision, 0)));
    store.record(id, &once).await.unwrap();
    let mut not_a_number = pair(Run::Decision, 1);
    not_a_number.a.values.insert("tps".to_owned(), f64::NAN);
    let ruled = Event::Ruled(Box::new(ruling(Verdict::Proven)));
    store.record(id, &ruled).await.unwrap();
    for event in [
        once,
        Event::Pair(Box::new(not_a_number)),
        Event::Pair(Box::new(Pair { d: LogRatio(f64::NEG_INFINITY), ..pair(Run::Decision, 2) })),
        ruled,
    ] {
        let error = store.record(id, &event).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Refused { .. }), "{error}");
    }
    assert_eq!(store.reader().pairs(id, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn complete_needs_evidence_or_force_with_a_reason() {
    let place = Place::new();
    let mut store = place.open().await.unwrap();
    let q1 = ImprovementId("Q001".to_owned());
    let t3 = ImprovementId("T003".to_owned());
    let id = store.open(&plan("T003"), false).await.unwrap().id;
    store.record(id, &Event::Ruled(Box::new(ruling(Verdict::Proven)))).await.unwrap();
    assert!(!store.set_status(&t3, Status::Complete, "", "ann", false).await.unwrap().forced);
    for (status, reason, force) in [
        (Status::Complete, "looks done", false),
        (Status::Complete, " ", true),
        (Status::Blocked, "", false),
        (Status::Cancelled, "", false),
    ] {
        let error = store.set_status(&q1, status, reason, "ann", force).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Refused { .. }), "{error}");
    }
    assert!(store.set_status(&q1, Status::Complete, "the customer insists", "ann", true).await.unwrap().forced);
    store.set_status(&q1, Status::Planned, "", "ann", false).await.unwrap();
    let public = derive(&store.reader().known().await.unwrap()[&q1], None);
    assert_eq!(public.status, Status::Planned);
    assert_eq!(public.forced.unwrap().reason, "the customer insists");
}

#[tokio::test]
async fn many_tasks_write_and_read_without_a_lock_error() {
    let place = Place::new();
    let store = place.open().await.unwrap();
    let writers = (0..8_u32).map(|agent| {
        // A store of its own, as another process would have.
        let (file, profiles) = (place.file(), place.folder.path().to_path_buf());
        tokio::spawn(async move {
            let store = Store::open_at(&file, &profiles).await.unwrap();
            for n in 0..20 {
                store.set_agent(agent, AgentState::Active, None, &n.to_string(), "test").await.unwrap();
                store.beat(agent, "writing", "test").await.unwrap();
                store.reader().known().await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(store.reader().last_change().await.unwrap().unwrap().0, 160);
    assert_eq!(store.reader().heartbeats().await.unwrap().len(), 8);
}

#[tokio::test]
async fn bad_files_get_a_clear_error_and_are_left_alone() {
    let whole = {
        let place = Place::new();
        let mut store = place.open().await.unwrap();
        let id = store.open(&plan("T003"), false).await.unwrap().id;
        for index in 0..20 {
            store.record(id, &Event::Pair(Box::new(pair(Run::Decision, index)))).await.unwrap();
        }
        store.close().await;
        std::fs::read(place.file()).unwrap()
    };
    let scribbled = {
        let mut bytes = whole.clone();
        bytes[100..3_000].fill(0xa5);
        bytes
    };
    let cases: [(&str, Vec<u8>); 4] = [
        ("text", "not a database\n".repeat(100).into_bytes()),
        ("scribbled", scribbled),
        ("truncated", whole[..whole.len() / 3].to_vec()),
        ("foreign", foreign_database().await),
    ];
    let mut told = String::new();
    let pages = regex::Regex::new(r"\d+ of \d+ pages").unwrap();
    for (name, bytes) in cases {
        let place = Place::new();
        std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
        std::fs::write(place.file(), &bytes).unwrap();
        let reading = Reader::open_at(&place.file()).await.map(drop);
        let writing = place.open().await.map(drop);
        for (way, error) in [("read", reading.unwrap_err()), ("write", writing.unwrap_err())] {
            let path = place.file().display().to_string();
            let one = format!("{name}, to {way}: {error}\n  help: {}\n", error.help().unwrap()).replace(&path, "FILE");
            // How many pages a store has, the next migration changes.
            told += &pages.replace(&one, "N of M pages");
        }
        assert_eq!(std::fs::read(place.file()).unwrap(), bytes, "{name} was changed");
    }
    // How many pages the tables take is the schema's business.
    let pages = |told: &str| {
        let cut = |line: &str| {
            line.split_once("cut off: ").map(|(before, _)| format!("{before}cut off: N of M pages are there"))
        };
        told.lines().map(|line| cut(line).unwrap_or_else(|| line.to_owned()) + "\n").collect::<String>()
    };
    insta::assert_snapshot!(pages(&told));
}

async fn foreign_database() -> Vec<u8> {
    use sqlx::Connection;
    let place = Place::new();
    let file = place.folder.path().join("other.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE music (title TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn nothing_recorded_is_no_error() {
    let place = Place::new();
    assert!(Reader::open_at(&place.file()).await.unwrap().is_none());
    // A creation that was cut short leaves an empty file.
    std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::write(place.file(), "").unwrap();
    assert!(Reader::open_at(&place.file()).await.unwrap().is_none());
    let store = place.open().await.unwrap();
    assert_eq!(store.reader().known().await.unwrap().len(), 0);
}
