//! Everything a person can do, in one table. The key map, the footer, the help screen, the palette and the docs are
//! read from it; nothing else binds a key.

mod enabled;
mod table;

pub use enabled::enabled;
pub use table::ACTIONS;

use super::keys::Key;
use super::model::{Model, Overlay, Screen};

/// Where a key means this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// On every screen.
    Everywhere,
    /// Where a list is shown.
    List,
    /// In a graph.
    Graph,
    /// On one screen.
    On(Screen),
    /// While the filter is typed.
    Filter,
    /// In the palette.
    Palette,
    /// In the help.
    Help,
    /// In a question.
    Dialog,
    /// In the inbox.
    Inbox,
    /// While a reason is typed.
    Prompt,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionId {
    /// Back, then quit.
    Back,
    /// Quit at once (asks while an apply runs).
    Quit,
    /// Close what is open; never quits.
    Leave,
    /// Stop and return to the shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// What frames cost.
    FrameTimes,
    /// Help for this place.
    Help,
    /// The palette of commands.
    Palette,
    /// What waits for a person.
    Inbox,
    /// Set a status.
    Status,
    /// Note something about an improvement.
    Note,
    /// Take the last status back.
    Undo,
    /// Edit the file.
    Edit,
    /// Write the report.
    Report,
    /// Copy what to run next.
    YankCommand,
    /// The next screen.
    NextScreen,
    /// The previous screen.
    PreviousScreen,
    /// A screen by its number.
    Go(Screen),
    /// The next theme.
    Theme,
    /// Mouse on or off.
    Mouse,
    /// Normal, half, full.
    Zoom,
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// Half a page down.
    PageDown,
    /// Half a page up.
    PageUp,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Scroll the detail down.
    DetailDown,
    /// Scroll the detail up.
    DetailUp,
    /// Open what is selected.
    Open,
    /// Copy what is selected.
    Yank,
    /// Type a filter.
    Filter,
    /// Sort by the next column.
    Sort,
    /// Turn the order round.
    Reverse,
    /// Mark the row.
    Mark,
    /// Start an apply.
    Apply,
    /// Stop the running apply.
    Stop,
    /// Show another workload.
    Workload,
    /// Running experiment, past ones, screens, noise.
    NextView,
    /// Figures over time.
    Trend,
    /// Stop following.
    Freeze,
    /// Along the row.
    Left,
    /// Along the row.
    Right,
    /// Give the width back.
    ZoomOut,
    /// From graph to table.
    Table,
    /// A, B or both.
    Arms,
    /// What else was counted.
    Kind,
    /// The root at the other end.
    Invert,
    /// Search for what is selected.
    SearchSelected,
    /// The next one found.
    NextFound,
    /// The previous one found.
    PreviousFound,
    /// Where the pictures are.
    Pictures,
    /// An older one.
    Older,
    /// A newer one.
    Newer,
    /// The profile of what is selected.
    Profile,
    /// Begin a stand-up.
    Standup,
    /// Put an improvement into an agent's hands.
    Assign,
    /// The improvements of an agent.
    Improvements,
    /// Whether long lines go on in the next row.
    Wrap,
    /// The time before each line.
    Times,
    /// It may be merged.
    Approve,
    /// It is to be worked on.
    SendBack,
    /// Say something of a line.
    Comment,
    /// Take that back.
    Uncomment,
    /// What the detail shows.
    Pane,
    /// Take what is typed or chosen.
    Accept,
    /// Drop what is typed or asked.
    Dismiss,
    /// The next choice.
    Next,
    /// The previous choice.
    Previous,
    /// Complete what is typed.
    Complete,
}

/// One row of the table.
#[derive(Debug)]
pub struct Action {
    /// What is done.
    pub id: ActionId,
    /// Where.
    pub context: Context,
    /// Keys; the first is the one shown in the footer.
    pub keys: &'static [Key],
    /// Name in the palette; empty for what only makes sense as a key.
    pub command: &'static str,
    /// Word in the footer; empty where there is no room for it.
    pub footer: &'static str,
    /// One sentence for the help.
    pub help: &'static str,
}

/// Contexts that hear keys now, the innermost first.
pub fn contexts(model: &Model) -> Vec<Context> {
    match &model.overlay {
        Some(Overlay::Help(_)) => vec![Context::Help],
        Some(Overlay::Palette(_)) => vec![Context::Palette],
        Some(Overlay::Dialog(_)) => vec![Context::Dialog],
        Some(Overlay::Inbox(_)) => vec![Context::Inbox],
        Some(Overlay::Prompt(_)) => vec![Context::Prompt],
        None if model.editing().is_some() => vec![Context::Filter],
        None if model.hears_graph() => vec![Context::On(model.screen), Context::Graph, Context::Everywhere],
        None => vec![Context::On(model.screen), Context::List, Context::Everywhere],
    }
}

/// The action a key means now.
pub fn find(model: &Model, key: Key) -> Option<&'static Action> {
    contexts(model)
        .into_iter()
        .find_map(|context| ACTIONS.iter().find(|action| action.context == context && action.keys.contains(&key)))
}

/// The table as Markdown, for the docs.
pub fn markdown() -> String {
    let mut text =
        String::from("# Keys of the terminal interface\n\nWritten from the table in `src/tui/actions.rs`.\n");
    let screens = Screen::ALL.map(|screen| (Context::On(screen), screen.name()));
    let others = [
        (Context::List, "Lists"),
        (Context::Graph, "Graphs"),
        (Context::Everywhere, "Everywhere"),
        (Context::Filter, "While a filter or a search is typed"),
        (Context::Palette, "In the palette"),
        (Context::Help, "In the help"),
        (Context::Dialog, "In a question"),
        (Context::Inbox, "In the inbox"),
        (Context::Prompt, "While a reason is typed"),
    ];
    for (context, title) in screens.into_iter().chain(others) {
        text.push_str(&format!("\n## {title}\n\n| keys | command | |\n|---|---|---|\n"));
        for action in ACTIONS.iter().filter(|action| action.context == context) {
            let keys: Vec<String> = action.keys.iter().map(|key| format!("`{}`", key.shown(false))).collect();
            let command = if action.command.is_empty() { String::new() } else { format!("`:{}`", action.command) };
            text.push_str(&format!("| {} | {command} | {} |\n", keys.join(" "), action.help));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Contexts heard at the same time.
    fn heard_together() -> Vec<Vec<Context>> {
        let screens = Screen::ALL.map(|screen| vec![Context::On(screen), Context::List, Context::Everywhere]);
        let graph = vec![Context::On(Screen::Profile), Context::Graph, Context::Everywhere];
        let alone =
            [Context::Filter, Context::Palette, Context::Help, Context::Dialog, Context::Inbox, Context::Prompt]
                .map(|context| vec![context]);
        screens.into_iter().chain([graph]).chain(alone).collect()
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for contexts in heard_together() {
            let mut seen = HashSet::new();
            for action in ACTIONS.iter().filter(|action| contexts.contains(&action.context)) {
                for key in action.keys {
                    assert!(seen.insert(*key), "{} means two things in {contexts:?}", key.shown(false));
                }
            }
        }
    }

    #[test]
    fn every_action_has_a_key_and_a_sentence_of_help() {
        for action in ACTIONS {
            assert!(!action.keys.is_empty(), "{:?} has no key", action.id);
            assert!(action.help.len() > 8 && action.help.ends_with('.'), "{:?}: help {:?}", action.id, action.help);
        }
    }

    #[test]
    fn no_command_means_two_things_in_one_place() {
        for contexts in heard_together() {
            let mut seen = HashSet::new();
            for action in ACTIONS.iter().filter(|action| contexts.contains(&action.context)) {
                let is_new = action.command.is_empty() || seen.insert(action.command);
                assert!(is_new, ":{} means two things in {contexts:?}", action.command);
            }
        }
    }

    #[test]
    fn text_fields_keep_their_letters() {
        for action in ACTIONS.iter().filter(|action| {
            matches!(action.context, Context::Filter | Context::Palette | Context::Help | Context::Prompt)
        }) {
            assert!(action.keys.iter().all(|key| key.typed().is_none()), "{:?} eats a letter", action.id);
        }
    }

    /// `INSTA_UPDATE=always` writes it anew.
    #[test]
    fn the_docs_say_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
            std::fs::write(path, markdown()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), markdown(), "docs/keys.md is out of date");
    }
}
