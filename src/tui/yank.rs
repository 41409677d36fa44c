//! What can be copied: ids, commands, Markdown rows.

use super::act::choice;
use super::facts::Row;
use super::model::{Dialog, Model, Screen, Then};
use crate::improvements::record::Trial;

/// The question what to copy.
pub(super) fn dialog(model: &Model) -> Option<Dialog> {
    let (title, choices) = match model.screen {
        Screen::Register => of_register(model)?,
        Screen::Lab => {
            let experiment = match model.shown_experiment() {
                Some(experiment) => experiment.plan.improvement.clone(),
                None => model.facts.past.get(model.lab.list.selected)?.improvement.clone(),
            };
            let commands = vec![
                ('c', "command", format!("workbench apply {experiment}")),
                ('r', "replay", format!("workbench verdict {experiment} --replay")),
            ];
            (format!("Copy of {experiment}"), commands)
        }
        Screen::Agents => {
            let agent = model.facts.agents.get(model.agents.list.selected)?;
            let row = format!(
                "| **{}** | {} | {} | {} |",
                agent.name,
                agent.specialization,
                agent.modules.join(", "),
                agent.status
            );
            (format!("Copy of {}", agent.name), vec![('n', "name", agent.name.clone()), ('m', "Markdown row", row)])
        }
        Screen::Log => {
            let line = model.facts.log.get(model.log.list.selected)?;
            let text = format!("{} {} {} {}", line.at, line.kind, line.subject, line.text);
            ("Copy of the log".to_owned(), vec![('l', "line", text)])
        }
    };
    let body =
        choices.iter().map(|(_, label, text)| format!("{label}: {}", text.lines().next().unwrap_or(""))).collect();
    let choices = choices.into_iter().map(|(key, label, text)| choice(key, label, Then::Copy(text))).collect();
    Some(Dialog { title, body, choices, selected: 0 })
}

/// A workload with its parameters, as commands and dialogs write it: `tpcc sessions=64 warehouses=2`.
pub(super) fn trial(trial: &Trial) -> String {
    let shown = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params = trial.params.iter().map(|(name, value)| format!(" {name}={}", shown(value)));
    format!("{}{}", trial.workload, params.collect::<String>())
}

/// What can be copied of the marked improvements, else of the selected one.
fn of_register(model: &Model) -> Option<(String, Vec<(char, &'static str, String)>)> {
    let marked: Vec<&Row> =
        model.facts.rows.iter().filter(|row| model.register.marks.contains(&row.entry.id)).collect();
    let rows = if marked.is_empty() { vec![model.selected_row()?] } else { marked };
    let ids: Vec<&str> = rows.iter().map(|row| row.entry.id.0.as_str()).collect();
    let title =
        if rows.len() == 1 { format!("Copy of {}", ids[0]) } else { format!("Copy of {} improvements", ids.len()) };
    let markdown: Vec<String> = rows.iter().map(|row| markdown(row)).collect();
    let choices = vec![
        ('i', "id", ids.join(" ")),
        ('c', "command", format!("workbench apply {}", ids.join(" "))),
        ('m', "Markdown row", markdown.join("\n")),
    ];
    Some((title, choices))
}

/// The improvement as a row of a Markdown table: claim and measurement in columns of their own.
fn markdown(row: &Row) -> String {
    let measured = row
        .progress
        .measured
        .as_ref()
        .map_or("–".to_owned(), |measured| measured.standing.estimate.gain().to_string());
    let verdict = row.verdict().map_or("–".to_owned(), |verdict| verdict.to_string());
    format!(
        "| **{}** | {} | {} | {} | {} | {} | {measured} | {verdict} |",
        row.entry.id,
        row.entry.category,
        row.entry.title.replace('|', "\\|"),
        row.progress.status,
        row.agents(),
        row.entry.claim.text.replace('|', "\\|"),
    )
}
