//! What can be copied: ids, commands, Markdown rows.

use super::act::choice;
use super::facts::Row;
use super::model::{Dialog, Model, Screen, Then};
use super::msg::ProfileKey;
use super::state::Part;
use crate::agents::Stage;
use crate::improvements::{Trial, with_params};
use crate::lab::experiment::Question;

/// Something that can be copied: its key, its name, the text.
struct Offer {
    key: char,
    name: &'static str,
    text: String,
}

/// The question what to copy.
pub(super) fn dialog(model: &Model) -> Option<Dialog> {
    let offer = |key, name, text| Offer { key, name, text };
    let (title, offers) = match model.screen {
        Screen::Register => of_register(model)?,
        Screen::Lab => {
            let question = match model.shown_experiment() {
                Some(experiment) => &experiment.plan.question,
                None => &model.facts.past.get(model.lab.list.selected)?.question,
            };
            let mut offers = vec![offer('c', "command", format!("workbench {question}"))];
            if let Question::AddOneIn(id) = question {
                offers.push(offer('r', "replay", format!("workbench verdict {id} --replay")));
            }
            (format!("Copy of {}", question.subject()), offers)
        }
        Screen::Profile => of_profile(model)?,
        Screen::Plan => {
            let phase = match (model.shown_part()?, &model.facts.plan) {
                (Part::Phase(place), Some(Ok(plan))) => plan.phases.get(place).map(|phase| phase.number),
                _ => None,
            };
            let command = match phase {
                Some(number) => format!("workbench plan --phase {number}"),
                None => "workbench plan".to_owned(),
            };
            ("Copy of the plan".to_owned(), vec![offer('c', "command", command)])
        }
        Screen::Review => {
            let (work, submission) = model.shown_submission()?;
            let id = &work.life.assignment.improvement;
            let mut offers = vec![
                offer('c', "command", format!("workbench review {id}")),
                offer('d', "diff", format!("git diff {} {}", work.life.assignment.base, submission.commit)),
                offer('i', "commit", submission.commit.clone()),
            ];
            if work.stage == Stage::Approved {
                offers.push(offer('m', "merge", format!("workbench merge {id}")));
            }
            (format!("Copy of {id}"), offers)
        }
        Screen::Agents => {
            let agent = model.facts.agents.get(model.agents.list.selected)?;
            let modules = agent.modules.join(", ");
            let row = format!("| **{}** | {} | {modules} | {} |", agent.name, agent.specialization, agent.status);
            let offers = vec![offer('n', "name", agent.name.clone()), offer('m', "Markdown row", row)];
            (format!("Copy of {}", agent.name), offers)
        }
        Screen::Log => {
            let line = model.facts.log.get(model.log.list.selected)?;
            let text = format!("{} {} {} {}", line.at, line.kind, line.subject, line.text);
            ("Copy of the log".to_owned(), vec![offer('y', "line", text)])
        }
    };
    let first_line = |offer: &Offer| offer.text.lines().next().unwrap_or_default().to_owned();
    let body = offers.iter().map(|offer| format!("{}: {}", offer.name, first_line(offer))).collect();
    let choices = offers.into_iter().map(|offer| choice(offer.key, offer.name, Then::Copy(offer.text))).collect();
    Some(Dialog { title, body, choices, selected: 0 })
}

/// A workload with its parameters, as commands and dialogs write it: `tpcc sessions=64 warehouses=2`.
pub(super) fn trial(trial: &Trial) -> String {
    with_params(&trial.workload, &trial.params)
}

/// What decides on a workload: `tpcc sessions=64 by p99 (less is better), required −9.09 %`.
pub(super) fn judged_by(of: &Trial) -> String {
    let required = of.required_gain.map(|gain| format!(", required {}", gain.change(of.better))).unwrap_or_default();
    format!("{} by {}{required}", trial(of), of.better.beside(&of.metric))
}

/// What can be copied of the profile: the selected function, and the command that shows it.
fn of_profile(model: &Model) -> Option<(String, Vec<Offer>)> {
    let (state, facts) = (&model.profile, model.shown_profile()?);
    let line = state.order.get(state.list.selected).and_then(|line| facts.lines.get(*line));
    let name = match line.filter(|_| state.in_table) {
        Some(line) => line.cost.name.clone(),
        None => facts.flame.name(state.cursor).to_owned(),
    };
    let ProfileKey { subject, kind, experiment, .. } = &facts.key;
    let command = format!("workbench profile {subject} --kind {kind} --experiment {}", experiment.0);
    let export = format!("{command} --export pprof --to {subject}.pb.gz");
    let offers = [('n', "name", name), ('c', "command", command), ('e', "export", export)];
    Some((format!("Copy of {subject}"), offers.map(|(key, name, text)| Offer { key, name, text }).into()))
}

/// What can be copied of the marked improvements, else of the selected one.
fn of_register(model: &Model) -> Option<(String, Vec<Offer>)> {
    let is_marked = |row: &&Row| model.register.marks.contains(&row.entry.id);
    let marked: Vec<&Row> = model.facts.rows.iter().filter(is_marked).collect();
    let rows = if marked.is_empty() { vec![model.selected_row()?] } else { marked };
    let ids: Vec<&str> = rows.iter().map(|row| row.entry.id.0.as_str()).collect();
    let title = match ids[..] {
        [id] => format!("Copy of {id}"),
        _ => format!("Copy of {} improvements", ids.len()),
    };
    let markdown: Vec<String> = rows.iter().map(|row| markdown(row)).collect();
    let offers = vec![
        Offer { key: 'i', name: "id", text: ids.join(" ") },
        Offer { key: 'c', name: "command", text: format!("workbench apply {}", ids.join(" ")) },
        Offer { key: 'm', name: "Markdown row", text: markdown.join("\n") },
    ];
    Some((title, offers))
}

/// The improvement as a row of a Markdown table: claim and measurement in columns of their own.
fn markdown(row: &Row) -> String {
    let measured = row
        .progress
        .measured
        .as_ref()
        .map_or("–".to_owned(), |measured| measured.standing.estimate.told(measured.better));
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
