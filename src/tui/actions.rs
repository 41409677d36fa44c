//! Everything a person can do, in one table. The key map, the footer, the help screen, the palette and the docs are
//! read from it; nothing else binds a key.

use crossterm::event::KeyCode;

use super::keys::Key;
use super::model::{Model, Overlay, Screen};

/// Where a key means this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// On every screen.
    Everywhere,
    /// On screens that show a list; all of them do.
    List,
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
    /// Help for this place.
    Help,
    /// The palette of commands.
    Palette,
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
    /// Running experiment or past ones.
    Past,
    /// Stop following.
    Freeze,
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

const fn action(
    id: ActionId,
    context: Context,
    keys: &'static [Key],
    command: &'static str,
    footer: &'static str,
    help: &'static str,
) -> Action {
    Action { id, context, keys, command, footer, help }
}

const ENTER: Key = Key::plain(KeyCode::Enter);
const ESC: Key = Key::plain(KeyCode::Esc);
const TAB: Key = Key::plain(KeyCode::Tab);
const BACK_TAB: Key = Key::plain(KeyCode::BackTab);
const UP: Key = Key::plain(KeyCode::Up);
const DOWN: Key = Key::plain(KeyCode::Down);
const LEFT: Key = Key::plain(KeyCode::Left);
const RIGHT: Key = Key::plain(KeyCode::Right);
const PAGE_UP: Key = Key::plain(KeyCode::PageUp);
const PAGE_DOWN: Key = Key::plain(KeyCode::PageDown);

/// The table. Order is the order of footer and help.
#[rustfmt::skip] // one line an action
pub static ACTIONS: &[Action] = {
    use ActionId as Id;
    use Context::{Dialog, Everywhere, Filter, Help, List, On, Palette};
    use Screen::{Agents, Lab, Log, Register};
    &[
        action(Id::Open, On(Register), &[ENTER, Key::char('l'), RIGHT], "open", "open", "Open the improvement: claim, measurement, history."),
        action(Id::Apply, On(Register), &[Key::char('a')], "apply", "apply", "Measure the improvement: start `workbench apply ID` in the background."),
        action(Id::Filter, On(Register), &[Key::char('/')], "filter", "filter", "Filter: status:blocked agent:1 phase:2 category:index verdict:proven gain>10 words."),
        action(Id::Sort, On(Register), &[Key::char('o')], "sort", "sort", "Sort by the next column."),
        action(Id::Reverse, On(Register), &[Key::char('O')], "reverse", "", "Turn the sort order round."),
        action(Id::Mark, On(Register), &[Key::char(' ')], "mark", "", "Mark the improvement; yank takes the marked ones."),
        action(Id::Yank, On(Register), &[Key::char('y')], "yank", "yank", "Copy the id, the command or a Markdown row to the clipboard (OSC 52)."),
        action(Id::Open, On(Lab), &[ENTER, Key::char('l'), RIGHT], "open experiment", "open", "Open the selected past experiment."),
        action(Id::Workload, On(Lab), &[Key::char('w')], "workload", "workload", "Show the next workload; after the last, the one being measured."),
        action(Id::Past, On(Lab), &[Key::char('v')], "past", "past", "Change between the running experiment and the past ones."),
        action(Id::Stop, On(Lab), &[Key::char('x')], "stop", "stop", "Stop the running apply; its pairs are kept and --resume goes on."),
        action(Id::Yank, On(Lab), &[Key::char('y')], "yank experiment", "", "Copy the command that repeats the experiment."),
        action(Id::Open, On(Agents), &[ENTER, Key::char('l'), RIGHT], "improvements of agent", "improvements", "Show the agent's improvements in the Register."),
        action(Id::Yank, On(Agents), &[Key::char('y')], "yank agent", "", "Copy the agent's name or a Markdown row."),
        action(Id::Freeze, On(Log), &[Key::char('f')], "freeze", "freeze", "Stop following the log, or follow it again."),
        action(Id::Yank, On(Log), &[Key::char('y')], "yank line", "yank", "Copy the line."),
        action(Id::Down, List, &[Key::char('j'), DOWN], "", "", "One row down."),
        action(Id::Up, List, &[Key::char('k'), UP], "", "", "One row up."),
        action(Id::PageDown, List, &[Key::control('d'), PAGE_DOWN], "", "", "Half a page down."),
        action(Id::PageUp, List, &[Key::control('u'), PAGE_UP], "", "", "Half a page up."),
        action(Id::First, List, &[Key::char('g'), Key::plain(KeyCode::Home)], "first", "", "To the first row."),
        action(Id::Last, List, &[Key::char('G'), Key::plain(KeyCode::End)], "last", "", "To the last row."),
        action(Id::DetailDown, List, &[Key::char('J')], "", "", "Scroll the detail down."),
        action(Id::DetailUp, List, &[Key::char('K')], "", "", "Scroll the detail up."),
        action(Id::Zoom, List, &[Key::char('+')], "zoom", "zoom", "Size of the detail: normal, half, full."),
        action(Id::Go(Register), Everywhere, &[Key::char('1')], "register", "", "The Register: every improvement, its claim beside its measurement."),
        action(Id::Go(Lab), Everywhere, &[Key::char('2')], "lab", "", "The Lab: the running experiment, and past ones."),
        action(Id::Go(Agents), Everywhere, &[Key::char('4')], "agents", "", "The Agents: who owns what, and what they did last."),
        action(Id::Go(Log), Everywhere, &[Key::char('7')], "log", "", "The Log: every change as it is recorded."),
        action(Id::NextScreen, Everywhere, &[TAB, Key::char(']')], "", "", "The next screen."),
        action(Id::PreviousScreen, Everywhere, &[BACK_TAB, Key::char('[')], "", "", "The previous screen."),
        action(Id::Palette, Everywhere, &[Key::char(':'), Key::control('p')], "", "command", "Commands by name; also T003 goes to an improvement."),
        action(Id::Help, Everywhere, &[Key::char('?')], "help", "help", "Help for this place; type to search."),
        action(Id::Leave, Everywhere, &[ESC, Key::char('h'), LEFT], "", "", "Close what is open. Never quits."),
        action(Id::Back, Everywhere, &[Key::char('q')], "", "quit", "Back; where nothing is open, quit."),
        action(Id::Quit, Everywhere, &[Key::control('c')], "quit", "", "Quit; asks while an apply runs."),
        action(Id::Theme, Everywhere, &[Key::char('T')], "theme", "", "The next theme: dark, light, colour-blind safe, no colour."),
        action(Id::Mouse, Everywhere, &[Key::char('M')], "mouse", "", "Mouse on or off; off lets the terminal select text."),
        action(Id::Redraw, Everywhere, &[Key::control('l')], "redraw", "", "Draw the screen anew."),
        action(Id::Suspend, Everywhere, &[Key::control('z')], "suspend", "", "Back to the shell; `fg` returns."),
        action(Id::Accept, Filter, &[ENTER], "", "keep", "Keep the filter."),
        action(Id::Dismiss, Filter, &[ESC, Key::control('c')], "", "drop", "Drop the filter."),
        action(Id::Accept, Palette, &[ENTER], "", "run", "Run the command."),
        action(Id::Next, Palette, &[DOWN, Key::control('n')], "", "next", "The next command."),
        action(Id::Previous, Palette, &[UP, Key::control('p')], "", "", "The previous command."),
        action(Id::Complete, Palette, &[TAB], "", "complete", "Complete the name."),
        action(Id::Dismiss, Palette, &[ESC, Key::control('c')], "", "close", "Close the palette."),
        action(Id::Next, Help, &[DOWN, PAGE_DOWN], "", "scroll", "Scroll down."),
        action(Id::Previous, Help, &[UP, PAGE_UP], "", "", "Scroll up."),
        action(Id::Dismiss, Help, &[ESC, ENTER, Key::control('c')], "", "close", "Close the help."),
        action(Id::Next, Dialog, &[RIGHT, TAB, DOWN, Key::char('l'), Key::char('j')], "", "choose", "The next choice."),
        action(Id::Previous, Dialog, &[LEFT, BACK_TAB, UP, Key::char('h'), Key::char('k')], "", "", "The previous choice."),
        action(Id::Accept, Dialog, &[ENTER], "", "take", "Take the choice."),
        action(Id::Dismiss, Dialog, &[ESC, Key::char('q'), Key::control('c')], "", "cancel", "Change nothing."),
    ]
};

/// Contexts that hear keys now, the innermost first.
pub fn contexts(model: &Model) -> Vec<Context> {
    match &model.overlay {
        Some(Overlay::Help(_)) => vec![Context::Help],
        Some(Overlay::Palette(_)) => vec![Context::Palette],
        Some(Overlay::Dialog(_)) => vec![Context::Dialog],
        None if model.screen == Screen::Register && model.register.editing.is_some() => vec![Context::Filter],
        None => vec![Context::On(model.screen), Context::List, Context::Everywhere],
    }
}

/// The action a key means now.
pub fn find(model: &Model, key: Key) -> Option<&'static Action> {
    contexts(model)
        .into_iter()
        .find_map(|context| ACTIONS.iter().find(|action| action.context == context && action.keys.contains(&key)))
}

/// Whether it can be done now; if not, why.
pub fn enabled(model: &Model, action: &Action) -> Result<(), String> {
    let when = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(otherwise.to_owned()) };
    let shows_running = model.screen == Screen::Lab && !model.shows_past();
    match action.id {
        ActionId::Apply => can_apply(model),
        ActionId::Stop => match (model.running_pid(), &model.facts.running) {
            (Some(_), _) => Ok(()),
            (None, Some(_)) => Err("the process of this apply is not known".to_owned()),
            (None, None) => Err("nothing runs".to_owned()),
        },
        ActionId::Past => when(model.facts.running.is_some(), "nothing runs: these are the past ones"),
        ActionId::Workload => when(model.shown_experiment().is_some(), "no experiment is shown"),
        ActionId::Open => when(model.has_selection() && !shows_running, "there is nothing to open"),
        ActionId::Yank | ActionId::Mark => when(model.has_selection(), "nothing is selected"),
        ActionId::Zoom => when(model.screen != Screen::Log && !shows_running, "there is no detail here"),
        ActionId::Back
        | ActionId::Quit
        | ActionId::Leave
        | ActionId::Suspend
        | ActionId::Redraw
        | ActionId::Help
        | ActionId::Palette
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
        | ActionId::Filter
        | ActionId::Sort
        | ActionId::Reverse
        | ActionId::Freeze
        | ActionId::Accept
        | ActionId::Dismiss
        | ActionId::Next
        | ActionId::Previous
        | ActionId::Complete => Ok(()),
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

/// The table as Markdown, for the docs.
pub fn markdown() -> String {
    let mut text =
        String::from("# Keys of the terminal interface\n\nWritten from the table in `src/tui/actions.rs`.\n");
    let screens = Screen::ALL.map(|screen| (Context::On(screen), screen.name()));
    let others = [
        (Context::List, "Lists"),
        (Context::Everywhere, "Everywhere"),
        (Context::Filter, "While a filter is typed"),
        (Context::Palette, "In the palette"),
        (Context::Help, "In the help"),
        (Context::Dialog, "In a question"),
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
        let alone = [Context::Filter, Context::Palette, Context::Help, Context::Dialog].map(|context| vec![context]);
        screens.into_iter().chain(alone).collect()
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
    fn commands_are_unique() {
        let mut seen = HashSet::new();
        for action in ACTIONS.iter().filter(|action| !action.command.is_empty()) {
            assert!(seen.insert(action.command), "two actions are called {}", action.command);
        }
    }

    #[test]
    fn text_fields_keep_their_letters() {
        for action in
            ACTIONS.iter().filter(|action| matches!(action.context, Context::Filter | Context::Palette | Context::Help))
        {
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
