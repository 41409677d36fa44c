//! Whatever can be done is done in three ways: by a key, by a name in the palette, and from the command line.

use super::fixtures::{idle, measuring};
use super::profiles::profiled;
use crate::cli;
use crate::tui::actions::{ACTIONS, ActionId, Context, find};
use crate::tui::commands::{Command, entries};
use crate::tui::model::{Model, Screen};

/// A model that hears the keys of a context.
fn hearing(context: Context) -> Option<Model> {
    let screen = match context {
        Context::On(screen) => screen,
        Context::Graph => Screen::Profile,
        Context::List | Context::Everywhere => Screen::Register,
        // What is typed or answered there has no other way.
        Context::Filter | Context::Palette | Context::Help | Context::Dialog | Context::Inbox | Context::Prompt => {
            return None;
        }
    };
    let mut model = match screen {
        Screen::Lab => measuring(120, 40, false, 3),
        Screen::Profile => profiled(120, 40, false),
        Screen::Register | Screen::Agents | Screen::Review | Screen::Plan | Screen::Log => idle(120, 40, false),
    };
    model.screen = screen;
    Some(model)
}

#[test]
fn every_key_of_the_table_reaches_its_action() {
    for action in ACTIONS {
        let Some(model) = hearing(action.context) else { continue };
        for key in action.keys {
            let found = find(&model, *key).map(|found| found.id);
            assert_eq!(found, Some(action.id), "{} in {:?}", key.shown(true), action.context);
        }
    }
}

#[test]
fn every_name_of_the_table_is_in_the_palette_of_its_place() {
    for action in ACTIONS {
        let Some(model) = hearing(action.context) else {
            assert_eq!(action.command, "", "{:?} is heard where nothing else is", action.id);
            continue;
        };
        if action.id == ActionId::Palette {
            continue; // it is open already
        }
        let first = entries(&model, action.command).into_iter().next();
        assert_eq!(first.map(|entry| entry.command), Some(Command::Action(action.id)), ":{}", action.command);
    }
}

/// The command that does the same, or shows the same; nothing where only a screen has it.
fn in_the_shell(id: ActionId, context: Context) -> Option<&'static [&'static str]> {
    match (id, context) {
        (ActionId::Apply, _) => Some(&["apply", "T003"]),
        (ActionId::Status, _) => Some(&["status", "T003", "blocked", "--reason", "why"]),
        (ActionId::Note, _) => Some(&["note", "T003", "why"]),
        (ActionId::Undo, _) => Some(&["status", "T003", "planned", "--reason", "taken back"]),
        (ActionId::Report, _) => Some(&["report"]),
        (ActionId::Assign, _) => Some(&["assign", "T003", "1"]),
        (ActionId::Stop, Context::On(Screen::Agents)) => Some(&["recall", "T003", "--reason", "why"]),
        (ActionId::Approve, _) => Some(&["review", "T003", "--approve"]),
        (ActionId::SendBack, _) => Some(&["review", "T003", "--send-back", "why"]),
        (ActionId::Trend, _) => Some(&["history", "T003"]),
        (ActionId::Profile | ActionId::Pictures, _) => Some(&["profile", "T003"]),
        (ActionId::Kind, _) => Some(&["profile", "T003", "--kind", "wait"]),
        (ActionId::Standup, _) => Some(&["standup"]),
        (ActionId::Improvements, _) => Some(&["list", "--agent", "1"]),
        (ActionId::Go(Screen::Register), _) => Some(&["list"]),
        (ActionId::Go(Screen::Lab), _) => Some(&["show", "T003"]),
        (ActionId::Go(Screen::Profile), _) => Some(&["profile", "T003"]),
        (ActionId::Go(Screen::Agents), _) => Some(&["agents"]),
        (ActionId::Go(Screen::Review), _) => Some(&["review"]),
        (ActionId::Go(Screen::Plan), _) => Some(&["plan"]),
        _ => None,
    }
}

#[test]
fn what_changes_or_shows_something_has_a_command_that_does_the_same() {
    let mut reached = 0;
    for action in ACTIONS {
        let Some(arguments) = in_the_shell(action.id, action.context) else { continue };
        assert!(!action.command.is_empty(), "{:?} has no name", action.id);
        let parsed = cli::tree().try_get_matches_from([&["workbench"], arguments].concat());
        assert!(parsed.is_ok(), "workbench {}: {}", arguments.join(" "), parsed.unwrap_err());
        reached += 1;
    }
    assert!(reached >= 20, "{reached}");
}
