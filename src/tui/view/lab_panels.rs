//! The panels of one experiment: header, throughput, pairs, stages, workloads, machine.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::grid::{Column, Grid};
use super::{forest, paint, spark};
use crate::lab::experiment::{Question, Role, Side};
use crate::tui::experiment::{Experiment, STAGES, StageRun};
use crate::tui::layout::{self, cut_top};
use crate::tui::model::Model;
use crate::tui::series::Series;
use crate::tui::standing::{self, Tone};
use crate::tui::text;

/// Height below which the header leaves the question out.
const QUESTION_HEIGHT_MIN: u16 = 24;
/// Rows of a verdict's reason.
const ANSWER_ROWS_MAX: usize = 3;
/// Rows of the rates, and the fewest of the pairs, where there is little room.
const RATES_HEIGHT: u16 = 4;
const PAIRS_HEIGHT_MIN: u16 = 5;
/// Columns of the label before a sparkline.
const ARM_WIDTH: u16 = 17;

const WORKLOAD_COLUMNS: [Column; 6] = [
    Column { title: "Role", min: 7, max: 7, right: false, rank: 4 },
    Column { title: "Workload", min: 12, max: 30, right: false, rank: 0 },
    Column { title: "Pairs", min: 5, max: 5, right: true, rank: 5 },
    Column { title: "Change", min: 7, max: 9, right: true, rank: 1 },
    Column { title: "Interval", min: 15, max: 17, right: false, rank: 3 },
    Column { title: "Standing", min: 16, max: 18, right: false, rank: 2 },
];

/// Draws one experiment into the area.
pub(super) fn experiment(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let header = header(model, experiment, area);
    let (top, rest) = cut_top(area, rows(header.len()));
    paint::lines(frame, top, &header, 0);
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
        return;
    }
    let table = rows(experiment.trials.len() + 3);
    // What is known of every workload comes first, then the pairs, then the picture of the rates.
    let rates_height = if rest.height >= table + RATES_HEIGHT + PAIRS_HEIGHT_MIN { RATES_HEIGHT } else { 0 };
    let (rates, rest) = cut_top(rest, rates_height);
    throughput(model, frame, rates, experiment);
    let pairs_height = rest.height.saturating_sub(table);
    let pairs_height = match pairs_height {
        PAIRS_HEIGHT_MIN.. => pairs_height,
        // Without its headings the table still tells everything.
        0..PAIRS_HEIGHT_MIN if pairs_height + 1 == PAIRS_HEIGHT_MIN => PAIRS_HEIGHT_MIN,
        0..PAIRS_HEIGHT_MIN => 0,
    };
    let (pairs, below) = cut_top(rest, pairs_height);
    draw_pairs(model, frame, pairs, experiment);
    workloads(model, frame, below, experiment);
}

/// The name and the time; the question, where there is room; what is done, or the answer.
fn header(model: &Model, experiment: &Experiment, area: Rect) -> Vec<Line<'static>> {
    let look = &model.look;
    let width = usize::from(area.width);
    let fitted = |words: &str, room: usize| text::fit(words, room, look.glyphs.ellipsis).into_owned();
    let id = experiment.plan.question.subject();
    let title = model.facts.rows.iter().find(|row| row.entry.id.0 == id).map_or("", |row| row.entry.title.as_str());
    let times = times(model, experiment);
    let room = width.saturating_sub(times.iter().map(Span::width).sum());
    let name = vec![Span::styled(fitted(&format!(" {id} {title}"), room), look.theme.title)];
    let mut lines = vec![paint::spread(name, times, area.width)];
    if area.height >= QUESTION_HEIGHT_MIN {
        lines.push(Line::styled(fitted(&question(experiment), width), look.theme.dim));
    }
    let (words, style) = state(model, experiment);
    if experiment.has_ended() {
        let answer = text::wrap(&words, width.saturating_sub(2)).into_iter().take(ANSWER_ROWS_MAX);
        lines.extend(answer.map(|part| Line::styled(format!(" {part}"), style)));
    } else {
        lines.push(Line::styled(fitted(&words, width), style));
    }
    lines
}

fn question(experiment: &Experiment) -> String {
    let plan = &experiment.plan;
    let Some(main) = plan.workloads.get(experiment.main()) else { return String::new() };
    let (feature, others) = (plan.features_only_in(Side::B).join(", "), plan.arm(Side::A).features.len());
    let required = main.required_gain.change(main.better);
    let measured = format!("{} on {}", main.metric, main.label);
    match &plan.question {
        Question::AddOneIn(_) | Question::HandedIn(_) => {
            let base = if others == 0 { "alone".to_owned() } else { format!("on a stack of {others}") };
            format!(" Does {feature} {base} bring {required} of {measured}?")
        }
        Question::LeaveOneOut(_) => format!(" Do the other {others} without {feature} lose {required} of {measured}?"),
        Question::Itself => format!(" How much do pairs of one arm differ in {measured}?"),
        Question::Compare => format!(" Is B better or worse than A in {measured}?"),
    }
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
            spans.push(Span::styled(format!(", at most about {} left ", text::span(left.as_secs_f64())), theme.dim));
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
    if experiment.profiles_taken {
        return (" profiles were taken, and no verdict was asked for".to_owned(), look.theme.dim);
    }
    if let Some(reason) = &experiment.stopped {
        return (format!(" no verdict: {reason}"), look.theme.warn);
    }
    match experiment.stage() {
        Some(stage) => {
            let words = format!(" {} {}: {}", look.glyphs.running, stage.stage, stage.note);
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
    let top = trial.rates.iter().map(Series::max).fold(0.0, f64::max);
    let room = inner.width.saturating_sub(ARM_WIDTH);
    let names = match experiment.plan.question {
        Question::AddOneIn(_) | Question::LeaveOneOut(_) | Question::HandedIn(_) => ["A off", "B on"],
        Question::Itself | Question::Compare => ["A", "B"],
    };
    let arms = [(names[0], look.theme.arm_a), (names[1], look.theme.arm_b)];
    let each = (inner.height / 2).max(1);
    for (place, ((name, style), series)) in (0_u16..).zip(arms.into_iter().zip(&trial.rates)) {
        let rate = series.last().map_or(look.glyphs.none.to_owned(), text::quantity);
        let rate = Line::styled(format!(" {name:<6}{rate:>8}"), style.add_modifier(Modifier::BOLD));
        paint::line(frame, inner, place * each, &rate);
        if let (true, Some(mean)) = (each > 1, series.mean()) {
            let mean = Line::styled(format!(" {:<6}{:>8}", "mean", text::quantity(mean)), look.theme.dim);
            paint::line(frame, inner, place * each + 1, &mean);
        }
        let bars = spark::rows(look, &series.resampled(room.into()), top, each);
        let bars: Vec<Line> = bars.into_iter().map(|row| Line::styled(row, style)).collect();
        let x = inner.x + ARM_WIDTH.min(inner.width);
        let area = Rect { x, y: inner.y + place * each, width: room, height: each };
        paint::lines(frame, area.intersection(inner), &bars, 0);
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
    let reading = trial.standing.as_ref().map(|known| standing::reading(&experiment.plan, shown, known));
    let tone = reading.map_or(look.theme.warn, |(reading, _)| tone(model, reading));
    let summary = trial.standing.as_ref().map_or_else(
        || plan.label.clone(),
        |standing| {
            let effect = standing.effect(plan.better);
            let metric = plan.better.beside(&plan.metric);
            format!("{}: {} {} of {metric}", plan.label, effect.estimate, text::bounds(&effect))
        },
    );
    let inner = paint::pane(frame, area, look, "Pairs", &summary);
    if trial.pairs.is_empty() && experiment.has_ended() {
        return paint::empty(frame, inner, look, &["No pair was measured.".to_owned()]);
    }
    if trial.pairs.is_empty() {
        let need = match plan.role {
            Role::Main => format!("No pair yet. Two fresh processes a pair, at most {} pairs.", policy.pair_limit),
            Role::Guard => "No pair yet: a guard, it must not lose.".to_owned(),
            Role::Control => "No pair yet: the control, it must not move.".to_owned(),
            Role::Compared => format!("No pair yet. Either arm may win, in at most {} pairs.", policy.pair_limit),
        };
        return paint::empty(frame, inner, look, &[need]);
    }
    forest::draw(frame, inner, look, trial, plan.better, &margins, tone);
}

/// One line a stage, with its time.
fn stages(model: &Model, frame: &mut Frame, area: Rect, experiment: &Experiment) {
    let look = &model.look;
    let inner = paint::pane(frame, area, look, "Stages", "");
    for (row, stage) in (0_u16..).zip(STAGES) {
        let runs: Vec<&StageRun> = experiment.stages.iter().filter(|run| run.stage == stage).collect();
        let Some(last) = runs.last() else {
            let line = format!(" {} {}", look.glyphs.pending, stage);
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
            Span::styled(format!("{stage:<10}"), if is_open { look.theme.title } else { look.theme.text }),
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
    // Every workload is worth more than the headings.
    let heading_rows = usize::from(!by_two && usize::from(inner.height) > trials.len());
    if heading_rows > 0 {
        let mut head = grid.header(look, None);
        head.spans.insert(0, Span::raw("  "));
        paint::line(frame, inner, 0, &head);
    }
    for (at, (plan, trial)) in trials {
        let reading = trial.standing.as_ref().map(|known| standing::reading(&experiment.plan, at, known));
        let none_yet = if experiment.has_ended() { "no pair" } else { "no pair yet" };
        let (word, style) =
            reading.map_or((none_yet, look.theme.faint), |(reading, word)| (word, tone(model, reading)));
        let none = || look.glyphs.none.to_owned();
        let effect = trial.standing.map(|standing| standing.effect(plan.better));
        let change = effect.map_or_else(none, |effect| effect.estimate.to_string());
        let interval = effect.map_or_else(none, |effect| text::bounds(&effect));
        let cursor = Span::styled(
            if at == shown { format!("{} ", look.glyphs.cursor) } else { "  ".to_owned() },
            look.theme.accent,
        );
        let pairs = trial.count(experiment.plan.deciding_run());
        if by_two {
            let count = Span::styled(format!(" {} ", counted(pairs, "pair")), look.theme.dim);
            let room = usize::from(inner.width).saturating_sub(10 + count.width());
            let label = text::fit(&plan.label, room, look.glyphs.ellipsis).into_owned();
            let first = paint::spread(
                vec![cursor, Span::styled(format!("{:<8}", plan.role), look.theme.dim), Span::raw(label)],
                vec![count],
                inner.width,
            );
            let figure = if trial.standing.is_some() { format!("    {change} {interval}") } else { String::new() };
            let second =
                paint::spread(vec![Span::raw(figure)], vec![Span::styled(format!(" {word} "), style)], inner.width);
            paint::line(frame, inner, rows(at * 2), &first);
            paint::line(frame, inner, rows(at * 2 + 1), &second);
        } else {
            let cells = [
                (plan.role.to_string(), look.theme.dim),
                (plan.label.clone(), look.theme.text),
                (pairs.to_string(), look.theme.dim),
                (change, look.theme.text),
                (interval, look.theme.dim),
                (word.to_owned(), style),
            ];
            let mut line = grid.row(look, |column| cells[column.min(5)].clone());
            line.spans.insert(0, cursor);
            paint::line(frame, inner, rows(at + heading_rows), &line);
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
    let room = usize::from(inner.width).saturating_sub(12);
    let mut field = |name: &str, value: String| {
        lines.push(Line::from(vec![
            Span::styled(format!(" {name:<10}"), look.theme.dim),
            Span::styled(text::fit(&value, room, look.glyphs.ellipsis).into_owned(), look.theme.text),
        ]));
    };
    if let Some(main) = experiment.plan.workloads.get(experiment.main()) {
        field("can tell", format!("{} or better", main.minimum_detectable.change(main.better)));
        field("noise", format!("{:.1} % between pairs", main.noise.gain().0 * 100.0));
    }
    let lease = facts.lease.as_ref().map_or("free".to_owned(), |lease| lease.purpose.clone());
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
        field("dropped", format!("{}, by the fixed rule", counted(rows(dropped).into(), "pair")));
    }
    field("seed", experiment.plan.seed.to_string());
    paint::lines(frame, inner, &lines, 0);
}

fn tone(model: &Model, tone: Tone) -> Style {
    match tone {
        Tone::Undecided => model.look.theme.warn,
        Tone::Good => model.look.theme.good,
        Tone::Bad => model.look.theme.bad,
    }
}

/// `1 pair`, `6 pairs`.
fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
