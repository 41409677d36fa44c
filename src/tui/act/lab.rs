//! What keys do to the Lab, and what it reads.

use crate::tui::model::{Model, Screen};
use crate::tui::msg::Effect;
use crate::tui::state::LabView;

/// Reads what the screen should show, each once for each time that it may have moved.
pub(in crate::tui) fn read_shown(model: &mut Model) -> Option<Effect> {
    if model.screen != Screen::Lab {
        return None;
    }
    match model.lab_view() {
        LabView::Live => None,
        LabView::Past => read_trend(model).or_else(|| read_past(model)),
        LabView::Screens => read_screens(model),
        LabView::Noise if model.lab.asked.noise => None,
        LabView::Noise => {
            model.lab.asked.noise = true;
            Some(Effect::ReadNoise)
        }
    }
}

/// The selected past experiment, where it is not read yet.
fn read_past(model: &mut Model) -> Option<Effect> {
    if model.shown_experiment().is_some() {
        return None;
    }
    let selected = model.facts.past.get(model.lab.list.selected)?.id;
    if model.lab.asked.experiment.replace(selected) == Some(selected) {
        return None;
    }
    Some(Effect::OpenExperiment(selected))
}

fn read_trend(model: &mut Model) -> Option<Effect> {
    let wanted = model.wanted_trend()?.clone();
    if model.lab.asked.trend.replace(wanted.clone()).as_ref() == Some(&wanted) {
        return None;
    }
    Some(Effect::ReadTrend(wanted))
}

/// The list, then the selected screen.
fn read_screens(model: &mut Model) -> Option<Effect> {
    if !model.lab.asked.screens {
        model.lab.asked.screens = true;
        return Some(Effect::ReadScreens);
    }
    let selected = model.screens().get(model.lab.screens.selected)?.id;
    if model.lab.asked.screen.replace(selected) == Some(selected) {
        return None;
    }
    Some(Effect::ReadScreen(selected))
}

/// Shows what comes next: the running experiment where there is one, past ones, screens, noise.
pub(super) fn next_view(model: &mut Model) {
    let here = LabView::ALL.iter().position(|view| *view == model.lab_view()).unwrap_or(0);
    model.lab.view = LabView::ALL[(here + 1) % LabView::ALL.len()];
    if model.lab.view == LabView::Live && model.facts.running.is_none() {
        model.lab.view = LabView::Past;
    }
    model.lab.detail_offset = 0;
}

/// Closes the trend, then goes back to what runs.
pub(super) fn leave(model: &mut Model) {
    if model.lab.trend {
        model.lab.trend = false;
    } else {
        model.lab.view = LabView::Live;
    }
}

pub(super) fn next_workload(model: &mut Model) {
    let Some(count) = model.shown_experiment().map(|experiment| experiment.trials.len()) else { return };
    model.lab.workload = match model.lab.workload {
        None if count > 0 => Some(0),
        Some(shown) if shown + 1 < count => Some(shown + 1),
        None | Some(_) => None,
    };
}
