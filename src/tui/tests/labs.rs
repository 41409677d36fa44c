//! The Lab's other views: screens, noise, trends; and everything live, frozen.

use super::fixtures::{ago, events, id, idle, measuring, pair, plan, screen, typed};
use super::screens::{check, check_all};
use crate::improvements::ImprovementId;
use crate::lab::experiment::{Binary, ExperimentId, Side};
use crate::lab::screen::design::Design;
use crate::lab::screen::facts::{Factor, Layout, Levels, Loss, LossStage, Purpose, RowPair, ScreenId, ScreenPlan};
use crate::report::control_chart::Point;
use crate::tracking::{Host, Screen, ScreenEnding, ScreenSummary};
use crate::tui::facts::{NoiseSeries, ScreenRow, TrendPicture};
use crate::tui::freeze::HELD_MAX;
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Msg};
use crate::tui::screened::worked_out;
use crate::tui::state::LabView;
use crate::tui::update::update;
use crate::units::LogRatio;

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut all = Vec::new();
    for symbol in keys.chars() {
        let mut effects = update(model, typed(symbol));
        while let Some(effect) = effects.pop() {
            effects.extend(answer(model, &effect));
            all.push(effect);
        }
    }
    all
}

/// Answers what the Lab asks for; an answer may ask for more.
pub(super) fn answer(model: &mut Model, effect: &Effect) -> Vec<Effect> {
    let msg = match effect {
        Effect::ReadScreens => Msg::Screens(Ok(vec![row(8, Purpose::Screening, 5), row(7, Purpose::Interaction, 3)])),
        Effect::ReadScreen(ScreenId(8)) => Msg::Screen(ScreenId(8), Ok(Box::new(worked_out(screening())))),
        Effect::ReadScreen(which) => Msg::Screen(*which, Ok(Box::new(worked_out(together())))),
        Effect::ReadNoise => Msg::Noise(Ok(noise())),
        Effect::ReadTrend(of) => Msg::Trend(of.clone(), Ok(trend())),
        _ => return Vec::new(),
    };
    update(model, msg)
}

const IDS: [&str; 5] = ["T003", "B001", "B002", "I002", "M001"];

fn row(number: i64, purpose: Purpose, factors: usize) -> ScreenRow {
    ScreenRow {
        id: ScreenId(number),
        purpose,
        improvements: IDS.iter().take(factors).map(|name| id(name)).collect(),
        at: ago(number * 400),
        running: purpose == Purpose::Screening,
        told: if purpose == Purpose::Screening {
            "running, process 4712".to_owned()
        } else {
            "3 of 7 effects stand out from the noise".to_owned()
        },
    }
}

/// A screen of a design whose rows gain what `truth` says of their levels.
fn measured(purpose: Purpose, design: Design, blocks: u32, truth: impl Fn(&[bool]) -> f64) -> Screen {
    let factor = |name: &&str| Factor { improvement: ImprovementId((*name).to_owned()), feature: name.to_lowercase() };
    let factors: Vec<Factor> = IDS.iter().take(design.factors).map(factor).collect();
    let layout = Layout::of(design, &[], "as planned");
    let wobble = |seed: u32| f64::from(seed.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
    let zero = truth(&layout.levels(layout.reference).0);
    let of_row = |(row, levels): (usize, Levels)| {
        let gain = truth(&levels.0) - zero;
        let one = move |index: u32| {
            let d = LogRatio(gain + 0.02 * wobble(index * 97 + row as u32 * 13 + 5));
            RowPair { row, pair: pair(0, index, d) }
        };
        (0..blocks).map(one).collect::<Vec<_>>()
    };
    let planned = plan();
    let plan = ScreenPlan {
        purpose,
        factors: factors.clone(),
        held: Vec::new(),
        declared: Vec::new(),
        tree_digest: "4f2c1a0".to_owned(),
        workload: planned.workloads[0].clone(),
        workload_named: false,
        policy: planned.policy,
        blocks,
        seed: 7,
    };
    let rows: Vec<Levels> = layout.rows().collect();
    let build = |levels: &Levels| Binary {
        side: Side::B,
        features: plan.features(levels),
        build_key: "key".to_owned(),
        sha256: "hash".to_owned(),
        path: "engine-workload".into(),
        cached: levels.0.iter().filter(|on| **on).count() < 2,
        layouts: Vec::new(),
    };
    let builds = rows.iter().map(build).collect();
    let pairs = rows.iter().cloned().enumerate().flat_map(of_row).collect();
    Screen {
        summary: ScreenSummary {
            id: ScreenId(7),
            purpose,
            factors,
            at: ago(3_000),
            ending: ScreenEnding::Ended(String::new()),
        },
        plan,
        host: Host { cpu: "cpu".to_owned(), cores: 2, memory_bytes: 8 << 30, kernel: "linux".to_owned() },
        layout: Some(layout),
        losses: Vec::new(),
        conflicts: Vec::new(),
        builds,
        pairs,
    }
}

fn on(levels: &[bool], factor: usize) -> f64 {
    f64::from(u8::from(levels[factor]))
}

/// Twelve builds of which one is lost and three wait for their turn.
fn screening() -> Screen {
    let mut screen = measured(Purpose::Screening, Design::screening(5), 2, |levels| {
        0.5 * on(levels, 0) - 0.12 * on(levels, 2) + 0.004 * on(levels, 3)
    });
    let waits = screen.builds.split_off(6);
    assert!(!waits.is_empty());
    let layout = screen.layout.as_ref().unwrap();
    screen.losses = vec![Loss {
        levels: layout.levels(6),
        stage: LossStage::Build,
        reason: "error[E0432]: unresolved import".to_owned(),
    }];
    screen
}

/// Every combination of three, of which two go badly together.
fn together() -> Screen {
    measured(Purpose::Interaction, Design::full(3), 2, |levels| {
        0.4 * on(levels, 0) + 0.2 * on(levels, 1) - 0.15 * on(levels, 0) * on(levels, 1)
    })
}

fn noise() -> Vec<NoiseSeries> {
    let point = |day: u32, scale: f64, estimate: f64, biased: bool| Point {
        when: format!("2026-02-{day:02} 22:10"),
        scale: LogRatio(scale),
        estimate: LogRatio(estimate),
        shown: format!("{:+.2} %", estimate * 100.0),
        biased,
    };
    let series = |name: &str, in_control, points| NoiseSeries {
        name: name.to_owned(),
        metric: "tps".to_owned(),
        points,
        in_control,
    };
    vec![
        series("tpcc sessions=64", true, vec![point(1, 0.03, 0.001, false), point(8, 0.034, -0.002, false)]),
        series("point-read sessions=64", false, vec![point(1, 0.01, 0.0, false), point(8, 0.028, 0.006, true)]),
    ]
}

fn trend() -> TrendPicture {
    let unicode = "\n apply B001 · tps of tpcc · machine 3f\n\n 2026-02-01 ┊  ├──●──┤ +20.1 %\n changed here: +20.1 % → +2.1 % (p = 0.010)\n 2026-02-08 ├●┤           +2.1 %\n";
    TrendPicture {
        unicode: unicode.to_owned(), ascii: unicode.replace(['┊', '├', '─', '┤', '●', '·', '→'], "-")
    }
}

/// The Lab on a view.
pub(super) fn viewed(width: u16, height: u16, ascii: bool, keys: &str) -> Model {
    let mut model = idle(width, height, ascii);
    press(&mut model, keys);
    model
}

#[test]
fn pictures() {
    check_all("lab-screen", |width, height, ascii| viewed(width, height, ascii, "2v\n"));
    check_all("lab-together", |width, height, ascii| viewed(width, height, ascii, "2vj\n"));
    check_all("lab-noise", |width, height, ascii| viewed(width, height, ascii, "2vvj"));
    check("lab-screens-120x40", &viewed(120, 40, false, "2v"));
    check("lab-trend-120x40", &viewed(120, 40, false, "2jt"));
    check("lab-frozen-80x24", &{
        let mut model = measuring(80, 24, false, 3);
        press(&mut model, "2f");
        model
    });
}

#[test]
fn views_go_round_and_each_is_read_once_until_it_moves() {
    let mut model = idle(120, 40, false);
    press(&mut model, "2");
    assert_eq!(model.lab_view(), LabView::Past);
    assert_eq!(press(&mut model, "v"), [Effect::ReadScreens, Effect::ReadScreen(ScreenId(8))]);
    assert_eq!(press(&mut model, "j"), [Effect::ReadScreen(ScreenId(7))]);
    assert_eq!(press(&mut model, "v"), [Effect::ReadNoise]);
    assert_eq!(update(&mut model, Msg::LabMoved), [Effect::ReadNoise], "somebody calibrated in another terminal");
    assert_eq!(press(&mut model, "v"), []);
    assert_eq!(model.lab_view(), LabView::Past);
    assert_eq!(press(&mut model, "v"), [Effect::ReadScreens, Effect::ReadScreen(ScreenId(7))], "it moved meanwhile");
    let mut model = measuring(120, 40, false, 2);
    press(&mut model, "2vvvv");
    assert_eq!(model.lab_view(), LabView::Live);
}

#[test]
fn the_trend_is_that_of_the_selected_experiment() {
    let mut model = idle(120, 40, false);
    assert_eq!(
        press(&mut model, "2jt"),
        [
            Effect::OpenExperiment(ExperimentId(13)),
            Effect::OpenExperiment(ExperimentId(12)),
            Effect::ReadTrend(id("B001"))
        ]
    );
    let shown = screen(&model);
    assert!(shown.contains("Trend of B001") && shown.contains("changed here: +20.1 %"), "{shown}");
    press(&mut model, "h");
    assert!(!model.lab.trend);
}

#[test]
fn what_is_frozen_stands_still_on_every_screen_and_nothing_is_lost() {
    let mut model = measuring(120, 40, false, 2);
    press(&mut model, "2f");
    let before = screen(&model);
    let more: Vec<_> = events(5).into_iter().skip(events(2).len()).collect();
    update(&mut model, Msg::Events(ExperimentId(14), more));
    update(&mut model, Msg::Running(None));
    assert!(model.facts.running.is_some());
    let after = screen(&model);
    assert_eq!(after.replace("FROZEN 2", "FROZEN 0"), before);
    press(&mut model, "f");
    assert!(model.facts.running.is_none(), "the last word counts");
    press(&mut model, "f");
    for _ in 0..HELD_MAX {
        update(&mut model, Msg::LabMoved);
    }
    assert!(model.frozen.is_none() && model.notice.as_ref().unwrap().is_error, "it does not grow for ever");
}
