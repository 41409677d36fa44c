//! The status bar: where we are, how far we got, what runs. Facts that find no room leave from the right.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Span;

use super::paint;
use crate::lab::experiment::Run;
use crate::tui::experiment::Experiment;
use crate::tui::facts::Load;
use crate::tui::model::Model;
use crate::tui::text;

/// Steps of the progress bar of the phase.
const BAR_STEPS: usize = 8;

/// Draws the bar.
pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let theme = &model.look.theme;
    paint::highlight(frame, area, 0, theme.bar);
    let right: Vec<Span> =
        read_only(model).into_iter().chain(frozen(model)).chain(waiting(model)).chain(lab(model)).collect();
    let right_width: usize = right.iter().map(Span::width).sum();
    let mut room = usize::from(area.width).saturating_sub(right_width);
    let mut left = vec![Span::styled(" workbench", theme.accent.add_modifier(Modifier::BOLD))];
    room = room.saturating_sub(left[0].width());
    for part in [place(model), stack(model), phase(model), agents(model)].into_iter().flatten() {
        let width: usize = 3 + part.iter().map(Span::width).sum::<usize>();
        if width > room {
            break;
        }
        room -= width;
        left.push(Span::raw("   "));
        left.extend(part);
    }
    paint::line(frame, area, 0, &paint::spread(left, right, area.width));
}

/// `read-only`: why so much cannot be done.
fn read_only(model: &Model) -> Option<Span<'static>> {
    model.read_only.then(|| Span::styled(" read-only ", model.look.theme.dim))
}

/// `engine @ main 4f2c1a`.
fn place(model: &Model) -> Option<Vec<Span<'static>>> {
    let project = &model.facts.project;
    if project.target.is_empty() {
        return None;
    }
    let revision: Vec<&str> = [&project.branch, &project.head].into_iter().flatten().map(String::as_str).collect();
    let at = if revision.is_empty() { String::new() } else { format!(" @ {}", revision.join(" ")) };
    let target = text::fit(&project.target, 24, model.look.glyphs.ellipsis).into_owned();
    Some(vec![
        Span::raw(target),
        Span::styled(text::fit(&at, 30, model.look.glyphs.ellipsis).into_owned(), model.look.theme.dim),
    ])
}

/// `stack 11/33`: improvements accepted on evidence.
fn stack(model: &Model) -> Option<Vec<Span<'static>>> {
    if model.facts.register != Load::Ready {
        return None;
    }
    let (accepted, all) = (model.facts.stack.len(), model.facts.rows.len());
    Some(vec![Span::styled("stack ", model.look.theme.dim), Span::raw(format!("{accepted}/{all}"))])
}

/// `Phase 1 ▓▓▓░░░░░ 36 %`: complete improvements of the first phase that is not.
fn phase(model: &Model) -> Option<Vec<Span<'static>>> {
    let (number, share) = model.facts.current_phase()?;
    let filled = ((share * BAR_STEPS as f64).floor() as usize).min(BAR_STEPS);
    let [full, hollow] = model.look.glyphs.bar;
    Some(vec![
        Span::styled(format!("Phase {number} "), model.look.theme.dim),
        Span::styled(full.repeat(filled), model.look.theme.good),
        Span::styled(hollow.repeat(BAR_STEPS - filled), model.look.theme.faint),
        Span::raw(format!(" {:.0} %", share * 100.0)),
    ])
}

/// `● 3 at work`: agents at work.
fn agents(model: &Model) -> Option<Vec<Span<'static>>> {
    let active = model.facts.agents.iter().filter(|agent| agent.active).count();
    (active > 0).then(|| {
        let running = model.look.glyphs.running;
        vec![Span::styled(format!("{running} "), model.look.theme.good), Span::raw(format!("{active} at work"))]
    })
}

/// `FROZEN 12, f follows`: what is seen is not what is, and so much came since.
fn frozen(model: &Model) -> Option<Span<'static>> {
    let waits = model.frozen.as_ref()?.len();
    let style = model.look.theme.accent.add_modifier(Modifier::BOLD);
    Some(Span::styled(format!("  FROZEN {waits}, f follows "), style))
}

/// `! 2 need you`: what waits for a person; it never leaves the bar.
fn waiting(model: &Model) -> Option<Span<'static>> {
    let count = model.facts.waiting.len();
    let words = if count == 1 { "needs" } else { "need" };
    (count > 0).then(|| Span::styled(format!("  ! {count} {words} you "), model.look.theme.warn))
}

/// `LAB: T003 pair 6/30`.
fn lab(model: &Model) -> Vec<Span<'static>> {
    let theme = &model.look.theme;
    let text = match (&model.facts.running, &model.starting) {
        (Some(running), _) => format!("{} {}", running.plan.question.subject(), doing(running)),
        (None, Some(starting)) => format!("{} starting", starting.improvement),
        (None, None) => return Vec::new(),
    };
    let label = Span::styled(format!("{} LAB ", model.look.glyphs.running), theme.warn.add_modifier(Modifier::BOLD));
    vec![Span::raw("  "), label, Span::raw(text), Span::raw(" ")]
}

fn doing(experiment: &Experiment) -> String {
    use crate::lab::journal::Stage;
    let main = experiment.trials.get(experiment.main());
    let count = |run| main.map_or(0, |trial| trial.count(run));
    match experiment.stage().map(|stage| stage.stage) {
        Some(Stage::Measure) => format!("pair {}/{}", count(Run::Decision), experiment.plan.policy.pair_limit),
        Some(Stage::Confirm) => {
            format!("confirming {}/{}", count(Run::Confirmation), experiment.plan.policy.confirmation_pairs)
        }
        Some(Stage::Lease) => "waiting for the machine".to_owned(),
        Some(Stage::Build) => "building".to_owned(),
        Some(Stage::Test) => "testing".to_owned(),
        Some(Stage::Calibrate) => "calibrating".to_owned(),
        Some(Stage::Profile) => "profiling".to_owned(),
        Some(Stage::Conclude) => "concluding".to_owned(),
        None => "opening".to_owned(),
    }
}
