//! What keys do to the Review. Decisions are recorded by `workbench review`, so that they are the same from here as from a shell.

use super::choice;
use crate::agents::Stage;
use crate::improvements::ImprovementId;
use crate::repository::LineKind;
use crate::tui::input::Input;
use crate::tui::model::{About, Dialog, Model, Overlay, Prompt, Screen, Then, Zoom};
use crate::tui::msg::Effect;
use crate::tui::state::{Comment, ReviewPane};

/// Reads the patch and tries the train that the screen should show, each once.
pub(in crate::tui) fn read_shown(model: &mut Model) -> Vec<Effect> {
    if model.screen != Screen::Review {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let train = model.facts.train();
    if model.review.train_asked.as_ref() != Some(&train) {
        model.review.train_asked = Some(train.clone());
        effects.push(Effect::ForeseeTrain(train));
    }
    let wanted = model.wanted_patch();
    if let Some(key) = wanted.filter(|key| model.review.asked.as_ref() != Some(key)) {
        model.review.asked = Some(key.clone());
        model.facts.patch = None;
        effects.push(Effect::ReadPatch(key));
    }
    effects
}

/// Gives the diff the screen.
pub(super) fn open(model: &mut Model) {
    if model.hears_diff() {
        return ask_comment(model);
    }
    model.review.pane = ReviewPane::Diff;
    model.zoom = Zoom::Full;
}

/// Changes between gates and diff.
pub(super) fn turn(model: &mut Model) {
    model.review.pane = match model.review.pane {
        ReviewPane::Gates => ReviewPane::Diff,
        ReviewPane::Diff => ReviewPane::Gates,
    };
    model.review.detail_offset = 0;
}

/// Goes to the next file of the diff.
pub(super) fn next_file(model: &mut Model, steps: isize) {
    let place = if model.hears_diff() { model.review.diff.selected } else { model.review.detail_offset };
    let Some(patch) = model.facts.patch() else { return };
    let mut firsts = patch.files.iter().map(|file| file.first);
    let next = if steps > 0 { firsts.find(|first| *first > place) } else { firsts.rfind(|first| *first < place) };
    let Some(next) = next else {
        return model.say(if steps > 0 { "this is the last file" } else { "this is the first file" });
    };
    (model.review.diff.selected, model.review.diff.offset, model.review.detail_offset) = (next, next, next);
    model.review.pane = ReviewPane::Diff;
}

/// Whether it may be merged.
pub(super) fn ask_approve(model: &Model) -> Option<Dialog> {
    let (work, submission) = model.shown_submission()?;
    let id = &work.life.assignment.improvement;
    let (added, removed) = work.size.unwrap_or_default();
    let arguments = vec!["review".to_owned(), id.0.clone(), "--approve".to_owned()];
    let mut body = vec![
        format!(
            "{:.12} of agent {}, +{added} \u{2212}{removed}; every gate has let it on.",
            submission.commit, work.life.assignment.agent
        ),
        "It joins the merge train; `workbench merge` puts it onto the integration branch.".to_owned(),
    ];
    let unsent = model.wanted_patch().map_or(0, |patch| model.review.comments_on(&patch).len());
    if unsent > 0 {
        body.push(format!("Comments of yours that were not sent and are dropped: {unsent}."));
    }
    body.extend([String::new(), format!("$ {}", super::status::shown(&arguments))]);
    Some(Dialog {
        title: format!("Approve {id}?"),
        body,
        choices: vec![choice('a', "approve", Then::Run(arguments)), choice('c', "cancel", Then::Nothing)],
        selected: 1,
    })
}

/// Asks why it is sent back.
pub(super) fn ask_send_back(model: &mut Model) {
    let Some(id) = model.shown_submission().map(|(work, _)| work.life.assignment.improvement.clone()) else { return };
    let comments = model.wanted_patch().map_or(0, |patch| model.review.comments_on(&patch).len());
    let title = match comments {
        0 => format!("{id} goes back: why?"),
        _ => format!("{id} goes back with {comments} on lines: why?"),
    };
    model.overlay = Some(Overlay::Prompt(Prompt { title, about: About::SendBack(id), input: Input::default() }));
}

/// Sends it back, with the comments on lines after what was typed.
pub(super) fn send_back(model: &mut Model, improvement: &ImprovementId, why: &str) -> Vec<Effect> {
    let comments = model.wanted_patch().map_or_else(Vec::new, |patch| model.review.comments_on(&patch));
    let on_lines = comments.into_iter().map(|comment| format!("{}: {}", comment.place, comment.text));
    let words: Vec<String> = std::iter::once(why.to_owned()).filter(|why| !why.is_empty()).chain(on_lines).collect();
    if words.is_empty() {
        model.complain(format!("{improvement} is not sent back: a comment has to say why"));
        return Vec::new();
    }
    let why = format!("--send-back={}", words.join("\n"));
    vec![Effect::RunCommand(vec!["review".to_owned(), improvement.0.clone(), why])]
}

/// Asks what there is to say of the selected line.
pub(super) fn ask_comment(model: &mut Model) {
    let Some((_, place)) = line(model) else { return };
    let about = About::Line;
    model.overlay = Some(Overlay::Prompt(Prompt { title: format!("On {place}"), about, input: Input::default() }));
}

/// Keeps a comment on the selected line.
pub(super) fn comment(model: &mut Model, text: String) {
    let (Some((line, place)), Some(patch)) = (line(model), model.wanted_patch()) else { return };
    if !text.is_empty() {
        model.review.comments.push(Comment { patch, line, place, text });
        model.say("kept; s sends it back with all comments");
    }
}

/// Drops the last comment on the selected line.
pub(super) fn uncomment(model: &mut Model) {
    let (Some((line, _)), Some(patch)) = (line(model), model.wanted_patch()) else { return };
    let found = model.review.comments.iter().rposition(|comment| comment.line == line && comment.patch == patch);
    match found {
        Some(found) => drop(model.review.comments.remove(found)),
        None => model.say("there is no comment of yours on this line"),
    }
}

/// The selected line, and what people call its place: `src/wal.rs:12`.
fn line(model: &Model) -> Option<(usize, String)> {
    let patch = model.facts.patch()?;
    let selected = if model.hears_diff() { model.review.diff.selected } else { return None };
    let line = patch.lines.get(selected)?;
    let path = &patch.files.get(patch.file_of(selected)?)?.path;
    let number = match line.kind {
        LineKind::Removed => line.numbers[0],
        LineKind::File | LineKind::Hunk | LineKind::Same | LineKind::Added | LineKind::Note => line.numbers[1],
    };
    Some((selected, number.map_or_else(|| path.clone(), |number| format!("{path}:{number}"))))
}

/// Whether the selected submission can be approved; if not, why.
pub(in crate::tui) fn can_approve(model: &Model) -> Result<(), String> {
    let (work, submission) = model.shown_submission().ok_or("nothing is handed in")?;
    match work.stage {
        Stage::Review => Ok(()),
        Stage::Refused => {
            let gate = submission.refused().map(|found| found.gate.to_string()).unwrap_or_default();
            Err(format!("the gate {gate} refused it"))
        }
        stage => Err(format!("it is {stage}")),
    }
}

/// Whether it can be sent back; if not, why.
pub(in crate::tui) fn can_send_back(model: &Model) -> Result<(), String> {
    let (work, _) = model.shown_submission().ok_or("nothing is handed in")?;
    match work.stage {
        Stage::Review | Stage::Approved | Stage::Refused | Stage::Gates => Ok(()),
        stage => Err(format!("it is {stage}")),
    }
}
