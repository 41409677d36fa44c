//! The panels of one experiment: header, throughput, pairs, stages, workloads, machine.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::grid::{Column, Grid};
use super::{forest, paint, spark};
use crate::lab::experiment::{Role, Run};
use crate::lab::journal::Stage;
use crate::tui::experiment::{Experiment, STAGES, StageRun};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::standing::{self, Outlook};
use crate::tui::text;

/// Rows of the header.
const HEADER_ROWS: u16 = 3;
/// Columns of the label before a sparkline.
const ARM_WIDTH: u16 = 20;

const WORKLOAD_COLUMNS: [Column; 6] = [
    Column { title: "Role", min: 7, max: 7, right: false, rank: 4 },
    Column { title: "Workload", min: 12, max: 30, right: false, rank: 0 },
    Column { title: "Pairs", min: 5, max: 5, right: true, rank: 5 },
    Column { title: "Gain", min: 7, max: 8, right: true, rank: 1 },
    Column { title: "Interval", min: 15, max: 17, right: false, rank: 3 },
    Column { title: "Standing", min: 11, max: 18, right: false, rank: 2 },
];

/// Draws one experiment into the area.
pub(super) fn experiment(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let (header, rest) = cut_top(area, HEADER_ROWS);
    draw_header(model, frame, header, experiment);
    if area.width >= layout::BESIDE_MIN {
        let right_width = (area.width * 2 / 5).min(56);
        let left = Rect { width: rest.width - right_width, ..rest };
        let right = Rect { x: rest.x + left.width, width: right_width, ..rest };
        let (rates, pairs) = cut_top(left, if left.height > 24 { 8 } else { 6 });
        throughput(model, frame, rates, experiment);
        draw_pairs(model, frame, pairs, experiment);
        let (top, below) = cut_top(right, 10);
        stages(model, frame, top, experiment);
        let (middle, bottom) = cut_top(below, rows(experiment.trials.len() * 2 + 2));
        workloads(model, frame, middle, experiment);
        machine(model, frame, bottom, experiment);
    } else {
        let (rates, rest) = cut_top(rest, 4);
        throughput(model, frame, rates, experiment);
        let table = rows(experiment.trials.len() + 3).min(rest.height.saturating_sub(5));
        let table = if table < 4 { 0 } else { table };
        let (pairs, below) = cut_top(rest, rest.height - table);
        draw_pairs(model, frame, pairs, experiment);
        workloads(model, frame, below, experiment);
    }
}

/// The question; the stage or the answer; time.
fn draw_header(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let plan = &experiment.plan;
    let title = model.facts.rows.iter().find(|row| row.entry.id == plan.improvement).map(|row| row.entry.title.clone());
    let name = vec![
        Span::styled(format!(" {} ", plan.improvement), look.theme.title),
        Span::styled(title.unwrap_or_default(), look.theme.title),
    ];
    paint::line(frame, area, 0, &paint::spread(name, times(model, experiment), area.width));
    let main = plan.workloads.get(experiment.main());
    let question = main.map_or_else(String::new, |main| {
        let stack =
            if plan.stack.is_empty() { "alone".to_owned() } else { format!("on a stack of {}", plan.stack.len()) };
        format!(" Does {} {stack} gain {} of {} on {}?", plan.feature, main.required_gain, main.metric, main.label)
    });
    paint::line(
        frame,
        area,
        1,
        &Line::styled(text::fit(&question, area.width.into(), look.glyphs.ellipsis).into_owned(), look.theme.dim),
    );
    let (words, style) = state(model, experiment);
    paint::line(
        frame,
        area,
        2,
        &Line::styled(text::fit(&words, area.width.into(), look.glyphs.ellipsis).into_owned(), style),
    );
}

/// Elapsed time, and the most that is left.
fn times(model: &Model, experiment: &Experiment) -> Vec<Span<'static>> {
    let theme = &model.look.theme;
    let until = experiment.ended.unwrap_or(model.now);
    let elapsed = text::span(until.duration_since(experiment.started).as_secs_f64());
    let mut spans = vec![Span::raw("  ")];
    match (experiment.has_ended(), experiment.left_at_most()) {
        (true, _) => spans.push(Span::styled(format!("took {elapsed} "), theme.dim)),
        (false, None) => spans.push(Span::styled(format!("{elapsed} "), theme.text)),
        (false, Some(left)) => {
            spans.push(Span::styled(elapsed, theme.text));
            spans.push(Span::styled(format!("  at most {} left ", text::span(left.as_secs_f64())), theme.dim));
        }
    }
    spans
}

/// The verdict, or what is being done.
fn state(model: &Model, experiment: &Experiment) -> (String, Style) {
    let look = &model.look;
    if let Some(ruling) = &experiment.ruling {
        let (glyph, style) = look.verdict(ruling.verdict);
        return (format!(" {glyph} {}: {}", ruling.verdict, ruling.reason), style);
    }
    if let Some(reason) = &experiment.stopped {
        return (format!(" stopped before a verdict: {reason}"), look.theme.warn);
    }
    match experiment.stage() {
        Some(stage) => {
            let words = format!(" {} {}: {}", look.glyphs.running, stage_name(stage.stage), stage.note);
            (words, look.theme.warn)
        }
        None => (format!(" {} opening", look.glyphs.running), look.theme.warn),
    }
}

/// Both arms of the shown workload on one scale.
fn throughput(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let shown = model.shown_workload(experiment);
    let label = experiment.plan.workloads.get(shown).map_or("", |workload| workload.label.as_str());
    let inner = paint::pane(frame, area, look, "Throughput", &format!("{label}, operations per second"));
    let Some(trial) = experiment.trials.get(shown) else { return };
    let top = trial.rates.iter().map(super::super::series::Series::max).fold(0.0, f64::max);
    let each = (inner.height / 2).max(1);
    let room = inner.width.saturating_sub(ARM_WIDTH);
    let arms = [("A off", look.theme.arm_a), ("B on", look.theme.arm_b)];
    for (place, ((name, style), series)) in (0_u16..).zip(arms.into_iter().zip(&trial.rates)) {
        let values = series.resampled(room.into());
        let rate = series.last().map_or(look.glyphs.none.to_owned(), text::quantity);
        let mean = series.mean().map(|mean| format!("mean {}", text::quantity(mean))).unwrap_or_default();
        for (row, bars) in (0_u16..).zip(spark::rows(look, &values, top, each)) {
            let label = match (row, each) {
                (0, 1) => format!(" {name:<6}{rate:>8}     "),
                (0, _) => format!(" {name:<6}{rate:>8}     "),
                (1, _) => format!(" {mean:<18} "),
                _ => " ".repeat(ARM_WIDTH.into()),
            };
            let label_style = if row == 0 { style.add_modifier(Modifier::BOLD) } else { look.theme.dim };
            let line = Line::from(vec![Span::styled(label, label_style), Span::styled(bars, style)]);
            paint::line(frame, inner, place * each + row, &line);
        }
    }
}

/// The plot of pairs of the shown workload.
fn draw_pairs(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let shown = model.shown_workload(experiment);
    let (Some(plan), Some(trial)) = (experiment.plan.workloads.get(shown), experiment.trials.get(shown)) else {
        paint::pane(frame, area, look, "Pairs", "");
        return;
    };
    let policy = &experiment.plan.policy;
    let margins = standing::margins(plan, policy);
    let reading = trial.standing.as_ref().map(|standing| standing::outlook(plan, policy, standing));
    let tone = reading.map_or(look.theme.warn, |(outlook, _)| tone(model, outlook));
    let summary = trial.standing.as_ref().map_or_else(
        || plan.label.clone(),
        |standing| format!("{}: {} {}", plan.label, standing.estimate.gain(), text::bounds(standing.bounds)),
    );
    let inner = paint::pane(frame, area, look, "Pairs", &summary);
    if trial.pairs.is_empty() {
        let need = match plan.role {
            Role::Main => format!("No pair yet. Two fresh processes a pair, at most {} pairs.", policy.pair_limit),
            Role::Guard => "No pair yet: a guard, it must not lose.".to_owned(),
            Role::Control => "No pair yet: the control, it must not move.".to_owned(),
        };
        return paint::empty(frame, inner, look, &[need]);
    }
    forest::draw(frame, inner, look, trial, &margins, tone);
}

/// One line a stage, with its time.
fn stages(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let inner = paint::pane(frame, area, look, "Stages", "");
    for (row, stage) in (0_u16..).zip(STAGES) {
        let runs: Vec<&StageRun> = experiment.stages.iter().filter(|run| run.stage == stage).collect();
        let Some(last) = runs.last() else {
            let line = format!(" {} {}", look.glyphs.pending, stage_name(stage));
            paint::line(frame, inner, row, &Line::styled(line, look.theme.faint));
            continue;
        };
        let seconds: f64 =
            runs.iter().map(|run| run.ended.unwrap_or(model.now).duration_since(run.started).as_secs_f64()).sum();
        let is_open = last.ended.is_none();
        let (glyph, style) =
            if is_open { (look.glyphs.running, look.theme.warn) } else { (look.glyphs.done, look.theme.good) };
        let time = Span::styled(format!(" {} ", text::span(seconds)), look.theme.dim);
        let room = usize::from(inner.width).saturating_sub(time.width() + 14);
        let left = vec![
            Span::styled(format!(" {glyph} "), style),
            Span::styled(
                format!("{:<10}", stage_name(stage)),
                if is_open { look.theme.title } else { look.theme.text },
            ),
            Span::styled(text::fit(&last.note, room, look.glyphs.ellipsis).into_owned(), look.theme.dim),
        ];
        paint::line(frame, inner, row, &paint::spread(left, vec![time], inner.width));
    }
}

/// Every workload with its standing; two lines each where they have the room.
fn workloads(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let inner = paint::pane(frame, area, look, "Workloads", "");
    let shown = model.shown_workload(experiment);
    let trials: Vec<_> = experiment.plan.workloads.iter().zip(&experiment.trials).enumerate().collect();
    let by_two = usize::from(inner.height) >= trials.len() * 2;
    let grid = Grid::fit(&WORKLOAD_COLUMNS, inner.width.saturating_sub(2));
    if !by_two {
        let mut head = grid.header(look, None);
        head.spans.insert(0, Span::raw("  "));
        paint::line(frame, inner, 0, &head);
    }
    for (at, (plan, trial)) in trials {
        let policy = &experiment.plan.policy;
        let reading = trial.standing.as_ref().map(|standing| standing::outlook(plan, policy, standing));
        let (word, style) =
            reading.map_or(("no pair yet", look.theme.faint), |(outlook, word)| (word, tone(model, outlook)));
        let none = || look.glyphs.none.to_owned();
        let gain = trial.standing.map_or_else(none, |standing| standing.estimate.gain().to_string());
        let interval = trial.standing.map_or_else(none, |standing| text::bounds(standing.bounds));
        let cursor = Span::styled(
            if at == shown { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() },
            look.theme.accent,
        );
        let pairs = trial.count(Run::Decision);
        if by_two {
            let first = paint::spread(
                vec![
                    cursor,
                    Span::styled(format!("{:<8}", role(plan.role)), look.theme.dim),
                    Span::raw(plan.label.clone()),
                ],
                vec![Span::styled(format!(" {word} "), style)],
                inner.width,
            );
            let figure = format!("          {gain} {interval}");
            let second = paint::spread(
                vec![Span::styled(figure, if trial.standing.is_some() { look.theme.text } else { look.theme.faint })],
                vec![Span::styled(format!("{pairs} pairs "), look.theme.dim)],
                inner.width,
            );
            paint::line(frame, inner, rows(at * 2), &first);
            paint::line(frame, inner, rows(at * 2 + 1), &second);
        } else {
            let cells = [
                (role(plan.role).to_owned(), look.theme.dim),
                (plan.label.clone(), look.theme.text),
                (pairs.to_string(), look.theme.dim),
                (gain, look.theme.text),
                (interval, look.theme.dim),
                (word.to_owned(), style),
            ];
            let mut line = grid.row(look, |column| cells[column.min(5)].clone());
            line.spans.insert(0, cursor);
            paint::line(frame, inner, rows(at + 1), &line);
        }
    }
}

/// What the machine does, and what it can tell.
fn machine(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let inner = paint::pane(frame, area, look, "Machine", "");
    let facts = &model.facts.machine;
    let unknown = "not told here";
    let percent = |value: Option<f64>| value.map_or(unknown.to_owned(), |value| format!("{value:.1} %"));
    let mut lines = Vec::new();
    let mut field = |name: &str, value: String| {
        lines.push(Line::from(vec![
            Span::styled(format!(" {name:<10}"), look.theme.dim),
            Span::styled(value, look.theme.text),
        ]));
    };
    if let Some(main) = experiment.plan.workloads.get(experiment.main()) {
        field("can tell", format!("{} or more, noise {:.1} % a pair", main.minimum_detectable, main.noise.0 * 100.0));
    }
    let lease =
        facts.lease.as_ref().map_or("free".to_owned(), |lease| format!("{} (process {})", lease.purpose, lease.pid));
    field("lease", lease);
    let cores = if facts.cores == 1 { "1 core".to_owned() } else { format!("{} cores", facts.cores) };
    field("load", facts.load.map_or(unknown.to_owned(), |load| format!("{load:.2} on {cores}")));
    field("pressure", format!("CPU {}, I/O {}", percent(facts.cpu_pressure), percent(facts.io_pressure)));
    if let Some(around) = experiment.machine {
        let last = format!("others {:.1} %, stolen {:.1} %", around.foreign_cpu * 100.0, around.steal * 100.0);
        field("last pair", last);
    }
    let dropped = experiment.trials.iter().flat_map(|trial| &trial.pairs).filter(|pair| !pair.counts).count();
    if dropped > 0 {
        field("dropped", format!("{dropped} pairs, by the rule fixed beforehand"));
    }
    field("seed", experiment.plan.seed.to_string());
    paint::lines(frame, inner, &lines, 0);
}

fn tone(model: &Model, outlook: Outlook) -> Style {
    match outlook {
        Outlook::Undecided => model.look.theme.warn,
        Outlook::Good => model.look.theme.good,
        Outlook::Bad => model.look.theme.bad,
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Main => "main",
        Role::Guard => "guard",
        Role::Control => "control",
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Lease => "lease",
        Stage::Build => "build",
        Stage::Test => "test",
        Stage::Calibrate => "calibrate",
        Stage::Measure => "measure",
        Stage::Confirm => "confirm",
        Stage::Profile => "profile",
        Stage::Conclude => "conclude",
    }
}

/// Divides an area into its first rows and the rest.
fn cut_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
