//! What can be done now, and why not.

use super::{Action, ActionId};
use crate::tui::act;
use crate::tui::model::{Model, Screen};
use crate::tui::state::LabView;

/// Whether it can be done now; if not, why.
pub fn enabled(model: &Model, action: &Action) -> Result<(), String> {
    if model.read_only && changes(action.id) {
        return Err("nothing is changed from here: it was started with --read-only".to_owned());
    }
    let when = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(otherwise.to_owned()) };
    let follows = model.agents.output.is_some();
    let shows_running = model.screen == Screen::Lab && model.lab_view() == LabView::Live;
    match action.id {
        ActionId::Apply => can_apply(model),
        ActionId::Stop if model.screen == Screen::Agents => {
            when(act::assign::stoppable(model).is_some(), "this agent has no attempt under way")
        }
        ActionId::Stop => match (model.running_pid(), &model.facts.running) {
            (Some(_), _) => Ok(()),
            (None, Some(_)) => Err("the process of this apply is not known".to_owned()),
            (None, None) => Err("nothing runs".to_owned()),
        },
        ActionId::Trend => {
            let past = model.facts.past.get(model.lab.list.selected).filter(|_| model.shows_past());
            let of_one = past.is_some_and(|past| past.question.improvement().is_some());
            when(of_one, "a past experiment of an improvement has a trend: v shows the past ones")
        }
        ActionId::Workload => when(model.shown_experiment().is_some(), "no experiment is shown"),
        ActionId::Open if model.screen == Screen::Agents => {
            let agent = model.selected_agent().map(|agent| agent.number);
            let output = agent.and_then(|agent| model.facts.last_work(agent)?.output());
            when(
                output.is_some() && !follows,
                if follows { "it is followed" } else { "nothing was started for this agent" },
            )
        }
        ActionId::Open => when(model.has_selection() && !shows_running, "there is nothing to open"),
        ActionId::Yank | ActionId::Mark => when(model.has_selection(), "nothing is selected"),
        ActionId::Zoom => when(model.screen != Screen::Log && !shows_running && !follows, "there is no detail here"),
        ActionId::Assign => act::assign::can_ask(model),
        ActionId::Improvements => when(model.selected_agent().is_some(), "nothing is selected"),
        ActionId::Wrap | ActionId::Times => when(follows, "no output is followed: Enter does"),
        ActionId::Approve => act::review::can_approve(model),
        ActionId::SendBack => act::review::can_send_back(model),
        ActionId::Comment | ActionId::Uncomment => {
            when(model.hears_diff() && model.facts.patch().is_some(), "comments are on lines: Enter opens the diff")
        }
        ActionId::Pane => when(model.shown_submission().is_some(), "nothing is handed in"),
        ActionId::Filter | ActionId::NextFound | ActionId::PreviousFound if model.screen == Screen::Agents => {
            when(follows, "no output is followed: Enter does")
        }
        ActionId::NextFound | ActionId::PreviousFound if model.screen == Screen::Review => {
            when(model.facts.patch().is_some(), "there is no diff")
        }
        ActionId::Profile => has_profile(model),
        ActionId::Pictures => match model.wanted_profile() {
            Some(key) => when(key.kind.has_pictures(), "instructions have no stacks to draw"),
            None => Err("there is no profile".to_owned()),
        },
        ActionId::Kind | ActionId::Older | ActionId::Newer => {
            when(model.wanted_profile().is_some(), "there is no profile")
        }
        ActionId::NextFound | ActionId::PreviousFound => {
            when(!model.profile.found.is_empty(), "nothing is found: / searches")
        }
        ActionId::ZoomOut => when(model.profile.zoom != 0, "the whole is shown"),
        ActionId::Filter | ActionId::Sort | ActionId::Reverse => {
            when(model.screen != Screen::Profile || model.shown_profile().is_some(), "there is no profile")
        }
        ActionId::Left
        | ActionId::Right
        | ActionId::Table
        | ActionId::Arms
        | ActionId::Invert
        | ActionId::SearchSelected => when(model.shown_profile().is_some(), "there is no profile"),
        ActionId::Status | ActionId::Note | ActionId::Edit => {
            when(model.selected_row().is_some(), "nothing is selected")
        }
        ActionId::Undo => when(!model.undo.is_empty(), "nothing was set from here"),
        ActionId::Standup => when(!model.facts.log.is_empty(), "nothing is recorded yet"),
        ActionId::Back
        | ActionId::Quit
        | ActionId::Leave
        | ActionId::Suspend
        | ActionId::Redraw
        | ActionId::FrameTimes
        | ActionId::Help
        | ActionId::Palette
        | ActionId::Report
        | ActionId::Inbox
        | ActionId::YankCommand
        | ActionId::NextScreen
        | ActionId::PreviousScreen
        | ActionId::Go(_)
        | ActionId::Theme
        | ActionId::Mouse
        | ActionId::Down
        | ActionId::Up
        | ActionId::PageDown
        | ActionId::PageUp
        | ActionId::First
        | ActionId::Last
        | ActionId::DetailDown
        | ActionId::DetailUp
        | ActionId::Freeze
        | ActionId::Accept
        | ActionId::Dismiss
        | ActionId::Next
        | ActionId::Previous
        | ActionId::NextView
        | ActionId::Complete => Ok(()),
    }
}

/// Whether files, the store or processes are others afterwards.
fn changes(id: ActionId) -> bool {
    use ActionId::{Apply, Approve, Assign, Edit, Note, Report, SendBack, Status, Stop, Undo};
    matches!(id, Apply | Approve | Assign | Edit | Note | Report | SendBack | Status | Stop | Undo)
}

fn has_profile(model: &Model) -> Result<(), String> {
    match model.screen {
        Screen::Register => {
            let row = model.selected_row().ok_or_else(|| "nothing is selected".to_owned())?;
            let id = &row.entry.id;
            let none = || format!("{id} has no profile: `workbench profile {id} --capture` takes one");
            model.profile_of(id).map(|_| ()).ok_or_else(none)
        }
        Screen::Lab | Screen::Profile | Screen::Agents | Screen::Review | Screen::Plan | Screen::Log => {
            model.profile_of_shown().map(|_| ()).ok_or_else(|| "no profile was taken in this experiment".to_owned())
        }
    }
}

fn can_apply(model: &Model) -> Result<(), String> {
    let row = model.selected_row().ok_or_else(|| "nothing is selected".to_owned())?;
    let id = &row.entry.id;
    if row.entry.variants.is_none() {
        return Err(format!("{id} has no optimized variant yet: there is nothing to measure"));
    }
    if let Some(missing) = row.entry.needs.iter().find(|needed| !model.facts.stack.contains(needed)) {
        return Err(format!("{id} needs {missing}, which is not accepted yet"));
    }
    if let Some(running) = &model.facts.running {
        return Err(format!("{} is being measured; one experiment at a time", running.plan.question.subject()));
    }
    if let Some(starting) = &model.starting {
        return Err(format!("apply {} is starting", starting.improvement));
    }
    if let Some(lease) = &model.facts.machine.lease {
        return Err(format!("the machine is held: {}", lease.purpose));
    }
    Ok(())
}
