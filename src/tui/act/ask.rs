//! What is asked before something is done that is hard to undo. The chosen answer changes nothing.

use crate::lab::experiment::Question;
use crate::tui::facts::Ending;
use crate::tui::model::{Choice, Dialog, Model, Overlay, Then};
use crate::tui::msg::Effect;
use crate::tui::yank;

/// Quits at once, or asks what becomes of the running apply.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let running = model.facts.running.as_ref().map(|running| running.plan.question.to_string());
    let Some(command) = running.or(model.starting.as_ref().map(|starting| format!("apply {}", starting.improvement)))
    else {
        return vec![Effect::Quit];
    };
    let mut choices = vec![choice('l', "leave it running", Then::Quit)];
    let pid = model.running_pid().or(model.starting.as_ref().map(|starting| starting.pid));
    choices.extend(pid.filter(|_| !model.read_only).map(|pid| choice('s', "stop it", Then::StopAndQuit(pid))));
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

pub(super) fn apply(model: &Model) -> Option<Dialog> {
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
            Ending::ProfilesTaken => "profiled".to_owned(),
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

pub(super) fn stop(model: &Model) -> Option<Dialog> {
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
pub(in crate::tui) fn choice(key: char, label: &str, then: Then) -> Choice {
    Choice { key, label: label.to_owned(), then }
}
