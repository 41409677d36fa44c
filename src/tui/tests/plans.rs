//! The Plan: every state of a criterion, and when it is judged anew.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixtures::{ago, empty, id, idle};
use super::screens::{check, check_all, with};
use crate::improvements::Status;
use crate::improvements::plan::{Level, ParityGroup, ParityItem, ParityState, Risk};
use crate::report::document::{
    CriterionLine, MemberLine, MetricGroupLine, MetricLine, ParityLine, PhaseLine, RiskLine, RiskState,
};
use crate::report::standup::{Said, SubjectLine};
use crate::report::{Judgement, Standup, State};
use crate::tui::facts::PlanFacts;
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Msg, StoreNews};
use crate::tui::update::update;

fn judgement(state: State, detail: &str, verdict: Option<i64>) -> Judgement {
    Judgement { state, detail: detail.to_owned(), verdict }
}

fn phases() -> Vec<PhaseLine> {
    let member =
        |name: &str, title: &str, status| MemberLine { id: id(name), title: title.to_owned(), agents: vec![1], status };
    let criterion = |text: &str, judgement| CriterionLine { text: text.to_owned(), judgement };
    vec![
        PhaseLine {
            number: 1,
            name: "Critical path".to_owned(),
            weeks: "1-2".to_owned(),
            goal: "Optimize the transaction layer and memory management".to_owned(),
            complete: 1,
            done: false,
            members: vec![
                member("T003", "WAL group commit optimization", Status::InProgress),
                member("B002", "Lock-free page table scalability", Status::Blocked),
                member("I002", "SIMD vectorized filtering", Status::Complete),
            ],
            also: vec!["Documentation of what changed".to_owned()],
            criteria: vec![
                criterion(
                    "TPS ≥ 30 000 on TPC-C with 64 sessions",
                    judgement(State::Met, "36.2k, where ≥ 30k is asked of tps of tpcc sessions=64", Some(14)),
                ),
                criterion(
                    "p99 latency below 5 ms",
                    judgement(State::NotMet, "6.1 ms, where ≤ 5 ms is asked of p99 of tpcc sessions=64", Some(14)),
                ),
                criterion(
                    "Buffer hit rate ≥ 95 %",
                    judgement(
                        State::NotMeasured,
                        "no experiment has measured hit_rate of ycsb-b on the stack as it is",
                        None,
                    ),
                ),
                criterion(
                    "Linear scaling to 1 000 users",
                    judgement(State::NotMeasurable, "two cores: scaling beyond them cannot be seen", None),
                ),
            ],
            deliverables: vec!["Group commit in the log".to_owned(), "A report on the phase".to_owned()],
        },
        PhaseLine {
            number: 2,
            name: "Memory".to_owned(),
            weeks: "3-4".to_owned(),
            goal: "Less memory for the same work".to_owned(),
            complete: 1,
            done: true,
            members: vec![member("A001", "Cross-module dependency optimization", Status::Complete)],
            also: Vec::new(),
            criteria: vec![criterion(
                "Peak memory −20 %",
                judgement(State::Met, "−31.0 %, where ≤ −20 % is asked", Some(9)),
            )],
            deliverables: Vec::new(),
        },
    ]
}

fn plan() -> PlanFacts {
    let metric = |name: &str, target: &str, judgement| MetricLine {
        name: name.to_owned(),
        baseline: Some("50K".to_owned()),
        target: target.to_owned(),
        stretch: Some("100K".to_owned()),
        judgement,
    };
    let risk = |id: &str, impact, probability, owners: Vec<u32>, state, reason: &str| RiskLine {
        risk: Risk {
            id: id.to_owned(),
            description: "Performance regression in code that nobody measured".to_owned(),
            impact,
            probability,
            mitigation: "Guards in every experiment, a report after each phase".to_owned(),
            owners,
            raised_by: Vec::new(),
        },
        state,
        reason: reason.to_owned(),
        at: (state == RiskState::Raised).then(|| ago(50)),
    };
    let item = |feature: &str, state, note: Option<&str>| ParityItem {
        feature: feature.to_owned(),
        state,
        note: note.map(str::to_owned),
    };
    let said =
        |seconds, kind: &str, text: &str| Said { at: ago(seconds), kind: kind.to_owned(), text: text.to_owned() };
    let line = |subject: &str, pairs, said| SubjectLine { subject: subject.to_owned(), pairs, said };
    PlanFacts {
        status: "Phase 1 in progress: 1 of 3 improvements complete, 1 of 4 criteria met".to_owned(),
        phases: phases(),
        metrics: vec![MetricGroupLine {
            name: "Throughput".to_owned(),
            metrics: vec![metric("TPS", "75K", judgement(State::NotMet, "36.2k, where ≥ 75k is asked", Some(14)))],
        }],
        risks: vec![
            risk(
                "R1",
                Level::Critical,
                Level::Medium,
                Vec::new(),
                RiskState::Raised,
                "T003: refused by baseline: tps fell by 5 %",
            ),
            risk("R2", Level::Low, Level::Low, vec![1, 6], RiskState::Quiet, ""),
        ],
        parity: ParityLine {
            model: "Oracle".to_owned(),
            ticked: 1,
            items: 3,
            claim: "48/70".to_owned(),
            target: "65/70".to_owned(),
            groups: vec![ParityGroup {
                name: "Storage".to_owned(),
                items: vec![
                    item("Tablespaces", ParityState::Ticked, None),
                    item("Partitioning", ParityState::Partial, Some("by range only")),
                    item("Flashback", ParityState::Gap, None),
                ],
            }],
        },
        standup: Standup {
            after: 100,
            until: 180,
            subjects: vec![
                line(
                    "T003",
                    14,
                    vec![
                        said(5_000, "experiment", "experiment 13 opened: t003 on a stack of 1"),
                        said(4_000, "stopped", "interrupted"),
                    ],
                ),
                line(
                    "B002",
                    0,
                    vec![said(5_000, "improvement_status", "Blocked: waits for T002: both change the page table")],
                ),
            ],
        },
        standup_hours: 4,
    }
}

/// The Plan, judged.
pub(super) fn planned(width: u16, height: u16, ascii: bool) -> Model {
    let mut model = with(idle(width, height, ascii), "6");
    update(&mut model, Msg::Plan(Ok(Box::new(plan()))));
    model
}

/// Answers what was asked for.
pub(super) fn answer(model: &mut Model, effects: &[Effect]) {
    if effects.iter().any(|effect| matches!(effect, Effect::ReadPlan(_))) {
        update(model, Msg::Plan(Ok(Box::new(plan()))));
    }
}

fn key(model: &mut Model, symbol: char) -> Vec<Effect> {
    update(model, Msg::Key(KeyEvent::new(KeyCode::Char(symbol), KeyModifiers::NONE)))
}

#[test]
fn pictures() {
    check_all("plan", planned);
    check("plan-metrics-80x24", &with(planned(80, 24, false), "jj"));
    check("plan-risks-80x24", &with(planned(80, 24, false), "jjj"));
    check("plan-parity-80x24", &with(planned(80, 24, false), "jjjj"));
    check("plan-standup-120x40", &with(planned(120, 40, false), "G"));
    check("plan-full-60x20", &with(planned(60, 20, false), "\n"));
}

#[test]
fn pictures_of_nothing() {
    check("plan-reading-80x24", &with(empty(80, 24, false), "6"));
    let mut broken = with(empty(80, 24, false), "6");
    update(&mut broken, Msg::Plan(Err("improvements/phases.yaml cannot be read".to_owned())));
    check("plan-broken-80x24", &broken);
}

#[test]
fn it_is_judged_when_it_is_looked_at_and_again_after_a_change() {
    let mut model = idle(120, 40, false);
    assert_eq!(key(&mut model, '6'), [Effect::ReadPlan(None)]);
    assert_eq!(key(&mut model, 'j'), [], "it is being read");
    update(&mut model, Msg::Plan(Ok(Box::new(plan()))));
    assert_eq!(key(&mut model, 'j'), []);
    let effects = update(&mut model, Msg::Store(Ok(Box::<StoreNews>::default())));
    assert_eq!(effects, [Effect::ReadPlan(None)], "what it rests on has changed");
    let effects = update(&mut model, Msg::Store(Ok(Box::default())));
    assert_eq!(effects, [], "one at a time");
    assert_eq!(update(&mut model, Msg::Plan(Ok(Box::new(plan())))), [Effect::ReadPlan(None)], "and then the newest");
    key(&mut model, '1');
    update(&mut model, Msg::Plan(Ok(Box::new(plan()))));
    assert_eq!(update(&mut model, Msg::Store(Ok(Box::default()))), [], "nobody looks");
}

#[test]
fn a_stand_up_begins_where_a_person_says() {
    let mut model = planned(120, 40, false);
    let newest = model.facts.log.back().unwrap().seq;
    assert_eq!(key(&mut model, 's'), [Effect::ReadPlan(Some(newest))]);
    update(&mut model, Msg::Plan(Ok(Box::new(plan()))));
    assert_eq!(key(&mut model, 's'), [Effect::ReadPlan(None)], "and back");
    assert_eq!(with_yank(planned(120, 40, false)), [Effect::Copy("workbench plan --phase 1".to_owned())]);
}

fn with_yank(mut model: Model) -> Vec<Effect> {
    key(&mut model, 'y');
    key(&mut model, 'c')
}
