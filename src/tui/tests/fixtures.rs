//! A small register with a history, a roster, a running experiment: all at a fixed time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

use crate::agents::{Agent, Limits, Roster, Runner, RunnerKind};
use crate::config::AgentLimits;
use crate::improvements::record::{Bounds, Trial, Variants};
use crate::improvements::{Category, Claim, Direction, Improvement, ImprovementId, Mechanism, Priority, Status};
use crate::lab::experiment::{
    Arm, ArmRun, Binary, ExperimentId, Machine, Outcome, Pair, Plan, Policy, Question, Role, Ruling, Run, Side,
    Standing, Verdict, WorkloadPlan,
};
use crate::lab::journal::{Event, Stage};
use crate::profiles::Kind;
use crate::tui::experiment::Experiment;
use crate::tui::facts::{
    Activity, AgentRow, Ending, LogLine, MachineFacts, Measured, PastExperiment, PastVerdict, Phase, Profiled,
    Progress, ProjectFacts, WorkloadRow,
};
use crate::tui::model::Model;
use crate::tui::msg::{Msg, RegisterNews, StoreNews};
use crate::tui::theme::ThemeName;
use crate::tui::update::update;
use crate::tui::view::view;
use crate::units::{Gain, Interval, LogRatio};

/// The time of every fixture.
pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// That many seconds before.
pub(super) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(super) fn id(text: &str) -> ImprovementId {
    ImprovementId(text.to_owned())
}

/// A model of that size that knows nothing yet.
pub(super) fn empty(width: u16, height: u16, ascii: bool) -> Model {
    Model::new(now(), Size { width, height }, ThemeName::Dark, ascii, true)
}

/// A model that has read register, roster and store; nothing runs.
pub(super) fn idle(width: u16, height: u16, ascii: bool) -> Model {
    let mut model = empty(width, height, ascii);
    let (entries, phases, agents, roster) = (entries(), phases(), agents(), roster());
    let limits = Some(AgentLimits::default());
    let register = RegisterNews { entries, phases, agents, roster, limits };
    for msg in [
        Msg::Project(ProjectFacts {
            target: "engine".into(),
            branch: Some("main".into()),
            head: Some("4f2c1a0".into()),
        }),
        Msg::Register(Ok(Box::new(register))),
        Msg::Store(Ok(Box::new(history()))),
        Msg::Log(log()),
        Msg::Machine(MachineFacts {
            cores: 2,
            load: Some(2.13),
            cpu_pressure: Some(1.4),
            io_pressure: Some(12.9),
            lease: None,
        }),
    ] {
        update(&mut model, msg);
    }
    model
}

/// The same, with T003 being measured.
pub(super) fn measuring(width: u16, height: u16, ascii: bool, pairs: u32) -> Model {
    let mut model = idle(width, height, ascii);
    update(&mut model, Msg::Running(Some(Box::new(experiment(pairs)))));
    model
}

/// The screen as text, one line a row.
pub(super) fn screen(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.width, model.size.height)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().to_string()
}

/// An entry with no variants.
pub(super) fn entry(
    text: &str,
    title: &str,
    category: &str,
    priority: Priority,
    agents: &[u32],
    claim: &str,
) -> Improvement {
    Improvement {
        id: id(text),
        title: title.to_owned(),
        category: Category(category.to_owned()),
        priority,
        agents: agents.to_vec(),
        modules: vec![format!("{}/mod.rs", category.to_lowercase())],
        claim: Claim {
            text: claim.to_owned(),
            metric: "tps".to_owned(),
            better: Direction::Higher,
            low: Some(0.1),
            high: Some(0.3),
        },
        phase: if priority == Priority::Critical { 1 } else { 2 },
        feature: text.to_lowercase(),
        needs: Vec::new(),
        conflicts: Vec::new(),
        variants: None,
    }
}

fn entries() -> Vec<Improvement> {
    use Priority::{Critical, High, Medium};
    let mut entries = vec![
        entry("T001", "MVCC version chain optimization", "Transaction", Critical, &[1], "+15-20% TPS"),
        entry(
            "T002",
            "Lock manager scalability (lock-free hash table)",
            "Transaction",
            Critical,
            &[1, 6],
            "+10-15% TPS",
        ),
        entry("T003", "WAL group commit optimization", "Transaction", Critical, &[1], "+25-30% TPS"),
        entry(
            "T004",
            "Deadlock detection optimization",
            "Transaction",
            High,
            &[1, 6],
            "-50% deadlock detection overhead",
        ),
        entry("M001", "Slab allocator tuning for hot paths", "Memory", Critical, &[2], "-20% allocation overhead"),
        entry("B001", "ARC eviction policy tuning", "Buffer Pool", Critical, &[3], "+20-25% hit rate"),
        entry("B002", "Lock-free page table scalability", "Buffer Pool", Critical, &[3, 6], "+30% concurrent access"),
        entry("Q003", "Plan baseline stability", "Query Optimizer", Medium, &[4], "Better plan consistency"),
        entry("SE002", "RBAC caching strategy", "Security", High, &[8], "+60% authorization speed"),
        entry("I002", "SIMD vectorized filtering", "Index/SIMD", Critical, &[9], "+100% filter performance"),
        entry("A001", "Cross-module dependency optimization", "Architecture", Medium, &[11], "Better modularity"),
    ];
    for (place, guards) in [(0, 0), (2, 2), (5, 1), (9, 0)] {
        entries[place].variants = Some(variants(guards));
    }
    entries
}

fn trial(workload: &str, sessions: u32) -> Trial {
    Trial {
        workload: workload.to_owned(),
        params: BTreeMap::from([("sessions".to_owned(), serde_json::json!(sessions))]),
        metric: "tps".to_owned(),
        better: Direction::Higher,
        required_gain: None,
        slice_ms: None,
    }
}

fn variants(guards: usize) -> Variants {
    Variants {
        baseline: "Each commit writes the log's tail and calls fdatasync itself.".to_owned(),
        optimized: "Commits reserve room in a ring; one fdatasync serves all that have arrived.".to_owned(),
        seam: "engine/src/transaction/wal/mod.rs".to_owned(),
        workload: trial("tpcc", 64),
        guards: [trial("commit-storm", 64), trial("point-read", 64)].into_iter().take(guards).collect(),
        control: Some(trial("tpcc", 1)),
        mechanism: Some(mechanism()),
        references: vec!["Johnson et al.: Aether, a scalable approach to logging. PVLDB 3(1), 2010.".to_owned()],
    }
}

fn mechanism() -> Mechanism {
    Mechanism {
        figure: "commits per fdatasync".to_owned(),
        counter: "wal.commits".to_owned(),
        per: Some("wal.syncs".to_owned()),
        on: Bounds { min: Some(4.0), max: None },
        off: Bounds { min: Some(0.95), max: Some(1.05) },
    }
}

fn phases() -> Vec<Phase> {
    [(1, "Critical path"), (2, "Memory")].map(|(number, title)| Phase { number, title: title.to_owned() }).to_vec()
}

/// As [`agents`] are written.
fn roster() -> Roster {
    let agent = |row: AgentRow| Agent {
        number: row.number,
        name: row.name,
        specialization: row.specialization,
        subjects: Vec::new(),
        modules: row.modules,
        runner: Runner { kind: RunnerKind::Command, command: vec!["codex".to_owned(), "exec".to_owned()] },
        limits: Limits::default(),
    };
    Roster { agents: agents().into_iter().map(agent).collect() }
}

fn agents() -> Vec<AgentRow> {
    let agent = |number: u32, specialization: &str, modules: &[&str], last: Option<(i64, &str)>| AgentRow {
        number,
        name: format!("Agent {number}"),
        specialization: specialization.to_owned(),
        modules: modules.iter().map(|&module| module.to_owned()).collect(),
        status: if last.is_some_and(|(seconds, _)| seconds < 60) { "Active".to_owned() } else { "Ready".to_owned() },
        active: last.is_some_and(|(seconds, _)| seconds < 60),
        asks: false,
        last: last.map(|(seconds, what)| Activity {
            at: ago(seconds),
            what: what.to_owned(),
            source: "the store".to_owned(),
        }),
    };
    vec![
        agent(1, "Transaction Layer Expert", &["transaction/**", "sql/isolation.rs"], Some((8, "measures T003"))),
        agent(2, "Memory Management Expert", &["memory/**"], None),
        agent(3, "Buffer Pool Expert", &["buffer/**"], Some((7_300, "B001 was rejected"))),
        agent(6, "Concurrency Expert", &["concurrent/**"], None),
        agent(9, "Index/SIMD Expert", &["index/**", "simd/**"], Some((200_000, "I002 was proven"))),
        agent(12, "Orchestrator", &[], None),
    ]
}

pub(super) fn standing(pairs: u32, gain: f64, half_width: f64) -> Standing {
    let estimate = LogRatio::from_gain(Gain(gain));
    Standing { pairs, estimate, bounds: Interval { low: estimate.0 - half_width, high: estimate.0 + half_width } }
}

fn decided(experiment: i64, seconds: i64, verdict: Verdict, gain: f64, reason: &str) -> Progress {
    let known = standing(14, gain, 0.03);
    let workload = |label: &str, role, means, gain| WorkloadRow {
        label: label.to_owned(),
        role,
        metric: "tps".to_owned(),
        better: Direction::Higher,
        means: Some(means),
        standing: standing(14, gain, 0.02),
    };
    Progress {
        status: if verdict.is_accepted() { Status::Complete } else { Status::InProgress },
        measured: Some(Measured {
            standing: known,
            better: Direction::Higher,
            workload: "tps on tpcc sessions=64".to_owned(),
            stale: false,
        }),
        verdicts: vec![PastVerdict {
            experiment: ExperimentId(experiment),
            at: ago(seconds),
            verdict,
            reason: reason.to_owned(),
            standing: Some(known),
            better: Direction::Higher,
        }],
        workloads: vec![
            workload("tpcc sessions=64", Role::Main, (7_120.0, 7_120.0 * (1.0 + gain)), gain),
            workload("commit-storm sessions=64", Role::Guard, (8_010.0, 8_120.0), 0.0137),
            workload("tpcc sessions=1", Role::Control, (4_930.0, 4_940.0), 0.002),
        ],
        ..Progress::default()
    }
}

fn history() -> StoreNews {
    let mut proven = decided(11, 200_000, Verdict::Proven, 1.36, "the lower bound +129 % lies above +10.0 %");
    proven.verdicts.push(PastVerdict {
        experiment: ExperimentId(7),
        at: ago(300_000),
        verdict: Verdict::Inconclusive,
        reason: "30 pairs and the interval still holds +10.0 %".to_owned(),
        standing: Some(standing(30, 0.08, 0.1)),
        better: Direction::Higher,
    });
    let rejected = decided(12, 7_300, Verdict::Rejected, 0.021, "the upper bound +5.2 % lies below +10.0 %");
    let blocked = Progress {
        status: Status::Blocked,
        reason: Some("waits for T002: both change the page table".to_owned()),
        ..Progress::default()
    };
    let forced = Progress {
        status: Status::Complete,
        reason: Some("judged by reading, nobody measured it".to_owned()),
        forced: true,
        ..Progress::default()
    };
    let past = |number: i64, name: &str, seconds, pairs, end, gain| PastExperiment {
        id: ExperimentId(number),
        question: Question::AddOneIn(id(name)),
        at: ago(seconds),
        pairs,
        end,
        standing: Some(standing(pairs, gain, 0.03)),
        better: Direction::Higher,
    };
    StoreNews {
        progress: vec![(id("I002"), proven), (id("B001"), rejected), (id("B002"), blocked), (id("A001"), forced)],
        past: vec![
            past(13, "T003", 5_000, 3, Ending::Stopped("interrupted".to_owned()), 3.9),
            past(12, "B001", 7_300, 30, Ending::Ruled(Verdict::Rejected), 0.021),
            past(11, "I002", 200_000, 14, Ending::Ruled(Verdict::Proven), 1.36),
            past(7, "I002", 300_000, 30, Ending::Ruled(Verdict::Inconclusive), 0.08),
        ],
        agents: Vec::new(),
        stack: vec![id("I002")],
        profiled: vec![
            Profiled {
                experiment: ExperimentId(12),
                question: Question::AddOneIn(id("B001")),
                at: ago(7_300),
                kinds: vec![(Kind::Cpu, 2), (Kind::Wait, 2), (Kind::Times, 2)],
            },
            Profiled {
                experiment: ExperimentId(11),
                question: Question::AddOneIn(id("I002")),
                at: ago(200_000),
                kinds: vec![(Kind::Cpu, 2)],
            },
        ],
    }
}

fn log() -> Vec<LogLine> {
    let facts = [
        (7_400, "experiment", "B001", "experiment 12 opened: b001 on a stack of 1"),
        (7_300, "verdict", "B001", "REJECTED: the upper bound +5.2 % lies below +10.0 %"),
        (5_000, "status", "B002", "Blocked: waits for T002: both change the page table"),
        (300, "experiment", "T003", "experiment 14 opened: t003 on a stack of 1"),
        (9, "pair", "T003", "decision pair 6 of tpcc sessions=64: +405 %"),
    ];
    let line = |(seq, (seconds, kind, subject, text)): (i64, (i64, &str, &str, &str))| LogLine {
        seq,
        at: ago(seconds),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
    };
    (101..).zip(facts).map(line).collect()
}

/// What is decided before the first pair of T003.
pub(super) fn plan() -> Plan {
    let workload = |label: &str, role| WorkloadPlan {
        label: label.to_owned(),
        role,
        workload: label.split(' ').next().unwrap().to_owned(),
        params: BTreeMap::new(),
        metric: "tps".to_owned(),
        better: Direction::Higher,
        required_gain: Gain(0.10),
        noise: LogRatio(0.031),
        minimum_detectable: Gain(0.127),
        slice_ms: 500,
        slices: 8,
        warmup: 2,
        pair_time: Duration::from_secs(8),
    };
    Plan {
        question: Question::AddOneIn(id("T003")),
        arms: Arm::without_and_with("t003", &["i002".to_owned()], "4f2c1a0"),
        workloads: vec![
            workload("tpcc sessions=64", Role::Main),
            workload("commit-storm sessions=64", Role::Guard),
            workload("point-read sessions=64", Role::Guard),
            workload("tpcc sessions=1", Role::Control),
        ],
        mechanism: Some(mechanism()),
        policy: Policy {
            alpha: 0.05,
            pair_limit: 30,
            guard_margin: Gain(0.03),
            control_margin: Gain(0.02),
            confirmation_pairs: 5,
            guard_pairs: 5,
            dropped_max: 0.2,
            accepted_is_enough: true,
            rule_version: 1,
        },
        seed: 7_041_776,
    }
}

/// T003 after that many rounds of pairs over its four workloads.
pub(super) fn experiment(rounds: u32) -> Experiment {
    let mut experiment = Experiment::new(ExperimentId(14), plan(), ago(300));
    experiment.process = Some(4_711);
    for (at, event) in events(rounds) {
        experiment.note(at, &event);
    }
    experiment
}

/// The journal of T003 up to that many rounds of pairs.
pub(super) fn events(rounds: u32) -> Vec<(Timestamp, Event)> {
    let mut events = vec![
        (ago(300), stage(Stage::Lease, "taking the machine")),
        (ago(299), stage(Stage::Build, "building engine with i002 and with i002, t003")),
        (ago(240), Event::Built(binary(Side::A))),
        (ago(200), Event::Built(binary(Side::B))),
        (ago(200), stage(Stage::Test, "212 tests of each arm")),
    ];
    if rounds > 0 {
        events.push((ago(170), stage(Stage::Measure, "pairs of tpcc sessions=64")));
    }
    // Deterministic wobble: no generator, so that the pictures never change.
    let wobble = |seed: u32| f64::from(seed.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
    for round in 0..rounds {
        for (workload, (gain, rate)) in
            [(4.05_f64, 7_100.0), (0.02, 8_000.0), (0.001, 240_000.0), (0.0, 4_900.0)].into_iter().enumerate()
        {
            let seed = round * 7 + workload as u32 * 131 + 3;
            let at = ago(165 - i64::from(round) * 24 - workload as i64 * 6);
            for slice in 0..8 {
                let shake = 1.0 + wobble(seed * 31 + slice) * 0.2;
                events.push((at, Event::Slice { workload, side: Side::A, rate: rate * shake }));
                events.push((at, Event::Slice { workload, side: Side::B, rate: rate * (1.0 + gain) * (2.0 - shake) }));
            }
            let centre = gain.ln_1p();
            let d = LogRatio(centre + wobble(seed) * 0.06);
            events.push((at, Event::Pair(Box::new(pair(workload, round, d)))));
            let half_width = if round == 0 { f64::INFINITY } else { 0.9 / f64::from(round).powf(1.4) };
            let bounds = Interval { low: centre - half_width, high: centre + half_width };
            let standing = Standing { pairs: round + 1, estimate: LogRatio(centre), bounds };
            events.push((at, Event::Standing { workload, standing }));
        }
    }
    events
}

/// The end of T003.
pub(super) fn ruling() -> Ruling {
    Ruling {
        verdict: Verdict::Proven,
        passed: true,
        outcomes: vec![Outcome::Gain],
        reason: "the lower bound +398 % lies above the required +10.0 %".to_owned(),
        decision: vec![standing(6, 4.05, 0.03)],
        confirmation: Some(standing(5, 4.01, 0.03)),
        mechanism: Some((1.0, 14.2)),
        rule_version: 1,
    }
}

fn stage(stage: Stage, note: &str) -> Event {
    Event::Stage { stage, note: note.to_owned() }
}

fn binary(side: Side) -> Binary {
    Binary {
        side,
        features: Vec::new(),
        build_key: "key".to_owned(),
        sha256: "hash".to_owned(),
        path: PathBuf::from("engine-workload"),
        layouts: Vec::new(),
        cached: false,
    }
}

pub(super) fn pair(workload: usize, index: u32, d: LogRatio) -> Pair {
    let arm = ArmRun {
        layout: 0,
        ops: 100_000,
        elapsed_ns: 4_000_000_000,
        cpu_ns: 7_000_000_000,
        values: BTreeMap::new(),
        counters: BTreeMap::new(),
        waits_ns: BTreeMap::new(),
        latency: String::new(),
        findings: Vec::new(),
        state_hash: None,
        peak_memory_bytes: 0,
        slice_rates: Vec::new(),
    };
    Pair {
        workload,
        run: Run::Decision,
        index,
        first: Side::A,
        seed: 1,
        a: arm.clone(),
        b: arm,
        d,
        machine: Machine { foreign_cpu: 0.011, steal: 0.002, cpu_pressure: Some(1.0), io_pressure: Some(9.0) },
        dropped: (workload == 0 && index == 3).then(|| "foreign CPU 7.1 % > 5 %".to_owned()),
    }
}

/// A key of a script: Enter, Esc and Backspace as a terminal sends them, every other character as itself.
pub(super) fn typed(symbol: char) -> Msg {
    let code = match symbol {
        '\n' => KeyCode::Enter,
        '\x1b' => KeyCode::Esc,
        '\x08' => KeyCode::Backspace,
        symbol => KeyCode::Char(symbol),
    };
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}
