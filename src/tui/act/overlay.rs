//! What lies over the screen, and the text fields: taking, dropping, choosing.

use super::{answer, go, perform};
use crate::improvements::ImprovementId;
use crate::tui::commands::{self, Command};
use crate::tui::inbox::Place;
use crate::tui::input::Input;
use crate::tui::model::{About, Model, Overlay, PaletteState, Prompt, Screen};
use crate::tui::msg::Effect;
use crate::tui::state::LabView;

pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Dialog(mut dialog)) => {
            let selected = dialog.selected.min(dialog.choices.len().saturating_sub(1));
            if dialog.choices.is_empty() {
                Vec::new()
            } else {
                answer(model, dialog.choices.swap_remove(selected).then)
            }
        }
        Some(Overlay::Palette(palette)) => run_command(model, &palette),
        Some(Overlay::Help(_)) => Vec::new(),
        Some(Overlay::Prompt(prompt)) => answered(model, prompt),
        Some(Overlay::Inbox(selected)) => {
            let place = model.facts.waiting.get(selected).map(|waiting| waiting.place.clone());
            place.into_iter().for_each(|place| visit(model, place));
            Vec::new()
        }
        None => {
            stop_typing(model);
            Vec::new()
        }
    }
}

/// Does what was asked about, with what was typed.
fn answered(model: &mut Model, prompt: Prompt) -> Vec<Effect> {
    let said = prompt.input.text().trim().to_owned();
    match prompt.about {
        About::Status(improvement, status) => super::status::set(model, improvement, status, &said),
        About::Note(improvement) => super::status::note(model, &improvement, said),
        About::SendBack(improvement) => super::review::send_back(model, &improvement, &said),
        About::Line => {
            super::review::comment(model, said);
            Vec::new()
        }
        About::Recall(improvement) => super::assign::recall(model, &improvement, &said),
    }
}

fn run_command(model: &mut Model, palette: &PaletteState) -> Vec<Effect> {
    let typed = palette.input.text();
    let Some(entry) = commands::entries(model, &typed).into_iter().nth(palette.selected) else {
        model.complain(format!("no command {typed}"));
        return Vec::new();
    };
    if let Some(reason) = entry.refused {
        model.complain(format!("{}: {reason}", entry.name));
        return Vec::new();
    }
    match entry.command {
        Command::Action(id) => perform(model, id),
        Command::Improvement(id) => {
            show_improvement(model, &id);
            Vec::new()
        }
    }
}

/// Copies what to run about the chosen entry of the inbox, which stays open.
pub(super) fn copy_command(model: &Model) -> Vec<Effect> {
    let Some(Overlay::Inbox(selected)) = &model.overlay else { return Vec::new() };
    let waiting = model.facts.waiting.get(*selected);
    waiting.map(|waiting| Effect::Copy(waiting.command.clone())).into_iter().collect()
}

/// Goes to where something is looked at.
fn visit(model: &mut Model, place: Place) {
    match place {
        Place::Improvement(id) => show_improvement(model, &id),
        Place::Experiment(id) => {
            go(model, Screen::Lab);
            model.lab.view = LabView::Past;
            let found = model.facts.past.iter().position(|past| past.id == id);
            model.lab.list.selected = found.unwrap_or(model.lab.list.selected);
        }
        Place::Agent(number) => {
            go(model, Screen::Agents);
            let found = model.facts.agents.iter().position(|agent| agent.number == number);
            model.agents.list.selected = found.unwrap_or(model.agents.list.selected);
        }
        Place::Submission(id) => {
            go(model, Screen::Review);
            let place = |place: &usize| model.facts.work.get(*place).map(|work| work.life.assignment.id);
            let found = model.review.order.iter().position(|of| place(of) == Some(id));
            model.review.list.selected = found.unwrap_or(model.review.list.selected);
        }
        Place::Nowhere => {}
    }
}

/// Goes to an improvement in the Register; a filter that hides it is dropped.
fn show_improvement(model: &mut Model, id: &ImprovementId) {
    go(model, Screen::Register);
    if !model.register.select(id, &model.facts.rows) {
        model.register.set_filter(String::new(), &model.facts.rows);
        model.register.select(id, &model.facts.rows);
    }
}

pub(super) fn dismiss(model: &mut Model) {
    if model.overlay.take().is_some() || model.editing().is_none() {
        return;
    }
    stop_typing(model);
    match model.screen {
        Screen::Register => model.register.set_filter(String::new(), &model.facts.rows),
        Screen::Profile => super::profile::search(model, String::new()),
        Screen::Agents => super::output::search(model, String::new()),
        Screen::Lab | Screen::Review | Screen::Plan | Screen::Log => {}
    }
}

/// Closes the text field and keeps what it says.
fn stop_typing(model: &mut Model) {
    model.register.editing = None;
    model.profile.editing = None;
    if let Some(output) = &mut model.agents.output {
        output.editing = None;
    }
}

pub(super) fn choose(model: &mut Model, steps: isize) {
    let found = match &model.overlay {
        Some(Overlay::Palette(palette)) => commands::entries(model, &palette.input.text()).len(),
        Some(Overlay::Inbox(_)) => model.facts.waiting.len(),
        Some(Overlay::Help(_) | Overlay::Dialog(_) | Overlay::Prompt(_)) | None => 0,
    };
    match &mut model.overlay {
        Some(Overlay::Help(help)) => help.offset = help.offset.saturating_add_signed(steps).min(1_000),
        Some(Overlay::Palette(palette)) => {
            palette.selected = palette.selected.saturating_add_signed(steps).min(found.saturating_sub(1));
        }
        Some(Overlay::Inbox(selected)) => {
            *selected = selected.saturating_add_signed(steps).min(found.saturating_sub(1));
        }
        Some(Overlay::Dialog(dialog)) => {
            let count = dialog.choices.len().max(1) as isize;
            dialog.selected = (dialog.selected as isize + steps).rem_euclid(count) as usize;
        }
        Some(Overlay::Prompt(_)) | None => {}
    }
}

pub(super) fn complete(model: &mut Model) {
    let Some(Overlay::Palette(palette)) = &model.overlay else { return };
    let entry = commands::entries(model, &palette.input.text()).into_iter().nth(palette.selected);
    if let (Some(entry), Some(Overlay::Palette(palette))) = (entry, &mut model.overlay) {
        palette.input = Input::new(&entry.name);
        palette.selected = 0;
    }
}
