//! The rows of the table.

use crossterm::event::KeyCode;

use super::{Action, ActionId, Context};
use crate::tui::keys::Key;
use crate::tui::model::Screen;

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
    use Context::{Dialog, Everywhere, Filter, Graph, Help, Inbox, List, On, Palette, Prompt};
    use Screen::{Agents, Lab, Log, Plan, Profile, Register, Review};
    &[
        action(Id::Open, On(Register), &[ENTER, Key::char('l'), RIGHT], "open", "open", "Open the improvement: claim, measurement, history."),
        action(Id::Apply, On(Register), &[Key::char('a')], "apply", "apply", "Measure the improvement: start `workbench apply ID` in the background."),
        action(Id::Profile, On(Register), &[Key::char('p')], "profile of this", "profile", "Where the time of both arms goes: flame graphs and functions."),
        action(Id::Status, On(Register), &[Key::char('s')], "status", "status", "Set the status, with a reason; Complete takes accepted evidence."),
        action(Id::Filter, On(Register), &[Key::char('/')], "filter", "filter", "Filter: status:blocked agent:1 phase:2 category:index verdict:proven gain>10 words."),
        action(Id::Assign, On(Register), &[Key::char('A')], "assign", "assign", "Give the improvement to an agent: branch, worktree, brief; a program begins at once."),
        action(Id::Note, On(Register), &[Key::char('n')], "note", "", "Note something about the improvement: reports, briefs and its detail show it."),
        action(Id::Edit, On(Register), &[Key::char('e')], "edit", "", "Open the improvement's YAML in $EDITOR; mistakes are shown with their places on return."),
        action(Id::Undo, On(Register), &[Key::char('u')], "undo", "", "Take back the last status that was set from here; both stay recorded."),
        action(Id::Sort, On(Register), &[Key::char('o')], "sort", "sort", "Sort by the next column."),
        action(Id::Reverse, On(Register), &[Key::char('O')], "reverse", "", "Turn the sort order round."),
        action(Id::Mark, On(Register), &[Key::char(' ')], "mark", "", "Mark the improvement; yank takes the marked ones."),
        action(Id::Yank, On(Register), &[Key::char('y')], "yank", "yank", "Copy the id, the command or a Markdown row to the clipboard (OSC 52)."),
        action(Id::Open, On(Lab), &[ENTER, Key::char('l'), RIGHT], "open experiment", "open", "Open the selected past experiment."),
        action(Id::Workload, On(Lab), &[Key::char('w')], "workload", "workload", "Show the next workload; after the last, the one being measured."),
        action(Id::NextView, On(Lab), &[Key::char('v')], "next view", "view", "The next view: the running experiment, past ones, screens with their effects, the noise of this machine."),
        action(Id::Trend, On(Lab), &[Key::char('t')], "trend", "trend", "The improvement's figures over time, and where they changed, as `workbench history` draws them."),
        action(Id::Stop, On(Lab), &[Key::char('x')], "stop", "stop", "Stop the running apply; its pairs are kept and --resume goes on."),
        action(Id::Profile, On(Lab), &[Key::char('p')], "profile of this experiment", "profile", "Where the time of both arms goes: flame graphs and functions."),
        action(Id::Yank, On(Lab), &[Key::char('y')], "yank experiment", "", "Copy the command that repeats the experiment."),
        action(Id::Open, On(Profile), &[ENTER], "zoom in", "zoom", "Give the selected place the whole width; in the table: find the function in the graph."),
        action(Id::ZoomOut, On(Profile), &[Key::plain(KeyCode::Backspace), Key::char('-')], "zoom out", "", "Give the width to what this is called from."),
        action(Id::Table, On(Profile), &[Key::char('v')], "table", "table", "Change between the graph and the table of functions."),
        action(Id::Arms, On(Profile), &[Key::char('c')], "compare", "A/B", "Both arms on one scale, A alone, B alone."),
        action(Id::Filter, On(Profile), &[Key::char('/')], "search", "search", "Search for functions by a regular expression; matches are coloured and summed up."),
        action(Id::Kind, On(Profile), &[Key::char('w')], "kind", "waits", "What else was counted: CPU time, waiting, allocated bytes, instructions."),
        action(Id::Sort, On(Profile), &[Key::char('s')], "sort functions", "sort", "Sort the table: by change, own cost, cost with callees, name."),
        action(Id::Pictures, On(Profile), &[Key::char('o')], "svg", "svg", "Where the SVGs are; copies a path."),
        action(Id::Invert, On(Profile), &[Key::char('i')], "invert", "", "Root at the top or at the bottom: icicles or flames."),
        action(Id::SearchSelected, On(Profile), &[Key::char('#')], "search this", "", "Search for the function of the selected place."),
        action(Id::NextFound, On(Profile), &[Key::char('n')], "next found", "", "To the next place that was found."),
        action(Id::PreviousFound, On(Profile), &[Key::char('N')], "previous found", "", "To the previous place that was found."),
        action(Id::Reverse, On(Profile), &[Key::char('S')], "reverse functions", "", "Turn the order of the table round."),
        action(Id::Older, On(Profile), &[Key::char('>')], "older profile", "", "The profile taken before this one."),
        action(Id::Newer, On(Profile), &[Key::char('<')], "newer profile", "", "The profile taken after this one."),
        action(Id::Yank, On(Profile), &[Key::char('y')], "yank profile", "", "Copy the function's name, the command, or the export for pprof."),
        action(Id::Open, On(Agents), &[ENTER, Key::char('l'), RIGHT], "output", "output", "Follow the output of the agent's attempt."),
        action(Id::Assign, On(Agents), &[Key::char('a')], "assign agent", "assign", "Give the agent one of its improvements that is ready."),
        action(Id::Stop, On(Agents), &[Key::char('x')], "stop agent", "stop", "Stop the attempt: INT, then TERM, then KILL to its process group; on request take the improvement back."),
        action(Id::Improvements, On(Agents), &[Key::char('i')], "improvements of agent", "improvements", "Show the agent's improvements in the Register."),
        action(Id::Filter, On(Agents), &[Key::char('/')], "search output", "search", "Search in the output that is followed."),
        action(Id::NextFound, On(Agents), &[Key::char('n')], "next found", "", "To the next row that was found."),
        action(Id::PreviousFound, On(Agents), &[Key::char('N')], "previous found", "", "To the previous row that was found."),
        action(Id::Wrap, On(Agents), &[Key::char('w')], "wrap", "wrap", "Long lines of the output go on in the next row, or are cut."),
        action(Id::Times, On(Agents), &[Key::char('t')], "times", "times", "The time before each line of the output."),
        action(Id::Yank, On(Agents), &[Key::char('y')], "yank agent", "", "Copy the agent's name or a Markdown row."),
        action(Id::Open, On(Review), &[ENTER, Key::char('l'), RIGHT], "diff", "diff", "Give the diff the whole screen; there: say something of the line."),
        action(Id::Approve, On(Review), &[Key::char('a')], "approve", "approve", "Approve: it may be merged. Only what all gates have let on."),
        action(Id::SendBack, On(Review), &[Key::char('s')], "send back", "send back", "Send it back to its agent, with a reason and the comments on lines."),
        action(Id::Pane, On(Review), &[Key::char('v')], "gates or diff", "gates/diff", "Change between gates and diff."),
        action(Id::Comment, On(Review), &[Key::char('c')], "comment", "comment", "Say something of the selected line; it goes back with s."),
        action(Id::Uncomment, On(Review), &[Key::char('u')], "drop comment", "", "Drop your comment on the selected line."),
        action(Id::NextFound, On(Review), &[Key::char('n')], "next file", "", "To the next file of the diff."),
        action(Id::PreviousFound, On(Review), &[Key::char('N')], "previous file", "", "To the previous file of the diff."),
        action(Id::Yank, On(Review), &[Key::char('y')], "yank submission", "", "Copy the command that shows it, merges it, or the commit."),
        action(Id::Open, On(Plan), &[ENTER, Key::char('l'), RIGHT], "open part", "open", "Give the selected part of the plan the whole screen."),
        action(Id::Standup, On(Plan), &[Key::char('s')], "stand-up", "stand-up", "Begin a stand-up now: what is recorded from here on; once more, the protocol's hours."),
        action(Id::Yank, On(Plan), &[Key::char('y')], "yank part", "yank", "Copy the command that prints it."),
        action(Id::Yank, On(Log), &[Key::char('y')], "yank line", "yank", "Copy the line."),
        action(Id::Down, List, &[Key::char('j'), DOWN], "down", "", "One row down."),
        action(Id::Up, List, &[Key::char('k'), UP], "up", "", "One row up."),
        action(Id::PageDown, List, &[Key::control('d'), PAGE_DOWN], "page down", "", "Half a page down."),
        action(Id::PageUp, List, &[Key::control('u'), PAGE_UP], "page up", "", "Half a page up."),
        action(Id::First, List, &[Key::char('g'), Key::plain(KeyCode::Home)], "first", "", "To the first row."),
        action(Id::Last, List, &[Key::char('G'), Key::plain(KeyCode::End)], "last", "", "To the last row."),
        action(Id::DetailDown, List, &[Key::char('J')], "detail down", "", "Scroll the detail down."),
        action(Id::DetailUp, List, &[Key::char('K')], "detail up", "", "Scroll the detail up."),
        action(Id::Leave, List, &[Key::char('h'), LEFT], "close", "", "Close what is open. Never quits."),
        action(Id::Down, Graph, &[Key::char('j'), DOWN], "down", "", "One row down."),
        action(Id::Up, Graph, &[Key::char('k'), UP], "up", "", "One row up."),
        action(Id::Left, Graph, &[Key::char('h'), LEFT], "left", "", "To the left along the row."),
        action(Id::Right, Graph, &[Key::char('l'), RIGHT], "right", "", "To the right along the row."),
        action(Id::First, Graph, &[Key::char('g'), Key::plain(KeyCode::Home)], "first", "", "To the place that has the width."),
        action(Id::Last, Graph, &[Key::char('G'), Key::plain(KeyCode::End)], "last", "", "Down the dearest way to its end."),
        action(Id::Freeze, Everywhere, &[Key::char('f')], "freeze", "", "Freeze every live screen, so that it can be read; once more follows again, and nothing is lost."),
        action(Id::Zoom, Everywhere, &[Key::char('+')], "zoom", "zoom", "Size of the detail: normal, half, full."),
        action(Id::Go(Register), Everywhere, &[Key::char('1')], "register", "", "The Register: every improvement, its claim beside its measurement."),
        action(Id::Go(Lab), Everywhere, &[Key::char('2')], "lab", "", "The Lab: the running experiment, and past ones."),
        action(Id::Go(Profile), Everywhere, &[Key::char('3')], "profile", "", "The Profile: flame graphs of both arms, and what each function costs an operation."),
        action(Id::Go(Agents), Everywhere, &[Key::char('4')], "agents", "", "The Agents: who works on what, what they say, and how large it is."),
        action(Id::Go(Review), Everywhere, &[Key::char('5')], "review", "", "The Review: what was handed in, its gates and its diff, and the merge train."),
        action(Id::Go(Plan), Everywhere, &[Key::char('6')], "plan", "", "The Plan: phases and criteria judged from evidence, risks, parity, stand-up."),
        action(Id::Go(Log), Everywhere, &[Key::char('7')], "log", "", "The Log: every change as it is recorded."),
        action(Id::NextScreen, Everywhere, &[TAB, Key::char(']')], "next screen", "", "The next screen."),
        action(Id::PreviousScreen, Everywhere, &[BACK_TAB, Key::char('[')], "previous screen", "", "The previous screen."),
        action(Id::Palette, Everywhere, &[Key::char(':'), Key::control('p')], "", "command", "Commands by name; also T003 goes to an improvement."),
        action(Id::Inbox, Everywhere, &[Key::char('!')], "inbox", "", "The inbox: what waits for a person, and what to run next."),
        action(Id::Report, Everywhere, &[Key::char('R')], "report", "", "Write the tracking document from what is recorded: tracking/reports/TRACKING.md."),
        action(Id::Help, Everywhere, &[Key::char('?')], "help", "help", "Help for this place; type to search."),
        action(Id::Leave, Everywhere, &[ESC], "leave", "", "Close what is open. Never quits."),
        action(Id::Back, Everywhere, &[Key::char('q')], "back", "quit", "Back; where nothing is open, quit."),
        action(Id::Quit, Everywhere, &[Key::control('c')], "quit", "", "Quit; asks while an apply runs."),
        action(Id::Theme, Everywhere, &[Key::char('T')], "theme", "", "The next theme: dark, light, colour-blind safe, no colour."),
        action(Id::Mouse, Everywhere, &[Key::char('M')], "mouse", "", "Mouse on or off; off lets the terminal select text."),
        action(Id::Redraw, Everywhere, &[Key::control('l')], "redraw", "", "Draw the screen anew."),
        action(Id::FrameTimes, Everywhere, &[Key::control('t')], "frame times", "", "What the frames since the last time cost: half of them, 99 %, the longest, and how much of that one was work."),
        action(Id::Suspend, Everywhere, &[Key::control('z')], "suspend", "", "Back to the shell; `fg` returns."),
        action(Id::Accept, Filter, &[ENTER], "", "keep", "Keep the filter or the search."),
        action(Id::Dismiss, Filter, &[ESC, Key::control('c')], "", "drop", "Drop the filter or the search."),
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
        action(Id::Accept, Inbox, &[ENTER, Key::char('l'), RIGHT], "", "go there", "Go to where it is looked at."),
        action(Id::Next, Inbox, &[Key::char('j'), DOWN], "", "next", "The next entry."),
        action(Id::Previous, Inbox, &[Key::char('k'), UP], "", "", "The previous entry."),
        action(Id::YankCommand, Inbox, &[Key::char('y')], "", "yank command", "Copy the command to the clipboard (OSC 52)."),
        action(Id::Dismiss, Inbox, &[ESC, Key::char('!'), Key::char('q'), Key::char('h'), LEFT, Key::control('c')], "", "close", "Close the inbox."),
        action(Id::Accept, Prompt, &[ENTER], "", "set", "Take what is typed."),
        action(Id::Dismiss, Prompt, &[ESC, Key::control('c')], "", "cancel", "Change nothing."),
    ]
};
