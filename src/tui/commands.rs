//! The palette's commands: the actions of this place by name, and every improvement by its id.

use super::actions::{self, Action, ActionId, Context};
use super::model::Model;
use crate::improvements::ImprovementId;

/// Entries shown at most; more typing narrows them.
const ENTRIES_MAX: usize = 100;

/// A line of the palette.
#[derive(Debug)]
pub struct Entry {
    /// What is typed to get it.
    pub name: String,
    /// What it does.
    pub help: String,
    /// What is run.
    pub command: Command,
    /// Why it cannot be run now.
    pub refused: Option<String>,
}

/// What a line of the palette runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An action of the table.
    Action(ActionId),
    /// Goes to an improvement.
    Improvement(ImprovementId),
}

/// Lines that match what is typed, the best first: by the beginning of the name, then anywhere in name and help.
pub fn entries(model: &Model, typed: &str) -> Vec<Entry> {
    let typed = typed.trim().to_lowercase();
    let moves = if model.hears_graph() { Context::Graph } else { Context::List };
    // Who opens the palette looks for what has no key in the fingers.
    let here = [Context::On(model.screen), Context::Everywhere, moves];
    let actions = here
        .into_iter()
        .flat_map(|context| actions::ACTIONS.iter().filter(move |action| action.context == context))
        .filter(|action| !action.command.is_empty())
        .filter_map(|action| Some((rank(action.command, action.help, &typed)?, of_action(model, action))));
    let mut entries: Vec<(u8, Entry)> = actions.collect();
    if !typed.is_empty() {
        let rows = model.facts.rows.iter().filter_map(|row| {
            let rank = rank(&row.entry.id.0, &row.entry.title, &typed)?;
            let id = row.entry.id.clone();
            let entry = Entry {
                name: id.0.clone(),
                help: row.entry.title.clone(),
                command: Command::Improvement(id),
                refused: None,
            };
            Some((rank, entry))
        });
        entries.extend(rows.take(ENTRIES_MAX));
    }
    entries.sort_by_key(|(rank, _)| *rank);
    entries.truncate(ENTRIES_MAX);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn of_action(model: &Model, action: &Action) -> Entry {
    Entry {
        name: action.command.to_owned(),
        help: action.help.trim_end_matches('.').to_owned(),
        command: Command::Action(action.id),
        refused: actions::enabled(model, action).err(),
    }
}

/// How well it matches; `None` when it does not.
fn rank(name: &str, help: &str, typed: &str) -> Option<u8> {
    let name = name.to_lowercase();
    if name == typed {
        Some(0)
    } else if name.starts_with(typed) {
        Some(1)
    } else if name.contains(typed) {
        Some(2)
    } else if help.to_lowercase().contains(typed) {
        Some(3)
    } else {
        None
    }
}
