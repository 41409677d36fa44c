//! Changing the tracking: a status with its reason, a note, and taking the last change of a status back. The command of the same name does
//! it, so that what is permitted, logged and said is the same from here as from a shell.

use super::choice;
use crate::improvements::{ImprovementId, Status};
use crate::tui::input::Input;
use crate::tui::model::{About, Dialog, Model, Overlay, Prompt, Then, Undo};
use crate::tui::msg::Effect;

/// Which status, and does it say why?
pub(super) fn ask(model: &Model) -> Option<Dialog> {
    let row = model.selected_row()?;
    let id = &row.entry.id;
    let now = row.progress.status;
    let options = [
        ('p', Status::Planned),
        ('i', Status::InProgress),
        ('b', Status::Blocked),
        ('c', Status::Complete),
        ('x', Status::Cancelled),
    ];
    let others = options.into_iter().filter(|(_, status)| *status != now);
    let choices: Vec<_> = others
        .map(|(key, status)| choice(key, &status.to_string(), Then::AskReason(id.clone(), status)))
        .chain([choice('n', "none", Then::Nothing)])
        .collect();
    let mut body = vec![format!("It is {now} now.")];
    body.extend(row.progress.reason.iter().map(|reason| format!("because: {reason}")));
    body.extend([
        String::new(),
        "What was measured decides by itself; a person's word stands until evidence comes. Complete takes accepted evidence."
            .to_owned(),
    ]);
    let selected = choices.len() - 1;
    Some(Dialog { title: format!("Status of {id} {}", row.entry.title), body, choices, selected })
}

/// Asks why.
pub(super) fn ask_reason(model: &mut Model, improvement: ImprovementId, status: Status) {
    let title = format!("{improvement} {status}: why?");
    model.overlay =
        Some(Overlay::Prompt(Prompt { title, about: About::Status(improvement, status), input: Input::default() }));
}

/// Sets the status for the reason that was typed.
pub(super) fn set(model: &mut Model, improvement: ImprovementId, status: Status, reason: &str) -> Vec<Effect> {
    let row = model.facts.rows.iter().find(|row| row.entry.id == improvement);
    if let Some(before) = row.map(|row| row.progress.status) {
        model.undo.push(Undo { improvement: improvement.clone(), before, after: status });
    }
    vec![command(&improvement, status, reason)]
}

/// Asks what there is to note.
pub(super) fn ask_note(model: &mut Model) {
    let Some(id) = model.selected_row().map(|row| row.entry.id.clone()) else { return };
    let title = format!("{id}: what is to be noted?");
    model.overlay = Some(Overlay::Prompt(Prompt { title, about: About::Note(id), input: Input::default() }));
}

/// Notes what was typed.
pub(super) fn note(model: &mut Model, improvement: &ImprovementId, said: String) -> Vec<Effect> {
    if said.is_empty() {
        model.say("nothing was noted");
        return Vec::new();
    }
    // What begins with a dash is no option.
    vec![Effect::RunCommand(vec!["note".to_owned(), improvement.0.clone(), "--".to_owned(), said])]
}

/// Asks whether the last change is taken back.
pub(super) fn ask_undo(model: &Model) -> Option<Dialog> {
    let Undo { improvement, before, after } = model.undo.last()?;
    Some(Dialog {
        title: format!("Take back {improvement} {after}?"),
        body: vec![
            format!("It was {before} before. Nothing is erased: that it was taken back is recorded too."),
            String::new(),
            format!("$ {}", shown(&undoing(improvement, *before, *after))),
        ],
        choices: vec![choice('u', "take it back", Then::Undo), choice('c', "cancel", Then::Nothing)],
        selected: 1,
    })
}

/// Takes the last change back.
pub(super) fn undo(model: &mut Model) -> Vec<Effect> {
    let Some(Undo { improvement, before, after }) = model.undo.pop() else { return Vec::new() };
    vec![Effect::RunCommand(undoing(&improvement, before, after))]
}

fn undoing(improvement: &ImprovementId, before: Status, after: Status) -> Vec<String> {
    arguments(improvement, before, &format!("{after} was taken back"))
}

fn command(improvement: &ImprovementId, status: Status, reason: &str) -> Effect {
    Effect::RunCommand(arguments(improvement, status, reason))
}

fn arguments(improvement: &ImprovementId, status: Status, reason: &str) -> Vec<String> {
    let word = match status {
        Status::Planned => "planned",
        Status::InProgress => "in-progress",
        Status::Complete => "complete",
        Status::Blocked => "blocked",
        Status::Cancelled => "cancelled",
    };
    let mut arguments = vec!["status".to_owned(), improvement.0.clone(), word.to_owned()];
    if !reason.is_empty() {
        arguments.push(format!("--reason={reason}"));
    }
    arguments
}

/// A command as a person would type it.
pub(in crate::tui) fn shown(arguments: &[String]) -> String {
    let odd = |text: &str| text.contains(|symbol: char| !symbol.is_alphanumeric() && !"-_./=".contains(symbol));
    let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let quoted = |argument: &String| match argument.split_once('=').filter(|(name, _)| name.starts_with("--")) {
        Some((name, value)) if odd(value) => format!("{name}={}", quote(value)),
        None if odd(argument) => quote(argument),
        Some(_) | None => argument.clone(),
    };
    let words: Vec<String> = arguments.iter().map(quoted).collect();
    format!("workbench {}", words.join(" "))
}
