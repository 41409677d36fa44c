//! What each action of the table does to the model.

mod ask;
pub(super) mod assign;
pub(super) mod lab;
pub(super) mod output;
mod overlay;
pub(super) mod profile;
pub(super) mod review;
pub(super) mod status;

pub(super) use self::ask::choice;
use self::profile::Way;
use super::actions::{self, Action, ActionId};
use super::input::Input;
use super::keys::Key;
use super::layout;
use super::model::{HelpState, Model, Overlay, PaletteState, Screen, Then, Zoom};
use super::msg::Effect;
use super::theme::Look;
use super::{freeze, yank};

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
        ActionId::Quit => return ask::quit(model),
        ActionId::Leave => leave(model),
        ActionId::Suspend => return vec![Effect::Suspend],
        ActionId::Redraw => return vec![Effect::Redraw],
        ActionId::FrameTimes => return vec![Effect::TellFrameTimes],
        ActionId::Help => model.overlay = Some(Overlay::Help(HelpState::default())),
        ActionId::Inbox => model.overlay = Some(Overlay::Inbox(0)),
        ActionId::YankCommand => return overlay::copy_command(model),
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
        ActionId::Down | ActionId::Up if model.hears_graph() => {
            let is_deeper = (id == ActionId::Down) != model.profile.upright;
            profile::walk(model, if is_deeper { Way::Deeper } else { Way::Back });
        }
        ActionId::First if model.hears_graph() => profile::walk(model, Way::Top),
        ActionId::Last if model.hears_graph() => profile::walk(model, Way::Bottom),
        ActionId::Down => step(model, 1),
        ActionId::Up => step(model, -1),
        ActionId::PageDown => step(model, half_page(model)),
        ActionId::PageUp => step(model, -half_page(model)),
        ActionId::First => step(model, isize::MIN),
        ActionId::Last => step(model, isize::MAX),
        ActionId::Left => profile::walk(model, Way::Along(-1)),
        ActionId::Right => profile::walk(model, Way::Along(1)),
        ActionId::ZoomOut => profile::zoom_out(model),
        ActionId::Table => model.profile.in_table = !model.profile.in_table,
        ActionId::Arms => {
            model.profile.arms = model.profile.arms.next();
            arrange_profile(model);
        }
        ActionId::Kind => profile::next_kind(model),
        ActionId::Invert => model.profile.upright = !model.profile.upright,
        ActionId::SearchSelected => profile::search_selected(model),
        ActionId::Pictures => return model.wanted_profile().map(Effect::DrawPictures).into_iter().collect(),
        ActionId::Older => profile::step(model, 1),
        ActionId::Newer => profile::step(model, -1),
        ActionId::Profile => show_profile(model),
        ActionId::Standup => begin_standup(model),
        ActionId::DetailDown => scroll_detail(model, 1),
        ActionId::DetailUp => scroll_detail(model, -1),
        ActionId::Open => return open(model),
        ActionId::Yank => model.overlay = yank::dialog(model).map(Overlay::Dialog),
        ActionId::Filter if model.screen == Screen::Agents => output::begin_search(model),
        ActionId::NextFound if model.screen == Screen::Agents => output::next_found(model, 1),
        ActionId::PreviousFound if model.screen == Screen::Agents => output::next_found(model, -1),
        ActionId::NextFound if model.screen == Screen::Review => review::next_file(model, 1),
        ActionId::PreviousFound if model.screen == Screen::Review => review::next_file(model, -1),
        ActionId::NextFound => profile::next_found(model, 1),
        ActionId::PreviousFound => profile::next_found(model, -1),
        ActionId::Wrap => output::wrap(model),
        ActionId::Times => output::times(model),
        ActionId::Improvements => show_improvements(model),
        ActionId::Assign => model.overlay = assign::ask(model).map(Overlay::Dialog),
        ActionId::Approve => model.overlay = review::ask_approve(model).map(Overlay::Dialog),
        ActionId::SendBack => review::ask_send_back(model),
        ActionId::Comment => review::ask_comment(model),
        ActionId::Uncomment => review::uncomment(model),
        ActionId::Pane => review::turn(model),
        ActionId::Filter if model.screen == Screen::Profile => {
            model.profile.editing = Some(Input::new(&model.profile.query));
        }
        ActionId::Filter => {
            model.zoom = if model.zoom == Zoom::Full { Zoom::Normal } else { model.zoom };
            model.register.editing = Some(Input::new(&model.register.filter_text));
        }
        ActionId::Sort if model.screen == Screen::Profile => {
            (model.profile.sort, model.profile.ascending) = (model.profile.sort.next(), false);
            arrange_profile(model);
            model.say(format!("sorted by {}", model.profile.sort.name()));
        }
        ActionId::Reverse if model.screen == Screen::Profile => {
            model.profile.ascending = !model.profile.ascending;
            arrange_profile(model);
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
        ActionId::Apply => model.overlay = ask::apply(model).map(Overlay::Dialog),
        ActionId::Status => model.overlay = status::ask(model).map(Overlay::Dialog),
        ActionId::Note => status::ask_note(model),
        ActionId::Undo => model.overlay = status::ask_undo(model).map(Overlay::Dialog),
        ActionId::Edit => {
            return model.selected_row().map(|row| Effect::Edit(row.entry.id.clone())).into_iter().collect();
        }
        ActionId::Report => {
            model.say("writing the report…");
            return vec![Effect::RunCommand(vec!["report".to_owned()])];
        }
        ActionId::Stop if model.screen == Screen::Agents => {
            model.overlay = assign::ask_stop(model).map(Overlay::Dialog)
        }
        ActionId::Stop => model.overlay = ask::stop(model).map(Overlay::Dialog),
        ActionId::Workload => lab::next_workload(model),
        ActionId::Trend => model.lab.trend = !model.lab.trend,
        ActionId::NextView => lab::next_view(model),
        ActionId::Freeze => freeze::toggle(model),
        ActionId::Accept => return overlay::accept(model),
        ActionId::Dismiss => overlay::dismiss(model),
        ActionId::Next => overlay::choose(model, 1),
        ActionId::Previous => overlay::choose(model, -1),
        ActionId::Complete => overlay::complete(model),
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
        Some(Overlay::Prompt(prompt)) => {
            prompt.input.press(key);
        }
        Some(Overlay::Dialog(_) | Overlay::Inbox(_)) => {}
        None => {
            if model.editing_mut().is_some_and(|input| input.press(key)) {
                typed(model);
            }
        }
    }
}

/// Takes over what the open text field says.
pub(super) fn typed(model: &mut Model) {
    let Some(text) = model.editing().map(Input::text) else { return };
    match model.screen {
        Screen::Register => model.register.set_filter(text, &model.facts.rows),
        Screen::Profile => profile::search(model, text),
        Screen::Agents => output::search(model, text),
        Screen::Lab | Screen::Review | Screen::Plan | Screen::Log => {}
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
        Then::AskReason(improvement, status) => {
            status::ask_reason(model, improvement, status);
            Vec::new()
        }
        Then::Undo => status::undo(model),
        Then::Run(arguments) => vec![Effect::RunCommand(arguments)],
        Then::StopAttempt(worker) => vec![Effect::StopAttempt(worker)],
        Then::AskRecall(improvement) => {
            assign::ask_reason(model, improvement);
            Vec::new()
        }
    }
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

/// Judges the plan where it is shown, once for each change that it may rest on.
pub(super) fn read_shown_plan(model: &mut Model) -> Option<Effect> {
    if model.screen != Screen::Plan || model.plan.fresh || model.plan.reading {
        return None;
    }
    (model.plan.fresh, model.plan.reading) = (true, true);
    Some(Effect::ReadPlan(model.plan.since))
}

/// Begins a stand-up after the newest line of the log, or goes back to the protocol's hours.
fn begin_standup(model: &mut Model) {
    let newest = model.facts.log.back().map_or(0, |line| line.seq);
    model.plan.since = if model.plan.since == Some(newest) { None } else { Some(newest) };
    model.plan.fresh = false;
    model.say(match model.plan.since {
        Some(line) => format!("the stand-up begins after line {line}; s again takes the protocol's hours"),
        None => "the stand-up is of the protocol's hours".to_owned(),
    });
}

/// Shows a screen.
pub(super) fn go(model: &mut Model, screen: Screen) {
    model.screen = screen;
    model.zoom = Zoom::Normal;
    model.register.editing = None;
    model.profile.editing = None;
    model.agents.output = None;
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
    if model.screen == Screen::Agents && model.agents.output.take().is_some() {
        return Vec::new();
    }
    if model.zoom == Zoom::Normal {
        return ask::quit(model);
    }
    model.zoom = Zoom::Normal;
    Vec::new()
}

fn leave(model: &mut Model) {
    if model.screen == Screen::Agents && model.agents.output.take().is_some() {
        return;
    }
    if model.zoom != Zoom::Normal {
        model.zoom = Zoom::Normal;
    } else if model.screen == Screen::Register && !model.register.filter_text.is_empty() {
        model.register.set_filter(String::new(), &model.facts.rows);
    } else if model.screen == Screen::Register {
        model.register.marks.clear();
    } else if model.screen == Screen::Lab {
        lab::leave(model);
    } else if model.screen == Screen::Profile {
        profile::leave(model);
    }
}

fn open(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Register | Screen::Lab | Screen::Plan => model.zoom = Zoom::Full,
        Screen::Agents => return output::open(model),
        Screen::Review => review::open(model),
        Screen::Profile => profile::open(model),
        Screen::Log => {}
    }
    Vec::new()
}

/// Shows the improvements of the selected agent in the Register.
fn show_improvements(model: &mut Model) {
    let Some(number) = model.selected_agent().map(|agent| agent.number) else { return };
    model.register.set_filter(format!("agent:{number}"), &model.facts.rows);
    go(model, Screen::Register);
}

/// Shows the profile of what is selected.
fn show_profile(model: &mut Model) {
    let found = match model.screen {
        Screen::Register => model.selected_row().and_then(|row| model.profile_of(&row.entry.id)),
        Screen::Lab => model.profile_of_shown(),
        Screen::Profile | Screen::Agents | Screen::Review | Screen::Plan | Screen::Log => None,
    };
    if let Some(profiled) = found.cloned() {
        profile::show(model, profiled);
    }
}

fn arrange_profile(model: &mut Model) {
    if let Some(Ok(facts)) = &model.facts.profile {
        model.profile.arrange(&facts.lines);
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
