//! What each action of the table does to the model.

use super::actions::{self, Action, ActionId};
use super::commands::{self, Command};
use super::facts::Ending;
use super::input::Input;
use super::keys::Key;
use super::layout;
use super::model::{Choice, Dialog, HelpState, Model, Overlay, PaletteState, Screen, Then, Zoom};
use super::msg::Effect;
use super::theme::Look;
use super::yank;
use crate::improvements::ImprovementId;
use crate::lab::experiment::Question;

/// Does an action, or says why not.
pub(super) fn run(model: &mut Model, action: &Action) -> Vec<Effect> {
    if let Err(reason) = actions::enabled(model, action) {
        model.complain(format!("{}: {reason}", action.keys.first().map(|key| key.shown(true)).unwrap_or_default()));
        return Vec::new();
    }
    perform(model, action.id)
}

fn perform(model: &mut Model, id: ActionId) -> Vec<Effect> {
    match id {
        ActionId::Back => return back(model),
        ActionId::Quit => return quit(model),
        ActionId::Leave => leave(model),
        ActionId::Suspend => return vec![Effect::Suspend],
        ActionId::Redraw => return vec![Effect::Redraw],
        ActionId::Help => model.overlay = Some(Overlay::Help(HelpState::default())),
        ActionId::Palette => model.overlay = Some(Overlay::Palette(PaletteState::default())),
        ActionId::NextScreen => go(model, model.screen.stepped(1)),
        ActionId::PreviousScreen => go(model, model.screen.stepped(-1)),
        ActionId::Go(screen) => go(model, screen),
        ActionId::Theme if model.plain => model.complain("NO_COLOR is set: there is one theme"),
        ActionId::Theme => {
            model.look = Look::new(model.look.theme.name.next(), model.look.glyphs.ascii);
            model.say(format!("theme {}", model.look.theme.name.name()));
        }
        ActionId::Mouse => {
            model.mouse = !model.mouse;
            model.say(if model.mouse { "mouse on" } else { "mouse off: the terminal selects text" });
            return vec![Effect::CaptureMouse(model.mouse)];
        }
        ActionId::Zoom => model.zoom = model.zoom.next(),
        ActionId::Down => step(model, 1),
        ActionId::Up => step(model, -1),
        ActionId::PageDown => step(model, half_page(model)),
        ActionId::PageUp => step(model, -half_page(model)),
        ActionId::First => step(model, isize::MIN),
        ActionId::Last => step(model, isize::MAX),
        ActionId::DetailDown => scroll_detail(model, 1),
        ActionId::DetailUp => scroll_detail(model, -1),
        ActionId::Open => open(model),
        ActionId::Yank => model.overlay = yank::dialog(model).map(Overlay::Dialog),
        ActionId::Filter => {
            model.zoom = if model.zoom == Zoom::Full { Zoom::Normal } else { model.zoom };
            model.register.editing = Some(Input::new(&model.register.filter_text));
        }
        ActionId::Sort => {
            model.register.sort = model.register.sort.next();
            model.register.descending = model.register.sort.starts_descending();
            model.register.arrange(&model.facts.rows);
            model.say(format!("sorted by {}", model.register.sort.name()));
        }
        ActionId::Reverse => {
            model.register.descending = !model.register.descending;
            model.register.arrange(&model.facts.rows);
        }
        ActionId::Mark => mark(model),
        ActionId::Apply => model.overlay = ask_apply(model).map(Overlay::Dialog),
        ActionId::Stop => model.overlay = ask_stop(model).map(Overlay::Dialog),
        ActionId::Workload => next_workload(model),
        ActionId::Past => {
            model.lab.past = !model.lab.past;
        }
        ActionId::Freeze => {
            model.log.frozen = !model.log.frozen;
            if !model.log.frozen {
                model.log.list.selected = model.facts.log.len().saturating_sub(1);
            }
        }
        ActionId::Accept => return accept(model),
        ActionId::Dismiss => dismiss(model),
        ActionId::Next => choose(model, 1),
        ActionId::Previous => choose(model, -1),
        ActionId::Complete => complete(model),
    }
    Vec::new()
}

/// Takes a key that no action is bound to: into the text field that is open, if one is.
pub(super) fn type_key(model: &mut Model, key: Key) {
    match &mut model.overlay {
        Some(Overlay::Palette(palette)) => {
            palette.input.press(key);
            palette.selected = 0;
        }
        Some(Overlay::Help(help)) => {
            help.query.press(key);
            help.offset = 0;
        }
        Some(Overlay::Dialog(_)) => {}
        None => {
            if let Some(input) = &mut model.register.editing
                && input.press(key)
            {
                let typed = input.text();
                model.register.set_filter(typed, &model.facts.rows);
            }
        }
    }
}

/// Does what an answer says, and closes the question.
pub(super) fn answer(model: &mut Model, then: Then) -> Vec<Effect> {
    model.overlay = None;
    match then {
        Then::Nothing => Vec::new(),
        Then::Apply(id) => vec![Effect::StartApply(id)],
        Then::Stop(pid) => {
            model.stopping = Some(pid);
            vec![Effect::StopApply(pid)]
        }
        Then::Quit => vec![Effect::Quit],
        Then::StopAndQuit(pid) => vec![Effect::StopApply(pid), Effect::Quit],
        Then::Copy(text) => vec![Effect::Copy(text)],
    }
}

/// Reads the selected past experiment, once, where the Lab shows one that is not read yet.
pub(super) fn read_shown_past(model: &mut Model) -> Option<Effect> {
    if model.screen != Screen::Lab || !model.shows_past() || model.shown_experiment().is_some() {
        return None;
    }
    let selected = model.facts.past.get(model.lab.list.selected)?.id;
    if model.lab.asked == Some(selected) {
        return None;
    }
    model.lab.asked = Some(selected);
    Some(Effect::OpenExperiment(selected))
}

/// Reads the workloads of the selected improvement's newest verdict, once, where they are not there yet.
pub(super) fn read_shown_workloads(model: &mut Model) -> Option<Effect> {
    let row =
        model.selected_row().filter(|row| model.screen == Screen::Register && row.progress.workloads.is_empty())?;
    let newest = row.progress.verdicts.first()?.experiment;
    if model.register.asked == Some(newest) {
        return None;
    }
    let id = row.entry.id.clone();
    model.register.asked = Some(newest);
    Some(Effect::ReadWorkloads(id, newest))
}

/// Shows a screen.
pub(super) fn go(model: &mut Model, screen: Screen) {
    model.screen = screen;
    model.zoom = Zoom::Normal;
    model.register.editing = None;
}

/// Moves the selection of the shown list.
pub(super) fn step(model: &mut Model, rows: isize) {
    let len = model.list_len();
    let before = model.list_mut().selected;
    model.list_mut().step(rows, len);
    if model.list_mut().selected != before {
        *model.detail_offset_mut() = 0;
    }
}

/// Scrolls the detail; the view knows where its end is and stops there.
pub(super) fn scroll_detail(model: &mut Model, lines: isize) {
    let offset = model.detail_offset_mut();
    *offset = offset.saturating_add_signed(lines).min(10_000);
}

fn half_page(model: &Model) -> isize {
    (isize::try_from(layout::list_rows(model).height).unwrap_or(2) / 2).max(1)
}

fn back(model: &mut Model) -> Vec<Effect> {
    if model.zoom == Zoom::Normal {
        return quit(model);
    }
    model.zoom = Zoom::Normal;
    Vec::new()
}

fn leave(model: &mut Model) {
    if model.zoom != Zoom::Normal {
        model.zoom = Zoom::Normal;
    } else if model.screen == Screen::Register && !model.register.filter_text.is_empty() {
        model.register.set_filter(String::new(), &model.facts.rows);
    } else if model.screen == Screen::Register {
        model.register.marks.clear();
    } else if model.screen == Screen::Lab {
        model.lab.past = false;
    }
}

/// Quits at once, or asks what becomes of the running apply.
fn quit(model: &mut Model) -> Vec<Effect> {
    let running = model.facts.running.as_ref().map(|running| running.plan.question.to_string());
    let Some(command) = running.or(model.starting.as_ref().map(|starting| format!("apply {}", starting.improvement)))
    else {
        return vec![Effect::Quit];
    };
    let mut choices = vec![choice('l', "leave it running", Then::Quit)];
    let pid = model.running_pid().or(model.starting.as_ref().map(|starting| starting.pid));
    choices.extend(pid.map(|pid| choice('s', "stop it", Then::StopAndQuit(pid))));
    choices.push(choice('c', "cancel", Then::Nothing));
    model.overlay = Some(Overlay::Dialog(Dialog {
        title: "Quit while an experiment runs?".to_owned(),
        body: vec![
            format!("{command} belongs to its own process: it goes on without this screen."),
            "Stopped, it keeps every finished pair; --resume goes on.".to_owned(),
        ],
        selected: choices.len() - 1,
        choices,
    }));
    Vec::new()
}

fn open(model: &mut Model) {
    match model.screen {
        Screen::Register | Screen::Lab => model.zoom = Zoom::Full,
        Screen::Agents => {
            if let Some(agent) = model.facts.agents.get(model.agents.list.selected) {
                let filter = format!("agent:{}", agent.number);
                model.register.set_filter(filter, &model.facts.rows);
                go(model, Screen::Register);
            }
        }
        Screen::Log => {}
    }
}

fn mark(model: &mut Model) {
    let Some(id) = model.selected_row().map(|row| row.entry.id.clone()) else { return };
    if !model.register.marks.remove(&id) {
        model.register.marks.insert(id);
    }
    let len = model.list_len();
    model.register.list.step(1, len);
}

fn ask_apply(model: &Model) -> Option<Dialog> {
    let row = model.selected_row()?;
    let id = &row.entry.id;
    let variants = row.entry.variants.as_ref()?;
    let mut body = vec![format!("$ workbench apply {id}"), String::new()];
    let guards: Vec<&str> = variants.guards.iter().map(|guard| guard.workload.as_str()).collect();
    body.push(format!("measures {}", yank::judged_by(&variants.workload)));
    if !guards.is_empty() {
        body.push(format!("guards   {}", guards.join(", ")));
    }
    body.extend(variants.control.iter().map(|control| format!("control  {}", yank::trial(control))));
    if let Some(past) = model.facts.past.iter().find(|past| past.question == Question::AddOneIn(id.clone())) {
        let end = match &past.end {
            Ending::Ruled(verdict) => verdict.to_string(),
            Ending::Stopped(_) => "stopped before a verdict".to_owned(),
        };
        body.push(format!("before   {end} after {} pairs", past.pairs));
    }
    body.extend([
        String::new(),
        "It takes the machine for several minutes and goes on when this screen is closed.".to_owned(),
    ]);
    Some(Dialog {
        title: format!("Measure {id} {}?", row.entry.title),
        body,
        choices: vec![choice('s', "start", Then::Apply(id.clone())), choice('c', "cancel", Then::Nothing)],
        selected: 1,
    })
}

fn ask_stop(model: &Model) -> Option<Dialog> {
    let pid = model.running_pid()?;
    let command = &model.facts.running.as_ref()?.plan.question;
    Some(Dialog {
        title: format!("Stop {command}?"),
        body: vec![
            format!("Interrupts process {pid}. Every finished pair is kept:"),
            format!("`workbench {command} --resume` goes on."),
        ],
        choices: vec![choice('s', "stop it", Then::Stop(pid)), choice('c', "cancel", Then::Nothing)],
        selected: 1,
    })
}

/// An answer of a dialog.
pub(super) fn choice(key: char, label: &str, then: Then) -> Choice {
    Choice { key, label: label.to_owned(), then }
}

fn next_workload(model: &mut Model) {
    let Some(count) = model.shown_experiment().map(|experiment| experiment.trials.len()) else { return };
    model.lab.workload = match model.lab.workload {
        None if count > 0 => Some(0),
        Some(shown) if shown + 1 < count => Some(shown + 1),
        None | Some(_) => None,
    };
}

fn accept(model: &mut Model) -> Vec<Effect> {
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
        None => {
            model.register.editing = None;
            Vec::new()
        }
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

/// Goes to an improvement in the Register; a filter that hides it is dropped.
fn show_improvement(model: &mut Model, id: &ImprovementId) {
    go(model, Screen::Register);
    if !model.register.select(id, &model.facts.rows) {
        model.register.set_filter(String::new(), &model.facts.rows);
        model.register.select(id, &model.facts.rows);
    }
}

fn dismiss(model: &mut Model) {
    if model.overlay.take().is_none() && model.register.editing.take().is_some() {
        model.register.set_filter(String::new(), &model.facts.rows);
    }
}

fn choose(model: &mut Model, steps: isize) {
    let found = match &model.overlay {
        Some(Overlay::Palette(palette)) => commands::entries(model, &palette.input.text()).len(),
        _ => 0,
    };
    match &mut model.overlay {
        Some(Overlay::Help(help)) => help.offset = help.offset.saturating_add_signed(steps).min(1_000),
        Some(Overlay::Palette(palette)) => {
            palette.selected = palette.selected.saturating_add_signed(steps).min(found.saturating_sub(1));
        }
        Some(Overlay::Dialog(dialog)) => {
            let count = dialog.choices.len().max(1) as isize;
            dialog.selected = (dialog.selected as isize + steps).rem_euclid(count) as usize;
        }
        None => {}
    }
}

fn complete(model: &mut Model) {
    let Some(Overlay::Palette(palette)) = &model.overlay else { return };
    let entry = commands::entries(model, &palette.input.text()).into_iter().nth(palette.selected);
    if let (Some(entry), Some(Overlay::Palette(palette))) = (entry, &mut model.overlay) {
        palette.input = Input::new(&entry.name);
        palette.selected = 0;
    }
}
